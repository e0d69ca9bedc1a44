//! Quotes, brackets and parentheses around plain text: what is between is protected.

use super::marks::{Kind, Side};
use super::work::{EDGE, MARK, Work};
use crate::java::{is_space, is_word};

pub(super) fn apply(work: &mut Work) {
    single_quotes(work);
    enclosed(work, b'"', b'"');
    enclosed(work, b'[', b']');
    enclosed(work, b'(', b')');
}

/// `[\w\s?!\.,]`
const fn is_plain(byte: u8) -> bool {
    is_word(byte) || is_space(byte) || matches!(byte, b'?' | b'!' | b'.' | b',')
}

/// `[\w\s?!\.,|'\w]`
const fn is_quotable(byte: u8) -> bool {
    is_plain(byte) || matches!(byte, b'|' | b'\'')
}

/// End of the run of characters of a class from byte `start`, marks not being in any.
fn run_end(work: &Work, start: usize, class: fn(u8) -> bool) -> usize {
    let mut end = start;
    while class(work.after(end)) {
        end += 1;
    }
    end
}

/// `"[\w\s?!\.,]+"` and the same with brackets and with parentheses.
fn enclosed(work: &mut Work, open: u8, close: u8) {
    let mut from = 0;
    while let Some(found) = memchr::memchr(open, &work.bytes[from..]) {
        let start = from + found;
        from = run_end(work, start + 1, is_plain);
        if from > start + 1 && work.after(from) == close {
            from += 1;
            work.marks.protect(start, from);
        }
    }
    work.marks.settle();
}

/// `(?<=\s|^)'[\w\s?!\.,|'\w]+'(?:\W)`, whose last character, any but a word character, is protected too.
///
/// The class holds the quote itself, so a match goes from the first quote to the last of its run that has no word
/// character after it. When no quote of a run can end a match, none after it in the run can start one.
fn single_quotes(work: &mut Work) {
    let mut from = 0;
    while let Some(found) = memchr::memchr(b'\'', &work.bytes[from..]) {
        let start = from + found;
        let left = work.before(start);
        if left != EDGE && !is_space(left) {
            from = start + 1;
            continue;
        }
        let run = run_end(work, start + 1, is_quotable);
        from = run;
        let last = (start + 2..run)
            .rev()
            .find(|&i| work.bytes[i] == b'\'' && closes(work.after(i + 1)));
        let Some(last) = last else { continue };
        work.marks.add(start, Kind::Open, Side::Right);
        let next = last + 1;
        if work.after(next) == MARK {
            work.marks.add(next, Kind::Close, Side::AfterFirst);
            continue;
        }
        if work.bytes[next] == b'\\' {
            work.lost.push(next);
        }
        let end = next + character_width(work.bytes[next]);
        work.marks.add(end, Kind::Close, Side::Left);
        from = from.max(end);
    }
    work.marks.settle();
}

/// Whether a character after a quote lets it end a match: `\W`, which must exist.
fn closes(symbol: u8) -> bool {
    symbol != EDGE && !is_word(symbol)
}

/// Bytes of the character of which this is the first; one for a struck dot.
const fn character_width(first: u8) -> usize {
    match first {
        0xF0..=0xF4 => 4,
        0xE0..=0xEF => 3,
        0xC2..=0xDF => 2,
        _ => 1,
    }
}
