use std::io;

use serde::Deserialize;

use super::from_json;
use crate::config::{BertConfig, HiddenAct};
use crate::error::{Error, Result};
use crate::folder::Folder;

/// transformers' `BertConfig` default, on which configs older than the key rely.
const LAYER_NORM_EPS: f64 = 1e-12;

#[derive(Deserialize)]
struct ConfigJson {
    model_type: Option<String>,
    position_embedding_type: Option<String>,
    is_decoder: Option<bool>,
    vocab_size: Option<usize>,
    hidden_size: Option<usize>,
    num_hidden_layers: Option<usize>,
    num_attention_heads: Option<usize>,
    intermediate_size: Option<usize>,
    max_position_embeddings: Option<usize>,
    type_vocab_size: Option<usize>,
    hidden_act: Option<String>,
    layer_norm_eps: Option<f64>,
}

/// Reads and checks a `config.json`.
///
/// Keys without an effect on inference (dropout, initializer_range and so on) are not looked at; those that change what
/// the encoder computes must have a value it can compute.
pub(super) fn read(folder: &Folder) -> Result<BertConfig> {
    const NAME: &str = "config.json";
    let file = folder.path(NAME);
    let bytes = folder
        .read(NAME)?
        .ok_or_else(|| folder.io(NAME, io::ErrorKind::NotFound.into()))?;
    let json: ConfigJson = from_json(&file, &bytes)?;

    let missing = |key| Error::MissingKey {
        file: file.clone(),
        key,
    };
    let wrong = |key, found: String, possible: &str| Error::Value {
        file: file.clone(),
        key,
        found,
        possible: possible.to_owned(),
    };
    let size = |key, value: Option<usize>| match value {
        None => Err(missing(key)),
        Some(0) => Err(wrong(key, "0".to_owned(), "a whole number above 0")),
        Some(size) => Ok(size),
    };

    match json.model_type.as_deref() {
        None | Some("bert") => {}
        Some(other) => return Err(wrong("model_type", format!("{other:?}"), "\"bert\"")),
    }
    match json.position_embedding_type.as_deref() {
        None | Some("absolute") => {}
        Some(other) => {
            return Err(wrong(
                "position_embedding_type",
                format!("{other:?}"),
                "\"absolute\"",
            ));
        }
    }
    if json.is_decoder == Some(true) {
        return Err(wrong("is_decoder", "true".to_owned(), "false"));
    }

    let act = json.hidden_act.ok_or_else(|| missing("hidden_act"))?;
    let config = BertConfig {
        vocab_size: size("vocab_size", json.vocab_size)?,
        hidden_size: size("hidden_size", json.hidden_size)?,
        num_hidden_layers: size("num_hidden_layers", json.num_hidden_layers)?,
        num_attention_heads: size("num_attention_heads", json.num_attention_heads)?,
        intermediate_size: size("intermediate_size", json.intermediate_size)?,
        max_position_embeddings: size("max_position_embeddings", json.max_position_embeddings)?,
        type_vocab_size: size("type_vocab_size", json.type_vocab_size)?,
        hidden_act: HiddenAct::from_name(&act)
            .ok_or_else(|| wrong("hidden_act", format!("{act:?}"), HiddenAct::NAMES))?,
        layer_norm_eps: json.layer_norm_eps.unwrap_or(LAYER_NORM_EPS),
    };
    if !config
        .hidden_size
        .is_multiple_of(config.num_attention_heads)
    {
        return Err(wrong(
            "num_attention_heads",
            config.num_attention_heads.to_string(),
            &format!("a divisor of hidden_size, which is {}", config.hidden_size),
        ));
    }
    if config.layer_norm_eps <= 0.0 {
        return Err(wrong(
            "layer_norm_eps",
            config.layer_norm_eps.to_string(),
            "a number above 0",
        ));
    }
    Ok(config)
}
