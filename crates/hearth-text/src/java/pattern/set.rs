//! Sets of code points, surrogates among them, as sorted ranges.

/// The last code point.
pub(super) const LAST: u32 = 0x10_FFFF;
/// The code units that stand alone only where a match starts or ends between the halves of a pair.
pub(super) const SURROGATES: (u32, u32) = (0xD800, 0xDFFF);

/// A set of code points. The ranges include both ends, ascend and do not touch.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Set {
    ascii: u128,
    ranges: Vec<(u32, u32)>,
}

impl Set {
    pub(super) fn of(ranges: impl IntoIterator<Item = (u32, u32)>) -> Self {
        let mut given: Vec<_> = ranges.into_iter().collect();
        given.sort_unstable();
        let mut ranges: Vec<(u32, u32)> = Vec::with_capacity(given.len());
        for (from, to) in given {
            match ranges.last_mut() {
                Some(last) if from <= last.1.saturating_add(1) => last.1 = last.1.max(to),
                _ => ranges.push((from, to)),
            }
        }
        let ascii = (0..128)
            .filter(|&c| contains(&ranges, c))
            .fold(0, |bits, c| bits | 1 << c);
        Self { ascii, ranges }
    }

    pub(super) fn one(c: u32) -> Self {
        Self::of([(c, c)])
    }

    pub(super) fn all() -> Self {
        Self::of([(0, LAST)])
    }

    pub(super) fn ranges(&self) -> &[(u32, u32)] {
        &self.ranges
    }

    pub(super) fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    pub(super) fn contains(&self, c: u32) -> bool {
        if c < 128 {
            self.ascii >> c & 1 == 1
        } else {
            contains(&self.ranges, c)
        }
    }

    pub(super) fn union(&self, other: &Self) -> Self {
        Self::of(self.ranges.iter().chain(&other.ranges).copied())
    }

    pub(super) fn union_of(sets: impl IntoIterator<Item = Self>) -> Self {
        Self::of(sets.into_iter().flat_map(|set| set.ranges))
    }

    pub(super) fn and(&self, other: &Self) -> Self {
        self.negate().union(&other.negate()).negate()
    }

    pub(super) fn negate(&self) -> Self {
        let mut gaps = Vec::with_capacity(self.ranges.len() + 1);
        let mut free = 0;
        for &(from, to) in &self.ranges {
            if free < from {
                gaps.push((free, from - 1));
            }
            free = to + 1;
        }
        if free <= LAST {
            gaps.push((free, LAST));
        }
        Self::of(gaps)
    }

    /// The set with the other case of its ASCII letters.
    pub(super) fn fold_ascii(&self) -> Self {
        let letters = (0..128u8).filter(|&c| c.is_ascii_alphabetic() && self.contains(c.into()));
        let other = letters.map(|c| u32::from(c ^ 0x20)).map(|c| (c, c));
        Self::of(self.ranges.iter().copied().chain(other))
    }
}

fn contains(ranges: &[(u32, u32)], c: u32) -> bool {
    let after = ranges.partition_point(|range| range.0 <= c);
    after > 0 && c <= ranges[after - 1].1
}
