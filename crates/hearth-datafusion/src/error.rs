//! Errors on their way into DataFusion.

use datafusion::error::DataFusionError;

/// What went wrong in a function.
#[derive(Debug, thiserror::Error)]
#[error("{function}: {source}")]
#[non_exhaustive]
pub struct Error {
    /// The function.
    pub function: String,
    /// What went wrong. A row is counted from the first of the batch that the function was given.
    #[source]
    pub source: hearth::Error,
}

/// An error of a function as DataFusion carries it.
pub(crate) fn external(function: &str) -> impl Fn(hearth::Error) -> DataFusionError {
    let function = function.to_owned();
    move |source| {
        DataFusionError::External(Box::new(Error {
            function: function.clone(),
            source,
        }))
    }
}

/// An error found while planning: with its causes, since planning keeps texts alone.
pub(crate) fn planned(function: &str) -> impl Fn(hearth::Error) -> DataFusionError {
    let function = function.to_owned();
    move |error| {
        let mut text = format!("{function}: {error}");
        let mut source = std::error::Error::source(&error);
        while let Some(cause) = source {
            text.push_str(": ");
            text.push_str(&cause.to_string());
            source = cause.source();
        }
        DataFusionError::Plan(text)
    }
}
