//! `hearth run`: any pipeline, from a file or from what Spark NLP saved.

use std::path::Path;

use hearth::{Pipeline, UnknownStages};
use serde_json::Value;

use crate::failure::{Failure, usage};
use crate::job::Job;
use crate::locate::Locator;
use crate::log::Log;
use crate::settings::Settings;

/// Reads the pipeline and runs it. What is typed wins over the file.
pub(crate) fn run(path: &Path, inputs: &[String], settings: Settings) -> Result<(), Failure> {
    let mut pipeline = read_pipeline(path, &settings)?;
    override_parameters(&mut pipeline, &settings);
    locate_models(&mut pipeline, path, &settings)?;
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

fn read_pipeline(path: &Path, settings: &Settings) -> Result<Pipeline, Failure> {
    let name = path.display().to_string();
    let read = || std::fs::read_to_string(path).map_err(|e| usage(format!("pipeline {name}: {e}")));
    match path.extension().and_then(|e| e.to_str()) {
        extension if path.is_dir() || extension == Some("zip") => saved_pipeline(path, settings),
        Some("toml") => Ok(Pipeline::from_toml(&read()?, &name)?),
        Some("json") => Ok(Pipeline::from_json(&read()?, &name)?),
        _ => Err(usage(format!(
            "pipeline {name}: neither .toml nor .json, and no folder or .zip that Spark NLP saved"
        ))),
    }
}

fn saved_pipeline(path: &Path, settings: &Settings) -> Result<Pipeline, Failure> {
    let unknown = match settings.all.ignore_unknown_stages {
        Some(true) => UnknownStages::Skip,
        _ => UnknownStages::Refuse,
    };
    let made = Pipeline::from_spark(path, unknown)?;
    let log = Log::of(&settings.all);
    for note in &made.notes {
        log.warn(note);
    }
    Ok(made.pipeline)
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
        "case_sensitive",
        "max_sentence_length",
        "batch_size",
        "compat",
        "pieces",
        "precision",
        "on_overflow",
        "level",
        "pooling",
        "normalize",
        "dim",
    ];
    for stage in pipeline
        .stages
        .iter_mut()
        .filter(|stage| stage.kind == "bert_embeddings")
    {
        for key in keys {
            match &typed[key] {
                Value::Null => {}
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

/// Puts the place of its model into each stage that has one: that on the command line starts from the working directory, one
/// in a pipeline file from the file's folder.
pub(crate) fn locate_models(
    pipeline: &mut Pipeline,
    pipeline_file: &Path,
    settings: &Settings,
) -> Result<(), Failure> {
    let locator = Locator::of(&settings.all);
    // What Spark NLP saved has its models in it, as paths that start from the working directory.
    let folder = match pipeline_file.extension().and_then(|e| e.to_str()) {
        Some("toml" | "json") => pipeline_file.parent().unwrap_or(Path::new("")),
        _ => Path::new(""),
    };
    for stage in pipeline
        .stages
        .iter_mut()
        .filter(|stage| stage.kind == "bert_embeddings")
    {
        let located = match (&settings.typed.model, stage.parameters.get("model")) {
            (Some(typed), _) => {
                let mut located = locator.locate(crate::models::typed(typed)?, Path::new(""))?;
                located.path = std::path::absolute(&located.path).unwrap_or(located.path);
                located
            }
            (None, Some(Value::String(model))) => locator.locate(model, folder)?,
            _ => continue,
        };
        let path = located.path.to_string_lossy().into_owned();
        stage.parameters.insert("model".to_owned(), path.into());
        if let Some(name) = located.storage_ref {
            stage
                .parameters
                .entry("storage_ref")
                .or_insert_with(|| name.into());
        }
    }
    Ok(())
}
