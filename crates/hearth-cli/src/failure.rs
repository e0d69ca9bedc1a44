//! Why the command failed, and its exit code.

use std::process::ExitCode;

/// What ends the command early.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The request was wrong: nothing was done.
    Usage(anyhow::Error),
    /// The work failed.
    Failed(anyhow::Error),
    /// The user stopped it.
    Interrupted(String),
    /// Whoever read standard output wants no more.
    Closed,
}

/// A wrong request.
pub(crate) fn usage(
    message: impl std::fmt::Display + Send + Sync + std::fmt::Debug + 'static,
) -> Failure {
    Failure::Usage(anyhow::Error::msg(message))
}

/// A defect of the command's own.
pub(crate) fn panicked(panic: &(dyn std::any::Any + Send)) -> Failure {
    let message = panic.downcast_ref::<&str>().map(ToString::to_string);
    let message = message
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_default();
    Failure::Failed(anyhow::anyhow!(
        "internal error: {message}; this is a defect of Hearth, please report it"
    ))
}

impl Failure {
    pub(crate) fn code(&self) -> ExitCode {
        match self {
            Failure::Usage(_) => ExitCode::from(2),
            Failure::Failed(_) => ExitCode::FAILURE,
            Failure::Interrupted(_) => ExitCode::from(4),
            Failure::Closed => ExitCode::SUCCESS,
        }
    }

    /// The same, said to be about something.
    pub(crate) fn context(self, about: String) -> Self {
        match self {
            Failure::Usage(error) => Failure::Usage(error.context(about)),
            Failure::Failed(error) => Failure::Failed(error.context(about)),
            other => other,
        }
    }

    /// The same, found out only after the work was done.
    pub(crate) fn after_work(self) -> Self {
        match self {
            Failure::Usage(error) => Failure::Failed(error),
            other => other,
        }
    }

    /// The chain of causes in one line.
    pub(crate) fn text(&self) -> String {
        match self {
            Failure::Usage(error) | Failure::Failed(error) => format!("{error:#}"),
            Failure::Interrupted(message) => format!("interrupted: {message}"),
            Failure::Closed => String::new(),
        }
    }

    /// Prints the chain of causes, once; as one JSON object with `--log-format json`.
    pub(crate) fn print(&self, json: bool) {
        if json && !matches!(self, Failure::Closed) {
            eprintln!(
                "{}",
                serde_json::json!({ "level": "error", "message": self.text() })
            );
            return;
        }
        match self {
            Failure::Usage(error) | Failure::Failed(error) => {
                eprintln!("error: {error}");
                let mut said = error.to_string();
                for cause in error.chain().skip(1).map(ToString::to_string) {
                    if !said.contains(&cause) {
                        eprintln!("  caused by: {cause}");
                        said = cause;
                    }
                }
            }
            Failure::Interrupted(message) => eprintln!("interrupted: {message}"),
            Failure::Closed => {}
        }
    }
}

impl From<hearth_io::Error> for Failure {
    fn from(error: hearth_io::Error) -> Self {
        let io = std::error::Error::source(&error).and_then(|e| e.downcast_ref::<std::io::Error>());
        if io.is_some_and(|e| e.kind() == std::io::ErrorKind::BrokenPipe) {
            return Failure::Closed;
        }
        if error.is_usage() {
            Failure::Usage(error.into())
        } else {
            Failure::Failed(error.into())
        }
    }
}

impl From<hearth::Error> for Failure {
    fn from(error: hearth::Error) -> Self {
        use hearth::Error as E;
        let wrong_request = matches!(
            error,
            E::MissingColumn { .. }
                | E::NotText { .. }
                | E::WrongInputs { .. }
                | E::InputCount { .. }
                | E::NoInputs { .. }
                | E::NoOutput { .. }
                | E::Parameter { .. }
                | E::Pipeline { .. }
                | E::Saved { .. }
                | E::UnknownStage { .. }
                | E::Unavailable { .. }
        );
        if wrong_request {
            Failure::Usage(error.into())
        } else {
            Failure::Failed(error.into())
        }
    }
}

impl From<hearth_models::Error> for Failure {
    fn from(error: hearth_models::Error) -> Self {
        use hearth_models::Error as E;
        let wrong_request = match &error {
            E::NotHere { .. } | E::Format { .. } | E::PartOfModel { .. } | E::Output { .. } => true,
            #[cfg(feature = "download")]
            E::NoArchive { .. } => true,
            _ => false,
        };
        if wrong_request {
            Failure::Usage(error.into())
        } else {
            Failure::Failed(error.into())
        }
    }
}
