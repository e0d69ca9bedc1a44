use std::fmt;
use std::io;
use std::path::Path;

use crate::error::{Error, Result};
use crate::folder::Folder;
use crate::inspect::Origin;
use crate::model::{Description, Model};
use crate::tensorflow::{checkpoint, saved_model};
use crate::{hugging_face, onnx, openvino, spark};

/// A model format.
pub(crate) struct Format {
    /// As a noun.
    pub(crate) name: &'static str,
    /// Who says what no shape of a weight shows.
    pub(crate) told_by: Origin,
    /// Judged by names alone.
    is_one: fn(&Folder) -> bool,
    pub(crate) open: fn(&Folder) -> Result<Model>,
    pub(crate) describe: fn(&Folder) -> Result<Description>,
}

/// Where a folder could be read in two ways, the first is taken.
static FORMATS: &[Format] = &[
    Format {
        name: "Hugging Face folder",
        told_by: Origin::Config,
        is_one: hugging_face::is_one,
        open: hugging_face::open,
        describe: hugging_face::describe,
    },
    Format {
        name: "TensorFlow SavedModel",
        told_by: Origin::Graph,
        is_one: saved_model::is_one,
        open: saved_model::open,
        describe: saved_model::describe,
    },
    Format {
        name: "TensorFlow checkpoint",
        told_by: Origin::Config,
        is_one: checkpoint::is_one,
        open: checkpoint::open,
        describe: checkpoint::describe,
    },
    Format {
        name: "ONNX model",
        told_by: Origin::Graph,
        is_one: onnx::is_one,
        open: onnx::open,
        describe: onnx::describe,
    },
    Format {
        name: "OpenVINO model",
        told_by: Origin::Graph,
        is_one: openvino::is_one,
        open: openvino::open,
        describe: openvino::describe,
    },
    Format {
        name: "Spark NLP BertEmbeddings",
        told_by: Origin::Graph,
        is_one: spark::is_bert,
        open: spark::open_bert,
        describe: spark::describe_bert,
    },
];

impl Format {
    fn of(folder: &Folder) -> Option<&'static Self> {
        FORMATS.iter().find(|format| (format.is_one)(folder))
    }
}

/// What lies at a path that is not a readable model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Found {
    /// Nothing.
    Nothing,
    /// A file that is no zip.
    File,
    /// A folder with `config.json` but without weights of a known name.
    NoWeights,
    /// A folder with weights as transformers saves them but without `config.json`.
    NoConfig,
    /// A folder with none of the known files.
    Folder,
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nothing => "nothing there",
            Self::File => "a file that is no zip",
            Self::NoWeights => "a folder with config.json but no weights",
            Self::NoConfig => "a folder with weights but no config.json",
            Self::Folder => "a folder with none of the files of a model",
        })
    }
}

/// Which reader takes `path`, a folder or a zip of one, judged by names.
///
/// # Errors
/// [`Error::Format`] where there is none, [`Error::PartOfModel`] for a file of a model, [`Error::Io`] where the path cannot
/// be looked at, and those of a zip that cannot be read.
pub(crate) fn recognise(path: &Path) -> Result<(&'static Format, Folder)> {
    let format = |found| Error::Format {
        path: path.to_owned(),
        found,
    };
    let folder = match path.metadata() {
        Ok(meta) if meta.is_dir() => Folder::on_disk(path),
        Ok(_) => match Folder::in_zip(path)? {
            Some(folder) => folder,
            None => return Err(part_of_model(path).unwrap_or_else(|| format(Found::File))),
        },
        Err(e)
            if matches!(
                e.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
            ) =>
        {
            match Folder::at(path)? {
                Some(folder) => folder,
                None => return Err(part_of_model(path).unwrap_or_else(|| format(Found::Nothing))),
            }
        }
        Err(source) => {
            return Err(Error::Io {
                path: path.to_owned(),
                source,
            });
        }
    };
    match Format::of(&folder) {
        Some(format) => Ok((format, folder)),
        None => Err(format(what_is_missing(&folder))),
    }
}

fn what_is_missing(folder: &Folder) -> Found {
    let weights = hugging_face::weights::are_in(folder);
    match (folder.has("config.json"), weights) {
        (true, _) => Found::NoWeights,
        (_, true) => Found::NoConfig,
        _ => Found::Folder,
    }
}

/// For a file of a model's folder, or what several of its files begin with, such as `bert_model.ckpt`.
fn part_of_model(path: &Path) -> Option<Error> {
    let name = path.file_name()?.to_str()?;
    let parent = match path.parent()? {
        here if here.as_os_str().is_empty() => Path::new("."),
        parent => parent,
    };
    let beside = Folder::on_disk(parent).names().ok()?;
    if !beside.iter().any(|file| file.starts_with(name)) {
        return None;
    }
    let folder = parent
        .ancestors()
        .take(2)
        .filter(|folder| !folder.as_os_str().is_empty())
        .find(|folder| Format::of(&Folder::on_disk(folder)).is_some())?;
    Some(Error::PartOfModel {
        path: path.to_owned(),
        folder: folder.to_owned(),
    })
}
