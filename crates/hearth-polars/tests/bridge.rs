//! Arrays that change hands: nothing moves, nothing is lost but what the bridge says.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Float32Array, Int32Array, Int64Array, ListArray,
    MapBuilder, NullArray, StringArray, StringBuilder, StringViewArray, StructArray,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{DataType as ArrowType, Field as ArrowField, Float32Type};
use common::same;
use hearth_polars::bridge;
use hearth_polars::polars::prelude::*;

fn long(i: usize) -> String {
    format!("text {i} does not fit into a view")
}

fn vectors(n: usize, dim: i32) -> ArrayRef {
    let values = (0..n * usize::try_from(dim).unwrap()).map(|i| i as f32);
    let values = Arc::new(values.collect::<Float32Array>());
    let item = Arc::new(ArrowField::new("item", ArrowType::Float32, false));
    let nulls = NullBuffer::from_iter((0..n).map(|i| i % 3 != 1));
    Arc::new(arrow::array::FixedSizeListArray::new(
        item,
        dim,
        values,
        Some(nulls),
    ))
}

/// Annotations with vectors in lists, as they leave.
fn annotations() -> ArrayRef {
    let result: ArrayRef = Arc::new((0..6).map(|i| Some(long(i))).collect::<StringViewArray>());
    let items = StructArray::try_from(vec![
        (
            "begin",
            Arc::new(Int32Array::from_iter((0..6).map(Some))) as ArrayRef,
        ),
        ("result", result),
        ("vector", vectors(6, 4)),
    ])
    .unwrap();
    let item = Arc::new(ArrowField::new("item", items.data_type().clone(), false));
    let offsets = OffsetBuffer::from_lengths([2, 0, 3, 1]);
    let nulls = NullBuffer::from(vec![true, false, true, true]);
    Arc::new(ListArray::new(item, offsets, Arc::new(items), Some(nulls)))
}

/// Where the values of the vectors and the bytes of the second text stand.
fn places(array: &ArrayRef) -> (usize, usize) {
    let items = match array.data_type() {
        ArrowType::List(_) => array.as_list::<i32>().values().clone(),
        _ => array.as_list::<i64>().values().clone(),
    };
    let items = items.as_struct();
    let vectors = items.column_by_name("vector").unwrap().as_fixed_size_list();
    let floats = vectors
        .values()
        .as_primitive::<Float32Type>()
        .values()
        .as_ptr();
    let texts = items.column_by_name("result").unwrap().as_string_view();
    (floats as usize, texts.value(1).as_ptr() as usize)
}

#[test]
fn vectors_and_texts_stay_where_they_are() {
    let array = annotations();
    let series = bridge::to_series("a", &array).unwrap();
    let back = bridge::to_arrow(&series).unwrap();
    assert_eq!(places(&array), places(&back));
    same(&array, &back).unwrap();

    let list = series.list().unwrap().get_inner();
    let floats = list.struct_().unwrap().field_by_name("vector").unwrap();
    let floats = floats.array().unwrap().get_inner();
    let floats = floats
        .f32()
        .unwrap()
        .downcast_iter()
        .next()
        .unwrap()
        .values()
        .as_ptr() as usize;
    assert_eq!(floats, places(&array).0);
}

#[test]
fn types_are_those_polars_has() {
    let series = bridge::to_series("a", &annotations()).unwrap();
    let vector = DataType::Array(Box::new(DataType::Float32), 4);
    let fields = vec![
        Field::new("begin".into(), DataType::Int32),
        Field::new("result".into(), DataType::String),
        Field::new("vector".into(), vector),
    ];
    assert_eq!(
        series.dtype(),
        &DataType::List(Box::new(DataType::Struct(fields)))
    );
    assert_eq!(series.null_count(), 1);
}

#[test]
fn slices_are_what_they_show() {
    let arrays: Vec<ArrayRef> = vec![
        annotations(),
        vectors(6, 4),
        Arc::new(
            (0..9)
                .map(|i| (i % 4 != 0).then(|| long(i)))
                .collect::<StringArray>(),
        ),
        Arc::new(
            (0..9)
                .map(|i| (i % 4 != 0).then(|| long(i)))
                .collect::<StringViewArray>(),
        ),
        Arc::new(
            (0..40)
                .map(|i| (i % 3 > 0).then_some(i % 2 == 0))
                .collect::<BooleanArray>(),
        ),
        Arc::new(
            (0..40)
                .map(|i| (i % 3 > 0).then_some(i))
                .collect::<Int64Array>(),
        ),
        Arc::new(NullArray::new(4)),
        maps(),
    ];
    for array in arrays {
        for from in 0..array.len() {
            for length in 0..=array.len() - from {
                let slice = array.slice(from, length);
                let series = bridge::to_series("a", &slice).unwrap();
                assert_eq!(series.len(), length);
                let back = bridge::to_arrow(&series).unwrap();
                same(&slice, &back)
                    .unwrap_or_else(|e| panic!("{} {from} {length}: {e}", array.data_type()));
                let again = bridge::to_arrow(&series.slice(1, length)).unwrap();
                same(
                    &slice.slice(1.min(length), length.saturating_sub(1)),
                    &again,
                )
                .unwrap();
            }
        }
    }
}

fn maps() -> ArrayRef {
    let mut maps = MapBuilder::new(None, StringBuilder::new(), StringBuilder::new());
    maps.keys().append_value("id");
    maps.values().append_value("7");
    maps.keys().append_value("none");
    maps.values().append_null();
    maps.append(true).unwrap();
    maps.append(false).unwrap();
    maps.append(true).unwrap();
    Arc::new(maps.finish())
}

#[test]
fn maps_are_lists_of_their_entries_and_maps_again() {
    let series = bridge::to_series("m", &maps()).unwrap();
    let fields = ["keys", "values"].map(|name| Field::new(name.into(), DataType::String));
    assert_eq!(
        series.dtype(),
        &DataType::List(Box::new(DataType::Struct(fields.to_vec())))
    );
    let back = bridge::to_arrow(&series).unwrap();
    assert!(
        matches!(back.data_type(), ArrowType::Map(..)),
        "{}",
        back.data_type()
    );
    same(&maps(), &back).unwrap();
}

#[test]
fn what_was_handed_over_outlives_its_giver() {
    let array = annotations();
    let series = bridge::to_series("a", &array).unwrap();
    drop(array);
    let taken = series.clone().rechunk();
    drop(series);
    let back = bridge::to_arrow(&taken).unwrap();
    drop(taken);
    same(&annotations(), &back).unwrap();
}

#[test]
fn categories_arrive_as_dictionaries() {
    let texts = Series::new("c".into(), ["b", "a", "b"]);
    let categories = DataType::from_categories(Categories::global());
    let array = bridge::to_arrow(&texts.cast(&categories).unwrap()).unwrap();
    assert!(
        matches!(array.data_type(), ArrowType::Dictionary(..)),
        "{}",
        array.data_type()
    );
    let texts = arrow::compute::cast(&array, &ArrowType::Utf8).unwrap();
    assert_eq!(
        texts
            .as_string::<i32>()
            .iter()
            .flatten()
            .collect::<Vec<_>>(),
        ["b", "a", "b"]
    );
}
