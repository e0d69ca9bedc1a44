//! What cleanup did to a text, and the way back.

use std::ops::Range;

/// Is told what cleanup does, in the order of the text.
pub(super) trait Watch {
    /// `front` bytes are gone from the start of the text. Comes first, and once at most.
    fn trimmed(&mut self, front: usize);

    /// `taken` bytes at byte `at` of the trimmed text have become `put` bytes.
    fn replaced(&mut self, at: usize, taken: usize, put: usize);
}

/// Nobody asks for the way back.
impl Watch for () {
    fn trimmed(&mut self, _: usize) {}

    fn replaced(&mut self, _: usize, _: usize, _: usize) {}
}

/// The way back from a cleaned text to the text it was made from: the places where bytes were taken out.
///
/// ```
/// use hearth_text::cleanup::{CleanupMode, clean_traced};
///
/// let (cleaned, edits) = clean_traced(CleanupMode::Shrink, "  a \n\n b");
/// assert_eq!(cleaned, "a b");
/// assert_eq!(edits.original(0..1), 2..3);
/// assert_eq!(edits.original(1..2), 3..7);
/// assert_eq!(edits.original(2..3), 7..8);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Edits {
    /// Bytes trimmed from the start.
    front: usize,
    /// By `cleaned`, which grows.
    runs: Vec<Run>,
}

/// Text that was kept, or replaced byte by byte, up to the next run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Run {
    /// Its first byte in the cleaned text.
    cleaned: usize,
    /// Its first byte in the original.
    original: usize,
    /// Where what the cleaned text has before it ends in the original: earlier than `original` where text was deleted.
    before: usize,
}

impl Edits {
    /// The bytes of the original that the bytes `cleaned` of the cleaned text stand for. A character that was kept
    /// stands for itself, one that was put in for all that it replaced; what was deleted or trimmed belongs to neither
    /// neighbour. An empty range stands before the character that follows it.
    ///
    /// Where `cleaned` lies between characters of the cleaned text, the result lies between those of the original.
    #[must_use]
    pub fn original(&self, cleaned: Range<usize>) -> Range<usize> {
        let start = self.run(cleaned.start);
        let begin = start.original + (cleaned.start - start.cleaned);
        let last = self.run(cleaned.end);
        let end = match cleaned.end - last.cleaned {
            0 => last.before,
            inside => last.original + inside,
        };
        begin..end.max(begin)
    }

    /// The last run that begins at or before a byte of the cleaned text.
    fn run(&self, byte: usize) -> Run {
        let after = self.runs.partition_point(|run| run.cleaned <= byte);
        self.runs[..after].last().copied().unwrap_or(self.first())
    }

    /// The run that everything before the first of `runs` belongs to.
    fn first(&self) -> Run {
        Run {
            cleaned: 0,
            original: self.front,
            before: self.front,
        }
    }
}

impl Watch for Edits {
    fn trimmed(&mut self, front: usize) {
        self.front = front;
    }

    fn replaced(&mut self, at: usize, taken: usize, put: usize) {
        if taken == put {
            return;
        }
        let begin = self.front + at;
        let original = begin + taken;
        let last = self.runs.last().copied().unwrap_or(self.first());
        let cleaned = last.cleaned + (begin - last.original) + put;
        match self.runs.last_mut() {
            // Two deletions without anything between them.
            Some(last) if last.cleaned == cleaned => last.original = original,
            _ => self.runs.push(Run {
                cleaned,
                original,
                before: if put == 0 { begin } else { original },
            }),
        }
    }
}
