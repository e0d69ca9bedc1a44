//! Finishers, cleaned tokens, pooled embeddings and chunks. Where a test says "recorded", the values are Spark NLP 5.5.3's.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int32Array, ListArray, RecordBatch, StringArray};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, Field};
use hearth::border::{Border, Layout};
use hearth::stages::{
    ChunkEmbeddings, Doc2Chunk, DocumentAssembler, EmbeddingsFinisher, Finisher, Normalizer,
    PoolingStrategy, SentenceEmbeddings, StopWordsCleaner,
};
use hearth::{Error, Pipeline, Session};
use hearth_testkit::{data, rows};
use serde_json::{Map, Value, json};

fn batch(columns: &[(&str, ArrayRef)]) -> RecordBatch {
    let columns = columns
        .iter()
        .map(|(name, array)| (*name, array.clone(), true));
    RecordBatch::try_from_iter_with_nullable(columns).unwrap()
}

fn texts(values: &[Option<&str>]) -> ArrayRef {
    Arc::new(StringArray::from(values.to_vec()))
}

fn text(text: &str) -> RecordBatch {
    batch(&[("text", texts(&[Some(text)]))])
}

/// Document, sentence, token and embeddings of `text`.
fn embed() -> Pipeline {
    Pipeline::embed("text", data().join("models/tiny_cased"))
}

fn documents() -> Pipeline {
    let mut pipeline = embed();
    pipeline.stages.truncate(1);
    pipeline
}

fn sentences() -> Pipeline {
    let mut pipeline = embed();
    pipeline.stages.truncate(2);
    pipeline
}

fn tokens() -> Pipeline {
    let mut pipeline = embed();
    pipeline.stages.truncate(3);
    pipeline
}

fn transform(pipeline: &Pipeline, input: &RecordBatch) -> Result<RecordBatch, Error> {
    let session = Session::builder().jobs(2).build()?;
    session.load(pipeline)?.transform(input)
}

fn found(pipeline: &Pipeline, input: &RecordBatch) -> Vec<Map<String, Value>> {
    rows(&transform(pipeline, input).unwrap())
}

fn error(pipeline: &Pipeline, input: &RecordBatch) -> String {
    transform(pipeline, input).unwrap_err().to_string()
}

/// Rows in Spark's layout.
fn spark(pipeline: &Pipeline, input: &RecordBatch) -> Vec<Map<String, Value>> {
    let session = Session::builder().jobs(2).build().unwrap();
    let bound = session.load(pipeline).unwrap().bind(input.schema_ref());
    let border = Border {
        layout: Layout::Spark,
        columns: None,
    };
    rows(
        &bound
            .unwrap()
            .with_border(&border)
            .unwrap()
            .transform(input)
            .unwrap(),
    )
}

fn finisher(input_cols: &[&str]) -> Finisher {
    Finisher {
        input_cols: Some(input_cols.iter().map(ToString::to_string).collect()),
        ..Default::default()
    }
}

#[test]
fn a_finisher_drops_annotations_and_keeps_the_rest() {
    let pipeline = tokens().then(finisher(&["token"]));
    let out = transform(&pipeline, &text("A b. C")).unwrap();
    let names: Vec<_> = out
        .schema()
        .fields()
        .iter()
        .map(|f| f.name().clone())
        .collect();
    assert_eq!(names, ["text", "finished_token"]);
    assert_eq!(rows(&out)[0]["finished_token"], json!(["A", "b", ".", "C"]));
    // Nothing is left when the text was overwritten too.
    let mut pipeline = documents().then(Finisher {
        output_cols: vec!["text".into()],
        ..finisher(&["text"])
    });
    pipeline.stages[0]
        .parameters
        .insert("output_col".into(), "text".into());
    assert_eq!(
        found(&pipeline, &text("A b. C"))[0]["text"],
        json!(["A b. C"])
    );
}

#[test]
fn strings_with_metadata_are_as_recorded() {
    let pipeline = tokens().then(Finisher {
        include_metadata: true,
        output_as_array: false,
        ..finisher(&["sentence", "token"])
    });
    let row = &found(&pipeline, &text("Some text. More."))[0];
    assert_eq!(
        row["finished_sentence"],
        "sentence->0#result->Some text.@sentence->1#result->More."
    );
    assert_eq!(
        row["finished_token"],
        "sentence->0#result->Some@sentence->0#result->text@sentence->0#result->.@sentence->1#result->More@sentence->1#result->."
    );
}

fn with_metadata(finisher: Finisher) -> Value {
    let mut maps = arrow::array::MapBuilder::new(
        None,
        arrow::array::StringBuilder::new(),
        arrow::array::StringBuilder::new(),
    );
    for (key, value) in [("a", Some("1")), ("b", Some("2")), ("zz", None)] {
        maps.keys().append_value(key);
        maps.values().append_option(value);
    }
    maps.append(true).unwrap();
    let input = batch(&[
        ("id", texts(&[Some("k1")])),
        ("text", texts(&[Some("Some text.")])),
        ("m", Arc::new(maps.finish())),
    ]);
    let document = DocumentAssembler {
        input_col: Some("text".into()),
        id_col: Some("id".into()),
        metadata_col: Some("m".into()),
        ..Default::default()
    };
    let pipeline = Pipeline::new().then(document).then(finisher);
    Value::Object(found(&pipeline, &input).remove(0))
}

#[test]
fn metadata_of_documents_is_as_recorded() {
    let lists = Finisher {
        include_metadata: true,
        ..finisher(&["document"])
    };
    let entry = |key: &str, value: Option<&str>| json!({ "_1": key, "_2": value });
    assert_eq!(
        with_metadata(lists.clone())["finished_document_metadata"],
        json!([
            entry("a", Some("1")),
            entry("id", Some("k1")),
            entry("b", Some("2")),
            entry("zz", None),
            entry("sentence", Some("0")),
        ])
    );
    let strings = Finisher {
        output_as_array: false,
        ..lists
    };
    assert_eq!(
        with_metadata(strings)["finished_document"],
        "result->Some text.#a->1#id->k1#b->2#zz->null#sentence->0"
    );
}

#[test]
fn embeddings_give_vectors_only_when_told() {
    let finish = |parse, array| {
        let pipeline = embed().then(Finisher {
            parse_embeddings_vectors: parse,
            output_as_array: array,
            include_metadata: !array,
            ..finisher(&["embeddings"])
        });
        found(&pipeline, &text("Some"))[0]["finished_embeddings"].clone()
    };
    assert_eq!(finish(false, true), json!(["Some"]));
    let vector = finish(true, true)[0].as_str().unwrap().to_owned();
    assert_eq!(vector.split(' ').count(), 32);
    // Recorded: the order of the parts.
    let vector = vector.replace(' ', "#");
    assert_eq!(
        finish(true, false),
        format!(
            "isOOV->false#result->Some#pieceId->276#isWordStart->true#token->Some#embeddings->{vector}#sentence->0"
        )
    );
}

#[test]
fn finishers_check_their_columns_before_any_data() {
    let input = text("x");
    let wrong = sentences().then(finisher(&["sentence", "nothing"]));
    assert_eq!(
        error(&wrong, &input),
        "Finisher: requirement failed: pipeline annotator stages incomplete. expected: sentence, nothing, found: document, sentence, among available: text, document, sentence"
    );
    let wrong = sentences().then(finisher(&["text"]));
    assert_eq!(
        error(&wrong, &input),
        "Finisher: requirement failed: column [text] must be an NLP Annotation column"
    );
    let wrong = sentences().then(Finisher {
        output_cols: vec!["a".into(), "b".into()],
        ..finisher(&["sentence"])
    });
    assert!(
        error(&wrong, &input)
            .ends_with("requirement failed: inputCols and outputCols length must match")
    );
    assert!(error(&sentences().then(Finisher::default()), &input).contains("set input_cols"));
    let wrong = sentences().then(EmbeddingsFinisher {
        input_cols: Some(vec!["sentence".into()]),
        ..Default::default()
    });
    assert_eq!(
        error(&wrong, &input),
        "EmbeddingsFinisher: requirement failed: column [sentence] must be a type of either WordEmbeddings, BertEmbeddings, ChunkEmbeddings, or SentenceEmbeddings"
    );
}

#[test]
fn vectors_leave_in_32_or_64_bits() {
    let finish = |as_vector| {
        let pipeline = embed().then(EmbeddingsFinisher {
            input_cols: Some(vec!["embeddings".into()]),
            output_as_vector: as_vector,
            ..Default::default()
        });
        transform(&pipeline, &text("Some text.")).unwrap()
    };
    let list = |number| {
        let item = |data_type| DataType::List(Arc::new(Field::new("item", data_type, false)));
        item(item(number))
    };
    let (floats, doubles) = (finish(false), finish(true));
    let column = |batch: &RecordBatch| batch.column_by_name("finished_embeddings").unwrap().clone();
    assert_eq!(column(&floats).data_type(), &list(DataType::Float32));
    assert_eq!(column(&doubles).data_type(), &list(DataType::Float64));
    let widened = arrow::compute::cast(&column(&floats), &list(DataType::Float64)).unwrap();
    assert_eq!(&widened, &column(&doubles));
    assert_eq!(column(&floats).as_list::<i32>().value_length(0), 3);
    // Annotations stay, as in Spark NLP's Python API.
    assert!(floats.column_by_name("embeddings").is_some());
}

#[test]
fn cleaned_tokens_stand_where_one_piece_of_the_token_does() {
    let pipeline = tokens().then(Normalizer {
        output_col: Some("normal".into()),
        slang_dictionary: [("lol".to_owned(), "so funny".to_owned())].into(),
        ..Default::default()
    });
    let session = Session::builder().jobs(1).build().unwrap();
    let input = text("É 12ab3 don't 45 LOL");
    let bound = session.load(&pipeline).unwrap().bind(input.schema_ref());
    let border = Border {
        layout: Layout::Nested(hearth::border::Offsets::Char),
        columns: None,
    };
    let mut run = bound.unwrap().with_border(&border).unwrap().start();
    run.push(input).unwrap();
    run.finish();
    let out = rows(&run.pull().unwrap().unwrap().batch);
    let normal = out[0]["normal"].as_array().unwrap().iter();
    let normal = normal.map(|t| json!([t["result"], t["begin"], t["end"]]));
    assert_eq!(
        normal.collect::<Value>(),
        json!([
            ["É", 0, 1],
            ["ab", 4, 6],
            ["dont", null, null],
            ["so", null, null],
            ["funny", null, null]
        ])
    );
    assert_eq!(run.counts().tokens_removed.get(), 1);
}

#[test]
fn stop_words_are_dropped_and_counted() {
    let clean = |cleaner: StopWordsCleaner| {
        let pipeline = tokens().then(StopWordsCleaner {
            output_col: Some("clean".into()),
            ..cleaner
        });
        let found = found(&pipeline, &text("The patient is well"));
        let clean = found[0]["clean"].as_array().unwrap().iter();
        clean.map(|t| t["result"].clone()).collect::<Value>()
    };
    assert_eq!(
        clean(StopWordsCleaner::default()),
        json!(["patient", "well"])
    );
    let own = StopWordsCleaner {
        stop_words: Some(vec!["the".into(), "well".into()]),
        case_sensitive: true,
        ..Default::default()
    };
    assert_eq!(clean(own), json!(["The", "patient", "is"]));
}

fn pooled(strategy: PoolingStrategy) -> SentenceEmbeddings {
    SentenceEmbeddings {
        input_cols: vec!["embeddings".into(), "sentence".into()],
        pooling_strategy: strategy,
        ..Default::default()
    }
}

#[test]
fn a_sentence_is_pooled_from_its_own_tokens() {
    let input = text("Some text. More.");
    let mean = found(&embed().then(pooled(PoolingStrategy::Average)), &input);
    let sum = found(&embed().then(pooled(PoolingStrategy::Sum)), &input);
    let number = |value: &Value| value.as_f64().unwrap();
    let tokens = mean[0]["embeddings"].as_array().unwrap();
    for (sentence, range) in [(0, 0..3), (1, 3..5)] {
        for k in 0..32 {
            let expected: f64 = range.clone().map(|t| number(&tokens[t]["vector"][k])).sum();
            let found = number(&sum[0]["sentence_embeddings"][sentence]["vector"][k]);
            assert!((found - expected).abs() < 1e-5, "{found} {expected}");
            let mean = number(&mean[0]["sentence_embeddings"][sentence]["vector"][k]);
            let expected = found / f64::from(u8::try_from(range.len()).unwrap());
            assert!((mean - expected).abs() < 1e-6, "{mean} {expected}");
        }
    }
}

#[test]
fn sentences_are_matched_by_their_number() {
    // Recorded: the second exploded row has sentence 1 and embeddings of sentence 0.
    let mut pipeline = embed().then(pooled(PoolingStrategy::Average));
    pipeline.stages[1]
        .parameters
        .insert("explode_sentences".into(), true.into());
    let found = found(&pipeline, &text("Some text. More."));
    assert!(found[0]["sentence_embeddings"][0]["vector"].is_array());
    assert_eq!(found[1]["sentence_embeddings"][0]["vector"], Value::Null);
    let spark = spark(&pipeline, &text("Some text. More."));
    assert_eq!(spark[1]["sentence_embeddings"][0]["embeddings"], json!([]));
    assert_eq!(
        spark[1]["sentence_embeddings"][0]["metadata"],
        json!({ "sentence": "1", "token": "More.", "pieceId": "-1", "isWordStart": "true" })
    );
    // The vectors of both rows, one of them empty.
    let finished = pipeline.then(EmbeddingsFinisher {
        input_cols: Some(vec!["sentence_embeddings".into()]),
        ..Default::default()
    });
    let finished = self::found(&finished, &text("Some text. More."));
    assert_eq!(finished[1]["finished_sentence_embeddings"], json!([[]]));
}

#[test]
fn pooling_strategies_are_read_in_either_case() {
    let mut pipeline = embed().then(pooled(PoolingStrategy::Sum));
    assert_eq!(pipeline.stages[4].parameters["pooling_strategy"], "SUM");
    for (value, known) in [("average", true), ("Sum", true), ("MAX", false)] {
        pipeline.stages[4]
            .parameters
            .insert("pooling_strategy".into(), value.into());
        match transform(&pipeline, &text("x")) {
            Ok(_) => assert!(known, "{value}"),
            Err(error) => assert!(
                !known
                    && error
                        .to_string()
                        .contains("poolingStrategy must be either AVERAGE or SUM"),
                "{error}"
            ),
        }
    }
}

fn chunks(config: Doc2Chunk) -> Doc2Chunk {
    Doc2Chunk {
        input_cols: Some(vec![
            config
                .input_cols
                .map_or("document".into(), |mut c| c.remove(0)),
        ]),
        output_col: Some("chunk".into()),
        chunk_col: Some("c".into()),
        ..config
    }
}

/// `[begin, end, result, chunk, sentence]` of each chunk, `end` inclusive.
fn chunk_list(pipeline: &Pipeline, input: &RecordBatch) -> Vec<Value> {
    let short = |row: &Map<String, Value>| {
        let chunks = row["chunk"].as_array().unwrap().iter();
        let short = chunks.map(|c| {
            let m = &c["metadata"];
            json!([c["begin"], c["end"], c["result"], m["chunk"], m["sentence"]])
        });
        short.collect::<Value>()
    };
    spark(pipeline, input).iter().map(short).collect()
}

#[test]
fn chunks_of_strings_are_as_recorded() {
    let input = batch(&[
        (
            "text",
            texts(&[
                Some("Heart heart HEART 😀 heart"),
                None,
                Some("a  b"),
                Some("abc"),
                Some("abc"),
                Some("İxİx heart"),
            ]),
        ),
        (
            "c",
            texts(&[
                Some("heart"),
                Some("x"),
                Some(" "),
                Some("zz"),
                Some(""),
                Some("heart"),
            ]),
        ),
    ]);
    let plain = documents().then(chunks(Doc2Chunk::default()));
    let none = json!([]);
    assert_eq!(
        chunk_list(&plain, &input),
        [
            json!([[6, 10, "heart", "0", "0"]]),
            none.clone(),
            none.clone(),
            none.clone(),
            none.clone(),
            json!([[5, 9, "heart", "0", "0"]])
        ]
    );
    // Lower-casing may move what stands behind.
    let lower = documents().then(chunks(Doc2Chunk {
        lower_case: true,
        ..Default::default()
    }));
    assert_eq!(
        chunk_list(&lower, &input),
        [
            json!([[0, 4, "heart", "0", "0"]]),
            none.clone(),
            none.clone(),
            none.clone(),
            none,
            json!([[7, 11, "heart", "0", "0"]])
        ]
    );
}

#[test]
fn chunks_of_sentences_count_from_each_sentence() {
    let names: ArrayRef = Arc::new(ListArray::new(
        Arc::new(Field::new("item", DataType::Utf8, true)),
        OffsetBuffer::from_lengths([3]),
        texts(&[Some("heart"), Some("So"), Some("no")]),
        None,
    ));
    let input = batch(&[
        ("text", texts(&[Some("Heart heart. A heart. So heart!")])),
        ("c", names),
    ]);
    let pipeline = sentences().then(chunks(Doc2Chunk {
        input_cols: Some(vec!["sentence".into()]),
        is_array: true,
        ..Default::default()
    }));
    // Recorded.
    assert_eq!(
        chunk_list(&pipeline, &input),
        [json!([
            [6, 10, "heart", "0", "0"],
            [2, 6, "heart", "0", "1"],
            [3, 7, "heart", "0", "2"],
            [0, 1, "So", "1", "2"]
        ])]
    );
    // Their place in the document is known all the same.
    let nested = Border {
        layout: Layout::Nested(hearth::border::Offsets::Char),
        columns: None,
    };
    let session = Session::builder().jobs(1).build().unwrap();
    let bound = session
        .load(&pipeline)
        .unwrap()
        .bind(input.schema_ref())
        .unwrap();
    let out = rows(
        &bound
            .with_border(&nested)
            .unwrap()
            .transform(&input)
            .unwrap(),
    );
    let begins = out[0]["chunk"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| c["begin"].clone());
    assert_eq!(begins.collect::<Value>(), json!([6, 15, 25, 22]));
}

#[test]
fn the_search_begins_where_it_is_told() {
    let start = |text: &str, start: Option<i32>, by_word: bool| {
        let input = batch(&[
            ("text", texts(&[Some(text)])),
            ("c", texts(&[Some("heart")])),
            ("s", Arc::new(Int32Array::from(vec![start]))),
        ]);
        let pipeline = documents().then(chunks(Doc2Chunk {
            start_col: Some("s".into()),
            start_col_by_token_index: by_word,
            ..Default::default()
        }));
        let found = chunk_list(&pipeline, &input).remove(0);
        found.get(0).map(|chunk| chunk[0].as_i64().unwrap())
    };
    // Recorded.
    assert_eq!(start("😀 heart heart", Some(4), false), Some(9));
    assert_eq!(start("heart heart", Some(0), false), Some(0));
    assert_eq!(start("heart", Some(1), false), None);
    assert_eq!(start("heart heart", Some(-3), false), Some(0));
    assert_eq!(start("heart", Some(99), false), None);
    assert_eq!(start("a  heart and heart", Some(3), true), Some(13));
    assert_eq!(start("heart a heart", Some(2), true), Some(8));
    // Recorded: the whole column is null for a null start.
    assert_eq!(start("heart heart", None, false), None);
}

#[test]
fn missing_and_null_chunks_are_errors_that_name_the_row() {
    let input = |chunk| {
        batch(&[
            ("text", texts(&[Some("x"), Some("a b ")])),
            ("c", texts(&[Some("x"), chunk])),
        ])
    };
    let strict = documents().then(chunks(Doc2Chunk {
        fail_on_missing: true,
        ..Default::default()
    }));
    assert_eq!(
        error(&strict, &input(Some("zz"))),
        "row 1: Doc2Chunk_chunk: Cannot proceed to assemble CHUNK, because could not find: `zz` within: `a b `"
    );
    let plain = documents().then(chunks(Doc2Chunk::default()));
    assert!(
        error(&plain, &input(None))
            .starts_with("row 1: Doc2Chunk_chunk: the text to find in column 'c' is null")
    );
    let lists = documents().then(chunks(Doc2Chunk {
        is_array: true,
        ..Default::default()
    }));
    assert_eq!(
        error(&lists, &input(None)),
        "column 'c' has type Utf8, and Doc2Chunk_chunk reads lists of texts (is_array = true) there"
    );
}

#[test]
fn chunk_embeddings_look_into_one_sentence() {
    let names: ArrayRef = Arc::new(ListArray::new(
        Arc::new(Field::new("item", DataType::Utf8, true)),
        OffsetBuffer::from_lengths([5]),
        texts(&[
            Some("heart"),
            Some("So heart"),
            Some("no"),
            Some("heart rate"),
            Some("ear"),
        ]),
        None,
    ));
    let input = batch(&[
        (
            "text",
            texts(&[Some(
                "Heart heart. \u{7}. A heart. So heart! Fine heart rate.",
            )]),
        ),
        ("c", names),
    ]);
    let pipeline = embed()
        .then(chunks(Doc2Chunk {
            input_cols: Some(vec!["sentence".into()]),
            is_array: true,
            ..Default::default()
        }))
        .then(ChunkEmbeddings {
            input_cols: vec!["chunk".into(), "embeddings".into()],
            ..Default::default()
        });
    let row = &spark(&pipeline, &input)[0];
    // Recorded: of the ten chunks only the first is found, since the others count from their sentences.
    assert_eq!(row["chunk"].as_array().unwrap().len(), 10);
    let vectors = row["chunk_embeddings"].as_array().unwrap();
    assert_eq!(vectors.len(), 1);
    assert_eq!(vectors[0]["annotatorType"], "word_embeddings");
    assert_eq!(vectors[0]["embeddings"], row["embeddings"][1]["embeddings"]);
    assert_eq!(
        vectors[0]["metadata"],
        json!({ "sentence": "0", "chunk": "0", "token": "heart", "pieceId": "-1", "isWordStart": "true" })
    );
}

#[test]
fn missing_inputs_are_refused_in_sparks_words() {
    let error = error(&sentences().then(pooled(PoolingStrategy::Sum)), &text("x"));
    assert!(
        error.starts_with("requirement failed: Wrong or missing inputCols annotators in SentenceEmbeddings_sentence_embeddings.")
            && error.ends_with("following annotator types: document, word_embeddings"),
        "{error}"
    );
}
