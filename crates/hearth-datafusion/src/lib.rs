//! Spark NLP's BERT annotator pipeline in DataFusion: SQL functions, and a pipeline as a step of a DataFrame.
//!
//! | function | gives for each text |
//! |---|---|
//! | `embed_text(text [, model [, options]])` | one pooled vector, `FixedSizeList(Float32, dim)`; also `ai_embed(model, text)` |
//! | `bert_embeddings(text [, model [, options]])` | its tokens with their vectors, a list of structs |
//! | `try_embed_text`, `try_bert_embeddings` | a struct `{value, error, n_tokens, n_cut}`: a row's error does not fail the query |
//! | `sentences(text)`, `tokens(text)` | a list of structs |
//! | `annotate(text, pipeline)` | a struct of all columns that a pipeline adds |
//!
//! NULL gives NULL; an empty text is a text: it has no tokens, and so an empty list of them and no pooled vector. Model,
//! pipeline and options are written out in the query, because they decide the type of the result; the type and its metadata
//! come from the model's config alone. What is not written out is set: `SET hearth.model = '...'`, `hearth.precision`,
//! `hearth.device`, `hearth.on_overflow`, `hearth.jobs` ([`configure`]). Pipelines say all of this themselves, and of the settings
//! only `hearth.jobs` and `hearth.device` are for `annotate`. Expressions of [`expr_fn`] and functions of [`udfs`] begin with the
//! defaults, those that a context knows with its settings.
//!
//! ```
//! use datafusion::prelude::*;
//! use hearth_datafusion::{configure, install};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../data");
//! # std::env::set_current_dir(folder)?;
//! let context = SessionContext::new_with_config(configure(SessionConfig::new()));
//! install(&context, &hearth::Session::builder().build()?)?;
//! context.register_parquet("notes", "corpora/sample.parquet", ParquetReadOptions::default()).await?;
//!
//! context.sql("SET hearth.model = 'models/tiny_cased'").await?;
//! let nearest = context
//!     .sql("SELECT id, cosine_distance(embed_text(text), embed_text('The cell divides.')) AS d FROM notes ORDER BY d LIMIT 3")
//!     .await?;
//! assert_eq!(nearest.count().await?, 3);
//! # Ok(())
//! # }
//! ```
//!
//! # How often a function runs
//!
//! The functions are immutable, so that DataFusion computes equal calls of one SELECT once and a call on constants once, when
//! the query is planned. A call in WHERE and SELECT, or a filter on the alias of a subquery's column, runs twice: write the
//! vectors to a table first, or use the step of a DataFrame ([`HearthDataFrame`]), which runs once. `ORDER BY ... LIMIT` runs it for
//! all rows, since all are compared; order by the name of a selected column, since a call that stands in ORDER BY alone is
//! computed several times for each row.
//!
//! # Batches
//!
//! A function sees the batches of the query, 8,192 rows by default; it cuts them into packs for all workers and gives the whole
//! batch back at once. Token vectors are large (8,192 notes of 300 tokens with 768 values are 7.5 GB), and a call that would
//! give more than 4 GiB is an error: `SET datafusion.execution.batch_size = 256` for `bert_embeddings` of long texts. Pooled vectors
//! are small at any size. A cancelled query ends after the batch that is on its way.

mod arguments;
mod door;
mod error;
mod functions;
mod node;
mod options;
mod udf;

use std::path::PathBuf;
use std::sync::Arc;

use datafusion::common::Result;
use datafusion::execution::FunctionRegistry;
use datafusion::logical_expr::ScalarUDF;
use datafusion::prelude::SessionContext;
use hearth::{Pipeline, Session};

pub use datafusion;
pub use hearth;

pub use error::Error;
pub use functions::{expr_fn, udfs};
pub use node::{
    HearthDataFrame, HearthExec, HearthLogicalCodec, HearthNode, HearthPhysicalCodec, HearthPlanner,
};
pub use options::{HearthOptions, configure};

use door::Door;

/// Registers all functions, with the defaults of [`HearthOptions`] until something is `SET`; [`install`] takes what a context
/// has set already.
///
/// # Errors
/// The registry's.
pub fn register_all(registry: &mut dyn FunctionRegistry, session: &Session) -> Result<()> {
    Functions::new(session).register_all(registry)
}

/// Registers all functions in a context, with what is set in it.
///
/// # Errors
/// The context's.
pub fn install(context: &SessionContext, session: &Session) -> Result<()> {
    Functions::new(session).install(context)
}

/// The functions before they are registered, for what else they may know.
#[derive(Debug, Clone)]
pub struct Functions(Door);

impl Functions {
    /// Functions that run on a session's workers and share its models.
    #[must_use]
    pub fn new(session: &Session) -> Self {
        Functions(Door::new(session))
    }

    /// Finds models by what a query calls them; without it that is a path.
    #[must_use]
    pub fn finding_models(
        self,
        find: impl Fn(&str) -> Result<PathBuf> + Send + Sync + 'static,
    ) -> Self {
        Functions(self.0.finding(Arc::new(find)))
    }

    /// Makes a pipeline known to `annotate` by a name.
    #[must_use]
    pub fn pipeline(self, name: impl Into<String>, pipeline: Pipeline) -> Self {
        Functions(self.0.knowing(name.into(), pipeline))
    }

    /// The functions.
    #[must_use]
    pub fn all(&self) -> Vec<ScalarUDF> {
        let udf = |spec| udf::udf(spec, self.0.clone());
        functions::ALL.into_iter().map(udf).collect()
    }

    /// Registers them.
    ///
    /// # Errors
    /// The registry's.
    pub fn register_all(&self, registry: &mut dyn FunctionRegistry) -> Result<()> {
        for udf in self.all() {
            registry.register_udf(Arc::new(udf))?;
        }
        Ok(())
    }

    /// Registers them in a context, with what is set in it.
    ///
    /// # Errors
    /// The context's.
    pub fn install(&self, context: &SessionContext) -> Result<()> {
        let options = HearthOptions::of(context.state().config_options());
        for udf in Functions(self.0.with(options)).all() {
            context.register_udf(udf);
        }
        Ok(())
    }
}
