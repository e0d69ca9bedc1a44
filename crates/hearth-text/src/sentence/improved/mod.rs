//! A second set of rules, for those who want what surprises in the first repaired. It does not follow Spark NLP.
//!
//! | text | Spark NLP's rules | these |
//! |---|---|---|
//! | `His age is 34. He is ill.` | `His age is` / `34. He is ill.` | `His age is 34.` / `He is ill.` |
//! | `Mrs. Smith came.` | `Mrs.` / `Smith came.` | one |
//! | `Smith et al. 2019 saw Figs. 3-5.` | three | one |
//! | `He said... nothing.` | `He said.` / `.` / `.` / `nothing.` | one |
//! | `"It is so." He left.` | one | `"It is so."` / `He left.` |
//! | `She said "It is 3.5. Go. Ok" and left.` | three | one |
//! | `He said 'Stop. Now.'` | three | one |
//! | `(a) one (b) two` | two | one; list items begin lines |
//! | `今天下雨。我在家。` | one | two |
//! | backslashes, custom bounds or U+F050 inside quotes | `begin` is -1 | the place |
//!
//! In one pass, a sentence ends after a run of `. ! ? …` and the quotes and brackets that close there, if white space
//! follows; after `。 ！ ？ ｡` at once; after `;` before white space; and before a list item that begins a line. It does
//! not end inside quotes, brackets and parentheses, nor after an abbreviation (module `words`), nor before it holds a
//! letter or digit. Sentences are slices of the document without white space (of any script) at their ends, in order.

mod enclosed;
mod words;

use std::ops::Range;

use enclosed::{Enclosures, is_closing, is_opening};
use words::{Dot, begins_sentence, dot_after};

/// What is switched on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Switches {
    pub(super) detect_lists: bool,
    pub(super) use_abbreviations: bool,
    /// Nothing ends a sentence but the end of the part.
    pub(super) whole: bool,
}

/// Gives each sentence of a part of a document as bytes of the document.
pub(super) fn each(
    document: &str,
    part: Range<usize>,
    switches: Switches,
    mut visit: impl FnMut(Range<usize>),
) {
    let offset = part.start;
    let mut walk = Walk::new(&document[part], switches);
    loop {
        let end = if switches.whole {
            walk.text.len()
        } else {
            walk.end()
        };
        let sentence = walk.text[walk.start..end].trim_end_matches(is_blank);
        if !sentence.is_empty() {
            visit(offset + walk.start..offset + walk.start + sentence.len());
        }
        if end == walk.text.len() {
            return;
        }
        walk.begin(end);
    }
}

/// White space and control characters, of which sentences are stripped.
pub(super) fn is_blank(c: char) -> bool {
    c <= ' ' || c.is_whitespace()
}

fn is_terminator(c: char) -> bool {
    matches!(c, '.' | '!' | '?' | '…') || is_wide(c)
}

/// Terminators that need no white space after them.
fn is_wide(c: char) -> bool {
    matches!(c, '。' | '！' | '？' | '｡')
}

/// The first characters, as UTF-8, of what a walk stops at.
const fn stops(byte: u8) -> bool {
    matches!(
        byte,
        b'.' | b'!' | b'?' | b';' | b'\n' | b'"' | b'\'' | b'(' | b'[' | 0xC2 | 0xE2 | 0xE3 | 0xEF
    )
}

/// The number or letters of a list item, and the byte after its sign.
#[derive(Debug, Clone, Copy)]
struct Item {
    number: Option<u32>,
    end: usize,
}

#[derive(Debug)]
struct Walk<'a> {
    text: &'a str,
    switches: Switches,
    enclosures: Enclosures<'a>,
    /// Where the sentence starts, and where the walk is.
    start: usize,
    at: usize,
    /// The end of the enclosure that the walk is in, or the last.
    enclosed: usize,
    /// Whether the sentence holds a letter or digit before `worded.1`.
    worded: (bool, usize),
    /// The number of the last list item.
    item: Option<u32>,
}

impl<'a> Walk<'a> {
    fn new(text: &'a str, switches: Switches) -> Self {
        let mut walk = Self {
            text,
            switches,
            enclosures: Enclosures::new(text),
            start: 0,
            at: 0,
            enclosed: 0,
            worded: (false, 0),
            item: None,
        };
        walk.begin(0);
        walk
    }

    /// Starts a sentence at `from` or after. The dot of a list item at its start ends nothing.
    fn begin(&mut self, from: usize) {
        self.start = self.skip_blank(from);
        self.at = self.start;
        self.worded = (false, self.start);
        if let Some(item) = self.item_at(self.start) {
            self.item = item.number.or(self.item);
            self.at = item.end;
        }
    }

    fn skip_blank(&self, from: usize) -> usize {
        let rest = &self.text[from..];
        self.text.len() - rest.trim_start_matches(is_blank).len()
    }

    fn char_at(&self, at: usize) -> Option<char> {
        self.text[at..].chars().next()
    }

    /// The end of the sentence that has begun.
    fn end(&mut self) -> usize {
        let bytes = self.text.as_bytes();
        while let Some(stop) = bytes[self.at..].iter().position(|&b| stops(b)) {
            self.at += stop;
            let Some(c) = self.char_at(self.at) else {
                break;
            };
            if is_terminator(c) {
                if let Some(end) = self.end_of_run() {
                    return end;
                }
                continue;
            }
            let next = self.at + c.len_utf8();
            let at = std::mem::replace(&mut self.at, next);
            if self.enclosed > at {
                continue;
            }
            match c {
                ';' if self.char_at(next).is_some_and(is_blank) && self.is_worded(at) => {
                    return next;
                }
                '\n' => {
                    self.at = self.skip_blank(next);
                    if self.switches.detect_lists && self.is_before_item(at) {
                        return next;
                    }
                }
                _ => {
                    if let Some(end) = self.enclosures.end(at, c) {
                        self.enclosed = end;
                    }
                }
            }
        }
        self.text.len()
    }

    /// Passes over a run of terminators and what closes after it: the end of the sentence, if it is one.
    fn end_of_run(&mut self) -> Option<usize> {
        let rest = &self.text[self.at..];
        let run = &rest[..rest.len() - rest.trim_start_matches(is_terminator).len()];
        let start = self.at;
        let after_run = start + run.len();
        self.at = after_run;
        let rest = &self.text[after_run..];
        let end = self.text.len() - rest.trim_start_matches(is_closing).len();
        if end < self.enclosed {
            return None;
        }
        let next = self.char_at(end)?;
        let wide = run.ends_with(is_wide);
        let ends = if wide {
            // A quotation in Japanese goes on in kana.
            let quoted = end > after_run && matches!(next, '\u{3041}'..='\u{309F}');
            !quoted && !matches!(next, '，' | '、' | '：' | '；' | ',' | ':' | ';')
        } else {
            is_blank(next) && self.ends_before_blank(start, run, end)
        };
        (ends && self.is_worded(start)).then_some(end)
    }

    /// Whether a run of terminators that starts at `start` ends a sentence, after which white space follows at `end`.
    fn ends_before_blank(&self, start: usize, run: &str, end: usize) -> bool {
        let rest = &self.text[self.skip_blank(end)..];
        let word = rest.trim_start_matches(is_opening);
        let Some(next) = word.chars().next() else {
            return true;
        };
        let closed = end > start + run.len();
        let goes_on = next.is_lowercase();
        if run.contains(['!', '?']) {
            return !(closed && goes_on);
        }
        if rest.starts_with(is_terminator) {
            return false;
        }
        if run != "." {
            return !goes_on;
        }
        match dot_after(
            &self.text[self.start..start],
            self.switches.use_abbreviations,
        ) {
            Dot::Joins => false,
            Dot::JoinsNames => begins_sentence(word),
            Dot::JoinsLower => next.is_uppercase(),
            Dot::Ends => !(closed && goes_on),
        }
    }

    /// Whether the sentence holds a letter or digit before byte `to`; each byte is looked at once.
    fn is_worded(&mut self, to: usize) -> bool {
        let (found, seen) = &mut self.worded;
        *found = *found || self.text[*seen..to.max(*seen)].contains(char::is_alphanumeric);
        *seen = to.max(*seen);
        *found
    }

    /// Whether a list item stands at the walk's place, in a line after the one that ends at `line`: letters, or a number
    /// that starts or goes on with a list.
    fn is_before_item(&self, line: usize) -> bool {
        let Some(item) = self.item_at(self.at) else {
            return false;
        };
        let next = self.item.map(|last| last + 1);
        item.number
            .is_none_or(|number| number == 1 || Some(number) == next)
            || self.text[..line]
                .trim_end_matches(is_blank)
                .ends_with([':', ';'])
    }

    /// `1.`, `12)`, `(3)`, `a)`, `(iv)`, before white space.
    fn item_at(&self, at: usize) -> Option<Item> {
        let bytes = &self.text.as_bytes()[at..];
        let open = usize::from(bytes.first() == Some(&b'('));
        let body = &bytes[open.min(bytes.len())..];
        let digits = body.iter().take_while(|b| b.is_ascii_digit()).count();
        let letters = body.iter().take_while(|b| b.is_ascii_lowercase()).count();
        let sign = open + digits.max(letters);
        let closed = match bytes.get(sign)? {
            b')' => true,
            b'.' if open == 0 && digits > 0 => false,
            _ => return None,
        };
        let roman = || {
            body[..letters]
                .iter()
                .all(|b| matches!(b, b'i' | b'v' | b'x'))
        };
        let fits =
            matches!(digits, 1 | 2) || (closed && (letters == 1 || (letters > 1 && roman())));
        let end = at + sign + 1;
        let separated = self.char_at(end).is_some_and(is_blank);
        (fits && separated).then(|| Item {
            number: self.text[at + open..at + sign].parse().ok(),
            end,
        })
    }
}
