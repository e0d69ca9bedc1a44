//! `\p{...}`: character properties of JDK 17, which knows Unicode 13.

use regex_syntax::hir::{Class, HirKind};

use super::blocks::BLOCKS;
use super::set::{SURROGATES, Set};

/// The set of `\p{name}`, `None` if Java has it not, `Err` if Java has it and it is not known here.
pub(super) fn find(name: &str, fold: bool) -> Option<Result<Set, ()>> {
    if let Some((key, value)) = name.split_once('=') {
        return match key.to_ascii_lowercase().as_str() {
            "sc" | "script" => script(value).map(Ok),
            "blk" | "block" => block(value).map(Ok),
            "gc" | "general_category" => property(value, fold),
            _ => None,
        };
    }
    if let Some(name) = name.strip_prefix("In") {
        return block(name).map(Ok);
    }
    match name.strip_prefix("Is") {
        Some(short) => binary(short, fold)
            .map(Ok)
            .or_else(|| property(short, fold))
            .or_else(|| script(short).map(Ok)),
        None => property(name, fold),
    }
}

/// Properties of characters that have changed since Unicode 13.
const CHANGED: [(&str, &str); 4] = [
    (r"\p{Mn}", r"[\p{Mn}\x{1734}\x{1171E}]"),
    (r"\p{Mc}", r"[\p{Mc}--[\x{1734}\x{1171E}]]"),
    (r"\p{Lowercase}", r"[\p{Lowercase}--[\x{10FC}\x{AB69}]]"),
    (
        r"\p{Alphabetic}",
        r"[\p{Alphabetic}--[\x{363}-\x{36F}\x{C04}\x{F82}\x{F83}\x{1DD3}-\x{1DE6}\x{11080}\x{11081}]]",
    ),
];

/// A class in the syntax of the crate `regex`, as of Unicode 13.
fn unicode(class: &str) -> Option<Set> {
    let assigned = parse(r"\p{age:13.0}")?;
    let class = CHANGED.iter().fold(class.to_owned(), |class, (now, then)| {
        class.replace(now, then)
    });
    Some(parse(&class)?.and(&assigned))
}

fn parse(class: &str) -> Option<Set> {
    let hir = regex_syntax::parse(class).ok()?;
    match hir.into_kind() {
        HirKind::Literal(one) => {
            let c = std::str::from_utf8(&one.0).ok()?.chars().next()?;
            Some(Set::one(c.into()))
        }
        HirKind::Class(Class::Unicode(class)) => Some(Set::of(
            class.iter().map(|r| (r.start().into(), r.end().into())),
        )),
        _ => None,
    }
}

fn union(parts: &[Option<Set>]) -> Option<Set> {
    let mut all = Set::default();
    for part in parts {
        all = all.union(part.as_ref()?);
    }
    Some(all)
}

/// `Cn`, to which characters belong that have come since, and the noncharacters, which do have an age.
fn unassigned() -> Option<Set> {
    let surrogates = Set::of([SURROGATES]);
    Some(
        parse(r"[\p{age:13.0}--\p{Cn}]")?
            .union(&surrogates)
            .negate(),
    )
}

/// General categories, POSIX classes and the methods of `java.lang.Character`.
fn property(name: &str, fold: bool) -> Option<Result<Set, ()>> {
    if fold && matches!(name, "Lu" | "Ll" | "Lt") {
        return unicode(r"\p{LC}").map(Ok);
    }
    if fold && matches!(name, "Lower" | "Upper") {
        return Some(Ok(ascii("a-zA-Z")));
    }
    if fold && matches!(name, "javaLowerCase" | "javaUpperCase" | "javaTitleCase") {
        return unicode(r"[\p{Lowercase}\p{Uppercase}\p{Lt}]").map(Ok);
    }
    let set = match name {
        "Cn" => unassigned(),
        "Cs" => Some(Set::of([SURROGATES])),
        "C" => union(&[
            unassigned(),
            Some(Set::of([SURROGATES])),
            unicode(r"[\p{Cc}\p{Cf}\p{Co}]"),
        ]),
        "Lu" | "Ll" | "Lt" | "Lm" | "Lo" | "Mn" | "Me" | "Mc" | "Nd" | "Nl" | "No" | "Zs"
        | "Zl" | "Zp" | "Cc" | "Cf" | "Co" | "Pd" | "Ps" | "Pe" | "Pc" | "Po" | "Sm" | "Sc"
        | "Sk" | "So" | "Pi" | "Pf" | "L" | "M" | "N" | "Z" | "P" | "S" | "LC" => {
            unicode(&format!(r"\p{{{name}}}"))
        }
        "LD" => unicode(r"[\p{L}\p{Nd}]"),
        "L1" => Some(Set::of([(0, 0xFF)])),
        "all" => Some(Set::all()),
        "ASCII" => Some(Set::of([(0, 0x7F)])),
        "Alnum" => Some(ascii("a-zA-Z0-9")),
        "Alpha" => Some(ascii("a-zA-Z")),
        "Blank" => Some(ascii(r" \t")),
        "Cntrl" => Some(ascii(r"\x00-\x1F\x7F")),
        "Digit" => Some(ascii("0-9")),
        "Graph" => Some(ascii("!-~")),
        "Lower" => Some(ascii("a-z")),
        "Print" => Some(ascii(" -~")),
        "Punct" => Some(ascii(r"!-/:-@\[-`{-~")),
        "Space" => Some(ascii(r"\t-\r ")),
        "Upper" => Some(ascii("A-Z")),
        "XDigit" => Some(ascii("0-9a-fA-F")),
        "javaLowerCase" => unicode(r"\p{Lowercase}"),
        "javaUpperCase" => unicode(r"\p{Uppercase}"),
        "javaAlphabetic" => unicode(r"\p{Alphabetic}"),
        "javaIdeographic" => unicode(r"\p{Ideographic}"),
        "javaTitleCase" => unicode(r"\p{Lt}"),
        "javaDigit" => unicode(r"\p{Nd}"),
        "javaDefined" => unassigned().map(|set| set.negate()),
        "javaLetter" => unicode(r"\p{L}"),
        "javaLetterOrDigit" => unicode(r"[\p{L}\p{Nd}]"),
        "javaSpaceChar" => unicode(r"\p{Z}"),
        "javaWhitespace" => unicode(r"[\p{Z}\t-\r\x1C-\x1F--\u{A0}\u{2007}\u{202F}]"),
        "javaISOControl" => unicode(r"\p{Cc}"),
        "javaJavaIdentifierStart"
        | "javaJavaIdentifierPart"
        | "javaUnicodeIdentifierStart"
        | "javaUnicodeIdentifierPart"
        | "javaIdentifierIgnorable"
        | "javaMirrored" => return Some(Err(())),
        _ => return None,
    };
    Some(set.ok_or(()))
}

fn ascii(class: &str) -> Set {
    parse(&format!("[{class}]")).unwrap_or_default()
}

/// Binary properties after `Is`, in any case.
fn binary(name: &str, fold: bool) -> Option<Set> {
    let name = name.to_ascii_lowercase();
    if fold && matches!(&name[..], "lowercase" | "uppercase" | "titlecase") {
        return unicode(r"[\p{Lowercase}\p{Uppercase}\p{Lt}]");
    }
    match &name[..] {
        "alphabetic" => unicode(r"\p{Alphabetic}"),
        "letter" => unicode(r"\p{L}"),
        "ideographic" => unicode(r"\p{Ideographic}"),
        "lowercase" => unicode(r"\p{Lowercase}"),
        "uppercase" => unicode(r"\p{Uppercase}"),
        "titlecase" => unicode(r"\p{Lt}"),
        "white_space" | "whitespace" => unicode(r"\p{White_Space}"),
        "control" => unicode(r"\p{Cc}"),
        "punctuation" => unicode(r"\p{P}"),
        "hex_digit" | "hexdigit" => {
            unicode(r"[\p{Nd}0-9A-Fa-f\u{FF10}-\u{FF19}\u{FF21}-\u{FF26}\u{FF41}-\u{FF46}]")
        }
        "assigned" => Some(unassigned()?.negate()),
        "noncharacter_code_point" | "noncharactercodepoint" => Some(Set::of(
            (0..=16)
                .map(|plane| (plane << 16 | 0xFFFE, plane << 16 | 0xFFFF))
                .chain([(0xFDD0, 0xFDEF)]),
        )),
        "digit" => unicode(r"\p{Nd}"),
        "alnum" => unicode(r"[\p{Alphabetic}\p{Nd}]"),
        "blank" => unicode(r"[\p{Zs}\t]"),
        "word" => word(),
        "graph" => graph(),
        "print" => Some(graph()?.union(&unicode(r"\p{Zs}")?)),
        "join_control" | "joincontrol" => Some(Set::of([(0x200C, 0x200D)])),
        _ => None,
    }
}

/// What is seen.
fn graph() -> Option<Set> {
    let unseen = union(&[
        unassigned(),
        Some(Set::of([SURROGATES])),
        unicode(r"[\p{Z}\p{Cc}]"),
    ]);
    Some(unseen?.negate())
}

/// Blocks by the names that `Character.UnicodeBlock.forName` takes, in any case.
fn block(name: &str) -> Option<Set> {
    let name = name.to_uppercase();
    let found = BLOCKS
        .iter()
        .find(|block| block.2.split('|').any(|known| known == name));
    if name == "SURROGATES_AREA" {
        return Some(Set::default());
    }
    found.map(|&(from, to, _)| Set::of([(from, to)]))
}

/// `\w` under `(?U)`.
fn word() -> Option<Set> {
    unicode(r"[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\u{200C}\u{200D}]")
}

/// Scripts by their names or codes, in any case.
fn script(name: &str) -> Option<Set> {
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if !plain || name.is_empty() {
        return None;
    }
    if name.eq_ignore_ascii_case("unknown") || name.eq_ignore_ascii_case("zzzz") {
        return union(&[
            unassigned(),
            Some(Set::of([SURROGATES])),
            unicode(r"\p{Co}"),
        ]);
    }
    let set = unicode(&format!(r"\p{{Script={name}}}"))?;
    // Two marks that have become Han since.
    let moved = Set::of([(0x1_6FE2, 0x1_6FE3)]);
    Some(match &name.to_ascii_lowercase()[..] {
        "han" | "hani" => set.and(&moved.negate()),
        "common" | "zyyy" => set.union(&moved),
        _ => set,
    })
}
