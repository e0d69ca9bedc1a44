//! Breaks after exclamation and question marks.
//!
//! The original has two more rules, which put symbols in the place of `?` and `!` before quotes and lower case. They come
//! after this one, no later rule looks at these characters, and the symbols are turned back, so they change nothing.

use super::marks::{Kind, Side};
use super::work::{EDGE, Work, is_visible};
use crate::java::is_space;

/// A break after `(?<=\S)[!\?]+(?=\s|\z|\$)`, the dollar a literal one.
pub(super) fn apply(work: &mut Work) {
    let mut end = 0;
    while let Some(found) = memchr::memchr2(b'!', b'?', &work.bytes[end..]) {
        let start = end + found;
        end = start + 1;
        while matches!(work.after(end), b'!' | b'?') {
            end += 1;
        }
        let next = work.after(end);
        let ends = next == b'$' || next == EDGE || is_space(next);
        // A run after white space matches from its second character.
        if ends && (is_visible(work.before(start)) || end - start > 1) {
            work.marks.add(end, Kind::Break, Side::Left);
        }
    }
    work.marks.settle();
}
