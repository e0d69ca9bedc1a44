//! A backtracking matcher with the order of tries of `java.util.regex`, under a limit of steps.
//!
//! As in the original, what groups captured inside a look-around, an atomic group or a round that is not gone back into
//! is not taken back when the pattern fails after it, not even for a match that starts later.

use std::ops::Range;

use super::Captures;
use super::program::{Op, Program, Round, Whole};
use super::set::Set;
use super::text::{next, next_unit, previous, step, unit};
use super::tree::{Anchor, Behind, Greed};
use crate::java::{is_any_mark, is_dot_match, is_letter_or_digit, is_mark, is_word_before};

/// Steps that a search may take whatever the length of its text.
const STEPS: usize = 20_000_000;
/// Further steps for each byte.
const STEPS_PER_BYTE: usize = 128;
/// What can be gone back to at a time; it takes 40 bytes each.
const FRAMES: usize = 2 << 20;

/// The steps that all searches in `text` may take.
pub(super) fn limit(text: &str) -> usize {
    STEPS + STEPS_PER_BYTE * text.len()
}

/// Why a search ends without an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// It ran into its limit, of steps or of what can be gone back to.
    OutOfSteps,
    /// Java throws: a back reference that ignores case was compared with more than there is.
    PastEnd,
}

type Result<T> = std::result::Result<T, Stop>;

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
    /// Another round that is not gone back into.
    More {
        op: usize,
        position: usize,
        rounds: u32,
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

/// How far a look-behind goes back at most.
#[derive(Clone, Copy)]
enum Reach {
    Steps(u32),
    Units(usize),
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

    /// Sets the steps that the next searches may take.
    pub(super) fn allow(&mut self, steps: usize) {
        self.steps = steps;
    }

    /// The groups of the last match.
    pub(super) fn captures(&self) -> Captures {
        Captures {
            groups: self.groups.clone(),
        }
    }

    /// The first match at or after `from`.
    pub(super) fn search(&mut self, from: usize) -> Result<Option<Range<usize>>> {
        self.groups.fill(None);
        self.stack.clear();
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
                return Ok(Some(at..end));
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

    /// Remembers what can be gone back to.
    fn push(&mut self, frame: Frame) -> Result<()> {
        if self.stack.len() >= FRAMES {
            return Err(Stop::OutOfSteps);
        }
        self.stack.push(frame);
        Ok(())
    }

    fn spend(&mut self, steps: usize) -> Result<()> {
        self.steps = self.steps.checked_sub(steps).ok_or(Stop::OutOfSteps)?;
        Ok(())
    }

    /// Runs from an operation to the `Done` that belongs to it; gives the position there. What can be gone back to
    /// inside is forgotten then, and undone if it fails.
    fn run(&mut self, mut op: usize, mut at: usize) -> Result<Option<usize>> {
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
                    self.push(Frame::Try {
                        at: second,
                        position: at,
                    })?;
                    Some((first, at))
                }
                &Op::Anchor(anchor) => self.holds(anchor, at)?.then_some((op + 1, at)),
                &Op::Mark(local) => {
                    self.set(local, at)?;
                    Some((op + 1, at))
                }
                &Op::Capture { group, local } => {
                    let was = self.groups[group].replace(self.locals[local]..at);
                    self.push(Frame::Group { group, was })?;
                    Some((op + 1, at))
                }
                &Op::Zero(local) => {
                    self.set(local, 0)?;
                    Some((op + 1, at))
                }
                Op::Round(round) => Some((self.round(op, round, at)?, at)),
                Op::Whole(whole) => self.whole(op, whole, at)?,
                &Op::Back { group, fold } => {
                    self.repeats(group, fold, at)?.map(|after| (op + 1, after))
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

    fn set(&mut self, local: usize, value: usize) -> Result<()> {
        let was = std::mem::replace(&mut self.locals[local], value);
        self.push(Frame::Local { local, was })
    }

    /// Takes back steps until there is something else to try.
    fn go_back(&mut self, base: usize) -> Result<Option<(usize, usize)>> {
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
                        self.push(Frame::Shrink {
                            at,
                            position: shorter,
                            least,
                        })?;
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
                            self.push(Frame::Grow {
                                at,
                                position: longer,
                                left: left - 1,
                            })?;
                        }
                        return Ok(Some((at, longer)));
                    }
                }
                Some(Frame::Enter { op, position }) => {
                    if let Op::Round(round) = &self.program.ops[op] {
                        self.enter(round, position)?;
                        return Ok(Some((op + 1, position)));
                    }
                }
                Some(Frame::More {
                    op,
                    position,
                    rounds,
                }) => {
                    if let Op::Whole(whole) = &self.program.ops[op]
                        && let Some(on) = self.more(op, whole, position, rounds)?
                    {
                        return Ok(Some(on));
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
    ) -> Result<Option<(usize, usize)>> {
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
            Greed::Greedy if at > least => self.push(Frame::Shrink {
                at: on,
                position: at,
                least,
            })?,
            Greed::Lazy if max > min => self.push(Frame::Grow {
                at: on,
                position: at,
                left: max - min,
            })?,
            _ => {}
        }
        Ok(Some((on, at)))
    }

    fn round(&mut self, op: usize, round: &Round, at: usize) -> Result<usize> {
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
            return Ok(after);
        }
        let (must, may) = (
            rounds < min as usize,
            max.is_none_or(|max| rounds < max as usize),
        );
        if !must && !may {
            return Ok(after);
        }
        if !must && lazy {
            self.push(Frame::Enter { op, position: at })?;
            return Ok(after);
        }
        if !must {
            self.push(Frame::Try {
                at: after,
                position: at,
            })?;
        }
        self.enter(round, at)?;
        Ok(op + 1)
    }

    fn enter(&mut self, round: &Round, at: usize) -> Result<()> {
        self.set(round.count, self.locals[round.count] + 1)?;
        self.set(round.began, at)
    }

    /// Rounds that are not gone back into, up to the first that takes nothing.
    fn whole(&mut self, op: usize, whole: &Whole, from: usize) -> Result<Option<(usize, usize)>> {
        let Whole {
            group, min, greed, ..
        } = *whole;
        if let Some(group) = group {
            let was = self.groups[group].clone();
            self.push(Frame::Group { group, was })?;
        }
        let mut at = from;
        for _ in 0..min {
            let Some(end) = self.run(op + 1, at)? else {
                return Ok(None);
            };
            self.capture(group, at..end);
            at = end;
        }
        let mut rounds = min;
        if greed == Greed::Lazy {
            self.push(Frame::More {
                op,
                position: at,
                rounds,
            })?;
            return Ok(Some((whole.after, at)));
        }
        while whole.max.is_none_or(|max| rounds < max)
            && let Some(end) = self.run(op + 1, at)?
            && end > at
        {
            if greed == Greed::Greedy {
                self.push(Frame::Try {
                    at: whole.after,
                    position: at,
                })?;
                if let Some(group) = group {
                    let was = self.groups[group].clone();
                    self.push(Frame::Group { group, was })?;
                }
            }
            self.capture(group, at..end);
            at = end;
            rounds = rounds.saturating_add(1);
        }
        Ok(Some((whole.after, at)))
    }

    /// Another round of a lazy repetition.
    fn more(
        &mut self,
        op: usize,
        whole: &Whole,
        at: usize,
        rounds: u32,
    ) -> Result<Option<(usize, usize)>> {
        if whole.max.is_some_and(|max| rounds >= max) {
            return Ok(None);
        }
        let Some(end) = self.run(op + 1, at)? else {
            return Ok(None);
        };
        if end > at {
            self.capture(whole.group, at..end);
            self.push(Frame::More {
                op,
                position: end,
                rounds: rounds.saturating_add(1),
            })?;
        } else if (whole.min, whole.max) != (0, Some(1)) {
            return Ok(None);
        }
        Ok(Some((whole.after, end)))
    }

    fn capture(&mut self, group: Option<usize>, range: Range<usize>) {
        if let Some(group) = group {
            self.groups[group] = Some(range);
        }
    }

    /// The end of a repetition of what a group matched; a group that matched nothing yet is not repeated.
    fn repeats(&mut self, group: usize, fold: bool, at: usize) -> Result<Option<usize>> {
        let Some(Some(Range { start, end })) = self.groups.get(group).cloned() else {
            return Ok(None);
        };
        self.spend((end.saturating_sub(start)) / 16)?;
        if fold {
            return self.repeats_folded(start..end, at);
        }
        let (mut from, mut at) = (start, at);
        while from < end {
            match (next_unit(self.text, from), next_unit(self.text, at)) {
                (Some((wanted, after)), Some((unit, next_at))) if wanted == unit => {
                    (from, at) = (after, next_at);
                }
                _ => return Ok(None),
            }
        }
        Ok(Some(at))
    }

    /// The original counts UTF-16 units but goes on by characters, so it compares what follows as well where there are
    /// characters beyond U+FFFF, and throws at the end of the text.
    fn repeats_folded(&self, group: Range<usize>, at: usize) -> Result<Option<usize>> {
        let count = unit(self.text, group.end) - unit(self.text, group.start);
        let (mut from, mut to, mut end) = (group.start, at, at);
        for _ in 0..count {
            if end >= self.text.len() {
                return Ok(None);
            }
            end = step(self.text, end);
        }
        for _ in 0..count {
            let (Some((a, after)), Some((b, to_after))) =
                (next(self.text, from), next(self.text, to))
            else {
                return Err(Stop::PastEnd);
            };
            let same = a == b
                || match (u8::try_from(a), u8::try_from(b)) {
                    (Ok(a), Ok(b)) => a.is_ascii() && a.eq_ignore_ascii_case(&b),
                    _ => false,
                };
            if !same {
                return Ok(None);
            }
            (from, to) = (after, to_after);
        }
        Ok(Some(end))
    }

    fn looks_back(&mut self, op: usize, at: usize, behind: Behind, local: usize) -> Result<bool> {
        self.locals[local] = at;
        let Some(reach) = self.reach(at, behind)? else {
            return Ok(false);
        };
        let (mut start, mut steps, mut units) = (at, 0, 0);
        loop {
            self.spend(1)?;
            let before = previous(self.text, start);
            // The original looks from the start of the text, too, where it counts characters.
            let tried = steps >= behind.min || before.is_none() && behind.by_character;
            if tried && self.run(op, start)?.is_some() {
                return Ok(true);
            }
            let Some((code, before)) = before else {
                return Ok(false);
            };
            steps += 1;
            if code <= 0xFFFF {
                (start, units) = (before, units + 1);
            } else if behind.by_character {
                (start, units) = (before, units + 2);
            } else {
                (start, units) = (start - 2, units + 1);
            }
            if match reach {
                Reach::Steps(reach) => steps > reach,
                Reach::Units(reach) => units > reach,
            } {
                return Ok(false);
            }
        }
    }

    /// How far a look-behind goes back. Where Java's sum of lengths overflowed, it subtracts it from the position, which
    /// overflows as well, or goes by the characters that follow.
    fn reach(&mut self, at: usize, behind: Behind) -> Result<Option<Reach>> {
        if let Ok(max) = u32::try_from(behind.max) {
            return Ok(Some(Reach::Steps(max)));
        }
        if behind.by_character {
            let (mut end, mut units) = (at, 0);
            for _ in 0..behind.max.checked_neg().unwrap_or(0) {
                let Some((code, after)) = next(self.text, end) else {
                    break;
                };
                self.spend(1)?;
                units += if code > 0xFFFF { 2 } else { 1 };
                end = after;
            }
            return Ok(Some(Reach::Units(units)));
        }
        self.spend(at)?;
        let nowhere = i64::from(behind.max) - i64::from(i32::MIN);
        let met = i64::try_from(unit(self.text, at)).is_ok_and(|at| at >= nowhere);
        Ok(met.then_some(Reach::Steps(u32::MAX)))
    }

    fn holds(&mut self, anchor: Anchor, at: usize) -> Result<bool> {
        let unit = |at| next(self.text, at).and_then(|(code, _)| char::from_u32(code));
        let before = previous(self.text, at).and_then(|(code, _)| char::from_u32(code));
        Ok(match anchor {
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
            Anchor::Word { inside } => (self.ends_word(at)? == self.starts_word(at)?) == inside,
        })
    }

    /// Whether what stands before `at` is part of a word, by JDK 17's rule (`Pattern.Bound`).
    fn ends_word(&mut self, at: usize) -> Result<bool> {
        let Some(before) = self.text.get(..at) else {
            return Ok(false);
        };
        let mut seen = 0;
        let is_word = is_word_before(before.chars().rev().inspect(|_| seen += 1));
        self.spend(seen)?;
        Ok(is_word)
    }

    /// The same for what stands from `at` on: a letter, a digit, `_` or a mark that belongs to one of the first two.
    fn starts_word(&mut self, at: usize) -> Result<bool> {
        match self.text.get(at..).and_then(|rest| rest.chars().next()) {
            Some(c) if c == '_' || is_letter_or_digit(c) => Ok(true),
            Some(c) if is_any_mark(c) => {
                let mut seen = 0;
                let mut before = self.text[..at].chars().rev().inspect(|_| seen += 1);
                let base = before.find(|&c| !is_mark(c));
                self.spend(seen)?;
                Ok(base.is_some_and(|base| base <= '\u{FFFF}' && is_letter_or_digit(base)))
            }
            _ => Ok(false),
        }
    }
}
