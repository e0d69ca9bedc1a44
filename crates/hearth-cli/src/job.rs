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
pub(crate) fn embed(
    inputs: &[String],
    columns: Option<&[String]>,
    settings: Settings,
) -> Result<(), Failure> {
    let text = settings.text_column().to_owned();
    let model = settings
        .all
        .model
        .clone()
        .ok_or_else(|| usage("--model is needed: the path of a model folder"))?;
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
    let [document, sentence, token] = ON_THE_WAY.map(|name| {
        if taken(name) {
            format!("hearth.{name}")
        } else {
            name.to_owned()
        }
    });
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
    let columns = match (columns, job.settings.layout()) {
        (Some(columns), _) => Some(columns.to_vec()),
        (None, Layout::Rows(_)) => None,
        (None, _) => Some(default()),
    };
    job.work(&pipeline, columns)
}

/// `hearth run`: a pipeline from a file. Flags win over the file.
pub(crate) fn run(
    path: &Path,
    inputs: &[String],
    columns: Option<&[String]>,
    settings: Settings,
) -> Result<(), Failure> {
    let mut pipeline = read_pipeline(path)?;
    override_parameters(&mut pipeline, &settings);
    let assemblers = pipeline
        .stages
        .iter()
        .filter(|stage| stage.kind == "document_assembler");
    let text: Vec<String> = assemblers
        .filter_map(|stage| Some(stage.parameters.get("input_col")?.as_str()?.to_owned()))
        .collect();
    Job::open(inputs, &text, settings)?.work(&pipeline, columns.map(<[String]>::to_vec))
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

fn override_parameters(pipeline: &mut Pipeline, settings: &Settings) {
    let given = serde_json::to_value(&settings.given).unwrap_or_default();
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
            match &given[key] {
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
}

/// Inputs that are open and an output that is free.
struct Job {
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
        Ok(Job {
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

        let stop = Stop::watch()?;
        let (log, json, to_stdout) = (
            self.log,
            self.settings.all.json == Some(true),
            self.output == Output::Stdout,
        );
        let done = Flow::start(self, &bound, stop)?.finish()?;
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
    stop: Stop,
    progress: Progress,
    run: Run,
    /// The writer of the part that is coming out, and its number.
    writer: Option<Writer>,
    part: usize,
    written: Vec<Written>,
    /// Bytes of the sources that are read.
    read: u64,
}

impl<'a> Flow<'a> {
    fn start(job: Job, bound: &'a BoundPipeline, stop: Stop) -> Result<Self, Failure> {
        let total = job.inputs.sources().iter().map(|source| source.bytes).sum();
        let progress = Progress::start(job.log, total);
        let mut flow = Flow {
            job,
            bound,
            stop,
            progress,
            run: bound.start(),
            writer: None,
            part: 0,
            written: Vec::new(),
            read: 0,
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
                self.run.end_part()?;
            }
        }
        self.run.finish()?;
        while let Some(part) = self.run.pull()? {
            self.write(part)?;
        }
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
            self.run.push(batch?)?;
            while let Some(part) = self.run.pull()? {
                self.write(part)?;
            }
            self.progress
                .update(self.read + reader.position(), &self.run.counts().totals());
            self.check_stop()?;
        }
        Ok(())
    }

    fn check_stop(&self) -> Result<(), Failure> {
        if !self.stop.is_asked() {
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
        self.check_stop()
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
            self.written.push(writer.finish()?);
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
