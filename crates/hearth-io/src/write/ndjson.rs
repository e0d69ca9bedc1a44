//! NDJSON: one object per row.

use std::ops::Range;

use arrow::array::{
    Array, ArrayAccessor, ArrayRef, AsArray, BooleanArray, GenericListArray, OffsetSizeTrait,
    PrimitiveArray, RecordBatch, StringArray,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::compute::cast;
use arrow::datatypes::{
    ArrowNativeType, ArrowPrimitiveType, DataType, Fields, Float32Type, Float64Type, Int8Type,
    Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow::error::ArrowError;
use serde_json::ser::{CompactFormatter, Formatter};

use super::{Bytes, Failure, Sink};
use crate::at_rest::{formatted, plain};

/// The bytes that are gathered before they are passed on.
const BUFFERED: usize = 1 << 18;

pub(super) struct Ndjson<B> {
    bytes: B,
    buffer: Vec<u8>,
}

impl<B: Bytes> Ndjson<B> {
    pub(super) fn new(bytes: B) -> Self {
        Self {
            bytes,
            buffer: Vec::new(),
        }
    }
}

impl<B: Bytes> Sink for Ndjson<B> {
    fn write(&mut self, batch: &RecordBatch) -> Result<(), Failure> {
        let rows = Object::new(batch.schema_ref().fields(), batch.columns())?;
        for row in 0..batch.num_rows() {
            rows.value(row, &mut self.buffer)?;
            self.buffer.push(b'\n');
            if self.buffer.len() >= BUFFERED {
                self.bytes.write_all(&self.buffer)?;
                self.buffer.clear();
            }
        }
        self.bytes.write_all(&self.buffer)?;
        self.buffer.clear();
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<u64, Failure> {
        self.bytes.close()
    }
}

/// Values that are not null, as JSON.
trait Encode {
    fn value(&self, row: usize, out: &mut Vec<u8>) -> Result<(), ArrowError>;

    /// A list of them.
    fn list(&self, rows: Range<usize>, out: &mut Vec<u8>) -> Result<(), ArrowError> {
        out.push(b'[');
        for row in rows.clone() {
            if row > rows.start {
                out.push(b',');
            }
            self.value(row, out)?;
        }
        out.push(b']');
        Ok(())
    }
}

/// Values of any column.
struct Values {
    nulls: Option<NullBuffer>,
    encode: Box<dyn Encode>,
}

impl Values {
    fn new(array: &ArrayRef) -> Result<Self, ArrowError> {
        let array = &plain(array)?;
        let encode: Box<dyn Encode> = match array.data_type() {
            DataType::Boolean => Box::new(array.as_boolean().clone()),
            DataType::Int8 => Box::new(array.as_primitive::<Int8Type>().clone()),
            DataType::Int16 => Box::new(array.as_primitive::<Int16Type>().clone()),
            DataType::Int32 => Box::new(array.as_primitive::<Int32Type>().clone()),
            DataType::Int64 => Box::new(array.as_primitive::<Int64Type>().clone()),
            DataType::UInt8 => Box::new(array.as_primitive::<UInt8Type>().clone()),
            DataType::UInt16 => Box::new(array.as_primitive::<UInt16Type>().clone()),
            DataType::UInt32 => Box::new(array.as_primitive::<UInt32Type>().clone()),
            DataType::UInt64 => Box::new(array.as_primitive::<UInt64Type>().clone()),
            DataType::Float16 => Self::new(&cast(array, &DataType::Float32)?)?.encode,
            DataType::Float32 => Box::new(array.as_primitive::<Float32Type>().clone()),
            DataType::Float64 => Box::new(array.as_primitive::<Float64Type>().clone()),
            DataType::Utf8 => Box::new(Strings(array.as_string::<i32>().clone())),
            DataType::LargeUtf8 => Box::new(Strings(array.as_string::<i64>().clone())),
            DataType::Utf8View => Box::new(Strings(array.as_string_view().clone())),
            DataType::List(_) => Box::new(List::new(array.as_list::<i32>())?),
            DataType::LargeList(_) => Box::new(List::new(array.as_list::<i64>())?),
            DataType::FixedSizeList(..) => {
                let list = array.as_fixed_size_list();
                let length = usize::try_from(list.value_length()).unwrap_or_default();
                Box::new(FixedSizeList {
                    values: Self::new(list.values())?,
                    length,
                })
            }
            DataType::Struct(fields) => Box::new(Object::new(fields, array.as_struct().columns())?),
            DataType::Map(..) => {
                let map = array.as_map();
                Box::new(Map {
                    offsets: map.offsets().clone(),
                    keys: formatted(map.keys())?,
                    values: Self::new(map.values())?,
                })
            }
            DataType::Decimal32(..)
            | DataType::Decimal64(..)
            | DataType::Decimal128(..)
            | DataType::Decimal256(..) => Box::new(Digits(formatted(array)?)),
            _ => Box::new(Strings(formatted(array)?)),
        };
        Ok(Self {
            nulls: array.logical_nulls(),
            encode,
        })
    }

    fn value(&self, row: usize, out: &mut Vec<u8>) -> Result<(), ArrowError> {
        if self.is_null(row) {
            out.extend_from_slice(b"null");
            return Ok(());
        }
        self.encode.value(row, out)
    }

    fn is_null(&self, row: usize) -> bool {
        self.nulls.as_ref().is_some_and(|nulls| nulls.is_null(row))
    }

    fn list(&self, rows: Range<usize>, out: &mut Vec<u8>) -> Result<(), ArrowError> {
        if self.nulls.is_none() {
            return self.encode.list(rows, out);
        }
        out.push(b'[');
        for row in rows.clone() {
            if row > rows.start {
                out.push(b',');
            }
            self.value(row, out)?;
        }
        out.push(b']');
        Ok(())
    }
}

/// A number as JSON writes it.
trait Number: Copy {
    fn write(self, out: &mut Vec<u8>) -> std::io::Result<()>;
}

macro_rules! number {
    ($($native:ty: $write:ident)*) => {$(
        impl Number for $native {
            fn write(self, out: &mut Vec<u8>) -> std::io::Result<()> {
                CompactFormatter.$write(out, self)
            }
        }
    )*};
}
number! {
    i8: write_i8  i16: write_i16  i32: write_i32  i64: write_i64
    u8: write_u8  u16: write_u16  u32: write_u32  u64: write_u64
}

macro_rules! decimal {
    ($($native:ty: $write:ident)*) => {$(
        impl Number for $native {
            /// The shortest digits that read back as the same number; null where JSON has no number.
            fn write(self, out: &mut Vec<u8>) -> std::io::Result<()> {
                if self.is_finite() {
                    CompactFormatter.$write(out, self)
                } else {
                    CompactFormatter.write_null(out)
                }
            }
        }
    )*};
}
decimal! { f32: write_f32  f64: write_f64 }

impl<T: ArrowPrimitiveType<Native: Number>> Encode for PrimitiveArray<T> {
    fn value(&self, row: usize, out: &mut Vec<u8>) -> Result<(), ArrowError> {
        Ok(self.values()[row].write(out)?)
    }
}

impl Encode for BooleanArray {
    fn value(&self, row: usize, out: &mut Vec<u8>) -> Result<(), ArrowError> {
        out.extend_from_slice(if BooleanArray::value(self, row) {
            b"true"
        } else {
            b"false"
        });
        Ok(())
    }
}

struct Strings<A>(A);

impl<A> Encode for Strings<A>
where
    for<'a> &'a A: ArrayAccessor<Item = &'a str>,
{
    fn value(&self, row: usize, out: &mut Vec<u8>) -> Result<(), ArrowError> {
        write_string((&self.0).value(row), out)
    }
}

/// A JSON string. Characters that some readers take for the end of a line (NEL, U+2028, U+2029) are escaped, so that a
/// row stays a line for everybody.
fn write_string(text: &str, out: &mut Vec<u8>) -> Result<(), ArrowError> {
    let is_line_end = |c: char| matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}');
    let start = out.len();
    serde_json::to_writer(&mut *out, text).map_err(|e| ArrowError::ExternalError(Box::new(e)))?;
    if !text.is_ascii() && text.contains(is_line_end) {
        let written = String::from_utf8_lossy(&out[start..]).into_owned();
        out.truncate(start);
        for c in written.chars() {
            if is_line_end(c) {
                out.extend_from_slice(format!("\\u{:04x}", u32::from(c)).as_bytes());
            } else {
                out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            }
        }
    }
    Ok(())
}

/// Numbers that are text already.
struct Digits(StringArray);

impl Encode for Digits {
    fn value(&self, row: usize, out: &mut Vec<u8>) -> Result<(), ArrowError> {
        out.extend_from_slice(self.0.value(row).as_bytes());
        Ok(())
    }
}

struct List<O: OffsetSizeTrait> {
    offsets: OffsetBuffer<O>,
    values: Values,
}

impl<O: OffsetSizeTrait> List<O> {
    fn new(list: &GenericListArray<O>) -> Result<Self, ArrowError> {
        Ok(Self {
            offsets: list.offsets().clone(),
            values: Values::new(list.values())?,
        })
    }
}

impl<O: OffsetSizeTrait> Encode for List<O> {
    fn value(&self, row: usize, out: &mut Vec<u8>) -> Result<(), ArrowError> {
        self.values.list(
            self.offsets[row].as_usize()..self.offsets[row + 1].as_usize(),
            out,
        )
    }
}

struct FixedSizeList {
    values: Values,
    length: usize,
}

impl Encode for FixedSizeList {
    fn value(&self, row: usize, out: &mut Vec<u8>) -> Result<(), ArrowError> {
        self.values
            .list(row * self.length..(row + 1) * self.length, out)
    }
}

struct Map {
    offsets: OffsetBuffer<i32>,
    keys: StringArray,
    values: Values,
}

impl Encode for Map {
    fn value(&self, row: usize, out: &mut Vec<u8>) -> Result<(), ArrowError> {
        let (start, end) = (
            self.offsets[row].as_usize(),
            self.offsets[row + 1].as_usize(),
        );
        out.push(b'{');
        for entry in start..end {
            if entry > start {
                out.push(b',');
            }
            write_string(self.keys.value(entry), out)?;
            out.push(b':');
            self.values.value(entry, out)?;
        }
        out.push(b'}');
        Ok(())
    }
}

/// A struct, or the rows.
struct Object(Vec<(Vec<u8>, Values)>);

impl Object {
    fn new(fields: &Fields, columns: &[ArrayRef]) -> Result<Self, ArrowError> {
        let entries = fields.iter().zip(columns).map(|(field, column)| {
            let mut key = Vec::new();
            write_string(field.name(), &mut key)?;
            key.push(b':');
            Ok((key, Values::new(column)?))
        });
        entries.collect::<Result<_, ArrowError>>().map(Self)
    }
}

impl Encode for Object {
    fn value(&self, row: usize, out: &mut Vec<u8>) -> Result<(), ArrowError> {
        out.push(b'{');
        for (n, (key, values)) in self.0.iter().enumerate() {
            if n > 0 {
                out.push(b',');
            }
            out.extend_from_slice(key);
            values.value(row, out)?;
        }
        out.push(b'}');
        Ok(())
    }
}
