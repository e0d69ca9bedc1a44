//! The metadata map of annotations.

use std::sync::Arc;

use arrow::array::{MapArray, StringBuilder, StructArray};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, Fields};

use super::{Annotations, metadata_entries};
use crate::{Error, Result};

/// Appends one map after another: the entries of the first, [`end`](MetadataBuilder::end), those of the second.
#[derive(Debug)]
pub struct MetadataBuilder {
    keys: StringBuilder,
    values: StringBuilder,
    ends: Vec<i32>,
}

impl Default for MetadataBuilder {
    fn default() -> Self {
        MetadataBuilder {
            keys: StringBuilder::new(),
            values: StringBuilder::new(),
            ends: vec![0],
        }
    }
}

impl MetadataBuilder {
    /// Appends an entry to the map under way.
    pub fn entry(&mut self, key: &str, value: Option<&str>) {
        self.keys.append_value(key);
        self.values.append_option(value);
    }

    /// Ends the map under way.
    ///
    /// # Errors
    /// [`Error::TooLarge`] past 2^31 entries.
    pub fn end(&mut self) -> Result<()> {
        let entries = self.keys.offsets_slice().len() - 1;
        self.ends
            .push(i32::try_from(entries).map_err(|_| Error::TooLarge {
                what: "metadata",
                found: entries,
            })?);
        Ok(())
    }

    /// The maps, as [`super::metadata_type`].
    ///
    /// # Errors
    /// Arrow's, if the parts do not fit each other.
    pub fn finish(mut self) -> Result<MapArray> {
        let field = metadata_entries();
        let fields = match field.data_type() {
            DataType::Struct(fields) => fields.clone(),
            _ => Fields::empty(),
        };
        let columns = vec![
            Arc::new(self.keys.finish()) as _,
            Arc::new(self.values.finish()) as _,
        ];
        let entries = StructArray::try_new(fields, columns, None)?;
        let offsets = OffsetBuffer::new(self.ends.into());
        Ok(MapArray::try_new(field, offsets, entries, None, false)?)
    }
}

/// Gives the metadata that Spark NLP writes (5.5.3), entry by entry: what was carried; for vectors what is known of the
/// piece; and `sentence`, which wins over a carried one.
pub(crate) struct SparkMetadata {
    number: String,
}

impl SparkMetadata {
    pub(crate) fn new() -> Self {
        SparkMetadata {
            number: String::new(),
        }
    }

    pub(crate) fn of(
        &mut self,
        annotations: &Annotations<'_>,
        index: usize,
        mut entry: impl FnMut(&str, Option<&str>),
    ) {
        for (key, value) in annotations.metadata(index) {
            entry(key, value);
        }
        entry(
            "sentence",
            Some(self.decimal(annotations.span(index).sentence)),
        );
        if let Some((pieces, _)) = annotations.embeddings() {
            entry("token", Some(annotations.result(index)));
            entry("pieceId", Some(self.decimal(pieces[index])));
            entry("isWordStart", Some("true"));
            // Pooled vectors belong to no piece, and have no word to be out of the vocabulary.
            if pieces[index] >= 0 {
                entry("isOOV", Some("false"));
            }
        }
    }

    fn decimal(&mut self, n: i32) -> &str {
        use std::fmt::Write;
        self.number.clear();
        // Writing to a string does not fail.
        let _ = write!(self.number, "{n}");
        &self.number
    }
}
