//! What can go wrong: settings and vocabularies, never texts.

/// An error of this crate. Texts cannot cause one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A cleanup mode that does not exist. The text is Spark NLP's (`DocumentAssembler.setCleanupMode`).
    #[error(
        "Special Character Cleanup supports only: disabled, inplace, inplace_full, shrink, shrink_full, each, each_full, \
         delete_full. Received: {received}"
    )]
    CleanupMode {
        /// What was asked for, trimmed and in lower case.
        received: String,
    },
    /// A vocabulary without an entry that the encoding cannot do without. The text is Spark NLP's (`WordpieceEncoder`).
    #[error("token {entry} not found in vocabulary")]
    MissingEntry {
        /// The entry.
        entry: &'static str,
    },
    /// More distinct prefixes than the tree of prefixes can number.
    #[error(
        "vocabulary of {entries} entries is too large: at most {limit} bytes of distinct prefixes can be held"
    )]
    VocabularyTooLarge {
        /// Entries read so far.
        entries: usize,
        /// Distinct prefixes that fit.
        limit: usize,
    },
}

/// `Result` with this crate's [`Error`].
pub type Result<T> = std::result::Result<T, Error>;
