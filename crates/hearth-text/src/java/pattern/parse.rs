//! The syntax of `java.util.regex.Pattern` (JDK 17), with its messages.

use super::property;
use super::set::{LAST, SURROGATES, Set};
use super::tree::{Anchor, Behind, Greed, Tree};
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

/// What an escape stands for.
enum Escape {
    Code(u32),
    Class(Set),
    Node(Tree),
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

pub(super) fn line_terminators() -> Set {
    Set::of([(0x0A, 0x0A), (0x0D, 0x0D), (0x85, 0x85), (0x2028, 0x2029)])
}

fn spaces() -> Set {
    Set::of([(9, 13), (32, 32)])
}

fn digits() -> Set {
    Set::of([(0x30, 0x39)])
}

fn word() -> Set {
    Set::of([(0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A)])
}

fn horizontal() -> Set {
    Set::of([
        (0x09, 0x09),
        (0x20, 0x20),
        (0xA0, 0xA0),
        (0x1680, 0x1680),
        (0x180E, 0x180E),
        (0x2000, 0x200A),
        (0x202F, 0x202F),
        (0x205F, 0x205F),
        (0x3000, 0x3000),
    ])
}

fn vertical() -> Set {
    Set::of([(0x0A, 0x0D), (0x85, 0x85), (0x2028, 0x2029)])
}

impl<'p> Parser<'p> {
    fn new(pattern: &'p str) -> Self {
        let mut codes = unquote(pattern);
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
        loop {
            let code = self.peek();
            let part = match ascii(code).map(char::from) {
                Some('(') => match self.group()? {
                    Some(group) => self.closure(group)?,
                    None => continue,
                },
                Some('[') => {
                    let set = self.class(true)?;
                    let wide = set.1;
                    let node = self.one(set.0, wide);
                    self.closure(node)?
                }
                Some('\\') => {
                    let node = self.escaped()?;
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
                    let node = self.literal(code);
                    self.closure(node)?
                }
            };
            parts.push(part);
        }
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

    fn literal(&mut self, code: u32) -> Tree {
        let set = self.folded(Set::one(code));
        self.one(set, is_wide(code))
    }

    fn folded(&self, set: Set) -> Set {
        if self.flags.fold {
            set.fold_ascii()
        } else {
            set
        }
    }

    /// An escape outside of a class, from its backslash on.
    fn escaped(&mut self) -> Result<Tree> {
        let code = self.code(self.at + 1);
        if is(code, 'p') || is(code, 'P') {
            self.at += 1;
            let set = self.family(is(code, 'P'))?;
            return Ok(self.one(set, true));
        }
        match self.escape(false, false)? {
            Escape::Code(code) => Ok(self.literal(code)),
            Escape::Class(set) => {
                let wide = set.contains(0x1_0000);
                Ok(self.one(set, wide))
            }
            Escape::Node(node) => Ok(node),
        }
    }

    fn escape(&mut self, in_class: bool, in_range: bool) -> Result<Escape> {
        let code = self.skip();
        let Some(letter) = ascii(code).map(char::from) else {
            return Ok(Escape::Code(code));
        };
        let outside = !in_class;
        Ok(match letter {
            '0' => Escape::Code(self.octal()?),
            '1'..='9' if outside => Escape::Node(self.back_reference(code - 0x30)?),
            'A' if outside => Escape::Node(Tree::Anchor(Anchor::Start)),
            'B' if outside => Escape::Node(Tree::Anchor(Anchor::Word { inside: true })),
            'D' => Escape::Class(digits().negate()),
            'G' if outside => return Err(self.unsupported("\\G")),
            'H' => Escape::Class(horizontal().negate()),
            'N' => return Err(self.unsupported("\\N{...}")),
            'R' if outside => Escape::Node(any_line_end()),
            'S' => Escape::Class(spaces().negate()),
            'V' => Escape::Class(vertical().negate()),
            'W' => Escape::Class(word().negate()),
            'X' if outside => return Err(self.unsupported("\\X")),
            'Z' if outside => Escape::Node(self.line_end(false)),
            'a' => Escape::Code(7),
            'b' if outside => {
                if is(self.peek(), '{') {
                    return Err(self.unsupported("\\b{...}"));
                }
                Escape::Node(Tree::Anchor(Anchor::Word { inside: false }))
            }
            'c' => {
                if self.at >= self.end {
                    return Err(self.error("Illegal control escape sequence"));
                }
                Escape::Code(self.read() ^ 64)
            }
            'd' => Escape::Class(digits()),
            'e' => Escape::Code(0x1B),
            'f' => Escape::Code(0x0C),
            'h' => Escape::Class(horizontal()),
            'k' if outside => Escape::Node(self.named_reference()?),
            'n' => Escape::Code(0x0A),
            'r' => Escape::Code(0x0D),
            's' => Escape::Class(spaces()),
            't' => Escape::Code(9),
            'u' => Escape::Code(self.unicode()?),
            'v' if in_range => Escape::Code(0x0B),
            'v' => Escape::Class(vertical()),
            'w' => Escape::Class(word()),
            'x' => Escape::Code(self.hexadecimal()?),
            'z' if outside => Escape::Node(Tree::Anchor(Anchor::End)),
            'a'..='z' | 'A'..='Z' | '1'..='9' => {
                return Err(self.error("Illegal/unsupported escape sequence"));
            }
            _ => Escape::Code(code),
        })
    }

    fn octal(&mut self) -> Result<u32> {
        let Some(first) = digit(self.read(), 8) else {
            return Err(self.error("Illegal octal escape sequence"));
        };
        let mut value = first;
        for place in 1..3 {
            let before = self.at;
            match digit(self.read(), 8) {
                Some(next) if place == 1 || first <= 3 => value = value * 8 + next,
                _ => {
                    self.at = before;
                    break;
                }
            }
        }
        Ok(value)
    }

    fn hexadecimal(&mut self) -> Result<u32> {
        let first = self.read();
        if let Some(high) = digit(first, 16) {
            if let Some(low) = digit(self.read(), 16) {
                return Ok(high * 16 + low);
            }
        } else if is(first, '{') && digit(self.peek(), 16).is_some() {
            let mut value = 0;
            loop {
                let code = self.read();
                match digit(code, 16) {
                    Some(next) => value = (value << 4) + next,
                    None if is(code, '}') => return Ok(value),
                    None => return Err(self.error("Unclosed hexadecimal escape sequence")),
                }
                if value > LAST {
                    return Err(self.error("Hexadecimal codepoint is too big"));
                }
            }
        }
        Err(self.error("Illegal hexadecimal escape sequence"))
    }

    fn four_digits(&mut self) -> Result<u32> {
        let mut value = 0;
        for _ in 0..4 {
            match digit(self.read(), 16) {
                Some(next) => value = value * 16 + next,
                None => return Err(self.error("Illegal Unicode escape sequence")),
            }
        }
        Ok(value)
    }

    fn unicode(&mut self) -> Result<u32> {
        let first = self.four_digits()?;
        if (0xD800..0xDC00).contains(&first) {
            let before = self.at;
            if is(self.read(), '\\') && is(self.read(), 'u') {
                let second = self.four_digits()?;
                if (0xDC00..0xE000).contains(&second) {
                    return Ok(0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00));
                }
            }
            self.at = before;
        }
        Ok(first)
    }

    /// As many digits as make the number of a group that has been opened; the first always counts.
    fn back_reference(&mut self, first: u32) -> Result<Tree> {
        let mut group = first as usize;
        while let Some(next) = digit(self.peek(), 10) {
            let longer = group * 10 + next as usize;
            if longer > self.groups {
                break;
            }
            group = longer;
            self.read();
        }
        self.back(group)
    }

    fn named_reference(&mut self) -> Result<Tree> {
        if !is(self.read(), '<') {
            return Err(self.error("\\k is not followed by '<' for named capturing group"));
        }
        let first = self.read();
        let name = self.group_name(first)?;
        match self.names.iter().find(|(known, _)| *known == name) {
            Some(&(_, group)) => self.back(group),
            None => Err(self.error(format!("named capturing group <{name}> does not exist"))),
        }
    }

    fn back(&self, group: usize) -> Result<Tree> {
        self.refuse_unicode_case()?;
        let fold = self.flags.fold;
        Ok(Tree::Back { group, fold })
    }

    fn refuse_unicode_case(&self) -> Result<()> {
        if self.flags.fold && self.flags.unicode_case {
            return Err(self.unsupported("(?iu), letter case beyond ASCII"));
        }
        Ok(())
    }

    /// `\p` and `\P`, from the letter on.
    fn family(&mut self, complement: bool) -> Result<Set> {
        self.at += 1;
        let name: String = if is(self.peek(), '{') {
            self.at += 1;
            let start = self.at;
            while self.at < self.end && !is(self.code(self.at), '}') {
                self.at += 1;
            }
            self.at += 1;
            if self.at > self.end {
                return Err(self.error("Unclosed character family"));
            }
            if start + 1 >= self.at {
                return Err(self.error("Empty character family"));
            }
            text(&self.codes[start..self.at - 1])
        } else {
            let name = text(&[self.code(self.at)]);
            self.read();
            name
        };
        match property::find(&name, self.flags.fold) {
            Some(Ok(set)) if complement => {
                self.wide = true;
                Ok(set.negate())
            }
            Some(Ok(set)) => Ok(set),
            Some(Err(())) => Err(self.unsupported(format!("\\p{{{name}}}"))),
            None => match name.split_once('=') {
                Some((key, value)) => Err(self.error(format!(
                    "Unknown Unicode property {{name=<{}>, value=<{value}>}}",
                    key.to_ascii_lowercase()
                ))),
                None => Err(self.error(format!("Unknown character property name {{{name}}}"))),
            },
        }
    }

    /// A class from its bracket on, with whether it may match beyond U+FFFF in the original's eyes. The right side of `&&`
    /// is read as a class of its own that does not take its closing bracket.
    fn class(&mut self, takes_bracket: bool) -> Result<(Set, bool)> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(self.unsupported("groups or classes nested this deep"));
        }
        let mut found: Option<(Set, bool)> = None;
        let mut last: Option<(Set, bool)> = None;
        let mut bits = Set::default();
        let (mut has_bits, mut bits_met) = (false, false);
        let mut code = self.next();
        let negated = is(code, '^') && is(self.code(self.at - 1), '[');
        if negated {
            code = self.next();
        }
        let join = |a: Option<(Set, bool)>, b: &(Set, bool)| match a {
            Some(a) => (a.0.union(&b.0), true),
            None => b.clone(),
        };
        loop {
            match ascii(code).map(char::from) {
                Some('[') => {
                    let inner = self.class(true)?;
                    found = Some(join(found, &inner));
                    last = Some(inner);
                    code = self.peek();
                    continue;
                }
                Some('&') => {
                    if is(self.next(), '&') {
                        code = self.next();
                        let mut right = None;
                        while !is(code, ']') && !is(code, '&') {
                            let part = if is(code, '[') {
                                self.class(true)?
                            } else {
                                self.at -= 1;
                                self.class(false)?
                            };
                            right = Some(join(right, &part));
                            code = self.peek();
                        }
                        if has_bits {
                            let part = (std::mem::take(&mut bits), false);
                            bits_met = true;
                            if found.is_none() {
                                last = Some(part.clone());
                            }
                            found = Some(join(found, &part));
                            has_bits = false;
                        }
                        let given = right.is_some();
                        if given {
                            last = right;
                        }
                        found = match (found, &last) {
                            (None, _) if !given => {
                                return Err(self.error("Bad class syntax"));
                            }
                            (None, last) => last.clone(),
                            (Some(_), None) => {
                                return Err(self.error("Bad intersection syntax"));
                            }
                            (Some(set), Some(last)) => Some((set.0.and(&last.0), true)),
                        };
                        continue;
                    }
                    // A single & is a literal.
                    self.at -= 1;
                }
                Some('\0') if self.at >= self.end => {
                    return Err(self.error("Unclosed character class"));
                }
                Some(']') if found.is_some() || has_bits => {
                    if takes_bracket {
                        self.next();
                    }
                    let mut set = found.unwrap_or_default();
                    set.0 = set.0.union(&bits);
                    if negated {
                        set = (set.0.negate(), true);
                    }
                    self.depth -= 1;
                    return Ok(set);
                }
                _ => {}
            }
            match self.range()? {
                // The original would add to the left side of the intersection, too.
                Range::Bit(_) if bits_met => {
                    return Err(self.unsupported("a class that goes on after an intersection"));
                }
                Range::Bit(set) => {
                    bits = bits.union(&set);
                    has_bits = true;
                }
                Range::Set(set, wide) => {
                    let set = (set, wide);
                    found = Some(join(found, &set));
                    last = Some(set);
                }
            }
            code = self.peek();
        }
    }

    /// A character, range or escape inside of a class.
    fn range(&mut self) -> Result<Range> {
        let mut code = self.peek();
        if is(code, '\\') {
            let letter = self.code(self.at + 1);
            if is(letter, 'p') || is(letter, 'P') {
                self.at += 1;
                return Ok(Range::Set(self.family(is(letter, 'P'))?, true));
            }
            let in_range = is(self.code(self.at + 2), '-');
            match self.escape(true, in_range)? {
                Escape::Code(plain) => code = plain,
                Escape::Class(set) => {
                    let wide = set.contains(0x1_0000);
                    return Ok(Range::Set(set, wide));
                }
                Escape::Node(_) => {
                    return Err(self.error("Illegal/unsupported escape sequence"));
                }
            }
        } else {
            self.next();
        }
        if is(self.peek(), '-') {
            let next = self.code(self.at + 1);
            if !is(next, '[') && !is(next, ']') {
                self.next();
                let mut last = self.peek();
                if is(last, '\\') {
                    last = match self.escape(true, true)? {
                        Escape::Code(code) => code,
                        // The original takes a class here for a code point of -1.
                        Escape::Class(_) | Escape::Node(_) => {
                            return Err(self.error("Illegal character range"));
                        }
                    };
                } else {
                    self.next();
                }
                if last < code {
                    return Err(self.error("Illegal character range"));
                }
                self.refuse_unicode_case()?;
                let set = self.folded(Set::of([(code, last)]));
                let narrow = last < SURROGATES.0 || (code > SURROGATES.1 && last < 0x1_0000);
                return Ok(Range::Set(set, !narrow || self.flags.fold));
            }
        }
        self.refuse_unicode_case()?;
        let set = self.folded(Set::one(code));
        Ok(if code < 256 {
            Range::Bit(set)
        } else {
            Range::Set(set, is_wide(code))
        })
    }

    /// A group, or `None` for `(?flags)`.
    fn group(&mut self) -> Result<Option<Tree>> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(self.unsupported("groups or classes nested this deep"));
        }
        let flags = self.flags;
        let group = if is(self.next(), '?') {
            let kind = self.skip();
            match ascii(kind).map(char::from) {
                Some(':') => self.expression()?,
                Some('=' | '!') => Tree::Look {
                    body: Box::new(self.expression()?),
                    negative: is(kind, '!'),
                    behind: None,
                },
                Some('>') => Tree::Atomic(Box::new(self.expression()?)),
                Some('<') => {
                    let kind = self.read();
                    if is(kind, '=') || is(kind, '!') {
                        self.look_behind(is(kind, '!'))?
                    } else {
                        let name = self.group_name(kind)?;
                        if self.names.iter().any(|(known, _)| *known == name) {
                            return Err(self.error(format!(
                                "Named capturing group <{name}> is already defined"
                            )));
                        }
                        self.names.push((name, self.groups + 1));
                        self.capture()?
                    }
                }
                Some('$' | '@') => return Err(self.error("Unknown group type")),
                _ => {
                    self.at -= 1;
                    self.read_flags()?;
                    let after = self.read();
                    if is(after, ')') {
                        self.depth -= 1;
                        return Ok(None);
                    }
                    if !is(after, ':') {
                        return Err(self.error("Unknown inline modifier"));
                    }
                    self.expression()?
                }
            }
        } else {
            self.capture()?
        };
        self.pass();
        self.at += 1;
        if !is(self.code(self.at - 1), ')') {
            return Err(self.error("Unclosed group"));
        }
        self.flags = flags;
        self.depth -= 1;
        Ok(Some(group))
    }

    fn capture(&mut self) -> Result<Tree> {
        self.groups += 1;
        let number = self.groups;
        Ok(Tree::Group(number, Box::new(self.expression()?)))
    }

    fn look_behind(&mut self, negative: bool) -> Result<Tree> {
        let start = self.at;
        let body = self.expression()?;
        let length = body.length();
        let Some(max) = length.max else {
            return Err(self.error("Look-behind group does not have an obvious maximum length"));
        };
        let by_character = self.codes[start.min(self.end)..self.end]
            .iter()
            .any(|&code| is_wide(code));
        // The original's sum overflows. It subtracts it from the position, which overflows as well and leaves a sum just
        // past the largest number without effect; one that overflowed twice makes it look nowhere.
        let (min, max) = match u32::try_from(max) {
            Ok(max) => (length.min, max),
            Err(_) if by_character => {
                return Err(self.unsupported("a look-behind of this length"));
            }
            Err(_) if max < i32::MIN / 2 => (length.min, u32::MAX),
            Err(_) => (1, 0),
        };
        Ok(Tree::Look {
            body: Box::new(body),
            negative,
            behind: Some(Behind {
                min,
                max,
                by_character,
            }),
        })
    }

    fn group_name(&mut self, first: u32) -> Result<String> {
        let mut name = String::new();
        let mut code = first;
        if !ascii(code).is_some_and(|c| c.is_ascii_alphabetic()) {
            return Err(self.error("capturing group name does not start with a Latin letter"));
        }
        while let Some(c) = ascii(code).filter(u8::is_ascii_alphanumeric) {
            name.push(c.into());
            code = self.read();
        }
        if !is(code, '>') {
            return Err(self.error("named capturing group is missing trailing '>'"));
        }
        Ok(name)
    }

    fn read_flags(&mut self) -> Result<()> {
        let mut on = true;
        let mut code = self.peek();
        loop {
            match ascii(code).map(char::from) {
                Some('i') => self.flags.fold = on,
                Some('m') => self.flags.lines = on,
                Some('s') => self.flags.dot_all = on,
                Some('d') => self.flags.unix = on,
                Some('u') => self.flags.unicode_case = on,
                Some('x') => self.flags.comments = on,
                Some('c') if on => return Err(self.unsupported("(?c), canonical equivalence")),
                Some('U') if on => return Err(self.unsupported("(?U), Unicode classes")),
                Some('c') => {}
                Some('U') => self.flags.unicode_case = false,
                Some('-') if on => on = false,
                _ => return self.refuse_unicode_case(),
            }
            code = self.next();
        }
    }

    fn closure(&mut self, body: Tree) -> Result<Tree> {
        let (min, max) = match ascii(self.peek()).map(char::from) {
            Some('?') => (0, Some(1)),
            Some('*') => (0, None),
            Some('+') => (1, None),
            Some('{') => self.counts()?,
            _ => return Ok(body),
        };
        // A line end that is repeated is not gone back into.
        let body = if body == any_line_end() {
            Tree::Atomic(Box::new(body))
        } else {
            body
        };
        let mut greed = Greed::Greedy;
        let next = self.next();
        if is(next, '?') {
            self.next();
            greed = Greed::Lazy;
        } else if is(next, '+') {
            self.next();
            greed = Greed::Possessive;
        }
        Ok(Tree::Repeat {
            body: Box::new(body),
            min,
            max,
            greed,
        })
    }

    /// `{n}`, `{n,}`, `{n,m}`; stops at the closing brace.
    fn counts(&mut self) -> Result<(u32, Option<u32>)> {
        let mut code = self.skip();
        if digit(code, 10).is_none() {
            return Err(self.error("Illegal repetition"));
        }
        let min = self.count(&mut code)?;
        let mut max = Some(min);
        if is(code, ',') {
            code = self.read();
            max = if is(code, '}') {
                None
            } else {
                Some(self.count(&mut code)?)
            };
        }
        if !is(code, '}') {
            return Err(self.error("Unclosed counted closure"));
        }
        if max.is_some_and(|max| max < min) {
            return Err(self.error("Illegal repetition range"));
        }
        self.at -= 1;
        Ok((min, max.filter(|&max| max != i32::MAX as u32)))
    }

    fn count(&mut self, code: &mut u32) -> Result<u32> {
        let mut count: u32 = 0;
        while let Some(next) = digit(*code, 10) {
            count = count
                .checked_mul(10)
                .and_then(|count| count.checked_add(next))
                .filter(|&count| i32::try_from(count).is_ok())
                .ok_or_else(|| self.error("Illegal repetition range"))?;
            *code = self.read();
        }
        Ok(count)
    }
}

enum Range {
    /// A character below U+0100, which the original collects apart from the rest.
    Bit(Set),
    Set(Set, bool),
}

/// `\R`
fn any_line_end() -> Tree {
    let one = |set| Tree::One { set, wide: false };
    Tree::Branches(vec![
        Tree::Sequence(vec![one(Set::one(0x0D)), one(Set::one(0x0A))]),
        one(vertical()),
    ])
}

fn text(codes: &[u32]) -> String {
    codes
        .iter()
        .filter_map(|&code| char::from_u32(code))
        .collect()
}

/// The pattern's code points, what stands between `\Q` and `\E` with backslashes where they are needed.
fn unquote(pattern: &str) -> Vec<u32> {
    let mut codes = Vec::with_capacity(pattern.len() + 2);
    let mut rest = pattern;
    while let Some(found) = quote(rest) {
        codes.extend(rest[..found].chars().map(u32::from));
        let quoted = &rest[found + 2..];
        let (quoted, after) = quoted.split_once("\\E").unwrap_or((quoted, ""));
        for (i, c) in quoted.chars().enumerate() {
            // A digit or letter after a backslash would be an escape, unless hexadecimal.
            if i == 0 && c.is_ascii_digit() {
                codes.extend(format!("\\x3{c}").chars().map(u32::from));
                continue;
            }
            if c.is_ascii() && !c.is_ascii_alphanumeric() {
                codes.push('\\' as u32);
            }
            codes.push(c.into());
        }
        rest = after;
    }
    codes.extend(rest.chars().map(u32::from));
    codes
}

/// Where the first `\Q` stands whose backslash is not itself escaped.
fn quote(pattern: &str) -> Option<usize> {
    let bytes = pattern.as_bytes();
    let mut i = 0;
    while i + 1 < bytes.len() {
        match (bytes[i], bytes[i + 1]) {
            (b'\\', b'Q') => return Some(i),
            (b'\\', _) => i += 2,
            _ => i += 1,
        }
    }
    None
}
