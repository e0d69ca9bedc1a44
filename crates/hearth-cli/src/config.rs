//! `hearth config`.

use std::io::Write;

use clap::ArgMatches;
use clap::parser::ValueSource;
use serde_json::{Map, Value};

use crate::args::Flags;
use crate::failure::{Failure, usage};
use crate::settings::{defaults, file, over};

/// Prints each setting with its value and where it came from.
pub(crate) fn print(flags: Flags, matches: &ArgMatches) -> Result<(), Failure> {
    let (path, file) = file(flags.config.as_deref())?;
    let in_file = values(&file)?;
    let settings = values(&over(over(flags, file), defaults()))?;
    let mut out = std::io::stdout().lock();
    for (name, value) in settings {
        let origin = match matches.value_source(&name) {
            Some(ValueSource::CommandLine) => format!("flag --{}", name.replace('_', "-")),
            Some(ValueSource::EnvVariable) => format!("environment HEARTH_{}", name.to_uppercase()),
            _ if in_file.get(&name).is_some_and(|v| !v.is_null()) => path
                .as_ref()
                .map_or_else(String::new, |path| format!("file {}", path.display())),
            _ => "default".to_owned(),
        };
        let value = match value {
            Value::Null => "(unset)".to_owned(),
            Value::String(text) => text,
            Value::Array(items) => items
                .iter()
                .filter_map(Value::as_str)
                .collect::<Vec<_>>()
                .join(","),
            other => other.to_string(),
        };
        writeln!(out, "{name:<20} {value:<24} {origin}").map_err(|e| usage(e.to_string()))?;
    }
    Ok(())
}

fn values(flags: &Flags) -> Result<Map<String, Value>, Failure> {
    match serde_json::to_value(flags) {
        Ok(Value::Object(map)) => Ok(map),
        Ok(_) => Ok(Map::new()),
        Err(error) => Err(usage(error.to_string())),
    }
}
