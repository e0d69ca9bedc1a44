//! Text to measure on: English prose and clinical notes of the sample corpus, varied until there is enough of them.

use std::path::Path;

use anyhow::{Context, Result};
use serde::Deserialize;

/// Bytes of a document, about.
const DOCUMENT: usize = 2_000;

/// Documents of one kind.
pub(crate) struct Corpus {
    pub(crate) name: &'static str,
    pub(crate) documents: Vec<String>,
}

impl Corpus {
    pub(crate) fn bytes(&self) -> usize {
        self.documents.iter().map(String::len).sum()
    }

    /// The first documents, `bytes` of them and a little more.
    pub(crate) fn first(&self, bytes: usize) -> Corpus {
        let mut size = 0;
        let wanted = |document: &&String| {
            let more = size < bytes;
            size += document.len();
            more
        };
        Corpus {
            name: self.name,
            documents: self.documents.iter().take_while(wanted).cloned().collect(),
        }
    }
}

#[derive(Deserialize)]
struct Row {
    source: String,
    text: Option<String>,
}

/// Both corpora, of `bytes` each; always the same.
pub(crate) fn load(bytes: usize) -> Result<Vec<Corpus>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../data/corpora/sample.jsonl");
    let lines = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let rows: Vec<Row> = lines
        .lines()
        .map(serde_json::from_str)
        .collect::<Result<_, _>>()?;
    let of = |name, source| {
        let texts = rows
            .iter()
            .filter(|row| row.source == source)
            .filter_map(|row| row.text.as_deref());
        Corpus {
            name,
            documents: varied(&texts.collect::<Vec<_>>(), bytes),
        }
    };
    Ok(vec![of("prose", "prose"), of("notes", "clinical")])
}

/// Documents of texts drawn at random. In these one lower-case word in four is another one of the corpus, and digits are
/// others, so that a processor cannot learn the texts by heart; their marks, lines and capitals stay.
fn varied(texts: &[&str], bytes: usize) -> Vec<String> {
    let words: Vec<&str> = texts.iter().flat_map(|text| runs(text)).collect();
    let words: Vec<&str> = words.into_iter().filter(|run| is_word(run)).collect();
    let mut random = Random(1);
    let mut documents = Vec::new();
    let mut size = 0;
    while size < bytes {
        let mut document = String::with_capacity(2 * DOCUMENT);
        while document.len() < DOCUMENT {
            for run in runs(texts[random.below(texts.len())]) {
                if is_word(run) && random.below(4) == 0 {
                    document.push_str(words[random.below(words.len())]);
                } else if run.bytes().all(|b| b.is_ascii_digit()) {
                    document.extend(run.bytes().map(|_| {
                        char::from_digit(u32::try_from(random.below(10)).unwrap_or(0), 10)
                            .unwrap_or('0')
                    }));
                } else {
                    document.push_str(run);
                }
            }
            document.push_str("\n\n");
        }
        size += document.len();
        documents.push(document);
    }
    documents
}

/// Runs of letters, of digits, and of all else.
fn runs(text: &str) -> impl Iterator<Item = &str> {
    let kind = |c: char| (c.is_alphabetic(), c.is_ascii_digit());
    let mut rest = text;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let end = rest.find(|c| kind(c) != kind(first)).unwrap_or(rest.len());
        let (run, later) = rest.split_at(end);
        rest = later;
        Some(run)
    })
}

/// Whether a run may stand for another: three lower-case letters or more.
fn is_word(run: &str) -> bool {
    run.len() > 2 && run.bytes().all(|b| b.is_ascii_lowercase())
}

/// A linear congruential generator.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or(0) % n.max(1)
    }
}
