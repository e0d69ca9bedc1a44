//! A pipeline as a step of a DataFrame.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods
)]

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch, StringArray};
use arrow::compute::concat_batches;
use arrow::datatypes::Int64Type;
use datafusion::datasource::MemTable;
use datafusion::execution::memory_pool::GreedyMemoryPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::physical_plan::{ExecutionPlan, collect, displayable};
use datafusion::prelude::*;
use futures_util::StreamExt;
use hearth::border::{Border, Layout, Offsets};
use hearth::{Pipeline, Session};
use hearth_datafusion::{HearthDataFrame, HearthExec};
use hearth_testkit::data;

fn session() -> Session {
    Session::builder().jobs(2).build().unwrap()
}

fn embed() -> Pipeline {
    Pipeline::embed("text", data().join("models/tiny_cased"))
}

fn tokens() -> Pipeline {
    let mut pipeline = embed();
    pipeline.stages.truncate(3);
    pipeline
}

/// `partitions` of `n` rows each in batches of `batch`, sorted by `id`.
fn table(context: &SessionContext, partitions: usize, n: usize, batch: usize) {
    let of = |partition: usize| -> Vec<RecordBatch> {
        let ids: Vec<i64> = (0..n)
            .map(|row| i64::try_from(partition * n + row).unwrap())
            .collect();
        ids.chunks(batch)
            .map(|ids| {
                let text = ids.iter().map(|id| {
                    (id % 17 != 0).then(|| format!("Note {id} fell. It rose {}.", id % 5))
                });
                let text: ArrayRef = Arc::new(text.collect::<StringArray>());
                let other: ArrayRef = Arc::new(
                    ids.iter()
                        .map(|id| Some(format!("other {id}")))
                        .collect::<StringArray>(),
                );
                let ids: ArrayRef = Arc::new(Int64Array::from(ids.to_vec()));
                RecordBatch::try_from_iter_with_nullable([
                    ("id", ids, false),
                    ("text", text, true),
                    ("other", other, true),
                ])
                .unwrap()
            })
            .collect()
    };
    let partitions: Vec<_> = (0..partitions).map(of).collect();
    let table = MemTable::try_new(partitions[0][0].schema(), partitions).unwrap();
    let table = table.with_sort_order(vec![vec![col("id").sort(true, false)]]);
    context.register_table("notes", Arc::new(table)).unwrap();
}

fn joined(batches: &[RecordBatch]) -> RecordBatch {
    concat_batches(&batches[0].schema(), batches).unwrap()
}

async fn physical(frame: &DataFrame) -> Arc<dyn ExecutionPlan> {
    frame.clone().create_physical_plan().await.unwrap()
}

fn shown(plan: &Arc<dyn ExecutionPlan>) -> String {
    displayable(plan.as_ref()).indent(false).to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn it_gives_what_the_rust_door_gives() {
    let context = SessionContext::new_with_config(SessionConfig::new().with_target_partitions(3));
    table(&context, 1, 500, 33);
    let notes = context.table("notes").await.unwrap();
    let input = joined(&notes.clone().collect().await.unwrap());
    let session = session();
    for layout in [
        Layout::Nested(Offsets::Char),
        Layout::Rows(Offsets::Byte),
        Layout::Spark,
    ] {
        let border = Border {
            layout,
            columns: None,
        };
        let bound = session
            .load(&embed())
            .unwrap()
            .bind(&input.schema())
            .unwrap();
        let expected = bound
            .with_border(&border)
            .unwrap()
            .transform(&input)
            .unwrap();
        let frame = notes
            .clone()
            .hearth_as(&session, &embed(), &border)
            .unwrap();
        let found = joined(&frame.collect().await.unwrap());
        assert_eq!(found.columns(), expected.columns(), "{layout:?}");
        let names = |batch: &RecordBatch| -> Vec<String> {
            batch
                .schema()
                .fields()
                .iter()
                .map(|field| field.name().clone())
                .collect()
        };
        assert_eq!(names(&found), names(&expected));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn partitions_batches_and_their_number_do_not_show() {
    let session = session();
    let mut all = Vec::new();
    for (partitions, n, batch) in [(1, 600, 600), (3, 200, 7), (2, 300, 1)] {
        let context = SessionContext::new();
        table(&context, partitions, n, batch);
        let frame = context
            .table("notes")
            .await
            .unwrap()
            .hearth(&session, &embed())
            .unwrap();
        let frame = frame.sort(vec![col("id").sort(true, false)]).unwrap();
        all.push(joined(&frame.collect().await.unwrap()));
    }
    assert!(all.iter().all(|batch| *batch == all[0]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stands_around_it_is_pushed_below() {
    let context = SessionContext::new_with_config(SessionConfig::new().with_target_partitions(2));
    table(&context, 2, 100, 10);
    let frame = context
        .table("notes")
        .await
        .unwrap()
        .hearth(&session(), &tokens())
        .unwrap();

    // Nobody asks for `other`.
    let pruned = frame.clone().select(vec![col("id"), col("token")]).unwrap();
    let plan = shown(&physical(&pruned).await);
    assert!(!plan.contains("other@"), "{plan}");
    let found = joined(&pruned.collect().await.unwrap());
    assert_eq!((found.num_rows(), found.num_columns()), (200, 2));

    // A limit and a filter on what was there before.
    let limited = frame.clone().limit(0, Some(3)).unwrap();
    let optimized = limited
        .clone()
        .into_optimized_plan()
        .unwrap()
        .display_indent()
        .to_string();
    let (above, below) = optimized.split_once("Hearth:").unwrap();
    assert!(below.contains("fetch=3"), "{above}|{below}");
    assert_eq!(limited.count().await.unwrap(), 3);
    let filtered = frame.clone().filter(col("id").lt(lit(5))).unwrap();
    let optimized = filtered
        .clone()
        .into_optimized_plan()
        .unwrap()
        .display_indent()
        .to_string();
    let (_, below) = optimized.split_once("Hearth:").unwrap();
    assert!(below.contains("id < Int64(5)"), "{optimized}");
    assert_eq!(filtered.count().await.unwrap(), 5);
    // A filter on what it makes stays above.
    let filtered = frame.clone().filter(col("token").is_null()).unwrap();
    assert_eq!(filtered.count().await.unwrap(), 12);

    // The order is known to be kept.
    let sorted = frame.sort(vec![col("id").sort(true, false)]).unwrap();
    let plan = shown(&physical(&sorted).await);
    assert!(
        plan.contains("SortPreservingMergeExec") && !plan.contains("SortExec"),
        "{plan}"
    );
    let found = joined(&sorted.collect().await.unwrap());
    let ids = found.column(0).as_primitive::<Int64Type>().values();
    assert!(ids.is_sorted() && ids.len() == 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_may_become_more() {
    let context = SessionContext::new();
    table(&context, 1, 50, 8);
    let mut pipeline = tokens();
    pipeline.stages.truncate(2);
    pipeline.stages[1]
        .parameters
        .insert("explode_sentences".to_owned(), true.into());
    let frame = context
        .table("notes")
        .await
        .unwrap()
        .hearth(&session(), &pipeline)
        .unwrap();
    // 47 texts of two sentences; Spark NLP drops rows without any.
    let whole = frame.clone().count().await.unwrap();
    let limited = frame.limit(0, Some(5)).unwrap().count().await.unwrap();
    assert_eq!((whole, limited), (94, 5));
}

#[tokio::test(flavor = "multi_thread")]
async fn explain_analyze_says_what_was_done() {
    let context = SessionContext::new_with_config(SessionConfig::new().with_target_partitions(1));
    table(&context, 1, 100, 10);
    let frame = context
        .table("notes")
        .await
        .unwrap()
        .hearth(&session(), &embed())
        .unwrap();
    let plan = physical(&frame).await;
    collect(plan.clone(), context.task_ctx()).await.unwrap();
    let metrics = plan.metrics().unwrap();
    let sum = |name: &str| metrics.sum_by_name(name).map(|value| value.as_usize());
    assert_eq!(metrics.output_rows(), Some(100));
    assert_eq!((sum("sentences"), sum("tokens")), (Some(188), Some(752)));
    assert!(sum("packs") >= Some(1) && sum("folded") >= Some(1) && sum("busy") >= Some(1));
    let text = frame
        .explain(false, true)
        .unwrap()
        .to_string()
        .await
        .unwrap();
    assert!(
        text.contains("HearthExec") && text.contains("packs="),
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_is_registered() {
    let pool = Arc::new(GreedyMemoryPool::new(1 << 20));
    let environment = RuntimeEnvBuilder::new()
        .with_memory_pool(pool)
        .build_arc()
        .unwrap();
    let context = SessionContext::new_with_config_rt(SessionConfig::new(), environment);
    table(&context, 1, 1000, 100);
    let frame = context
        .table("notes")
        .await
        .unwrap()
        .hearth(&session(), &embed())
        .unwrap();
    let error = frame.collect().await.unwrap_err().to_string();
    assert!(
        error.contains("HearthExec[0]") && error.contains("Resources exhausted"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_is_dropped_ends_the_work() {
    let context = SessionContext::new_with_config(SessionConfig::new().with_target_partitions(1));
    table(&context, 1, 200_000, 100);
    let frame = context
        .table("notes")
        .await
        .unwrap()
        .hearth(&session(), &tokens())
        .unwrap();
    let plan = physical(&frame).await;
    let mut stream = plan.execute(0, context.task_ctx()).unwrap();
    stream.next().await.unwrap().unwrap();
    drop(stream);
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    let tokens = |plan: &Arc<dyn ExecutionPlan>| {
        plan.metrics()
            .unwrap()
            .sum_by_name("tokens")
            .unwrap()
            .as_usize()
    };
    let then = tokens(&plan);
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    assert_eq!(tokens(&plan), then);
    assert!(then < 1_000_000, "{then}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_is_refused_when_it_is_planned() {
    let context = SessionContext::new();
    table(&context, 1, 10, 10);
    let notes = context.table("notes").await.unwrap();
    let missing = notes.clone().hearth(
        &session(),
        &Pipeline::embed("nothing", data().join("models/tiny_cased")),
    );
    assert!(missing.unwrap_err().to_string().contains("nothing"));
    let twins = notes.clone().join(
        context.table("notes").await.unwrap().alias("b").unwrap(),
        JoinType::Inner,
        &["id"],
        &["id"],
        None,
    );
    let error = twins
        .unwrap()
        .hearth(&session(), &tokens())
        .unwrap_err()
        .to_string();
    assert!(error.contains("two columns are called 'id'"), "{error}");
    let _ = HearthExec::new(
        &session(),
        &tokens(),
        &Border {
            layout: Layout::Spark,
            columns: None,
        },
        physical(&notes).await,
    )
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_column_that_is_there_is_replaced_where_it_stands() {
    let context = SessionContext::new_with_config(SessionConfig::new().with_target_partitions(1));
    table(&context, 1, 20, 5);
    let notes = context.table("notes").await.unwrap();
    let notes = notes
        .select(vec![col("id"), col("other").alias("token"), col("text")])
        .unwrap();
    let input = joined(&notes.clone().collect().await.unwrap());
    let expected = session()
        .load(&tokens())
        .unwrap()
        .bind(&input.schema())
        .unwrap();
    let border = Border {
        layout: Layout::Nested(Offsets::Char),
        columns: None,
    };
    let expected = expected
        .with_border(&border)
        .unwrap()
        .transform(&input)
        .unwrap();
    let frame = notes.hearth(&session(), &tokens()).unwrap();
    let found = joined(&frame.clone().collect().await.unwrap());
    assert_eq!(found.columns(), expected.columns());
    let picked = frame.select(vec![col("id"), col("sentence")]).unwrap();
    assert_eq!(picked.count().await.unwrap(), 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_is_dropped_encodes_no_further_pack() {
    let context = SessionContext::new_with_config(SessionConfig::new().with_target_partitions(1));
    table(&context, 1, 100_000, 100);
    let frame = context
        .table("notes")
        .await
        .unwrap()
        .hearth(&session(), &embed())
        .unwrap();
    let plan = physical(&frame).await;
    let mut stream = plan.execute(0, context.task_ctx()).unwrap();
    stream.next().await.unwrap().unwrap();
    drop(stream);
    let packs = || {
        plan.metrics()
            .unwrap()
            .sum_by_name("packs")
            .unwrap()
            .as_usize()
    };
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    let then = packs();
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert_eq!(packs(), then);
    // All of it would be some 1,500.
    assert!(then < 700, "{then} packs");
}
