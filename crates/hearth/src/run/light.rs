//! Single texts to typed annotations: Spark NLP's LightPipeline.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int32Array, RecordBatch, StringArray};
use arrow::datatypes::{Field, FieldRef, Float32Type, Schema};

use super::{PipelineModel, bind_steps, guarded};
use crate::annotation::{Annotations, SparkMetadata, is_lean, key};
use crate::border::{Offsets, in_original};
use crate::schedule::Shared;
use crate::stage::{AnyStage, Light};
use crate::{InputRows, Result};

/// One annotation, as Spark NLP's `fullAnnotate` gives it but for `end`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Annotation {
    /// First UTF-16 unit of its text in the document; -1 and other oddities as Spark NLP has them.
    pub begin: i32,
    /// The unit after the last. (Spark NLP's `end` is the last unit.)
    pub end: i32,
    /// First UTF-16 unit of its text in the text as it was before cleanup, where `keep_original_offsets` asks for it
    /// and the text stands there.
    pub original_begin: Option<i32>,
    /// The unit after the last.
    pub original_end: Option<i32>,
    /// Its text, or what a stage made of it.
    pub result: String,
    /// What Spark NLP says of it, such as `sentence`; nothing for whole documents.
    pub metadata: BTreeMap<String, Option<String>>,
    /// Its vector; empty where it has none.
    pub vector: Vec<f32>,
}

impl PipelineModel {
    /// Annotates one text: each annotation column's name and annotations (Spark NLP 5.5.3, `LightPipeline`).
    ///
    /// As there, every DocumentAssembler reads this text whatever its column is called, id and metadata columns are left
    /// aside, no rows are exploded, and a finisher leaves of the annotation columns those it reads. Not to be called from
    /// inside the session's own workers.
    ///
    /// # Errors
    /// A stage that reads a column besides text and annotations; what is wrong with the text.
    pub fn annotate(&self, text: &str) -> Result<BTreeMap<String, Vec<Annotation>>> {
        Ok(self.annotate_all(&[text])?.pop().unwrap_or_default())
    }

    /// Annotates texts as [`PipelineModel::annotate`], all at once; results are in their order.
    ///
    /// # Errors
    /// As [`PipelineModel::annotate`].
    pub fn annotate_all(&self, texts: &[&str]) -> Result<Vec<BTreeMap<String, Vec<Annotation>>>> {
        let mut stages = Vec::new();
        let mut fields: Vec<FieldRef> = Vec::new();
        let mut only: Option<Vec<String>> = None;
        for stage in &self.0.stages {
            let light = match stage {
                AnyStage::Plain(stage) => stage.light(),
                AnyStage::Encoding(_) => Light::Same,
            };
            match light {
                Light::Same => stages.push(stage.clone()),
                Light::Instead(stage) => stages.push(AnyStage::Plain(stage)),
                Light::Only(names) => only = Some(names),
                Light::Text { column, stage } => {
                    if fields.iter().all(|field| *field.name() != column) {
                        let data_type = arrow::datatypes::DataType::Utf8;
                        fields.push(Arc::new(Field::new(column, data_type, false)));
                    }
                    stages.push(AnyStage::Plain(stage));
                }
            }
        }
        let input = Arc::new(Schema::new(fields));
        let steps = bind_steps(&stages, &input)?;
        let column: ArrayRef = Arc::new(StringArray::from_iter_values(texts));
        let columns = vec![column; input.fields().len()];
        let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(texts.len()));
        let mut batch = RecordBatch::try_new_with_options(input, columns, &options)?;
        let shared = Shared::default();
        let mut rows = InputRows::starting_at(0);
        let batch = self.0.session.pool().install(|| {
            guarded(0, texts.len(), || {
                for step in &steps {
                    (batch, rows) = step.run(&batch, rows, &shared)?;
                }
                Ok(batch)
            })
        })?;
        let mut out = vec![BTreeMap::new(); batch.num_rows()];
        for (column, field) in batch.schema_ref().fields().iter().enumerate() {
            let left_out = only
                .as_ref()
                .is_some_and(|names| !names.contains(field.name()));
            if left_out || !is_lean(field.data_type()) {
                continue;
            }
            let whole = field.metadata().contains_key(key::WHOLE);
            let annotations = Annotations::of(&batch, column)?;
            let originals = in_original(&batch, column, Offsets::Utf16)?;
            let annotation = |index| {
                let place =
                    |places: &Int32Array| places.is_valid(index).then(|| places.value(index));
                let original = originals.as_ref();
                Annotation {
                    original_begin: original.and_then(|[begins, _]| place(begins)),
                    original_end: original.and_then(|[_, ends]| place(ends)),
                    ..annotation(&annotations, index, whole)
                }
            };
            for (row, out) in out.iter_mut().enumerate() {
                let found = annotations.row(row);
                let found = found.map(annotation).collect();
                out.insert(field.name().clone(), found);
            }
        }
        Ok(out)
    }
}

fn annotation(annotations: &Annotations<'_>, index: usize, whole: bool) -> Annotation {
    let span = annotations.span(index);
    let mut metadata = BTreeMap::new();
    if !whole {
        SparkMetadata::new().of(annotations, index, |key, value| {
            metadata.insert(key.to_owned(), value.map(str::to_owned));
        });
    }
    let vector = match annotations.embeddings() {
        Some((_, vectors)) if vectors.is_valid(index) => {
            let vector = vectors.value(index);
            vector.as_primitive::<Float32Type>().values().to_vec()
        }
        _ => Vec::new(),
    };
    Annotation {
        begin: span.begin,
        end: span.end,
        result: annotations.result(index).to_owned(),
        metadata,
        vector,
        ..Annotation::default()
    }
}
