//! Values of a column chunk on their way into pages.

use std::ops::Range;

use arrow::array::{ArrayRef, AsArray};
use arrow::datatypes::Int32Type;
use parquet::basic::Encoding;
use parquet::errors::ParquetError;
use zstd::bulk::Compressor;

use super::delta;
use super::dictionary::{Dictionary, push_plain};
use super::hybrid::{Hybrid, width};
use super::strings::Strings;

/// The values of a page.
#[derive(Debug)]
pub(super) struct ValuesPage {
    pub(super) encoding: Encoding,
    pub(super) bytes: Vec<u8>,
    /// The size before compression; `None` if they are not compressed.
    pub(super) compressed_from: Option<usize>,
}

/// Which values: those of an array at some places.
#[derive(Debug, Clone)]
pub(in super::super) struct Present {
    pub(super) array: ArrayRef,
    /// Ascending; what is null is left out.
    pub(super) places: Vec<Range<usize>>,
}

impl Present {
    pub(super) fn len(&self) -> usize {
        self.places.iter().map(ExactSizeIterator::len).sum()
    }

    /// Whether both are the same strings.
    pub(in super::super) fn same_strings(&self, other: &Self) -> bool {
        match (Strings::of(&self.array), Strings::of(&other.array)) {
            (Some(a), Some(b)) => a.equal(&self.places, b, &other.places),
            _ => false,
        }
    }
}

/// Collects the values of pages.
#[derive(Debug, Clone)]
pub(super) enum Values {
    /// As differences.
    Ints(Vec<i32>),
    /// As numbers in a dictionary until it is full, then plain.
    Strings(Box<StringValues>),
}

#[derive(Debug, Clone)]
pub(super) struct StringValues {
    /// Kept for its page when it is full; `None` if no page refers to it then.
    dictionary: Option<Dictionary>,
    is_full: bool,
    /// Entries that pages refer to.
    n_entries: usize,
    numbers: Vec<u32>,
    plain: Vec<u8>,
}

/// The size of a page, before compression.
const PAGE_BYTES: usize = 1 << 20;

impl Values {
    pub(super) fn ints() -> Self {
        Values::Ints(Vec::new())
    }

    pub(super) fn strings() -> Self {
        Values::Strings(Box::new(StringValues {
            dictionary: Some(Dictionary::new()),
            is_full: false,
            n_entries: 0,
            numbers: Vec::new(),
            plain: Vec::new(),
        }))
    }

    /// Appends values, which are of the type that this was made for.
    pub(super) fn push(&mut self, values: &Present) {
        match self {
            Values::Ints(pending) => {
                let ints = values.array.as_primitive::<Int32Type>().values();
                for places in &values.places {
                    pending.extend_from_slice(&ints[places.clone()]);
                }
            }
            Values::Strings(pending) => {
                if let Some(strings) = Strings::of(&values.array) {
                    for places in &values.places {
                        pending.push(strings, places.clone());
                    }
                }
            }
        }
    }

    /// Bytes that wait for their page.
    pub(super) fn n_waiting(&self) -> usize {
        match self {
            Values::Ints(pending) => size_of_val(pending.as_slice()),
            Values::Strings(pending) => {
                size_of_val(pending.numbers.as_slice()) + pending.plain.len()
            }
        }
    }

    /// Whether what waits is enough for a page.
    pub(super) fn is_full(&self) -> bool {
        self.n_waiting() >= PAGE_BYTES
    }

    /// What waits, as a page.
    pub(super) fn take_page(&mut self, zstd: &mut Zstd) -> Result<ValuesPage, ParquetError> {
        match self {
            Values::Ints(pending) => {
                let page = ValuesPage {
                    encoding: Encoding::DELTA_BINARY_PACKED,
                    bytes: delta::encode(pending),
                    compressed_from: None,
                };
                pending.clear();
                Ok(page)
            }
            Values::Strings(pending) => pending.take_page(zstd),
        }
    }

    /// The dictionary, if pages refer to it.
    pub(super) fn dictionary(&self) -> Option<&Dictionary> {
        match self {
            Values::Strings(pending) if pending.n_entries > 0 => pending.dictionary.as_ref(),
            _ => None,
        }
    }
}

impl StringValues {
    fn push(&mut self, strings: Strings<'_>, places: Range<usize>) {
        let mut places = places;
        if !self.is_full
            && let Some(dictionary) = &mut self.dictionary
        {
            match dictionary.numbers(strings, places.clone(), &mut self.numbers) {
                Some(first) => places.start = first,
                None => return,
            }
            self.end_dictionary();
        }
        for i in places {
            push_plain(&mut self.plain, strings.get(i));
        }
    }

    /// What is not in a page yet goes plain.
    fn end_dictionary(&mut self) {
        self.is_full = true;
        if let Some(dictionary) = &mut self.dictionary {
            for number in self.numbers.drain(..) {
                self.plain.extend_from_slice(dictionary.entry(number));
            }
            dictionary.truncate(self.n_entries);
        }
        if self.n_entries == 0 {
            self.dictionary = None;
        }
    }

    fn take_page(&mut self, zstd: &mut Zstd) -> Result<ValuesPage, ParquetError> {
        let dictionary = self.dictionary.as_ref().filter(|_| !self.is_full);
        // Where all is null there is no dictionary to refer to.
        let Some(dictionary) = dictionary.filter(|dictionary| dictionary.len() > 0) else {
            let page = zstd.page(Encoding::PLAIN, &self.plain);
            self.plain.clear();
            return page;
        };
        self.n_entries = dictionary.len();
        let greatest = u32::try_from(self.n_entries.saturating_sub(1)).unwrap_or(u32::MAX);
        let width = width(greatest);
        let mut numbers = Hybrid::new(width);
        numbers.push_all(&self.numbers);
        self.numbers.clear();
        let mut bytes = vec![width.to_le_bytes()[0]];
        bytes.append(&mut numbers.take());
        // Compressed they would take a tenth less, and the time of all other integers together.
        Ok(ValuesPage {
            encoding: Encoding::RLE_DICTIONARY,
            bytes,
            compressed_from: None,
        })
    }
}

/// Compresses pages.
pub(super) struct Zstd(Compressor<'static>);

impl Zstd {
    /// The fastest level that makes text smaller by half.
    const LEVEL: i32 = 1;

    pub(super) fn new() -> Result<Self, ParquetError> {
        Ok(Zstd(Compressor::new(Self::LEVEL)?))
    }

    /// The bytes as a page, compressed if that makes it smaller.
    fn page(&mut self, encoding: Encoding, bytes: &[u8]) -> Result<ValuesPage, ParquetError> {
        let compressed = self.compress(bytes)?;
        let (bytes, compressed_from) = if compressed.len() < bytes.len() {
            (compressed, Some(bytes.len()))
        } else {
            (bytes.to_vec(), None)
        };
        Ok(ValuesPage {
            encoding,
            bytes,
            compressed_from,
        })
    }

    pub(super) fn compress(&mut self, bytes: &[u8]) -> Result<Vec<u8>, ParquetError> {
        Ok(self.0.compress(bytes)?)
    }
}

impl std::fmt::Debug for Zstd {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Zstd")
    }
}
