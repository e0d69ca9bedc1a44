//! Plans that travel.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods
)]

use std::sync::Arc;

use datafusion::physical_plan::{collect, displayable};
use datafusion::prelude::*;
use datafusion_proto::bytes::{
    logical_plan_from_bytes_with_extension_codec, logical_plan_to_bytes_with_extension_codec,
    physical_plan_from_bytes_with_extension_codec, physical_plan_to_bytes_with_extension_codec,
};
use datafusion_proto::logical_plan::DefaultLogicalExtensionCodec;
use datafusion_proto::physical_plan::DefaultPhysicalExtensionCodec;
use hearth::border::{Border, Layout, Offsets};
use hearth::{Pipeline, Session};
use hearth_datafusion::{
    HearthDataFrame, HearthLogicalCodec, HearthPhysicalCodec, configure, install,
};
use hearth_testkit::data;

fn session() -> Session {
    Session::builder().jobs(2).build().unwrap()
}

async fn context() -> SessionContext {
    let context =
        SessionContext::new_with_config(configure(SessionConfig::new().with_target_partitions(1)));
    install(&context, &session()).unwrap();
    let sample = data().join("corpora/sample.parquet").display().to_string();
    context
        .register_parquet("sample", &sample, ParquetReadOptions::default())
        .await
        .unwrap();
    let model = data().join("models/tiny_cased").display().to_string();
    context
        .sql(&format!("SET hearth.model = '{model}'"))
        .await
        .unwrap();
    context.sql("SET hearth.precision = 'bf16'").await.unwrap();
    context
}

async fn frame(context: &SessionContext) -> DataFrame {
    let pipeline = Pipeline::embed("text", data().join("models/tiny_cased"));
    let border = Border {
        layout: Layout::Rows(Offsets::Byte),
        columns: Some(vec![
            "id".to_owned(),
            "result".to_owned(),
            "vector".to_owned(),
        ]),
    };
    let frame = context
        .sql("SELECT id, text, embed_text(text) AS v FROM sample WHERE lang <> 'en'")
        .await
        .unwrap();
    let session = session();
    let rows = frame
        .clone()
        .hearth_as(&session, &pipeline, &border)
        .unwrap();
    let one = frame.hearth(&session, &pipeline).unwrap();
    let count = one
        .aggregate(
            vec![],
            vec![datafusion::functions_aggregate::expr_fn::count(col("v"))],
        )
        .unwrap();
    let n = count.collect().await.unwrap();
    assert_eq!(n[0].num_rows(), 1);
    rows
}

#[tokio::test(flavor = "multi_thread")]
async fn a_logical_plan_travels() {
    let context = context().await;
    let frame = frame(&context).await;
    let codec = HearthLogicalCodec::new(&session(), Arc::new(DefaultLogicalExtensionCodec {}));
    let bytes = logical_plan_to_bytes_with_extension_codec(frame.logical_plan(), &codec).unwrap();
    // A context that knows nothing of it.
    let other = SessionContext::new();
    let plan =
        logical_plan_from_bytes_with_extension_codec(&bytes, &other.task_ctx(), &codec).unwrap();
    assert_eq!(
        plan.display_indent().to_string(),
        frame.logical_plan().display_indent().to_string()
    );
    assert_eq!(plan.schema(), frame.logical_plan().schema());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_physical_plan_travels() {
    let context = context().await;
    let frame = frame(&context).await;
    let plan = frame.clone().create_physical_plan().await.unwrap();
    let codec = HearthPhysicalCodec::new(&session(), Arc::new(DefaultPhysicalExtensionCodec {}));
    let bytes = physical_plan_to_bytes_with_extension_codec(plan.clone(), &codec).unwrap();
    let other = SessionContext::new();
    let found =
        physical_plan_from_bytes_with_extension_codec(&bytes, &other.task_ctx(), &codec).unwrap();
    let shown = |plan: &Arc<dyn datafusion::physical_plan::ExecutionPlan>| {
        displayable(plan.as_ref()).indent(true).to_string()
    };
    assert_eq!(shown(&found), shown(&plan));
    let expected = collect(plan, context.task_ctx()).await.unwrap();
    assert_eq!(collect(found, other.task_ctx()).await.unwrap(), expected);
    assert!(
        expected
            .iter()
            .map(arrow::array::RecordBatch::num_rows)
            .sum::<usize>()
            > 1000
    );
}
