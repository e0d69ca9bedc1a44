//! The way back from cleaned texts to their originals.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use hearth_testkit::generate::{for_all, text_of};
use hearth_text::cleanup::{CleanupMode, clean, clean_traced};

/// A character of the cleaned text and the part of the original that it stands for.
type Part<'a> = (char, &'a str);

fn parts(mode: CleanupMode, text: &str) -> Vec<Part<'_>> {
    let (cleaned, edits) = clean_traced(mode, text);
    let part = |(at, c): (usize, char)| (c, &text[edits.original(at..at + c.len_utf8())]);
    cleaned.char_indices().map(part).collect()
}

#[test]
fn a_character_stands_for_all_that_it_replaced() {
    use CleanupMode::{DeleteFull, Disabled, Each, EachFull, InplaceFull, Shrink, ShrinkFull};
    let cases: &[(CleanupMode, &str, &[Part<'_>])] = &[
        (Disabled, " é\t", &[(' ', " "), ('é', "é"), ('\t', "\t")]),
        (
            InplaceFull,
            "\ta\\r\\nb",
            &[(' ', "\t"), ('a', "a"), (' ', r"\r\n"), ('b', "b")],
        ),
        (
            Shrink,
            " é \n 😀 ",
            &[('é', "é"), (' ', " \n "), ('😀', "😀")],
        ),
        (
            ShrinkFull,
            r"a\r\r\n\nb  c",
            &[
                ('a', "a"),
                (' ', r"\r\r\n\n"),
                ('b', "b"),
                (' ', "  "),
                ('c', "c"),
            ],
        ),
        (
            Each,
            "a \n\tb",
            &[('a', "a"), (' ', " \n"), ('\t', "\t"), ('b', "b")],
        ),
        (EachFull, "a \\tb", &[('a', "a"), (' ', " \\t"), ('b', "b")]),
        (DeleteFull, r"  \na\t\r\nb\n", &[('a', "a"), ('b', "b")]),
        (Shrink, "  ", &[]),
    ];
    for (mode, text, expected) in cases {
        assert_eq!(parts(*mode, text), *expected, "{mode} {text:?}");
    }
}

#[test]
fn what_was_deleted_or_trimmed_belongs_to_no_neighbour() {
    let text = r" \na\tb\n ";
    let (cleaned, edits) = clean_traced(CleanupMode::DeleteFull, text);
    assert_eq!(cleaned, "ab");
    assert_eq!(edits.original(0..1), 3..4);
    assert_eq!(edits.original(1..2), 6..7);
    assert_eq!(edits.original(0..2), 3..7);
    assert_eq!(edits.original(0..0), 3..3);
    assert_eq!(edits.original(1..1), 6..6);
    let (cleaned, edits) = clean_traced(CleanupMode::DeleteFull, r"\n");
    assert_eq!((cleaned.as_ref(), edits.original(0..0)), ("", 2..2));
}

#[test]
fn random_texts_lead_back() {
    let parts = &[
        " ", " ", "\n", "\r", "\t", "\u{B}", "\u{1F}", "\0", "\\", "\\n", "\\r", "\\t", "n", "é",
        "a", "\u{A0}", "😀",
    ];
    for_all(1, 3000, text_of(parts, 14), |text| {
        for mode in CleanupMode::ALL {
            leads_back(mode, &text);
        }
    });
}

fn leads_back(mode: CleanupMode, text: &str) {
    let (cleaned, edits) = clean_traced(mode, text);
    assert_eq!(cleaned, clean(mode, text), "{mode} {text:?}");
    let trims = matches!(
        mode,
        CleanupMode::Shrink | CleanupMode::ShrinkFull | CleanupMode::DeleteFull
    );
    let mut left = if trims {
        text.len() - text.trim_start_matches(|c| c <= ' ').len()
    } else {
        0
    };
    let escapes = |gap: &str| {
        gap.replace("\\r\\n", "")
            .replace("\\n", "")
            .replace("\\t", "")
    };
    for (at, c) in cleaned.char_indices() {
        let range = edits.original(at..at + c.len_utf8());
        let (gap, part) = (&text[left..range.start], &text[range.clone()]);
        let deletes = mode == CleanupMode::DeleteFull;
        assert!(
            gap.is_empty() || (deletes && escapes(gap).is_empty()),
            "{mode} {text:?}: gap {gap:?}"
        );
        let kept = part.chars().eq([c]);
        let replaced = c == ' ' && !part.is_empty() && blank(mode, part);
        assert!(kept || replaced, "{mode} {text:?}: {c:?} for {part:?}");
        left = range.end;
    }
    let rest = &text[left..];
    let rest = if trims {
        rest.trim_end_matches(|c| c <= ' ')
    } else {
        rest
    };
    let rest = if mode == CleanupMode::DeleteFull {
        escapes(rest)
    } else {
        rest.to_owned()
    };
    assert_eq!(rest, "", "{mode} {text:?}");
}

/// Whether a space may stand for this part.
fn blank(mode: CleanupMode, part: &str) -> bool {
    let space = |c: char| matches!(c, '\t'..='\r' | ' ');
    let escape = |part: &str| ["\\r\\n", "\\n", "\\t"].contains(&part);
    let mut rest = part.chars();
    let first = rest.next().is_some_and(space);
    match mode {
        CleanupMode::Disabled | CleanupMode::DeleteFull => false,
        CleanupMode::Inplace => part.len() == 1 && first,
        CleanupMode::InplaceFull => (part.len() == 1 && first) || escape(part),
        CleanupMode::Shrink => part.chars().all(space),
        CleanupMode::ShrinkFull => {
            part.chars().all(space)
                || part.replace("\\t", "").is_empty()
                || part.trim_start_matches("\\r").replace("\\n", "").is_empty()
        }
        CleanupMode::Each => first && ["\n", "\t"].contains(&rest.as_str()),
        CleanupMode::EachFull => {
            first && (["\n", "\t"].contains(&rest.as_str()) || escape(rest.as_str()))
        }
    }
}
