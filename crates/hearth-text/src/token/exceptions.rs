//! What a tokenizer leaves whole.

use std::collections::HashSet;

use super::ruled::Moved;
use crate::error::{Error, Result};
use crate::java::pattern::text;
use crate::java::{Captures, Pattern};

/// Takes the place of what would part tokens inside of an exception.
pub(super) const PROTECT: char = '\u{2188}';

#[derive(Debug)]
pub(super) struct Exceptions {
    pattern: Pattern,
}

/// A sentence after the exceptions were looked for.
#[derive(Debug, Default)]
pub(super) struct Protected {
    /// `None` if nothing changed.
    pub(super) text: Option<String>,
    pub(super) moved: Moved,
    /// Exceptions that nothing would part: candidates equal to one are left whole.
    pub(super) whole: HashSet<String>,
}

impl Exceptions {
    pub(super) fn new(patterns: &[String], case_sensitive: bool) -> Result<Option<Self>> {
        if patterns.is_empty() {
            return Ok(None);
        }
        let prefix = if case_sensitive { "" } else { "(?i)" };
        let all: Vec<_> = patterns.iter().map(|p| format!("{prefix}{p}")).collect();
        let pattern = Pattern::new(&all.join("|"))?;
        Ok(Some(Self { pattern }))
    }

    /// Puts U+2188 for what `breaks` matches inside of exceptions. The original takes the outcome for a replacement with
    /// `$` and `\`: a backslash goes missing, and a dollar is an error or a group.
    pub(super) fn protect(&self, sentence: &str, breaks: &Pattern) -> Result<Protected> {
        let mut protected = Protected::default();
        let mut out = String::new();
        let (mut from, mut copied) = (0, 0);
        while from <= sentence.len()
            && let Some(found) = self.pattern.captures_at(sentence, from)?
        {
            let range = found.range();
            from = crate::java::pattern::after(sentence, &range);
            let (start, end) = (
                sentence.floor_char_boundary(range.start),
                sentence.ceil_char_boundary(range.end),
            );
            out.push_str(&sentence[copied..start.max(copied)]);
            copied = end.max(copied);
            let matched = text::slice(sentence, range);
            let replacement = breaks.replace_all(&matched, |_, out| out.push(PROTECT))?;
            if replacement == matched {
                protected.whole.insert(matched.to_string());
            }
            append(
                &replacement,
                &found,
                sentence,
                self.pattern.groups(),
                &mut out,
            )?;
            protected.moved.steps.push((out.len(), copied));
        }
        if copied > 0 || !out.is_empty() {
            out.push_str(&sentence[copied..]);
            protected.text = Some(out);
        }
        Ok(protected)
    }
}

fn thrown(message: impl Into<String>) -> Error {
    Error::Row {
        message: message.into(),
    }
}

/// `Matcher.appendReplacement`
fn append(
    replacement: &str,
    found: &Captures,
    sentence: &str,
    groups: usize,
    out: &mut String,
) -> Result<()> {
    let mut chars = replacement.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some(escaped) => out.push(escaped),
                None => return Err(thrown("character to be escaped is missing")),
            },
            '$' => {
                let Some(&next) = chars.peek() else {
                    return Err(thrown("Illegal group reference: group index is missing"));
                };
                let Some(first) = next.to_digit(10) else {
                    return Err(thrown(match next {
                        '{' => {
                            "named groups of exceptions are not supported in matches of exceptions"
                        }
                        _ => "Illegal group reference",
                    }));
                };
                chars.next();
                let mut group = first as usize;
                if group > groups {
                    return Err(thrown(format!("No group {group}")));
                }
                while let Some(digit) = chars.peek().and_then(|c| c.to_digit(10)) {
                    let longer = group * 10 + digit as usize;
                    if longer > groups {
                        break;
                    }
                    group = longer;
                    chars.next();
                }
                if let Some(range) = found.group(group) {
                    out.push_str(&text::slice(sentence, range));
                }
            }
            c => out.push(c),
        }
    }
    Ok(())
}
