//! Messages on standard error, for people or for machines.

use serde_json::json;

use crate::args::{Flags, LogFormat};

/// How messages are written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Log {
    pub(crate) json: bool,
    pub(crate) quiet: bool,
    pub(crate) verbose: bool,
}

/// Whether the command line or the environment asks for JSON messages: for errors that come before the settings do.
pub(crate) fn json_is_asked() -> bool {
    let typed: Vec<String> = std::env::args_os()
        .filter_map(|arg| arg.into_string().ok())
        .collect();
    let flag = typed
        .windows(2)
        .any(|pair| pair[0] == "--log-format" && pair[1] == "json");
    let joined = typed.iter().any(|arg| arg == "--log-format=json");
    flag || joined || std::env::var("HEARTH_LOG_FORMAT").is_ok_and(|value| value == "json")
}

impl Log {
    pub(crate) fn of(flags: &Flags) -> Self {
        Log {
            json: flags.log_format == Some(LogFormat::Json),
            quiet: flags.quiet == Some(true),
            verbose: flags.verbose == Some(true),
        }
    }

    pub(crate) fn warn(self, message: &str) {
        if !self.quiet {
            self.write("warning", message);
        }
    }

    pub(crate) fn info(self, message: &str) {
        if !self.quiet {
            self.write("info", message);
        }
    }

    pub(crate) fn detail(self, message: &str) {
        if self.verbose {
            self.write("debug", message);
        }
    }

    fn write(self, level: &str, message: &str) {
        match (self.json, level) {
            (true, _) => eprintln!("{}", json!({ "level": level, "message": message })),
            (false, "warning") => eprintln!("warning: {message}"),
            (false, _) => eprintln!("{message}"),
        }
    }
}
