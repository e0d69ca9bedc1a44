//! The properties that the fuzz targets check. They are those of the crates' own tests, beside which they lie.

#[path = "../../crates/hearth-text/tests/properties/mod.rs"]
pub mod text;

#[cfg(feature = "pipeline")]
#[path = "../../crates/hearth/tests/properties/mod.rs"]
pub mod pipeline;
