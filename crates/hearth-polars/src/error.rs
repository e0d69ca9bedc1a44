//! Errors of Hearth as errors of Polars.

use std::any::Any;
use std::error::Error;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use polars::prelude::{PolarsError, PolarsResult, polars_err};

/// The error with all its causes: Polars keeps a text only.
pub(crate) fn polars(error: hearth::Error) -> PolarsError {
    let text = chain(&error);
    match error {
        hearth::Error::MissingColumn { .. } => PolarsError::ColumnNotFound(text.into()),
        hearth::Error::NotText { .. }
        | hearth::Error::ColumnType { .. }
        | hearth::Error::WrongInputs { .. } => PolarsError::SchemaMismatch(text.into()),
        _ => PolarsError::ComputeError(text.into()),
    }
}

/// What the bridge cannot carry.
pub(crate) fn refused(error: arrow::error::ArrowError) -> PolarsError {
    polars_err!(ComputeError: "Arrow: {error}")
}

fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

/// Runs `work`; a panic, which would end a process whose Polars runs it on a thread of its own, is an error.
pub(crate) fn guarded<T>(what: &str, work: impl FnOnce() -> PolarsResult<T>) -> PolarsResult<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| Err(panicked(what, &*panic)))
}

/// Runs a pipeline's `work` over so many rows on a thread that is none of Polars' and waits for it.
///
/// A worker of Polars that waits for another pool takes up other work of Polars meanwhile: another expression, which may
/// want the model that the one below it on the same stack is opening, and both wait for ever. For the same reason `work`
/// must not call Polars, whose workers may all be waiting here.
pub(crate) fn aside<T: Send>(
    what: &str,
    rows: usize,
    work: impl FnOnce() -> hearth::Result<T> + Send,
) -> PolarsResult<T> {
    thread::scope(|scope| {
        let named = thread::Builder::new().name("hearth-polars".to_owned());
        let thread = named.spawn_scoped(scope, work)?;
        match thread.join() {
            Ok(result) => result.map_err(|error| at_once(error, rows)),
            Err(panic) => Err(panicked(what, &*panic)),
        }
    })
}

/// The error with what its row numbers count: the streaming engine hands on a few rows of many.
fn at_once(error: hearth::Error, rows: usize) -> PolarsError {
    let names_rows = error.row().is_some() || matches!(error, hearth::Error::Panicked { .. });
    let error = polars(error);
    if !names_rows {
        return error;
    }
    error.wrap_msg(|text| format!("{text} (of the {rows} rows that the engine handed on at once)"))
}

fn panicked(what: &str, panic: &(dyn Any + Send)) -> PolarsError {
    let message = panic
        .downcast_ref::<&str>()
        .map(ToString::to_string)
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".to_owned());
    polars_err!(ComputeError: "{what}: internal error: {message}; this is a defect, please report it with the input")
}
