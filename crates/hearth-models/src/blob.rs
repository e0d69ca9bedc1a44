//! Bytes that a model is read from, wherever they lie.

use std::fmt;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

/// A run of bytes: a stretch of a file, or memory. Cheap to clone and to cut.
///
/// Files are read by position, never mapped: a file that is shortened while it is read gives an error here, where a map
/// would end the process, and what was read and packed does not count twice in the process's memory.
#[derive(Clone)]
pub(crate) struct Blob {
    source: Source,
    start: u64,
    len: u64,
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
        Ok(Self {
            source: Source::File(Arc::new(file)),
            start: 0,
            len,
        })
    }

    pub(crate) fn from_vec(bytes: Vec<u8>) -> Self {
        Self {
            len: bytes.len() as u64,
            source: Source::Memory(Arc::new(bytes)),
            start: 0,
        }
    }

    /// In bytes.
    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    /// A part of it; `None` where the range is not inside.
    pub(crate) fn slice(&self, range: Range<u64>) -> Option<Self> {
        (range.start <= range.end && range.end <= self.len).then(|| Self {
            source: self.source.clone(),
            start: self.start + range.start,
            len: range.end - range.start,
        })
    }

    /// Fills `out` from `offset`.
    ///
    /// # Errors
    /// `UnexpectedEof` where that goes past the end, and the operating system's.
    pub(crate) fn read_exact_at(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let inside = offset
            .checked_add(out.len() as u64)
            .is_some_and(|end| end <= self.len);
        if !inside {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let from = self.start + offset;
        match &self.source {
            Source::File(file) => read_exact_at(file, from, out),
            Source::Memory(bytes) => {
                let from = usize::try_from(from).map_err(|_| io::ErrorKind::UnexpectedEof)?;
                out.copy_from_slice(&bytes[from..from + out.len()]);
                Ok(())
            }
        }
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
