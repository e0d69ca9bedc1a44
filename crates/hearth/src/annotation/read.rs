//! Reads a lean column.

use std::ops::Range;

use arrow::array::{
    Array, ArrayRef, AsArray, FixedSizeListArray, ListArray, MapArray, RecordBatch, StringArray,
    StringViewArray, StructArray,
};
use arrow::datatypes::Int32Type;

use super::Span;
use crate::{Error, Result};

/// Maps, their keys and their values.
type Metadata<'a> = (&'a MapArray, &'a StringArray, &'a StringArray);

/// A lean column, opened for reading. Indices are those of the list's child array.
#[derive(Debug, Clone, Copy)]
pub struct Annotations<'a> {
    list: &'a ListArray,
    items: &'a StructArray,
    spans: [&'a [i32]; 4],
    documents: Option<&'a [i32]>,
    metadata: Option<Metadata<'a>>,
    result: &'a StringViewArray,
}

impl<'a> Annotations<'a> {
    /// Opens a column; `name` is for the error.
    ///
    /// # Errors
    /// [`Error::NotAnnotations`] when the array does not have the lean form.
    pub fn open(array: &'a ArrayRef, name: &str) -> Result<Self> {
        let refuse = |message: String| Error::NotAnnotations {
            column: name.to_owned(),
            message,
        };
        let list = array
            .as_list_opt::<i32>()
            .ok_or_else(|| refuse(format!("it has type {}", array.data_type())))?;
        let items = list
            .values()
            .as_struct_opt()
            .ok_or_else(|| refuse(format!("its items have type {}", list.value_type())))?;
        let int = |field: &str| {
            items
                .column_by_name(field)
                .and_then(|c| c.as_primitive_opt::<Int32Type>())
                .map(|c| c.values().as_ref())
                .ok_or_else(|| refuse(format!("it has no Int32 field '{field}'")))
        };
        let spans = [int("begin")?, int("end")?, int("at")?, int("sentence")?];
        let documents = match items.column_by_name("document") {
            Some(_) => Some(int("document")?),
            None => None,
        };
        let metadata = items
            .column_by_name("metadata")
            .map(|column| {
                let map = column.as_map_opt()?;
                let strings = |array: &'a ArrayRef| array.as_string_opt::<i32>();
                Some((map, strings(map.keys())?, strings(map.values())?))
            })
            .map(|found| {
                found.ok_or_else(|| refuse("'metadata' is no map of Utf8 to Utf8".to_owned()))
            })
            .transpose()?;
        let result = items
            .column_by_name("result")
            .and_then(|c| c.as_string_view_opt())
            .ok_or_else(|| refuse("it has no Utf8View field 'result'".to_owned()))?;
        Ok(Annotations {
            list,
            items,
            spans,
            documents,
            metadata,
            result,
        })
    }

    /// Opens column `column` of a batch.
    ///
    /// # Errors
    /// As [`Annotations::open`].
    pub fn of(batch: &'a RecordBatch, column: usize) -> Result<Self> {
        let name = batch.schema_ref().field(column).name();
        Self::open(batch.column(column), name)
    }

    /// Rows of the column.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.list.len()
    }

    /// Indices of the annotations of a row; none for a null row.
    #[must_use]
    pub fn row(&self, row: usize) -> Range<usize> {
        if self.list.is_null(row) {
            return 0..0;
        }
        let offsets = self.list.value_offsets();
        let index = |offset: i32| usize::try_from(offset).unwrap_or(0);
        index(offsets[row])..index(offsets[row + 1])
    }

    /// The numbers of annotation `index`.
    #[inline]
    #[must_use]
    pub fn span(&self, index: usize) -> Span {
        let [begin, end, at, sentence] = self.spans.map(|column| column[index]);
        Span {
            begin,
            end,
            at,
            sentence,
            document: self.documents.map_or(0, |column| column[index]),
        }
    }

    /// The numbers of annotations, and how many bytes their results have.
    pub(crate) fn spans(
        &self,
        indices: Range<usize>,
    ) -> impl ExactSizeIterator<Item = (Span, usize)> {
        let [begins, ends, ats, sentences] = self.spans.map(|column| &column[indices.clone()]);
        let views = &self.result.views()[indices.clone()];
        let numbers = begins.iter().zip(ends).zip(ats).zip(sentences).zip(views);
        numbers
            .enumerate()
            .map(move |(i, ((((begin, end), at), sentence), view))| {
                let span = Span {
                    begin: *begin,
                    end: *end,
                    at: *at,
                    sentence: *sentence,
                    document: self.documents.map_or(0, |column| column[indices.start + i]),
                };
                // The lowest quarter of a view is the length.
                (span, (view & u128::from(u32::MAX)) as usize)
            })
    }

    /// Whether rows hold several documents.
    #[must_use]
    pub fn has_documents(&self) -> bool {
        self.documents.is_some()
    }

    /// Whether annotations carry metadata beyond `sentence`.
    #[must_use]
    pub fn has_metadata(&self) -> bool {
        self.metadata.is_some()
    }

    /// What annotation `index` carries beyond `sentence`.
    pub fn metadata(&self, index: usize) -> impl Iterator<Item = (&'a str, Option<&'a str>)> {
        let entries = self
            .metadata
            .into_iter()
            .flat_map(move |(map, keys, values)| {
                let offsets = map.value_offsets();
                let entry = |i: i32| usize::try_from(i).unwrap_or(0);
                (entry(offsets[index])..entry(offsets[index + 1])).map(move |i| (keys, values, i))
            });
        entries
            .map(|(keys, values, i)| (keys.value(i), values.is_valid(i).then(|| values.value(i))))
    }

    /// `begin` of all annotations.
    #[must_use]
    pub fn begins(&self) -> &'a [i32] {
        self.spans[0]
    }

    /// The text of annotation `index`.
    #[must_use]
    pub fn result(&self, index: usize) -> &'a str {
        self.result.value(index)
    }

    /// All texts.
    #[must_use]
    pub fn results(&self) -> &'a StringViewArray {
        self.result
    }

    /// The list array itself, for its offsets and validity.
    #[must_use]
    pub fn list(&self) -> &'a ListArray {
        self.list
    }

    /// `piece_id` and `vector` of all annotations, where the column has them.
    #[must_use]
    pub fn embeddings(&self) -> Option<(&'a [i32], &'a FixedSizeListArray)> {
        let pieces = self
            .items
            .column_by_name("piece_id")?
            .as_primitive_opt::<Int32Type>()?;
        let vectors = self
            .items
            .column_by_name("vector")?
            .as_fixed_size_list_opt()?;
        Some((pieces.values().as_ref(), vectors))
    }
}
