//! Pipelines at work: binding, then batches in and batches out, in order, on the session's workers.

mod light;

use std::collections::{BTreeMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;

pub use light::Annotation;

use arrow::array::{Array, RecordBatch, RecordBatchOptions};
use arrow::compute::{concat_batches, take};
use arrow::datatypes::{DataType, FieldRef, Schema, SchemaRef};
use crossbeam_channel::{Receiver, Sender, unbounded};

use crate::annotation::{AnnotatorType, Origin, Shape};
use crate::border::{Border, BoundBorder};
use crate::counts::Counts;
use crate::memo::Memo;
use crate::schedule::{self, Shared};
use crate::stage::{AnyStage, Bound, Output, Sequences};
use crate::text::{RowSizes, Texts};
use crate::{Error, InputRows, Result, Session};

/// A pipeline whose stages are ready: Spark's fitted model. Cheap to clone.
#[derive(Debug, Clone)]
pub struct PipelineModel(Arc<Loaded>);

#[derive(Debug)]
struct Loaded {
    session: Session,
    stages: Vec<AnyStage>,
    notes: Vec<String>,
}

impl PipelineModel {
    pub(crate) fn new(session: Session, stages: Vec<AnyStage>, notes: Vec<String>) -> Self {
        PipelineModel(Arc::new(Loaded {
            session,
            stages,
            notes,
        }))
    }

    /// Remarks made while loading: parameters without effect, odd models.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.0.notes
    }

    /// Checks a schema against all stages, before any data.
    ///
    /// # Errors
    /// A missing column or one of the wrong type, in Spark NLP's words.
    pub fn bind(&self, schema: &Schema) -> Result<BoundPipeline> {
        let input = Arc::new(schema.clone());
        let steps = bind_steps(&self.0.stages, &input)?;
        let schema = steps.last().map_or(&input, |step| &step.schema).clone();
        let is_plain_text = |&i: &usize| {
            AnnotatorType::of(input.field(i)).is_none() && Texts::takes(input.field(i).data_type())
        };
        let columns = 0..input.fields().len();
        let text_columns = columns
            .filter(is_plain_text)
            .filter(|i| reads(&steps, &input, *i))
            .collect();
        let bound = Chain {
            model: self.clone(),
            input,
            steps,
            schema,
            text_columns,
            border: None,
        };
        Ok(BoundPipeline(Arc::new(bound)))
    }

    /// Binds to the batch's schema and annotates it: the columns inside, as [`crate::annotation`] describes them.
    ///
    /// # Errors
    /// As [`PipelineModel::bind`], and what is wrong with a row.
    pub fn transform(&self, batch: &RecordBatch) -> Result<RecordBatch> {
        self.bind(batch.schema_ref())?.transform(batch)
    }
}

/// Binds stages one after another.
fn bind_steps<'a>(
    stages: impl IntoIterator<Item = &'a AnyStage>,
    input: &SchemaRef,
) -> Result<Vec<Step>> {
    let mut steps = Vec::new();
    let mut schema = input.clone();
    for stage in stages {
        let step = Step::new(stage.clone(), stage.bind(&schema)?, &schema);
        step.keeps_originals()?;
        schema = step.schema.clone();
        steps.push(step);
    }
    Ok(steps)
}

/// Whether one of the steps reads this input column by its name.
fn reads(steps: &[Step], input: &Schema, column: usize) -> bool {
    let name = input.field(column).name();
    let mut before = input.fields();
    steps.iter().any(|step| {
        let found = step
            .bound
            .reads
            .iter()
            .any(|&read| before[read].name() == name);
        before = step.schema.fields();
        found
    })
}

/// Where a column of a step's output comes from.
#[derive(Debug, Clone, Copy)]
enum From {
    Input(usize),
    Stage(usize),
}

#[derive(Debug, Clone)]
struct Step {
    stage: AnyStage,
    bound: Bound,
    columns: Vec<From>,
    schema: SchemaRef,
}

impl Step {
    fn new(stage: AnyStage, bound: Bound, input: &Schema) -> Self {
        let mut columns: Vec<(From, FieldRef)> = Vec::new();
        for (index, field) in input.fields().iter().enumerate() {
            if !bound.drops.contains(&index) {
                columns.push((From::Input(index), field.clone()));
            }
        }
        for (index, field) in bound.adds.iter().enumerate() {
            match columns
                .iter_mut()
                .find(|(_, there)| there.name() == field.name())
            {
                Some(there) => *there = (From::Stage(index), field.clone()),
                None => columns.push((From::Stage(index), field.clone())),
            }
        }
        let (columns, fields): (Vec<From>, Vec<FieldRef>) = columns.into_iter().unzip();
        let schema = Arc::new(Schema::new_with_metadata(fields, input.metadata().clone()));
        Step {
            stage,
            bound,
            columns,
            schema,
        }
    }

    /// Refuses to lose the plain text that annotations lead back to.
    fn keeps_originals(&self) -> Result<()> {
        let traced = self.schema.fields().iter().find_map(|field| {
            let origin = Origin::of(field);
            let text = origin.text.filter(|_| origin.traced.is_some())?;
            let at = self.schema.index_of(&text).ok();
            let kept = at.is_some_and(|at| matches!(self.columns[at], From::Input(_)));
            (!kept).then(|| (field.name(), text))
        });
        let Some((column, text)) = traced else {
            return Ok(());
        };
        let made: Vec<_> = self.bound.adds.iter().map(|f| f.name().as_str()).collect();
        Err(Error::Parameter {
            place: format!("column '{column}'"),
            message: format!(
                "keep_original_offsets leads back to the text in column '{text}', and the stage that makes '{}' \
                 replaces or drops that column; give its output another name",
                made.join("', '")
            ),
        })
    }

    /// The batch after the stage, and where its rows came from.
    fn run(
        &self,
        batch: &RecordBatch,
        rows: InputRows,
        shared: &Shared,
    ) -> Result<(RecordBatch, InputRows)> {
        let output = self.output(batch, shared).map_err(|e| e.in_input(&rows))?;
        let rows = rows.exploded(output.source_row.as_ref())?;
        Ok((self.assemble(batch, &output)?, rows))
    }

    fn output(&self, batch: &RecordBatch, shared: &Shared) -> Result<Output> {
        let seen = &*shared.seen;
        let output = match &self.stage {
            AnyStage::Plain(stage) => stage.apply(batch, &self.bound, seen)?,
            AnyStage::Encoding(stage) => {
                let mut sequences = Sequences::default();
                let plan = stage.cut(batch, &self.bound, &mut sequences, seen)?;
                let vectors =
                    schedule::encode(stage.encoder()?, &sequences, shared).map_err(|source| {
                        Error::Encoder {
                            stage: format!("{stage:?}"),
                            source,
                        }
                    })?;
                stage.join(batch, &self.bound, plan, &vectors, seen)?
            }
        };
        Ok(output)
    }

    fn assemble(&self, batch: &RecordBatch, output: &Output) -> Result<RecordBatch> {
        let column = |from: &From| match (from, &output.source_row) {
            (From::Stage(index), _) => Ok(output.columns[*index].clone()),
            (From::Input(index), None) => Ok(batch.column(*index).clone()),
            (From::Input(index), Some(rows)) => take(batch.column(*index), rows, None),
        };
        let columns = self.columns.iter().map(column).collect::<Result<_, _>>()?;
        let n = output
            .source_row
            .as_ref()
            .map_or(batch.num_rows(), Array::len);
        let options = RecordBatchOptions::new().with_row_count(Some(n));
        Ok(RecordBatch::try_new_with_options(
            self.schema.clone(),
            columns,
            &options,
        )?)
    }
}

/// A pipeline bound to a schema. Cheap to clone.
#[derive(Debug, Clone)]
pub struct BoundPipeline(Arc<Chain>);

#[derive(Debug)]
struct Chain {
    model: PipelineModel,
    input: SchemaRef,
    steps: Vec<Step>,
    schema: SchemaRef,
    /// Input columns whose text the stages read.
    text_columns: Vec<usize>,
    border: Option<BoundBorder>,
}

impl BoundPipeline {
    /// The same, with its output turned into what leaves the process.
    ///
    /// # Errors
    /// As [`Border::bind`].
    pub fn with_border(&self, border: &Border) -> Result<Self> {
        let chain = &self.0;
        let bound = border.bind(&chain.schema)?;
        Ok(BoundPipeline(Arc::new(Chain {
            model: chain.model.clone(),
            input: chain.input.clone(),
            steps: chain.steps.clone(),
            schema: chain.schema.clone(),
            text_columns: chain.text_columns.clone(),
            border: Some(bound),
        })))
    }

    /// The schema that comes out.
    #[must_use]
    pub fn schema(&self) -> &SchemaRef {
        self.0
            .border
            .as_ref()
            .map_or(&self.0.schema, BoundBorder::schema)
    }

    /// The input columns that the pipeline reads.
    #[must_use]
    pub fn reads(&self) -> Vec<usize> {
        let chain = &*self.0;
        let columns = 0..chain.input.fields().len();
        columns
            .filter(|&column| reads(&chain.steps, &chain.input, column))
            .collect()
    }

    /// For each column that comes out, the input column that it is, as it was but for rows that are repeated.
    #[must_use]
    pub fn passed(&self) -> Vec<Option<usize>> {
        let chain = &*self.0;
        let mut from: Vec<Option<usize>> = (0..chain.input.fields().len()).map(Some).collect();
        for step in &chain.steps {
            let place = |column: &From| match *column {
                From::Input(index) => from[index],
                From::Stage(_) => None,
            };
            from = step.columns.iter().map(place).collect();
        }
        match &chain.border {
            Some(border) => border.passed(&from),
            None => from,
        }
    }

    /// Whether a stage makes several rows of one.
    #[must_use]
    pub fn explodes(&self) -> bool {
        self.0.steps.iter().any(|step| step.bound.explodes)
    }

    /// Input columns that a stage replaces, as Spark does with an output column that exists.
    #[must_use]
    pub fn replaced(&self) -> Vec<&str> {
        let adds = self.0.steps.iter().flat_map(|step| &step.bound.adds);
        let mut names: Vec<_> = adds
            .filter(|f| self.0.input.column_with_name(f.name()).is_some())
            .map(|f| f.name().as_str())
            .collect();
        names.dedup();
        names
    }

    /// Annotates one batch.
    ///
    /// # Errors
    /// What is wrong with a row.
    pub fn transform(&self, batch: &RecordBatch) -> Result<RecordBatch> {
        let mut run = self.start();
        run.push(batch.clone())?;
        run.finish();
        let mut parts = Vec::new();
        while let Some(part) = run.pull()? {
            parts.push(part.batch);
        }
        Ok(concat_batches(self.schema(), &parts)?)
    }

    /// Starts a run.
    #[must_use]
    pub fn start(&self) -> Run {
        let (sender, receiver) = unbounded();
        let is_dictionary = |f: &FieldRef| matches!(f.data_type(), DataType::Dictionary(..));
        Run {
            bound: self.clone(),
            shared: Arc::new(Shared {
                memo: Memo::new(MEMO_BYTES),
                ..Shared::default()
            }),
            limits: Limits::of(&self.0),
            joins: !self.0.input.fields().iter().any(is_dictionary),
            waiting: VecDeque::new(),
            window: Window::default(),
            part: 0,
            part_rows: 0,
            submitted: 0,
            pulled: 0,
            in_flight: 0,
            finished: false,
            failed_part: None,
            done: BTreeMap::new(),
            sender,
            receiver,
        }
    }

    /// Opens the models that planning left for later.
    fn open_models(&self) -> Result<()> {
        for step in &self.0.steps {
            if let AnyStage::Encoding(stage) = &step.stage {
                stage.encoder()?;
            }
        }
        Ok(())
    }

    fn work(&self, batch: RecordBatch, first_row: u64, shared: &Shared) -> Result<RecordBatch> {
        let (mut batch, mut rows) = (batch, InputRows::starting_at(first_row));
        for step in &self.0.steps {
            (batch, rows) = step.run(&batch, rows, shared)?;
        }
        match &self.0.border {
            Some(border) => border.apply(&batch, &rows),
            None => Ok(batch),
        }
    }
}

/// Vectors of sentences that a run keeps for when they come again.
const MEMO_BYTES: usize = 64 << 20;

/// How much goes through the stages at once.
#[derive(Debug, Clone, Copy)]
struct Limits {
    /// Text of a window that the stages read.
    text: usize,
    /// A window with all its columns.
    bytes: usize,
    rows: usize,
    /// Windows on their way or waiting to be pulled, which with the others bounds the memory.
    windows: usize,
    /// Whether there are vectors.
    encodes: bool,
}

impl Limits {
    /// Vectors of one window, in bytes: some packs of a base model. Sentences that are on their way in another window are
    /// not recognised, so that larger ones miss more of those that come again.
    const VECTORS: usize = 4 << 20;
    /// English text has about five bytes a token.
    const BYTES_PER_TOKEN: usize = 5;

    fn of(chain: &Chain) -> Self {
        // Also those that a later stage drops, and those that are pooled.
        let dimensions = chain.steps.iter().flat_map(|step| match &step.stage {
            AnyStage::Encoding(stage) => vec![stage.dimension()],
            AnyStage::Plain(_) => {
                let adds = step.bound.adds.iter();
                let dimensions = adds.filter_map(|f| Shape::of(f.data_type()).dimension);
                dimensions.filter_map(|d| usize::try_from(d).ok()).collect()
            }
        });
        let per_token: usize = dimensions.map(|d| d * size_of::<f32>()).sum();
        let text = match per_token {
            0 => 1 << 19,
            _ => (Self::VECTORS / per_token * Self::BYTES_PER_TOKEN).clamp(16 << 10, 2 << 20),
        };
        Limits {
            text,
            bytes: 16 << 20,
            rows: 8192,
            windows: chain.model.0.session.jobs() + 2,
            encodes: per_token > 0,
        }
    }
}

/// What waits to be cut into windows.
#[derive(Debug)]
enum Waiting {
    /// Rows of a batch from `from` on.
    Batch {
        batch: RecordBatch,
        sizes: RowSizes,
        from: usize,
    },
    /// The end of a part.
    EndPart,
}

/// Rows collected until there are enough for a window.
#[derive(Debug, Default)]
struct Window {
    batches: Vec<RecordBatch>,
    rows: usize,
    text: usize,
    bytes: usize,
}

impl Window {
    /// Takes rows of a batch from `from` on until the window is full; gives the row after the last one taken.
    fn take(
        &mut self,
        batch: &RecordBatch,
        sizes: &RowSizes,
        from: usize,
        limits: Limits,
    ) -> usize {
        let mut row = from;
        while row < batch.num_rows() && !self.is_full(limits) {
            self.rows += 1;
            self.text += sizes.text(row);
            self.bytes += sizes.all(row);
            row += 1;
        }
        if row > from {
            self.batches.push(batch.slice(from, row - from));
        }
        row
    }

    fn is_full(&self, limits: Limits) -> bool {
        self.text >= limits.text || self.bytes >= limits.bytes || self.rows >= limits.rows
    }
}

/// A batch that is done.
#[derive(Debug, Clone)]
pub struct Part {
    /// How often [`Run::end_part`] had been called before its rows were pushed.
    pub number: usize,
    /// The annotated rows.
    pub batch: RecordBatch,
}

/// Batches on their way through a pipeline. Rows come out in the order they went in; batches are cut and joined by size
/// on the way. After each [`push`](Run::push) call [`pull`](Run::pull) until it gives `None`: that is where the work is
/// handed on and waited for, and what bounds the memory. Not from inside the session's own workers, which would wait for
/// themselves.
#[derive(Debug)]
pub struct Run {
    bound: BoundPipeline,
    shared: Arc<Shared>,
    limits: Limits,
    /// Batches of different dictionaries are not joined: their keys may not have room for both.
    joins: bool,
    waiting: VecDeque<Waiting>,
    window: Window,
    part: usize,
    part_rows: u64,
    submitted: u64,
    pulled: u64,
    in_flight: usize,
    finished: bool,
    failed_part: Option<usize>,
    done: BTreeMap<u64, Done>,
    sender: Sender<Done>,
    receiver: Receiver<Done>,
}

#[derive(Debug)]
struct Done {
    number: u64,
    part: usize,
    result: Result<RecordBatch>,
}

impl Run {
    /// What was seen so far.
    #[must_use]
    pub fn counts(&self) -> &Arc<Counts> {
        &self.shared.seen
    }

    /// What stops the run from another thread.
    #[must_use]
    pub fn stopper(&self) -> Stopper {
        Stopper(self.shared.clone())
    }

    /// About how many bytes the run holds at most until [`Run::pull`] has given what was pushed: batches that wait, windows
    /// on their way with their vectors, and sentences kept for when they come again.
    #[must_use]
    pub fn memory(&self) -> usize {
        let waiting = self.waiting.iter().map(|waiting| match waiting {
            Waiting::Batch { batch, .. } => batch.get_array_memory_size(),
            Waiting::EndPart => 0,
        });
        let collected = self.window.bytes;
        let windows = self.in_flight + self.done.len();
        let of_window = match self.limits.encodes {
            true => 2 * Limits::VECTORS + self.limits.text,
            false => 4 * self.limits.text,
        };
        let kept = if self.limits.encodes { MEMO_BYTES } else { 0 };
        waiting.sum::<usize>() + collected + windows * of_window + kept
    }

    /// Takes a batch.
    ///
    /// # Errors
    /// [`Error::OtherSchema`]. What is wrong with a row comes out of [`Run::pull`], in its place.
    pub fn push(&mut self, batch: RecordBatch) -> Result<()> {
        let expected = &self.bound.0.input;
        if batch.schema_ref().fields() != expected.fields() {
            return Err(Error::OtherSchema {
                expected: format!("{expected:?}"),
                found: format!("{:?}", batch.schema()),
            });
        }
        let sizes = RowSizes::of(&batch, &self.bound.0.text_columns);
        self.waiting.push_back(Waiting::Batch {
            batch,
            sizes,
            from: 0,
        });
        Ok(())
    }

    /// Ends a part of the output, such as a file: rows pushed later are not joined with earlier ones and are numbered
    /// from 0 again.
    pub fn end_part(&mut self) {
        self.waiting.push_back(Waiting::EndPart);
    }

    /// Says that no batch follows.
    pub fn finish(&mut self) {
        self.finished = true;
    }

    /// The next batch in input order; waits for it while what was pushed is more than may be on its way, and after
    /// [`Run::finish`]. `None` asks for more to be pushed, or says that all is out.
    ///
    /// # Errors
    /// What was wrong with a row of the next batch. The run is over then.
    pub fn pull(&mut self) -> Result<Option<Part>> {
        loop {
            while let Ok(done) = self.receiver.try_recv() {
                self.receive(done);
            }
            self.advance()?;
            if let Some(done) = self.done.remove(&self.pulled) {
                self.pulled += 1;
                if done.result.is_err() {
                    self.failed_part = Some(done.part);
                }
                return Ok(Some(Part {
                    number: done.part,
                    batch: done.result?,
                }));
            }
            let full = !self.waiting.is_empty() || self.finished;
            if !full || self.in_flight == 0 {
                return Ok(None);
            }
            // The run holds a sender itself, so that the channel cannot close.
            if let Ok(done) = self.receiver.recv() {
                self.receive(done);
            }
        }
    }

    /// The part of the batch whose error [`Run::pull`] gave.
    #[must_use]
    pub fn failed_part(&self) -> Option<usize> {
        self.failed_part
    }

    fn receive(&mut self, done: Done) {
        self.in_flight -= 1;
        self.done.insert(done.number, done);
    }

    /// Hands windows to the workers while there is room.
    fn advance(&mut self) -> Result<()> {
        while self.in_flight + self.done.len() < self.limits.windows {
            match self.waiting.front_mut() {
                Some(Waiting::Batch { batch, sizes, from }) => {
                    *from = self.window.take(batch, sizes, *from, self.limits);
                    let used_up = *from == batch.num_rows();
                    if used_up {
                        self.waiting.pop_front();
                    }
                    if self.window.is_full(self.limits) || (used_up && !self.joins) {
                        self.submit()?;
                    }
                }
                Some(Waiting::EndPart) => {
                    self.waiting.pop_front();
                    self.submit()?;
                    self.part += 1;
                    self.part_rows = 0;
                }
                None if self.finished && self.window.rows > 0 => self.submit()?,
                None => break,
            }
        }
        Ok(())
    }

    fn submit(&mut self) -> Result<()> {
        let window = std::mem::take(&mut self.window);
        let batch = match window.batches.as_slice() {
            [] => return Ok(()),
            [one] => one.clone(),
            many => concat_batches(&self.bound.0.input, many)?,
        };
        let (number, part, first_row) = (self.submitted, self.part, self.part_rows);
        if number == 0 {
            // Here, and not on a worker: a worker that waits for a model takes up other windows, which wait for it too.
            self.bound.open_models()?;
        }
        self.submitted += 1;
        self.part_rows += batch.num_rows() as u64;
        self.in_flight += 1;
        let (bound, shared) = (self.bound.clone(), self.shared.clone());
        let sender = self.sender.clone();
        self.bound.0.model.0.session.pool().spawn(move || {
            let rows = batch.num_rows();
            let stopped = || shared.stop.load(Ordering::Relaxed);
            let result = match stopped() {
                true => Err(Error::Stopped),
                false => guarded(first_row, rows, || bound.work(batch, first_row, &shared)),
            };
            // Packs that were left out have no vectors.
            let result = if stopped() {
                Err(Error::Stopped)
            } else {
                result
            };
            shared.seen.rows.add(rows);
            // The run may be gone, and nobody waits for the result then.
            let _ = sender.send(Done {
                number,
                part,
                result,
            });
        });
        Ok(())
    }
}

/// Stops a run between two packs when it is dropped: [`Run::pull`] gives [`Error::Stopped`] for what was not done.
#[derive(Debug)]
pub struct Stopper(Arc<Shared>);

impl Drop for Stopper {
    fn drop(&mut self) {
        self.0.stop.store(true, Ordering::Relaxed);
    }
}

/// A run that is given up encodes no further pack.
impl Drop for Run {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
    }
}

/// Runs `work` on rows; a panic is caught.
fn guarded<T>(first_row: u64, rows: usize, work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|panic| Err(panicked(panic.as_ref(), first_row, rows)))
}

pub(crate) fn panicked(panic: &(dyn std::any::Any + Send), first_row: u64, rows: usize) -> Error {
    let message = panic
        .downcast_ref::<&str>()
        .map(ToString::to_string)
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".to_owned());
    Error::Panicked {
        first_row,
        last_row: first_row + rows.saturating_sub(1) as u64,
        message,
    }
}
