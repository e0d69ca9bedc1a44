//! Text to documents.

use std::borrow::Cow;
use std::sync::Arc;

use arrow::array::{Array, RecordBatch};
use arrow::datatypes::Schema;
use hearth_text::cleanup::{CleanupMode, clean};
use hearth_text::utf16;
use serde::{Deserialize, Serialize};

use crate::annotation::{AnnotationBuilder, AnnotatorType, Origin, Span, key, lean_field};
use crate::config::{Loading, StageConfig};
use crate::counts::Counts;
use crate::stage::{AnyStage, Bound, Output, Stage};
use crate::text::{is_text, text_views};
use crate::{Error, Result};

/// Makes one `document` annotation of each row's text (Spark NLP 5.5.3, `DocumentAssembler`). Null text gives the
/// annotation of the empty string, as in Spark.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DocumentAssembler {
    /// The text column. No default.
    pub input_col: Option<String>,
    /// The column to make.
    pub output_col: String,
    /// `disabled`, `inplace`, `inplace_full`, `shrink`, `shrink_full`, `each`, `each_full` or `delete_full`. Offsets
    /// are those of the cleaned text.
    pub cleanup_mode: String,
}

impl Default for DocumentAssembler {
    fn default() -> Self {
        DocumentAssembler {
            input_col: None,
            output_col: "document".to_owned(),
            cleanup_mode: CleanupMode::Disabled.to_string(),
        }
    }
}

impl StageConfig for DocumentAssembler {
    const TYPE: &'static str = "document_assembler";

    fn load(self, at: &Loading<'_>) -> Result<AnyStage> {
        let cleanup = self
            .cleanup_mode
            .parse()
            .map_err(|e: hearth_text::Error| at.refuse("cleanup_mode", e.to_string()))?;
        let input_col = self.input_col.ok_or_else(|| {
            at.refuse(
                "input_col",
                "Failed to find a default value for inputCol: set input_col to the text column",
            )
        })?;
        let stage = format!("DocumentAssembler_{}", self.output_col);
        Ok(AnyStage::Plain(Arc::new(Assembler {
            stage,
            input_col,
            output_col: self.output_col,
            cleanup,
        })))
    }
}

#[derive(Debug)]
struct Assembler {
    stage: String,
    input_col: String,
    output_col: String,
    cleanup: CleanupMode,
}

impl Stage for Assembler {
    fn bind(&self, input: &Schema) -> Result<Bound> {
        let Some((index, field)) = input.column_with_name(&self.input_col) else {
            return Err(Error::MissingColumn {
                stage: self.stage.clone(),
                column: self.input_col.clone(),
                found: input.fields().iter().map(|f| f.name().clone()).collect(),
            });
        };
        if !is_text(field.data_type()) {
            return Err(Error::NotText {
                stage: self.stage.clone(),
                column: self.input_col.clone(),
                found: field.data_type().clone(),
            });
        }
        let origin = Origin {
            text: Some(self.input_col.clone()),
            document: Some(self.output_col.clone()),
        };
        let field = lean_field(&self.output_col, AnnotatorType::Document, None, &origin);
        let mut metadata = field.metadata().clone();
        metadata.insert(key::WHOLE.to_owned(), "true".to_owned());
        let field = Arc::new(field.as_ref().clone().with_metadata(metadata));
        Ok(Bound {
            reads: vec![index],
            adds: vec![field],
            ..Bound::default()
        })
    }

    fn apply(&self, batch: &RecordBatch, at: &Bound, seen: &Counts) -> Result<Output> {
        let texts = text_views(batch.column(at.reads[0]), &self.input_col, &self.stage)?;
        seen.null_rows.add(texts.null_count());
        let mut out = AnnotationBuilder::over(&texts);
        for row in 0..texts.len() {
            let text = if texts.is_null(row) {
                ""
            } else {
                texts.value(row)
            };
            let cleaned = clean(self.cleanup, text);
            let length = utf16::len(&cleaned);
            let end = i32::try_from(length).map_err(|_| Error::TooLarge {
                what: "a document",
                found: length,
            })?;
            let span = Span {
                begin: 0,
                end,
                at: 0,
                sentence: 0,
            };
            match cleaned {
                Cow::Borrowed(slice) => out.push_slice(
                    span,
                    &texts,
                    row,
                    slice.as_ptr() as usize - text.as_ptr() as usize,
                    slice,
                ),
                Cow::Owned(cleaned) => out.push_owned(span, &cleaned)?,
            }
            out.end_row()?;
        }
        Ok(out.finish()?.into())
    }
}
