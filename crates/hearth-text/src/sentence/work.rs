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
    /// Those with a digit beside them.
    by_digits: Vec<usize>,
    /// Those between two letters.
    between_letters: Vec<usize>,
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
        self.sort_dots();
        self.marks.clear(document.len());
        self.lost.clear();
    }

    /// Rules that ask for a digit or for letters see only the dots that have them. Which ones these are nobody can
    /// foretell, a processor neither, so that there is no branch in here.
    fn sort_dots(&mut self) {
        let Work {
            bytes,
            dots,
            by_digits,
            between_letters,
            ..
        } = self;
        by_digits.resize(dots.len(), 0);
        between_letters.resize(dots.len(), 0);
        let (mut digits, mut letters) = (0, 0);
        for &dot in &*dots {
            let beside = |i: usize| bytes.get(i).copied().unwrap_or(EDGE);
            let (before, after) = (beside(dot.wrapping_sub(1)), beside(dot + 1));
            by_digits[digits] = dot;
            digits += usize::from(before.is_ascii_digit() | after.is_ascii_digit());
            between_letters[letters] = dot;
            letters += usize::from(before.is_ascii_alphabetic() & after.is_ascii_alphabetic());
        }
        by_digits.truncate(digits);
        between_letters.truncate(letters);
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
    pub(super) fn each_dot(&mut self, rule: impl FnMut(&mut Self, usize)) {
        self.each(|work| &mut work.dots, rule);
    }

    /// Those of them with a digit before or after them.
    pub(super) fn each_dot_by_digits(&mut self, rule: impl FnMut(&mut Self, usize)) {
        self.each(|work| &mut work.by_digits, rule);
    }

    /// Those of them with ASCII letters before and after them.
    pub(super) fn each_dot_between_letters(&mut self, rule: impl FnMut(&mut Self, usize)) {
        self.each(|work| &mut work.between_letters, rule);
    }

    #[inline]
    fn each(
        &mut self,
        of: fn(&mut Self) -> &mut Vec<usize>,
        mut rule: impl FnMut(&mut Self, usize),
    ) {
        let dots = std::mem::take(of(self));
        for &dot in &dots {
            if self.bytes[dot] == b'.' {
                rule(self, dot);
            }
        }
        *of(self) = dots;
    }

    pub(super) fn strike(&mut self, dot: usize) {
        self.bytes[dot] = STRUCK;
    }
}

/// Regex `\S`, for what [`Work::before`] and [`Work::after`] give.
pub(super) const fn is_visible(symbol: u8) -> bool {
    symbol != EDGE && !crate::java::is_space(symbol)
}
