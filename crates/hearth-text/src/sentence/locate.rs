//! Where a piece stands: `document.indexOf(piece, last_end + 1)`, with what follows from a search that fails.
//!
//! As long as every piece was found where it was cut out, nothing but white space (and symbols that the cut removed)
//! lies between the last piece and the next, so that the first occurrence of the next piece is its own place and needs no
//! search. A piece that reads differently than the document must be searched. When that fails the original goes on with
//! `end = -1 + length - 1`, that is from near the start of the text, and later pieces may be found too early; they are
//! searched until one is found at its own place again.
//!
//! A search is a scan, as long as the scans of a document do not add up; then an index takes over.

use super::occurrences::Occurrences;
use crate::utf16;

/// Searches may scan this many times the document before the index, which costs as much, is built.
const SCANS: usize = 256;

/// A place that was found or not.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) at: Option<usize>,
    pub(super) begin: i32,
    pub(super) units: i32,
}

/// Finds the pieces of one document, one after another.
#[derive(Debug)]
pub(super) struct Locator<'a> {
    document: &'a str,
    units: utf16::Cursor<'a>,
    /// Byte at which the next search starts.
    from: usize,
    /// Whether the piece before was found at its own place.
    in_step: bool,
    scanned: usize,
    occurrences: Option<Occurrences>,
    /// Positions of a document that is not ASCII, once a search was needed.
    table: Option<utf16::Table<'a>>,
}

impl<'a> Locator<'a> {
    pub(super) fn new(document: &'a str) -> Self {
        Self {
            document,
            units: utf16::Cursor::new(document),
            from: 0,
            in_step: true,
            scanned: 0,
            occurrences: None,
            table: None,
        }
    }

    /// Places a piece that is not empty; `own` is the byte at which it was cut out, none if it reads differently there.
    pub(super) fn place(&mut self, piece: &str, own: Option<usize>) -> Place {
        if let (Some(own), true) = (own, self.in_step) {
            self.from = own + piece.len();
            let begin = self.units.at(own);
            return Place {
                at: Some(own),
                begin: utf16::int(begin),
                units: utf16::int(self.units.at(self.from) - begin),
            };
        }
        let units = utf16::len(piece);
        let at = self.find(piece.as_bytes());
        let table = self
            .table
            .get_or_insert_with(|| utf16::Table::new(self.document));
        let begin = at.map_or(-1, |at| utf16::int(table.unit(at)));
        self.from = at.map_or_else(|| table.byte(units - 1), |at| at + piece.len());
        self.in_step = at.is_some() && at == own;
        Place {
            at,
            begin,
            units: utf16::int(units),
        }
    }

    fn find(&mut self, piece: &[u8]) -> Option<usize> {
        let text = self.document.as_bytes();
        if self.scanned / SCANS >= text.len() {
            self.occurrences = self.occurrences.take().or_else(|| Occurrences::new(text));
        }
        if let Some(occurrences) = &self.occurrences {
            return occurrences.find(text, piece, self.from);
        }
        let found = memchr::memmem::find(&text[self.from..], piece).map(|i| self.from + i);
        self.scanned += found.unwrap_or(text.len()) - self.from;
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pieces none of which stands at its own place: each search fails or finds an earlier one.
    fn piece(n: usize) -> String {
        if n.is_multiple_of(3) {
            format!("é{}", n / 2)
        } else {
            format!("x{n}")
        }
    }

    #[test]
    fn the_index_places_pieces_as_the_scans_do() {
        let document: String = (0..600).map(|n| format!("é{n} ")).collect();
        let mut scanning = Locator::new(&document);
        let mut indexed = Locator::new(&document);
        indexed.scanned = usize::MAX;
        for n in 0..300 {
            let piece = piece(n);
            let (a, b) = (scanning.place(&piece, None), indexed.place(&piece, None));
            assert_eq!((a.at, a.begin, a.units), (b.at, b.begin, b.units), "{n}");
            assert_eq!(a.at.is_some(), n.is_multiple_of(3) && a.begin >= 0, "{n}");
        }
        assert!(scanning.occurrences.is_none() && indexed.occurrences.is_some());
    }

    #[test]
    fn scans_do_not_add_up() {
        let document: String = (0..2_000).map(|n| format!("é{n} ")).collect();
        let mut locator = Locator::new(&document);
        for n in 0..10_000 {
            locator.place(&format!("x{n}"), None);
        }
        assert!(locator.scanned <= (SCANS + 1) * document.len());
        assert!(locator.occurrences.is_some());
    }
}
