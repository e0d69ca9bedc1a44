//! What is meant: flag over environment over file over default.

use std::path::{Path, PathBuf};

use hearth::Session;

use crate::args::{
    CompatName, Device, Flags, KernelsName, LayoutName, LevelName, LogFormat, Overflow, PiecesName,
    PrecisionName, Txt, Unit,
};
use crate::failure::{Failure, usage};

/// Takes each field of the first that is set, else that of the second.
macro_rules! over {
    ($first:expr, $second:expr; $($field:ident),* $(,)?) => {{
        let (first, second): (Flags, Flags) = ($first, $second);
        Flags { $($field: first.$field.or(second.$field)),* }
    }};
}

/// One layer over another.
pub(crate) fn over(first: Flags, second: Flags) -> Flags {
    over!(first, second; output, columns, overwrite, model, text_column, txt, layout, offsets, case_sensitive,
        max_sentence_length, batch_size, precision, kernels, device, jobs, compat, pieces, on_overflow, level, pooling, normalize, dim, ignore_unknown_stages, json, quiet, verbose,
        log_format, cache, offline, config)
}

/// The values of what nobody sets. The model's own parameters have theirs in the model and the pipeline.
pub(crate) fn defaults() -> Flags {
    Flags {
        overwrite: Some(false),
        text_column: Some("text".to_owned()),
        txt: Some(Txt::Lines),
        layout: Some(LayoutName::Nested),
        precision: Some(PrecisionName::F32),
        kernels: Some(KernelsName::Auto),
        device: Some(Device::Cpu),
        compat: Some(CompatName::Spark),
        pieces: Some(PiecesName::Mean),
        on_overflow: Some(Overflow::Truncate),
        level: Some(LevelName::Token),
        normalize: Some(false),
        ignore_unknown_stages: Some(false),
        json: Some(false),
        quiet: Some(false),
        verbose: Some(false),
        log_format: Some(LogFormat::Text),
        offline: Some(false),
        ..Flags::default()
    }
}

/// The settings file: the one named, else `hearth.toml` in the working directory, if there is one.
pub(crate) fn file(named: Option<&Path>) -> Result<(Option<PathBuf>, Flags), Failure> {
    let path = match named {
        Some(path) => path.to_owned(),
        None if Path::new("hearth.toml").is_file() => PathBuf::from("hearth.toml"),
        None => return Ok((None, Flags::default())),
    };
    let text =
        std::fs::read_to_string(&path).map_err(|e| usage(format!("{}: {e}", path.display())))?;
    let flags = toml::from_str(&text).map_err(|e| usage(format!("{}: {e}", path.display())))?;
    Ok((Some(path), flags))
}

/// What was set by the user, and the defaults.
#[derive(Debug)]
pub(crate) struct Settings {
    /// Flag and environment.
    pub(crate) typed: Flags,
    /// The same over the file over the defaults.
    pub(crate) all: Flags,
}

impl Settings {
    /// A session with the workers and kernels that are set.
    pub(crate) fn session(&self) -> Result<Session, Failure> {
        let mut builder = Session::builder();
        if let Some(jobs) = self.all.jobs {
            builder = builder.jobs(jobs);
        }
        if let Some(isa) = self.all.kernels.and_then(KernelsName::isa) {
            builder = builder.kernels(isa);
        }
        Ok(builder.build()?)
    }

    pub(crate) fn resolve(flags: Flags) -> Result<Self, Failure> {
        let (_, file) = file(flags.config.as_deref())?;
        let all = over(over(flags.clone(), file), defaults());
        if all.jobs == Some(0) {
            return Err(usage(
                "--jobs 0: at least one worker is needed; leave it out for one per core",
            ));
        }
        if all.layout == Some(LayoutName::Spark)
            && all.offsets.is_some_and(|unit| unit != Unit::Utf16)
        {
            return Err(usage(
                "--offsets: the spark layout always counts in utf16; leave it out",
            ));
        }
        Ok(Settings { typed: flags, all })
    }

    pub(crate) fn text_column(&self) -> &str {
        self.all.text_column.as_deref().unwrap_or("text")
    }

    pub(crate) fn layout(&self) -> hearth::border::Layout {
        let unit = self.all.offsets.unwrap_or(Unit::Char).into();
        match self.all.layout {
            Some(LayoutName::Rows) => hearth::border::Layout::Rows(unit),
            Some(LayoutName::Spark) => hearth::border::Layout::Spark,
            Some(LayoutName::Nested) | None => hearth::border::Layout::Nested(unit),
        }
    }
}
