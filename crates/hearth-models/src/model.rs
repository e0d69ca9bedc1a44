use std::path::Path;

use crate::config::BertConfig;
use crate::error::Result;
use crate::fingerprint::Fingerprint;
use crate::format::recognise;
use crate::settings::Settings;
use crate::tokenizer::Tokenizer;
use crate::vocabulary;
use crate::warning::Warning;
use crate::weights::Weights;

/// An opened model, checked: its weights have the shapes its config calls for, its vocabulary fits them.
#[derive(Debug)]
#[non_exhaustive]
pub struct Model {
    /// The folder's name, which is the storage ref where the model says none.
    pub name: String,
    /// The encoder's hyper-parameters.
    pub config: BertConfig,
    /// The word pieces: the id of an entry is its index, and of equal entries the last one's index.
    pub vocabulary: Vec<String>,
    /// The encoder's weights.
    pub weights: Weights,
    /// What the model's own metadata says about its use.
    pub settings: Settings,
    /// What the folder says about the tokenizer that the model was trained with.
    pub tokenizer: Tokenizer,
    /// What is odd about the model.
    pub warnings: Vec<Warning>,
}

/// What a plan needs to know of a model: all but vocabulary and weights.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Description {
    /// The folder's name, which is the storage ref where the model says none.
    pub name: String,
    /// The encoder's hyper-parameters.
    pub config: BertConfig,
    /// What the model's own metadata says about its use.
    pub settings: Settings,
}

/// Opens the model at `path`. The weights are not read yet, but those in a compressed zip are inflated.
///
/// # Errors
/// An [`Error`](crate::Error) that names the file at fault: `path` holds nothing that is read, a file is damaged, the
/// config asks for what the encoder cannot do, weights are missing or of other shapes than the config's, or the vocabulary
/// lacks `[UNK]`, `[CLS]` or `[SEP]` or is larger than the word embedding table.
///
/// # Examples
/// ```
/// # fn main() -> hearth_models::Result<()> {
/// # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/models/tiny_cased");
/// let model = hearth_models::open(path)?;
/// assert_eq!(model.name, "tiny_cased");
/// assert_eq!(model.settings.case_sensitive, Some(true));
/// assert_eq!(model.vocabulary[101], "[CLS]");
///
/// let hidden = model.config.hidden_size;
/// let query = model.weights.get("encoder.layer.0.attention.self.query.weight", &[hidden, hidden])?;
/// assert_eq!(query.len(), hidden * hidden);
/// # Ok(())
/// # }
/// ```
pub fn open(path: impl AsRef<Path>) -> Result<Model> {
    let (format, folder) = recognise(path.as_ref())?;
    let mut model = (format.open)(&folder)?;
    model.tokenizer = Tokenizer::read(&folder, model.settings.case_sensitive)?;
    Ok(model)
}

/// Reads the config and settings of the model at `path` and leaves vocabulary and weights alone, for use while a query is
/// planned.
///
/// # Errors
/// Those of [`open`] that concern the format, the config and the settings.
pub fn describe(path: impl AsRef<Path>) -> Result<Description> {
    let (format, folder) = recognise(path.as_ref())?;
    (format.describe)(&folder)
}

impl Model {
    /// Makes the checks that no format is spared; `vocabulary_file` is for their messages.
    pub(crate) fn new(
        description: Description,
        vocabulary: Vec<String>,
        vocabulary_file: &Path,
        weights: Weights,
    ) -> Result<Self> {
        let Description {
            name,
            config,
            settings,
        } = description;
        vocabulary::check(vocabulary_file, &vocabulary, config.vocab_size)?;
        let mut warnings =
            vocabulary::warnings(&vocabulary, config.vocab_size, settings.case_sensitive);
        if weights.is_untrained(&config)? {
            warnings.push(Warning::UntrainedLayerNorm);
        }
        let label = settings.dimension;
        if let Some(label) = label.filter(|&label| usize::try_from(label) != Ok(config.hidden_size))
        {
            warnings.push(Warning::DimensionLabel {
                label,
                dimension: config.hidden_size,
            });
        }
        if weights.has_layer(config.num_hidden_layers) {
            warnings.push(Warning::UnreadLayers {
                layers: config.num_hidden_layers,
            });
        }
        Ok(Self {
            name,
            config,
            vocabulary,
            weights,
            settings,
            tokenizer: Tokenizer::default(),
            warnings,
        })
    }

    /// The same as [`describe`] gives.
    #[must_use]
    pub fn description(&self) -> Description {
        Description {
            name: self.name.clone(),
            config: self.config.clone(),
            settings: self.settings.clone(),
        }
    }

    /// The content hash of config, vocabulary and weights. Tensors that were read, or taken, are not read again for it:
    /// ask when the encoder was made.
    ///
    /// # Errors
    /// Those of [`Weights::get`].
    pub fn fingerprint(&self) -> Result<Fingerprint> {
        Fingerprint::of(self)
    }
}
