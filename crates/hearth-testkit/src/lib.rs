//! Golden runner, slow references and generators for Hearth's tests.
//!
//! The goldens under `data/golden` are what the real Spark NLP answered (their README says how they were recorded). A
//! `Case` gives the pipeline and the input of one of them, whatever the door, and compares what came out.
//! It knows no crate of Hearth: pipelines are JSON, results are JSON rows in Spark's layout. That part is the feature
//! `golden`; [`mod@reference`], the text rules done slowly, and [`generate`] need no Arrow and are always there.

// A test tool fails by panicking.
#![allow(clippy::expect_used, clippy::panic)]

#[cfg(feature = "golden")]
mod case;
#[cfg(feature = "golden")]
mod compare;
pub mod generate;
#[cfg(feature = "golden")]
mod input;
#[cfg(feature = "golden")]
mod json;
#[cfg(feature = "golden")]
mod odd_parameters;
pub mod reference;

use std::path::PathBuf;

#[cfg(feature = "golden")]
pub use case::{Case, Head, StageHead, case_names};
#[cfg(feature = "golden")]
pub use compare::{Tolerance, mask_names};
#[cfg(feature = "golden")]
pub use json::rows;
#[cfg(feature = "golden")]
pub use odd_parameters::{OddParameter, failing_jobs, odd_parameters};

/// The repository's `data` folder.
#[must_use]
pub fn data() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../data"))
}
