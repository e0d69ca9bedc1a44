//! Queries of many shapes: right results, and how often the functions ran.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArray};
use arrow::datatypes::{Int32Type, Schema};
use datafusion::datasource::MemTable;
use datafusion::prelude::*;
use hearth::stage::{AnyStage, Bound, Output, Stage};
use hearth::{Counts, Loading, Pipeline, Result, Session, StageConfig};
use hearth_datafusion::{Functions, configure};
use hearth_testkit::data;
use serde::{Deserialize, Serialize};

static ROWS: AtomicU64 = AtomicU64::new(0);
static CALLS: AtomicU64 = AtomicU64::new(0);
/// The counters are the process's.
static TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// Counts the rows it is given, and panics and fails where the text says so.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
struct Counting {}

impl StageConfig for Counting {
    const TYPE: &'static str = "counting";
    fn load(self, _: &Loading<'_>) -> Result<AnyStage> {
        Ok(AnyStage::Plain(Arc::new(self)))
    }
}

impl Stage for Counting {
    fn bind(&self, input: &Schema) -> Result<Bound> {
        let field = arrow::datatypes::Field::new("length", arrow::datatypes::DataType::Int32, true);
        Ok(Bound {
            reads: vec![input.index_of("text").unwrap()],
            adds: vec![Arc::new(field)],
            ..Bound::default()
        })
    }

    fn apply(&self, batch: &RecordBatch, at: &Bound, _: &Counts) -> Result<Output> {
        CALLS.fetch_add(1, Ordering::SeqCst);
        ROWS.fetch_add(batch.num_rows() as u64, Ordering::SeqCst);
        let text =
            arrow::compute::cast(batch.column(at.reads[0]), &arrow::datatypes::DataType::Utf8)
                .unwrap();
        let text = text.as_string::<i32>();
        if let Some(row) = text.iter().position(|text| text == Some("panic")) {
            panic!("a stage of the user's own, row {row}");
        }
        if let Some(row) = text.iter().position(|text| text == Some("fail")) {
            return Err(hearth::Error::Row {
                row: row as u64,
                stage: "counting".to_owned(),
                message: "the text says so".to_owned(),
            });
        }
        let lengths = text
            .iter()
            .map(|text| text.map(|text| i32::try_from(text.len()).unwrap()));
        let lengths: ArrayRef = Arc::new(lengths.collect::<arrow::array::Int32Array>());
        Ok(Output {
            columns: vec![lengths],
            source_row: None,
        })
    }
}

fn context(config: SessionConfig) -> SessionContext {
    let context = SessionContext::new_with_config(configure(config));
    let session = Session::builder()
        .jobs(2)
        .register::<Counting>()
        .build()
        .unwrap();
    let pipeline = "[[stage]]\ntype = \"document_assembler\"\ninput_col = \"text\"\n[[stage]]\ntype = \"counting\"\n";
    Functions::new(&session)
        .finding_models(|name| Ok(data().join("models").join(name)))
        .pipeline(
            "counting",
            Pipeline::from_toml(pipeline, "counting.toml").unwrap(),
        )
        .install(&context)
        .unwrap();
    context
}

/// `n` short texts, all different, in batches of `batch` rows.
fn notes(context: &SessionContext, n: usize, batch: usize) {
    let texts: Vec<String> = (0..n).map(|i| format!("Note {i} fell.")).collect();
    let batches = texts.chunks(batch).map(|texts| {
        let ids: ArrayRef = Arc::new(
            texts
                .iter()
                .map(|text| Some(&text[5..text.len() - 6]))
                .collect::<StringArray>(),
        );
        let text: ArrayRef = Arc::new(texts.iter().map(Some).collect::<StringArray>());
        RecordBatch::try_from_iter_with_nullable([("id", ids, false), ("text", text, true)])
            .unwrap()
    });
    let batches: Vec<RecordBatch> = batches.collect();
    let table = MemTable::try_new(batches[0].schema(), vec![batches]).unwrap();
    context.register_table("notes", Arc::new(table)).unwrap();
}

async fn rows(context: &SessionContext, sql: &str) -> Vec<RecordBatch> {
    context.sql(sql).await.unwrap().collect().await.unwrap()
}

fn n_rows(batches: &[RecordBatch]) -> usize {
    batches.iter().map(RecordBatch::num_rows).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn how_often_a_function_runs() {
    let _turn = TURN.lock().await;
    let context = context(SessionConfig::new().with_target_partitions(2));
    notes(&context, 1000, 100);
    let f = "annotate(text, 'counting')['length']";
    for (sql, ran, given) in [
        // Once for equal calls of one SELECT.
        (format!("SELECT {f} a, {f} b FROM notes"), 1000, 1000),
        // Twice in SELECT and WHERE, the second time for what the filter left.
        (format!("SELECT {f} FROM notes WHERE {f} > 13"), 1900, 900),
        // Twice for a filter on the alias of a subquery.
        (
            format!("SELECT a FROM (SELECT {f} a FROM notes) WHERE a > 13"),
            1900,
            900,
        ),
        // Not at all where nobody asks for it.
        (
            format!("SELECT id FROM (SELECT id, {f} a FROM notes)"),
            0,
            1000,
        ),
        // A filter on other columns and a limit stand below it.
        (format!("SELECT {f} FROM notes WHERE id = '7'"), 1, 1),
        (format!("SELECT {f} FROM notes LIMIT 10"), 10, 10),
        (
            format!("SELECT id, {f} AS d FROM notes ORDER BY d DESC, id LIMIT 3"),
            1000,
            3,
        ),
        // For the rows of its branch.
        (
            format!("SELECT CASE WHEN id LIKE '99%' THEN {f} END FROM notes"),
            11,
            1000,
        ),
        // Once in each table that is joined with itself.
        (
            format!(
                "SELECT count(*) FROM (SELECT id, {f} l FROM notes) a JOIN (SELECT id, {f} l FROM notes) b USING (id) WHERE a.l + b.l > 0"
            ),
            2000,
            1,
        ),
    ] {
        ROWS.store(0, Ordering::SeqCst);
        let found = rows(&context, &sql).await;
        assert_eq!(
            (ROWS.load(Ordering::SeqCst), n_rows(&found)),
            (ran, given),
            "{sql}"
        );
    }
    // More than once for each row where it is ordered by without being selected.
    ROWS.store(0, Ordering::SeqCst);
    rows(
        &context,
        &format!("SELECT id FROM notes ORDER BY {f} DESC, id LIMIT 3"),
    )
    .await;
    assert!(ROWS.load(Ordering::SeqCst) > 1000);
    // A constant, once, for the plan.
    ROWS.store(0, Ordering::SeqCst);
    let plan = context
        .sql("SELECT annotate('constant', 'counting') FROM notes")
        .await
        .unwrap();
    let _ = plan.into_optimized_plan().unwrap();
    assert_eq!(ROWS.load(Ordering::SeqCst), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn batches_of_any_size_give_the_same_bits() {
    let bits = async |rows_in_batch: usize, batch_size: usize| {
        let context = context(
            SessionConfig::new()
                .with_batch_size(batch_size)
                .with_target_partitions(2),
        );
        notes(&context, 300, rows_in_batch);
        let found = rows(
            &context,
            "SELECT id, embed_text(text, 'tiny_cased') v FROM notes ORDER BY id",
        )
        .await;
        arrow::compute::concat_batches(&found[0].schema(), &found).unwrap()
    };
    let expected = bits(300, 8192).await;
    for (rows, size) in [(1, 1), (1, 8192), (7, 64)] {
        assert_eq!(bits(rows, size).await, expected, "{rows} {size}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_self_join_and_parquet_and_back() {
    let context = context(SessionConfig::new());
    notes(&context, 200, 50);
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("v.parquet").display().to_string();
    rows(
        &context,
        &format!("COPY (SELECT id, embed_text(text, 'tiny_cased') v, bert_embeddings(text, 'tiny_cased') e FROM notes) TO '{file}'"),
    )
    .await;
    context
        .register_parquet("stored", &file, ParquetReadOptions::default())
        .await
        .unwrap();
    let differing = "SELECT s.id FROM stored s JOIN notes n USING (id)
        WHERE s.v <> embed_text(n.text, 'tiny_cased') OR s.e <> bert_embeddings(n.text, 'tiny_cased')";
    assert_eq!(n_rows(&rows(&context, differing).await), 0);
    let nearest = "SELECT a.id, min(cosine_distance(a.v, b.v)) FROM stored a JOIN stored b ON a.id <> b.id GROUP BY a.id";
    assert_eq!(n_rows(&rows(&context, nearest).await), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_and_panics_fail_the_query_alone() {
    let _turn = TURN.lock().await;
    let context = context(SessionConfig::new());
    let failed = async |text: &str| {
        let sql =
            format!("SELECT annotate(t, 'counting') FROM (VALUES ('fine'), ('{text}')) AS v(t)");
        context
            .sql(&sql)
            .await
            .unwrap()
            .collect()
            .await
            .unwrap_err()
            .to_string()
    };
    let error = failed("fail").await;
    assert!(
        error.contains("annotate: row 1: counting: the text says so"),
        "{error}"
    );
    let error = failed("panic").await;
    assert!(
        error.contains("a stage of the user's own, row 1"),
        "{error}"
    );
    let lengths = rows(&context, "SELECT annotate('fine', 'counting')['length'] l").await;
    assert_eq!(lengths[0].column(0).as_primitive::<Int32Type>().value(0), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_query_ends() {
    let _turn = TURN.lock().await;
    let context = context(
        SessionConfig::new()
            .with_batch_size(100)
            .with_target_partitions(1),
    );
    notes(&context, 100_000, 100);
    ROWS.store(0, Ordering::SeqCst);
    let frame = context
        .sql("SELECT annotate(text, 'counting')['length'] FROM notes")
        .await
        .unwrap();
    let mut stream = frame.execute_stream().await.unwrap();
    use futures_util::StreamExt;
    stream.next().await.unwrap().unwrap();
    drop(stream);
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    let done = ROWS.load(Ordering::SeqCst);
    assert!(done < 10_000, "{done} rows");
}

#[tokio::test(flavor = "multi_thread")]
async fn weights_are_held_once() {
    let context = context(SessionConfig::new().with_target_partitions(4));
    notes(&context, 100, 10);
    // Two functions, four partitions, two queries, one session: one model. What counts is that they agree to the bit, and
    // that opening it again finds it there.
    for _ in 0..2 {
        let equal = "SELECT id FROM notes WHERE embed_text(text, 'tiny_cased') <> ai_embed('tiny_cased', text)";
        assert_eq!(n_rows(&rows(&context, equal).await), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn dictionaries_are_looked_at_once_for_each_value_in_use() {
    let _turn = TURN.lock().await;
    let context = context(SessionConfig::new());
    notes(&context, 1000, 1000);
    ROWS.store(0, Ordering::SeqCst);
    let found = rows(
        &context,
        "SELECT annotate(arrow_cast(substr(text, 1, 6), 'Dictionary(Int32, Utf8)'), 'counting')['length'] l FROM notes WHERE id < '3'",
    )
    .await;
    assert_eq!(n_rows(&found), 223);
    // 'Note 0', 'Note 1', 'Note 2'.
    assert_eq!(ROWS.load(Ordering::SeqCst), 3);
    assert!(found.iter().all(|batch| batch.column(0).null_count() == 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn functions_that_know_other_pipelines_do_not_share_what_they_made() {
    let session = Session::builder().jobs(1).build().unwrap();
    let base = Functions::new(&session);
    let one =
        "[[stage]]\ntype = \"document_assembler\"\ninput_col = \"text\"\noutput_col = \"one\"\n";
    for name in ["one", "two"] {
        let pipeline = Pipeline::from_toml(&one.replace("one", name), "p.toml").unwrap();
        let context = SessionContext::new();
        base.clone()
            .pipeline("p", pipeline)
            .install(&context)
            .unwrap();
        let found = rows(
            &context,
            &format!("SELECT annotate('x', 'p')['{name}'] IS NULL"),
        )
        .await;
        assert!(!found[0].column(0).as_boolean().value(0), "{name}");
    }
}
