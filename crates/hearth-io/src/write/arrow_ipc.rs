//! Arrow IPC, file form.

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::ipc::CompressionType;
use arrow::ipc::writer::{FileWriter, IpcWriteOptions};

use super::{Bytes, Failure, PIECE_BYTES, Sink, Staged};
use crate::at_rest::{compact, compact_schema, pieces, size};

pub(super) fn create(file: Staged, schema: &SchemaRef) -> Result<Box<dyn Sink>, Failure> {
    let schema = compact_schema(schema);
    let options = IpcWriteOptions::default().try_with_compression(Some(CompressionType::ZSTD))?;
    let writer = FileWriter::try_new_with_options(file, &schema, options)?;
    Ok(Box::new(Arrow { writer, schema }))
}

struct Arrow {
    writer: FileWriter<Staged>,
    schema: SchemaRef,
}

impl Sink for Arrow {
    fn write(&mut self, batch: &RecordBatch) -> Result<(), Failure> {
        for piece in pieces(batch, size(batch), PIECE_BYTES, usize::MAX) {
            self.writer.write(&compact(&piece, &self.schema)?)?;
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<u64, Failure> {
        self.writer.finish()?;
        self.writer.into_inner()?.close()
    }
}
