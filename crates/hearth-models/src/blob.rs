//! Bytes that a model is read from, wherever they lie.

use std::fmt;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

/// A run of bytes: stretches of files and of memory, one after the other. Cheap to clone and to cut.
///
/// Files are read by position, never mapped: a file that is shortened while it is read gives an error here, where a map
/// would end the process, and what was read and packed does not count twice in the process's memory.
///
/// Memory is held in pieces, and a part of a blob keeps those alone that it overlaps: a large file that was inflated is
/// given back bit by bit as the blobs of its tensors are dropped.
#[derive(Clone)]
pub(crate) struct Blob {
    pieces: Arc<[Piece]>,
    /// Where it begins in the first piece.
    start: u64,
    len: u64,
}

#[derive(Clone)]
struct Piece {
    source: Source,
    /// Of its first byte in the source.
    at: u64,
    /// Where it ends, counted from the beginning of the first piece.
    end: u64,
}

#[derive(Clone)]
enum Source {
    File(Arc<File>),
    Memory(Arc<Vec<u8>>),
}

impl Blob {
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let len = file.metadata()?.len();
        Ok(Self::one(Source::File(Arc::new(file)), len))
    }

    pub(crate) fn from_vec(bytes: Vec<u8>) -> Self {
        let len = bytes.len() as u64;
        Self::one(Source::Memory(Arc::new(bytes)), len)
    }

    fn one(source: Source, len: u64) -> Self {
        let piece = Piece {
            source,
            at: 0,
            end: len,
        };
        Self {
            pieces: Arc::new([piece]),
            start: 0,
            len,
        }
    }

    /// The bytes of all of them, one after the other.
    pub(crate) fn concat(blobs: impl IntoIterator<Item = Self>) -> Self {
        let mut pieces: Vec<Piece> = Vec::new();
        let mut len = 0;
        for blob in blobs {
            let mut from = 0;
            let end = blob.start + blob.len;
            for piece in blob.pieces.iter() {
                let (first, last) = (from.max(blob.start), piece.end.min(end));
                if first < last {
                    len += last - first;
                    pieces.push(Piece {
                        source: piece.source.clone(),
                        at: piece.at + (first - from),
                        end: len,
                    });
                }
                from = piece.end;
            }
        }
        Self {
            pieces: pieces.into(),
            start: 0,
            len,
        }
    }

    /// In bytes.
    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    /// A part of it; `None` where the range is not inside.
    pub(crate) fn slice(&self, range: Range<u64>) -> Option<Self> {
        if range.start > range.end || range.end > self.len {
            return None;
        }
        let (start, end) = (self.start + range.start, self.start + range.end);
        let first = self.piece_at(start);
        let last = self.pieces.partition_point(|piece| piece.end < end);
        let kept = self.pieces.get(first..=last).unwrap_or_default();
        if kept.len() == self.pieces.len() {
            return Some(Self {
                pieces: self.pieces.clone(),
                start,
                len: end - start,
            });
        }
        let before = first.checked_sub(1).map_or(0, |i| self.pieces[i].end);
        let kept = kept.iter().map(|piece| Piece {
            end: piece.end - before,
            ..piece.clone()
        });
        Some(Self {
            pieces: kept.collect(),
            start: start - before,
            len: end - start,
        })
    }

    /// The piece that holds a position counted from the first piece's beginning.
    fn piece_at(&self, position: u64) -> usize {
        self.pieces.partition_point(|piece| piece.end <= position)
    }

    /// Fills `out` from `offset`.
    ///
    /// # Errors
    /// `UnexpectedEof` where that goes past the end, and the operating system's.
    pub(crate) fn read_exact_at(&self, offset: u64, mut out: &mut [u8]) -> io::Result<()> {
        let inside = offset
            .checked_add(out.len() as u64)
            .is_some_and(|end| end <= self.len);
        if !inside {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let mut position = self.start + offset;
        let mut i = self.piece_at(position);
        while !out.is_empty() {
            let piece = self.pieces.get(i).ok_or(io::ErrorKind::UnexpectedEof)?;
            let before = i.checked_sub(1).map_or(0, |i| self.pieces[i].end);
            let n = usize::try_from(piece.end - position).map_or(out.len(), |n| n.min(out.len()));
            let (now, rest) = out.split_at_mut(n);
            piece
                .source
                .read_exact_at(piece.at + (position - before), now)?;
            out = rest;
            position += n as u64;
            i += 1;
        }
        Ok(())
    }

    /// Hands over all bytes in their order, some at a time: as many as a core's own cache holds, and of values of up to 16
    /// bytes each a whole number.
    ///
    /// # Errors
    /// The operating system's.
    pub(crate) fn each_chunk(&self, read: impl FnMut(&[u8])) -> io::Result<()> {
        self.clone().consume(read)
    }

    /// As [`each_chunk`](Self::each_chunk), and lets go of what was handed over on the way.
    ///
    /// # Errors
    /// The operating system's.
    pub(crate) fn consume(mut self, mut read: impl FnMut(&[u8])) -> io::Result<()> {
        const CHUNK: u64 = 1 << 17;
        const LET_GO: u64 = 1 << 20;
        let mut chunk = Vec::new();
        let mut at = 0;
        while at < self.len {
            let len = CHUNK.min(self.len - at);
            chunk.resize(usize::try_from(len).unwrap_or_default(), 0);
            self.read_exact_at(at, &mut chunk)?;
            read(&chunk);
            at += len;
            if at >= LET_GO
                && let Some(rest) = self.slice(at..self.len)
            {
                (self, at) = (rest, 0);
            }
        }
        Ok(())
    }

    /// All of it.
    ///
    /// # Errors
    /// `FileTooLarge` where it is longer than `limit`, which keeps a damaged length from asking for all memory.
    pub(crate) fn to_vec(&self, limit: u64) -> io::Result<Vec<u8>> {
        let len = usize::try_from(self.len).unwrap_or(usize::MAX);
        if self.len > limit {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let mut bytes = vec![0; len];
        self.read_exact_at(0, &mut bytes)?;
        Ok(bytes)
    }
}

impl Source {
    fn read_exact_at(&self, at: u64, out: &mut [u8]) -> io::Result<()> {
        match self {
            Self::File(file) => read_exact_at(file, at, out),
            Self::Memory(bytes) => {
                let at = usize::try_from(at).map_err(|_| io::ErrorKind::UnexpectedEof)?;
                let from = bytes.get(at..).and_then(|from| from.get(..out.len()));
                out.copy_from_slice(from.ok_or(io::ErrorKind::UnexpectedEof)?);
                Ok(())
            }
        }
    }
}

#[cfg(unix)]
fn read_exact_at(file: &File, offset: u64, out: &mut [u8]) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, out, offset)
}

#[cfg(windows)]
fn read_exact_at(file: &File, mut offset: u64, mut out: &mut [u8]) -> io::Result<()> {
    use std::os::windows::fs::FileExt;
    while !out.is_empty() {
        match file.seek_read(out, offset) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(n) => {
                out = &mut out[n..];
                offset += n as u64;
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(())
}

impl fmt::Debug for Blob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Blob")
            .field("len", &self.len)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every part of every part of a blob of several pieces, against the bytes themselves.
    #[test]
    fn parts_are_the_bytes_they_say() {
        let bytes: Vec<u8> = (0..11).collect();
        let piece = |range: Range<usize>| Blob::from_vec(bytes[range].to_vec());
        let middle = Blob::from_vec(bytes.clone()).slice(4..8).unwrap();
        let blob = Blob::concat([piece(0..3), piece(3..3), piece(3..4), middle, piece(8..11)]);
        assert_eq!(blob.to_vec(11).unwrap(), bytes);
        for start in 0..=11 {
            for end in start..=11 {
                let part = blob.slice(start as u64..end as u64).unwrap();
                let expected = &bytes[start..end];
                assert_eq!(part.to_vec(11).unwrap(), expected);
                assert_eq!(Blob::concat([part.clone()]).to_vec(11).unwrap(), expected);
                for from in 0..=expected.len() {
                    let rest = part.slice(from as u64..part.len()).unwrap();
                    assert_eq!(rest.to_vec(11).unwrap(), expected[from..]);
                }
                assert!(part.slice(0..part.len() + 1).is_none());
                assert!(part.read_exact_at(1, &mut vec![0; end - start]).is_err());
            }
        }
    }

    #[test]
    fn memory_is_given_back_with_the_last_part_that_overlaps_it() {
        let pieces = [vec![1; 4], vec![2; 4], vec![3; 4]].map(Arc::new);
        let watched = pieces.clone().map(|piece| Arc::downgrade(&piece));
        let alive = || watched.each_ref().map(|piece| piece.strong_count() > 0);
        let blob = Blob::concat(pieces.map(|piece| Blob::one(Source::Memory(piece), 4)));
        let (a, b) = (blob.slice(0..5).unwrap(), blob.slice(8..12).unwrap());
        drop(blob);
        assert_eq!(alive(), [true, true, true]);
        drop(a);
        assert_eq!(alive(), [false, false, true]);
        drop(b);
        assert_eq!(alive(), [false, false, false]);
    }
}
