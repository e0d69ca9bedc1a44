//! What the pipelines of a process share: worker threads, opened models, the stage types known.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use hearth_encoder::{Isa, Precision};
use hearth_models::{Description, Fingerprint, Model, Stamp};

use crate::config::{Registry, When};
use crate::model::{BertModel, OpenedModel};
use crate::run::PipelineModel;
use crate::{Error, Pipeline, Result, StageConfig};

/// Shared by everything a process runs; cheap to clone. There is no global state beside it.
#[derive(Debug, Clone)]
pub struct Session(Arc<Inner>);

/// Whether they are one session.
impl PartialEq for Session {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}
impl Eq for Session {}

#[derive(Debug)]
struct Inner {
    pool: rayon::ThreadPool,
    kernels: Isa,
    registry: Registry,
    shared: Arc<Shared>,
}

/// What sessions made of one another hold once.
#[derive(Debug, Default)]
struct Shared {
    described: Mutex<HashMap<Stamp, Arc<Description>>>,
    models: Mutex<Known>,
}

/// The models of a session.
#[derive(Debug, Default)]
struct Known {
    /// By place, so that a model asked for again is not read again.
    opened: HashMap<(Stamp, Precision), OpenedModel>,
    /// By content.
    models: HashMap<(Fingerprint, Precision), Arc<BertModel>>,
}

impl Known {
    /// The model of this content. The weights are read for it only if there is one that may be it: that of a new model is
    /// known when it was packed.
    fn equal_to(
        &self,
        model: &Model,
        precision: Precision,
    ) -> hearth_models::Result<Option<Arc<BertModel>>> {
        if !self
            .models
            .values()
            .any(|known| known.config == model.config)
        {
            return Ok(None);
        }
        Ok(self.models.get(&(model.fingerprint()?, precision)).cloned())
    }
}

/// Settings of a [`Session`].
#[derive(Debug, Clone)]
pub struct SessionBuilder {
    jobs: Option<usize>,
    kernels: Option<Isa>,
    registry: Registry,
}

impl Session {
    /// Settings to start from: one worker per core, the best kernels of this CPU, the stages of [`crate::stages`].
    #[must_use]
    pub fn builder() -> SessionBuilder {
        let mut registry = Registry::default();
        crate::stages::register_all(&mut registry);
        SessionBuilder {
            jobs: None,
            kernels: None,
            registry,
        }
    }

    /// Makes the stages of a pipeline, models opened: Spark's `fit`, which needs no data here either.
    ///
    /// # Errors
    /// An unknown type, key or value with its place; a model that cannot be opened.
    pub fn load(&self, pipeline: &Pipeline) -> Result<PipelineModel> {
        self.prepare(pipeline, When::Now)
    }

    /// As [`Session::load`], but of a model no more is read than its config and settings, by which all schemas are known;
    /// vocabulary and weights when the first rows come. For engines that plan a query often before they run it.
    ///
    /// # Errors
    /// As [`Session::load`]; what is wrong with vocabulary or weights comes out of the run.
    pub fn plan(&self, pipeline: &Pipeline) -> Result<PipelineModel> {
        self.prepare(pipeline, When::Later)
    }

    fn prepare(&self, pipeline: &Pipeline, weights: When) -> Result<PipelineModel> {
        let (stages, notes) = self.0.registry.load(pipeline, self, weights)?;
        Ok(PipelineModel::new(self.clone(), stages, notes))
    }

    /// Config and settings of the model at a path.
    pub(crate) fn describe(&self, path: &Path, stage: &str) -> Result<Arc<Description>> {
        let refuse = |source| Error::Model {
            stage: stage.to_owned(),
            source,
        };
        let place = Stamp::of(path).map_err(refuse)?;
        let described = self.0.shared.described.lock();
        let mut described = described.unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = described.get(&place) {
            return Ok(known.clone());
        }
        let found = Arc::new(hearth_models::describe(path).map_err(refuse)?);
        described.insert(place, found.clone());
        Ok(found)
    }

    /// The model at a path, its linear layers in a precision. Weights and vocabulary are kept once per session and
    /// precision, however many paths, stages and pipelines hold the same content.
    ///
    /// # Errors
    /// [`Error::Model`], [`Error::Encoder`], both naming `stage`.
    pub fn bert(&self, path: &Path, precision: Precision, stage: &str) -> Result<OpenedModel> {
        let refuse = |source| Error::Model {
            stage: stage.to_owned(),
            source,
        };
        let place = (Stamp::of(path).map_err(refuse)?, precision);
        // Held while loading, so that two pipelines asking at once do not load twice.
        let known = self.0.shared.models.lock();
        let mut known = known.unwrap_or_else(PoisonError::into_inner);
        if let Some(opened) = known.opened.get(&place) {
            return Ok(opened.clone());
        }
        let model = hearth_models::open(path).map_err(refuse)?;
        let bert = match known.equal_to(&model, precision).map_err(refuse)? {
            Some(bert) => bert,
            None => {
                let load = || BertModel::load(&model, self.0.kernels, precision, stage);
                let bert = Arc::new(self.aside(load)??);
                let fingerprint = model.fingerprint().map_err(refuse)?;
                known.models.insert((fingerprint, precision), bert.clone());
                bert
            }
        };
        let opened = OpenedModel::new(model, bert);
        known.opened.insert(place, opened.clone());
        Ok(opened)
    }

    /// A session with other workers and the same models, which are held once for both.
    ///
    /// # Errors
    /// [`Error::Threads`].
    pub fn with_jobs(&self, jobs: usize) -> Result<Self> {
        let inner = &self.0;
        Ok(Session(Arc::new(Inner {
            pool: workers(jobs.max(1))?,
            kernels: inner.kernels,
            registry: inner.registry.clone(),
            shared: inner.shared.clone(),
        })))
    }

    /// Runs `work` on the session's workers while the caller only waits. A caller who is a worker of another rayon pool would
    /// take up other work there meanwhile, which may want what the caller holds.
    fn aside<T: Send>(&self, work: impl FnOnce() -> T + Send) -> Result<T> {
        let pool = &self.0.pool;
        if pool.current_thread_index().is_some() {
            return Ok(work());
        }
        let failed = |message: String| Error::Threads { jobs: 1, message };
        std::thread::scope(|scope| {
            let thread = std::thread::Builder::new();
            let thread = thread.spawn_scoped(scope, || pool.install(work));
            let thread = thread.map_err(|error| failed(error.to_string()))?;
            thread
                .join()
                .map_err(|panic| crate::run::panicked(&*panic, 0, 0))
        })
    }

    /// Worker threads.
    #[must_use]
    pub fn jobs(&self) -> usize {
        self.0.pool.current_num_threads()
    }

    /// The instruction set the kernels use.
    #[must_use]
    pub fn kernels(&self) -> Isa {
        self.0.kernels
    }

    pub(crate) fn pool(&self) -> &rayon::ThreadPool {
        &self.0.pool
    }
}

impl SessionBuilder {
    /// How many packs are encoded at once; one per core if not set. Results do not depend on it.
    #[must_use]
    pub fn jobs(mut self, jobs: usize) -> Self {
        self.jobs = Some(jobs);
        self
    }

    /// Which instruction set the kernels use; the best of this CPU if not set. Results in f32 do not depend on it.
    #[must_use]
    pub fn kernels(mut self, kernels: Isa) -> Self {
        self.kernels = Some(kernels);
        self
    }

    /// Makes a stage of the user's own known by its `type`.
    #[must_use]
    pub fn register<S: StageConfig>(mut self) -> Self {
        self.registry.add::<S>();
        self
    }

    /// The session, its workers started.
    ///
    /// # Errors
    /// [`Error::Unavailable`] for kernels this CPU cannot run, [`Error::Threads`].
    pub fn build(self) -> Result<Session> {
        let kernels = self.kernels.unwrap_or_else(hearth_encoder::best_isa);
        if !hearth_encoder::available_isas().contains(&kernels) {
            let possible: Vec<_> = hearth_encoder::available_isas()
                .iter()
                .map(ToString::to_string)
                .collect();
            return Err(Error::Unavailable {
                what: format!("kernels {kernels}"),
                why: format!("this CPU runs {}", possible.join(", ")),
            });
        }
        let jobs = self
            .jobs
            .unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from))
            .max(1);
        Ok(Session(Arc::new(Inner {
            pool: workers(jobs)?,
            kernels,
            registry: self.registry,
            shared: Arc::default(),
        })))
    }
}

fn workers(jobs: usize) -> Result<rayon::ThreadPool> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(jobs)
        .thread_name(|i| format!("hearth-{i}"))
        .build()
        .map_err(|e| Error::Threads {
            jobs,
            message: e.to_string(),
        })
}
