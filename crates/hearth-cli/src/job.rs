//! A job: inputs that are open, an output that is free, a pipeline between them.

use std::path::PathBuf;

use hearth::Pipeline;
use hearth::border::Border;
use hearth_io::{Inputs, Output, ReadOptions, discover};

use crate::failure::{Failure, usage};
use crate::flow::Flow;
use crate::log::Log;
use crate::settings::Settings;
use crate::stop::Stop;
use crate::summary::{Rules, Summary};

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
pub(crate) struct Job {
    pub(crate) stop: Stop,
    pub(crate) settings: Settings,
    pub(crate) log: Log,
    pub(crate) inputs: Inputs,
    pub(crate) output: Output,
    pub(crate) files: Vec<PathBuf>,
}

impl Job {
    /// Finds inputs and output and refuses what is there already.
    pub(crate) fn open(
        inputs: &[String],
        text_columns: &[String],
        map_columns: &[String],
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
            map_columns: map_columns.to_vec(),
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

    /// Loads and binds the pipeline, and lets everything flow.
    pub(crate) fn work(
        self,
        pipeline: &Pipeline,
        columns: Option<Vec<String>>,
    ) -> Result<(), Failure> {
        let session = self.settings.session()?;
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
        let rules = Rules::of(pipeline);
        let (log, json, to_stdout) = (
            self.log,
            self.settings.all.json == Some(true),
            self.output == Output::Stdout,
        );
        let done = Flow::start(self, &bound, session.jobs())?.finish()?;
        let summary = Summary::new(done.seen, rules, &done.written, done.time);
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
