//! Expressions of one text column.

use std::ops::Range;

use arrow::array::{Array, ArrayRef, AsArray, StringViewArray};
use hearth::function::TextFunction;
use hearth::stages::BertEmbeddings;
use hearth::{Pipeline, Session};
use polars::frame::column::ScalarColumn;
use polars::prelude::*;

use crate::bridge;
use crate::error::{aside, guarded, polars};

/// One pooled vector per text: `Array(Float32, dim)`.
///
/// The vector is pooled over the whole text as `bert.pooling` says; `bert.level` is left out. It is null for a null text
/// and for one in which no token has a vector, such as the empty text.
///
/// ```
/// use hearth_polars::hearth::{Session, stages::BertEmbeddings};
/// use hearth_polars::polars::prelude::*;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let model = concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/models/tiny_cased");
/// let session = Session::builder().jobs(2).build()?;
/// let bert = BertEmbeddings { model: Some(model.into()), ..Default::default() };
/// let notes = df!("text" => ["No fever.", "Aspirin was stopped."])?;
/// let vector = hearth_polars::embed_text(col("text"), &session, bert)?.alias("vector");
/// let embedded = notes.lazy().with_column(vector).collect()?;
/// assert_eq!(embedded.column("vector")?.dtype(), &DataType::Array(Box::new(DataType::Float32), 32));
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// `ComputeError` for a model that cannot be opened or a parameter that is refused. When the query is planned:
/// `SchemaMismatch` for a column that is no text. When it runs: `ComputeError` for what is wrong with a row, numbered from
/// 0 in what the engine gave at once: see [the crate's page](crate#rows-in-errors).
pub fn embed_text(expr: Expr, session: &Session, bert: BertEmbeddings) -> PolarsResult<Expr> {
    let function = TextFunction::embed_text(session, bert).map_err(polars)?;
    over(expr, function, "embed_text")
}

/// The tokens of each text with their vectors: `List<Struct{begin, end, sentence, result, piece_id, vector}>`, where
/// `vector` is `Array(Float32, dim)` and `begin`, `end` count characters of the text.
///
/// A null text has a null list; the empty text has an empty one.
///
/// ```
/// use hearth_polars::hearth::{Session, stages::BertEmbeddings};
/// use hearth_polars::polars::prelude::*;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let model = concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/models/tiny_cased");
/// let session = Session::builder().jobs(2).build()?;
/// let bert = BertEmbeddings { model: Some(model.into()), ..Default::default() };
/// let notes = df!("text" => ["No fever."])?;
/// let tokens = hearth_polars::bert_embeddings(col("text"), &session, bert)?.alias("token");
/// let tokens = notes.lazy().select([tokens]).explode(cols(["token"]), ExplodeOptions { empty_as_null: true, keep_nulls: true });
/// let tokens = tokens.unnest(cols(["token"]), None).collect()?;
/// assert_eq!(tokens.column("result")?.str()?.get(1), Some("fever"));
/// assert_eq!(tokens.column("begin")?.i32()?.get(1), Some(3));
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// As [`embed_text`].
pub fn bert_embeddings(expr: Expr, session: &Session, bert: BertEmbeddings) -> PolarsResult<Expr> {
    let function = TextFunction::bert_embeddings(session, bert).map_err(polars)?;
    over(expr, function, "bert_embeddings")
}

/// The sentences of each text: `List<Struct{begin, end, sentence, result}>`, as a SentenceDetector with its defaults
/// finds them. A null text has a null list.
///
/// # Errors
/// As [`embed_text`].
pub fn sentences(expr: Expr, session: &Session) -> PolarsResult<Expr> {
    let function = TextFunction::sentences(session).map_err(polars)?;
    over(expr, function, "sentences")
}

/// The tokens of each text: `List<Struct{begin, end, sentence, result}>`, as a Tokenizer with its defaults finds them in
/// the sentences. A null text has a null list.
///
/// # Errors
/// As [`embed_text`].
pub fn tokens(expr: Expr, session: &Session) -> PolarsResult<Expr> {
    let function = TextFunction::tokens(session).map_err(polars)?;
    over(expr, function, "tokens")
}

/// All columns that the pipeline makes of one text column, as a `Struct` with one field for each.
///
/// ```
/// use hearth_polars::hearth::{Pipeline, Session};
/// use hearth_polars::polars::prelude::*;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let model = concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/models/tiny_cased");
/// let session = Session::builder().jobs(2).build()?;
/// let pipeline = Pipeline::embed("text", model);
/// let notes = df!("text" => ["No fever. Aspirin was stopped."])?;
/// let annotated = hearth_polars::hearth(col("text"), &session, &pipeline)?.alias("nlp");
/// let counted = notes.lazy().select([annotated.clone().struct_().field_by_name("sentence").list().len(),
///                                    annotated.struct_().field_by_name("token").list().len()]).collect()?;
/// assert_eq!(counted.column("sentence")?.u32()?.get(0), Some(2));
/// assert_eq!(counted.column("token")?.u32()?.get(0), Some(7));
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// As [`embed_text`]; and for a pipeline that is no function of one text column: one that reads other columns or explodes
/// rows. [`crate::HearthFrame`] takes these.
pub fn hearth(expr: Expr, session: &Session, pipeline: &Pipeline) -> PolarsResult<Expr> {
    let function = TextFunction::annotate(session, pipeline).map_err(polars)?;
    over(expr, function, "hearth")
}

/// The function as an expression, which Polars may run on any part of the rows at any time: a row's result depends on its
/// text alone.
fn over(expr: Expr, function: TextFunction, name: &'static str) -> PolarsResult<Expr> {
    let dtype = bridge::to_dtype(&function.field(name))?;
    let planned = dtype.clone();
    let plan = move |_: &Schema, input: &Field| {
        takes(name, input.name(), input.dtype())?;
        Ok(Field::new(input.name().clone(), planned.clone()))
    };
    let run = move |column: Column| apply(&function, name, column, &dtype);
    Ok(expr.map_with_fmt_str(run, plan, name))
}

/// Refuses a type that is no text. A column of nulls alone has a type of its own.
fn takes(function: &str, column: &str, dtype: &DataType) -> PolarsResult<()> {
    match dtype {
        DataType::String | DataType::Categorical(..) | DataType::Enum(..) | DataType::Null => {
            Ok(())
        }
        other => polars_bail!(
            SchemaMismatch: "{function} reads text (String, Categorical or Enum), and column '{column}' has type {other}; \
                             cast it to String first"
        ),
    }
}

fn apply(
    function: &TextFunction,
    name: &str,
    column: Column,
    dtype: &DataType,
) -> PolarsResult<Column> {
    takes(name, column.name(), column.dtype())?;
    match column {
        _ if column.is_empty() => Ok(Column::new_empty(column.name().clone(), dtype)),
        Column::Scalar(scalar) => {
            let one = call(function, name, &scalar.as_single_value_series(), dtype)?;
            Ok(ScalarColumn::from_single_value_series(one, scalar.len()).into_column())
        }
        Column::Series(series) => Ok(call(function, name, &series, dtype)?.into_column()),
    }
}

/// Rows and bytes of text of one call, which bound what it gives to a fraction of [`TextFunction::LIMIT`].
const CALL_ROWS: usize = 1 << 16;
const CALL_TEXT: usize = 1 << 20;

fn call(
    function: &TextFunction,
    name: &str,
    series: &Series,
    dtype: &DataType,
) -> PolarsResult<Series> {
    guarded(name, || {
        let text = bridge::to_arrow(series)?;
        let called = aside(name, text.len(), || {
            let called = calls(&text).into_iter().map(|rows| {
                let output = function.call(&text.slice(rows.start, rows.len()));
                output.map_err(|error| counted_from(error, rows.start))
            });
            called.collect::<hearth::Result<Vec<_>>>()
        })?;
        let output = bridge::to_chunks(series.name().clone(), dtype, called.into_iter())?;
        polars_ensure!(
            output.len() == series.len() && output.dtype() == dtype,
            ComputeError: "{name} gave {} rows of {} for {} rows of {dtype}", output.len(), output.dtype(), series.len()
        );
        Ok(output)
    })
}

/// The rows of each call. A dictionary is not cut: the function looks at each of its values once.
fn calls(text: &ArrayRef) -> Vec<Range<usize>> {
    let (mut calls, mut start, mut bytes) = (Vec::new(), 0, 0);
    let views = text.as_string_view_opt().into_iter();
    for (row, length) in views.flat_map(StringViewArray::lengths).enumerate() {
        bytes += length as usize;
        if bytes >= CALL_TEXT || row + 1 - start == CALL_ROWS {
            calls.push(start..row + 1);
            (start, bytes) = (row + 1, 0);
        }
    }
    if start < text.len() {
        calls.push(start..text.len());
    }
    calls
}

/// The error of a call over rows from `start` on, its rows numbered from the column's first.
fn counted_from(mut error: hearth::Error, start: usize) -> hearth::Error {
    let start = start as u64;
    match &mut error {
        hearth::Error::Overflow { row, .. } | hearth::Error::Row { row, .. } => *row += start,
        hearth::Error::Panicked {
            first_row,
            last_row,
            ..
        } => {
            *first_row += start;
            *last_row += start;
        }
        _ => {}
    }
    error
}
