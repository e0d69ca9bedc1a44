//! Hearth as one of the programs of `run.py`: `encode MODEL PRECISION IDS THREADS` says READY, then for each line on its
//! standard input the seconds that all sequences of IDS took. IDS is a JSON list of lists of ids.
#![allow(clippy::print_stdout, reason = "its answers")]

use std::io::Write;
use std::path::Path;

use anyhow::Context;
use hearth::Session;
use hearth::benchmark::Benchmark;

/// That of the `hearth` command.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> anyhow::Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [model, precision, ids, threads] = words.as_slice() else {
        anyhow::bail!("usage: encode MODEL PRECISION IDS THREADS");
    };
    let ids = std::fs::read(ids).with_context(|| ids.clone())?;
    let sequences: Vec<Vec<u32>> = serde_json::from_slice(&ids)?;
    let session = Session::builder().jobs(threads.parse()?).build()?;
    let precisions = [precision.parse()?];
    let benchmark = Benchmark::of_sequences(&session, Path::new(model), &precisions, sequences)?;
    benchmark.pass(0)?;
    println!("READY");
    for line in std::io::stdin().lines() {
        line?;
        println!("{}", benchmark.pass(0)?.as_secs_f64());
        std::io::stdout().flush()?;
    }
    Ok(())
}
