//! Arrow IPC in both forms: the file, which has an index at its end, and the stream.

use std::io::{BufReader, Cursor, Read, Seek};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::ipc::reader::{FileReader, StreamReader};

use super::guard::guarded;
use super::ipc_lengths::{check_file, check_stream};
use super::{Batches, Counted, Opened, ReadOptions, file};
use crate::at_rest::{pieces, size};
use crate::source::io;
use crate::{Error, Result, Source};

/// What a file begins with; a stream begins with the length of a message.
const FILE_MAGIC: &[u8; 6] = b"ARROW1";

pub(super) fn open(
    source: &Source,
    options: &ReadOptions,
    position: &Arc<AtomicU64>,
) -> Result<Opened> {
    let read = |e| io(&source.path, "read", e);
    let damaged = |e| Error::Arrow {
        path: source.path.clone(),
        source: e,
    };
    let mut file = file(source)?;
    let mut magic = Vec::new();
    (&mut file)
        .take(FILE_MAGIC.len() as u64)
        .read_to_end(&mut magic)
        .map_err(read)?;
    let is_file = magic == FILE_MAGIC;
    if let Some(size) = source.bytes {
        let check = || {
            if is_file {
                check_file(&mut file, size)
            } else {
                check_stream(&mut file, size)
            }
        };
        guarded(check, ArrowError::IpcError).map_err(damaged)?;
        file.rewind().map_err(read)?;
        magic.clear();
    }
    let position = Arc::clone(position);
    let begin = || -> Result<(SchemaRef, Messages), ArrowError> {
        Ok(if is_file {
            let reader = FileReader::try_new_buffered(
                Counted {
                    inner: file,
                    position,
                },
                None,
            )?;
            (reader.schema(), Box::new(reader))
        } else {
            let inner = Cursor::new(magic).chain(file);
            let reader = StreamReader::try_new(BufReader::new(Counted { inner, position }), None)?;
            (reader.schema(), Box::new(reader))
        })
    };
    let (schema, messages) = guarded(begin, ArrowError::IpcError).map_err(damaged)?;
    let cut = Cut {
        messages,
        source: source.clone(),
        batch_bytes: options.batch_bytes,
        batch_rows: options.batch_rows,
        ready: Vec::new(),
    };
    Ok((schema, Box::new(cut)))
}

type Messages = Box<dyn Iterator<Item = Result<RecordBatch, ArrowError>> + Send>;

/// The batches of the file, cut where they are too large. The pieces share its buffers.
struct Cut {
    messages: Messages,
    source: Source,
    batch_bytes: usize,
    batch_rows: usize,
    /// What is left of the last message, in reverse order.
    ready: Vec<RecordBatch>,
}

impl Batches for Cut {
    fn next(&mut self) -> Result<Option<RecordBatch>> {
        loop {
            if let Some(batch) = self.ready.pop() {
                return Ok(Some(batch));
            }
            let batch = guarded(|| self.messages.next().transpose(), ArrowError::IpcError)
                .map_err(|e| Error::Arrow {
                    path: self.source.path.clone(),
                    source: e,
                })?;
            let Some(batch) = batch else {
                return Ok(None);
            };
            self.ready = pieces(&batch, size(&batch), self.batch_bytes, self.batch_rows).collect();
            self.ready.reverse();
        }
    }
}
