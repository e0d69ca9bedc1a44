//! Names of the command's contract that this version does not have: they are refused as such, not as typing errors.

use std::ffi::OsString;

use crate::failure::{Failure, usage};

const VERBS: [&str; 10] = [
    "plan", "resume", "verify", "report", "cluster", "inspect", "models", "sql", "bench", "convert",
];
const FLAGS: [&str; 8] = [
    "--memory",
    "--vectors",
    "--level",
    "--pooling",
    "--normalize",
    "--dim",
    "--pieces",
    "--ignore-unknown-stages",
];

/// Refuses a verb or flag that is to come.
pub(crate) fn refuse(typed: &[OsString]) -> Result<(), Failure> {
    let typed = typed.iter().skip(1).filter_map(|arg| arg.to_str());
    let mut flags = typed.clone().take_while(|arg| *arg != "--");
    if let Some(verb) = typed
        .clone()
        .find(|arg| !arg.starts_with('-'))
        .filter(|verb| VERBS.contains(verb))
    {
        return Err(usage(format!("hearth {verb} is not in this version")));
    }
    let is_absent = |arg: &&str| FLAGS.contains(&arg.split('=').next().unwrap_or_default());
    match flags.find(is_absent) {
        Some(flag) => Err(usage(format!("{flag} is not in this version"))),
        None => Ok(()),
    }
}
