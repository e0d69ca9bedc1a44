//! From a stage's configuration to the stage.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::pipeline::{Pipeline, parameters};
use crate::stage::AnyStage;
use crate::{Error, Result, Session};

/// A stage's configuration: plain serde data whose keys are the parameters.
///
/// Deserialising must give defaults for absent keys (`#[serde(default)]` on the struct). Register a configuration of
/// your own with [`crate::SessionBuilder::register`] to use its [`TYPE`](StageConfig::TYPE) in pipelines.
pub trait StageConfig: Debug + Default + Serialize + DeserializeOwned {
    /// The `type` in pipeline files.
    const TYPE: &'static str;

    /// The stage, ready for any schema: checks the parameters, opens models.
    ///
    /// # Errors
    /// What is wrong with a parameter or a model.
    fn load(self, at: &Loading<'_>) -> Result<AnyStage>;

    /// The configuration of parameters by name.
    ///
    /// # Errors
    /// [`Error::Parameter`], its place `place`: an unknown key, with those that are possible; a value that it cannot have.
    fn of(given: Map<String, Value>, place: &str) -> Result<Self> {
        let refuse = |message| Error::Parameter {
            place: place.to_owned(),
            message,
        };
        let keys: Vec<String> = parameters(&Self::default())
            .into_iter()
            .map(|(key, _)| key)
            .collect();
        if let Some(key) = given.keys().find(|key| !keys.contains(key)) {
            return Err(refuse(format!(
                "unknown key '{key}'; possible: {}",
                keys.join(", ")
            )));
        }
        serde_path_to_error::deserialize(Value::Object(given))
            .map_err(|error| refuse(format!("{}: {}", error.path(), error.inner())))
    }
}

/// When vocabularies and weights are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    Now,
    /// When the first rows come.
    Later,
}

/// What a stage's [`StageConfig::load`] may use.
#[derive(Debug)]
pub struct Loading<'a> {
    /// The session.
    pub session: &'a Session,
    pub(crate) weights: When,
    pipeline: &'a Pipeline,
    stage: usize,
    notes: &'a RefCell<Vec<String>>,
}

impl Loading<'_> {
    /// What messages call the stage: file and line where it has them, and its type.
    #[must_use]
    pub fn place(&self) -> String {
        let kind = &self.pipeline.stages[self.stage].kind;
        match self.pipeline.place(self.stage, None) {
            Some(place) => format!("{place} ({kind})"),
            None => format!("stage {} ({kind})", self.stage + 1),
        }
    }

    /// An error about one parameter.
    #[must_use]
    pub fn refuse(&self, key: &str, message: impl Into<String>) -> Error {
        let place = self
            .pipeline
            .place(self.stage, Some(key))
            .map_or_else(|| self.place(), |place| place.to_string());
        Error::Parameter {
            place,
            message: message.into(),
        }
    }

    /// Adds a remark for the user: it is listed by [`crate::PipelineModel::notes`].
    pub fn note(&self, note: impl Into<String>) {
        self.notes.borrow_mut().push(note.into());
    }

    /// A path of the configuration: relative ones start from the pipeline file's folder.
    #[must_use]
    pub fn path(&self, path: &Path) -> PathBuf {
        match self.pipeline.folder() {
            Some(folder) => folder.join(path),
            None => path.to_owned(),
        }
    }
}

/// Spark NLP parameters that cannot change a result here, and why.
const WITHOUT_EFFECT: [(&str, &str); 4] = [
    (
        "batch_size",
        "packs are cut by a budget of word pieces, and the vectors do not depend on it",
    ),
    ("engine", "the model's own weights decide"),
    ("config_proto_bytes", "there is no TensorFlow session"),
    ("lazy_annotator", "every stage runs"),
];

#[derive(Debug, Clone)]
struct StageType {
    keys: Vec<String>,
    load: fn(Map<String, Value>, &Loading<'_>) -> Result<AnyStage>,
}

/// The stage types a session knows.
#[derive(Debug, Clone, Default)]
pub(crate) struct Registry(BTreeMap<&'static str, StageType>);

impl Registry {
    pub(crate) fn add<S: StageConfig>(&mut self) {
        let keys = parameters(&S::default())
            .into_iter()
            .map(|(key, _)| key)
            .collect();
        self.0.insert(
            S::TYPE,
            StageType {
                keys,
                load: load_as::<S>,
            },
        );
    }

    /// Makes the stages of a pipeline; the notes are for the user.
    pub(crate) fn load(
        &self,
        pipeline: &Pipeline,
        session: &Session,
        weights: When,
    ) -> Result<(Vec<AnyStage>, Vec<String>)> {
        let notes = RefCell::new(Vec::new());
        let mut stages = Vec::new();
        for (stage, spec) in pipeline.stages.iter().enumerate() {
            let at = Loading {
                session,
                weights,
                pipeline,
                stage,
                notes: &notes,
            };
            let Some(known) = self.0.get(spec.kind.as_str()) else {
                let types: Vec<_> = self.0.keys().copied().collect();
                return Err(at.refuse(
                    "type",
                    format!(
                        "unknown stage type '{}'; known: {}",
                        spec.kind,
                        types.join(", ")
                    ),
                ));
            };
            let mut parameters = spec.parameters.clone();
            for (key, why) in WITHOUT_EFFECT {
                // A stage that checks the value has the key among its own.
                let given = parameters.contains_key(key);
                if given && !known.keys.iter().any(|k| k == key) {
                    parameters.remove(key);
                }
                if given {
                    at.note(format!("{}: {key} has no effect: {why}", at.place()));
                }
            }
            if let Some(key) = parameters.keys().find(|key| !known.keys.contains(key)) {
                let message = format!(
                    "unknown key '{key}' in {}; possible: {}",
                    spec.kind,
                    known.keys.join(", ")
                );
                return Err(at.refuse(key, message));
            }
            stages.push((known.load)(parameters, &at)?);
        }
        Ok((stages, notes.into_inner()))
    }
}

fn load_as<S: StageConfig>(parameters: Map<String, Value>, at: &Loading<'_>) -> Result<AnyStage> {
    let config: S =
        serde_path_to_error::deserialize(Value::Object(parameters)).map_err(|error| {
            let path = error.path().to_string();
            let key = path.split(['.', '[']).next().unwrap_or_default();
            at.refuse(key, format!("{path}: {}", error.inner()))
        })?;
    config.load(at)
}
