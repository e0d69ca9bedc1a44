//! The original's `BasicTokenizer`, as far as its first word.

use unicode_normalization::UnicodeNormalization;

use super::lower::lower_case;

/// What a character does to the words around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    /// It is part of a word.
    Word,
    /// It ends a word and is dropped: white space, control characters, U+0000, U+FFFD.
    Separator,
    /// It ends a word and is one by itself: punctuation and Chinese characters.
    Single,
}

/// The first word of `token` by Spark NLP's `BasicTokenizer`: canonically decomposed, without the marks U+0300 to U+036F
/// (cased models too), in lower case if `lower_case` says so. `None` if nothing of the token is left. (The decomposition
/// knows characters younger than JDK 17; a vocabulary that could tell holds them.)
///
/// A word ends before white space, control characters, punctuation and Chinese characters. Punctuation is that of ASCII
/// and, beyond, what has `PUNCTUATION` in its Unicode *name*: curly quotes, dashes and `…` are part of words.
/// `buffer` holds the word where it is no slice of the token.
pub fn first_word<'a>(token: &'a str, lower_case: bool, buffer: &'a mut String) -> Option<&'a str> {
    if token.bytes().all(|b| b.is_ascii_alphanumeric()) && !token.is_empty() {
        return Some(normal_form(token, lower_case, buffer));
    }
    let mut start = 0;
    for (i, c) in token.char_indices() {
        let role = role(c);
        if role == Role::Word {
            continue;
        }
        let end = i + c.len_utf8();
        let word = start..i;
        let single = i..if role == Role::Single { end } else { i };
        for range in [word, single] {
            if has_rest(&token[range.clone()]) {
                return Some(normal_form(&token[range], lower_case, buffer));
            }
        }
        start = end;
    }
    let last = &token[start..];
    has_rest(last).then(|| normal_form(last, lower_case, buffer))
}

/// Whether anything is left of a word without its diacritical marks.
fn has_rest(word: &str) -> bool {
    word.chars().any(|c| !is_diacritical(c))
}

fn normal_form<'a>(word: &'a str, lower: bool, buffer: &'a mut String) -> &'a str {
    buffer.clear();
    if word.is_ascii() {
        if !(lower && word.bytes().any(|b| b.is_ascii_uppercase())) {
            return word;
        }
        buffer.push_str(word);
        buffer.make_ascii_lowercase();
        return buffer;
    }
    buffer.extend(word.nfd().filter(|&c| !is_diacritical(c)));
    if lower && let std::borrow::Cow::Owned(changed) = lower_case(buffer) {
        *buffer = changed;
    }
    buffer
}

/// Block Combining Diacritical Marks.
const fn is_diacritical(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36F}')
}

/// Java looks at UTF-16 units; the halves of a surrogate pair are of no class, so a character beyond U+FFFF is a word
/// character, Chinese ones included.
fn role(c: char) -> Role {
    match c {
        'a'..='z' | 'A'..='Z' | '0'..='9' => Role::Word,
        '!'..='/' | ':'..='@' | '['..='`' | '{'..='~' => Role::Single,
        '\0'..='\u{9F}' => Role::Separator,
        '\u{4E00}'..='\u{9FFF}' | '\u{3400}'..='\u{4DBF}' | '\u{F900}'..='\u{FAFF}' => Role::Single,
        _ if is_named_punctuation(c) => Role::Single,
        '\u{FFFD}' => Role::Separator,
        _ if is_white_space(c) => Role::Separator,
        _ => Role::Word,
    }
}

/// `Character.isWhitespace` beyond Latin-1: no no-break spaces.
const fn is_white_space(c: char) -> bool {
    matches!(
        c,
        '\u{1680}' | '\u{2000}'..='\u{2006}' | '\u{2008}'..='\u{200A}' | '\u{2028}' | '\u{2029}' | '\u{205F}' | '\u{3000}'
    )
}

/// Characters beyond ASCII whose Unicode name holds `PUNCTUATION`, of the Basic Multilingual Plane.
const fn is_named_punctuation(c: char) -> bool {
    matches!(
        c,
        '\u{5BE}' | '\u{5C0}' | '\u{5C3}' | '\u{5C6}' | '\u{5F3}' | '\u{5F4}' | '\u{61E}'
            | '\u{830}'..='\u{835}' | '\u{837}'..='\u{83E}' | '\u{85E}' | '\u{DF4}' | '\u{16EB}'..='\u{16ED}'
            | '\u{1735}' | '\u{1736}' | '\u{1C3B}'..='\u{1C3F}' | '\u{1C7E}' | '\u{1C7F}' | '\u{1CC0}'..='\u{1CC7}'
            | '\u{2008}' | '\u{2055}' | '\u{2056}' | '\u{2058}'..='\u{205A}' | '\u{2E2A}'..='\u{2E2C}'
            | '\u{A4FE}' | '\u{A4FF}' | '\u{AA5C}'..='\u{AA5F}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_word_is_all_there_is() {
        let cases = [
            ("IL-2", "IL"),
            ("$100", "$"),
            ("café", "cafe"),
            ("a\u{1}b", "a"),
            ("\u{1}ab", "ab"),
            ("“quoted”", "“quoted”"),
            ("x–y", "x–y"),
            ("今天", "今"),
            ("\u{F900}x", "\u{8C48}"),
            ("\u{301}\u{308}", ""),
            ("\u{301}-x", "-"),
            ("\u{2008}x", "\u{2008}"),
            ("𠀀x", "𠀀x"),
            ("한", "\u{1112}\u{1161}\u{11AB}"),
            ("\u{A0}a", "\u{A0}a"),
            ("\u{FFFD}", ""),
            ("", ""),
        ];
        for (token, expected) in cases {
            let mut buffer = String::new();
            assert_eq!(
                first_word(token, false, &mut buffer).unwrap_or(""),
                expected,
                "{token:?}"
            );
        }
    }

    #[test]
    fn lower_case_follows_the_decomposition() {
        let mut buffer = String::new();
        assert_eq!(first_word("\u{130}ÉX-y", true, &mut buffer), Some("iex"));
        assert_eq!(first_word("DNA", true, &mut buffer), Some("dna"));
    }
}
