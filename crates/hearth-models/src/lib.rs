//! Model folders to plain config, weights and vocabulary.
//!
//! [`open`] recognises what lies at a path, reads it with the reader of that format and checks all of it, so that a
//! [`Model`] in hand is one an encoder can be built from. [`describe`] reads the little that a plan needs and leaves the
//! weights alone. This version reads, in a folder or a zip of one:
//! - Hugging Face folders: `config.json`, `model.safetensors` or `pytorch_model.bin`, `vocab.txt`,
//!   `tokenizer_config.json`, and `tokenizer.json` for what the last two do not say;
//! - TensorFlow SavedModels and Hub modules with `assets/vocab.txt`, and checkpoints with `bert_config.json` and
//!   `vocab.txt`;
//! - `model.onnx`, or `openvino_model.xml` and `openvino_model.bin`, with a vocabulary;
//! - what Spark NLP saves of the models it imported.
//!
//! Nothing here knows an engine or a column: weights are named lists of `f32`, the vocabulary is a list of strings.

mod blob;
pub mod cache;
mod config;
mod convert;
#[cfg(feature = "download")]
pub mod download;
mod error;
mod fingerprint;
mod folder;
mod format;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzz;
mod graph;
mod hugging_face;
mod inspect;
mod model;
mod moment;
pub mod names;
mod onnx;
mod openvino;
mod protobuf;
mod pytorch;
pub mod resolve;
mod safetensors;
mod settings;
pub mod spark;
mod stamp;
mod tensorflow;
mod tensors;
mod tokenizer;
mod vocabulary;
mod warning;
mod weights;
mod zip;

pub use config::{BertConfig, HiddenAct};
pub use convert::{Converted, convert};
pub use error::{Error, Result};
pub use fingerprint::Fingerprint;
pub use format::Found;
pub use inspect::{Inspection, Origin, inspect};
pub use model::{Description, Model, describe, open};
pub use settings::Settings;
pub use stamp::Stamp;
pub use tokenizer::Tokenizer;
pub use warning::Warning;
pub use weights::Weights;
