//! `SentenceDetector`.

use std::sync::{LazyLock, OnceLock};

use fancy_regex::Regex;

use super::{Span, java};

const BREAK: char = '\u{F050}';
const DOT: char = '\u{F051}';
const SEMICOLON: char = '\u{F053}';
const OPEN: char = '\u{F056}';
const CLOSE: char = '\u{F057}';
const ABBREVIATOR: char = '\u{255E}';
const NUM: char = '\u{255F}';
const MULT_PERIOD: char = '\u{2554}';
const QUESTION_IN_QUOTE: char = '\u{2564}';
const EXCLAMATION: char = '\u{2565}';
const ELLIPSIS: char = '\u{2566}';

/// `PragmaticSymbols.symbolRecovery`
const RECOVERY: [(char, &str); 12] = [
    (DOT, "."),
    (SEMICOLON, ";"),
    ('\u{F054}', "?"),
    ('\u{F055}', "!"),
    (OPEN, ""),
    (CLOSE, ""),
    (ABBREVIATOR, "."),
    (NUM, "."),
    (MULT_PERIOD, "."),
    (QUESTION_IN_QUOTE, "?"),
    (EXCLAMATION, "!"),
    (ELLIPSIS, "..."),
];

const PREFIXES: &str = "dr|mr|ms|prof|mt|st";
const NUMBERS: &str = "no|p|px";
const ABBREVIATIONS: &str = "adj|bros|btw|co|col|corp|cpl|dec|aug|del|dept|dist|dr|e.g|etc|exp|feb|fy|hr|i.e|id|inc|jan|jr|\
    jul|jun|lt|ltd|mar|may|min|mr|mrs|ms|no|nov|oct|ok|p|px|plz|prof|rep|sec|sep|sept|sr|st|u.s|ver|vs";

/// What becomes of a match.
#[derive(Debug)]
enum Action {
    Append(char),
    Prepend(char),
    Replace(String),
    Protect,
    BreakAndProtect,
}

#[derive(Debug)]
struct Rule {
    regex: Regex,
    /// The regex starts with a `\b` that JDK 17 reads by Unicode; it is left out of `regex`.
    starts_word: bool,
    action: Action,
}

/// `(?<=\s(?i)WORDS)`, the words spelt out, because the look-behind must have a width.
fn after_word(before: &str, words: &str) -> String {
    let spelt = |word: &str| -> String {
        let letter = |c: char| match c {
            '.' => "<any>".to_owned(),
            c => format!("[{}{c}]", c.to_ascii_uppercase()),
        };
        word.chars().map(letter).collect()
    };
    let alternatives: Vec<_> = words
        .split('|')
        .map(|word| format!("(?<={before}{})", spelt(word)))
        .collect();
    format!("(?:{})", alternatives.join("|"))
}

fn symbol(c: char) -> Action {
    Action::Replace(c.to_string())
}

fn rule(pattern: &str, action: Action) -> Rule {
    let (pattern, starts_word) = match pattern.strip_prefix(r"\b") {
        Some(rest) => (rest, true),
        None => (pattern, false),
    };
    Rule {
        regex: java(pattern),
        starts_word,
        action,
    }
}

fn numbers() -> Vec<Rule> {
    let mut rules = Vec::new();
    for number in [
        r"(?<=\d)\.(?=\d)",
        r"\.(?=\d)",
        r"(?<=\d)\.(?=\S)",
        r"(?<=^\d)\.(?=(\s\S)|\))",
        r"(?<=^\d\d)\.(?=(\s\S)|\))",
    ] {
        rules.push(rule(number, symbol(NUM)));
    }
    rules
}

fn abbreviations(use_abbreviations: bool) -> Vec<Rule> {
    let mut rules = Vec::new();
    let mut add = |pattern: &str, action: Action| rules.push(rule(pattern, action));
    add(
        r"\b[a-zA-Z](?:\.[a-zA-Z])+(?:\.(?!\s[A-Z]))*",
        Action::Protect,
    );
    add(r"[pP]\.[mM]\.*", Action::Protect);
    add(r"[aA]\.[mM]\.*", Action::Protect);
    for abbreviation in [
        r"\.(?='s\s)|\.(?='s\$)|\.(?='s\z)",
        r"(?<=Co)\.(?=\sKG)",
        r"(?<=^[A-Z])\.(?=\s)",
        r"(?<=\s[A-Z])\.(?=\s)",
    ] {
        add(abbreviation, symbol(ABBREVIATOR));
    }
    if use_abbreviations {
        let at_start = r"((\.|\:|\?)|(\s([a-z]|I\s|I'm|I'll|\d)))";
        let inside = r"((\.|\:|-|\?)|(\s([a-z]|I\s|I'm|I'll|\d)))";
        for (words, after_space, after_start) in [
            (PREFIXES, r"\s", r"\s"),
            (PREFIXES, r":\d+", r":\d+"),
            (NUMBERS, r"\s\d", r"\s\d"),
            (NUMBERS, r"\s+\(", r"\s+\("),
            (ABBREVIATIONS, inside, at_start),
            (ABBREVIATIONS, ",", ","),
        ] {
            let (spaced, first) = (after_word(r"\s", words), after_word("^", words));
            add(
                &format!(r"{spaced}\.(?={after_space})|{first}\.(?={after_start})"),
                symbol(ABBREVIATOR),
            );
        }
    }
    rules
}

/// `SentenceDetector` with `DefaultPragmaticMethod`, or another where there are custom bounds.
#[derive(Debug)]
pub struct Sentences {
    bounds: Vec<Rule>,
    pragmatic: &'static [Rule],
}

/// Custom bounds.
#[derive(Debug)]
pub struct Bounds<'a> {
    /// The patterns, not none, as the regex crates read them.
    pub patterns: &'a [&'a str],
    /// `none`, `prepend` or `append`.
    pub strategy: &'a str,
    /// Whether there are no other rules.
    pub only: bool,
}

static CUT: LazyLock<Regex> = LazyLock::new(|| java(&format!("{BREAK}(?![^{OPEN}]*{CLOSE})")));

/// The pragmatic rules by their switches and by whether they come after custom bounds, which changes their order. Reading
/// the regexes takes longer than most texts.
fn pragmatic(detect_lists: bool, use_abbreviations: bool, bounded: bool) -> &'static [Rule] {
    static RULES: [OnceLock<Vec<Rule>>; 8] = [const { OnceLock::new() }; 8];
    let which = [detect_lists, use_abbreviations, bounded];
    let which = which
        .into_iter()
        .fold(0, |n, flag| 2 * n + usize::from(flag));
    RULES[which].get_or_init(|| {
        let (numbers, abbreviations) = (numbers(), abbreviations(use_abbreviations));
        let inner = match bounded {
            false => numbers.into_iter().chain(abbreviations).collect(),
            true => abbreviations.into_iter().chain(numbers).collect(),
        };
        around(detect_lists, inner)
    })
}

/// The pragmatic rules around those for numbers and abbreviations.
fn around(detect_lists: bool, inner: Vec<Rule>) -> Vec<Rule> {
    let mut rules = Vec::new();
    let mut add = |pattern: &str, action: Action| rules.push(rule(pattern, action));
    if detect_lists {
        add(r"(\()[a-z]+\)|^[a-z]+\)", Action::BreakAndProtect);
        add(
            r"\s\d{1,2}\.\s|^\d{1,2}\.\s|\s\d{1,2}\.\)|^\d{1,2}\.\)|\s\-\d{1,2}\.\s|^\-\d{1,2}\.\s|s\-\d{1,2}\.\)|^\-\d{1,2}(<any>\))",
            Action::BreakAndProtect,
        );
    }
    rules.extend(inner);
    let mut add = |pattern: &str, action: Action| rules.push(rule(pattern, action));
    add(r"(?<=\S)[!\?]+(?=\s|\z|\$)", Action::Append(BREAK));
    add(r"(?<=\w)\.(?=\w)", symbol(MULT_PERIOD));
    add(r"(?<=[a-zA-z]°)\.(?=\s*\d+)", symbol(MULT_PERIOD));
    add(
        r"\.\.\.(?=\s+[A-Z])",
        Action::Replace(format!("{ELLIPSIS}{BREAK}")),
    );
    add(
        r"(?<=\S)\.{3}(?=\.\s[A-Z])",
        Action::Replace(format!("{ELLIPSIS}{BREAK}")),
    );
    add(r"(?:(?<=\s)|^)'[\w\s?!\.,|'\w]+'(?:\W)", Action::Protect);
    add(r#""[\w\s?!\.,]+""#, Action::Protect);
    add(r"\[[\w\s?!\.,]+\]", Action::Protect);
    add(r"\([\w\s?!\.,]+\)", Action::Protect);
    add(r#"\?(?=(\'|"))"#, symbol(QUESTION_IN_QUOTE));
    for exclamation in [r#"\!(?=(\'|"))"#, r"\!(?=\,\s[a-z])", r"\!(?=\s[a-z])"] {
        add(exclamation, symbol(EXCLAMATION));
    }
    add(r"\.", Action::Replace(format!("{DOT}{BREAK}")));
    add(";", Action::Replace(format!("{SEMICOLON}{BREAK}")));
    rules
}

impl Sentences {
    /// `DefaultPragmaticMethod`.
    #[must_use]
    pub fn new(detect_lists: bool, use_abbreviations: bool) -> Self {
        Self {
            bounds: Vec::new(),
            pragmatic: pragmatic(detect_lists, use_abbreviations, false),
        }
    }

    /// `CustomPragmaticMethod` or `MixedPragmaticMethod`.
    ///
    /// # Panics
    /// If there is no such strategy, or a pattern cannot be read.
    #[must_use]
    pub fn bounded(detect_lists: bool, use_abbreviations: bool, bounds: &Bounds<'_>) -> Self {
        let action = || match bounds.strategy {
            "none" => symbol(BREAK),
            "prepend" => Action::Prepend(BREAK),
            "append" => Action::Append(BREAK),
            other => panic!("no strategy {other}"),
        };
        let patterns = bounds.patterns.iter();
        Self {
            bounds: patterns.map(|pattern| rule(pattern, action())).collect(),
            pragmatic: match bounds.only {
                true => &[],
                false => pragmatic(detect_lists, use_abbreviations, true),
            },
        }
    }

    /// The sentences in text order, without limits of their length but cut to `splitLength`, if given, in UTF-16 units.
    ///
    /// # Panics
    /// If a text is so long that a regex takes too many steps.
    #[must_use]
    pub fn detect(&self, document: &str, split_length: Option<i32>) -> Vec<Span> {
        let mut work = document.to_owned();
        for rule in self.bounds.iter().chain(self.pragmatic) {
            work = rule.apply(&work);
        }
        let source: Vec<u16> = document.encode_utf16().collect();
        let mut from = 0;
        let mut sentences = Vec::new();
        for piece in Self::pieces(&work) {
            let text = recover(&piece);
            if text.is_empty() {
                continue;
            }
            let text = text.trim_matches(|c| c <= ' ').to_owned();
            let units: Vec<u16> = text.encode_utf16().collect();
            let begin = index_of(&source, &units, from);
            let end = begin + units.len() as i64 - 1;
            from = end + 1;
            if let Some(limit) = split_length {
                let mut begin = begin;
                for part in truncate(&text, limit.into()) {
                    let end = begin + part.encode_utf16().count() as i64 - 1;
                    sentences.push((begin, end, part));
                    begin = end + 2;
                }
            } else {
                sentences.push((begin, end, text));
            }
        }
        sentences.retain(|(_, _, text)| !text.is_empty());
        sentences
    }

    fn pieces(work: &str) -> Vec<String> {
        let mut pieces = Vec::new();
        let mut start = 0;
        for cut in CUT.find_iter(work) {
            let cut = cut.expect("within the limit of steps");
            pieces.push(work[start..cut.start()].to_owned());
            start = cut.end();
        }
        pieces.push(work[start..].to_owned());
        pieces
    }
}

/// `SentenceDetectorParams.truncateSentence`
fn truncate(sentence: &str, max: i64) -> Vec<String> {
    let (mut parts, mut words, mut length) = (Vec::new(), Vec::new(), 0);
    for word in sentence.split(' ') {
        let units = word.encode_utf16().count() as i64;
        if length + units > max {
            parts.push(words.join(" "));
            words.clear();
            length = 0;
        }
        length += units + 1;
        words.push(word);
    }
    parts.push(words.join(" "));
    parts
}

fn recover(piece: &str) -> String {
    let mut text = String::new();
    for c in piece.chars().filter(|&c| c != BREAK) {
        match RECOVERY.iter().find(|(symbol, _)| *symbol == c) {
            Some((_, reads)) => text.push_str(reads),
            None => text.push(c),
        }
    }
    text
}

/// `String.indexOf`
fn index_of(source: &[u16], part: &[u16], from: i64) -> i64 {
    let from = usize::try_from(from).unwrap_or(0).min(source.len());
    let found = (from..=source.len()).find(|&i| source[i..].starts_with(part));
    found.map_or(-1, |i| i as i64)
}

impl Rule {
    fn apply(&self, work: &str) -> String {
        let mut out = String::new();
        let mut copied = 0;
        let mut from = 0;
        while let Some(found) = self
            .regex
            .find_from_pos(work, from)
            .expect("within the limit of steps")
        {
            if self.starts_word && !starts_word(work, found.start()) {
                from = found.start() + 1;
                continue;
            }
            out.push_str(&work[copied..found.start()]);
            match &self.action {
                Action::Prepend(symbol) => {
                    out.extend([*symbol].into_iter().chain(found.as_str().chars()));
                }
                Action::Append(symbol) => out.extend(found.as_str().chars().chain([*symbol])),
                Action::Replace(with) => out.push_str(with),
                Action::Protect => protect(found.as_str(), &mut out),
                Action::BreakAndProtect => {
                    out.push(BREAK);
                    protect(found.as_str(), &mut out);
                }
            }
            copied = found.end();
            from = copied;
            if found.range().is_empty() {
                let Some(next) = work[from..].chars().next() else {
                    break;
                };
                from += next.len_utf8();
            }
        }
        out.push_str(&work[copied..]);
        out
    }
}

/// The match between the protecting symbols, as a replacement string in which dollars, but not backslashes, are escaped.
fn protect(matched: &str, out: &mut String) {
    let replacement: Vec<char> = [OPEN]
        .into_iter()
        .chain(matched.chars())
        .chain([CLOSE])
        .collect();
    let mut i = 0;
    while i < replacement.len() {
        if replacement[i] == '\\' {
            i += 1;
        }
        out.push(replacement[i]);
        i += 1;
    }
}

static LETTER: LazyLock<Regex> = LazyLock::new(|| java(r"\A[\p{L}\p{Nd}]"));
static MARK: LazyLock<Regex> = LazyLock::new(|| java(r"\A\p{Mn}"));

/// `\b` before the ASCII letter at byte `at`, as `Pattern.Bound` of JDK 17 has it.
fn starts_word(work: &str, at: usize) -> bool {
    let is = |class: &Regex, c: char| {
        let found = class.is_match(&c.to_string());
        found.expect("a class takes one step")
    };
    let before: Vec<char> = work[..at].chars().collect();
    let Some(&last) = before.last() else {
        return true;
    };
    if last == '_' || is(&LETTER, last) {
        return false;
    }
    if !is(&MARK, last) || last > '\u{FFFF}' {
        return true;
    }
    let base = before
        .iter()
        .rev()
        .find(|&&c| c > '\u{FFFF}' || !is(&MARK, c));
    !base.is_some_and(|&c| c <= '\u{FFFF}' && is(&LETTER, c))
}
