//! A row group in the making, whose columns are encoded side by side.

use std::io::Write;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, ListArray, RecordBatch, StructArray};
use arrow::datatypes::{DataType, Field, FieldRef, Schema};
use arrow::error::ArrowError;
use parquet::arrow::arrow_writer::{
    ArrowColumnChunk, ArrowColumnWriter, ArrowRowGroupWriterFactory, compute_leaves,
};
use parquet::errors::ParquetError;
use parquet::file::writer::SerializedRowGroupWriter;
use parquet::schema::types::SchemaDescriptor;
use rayon::prelude::*;

use super::leaf::{Chunk, Group, Leaf, Present, is_ours, leaves};

/// Encoded pages of every leaf column. A leaf, or a group of leaves with the same values, is one task of the rayon pool
/// that the call is made in, so the bytes do not depend on the number of threads.
pub(super) struct RowGroup {
    groups: Vec<Group>,
    /// Leaves that Arrow encodes, with their places in the file.
    others: Vec<(usize, ArrowColumnWriter)>,
    n_rows: usize,
    n_bytes: usize,
}

/// Who encodes each leaf column of a schema.
pub(super) struct Plan(Vec<Option<Leaf>>);

impl Plan {
    pub(super) fn of(schema: &Schema) -> Self {
        let fields = schema.fields().iter().enumerate();
        Plan(fields.flat_map(|(i, field)| leaves(i, field)).collect())
    }
}

impl RowGroup {
    pub(super) fn create(
        plan: &Plan,
        columns: &SchemaDescriptor,
        writers: &ArrowRowGroupWriterFactory,
        number: usize,
    ) -> Result<Self, ParquetError> {
        let (mut groups, mut others) = (Vec::new(), Vec::new());
        let writers = writers.create_column_writers(number)?;
        for (place, (leaf, writer)) in plan.0.iter().zip(writers).enumerate() {
            match leaf {
                Some(leaf) => groups.push(Group::of(leaf.clone(), columns.column(place), place)?),
                None => others.push((place, writer)),
            }
        }
        Ok(Self {
            groups,
            others,
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
        let values = self.push_levels(batch)?;
        let mut others = Vec::new();
        for (field, column) in batch.schema_ref().fields().iter().zip(batch.columns()) {
            if let Some((field, column)) = for_arrow(field, column)? {
                others.extend(compute_leaves(&field, &column)?);
            }
        }
        let (groups, writers) = (&mut self.groups, &mut self.others);
        let ours = groups.par_iter_mut().zip(&values).with_max_len(1);
        let ours = ours.map(|(group, values)| group.push_values(values));
        let theirs = writers.par_iter_mut().zip(&others).with_max_len(1);
        let theirs = theirs.map(|((_, writer), leaf)| writer.write(leaf));
        ours.chain(theirs).collect::<Result<(), _>>()?;
        self.n_rows += batch.num_rows();
        let others = self.others.iter();
        let others = others.map(|(_, writer)| writer.get_estimated_total_bytes());
        self.n_bytes = self.groups.iter().map(Group::n_bytes).chain(others).sum();
        Ok(())
    }

    /// Takes the levels of a batch, and gives the values of each group, having grouped leaves anew.
    fn push_levels(&mut self, batch: &RecordBatch) -> Result<Vec<Present>, ParquetError> {
        let mut all: Vec<Present> = Vec::new();
        for mut group in std::mem::take(&mut self.groups) {
            let mut values = group.push_levels(batch);
            for member in (1..values.len()).rev() {
                if !values[member].same_strings(&values[0]) {
                    self.groups.push(group.split(member)?);
                    all.push(values.swap_remove(member));
                }
            }
            // Once some values are there, groups can only part.
            let mut earlier = all.iter().filter(|_| self.n_rows == 0);
            match earlier.position(|others| others.same_strings(&values[0])) {
                Some(same) => self.groups[same].join(group),
                None => {
                    self.groups.push(group);
                    all.push(values.swap_remove(0));
                }
            }
        }
        Ok(all)
    }

    /// The encoded columns.
    pub(super) fn close(self) -> Result<Vec<Encoded>, ParquetError> {
        let ours = self.groups.into_par_iter().with_max_len(1).map(|group| {
            let chunks = group.close()?.into_iter();
            Ok(chunks
                .map(|(place, chunk)| (place, Encoded::Ours(chunk)))
                .collect())
        });
        let theirs = self.others.into_par_iter().with_max_len(1);
        let theirs =
            theirs.map(|(place, writer)| Ok(vec![(place, Encoded::Arrow(writer.close()?))]));
        let chunks = ours
            .chain(theirs)
            .collect::<Result<Vec<Vec<_>>, ParquetError>>()?;
        let mut chunks: Vec<_> = chunks.into_iter().flatten().collect();
        chunks.sort_unstable_by_key(|&(place, _)| place);
        Ok(chunks.into_iter().map(|(_, chunk)| chunk).collect())
    }
}

/// An encoded column.
pub(super) enum Encoded {
    Ours(Chunk),
    Arrow(ArrowColumnChunk),
}

impl Encoded {
    /// Writes it as the next column of the row group.
    pub(super) fn append_to_row_group<W: Write + Send>(
        self,
        group: &mut SerializedRowGroupWriter<'_, W>,
    ) -> Result<(), ParquetError> {
        match self {
            Encoded::Ours(chunk) => chunk.append_to_row_group(group),
            Encoded::Arrow(chunk) => chunk.append_to_row_group(group),
        }
    }
}

/// The column with those leaves only that Arrow encodes; `None` if there are none.
fn for_arrow(
    field: &FieldRef,
    column: &ArrayRef,
) -> Result<Option<(FieldRef, ArrayRef)>, ArrowError> {
    if leaves(0, field).iter().all(Option::is_some) {
        return Ok(None);
    }
    let whole = || Ok(Some((Arc::clone(field), Arc::clone(column))));
    let DataType::List(item) = field.data_type() else {
        return whole();
    };
    let DataType::Struct(children) = item.data_type() else {
        return whole();
    };
    let list = column.as_list::<i32>();
    let items = list.values().as_struct();
    let kept = children.iter().zip(items.columns());
    let kept = kept.filter(|(child, _)| !is_ours(child.data_type()));
    let (children, columns): (Vec<FieldRef>, Vec<ArrayRef>) = kept
        .map(|(child, column)| (Arc::clone(child), Arc::clone(column)))
        .unzip();
    let items = StructArray::try_new(children.into(), columns, items.nulls().cloned())?;
    let item = Arc::new(Field::clone(item).with_data_type(items.data_type().clone()));
    let list = ListArray::try_new(
        Arc::clone(&item),
        list.offsets().clone(),
        Arc::new(items),
        list.nulls().cloned(),
    )?;
    let field = Field::clone(field).with_data_type(DataType::List(item));
    Ok(Some((Arc::new(field), Arc::new(list))))
}
