//! Where a capital sigma is a final one: `ConditionalSpecialCasing.isFinalCased` of JDK 17.
//!
//! Unicode asks for a cased letter before the sigma and none after it, letters apart from which only case-ignorable
//! characters lie between. Java asks the same of the *word* around the sigma instead, as its `BreakIterator` cuts words:
//! letters and digits in a row, single marks of punctuation between two letters or two digits included. (Its cut beside
//! letters beyond U+FFFF depends on where the text starts; here they are of no word.)

use crate::java::{is_joined, is_letter_or_digit};

/// The part a character plays in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Letter,
    Digit,
    /// Between letters it does not end a word.
    MidWord,
    /// Between digits it does not end a word.
    MidNumber,
    /// Between two of either.
    MidBoth,
    /// It belongs to the character before.
    Joined,
    Other,
}

/// Whether the capital sigma between `before` and `after` is final.
pub(super) fn is_final(before: &str, after: &str) -> bool {
    // Marks before the sigma belong to a letter before them or to no word.
    word(before.chars().rev()).any(|c| is_cased(c) && part(c) != Part::Joined)
        && !word(after.chars()).any(is_cased)
}

/// The characters that are of one word with the sigma beside which `chars` start.
fn word<I: Iterator<Item = char> + Clone>(chars: I) -> WordChars<I> {
    WordChars {
        chars,
        edge: Part::Letter,
    }
}

struct WordChars<I> {
    chars: I,
    /// The letter or digit last passed.
    edge: Part,
}

impl<I: Iterator<Item = char> + Clone> Iterator for WordChars<I> {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        let c = self.chars.next()?;
        let goes_on = match part(c) {
            Part::Joined => true,
            next @ (Part::Letter | Part::Digit) => {
                self.edge = next;
                true
            }
            Part::Other => false,
            middle => {
                let across = self
                    .chars
                    .clone()
                    .map(part)
                    .find(|&part| part != Part::Joined);
                let holds = match middle {
                    Part::MidWord => self.edge == Part::Letter,
                    Part::MidNumber => self.edge == Part::Digit,
                    _ => true,
                };
                holds && across == Some(self.edge)
            }
        };
        goes_on.then_some(c)
    }
}

fn part(c: char) -> Part {
    match c {
        '.' | '"' | '\'' => Part::MidBoth,
        ',' | '\u{66B}' => Part::MidNumber,
        // Dashes, connectors, the soft hyphen and the hyphenation point.
        '-'
        | '_'
        | '\u{AD}'
        | '\u{2027}'
        | '\u{58A}'
        | '\u{5BE}'
        | '\u{1400}'
        | '\u{1806}'
        | '\u{2010}'..='\u{2015}'
        | '\u{203F}'
        | '\u{2040}'
        | '\u{2054}'
        | '\u{2E17}'
        | '\u{2E1A}'
        | '\u{2E3A}'
        | '\u{2E3B}'
        | '\u{2E40}'
        | '\u{301C}'
        | '\u{3030}'
        | '\u{30A0}'
        | '\u{FE31}'..='\u{FE34}'
        | '\u{FE4D}'..='\u{FE4F}'
        | '\u{FE58}'
        | '\u{FE63}'
        | '\u{FF0D}'
        | '\u{FF3F}' => Part::MidWord,
        _ if is_joined(c) => Part::Joined,
        // Ideographs and kana make words of their own.
        '\u{3005}'
        | '\u{3041}'..='\u{30FE}'
        | '\u{4E00}'..='\u{9FA5}'
        | '\u{F900}'..='\u{FA2D}' => Part::Other,
        '\u{10000}'.. => Part::Other,
        _ if c.is_numeric() => Part::Digit,
        _ if is_letter_or_digit(c) => Part::Letter,
        _ => Part::Other,
    }
}

/// `ConditionalSpecialCasing.isCased`.
fn is_cased(c: char) -> bool {
    let other = matches!(
        c,
        '\u{AA}' | '\u{BA}' | '\u{1D62}'..='\u{1D6A}' | '\u{1D78}' | '\u{1D9B}'..='\u{1DBF}' | '\u{2071}' | '\u{207F}'
            | '\u{2090}'..='\u{209C}' | '\u{A69C}' | '\u{A69D}' | '\u{A770}' | '\u{A7F8}' | '\u{A7F9}'
            | '\u{AB5C}'..='\u{AB5F}' | '\u{AB69}'
    );
    let title = matches!(
        c,
        '\u{1C5}' | '\u{1C8}' | '\u{1CB}' | '\u{1F2}' | '\u{1F88}'..='\u{1F8F}' | '\u{1F98}'..='\u{1F9F}'
            | '\u{1FA8}'..='\u{1FAF}' | '\u{1FBC}' | '\u{1FCC}' | '\u{1FFC}'
    );
    title || ((c.is_lowercase() || c.is_uppercase()) && !other)
}
