//! The cut at the breaks that count, and the symbols turned back into text.

use super::marks::{Kind, Mark};
use super::work::Work;
use crate::java::{trim, trim_end, trim_start};

/// A place of the document that reads differently in a piece.
#[derive(Debug, Clone, Copy)]
struct Change {
    at: usize,
    width: usize,
    reads: &'static str,
}

/// Changes of a document, in text order.
#[derive(Debug, Clone, Default)]
pub(super) struct Changes(Vec<Change>);

/// Gives each piece that is not empty, trimmed, to `visit`, with the byte of the document at which it was cut out; none
/// if it reads differently there. The original's `split` and `recoverySymbols`.
pub(super) fn each(
    work: &mut Work,
    document: &str,
    changes: &mut Changes,
    recovered: &mut String,
    mut visit: impl FnMut(&str, Option<usize>),
) {
    changes.collect(work, document);
    let mut remaining = &changes.0[..];
    let mut piece = |start: usize, end: usize| {
        remaining = &remaining[remaining
            .iter()
            .take_while(|change| change.at < start)
            .count()..];
        let (inside, later) = remaining.split_at(
            remaining
                .iter()
                .take_while(|change| change.at < end)
                .count(),
        );
        remaining = later;
        if inside.is_empty() {
            let text = trim_start(&document[start..end]);
            if !text.is_empty() {
                visit(trim_end(text), Some(end - text.len()));
            }
            return;
        }
        recovered.clear();
        let mut copied = start;
        for change in inside {
            recovered.push_str(&document[copied..change.at]);
            recovered.push_str(change.reads);
            copied = change.at + change.width;
        }
        recovered.push_str(&document[copied..end]);
        let text = trim(recovered);
        if !text.is_empty() {
            visit(text, None);
        }
    };
    let mut start = 0;
    for cut in cuts(work.marks.settled()) {
        piece(start, cut.at);
        start = cut.at + cut.width;
    }
    piece(start, document.len());
}

/// The breaks that count: `BREAK(?![^OPEN]*CLOSE)`, those of which the next mark that is no break does not close a span.
fn cuts(marks: &[Mark]) -> impl Iterator<Item = Mark> {
    let mut next = 0;
    marks.iter().enumerate().filter_map(move |(i, &mark)| {
        if mark.kind != Kind::Break {
            return None;
        }
        if next <= i {
            next = i
                + 1
                + marks[i + 1..]
                    .iter()
                    .take_while(|other| other.kind == Kind::Break)
                    .count();
        }
        (marks.get(next).map(|other| other.kind) != Some(Kind::Close)).then_some(mark)
    })
}

impl Changes {
    /// Finds the symbols that stand in the document itself and joins them with the backslashes lost. Symbols that mean
    /// something to the cut become marks.
    fn collect(&mut self, work: &mut Work, document: &str) {
        self.0.clear();
        let bytes = document.as_bytes();
        self.0.extend(work.lost.iter().map(|&at| Change {
            at,
            width: 1,
            reads: "",
        }));
        let lost = self.0.len();
        if document.is_ascii() {
            return;
        }
        for at in memchr::memchr2_iter(0xE2, 0xEF, bytes) {
            let Some((reads, kind)) = symbol(&bytes[at..]) else {
                continue;
            };
            self.0.push(Change {
                at,
                width: 3,
                reads,
            });
            if let Some(kind) = kind {
                work.marks.add_foreign(at, kind, 3);
            }
        }
        work.marks.settle();
        if lost > 0 {
            self.0.sort_unstable_by_key(|change| change.at);
        }
    }
}

/// What the symbol at the start of `bytes` is turned back into, and its meaning to the cut: the original's
/// `PragmaticSymbols`. All are of three bytes.
fn symbol(bytes: &[u8]) -> Option<(&'static str, Option<Kind>)> {
    Some(match bytes.first_chunk::<3>()? {
        // U+F050 to U+F057; U+F052 is never turned back
        [0xEF, 0x81, 0x90] => ("", Some(Kind::Break)),
        [0xEF, 0x81, 0x91] => (".", None),
        [0xEF, 0x81, 0x93] => (";", None),
        [0xEF, 0x81, 0x94] => ("?", None),
        [0xEF, 0x81, 0x95] => ("!", None),
        [0xEF, 0x81, 0x96] => ("", Some(Kind::Open)),
        [0xEF, 0x81, 0x97] => ("", Some(Kind::Close)),
        // U+2554, U+255E, U+255F, U+2564 to U+2566
        [0xE2, 0x95, 0x94 | 0x9E | 0x9F] => (".", None),
        [0xE2, 0x95, 0xA4] => ("?", None),
        [0xE2, 0x95, 0xA5] => ("!", None),
        [0xE2, 0x95, 0xA6] => ("...", None),
        _ => return None,
    })
}
