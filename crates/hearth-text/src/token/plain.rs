//! The default patterns: no regex is needed for them.
//!
//! A candidate is a run without white space (Java's `\s`) and without U+2187, which the original uses as its separator.
//! Its leading run of context characters is one token, its trailing run another, what is between a third; a candidate
//! of context characters only is one token.

use crate::java::is_space;

/// What a byte is to the rules. `Rare` is the first byte of U+2187 and of much else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Inner,
    Context,
    Separator,
    Rare,
}

const U2187: &[u8] = "\u{2187}".as_bytes();

static CLASSES: [Class; 256] = {
    let mut classes = [Class::Inner; 256];
    let context = b".,;:!?*-()\"'";
    let mut i = 0;
    while i < context.len() {
        classes[context[i] as usize] = Class::Context;
        i += 1;
    }
    let mut byte = 0;
    while byte <= b' ' {
        if is_space(byte) {
            classes[byte as usize] = Class::Separator;
        }
        byte += 1;
    }
    classes[U2187[0] as usize] = Class::Rare;
    classes
};

/// Class of the character at byte `i`, and its length if it is a separator (else 1).
fn class(bytes: &[u8], i: usize) -> (Class, usize) {
    match CLASSES[usize::from(bytes[i])] {
        Class::Rare if bytes[i..].starts_with(U2187) => (Class::Separator, U2187.len()),
        Class::Rare => (Class::Inner, 1),
        class => (class, 1),
    }
}

/// Gives first byte and end of each token.
pub(super) fn for_each_span(bytes: &[u8], mut span: impl FnMut(usize, usize)) {
    let mut i = 0;
    while i < bytes.len() {
        let start = i;
        let mut separator = 0;
        // The leading run of context characters ends where the first inner one starts; the trailing one starts where
        // the last inner one ends.
        let mut inner = None;
        while i < bytes.len() {
            match class(bytes, i) {
                (Class::Separator, width) => {
                    separator = width;
                    break;
                }
                (Class::Context, _) => {}
                _ => inner = Some((inner.map_or(i, |(first, _)| first), i + 1)),
            }
            i += 1;
        }
        let (first, last) = inner.unwrap_or((start, start));
        for (from, to) in [(start, first), (first, last), (last, i)] {
            if from < to {
                span(from, to);
            }
        }
        i += separator;
    }
}
