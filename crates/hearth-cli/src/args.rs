//! What is typed. What is meant is in [`crate::settings`].

// Doc comments here are help texts, and `[CLS]` in them is no link.
#![allow(rustdoc::broken_intra_doc_links)]

use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use hearth::Isa;
use hearth::Precision;
use hearth::border::Offsets;
use hearth::stages::{Compat, Level, OnOverflow, Pieces, Pooling};
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
    /// Any pipeline, from a TOML or JSON file or as Spark NLP saved it
    #[command(after_help = EXIT_CODES)]
    Run(Box<Run>),
    /// SQL over files, with the functions embed_text, bert_embeddings, sentences, tokens, annotate and others
    #[cfg(feature = "sql")]
    #[command(after_help = EXIT_CODES)]
    Sql(Box<Sql>),
    /// What an output, a model or a saved pipeline is
    Inspect(Box<Inspect>),
    /// Models: which are known by name, which are on this machine, and how one gets there
    #[command(after_help = MODELS_HELP)]
    Models {
        /// What to do
        #[command(subcommand)]
        verb: ModelsVerb,
    },
    /// Each setting, its value and where it came from
    Config(Box<Flags>),
    /// How fast this machine encodes, beside what it could at most, and what each precision costs
    Bench(Box<Bench>),
    /// What this machine gives: cores, kernels, what multiplies in each precision
    Doctor(Box<Flags>),
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

/// A query and what it may name.
#[cfg(feature = "sql")]
#[derive(Debug, ClapArgs)]
pub(crate) struct Sql {
    /// One or more statements; files stand in them as 'notes.parquet', .csv, .json or .arrow. Without --output the last one's
    /// rows are printed
    #[arg(value_name = "SQL")]
    pub(crate) query: String,
    /// A table by name: a .parquet .csv .tsv .ndjson .jsonl or .arrow file, or a directory of Parquet
    #[arg(long = "table", value_name = "NAME=PATH")]
    pub(crate) tables: Vec<String>,
    /// A pipeline file that annotate(text, 'NAME') finds
    #[arg(long = "pipeline", value_name = "NAME=PATH")]
    pub(crate) pipelines: Vec<String>,
    #[command(flatten)]
    pub(crate) flags: SqlFlags,
}

/// The settings that concern queries; what else a function does stands in its options.
#[cfg(feature = "sql")]
#[derive(Debug, Clone, Default, ClapArgs)]
pub(crate) struct SqlFlags {
    /// A .parquet, .arrow, .ndjson or .csv file; - for NDJSON on standard output
    #[arg(short, long, env = "HEARTH_OUTPUT", value_name = "OUT")]
    output: Option<String>,
    /// Replace an output file that exists
    #[arg(long, env = "HEARTH_OVERWRITE", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    overwrite: Option<bool>,
    /// hearth.model: the model of functions that name none
    #[arg(short, long, env = "HEARTH_MODEL", value_name = "NAME|PATH|ZIP")]
    model: Option<PathBuf>,
    /// hearth.precision: what the encoder multiplies in [default: f32]
    #[arg(long, env = "HEARTH_PRECISION")]
    precision: Option<PrecisionName>,
    /// hearth.on_overflow: what happens to a sentence that is too long [default: truncate]
    #[arg(long, env = "HEARTH_ON_OVERFLOW")]
    on_overflow: Option<Overflow>,
    /// hearth.device: where the encoder runs [default: cpu]
    #[arg(long, env = "HEARTH_DEVICE")]
    device: Option<Device>,
    /// Instruction set of the kernels [default: auto]
    #[arg(long, env = "HEARTH_KERNELS")]
    kernels: Option<KernelsName>,
    /// Worker threads [default: one per core]
    #[arg(short, long, env = "HEARTH_JOBS", value_name = "N")]
    jobs: Option<usize>,
    #[command(flatten)]
    models: ModelsFlags,
}

#[cfg(feature = "sql")]
impl From<SqlFlags> for Flags {
    fn from(flags: SqlFlags) -> Self {
        let models = flags.models;
        Flags {
            output: flags.output,
            overwrite: flags.overwrite,
            model: flags.model,
            precision: flags.precision,
            on_overflow: flags.on_overflow,
            device: flags.device,
            kernels: flags.kernels,
            jobs: flags.jobs,
            cache: models.cache,
            offline: models.offline,
            json: models.json,
            quiet: models.quiet,
            verbose: models.verbose,
            log_format: models.log_format,
            config: models.config,
            ..Flags::default()
        }
    }
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Run {
    /// The pipeline file (.toml or .json), or a pipeline that Spark NLP saved (a folder or .zip)
    #[arg(value_name = "PIPELINE")]
    pub(crate) pipeline: PathBuf,
    /// Files, directories or globs (.parquet .csv .tsv .ndjson .jsonl .arrow .txt); - is NDJSON on standard input
    #[arg(required = true, value_name = "INPUT")]
    pub(crate) inputs: Vec<String>,
    #[command(flatten)]
    pub(crate) flags: Flags,
}

const MODELS_HELP: &str = "Models are looked for in Hearth's cache (HEARTH_CACHE), in Spark NLP's ~/cache_pretrained and in \
                           that of the Hugging Face hub (HF_HOME, HF_HUB_CACHE). HF_TOKEN gives access to models of the \
                           hub that are not public, HF_HUB_OFFLINE=1 is --offline, HF_ENDPOINT and \
                           HEARTH_SPARK_NLP_ENDPOINT name other servers, HTTPS_PROXY a proxy.";

#[derive(Debug, Subcommand)]
pub(crate) enum ModelsVerb {
    /// The models known by name, and those on this machine
    List {
        #[command(flatten)]
        flags: ModelsFlags,
    },
    /// What a model is, where it comes from and where it lies
    Show {
        /// A Spark NLP name, an nlu reference, a Hugging Face id, or a path
        #[arg(value_name = "NAME|PATH")]
        model: PathBuf,
        #[command(flatten)]
        flags: ModelsFlags,
    },
    /// Fetch a model into the cache, and print its folder
    Pull(Pull),
    /// Write any model as a Hugging Face folder with safetensors: the same bits, the same settings
    Convert(Convert),
    /// Compare a model's vectors with those on its card
    Verify(Verify),
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Bench {
    /// A model, as for `embed`; without one its weights are made up, and the error of a precision is not known
    #[arg(short, long, env = "HEARTH_MODEL", value_name = "NAME|PATH|ZIP")]
    pub(crate) model: Option<PathBuf>,
    /// Made-up weights of this size, whatever model is set [default: base]
    #[arg(long)]
    pub(crate) size: Option<SizeName>,
    /// Precisions beside f32 [default: all]
    #[arg(long, value_delimiter = ',')]
    pub(crate) precision: Vec<PrecisionName>,
    /// Instruction set of the kernels [default: auto]
    #[arg(long, env = "HEARTH_KERNELS")]
    pub(crate) kernels: Option<KernelsName>,
    /// Worker threads [default: one per core]
    #[arg(short, long, env = "HEARTH_JOBS", value_name = "N")]
    pub(crate) jobs: Option<usize>,
    /// Turns of each precision, in reversed order every second round
    #[arg(long, default_value_t = 5, value_name = "N")]
    pub(crate) rounds: usize,
    #[command(flatten)]
    pub(crate) flags: ModelsFlags,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Inspect {
    /// Files of rows, a model (a path, or a name as for --model), or a pipeline that Spark NLP saved
    #[arg(value_name = "FILE_OR_DIR")]
    pub(crate) path: PathBuf,
    #[command(flatten)]
    pub(crate) flags: ModelsFlags,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Convert {
    /// The model: a folder or zip in any format that is read, or a name as for --model
    #[arg(value_name = "IN")]
    pub(crate) model: PathBuf,
    /// The folder to write: config.json, model.safetensors, vocab.txt, tokenizer_config.json
    #[arg(value_name = "OUT")]
    pub(crate) output: PathBuf,
    /// Replace a folder that an earlier conversion wrote
    #[arg(long)]
    pub(crate) overwrite: bool,
    #[command(flatten)]
    pub(crate) flags: ModelsFlags,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Verify {
    /// A known name, or the path of such a model
    #[arg(value_name = "NAME|PATH")]
    pub(crate) model: PathBuf,
    /// Whose card it is, if neither the path nor the model itself says so
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    #[command(flatten)]
    pub(crate) flags: ModelsFlags,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Pull {
    /// A Spark NLP name such as bert_base_cased, an nlu reference such as en.embed.bert.base_cased, or a Hugging Face id
    #[arg(required_unless_present = "exact")]
    pub(crate) name: Option<String>,
    /// The archive of this name, not the newest that Spark NLP would take; without ZIP the one on the model's card
    #[arg(long, value_name = "ZIP", num_args = 0..=1, default_missing_value = "")]
    pub(crate) exact: Option<String>,
    /// Language of the model
    #[arg(long, default_value = crate::locate::LANGUAGE)]
    pub(crate) language: String,
    /// Take what this Spark NLP would [default: 5.5.3]
    #[arg(long, value_name = "VERSION")]
    pub(crate) spark_nlp: Option<String>,
    /// Take what Spark NLP on this Spark would [default: 3.5]
    #[arg(long, value_name = "VERSION")]
    pub(crate) spark: Option<String>,
    #[command(flatten)]
    pub(crate) flags: ModelsFlags,
}

/// The settings that concern models alone.
#[derive(Debug, Clone, Default, ClapArgs)]
pub(crate) struct ModelsFlags {
    /// Folder of Hearth's own cache [default: the platform's]
    #[arg(long, env = "HEARTH_CACHE", value_name = "DIR")]
    pub(crate) cache: Option<PathBuf>,
    /// Never use the network
    #[arg(long, env = "HEARTH_OFFLINE", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub(crate) offline: Option<bool>,
    /// Print JSON
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
    /// The settings file [default: hearth.toml, if there is one]
    #[arg(long, env = "HEARTH_CONFIG", value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
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
    /// A model's folder or zip, a Spark NLP name (bert_base_cased), an nlu reference (en.embed.bert.base_cased), or a Hugging
    /// Face id (google-bert/bert-base-cased); a path that is there comes first
    #[arg(short, long, env = "HEARTH_MODEL", value_name = "NAME|PATH|ZIP")]
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
    /// Which pieces of a token make its vector with --compat full [default: mean]
    #[arg(long, env = "HEARTH_PIECES")]
    pub(crate) pieces: Option<PiecesName>,
    /// What happens to a sentence that is too long [default: truncate]
    #[arg(long, env = "HEARTH_ON_OVERFLOW")]
    pub(crate) on_overflow: Option<Overflow>,
    /// What gets a vector [default: token]
    #[arg(long, env = "HEARTH_LEVEL")]
    pub(crate) level: Option<LevelName>,
    /// How the vectors of sentences and documents are made [default: tokens]
    #[arg(long, env = "HEARTH_POOLING")]
    pub(crate) pooling: Option<PoolingName>,
    /// Scale each vector to the length 1, after --dim
    #[arg(long, env = "HEARTH_NORMALIZE", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub(crate) normalize: Option<bool>,
    /// Keep the first N values of each vector [default: all]
    #[arg(long, env = "HEARTH_DIM", value_name = "N")]
    pub(crate) dim: Option<usize>,
    /// Leave out stages of a saved Spark NLP pipeline that have no counterpart here, and say so
    #[arg(long, env = "HEARTH_IGNORE_UNKNOWN_STAGES", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub(crate) ignore_unknown_stages: Option<bool>,
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
    /// Folder of Hearth's own cache of models [default: the platform's]
    #[arg(long, env = "HEARTH_CACHE", value_name = "DIR")]
    pub(crate) cache: Option<PathBuf>,
    /// Never use the network
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
    /// Weights and inputs of linear layers in bfloat16
    Bf16 = "bf16",
    /// Two of the four layers of each block in 8 bits, two in bfloat16
    Int8Mixed = "int8-mixed",
    /// Linear layers in 8 bits
    Int8 = "int8",
});
names!(SizeName {
    /// 6 layers of 384
    Minilm = "minilm",
    /// 12 layers of 768
    Base = "base",
    /// 24 layers of 1024
    Large = "large",
});
names!(KernelsName {
    /// The best of this CPU
    Auto = "auto",
    /// x86-64 with AVX-512 and the tile unit AMX
    Amx = "amx",
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
    /// Spark NLP's: the first piece of its first word
    Spark = "spark",
    /// The model's own tokenizer; every token gets a vector
    Full = "full",
});
names!(PiecesName {
    /// All of them: their mean
    Mean = "mean",
    /// The first one
    First = "first",
});
names!(LevelName {
    /// Each token
    Token = "token",
    /// Each sentence
    Sentence = "sentence",
    /// Each document
    Document = "document",
});
names!(PoolingName {
    /// The mean of the tokens' vectors, as Spark NLP's SentenceEmbeddings
    Tokens = "tokens",
    /// The mean of all positions, [CLS] and [SEP] included, as sentence-transformers
    Mean = "mean",
    /// The vector of [CLS]; of a document the mean of those of its sentences
    Cls = "cls",
    /// The largest of each value over all positions
    Max = "max",
    /// The sum of the tokens' vectors
    Sum = "sum",
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
    fn from(precision: PrecisionName) -> Self {
        match precision {
            PrecisionName::F32 => Precision::F32,
            PrecisionName::Bf16 => Precision::Bf16,
            PrecisionName::Int8Mixed => Precision::Int8Mixed,
            PrecisionName::Int8 => Precision::Int8,
        }
    }
}

impl From<CompatName> for Compat {
    fn from(compat: CompatName) -> Self {
        match compat {
            CompatName::Spark => Compat::Spark,
            CompatName::Full => Compat::Full,
        }
    }
}

impl From<PiecesName> for Pieces {
    fn from(pieces: PiecesName) -> Self {
        match pieces {
            PiecesName::Mean => Pieces::Mean,
            PiecesName::First => Pieces::First,
        }
    }
}

impl From<LevelName> for Level {
    fn from(level: LevelName) -> Self {
        match level {
            LevelName::Token => Level::Token,
            LevelName::Sentence => Level::Sentence,
            LevelName::Document => Level::Document,
        }
    }
}

impl From<PoolingName> for Pooling {
    fn from(pooling: PoolingName) -> Self {
        match pooling {
            PoolingName::Tokens => Pooling::Tokens,
            PoolingName::Mean => Pooling::Mean,
            PoolingName::Cls => Pooling::Cls,
            PoolingName::Max => Pooling::Max,
            PoolingName::Sum => Pooling::Sum,
        }
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
            KernelsName::Amx => Some(Isa::Amx),
            KernelsName::Avx512 => Some(Isa::Avx512),
            KernelsName::Avx2 => Some(Isa::Avx2),
            KernelsName::Neon => Some(Isa::Neon),
            KernelsName::Portable => Some(Isa::Portable),
        }
    }
}
