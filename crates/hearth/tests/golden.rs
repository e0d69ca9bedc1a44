//! What the real Spark NLP answered, through the Rust door.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods
)]

use std::fs;

use hearth::border::{Border, Layout};
use hearth::{Pipeline, Session};
use hearth_testkit::{Case, Tolerance, case_names, data, rows};
use serde_json::{Map, Value, json};

/// Cases of `data/golden/EXCEPTIONS.md`, each with the text it must fail with.
fn exceptions() -> Vec<(String, String)> {
    let table = fs::read_to_string(data().join("golden/EXCEPTIONS.md")).unwrap();
    let rows = table.lines().filter_map(|line| {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let case = cells.get(1)?.strip_prefix('`')?.strip_suffix('`')?;
        Some((case.to_owned(), (*cells.get(2)?).to_owned()))
    });
    rows.collect()
}

fn goldens() -> std::path::PathBuf {
    data().join("golden/spark-nlp-5.5.3")
}

/// The archive, or where it is not among the data the folder of the weights it was made from.
fn model(archive: &str) -> String {
    let zip = data().join("archives").join(format!("{archive}.zip"));
    if zip.exists() {
        return zip.display().to_string();
    }
    let name = archive.split('_').take(2).collect::<Vec<_>>().join("_");
    data().join("models").join(name).display().to_string()
}

enum Outcome {
    Equal,
    /// It failed with this text where Spark NLP failed with another.
    Failed(String),
}

fn run(session: &Session, name: &str) -> Result<Outcome, String> {
    let folder = goldens();
    let case = Case::load(&folder, name);
    let pipeline = Pipeline::from_json(&case.pipeline(model), "golden.json").unwrap();
    let model = session.load(&pipeline).map_err(|e| e.to_string())?;
    let input = case.input(&folder);
    let bound = match (model.bind(input.schema_ref()), &case.head.error) {
        (Ok(bound), None) => bound,
        (Err(error), Some(_)) => {
            return Ok(match case.compare_error(&error.to_string()) {
                Ok(()) => Outcome::Equal,
                Err(_) => Outcome::Failed(error.to_string()),
            });
        }
        (Err(error), None) => return Err(error.to_string()),
        (Ok(bound), Some(failure)) => {
            return match bound.transform(&input) {
                Err(error) => Ok(Outcome::Failed(error.to_string())),
                Ok(_) => Err(format!("worked, where Spark NLP said {:?}", failure.lines)),
            };
        }
    };
    let bound = bound
        .with_border(&Border {
            layout: Layout::Spark,
            columns: None,
        })
        .map_err(|e| e.to_string())?;
    for (column, metadata) in &case.head.columns {
        let field = bound
            .schema()
            .field_with_name(column)
            .map_err(|e| e.to_string())?;
        for (key, value) in metadata {
            let expected = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            if field.metadata().get(key) != Some(&expected) {
                return Err(format!(
                    "{column}: {key} is {:?} instead of {value}",
                    field.metadata().get(key)
                ));
            }
        }
    }
    let output = bound.transform(&input).map_err(|e| e.to_string())?;
    let mut found = rows(&output);
    let mut case = case;
    if name == "finisher.embeddings" {
        // Strings of numbers, which are to be compared as numbers.
        found.iter_mut().chain(&mut case.rows).for_each(numbers);
    }
    case.compare(&found, Tolerance::default())
        .map(|()| Outcome::Equal)
}

/// Turns lists of `"1.5 2.0"` into lists of lists of numbers.
fn numbers(row: &mut Map<String, Value>) {
    for text in row.values_mut().filter_map(Value::as_array_mut).flatten() {
        let parsed = text.as_str().map(|text| {
            let number = |word: &str| json!(word.parse::<f64>().unwrap());
            Value::Array(text.split(' ').map(number).collect())
        });
        *text = parsed.unwrap();
    }
}

#[test]
fn every_case_is_equal_or_an_exception() {
    let session = Session::builder().jobs(2).build().unwrap();
    let (mut equal, mut wrong) = (0, Vec::new());
    let mut exceptions = exceptions();
    for name in case_names(&goldens()) {
        match run(&session, &name) {
            Ok(Outcome::Equal) => equal += 1,
            Ok(Outcome::Failed(text)) => {
                match exceptions.iter().position(|(case, _)| *case == name) {
                    Some(at) if text.contains(&exceptions[at].1) => drop(exceptions.remove(at)),
                    Some(at) => wrong.push(format!("{name}: {text}, not {}", exceptions[at].1)),
                    None => wrong.push(format!("{name}: {text}, and not in EXCEPTIONS.md")),
                }
            }
            Err(difference) => wrong.push(format!("{name}: {difference}")),
        }
    }
    assert!(
        wrong.is_empty(),
        "{} differ:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert_eq!(exceptions, [], "no such case fails");
    assert!(equal >= 120, "{equal} cases");
}
