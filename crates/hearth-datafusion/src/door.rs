//! What the functions of a session share: where they run, what is set, what was made before.

use std::collections::HashMap;
use std::fmt::{self, Debug};
use std::hash::{Hash, Hasher};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use datafusion::common::{Result, plan_err};
use hearth::function::TextFunction;
use hearth::stages::BertEmbeddings;
use hearth::{Pipeline, Session, StageConfig};
use serde_json::{Map, Value};

use crate::HearthOptions;
use crate::error::planned;

/// Finds the path of a model by its name.
pub(crate) type FindModel = dyn Fn(&str) -> Result<PathBuf> + Send + Sync;

/// What functions of a session share. Two are equal if they give the same for the same arguments.
#[derive(Clone)]
pub(crate) struct Door {
    session: Session,
    options: HearthOptions,
    find_model: Option<Arc<FindModel>>,
    pipelines: Arc<HashMap<String, Pipeline>>,
    made: Arc<Made>,
}

/// Made once, for all queries.
#[derive(Default)]
struct Made {
    /// Sessions with other numbers of workers.
    sessions: Mutex<HashMap<usize, Session>>,
    functions: Mutex<HashMap<(Kind, String, HearthOptions), TextFunction>>,
}

/// What a function gives for a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    EmbedText,
    BertEmbeddings,
    Sentences,
    Tokens,
    Annotate,
}

/// The arguments beside the text that a query writes out.
#[derive(Debug, Clone, Default)]
pub(crate) struct Literals {
    /// A model, or for [`Kind::Annotate`] a pipeline.
    pub(crate) what: Option<String>,
    pub(crate) options: Option<String>,
}

impl Door {
    pub(crate) fn new(session: &Session) -> Self {
        Door {
            session: session.clone(),
            options: HearthOptions::default(),
            find_model: None,
            pipelines: Arc::default(),
            made: Arc::default(),
        }
    }

    pub(crate) fn finding(mut self, find: Arc<FindModel>) -> Self {
        self.find_model = Some(find);
        self.made = Arc::default();
        self
    }

    pub(crate) fn knowing(mut self, name: String, pipeline: Pipeline) -> Self {
        Arc::make_mut(&mut self.pipelines).insert(name, pipeline);
        self.made = Arc::default();
        self
    }

    pub(crate) fn with(&self, options: HearthOptions) -> Self {
        Door {
            options,
            ..self.clone()
        }
    }

    pub(crate) fn options(&self) -> &HearthOptions {
        &self.options
    }

    /// The function of a kind for the arguments of a query, `name` in its errors. Made once for equal arguments; nothing
    /// is locked while it works.
    pub(crate) fn function(
        &self,
        kind: Kind,
        name: &str,
        literals: &Literals,
    ) -> Result<TextFunction> {
        let written = format!("{literals:?}");
        let key = (kind, written, self.options.clone());
        let functions = || {
            self.made
                .functions
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
        };
        if let Some(known) = functions().get(&key) {
            return Ok(known.clone());
        }
        let session = self.session()?;
        let made = match kind {
            Kind::EmbedText => TextFunction::embed_text(&session, self.bert(name, literals)?),
            Kind::BertEmbeddings => {
                TextFunction::bert_embeddings(&session, self.bert(name, literals)?)
            }
            Kind::Sentences => TextFunction::sentences(&session),
            Kind::Tokens => TextFunction::tokens(&session),
            Kind::Annotate => TextFunction::annotate(&session, &self.pipeline(name, literals)?),
        };
        let made = made.map_err(planned(name))?;
        functions().insert(key, made.clone());
        Ok(made)
    }

    /// The session, with as many workers as are set.
    pub(crate) fn session(&self) -> Result<Session> {
        match self.options.device.as_deref() {
            None | Some("cpu" | "auto") => {}
            Some(other) => {
                return plan_err!(
                    "hearth.device is '{other}', and this build encodes on the cpu alone"
                );
            }
        }
        match self.options.jobs {
            None => Ok(self.session.clone()),
            Some(jobs) if jobs == self.session.jobs() => Ok(self.session.clone()),
            Some(0) => plan_err!("hearth.jobs is 0: at least one worker is needed"),
            Some(jobs) => {
                let sessions = self.made.sessions.lock();
                let mut sessions = sessions.unwrap_or_else(PoisonError::into_inner);
                if let Some(known) = sessions.get(&jobs) {
                    return Ok(known.clone());
                }
                let session = self
                    .session
                    .with_jobs(jobs)
                    .map_err(planned("hearth.jobs"))?;
                sessions.insert(jobs, session.clone());
                Ok(session)
            }
        }
    }

    /// Parameters of the encoder: what the query writes out over what is set.
    fn bert(&self, name: &str, literals: &Literals) -> Result<BertEmbeddings> {
        let mut parameters = match &literals.options {
            None => Map::new(),
            Some(text) => match serde_json::from_str(text) {
                Ok(Value::Object(map)) => map,
                Ok(_) | Err(_) => {
                    return plan_err!(
                        "{name}: its options are a JSON object such as '{{\"pooling\": \"mean\"}}', not {text:?}"
                    );
                }
            },
        };
        let columns = ["input_cols", "output_col", "cut_col", "level"];
        if let Some(key) = columns
            .into_iter()
            .find(|key| parameters.contains_key(*key))
        {
            return plan_err!("{name}: '{key}' is not for a function to set");
        }
        let set = [
            ("precision", &self.options.precision),
            ("on_overflow", &self.options.on_overflow),
        ];
        for (key, value) in set {
            if let Some(value) = value {
                parameters
                    .entry(key)
                    .or_insert_with(|| value.as_str().into());
            }
        }
        let named = parameters
            .remove("model")
            .and_then(|value| Some(value.as_str()?.to_owned()));
        let model = literals
            .what
            .clone()
            .or(named)
            .or(self.options.model.clone());
        let Some(model) = model else {
            return plan_err!(
                "{name}: no model: name it in the second argument, or SET hearth.model"
            );
        };
        let path = self.find(&model)?;
        parameters.insert("model".to_owned(), path.to_string_lossy().into());
        BertEmbeddings::of(parameters, name).map_err(planned(name))
    }

    pub(crate) fn find(&self, model: &str) -> Result<PathBuf> {
        match &self.find_model {
            Some(find) => find(model),
            None => Ok(PathBuf::from(model)),
        }
    }

    /// The pipeline a query names, or writes out as TOML or JSON.
    pub(crate) fn pipeline(&self, name: &str, literals: &Literals) -> Result<Pipeline> {
        let Some(text) = literals.what.as_deref() else {
            return plan_err!(
                "{name}: no pipeline: give its name, or its TOML or JSON text, as the second argument"
            );
        };
        let read = match text.trim_start() {
            json if json.starts_with('{') => Pipeline::from_json(json, name),
            toml if toml.contains("[[stage]]") => Pipeline::from_toml(toml, name),
            known => match self.pipelines.get(known.trim_end()) {
                Some(pipeline) => Ok(pipeline.clone()),
                None => {
                    let mut names: Vec<&str> = self.pipelines.keys().map(String::as_str).collect();
                    names.sort_unstable();
                    return plan_err!(
                        "{name}: no pipeline is called {known:?}; known: [{}]; or write it out as TOML or JSON",
                        names.join(", ")
                    );
                }
            },
        };
        let mut pipeline = read.map_err(planned(name))?;
        if self.find_model.is_none() {
            return Ok(pipeline.rooted());
        }
        for stage in &mut pipeline.stages {
            if let Some(Value::String(model)) = stage.parameters.get_mut("model") {
                *model = self.find(model)?.to_string_lossy().into_owned();
            }
        }
        Ok(pipeline)
    }
}

impl Debug for Door {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Door")
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

impl PartialEq for Door {
    fn eq(&self, other: &Self) -> bool {
        let same = match (&self.find_model, &other.find_model) {
            (None, None) => true,
            (Some(one), Some(two)) => Arc::ptr_eq(one, two),
            _ => false,
        };
        same && self.session == other.session
            && self.options == other.options
            && self.pipelines == other.pipelines
    }
}

impl Eq for Door {}

impl Hash for Door {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.options.hash(state);
    }
}
