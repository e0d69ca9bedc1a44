//! Pipelines that Spark NLP saved.

use std::path::Path;

use hearth_models::spark::{SavedPipeline, SavedStage};
use serde_json::{Map, Value};

use super::{Pipeline, parameters};
use crate::stages::{
    BertEmbeddings, ChunkEmbeddings, Doc2Chunk, DocumentAssembler, EmbeddingsFinisher, Finisher,
    Normalizer, RegexTokenizer, SentenceDetector, SentenceEmbeddings, StopWordsCleaner, Tokenizer,
};
use crate::{Error, Result, StageConfig};

/// What becomes of a stage that there is no counterpart for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum UnknownStages {
    /// The pipeline is refused, with the stage's class and uid.
    #[default]
    Refuse,
    /// The stage is left out, and a note says so.
    Skip,
}

/// What [`Pipeline::from_spark`] made of a saved pipeline.
#[derive(Debug, Clone)]
pub struct FromSpark {
    /// The pipeline. Models are paths into what was read.
    pub pipeline: Pipeline,
    /// What was saved, in order.
    pub stages: Vec<SparkStage>,
    /// What a user should know: stages that were skipped, parameters that were set and are not read.
    pub notes: Vec<String>,
}

/// A stage as it was saved.
#[derive(Debug, Clone, PartialEq)]
pub struct SparkStage {
    /// Its class, such as `com.johnsnowlabs.nlp.annotators.TokenizerModel`.
    pub class: String,
    /// Its uid, such as `REGEX_TOKENIZER_e0e297550c95`.
    pub uid: String,
    /// The parameters that were set, by Spark's names.
    pub parameters: Map<String, Value>,
    /// The `type` of its counterpart in the pipeline; `None` where it was skipped.
    pub counterpart: Option<String>,
}

/// Parameters that change no result here.
const WITHOUT_EFFECT: [&str; 4] = ["lazyAnnotator", "engine", "configProtoBytes", "batchSize"];

impl Pipeline {
    /// Reads what Spark NLP saved: a `PipelineModel`, a `Pipeline`, a `RecursivePipelineModel` or a single stage, as a
    /// folder or a zip. Parameters are those set, over the defaults saved with them, over Spark NLP's own.
    ///
    /// A tokenizer's rules are the stored regular expressions to the letter; where they are made of context characters, as
    /// the default ones are, `context_chars` says them.
    ///
    /// # Errors
    /// [`Error::Saved`] where nothing readable is saved there, [`Error::UnknownStage`], and [`Error::Parameter`] for a
    /// value of another type than the parameter's.
    pub fn from_spark(path: impl AsRef<Path>, unknown: UnknownStages) -> Result<FromSpark> {
        let saved = SavedPipeline::open(path).map_err(|source| Error::Saved { source })?;
        let mut made = FromSpark {
            pipeline: Pipeline::new(),
            stages: Vec::new(),
            notes: Vec::new(),
        };
        for stage in &saved.stages {
            let before = made.pipeline.stages.len();
            made.add(stage)?;
            let counterpart = made
                .pipeline
                .stages
                .get(before)
                .map(|made| made.kind.clone());
            let is_there = counterpart.is_some();
            made.stages.push(SparkStage {
                class: stage.class().to_owned(),
                uid: stage.uid().to_owned(),
                parameters: stage.set().clone(),
                counterpart,
            });
            if is_there {
                continue;
            }
            if unknown == UnknownStages::Refuse {
                return Err(Error::UnknownStage {
                    class: stage.class().to_owned(),
                    uid: stage.uid().to_owned(),
                });
            }
            made.notes.push(format!(
                "stage {} ({}) is SKIPPED: it has no counterpart here, and what it would have made is missing",
                stage.uid(),
                stage.class()
            ));
        }
        Ok(made)
    }
}

impl FromSpark {
    /// Appends the stage, if it has a counterpart.
    fn add(&mut self, stage: &SavedStage) -> Result<()> {
        match stage.class() {
            "com.johnsnowlabs.nlp.DocumentAssembler" => self.then::<DocumentAssembler>(stage),
            "com.johnsnowlabs.nlp.annotators.sbd.pragmatic.SentenceDetector" => {
                self.then::<SentenceDetector>(stage)
            }
            "com.johnsnowlabs.nlp.annotators.Tokenizer" => self.tokenizer(stage),
            "com.johnsnowlabs.nlp.annotators.TokenizerModel" => self.tokenizer_model(stage),
            "com.johnsnowlabs.nlp.annotators.RegexTokenizer" => self.then::<RegexTokenizer>(stage),
            "com.johnsnowlabs.nlp.annotators.Normalizer" => self.normalizer(stage),
            "com.johnsnowlabs.nlp.annotators.NormalizerModel" => self.normalizer_model(stage),
            "com.johnsnowlabs.nlp.annotators.StopWordsCleaner" => {
                self.then::<StopWordsCleaner>(stage)
            }
            "com.johnsnowlabs.nlp.embeddings.BertEmbeddings" => self.bert_embeddings(stage),
            "com.johnsnowlabs.nlp.embeddings.SentenceEmbeddings" => {
                self.then::<SentenceEmbeddings>(stage)
            }
            "com.johnsnowlabs.nlp.embeddings.ChunkEmbeddings" => {
                self.then::<ChunkEmbeddings>(stage)
            }
            "com.johnsnowlabs.nlp.Doc2Chunk" => self.then::<Doc2Chunk>(stage),
            "com.johnsnowlabs.nlp.Finisher" => self.then::<Finisher>(stage),
            "com.johnsnowlabs.nlp.EmbeddingsFinisher" => self.embeddings_finisher(stage),
            _ => Ok(()),
        }
    }

    /// Appends a stage whose parameters say everything.
    fn then<S: StageConfig>(&mut self, stage: &SavedStage) -> Result<()> {
        let parameters = self.parameters::<S>(stage);
        self.push::<S>(stage, parameters)
    }

    fn tokenizer(&mut self, stage: &SavedStage) -> Result<()> {
        let mut parameters = self.parameters::<Tokenizer>(stage);
        unlimited(&mut parameters);
        // A file with how it is to be read.
        if let Some(path) = parameters
            .get("exceptions_path")
            .and_then(|r| r.get("path"))
        {
            let path = path.as_str().unwrap_or_default();
            let path = path.strip_prefix("file:").unwrap_or(path).to_owned();
            parameters.insert("exceptions_path".to_owned(), path.into());
        }
        self.push::<Tokenizer>(stage, parameters)
    }

    fn normalizer(&mut self, stage: &SavedStage) -> Result<()> {
        if stage.set().contains_key("slangDictionary") {
            return Err(Error::Parameter {
                place: stage.uid().to_owned(),
                message:
                    "slangDictionary names a file that Spark NLP reads when it fits the pipeline; \
                          save the fitted PipelineModel, which holds its words"
                        .to_owned(),
            });
        }
        self.then::<Normalizer>(stage)
    }

    fn tokenizer_model(&mut self, stage: &SavedStage) -> Result<()> {
        let mut parameters = self.parameters::<Tokenizer>(stage);
        unlimited(&mut parameters);
        let patterns = stage.rules().map_err(|source| Error::Saved { source })?;
        let rules = patterns
            .as_deref()
            .and_then(|patterns| by_context(patterns).or_else(|| as_they_are(patterns)));
        let Some(rules) = rules else {
            return Err(Error::Parameter {
                place: stage.uid().to_owned(),
                message: "its rules are missing, or do not run from \\A to \\z".to_owned(),
            });
        };
        parameters.extend(rules);
        self.push::<Tokenizer>(stage, parameters)
    }

    fn normalizer_model(&mut self, stage: &SavedStage) -> Result<()> {
        let mut parameters = self.parameters::<Normalizer>(stage);
        let slang = stage
            .text_map("slangDict")
            .map_err(|source| Error::Saved { source })?;
        if let Some(slang) = slang {
            let slang = slang.into_iter().map(|(word, full)| (word, full.into()));
            parameters.insert(
                "slang_dictionary".to_owned(),
                Value::Object(slang.collect()),
            );
        }
        self.push::<Normalizer>(stage, parameters)
    }

    /// The model's own metadata, which are this stage's, say the rest when it is opened.
    fn bert_embeddings(&mut self, stage: &SavedStage) -> Result<()> {
        let mut parameters = self.parameters::<BertEmbeddings>(stage);
        parameters.retain(|name, _| matches!(name.as_str(), "input_cols" | "output_col"));
        let model = stage.path().to_string_lossy().into_owned();
        parameters.insert("model".to_owned(), model.into());
        self.push::<BertEmbeddings>(stage, parameters)
    }

    fn embeddings_finisher(&mut self, stage: &SavedStage) -> Result<()> {
        let mut parameters = self.parameters::<EmbeddingsFinisher>(stage);
        // The default on the JVM side; that of Python's is saved with the stage.
        parameters.entry("clean_annotations").or_insert(true.into());
        self.push::<EmbeddingsFinisher>(stage, parameters)
    }

    /// The parameters that the stage type has, in snake_case. Others that were set are noted.
    fn parameters<S: StageConfig>(&mut self, stage: &SavedStage) -> Map<String, Value> {
        let known = parameters(&S::default());
        let mut found = Map::new();
        let mut unread = Vec::new();
        for (name, value) in stage.defaults() {
            let key = snake_case(name);
            if known.contains_key(&key) && !value.is_null() && default_counts::<S>(name) {
                found.insert(key, value.clone());
            }
        }
        for (name, value) in stage.set() {
            let key = snake_case(name);
            if value.is_null() || WITHOUT_EFFECT.contains(&name.as_str()) {
                found.remove(&key);
            } else if known.contains_key(&key) {
                found.insert(key, value.clone());
            } else {
                unread.push(name.as_str());
            }
        }
        if let Some(Value::String(locale)) = stage.param("locale") {
            // Only in these do I and i differ from other languages.
            let special = ["tr", "az", "lt"].iter().any(|l| locale.starts_with(l));
            unread.retain(|name| *name != "locale");
            if special {
                unread.push("locale");
            }
        }
        if !unread.is_empty() {
            self.notes.push(format!(
                "{}: parameters that are not read, and may change results in Spark NLP: {}",
                stage.uid(),
                unread.join(", ")
            ));
        }
        found
    }

    fn push<S: StageConfig>(
        &mut self,
        stage: &SavedStage,
        parameters: Map<String, Value>,
    ) -> Result<()> {
        let config: S =
            serde_path_to_error::deserialize(Value::Object(parameters)).map_err(|error| {
                Error::Parameter {
                    place: stage.uid().to_owned(),
                    message: format!("{}: {}", error.path(), error.inner()),
                }
            })?;
        let pipeline = std::mem::take(&mut self.pipeline);
        self.pipeline = pipeline.then(config);
        Ok(())
    }
}

/// Whether a saved default says what the stage does.
fn default_counts<S: StageConfig>(name: &str) -> bool {
    match (S::TYPE, name) {
        // Without effect unless they are set.
        (Doc2Chunk::TYPE, "lowerCase") | (SentenceDetector::TYPE, "maxLength") => false,
        // The uid, which is written nowhere: the column's is that of the vectors.
        (SentenceEmbeddings::TYPE, "storageRef") => false,
        (_, name) => !WITHOUT_EFFECT.contains(&name),
    }
}

/// Without `maxLength` there is no limit on the JVM side.
fn unlimited(parameters: &mut Map<String, Value>) {
    parameters.entry("max_length").or_insert(i32::MAX.into());
}

/// `skipOOV` is `skip_oov`, `outputCol` is `output_col`.
fn snake_case(name: &str) -> String {
    let mut snake = String::new();
    let mut before = 'A';
    for c in name.chars() {
        if c.is_ascii_uppercase() && !before.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(c.to_ascii_lowercase());
        before = c;
    }
    snake
}

/// `context_chars` and `infix_patterns` of rules that begin and end with context characters.
fn by_context(patterns: &[String]) -> Option<Map<String, Value>> {
    let (context, _) = patterns
        .first()?
        .strip_prefix(r"\A([\Q")?
        .split_once(r"\E]*)")?;
    let prefix = format!(r"\A([\Q{context}\E]*)");
    let suffix = format!(r"([\Q{context}\E]*)\z");
    let infixes: Vec<_> = patterns
        .iter()
        .map(|pattern| pattern.strip_prefix(&prefix)?.strip_suffix(&suffix))
        .collect::<Option<_>>()?;
    let between = format!(r"([^\Q{context}\E](?:.*[^\Q{context}\E])*)");
    let mut rules = Map::new();
    let context: Vec<_> = context.chars().map(String::from).collect();
    rules.insert("context_chars".to_owned(), context.into());
    if infixes != [&between] {
        rules.insert("infix_patterns".to_owned(), infixes.into());
    }
    Some(rules)
}

/// Any rules: a prefix, infix and suffix that together are the pattern.
fn as_they_are(patterns: &[String]) -> Option<Map<String, Value>> {
    let infixes: Vec<_> = patterns
        .iter()
        .map(|pattern| pattern.strip_prefix(r"\A")?.strip_suffix(r"\z"))
        .collect::<Option<_>>()?;
    let mut rules = Map::new();
    rules.insert("prefix_pattern".to_owned(), r"\A".into());
    rules.insert("suffix_pattern".to_owned(), r"\z".into());
    rules.insert("infix_patterns".to_owned(), infixes.into());
    (!patterns.is_empty()).then_some(rules)
}
