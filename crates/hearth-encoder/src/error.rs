//! What can go wrong while loading or encoding.

use crate::BoxError;

/// The result of this crate's functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Errors of encoders.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The hyper-parameters do not fit each other.
    #[error("{name} = {value}: {message}")]
    Config {
        /// The hyper-parameter.
        name: &'static str,
        /// Its value.
        value: usize,
        /// What is wrong with it.
        message: String,
    },
    /// A tensor cannot be had.
    #[error("tensor {name}")]
    Weights {
        /// Its Hugging Face name.
        name: String,
        /// Why not.
        #[source]
        source: BoxError,
    },
    /// The kernels asked for do not run on this CPU.
    #[error("this CPU cannot run the {isa} kernels; it runs {}", .available.join(", "))]
    Kernels {
        /// What was asked for.
        isa: String,
        /// What it runs.
        available: Vec<String>,
    },
    /// A piece id outside the word embedding table.
    #[error("piece id {id} is outside the word embedding table of {rows} rows")]
    Id {
        /// The id.
        id: u32,
        /// Rows of the table.
        rows: usize,
    },
    /// A sequence longer than the position embedding table.
    #[error("a sequence of {length} positions; the model has {positions}")]
    Length {
        /// Positions of the sequence.
        length: usize,
        /// Rows of the table.
        positions: usize,
    },
    /// A position asked for that the pack does not have, or an output of another size.
    #[error(
        "asked for position {position} of a pack of {n_pieces}, or the output does not hold them all"
    )]
    Select {
        /// The largest position asked for.
        position: usize,
        /// Positions of the pack.
        n_pieces: usize,
    },
}
