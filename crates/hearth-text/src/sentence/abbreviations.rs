//! The dictionary of abbreviations that the pragmatic rules use, and what must follow each kind.

use super::dots::is_possessive;
use super::work::{EDGE, Work};
use crate::java::{is_dot_match, is_space};

/// Kinds of dictionary words; a word may be of several.
#[derive(Debug, Clone, Copy)]
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
    if ends_long_word(&work.bytes[..dot]) {
        return false;
    }
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

/// Whether text ends with five letters, as most sentences do and no word of the lists.
fn ends_long_word(text: &[u8]) -> bool {
    let last = text.last_chunk::<5>();
    last.is_some_and(|last| last.map(|b| b.is_ascii_alphabetic()) == [true; 5])
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
    if !work.before(dot).is_ascii_alphabetic() {
        return None;
    }
    let (letters, count) = letters_before(work, dot);
    let boundary = work.before(dot - count);
    let listed = if boundary == EDGE || is_space(boundary) {
        LISTED.kinds(letters)
    } else {
        None
    };
    if let Some(kinds) = listed {
        return Some((kinds, boundary == EDGE));
    }
    let starts_text = dotted(work, document, dot)?;
    Some((ANY, starts_text))
}

const TITLE: Kinds = Kinds {
    prefix: true,
    number: false,
    any: true,
};
const PREFIX: Kinds = Kinds {
    prefix: true,
    number: false,
    any: false,
};
const NUMBER: Kinds = Kinds {
    prefix: false,
    number: true,
    any: true,
};
const ANY: Kinds = Kinds {
    prefix: false,
    number: false,
    any: true,
};

/// The lists in use: prefixes, number words and the short list. The longer lists of the original are not used there.
static LISTED: Dictionary = Dictionary::new(&[
    (TITLE, &["prof", "dr", "mr", "ms", "st"]),
    (PREFIX, &["mt"]),
    (NUMBER, &["no", "p", "px"]),
    (
        ANY,
        &[
            "adj", "bros", "btw", "co", "col", "corp", "cpl", "dec", "aug", "del", "dept", "dist",
            "etc", "exp", "feb", "fy", "hr", "id", "inc", "jan", "jr", "jul", "jun", "lt", "ltd",
            "mar", "may", "min", "mrs", "nov", "oct", "ok", "plz", "rep", "sec", "sep", "sept",
            "sr", "ver", "vs",
        ],
    ),
]);

/// The letters before `dot`, at most four, in lower case as a number, and how many they are.
fn letters_before(work: &Work, dot: usize) -> (u32, usize) {
    let (mut letters, mut count) = (0, 0);
    while count < 4 {
        let letter = work.before(dot - count);
        if !letter.is_ascii_alphabetic() {
            break;
        }
        letters |= u32::from(letter.to_ascii_lowercase()) << (8 * count);
        count += 1;
    }
    (letters, count)
}

/// Words of at most four letters by a hash of these, in the first free slot from it on.
struct Dictionary {
    slots: [(u32, Kinds); Dictionary::SLOTS],
}

impl Dictionary {
    const SLOTS: usize = 256;

    const fn new(lists: &[(Kinds, &[&str])]) -> Self {
        let mut slots = [(0, ANY); Self::SLOTS];
        let mut list = 0;
        while list < lists.len() {
            let (kinds, words) = lists[list];
            let mut word = 0;
            while word < words.len() {
                let letters = right_aligned(words[word].as_bytes());
                let mut slot = Self::slot(letters);
                while slots[slot].0 != 0 {
                    slot = (slot + 1) % Self::SLOTS;
                }
                slots[slot] = (letters, kinds);
                word += 1;
            }
            list += 1;
        }
        Dictionary { slots }
    }

    const fn slot(letters: u32) -> usize {
        (letters.wrapping_mul(0x9E37_79B1) >> 24) as usize
    }

    /// Kinds of a word in lower case.
    fn kinds(&self, letters: u32) -> Option<Kinds> {
        let mut slot = Self::slot(letters);
        loop {
            match self.slots[slot] {
                (0, _) => return None,
                (found, kinds) if found == letters => return Some(kinds),
                _ => slot = (slot + 1) % Self::SLOTS,
            }
        }
    }
}

const fn right_aligned(word: &[u8]) -> u32 {
    let mut letters = 0;
    let mut i = 0;
    while i < word.len() {
        letters = letters << 8 | word[i] as u32;
        i += 1;
    }
    letters
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
