//! `hearth inspect`: what lies at a path, be it an output, a model or a saved pipeline.

use std::path::Path;

use hearth::{Pipeline, SparkStage, UnknownStages};
use hearth_io::{Contents, Source, discover};
use hearth_models::spark::SavedPipeline;
use hearth_models::{Error, Inspection, inspect as look};
use indicatif::HumanBytes;
use serde_json::{Map, Value, json};

use crate::args::Inspect;
use crate::failure::{Failure, usage};
use crate::locate::Locator;
use crate::models::{lines, print, typed};
use crate::settings::Settings;
use crate::summary::grouped;

/// Prints what it is: as lines, or as one JSON object.
pub(crate) fn inspect(asked: &Inspect, settings: &Settings) -> Result<(), Failure> {
    let typed = typed(&asked.path)?;
    let (text, value) = if is_data(&asked.path) {
        output(typed)?
    } else {
        let path = Locator::of(&settings.all)
            .locate(typed, Path::new(""))?
            .path;
        match SavedPipeline::open(&path) {
            Ok(saved) if saved.stages.len() != 1 || saved.stages[0].kind() != "BertEmbeddings" => {
                pipeline(&path, &saved)?
            }
            Ok(_) | Err(Error::NotSaved { .. }) => model(&path)?,
            Err(error) => return Err(error.into()),
        }
    };
    print(settings, &text, &value)
}

/// Whether this is a file of rows, or a folder of such files and nothing of a model.
fn is_data(path: &Path) -> bool {
    if path.is_file() {
        return hearth_io::Format::of(path).is_some();
    }
    let is_model = [
        "metadata",
        "config.json",
        "bert_config.json",
        "saved_model.pb",
    ];
    let rows = |found: hearth_io::Found| {
        let tables = found
            .sources
            .iter()
            .filter(|source| source.format != hearth_io::Format::Text);
        tables.count() > 0
    };
    path.is_dir()
        && !is_model.iter().any(|name| path.join(name).exists())
        && path
            .to_str()
            .is_some_and(|path| discover(&[path]).is_ok_and(rows))
}

fn output(path: &str) -> Result<(String, Value), Failure> {
    let found = discover(&[path])?;
    let (mut text, mut files) = (String::new(), Vec::new());
    for source in &found.sources {
        let contents = source.contents()?;
        if !text.is_empty() {
            text.push('\n');
        }
        text += &file_text(source, &contents);
        files.push(file_json(source, &contents));
    }
    Ok((
        text,
        json!({ "schema_version": 1, "kind": "output", "files": files }),
    ))
}

fn file_text(source: &Source, contents: &Contents) -> String {
    let mut about = vec![
        ("file", source.path.display().to_string()),
        ("format", source.format.to_string()),
        (
            "size",
            HumanBytes(source.bytes.unwrap_or_default()).to_string(),
        ),
        ("rows", grouped(contents.rows)),
    ];
    if let Some(groups) = contents.row_groups {
        about.push(("row groups", grouped(groups as u64)));
    }
    let mut text = lines(&about);
    text += "columns\n";
    for field in contents.schema.fields() {
        let name = field.name();
        text += &format!("  {name:<14} {}\n", kind(field.data_type()));
        if let Some(count) = contents.annotations.get(name) {
            text += &format!("  {:<14}   {} annotations\n", "", grouped(*count));
        }
        let mut keys: Vec<_> = field.metadata().iter().collect();
        keys.sort();
        for (key, value) in keys {
            text += &format!("  {:<14}   {key} = {value}\n", "");
        }
    }
    for (key, value) in &contents.metadata {
        let short: String = value.chars().take(60).collect();
        let dots = if short.len() < value.len() { "…" } else { "" };
        text += &lines(&[("metadata", format!("{key} = {short}{dots}"))]);
    }
    text
}

/// Arrow's name of a type, without what is inside of annotations.
fn kind(data_type: &impl ToString) -> String {
    const MOST: usize = 60;
    let name = data_type.to_string();
    match name.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &name[..end]),
        None => name,
    }
}

fn file_json(source: &Source, contents: &Contents) -> Value {
    let fields = contents.schema.fields().iter();
    let columns = fields.map(|field| {
        json!({
            "name": field.name(),
            "type": field.data_type().to_string(),
            "nullable": field.is_nullable(),
            "metadata": field.metadata(),
            "annotations": contents.annotations.get(field.name()),
        })
    });
    json!({
        "path": source.path,
        "format": source.format.to_string(),
        "bytes": source.bytes,
        "rows": contents.rows,
        "row_groups": contents.row_groups,
        "columns": columns.collect::<Vec<_>>(),
        "metadata": contents.metadata,
    })
}

fn model(path: &Path) -> Result<(String, Value), Failure> {
    let found = look(path)?;
    Ok((model_text(path, &found), model_json(path, &found)))
}

fn model_text(path: &Path, found: &Inspection) -> String {
    let (config, settings) = (&found.model.config, &found.model.settings);
    let said = |value: Option<String>| value.unwrap_or_else(|| "not said".to_owned());
    let elements = found.elements.iter();
    let elements: Vec<_> = elements
        .map(|(kind, count)| format!("{} {kind}", grouped(*count)))
        .collect();
    let case = if found.has_upper_case {
        "with upper case"
    } else {
        "lower case"
    };
    let mut text = lines(&[
        ("model", found.model.name.clone()),
        ("path", path.display().to_string()),
        ("format", found.format.to_owned()),
        (
            "weights",
            format!(
                "{} in {}",
                elements.join(", "),
                found.model.weights.file().display()
            ),
        ),
        ("parameters", grouped(found.parameters)),
        (
            "encoder",
            format!(
                "{} layers of hidden size {}, intermediate size {}",
                config.num_hidden_layers, config.hidden_size, config.intermediate_size
            ),
        ),
        (
            "heads",
            format!("{} ({})", config.num_attention_heads, found.heads),
        ),
        (
            "activation",
            format!("{} ({})", config.hidden_act, found.hidden_act),
        ),
        (
            "LayerNorm",
            format!(
                "epsilon {:e} ({})",
                config.layer_norm_eps, found.layer_norm_eps
            ),
        ),
        ("positions", config.max_position_embeddings.to_string()),
        (
            "vocabulary",
            format!(
                "{} entries, {case}",
                grouped(found.model.vocabulary.len() as u64)
            ),
        ),
        (
            "keeps case",
            said(
                settings
                    .case_sensitive
                    .map(|keeps| if keeps { "yes" } else { "no" }.to_owned()),
            ),
        ),
        (
            "max length",
            said(settings.max_sentence_length.map(|n| n.to_string())),
        ),
        ("dimension", said(settings.dimension.map(|n| n.to_string()))),
        ("storage ref", said(settings.storage_ref.clone())),
    ]);
    for warning in &found.model.warnings {
        text += &lines(&[("warning", warning.to_string())]);
    }
    text
}

fn model_json(path: &Path, found: &Inspection) -> Value {
    let (config, settings) = (&found.model.config, &found.model.settings);
    let warnings: Vec<String> = found
        .model
        .warnings
        .iter()
        .map(ToString::to_string)
        .collect();
    json!({
        "schema_version": 1,
        "kind": "model",
        "name": found.model.name,
        "path": path,
        "format": found.format,
        "weights": found.model.weights.file(),
        "parameters": found.parameters,
        "elements": found.elements,
        "config": {
            "vocab_size": config.vocab_size,
            "hidden_size": config.hidden_size,
            "num_hidden_layers": config.num_hidden_layers,
            "num_attention_heads": config.num_attention_heads,
            "intermediate_size": config.intermediate_size,
            "max_position_embeddings": config.max_position_embeddings,
            "type_vocab_size": config.type_vocab_size,
            "hidden_act": config.hidden_act.to_string(),
            "layer_norm_eps": config.layer_norm_eps,
        },
        "read_from": {
            "num_attention_heads": found.heads.to_string(),
            "hidden_act": found.hidden_act.to_string(),
            "layer_norm_eps": found.layer_norm_eps.to_string(),
        },
        "vocabulary": { "entries": found.model.vocabulary.len(), "upper_case": found.has_upper_case },
        "settings": {
            "case_sensitive": settings.case_sensitive,
            "max_sentence_length": settings.max_sentence_length,
            "dimension": settings.dimension,
            "storage_ref": settings.storage_ref,
        },
        "warnings": warnings,
    })
}

fn pipeline(path: &Path, saved: &SavedPipeline) -> Result<(String, Value), Failure> {
    if saved.stages.is_empty() {
        return Err(usage(format!(
            "{}: a pipeline without stages",
            path.display()
        )));
    }
    // A stage that cannot be read is shown as it was saved, and why it cannot.
    let (stages, notes) = match Pipeline::from_spark(path, UnknownStages::Skip) {
        Ok(made) => (made.stages, made.notes),
        Err(error) => (bare(saved), vec![format!("cannot be run: {error}")]),
    };
    let mut text = lines(&[
        ("pipeline", saved.uid.clone()),
        ("path", path.display().to_string()),
        ("class", saved.class.clone()),
    ]);
    text += "stages\n";
    for stage in &stages {
        let name = stage.class.rsplit('.').next().unwrap_or_default();
        let counterpart = stage.counterpart.as_deref().unwrap_or("NO COUNTERPART");
        text += &format!("  {name:<22} {:<36} {counterpart}\n", stage.uid);
        for (name, value) in &stage.parameters {
            text += &format!("    {name} = {value}\n");
        }
    }
    for note in &notes {
        text += &lines(&[("note", note.clone())]);
    }
    let all: Vec<Value> = stages.iter().map(stage_json).collect();
    let value = json!({
        "schema_version": 1,
        "kind": "pipeline",
        "path": path,
        "class": saved.class,
        "uid": saved.uid,
        "stages": all,
        "notes": notes,
    });
    Ok((text, value))
}

fn bare(saved: &SavedPipeline) -> Vec<SparkStage> {
    let stages = saved.stages.iter();
    stages
        .map(|stage| SparkStage {
            class: stage.class().to_owned(),
            uid: stage.uid().to_owned(),
            parameters: stage.set().clone(),
            counterpart: None,
        })
        .collect()
}

fn stage_json(stage: &SparkStage) -> Value {
    let mut value = Map::new();
    value.insert("class".to_owned(), stage.class.clone().into());
    value.insert("uid".to_owned(), stage.uid.clone().into());
    value.insert("parameters".to_owned(), stage.parameters.clone().into());
    value.insert("counterpart".to_owned(), stage.counterpart.clone().into());
    value.into()
}
