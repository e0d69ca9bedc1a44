//! The rules of Spark NLP 5.5.3's `StopWordsCleaner`.

use std::collections::HashSet;

use crate::piece::lower_case;

/// The English stop words of Spark ML 3.5 (`StopWordsRemover`), the default of a [`StopWords`].
#[rustfmt::skip]
pub const ENGLISH: [&str; 181] = [
    "i", "me", "my", "myself", "we", "our", "ours", "ourselves", "you", "your", "yours", "yourself", "yourselves",
    "he", "him", "his", "himself", "she", "her", "hers", "herself", "it", "its", "itself", "they", "them", "their",
    "theirs", "themselves", "what", "which", "who", "whom", "this", "that", "these", "those", "am", "is", "are",
    "was", "were", "be", "been", "being", "have", "has", "had", "having", "do", "does", "did", "doing", "a", "an",
    "the", "and", "but", "if", "or", "because", "as", "until", "while", "of", "at", "by", "for", "with", "about",
    "against", "between", "into", "through", "during", "before", "after", "above", "below", "to", "from", "up",
    "down", "in", "out", "on", "off", "over", "under", "again", "further", "then", "once", "here", "there", "when",
    "where", "why", "how", "all", "any", "both", "each", "few", "more", "most", "other", "some", "such", "no", "nor",
    "not", "only", "own", "same", "so", "than", "too", "very", "s", "t", "can", "will", "just", "don", "should",
    "now", "i'll", "you'll", "he'll", "she'll", "we'll", "they'll", "i'd", "you'd", "he'd", "she'd", "we'd", "they'd",
    "i'm", "you're", "he's", "she's", "it's", "we're", "they're", "i've", "we've", "you've", "they've", "isn't",
    "aren't", "wasn't", "weren't", "haven't", "hasn't", "hadn't", "don't", "doesn't", "didn't", "won't", "wouldn't",
    "shan't", "shouldn't", "mustn't", "can't", "couldn't", "cannot", "could", "here's", "how's", "let's", "ought",
    "that's", "there's", "what's", "when's", "where's", "who's", "why's", "would",
];

/// Words that are dropped.
#[derive(Debug, Clone)]
pub struct StopWords {
    words: HashSet<String>,
    case_sensitive: bool,
}

impl Default for StopWords {
    /// The English ones, in any letter case.
    fn default() -> Self {
        Self::new(ENGLISH, false)
    }
}

impl StopWords {
    /// These words, in this letter case only or in any.
    pub fn new<W: AsRef<str>>(words: impl IntoIterator<Item = W>, case_sensitive: bool) -> Self {
        let words = words.into_iter().map(|word| match case_sensitive {
            true => word.as_ref().to_owned(),
            false => lower_case(word.as_ref()).into_owned(),
        });
        Self {
            words: words.collect(),
            case_sensitive,
        }
    }

    /// Whether `token` is one of them.
    #[must_use]
    pub fn contains(&self, token: &str) -> bool {
        if self.case_sensitive {
            self.words.contains(token)
        } else {
            self.words.contains(&*lower_case(token))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letter_case_counts_if_asked_for() {
        assert!(StopWords::default().contains("The"));
        assert!(!StopWords::default().contains("patient"));
        let own = StopWords::new(["Is"], true);
        assert!(own.contains("Is") && !own.contains("is"));
    }
}
