//! An index of a text by its grams, the parts of one width. It tells at once that a string is nowhere of which the text
//! does not have all grams, and finds any other as quickly as one of its grams is rare.

use std::ops::Range;

/// The widths of grams that there may be an index of, smallest first. A gram is read as a number of at most eight bytes.
pub(super) const WIDTHS: [usize; 5] = [1, 2, 3, 4, 8];

/// The index of one text by the grams of one width.
#[derive(Debug)]
pub(super) struct Grams {
    width: usize,
    /// Where the places of each bucket start; one more for the end. A bucket has the grams of one hash.
    starts: Vec<u32>,
    /// The places by bucket, in text order in each; none before they are first needed.
    places: Vec<u32>,
}

/// Where a string may stand: at the places of the rarest of its grams.
#[derive(Debug, Clone)]
pub(super) struct Candidates {
    /// Where the gram stands in the string.
    offset: usize,
    places: Range<u32>,
}

impl Candidates {
    pub(super) fn count(&self) -> usize {
        self.places.len()
    }
}

impl Grams {
    /// Counts the grams of a text; `None` if its positions do not fit 32 bits.
    pub(super) fn new(text: &[u8], width: usize) -> Option<Self> {
        u32::try_from(text.len()).ok()?;
        // Two to four places a bucket: more buckets take longer to fill than the places take to look at.
        let bits = text.len().max(4).ilog2() - 1;
        let mut starts = vec![0; (1 << bits) + 1];
        for gram in grams(text, width) {
            starts[hash(gram, bits) + 1] += 1;
        }
        let mut total = 0;
        for start in &mut starts {
            total += *start;
            *start = total;
        }
        Some(Self {
            width,
            starts,
            places: Vec::new(),
        })
    }

    /// Where `part` may stand, which is no shorter than a gram.
    pub(super) fn candidates(&self, part: &[u8]) -> Candidates {
        let bits = self.starts.len().ilog2();
        let mut rarest = Candidates {
            offset: 0,
            places: 0..u32::MAX,
        };
        let offsets = (0..=part.len() - self.width).rev();
        for (gram, offset) in grams(part, self.width).zip(offsets) {
            let bucket = hash(gram, bits);
            let places = self.starts[bucket]..self.starts[bucket + 1];
            if places.len() < rarest.count() {
                rarest = Candidates { offset, places };
                if rarest.count() == 0 {
                    break;
                }
            }
        }
        rarest
    }

    /// The first of the places of `part` in `text`, the text of this index, that is not before `from`; and how many
    /// candidates were looked at.
    pub(super) fn find(
        &mut self,
        text: &[u8],
        part: &[u8],
        from: usize,
        candidates: Candidates,
    ) -> (Option<usize>, usize) {
        if self.places.is_empty() {
            self.places = self.sorted(text);
        }
        let Candidates { offset, places } = candidates;
        let places = &self.places[places.start as usize..places.end as usize];
        let before = places.partition_point(|&place| (place as usize) < from + offset);
        let places = &places[before..];
        let start = |place: u32| place as usize - offset;
        let found = places
            .iter()
            .position(|&place| text[start(place)..].starts_with(part));
        match found {
            Some(i) => (Some(start(places[i])), i + 1),
            None => (None, places.len()),
        }
    }

    fn sorted(&self, text: &[u8]) -> Vec<u32> {
        let bits = self.starts.len().ilog2();
        let count = self.starts.last().copied().unwrap_or_default();
        let mut places = vec![0; count as usize];
        let mut ends = self.starts[1..].to_vec();
        for (gram, place) in grams(text, self.width).zip((0..count).rev()) {
            let end = &mut ends[hash(gram, bits)];
            *end -= 1;
            places[*end as usize] = place;
        }
        places
    }
}

/// The grams of a text as numbers, from the last to the first.
fn grams(text: &[u8], width: usize) -> impl Iterator<Item = u64> {
    let mut bytes = 0;
    let mut before = move |&byte: &u8| {
        bytes = bytes << 8 | u64::from(byte);
        bytes << (64 - 8 * width)
    };
    let (rest, last) = text.split_at(text.len() - text.len().min(width - 1));
    last.iter().rev().for_each(|byte| _ = before(byte));
    rest.iter().rev().map(before)
}

/// The highest bits of a product have something of all bytes.
fn hash(gram: u64, bits: u32) -> usize {
    let hash = gram.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (u64::BITS - bits);
    usize::try_from(hash).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grams_are_read_from_the_last_to_the_first() {
        let read = |width| {
            grams(b"abcd", width)
                .map(u64::to_le_bytes)
                .collect::<Vec<_>>()
        };
        assert_eq!(read(4), [*b"\0\0\0\0abcd"]);
        assert_eq!(
            read(2),
            [*b"\0\0\0\0\0\0cd", *b"\0\0\0\0\0\0bc", *b"\0\0\0\0\0\0ab"]
        );
        assert_eq!(read(8), [[0; 8]; 0]);
        assert_eq!(grams(b"", 1).count(), 0);
    }

    #[test]
    fn places_are_all_that_the_rarest_gram_has() {
        let text = b"to be or not to be to";
        for width in [1, 2, 4] {
            let mut index = Grams::new(text, width).unwrap();
            for part in [&b"to be"[..], b"be to", b"or not", b"to t", b"be b"] {
                let expected: Vec<usize> = (0..text.len())
                    .filter(|&i| text[i..].starts_with(part))
                    .collect();
                let mut from = 0;
                for place in expected {
                    let candidates = index.candidates(part);
                    assert!(candidates.count() > 0);
                    assert_eq!(index.find(text, part, from, candidates).0, Some(place));
                    from = place + 1;
                }
                let candidates = index.candidates(part);
                assert_eq!(index.find(text, part, from, candidates).0, None);
            }
        }
    }
}
