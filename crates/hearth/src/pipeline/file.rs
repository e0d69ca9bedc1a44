//! Pipeline files: TOML and JSON, with the line of everything.

use std::ops::Range;

use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Pipeline, Source, StageSpec};
use crate::error::Place;
use crate::{Error, Result};

/// The text of a file, for turning byte positions into lines.
struct Text<'a> {
    text: &'a str,
    name: &'a str,
}

impl Text<'_> {
    fn line(&self, byte: usize) -> usize {
        1 + self.text.bytes().take(byte).filter(|&b| b == b'\n').count()
    }

    fn error(&self, line: usize, message: impl Into<String>) -> Error {
        Error::Pipeline {
            place: Place {
                file: self.name.to_owned(),
                line,
            },
            message: message.into(),
        }
    }

    fn toml_error(&self, error: &toml::de::Error) -> Error {
        self.error(
            self.line(error.span().map_or(0, |span| span.start)),
            error.message(),
        )
    }
}

/// A stage with the line it starts in and those of its keys.
type Placed = (StageSpec, (usize, Vec<(String, usize)>));

fn pipeline(text: &Text<'_>, stages: Vec<Placed>) -> Pipeline {
    let (stages, lines) = stages.into_iter().unzip();
    Pipeline {
        stages,
        source: Some(Source {
            file: text.name.to_owned(),
            lines,
        }),
    }
}

fn stage(
    text: &Text<'_>,
    line: usize,
    mut map: Map<String, Value>,
    keys: Vec<(String, usize)>,
) -> Result<Placed> {
    match map.remove("type") {
        Some(Value::String(kind)) => Ok((
            StageSpec {
                kind,
                parameters: map,
            },
            (line, keys),
        )),
        Some(_) => Err(text.error(
            line,
            "'type' must be a string such as \"document_assembler\"",
        )),
        None => Err(text.error(
            line,
            "a stage needs a 'type', such as type = \"document_assembler\"",
        )),
    }
}

pub(super) fn from_toml(text: &str, name: &str) -> Result<Pipeline> {
    let text = Text { text, name };
    let table = DeTable::parse(text.text)
        .map_err(|e| text.toml_error(&e))?
        .into_inner();
    let mut stages = Vec::new();
    for (key, value) in table {
        let line = text.line(key.span().start);
        if key.get_ref() != "stage" {
            return Err(text.error(
                line,
                format!(
                    "unknown key '{}'; a pipeline has [[stage]] tables only",
                    key.get_ref()
                ),
            ));
        }
        let DeValue::Array(array) = value.into_inner() else {
            return Err(text.error(line, "'stage' must be written as [[stage]] tables"));
        };
        for item in array {
            stages.push(toml_stage(&text, item.span(), item.into_inner())?);
        }
    }
    Ok(pipeline(&text, stages))
}

fn toml_stage(text: &Text<'_>, span: Range<usize>, value: DeValue<'_>) -> Result<Placed> {
    let DeValue::Table(table) = value else {
        return Err(text.error(text.line(span.start), "a stage must be a table: [[stage]]"));
    };
    let keys: Vec<_> = table
        .keys()
        .map(|k| (k.get_ref().to_string(), text.line(k.span().start)))
        .collect();
    let mut map = Map::new();
    for (key, value) in table {
        check_toml(text, &value)?;
        let value =
            Value::deserialize(value.into_deserializer()).map_err(|e| text.toml_error(&e))?;
        map.insert(key.into_inner().into_owned(), value);
    }
    stage(text, text.line(span.start), map, keys)
}

/// Refuses what TOML can say and JSON cannot: a parameter means the same in both.
fn check_toml(text: &Text<'_>, value: &Spanned<DeValue<'_>>) -> Result<()> {
    let refuse = |what| Err(text.error(text.line(value.span().start), what));
    match value.get_ref() {
        DeValue::Datetime(_) => refuse("no parameter is a date or a time; write it in quotes"),
        DeValue::Float(float) if !float.as_str().parse().is_ok_and(f64::is_finite) => {
            refuse("a number must be finite")
        }
        DeValue::Array(items) => items.iter().try_for_each(|item| check_toml(text, item)),
        DeValue::Table(table) => table.values().try_for_each(|item| check_toml(text, item)),
        _ => Ok(()),
    }
}

/// Refuses what JSON can say and TOML cannot.
fn check_json(value: &Value) -> Result<(), &'static str> {
    match value {
        Value::Null => Err("null is no value here; leave the key out"),
        Value::Number(number) if number.as_u64().is_some_and(|n| i64::try_from(n).is_err()) => {
            Err("an integer must be below 2^63")
        }
        Value::Array(items) => items.iter().try_for_each(check_json),
        Value::Object(map) => map.values().try_for_each(check_json),
        _ => Ok(()),
    }
}

pub(super) fn from_json(text: &str, name: &str) -> Result<Pipeline> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct File<'a> {
        #[serde(borrow)]
        stage: Vec<&'a RawValue>,
    }
    let text = Text { text, name };
    let json_error = |e: &serde_json::Error, first_line: usize| {
        // The error's own place counts from the text it was given; ours is in front already.
        let message = e.to_string();
        let message = message.split(" at line ").next().unwrap_or_default();
        text.error(first_line + e.line().max(1) - 1, message)
    };
    let file: File<'_> = serde_json::from_str(text.text).map_err(|e| json_error(&e, 1))?;
    let mut stages = Vec::new();
    for raw in file.stage {
        let start = raw.get().as_ptr() as usize - text.text.as_ptr() as usize;
        let line = text.line(start);
        let map: Map<String, Value> =
            serde_json::from_str(raw.get()).map_err(|e| json_error(&e, line))?;
        let key_line = |key: &str| {
            let quoted = Value::from(key).to_string();
            raw.get()
                .find(&quoted)
                .map_or(line, |at| text.line(start + at))
        };
        for (key, value) in &map {
            check_json(value)
                .map_err(|what| text.error(key_line(key), format!("'{key}': {what}")))?;
        }
        let keys = map.keys().map(|key| (key.clone(), key_line(key))).collect();
        stages.push(stage(&text, line, map, keys)?);
    }
    Ok(pipeline(&text, stages))
}
