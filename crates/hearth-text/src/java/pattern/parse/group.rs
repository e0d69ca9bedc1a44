//! What a parenthesis begins: groups, look-around and flags.

use super::{DEPTH, Parser, ascii, is, is_wide};
use crate::error::Result;
use crate::java::pattern::tree::{Behind, Tree};

impl Parser<'_> {
    /// A group, or `None` for `(?flags)`.
    pub(super) fn group(&mut self) -> Result<Option<Tree>> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(self.unsupported("groups or classes nested this deep"));
        }
        let flags = self.flags;
        let group = if is(self.next(), '?') {
            let kind = self.skip();
            match ascii(kind).map(char::from) {
                Some(':') => Tree::Group(None, Box::new(self.expression()?)),
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
                    Tree::Group(None, Box::new(self.expression()?))
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
        Ok(Tree::Group(Some(number), Box::new(self.expression()?)))
    }

    fn look_behind(&mut self, negative: bool) -> Result<Tree> {
        let start = self.at;
        let body = self.expression()?;
        let length = body.length();
        if !length.bounded {
            return Err(self.error("Look-behind group does not have an obvious maximum length"));
        }
        let by_character = self.codes[start.min(self.end)..self.end]
            .iter()
            .any(|&code| is_wide(code));
        let Ok(min) = u32::try_from(length.min) else {
            return Err(self.unsupported("a look-behind of this length"));
        };
        Ok(Tree::Look {
            body: Box::new(body),
            negative,
            behind: Some(Behind {
                min,
                max: length.max,
                by_character,
            }),
        })
    }

    pub(super) fn group_name(&mut self, first: u32) -> Result<String> {
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
}
