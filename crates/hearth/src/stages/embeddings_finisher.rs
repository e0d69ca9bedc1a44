//! Embeddings to plain lists of vectors.

use std::sync::Arc;

use arrow::array::{ArrayRef, ListArray, RecordBatch};
use arrow::buffer::OffsetBuffer;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, FieldRef, Schema};
use serde::{Deserialize, Serialize};

use super::finishing::{annotation_column, bound, names};
use crate::annotation::{Annotations, AnnotatorType};
use crate::border::vector_lists;
use crate::config::{Loading, StageConfig};
use crate::counts::Counts;
use crate::stage::{AnyStage, Bound, Light, Output, Stage};
use crate::{Error, Result};

/// Vectors as plain columns (Spark NLP 5.5.3, `EmbeddingsFinisher`): per row a list with one list of numbers for each
/// annotation, which is empty where the annotation has no vector.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct EmbeddingsFinisher {
    /// Columns of type `word_embeddings` or `sentence_embeddings`. No default.
    pub input_cols: Option<Vec<String>>,
    /// The columns to make, by position; `finished_` and the input's name if empty.
    pub output_cols: Vec<String>,
    /// Whether all annotation columns are dropped; false as in Spark NLP's Python API.
    pub clean_annotations: bool,
    /// Whether numbers are given in 64 bits, as in Spark's vectors; they are the same numbers.
    pub output_as_vector: bool,
}

impl StageConfig for EmbeddingsFinisher {
    const TYPE: &'static str = "embeddings_finisher";

    fn load(self, at: &Loading<'_>) -> Result<AnyStage> {
        Ok(AnyStage::Plain(Arc::new(Flattener {
            stage: "EmbeddingsFinisher".to_owned(),
            columns: names(at, self.input_cols, self.output_cols)?,
            clean: self.clean_annotations,
            number: match self.output_as_vector {
                true => DataType::Float64,
                false => DataType::Float32,
            },
        })))
    }
}

#[derive(Debug)]
struct Flattener {
    stage: String,
    /// Input and output.
    columns: Vec<(String, String)>,
    clean: bool,
    number: DataType,
}

impl Stage for Flattener {
    fn bind(&self, input: &Schema) -> Result<Bound> {
        let (mut reads, mut adds) = (Vec::new(), Vec::new());
        for (name, output) in &self.columns {
            let index = annotation_column(input, &self.stage, &self.columns, name)?;
            if !matches!(
                AnnotatorType::of(input.field(index)),
                Some(AnnotatorType::WordEmbeddings | AnnotatorType::SentenceEmbeddings)
            ) {
                return Err(Error::Parameter {
                    place: self.stage.clone(),
                    message: format!(
                        "requirement failed: column [{name}] must be a type of either WordEmbeddings, \
                         BertEmbeddings, ChunkEmbeddings, or SentenceEmbeddings"
                    ),
                });
            }
            reads.push(index);
            let data_type = DataType::List(item(self.vector()));
            adds.push(Arc::new(Field::new(output, data_type, false)));
        }
        Ok(bound(input, reads, adds, self.clean))
    }

    fn apply(&self, batch: &RecordBatch, at: &Bound, _: &Counts) -> Result<Output> {
        let columns = at.reads.iter().map(|&read| {
            let name = batch.schema_ref().field(read).name();
            self.lists(&Annotations::open(batch.column(read), name)?, name)
        });
        Ok(Output {
            columns: columns.collect::<Result<_>>()?,
            source_row: None,
        })
    }

    fn light(&self) -> Light {
        Light::Only(
            self.columns
                .iter()
                .map(|(input, _)| input.clone())
                .collect(),
        )
    }
}

fn item(data_type: DataType) -> FieldRef {
    Arc::new(Field::new("item", data_type, false))
}

impl Flattener {
    /// The type of one vector.
    fn vector(&self) -> DataType {
        DataType::List(item(self.number.clone()))
    }

    fn lists(&self, annotations: &Annotations<'_>, name: &str) -> Result<ArrayRef> {
        let (_, vectors) = annotations
            .embeddings()
            .ok_or_else(|| Error::NotAnnotations {
                column: name.to_owned(),
                message: "it has no vectors".to_owned(),
            })?;
        let vectors: ArrayRef = Arc::new(vector_lists(vectors, item(DataType::Float32))?);
        let vectors = match self.number {
            DataType::Float32 => vectors,
            _ => cast(&vectors, &self.vector())?,
        };
        let offsets: OffsetBuffer<i32> = annotations.list().offsets().clone();
        let lists = ListArray::try_new(item(self.vector()), offsets, vectors, None)?;
        Ok(Arc::new(lists))
    }
}
