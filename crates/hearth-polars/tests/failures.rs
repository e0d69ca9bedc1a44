//! Failures are errors of the query: never nulls, never the end of the process.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;
#[path = "common/probe.rs"]
mod probe;

use common::{ENGINES, collect};
use hearth_polars::HearthFrame;
use hearth_polars::polars::prelude::*;
use probe::{Probe, pipeline, session};

fn frame() -> LazyFrame {
    df!("text" => ["a", "b", "c"]).unwrap().lazy()
}

/// What an expression and a frame say, in memory and streaming, where the rows may come one by one.
fn errors(probe: Probe) -> [Vec<String>; 2] {
    let (session, pipeline) = (session(), pipeline(probe));
    let expr = hearth_polars::hearth(col("text"), &session, &pipeline).unwrap();
    let eager = frame().collect().unwrap().hearth(&session, &pipeline);
    let mut errors = ENGINES.map(|engine| {
        let lazy = frame().hearth(&session, &pipeline).unwrap();
        let queries = [frame().select([expr.clone()]), lazy];
        let error = |query: &LazyFrame| collect(query, engine).unwrap_err().to_string();
        queries.iter().map(error).collect::<Vec<_>>()
    });
    errors[0].push(eager.unwrap_err().to_string());
    errors
}

#[test]
fn a_panic_in_a_users_stage() {
    let probe = Probe {
        panics_at: "b".to_owned(),
        ..Default::default()
    };
    let [memory, streaming] = errors(probe);
    for error in &memory {
        assert!(
            error.contains("rows 0 to 2: the probe met b") && error.contains("of the 3 rows"),
            "{error}"
        );
    }
    for error in &streaming {
        assert!(error.contains("the probe met b"), "{error}");
    }
}

#[test]
fn an_error_in_a_users_stage() {
    let probe = Probe {
        refuses: "c".to_owned(),
        ..Default::default()
    };
    let [memory, streaming] = errors(probe);
    for error in &memory {
        assert!(
            error.contains("row 2: Probe: 'c' is refused (of the 3 rows"),
            "{error}"
        );
    }
    for error in &streaming {
        assert!(
            error.contains(": Probe: 'c' is refused (of the "),
            "{error}"
        );
    }
}

#[test]
fn other_queries_go_on_after_a_panic() {
    let probe = Probe {
        panics_at: "b".to_owned(),
        ..Default::default()
    };
    let (session, pipeline) = (session(), pipeline(probe));
    let expr = hearth_polars::hearth(col("text"), &session, &pipeline).unwrap();
    for engine in ENGINES {
        collect(&frame().select([expr.clone()]), engine).unwrap_err();
        let others = frame()
            .filter(col("text").neq(lit("b")))
            .select([expr.clone()]);
        assert_eq!(collect(&others, engine).unwrap().height(), 2);
    }
}
