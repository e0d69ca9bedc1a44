//! What the driver does around the stages: order, parts, replaced and dropped columns, exploded rows, failures.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;

use arrow::array::{
    AsArray, BinaryArray, DictionaryArray, Int64Array, RecordBatch, StringArray, UInt32Array,
};
use arrow::datatypes::{DataType, Field, Int8Type, Int64Type, Schema};
use hearth::stage::{AnyStage, Bound, Output, Stage};
use hearth::stages::{DocumentAssembler, SentenceDetector, Tokenizer};
use hearth::{Counts, Error, Loading, Pipeline, Result, Run, Session, StageConfig};
use hearth_testkit::data;
use serde::{Deserialize, Serialize};

/// A stage of a user's own: a row per word of `text`, which is dropped; `word` and its number are added.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Words {
    panic_at: Option<String>,
}

impl StageConfig for Words {
    const TYPE: &'static str = "words";
    fn load(self, _: &Loading<'_>) -> Result<AnyStage> {
        Ok(AnyStage::Plain(Arc::new(self)))
    }
}

impl Stage for Words {
    fn bind(&self, input: &Schema) -> Result<Bound> {
        let text = input.index_of("text")?;
        let adds = [
            Field::new("word", DataType::Utf8, false),
            Field::new("number", DataType::Int64, false),
        ];
        Ok(Bound {
            reads: vec![text],
            adds: adds.map(Arc::new).into(),
            drops: vec![text],
            explodes: true,
        })
    }

    fn apply(&self, batch: &RecordBatch, at: &Bound, _: &Counts) -> Result<Output> {
        let texts = batch.column(at.reads[0]).as_string::<i32>();
        let (mut words, mut numbers, mut rows) = (Vec::new(), Vec::new(), Vec::new());
        for (row, text) in (0..).zip(texts) {
            for (number, word) in (0..).zip(text.unwrap_or_default().split_whitespace()) {
                assert_ne!(Some(word), self.panic_at.as_deref(), "found it");
                words.push(word);
                numbers.push(number);
                rows.push(row);
            }
        }
        let columns = vec![
            Arc::new(StringArray::from(words)) as _,
            Arc::new(Int64Array::from(numbers)) as _,
        ];
        Ok(Output {
            columns,
            source_row: Some(UInt32Array::from(rows)),
        })
    }
}

fn session() -> Session {
    Session::builder()
        .jobs(2)
        .register::<Words>()
        .build()
        .unwrap()
}

fn batch(texts: &[&str]) -> RecordBatch {
    let ids = Int64Array::from_iter_values(0..i64::try_from(texts.len()).unwrap());
    let texts = StringArray::from(texts.to_vec());
    RecordBatch::try_from_iter([("text", Arc::new(texts) as _), ("id", Arc::new(ids) as _)])
        .unwrap()
}

fn names(batch: &RecordBatch) -> Vec<&str> {
    batch
        .schema_ref()
        .fields()
        .iter()
        .map(|f| f.name().as_str())
        .collect()
}

fn drain(run: &mut Run) -> Vec<hearth::Part> {
    let mut parts = Vec::new();
    while let Some(part) = run.pull().unwrap() {
        parts.push(part);
    }
    parts
}

#[test]
fn a_stage_may_drop_columns_and_explode_rows() {
    let model = session()
        .load(&Pipeline::new().then(Words::default()))
        .unwrap();
    let out = model.transform(&batch(&["a b", "", "c"])).unwrap();
    assert_eq!(names(&out), ["id", "word", "number"]);
    assert_eq!(
        out.column(0).as_primitive::<Int64Type>().values(),
        &[0, 0, 2]
    );
    assert_eq!(
        out.column(1)
            .as_string::<i32>()
            .iter()
            .flatten()
            .collect::<Vec<_>>(),
        ["a", "b", "c"]
    );
}

#[test]
fn an_output_column_that_exists_is_replaced_in_place() {
    let pipeline = Pipeline::new().then(DocumentAssembler {
        input_col: Some("text".into()),
        output_col: "text".into(),
        ..Default::default()
    });
    let model = session().load(&pipeline).unwrap();
    let input = batch(&["a b"]);
    let bound = model.bind(input.schema_ref()).unwrap();
    assert_eq!(bound.replaced(), ["text"]);
    assert_eq!(names(&bound.transform(&input).unwrap()), ["text", "id"]);
}

#[test]
fn rows_come_out_in_order_and_parts_apart() {
    let pipeline = Pipeline::new()
        .then(DocumentAssembler {
            input_col: Some("text".into()),
            ..Default::default()
        })
        .then(Tokenizer::default());
    let model = session().load(&pipeline).unwrap();
    let texts: Vec<String> = (0..20_000)
        .map(|i| "word ".repeat(i % 50) + &i.to_string())
        .collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let input = batch(&texts);
    let mut run = model.bind(input.schema_ref()).unwrap().start();
    let mut parts = Vec::new();
    for start in (0..input.num_rows()).step_by(1000) {
        run.push(input.slice(start, 1000)).unwrap();
        if start == 4000 {
            run.end_part();
            run.end_part();
        }
        parts.append(&mut drain(&mut run));
    }
    run.finish();
    parts.append(&mut drain(&mut run));
    let ids: Vec<i64> = parts
        .iter()
        .flat_map(|p| {
            p.batch
                .column(1)
                .as_primitive::<Int64Type>()
                .values()
                .to_vec()
        })
        .collect();
    assert!(ids.iter().copied().eq(0..20_000));
    let of_part = |n| {
        parts
            .iter()
            .filter(|p| p.number == n)
            .map(|p| p.batch.num_rows())
            .sum::<usize>()
    };
    assert_eq!([of_part(0), of_part(1), of_part(2)], [5000, 0, 15_000]);
    assert_eq!(run.counts().rows.get(), 20_000);
    assert_eq!(
        run.counts().tokens.get(),
        20_000 + 20_000 / 50 * (49 * 50 / 2)
    );
}

#[test]
fn what_is_on_its_way_is_bounded() {
    let pipeline = Pipeline::new()
        .then(DocumentAssembler {
            input_col: Some("text".into()),
            ..Default::default()
        })
        .then(Tokenizer::default());
    let model = session().load(&pipeline).unwrap();
    // 40 MB in one batch: many windows of 2 MB of text.
    let text = "word ".repeat(2000);
    let texts: Vec<&str> = (0..4000).map(|_| text.as_str()).collect();
    let input = batch(&texts);
    let mut run = model.bind(input.schema_ref()).unwrap().start();
    run.push(input).unwrap();
    assert_eq!(run.counts().tokens.get(), 0, "push hands nothing on");
    let mut rows = 0;
    let mut most_ahead = 0;
    while let Some(part) = run.pull().unwrap() {
        rows += part.batch.num_rows() as u64;
        std::thread::sleep(std::time::Duration::from_millis(5));
        most_ahead = most_ahead.max(run.counts().rows.get() - rows);
    }
    run.finish();
    rows += drain(&mut run)
        .iter()
        .map(|p| p.batch.num_rows() as u64)
        .sum::<u64>();
    assert_eq!(rows, 4000);
    // Two jobs: four windows of 210 rows at most.
    assert!(
        most_ahead <= 4 * 210,
        "{most_ahead} rows were done and not pulled"
    );
}

#[test]
fn wide_rows_make_small_windows() {
    let pipeline = Pipeline::new().then(DocumentAssembler {
        input_col: Some("text".into()),
        ..Default::default()
    });
    let model = session().load(&pipeline).unwrap();
    let blob = vec![7u8; 1 << 20];
    let blobs: BinaryArray = (0..64).map(|_| Some(blob.as_slice())).collect();
    let texts = StringArray::from(vec!["hi"; 64]);
    let input = RecordBatch::try_from_iter([
        ("text", Arc::new(texts) as _),
        ("blob", Arc::new(blobs) as _),
    ])
    .unwrap();
    let mut run = model.bind(input.schema_ref()).unwrap().start();
    run.push(input).unwrap();
    run.finish();
    let parts = drain(&mut run);
    assert!(
        parts.iter().all(|p| p.batch.num_rows() <= 17),
        "16 MiB at a time"
    );
    assert_eq!(parts.iter().map(|p| p.batch.num_rows()).sum::<usize>(), 64);
}

#[test]
fn dictionaries_of_different_batches_are_not_forced_together() {
    let pipeline = Pipeline::new().then(DocumentAssembler {
        input_col: Some("text".into()),
        ..Default::default()
    });
    let model = session().load(&pipeline).unwrap();
    let dictionary = |from: i32| {
        let texts: DictionaryArray<Int8Type> = (from..from + 100)
            .map(|i| Some(i.to_string()))
            .collect::<Vec<_>>()
            .iter()
            .map(|s| s.as_deref())
            .collect();
        RecordBatch::try_from_iter([("text", Arc::new(texts) as _)]).unwrap()
    };
    let mut run = model.bind(dictionary(0).schema_ref()).unwrap().start();
    for from in [0, 100, 200, 300] {
        run.push(dictionary(from)).unwrap();
    }
    run.finish();
    assert_eq!(
        drain(&mut run)
            .iter()
            .map(|p| p.batch.num_rows())
            .sum::<usize>(),
        400
    );
}

#[test]
fn a_panic_is_an_error_with_its_rows() {
    let model = session()
        .load(&Pipeline::new().then(Words {
            panic_at: Some("boom".into()),
        }))
        .unwrap();
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let error = model.transform(&batch(&["a", "boom"])).unwrap_err();
    std::panic::set_hook(hook);
    assert!(
        matches!(&error, Error::Panicked { first_row: 0, last_row: 1, message } if message.contains("found it")),
        "{error}"
    );
    // The session still works.
    assert_eq!(model.transform(&batch(&["a"])).unwrap().num_rows(), 1);
}

#[test]
fn a_long_sentence_is_counted_or_refused() {
    let long = "word ".repeat(130);
    let input = batch(&["short", "", &long]);
    let embed = |policy: &str| {
        let mut pipeline = Pipeline::embed("text", data().join("models/tiny_cased"));
        pipeline.stages[3]
            .parameters
            .insert("on_overflow".into(), policy.into());
        let mut run = session()
            .load(&pipeline)
            .unwrap()
            .bind(input.schema_ref())
            .unwrap()
            .start();
        run.push(input.clone()).unwrap();
        run.finish();
        loop {
            match run.pull() {
                Ok(Some(_)) => {}
                Ok(None) => return Ok(run.counts().totals()),
                Err(error) => return Err(error),
            }
        }
    };
    let seen = embed("truncate").unwrap();
    assert_eq!(
        (seen.sentences_cut, seen.tokens_at_sep, seen.tokens_cut),
        (1, 1, 3)
    );
    let error = embed("error").unwrap_err().to_string();
    assert!(
        error.starts_with("row 2, sentence 0: 130 word pieces") && error.contains("at most 126"),
        "{error}"
    );
}

#[test]
fn columns_keep_the_rows_they_belong_to_when_sliced() {
    let pipeline = Pipeline::new()
        .then(DocumentAssembler {
            input_col: Some("text".into()),
            ..Default::default()
        })
        .then(SentenceDetector {
            input_cols: Some(vec!["document".into()]),
            output_col: Some("sentence".into()),
            ..Default::default()
        });
    let model = session().load(&pipeline).unwrap();
    let input = batch(&["One. Two.", "Three.", "Four. Five. Six."]);
    let whole = model.transform(&input).unwrap();
    let sliced = model.transform(&input.slice(1, 2)).unwrap();
    assert_eq!(&whole.slice(1, 2), &sliced);
    // A pipeline goes on from sliced annotation columns.
    let tokens = Tokenizer {
        input_cols: vec!["sentence".into()],
        ..Default::default()
    };
    let tokens = session().load(&Pipeline::new().then(tokens)).unwrap();
    let on_slice = tokens.transform(&whole.slice(1, 2)).unwrap();
    assert_eq!(&tokens.transform(&whole).unwrap().slice(1, 2), &on_slice);
    assert_eq!(
        on_slice
            .column_by_name("token")
            .unwrap()
            .as_list::<i32>()
            .value_length(1),
        6
    );
}
