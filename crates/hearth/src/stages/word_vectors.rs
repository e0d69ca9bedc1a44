//! The vectors of a `word_embeddings` column.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::buffer::NullBuffer;
use arrow::datatypes::Float32Type;

use crate::annotation::Annotations;
use crate::{Error, Result};

/// A `word_embeddings` column, opened for its vectors.
pub(super) struct WordVectors<'a> {
    annotations: Annotations<'a>,
    nulls: Option<&'a NullBuffer>,
    values: &'a [f32],
    dimension: usize,
}

impl<'a> WordVectors<'a> {
    /// Opens a column; `name` is for the error.
    pub(super) fn open(array: &'a ArrayRef, name: &str) -> Result<Self> {
        let annotations = Annotations::open(array, name)?;
        let refuse = || Error::NotAnnotations {
            column: name.to_owned(),
            message: "it has no vectors of Float32".to_owned(),
        };
        let (_, vectors) = annotations.embeddings().ok_or_else(refuse)?;
        let values = vectors.values().as_primitive_opt::<Float32Type>();
        Ok(WordVectors {
            annotations,
            nulls: vectors.nulls(),
            values: values
                .filter(|v| v.null_count() == 0)
                .ok_or_else(refuse)?
                .values(),
            dimension: usize::try_from(vectors.value_length()).unwrap_or(0),
        })
    }

    pub(super) fn annotations(&self) -> &Annotations<'a> {
        &self.annotations
    }

    pub(super) fn dimension(&self) -> usize {
        self.dimension
    }

    /// The vector of annotation `index`, if it has one.
    pub(super) fn get(&self, index: usize) -> Option<&'a [f32]> {
        let there = self.nulls.is_none_or(|nulls| nulls.is_valid(index));
        there.then(|| &self.values[index * self.dimension..(index + 1) * self.dimension])
    }
}
