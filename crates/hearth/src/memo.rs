//! The vectors of sentences that a run has met, for when they come again.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use hearth_encoder::Encode;

/// What a sentence is known by.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    /// Where its encoder lies, which no other one does while a run holds it.
    encoder: usize,
    /// Its ids, and the positions wanted of it.
    ids: Arc<[u32]>,
    wanted: Arc<[u32]>,
}

impl Key {
    pub(crate) fn of(encoder: &Arc<dyn Encode>, ids: &[u32], wanted: &[u32]) -> Self {
        Key {
            encoder: Arc::as_ptr(encoder).addr(),
            ids: ids.into(),
            wanted: wanted.into(),
        }
    }

    fn bytes(&self) -> usize {
        size_of_val(&*self.ids) + size_of_val(&*self.wanted)
    }
}

/// Keeps vectors of sentences, none of them by default, the oldest of which give way to new ones. Workers share it.
///
/// A vector depends on its sentence alone, so that nothing but time shows whether it was kept. How many sentences are
/// found here does depend on the order in which the workers get to them.
#[derive(Debug, Default)]
pub(crate) struct Memo {
    kept: Mutex<Kept>,
    /// Of all vectors that are kept.
    bytes: usize,
}

#[derive(Debug, Default)]
struct Kept {
    vectors: HashMap<Key, Arc<[f32]>>,
    order: VecDeque<Key>,
    bytes: usize,
}

impl Memo {
    /// A memo for so many bytes of vectors.
    pub(crate) fn new(bytes: usize) -> Self {
        Memo {
            kept: Mutex::default(),
            bytes,
        }
    }

    /// The vectors of each of these sentences that is kept.
    pub(crate) fn find(&self, keys: &[Key]) -> Vec<Option<Arc<[f32]>>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        keys.iter()
            .map(|key| kept.vectors.get(key).cloned())
            .collect()
    }

    /// Keeps vectors of sentences that were not found.
    pub(crate) fn keep<'v>(&self, found: impl IntoIterator<Item = (Key, &'v [f32])>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        for (key, vectors) in found {
            let bytes = size_of_val(vectors) + key.bytes();
            if bytes > self.bytes || kept.vectors.contains_key(&key) {
                continue;
            }
            kept.bytes += bytes;
            kept.vectors.insert(key.clone(), vectors.into());
            kept.order.push_back(key);
            while kept.bytes > self.bytes {
                let Some(oldest) = kept.order.pop_front() else {
                    break;
                };
                if let Some(vectors) = kept.vectors.remove(&oldest) {
                    kept.bytes -= size_of_val(&*vectors) + oldest.bytes();
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(n: u32) -> Key {
        Key {
            encoder: 0,
            ids: [n].into(),
            wanted: [n + 1].into(),
        }
    }

    #[test]
    fn the_oldest_give_way() {
        // A key of 8 bytes and vectors of 32.
        let memo = Memo::new(3 * 40);
        for n in 0..5 {
            memo.keep([(key(n), &[n as f32; 8][..])]);
            memo.keep([(key(n), &[f32::NAN; 8][..])]);
        }
        let found = memo.find(&[0, 1, 2, 3, 4].map(key));
        let found: Vec<Option<f32>> = found.iter().map(|v| v.as_ref().map(|v| v[0])).collect();
        assert_eq!(found, [None, None, Some(2.0), Some(3.0), Some(4.0)]);
    }

    #[test]
    fn what_is_too_large_is_not_kept() {
        let memo = Memo::new(100);
        memo.keep([(key(1), &[1.0; 8][..]), (key(2), &[2.0; 100][..])]);
        let found = memo.find(&[key(1), key(2)]);
        assert!(found[0].is_some() && found[1].is_none());
        let none = Memo::default();
        none.keep([(key(1), &[1.0; 8][..])]);
        assert_eq!(none.find(&[key(1)]), [None]);
    }
}
