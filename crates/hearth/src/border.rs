//! From the columns inside to those that leave the process.
//!
//! - [`Layout::Nested`]: one list of structs per annotation column, `begin` and `end` (exclusive) in the unit asked for.
//!   In characters and bytes they are positions in the document, null where the text does not stand there; in UTF-16 they
//!   are Spark NLP's own numbers.
//! - [`Layout::Rows`]: one row per annotation of the last annotation column.
//! - [`Layout::Spark`]: Spark NLP's annotation struct, so that Spark NLP goes on from it.
//!
//! With `keep_original_offsets` ([`crate::stages::DocumentAssembler`]) there are also `original_begin` and
//! `original_end`: positions in the plain text as it was before cleanup, in the unit asked for (UTF-16 too), null where
//! the text does not stand in the document. They stand beside `begin` and `end` in the first two layouts; in the last
//! they are entries of the metadata, in UTF-16 with `original_end` inclusive, and are left out where they would be null.
//! They are found by cleaning the plain text once more.
//!
//! Rows whose text is null are null in the first two, and Spark's empty annotations in the last.

mod nested;
mod offsets;
mod origin;
mod places;
mod rows;
mod spark;

pub(crate) use places::in_original;
pub(crate) use spark::vector_lists;

use std::fmt::{self, Display};
use std::str::FromStr;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::datatypes::{Field, FieldRef, Schema, SchemaRef};

use crate::annotation::AnnotatorType;
use crate::{Error, InputRows, Result};

/// The form of the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// Lean annotation columns.
    Nested(Offsets),
    /// One row per annotation.
    Rows(Offsets),
    /// Spark NLP's structs; offsets are UTF-16 and `end` is inclusive.
    Spark,
}

/// What `begin` and `end` count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Offsets {
    /// Unicode scalar values, as Python counts.
    #[default]
    Char,
    /// Bytes of UTF-8, as Rust and Arrow count.
    Byte,
    /// UTF-16 code units, as the JVM counts.
    Utf16,
}

impl Display for Offsets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Offsets::Char => "char",
            Offsets::Byte => "byte",
            Offsets::Utf16 => "utf16",
        })
    }
}

impl FromStr for Offsets {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "char" => Ok(Offsets::Char),
            "byte" => Ok(Offsets::Byte),
            "utf16" => Ok(Offsets::Utf16),
            _ => Err(format!("'{text}' is none of char, byte, utf16")),
        }
    }
}

/// What leaves the process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Border {
    /// The form.
    pub layout: Layout,
    /// Names of the columns to give, in order; all if `None`.
    pub columns: Option<Vec<String>>,
}

impl Border {
    /// Binds to the schema of a pipeline's output.
    ///
    /// # Errors
    /// [`Error::Parameter`] for a column that is not there, or an input column named as one that the layout adds.
    pub fn bind(&self, schema: &Schema) -> Result<BoundBorder> {
        let table = match self.layout {
            Layout::Rows(offsets) => Some(rows::Rows::bind(schema, offsets)?),
            Layout::Nested(_) | Layout::Spark => None,
        };
        let fields: Vec<FieldRef> = match (&table, self.layout) {
            (Some(rows), _) => rows.fields().to_vec(),
            (None, Layout::Spark) => schema.fields().iter().map(spark::field).collect(),
            (None, Layout::Nested(offsets) | Layout::Rows(offsets)) => schema
                .fields()
                .iter()
                .map(|f| nested::field(f, offsets))
                .collect(),
        };
        let picked = match &self.columns {
            None => (0..fields.len()).collect(),
            Some(names) => names
                .iter()
                .map(|name| position(&fields, name))
                .collect::<Result<Vec<_>>>()?,
        };
        let fields: Vec<FieldRef> = picked.iter().map(|&i| fields[i].clone()).collect();
        Ok(BoundBorder {
            layout: self.layout,
            table,
            picked,
            schema: Arc::new(Schema::new(fields)),
        })
    }
}

fn position(fields: &[FieldRef], name: &str) -> Result<usize> {
    fields.iter().position(|f| f.name() == name).ok_or_else(|| {
        let names: Vec<_> = fields.iter().map(|f| f.name().as_str()).collect();
        Error::Parameter {
            place: "columns".to_owned(),
            message: format!("no column '{name}'; there are {}", names.join(", ")),
        }
    })
}

/// A border bound to a schema.
#[derive(Debug, Clone)]
pub struct BoundBorder {
    layout: Layout,
    table: Option<rows::Rows>,
    picked: Vec<usize>,
    schema: SchemaRef,
}

impl BoundBorder {
    /// The schema that leaves.
    #[must_use]
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Of what comes out, which columns are plain ones of the schema bound, as `from` names these.
    pub(crate) fn passed(&self, from: &[Option<usize>]) -> Vec<Option<usize>> {
        let plain = |&at: &usize| match &self.table {
            Some(table) => from[table.plain(at)?],
            None => from[at],
        };
        self.picked.iter().map(plain).collect()
    }

    /// Turns a batch of the schema bound; `rows` says which rows of the input its rows came from.
    ///
    /// # Errors
    /// [`Error::NotAnnotations`] for a column that lies about its type, Arrow's errors.
    pub fn apply(&self, batch: &RecordBatch, rows: &InputRows) -> Result<RecordBatch> {
        let columns: Vec<ArrayRef> = match &self.table {
            Some(table) => table.apply(batch, rows, &self.picked)?,
            None => self
                .picked
                .iter()
                .map(|&i| self.column(batch, i))
                .collect::<Result<_>>()?,
        };
        let options = arrow::array::RecordBatchOptions::new().with_row_count(match &self.table {
            Some(_) => columns.first().map(|c| c.len()),
            None => Some(batch.num_rows()),
        });
        Ok(RecordBatch::try_new_with_options(
            self.schema.clone(),
            columns,
            &options,
        )?)
    }

    fn column(&self, batch: &RecordBatch, index: usize) -> Result<ArrayRef> {
        let field = batch.schema_ref().field(index);
        let array = batch.column(index);
        match (
            AnnotatorType::of(field).filter(|_| is_lean(field)),
            self.layout,
        ) {
            (None, _) => Ok(array.clone()),
            (Some(kind), Layout::Spark) => spark::column(batch, index, kind),
            (Some(_), Layout::Nested(offsets) | Layout::Rows(offsets)) => {
                nested::column(batch, index, offsets)
            }
        }
    }
}

/// Whether a field is a column of annotations in the form they have inside.
fn is_lean(field: &Field) -> bool {
    AnnotatorType::of(field).is_some() && crate::annotation::is_lean(field.data_type())
}
