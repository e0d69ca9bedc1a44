//! Patterns that the crate `regex` matches as Java does, in time linear in the text.
//!
//! Those are the ones without look-around, back references, atomic groups, `\R` and word boundaries whose matches, and the
//! rounds of whose loops, are never empty: Java can look for an empty match between the halves of a character, where the
//! crate does not look.

use std::fmt::Write;

use super::set::{SURROGATES, Set};
use super::tree::{Anchor, Greed, Tree};

/// Memory that a compiled pattern may take.
const SIZE: usize = 32 << 20;

/// The same pattern for the crate `regex`, `None` where it is not known to match the same.
pub(super) fn compile(tree: &Tree) -> Option<regex::Regex> {
    if tree.can_be_empty() || tree.keeps_captures() {
        return None;
    }
    let mut out = String::new();
    put(tree, &mut out)?;
    regex::RegexBuilder::new(&out).size_limit(SIZE).build().ok()
}

fn put(tree: &Tree, out: &mut String) -> Option<()> {
    match tree {
        Tree::Empty => {}
        Tree::One { set, .. } => put_set(set, out)?,
        Tree::Sequence(parts) => {
            for part in parts {
                put(part, out)?;
            }
        }
        Tree::Branches(parts) => {
            out.push_str("(?:");
            for (i, part) in parts.iter().enumerate() {
                out.push_str(if i == 0 { "" } else { "|" });
                put(part, out)?;
            }
            out.push(')');
        }
        Tree::Group(group, body) => {
            out.push_str(if group.is_some() { "(" } else { "(?:" });
            put(body, out)?;
            out.push(')');
        }
        Tree::Repeat {
            body,
            min,
            max,
            greed,
        } => {
            if body.can_be_empty() || *greed == Greed::Possessive {
                return None;
            }
            out.push_str("(?:");
            put(body, out)?;
            out.push(')');
            match max {
                Some(max) => write!(out, "{{{min},{max}}}"),
                None => write!(out, "{{{min},}}"),
            }
            .ok()?;
            if *greed == Greed::Lazy {
                out.push('?');
            }
        }
        Tree::Anchor(Anchor::Start) => out.push_str(r"\A"),
        Tree::Anchor(Anchor::End) => out.push_str(r"\z"),
        Tree::LineBreak
        | Tree::Atomic(_)
        | Tree::Look { .. }
        | Tree::Anchor(_)
        | Tree::Back { .. } => return None,
    }
    Some(())
}

/// A class. The text has no lone surrogates; a set that tells some of them from others is left to the other matcher.
fn put_set(set: &Set, out: &mut String) -> Option<()> {
    let surrogates = Set::of([SURROGATES]);
    let met = set.and(&surrogates);
    if !met.is_empty() && met != surrogates {
        return None;
    }
    out.push('[');
    let plain = set.and(&surrogates.negate());
    if plain.is_empty() {
        return None;
    }
    for (from, to) in plain.ranges() {
        write!(out, r"\x{{{from:X}}}-\x{{{to:X}}}").ok()?;
    }
    out.push(']');
    Some(())
}
