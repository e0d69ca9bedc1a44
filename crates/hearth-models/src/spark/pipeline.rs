//! A saved pipeline, or a single stage, as plain data.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::feature;
use super::metadata::Metadata;
use crate::error::{Error, Result};
use crate::folder::Folder;

/// Pipelines within pipelines are read up to this depth.
const DEPTH: usize = 16;

/// What lies in a folder or zip that Spark saved: a `PipelineModel`, `Pipeline` or `RecursivePipelineModel`, or one
/// stage, which is a pipeline of itself. The stages of pipelines within are in their place.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SavedPipeline {
    /// The class that was saved.
    pub class: String,
    /// Its uid.
    pub uid: String,
    /// The stages in order.
    pub stages: Vec<SavedStage>,
}

/// One stage of a saved pipeline.
#[derive(Debug, Clone)]
pub struct SavedStage {
    metadata: Metadata,
    folder: Folder,
}

impl SavedPipeline {
    /// Reads the metadata of all stages; what else they hold is read when it is asked for.
    ///
    /// # Errors
    /// [`Error::NotSaved`] where `path` is nothing that Spark saved, [`Error::MissingStage`] where a stage that the
    /// pipeline names is not there, and those of reading JSON and zips.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let not_saved = || Error::NotSaved {
            path: path.as_ref().to_owned(),
        };
        let folder = Folder::at(path.as_ref())?.ok_or_else(not_saved)?;
        let metadata = Metadata::read(&folder)?.ok_or_else(not_saved)?;
        let (class, uid) = (metadata.class.clone(), metadata.uid.clone());
        let mut stages = Vec::new();
        collect(SavedStage { metadata, folder }, 0, &mut stages)?;
        Ok(Self { class, uid, stages })
    }
}

/// Appends the stages of a pipeline, or the stage itself.
fn collect(stage: SavedStage, depth: usize, out: &mut Vec<SavedStage>) -> Result<()> {
    if !stage.is_pipeline() {
        out.push(stage);
        return Ok(());
    }
    let damaged = |why: &str| Error::Damaged {
        file: stage.folder.path("metadata"),
        format: "pipeline",
        why: why.to_owned(),
    };
    if depth == DEPTH {
        return Err(damaged("pipelines lie too deep within each other"));
    }
    let uids = match stage.metadata.param("stageUids") {
        None => &[][..],
        Some(Value::Array(uids)) => uids,
        Some(_) => return Err(damaged("stageUids is no list")),
    };
    // Numbers have as many digits as the number of stages.
    let digits = uids.len().to_string().len();
    let stages = stage.folder.sub("stages");
    for (number, uid) in uids.iter().enumerate() {
        let uid = uid
            .as_str()
            .filter(|uid| !uid.contains(['/', '\\']))
            .ok_or_else(|| damaged("a stage's uid is no name"))?;
        let folder = stages.sub(&format!("{number:0digits$}_{uid}"));
        let metadata = Metadata::read(&folder)?.ok_or_else(|| Error::MissingStage {
            pipeline: stage.metadata.uid.clone(),
            stage: folder.path(""),
        })?;
        collect(SavedStage { metadata, folder }, depth + 1, out)?;
    }
    Ok(())
}

impl SavedStage {
    fn is_pipeline(&self) -> bool {
        matches!(
            self.kind(),
            "Pipeline" | "PipelineModel" | "RecursivePipeline" | "RecursivePipelineModel"
        )
    }

    /// The class, such as `com.johnsnowlabs.nlp.annotators.TokenizerModel`.
    #[must_use]
    pub fn class(&self) -> &str {
        &self.metadata.class
    }

    /// The class without its package, such as `TokenizerModel`.
    #[must_use]
    pub fn kind(&self) -> &str {
        let class = self.class();
        class.rsplit_once('.').map_or(class, |(_, name)| name)
    }

    /// The stage's uid, such as `REGEX_TOKENIZER_e0e297550c95`.
    #[must_use]
    pub fn uid(&self) -> &str {
        &self.metadata.uid
    }

    /// The parameters that were set, by Spark's names.
    #[must_use]
    pub fn set(&self) -> &Map<String, Value> {
        &self.metadata.param_map
    }

    /// The defaults of the version that saved it; empty before Spark 2.4.
    #[must_use]
    pub fn defaults(&self) -> &Map<String, Value> {
        &self.metadata.default_param_map
    }

    /// A parameter as it was set, else its saved default. `None` also for null.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<&Value> {
        self.metadata.param(name)
    }

    /// Where the stage lies: a folder, also inside a zip, that [`open`](crate::open) takes where it is a model.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.folder.path("")
    }

    /// A map of texts among the stage's fields, such as `slangDict`; `None` where the stage has none of this name.
    ///
    /// # Errors
    /// [`Error::Damaged`], [`Error::Unsupported`] and those of reading files.
    pub fn text_map(&self, field: &str) -> Result<Option<BTreeMap<String, String>>> {
        feature::map(&self.folder, field, |item| item.text().map(str::to_owned))
    }

    /// The regular expressions of a tokenizer's rules (`fields/rules`) as they were compiled: prefix, infix and suffix in
    /// one. `None` where the stage has no rules.
    ///
    /// # Errors
    /// [`Error::Damaged`], [`Error::Unsupported`] and those of reading files.
    pub fn rules(&self) -> Result<Option<Vec<String>>> {
        feature::rules(&self.folder, "rules")
    }
}
