//! The default patterns: no regex is needed for them.
//!
//! A candidate is a run without white space (Java's `\s`) and without U+2187, which the original uses as its separator.
//! Its leading run of context characters is one token, its trailing run another, what is between a third; a candidate
//! of context characters only is one token.

use std::ops::Range;

use crate::blocks;
use crate::java::is_space;

const U2187: &str = "\u{2187}";

/// `. , ; : ! ? * - ( ) " '`
static IS_CONTEXT: [bool; 256] = {
    let mut is_context = [false; 256];
    let context = b".,;:!?*-()\"'";
    let mut i = 0;
    while i < context.len() {
        is_context[context[i] as usize] = true;
        i += 1;
    }
    is_context
};

/// Gives first byte and end of each token.
pub(super) fn spans(text: &str, mut span: impl FnMut(usize, usize)) {
    let bytes = text.as_bytes();
    let mut start = 0;
    for end in memchr::memmem::find_iter(bytes, U2187) {
        of_part(bytes, start..end, &mut span);
        start = end + U2187.len();
    }
    of_part(bytes, start..bytes.len(), &mut span);
}

/// The same for a text that is ASCII.
pub(super) fn spans_of_ascii(text: &str, mut span: impl FnMut(usize, usize)) {
    of_part(text.as_bytes(), 0..text.len(), &mut span);
}

/// The tokens of a part without U+2187.
fn of_part(bytes: &[u8], part: Range<usize>, span: &mut impl FnMut(usize, usize)) {
    blocks::each_run(&bytes[part.clone()], is_space, |start, end| {
        of_candidate(bytes, part.start + start, part.start + end, span);
    });
}

/// The tokens of a candidate.
#[inline]
fn of_candidate(bytes: &[u8], start: usize, end: usize, span: &mut impl FnMut(usize, usize)) {
    let is_inner = |&b: &u8| !IS_CONTEXT[usize::from(b)];
    let (mut first, mut last) = (start, end);
    // One branch for both ends, as neither can be foretold.
    if !(is_inner(&bytes[start]) & is_inner(&bytes[end - 1])) {
        let candidate = &bytes[start..end];
        let inner = candidate.iter().position(is_inner);
        first = inner.map_or(start, |i| start + i);
        last = candidate
            .iter()
            .rposition(is_inner)
            .map_or(start, |i| start + i + 1);
        if start < first {
            span(start, first);
        }
    }
    if first < last {
        span(first, last);
    }
    if last < end {
        span(last, end);
    }
}
