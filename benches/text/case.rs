//! What is measured: a program that does a task to a corpus.

use anyhow::Result;

use crate::corpus::Corpus;

/// What is done to a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Task {
    /// Documents without runs of white space (`shrink`).
    Cleanup,
    /// Documents to sentence spans.
    Sentences,
    /// Documents to token spans.
    Tokens,
    /// Documents to columns of documents, sentences and tokens.
    Columns,
    /// Tokens to the ids of their word pieces.
    Pieces,
    /// Documents to the ids of word pieces.
    DocumentPieces,
}

impl Task {
    pub(crate) const ALL: [Task; 6] = [
        Task::Cleanup,
        Task::Sentences,
        Task::Tokens,
        Task::Columns,
        Task::Pieces,
        Task::DocumentPieces,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Task::Cleanup => "cleanup",
            Task::Sentences => "sentences",
            Task::Tokens => "tokens",
            Task::Columns => "columns",
            Task::Pieces => "pieces",
            Task::DocumentPieces => "document pieces",
        }
    }

    pub(crate) fn title(self) -> &'static str {
        match self {
            Task::Cleanup => "Documents without runs of white space (`shrink`)",
            Task::Sentences => "Documents to sentence spans",
            Task::Tokens => "Documents to token spans",
            Task::Columns => "Documents to columns of documents, sentences and tokens",
            Task::Pieces => "Tokens to word pieces",
            Task::DocumentPieces => "Documents to word pieces",
        }
    }
}

/// The program the others are compared with.
pub(crate) const OURS: &str = "hearth";

/// A program that does a task to a corpus.
pub(crate) struct Case<'c> {
    pub(crate) task: Task,
    pub(crate) corpus: &'static str,
    pub(crate) program: &'static str,
    /// Bytes of text that one run reads.
    pub(crate) bytes: usize,
    /// One run.
    pub(crate) run: Run<'c>,
}

/// Gives the number of sentences, tokens or pieces, or of bytes left.
pub(crate) type Run<'c> = Box<dyn FnMut() -> Result<usize> + 'c>;

impl<'c> Case<'c> {
    pub(crate) fn new(task: Task, program: &'static str, corpus: &Corpus, run: Run<'c>) -> Self {
        Case {
            task,
            corpus: corpus.name,
            program,
            bytes: corpus.bytes(),
            run,
        }
    }
}
