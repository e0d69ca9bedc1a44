//! CPU kernels of a BERT encoder over packed sequences, on plain slices of `f32`.
//!
//! A *pack* is several sequences laid end to end without padding: `[n_pieces, width]` row-major, with
//! `cu_seqlens [n_sequences + 1]` saying where each begins and the last one ends.
//!
//! | operation | entry |
//! |---|---|
//! | embeddings: gather, add, LayerNorm | [`Kernels::embed_norm`] |
//! | linear layer with bias and activation | [`PackedLinear::apply`] |
//! | self-attention inside each sequence | [`Kernels::attention`] |
//! | residual add and LayerNorm | [`Kernels::add_norm`] |
//!
//! [`Kernels`] is a table of one instruction set, chosen by the caller. Nothing here starts a thread, keeps a global or
//! reads the environment; the memory to work in is the caller's [`Scratch`]. Results go to an [`Out`]: initialised memory,
//! or memory that is not initialised yet, which saves clearing it ([`filled`]).
//!
//! # Same bits
//! The result of an operation does not depend on
//! - **the instruction set**: all of them compute the same 16 virtual lanes with the same IEEE operations in the same order.
//!   Every product is fused into its sum, a sum over `k` is never split, and `exp` and `erf` are the same polynomials;
//! - **the pack**: a row of a linear layer or a norm depends on that row alone, a row of attention on its own sequence
//!   alone. Rows and sequences may be handed in one by one, all at once or in any order.
//!
//! Whether a result is NaN is covered by this, the sign and payload of a NaN are not. The floating-point environment must
//! be the one Rust programs start with (round to nearest, subnormals kept).
//!
//! ```
//! use hearth_kernels::{Activation, Kernels, PackedLinear, Precision, Scratch, filled};
//!
//! let weight = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]; // [3 outputs, 2 inputs]
//! let linear = PackedLinear::pack(Kernels::best(), Precision::F32, &weight, &[0.5, 0.0, -0.5]);
//! let mut scratch = Scratch::default();
//! let x = [1.0, 10.0, 2.0, 20.0]; // [2 rows, 2 inputs]
//! let y = filled(2 * 3, |out| linear.apply(&x, Activation::Identity, &mut scratch, out));
//! assert_eq!(y, [21.5, 43.0, 64.5, 42.5, 86.0, 129.5]);
//! ```
#![deny(unsafe_op_in_unsafe_fn)]

mod activation;
mod aligned;
mod attention;
mod isa;
mod kernels;
mod linear;
mod math;
mod norm;
mod out;
mod peak;
mod precision;
pub mod reference;
mod sequences;
mod simd;
mod tile;

pub use activation::Activation;
pub use aligned::Scratch;
pub use isa::{Isa, UnknownIsa};
pub use kernels::Kernels;
pub use linear::PackedLinear;
pub use norm::LayerNorm;
pub use out::{Out, filled, refilled};
pub use peak::peak;
pub use precision::Precision;
