//! `hearth doctor`.

use std::io::Write;

use hearth::Precision;

use crate::args::Flags;
use crate::failure::{Failure, usage};
use crate::settings::Settings;

/// Prints what this machine gives, and what of it is set to be used.
pub(crate) fn print(flags: Flags) -> Result<(), Failure> {
    let session = Settings::resolve(flags)?.session()?;
    let others: Vec<_> = hearth::available_isas()
        .into_iter()
        .filter(|&isa| isa != session.kernels())
        .map(|isa| isa.to_string())
        .collect();
    let mut lines = vec![
        ("version", env!("CARGO_PKG_VERSION").to_owned()),
        ("workers", session.jobs().to_string()),
        ("devices", "cpu".to_owned()),
        ("kernels", session.kernels().to_string()),
    ];
    for precision in Precision::ALL {
        let multipliers = hearth::multipliers(session.kernels(), precision);
        lines.push((precision.name(), multipliers.join("; ")));
    }
    lines.push(("also possible", others.join(", ")));
    let mut out = std::io::stdout().lock();
    for (name, value) in lines {
        writeln!(out, "{name:<14} {value}").map_err(|e| usage(e.to_string()))?;
    }
    Ok(())
}
