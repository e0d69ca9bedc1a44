//! What the tests share.
#![allow(dead_code, unreachable_pub)]

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{DataType as ArrowType, Float32Type};
use hearth_polars::bridge;
use hearth_polars::hearth::stages::BertEmbeddings;
use hearth_polars::hearth::{Pipeline, Session};
use hearth_polars::polars::prelude::*;
use hearth_testkit::data;

pub const ENGINES: [Engine; 2] = [Engine::InMemory, Engine::Streaming];

pub fn session() -> Session {
    Session::builder().jobs(2).build().unwrap()
}

pub fn model() -> String {
    data().join("models/tiny_cased").display().to_string()
}

pub fn bert() -> BertEmbeddings {
    BertEmbeddings {
        model: Some(model().into()),
        ..Default::default()
    }
}

pub fn embed() -> Pipeline {
    Pipeline::embed("text", model())
}

pub fn collect(frame: &LazyFrame, engine: Engine) -> PolarsResult<DataFrame> {
    let found = frame.clone().collect_with_engine(engine)?;
    Ok(found.unwrap_single())
}

/// The batch as a frame.
pub fn frame(batch: &RecordBatch) -> DataFrame {
    let schema = batch.schema();
    let columns = schema.fields().iter().zip(batch.columns());
    let columns = columns.map(|(field, array)| bridge::to_series(field.name(), array).unwrap());
    let columns = columns.map(IntoColumn::into_column).collect();
    DataFrame::new(batch.num_rows(), columns).unwrap()
}

/// The only column of a frame as an array.
pub fn only(frame: &DataFrame) -> ArrayRef {
    assert_eq!(frame.width(), 1);
    arrow(frame, frame.get_column_names()[0])
}

pub fn arrow(frame: &DataFrame, column: &str) -> ArrayRef {
    bridge::to_arrow(frame.column(column).unwrap().as_materialized_series()).unwrap()
}

/// Whether two arrays hold the same, bit by bit, whatever types the two sides have for it: lists of 32 and of 64 bits, maps
/// and lists of their entries, strings and views.
pub fn same(a: &ArrayRef, b: &ArrayRef) -> Result<(), String> {
    if a.len() != b.len() {
        return Err(format!("{} and {} values", a.len(), b.len()));
    }
    let floats = |x: &ArrayRef| {
        let values = x
            .as_primitive_opt::<Float32Type>()
            .filter(|_| x.null_count() == 0)?
            .values();
        Some(
            values
                .iter()
                .map(|value| value.to_bits())
                .collect::<Vec<_>>(),
        )
    };
    if let (Some(a), Some(b)) = (floats(a), floats(b)) {
        return if a == b {
            Ok(())
        } else {
            Err("other bits".to_owned())
        };
    }
    let nulls = |x: &ArrayRef| x.logical_nulls();
    let (a_nulls, b_nulls) = (nulls(a), nulls(b));
    let valid =
        |nulls: &Option<arrow::buffer::NullBuffer>, i| nulls.as_ref().is_none_or(|n| n.is_valid(i));
    for i in 0..a.len() {
        let both = (valid(&a_nulls, i), valid(&b_nulls, i));
        match both {
            (true, true) => same_value(a, b, i).map_err(|e| format!("{i}: {e}"))?,
            (false, false) => {}
            _ => return Err(format!("{i}: {both:?}")),
        }
    }
    Ok(())
}

fn same_value(a: &ArrayRef, b: &ArrayRef, i: usize) -> Result<(), String> {
    if let (Some(a), Some(b)) = (items(a, i), items(b, i)) {
        return same(&a, &b);
    }
    if let (Some(a), Some(b)) = (a.as_struct_opt(), b.as_struct_opt()) {
        if a.num_columns() != b.num_columns() {
            return Err(format!("{:?} and {:?}", a.column_names(), b.column_names()));
        }
        let names = a.column_names().into_iter().zip(b.column_names());
        for ((name, other), (a, b)) in names.zip(a.columns().iter().zip(b.columns())) {
            if name != other {
                return Err(format!("{name} and {other}"));
            }
            same(&a.slice(i, 1), &b.slice(i, 1)).map_err(|e| format!("{name}: {e}"))?;
        }
        return Ok(());
    }
    if let (Some(a), Some(b)) = (text(a, i), text(b, i)) {
        return if a == b {
            Ok(())
        } else {
            Err(format!("{a:?} and {b:?}"))
        };
    }
    if let (Some(a), Some(b)) = (
        a.as_primitive_opt::<Float32Type>(),
        b.as_primitive_opt::<Float32Type>(),
    ) {
        let (a, b) = (a.value(i), b.value(i));
        return if a.to_bits() == b.to_bits() {
            Ok(())
        } else {
            Err(format!("{a} and {b}"))
        };
    }
    if a.data_type() == b.data_type() && a.slice(i, 1).to_data() == b.slice(i, 1).to_data() {
        return Ok(());
    }
    Err(format!("{:?} and {:?}", a.slice(i, 1), b.slice(i, 1)))
}

fn items(array: &ArrayRef, i: usize) -> Option<ArrayRef> {
    Some(match array.data_type() {
        ArrowType::List(_) => array.as_list::<i32>().value(i),
        ArrowType::LargeList(_) => array.as_list::<i64>().value(i),
        ArrowType::FixedSizeList(..) => array.as_fixed_size_list().value(i),
        ArrowType::Map(..) => Arc::new(array.as_map().value(i)),
        _ => return None,
    })
}

fn text(array: &ArrayRef, i: usize) -> Option<&str> {
    match array.data_type() {
        ArrowType::Utf8 => Some(array.as_string::<i32>().value(i)),
        ArrowType::LargeUtf8 => Some(array.as_string::<i64>().value(i)),
        ArrowType::Utf8View => Some(array.as_string_view().value(i)),
        _ => None,
    }
}
