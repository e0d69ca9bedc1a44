//! The syntax of `java.util.regex.Pattern` (JDK 17), with its messages.

mod class;
mod escape;
mod group;
mod quantifier;
mod quote;

use super::predefined::{line_terminators, spaces};
use super::set::{SURROGATES, Set};
use super::tree::{Anchor, Tree};
use crate::error::{Error, Result};

/// Groups inside groups beyond this depth are refused.
const DEPTH: usize = 200;

/// A pattern that has been read.
#[derive(Debug)]
pub(super) struct Parsed {
    pub(super) tree: Tree,
    /// Number of capturing groups.
    pub(super) groups: usize,
    /// Whether Java starts matches at whole characters only.
    pub(super) wide: bool,
}

pub(super) fn parse(pattern: &str) -> Result<Parsed> {
    let mut parser = Parser::new(pattern);
    let tree = parser.expression()?;
    if parser.at != parser.end {
        let message = if parser.peek() == ')' as u32 {
            "Unmatched closing ')'"
        } else {
            "Unexpected internal error"
        };
        return Err(parser.error(message));
    }
    Ok(Parsed {
        tree,
        groups: parser.groups,
        wide: parser.wide,
    })
}

#[derive(Debug, Clone, Copy, Default)]
struct Flags {
    fold: bool,
    lines: bool,
    dot_all: bool,
    unix: bool,
    comments: bool,
    unicode_case: bool,
}

/// Characters that stand for themselves, one after the other. If there are several, the original does not note that one of
/// them is beyond U+FFFF, unless it is written as it is.
#[derive(Default)]
struct Slice {
    length: usize,
    wide: bool,
}

/// Reads code points, of which there are two more than the pattern has, both 0, as the original has it: positions in
/// messages depend on it.
struct Parser<'p> {
    pattern: &'p str,
    codes: Vec<u32>,
    end: usize,
    at: usize,
    flags: Flags,
    groups: usize,
    names: Vec<(String, usize)>,
    wide: bool,
    depth: usize,
}

fn is(code: u32, c: char) -> bool {
    code == c as u32
}

fn ascii(code: u32) -> Option<u8> {
    u8::try_from(code).ok().filter(u8::is_ascii)
}

fn digit(code: u32, radix: u32) -> Option<u32> {
    char::from(ascii(code)?).to_digit(radix)
}

fn is_wide(code: u32) -> bool {
    code > 0xFFFF || (SURROGATES.0..=SURROGATES.1).contains(&code)
}

impl<'p> Parser<'p> {
    fn new(pattern: &'p str) -> Self {
        let mut codes = quote::unquote(pattern);
        let wide = codes.iter().any(|&code| is_wide(code));
        let end = codes.len();
        codes.extend([0, 0]);
        Self {
            pattern,
            codes,
            end,
            at: 0,
            flags: Flags::default(),
            groups: 0,
            names: Vec::new(),
            wide,
            depth: 0,
        }
    }

    fn code(&self, at: usize) -> u32 {
        self.codes.get(at).copied().unwrap_or(0)
    }

    fn error(&self, message: impl Into<String>) -> Error {
        Error::Pattern {
            message: message.into(),
            index: self.at.checked_sub(1),
            pattern: self.pattern.to_owned(),
        }
    }

    fn unsupported(&self, construct: impl Into<String>) -> Error {
        Error::UnsupportedPattern {
            construct: construct.into(),
            index: self.at.saturating_sub(1),
            pattern: self.pattern.to_owned(),
        }
    }

    // The original's way of moving: `peek`, `read` and `next` pass over white space and comments under (?x).

    fn peek(&mut self) -> u32 {
        self.pass();
        self.code(self.at)
    }

    fn read(&mut self) -> u32 {
        self.pass();
        self.at += 1;
        self.code(self.at - 1)
    }

    fn next(&mut self) -> u32 {
        self.at += 1;
        self.peek()
    }

    fn skip(&mut self) -> u32 {
        self.at += 2;
        self.code(self.at - 1)
    }

    fn pass(&mut self) {
        if !self.flags.comments {
            return;
        }
        loop {
            let code = self.code(self.at);
            if spaces().contains(code) {
                self.at += 1;
            } else if is(code, '#') {
                while self.at < self.end && !self.is_line_end(self.code(self.at)) {
                    self.at += 1;
                }
                if self.at >= self.end {
                    return;
                }
            } else {
                return;
            }
        }
    }

    fn is_line_end(&self, code: u32) -> bool {
        if self.flags.unix {
            is(code, '\n')
        } else {
            line_terminators().contains(code)
        }
    }

    fn expression(&mut self) -> Result<Tree> {
        let mut branches = vec![self.sequence()?];
        while is(self.peek(), '|') {
            self.next();
            branches.push(self.sequence()?);
        }
        Ok(match branches.len() {
            1 => branches.remove(0),
            _ => Tree::Branches(branches),
        })
    }

    fn sequence(&mut self) -> Result<Tree> {
        let mut parts = Vec::new();
        let mut slice = Slice::default();
        loop {
            let code = self.peek();
            let mut letter = None;
            let part = match ascii(code).map(char::from) {
                Some('(') => match self.group()? {
                    Some(group) => self.closure(group)?,
                    None => {
                        self.end(&mut slice);
                        continue;
                    }
                },
                Some('[') => {
                    let set = self.class(true)?;
                    let wide = set.1;
                    let node = self.one(set.0, wide);
                    self.closure(node)?
                }
                Some('\\') => {
                    let node;
                    (node, letter) = self.escaped()?;
                    self.closure(node)?
                }
                Some('^') => {
                    self.next();
                    let unix = self.flags.unix;
                    let anchor = if self.flags.lines {
                        Anchor::LineStart { unix }
                    } else {
                        Anchor::Start
                    };
                    self.closure(Tree::Anchor(anchor))?
                }
                Some('$') => {
                    self.next();
                    let end = self.line_end(self.flags.lines);
                    self.closure(end)?
                }
                Some('.') => {
                    self.next();
                    let set = if self.flags.dot_all {
                        Set::all()
                    } else if self.flags.unix {
                        Set::one(0x0A).negate()
                    } else {
                        line_terminators().negate()
                    };
                    // The original does not note here that the pattern may match beyond U+FFFF.
                    self.closure(Tree::One { set, wide: false })?
                }
                Some('|' | ')') => break,
                Some(dangling @ ('?' | '*' | '+')) => {
                    self.next();
                    return Err(self.error(format!("Dangling meta character '{dangling}'")));
                }
                // A repetition of nothing.
                Some('{') => self.closure(Tree::Empty)?,
                _ if code == 0 && self.at >= self.end => break,
                _ => {
                    self.at += 1;
                    letter = Some(code);
                    let node = self.literal(code);
                    self.closure(node)?
                }
            };
            match letter {
                Some(code) if matches!(part, Tree::One { .. }) => {
                    slice.length += 1;
                    slice.wide |= is_wide(code);
                }
                _ => {
                    self.end(&mut slice);
                    self.wide |= letter.is_some_and(is_wide);
                }
            }
            parts.push(part);
        }
        self.end(&mut slice);
        Ok(match parts.len() {
            0 => Tree::Empty,
            1 => parts.remove(0),
            _ => Tree::Sequence(parts),
        })
    }

    fn line_end(&self, lines: bool) -> Tree {
        let unix = self.flags.unix;
        Tree::Anchor(Anchor::LineEnd { lines, unix })
    }

    fn one(&mut self, set: Set, wide: bool) -> Tree {
        self.wide |= wide;
        Tree::One { set, wide }
    }

    fn literal(&self, code: u32) -> Tree {
        Tree::One {
            set: self.folded(Set::one(code)),
            wide: is_wide(code),
        }
    }

    fn end(&mut self, slice: &mut Slice) {
        let Slice { length, wide } = std::mem::take(slice);
        self.wide |= wide && length == 1;
    }

    fn folded(&self, set: Set) -> Set {
        if self.flags.fold {
            set.fold_ascii()
        } else {
            set
        }
    }

    fn refuse_unicode_case(&self) -> Result<()> {
        if self.flags.fold && self.flags.unicode_case {
            return Err(self.unsupported("(?iu), letter case beyond ASCII"));
        }
        Ok(())
    }
}
