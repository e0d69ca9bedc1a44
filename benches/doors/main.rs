//! What the doors cost over the Rust pipeline: pooled vectors of the same rows through each, in turn, in reversed order every
//! second round.
//!
//! `usage: doors RECORD MODEL ROWS WORDS [ROUNDS]`
//!
//! ROWS texts of WORDS random words each, all different. Makes RECORD/raw.csv and RECORD/README.md.
#![allow(clippy::print_stderr, reason = "progress")]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, bail, ensure};
use arrow::array::{ArrayRef, RecordBatch, StringArray};
use futures_util::StreamExt;
use hearth::border::{Border, Layout, Offsets};
use hearth::stages::{BertEmbeddings, Level};
use hearth::{BoundPipeline, Pipeline, Session};
use hearth_datafusion::datafusion::datasource::MemTable;
use hearth_datafusion::datafusion::prelude::{SessionConfig, SessionContext, col};
use hearth_datafusion::{HearthDataFrame, configure, install};
use hearth_polars::polars::prelude as pl;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const BATCH: usize = 8192;

struct Doors {
    session: Session,
    model: String,
    batches: Vec<RecordBatch>,
    rows: usize,
    bound: BoundPipeline,
    frame: pl::DataFrame,
}

impl Doors {
    fn bert(&self) -> BertEmbeddings {
        BertEmbeddings {
            model: Some(self.model.clone().into()),
            level: Level::Document,
            ..Default::default()
        }
    }

    fn rust(&self) -> anyhow::Result<usize> {
        let mut run = self.bound.start();
        let mut rows = 0;
        for batch in &self.batches {
            run.push(batch.clone())?;
            while let Some(part) = run.pull()? {
                rows += part.batch.num_rows();
            }
        }
        run.finish();
        while let Some(part) = run.pull()? {
            rows += part.batch.num_rows();
        }
        Ok(rows)
    }

    async fn datafusion(&self, node: bool, partitions: usize) -> anyhow::Result<usize> {
        let config = SessionConfig::new()
            .with_batch_size(BATCH)
            .with_target_partitions(partitions);
        let context = SessionContext::new_with_config(configure(config));
        install(&context, &self.session)?;
        let mut parts = vec![Vec::new(); partitions];
        for (number, batch) in self.batches.iter().enumerate() {
            parts[number % partitions].push(batch.clone());
        }
        let table = MemTable::try_new(self.batches[0].schema(), parts)?;
        context.register_table("texts", Arc::new(table))?;
        let frame = match node {
            true => {
                let pipeline = Pipeline::embed_with("text", self.bert());
                let frame = context
                    .table("texts")
                    .await?
                    .hearth(&self.session, &pipeline)?;
                frame.select(vec![col("embeddings")])?
            }
            false => {
                context
                    .sql(&format!(
                        "SELECT embed_text(text, '{}') v FROM texts",
                        self.model
                    ))
                    .await?
            }
        };
        let mut rows = 0;
        let mut stream = frame.execute_stream().await?;
        while let Some(batch) = stream.next().await {
            rows += batch?.num_rows();
        }
        Ok(rows)
    }

    fn polars(&self) -> anyhow::Result<usize> {
        let vectors = hearth_polars::embed_text(pl::col("text"), &self.session, self.bert())?;
        let lazy = pl::IntoLazy::lazy(self.frame.clone()).select([vectors]);
        Ok(lazy
            .collect_with_engine(pl::Engine::Streaming)?
            .unwrap_single()
            .height())
    }
}

/// `n` texts of `words` words.
fn texts(n: usize, words: usize) -> Vec<String> {
    let source = include_str!("../../data/corpora/sample.jsonl");
    let known: Vec<&str> = source
        .split(|c: char| !c.is_ascii_alphabetic())
        .filter(|word| (2..12).contains(&word.len()))
        .collect();
    let mut state = 12345_u64;
    let mut word = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        known[usize::try_from(state >> 33).unwrap_or(0) % known.len()]
    };
    let text = |_| (0..words).map(|_| word()).collect::<Vec<_>>().join(" ") + ".";
    (0..n).map(text).collect()
}

fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn main() -> anyhow::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [record, model, rows, words, rest @ ..] = &args[..] else {
        bail!("usage: doors RECORD MODEL ROWS WORDS [ROUNDS]");
    };
    let (rows, words): (usize, usize) = (rows.parse()?, words.parse()?);
    let rounds: usize = rest.first().map_or(Ok(5), |rounds| rounds.parse())?;
    let texts = texts(rows, words);
    let batches = texts.chunks(BATCH).map(|texts| {
        let array: ArrayRef = Arc::new(StringArray::from_iter_values(texts));
        RecordBatch::try_from_iter_with_nullable([("text", array, true)])
    });
    let batches: Vec<RecordBatch> = batches.collect::<Result<_, _>>()?;
    let session = Session::builder().build()?;
    let bert = BertEmbeddings {
        model: Some(model.into()),
        level: Level::Document,
        ..Default::default()
    };
    let loaded = session.load(&Pipeline::embed_with("text", bert))?;
    let bound = loaded.bind(&batches[0].schema())?.with_border(&Border {
        layout: Layout::Nested(Offsets::Char),
        columns: Some(vec!["embeddings".to_owned()]),
    })?;
    let column = pl::Column::new("text".into(), &texts);
    let doors = Doors {
        session: session.clone(),
        model: model.clone(),
        batches,
        rows,
        bound,
        frame: pl::DataFrame::new(texts.len(), vec![column])?,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;

    let names = [
        "Rust",
        "SQL",
        "SQL, 2 partitions",
        "DataFrame node",
        "DataFrame node, 2 partitions",
        "Polars, streaming",
    ];
    let mut seconds = vec![Vec::new(); names.len()];
    for round in 0..=rounds {
        let order: Vec<usize> = match round % 2 {
            0 => (0..names.len()).collect(),
            _ => (0..names.len()).rev().collect(),
        };
        for door in order {
            let start = Instant::now();
            let found = match door {
                0 => doors.rust()?,
                1 => runtime.block_on(doors.datafusion(false, 1))?,
                2 => runtime.block_on(doors.datafusion(false, 2))?,
                3 => runtime.block_on(doors.datafusion(true, 1))?,
                4 => runtime.block_on(doors.datafusion(true, 2))?,
                _ => doors.polars()?,
            };
            ensure!(found == doors.rows, "{}: {found} rows", names[door]);
            // The first round warms up.
            if round > 0 {
                seconds[door].push(start.elapsed().as_secs_f64());
            }
        }
        eprintln!("round {round} of {rounds}");
    }

    let record = Path::new(record);
    fs::create_dir_all(record)?;
    let mut raw = String::from("door,round,seconds\n");
    let mut readme = format!(
        "# The doors over the Rust pipeline\n\n{rows} texts of {words} words, one pooled vector each, {} workers, {rounds} rounds after one that warms \
         up, every door in every round, in reversed order every second one. Made by `benches/doors`; all figures: [raw.csv](raw.csv).\n\n\
         | door | seconds min | median | max | over Rust: min | median | max |\n|---|---:|---:|---:|---:|---:|---:|\n",
        session.jobs()
    );
    for (name, times) in names.iter().zip(&seconds) {
        for (round, time) in times.iter().enumerate() {
            writeln!(raw, "\"{name}\",{round},{time:.6}")?;
        }
        let over: Vec<f64> = times
            .iter()
            .zip(&seconds[0])
            .map(|(time, rust)| time / rust - 1.0)
            .collect();
        let three = |values: &[f64], show: fn(f64) -> String| -> anyhow::Result<String> {
            let least = values
                .iter()
                .copied()
                .reduce(f64::min)
                .context("no round")?;
            let most = values
                .iter()
                .copied()
                .reduce(f64::max)
                .context("no round")?;
            Ok(format!(
                "{} | {} | {}",
                show(least),
                show(median(values)),
                show(most)
            ))
        };
        writeln!(
            readme,
            "| {name} | {} | {} |",
            three(times, |time| format!("{time:.3}"))?,
            three(&over, |share| format!("{:+.1} %", share * 100.0))?
        )?;
    }
    fs::write(record.join("raw.csv"), raw)?;
    fs::write(record.join("README.md"), readme)?;
    Ok(())
}
