//! What can go wrong between a file and a record batch.

use std::path::PathBuf;

use arrow::datatypes::DataType;
use arrow::error::ArrowError;
use parquet::errors::ParquetError;

use crate::Format;

/// Result of every fallible call of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An input or output that cannot be read or written as asked.
///
/// [`Error::is_usage`] tells a wrong request (nothing was read or written) from data or a disk that failed.
/// Lines count from 1. Standard input is called `-`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An input names nothing that exists.
    #[error("{input}: no such file or directory, and as a glob it matches nothing")]
    NoSuchInput {
        /// The input as given.
        input: String,
    },
    /// A directory or glob leads to no file of a known format.
    #[error("{input}: nothing to read; known extensions are {known}{}", unknown_files(.skipped), known = Format::READABLE)]
    NothingToRead {
        /// The input as given.
        input: String,
        /// The files found there whose extension is unknown.
        skipped: Vec<PathBuf>,
    },
    /// No input at all.
    #[error("no input given: name files, directories or globs, or - for NDJSON on standard input")]
    NoInput,
    /// A file named on its own has an extension of no known format.
    #[error("{}: unknown extension; known ones are {known}", .path.display(), known = Format::READABLE)]
    UnknownExtension {
        /// The file.
        path: PathBuf,
    },
    /// An input that is not a path and not a valid glob either.
    #[error("{input}: not a file, and not a valid glob")]
    Glob {
        /// The input as given.
        input: String,
        /// What is wrong with the pattern.
        source: globset::Error,
    },
    /// A stream that can be read once only stands among several inputs.
    #[error("{input}: a stream can be read only once, so it must be the only input")]
    StreamAmongOthers {
        /// `-` or the pipe.
        input: String,
    },
    /// Several inputs with different columns.
    #[error(
        "{} and {} have different columns: {difference}; process them in separate runs",
        .first.display(),
        .second.display()
    )]
    SchemasDiffer {
        /// The input whose schema was taken.
        first: PathBuf,
        /// The input that does not fit.
        second: PathBuf,
        /// The first column that differs, and how.
        difference: String,
    },
    /// An output exists and may not be replaced.
    #[error("{}: exists already; pass --overwrite to replace it", .path.display())]
    OutputExists {
        /// The file.
        path: PathBuf,
    },
    /// Two inputs would be written to one output file.
    #[error(
        "{} and {} would both be written to {}; give the output a file name to join them, or process them in separate runs",
        .first.display(),
        .second.display(),
        .output.display()
    )]
    OutputCollision {
        /// The output file.
        output: PathBuf,
        /// The input that comes first.
        first: PathBuf,
        /// The other input.
        second: PathBuf,
    },
    /// The name of an output file is that of a directory, or the other way round.
    #[error("{}: {problem}", .path.display())]
    OutputKind {
        /// The output.
        path: PathBuf,
        /// What stands in the way, and what to do.
        problem: &'static str,
    },
    /// A format that can be read but not written.
    #[error("{}: {format} cannot be written; use {known}, or a name without extension for a directory of Parquet files", .path.display(), known = Format::WRITABLE)]
    NotWritable {
        /// The output.
        path: PathBuf,
        /// Its format.
        format: Format,
    },
    /// A column that the output format has no form for.
    #[error("{}: {format} cannot hold column \"{column}\" of type {data_type}; {advice}", .path.display())]
    UnsupportedColumn {
        /// The output.
        path: PathBuf,
        /// Its format.
        format: Format,
        /// The column.
        column: String,
        /// Its type, or the part of it that does not fit.
        data_type: Box<DataType>,
        /// What to do.
        advice: &'static str,
    },
    /// The operating system refused.
    #[error("{}: cannot {action}", .path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What was tried, such as `open`.
        action: &'static str,
        /// Why it failed.
        source: std::io::Error,
    },
    /// Text that is not UTF-8.
    #[error(
        "{}, line {line}{}: not valid UTF-8 (byte 0x{byte:02x}); re-encode the file first, for instance: iconv -f WINDOWS-1252 -t UTF-8",
        .path.display(),
        in_column(.column)
    )]
    InvalidUtf8 {
        /// The file.
        path: PathBuf,
        /// The line where the record begins.
        line: u64,
        /// The column, where there are columns.
        column: Option<String>,
        /// The first byte that does not belong.
        byte: u8,
    },
    /// A document or record too long to be held.
    #[error("{}, line {line}: longer than {limit} bytes without an end{advice}", .path.display())]
    RecordTooLong {
        /// The file.
        path: PathBuf,
        /// The line where it begins.
        line: u64,
        /// The limit in bytes.
        limit: usize,
        /// What it may come from.
        advice: &'static str,
    },
    /// A CSV or TSV file that breaks the format.
    #[error("{}, line {line}: {problem}", .path.display())]
    Delimited {
        /// The file.
        path: PathBuf,
        /// The line where the record begins.
        line: u64,
        /// What is wrong, and what to do.
        problem: String,
    },
    /// A line that is not the JSON object expected.
    #[error("{}, line {line}{}: {problem}", .path.display(), in_column(.column))]
    Json {
        /// The file.
        path: PathBuf,
        /// The line.
        line: u64,
        /// The column, where the line is JSON but a value does not fit.
        column: Option<String>,
        /// What is wrong.
        problem: String,
    },
    /// A column whose values are of kinds that no one type holds.
    #[error(
        "{}, line {line}: column \"{column}\" holds {kind}, but {first_kind} on line {first_line}{}; one column must be of one kind",
        .path.display(),
        of_file(.first_path)
    )]
    MixedKinds {
        /// The file of the later value.
        path: PathBuf,
        /// The column; a path such as `a.b` for a nested value.
        column: String,
        /// The kind seen first.
        first_kind: &'static str,
        /// The line where it was seen first.
        first_line: u64,
        /// The file where it was seen first, if another one.
        first_path: Option<PathBuf>,
        /// The kind that does not go with it.
        kind: &'static str,
        /// The line where that was seen first.
        line: u64,
    },
    /// A Parquet file that is damaged or uses what is not supported.
    #[error("{}{}: not a readable Parquet file", .path.display(), parquet_place(.row_group, .column))]
    Parquet {
        /// The file.
        path: PathBuf,
        /// The row group, counted from 0; none where the footer cannot be read.
        row_group: Option<usize>,
        /// The leaf column, such as `token.list.element.result`, where it could be told.
        column: Option<String>,
        /// What the reader said.
        source: ParquetError,
    },
    /// An Arrow IPC file that is damaged or uses what is not supported.
    #[error("{}: not a readable Arrow IPC file or stream", .path.display())]
    Arrow {
        /// The file.
        path: PathBuf,
        /// What the reader said.
        source: ArrowError,
    },
    /// Values that do not make the columns of the schema.
    #[error("{}: the values read do not fit the columns", .path.display())]
    Columns {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        source: ArrowError,
    },
    /// Columns that could not be brought into the form of the output.
    #[error("{}: cannot write as {format}", .path.display())]
    Write {
        /// The output.
        path: PathBuf,
        /// Its format.
        format: Format,
        /// What the writer said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl Error {
    /// Whether the request itself was wrong (exit status 2 of the command) rather than the data, the disk or the
    /// system (exit status 1).
    pub fn is_usage(&self) -> bool {
        match self {
            Self::NoSuchInput { .. }
            | Self::NothingToRead { .. }
            | Self::NoInput
            | Self::UnknownExtension { .. }
            | Self::Glob { .. }
            | Self::StreamAmongOthers { .. }
            | Self::SchemasDiffer { .. }
            | Self::OutputExists { .. }
            | Self::OutputCollision { .. }
            | Self::OutputKind { .. }
            | Self::NotWritable { .. }
            | Self::UnsupportedColumn { .. } => true,
            Self::Io { .. }
            | Self::InvalidUtf8 { .. }
            | Self::RecordTooLong { .. }
            | Self::Delimited { .. }
            | Self::Json { .. }
            | Self::MixedKinds { .. }
            | Self::Parquet { .. }
            | Self::Arrow { .. }
            | Self::Columns { .. }
            | Self::Write { .. } => false,
        }
    }
}

fn unknown_files(skipped: &[PathBuf]) -> String {
    match skipped {
        [] => String::new(),
        [only] => format!(" (skipped {})", only.display()),
        [first, rest @ ..] => format!(" (skipped {} and {} more)", first.display(), rest.len()),
    }
}

fn in_column(column: &Option<String>) -> String {
    column
        .as_ref()
        .map_or_else(String::new, |c| format!(", column \"{c}\""))
}

fn of_file(path: &Option<PathBuf>) -> String {
    path.as_ref()
        .map_or_else(String::new, |p| format!(" of {}", p.display()))
}

fn parquet_place(row_group: &Option<usize>, column: &Option<String>) -> String {
    let row_group = row_group.map_or_else(String::new, |g| format!(", row group {g}"));
    row_group + &in_column(column)
}
