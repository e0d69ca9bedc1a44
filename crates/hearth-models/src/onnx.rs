//! ONNX models: `model.onnx` with a vocabulary beside it, and the archives that Spark NLP makes of one.
//!
//! See `onnx/onnx.proto`, and for what ONNX Runtime fuses nodes to, `docs/ContribOperators.md` of its repository.

mod graph;
mod tensor;

use std::path::Path;
use std::sync::Arc;

use self::tensor::Place;
use crate::config::BertConfig;
use crate::error::{Error, Result};
use crate::folder::Folder;
use crate::graph::encoder;
use crate::hugging_face;
use crate::model::{Description, Model};
use crate::warning::Warning;
use crate::weights::Weights;

const FILE: &str = "model.onnx";
/// In a repository of Hugging Face the exports have a folder of their own.
const FOLDERS: [&str; 2] = ["", "onnx/"];

/// Whether a folder looks like one.
pub(crate) fn is_one(folder: &Folder) -> bool {
    FOLDERS
        .iter()
        .any(|below| folder.has(&format!("{below}{FILE}")))
}

/// Opens a model.
///
/// # Errors
/// Those of [`parts`] and of [`hugging_face::exported`].
pub(crate) fn open(folder: &Folder) -> Result<Model> {
    hugging_face::exported(folder, read(folder)?)
}

/// Its config and settings, from the graph.
///
/// # Errors
/// Those of [`parts`].
pub(crate) fn describe(folder: &Folder) -> Result<Description> {
    hugging_face::description(folder, read(folder)?.0)
}

/// The encoder of Spark NLP's `bert_onnx`, unpacked: one model of any name, perhaps with files of its weights.
///
/// # Errors
/// [`Error::Unsupported`] where there is not one model or it is not one BERT encoder, [`Error::Damaged`],
/// [`Error::MissingShard`] and [`Error::Io`].
pub(crate) fn parts(folder: &Folder) -> Result<(BertConfig, Weights, Vec<Warning>)> {
    let names = folder.names()?;
    let mut models: Vec<&String> = names
        .iter()
        .filter(|name| name.ends_with(".onnx"))
        .collect();
    if models.is_empty() {
        models.extend(&names);
    }
    let [name] = models[..] else {
        return Err(Error::Unsupported {
            file: folder.path(""),
            what: format!(
                "it holds {} files where one ONNX model is expected",
                models.len()
            ),
            instead: "save the model again, or copy or download it again".to_owned(),
        });
    };
    model(folder, name, None)
}

fn read(folder: &Folder) -> Result<(BertConfig, Weights, Vec<Warning>)> {
    let heads = hugging_face::heads(folder)?;
    if folder.has(FILE) {
        return model(folder, FILE, heads);
    }
    model(&folder.sub("onnx"), FILE, heads)
}

fn model(
    folder: &Folder,
    name: &str,
    heads: Option<usize>,
) -> Result<(BertConfig, Weights, Vec<Warning>)> {
    let bytes = folder.blob(name)?;
    let bytes = bytes.ok_or_else(|| folder.io(name, std::io::ErrorKind::NotFound.into()))?;
    let file: Arc<Path> = folder.path(name).into();
    hugging_face::weights::refuse_pointer(&file, &bytes)?;
    let place = Place {
        file: &file,
        beside: &|name| folder.blob(name),
    };
    let graph = graph::read(&bytes, &place)?;
    encoder(&graph, &file, heads)
}

/// Any bytes as a model without files beside it.
#[cfg(feature = "fuzzing")]
pub fn fuzz(bytes: &[u8]) {
    let file: Arc<Path> = Path::new(FILE).into();
    let place = Place {
        file: &file,
        beside: &|_| Ok(None),
    };
    if let Ok(graph) = graph::read(&crate::blob::Blob::from_vec(bytes.to_vec()), &place) {
        let _ = encoder(&graph, &file, None);
    }
}
