//! BERT over packed sequences, in Burn.
//!
//! A [`Pack`] holds sequences end to end, without padding or mask. [`Encode::encode`] gives the hidden states of the last
//! layer at the positions asked for. [`Encoder`] is generic over any Burn backend that implements [`EncoderOps`], whose
//! defaults are stock tensor operations; [`cpu`] makes one whose operations are the kernels of `hearth-kernels`.
//!
//! With those, the vectors of a sequence depend on the sequence, the weights and the [`Precision`] alone: not on the pack
//! or the thread and, in f32 and int8, not on the instruction set.

mod config;
mod cost;
mod cpu;
mod encode;
mod encoder;
mod error;
mod ops;
mod precision;
mod spare;
pub mod stock;
mod weights;

pub use config::Config;
pub use cost::{Operations, peak};
pub use cpu::{Cpu, CpuContext, available_isas, best_isa, cpu, multipliers};
pub use encode::{Encode, Pack};
pub use encoder::{Embeddings, Encoder, Norm};
pub use error::{Error, Result};
pub use hearth_kernels::{Activation, Isa};
pub use ops::{EncoderOps, Linear, Part};
pub use precision::{Precision, Role, UnknownPrecision};
pub use weights::{BoxError, Weights};

#[cfg(test)]
mod tests;
