//! The suffixes of a text in sorted order, in linear time: induced sorting (Nong, Zhang and Chan 2009, "SA-IS").
//!
//! A suffix is *small* if it comes before the one that starts a place later, else *large*. The order of the small ones
//! that follow a large one gives the order of all: two scans put each suffix beside the one it extends.

/// No suffix.
const NONE: u32 = u32::MAX;

/// The starts of the suffixes of `text` in sorted order. A text has fewer than `u32::MAX` numbers, none above `highest`.
pub(super) fn sorted(text: &[u32], highest: u32) -> Vec<u32> {
    let (Some(last), Ok(len)) = (text.len().checked_sub(1), u32::try_from(text.len())) else {
        return Vec::new();
    };
    let mut is_small = vec![false; text.len()];
    for i in (0..last).rev() {
        is_small[i] = text[i] < text[i + 1] || (text[i] == text[i + 1] && is_small[i + 1]);
    }
    let sorter = Sorter {
        buckets: Buckets::new(text, &is_small, highest),
        text,
        is_small,
    };
    // The leftmost small suffixes, by their places and each one's number among them.
    let leftmost: Vec<u32> = (1..len).filter(|&i| sorter.is_leftmost(i)).collect();
    let mut sorted = vec![NONE; text.len()];
    sorter.induce(&leftmost, &mut sorted);
    if leftmost.len() < 2 {
        return sorted;
    }
    // They are now in the order of what lies up to the next of them. By these names they are a text of their own, whose
    // suffixes are in the order looked for.
    let by_block: Vec<u32> = sorted
        .iter()
        .copied()
        .filter(|&i| sorter.is_leftmost(i))
        .collect();
    let (names, highest) = sorter.names(&leftmost, &by_block);
    drop(by_block);
    let order = self::sorted(&names, highest);
    let leftmost: Vec<u32> = order.iter().map(|&n| leftmost[n as usize]).collect();
    sorter.induce(&leftmost, &mut sorted);
    sorted
}

struct Sorter<'a> {
    text: &'a [u32],
    is_small: Vec<bool>,
    buckets: Buckets,
}

/// Suffixes that start with the same number lie side by side in the sorted order, the large ones first.
struct Buckets {
    /// Where the bucket of each number starts; one more for the end.
    starts: Vec<u32>,
    /// Where its small ones start.
    smalls: Vec<u32>,
}

impl Buckets {
    fn new(text: &[u32], is_small: &[bool], highest: u32) -> Self {
        let numbers = highest as usize + 1;
        let (mut starts, mut smalls) = (vec![0; numbers + 1], vec![0; numbers]);
        for (&number, &is_small) in text.iter().zip(is_small) {
            starts[number as usize + 1] += 1;
            smalls[number as usize] += u32::from(!is_small);
        }
        for number in 0..numbers {
            starts[number + 1] += starts[number];
            smalls[number] += starts[number];
        }
        Self { starts, smalls }
    }
}

impl Sorter<'_> {
    /// Whether the suffix at `i` is small and follows a large one.
    fn is_leftmost(&self, i: u32) -> bool {
        let i = i as usize;
        i > 0 && self.is_small[i] && !self.is_small[i - 1]
    }

    /// Sorts all suffixes from the leftmost small ones in their order.
    fn induce(&self, leftmost: &[u32], sorted: &mut [u32]) {
        let Buckets { starts, smalls } = &self.buckets;
        sorted.fill(NONE);
        let mut free = smalls.clone();
        let put = |sorted: &mut [u32], suffix: u32, free: &mut [u32]| {
            let place = &mut free[self.text[suffix as usize] as usize];
            sorted[*place as usize] = suffix;
            *place += 1;
        };
        for &suffix in leftmost {
            put(sorted, suffix, &mut free);
        }
        // A large suffix comes after the one that starts a place later; the last one is large.
        free.clear();
        free.extend_from_slice(starts);
        let last = u32::try_from(self.text.len() - 1).unwrap_or(NONE);
        put(sorted, last, &mut free);
        for i in 0..sorted.len() {
            if let Some(before) = before(sorted[i])
                && !self.is_small[before as usize]
            {
                put(sorted, before, &mut free);
            }
        }
        // A small one comes before it.
        free.clear();
        free.extend_from_slice(&starts[1..]);
        for i in (0..sorted.len()).rev() {
            if let Some(before) = before(sorted[i])
                && self.is_small[before as usize]
            {
                let end = &mut free[self.text[before as usize] as usize];
                *end -= 1;
                sorted[*end as usize] = before;
            }
        }
    }

    /// The leftmost small suffixes, in text order, as numbers: equal and in order as the blocks are that reach from each
    /// to the next. `by_block` has them in the order of the blocks. The highest number too.
    fn names(&self, leftmost: &[u32], by_block: &[u32]) -> (Vec<u32>, u32) {
        let mut numbers = vec![0; self.text.len()];
        for (number, &i) in (0..).zip(leftmost) {
            numbers[i as usize] = number;
        }
        // A block includes the first number of the next; the last one ends with the text, and no other is equal to it.
        let block = |i: u32| {
            let next = leftmost.get(numbers[i as usize] as usize + 1);
            next.map(|&next| &self.text[i as usize..=next as usize])
        };
        let mut names = vec![0; leftmost.len()];
        let mut name = 0;
        for pair in by_block.windows(2) {
            let (left, right) = (block(pair[0]), block(pair[1]));
            name += u32::from(left.is_none() || left != right);
            names[numbers[pair[1] as usize] as usize] = name;
        }
        (names, name)
    }
}

fn before(suffix: u32) -> Option<u32> {
    if suffix == NONE {
        return None;
    }
    suffix.checked_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suffixes_are_in_order() {
        let mut state = 1_u32;
        for len in 0..200 {
            for letters in [1, 2, 3, 250] {
                let mut random = || {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    (state >> 16) % letters
                };
                let text: Vec<u32> = (0..len).map(|_| random()).collect();
                let mut expected: Vec<u32> = (0..).take(len).collect();
                expected.sort_by_key(|&i| &text[i as usize..]);
                assert_eq!(sorted(&text, letters), expected, "{text:?}");
            }
        }
    }

    #[test]
    fn units_over_and_over() {
        for unit in [&[1, 0][..], &[0, 1], &[2, 1, 2, 0], &[0, 0, 1]] {
            let text = unit.repeat(100);
            let mut expected: Vec<u32> = (0..).take(text.len()).collect();
            expected.sort_by_key(|&i| &text[i as usize..]);
            assert_eq!(sorted(&text, 2), expected, "{unit:?}");
        }
    }
}
