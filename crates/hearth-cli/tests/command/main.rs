//! The binary, as its users run it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod bad_input;
mod bench;
mod convert;
mod embed;
mod golden;
mod inspect;
mod models;
mod same_bits;
mod saved;
mod settings;
#[cfg(feature = "sql")]
mod sql;

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::{Map, Value};

/// A folder of its own for a test, with the command at hand.
struct Workplace(tempfile::TempDir);

impl Workplace {
    fn new() -> Self {
        Workplace(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path
    }

    /// The command in this folder, with a clean environment.
    fn hearth(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hearth"));
        command
            .current_dir(self.0.path())
            .env_clear()
            .stdin(Stdio::null());
        command
    }

    fn run<S: AsRef<std::ffi::OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Output {
        self.hearth().args(args).output().unwrap()
    }

    /// Runs and expects success.
    fn ok<S: AsRef<std::ffi::OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Output {
        let output = self.run(args);
        assert!(output.status.success(), "{}", text(&output.stderr));
        output
    }

    /// Runs and expects an exit code; gives what was said.
    fn fails<S: AsRef<std::ffi::OsStr>>(
        &self,
        code: i32,
        args: impl IntoIterator<Item = S>,
    ) -> String {
        let output = self.run(args);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{said}");
        said
    }

    /// Names in the folder, temporary ones included.
    fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.0.path()).unwrap();
        let mut names: Vec<_> = entries
            .map(|e| e.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn json_rows(bytes: &[u8]) -> Vec<Map<String, Value>> {
    text(bytes)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn model(name: &str) -> PathBuf {
    hearth_testkit::data().join("models").join(name)
}

fn arg(path: &Path) -> &str {
    path.to_str().unwrap()
}
