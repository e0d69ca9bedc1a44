//! The first occurrence of one string after another in one text, in n log n time whatever they are.
//!
//! Four ways, each slower to set up than the one before and quicker on what that one is slow on. A scan is best for few
//! strings and for those that stand near, which ordinary documents have alone. Counted `Grams` tell what stands nowhere
//! or in one place only, sorted ones find what has a rare part. The sorted suffixes of `Occurrences` find anything. A way
//! is left when it has cost about what the next one costs to set up.

use memchr::memmem;

use super::grams::{Grams, WIDTHS};
use super::occurrences::Occurrences;

/// A string is first looked for in this many places: most follow the one searched for before.
const NEAR: usize = 16;

/// Scans may read the text this many times before its grams are counted, and as many times again before they are sorted.
const SCANS: usize = 8;

/// Grams may give this many candidates per byte of the text before the widest grams are tried.
const CANDIDATES: usize = 1;

/// And this many before the suffixes are sorted.
const MOST_CANDIDATES: usize = 8;

/// A candidate costs as much as this many bytes of the string, which are compared there.
const COMPARED: usize = 128;

/// Searches in one text.
#[derive(Debug)]
pub(super) struct Search<'a> {
    text: &'a [u8],
    /// Bytes read for strings that have grams of a width and none wider, by width.
    scanned: [usize; WIDTHS.len()],
    /// By width, counted when they are first needed.
    grams: [Option<Grams>; WIDTHS.len()],
    candidates: usize,
    occurrences: Option<Occurrences>,
}

impl<'a> Search<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            text: text.as_bytes(),
            scanned: [0; WIDTHS.len()],
            grams: [const { None }; WIDTHS.len()],
            candidates: 0,
            occurrences: None,
        }
    }

    /// The first occurrence of `part`, which is not empty, that starts at `from` or after. `known` is one of its places,
    /// if one is known.
    pub(super) fn find(&mut self, part: &[u8], from: usize, known: Option<usize>) -> Option<usize> {
        if let Some(near) = self.find_near(part, from) {
            return Some(near);
        }
        let text = self.text;
        let widest = WIDTHS.partition_point(|&width| width <= part.len()) - 1;
        let scans = self.scanned[widest] / SCANS;
        if scans < text.len() {
            return self.scan(part, from, widest);
        }
        let Some(grams) = self.grams(widest) else {
            return self.find_by_suffixes(part, from);
        };
        let candidates = grams.candidates(part);
        match (candidates.count(), known) {
            (0, _) => return None,
            (1, Some(known)) => return Some(known).filter(|&known| known >= from),
            _ => {}
        }
        if scans / 2 < text.len() {
            return self.scan(part, from, widest);
        }
        let (found, looked_at) = grams.find(text, part, from, candidates);
        self.candidates += looked_at * (1 + part.len() / COMPARED);
        found
    }

    /// Looks no further than the first byte that `part` starts with.
    fn find_near(&self, part: &[u8], from: usize) -> Option<usize> {
        let text = &self.text[from..];
        let start = text.iter().take(NEAR).position(|byte| *byte == part[0])?;
        text[start..].starts_with(part).then_some(from + start)
    }

    fn scan(&mut self, part: &[u8], from: usize, widest: usize) -> Option<usize> {
        let found = memmem::find(&self.text[from..], part).map(|i| from + i);
        self.scanned[widest] += found.unwrap_or(self.text.len()) - from;
        found
    }

    /// The grams to try on strings that have none wider than these; `None` if grams have cost enough, or cannot be had.
    fn grams(&mut self, widest: usize) -> Option<&mut Grams> {
        if self.candidates / MOST_CANDIDATES >= self.text.len() {
            return None;
        }
        let tried = if self.candidates / CANDIDATES < self.text.len() {
            WIDTHS.len() - 2
        } else {
            WIDTHS.len() - 1
        };
        let width = widest.min(tried);
        let grams = &mut self.grams[width];
        if grams.is_none() {
            *grams = Grams::new(self.text, WIDTHS[width]);
        }
        grams.as_mut()
    }

    fn find_by_suffixes(&mut self, part: &[u8], from: usize) -> Option<usize> {
        if self.occurrences.is_none() {
            self.grams.fill_with(|| None);
            self.occurrences = Occurrences::new(self.text);
        }
        match &self.occurrences {
            Some(occurrences) => occurrences.find(self.text, part, from),
            None => self.scan(part, from, 0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slow(text: &[u8], part: &[u8], from: usize) -> Option<usize> {
        (from..text.len()).find(|&i| text[i..].starts_with(part))
    }

    /// Searches that take each of the ways.
    fn ways(text: &str) -> [Search<'_>; 5] {
        let new = |scans, candidates| Search {
            scanned: [scans; WIDTHS.len()],
            candidates,
            ..Search::new(text)
        };
        let scans = SCANS * text.len();
        [
            new(0, 0),
            new(scans, 0),
            new(2 * scans, 0),
            new(2 * scans, CANDIDATES * text.len()),
            new(2 * scans, MOST_CANDIDATES * text.len()),
        ]
    }

    #[test]
    fn every_way_finds_what_a_slow_one_finds() {
        let mut state = 1_usize;
        let mut random = |n: usize| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % n
        };
        for len in (1_usize..40).chain([63, 64, 65, 300, 2_000]) {
            for (letters, period) in [(1, len), (2, len), (4, len), (2, 7), (3, 30), (4, 100)] {
                let unit: String = (0..period)
                    .map(|_| ["a", "b", "c", "d"][random(letters)])
                    .collect();
                let mut text = unit.repeat(len.div_ceil(period));
                text.truncate(len);
                // One place that is unlike the others.
                text.replace_range(random(len).., "e");
                text.push_str(&unit);
                let bytes = text.as_bytes();
                let mut ways = ways(&text);
                for _ in 0..60 {
                    let start = random(text.len());
                    let mut part = bytes[start..text.len().min(start + 1 + random(20))].to_vec();
                    let is_changed = random(2) == 0;
                    if is_changed {
                        let place = random(part.len());
                        part[place] = b"abcde"[random(5)];
                    }
                    let from = random(text.len() + 1);
                    let expected = slow(bytes, &part, from);
                    let known = (!is_changed).then_some(start);
                    for search in &mut ways {
                        let found = search.find(&part, from, known);
                        assert_eq!(found, expected, "{text:?} {part:?} {from} {known:?}");
                    }
                }
            }
        }
    }

    /// Looks for parts with what is to be found: the search, which has kept its limits.
    fn search_all(text: &str, parts: impl Iterator<Item = (String, Option<usize>)>) -> Search<'_> {
        let mut search = Search::new(text);
        for (part, place) in parts {
            assert_eq!(search.find(part.as_bytes(), 0, place), place, "{part}");
        }
        for scanned in search.scanned {
            assert!(scanned <= (2 * SCANS + 1) * text.len());
        }
        assert!(search.candidates <= (MOST_CANDIDATES + 1) * text.len());
        search
    }

    #[test]
    fn strings_that_all_differ_are_found_or_not_by_their_grams() {
        let text: String = (0..5_000)
            .map(|n| format!("{n}\u{2566} Foo {n}. "))
            .collect();
        let parts = (0..5_000).flat_map(|n| {
            let there = format!("Foo {n}.");
            let place = text.find(&there);
            [(format!("{n}... "), None), (there, place)]
        });
        let search = search_all(&text, parts);
        assert!(search.grams.iter().any(Option::is_some));
        assert!(search.candidates < text.len() && search.occurrences.is_none());
    }

    #[test]
    fn strings_of_frequent_grams_have_the_suffixes_sorted() {
        let text = "aaaaaaaaaa ".repeat(2_000);
        let longer = (0..200).map(|n| (format!("{} ", "a".repeat(11 + n % 9)), None));
        let search = search_all(&text, longer);
        assert!(search.grams.iter().all(Option::is_none));
        assert!(search.occurrences.is_some());
    }
}
