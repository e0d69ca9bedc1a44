//! The steps of the original's `TokenizerModel`, for patterns other than the default ones.
//!
//! What parts tokens becomes U+2187; candidates are what is between. A candidate that belongs to an exception is a token;
//! in any other the first rule that matches says which groups are tokens, and these may be split.

use std::ops::Range;

use super::exceptions::{Exceptions, PROTECT, Protected};
use super::{Token, TokenRules};
use crate::error::{Error, Result};
use crate::java::Pattern;
use crate::java::pattern::text;
use crate::utf16;

/// Takes the place of what parts tokens.
const BREAK: char = '\u{2187}';

#[derive(Debug)]
pub(super) struct Ruled {
    breaks: Pattern,
    exceptions: Option<Exceptions>,
    rules: Vec<Pattern>,
    split_pattern: Option<Pattern>,
    split_chars: Option<SplitChars>,
}

#[derive(Debug)]
struct SplitChars {
    /// A token is split if it holds one of these.
    any_of: Vec<char>,
    /// The characters as one pattern; `None` if they make none, and tokens stay whole.
    pattern: Option<Pattern>,
}

/// A text made from the sentence whose parts know where they stood in it.
#[derive(Debug, Default)]
pub(super) struct Moved {
    /// Byte of this text, byte of the sentence: from the one on, both run in step.
    pub(super) steps: Vec<(usize, usize)>,
}

impl Moved {
    pub(super) fn origin(&self, at: usize) -> usize {
        let after = self.steps.partition_point(|step| step.0 <= at);
        match after.checked_sub(1) {
            Some(last) => self.steps[last].1 + (at - self.steps[last].0),
            None => at,
        }
    }
}

fn require(holds: bool, message: &str) -> Result<()> {
    if holds {
        return Ok(());
    }
    Err(Error::Setting {
        message: format!("requirement failed: {message}"),
    })
}

impl Ruled {
    pub(super) fn new(rules: TokenRules) -> Result<Self> {
        let context = quote(&rules.context_chars.concat());
        let prefix = match rules.prefix_pattern {
            Some(prefix) => {
                require(
                    prefix.starts_with("\\A"),
                    "prefixPattern must begin with \\A to ensure it is the beginning of the string",
                )?;
                prefix
            }
            None => format!("\\A([{context}]*)"),
        };
        let suffix = match rules.suffix_pattern {
            Some(suffix) => {
                require(
                    suffix.ends_with("\\z"),
                    "suffixPattern must end with \\z to ensure it is the end of the string",
                )?;
                suffix
            }
            None => format!("([{context}]*)\\z"),
        };
        let infixes = if rules.infix_patterns.is_empty() {
            vec![format!("([^{context}](?:.*[^{context}])*)")]
        } else {
            require(
                rules
                    .infix_patterns
                    .iter()
                    .all(|infix| infix.contains('(') && infix.contains(')')),
                "infix patterns must use regex group. Notice each group will result in separate token",
            )?;
            rules.infix_patterns
        };
        let patterns = infixes
            .iter()
            .map(|infix| Pattern::new(&format!("{prefix}{infix}{suffix}")));
        let breaks = Pattern::new(&format!("[^(?:{}){PROTECT}]", rules.target_pattern))?;
        Ok(Self {
            breaks,
            exceptions: Exceptions::new(&rules.exceptions, rules.case_sensitive_exceptions)?,
            rules: patterns.collect::<Result<_>>()?,
            split_pattern: rules
                .split_pattern
                .as_deref()
                .map(Pattern::new)
                .transpose()?,
            split_chars: split_chars(&rules.split_chars)?,
        })
    }

    pub(super) fn tokenize(&self, sentence: &str, emit: &mut impl FnMut(Token<'_>)) -> Result<()> {
        let protected = match &self.exceptions {
            Some(exceptions) => exceptions.protect(sentence, &self.breaks)?,
            None => Protected::default(),
        };
        let text = protected.text.as_deref().unwrap_or(sentence);
        let (work, moved) = self.part(text)?;
        let mut units = utf16::Cursor::new(&work);
        let mut out = Output {
            sentence,
            table: None,
            moved: [&moved, &protected.moved],
            emit,
        };
        let mut start = 0;
        for candidate in work.split(BREAK) {
            let end = start + candidate.len();
            if !candidate.is_empty() {
                let first = units.at(start);
                let whole = self.exceptions.is_some()
                    && (candidate.contains(PROTECT) || protected.whole.contains(candidate));
                if whole {
                    out.original(first, first + utf16::len(candidate));
                } else {
                    self.apply(candidate, start, first, &mut out)?;
                }
            }
            start = end + BREAK.len_utf8();
        }
        Ok(())
    }

    /// The text with U+2187 for what parts tokens.
    fn part(&self, text: &str) -> Result<(String, Moved)> {
        let mut work = String::with_capacity(text.len() + text.len() / 4);
        let mut moved = Moved::default();
        let mut copied = 0;
        self.breaks.each(text, |found| {
            let start = text.floor_char_boundary(found.start);
            work.push_str(&text[copied..start.max(copied)]);
            work.push(BREAK);
            copied = text.ceil_char_boundary(found.end).max(copied);
            moved.steps.push((work.len(), copied));
        })?;
        work.push_str(&text[copied..]);
        Ok((work, moved))
    }

    /// A candidate that stands at byte `start` and UTF-16 unit `first` of the work text, by the first rule that matches.
    fn apply(
        &self,
        candidate: &str,
        start: usize,
        first: usize,
        out: &mut Output<'_, impl FnMut(Token<'_>)>,
    ) -> Result<()> {
        for rule in &self.rules {
            let Some(found) = rule.captures_at(candidate, 0)? else {
                continue;
            };
            let matched = found.range();
            let mut haystack = None;
            // As in the original: it starts where the match stands in the candidate, and counts on in the match.
            let mut position = text::unit(candidate, matched.start);
            for group in 1..=rule.groups() {
                let Some(group) = found.group(group) else {
                    return Err(Error::Row {
                        message: "java.lang.NullPointerException".to_owned(),
                    });
                };
                let target = text::slice(candidate, group.clone());
                let Some(parts) = self.split(&target)? else {
                    out.token(&target, start + group.start, first + position);
                    position += utf16::len(&target);
                    continue;
                };
                for part in parts {
                    let units = text::units(&target, part.clone());
                    let at = start + group.start + part.start;
                    position = haystack
                        .get_or_insert_with(|| {
                            Haystack::new(&text::slice(candidate, matched.clone()))
                        })
                        .find(&units, position);
                    out.token(&text::slice(&target, part), at, first + position);
                    position += units.len();
                }
            }
            return Ok(());
        }
        out.token(candidate, start, first);
        Ok(())
    }

    /// The parts of a group, `None` if it stays whole.
    fn split(&self, target: &str) -> Result<Option<Vec<Range<usize>>>> {
        if target.is_empty() {
            return Ok(None);
        }
        if let Some(pattern) = &self.split_pattern {
            let parts = pattern.split(target)?;
            if parts.len() > 1 {
                return Ok(Some(parts));
            }
        }
        match &self.split_chars {
            Some(chars) if target.contains(&chars.any_of[..]) => {
                let parts = chars.pattern.as_ref().map(|p| p.split(target));
                parts.transpose()
            }
            _ => Ok(None),
        }
    }
}

/// What the tokens of a sentence go through.
struct Output<'a, F> {
    sentence: &'a str,
    table: Option<utf16::Table<'a>>,
    /// From the work text to the one before it, and from there to the sentence.
    moved: [&'a Moved; 2],
    emit: F,
}

impl<F: FnMut(Token<'_>)> Output<'_, F> {
    /// A text of the work text's byte `at`, said to stand at UTF-16 unit `position`.
    fn token(&mut self, text: &str, at: usize, position: usize) {
        if text.is_empty() {
            return;
        }
        let at = self.moved.iter().fold(at, |at, moved| moved.origin(at));
        let stands = self.sentence.get(at..at + text.len()) == Some(text);
        (self.emit)(Token {
            begin: utf16::int(position),
            end: utf16::int(position + utf16::len(text)),
            at: stands.then_some(at),
            text,
        });
    }

    /// What the sentence holds from one UTF-16 unit to another.
    fn original(&mut self, begin: usize, end: usize) {
        let table = self
            .table
            .get_or_insert_with(|| utf16::Table::new(self.sentence));
        let position = |unit| {
            let byte = table.byte(unit);
            // Inside a pair the table gives the byte after it.
            if table.unit(byte) > unit {
                byte - 2
            } else {
                byte
            }
        };
        let range = position(begin)..position(end);
        let text = text::slice(self.sentence, range.clone());
        if text.is_empty() {
            return;
        }
        (self.emit)(Token {
            begin: utf16::int(begin),
            end: utf16::int(end),
            at: self.sentence.get(range.clone()).map(|_| range.start),
            text: &text,
        });
    }
}

/// A text in which parts are looked for, one after the other.
#[derive(Debug, Default)]
pub(super) struct Haystack {
    units: Vec<u16>,
}

impl Haystack {
    pub(super) fn new(text: &str) -> Self {
        Self {
            units: text.encode_utf16().collect(),
        }
    }

    /// `String.indexOf(part, from)`, which finds what was cut out of the text.
    pub(super) fn find(&self, part: &[u16], from: usize) -> usize {
        let from = from.min(self.units.len());
        self.units[from..]
            .windows(part.len().max(1))
            .position(|window| window.starts_with(part))
            .map_or(from, |found| from + found)
    }
}

fn split_chars(chars: &[String]) -> Result<Option<SplitChars>> {
    if chars.is_empty() {
        return Ok(None);
    }
    let mut any_of = Vec::new();
    for given in chars {
        let units = utf16::len(given);
        require(
            units == 1 || (units == 2 && given.starts_with('\\')),
            "All elements in context chars must have length == 1",
        )?;
        any_of.extend(given.chars().next_back());
    }
    let pattern = match Pattern::new(&chars.join("|")) {
        Ok(pattern) => Some(pattern),
        // The original logs that it could not split.
        Err(Error::Pattern { .. }) => None,
        Err(error) => return Err(error),
    };
    Ok(Some(SplitChars { any_of, pattern }))
}

/// `Pattern.quote`
fn quote(text: &str) -> String {
    format!("\\Q{}\\E", text.replace("\\E", "\\E\\\\E\\Q"))
}
