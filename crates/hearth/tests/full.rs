//! The full mode: pieces and offsets are those of transformers, and every token has a vector of its own pieces.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods
)]

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArray};
use arrow::compute::concat_batches;
use arrow::datatypes::Float32Type;
use flate2::read::GzDecoder;
use hearth::annotation::Annotations;
use hearth::stages::{Normalizer, SentenceEmbeddings};
use hearth::{Pipeline, Result, Session, Totals};
use hearth_encoder::{Encode, Pack};
use hearth_testkit::data;
use hearth_text::piece::{ModelTokenizer, Piece};
use serde::Deserialize;
use serde_json::{Value, json};

/// What transformers makes of a text: `[CLS]`, the pieces, `[SEP]`; offsets in characters.
#[derive(Deserialize)]
struct Expected {
    #[serde(default)]
    model: String,
    #[serde(default)]
    config: Value,
    text: String,
    ids: Vec<u32>,
    offsets: Option<Vec<[usize; 2]>>,
}

fn recorded(name: &str) -> Vec<Expected> {
    let path = data().join("golden/transformers").join(name);
    let lines = BufReader::new(GzDecoder::new(File::open(path).unwrap())).lines();
    lines
        .map(|line| serde_json::from_str(&line.unwrap()).unwrap())
        .collect()
}

fn model(name: &str) -> PathBuf {
    data().join("models").join(name)
}

/// The tokenizer of the model in a folder.
fn tokenizer(path: &Path) -> ModelTokenizer {
    let model = hearth_models::open(path).unwrap();
    let json = model.tokenizer.to_json(&model.vocabulary, None).unwrap();
    ModelTokenizer::from_json(&json, 101, 102).unwrap()
}

/// The folder of a tiny model without its tokenizer's files, but with this `tokenizer_config.json`.
fn with_rules(name: &str, config: &str) -> tempfile::TempDir {
    let place = tempfile::tempdir().unwrap();
    for file in ["config.json", "model.safetensors", "vocab.txt"] {
        fs::copy(model(name).join(file), place.path().join(file)).unwrap();
    }
    fs::write(place.path().join("tokenizer_config.json"), config).unwrap();
    place
}

fn check(tokenizer: &ModelTokenizer, expected: &Expected) {
    let mut pieces = Vec::new();
    tokenizer.pieces(&expected.text, &mut pieces).unwrap();
    let ids = pieces.iter().map(|piece| piece.id);
    let ids: Vec<u32> = [tokenizer.before(), &Vec::from_iter(ids), tokenizer.after()].concat();
    let text = &expected.text;
    assert_eq!(
        ids, expected.ids,
        "{} {} {text:?}",
        expected.model, expected.config
    );
    if let Some(offsets) = &expected.offsets {
        let chars = |byte: usize| text[..byte].chars().count();
        let found = |piece: &Piece| [chars(piece.bytes.start), chars(piece.bytes.end)];
        let found: Vec<[usize; 2]> = pieces.iter().map(found).collect();
        assert_eq!(found, offsets[1..offsets.len() - 1], "{text:?}");
    }
}

#[test]
fn pieces_and_offsets_are_those_of_transformers() {
    for name in ["tiny_cased", "tiny_uncased"] {
        let config = fs::read_to_string(model(name).join("tokenizer_config.json")).unwrap();
        let rules = with_rules(name, &config);
        let (whole, rules) = (tokenizer(&model(name)), tokenizer(rules.path()));
        let all = recorded(&format!("{name}.jsonl.gz"));
        assert!(all.len() > 500);
        for expected in &all {
            check(&whole, expected);
            check(&rules, expected);
        }
    }
}

#[test]
fn the_config_beside_a_vocabulary_is_obeyed() {
    let mut tokenizers: HashMap<(String, String), ModelTokenizer> = HashMap::new();
    for expected in recorded("rules.jsonl.gz") {
        let key = (expected.model.clone(), expected.config.to_string());
        let tokenizer = tokenizers
            .entry(key)
            .or_insert_with_key(|(name, config)| tokenizer(with_rules(name, config).path()));
        check(tokenizer, &expected);
    }
    assert_eq!(tokenizers.len(), 12);
}

fn session() -> Session {
    Session::builder().jobs(2).build().unwrap()
}

fn full(path: &Path, parameters: Value) -> Pipeline {
    let mut pipeline = Pipeline::embed("text", path);
    let stage = pipeline.stages.last_mut().unwrap();
    stage.parameters.insert("compat".to_owned(), "full".into());
    for (key, value) in parameters.as_object().unwrap() {
        stage.parameters.insert(key.clone(), value.clone());
    }
    pipeline
}

fn run(pipeline: &Pipeline, texts: &[&str]) -> Result<(RecordBatch, Totals)> {
    let texts: ArrayRef = Arc::new(StringArray::from(texts.to_vec()));
    let batch = RecordBatch::try_from_iter([("text", texts)])?;
    let bound = session().load(pipeline)?.bind(batch.schema_ref())?;
    let mut run = bound.start();
    run.push(batch)?;
    run.finish();
    let mut parts = Vec::new();
    while let Some(part) = run.pull()? {
        parts.push(part.batch);
    }
    let batch = concat_batches(&parts[0].schema(), &parts)?;
    Ok((batch, run.counts().totals()))
}

fn open<'a>(batch: &'a RecordBatch, name: &str) -> Annotations<'a> {
    Annotations::open(batch.column_by_name(name).unwrap(), name).unwrap()
}

fn vector(annotations: &Annotations<'_>, index: usize) -> Option<Vec<f32>> {
    let (_, vectors) = annotations.embeddings().unwrap();
    let values = vectors.is_valid(index).then(|| vectors.value(index))?;
    Some(values.as_primitive::<Float32Type>().values().to_vec())
}

/// Vectors of all positions of a sequence.
fn encoded(encoder: &dyn Encode, ids: &[u32]) -> Vec<Vec<f32>> {
    let mut pack = Pack::default();
    pack.push(ids);
    let select: Vec<u32> = (0..u32::try_from(ids.len()).unwrap()).collect();
    let mut out = vec![0.0; ids.len() * encoder.dimension()];
    encoder.encode(&pack, &select, &mut out).unwrap();
    out.chunks(encoder.dimension())
        .map(<[f32]>::to_vec)
        .collect()
}

#[test]
fn every_token_has_the_mean_of_its_pieces() {
    const LIMIT: usize = 64;
    let texts = fs::read_to_string(data().join("golden/spark-nlp-5.5.3/texts.jsonl")).unwrap();
    let texts: Vec<Value> = texts
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let texts = texts.iter().filter_map(|row: &Value| row["text"].as_str());
    let texts: Vec<&str> = texts.filter(|text| text.len() < 20_000).collect();
    for name in ["tiny_cased", "tiny_uncased"] {
        let expected = recorded(&format!("{name}.jsonl.gz"));
        let expected: HashMap<&str, &Expected> =
            expected.iter().map(|e| (e.text.as_str(), e)).collect();
        let opened = session()
            .bert(&model(name), hearth::Precision::F32, "test")
            .unwrap();
        for first in [false, true] {
            let pieces = if first { "first" } else { "mean" };
            let parameters = json!({"pieces": pieces, "max_sentence_length": LIMIT});
            let (batch, totals) = run(&full(&model(name), parameters), &texts).unwrap();
            let [sentences, tokens, found] =
                ["sentence", "token", "embeddings"].map(|name| open(&batch, name));
            let (_, vectors) = found.embeddings().unwrap();
            let nulls = u64::try_from(vectors.null_count()).unwrap();
            assert_eq!(totals.tokens_cut + totals.tokens_without_word, nulls);
            assert_eq!(totals.vectors + nulls, totals.tokens);
            let (mut cut, mut empty) = (0, 0);
            for row in 0..batch.num_rows() {
                assert_eq!(tokens.row(row), found.row(row));
                let sequences: Vec<(&Expected, Vec<Vec<f32>>)> = sentences
                    .row(row)
                    .map(|sentence| {
                        let expected = expected[sentences.result(sentence)];
                        let mut ids = expected.ids.clone();
                        if ids.len() > LIMIT {
                            ids.drain(LIMIT - 1..ids.len() - 1);
                        }
                        (expected, encoded(&**opened.bert.encoder(), &ids))
                    })
                    .collect();
                for index in tokens.row(row) {
                    let token = tokens.span(index);
                    let what = format!(
                        "{name} {pieces} row {row} {token:?} {:?}",
                        tokens.result(index)
                    );
                    assert_eq!(found.result(index), tokens.result(index), "{what}");
                    assert_eq!(found.span(index), token, "{what}");
                    let number = usize::try_from(token.sentence).unwrap();
                    let sentence = sentences.span(sentences.row(row).start + number);
                    let (expected, states) = &sequences[number];
                    // What has no place in the text is where Spark NLP's own numbers say.
                    let start = if token.at < 0 || sentence.at < 0 {
                        let units = usize::try_from(token.begin - sentence.begin).unwrap();
                        characters(&expected.text, units)
                    } else {
                        let start = usize::try_from(token.at - sentence.at).unwrap();
                        expected.text[..start].chars().count()
                    };
                    let end = start + tokens.result(index).chars().count();
                    let offsets = expected.offsets.as_ref().unwrap();
                    let own = (1..offsets.len() - 1)
                        .filter(|&i| offsets[i][0].max(start) < offsets[i][1].min(end));
                    let own: Vec<usize> = own.take(if first { 1 } else { usize::MAX }).collect();
                    let vector = vector(&found, index);
                    let (ids, _) = found.embeddings().unwrap();
                    let id = own.first().map_or(-1, |&i| expected.ids[i].cast_signed());
                    assert_eq!(ids[index], id, "{what}");
                    if own.is_empty() || own.iter().any(|&i| i > LIMIT - 2) {
                        assert_eq!(vector, None, "{what}");
                        *if own.is_empty() { &mut empty } else { &mut cut } += 1;
                        continue;
                    }
                    for (column, &value) in vector.expect(&what).iter().enumerate() {
                        let sum: f64 = own.iter().map(|&i| f64::from(states[i][column])).sum();
                        let mean = sum / own.len() as f64;
                        assert!((f64::from(value) - mean).abs() <= 5e-6, "{what}");
                    }
                }
            }
            assert_eq!(
                (totals.tokens_cut, totals.tokens_without_word),
                (cut, empty)
            );
            assert!(cut > 50 && empty > 0, "{cut} {empty}");
        }
    }
}

/// Characters in the first UTF-16 units of a text.
fn characters(text: &str, units: usize) -> usize {
    let ends = text.chars().scan(0, |end, c| {
        *end += c.len_utf16();
        Some(*end)
    });
    ends.take_while(|&end| end <= units).count()
}

/// Texts and whether there is a vector, of the embeddings of one text.
fn outcome(pipeline: &Pipeline, text: &str) -> (Vec<(String, bool)>, Totals) {
    let (batch, totals) = run(pipeline, &[text]).unwrap();
    let found = open(&batch, "embeddings");
    let one = |index| {
        (
            found.result(index).to_owned(),
            vector(&found, index).is_some(),
        )
    };
    (found.row(0).map(one).collect(), totals)
}

#[test]
fn past_the_limit_a_vector_is_null() {
    // `unremarkable` has eight pieces, from the second place on.
    let text = "was unremarkable now.";
    for (pieces, second) in [("first", true), ("mean", false)] {
        let pipeline = full(
            &model("tiny_uncased"),
            json!({"pieces": pieces, "max_sentence_length": 8}),
        );
        let (found, totals) = outcome(&pipeline, text);
        let expected = [
            ("was", true),
            ("unremarkable", second),
            ("now", false),
            (".", false),
        ];
        assert_eq!(
            found,
            expected.map(|(text, there)| (text.to_owned(), there))
        );
        assert_eq!(totals.tokens_cut, 3 - u64::from(second));
        assert_eq!(
            (
                totals.sentences_cut,
                totals.tokens_at_sep,
                totals.pieces_encoded
            ),
            (1, 0, 6)
        );
    }
    let (found, totals) = outcome(
        &full(&model("tiny_uncased"), json!({"max_sentence_length": 2})),
        text,
    );
    assert!(found.len() == 4 && found.iter().all(|(_, there)| !there));
    assert_eq!(totals.sequences, 0);
    let parameters = json!({"max_sentence_length": 8, "on_overflow": "error"});
    let error = run(&full(&model("tiny_uncased"), parameters), &["Fine.", text]).unwrap_err();
    let error = error.to_string();
    assert!(
        error.starts_with(
            "row 1, sentence 0: 11 word pieces, and BERT_EMBEDDINGS_embeddings reads at most 6"
        ),
        "{error}"
    );
}

#[test]
fn an_archive_without_a_tokenizer_has_berts_rules_for_its_vocabulary() {
    let texts = ["Café IL-2 unremarkable. NASA's Über-fever…"];
    let archive = data().join("archives/tiny_uncased_tf.zip");
    let (expected, _) = run(&full(&model("tiny_uncased"), json!({})), &texts).unwrap();
    let (found, _) = run(&full(&archive, json!({})), &texts).unwrap();
    let (expected, found) = (open(&expected, "embeddings"), open(&found, "embeddings"));
    assert_eq!(
        found.embeddings().unwrap().0,
        expected.embeddings().unwrap().0
    );
    let all = |of: &Annotations<'_>| of.row(0).map(|i| vector(of, i)).collect::<Vec<_>>();
    assert_eq!(all(&found), all(&expected));
    assert!(all(&found).iter().all(Option::is_some));
}

#[test]
fn case_sensitive_goes_before_the_tokenizers_own_word() {
    let id = |parameters: Value| {
        let (batch, _) = run(&full(&model("tiny_uncased"), parameters), &["Fever"]).unwrap();
        open(&batch, "embeddings").embeddings().unwrap().0[0]
    };
    // `f` of `fever`, and [UNK], since the vocabulary has no upper case.
    assert_eq!(id(json!({})), 114);
    assert_eq!(id(json!({"case_sensitive": false})), 114);
    assert_eq!(id(json!({"case_sensitive": true})), 100);
}

#[test]
fn stages_around_it_go_on() {
    let text = "IL-2 was \u{200b} unremarkable now.";
    let pipeline = full(&model("tiny_uncased"), json!({})).then(SentenceEmbeddings {
        input_cols: vec!["sentence".into(), "embeddings".into()],
        ..Default::default()
    });
    let (batch, totals) = run(&pipeline, &[text]).unwrap();
    assert_eq!(
        (totals.tokens, totals.tokens_without_word, totals.vectors),
        (6, 1, 5)
    );
    let found = open(&batch, "embeddings");
    let there: Vec<Vec<f32>> = found.row(0).filter_map(|i| vector(&found, i)).collect();
    assert_eq!(there.len(), 5);
    let pooled = vector(&open(&batch, "sentence_embeddings"), 0).unwrap();
    for (column, value) in pooled.iter().enumerate() {
        let mean = there.iter().map(|vector| vector[column]).sum::<f32>() / 5.0;
        assert!((value - mean).abs() < 1e-6);
    }

    // A token whose text was changed stands where its offsets say.
    let mut pipeline = pipeline;
    pipeline.stages.pop();
    let embeddings = pipeline.stages.pop().unwrap();
    let mut pipeline = pipeline.then(Normalizer {
        input_cols: vec!["token".into()],
        output_col: Some("normal".into()),
        ..Default::default()
    });
    pipeline.stages.push(embeddings);
    let stage = pipeline.stages.last_mut().unwrap();
    stage
        .parameters
        .insert("input_cols".to_owned(), json!(["sentence", "normal"]));
    let (batch, _) = run(&pipeline, &[text]).unwrap();
    let normal = open(&batch, "embeddings");
    assert_eq!(normal.result(0), "IL");
    assert_eq!(
        normal.embeddings().unwrap().0[0],
        found.embeddings().unwrap().0[0]
    );
    assert!(vector(&normal, 0).is_some());
    assert_eq!(vector(&normal, 2), vector(&found, 3));
}

#[test]
fn a_tokenizer_of_another_model_is_refused() {
    let place = with_rules("tiny_uncased", "{}");
    let refused = |tokenizer: &str| {
        fs::write(place.path().join("tokenizer.json"), tokenizer).unwrap();
        let error = session().load(&full(place.path(), json!({}))).unwrap_err();
        error.to_string()
    };
    let other = r###"{"version": "1.0", "added_tokens": [], "model": {"type": "WordPiece", "unk_token": "[UNK]",
        "continuing_subword_prefix": "##", "max_input_chars_per_word": 100, "vocab": {"[UNK]": 0, "x": 29000}}}"###;
    assert_eq!(
        refused(other),
        "BERT_EMBEDDINGS_embeddings: the model's own tokenizer has the id 29000, the word embedding table only 29000 rows; \
         it is another model's tokenizer"
    );
    let error = refused(r#"{"model": 1}"#);
    assert!(
        error.starts_with("BERT_EMBEDDINGS_embeddings: the model's own tokenizer: "),
        "{error}"
    );
}
