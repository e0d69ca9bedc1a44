//! Decodes lines into the columns of a known schema.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use arrow::array::builder::{
    BooleanBuilder, Float32Builder, Float64Builder, Int32Builder, Int64Builder, StringBuilder,
    StringViewBuilder, UInt64Builder,
};
use arrow::array::{
    ArrayRef, ListArray, MapArray, NullBufferBuilder, RecordBatch, RecordBatchOptions, StructArray,
};
use arrow::buffer::{OffsetBuffer, ScalarBuffer};
use arrow::datatypes::{DataType, FieldRef, Fields, SchemaRef};
use arrow::error::ArrowError;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::Result;
use crate::read::ReadOptions;

/// The columns of a batch in the making.
pub(super) struct Decoder {
    rows: Object,
    told_by: &'static str,
}

impl Decoder {
    pub(super) fn new(schema: &SchemaRef, options: &ReadOptions, told_by: &'static str) -> Self {
        let casts = |name: &String| {
            options.text_columns.contains(name) || options.map_columns.contains(name)
        };
        Self {
            rows: Object::new(schema.fields(), &|name| casts(name)),
            told_by,
        }
    }

    /// Adds a line; an error comes with the column it arose in.
    pub(super) fn row(&mut self, line: &str) -> Result<(), (Option<String>, serde_json::Error)> {
        let mut json = serde_json::Deserializer::from_str(line);
        let row = Row {
            rows: &mut self.rows,
            told_by: self.told_by,
        };
        row.deserialize(&mut json)
            .and_then(|()| json.end())
            .map_err(|e| {
                let column = self
                    .rows
                    .current
                    .map(|n| self.rows.fields[n].name().clone());
                (column, e)
            })
    }

    pub(super) fn finish(
        self,
        schema: &SchemaRef,
        n_rows: usize,
    ) -> Result<RecordBatch, ArrowError> {
        let columns = self
            .rows
            .columns
            .into_iter()
            .map(Column::finish)
            .collect::<Result<_, _>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(n_rows));
        RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options)
    }
}

/// A column in the making. `casts`: any scalar is taken as text.
enum Column {
    Boolean(BooleanBuilder),
    Int32(Int32Builder),
    Int64(Int64Builder),
    UInt64(UInt64Builder),
    Float32(Float32Builder),
    Float64(Float64Builder),
    String {
        values: StringBuilder,
        casts: bool,
    },
    View {
        values: StringViewBuilder,
        casts: bool,
    },
    List(List),
    Map(Map),
    Struct {
        object: Object,
        valid: NullBufferBuilder,
    },
}

struct List {
    field: FieldRef,
    offsets: Vec<i32>,
    valid: NullBufferBuilder,
    values: Box<Column>,
}

struct Map {
    entries: FieldRef,
    fields: Fields,
    offsets: Vec<i32>,
    valid: NullBufferBuilder,
    keys: StringBuilder,
    values: Box<Column>,
}

/// The fields of a struct, or of the rows.
struct Object {
    fields: Fields,
    index: HashMap<String, usize>,
    columns: Vec<Column>,
    /// For each field, the number of the last object that had it.
    last: Vec<u64>,
    n_objects: u64,
    /// The field being decoded.
    current: Option<usize>,
}

impl Column {
    fn new(data_type: &DataType, casts: bool) -> Self {
        let never = |_: &String| false;
        match data_type {
            DataType::Boolean => Self::Boolean(BooleanBuilder::with_capacity(0)),
            DataType::Int32 => Self::Int32(Int32Builder::with_capacity(0)),
            DataType::Int64 => Self::Int64(Int64Builder::with_capacity(0)),
            DataType::UInt64 => Self::UInt64(UInt64Builder::with_capacity(0)),
            DataType::Float32 => Self::Float32(Float32Builder::with_capacity(0)),
            DataType::Float64 => Self::Float64(Float64Builder::with_capacity(0)),
            DataType::Utf8View => Self::View {
                values: StringViewBuilder::with_capacity(0),
                casts,
            },
            DataType::List(field) => Self::List(List {
                field: Arc::clone(field),
                offsets: vec![0],
                valid: NullBufferBuilder::new(0),
                values: Box::new(Self::new(field.data_type(), casts)),
            }),
            DataType::Map(entries, _) => {
                let fields = match entries.data_type() {
                    DataType::Struct(fields) => fields.clone(),
                    _ => Fields::empty(),
                };
                let value = fields.get(1).map_or(&DataType::Utf8, |f| f.data_type());
                Self::Map(Map {
                    entries: Arc::clone(entries),
                    values: Box::new(Self::new(value, casts)),
                    fields,
                    offsets: vec![0],
                    valid: NullBufferBuilder::new(0),
                    keys: StringBuilder::with_capacity(0, 0),
                })
            }
            DataType::Struct(fields) => Self::Struct {
                object: Object::new(fields, &never),
                valid: NullBufferBuilder::new(0),
            },
            // The types are those of `types.rs`; a string column is what is left of them.
            _ => Self::String {
                values: StringBuilder::with_capacity(0, 0),
                casts,
            },
        }
    }

    fn push_null(&mut self) {
        match self {
            Self::Boolean(values) => values.append_null(),
            Self::Int32(values) => values.append_null(),
            Self::Int64(values) => values.append_null(),
            Self::UInt64(values) => values.append_null(),
            Self::Float32(values) => values.append_null(),
            Self::Float64(values) => values.append_null(),
            Self::String { values, .. } => values.append_null(),
            Self::View { values, .. } => values.append_null(),
            Self::List(list) => {
                list.offsets.push(list.offsets[list.offsets.len() - 1]);
                list.valid.append_null();
            }
            Self::Map(map) => {
                map.offsets.push(map.offsets[map.offsets.len() - 1]);
                map.valid.append_null();
            }
            Self::Struct { object, valid } => {
                object.columns.iter_mut().for_each(Self::push_null);
                valid.append_null();
            }
        }
    }

    fn finish(self) -> Result<ArrayRef, ArrowError> {
        Ok(match self {
            Self::Boolean(mut values) => Arc::new(values.finish()),
            Self::Int32(mut values) => Arc::new(values.finish()),
            Self::Int64(mut values) => Arc::new(values.finish()),
            Self::UInt64(mut values) => Arc::new(values.finish()),
            Self::Float32(mut values) => Arc::new(values.finish()),
            Self::Float64(mut values) => Arc::new(values.finish()),
            Self::String { mut values, .. } => Arc::new(values.finish()),
            Self::View { mut values, .. } => Arc::new(values.finish()),
            Self::List(List {
                field,
                offsets,
                mut valid,
                values,
            }) => {
                let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
                Arc::new(ListArray::try_new(
                    field,
                    offsets,
                    values.finish()?,
                    valid.finish(),
                )?)
            }
            Self::Map(Map {
                entries,
                fields,
                offsets,
                mut valid,
                mut keys,
                values,
            }) => {
                let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
                let pairs = vec![Arc::new(keys.finish()) as ArrayRef, values.finish()?];
                let pairs = StructArray::try_new(fields, pairs, None)?;
                Arc::new(MapArray::try_new(
                    entries,
                    offsets,
                    pairs,
                    valid.finish(),
                    false,
                )?)
            }
            Self::Struct { object, mut valid } => {
                let columns = object
                    .columns
                    .into_iter()
                    .map(Self::finish)
                    .collect::<Result<_, _>>()?;
                Arc::new(StructArray::try_new(
                    object.fields,
                    columns,
                    valid.finish(),
                )?)
            }
        })
    }
}

impl Object {
    fn new(fields: &Fields, casts: &dyn Fn(&String) -> bool) -> Self {
        Self {
            index: fields
                .iter()
                .enumerate()
                .map(|(n, field)| (field.name().clone(), n))
                .collect(),
            columns: fields
                .iter()
                .map(|field| Column::new(field.data_type(), casts(field.name())))
                .collect(),
            last: vec![0; fields.len()],
            fields: fields.clone(),
            n_objects: 0,
            current: None,
        }
    }

    /// Adds an object; what it lacks is null.
    fn push<'de, A: MapAccess<'de>>(
        &mut self,
        mut map: A,
        told_by: &'static str,
    ) -> Result<(), A::Error> {
        self.n_objects += 1;
        self.current = None;
        let mut guess = 0;
        while let Some(n) = map.next_key_seed(Key {
            object: self,
            guess,
            told_by,
        })? {
            self.current = Some(n);
            if std::mem::replace(&mut self.last[n], self.n_objects) == self.n_objects {
                return Err(A::Error::custom("the key occurs twice in one object"));
            }
            let nullable = self.fields[n].is_nullable();
            map.next_value_seed(Value {
                column: &mut self.columns[n],
                nullable,
                told_by,
            })?;
            self.current = None;
            guess = n + 1;
        }
        for (n, column) in self.columns.iter_mut().enumerate() {
            if self.last[n] != self.n_objects {
                if !self.fields[n].is_nullable() {
                    let name = self.fields[n].name();
                    return Err(A::Error::custom(format_args!("key \"{name}\" is missing")));
                }
                column.push_null();
            }
        }
        Ok(())
    }
}

struct Row<'a> {
    rows: &'a mut Object,
    told_by: &'static str,
}

impl<'de> DeserializeSeed<'de> for Row<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Row<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object per line")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        self.rows.push(map, self.told_by)
    }
}

struct Key<'a> {
    object: &'a Object,
    guess: usize,
    told_by: &'static str,
}

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = usize;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<usize, D::Error> {
        json.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = usize;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<usize, E> {
        // Keys tend to come in one order.
        if self
            .object
            .fields
            .get(self.guess)
            .is_some_and(|field| field.name() == key)
        {
            return Ok(self.guess);
        }
        self.object
            .index
            .get(key)
            .copied()
            .ok_or_else(|| E::custom(format_args!("key \"{key}\" is not in {}", self.told_by)))
    }
}

struct Value<'a> {
    column: &'a mut Column,
    nullable: bool,
    told_by: &'static str,
}

impl<'de> DeserializeSeed<'de> for Value<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        match self.column {
            // Asked for as f32, a decimal is rounded once, not by way of f64.
            Column::Float32(_) => json.deserialize_option(self),
            _ => json.deserialize_any(self),
        }
    }
}

impl<'de> Visitor<'de> for Value<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.column {
            Column::Boolean(_) => "a boolean",
            Column::Int32(_) => "an integer of 32 bits",
            Column::Int64(_) | Column::UInt64(_) => "an integer",
            Column::Float32(_) | Column::Float64(_) => "a number",
            Column::String { casts: true, .. } | Column::View { casts: true, .. } => {
                "a string or other scalar"
            }
            Column::String { .. } | Column::View { .. } => "a string",
            Column::List(_) => "a list",
            Column::Map(_) | Column::Struct { .. } => "an object",
        })
    }

    fn visit_none<E: Error>(self) -> Result<(), E> {
        self.visit_unit()
    }

    fn visit_some<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_f32(self)
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        if !self.nullable {
            return Err(E::custom(format_args!(
                "null where there must be {}",
                &self as &dyn serde::de::Expected
            )));
        }
        self.column.push_null();
        Ok(())
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        match self.column {
            Column::Boolean(values) => values.append_value(value),
            Column::String {
                values,
                casts: true,
            } => values.append_value(if value { "true" } else { "false" }),
            Column::View {
                values,
                casts: true,
            } => values.append_value(if value { "true" } else { "false" }),
            _ => return Err(E::invalid_type(serde::de::Unexpected::Bool(value), &self)),
        }
        Ok(())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        let unexpected = serde::de::Unexpected::Signed(value);
        match self.column {
            Column::Int32(values) => match i32::try_from(value) {
                Ok(value) => values.append_value(value),
                Err(_) => return Err(E::invalid_value(unexpected, &self)),
            },
            Column::Int64(values) => values.append_value(value),
            Column::Float32(values) => values.append_value(value as f32),
            Column::Float64(values) => values.append_value(value as f64),
            Column::String {
                values,
                casts: true,
            } => values.append_value(value.to_string()),
            Column::View {
                values,
                casts: true,
            } => values.append_value(value.to_string()),
            _ => return Err(E::invalid_type(unexpected, &self)),
        }
        Ok(())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        match (i64::try_from(value), self.column) {
            (_, Column::UInt64(values)) => values.append_value(value),
            (Ok(value), column) => return Value { column, ..self }.visit_i64(value),
            (_, Column::Float32(values)) => values.append_value(value as f32),
            (_, Column::Float64(values)) => values.append_value(value as f64),
            (
                _,
                Column::String {
                    values,
                    casts: true,
                },
            ) => values.append_value(value.to_string()),
            (
                _,
                Column::View {
                    values,
                    casts: true,
                },
            ) => values.append_value(value.to_string()),
            (_, column) => {
                let unexpected = serde::de::Unexpected::Unsigned(value);
                return Err(E::invalid_type(unexpected, &Value { column, ..self }));
            }
        }
        Ok(())
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "a decimal asked for as f32 comes as that f32, widened"
    )]
    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        match self.column {
            Column::Float32(values) => values.append_value(value as f32),
            Column::Float64(values) => values.append_value(value),
            Column::String {
                values,
                casts: true,
            } => values.append_value(java_decimal(value)),
            Column::View {
                values,
                casts: true,
            } => values.append_value(java_decimal(value)),
            _ => return Err(E::invalid_type(serde::de::Unexpected::Float(value), &self)),
        }
        Ok(())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<(), E> {
        match self.column {
            Column::String { values, .. } => values.append_value(value),
            Column::View { values, .. } => values.append_value(value),
            _ => return Err(E::invalid_type(serde::de::Unexpected::Str(value), &self)),
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let Column::List(List {
            field,
            offsets,
            valid,
            values,
        }) = self.column
        else {
            return Err(A::Error::invalid_type(serde::de::Unexpected::Seq, &self));
        };
        let mut end = offsets[offsets.len() - 1];
        while list
            .next_element_seed(Value {
                column: values,
                nullable: field.is_nullable(),
                told_by: self.told_by,
            })?
            .is_some()
        {
            end = end
                .checked_add(1)
                .ok_or_else(|| A::Error::custom("too many elements for one batch"))?;
        }
        offsets.push(end);
        valid.append_non_null();
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        match self.column {
            Column::Struct { object, valid } => {
                object.push(map, self.told_by)?;
                valid.append_non_null();
            }
            Column::Map(Map {
                offsets,
                valid,
                keys,
                values,
                ..
            }) => {
                let mut end = offsets[offsets.len() - 1];
                while map.next_key_seed(MapKey(keys))?.is_some() {
                    map.next_value_seed(Value {
                        column: values,
                        nullable: true,
                        told_by: self.told_by,
                    })?;
                    end = end
                        .checked_add(1)
                        .ok_or_else(|| A::Error::custom("too many keys for one batch"))?;
                }
                offsets.push(end);
                valid.append_non_null();
            }
            _ => return Err(A::Error::invalid_type(serde::de::Unexpected::Map, &self)),
        }
        Ok(())
    }
}

struct MapKey<'a>(&'a mut StringBuilder);

impl<'de> DeserializeSeed<'de> for MapKey<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_str(self)
    }
}

impl Visitor<'_> for MapKey<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<(), E> {
        self.0.append_value(key);
        Ok(())
    }
}

/// The number as Spark casts a double to a string: Java's `Double.toString`, with the shortest digits.
fn java_decimal(value: f64) -> String {
    if value == 0.0 || (1e-3..1e7).contains(&value.abs()) {
        return format!("{value:?}");
    }
    let text = format!("{value:E}");
    match text.split_once('E') {
        Some((digits, exponent)) if !digits.contains('.') => format!("{digits}.0E{exponent}"),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_as_java_writes_them() {
        for (value, expected) in [
            (1.5, "1.5"),
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (100.0, "100.0"),
            (0.001, "0.001"),
            (0.00099, "9.9E-4"),
            (9999999.5, "9999999.5"),
            (1e7, "1.0E7"),
            (-1.25e-9, "-1.25E-9"),
            (1e300, "1.0E300"),
        ] {
            assert_eq!(java_decimal(value), expected);
        }
    }
}
