//! Java's regular expressions (`java.util.regex.Pattern` of JDK 17), which users of Spark NLP write.
//!
//! A pattern is read by Java's syntax (`parse` to `tree`). Where the crate `regex` finds the same matches it does the
//! work (`linear`); everything else goes to a backtracking matcher (`program`, `machine`) that tries in Java's order and
//! gives up with an error after a number of steps. It is not another crate because Java's regexes see UTF-16: an empty
//! match can lie between the halves of a character, look-behinds count halves, and `\b` passes over any number of marks.
//!
//! | construct | |
//! |---|---|
//! | characters, `\t \n \r \f \a \e \cX \0n \xhh \x{h} \uhhhh`, `\Q..\E` | as in Java |
//! | classes with unions, `&&`, negation; `\d \w \s \h \v` and complements, `\R` | as in Java |
//! | `\p{..}`: categories, scripts, blocks, POSIX, binary properties, `java..` | of Unicode 13, that of JDK 17 |
//! | groups, named groups, back references, greedy, lazy and possessive repetition, look-around, atomic groups | as in Java |
//! | `^ $ \A \z \Z \b \B` | as in Java |
//! | `(?i) (?m) (?s) (?d) (?x)`, and `(?u)` without `(?i)` | as in Java |
//! | `\G \X \N{..} \b{g}`, `(?c) (?U) (?iu)`, some rare `\p{java..}` | [`Error::UnsupportedPattern`] |

mod blocks;
mod length;
mod linear;
mod machine;
mod parse;
mod predefined;
mod program;
mod property;
mod set;
#[cfg(test)]
mod tests;
pub(crate) mod text;
mod tree;

use std::borrow::Cow;
use std::ops::Range;

use crate::error::{Error, Result};
use machine::{Machine, Stop};
use program::Program;

/// A compiled Java regular expression.
///
/// Positions in texts are bytes. Where a match starts or ends between the two halves that Java sees in a character beyond
/// U+FFFF, its position is the third of the character's four bytes, so it is no boundary of the `&str`.
#[derive(Debug)]
pub struct Pattern {
    source: String,
    groups: usize,
    program: Program,
    linear: Option<regex::Regex>,
}

/// Texts up to this many bytes are matched by the backtracking matcher first, which starts faster.
const SHORT: usize = 256;
/// Steps that it may take there before the linear one is asked.
const SHORT_STEPS: usize = 4096;

/// Where a pattern and its groups matched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Captures {
    groups: Vec<Option<Range<usize>>>,
}

impl Captures {
    /// The whole match.
    #[must_use]
    pub fn range(&self) -> Range<usize> {
        self.group(0).unwrap_or(0..0)
    }

    /// A group by its number from 1; `None` if it took no part in the match or does not exist.
    #[must_use]
    pub fn group(&self, group: usize) -> Option<Range<usize>> {
        self.groups.get(group)?.clone()
    }
}

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    ///
    /// [`Error::Pattern`] where Java throws a `PatternSyntaxException`, with its text, and [`Error::UnsupportedPattern`]
    /// where the pattern holds what is not known here.
    pub fn new(pattern: &str) -> Result<Self> {
        let parsed = parse::parse(pattern)?;
        Ok(Self {
            source: pattern.to_owned(),
            groups: parsed.groups,
            program: Program::new(&parsed.tree, parsed.groups, parsed.wide),
            linear: linear::compile(&parsed.tree),
        })
    }

    /// The pattern as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.source
    }

    /// Number of capturing groups.
    #[must_use]
    pub fn groups(&self) -> usize {
        self.groups
    }

    /// The first match that starts at byte `from` or later (`Matcher.find`); what is before `from` can be looked at.
    ///
    /// # Errors
    ///
    /// [`Error::PatternSteps`] if matching takes too many steps.
    pub fn find_at(&self, text: &str, from: usize) -> Result<Option<Range<usize>>> {
        self.find(&mut self.machine(text), text, from)
    }

    /// The same with groups.
    ///
    /// # Errors
    ///
    /// [`Error::PatternSteps`] if matching takes too many steps.
    pub fn captures_at(&self, text: &str, from: usize) -> Result<Option<Captures>> {
        let mut machine = self.machine(text);
        let Some(regex) = &self.linear else {
            let found = machine
                .search(from)
                .map_err(|stop| self.stopped(stop, text))?;
            return Ok(found.map(|_| machine.captures()));
        };
        if let Some(found) = search_short(&mut machine, text, from) {
            return Ok(found.map(|_| machine.captures()));
        }
        let found = regex.captures_at(text, text.ceil_char_boundary(from));
        Ok(found.map(|found| Captures {
            groups: found.iter().map(|group| Some(group?.range())).collect(),
        }))
    }

    fn machine<'a>(&'a self, text: &'a str) -> Machine<'a> {
        Machine::new(&self.program, text, machine::limit(text))
    }

    fn find(
        &self,
        machine: &mut Machine<'_>,
        text: &str,
        from: usize,
    ) -> Result<Option<Range<usize>>> {
        let Some(regex) = &self.linear else {
            return machine
                .search(from)
                .map_err(|stop| self.stopped(stop, text));
        };
        if let Some(found) = search_short(machine, text, from) {
            return Ok(found);
        }
        let found = regex.find_at(text, text.ceil_char_boundary(from));
        Ok(found.map(|found| found.range()))
    }

    fn stopped(&self, stop: Stop, text: &str) -> Error {
        match stop {
            Stop::OutOfSteps => Error::PatternSteps {
                pattern: self.source.clone(),
                limit: machine::limit(text),
            },
            Stop::PastEnd => Error::Row {
                message: "java.lang.StringIndexOutOfBoundsException: String index out of range"
                    .to_owned(),
            },
        }
    }

    /// Gives each match to `each`, from left to right; after an empty one the next is looked for one UTF-16 unit on.
    ///
    /// # Errors
    ///
    /// [`Error::PatternSteps`] if matching takes too many steps, all matches together.
    pub fn each(&self, text: &str, mut each: impl FnMut(Range<usize>)) -> Result<()> {
        let mut machine = self.machine(text);
        let mut from = 0;
        while from <= text.len()
            && let Some(found) = self.find(&mut machine, text, from)?
        {
            from = after(text, &found);
            each(found);
        }
        Ok(())
    }

    /// The text with what `with` appends in place of each match (`Matcher.replaceAll`, without the meaning that `$` and
    /// `\` have there). A half of a character that loses its other half becomes `?`.
    ///
    /// # Errors
    ///
    /// [`Error::PatternSteps`] if matching takes too many steps.
    pub fn replace_all<'t>(
        &self,
        text: &'t str,
        mut with: impl FnMut(Range<usize>, &mut String),
    ) -> Result<Cow<'t, str>> {
        let mut out: Option<text::Builder> = None;
        let mut copied = 0;
        let mut replacement = String::new();
        self.each(text, |found| {
            let out = out.get_or_insert_default();
            out.push(text, copied..found.start);
            copied = found.end;
            replacement.clear();
            with(found, &mut replacement);
            out.push_str(&replacement);
        })?;
        Ok(match out {
            None => Cow::Borrowed(text),
            Some(mut out) => {
                out.push(text, copied..text.len());
                Cow::Owned(out.finish())
            }
        })
    }

    /// The parts between the matches (`String.split`): no empty part at the start for an empty match there, no empty
    /// parts at the end, and the whole text, even if empty, where nothing matches.
    ///
    /// # Errors
    ///
    /// [`Error::PatternSteps`] if matching takes too many steps.
    pub fn split(&self, text: &str) -> Result<Vec<Range<usize>>> {
        let mut parts = Vec::new();
        let (mut start, mut cuts) = (0, 0);
        self.each(text, |found| {
            if found.end > 0 {
                parts.push(start..found.start);
                start = found.end;
                cuts += 1;
            }
        })?;
        parts.push(start..text.len());
        while cuts > 0 && parts.last().is_some_and(Range::is_empty) {
            parts.pop();
        }
        Ok(parts)
    }
}

/// What the backtracking matcher finds, `None` if the text is too long or took it too many steps.
fn search_short(
    machine: &mut Machine<'_>,
    text: &str,
    from: usize,
) -> Option<Option<Range<usize>>> {
    if text.len() > SHORT {
        return None;
    }
    machine.allow(SHORT_STEPS);
    machine.search(from).ok()
}

/// Where the next match is looked for: `Matcher.find` goes on one UTF-16 unit after an empty match.
pub(crate) fn after(text: &str, found: &Range<usize>) -> usize {
    if found.is_empty() {
        text::step(text, found.end)
    } else {
        found.end
    }
}
