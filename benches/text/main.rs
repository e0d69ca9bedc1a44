//! Speed of the text stages on one core, beside that of others.
//!
//! - `cargo bench -p hearth-benches --bench text`: Criterion, for a look at one's own change.
//! - with `--features peers`: the others too.
//! - `... -- --record FOLDER [--rounds N] [--spark LAB]`: all of them in turn, round after round, in reversed order every
//!   second round; writes `raw.csv` and `summary.md`. `run.sh` does that and says on which machine. LAB is a folder that
//!   `spark_nlp/setup.sh` made.
#![allow(clippy::print_stdout)]

mod case;
mod corpus;
mod ours;
#[cfg(feature = "peers")]
mod peers;
mod record;
mod spark;

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use criterion::{Criterion, Throughput};

use case::{Case, Task};
use corpus::Corpus;

/// That of the `hearth` command.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Bytes of a corpus: more than the caches of a core.
const BYTES: usize = 16 << 20;
/// Bytes of its part for what takes long.
const SMALLER: usize = 4 << 20;

struct Texts {
    corpus: Corpus,
    smaller: Corpus,
    tokens: Vec<String>,
}

fn main() -> Result<()> {
    let arguments = Arguments::read()?;
    let mut texts = Vec::new();
    for corpus in corpus::load(BYTES)? {
        let smaller = corpus.first(SMALLER);
        let tokens = ours::tokens(&smaller)?;
        texts.push(Texts {
            corpus,
            smaller,
            tokens,
        });
    }
    let mut cases = Vec::new();
    for Texts {
        corpus,
        smaller,
        tokens,
    } in &texts
    {
        cases.extend(ours::cases(corpus, smaller, tokens)?);
        #[cfg(feature = "peers")]
        cases.extend(peers::cases(corpus, smaller, tokens)?);
    }
    let Some(folder) = arguments.record else {
        criterion(cases);
        return Ok(());
    };
    if let Some(lab) = &arguments.spark {
        cases.extend(spark::cases(lab, texts.iter().map(|t| &t.smaller))?);
    }
    record::write(cases, arguments.rounds, &folder)
}

/// The words after `--` that Criterion does not know.
struct Arguments {
    record: Option<PathBuf>,
    rounds: usize,
    spark: Option<PathBuf>,
}

impl Arguments {
    fn read() -> Result<Self> {
        let mut arguments = Arguments {
            record: None,
            rounds: 9,
            spark: None,
        };
        let mut words = std::env::args().skip(1);
        while let Some(word) = words.next() {
            let mut value = || {
                words
                    .next()
                    .with_context(|| format!("{word} needs a value"))
            };
            match word.as_str() {
                "--record" => arguments.record = Some(value()?.into()),
                "--rounds" => arguments.rounds = value()?.parse()?,
                "--spark" => arguments.spark = Some(value()?.into()),
                _ => {}
            }
        }
        if arguments.record.is_none() && arguments.spark.is_some() {
            bail!("--spark goes with --record");
        }
        Ok(arguments)
    }
}

fn criterion(mut cases: Vec<Case<'_>>) {
    let mut criterion = Criterion::default().sample_size(10).configure_from_args();
    for task in Task::ALL {
        for case in cases.iter_mut().filter(|case| case.task == task) {
            let mut group = criterion.benchmark_group(format!("{}/{}", task.name(), case.corpus));
            group.throughput(Throughput::Bytes(case.bytes as u64));
            group.bench_function(case.program, |b| b.iter(|| (case.run)()));
            group.finish();
        }
    }
    criterion.final_summary();
}
