//! Every parameter of the sentence detector: against the recorded cases, against the reference on random texts, and what
//! holds of every sentence.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    reason = "a test may fail"
)]

mod common;

use common::{Case, Span, spans};
use hearth_text::Error;
use hearth_text::cleanup::clean;
use hearth_text::sentence::{
    CustomBoundsStrategy, RuleSet, Scratch, Sentence, SentenceDetector, SentenceRules,
};
use hearth_text::token::{Token, Tokenizer};
use serde_json::Value;

fn rules(params: &Value) -> SentenceRules {
    let default = SentenceRules::default();
    let flag = |name: &str, default| params[name].as_bool().unwrap_or(default);
    let int = |name: &str| params[name].as_i64().map(|n| n as i32);
    let bounds = params["customBounds"].as_array().into_iter().flatten();
    let strategy = params["customBoundsStrategy"].as_str();
    SentenceRules {
        rule_set: default.rule_set,
        custom_bounds: bounds.map(|b| b.as_str().unwrap().to_owned()).collect(),
        use_custom_bounds_only: flag("useCustomBoundsOnly", default.use_custom_bounds_only),
        custom_bounds_strategy: strategy
            .map_or(default.custom_bounds_strategy, |s| s.parse().unwrap()),
        detect_lists: flag("detectLists", default.detect_lists),
        use_abbreviations: flag("useAbbreviations", default.use_abbreviations),
        split_length: int("splitLength").or(default.split_length),
        min_length: int("minLength").unwrap_or(default.min_length),
        max_length: int("maxLength").or(default.max_length),
    }
}

/// The sentences of the documents of a row as Spark NLP numbers them: sorted by begin. Along the way: what has a place is
/// a slice of its document there.
fn sentences(detector: &SentenceDetector, documents: &[Span], scratch: &mut Scratch) -> Vec<Span> {
    let mut found = Vec::new();
    for (_, _, document) in documents {
        let emit = |s: Sentence<'_>| {
            if let Some(at) = s.at {
                assert_eq!(document.get(at..at + s.text.len()), Some(s.text));
            }
            let units = hearth_text::utf16::len(s.text);
            assert_eq!((s.end - s.begin) as usize, units, "{document:?}");
            found.push((i64::from(s.begin), i64::from(s.end) - 1, s.text.to_owned()));
        };
        detector.detect(document, scratch, emit).unwrap();
    }
    found.sort_by_key(|s| s.0);
    found
}

fn tokens(sentences: &[Span]) -> Vec<Span> {
    let mut found = Vec::new();
    for (begin, _, text) in sentences {
        let emit = |t: Token<'_>| {
            let (first, end) = (begin + i64::from(t.begin), begin + i64::from(t.end));
            found.push((first, end - 1, t.text.to_owned()));
        };
        Tokenizer::default().tokenize(text, emit).unwrap();
    }
    found
}

/// The rows of a case by text; exploded rows of one text are joined again, and their numbers checked.
fn joined(case: &Case) -> Vec<(&str, &str, Value)> {
    let mut rows: Vec<(&str, &str, Value)> = Vec::new();
    for (id, text, row) in &case.rows {
        match rows.last_mut().filter(|last| last.0 == id) {
            Some((_, _, last)) => {
                let more = row["sentence"].as_array().unwrap();
                last["sentence"]
                    .as_array_mut()
                    .unwrap()
                    .extend_from_slice(more);
            }
            None => rows.push((id, text, row.clone())),
        }
    }
    for (id, _, row) in &rows {
        for (number, sentence) in row["sentence"].as_array().into_iter().flatten().enumerate() {
            assert_eq!(sentence[3]["sentence"], number.to_string(), "{id}");
        }
    }
    rows
}

/// Compares every column that a case has after its document; gives the number of rows.
fn check(case: &Case) -> usize {
    let stages = case.head["stages"].as_array().unwrap();
    let detectors: Vec<_> = stages
        .iter()
        .filter(|stage| stage["class"] == "SentenceDetector")
        .map(|stage| {
            let params = &stage["params"];
            let column = params["outputCol"].as_str().unwrap();
            (column, SentenceDetector::new(rules(params)).unwrap())
        })
        .collect();
    let mode = case.params("DocumentAssembler")["cleanupMode"].clone();
    let mode = mode.as_str().unwrap_or("disabled").parse().unwrap();
    let mut scratch = Scratch::default();
    let mut wrong = Vec::new();
    let rows = joined(case);
    for (id, text, row) in &rows {
        let mut compare = |column: &str, found: &[Span]| {
            let expected = spans(row, column);
            if found != expected {
                wrong.push(format!(
                    "{} {id} {column} {text:?}\n  found    {found:?}\n  expected {expected:?}",
                    case.name
                ));
            }
        };
        let mut annotations = vec![(0, 0, clean(mode, text).into_owned())];
        for (column, detector) in &detectors {
            annotations = sentences(detector, &annotations, &mut scratch);
            if row.get(column).is_some() {
                compare(column, &annotations);
            }
        }
        if row.get("token").is_some() {
            compare("token", &tokens(&annotations));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {} rows differ:\n{}",
        wrong.len(),
        rows.len(),
        wrong.join("\n")
    );
    rows.len()
}

#[test]
fn recorded_sentences() {
    let mut rows = 0;
    for name in [
        "default",
        "nolists",
        "noabbr",
        "noabbr_nolists",
        "after_shrink",
        "overwrites_document",
        "of_sentences",
        "explode",
        "len10_40",
        "max20",
        "split12",
        "split60",
        "split60_bounds_n",
        "only_flag_without_bounds",
        "bounds_n",
        "bounds_nn",
        "bounds_nn_noabbr_nolists",
        "bounds_comma_none",
        "bounds_comma_prepend",
        "bounds_comma_append",
        "bounds_only",
        "bounds_only_prepend",
        "bounds_only_append",
        "bounds_only_n",
        "bounds_only_regex",
    ] {
        rows += check(&Case::golden(&format!("sentence.{name}")));
    }
    assert!(rows > 3_500, "only {rows} rows compared");
}

#[test]
fn recorded_tokens_of_split_sentences() {
    check(&Case::golden("token.after_split60"));
    check(&Case::golden("token.after_shrink_bounds_n"));
}

#[test]
fn refused_settings() {
    let strategy = "Append".parse::<CustomBoundsStrategy>();
    assert_eq!(
        strategy.unwrap_err().to_string(),
        "requirement failed: Append is not a valid strategy for custom bounds. Possible Values: (none, prepend, append)."
    );
    let bound = SentenceDetector::new(bounded("[."));
    assert!(matches!(bound, Err(Error::Pattern { pattern, .. }) if pattern == "[."));
    let set = "Improved".parse::<RuleSet>();
    assert_eq!(
        set.unwrap_err().to_string(),
        "no sentence rules are called \"Improved\": write spark or improved"
    );
}

#[test]
fn a_bound_that_takes_too_many_steps_gives_no_sentences() {
    for rule_set in RuleSet::ALL {
        let detector = SentenceDetector::new(SentenceRules {
            rule_set,
            ..bounded("(?:a+)+(?=b)c")
        })
        .unwrap();
        let mut scratch = Scratch::default();
        let mut count = 0;
        let mut detect = |text: &str| detector.detect(text, &mut scratch, |_| count += 1);
        let failed = detect(&"a".repeat(5_000));
        assert!(
            matches!(failed, Err(Error::PatternSteps { .. })),
            "{failed:?}"
        );
        detect("Fine. Here.").unwrap();
        assert_eq!(count, 2);
    }
}

fn bounded(bound: &str) -> SentenceRules {
    SentenceRules {
        custom_bounds: vec![bound.to_owned()],
        ..SentenceRules::default()
    }
}
