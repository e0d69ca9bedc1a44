//! Which rows of the input the rows of a batch came from.

use arrow::array::UInt32Array;
use arrow::compute::take;

use crate::Result;

/// The input rows of a batch on its way: consecutive ones, unless a stage exploded rows.
#[derive(Debug, Clone, Default)]
pub struct InputRows {
    first: u64,
    exploded: Option<UInt32Array>,
}

impl InputRows {
    /// Consecutive rows from number `first` on.
    #[must_use]
    pub fn starting_at(first: u64) -> Self {
        InputRows {
            first,
            exploded: None,
        }
    }

    /// Number in the input of row `row` of the batch.
    #[must_use]
    pub fn number(&self, row: usize) -> u64 {
        let row = match &self.exploded {
            Some(rows) => rows
                .values()
                .get(row)
                .map_or(row as u64, |&row| u64::from(row)),
            None => row as u64,
        };
        self.first + row
    }

    /// The rows after a stage that gave `source_row` for its output.
    pub(crate) fn exploded(self, source_row: Option<&UInt32Array>) -> Result<Self> {
        let exploded = match (self.exploded, source_row) {
            (before, None) => before,
            (None, Some(rows)) => Some(rows.clone()),
            (Some(before), Some(rows)) => {
                let rows = take(&before, rows, None)?;
                Some(UInt32Array::from(rows.to_data()))
            }
        };
        Ok(InputRows {
            first: self.first,
            exploded,
        })
    }
}
