//! [`Pattern`] against `tests/data/java_patterns.jsonl`, answers of JDK 17 (see the README there).
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::ops::Range;

use hearth_text::java::{Captures, Pattern};
use serde_json::{Value, json};

/// UTF-16 position of a byte position; the third byte of four is between the halves of a character.
fn unit(text: &str, at: usize) -> usize {
    let whole = text.floor_char_boundary(at);
    text[..whole].encode_utf16().count() + usize::from(whole < at)
}

fn position(text: &str, range: &Range<usize>) -> Value {
    json!([unit(text, range.start), unit(text, range.end)])
}

fn row(text: &str, pattern: &Pattern, found: &Captures) -> Value {
    (0..=pattern.groups())
        .map(|group| {
            found
                .group(group)
                .map_or(Value::Null, |range| position(text, &range))
        })
        .collect()
}

/// Where the next match is looked for: one unit on after an empty one.
fn after(text: &str, found: &Range<usize>) -> usize {
    if !found.is_empty() {
        return found.end;
    }
    (found.end + 1..=text.len())
        .find(|&at| is_position(text, at))
        .unwrap_or(text.len() + 1)
}

fn is_position(text: &str, at: usize) -> bool {
    let whole = text.floor_char_boundary(at);
    whole == at || at - whole == 2 && text[whole..].starts_with(|c| c > '\u{FFFF}')
}

fn matches(text: &str, pattern: &Pattern) -> Value {
    let mut rows = Vec::new();
    let mut from = 0;
    while from <= text.len()
        && let Some(found) = pattern.captures_at(text, from).unwrap()
    {
        rows.push(row(text, pattern, &found));
        from = after(text, &found.range());
    }
    rows.into()
}

fn units(text: &str, part: &Range<usize>) -> Vec<u16> {
    let all: Vec<u16> = text.encode_utf16().collect();
    all[unit(text, part.start)..unit(text, part.end)].to_vec()
}

/// As Java prints a string: half of a character is `?`.
fn printed(units: &[u16]) -> String {
    char::decode_utf16(units.iter().copied())
        .map(|c| c.unwrap_or('?'))
        .collect()
}

#[test]
fn recorded_answers() {
    let (mut seen, mut refused) = (0, 0);
    for line in include_str!("data/java_patterns.jsonl").lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let [source, text] = ["pattern", "text"].map(|name| case[name].as_str().unwrap());
        let what = format!("{source:?} on {text:?}");
        let pattern = match (Pattern::new(source), case.get("error")) {
            (Err(found), Some(error)) => {
                assert_eq!(found.to_string(), *error, "{what}");
                refused += 1;
                continue;
            }
            (Ok(pattern), None) => pattern,
            (found, error) => panic!("{what}: {found:?}, in Java {error:?}"),
        };
        assert_eq!(matches(text, &pattern), case["matches"], "{what}");
        let parts = pattern.split(text).unwrap();
        let parts: Vec<_> = parts
            .iter()
            .map(|part| printed(&units(text, part)))
            .collect();
        assert_eq!(json!(parts), case["split"], "{what}");
        let replaced = pattern.replace_all(text, |_, out| out.push_str("<>"));
        assert_eq!(
            replaced.unwrap(),
            case["replaced"].as_str().unwrap(),
            "{what}"
        );
        seen += 1;
    }
    assert_eq!((seen, refused), (363, 16));
}
