//! Where models lie on this machine that were downloaded before, by whomever.
//!
//! Three places are looked into: Hearth's own cache, Spark NLP's (`cache_pretrained`), and that of the Hugging Face hub. The
//! first holds unpacked archives, one folder each, named as the archive without `.zip`: opening reads the weights where they
//! lie, which the compressed zips of the hub do not allow. Nothing here uses the network.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::format::recognise;
use crate::names::{Reference, known, near};
use crate::resolve::{Release, Resource, resolve};
use crate::spark::SavedPipeline;

/// The file in a folder of Hearth's cache that says where the folder came from.
pub(crate) const RECORD: &str = ".hearth.json";

/// The three places. A place that is not there holds nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cache {
    /// Hearth's own: `models/` below it is read, and written by downloads.
    pub hearth: PathBuf,
    /// Spark NLP's `cache_pretrained`, which is only read.
    pub spark_nlp: Option<PathBuf>,
    /// The hub's (`~/.cache/huggingface/hub`), read and written as Python's `huggingface_hub` does.
    pub hugging_face: Option<PathBuf>,
}

/// Whose place a model lies in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Hearth's own cache.
    Hearth,
    /// Spark NLP's.
    SparkNlp,
    /// That of the Hugging Face hub.
    HuggingFace,
}

/// A model in one of the places.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Entry {
    /// What it can be asked for by: Spark NLP's name, or the repository's.
    pub name: String,
    /// The archive it was unpacked from; of a model of the hub there is none.
    pub archive: Option<Resource>,
    /// Its folder.
    pub path: PathBuf,
    /// Whose place it lies in.
    pub place: Place,
    /// Where it came from, if Hearth downloaded it.
    pub record: Option<Record>,
}

/// Where a folder of Hearth's cache came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Record {
    /// The archive's address.
    pub url: String,
    /// The archive's length in bytes.
    pub bytes: u64,
    /// The archive's SHA-256, as it was received.
    pub sha256: String,
    /// The archive's MD5 as its list of models says it, and as it was received.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub md5: Option<String>,
    /// When it was downloaded, as ISO 8601.
    pub downloaded: String,
}

impl Cache {
    /// The folder of a model that is here already; `None` where it is not. Of several archives of one Spark NLP name it is
    /// the one that `resolve` takes, and of equal ones the first place's.
    ///
    /// # Errors
    /// [`Error::Io`] where a place cannot be read.
    pub fn find(
        &self,
        reference: &Reference,
        language: &str,
        release: &Release,
    ) -> Result<Option<PathBuf>> {
        match reference {
            Reference::SparkNlp { name } => {
                let entries = self.archives()?;
                let of_entries = || entries.iter().filter_map(|entry| entry.archive.as_ref());
                let best = resolve(of_entries(), name, Some(language), release);
                let found = entries
                    .iter()
                    .find(|entry| entry.archive.as_ref() == best && best.is_some());
                Ok(found.map(|entry| entry.path.clone()))
            }
            Reference::HuggingFace { id, revision } => {
                let ids = known(id).map_or(&[] as &[&str], |model| model.hugging_face);
                let ids = [id.as_str()].into_iter().chain(ids.iter().copied());
                let found = ids.filter_map(|id| self.snapshot(id, revision));
                Ok(found.into_iter().find(|path| holds_model(path)))
            }
        }
    }

    /// The folder of one archive, with or without `.zip` in its name, if it is here already.
    #[must_use]
    pub fn find_archive(&self, name: &str) -> Option<PathBuf> {
        let stem = name.strip_suffix(".zip").unwrap_or(name);
        let places = [Some(self.models()), self.spark_nlp.clone()];
        let mut folders = places.into_iter().flatten().map(|place| place.join(stem));
        folders.find(|folder| holds_model(folder))
    }

    /// All models of the three places, by place and name.
    ///
    /// # Errors
    /// [`Error::Io`] where a place cannot be read.
    pub fn entries(&self) -> Result<Vec<Entry>> {
        let mut entries = self.archives()?;
        let Some(hub) = &self.hugging_face else {
            return Ok(entries);
        };
        for folder in folders(hub)? {
            let Some(id) = file_name(&folder)
                .strip_prefix("models--")
                .map(|id| id.replacen("--", "/", 1))
            else {
                continue;
            };
            let path = self.snapshot(&id, "main").filter(|path| holds_model(path));
            entries.extend(path.map(|path| Entry {
                name: id,
                archive: None,
                path,
                place: Place::HuggingFace,
                record: None,
            }));
        }
        Ok(entries)
    }

    /// What is not here, said with where it could be put: for those who may not or cannot download.
    #[must_use]
    pub fn absent(&self, reference: &Reference, why: &str) -> Error {
        let put = match reference {
            Reference::SparkNlp { name } => {
                let stem = known(name).map_or_else(
                    || format!("{name}_<language>_<version>_<version>_<number>"),
                    |model| model.zip.trim_end_matches(".zip").to_owned(),
                );
                format!(
                    "unpack {stem}.zip into {}, or give its path",
                    self.models().join(stem.as_str()).display()
                )
            }
            Reference::HuggingFace { id, .. } => format!(
                "put the repository's files (config.json, model.safetensors, vocab.txt) into a folder and give its path \
                 instead of {id}"
            ),
        };
        Error::NotHere {
            name: reference.to_string(),
            why: why.to_owned(),
            put,
        }
    }

    /// Where Hearth's own models lie.
    #[must_use]
    pub fn models(&self) -> PathBuf {
        self.hearth.join("models")
    }

    /// The models that were unpacked from archives of Spark NLP's.
    fn archives(&self) -> Result<Vec<Entry>> {
        let mut entries = Vec::new();
        let places = [
            (Place::Hearth, Some(self.models())),
            (Place::SparkNlp, self.spark_nlp.clone()),
        ];
        for (place, at) in places {
            let Some(at) = at else { continue };
            for path in folders(&at)? {
                let Some(archive) = Resource::from_stem(&file_name(&path)) else {
                    continue;
                };
                if !holds_model(&path) {
                    continue;
                }
                entries.push(Entry {
                    name: archive.name.clone(),
                    record: record(&path),
                    archive: Some(archive),
                    path,
                    place,
                });
            }
        }
        Ok(entries)
    }

    /// The files of a repository of the hub at a revision, if any are here.
    fn snapshot(&self, id: &str, revision: &str) -> Option<PathBuf> {
        let repository = self.hugging_face.as_ref()?.join(folder_of(id));
        let commit = fs::read_to_string(repository.join("refs").join(revision));
        let commit = commit.map_or_else(|_| revision.to_owned(), |commit| commit.trim().to_owned());
        let is_name = !commit.is_empty() && commit.chars().all(|c| c.is_ascii_alphanumeric());
        let path = repository.join("snapshots").join(&commit);
        (is_name && path.is_dir()).then_some(path)
    }
}

/// The hub's folder for a repository.
pub(crate) fn folder_of(id: &str) -> String {
    format!("models--{}", id.replace('/', "--"))
}

/// What a name that is not known may have been meant to be, as a sentence; empty where nothing is close.
#[must_use]
pub fn suggestions(name: &str) -> String {
    match near(name) {
        _ if known(name).is_some() => String::new(),
        near if near.is_empty() => String::new(),
        near => format!("; close to it: {}", near.join(", ")),
    }
}

/// Whether a model, or a pipeline with one, lies in a folder, judged by names.
pub(crate) fn holds_model(folder: &Path) -> bool {
    folder.is_dir() && (recognise(folder).is_ok() || SavedPipeline::open(folder).is_ok())
}

fn record(folder: &Path) -> Option<Record> {
    let bytes = fs::read(folder.join(RECORD)).ok()?;
    serde_json::from_slice(&bytes).ok()
}

fn file_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

/// The folders directly inside, sorted; none where there is no folder.
fn folders(path: &Path) -> Result<Vec<PathBuf>> {
    let io = |source| Error::Io {
        path: path.to_owned(),
        source,
    };
    let entries = match fs::read_dir(path) {
        Ok(entries) => entries,
        Err(e)
            if matches!(
                e.kind(),
                std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory
            ) =>
        {
            return Ok(Vec::new());
        }
        Err(source) => return Err(io(source)),
    };
    let mut folders = Vec::new();
    for entry in entries {
        let path = entry.map_err(io)?.path();
        if path.is_dir() {
            folders.push(path);
        }
    }
    folders.sort();
    Ok(folders)
}
