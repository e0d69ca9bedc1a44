//! Expressions over columns of every make.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use arrow::array::{Array, AsArray, StringArray};
use arrow::datatypes::Float32Type;
use common::{ENGINES, arrow, bert, collect, embed, only, same};
use hearth_polars::hearth::function::TextFunction;
use hearth_polars::hearth::stages::{BertEmbeddings, OnOverflow};
use hearth_polars::polars::prelude::*;

const TEXTS: [Option<&str>; 6] = [
    Some("I love NLP. It works."),
    None,
    Some(""),
    Some("Grüße aus Köln 🙂 here."),
    Some("I love NLP. It works."),
    Some("  "),
];

fn frame() -> DataFrame {
    df!("id" => [0, 1, 2, 3, 4, 5], "text" => TEXTS).unwrap()
}

fn embedded(frame: DataFrame, engine: Engine) -> DataFrame {
    let vector = hearth_polars::embed_text(col("text"), &common::session(), bert()).unwrap();
    collect(&frame.lazy().select([vector]), engine).unwrap()
}

#[test]
fn vectors_are_those_of_the_function() {
    let function = TextFunction::embed_text(&common::session(), bert()).unwrap();
    let texts: arrow::array::ArrayRef = Arc::new(StringArray::from(TEXTS.to_vec()));
    let expected = function.call(&texts).unwrap();
    for engine in ENGINES {
        let found = embedded(frame(), engine);
        same(&expected, &only(&found)).unwrap();
        let vectors = found.column("text").unwrap().array().unwrap();
        assert_eq!(
            vectors.dtype(),
            &DataType::Array(Box::new(DataType::Float32), 32)
        );
        let nulls: Vec<bool> = vectors.is_null().iter().map(Option::unwrap).collect();
        assert_eq!(nulls, [false, true, true, false, false, true]);
    }
}

#[test]
fn tokens_are_those_of_the_function() {
    let session = common::session();
    let functions = [
        (
            TextFunction::bert_embeddings(&session, bert()),
            hearth_polars::bert_embeddings(col("text"), &session, bert()),
        ),
        (
            TextFunction::sentences(&session),
            hearth_polars::sentences(col("text"), &session),
        ),
        (
            TextFunction::tokens(&session),
            hearth_polars::tokens(col("text"), &session),
        ),
        (
            TextFunction::annotate(&session, &embed()),
            hearth_polars::hearth(col("text"), &session, &embed()),
        ),
    ];
    let texts: arrow::array::ArrayRef = Arc::new(StringArray::from(TEXTS.to_vec()));
    for (function, expr) in functions {
        let expected = function.unwrap().call(&texts).unwrap();
        let expr = expr.unwrap();
        for engine in ENGINES {
            let mut lazy = frame().lazy().select([expr.clone()]);
            let planned = lazy.collect_schema().unwrap();
            let found = collect(&lazy, engine).unwrap();
            assert_eq!(&planned, found.schema());
            same(&expected, &only(&found)).unwrap();
            assert_eq!(found.column("text").unwrap().null_count(), 1);
        }
    }
}

#[test]
fn types_are_exact_before_any_row() {
    let session = common::session();
    let dtype = |expr: PolarsResult<Expr>| {
        let schema = frame()
            .lazy()
            .select([expr.unwrap().alias("x")])
            .collect_schema()
            .unwrap();
        schema.get("x").unwrap().clone()
    };
    let field = |name: &str, dtype| Field::new(name.into(), dtype);
    let vector = DataType::Array(Box::new(DataType::Float32), 32);
    assert_eq!(
        dtype(hearth_polars::embed_text(col("text"), &session, bert())),
        vector
    );
    let token = vec![
        field("begin", DataType::Int32),
        field("end", DataType::Int32),
        field("sentence", DataType::Int32),
        field("result", DataType::String),
        field("piece_id", DataType::Int32),
        field("vector", vector),
    ];
    let tokens = DataType::List(Box::new(DataType::Struct(token)));
    assert_eq!(
        dtype(hearth_polars::bert_embeddings(
            col("text"),
            &session,
            bert()
        )),
        tokens
    );
}

#[test]
fn every_kind_of_text_column_gives_the_same() {
    let expected = only(&embedded(frame(), Engine::InMemory));
    let categories = DataType::from_categories(Categories::global());
    let frozen =
        FrozenCategories::new(TEXTS.into_iter().flatten().collect::<PlIndexSet<_>>()).unwrap();
    for dtype in [categories, DataType::from_frozen_categories(frozen)] {
        let mut other = frame();
        let cast = other.column("text").unwrap().cast(&dtype).unwrap();
        other.with_column(cast).unwrap();
        for engine in ENGINES {
            same(&expected, &only(&embedded(other.clone(), engine))).unwrap();
        }
    }
}

#[test]
fn chunks_and_slices_give_the_same() {
    let expected = only(&embedded(frame(), Engine::InMemory));
    let mut chunked = frame().slice(0, 1);
    for row in 1..6 {
        chunked.vstack_mut(&frame().slice(row, 1)).unwrap();
    }
    assert_eq!(chunked.column("text").unwrap().n_chunks(), 6);
    for engine in ENGINES {
        same(&expected, &only(&embedded(chunked.clone(), engine))).unwrap();
        let rows = (0..6).map(|row| only(&embedded(frame().slice(row, 1), engine)));
        for (row, one) in rows.enumerate() {
            same(&expected.slice(row, 1), &one).unwrap();
        }
    }
}

#[test]
fn no_rows_and_nulls_alone() {
    let empty = frame().slice(0, 0);
    for engine in ENGINES {
        let found = embedded(empty.clone(), engine);
        assert_eq!(found.shape(), (0, 1));
        assert_eq!(found.dtypes(), embedded(frame(), engine).dtypes());
        let nulls = DataFrame::new(
            3,
            vec![Column::full_null("text".into(), 3, &DataType::Null)],
        );
        let found = embedded(nulls.unwrap(), engine);
        assert_eq!(found.column("text").unwrap().null_count(), 3);
        assert_eq!(found.dtypes(), embedded(frame(), engine).dtypes());
    }
}

#[test]
fn filters_and_groups() {
    let vector = hearth_polars::embed_text(col("text"), &common::session(), bert())
        .unwrap()
        .alias("vector");
    let expected = only(&embedded(frame(), Engine::InMemory));
    for engine in ENGINES {
        let few = frame().lazy().filter(col("id").gt_eq(lit(3)));
        let few = collect(&few.select([vector.clone()]), engine).unwrap();
        same(&expected.slice(3, 3), &only(&few)).unwrap();

        let groups = frame()
            .lazy()
            .group_by([col("text").is_null().alias("null")]);
        let counted = groups.agg([
            vector.clone().count().alias("n"),
            vector.clone().alias("vectors"),
        ]);
        let counted = collect(
            &counted.sort(["null"], SortMultipleOptions::default()),
            engine,
        )
        .unwrap();
        let n: Vec<_> = counted.column("n").unwrap().u32().unwrap().iter().collect();
        assert_eq!(n, [Some(3), Some(0)]);
        let first = arrow(&counted, "vectors").as_list::<i64>().value(0);
        same(&expected.slice(0, 1), &first.slice(0, 1)).unwrap();
    }
}

#[test]
fn conditions_see_the_same_rows() {
    let vector = hearth_polars::embed_text(col("text"), &common::session(), bert()).unwrap();
    let some = when(col("id").eq(lit(3)))
        .then(vector)
        .otherwise(lit(NULL))
        .alias("v");
    let expected = only(&embedded(frame(), Engine::InMemory));
    for engine in ENGINES {
        let found = only(&collect(&frame().lazy().select([some.clone()]), engine).unwrap());
        assert_eq!(found.null_count(), 5);
        same(&expected.slice(3, 1), &found.slice(3, 1)).unwrap();
    }
}

#[test]
fn many_rows_are_cut_into_calls_and_come_out_in_order() {
    let texts: Vec<String> = (0..70_000).map(|i| format!("w{}", i % 50)).collect();
    let many = df!("text" => &texts).unwrap();
    let few = only(&embedded(
        df!("text" => &texts[..50]).unwrap(),
        Engine::InMemory,
    ));
    for engine in ENGINES {
        let found = only(&embedded(many.clone(), engine));
        assert_eq!(found.len(), 70_000);
        let value = |array: &arrow::array::ArrayRef, row| {
            let vector = array.as_fixed_size_list().value(row);
            vector.as_primitive::<Float32Type>().values().to_vec()
        };
        for row in [0, 49, 65_535, 65_536, 65_537, 69_999] {
            assert_eq!(value(&found, row), value(&few, row % 50), "{row}");
        }
    }
}

#[test]
fn a_type_that_is_no_text_is_refused_before_any_row() {
    let vector = hearth_polars::embed_text(col("id"), &common::session(), bert()).unwrap();
    let error = frame()
        .lazy()
        .select([vector])
        .collect_schema()
        .unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("column 'id' has type i32") && text.contains("embed_text"),
        "{text}"
    );
}

#[test]
fn a_model_that_is_not_there_is_an_error_at_once() {
    let bert = BertEmbeddings {
        model: Some("/no/such/model".into()),
        ..Default::default()
    };
    let error = hearth_polars::embed_text(col("text"), &common::session(), bert).unwrap_err();
    assert!(error.to_string().contains("/no/such/model"), "{error}");
}

#[test]
fn errors_name_the_row() {
    let bert = BertEmbeddings {
        max_sentence_length: Some(6),
        on_overflow: OnOverflow::Error,
        ..bert()
    };
    let vector = hearth_polars::embed_text(col("text"), &common::session(), bert).unwrap();
    let texts: Vec<String> = (0..70_000)
        .map(|i| {
            if i == 66_000 {
                "one two three four five six".to_owned()
            } else {
                "one".to_owned()
            }
        })
        .collect();
    let lazy = df!("text" => texts).unwrap().lazy().select([vector]);
    let error = collect(&lazy, Engine::InMemory).unwrap_err().to_string();
    assert!(error.contains("row 66000, sentence 0"), "{error}");
    let error = collect(&lazy, Engine::Streaming).unwrap_err().to_string();
    assert!(
        error.contains("row ") && error.contains("sentence 0"),
        "{error}"
    );
}

/// A worker of Polars that waited for the session's would take up the next expression meanwhile, on top of this one.
#[test]
fn expressions_at_once_open_one_model() {
    let expected = only(&embedded(frame(), Engine::InMemory));
    for _ in 0..5 {
        let session = common::session();
        let columns: Vec<Expr> = (0..8)
            .map(|i| {
                let vector = hearth_polars::embed_text(col("text"), &session, bert()).unwrap();
                vector.alias(format!("v{i}"))
            })
            .collect();
        let query = frame().lazy().select(columns);
        std::thread::scope(|scope| {
            let run = |i: usize| {
                let query = query.clone();
                scope.spawn(move || collect(&query, ENGINES[i % 2]).unwrap())
            };
            let queries: Vec<_> = (0..4).map(run).collect();
            for query in queries {
                let found = query.join().unwrap();
                for i in 0..8 {
                    same(&expected, &arrow(&found, &format!("v{i}"))).unwrap();
                }
            }
        });
    }
}
