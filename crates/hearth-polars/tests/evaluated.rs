//! How often an expression runs, per shape of a query: the table of the crate's page.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;
#[path = "common/probe.rs"]
mod probe;

use common::collect;
use hearth_polars::HearthFrame;
use hearth_polars::polars::prelude::*;
use probe::{Probe, pipeline, seen, session};

const ROWS: usize = 1000;

fn frame() -> LazyFrame {
    let id: Vec<i32> = (0..1000).collect();
    let text: Vec<String> = id.iter().map(|i| format!("text {i}")).collect();
    df!("id" => id, "text" => text).unwrap().lazy()
}

fn length(name: &str) -> Expr {
    let probe = Probe {
        name: name.to_owned(),
        ..Default::default()
    };
    hearth_polars::hearth(col("text"), &session(), &pipeline(probe))
        .unwrap()
        .struct_()
        .field_by_name("length")
}

/// Rows the probe saw in each engine.
fn runs(name: &str, query: impl Fn(LazyFrame, &dyn Fn() -> Expr) -> LazyFrame) -> [usize; 2] {
    [Engine::InMemory, Engine::Streaming].map(|engine| {
        let built = || length(name);
        collect(&query(frame(), &built), engine).unwrap();
        seen(name)
    })
}

#[test]
fn once() {
    assert_eq!(
        runs("once", |lf, e| lf.with_column(e().alias("n"))),
        [ROWS; 2]
    );
}

#[test]
fn cloned_expressions_run_once() {
    let found = runs("cloned", |lf, e| {
        let n = e();
        lf.select([
            n.clone().sum().alias("sum"),
            n.clone().max().alias("max"),
            (n + lit(1)).sum().alias("more"),
        ])
    });
    assert_eq!(found, [ROWS, 3 * ROWS]);
}

#[test]
fn cloned_expressions_in_columns_run_once() {
    let found = runs("columns", |lf, e| {
        let n = e();
        lf.with_columns([n.clone().alias("a"), n.alias("b")])
    });
    assert_eq!(found, [ROWS; 2]);
}

#[test]
fn expressions_built_twice_run_twice() {
    let found = runs("built", |lf, e| {
        lf.with_columns([e().alias("a"), e().alias("b")])
    });
    assert_eq!(found, [2 * ROWS; 2]);
}

#[test]
fn later_steps_read_the_column() {
    let found = runs("later", |lf, e| {
        let there = lf.with_column(e().alias("n"));
        there
            .with_column((col("n") + lit(1)).alias("m"))
            .select([col("n").sum(), col("m").sum()])
    });
    assert_eq!(found, [ROWS; 2]);
}

#[test]
fn a_column_nobody_reads_is_not_made() {
    let found = runs("unread", |lf, e| {
        lf.with_column(e().alias("n")).select([col("id")])
    });
    assert_eq!(found, [0; 2]);
}

#[test]
fn filters_on_other_columns_come_first() {
    for (name, before) in [("before", true), ("after", false)] {
        let found = runs(name, |lf, e| {
            let few = col("id").lt(lit(10));
            match before {
                true => lf.filter(few).with_column(e().alias("n")),
                false => lf.with_column(e().alias("n")).filter(few),
            }
        });
        assert_eq!(found, [10; 2], "{name}");
    }
}

#[test]
fn a_filter_on_its_column_runs_it_once() {
    let found = runs("own", |lf, e| {
        lf.with_column(e().alias("n")).filter(col("n").gt(lit(6)))
    });
    assert_eq!(found, [ROWS; 2]);
}

#[test]
fn limits_come_first() {
    let [memory, streaming] = runs("limit", |lf, e| lf.with_column(e().alias("n")).limit(5));
    assert_eq!(memory, 5);
    assert!((5..=ROWS).contains(&streaming), "{streaming}");
}

#[test]
fn a_sort_before_a_limit_runs_on_all() {
    let found = runs("sorted", |lf, e| {
        let sorted = lf
            .with_column(e().alias("n"))
            .sort(["n"], SortMultipleOptions::default());
        sorted.limit(5)
    });
    assert_eq!(found, [ROWS; 2]);
}

#[test]
fn groups_run_it_once() {
    let found = runs("groups", |lf, e| {
        lf.group_by([(col("id") % lit(7)).alias("g")])
            .agg([e().sum().alias("n")])
    });
    assert_eq!(found, [ROWS; 2]);
}

#[test]
fn two_joined_tables_run_it_on_each() {
    let found = runs("joined", |lf, e| {
        let embedded = lf.with_column(e().alias("n"));
        let other = embedded.clone().select([col("id"), col("n").alias("m")]);
        embedded.join(
            other,
            [col("id")],
            [col("id")],
            JoinArgs::new(JoinType::Inner),
        )
    });
    assert!(
        found.iter().all(|n| [ROWS, 2 * ROWS].contains(n)),
        "{found:?}"
    );
}

#[test]
fn a_literal_runs_once() {
    let name = "literal";
    let probe = Probe {
        name: name.to_owned(),
        ..Default::default()
    };
    let expr = hearth_polars::hearth(lit("one text"), &session(), &pipeline(probe)).unwrap();
    let all = frame().with_column(expr.struct_().field_by_name("length").alias("n"));
    for engine in common::ENGINES {
        let found = collect(&all, engine).unwrap();
        assert_eq!(
            found.column("n").unwrap().i32().unwrap().sum(),
            Some(8 * 1000)
        );
        assert!((1..=2).contains(&seen(name)), "{engine:?}");
    }
}

#[test]
fn a_frame_runs_once() {
    let probe = Probe {
        name: "frame".to_owned(),
        ..Default::default()
    };
    let (session, pipeline) = (session(), pipeline(probe));
    for engine in common::ENGINES {
        let annotated = frame().hearth(&session, &pipeline).unwrap();
        let read = annotated.select([col("length").sum(), col("length").max().alias("max")]);
        collect(&read, engine).unwrap();
        assert_eq!(seen("frame"), ROWS);
    }
}
