//! `hearth run`: any pipeline, from a file.

use std::path::{Path, PathBuf};

use hearth::Pipeline;
use serde_json::Value;

use crate::failure::{Failure, usage};
use crate::job::Job;
use crate::settings::Settings;

/// Reads the pipeline and runs it. What is typed wins over the file.
pub(crate) fn run(path: &Path, inputs: &[String], settings: Settings) -> Result<(), Failure> {
    let mut pipeline = read_pipeline(path)?;
    override_parameters(&mut pipeline, &settings);
    read_exceptions(&mut pipeline, path)?;
    let columns = settings.all.columns.clone();
    let of_assemblers = |key: &str| -> Vec<String> {
        let assemblers = pipeline
            .stages
            .iter()
            .filter(|stage| stage.kind == "document_assembler");
        assemblers
            .filter_map(|stage| Some(stage.parameters.get(key)?.as_str()?.to_owned()))
            .collect()
    };
    let (texts, maps) = (of_assemblers("input_col"), of_assemblers("metadata_col"));
    Job::open(inputs, &texts, &maps, settings)?.work(&pipeline, columns)
}

fn read_pipeline(path: &Path) -> Result<Pipeline, Failure> {
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|e| usage(format!("pipeline {name}: {e}")))?;
    match path.extension().and_then(|e| e.to_str()) {
        Some("toml") => Ok(Pipeline::from_toml(&text, &name)?),
        Some("json") => Ok(Pipeline::from_json(&text, &name)?),
        _ => Err(usage(format!("pipeline {name}: neither .toml nor .json"))),
    }
}

/// Puts the lines of each tokenizer's `exceptions_path` before its `exceptions`, as Spark NLP does. A relative path
/// starts from the pipeline file's folder.
fn read_exceptions(pipeline: &mut Pipeline, pipeline_file: &Path) -> Result<(), Failure> {
    for stage in pipeline
        .stages
        .iter_mut()
        .filter(|stage| stage.kind == "tokenizer")
    {
        let Some(Value::String(path)) = stage.parameters.remove("exceptions_path") else {
            continue;
        };
        let path = pipeline_file.parent().unwrap_or(Path::new("")).join(path);
        let text = std::fs::read_to_string(&path)
            .map_err(|e| usage(format!("exceptions_path {}: {e}", path.display())))?;
        let mut lines: Vec<Value> = text.lines().map(Value::from).collect();
        if let Some(Value::Array(given)) = stage.parameters.remove("exceptions") {
            lines.extend(given);
        }
        stage
            .parameters
            .insert("exceptions".to_owned(), lines.into());
    }
    Ok(())
}

fn override_parameters(pipeline: &mut Pipeline, settings: &Settings) {
    let typed = serde_json::to_value(&settings.typed).unwrap_or_default();
    let keys = [
        "model",
        "case_sensitive",
        "max_sentence_length",
        "batch_size",
        "compat",
        "precision",
        "on_overflow",
    ];
    for stage in pipeline
        .stages
        .iter_mut()
        .filter(|stage| stage.kind == "bert_embeddings")
    {
        for key in keys {
            match &typed[key] {
                Value::Null => {}
                // A path on the command line starts from the working directory, one in the file from the file's folder.
                Value::String(path) if key == "model" => {
                    let path = std::path::absolute(path).unwrap_or_else(|_| PathBuf::from(path));
                    stage
                        .parameters
                        .insert(key.to_owned(), path.display().to_string().into());
                }
                value => drop(stage.parameters.insert(key.to_owned(), value.clone())),
            }
        }
    }
    if let Some(text) = &settings.typed.text_column {
        for stage in pipeline
            .stages
            .iter_mut()
            .filter(|stage| stage.kind == "document_assembler")
        {
            stage
                .parameters
                .insert("input_col".to_owned(), text.clone().into());
        }
    }
}
