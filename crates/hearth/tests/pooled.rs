//! Vectors of sentences and documents: pooled as Spark NLP and sentence-transformers do, from the vectors of tokens or of
//! all positions.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, ListBuilder, RecordBatch, StringArray, StringBuilder,
};
use arrow::datatypes::Float32Type;
use hearth::annotation::Annotations;
use hearth::border::{Border, Layout, Offsets};
use hearth::stages::{
    BertEmbeddings, Compat, DocumentAssembler, Level, Pooling, PoolingStrategy, SentenceDetector,
    SentenceEmbeddings, Tokenizer,
};
use hearth::{Error, Pipeline, Precision, Session, Totals};
use hearth_encoder::{Encode, Pack};
use hearth_testkit::data;
use hearth_text::piece::ModelTokenizer;

const TEXTS: [Option<&str>; 6] = [
    Some("The cell divides. It was unremarkable, naïve and Größe; then p53 fell!"),
    None,
    Some(""),
    Some("One more."),
    Some("\u{200b}"),
    Some("Same again. Same again. No."),
];

fn session() -> Session {
    Session::builder().jobs(2).build().unwrap()
}

fn model() -> String {
    data().join("models/tiny_cased").display().to_string()
}

fn texts() -> RecordBatch {
    let text = StringArray::from(TEXTS.to_vec());
    RecordBatch::try_from_iter([("text", Arc::new(text) as ArrayRef)]).unwrap()
}

/// The four stages with what `bert` says of vectors.
fn pipeline(bert: BertEmbeddings) -> Pipeline {
    let names = |names: &[&str]| Some(names.iter().map(ToString::to_string).collect::<Vec<_>>());
    Pipeline::new()
        .then(DocumentAssembler {
            input_col: Some("text".into()),
            ..Default::default()
        })
        .then(SentenceDetector {
            input_cols: names(&["document"]),
            output_col: Some("sentence".into()),
            ..Default::default()
        })
        .then(Tokenizer::default())
        .then(BertEmbeddings {
            input_cols: names(&["sentence", "token"]),
            output_col: Some("embeddings".into()),
            model: Some(model().into()),
            ..bert
        })
}

fn run(pipeline: &Pipeline, batch: &RecordBatch) -> (RecordBatch, Totals) {
    let bound = session()
        .load(pipeline)
        .unwrap()
        .bind(&batch.schema())
        .unwrap();
    let mut run = bound.start();
    run.push(batch.clone()).unwrap();
    run.finish();
    let part = run.pull().unwrap().unwrap();
    assert!(run.pull().unwrap().is_none());
    (part.batch, run.counts().totals())
}

/// For each row the results of a column and their vectors.
type Found = Vec<Vec<(String, Option<Vec<f32>>)>>;

fn vectors(batch: &RecordBatch, column: &str) -> Found {
    let array = batch.column_by_name(column).unwrap();
    let annotations = Annotations::open(array, column).unwrap();
    let (_, vectors) = annotations.embeddings().unwrap();
    let vector = |i: usize| {
        let vector = vectors.value(i);
        let values = vector.as_primitive::<Float32Type>().values().to_vec();
        (
            annotations.result(i).to_owned(),
            vectors.is_valid(i).then_some(values),
        )
    };
    let rows = 0..annotations.rows();
    rows.map(|row| annotations.row(row).map(vector).collect())
        .collect()
}

fn pooled(level: Level, pooling: Pooling, compat: Compat) -> Found {
    let bert = BertEmbeddings {
        level,
        pooling: Some(pooling),
        compat,
        ..Default::default()
    };
    vectors(&run(&pipeline(bert), &texts()).0, "embeddings")
}

fn bits(found: &Found) -> Vec<Vec<(String, Option<Vec<u32>>)>> {
    let vector = |vector: &Vec<f32>| vector.iter().map(|value| value.to_bits()).collect();
    let row = |row: &Vec<(String, Option<Vec<f32>>)>| {
        row.iter()
            .map(|(text, values)| (text.clone(), values.as_ref().map(vector)))
            .collect()
    };
    found.iter().map(row).collect()
}

fn close(found: &Option<Vec<f32>>, expected: &[f64], what: &str) {
    let found = found
        .as_ref()
        .unwrap_or_else(|| panic!("{what}: no vector"));
    assert_eq!(found.len(), expected.len(), "{what}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(
            (f64::from(*found) - expected).abs() < 2e-5,
            "{what}: {found} {expected}"
        );
    }
}

fn mean(vectors: &[Vec<f32>]) -> Vec<f64> {
    let width = vectors[0].len();
    let at = |i: usize| {
        vectors
            .iter()
            .map(|vector| f64::from(vector[i]))
            .sum::<f64>()
    };
    (0..width).map(|i| at(i) / vectors.len() as f64).collect()
}

#[test]
fn tokens_and_sum_are_those_of_sentence_embeddings() {
    for (pooling, strategy) in [
        (Pooling::Tokens, PoolingStrategy::Average),
        (Pooling::Sum, PoolingStrategy::Sum),
    ] {
        for compat in [Compat::Spark, Compat::Full] {
            let two_stages = pipeline(BertEmbeddings {
                compat,
                ..Default::default()
            })
            .then(SentenceEmbeddings {
                input_cols: vec!["sentence".into(), "embeddings".into()],
                output_col: "pooled".into(),
                pooling_strategy: strategy,
                ..Default::default()
            });
            let expected = vectors(&run(&two_stages, &texts()).0, "pooled");
            let found = pooled(Level::Sentence, pooling, compat);
            assert_eq!(bits(&found), bits(&expected), "{pooling:?} {compat:?}");
            let n: Vec<usize> = found.iter().map(Vec::len).collect();
            assert_eq!(n, [3, 0, 0, 1, 1, 3]);
        }
    }
}

/// All positions of each sentence, `[CLS]` and `[SEP]` included, by the model's own tokenizer.
fn positions(sentences: &[String]) -> Vec<Vec<Vec<f32>>> {
    let folder = data().join("models/tiny_cased");
    let opened = hearth_models::open(&folder).unwrap();
    let json = opened.tokenizer.to_json(&opened.vocabulary, None).unwrap();
    let tokenizer = ModelTokenizer::from_json(&json, 101, 102).unwrap();
    let bert = session()
        .bert(&folder, Precision::F32, "test")
        .unwrap()
        .bert;
    let encoder: &dyn Encode = &**bert.encoder();
    let all = |sentence: &String| {
        let mut pieces = Vec::new();
        tokenizer.pieces(sentence, &mut pieces).unwrap();
        let pieces = pieces.iter().map(|piece| piece.id).collect();
        let ids = [
            tokenizer.before().to_vec(),
            pieces,
            tokenizer.after().to_vec(),
        ]
        .concat();
        let mut pack = Pack::default();
        pack.push(&ids);
        let select: Vec<u32> = (0..).take(ids.len()).collect();
        let mut out = vec![0.0; ids.len() * encoder.dimension()];
        encoder.encode(&pack, &select, &mut out).unwrap();
        out.chunks(encoder.dimension())
            .map(<[f32]>::to_vec)
            .collect()
    };
    sentences.iter().map(all).collect()
}

#[test]
fn positions_are_pooled_as_sentence_transformers_does() {
    for (pooling, pool) in [
        (Pooling::Mean, mean as fn(&[Vec<f32>]) -> Vec<f64>),
        (Pooling::Cls, |all| mean(&all[..1])),
        (Pooling::Max, |all| {
            let width = 0..all[0].len();
            let max = |i: usize| {
                all.iter()
                    .map(|vector| f64::from(vector[i]))
                    .fold(f64::MIN, f64::max)
            };
            width.map(max).collect()
        }),
    ] {
        let found = pooled(Level::Sentence, pooling, Compat::Full);
        let mut n = 0;
        for row in &found {
            for (text, vector) in row {
                if text == "\u{200b}" {
                    assert_eq!(vector, &None);
                    continue;
                }
                let all = positions(std::slice::from_ref(text)).remove(0);
                close(vector, &pool(&all), &format!("{pooling:?} {text:?}"));
                n += 1;
            }
        }
        assert_eq!(n, 7, "sentences with a vector");
    }
}

#[test]
fn a_document_is_pooled_over_all_its_vectors() {
    let tokens = vectors(
        &run(&pipeline(BertEmbeddings::default()), &texts()).0,
        "embeddings",
    );
    let found = pooled(Level::Document, Pooling::Tokens, Compat::Spark);
    let all = pooled(Level::Document, Pooling::Mean, Compat::Full);
    let cls = pooled(Level::Document, Pooling::Cls, Compat::Full);
    let split = pooled(Level::Sentence, Pooling::Cls, Compat::Full);
    for (row, text) in TEXTS.iter().enumerate() {
        let what = format!("{text:?}");
        let [(result, vector)] = &found[row][..] else {
            panic!("{what}: {:?}", found[row]);
        };
        assert_eq!(result, text.unwrap_or_default());
        let own: Vec<Vec<f32>> = tokens[row]
            .iter()
            .filter_map(|(_, vector)| vector.clone())
            .collect();
        if own.is_empty() {
            assert_eq!(vector, &None, "{what}");
        } else {
            close(vector, &mean(&own), &what);
        }
        // The model's own tokenizer has no piece for it.
        if own.is_empty() || *text == Some("\u{200b}") {
            assert_eq!((&all[row][0].1, &cls[row][0].1), (&None, &None), "{what}");
            continue;
        }
        let own: Vec<String> = split[row].iter().map(|(text, _)| text.clone()).collect();
        let own = positions(&own);
        close(&all[row][0].1, &mean(&own.concat()), &what);
        let firsts: Vec<Vec<f32>> = own.iter().map(|all| all[0].clone()).collect();
        close(&cls[row][0].1, &mean(&firsts), &what);
    }
}

#[test]
fn each_text_of_a_list_is_a_document() {
    let mut lists = ListBuilder::new(StringBuilder::new());
    lists.append_value([Some("One more. Same again."), Some(""), Some("No.")]);
    lists.append_value([Some("Same again.")]);
    let lists: ArrayRef = Arc::new(lists.finish());
    let batch = RecordBatch::try_from_iter([("text", lists)]).unwrap();
    let bert = || BertEmbeddings {
        level: Level::Document,
        // By Spark NLP's rules a sentence has the tokens of all texts at its offsets.
        compat: Compat::Full,
        ..Default::default()
    };
    let found = vectors(&run(&pipeline(bert()), &batch).0, "embeddings");
    let single = |text: &str| {
        let text: ArrayRef = Arc::new(StringArray::from(vec![text]));
        let batch = RecordBatch::try_from_iter([("text", text)]).unwrap();
        vectors(&run(&pipeline(bert()), &batch).0, "embeddings")
            .remove(0)
            .remove(0)
    };
    let expected = ["One more. Same again.", "", "No."].map(single).to_vec();
    assert_eq!(
        bits(&found),
        bits(&vec![expected, vec![single("Same again.")]])
    );
}

#[test]
fn vectors_are_cut_then_normalised() {
    for level in [Level::Token, Level::Sentence, Level::Document] {
        let whole = pipeline(BertEmbeddings {
            level,
            ..Default::default()
        });
        let cut = pipeline(BertEmbeddings {
            level,
            dim: Some(5),
            normalize: true,
            ..Default::default()
        });
        let (whole, _) = run(&whole, &texts());
        let (cut, _) = run(&cut, &texts());
        let label = |batch: &RecordBatch| {
            let schema = batch.schema();
            let field = schema.field_with_name("embeddings").unwrap();
            field.metadata()["dimension"].clone()
        };
        assert_eq!(
            (label(&whole), label(&cut)),
            ("32".to_owned(), "5".to_owned())
        );
        let (whole, cut) = (vectors(&whole, "embeddings"), vectors(&cut, "embeddings"));
        for ((text, whole), (_, cut)) in whole.iter().flatten().zip(cut.iter().flatten()) {
            let Some(whole) = whole else {
                assert_eq!(cut, &None);
                continue;
            };
            let length = whole[..5]
                .iter()
                .map(|&v| f64::from(v).powi(2))
                .sum::<f64>()
                .sqrt();
            let expected: Vec<f64> = whole[..5].iter().map(|&v| f64::from(v) / length).collect();
            close(cut, &expected, text);
        }
    }
}

#[test]
fn what_has_no_vector_is_counted() {
    let bert = BertEmbeddings {
        level: Level::Document,
        ..Default::default()
    };
    let (_, seen) = run(&pipeline(bert), &texts());
    assert_eq!((seen.pooled, seen.pooled_without_vector), (4, 2));
    let (_, seen) = run(&pipeline(BertEmbeddings::default()), &texts());
    assert_eq!((seen.pooled, seen.pooled_without_vector), (0, 0));
}

#[test]
fn a_table_of_documents_has_no_pieces() {
    let bert = BertEmbeddings {
        level: Level::Document,
        ..Default::default()
    };
    let border = Border {
        layout: Layout::Rows(Offsets::Char),
        columns: None,
    };
    let bound = session()
        .load(&pipeline(bert))
        .unwrap()
        .bind(&texts().schema())
        .unwrap();
    let table = bound
        .with_border(&border)
        .unwrap()
        .transform(&texts())
        .unwrap();
    let schema = table.schema();
    let names: Vec<&str> = schema.fields().iter().map(|f| f.name().as_str()).collect();
    assert_eq!(
        names,
        [
            "text", "row", "sentence", "begin", "end", "result", "vector"
        ]
    );
    assert_eq!(table.num_rows(), TEXTS.len());
}

#[test]
fn what_cannot_be_is_refused() {
    let refused = |bert: BertEmbeddings| match session().load(&pipeline(bert)).unwrap_err() {
        error @ Error::Parameter { .. } => error.to_string(),
        other => panic!("{other}"),
    };
    let pooling = refused(BertEmbeddings {
        pooling: Some(Pooling::Mean),
        ..Default::default()
    });
    assert!(
        pooling.contains("set level to sentence or document"),
        "{pooling}"
    );
    for dim in [0, 33] {
        let dim = refused(BertEmbeddings {
            dim: Some(dim),
            ..Default::default()
        });
        assert!(dim.contains("give 1 to 32"), "{dim}");
    }
}
