//! The improved rule set: what it makes of the texts that surprise with Spark NLP's rules.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a test may fail"
)]

use hearth_text::sentence::{
    CustomBoundsStrategy, RuleSet, Scratch, Sentence, SentenceDetector, SentenceRules,
};
use hearth_text::utf16;

fn improved() -> SentenceRules {
    SentenceRules {
        rule_set: RuleSet::Improved,
        ..SentenceRules::default()
    }
}

/// The sentences of a text. Along the way: each is a slice of the text at its place and at `begin`, without white space
/// at its ends, after the one before.
fn sentences<'t>(detector: &SentenceDetector, text: &'t str) -> Vec<&'t str> {
    let mut found = Vec::new();
    let mut last = 0;
    let emit = |s: Sentence<'_>| {
        let at = s.at.unwrap();
        assert!(at >= last, "{text:?}: {s:?} before byte {last}");
        let slice = text.get(at..at + s.text.len());
        assert_eq!(slice, Some(s.text), "{text:?}");
        assert_eq!(s.begin as usize, utf16::len(&text[..at]), "{text:?}");
        assert_eq!((s.end - s.begin) as usize, utf16::len(s.text), "{text:?}");
        assert_eq!(s.text.trim(), s.text, "{text:?}");
        assert!(!s.text.is_empty(), "{text:?}");
        last = at + s.text.len();
        found.extend(slice);
    };
    detector
        .detect(text, &mut Scratch::default(), emit)
        .unwrap();
    found
}

/// Whether a text with `|` where sentences meet is cut there.
fn check(rules: SentenceRules, cases: &[&str]) {
    let detector = SentenceDetector::new(rules).unwrap();
    for case in cases {
        let expected: Vec<&str> = case.split('|').map(str::trim).collect();
        let text = case.replace('|', "");
        assert_eq!(sentences(&detector, &text), expected, "{text:?}");
    }
}

/// The table of the module's documentation.
#[test]
fn spark_s_rules_differ() {
    let detector = |rule_set| {
        SentenceDetector::new(SentenceRules {
            rule_set,
            ..SentenceRules::default()
        })
        .unwrap()
    };
    let [spark, improved] = RuleSet::ALL.map(detector);
    for (text, by_spark, by_improved) in [
        (
            "His age is 34. He is ill.",
            "His age is|34. He is ill.",
            "His age is 34.|He is ill.",
        ),
        ("Mrs. Smith came.", "Mrs.|Smith came.", "Mrs. Smith came."),
        (
            "Smith et al. 2019 saw Figs. 3-5.",
            "Smith et al.|2019 saw Figs.|3-5.",
            "Smith et al. 2019 saw Figs. 3-5.",
        ),
        (
            "He said... nothing.",
            "He said.|.|.|nothing.",
            "He said... nothing.",
        ),
        (
            "\"It is so.\" He left.",
            "\"It is so.\" He left.",
            "\"It is so.\"|He left.",
        ),
        (
            "She said \"It is 3.5. Go. Ok\" and left.",
            "She said \"It is 3.5.|Go.|Ok\" and left.",
            "She said \"It is 3.5. Go. Ok\" and left.",
        ),
        (
            "He said 'Stop. Now.'",
            "He said 'Stop.|Now.|'",
            "He said 'Stop. Now.'",
        ),
        ("(a) one (b) two", "(a) one|(b) two", "(a) one (b) two"),
        (
            "今天下雨。我在家。",
            "今天下雨。我在家。",
            "今天下雨。|我在家。",
        ),
    ] {
        assert_eq!(sentences(&spark, text).join("|"), by_spark);
        assert_eq!(sentences(&improved, text).join("|"), by_improved);
    }
}

#[test]
fn numbers_are_no_list_items_inside_sentences() {
    check(
        improved(),
        &[
            "His age is 34. |He is visiting hospital.",
            "In 45. |He came. |Stage 2. |Then 3. |End",
            "1. First item. |2. Second item.",
            "(a) first (b) second",
            "-1.) x is 5. |Then y.",
            "It was 3.5 mg. |Then .5 mg.",
            "N°. 1026.253.553. |Next.",
        ],
    );
}

#[test]
fn list_items_begin_lines() {
    let cases = [
        "Plan\n|1. Rest\n|2. Drink water. |Sleep.\n|3) Walk",
        "He was aged\n34. |He is visiting.",
        "We need:\n|(a) bread\n|(b) salt\n|c) oil",
        "A line\nthat goes on\n\nand on.",
        "See\n(ii) here.",
    ];
    check(improved(), &cases[..4]);
    check(improved(), &["See\n|(ii) here."]);
    let rules = SentenceRules {
        detect_lists: false,
        ..improved()
    };
    check(
        rules,
        &[
            "Plan\n1. |Rest\n2. |Drink.",
            cases[4],
            "1. First. |2. Second.",
        ],
    );
}

#[test]
fn abbreviations_go_on() {
    check(
        improved(),
        &[
            "Mrs. Smith came. |Mr. Smith left. |Dr. A. Jones stayed.",
            "Smith et al. 2019 showed it. |So did Smith et al. The rest did not."
                .replace("al. The", "al. |The")
                .as_str(),
            "See Fig. 2A and Figs. 3-5. |See (Fig. S2). |Fig. B shows it.",
            "It took approx. Five minutes vs. Ten.",
            "Give 5 mg/kg i.v. b.i.d. for 7 d. |Then stop.",
            "E. coli and S. aureus grew. |C. elegans did not.",
            "J. R. R. Tolkien and J.K. Rowling wrote. |He lives in the U.S. |He likes the U.S. Army.",
            "We had hepatitis B. |The patient left.",
            "Salt, sugar, etc. |Pepper, oil, etc. were there.",
            "He came at 5 p.m. |Then he left, e.g. Monday, i.e. today.",
            "Brown Co. KG and Smith Inc. Ltd. sell. |No. 5 is alive. |She said no. |He went.",
        ],
    );
    let rules = SentenceRules {
        use_abbreviations: false,
        ..improved()
    };
    check(rules, &["Mrs. |Smith et al. |Found E. coli, e.g. These."]);
}

#[test]
fn quotes_and_brackets_hold_together() {
    check(
        improved(),
        &[
            "\"This is great.\" she said. |Next.",
            "\"This is great.\" |She left.",
            "She said \"It is now. Go home. Ok\" and left. |Next.",
            "She said \"It is 3.5 now. Go home. Ok\" and left.",
            "He said 'Stop. Now.' |Then he didn't.",
            "“It is so. Yes!” |‘No. No.’ is the answer.",
            "It works (see Fig. 2. It is plain). |It does [1. 2. 3] too.",
            "It works. |(It does.) |Really?",
            "A 5\" screen. |A 6\" screen. |Done.",
            "An open (bracket. |It ends nothing. |Really.",
        ],
    );
}

#[test]
fn runs_of_signs_end_once() {
    check(
        improved(),
        &[
            "He said... nothing. |He said... |Nothing.",
            "What?! |No!! |... Yes…  |Well",
            "Wait… |What? |yes. |end of it. |also; |this;that.",
            "... and so on. |\"...\" and so on.",
            "x . |Y",
        ],
    );
}

#[test]
fn wide_full_stops_end_sentences() {
    check(
        improved(),
        &[
            "今天下雨。|我在家。",
            "是吗？|好！|行。",
            "彼は「行く。帰る。」と言った。|それから。",
            "（一。二。）|三。|四",
            "Ａ。Ｂ".replace('。', "。|").as_str(),
        ],
    );
}

#[test]
fn bounds_cut_wherever_they_match() {
    let rules = |strategy| SentenceRules {
        custom_bounds: vec![",".to_owned(), r"\n+".to_owned()],
        custom_bounds_strategy: strategy,
        ..improved()
    };
    let cut = |rules, text| sentences(&SentenceDetector::new(rules).unwrap(), text).join("|");
    let text = "'a, b', \"c\\d\nx\". Y\u{F050}\u{F056},, Z";
    assert_eq!(
        cut(rules(CustomBoundsStrategy::None), text),
        "'a|b'|\"c\\d|x\".|Y\u{F050}\u{F056}|Z"
    );
    assert_eq!(
        cut(rules(CustomBoundsStrategy::Prepend), "a, b. C, D"),
        "a|, b.|C|, D"
    );
    assert_eq!(
        cut(rules(CustomBoundsStrategy::Append), "a, b. C,, D"),
        "a,|b.|C,|,|D"
    );
    let only = SentenceRules {
        use_custom_bounds_only: true,
        ..rules(CustomBoundsStrategy::None)
    };
    assert_eq!(cut(only, "1. a. B, c\nd; E"), "1. a. B|c|d; E");
}

#[test]
fn long_words_move_no_offset() {
    let rules = SentenceRules {
        split_length: Some(5),
        ..improved()
    };
    check(rules, &["abcdefgh |a b c |d   |ef |ghé x"]);
}
