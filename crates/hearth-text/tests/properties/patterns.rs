//! Java patterns.

use std::ops::Range;

use hearth_text::java::Pattern;

use super::{is_failure, is_refusal};

/// Matches looked at: each search may take its full number of steps.
const MATCHES: usize = 20;

/// What holds of any pattern on any text: it is read or refused, matches lie in the text, from left to right, and every
/// way of asking finds the same.
pub fn check(pattern: &str, text: &str) {
    let compiled = match Pattern::new(pattern) {
        Ok(compiled) => compiled,
        Err(error) => {
            assert!(is_refusal(&error), "{pattern:?}: {error}");
            assert!(!error.to_string().is_empty());
            return;
        }
    };
    assert_eq!(compiled.as_str(), pattern);
    let what = || format!("{pattern:?} on {text:?}");
    let mut found: Vec<Range<usize>> = Vec::new();
    let mut from = 0;
    while found.len() < MATCHES && from <= text.len() {
        let captures = match compiled.captures_at(text, from) {
            Ok(Some(captures)) => captures,
            Ok(None) => break,
            Err(error) => return assert!(is_failure(&error), "{}: {error}", what()),
        };
        let range = captures.range();
        assert!(range.start >= from, "{}: {range:?} from {from}", what());
        assert_eq!(
            compiled.find_at(text, from).ok(),
            Some(Some(range.clone())),
            "{}",
            what()
        );
        for group in 0..=compiled.groups() {
            if let Some(group) = captures.group(group) {
                check_range(text, &group);
            }
        }
        assert_eq!(captures.group(compiled.groups() + 1), None, "{}", what());
        from = if range.is_empty() {
            unit_after(text, range.end)
        } else {
            range.end
        };
        found.push(range);
    }
    if found.len() < MATCHES {
        check_all(&compiled, text, &found);
    }
}

/// A range of the text between UTF-16 units: the third byte of a character's four is between its halves.
fn check_range(text: &str, range: &Range<usize>) {
    assert!(
        range.start <= range.end && range.end <= text.len(),
        "{text:?}: {range:?}"
    );
    for at in [range.start, range.end] {
        let is_unit = text.is_char_boundary(at)
            || at >= 2
                && text
                    .get(at - 2..at + 2)
                    .is_some_and(|c| c.chars().count() == 1);
        assert!(is_unit, "{text:?}: {range:?}");
    }
}

/// The position one UTF-16 unit on; past the end, one byte.
fn unit_after(text: &str, at: usize) -> usize {
    match text.get(at..).map(|rest| rest.chars().next()) {
        None => at + 2,
        Some(None) => at + 1,
        Some(Some(c)) if c.len_utf16() == 2 => at + 2,
        Some(Some(c)) => at + c.len_utf8(),
    }
}

/// `each`, `split` and `replace_all` see these matches and no others.
fn check_all(compiled: &Pattern, text: &str, found: &[Range<usize>]) {
    let what = || format!("{:?} on {text:?}", compiled.as_str());
    let mut each = Vec::new();
    if let Err(error) = compiled.each(text, |range| each.push(range)) {
        // The matches together may take too many steps.
        return assert!(is_failure(&error), "{}: {error}", what());
    }

    assert_eq!(each, found, "{}", what());
    let parts = compiled.split(text).expect("the steps were enough before");
    for part in &parts {
        check_range(text, part);
    }
    assert!(parts.len() <= found.len() + 1, "{}: {parts:?}", what());
    if found.is_empty() {
        let whole = parts.first() == Some(&(0..text.len()));
        assert!(whole && parts.len() == 1, "{}: {parts:?}", what());
    }
    let mut replaced = Vec::new();
    let same = compiled.replace_all(text, |range, out| {
        if let Some(slice) = text.get(range.clone()) {
            out.push_str(slice);
        }
        replaced.push(range);
    });
    let same = same.expect("the steps were enough before");
    assert_eq!(replaced, found, "{}", what());
    if found.iter().all(|range| text.get(range.clone()).is_some()) {
        assert_eq!(same, text, "{}", what());
    }
}
