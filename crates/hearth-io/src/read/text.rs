//! Plain text: a document per line or per file.

use std::io::{BufReader, Read};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use arrow::array::builder::StringViewBuilder;
use arrow::array::{ArrayRef, RecordBatch};
use arrow::buffer::Buffer;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use super::lines::Lines;
use super::{Batches, MAX_RECORD, Opened, ReadOptions, TxtMode, bytes, utf8};
use crate::source::io;
use crate::{Error, Result, Source};

/// The schema of a text file: one column, which is never null.
pub(super) fn schema(options: &ReadOptions) -> SchemaRef {
    Arc::new(Schema::new(vec![Field::new(
        options.text_column(),
        DataType::Utf8View,
        true,
    )]))
}

pub(super) fn open(
    source: &Source,
    options: &ReadOptions,
    position: &Arc<AtomicU64>,
) -> Result<Opened> {
    let schema = schema(options);
    let reader = bytes(source, position)?;
    let source = source.clone();
    let batches: Box<dyn Batches> = match options.txt {
        TxtMode::Lines => Box::new(Documents {
            schema: Arc::clone(&schema),
            lines: Lines::new(BufReader::with_capacity(1 << 16, reader), &source),
            source,
            batch_bytes: options.batch_bytes,
            batch_rows: options.batch_rows,
            n_bytes: 0,
            n_rows: 0,
        }),
        TxtMode::Whole => Box::new(Whole {
            schema: Arc::clone(&schema),
            reader: Some(reader),
            source,
        }),
    };
    Ok((schema, batches))
}

struct Documents<R> {
    schema: SchemaRef,
    lines: Lines<R>,
    source: Source,
    batch_bytes: usize,
    batch_rows: usize,
    /// The size of the batch before, and a little.
    n_bytes: usize,
    n_rows: usize,
}

impl<R: std::io::BufRead + Send> Batches for Documents<R> {
    fn next(&mut self) -> Result<Option<RecordBatch>> {
        // The documents before tell the size of these, which spares growing.
        let mut text = Vec::with_capacity(self.n_bytes);
        let mut lengths = Vec::with_capacity(self.n_rows);
        while lengths.is_empty()
            || (text.len() < self.batch_bytes && lengths.len() < self.batch_rows)
        {
            let Some(length) = self.lines.next(&mut text)? else {
                break;
            };
            utf8(
                &text[text.len() - length..],
                &self.source,
                self.lines.number(),
                None,
            )?;
            lengths.push(length);
        }
        if lengths.is_empty() {
            return Ok(None);
        }
        (self.n_bytes, self.n_rows) = (text.len() + text.len() / 16, lengths.len());
        documents(&self.schema, text, &lengths, &self.source).map(Some)
    }
}

struct Whole {
    schema: SchemaRef,
    reader: Option<Box<dyn Read + Send>>,
    source: Source,
}

impl Batches for Whole {
    fn next(&mut self) -> Result<Option<RecordBatch>> {
        let Some(reader) = self.reader.take() else {
            return Ok(None);
        };
        let mut text = Vec::new();
        reader
            .take(MAX_RECORD as u64 + 1)
            .read_to_end(&mut text)
            .map_err(|e| io(&self.source.path, "read", e))?;
        if text.len() > MAX_RECORD {
            return Err(Error::RecordTooLong {
                path: self.source.path.clone(),
                line: 1,
                limit: MAX_RECORD,
                advice: "; read it as one document per line",
            });
        }
        if text.starts_with(b"\xef\xbb\xbf") {
            text.drain(..3);
        }
        if let Err(e) = std::str::from_utf8(&text) {
            let line = 1 + text[..e.valid_up_to()]
                .iter()
                .filter(|b| **b == b'\n')
                .count() as u64;
            utf8(&text, &self.source, line, None)?;
        }
        let length = text.len();
        documents(&self.schema, text, &[length], &self.source).map(Some)
    }
}

/// One row per length, as views into `text`, where the documents lie one after the other.
fn documents(
    schema: &SchemaRef,
    text: Vec<u8>,
    lengths: &[usize],
    source: &Source,
) -> Result<RecordBatch> {
    let columns = |e| Error::Columns {
        path: source.path.clone(),
        source: e,
    };
    let text = Buffer::from_vec(text);
    let mut views = StringViewBuilder::with_capacity(lengths.len());
    let block = views.append_block(text);
    let mut offset = 0;
    for length in lengths {
        let (at, n) = (view_number(offset), view_number(*length));
        views.try_append_view(block, at, n).map_err(columns)?;
        offset += length;
    }
    let column: ArrayRef = Arc::new(views.finish());
    RecordBatch::try_new(Arc::clone(schema), vec![column]).map_err(columns)
}

/// An offset or length for a string view; buffers here are far below 4 GiB, and one that is not is refused by the
/// bounds check of the view.
pub(super) fn view_number(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
