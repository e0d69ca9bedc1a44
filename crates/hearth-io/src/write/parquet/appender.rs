//! The file itself, to which a row group is written while the next one is encoded.

use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;

use parquet::errors::ParquetError;
use parquet::file::writer::SerializedFileWriter;

use super::row_group::Encoded;
use super::{Failure, Staged};

type File = SerializedFileWriter<Staged>;

/// A thread that writes row groups, in the order they come.
pub(super) struct Appender {
    /// `None` once no more come.
    groups: Option<SyncSender<Vec<Encoded>>>,
    thread: Option<JoinHandle<Result<File, ParquetError>>>,
}

impl Appender {
    pub(super) fn start(mut file: File) -> Result<Self, Failure> {
        // A group is handed over when the one before it is written: two of them are held at most.
        let (groups, received) = sync_channel::<Vec<Encoded>>(0);
        let thread = std::thread::Builder::new()
            .name("parquet-file".to_owned())
            .spawn(move || {
                for chunks in received {
                    let mut group = file.next_row_group()?;
                    for chunk in chunks {
                        chunk.append_to_row_group(&mut group)?;
                    }
                    group.close()?;
                }
                Ok(file)
            })
            .map_err(|e| Failure::Io("start a thread to write", e))?;
        Ok(Appender {
            groups: Some(groups),
            thread: Some(thread),
        })
    }

    /// Hands over a row group. An error may be that of a group before it.
    pub(super) fn append(&mut self, chunks: Vec<Encoded>) -> Result<(), Failure> {
        let sent = self.groups.as_ref().map(|groups| groups.send(chunks));
        match sent {
            Some(Ok(())) => Ok(()),
            // The thread ends early for an error only.
            _ => self.join().map(drop),
        }
    }

    /// The file, to which everything has been written.
    pub(super) fn finish(mut self) -> Result<File, Failure> {
        self.join()
    }

    fn join(&mut self) -> Result<File, Failure> {
        self.groups = None;
        let ended = self.thread.take().map(JoinHandle::join);
        let lost = || ParquetError::General("the thread that writes the file has ended".to_owned());
        match ended {
            Some(Ok(file)) => Ok(file?),
            Some(Err(panic)) => std::panic::resume_unwind(panic),
            None => Err(lost().into()),
        }
    }
}

impl Drop for Appender {
    /// Waits for what is being written, so that the unfinished file can be removed.
    fn drop(&mut self) {
        self.groups = None;
        if let Some(thread) = self.thread.take() {
            // What was wrong has been said, or nobody asked for the file.
            let _ = thread.join();
        }
    }
}
