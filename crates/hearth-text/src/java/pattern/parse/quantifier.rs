//! `?`, `*`, `+` and `{n,m}`, greedy, lazy and possessive.

use super::{Parser, ascii, digit, is};
use crate::error::Result;
use crate::java::pattern::tree::{Greed, Tree};

impl Parser<'_> {
    pub(super) fn closure(&mut self, body: Tree) -> Result<Tree> {
        let (min, max) = match ascii(self.peek()).map(char::from) {
            Some('?') => (0, Some(1)),
            Some('*') => (0, None),
            Some('+') => (1, None),
            Some('{') => self.counts()?,
            _ => return Ok(body),
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
        Ok((min, max))
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
