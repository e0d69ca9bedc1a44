//! An opened BERT model: word pieces and encoder.

use std::sync::Arc;

use hearth_encoder::{Activation, Config, Encode, Isa, Precision};
use hearth_models::{BertConfig, Description, HiddenAct, Model, Tokenizer};
use hearth_text::piece::{ModelTokenizer, Vocabulary, WordPiece};

use crate::{Error, Result};

/// A model as one path gives it: the folder's name and settings, and the shared rest.
#[derive(Debug, Clone)]
pub struct OpenedModel {
    /// Vocabulary and encoder, one for all models of equal content.
    pub bert: Arc<BertModel>,
    pub(crate) about: Arc<Description>,
    pub(crate) warnings: Vec<String>,
    tokenizer: Arc<OwnTokenizer>,
}

/// What the model's own tokenizer is made of.
#[derive(Debug)]
struct OwnTokenizer {
    said: Tokenizer,
    vocabulary: Vec<String>,
}

impl OpenedModel {
    pub(crate) fn new(model: Model, bert: Arc<BertModel>) -> Self {
        OpenedModel {
            bert,
            about: Arc::new(model.description()),
            warnings: model.warnings.iter().map(ToString::to_string).collect(),
            tokenizer: Arc::new(OwnTokenizer {
                said: model.tokenizer,
                vocabulary: model.vocabulary,
            }),
        }
    }

    /// The model's own tokenizer; `case_sensitive`, if set, goes before what it says itself.
    ///
    /// # Errors
    /// [`Error::Model`] for files that cannot be used, [`Error::Parameter`] where the tokenizer is another model's; both
    /// name `stage`.
    pub(crate) fn tokenizer(
        &self,
        case_sensitive: Option<bool>,
        stage: &str,
    ) -> Result<ModelTokenizer> {
        let refuse = |message| Error::Parameter {
            place: stage.to_owned(),
            message,
        };
        let own = &self.tokenizer;
        let json = own.said.to_json(&own.vocabulary, case_sensitive);
        let json = json.map_err(|source| Error::Model {
            stage: stage.to_owned(),
            source,
        })?;
        let bert = &self.bert;
        let tokenizer = ModelTokenizer::from_json(&json, bert.cls, bert.sep)
            .map_err(|error| refuse(error.to_string()))?;
        let (largest, rows) = (tokenizer.largest_id(), bert.config.vocab_size);
        if largest as usize >= rows {
            return Err(refuse(format!(
                "the model's own tokenizer has the id {largest}, the word embedding table only {rows} rows; it is another \
                 model's tokenizer"
            )));
        }
        Ok(tokenizer)
    }
}

/// What is costly of a model, ready to encode.
#[derive(Debug)]
pub struct BertModel {
    pub(crate) word_piece: WordPiece,
    pub(crate) cls: u32,
    pub(crate) sep: u32,
    pub(crate) config: BertConfig,
    pub(crate) encoder: Arc<dyn Encode>,
}

impl BertModel {
    /// The encoder.
    #[must_use]
    pub fn encoder(&self) -> &Arc<dyn Encode> {
        &self.encoder
    }

    /// Reads the weights, each for the last time.
    pub(crate) fn load(
        model: &Model,
        kernels: Isa,
        precision: Precision,
        stage: &str,
    ) -> Result<Self> {
        let refuse = |message| Error::Parameter {
            place: stage.to_owned(),
            message,
        };
        let vocabulary = Vocabulary::new(&model.vocabulary).map_err(|e| refuse(e.to_string()))?;
        let special = |piece: &str| {
            vocabulary
                .get(piece)
                .ok_or_else(|| refuse(format!("token {piece} not found in vocabulary")))
        };
        let (cls, sep) = (special("[CLS]")?, special("[SEP]")?);
        let word_piece = WordPiece::new(Arc::new(vocabulary)).map_err(|e| refuse(e.to_string()))?;
        let config = encoder_config(&model.config);
        let encoder = hearth_encoder::cpu(&config, &Source(model), kernels, precision);
        let encoder = encoder.map_err(|source| Error::Encoder {
            stage: stage.to_owned(),
            source,
        })?;
        Ok(BertModel {
            cls,
            sep,
            word_piece,
            config: model.config.clone(),
            encoder: Arc::new(encoder),
        })
    }
}

/// The encoder of a model.
pub(crate) fn encoder_config(c: &BertConfig) -> Config {
    Config {
        vocab_size: c.vocab_size,
        hidden_size: c.hidden_size,
        num_hidden_layers: c.num_hidden_layers,
        num_attention_heads: c.num_attention_heads,
        intermediate_size: c.intermediate_size,
        max_position_embeddings: c.max_position_embeddings,
        type_vocab_size: c.type_vocab_size,
        hidden_act: match c.hidden_act {
            HiddenAct::Gelu => Activation::Gelu,
            HiddenAct::GeluTanh => Activation::GeluTanh,
        },
        layer_norm_eps: c.layer_norm_eps,
    }
}

/// The model's weights, as the encoder asks for them.
struct Source<'a>(&'a Model);

impl hearth_encoder::Weights for Source<'_> {
    fn get(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, hearth_encoder::BoxError> {
        self.0.weights.take(name, shape).map_err(Into::into)
    }
}
