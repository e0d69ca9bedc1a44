//! Where a piece stands: `document.indexOf(piece, last_end + 1)`, with what follows from a search that fails.
//!
//! As long as every piece was found where it was cut out, nothing but white space (and symbols that the cut removed)
//! lies between the last piece and the next, so that the first occurrence of the next piece is its own place and needs no
//! search. A piece that reads differently than the document must be searched. When that fails the original goes on with
//! `end = -1 + length - 1`, that is from near the start of the text, and later pieces may be found too early; they are
//! searched until one is found at its own place again.

use super::search::Search;
use crate::utf16;

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
    search: Search<'a>,
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
            search: Search::new(document),
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
        let at = self.search.find(piece.as_bytes(), self.from, own);
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
}
