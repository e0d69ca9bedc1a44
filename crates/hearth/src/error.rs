//! What can go wrong, with the data a caller needs to say where.

use arrow::datatypes::DataType;

use crate::InputRows;

/// The result of this crate's functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Where in a pipeline file something stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file, or another name of the text.
    pub file: String,
    /// 1-based line.
    pub line: usize,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// Errors of pipelines. Where Spark NLP has a text for a case, the text is its own.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A plain column that a stage reads is absent.
    #[error("Dataset does not have any '{column}' column (stage {stage}; the columns are: {})", .found.join(", "))]
    MissingColumn {
        /// The stage's name.
        stage: String,
        /// The column that was asked for.
        column: String,
        /// The columns there are.
        found: Vec<String>,
    },
    /// A column that should hold text holds something else.
    #[error(
        "column '{column}' has type {found}, and {stage} reads text: Utf8, LargeUtf8, Utf8View, a dictionary of these, a number or boolean to be cast, or a list of these"
    )]
    NotText {
        /// The stage's name.
        stage: String,
        /// The column.
        column: String,
        /// Its type.
        found: DataType,
    },
    /// A plain column beside the text has a type that the stage does not read.
    #[error("column '{column}' has type {found}, and {stage} reads {wanted} there")]
    ColumnType {
        /// The stage's name.
        stage: String,
        /// The column.
        column: String,
        /// What the stage reads.
        wanted: &'static str,
        /// Its type.
        found: DataType,
    },
    /// Spark NLP's schema check failed: see SPARK_NLP's `HasInputAnnotationCols`.
    #[error("requirement failed: Wrong or missing inputCols annotators in {stage}.\n\nCurrent inputCols: {}. Dataset's columns:\n{columns}.\nMake sure such annotators exist in your pipeline, with the right output names and that they have following annotator types: {}", .input_cols.join(","), .required.join(", "))]
    WrongInputs {
        /// The stage's name.
        stage: String,
        /// What the stage was told to read.
        input_cols: Vec<String>,
        /// One `(column_name=..)` line per column there is.
        columns: String,
        /// Annotator types the stage needs.
        required: Vec<&'static str>,
    },
    /// `input_cols` has another number of names than the stage takes.
    #[error("requirement failed: setInputCols in {stage} expecting {} columns. Provided column amount: {found}. Which should be columns from the following annotators: {} ", .required.len(), .required.join(", "))]
    InputCount {
        /// The stage's name.
        stage: String,
        /// How many names were given.
        found: usize,
        /// Annotator types the stage needs.
        required: Vec<&'static str>,
    },
    /// `input_cols` was not given and has no default.
    #[error("inputCols not provided. Requires columns for {} annotators ({place})", .required.join(", "))]
    NoInputs {
        /// The stage and where it stands.
        place: String,
        /// Annotator types the stage needs.
        required: Vec<&'static str>,
    },
    /// `output_col` was not given and has no default.
    #[error("Failed to find a default value for outputCol ({place}): set output_col")]
    NoOutput {
        /// The stage and where it stands.
        place: String,
    },
    /// A parameter's value is refused.
    #[error("{place}: {message}")]
    Parameter {
        /// The stage, or file and line.
        place: String,
        /// What is wrong with it.
        message: String,
    },
    /// A pipeline file cannot be read as one.
    #[error("{place}: {message}")]
    Pipeline {
        /// Where.
        place: Place,
        /// What is wrong and what is possible.
        message: String,
    },
    /// A column named as annotations does not have their form.
    #[error("column '{column}' is not an annotation column of this form: {message}")]
    NotAnnotations {
        /// The column.
        column: String,
        /// What differs.
        message: String,
    },
    /// A model cannot be opened.
    #[error("cannot open the model of {stage}")]
    Model {
        /// The stage that names it.
        stage: String,
        /// Why.
        #[source]
        source: hearth_models::Error,
    },
    /// What Spark NLP saved cannot be read.
    #[error("cannot read the saved pipeline")]
    Saved {
        /// Why.
        #[source]
        source: hearth_models::Error,
    },
    /// A saved pipeline has a stage that there is no counterpart for.
    #[error(
        "stage {uid} ({class}) has no counterpart here; leave it out of the saved pipeline, or skip it \
         (--ignore-unknown-stages, UnknownStages::Skip)"
    )]
    UnknownStage {
        /// The stage's class.
        class: String,
        /// Its uid.
        uid: String,
    },
    /// A model's weights cannot be made into an encoder, or encoding failed.
    #[error("{stage}: the encoder failed")]
    Encoder {
        /// The stage.
        stage: String,
        /// Why.
        #[source]
        source: hearth_encoder::Error,
    },
    /// A sentence is longer than the model reads, and `on_overflow` is `error`.
    #[error(
        "row {row}, sentence {sentence}: {pieces} word pieces, and {stage} reads at most {limit}; raise max_sentence_length (up to 512), split the sentence, or use on_overflow = \"truncate\""
    )]
    Overflow {
        /// The stage.
        stage: String,
        /// 0-based row of the input.
        row: u64,
        /// 0-based sentence in it.
        sentence: i32,
        /// Pieces of the sentence.
        pieces: usize,
        /// Pieces that fit beside `[CLS]` and `[SEP]`.
        limit: usize,
    },
    /// A row holds what a stage cannot take.
    #[error("row {row}: {stage}: {message}")]
    Row {
        /// 0-based row of the input.
        row: u64,
        /// The stage.
        stage: String,
        /// What is wrong with it, and what to do.
        message: String,
    },
    /// A batch holds more than an Arrow column can say.
    #[error(
        "{what} of one batch does not fit Arrow's 32-bit offsets: {found}; use smaller batches"
    )]
    TooLarge {
        /// What grew too large.
        what: &'static str,
        /// How large it is.
        found: usize,
    },
    /// A function's batch makes more than one array should hold.
    #[error(
        "what is made of a batch of {rows} rows takes more than {limit} bytes (row {row} is past that); hand on smaller batches"
    )]
    OutputTooLarge {
        /// Rows of the batch.
        rows: usize,
        /// The first row whose output does not fit.
        row: usize,
        /// The limit.
        limit: usize,
    },
    /// A batch with another schema than the run was bound to.
    #[error(
        "a batch has another schema than the run was bound to: expected {expected}, found {found}"
    )]
    OtherSchema {
        /// The schema bound.
        expected: String,
        /// The batch's.
        found: String,
    },
    /// The run was stopped ([`crate::Stopper`]) before these rows were done.
    #[error("the run was stopped")]
    Stopped,
    /// A worker panicked; the panic was caught.
    #[error(
        "internal error while working on rows {first_row} to {last_row}: {message}; this is a defect of Hearth, please report it with the input"
    )]
    Panicked {
        /// First row of the window.
        first_row: u64,
        /// Last row of the window.
        last_row: u64,
        /// The panic's message.
        message: String,
    },
    /// The session's worker threads could not be started.
    #[error("cannot start {jobs} worker threads: {message}")]
    Threads {
        /// How many were asked for.
        jobs: usize,
        /// What the system said.
        message: String,
    },
    /// A setting of the session that this machine or build cannot give.
    #[error("{what} is not available here: {why}")]
    Unavailable {
        /// The setting.
        what: String,
        /// Why not, and what is possible.
        why: String,
    },
    /// Arrow refused something.
    #[error("Arrow: {0}")]
    Arrow(#[from] arrow::error::ArrowError),
}

impl Error {
    /// The row of the input that is at fault, where it is known.
    #[must_use]
    pub fn row(&self) -> Option<u64> {
        match self {
            Error::Overflow { row, .. } | Error::Row { row, .. } => Some(*row),
            _ => None,
        }
    }

    /// Turns the row number of a batch into that of the whole input.
    pub(crate) fn in_input(mut self, rows: &InputRows) -> Self {
        if let Some(row) = self.row() {
            self.set_row(rows.number(usize::try_from(row).unwrap_or(usize::MAX)));
        }
        self
    }

    /// Names another row, where it names one.
    pub(crate) fn set_row(&mut self, to: u64) {
        match self {
            Error::Overflow { row, .. } | Error::Row { row, .. } => *row = to,
            Error::Panicked {
                first_row,
                last_row,
                ..
            } => (*first_row, *last_row) = (to, to),
            _ => {}
        }
    }
}
