//! Where the annotations of a column stand, in the unit asked for.

use arrow::array::{Array, BooleanBufferBuilder, Int32Array, RecordBatch};
use arrow::buffer::NullBuffer;
use arrow::datatypes::Field;
use hearth_text::cleanup::clean_traced;

use super::Offsets;
use super::offsets::{Positions, standing};
use super::origin::{Documents, originals};
use crate::Result;
use crate::annotation::{Annotations, Origin, Span};

/// Begins and ends (exclusive) of all annotations of a column.
pub(crate) type Places = [Int32Array; 2];

/// Names of the places in the document.
const IN_DOCUMENT: [&str; 2] = ["begin", "end"];
/// Names of the places in the plain text.
pub(super) const IN_ORIGINAL: [&str; 2] = ["original_begin", "original_end"];

/// Names and nullability of the places that leave for a column.
pub(super) fn fields(field: &Field, offsets: Offsets) -> Vec<(&'static str, bool)> {
    let mut fields = IN_DOCUMENT
        .map(|name| (name, offsets != Offsets::Utf16))
        .to_vec();
    if Origin::of(field).traced.is_some() {
        fields.extend(IN_ORIGINAL.map(|name| (name, true)));
    }
    fields
}

/// The places of [`fields`], by name.
pub(super) fn columns(
    batch: &RecordBatch,
    column: usize,
    offsets: Offsets,
) -> Result<Vec<(&'static str, Int32Array)>> {
    let mut columns = Vec::from_iter(
        IN_DOCUMENT
            .into_iter()
            .zip(in_document(batch, column, offsets)?),
    );
    if let Some(places) = in_original(batch, column, offsets)? {
        columns.extend(IN_ORIGINAL.into_iter().zip(places));
    }
    Ok(columns)
}

/// Places in the documents; Spark NLP's own numbers for UTF-16, else null where there is none.
fn in_document(batch: &RecordBatch, column: usize, offsets: Offsets) -> Result<Places> {
    let annotations = Annotations::of(batch, column)?;
    if offsets == Offsets::Utf16 {
        let ends = (0..annotations.results().len()).map(|i| annotations.span(i).end);
        return Ok([annotations.begins().to_vec().into(), ends.collect()]);
    }
    let documents = Documents::of(batch, column)?;
    let place = |text| {
        let mut positions = Positions::of(text, offsets);
        move |i, span, length| positions.of_annotation(span, length, || annotations.result(i))
    };
    Ok(find(&annotations, |row| documents.texts(row), place))
}

/// Places in the plain texts, where the column's origin asks for them; null where there is none or the text is gone.
pub(crate) fn in_original(
    batch: &RecordBatch,
    column: usize,
    offsets: Offsets,
) -> Result<Option<Places>> {
    let origin = Origin::of(batch.schema_ref().field(column));
    let Some(mode) = origin.traced else {
        return Ok(None);
    };
    let annotations = Annotations::of(batch, column)?;
    let Some(texts) = originals(batch, &origin)? else {
        let none = Int32Array::new_null(annotations.results().len());
        return Ok(Some([none.clone(), none]));
    };
    let place = |text| {
        let (document, edits) = clean_traced(mode, text);
        let mut positions = Positions::of(text, offsets);
        move |i, span, _| {
            let found = standing(&document, span, annotations.result(i))?;
            positions.of_range(edits.original(found))
        }
    };
    let texts_of = |row| texts.of_row(row).flatten().collect();
    Ok(Some(find(&annotations, texts_of, place)))
}

/// Places of all annotations, by what `place` makes of each of the texts of their row; it is asked by number, span and
/// bytes of the result.
fn find<'t, P>(
    annotations: &Annotations<'_>,
    texts_of: impl Fn(usize) -> Vec<&'t str>,
    place: impl Fn(&'t str) -> P,
) -> Places
where
    P: FnMut(usize, Span, usize) -> Option<(i32, i32)>,
{
    let total = annotations.results().len();
    let mut found = Found::with_capacity(total);
    let mut texts: Vec<&str> = Vec::new();
    let mut places: Vec<P> = Vec::new();
    for row in 0..annotations.rows() {
        let range = annotations.row(row);
        if range.is_empty() {
            continue;
        }
        // Exploded rows share their text, or have equal ones, which are then looked through once.
        let own = texts_of(row);
        let same = |(&a, &b): (&&str, &&str)| std::ptr::eq(a, b) || a == b;
        let known = own.len() == texts.len() && own.iter().zip(&texts).all(same);
        if !known || texts.is_empty() {
            texts = if own.is_empty() { vec![""] } else { own };
            places = texts.iter().map(|text| place(text)).collect();
        }
        // A sliced list does not begin with its first item.
        found.skip_to(range.start);
        let all = range.clone().zip(annotations.spans(range));
        match places.as_mut_slice() {
            [place] => found.extend(all.map(|(i, (span, length))| match span.document {
                0 => place(i, span, length),
                _ => None,
            })),
            places => found.extend(all.map(|(i, (span, length))| {
                let document = usize::try_from(span.document).ok()?;
                places.get_mut(document)?(i, span, length)
            })),
        }
    }
    found.skip_to(total);
    found.finish()
}

/// Places under construction.
struct Found {
    places: (Vec<i32>, Vec<i32>),
    /// Annotations without a place, ascending.
    missing: Vec<usize>,
}

impl Found {
    fn with_capacity(n: usize) -> Self {
        Found {
            places: (Vec::with_capacity(n), Vec::with_capacity(n)),
            missing: Vec::new(),
        }
    }

    fn len(&self) -> usize {
        self.places.0.len()
    }

    fn extend(&mut self, places: impl Iterator<Item = Option<(i32, i32)>>) {
        let (first, missing) = (self.len(), &mut self.missing);
        self.places.extend(places.enumerate().map(|(i, place)| {
            if place.is_none() {
                missing.push(first + i);
            }
            place.unwrap_or_default()
        }));
    }

    /// Says that the annotations before `index` have no place.
    fn skip_to(&mut self, index: usize) {
        self.extend((self.len()..index).map(|_| None));
    }

    fn finish(self) -> Places {
        let nulls = (!self.missing.is_empty()).then(|| {
            let mut valid = BooleanBufferBuilder::new(self.len());
            valid.append_n(self.len(), true);
            for &index in &self.missing {
                valid.set_bit(index, false);
            }
            NullBuffer::new(valid.finish())
        });
        let (begins, ends) = self.places;
        [begins, ends].map(|places| Int32Array::new(places.into(), nulls.clone()))
    }
}
