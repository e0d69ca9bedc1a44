//! Several inputs under one schema.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use arrow::datatypes::{Field, FieldRef, Schema, SchemaRef};

use super::{ReadOptions, Reader, ndjson};
use crate::spark::ANNOTATOR_TYPE;
use crate::{Error, Format, Result, Source};

/// Inputs that were found to have the same columns.
///
/// NDJSON files tell their columns together: one that lacks a key, or has only nulls or integers where another has
/// decimals, still fits.
#[derive(Debug)]
pub struct Inputs {
    sources: Vec<Source>,
    options: ReadOptions,
    schema: SchemaRef,
    /// The reader of a lone stream, which cannot be opened twice.
    stream: Option<Reader>,
}

impl Inputs {
    /// Looks at the schema of every input: the footer or header of most formats, the whole file for NDJSON.
    ///
    /// # Errors
    /// [`Error::SchemasDiffer`], and whatever opening an input can give.
    pub fn new(sources: Vec<Source>, options: ReadOptions) -> Result<Self> {
        if let [source] = &sources[..]
            && source.bytes.is_none()
        {
            let reader = source.open(&options)?;
            let schema = Arc::clone(reader.schema());
            return Ok(Self {
                sources,
                options,
                schema,
                stream: Some(reader),
            });
        }
        let mut kinds = ndjson::Kinds::default();
        for source in sources.iter().filter(|s| s.format == Format::Ndjson) {
            ndjson::look(source, &options, &mut kinds)?;
        }
        let ndjson = kinds.schema(&options)?;
        let mut common: Option<(&Source, SchemaRef)> = None;
        for source in &sources {
            let schema = match source.format {
                Format::Ndjson => Arc::clone(&ndjson),
                _ => Arc::clone(source.open(&options)?.schema()),
            };
            common = Some(match common {
                None => (source, schema),
                Some((first, common)) => {
                    let schema =
                        join(&common, &schema).map_err(|difference| Error::SchemasDiffer {
                            first: first.path.clone(),
                            second: source.path.clone(),
                            difference,
                        })?;
                    (first, schema)
                }
            });
        }
        let (_, schema) = common.ok_or(Error::NoInput)?;
        Ok(Self {
            sources,
            options,
            schema,
            stream: None,
        })
    }

    /// The inputs, in order.
    pub fn sources(&self) -> &[Source] {
        &self.sources
    }

    /// The schema of every batch of every input.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Opens an input by its index in [`Inputs::sources`]; `None` past the last one. Standard input and pipes can be
    /// opened once.
    ///
    /// # Errors
    /// What [`Source::open`] gives, and [`Error::SchemasDiffer`] if the file has changed since.
    pub fn open(&mut self, n: usize) -> Option<Result<Reader>> {
        let source = self.sources.get(n)?;
        if let Some(reader) = self.stream.take() {
            return Some(Ok(reader));
        }
        Some(self.open_as(source))
    }

    fn open_as(&self, source: &Source) -> Result<Reader> {
        if source.format == Format::Ndjson && source.bytes.is_some() {
            let position = Arc::new(AtomicU64::new(0));
            let opened = ndjson::open_as(source, &self.options, &self.schema, &position)?;
            return Ok(Reader::new(opened, position));
        }
        let mut reader = source.open(&self.options)?;
        join(&self.schema, &reader.schema).map_err(|difference| Error::SchemasDiffer {
            first: self.sources[0].path.clone(),
            second: source.path.clone(),
            difference,
        })?;
        reader.schema = Arc::clone(&self.schema);
        Ok(reader)
    }
}

/// The schema that holds the rows of both; a column may be null if it may be in one of them. `Err` tells the first
/// column that differs.
fn join(first: &Schema, second: &Schema) -> Result<SchemaRef, String> {
    let mut fields = Vec::<FieldRef>::with_capacity(first.fields().len());
    for n in 0..first.fields().len().max(second.fields().len()) {
        let (a, b) = match (first.fields().get(n), second.fields().get(n)) {
            (Some(a), Some(b)) => (a, b),
            (Some(a), None) => return Err(format!("column \"{}\" is only in the first", a.name())),
            (None, Some(b)) => {
                return Err(format!("column \"{}\" is only in the second", b.name()));
            }
            (None, None) => break,
        };
        if a.name() != b.name() {
            return Err(format!(
                "column {} is \"{}\" and \"{}\"",
                n + 1,
                a.name(),
                b.name()
            ));
        }
        if a.data_type() != b.data_type() {
            return Err(format!(
                "column \"{}\" is of type {} and {}",
                a.name(),
                a.data_type(),
                b.data_type()
            ));
        }
        let annotator = |field: &Field| {
            field
                .metadata()
                .get(ANNOTATOR_TYPE)
                .cloned()
                .unwrap_or_default()
        };
        if annotator(a) != annotator(b) {
            return Err(format!(
                "column \"{}\" holds annotations of type \"{}\" and \"{}\"",
                a.name(),
                annotator(a),
                annotator(b)
            ));
        }
        let nullable = a.is_nullable() || b.is_nullable();
        fields.push(Arc::new(Field::clone(a).with_nullable(nullable)));
    }
    Ok(Arc::new(Schema::new_with_metadata(
        fields,
        first.metadata().clone(),
    )))
}
