//! What it takes to open a model: `open MODEL [STEP]` prints wall time, CPU time and the process's peak memory as a line of
//! JSON. STEP is `ready` (the default: read, checked and packed, ready to encode), or `open` (the weights are left where
//! they lie).

use std::path::Path;
use std::time::Instant;

use anyhow::Context;
use hearth::{Precision, Session};

fn main() -> anyhow::Result<()> {
    let mut args = std::env::args().skip(1);
    let model = args.next().context("usage: open MODEL [ready | open]")?;
    let step = args.next().unwrap_or_else(|| "ready".to_owned());
    let path = Path::new(&model);
    let session = Session::builder().build()?;
    let start = Instant::now();
    match step.as_str() {
        "ready" => drop(session.bert(path, Precision::F32, "open")?),
        "open" => drop(hearth_models::open(path)?),
        _ => anyhow::bail!("STEP is ready or open"),
    }
    let seconds = start.elapsed().as_secs_f64();
    let line = serde_json::json!({
        "model": model,
        "step": step,
        "workers": session.jobs(),
        "wall_s": (seconds * 1e3).round() / 1e3,
        "cpu_s": cpu_seconds()?,
        "peak_mib": peak_kib()? / 1024,
    });
    #[expect(clippy::print_stdout, reason = "its result")]
    {
        println!("{line}");
    }
    Ok(())
}

/// Of user and system, all threads, in hundredths (Linux).
fn cpu_seconds() -> anyhow::Result<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let after_name = stat.rsplit_once(')').context("no name")?.1;
    let ticks = after_name.split_whitespace().skip(11).take(2);
    let ticks: Vec<f64> = ticks.map(str::parse).collect::<Result<_, _>>()?;
    Ok(ticks.iter().sum::<f64>() / 100.0)
}

/// The most memory that was resident.
fn peak_kib() -> anyhow::Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    Ok(number.context("no VmHWM")?.parse()?)
}
