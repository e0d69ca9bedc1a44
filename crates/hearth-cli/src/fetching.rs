//! How far a download is: a bar on a terminal, lines elsewhere.

use std::io::IsTerminal;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use hearth_models::download::Progress;
use indicatif::{HumanBytes, ProgressBar, ProgressStyle};

use crate::log::Log;

/// Time between two lines where there is no terminal.
const PAUSE: Duration = Duration::from_secs(10);

/// Shows how far a download is.
#[derive(Debug)]
pub(crate) struct Fetching {
    log: Log,
    bar: Option<ProgressBar>,
    file: Mutex<(u64, Instant)>,
}

impl Fetching {
    pub(crate) fn new(log: Log) -> Self {
        let visible = !log.quiet && !log.json && std::io::stderr().is_terminal();
        let style = ProgressStyle::with_template(
            "{bar:30} {bytes}/{total_bytes}  {bytes_per_sec}  ETA {eta}  {msg}",
        );
        let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
        Self {
            log,
            bar: visible.then(|| ProgressBar::new(0).with_style(style)),
            file: Mutex::new((0, Instant::now())),
        }
    }

    pub(crate) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    /// Says something beside the bar.
    fn say(&self, message: &str) {
        let say = || self.log.info(message);
        match &self.bar {
            Some(bar) => bar.suspend(say),
            None => say(),
        }
    }
}

impl Progress for Fetching {
    fn file(&self, url: &str, have: u64, total: Option<u64>) {
        let total = total.unwrap_or_default();
        *self.file.lock().unwrap_or_else(PoisonError::into_inner) = (total, Instant::now());
        if let Some(bar) = &self.bar {
            bar.set_length(total);
            bar.set_position(have);
            bar.set_message(url.rsplit('/').next().unwrap_or_default().to_owned());
        } else {
            let from = match have {
                0 => String::new(),
                have => format!(", {} of them here already", HumanBytes(have)),
            };
            self.say(&format!("{url}: {}{from}", HumanBytes(total)));
        }
    }

    fn bytes(&self, have: u64) {
        if let Some(bar) = &self.bar {
            bar.set_position(have);
            return;
        }
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let (total, last) = &mut *file;
        if last.elapsed() >= PAUSE {
            *last = Instant::now();
            self.log
                .info(&format!("{} of {}", HumanBytes(have), HumanBytes(*total)));
        }
    }

    fn pause(&self, message: &str) {
        self.say(message);
    }
}
