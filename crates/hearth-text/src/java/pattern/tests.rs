//! Patterns against the answers of `java.util.regex` of JDK 17.0.15, recorded in `tests/data/java_regex.jsonl.gz`: matches
//! with their groups, `String.split` and `replaceAll("<>")`, or the message of the exception. Positions are UTF-16.

use std::io::Read;

use flate2::read::GzDecoder;
use serde_json::{Value, json};

use super::*;

static TABLE: &[u8] = include_bytes!("../../../tests/data/java_regex.jsonl.gz");

fn table() -> Vec<Value> {
    let mut lines = String::new();
    GzDecoder::new(TABLE).read_to_string(&mut lines).unwrap();
    let table = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    table.collect()
}

fn units(text: &str, range: Option<Range<usize>>) -> Value {
    range.map_or(Value::Null, |range| {
        json!([text::unit(text, range.start), text::unit(text, range.end)])
    })
}

fn row(captures: &Captures, groups: usize, text: &str) -> Value {
    (0..=groups)
        .map(|group| units(text, captures.group(group)))
        .collect()
}

fn matches(pattern: &Pattern, text: &str) -> Value {
    let mut rows = Vec::new();
    let mut from = 0;
    while from <= text.len()
        && let Some(found) = pattern.captures_at(text, from).unwrap()
    {
        from = after(text, &found.range());
        rows.push(row(&found, pattern.groups(), text));
    }
    rows.into()
}

/// The matches that the crate `regex` finds.
fn linear(pattern: &Pattern, text: &str) -> Option<Value> {
    let rows = pattern.linear.as_ref()?.captures_iter(text).map(|found| {
        let groups = found.iter().map(|group| Some(group?.range())).collect();
        row(&Captures { groups }, pattern.groups(), text)
    });
    Some(rows.collect())
}

#[test]
fn patterns_match_what_java_matches() {
    let (mut seen, mut by_both) = (0, 0);
    for case in table() {
        let [pattern, text] = ["pattern", "text"].map(|name| case[name].as_str().unwrap());
        if case.get("error").is_some() {
            continue;
        }
        let compiled = Pattern::new(pattern).unwrap_or_else(|e| panic!("{pattern:?}: {e}"));
        let what = format!("{pattern:?} on {text:?}");
        assert_eq!(matches(&compiled, text), case["matches"], "{what}");
        if let Some(found) = linear(&compiled, text) {
            assert_eq!(found, case["matches"], "{what}");
            by_both += 1;
        }
        let parts: Value = (compiled.split(text).unwrap().into_iter())
            .map(|part| Value::from(text::slice(text, part)))
            .collect();
        assert_eq!(parts, case["split"], "{what}");
        let replaced = compiled.replace_all(text, |_, out| out.push_str("<>"));
        assert_eq!(
            replaced.unwrap(),
            case["replaced"].as_str().unwrap(),
            "{what}"
        );
        seen += 1;
    }
    assert!(seen > 1200 && by_both > 600, "{seen}, {by_both}");
}

#[test]
fn wrong_patterns_have_the_messages_of_java() {
    let mut seen = 0;
    for case in table() {
        let Some(error) = case.get("error") else {
            continue;
        };
        let pattern = case["pattern"].as_str().unwrap();
        match Pattern::new(pattern) {
            Err(found) => assert_eq!(found.to_string(), *error, "{pattern:?}"),
            Ok(_) => panic!("{pattern:?} was read"),
        }
        seen += 1;
    }
    assert!(seen > 60, "{seen}");
}

#[test]
fn what_is_not_known_is_named() {
    for (pattern, construct, place) in [
        (r"a\X", r"\X", 2),
        (r"a\Gb", r"\G", 2),
        (r"\N{SPACE}", r"\N{...}", 1),
        (r"\b{g}", r"\b{g}", 1),
        (r"x\p{javaMirrored}", r"\p{javaMirrored}", 16),
        ("(?U)a", "(?U), Unicode classes", 1),
        ("(?iu)a", "(?iu), letter case beyond ASCII", 3),
        (
            "[a&&[b]&c]",
            "a class that goes on after an intersection",
            7,
        ),
    ] {
        match Pattern::new(pattern) {
            Err(Error::UnsupportedPattern {
                construct: found,
                index,
                pattern: whole,
            }) => assert_eq!((&found[..], index, &whole[..]), (construct, place, pattern)),
            other => panic!("{pattern:?}: {other:?}"),
        }
    }
}

#[test]
fn too_many_ways_to_match_are_an_error() {
    for pattern in [r"(?=(x+x+)+y)x", r"(x+)+$", r"(x|xx)*\Z", r"(x|x?)*(?=y)"] {
        let pattern = Pattern::new(pattern).unwrap();
        let text = format!("{}!", "x".repeat(999));
        match pattern.find_at(&text, 0) {
            Err(Error::PatternSteps { limit, .. }) => assert_eq!(limit, 20_128_000),
            other => panic!("{pattern:?}: {other:?}"),
        }
    }
    // The same without look-around takes time linear in the text.
    let pattern = Pattern::new(r"(x+x+)+y").unwrap();
    for length in [30, 100_000] {
        assert_eq!(pattern.find_at(&"x".repeat(length), 0), Ok(None));
    }
}

#[test]
fn all_matches_in_a_text_share_the_steps() {
    // Each match is found in 20,000 steps, all of them in 400 million.
    let pattern = Pattern::new(r"x(?=x*(y)?)").unwrap();
    let text = "x".repeat(20_000);
    assert_eq!(pattern.find_at(&text, 10_000), Ok(Some(10_000..10_001)));
    assert!(matches!(
        pattern.each(&text, |_| {}),
        Err(Error::PatternSteps { .. })
    ));
    // A word boundary passes over all marks before it.
    let marks = "\u{301}".repeat(20_000);
    let pattern = Pattern::new(r"\ba").unwrap();
    assert_eq!(pattern.find_at(&marks, 0), Ok(None));
    assert!(matches!(
        Pattern::new(r"\b").unwrap().find_at(&marks, 0),
        Err(Error::PatternSteps { .. })
    ));
}

#[test]
fn what_can_be_gone_back_to_is_bounded() {
    let text = "ab".repeat(5 << 20);
    for pattern in [r"(?:(?!c)(?:a|b))*c", r"(?:(?=.)ab)*c(?=d)"] {
        let found = Pattern::new(pattern).unwrap().find_at(&text, 0);
        assert!(
            matches!(found, Err(Error::PatternSteps { .. })),
            "{pattern}"
        );
    }
    let run = Pattern::new(r"[ab]*(?=c)").unwrap();
    assert!(matches!(
        run.find_at(&text[..200_000], 0),
        Err(Error::PatternSteps { .. })
    ));
    let run = Pattern::new(r"[ab]*+(?!c)").unwrap();
    assert_eq!(run.find_at(&text, 0), Ok(Some(0..text.len())));
}

#[test]
fn large_counts_cost_nothing() {
    for pattern in [
        "a{1000000000}",
        "(?:a|b){1000000000}",
        "((a{1000}){1000}){1000}",
        "(?<=a{1000000000})a",
        r"(\w{2147483647}){2147483647}",
    ] {
        let pattern = Pattern::new(pattern).unwrap();
        assert_eq!(pattern.find_at("aaab", 0), Ok(None), "{pattern:?}");
    }
    let empty = Pattern::new("(?:){1000000000}").unwrap();
    assert!(matches!(
        empty.find_at("a", 0),
        Err(Error::PatternSteps { .. })
    ));
}

#[test]
fn nesting_is_bounded() {
    for open in ["(", "(?:", "(?=", "(?<!", "(?>", "(?i:", "[", "[a&&["] {
        assert!(Pattern::new(&open.repeat(100_000)).is_err());
    }
    for (open, close) in [("(", ")"), ("(?:", ")*"), ("(?=", ")"), ("[", "]")] {
        let deep = |n| format!("{}a{}", open.repeat(n), close.repeat(n));
        assert!(matches!(
            Pattern::new(&deep(10_000)),
            Err(Error::UnsupportedPattern { .. })
        ));
    }
    for close in [")", ")*", ")+?", "){1}", ")?+", ")*+", "){1,2}", "|b)"] {
        let deep = format!("{}a{}", "(".repeat(199), close.repeat(199));
        let found = Pattern::new(&deep).unwrap().find_at("a", 0);
        assert_eq!(found, Ok(Some(0..1)), "{close}");
    }
}

#[test]
fn matches_may_start_between_halves() {
    let pattern = Pattern::new("(?=[^a])").unwrap();
    let mut found = Vec::new();
    pattern.each("a😀a", |range| found.push(range)).unwrap();
    assert_eq!(found, [1..1, 3..3]);
    assert_eq!(pattern.replace_all("a😀a", |_, _| {}).unwrap(), "a😀a");
    // As in Java: the run that starts there gives back what it took and no more.
    let run = Pattern::new(r".?(?=\W)").unwrap();
    assert_eq!(run.find_at("a😀a", 3), Ok(Some(3..3)));
    let dashed = pattern.replace_all("a😀a", |_, out| out.push('-'));
    assert_eq!(dashed.unwrap(), "a-?-?a");
}
