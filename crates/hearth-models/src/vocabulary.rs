use std::collections::HashSet;
use std::path::Path;

use crate::error::{Error, Result};
use crate::warning::Warning;

/// The tokens without which no sentence can be encoded.
const NEEDED: [&str; 3] = ["[UNK]", "[CLS]", "[SEP]"];

/// The entries of a `vocab.txt`: UTF-8, one per line, id = line.
///
/// Lines end at `\n`, `\r\n` or `\r`, and nothing is trimmed (Spark NLP 5.5.3, import of `assets/vocab.txt`); the
/// end of the last line makes no entry of its own.
pub(crate) fn from_lines(file: &Path, bytes: &[u8]) -> Result<Vec<String>> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(lines(text).map(str::to_owned).collect()),
        Err(e) => {
            let valid = String::from_utf8_lossy(&bytes[..e.valid_up_to()]);
            Err(Error::NotUtf8 {
                file: file.to_owned(),
                line: lines(&format!("{valid}?")).count(),
            })
        }
    }
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = rest.find(['\n', '\r']).unwrap_or(rest.len());
        let (line, tail) = rest.split_at(end);
        rest = ["\r\n", "\n", "\r"]
            .iter()
            .find_map(|ending| tail.strip_prefix(ending))
            .unwrap_or(tail);
        Some(line)
    })
}

/// Whether the vocabulary can be used with a word embedding table of `rows` rows.
pub(crate) fn check(file: &Path, entries: &[String], rows: usize) -> Result<()> {
    if entries.len() > rows {
        return Err(Error::VocabularyTooLarge {
            file: file.to_owned(),
            entries: entries.len(),
            rows,
        });
    }
    for token in NEEDED {
        if !entries.iter().any(|entry| entry == token) {
            return Err(Error::MissingToken {
                file: file.to_owned(),
                token,
            });
        }
    }
    Ok(())
}

/// What is odd about a vocabulary that passed [`check`].
pub(crate) fn warnings(
    entries: &[String],
    rows: usize,
    case_sensitive: Option<bool>,
) -> Vec<Warning> {
    let mut warnings = Vec::new();
    if entries.len() < rows {
        warnings.push(Warning::ShortVocabulary {
            entries: entries.len(),
            rows,
        });
    }
    // From the end, so that what is already there is the entry that counts.
    let mut seen = HashSet::with_capacity(entries.len());
    let repeated: Vec<_> = entries.iter().rev().filter(|e| !seen.insert(*e)).collect();
    if let Some(&first) = repeated.last() {
        warnings.push(Warning::DuplicateEntries {
            count: repeated.len(),
            first: first.clone(),
        });
    }
    if case_sensitive == Some(true) && !has_upper_case(entries) {
        warnings.push(Warning::LowerCaseVocabulary);
    }
    warnings
}

/// Whether a word has an upper-case letter. `[CLS]`, `[unused1]` and their like are never looked up as words.
pub(crate) fn has_upper_case(entries: &[String]) -> bool {
    let is_word = |entry: &&String| !(entry.starts_with('[') && entry.ends_with(']'));
    let mut words = entries.iter().filter(is_word);
    words.any(|word| word.chars().any(char::is_uppercase))
}
