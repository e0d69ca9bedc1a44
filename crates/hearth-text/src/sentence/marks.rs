//! The symbols that the original puts between characters, kept beside the text instead.

/// What a mark does to the cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A sentence may end here.
    Break,
    /// A protected span starts.
    Open,
    /// A protected span ends.
    Close,
}

/// A symbol in the gap before byte `at` of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) at: usize,
    pub(super) kind: Kind,
    /// Bytes of the text that are this symbol: 0, but 3 where the text itself holds the original's symbol.
    pub(super) width: usize,
}

/// Where a new mark goes in a gap that may hold marks of earlier rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// Against the character before the gap.
    Left,
    /// After the first of the earlier marks.
    AfterFirst,
    /// Against the character after the gap.
    Right,
}

/// Marks in text order, several per gap where several rules met there.
#[derive(Debug, Clone, Default)]
pub(super) struct Marks {
    settled: Vec<Mark>,
    added: Vec<(Mark, Side)>,
    merged: Vec<Mark>,
    /// One bit per gap that holds a settled mark.
    gaps: Vec<u64>,
}

impl Marks {
    /// Forgets all marks and makes room for the gaps of a text of `len` bytes.
    pub(super) fn clear(&mut self, len: usize) {
        for mark in self.settled.drain(..) {
            self.gaps[mark.at / 64] = 0;
        }
        self.added.clear();
        self.gaps.resize(len / 64 + 1, 0);
    }

    /// Whether a settled mark stands in the gap before byte `at`.
    pub(super) fn has(&self, at: usize) -> bool {
        self.gaps[at / 64] >> (at % 64) & 1 == 1
    }

    /// Adds a mark that [`Marks::has`] does not know until [`Marks::settle`]. A rule adds from left to right.
    pub(super) fn add(&mut self, at: usize, kind: Kind, side: Side) {
        self.added.push((Mark { at, kind, width: 0 }, side));
    }

    /// Adds the mark that a symbol in the text itself stands for.
    pub(super) fn add_foreign(&mut self, at: usize, kind: Kind, width: usize) {
        self.added.push((Mark { at, kind, width }, Side::Right));
    }

    /// Protects the text from byte `start` to byte `end`, the marks of earlier rules at both ends left outside.
    pub(super) fn protect(&mut self, start: usize, end: usize) {
        self.add(start, Kind::Open, Side::Right);
        self.add(end, Kind::Close, Side::Left);
    }

    /// Merges what one rule added with what was there: the end of a rule.
    pub(super) fn settle(&mut self) {
        if self.added.is_empty() {
            return;
        }
        self.merged.clear();
        let mut old = &self.settled[..];
        for (mark, side) in self.added.drain(..) {
            let mut next = |wanted: fn(usize, usize) -> bool| match old {
                [first, rest @ ..] if wanted(first.at, mark.at) => {
                    self.merged.push(*first);
                    old = rest;
                    true
                }
                _ => false,
            };
            while next(|old, new| old < new) {}
            match side {
                Side::Left => {}
                Side::AfterFirst => _ = next(|old, new| old == new),
                Side::Right => while next(|old, new| old == new) {},
            }
            self.gaps[mark.at / 64] |= 1 << (mark.at % 64);
            self.merged.push(mark);
        }
        self.merged.extend_from_slice(old);
        std::mem::swap(&mut self.settled, &mut self.merged);
    }

    /// The settled marks.
    pub(super) fn settled(&self) -> &[Mark] {
        &self.settled
    }
}
