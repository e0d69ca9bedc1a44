//! Spark NLP's annotation struct (5.5.3, `Annotation`): `annotatorType, begin, end, result, metadata, embeddings`, in
//! this order, since Spark NLP reads fields by position; `begin` and `end` in UTF-16 units, `end` inclusive.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Float32Array, Int32Array, ListArray, MapArray, StringArray,
    StringBuilder, StructArray,
};
use arrow::buffer::{OffsetBuffer, ScalarBuffer};
use arrow::datatypes::{DataType, Field, FieldRef, Fields, Float32Type};

use crate::annotation::{Annotations, AnnotatorType, is_lean};
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
        Field::new("metadata", DataType::Map(entries_field(), false), true),
        Field::new("embeddings", DataType::List(embedding_field()), true),
    ]
    .into()
}

fn embedding_field() -> FieldRef {
    Arc::new(Field::new("element", DataType::Float32, false))
}

fn entries_field() -> FieldRef {
    Arc::new(Field::new(
        "key_value",
        DataType::Struct(entry_fields()),
        false,
    ))
}

fn entry_fields() -> Fields {
    vec![
        Field::new("key", DataType::Utf8, false),
        Field::new("value", DataType::Utf8, true),
    ]
    .into()
}

/// The column that leaves for a lean one.
pub(super) fn column(array: &ArrayRef, name: &str, kind: AnnotatorType) -> Result<ArrayRef> {
    let annotations = Annotations::open(array, name)?;
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
        Arc::new(metadata(&annotations, n)?),
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

/// What Spark NLP's annotators write: `sentence` alone, and for embeddings what is known of the piece.
fn metadata(annotations: &Annotations<'_>, n: usize) -> Result<MapArray> {
    let (mut keys, mut values) = (StringBuilder::new(), StringBuilder::new());
    let pieces = annotations.embeddings();
    let mut number = String::new();
    for i in 0..n {
        if let Some((ids, _)) = pieces {
            for (key, value) in [
                ("isOOV", "false"),
                ("isWordStart", "true"),
                ("pieceId", decimal(ids[i], &mut number)),
            ] {
                keys.append_value(key);
                values.append_value(value);
            }
        }
        keys.append_value("sentence");
        values.append_value(decimal(annotations.span(i).sentence, &mut number));
        if pieces.is_some() {
            keys.append_value("token");
            values.append_value(annotations.result(i));
        }
    }
    let per_annotation = if pieces.is_some() { 5 } else { 1 };
    let entries = StructArray::try_new(
        entry_fields(),
        vec![Arc::new(keys.finish()), Arc::new(values.finish())],
        None,
    )?;
    let offsets = OffsetBuffer::from_repeated_length(per_annotation, n);
    Ok(MapArray::try_new(
        entries_field(),
        offsets,
        entries,
        None,
        false,
    )?)
}

fn decimal(n: i32, buffer: &mut String) -> &str {
    use std::fmt::Write;
    buffer.clear();
    // Writing to a string does not fail.
    let _ = write!(buffer, "{n}");
    buffer
}

fn embeddings(annotations: &Annotations<'_>, n: usize) -> Result<ListArray> {
    let (values, dimension): (ArrayRef, usize) = match annotations.embeddings() {
        Some((_, vectors)) => {
            let dimension = usize::try_from(vectors.value_length()).unwrap_or(0);
            let values = vectors.values().as_primitive::<Float32Type>();
            (Arc::new(values.slice(0, n * dimension)), dimension)
        }
        None => (Arc::new(Float32Array::from(Vec::<f32>::new())), 0),
    };
    if i32::try_from(n * dimension).is_err() {
        return Err(Error::TooLarge {
            what: "the vectors",
            found: n * dimension,
        });
    }
    Ok(ListArray::try_new(
        embedding_field(),
        OffsetBuffer::from_repeated_length(dimension, n),
        values,
        None,
    )?)
}
