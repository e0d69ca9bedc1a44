//! From the kinds of values seen to the type of each column.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, Fields, Schema, SchemaRef};

use super::kinds::{Constant, Keys, Kinds, Place, Seen};
use crate::read::{ReadOptions, text};
use crate::spark::{ANNOTATION_FIELDS, ANNOTATOR_TYPE};
use crate::{Error, Result};

/// What a column is to the pipeline.
#[derive(Clone, Copy, PartialEq)]
enum Role {
    /// Any scalar in it is text.
    Text,
    /// Objects in it are maps.
    Map,
    Plain,
}

impl Kinds {
    /// The schema of the rows seen: keys in the order of their first appearance; the text column alone, if there are
    /// none.
    ///
    /// # Errors
    /// [`Error::MixedKinds`]
    pub(in crate::read) fn schema(&self, options: &ReadOptions) -> Result<SchemaRef> {
        if self.rows.entries.is_empty() {
            return Ok(text::schema(options));
        }
        let fields = self.rows.entries.iter().map(|(name, seen)| {
            let role = if options.text_columns.contains(name) {
                Role::Text
            } else if options.map_columns.contains(name) {
                Role::Map
            } else {
                Role::Plain
            };
            let (data_type, annotator) = match annotation(seen) {
                Some((data_type, annotator)) => (data_type, annotator),
                None => (self.data_type(seen, role, name)?, None),
            };
            // A column of strings is the one that documents are views into.
            let data_type = if data_type == DataType::Utf8 {
                DataType::Utf8View
            } else {
                data_type
            };
            let field = Field::new(name, data_type, true);
            Ok(match annotator {
                Some(annotator) => {
                    field.with_metadata([(ANNOTATOR_TYPE.to_owned(), annotator.to_owned())].into())
                }
                None => field,
            })
        });
        Ok(Arc::new(Schema::new(fields.collect::<Result<Vec<_>>>()?)))
    }

    fn data_type(&self, seen: &Seen, role: Role, column: &str) -> Result<DataType> {
        let list = seen.list.as_ref().map(|(place, _)| (*place, "a list"));
        let object = seen.object.as_ref().map(|(place, _)| (*place, "an object"));
        let boolean = seen.boolean.map(|place| (place, "a boolean"));
        let number = match (seen.integer, seen.float) {
            (Some(i), Some(f)) => Some((i.min(f), "a number")),
            (place, None) | (None, place) => place.map(|place| (place, "a number")),
        };
        let string = seen.string.map(|place| (place, "a string"));
        let scalar = [boolean, number, string].into_iter().flatten().min();
        if role == Role::Text {
            self.one_kind([list, object, scalar], column)?;
        } else {
            self.one_kind([list, object, boolean, number, string], column)?;
        }
        Ok(if let Some((_, element)) = &seen.list {
            let role = if role == Role::Text {
                Role::Text
            } else {
                Role::Plain
            };
            list_of(self.data_type(element, role, &format!("{column}[]"))?, true)
        } else if let Some((_, keys)) = &seen.object {
            if role == Role::Map
                || keys
                    .entries
                    .iter()
                    .all(|(_, seen)| seen.is_string_or_null())
            {
                map_of_strings()
            } else {
                let fields = keys.entries.iter().map(|(name, seen)| {
                    let data_type =
                        self.data_type(seen, Role::Plain, &format!("{column}.{name}"))?;
                    Ok(Field::new(name, data_type, true))
                });
                DataType::Struct(fields.collect::<Result<Fields>>()?)
            }
        } else if role == Role::Text || string.is_some() {
            DataType::Utf8
        } else if boolean.is_some() {
            DataType::Boolean
        } else if seen.float.is_some() || (seen.has_large && seen.has_negative) {
            DataType::Float64
        } else if seen.has_large {
            DataType::UInt64
        } else if seen.integer.is_some() {
            DataType::Int64
        } else {
            DataType::Utf8
        })
    }

    /// Refuses values of more than one of these kinds.
    fn one_kind<const N: usize>(
        &self,
        kinds: [Option<(Place, &'static str)>; N],
        column: &str,
    ) -> Result<()> {
        let mut kinds: Vec<_> = kinds.into_iter().flatten().collect();
        kinds.sort_unstable();
        let [(first, first_kind), (other, kind), ..] = kinds[..] else {
            return Ok(());
        };
        Err(Error::MixedKinds {
            path: self.files[other.file].clone(),
            column: column.to_owned(),
            first_kind,
            first_line: first.line,
            first_path: (first.file != other.file).then(|| self.files[first.file].clone()),
            kind,
            line: other.line,
        })
    }
}

impl Seen {
    fn is_string_or_null(&self) -> bool {
        self.list.is_none() && self.object.is_none() && !self.is_number() && self.boolean.is_none()
    }

    fn is_number(&self) -> bool {
        self.integer.is_some() || self.float.is_some()
    }

    fn is_integer(&self) -> bool {
        self.integer.is_some()
            && self.float.is_none()
            && self.string.is_none()
            && self.boolean.is_none()
            && self.list.is_none()
            && self.object.is_none()
    }
}

/// The type of a column of Spark NLP annotations, and their annotator type if all have the same; `None` if the column
/// holds anything else.
fn annotation(seen: &Seen) -> Option<(DataType, Option<&str>)> {
    let (_, element) = seen.list.as_ref()?;
    let (_, keys) = element.object.as_ref()?;
    let is_known = |(name, _): &(String, Seen)| ANNOTATION_FIELDS.contains(&name.as_str());
    let is_annotation = keys.entries.iter().all(is_known)
        && keys.get("annotatorType")?.is_string_or_null()
        && keys.get("result")?.is_string_or_null()
        && keys.get("begin")?.is_integer()
        && keys.get("end")?.is_integer()
        && keys.get("metadata").is_none_or(is_map_or_null)
        && keys.get("embeddings").is_none_or(is_vector_or_null)
        && !element.is_number()
        && element.string.is_none()
        && element.boolean.is_none()
        && element.list.is_none();
    let annotator = match &keys.get("annotatorType")?.constant {
        Constant::One(one) => Some(one.as_str()),
        Constant::Unseen | Constant::Several => None,
    };
    is_annotation.then(|| (list_of(annotation_type(), true), annotator))
}

fn is_map_or_null(seen: &Seen) -> bool {
    seen.list.is_none()
        && seen.string.is_none()
        && !seen.is_number()
        && seen.boolean.is_none()
        && seen
            .object
            .as_ref()
            .is_none_or(|(_, keys): &(Place, Keys)| {
                keys.entries
                    .iter()
                    .all(|(_, value)| value.is_string_or_null())
            })
}

fn is_vector_or_null(seen: &Seen) -> bool {
    let is_numbers = |(_, element): &(Place, Box<Seen>)| {
        element.string.is_none()
            && element.boolean.is_none()
            && element.list.is_none()
            && element.object.is_none()
    };
    seen.object.is_none()
        && seen.string.is_none()
        && !seen.is_number()
        && seen.boolean.is_none()
        && seen.list.as_ref().is_none_or(is_numbers)
}

/// Spark NLP's annotation struct, with Spark's nullability.
fn annotation_type() -> DataType {
    let [annotator, begin, end, result, metadata, embeddings] = ANNOTATION_FIELDS;
    DataType::Struct(Fields::from(vec![
        Field::new(annotator, DataType::Utf8, true),
        Field::new(begin, DataType::Int32, false),
        Field::new(end, DataType::Int32, false),
        Field::new(result, DataType::Utf8, true),
        Field::new(metadata, map_of_strings(), true),
        Field::new(embeddings, list_of(DataType::Float32, false), true),
    ]))
}

/// A list whose element has the name that Parquet and Spark give it.
fn list_of(element: DataType, nullable: bool) -> DataType {
    DataType::List(Arc::new(Field::new("element", element, nullable)))
}

/// A map from string to nullable string, with Parquet's and Spark's names.
fn map_of_strings() -> DataType {
    let entries: Vec<FieldRef> = vec![
        Arc::new(Field::new("key", DataType::Utf8, false)),
        Arc::new(Field::new("value", DataType::Utf8, true)),
    ];
    let entries = Field::new("key_value", DataType::Struct(entries.into()), false);
    DataType::Map(Arc::new(entries), false)
}
