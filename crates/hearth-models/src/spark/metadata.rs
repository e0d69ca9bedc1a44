//! `metadata/part-*`: what a saved stage is, and its parameters.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::error::{Error, Result};
use crate::folder::Folder;

/// The line of JSON that a stage is saved with.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Metadata {
    pub(crate) class: String,
    pub(crate) uid: String,
    /// What was set.
    #[serde(default)]
    pub(crate) param_map: Map<String, Value>,
    /// The defaults of the version that saved it; absent before Spark 2.4.
    #[serde(default)]
    pub(crate) default_param_map: Map<String, Value>,
}

impl Metadata {
    /// Judged by names alone.
    pub(crate) fn is_in(folder: &Folder) -> bool {
        let names = folder.sub("metadata").names();
        names.is_ok_and(|names| names.iter().any(|name| name.starts_with("part-")))
    }

    /// Reads the first line there is, as Spark does; `None` where the folder has no metadata.
    pub(crate) fn read(folder: &Folder) -> Result<Option<Self>> {
        let inside = folder.sub("metadata");
        for name in inside
            .names()?
            .iter()
            .filter(|name| name.starts_with("part-"))
        {
            let bytes = inside.read(name)?.unwrap_or_default();
            let Some(line) = bytes
                .split(|&byte| byte == b'\n')
                .find(|line| !line.trim_ascii().is_empty())
            else {
                continue;
            };
            return serde_json::from_slice(line)
                .map(Some)
                .map_err(|source| Error::Json {
                    file: inside.path(name),
                    source,
                });
        }
        Ok(None)
    }

    /// A parameter: as it was set, else its default. `None` also for null.
    pub(crate) fn param(&self, name: &str) -> Option<&Value> {
        self.param_map
            .get(name)
            .or_else(|| self.default_param_map.get(name))
            .filter(|value| !value.is_null())
    }
}
