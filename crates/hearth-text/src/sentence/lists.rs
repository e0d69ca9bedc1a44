//! List items: the original's two list regexes. A break goes before an item, and the item is protected, so that the
//! dot in it ends nothing.

use super::marks::{Kind, Side};
use super::work::{EDGE, MARK, Work};
use crate::java::{is_dot_match, is_space};

pub(super) fn apply(work: &mut Work, document: &str) {
    letters(work);
    numbers(work, document);
}

/// `(\()[a-z]+\)|^[a-z]+\)`
fn letters(work: &mut Work) {
    let Work { bytes, marks, .. } = work;
    for paren in memchr::memchr_iter(b')', bytes) {
        let count = bytes[..paren]
            .iter()
            .rev()
            .take_while(|b| b.is_ascii_lowercase())
            .count();
        let first = paren - count;
        if count == 0 {
            continue;
        }
        if first == 0 {
            item(marks, 0, paren + 1);
        } else if bytes[first - 1] == b'(' {
            item(marks, first - 1, paren + 1);
        }
    }
    marks.settle();
}

/// One regex of eight alternatives:
/// `\s\d{1,2}\.\s|^\d{1,2}\.\s|\s\d{1,2}\.\)|^\d{1,2}\.\)|\s\-\d{1,2}\.\s|^\-\d{1,2}\.\s|s\-\d{1,2}\.\)|^\-\d{1,2}(.\))`
///
/// The last but one has a letter `s` where a class was meant, the last a dot that matches anything.
fn numbers(work: &mut Work, document: &str) {
    let mut free = 0;
    if let Some(end) = negative_paren(work, document) {
        item(&mut work.marks, 0, end);
        free = end;
    }
    work_dots(work, &mut free);
    work.marks.settle();
}

fn work_dots(work: &mut Work, free: &mut usize) {
    work.each_dot_by_digits(|work, dot| {
        let (space, paren) = match work.after(dot + 1) {
            b')' => (false, true),
            next => (is_space(next), false),
        };
        if !(space || paren) || !work.before(dot).is_ascii_digit() {
            return;
        }
        let digits = if work.before(dot - 1).is_ascii_digit() {
            2
        } else {
            1
        };
        let first = dot - digits;
        let start = match work.before(first) {
            EDGE => first,
            symbol if is_space(symbol) => first - 1,
            b'-' => match work.before(first - 1) {
                EDGE if space => first - 1,
                b's' if paren => first - 2,
                symbol if space && is_space(symbol) => first - 2,
                _ => return,
            },
            _ => return,
        };
        if start >= *free {
            *free = dot + 2;
            item(&mut work.marks, start, *free);
        }
    });
}

/// `^\-\d{1,2}(.\))`: the end of the match. A backslash in the place of the dot is lost.
fn negative_paren(work: &mut Work, document: &str) -> Option<usize> {
    if work.bytes.first() != Some(&b'-') {
        return None;
    }
    let digits = (1..=2)
        .take_while(|&i| work.after(i).is_ascii_digit())
        .count();
    let matched = |any: usize| {
        let c = document.get(any..)?.chars().next()?;
        let paren = any + c.len_utf8();
        (work.after(any) != MARK && is_dot_match(c) && work.after(paren) == b')')
            .then_some((any, paren + 1))
    };
    let (any, end) = (1..=digits).rev().find_map(|count| matched(1 + count))?;
    if work.bytes[any] == b'\\' {
        work.lost.push(any);
    }
    Some(end)
}

fn item(marks: &mut super::marks::Marks, start: usize, end: usize) {
    marks.add(start, Kind::Break, Side::Right);
    marks.protect(start, end);
}
