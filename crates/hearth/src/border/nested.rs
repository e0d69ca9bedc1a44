//! Lean columns with offsets in the unit asked for.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayBuilder, ArrayRef, AsArray, Int32Builder, ListArray, PrimitiveArray, RecordBatch,
    StructArray,
};
use arrow::datatypes::{DataType, Field, FieldRef, Fields, Int32Type};

use super::offsets::Positions;
use super::origin::{Documents, text_validity};
use super::{Offsets, is_lean};
use crate::Result;
use crate::annotation::{Annotations, key};

/// The field that leaves for a field inside; plain ones stay as they are.
pub(super) fn field(field: &FieldRef, offsets: Offsets) -> FieldRef {
    if !is_lean(field) {
        return field.clone();
    }
    let item = Field::new(
        "item",
        DataType::Struct(item_fields(field.data_type(), offsets)),
        false,
    );
    let mut metadata = field.metadata().clone();
    metadata.insert(key::OFFSETS.to_owned(), offsets.to_string());
    Arc::new(Field::new(field.name(), DataType::List(Arc::new(item)), true).with_metadata(metadata))
}

/// The annotation's fields without `at`, which the offsets stand for.
fn item_fields(data_type: &DataType, offsets: Offsets) -> Fields {
    let DataType::List(item) = data_type else {
        return Fields::empty();
    };
    let DataType::Struct(fields) = item.data_type() else {
        return Fields::empty();
    };
    let out = fields
        .iter()
        .filter(|f| f.name() != "at")
        .map(|f| match f.name().as_str() {
            "begin" | "end" => Arc::new(Field::new(
                f.name(),
                DataType::Int32,
                offsets != Offsets::Utf16,
            )),
            _ => f.clone(),
        });
    out.collect()
}

/// `begin` and `end` of all annotations of a column.
pub(super) fn begins_and_ends(
    batch: &RecordBatch,
    index: usize,
    offsets: Offsets,
) -> Result<[PrimitiveArray<Int32Type>; 2]> {
    let annotations =
        Annotations::open(batch.column(index), batch.schema_ref().field(index).name())?;
    let documents = Documents::of(batch, index)?;
    let total = annotations.results().len();
    let (mut begins, mut ends) = (
        Int32Builder::with_capacity(total),
        Int32Builder::with_capacity(total),
    );
    // A sliced list does not begin with its first item.
    let first = annotations.list().value_offsets().first().copied();
    let skipped = usize::try_from(first.unwrap_or(0)).unwrap_or(0);
    begins.append_nulls(skipped);
    ends.append_nulls(skipped);
    let mut texts: Vec<&str> = Vec::new();
    let mut positions: Vec<Positions<'_>> = Vec::new();
    for row in 0..annotations.rows() {
        let range = annotations.row(row);
        if range.is_empty() {
            continue;
        }
        // Exploded rows share their document, which is then looked through once.
        let own = documents.texts(row);
        let known =
            own.len() == texts.len() && own.iter().zip(&texts).all(|(&a, &b)| std::ptr::eq(a, b));
        if !known || texts.is_empty() {
            texts = if own.is_empty() { vec![""] } else { own };
            positions = texts.iter().map(|t| Positions::of(t, offsets)).collect();
        }
        for i in range {
            let span = annotations.span(i);
            let document = usize::try_from(span.document).unwrap_or(usize::MAX);
            let found = positions
                .get(document)
                .and_then(|positions| positions.of_span(span, annotations.result(i), offsets));
            begins.append_option(found.map(|(begin, _)| begin));
            ends.append_option(found.map(|(_, end)| end));
        }
    }
    begins.append_nulls(total - begins.len());
    ends.append_nulls(total - ends.len());
    Ok([begins.finish(), ends.finish()])
}

/// The column that leaves for lean column `index`; null where its text is null.
pub(super) fn column(batch: &RecordBatch, index: usize, offsets: Offsets) -> Result<ArrayRef> {
    let list = batch.column(index).as_list::<i32>();
    let items = list.values().as_struct();
    let [begins, ends] = begins_and_ends(batch, index, offsets)?;
    let (mut begins, mut ends) = (Some(begins), Some(ends));
    let fields = item_fields(batch.schema_ref().field(index).data_type(), offsets);
    let columns = items
        .fields()
        .iter()
        .zip(items.columns())
        .filter(|(f, _)| f.name() != "at");
    let columns: Vec<ArrayRef> = columns
        .map(|(f, array)| {
            let replaced = match f.name().as_str() {
                "begin" => begins.take(),
                "end" => ends.take(),
                _ => None,
            };
            replaced.map_or_else(|| array.clone(), |a| Arc::new(a) as ArrayRef)
        })
        .collect();
    let items = StructArray::try_new(fields.clone(), columns, None)?;
    let item = Arc::new(Field::new("item", DataType::Struct(fields), false));
    let nulls = text_validity(batch, index);
    Ok(Arc::new(ListArray::try_new(
        item,
        list.offsets().clone(),
        Arc::new(items),
        nulls,
    )?))
}
