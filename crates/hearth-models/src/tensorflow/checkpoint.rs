//! TensorFlow 1 checkpoints in the form that BERT and its descendants were published in: `bert_config.json`, `vocab.txt`
//! and a bundle of any name, such as `bert_model.ckpt.index`, with or without its graph, `bert_model.ckpt.meta`.

use serde::Deserialize;

use super::bundle::Bundle;
use super::{Encoder, graph, saved_model};
use crate::config::{BertConfig, HiddenAct};
use crate::error::{Error, Result};
use crate::folder::Folder;
use crate::model::{Description, Model};
use crate::settings::Settings;
use crate::vocabulary;
use crate::warning::Warning;

const CONFIG: &str = "bert_config.json";
/// google-research/bert, `modeling.py`, `layer_norm`: it has no key in the config.
const LAYER_NORM_EPS: f64 = 1e-12;

#[derive(Deserialize)]
struct ConfigJson {
    vocab_size: Option<usize>,
    hidden_size: Option<usize>,
    num_hidden_layers: Option<usize>,
    num_attention_heads: Option<usize>,
    intermediate_size: Option<usize>,
    max_position_embeddings: Option<usize>,
    type_vocab_size: Option<usize>,
    hidden_act: Option<String>,
    embedding_size: Option<usize>,
}

/// Whether a folder looks like one with a checkpoint.
pub(crate) fn is_one(folder: &Folder) -> bool {
    folder.has(CONFIG)
        && folder
            .names()
            .is_ok_and(|names| prefixes(&names).next().is_some())
}

/// Opens the checkpoint of a folder.
///
/// # Errors
/// [`Error::Unsupported`] where the folder has several, those of the bundle, the config, the vocabulary and of
/// [`Model::new`].
pub(crate) fn open(folder: &Folder) -> Result<Model> {
    let prefix = prefix(folder)?;
    let (description, warnings) = read(folder, &prefix)?;
    let Encoder { weights, .. } = Encoder::read(&Bundle::open(folder, &prefix)?)?;
    weights.check(&description.config)?;
    let (name, bytes) = super::vocabulary(folder)?;
    let file = folder.path(name);
    let entries = vocabulary::from_lines(&file, &bytes)?;
    let mut model = Model::new(description, entries, &file, weights)?;
    model.warnings.extend(warnings);
    Ok(model)
}

/// Its config, from `bert_config.json` and the graph.
///
/// # Errors
/// Those of [`open`] that concern the two.
pub(crate) fn describe(folder: &Folder) -> Result<Description> {
    Ok(read(folder, &prefix(folder)?)?.0)
}

/// What the checkpoint's files are called before `.index`.
fn prefix(folder: &Folder) -> Result<String> {
    let names = folder.names()?;
    let found: Vec<_> = prefixes(&names).collect();
    match found[..] {
        [one] => return Ok(one.to_owned()),
        [] => return Err(folder.io("bert_model.ckpt.index", std::io::ErrorKind::NotFound.into())),
        _ => {}
    }
    // Training leaves the newest one's name here, in the text form of a message.
    let state = folder.read("checkpoint")?.unwrap_or_default();
    let state = String::from_utf8_lossy(&state);
    let newest = state
        .lines()
        .find_map(|line| line.trim().strip_prefix("model_checkpoint_path:"));
    let newest = newest.map(|path| path.trim().trim_matches('"'));
    let newest = newest.and_then(|path| path.rsplit(['/', '\\']).next());
    let newest = found.iter().find(|&&prefix| Some(prefix) == newest);
    newest
        .map(|&prefix| prefix.to_owned())
        .ok_or_else(|| Error::Unsupported {
            file: folder.path(""),
            what: format!("it has several checkpoints: {}", found.join(", ")),
            instead: "leave one of them in the folder".to_owned(),
        })
}

fn prefixes(names: &[String]) -> impl Iterator<Item = &str> {
    let with_data = |prefix: &&str| {
        let data = format!("{prefix}.data-00000-of-");
        names.iter().any(|name| name.starts_with(&data))
    };
    names
        .iter()
        .filter_map(|name| name.strip_suffix(".index"))
        .filter(with_data)
}

fn read(folder: &Folder, prefix: &str) -> Result<(Description, Vec<Warning>)> {
    let file = folder.path(CONFIG);
    let bytes = folder.read(CONFIG)?;
    let bytes = bytes.ok_or_else(|| folder.io(CONFIG, std::io::ErrorKind::NotFound.into()))?;
    let json: ConfigJson = serde_json::from_slice(&bytes).map_err(|source| Error::Json {
        file: file.clone(),
        source,
    })?;
    let wrong = |key, found: String, possible: String| Error::Value {
        file: file.clone(),
        key,
        found,
        possible,
    };
    let missing = |key| Error::MissingKey {
        file: file.clone(),
        key,
    };
    let size = |key, value: Option<usize>| match value {
        None => Err(missing(key)),
        Some(0) => Err(wrong(
            key,
            "0".to_owned(),
            "a whole number above 0".to_owned(),
        )),
        Some(size) => Ok(size),
    };
    let hidden_size = size("hidden_size", json.hidden_size)?;
    let num_attention_heads = size("num_attention_heads", json.num_attention_heads)?;
    if !hidden_size.is_multiple_of(num_attention_heads) {
        let possible = format!("a divisor of hidden_size, which is {hidden_size}");
        return Err(wrong(
            "num_attention_heads",
            num_attention_heads.to_string(),
            possible,
        ));
    }
    if let Some(other) = json.embedding_size.filter(|&size| size != hidden_size) {
        let possible = format!("hidden_size, which is {hidden_size}");
        return Err(wrong("embedding_size", other.to_string(), possible));
    }
    let act = json.hidden_act.ok_or_else(|| missing("hidden_act"))?;
    let stated = HiddenAct::from_name(&act).ok_or_else(|| {
        wrong(
            "hidden_act",
            format!("{act:?}"),
            HiddenAct::NAMES.to_owned(),
        )
    })?;
    let mut warnings = Vec::new();
    let hidden_act = match stated {
        // What `gelu` means here is in the code that the checkpoint was trained with.
        HiddenAct::Gelu => in_graph(folder, prefix, hidden_size)?.unwrap_or_else(|| {
            warnings.push(Warning::AssumedGelu);
            HiddenAct::GeluTanh
        }),
        HiddenAct::GeluTanh => stated,
    };
    let config = BertConfig {
        vocab_size: size("vocab_size", json.vocab_size)?,
        hidden_size,
        num_hidden_layers: size("num_hidden_layers", json.num_hidden_layers)?,
        num_attention_heads,
        intermediate_size: size("intermediate_size", json.intermediate_size)?,
        max_position_embeddings: size("max_position_embeddings", json.max_position_embeddings)?,
        type_vocab_size: size("type_vocab_size", json.type_vocab_size)?,
        hidden_act,
        layer_norm_eps: LAYER_NORM_EPS,
    };
    let description = Description {
        name: folder.name()?,
        config,
        settings: Settings::default(),
    };
    Ok((description, warnings))
}

/// The form of GELU in the graph beside a checkpoint.
fn in_graph(folder: &Folder, prefix: &str, hidden: usize) -> Result<Option<HiddenAct>> {
    let name = format!("{prefix}.meta");
    let Some(graph) = folder.blob(&name)? else {
        return Ok(None);
    };
    let file = folder.path(&name);
    let facts = saved_model::facts(&file, &graph, |bytes| graph::meta_graph(bytes, hidden))?;
    saved_model::gelu(&facts, &file)
}
