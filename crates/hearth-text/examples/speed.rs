//! Speed on one core, and how time grows on texts made to be slow: `cargo run --release -p hearth-text --example speed`.
#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a program that reads recorded texts and prints"
)]

use std::error::Error;
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hearth_text::cleanup::{CleanupMode, clean};
use hearth_text::piece::{Vocabulary, WordPiece, first_word, lower_case};
use hearth_text::sentence::{RuleSet, Scratch, SentenceDetector, SentenceRules};
use hearth_text::token::Tokenizer;
use serde_json::Value;

/// Bytes of prose per measurement.
const PROSE: usize = 32 << 20;
/// Bytes of a document of prose.
const DOCUMENT: usize = 2_000;
/// Bytes of the smaller of two adversarial texts; the other has four times as many.
const ADVERSARIAL: usize = 1 << 20;

fn main() -> Result<(), Box<dyn Error>> {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data");
    let documents = prose(&std::fs::read_to_string(
        data.join("golden/spark-nlp-5.5.3/texts.jsonl"),
    )?)?;
    let vocabulary = std::fs::read_to_string(data.join("models/tiny_uncased/vocab.txt"))?;
    let pieces = WordPiece::new(Arc::new(Vocabulary::new(vocabulary.lines())?))?;
    speeds(&documents, &pieces)?;
    growth()?;
    Ok(())
}

/// Documents made of recorded prose, in an order that varies.
fn prose(lines: &str) -> Result<Vec<String>, Box<dyn Error>> {
    let mut texts = Vec::new();
    for line in lines.lines() {
        let row: Value = serde_json::from_str(line)?;
        let (Some(id), Some(text)) = (row["id"].as_str(), row["text"].as_str()) else {
            continue;
        };
        if [
            "bio-abstract",
            "bio-figs",
            "bio-note",
            "brk-paren",
            "sent-two",
            "tok-us",
            "abbr-etal",
            "quo-double",
            "bio-names",
        ]
        .contains(&id)
        {
            texts.push(text.to_owned());
        }
    }
    texts.push(
        "The patient was a middle aged woman who came to the hospital with pain in the left arm and a cough that \
         had lasted for three weeks. She had been treated before in another clinic, where no cause was found. On \
         examination the lungs were clear and the heart sounds were normal (no murmurs). We then took blood samples \
         and asked for an X-ray of the chest, which showed a small shadow in the upper part of the right lung."
            .to_owned(),
    );
    let mut order = 1_usize;
    let mut documents = Vec::new();
    let mut size = 0;
    while size < PROSE {
        let mut document = String::new();
        while document.len() < DOCUMENT {
            order = order
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            // Two parts in three are the plain paragraph, as in running text.
            let n = (order >> 33) % (3 * texts.len());
            document.push_str(texts.get(n).unwrap_or(&texts[texts.len() - 1]));
            document.push(' ');
        }
        size += document.len();
        documents.push(document);
    }
    Ok(documents)
}

/// The best of five runs.
fn best(mut run: impl FnMut() -> usize) -> (Duration, usize) {
    (0..5)
        .map(|_| {
            let start = Instant::now();
            let count = black_box(run());
            (start.elapsed(), count)
        })
        .min()
        .unwrap_or_default()
}

fn report(name: &str, bytes: usize, (time, count): (Duration, usize)) {
    let seconds = time.as_secs_f64();
    let (megabytes, millions) = (bytes as f64 / 1e6 / seconds, count as f64 / 1e6 / seconds);
    println!("{name:<28} {megabytes:8.0} MB/s {millions:8.2} M/s {count:10}");
}

fn speeds(documents: &[String], word_piece: &WordPiece) -> hearth_text::Result<()> {
    let bytes = documents.iter().map(String::len).sum();
    let detector = SentenceDetector::default();
    let tokenizer = Tokenizer::default();
    let mut scratch = Scratch::default();
    let mut sentences: Vec<String> = Vec::new();
    for document in documents {
        detector.detect(document, &mut scratch, |s| {
            sentences.push(s.text.to_owned());
        })?;
    }
    let mut tokens: Vec<&str> = Vec::new();
    for sentence in &sentences {
        tokenizer.tokenize(sentence, |t| {
            tokens.extend(t.at.map(|at| &sentence[at..at + t.text.len()]));
        })?;
    }
    report(
        "cleanup shrink (unchanged)",
        bytes,
        best(|| {
            documents
                .iter()
                .map(|d| clean(CleanupMode::Shrink, d).len())
                .sum()
        }),
    );
    let bounded = |only| {
        SentenceDetector::new(SentenceRules {
            custom_bounds: vec![r"\n".to_owned(), r"\s+\(".to_owned()],
            use_custom_bounds_only: only,
            ..SentenceRules::default()
        })
    };
    let improved = SentenceDetector::new(SentenceRules {
        rule_set: RuleSet::Improved,
        ..SentenceRules::default()
    })?;
    for (name, detector) in [
        ("sentences", detector),
        ("sentences, custom bounds", bounded(false)?),
        ("sentences, custom only", bounded(true)?),
        ("sentences, improved", improved),
    ] {
        report(
            name,
            bytes,
            best(|| {
                let mut count = 0;
                for document in documents {
                    // Bounds without choices do not run out of steps.
                    let found = detector.detect(document, &mut scratch, |_| count += 1);
                    debug_assert_eq!(found, Ok(()));
                }
                count
            }),
        );
    }
    report(
        "tokens",
        bytes,
        best(|| {
            let mut count = 0;
            for sentence in &sentences {
                let found = tokenizer.tokenize(sentence, |_| count += 1);
                debug_assert!(found.is_ok());
            }
            count
        }),
    );
    let mut buffer = String::new();
    report(
        "lower case, first word",
        bytes,
        best(|| {
            tokens
                .iter()
                .filter(|token| first_word(&lower_case(token), true, &mut buffer).is_some())
                .count()
        }),
    );
    let mut ids = Vec::new();
    report(
        "lower case to pieces",
        bytes,
        best(|| {
            let mut count = 0;
            for token in &tokens {
                let lower = lower_case(token);
                ids.clear();
                if let Some(word) = first_word(&lower, true, &mut buffer) {
                    word_piece.pieces(word, &mut ids);
                }
                count += ids.len();
            }
            count
        }),
    );
    Ok(())
}

/// Prints times for n and 4n bytes of texts that make a careless implementation quadratic.
fn growth() -> hearth_text::Result<()> {
    let units = [
        "\"",
        "(",
        "[",
        "'",
        " '",
        "' ",
        "1. ",
        "...",
        "... ",
        "a.b.",
        "word",
        "!",
        "\\n",
        "\\r",
        ";",
        ". ",
        ".",
        "a)",
        "p.m.",
        "no. ",
        "N°. ",
        "x. Y ",
        "\u{F050}",
        "\u{F056}",
        "\u{F057}",
        "\u{F051}",
        "x\u{F051} ",
        "\u{301}a.b",
        "\u{2566} ab. ",
        "é",
        "😀. ",
        " 'a'\\ b. ",
    ];
    println!(
        "\n{:<16} {:>12} {:>12} {:>7}",
        "repeated", "n", "4n", "ratio"
    );
    for unit in units {
        let of_size = |size: usize| all_of(&unit.repeat(size / unit.len()));
        let (small, large) = (of_size(ADVERSARIAL)?, of_size(4 * ADVERSARIAL)?);
        println!(
            "{unit:<16?} {small:>12.3?} {large:>12.3?} {:7.1}",
            large.as_secs_f64() / small.as_secs_f64()
        );
    }
    Ok(())
}

fn all_of(text: &str) -> hearth_text::Result<Duration> {
    let start = Instant::now();
    for mode in CleanupMode::ALL {
        black_box(clean(mode, text));
    }
    let detector = SentenceDetector::default();
    let tokenizer = Tokenizer::default();
    let mut buffer = String::new();
    detector.detect(text, &mut Scratch::default(), |sentence| {
        let tokenized = tokenizer.tokenize(sentence.text, |t| {
            black_box(first_word(&lower_case(t.text), true, &mut buffer));
        });
        debug_assert!(tokenized.is_ok(), "the default patterns do not fail");
    })?;
    Ok(start.elapsed())
}
