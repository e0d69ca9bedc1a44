//! What a pattern says, as a tree.

use super::set::Set;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Tree {
    Empty,
    /// One code point of a set. `wide` is Java's note that it may be one beyond U+FFFF.
    One {
        set: Set,
        wide: bool,
    },
    Sequence(Vec<Tree>),
    Branches(Vec<Tree>),
    /// A group that captures, by its number from 1.
    Group(usize, Box<Tree>),
    Repeat {
        body: Box<Tree>,
        min: u32,
        /// `None` is no limit.
        max: Option<u32>,
        greed: Greed,
    },
    Atomic(Box<Tree>),
    Look {
        body: Box<Tree>,
        negative: bool,
        behind: Option<Behind>,
    },
    Anchor(Anchor),
    /// What a group matched last; with letters of ASCII in either case if `fold`.
    Back {
        group: usize,
        fold: bool,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Greed {
    Greedy,
    Lazy,
    Possessive,
}

/// How far a look-behind goes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Behind {
    pub(super) min: u32,
    pub(super) max: u32,
    /// Whether Java counts code points, which it does if the rest of the pattern holds one beyond U+FFFF, or UTF-16 units.
    pub(super) by_character: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    /// `\A`, `^`
    Start,
    /// `\z`
    End,
    /// `$` and `\Z`: before the last line terminator, or with `lines` before each.
    LineEnd { lines: bool, unix: bool },
    /// `(?m)^`
    LineStart { unix: bool },
    /// `\b`, and `\B` if `inside`.
    Word { inside: bool },
}

/// Lengths in UTF-16 units as Java computes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Length {
    pub(super) min: u32,
    /// `None` is "no obvious maximum". A greedy run without limit counts as the largest number, and sums overflow.
    pub(super) max: Option<i32>,
    /// Whether the original treats a repetition of this as one without choices.
    pub(super) fixed: bool,
}

impl Length {
    fn exactly(length: u8) -> Self {
        Self {
            min: length.into(),
            max: Some(length.into()),
            fixed: true,
        }
    }

    fn then(self, next: Self) -> Self {
        Self {
            min: self.min.saturating_add(next.min),
            max: self.max.zip(next.max).map(|(a, b)| a.wrapping_add(b)),
            fixed: self.fixed && next.fixed,
        }
    }

    fn or(self, other: Self) -> Self {
        Self {
            min: self.min.min(other.min),
            max: self.max.zip(other.max).map(|(a, b)| a.max(b)),
            fixed: false,
        }
    }
}

impl Tree {
    /// The lengths that Java's `Node.study` finds; no maximum is known of repeated groups with choices inside.
    pub(super) fn length(&self) -> Length {
        match self {
            Self::Empty | Self::Look { .. } | Self::Anchor(_) => Length::exactly(0),
            Self::One { .. } => Length::exactly(1),
            Self::Sequence(parts) => parts
                .iter()
                .map(Self::length)
                .fold(Length::exactly(0), Length::then),
            Self::Branches(parts) => parts
                .iter()
                .map(Self::length)
                .reduce(Length::or)
                .unwrap_or(Length::exactly(0)),
            Self::Group(_, body) | Self::Atomic(body) => body.length(),
            Self::Back { .. } => Length {
                min: 0,
                max: None,
                fixed: false,
            },
            Self::Repeat {
                body,
                min,
                max,
                greed,
            } => {
                let inner = body.length();
                let run = matches!(**body, Self::One { .. });
                let max_rounds = match max {
                    None if run && *greed == Greed::Greedy => Some(i32::MAX),
                    _ => max.and_then(|max| i32::try_from(max).ok()),
                };
                let whole = Length {
                    min: inner.min.saturating_mul(*min),
                    max: inner.max.zip(max_rounds).map(|(a, b)| a.saturating_mul(b)),
                    fixed: inner.fixed && *max == Some(*min),
                };
                let loops = !inner.fixed && (*min, *max) != (0, Some(1));
                if loops && *greed != Greed::Possessive && !run {
                    Length { max: None, ..whole }
                } else {
                    whole
                }
            }
        }
    }
}
