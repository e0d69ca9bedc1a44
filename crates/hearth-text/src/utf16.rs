//! UTF-16 lengths and positions of UTF-8 text.

/// Length of `text` in UTF-16 units.
#[must_use]
pub fn len(text: &str) -> usize {
    units(text.as_bytes())
}

/// Units of whole characters given as UTF-8: one per first byte, and one more for a first byte of four.
fn units(bytes: &[u8]) -> usize {
    // Blocks of at most 255 keep the inner sums within u8 lanes, which is what makes the loop vectorise well.
    bytes
        .chunks(120)
        .map(|block| usize::from(block.iter().copied().map(units_of).sum::<u8>()))
        .sum()
}

const fn units_of(byte: u8) -> u8 {
    (byte & 0xC0 != 0x80) as u8 + (byte >= 0xF0) as u8
}

/// A count of units or bytes as Spark NLP's `int`; Java strings cannot be longer than an `int` says.
pub(crate) fn int(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

/// Turns growing byte positions of one text into UTF-16 positions, reading the text once.
#[derive(Debug, Clone)]
pub struct Cursor<'a> {
    bytes: &'a [u8],
    ascii: bool,
    byte: usize,
    unit: usize,
}

impl<'a> Cursor<'a> {
    /// Fewer bytes are counted one by one.
    const SHORT: usize = 16;

    /// A cursor at the start of `text`.
    #[must_use]
    pub fn new(text: &'a str) -> Self {
        Self {
            bytes: text.as_bytes(),
            ascii: text.is_ascii(),
            byte: 0,
            unit: 0,
        }
    }

    /// Whether the text is ASCII.
    pub(crate) fn is_ascii(&self) -> bool {
        self.ascii
    }

    /// The UTF-16 position of byte position `byte`, which must lie on a character boundary of the text, its end included.
    /// Positions may come in any order, but each one smaller than the last costs a new start from the beginning.
    ///
    /// # Panics
    /// If `byte` lies past the end of a text that is not ASCII.
    #[inline]
    pub fn at(&mut self, byte: usize) -> usize {
        if self.ascii { byte } else { self.count(byte) }
    }

    fn count(&mut self, byte: usize) -> usize {
        if byte < self.byte {
            (self.byte, self.unit) = (0, 0);
        }
        let bytes = &self.bytes[self.byte..byte];
        self.unit += if bytes.len() < Self::SHORT {
            bytes.iter().map(|&byte| usize::from(units_of(byte))).sum()
        } else {
            units(bytes)
        };
        self.byte = byte;
        self.unit
    }
}

/// Turns byte positions of one text into UTF-16 positions and back, in any order.
#[derive(Debug)]
pub(crate) struct Table<'a> {
    bytes: &'a [u8],
    /// Units before each block of [`Table::BLOCK`] bytes; empty for ASCII.
    blocks: Vec<usize>,
}

impl<'a> Table<'a> {
    const BLOCK: usize = 512;

    pub(crate) fn new(text: &'a str) -> Self {
        let bytes = text.as_bytes();
        let mut total = 0;
        let before = |block: &[u8]| {
            let before = total;
            total += units(block);
            before
        };
        let blocks = if text.is_ascii() {
            Vec::new()
        } else {
            bytes.chunks(Self::BLOCK).map(before).collect()
        };
        Self { bytes, blocks }
    }

    /// The UTF-16 position of a character boundary.
    pub(crate) fn unit(&self, byte: usize) -> usize {
        let block = byte.saturating_sub(1) / Self::BLOCK;
        match self.blocks.get(block) {
            None => byte,
            Some(before) => before + units(&self.bytes[block * Self::BLOCK..byte]),
        }
    }

    /// The first character boundary at or after UTF-16 position `unit`, at most the end of the text.
    pub(crate) fn byte(&self, unit: usize) -> usize {
        // A unit has one to three bytes, which leaves few blocks.
        let end = self.blocks.len().min(3 * unit / Self::BLOCK + 1);
        let start = end.min(unit.saturating_sub(1) / Self::BLOCK);
        let blocks = &self.blocks[start..end];
        let blocks = start + blocks.partition_point(|&before| before < unit);
        let Some(block) = blocks.checked_sub(1) else {
            return unit.min(self.bytes.len());
        };
        let mut units = self.blocks[block];
        let mut byte = block * Self::BLOCK;
        while byte < self.bytes.len() && (units < unit || (self.bytes[byte] & 0xC0) == 0x80) {
            units += usize::from(units_of(self.bytes[byte]));
            byte += 1;
        }
        byte
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIXED: &str = "aé€😀b";

    #[test]
    fn length_counts_units() {
        assert_eq!(len(""), 0);
        assert_eq!(len(MIXED), 6);
        assert_eq!(len(&MIXED.repeat(100)), 600);
    }

    #[test]
    fn cursor_counts_from_the_start_in_any_order() {
        let mut cursor = Cursor::new(MIXED);
        let positions = [(0, 0), (1, 1), (3, 2), (6, 3), (10, 5), (11, 6), (3, 2)];
        for (byte, unit) in positions {
            assert_eq!(cursor.at(byte), unit, "byte {byte}");
        }
    }

    #[test]
    fn ascii_positions_are_bytes() {
        assert_eq!(Cursor::new("plain").at(4), 4);
    }

    #[test]
    fn table_and_characters_agree() {
        let long = [
            MIXED.repeat(200),
            "a€".repeat(999),
            "€".repeat(999),
            "é😀".repeat(700),
        ];
        for text in ["", "plain", MIXED]
            .into_iter()
            .chain(long.iter().map(String::as_str))
        {
            let table = Table::new(text);
            let mut unit = 0;
            for (byte, c) in text.char_indices() {
                assert_eq!(table.unit(byte), unit);
                assert_eq!(table.byte(unit), byte);
                if c.len_utf16() == 2 {
                    assert_eq!(table.byte(unit + 1), byte + 4, "inside a pair");
                }
                unit += c.len_utf16();
            }
            assert_eq!(table.unit(text.len()), unit);
            assert_eq!(
                (table.byte(unit), table.byte(unit + 9)),
                (text.len(), text.len())
            );
        }
    }
}
