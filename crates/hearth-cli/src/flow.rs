//! Batches from the readers through the pipeline to the writers.

use std::time::Duration;

use hearth::{BoundPipeline, Part, Run, Totals};
use hearth_io::{Output, Reader, WriteOptions, Writer, Written};

use crate::ahead::Ahead;
use crate::behind::Behind;
use crate::failure::Failure;
use crate::job::Job;
use crate::progress::Progress;

/// What a flow did.
pub(crate) struct Done {
    pub(crate) seen: Totals,
    pub(crate) written: Vec<Written>,
    pub(crate) time: Duration,
}

/// Batches from the readers through the pipeline to the writers.
pub(crate) struct Flow<'a> {
    job: Job,
    bound: &'a BoundPipeline,
    options: WriteOptions,
    progress: Progress,
    run: Run,
    /// The writer of the part that is coming out, and its number.
    writer: Option<Behind>,
    part: usize,
    written: Vec<Written>,
    /// Bytes of the sources that are read, and rows of all batches.
    read: u64,
    rows: u64,
}

impl<'a> Flow<'a> {
    /// Creates the first file; its columns are encoded by `jobs` threads.
    pub(crate) fn start(job: Job, bound: &'a BoundPipeline, jobs: usize) -> Result<Self, Failure> {
        let options = WriteOptions {
            overwrite: job.settings.all.overwrite == Some(true),
            threads: jobs,
            ..WriteOptions::default()
        };
        let total = job.inputs.sources().iter().map(|source| source.bytes).sum();
        let progress = Progress::start(job.log, total);
        let mut flow = Flow {
            job,
            bound,
            options,
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

    /// Reads, annotates and writes everything.
    pub(crate) fn finish(mut self) -> Result<Done, Failure> {
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

    fn read(&mut self, reader: Reader) -> Result<(), Failure> {
        for batch in Ahead::of(reader)? {
            let (batch, position) = batch?;
            self.rows += batch.num_rows() as u64;
            self.run.push(batch)?;
            self.pull(self.read + position)?;
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
            writer.write(part.batch)?;
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
            let written = writer.finish().map_err(Failure::after_work)?;
            self.written.extend(written);
        }
        Ok(())
    }

    fn create(&self, part: usize) -> Result<Behind, Failure> {
        let options = &self.options;
        let schema = self.bound.schema();
        Behind::of(match &self.job.output {
            Output::Stdout => Writer::ndjson(std::io::stdout(), schema)?,
            Output::File { path, format } => Writer::create(path, *format, schema, options)?,
            Output::Directory(_) => Writer::create(
                &self.job.files[part],
                hearth_io::Format::Parquet,
                schema,
                options,
            )?,
        })
    }
}
