//! What is typed. What is meant is in [`crate::settings`].

// Doc comments here are help texts, and `[CLS]` in them is no link.
#![allow(rustdoc::broken_intra_doc_links)]

use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use hearth::Isa;
use hearth::border::Offsets;
use hearth::stages::{Compat, OnOverflow, Precision};
use hearth_io::TxtMode;
use serde::{Deserialize, Serialize};

const EXIT_CODES: &str = "Exit codes: 0 all rows fine; 1 failed; 2 wrong usage; 3 finished with failed rows; \
                          4 interrupted. Each flag can also be set as HEARTH_<FLAG> and in hearth.toml: \
                          flag > environment > file > default (see `hearth config`).";

/// Spark NLP's BERT annotator pipeline without the JVM: text columns in, annotated columns and token vectors out.
#[derive(Debug, Parser)]
#[command(name = "hearth", version, after_help = EXIT_CODES, max_term_width = 100)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Text column in, token vectors out: document, sentences, tokens and BERT embeddings with one line
    #[command(after_help = EXIT_CODES)]
    Embed(Box<Embed>),
    /// Any pipeline, from a TOML or JSON file
    #[command(after_help = EXIT_CODES)]
    Run(Box<Run>),
    /// Each setting, its value and where it came from
    Config(Box<Flags>),
    /// What this machine gives: cores, kernels
    Doctor,
    /// Completions for a shell
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Embed {
    /// Files, directories or globs (.parquet .csv .tsv .ndjson .jsonl .arrow .txt); - is NDJSON on standard input
    #[arg(required = true, value_name = "INPUT")]
    pub(crate) inputs: Vec<String>,
    #[command(flatten)]
    pub(crate) flags: Flags,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Run {
    /// The pipeline file (.toml or .json)
    #[arg(value_name = "PIPELINE")]
    pub(crate) pipeline: PathBuf,
    /// Files, directories or globs (.parquet .csv .tsv .ndjson .jsonl .arrow .txt); - is NDJSON on standard input
    #[arg(required = true, value_name = "INPUT")]
    pub(crate) inputs: Vec<String>,
    #[command(flatten)]
    pub(crate) flags: Flags,
}

/// Everything that can also stand in the environment and in hearth.toml.
#[derive(Debug, Clone, Default, ClapArgs, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Flags {
    /// A .parquet, .arrow, .ndjson or .csv file; - for NDJSON on standard output; anything else is a directory
    #[arg(short, long, env = "HEARTH_OUTPUT", value_name = "OUT")]
    pub(crate) output: Option<String>,
    /// Output columns, in order: of the input or of the pipeline (document, sentence, token, embeddings) [default: the
    /// input's and embeddings, with `run` all]
    #[arg(
        long,
        env = "HEARTH_COLUMNS",
        value_delimiter = ',',
        value_name = "A,B"
    )]
    pub(crate) columns: Option<Vec<String>>,
    /// Replace output files that exist
    #[arg(long, env = "HEARTH_OVERWRITE", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub(crate) overwrite: Option<bool>,
    /// Path of the model
    #[arg(short, long, env = "HEARTH_MODEL", value_name = "PATH")]
    pub(crate) model: Option<PathBuf>,
    /// The column to read [default: text]
    #[arg(long, env = "HEARTH_TEXT_COLUMN", value_name = "NAME")]
    pub(crate) text_column: Option<String>,
    /// What a .txt file holds [default: lines]
    #[arg(long, env = "HEARTH_TXT")]
    pub(crate) txt: Option<Txt>,
    /// Form of the output [default: nested]
    #[arg(long, env = "HEARTH_LAYOUT")]
    pub(crate) layout: Option<LayoutName>,
    /// What begin and end count [default: char]
    #[arg(long, env = "HEARTH_OFFSETS")]
    pub(crate) offsets: Option<Unit>,
    /// Whether case is kept [default: what the model's own metadata says]
    #[arg(long, env = "HEARTH_CASE_SENSITIVE", value_name = "BOOL")]
    pub(crate) case_sensitive: Option<bool>,
    /// Longest sentence in word pieces, [CLS] and [SEP] included [default: 128]
    #[arg(long, env = "HEARTH_MAX_SENTENCE_LENGTH", value_name = "N")]
    pub(crate) max_sentence_length: Option<usize>,
    /// Accepted as in Spark NLP, and without effect on results
    #[arg(long, env = "HEARTH_BATCH_SIZE", value_name = "N")]
    pub(crate) batch_size: Option<i64>,
    /// What the encoder multiplies in [default: f32]
    #[arg(long, env = "HEARTH_PRECISION")]
    pub(crate) precision: Option<PrecisionName>,
    /// Instruction set of the kernels [default: auto]
    #[arg(long, env = "HEARTH_KERNELS")]
    pub(crate) kernels: Option<KernelsName>,
    /// Where the encoder runs [default: cpu]
    #[arg(long, env = "HEARTH_DEVICE")]
    pub(crate) device: Option<Device>,
    /// Worker threads [default: one per core]
    #[arg(short, long, env = "HEARTH_JOBS", value_name = "N")]
    pub(crate) jobs: Option<usize>,
    /// Whose rules say which vector a token gets [default: spark]
    #[arg(long, env = "HEARTH_COMPAT")]
    pub(crate) compat: Option<CompatName>,
    /// What happens to a sentence that is too long [default: truncate]
    #[arg(long, env = "HEARTH_ON_OVERFLOW")]
    pub(crate) on_overflow: Option<Overflow>,
    /// Print a machine-readable summary at the end
    #[arg(long, env = "HEARTH_JSON", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub(crate) json: Option<bool>,
    /// Say nothing but errors
    #[arg(short, long, env = "HEARTH_QUIET", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub(crate) quiet: Option<bool>,
    /// Say more
    #[arg(short, long, env = "HEARTH_VERBOSE", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub(crate) verbose: Option<bool>,
    /// Form of messages on standard error [default: text]
    #[arg(long, env = "HEARTH_LOG_FORMAT")]
    pub(crate) log_format: Option<LogFormat>,
    /// Never use the network (this version has no network code)
    #[arg(long, env = "HEARTH_OFFLINE", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub(crate) offline: Option<bool>,
    /// The settings file [default: hearth.toml, if there is one]
    #[arg(long, env = "HEARTH_CONFIG", value_name = "FILE")]
    #[serde(skip)]
    pub(crate) config: Option<PathBuf>,
}

/// A closed set of names: on the command line, in the environment and in the file the same.
macro_rules! names {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
        pub(crate) enum $name {
            $($(#[$variant_doc])* #[value(name = $text)] #[serde(rename = $text)] $variant),*
        }
    };
}

names!(Txt {
    /// One document per line
    Lines = "lines",
    /// One document per file
    Whole = "whole",
});
names!(LayoutName {
    /// A list of annotations per row and column
    Nested = "nested",
    /// A row per token
    Rows = "rows",
    /// Spark NLP's annotation structs
    Spark = "spark",
});
names!(Unit {
    /// Characters, as Python counts
    Char = "char",
    /// Bytes of UTF-8
    Byte = "byte",
    /// UTF-16 code units, as Spark NLP counts
    Utf16 = "utf16",
});
names!(PrecisionName {
    /// 32-bit floats
    F32 = "f32",
});
names!(KernelsName {
    /// The best of this CPU
    Auto = "auto",
    /// x86-64 with AVX-512
    Avx512 = "avx512",
    /// x86-64 with AVX2 and FMA
    Avx2 = "avx2",
    /// aarch64
    Neon = "neon",
    /// Any CPU, slowly
    Portable = "portable",
});
names!(Device {
    /// The CPU
    Cpu = "cpu",
});
names!(CompatName {
    /// Spark NLP's
    Spark = "spark",
});
names!(Overflow {
    /// Cut it, as Spark NLP does, and count it
    Truncate = "truncate",
    /// Fail, naming the row
    Error = "error",
});
names!(LogFormat {
    /// Lines for people
    Text = "text",
    /// One JSON object per line
    Json = "json",
});

impl From<Txt> for TxtMode {
    fn from(txt: Txt) -> Self {
        match txt {
            Txt::Lines => TxtMode::Lines,
            Txt::Whole => TxtMode::Whole,
        }
    }
}

impl From<Unit> for Offsets {
    fn from(unit: Unit) -> Self {
        match unit {
            Unit::Char => Offsets::Char,
            Unit::Byte => Offsets::Byte,
            Unit::Utf16 => Offsets::Utf16,
        }
    }
}

impl From<PrecisionName> for Precision {
    fn from(PrecisionName::F32: PrecisionName) -> Self {
        Precision::F32
    }
}

impl From<CompatName> for Compat {
    fn from(CompatName::Spark: CompatName) -> Self {
        Compat::Spark
    }
}

impl From<Overflow> for OnOverflow {
    fn from(overflow: Overflow) -> Self {
        match overflow {
            Overflow::Truncate => OnOverflow::Truncate,
            Overflow::Error => OnOverflow::Error,
        }
    }
}

impl KernelsName {
    /// The instruction set, if one is named.
    pub(crate) fn isa(self) -> Option<Isa> {
        match self {
            KernelsName::Auto => None,
            KernelsName::Avx512 => Some(Isa::Avx512),
            KernelsName::Avx2 => Some(Isa::Avx2),
            KernelsName::Neon => Some(Isa::Neon),
            KernelsName::Portable => Some(Isa::Portable),
        }
    }
}
