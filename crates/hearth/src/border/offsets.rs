//! Positions of annotated text, in the unit asked for.

use std::ops::Range;

use super::Offsets;
use crate::annotation::Span;

/// A text, with the positions of its bytes. Those after the last one asked for are found at once.
pub(super) struct Positions<'a> {
    text: &'a str,
    /// Whether a character has as many UTF-16 units as it is counted for.
    counts_units: bool,
    /// Empty where a position is a byte.
    wide: Vec<Wide>,
    /// How many of them end before the last byte asked for, or there.
    passed: usize,
    /// The bytes between the last of those and the next, whose positions are all `over` less.
    here: Range<usize>,
    over: usize,
}

/// A character of several bytes.
struct Wide {
    /// The byte after it.
    end: usize,
    /// By how much its position is less than `end`.
    over: usize,
}

/// The characters of several bytes, and whether any of them has two UTF-16 units.
fn wide(text: &str, offsets: Offsets) -> (Vec<Wide>, bool) {
    let mut wide: Vec<Wide> = Vec::new();
    let (mut over, mut has_pairs) = (0, false);
    let mut take = |i: usize, byte: u8| {
        let (length, units) = match byte {
            0xF0.. => (4, 2),
            0xE0.. => (3, 1),
            0xC0.. => (2, 1),
            _ => return,
        };
        has_pairs |= units == 2;
        over += length - if offsets == Offsets::Utf16 { units } else { 1 };
        let end = i + length;
        wide.push(Wide { end, over });
    };
    let (words, rest) = text.as_bytes().as_chunks::<8>();
    for (n, word) in words.iter().enumerate() {
        if u64::from_le_bytes(*word) & 0x8080_8080_8080_8080 != 0 {
            (0..8).for_each(|i| take(8 * n + i, word[i]));
        }
    }
    let n = text.len() - rest.len();
    rest.iter()
        .enumerate()
        .for_each(|(i, &byte)| take(n + i, byte));
    (wide, has_pairs)
}

impl<'a> Positions<'a> {
    pub(super) fn of(text: &'a str, offsets: Offsets) -> Self {
        let ascii = text.is_ascii();
        let (wide, has_pairs) = match offsets {
            Offsets::Char | Offsets::Utf16 if !ascii => wide(text, offsets),
            _ => (Vec::new(), false),
        };
        Positions {
            text,
            counts_units: match offsets {
                Offsets::Utf16 => true,
                Offsets::Char => !has_pairs,
                Offsets::Byte => ascii,
            },
            here: 0..wide.first().map_or(usize::MAX, |first| first.end),
            over: 0,
            wide,
            passed: 0,
        }
    }

    /// `begin` and `end` of an annotation of this text, whose `result` has `length` bytes; `None` where it does not stand
    /// there.
    #[inline]
    pub(super) fn of_annotation<'r>(
        &mut self,
        span: Span,
        length: usize,
        result: impl Fn() -> &'r str,
    ) -> Option<(i32, i32)> {
        if self.counts_units {
            let start = usize::try_from(span.at).ok()?;
            let place = self.of_range(start..start + length);
            // Whether or not the result was rewritten, as many bytes as it has, and as many units as Spark says, are the
            // same text. To compare that takes longer.
            if let Some((begin, end)) = place
                && end - begin == span.end - span.begin
            {
                return place;
            }
        }
        self.of_range(standing(self.text, span, result())?)
    }

    /// `begin` and `end` of bytes of the text; `None` where they are not whole characters of it.
    pub(super) fn of_range(&mut self, bytes: Range<usize>) -> Option<(i32, i32)> {
        Some((self.of_byte(bytes.start)?, self.of_byte(bytes.end)?))
    }

    #[inline]
    fn of_byte(&mut self, byte: usize) -> Option<i32> {
        if !self.text.is_char_boundary(byte) {
            return None;
        }
        if !self.here.contains(&byte) {
            self.pass(byte);
        }
        i32::try_from(byte - self.over).ok()
    }

    /// Finds the characters that end before this byte, or there.
    fn pass(&mut self, byte: usize) {
        const NEAR: usize = 8;
        let ends = |wide: &Wide| wide.end <= byte;
        let ahead = &self.wide[self.passed..];
        let is_near = byte >= self.here.start && ahead.get(NEAR).is_none_or(|far| !ends(far));
        self.passed = if is_near {
            self.passed + ahead.iter().take_while(|wide| ends(wide)).count()
        } else {
            self.wide.partition_point(ends)
        };
        let last = self.passed.checked_sub(1).map(|last| &self.wide[last]);
        let next = self.wide.get(self.passed);
        self.here = last.map_or(0, |last| last.end)..next.map_or(usize::MAX, |next| next.end);
        self.over = last.map_or(0, |last| last.over);
    }
}

/// The bytes of a document that an annotation's `result` stands for; `None` where its text does not stand there.
pub(super) fn standing(document: &str, span: Span, result: &str) -> Option<Range<usize>> {
    let start = usize::try_from(span.at).ok()?;
    let end = match document.get(start..start + result.len()) {
        Some(slice) if slice == result => start + result.len(),
        // The result was rewritten (lower-cased); Spark's numbers say how long its text is.
        _ => start + utf16_prefix(document.get(start..)?, span.end - span.begin)?,
    };
    Some(start..end)
}

/// Bytes of the first `units` UTF-16 units, if that many are there.
fn utf16_prefix(text: &str, units: i32) -> Option<usize> {
    let mut left = usize::try_from(units).ok()?;
    let mut bytes = 0;
    for c in text.chars() {
        if left == 0 {
            break;
        }
        left = left.checked_sub(c.len_utf16())?;
        bytes += c.len_utf8();
    }
    (left == 0).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str, start: usize, result: &str, offsets: Offsets) -> Option<(i32, i32)> {
        Positions::of(text, offsets).of_range(start..start + result.len())
    }

    fn span(at: i32, length: i32) -> Span {
        Span {
            begin: 100,
            end: 100 + length,
            at,
            sentence: 0,
            document: 0,
        }
    }

    #[test]
    fn each_unit_counts_its_own_way() {
        let text = "naïve 😀 word";
        let start = text.find("word").unwrap();
        assert_eq!(at(text, start, "word", Offsets::Byte), Some((12, 16)));
        assert_eq!(at(text, start, "word", Offsets::Char), Some((8, 12)));
        assert_eq!(at(text, start, "word", Offsets::Utf16), Some((9, 13)));
    }

    #[test]
    fn a_rewritten_result_stands_for_its_text() {
        // U+0130 lower-cases to two characters of one and two bytes: Spark's length is that of the text.
        assert_eq!(standing("x İbn.", span(2, 3), "i\u{307}bn"), Some(2..6));
        assert_eq!(standing("x İbn.", span(2, 4), "İbn."), Some(2..7));
        assert_eq!(standing("x İbn.", span(2, 9), "elsewhere"), None);
    }

    #[test]
    fn long_texts_count_like_short_ones() {
        let text = "añ😀b".repeat(1000);
        let mut units = 0;
        for (characters, (byte, c)) in text.char_indices().enumerate() {
            let expected = i32::try_from(characters).unwrap();
            let found = |offsets| at(&text, byte, &c.to_string(), offsets);
            assert_eq!(found(Offsets::Char), Some((expected, expected + 1)));
            let length = if c == '😀' { 2 } else { 1 };
            assert_eq!(found(Offsets::Utf16), Some((units, units + length)));
            units += length;
        }
    }

    #[test]
    fn what_does_not_stand_there_has_no_place() {
        assert_eq!(standing("text", span(-1, 4), "text"), None);
    }

    /// Every span of every text, with results that were and were not rewritten.
    #[test]
    fn an_annotation_stands_where_comparing_finds_it() {
        for text in ["plain text", "x İbn é€.", "a😀b é", &"é😀".repeat(20)] {
            for offsets in [Offsets::Char, Offsets::Byte, Offsets::Utf16] {
                let mut positions = Positions::of(text, offsets);
                for at in -1..=i32::try_from(text.len()).unwrap() {
                    for units in -1..5 {
                        for result in ["", "x", "i\u{307}b", "İbn", "é", "ee", "😀", "a😀b", "text"]
                        {
                            let span = span(at, units);
                            let range = standing(text, span, result);
                            assert_eq!(
                                positions.of_annotation(span, result.len(), || result),
                                range.and_then(|range| positions.of_range(range)),
                                "{text} {span:?} {result}"
                            );
                        }
                    }
                }
            }
        }
    }
}
