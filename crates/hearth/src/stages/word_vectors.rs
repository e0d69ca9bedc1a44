//! The vectors of a `word_embeddings` column.

use std::collections::BTreeMap;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::buffer::NullBuffer;
use arrow::datatypes::Float32Type;

use crate::annotation::Annotations;
use crate::{Error, Result};

/// A `word_embeddings` column, opened for its vectors.
pub(super) struct WordVectors<'a> {
    annotations: Annotations<'a>,
    nulls: Option<&'a NullBuffer>,
    values: &'a [f32],
    value_length: i32,
    dimension: usize,
}

impl<'a> WordVectors<'a> {
    /// Opens column `column` of a batch.
    pub(super) fn of(batch: &'a RecordBatch, column: usize) -> Result<Self> {
        let annotations = Annotations::of(batch, column)?;
        let refuse = || Error::NotAnnotations {
            column: batch.schema_ref().field(column).name().clone(),
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
            value_length: vectors.value_length(),
            dimension: usize::try_from(vectors.value_length()).unwrap_or(0),
        })
    }

    /// The annotations of a row by their `sentence` number, each sentence's in order.
    pub(super) fn sentences(&self, row: usize) -> BTreeMap<i32, Vec<usize>> {
        let mut sentences: BTreeMap<i32, Vec<usize>> = BTreeMap::new();
        for index in self.annotations.row(row) {
            let number = self.annotations.span(index).sentence;
            sentences.entry(number).or_default().push(index);
        }
        sentences
    }

    pub(super) fn annotations(&self) -> &Annotations<'a> {
        &self.annotations
    }

    /// Values of a vector.
    pub(super) fn dimension(&self) -> usize {
        self.dimension
    }

    /// Values of a vector, as Arrow counts them.
    pub(super) fn value_length(&self) -> i32 {
        self.value_length
    }

    /// The vector of annotation `index`, if it has one.
    pub(super) fn get(&self, index: usize) -> Option<&'a [f32]> {
        let there = self.nulls.is_none_or(|nulls| nulls.is_valid(index));
        there.then(|| &self.values[index * self.dimension..(index + 1) * self.dimension])
    }
}
