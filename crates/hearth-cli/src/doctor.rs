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
    lines.push(("also possible", isas[1..].join(", ")));
    let mut out = std::io::stdout().lock();
    for (name, value) in lines {
        writeln!(out, "{name:<14} {value}").map_err(|e| usage(e.to_string()))?;
    }
    Ok(())
}
