//! The one place with `unsafe`: a file mapped into memory and looked at as numbers.
#![allow(unsafe_code)]

use std::fs::File;
use std::io;
use std::ops::Range;
use std::path::Path;

use memmap2::Mmap;

/// A file mapped read-only.
///
/// The mapping is of the file, not of its path: a file that is replaced by rename, as downloads and checkouts do it, stays
/// whole here until the map is dropped. A file that is *written into* while it is mapped gives numbers that change under
/// the reader, and one that is *shortened* ends the process with SIGBUS when a page beyond its new end is read. Model
/// files are to be replaced, never edited in place.
pub(crate) struct Map(Mmap);

impl Map {
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        // SAFETY: a mapped slice must not change while it is borrowed. No code of this process writes the file, and the
        // type's documentation asks the same of other processes; nothing read from the map is used as a length, an
        // offset or a pointer after it was checked, so a file changed all the same gives wrong numbers or SIGBUS, not an
        // access out of bounds.
        let map = unsafe { Mmap::map(&file)? };
        Ok(Self(map))
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The little-endian `f32`s of a range, without a copy; `None` where the range is not aligned to 4 bytes or holds no
    /// whole number of them, or on a big-endian machine.
    pub(crate) fn f32s(&self, range: Range<usize>) -> Option<&[f32]> {
        // SAFETY: every pattern of 32 bits is a valid f32, and `align_to` puts only aligned, whole elements of the
        // borrowed slice in the middle.
        let (before, numbers, after) = unsafe { self.0.get(range)?.align_to::<f32>() };
        (cfg!(target_endian = "little") && before.is_empty() && after.is_empty()).then_some(numbers)
    }
}
