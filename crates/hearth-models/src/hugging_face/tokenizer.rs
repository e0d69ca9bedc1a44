use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use super::from_json;
use crate::error::{Error, Result};
use crate::folder::Folder;

#[derive(Deserialize)]
struct TokenizerConfig {
    do_lower_case: Option<bool>,
}

#[derive(Deserialize)]
struct Normalization {
    normalizer: Option<Normalizer>,
}

#[derive(Deserialize)]
struct Normalizer {
    lowercase: Option<bool>,
}

/// What `tokenizer_config.json` says, else what `tokenizer.json` says, else nothing.
pub(crate) fn case_sensitive(folder: &Folder) -> Result<Option<bool>> {
    let name = "tokenizer_config.json";
    let file = folder.path(name);
    if let Some(bytes) = folder.read(name)?
        && let Some(lower) = from_json::<TokenizerConfig>(&file, &bytes)?.do_lower_case
    {
        return Ok(Some(!lower));
    }
    let name = "tokenizer.json";
    let file = folder.path(name);
    let Some(bytes) = folder.read(name)? else {
        return Ok(None);
    };
    let normalizer = from_json::<Normalization>(&file, &bytes)?.normalizer;
    Ok(normalizer.and_then(|n| n.lowercase).map(|lower| !lower))
}

#[derive(Deserialize)]
struct Tokenizer<M> {
    model: M,
    #[serde(default)]
    added_tokens: Vec<AddedToken>,
}

#[derive(Deserialize)]
struct Kind {
    #[serde(rename = "type")]
    kind: Option<String>,
}

#[derive(Deserialize)]
struct WordPiece {
    vocab: BTreeMap<String, u64>,
}

#[derive(Deserialize)]
struct AddedToken {
    id: u64,
    content: String,
}

/// The entries of a `tokenizer.json` by id, added tokens included.
pub(super) fn vocabulary(file: &Path, bytes: &[u8]) -> Result<Vec<String>> {
    match from_json::<Tokenizer<Kind>>(file, bytes)?
        .model
        .kind
        .as_deref()
    {
        None | Some("WordPiece") => {}
        Some(other) => {
            return Err(Error::Value {
                file: file.to_owned(),
                key: "model.type",
                found: format!("{other:?}"),
                possible: "\"WordPiece\"".to_owned(),
            });
        }
    }
    let tokenizer: Tokenizer<WordPiece> = from_json(file, bytes)?;
    let mut ids = tokenizer.model.vocab;
    ids.extend(
        tokenizer
            .added_tokens
            .into_iter()
            .map(|t| (t.content, t.id)),
    );

    let mut entries: Vec<(u64, String)> = ids.into_iter().map(|(token, id)| (id, token)).collect();
    entries.sort_unstable();
    let out_of_place = (0..).zip(&entries).find(|(place, (id, _))| place != id);
    if let Some((_, (id, token))) = out_of_place {
        return Err(Error::VocabularyIds {
            file: file.to_owned(),
            entries: entries.len(),
            token: token.clone(),
            id: *id,
        });
    }
    Ok(entries.into_iter().map(|(_, token)| token).collect())
}
