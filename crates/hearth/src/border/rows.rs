//! One row per annotation.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch, UInt32Array};
use arrow::compute::take;
use arrow::datatypes::{DataType, Field, FieldRef, Schema};

use super::{Offsets, is_lean, places};
use crate::annotation::{Annotations, AnnotatorType, Shape, key};
use crate::{Error, InputRows, Result};

/// A table of the annotations of one column, with the plain columns repeated beside them.
#[derive(Debug, Clone)]
pub(super) struct Rows {
    offsets: Offsets,
    /// The column whose annotations are the rows.
    column: usize,
    /// Plain columns, which are repeated.
    plain: Vec<usize>,
    fields: Vec<FieldRef>,
}

impl Rows {
    /// Takes the last annotation column: the result of the last stage.
    pub(super) fn bind(schema: &Schema, offsets: Offsets) -> Result<Self> {
        let refuse = |message: String| Error::Parameter {
            place: "layout rows".to_owned(),
            message,
        };
        let column = schema
            .fields()
            .iter()
            .rposition(|f| is_lean(f))
            .ok_or_else(|| {
                refuse("the pipeline makes no annotation column to take rows from".to_owned())
            })?;
        let plain: Vec<usize> = (0..schema.fields().len())
            .filter(|&i| !is_lean(schema.field(i)))
            .collect();
        let mut fields: Vec<FieldRef> = plain.iter().map(|&i| schema.fields()[i].clone()).collect();

        let int = |name: &str| Field::new(name, DataType::Int32, true);
        let counted = [(key::OFFSETS.to_owned(), offsets.to_string())];
        let source = schema.field(column);
        let places = places::fields(source, offsets).into_iter();
        let places = places.map(|(name, _)| int(name).with_metadata(counted.clone().into()));
        let mut added = vec![Field::new("row", DataType::Int64, false), int("sentence")];
        added.extend(places);
        added.push(Field::new("result", DataType::Utf8View, true));
        if let Some(dimension) = Shape::of(source.data_type()).dimension {
            if AnnotatorType::of(source) != Some(AnnotatorType::SentenceEmbeddings) {
                added.push(int("piece_id"));
            }
            let vector = Field::new("vector", crate::annotation::vector_type(dimension), true);
            let labels = [key::DIMENSION, key::REF].into_iter();
            let labels =
                labels.filter_map(|k| Some((k.to_owned(), source.metadata().get(k)?.clone())));
            added.push(vector.with_metadata(labels.collect()));
        }
        for field in added {
            if fields.iter().any(|f| f.name() == field.name()) {
                return Err(refuse(format!(
                    "the input has a column '{0}', which this layout adds; rename it or use the nested layout",
                    field.name()
                )));
            }
            fields.push(Arc::new(field));
        }
        Ok(Rows {
            offsets,
            column,
            plain,
            fields,
        })
    }

    pub(super) fn fields(&self) -> &[FieldRef] {
        &self.fields
    }

    /// The column that stands at a position of [`Rows::fields`] as it was.
    pub(super) fn plain(&self, at: usize) -> Option<usize> {
        self.plain.get(at).copied()
    }

    /// The columns at the positions `picked` of [`Rows::fields`].
    pub(super) fn apply(
        &self,
        batch: &RecordBatch,
        input: &InputRows,
        picked: &[usize],
    ) -> Result<Vec<ArrayRef>> {
        let annotations = Annotations::of(batch, self.column)?;
        let mut rows = Vec::new();
        // Null for a row without annotations, which gives one row of nulls.
        let mut items: Vec<Option<u32>> = Vec::new();
        for row in 0..annotations.rows() {
            let range = annotations.row(row);
            let n = range.len().max(1);
            rows.extend(std::iter::repeat_n(index(row)?, n));
            match range.is_empty() {
                true => items.push(None),
                false => items.extend(
                    range
                        .map(|i| index(i).map(Some))
                        .collect::<Result<Vec<_>>>()?,
                ),
            }
        }
        let (rows, items) = (UInt32Array::from(rows), UInt32Array::from(items));
        let values = annotations.list().values().as_struct();
        let places = places::columns(batch, self.column, self.offsets)?;
        let make = |position: &usize| -> Result<ArrayRef> {
            let field = &self.fields[*position];
            if let Some(&plain) = self.plain.get(*position) {
                return Ok(take(batch.column(plain), &rows, None)?);
            }
            let place = places.iter().find(|(name, _)| name == field.name());
            if let Some((_, place)) = place {
                return Ok(take(place, &items, None)?);
            }
            Ok(match field.name().as_str() {
                "row" => {
                    let number = |&row: &u32| i64::try_from(input.number(row as usize));
                    let numbers = rows.values().iter().map(number);
                    Arc::new(
                        numbers
                            .map(|n| n.unwrap_or(i64::MAX))
                            .collect::<Int64Array>(),
                    )
                }
                name => {
                    let missing = || Error::NotAnnotations {
                        column: name.to_owned(),
                        message: "no such field".to_owned(),
                    };
                    take(
                        values.column_by_name(name).ok_or_else(missing)?,
                        &items,
                        None,
                    )?
                }
            })
        };
        picked.iter().map(make).collect()
    }
}

fn index(i: usize) -> Result<u32> {
    u32::try_from(i).map_err(|_| Error::TooLarge {
        what: "annotations",
        found: i,
    })
}
