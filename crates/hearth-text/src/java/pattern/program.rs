//! A tree as instructions for the backtracking [`Machine`](super::machine::Machine).

use super::set::Set;
use super::tree::{Anchor, Behind, Greed, Tree};

/// Where to go on.
pub(super) type At = usize;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Op {
    /// The end of the pattern, of a look-around or of an atomic group.
    Done,
    One(Set),
    /// As many characters of a set as `greed` says.
    Run {
        set: Set,
        min: u32,
        max: Option<u32>,
        greed: Greed,
    },
    Jump(At),
    /// On with the first; if that fails, with the second.
    Either(At, At),
    Anchor(Anchor),
    /// Keeps the position in a local.
    Mark(usize),
    /// A group from the local's position to here.
    Capture {
        group: usize,
        local: usize,
    },
    /// Sets a local to 0.
    Zero(usize),
    /// One round of a loop: into the body, which comes next, or out.
    Round(Round),
    Back {
        group: usize,
        fold: bool,
    },
    /// What follows up to `Done`, then `after`, without going back into it.
    Atomic {
        after: At,
    },
    Look {
        negative: bool,
        /// With the local that keeps where a look-behind must end.
        behind: Option<(Behind, usize)>,
        after: At,
    },
    /// The end of a look-behind.
    Behind {
        local: usize,
    },
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Round {
    /// The local that counts the rounds begun.
    pub(super) count: usize,
    /// The local of the position at which the last round began.
    pub(super) began: usize,
    pub(super) min: u32,
    pub(super) max: Option<u32>,
    pub(super) lazy: bool,
    pub(super) after: At,
}

#[derive(Debug)]
pub(super) struct Program {
    pub(super) ops: Vec<Op>,
    pub(super) locals: usize,
    pub(super) groups: usize,
    /// What a match can start with; `None` if it can be empty.
    pub(super) first: Option<Set>,
    /// Whether a match can start at 0 only.
    pub(super) anchored: bool,
    pub(super) wide: bool,
}

impl Program {
    pub(super) fn new(tree: &Tree, groups: usize, wide: bool) -> Self {
        let mut program = Self {
            ops: Vec::new(),
            locals: 0,
            groups,
            first: None,
            anchored: is_anchored(tree),
            wide,
        };
        program.put(tree);
        program.ops.push(Op::Done);
        let (first, empty) = first(tree);
        program.first = (!empty).then_some(first);
        program
    }

    fn local(&mut self) -> usize {
        self.locals += 1;
        self.locals - 1
    }

    /// Appends an operation whose target is set later.
    fn open(&mut self, op: Op) -> At {
        self.ops.push(op);
        self.ops.len() - 1
    }

    fn put(&mut self, tree: &Tree) {
        match tree {
            Tree::Empty => {}
            Tree::One { set, .. } => self.ops.push(Op::One(set.clone())),
            Tree::Sequence(parts) => parts.iter().for_each(|part| self.put(part)),
            Tree::Branches(branches) => self.put_branches(branches),
            Tree::Group(group, body) => {
                let local = self.local();
                self.ops.push(Op::Mark(local));
                self.put(body);
                self.ops.push(Op::Capture {
                    group: *group,
                    local,
                });
            }
            Tree::Atomic(body) => self.put_atomic(body),
            Tree::Look {
                body,
                negative,
                behind,
            } => {
                let look = self.open(Op::Done);
                self.put(body);
                let behind = behind.map(|behind| (behind, self.local()));
                if let Some((_, local)) = behind {
                    self.ops.push(Op::Behind { local });
                }
                self.ops.push(Op::Done);
                self.ops[look] = Op::Look {
                    negative: *negative,
                    behind,
                    after: self.ops.len(),
                };
            }
            Tree::Anchor(anchor) => self.ops.push(Op::Anchor(*anchor)),
            &Tree::Back { group, fold } => self.ops.push(Op::Back { group, fold }),
            Tree::Repeat {
                body,
                min,
                max,
                greed,
            } => self.put_repeat(body, *min, *max, *greed),
        }
    }

    fn put_branches(&mut self, branches: &[Tree]) {
        let mut ends = Vec::new();
        for (i, branch) in branches.iter().enumerate() {
            if i + 1 == branches.len() {
                self.put(branch);
                continue;
            }
            let either = self.open(Op::Done);
            self.put(branch);
            ends.push(self.open(Op::Done));
            self.ops[either] = Op::Either(either + 1, self.ops.len());
        }
        let end = self.ops.len();
        for jump in ends {
            self.ops[jump] = Op::Jump(end);
        }
    }

    fn put_atomic(&mut self, body: &Tree) {
        let atomic = self.open(Op::Done);
        self.put(body);
        self.ops.push(Op::Done);
        self.ops[atomic] = Op::Atomic {
            after: self.ops.len(),
        };
    }

    fn put_repeat(&mut self, body: &Tree, min: u32, max: Option<u32>, greed: Greed) {
        if let Tree::One { set, .. } = body {
            self.ops.push(Op::Run {
                set: set.clone(),
                min,
                max,
                greed,
            });
            return;
        }
        if greed == Greed::Possessive {
            // Neither the loop nor any of its rounds is gone back into.
            let atomic = self.open(Op::Done);
            self.put_loop(min, max, false, |program| program.put_atomic(body));
            self.ops.push(Op::Done);
            self.ops[atomic] = Op::Atomic {
                after: self.ops.len(),
            };
        } else if (min, max) == (0, Some(1)) {
            let either = self.open(Op::Done);
            self.put(body);
            let (inside, after) = (either + 1, self.ops.len());
            self.ops[either] = match greed {
                Greed::Lazy => Op::Either(after, inside),
                Greed::Greedy | Greed::Possessive => Op::Either(inside, after),
            };
        } else {
            self.put_loop(min, max, greed == Greed::Lazy, |program| program.put(body));
        }
    }

    fn put_loop(&mut self, min: u32, max: Option<u32>, lazy: bool, body: impl FnOnce(&mut Self)) {
        let (count, began) = (self.local(), self.local());
        self.ops.push(Op::Zero(count));
        let round = self.open(Op::Done);
        body(self);
        self.ops.push(Op::Jump(round));
        self.ops[round] = Op::Round(Round {
            count,
            began,
            min,
            max,
            lazy,
            after: self.ops.len(),
        });
    }
}

fn is_anchored(tree: &Tree) -> bool {
    match tree {
        Tree::Anchor(Anchor::Start) => true,
        Tree::Sequence(parts) => parts.first().is_some_and(is_anchored),
        Tree::Branches(parts) => parts.iter().all(is_anchored),
        Tree::Group(_, body) | Tree::Atomic(body) => is_anchored(body),
        _ => false,
    }
}

/// The characters that what a tree matches can start with, and whether it can be empty.
fn first(tree: &Tree) -> (Set, bool) {
    match tree {
        Tree::One { set, .. } => (set.clone(), false),
        Tree::Sequence(parts) => {
            let mut all = Set::default();
            for part in parts {
                let (set, empty) = first(part);
                all = all.union(&set);
                if !empty {
                    return (all, false);
                }
            }
            (all, true)
        }
        Tree::Branches(parts) => parts
            .iter()
            .map(first)
            .fold((Set::default(), false), |(all, any_empty), (set, empty)| {
                (all.union(&set), any_empty || empty)
            }),
        Tree::Group(_, body) | Tree::Atomic(body) => first(body),
        Tree::Repeat { body, min, max, .. } => match max {
            Some(0) => (Set::default(), true),
            _ => {
                let (set, empty) = first(body);
                (set, empty || *min == 0)
            }
        },
        // A back reference can be empty; what it matches is not known.
        Tree::Back { .. } => (Set::all(), true),
        Tree::Empty | Tree::Look { .. } | Tree::Anchor(_) => (Set::default(), true),
    }
}
