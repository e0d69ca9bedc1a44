//! OpenVINO's intermediate representation: `openvino_model.xml` with the graph, `openvino_model.bin` with the constants.
//!
//! See OpenVINO's documentation of its operation sets; of each operation the newest form is read and those before it with
//! the same meaning.

mod graph;

use std::path::Path;
use std::sync::Arc;

use crate::config::BertConfig;
use crate::error::{Error, Result};
use crate::folder::Folder;
use crate::graph::encoder;
use crate::hugging_face;
use crate::model::{Description, Model};
use crate::warning::Warning;
use crate::weights::Weights;

const GRAPH: &str = "openvino_model.xml";
const CONSTANTS: &str = "openvino_model.bin";
/// In a repository of Hugging Face the exports have a folder of their own.
const FOLDERS: [&str; 2] = ["", "openvino/"];

/// Whether a folder looks like one.
pub(crate) fn is_one(folder: &Folder) -> bool {
    FOLDERS
        .iter()
        .any(|below| folder.has(&format!("{below}{GRAPH}")))
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

/// The encoder of a folder with the two files, or of Spark NLP's `bert_openvino`, unpacked.
///
/// # Errors
/// [`Error::Unsupported`] where it is not one BERT encoder, [`Error::Damaged`] and [`Error::Io`].
pub(crate) fn parts(folder: &Folder) -> Result<(BertConfig, Weights, Vec<Warning>)> {
    model(folder, None)
}

fn read(folder: &Folder) -> Result<(BertConfig, Weights, Vec<Warning>)> {
    let heads = hugging_face::heads(folder)?;
    if folder.has(GRAPH) {
        return model(folder, heads);
    }
    model(&folder.sub("openvino"), heads)
}

fn model(folder: &Folder, heads: Option<usize>) -> Result<(BertConfig, Weights, Vec<Warning>)> {
    let absent = |name| folder.io(name, std::io::ErrorKind::NotFound.into());
    let xml = folder.read(GRAPH)?.ok_or_else(|| absent(GRAPH))?;
    let shown: Arc<Path> = folder.path(GRAPH).into();
    let constants = folder.blob(CONSTANTS)?.ok_or_else(|| absent(CONSTANTS))?;
    let file: Arc<Path> = folder.path(CONSTANTS).into();
    hugging_face::weights::refuse_pointer(&file, &constants)?;
    let graph = graph::read(&xml, &constants, &file).map_err(|why| Error::Damaged {
        file: shown.to_path_buf(),
        format: "OpenVINO model",
        why,
    })?;
    encoder(&graph, &shown, heads)
}

/// Any bytes as a graph, with some constants.
#[cfg(feature = "fuzzing")]
pub fn fuzz(bytes: &[u8]) {
    let constants = crate::blob::Blob::from_vec(vec![1; 1 << 12]);
    let file: Arc<Path> = Path::new(CONSTANTS).into();
    if let Ok(graph) = graph::read(bytes, &constants, &file) {
        let _ = encoder(&graph, &file, None);
    }
}
