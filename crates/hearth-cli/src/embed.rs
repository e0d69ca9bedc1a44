//! `hearth embed`: the four stages with one line.

use std::path::Path;

use hearth::Pipeline;
use hearth::border::Layout;
use hearth::stages::{BertEmbeddings, DocumentAssembler, SentenceDetector, Tokenizer};

use crate::failure::{Failure, usage};
use crate::job::Job;
use crate::locate::Locator;
use crate::settings::Settings;

/// The column that `embed` adds.
const EMBEDDINGS: &str = "embeddings";
/// The columns on the way to it.
const ON_THE_WAY: [&str; 3] = ["document", "sentence", "token"];

/// Makes the pipeline around the input's own columns and runs it.
pub(crate) fn embed(inputs: &[String], settings: Settings) -> Result<(), Failure> {
    let text = settings.text_column().to_owned();
    let model = settings.all.model.clone().ok_or_else(|| {
        usage("--model is needed: a model's folder or zip, or a name (see `hearth models list`)")
    })?;
    let model = Locator::of(&settings.all).locate(crate::models::typed(&model)?, Path::new(""))?;
    let job = Job::open(inputs, std::slice::from_ref(&text), &[], settings)?;
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
            model: Some(model.path),
            storage_ref: model.storage_ref,
            case_sensitive: flags.case_sensitive,
            max_sentence_length: flags.max_sentence_length,
            batch_size: flags.batch_size.unwrap_or(8),
            compat: flags.compat.map(Into::into).unwrap_or_default(),
            pieces: flags.pieces.map(Into::into).unwrap_or_default(),
            precision: flags.precision.map(Into::into).unwrap_or_default(),
            on_overflow: flags.on_overflow.map(Into::into).unwrap_or_default(),
            level: flags.level.map(Into::into).unwrap_or_default(),
            pooling: flags.pooling.map(Into::into),
            normalize: flags.normalize == Some(true),
            dim: flags.dim,
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
