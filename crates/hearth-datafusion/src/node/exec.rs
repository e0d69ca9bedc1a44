//! The step at work.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::datatypes::SchemaRef;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{Constraints, Result, internal_err};
use datafusion::error::DataFusionError;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::projection::ProjectionMapping;
use datafusion::physical_plan::metrics::{
    BaselineMetrics, Count, ExecutionPlanMetricsSet, MetricBuilder, MetricsSet, Time,
};
use datafusion::physical_plan::stream::{
    RecordBatchReceiverStreamBuilder, RecordBatchStreamAdapter,
};
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, PlanProperties,
};
use futures_util::StreamExt;
use hearth::border::Border;
use hearth::{BoundPipeline, Pipeline, Run, Session, Totals};
use tokio::sync::mpsc;

use super::logical::Step;
use crate::error::external;

const NAME: &str = "HearthExec";
/// Batches that wait between a thread and the stream before or after it.
const WAITING: usize = 2;

/// A pipeline over the rows of each partition of its input, in their order.
#[derive(Debug, Clone)]
pub struct HearthExec {
    pub(super) step: Arc<Step>,
    input: Arc<dyn ExecutionPlan>,
    bound: BoundPipeline,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

impl HearthExec {
    /// A pipeline over a plan's rows.
    ///
    /// # Errors
    /// What is wrong with the pipeline, or with a column that it reads.
    pub fn new(
        session: &Session,
        pipeline: &Pipeline,
        border: &Border,
        input: Arc<dyn ExecutionPlan>,
    ) -> Result<Self> {
        Self::of(Arc::new(Step::new(session, pipeline, border)?), input)
    }

    pub(super) fn of(step: Arc<Step>, input: Arc<dyn ExecutionPlan>) -> Result<Self> {
        let bound = step.bind(&input.schema())?;
        Ok(HearthExec {
            properties: Arc::new(properties(&bound, step.several(&bound), &input)?),
            metrics: ExecutionPlanMetricsSet::new(),
            bound,
            input,
            step,
        })
    }
}

/// Ordering and partitioning by columns that are passed on stay what they are.
fn properties(
    bound: &BoundPipeline,
    several: bool,
    input: &Arc<dyn ExecutionPlan>,
) -> Result<PlanProperties> {
    let schema = input.schema();
    // A mapping numbers its columns from the first, so that those after one that the pipeline made are left out.
    let passed = bound.passed();
    let passed = passed.iter().map_while(|from| *from).map(|from| {
        let name = schema.field(from).name();
        let column: Arc<dyn PhysicalExpr> = Arc::new(Column::new(name, from));
        (column, name.clone())
    });
    let mapping = ProjectionMapping::try_new(passed, &schema)?;
    let before = input.equivalence_properties();
    let mut after = before.project(&mapping, bound.schema().clone());
    if several {
        // A key stands in several rows then.
        after = after.with_constraints(Constraints::default());
    }
    Ok(PlanProperties::new(
        after,
        input.output_partitioning().project(&mapping, before),
        input.pipeline_behavior(),
        input.boundedness(),
    ))
}

impl DisplayAs for HearthExec {
    fn fmt_as(&self, format: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match format {
            DisplayFormatType::TreeRender => write!(f, "{}", self.step.words()),
            _ => write!(f, "{NAME}: {}", self.step.words()),
        }
    }
}

impl ExecutionPlan for HearthExec {
    fn name(&self) -> &'static str {
        NAME
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![true]
    }

    /// Its workers are the session's, however many partitions there are.
    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![false]
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn apply_expressions(
        &self,
        _f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        match (children.pop(), children.is_empty()) {
            (Some(input), true) => Ok(Arc::new(Self::of(self.step.clone(), input)?)),
            _ => internal_err!("{NAME} has one input"),
        }
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        let mut input = self.input.execute(partition, context.clone())?;
        let memory =
            MemoryConsumer::new(format!("{NAME}[{partition}]")).register(context.memory_pool());
        let mut stream = RecordBatchReceiverStreamBuilder::new(self.schema(), WAITING);
        let (to_work, from_input) = mpsc::channel(WAITING);
        stream.spawn(async move {
            while let Some(batch) = input.next().await {
                if to_work.send(batch).await.is_err() {
                    break;
                }
            }
            Ok(())
        });
        let run = self.bound.start();
        let stopper = run.stopper();
        let work = Work {
            run,
            schema: self.input.schema(),
            memory,
            output: stream.tx(),
            seen: Seen::new(&self.metrics, partition),
        };
        // Not one of the engine's threads for blocking work: there may be more partitions than these, and reading files
        // needs them too.
        std::thread::Builder::new()
            .name(format!("hearth-run-{partition}"))
            .spawn(move || work.all(from_input))?;
        // The stream owns the stopper: dropping it is how a query is cancelled.
        let batches = stream.build().map(move |batch| {
            let _ = &stopper;
            batch
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(
            self.schema(),
            batches,
        )))
    }
}

/// One partition on its way, on a thread that may wait.
struct Work {
    run: Run,
    schema: SchemaRef,
    memory: MemoryReservation,
    output: mpsc::Sender<Result<RecordBatch>>,
    seen: Seen,
}

impl Work {
    fn all(mut self, input: mpsc::Receiver<Result<RecordBatch>>) {
        let done = catch_unwind(AssertUnwindSafe(|| self.work(input)));
        let error = match done {
            Ok(Ok(())) => return,
            Ok(Err(error)) => error,
            Err(_) => DataFusionError::Execution(format!("{NAME}: internal error on its thread")),
        };
        // Nobody waits for it where the query was cancelled.
        let _ = self.output.blocking_send(Err(error));
    }

    fn work(&mut self, mut input: mpsc::Receiver<Result<RecordBatch>>) -> Result<()> {
        while let Some(batch) = input.blocking_recv() {
            // Plans may hand on batches whose schema differs in what nobody looks at.
            let batch = batch?;
            let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
            let columns = batch.columns().to_vec();
            let batch = RecordBatch::try_new_with_options(self.schema.clone(), columns, &options)?;
            self.run.push(batch).map_err(external("hearth"))?;
            if !self.give()? {
                return Ok(());
            }
        }
        if self.output.is_closed() {
            return Ok(());
        }
        self.run.finish();
        self.give()?;
        Ok(())
    }

    /// Hands on what is done; false once nobody takes it any more.
    fn give(&mut self) -> Result<bool> {
        loop {
            self.memory.try_resize(self.run.memory())?;
            let part = self.run.pull();
            self.seen.update(&self.run.counts().totals());
            let Some(part) = part.map_err(external("hearth"))? else {
                return Ok(!self.output.is_closed());
            };
            self.seen.baseline.record_output(part.batch.num_rows());
            if self
                .output
                .blocking_send(Ok::<_, DataFusionError>(part.batch))
                .is_err()
            {
                return Ok(false);
            }
        }
    }
}

/// One of the totals.
type Of = fn(&Totals) -> u64;

/// What `EXPLAIN ANALYZE` shows.
struct Seen {
    baseline: BaselineMetrics,
    /// What was counted already.
    before: Totals,
    counts: [(Count, Of); 7],
    busy: Time,
}

impl Seen {
    fn new(metrics: &ExecutionPlanMetricsSet, partition: usize) -> Self {
        let count =
            |name: &'static str, of: Of| (MetricBuilder::new(metrics).counter(name, partition), of);
        Seen {
            baseline: BaselineMetrics::new(metrics, partition),
            before: Totals::default(),
            counts: [
                count("sentences", |t| t.sentences),
                count("tokens", |t| t.tokens),
                count("pieces", |t| t.pieces),
                count("tokens_cut", |t| t.tokens_cut),
                count("tokens_without_word", |t| t.tokens_without_word),
                count("folded", |t| t.folded),
                count("packs", |t| t.packs),
            ],
            busy: MetricBuilder::new(metrics).subset_time("busy", partition),
        }
    }

    fn update(&mut self, now: &Totals) {
        for (count, of) in &self.counts {
            let more = of(now) - of(&self.before);
            count.add(usize::try_from(more).unwrap_or(usize::MAX));
        }
        let busy = now.busy_nanoseconds - self.before.busy_nanoseconds;
        self.busy
            .add_duration(std::time::Duration::from_nanos(busy));
        self.before = *now;
    }
}
