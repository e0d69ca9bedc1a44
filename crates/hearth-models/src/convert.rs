//! Any model that is read, as a Hugging Face folder.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use crate::config::{BertConfig, HiddenAct};
use crate::error::{Error, Result};
use crate::folder::Folder;
use crate::format::recognise;
use crate::hugging_face::{self, Kept};
use crate::model::{Description, Model};
use crate::tensors::{pooler, required};
use crate::warning::Warning;

const CONFIG: &str = "config.json";
const WEIGHTS: &str = "model.safetensors";
const VOCABULARY: &str = "vocab.txt";
const TOKENIZER_CONFIG: &str = "tokenizer_config.json";
/// What else a tokenizer is saved with. A model that has such files keeps them as they are.
const TOKENIZER: [&str; 4] = [
    TOKENIZER_CONFIG,
    "tokenizer.json",
    "special_tokens_map.json",
    "added_tokens.json",
];

/// What a conversion wrote.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Converted {
    /// The folder's name, and config and settings as they are read back from it.
    pub description: Description,
    /// Of all its files together.
    pub bytes: u64,
    /// What is odd about the model.
    pub warnings: Vec<Warning>,
}

/// Writes the model at `from` as the Hugging Face folder `to`: `config.json`, `model.safetensors` with the encoder (and the
/// pooler, if the model has one) as `f32`, `vocab.txt` and `tokenizer_config.json`.
///
/// The folder has the same bits and, read by this crate, the same [`Settings`](crate::Settings): those that Hugging Face
/// has no place for are under `hearth` in `config.json`. It is written beside its place and renamed, so that it is there
/// whole or not at all. One tensor at a time is in memory, beside what is inflated of a compressed zip.
///
/// # Errors
/// Those of [`open`](crate::open) and of reading weights; [`Error::Output`] where `to` is there and may not be replaced:
/// with `overwrite` a folder of such files alone may.
pub fn convert(from: impl AsRef<Path>, to: impl AsRef<Path>, overwrite: bool) -> Result<Converted> {
    let place = Place::of(to.as_ref(), overwrite)?;
    let (format, folder) = recognise(from.as_ref())?;
    let model = (format.open)(&folder)?;
    let staged = Staged::create(&place)?;
    config(&staged, &model)?;
    tokenizer(&staged, &folder, &model)?;
    vocabulary(&staged, &model)?;
    weights(&staged, &model)?;
    let bytes = staged.bytes()?;
    staged.finish(&place)?;
    Ok(Converted {
        description: hugging_face::describe(&Folder::on_disk(&place.path))?,
        bytes,
        warnings: model.warnings,
    })
}

fn config(to: &Staged, model: &Model) -> Result<()> {
    let BertConfig {
        vocab_size,
        hidden_size,
        num_hidden_layers,
        num_attention_heads,
        intermediate_size,
        max_position_embeddings,
        type_vocab_size,
        hidden_act,
        layer_norm_eps,
    } = model.config;
    let hidden_act = match hidden_act {
        HiddenAct::Gelu => "gelu",
        HiddenAct::GeluTanh => "gelu_new",
    };
    let settings = &model.settings;
    let name = || model.name.clone();
    let kept = Kept {
        max_sentence_length: settings.max_sentence_length,
        dimension: settings.dimension,
        storage_ref: Some(settings.storage_ref.clone().unwrap_or_else(name)),
    };
    let mut config = json!({
        "architectures": ["BertModel"],
        "model_type": "bert",
        "vocab_size": vocab_size,
        "hidden_size": hidden_size,
        "num_hidden_layers": num_hidden_layers,
        "num_attention_heads": num_attention_heads,
        "intermediate_size": intermediate_size,
        "max_position_embeddings": max_position_embeddings,
        "type_vocab_size": type_vocab_size,
        "hidden_act": hidden_act,
        "layer_norm_eps": layer_norm_eps,
        "position_embedding_type": "absolute",
        "torch_dtype": "float32",
        "hearth": kept,
    });
    if let Some(pad) = model.vocabulary.iter().rposition(|entry| entry == "[PAD]") {
        config["pad_token_id"] = pad.into();
    }
    to.json(CONFIG, &config)
}

/// The model's own files, if they say what its settings say; else what the settings say.
fn tokenizer(to: &Staged, from: &Folder, model: &Model) -> Result<()> {
    let case_sensitive = model.settings.case_sensitive;
    if hugging_face::case_sensitive(from)? == case_sensitive {
        for name in TOKENIZER {
            if let Some(bytes) = from.read(name)? {
                to.write(name, |file| file.write_all(&bytes))?;
            }
        }
    }
    if to.has(TOKENIZER_CONFIG) {
        return Ok(());
    }
    let mut config = Map::new();
    if let Some(case_sensitive) = case_sensitive {
        config.insert("do_lower_case".to_owned(), (!case_sensitive).into());
    }
    let positions = model.config.max_position_embeddings;
    config.insert("model_max_length".to_owned(), positions.into());
    config.insert("tokenizer_class".to_owned(), "BertTokenizer".into());
    to.json(TOKENIZER_CONFIG, &config.into())
}

fn vocabulary(to: &Staged, model: &Model) -> Result<()> {
    if let Some(entry) = model.vocabulary.iter().find(|e| e.contains(['\n', '\r'])) {
        return Err(Error::Unsupported {
            file: to.path.join(VOCABULARY),
            what: format!(
                "the vocabulary's entry {entry:?} has a line end, so that a list of lines cannot hold it"
            ),
            instead: "use the model where it lies".to_owned(),
        });
    }
    to.write(VOCABULARY, |file| {
        for entry in &model.vocabulary {
            file.write_all(entry.as_bytes())?;
            file.write_all(b"\n")?;
        }
        Ok(())
    })
}

/// See the format in `safetensors.rs`.
fn weights(to: &Staged, model: &Model) -> Result<()> {
    let all = || {
        let pooler = pooler(&model.config).into_iter();
        let pooler = pooler.filter(|(name, shape)| model.weights.has(name, shape));
        required(&model.config).chain(pooler)
    };
    let mut header = Map::new();
    header.insert("__metadata__".to_owned(), json!({ "format": "pt" }));
    let mut end: u64 = 0;
    for (name, shape) in all() {
        let start = end;
        end += 4 * shape.iter().map(|&size| size as u64).product::<u64>();
        let tensor = json!({ "dtype": "F32", "shape": shape, "data_offsets": [start, end] });
        header.insert(name, tensor);
    }
    let mut header = Value::Object(header).to_string();
    // The data begins at a multiple of eight, as readers that map it want.
    header.extend(std::iter::repeat_n(
        ' ',
        header.len().next_multiple_of(8) - header.len(),
    ));

    let mut unread = Ok(());
    to.write(WEIGHTS, |file| {
        file.write_all(&(header.len() as u64).to_le_bytes())?;
        file.write_all(header.as_bytes())?;
        for (name, shape) in all() {
            match model.weights.take(&name, &shape) {
                Ok(values) => write_values(file, &values)?,
                Err(error) => {
                    unread = Err(error);
                    break;
                }
            }
        }
        Ok(())
    })?;
    unread
}

fn write_values(file: &mut impl Write, values: &[f32]) -> io::Result<()> {
    const N: usize = 1 << 14;
    let mut bytes = vec![[0; 4]; N.min(values.len())];
    for chunk in values.chunks(N) {
        for (bytes, value) in bytes.iter_mut().zip(chunk) {
            *bytes = value.to_le_bytes();
        }
        file.write_all(bytes[..chunk.len()].as_flattened())?;
    }
    Ok(())
}

/// Where the folder is to be.
struct Place {
    path: PathBuf,
    /// Of the same folder, for what is written and what is replaced.
    temporary: PathBuf,
    old: PathBuf,
}

impl Place {
    fn of(path: &Path, overwrite: bool) -> Result<Self> {
        let refused = |why: String| Error::Output {
            path: path.to_owned(),
            why,
        };
        let name = path
            .file_name()
            .ok_or_else(|| refused("is not the name of a folder".to_owned()))?;
        match path.symlink_metadata() {
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(io_at(path, source)),
            Ok(meta) if !meta.is_dir() => {
                return Err(refused("is there and is no folder".to_owned()));
            }
            Ok(_) => {
                let names = Folder::on_disk(path).names()?;
                let ours = |name: &&String| {
                    let known = [CONFIG, WEIGHTS, VOCABULARY].contains(&name.as_str());
                    known || TOKENIZER.contains(&name.as_str())
                };
                if let Some(other) = names.iter().find(|name| !ours(name)) {
                    return Err(refused(format!(
                        "holds `{other}`, which no conversion wrote; name another folder"
                    )));
                }
                if !names.is_empty() && !overwrite {
                    return Err(refused(
                        "exists already; pass --overwrite to replace it".to_owned(),
                    ));
                }
            }
        }
        let beside = |end: &str| {
            let name = name.to_string_lossy();
            let name: String = name.chars().take(50).collect();
            path.with_file_name(format!(".{name}.{}.{end}", std::process::id()))
        };
        Ok(Self {
            path: path.to_owned(),
            temporary: beside("tmp"),
            old: beside("old"),
        })
    }
}

/// A folder under a temporary name; removed when dropped, unless it is given its own.
struct Staged {
    path: PathBuf,
    finished: bool,
}

impl Staged {
    fn create(place: &Place) -> Result<Self> {
        let path = place.temporary.clone();
        // Left by a process of the same number that was killed.
        match fs::remove_dir_all(&path) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(io_at(&path, e)),
            _ => {}
        }
        fs::create_dir_all(&path).map_err(|e| io_at(&path, e))?;
        Ok(Self {
            path,
            finished: false,
        })
    }

    fn has(&self, name: &str) -> bool {
        self.path.join(name).exists()
    }

    fn write(
        &self,
        name: &str,
        write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
    ) -> Result<()> {
        let path = self.path.join(name);
        let all = || {
            let mut file = BufWriter::new(File::create(&path)?);
            write(&mut file)?;
            file.into_inner()?.sync_all()
        };
        all().map_err(|source| io_at(&path, source))
    }

    fn json(&self, name: &str, value: &Value) -> Result<()> {
        self.write(name, |file| {
            serde_json::to_writer_pretty(&mut *file, value)?;
            file.write_all(b"\n")
        })
    }

    fn bytes(&self) -> Result<u64> {
        let sum = || {
            let files = fs::read_dir(&self.path)?;
            let mut sum = 0;
            for file in files {
                sum += file?.metadata()?.len();
            }
            Ok(sum)
        };
        sum().map_err(|source| io_at(&self.path, source))
    }

    fn finish(mut self, place: &Place) -> Result<()> {
        let replaced = match fs::rename(&place.path, &place.old) {
            Ok(()) => true,
            Err(e) if e.kind() == io::ErrorKind::NotFound => false,
            Err(source) => return Err(io_at(&place.path, source)),
        };
        if let Err(source) = fs::rename(&self.path, &place.path) {
            if replaced {
                let _ = fs::rename(&place.old, &place.path);
            }
            return Err(io_at(&place.path, source));
        }
        self.finished = true;
        if replaced {
            fs::remove_dir_all(&place.old).map_err(|source| io_at(&place.old, source))?;
        }
        Ok(())
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        if !self.finished {
            // Whatever failed before is what the user must hear of.
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

fn io_at(path: &Path, source: io::Error) -> Error {
    Error::Io {
        path: path.to_owned(),
        source,
    }
}
