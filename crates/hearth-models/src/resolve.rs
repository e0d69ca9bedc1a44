//! Which archive Spark NLP would take for a name: the rules of `ResourceDownloader` over the bucket's `metadata.json`.
//!
//! Ported from Spark NLP 5.5.3 (`ResourceMetadata`, `Version`), with its version arithmetic.

use std::cmp::Ordering;
use std::fmt;
use std::path::Path;

use serde::Deserialize;

use crate::error::{Error, Result};
use crate::moment;

/// A version of Spark NLP or Spark: up to three numbers, most significant first.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Version(Vec<u32>);

impl Version {
    /// Reads `2.6.2`, `2.4.0-rc1` or `3.5.0-amzn-0`. As in Spark NLP, reading ends at the first part that is no number, and
    /// after three.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let numbers = text.split('-').next().unwrap_or_default();
        let parts = numbers.split('.').take(3);
        Self(parts.map_while(|part| part.parse().ok()).collect())
    }

    /// Whether a resource made for `found` is offered to this version: `found` has no more parts, and is smaller where the
    /// two first differ.
    #[must_use]
    pub fn accepts(&self, found: &Self) -> bool {
        found.0.len() <= self.0.len() && found.0[..] <= self.0[..found.0.len()]
    }

    /// What Spark NLP orders versions by: `major.minorpatch` as a decimal, so that 2.10.0 is 2.1 and below 2.6.2, which is
    /// 2.62. `None` for a version without parts.
    #[must_use]
    pub fn decimal(&self) -> Option<f32> {
        let (major, rest) = self.0.split_first()?;
        let rest: String = rest.iter().take(2).map(ToString::to_string).collect();
        format!("{major}.{rest}").parse().ok()
    }

    fn order(&self, other: &Self) -> Ordering {
        let decimal = |version: &Self| version.decimal().unwrap_or(f32::NEG_INFINITY);
        decimal(self).total_cmp(&decimal(other))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, part) in self.0.iter().enumerate() {
            let dot = if n == 0 { "" } else { "." };
            write!(f, "{dot}{part}")?;
        }
        Ok(())
    }
}

/// The Spark NLP and the Spark that are asking. What they may have depends on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// Spark NLP's version.
    pub spark_nlp: Version,
    /// Spark's version.
    pub spark: Version,
}

impl Default for Release {
    /// Spark NLP 5.5.3 on Spark 3.5.
    fn default() -> Self {
        Self {
            spark_nlp: Version(vec![5, 5, 3]),
            spark: Version(vec![3, 5]),
        }
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Spark NLP {} on Spark {}", self.spark_nlp, self.spark)
    }
}

/// One line of `metadata.json`: an archive that can be had.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Resource {
    /// Spark NLP's name of the model.
    pub name: String,
    /// Its language; without one it is offered for every language.
    pub language: Option<String>,
    /// The oldest Spark NLP that reads it; without it the archive is never taken.
    pub spark_nlp: Option<Version>,
    /// The oldest Spark; without it the archive is never taken.
    pub spark: Option<Version>,
    /// Whether it is meant to be taken at all.
    pub ready: bool,
    /// When it was uploaded, in milliseconds since 1970.
    pub time: i64,
    /// Whether it is a zip.
    pub zipped: bool,
    /// Upper-case MD5 of the archive, where one is known.
    pub md5: Option<String>,
}

impl Resource {
    /// The archive's name without `.zip`, which is also that of its folder in a cache.
    #[must_use]
    pub fn stem(&self) -> String {
        let text = |version: &Option<Version>| {
            version
                .as_ref()
                .map(ToString::to_string)
                .unwrap_or_default()
        };
        format!(
            "{}_{}_{}_{}_{}",
            self.name,
            self.language.as_deref().unwrap_or_default(),
            text(&self.spark_nlp),
            text(&self.spark),
            self.time
        )
    }

    /// The file's name in the bucket.
    #[must_use]
    pub fn file_name(&self) -> String {
        let zip = if self.zipped { ".zip" } else { "" };
        format!("{}{zip}", self.stem())
    }

    /// What a name such as `bert_base_cased_en_2.6.0_2.4_1598340336670` says; `None` for others.
    #[must_use]
    pub fn from_stem(stem: &str) -> Option<Self> {
        let mut parts = stem.rsplitn(5, '_');
        let mut next = || parts.next();
        let (time, spark, spark_nlp) = (next()?.parse().ok()?, next()?, next()?);
        let (language, name) = (next()?, next()?);
        let version = |text: &str| {
            let parts: Result<Vec<u32>, _> = text.split('.').map(str::parse).collect();
            parts.ok().map(Version)
        };
        Some(Self {
            name: name.to_owned(),
            language: Some(language.to_owned()).filter(|language| !language.is_empty()),
            spark_nlp: Some(version(spark_nlp)?),
            spark: Some(version(spark)?),
            ready: true,
            time,
            zipped: true,
            md5: None,
        })
    }

    fn is_for(&self, name: &str, language: Option<&str>, release: &Release) -> bool {
        let same_language = match (language, &self.language) {
            (Some(asked), Some(is)) => asked == is,
            _ => true,
        };
        let accepted = |current: &Version, found: &Option<Version>| {
            found.as_ref().is_some_and(|found| current.accepts(found))
        };
        self.ready
            && self.name == name
            && same_language
            && accepted(&release.spark_nlp, &self.spark_nlp)
            && accepted(&release.spark, &self.spark)
    }

    /// By Spark version, then Spark NLP version, then time.
    fn order(&self, other: &Self) -> Ordering {
        let by = |a: &Option<Version>, b: &Option<Version>| match (a, b) {
            (Some(a), Some(b)) => a.order(b),
            _ => a.is_some().cmp(&b.is_some()),
        };
        by(&self.spark, &other.spark)
            .then_with(|| by(&self.spark_nlp, &other.spark_nlp))
            .then_with(|| self.time.cmp(&other.time))
    }
}

/// The archive that Spark NLP takes for a name: the newest that this release may have, which often is another than the one
/// a model card names. Without a language, any will do.
#[must_use]
pub fn resolve<'a>(
    resources: impl IntoIterator<Item = &'a Resource>,
    name: &str,
    language: Option<&str>,
    release: &Release,
) -> Option<&'a Resource> {
    resources
        .into_iter()
        .filter(|resource| resource.is_for(name, language, release))
        .max_by(|a, b| a.order(b))
}

/// Reads `metadata.json`: one JSON object per line. `file` names it in messages.
///
/// # Errors
/// [`Error::Damaged`] with the line.
pub fn read_metadata(file: &Path, bytes: &[u8]) -> Result<Vec<Resource>> {
    let lines = bytes.split(|&byte| byte == b'\n').enumerate();
    let lines = lines.filter(|(_, line)| !line.trim_ascii().is_empty());
    let read = |(n, line): (usize, &[u8])| {
        let damaged = |why: String| Error::Damaged {
            file: file.to_owned(),
            format: "list of models",
            why: format!("line {}: {why}", n + 1),
        };
        let line: Line = serde_json::from_slice(line).map_err(|e| damaged(e.to_string()))?;
        let time = moment::parse(&line.time)
            .ok_or_else(|| damaged(format!("`{}` is no time", line.time)))?;
        Ok(Resource {
            name: line.name,
            language: line.language,
            spark_nlp: line.lib_version.map(|version| Version(version.parts)),
            spark: line.spark_version.map(|version| Version(version.parts)),
            ready: line.ready_to_use,
            time,
            zipped: line.is_zipped,
            md5: line.checksum.filter(|md5| !md5.is_empty()),
        })
    };
    lines.map(read).collect()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    name: String,
    language: Option<String>,
    lib_version: Option<Parts>,
    spark_version: Option<Parts>,
    #[serde(default)]
    ready_to_use: bool,
    time: String,
    #[serde(default)]
    is_zipped: bool,
    checksum: Option<String>,
}

#[derive(Deserialize)]
struct Parts {
    parts: Vec<u32>,
}
