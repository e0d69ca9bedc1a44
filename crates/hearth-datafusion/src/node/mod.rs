//! A pipeline as a step of a DataFrame: a node of its own in the plan.

mod codec;
mod exec;
mod logical;
mod planner;

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::logical_expr::{Extension, LogicalPlan};
use datafusion::prelude::DataFrame;
use hearth::border::{Border, Layout, Offsets};
use hearth::{Pipeline, Session};

pub use codec::{HearthLogicalCodec, HearthPhysicalCodec};
pub use exec::HearthExec;
pub use logical::HearthNode;
pub use planner::HearthPlanner;

/// A pipeline as a step of a DataFrame.
///
/// The step runs once for each row, whatever the plan around it. Rows of all batches of a partition fill packs together;
/// ordering and partitioning are kept; filters and limits on other columns stand below it where the optimizer moves them,
/// and columns that nobody asks for are not read. Memory on its way is registered with the engine's pool; a query that is
/// cancelled begins no further pack. `EXPLAIN ANALYZE` says how many sentences, tokens, packs and equal sentences there
/// were, and how long the workers were busy.
///
/// ```
/// use datafusion::prelude::*;
/// use hearth_datafusion::{HearthDataFrame, hearth::{Pipeline, Session}};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let data = concat!(env!("CARGO_MANIFEST_DIR"), "/../../data");
/// let context = SessionContext::new();
/// let session = Session::builder().build()?;
/// let notes = context.read_parquet(format!("{data}/corpora/sample.parquet"), ParquetReadOptions::default()).await?;
/// let tokens = notes
///     .limit(0, Some(3))?
///     .hearth(&session, &Pipeline::embed("text", format!("{data}/models/tiny_cased")))?
///     .select(vec![col("id"), col("embeddings")])?
///     .unnest_columns(&["embeddings"])?;
/// assert!(tokens.count().await? > 100);
/// # Ok(())
/// # }
/// ```
pub trait HearthDataFrame: Sized {
    /// Adds the columns of a pipeline, as [`Layout::Nested`] with offsets in characters.
    ///
    /// # Errors
    /// What is wrong with the pipeline, or with a column that it reads.
    fn hearth(self, session: &Session, pipeline: &Pipeline) -> Result<Self> {
        let border = Border {
            layout: Layout::Nested(Offsets::Char),
            columns: None,
        };
        self.hearth_as(session, pipeline, &border)
    }

    /// The same in another layout, or of some columns. In the rows layout `row` counts the rows of a partition.
    ///
    /// The frame that comes out plans with [`HearthPlanner`] in place of the query planner it had. A frame that has this one on
    /// its right side (a join, a union) or in a view plans with its own: give its context
    /// `SessionStateBuilder::with_query_planner(Arc::new(HearthPlanner))`, or add `HearthPlanner` to the extension planners
    /// of the planner that it has.
    ///
    /// # Errors
    /// As [`HearthDataFrame::hearth`].
    fn hearth_as(self, session: &Session, pipeline: &Pipeline, border: &Border) -> Result<Self>;
}

impl HearthDataFrame for DataFrame {
    fn hearth_as(self, session: &Session, pipeline: &Pipeline, border: &Border) -> Result<Self> {
        let (state, input) = self.into_parts();
        let node = HearthNode::new(session, pipeline, border, input)?;
        let planned = SessionStateBuilder::new_from_existing(state)
            .with_query_planner(Arc::new(HearthPlanner))
            .build();
        let plan = LogicalPlan::Extension(Extension {
            node: Arc::new(node),
        });
        Ok(DataFrame::new(planned, plan))
    }
}
