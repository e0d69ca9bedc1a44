//! Semantic search in SQL: which notes of the sample corpus are nearest to a question, and what a plan node does in a
//! DataFrame. The tiny model has random weights, so that the answers show form, not meaning.
//!
//! `cargo run -p hearth-examples --example sql [model]`
#![allow(clippy::print_stdout, reason = "an example")]

use std::error::Error;

use datafusion::prelude::*;
use hearth::{Pipeline, Session};
use hearth_datafusion::{HearthDataFrame, configure, datafusion, install};

const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../data");

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let tiny = format!("{DATA}/models/tiny_cased");
    let model = std::env::args().nth(1).unwrap_or(tiny);
    let session = Session::builder().build()?;
    let context = SessionContext::new_with_config(configure(SessionConfig::new()));
    install(&context, &session)?;
    let sample = format!("{DATA}/corpora/sample.parquet");
    context
        .register_parquet("notes", &sample, ParquetReadOptions::default())
        .await?;

    // The vectors are computed once and kept; the question is one more text.
    context
        .sql(&format!("SET hearth.model = '{model}'"))
        .await?;
    context
        .sql("CREATE TABLE vectors AS SELECT id, text, embed_text(text) AS v FROM notes WHERE text <> ''")
        .await?;
    context
        .sql(
            "SELECT id, round(cosine_distance(v, embed_text('Which antibiotic was given?')), 3) AS distance, left(text, 60) AS text
             FROM vectors ORDER BY distance, id LIMIT 5",
        )
        .await?
        .show()
        .await?;

    // A row that fails does not fail the query, and what is cut is said.
    context
        .sql(
            "SELECT count(*) AS notes, sum(r['n_tokens']) AS tokens, sum(r['n_cut']) AS cut
             FROM (SELECT try_embed_text(text) AS r FROM notes)",
        )
        .await?
        .show()
        .await?;

    // A pipeline as a step of a DataFrame: one evaluation, whatever stands around it.
    context
        .table("notes")
        .await?
        .hearth(&session, &Pipeline::embed("text", model))?
        .select(vec![col("lang"), col("token")])?
        .unnest_columns(&["token"])?
        .aggregate(
            vec![col("lang")],
            vec![datafusion::functions_aggregate::expr_fn::count(col("token")).alias("tokens")],
        )?
        .sort(vec![col("tokens").sort(false, false)])?
        .limit(0, Some(3))?
        .show()
        .await?;
    Ok(())
}
