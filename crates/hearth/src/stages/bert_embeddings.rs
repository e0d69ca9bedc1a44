//! Tokens to vectors.

mod alignment;
mod full;
mod spark;

use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::Schema;
use hearth_encoder::{Encode, Precision};
use hearth_text::piece::{ModelTokenizer, lower_case};
use serde::{Deserialize, Serialize};

use super::PoolingStrategy;
use crate::annotation::{
    AnnotationBuilder, Annotations, AnnotatorType, Origin, Shape, key, labelled, lean_field,
};
use crate::config::{Loading, StageConfig};
use crate::counts::Counts;
use crate::model::BertModel;
use crate::stage::{
    AnyStage, Bound, EncodingStage, Output, Plan, Sequences, Vectors, input_columns,
};
use crate::{Error, Result};

const REQUIRED: [AnnotatorType; 2] = [AnnotatorType::Document, AnnotatorType::Token];

/// A vector for each token, from the last hidden layer of a BERT encoder.
///
/// With [`Compat::Spark`] as in Spark NLP 5.5.3's `BertEmbeddings`: that of the first piece of the token's first basic
/// word, accents stripped. Tokens without a word and most of those past `max_sentence_length` are left out.
///
/// With [`Compat::Full`] the model's own tokenizer (its `tokenizer.json`, or BERT's rules as `tokenizer_config.json` sets
/// them for the vocabulary) cuts the whole text of each sentence, and a token's pieces are those that share at least one
/// byte with it: a piece across two tokens is of both. There is one annotation for each token, in the tokens' order, with
/// the token's text as it is; its `piece_id` is that of its first piece. Its vector is null, and the token counted,
/// where it has no piece (control characters, a token in no sentence; `piece_id` -1) or where a piece that the vector is
/// made of lies past `max_sentence_length`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct BertEmbeddings {
    /// A column of type `document` (usually sentences) and one of type `token`, in either order. No default.
    pub input_cols: Option<Vec<String>>,
    /// The column to make. No default.
    pub output_col: Option<String>,
    /// Path of the model; a relative one starts from the pipeline file's folder. No default.
    pub model: Option<PathBuf>,
    /// Whether case is kept; what the model's own metadata says if not set, else false as in Spark NLP. With
    /// [`Compat::Full`] it goes before what the model's own tokenizer says of lower case.
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
    /// Which pieces of a token make its vector; without effect unless `compat` is `full`.
    pub pieces: Pieces,
    /// What the encoder's linear layers multiply: `f32`, `bf16`, `int8-mixed` or `int8`.
    #[serde(with = "precision")]
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
    /// The model's own tokenizer; every token gets a vector.
    Full,
}

/// Which pieces of a token make its vector.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pieces {
    /// All: their mean, summed in 32-bit floats in their order.
    #[default]
    Mean,
    /// The first one.
    First,
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
            pieces: Pieces::Mean,
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
        let opened = at.session.bert(&at.path(path), self.precision, &stage)?;
        for warning in &opened.warnings {
            at.note(format!("model {}: {warning}", opened.name));
        }
        let rules = match self.compat {
            Compat::Spark => Rules::Spark {
                case_sensitive: self
                    .case_sensitive
                    .or(opened.settings.case_sensitive)
                    .unwrap_or(false),
            },
            Compat::Full => Rules::Full {
                tokenizer: Box::new(opened.tokenizer(self.case_sensitive, &stage)?),
                pieces: self.pieces,
            },
        };
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
            rules,
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
            "a limit of {limit} is more than the model's {positions} positions (max_position_embeddings); set \
             max_sentence_length to {positions} or less"
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
    rules: Rules,
    /// Pieces of a sentence that are looked at, and positions of its sequence.
    limit: usize,
    on_overflow: OnOverflow,
    dimension: i32,
    dimension_label: i64,
    storage_ref: String,
}

#[derive(Debug)]
enum Rules {
    Spark {
        case_sensitive: bool,
    },
    Full {
        tokenizer: Box<ModelTokenizer>,
        pieces: Pieces,
    },
}

/// The two columns of a batch.
struct Input<'a> {
    sentences: Annotations<'a>,
    tokens: Annotations<'a>,
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
                gaps: matches!(self.rules, Rules::Full { .. }),
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
        let input = Input {
            sentences: Annotations::of(batch, at.reads[SENTENCES])?,
            tokens: Annotations::of(batch, at.reads[TOKENS])?,
        };
        match &self.rules {
            Rules::Spark { case_sensitive } => spark::cut(self, *case_sensitive, &input, out, seen),
            Rules::Full { tokenizer, pieces } => {
                full::cut(self, tokenizer, *pieces, &input, out, seen)
            }
        }
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
        let lower = matches!(
            self.rules,
            Rules::Spark {
                case_sensitive: false
            }
        );
        let mut piece_ids = Vec::with_capacity(plan.items.len());
        let mut values = Vec::with_capacity(plan.items.len() * vectors.dimension);
        let mut present = Vec::with_capacity(plan.items.len());
        for row in plan.offsets.windows(2) {
            for item in &plan.items[row[0]..row[1]] {
                let span = crate::annotation::Span {
                    sentence: item.sentence,
                    ..tokens.span(item.source)
                };
                let text = tokens.result(item.source);
                match lower_case(text) {
                    lowered if lower && lowered != text => out.push_owned(span, &lowered)?,
                    _ => out.push(span, item.source),
                }
                piece_ids.push(item.piece_id);
                present.push(item.rows > 0);
                match item.rows {
                    // A null vector has values too, which nobody reads.
                    0 => values.resize(values.len() + vectors.dimension, 0.0),
                    1 => values.extend_from_slice(vectors.get(item.sequence, item.row)),
                    n => {
                        let rows = item.row..item.row + n;
                        let own = rows.map(|row| vectors.get(item.sequence, row));
                        PoolingStrategy::Average.pool(own, &mut values);
                    }
                }
            }
            out.end_row()?;
        }
        let gaps = matches!(self.rules, Rules::Full { .. });
        Ok(out
            .finish_with_vectors(piece_ids, values, self.dimension, gaps.then_some(present))?
            .into())
    }
}

impl Embedder {
    /// Counts a sentence that has more pieces than are read, or refuses it.
    fn overflow(
        &self,
        row: usize,
        sentence: i32,
        pieces: usize,
        limit: usize,
        seen: &Counts,
    ) -> Result<()> {
        if pieces <= limit {
            return Ok(());
        }
        seen.sentences_cut.add(1);
        match self.on_overflow {
            OnOverflow::Truncate => Ok(()),
            OnOverflow::Error => Err(Error::Overflow {
                stage: self.stage.clone(),
                row: row as u64,
                sentence,
                pieces,
                limit,
            }),
        }
    }
}

/// A precision goes by its name.
mod precision {
    use hearth_encoder::Precision;
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(value: &Precision, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(value.name())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Precision, D::Error> {
        let name = String::deserialize(from)?;
        name.parse().map_err(D::Error::custom)
    }
}
