//! The reference, which is slow and simple: it agrees with the recorded answers, and the crate agrees with it where two
//! rules meet. (`every_text.rs` compares both on generated texts.)
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

mod common;
mod properties;

use common::{Case, spans};
use hearth_testkit::reference::{Bounds, Cleanup, Sentences, Tokens};
use hearth_text::cleanup::CleanupMode;
use hearth_text::sentence::SentenceRules;
use properties::sentences;

/// Regexes are slow in builds without optimisation.
const EFFORT: usize = if cfg!(debug_assertions) { 1 } else { 16 };

const SWITCHES: [(bool, bool); 4] = [(true, true), (false, true), (true, false), (false, false)];

fn rules((detect_lists, use_abbreviations): (bool, bool)) -> SentenceRules {
    SentenceRules {
        detect_lists,
        use_abbreviations,
        ..SentenceRules::default()
    }
}

/// Texts in which two rules meet, or one reaches its limit.
#[rustfmt::skip]
const MEETINGS: [&str; 66] = [
    "'ab' 1. x", "x 'a b.' 2. y. Z", "'a. b'\\ c. d", "x 'a'\\. b", "'a'1 'b' c. d", "'a.'é b. c", "''' a. b", "' ' a. 'b. c' d", "a 'b|c.' d. e",
    "etc..'s a. b", "x etc..'s a", "x etc.. a", "x dr..'s", "etc.-a b. C", "x etc.-a b. C", "x etc.,a", "etc.: a", "x etc.? a", "x no.   (a. b)",
    "x no. 5", "x No.:5", "x p. 5 a", "x Dr.:5 a", "x Dr.:a", "x mt. Z", "x mrs. Z", "x mrs. I'm", "x mrs. I'll", "x mrs. I z", "x mrs. Iz",
    "e\ng. a", "x e\ng. a", "x e\rg. a", "x e\u{2028}g. a", "x eég. a", "x e-g. a", "x e.g. a", "x i e. b", "u.s. a", "x u's. 1", "x u\u{85}s. 1",
    "x 1. 2. 3. y", "1. 2. 3. y", "-1. a -2. b", "s-1.) a", "x -1.) a", "-12) x. y", "-12)) x. y", "-1\\) x. y", "-1é) x", "-123) x", "-1\u{2028}) x",
    "a.b.c. D", "a.b.c.. d", "a.b.5", "a.bc.d. E", "éa.b. C", "a\u{301}b.c. D", "𝕏\u{301}a.b. c", "p.m.. X", "xp.m.5", "x etc..5 a", "etc..5", "a.b..5 c", "x!! 'a!' b", "!? a !! b !$ c",
];

#[test]
fn sentences_where_rules_meet() {
    let mut n = 0;
    for switches in SWITCHES {
        let rules = rules(switches);
        for first in MEETINGS {
            sentences::check(&rules, first);
            for second in MEETINGS {
                n += 1;
                if n % 16 < EFFORT {
                    sentences::check(&rules, &format!("{first} {second}"));
                }
            }
        }
    }
}

#[test]
fn sentences_where_rules_meet_in_the_order_of_custom_bounds() {
    for switches in SWITCHES {
        let rules = SentenceRules {
            custom_bounds: vec!["<never>".to_owned()],
            ..rules(switches)
        };
        for text in MEETINGS {
            sentences::check(&rules, text);
        }
    }
}

#[test]
fn the_reference_agrees_with_the_recorded_sentences() {
    for (name, (lists, abbreviations)) in ["default", "nolists", "noabbr", "noabbr_nolists"]
        .iter()
        .zip(SWITCHES)
    {
        let reference = Sentences::new(lists, abbreviations);
        let case = Case::golden(&format!("sentence.{name}"));
        for (id, text, row) in case.rows.iter().filter(|row| row.1.len() < 3000) {
            let mut found = reference.detect(text, None);
            found.sort_by_key(|s| s.0);
            assert_eq!(found, spans(row, "sentence"), "{name} {id}");
        }
    }
    for strategy in ["none", "prepend", "append"] {
        let patterns = &[","];
        let bounds = Bounds {
            patterns,
            strategy,
            only: false,
        };
        let reference = Sentences::bounded(true, true, &bounds);
        let case = Case::golden(&format!("sentence.bounds_comma_{strategy}"));
        for (id, text, row) in case.rows.iter().filter(|row| row.1.len() < 3000) {
            let mut found = reference.detect(text, None);
            found.sort_by_key(|s| s.0);
            assert_eq!(found, spans(row, "sentence"), "{strategy} {id}");
        }
    }
}

#[test]
fn the_reference_agrees_with_the_recorded_tokens_and_documents() {
    let reference = Tokens::default();
    for (id, text, row) in Case::golden("token.ondocument")
        .rows
        .iter()
        .filter(|row| row.1.len() < 3000)
    {
        assert_eq!(reference.tokenize(text), spans(row, "token"), "{id}");
    }
    for mode in CleanupMode::ALL {
        let reference = Cleanup::new(mode.as_str());
        for (id, text, row) in Case::golden(&format!("doc.{mode}")).rows {
            assert_eq!(
                reference.clean(&text),
                spans(&row, "document")[0].2,
                "{mode} {id}"
            );
        }
    }
}
