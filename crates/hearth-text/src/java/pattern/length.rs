//! How long what a pattern matches can be, as Java computes it (`Node.study`, JDK 17): in UTF-16 units, in 32 bits that
//! overflow. It decides how far a look-behind goes back, which look-behinds are refused, and how groups are repeated.

use super::tree::{Greed, Rounds, Tree};

/// What Java counts for a run without an upper limit.
const ENDLESS: i32 = i32::MAX;
/// What it puts for a shortest length that overflowed.
const TOO_LONG: i32 = 0x0FFF_FFFF;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Length {
    pub(super) min: i32,
    pub(super) max: i32,
    /// Whether `max` is one; otherwise there is "no obvious maximum".
    pub(super) bounded: bool,
    /// Whether Java sees no choice inside.
    pub(super) fixed: bool,
}

impl Length {
    const NONE: Self = Self {
        min: 0,
        max: 0,
        bounded: true,
        fixed: true,
    };

    fn add(&mut self, min: i32, max: i32) {
        self.min = self.min.wrapping_add(min);
        self.max = self.max.wrapping_add(max);
    }
}

impl Tree {
    pub(super) fn length(&self) -> Length {
        self.length_after(Length::NONE)
    }

    fn length_after(&self, before: Length) -> Length {
        let mut study = Study {
            now: before,
            earlier: Vec::new(),
            over: false,
        };
        study.walk(self);
        study.finish()
    }
}

struct Study {
    now: Length,
    /// What came before branches; the lengths after them are counted anew and then added.
    earlier: Vec<Length>,
    /// Behind a loop nothing is counted.
    over: bool,
}

impl Study {
    fn finish(mut self) -> Length {
        while let Some(earlier) = self.earlier.pop() {
            self.now.add(earlier.min, earlier.max);
            self.now.bounded &= earlier.bounded;
            self.now.fixed = false;
        }
        self.now
    }

    fn walk(&mut self, tree: &Tree) {
        if self.over {
            return;
        }
        match tree {
            Tree::Empty | Tree::Look { .. } | Tree::Anchor(_) => {}
            Tree::One { .. } => self.now.add(1, 1),
            Tree::LineBreak => self.now.add(1, 2),
            Tree::Back { .. } => self.now.bounded = false,
            Tree::Group(_, body) => self.walk(body),
            Tree::Atomic(body) => self.now = body.length_after(self.now),
            Tree::Sequence(parts) => parts.iter().for_each(|part| self.walk(part)),
            Tree::Branches(parts) => self.branches(parts.iter().map(Tree::length)),
            Tree::Repeat {
                body,
                min,
                max,
                greed,
            } => self.repeat(body, *min, *max, *greed),
        }
    }

    fn branches(&mut self, branches: impl Iterator<Item = Length>) {
        let (mut min, mut max) = (i32::MAX, -1);
        for branch in branches {
            min = min.min(branch.min);
            max = max.max(branch.max);
            self.now.bounded &= branch.bounded;
        }
        self.now.add(min, max);
        self.earlier.push(self.now);
        self.now = Length::NONE;
    }

    fn repeat(&mut self, body: &Tree, min: u32, max: Option<u32>, greed: Greed) {
        let count = |count: u32| i32::try_from(count).unwrap_or(i32::MAX);
        let (shortest, longest) = (self.now.min, self.now.max);
        let group = matches!(body, Tree::Group(..)) && greed != Greed::Possessive;
        if (min, max) == (0, Some(1)) && !group {
            self.now = body.length_after(self.now);
            self.now.min = shortest;
            self.now.fixed = false;
            return;
        }
        let round = body.length();
        match body.rounds_of(round.fixed, min, max, greed) {
            Rounds::Run if max.is_none() && greed == Greed::Greedy => {
                self.now
                    .add(count(min), if self.now.bounded { ENDLESS } else { 0 });
                self.now.fixed = false;
            }
            Rounds::Branch => self.branches([round, Length::NONE].into_iter()),
            Rounds::Loop => {
                self.now.bounded = false;
                self.now.fixed = false;
                self.over = true;
            }
            Rounds::Run | Rounds::Whole(_) => {
                let all = round.min.wrapping_mul(count(min));
                self.now.min = all.wrapping_add(shortest);
                if self.now.min < shortest {
                    self.now.min = TOO_LONG;
                }
                self.now.bounded &= round.bounded;
                if self.now.bounded {
                    let all = round.max.wrapping_mul(max.map_or(i32::MAX, count));
                    self.now.max = all.wrapping_add(longest);
                    self.now.bounded = self.now.max >= longest;
                }
                self.now.fixed &= round.fixed && max == Some(min);
            }
        }
    }
}
