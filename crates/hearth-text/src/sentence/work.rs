//! The text under work: a copy of the document in which dots are struck out, and the marks in its gaps.

use super::marks::Marks;
use crate::blocks;

/// Stands for a dot that ends no sentence. Like the original's symbols it is neither white space nor a word character.
/// No byte from 0xF5 up occurs in UTF-8.
pub(super) const STRUCK: u8 = 0xF5;
/// What the neighbour functions give where a mark stands.
pub(super) const MARK: u8 = 0xF6;
/// What they give beyond the ends of the text.
pub(super) const EDGE: u8 = 0xF7;

/// A document under work. Byte positions are those of the document.
#[derive(Debug, Clone, Default)]
pub(super) struct Work {
    pub(super) bytes: Vec<u8>,
    /// Positions of the document's dots.
    pub(super) dots: Vec<usize>,
    pub(super) marks: Marks,
    /// Positions of the backslashes that the original loses: it puts protected text into a replacement without
    /// escaping it.
    pub(super) lost: Vec<usize>,
}

impl Work {
    pub(super) fn load(&mut self, document: &str) {
        self.bytes.clear();
        self.bytes.extend_from_slice(document.as_bytes());
        self.dots.clear();
        blocks::each(&self.bytes, |b| b == b'.', |dot| self.dots.push(dot));
        self.marks.clear(document.len());
        self.lost.clear();
    }

    /// The last byte of the character, or the symbol, before byte `i`.
    pub(super) fn before(&self, i: usize) -> u8 {
        if self.marks.has(i) {
            MARK
        } else if i == 0 {
            EDGE
        } else {
            self.bytes[i - 1]
        }
    }

    /// The first byte of the character, or the symbol, after the gap before byte `i`. Positions past the end are edges.
    pub(super) fn after(&self, i: usize) -> u8 {
        match self.bytes.get(i) {
            Some(_) if self.marks.has(i) => MARK,
            Some(&byte) => byte,
            None if i == self.bytes.len() && self.marks.has(i) => MARK,
            None => EDGE,
        }
    }

    /// The dots that are not struck out, each looked at when it is reached: a rule may strike out later ones.
    pub(super) fn each_dot(&mut self, mut rule: impl FnMut(&mut Self, usize)) {
        for n in 0..self.dots.len() {
            let dot = self.dots[n];
            if self.bytes[dot] == b'.' {
                rule(self, dot);
            }
        }
    }

    pub(super) fn strike(&mut self, dot: usize) {
        self.bytes[dot] = STRUCK;
    }
}

/// Regex `\S`, for what [`Work::before`] and [`Work::after`] give.
pub(super) const fn is_visible(symbol: u8) -> bool {
    symbol != EDGE && !crate::java::is_space(symbol)
}
