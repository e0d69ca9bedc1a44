use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use crate::error::{Error, Result};

/// A model format with a reader.
pub(crate) enum Format {
    HuggingFace,
}

/// What lies at a path that is not a readable model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Found {
    /// Nothing.
    Nothing,
    /// A zip archive.
    Zip,
    /// A file, where a folder is expected.
    File,
    /// A Spark ML folder, which Spark NLP's annotators and pipelines are saved as.
    SparkNlp,
    /// A TensorFlow SavedModel.
    SavedModel,
    /// A Hugging Face folder whose weights are cut into several safetensors files.
    ShardedSafetensors,
    /// A Hugging Face folder with pickled PyTorch weights.
    PyTorch,
    /// A folder with an ONNX graph.
    Onnx,
    /// A folder with `config.json` but without weights of a known name.
    NoWeights,
    /// A folder with `model.safetensors` but without `config.json`.
    NoConfig,
    /// A folder with none of the known files.
    Folder,
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nothing => "nothing there",
            Self::Zip => "a zip archive",
            Self::File => "a file",
            Self::SparkNlp => "a Spark NLP folder (metadata/part-00000)",
            Self::SavedModel => "a TensorFlow SavedModel (saved_model.pb)",
            Self::ShardedSafetensors => "weights in several files (model.safetensors.index.json)",
            Self::PyTorch => "pickled PyTorch weights (pytorch_model.bin)",
            Self::Onnx => "an ONNX graph (model.onnx)",
            Self::NoWeights => "a folder with config.json but no model.safetensors",
            Self::NoConfig => "a folder with model.safetensors but no config.json",
            Self::Folder => "a folder with neither config.json nor model.safetensors",
        })
    }
}

/// Which reader takes `path`, judged by names; nothing but the first bytes of a plain file is read.
///
/// # Errors
/// [`Error::Format`] where there is none, [`Error::Io`] where the path cannot be looked at.
pub(crate) fn recognise(path: &Path) -> Result<Format> {
    let found = match fs::metadata(path) {
        Ok(meta) if meta.is_dir() => match in_folder(path) {
            Ok(format) => return Ok(format),
            Err(found) => found,
        },
        Ok(_) if is_zip(path)? => Found::Zip,
        Ok(_) => Found::File,
        Err(e) if e.kind() == io::ErrorKind::NotFound => Found::Nothing,
        Err(source) => {
            return Err(Error::Io {
                path: path.to_owned(),
                source,
            });
        }
    };
    Err(Error::Format {
        path: path.to_owned(),
        found,
    })
}

fn in_folder(folder: &Path) -> Result<Format, Found> {
    let has = |name: &str| folder.join(name).exists();
    let others = [
        ("metadata/part-00000", Found::SparkNlp),
        ("model.safetensors.index.json", Found::ShardedSafetensors),
        ("pytorch_model.bin", Found::PyTorch),
        ("saved_model.pb", Found::SavedModel),
        ("model.onnx", Found::Onnx),
        ("onnx/model.onnx", Found::Onnx),
    ];
    match (has("config.json"), has("model.safetensors")) {
        (true, true) => Ok(Format::HuggingFace),
        (config, weights) => Err(match others.into_iter().find(|(name, _)| has(name)) {
            Some((_, found)) => found,
            None if config => Found::NoWeights,
            None if weights => Found::NoConfig,
            None => Found::Folder,
        }),
    }
}

fn is_zip(path: &Path) -> Result<bool> {
    let mut start = Vec::new();
    File::open(path)
        .and_then(|file| file.take(4).read_to_end(&mut start))
        .map_err(|source| Error::Io {
            path: path.to_owned(),
            source,
        })?;
    Ok(start == b"PK\x03\x04")
}
