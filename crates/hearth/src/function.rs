//! A pipeline as a function of one text column: array in, array out, for engines that have functions.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Int32Array, RecordBatch, StringArray, StructArray, UInt32Array,
    new_empty_array, new_null_array,
};
use arrow::compute::{concat, take};
use arrow::datatypes::{DataType, Field, FieldRef, Fields, Int32Type, Schema};

use crate::border::{Border, Layout, Offsets};
use crate::run::panicked;
use crate::stages::{BertEmbeddings, DocumentAssembler, Level};
use crate::{BoundPipeline, Error, Pipeline, PipelineModel, Result, Session};

/// The column that pipelines made here read.
const TEXT: &str = "text";
const TOKEN: &str = "token";
const CUT: &str = "hearth.cut";

/// A pipeline as a function of one text column: array in, array of as many rows out. Cheap to clone.
///
/// Annotations are those of [`Layout::Nested`] with offsets in characters. Text is `Utf8`, `LargeUtf8`, `Utf8View` or a
/// dictionary of these, of which each value in use is looked at once. A null gives a null; an empty text is a text: it
/// has no sentences and no tokens, and so no pooled vector. Nothing of a model is read but its config, before the first
/// call.
///
/// ```
/// use std::sync::Arc;
/// use arrow::array::{Array, ArrayRef, StringArray};
/// use hearth::{Session, function::TextFunction, stages::BertEmbeddings};
///
/// # fn main() -> Result<(), hearth::Error> {
/// # let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/models");
/// let session = Session::builder().jobs(1).build()?;
/// let embed = TextFunction::embed_text(&session, BertEmbeddings {
///     model: Some(format!("{folder}/tiny_cased").into()),
///     ..Default::default()
/// })?;
/// let text: ArrayRef = Arc::new(StringArray::from(vec![Some("One cell. Two cells."), None]));
/// let vectors = embed.call(&text)?; // FixedSizeList<Float32>[32]
/// assert_eq!((vectors.len(), vectors.null_count()), (2, 1));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct TextFunction(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    model: PipelineModel,
    /// The column the pipeline reads.
    text: String,
    output: Output,
    data_type: DataType,
    metadata: std::collections::HashMap<String, String>,
    limit: usize,
}

/// What of the pipeline's columns is given.
#[derive(Debug, Clone)]
enum Output {
    /// This column.
    Column(&'static str),
    /// The vector of each row's only annotation in this column.
    Vector(&'static str),
    /// A struct of these.
    All(Vec<String>),
}

/// What [`TextFunction::try_call`] gives: for each row a value or an error, null where the text is.
#[derive(Debug, Clone)]
pub struct Tried {
    /// As [`TextFunction::call`] gives it; null for a row with an error.
    pub values: ArrayRef,
    /// What is wrong with a row.
    pub errors: StringArray,
    /// Tokens of the text.
    pub n_tokens: Int32Array,
    /// Tokens past `max_sentence_length`, which have no vector.
    pub n_cut: Int32Array,
}

impl TextFunction {
    /// The most bytes that a call gives.
    pub const LIMIT: usize = 4 << 30;

    /// One vector for each text, pooled over all of it: `FixedSizeList<Float32>[dim]`. Null for a text in which no token
    /// has a vector.
    ///
    /// # Errors
    /// What is wrong with a parameter or with the model's config; `level = "sentence"`.
    pub fn embed_text(session: &Session, bert: BertEmbeddings) -> Result<Self> {
        if bert.level == Level::Sentence {
            return Err(Error::Parameter {
                place: "embed_text".to_owned(),
                message: "it gives one vector for a text: leave level out".to_owned(),
            });
        }
        let bert = BertEmbeddings {
            level: Level::Document,
            ..bert
        };
        Self::embedding(session, bert, Output::Vector("embeddings"))
    }

    /// The tokens of each text with their vectors: a list of structs. With `level = "sentence"` its sentences.
    ///
    /// # Errors
    /// What is wrong with a parameter or with the model's config.
    pub fn bert_embeddings(session: &Session, bert: BertEmbeddings) -> Result<Self> {
        Self::embedding(session, bert, Output::Column("embeddings"))
    }

    fn embedding(session: &Session, bert: BertEmbeddings, output: Output) -> Result<Self> {
        let columns_of_our_own = BertEmbeddings {
            input_cols: None,
            output_col: None,
            cut_col: Some(CUT.to_owned()),
            ..bert
        };
        let pipeline = Pipeline::embed_with(TEXT, columns_of_our_own);
        Self::of(session, &pipeline, TEXT.to_owned(), output)
    }

    /// The sentences of each text: a list of structs.
    ///
    /// # Errors
    /// None that the defaults could cause.
    pub fn sentences(session: &Session) -> Result<Self> {
        let mut pipeline = Pipeline::embed(TEXT, "");
        pipeline.stages.truncate(2);
        Self::of(
            session,
            &pipeline,
            TEXT.to_owned(),
            Output::Column("sentence"),
        )
    }

    /// The tokens of each text: a list of structs.
    ///
    /// # Errors
    /// None that the defaults could cause.
    pub fn tokens(session: &Session) -> Result<Self> {
        let mut pipeline = Pipeline::embed(TEXT, "");
        pipeline.stages.truncate(3);
        Self::of(session, &pipeline, TEXT.to_owned(), Output::Column("token"))
    }

    /// A struct of all columns that a pipeline adds to the one its DocumentAssembler reads.
    ///
    /// # Errors
    /// What is wrong with the pipeline: that it reads other columns, or none; that it explodes rows, which a function
    /// cannot.
    pub fn annotate(session: &Session, pipeline: &Pipeline) -> Result<Self> {
        let refuse = |message: &str| Error::Parameter {
            place: "the pipeline of a function".to_owned(),
            message: message.to_owned(),
        };
        let assembler = <DocumentAssembler as crate::StageConfig>::TYPE;
        let text = pipeline
            .stages
            .iter()
            .find(|stage| stage.kind == assembler)
            .and_then(|stage| stage.parameters.get("input_col")?.as_str())
            .ok_or_else(|| {
                refuse("it has no document_assembler with an input_col: nothing reads the text")
            })?
            .to_owned();
        let model = session.plan(pipeline)?;
        let bound = model.bind(&Schema::new(vec![Field::new(
            &text,
            DataType::Utf8View,
            true,
        )]))?;
        if bound.explodes() {
            return Err(refuse(
                "it explodes rows (explode_sentences), and a function gives one value for each row: leave that out and unnest \
                 the list, or run the pipeline over the whole table",
            ));
        }
        let passed = bound.passed();
        let added = bound.schema().fields().iter().zip(passed);
        let added = added.filter(|(_, from)| from.is_none());
        let added: Vec<String> = added.map(|(field, _)| field.name().clone()).collect();
        if added.is_empty() {
            return Err(refuse("it adds no column"));
        }
        Self::of(session, pipeline, text, Output::All(added))
    }

    fn of(session: &Session, pipeline: &Pipeline, text: String, output: Output) -> Result<Self> {
        let model = session.plan(pipeline)?;
        let bound = bind(&model, &text, &DataType::Utf8View)?;
        let schema = bound.schema();
        let found = |name: &str| schema.field_with_name(name).map_err(Error::Arrow);
        let (data_type, metadata) = match &output {
            Output::Column(name) => {
                let field = found(name)?;
                (field.data_type().clone(), field.metadata().clone())
            }
            Output::Vector(name) => {
                let field = found(name)?;
                let DataType::List(item) = field.data_type() else {
                    return Err(not_there(name));
                };
                let DataType::Struct(fields) = item.data_type() else {
                    return Err(not_there(name));
                };
                let (_, vector) = fields.find("vector").ok_or_else(|| not_there(name))?;
                let keys = [
                    crate::annotation::key::DIMENSION,
                    crate::annotation::key::REF,
                ];
                let labels = keys.iter().filter_map(|key| {
                    Some(((*key).to_owned(), field.metadata().get(*key)?.clone()))
                });
                (vector.data_type().clone(), labels.collect())
            }
            Output::All(names) => {
                let fields = names.iter().map(|name| Ok(found(name)?.clone()));
                let fields: Fields = fields.collect::<Result<Vec<Field>>>()?.into();
                (DataType::Struct(fields), Default::default())
            }
        };
        Ok(TextFunction(Arc::new(Inner {
            model,
            text,
            output,
            data_type,
            metadata,
            limit: Self::LIMIT,
        })))
    }

    /// The field of what is given, under a name: its type and metadata are exact.
    #[must_use]
    pub fn field(&self, name: &str) -> FieldRef {
        let inner = &self.0;
        let field = Field::new(name, inner.data_type.clone(), true);
        Arc::new(field.with_metadata(inner.metadata.clone()))
    }

    /// Whether text of this type is taken.
    #[must_use]
    pub fn takes(data_type: &DataType) -> bool {
        match data_type {
            DataType::Dictionary(_, values) => Self::takes(values),
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Null => true,
            _ => false,
        }
    }

    /// The function of each text.
    ///
    /// Waits for the session's workers; not to be called on one of them. Panics inside are caught.
    ///
    /// # Errors
    /// What is wrong with a row, which it names, counted from the array's first; [`Error::OutputTooLarge`].
    pub fn call(&self, text: &ArrayRef) -> Result<ArrayRef> {
        guarded(text.len(), || match self.distinct(text)? {
            Some((values, keys)) => {
                let found = self.call_plain(&values);
                let found = found.map_err(|error| renumbered(error, &keys))?;
                Ok(take(&found, &keys, None)?)
            }
            None => self.call_plain(text),
        })
    }

    /// The function of each text, and what is wrong with single rows beside it. Texts are counted and cut as
    /// [`Tried`] says, where the function embeds.
    ///
    /// # Errors
    /// What is not one row's fault: a model that cannot be opened, [`Error::OutputTooLarge`].
    pub fn try_call(&self, text: &ArrayRef) -> Result<Tried> {
        guarded(text.len(), || {
            let (values, keys) = match self.distinct(text)? {
                Some((values, keys)) => (values, Some(keys)),
                None => (text.clone(), None),
            };
            // Where a text stands first.
            let row_of = |value: usize| match &keys {
                Some(keys) => keys
                    .iter()
                    .position(|key| key.and_then(|key| usize::try_from(key).ok()) == Some(value))
                    .unwrap_or(value),
                None => value,
            };
            let tried = self.try_rows(&values, row_of)?;
            let tried = tried.finish(&self.0.data_type)?;
            let Some(keys) = keys else {
                return Ok(tried);
            };
            let spread = |array: &dyn Array| take(array, &keys, None);
            Ok(Tried {
                values: spread(&tried.values)?,
                errors: spread(&tried.errors)?.as_string().clone(),
                n_tokens: spread(&tried.n_tokens)?.as_primitive().clone(),
                n_cut: spread(&tried.n_cut)?.as_primitive().clone(),
            })
        })
    }

    /// The values of a dictionary that are in use, and for each row which of them is its own.
    fn distinct(&self, text: &ArrayRef) -> Result<Option<(ArrayRef, UInt32Array)>> {
        let Some(dictionary) = text.as_any_dictionary_opt() else {
            return Ok(None);
        };
        let values = dictionary.values();
        if values.is_empty() {
            let none = UInt32Array::new_null(text.len());
            return Ok(Some((values.clone(), none)));
        }
        let mut place: Vec<Option<u32>> = vec![None; values.len()];
        let mut used: Vec<u32> = Vec::new();
        let keys = dictionary.normalized_keys();
        let mut own = Vec::with_capacity(keys.len());
        for (row, key) in keys.into_iter().enumerate() {
            if dictionary.keys().is_null(row) {
                own.push(None);
                continue;
            }
            let too_many = |_| Error::TooLarge {
                what: "a dictionary",
                found: values.len(),
            };
            if place[key].is_none() {
                place[key] = Some(u32::try_from(used.len()).map_err(too_many)?);
                used.push(u32::try_from(key).map_err(too_many)?);
            }
            own.push(place[key]);
        }
        let values = take(values, &UInt32Array::from(used), None)?;
        Ok(Some((values, UInt32Array::from(own))))
    }

    /// The pipeline for texts of a type, of whose columns no more come out than are looked at.
    fn bind(&self, text: &DataType, counts: bool) -> Result<BoundPipeline> {
        let bound = bind(&self.0.model, &self.0.text, text)?;
        let mut columns = match &self.0.output {
            Output::Column(name) | Output::Vector(name) => vec![(*name).to_owned()],
            Output::All(names) => names.clone(),
        };
        let there = |name: &&str| bound.schema().field_with_name(name).is_ok();
        if counts {
            columns.extend([TOKEN, CUT].into_iter().filter(there).map(str::to_owned));
        }
        bound.with_border(&border(Some(columns)))
    }

    fn call_plain(&self, text: &ArrayRef) -> Result<ArrayRef> {
        let bound = self.bind(text.data_type(), false)?;
        let mut parts = Vec::new();
        self.run(&bound, text, |found, _, _| parts.push(found))?;
        self.joined(&parts)
    }

    fn joined(&self, parts: &[ArrayRef]) -> Result<ArrayRef> {
        match parts {
            [] => Ok(new_empty_array(&self.0.data_type)),
            [one] => Ok(one.clone()),
            many => Ok(concat(
                &many.iter().map(|part| &**part).collect::<Vec<_>>(),
            )?),
        }
    }

    /// Runs the pipeline over the texts; `each` is given what is made of some, the pipeline's columns and the texts.
    fn run(
        &self,
        bound: &BoundPipeline,
        text: &ArrayRef,
        mut each: impl FnMut(ArrayRef, &RecordBatch, &ArrayRef),
    ) -> Result<()> {
        let field = Field::new(&self.0.text, text.data_type().clone(), true);
        let schema = Arc::new(Schema::new(vec![field]));
        let mut run = bound.start();
        run.push(RecordBatch::try_new(schema, vec![text.clone()])?)?;
        run.finish();
        let (mut bytes, mut row) = (0, 0);
        while let Some(part) = run.pull()? {
            let own = text.slice(row, part.batch.num_rows());
            let found = self.output(&part.batch, &own)?;
            row += own.len();
            bytes += found.to_data().get_slice_memory_size()?;
            if bytes > self.0.limit {
                return Err(Error::OutputTooLarge {
                    rows: text.len(),
                    row: row - 1,
                    limit: self.0.limit,
                });
            }
            each(found, &part.batch, &own);
        }
        Ok(())
    }

    /// What of a batch, made of `text`, is given.
    fn output(&self, batch: &RecordBatch, text: &ArrayRef) -> Result<ArrayRef> {
        let column = |name: &str| batch.column_by_name(name).ok_or_else(|| not_there(name));
        match &self.0.output {
            Output::Column(name) => column(name).cloned(),
            Output::Vector(name) => {
                let list = column(name)?.as_list::<i32>();
                let vectors = list.values().as_struct().column_by_name("vector");
                let vectors = vectors.ok_or_else(|| not_there(name))?;
                let whole = list.value_offsets().iter().enumerate();
                if whole
                    .clone()
                    .all(|(row, &offset)| usize::try_from(offset) == Ok(row))
                    && list.null_count() == 0
                {
                    return Ok(vectors.slice(0, list.len()));
                }
                let first = |row: usize| {
                    let range = list.value_offsets()[row]..list.value_offsets()[row + 1];
                    let there = list.is_valid(row) && !range.is_empty();
                    there.then(|| u32::try_from(range.start).unwrap_or(0))
                };
                let rows: UInt32Array = (0..list.len()).map(first).collect();
                Ok(take(vectors, &rows, None)?)
            }
            Output::All(names) => {
                let DataType::Struct(fields) = &self.0.data_type else {
                    return Err(not_there("struct"));
                };
                let columns = names.iter().map(|name| column(name).cloned());
                let columns: Vec<ArrayRef> = columns.collect::<Result<_>>()?;
                let nulls = text.logical_nulls();
                Ok(Arc::new(StructArray::try_new(
                    fields.clone(),
                    columns,
                    nulls,
                )?))
            }
        }
    }

    /// Tries all rows at once; where one is at fault, fewer at once, and those beside it again.
    fn try_rows(&self, text: &ArrayRef, row_of: impl Fn(usize) -> usize) -> Result<Tries> {
        let bound = self.bind(text.data_type(), true)?;
        let mut done = Tries::default();
        // The last one is next.
        let mut todo = vec![Todo::Rows(0..text.len())];
        while let Some(next) = todo.pop() {
            let rows = match next {
                Todo::Rows(rows) if rows.is_empty() => continue,
                Todo::Rows(rows) => rows,
                Todo::Failed(error) => {
                    done.fail(&self.0.data_type, error);
                    continue;
                }
            };
            let mut found = Tries::default();
            let tried = self.run(
                &bound,
                &text.slice(rows.start, rows.len()),
                |values, columns, text| found.take(values, columns, text),
            );
            let mut error = match tried {
                Ok(()) => {
                    done.append(found);
                    continue;
                }
                Err(
                    error @ (Error::Model { .. }
                    | Error::Parameter { .. }
                    | Error::OutputTooLarge { .. }),
                ) => {
                    return Err(error);
                }
                Err(error) => error,
            };
            if rows.len() > FEW {
                let starts = rows.clone().step_by(FEW).rev();
                todo.extend(starts.map(|start| Todo::Rows(start..rows.end.min(start + FEW))));
                continue;
            }
            let fault = error.row().and_then(|row| usize::try_from(row).ok());
            match fault.filter(|&row| row < rows.len()) {
                None if rows.len() > 1 => {
                    let middle = rows.start + rows.len() / 2;
                    todo.push(Todo::Rows(middle..rows.end));
                    todo.push(Todo::Rows(rows.start..middle));
                }
                fault => {
                    let at = rows.start + fault.unwrap_or(0);
                    error.set_row(row_of(at) as u64);
                    todo.push(Todo::Rows(at + 1..rows.end));
                    todo.push(Todo::Failed(chain(&error)));
                    todo.push(Todo::Rows(rows.start..at));
                }
            }
        }
        Ok(done)
    }
}

/// Rows that are tried at once after one of many was at fault.
const FEW: usize = 64;

/// What is to come of rows that are tried.
enum Todo {
    Rows(Range<usize>),
    /// One row with its error.
    Failed(String),
}

/// What was tried so far.
#[derive(Debug, Default)]
struct Tries {
    values: Vec<ArrayRef>,
    errors: Vec<Option<String>>,
    n_tokens: Vec<Option<i32>>,
    n_cut: Vec<Option<i32>>,
}

impl Tries {
    fn take(&mut self, values: ArrayRef, batch: &RecordBatch, text: &ArrayRef) {
        let tokens = batch
            .column_by_name(TOKEN)
            .and_then(|column| column.as_list_opt::<i32>());
        let cut = batch
            .column_by_name(CUT)
            .and_then(|column| column.as_primitive_opt::<Int32Type>());
        let nulls = text.logical_nulls();
        for row in 0..batch.num_rows() {
            let there = nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row));
            let count = |n: Option<i32>| n.filter(|_| there);
            self.errors.push(None);
            self.n_tokens
                .push(count(tokens.map(|tokens| tokens.value_length(row))));
            self.n_cut.push(count(cut.map(|cut| cut.value(row))));
        }
        self.values.push(values);
    }

    fn append(&mut self, mut other: Tries) {
        self.values.append(&mut other.values);
        self.errors.append(&mut other.errors);
        self.n_tokens.append(&mut other.n_tokens);
        self.n_cut.append(&mut other.n_cut);
    }

    fn fail(&mut self, data_type: &DataType, error: String) {
        self.values.push(new_null_array(data_type, 1));
        self.errors.push(Some(error));
        self.n_tokens.push(None);
        self.n_cut.push(None);
    }

    fn finish(self, data_type: &DataType) -> Result<Tried> {
        let parts: Vec<&dyn Array> = self.values.iter().map(|part| &**part).collect();
        Ok(Tried {
            values: match parts.is_empty() {
                true => new_empty_array(data_type),
                false => concat(&parts)?,
            },
            errors: self.errors.into(),
            n_tokens: self.n_tokens.into(),
            n_cut: self.n_cut.into(),
        })
    }
}

fn border(columns: Option<Vec<String>>) -> Border {
    Border {
        layout: Layout::Nested(Offsets::Char),
        columns,
    }
}

fn bind(model: &PipelineModel, text: &str, data_type: &DataType) -> Result<BoundPipeline> {
    let schema = Schema::new(vec![Field::new(text, data_type.clone(), true)]);
    model.bind(&schema)?.with_border(&border(None))
}

fn not_there(name: &str) -> Error {
    Error::NotAnnotations {
        column: name.to_owned(),
        message: "the pipeline does not make it".to_owned(),
    }
}

/// The error with the row it stands in, where it names the one of a dictionary's values.
fn renumbered(mut error: Error, keys: &UInt32Array) -> Error {
    let row = error.row();
    let first = keys
        .iter()
        .position(|key| row.is_some() && key.map(u64::from) == row);
    if let Some(first) = first {
        error.set_row(first as u64);
    }
    error
}

/// An error and what caused it.
fn chain(error: &Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

fn guarded<T>(rows: usize, work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|panic| Err(panicked(panic.as_ref(), 0, rows)))
}
