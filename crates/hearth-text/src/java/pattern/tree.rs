//! What a pattern says, as a tree, and how Java matches its repetitions.

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
    /// A group, by its number from 1 if it captures.
    Group(Option<usize>, Box<Tree>),
    Repeat {
        body: Box<Tree>,
        min: u32,
        /// `None` is no limit.
        max: Option<u32>,
        greed: Greed,
    },
    /// `\R`
    LineBreak,
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
    /// Below 0 where Java's sum overflowed.
    pub(super) max: i32,
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

/// How Java matches a repetition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rounds {
    /// Characters.
    Run,
    /// With or without, by the choices of a group's own.
    Branch,
    /// A group with choices inside, each of which is gone back into.
    Loop,
    /// Rounds that are not gone back into. The group captures each, if it captures.
    Whole(Option<usize>),
}

impl Tree {
    /// How Java repeats this.
    pub(super) fn rounds(&self, min: u32, max: Option<u32>, greed: Greed) -> Rounds {
        self.rounds_of(self.length().fixed, min, max, greed)
    }

    /// The same where it is known whether there are choices inside.
    pub(super) fn rounds_of(
        &self,
        fixed: bool,
        min: u32,
        max: Option<u32>,
        greed: Greed,
    ) -> Rounds {
        match self {
            Self::One { .. } => Rounds::Run,
            Self::Group(..) if greed == Greed::Possessive => Rounds::Whole(None),
            Self::Group(..) if (min, max) == (0, Some(1)) => Rounds::Branch,
            Self::Group(group, _) if fixed => Rounds::Whole(*group),
            Self::Group(..) => Rounds::Loop,
            _ => Rounds::Whole(None),
        }
    }

    /// Whether this can match without taking a character.
    pub(super) fn can_be_empty(&self) -> bool {
        match self {
            Self::One { .. } | Self::LineBreak => false,
            Self::Sequence(parts) => parts.iter().all(Self::can_be_empty),
            Self::Branches(parts) => parts.iter().any(Self::can_be_empty),
            Self::Group(_, body) | Self::Atomic(body) => body.can_be_empty(),
            Self::Repeat { body, min, .. } => *min == 0 || body.can_be_empty(),
            Self::Empty | Self::Look { .. } | Self::Anchor(_) | Self::Back { .. } => true,
        }
    }

    fn captures(&self) -> bool {
        match self {
            Self::Group(Some(_), _) => true,
            Self::Group(None, body)
            | Self::Atomic(body)
            | Self::Look { body, .. }
            | Self::Repeat { body, .. } => body.captures(),
            Self::Sequence(parts) | Self::Branches(parts) => parts.iter().any(Self::captures),
            Self::Empty
            | Self::One { .. }
            | Self::LineBreak
            | Self::Anchor(_)
            | Self::Back { .. } => false,
        }
    }

    /// Whether a group can keep what it captured where the pattern failed: Java takes a capture back when what follows it
    /// fails, and within a look-around, an atomic group or a whole round nothing follows.
    pub(super) fn keeps_captures(&self) -> bool {
        match self {
            Self::Atomic(body) | Self::Look { body, .. } => body.captures(),
            Self::Repeat {
                body,
                min,
                max,
                greed,
            } => match (body.rounds(*min, *max, *greed), &**body) {
                (Rounds::Whole(Some(_)), Self::Group(_, inside)) => inside.captures(),
                (Rounds::Whole(_), _) => body.captures(),
                _ => body.keeps_captures(),
            },
            Self::Group(_, body) => body.keeps_captures(),
            Self::Sequence(parts) | Self::Branches(parts) => parts.iter().any(Self::keeps_captures),
            Self::Empty
            | Self::One { .. }
            | Self::LineBreak
            | Self::Anchor(_)
            | Self::Back { .. } => false,
        }
    }
}
