//! An archive to a folder that is there whole or not at all.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use super::Downloader;
use crate::blob::Blob;
use crate::cache::{RECORD, Record};
use crate::error::{Error, Result};
use crate::folder::top_folder;
use crate::zip::Archive;

impl Downloader {
    /// Unpacks a zip beside its place and renames it, with its record in it. The caller holds the lock.
    pub(super) fn unpack(&self, zip: &Path, to: &Path, record: &Record) -> Result<()> {
        let name = to.file_name().unwrap_or_default();
        let beside = self.partials().join(name);
        remove(&beside)?;
        let unpacked = unpack(zip, &beside, record).and_then(|()| {
            // What is there holds no model, or it would have been found.
            remove(to)?;
            let parent = to.parent().unwrap_or(to);
            fs::create_dir_all(parent)
                .and_then(|()| fs::rename(&beside, to))
                .map_err(|source| at(to, source))
        });
        if unpacked.is_err() {
            let _ = fs::remove_dir_all(&beside);
        }
        unpacked
    }
}

fn unpack(zip: &Path, to: &Path, record: &Record) -> Result<()> {
    let bytes = Blob::open(zip).map_err(|source| at(zip, source))?;
    let archive = Archive::open(zip.to_owned(), &bytes)?;
    let below = top_folder(&archive).map_or_else(String::new, |top| format!("{top}/"));
    for name in archive.below(&below) {
        let path = to.join(&name[below.len()..]);
        let mut file = create(&path)?;
        archive.write_out(name, &mut file)?;
        file.sync_all().map_err(|source| at(&path, source))?;
    }
    let path = to.join(RECORD);
    let file = create(&path)?;
    serde_json::to_writer_pretty(&file, record)
        .map_err(io::Error::from)
        .and_then(|()| file.sync_all())
        .map_err(|source| at(&path, source))
}

fn create(path: &Path) -> Result<File> {
    fs::create_dir_all(path.parent().unwrap_or(path))
        .and_then(|()| File::create(path))
        .map_err(|source| at(path, source))
}

fn remove(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(at(folder, e)),
        _ => Ok(()),
    }
}

fn at(path: &Path, source: io::Error) -> Error {
    Error::Io {
        path: path.to_owned(),
        source,
    }
}
