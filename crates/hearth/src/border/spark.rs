//! Spark NLP's annotation struct (5.5.3, `Annotation`): `annotatorType, begin, end, result, metadata, embeddings`, in
//! this order, since Spark NLP reads fields by position; `begin` and `end` in UTF-16 units, `end` inclusive.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, FixedSizeListArray, Float32Array, Int32Array, ListArray, MapArray,
    RecordBatch, StringArray, StructArray,
};
use arrow::buffer::{OffsetBuffer, ScalarBuffer};
use arrow::datatypes::{DataType, Field, FieldRef, Fields, Float32Type};

use super::places::{IN_ORIGINAL, Places, in_original};
use super::{Offsets, is_lean};
use crate::annotation::{
    Annotations, AnnotatorType, MetadataBuilder, SparkMetadata, metadata_type,
};
use crate::{Error, Result};

/// The field that leaves for a field inside; plain ones stay as they are.
pub(super) fn field(field: &FieldRef) -> FieldRef {
    if !is_lean(field) {
        return field.clone();
    }
    let metadata = field
        .metadata()
        .iter()
        .filter(|(key, _)| !key.starts_with("hearth."));
    let metadata = metadata
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    Arc::new(Field::new(field.name(), DataType::List(item_field()), true).with_metadata(metadata))
}

fn item_field() -> FieldRef {
    Arc::new(Field::new("element", DataType::Struct(item_fields()), true))
}

fn item_fields() -> Fields {
    vec![
        Field::new("annotatorType", DataType::Utf8, true),
        Field::new("begin", DataType::Int32, false),
        Field::new("end", DataType::Int32, false),
        Field::new("result", DataType::Utf8View, true),
        Field::new("metadata", metadata_type(), true),
        Field::new("embeddings", DataType::List(embedding_field()), true),
    ]
    .into()
}

fn embedding_field() -> FieldRef {
    Arc::new(Field::new("element", DataType::Float32, false))
}

/// The column that leaves for lean column `index`.
pub(super) fn column(batch: &RecordBatch, index: usize, kind: AnnotatorType) -> Result<ArrayRef> {
    let annotations = Annotations::of(batch, index)?;
    let originals = in_original(batch, index, Offsets::Utf16)?;
    let n = annotations.results().len();
    let inclusive = |i| annotations.span(i).end - 1;
    let columns: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from_iter_values(std::iter::repeat_n(
            kind.name(),
            n,
        ))),
        Arc::new(Int32Array::new(
            ScalarBuffer::from(annotations.begins().to_vec()),
            None,
        )),
        Arc::new((0..n).map(inclusive).collect::<Int32Array>()),
        Arc::new(annotations.results().clone()),
        Arc::new(metadata(&annotations, originals.as_ref())?),
        Arc::new(embeddings(&annotations, n)?),
    ];
    let items = StructArray::try_new(item_fields(), columns, None)?;
    let list = annotations.list();
    Ok(Arc::new(ListArray::try_new(
        item_field(),
        list.offsets().clone(),
        Arc::new(items),
        None,
    )?))
}

/// What Spark NLP's annotators write, and the places in the plain text where they are asked for.
fn metadata(annotations: &Annotations<'_>, originals: Option<&Places>) -> Result<MapArray> {
    let mut maps = MetadataBuilder::default();
    let mut metadata = SparkMetadata::new();
    for i in 0..annotations.results().len() {
        metadata.of(annotations, i, |key, value| {
            if originals.is_none() || !IN_ORIGINAL.contains(&key) {
                maps.entry(key, value);
            }
        });
        if let Some([begins, ends]) = originals.filter(|[begins, _]| begins.is_valid(i)) {
            let inclusive = [begins.value(i), ends.value(i) - 1];
            for (key, place) in IN_ORIGINAL.into_iter().zip(inclusive) {
                maps.entry(key, Some(&place.to_string()));
            }
        }
        maps.end()?;
    }
    maps.finish()
}

fn embeddings(annotations: &Annotations<'_>, n: usize) -> Result<ListArray> {
    let Some((_, vectors)) = annotations.embeddings() else {
        let none: ArrayRef = Arc::new(Float32Array::from(Vec::<f32>::new()));
        let offsets = OffsetBuffer::from_repeated_length(0, n);
        return Ok(ListArray::try_new(embedding_field(), offsets, none, None)?);
    };
    vector_lists(vectors, embedding_field())
}

/// Vectors as lists of any length: an empty one for null.
pub(crate) fn vector_lists(vectors: &FixedSizeListArray, item: FieldRef) -> Result<ListArray> {
    let dimension = usize::try_from(vectors.value_length()).unwrap_or(0);
    let n = vectors.len();
    if i32::try_from(n * dimension).is_err() {
        return Err(Error::TooLarge {
            what: "the vectors",
            found: n * dimension,
        });
    }
    if vectors.null_count() == 0 {
        let values = vectors.values().slice(0, n * dimension);
        let offsets = OffsetBuffer::from_repeated_length(dimension, n);
        return Ok(ListArray::try_new(item, offsets, values, None)?);
    }
    let all = vectors.values().as_primitive::<Float32Type>().values();
    let mut values = Vec::with_capacity(all.len());
    let present = (0..n).map(|i| if vectors.is_valid(i) { dimension } else { 0 });
    let offsets = OffsetBuffer::from_lengths(present);
    for i in (0..n).filter(|&i| vectors.is_valid(i)) {
        values.extend_from_slice(&all[i * dimension..(i + 1) * dimension]);
    }
    let values = Arc::new(Float32Array::from(values));
    Ok(ListArray::try_new(item, offsets, values, None)?)
}
