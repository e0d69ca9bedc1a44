//! A tree as instructions for the backtracking [`Machine`](super::machine::Machine).

use super::predefined;
use super::set::Set;
use super::tree::{Anchor, Behind, Greed, Rounds, Tree};

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
    /// Rounds of what follows up to `Done`, none of which is gone back into.
    Whole(Whole),
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

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Whole {
    /// The group that captures each round.
    pub(super) group: Option<usize>,
    pub(super) min: u32,
    pub(super) max: Option<u32>,
    pub(super) greed: Greed,
    pub(super) after: At,
}

#[derive(Debug)]
pub(super) struct Program {
    pub(super) ops: Vec<Op>,
    pub(super) locals: usize,
    pub(super) groups: usize,
    /// What a match can start with; `None` if that is not to be looked for.
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
        // A try that fails may leave a capture behind, so none is left out then.
        if !tree.can_be_empty() && !tree.keeps_captures() {
            program.first = Some(first(tree));
        }
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
            Tree::Group(None, body) => self.put(body),
            Tree::Group(Some(group), body) => {
                let local = self.local();
                self.ops.push(Op::Mark(local));
                self.put(body);
                self.ops.push(Op::Capture {
                    group: *group,
                    local,
                });
            }
            Tree::LineBreak => self.put_branches(&[
                Tree::Sequence(vec![
                    Tree::One {
                        set: Set::one(0x0D),
                        wide: false,
                    },
                    Tree::One {
                        set: Set::one(0x0A),
                        wide: false,
                    },
                ]),
                Tree::One {
                    set: predefined::vertical(),
                    wide: false,
                },
            ]),
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
        let one = match body {
            Tree::Group(None, inside) => inside,
            _ => body,
        };
        if let Tree::One { set, .. } = one {
            self.ops.push(Op::Run {
                set: set.clone(),
                min,
                max,
                greed,
            });
            return;
        }
        match body.rounds(min, max, greed) {
            Rounds::Branch => {
                let either = self.open(Op::Done);
                self.put(body);
                let (inside, after) = (either + 1, self.ops.len());
                self.ops[either] = match greed {
                    Greed::Lazy => Op::Either(after, inside),
                    Greed::Greedy | Greed::Possessive => Op::Either(inside, after),
                };
            }
            Rounds::Run | Rounds::Loop => self.put_loop(body, min, max, greed == Greed::Lazy),
            Rounds::Whole(group) => {
                let whole = self.open(Op::Done);
                match body {
                    Tree::Group(_, inside) if group.is_some() => self.put(inside),
                    _ => self.put(body),
                }
                self.ops.push(Op::Done);
                self.ops[whole] = Op::Whole(Whole {
                    group,
                    min,
                    max,
                    greed,
                    after: self.ops.len(),
                });
            }
        }
    }

    fn put_loop(&mut self, body: &Tree, min: u32, max: Option<u32>, lazy: bool) {
        let (count, began) = (self.local(), self.local());
        self.ops.push(Op::Zero(count));
        let round = self.open(Op::Done);
        self.put(body);
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

/// The characters that what a tree matches can start with, unless it is empty.
fn first(tree: &Tree) -> Set {
    match tree {
        Tree::One { set, .. } => set.clone(),
        Tree::LineBreak => predefined::vertical(),
        Tree::Sequence(parts) => {
            let taken = parts.iter().position(|part| !part.can_be_empty());
            let parts = &parts[..taken.map_or(parts.len(), |taken| taken + 1)];
            Set::union_of(parts.iter().map(first))
        }
        Tree::Branches(parts) => Set::union_of(parts.iter().map(first)),
        Tree::Group(_, body) | Tree::Atomic(body) => first(body),
        Tree::Repeat { max: Some(0), .. } => Set::default(),
        Tree::Repeat { body, .. } => first(body),
        // What it matches is not known.
        Tree::Back { .. } => Set::all(),
        Tree::Empty | Tree::Look { .. } | Tree::Anchor(_) => Set::default(),
    }
}
