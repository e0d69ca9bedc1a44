//! `fields/<name>`: what a stage holds besides its parameters.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use super::java::{self, Item, Stream};
use super::sequence_file::{self, Fault};
use crate::error::{Error, Result};
use crate::folder::Folder;

/// A feature as it lies there: files and their bytes.
enum Feature {
    /// `data.json`.
    Json(PathBuf, Vec<u8>),
    /// All `part-*` files by name.
    Objects(Vec<(PathBuf, Vec<u8>)>),
}

/// A map that a stage holds; `None` where it was saved without.
pub(super) fn map<V: DeserializeOwned>(
    folder: &Folder,
    name: &str,
    value: impl Fn(Item<'_>) -> Option<V>,
) -> Result<Option<BTreeMap<String, V>>> {
    let parts = match read(folder, name)? {
        None => return Ok(None),
        Some(Feature::Json(file, bytes)) => {
            return serde_json::from_slice(&bytes)
                .map(Some)
                .map_err(|source| Error::Json { file, source });
        }
        Some(Feature::Objects(parts)) => parts,
    };
    let mut map = BTreeMap::new();
    each_stream(&parts, |file, stream| {
        for root in stream.roots() {
            let entries = root.elements().and_then(|items| {
                let entries = items.map(|item| {
                    let (key, item) = pair(item)?;
                    Some((key.to_owned(), value(item)?))
                });
                entries.collect::<Option<Vec<_>>>()
            });
            let pairs = "pairs of a text and a value";
            map.extend(entries.ok_or_else(|| unexpected(file, name, pairs))?);
        }
        Ok(())
    })?;
    Ok(Some(map))
}

/// The pattern strings of a `RuleFactory`'s rules, in their order; `None` where the stage was saved without.
pub(super) fn rules(folder: &Folder, name: &str) -> Result<Option<Vec<String>>> {
    let parts = match read(folder, name)? {
        None => return Ok(None),
        Some(Feature::Json(file, _)) => {
            return Err(Error::Unsupported {
                file,
                what: "a tokenizer's rules as JSON".to_owned(),
                instead: "save the pipeline with Spark NLP 5 or 6, which write them as objects"
                    .to_owned(),
            });
        }
        Some(Feature::Objects(parts)) => parts,
    };
    let mut rules = Vec::new();
    each_stream(&parts, |file, stream| {
        for item in stream.roots().filter_map(Item::elements).flatten() {
            let found = patterns(item)
                .ok_or_else(|| unexpected(file, name, "a RuleFactory with regular expressions"))?;
            for (pattern, flags) in found {
                if flags != 0 {
                    return Err(Error::Unsupported {
                        file: file.to_owned(),
                        what: format!("the rule `{pattern}` was compiled with flags {flags}"),
                        instead: "write flags into the pattern, such as (?i), and save it again"
                            .to_owned(),
                    });
                }
                rules.push(pattern.to_owned());
            }
        }
        Ok(())
    })?;
    Ok(Some(rules))
}

/// Both halves of a `scala.Tuple2` whose first is a text.
pub(super) fn pair(item: Item<'_>) -> Option<(&str, Item<'_>)> {
    Some((item.field("_1")?.text()?, item.field("_2")?))
}

/// The patterns of a RuleFactory's rules with the flags they were compiled with.
///
/// Scala writes a sequence by way of a proxy, after whose fields the elements stand; older ones keep an array.
pub(super) fn patterns(factory: Item<'_>) -> Option<Vec<(&str, i32)>> {
    let rules = factory.field("rules")?;
    let array = rules.field("array").and_then(Item::elements);
    rules
        .written()
        .chain(array.into_iter().flatten())
        .filter_map(|rule| rule.field("regex"))
        .map(|regex| {
            let pattern = regex.field("pattern")?;
            Some((
                pattern.field("pattern")?.text()?,
                pattern.field("flags")?.int()?,
            ))
        })
        .collect()
}

fn unexpected(file: &Path, name: &str, expected: &str) -> Error {
    Error::Unsupported {
        file: file.to_owned(),
        what: format!("the objects of {name} are not {expected}"),
        instead: "save the annotator again with a released Spark NLP".to_owned(),
    }
}

fn read(folder: &Folder, name: &str) -> Result<Option<Feature>> {
    let inside = folder.sub("fields").sub(name);
    if let Some(bytes) = inside.read("data.json")? {
        return Ok(Some(Feature::Json(inside.path("data.json"), bytes)));
    }
    let names = inside.names()?;
    let parts = names.iter().filter(|name| name.starts_with("part-"));
    let parts = parts.map(|name| {
        let bytes = inside.read(name)?.unwrap_or_default();
        Ok((inside.path(name), bytes))
    });
    let parts = parts.collect::<Result<_>>()?;
    Ok((!names.is_empty()).then_some(Feature::Objects(parts)))
}

/// The object stream of each record, one after the other.
fn each_stream(
    parts: &[(PathBuf, Vec<u8>)],
    mut see: impl FnMut(&Path, &Stream) -> Result<()>,
) -> Result<()> {
    for (file, bytes) in parts {
        let records = sequence_file::records(bytes).map_err(|fault| match fault {
            Fault::Damaged(why) => Error::Damaged {
                file: file.clone(),
                format: "SequenceFile",
                why: why.into_owned(),
            },
            Fault::Unsupported(what) => Error::Unsupported {
                file: file.clone(),
                what,
                instead: "save it uncompressed and with annotatorSerializationFormat `object`, the default"
                    .to_owned(),
            },
        })?;
        for record in records {
            let stream = java::read(record).map_err(|why| Error::Damaged {
                file: file.clone(),
                format: "stream of Java objects",
                why: why.into_owned(),
            })?;
            see(file, &stream)?;
        }
    }
    Ok(())
}
