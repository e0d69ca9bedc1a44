//! Appends annotations one by one and makes the lean column of them.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, FixedSizeListArray, Float32Array, Int32Array, ListArray, StringViewArray, StructArray,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{DataType, Field};

use super::results::Results;
use super::{Annotations, MetadataBuilder, Shape, lean_fields, vector_type};
use crate::{Error, Result};

/// Numbers of one annotation: see [`crate::annotation`] for their units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// First UTF-16 unit, as Spark says it.
    pub begin: i32,
    /// The unit after the last.
    pub end: i32,
    /// Byte in the document, -1 where the text does not stand there.
    pub at: i32,
    /// Spark's `sentence` number.
    pub sentence: i32,
    /// Which of the row's documents `at` counts in.
    pub document: i32,
}

/// Builds a lean column row by row. Results are kept as views: into the buffers of `source` where they are slices of
/// its strings, else into a buffer of the builder's own.
#[derive(Debug)]
pub struct AnnotationBuilder<'a> {
    offsets: Vec<i32>,
    begins: Vec<i32>,
    ends: Vec<i32>,
    ats: Vec<i32>,
    sentences: Vec<i32>,
    documents: Option<Vec<i32>>,
    metadata: Option<MetadataBuilder>,
    results: Results<'a>,
}

impl<'a> AnnotationBuilder<'a> {
    /// A builder whose results are mostly slices of `source`.
    #[must_use]
    pub fn over(source: &'a StringViewArray) -> Self {
        AnnotationBuilder {
            offsets: vec![0],
            begins: Vec::new(),
            ends: Vec::new(),
            ats: Vec::new(),
            sentences: Vec::new(),
            documents: None,
            metadata: None,
            results: Results::new(source),
        }
    }

    /// A builder whose results are mostly slices of those of `source`, whose documents are its own.
    #[must_use]
    pub fn following(source: &Annotations<'a>) -> Self {
        Self::over(source.results()).with_documents(source.has_documents())
    }

    /// The same, with room for `n` annotations.
    #[must_use]
    pub fn expecting(mut self, n: usize) -> Self {
        let columns = [
            &mut self.begins,
            &mut self.ends,
            &mut self.ats,
            &mut self.sentences,
        ];
        for column in columns {
            column.reserve(n);
        }
        self.results.reserve(n);
        self
    }

    /// The same, keeping [`Span::document`] if `documents`.
    #[must_use]
    pub fn with_documents(mut self, documents: bool) -> Self {
        self.documents = documents.then(Vec::new);
        self
    }

    /// The same, with metadata: one map for each annotation, by [`AnnotationBuilder::metadata`], if `metadata`.
    #[must_use]
    pub fn with_metadata(mut self, metadata: bool) -> Self {
        self.metadata = metadata.then(MetadataBuilder::default);
        self
    }

    /// Where the map of each pushed annotation is appended; `None` where the column has none.
    pub fn metadata(&mut self) -> Option<&mut MetadataBuilder> {
        self.metadata.as_mut()
    }

    /// Appends an annotation whose result is string `index` of the source.
    ///
    /// # Panics
    /// If the source has no such string.
    pub fn push(&mut self, span: Span, index: usize) {
        let source = self.results.source();
        self.push_slice(span, index, 0, source.value(index).len());
    }

    /// Appends an annotation whose result is `len` bytes from byte `start` of string `index` of the source.
    ///
    /// # Panics
    /// If the source has no such bytes, or they are not whole characters.
    #[inline]
    pub fn push_slice(&mut self, span: Span, index: usize, start: usize, len: usize) {
        self.push_span(span);
        self.results.push_slice(index, start, len);
    }

    /// Appends an annotation whose result is no slice of the source.
    ///
    /// # Errors
    /// [`Error::TooLarge`] past 4 GiB of one text.
    pub fn push_owned(&mut self, span: Span, result: &str) -> Result<()> {
        self.push_span(span);
        self.results.push_owned(result)
    }

    #[inline]
    fn push_span(&mut self, span: Span) {
        self.begins.push(span.begin);
        self.ends.push(span.end);
        self.ats.push(span.at);
        self.sentences.push(span.sentence);
        if let Some(documents) = &mut self.documents {
            documents.push(span.document);
        }
    }

    /// Ends the current row; what was pushed since the last call belongs to it.
    ///
    /// # Errors
    /// [`Error::TooLarge`] past 2^31 annotations.
    pub fn end_row(&mut self) -> Result<()> {
        let end = i32::try_from(self.results.len()).map_err(|_| Error::TooLarge {
            what: "annotations",
            found: self.results.len(),
        })?;
        self.offsets.push(end);
        Ok(())
    }

    /// How many annotations were pushed.
    #[must_use]
    pub fn len(&self) -> usize {
        self.results.len()
    }

    /// Whether nothing was pushed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The column, one list per ended row.
    ///
    /// # Errors
    /// Arrow's, if the parts do not fit each other.
    pub fn finish(self) -> Result<ArrayRef> {
        self.make(None)
    }

    /// The column with a vector per annotation: `vectors` holds `dimension` values for each pushed annotation. With
    /// `present`, only the annotations it names have one; the values of the others are not looked at.
    ///
    /// # Errors
    /// Arrow's, if the parts do not fit each other.
    pub fn finish_with_vectors(
        self,
        piece_ids: Vec<i32>,
        vectors: Vec<f32>,
        dimension: i32,
        present: Option<Vec<bool>>,
    ) -> Result<ArrayRef> {
        let item = match vector_type(dimension) {
            DataType::FixedSizeList(item, _) => item,
            _ => Arc::new(Field::new("item", DataType::Float32, false)),
        };
        let values: ArrayRef = Arc::new(Float32Array::from(vectors));
        let gaps = present.is_some();
        let nulls = present.map(NullBuffer::from);
        let vectors = FixedSizeListArray::try_new(item, dimension, values, nulls)?;
        self.make(Some((piece_ids, vectors, gaps)))
    }

    fn make(self, embeddings: Option<(Vec<i32>, FixedSizeListArray, bool)>) -> Result<ArrayRef> {
        let int = |values: Vec<i32>| Arc::new(Int32Array::from(values)) as ArrayRef;
        let mut shape = Shape::default();
        let spans = [self.begins, self.ends, self.ats, self.sentences];
        let mut columns: Vec<ArrayRef> = spans.into_iter().map(int).collect();
        if let Some(documents) = self.documents {
            shape.documents = true;
            columns.push(int(documents));
        }
        columns.push(Arc::new(self.results.finish()));
        if let Some(metadata) = self.metadata {
            shape.metadata = true;
            columns.push(Arc::new(metadata.finish()?));
        }
        if let Some((piece_ids, vectors, gaps)) = embeddings {
            shape.dimension = Some(vectors.value_length());
            shape.gaps = gaps;
            columns.push(int(piece_ids));
            columns.push(Arc::new(vectors));
        }
        let fields = lean_fields(shape);
        let items = StructArray::try_new(fields.clone(), columns, None)?;
        let item = Arc::new(Field::new("item", DataType::Struct(fields), false));
        Ok(Arc::new(ListArray::try_new(
            item,
            OffsetBuffer::new(self.offsets.into()),
            Arc::new(items),
            None,
        )?))
    }
}
