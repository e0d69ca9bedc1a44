//! `hearth models convert`: any model as a Hugging Face folder.

use std::path::Path;

use hearth_models::convert as write_folder;
use indicatif::HumanBytes;
use serde_json::json;

use crate::args::Convert;
use crate::failure::Failure;
use crate::locate::Locator;
use crate::log::Log;
use crate::models::{print, typed};
use crate::settings::Settings;

/// Writes the folder, warns of what is odd about the model, and prints where it is.
pub(crate) fn convert(asked: &Convert, settings: &Settings) -> Result<(), Failure> {
    let from = Locator::of(&settings.all).locate(typed(&asked.model)?, Path::new(""))?;
    let written = write_folder(&from.path, &asked.output, asked.overwrite)?;
    let log = Log::of(&settings.all);
    for warning in &written.warnings {
        log.warn(&warning.to_string());
    }
    let shown = asked.output.display();
    log.info(&format!("{} written to {shown}", HumanBytes(written.bytes)));
    let warnings: Vec<String> = written.warnings.iter().map(ToString::to_string).collect();
    let value = json!({
        "schema_version": 1,
        "path": asked.output,
        "bytes": written.bytes,
        "warnings": warnings,
    });
    print(settings, &format!("{shown}\n"), &value)
}
