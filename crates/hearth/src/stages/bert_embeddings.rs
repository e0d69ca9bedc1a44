//! Tokens to vectors.

mod alignment;
mod full;
mod pooled;
mod spark;

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

pub use pooled::{Level, Pooling};

use arrow::array::{ArrayRef, Int32Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema};
use hearth_encoder::{Encode, Precision};
use hearth_text::piece::{ModelTokenizer, lower_case};
use serde::{Deserialize, Serialize};

use super::PoolingStrategy;
use crate::annotation::{
    AnnotationBuilder, Annotations, AnnotatorType, Origin, Shape, is_lean, key, labelled,
    lean_field,
};
use crate::config::{Loading, StageConfig, When};
use crate::counts::Counts;
use crate::model::{BertModel, OpenedModel};
use crate::stage::{
    AnyStage, Bound, EncodingStage, Output, Plan, Sequences, Vectors, input_columns,
};
use crate::{Error, Result, Session};
use pooled::Form;

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
    /// What gets a vector: with `sentence` and `document` the column is of type `sentence_embeddings`, an annotation for
    /// each of them, its vector pooled; it is null where no token has one. Documents are those of the column that the
    /// sentences come from.
    pub level: Level,
    /// How the vectors of sentences and documents are made; `tokens` if not set. Not with `level = "token"`.
    pub pooling: Option<Pooling>,
    /// Whether each vector is scaled to the length 1, after `dim`.
    pub normalize: bool,
    /// How many values of each vector are kept; all if not set.
    pub dim: Option<usize>,
    /// A plain column to make beside, `Int32`: how many tokens of the row lie past `max_sentence_length` and have no vector.
    /// None if not set.
    pub cut_col: Option<String>,
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
            level: Level::Token,
            pooling: None,
            normalize: false,
            dim: None,
            cut_col: None,
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
        let path = at.path(path);
        let session = at.session;
        let opened = match at.weights {
            When::Now => Some(session.bert(&path, self.precision, &stage)?),
            When::Later => None,
        };
        let about = match &opened {
            Some(opened) => opened.about.clone(),
            None => session.describe(&path, &stage)?,
        };
        let settings = &about.settings;
        let limit = self
            .max_sentence_length
            .or(settings.max_sentence_length)
            .unwrap_or(MAX_SENTENCE_LENGTH);
        check_limit(limit, about.config.max_position_embeddings)
            .map_err(|message| at.refuse("max_sentence_length", message))?;
        let form = self
            .form(about.config.hidden_size)
            .map_err(|(key, message)| at.refuse(key, message))?;
        let dimension = i32::try_from(form.kept).map_err(|_| Error::TooLarge {
            what: "the dimension",
            found: form.kept,
        })?;
        let embedder = Embedder {
            input_cols,
            output_col,
            limit,
            on_overflow: self.on_overflow,
            form,
            dimension,
            dimension_label: self
                .dimension
                .or(settings.dimension.filter(|_| self.dim.is_none()))
                .unwrap_or(dimension.into()),
            storage_ref: self
                .storage_ref
                .or_else(|| settings.storage_ref.clone())
                .unwrap_or_else(|| about.name.clone()),
            compat: self.compat,
            lower: self.compat == Compat::Spark
                && !self
                    .case_sensitive
                    .or(settings.case_sensitive)
                    .unwrap_or(false),
            source: Source {
                session: session.clone(),
                path,
                precision: self.precision,
                case_sensitive: self.case_sensitive,
                pieces: self.pieces,
                hidden_size: about.config.hidden_size,
            },
            ready: OnceLock::new(),
            cut_col: self.cut_col,
            stage,
        };
        if let Some(opened) = opened {
            for warning in &opened.warnings {
                at.note(format!("model {}: {warning}", opened.about.name));
            }
            embedder.take(&opened)?;
        }
        Ok(AnyStage::Encoding(Arc::new(embedder)))
    }
}

impl BertEmbeddings {
    /// What becomes of vectors of `dimension` values; else the key that asks for what cannot be, and why not.
    fn form(&self, dimension: usize) -> Result<Form, (&'static str, String)> {
        if self.level == Level::Token && self.pooling.is_some() {
            let message = "tokens have vectors of their own: set level to sentence or document, or leave it out";
            return Err(("pooling", message.to_owned()));
        }
        let kept = self.dim.unwrap_or(dimension);
        if !(1..=dimension).contains(&kept) {
            let message =
                format!("the model's vectors have {dimension} values: give 1 to {dimension}");
            return Err(("dim", message));
        }
        Ok(Form {
            level: self.level,
            pooling: self.pooling.unwrap_or_default(),
            normalize: self.normalize,
            kept,
        })
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
    compat: Compat,
    /// Whether text is lower-cased, by Spark NLP's rules.
    lower: bool,
    /// Pieces of a sentence that are looked at, and positions of its sequence.
    limit: usize,
    on_overflow: OnOverflow,
    form: Form,
    /// Of the vectors that come out.
    dimension: i32,
    dimension_label: i64,
    storage_ref: String,
    cut_col: Option<String>,
    source: Source,
    ready: OnceLock<Ready>,
}

/// Where what is [`Ready`] comes from.
#[derive(Debug)]
struct Source {
    session: Session,
    path: PathBuf,
    precision: Precision,
    case_sensitive: Option<bool>,
    pieces: Pieces,
    hidden_size: usize,
}

/// What is not needed before the first rows.
#[derive(Debug)]
struct Ready {
    model: Arc<BertModel>,
    rules: Rules,
}

#[derive(Debug)]
enum Rules {
    Spark,
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

/// Positions of the reads in [`Bound::reads`].
const SENTENCES: usize = 0;
const TOKENS: usize = 1;
/// There for [`Level::Document`] alone.
const DOCUMENTS: usize = 2;

impl EncodingStage for Embedder {
    fn bind(&self, input: &Schema) -> Result<Bound> {
        let mut reads = input_columns(input, &self.stage, &self.input_cols, &REQUIRED)?;
        if self.form.level == Level::Document {
            reads.push(self.documents(input, reads[SENTENCES])?);
        }
        let (target, kind) = match self.form.level {
            Level::Token => (TOKENS, AnnotatorType::WordEmbeddings),
            Level::Sentence => (SENTENCES, AnnotatorType::SentenceEmbeddings),
            Level::Document => (DOCUMENTS, AnnotatorType::SentenceEmbeddings),
        };
        let field = lean_field(
            &self.output_col,
            kind,
            Shape {
                dimension: Some(self.dimension),
                gaps: target != TOKENS || self.compat == Compat::Full,
                ..Shape::following(input.field(reads[target]))
            },
            &Origin::of(input.field(reads[target])),
        );
        let labels = [
            (key::DIMENSION, self.dimension_label.to_string()),
            (key::REF, self.storage_ref.clone()),
        ];
        let mut adds = vec![labelled(&field, labels)];
        if let Some(name) = &self.cut_col {
            adds.push(Arc::new(Field::new(name, DataType::Int32, false)));
        }
        Ok(Bound {
            reads,
            adds,
            ..Bound::default()
        })
    }

    fn dimension(&self) -> usize {
        self.source.hidden_size
    }

    fn encoder(&self) -> Result<&Arc<dyn Encode>> {
        Ok(&self.ready()?.model.encoder)
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
        let ready = self.ready()?;
        match &ready.rules {
            Rules::Spark => spark::cut(self, &ready.model, &input, out, seen),
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
        seen: &Counts,
    ) -> Result<Output> {
        let mut columns = vec![match self.form.level {
            Level::Token => self.tokens(batch, at, &plan, vectors)?,
            Level::Sentence => pooled::join(self, batch, at, SENTENCES, &plan, vectors, seen)?,
            Level::Document => pooled::join(self, batch, at, DOCUMENTS, &plan, vectors, seen)?,
        }];
        if self.cut_col.is_some() {
            columns.push(Arc::new(Int32Array::from(plan.cut)));
        }
        Ok(Output {
            columns,
            source_row: None,
        })
    }
}

impl Embedder {
    /// Opens the model where that was left for later.
    fn ready(&self) -> Result<&Ready> {
        match self.ready.get() {
            Some(ready) => Ok(ready),
            None => {
                let source = &self.source;
                let opened = source
                    .session
                    .bert(&source.path, source.precision, &self.stage)?;
                self.take(&opened)
            }
        }
    }

    fn take(&self, opened: &OpenedModel) -> Result<&Ready> {
        let (planned, found) = (self.source.hidden_size, opened.about.config.hidden_size);
        if planned != found {
            return Err(Error::Parameter {
                place: self.stage.clone(),
                message: format!(
                    "the model at {} had vectors of {planned} values when the pipeline was planned and has {found} now: \
                     plan it again",
                    self.source.path.display()
                ),
            });
        }
        let rules = match self.compat {
            Compat::Spark => Rules::Spark,
            Compat::Full => Rules::Full {
                tokenizer: Box::new(opened.tokenizer(self.source.case_sensitive, &self.stage)?),
                pieces: self.source.pieces,
            },
        };
        let model = opened.bert.clone();
        Ok(self.ready.get_or_init(|| Ready { model, rules }))
    }

    /// The column of tokens with their vectors.
    fn tokens(
        &self,
        batch: &RecordBatch,
        at: &Bound,
        plan: &Plan,
        vectors: &Vectors,
    ) -> Result<ArrayRef> {
        let tokens = Annotations::of(batch, at.reads[TOKENS])?;
        let mut out = AnnotationBuilder::following(&tokens);
        let mut piece_ids = Vec::with_capacity(plan.items.len());
        let mut values = Vec::with_capacity(plan.items.len() * self.form.kept);
        let mut present = Vec::with_capacity(plan.items.len());
        for row in plan.offsets.windows(2) {
            for item in &plan.items[row[0]..row[1]] {
                let span = crate::annotation::Span {
                    sentence: item.sentence,
                    ..tokens.span(item.source)
                };
                let text = tokens.result(item.source);
                match lower_case(text) {
                    lowered if self.lower && lowered != text => out.push_owned(span, &lowered)?,
                    _ => out.push(span, item.source),
                }
                piece_ids.push(item.piece_id);
                present.push(item.rows > 0);
                let start = values.len();
                match item.rows {
                    // A null vector has values too, which nobody reads.
                    0 => values.resize(start + vectors.dimension, 0.0),
                    1 => values.extend_from_slice(vectors.get(item.sequence, item.row)),
                    n => {
                        let rows = item.row..item.row + n;
                        let own = rows.map(|row| vectors.get(item.sequence, row));
                        PoolingStrategy::Average.pool(own, &mut values);
                    }
                }
                self.form.finish(start, &mut values);
            }
            out.end_row()?;
        }
        let gaps = self.compat == Compat::Full;
        out.finish_with_vectors(piece_ids, values, self.dimension, gaps.then_some(present))
    }

    /// The column of the documents that the sentences come from.
    fn documents(&self, input: &Schema, sentences: usize) -> Result<usize> {
        let field = input.field(sentences);
        let name = Origin::of(field).document;
        let name = name.unwrap_or_else(|| field.name().clone());
        match input.column_with_name(&name) {
            Some((index, field)) if is_lean(field.data_type()) => Ok(index),
            _ => Err(Error::MissingColumn {
                stage: self.stage.clone(),
                column: name,
                found: input.fields().iter().map(|f| f.name().clone()).collect(),
            }),
        }
    }

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
