//! The entries of a vocabulary, as a tree of their prefixes.

use crate::error::{Error, Result};

/// A model's entries. The id of an entry is its place in the list; of equal entries the last one counts.
#[derive(Debug, Clone)]
pub struct Vocabulary {
    edges: Edges,
    /// Id of the entry that ends at a node, [`NONE`] for none.
    ids: Vec<u32>,
    len: usize,
}

/// A prefix of entries; the root is the empty one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Node(u32);

const NONE: u32 = u32::MAX;
/// A node and a byte share 32 bits.
const MAX_NODES: usize = 1 << 24;

impl Vocabulary {
    /// Numbers `entries` from 0.
    ///
    /// # Errors
    /// [`Error::VocabularyTooLarge`] if the entries have more than 2^24 distinct prefixes.
    pub fn new<S: AsRef<str>>(entries: impl IntoIterator<Item = S>) -> Result<Self> {
        let mut vocabulary = Self {
            edges: Edges::new(),
            ids: vec![NONE],
            len: 0,
        };
        for entry in entries {
            vocabulary.push(entry.as_ref())?;
        }
        Ok(vocabulary)
    }

    fn push(&mut self, entry: &str) -> Result<()> {
        let full = Error::VocabularyTooLarge {
            entries: self.len + 1,
            limit: MAX_NODES,
        };
        let mut node = Self::ROOT;
        for byte in entry.bytes() {
            node = match self.child(node, byte) {
                Some(child) => child,
                None => {
                    let number = u32::try_from(self.ids.len())
                        .ok()
                        .filter(|&n| (n as usize) < MAX_NODES);
                    let child = Node(number.ok_or(full.clone())?);
                    self.edges.insert(node, byte, child);
                    self.ids.push(NONE);
                    child
                }
            };
        }
        self.ids[node.0 as usize] = u32::try_from(self.len).map_err(|_| full)?;
        self.len += 1;
        Ok(())
    }

    /// Number of entries, equal ones counted.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are no entries.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The id of an entry.
    #[must_use]
    pub fn get(&self, entry: &str) -> Option<u32> {
        self.id(self.node(entry)?)
    }

    pub(super) const ROOT: Node = Node(0);

    /// The node of a prefix.
    pub(super) fn node(&self, prefix: &str) -> Option<Node> {
        prefix
            .bytes()
            .try_fold(Self::ROOT, |node, byte| self.child(node, byte))
    }

    pub(super) fn child(&self, node: Node, byte: u8) -> Option<Node> {
        self.edges.get(node, byte)
    }

    /// The id of the entry that ends at `node`.
    pub(super) fn id(&self, node: Node) -> Option<u32> {
        let id = self.ids[node.0 as usize];
        (id != NONE).then_some(id)
    }
}

/// Edges from node to node, in a hash table with open addressing and at least half of it free.
#[derive(Debug, Clone)]
struct Edges {
    slots: Vec<Edge>,
    used: usize,
}

/// A slot; empty if the edge leads to the root, as none does.
#[derive(Debug, Clone, Copy)]
struct Edge {
    /// The node in the upper 24 bits, the byte in the lower 8.
    key: u32,
    child: Node,
}

const EMPTY: Edge = Edge {
    key: 0,
    child: Vocabulary::ROOT,
};

impl Edges {
    fn new() -> Self {
        Self {
            slots: vec![EMPTY; 1 << 10],
            used: 0,
        }
    }

    fn key(node: Node, byte: u8) -> u32 {
        node.0 << 8 | u32::from(byte)
    }

    /// The slot of a key, or the empty one where it belongs.
    fn slot(&self, key: u32) -> usize {
        let mask = self.slots.len() - 1;
        // Fibonacci hashing: the upper bits of the product, as many as number the slots.
        let mut slot = (key.wrapping_mul(0x9E37_79B1)
            >> (u32::BITS - self.slots.len().trailing_zeros())) as usize;
        while self.slots[slot].child != Vocabulary::ROOT && self.slots[slot].key != key {
            slot = (slot + 1) & mask;
        }
        slot
    }

    fn get(&self, node: Node, byte: u8) -> Option<Node> {
        let child = self.slots[self.slot(Self::key(node, byte))].child;
        (child != Vocabulary::ROOT).then_some(child)
    }

    fn insert(&mut self, node: Node, byte: u8, child: Node) {
        self.used += 1;
        if 2 * self.used > self.slots.len() {
            let larger = vec![EMPTY; 2 * self.slots.len()];
            for edge in std::mem::replace(&mut self.slots, larger) {
                if edge.child != Vocabulary::ROOT {
                    let slot = self.slot(edge.key);
                    self.slots[slot] = edge;
                }
            }
        }
        let key = Self::key(node, byte);
        let slot = self.slot(key);
        self.slots[slot] = Edge { key, child };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_places_and_the_last_of_equals_wins() {
        let vocabulary = Vocabulary::new(["a", "ab", "a", "", "é", "abc"]).unwrap();
        let ids =
            ["a", "ab", "", "é", "abc", "b", "abcd", "\u{C3}"].map(|entry| vocabulary.get(entry));
        assert_eq!(
            ids,
            [
                Some(2),
                Some(1),
                Some(3),
                Some(4),
                Some(5),
                None,
                None,
                None
            ]
        );
        assert_eq!((vocabulary.len(), vocabulary.is_empty()), (6, false));
    }

    #[test]
    fn many_entries_are_all_found() {
        let entries: Vec<String> = (0..50_000).map(|n| format!("{n:x}")).collect();
        let vocabulary = Vocabulary::new(&entries).unwrap();
        for (n, entry) in (0..).zip(&entries) {
            assert_eq!(vocabulary.get(entry), Some(n));
        }
        assert_eq!(vocabulary.get("fffff"), None);
    }
}
