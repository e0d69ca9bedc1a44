//! Arrays between Arrow and Polars over the Arrow C data interface: pointers change hands, values do not move.
//!
//! Polars has fewer types than Arrow, so that some things are lost on the way to it; all of them are here:
//!
//! | Arrow | in Polars | back in Arrow |
//! |---|---|---|
//! | `List`, `LargeList` | `List`; 32-bit offsets are copied as 64-bit ones, values are not | `LargeList` |
//! | `FixedSizeList<Float32>[n]` | `Array(Float32, n)`, the same values | `FixedSizeList<Float32>[n]` |
//! | `Utf8`, `LargeUtf8`, `Utf8View` | `String`: views, which are copied, into the same bytes | `Utf8View` |
//! | `Map` | `List<Struct>` of its entries' two fields | `Map` where they are strings named `key(s)` and `value(s)`, else `LargeList<Struct>` |
//! | a dictionary of strings | `Categorical`: its keys are made anew | a dictionary |
//! | a field that is never null | a field that may be | a field that may be |
//! | metadata of a field (`annotatorType`, `dimension`, `ref`) | nothing | nothing |
//!
//! The last row is why a pipeline in Polars begins with a text: a column of annotations that has been a column of Polars
//! does not say any more that it is one.
//!
//! ```
//! use std::sync::Arc;
//! use arrow::array::{ArrayRef, AsArray, StringArray};
//! use hearth_polars::bridge;
//!
//! # fn main() -> hearth_polars::polars::prelude::PolarsResult<()> {
//! let texts: ArrayRef = Arc::new(StringArray::from(vec![Some("a text of more than 12 bytes"), None]));
//! let series = bridge::to_series("text", &texts)?;
//! assert_eq!(series.null_count(), 1);
//! let again = bridge::to_arrow(&series)?;
//! assert_eq!(again.as_string_view().value(0).as_ptr(), texts.as_string::<i32>().value(0).as_ptr());
//! # Ok(())
//! # }
//! ```

use std::sync::Arc;

use arrow::array::{ArrayRef, NullArray};
use arrow::datatypes::Field;
use polars::prelude::{CompatLevel, DataType, PlSmallStr, PolarsResult, Series};

use crate::{ffi, forms};

/// The array as a series of one chunk.
///
/// # Errors
/// `ComputeError` for an Arrow type that Polars does not have.
pub fn to_series(name: &str, array: &ArrayRef) -> PolarsResult<Series> {
    let chunk = ffi::import_array(&forms::leaving(array)?)?;
    Series::try_from((PlSmallStr::from(name), chunk))
}

/// The series as one array; several chunks are joined first, which copies them but for the bytes of strings.
///
/// # Errors
/// `ComputeError` for a type of Polars that Arrow does not have.
pub fn to_arrow(series: &Series) -> PolarsResult<ArrayRef> {
    let series = series.rechunk();
    let field = to_field(series.name(), series.dtype())?;
    chunk(&series, 0, &field)
}

/// Arrays of one type as a series, each a chunk; an empty series of type `dtype` where there are none.
pub(crate) fn to_chunks(
    name: PlSmallStr,
    dtype: &DataType,
    arrays: impl Iterator<Item = ArrayRef>,
) -> PolarsResult<Series> {
    let chunks = arrays
        .map(|array| ffi::import_array(&forms::leaving(&array)?))
        .collect::<PolarsResult<Vec<_>>>()?;
    if chunks.is_empty() {
        return Ok(Series::new_empty(name, dtype));
    }
    Series::try_from((name, chunks))
}

/// Chunk `index` of a series whose [`to_field`] is `field`.
pub(crate) fn chunk(series: &Series, index: usize, field: &Field) -> PolarsResult<ArrayRef> {
    let array = series.to_arrow(index, CompatLevel::newest());
    if *series.dtype() == DataType::Null {
        // Polars gives it a buffer, and Arrow takes none.
        return Ok(Arc::new(NullArray::new(array.len())));
    }
    let array = ffi::export_array(array)?;
    forms::arriving(array, field.data_type())
}

/// The Polars type of an Arrow field.
pub(crate) fn to_dtype(field: &Field) -> PolarsResult<DataType> {
    let imported = ffi::import_field(&forms::leaving_field(field))?;
    Ok(DataType::from_arrow_field(&imported))
}

/// The Arrow field of a Polars column.
pub(crate) fn to_field(name: &PlSmallStr, dtype: &DataType) -> PolarsResult<Field> {
    let field = dtype.to_arrow_field(name.clone(), CompatLevel::newest());
    Ok(forms::arriving_field(ffi::export_field(&field)?))
}
