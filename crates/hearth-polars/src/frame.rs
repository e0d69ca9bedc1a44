//! Pipelines over whole frames.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, RecordBatch, RecordBatchOptions, StructArray, UInt64Array};
use arrow::datatypes::{
    DataType as ArrowType, Field as ArrowField, Fields, Schema as ArrowSchema,
    SchemaRef as ArrowSchemaRef, UInt64Type,
};
use hearth::border::{Border, Layout, Offsets};
use hearth::{BoundPipeline, Pipeline, PipelineModel, Session};
use polars::prelude::*;

use crate::bridge;
use crate::error::{aside, guarded, polars};

/// A frame with the columns of a pipeline: [`LazyFrame`] and [`DataFrame`].
///
/// Here a pipeline may do what it may in Rust: read several columns (ids, metadata, texts to find), explode rows, replace
/// and drop columns. Columns it does not replace are Polars' own and of any type.
///
/// ```
/// use hearth_polars::HearthFrame;
/// use hearth_polars::hearth::{Pipeline, Session};
/// use hearth_polars::polars::prelude::*;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let model = concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/models/tiny_cased");
/// let session = Session::builder().jobs(2).build()?;
/// let notes = df!("id" => [1, 2], "text" => ["No fever.", "Aspirin was stopped."])?;
/// let annotated = notes.lazy().hearth(&session, &Pipeline::embed("text", model))?;
/// let annotated = annotated.collect_with_engine(Engine::Streaming)?.unwrap_single();
/// assert_eq!(annotated.get_column_names(), ["id", "text", "document", "sentence", "token", "embeddings"]);
/// # Ok(())
/// # }
/// ```
pub trait HearthFrame: Sized {
    /// Adds the columns of the pipeline, offsets counted in characters: [`HearthFrame::hearth_in`] with
    /// `Layout::Nested(Offsets::Char)`.
    ///
    /// # Errors
    /// As [`HearthFrame::hearth_in`].
    fn hearth(self, session: &Session, pipeline: &Pipeline) -> PolarsResult<Self> {
        self.hearth_in(session, pipeline, Layout::Nested(Offsets::Char))
    }

    /// Adds the columns of the pipeline in a layout. Each annotation column of `Layout::Nested` is a
    /// `List<Struct{begin, end, sentence, result, ..}>`, null where the text is null.
    ///
    /// In a lazy query it is one step, run once. Filters and selections that come after it in the query stay after it: put
    /// what leaves rows out before it. The streaming engine runs it on one morsel after another, but for `Layout::Rows`,
    /// which numbers the rows of the whole frame.
    ///
    /// # Errors
    /// `ComputeError` for a model that cannot be opened or a parameter that is refused; `ColumnNotFound` and
    /// `SchemaMismatch` for columns, at once too: of a lazy frame the schema is asked for. When rows come: `ComputeError`
    /// for what is wrong with one, numbered from 0 in what the engine gave at once: see
    /// [the crate's page](crate#rows-in-errors).
    fn hearth_in(
        self,
        session: &Session,
        pipeline: &Pipeline,
        layout: Layout,
    ) -> PolarsResult<Self>;
}

impl HearthFrame for DataFrame {
    fn hearth_in(
        self,
        session: &Session,
        pipeline: &Pipeline,
        layout: Layout,
    ) -> PolarsResult<Self> {
        Annotator::new(session, pipeline, layout)?.annotate(&self)
    }
}

impl HearthFrame for LazyFrame {
    fn hearth_in(
        mut self,
        session: &Session,
        pipeline: &Pipeline,
        layout: Layout,
    ) -> PolarsResult<Self> {
        let annotator = Arc::new(Annotator::new(session, pipeline, layout)?);
        let planner = annotator.clone();
        // Polars takes no error from a plan's schema, so that this one is found here.
        let known = annotator.schema(&*self.collect_schema()?)?;
        let schema = move |input: &Schema| planner.schema(input).or_else(|_| Ok(known.clone()));
        let allowed = match layout {
            Layout::Rows(_) => AllowedOptimizations::empty(),
            Layout::Nested(_) | Layout::Spark => AllowedOptimizations::STREAMING,
        };
        let run = move |frame: DataFrame| annotator.annotate(&frame);
        Ok(self.map(run, allowed, Some(Arc::new(schema)), Some("HEARTH")))
    }
}

/// A pipeline for frames of any columns.
struct Annotator {
    model: PipelineModel,
    border: Border,
}

/// An annotator for frames of certain columns.
struct Bound {
    pipeline: BoundPipeline,
    /// What goes through the pipeline.
    input: ArrowSchemaRef,
    /// What comes out for the frame.
    columns: Vec<Source>,
    /// Where the pipeline's output says which row each row came from.
    rows: usize,
}

/// Where a column of the annotated frame comes from.
enum Source {
    /// The frame itself.
    Frame(Field),
    /// Column `index` of the pipeline's output.
    Pipeline { index: usize, field: Field },
}

impl Source {
    fn field(&self) -> &Field {
        match self {
            Source::Frame(field) | Source::Pipeline { field, .. } => field,
        }
    }
}

impl Annotator {
    fn new(session: &Session, pipeline: &Pipeline, layout: Layout) -> PolarsResult<Self> {
        let border = Border {
            layout,
            columns: None,
        };
        let model = session.plan(pipeline).map_err(polars)?;
        Ok(Annotator { model, border })
    }

    fn bind(&self, frame: &Schema) -> PolarsResult<Bound> {
        let mut fields: Vec<ArrowField> = frame
            .iter()
            .map(|(name, dtype)| carried(name, dtype))
            .collect();
        // Its errors list the columns that the user knows.
        self.model
            .bind(&ArrowSchema::new(fields.clone()))
            .map_err(polars)?;
        // Rows that are exploded say by it where they came from, so that Polars can repeat its own columns.
        let mut rows = "hearth.row".to_owned();
        while frame.contains(&rows) {
            rows.push('_');
        }
        fields.push(ArrowField::new(&rows, ArrowType::UInt64, false));
        let input = ArrowSchema::new(fields);

        let bound = self.model.bind(&input).map_err(polars)?;
        let replaced: Vec<String> = bound.replaced().into_iter().map(str::to_owned).collect();
        let pipeline = bound.with_border(&self.border).map_err(polars)?;
        let mut columns = Vec::new();
        for (index, field) in pipeline.schema().fields().iter().enumerate() {
            let name = PlSmallStr::from(field.name().as_str());
            match frame.get(&name) {
                _ if *field.name() == rows => {}
                Some(dtype) if !replaced.contains(field.name()) => {
                    columns.push(Source::Frame(Field::new(name, dtype.clone())));
                }
                _ => {
                    let field = Field::new(name, bridge::to_dtype(field)?);
                    columns.push(Source::Pipeline { index, field });
                }
            }
        }
        let at = pipeline.schema().index_of(&rows);
        let at = at.map_err(|_| {
            polars_err!(ComputeError: "a stage of the pipeline drops columns that it does not know")
        })?;
        Ok(Bound {
            pipeline,
            input: Arc::new(input),
            columns,
            rows: at,
        })
    }

    fn schema(&self, frame: &Schema) -> PolarsResult<SchemaRef> {
        let bound = guarded("hearth", || self.bind(frame))?;
        let fields = bound.columns.iter().map(|source| source.field().clone());
        Ok(Arc::new(fields.collect()))
    }

    fn annotate(&self, frame: &DataFrame) -> PolarsResult<DataFrame> {
        guarded("hearth", || {
            let bound = self.bind(frame.schema())?;
            let batches = batches(frame, &bound.input)?;
            let parts = aside("hearth", frame.height(), || bound.run(batches))?;
            bound.join(frame, &parts)
        })
    }
}

impl Bound {
    /// Batches through the pipeline.
    fn run(&self, batches: Vec<RecordBatch>) -> hearth::Result<Vec<RecordBatch>> {
        let mut run = self.pipeline.start();
        let mut parts = Vec::new();
        for batch in batches {
            run.push(batch)?;
            while let Some(part) = run.pull()? {
                parts.push(part.batch);
            }
        }
        run.finish();
        while let Some(part) = run.pull()? {
            parts.push(part.batch);
        }
        Ok(parts)
    }

    /// The frame's own columns, repeated as rows were, and those of the pipeline.
    fn join(&self, frame: &DataFrame, parts: &[RecordBatch]) -> PolarsResult<DataFrame> {
        let rows = parts.iter().flat_map(|part| {
            let rows = part.column(self.rows).as_primitive::<UInt64Type>();
            rows.values().iter().map(|&row| IdxSize::try_from(row))
        });
        let rows = rows
            .collect::<Result<Vec<IdxSize>, _>>()
            .map_err(|_| polars_err!(bigidx, ctx = "hearth", size = frame.height()))?;
        let height = rows.len();
        let kept = height == frame.height() && rows.iter().zip(0..).all(|(a, b)| *a == b);
        let rows = IdxCa::from_vec(PlSmallStr::EMPTY, rows);
        let column = |source: &Source| match source {
            Source::Frame(field) if kept => frame.column(field.name()).cloned(),
            Source::Frame(field) => frame.column(field.name())?.take(&rows),
            Source::Pipeline { index, field } => {
                let arrays = parts.iter().map(|part| part.column(*index).clone());
                let series = bridge::to_chunks(field.name().clone(), field.dtype(), arrays)?;
                Ok(series.into_column())
            }
        };
        let columns = self
            .columns
            .iter()
            .map(column)
            .collect::<PolarsResult<_>>()?;
        DataFrame::new(height, columns)
    }
}

/// The field of a column in the pipeline. What does not get over the bridge, no stage reads: it is a struct of nothing there.
fn carried(name: &PlSmallStr, dtype: &DataType) -> ArrowField {
    let nothing = || ArrowField::new(name.as_str(), ArrowType::Struct(Fields::empty()), true);
    match dtype {
        DataType::Null => ArrowField::new(name.as_str(), ArrowType::Null, true),
        _ if has_nulls_alone(dtype) => nothing(),
        _ => bridge::to_field(name, dtype).unwrap_or_else(|_| nothing()),
    }
}

/// Whether a part of the type is that of nulls alone, whose arrays the two sides do not agree on.
fn has_nulls_alone(dtype: &DataType) -> bool {
    match dtype {
        DataType::Null => true,
        DataType::List(item) | DataType::Array(item, _) => has_nulls_alone(item),
        DataType::Struct(fields) => fields.iter().any(|field| has_nulls_alone(field.dtype())),
        _ => false,
    }
}

/// The chunks of a frame with the numbers of their rows.
fn batches(frame: &DataFrame, schema: &ArrowSchemaRef) -> PolarsResult<Vec<RecordBatch>> {
    let mut columns: Vec<Series> = frame
        .columns()
        .iter()
        .map(|column| column.as_materialized_series().clone())
        .collect();
    let lengths = |series: &Series| series.chunk_lengths().collect::<Vec<_>>();
    let first = columns.first().map(lengths).unwrap_or_default();
    let (first, aligned) = match columns.iter().all(|series| lengths(series) == first) {
        true => (first, true),
        false => (vec![frame.height()], false),
    };
    if !aligned {
        columns = columns.iter().map(|series| series.rechunk()).collect();
    }
    let mut start = 0;
    let mut batches = Vec::new();
    for (index, &length) in first.iter().enumerate() {
        let field = |at: usize| schema.field(at);
        let arrays = columns
            .iter()
            .enumerate()
            .map(|(at, series)| chunk(series, index, field(at), length));
        let mut arrays = arrays.collect::<PolarsResult<Vec<_>>>()?;
        let end = start + length as u64;
        arrays.push(Arc::new(UInt64Array::from_iter_values(start..end)));
        let options = RecordBatchOptions::new().with_row_count(Some(length));
        let batch = RecordBatch::try_new_with_options(schema.clone(), arrays, &options);
        batches.push(batch.map_err(crate::error::refused)?);
        start = end;
    }
    Ok(batches)
}

fn chunk(
    series: &Series,
    index: usize,
    field: &ArrowField,
    length: usize,
) -> PolarsResult<ArrayRef> {
    match field.data_type() {
        ArrowType::Struct(fields) if fields.is_empty() => {
            Ok(Arc::new(StructArray::new_empty_fields(length, None)))
        }
        _ => bridge::chunk(series, index, field),
    }
}
