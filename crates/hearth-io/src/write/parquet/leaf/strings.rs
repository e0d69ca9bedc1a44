//! The strings of a column, whatever kind of array they lie in.

use std::ops::Range;

use arrow::array::{
    Array, ArrayRef, AsArray, LargeStringArray, MAX_INLINE_VIEW_LEN, StringArray, StringViewArray,
    make_view,
};
use arrow::datatypes::DataType;

/// Strings of one of Arrow's three kinds.
#[derive(Debug, Clone, Copy)]
pub(super) enum Strings<'a> {
    View(&'a StringViewArray),
    Small(&'a StringArray),
    Large(&'a LargeStringArray),
}

impl<'a> Strings<'a> {
    /// `None` for an array of another type.
    pub(super) fn of(array: &'a ArrayRef) -> Option<Self> {
        match array.data_type() {
            DataType::Utf8View => Some(Strings::View(array.as_string_view())),
            DataType::Utf8 => Some(Strings::Small(array.as_string())),
            DataType::LargeUtf8 => Some(Strings::Large(array.as_string())),
            _ => None,
        }
    }

    /// The string at a place that is not null.
    #[inline]
    pub(super) fn get(self, i: usize) -> &'a str {
        match self {
            Strings::View(array) => array.value(i),
            Strings::Small(array) => array.value(i),
            Strings::Large(array) => array.value(i),
        }
    }

    /// The string as a view that holds all of it, if it is short enough.
    #[inline]
    pub(super) fn short(self, i: usize) -> Option<u128> {
        let view = match self {
            Strings::View(array) => array.views()[i],
            _ => {
                let text = self.get(i);
                if text.len() > MAX_INLINE_VIEW_LEN as usize {
                    return None;
                }
                make_view(text.as_bytes(), 0, 0)
            }
        };
        (view & u128::from(u32::MAX) <= u128::from(MAX_INLINE_VIEW_LEN)).then_some(view)
    }

    /// Whether these are the same strings, those at `places` and the others at theirs.
    pub(super) fn equal(
        self,
        places: &[Range<usize>],
        other: Self,
        theirs: &[Range<usize>],
    ) -> bool {
        let count =
            |places: &[Range<usize>]| -> usize { places.iter().map(ExactSizeIterator::len).sum() };
        count(places) == count(theirs)
            && each(places).zip(each(theirs)).all(|(i, k)| {
                let (a, b) = (self.get(i), other.get(k));
                std::ptr::eq(a, b) || a == b
            })
    }
}

fn each(places: &[Range<usize>]) -> impl Iterator<Item = usize> {
    places.iter().cloned().flatten()
}
