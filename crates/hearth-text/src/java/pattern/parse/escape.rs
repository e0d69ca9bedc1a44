//! What a backslash begins.

use super::{Parser, ascii, digit, is};
use crate::error::Result;
use crate::java::pattern::set::{LAST, Set};
use crate::java::pattern::tree::{Anchor, Tree};
use crate::java::pattern::{predefined, property};

/// What an escape stands for.
pub(super) enum Escape {
    Code(u32),
    Class(Set),
    Node(Tree),
}

impl Parser<'_> {
    /// An escape outside of a class, from its backslash on, with the character if it stands for one.
    pub(super) fn escaped(&mut self) -> Result<(Tree, Option<u32>)> {
        let code = self.code(self.at + 1);
        if is(code, 'p') || is(code, 'P') {
            self.at += 1;
            let set = self.family(is(code, 'P'))?;
            return Ok((self.one(set, true), None));
        }
        Ok(match self.escape(false, false)? {
            Escape::Code(code) => (self.literal(code), Some(code)),
            Escape::Class(set) => {
                let wide = set.contains(0x1_0000);
                (self.one(set, wide), None)
            }
            Escape::Node(node) => (node, None),
        })
    }

    pub(super) fn escape(&mut self, in_class: bool, in_range: bool) -> Result<Escape> {
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
            'D' => Escape::Class(predefined::digits().negate()),
            'G' if outside => return Err(self.unsupported("\\G")),
            'H' => Escape::Class(predefined::horizontal().negate()),
            'N' => return Err(self.unsupported("\\N{...}")),
            'R' if outside => Escape::Node(Tree::LineBreak),
            'S' => Escape::Class(predefined::spaces().negate()),
            'V' => Escape::Class(predefined::vertical().negate()),
            'W' => Escape::Class(predefined::word().negate()),
            'X' if outside => return Err(self.unsupported("\\X")),
            'Z' if outside => Escape::Node(self.line_end(false)),
            'a' => Escape::Code(7),
            'b' if outside => {
                if is(self.peek(), '{') && is(self.code(self.at + 1), 'g') {
                    return Err(self.unsupported("\\b{g}"));
                }
                Escape::Node(Tree::Anchor(Anchor::Word { inside: false }))
            }
            'c' => {
                if self.at >= self.end {
                    return Err(self.error("Illegal control escape sequence"));
                }
                Escape::Code(self.read() ^ 64)
            }
            'd' => Escape::Class(predefined::digits()),
            'e' => Escape::Code(0x1B),
            'f' => Escape::Code(0x0C),
            'h' => Escape::Class(predefined::horizontal()),
            'k' if outside => Escape::Node(self.named_reference()?),
            'n' => Escape::Code(0x0A),
            'r' => Escape::Code(0x0D),
            's' => Escape::Class(predefined::spaces()),
            't' => Escape::Code(9),
            'u' => Escape::Code(self.unicode()?),
            'v' if in_range => Escape::Code(0x0B),
            'v' => Escape::Class(predefined::vertical()),
            'w' => Escape::Class(predefined::word()),
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

    /// `\p` and `\P`, from the letter on.
    pub(super) fn family(&mut self, complement: bool) -> Result<Set> {
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
}

fn text(codes: &[u32]) -> String {
    codes
        .iter()
        .filter_map(|&code| char::from_u32(code))
        .collect()
}
