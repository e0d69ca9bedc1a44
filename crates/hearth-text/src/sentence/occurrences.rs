//! An index of a text that finds the first occurrence of any string from any position on in logarithmic time.
//!
//! The suffixes in sorted order put the occurrences of a string side by side; a wavelet matrix over their positions finds
//! the smallest one that is not before the asked position.

use std::cmp::Ordering;

use super::suffixes;

/// The index of one text.
#[derive(Debug)]
pub(super) struct Occurrences {
    suffixes: Vec<u32>,
    positions: WaveletMatrix,
}

impl Occurrences {
    /// Indexes a text; `None` if its positions do not fit 32 bits.
    pub(super) fn new(text: &[u8]) -> Option<Self> {
        u32::try_from(text.len() + 1).ok()?;
        let bytes: Vec<u32> = text.iter().map(|&byte| byte.into()).collect();
        let suffixes = suffixes::sorted(&bytes, u8::MAX.into());
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
        let mut moved = vec![0; numbers.len()];
        let levels = (0..bits).rev().map(|bit| {
            let mut words = vec![0; numbers.len() / 64 + 1];
            let (mut zeros, mut ones) = (0, 0);
            // Each number is written to both sides, and one of them goes on: bits in no order are no branches.
            for i in 0..numbers.len() {
                let number = numbers[i];
                let is_one = number >> bit & 1;
                words[i / 64] |= u64::from(is_one) << (i % 64);
                numbers[zeros] = number;
                moved[ones] = number;
                ones += is_one as usize;
                zeros += 1 - is_one as usize;
            }
            numbers[zeros..].copy_from_slice(&moved[..ones]);
            Bits::new(words, zeros)
        });
        Self {
            levels: levels.collect(),
        }
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
    fn new(words: Vec<u64>, zeros: usize) -> Self {
        let mut total = 0;
        let before = |word: &u64| {
            let before = total;
            total += word.count_ones() as usize;
            before
        };
        let ones = words.iter().map(before).collect();
        Self { words, ones, zeros }
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
