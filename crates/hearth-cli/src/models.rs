//! `hearth models`: what is known by name, what is on this machine, and how it gets there.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use hearth_models::cache::{Cache, Entry, Place, suggestions};
use hearth_models::names::{KNOWN, KnownModel, Reference, known};
use hearth_models::resolve::{Release, Resource, Version};
use hearth_models::{Description, describe};
use indicatif::HumanBytes;
use serde_json::{Value, json};

use crate::args::{Flags, ModelsFlags, ModelsVerb, Pull};
use crate::convert::convert;
use crate::failure::{Failure, usage};
use crate::locate::{LANGUAGE, Locator};
use crate::settings::Settings;
use crate::verify::verify;

/// Does what the verb says.
pub(crate) fn models(verb: ModelsVerb) -> Result<(), Failure> {
    match verb {
        ModelsVerb::List { flags } => list(&resolve(flags)?),
        ModelsVerb::Show { model, flags } => show(&model, &resolve(flags)?),
        ModelsVerb::Pull(pull) => {
            let settings = resolve(pull.flags.clone())?;
            fetch(&pull, &settings)
        }
        ModelsVerb::Convert(asked) => convert(&asked, &resolve(asked.flags.clone())?),
        ModelsVerb::Verify(asked) => verify(&asked, &resolve(asked.flags.clone())?),
    }
}

pub(crate) fn resolve(flags: ModelsFlags) -> Result<Settings, Failure> {
    Settings::resolve(flags.into())
}

impl From<ModelsFlags> for Flags {
    fn from(flags: ModelsFlags) -> Self {
        Flags {
            cache: flags.cache,
            offline: flags.offline,
            json: flags.json,
            quiet: flags.quiet,
            verbose: flags.verbose,
            log_format: flags.log_format,
            config: flags.config,
            ..Flags::default()
        }
    }
}

/// Lines of text, or one JSON object, on standard output.
pub(crate) fn print(settings: &Settings, text: &str, value: &Value) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    let written = match settings.all.json {
        Some(true) => writeln!(out, "{value}"),
        _ => write!(out, "{text}"),
    };
    match written {
        Err(e) if e.kind() == std::io::ErrorKind::BrokenPipe => Err(Failure::Closed),
        written => written.map_err(|e| usage(format!("standard output: {e}"))),
    }
}

fn list(settings: &Settings) -> Result<(), Failure> {
    let cache = Locator::of(&settings.all).cache;
    let entries = cache.entries()?;
    let of_model = |model: &KnownModel| {
        let mut these = entries.iter().filter(|entry| is_of(entry, model));
        these.next().map(|entry| entry.path.clone())
    };
    let mut rows = vec![["NAME", "DIMENSION", "LAYERS", "HERE", "ALSO CALLED"].map(str::to_owned)];
    for model in &KNOWN {
        rows.push([
            model.name.to_owned(),
            model.dimension.to_string(),
            model.layers.to_string(),
            of_model(model).map_or("no", |_| "yes").to_owned(),
            format!("{}, {}", model.nlu[0], model.hugging_face[0]),
        ]);
    }
    let mut text = table(&rows);
    let mut rows = vec![["ON THIS MACHINE", "OF", "SIZE", "PATH"].map(str::to_owned)];
    for entry in &entries {
        rows.push([
            entry.name.clone(),
            whose(entry.place).to_owned(),
            HumanBytes(size(&entry.path)).to_string(),
            entry.path.display().to_string(),
        ]);
    }
    text.push('\n');
    if entries.is_empty() {
        text += &format!(
            "No models on this machine (looked in {}).\n",
            places(&cache)
        );
    } else {
        text += &table(&rows);
    }
    let models: Vec<Value> = KNOWN
        .iter()
        .map(|model| {
            let mut value = card(model);
            value["path"] = json!(of_model(model));
            value
        })
        .collect();
    let here: Vec<Value> = entries.iter().map(on_disk).collect();
    print(
        settings,
        &text,
        &json!({ "schema_version": 1, "models": models, "cache": here }),
    )
}

fn show(model: &Path, settings: &Settings) -> Result<(), Failure> {
    let name = model.to_string_lossy();
    if model.exists() {
        let description = describe(model)?;
        let text = lines(&about_path(model, &description));
        let value = json!({ "schema_version": 1, "path": model, "model": config(&description) });
        return print(settings, &text, &value);
    }
    let locator = Locator::of(&settings.all);
    let reference = Reference::parse(&name).ok_or_else(|| {
        usage(format!(
            "model {name}: nothing is there, and no model has this name{}",
            suggestions(&name)
        ))
    })?;
    let path = locator
        .cache
        .find(&reference, LANGUAGE, &Release::default())?;
    let id = name.split('@').next().unwrap_or_default();
    let model = known(id);
    if model.is_none() && path.is_none() {
        return Err(usage(format!(
            "model {name} is neither known by name nor on this machine (looked in {}){}",
            places(&locator.cache),
            suggestions(&name)
        )));
    }
    let mut about = Vec::new();
    if let Some(model) = model {
        about.extend([
            ("name", model.name.to_owned()),
            ("language", model.language.to_owned()),
            ("archive", format!("{} ({})", model.zip, model.date)),
            ("nlu", model.nlu.join(", ")),
            ("Hugging Face", model.hugging_face.join(", ")),
            ("made from", model.source.to_owned()),
            (
                "encoder",
                format!(
                    "{} dimensions, {} layers, {} heads",
                    model.dimension, model.layers, model.heads
                ),
            ),
        ]);
    }
    let mut value =
        json!({ "schema_version": 1, "card": model.map(card), "path": path, "model": null });
    match &path {
        Some(path) => {
            let description = describe(path)?;
            about.extend(about_path(path, &description));
            value["model"] = config(&description);
        }
        None => about.push((
            "path",
            format!("not on this machine; `hearth models pull {name}` fetches it"),
        )),
    }
    print(settings, &lines(&about), &value)
}

fn fetch(pull: &Pull, settings: &Settings) -> Result<(), Failure> {
    let locator = Locator::of(&settings.all);
    let exact = exact(pull)?;
    let path = if let Some(zip) = exact {
        match (locator.cache.find_archive(&zip), locator.offline) {
            (Some(path), _) => path,
            (None, Some(why)) => {
                let place = locator.cache.models().join(zip.trim_end_matches(".zip"));
                return Err(usage(format!(
                    "{zip} is not on this machine; {why}: unpack it into {}",
                    place.display()
                )));
            }
            (None, None) => locator.fetch_archive(&zip)?,
        }
    } else {
        let name = pull.name.as_deref().unwrap_or_default();
        let reference = Reference::parse(name)
            .ok_or_else(|| usage(format!("{name} is no name of a model{}", suggestions(name))))?;
        let release = Release {
            spark_nlp: pull
                .spark_nlp
                .as_deref()
                .map_or_else(|| Release::default().spark_nlp, Version::parse),
            spark: pull
                .spark
                .as_deref()
                .map_or_else(|| Release::default().spark, Version::parse),
        };
        match locator.offline {
            Some(why) => locator
                .cache
                .find(&reference, &pull.language, &release)?
                .ok_or_else(|| locator.cache.absent(&reference, why))?,
            None => locator.fetch(&reference, &pull.language, &release)?,
        }
    };
    let text = format!("{}\n", path.display());
    print(
        settings,
        &text,
        &json!({ "schema_version": 1, "path": path }),
    )
}

/// The archive that is asked for by its own name.
fn exact(pull: &Pull) -> Result<Option<String>, Failure> {
    let Some(zip) = &pull.exact else {
        return Ok(None);
    };
    let name = pull.name.as_deref();
    let Some(name) = name else {
        return Ok(Some(zip.clone()));
    };
    let model = known(name);
    if zip.is_empty() {
        let model = model.ok_or_else(|| {
            usage(format!(
                "{name} has no card here: --exact needs the archive's name"
            ))
        })?;
        return Ok(Some(model.zip.to_owned()));
    }
    let of = Resource::from_stem(zip.trim_end_matches(".zip"));
    let name = model.map_or(name, |model| model.name);
    match of {
        Some(of) if of.name == name => Ok(Some(zip.clone())),
        _ => Err(usage(format!(
            "--exact {zip}: this is no archive of {name}"
        ))),
    }
}

fn is_of(entry: &Entry, model: &KnownModel) -> bool {
    entry.name == model.name || model.hugging_face.contains(&entry.name.as_str())
}

fn whose(place: Place) -> &'static str {
    match place {
        Place::Hearth => "Hearth",
        Place::SparkNlp => "Spark NLP",
        Place::HuggingFace => "Hugging Face",
    }
}

fn places(cache: &Cache) -> String {
    let places = [
        Some(cache.models()),
        cache.spark_nlp.clone(),
        cache.hugging_face.clone(),
    ];
    let places: Vec<_> = places
        .iter()
        .flatten()
        .map(|place| place.display().to_string())
        .collect();
    places.join(", ")
}

/// Bytes of a folder's files.
fn size(path: &Path) -> u64 {
    let Ok(meta) = fs::metadata(path) else {
        return 0;
    };
    if !meta.is_dir() {
        return meta.len();
    }
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    entries.map(|entry| size(&entry.path())).sum()
}

fn about_path(path: &Path, description: &Description) -> Vec<(&'static str, String)> {
    let config = &description.config;
    let yes_no = |yes: Option<bool>| yes.map_or("not said", |yes| if yes { "yes" } else { "no" });
    vec![
        ("path", path.display().to_string()),
        ("size", HumanBytes(size(path)).to_string()),
        ("vectors", format!("{} dimensions", config.hidden_size)),
        (
            "layers",
            format!(
                "{} with {} heads",
                config.num_hidden_layers, config.num_attention_heads
            ),
        ),
        ("words", config.vocab_size.to_string()),
        ("positions", config.max_position_embeddings.to_string()),
        ("GELU", format!("{:?}", config.hidden_act)),
        (
            "keeps case",
            yes_no(description.settings.case_sensitive).to_owned(),
        ),
    ]
}

fn config(description: &Description) -> Value {
    let config = &description.config;
    json!({
        "name": description.name,
        "hidden_size": config.hidden_size,
        "num_hidden_layers": config.num_hidden_layers,
        "num_attention_heads": config.num_attention_heads,
        "intermediate_size": config.intermediate_size,
        "vocab_size": config.vocab_size,
        "max_position_embeddings": config.max_position_embeddings,
        "hidden_act": format!("{:?}", config.hidden_act),
        "case_sensitive": description.settings.case_sensitive,
    })
}

fn card(model: &KnownModel) -> Value {
    json!({
        "name": model.name,
        "language": model.language,
        "zip": model.zip,
        "date": model.date,
        "nlu": model.nlu,
        "hugging_face": model.hugging_face,
        "source": model.source,
        "dimension": model.dimension,
        "layers": model.layers,
        "heads": model.heads,
    })
}

fn on_disk(entry: &Entry) -> Value {
    json!({
        "name": entry.name,
        "place": whose(entry.place),
        "archive": entry.archive.as_ref().map(Resource::file_name),
        "path": entry.path,
        "bytes": size(&entry.path),
        "source": entry.record,
    })
}

/// Columns as wide as their widest entry.
fn table<const N: usize>(rows: &[[String; N]]) -> String {
    let widths: Vec<usize> = (0..N)
        .map(|column| {
            rows.iter()
                .map(|row| row[column].chars().count())
                .max()
                .unwrap_or(0)
        })
        .collect();
    let mut text = String::new();
    for row in rows {
        let cells: Vec<String> = row
            .iter()
            .zip(&widths)
            .map(|(cell, &width)| format!("{cell:<width$}"))
            .collect();
        text += cells.join("  ").trim_end();
        text.push('\n');
    }
    text
}

pub(crate) fn lines(about: &[(&'static str, String)]) -> String {
    about
        .iter()
        .map(|(name, value)| format!("{name:<14} {value}\n"))
        .collect()
}

/// The model that is typed, as a path for whoever opens it.
pub(crate) fn typed(model: &Path) -> Result<&str, Failure> {
    let shown = || {
        usage(format!(
            "--model {}: the path is not UTF-8",
            PathBuf::from(model).display()
        ))
    };
    model.to_str().ok_or_else(shown)
}
