//! Vectors of tokens to vectors of sentences.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::Schema;
use serde::{Deserialize, Serialize};

use super::PoolingStrategy;
use super::word_vectors::WordVectors;
use crate::Result;
use crate::annotation::{
    AnnotationBuilder, Annotations, AnnotatorType, Origin, Shape, key, labelled, lean_field,
};
use crate::config::{Loading, StageConfig};
use crate::counts::Counts;
use crate::stage::{AnyStage, Bound, Output, Stage, input_columns};

const REQUIRED: [AnnotatorType; 2] = [AnnotatorType::Document, AnnotatorType::WordEmbeddings];

/// A vector for each sentence or document, pooled from those of its tokens (Spark NLP 5.5.3, `SentenceEmbeddings`): of
/// the embeddings whose `sentence` number is the same. A sentence without any has a null vector.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SentenceEmbeddings {
    /// A column of type `document` and one of type `word_embeddings`, in either order.
    pub input_cols: Vec<String>,
    /// The column to make.
    pub output_col: String,
    /// `AVERAGE` or `SUM`, in either case.
    pub pooling_strategy: PoolingStrategy,
    /// A label in the column's metadata, never checked: 100 whatever the vectors are, as in Spark NLP.
    pub dimension: i64,
    /// A label in the column's metadata; that of the embeddings if not set.
    pub storage_ref: Option<String>,
}

impl Default for SentenceEmbeddings {
    fn default() -> Self {
        SentenceEmbeddings {
            input_cols: REQUIRED.map(|kind| kind.name().to_owned()).into(),
            output_col: "sentence_embeddings".to_owned(),
            pooling_strategy: PoolingStrategy::Average,
            dimension: 100,
            storage_ref: None,
        }
    }
}

impl StageConfig for SentenceEmbeddings {
    const TYPE: &'static str = "sentence_embeddings";

    fn load(self, _: &Loading<'_>) -> Result<AnyStage> {
        Ok(AnyStage::Plain(Arc::new(Pooler {
            stage: format!("SentenceEmbeddings_{}", self.output_col),
            config: self,
        })))
    }
}

#[derive(Debug)]
struct Pooler {
    stage: String,
    config: SentenceEmbeddings,
}

/// Positions of the two reads in [`Bound::reads`].
const SENTENCES: usize = 0;
const EMBEDDINGS: usize = 1;

impl Stage for Pooler {
    fn bind(&self, input: &Schema) -> Result<Bound> {
        let reads = input_columns(input, &self.stage, &self.config.input_cols, &REQUIRED)?;
        let embeddings = input.field(reads[EMBEDDINGS]);
        let sentences = input.field(reads[SENTENCES]);
        let shape = Shape {
            dimension: Shape::of(embeddings.data_type()).dimension,
            gaps: true,
            ..Shape::following(sentences)
        };
        let origin = Origin::of(sentences);
        let field = lean_field(
            &self.config.output_col,
            AnnotatorType::SentenceEmbeddings,
            shape,
            &origin,
        );
        let dimension = (key::DIMENSION, self.config.dimension.to_string());
        let own = self.config.storage_ref.as_ref();
        let reference = own.or_else(|| embeddings.metadata().get(key::REF));
        let reference = reference.map(|reference| (key::REF, reference.clone()));
        Ok(Bound {
            reads,
            adds: vec![labelled(&field, [dimension].into_iter().chain(reference))],
            ..Bound::default()
        })
    }

    fn apply(&self, batch: &RecordBatch, at: &Bound, _: &Counts) -> Result<Output> {
        let sentences = Annotations::of(batch, at.reads[SENTENCES])?;
        let vectors = WordVectors::of(batch, at.reads[EMBEDDINGS])?;
        let mut out = AnnotationBuilder::following(&sentences);
        let (mut values, mut present) = (Vec::new(), Vec::new());
        for row in 0..sentences.rows() {
            let of_sentence = vectors.sentences(row);
            for index in sentences.row(row) {
                let span = sentences.span(index);
                out.push(span, index);
                let own = of_sentence
                    .get(&span.sentence)
                    .map_or(&[][..], Vec::as_slice);
                let own = own.iter().filter_map(|&index| vectors.get(index));
                let found = self.config.pooling_strategy.pool(own, &mut values);
                present.push(found);
                // A null vector has values too, which nobody reads.
                values.resize(present.len() * vectors.dimension(), 0.0);
            }
            out.end_row()?;
        }
        let pieces = vec![-1; present.len()];
        Ok(out
            .finish_with_vectors(pieces, values, vectors.value_length(), Some(present))?
            .into())
    }
}
