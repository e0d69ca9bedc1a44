//! The file formats, told apart by the extension.

use std::fmt;
use std::path::Path;

/// A file format of the batch doors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// `.parquet`
    Parquet,
    /// `.arrow`: Arrow IPC, file or stream form
    Arrow,
    /// `.csv`: comma-separated, with a header
    Csv,
    /// `.tsv`: tab-separated, with a header
    Tsv,
    /// `.ndjson`, `.jsonl`: one JSON object per line
    Ndjson,
    /// `.txt`: one document per line, or per file
    Text,
}

impl Format {
    /// The extensions that can be read, for messages.
    pub const READABLE: &str = ".parquet .csv .tsv .ndjson .jsonl .arrow .txt";
    /// The extensions that can be written, for messages.
    pub const WRITABLE: &str = ".parquet .arrow .ndjson .jsonl .csv";

    /// The format that the extension of `path` stands for, in any case of letters; `None` for any other extension.
    pub fn of(path: &Path) -> Option<Self> {
        let extension = path.extension()?.to_str()?.to_ascii_lowercase();
        Some(match extension.as_str() {
            "parquet" => Self::Parquet,
            "arrow" => Self::Arrow,
            "csv" => Self::Csv,
            "tsv" => Self::Tsv,
            "ndjson" | "jsonl" => Self::Ndjson,
            "txt" => Self::Text,
            _ => return None,
        })
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Parquet => "Parquet",
            Self::Arrow => "Arrow",
            Self::Csv => "CSV",
            Self::Tsv => "TSV",
            Self::Ndjson => "NDJSON",
            Self::Text => "text",
        })
    }
}
