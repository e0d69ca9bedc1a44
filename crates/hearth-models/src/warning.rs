use std::fmt;

/// Something about a model that lets it run and will likely surprise.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// Every LayerNorm has its initial values, weight 1 and bias 0: the weights were never trained or were not loaded
    /// by whoever saved them.
    UntrainedLayerNorm,
    /// The model asks for words as they are written, but its vocabulary has no entry with an upper-case letter, so that
    /// a word with one becomes `[UNK]`.
    LowerCaseVocabulary,
    /// The word embedding table has rows for which the vocabulary has no entry.
    ShortVocabulary {
        /// Entries of the vocabulary.
        entries: usize,
        /// Rows of the table, `vocab_size`.
        rows: usize,
    },
    /// The weights have layers beyond `num_hidden_layers`, which are not read.
    UnreadLayers {
        /// Layers of the config.
        layers: usize,
    },
    /// The dimension that the model's metadata write into columns is not that of its vectors.
    DimensionLabel {
        /// What they say.
        label: i64,
        /// Components of a vector.
        dimension: usize,
    },
    /// Entries stand in the vocabulary more than once; the last one's id counts, as in Spark NLP.
    DuplicateEntries {
        /// Entries that are repeated further down.
        count: usize,
        /// The first of them.
        first: String,
    },
    /// A graph that does not show its number of attention heads.
    AssumedHeads {
        /// `hidden_size / 64`, as in every BERT that Google published.
        heads: usize,
    },
    /// A TensorFlow graph that does not show what LayerNorm adds to the variance.
    AssumedEpsilon {
        /// That of every BERT, as a decimal.
        epsilon: String,
    },
    /// A TensorFlow checkpoint without its graph whose config says `gelu`, which may mean either form. The tanh form is
    /// computed: that of google-research/bert since February 2019 and so of the archives Spark NLP made of checkpoints.
    AssumedGelu,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UntrainedLayerNorm => f.write_str(
                "every LayerNorm has weight 1 and bias 0, as before training: the vectors will mean nothing",
            ),
            Self::LowerCaseVocabulary => f.write_str(
                "the model is case sensitive but its vocabulary is lower-case: words with an upper-case letter become \
                 [UNK]; set case_sensitive to false if that is not meant",
            ),
            Self::ShortVocabulary { entries, rows } => write!(
                f,
                "the vocabulary has {entries} entries for {rows} rows of the word embedding table: the last rows are \
                 never used"
            ),
            Self::UnreadLayers { layers } => write!(
                f,
                "the weights have more layers than num_hidden_layers = {layers}: the others are not read"
            ),
            Self::DimensionLabel { label, dimension } => write!(
                f,
                "the model's metadata say that its vectors have {label} components, and they have {dimension}: the \
                 column's metadata will say {label} too"
            ),
            Self::DuplicateEntries { count, first } => write!(
                f,
                "{count} entries of the vocabulary are repeated further down, the first is `{first}`: the last id counts"
            ),
            Self::AssumedHeads { heads } => write!(
                f,
                "the graph does not show the number of attention heads: {heads} are assumed, each of 64 components"
            ),
            Self::AssumedEpsilon { epsilon } => write!(
                f,
                "the graph does not show the epsilon of LayerNorm: {epsilon} is assumed"
            ),
            Self::AssumedGelu => f.write_str(
                "hidden_act is gelu and there is no graph to say which form: gelu (tanh) is computed, as by \
                 google-research/bert and Spark NLP's archives; conversions to Hugging Face compute gelu (erf)",
            ),
        }
    }
}
