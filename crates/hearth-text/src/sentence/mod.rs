//! The pragmatic rules of Spark NLP 5.5.3's `SentenceDetector`, without custom bounds.
//!
//! The original rewrites the text some thirty times with regexes: symbols take the place of dots that end nothing, break
//! symbols are put in where sentences end, and pairs of symbols protect spans in which breaks do not count. It then cuts
//! at the breaks that count and looks each piece up in the text to learn where it stands. Here the text stays as it
//! is: a copy of the same length has the dots struck out (module `work`), and what the original puts *between* characters is
//! a sorted list of `marks`. The rules run in the original's order, each seeing what the earlier ones did.
//!
//! | module | rules |
//! |---|---|
//! | `lists` | list items |
//! | `dots`, `abbreviations` | numbers, abbreviations, dots inside words, degrees, ellipses |
//! | `exclaim` | runs of `!` and `?` |
//! | `pairs` | quotes, brackets and parentheses |
//! | `pieces` | the cut at the breaks, the symbols turned back |
//! | `locate`, `occurrences` | where a piece stands |

mod abbreviations;
mod dots;
mod exclaim;
mod lists;
mod locate;
mod marks;
mod occurrences;
mod pairs;
mod pieces;
mod work;

use locate::{Locator, Place};
use pieces::Changes;
use work::Work;

/// Settings of a [`SentenceDetector`], named as in Spark NLP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentenceRules {
    /// Whether list items (`1. `, `(a)`) start sentences. Default true.
    pub detect_lists: bool,
    /// Whether the dictionary of abbreviations is used; the rules for initials always are. Default true.
    pub use_abbreviations: bool,
    /// Shorter sentences are dropped; in UTF-16 units. Default 0.
    pub min_length: i32,
    /// Longer sentences are dropped; in UTF-16 units. Default none.
    pub max_length: Option<i32>,
}

impl Default for SentenceRules {
    fn default() -> Self {
        Self {
            detect_lists: true,
            use_abbreviations: true,
            min_length: 0,
            max_length: None,
        }
    }
}

/// A sentence of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sentence<'a> {
    /// Spark NLP's `begin`, in UTF-16 units: where it finds the sentence in the document, -1 if it does not.
    pub begin: i32,
    /// Spark NLP's `end` made exclusive: `begin` plus the length of `text`, also when `begin` is -1.
    pub end: i32,
    /// The byte of the document at which `text` stands; `None` exactly when `begin` is -1.
    pub at: Option<usize>,
    /// The sentence, trimmed. Where `at` is `None` it may differ from all of the document: the original loses some
    /// backslashes, and reads its own symbols (U+F050 to U+F057 and some box drawing characters) as what they stand for.
    pub text: &'a str,
}

/// Cuts documents into sentences.
#[derive(Debug, Clone, Default)]
pub struct SentenceDetector {
    rules: SentenceRules,
}

/// Buffers of [`SentenceDetector::detect`], to be used again from one document to the next.
#[derive(Debug, Clone, Default)]
pub struct Scratch {
    work: Work,
    changes: Changes,
    recovered: String,
}

impl SentenceDetector {
    /// A detector with these settings.
    #[must_use]
    pub fn new(rules: SentenceRules) -> Self {
        Self { rules }
    }

    /// Gives each sentence of `document` to `emit`, in the order in which the text holds them.
    ///
    /// Spark NLP sorts the sentences of a row by `begin` (a stable sort) before it numbers them; that is left to the
    /// caller and matters only where some `begin` is -1 or several documents share a row.
    pub fn detect(
        &self,
        document: &str,
        scratch: &mut Scratch,
        mut emit: impl FnMut(Sentence<'_>),
    ) {
        let Scratch {
            work,
            changes,
            recovered,
        } = scratch;
        work.load(document);
        if self.rules.detect_lists {
            lists::apply(work, document);
        }
        dots::numbers(work);
        dots::protect_initials(work, document);
        dots::strike_inner(work, document, self.rules.use_abbreviations);
        exclaim::apply(work);
        dots::ellipses(work);
        pairs::apply(work);
        dots::break_after(work);
        let mut locator = Locator::new(document);
        pieces::each(work, document, changes, recovered, |text, own| {
            let Place { at, begin, units } = locator.place(text, own);
            let fits = units >= self.rules.min_length
                && self.rules.max_length.is_none_or(|limit| units <= limit);
            if fits {
                emit(Sentence {
                    begin,
                    end: begin.saturating_add(units),
                    at,
                    text,
                });
            }
        });
    }
}
