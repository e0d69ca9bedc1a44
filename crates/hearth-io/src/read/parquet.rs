//! Parquet, one row group after the other.

use std::fs::File;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, FieldRef, Fields, Schema};
use arrow::error::ArrowError;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader,
    ParquetRecordBatchReaderBuilder,
};
use parquet::errors::ParquetError;
use parquet::file::metadata::RowGroupMetaData;

use super::guard::guarded;
use super::{Batches, Opened, ReadOptions, file};
use crate::spark::{ROW_METADATA, with_column_metadata};
use crate::{Error, Result, Source};

pub(super) fn open(
    source: &Source,
    options: &ReadOptions,
    position: &Arc<AtomicU64>,
) -> Result<Opened> {
    let file = file(source)?;
    let metadata =
        guarded(|| footer(&file), ParquetError::General).map_err(|e| Error::Parquet {
            path: source.path.clone(),
            row_group: None,
            column: None,
            source: e,
        })?;
    let schema = described(metadata.schema());
    let groups = Groups {
        file,
        source: source.clone(),
        metadata,
        batch_bytes: options.batch_bytes,
        batch_rows: options.batch_rows,
        next_group: 0,
        current: None,
        position: Arc::clone(position),
    };
    Ok((Arc::new(schema), Box::new(groups)))
}

/// The footer, with the schema to read by.
pub(super) fn footer(file: &File) -> Result<ArrowReaderMetadata, ParquetError> {
    let plain = ArrowReaderMetadata::load(file, ArrowReaderOptions::new())?;
    let views = Schema::new_with_metadata(
        plain
            .schema()
            .fields()
            .iter()
            .map(with_views)
            .collect::<Fields>(),
        plain.schema().metadata().clone(),
    );
    let as_views = ArrowReaderOptions::new().with_schema(Arc::new(views));
    ArrowReaderMetadata::try_new(Arc::clone(plain.metadata()), as_views)
}

/// The schema with Spark's column metadata, and without the footer entries of the file, which describe the file and
/// not the rows.
pub(super) fn described(schema: &Schema) -> Schema {
    let bare = Schema::new(schema.fields().clone());
    match schema.metadata().get(ROW_METADATA) {
        Some(spark_schema) => with_column_metadata(&bare, spark_schema),
        None => bare,
    }
}

/// The field with plain strings as views into the pages, so that text is not copied; in maps strings stay as they are.
fn with_views(field: &FieldRef) -> FieldRef {
    let data_type = match field.data_type() {
        DataType::Utf8 => DataType::Utf8View,
        DataType::List(element) => DataType::List(with_views(element)),
        DataType::LargeList(element) => DataType::LargeList(with_views(element)),
        DataType::FixedSizeList(element, n) => DataType::FixedSizeList(with_views(element), *n),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(with_views).collect()),
        _ => return Arc::clone(field),
    };
    Arc::new(Field::clone(field).with_data_type(data_type))
}

struct Groups {
    file: File,
    source: Source,
    metadata: ArrowReaderMetadata,
    batch_bytes: usize,
    batch_rows: usize,
    next_group: usize,
    current: Option<Group>,
    position: Arc<AtomicU64>,
}

/// The row group being read.
struct Group {
    number: usize,
    reader: ParquetRecordBatchReader,
    /// Where it begins in the bytes of all row groups, and how many it has.
    start: u64,
    bytes: u64,
    n_rows: u64,
    rows_read: u64,
}

impl Batches for Groups {
    fn next(&mut self) -> Result<Option<RecordBatch>> {
        loop {
            if let Some(group) = &mut self.current {
                let batch = guarded(|| group.reader.next().transpose(), ArrowError::ParquetError);
                match batch {
                    Ok(Some(batch)) => {
                        group.rows_read += batch.num_rows() as u64;
                        let part = group.bytes * group.rows_read / group.n_rows.max(1);
                        self.position.store(group.start + part, Ordering::Relaxed);
                        return Ok(Some(batch));
                    }
                    Err(e) => {
                        let number = group.number;
                        let source = ParquetError::ArrowError(e.to_string());
                        return Err(self.damaged(number, source));
                    }
                    Ok(None) => self.current = None,
                }
            }
            let groups = self.metadata.metadata().row_groups();
            if self.next_group == groups.len() {
                self.position
                    .store(self.source.bytes.unwrap_or_default(), Ordering::Relaxed);
                return Ok(None);
            }
            let number = self.next_group;
            self.next_group += 1;
            let size =
                |group: &RowGroupMetaData| u64::try_from(group.compressed_size()).unwrap_or(0);
            let (start, bytes) = (
                groups[..number].iter().map(size).sum(),
                size(&groups[number]),
            );
            let n_rows = u64::try_from(groups[number].num_rows()).unwrap_or(0);
            let batch_rows = rows_per_batch(&groups[number], self.batch_bytes, self.batch_rows);
            let build = || self.builder(number)?.with_batch_size(batch_rows).build();
            let reader =
                guarded(build, ParquetError::General).map_err(|e| self.damaged(number, e))?;
            self.current = Some(Group {
                number,
                reader,
                start,
                bytes,
                n_rows,
                rows_read: 0,
            });
        }
    }
}

impl Groups {
    fn builder(
        &self,
        row_group: usize,
    ) -> Result<ParquetRecordBatchReaderBuilder<File>, ParquetError> {
        let file = self.file.try_clone()?;
        let builder =
            ParquetRecordBatchReaderBuilder::new_with_metadata(file, self.metadata.clone());
        Ok(builder.with_row_groups(vec![row_group]))
    }

    /// The error with the first leaf column that cannot be read on its own.
    fn damaged(&self, row_group: usize, source: ParquetError) -> Error {
        let leaves = self.metadata.parquet_schema().columns();
        let is_damaged = |leaf: &usize| {
            let mask = ProjectionMask::leaves(self.metadata.parquet_schema(), [*leaf]);
            let read = || {
                let mut batches = self.builder(row_group)?.with_projection(mask).build()?;
                batches.try_for_each(|batch| batch.map(drop).map_err(ParquetError::from))
            };
            guarded(read, ParquetError::General).is_err()
        };
        let column = (0..leaves.len())
            .find(is_damaged)
            .map(|leaf| leaves[leaf].path().string());
        Error::Parquet {
            path: self.source.path.clone(),
            row_group: Some(row_group),
            column,
            source,
        }
    }
}

/// The rows that make a batch of about `batch_bytes`, from the row group's sizes.
fn rows_per_batch(group: &RowGroupMetaData, batch_bytes: usize, batch_rows: usize) -> usize {
    let bytes: u64 = group
        .columns()
        .iter()
        .map(|column| {
            // Pages of a dictionary say little about the strings they stand for.
            let text = column.unencoded_byte_array_data_bytes().unwrap_or_default();
            u64::try_from(column.uncompressed_size().max(text)).unwrap_or(0)
        })
        .fold(0, u64::saturating_add);
    let n_rows = u64::try_from(group.num_rows()).unwrap_or(0).max(1);
    let rows = batch_bytes as u64 / bytes.div_ceil(n_rows).max(1);
    usize::try_from(rows)
        .unwrap_or(usize::MAX)
        .clamp(1, batch_rows.max(1))
}
