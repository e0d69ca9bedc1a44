//! Texts of a column to chunks of documents.

use std::sync::Arc;

use arrow::array::{Array, AsArray, Int32Array, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int32Type, Schema};
use hearth_text::utf16;
use serde::{Deserialize, Serialize};

use crate::annotation::{
    AnnotationBuilder, Annotations, AnnotatorType, Origin, Shape, Span, lean_field,
};
use crate::config::{Loading, StageConfig};
use crate::counts::Counts;
use crate::stage::{AnyStage, Bound, Output, Stage, input_columns, plain_column};
use crate::text::Texts;
use crate::{Error, Result};

const REQUIRED: [AnnotatorType; 1] = [AnnotatorType::Document];

/// Finds the texts of a column in the documents beside them (Spark NLP 5.5.3, `Doc2Chunk`): the first place of each.
///
/// As in Spark NLP, `begin` and `end` count from the start of the annotation that was searched, also where that is a
/// sentence. A null text, or null list of texts, is an error that names the row; a null start gives no chunk.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Doc2Chunk {
    /// One column of type `document`. No default.
    pub input_cols: Option<Vec<String>>,
    /// The column to make. No default.
    pub output_col: Option<String>,
    /// The column of texts to find. No default.
    pub chunk_col: Option<String>,
    /// A column of integers: where the search begins, in UTF-16 units. Not looked at with `is_array`.
    pub start_col: Option<String>,
    /// Whether `start_col` counts words between single spaces instead.
    pub start_col_by_token_index: bool,
    /// Whether `chunk_col` holds lists of texts.
    pub is_array: bool,
    /// Whether a text that is not found is an error; else it is left out.
    pub fail_on_missing: bool,
    /// Whether the documents are lower-cased for the search; the texts to find are not. Spark NLP's default of true has
    /// no effect there, so it is false here.
    pub lower_case: bool,
}

impl StageConfig for Doc2Chunk {
    const TYPE: &'static str = "doc2_chunk";

    fn load(self, at: &Loading<'_>) -> Result<AnyStage> {
        let (input_cols, output_col) = super::columns(
            at,
            self.input_cols.clone(),
            self.output_col.clone(),
            &REQUIRED,
        )?;
        let chunk_col = self.chunk_col.clone().ok_or_else(|| {
            at.refuse(
                "chunk_col",
                "Failed to find a default value for chunkCol: set chunk_col to the column of texts",
            )
        })?;
        Ok(AnyStage::Plain(Arc::new(Finder {
            stage: format!("Doc2Chunk_{output_col}"),
            input_cols,
            output_col,
            chunk_col,
            config: self,
        })))
    }
}

#[derive(Debug)]
struct Finder {
    stage: String,
    input_cols: Vec<String>,
    output_col: String,
    chunk_col: String,
    config: Doc2Chunk,
}

/// Positions of the reads in [`Bound::reads`]; the start is there if it is looked at.
const DOCUMENTS: usize = 0;
const CHUNKS: usize = 1;
const STARTS: usize = 2;

impl Stage for Finder {
    fn bind(&self, input: &Schema) -> Result<Bound> {
        let mut reads = input_columns(input, &self.stage, &self.input_cols, &REQUIRED)?;
        let (wanted, takes): (_, fn(&DataType) -> bool) = if self.config.is_array {
            ("lists of texts (is_array = true)", Texts::takes_lists)
        } else {
            ("text (is_array = false)", Texts::takes_scalars)
        };
        reads.push(plain_column(
            input,
            &self.stage,
            &self.chunk_col,
            wanted,
            takes,
        )?);
        if let (Some(column), false) = (&self.config.start_col, self.config.is_array) {
            let start = plain_column(input, &self.stage, column, "integers", DataType::is_integer)?;
            reads.push(start);
        }
        let documents = input.field(reads[DOCUMENTS]);
        let shape = Shape {
            metadata: true,
            ..Shape::following(documents)
        };
        let origin = Origin::of(documents);
        let field = lean_field(&self.output_col, AnnotatorType::Chunk, shape, &origin);
        Ok(Bound {
            reads,
            adds: vec![field],
            ..Bound::default()
        })
    }

    fn apply(&self, batch: &RecordBatch, at: &Bound, _: &Counts) -> Result<Output> {
        let documents = Annotations::of(batch, at.reads[DOCUMENTS])?;
        let chunks = Texts::of(batch.column(at.reads[CHUNKS]), &self.chunk_col, &self.stage)?;
        let starts = match at.reads.get(STARTS) {
            Some(&read) => Some(cast(batch.column(read), &DataType::Int32)?),
            None => None,
        };
        let starts = starts.as_ref().map(AsArray::as_primitive::<Int32Type>);
        let mut out = AnnotationBuilder::over(&chunks.views)
            .with_documents(documents.has_documents())
            .with_metadata(true);
        for row in 0..documents.rows() {
            if !starts.is_some_and(|starts| starts.is_null(row)) {
                self.row(row, &documents, &chunks, starts, &mut out)?;
            }
            out.end_row()?;
        }
        Ok(out.finish()?.into())
    }
}

impl Finder {
    /// Appends the chunks of a row.
    fn row(
        &self,
        row: usize,
        documents: &Annotations<'_>,
        chunks: &Texts,
        starts: Option<&Int32Array>,
        out: &mut AnnotationBuilder<'_>,
    ) -> Result<()> {
        let refuse = |message| Error::Row {
            row: row as u64,
            stage: self.stage.clone(),
            message,
        };
        let null = || {
            refuse(format!(
                "the text to find in column '{}' is null; put an empty text there to find nothing",
                self.chunk_col
            ))
        };
        for document in documents.row(row) {
            let whole = documents.span(document);
            let text = Searched::of(documents.result(document), self.config.lower_case);
            let start = match starts {
                Some(starts) => self
                    .start(starts.value(row), documents.result(document))
                    .map_err(refuse)?,
                None => 0,
            };
            let range = chunks.row(row).ok_or_else(null)?;
            for (number, index) in range.enumerate() {
                let chunk = chunks.get(index).ok_or_else(null)?;
                // Java's trim takes control characters for blanks.
                let blank = chunk.chars().all(|c| c <= ' ');
                let Some(found) = text.find(chunk, start).filter(|_| !blank) else {
                    if self.config.fail_on_missing {
                        return Err(refuse(format!(
                            "Cannot proceed to assemble CHUNK, because could not find: `{chunk}` within: `{}`",
                            documents.result(document)
                        )));
                    }
                    continue;
                };
                let at = found.at.filter(|_| whole.at >= 0);
                let span = Span {
                    begin: found.begin,
                    end: found.begin + found.units,
                    at: at.map_or(-1, |at| whole.at + at),
                    ..whole
                };
                out.push(span, index);
                if let Some(maps) = out.metadata() {
                    for (key, value) in documents
                        .metadata(document)
                        .filter(|&(key, _)| key != "chunk")
                    {
                        maps.entry(key, value);
                    }
                    maps.entry("chunk", Some(&number.to_string()));
                    maps.end()?;
                }
            }
        }
        Ok(())
    }

    /// The UTF-16 unit the search begins at.
    fn start(&self, given: i32, document: &str) -> Result<usize, String> {
        // A negative index is 0 to Java's indexOf.
        let given_units = usize::try_from(given).unwrap_or(0);
        if !self.config.start_col_by_token_index {
            return Ok(given_units);
        }
        // As Java's split: empty words at the end do not count.
        let words = document.trim_end_matches(' ').split(' ');
        let mut begin = 0;
        for (number, word) in (0..).zip(words) {
            if number == given {
                return Ok(begin);
            }
            begin += utf16::len(word) + 1;
        }
        Err(format!(
            "the document has no word number {given} (start_col)"
        ))
    }
}

/// A document's text, as it is searched.
struct Searched<'a> {
    original: &'a str,
    text: std::borrow::Cow<'a, str>,
}

/// Where a chunk was found.
struct Found {
    /// UTF-16 units before it.
    begin: i32,
    /// Its length.
    units: i32,
    /// The byte of the original text it stands at, if it does.
    at: Option<i32>,
}

impl<'a> Searched<'a> {
    fn of(original: &'a str, lower_case: bool) -> Self {
        let text = match lower_case {
            true => hearth_text::piece::lower_case(original),
            false => original.into(),
        };
        Searched { original, text }
    }

    /// The first place of `chunk` at or after UTF-16 unit `start`.
    fn find(&self, chunk: &str, start: usize) -> Option<Found> {
        let from = byte_of(&self.text, start)?;
        let byte = from + self.text[from..].find(chunk)?;
        let original = self.original.get(byte..byte + chunk.len());
        let stands = original.is_some_and(|slice| hearth_text::piece::lower_case(slice) == chunk)
            || original == Some(chunk);
        Some(Found {
            begin: i32::try_from(utf16::len(&self.text[..byte])).ok()?,
            units: i32::try_from(utf16::len(chunk)).ok()?,
            at: i32::try_from(byte).ok().filter(|_| stands),
        })
    }
}

/// The first byte at or after UTF-16 unit `unit` that begins a character; `None` past the end.
fn byte_of(text: &str, unit: usize) -> Option<usize> {
    let mut units = 0;
    for (byte, c) in text.char_indices() {
        if units >= unit {
            return Some(byte);
        }
        units += c.len_utf16();
    }
    (units >= unit).then_some(text.len())
}
