//! Model folders to plain config, weights and vocabulary.
//!
//! [`open`] recognises what lies at a path, reads it with the reader of that format and checks all of it, so that a
//! [`Model`] in hand is one an encoder can be built from. [`describe`] reads the little that a plan needs and leaves the
//! weights alone. This version reads Hugging Face folders: `config.json`, `model.safetensors`, `vocab.txt`,
//! `tokenizer_config.json`, and `tokenizer.json` for what the last two do not say.
//!
//! Nothing here knows an engine or a column: weights are named slices of `f32`, the vocabulary is a list of strings.

mod blob;
mod config;
mod error;
mod fingerprint;
mod folder;
mod format;
mod hugging_face;
mod map;
mod model;
mod protobuf;
mod safetensors;
mod settings;
mod tensors;
mod vocabulary;
mod warning;
mod weights;

pub use config::{BertConfig, HiddenAct};
pub use error::{Error, Result};
pub use fingerprint::Fingerprint;
pub use format::Found;
pub use model::{Description, Model, describe, open};
pub use settings::Settings;
pub use warning::Warning;
pub use weights::Weights;
