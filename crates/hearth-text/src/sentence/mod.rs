//! The rules of Spark NLP 5.5.3's `SentenceDetector`.
//!
//! The original rewrites the text some thirty times with regexes: symbols take the place of dots that end nothing, break
//! symbols are put in where sentences end, and pairs of symbols protect spans in which breaks do not count. It then cuts
//! at the breaks that count and looks each piece up in the text to learn where it stands. Here the text stays as it
//! is: a copy of the same length has the dots struck out (module `work`), and what the original puts *between* characters is
//! a sorted list of `marks`. The rules run in the original's order, each seeing what the earlier ones did. Only custom
//! bounds, which come before all other rules, put the original's symbol into the text that the rules read.
//!
//! The module `improved` is a rule set of its own ([`RuleSet::Improved`]), which shares `bounds` and `split` only.
//!
//! | module | rules |
//! |---|---|
//! | `bounds` | custom bounds |
//! | `lists` | list items |
//! | `dots`, `abbreviations` | numbers, abbreviations, dots inside words, degrees, ellipses |
//! | `exclaim` | runs of `!` and `?` |
//! | `pairs` | quotes, brackets and parentheses |
//! | `pieces` | the cut at the breaks, the symbols turned back |
//! | `locate` | where a piece stands |
//! | `search`, `grams`, `occurrences`, `suffixes` | where any string stands |
//! | `split` | long sentences |

mod abbreviations;
mod bounds;
mod dots;
mod exclaim;
mod grams;
mod improved;
mod lists;
mod locate;
mod marks;
mod occurrences;
mod pairs;
mod pieces;
mod rules;
mod search;
mod split;
mod suffixes;
mod work;

pub use rules::{CustomBoundsStrategy, RuleSet, SentenceRules};

use crate::error::Result;
use crate::utf16;
use bounds::Bounds;
use locate::{Locator, Place};
use pieces::Changes;
use work::Work;

/// A sentence of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sentence<'a> {
    /// Spark NLP's `begin`, in UTF-16 units: where it finds the sentence in the document, -1 if it does not. Pieces of a
    /// sentence that was split count on from there, one too high when the sentence starts with a word over the limit.
    pub begin: i32,
    /// Spark NLP's `end` made exclusive: `begin` plus the length of `text`, also when `begin` is -1.
    pub end: i32,
    /// The byte of the document at which `text` stands; `None` when the sentence is not found there, which for a sentence
    /// that was not split is exactly when `begin` is -1.
    pub at: Option<usize>,
    /// The sentence, trimmed. Where `at` is `None` it may differ from all of the document: the original loses some
    /// backslashes and the matches of custom bounds that do not end a sentence after all, and it reads its own symbols
    /// (U+F050 to U+F057 and some box drawing characters) as what they stand for.
    pub text: &'a str,
}

/// Cuts documents into sentences.
#[derive(Debug, Clone, Default)]
pub struct SentenceDetector {
    rules: SentenceRules,
    bounds: Option<Bounds>,
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
    ///
    /// # Errors
    /// When a custom bound is no Java regex, or uses what is not supported of these.
    pub fn new(rules: SentenceRules) -> Result<Self> {
        let bounds = Bounds::new(&rules)?;
        Ok(Self { rules, bounds })
    }

    /// Gives each sentence of `document` to `emit`, in the order in which the text holds them.
    ///
    /// Spark NLP sorts the sentences of a row by `begin` (a stable sort) before it numbers them; that is left to the
    /// caller and matters only where some `begin` is -1 or several documents share a row.
    ///
    /// # Errors
    /// When the search for a custom bound takes more steps than it may; nothing was given to `emit` then. Without custom
    /// bounds there are no errors.
    pub fn detect(
        &self,
        document: &str,
        scratch: &mut Scratch,
        emit: impl FnMut(Sentence<'_>),
    ) -> Result<()> {
        if self.rules.rule_set == RuleSet::Improved {
            return self.detect_improved(document, emit);
        }
        let Scratch {
            work,
            changes,
            recovered,
        } = scratch;
        let Some(bounds) = &self.bounds else {
            work.load(document);
            self.mark_sentences(work, document);
            let placed = self.placed(document, emit);
            pieces::each(work, document, changes, recovered, placed);
            return Ok(());
        };
        let marked = bounds.mark(document)?;
        work.load(&marked);
        if !self.rules.use_custom_bounds_only {
            self.mark_sentences(work, &marked);
        }
        // A piece stands elsewhere in `marked` than in the document.
        let mut placed = self.placed(document, emit);
        pieces::each(work, &marked, changes, recovered, |text, _| {
            placed(text, None);
        });
        Ok(())
    }

    /// The pragmatic rules. The original has two sequences of them: with custom bounds the rules for numbers come after
    /// those for abbreviations.
    fn mark_sentences(&self, work: &mut Work, text: &str) {
        if self.rules.detect_lists {
            lists::apply(work, text);
        }
        if self.bounds.is_none() {
            dots::numbers(work);
        }
        dots::protect_initials(work, text);
        dots::strike_inner(work, text, self.rules.use_abbreviations);
        if self.bounds.is_some() {
            // The original takes the dots inside words after these; whichever rule takes a dot, it is struck out.
            dots::numbers(work);
        }
        exclaim::apply(work);
        dots::ellipses(work);
        pairs::apply(work);
        dots::break_after(work);
    }

    /// What becomes of a piece and the byte at which it was cut out of the document: it is placed, split, measured and
    /// given to `emit`.
    fn placed(
        &self,
        document: &str,
        emit: impl FnMut(Sentence<'_>),
    ) -> impl FnMut(&str, Option<usize>) {
        let mut locator = Locator::new(document);
        let SentenceRules { split_length, .. } = self.rules;
        let mut emit = self.measured(emit);
        move |text, own| {
            let Place { at, begin, units } = locator.place(text, own);
            match split_length {
                None => emit(begin, units, at, text),
                Some(limit) => split::each(text, limit, |piece| {
                    let at = at.map(|at| at + piece.at);
                    emit(
                        begin.saturating_add(piece.offset),
                        piece.units,
                        at,
                        piece.text,
                    );
                }),
            }
        }
    }

    /// [`RuleSet::Improved`].
    fn detect_improved(&self, document: &str, emit: impl FnMut(Sentence<'_>)) -> Result<()> {
        let cuts = match &self.bounds {
            Some(bounds) => bounds.cuts(document)?,
            None => Vec::new(),
        };
        let SentenceRules {
            detect_lists,
            use_abbreviations,
            split_length,
            ..
        } = self.rules;
        let switches = improved::Switches {
            detect_lists,
            use_abbreviations,
            whole: self.bounds.is_some() && self.rules.use_custom_bounds_only,
        };
        let mut emit = self.measured(emit);
        let mut units = utf16::Cursor::new(document);
        let mut place = |at: usize, text: &str| {
            let begin = units.at(at);
            let length = units.at(at + text.len()) - begin;
            emit(utf16::int(begin), utf16::int(length), Some(at), text);
        };
        let mut start = 0;
        let last = document.len();
        for cut in cuts.into_iter().chain(std::iter::once(last..last)) {
            if cut.start >= start {
                improved::each(document, start..cut.start, switches, |sentence| {
                    let text = &document[sentence.clone()];
                    match split_length {
                        None => place(sentence.start, text),
                        Some(limit) => split::each(text, limit, |piece| {
                            let text = piece.text.trim_start_matches(improved::is_blank);
                            let at = piece.at + piece.text.len() - text.len();
                            let text = text.trim_end_matches(improved::is_blank);
                            if !text.is_empty() {
                                place(sentence.start + at, text);
                            }
                        }),
                    }
                });
            }
            start = start.max(cut.end);
        }
        Ok(())
    }

    /// Gives sentences of the right length to `emit`: from `begin`, the length in UTF-16 units, the place and the text.
    fn measured(
        &self,
        mut emit: impl FnMut(Sentence<'_>),
    ) -> impl FnMut(i32, i32, Option<usize>, &str) {
        let SentenceRules {
            min_length,
            max_length,
            ..
        } = self.rules;
        move |begin, units, at, text| {
            if units >= min_length && max_length.is_none_or(|limit| units <= limit) {
                emit(Sentence {
                    begin,
                    end: begin.saturating_add(units),
                    at,
                    text,
                });
            }
        }
    }
}
