//! A model's folder, on disk or inside a zip.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::blob::Blob;
use crate::error::{Error, Result};

/// Where the files of a model lie. Names inside are relative, with `/` between their parts on every system.
#[derive(Debug, Clone)]
pub(crate) struct Folder {
    /// For messages: the path a user would look at.
    shown: PathBuf,
    tree: Tree,
}

#[derive(Debug, Clone)]
enum Tree {
    Disk(PathBuf),
}

impl Folder {
    pub(crate) fn on_disk(path: &Path) -> Self {
        Self {
            shown: path.to_owned(),
            tree: Tree::Disk(path.to_owned()),
        }
    }

    /// How messages name a file of this folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.shown.join(name)
    }

    pub(crate) fn sub(&self, name: &str) -> Self {
        let tree = match &self.tree {
            Tree::Disk(path) => Tree::Disk(path.join(name)),
        };
        Self {
            shown: self.shown.join(name),
            tree,
        }
    }

    /// The files and folders directly inside, sorted; none where this is no folder.
    pub(crate) fn names(&self) -> Result<Vec<String>> {
        let Tree::Disk(path) = &self.tree;
        let mut names = Vec::new();
        let entries = match fs::read_dir(path) {
            Ok(entries) => entries,
            Err(e) if absent(&e) => return Ok(names),
            Err(source) => return Err(self.io("", source)),
        };
        for entry in entries {
            let entry = entry.map_err(|source| self.io("", source))?;
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
        names.sort();
        Ok(names)
    }

    /// Whether there is a file or folder of this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        let Tree::Disk(path) = &self.tree;
        path.join(name).exists()
    }

    /// The file of this name; `None` where there is none.
    pub(crate) fn blob(&self, name: &str) -> Result<Option<Blob>> {
        let Tree::Disk(path) = &self.tree;
        match Blob::open(&path.join(name)) {
            Ok(blob) => Ok(Some(blob)),
            Err(e) if absent(&e) => Ok(None),
            Err(source) => Err(self.io(name, source)),
        }
    }

    /// All bytes of a file that is small by its nature; `None` where there is none.
    ///
    /// # Errors
    /// [`Error::Io`], also for a file above 1 GiB.
    pub(crate) fn read(&self, name: &str) -> Result<Option<Vec<u8>>> {
        const LIMIT: u64 = 1 << 30;
        self.blob(name)?
            .map(|blob| blob.to_vec(LIMIT).map_err(|source| self.io(name, source)))
            .transpose()
    }

    pub(crate) fn io(&self, name: &str, source: io::Error) -> Error {
        Error::Io {
            path: self.path(name),
            source,
        }
    }
}

fn absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}
