//! An index of a text that finds the first occurrence of any string from any position on in logarithmic time.
//!
//! The suffixes in sorted order put the occurrences of a string side by side; a wavelet matrix over their positions finds
//! the smallest one that is not before the asked position.

use std::cmp::Ordering;

/// The index of one text.
#[derive(Debug)]
pub(super) struct Occurrences {
    suffixes: Vec<u32>,
    positions: WaveletMatrix,
}

impl Occurrences {
    /// Indexes a text; `None` if its positions do not fit 32 bits.
    pub(super) fn new(text: &[u8]) -> Option<Self> {
        let suffixes = suffix_array(text, u32::try_from(text.len()).ok()?);
        let positions = WaveletMatrix::new(&suffixes);
        Some(Self {
            suffixes,
            positions,
        })
    }

    /// The first occurrence of `part` in `text`, the text of this index, that starts at `from` or after.
    pub(super) fn find(&self, text: &[u8], part: &[u8], from: usize) -> Option<usize> {
        let compare = |&suffix: &u32| {
            let rest = &text[suffix as usize..];
            rest[..rest.len().min(part.len())].cmp(part)
        };
        let low = self
            .suffixes
            .partition_point(|suffix| compare(suffix) == Ordering::Less);
        let count =
            self.suffixes[low..].partition_point(|suffix| compare(suffix) == Ordering::Equal);
        let from = u32::try_from(from).ok().filter(|_| from < text.len())?;
        self.positions
            .next(0, low, low + count, Some(from))
            .map(|position| position as usize)
    }
}

/// The starts of the suffixes of a text of `len` bytes in sorted order: prefix doubling with counting sorts.
fn suffix_array(text: &[u8], len: u32) -> Vec<u32> {
    let mut class: Vec<u32> = text.iter().map(|&byte| u32::from(byte)).collect();
    let mut sorted: Vec<u32> = (0..len).collect();
    // The suffixes by what follows their first `width` bytes.
    let mut by_rest = sorted.clone();
    let mut ends = Vec::new();
    let mut width = 0;
    loop {
        // `class` numbers the suffixes by their first `width` bytes (one byte in the first round).
        ends.clear();
        ends.resize(text.len().max(256) + 1, 0);
        class.iter().for_each(|&c| ends[c as usize + 1] += 1);
        (1..ends.len()).for_each(|i| ends[i] += ends[i - 1]);
        for &suffix in &by_rest {
            let end: &mut u32 = &mut ends[class[suffix as usize] as usize];
            sorted[*end as usize] = suffix;
            *end += 1;
        }
        let key = |suffix: u32| {
            let rest = if width > 0 {
                class.get((suffix + width) as usize)
            } else {
                None
            };
            (class[suffix as usize], rest)
        };
        let mut last = 0;
        let mut previous = None;
        for &suffix in &sorted {
            last += u32::from(previous.is_some_and(|previous| key(previous) != key(suffix)));
            by_rest[suffix as usize] = last;
            previous = Some(suffix);
        }
        std::mem::swap(&mut class, &mut by_rest);
        width = (2 * width).max(1);
        if last + 1 >= len || width >= len {
            return sorted;
        }
        by_rest.clear();
        by_rest.extend(len - width..len);
        by_rest.extend(
            sorted
                .iter()
                .filter(|&&suffix| suffix >= width)
                .map(|&suffix| suffix - width),
        );
    }
}

/// A sequence of numbers that finds the smallest one in a range of places that is not below a bound.
#[derive(Debug)]
struct WaveletMatrix {
    /// From the highest bit on, the bit of each number; each level is the one before with the numbers whose bit was 0
    /// moved to the front.
    levels: Vec<Bits>,
}

impl WaveletMatrix {
    fn new(numbers: &[u32]) -> Self {
        let bits = usize::BITS - numbers.len().leading_zeros();
        let mut numbers = numbers.to_vec();
        let mut ones = Vec::new();
        let mut levels = Vec::new();
        for bit in (0..bits).rev() {
            let is_one = |number: u32| number >> bit & 1 == 1;
            levels.push(Bits::new(numbers.iter().map(|&number| is_one(number))));
            ones.clear();
            ones.extend(numbers.iter().filter(|&&number| is_one(number)));
            numbers.retain(|&number| !is_one(number));
            numbers.append(&mut ones);
        }
        Self { levels }
    }

    /// The lower bits, from `level` on, of the smallest number at places `low..high` of that level; of the smallest one
    /// that is not below `bound`, if there is a bound.
    fn next(&self, level: usize, low: usize, high: usize, bound: Option<u32>) -> Option<u32> {
        if low >= high {
            return None;
        }
        let Some(bits) = self.levels.get(level) else {
            return Some(0);
        };
        let value = 1 << (self.levels.len() - 1 - level);
        let (ones_low, ones_high) = (bits.ones_before(low), bits.ones_before(high));
        let zero = |bound| self.next(level + 1, low - ones_low, high - ones_high, bound);
        let one = |bound| {
            self.next(
                level + 1,
                bits.zeros + ones_low,
                bits.zeros + ones_high,
                bound,
            )
            .map(|n| n + value)
        };
        match bound {
            Some(bound) if bound & value != 0 => one(Some(bound)),
            _ => zero(bound).or_else(|| one(None)),
        }
    }
}

/// Bits that count themselves.
#[derive(Debug)]
struct Bits {
    words: Vec<u64>,
    /// Ones before each word.
    ones: Vec<usize>,
    zeros: usize,
}

impl Bits {
    fn new(bits: impl ExactSizeIterator<Item = bool>) -> Self {
        let len = bits.len();
        let mut words = vec![0; len / 64 + 1];
        for (i, bit) in bits.enumerate() {
            words[i / 64] |= u64::from(bit) << (i % 64);
        }
        let mut total = 0;
        let mut before = |word: &u64| {
            let before = total;
            total += word.count_ones() as usize;
            before
        };
        let ones = words.iter().map(&mut before).collect();
        Self {
            words,
            ones,
            zeros: len - total,
        }
    }

    fn ones_before(&self, i: usize) -> usize {
        let below = (1 << (i % 64)) - 1;
        self.ones[i / 64] + (self.words[i / 64] & below).count_ones() as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slow(text: &[u8], part: &[u8], from: usize) -> Option<usize> {
        (from..text.len()).find(|&i| text[i..].starts_with(part))
    }

    #[test]
    fn finds_what_a_scan_finds() {
        let mut state = 1_usize;
        for len in (1..70).chain([255, 256, 300, 1000]) {
            for letters in [1, 2, 5] {
                let mut random = |n: usize| {
                    state = state
                        .wrapping_mul(6_364_136_223_846_793_005)
                        .wrapping_add(1_442_695_040_888_963_407);
                    (state >> 33) % n
                };
                let text: Vec<u8> = (0..len).map(|_| b"abcd\xFF"[random(letters)]).collect();
                let index = Occurrences::new(&text).unwrap();
                for _ in 0..50 {
                    let start = random(len);
                    let part = &text[start..text.len().min(start + 1 + random(8))];
                    let from = random(len + 2);
                    assert_eq!(
                        index.find(&text, part, from),
                        slow(&text, part, from),
                        "{text:?} {part:?} {from}"
                    );
                }
                assert_eq!(index.find(&text, b"ax", 0), None);
            }
        }
    }
}
