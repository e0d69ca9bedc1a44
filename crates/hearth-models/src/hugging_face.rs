//! Folders as transformers' `save_pretrained` writes them.

mod config;
mod tokenizer;
pub(crate) mod weights;

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::config::BertConfig;
use crate::error::{Error, Result};
use crate::folder::Folder;
use crate::model::{Description, Model};
use crate::settings::Settings;
use crate::vocabulary;
use crate::warning::Warning;
use crate::weights::Weights;

pub(crate) use self::tokenizer::case_sensitive;

const CONFIG: &str = "config.json";
/// Where the entries of a vocabulary stand one below the other; the second is what Spark NLP imports.
const LISTS: [&str; 2] = ["vocab.txt", "assets/vocab.txt"];

/// Whether a folder looks like one.
pub(crate) fn is_one(folder: &Folder) -> bool {
    folder.has(CONFIG) && weights::are_in(folder)
}

pub(crate) fn open(folder: &Folder) -> Result<Model> {
    let description = describe(folder)?;
    let weights = weights::open(folder)?;
    weights.check(&description.config)?;
    let (file, entries) = vocabulary(folder)?;
    Model::new(description, entries, &file, weights)
}

pub(crate) fn describe(folder: &Folder) -> Result<Description> {
    description(folder, config::read(folder)?)
}

/// A model that another program exported into such a folder, by what was read from its graph; the vocabulary in
/// `vocab.txt`, `assets/vocab.txt` or `tokenizer.json`.
///
/// # Errors
/// Those of a vocabulary and of [`Model::new`].
pub(crate) fn exported(
    folder: &Folder,
    (config, weights, warnings): (BertConfig, Weights, Vec<Warning>),
) -> Result<Model> {
    let (file, entries) = vocabulary(folder)?;
    let mut model = Model::new(description(folder, config)?, entries, &file, weights)?;
    model.warnings.extend(warnings);
    Ok(model)
}

/// Of a model whose sizes are known, with what its tokenizer's files say.
pub(crate) fn description(folder: &Folder, config: BertConfig) -> Result<Description> {
    let kept = kept(folder)?;
    Ok(Description {
        name: folder.name()?,
        config,
        settings: Settings {
            case_sensitive: case_sensitive(folder)?,
            max_sentence_length: kept.max_sentence_length,
            dimension: kept.dimension,
            storage_ref: kept.storage_ref,
        },
    })
}

/// Settings that Hugging Face has no place for: the key `hearth` of a `config.json`, written by [`convert`](crate::convert)
/// and passed over by others.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Kept {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max_sentence_length: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) dimension: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) storage_ref: Option<String>,
}

fn kept(folder: &Folder) -> Result<Kept> {
    #[derive(Deserialize)]
    struct Config {
        hearth: Option<Kept>,
    }
    let Some(bytes) = folder.read(CONFIG)? else {
        return Ok(Kept::default());
    };
    let config: Config = from_json(&folder.path(CONFIG), &bytes)?;
    Ok(config.hearth.unwrap_or_default())
}

/// The file with the vocabulary and its entries.
pub(crate) fn vocabulary(folder: &Folder) -> Result<(PathBuf, Vec<String>)> {
    for name in LISTS {
        if let Some(bytes) = folder.read(name)? {
            let file = folder.path(name);
            let entries = vocabulary::from_lines(&file, &bytes)?;
            return Ok((file, entries));
        }
    }
    let bytes = folder
        .read("tokenizer.json")?
        .ok_or_else(|| Error::NoVocabulary {
            folder: folder.path(""),
        })?;
    let file = folder.path("tokenizer.json");
    let entries = tokenizer::vocabulary(&file, &bytes)?;
    Ok((file, entries))
}

/// The number of attention heads, where there is a config that says it.
pub(crate) fn heads(folder: &Folder) -> Result<Option<usize>> {
    #[derive(Deserialize)]
    struct Heads {
        num_attention_heads: Option<usize>,
    }
    let Some(bytes) = folder.read(CONFIG)? else {
        return Ok(None);
    };
    let heads: Heads = from_json(&folder.path(CONFIG), &bytes)?;
    Ok(heads.num_attention_heads)
}

fn from_json<T: DeserializeOwned>(file: &Path, bytes: &[u8]) -> Result<T> {
    serde_json::from_slice(bytes).map_err(|source| Error::Json {
        file: file.to_owned(),
        source,
    })
}
