//! Vectors of tokens to vectors of chunks.

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

const REQUIRED: [AnnotatorType; 2] = [AnnotatorType::Chunk, AnnotatorType::WordEmbeddings];

/// A vector for each chunk, pooled from those of the tokens inside it (Spark NLP 5.5.3, `ChunkEmbeddings`).
///
/// As in Spark NLP, tokens are looked for in one sentence only: the chunk's `sentence` number counts the sentences of
/// the row that have vectors. Chunks without a token there are dropped.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ChunkEmbeddings {
    /// A column of type `chunk` and one of type `word_embeddings`, in either order.
    pub input_cols: Vec<String>,
    /// The column to make.
    pub output_col: String,
    /// `AVERAGE` or `SUM`, in either case.
    pub pooling_strategy: PoolingStrategy,
    /// Without effect on BERT's vectors, whose words are never out of the vocabulary.
    pub skip_oov: bool,
}

impl Default for ChunkEmbeddings {
    fn default() -> Self {
        ChunkEmbeddings {
            input_cols: REQUIRED.map(|kind| kind.name().to_owned()).into(),
            output_col: "chunk_embeddings".to_owned(),
            pooling_strategy: PoolingStrategy::Average,
            skip_oov: true,
        }
    }
}

impl StageConfig for ChunkEmbeddings {
    const TYPE: &'static str = "chunk_embeddings";

    fn load(self, _: &Loading<'_>) -> Result<AnyStage> {
        Ok(AnyStage::Plain(Arc::new(Pooler {
            stage: format!("ChunkEmbeddings_{}", self.output_col),
            config: self,
        })))
    }
}

#[derive(Debug)]
struct Pooler {
    stage: String,
    config: ChunkEmbeddings,
}

/// Positions of the two reads in [`Bound::reads`].
const CHUNKS: usize = 0;
const EMBEDDINGS: usize = 1;

impl Stage for Pooler {
    fn bind(&self, input: &Schema) -> Result<Bound> {
        let reads = input_columns(input, &self.stage, &self.config.input_cols, &REQUIRED)?;
        let (chunks, embeddings) = (input.field(reads[CHUNKS]), input.field(reads[EMBEDDINGS]));
        let shape = Shape {
            metadata: true,
            dimension: Shape::of(embeddings.data_type()).dimension,
            ..Shape::following(chunks)
        };
        let origin = Origin::of(chunks);
        let field = lean_field(
            &self.config.output_col,
            AnnotatorType::WordEmbeddings,
            shape,
            &origin,
        );
        let label = |key| Some((key, embeddings.metadata().get(key)?.clone()));
        let labels = [key::DIMENSION, key::REF].into_iter().filter_map(label);
        Ok(Bound {
            reads,
            adds: vec![labelled(&field, labels)],
            ..Bound::default()
        })
    }

    fn apply(&self, batch: &RecordBatch, at: &Bound, _: &Counts) -> Result<Output> {
        let chunks = Annotations::of(batch, at.reads[CHUNKS])?;
        let vectors = WordVectors::of(batch, at.reads[EMBEDDINGS])?;
        let tokens = vectors.annotations();
        let mut out = AnnotationBuilder::following(&chunks).with_metadata(true);
        let mut values = Vec::new();
        for row in 0..chunks.rows() {
            let sentences: Vec<Vec<usize>> = vectors.sentences(row).into_values().collect();
            for index in chunks.row(row) {
                let chunk = chunks.span(index);
                let number = usize::try_from(chunk.sentence).unwrap_or(usize::MAX);
                let sentence = sentences.get(number).map_or(&[][..], Vec::as_slice);
                let inside = |&&token: &&usize| {
                    let token = tokens.span(token);
                    token.begin >= chunk.begin && token.end <= chunk.end
                };
                let own = sentence.iter().filter(inside);
                let own = own.filter_map(|&token| vectors.get(token));
                if !self.config.pooling_strategy.pool(own, &mut values) {
                    continue;
                }
                out.push(chunk, index);
                if let Some(maps) = out.metadata() {
                    let carried = chunks.metadata(index).find(|&(key, _)| key == "chunk");
                    maps.entry("chunk", carried.map_or(Some("0"), |(_, value)| value));
                    maps.end()?;
                }
            }
            out.end_row()?;
        }
        let pieces = vec![-1; out.len()];
        Ok(out
            .finish_with_vectors(pieces, values, vectors.value_length(), None)?
            .into())
    }
}
