//! Where the text of an annotation column is found at the border.

use arrow::array::{Array, ArrayRef, RecordBatch};
use arrow::buffer::NullBuffer;

use crate::Result;
use crate::annotation::{Annotations, AnnotatorType, Origin, key};
use crate::text::Texts;

/// The documents that an annotation column's `at` counts in, row by row.
pub(super) enum Documents<'a> {
    /// A document column, whose annotations are whole documents.
    Column(Annotations<'a>),
    /// The plain text column, where the document column is gone or overwritten.
    Text(Texts),
    /// Neither is there, or the text was cleaned up since.
    Gone,
}

impl<'a> Documents<'a> {
    pub(super) fn of(batch: &'a RecordBatch, column: usize) -> Result<Self> {
        let schema = batch.schema_ref();
        let origin = Origin::of(schema.field(column));
        if let Some((index, field)) = origin
            .document
            .as_deref()
            .and_then(|name| schema.column_with_name(name))
            && field.metadata().get(key::WHOLE).is_some()
            && AnnotatorType::of(field) == Some(AnnotatorType::Document)
        {
            return Ok(Documents::Column(Annotations::open(
                batch.column(index),
                field.name(),
            )?));
        }
        Ok(match originals(batch, &origin)? {
            Some(texts) if !origin.cleaned => Documents::Text(texts),
            _ => Documents::Gone,
        })
    }

    /// The texts of a row's documents, for [`crate::annotation::Span::document`] to choose from.
    pub(super) fn texts(&self, row: usize) -> Vec<&str> {
        match self {
            Documents::Column(annotations) => annotations
                .row(row)
                .map(|index| annotations.result(index))
                .collect(),
            Documents::Text(texts) => texts.of_row(row).flatten().collect(),
            Documents::Gone => Vec::new(),
        }
    }
}

/// The plain texts that a column's documents were made of, row by row; `None` where they are gone.
pub(super) fn originals(batch: &RecordBatch, origin: &Origin) -> Result<Option<Texts>> {
    match plain_text(batch, origin) {
        Some(array) if Texts::takes(array.data_type()) => {
            Texts::of(array, "text", "the border").map(Some)
        }
        _ => Ok(None),
    }
}

fn plain_text<'a>(batch: &'a RecordBatch, origin: &Origin) -> Option<&'a ArrayRef> {
    let (index, field) = batch
        .schema_ref()
        .column_with_name(origin.text.as_deref()?)?;
    AnnotatorType::of(field)
        .is_none()
        .then(|| batch.column(index))
}

/// Validity of the text a column came from, where that is still there.
pub(super) fn text_validity(batch: &RecordBatch, column: usize) -> Option<NullBuffer> {
    plain_text(batch, &Origin::of(batch.schema_ref().field(column)))?.logical_nulls()
}
