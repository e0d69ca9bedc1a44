//! Word pieces.

use std::sync::Arc;

use hearth_text::piece::{Vocabulary, WordPiece, first_word, lower_case};

/// What holds of a token's first word and its pieces: they spell the word, each the longest entry there, or the word is
/// unknown. Of equal entries the last counts; `[UNK]` is put in front of `entries`.
pub fn check(entries: &[&str], cased: bool, token: &str) {
    let mut all = vec!["[UNK]"];
    all.extend(entries);
    let vocabulary = Arc::new(Vocabulary::new(&all).expect("a small vocabulary"));
    assert_eq!(vocabulary.len(), all.len());
    for entry in &all {
        let last = all
            .iter()
            .rposition(|other| other == entry)
            .map(|n| n as u32);
        assert_eq!(vocabulary.get(entry), last, "{all:?}: {entry:?}");
    }
    let word_piece = WordPiece::new(vocabulary).expect("an unknown entry");
    let token = if cased {
        token.into()
    } else {
        lower_case(token)
    };
    let mut buffer = String::new();
    let Some(word) = first_word(&token, !cased, &mut buffer) else {
        return;
    };
    assert!(
        !word
            .chars()
            .any(|c| matches!(c, '\0'..=' ' | '\u{7F}'..='\u{9F}')),
        "{token:?}: {word:?}"
    );
    let mut found = Vec::new();
    word_piece.pieces(word, &mut found);
    assert_eq!(found, expected(&all, word), "{all:?} {word:?}");
}

/// `WordpieceEncoder`: prefixes from the longest on.
fn expected(entries: &[&str], word: &str) -> Vec<u32> {
    let unknown = || {
        vec![
            entries
                .iter()
                .rposition(|&entry| entry == "[UNK]")
                .expect("put there") as u32,
        ]
    };
    if word.encode_utf16().count() > WordPiece::MAX_WORD {
        return unknown();
    }
    let mut pieces = Vec::new();
    let mut start = 0;
    while start < word.len() {
        let rest = &word[start..];
        let ends = rest.char_indices().map(|(i, c)| i + c.len_utf8());
        let prefix = if start > 0 { "##" } else { "" };
        let longest = ends.rev().find_map(|end| {
            let piece = format!("{prefix}{}", &rest[..end]);
            Some((entries.iter().rposition(|&entry| entry == piece)?, end))
        });
        let Some((id, end)) = longest else {
            return unknown();
        };
        pieces.push(id as u32);
        start += end;
    }
    pieces
}
