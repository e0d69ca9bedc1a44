//! Normalizer, StopWordsCleaner, and lower case.

use hearth_text::normal::{NormalRules, Normalizer};
use hearth_text::piece::lower_case;
use hearth_text::stop_words::StopWords;

use super::{fits, is_failure, is_refusal};

/// What holds of a token's normal forms.
pub fn check(rules: &NormalRules, token: &str) {
    let normalizer = match Normalizer::new(rules.clone()) {
        Ok(normalizer) => normalizer,
        Err(error) => {
            assert!(is_refusal(&error), "{rules:?}: {error}");
            return;
        }
    };
    let mut forms = Vec::new();
    let dropped = match normalizer.normalize(token, |form| forms.push(form.to_owned())) {
        Ok(dropped) => dropped,
        Err(error) => {
            assert!(is_failure(&error), "{rules:?} {token:?}: {error}");
            return;
        }
    };
    for form in &forms {
        assert!(!form.is_empty(), "{rules:?} {token:?}");
        assert!(
            fits(form, rules.min_length, rules.max_length),
            "{rules:?} {token:?}: {form:?}"
        );
    }
    if rules.slang_dictionary.is_empty() {
        assert_eq!(forms.len() + dropped, 1, "{rules:?} {token:?}: {forms:?}");
        let is_default = rules.cleanup_patterns == NormalRules::default().cleanup_patterns;
        if is_default
            && !rules.lowercase
            && let Some(form) = forms.first()
        {
            check_letters(token, form);
        }
    }
}

/// `[^\pL+]` leaves the letters and the plus signs in their order.
fn check_letters(token: &str, form: &str) {
    assert!(
        form.chars()
            .all(|c| c == '+' || !c.is_ascii() || c.is_ascii_alphabetic()),
        "{form:?}"
    );
    let mut rest = token.chars();
    assert!(
        form.chars().all(|c| rest.any(|other| other == c)),
        "{token:?}: {form:?}"
    );
    let ascii = |text: &str| {
        text.chars()
            .filter(|&c| c == '+' || c.is_ascii_alphabetic())
            .count()
    };
    assert_eq!(ascii(form), ascii(token), "{token:?}: {form:?}");
}

/// A token is a stop word if one of the words equals it, in lower case where letter case does not count.
pub fn check_stop_words(words: &[&str], case_sensitive: bool, token: &str) {
    let folded = |text: &str| {
        if case_sensitive {
            text.to_owned()
        } else {
            lower_case(text).into_owned()
        }
    };
    let expected = words.iter().any(|word| folded(word) == folded(token));
    let found = StopWords::new(words, case_sensitive).contains(token);
    assert_eq!(found, expected, "{words:?} {token:?}");
}

/// Java's lower case is Unicode's but for the final sigma and letters younger than JDK 17.
pub fn check_lower_case(text: &str) {
    let lower = lower_case(text);
    if text.chars().all(|c| c < '\u{1C80}' && c != '\u{3A3}') {
        assert_eq!(lower, text.to_lowercase(), "{text:?}");
    }
    let sigmas = |text: &str| {
        text.chars()
            .filter(|c| matches!(c, 'Σ' | 'σ' | 'ς'))
            .count()
    };
    assert_eq!(sigmas(&lower), sigmas(text), "{text:?}");
}
