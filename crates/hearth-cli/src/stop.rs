//! Ctrl-C and SIGTERM: the first asks the work to stop at the next batch, the second stops at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::failure::Failure;
use crate::log::Log;

/// Whether the user asked to stop.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Watches the signals.
    pub(crate) fn watch(log: Log) -> Result<Self, Failure> {
        let stop = Stop::default();
        let asked = stop.0.clone();
        ctrlc::set_handler(move || {
            if asked.swap(true, Ordering::SeqCst) {
                std::process::exit(4);
            }
            log.info("stopping: packs in flight are finished; press again to stop at once");
        })
        .map_err(|e| Failure::Failed(e.into()))?;
        Ok(stop)
    }

    pub(crate) fn is_asked(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}
