//! The lengths in an Arrow IPC file, checked before anything is allocated by them.
//!
//! The reader of the `arrow` crate allocates what a file asks for, so that one damaged byte could end the process.

use std::io::{Read, Seek, SeekFrom};

use arrow::error::ArrowError;
use arrow::ipc::reader::read_footer_length;
use arrow::ipc::{RecordBatch, root_as_footer, root_as_message};

/// The largest buffer that a message may unpack to.
const MAX_BUFFER: u64 = 8 << 30;

/// The most that a packed byte may unpack to, which is beyond both LZ4 and zstd.
const MAX_RATIO: u64 = 1 << 16;

/// Checks the messages that the footer lists.
pub(super) fn check_file(file: &mut (impl Read + Seek), size: u64) -> Result<(), ArrowError> {
    const TRAILER: u64 = 10;
    let trailer_start = size.checked_sub(TRAILER).ok_or_else(too_short)?;
    let trailer = read(file, trailer_start, TRAILER, size)?;
    let trailer = trailer.try_into().map_err(|_| too_short())?;
    let length = read_footer_length(trailer)? as u64;
    let start = trailer_start.checked_sub(length).ok_or_else(too_short)?;
    let footer = read(file, start, length, size)?;
    let footer = root_as_footer(&footer).map_err(|e| ArrowError::ParseError(e.to_string()))?;
    for block in footer
        .dictionaries()
        .iter()
        .flatten()
        .chain(footer.recordBatches().iter().flatten())
    {
        let metadata_start = number(block.offset())?;
        let metadata_length = number(i64::from(block.metaDataLength()))?;
        let body = Body {
            start: metadata_start
                .checked_add(metadata_length)
                .ok_or_else(too_short)?,
            length: number(block.bodyLength())?,
        };
        let metadata = read(file, metadata_start, metadata_length, size)?;
        let prefix = if metadata.starts_with(&CONTINUATION) {
            8
        } else {
            4
        };
        body.check(file, metadata.get(prefix..).unwrap_or_default(), size)?;
    }
    Ok(())
}

/// What precedes the length of a message since format version 5.
const CONTINUATION: [u8; 4] = [0xff; 4];

/// Checks the messages one after the other.
pub(super) fn check_stream(file: &mut (impl Read + Seek), size: u64) -> Result<(), ArrowError> {
    let mut at = 0;
    while at < size {
        let mut length = read(file, at, 4, size)?;
        at += 4;
        if length == CONTINUATION {
            length = read(file, at, 4, size)?;
            at += 4;
        }
        let length = u64::from(u32::from_le_bytes(
            length.try_into().map_err(|_| too_short())?,
        ));
        if length == 0 {
            break;
        }
        let metadata = read(file, at, length, size)?;
        let message =
            root_as_message(&metadata).map_err(|e| ArrowError::ParseError(e.to_string()))?;
        let body = Body {
            start: at + length,
            length: number(message.bodyLength())?,
        };
        body.check(file, &metadata, size)?;
        at = body.start + body.length;
    }
    Ok(())
}

struct Body {
    start: u64,
    length: u64,
}

impl Body {
    /// Checks that the body lies in the file, and what its packed buffers say they unpack to.
    fn check(
        &self,
        file: &mut (impl Read + Seek),
        metadata: &[u8],
        size: u64,
    ) -> Result<(), ArrowError> {
        if self
            .start
            .checked_add(self.length)
            .is_none_or(|end| end > size)
        {
            return Err(too_short());
        }
        let message =
            root_as_message(metadata).map_err(|e| ArrowError::ParseError(e.to_string()))?;
        let batch: Option<RecordBatch<'_>> = message.header_as_record_batch().or_else(|| {
            message
                .header_as_dictionary_batch()
                .and_then(|dictionary| dictionary.data())
        });
        let Some(batch) = batch.filter(|batch| batch.compression().is_some()) else {
            return Ok(());
        };
        for buffer in batch.buffers().iter().flatten() {
            let packed = number(buffer.length())?;
            if packed == 0 {
                continue;
            }
            let at = self
                .start
                .checked_add(number(buffer.offset())?)
                .ok_or_else(too_short)?;
            let unpacked = read(file, at, 8, size)?;
            let unpacked = i64::from_le_bytes(unpacked.try_into().map_err(|_| too_short())?);
            // -1: not packed after all.
            if unpacked > 0
                && unpacked.unsigned_abs() > MAX_BUFFER.min(packed.saturating_mul(MAX_RATIO))
            {
                return Err(ArrowError::IpcError(format!(
                    "a buffer of {packed} bytes says that it unpacks to {unpacked}"
                )));
            }
        }
        Ok(())
    }
}

fn read(
    file: &mut (impl Read + Seek),
    at: u64,
    length: u64,
    size: u64,
) -> Result<Vec<u8>, ArrowError> {
    if at.checked_add(length).is_none_or(|end| end > size) {
        return Err(too_short());
    }
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(at))?;
    file.take(length).read_to_end(&mut bytes)?;
    if bytes.len() as u64 == length {
        Ok(bytes)
    } else {
        Err(too_short())
    }
}

fn number(n: i64) -> Result<u64, ArrowError> {
    u64::try_from(n).map_err(|_| ArrowError::IpcError(format!("a length or offset of {n}")))
}

fn too_short() -> ArrowError {
    ArrowError::IpcError("the file is shorter than its messages say".to_owned())
}
