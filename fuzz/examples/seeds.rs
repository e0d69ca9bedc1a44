//! Writes what fuzzing starts from into `corpus`: an input for each target and recorded text, with several settings and
//! first lines, and `corpus/rules.dict`, the strings that the rules look at.

use std::collections::BTreeSet;
use std::error::Error;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use hearth_testkit::generate::{CHOICES, FILES, PARTS, PATTERNS, WORDS};

/// Longer texts make slow seeds.
const LONGEST: usize = 2_000;

/// Targets, and with what the texts of their seeds start.
const TARGETS: [(&str, &[&str]); 12] = [
    ("cleanup", &[""]),
    ("sentence_detector", &[""]),
    ("improved", &[""]),
    ("tokenizer", &[""]),
    ("java_pattern", PATTERNS),
    ("regex_tokenizer", PATTERNS),
    ("normalizer", PATTERNS),
    ("stop_words", WORDS),
    ("word_piece", WORDS),
    ("pipeline", PATTERNS),
    ("pipeline_chunks", WORDS),
    ("pipeline_file", FILES),
];

fn main() -> Result<(), Box<dyn Error>> {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR"));
    let texts = fs::read_to_string(fuzz.join("../data/golden/spark-nlp-5.5.3/texts.jsonl"))?;
    let mut all = Vec::new();
    for line in texts.lines() {
        let row: serde_json::Value = serde_json::from_str(line)?;
        let text = row["text"].as_str().unwrap_or_default().to_owned();
        if text.len() <= LONGEST {
            all.push(text);
        }
    }
    all.extend(PARTS.iter().map(|part| part.repeat(5)));
    for (target, first_lines) in TARGETS {
        let folder = fuzz.join("corpus").join(target);
        fs::create_dir_all(&folder)?;
        for (n, text) in all.iter().enumerate() {
            let choices: Vec<u8> = (0..CHOICES).map(|i| (n % 5 * (7 * i + n)) as u8).collect();
            let first_line = first_lines[n % first_lines.len()];
            let input = [&choices, first_line.as_bytes(), text.as_bytes()].concat();
            fs::write(folder.join(format!("seed-{n}")), input)?;
        }
    }
    let mut dictionary = String::new();
    let parts: BTreeSet<_> = PARTS.iter().chain(PATTERNS).chain(WORDS).collect();
    for part in parts {
        dictionary.push('"');
        for byte in part.bytes() {
            write!(dictionary, "\\x{byte:02X}")?;
        }
        dictionary.push_str("\"\n");
    }
    fs::write(fuzz.join("corpus/rules.dict"), dictionary)?;
    Ok(())
}
