//! Long sentences cut into pieces: the original's `splitLength`.

use crate::utf16;

/// A piece of a sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Piece<'a> {
    pub(super) text: &'a str,
    /// The byte of the sentence at which the piece stands.
    pub(super) at: usize,
    /// The UTF-16 unit of the sentence at which the original believes it to stand.
    pub(super) offset: i32,
    pub(super) units: i32,
}

/// Gives the pieces of a trimmed sentence that are not empty. A piece takes words until the next would make it longer
/// than `limit` units, each word counted with one space before it; a longer word is a piece of its own.
///
/// The original counts one separator after each piece. When the first word is too long it makes an empty piece before
/// it, which has no separator, and every offset of the sentence is one too high.
pub(super) fn each<'a>(sentence: &'a str, limit: i32, mut visit: impl FnMut(Piece<'a>)) {
    let mut offset = 0_i32;
    let mut start = 0;
    // Units of the words of the piece so far, one more counted for each.
    let mut length = 0_i32;
    let mut end_piece = |start: usize, end: usize, length: i32| {
        let units = length.saturating_sub(1).max(0);
        if units > 0 {
            visit(Piece {
                text: &sentence[start..end],
                at: start,
                offset,
                units,
            });
        }
        offset = offset.saturating_add(units).saturating_add(1);
    };
    let mut at = 0_usize;
    for word in sentence.split(' ') {
        let units = utf16::int(utf16::len(word));
        if length.saturating_add(units) > limit {
            end_piece(start, at.saturating_sub(1).max(start), length);
            (start, length) = (at, 0);
        }
        length = length.saturating_add(units).saturating_add(1);
        at += word.len() + 1;
    }
    end_piece(start, sentence.len(), length);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(sentence: &str, limit: i32) -> Vec<(&str, usize, i32)> {
        let mut found = Vec::new();
        each(sentence, limit, |piece| {
            assert_eq!(&sentence[piece.at..piece.at + piece.text.len()], piece.text);
            assert_eq!(piece.units, utf16::int(utf16::len(piece.text)));
            found.push((piece.text, piece.at, piece.offset));
        });
        found
    }

    #[test]
    fn words_fill_a_piece() {
        assert_eq!(
            pieces("one two three", 7),
            [("one two", 0, 0), ("three", 8, 8)]
        );
        assert_eq!(
            pieces("one two three", 6),
            [("one", 0, 0), ("two", 4, 4), ("three", 8, 8)]
        );
        assert_eq!(pieces("one two", 100), [("one two", 0, 0)]);
        assert_eq!(pieces("", 5), []);
    }

    #[test]
    fn a_long_first_word_moves_every_offset() {
        assert_eq!(pieces("three a b", 3), [("three", 0, 1), ("a b", 6, 7)]);
        assert_eq!(
            pieces("a three b", 3),
            [("a", 0, 0), ("three", 2, 2), ("b", 8, 8)]
        );
    }

    #[test]
    fn runs_of_spaces_are_empty_words() {
        assert_eq!(pieces("a  b", 1), [("a", 0, 0), ("b", 3, 3)]);
        assert_eq!(
            pieces("ab   c d", 3),
            [("ab ", 0, 0), (" c", 4, 4), ("d", 7, 7)]
        );
    }

    #[test]
    fn units_are_counted_not_bytes() {
        assert_eq!(pieces("é😀 b", 5), [("é😀 b", 0, 0)]);
        assert_eq!(pieces("é😀 b", 4), [("é😀", 0, 0), ("b", 7, 4)]);
    }
}
