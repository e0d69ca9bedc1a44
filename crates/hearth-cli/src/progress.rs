//! How far the work is: a bar on a terminal, a line now and then elsewhere.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use hearth::Totals;
use indicatif::{HumanBytes, HumanDuration, ProgressBar, ProgressStyle};
use serde_json::json;

use crate::log::Log;
use crate::summary::grouped;

/// Time between two lines where there is no terminal.
const PAUSE: Duration = Duration::from_secs(10);

/// Shows how far the work is.
#[derive(Debug)]
pub(crate) struct Progress {
    log: Log,
    total: Option<u64>,
    started: Instant,
    last: Instant,
    bar: Option<ProgressBar>,
}

impl Progress {
    /// `total`: bytes of all inputs, if they are known.
    pub(crate) fn start(log: Log, total: Option<u64>) -> Self {
        let visible = !log.quiet && !log.json && std::io::stderr().is_terminal();
        let bar = visible.then(|| match total {
            Some(total) => ProgressBar::new(total).with_style(style(
                "{bar:30} {percent:>3} % {bytes}/{total_bytes}  {msg}  ETA {eta}",
            )),
            None => ProgressBar::new_spinner().with_style(style("{spinner} {bytes}  {msg}")),
        });
        Progress {
            log,
            total,
            started: Instant::now(),
            last: Instant::now(),
            bar,
        }
    }

    /// Says that `done` bytes of input are through and what was seen in them.
    pub(crate) fn update(&mut self, done: u64, seen: &Totals) {
        if let Some(bar) = &self.bar {
            bar.set_position(done);
            bar.set_message(rate(seen.tokens, self.started.elapsed()));
        } else if !self.log.quiet && self.last.elapsed() >= PAUSE {
            self.last = Instant::now();
            self.line(done, seen);
        }
    }

    fn line(&self, done: u64, seen: &Totals) {
        let elapsed = self.started.elapsed();
        let left = self
            .total
            .filter(|_| done > 0)
            .map(|total| elapsed.mul_f64(total.saturating_sub(done) as f64 / done as f64));
        if self.log.json {
            let eta = left.map(|left| left.as_secs());
            eprintln!(
                "{}",
                json!({ "level": "progress", "bytes": done, "total_bytes": self.total, "rows": seen.rows,
                "tokens": seen.tokens, "seconds": elapsed.as_secs_f64(), "eta_seconds": eta })
            );
            return;
        }
        let of = self
            .total
            .map_or_else(String::new, |total| format!(" of {}", HumanBytes(total)));
        let eta = left.map_or_else(String::new, |left| {
            format!(", about {} left", HumanDuration(left))
        });
        eprintln!(
            "{}{of} done, {} rows, {}{eta}",
            HumanBytes(done),
            grouped(seen.rows),
            rate(seen.tokens, elapsed)
        );
    }

    /// Ends the bar; the time since the start.
    pub(crate) fn finish(&self) -> Duration {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        self.started.elapsed()
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// Tokens per second.
fn rate(tokens: u64, time: Duration) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a rate for people"
    )]
    let per_second = (tokens as f64 / time.as_secs_f64().max(1e-9)) as u64;
    format!("{} tokens/s", grouped(per_second))
}
