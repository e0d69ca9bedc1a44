//! The model's own tokenizer, as its folder says it.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::error::{Error, Result};
use crate::folder::Folder;

/// Where the files lie, beside the other files or beside the vocabulary of a SavedModel.
const FOLDERS: [&str; 2] = ["", "assets/"];
const CONFIG: &str = "tokenizer_config.json";
const TOKENIZER: &str = "tokenizer.json";

/// What a model's folder says about the tokenizer that the model was trained with.
#[derive(Debug, Clone, Default)]
pub struct Tokenizer {
    /// `tokenizer.json`.
    whole: Option<(PathBuf, Vec<u8>)>,
    /// `tokenizer_config.json`.
    config: Option<(PathBuf, Vec<u8>)>,
    /// What the model's settings say.
    case_sensitive: Option<bool>,
}

impl Tokenizer {
    /// Reads the files; what they say is looked at by [`Tokenizer::to_json`].
    pub(crate) fn read(folder: &Folder, case_sensitive: Option<bool>) -> Result<Self> {
        let find = |name: &str| {
            for place in FOLDERS {
                let name = format!("{place}{name}");
                if let Some(bytes) = folder.read(&name)? {
                    return Ok(Some((folder.path(&name), bytes)));
                }
            }
            Ok(None)
        };
        Ok(Self {
            whole: find(TOKENIZER)?,
            config: find(CONFIG)?,
            case_sensitive,
        })
    }

    /// The tokenizer as a `tokenizer.json`: the folder's own, or one written by the rules of `tokenizer_config.json` for
    /// the entries of `vocabulary`.
    ///
    /// As in transformers' `BertTokenizerFast`, `do_lower_case`, `strip_accents` and `tokenize_chinese_chars` of
    /// `tokenizer_config.json` go before what the normalizer of a `tokenizer.json` says, if that is a `BertNormalizer`; and
    /// `case_sensitive` goes before both. The rules know in addition `do_basic_tokenize` (if false, text is cut at white
    /// space alone, and nothing is changed in it), `never_split`, `added_tokens_decoder` and the names of the special
    /// tokens. Without a file they are BERT's: lower case unless the model's settings say otherwise. Of `never_split` and
    /// the added tokens those count that are entries of the vocabulary.
    ///
    /// # Errors
    /// [`Error::Json`] for a file of another form, [`Error::Value`] for a special token that is no entry,
    /// [`Error::Unsupported`] for `case_sensitive` with a normalizer that is no `BertNormalizer`.
    pub fn to_json(
        &self,
        vocabulary: &[String],
        case_sensitive: Option<bool>,
    ) -> Result<Cow<'_, [u8]>> {
        let config: Config = match &self.config {
            Some((file, bytes)) => parse(file, bytes)?,
            None => Config::default(),
        };
        let lower_case = case_sensitive.or(self.case_sensitive).map(|kept| !kept);
        match &self.whole {
            None => Ok(written(&self.rules(&config, vocabulary, lower_case)?).into()),
            Some((file, bytes)) => {
                let changes = Changes {
                    lower_case,
                    strip_accents: config.strip_accents,
                    chinese: config.tokenize_chinese_chars,
                };
                let asked = case_sensitive.is_some();
                changes.made(file, bytes, asked)
            }
        }
    }

    fn rules(
        &self,
        config: &Config,
        vocabulary: &[String],
        lower_case: Option<bool>,
    ) -> Result<Value> {
        let ids: HashMap<&str, usize> = vocabulary
            .iter()
            .enumerate()
            .map(|(id, entry)| (&entry[..], id))
            .collect();
        let special = |key: &'static str, name: &Option<Name>, default: &'static str| {
            let name = name.as_ref().map_or(default, Name::text);
            match ids.get(name) {
                Some(&id) => Ok((name.to_owned(), id)),
                None => Err(Error::Value {
                    file: self
                        .config
                        .as_ref()
                        .map_or_else(|| CONFIG.into(), |(file, _)| file.clone()),
                    key,
                    found: json!(name).to_string(),
                    possible: "an entry of the vocabulary".to_owned(),
                }),
            }
        };
        let unk = special("unk_token", &config.unk_token, "[UNK]")?;
        let cls = special("cls_token", &config.cls_token, "[CLS]")?;
        let sep = special("sep_token", &config.sep_token, "[SEP]")?;

        let name = |name: &Option<Name>, default: &str| {
            name.as_ref().map_or(default, Name::text).to_owned()
        };
        let pad = name(&config.pad_token, "[PAD]");
        let mask = name(&config.mask_token, "[MASK]");
        let specials = [pad, unk.0.clone(), cls.0.clone(), sep.0.clone(), mask];
        let mut added: BTreeMap<usize, Value> = BTreeMap::new();
        let mut add = |token: AddedToken| {
            if let Some(&id) = ids.get(&token.content[..]) {
                added.entry(id).or_insert_with(|| token.with_id(id));
            }
        };
        for token in config.added_tokens_decoder.values() {
            add(token.clone());
        }
        for content in specials {
            add(AddedToken {
                content,
                special: true,
                ..AddedToken::default()
            });
        }
        for content in config.never_split.iter().flatten() {
            add(AddedToken {
                content: content.clone(),
                single_word: true,
                ..AddedToken::default()
            });
        }

        let (normalizer, pre_tokenizer) = match config.do_basic_tokenize {
            Some(false) => (Value::Null, "WhitespaceSplit"),
            _ => {
                let normalizer = json!({
                    "type": BERT_NORMALIZER,
                    "clean_text": true,
                    "handle_chinese_chars": config.tokenize_chinese_chars.unwrap_or(true),
                    "strip_accents": config.strip_accents,
                    "lowercase": lower_case.unwrap_or(true),
                });
                (normalizer, "BertPreTokenizer")
            }
        };
        Ok(json!({
            "version": "1.0",
            "truncation": null,
            "padding": null,
            "added_tokens": added.into_values().collect::<Vec<_>>(),
            "normalizer": normalizer,
            "pre_tokenizer": { "type": pre_tokenizer },
            "post_processor": { "type": "BertProcessing", "sep": sep, "cls": cls },
            "decoder": { "type": "WordPiece", "prefix": "##", "cleanup": true },
            "model": {
                "type": "WordPiece",
                "unk_token": unk.0,
                "continuing_subword_prefix": "##",
                "max_input_chars_per_word": 100,
                "vocab": ids,
            },
        }))
    }
}

const BERT_NORMALIZER: &str = "BertNormalizer";

/// What `tokenizer_config.json` may say, in transformers' words.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Config {
    strip_accents: Option<bool>,
    tokenize_chinese_chars: Option<bool>,
    do_basic_tokenize: Option<bool>,
    never_split: Option<Vec<String>>,
    unk_token: Option<Name>,
    cls_token: Option<Name>,
    sep_token: Option<Name>,
    pad_token: Option<Name>,
    mask_token: Option<Name>,
    added_tokens_decoder: BTreeMap<String, AddedToken>,
}

/// A special token: its text, or an object that holds it.
#[derive(Deserialize)]
#[serde(untagged)]
enum Name {
    Text(String),
    Token { content: String },
}

impl Name {
    fn text(&self) -> &str {
        match self {
            Self::Text(text) | Self::Token { content: text } => text,
        }
    }
}

/// A text that is one piece wherever it stands, found before the text is normalised unless `normalized`.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
struct AddedToken {
    content: String,
    single_word: bool,
    lstrip: bool,
    rstrip: bool,
    normalized: bool,
    special: bool,
}

impl AddedToken {
    fn with_id(self, id: usize) -> Value {
        json!({
            "id": id,
            "content": self.content,
            "single_word": self.single_word,
            "lstrip": self.lstrip,
            "rstrip": self.rstrip,
            "normalized": self.normalized,
            "special": self.special,
        })
    }
}

/// What is to be otherwise than a `tokenizer.json` says.
struct Changes {
    lower_case: Option<bool>,
    strip_accents: Option<bool>,
    chinese: Option<bool>,
}

#[derive(Deserialize)]
struct Normalization {
    normalizer: Option<Map<String, Value>>,
}

impl Changes {
    /// The file with the changes. `asked`: that of lower case is the user's own wish.
    fn made<'a>(&self, file: &Path, bytes: &'a [u8], asked: bool) -> Result<Cow<'a, [u8]>> {
        let normalizer = parse::<Normalization>(file, bytes)?.normalizer;
        let kind = normalizer.as_ref().and_then(|n| n.get("type")?.as_str());
        let Some(normalizer) = normalizer
            .as_ref()
            .filter(|_| kind == Some(BERT_NORMALIZER))
        else {
            if !asked {
                return Ok(bytes.into());
            }
            return Err(Error::Unsupported {
                file: file.to_owned(),
                what: format!(
                    "its normalizer is {}, which has no switch for the case",
                    kind.unwrap_or("none")
                ),
                instead: "leave case_sensitive out, so that the tokenizer decides".to_owned(),
            });
        };
        let changes = [
            ("lowercase", self.lower_case),
            ("strip_accents", self.strip_accents),
            ("handle_chinese_chars", self.chinese),
        ];
        let changes: Vec<(&str, Value)> = changes
            .into_iter()
            .filter_map(|(key, value)| Some((key, Value::from(value?))))
            .filter(|(key, value)| normalizer.get(*key) != Some(value))
            .collect();
        if changes.is_empty() {
            return Ok(bytes.into());
        }
        let mut whole: Value = parse(file, bytes)?;
        for (key, value) in changes {
            whole["normalizer"][key] = value;
        }
        Ok(written(&whole).into())
    }
}

fn parse<T: DeserializeOwned>(file: &Path, bytes: &[u8]) -> Result<T> {
    serde_json::from_slice(bytes).map_err(|source| Error::Json {
        file: file.to_owned(),
        source,
    })
}

fn written(value: &Value) -> Vec<u8> {
    value.to_string().into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(whole: Option<&str>, config: Option<&str>) -> Tokenizer {
        let file = |name: &str, text: &str| (PathBuf::from(name), text.as_bytes().to_vec());
        Tokenizer {
            whole: whole.map(|text| file(TOKENIZER, text)),
            config: config.map(|text| file(CONFIG, text)),
            case_sensitive: None,
        }
    }

    fn vocabulary() -> Vec<String> {
        ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "<s>", "Aa", "b"]
            .map(str::to_owned)
            .into()
    }

    fn json(tokenizer: &Tokenizer, case_sensitive: Option<bool>) -> Value {
        let json = tokenizer.to_json(&vocabulary(), case_sensitive).unwrap();
        serde_json::from_slice(&json).unwrap()
    }

    #[test]
    fn without_a_file_the_rules_are_berts() {
        let written = json(&of(None, None), None);
        let normalizer = json!({"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
            "strip_accents": null, "lowercase": true});
        assert_eq!(written["normalizer"], normalizer);
        assert_eq!(written["post_processor"]["cls"], json!(["[CLS]", 2]));
        assert_eq!(written["model"]["vocab"]["b"], 6);
        let added = written["added_tokens"].as_array().unwrap();
        let contents: Vec<&Value> = added.iter().map(|token| &token["content"]).collect();
        assert_eq!(contents, ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]);
        assert_eq!(
            json(&of(None, None), Some(true))["normalizer"]["lowercase"],
            false
        );
    }

    #[test]
    fn the_config_says_the_rules() {
        let config = r#"{"strip_accents": false, "tokenize_chinese_chars": false, "never_split": ["Aa", "absent"],
            "cls_token": {"content": "<s>"}, "mask_token": "b"}"#;
        let written = json(&of(None, Some(config)), None);
        assert_eq!(written["normalizer"]["strip_accents"], false);
        assert_eq!(written["normalizer"]["handle_chinese_chars"], false);
        assert_eq!(written["post_processor"]["cls"], json!(["<s>", 4]));
        let added = written["added_tokens"].as_array().unwrap();
        let entry = |id: u64| added.iter().find(|token| token["id"] == id).unwrap();
        assert_eq!(
            (&entry(5)["single_word"], &entry(5)["special"]),
            (&json!(true), &json!(false))
        );
        assert_eq!(entry(6)["special"], true);
        assert_eq!(added.len(), 6);

        let config = r#"{"do_basic_tokenize": false}"#;
        let written = json(&of(None, Some(config)), None);
        assert_eq!(written["normalizer"], Value::Null);
        assert_eq!(written["pre_tokenizer"]["type"], "WhitespaceSplit");
    }

    #[test]
    fn a_tokenizer_json_is_given_as_it_is_unless_something_goes_before_it() {
        let whole = r#"{"normalizer": {"type": "BertNormalizer", "lowercase": true, "strip_accents": null}, "x": 1}"#;
        for (config, asked) in [
            (None, None),
            (None, Some(false)),
            (Some(r#"{"strip_accents": null}"#), None),
        ] {
            let tokenizer = of(Some(whole), config);
            assert_eq!(&*tokenizer.to_json(&[], asked).unwrap(), whole.as_bytes());
        }
        let changed = json(
            &of(Some(whole), Some(r#"{"strip_accents": false}"#)),
            Some(true),
        );
        let expected = json!({"normalizer": {"type": "BertNormalizer", "lowercase": false, "strip_accents": false}, "x": 1});
        assert_eq!(changed, expected);
    }

    #[test]
    fn what_cannot_be_done_is_said() {
        let sequence = r#"{"normalizer": {"type": "Sequence", "normalizers": []}}"#;
        assert!(of(Some(sequence), None).to_json(&[], None).is_ok());
        let error = of(Some(sequence), None)
            .to_json(&[], Some(true))
            .unwrap_err();
        assert!(matches!(error, Error::Unsupported { .. }), "{error}");
        let error = of(None, Some(r#"{"sep_token": "</s>"}"#))
            .to_json(&vocabulary(), None)
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            r#"tokenizer_config.json: `sep_token` is "</s>"; possible is an entry of the vocabulary"#
        );
        let error = of(None, Some(r#"{"never_split": 1}"#))
            .to_json(&vocabulary(), None)
            .unwrap_err();
        assert!(matches!(error, Error::Json { .. }), "{error}");
    }
}
