//! The different strings of a column chunk.

use std::hash::{BuildHasher, RandomState};
use std::ops::Range;

use super::strings::Strings;

/// Strings by the order in which they were first met.
#[derive(Debug, Clone)]
pub(super) struct Dictionary {
    /// The number of an entry, plus one; 0 where there is none. The length is a power of two.
    slots: Vec<u32>,
    /// What stands for each entry, which it shares with no short string, and seldom with a long one.
    keys: Vec<u128>,
    /// Where each entry's bytes begin in `plain`.
    starts: Vec<usize>,
    /// The entries in Parquet's PLAIN encoding.
    plain: Vec<u8>,
    hasher: RandomState,
    seeds: [u64; 2],
}

impl Dictionary {
    /// The size beyond which a dictionary takes no more.
    const MOST_BYTES: usize = 1 << 20;

    pub(super) fn new() -> Self {
        // Numbers do not depend on the seeds. Whoever writes the texts must not know which of them meet in a slot.
        let hasher = RandomState::new();
        Dictionary {
            slots: vec![0; 1 << 10],
            keys: Vec::new(),
            starts: Vec::new(),
            plain: Vec::new(),
            seeds: [hasher.hash_one(0), hasher.hash_one(1)],
            hasher,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }

    /// Bytes of the strings and of their lengths.
    pub(super) fn plain(&self) -> &[u8] {
        &self.plain
    }

    /// The entry as PLAIN encoding has it, its length before it.
    pub(super) fn entry(&self, number: u32) -> &[u8] {
        let number = number as usize;
        let end = self.starts.get(number + 1).copied();
        &self.plain[self.starts[number]..end.unwrap_or(self.plain.len())]
    }

    /// Forgets all entries but the first `len`.
    pub(super) fn truncate(&mut self, len: usize) {
        let end = self.starts.get(len).copied();
        self.plain.truncate(end.unwrap_or(self.plain.len()));
        self.starts.truncate(len);
        self.keys.truncate(len);
        self.slots.fill(0);
        for number in 0..len {
            self.take_slot(number);
        }
    }

    /// Appends the numbers of strings, which are added where they are new. Gives the first one that there is no room for.
    pub(super) fn numbers(
        &mut self,
        strings: Strings<'_>,
        places: Range<usize>,
        numbers: &mut Vec<u32>,
    ) -> Option<usize> {
        const BLOCK: usize = 32;
        numbers.reserve(places.len());
        for start in places.clone().step_by(BLOCK) {
            let block = start..places.end.min(start + BLOCK);
            // Looked up beside each other, they do not wait for memory one after the other.
            let (mut keys, mut found) = ([LONG; BLOCK], [0; BLOCK]);
            for (i, (key, found)) in block.clone().zip(keys.iter_mut().zip(&mut found)) {
                *key = strings.short(i).unwrap_or(LONG);
                *found = self.slots[self.slot(*key)];
            }
            for (i, (key, found)) in block.zip(keys.into_iter().zip(found)) {
                let known = found.checked_sub(1);
                let known = known.filter(|&n| self.keys[n as usize] == key);
                match known.or_else(|| self.number(strings, i)) {
                    Some(number) => numbers.push(number),
                    None => return Some(i),
                }
            }
        }
        None
    }

    /// The number of string `i`, which is added if it is new; `None` if there is no room for it.
    fn number(&mut self, strings: Strings<'_>, i: usize) -> Option<u32> {
        let short = strings.short(i);
        let key = short.unwrap_or_else(|| self.long_key(strings.get(i)));
        let mut slot = self.slot(key);
        while let Some(number) = self.slots[slot].checked_sub(1) {
            let found = self.keys[number as usize] == key;
            if found
                && (short.is_some() || self.entry(number)[LENGTH..] == *strings.get(i).as_bytes())
            {
                return Some(number);
            }
            slot = (slot + 1) & (self.slots.len() - 1);
        }
        self.add(strings.get(i), key)
    }

    fn add(&mut self, text: &str, key: u128) -> Option<u32> {
        let number = u32::try_from(self.keys.len()).ok()?;
        if self.plain.len() + LENGTH + text.len() > Self::MOST_BYTES {
            return None;
        }
        self.keys.push(key);
        self.starts.push(self.plain.len());
        push_plain(&mut self.plain, text);
        if 2 * self.keys.len() > self.slots.len() {
            self.slots = vec![0; 2 * self.slots.len()];
            (0..self.keys.len()).for_each(|number| self.take_slot(number));
        } else {
            self.take_slot(number as usize);
        }
        Some(number)
    }

    /// What stands for a string that is longer than a view holds: its length and a hash.
    fn long_key(&self, text: &str) -> u128 {
        u128::from(self.hasher.hash_one(text)) << 64 | text.len() as u128
    }

    #[inline]
    fn slot(&self, key: u128) -> usize {
        let half = u128::from(u64::MAX);
        let [a, b] = self.seeds.map(u128::from);
        let product = (key & half ^ a) * (key >> 64 ^ b);
        let hash = (product >> 64 ^ product) as usize;
        hash & (self.slots.len() - 1)
    }

    fn take_slot(&mut self, number: usize) {
        let mut slot = self.slot(self.keys[number]);
        while self.slots[slot] > 0 {
            slot = (slot + 1) & (self.slots.len() - 1);
        }
        #[expect(clippy::cast_possible_truncation, reason = "numbers are 32 bits wide")]
        let number = number as u32;
        self.slots[slot] = number + 1;
    }
}

/// The key of no string.
const LONG: u128 = u128::MAX;

/// Bytes of the length before each string.
const LENGTH: usize = size_of::<u32>();

/// Appends a string in PLAIN encoding. Lists of Arrow's cannot hold one whose length needs more than 32 bits.
#[inline]
pub(super) fn push_plain(bytes: &mut Vec<u8>, text: &str) {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "checked where the array was made"
    )]
    let length = text.len() as u32;
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.extend_from_slice(text.as_bytes());
}
