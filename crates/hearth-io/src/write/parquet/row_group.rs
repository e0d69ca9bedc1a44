//! A row group in the making, whose columns are encoded side by side.

use arrow::array::RecordBatch;
use parquet::arrow::arrow_writer::{
    ArrowColumnChunk, ArrowColumnWriter, ArrowRowGroupWriterFactory, compute_leaves,
};
use parquet::errors::ParquetError;
use rayon::prelude::*;

/// Encoded pages of every leaf column. A leaf is one task of the rayon pool that the call is made in, so the bytes do
/// not depend on the number of threads.
pub(super) struct RowGroup {
    leaves: Vec<ArrowColumnWriter>,
    n_rows: usize,
    n_bytes: usize,
}

impl RowGroup {
    pub(super) fn create(
        columns: &ArrowRowGroupWriterFactory,
        number: usize,
    ) -> Result<Self, ParquetError> {
        Ok(Self {
            leaves: columns.create_column_writers(number)?,
            n_rows: 0,
            n_bytes: 0,
        })
    }

    /// The rows that are likely to fit within `limit` bytes, by the rows that are there; any number in the beginning.
    pub(super) fn room(&self, limit: usize) -> usize {
        match self.n_bytes.checked_div(self.n_rows) {
            Some(row_bytes) => limit.saturating_sub(self.n_bytes) / row_bytes.max(1),
            None => usize::MAX,
        }
    }

    pub(super) fn write(&mut self, batch: &RecordBatch) -> Result<(), ParquetError> {
        let fields = batch.schema_ref().fields();
        let levels = fields
            .par_iter()
            .zip(batch.columns())
            .with_max_len(1)
            .map(|(field, column)| compute_leaves(field, column))
            .collect::<Result<Vec<_>, _>>()?;
        let levels: Vec<_> = levels.into_iter().flatten().collect();
        self.leaves
            .par_iter_mut()
            .zip(&levels)
            .with_max_len(1)
            .try_for_each(|(leaf, levels)| leaf.write(levels))?;
        self.n_rows += batch.num_rows();
        let sizes = self.leaves.iter();
        self.n_bytes = sizes
            .map(ArrowColumnWriter::get_estimated_total_bytes)
            .sum();
        Ok(())
    }

    /// The encoded columns.
    pub(super) fn close(self) -> Result<Vec<ArrowColumnChunk>, ParquetError> {
        self.leaves
            .into_par_iter()
            .with_max_len(1)
            .map(ArrowColumnWriter::close)
            .collect()
    }
}
