//! What each dot is: part of a number, an abbreviation, a word, a degree sign or an ellipsis, or the end of a sentence.

use super::abbreviations;
use super::marks::{Kind, Side};
use super::work::{EDGE, Work, is_visible};
use crate::java::{is_space, is_word, is_word_before};

/// `(?<=\d)\.(?=\d)`, `\.(?=\d)`, `(?<=\d)\.(?=\S)`, `(?<=^\d)\.(?=(\s\S)|\))`, `(?<=^\d\d)\.(?=(\s\S)|\))`.
///
/// The symbol that takes the dot's place is no digit and no white space, as the dot was none, so that one pass over the
/// dots does what the five do.
pub(super) fn numbers(work: &mut Work) {
    work.each_dot_by_digits(|work, dot| {
        let next = work.after(dot + 1);
        let after_digit = work.before(dot).is_ascii_digit();
        let number = next.is_ascii_digit() || (after_digit && is_visible(next));
        if number
            || (after_digit
                && is_space(next)
                && is_visible(work.after(dot + 2))
                && starts_text(work, dot))
        {
            work.strike(dot);
        }
    });
}

/// Whether one or two digits from the start of the text end before `dot`; the one before it is known to be a digit.
fn starts_text(work: &Work, dot: usize) -> bool {
    let second = work.before(dot - 1);
    second == EDGE || (second.is_ascii_digit() && work.before(dot - 2) == EDGE)
}

/// Protects `\b[a-zA-Z](?:\.[a-zA-Z])+(?:\.(?!\s[A-Z]))*`, then `(?i)p\.m\.*`, then `(?i)a\.m\.*`.
pub(super) fn protect_initials(work: &mut Work, document: &str) {
    let mut free = 0;
    work.each_dot_between_letters(|work, dot| {
        let initial = dot > free
            && work.before(dot).is_ascii_alphabetic()
            && work.after(dot + 1).is_ascii_alphabetic();
        if !initial || !starts_word(work, document, dot - 1) {
            return;
        }
        let mut end = dot;
        while work.after(end) == b'.' && work.after(end + 1).is_ascii_alphabetic() {
            end += 2;
        }
        while work.after(end) == b'.'
            && !(is_space(work.after(end + 1)) && work.after(end + 2).is_ascii_uppercase())
        {
            end += 1;
        }
        work.marks.protect(dot - 1, end);
        free = end;
    });
    work.marks.settle();
    for hour in *b"pa" {
        work.each_dot_between_letters(|work, dot| {
            if work.before(dot).eq_ignore_ascii_case(&hour)
                && work.after(dot + 1).eq_ignore_ascii_case(&b'm')
            {
                let mut end = dot + 2;
                while work.after(end) == b'.' {
                    end += 1;
                }
                work.marks.protect(dot - 1, end);
            }
        });
        work.marks.settle();
    }
}

/// Regex `\b` before a letter, by JDK 17's rule: Unicode letters and digits are word characters.
fn starts_word(work: &Work, document: &str, letter: usize) -> bool {
    match work.before(letter) {
        ascii @ 0..0x80 => !is_word(ascii),
        0x80..0xF5 => !is_word_before(document[..letter].chars().rev()),
        _ => true,
    }
}

/// Strikes out the dots that the remaining abbreviation rules, the rule for dots inside words and the rule for degrees
/// take. The rules look at raw dots only to the right of the dot they take, so one pass from left to right does.
pub(super) fn strike_inner(work: &mut Work, document: &str, use_abbreviations: bool) {
    work.each_dot(|work, dot| {
        if (is_word(work.before(dot)) && is_word(work.after(dot + 1)))
            || is_abbreviated(work, dot)
            || is_degree(work, dot)
            || (use_abbreviations && abbreviations::takes(work, document, dot))
        {
            work.strike(dot);
        }
    });
}

/// `\.(?='s\s)|\.(?='s\$)|\.(?='s\z)`, `(?<=Co)\.(?=\sKG)`, `(?<=^[A-Z])\.(?=\s)`, `(?<=\s[A-Z])\.(?=\s)`
fn is_abbreviated(work: &Work, dot: usize) -> bool {
    let next = work.after(dot + 1);
    if !is_space(next) {
        return is_possessive(work, dot);
    }
    match work.before(dot) {
        b'A'..=b'Z' => {
            let second = work.before(dot - 1);
            second == EDGE || is_space(second)
        }
        b'o' => {
            work.before(dot - 1) == b'C'
                && work.after(dot + 2) == b'K'
                && work.after(dot + 3) == b'G'
        }
        _ => false,
    }
}

/// `\.(?='s\s)|\.(?='s\$)|\.(?='s\z)`, the dollar a literal one.
pub(super) fn is_possessive(work: &Work, dot: usize) -> bool {
    work.after(dot + 1) == b'\'' && work.after(dot + 2) == b's' && {
        let next = work.after(dot + 3);
        next == b'$' || next == EDGE || is_space(next)
    }
}

/// `(?<=[a-zA-z]°)\.(?=\s*\d+)`; the class runs from `A` to `z`.
fn is_degree(work: &Work, dot: usize) -> bool {
    const SIGN: [u8; 2] = [0xC2, 0xB0];
    if work.before(dot) != SIGN[1]
        || work.before(dot - 1) != SIGN[0]
        || !matches!(work.before(dot - 2), b'A'..=b'z')
    {
        return false;
    }
    let mut digit = dot + 1;
    while is_space(work.after(digit)) {
        digit += 1;
    }
    work.after(digit).is_ascii_digit()
}

/// `\.\.\.(?=\s+[A-Z])`: the dots end nothing each, the three end a sentence.
///
/// The original has a second regex, `(?<=\S)\.{3}(?=\.\s[A-Z])`, which can no longer match: the last three of its four
/// dots are gone by then.
pub(super) fn ellipses(work: &mut Work) {
    if !work
        .dots
        .array_windows()
        .any(|[dot, next]| dot + 1 == *next)
    {
        return;
    }
    work.each_dot(|work, dot| {
        if work.after(dot + 1) != b'.'
            || work.after(dot + 2) != b'.'
            || !is_space(work.after(dot + 3))
        {
            return;
        }
        let mut letter = dot + 4;
        while is_space(work.after(letter)) {
            letter += 1;
        }
        if work.after(letter).is_ascii_uppercase() {
            (dot..dot + 3).for_each(|dot| work.strike(dot));
            work.marks.add(dot + 3, Kind::Break, Side::Left);
        }
    });
    work.marks.settle();
}

/// A break after each dot that is left, and after each semicolon.
pub(super) fn break_after(work: &mut Work) {
    let Work {
        bytes, dots, marks, ..
    } = work;
    let mut semicolons = memchr::memchr_iter(b';', bytes).peekable();
    for &dot in dots.iter().filter(|&&dot| bytes[dot] == b'.') {
        while let Some(semicolon) = semicolons.next_if(|&semicolon| semicolon < dot) {
            marks.add(semicolon + 1, Kind::Break, Side::Left);
        }
        marks.add(dot + 1, Kind::Break, Side::Left);
    }
    for semicolon in semicolons {
        marks.add(semicolon + 1, Kind::Break, Side::Left);
    }
    marks.settle();
}
