//! The rules against the real Spark NLP: every recorded case that the parameters here can say.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    reason = "a test may fail"
)]

mod common;

use std::borrow::Cow;
use std::sync::Arc;

use common::{Case, Span, data, spans};
use hearth_text::cleanup::{CleanupMode, clean};
use hearth_text::piece::{Vocabulary, WordPiece, first_word, lower_case};
use hearth_text::sentence::{Scratch, Sentence, SentenceDetector, SentenceRules};
use hearth_text::token::{Token, TokenRules, Tokenizer};
use serde_json::Value;

/// Sentences as Spark NLP numbers them: sorted by begin.
fn sentences(rules: &SentenceRules, document: &str) -> Vec<Span> {
    let mut found = Vec::new();
    let emit = |s: Sentence<'_>| {
        found.push((i64::from(s.begin), i64::from(s.end) - 1, s.text.to_owned()));
    };
    let detector = SentenceDetector::new(rules.clone()).unwrap();
    detector
        .detect(document, &mut Scratch::default(), emit)
        .unwrap();
    found.sort_by_key(|s| s.0);
    found
}

fn tokens(rules: &TokenRules, documents: &[Span]) -> Vec<Span> {
    let tokenizer = Tokenizer::new(rules.clone()).unwrap();
    let mut found = Vec::new();
    for (begin, _, text) in documents {
        let emit = |t: Token<'_>| {
            found.push((
                begin + i64::from(t.begin),
                begin + i64::from(t.end) - 1,
                t.text.to_owned(),
            ));
        };
        tokenizer.tokenize(text, emit).unwrap();
    }
    found
}

fn whole(document: &str) -> Span {
    (
        0,
        hearth_text::utf16::len(document) as i64 - 1,
        document.to_owned(),
    )
}

fn int(params: &Value, name: &str) -> Option<i32> {
    params[name].as_i64().map(|n| n as i32)
}

fn sentence_rules(case: &Case) -> SentenceRules {
    let params = case.params("SentenceDetector");
    let default = SentenceRules::default();
    SentenceRules {
        detect_lists: params["detectLists"]
            .as_bool()
            .unwrap_or(default.detect_lists),
        use_abbreviations: params["useAbbreviations"]
            .as_bool()
            .unwrap_or(default.use_abbreviations),
        min_length: int(&params, "minLength").unwrap_or(default.min_length),
        max_length: int(&params, "maxLength").or(default.max_length),
        ..default
    }
}

fn token_rules(case: &Case) -> TokenRules {
    let params = case.params("Tokenizer");
    let default = TokenRules::default();
    TokenRules {
        min_length: int(&params, "minLength").unwrap_or(default.min_length),
        max_length: int(&params, "maxLength").unwrap_or(default.max_length),
        ..default
    }
}

fn document<'a>(case: &Case, text: &'a str) -> Cow<'a, str> {
    let params = case.params("DocumentAssembler");
    clean(
        params["cleanupMode"]
            .as_str()
            .unwrap_or("disabled")
            .parse()
            .unwrap(),
        text,
    )
}

/// Compares every column that a case has.
fn check(case: &Case) {
    let mut wrong = Vec::new();
    let mut compare = |id: &str, column: &str, found: Vec<Span>, row: &Value| {
        let expected = spans(row, column);
        if found != expected {
            wrong.push(format!(
                "{} {id} {column}\n  found    {found:?}\n  expected {expected:?}",
                case.name
            ));
        }
    };
    for (id, text, row) in &case.rows {
        let document = document(case, text);
        if row.get("document").is_some() {
            compare(id, "document", vec![whole(&document)], row);
        }
        let sentences = if case.params("SentenceDetector").is_null() {
            vec![whole(&document)]
        } else {
            sentences(&sentence_rules(case), &document)
        };
        if row.get("sentence").is_some() {
            compare(id, "sentence", sentences.clone(), row);
        }
        if row.get("token").is_some() {
            compare(id, "token", tokens(&token_rules(case), &sentences), row);
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {} rows differ:\n{}",
        wrong.len(),
        case.rows.len(),
        wrong.join("\n")
    );
}

#[test]
fn cleanup_modes() {
    for mode in CleanupMode::ALL {
        check(&Case::golden(&format!("doc.{mode}")));
    }
    check(&Case::golden("doc.default"));
}

#[test]
fn default_tokens() {
    for name in ["default", "minmax", "ondocument"] {
        check(&Case::golden(&format!("token.{name}")));
    }
}

fn vocabulary(model: &str) -> Arc<Vocabulary> {
    let path = data("models").join(model).join("vocab.txt");
    #[expect(clippy::disallowed_methods, reason = "tests read the tiny models")]
    let file = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    Arc::new(Vocabulary::new(file.lines()).unwrap())
}

/// Each embedded token's text and first piece id, as recorded in its metadata. Rows in which some sentence was not found
/// are left out: BertEmbeddings matches sentences, tokens and pieces by offsets, which are ambiguous there.
fn check_pieces(case: &Case, vocabulary: Arc<Vocabulary>) {
    let params = case.params("BertEmbeddings");
    let cased = params["caseSensitive"].as_bool().unwrap_or(false);
    // The last position that a piece can take belongs to [SEP].
    let limit = params["maxSentenceLength"].as_u64().unwrap_or(128) as usize - 1;
    let word_piece = WordPiece::new(vocabulary).unwrap();
    let (mut seen, mut buffer) = (0, String::new());
    for (id, text, row) in &case.rows {
        let sentences = sentences(&sentence_rules(case), &document(case, text));
        if sentences.iter().any(|s| s.0 < 0) {
            continue;
        }
        let mut found = Vec::new();
        for sentence in sentences {
            let mut pieces = Vec::new();
            for (begin, end, token) in tokens(&token_rules(case), &[sentence]) {
                let result = if cased {
                    Cow::Borrowed(&token[..])
                } else {
                    lower_case(&token)
                };
                let Some(word) = first_word(&result, !cased, &mut buffer) else {
                    continue;
                };
                let first = pieces.len();
                word_piece.pieces(word, &mut pieces);
                if first < limit {
                    found.push((begin, end, result.into_owned(), pieces[first].to_string()));
                }
            }
        }
        let recorded: Vec<_> = row["embeddings"]
            .as_array()
            .unwrap()
            .iter()
            .zip(spans(row, "embeddings"))
            .map(|(a, (begin, end, result))| {
                assert_eq!(a[3]["token"], result);
                (
                    begin,
                    end,
                    result,
                    a[3]["pieceId"].as_str().unwrap().to_owned(),
                )
            })
            .collect();
        assert_eq!(found, recorded, "{} {id}", case.name);
        seen += recorded.len();
    }
    assert!(seen > 1000, "only {seen} tokens compared");
}

#[test]
fn pieces_of_cased_tokens() {
    check_pieces(
        &Case::golden("bert.cased.onnx.max512.batch8"),
        vocabulary("tiny_cased"),
    );
    check_pieces(
        &Case::golden("bert.cased.onnx.max128.batch8"),
        vocabulary("tiny_cased"),
    );
}

#[test]
fn pieces_of_uncased_tokens() {
    check_pieces(
        &Case::golden("bert.uncased.onnx.max512.batch8"),
        vocabulary("tiny_uncased"),
    );
    check_pieces(
        &Case::golden("bert.uncased.onnx.max128.batch8"),
        vocabulary("tiny_uncased"),
    );
}
