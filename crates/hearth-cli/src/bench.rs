//! `hearth bench`: how fast this machine encodes, beside its own peak.

use std::path::Path;

use hearth::benchmark::{Benchmark, Deviation, Size, Turn};
use hearth::{Precision, Session};
use serde_json::{Value, json};

use crate::args::{Bench, Flags, SizeName};
use crate::failure::{Failure, usage};
use crate::locate::Locator;
use crate::log::Log;
use crate::models::{print, typed};
use crate::settings::Settings;
use crate::summary::grouped;

/// Measures and prints.
pub(crate) fn bench(asked: Bench) -> Result<(), Failure> {
    if asked.rounds == 0 {
        return Err(usage("--rounds 0: at least one is needed"));
    }
    let settings = &Settings::resolve(Flags {
        model: asked.model,
        kernels: asked.kernels,
        jobs: asked.jobs,
        ..asked.flags.into()
    })?;
    let session = settings.session()?;
    let mut precisions = match asked.precision.as_slice() {
        [] => Precision::ALL.to_vec(),
        // The others are compared with it.
        _ => vec![Precision::F32],
    };
    for precision in asked.precision.into_iter().map(Precision::from) {
        if !precisions.contains(&precision) {
            precisions.push(precision);
        }
    }
    let model = settings.all.model.as_ref();
    let model = model.filter(|_| asked.size.is_none());
    let (name, benchmark) = match model {
        Some(model) => {
            let path = Locator::of(&settings.all)
                .locate(typed(model)?, Path::new(""))?
                .path;
            let benchmark = Benchmark::of_model(&session, &path, &precisions)?;
            (model.display().to_string(), benchmark)
        }
        None => {
            let size = asked.size.unwrap_or(SizeName::Base);
            let benchmark = Benchmark::of_size(&session, size.into(), &precisions)?;
            let name = match size {
                SizeName::Minilm => "MiniLM",
                SizeName::Base => "BERT-base",
                SizeName::Large => "BERT-large",
            };
            (format!("{name}, made-up weights"), benchmark)
        }
    };
    let log = Log::of(&settings.all);
    let mut turns: Vec<Vec<Turn>> = vec![Vec::new(); precisions.len()];
    for round in 0..asked.rounds {
        log.info(&format!("round {} of {}", round + 1, asked.rounds));
        let mut order: Vec<usize> = (0..precisions.len()).collect();
        if round % 2 == 1 {
            order.reverse();
        }
        for n in order {
            turns[n].push(benchmark.turn(n)?);
        }
    }
    let mut rows = Vec::new();
    for (n, turns) in turns.iter().enumerate() {
        let deviation = match (n, model) {
            (0, _) | (_, None) => None,
            (_, Some(_)) => Some(benchmark.deviation(n, 0)?),
        };
        rows.push(Row::of(precisions[n], turns, deviation));
    }
    print(
        settings,
        &table(&name, &session, &benchmark, asked.rounds, &rows),
        &json!({
            "schema_version": 1,
            "model": name,
            "kernels": session.kernels().to_string(),
            "jobs": session.jobs(),
            "rounds": asked.rounds,
            "sentences": benchmark.sentences(),
            "tokens": benchmark.tokens(),
            "precisions": rows.iter().map(Row::json).collect::<Vec<_>>(),
        }),
    )
}

/// What came of the turns of a precision.
struct Row {
    precision: Precision,
    tokens: Spread,
    speed: Spread,
    share: Option<Spread>,
    deviation: Option<Deviation>,
}

impl Row {
    fn of(precision: Precision, turns: &[Turn], deviation: Option<Deviation>) -> Self {
        let shares: Option<Vec<f64>> = turns.iter().map(|turn| turn.share).collect();
        Row {
            precision,
            tokens: Spread::of(turns.iter().map(|turn| turn.tokens as f64 / turn.seconds)),
            speed: Spread::of(turns.iter().map(|turn| turn.speed)),
            share: shares.map(Spread::of),
            deviation,
        }
    }

    fn json(&self) -> Value {
        json!({
            "precision": self.precision.name(),
            "tokens_per_second": self.tokens.json(),
            "operations_per_second": self.speed.json(),
            "share_of_peak": self.share.as_ref().map(Spread::json),
            "against_f32": self.deviation.map(|deviation| json!({
                "median_cosine": deviation.median_cosine,
                "worst_cosine": deviation.worst_cosine,
                "largest_difference": deviation.largest,
            })),
        })
    }
}

struct Spread {
    min: f64,
    median: f64,
    max: f64,
}

impl Spread {
    fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_unstable_by(f64::total_cmp);
        let at = |n: usize| values.get(n).copied().unwrap_or(0.0);
        Spread {
            min: at(0),
            median: at(values.len() / 2),
            max: at(values.len().saturating_sub(1)),
        }
    }

    fn json(&self) -> Value {
        json!({ "min": self.min, "median": self.median, "max": self.max })
    }
}

fn table(
    name: &str,
    session: &Session,
    benchmark: &Benchmark,
    rounds: usize,
    rows: &[Row],
) -> String {
    let mut text = format!(
        "{name}: {} sentences, {} tokens; {} kernels, {} workers, {rounds} rounds\n",
        benchmark.sentences(),
        grouped(benchmark.tokens() as u64),
        session.kernels(),
        session.jobs(),
    );
    text += "precision    tokens/s      GFLOP/s   of the peak (min - max)   cosine with f32: median, worst   largest difference\n";
    for row in rows {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "tokens a second"
        )]
        let tokens = grouped(row.tokens.median as u64);
        let share = match &row.share {
            Some(share) => format!(
                "{:.1} % ({:.1} - {:.1})",
                100.0 * share.median,
                100.0 * share.min,
                100.0 * share.max
            ),
            None => "not known".to_owned(),
        };
        text += &format!(
            "{:<10} {tokens:>10} {:>12.1}   {share:<24}",
            row.precision.name(),
            row.speed.median / 1e9,
        );
        if let Some(deviation) = &row.deviation {
            text += &format!(
                "  {:.6}, {:.6} {:>28.2e}",
                deviation.median_cosine, deviation.worst_cosine, deviation.largest
            );
        }
        text.truncate(text.trim_end().len());
        text.push('\n');
    }
    text
}

impl From<SizeName> for Size {
    fn from(size: SizeName) -> Self {
        match size {
            SizeName::Minilm => Size::MiniLm,
            SizeName::Base => Size::Base,
            SizeName::Large => Size::Large,
        }
    }
}
