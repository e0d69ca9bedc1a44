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
    /// Entries stand in the vocabulary more than once; the last one's id counts, as in Spark NLP.
    DuplicateEntries {
        /// Entries that are repeated further down.
        count: usize,
        /// The first of them.
        first: String,
    },
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
            Self::DuplicateEntries { count, first } => write!(
                f,
                "{count} entries of the vocabulary are repeated further down, the first is `{first}`: the last id counts"
            ),
        }
    }
}
