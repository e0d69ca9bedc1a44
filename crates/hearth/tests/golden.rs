//! What the real Spark NLP answered, through the Rust door.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods
)]

use std::fs;

use hearth::border::{Border, Layout};
use hearth::{Error, Pipeline, Session};
use hearth_testkit::{Case, Tolerance, case_names, data, rows};

/// Cases with a stage, parameter or input that this version refuses by name. What starts to work must leave the list.
const NOT_IN_THIS_VERSION: [&str; 29] = [
    // Stages.
    "bert.afternormalizer",
    "chunkembeddings.",
    "doc2chunk.",
    "embeddingsfinisher.",
    "finisher.",
    "normalizer.",
    "regextoken.",
    "sentenceembeddings.",
    "stopwords.",
    // DocumentAssembler: lists of strings, id and metadata columns.
    "input.array",
    "input.idcol",
    "input.metadatacol",
    // SentenceDetector: custom bounds, split length, explode.
    "bert.explode",
    "sentence.bounds_",
    "sentence.explode",
    "sentence.of_sentences",
    "sentence.only_flag_without_bounds",
    "sentence.split",
    "token.after_explode",
    "token.after_shrink_bounds_n",
    "token.after_split60",
    // Tokenizer: context characters, exceptions, splitting and patterns.
    "bert.targetw",
    "token.ctx_",
    "token.exc",
    "token.infix_",
    "token.prefix_suffix",
    "token.split_",
    "token.splitpattern",
    "token.target_",
];

fn goldens() -> std::path::PathBuf {
    data().join("golden/spark-nlp-5.5.3")
}

/// The folder of the weights an archive was made from. TF1 archives have the same weights and GELU's tanh form.
fn model(archive: &str, tanh: &std::path::Path) -> String {
    let name = archive.split('_').take(2).collect::<Vec<_>>().join("_");
    let folder = data().join("models").join(&name);
    if !archive.contains("tf1") {
        return folder.display().to_string();
    }
    let copy = tanh.join(&name);
    fs::create_dir_all(&copy).unwrap();
    for file in ["model.safetensors", "vocab.txt", "tokenizer_config.json"] {
        fs::copy(folder.join(file), copy.join(file)).unwrap();
    }
    let config = fs::read_to_string(folder.join("config.json")).unwrap();
    fs::write(
        copy.join("config.json"),
        config.replace("\"gelu\"", "\"gelu_new\""),
    )
    .unwrap();
    copy.display().to_string()
}

enum Outcome {
    Equal,
    Refused,
}

fn run(session: &Session, name: &str) -> Result<Outcome, String> {
    let folder = goldens();
    let case = Case::load(&folder, name);
    let tanh = tempfile::tempdir().unwrap();
    let pipeline = Pipeline::from_json(
        &case.pipeline(|archive| model(archive, tanh.path())),
        "golden.json",
    )
    .unwrap();
    let model = match session.load(&pipeline) {
        Ok(model) => model,
        Err(Error::Parameter { message, .. }) if message.starts_with("unknown ") => {
            return Ok(Outcome::Refused);
        }
        Err(error) => return Err(error.to_string()),
    };
    let input = case.input(&folder);
    let bound = match (model.bind(input.schema_ref()), &case.head.error) {
        (Ok(bound), None) => bound,
        (Err(Error::NotText { .. }), _) => return Ok(Outcome::Refused),
        (Err(error), Some(_)) => {
            return case
                .compare_error(&error.to_string())
                .map(|()| Outcome::Equal);
        }
        (Err(error), None) => return Err(error.to_string()),
        (Ok(_), Some(failure)) => {
            return Err(format!("bound, where Spark NLP said {:?}", failure.lines));
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
    case.compare(&rows(&output), Tolerance::default())
        .map(|()| Outcome::Equal)
}

#[test]
fn every_case_is_equal_or_refused_by_name() {
    let session = Session::builder().jobs(2).build().unwrap();
    let (mut equal, mut refused, mut wrong) = (0, Vec::new(), Vec::new());
    for name in case_names(&goldens()) {
        let listed = NOT_IN_THIS_VERSION
            .iter()
            .any(|prefix| name.starts_with(prefix));
        match run(&session, &name) {
            Ok(Outcome::Equal) if listed => wrong.push(format!(
                "{name}: equal, and in the list of what is not here"
            )),
            Ok(Outcome::Equal) => equal += 1,
            Ok(Outcome::Refused) if listed => refused.push(name),
            Ok(Outcome::Refused) => wrong.push(format!("{name}: refused, and not in the list")),
            Err(difference) => wrong.push(format!("{name}: {difference}")),
        }
    }
    assert!(
        wrong.is_empty(),
        "{} differ:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    let unused = NOT_IN_THIS_VERSION
        .iter()
        .find(|prefix| !refused.iter().any(|name| name.starts_with(*prefix)));
    assert_eq!(unused, None, "no such case");
    assert!(equal >= 50, "{equal} cases");
}
