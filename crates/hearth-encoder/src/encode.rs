//! What an encoder is to the pipeline.

use std::fmt::Debug;

use crate::Result;

/// Sequences end to end: no padding, no mask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pack {
    ids: Vec<u32>,
    cu_seqlens: Vec<u32>,
    workers: usize,
}

impl Default for Pack {
    fn default() -> Self {
        Pack {
            ids: Vec::new(),
            cu_seqlens: vec![0],
            workers: 1,
        }
    }
}

impl Pack {
    /// Adds a sequence.
    ///
    /// # Panics
    /// Past 2^32 pieces.
    pub fn push(&mut self, ids: &[u32]) {
        self.ids.extend_from_slice(ids);
        assert!(
            u32::try_from(self.ids.len()).is_ok(),
            "a pack of 2^32 pieces"
        );
        #[expect(clippy::cast_possible_truncation, reason = "checked above")]
        self.cu_seqlens.push(self.ids.len() as u32);
    }

    /// Lets so many workers of the thread pool share the pack's linear layers: for when there are fewer packs than these.
    /// The vectors do not depend on it.
    #[must_use]
    pub fn shared_by(mut self, workers: usize) -> Self {
        self.workers = workers.max(1);
        self
    }

    /// How many workers may share it.
    #[must_use]
    pub fn workers(&self) -> usize {
        self.workers
    }

    /// Piece ids, `[n_pieces]`.
    #[must_use]
    pub fn ids(&self) -> &[u32] {
        &self.ids
    }

    /// Where sequences begin and the last one ends, `[n_sequences + 1]`.
    #[must_use]
    pub fn cu_seqlens(&self) -> &[u32] {
        &self.cu_seqlens
    }

    /// Positions of all sequences.
    #[must_use]
    pub fn n_pieces(&self) -> usize {
        self.ids.len()
    }

    /// Sequences.
    #[must_use]
    pub fn n_sequences(&self) -> usize {
        self.cu_seqlens.len() - 1
    }
}

/// An encoder that is ready, on whatever device.
pub trait Encode: Debug + Send + Sync {
    /// Width of a vector.
    fn dimension(&self) -> usize;

    /// The vectors of the last hidden layer at some positions of a pack.
    ///
    /// # Shapes
    /// - `select`: positions in the pack, `[n]`
    /// - `out`: `[n, dimension]`, overwritten
    ///
    /// # Errors
    /// Ids or lengths the model has no embedding for, positions outside the pack.
    fn encode(&self, pack: &Pack, select: &[u32], out: &mut [f32]) -> Result<()>;
}
