//! Which tokens stand in which sentence.

use crate::annotation::Annotations;

/// The tokens of a row, for finding those inside a sentence by offsets, as Spark does.
pub(super) struct Alignment<'a> {
    tokens: &'a Annotations<'a>,
    /// Token indices by begin, ties in order.
    by_begin: Vec<usize>,
}

impl<'a> Alignment<'a> {
    pub(super) fn of(tokens: &'a Annotations<'a>, row: usize) -> Self {
        let mut by_begin: Vec<usize> = tokens.row(row).collect();
        // Tokens mostly come sorted, which the sort sees in one pass.
        by_begin.sort_by_key(|&index| tokens.begins()[index]);
        Alignment { tokens, by_begin }
    }

    /// Indices of the tokens from `begin` to `end`, in their order in the row.
    pub(super) fn inside(&self, begin: i32, end: i32, out: &mut Vec<usize>) {
        let begins = self.tokens.begins();
        let first = self
            .by_begin
            .partition_point(|&index| begins[index] < begin);
        let candidates = self.by_begin[first..]
            .iter()
            .copied()
            .take_while(|&index| begins[index] < end.max(begin + 1));
        out.clear();
        out.extend(candidates.filter(|&index| self.tokens.span(index).end <= end));
        out.sort_unstable();
    }
}
