//! A pipeline as plain data: the same value in Rust, in a TOML or JSON file, in a golden case, or sent to an executor.

mod file;
mod spark;

pub use spark::{FromSpark, SparkStage, UnknownStages};

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::error::Place;
use crate::stages::{BertEmbeddings, DocumentAssembler, SentenceDetector, Tokenizer};
use crate::{Result, StageConfig};

/// A list of stage configurations. [`crate::Session::load`] makes a [`crate::PipelineModel`] of it, as Spark's `fit`.
///
/// ```
/// use hearth::stages::{DocumentAssembler, SentenceDetector};
/// let pipeline = hearth::Pipeline::new()
///     .then(DocumentAssembler { input_col: Some("text".into()), ..Default::default() })
///     .then(SentenceDetector {
///         input_cols: Some(vec!["document".into()]),
///         output_col: Some("sentence".into()),
///         ..Default::default()
///     });
/// assert_eq!(pipeline, hearth::Pipeline::from_toml(&pipeline.to_toml(), "p.toml").unwrap());
/// ```
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pipeline {
    /// The stages in order.
    #[serde(rename = "stage")]
    pub stages: Vec<StageSpec>,
    #[serde(skip)]
    pub(crate) source: Option<Source>,
}

impl PartialEq for Pipeline {
    fn eq(&self, other: &Self) -> bool {
        self.stages == other.stages
    }
}

/// One stage: its `type` and its parameters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StageSpec {
    /// Which stage it is, such as `bert_embeddings`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its parameters; what is absent or null has its default.
    #[serde(flatten)]
    pub parameters: Map<String, Value>,
}

/// Where a pipeline was read from, for error messages and relative model paths.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    file: String,
    /// Per stage the line it starts in and the line of each key.
    lines: Vec<(usize, Vec<(String, usize)>)>,
}

impl Pipeline {
    /// A pipeline without stages.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a stage; parameters that have their default value are left out.
    #[must_use]
    pub fn then<S: StageConfig>(mut self, stage: S) -> Self {
        let defaults = parameters(&S::default());
        let mut parameters = parameters(&stage);
        parameters.retain(|key, value| !value.is_null() && defaults.get(key) != Some(value));
        self.stages.push(StageSpec {
            kind: S::TYPE.to_owned(),
            parameters,
        });
        self
    }

    /// The four stages with their defaults, from text column `text_col` to vectors of the model at `model`: columns
    /// `document`, `sentence`, `token` and `embeddings`.
    #[must_use]
    pub fn embed(text_col: impl Into<String>, model: impl Into<PathBuf>) -> Self {
        let model = Some(model.into());
        let bert = BertEmbeddings {
            model,
            ..Default::default()
        };
        Self::embed_with(text_col, bert)
    }

    /// The same with parameters of the last stage; where these name no columns, they are those of [`Pipeline::embed`].
    #[must_use]
    pub fn embed_with(text_col: impl Into<String>, bert: BertEmbeddings) -> Self {
        let name = |name: &str| Some(name.to_owned());
        let names = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        Pipeline::new()
            .then(DocumentAssembler {
                input_col: Some(text_col.into()),
                ..Default::default()
            })
            .then(SentenceDetector {
                input_cols: Some(names(&["document"])),
                output_col: name("sentence"),
                ..Default::default()
            })
            .then(Tokenizer {
                input_cols: names(&["sentence"]),
                ..Default::default()
            })
            .then(BertEmbeddings {
                input_cols: bert.input_cols.or(Some(names(&["sentence", "token"]))),
                output_col: bert.output_col.or(name("embeddings")),
                ..bert
            })
    }

    /// Reads a pipeline from TOML text; `name` names it in errors, and relative model paths are taken from its folder.
    ///
    /// # Errors
    /// [`crate::Error::Pipeline`] with file and line. Stage types, keys and values are checked by
    /// [`crate::Session::load`].
    pub fn from_toml(text: &str, name: &str) -> Result<Self> {
        file::from_toml(text, name)
    }

    /// As [`Pipeline::from_toml`], from JSON text of the same shape.
    ///
    /// # Errors
    /// [`crate::Error::Pipeline`] with file and line.
    pub fn from_json(text: &str, name: &str) -> Result<Self> {
        file::from_json(text, name)
    }

    /// The pipeline as TOML.
    #[must_use]
    pub fn to_toml(&self) -> String {
        toml::to_string(self).unwrap_or_default()
    }

    /// The pipeline as JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default()
    }

    /// Place of a stage or of one of its keys.
    pub(crate) fn place(&self, stage: usize, key: Option<&str>) -> Option<Place> {
        let source = self.source.as_ref()?;
        let (line, keys) = source.lines.get(stage)?;
        let line = key
            .and_then(|key| keys.iter().find(|(name, _)| name == key))
            .map_or(*line, |(_, line)| *line);
        Some(Place {
            file: source.file.clone(),
            line,
        })
    }

    /// The same pipeline away from its file: relative paths of models, which started from the file's folder, have it in them.
    #[must_use]
    pub fn rooted(mut self) -> Self {
        if let Some(folder) = self.folder() {
            for stage in &mut self.stages {
                if let Some(Value::String(model)) = stage.parameters.get_mut("model")
                    && Path::new(model).is_relative()
                {
                    *model = folder.join(&model).to_string_lossy().into_owned();
                }
            }
        }
        self.source = None;
        self
    }

    /// The folder that relative paths in the pipeline start from.
    pub(crate) fn folder(&self) -> Option<PathBuf> {
        let parent = Path::new(&self.source.as_ref()?.file).parent()?;
        (!parent.as_os_str().is_empty()).then(|| parent.to_owned())
    }
}

/// A stage's parameters by name.
pub(crate) fn parameters<S: StageConfig>(stage: &S) -> Map<String, Value> {
    match serde_json::to_value(stage) {
        Ok(Value::Object(map)) => map,
        _ => Map::new(),
    }
}
