//! What is in a file, without reading more of it than that takes.

use std::collections::BTreeMap;
use std::fs::File;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, Field, SchemaRef};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ParquetRecordBatchReaderBuilder};
use parquet::errors::ParquetError;

use super::guard::guarded;
use super::{ReadOptions, file, parquet as parquet_files};
use crate::spark::ANNOTATOR_TYPE;
use crate::{Error, Format, Result, Source};

/// What is in a file.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Contents {
    /// Rows.
    pub rows: u64,
    /// Row groups of a Parquet file; the others have none.
    pub row_groups: Option<usize>,
    /// The columns, as they are read. Annotation columns have metadata.
    pub schema: SchemaRef,
    /// The file's own metadata, without the copy of the schema that Arrow keeps there.
    pub metadata: BTreeMap<String, String>,
    /// Annotations of each annotation column, by its name: what stands in the lists of all rows.
    pub annotations: BTreeMap<String, u64>,
}

/// One number of each annotation, which all layouts with annotations have.
const COUNTED: &str = "begin";
/// Where Arrow keeps its schema.
const ARROW_SCHEMA: &str = "ARROW:schema";

impl Source {
    /// Counts rows and annotations. Of a Parquet file the footer and one small column per annotation column are read, of
    /// the others all.
    ///
    /// # Errors
    /// Those of [`open`](Self::open) and of reading on.
    pub fn contents(&self) -> Result<Contents> {
        match self.format {
            Format::Parquet => of_parquet(self),
            _ => of_batches(self),
        }
    }
}

/// A list of structs with a number to count.
fn is_annotations(field: &Field) -> bool {
    match field.data_type() {
        DataType::List(element) | DataType::LargeList(element) => match element.data_type() {
            DataType::Struct(fields) => {
                fields.iter().any(|field| field.name() == COUNTED)
                    && (field.metadata().contains_key(ANNOTATOR_TYPE)
                        || fields.iter().any(|field| field.name() == ANNOTATOR_TYPE))
            }
            _ => false,
        },
        _ => false,
    }
}

fn elements(lists: &ArrayRef) -> u64 {
    fn sum(lengths: impl Iterator<Item = Option<u64>>) -> u64 {
        lengths.flatten().sum()
    }
    if let Some(lists) = lists.as_list_opt::<i32>() {
        return sum(lists.iter().map(|list| list.map(|list| list.len() as u64)));
    }
    let large = lists.as_list_opt::<i64>();
    large.map_or(0, |lists| {
        sum(lists.iter().map(|list| list.map(|list| list.len() as u64)))
    })
}

fn count(into: &mut BTreeMap<String, u64>, schema: &SchemaRef, columns: &[ArrayRef]) {
    for (field, column) in schema.fields().iter().zip(columns) {
        if let Some(counted) = into.get_mut(field.name()) {
            *counted += elements(column);
        }
    }
}

fn none_yet(schema: &SchemaRef) -> BTreeMap<String, u64> {
    let columns = schema.fields().iter().filter(|field| is_annotations(field));
    columns.map(|field| (field.name().clone(), 0)).collect()
}

fn of_batches(source: &Source) -> Result<Contents> {
    let reader = source.open(&ReadOptions::default())?;
    let schema = Arc::clone(reader.schema());
    let mut annotations = none_yet(&schema);
    let mut rows = 0;
    for batch in reader {
        let batch = batch?;
        rows += batch.num_rows() as u64;
        count(&mut annotations, &schema, batch.columns());
    }
    let metadata = schema.metadata().clone().into_iter().collect();
    Ok(Contents {
        rows,
        row_groups: None,
        schema,
        metadata,
        annotations,
    })
}

fn of_parquet(source: &Source) -> Result<Contents> {
    let damaged = |e| Error::Parquet {
        path: source.path.clone(),
        row_group: None,
        column: None,
        source: e,
    };
    let file = file(source)?;
    let footer =
        guarded(|| parquet_files::footer(&file), ParquetError::General).map_err(damaged)?;
    let schema = Arc::new(parquet_files::described(footer.schema()));
    let of_file = footer.metadata().file_metadata();
    let entries = of_file.key_value_metadata().into_iter().flatten();
    let metadata = entries
        .filter(|entry| entry.key != ARROW_SCHEMA)
        .map(|entry| (entry.key.clone(), entry.value.clone().unwrap_or_default()));
    let mut annotations = none_yet(&schema);
    if !annotations.is_empty() {
        let counted = || count_parquet(file, &footer, &mut annotations);
        guarded(counted, ParquetError::General).map_err(damaged)?;
    }
    Ok(Contents {
        rows: u64::try_from(of_file.num_rows()).unwrap_or(0),
        row_groups: Some(footer.metadata().num_row_groups()),
        schema,
        metadata: metadata.collect(),
        annotations,
    })
}

fn count_parquet(
    file: File,
    footer: &ArrowReaderMetadata,
    annotations: &mut BTreeMap<String, u64>,
) -> Result<(), ParquetError> {
    let leaves = footer.parquet_schema();
    let is_counted = |leaf: &usize| {
        let path = leaves.columns()[*leaf].path().parts();
        path.first()
            .is_some_and(|root| annotations.contains_key(root))
            && path.last().is_some_and(|name| name == COUNTED)
    };
    let counted: Vec<usize> = (0..leaves.num_columns()).filter(is_counted).collect();
    let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, footer.clone());
    let batches = builder
        .with_projection(ProjectionMask::leaves(leaves, counted))
        .build()?;
    for batch in batches {
        let batch = batch?;
        count(annotations, &batch.schema(), batch.columns());
    }
    Ok(())
}
