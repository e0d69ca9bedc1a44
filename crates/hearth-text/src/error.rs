//! What can go wrong: settings and vocabularies; texts only where a pattern of the user's meets them.

/// An error of this crate. With the default patterns texts cannot cause one.
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
    /// A set of sentence rules that does not exist.
    #[error("no sentence rules are called {received:?}: write spark or improved")]
    RuleSet {
        /// What was asked for.
        received: String,
    },
    /// A strategy for custom bounds that does not exist. The text is Spark NLP's
    /// (`SentenceDetector.setCustomBoundsStrategy`).
    #[error(
        "requirement failed: {received} is not a valid strategy for custom bounds. Possible Values: (none, prepend, append)."
    )]
    CustomBoundsStrategy {
        /// What was asked for.
        received: String,
    },
    /// A vocabulary without an entry that the encoding cannot do without. The text is Spark NLP's (`WordpieceEncoder`).
    #[error("token {entry} not found in vocabulary")]
    MissingEntry {
        /// The entry.
        entry: &'static str,
    },
    /// A setting that Spark NLP refuses. The text is Spark NLP's.
    #[error("{message}")]
    Setting {
        /// What is wrong with it.
        message: String,
    },
    /// A text on which Spark NLP throws with these settings. The text of the error is Java's.
    #[error("{message}")]
    Row {
        /// What is thrown.
        message: String,
    },
    /// A pattern that Java does not take. The text is that of `java.util.regex.PatternSyntaxException`.
    #[error("{}", syntax(message, *index, pattern))]
    Pattern {
        /// What is wrong with it.
        message: String,
        /// Near which character, counted in code points from 0, what `\Q` quotes with its backslashes.
        index: Option<usize>,
        /// The pattern.
        pattern: String,
    },
    /// A pattern that Java takes and that is not known here.
    #[error(
        "{construct} is not supported in regular expressions, near index {index} of {pattern:?}: write it in other words"
    )]
    UnsupportedPattern {
        /// What is not known.
        construct: String,
        /// Near which character, as in [`Error::Pattern`].
        index: usize,
        /// The pattern.
        pattern: String,
    },
    /// Matching a pattern took too long: it can match in too many ways.
    #[error(
        "the regular expression {pattern:?} took more than {limit} steps on one text: make its parts exclude each other"
    )]
    PatternSteps {
        /// The pattern.
        pattern: String,
        /// The steps that it may take in this text.
        limit: usize,
    },
    /// A model's own tokenizer that cannot be used, or failed at a text.
    #[error("the model's own tokenizer: {message}")]
    ModelTokenizer {
        /// What the engine says.
        message: String,
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

/// The text of a `PatternSyntaxException`: the pattern, and a mark under the place.
fn syntax(message: &str, index: Option<usize>, pattern: &str) -> String {
    let Some(index) = index else {
        return format!("{message}\n{pattern}");
    };
    let mut text = format!("{message} near index {index}\n{pattern}");
    if index < crate::utf16::len(pattern) {
        let tabs = pattern.encode_utf16().take(index);
        text.push('\n');
        text.extend(tabs.map(|unit| if unit == 9 { '\t' } else { ' ' }));
        text.push('^');
    }
    text
}

/// `Result` with this crate's [`Error`].
pub type Result<T> = std::result::Result<T, Error>;
