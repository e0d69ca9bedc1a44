//! Abbreviations, and the words that show that a sentence has begun.

/// What a dot after a word means for the sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dot {
    /// It never ends one: titles before names, words before a number or a comparison.
    Joins,
    /// It ends one if a word follows that begins sentences: initials, `et al.`, companies.
    JoinsNames,
    /// It ends one if an upper-case letter follows: measures, months, `etc.`
    JoinsLower,
    /// It is the end.
    Ends,
}

/// What the dot after `before` means.
pub(super) fn dot_after(before: &str, use_abbreviations: bool) -> Dot {
    const LONGEST: usize = 12;
    if before.ends_with('°') {
        return Dot::JoinsLower;
    }
    let word = before
        .char_indices()
        .rev()
        .take(LONGEST + 1)
        .take_while(|&(_, c)| c.is_alphanumeric() || c == '.')
        .last()
        .map_or("", |(at, _)| &before[at..]);
    if word.is_empty() || word.len() > LONGEST || !word.is_ascii() {
        return Dot::Ends;
    }
    let mut lower = [0; LONGEST];
    let lower = &mut lower[..word.len()];
    lower.copy_from_slice(word.as_bytes());
    lower.make_ascii_lowercase();
    let capitalised = word.as_bytes()[0].is_ascii_uppercase();
    if word.contains('.') {
        return dotted(word, lower, capitalised);
    }
    if word.len() == 1 && word.as_bytes()[0].is_ascii_alphabetic() {
        return if capitalised {
            Dot::JoinsNames
        } else {
            Dot::JoinsLower
        };
    }
    if use_abbreviations {
        listed(lower, capitalised)
    } else {
        Dot::Ends
    }
}

/// Letters with dots between: `e.g`, `U.S`, `b.i.d`, `Ph.D`.
fn dotted(word: &str, lower: &[u8], capitalised: bool) -> Dot {
    let is_initial =
        |part: &str| matches!(part.len(), 1 | 2) && part.bytes().all(|b| b.is_ascii_alphabetic());
    if !word.split('.').all(is_initial) {
        return Dot::Ends;
    }
    match lower {
        b"e.g" | b"i.e" | b"a.k.a" => Dot::Joins,
        _ if capitalised => Dot::JoinsNames,
        _ => Dot::JoinsLower,
    }
}

/// The dictionary.
fn listed(word: &[u8], capitalised: bool) -> Dot {
    match word {
        b"dr" | b"mr" | b"mrs" | b"ms" | b"prof" | b"messrs" => Dot::Joins,
        b"capt" | b"col" | b"gen" | b"gov" | b"hon" | b"lt" | b"maj" | b"rep" | b"rev" | b"sen"
        | b"sgt"
            if capitalised =>
        {
            Dot::Joins
        }
        b"approx" | b"ca" | b"cf" | b"eq" | b"eqs" | b"fig" | b"figs" | b"viz" | b"vs" => {
            Dot::Joins
        }
        b"al" | b"bros" | b"co" | b"corp" | b"dept" | b"inc" | b"jr" | b"ltd" | b"mt" | b"resp"
        | b"sr" | b"st" | b"univ" => Dot::JoinsNames,
        b"adj" | b"apr" | b"art" | b"aug" | b"btw" | b"ch" | b"chap" | b"col" | b"cpl" | b"dec"
        | b"del" | b"dist" | b"ed" | b"eds" | b"etc" | b"ex" | b"exp" | b"feb" | b"fy" | b"hr"
        | b"id" | b"jan" | b"jul" | b"jun" | b"lt" | b"mar" | b"max" | b"may" | b"min" | b"no"
        | b"nos" | b"nov" | b"nr" | b"oct" | b"ok" | b"plz" | b"pp" | b"px" | b"ref" | b"refs"
        | b"rep" | b"sec" | b"sep" | b"sept" | b"suppl" | b"tab" | b"ver" | b"vol" | b"vols" => {
            Dot::JoinsLower
        }
        _ => Dot::Ends,
    }
}

/// Whether `text` starts with a word that begins sentences and is no name.
pub(super) fn begins_sentence(text: &str) -> bool {
    let end = text.bytes().position(|b| !b.is_ascii_alphabetic());
    let (word, rest) = text.split_at(end.unwrap_or(text.len()));
    let separated = rest
        .chars()
        .next()
        .is_none_or(|c| c.is_whitespace() || c == ',');
    separated
        && matches!(
            word,
            "A" | "After"
                | "All"
                | "Although"
                | "An"
                | "And"
                | "As"
                | "At"
                | "Before"
                | "Both"
                | "But"
                | "By"
                | "During"
                | "Each"
                | "For"
                | "From"
                | "He"
                | "Her"
                | "Here"
                | "His"
                | "How"
                | "However"
                | "If"
                | "In"
                | "It"
                | "Its"
                | "No"
                | "On"
                | "Our"
                | "She"
                | "Since"
                | "So"
                | "Some"
                | "That"
                | "The"
                | "Their"
                | "Then"
                | "There"
                | "These"
                | "They"
                | "This"
                | "Those"
                | "Thus"
                | "To"
                | "Under"
                | "We"
                | "What"
                | "When"
                | "Where"
                | "While"
                | "Who"
                | "Why"
                | "With"
                | "You"
        )
}
