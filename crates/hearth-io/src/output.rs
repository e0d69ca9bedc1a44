//! Where results go.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use crate::{Error, Format, Result, Source};

/// The output as meant by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// `-`: NDJSON on standard output.
    Stdout,
    /// A name with a known extension: one file for all inputs.
    File {
        /// The file.
        path: PathBuf,
        /// Its format.
        format: Format,
    },
    /// Any other name: a directory with one Parquet file per input.
    Directory(PathBuf),
}

impl Output {
    /// Reads the name of an output.
    ///
    /// # Errors
    /// Usage errors: an extension that can only be read, a directory where a file should be, or the other way round.
    pub fn parse(name: &str) -> Result<Self> {
        if name == "-" {
            return Ok(Self::Stdout);
        }
        let path = PathBuf::from(name);
        match Format::of(&path) {
            Some(format @ (Format::Tsv | Format::Text)) => Err(Error::NotWritable { path, format }),
            Some(_) if path.is_dir() => Err(Error::OutputKind {
                path,
                problem: "is a directory; a name with this extension stands for one file",
            }),
            Some(format) => Ok(Self::File { path, format }),
            None if path.is_file() => Err(Error::OutputKind {
                path,
                problem: "is a file; a name without a known extension stands for a directory",
            }),
            None => Ok(Self::Directory(path)),
        }
    }

    /// The output file of each source of a [`Output::Directory`], in order: its relative path with the extension
    /// `.parquet`. Empty for other outputs.
    ///
    /// # Errors
    /// [`Error::OutputCollision`]
    pub fn files(&self, sources: &[Source]) -> Result<Vec<PathBuf>> {
        let Self::Directory(directory) = self else {
            return Ok(Vec::new());
        };
        let mut taken = HashMap::<PathBuf, &Path>::new();
        let mut files = Vec::with_capacity(sources.len());
        for source in sources {
            let file = directory.join(source.relative.with_extension("parquet"));
            if let Some(first) = taken.insert(file.clone(), &source.path) {
                return Err(Error::OutputCollision {
                    output: file,
                    first: first.to_owned(),
                    second: source.path.clone(),
                });
            }
            files.push(file);
        }
        Ok(files)
    }

    /// Refuses what exists already, so that nothing is computed in vain.
    ///
    /// # Errors
    /// [`Error::OutputCollision`], [`Error::OutputExists`]
    pub fn refuse_existing(&self, sources: &[Source]) -> Result<()> {
        let files = match self {
            Self::Stdout => return Ok(()),
            Self::File { path, .. } => vec![path.clone()],
            Self::Directory(_) => self.files(sources)?,
        };
        // A link that leads nowhere exists too.
        match files
            .into_iter()
            .find(|file| file.symlink_metadata().is_ok())
        {
            Some(path) => Err(Error::OutputExists { path }),
            None => Ok(()),
        }
    }
}
