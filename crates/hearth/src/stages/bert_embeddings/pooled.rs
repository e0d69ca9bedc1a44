//! Vectors of sentences and documents, pooled from those of their tokens or of all their positions.

use std::ops::Range;

use arrow::array::{ArrayRef, RecordBatch};
use serde::{Deserialize, Serialize};

use super::{Embedder, SENTENCES};
use crate::Result;
use crate::annotation::{AnnotationBuilder, Annotations};
use crate::counts::Counts;
use crate::stage::{Bound, Plan, PlanItem, Vectors};
use crate::stages::pooling::{Pool, Pooled};

/// What gets a vector.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Each token.
    #[default]
    Token,
    /// Each sentence: an annotation of type `sentence_embeddings` with the sentence's text.
    Sentence,
    /// Each document: the same with the document's text. All its vectors are pooled at once, not its sentences' means.
    Document,
}

/// How the vector of a sentence or document is made. Sums run in 32-bit floats, in the order of the text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pooling {
    /// The mean of the vectors that its tokens have, as Spark NLP's `SentenceEmbeddings` takes it.
    #[default]
    Tokens,
    /// The mean over all positions, `[CLS]` and `[SEP]` included, as sentence-transformers takes it.
    Mean,
    /// The vector of `[CLS]`; of a document the mean of those of its sentences.
    Cls,
    /// The largest of each value over all positions, `[CLS]` and `[SEP]` included.
    Max,
    /// The sum of the vectors that its tokens have (`SUM` of Spark NLP's `SentenceEmbeddings`).
    Sum,
}

impl Pooling {
    fn by(self) -> Pooled {
        match self {
            Pooling::Tokens | Pooling::Mean | Pooling::Cls => Pooled::Mean,
            Pooling::Max => Pooled::Max,
            Pooling::Sum => Pooled::Sum,
        }
    }
}

/// What becomes of the vectors of a sequence.
#[derive(Debug, Clone, Copy)]
pub(super) struct Form {
    pub(super) level: Level,
    pub(super) pooling: Pooling,
    pub(super) normalize: bool,
    /// How many values of each are kept.
    pub(super) kept: usize,
}

impl Form {
    /// The positions of a sequence of `n` that are read, where they are not those of its tokens.
    pub(super) fn positions(&self, n: usize) -> Option<Range<u32>> {
        #[expect(clippy::cast_possible_truncation, reason = "at most the limit of 512")]
        let n = n as u32;
        match (self.level, self.pooling) {
            (Level::Token, _) | (_, Pooling::Tokens | Pooling::Sum) => None,
            (_, Pooling::Cls) => Some(0..n.min(1)),
            (_, Pooling::Mean | Pooling::Max) => Some(0..n),
        }
    }

    /// Cuts and normalises the vector that begins at `start`, to the length 1; one of zeros stays what it is.
    pub(super) fn finish(&self, start: usize, values: &mut Vec<f32>) {
        values.truncate(start + self.kept);
        if self.normalize {
            let squares = values[start..]
                .iter()
                .map(|&value| f64::from(value).powi(2));
            let length = squares.sum::<f64>().sqrt();
            if length > 0.0 {
                #[expect(clippy::cast_possible_truncation, reason = "a float again")]
                let scaled = |value: f32| (f64::from(value) / length) as f32;
                values[start..]
                    .iter_mut()
                    .for_each(|value| *value = scaled(*value));
            }
        }
    }
}

/// Gives all positions of a sequence to the first of its items, the `own` ones, that has a vector.
pub(super) fn give_all(
    items: &mut [PlanItem],
    own: impl IntoIterator<Item = usize>,
    positions: usize,
) {
    let mut left = positions;
    for index in own {
        let item = &mut items[index];
        if item.rows > 0 {
            (item.row, item.rows) = (0, std::mem::take(&mut left));
        }
    }
}

/// The column of sentences or documents, which is read number `target`, with their vectors; a null one for those without
/// a token that has one.
pub(super) fn join(
    stage: &Embedder,
    batch: &RecordBatch,
    at: &Bound,
    target: usize,
    plan: &Plan,
    vectors: &Vectors,
    seen: &Counts,
) -> Result<ArrayRef> {
    let sentences = Annotations::of(batch, at.reads[SENTENCES])?;
    let targets = Annotations::of(batch, at.reads[target])?;
    let mut out = AnnotationBuilder::following(&targets);
    let (mut values, mut present) = (Vec::new(), Vec::new());
    let mut pooler = Pooler {
        form: stage.form,
        vectors,
        pool: Pool::default(),
        token: (Pool::default(), Vec::new()),
    };
    let several = targets.has_documents() && sentences.has_documents();
    let mut items: Vec<(i32, PlanItem)> = Vec::new();
    for (row, offsets) in plan.offsets.windows(2).enumerate() {
        let of_row = sentences.row(row);
        // What an item is pooled with. Sentences of several texts stand in the order of their begins, as Spark NLP sorts them.
        let group = |item: &PlanItem| match stage.form.level {
            Level::Document if several => {
                let sentence = usize::try_from(item.sentence).unwrap_or(0);
                sentences.span(of_row.start + sentence).document
            }
            Level::Document => 0,
            Level::Token | Level::Sentence => item.sentence,
        };
        let with_vector = plan.items[offsets[0]..offsets[1]]
            .iter()
            .filter(|item| item.rows > 0);
        items.clear();
        items.extend(with_vector.map(|item| (group(item), *item)));
        items.sort_by_key(|(group, item)| (*group, item.sentence));
        let mut items = items.iter().peekable();
        for (number, index) in (0..).zip(targets.row(row)) {
            let span = targets.span(index);
            out.push(span, index);
            let own = match stage.form.level {
                Level::Document if several => span.document,
                Level::Document => 0,
                Level::Token | Level::Sentence => number,
            };
            while let Some((_, item)) = items.next_if(|(group, _)| *group == own) {
                pooler.take(item);
            }
            let start = values.len();
            let found = pooler.pool.finish(stage.form.pooling.by(), &mut values);
            stage.form.finish(start, &mut values);
            // A null vector has values too, which nobody reads.
            values.resize(start + stage.form.kept, 0.0);
            present.push(found);
        }
        out.end_row()?;
    }
    let found = present.iter().filter(|&&found| found).count();
    seen.pooled.add(found);
    seen.pooled_without_vector.add(present.len() - found);
    let pieces = vec![-1; present.len()];
    out.finish_with_vectors(pieces, values, stage.dimension, Some(present))
}

/// Takes the vectors of one sentence or document after the other.
struct Pooler<'a> {
    form: Form,
    vectors: &'a Vectors,
    pool: Pool,
    /// For a token of several pieces.
    token: (Pool, Vec<f32>),
}

impl Pooler<'_> {
    fn take(&mut self, item: &PlanItem) {
        let (vectors, by) = (self.vectors, self.form.pooling.by());
        let rows = (item.row..item.row + item.rows).map(|row| vectors.get(item.sequence, row));
        match self.form.pooling {
            Pooling::Tokens | Pooling::Sum if item.rows > 1 => {
                let (pool, mean) = &mut self.token;
                rows.for_each(|vector| pool.add(Pooled::Mean, vector));
                mean.clear();
                pool.finish(Pooled::Mean, mean);
                self.pool.add(by, mean);
            }
            _ => rows.for_each(|vector| self.pool.add(by, vector)),
        }
    }
}
