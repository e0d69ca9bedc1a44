//! What a run has seen: nothing is lost unseen.

use std::sync::atomic::{AtomicU64, Ordering};

macro_rules! counts {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {
        /// Running totals, shared by the workers of a run.
        #[derive(Debug, Default)]
        pub struct Counts { $($(#[$doc])* pub $name: Count),* }

        /// The totals at one moment.
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
        pub struct Totals { $($(#[$doc])* pub $name: u64),* }

        impl Counts {
            /// The totals now.
            #[must_use]
            pub fn totals(&self) -> Totals {
                Totals { $($name: self.$name.get()),* }
            }
        }
    };
}

counts! {
    /// Input rows.
    rows,
    /// Rows whose text is null.
    null_rows,
    /// Sentences found.
    sentences,
    /// Sentences outside the sentence detector's length limits, which are dropped.
    sentences_dropped,
    /// Tokens found.
    tokens,
    /// Tokens outside the tokenizer's length limits, which are dropped.
    tokens_dropped,
    /// Tokens that a Normalizer or StopWordsCleaner took out.
    tokens_removed,
    /// Word pieces of all sentences, before any cut.
    pieces,
    /// Sentences with more pieces than the model reads.
    sentences_cut,
    /// Tokens past that limit, which get no vector, or in the full mode a null one.
    tokens_cut,
    /// Tokens at that limit, which get the vector of `[SEP]` as in Spark NLP.
    tokens_at_sep,
    /// Tokens that have no word to look up (control characters and the like), which get no vector, or in the full mode
    /// a null one.
    tokens_without_word,
    /// Tokens that got a vector.
    vectors,
    /// Sentences or documents that got a vector, where these are what gets one (`level` of `bert_embeddings`).
    pooled,
    /// Sentences or documents of these without one: no token of theirs has one.
    pooled_without_vector,
    /// Sentences handed to the encoder's stage.
    sequences,
    /// Sentences of these that were equal to another one and shared its vectors. Across windows this depends on the order
    /// in which workers get to them.
    folded,
    /// Word pieces encoded, `[CLS]` and `[SEP]` not counted.
    pieces_encoded,
    /// Packs encoded.
    packs,
    /// Time spent encoding, that of all workers added up.
    busy_nanoseconds,
}

/// One total.
#[derive(Debug, Default)]
pub struct Count(AtomicU64);

impl Count {
    /// Adds to it.
    pub fn add(&self, n: usize) {
        self.0.fetch_add(n as u64, Ordering::Relaxed);
    }

    /// Its value now.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
