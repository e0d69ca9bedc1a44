//! Text to documents.

use std::borrow::Cow;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, MapArray, RecordBatch};
use arrow::datatypes::{DataType, Schema};
use hearth_text::cleanup::{CleanupMode, clean};
use hearth_text::utf16;
use serde::{Deserialize, Serialize};

use crate::annotation::{
    AnnotationBuilder, AnnotatorType, MetadataBuilder, Origin, Shape, Span, key, labelled,
    lean_field,
};
use crate::config::{Loading, StageConfig};
use crate::counts::Counts;
use crate::stage::{AnyStage, Bound, Light, Output, Stage, plain_column};
use crate::text::Texts;
use crate::{Error, Result};

/// Makes one `document` annotation of each row's text (Spark NLP 5.5.3, `DocumentAssembler`). Null text gives the
/// annotation of the empty string, as in Spark.
///
/// A column of lists of texts gives one annotation per text, numbered from 0 as `sentence`; each begins at 0, and `id_col`
/// and `metadata_col` are not looked at, as in Spark. A null list, or a null in one, is an error that names the row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DocumentAssembler {
    /// The text column. No default.
    pub input_col: Option<String>,
    /// The column to make.
    pub output_col: String,
    /// A column of text, numbers or booleans whose value goes into the metadata as `id`.
    pub id_col: Option<String>,
    /// A column of maps of strings that go into the metadata; their `id` (with `id_col`) and `sentence` do not. A null
    /// map is an error that names the row.
    pub metadata_col: Option<String>,
    /// `disabled`, `inplace`, `inplace_full`, `shrink`, `shrink_full`, `each`, `each_full` or `delete_full`. Offsets
    /// are those of the cleaned text.
    pub cleanup_mode: String,
    /// Whether annotations also say where their text stands in the text as it was before cleanup: `original_begin` and
    /// `original_end`, of this column and of all that are made from it. What cleanup put in stands for all that it
    /// replaced; where an annotation's text does not stand in the document, they are null. See [`crate::border`] for
    /// units. Spark NLP has no such parameter. No stage may replace or drop the text column then.
    pub keep_original_offsets: bool,
}

impl Default for DocumentAssembler {
    fn default() -> Self {
        DocumentAssembler {
            input_col: None,
            output_col: "document".to_owned(),
            id_col: None,
            metadata_col: None,
            cleanup_mode: CleanupMode::Disabled.to_string(),
            keep_original_offsets: false,
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
            id_col: self.id_col,
            metadata_col: self.metadata_col,
            cleanup,
            keep_original_offsets: self.keep_original_offsets,
        })))
    }
}

#[derive(Debug, Clone)]
struct Assembler {
    stage: String,
    input_col: String,
    output_col: String,
    id_col: Option<String>,
    metadata_col: Option<String>,
    cleanup: CleanupMode,
    keep_original_offsets: bool,
}

/// Whether a column of this type is a map from strings to strings.
fn is_string_map(data_type: &DataType) -> bool {
    let DataType::Map(entries, _) = data_type else {
        return false;
    };
    let DataType::Struct(fields) = entries.data_type() else {
        return false;
    };
    fields.iter().all(|field| {
        matches!(
            field.data_type(),
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Null
        )
    })
}

impl Stage for Assembler {
    fn bind(&self, input: &Schema) -> Result<Bound> {
        let find = |column: &Option<String>, wanted, takes: fn(&DataType) -> bool| {
            let column = column.as_deref();
            let found =
                column.map(|column| plain_column(input, &self.stage, column, wanted, takes));
            found.transpose()
        };
        let Some((text, field)) = input.column_with_name(&self.input_col) else {
            return Err(Error::MissingColumn {
                stage: self.stage.clone(),
                column: self.input_col.clone(),
                found: input.fields().iter().map(|f| f.name().clone()).collect(),
            });
        };
        if !Texts::takes(field.data_type()) {
            return Err(Error::NotText {
                stage: self.stage.clone(),
                column: self.input_col.clone(),
                found: field.data_type().clone(),
            });
        }
        let mut reads = vec![text];
        let mut shape = Shape {
            documents: Texts::takes_lists(field.data_type()),
            ..Shape::default()
        };
        if !shape.documents {
            let id = find(
                &self.id_col,
                "text, numbers or booleans",
                Texts::takes_scalars,
            )?;
            let maps = find(&self.metadata_col, "maps of strings", is_string_map)?;
            shape.metadata = id.is_some() || maps.is_some();
            reads.extend(id.into_iter().chain(maps));
        }
        let origin = Origin {
            text: Some(self.input_col.clone()),
            document: Some(self.output_col.clone()),
            cleaned: self.cleanup != CleanupMode::Disabled,
            traced: self.keep_original_offsets.then_some(self.cleanup),
        };
        let field = lean_field(&self.output_col, AnnotatorType::Document, shape, &origin);
        Ok(Bound {
            reads,
            adds: vec![labelled(&field, [(key::WHOLE, "true".to_owned())])],
            ..Bound::default()
        })
    }

    fn apply(&self, batch: &RecordBatch, at: &Bound, seen: &Counts) -> Result<Output> {
        let texts = Texts::of(batch.column(at.reads[0]), &self.input_col, &self.stage)?;
        let shape = Shape::of(at.adds[0].data_type());
        let carried = shape
            .metadata
            .then(|| Carried::of(self, batch, &at.reads[1..]))
            .transpose()?;
        let mut out = AnnotationBuilder::over(&texts.views)
            .with_documents(shape.documents)
            .with_metadata(shape.metadata);
        for row in 0..batch.num_rows() {
            let refuse = |message| Error::Row {
                row: row as u64,
                stage: self.stage.clone(),
                message,
            };
            let range = texts.row(row).ok_or_else(|| {
                refuse(format!(
                    "the list in column '{}' is null; put an empty list there",
                    self.input_col
                ))
            })?;
            for (number, index) in (0..).zip(range) {
                if shape.documents && texts.get(index).is_none() {
                    return Err(refuse(format!(
                        "text {number} of the list in column '{}' is null; put an empty text there, or leave it out",
                        self.input_col
                    )));
                }
                self.document(&texts, index, number, &mut out)?;
                if let (Some(carried), Some(maps)) = (&carried, out.metadata()) {
                    carried.append(row, maps).map_err(refuse)?;
                    maps.end()?;
                }
            }
            out.end_row()?;
        }
        if !shape.documents {
            seen.null_rows.add(texts.views.null_count());
        }
        Ok(out.finish()?.into())
    }

    fn light(&self) -> Light {
        Light::Text {
            column: self.input_col.clone(),
            stage: Arc::new(Assembler {
                id_col: None,
                metadata_col: None,
                ..self.clone()
            }),
        }
    }
}

impl Assembler {
    /// Appends the document of the text at `index`.
    fn document(
        &self,
        texts: &Texts,
        index: usize,
        number: i32,
        out: &mut AnnotationBuilder<'_>,
    ) -> Result<()> {
        let text = texts.get(index).unwrap_or_default();
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
            sentence: number,
            document: number,
        };
        match cleaned {
            Cow::Borrowed(slice) => {
                let start = slice.as_ptr() as usize - text.as_ptr() as usize;
                out.push_slice(span, index, start, slice.len());
            }
            Cow::Owned(cleaned) => out.push_owned(span, &cleaned)?,
        }
        Ok(())
    }
}

/// What goes into the metadata of each row's document.
struct Carried {
    maps: Option<Maps>,
    ids: Option<Texts>,
}

/// Maps of strings, their keys and their values.
struct Maps {
    array: MapArray,
    column: String,
    keys: Texts,
    values: Texts,
}

impl Carried {
    fn of(stage: &Assembler, batch: &RecordBatch, reads: &[usize]) -> Result<Self> {
        let mut reads = reads.iter().map(|&read| batch.column(read));
        let text = |array: &ArrayRef, column: &str| Texts::of(array, column, &stage.stage);
        let mut carried = Carried {
            maps: None,
            ids: None,
        };
        if let Some(column) = &stage.id_col
            && let Some(array) = reads.next()
        {
            carried.ids = Some(text(array, column)?);
        }
        if let Some(column) = &stage.metadata_col
            && let Some(array) = reads.next()
        {
            let array = array.as_map();
            carried.maps = Some(Maps {
                keys: text(array.keys(), column)?,
                values: text(array.values(), column)?,
                column: column.clone(),
                array: array.clone(),
            });
        }
        Ok(carried)
    }

    /// Appends the entries of a row; the message is for a null map.
    fn append(&self, row: usize, out: &mut MetadataBuilder) -> Result<(), String> {
        if let Some(maps) = &self.maps {
            if maps.array.is_null(row) {
                return Err(format!(
                    "the map in column '{}' is null; put an empty map there",
                    maps.column
                ));
            }
            let offsets = maps.array.value_offsets();
            for entry in offsets[row]..offsets[row + 1] {
                let entry = usize::try_from(entry).unwrap_or_default();
                let key = maps.keys.get(entry).unwrap_or_default();
                if key != "sentence" && !(key == "id" && self.ids.is_some()) {
                    out.entry(key, maps.values.get(entry));
                }
            }
        }
        if let Some(ids) = &self.ids {
            out.entry("id", ids.get(row));
        }
        Ok(())
    }
}
