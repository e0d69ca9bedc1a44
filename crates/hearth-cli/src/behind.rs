//! Writes a batch while the next one is worked on.

use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::{Builder, JoinHandle};

use arrow::array::RecordBatch;
use hearth_io::{Writer, Written};

use crate::failure::{Failure, panicked};

/// A writer on a thread of its own, one batch behind. When it is dropped unfinished the thread is waited for, so that no
/// unfinished file stays.
pub(crate) struct Behind {
    /// `None` once no batch follows.
    batches: Option<SyncSender<RecordBatch>>,
    thread: Option<JoinHandle<hearth_io::Result<Writer>>>,
}

impl Behind {
    pub(crate) fn of(mut writer: Writer) -> Result<Self, Failure> {
        let (batches, received) = sync_channel::<RecordBatch>(0);
        let thread = Builder::new()
            .name("writer".to_owned())
            .spawn(move || {
                for batch in received {
                    writer.write(&batch)?;
                }
                Ok(writer)
            })
            .map_err(|error| {
                Failure::Failed(anyhow::Error::new(error).context("cannot start a thread"))
            })?;
        Ok(Behind {
            batches: Some(batches),
            thread: Some(thread),
        })
    }

    /// Hands over a batch. An error may be that of a batch before it.
    pub(crate) fn write(&mut self, batch: RecordBatch) -> Result<(), Failure> {
        match self.batches.as_ref().map(|batches| batches.send(batch)) {
            Some(Ok(())) => Ok(()),
            // The thread ends early for an error only.
            _ => self.join().map(drop),
        }
    }

    /// Everything is written and the file has its name.
    pub(crate) fn finish(mut self) -> Result<Option<Written>, Failure> {
        self.join()?.map(|writer| Ok(writer.finish()?)).transpose()
    }

    fn join(&mut self) -> Result<Option<Writer>, Failure> {
        self.batches = None;
        match self.thread.take().map(JoinHandle::join) {
            Some(Ok(writer)) => Ok(Some(writer?)),
            Some(Err(panic)) => Err(panicked(panic.as_ref())),
            None => Ok(None),
        }
    }
}

impl Drop for Behind {
    fn drop(&mut self) {
        // What went wrong has been said, or something else has.
        let _ = self.join();
    }
}
