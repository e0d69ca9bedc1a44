use std::fs;
use std::io;
use std::path::{self, Path};
use std::time::UNIX_EPOCH;

use crate::error::{Error, Result};
use crate::format::recognise;

/// What tells without reading it that a model was not changed since: where its files lie, their lengths, and when they
/// were last written. Of the same model in two places there are two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Stamp([u8; 32]);

/// Folders of models have two levels, three within pipelines.
const DEPTH: usize = 8;

impl Stamp {
    /// The stamp of the model at a path.
    ///
    /// # Errors
    /// [`Error::Format`] and its like, as [`open`](crate::open), where there is no model; [`Error::Io`].
    pub fn of(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        recognise(path)?;
        let mut hasher = blake3::Hasher::new();
        path::absolute(path)
            .and_then(|path| {
                hasher.update(path.as_os_str().as_encoded_bytes());
                hasher.update(&[0]);
                // What goes on inside a zip changes with the zip.
                let on_disk = path.ancestors().find(|path| path.is_file());
                add(on_disk.unwrap_or(&path), DEPTH, &mut hasher)
            })
            .map_err(|source| Error::Io {
                path: path.to_owned(),
                source,
            })?;
        Ok(Self(*hasher.finalize().as_bytes()))
    }
}

fn add(path: &Path, depth: usize, hasher: &mut blake3::Hasher) -> io::Result<()> {
    let meta = fs::metadata(path)?;
    if meta.is_dir() {
        if depth == 0 {
            return Ok(());
        }
        let entries: io::Result<Vec<_>> = fs::read_dir(path)?
            .map(|entry| entry.map(|e| e.path()))
            .collect();
        let mut entries = entries?;
        entries.sort();
        return entries
            .iter()
            .try_for_each(|entry| add(entry, depth - 1, hasher));
    }
    let written = meta.modified()?.duration_since(UNIX_EPOCH);
    let written = written.map_or(0, |since| since.as_nanos());
    let name = path.as_os_str().as_encoded_bytes();
    hasher.update(&(name.len() as u64).to_le_bytes());
    hasher.update(name);
    hasher.update(&meta.len().to_le_bytes());
    hasher.update(&written.to_le_bytes());
    Ok(())
}
