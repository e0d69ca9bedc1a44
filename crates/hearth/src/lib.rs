//! Spark NLP's BERT annotator pipeline over Arrow record batches.
//!
//! A [`Pipeline`] is plain data: a list of stage configurations ([`stages`]). A [`Session`] holds what a process shares
//! (worker threads, opened models) and makes a [`PipelineModel`] of it. Binding that to a schema makes every check there
//! is before any data flows; then batches go in and come out in order, with annotation columns ([`annotation`]) added.
//! [`border`] turns these into what leaves the process: Spark NLP's structs, rows, or columns with offsets in
//! characters, bytes or UTF-16 units. [`PipelineModel::annotate`] takes single texts and gives typed annotations.
//!
//! ```
//! use std::sync::Arc;
//! use arrow::array::{RecordBatch, StringArray};
//! use hearth::{Pipeline, Session};
//!
//! # fn main() -> Result<(), hearth::Error> {
//! # let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/models");
//! let session = Session::builder().jobs(2).build()?;
//! let pipeline = Pipeline::embed("text", format!("{folder}/tiny_cased"));
//! let model = session.load(&pipeline)?;
//!
//! let text = StringArray::from(vec![Some("I love NLP. It works."), None]);
//! let batch = RecordBatch::try_from_iter([("text", Arc::new(text) as _)])?;
//! let annotated = model.transform(&batch)?;
//! assert_eq!(annotated.num_columns(), 5); // text, document, sentence, token, embeddings
//!
//! let annotations = model.annotate("I love NLP. It works.")?;
//! assert_eq!(annotations["sentence"][1].result, "It works.");
//! assert_eq!(annotations["embeddings"][0].vector.len(), 32);
//! # Ok(())
//! # }
//! ```

pub mod annotation;
pub mod benchmark;
pub mod border;
mod config;
mod counts;
mod error;
pub mod function;
mod input_rows;
mod memo;
mod model;
mod pipeline;
mod run;
mod schedule;
mod session;
pub mod stage;
pub mod stages;
mod text;

pub use config::{Loading, StageConfig};
pub use counts::{Count, Counts, Totals};
pub use error::{Error, Place, Result};
pub use hearth_encoder::{Isa, Precision, available_isas, multipliers};
pub use input_rows::InputRows;
pub use model::{BertModel, OpenedModel};
pub use pipeline::{FromSpark, Pipeline, SparkStage, StageSpec, UnknownStages};
pub use run::{Annotation, BoundPipeline, Part, PipelineModel, Run, Stopper};
pub use session::{Session, SessionBuilder};
