//! Names of the command's contract that this version does not have: they are refused as such, not as typing errors.

use std::ffi::OsString;

use crate::failure::{Failure, usage};

const VERBS: [&str; 6] = ["plan", "resume", "verify", "report", "cluster", "convert"];
const FLAGS: [&str; 2] = ["--memory", "--vectors"];

/// Values that a flag does not take yet.
const VALUES: [(&str, &str); 2] = [("--on-overflow", "window"), ("--on-overflow", "null")];
/// Inputs and outputs that are not on this machine.
const REMOTE: [&str; 5] = ["s3://", "gs://", "az://", "http://", "https://"];

/// Refuses a verb, flag or value that is to come.
pub(crate) fn refuse(typed: &[OsString]) -> Result<(), Failure> {
    let typed: Vec<&str> = typed
        .iter()
        .skip(1)
        .map_while(|arg| arg.to_str())
        .take_while(|arg| *arg != "--")
        .collect();
    let absent = |what: &str| Err(usage(format!("{what} is not in this version")));
    if let Some(verb) = typed
        .iter()
        .find(|arg| !arg.starts_with('-'))
        .filter(|verb| VERBS.contains(verb))
    {
        return absent(&format!("hearth {verb}"));
    }
    if cfg!(not(feature = "sql")) && typed.first() == Some(&"sql") {
        return Err(usage(
            "this hearth was built without sql (cargo build --release -p hearth-cli --features sql builds one with it)",
        ));
    }
    for (n, arg) in typed.iter().enumerate() {
        let (flag, value) = arg
            .split_once('=')
            .unwrap_or((arg, typed.get(n + 1).copied().unwrap_or_default()));
        if FLAGS.contains(&flag) {
            return absent(flag);
        }
        if VALUES.contains(&(flag, value)) {
            return absent(&format!("{flag} {value}"));
        }
        if REMOTE.iter().any(|scheme| arg.starts_with(scheme)) {
            return absent(&format!("{arg}: reading from and writing to remote places"));
        }
    }
    Ok(())
}
