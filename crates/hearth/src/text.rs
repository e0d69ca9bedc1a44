//! One accessor for text, whatever Arrow type holds it.

use std::fmt::{Debug, LowerExp};
use std::ops::Range;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringViewArray, StringViewBuilder};
use arrow::buffer::NullBuffer;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float32Type, Float64Type};

use crate::{Error, Result};

/// Whether [`text_views`] takes a column of this type.
fn is_text(data_type: &DataType) -> bool {
    match data_type {
        DataType::Utf8
        | DataType::LargeUtf8
        | DataType::Utf8View
        | DataType::Null
        | DataType::Boolean => true,
        DataType::Dictionary(_, values) => {
            matches!(
                values.as_ref(),
                DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View
            )
        }
        other => other.is_integer() || matches!(other, DataType::Float32 | DataType::Float64),
    }
}

/// A text column as string views. Strings keep their buffers where Arrow can share them; each key of a dictionary is
/// kept once. Numbers and booleans are written as Spark's cast writes them. Nulls stay null.
///
/// # Errors
/// [`Error::NotText`] for any other type.
fn text_views(array: &ArrayRef, column: &str, stage: &str) -> Result<StringViewArray> {
    match array.data_type() {
        DataType::Utf8View => Ok(array.as_string_view().clone()),
        DataType::Float32 => Ok(java_numbers(array.as_primitive::<Float32Type>().iter())),
        DataType::Float64 => Ok(java_numbers(array.as_primitive::<Float64Type>().iter())),
        other if is_text(other) => Ok(cast(array, &DataType::Utf8View)?.as_string_view().clone()),
        other => Err(Error::NotText {
            stage: stage.to_owned(),
            column: column.to_owned(),
            found: other.clone(),
        }),
    }
}

/// The texts of a column that has one in each row, or a list of them.
#[derive(Debug)]
pub(crate) struct Texts {
    /// All texts.
    pub(crate) views: StringViewArray,
    lists: Option<Lists>,
}

#[derive(Debug)]
struct Lists {
    /// Texts of row `r` are `offsets[r]..offsets[r + 1]`.
    offsets: Vec<usize>,
    nulls: Option<NullBuffer>,
}

impl Texts {
    /// Whether a column of this type has texts.
    pub(crate) fn takes(data_type: &DataType) -> bool {
        is_text(data_type) || list_item(data_type).is_some_and(is_text)
    }

    /// Whether a column of this type has one text in each row.
    pub(crate) fn takes_scalars(data_type: &DataType) -> bool {
        is_text(data_type)
    }

    /// Whether a column of this type has a list of texts in each row.
    pub(crate) fn takes_lists(data_type: &DataType) -> bool {
        list_item(data_type).is_some_and(is_text)
    }

    /// The texts of a column.
    ///
    /// # Errors
    /// [`Error::NotText`] for a type without texts.
    pub(crate) fn of(array: &ArrayRef, column: &str, stage: &str) -> Result<Self> {
        let (offsets, values) = match array.data_type() {
            DataType::List(_) => {
                let list = array.as_list::<i32>();
                let offsets = list.value_offsets().iter().map(|&i| i.try_into().ok());
                (offsets.collect::<Option<Vec<_>>>(), list.values())
            }
            DataType::LargeList(_) => {
                let list = array.as_list::<i64>();
                let offsets = list.value_offsets().iter().map(|&i| i.try_into().ok());
                (offsets.collect(), list.values())
            }
            _ => {
                return Ok(Texts {
                    views: text_views(array, column, stage)?,
                    lists: None,
                });
            }
        };
        Ok(Texts {
            views: text_views(values, column, stage)?,
            lists: Some(Lists {
                offsets: offsets.unwrap_or_default(),
                nulls: array.nulls().cloned(),
            }),
        })
    }

    /// Indices of a row's texts; `None` for a null list.
    pub(crate) fn row(&self, row: usize) -> Option<Range<usize>> {
        match &self.lists {
            None => Some(row..row + 1),
            Some(lists) if lists.nulls.as_ref().is_some_and(|nulls| nulls.is_null(row)) => None,
            Some(lists) => Some(lists.offsets[row]..lists.offsets[row + 1]),
        }
    }

    /// The text at an index, if it is not null.
    pub(crate) fn get(&self, index: usize) -> Option<&str> {
        self.views.is_valid(index).then(|| self.views.value(index))
    }

    /// The texts of a row.
    pub(crate) fn of_row(&self, row: usize) -> impl Iterator<Item = Option<&str>> {
        self.row(row)
            .unwrap_or_default()
            .map(|index| self.get(index))
    }
}

fn list_item(data_type: &DataType) -> Option<&DataType> {
    match data_type {
        DataType::List(item) | DataType::LargeList(item) => Some(item.data_type()),
        _ => None,
    }
}

/// How large each row of a batch is.
#[derive(Debug)]
pub(crate) struct RowSizes {
    text: Vec<usize>,
    others: Vec<usize>,
    /// Bytes per row of columns that are no strings, on average.
    rest: usize,
}

impl RowSizes {
    /// `text_columns`: those whose text the stages read.
    pub(crate) fn of(batch: &RecordBatch, text_columns: &[usize]) -> Self {
        let rows = batch.num_rows();
        let mut sizes = RowSizes {
            text: vec![0; rows],
            others: vec![0; rows],
            rest: 0,
        };
        for (column, array) in batch.columns().iter().enumerate() {
            match strings(array) {
                Some(lengths) if text_columns.contains(&column) => add(&mut sizes.text, lengths),
                Some(lengths) => add(&mut sizes.others, lengths),
                None => {
                    sizes.rest +=
                        array.to_data().get_slice_memory_size().unwrap_or(0) / rows.max(1);
                }
            }
        }
        sizes
    }

    /// Bytes of a row's text that the stages read.
    pub(crate) fn text(&self, row: usize) -> usize {
        self.text[row]
    }

    /// Bytes of a row, all columns.
    pub(crate) fn all(&self, row: usize) -> usize {
        self.text[row] + self.others[row] + self.rest
    }
}

/// Bytes of each string of a column of strings.
fn strings(array: &ArrayRef) -> Option<Vec<usize>> {
    Some(match array.data_type() {
        DataType::Utf8View => array
            .as_string_view()
            .lengths()
            .map(|n| n as usize)
            .collect(),
        DataType::BinaryView => array
            .as_binary_view()
            .lengths()
            .map(|n| n as usize)
            .collect(),
        DataType::Utf8 => array.as_string::<i32>().offsets().lengths().collect(),
        DataType::LargeUtf8 => array.as_string::<i64>().offsets().lengths().collect(),
        DataType::Dictionary(..) => {
            let dictionary = array.as_any_dictionary();
            let of_value = strings(dictionary.values())?;
            if of_value.is_empty() {
                return Some(vec![0; array.len()]);
            }
            let keys = dictionary.normalized_keys();
            (0..array.len())
                .map(|row| {
                    if array.is_valid(row) {
                        of_value[keys[row]]
                    } else {
                        0
                    }
                })
                .collect()
        }
        data_type if Texts::takes_lists(data_type) => {
            let texts = Texts::of(array, "", "").ok()?;
            let row = |row| texts.of_row(row).flatten().map(str::len).sum();
            (0..array.len()).map(row).collect()
        }
        _ => return None,
    })
}

fn add(sizes: &mut [usize], more: impl IntoIterator<Item = usize>) {
    for (size, n) in sizes.iter_mut().zip(more) {
        *size += n;
    }
}

/// `Double.toString` or `Float.toString` of Java, of each value.
fn java_numbers<T: Float>(values: impl Iterator<Item = Option<T>>) -> StringViewArray {
    let mut out = StringViewBuilder::new();
    for value in values {
        out.append_option(value.map(java_number));
    }
    out.finish()
}

/// What both kinds of floats can do.
pub(crate) trait Float: Copy + Debug + LowerExp + Into<f64> {}
impl Float for f32 {}
impl Float for f64 {}

/// Decimal between 1e-3 and 1e7, scientific outside; the shortest digits that give the same number again.
pub(crate) fn java_number<T: Float>(x: T) -> String {
    let value: f64 = x.into();
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    if value == 0.0 || (1e-3..1e7).contains(&value.abs()) {
        return format!("{x:?}");
    }
    java_scientific(&format!("{x:e}"))
}

/// Rust's scientific form as Java writes it, with a digit after the point.
fn java_scientific(scientific: &str) -> String {
    match scientific.split_once('e') {
        Some((digits, exponent)) if digits.contains('.') => format!("{digits}E{exponent}"),
        Some((digits, exponent)) => format!("{digits}.0E{exponent}"),
        None => scientific.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{BinaryArray, DictionaryArray, Int64Array, LargeStringArray, StringArray};
    use arrow::datatypes::Int32Type;
    use std::sync::Arc;

    fn read(array: ArrayRef) -> Vec<Option<String>> {
        text_views(&array, "text", "s")
            .unwrap()
            .iter()
            .map(|s| s.map(str::to_owned))
            .collect()
    }

    #[test]
    fn every_string_type_reads_the_same() {
        let strings = vec![
            Some("a short one"),
            None,
            Some("one that is longer than twelve bytes"),
            Some(""),
        ];
        let expected: Vec<_> = strings.iter().map(|s| s.map(str::to_owned)).collect();
        assert_eq!(read(Arc::new(StringArray::from(strings.clone()))), expected);
        assert_eq!(
            read(Arc::new(LargeStringArray::from(strings.clone()))),
            expected
        );
        assert_eq!(
            read(Arc::new(StringViewArray::from(strings.clone()))),
            expected
        );
        let dictionary: DictionaryArray<Int32Type> = strings.into_iter().collect();
        assert_eq!(read(Arc::new(dictionary)), expected);
    }

    #[test]
    fn numbers_are_written_as_spark_casts_them() {
        assert_eq!(
            read(Arc::new(Int64Array::from(vec![Some(5), None]))),
            vec![Some("5".to_owned()), None]
        );
        for (value, text) in [
            (1.5, "1.5"),
            (5.0, "5.0"),
            (1e7, "1.0E7"),
            (1.25e-5, "1.25E-5"),
            (-0.001, "-0.001"),
        ] {
            assert_eq!(java_number(value), text);
        }
        for (value, text) in [(0.1f32, "0.1"), (1e10, "1.0E10"), (-0.0, "-0.0")] {
            assert_eq!(java_number(value), text);
        }
    }

    #[test]
    fn binary_is_refused_by_name_and_type() {
        let array: ArrayRef = Arc::new(BinaryArray::from(vec![b"x".as_slice()]));
        let error = text_views(&array, "body", "DocumentAssembler_document")
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("'body' has type Binary")
                && error.contains("DocumentAssembler_document"),
            "{error}"
        );
    }
}
