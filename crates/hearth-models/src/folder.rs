//! A model's folder, on disk or inside a zip.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::blob::Blob;
use crate::error::{Error, Result};
use crate::zip::Archive;

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
    Zip {
        archive: Arc<Archive>,
        /// The folder inside, with its `/`, or nothing for all of it.
        below: String,
    },
}

impl Folder {
    pub(crate) fn on_disk(path: &Path) -> Self {
        Self {
            shown: path.to_owned(),
            tree: Tree::Disk(path.to_owned()),
        }
    }

    /// What a zip holds; `None` where the file is none. Where all of it lies in one folder, that folder.
    pub(crate) fn in_zip(path: &Path) -> Result<Option<Self>> {
        let io = |source| Error::Io {
            path: path.to_owned(),
            source,
        };
        let bytes = Blob::open(path).map_err(io)?;
        if !Archive::is_one(&bytes).map_err(io)? {
            return Ok(None);
        }
        let archive = Archive::open(path.to_owned(), &bytes)?;
        Ok(Some(Self::of(path.to_owned(), archive)))
    }

    /// The folder at a path, which may go on inside a zip: `pipeline.zip/stages/3_BERT_EMBEDDINGS_7b00e57ae29b`. `None`
    /// where nothing is there, or a file that is no zip.
    pub(crate) fn at(path: &Path) -> Result<Option<Self>> {
        if path.is_dir() {
            return Ok(Some(Self::on_disk(path)));
        }
        let Some(file) = path.ancestors().find(|path| path.is_file()) else {
            return Ok(None);
        };
        let Some(mut folder) = Self::in_zip(file)? else {
            return Ok(None);
        };
        // Where all of a zip lies in one folder, that is opened already, and the path may name it or not.
        let inside = path.strip_prefix(&folder.shown);
        let inside = inside.or_else(|_| path.strip_prefix(file)).unwrap_or(path);
        for part in inside {
            folder = folder.sub(&part.to_string_lossy());
            if folder.names()?.is_empty() {
                return Ok(None);
            }
        }
        Ok(Some(folder))
    }

    fn of(shown: PathBuf, archive: Archive) -> Self {
        let top = top_folder(&archive);
        let tree = Tree::Zip {
            archive: Arc::new(archive),
            below: String::new(),
        };
        let folder = Self { shown, tree };
        top.map_or_else(|| folder.clone(), |top| folder.sub(&top))
    }

    /// How messages name a file of this folder, or with an empty name the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        if name.is_empty() {
            return self.shown.clone();
        }
        self.shown.join(name)
    }

    /// Its own name, also where the path to it ends in `.` or `..`; that of a zip is without `.zip`.
    pub(crate) fn name(&self) -> Result<String> {
        let name = match &self.tree {
            Tree::Zip { below, .. } if below.is_empty() => {
                self.shown.file_stem().unwrap_or_default().to_owned()
            }
            _ => match self.shown.file_name() {
                Some(name) => name.to_owned(),
                None => fs::canonicalize(&self.shown)
                    .map_err(|source| self.io("", source))?
                    .file_name()
                    .unwrap_or_default()
                    .to_owned(),
            },
        };
        Ok(name.to_string_lossy().into_owned())
    }

    pub(crate) fn sub(&self, name: &str) -> Self {
        let tree = match &self.tree {
            Tree::Disk(path) => Tree::Disk(path.join(name)),
            Tree::Zip { archive, below } => Tree::Zip {
                archive: archive.clone(),
                below: format!("{below}{name}/"),
            },
        };
        Self {
            shown: self.shown.join(name),
            tree,
        }
    }

    /// What the zip of this name holds, as Spark NLP keeps graphs; `None` where there is no such file. Its bytes are
    /// inflated here, if they are deflated.
    ///
    /// # Errors
    /// [`Error::Damaged`] also for a file that is no zip.
    pub(crate) fn zip(&self, name: &str) -> Result<Option<Self>> {
        let Some(bytes) = self.blob(name)? else {
            return Ok(None);
        };
        let file = self.path(name);
        let archive = match &self.tree {
            Tree::Disk(_) => Archive::open(file.clone(), &bytes)?,
            Tree::Zip { archive, .. } => archive.inner(file.clone(), &bytes)?,
        };
        Ok(Some(Self::of(file, archive)))
    }

    /// The files and folders directly inside, sorted; none where this is no folder.
    pub(crate) fn names(&self) -> Result<Vec<String>> {
        let mut names = Vec::new();
        match &self.tree {
            Tree::Disk(path) => {
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
            }
            Tree::Zip { archive, below } => {
                for name in archive.below(below) {
                    let inside = &name[below.len()..];
                    names.push(inside.split('/').next().unwrap_or(inside).to_owned());
                }
                names.sort();
                names.dedup();
            }
        }
        Ok(names)
    }

    /// Whether there is a file or folder of this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        match &self.tree {
            Tree::Disk(path) => path.join(name).exists(),
            Tree::Zip { archive, below } => {
                let whole = format!("{below}{name}");
                let folder = format!("{whole}/");
                archive.has(&whole) || archive.below(&folder).next().is_some()
            }
        }
    }

    /// The file of this name; `None` where there is none. In a zip it is inflated here, if it is deflated, and its
    /// checksum is compared.
    pub(crate) fn blob(&self, name: &str) -> Result<Option<Blob>> {
        self.blob_up_to(name, u64::MAX)
    }

    fn blob_up_to(&self, name: &str, limit: u64) -> Result<Option<Blob>> {
        match &self.tree {
            Tree::Disk(path) => match Blob::open(&path.join(name)) {
                Ok(blob) => Ok(Some(blob)),
                Err(e) if absent(&e) => Ok(None),
                Err(source) => Err(self.io(name, source)),
            },
            Tree::Zip { archive, below } => archive.blob(&format!("{below}{name}"), limit),
        }
    }

    /// All bytes of a file that is small by its nature; `None` where there is none.
    ///
    /// # Errors
    /// [`Error::Io`], also for a file above 64 MiB.
    pub(crate) fn read(&self, name: &str) -> Result<Option<Vec<u8>>> {
        const LIMIT: u64 = 64 << 20;
        self.blob_up_to(name, LIMIT)?
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

/// The one folder that holds all files.
pub(crate) fn top_folder(archive: &Archive) -> Option<String> {
    // macOS puts a folder of its own beside the one that was zipped.
    let mut names = archive
        .below("")
        .filter(|name| !name.starts_with("__MACOSX/"))
        .map(|name| name.split_once('/'));
    let (top, _) = names.next()??;
    let all = names.all(|name| name.is_some_and(|(first, _)| first == top));
    all.then(|| top.to_owned())
}

fn absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}
