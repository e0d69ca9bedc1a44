//! What a stage is, to the driver that runs it.
//!
//! A stage does no IO and starts no threads. [`Stage::bind`] makes every check on a schema, before any data;
//! [`Stage::apply`] turns one batch into columns. A stage that needs an encoder is an [`EncodingStage`]: it says which
//! sequences it wants encoded, and puts the vectors together afterwards; packing, folding of equal sequences and threads
//! belong to the driver.

use std::fmt::Debug;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, UInt32Array};
use arrow::datatypes::{DataType, FieldRef, Schema};
use hearth_encoder::Encode;

use crate::annotation::{AnnotatorType, Origin, Shape, is_lean, lean_field};
use crate::counts::Counts;
use crate::{Error, Result};

/// What a stage reads and does to a schema.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bound {
    /// Columns read, in the order the stage wants them.
    pub reads: Vec<usize>,
    /// Columns added. One that has the name of a column there replaces it in place, as in Spark.
    pub adds: Vec<FieldRef>,
    /// Columns dropped.
    pub drops: Vec<usize>,
    /// Whether one row may become several, or none.
    pub explodes: bool,
}

impl Bound {
    /// Of a stage that makes column `name` of annotations of `kind` from those of column `source`, whose documents and
    /// origin are theirs.
    #[must_use]
    pub fn following(input: &Schema, source: usize, name: &str, kind: AnnotatorType) -> Self {
        let from = input.field(source);
        Bound {
            reads: vec![source],
            adds: vec![lean_field(
                name,
                kind,
                Shape::following(from),
                &Origin::of(from),
            )],
            ..Bound::default()
        }
    }
}

/// What a stage gives for one batch.
#[derive(Debug, Clone)]
pub struct Output {
    /// One array per field of [`Bound::adds`].
    pub columns: Vec<ArrayRef>,
    /// For each output row the input row it came from, when rows were exploded.
    pub source_row: Option<UInt32Array>,
}

impl From<ArrayRef> for Output {
    fn from(column: ArrayRef) -> Self {
        Output {
            columns: vec![column],
            source_row: None,
        }
    }
}

/// A stage whose work is a function of the batch alone.
pub trait Stage: Debug + Send + Sync {
    /// Checks the schema and says which columns are read and added.
    ///
    /// # Errors
    /// Everything that can be known without data, in Spark NLP's words where it has some.
    fn bind(&self, input: &Schema) -> Result<Bound>;

    /// The new columns for one batch of the schema bound.
    ///
    /// # Errors
    /// What is wrong with a row's data.
    fn apply(&self, batch: &RecordBatch, at: &Bound, seen: &Counts) -> Result<Output>;

    /// What becomes of the stage when there is nothing but a text: see [`crate::PipelineModel::annotate`].
    fn light(&self) -> Light {
        Light::Same
    }
}

/// What becomes of a stage in [`crate::PipelineModel::annotate`], as in Spark NLP's LightPipeline.
#[derive(Debug, Clone)]
pub enum Light {
    /// It works as ever.
    Same,
    /// It reads the text, which is given it in a column of this name, by this stage.
    Text {
        /// The column's name.
        column: String,
        /// The stage that takes its place.
        stage: Arc<dyn Stage>,
    },
    /// Another stage takes its place.
    Instead(Arc<dyn Stage>),
    /// It is left out, and of the annotation columns only these are given.
    Only(Vec<String>),
}

/// A stage that has sequences encoded.
pub trait EncodingStage: Debug + Send + Sync {
    /// As [`Stage::bind`].
    ///
    /// # Errors
    /// As [`Stage::bind`].
    fn bind(&self, input: &Schema) -> Result<Bound>;

    /// How many values the encoder's vectors have; known before its weights are read.
    fn dimension(&self) -> usize;

    /// The encoder the sequences are for. A stage that was planned ([`crate::Session::plan`]) opens its model now; a run
    /// asks before its first rows.
    ///
    /// # Errors
    /// What is wrong with the model.
    fn encoder(&self) -> Result<&Arc<dyn Encode>>;

    /// Adds the sequences of one batch to `out` and says which vectors of them go where.
    ///
    /// # Errors
    /// What is wrong with a row's data.
    fn cut(
        &self,
        batch: &RecordBatch,
        at: &Bound,
        out: &mut Sequences,
        seen: &Counts,
    ) -> Result<Plan>;

    /// The new columns, once the vectors are there.
    ///
    /// # Errors
    /// Arrow's, if a column cannot be built.
    fn join(
        &self,
        batch: &RecordBatch,
        at: &Bound,
        plan: Plan,
        vectors: &Vectors,
        seen: &Counts,
    ) -> Result<Output>;
}

/// A stage of either kind.
#[derive(Debug, Clone)]
pub enum AnyStage {
    /// See [`Stage`].
    Plain(Arc<dyn Stage>),
    /// See [`EncodingStage`].
    Encoding(Arc<dyn EncodingStage>),
}

impl AnyStage {
    /// As [`Stage::bind`].
    ///
    /// # Errors
    /// As [`Stage::bind`].
    pub fn bind(&self, input: &Schema) -> Result<Bound> {
        match self {
            AnyStage::Plain(stage) => stage.bind(input),
            AnyStage::Encoding(stage) => stage.bind(input),
        }
    }
}

/// Sequences to encode, each with the positions whose vectors are wanted.
#[derive(Debug, Clone, Default)]
pub struct Sequences {
    // One record per sequence: its ids, then the wanted positions. Equal records have equal vectors.
    records: Vec<u32>,
    ends: Vec<(usize, usize)>,
}

impl Sequences {
    /// Adds a sequence of piece ids and the positions in it whose vectors are wanted; gives its index.
    pub fn push(
        &mut self,
        ids: impl IntoIterator<Item = u32>,
        wanted: impl IntoIterator<Item = u32>,
    ) -> usize {
        self.records.extend(ids);
        let ids_end = self.records.len();
        self.records.extend(wanted);
        self.ends.push((ids_end, self.records.len()));
        self.ends.len() - 1
    }

    /// How many sequences there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    fn start(&self, index: usize) -> usize {
        if index == 0 {
            0
        } else {
            self.ends[index - 1].1
        }
    }

    /// Piece ids of a sequence.
    #[must_use]
    pub fn ids(&self, index: usize) -> &[u32] {
        &self.records[self.start(index)..self.ends[index].0]
    }

    /// Positions of a sequence whose vectors are wanted.
    #[must_use]
    pub fn wanted(&self, index: usize) -> &[u32] {
        &self.records[self.ends[index].0..self.ends[index].1]
    }
}

/// The vectors that [`Sequences`] asked for.
#[derive(Debug, Clone)]
pub struct Vectors {
    pub(crate) dimension: usize,
    pub(crate) values: Vec<f32>,
    /// For each sequence, where its first vector stands; equal sequences share theirs.
    pub(crate) starts: Vec<usize>,
}

impl Vectors {
    /// The vector of wanted position number `row` of sequence `sequence`.
    #[must_use]
    pub fn get(&self, sequence: usize, row: usize) -> &[f32] {
        let start = (self.starts[sequence] + row) * self.dimension;
        &self.values[start..start + self.dimension]
    }
}

/// Which vector belongs to which annotation: made by [`EncodingStage::cut`], used by [`EncodingStage::join`].
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// Items of row `r` are `offsets[r]..offsets[r + 1]`.
    pub offsets: Vec<usize>,
    /// What to put out.
    pub items: Vec<PlanItem>,
    /// For each row, how many of its tokens get no vector because they lie past the limit.
    pub cut: Vec<i32>,
}

impl Plan {
    /// Counts cut tokens of the last row.
    pub(crate) fn add_cut(&mut self, n: usize) {
        if let Some(cut) = self.cut.last_mut() {
            *cut = cut.saturating_add(i32::try_from(n).unwrap_or(i32::MAX));
        }
    }
}

/// One annotation to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlanItem {
    /// Index of the annotation that gets the vector, in the column it comes from.
    pub source: usize,
    /// Spark's `sentence` number.
    pub sentence: i32,
    /// Id of the piece the vector belongs to, of several the first; -1 for none.
    pub piece_id: i32,
    /// Which sequence.
    pub sequence: usize,
    /// The first of its positions among those wanted of the sequence.
    pub row: usize,
    /// How many positions from there on make the vector: none for a null one, of several the mean.
    pub rows: usize,
}

/// The index of a plain column that a stage reads.
///
/// # Errors
/// [`Error::MissingColumn`]; [`Error::ColumnType`] for a type that it does not take.
pub fn plain_column(
    schema: &Schema,
    stage: &str,
    column: &str,
    wanted: &'static str,
    takes: fn(&DataType) -> bool,
) -> Result<usize> {
    let Some((index, field)) = schema.column_with_name(column) else {
        return Err(Error::MissingColumn {
            stage: stage.to_owned(),
            column: column.to_owned(),
            found: schema.fields().iter().map(|f| f.name().clone()).collect(),
        });
    };
    if !takes(field.data_type()) {
        return Err(Error::ColumnType {
            stage: stage.to_owned(),
            column: column.to_owned(),
            wanted,
            found: field.data_type().clone(),
        });
    }
    Ok(index)
}

/// Finds the input columns of an annotator by Spark NLP's rule (5.5.3, `HasInputAnnotationCols`): every required type
/// must be the type of a column whose name is among `input_cols`; their order does not matter. Gives the indices of the
/// columns in the order of `required`; those of one type in the order of `input_cols`.
///
/// # Errors
/// [`Error::InputCount`], [`Error::WrongInputs`] with Spark's text.
pub fn input_columns(
    schema: &Schema,
    stage: &str,
    input_cols: &[String],
    required: &[AnnotatorType],
) -> Result<Vec<usize>> {
    let names: Vec<&'static str> = required.iter().map(|kind| kind.name()).collect();
    if input_cols.len() != required.len() {
        return Err(Error::InputCount {
            stage: stage.to_owned(),
            found: input_cols.len(),
            required: names,
        });
    }
    let typed = |name: &String| {
        let (index, field) = schema.column_with_name(name)?;
        Some((index, AnnotatorType::of(field)?))
    };
    let mut found: Vec<(usize, AnnotatorType)> = input_cols.iter().filter_map(typed).collect();
    if required
        .iter()
        .all(|kind| found.iter().any(|(_, other)| other == kind))
    {
        if let Some(field) = found
            .iter()
            .map(|(index, _)| schema.field(*index))
            .find(|f| !is_lean(f.data_type()))
        {
            return Err(Error::NotAnnotations {
                column: field.name().clone(),
                message: "it holds annotations as they stand in a file, and this version goes on only from columns \
                          that the same pipeline made: run the stages before this one too"
                    .to_owned(),
            });
        }
        found.retain(|(_, kind)| required.contains(kind));
        found.sort_by_key(|(_, kind)| required.iter().position(|other| other == kind));
        return Ok(found.into_iter().map(|(index, _)| index).collect());
    }
    let line = |field: &FieldRef| match field.metadata().get(crate::annotation::key::ANNOTATOR_TYPE)
    {
        Some(kind) => format!(
            "(column_name={},is_nlp_annotator=true,type={kind})",
            field.name()
        ),
        None => format!("(column_name={},is_nlp_annotator=false)", field.name()),
    };
    Err(Error::WrongInputs {
        stage: stage.to_owned(),
        input_cols: input_cols.to_vec(),
        columns: schema
            .fields()
            .iter()
            .map(line)
            .collect::<Vec<_>>()
            .join("\n"),
        required: names,
    })
}
