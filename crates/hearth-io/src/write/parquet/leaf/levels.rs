//! Repetition and definition levels: which values stand in which row, and what is null.

use std::ops::Range;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{DataType, Field};

use super::hybrid::{Hybrid, width};
use super::values::Present;

/// What may be null on the way to a leaf.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Nesting {
    /// The list around it, if any, and whether it may be null.
    list: Option<bool>,
    /// Whether the struct in the list may be; `false` if there is none.
    item: bool,
    leaf: bool,
}

impl Nesting {
    pub(super) fn flat(field: &Field) -> Self {
        Nesting {
            list: None,
            item: false,
            leaf: field.is_nullable(),
        }
    }

    /// A leaf that is the list's item.
    pub(super) fn item(list: &Field, item: &Field) -> Self {
        Nesting {
            list: Some(list.is_nullable()),
            item: false,
            leaf: item.is_nullable(),
        }
    }

    /// A leaf in the struct that is the list's item.
    pub(super) fn child(list: &Field, item: &Field, leaf: &Field) -> Self {
        Nesting {
            list: Some(list.is_nullable()),
            item: item.is_nullable(),
            leaf: leaf.is_nullable(),
        }
    }

    /// Whether there is no list around it.
    pub(super) fn is_flat(self) -> bool {
        self.list.is_none()
    }

    /// The definition level of a list that has items, or of a row without a list around it.
    fn of_present(self) -> u32 {
        self.list.map_or(0, |nullable| u32::from(nullable) + 1)
    }

    fn greatest(self) -> u32 {
        self.of_present() + u32::from(self.item) + u32::from(self.leaf)
    }
}

/// Levels that wait for their page.
#[derive(Debug)]
pub(super) struct Levels {
    nesting: Nesting,
    repetition: Hybrid,
    definition: Hybrid,
    counts: Counts,
}

/// What a page says of itself.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counts {
    /// With nulls and empty lists.
    pub(super) values: usize,
    pub(super) nulls: usize,
    pub(super) rows: usize,
}

/// Levels of a page, encoded.
#[derive(Debug)]
pub(super) struct EncodedLevels {
    pub(super) repetition: Vec<u8>,
    pub(super) definition: Vec<u8>,
    pub(super) counts: Counts,
}

impl Levels {
    pub(super) fn new(nesting: Nesting) -> Self {
        Levels {
            nesting,
            repetition: Hybrid::new(u32::from(nesting.list.is_some())),
            definition: Hybrid::new(width(nesting.greatest())),
            counts: Counts::default(),
        }
    }

    pub(super) fn rows(&self) -> usize {
        self.counts.rows
    }

    /// Appends the rows of a column, in whose item's struct the leaf is child `child`; gives the values that are there.
    pub(super) fn push(&mut self, column: &ArrayRef, child: usize) -> Present {
        self.counts.rows += column.len();
        let mut places = Vec::new();
        if self.nesting.is_flat() {
            self.items(
                0..column.len(),
                None,
                column.logical_nulls().as_ref(),
                &mut places,
            );
            return Present {
                array: column.clone(),
                places,
            };
        }
        let list = column.as_list::<i32>();
        let (leaf, items) = match list.values().data_type() {
            DataType::Struct(_) => {
                let items = list.values().as_struct();
                (items.column(child), items.nulls())
            }
            _ => (list.values(), None),
        };
        let some = |nulls: Option<&NullBuffer>| nulls.filter(|n| n.null_count() > 0).cloned();
        let (items, nulls) = (some(items), some(leaf.nulls()));
        for (row, ends) in list.offsets().windows(2).enumerate() {
            let range = index(ends[0])..index(ends[1]);
            let is_null = list.is_null(row);
            if is_null || range.is_empty() {
                self.repetition.push(0, 1);
                let level = u32::from(!is_null) * (self.nesting.of_present() - 1);
                self.definition.push(level, 1);
                self.counts.values += 1;
                self.counts.nulls += 1;
                continue;
            }
            self.repetition.push(0, 1);
            self.repetition.push(1, range.len() - 1);
            self.items(range, items.as_ref(), nulls.as_ref(), &mut places);
        }
        Present {
            array: leaf.clone(),
            places,
        }
    }

    /// Definition levels of values in a row, and the places of those that are there.
    fn items(
        &mut self,
        range: Range<usize>,
        items: Option<&NullBuffer>,
        leaves: Option<&NullBuffer>,
        places: &mut Vec<Range<usize>>,
    ) {
        self.counts.values += range.len();
        if items.is_none() && leaves.is_none() {
            self.definition.push(self.nesting.greatest(), range.len());
            add(places, range);
            return;
        }
        let is_null = |nulls: Option<&NullBuffer>, i| nulls.is_some_and(|nulls| nulls.is_null(i));
        for i in range {
            let level = if is_null(items, i) {
                self.nesting.of_present()
            } else if is_null(leaves, i) {
                self.nesting.greatest() - 1
            } else {
                add(places, i..i + 1);
                self.nesting.greatest()
            };
            self.counts.nulls += usize::from(level < self.nesting.greatest());
            self.definition.push(level, 1);
        }
    }

    /// What waits.
    pub(super) fn take(&mut self) -> EncodedLevels {
        let levels = |levels: &mut Hybrid| match levels.width() {
            0 => Vec::new(),
            _ => levels.take(),
        };
        EncodedLevels {
            repetition: levels(&mut self.repetition),
            definition: levels(&mut self.definition),
            counts: std::mem::take(&mut self.counts),
        }
    }
}

/// Appends a range, joined with the last one if nothing lies between.
fn add(places: &mut Vec<Range<usize>>, range: Range<usize>) {
    match places.last_mut() {
        Some(last) if last.end == range.start => last.end = range.end,
        _ => places.push(range),
    }
}

/// Offsets of lists are not negative.
fn index(offset: i32) -> usize {
    usize::try_from(offset).unwrap_or(0)
}
