//! Batches as they are fit to be written: their true size, cut to pieces, and without what they only refer to.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, FixedSizeListArray, GenericListArray, MapArray, OffsetSizeTrait,
    RecordBatch, RecordBatchOptions, StringArray, StructArray,
};
use arrow::buffer::OffsetBuffer;
use arrow::compute::cast;
use arrow::datatypes::{ByteViewType, DataType, Field, FieldRef, Fields, Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::util::display::{ArrayFormatter, FormatOptions};

/// The bytes that the rows of the batch need, whatever the size of the buffers they lie in.
pub(crate) fn size(batch: &RecordBatch) -> usize {
    batch
        .columns()
        .iter()
        .map(|column| array_size(column))
        .sum()
}

fn array_size(array: &dyn Array) -> usize {
    let n = array.len();
    match array.data_type() {
        DataType::Utf8View => view_size(array.as_string_view()),
        DataType::BinaryView => view_size(array.as_binary_view()),
        DataType::List(_) => list_size(array.as_list::<i32>()),
        DataType::LargeList(_) => list_size(array.as_list::<i64>()),
        DataType::FixedSizeList(..) => array_size(array.as_fixed_size_list().values()),
        DataType::Map(..) => {
            let map = array.as_map();
            4 * n + between(map.entries(), map.offsets())
        }
        DataType::Struct(_) => array
            .as_struct()
            .columns()
            .iter()
            .map(|c| array_size(c))
            .sum(),
        DataType::Dictionary(..) => {
            let dictionary = array.as_any_dictionary();
            array_size(dictionary.keys()) + array_size(dictionary.values())
        }
        data_type => match data_type.primitive_width() {
            Some(width) => n * width,
            None => array.to_data().get_slice_memory_size().unwrap_or_default(),
        },
    }
}

fn view_size<T: ByteViewType>(array: &arrow::array::GenericByteViewArray<T>) -> usize {
    array.lengths().map(|length| 16 + length as usize).sum()
}

fn list_size<O: OffsetSizeTrait>(list: &GenericListArray<O>) -> usize {
    size_of::<O>() * list.len() + between(list.values(), list.offsets())
}

/// The size of the values that a list refers to.
fn between<O: OffsetSizeTrait>(values: &dyn Array, offsets: &OffsetBuffer<O>) -> usize {
    let (start, end) = (offsets[0].as_usize(), offsets[offsets.len() - 1].as_usize());
    array_size(&values.slice(start, end - start))
}

/// The batch in pieces of about `piece_bytes` of its `bytes`, and of `piece_rows` at most.
pub(crate) fn pieces(
    batch: &RecordBatch,
    bytes: usize,
    piece_bytes: usize,
    piece_rows: usize,
) -> impl Iterator<Item = RecordBatch> {
    let n_rows = batch.num_rows();
    let row_bytes = bytes.div_ceil(n_rows.max(1)).max(1);
    let step = (piece_bytes / row_bytes).clamp(1, piece_rows.max(1));
    (0..n_rows)
        .step_by(step)
        .map(move |start| batch.slice(start, step.min(n_rows - start)))
}

/// The schema of [`compact`] batches.
pub(crate) fn compact_schema(schema: &Schema) -> SchemaRef {
    let fields: Fields = schema.fields().iter().map(compact_field).collect();
    Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone()))
}

fn compact_field(field: &FieldRef) -> FieldRef {
    let data_type = match field.data_type() {
        DataType::Dictionary(_, value) => value.as_ref().clone(),
        DataType::List(element) => DataType::List(compact_field(element)),
        DataType::LargeList(element) => DataType::LargeList(compact_field(element)),
        DataType::FixedSizeList(element, n) => DataType::FixedSizeList(compact_field(element), *n),
        DataType::Map(entries, sorted) => DataType::Map(compact_field(entries), *sorted),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(compact_field).collect()),
        _ => return Arc::clone(field),
    };
    Arc::new(Field::clone(field).with_data_type(data_type))
}

/// The batch with views that hold their own rows only, and dictionaries as plain values: an Arrow file writes whole
/// buffers, and may not change a dictionary from one batch to the next.
pub(crate) fn compact(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, ArrowError> {
    let columns = batch
        .columns()
        .iter()
        .map(compact_array)
        .collect::<Result<_, _>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options)
}

fn compact_array(array: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    Ok(match array.data_type() {
        DataType::Utf8View => Arc::new(array.as_string_view().gc()),
        DataType::BinaryView => Arc::new(array.as_binary_view().gc()),
        DataType::Dictionary(_, value) => cast(array, value)?,
        DataType::List(element) => compact_list(array.as_list::<i32>(), element)?,
        DataType::LargeList(element) => compact_list(array.as_list::<i64>(), element)?,
        DataType::FixedSizeList(element, n) => {
            let list = array.as_fixed_size_list();
            let values = compact_array(list.values())?;
            let nulls = list.nulls().cloned();
            Arc::new(FixedSizeListArray::try_new_with_length(
                compact_field(element),
                *n,
                values,
                nulls,
                list.len(),
            )?)
        }
        DataType::Map(entries, sorted) => {
            let map = array.as_map();
            let (offsets, start, length) = rebased(map.offsets());
            let pairs: ArrayRef = Arc::new(map.entries().slice(start, length));
            let pairs = compact_array(&pairs)?.as_struct().clone();
            let nulls = map.nulls().cloned();
            Arc::new(MapArray::try_new(
                compact_field(entries),
                offsets,
                pairs,
                nulls,
                *sorted,
            )?)
        }
        DataType::Struct(fields) => {
            let columns = array
                .as_struct()
                .columns()
                .iter()
                .map(compact_array)
                .collect::<Result<_, _>>()?;
            let fields = fields.iter().map(compact_field).collect();
            Arc::new(StructArray::try_new_with_length(
                fields,
                columns,
                array.nulls().cloned(),
                array.len(),
            )?)
        }
        _ => Arc::clone(array),
    })
}

fn compact_list<O: OffsetSizeTrait>(
    list: &GenericListArray<O>,
    element: &FieldRef,
) -> Result<ArrayRef, ArrowError> {
    let (offsets, start, length) = rebased(list.offsets());
    let values = compact_array(&list.values().slice(start, length))?;
    let nulls = list.nulls().cloned();
    Ok(Arc::new(GenericListArray::<O>::try_new(
        compact_field(element),
        offsets,
        values,
        nulls,
    )?))
}

/// The offsets counted from the first one; where that is, and how many values they span.
fn rebased<O: OffsetSizeTrait>(offsets: &OffsetBuffer<O>) -> (OffsetBuffer<O>, usize, usize) {
    let (start, end) = (offsets[0].as_usize(), offsets[offsets.len() - 1].as_usize());
    (
        OffsetBuffer::from_lengths(offsets.lengths()),
        start,
        end - start,
    )
}

/// The array without its dictionary, and with times of any zone in UTC, which needs no tables of zones to print.
pub(crate) fn plain(array: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    match array.data_type() {
        DataType::Dictionary(_, value) => plain(&cast(array, value)?),
        DataType::Timestamp(unit, Some(_)) => {
            cast(array, &DataType::Timestamp(*unit, Some("+00:00".into())))
        }
        _ => Ok(Arc::clone(array)),
    }
}

/// The values as text: ISO 8601 for times, hexadecimal digits for bytes.
///
/// # Errors
/// A time that the calendar does not have.
pub(crate) fn formatted(array: &ArrayRef) -> Result<StringArray, ArrowError> {
    let array = plain(array)?;
    let options = FormatOptions::new().with_display_error(false);
    let formatter = ArrayFormatter::try_new(&array, &options)?;
    let text = |row| {
        (!array.is_null(row))
            .then(|| formatter.value(row).try_to_string())
            .transpose()
    };
    (0..array.len()).map(text).collect()
}
