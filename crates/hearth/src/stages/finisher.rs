//! Annotations to plain strings.

use std::fmt::Write;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::array::{Array, ArrayRef, AsArray, ListArray, StringBuilder, StructArray};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, Field, FieldRef, Fields, Float32Type, Schema};
use serde::{Deserialize, Serialize};

use super::finishing::{annotation_column, bound, names};
use crate::annotation::{Annotations, AnnotatorType, SparkMetadata};
use crate::config::{Loading, StageConfig};
use crate::counts::Counts;
use crate::stage::{AnyStage, Bound, Light, Output, Stage};
use crate::{Error, Result};

/// Results as plain columns (Spark NLP 5.5.3, `Finisher`): lists of strings, or strings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Finisher {
    /// Annotation columns. No default.
    pub input_cols: Option<Vec<String>>,
    /// The columns to make, by position; `finished_` and the input's name if empty.
    pub output_cols: Vec<String>,
    /// Whether all annotation columns are dropped.
    pub clean_annotations: bool,
    /// Whether metadata is given too: with `output_as_array` as a column `.._metadata` of `List<Struct<_1, _2>>`, the
    /// entries of all annotations one after another; else before and after the result in the string.
    pub include_metadata: bool,
    /// Whether lists are given; else each list is joined to one string.
    pub output_as_array: bool,
    /// Whether vectors are given in place of the results of embeddings, as numbers joined by a space (in lists) or by
    /// `value_split_symbol` (in strings).
    pub parse_embeddings_vectors: bool,
    /// What stands between the values of an annotation in strings.
    pub value_split_symbol: String,
    /// What stands between annotations in strings.
    pub annotation_split_symbol: String,
}

impl Default for Finisher {
    fn default() -> Self {
        Finisher {
            input_cols: None,
            output_cols: Vec::new(),
            clean_annotations: true,
            include_metadata: false,
            output_as_array: true,
            parse_embeddings_vectors: false,
            value_split_symbol: "#".to_owned(),
            annotation_split_symbol: "@".to_owned(),
        }
    }
}

impl StageConfig for Finisher {
    const TYPE: &'static str = "finisher";

    fn load(mut self, at: &Loading<'_>) -> Result<AnyStage> {
        let columns = names(
            at,
            self.input_cols.take(),
            std::mem::take(&mut self.output_cols),
        )?;
        Ok(AnyStage::Plain(Arc::new(Flattener {
            stage: "Finisher".to_owned(),
            columns,
            config: self,
        })))
    }
}

#[derive(Debug)]
struct Flattener {
    stage: String,
    /// Input and output.
    columns: Vec<(String, String)>,
    config: Finisher,
}

impl Stage for Flattener {
    fn bind(&self, input: &Schema) -> Result<Bound> {
        let mut reads = Vec::new();
        let (mut adds, mut metadata): (Vec<FieldRef>, Vec<FieldRef>) = Default::default();
        for (name, output) in &self.columns {
            let index = annotation_column(input, &self.stage, &self.columns, name)?;
            let as_vectors = self.gives_vectors(input.field(index));
            let data_type = match (self.config.output_as_array, as_vectors) {
                (true, false) => DataType::List(item(DataType::Utf8View)),
                (true, true) => DataType::List(item(DataType::Utf8)),
                (false, _) => DataType::Utf8,
            };
            reads.push(index);
            adds.push(Arc::new(Field::new(output, data_type, false)));
            if self.config.include_metadata && self.config.output_as_array {
                let data_type = DataType::List(item(DataType::Struct(pair_fields())));
                metadata.push(Arc::new(Field::new(
                    format!("{output}_metadata"),
                    data_type,
                    false,
                )));
            }
        }
        adds.append(&mut metadata);
        Ok(bound(input, reads, adds, self.config.clean_annotations))
    }

    fn apply(&self, batch: &RecordBatch, at: &Bound, _: &Counts) -> Result<Output> {
        let (mut columns, mut metadata) = (Vec::new(), Vec::new());
        for &read in &at.reads {
            let field = batch.schema_ref().field(read);
            let annotations = Annotations::open(batch.column(read), field.name())?;
            let as_vectors = self.gives_vectors(field);
            columns.push(match (self.config.output_as_array, as_vectors) {
                (true, false) => results(&annotations)?,
                (true, true) => vectors(&annotations)?,
                (false, _) => self.strings(&annotations, as_vectors)?,
            });
            if self.config.include_metadata && self.config.output_as_array {
                metadata.push(pairs(&annotations)?);
            }
        }
        columns.append(&mut metadata);
        Ok(Output {
            columns,
            source_row: None,
        })
    }

    fn light(&self) -> Light {
        Light::Only(
            self.columns
                .iter()
                .map(|(input, _)| input.clone())
                .collect(),
        )
    }
}

fn item(data_type: DataType) -> FieldRef {
    Arc::new(Field::new("item", data_type, false))
}

fn pair_fields() -> Fields {
    vec![
        Field::new("_1", DataType::Utf8, false),
        Field::new("_2", DataType::Utf8, true),
    ]
    .into()
}

/// The results as they are, one list per row.
fn results(annotations: &Annotations<'_>) -> Result<ArrayRef> {
    Ok(Arc::new(ListArray::try_new(
        item(DataType::Utf8View),
        annotations.list().offsets().clone(),
        Arc::new(annotations.results().clone()),
        None,
    )?))
}

/// The numbers of each vector, joined by a space.
fn vectors(annotations: &Annotations<'_>) -> Result<ArrayRef> {
    let mut texts = StringBuilder::new();
    for index in 0..annotations.results().len() {
        texts.append_value(numbers(annotations, index, " "));
    }
    Ok(Arc::new(ListArray::try_new(
        item(DataType::Utf8),
        annotations.list().offsets().clone(),
        Arc::new(texts.finish()),
        None,
    )?))
}

/// The metadata entries of a row's annotations, one after another.
fn pairs(annotations: &Annotations<'_>) -> Result<ArrayRef> {
    let (mut keys, mut values) = (StringBuilder::new(), StringBuilder::new());
    let mut ends = vec![0];
    for row in 0..annotations.rows() {
        for index in annotations.row(row) {
            for (key, value) in entries(annotations, index, Vec::new()) {
                keys.append_value(key);
                values.append_option(value);
            }
        }
        let entries = keys.offsets_slice().len() - 1;
        ends.push(i32::try_from(entries).map_err(|_| Error::TooLarge {
            what: "metadata",
            found: entries,
        })?);
    }
    let columns: Vec<ArrayRef> = vec![Arc::new(keys.finish()), Arc::new(values.finish())];
    let pairs = StructArray::try_new(pair_fields(), columns, None)?;
    Ok(Arc::new(ListArray::try_new(
        item(DataType::Struct(pair_fields())),
        OffsetBuffer::new(ends.into()),
        Arc::new(pairs),
        None,
    )?))
}

/// An annotation's metadata with more entries, in the order of a map of the JVM.
fn entries(
    annotations: &Annotations<'_>,
    index: usize,
    more: Vec<(String, Option<String>)>,
) -> Vec<(String, Option<String>)> {
    let mut entries = Vec::new();
    SparkMetadata::new().of(annotations, index, |key, value| {
        entries.push((key.to_owned(), value.map(str::to_owned)));
    });
    entries.extend(more);
    if entries.len() > SMALL_MAP {
        entries.sort_by_key(|(key, _)| hash_order(key));
    }
    entries
}

/// Scala 2.12's maps of up to this many entries keep the order they were made in.
const SMALL_MAP: usize = 4;

/// Larger ones are tries over five bits of the hash at a time, lowest first (Scala 2.12, `HashMap.HashTrieMap`).
fn hash_order(key: &str) -> [u32; 7] {
    let hash = key.encode_utf16().fold(0u32, |hash, unit| {
        hash.wrapping_mul(31).wrapping_add(unit.into())
    });
    let mut hash = hash.wrapping_add(!(hash << 9));
    hash ^= hash >> 14;
    hash = hash.wrapping_add(hash << 4);
    hash ^= hash >> 10;
    std::array::from_fn(|level| (hash >> (5 * level)) & 31)
}

/// The numbers of an annotation's vector as the JVM writes floats; empty without one.
fn numbers(annotations: &Annotations<'_>, index: usize, separator: &str) -> String {
    let mut out = String::new();
    if let Some((_, vectors)) = annotations.embeddings()
        && vectors.is_valid(index)
    {
        let vector = vectors.value(index);
        for (n, value) in vector
            .as_primitive::<Float32Type>()
            .values()
            .iter()
            .enumerate()
        {
            if n > 0 {
                out.push_str(separator);
            }
            out.push_str(&crate::text::java_number(*value));
        }
    }
    out
}

impl Flattener {
    fn gives_vectors(&self, field: &Field) -> bool {
        let embeddings = matches!(
            AnnotatorType::of(field),
            Some(AnnotatorType::WordEmbeddings | AnnotatorType::SentenceEmbeddings)
        );
        self.config.parse_embeddings_vectors && embeddings
    }

    /// One string per row.
    fn strings(&self, annotations: &Annotations<'_>, as_vectors: bool) -> Result<ArrayRef> {
        let mut out = StringBuilder::new();
        for row in 0..annotations.rows() {
            let parts = annotations.row(row);
            let parts = parts.map(|index| self.string(annotations, index, as_vectors));
            let parts: Vec<String> = parts.collect();
            out.append_value(parts.join(&self.config.annotation_split_symbol));
        }
        Ok(Arc::new(out.finish()))
    }

    fn string(&self, annotations: &Annotations<'_>, index: usize, as_vectors: bool) -> String {
        let separator = &self.config.value_split_symbol;
        let result = annotations.result(index);
        if !self.config.include_metadata {
            return match as_vectors {
                true => numbers(annotations, index, separator),
                false => result.to_owned(),
            };
        }
        let mut more = vec![("result".to_owned(), Some(result.to_owned()))];
        if as_vectors {
            let numbers = numbers(annotations, index, separator);
            more.push(("embeddings".to_owned(), Some(numbers)));
        }
        let mut out = String::new();
        for (n, (key, value)) in entries(annotations, index, more).iter().enumerate() {
            if n > 0 {
                out.push_str(separator);
            }
            // Writing to a string does not fail.
            let _ = write!(out, "{key}->{}", value.as_deref().unwrap_or("null"));
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_maps_have_the_order_of_the_jvm() {
        // Recorded from Spark NLP 5.5.3: Finisher with metadata on a document with these keys.
        let recorded = "e y t u i id q p r w sentence o";
        let mut keys: Vec<&str> = "q w e r t y u i o p id sentence".split(' ').collect();
        keys.sort_by_key(|key| hash_order(key));
        assert_eq!(keys.join(" "), recorded);
        let recorded = "isOOV result pieceId isWordStart token embeddings sentence";
        let mut keys: Vec<&str> = recorded.split(' ').collect();
        keys.sort_unstable();
        keys.sort_by_key(|key| hash_order(key));
        assert_eq!(keys.join(" "), recorded);
    }
}
