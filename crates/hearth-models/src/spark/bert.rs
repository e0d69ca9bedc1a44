//! `BertEmbeddings` as Spark NLP saves it: metadata, a vocabulary, and a zip with the engine's files.

use std::path::PathBuf;

use super::feature;
use super::java::Item;
use super::metadata::Metadata;
use crate::config::BertConfig;
use crate::error::{Error, Result};
use crate::folder::Folder;
use crate::model::{Description, Model};
use crate::settings::Settings;
use crate::warning::Warning;
use crate::weights::Weights;
use crate::{onnx, openvino, tensorflow};

const CLASS: &str = "com.johnsnowlabs.nlp.embeddings.BertEmbeddings";
const TENSORFLOW: &str = "bert_tensorflow";
const ONNX: &str = "bert_onnx";
const OPENVINO: &str = "bert_openvino";

/// Whether Spark saved something here: a BERT model, or what [`open`] refuses by its class.
pub(crate) fn is_one(folder: &Folder) -> bool {
    Metadata::is_in(folder)
}

/// Opens a saved annotator.
///
/// # Errors
/// [`Error::Unsupported`] where it is another annotator or has no engine's files, those of the engine's reader and of
/// [`Model::new`].
pub(crate) fn open(folder: &Folder) -> Result<Model> {
    let metadata = metadata(folder)?;
    let (config, weights, warnings) = encoder(folder, &metadata)?;
    let (file, entries) = vocabulary(folder)?;
    let mut model = Model::new(
        description(folder, &metadata, config)?,
        entries,
        &file,
        weights,
    )?;
    model.warnings.extend(warnings);
    Ok(model)
}

/// Its config and settings. Sizes are known by the weights alone, so that their list is read too.
pub(crate) fn describe(folder: &Folder) -> Result<Description> {
    let metadata = metadata(folder)?;
    let (config, ..) = encoder(folder, &metadata)?;
    description(folder, &metadata, config)
}

fn description(folder: &Folder, metadata: &Metadata, config: BertConfig) -> Result<Description> {
    Ok(Description {
        name: folder.name()?,
        config,
        settings: settings(folder, metadata)?,
    })
}

fn metadata(folder: &Folder) -> Result<Metadata> {
    let metadata = Metadata::read(folder)?.ok_or_else(|| Error::NotSaved {
        path: folder.path(""),
    })?;
    if metadata.class == CLASS {
        return Ok(metadata);
    }
    Err(Error::Unsupported {
        file: folder.path(""),
        what: format!("{} is saved here, which is no BERT model", metadata.class),
        instead: "name the folder of a BertEmbeddings; of a pipeline that is stages/<number>_BERT_EMBEDDINGS_..."
            .to_owned(),
    })
}

/// What was set, over the defaults saved with it, over Spark NLP's.
fn settings(folder: &Folder, metadata: &Metadata) -> Result<Settings> {
    let wrong = |key: &'static str, found: String, possible: &str| Error::Value {
        file: folder.path("metadata"),
        key,
        found,
        possible: possible.to_owned(),
    };
    let integer = |key: &'static str| {
        let Some(value) = metadata.param(key) else {
            return Ok(None);
        };
        let number = value.as_i64();
        number
            .map(Some)
            .ok_or_else(|| wrong(key, value.to_string(), "an integer"))
    };
    let case_sensitive = match metadata.param("caseSensitive") {
        None => false,
        Some(value) => value
            .as_bool()
            .ok_or_else(|| wrong("caseSensitive", value.to_string(), "true or false"))?,
    };
    let max_sentence_length = integer("maxSentenceLength")?
        .map(usize::try_from)
        .transpose();
    let max_sentence_length = max_sentence_length
        .map_err(|_| wrong("maxSentenceLength", "negative".to_owned(), "1 to 512"))?;
    let storage_ref = metadata
        .param("storageRef")
        .and_then(|value| value.as_str());
    Ok(Settings {
        case_sensitive: Some(case_sensitive),
        max_sentence_length: Some(max_sentence_length.unwrap_or(128)),
        dimension: Some(integer("dimension")?.unwrap_or(768)),
        storage_ref: Some(storage_ref.unwrap_or(&metadata.uid).to_owned()),
    })
}

/// The engine that the metadata names, and where its file is not there, the one whose file is: models of 2020 name none.
fn encoder(folder: &Folder, metadata: &Metadata) -> Result<(BertConfig, Weights, Vec<Warning>)> {
    let named = match metadata.param("engine").and_then(|engine| engine.as_str()) {
        Some("onnx") => ONNX,
        Some("openvino") => OPENVINO,
        _ => TENSORFLOW,
    };
    let there = [named, TENSORFLOW, ONNX, OPENVINO]
        .into_iter()
        .find(|name| folder.has(name));
    let missing = || Error::Unsupported {
        file: folder.path(""),
        what: format!("the model has no file {named}"),
        instead: "copy or download the whole folder again".to_owned(),
    };
    let name = there.ok_or_else(missing)?;
    let inside = folder.zip(name)?.ok_or_else(missing)?;
    match name {
        TENSORFLOW => tensorflow::bundle_model(&inside),
        ONNX => onnx::parts(&inside),
        _ => openvino::parts(&inside),
    }
}

/// The entries by id, with the file for messages.
///
/// Where a word stood twice in the list that was imported, its first id is nobody's: a text that no word can be stands
/// there.
fn vocabulary(folder: &Folder) -> Result<(PathBuf, Vec<String>)> {
    let file = folder.path("fields/vocabulary");
    let damaged = |why: String| Error::Damaged {
        file: file.clone(),
        format: "vocabulary",
        why,
    };
    let id = |item: Item<'_>| usize::try_from(item.int()?).ok();
    let ids = feature::map(folder, "vocabulary", id)?.ok_or_else(|| Error::NoVocabulary {
        folder: folder.path(""),
    })?;
    let last = ids.values().max().copied().unwrap_or(0);
    if last > 2 * ids.len() + 1024 {
        return Err(damaged(format!(
            "{} entries have ids up to {last}",
            ids.len()
        )));
    }
    let mut entries: Vec<Option<String>> = vec![None; last + 1];
    for (word, id) in ids {
        if let Some(other) = &entries[id] {
            return Err(damaged(format!("`{other}` and `{word}` both have id {id}")));
        }
        entries[id] = Some(word);
    }
    let entries = entries.into_iter().enumerate();
    let entries = entries.map(|(id, entry)| entry.unwrap_or_else(|| format!("[no entry {id}]")));
    Ok((file.clone(), entries.collect()))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn entries(json: &str) -> Result<Vec<String>> {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("fields/vocabulary");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("data.json"), json).unwrap();
        vocabulary(&Folder::on_disk(place.path())).map(|(_, entries)| entries)
    }

    #[test]
    fn entries_stand_at_their_ids() {
        assert_eq!(entries(r#"{"b": 1, "a": 0}"#).unwrap(), ["a", "b"]);
        // `a` stood at 0 too.
        assert_eq!(
            entries(r#"{"b": 1, "a": 2}"#).unwrap(),
            ["[no entry 0]", "b", "a"]
        );
    }

    #[test]
    fn ids_that_are_no_list_are_refused() {
        for (json, why) in [
            (r#"{"a": 0, "b": 0}"#, "`a` and `b` both have id 0"),
            (r#"{"a": -1, "b": 0}"#, "invalid value: integer `-1`"),
            (
                r#"{"a": 2147483647}"#,
                "1 entries have ids up to 2147483647",
            ),
        ] {
            let error = entries(json).unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
        let place = tempfile::tempdir().unwrap();
        let error = vocabulary(&Folder::on_disk(place.path())).unwrap_err();
        assert!(matches!(error, Error::NoVocabulary { .. }));
    }

    #[test]
    fn what_was_set_goes_before_the_saved_default_and_that_before_ours() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::on_disk(place.path());
        let of = |line: &str| settings(&folder, &serde_json::from_str(line).unwrap());
        let found = of(
            r#"{"class": "c", "uid": "U", "paramMap": {"caseSensitive": true},
            "defaultParamMap": {"caseSensitive": false, "maxSentenceLength": 64}}"#,
        );
        let expected = Settings {
            case_sensitive: Some(true),
            max_sentence_length: Some(64),
            dimension: Some(768),
            storage_ref: Some("U".to_owned()),
        };
        assert_eq!(found.unwrap(), expected);
        for wrong in [
            r#""caseSensitive": 1"#,
            r#""dimension": "x""#,
            r#""maxSentenceLength": -1"#,
        ] {
            let line = format!(r#"{{"class": "c", "uid": "U", "paramMap": {{{wrong}}}}}"#);
            assert!(matches!(of(&line), Err(Error::Value { .. })), "{wrong}");
        }
    }
}
