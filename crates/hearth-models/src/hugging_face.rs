//! Folders as transformers' `save_pretrained` writes them.

mod config;
mod tokenizer;

use std::fs;
use std::path::Path;

use serde::de::DeserializeOwned;

use crate::error::{Error, Result};
use crate::model::{Description, Model};
use crate::settings::Settings;
use crate::{safetensors, vocabulary};

pub(crate) fn open(folder: &Path) -> Result<Model> {
    let description = describe(folder)?;
    let weights = safetensors::read(&folder.join("model.safetensors"))?;
    weights.check(&description.config)?;
    let lines = folder.join("vocab.txt");
    if let Some(bytes) = read(&lines)? {
        let entries = vocabulary::from_lines(&lines, &bytes)?;
        return Model::new(description, entries, &lines, weights);
    }
    let json = folder.join("tokenizer.json");
    let bytes = read(&json)?.ok_or_else(|| Error::NoVocabulary {
        folder: folder.to_owned(),
    })?;
    let entries = tokenizer::vocabulary(&json, &bytes)?;
    Model::new(description, entries, &json, weights)
}

pub(crate) fn describe(folder: &Path) -> Result<Description> {
    Ok(Description {
        name: name(folder)?,
        config: config::read(&folder.join("config.json"))?,
        settings: Settings {
            case_sensitive: tokenizer::case_sensitive(folder)?,
            ..Settings::default()
        },
    })
}

/// The folder's name, also where the path ends in `.` or `..`.
fn name(folder: &Path) -> Result<String> {
    let name = match folder.file_name() {
        Some(name) => name.to_owned(),
        None => fs::canonicalize(folder)
            .map_err(|source| Error::Io {
                path: folder.to_owned(),
                source,
            })?
            .file_name()
            .unwrap_or_default()
            .to_owned(),
    };
    Ok(name.to_string_lossy().into_owned())
}

/// The bytes of a file; `None` where there is none.
fn read(file: &Path) -> Result<Option<Vec<u8>>> {
    match fs::read(file) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(Error::Io {
            path: file.to_owned(),
            source,
        }),
    }
}

fn from_json<T: DeserializeOwned>(file: &Path, bytes: &[u8]) -> Result<T> {
    serde_json::from_slice(bytes).map_err(|source| Error::Json {
        file: file.to_owned(),
        source,
    })
}
