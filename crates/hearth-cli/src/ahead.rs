//! Reads a batch while the one before it is worked on.

use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::{Builder, JoinHandle};

use arrow::array::RecordBatch;
use hearth_io::Reader;

use crate::failure::{Failure, panicked};

/// A reader on a thread of its own, one batch ahead. When it is dropped the thread ends with the batch it is at, which
/// nobody waits for: the next one of a stream may never come.
pub(crate) struct Ahead {
    batches: Receiver<Read>,
    thread: Option<JoinHandle<()>>,
}

/// A batch, or what was wrong with the input, and the bytes of it that had been read by then.
type Read = (hearth_io::Result<RecordBatch>, u64);

impl Ahead {
    pub(crate) fn of(mut reader: Reader) -> Result<Self, Failure> {
        let (batches, received) = sync_channel(0);
        let thread = Builder::new()
            .name("reader".to_owned())
            .spawn(move || {
                while let Some(batch) = reader.next() {
                    if batches.send((batch, reader.position())).is_err() {
                        break;
                    }
                }
            })
            .map_err(|error| {
                Failure::Failed(anyhow::Error::new(error).context("cannot start a thread"))
            })?;
        Ok(Ahead {
            batches: received,
            thread: Some(thread),
        })
    }
}

impl Iterator for Ahead {
    type Item = Result<(RecordBatch, u64), Failure>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Ok((batch, position)) = self.batches.recv() {
            return Some(batch.map(|batch| (batch, position)).map_err(Failure::from));
        }
        // The thread has ended: after the last batch, or by a defect.
        let ended = self.thread.take()?.join();
        ended.err().map(|panic| Err(panicked(panic.as_ref())))
    }
}
