//! Lean columns with offsets in the unit asked for.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, ListArray, RecordBatch, StructArray};
use arrow::datatypes::{DataType, Field, FieldRef, Fields};

use super::origin::text_validity;
use super::{Offsets, is_lean, places};
use crate::annotation::{Shape, key, lean_fields};
use crate::{Error, Result};

/// The field that leaves for a field inside; plain ones stay as they are.
pub(super) fn field(field: &FieldRef, offsets: Offsets) -> FieldRef {
    if !is_lean(field) {
        return field.clone();
    }
    let item = Field::new("item", DataType::Struct(item_fields(field, offsets)), false);
    let mut metadata = field.metadata().clone();
    metadata.insert(key::OFFSETS.to_owned(), offsets.to_string());
    Arc::new(Field::new(field.name(), DataType::List(Arc::new(item)), true).with_metadata(metadata))
}

/// The annotation's fields without `at`, which the offsets stand for.
fn item_fields(field: &Field, offsets: Offsets) -> Fields {
    let places = places::fields(field, offsets).into_iter();
    let places = places.map(|(name, nullable)| Field::new(name, DataType::Int32, nullable));
    let inside = lean_fields(Shape::of(field.data_type()));
    let others = inside
        .iter()
        .filter(|f| !["begin", "end", "at"].contains(&f.name().as_str()));
    places.map(Arc::new).chain(others.cloned()).collect()
}

/// The column that leaves for lean column `index`; null where its text is null.
pub(super) fn column(batch: &RecordBatch, index: usize, offsets: Offsets) -> Result<ArrayRef> {
    let list = batch.column(index).as_list::<i32>();
    let items = list.values().as_struct();
    let places = places::columns(batch, index, offsets)?;
    let fields = item_fields(batch.schema_ref().field(index), offsets);
    let column = |field: &FieldRef| -> Result<ArrayRef> {
        if let Some((_, places)) = places.iter().find(|(name, _)| name == field.name()) {
            return Ok(Arc::new(places.clone()));
        }
        let missing = || Error::NotAnnotations {
            column: batch.schema_ref().field(index).name().clone(),
            message: format!("it has no field '{}'", field.name()),
        };
        Ok(items
            .column_by_name(field.name())
            .ok_or_else(missing)?
            .clone())
    };
    let columns = fields.iter().map(column).collect::<Result<Vec<_>>>()?;
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
