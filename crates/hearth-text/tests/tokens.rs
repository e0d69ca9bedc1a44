//! Tokenizer, RegexTokenizer, Normalizer and StopWordsCleaner against the real Spark NLP, with every recorded setting.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    reason = "a test may fail"
)]

mod common;

use common::{Case, Span, spans};
use hearth_text::normal::{NormalRules, Normalizer};
use hearth_text::sentence::{Scratch, Sentence, SentenceDetector};
use hearth_text::stop_words::{ENGLISH, StopWords};
use hearth_text::token::{RegexTokenRules, RegexTokenizer, Token, TokenRules, Tokenizer};
use hearth_text::utf16;
use serde_json::Value;

/// The sentences that Spark NLP finds by default, in its order; without a detector, the text.
fn sentences(case: &Case, text: &str) -> Vec<(i64, String)> {
    let params = case.params("SentenceDetector");
    if params.is_null() {
        return vec![(0, text.to_owned())];
    }
    for own in params.as_object().unwrap().keys() {
        assert!(["inputCols", "outputCol"].contains(&&own[..]), "{own}");
    }
    let mut found = Vec::new();
    let emit = |s: Sentence<'_>| found.push((i64::from(s.begin), s.text.to_owned()));
    SentenceDetector::default()
        .detect(text, &mut Scratch::default(), emit)
        .unwrap();
    found.sort_by_key(|s| s.0);
    found
}

fn words(value: &Value) -> Option<Vec<String>> {
    let words = value.as_array()?.iter();
    Some(words.map(|w| w.as_str().unwrap().to_owned()).collect())
}

fn word(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

fn int(value: &Value) -> Option<i32> {
    value.as_i64().map(|n| n as i32)
}

fn token_rules(params: &Value) -> TokenRules {
    let default = TokenRules::default();
    TokenRules {
        target_pattern: word(&params["targetPattern"]).unwrap_or(default.target_pattern),
        prefix_pattern: word(&params["prefixPattern"]),
        infix_patterns: words(&params["infixPatterns"]).unwrap_or_default(),
        suffix_pattern: word(&params["suffixPattern"]),
        context_chars: words(&params["contextChars"]).unwrap_or(default.context_chars),
        split_chars: words(&params["splitChars"]).unwrap_or_default(),
        split_pattern: word(&params["splitPattern"]),
        exceptions: words(&params["exceptions"]).unwrap_or_default(),
        case_sensitive_exceptions: params["caseSensitiveExceptions"].as_bool().unwrap_or(true),
        min_length: int(&params["minLength"]).unwrap_or(default.min_length),
        max_length: int(&params["maxLength"]).unwrap_or(default.max_length),
    }
}

/// The token, which must be what the sentence holds at its byte.
fn span(sentence: &str, from: i64, token: Token<'_>) -> Span {
    if let Some(at) = token.at {
        assert_eq!(&sentence[at..at + token.text.len()], token.text);
    }
    (
        from + i64::from(token.begin),
        from + i64::from(token.end) - 1,
        token.text.to_owned(),
    )
}

fn tokens(tokenizer: &Tokenizer, sentences: &[(i64, String)]) -> Vec<Span> {
    let mut found = Vec::new();
    for (begin, text) in sentences {
        tokenizer
            .tokenize(text, |token| found.push(span(text, *begin, token)))
            .unwrap();
    }
    found
}

/// Compares a column of every row with what `find` gives.
fn check(case: &Case, column: &str, find: impl Fn(&str) -> Vec<Span>) {
    let differ = |(id, text, row): &(String, String, Value)| {
        let (found, expected) = (find(text), spans(row, column));
        let first = found.iter().zip(&expected).find(|(a, b)| a != b);
        (found != expected).then(|| {
            format!(
                "{} {id} {text:?}\n  {} found, {} expected, first {first:?}",
                case.name,
                found.len(),
                expected.len()
            )
        })
    };
    let wrong: Vec<_> = case.rows.iter().filter_map(differ).collect();
    let (bad, all) = (wrong.len(), case.rows.len());
    assert!(all > 100, "{all} rows");
    assert!(
        bad == 0,
        "{bad} of {all} rows differ:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn tokenizer_with_every_setting() {
    for name in [
        "default",
        "ctx_less",
        "ctx_one",
        "ctx_more",
        "exc",
        "exc_ci",
        "exc_regex",
        "split_dash",
        "split_hash_dash",
        "split_slash",
        "split_escaped",
        "splitpattern",
        "splitpattern_look",
        "target_w",
        "target_lower",
        "target_letters",
        "minmax",
        "infix_fr",
        "infix_two",
        "prefix_suffix",
        "ondocument",
    ] {
        let case = Case::golden(&format!("token.{name}"));
        let tokenizer = Tokenizer::new(token_rules(&case.params("Tokenizer"))).unwrap();
        check(&case, "token", |text| {
            tokens(&tokenizer, &sentences(&case, text))
        });
    }
}

/// The default rules, said in such a way that they are not taken for them.
#[test]
fn default_patterns_and_the_way_without_regexes_agree() {
    let case = Case::golden("token.default");
    let rules = TokenRules {
        split_chars: vec!["ѣ".to_owned()],
        ..TokenRules::default()
    };
    let tokenizer = Tokenizer::new(rules).unwrap();
    check(&case, "token", |text| {
        tokens(&tokenizer, &sentences(&case, text))
    });
}

#[test]
fn regex_tokenizer_with_every_setting() {
    for name in [
        "default",
        "lower_min2",
        "pattern",
        "trim",
        "trim_keep",
        "look",
    ] {
        let case = Case::golden(&format!("regextoken.{name}"));
        let params = case.params("RegexTokenizer");
        let default = RegexTokenRules::default();
        let rules = RegexTokenRules {
            pattern: word(&params["pattern"]).unwrap_or(default.pattern),
            to_lowercase: params["toLowercase"].as_bool().unwrap_or(false),
            min_length: int(&params["minLength"]).unwrap_or(default.min_length),
            trim_whitespace: params["trimWhitespace"].as_bool().unwrap_or(false),
            preserve_position: params["preservePosition"].as_bool().unwrap_or(true),
            ..RegexTokenRules::default()
        };
        let tokenizer = RegexTokenizer::new(rules).unwrap();
        check(&case, "regexToken", |text| {
            let mut found = Vec::new();
            tokenizer
                .tokenize(text, |token| found.push(span(text, 0, token)))
                .unwrap();
            found
        });
    }
}

#[test]
fn positional_mask_fails_on_an_empty_text_only() {
    let case = Case::golden("regextoken.mask");
    let recorded = case.head["error"]["lines"].to_string();
    let tokenizer = |positional_mask| {
        RegexTokenizer::new(RegexTokenRules {
            positional_mask,
            ..RegexTokenRules::default()
        })
        .unwrap()
    };
    let error = tokenizer(true).tokenize("", |_| {}).unwrap_err();
    assert!(recorded.contains(&error.to_string()), "{error}: {recorded}");
    assert_eq!(tokenizer(false).tokenize("", |_| {}), Ok(0));
    let mut count = 0;
    tokenizer(true).tokenize(" a b ", |_| count += 1).unwrap();
    assert_eq!(count, 2);
}

#[test]
fn normalizer_with_every_setting() {
    for name in ["default", "lower", "patterns", "minmax", "none"] {
        let case = Case::golden(&format!("normalizer.{name}"));
        let params = case.params("Normalizer");
        let default = NormalRules::default();
        let normalizer = Normalizer::new(NormalRules {
            cleanup_patterns: words(&params["cleanupPatterns"]).unwrap_or(default.cleanup_patterns),
            lowercase: params["lowercase"].as_bool().unwrap_or(false),
            min_length: int(&params["minLength"]).unwrap_or(default.min_length),
            max_length: int(&params["maxLength"]),
            ..NormalRules::default()
        })
        .unwrap();
        check(&case, "normal", |text| {
            let mut found = Vec::new();
            for (begin, _, token) in tokens(&Tokenizer::default(), &sentences(&case, text)) {
                normalizer
                    .normalize(&token, |text| {
                        let end = begin + utf16::len(text) as i64 - 1;
                        found.push((begin, end, text.to_owned()));
                    })
                    .unwrap();
            }
            found
        });
    }
}

#[test]
fn stop_words_with_every_setting() {
    for name in ["default", "case", "own"] {
        let case = Case::golden(&format!("stopwords.{name}"));
        let params = case.params("StopWordsCleaner");
        let own = words(&params["stopWords"]).unwrap_or_else(|| ENGLISH.map(str::to_owned).into());
        let words = StopWords::new(own, params["caseSensitive"].as_bool().unwrap_or(false));
        check(&case, "clean", |text| {
            let mut found = tokens(&Tokenizer::default(), &sentences(&case, text));
            found.retain(|token| !words.contains(&token.2));
            found
        });
    }
}

#[test]
fn settings_that_spark_nlp_refuses_are_refused_in_its_words() {
    let errors: Vec<Value> = common::errors();
    let recorded = |name: &str| -> Vec<String> {
        let case = errors.iter().find(|e| e["case"] == name).unwrap();
        let lines = case["error"]["lines"].as_array().unwrap().iter();
        lines.map(|l| l.as_str().unwrap().to_owned()).collect()
    };
    let default = TokenRules::default;
    for (name, rules) in [
        (
            "param.tk_prefix",
            TokenRules {
                prefix_pattern: Some("x".to_owned()),
                ..default()
            },
        ),
        (
            "param.tk_suffix",
            TokenRules {
                suffix_pattern: Some("x".to_owned()),
                ..default()
            },
        ),
        (
            "param.tk_infix",
            TokenRules {
                infix_patterns: vec!["x".to_owned()],
                ..default()
            },
        ),
        (
            "param.tk_ctx_empty",
            TokenRules {
                context_chars: Vec::new(),
                ..default()
            },
        ),
        (
            "param.tk_split_long",
            TokenRules {
                split_chars: vec!["ab".to_owned()],
                ..default()
            },
        ),
        (
            "param.tk_target_bad",
            TokenRules {
                target_pattern: "[".to_owned(),
                ..default()
            },
        ),
    ] {
        let error = Tokenizer::new(rules).unwrap_err().to_string();
        let recorded = recorded(name).join("\n");
        assert!(recorded.contains(&error), "{name}: {error}\n{recorded}");
    }
    // What the golden file has as a value: the characters of all elements count.
    let rules = TokenRules {
        context_chars: vec!["ab".to_owned()],
        ..default()
    };
    assert_eq!(
        tokens(&Tokenizer::new(rules).unwrap(), &[(0, "x y.".to_owned())]),
        [(0, 0, "x".to_owned()), (2, 3, "y.".to_owned())]
    );
}

#[test]
fn texts_on_which_spark_nlp_throws() {
    let tokenizer = |exceptions: &[&str], infix: Option<&str>| {
        Tokenizer::new(TokenRules {
            exceptions: exceptions.iter().map(|&e| e.to_owned()).collect(),
            infix_patterns: infix.map(str::to_owned).into_iter().collect(),
            ..TokenRules::default()
        })
        .unwrap()
    };
    let error = |tokenizer: Tokenizer, text: &str| {
        let result = tokenizer.tokenize(text, |_| {});
        result.unwrap_err().to_string()
    };
    assert_eq!(
        error(tokenizer(&[r"\$1 x"], None), "for $1 x"),
        "No group 1"
    );
    assert_eq!(
        error(tokenizer(&[r"\$a x"], None), "for $a x"),
        "Illegal group reference"
    );
    assert_eq!(
        error(tokenizer(&[r"a\\"], None), r"say a\ b"),
        "character to be escaped is missing"
    );
    assert_eq!(
        error(tokenizer(&[], Some("(?:(a)|(b))")), "a"),
        "java.lang.NullPointerException"
    );
}

#[test]
fn halves_of_characters_stand_nowhere() {
    let rules = TokenRules {
        split_pattern: Some(String::new()),
        ..TokenRules::default()
    };
    let tokenizer = Tokenizer::new(rules).unwrap();
    let mut found = Vec::new();
    tokenizer
        .tokenize("a😀b c", |t| {
            found.push((t.begin, t.at, t.text.to_owned()));
        })
        .unwrap();
    let expected = [
        (0, Some(0), "a"),
        (1, None, "?"),
        (2, None, "?"),
        (3, Some(5), "b"),
        (5, Some(7), "c"),
    ];
    assert_eq!(
        found,
        expected.map(|(begin, at, text)| (begin, at, text.to_owned()))
    );
}
