//! The original's `WordpieceEncoder`.

use std::sync::Arc;

use super::vocabulary::{Node, Vocabulary};
use crate::error::{Error, Result};
use crate::utf16;

/// Cuts words into entries of a vocabulary, the longest first; entries that go on a word start with `##`.
///
/// The original tries prefixes of every length in UTF-16 units, also those that end inside a surrogate pair. Such a
/// prefix is no entry, because entries are whole strings, so whole characters are enough here.
#[derive(Debug, Clone)]
pub struct WordPiece {
    vocabulary: Arc<Vocabulary>,
    unknown: u32,
    /// The prefix `##`.
    inner: Option<Node>,
}

impl WordPiece {
    /// Longest word in UTF-16 units; a longer one is unknown as a whole.
    pub const MAX_WORD: usize = 200;

    /// # Errors
    /// [`Error::MissingEntry`] if the vocabulary has no `[UNK]`.
    pub fn new(vocabulary: Arc<Vocabulary>) -> Result<Self> {
        let unknown = vocabulary
            .get("[UNK]")
            .ok_or(Error::MissingEntry { entry: "[UNK]" })?;
        let inner = vocabulary.node("##");
        Ok(Self {
            vocabulary,
            unknown,
            inner,
        })
    }

    /// Appends the ids of the pieces of `word` to `out`: one `[UNK]` if the word is too long or some part of it is no
    /// entry, nothing for the empty word.
    pub fn pieces(&self, word: &str, out: &mut Vec<u32>) {
        let first = out.len();
        if word.len() > Self::MAX_WORD && utf16::len(word) > Self::MAX_WORD {
            out.push(self.unknown);
            return;
        }
        let mut rest = word.as_bytes();
        let mut root = Some(Vocabulary::ROOT);
        while !rest.is_empty() {
            let Some((id, len)) = root.and_then(|root| self.longest(root, rest)) else {
                out.truncate(first);
                out.push(self.unknown);
                return;
            };
            out.push(id);
            rest = &rest[len..];
            root = self.inner;
        }
    }

    /// The longest entry below `root` that `bytes` start with: its id and its length below `root`.
    fn longest(&self, root: Node, bytes: &[u8]) -> Option<(u32, usize)> {
        let mut node = root;
        let mut best = None;
        for (len, &byte) in (1..).zip(bytes) {
            let Some(child) = self.vocabulary.child(node, byte) else {
                break;
            };
            node = child;
            if let Some(id) = self.vocabulary.id(node) {
                best = Some((id, len));
            }
        }
        best
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(entries: &[&str], word: &str) -> Vec<u32> {
        let word_piece = WordPiece::new(Arc::new(Vocabulary::new(entries).unwrap())).unwrap();
        let mut out = vec![77];
        word_piece.pieces(word, &mut out);
        assert_eq!(out.remove(0), 77, "what was there stays");
        out
    }

    #[test]
    fn the_longest_entry_is_taken() {
        let entries = [
            "[UNK]", "un", "una", "##able", "##ble", "##b", "##le", "😀", "##😀", "able",
        ];
        let cases: [(&str, &[u32]); 8] = [
            ("unable", &[2, 4]),
            ("unb", &[1, 5]),
            ("unx", &[0]),
            ("able", &[9]),
            ("😀😀", &[7, 8]),
            ("", &[]),
            ("##b", &[5]),
            ("x", &[0]),
        ];
        for (word, expected) in cases {
            assert_eq!(pieces(&entries, word), expected, "{word}");
        }
    }

    #[test]
    fn a_word_of_more_than_200_units_is_unknown() {
        let entries = ["[UNK]", "é", "##é", "😀", "##😀"];
        assert_eq!(pieces(&entries, &"é".repeat(200)).len(), 200);
        assert_eq!(pieces(&entries, &"é".repeat(201)), [0]);
        assert_eq!(pieces(&entries, &"😀".repeat(100)).len(), 100);
        assert_eq!(pieces(&entries, &"😀".repeat(101)), [0]);
    }

    #[test]
    fn an_unknown_entry_is_needed() {
        let error = WordPiece::new(Arc::new(Vocabulary::new(["a"]).unwrap())).unwrap_err();
        assert_eq!(error.to_string(), "token [UNK] not found in vocabulary");
    }
}
