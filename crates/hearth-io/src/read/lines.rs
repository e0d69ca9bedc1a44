//! Lines of bounded length, numbered.

use std::io::{BufRead, Read};

use super::MAX_RECORD;
use crate::source::io;
use crate::{Error, Result, Source};

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The lines of a file, without their ends (`\n` or `\r\n`). A byte order mark at the start is dropped; a last line
/// without end counts.
pub(super) struct Lines<R> {
    inner: R,
    source: Source,
    number: u64,
    limit: usize,
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(inner: R, source: &Source) -> Self {
        Self {
            inner,
            source: source.clone(),
            number: 0,
            limit: MAX_RECORD,
        }
    }

    /// The number of the line read last, from 1.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// Appends the next line to `into` and returns its length; `None` at the end.
    pub(super) fn next(&mut self, into: &mut Vec<u8>) -> Result<Option<usize>> {
        let start = into.len();
        let limit = self.limit as u64 + 1;
        let n_read = (&mut self.inner)
            .take(limit)
            .read_until(b'\n', into)
            .map_err(|e| io(&self.source.path, "read", e))?;
        if n_read == 0 {
            return Ok(None);
        }
        self.number += 1;
        if into.last() == Some(&b'\n') {
            into.pop();
            if into.len() > start && into.last() == Some(&b'\r') {
                into.pop();
            }
        } else if n_read > self.limit {
            return Err(Error::RecordTooLong {
                path: self.source.path.clone(),
                line: self.number,
                limit: self.limit,
                advice: "",
            });
        }
        if self.number == 1 && into[start..].starts_with(BYTE_ORDER_MARK) {
            into.drain(start..start + BYTE_ORDER_MARK.len());
        }
        Ok(Some(into.len() - start))
    }
}

/// Passes over a byte order mark.
pub(super) fn skip_byte_order_mark(reader: &mut impl BufRead) -> std::io::Result<()> {
    // A file that begins with part of a mark is not UTF-8, so the first chunk alone decides.
    if reader.fill_buf()?.starts_with(BYTE_ORDER_MARK) {
        reader.consume(BYTE_ORDER_MARK.len());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Format;

    fn source() -> Source {
        Source {
            path: "a.txt".into(),
            format: Format::Text,
            relative: "a.txt".into(),
            bytes: None,
        }
    }

    #[test]
    fn ends_marks_and_empty_lines() {
        let mut lines = Lines::new(&b"\xef\xbb\xbfone\r\n\ntwo\r\r\nlast"[..], &source());
        let mut all = Vec::new();
        let mut lengths = Vec::new();
        while let Some(n) = lines.next(&mut all).unwrap() {
            lengths.push(n);
        }
        assert_eq!(
            (all.as_slice(), lengths.as_slice()),
            (&b"onetwo\rlast"[..], &[3, 0, 4, 4][..])
        );
        assert_eq!(lines.number(), 4);
    }

    #[test]
    fn a_line_without_end_is_refused() {
        let mut lines = Lines {
            limit: 8,
            ..Lines::new(&b"12345678\n123456789\n"[..], &source())
        };
        let mut all = Vec::new();
        assert_eq!(lines.next(&mut all).unwrap(), Some(8));
        let error = lines.next(&mut all).unwrap_err();
        assert_eq!(
            error.to_string(),
            "a.txt, line 2: longer than 8 bytes without an end"
        );
    }
}
