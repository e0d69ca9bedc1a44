//! Pipelines over frames: what an expression cannot.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::{ENGINES, collect, embed};
use hearth_polars::HearthFrame;
use hearth_polars::hearth::border::{Layout, Offsets};
use hearth_polars::hearth::stages::{DocumentAssembler, Finisher, SentenceDetector};
use hearth_polars::hearth::{Pipeline, Session};
use hearth_polars::polars::prelude::*;

fn frame() -> DataFrame {
    df!(
        "id" => [10i64, 11, 12],
        "text" => [Some("One cell. Two cells."), None, Some("Three.")],
        "ward" => ["a", "b", "a"],
    )
    .unwrap()
}

/// The frame through every door.
fn doors(
    frame: &DataFrame,
    session: &Session,
    pipeline: &Pipeline,
    layout: Layout,
) -> Vec<DataFrame> {
    let mut found = vec![frame.clone().hearth_in(session, pipeline, layout).unwrap()];
    for engine in ENGINES {
        let mut lazy = frame
            .clone()
            .lazy()
            .hearth_in(session, pipeline, layout)
            .unwrap();
        let planned = lazy.collect_schema().unwrap();
        let frame = collect(&lazy, engine).unwrap();
        assert_eq!(&planned, frame.schema());
        found.push(frame);
    }
    for other in &found[1..] {
        assert!(found[0].equals_missing(other), "{:?} {other:?}", found[0]);
    }
    found
}

fn nested() -> Layout {
    Layout::Nested(Offsets::Char)
}

fn sentences(explode: bool) -> Pipeline {
    Pipeline::new()
        .then(DocumentAssembler {
            input_col: Some("text".into()),
            ..Default::default()
        })
        .then(SentenceDetector {
            input_cols: Some(vec!["document".into()]),
            output_col: Some("sentence".into()),
            explode_sentences: explode,
            ..Default::default()
        })
}

#[test]
fn columns_are_added_and_the_others_kept() {
    for found in doors(&frame(), &common::session(), &embed(), nested()) {
        let names = [
            "id",
            "text",
            "ward",
            "document",
            "sentence",
            "token",
            "embeddings",
        ];
        assert_eq!(found.get_column_names(), names);
        assert!(
            found
                .select(["id", "text", "ward"])
                .unwrap()
                .equals_missing(&frame())
        );
        let nulls = ["document", "sentence", "token", "embeddings"]
            .map(|c| found.column(c).unwrap().null_count());
        assert_eq!(nulls, [1; 4]);
    }
}

#[test]
fn columns_of_every_type_pass() {
    let mut all = frame();
    let texts = Series::new("c".into(), ["x", "y", "x"]);
    let categories = DataType::from_categories(Categories::global());
    let columns = [
        texts.cast(&categories).unwrap(),
        Series::new(
            "l".into(),
            [
                Series::new("".into(), [1, 2]),
                Series::new("".into(), [3]),
                Series::new("".into(), [4]),
            ],
        ),
        Series::new("b".into(), [b"1".as_slice(), b"2", b"3"]),
        Series::new("f".into(), [0.5f32, f32::NAN, 1.0]),
        Series::full_null("n".into(), 3, &DataType::Null),
    ];
    for column in columns {
        all.with_column(column.into_column()).unwrap();
    }
    all.with_column(Column::new_scalar("s".into(), Scalar::from(7i32), 3))
        .unwrap();
    for found in doors(&all, &common::session(), &sentences(false), nested()) {
        let names = all.get_column_names_owned();
        let kept = found.select(names).unwrap();
        assert_eq!(kept.schema(), all.schema());
        assert!(kept.equals_missing(&all));
    }
}

#[test]
fn rows_are_exploded_with_all_their_columns() {
    for found in doors(&frame(), &common::session(), &sentences(true), nested()) {
        let ids: Vec<_> = found
            .column("id")
            .unwrap()
            .i64()
            .unwrap()
            .iter()
            .flatten()
            .collect();
        assert_eq!(ids.iter().filter(|id| **id == 10).count(), 2);
        assert_eq!(ids.iter().filter(|id| **id == 12).count(), 1);
        let wards = found.column("ward").unwrap().str().unwrap();
        assert!(
            ids.iter()
                .zip(wards.iter())
                .all(|(id, ward)| ward == Some(if *id == 11 { "b" } else { "a" }))
        );
    }
}

#[test]
fn a_finisher_drops_what_it_finished() {
    let finished = sentences(false).then(Finisher {
        input_cols: Some(vec!["sentence".into()]),
        ..Default::default()
    });
    for found in doors(&frame(), &common::session(), &finished, nested()) {
        assert_eq!(
            found.get_column_names(),
            ["id", "text", "ward", "finished_sentence"]
        );
        let first = found
            .column("finished_sentence")
            .unwrap()
            .list()
            .unwrap()
            .get_as_series(0)
            .unwrap();
        assert_eq!(
            first.str().unwrap().iter().flatten().collect::<Vec<_>>(),
            ["One cell.", "Two cells."]
        );
    }
}

#[test]
fn a_column_that_is_replaced_stays_in_place() {
    let replaced = Pipeline::new().then(DocumentAssembler {
        input_col: Some("text".into()),
        output_col: "text".into(),
        ..Default::default()
    });
    for found in doors(&frame(), &common::session(), &replaced, Layout::Spark) {
        assert_eq!(found.get_column_names(), ["id", "text", "ward"]);
        assert!(matches!(
            found.column("text").unwrap().dtype(),
            DataType::List(_)
        ));
    }
}

#[test]
fn ids_go_into_the_metadata() {
    let with_id = Pipeline::new().then(DocumentAssembler {
        input_col: Some("text".into()),
        id_col: Some("id".into()),
        ..Default::default()
    });
    for found in doors(&frame(), &common::session(), &with_id, nested()) {
        let text = format!("{:?}", found.column("document").unwrap().get(0).unwrap());
        assert!(text.contains("\"id\"") && text.contains("\"10\""), "{text}");
    }
}

#[test]
fn rows_of_tokens() {
    let rows = Layout::Rows(Offsets::Byte);
    for found in doors(&frame(), &common::session(), &embed(), rows) {
        let ids: Vec<_> = found
            .column("id")
            .unwrap()
            .i64()
            .unwrap()
            .iter()
            .flatten()
            .collect();
        let rows: Vec<_> = found
            .column("row")
            .unwrap()
            .i64()
            .unwrap()
            .iter()
            .flatten()
            .collect();
        assert!(ids.iter().zip(&rows).all(|(id, row)| *id == row + 10));
        let words: Vec<_> = found
            .column("result")
            .unwrap()
            .str()
            .unwrap()
            .iter()
            .flatten()
            .collect();
        assert_eq!(words[..3], ["One", "cell", "."]);
        assert_eq!(
            found.column("vector").unwrap().dtype(),
            &DataType::Array(Box::new(DataType::Float32), 32)
        );
    }
}

#[test]
fn chunks_of_any_length() {
    let mut chunked = frame().slice(0, 1);
    chunked.vstack_mut(&frame().slice(1, 2)).unwrap();
    let whole = doors(&frame(), &common::session(), &embed(), nested());
    let found = doors(&chunked, &common::session(), &embed(), nested());
    assert!(whole[0].equals_missing(&found[0]));
    // One column in one chunk, the others in two.
    let mut uneven = chunked;
    let text = frame().column("text").unwrap().clone();
    uneven.with_column(text).unwrap();
    let found = doors(&uneven, &common::session(), &embed(), nested());
    assert!(whole[0].equals_missing(&found[0]));
}

#[test]
fn no_rows() {
    let empty = frame().slice(0, 0);
    for found in doors(&empty, &common::session(), &embed(), nested()) {
        assert_eq!(found.shape(), (0, 7));
    }
}

#[test]
fn later_steps_read_what_they_need() {
    let lazy = frame().lazy().hearth(&common::session(), &embed()).unwrap();
    let counted = lazy
        .filter(col("ward").eq(lit("a")))
        .select([col("id"), col("token").list().len().alias("n")])
        .sort(["n"], SortMultipleOptions::default());
    for engine in ENGINES {
        let found = collect(&counted, engine).unwrap();
        let n: Vec<_> = found
            .column("n")
            .unwrap()
            .u32()
            .unwrap()
            .iter()
            .flatten()
            .collect();
        assert_eq!(n, [2, 6]);
    }
}

#[test]
fn errors_before_any_row() {
    let error = |frame: DataFrame| {
        let (session, pipeline) = (common::session(), embed());
        let lazy = frame.clone().lazy().hearth(&session, &pipeline);
        let lazy = lazy.err().unwrap().to_string();
        assert_eq!(
            lazy,
            frame.hearth(&session, &pipeline).unwrap_err().to_string()
        );
        lazy
    };
    let text = error(df!("body" => ["x"]).unwrap());
    assert!(
        text.contains("does not have any 'text' column") && text.contains("are: body)"),
        "{text}"
    );
    let text = error(df!("text" => [b"x".as_slice()]).unwrap());
    assert!(text.contains("column 'text' has type BinaryView"), "{text}");
}

#[test]
fn parquet_and_back() {
    let mut annotated = frame().hearth(&common::session(), &embed()).unwrap();
    let mut file = std::io::Cursor::new(Vec::new());
    ParquetWriter::new(&mut file)
        .finish(&mut annotated)
        .unwrap();
    let back = ParquetReader::new(file).finish().unwrap();
    assert_eq!(back.schema(), annotated.schema());
    assert!(back.equals_missing(&annotated));
}
