//! Custom bounds: the user's regexes, at whose matches sentences end.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use super::rules::{CustomBoundsStrategy, SentenceRules};
use crate::error::Result;
use crate::java::Pattern;
use crate::java::pattern::text::slice;

/// The original's symbol for the end of a sentence.
const BREAK: char = '\u{F050}';

/// Compiled custom bounds.
#[derive(Debug, Clone)]
pub(super) struct Bounds {
    patterns: Arc<[Pattern]>,
    strategy: CustomBoundsStrategy,
}

impl Bounds {
    /// The bounds of these rules; `None` if there are none.
    pub(super) fn new(rules: &SentenceRules) -> Result<Option<Self>> {
        if rules.custom_bounds.is_empty() {
            return Ok(None);
        }
        let patterns = rules.custom_bounds.iter().map(|bound| Pattern::new(bound));
        Ok(Some(Self {
            patterns: patterns.collect::<Result<_>>()?,
            strategy: rules.custom_bounds_strategy,
        }))
    }

    /// `document` with its breaks. These are symbols in the text, which the bounds after the first see, as they see those
    /// that the document itself holds; the pragmatic rules and the cut know both alike.
    pub(super) fn mark<'d>(&self, document: &'d str) -> Result<Cow<'d, str>> {
        let mut marked = Cow::Borrowed(document);
        for pattern in self.patterns.iter() {
            let replaced = pattern.replace_all(&marked, |found, out| match self.strategy {
                CustomBoundsStrategy::None => out.push(BREAK),
                CustomBoundsStrategy::Prepend => {
                    out.push(BREAK);
                    out.push_str(&slice(&marked, found));
                }
                CustomBoundsStrategy::Append => {
                    out.push_str(&slice(&marked, found));
                    out.push(BREAK);
                }
            })?;
            if let Cow::Owned(replaced) = replaced {
                marked = Cow::Owned(replaced);
            }
        }
        Ok(marked)
    }

    /// The cuts that the bounds make in `document` itself, in text order, each with what it drops. The cuts of different
    /// bounds may overlap.
    pub(super) fn cuts(&self, document: &str) -> Result<Vec<Range<usize>>> {
        let mut cuts = Vec::new();
        for pattern in self.patterns.iter() {
            pattern.each(document, |found| {
                let start = document.floor_char_boundary(found.start);
                let end = document.ceil_char_boundary(found.end);
                cuts.push(match self.strategy {
                    CustomBoundsStrategy::None => start..end,
                    CustomBoundsStrategy::Prepend => start..start,
                    CustomBoundsStrategy::Append => end..end,
                });
            })?;
        }
        cuts.sort_by_key(|cut| cut.start);
        Ok(cuts)
    }
}
