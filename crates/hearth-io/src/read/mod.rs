//! From a file to record batches, a bounded piece at a time.

mod arrow_ipc;
mod contents;
mod delimited;
mod guard;
mod inputs;
mod ipc_lengths;
mod lines;
mod ndjson;
mod parquet;
mod text;

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;

pub use contents::Contents;
pub use inputs::Inputs;

use crate::source::io;
use crate::{Error, Format, Result, Source};

/// The longest line, record or whole text that is taken, in bytes: what bounds memory when a quote is never closed
/// or a file has no line ends.
const MAX_RECORD: usize = 256 << 20;

/// How the lines of a `.txt` file become documents.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TxtMode {
    /// One document per line. Lines end with `\n` or `\r\n`; an empty line is an empty document.
    #[default]
    Lines,
    /// One document per file, as it is.
    Whole,
}

/// How to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadOptions {
    /// The columns that a pipeline reads as text. The first one names the column of a `.txt` file; in NDJSON,
    /// scalars in any of them are cast to text as Spark casts them.
    pub text_columns: Vec<String>,
    /// NDJSON columns whose objects are read as maps from string to string, absent keys staying absent.
    pub map_columns: Vec<String>,
    /// How `.txt` files are cut.
    pub txt: TxtMode,
    /// The size of text, in bytes, at which a batch is closed. One row is always taken, however long.
    pub batch_bytes: usize,
    /// The number of rows at which a batch is closed.
    pub batch_rows: usize,
}

impl Default for ReadOptions {
    /// Text column `text`, 8 MiB or 4096 rows per batch.
    fn default() -> Self {
        Self {
            text_columns: vec!["text".to_owned()],
            map_columns: Vec::new(),
            txt: TxtMode::Lines,
            batch_bytes: 8 << 20,
            batch_rows: 4096,
        }
    }
}

impl ReadOptions {
    fn text_column(&self) -> &str {
        self.text_columns.first().map_or("text", String::as_str)
    }
}

/// The record batches of one input, in file order.
///
/// Memory is bounded by one batch and, for each format, the unit that cannot be cut: a row for CSV, TSV, NDJSON and
/// text (256 MiB at most), one page per column for Parquet, one message for Arrow.
///
/// Strings are `Utf8View`, except in maps, in lists and objects of NDJSON, in Arrow files (as in the file), and
/// where a Parquet file asks for `LargeUtf8` or a dictionary. After an error the iterator ends.
pub struct Reader {
    schema: SchemaRef,
    batches: Box<dyn Batches>,
    position: Arc<AtomicU64>,
    is_done: bool,
}

/// What a format has to do.
trait Batches: Send {
    /// The next batch with at least one row; `None` at the end.
    fn next(&mut self) -> Result<Option<RecordBatch>>;
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reader")
            .field("schema", &self.schema)
            .finish_non_exhaustive()
    }
}

impl Source {
    /// Opens the input on its own. Several inputs are opened through [`Inputs`], which sees to one schema.
    ///
    /// NDJSON is read twice: once for the columns and their types, then for the rows. Of a stream only the first
    /// 8 MiB tell the columns; a later row that does not fit is an error.
    ///
    /// # Errors
    /// The input cannot be opened or its schema cannot be told.
    pub fn open(&self, options: &ReadOptions) -> Result<Reader> {
        let position = Arc::new(AtomicU64::new(0));
        let opened = match self.format {
            Format::Parquet => parquet::open(self, options, &position)?,
            Format::Arrow => arrow_ipc::open(self, options, &position)?,
            Format::Csv => delimited::open(self, b',', options, &position)?,
            Format::Tsv => delimited::open(self, b'\t', options, &position)?,
            Format::Ndjson => ndjson::open(self, options, &position)?,
            Format::Text => text::open(self, options, &position)?,
        };
        Ok(Reader::new(opened, position))
    }
}

/// A format's schema and batches.
type Opened = (SchemaRef, Box<dyn Batches>);

impl Reader {
    fn new((schema, batches): Opened, position: Arc<AtomicU64>) -> Self {
        Self {
            schema,
            batches,
            position,
            is_done: false,
        }
    }

    /// The schema of every batch.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// The bytes of [`Source::bytes`] consumed so far, nearly, for a progress bar.
    pub fn position(&self) -> u64 {
        self.position.load(Ordering::Relaxed)
    }
}

impl Iterator for Reader {
    type Item = Result<RecordBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_done {
            return None;
        }
        let batch = self.batches.next().transpose();
        self.is_done = !matches!(batch, Some(Ok(_)));
        Some(batch?.map(|batch| with_schema(batch, &self.schema)))
    }
}

/// The same columns under `schema`, whose types are those of the batch and whose fields may be nullable or carry
/// metadata where those of the batch do not.
fn with_schema(batch: RecordBatch, schema: &SchemaRef) -> RecordBatch {
    if batch.schema_ref() == schema {
        return batch;
    }
    let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(Arc::clone(schema), batch.columns().to_vec(), &options)
        .unwrap_or(batch)
}

/// The bytes of a source, counted as they are read.
fn bytes(source: &Source, position: &Arc<AtomicU64>) -> Result<Box<dyn Read + Send>> {
    let position = Arc::clone(position);
    Ok(if source.is_stdin() {
        Box::new(Counted {
            inner: std::io::stdin(),
            position,
        })
    } else {
        Box::new(Counted {
            inner: file(source)?,
            position,
        })
    })
}

fn file(source: &Source) -> Result<File> {
    File::open(&source.path).map_err(|e| io(&source.path, "open", e))
}

struct Counted<R> {
    inner: R,
    position: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.position.fetch_add(n as u64, Ordering::Relaxed);
        Ok(n)
    }
}

impl<R: Seek> Seek for Counted<R> {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        self.inner.seek(to)
    }
}

/// The text, or the error that names the place of the first byte that is not UTF-8.
fn utf8<'a>(bytes: &'a [u8], source: &Source, line: u64, column: Option<&str>) -> Result<&'a str> {
    std::str::from_utf8(bytes).map_err(|e| Error::InvalidUtf8 {
        path: source.path.clone(),
        line,
        column: column.map(str::to_owned),
        byte: bytes.get(e.valid_up_to()).copied().unwrap_or_default(),
    })
}
