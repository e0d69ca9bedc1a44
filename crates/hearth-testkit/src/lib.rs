//! Golden runner and generators for Hearth's tests.
//!
//! The goldens under `data/golden` are what the real Spark NLP answered (their README says how they were recorded). A
//! [`Case`] gives the pipeline and the input of one of them, whatever the door, and compares what came out.
//! It knows no crate of Hearth: pipelines are JSON, results are JSON rows in Spark's layout.

// A test tool fails by panicking.
#![allow(clippy::expect_used, clippy::panic)]

mod case;
mod compare;
mod input;
mod json;

use std::path::PathBuf;

pub use case::{Case, Head, StageHead, case_names};
pub use compare::{Tolerance, mask_names};
pub use json::rows;

/// The repository's `data` folder.
#[must_use]
pub fn data() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../data"))
}
