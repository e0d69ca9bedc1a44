//! All cases in turn, round after round: raw figures and tables.

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::case::{Case, OURS, Task};

/// How long a case runs per round at least: whole runs until then.
const TURN: Duration = Duration::from_millis(250);

/// One case in one round.
struct Turn {
    case: usize,
    round: usize,
    bytes: usize,
    items: usize,
    seconds: f64,
}

impl Turn {
    /// Megabytes in a second.
    fn speed(&self) -> f64 {
        self.bytes as f64 / 1e6 / self.seconds
    }

    /// Millions of items in a second.
    fn items(&self) -> f64 {
        self.items as f64 / 1e6 / self.seconds
    }
}

/// Runs every case once to warm up and then `rounds` times, and writes `raw.csv` and `summary.md`.
pub(crate) fn write(mut cases: Vec<Case<'_>>, rounds: usize, folder: &Path) -> Result<()> {
    if rounds == 0 {
        bail!("--rounds must be at least 1");
    }
    for case in &mut cases {
        (case.run)().with_context(|| name(case))?;
    }
    let mut turns = Vec::new();
    for round in 0..rounds {
        println!("round {} of {rounds}", round + 1);
        // What is compared runs side by side, the one first that was last before.
        let mut order: Vec<usize> = (0..cases.len()).collect();
        order.sort_by_key(|&i| (cases[i].corpus, cases[i].task));
        if round % 2 == 1 {
            order.reverse();
        }
        for index in order {
            let case = &mut cases[index];
            turns.push(turn(case, index, round).with_context(|| name(case))?);
        }
    }
    fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    fs::write(folder.join("raw.csv"), raw(&cases, &turns)?)?;
    fs::write(folder.join("summary.md"), summary(&cases, &turns)?)?;
    Ok(())
}

fn name(case: &Case<'_>) -> String {
    format!(
        "{} of {} by {}",
        case.task.name(),
        case.corpus,
        case.program
    )
}

fn turn(case: &mut Case<'_>, index: usize, round: usize) -> Result<Turn> {
    let mut turn = Turn {
        case: index,
        round,
        bytes: 0,
        items: 0,
        seconds: 0.0,
    };
    // Memory that was given back since its last turn is fetched again, untimed.
    (case.run)()?;
    let start = Instant::now();
    while start.elapsed() < TURN {
        turn.items += (case.run)()?;
        turn.bytes += case.bytes;
    }
    turn.seconds = start.elapsed().as_secs_f64();
    Ok(turn)
}

fn raw(cases: &[Case<'_>], turns: &[Turn]) -> Result<String> {
    let mut csv = "round,corpus,task,program,bytes,items,seconds\n".to_owned();
    for turn in turns {
        let case = &cases[turn.case];
        writeln!(
            csv,
            "{},{},{},\"{}\",{},{},{:.6}",
            turn.round,
            case.corpus,
            case.task.name(),
            case.program,
            turn.bytes,
            turn.items,
            turn.seconds
        )?;
    }
    Ok(csv)
}

/// A table per task. The ratio is that of one round's speeds; its median is taken over the rounds.
fn summary(cases: &[Case<'_>], turns: &[Turn]) -> Result<String> {
    let mut out = String::new();
    for task in Task::ALL {
        writeln!(out, "## {}\n", task.title())?;
        writeln!(
            out,
            "| corpus | program | MB/s min | median | max | M items/s median | hearth is faster by: min | median | max |"
        )?;
        writeln!(out, "|---|---|---:|---:|---:|---:|---:|---:|---:|")?;
        let mut rows: Vec<usize> = (0..cases.len())
            .filter(|&i| cases[i].task == task)
            .collect();
        rows.sort_by_key(|&i| cases[i].corpus);
        for index in rows {
            let case = &cases[index];
            let ours = cases.iter().position(|other| {
                (other.task, other.corpus, other.program) == (task, case.corpus, OURS)
            });
            let of = |index| turns.iter().filter(move |turn| turn.case == index);
            let speeds = of(index).map(Turn::speed).collect();
            let items = of(index).map(Turn::items).collect();
            let ratios = ours.map(|ours| {
                let round = |turn: &Turn| {
                    let other = of(ours).find(|other| other.round == turn.round);
                    other.map(|other| other.speed() / turn.speed())
                };
                of(index).filter_map(round).collect::<Vec<f64>>()
            });
            let [low, middle, high] = spread(speeds);
            let [_, millions, _] = spread(items);
            let [least, usual, most] = spread(ratios.unwrap_or_default());
            writeln!(
                out,
                "| {} | {} | {low:.1} | {middle:.1} | {high:.1} | {millions:.2} | {least:.2} | {usual:.2} | {most:.2} |",
                case.corpus, case.program
            )?;
        }
        writeln!(out)?;
    }
    Ok(out)
}

/// Least, median and greatest.
fn spread(mut values: Vec<f64>) -> [f64; 3] {
    values.sort_by(f64::total_cmp);
    match (values.first(), values.get(values.len() / 2), values.last()) {
        (Some(&low), Some(&middle), Some(&high)) => [low, middle, high],
        _ => [f64::NAN; 3],
    }
}
