//! The tokenizer that a model was trained with.

use std::fmt;
use std::ops::Range;

use tokenizers::Tokenizer;

use crate::error::{Error, Result};

/// A word piece and the part of the text it was made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Its id in the model's vocabulary.
    pub id: u32,
    /// Where it stands: bytes of the text as it was before any normalisation.
    pub bytes: Range<usize>,
}

/// A model's own tokenizer, which cuts whole texts into pieces: a `tokenizer.json` on the engine that transformers' fast
/// tokenizers run on.
pub struct ModelTokenizer {
    tokenizer: Tokenizer,
    before: Vec<u32>,
    after: Vec<u32>,
}

impl ModelTokenizer {
    /// A tokenizer as a `tokenizer.json` says it, without its truncation and padding. Where it does not say what stands
    /// around a text, that is `cls` and `sep`.
    ///
    /// # Errors
    /// [`Error::ModelTokenizer`] if the engine does not take it.
    pub fn from_json(json: &[u8], cls: u32, sep: u32) -> Result<Self> {
        let mut tokenizer = Tokenizer::from_bytes(json).map_err(refused)?;
        tokenizer.with_truncation(None).map_err(refused)?;
        tokenizer.with_padding(None);
        let (mut before, mut after) = (vec![cls], vec![sep]);
        if tokenizer.get_post_processor().is_some() {
            let example = tokenizer.encode("a", true).map_err(refused)?;
            let (ids, mask) = (example.get_ids(), example.get_special_tokens_mask());
            let first = mask.iter().position(|&special| special == 0);
            let last = mask.iter().rposition(|&special| special == 0);
            if let (Some(first), Some(last)) = (first, last) {
                before = ids[..first].to_vec();
                after = ids[last + 1..].to_vec();
            }
        }
        Ok(Self {
            tokenizer,
            before,
            after,
        })
    }

    /// Puts the pieces of a text into `out`, in the place of what is there. White space and what normalisation removes
    /// is part of none.
    ///
    /// # Errors
    /// [`Error::ModelTokenizer`] where the engine fails, which BERT's rules never do.
    pub fn pieces(&self, text: &str, out: &mut Vec<Piece>) -> Result<()> {
        let encoding = self.tokenizer.encode(text, false).map_err(refused)?;
        let pieces = encoding.get_ids().iter().zip(encoding.get_offsets());
        out.clear();
        out.extend(pieces.map(|(&id, &(start, end))| Piece {
            id,
            bytes: start..end,
        }));
        Ok(())
    }

    /// The ids that stand before each text: `[CLS]`.
    #[must_use]
    pub fn before(&self) -> &[u32] {
        &self.before
    }

    /// The ids that stand after each text: `[SEP]`.
    #[must_use]
    pub fn after(&self) -> &[u32] {
        &self.after
    }

    /// The largest id that a piece can have.
    #[must_use]
    pub fn largest_id(&self) -> u32 {
        let around = self.before.iter().chain(&self.after).copied();
        let vocabulary = self.tokenizer.get_vocab(true);
        vocabulary.into_values().chain(around).max().unwrap_or(0)
    }
}

impl fmt::Debug for ModelTokenizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the vocabulary.
        f.debug_struct("ModelTokenizer")
            .field("before", &self.before)
            .field("after", &self.after)
            .finish_non_exhaustive()
    }
}

fn refused(source: tokenizers::Error) -> Error {
    Error::ModelTokenizer {
        message: source.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MODEL: &str = r###""model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
        "max_input_chars_per_word": 100,
        "vocab": {"[UNK]": 0, "[CLS]": 1, "[SEP]": 2, "a": 3, "un": 4, "##able": 5, "é": 6, "<s>": 7}}"###;

    fn tokenizer(rest: &str) -> ModelTokenizer {
        let json = format!(r#"{{"version": "1.0", "added_tokens": [], {rest}, {MODEL}}}"#);
        ModelTokenizer::from_json(json.as_bytes(), 1, 2).unwrap()
    }

    #[test]
    fn pieces_know_their_place() {
        let rules = r#""normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
            "strip_accents": null, "lowercase": true}, "pre_tokenizer": {"type": "BertPreTokenizer"}"#;
        let tokenizer = tokenizer(rules);
        let mut out = vec![Piece { id: 9, bytes: 0..1 }];
        tokenizer.pieces("Á UN\u{1}able", &mut out).unwrap();
        let found: Vec<_> = out.iter().map(|p| (p.id, p.bytes.clone())).collect();
        assert_eq!(found, [(3, 0..2), (4, 3..5), (5, 6..10)]);
        assert_eq!(
            (tokenizer.before(), tokenizer.after()),
            (&[1][..], &[2][..])
        );
        assert_eq!(tokenizer.largest_id(), 7);
    }

    #[test]
    fn the_post_processor_says_what_stands_around() {
        let rules = r#""pre_tokenizer": {"type": "BertPreTokenizer"},
            "post_processor": {"type": "BertProcessing", "cls": ["<s>", 7], "sep": ["[SEP]", 2]}"#;
        let tokenizer = tokenizer(rules);
        assert_eq!(
            (tokenizer.before(), tokenizer.after()),
            (&[7][..], &[2][..])
        );
    }

    #[test]
    fn truncation_and_padding_are_left_out() {
        let rules = r#""pre_tokenizer": {"type": "BertPreTokenizer"},
            "truncation": {"direction": "Right", "max_length": 2, "strategy": "LongestFirst", "stride": 0},
            "padding": {"strategy": {"Fixed": 9}, "direction": "Right", "pad_to_multiple_of": null, "pad_id": 0,
            "pad_type_id": 0, "pad_token": "[UNK]"}"#;
        let mut out = Vec::new();
        tokenizer(rules).pieces("a a a", &mut out).unwrap();
        assert_eq!(out.len(), 3);
    }

    #[test]
    fn what_is_no_tokenizer_is_refused() {
        let error = ModelTokenizer::from_json(b"{}", 1, 2).unwrap_err();
        assert!(matches!(error, Error::ModelTokenizer { .. }), "{error}");
    }
}
