//! The Polars door: a Parquet file of notes, those nearest to one of them, and words by source.
//!
//! `cargo run -p hearth-examples --example polars`
#![allow(clippy::print_stdout)]

use std::error::Error;

use hearth_polars::hearth::Session;
use hearth_polars::hearth::stages::BertEmbeddings;
use hearth_polars::polars::prelude::*;
use hearth_polars::{embed_text, sentences, tokens};

const NOTES: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../data/corpora/sample.parquet"
);
const MODEL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../data/models/tiny_cased");

fn main() -> Result<(), Box<dyn Error>> {
    let session = Session::builder().build()?;
    let bert = BertEmbeddings {
        model: Some(MODEL.into()),
        normalize: true,
        ..Default::default()
    };
    let notes = LazyFrame::scan_parquet(PlRefPath::new(NOTES), ScanArgsParquet::default())?
        .select([col("id"), col("source"), col("text")]);

    // The filter runs first, so that only clinical notes are embedded.
    let embedded = notes
        .clone()
        .filter(col("source").eq(lit("clinical")))
        .with_column(embed_text(col("text"), &session, bert)?.alias("vector"))
        .collect_with_engine(Engine::Streaming)?
        .unwrap_single();
    println!("{embedded}");

    // Vectors of length 1, so that the cosine is the product.
    let vectors = embedded.column("vector")?.array()?.rechunk();
    let values = vectors.get_inner();
    let values = values.f32()?.cont_slice()?;
    let all: Vec<&[f32]> = values.chunks(vectors.width()).collect();
    let cosine = all
        .iter()
        .map(|vector| vector.iter().zip(all[0]).map(|(a, b)| a * b).sum());
    let nearest = embedded
        .lazy()
        .with_column(lit(Series::new(
            "cosine".into(),
            cosine.collect::<Vec<f32>>(),
        )))
        .sort(
            ["cosine"],
            SortMultipleOptions::default().with_order_descending(true),
        )
        .limit(5)
        .collect()?;
    let (ids, texts) = (nearest.column("id")?.str()?, nearest.column("text")?.str()?);
    println!("nearest to {}:", ids.get(0).unwrap_or_default());
    let cosines = nearest.column("cosine")?.f32()?;
    for ((id, text), cosine) in ids.iter().zip(texts.iter()).zip(cosines.iter()) {
        let start: String = text.unwrap_or_default().chars().take(60).collect();
        println!(
            "  {:.4}  {:<14} {start:?}",
            cosine.unwrap_or_default(),
            id.unwrap_or_default()
        );
    }

    let by_source = notes
        .with_columns([
            tokens(col("text"), &session)?.list().len().alias("tokens"),
            sentences(col("text"), &session)?
                .list()
                .len()
                .alias("sentences"),
        ])
        .group_by([col("source")])
        .agg([
            col("id").count().alias("notes"),
            col("sentences").sum(),
            col("tokens").sum(),
            (col("tokens").sum().cast(DataType::Float64)
                / col("sentences").sum().cast(DataType::Float64))
            .alias("tokens per sentence"),
        ])
        .sort(
            ["tokens"],
            SortMultipleOptions::default().with_order_descending(true),
        )
        .collect()?;
    println!("{by_source}");
    Ok(())
}
