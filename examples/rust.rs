//! The Rust door: a record batch in, one with vectors out.
//!
//! `cargo run -p hearth-examples --example rust`
#![allow(clippy::print_stdout)]

use std::error::Error;
use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch, StringArray};
use arrow::datatypes::Float32Type;
use hearth::annotation::Annotations;
use hearth::{Pipeline, Session};

fn main() -> Result<(), Box<dyn Error>> {
    let model = concat!(env!("CARGO_MANIFEST_DIR"), "/../data/models/tiny_cased");
    let session = Session::builder().build()?;
    let pipeline = session.load(&Pipeline::embed("text", model))?;

    let notes = [
        Some("No acute distress. Aspirin 81 mg daily."),
        None,
        Some("No acute distress."),
    ];
    let batch =
        RecordBatch::try_from_iter([("text", Arc::new(StringArray::from(notes.to_vec())) as _)])?;

    // Everything that can be wrong with the columns is known here, before any data.
    let bound = pipeline.bind(batch.schema_ref())?;
    let annotated = bound.transform(&batch)?;

    let column = annotated
        .column_by_name("embeddings")
        .ok_or("no embeddings")?;
    let embeddings = Annotations::open(column, "embeddings")?;
    let (_, vectors) = embeddings.embeddings().ok_or("no vectors")?;
    for row in 0..embeddings.rows() {
        println!("row {row}");
        for token in embeddings.row(row) {
            let vector = vectors.value(token);
            let first = vector.as_primitive::<Float32Type>().value(0);
            println!(
                "  {:<10} {:?} first component {first:.6}",
                embeddings.result(token),
                embeddings.span(token)
            );
        }
    }

    // The same sentence has the same bits, here in rows 0 and 2.
    let (a, b) = (
        vectors.value(embeddings.row(0).start),
        vectors.value(embeddings.row(2).start),
    );
    assert_eq!(
        a.as_primitive::<Float32Type>().values(),
        b.as_primitive::<Float32Type>().values()
    );
    println!(
        "{} tokens have a vector of {} components",
        vectors.len(),
        vectors.value_length()
    );
    Ok(())
}
