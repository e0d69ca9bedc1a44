//! Model folders, whole and broken, through the public functions.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod cache;
mod convert;
mod damage;
mod exports;
mod folder;
mod inspect;
mod names;
mod refusals;
mod resolve;
mod spark;
mod tensorflow;
mod warnings;
mod weights;
mod whole;
mod zips;

use std::fs;
use std::path::Path;

use tempfile::TempDir;

/// A copy of a folder's files, to be changed.
fn copied(folder: &Path) -> TempDir {
    let copy = TempDir::new().unwrap();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            fs::copy(&path, copy.path().join(path.file_name().unwrap())).unwrap();
        }
    }
    copy
}
