//! Types that one side has and the other has not. What it does is in the table of [`crate::bridge`].

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, ListArray, MapArray, StructArray};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, Field, FieldRef};
use polars::prelude::{PolarsResult, polars_bail, polars_err};

use crate::error::refused;

/// The field without maps, which Polars does not have: lists of their entries.
pub(crate) fn leaving_field(field: &Field) -> Field {
    let data_type = match field.data_type() {
        DataType::Map(entries, _) => DataType::List(leaving_child(entries)),
        DataType::List(item) => DataType::List(leaving_child(item)),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(leaving_child).collect()),
        _ => return field.clone(),
    };
    field.clone().with_data_type(data_type)
}

fn leaving_child(field: &FieldRef) -> FieldRef {
    Arc::new(leaving_field(field))
}

/// An array of a field as [`leaving_field`] has it. Nothing is copied.
pub(crate) fn leaving(array: &ArrayRef) -> PolarsResult<ArrayRef> {
    Ok(match array.data_type() {
        DataType::Map(entries, _) => {
            let map = array.as_map();
            let items = leaving(&(Arc::new(map.entries().clone()) as ArrayRef))?;
            let (offsets, nulls) = (map.offsets().clone(), map.nulls().cloned());
            let item = leaving_child(entries);
            Arc::new(ListArray::try_new(item, offsets, items, nulls).map_err(refused)?)
        }
        DataType::List(item) => {
            let list = array.as_list::<i32>();
            let (offsets, nulls) = (list.offsets().clone(), list.nulls().cloned());
            let items = leaving(list.values())?;
            let item = leaving_child(item);
            Arc::new(ListArray::try_new(item, offsets, items, nulls).map_err(refused)?)
        }
        DataType::Struct(fields) if !fields.is_empty() => {
            let parts = array.as_struct();
            let columns = parts.columns().iter().map(leaving);
            let columns = columns.collect::<PolarsResult<Vec<_>>>()?;
            let fields = fields.iter().map(leaving_child).collect();
            let nulls = parts.nulls().cloned();
            Arc::new(StructArray::try_new(fields, columns, nulls).map_err(refused)?)
        }
        _ => array.clone(),
    })
}

/// The field with a map where Polars holds one as a list of its entries.
pub(crate) fn arriving_field(field: Field) -> Field {
    let Some(entries) = entries(field.data_type()) else {
        return field;
    };
    field.with_data_type(DataType::Map(entries, false))
}

/// The entries of what was a map of strings: a list of structs of a key and a value.
fn entries(data_type: &DataType) -> Option<FieldRef> {
    let (DataType::LargeList(item) | DataType::List(item)) = data_type else {
        return None;
    };
    let DataType::Struct(fields) = item.data_type() else {
        return None;
    };
    let [key, value] = &fields[..] else {
        return None;
    };
    let is = |field: &Field, names: [&str; 2]| {
        names.contains(&field.name().as_str()) && *field.data_type() == DataType::Utf8View
    };
    let is_map = is(key, ["key", "keys"]) && is(value, ["value", "values"]);
    let key = Arc::new(key.as_ref().clone().with_nullable(false));
    let fields = DataType::Struct([key, value.clone()].into_iter().collect());
    is_map.then(|| Arc::new(Field::new("key_value", fields, false)))
}

/// An array of a field as [`arriving_field`] has it.
pub(crate) fn arriving(array: ArrayRef, data_type: &DataType) -> PolarsResult<ArrayRef> {
    let (DataType::Map(entries, _), DataType::LargeList(_)) = (data_type, array.data_type()) else {
        return Ok(array);
    };
    let list = array.as_list::<i64>();
    let offsets = list.offsets().iter().map(|&offset| i32::try_from(offset));
    let offsets = offsets.collect::<Result<Vec<_>, _>>().map_err(|_| {
        polars_err!(ComputeError: "maps with more than {} entries do not fit Arrow's 32-bit offsets", i32::MAX)
    })?;
    let items = list.values().as_struct();
    if items.null_count() > 0 || items.column(0).null_count() > 0 {
        polars_bail!(ComputeError: "a list of keys and values that has a null for an entry or a key is not a map");
    }
    let offsets = OffsetBuffer::new(offsets.into());
    let DataType::Struct(fields) = entries.data_type() else {
        return Ok(array);
    };
    let items = StructArray::try_new(fields.clone(), items.columns().to_vec(), None);
    let (items, nulls) = (items.map_err(refused)?, list.nulls().cloned());
    let map = MapArray::try_new(entries.clone(), offsets, items, nulls, false);
    Ok(Arc::new(map.map_err(refused)?))
}
