//! The jobs: `hearth embed` and `hearth run`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use hearth::border::{Border, Layout};
use hearth::stages::{BertEmbeddings, DocumentAssembler, SentenceDetector, Tokenizer};
use hearth::{BoundPipeline, Part, Pipeline, Run, Session, Totals};
use hearth_io::{Inputs, Output, ReadOptions, Reader, WriteOptions, Writer, Written, discover};
use serde_json::Value;

use crate::failure::{Failure, usage};
use crate::log::Log;
use crate::progress::Progress;
use crate::settings::Settings;
use crate::stop::Stop;
use crate::summary::Summary;

/// The column that `embed` adds.
const EMBEDDINGS: &str = "embeddings";
/// The columns on the way to it.
const ON_THE_WAY: [&str; 3] = ["document", "sentence", "token"];

/// `hearth embed`: the four stages with one line.
pub(crate) fn embed(inputs: &[String], settings: Settings) -> Result<(), Failure> {
    let text = settings.text_column().to_owned();
    let model = settings
        .all
        .model
        .clone()
        .ok_or_else(|| usage("--model is needed: the path of a model folder"))?;
    if model.to_str().is_none() {
        return Err(usage(format!(
            "--model {}: the path is not UTF-8",
            model.display()
        )));
    }
    let job = Job::open(inputs, std::slice::from_ref(&text), settings)?;
    let schema = job.inputs.schema().clone();
    let taken = |name: &str| schema.column_with_name(name).is_some();
    if taken(EMBEDDINGS) {
        return Err(usage(format!(
            "the input has a column '{EMBEDDINGS}' already: leave it out of the input, rename it, or use `hearth run`, \
             which replaces it"
        )));
    }
    // An input column that is called like one on the way stays what it is.
    let free = |name: &str| {
        let mut name = name.to_owned();
        while taken(&name) {
            name.insert_str(0, "hearth.");
        }
        name
    };
    let [document, sentence, token] = ON_THE_WAY.map(free);
    let flags = &job.settings.all;
    let pipeline = Pipeline::new()
        .then(DocumentAssembler {
            input_col: Some(text),
            output_col: document.clone(),
            ..Default::default()
        })
        .then(SentenceDetector {
            input_cols: Some(vec![document.clone()]),
            output_col: Some(sentence.clone()),
            ..Default::default()
        })
        .then(Tokenizer {
            input_cols: vec![sentence.clone()],
            output_col: token.clone(),
            ..Default::default()
        })
        .then(BertEmbeddings {
            input_cols: Some(vec![sentence.clone(), token.clone()]),
            output_col: Some(EMBEDDINGS.to_owned()),
            model: Some(model),
            case_sensitive: flags.case_sensitive,
            max_sentence_length: flags.max_sentence_length,
            batch_size: flags.batch_size.unwrap_or(8),
            compat: flags.compat.map(Into::into).unwrap_or_default(),
            precision: flags.precision.map(Into::into).unwrap_or_default(),
            on_overflow: flags.on_overflow.map(Into::into).unwrap_or_default(),
            ..Default::default()
        });
    let default = || {
        schema
            .fields()
            .iter()
            .map(|f| f.name().clone())
            .chain([EMBEDDINGS.to_owned()])
            .collect()
    };
    // The rows layout makes its own columns of the embeddings.
    let columns = match (flags.columns.clone(), job.settings.layout()) {
        (Some(columns), _) => Some(columns),
        (None, Layout::Rows(_)) => None,
        (None, _) => Some(default()),
    };
    job.work(&pipeline, columns)
}

/// `hearth run`: a pipeline from a file. What is typed wins over the file.
pub(crate) fn run(path: &Path, inputs: &[String], settings: Settings) -> Result<(), Failure> {
    let mut pipeline = read_pipeline(path)?;
    override_parameters(&mut pipeline, &settings);
    read_exceptions(&mut pipeline, path)?;
    let columns = settings.all.columns.clone();
    let assemblers = pipeline
        .stages
        .iter()
        .filter(|stage| stage.kind == "document_assembler");
    let text: Vec<String> = assemblers
        .filter_map(|stage| Some(stage.parameters.get("input_col")?.as_str()?.to_owned()))
        .collect();
    Job::open(inputs, &text, settings)?.work(&pipeline, columns)
}

fn read_pipeline(path: &Path) -> Result<Pipeline, Failure> {
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|e| usage(format!("pipeline {name}: {e}")))?;
    match path.extension().and_then(|e| e.to_str()) {
        Some("toml") => Ok(Pipeline::from_toml(&text, &name)?),
        Some("json") => Ok(Pipeline::from_json(&text, &name)?),
        _ => Err(usage(format!("pipeline {name}: neither .toml nor .json"))),
    }
}

/// Puts the lines of each tokenizer's `exceptions_path` before its `exceptions`, as Spark NLP does. A relative path
/// starts from the pipeline file's folder.
fn read_exceptions(pipeline: &mut Pipeline, pipeline_file: &Path) -> Result<(), Failure> {
    for stage in pipeline
        .stages
        .iter_mut()
        .filter(|stage| stage.kind == "tokenizer")
    {
        let Some(Value::String(path)) = stage.parameters.remove("exceptions_path") else {
            continue;
        };
        let path = pipeline_file.parent().unwrap_or(Path::new("")).join(path);
        let text = std::fs::read_to_string(&path)
            .map_err(|e| usage(format!("exceptions_path {}: {e}", path.display())))?;
        let mut lines: Vec<Value> = text.lines().map(Value::from).collect();
        if let Some(Value::Array(given)) = stage.parameters.remove("exceptions") {
            lines.extend(given);
        }
        stage
            .parameters
            .insert("exceptions".to_owned(), lines.into());
    }
    Ok(())
}

fn override_parameters(pipeline: &mut Pipeline, settings: &Settings) {
    let typed = serde_json::to_value(&settings.typed).unwrap_or_default();
    let keys = [
        "model",
        "case_sensitive",
        "max_sentence_length",
        "batch_size",
        "compat",
        "precision",
        "on_overflow",
    ];
    for stage in pipeline
        .stages
        .iter_mut()
        .filter(|stage| stage.kind == "bert_embeddings")
    {
        for key in keys {
            match &typed[key] {
                Value::Null => {}
                // A path on the command line starts from the working directory, one in the file from the file's folder.
                Value::String(path) if key == "model" => {
                    let path = std::path::absolute(path).unwrap_or_else(|_| PathBuf::from(path));
                    stage
                        .parameters
                        .insert(key.to_owned(), path.display().to_string().into());
                }
                value => drop(stage.parameters.insert(key.to_owned(), value.clone())),
            }
        }
    }
    if let Some(text) = &settings.typed.text_column {
        for stage in pipeline
            .stages
            .iter_mut()
            .filter(|stage| stage.kind == "document_assembler")
        {
            stage
                .parameters
                .insert("input_col".to_owned(), text.clone().into());
        }
    }
}

/// Columns are found by name, so two of one name cannot both be kept.
fn refuse_twins(schema: &hearth_io::SchemaRef) -> Result<(), Failure> {
    let mut names = std::collections::HashSet::new();
    match schema
        .fields()
        .iter()
        .find(|field| !names.insert(field.name()))
    {
        Some(twin) => Err(usage(format!(
            "the input has two columns called '{}': rename one",
            twin.name()
        ))),
        None => Ok(()),
    }
}

/// Inputs that are open and an output that is free.
struct Job {
    stop: Stop,
    settings: Settings,
    log: Log,
    inputs: Inputs,
    output: Output,
    files: Vec<PathBuf>,
}

impl Job {
    fn open(
        inputs: &[String],
        text_columns: &[String],
        settings: Settings,
    ) -> Result<Self, Failure> {
        let log = Log::of(&settings.all);
        let stop = Stop::watch(log)?;
        let output = settings
            .all
            .output
            .as_deref()
            .ok_or_else(|| usage("--output is needed: -o OUT"))?;
        let output = Output::parse(output)?;
        let found = discover(inputs)?;
        for path in &found.skipped {
            log.warn(&format!(
                "{} is skipped: not a format that can be read",
                path.display()
            ));
        }
        if settings.all.overwrite != Some(true) {
            output.refuse_existing(&found.sources)?;
        }
        let files = output.files(&found.sources)?;
        let mut options = ReadOptions {
            text_columns: text_columns.to_vec(),
            ..ReadOptions::default()
        };
        options.txt = settings.all.txt.map(Into::into).unwrap_or_default();
        let inputs = Inputs::new(found.sources, options)?;
        refuse_twins(inputs.schema())?;
        Ok(Job {
            stop,
            settings,
            log,
            inputs,
            output,
            files,
        })
    }

    fn session(&self) -> Result<Session, Failure> {
        let mut builder = Session::builder();
        if let Some(jobs) = self.settings.all.jobs {
            builder = builder.jobs(jobs);
        }
        if let Some(isa) = self
            .settings
            .all
            .kernels
            .and_then(super::args::KernelsName::isa)
        {
            builder = builder.kernels(isa);
        }
        Ok(builder.build()?)
    }

    fn work(self, pipeline: &Pipeline, columns: Option<Vec<String>>) -> Result<(), Failure> {
        let session = self.session()?;
        let model = session.load(pipeline)?;
        for note in model.notes() {
            self.log.warn(note);
        }
        let bound = model.bind(self.inputs.schema())?;
        for name in bound.replaced() {
            self.log.warn(&format!(
                "column '{name}' of the input is replaced by the pipeline's"
            ));
        }
        let bound = bound.with_border(&Border {
            layout: self.settings.layout(),
            columns,
        })?;
        self.log.detail(&format!(
            "{} workers, {} kernels",
            session.jobs(),
            session.kernels()
        ));
        let encodes = pipeline
            .stages
            .iter()
            .any(|stage| stage.kind == "bert_embeddings");

        let (log, json, to_stdout) = (
            self.log,
            self.settings.all.json == Some(true),
            self.output == Output::Stdout,
        );
        let done = Flow::start(self, &bound)?.finish()?;
        let summary = Summary::new(done.seen, encodes, &done.written, done.time);
        log.info(&summary.text());
        if json && to_stdout {
            // Standard output holds the results.
            eprintln!("{}", summary.json());
        } else if json {
            #[expect(clippy::print_stdout, reason = "asked for with --json")]
            {
                println!("{}", summary.json());
            }
        }
        Ok(())
    }
}

/// What a flow did.
struct Done {
    seen: Totals,
    written: Vec<Written>,
    time: Duration,
}

/// Batches from the readers through the pipeline to the writers.
struct Flow<'a> {
    job: Job,
    bound: &'a BoundPipeline,
    progress: Progress,
    run: Run,
    /// The writer of the part that is coming out, and its number.
    writer: Option<Writer>,
    part: usize,
    written: Vec<Written>,
    /// Bytes of the sources that are read, and rows of all batches.
    read: u64,
    rows: u64,
}

impl<'a> Flow<'a> {
    fn start(job: Job, bound: &'a BoundPipeline) -> Result<Self, Failure> {
        let total = job.inputs.sources().iter().map(|source| source.bytes).sum();
        let progress = Progress::start(job.log, total);
        let mut flow = Flow {
            job,
            bound,
            progress,
            run: bound.start(),
            writer: None,
            part: 0,
            written: Vec::new(),
            read: 0,
            rows: 0,
        };
        flow.writer = Some(flow.create(0)?);
        Ok(flow)
    }

    fn finish(mut self) -> Result<Done, Failure> {
        let n = self.job.inputs.sources().len();
        for source in 0..n {
            let Some(reader) = self.job.inputs.open(source) else {
                continue;
            };
            self.read(reader?)?;
            self.read += self.job.inputs.sources()[source].bytes.unwrap_or(0);
            if !self.job.files.is_empty() && source + 1 < n {
                self.run.end_part();
            }
        }
        self.run.finish();
        self.pull(self.read)?;
        // Parts without rows have come out silently.
        let last = self.job.files.len().saturating_sub(1);
        self.reach(last)?;
        self.close()?;
        Ok(Done {
            seen: self.run.counts().totals(),
            written: self.written,
            time: self.progress.finish(),
        })
    }

    fn read(&mut self, mut reader: Reader) -> Result<(), Failure> {
        while let Some(batch) = reader.next() {
            let batch = batch?;
            self.rows += batch.num_rows() as u64;
            self.run.push(batch)?;
            self.pull(self.read + reader.position())?;
        }
        Ok(())
    }

    /// Writes what is done, until the run asks for more; `read` bytes of input have been read.
    fn pull(&mut self, read: u64) -> Result<(), Failure> {
        loop {
            self.check_stop()?;
            let part = self.run.pull().map_err(|error| self.in_file(error))?;
            self.progress
                .update(self.done(read), &self.run.counts().totals());
            match part {
                Some(part) => self.write(part)?,
                None => return Ok(()),
            }
        }
    }

    /// Bytes of input that are done, of those read: reading is ahead of the work by up to a batch.
    fn done(&self, read: u64) -> u64 {
        let rows = self.run.counts().rows.get();
        let share = u128::from(read) * u128::from(rows) / u128::from(self.rows.max(1));
        u64::try_from(share).unwrap_or(read)
    }

    /// A run's error with the file it happened in, where parts are files.
    fn in_file(&self, error: hearth::Error) -> Failure {
        let sources = self.job.inputs.sources();
        let source = match self.run.failed_part() {
            Some(part) if !self.job.files.is_empty() => sources.get(part),
            _ if sources.len() == 1 => sources.first(),
            _ => None,
        };
        let failure = Failure::from(error);
        match source {
            Some(source) => failure.context(format!("{}", source.path.display())),
            None => failure,
        }
    }

    fn check_stop(&self) -> Result<(), Failure> {
        if !self.job.stop.is_asked() {
            return Ok(());
        }
        self.progress.finish();
        let whole = match &self.job.output {
            Output::Directory(_) => format!(
                "{} of {} output files are whole, and only these are left",
                self.written.len(),
                self.job.files.len()
            ),
            Output::File { path, .. } => format!("{} was not written", path.display()),
            Output::Stdout => "the output ends early".to_owned(),
        };
        Err(Failure::Interrupted(whole))
    }

    fn write(&mut self, part: Part) -> Result<(), Failure> {
        self.reach(part.number)?;
        if let Some(writer) = &mut self.writer {
            writer.write(&part.batch)?;
        }
        Ok(())
    }

    /// Ends the files before part `number` and begins its own.
    fn reach(&mut self, number: usize) -> Result<(), Failure> {
        while self.part < number {
            self.close()?;
            self.part += 1;
            self.writer = Some(self.create(self.part)?);
        }
        Ok(())
    }

    fn close(&mut self) -> Result<(), Failure> {
        if let Some(writer) = self.writer.take() {
            // A file that another process put there meanwhile is a failure, not a wrong request: the work was done.
            let written = writer
                .finish()
                .map_err(|error| Failure::from(error).after_work())?;
            self.written.push(written);
        }
        Ok(())
    }

    fn create(&self, part: usize) -> Result<Writer, Failure> {
        let options = WriteOptions {
            overwrite: self.job.settings.all.overwrite == Some(true),
            ..WriteOptions::default()
        };
        let schema = self.bound.schema();
        Ok(match &self.job.output {
            Output::Stdout => Writer::ndjson(std::io::stdout(), schema)?,
            Output::File { path, format } => Writer::create(path, *format, schema, &options)?,
            Output::Directory(_) => Writer::create(
                &self.job.files[part],
                hearth_io::Format::Parquet,
                schema,
                &options,
            )?,
        })
    }
}
