//! Quotes, brackets and parentheses, in which sentences do not end.

use memchr::memmem;

/// Opening and closing signs.
const PAIRS: [(char, char); 12] = [
    ('"', '"'),
    ('\'', '\''),
    ('(', ')'),
    ('[', ']'),
    ('“', '”'),
    ('‘', '’'),
    ('«', '»'),
    ('「', '」'),
    ('『', '』'),
    ('（', '）'),
    ('《', '》'),
    ('【', '】'),
];

/// An enclosure is at most this many bytes long; a sign that is not closed by then encloses nothing.
const LONGEST: usize = 1_000;

pub(super) fn is_closing(c: char) -> bool {
    PAIRS.iter().any(|&(_, close)| close == c)
}

pub(super) fn is_opening(c: char) -> bool {
    PAIRS.iter().any(|&(open, _)| open == c)
}

/// Finds the ends of enclosures from left to right.
#[derive(Debug)]
pub(super) struct Enclosures<'a> {
    text: &'a str,
    /// The next closing sign of each pair, where it was looked for: none lies between there and the last question.
    closing: [Option<usize>; PAIRS.len()],
    blank_line: Option<usize>,
}

impl<'a> Enclosures<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            text,
            closing: [None; PAIRS.len()],
            blank_line: None,
        }
    }

    /// The byte after the enclosure that `sign` at byte `at` opens; `None` if it opens none. Questions come from left to
    /// right.
    pub(super) fn end(&mut self, at: usize, sign: char) -> Option<usize> {
        let n = PAIRS.iter().position(|&(open, _)| open == sign)?;
        let (open, close) = PAIRS[n];
        let inside = at + open.len_utf8();
        let is_quote = matches!(open, '"' | '\'');
        if is_quote && !self.may_open(at, inside) {
            return None;
        }
        let text = self.text;
        let closing = after(&mut self.closing[n], inside, |from| match close {
            '\'' | '’' => text[from..]
                .match_indices(close)
                .map(|(i, _)| from + i)
                .find(|&i| closes_word(text, i, close)),
            _ => memmem::find(
                &text.as_bytes()[from..],
                close.encode_utf8(&mut [0; 4]).as_bytes(),
            )
            .map(|i| from + i),
        });
        let line = after(&mut self.blank_line, inside, |from| {
            let bytes = &text.as_bytes()[from..];
            let plain = memmem::find(bytes, b"\n\n");
            let other = memmem::find(&bytes[..plain.unwrap_or(bytes.len())], b"\n\r\n");
            other.or(plain).map(|i| from + i)
        });
        let near = closing > inside && closing - at <= LONGEST && closing < line;
        near.then(|| closing + close.len_utf8())
    }

    /// Whether a quote that opens and closes alike stands where it opens.
    fn may_open(&self, at: usize, inside: usize) -> bool {
        let before = self.text[..at].chars().next_back();
        let next = self.text[inside..].chars().next();
        before.is_none_or(|c| !c.is_alphanumeric() && !super::is_terminator(c) && c != ',')
            && next.is_some_and(|c| !c.is_whitespace())
    }
}

/// Whether a single quote is no apostrophe.
fn closes_word(text: &str, at: usize, close: char) -> bool {
    let before = text[..at].chars().next_back();
    let next = text[at + close.len_utf8()..].chars().next();
    before.is_some_and(|c| !c.is_whitespace()) && next.is_none_or(|c| !c.is_alphanumeric())
}

/// The first place from `from` on, as remembered or by `find`; the largest number if there is none.
fn after(
    known: &mut Option<usize>,
    from: usize,
    find: impl FnOnce(usize) -> Option<usize>,
) -> usize {
    match *known {
        Some(place) if place >= from => place,
        _ => *known.insert(find(from).unwrap_or(usize::MAX)),
    }
}
