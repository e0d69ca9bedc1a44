//! `hearth doctor`.

use std::io::Write;

use hearth::{Precision, Session};

use crate::failure::{Failure, usage};

/// Prints what this machine gives.
pub(crate) fn print() -> Result<(), Failure> {
    let session = Session::builder().build()?;
    let isas: Vec<_> = hearth::available_isas()
        .iter()
        .map(ToString::to_string)
        .collect();
    let lines = [
        ("version", env!("CARGO_PKG_VERSION").to_owned()),
        ("workers", session.jobs().to_string()),
        ("kernels", session.kernels().to_string()),
        ("also possible", isas[1..].join(", ")),
        ("devices", "cpu".to_owned()),
        ("precisions", Precision::ALL.map(Precision::name).join(", ")),
    ];
    let mut out = std::io::stdout().lock();
    for (name, value) in lines {
        writeln!(out, "{name:<14} {value}").map_err(|e| usage(e.to_string()))?;
    }
    Ok(())
}
