//! Annotation columns: the lean form that stages read and write.
//!
//! A column is `List<Struct<begin: Int32, end: Int32, at: Int32, sentence: Int32, result: Utf8View>>`, and for
//! embeddings also `piece_id: Int32, vector: FixedSizeList<Float32, D>`. [`Shape`] tells which children there are.
//!
//! - `begin`, `end` are Spark NLP's own numbers: UTF-16 code units of the document, quirks and -1 included, but `end`
//!   is exclusive. Spark aligns stages by them, so they are kept as they are.
//! - `at` is the byte of the document where the annotated text begins, -1 where it does not stand there. For sentences
//!   and tokens, `result` is the slice of the document at `at`; embeddings of an uncased model say `at` of their token,
//!   while `result` is lower-cased.
//! - `sentence` is the number Spark writes into the metadata of that name.
//! - `document` is there where rows hold several documents (from a list of texts): the index of the one `at` counts in.
//! - `result` is a view into the document's own buffer wherever it can be.
//! - `metadata` is a `Map<Utf8, Utf8>` of what a stage was told to carry beyond `sentence`; values may be null.
//! - `piece_id` is -1 for vectors pooled from others and where there is no piece. `vector` is null only for a sentence
//!   without any, and for a token without one of embeddings that have an annotation for each token.
//!
//! The field's metadata says `annotatorType`, and `dimension` and `ref` for embeddings, as in Spark; `hearth.text` names
//! the column the text came from and `hearth.document` the column whose text `at` counts in. `hearth.traced` is there
//! where a DocumentAssembler was told to keep offsets into the plain text (`keep_original_offsets`): the cleanup mode,
//! by which the border finds the way back from `at`. Annotations themselves carry nothing more for it.

mod builder;
mod metadata;
mod read;
mod results;

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, Fields};
use hearth_text::cleanup::CleanupMode;

pub use builder::{AnnotationBuilder, Span};
pub use metadata::MetadataBuilder;
pub(crate) use metadata::SparkMetadata;
pub use read::Annotations;

/// Keys of field metadata.
pub mod key {
    /// Spark NLP's annotator type.
    pub const ANNOTATOR_TYPE: &str = "annotatorType";
    /// The dimension an embedding column claims.
    pub const DIMENSION: &str = "dimension";
    /// The storage reference of an embedding column.
    pub const REF: &str = "ref";
    /// The plain column the text came from.
    pub const TEXT: &str = "hearth.text";
    /// The document column whose text `at` counts in.
    pub const DOCUMENT: &str = "hearth.document";
    /// Present where the document's text is not the plain text as it stands there, but cleaned up.
    pub const CLEANED: &str = "hearth.cleaned";
    /// Present where offsets into the plain text were asked for: the cleanup mode that made the document of it.
    pub const TRACED: &str = "hearth.traced";
    /// Present where a column holds whole documents, as a DocumentAssembler made them.
    pub const WHOLE: &str = "hearth.whole";
    /// What a column at rest counts its offsets in: `char`, `byte` or `utf16`.
    pub const OFFSETS: &str = "hearth.offsets";
}

/// Spark NLP's annotator types of the stages here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnnotatorType {
    /// Documents and sentences.
    Document,
    /// Tokens.
    Token,
    /// One vector per token or chunk.
    WordEmbeddings,
    /// One vector per sentence or document.
    SentenceEmbeddings,
    /// Parts of documents that a column names.
    Chunk,
}

impl AnnotatorType {
    /// Spark NLP's name of the type.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            AnnotatorType::Document => "document",
            AnnotatorType::Token => "token",
            AnnotatorType::WordEmbeddings => "word_embeddings",
            AnnotatorType::SentenceEmbeddings => "sentence_embeddings",
            AnnotatorType::Chunk => "chunk",
        }
    }

    /// The type a field's metadata names.
    #[must_use]
    pub fn of(field: &Field) -> Option<Self> {
        match field.metadata().get(key::ANNOTATOR_TYPE)?.as_str() {
            "document" => Some(AnnotatorType::Document),
            "token" => Some(AnnotatorType::Token),
            "word_embeddings" => Some(AnnotatorType::WordEmbeddings),
            "sentence_embeddings" => Some(AnnotatorType::SentenceEmbeddings),
            "chunk" => Some(AnnotatorType::Chunk),
            _ => None,
        }
    }
}

/// Which children an annotation column has beyond the five that all have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Shape {
    /// `document`: rows hold several documents.
    pub documents: bool,
    /// `metadata`.
    pub metadata: bool,
    /// `piece_id` and `vector`, of this many values.
    pub dimension: Option<i32>,
    /// Whether `vector` may be null.
    pub gaps: bool,
}

impl Shape {
    /// The shape of a column of this type; the default one where it holds no annotations.
    #[must_use]
    pub fn of(data_type: &DataType) -> Self {
        let Some(fields) = item_fields(data_type) else {
            return Shape::default();
        };
        let vector = fields.find("vector").map(|(_, field)| field);
        Shape {
            documents: fields.find("document").is_some(),
            metadata: fields.find("metadata").is_some(),
            dimension: vector.and_then(|field| match field.data_type() {
                DataType::FixedSizeList(_, dimension) => Some(*dimension),
                _ => None,
            }),
            gaps: vector.is_some_and(|field| field.is_nullable()),
        }
    }

    /// The shape of annotations made from those of this field: its documents are theirs, the rest is not.
    #[must_use]
    pub fn following(field: &Field) -> Self {
        Shape {
            documents: Shape::of(field.data_type()).documents,
            ..Shape::default()
        }
    }
}

/// The children of the structs in a list.
fn item_fields(data_type: &DataType) -> Option<&Fields> {
    match data_type {
        DataType::List(item) => match item.data_type() {
            DataType::Struct(fields) => Some(fields),
            _ => None,
        },
        _ => None,
    }
}

/// Whether a column of this type has the form of this module.
#[must_use]
pub fn is_lean(data_type: &DataType) -> bool {
    let expected = lean_fields(Shape::of(data_type));
    let same =
        |(a, b): (&FieldRef, &FieldRef)| a.name() == b.name() && a.data_type() == b.data_type();
    item_fields(data_type).is_some_and(|fields| {
        fields.len() == expected.len() && fields.iter().zip(&expected).all(same)
    })
}

/// The children of an annotation.
#[must_use]
pub fn lean_fields(shape: Shape) -> Fields {
    let int = |name| Field::new(name, DataType::Int32, false);
    let mut fields = vec![int("begin"), int("end"), int("at"), int("sentence")];
    if shape.documents {
        fields.push(int("document"));
    }
    fields.push(Field::new("result", DataType::Utf8View, false));
    if shape.metadata {
        fields.push(Field::new("metadata", metadata_type(), false));
    }
    if let Some(dimension) = shape.dimension {
        fields.push(int("piece_id"));
        fields.push(Field::new("vector", vector_type(dimension), shape.gaps));
    }
    fields.into()
}

/// `Map<Utf8, Utf8 nullable>`.
#[must_use]
pub fn metadata_type() -> DataType {
    DataType::Map(metadata_entries(), false)
}

/// The entries of [`metadata_type`], under the names Spark gives them in files.
pub(crate) fn metadata_entries() -> FieldRef {
    let fields = vec![
        Field::new("key", DataType::Utf8, false),
        Field::new("value", DataType::Utf8, true),
    ];
    Arc::new(Field::new(
        "key_value",
        DataType::Struct(fields.into()),
        false,
    ))
}

/// `FixedSizeList<Float32 non-null>[dimension]`.
#[must_use]
pub fn vector_type(dimension: i32) -> DataType {
    DataType::FixedSizeList(
        Arc::new(Field::new("item", DataType::Float32, false)),
        dimension,
    )
}

/// The field of a lean column, carrying on where the text came from.
#[must_use]
pub fn lean_field(name: &str, kind: AnnotatorType, shape: Shape, origin: &Origin) -> FieldRef {
    let item = Field::new("item", DataType::Struct(lean_fields(shape)), false);
    let mut metadata: HashMap<String, String> =
        [(key::ANNOTATOR_TYPE.to_owned(), kind.name().to_owned())].into();
    for (key, value) in [(key::TEXT, &origin.text), (key::DOCUMENT, &origin.document)] {
        if let Some(value) = value {
            metadata.insert(key.to_owned(), value.clone());
        }
    }
    if origin.cleaned {
        metadata.insert(key::CLEANED.to_owned(), "true".to_owned());
    }
    if let Some(mode) = origin.traced {
        metadata.insert(key::TRACED.to_owned(), mode.to_string());
    }
    Arc::new(Field::new(name, DataType::List(Arc::new(item)), false).with_metadata(metadata))
}

/// The field with more metadata.
pub(crate) fn labelled(
    field: &Field,
    labels: impl IntoIterator<Item = (&'static str, String)>,
) -> FieldRef {
    let mut field = field.clone();
    let labels = labels.into_iter();
    field
        .metadata_mut()
        .extend(labels.map(|(key, value)| (key.to_owned(), value)));
    Arc::new(field)
}

/// Where annotations come from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// The plain text column.
    pub text: Option<String>,
    /// The document column.
    pub document: Option<String>,
    /// Whether the document's text was cleaned up, so that `at` does not count in the plain text.
    pub cleaned: bool,
    /// The cleanup mode, where offsets into the plain text were asked for.
    pub traced: Option<CleanupMode>,
}

impl Origin {
    /// The origin a field's metadata tells.
    #[must_use]
    pub fn of(field: &Field) -> Self {
        let get = |key| field.metadata().get(key).cloned();
        Origin {
            text: get(key::TEXT),
            document: get(key::DOCUMENT),
            cleaned: field.metadata().contains_key(key::CLEANED),
            traced: get(key::TRACED).and_then(|mode| mode.parse().ok()),
        }
    }
}
