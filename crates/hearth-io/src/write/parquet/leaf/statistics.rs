//! The least and the greatest string of a column chunk.

use parquet::data_type::ByteArray;
use parquet::file::statistics::{Statistics, ValueStatistics};

use super::strings::Strings;
use super::values::Present;

#[derive(Debug, Default)]
pub(super) struct Bounds {
    least: Option<String>,
    greatest: Option<String>,
    n_nulls: u64,
}

/// The length that bounds are cut to.
const MOST_BYTES: usize = 64;

impl Bounds {
    /// Takes strings and nulls of a column.
    pub(super) fn take(&mut self, values: &Present) {
        self.n_nulls += (values.array.len() - values.len()) as u64;
        let Some(strings) = Strings::of(&values.array) else {
            return;
        };
        for i in values.places.iter().cloned().flatten() {
            let text = strings.get(i);
            if self.least.as_deref().is_none_or(|least| text < least) {
                self.least = Some(text.to_owned());
            }
            if self
                .greatest
                .as_deref()
                .is_none_or(|greatest| text > greatest)
            {
                self.greatest = Some(text.to_owned());
            }
        }
    }

    pub(super) fn statistics(self) -> Statistics {
        let (least, least_is_exact) = cut(self.least, |text| Some(text.to_owned()));
        let (greatest, greatest_is_exact) = cut(self.greatest, above);
        let bytes = |text: Option<String>| text.map(|text| ByteArray::from(text.into_bytes()));
        let (least, greatest) = (bytes(least), bytes(greatest));
        ValueStatistics::new(least, greatest, None, Some(self.n_nulls), false)
            .with_min_is_exact(least_is_exact)
            .with_max_is_exact(greatest_is_exact)
            .into()
    }
}

/// A string that is short enough, and whether it is the whole one.
fn cut(text: Option<String>, bound: impl Fn(&str) -> Option<String>) -> (Option<String>, bool) {
    match text {
        Some(text) if text.len() > MOST_BYTES => {
            (bound(&text[..text.floor_char_boundary(MOST_BYTES)]), false)
        }
        text => (text, true),
    }
}

/// A string that is greater than all that begin with `text`.
fn above(text: &str) -> Option<String> {
    let mut text = text.to_owned();
    while let Some(last) = text.pop() {
        let mut next = (u32::from(last) + 1..=u32::from(char::MAX)).filter_map(char::from_u32);
        if let Some(next) = next.next() {
            text.push(next);
            return Some(text);
        }
    }
    None
}
