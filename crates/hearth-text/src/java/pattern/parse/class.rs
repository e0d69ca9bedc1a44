//! Classes in brackets: ranges, unions, intersections and complements.

use super::escape::Escape;
use super::{DEPTH, Parser, ascii, is, is_wide};
use crate::error::Result;
use crate::java::pattern::set::{SURROGATES, Set};

enum Range {
    /// A character below U+0100, which the original collects apart from the rest.
    Bit(Set),
    Set(Set, bool),
}

impl Parser<'_> {
    /// A class from its bracket on, with whether it may match beyond U+FFFF in the original's eyes. The right side of `&&`
    /// is read as a class of its own that does not take its closing bracket.
    pub(super) fn class(&mut self, takes_bracket: bool) -> Result<(Set, bool)> {
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
}
