//! The dictionary of abbreviations that the pragmatic rules use, and what must follow each kind.

use super::dots::is_possessive;
use super::work::{EDGE, Work};
use crate::java::{is_dot_match, is_space};

/// Kinds of dictionary words; a word may be of several.
#[derive(Debug, Clone, Copy, Default)]
struct Kinds {
    /// Before a name.
    prefix: bool,
    /// Before a number.
    number: bool,
    /// Before anything that goes on in lower case.
    any: bool,
}

/// Whether a dictionary word (in any case, after white space or at the start of the text) stands before `dot` and what
/// its kind asks for follows:
///
/// | kind | what follows |
/// |---|---|
/// | prefix | `\s`, `:\d+` |
/// | number | `\s\d`, `\s+\(` |
/// | any | `(\.\|\:\|-\|\?)\|(\s([a-z]\|I\s\|I'm\|I'll\|\d))` (no `-` after a word at the start of the text), `,` |
pub(super) fn takes(work: &Work, document: &str, dot: usize) -> bool {
    let next = work.after(dot + 1);
    let spaced = is_space(next);
    if !(spaced || matches!(next, b'.' | b',' | b':' | b'-' | b'?')) {
        return false;
    }
    let Some((kinds, starts_text)) = word(work, document, dot) else {
        return false;
    };
    let second = work.after(dot + 2);
    (kinds.prefix && (spaced || (next == b':' && second.is_ascii_digit())))
        || (kinds.number && spaced && (second.is_ascii_digit() || before_paren(work, dot + 2)))
        || (kinds.any
            && if spaced {
                goes_on(work, dot + 2)
            } else {
                is_inner_sign(work, dot + 1, starts_text)
            })
}

/// `\s*\(` from byte `i`.
fn before_paren(work: &Work, mut i: usize) -> bool {
    while is_space(work.after(i)) {
        i += 1;
    }
    work.after(i) == b'('
}

/// `[a-z]|I\s|I'm|I'll|\d` at byte `i`.
fn goes_on(work: &Work, i: usize) -> bool {
    match work.after(i) {
        b'a'..=b'z' | b'0'..=b'9' => true,
        b'I' => match work.after(i + 1) {
            b'\'' => match work.after(i + 2) {
                b'm' => true,
                b'l' => work.after(i + 3) == b'l',
                _ => false,
            },
            symbol => is_space(symbol),
        },
        _ => false,
    }
}

/// `\.|\:|-|\?|,` at byte `i`, for a word at the start of the text without the `-`.
fn is_inner_sign(work: &Work, i: usize, starts_text: bool) -> bool {
    match work.after(i) {
        // By now the original has replaced the dot of a possessive.
        b'.' => !is_possessive(work, i),
        b'-' => !starts_text,
        _ => true,
    }
}

/// Kinds of the word before `dot`, and whether it starts the text.
fn word(work: &Work, document: &str, dot: usize) -> Option<(Kinds, bool)> {
    let mut letters = [0; 4];
    for (n, slot) in letters.iter_mut().rev().enumerate() {
        *slot = match work.before(dot - n) {
            letter if letter.is_ascii_alphabetic() => letter.to_ascii_lowercase(),
            _ => break,
        };
    }
    let count = letters.iter().filter(|&&b| b != 0).count();
    let boundary = work.before(dot - count);
    let listed = if boundary == EDGE || is_space(boundary) {
        kinds(&letters[4 - count..])
    } else {
        None
    };
    if let Some(kinds) = listed {
        return Some((kinds, boundary == EDGE));
    }
    let starts_text = dotted(work, document, dot)?;
    Some((
        Kinds {
            any: true,
            ..Kinds::default()
        },
        starts_text,
    ))
}

/// The lists in use: prefixes, number words and the short list. The longer lists of the original are not used there.
fn kinds(word: &[u8]) -> Option<Kinds> {
    let (prefix, number, any) = match word {
        b"prof" | b"dr" | b"mr" | b"ms" | b"st" => (true, false, true),
        b"mt" => (true, false, false),
        b"no" | b"p" | b"px" => (false, true, true),
        b"adj" | b"bros" | b"btw" | b"co" | b"col" | b"corp" | b"cpl" | b"dec" | b"aug"
        | b"del" | b"dept" | b"dist" | b"etc" | b"exp" | b"feb" | b"fy" | b"hr" | b"id"
        | b"inc" | b"jan" | b"jr" | b"jul" | b"jun" | b"lt" | b"ltd" | b"mar" | b"may" | b"min"
        | b"mrs" | b"nov" | b"oct" | b"ok" | b"plz" | b"rep" | b"sec" | b"sep" | b"sept"
        | b"sr" | b"ver" | b"vs" => (false, false, true),
        _ => return None,
    };
    Some(Kinds {
        prefix,
        number,
        any,
    })
}

/// `e.g`, `i.e` and `u.s` of the short list, whose dot the original leaves unescaped, so that it matches anything. Gives
/// whether the word starts the text.
fn dotted(work: &Work, document: &str, dot: usize) -> Option<bool> {
    let initial = match work.before(dot).to_ascii_lowercase() {
        b'g' => b'e',
        b'e' => b'i',
        b's' => b'u',
        _ => return None,
    };
    let any = document[..dot - 1]
        .chars()
        .next_back()
        .filter(|&c| is_dot_match(c))?;
    let first = dot - 1 - any.len_utf8();
    if work.marks.has(dot - 1) || !work.before(first).eq_ignore_ascii_case(&initial) {
        return None;
    }
    match work.before(first - 1) {
        EDGE => Some(true),
        symbol => is_space(symbol).then_some(false),
    }
}
