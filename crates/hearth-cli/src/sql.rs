//! `hearth sql`: queries over files with the functions registered.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arrow::array::{RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use arrow::util::pretty::pretty_format_batches;
use datafusion::datasource::file_format::options::JsonReadOptions;
use datafusion::error::DataFusionError;
use datafusion::execution::options::ArrowReadOptions;
use datafusion::prelude::*;
use datafusion::sql::parser::DFParser;
use hearth::Pipeline;
use hearth_datafusion::{Functions, HearthOptions, configure, datafusion};
use hearth_io::{Output, WriteOptions, Writer};

use crate::args::Sql;
use crate::behind::Behind;
use crate::failure::{Failure, usage};
use crate::locate::Locator;
use crate::log::Log;
use crate::settings::Settings;
use crate::stop::Stop;

/// Characters of a cell that are printed.
const CELL: usize = 60;

/// Runs the statements in turn; the rows of the last one are printed or written.
pub(crate) fn sql(asked: Sql) -> Result<(), Failure> {
    let settings = Settings::resolve(asked.flags.clone().into())?;
    let stop = Stop::watch(Log::of(&settings.all))?;
    let output = settings
        .all
        .output
        .as_deref()
        .map(Output::parse)
        .transpose()?;
    if let Some(output) = &output {
        if matches!(output, Output::Directory(_)) {
            return Err(usage(
                "--output: give a .parquet, .arrow, .ndjson or .csv file, or - for NDJSON on standard output",
            ));
        }
        if settings.all.overwrite != Some(true) {
            output.refuse_existing(&[])?;
        }
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Failed(error.into()))?;
    runtime.block_on(async {
        let context = context(&asked, &settings)?;
        for table in &asked.tables {
            register(&context, table).await?;
        }
        let mut statements = DFParser::parse_sql(&asked.query).map_err(refused)?;
        let Some(last) = statements.pop_back() else {
            return Err(usage("no statement"));
        };
        let run = async |statement| {
            let plan = context.state().statement_to_plan(statement).await?;
            context.execute_logical_plan(plan).await
        };
        for statement in statements {
            let frame = run(statement).await.map_err(refused)?;
            watched(frame.collect(), &stop).await?;
        }
        let frame = run(last).await.map_err(refused)?;
        match output {
            Some(output) => write(frame, &output, &settings, &stop).await,
            None => print(frame, &stop).await,
        }
    })
}

fn context(asked: &Sql, settings: &Settings) -> Result<SessionContext, Failure> {
    let flags = &settings.all;
    let all = serde_json::to_value(flags).unwrap_or_default();
    let name = |key: &str| all.get(key)?.as_str().map(str::to_owned);
    let mut options = HearthOptions::default();
    options.model = name("model");
    options.precision = name("precision");
    options.on_overflow = name("on_overflow");
    options.device = name("device");
    let config = configure(SessionConfig::new().with_information_schema(true));
    let config = config.with_option_extension(options);
    let context = SessionContext::new_with_config(config).enable_url_table();
    let locator = Locator::of(flags);
    let mut functions = Functions::new(&settings.session()?).finding_models(move |name| {
        let located = locator.locate(name, Path::new(""));
        located
            .map(|located| located.path)
            .map_err(|failure| DataFusionError::Plan(failure.text()))
    });
    for pipeline in &asked.pipelines {
        let (name, path) = pair(pipeline, "--pipeline")?;
        let shown = path.display().to_string();
        let read = std::fs::read_to_string(&path)
            .map_err(|error| usage(format!("pipeline {shown}: {error}")))?;
        let mut pipeline = match path.extension().and_then(|extension| extension.to_str()) {
            Some("json") => Pipeline::from_json(&read, &shown)?,
            _ => Pipeline::from_toml(&read, &shown)?,
        };
        crate::run::locate_models(&mut pipeline, &path, settings)?;
        functions = functions.pipeline(name, pipeline.rooted());
    }
    functions.install(&context).map_err(refused)?;
    Ok(context)
}

/// The two sides of `NAME=PATH`.
fn pair(text: &str, flag: &str) -> Result<(String, PathBuf), Failure> {
    match text.split_once('=') {
        Some((name, path)) if !name.is_empty() && !path.is_empty() => {
            Ok((name.to_owned(), PathBuf::from(path)))
        }
        _ => Err(usage(format!("{flag} {text}: give NAME=PATH"))),
    }
}

async fn register(context: &SessionContext, table: &str) -> Result<(), Failure> {
    let (name, path) = pair(table, "--table")?;
    if !path.exists() {
        return Err(usage(format!("--table {table}: nothing is there")));
    }
    let extension = path
        .extension()
        .and_then(|extension| extension.to_str())
        .unwrap_or_default();
    let (dotted, path) = (format!(".{extension}"), path.display().to_string());
    match extension {
        "" | "parquet" => context.register_parquet(&name, &path, ParquetReadOptions::default()).await,
        "csv" => context.register_csv(&name, &path, CsvReadOptions::new()).await,
        "tsv" => {
            let options = CsvReadOptions::new().delimiter(b'\t').file_extension(&dotted);
            context.register_csv(&name, &path, options).await
        }
        "ndjson" | "jsonl" | "json" => {
            let options = JsonReadOptions::default().file_extension(&dotted);
            context.register_json(&name, &path, options).await
        }
        "arrow" => {
            let options = ArrowReadOptions::default();
            context.register_arrow(&name, &path, options).await
        }
        other => {
            return Err(usage(format!(
                "--table {table}: .{other} is none of .parquet .csv .tsv .ndjson .jsonl .json .arrow"
            )));
        }
    }
    .map_err(refused)
}

async fn write(
    frame: DataFrame,
    output: &Output,
    settings: &Settings,
    stop: &Stop,
) -> Result<(), Failure> {
    let schema: SchemaRef = Arc::new(frame.schema().as_arrow().clone());
    let options = WriteOptions {
        overwrite: settings.all.overwrite == Some(true),
        threads: settings.session()?.jobs(),
        ..WriteOptions::default()
    };
    let mut writer = Behind::of(match output {
        Output::File { path, format } => Writer::create(path, *format, &schema, &options)?,
        Output::Stdout | Output::Directory(_) => Writer::ndjson(std::io::stdout(), &schema)?,
    })?;
    let mut rows = 0;
    let mut stream = frame.execute_stream().await.map_err(failed)?;
    while let Some(batch) = watched(futures_util::TryStreamExt::try_next(&mut stream), stop).await?
    {
        rows += batch.num_rows();
        // The plan's schema and the stream's differ in nothing that is written.
        writer.write(
            RecordBatch::try_new(schema.clone(), batch.columns().to_vec())
                .map_err(|error| failed(error.into()))?,
        )?;
    }
    writer.finish().map_err(Failure::after_work)?;
    Log::of(&settings.all).info(&format!(
        "{} rows written",
        crate::summary::grouped(rows as u64)
    ));
    Ok(())
}

/// Waits for the engine, or gives it up when the user asks to stop.
async fn watched<T>(
    work: impl Future<Output = Result<T, DataFusionError>>,
    stop: &Stop,
) -> Result<T, Failure> {
    let asked = async {
        while !stop.is_asked() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::select! {
        done = work => done.map_err(failed),
        () = asked => Err(Failure::Interrupted("the query was given up".to_owned())),
    }
}

/// Prints a table, its cells cut: vectors are long.
async fn print(frame: DataFrame, stop: &Stop) -> Result<(), Failure> {
    let fields = frame.schema().fields().clone();
    let batches = watched(frame.collect(), stop).await?;
    if fields.is_empty() {
        return Ok(());
    }
    let text = fields
        .iter()
        .map(|field| Field::new(field.name(), DataType::Utf8, true));
    let schema = Arc::new(Schema::new(text.collect::<Vec<_>>()));
    let shown = batches
        .iter()
        .map(|batch| cells(batch, &schema))
        .collect::<Result<Vec<_>, _>>();
    let shown = shown.map_err(|error| failed(error.into()))?;
    let shown = match shown.is_empty() {
        true => vec![RecordBatch::new_empty(schema)],
        false => shown,
    };
    let table = pretty_format_batches(&shown).map_err(|error| failed(error.into()))?;
    #[expect(clippy::print_stdout, reason = "asked for")]
    {
        println!("{table}");
    }
    Ok(())
}

fn cells(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, arrow::error::ArrowError> {
    let options = FormatOptions::default().with_null("NULL");
    let columns = batch.columns().iter().map(|column| {
        let formatter = ArrayFormatter::try_new(column, &options)?;
        let cell = |row| -> Result<String, arrow::error::ArrowError> {
            let text = formatter
                .value(row)
                .try_to_string()?
                .replace(['\n', '\r', '\t'], " ");
            Ok(match text.char_indices().nth(CELL) {
                Some((at, _)) => format!("{}...", &text[..at]),
                None => text,
            })
        };
        let cells = (0..batch.num_rows())
            .map(cell)
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Arc::new(StringArray::from(cells)) as _)
    });
    RecordBatch::try_new(
        schema.clone(),
        columns.collect::<Result<_, arrow::error::ArrowError>>()?,
    )
}

/// What is wrong with a query.
fn refused(error: DataFusionError) -> Failure {
    usage(error.strip_backtrace())
}

/// What went wrong while it ran.
fn failed(error: DataFusionError) -> Failure {
    Failure::Failed(anyhow::anyhow!(error.strip_backtrace()))
}
