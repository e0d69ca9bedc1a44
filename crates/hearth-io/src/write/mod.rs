//! From record batches to a file that is whole or not there.

mod arrow_ipc;
mod csv;
mod ndjson;
mod parquet;
mod staged;

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use self::staged::Staged;
use crate::source::io;
use crate::{Error, Format, Result};

/// How to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WriteOptions {
    /// Whether an existing file may be replaced. It stays as it is until the new one is whole.
    pub overwrite: bool,
    /// The encoded size at which a Parquet row group is closed; about twice this much is held in memory.
    pub row_group_bytes: usize,
    /// How many threads encode the columns of a Parquet file; at least one. The bytes do not depend on it.
    pub threads: usize,
}

impl Default for WriteOptions {
    /// No overwriting, row groups of 64 MiB, one thread.
    fn default() -> Self {
        Self {
            overwrite: false,
            row_group_bytes: 64 << 20,
            threads: 1,
        }
    }
}

/// A file in the making.
///
/// It is written under a temporary name beside its own, and renamed by [`Writer::finish`]; dropped before that, it is
/// removed. The same batches give the same bytes. Memory is bounded by two row groups for Parquet (one is written while
/// the next is encoded) and by a piece of a batch (about 32 MiB) for the other formats.
///
/// * Parquet: zstd; integers in lists as differences, not compressed; vectors (`Float32` in lists) as byte streams;
///   neither with dictionary and statistics; strings of any kind as plain strings, in a dictionary of 1 MiB as long as
///   there is room. Strings, and 32-bit integers in lists, are in data pages of version 2. Where a column holds
///   Spark NLP's annotation struct, Spark's schema goes into the footer and vectors are written plain, since Spark
///   reads no byte streams.
/// * Arrow: the file form, zstd; dictionaries as plain values.
/// * NDJSON: an object per row, nulls written out, maps as objects, numbers in the shortest digits that give the same
///   number again, NaN and infinities as null, decimals as numbers, times as strings, bytes as hexadecimal digits.
/// * CSV: flat columns, null as an empty field.
pub struct Writer {
    path: PathBuf,
    format: Format,
    schema: SchemaRef,
    sink: Box<dyn Sink>,
    n_rows: u64,
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The file; `-` is standard output.
    pub path: PathBuf,
    /// The number of rows.
    pub rows: u64,
    /// The size of the file; 0 for a stream.
    pub bytes: u64,
}

/// What a format has to do.
trait Sink: Send {
    fn write(&mut self, batch: &RecordBatch) -> Result<(), Failure>;
    /// Writes what is left, and gives the file its name. Returns its size.
    fn finish(self: Box<Self>) -> Result<u64, Failure>;
}

/// An error without the name of the file.
enum Failure {
    /// The disk.
    Io(&'static str, std::io::Error),
    /// The encoder.
    Encode(Box<dyn std::error::Error + Send + Sync>),
    /// A whole error.
    Own(Error),
}

/// The size of the pieces that a batch is encoded in.
const PIECE_BYTES: usize = 32 << 20;

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer")
            .field("path", &self.path)
            .field("format", &self.format)
            .finish_non_exhaustive()
    }
}

impl Writer {
    /// Begins a file, making the directories above it.
    ///
    /// # Errors
    /// Usage errors for a file that exists, a format that is only read and a column that the format cannot hold;
    /// [`Error::Io`].
    pub fn create(
        path: &Path,
        format: Format,
        schema: &SchemaRef,
        options: &WriteOptions,
    ) -> Result<Self> {
        check_columns(path, format, schema)?;
        let file = Staged::create(path, options.overwrite)?;
        let sink: Result<Box<dyn Sink>, Failure> = match format {
            Format::Parquet => parquet::create(file, schema, options),
            Format::Arrow => arrow_ipc::create(file, schema),
            Format::Ndjson => Ok(Box::new(ndjson::Ndjson::new(file))),
            Format::Csv => csv::create(file, schema),
            Format::Tsv | Format::Text => {
                return Err(Error::NotWritable {
                    path: path.to_owned(),
                    format,
                });
            }
        };
        let sink = sink.map_err(|failure| failure.of(path, format))?;
        Ok(Self {
            path: path.to_owned(),
            format,
            schema: Arc::clone(schema),
            sink,
            n_rows: 0,
        })
    }

    /// Begins NDJSON on a stream, such as standard output.
    ///
    /// # Errors
    /// [`Error::UnsupportedColumn`]
    pub fn ndjson(stream: impl Write + Send + 'static, schema: &SchemaRef) -> Result<Self> {
        let path = PathBuf::from("-");
        check_columns(&path, Format::Ndjson, schema)?;
        let sink = Box::new(ndjson::Ndjson::new(Stream(BufWriter::new(stream))));
        Ok(Self {
            path,
            format: Format::Ndjson,
            schema: Arc::clone(schema),
            sink,
            n_rows: 0,
        })
    }

    /// Adds rows, whose columns must be of the types that [`Writer::create`] was given.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::Write`]
    pub fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        let batch = batch
            .clone()
            .with_schema(Arc::clone(&self.schema))
            .or_else(|_| {
                RecordBatch::try_new_with_options(
                    Arc::clone(&self.schema),
                    batch.columns().to_vec(),
                    &arrow::array::RecordBatchOptions::new().with_row_count(Some(batch.num_rows())),
                )
            })
            .map_err(|e| Failure::from(e).of(&self.path, self.format))?;
        self.sink
            .write(&batch)
            .map_err(|failure| failure.of(&self.path, self.format))?;
        self.n_rows += batch.num_rows() as u64;
        Ok(())
    }

    /// Ends the file: everything is on the disk, then it gets its name.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::Write`], and [`Error::OutputExists`] if the file has come into being meanwhile.
    pub fn finish(self) -> Result<Written> {
        let bytes = self
            .sink
            .finish()
            .map_err(|failure| failure.of(&self.path, self.format))?;
        Ok(Written {
            path: self.path,
            rows: self.n_rows,
            bytes,
        })
    }
}

impl Failure {
    fn of(self, path: &Path, format: Format) -> Error {
        match self {
            Self::Io(action, source) => io(path, action, source),
            Self::Encode(source) => Error::Write {
                path: path.to_owned(),
                format,
                source,
            },
            Self::Own(error) => error,
        }
    }
}

impl From<arrow::error::ArrowError> for Failure {
    fn from(error: arrow::error::ArrowError) -> Self {
        match error {
            arrow::error::ArrowError::IoError(_, source) => Self::Io("write", source),
            other => Self::Encode(Box::new(other)),
        }
    }
}

impl From<::parquet::errors::ParquetError> for Failure {
    fn from(error: ::parquet::errors::ParquetError) -> Self {
        match error {
            ::parquet::errors::ParquetError::External(source) => {
                match source.downcast::<std::io::Error>() {
                    Ok(source) => Self::Io("write", *source),
                    Err(other) => Self::Encode(other),
                }
            }
            other => Self::Encode(Box::new(other)),
        }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::Io("write", error)
    }
}

/// A sink of bytes that has an end.
trait Bytes: Write + Send {
    /// Everything is where it belongs; returns the number of bytes.
    fn close(self) -> Result<u64, Failure>;
}

/// A stream: nothing to rename.
struct Stream<W: Write>(BufWriter<W>);

impl<W: Write> Write for Stream<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.0.flush()
    }
}

impl<W: Write + Send> Bytes for Stream<W> {
    fn close(mut self) -> Result<u64, Failure> {
        self.0.flush()?;
        Ok(0)
    }
}

/// Refuses columns that the format has no form for.
fn check_columns(path: &Path, format: Format, schema: &Schema) -> Result<()> {
    for field in schema.fields() {
        let (unfit, advice) = if format == Format::Csv {
            (
                nested(field),
                "leave the column out, or write .parquet, .arrow or .ndjson",
            )
        } else {
            (unknown(field, format), "leave the column out")
        };
        if let Some(data_type) = unfit {
            return Err(Error::UnsupportedColumn {
                path: path.to_owned(),
                format,
                column: field.name().clone(),
                data_type: Box::new(data_type.clone()),
                advice,
            });
        }
    }
    Ok(())
}

/// The type of the column unless it is flat.
fn nested(field: &Field) -> Option<&DataType> {
    let plain = match field.data_type() {
        DataType::Dictionary(_, value) => value,
        data_type => data_type,
    };
    (plain.is_nested() || matches!(plain, DataType::RunEndEncoded(..))).then_some(field.data_type())
}

/// The first type in the column that has no form in the format.
fn unknown(field: &Field, format: Format) -> Option<&DataType> {
    match field.data_type() {
        data_type @ (DataType::Union(..)
        | DataType::RunEndEncoded(..)
        | DataType::ListView(_)
        | DataType::LargeListView(_)) => Some(data_type),
        data_type @ DataType::Interval(_) if format == Format::Parquet => Some(data_type),
        data_type @ DataType::Struct(fields) if format == Format::Parquet && fields.is_empty() => {
            Some(data_type)
        }
        DataType::List(child)
        | DataType::LargeList(child)
        | DataType::FixedSizeList(child, _)
        | DataType::Map(child, _) => unknown(child, format),
        DataType::Struct(fields) => fields.iter().find_map(|child| unknown(child, format)),
        _ => None,
    }
}
