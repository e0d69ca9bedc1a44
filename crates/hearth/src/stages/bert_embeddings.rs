//! Tokens to vectors.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::Schema;
use hearth_encoder::Encode;
use hearth_text::piece::{first_word, lower_case};
use serde::{Deserialize, Serialize};

use crate::annotation::{
    AnnotationBuilder, Annotations, AnnotatorType, Origin, Shape, key, labelled, lean_field,
};
use crate::config::{Loading, StageConfig};
use crate::counts::Counts;
use crate::model::BertModel;
use crate::stage::{
    AnyStage, Bound, EncodingStage, Output, Plan, PlanItem, Sequences, Vectors, input_columns,
};
use crate::{Error, Result};

const REQUIRED: [AnnotatorType; 2] = [AnnotatorType::Document, AnnotatorType::Token];

/// A vector for each token, from a BERT encoder (Spark NLP 5.5.3, `BertEmbeddings`): that of the first piece of the
/// token's first basic word, accents stripped, in the last hidden layer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct BertEmbeddings {
    /// A column of type `document` (usually sentences) and one of type `token`, in either order. No default.
    pub input_cols: Option<Vec<String>>,
    /// The column to make. No default.
    pub output_col: Option<String>,
    /// Path of the model; a relative one starts from the pipeline file's folder. No default.
    pub model: Option<PathBuf>,
    /// Whether case is kept; what the model's own metadata says if not set, else false as in Spark NLP.
    pub case_sensitive: Option<bool>,
    /// Longest sequence in word pieces, `[CLS]` and `[SEP]` included: 1 to 512.
    pub max_sentence_length: Option<usize>,
    /// Spark NLP's batch size: checked, and without effect on results.
    pub batch_size: i64,
    /// A label in the column's metadata, never checked; the size of the vectors if not set.
    pub dimension: Option<i64>,
    /// A label in the column's metadata; the model's own or its folder's name if not set.
    pub storage_ref: Option<String>,
    /// Whose rules say which vector a token gets.
    pub compat: Compat,
    /// What the encoder multiplies in.
    pub precision: Precision,
    /// What happens to a sentence longer than `max_sentence_length`.
    pub on_overflow: OnOverflow,
}

/// Whose rules say which vector a token gets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Compat {
    /// Spark NLP's.
    #[default]
    Spark,
}

/// What the encoder multiplies in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Precision {
    /// 32-bit floats.
    #[default]
    F32,
}

/// What happens to a sentence with more pieces than the model reads.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnOverflow {
    /// The pieces past the limit get no vector, as in Spark NLP; they are counted.
    #[default]
    Truncate,
    /// An error that names the row.
    Error,
}

/// Spark NLP's default of `maxSentenceLength`.
const MAX_SENTENCE_LENGTH: usize = 128;

impl Default for BertEmbeddings {
    fn default() -> Self {
        BertEmbeddings {
            input_cols: None,
            output_col: None,
            model: None,
            case_sensitive: None,
            max_sentence_length: None,
            batch_size: 8,
            dimension: None,
            storage_ref: None,
            compat: Compat::Spark,
            precision: Precision::F32,
            on_overflow: OnOverflow::Truncate,
        }
    }
}

impl StageConfig for BertEmbeddings {
    const TYPE: &'static str = "bert_embeddings";

    fn load(self, at: &Loading<'_>) -> Result<AnyStage> {
        let (input_cols, output_col) = super::columns(
            at,
            self.input_cols.clone(),
            self.output_col.clone(),
            &REQUIRED,
        )?;
        if self.batch_size < 1 {
            return Err(at.refuse(
                "batch_size",
                "requirement failed: batchSize must be greater than 0",
            ));
        }
        let stage = format!("BERT_EMBEDDINGS_{output_col}");
        let path = self
            .model
            .as_ref()
            .ok_or_else(|| at.refuse("model", "no model given: set model to a model's path"))?;
        let opened = at.session.bert(&at.path(path), &stage)?;
        for warning in &opened.warnings {
            at.note(format!("model {}: {warning}", opened.name));
        }
        let (model, settings) = (opened.bert, &opened.settings);
        let limit = self
            .max_sentence_length
            .or(settings.max_sentence_length)
            .unwrap_or(MAX_SENTENCE_LENGTH);
        check_limit(limit, model.max_positions)
            .map_err(|message| at.refuse("max_sentence_length", message))?;
        let dimension = i32::try_from(model.encoder.dimension()).map_err(|_| Error::TooLarge {
            what: "the dimension",
            found: model.encoder.dimension(),
        })?;
        Ok(AnyStage::Encoding(Arc::new(Embedder {
            stage,
            input_cols,
            output_col,
            case_sensitive: self
                .case_sensitive
                .or(settings.case_sensitive)
                .unwrap_or(false),
            limit,
            on_overflow: self.on_overflow,
            dimension,
            dimension_label: self
                .dimension
                .or(settings.dimension)
                .unwrap_or(dimension.into()),
            storage_ref: self
                .storage_ref
                .or_else(|| settings.storage_ref.clone())
                .unwrap_or_else(|| opened.name.clone()),
            model,
        })))
    }
}

fn check_limit(limit: usize, positions: usize) -> Result<(), String> {
    if limit < 1 {
        return Err("requirement failed: The maxSentenceLength must be at least 1".to_owned());
    }
    if limit > 512 {
        return Err("requirement failed: BERT models do not support sequences longer than 512 because of trainable \
                    positional embeddings."
            .to_owned());
    }
    if limit > positions {
        return Err(format!(
            "{limit} is more than the model's {positions} positions (max_position_embeddings)"
        ));
    }
    Ok(())
}

#[derive(Debug)]
struct Embedder {
    stage: String,
    input_cols: Vec<String>,
    output_col: String,
    model: Arc<BertModel>,
    case_sensitive: bool,
    /// Pieces of a sentence that are looked at, and positions of its sequence.
    limit: usize,
    on_overflow: OnOverflow,
    dimension: i32,
    dimension_label: i64,
    storage_ref: String,
}

/// Positions of the two reads in [`Bound::reads`].
const SENTENCES: usize = 0;
const TOKENS: usize = 1;

impl EncodingStage for Embedder {
    fn bind(&self, input: &Schema) -> Result<Bound> {
        let reads = input_columns(input, &self.stage, &self.input_cols, &REQUIRED)?;
        let origin = Origin::of(input.field(reads[TOKENS]));
        let field = lean_field(
            &self.output_col,
            AnnotatorType::WordEmbeddings,
            Shape {
                dimension: Some(self.dimension),
                ..Shape::following(input.field(reads[TOKENS]))
            },
            &origin,
        );
        let labels = [
            (key::DIMENSION, self.dimension_label.to_string()),
            (key::REF, self.storage_ref.clone()),
        ];
        Ok(Bound {
            reads,
            adds: vec![labelled(&field, labels)],
            ..Bound::default()
        })
    }

    fn encoder(&self) -> &Arc<dyn Encode> {
        &self.model.encoder
    }

    fn cut(
        &self,
        batch: &RecordBatch,
        at: &Bound,
        out: &mut Sequences,
        seen: &Counts,
    ) -> Result<Plan> {
        let sentences = Annotations::of(batch, at.reads[SENTENCES])?;
        let tokens = Annotations::of(batch, at.reads[TOKENS])?;
        let mut cutter = Cutter {
            stage: self,
            tokens,
            word: String::new(),
            aligned: Vec::new(),
            firsts: None,
            pieces: Vec::new(),
        };
        let mut plan = Plan {
            offsets: vec![0],
            items: Vec::new(),
        };
        for row in 0..sentences.rows() {
            let alignment = Alignment::of(&tokens, row);
            for (number, sentence) in (0..).zip(sentences.row(row)) {
                let span = sentences.span(sentence);
                alignment.inside(span.begin, span.end, &mut cutter.aligned);
                cutter.sentence(row, number, out, &mut plan, seen)?;
            }
            plan.offsets.push(plan.items.len());
        }
        seen.vectors.add(plan.items.len());
        Ok(plan)
    }

    fn join(
        &self,
        batch: &RecordBatch,
        at: &Bound,
        plan: Plan,
        vectors: &Vectors,
    ) -> Result<Output> {
        let tokens = Annotations::of(batch, at.reads[TOKENS])?;
        let mut out = AnnotationBuilder::following(&tokens);
        let mut piece_ids = Vec::with_capacity(plan.items.len());
        let mut values = Vec::with_capacity(plan.items.len() * vectors.dimension);
        for row in plan.offsets.windows(2) {
            for item in &plan.items[row[0]..row[1]] {
                let span = crate::annotation::Span {
                    sentence: item.sentence,
                    ..tokens.span(item.source)
                };
                let text = tokens.result(item.source);
                match lower_case(text) {
                    lowered if !self.case_sensitive && lowered != text => {
                        out.push_owned(span, &lowered)?;
                    }
                    _ => out.push_slice(span, tokens.results(), item.source, 0, text)?,
                }
                piece_ids.push(item.piece_id);
                values.extend_from_slice(vectors.get(item.sequence, item.row));
            }
            out.end_row()?;
        }
        Ok(out
            .finish_with_vectors(piece_ids, values, self.dimension, None)?
            .into())
    }
}

/// Cuts one sentence after another into pieces.
struct Cutter<'a> {
    stage: &'a Embedder,
    tokens: Annotations<'a>,
    word: String,
    /// The sentence's tokens.
    aligned: Vec<usize>,
    /// Of tokens with one begin the first, where that is not the token itself.
    firsts: Option<HashMap<i32, usize>>,
    pieces: Vec<u32>,
}

impl Cutter<'_> {
    /// Adds the sequence of the sentence whose tokens stand in `aligned`. Spark NLP 5.5.3, `BertEmbeddings` and
    /// `ai/Bert`: a sentence without tokens is left out; the first `limit` pieces are kept and the first `limit - 2` of
    /// these encoded; the piece after them reads the position of `[SEP]`, later ones have no vector.
    fn sentence(
        &mut self,
        row: usize,
        sentence: i32,
        out: &mut Sequences,
        plan: &mut Plan,
        seen: &Counts,
    ) -> Result<()> {
        self.pieces.clear();
        if self.aligned.is_empty() {
            return Ok(());
        }
        self.find_firsts();
        let body = self.stage.limit.saturating_sub(2);
        let sequence = out.len();
        let mut wanted = Vec::new();
        let (mut cut, mut at_sep) = (0, 0);
        for n in 0..self.aligned.len() {
            let start = self.pieces.len();
            if !self.look_up(self.aligned[n]) {
                seen.tokens_without_word.add(1);
                continue;
            }
            if start > body {
                cut += 1;
                continue;
            }
            at_sep += usize::from(start == body);
            plan.items.push(PlanItem {
                source: self.first_with_begin_of(n),
                sentence,
                piece_id: i32::try_from(self.pieces[start]).unwrap_or(i32::MAX),
                sequence,
                row: wanted.len(),
            });
            #[expect(clippy::cast_possible_truncation, reason = "at most the limit of 512")]
            wanted.push(start as u32 + 1);
        }
        seen.pieces.add(self.pieces.len());
        seen.tokens_cut.add(cut);
        seen.tokens_at_sep.add(at_sep);
        if self.pieces.len() > body {
            seen.sentences_cut.add(1);
            if self.stage.on_overflow == OnOverflow::Error {
                return Err(Error::Overflow {
                    stage: self.stage.stage.clone(),
                    row: row as u64,
                    sentence,
                    pieces: self.pieces.len(),
                    limit: body,
                });
            }
        }
        let kept = &self.pieces[..self.pieces.len().min(body)];
        let model = &self.stage.model;
        out.push(
            [model.cls]
                .into_iter()
                .chain(kept.iter().copied())
                .chain([model.sep]),
            wanted,
        );
        Ok(())
    }

    /// Appends the pieces of a token's first basic word; false if it has none.
    fn look_up(&mut self, token: usize) -> bool {
        let text = self.tokens.result(token);
        if text.is_empty() || text == " " {
            return false;
        }
        let before = self.pieces.len();
        let lowered = if self.stage.case_sensitive {
            text.into()
        } else {
            lower_case(text)
        };
        if let Some(word) = first_word(&lowered, !self.stage.case_sensitive, &mut self.word) {
            self.stage.model.word_piece.pieces(word, &mut self.pieces);
        }
        self.pieces.len() > before
    }

    /// The first of the aligned tokens with the begin of token `n`: Spark looks a piece's token up by its begin, so that
    /// of two tokens with one begin the first is found twice.
    fn first_with_begin_of(&self, n: usize) -> usize {
        let token = self.aligned[n];
        match &self.firsts {
            Some(firsts) => firsts
                .get(&self.tokens.begins()[token])
                .copied()
                .unwrap_or(token),
            None => token,
        }
    }

    /// Notes the first token of each begin, unless all begins differ by growing.
    fn find_firsts(&mut self) {
        let begins = self.tokens.begins();
        self.firsts = None;
        if !self.aligned.is_sorted_by(|&a, &b| begins[a] < begins[b]) {
            let mut firsts = HashMap::new();
            for &token in &self.aligned {
                firsts.entry(begins[token]).or_insert(token);
            }
            self.firsts = Some(firsts);
        }
    }
}

/// The tokens of a row, for finding those inside a sentence by offsets, as Spark does.
struct Alignment<'a> {
    tokens: &'a Annotations<'a>,
    /// Token indices by begin, ties in order.
    by_begin: Vec<usize>,
}

impl<'a> Alignment<'a> {
    fn of(tokens: &'a Annotations<'a>, row: usize) -> Self {
        let mut by_begin: Vec<usize> = tokens.row(row).collect();
        // Tokens mostly come sorted, which the sort sees in one pass.
        by_begin.sort_by_key(|&index| tokens.begins()[index]);
        Alignment { tokens, by_begin }
    }

    /// Indices of the tokens from `begin` to `end`, in their order in the row.
    fn inside(&self, begin: i32, end: i32, out: &mut Vec<usize>) {
        let begins = self.tokens.begins();
        let first = self
            .by_begin
            .partition_point(|&index| begins[index] < begin);
        let candidates = self.by_begin[first..]
            .iter()
            .copied()
            .take_while(|&index| begins[index] < end.max(begin + 1));
        out.clear();
        out.extend(candidates.filter(|&index| self.tokens.span(index).end <= end));
        out.sort_unstable();
    }
}
