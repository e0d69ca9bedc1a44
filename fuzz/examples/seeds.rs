//! Writes what fuzzing starts from into `corpus`: an input for each target and recorded text, with several settings and
//! first lines, and `corpus/rules.dict`, the strings that the rules look at. The parsers of model files start from the
//! files under `data`, and from those in its archives.

use std::collections::BTreeSet;
use std::error::Error;
use std::fmt::Write;
use std::fs;
use std::io::{Cursor, Read};
use std::path::Path;

use hearth_testkit::generate::{CHOICES, FILES, PARTS, PATTERNS, WORDS};

/// Longer texts make slow seeds.
const LONGEST: usize = 2_000;

/// Longer files are no seeds of the parsers.
const LONGEST_FILE: usize = 100_000;
/// What a stream of Java objects begins with.
const JAVA: &[u8] = &[0xAC, 0xED, 0x00, 0x05];

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
    for folder in ["archives", "models"] {
        files(
            &fuzz.join("../data").join(folder),
            &fuzz.join("corpus"),
            &mut 0,
        )?;
    }
    Ok(())
}

/// Offers every file below a folder to the parsers of model files.
fn files(folder: &Path, corpus: &Path, count: &mut usize) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            files(&path, corpus, count)?;
        } else {
            offer(&path.to_string_lossy(), &fs::read(&path)?, corpus, count)?;
        }
    }
    Ok(())
}

/// Writes a file where its name belongs, and what is in it if it is an archive.
fn offer(name: &str, bytes: &[u8], corpus: &Path, count: &mut usize) -> Result<(), Box<dyn Error>> {
    let mut seed = |target: &str, bytes: &[u8]| {
        if bytes.len() > LONGEST_FILE {
            return Ok(());
        }
        let folder = corpus.join(format!("models_{target}"));
        fs::create_dir_all(&folder)?;
        *count += 1;
        fs::write(folder.join(format!("seed-{count}")), bytes)
    };
    let file = name.rsplit('/').next().unwrap_or(name);
    match file.rsplit('.').next().unwrap_or(file) {
        "onnx" => seed("onnx", bytes)?,
        "xml" => seed("openvino", bytes)?,
        "safetensors" => seed("safetensors", bytes)?,
        "pkl" => seed("pytorch", bytes)?,
        "pb" | "meta" => seed("tensorflow_graph", bytes)?,
        "index" => {
            seed("tensorflow_index", bytes)?;
            seed("tensorflow_block", bytes)?;
        }
        _ if bytes.starts_with(b"SEQ") => {
            seed("sequence_file", bytes)?;
            // Java's magic number, from which on its objects stand.
            for (at, _) in bytes.windows(4).enumerate().filter(|(_, magic)| *magic == JAVA) {
                seed("java", &bytes[at..])?;
            }
        }
        "bin" if !bytes.starts_with(b"PK") => seed("pytorch", bytes)?,
        _ => {}
    }
    if bytes.starts_with(b"PK") {
        seed("zip", bytes)?;
        let mut archive = zip::ZipArchive::new(Cursor::new(bytes))?;
        for n in 0..archive.len() {
            let mut member = archive.by_index(n)?;
            let mut inner = Vec::new();
            member.read_to_end(&mut inner)?;
            let name = member.name().to_owned();
            offer(&name, &inner, corpus, count)?;
        }
    }
    Ok(())
}
