//! A backtracking matcher with the order of tries of `java.util.regex`, under a limit of steps.
//!
//! As in the original, what groups captured inside a look-around or an atomic group is not taken back when the pattern
//! fails after it.

use std::ops::Range;

use super::Captures;
use super::program::{Op, Program, Round};
use super::set::Set;
use super::text::{next, previous, step, step_back};
use super::tree::{Anchor, Behind, Greed};
use crate::java::{is_any_mark, is_dot_match, is_letter_or_digit, is_mark, is_word_before};

/// Steps that a search may take whatever the length of its text.
const STEPS: usize = 20_000_000;
/// Further steps for each byte.
const STEPS_PER_BYTE: usize = 64;

/// The steps that a search in `text` may take.
pub(super) fn limit(text: &str) -> usize {
    STEPS + STEPS_PER_BYTE * text.len()
}

/// A search ran into its limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OutOfSteps;

/// What to go back to.
enum Frame {
    Try {
        at: usize,
        position: usize,
    },
    /// A greedy run that can give back characters down to `least`.
    Shrink {
        at: usize,
        position: usize,
        least: usize,
    },
    /// A lazy run that can take up to `left` more characters.
    Grow {
        at: usize,
        position: usize,
        left: u32,
    },
    /// Another round of a lazy loop.
    Enter {
        op: usize,
        position: usize,
    },
    Local {
        local: usize,
        was: usize,
    },
    Group {
        group: usize,
        was: Option<Range<usize>>,
    },
}

pub(super) struct Machine<'a> {
    program: &'a Program,
    text: &'a str,
    stack: Vec<Frame>,
    locals: Vec<usize>,
    groups: Vec<Option<Range<usize>>>,
    steps: usize,
}

impl<'a> Machine<'a> {
    pub(super) fn new(program: &'a Program, text: &'a str, steps: usize) -> Self {
        Self {
            program,
            text,
            stack: Vec::new(),
            locals: vec![0; program.locals],
            groups: vec![None; program.groups + 1],
            steps,
        }
    }

    /// The first match at or after `from`.
    pub(super) fn search(mut self, from: usize) -> Result<Option<Captures>, OutOfSteps> {
        let mut at = from;
        loop {
            if let Some(first) = &self.program.first {
                match self.candidate(first, at) {
                    Some(found) => at = found,
                    None => return Ok(None),
                }
            }
            if self.program.anchored && at > 0 {
                return Ok(None);
            }
            if let Some(end) = self.run(0, at)? {
                self.groups[0] = Some(at..end);
                return Ok(Some(Captures {
                    groups: self.groups,
                }));
            }
            match self.start_after(at) {
                Some(after) => at = after,
                None => return Ok(None),
            }
        }
    }

    fn start_after(&self, at: usize) -> Option<usize> {
        if at >= self.text.len() {
            return None;
        }
        if self.program.wide {
            next(self.text, at).map(|(_, after)| after)
        } else {
            Some(step(self.text, at))
        }
    }

    /// The first position from `at` on at which a character of `first` stands.
    fn candidate(&self, first: &Set, mut at: usize) -> Option<usize> {
        loop {
            let (code, _) = next(self.text, at)?;
            if first.contains(code) {
                return Some(at);
            }
            at = self.start_after(at)?;
        }
    }

    fn spend(&mut self, steps: usize) -> Result<(), OutOfSteps> {
        self.steps = self.steps.checked_sub(steps).ok_or(OutOfSteps)?;
        Ok(())
    }

    /// Runs from an operation to the `Done` that belongs to it; gives the position there. What can be gone back to
    /// inside is forgotten then, and undone if it fails.
    fn run(&mut self, mut op: usize, mut at: usize) -> Result<Option<usize>, OutOfSteps> {
        let base = self.stack.len();
        let program = self.program;
        loop {
            self.spend(1)?;
            let on = match &program.ops[op] {
                Op::Done => {
                    self.stack.truncate(base);
                    return Ok(Some(at));
                }
                Op::One(set) => match next(self.text, at) {
                    Some((code, after)) if set.contains(code) => Some((op + 1, after)),
                    _ => None,
                },
                Op::Run {
                    set,
                    min,
                    max,
                    greed,
                } => self.take(op + 1, at, set, *min, *max, *greed)?,
                &Op::Jump(to) => Some((to, at)),
                &Op::Either(first, second) => {
                    self.stack.push(Frame::Try {
                        at: second,
                        position: at,
                    });
                    Some((first, at))
                }
                &Op::Anchor(anchor) => self.holds(anchor, at).then_some((op + 1, at)),
                &Op::Mark(local) => {
                    self.set(local, at);
                    Some((op + 1, at))
                }
                &Op::Capture { group, local } => {
                    let was = self.groups[group].replace(self.locals[local]..at);
                    self.stack.push(Frame::Group { group, was });
                    Some((op + 1, at))
                }
                &Op::Zero(local) => {
                    self.set(local, 0);
                    Some((op + 1, at))
                }
                Op::Round(round) => Some((self.round(op, round, at), at)),
                &Op::Back { group, fold } => {
                    self.repeats(group, fold, at).map(|after| (op + 1, after))
                }
                &Op::Atomic { after } => self.run(op + 1, at)?.map(|end| (after, end)),
                &Op::Behind { local } => (self.locals[local] == at).then_some((op + 1, at)),
                &Op::Look {
                    negative,
                    behind,
                    after,
                } => {
                    let found = match behind {
                        None => self.run(op + 1, at)?.is_some(),
                        Some((behind, local)) => self.looks_back(op + 1, at, behind, local)?,
                    };
                    (found != negative).then_some((after, at))
                }
            };
            match on {
                Some(on) => (op, at) = on,
                None => match self.go_back(base)? {
                    Some(on) => (op, at) = on,
                    None => return Ok(None),
                },
            }
        }
    }

    fn set(&mut self, local: usize, value: usize) {
        let was = std::mem::replace(&mut self.locals[local], value);
        self.stack.push(Frame::Local { local, was });
    }

    /// Takes back steps until there is something else to try.
    fn go_back(&mut self, base: usize) -> Result<Option<(usize, usize)>, OutOfSteps> {
        while self.stack.len() > base {
            self.spend(1)?;
            match self.stack.pop() {
                Some(Frame::Try { at, position }) => return Ok(Some((at, position))),
                Some(Frame::Shrink {
                    at,
                    position,
                    least,
                }) => {
                    let Some((_, shorter)) = previous(self.text, position) else {
                        continue;
                    };
                    // A run that began between two halves does not give back the first.
                    let shorter = shorter.max(least);
                    if shorter > least {
                        self.stack.push(Frame::Shrink {
                            at,
                            position: shorter,
                            least,
                        });
                    }
                    return Ok(Some((at, shorter)));
                }
                Some(Frame::Grow { at, position, left }) => {
                    let Op::Run { set, .. } = &self.program.ops[at - 1] else {
                        continue;
                    };
                    if let Some((code, longer)) = next(self.text, position)
                        && set.contains(code)
                    {
                        if left > 1 {
                            self.stack.push(Frame::Grow {
                                at,
                                position: longer,
                                left: left - 1,
                            });
                        }
                        return Ok(Some((at, longer)));
                    }
                }
                Some(Frame::Enter { op, position }) => {
                    if let Op::Round(round) = &self.program.ops[op] {
                        self.enter(round, position);
                        return Ok(Some((op + 1, position)));
                    }
                }
                Some(Frame::Local { local, was }) => self.locals[local] = was,
                Some(Frame::Group { group, was }) => self.groups[group] = was,
                None => break,
            }
        }
        Ok(None)
    }

    fn take(
        &mut self,
        on: usize,
        from: usize,
        set: &Set,
        min: u32,
        max: Option<u32>,
        greed: Greed,
    ) -> Result<Option<(usize, usize)>, OutOfSteps> {
        let max = max.unwrap_or(u32::MAX);
        let wanted = if greed == Greed::Lazy { min } else { max };
        let (mut at, mut least) = (from, from);
        let mut taken = 0;
        while taken < wanted {
            match next(self.text, at) {
                Some((code, after)) if set.contains(code) => at = after,
                _ => break,
            }
            taken += 1;
            if taken == min {
                least = at;
            }
        }
        self.spend(taken as usize)?;
        if taken < min {
            return Ok(None);
        }
        match greed {
            Greed::Greedy if at > least => self.stack.push(Frame::Shrink {
                at: on,
                position: at,
                least,
            }),
            Greed::Lazy if max > min => self.stack.push(Frame::Grow {
                at: on,
                position: at,
                left: max - min,
            }),
            _ => {}
        }
        Ok(Some((on, at)))
    }

    fn round(&mut self, op: usize, round: &Round, at: usize) -> usize {
        let Round {
            count,
            began,
            min,
            max,
            lazy,
            after,
        } = *round;
        let rounds = self.locals[count];
        // A round that took nothing is the last.
        if rounds > 0 && at <= self.locals[began] {
            return after;
        }
        let (must, may) = (
            rounds < min as usize,
            max.is_none_or(|max| rounds < max as usize),
        );
        if !must && !may {
            return after;
        }
        if !must && lazy {
            self.stack.push(Frame::Enter { op, position: at });
            return after;
        }
        if !must {
            self.stack.push(Frame::Try {
                at: after,
                position: at,
            });
        }
        self.enter(round, at);
        op + 1
    }

    fn enter(&mut self, round: &Round, at: usize) {
        self.set(round.count, self.locals[round.count] + 1);
        self.set(round.began, at);
    }

    /// The end of a repetition of what a group matched; a group that matched nothing yet is not repeated.
    fn repeats(&mut self, group: usize, fold: bool, at: usize) -> Option<usize> {
        let Range { start, end } = self.groups.get(group)?.clone()?;
        let (mut from, mut at) = (start, at);
        while from < end {
            let (wanted, after) = next(self.text, from)?;
            let (code, next_at) = next(self.text, at)?;
            let same = wanted == code
                || fold
                    && match (u8::try_from(wanted), u8::try_from(code)) {
                        (Ok(a), Ok(b)) => a.is_ascii() && a.eq_ignore_ascii_case(&b),
                        _ => false,
                    };
            if !same {
                return None;
            }
            (from, at) = (after, next_at);
        }
        Some(at)
    }

    fn looks_back(
        &mut self,
        op: usize,
        at: usize,
        behind: Behind,
        local: usize,
    ) -> Result<bool, OutOfSteps> {
        self.locals[local] = at;
        let mut start = at;
        for length in 0..=behind.max {
            if length >= behind.min && self.run(op, start)?.is_some() {
                return Ok(true);
            }
            let before = if behind.by_character {
                previous(self.text, start).map(|(_, before)| before)
            } else {
                step_back(self.text, start)
            };
            match before {
                Some(before) => start = before,
                None => break,
            }
        }
        Ok(false)
    }

    fn holds(&self, anchor: Anchor, at: usize) -> bool {
        let unit = |at| next(self.text, at).and_then(|(code, _)| char::from_u32(code));
        let before = previous(self.text, at).and_then(|(code, _)| char::from_u32(code));
        match anchor {
            Anchor::Start => at == 0,
            Anchor::End => at == self.text.len(),
            Anchor::LineStart { unix } => {
                at < self.text.len()
                    && match before {
                        None => at == 0,
                        Some('\n') => true,
                        Some('\r') => !unix && unit(at) != Some('\n'),
                        Some(c) => !unix && !is_dot_match(c),
                    }
            }
            Anchor::LineEnd { lines, unix } => match unit(at) {
                _ if at == self.text.len() => true,
                Some('\n') => {
                    (lines || at + 1 == self.text.len()) && (unix || before != Some('\r'))
                }
                Some('\r') if !unix => lines || matches!(&self.text[at + 1..], "" | "\n"),
                Some(c) => {
                    !unix && !is_dot_match(c) && (lines || at + c.len_utf8() == self.text.len())
                }
                None => false,
            },
            Anchor::Word { inside } => (self.ends_word(at) == self.starts_word(at)) == inside,
        }
    }

    /// Whether what stands before `at` is part of a word, by JDK 17's rule (`Pattern.Bound`).
    fn ends_word(&self, at: usize) -> bool {
        match self.text.get(..at) {
            Some(before) => is_word_before(before.chars().rev()),
            None => false,
        }
    }

    /// The same for what stands from `at` on: a letter, a digit, `_` or a mark that belongs to one of the first two.
    fn starts_word(&self, at: usize) -> bool {
        match self.text.get(at..).and_then(|rest| rest.chars().next()) {
            Some(c) if c == '_' || is_letter_or_digit(c) => true,
            Some(c) if is_any_mark(c) => self.text[..at]
                .chars()
                .rev()
                .find(|&c| !is_mark(c))
                .is_some_and(|base| base <= '\u{FFFF}' && is_letter_or_digit(base)),
            _ => false,
        }
    }
}
