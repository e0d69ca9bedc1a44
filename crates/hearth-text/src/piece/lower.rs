//! `String.toLowerCase` of JDK 17.

use std::borrow::Cow;

use super::sigma;

/// `text` in lower case by Java's rules for the root locale; borrowed if nothing changes.
///
/// U+0130 becomes `i` and U+0307, and a capital sigma at the end of a word becomes a final one.
#[must_use]
pub fn lower_case(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        if text.bytes().any(|b| b.is_ascii_uppercase()) {
            return Cow::Owned(text.to_ascii_lowercase());
        }
        return Cow::Borrowed(text);
    }
    let mut lower = String::with_capacity(text.len());
    for (i, c) in text.char_indices() {
        match c {
            'Σ' if sigma::is_final(&text[..i], &text[i + c.len_utf8()..]) => lower.push('ς'),
            _ if is_younger(c) => lower.push(c),
            _ => lower.extend(c.to_lowercase()),
        }
    }
    Cow::Owned(lower)
}

/// Capital letters that came after Unicode 13, that of JDK 17, which leaves them as they are.
const fn is_younger(c: char) -> bool {
    matches!(
        c,
        '\u{1C89}' | '\u{2C2F}' | '\u{A7C0}' | '\u{A7CB}'..='\u{A7DC}' | '\u{10570}'..='\u{10595}'
            | '\u{10D50}'..='\u{10D65}' | '\u{16EA0}'..='\u{16EB8}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn java_s_special_cases() {
        let cases = [
            ("plain", "plain"),
            ("McDonald", "mcdonald"),
            ("\u{130}STANBUL", "i\u{307}stanbul"),
            ("ΟΔΟΣ", "οδος"),
            ("ΣΑΣ Σ", "σας σ"),
            ("\u{1E9E}", "ß"),
            ("ΑΣ-ΒΓ", "ασ-βγ"),
            ("Α-Σ", "α-ς"),
            ("ΑΣ:Β", "ας:β"),
            ("I_Σ", "i_ς"),
            ("ΑΣ.", "ας."),
            ("Α.Σ", "α.ς"),
            ("ΑΣ1", "ας1"),
            ("1ΑΣ,Β", "1ας,β"),
            ("ΑΣ’Β", "ας’β"),
            ("(ΑΣ)", "(ας)"),
            ("Σ-Α", "σ-α"),
            ("ΑΣ\u{AD}Β", "ασ\u{AD}β"),
            ("ΑΣ\u{301}", "ας\u{301}"),
            ("Å\u{2C2F}B\u{A7CB}", "å\u{2C2F}b\u{A7CB}"),
        ];
        for (text, expected) in cases {
            assert_eq!(lower_case(text), expected, "{text}");
        }
    }

    #[test]
    fn unchanged_ascii_is_borrowed() {
        assert!(matches!(lower_case("il-2"), Cow::Borrowed("il-2")));
    }
}
