//! A stage of your own, between Hearth's: it keeps the sentences that contain a word.
//!
//! `cargo run -p hearth-examples --example custom_stage`
#![allow(clippy::print_stdout)]

use std::error::Error;
use std::sync::Arc;

use arrow::array::{RecordBatch, StringArray};
use arrow::datatypes::Schema;
use hearth::annotation::{
    AnnotationBuilder, Annotations, AnnotatorType, Origin, Shape, lean_field,
};
use hearth::stage::{AnyStage, Bound, Output, Stage, input_columns};
use hearth::{Counts, Loading, Pipeline, Session, StageConfig};
use serde::{Deserialize, Serialize};

/// Its parameters, as they stand in a pipeline file.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
struct KeepSentences {
    input_cols: Vec<String>,
    output_col: String,
    word: String,
}

impl StageConfig for KeepSentences {
    const TYPE: &'static str = "keep_sentences";

    fn load(self, at: &Loading<'_>) -> hearth::Result<AnyStage> {
        if self.word.is_empty() {
            return Err(at.refuse("word", "set word to what the sentences must contain"));
        }
        Ok(AnyStage::Plain(Arc::new(self)))
    }
}

impl Stage for KeepSentences {
    fn bind(&self, input: &Schema) -> hearth::Result<Bound> {
        let reads = input_columns(
            input,
            "KeepSentences",
            &self.input_cols,
            &[AnnotatorType::Document],
        )?;
        let origin = Origin::of(input.field(reads[0]));
        let shape = Shape::following(input.field(reads[0]));
        let field = lean_field(&self.output_col, AnnotatorType::Document, shape, &origin);
        Ok(Bound {
            reads,
            adds: vec![field],
            ..Bound::default()
        })
    }

    fn apply(&self, batch: &RecordBatch, at: &Bound, _: &Counts) -> hearth::Result<Output> {
        let sentences = Annotations::open(batch.column(at.reads[0]), &self.input_cols[0])?;
        let mut kept = AnnotationBuilder::following(&sentences);
        for row in 0..sentences.rows() {
            for i in sentences
                .row(row)
                .filter(|&i| sentences.result(i).contains(&self.word))
            {
                kept.push(sentences.span(i), i);
            }
            kept.end_row()?;
        }
        Ok(kept.finish()?.into())
    }
}

const PIPELINE: &str = r#"
[[stage]]
type = "document_assembler"
input_col = "text"

[[stage]]
type = "sentence_detector"
input_cols = ["document"]
output_col = "sentence"

[[stage]]
type = "keep_sentences"
input_cols = ["sentence"]
output_col = "about_aspirin"
word = "spirin"

[[stage]]
type = "tokenizer"
input_cols = ["about_aspirin"]
"#;

fn main() -> Result<(), Box<dyn Error>> {
    let session = Session::builder().register::<KeepSentences>().build()?;
    let pipeline = session.load(&Pipeline::from_toml(PIPELINE, "example.toml")?)?;

    let text = StringArray::from(vec![
        "No fever. Aspirin was stopped. He left.",
        "Takes aspirin and metoprolol.",
    ]);
    let batch = RecordBatch::try_from_iter([("text", Arc::new(text) as _)])?;
    let annotated = pipeline.transform(&batch)?;

    let column = annotated.column_by_name("token").ok_or("no tokens")?;
    let tokens = Annotations::open(column, "token")?;
    let words: Vec<Vec<&str>> = (0..tokens.rows())
        .map(|row| tokens.row(row).map(|i| tokens.result(i)).collect())
        .collect();
    println!("{words:?}");
    assert_eq!(words[0], ["Aspirin", "was", "stopped", "."]);
    Ok(())
}
