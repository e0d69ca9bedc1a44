//! Annotation columns: the lean form that stages read and write.
//!
//! A column is `List<Struct<begin: Int32, end: Int32, at: Int32, sentence: Int32, result: Utf8View>>`, and for
//! embeddings also `piece_id: Int32, vector: FixedSizeList<Float32, D>`.
//!
//! - `begin`, `end` are Spark NLP's own numbers: UTF-16 code units of the document, quirks and -1 included, but `end`
//!   is exclusive. Spark aligns stages by them, so they are kept as they are.
//! - `at` is the byte of the document where the annotated text begins, -1 where it does not stand there. For sentences
//!   and tokens, `result` is the slice of the document at `at`; embeddings of an uncased model say `at` of their token,
//!   while `result` is lower-cased.
//! - `sentence` is the number Spark writes into the metadata of that name.
//! - `result` is a view into the document's own buffer wherever it can be.
//!
//! The field's metadata says `annotatorType`, and `dimension` and `ref` for embeddings, as in Spark; `hearth.text` names
//! the column the text came from and `hearth.document` the column whose text `at` counts in.

mod builder;
mod read;

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, Fields};

pub use builder::{AnnotationBuilder, Span};
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
    /// One vector per token.
    WordEmbeddings,
}

impl AnnotatorType {
    /// Spark NLP's name of the type.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            AnnotatorType::Document => "document",
            AnnotatorType::Token => "token",
            AnnotatorType::WordEmbeddings => "word_embeddings",
        }
    }

    /// The type a field's metadata names.
    #[must_use]
    pub fn of(field: &Field) -> Option<Self> {
        match field.metadata().get(key::ANNOTATOR_TYPE)?.as_str() {
            "document" => Some(AnnotatorType::Document),
            "token" => Some(AnnotatorType::Token),
            "word_embeddings" => Some(AnnotatorType::WordEmbeddings),
            _ => None,
        }
    }
}

/// The children of an annotation; `dimension` where it carries a vector.
#[must_use]
pub fn lean_fields(dimension: Option<i32>) -> Fields {
    let mut fields: Vec<Field> = ["begin", "end", "at", "sentence"]
        .map(|name| Field::new(name, DataType::Int32, false))
        .into();
    fields.push(Field::new("result", DataType::Utf8View, false));
    if let Some(dimension) = dimension {
        fields.push(Field::new("piece_id", DataType::Int32, false));
        fields.push(Field::new("vector", vector_type(dimension), false));
    }
    fields.into()
}

/// `FixedSizeList<Float32 non-null>[dimension]`.
#[must_use]
pub fn vector_type(dimension: i32) -> DataType {
    DataType::FixedSizeList(
        Arc::new(Field::new("item", DataType::Float32, false)),
        dimension,
    )
}

/// Whether a field is a lean column: it says a type, and has the form.
#[must_use]
pub fn is_lean(field: &Field) -> bool {
    let DataType::List(item) = field.data_type() else {
        return false;
    };
    let DataType::Struct(fields) = item.data_type() else {
        return false;
    };
    let expected = lean_fields(Annotations::dimension(field.data_type()));
    let same =
        |(a, b): (&FieldRef, &FieldRef)| a.name() == b.name() && a.data_type() == b.data_type();
    AnnotatorType::of(field).is_some()
        && fields.len() == expected.len()
        && fields.iter().zip(&expected).all(same)
}

/// The field of a lean column, carrying on where the text came from.
#[must_use]
pub fn lean_field(
    name: &str,
    kind: AnnotatorType,
    dimension: Option<i32>,
    origin: &Origin,
) -> FieldRef {
    let item = Field::new("item", DataType::Struct(lean_fields(dimension)), false);
    let mut metadata: HashMap<String, String> =
        [(key::ANNOTATOR_TYPE.to_owned(), kind.name().to_owned())].into();
    for (key, value) in [(key::TEXT, &origin.text), (key::DOCUMENT, &origin.document)] {
        if let Some(value) = value {
            metadata.insert(key.to_owned(), value.clone());
        }
    }
    Arc::new(Field::new(name, DataType::List(Arc::new(item)), false).with_metadata(metadata))
}

/// Where annotations come from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// The plain text column.
    pub text: Option<String>,
    /// The document column.
    pub document: Option<String>,
}

impl Origin {
    /// The origin a field's metadata tells.
    #[must_use]
    pub fn of(field: &Field) -> Self {
        let get = |key| field.metadata().get(key).cloned();
        Origin {
            text: get(key::TEXT),
            document: get(key::DOCUMENT),
        }
    }
}
