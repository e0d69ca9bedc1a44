//! What a backend may do better than stock tensor operations.

use std::fmt::Debug;

use burn_backend::Backend;
use burn_tensor::Tensor;

use crate::{Activation, Embeddings, Norm, Pack, Role, stock};

/// Weight `[outputs, inputs]` and bias `[outputs]` of a linear layer.
#[derive(Debug, Clone, Copy)]
pub struct Part<'a> {
    /// Row by row, as PyTorch stores it.
    pub weight: &'a [f32],
    /// One per output.
    pub bias: &'a [f32],
}

/// The operations of an encoder on one backend. The defaults are stock operations; a backend overrides what it does
/// better.
pub trait EncoderOps: Backend {
    /// How the backend was told to compute: which device, which kernels.
    type Context: Clone + Debug + Send + Sync;

    /// A linear layer, its weights kept as the backend likes them.
    type Linear: Linear<Self>;

    /// The device tensors are made on.
    fn device(context: &Self::Context) -> Self::Device;

    /// LayerNorm of word, position and token type embeddings: `[n_pieces, hidden_size]`.
    fn embed(
        context: &Self::Context,
        embeddings: &Embeddings<Self>,
        pack: &Pack,
    ) -> Tensor<Self, 2> {
        stock::embed::<Self>(&Self::device(context), embeddings, pack)
    }

    /// Self-attention within each sequence of the pack.
    ///
    /// # Shapes
    /// - `qkv`: `[n_pieces, 3 * hidden_size]`, queries then keys then values
    /// - output: `[n_pieces, hidden_size]`
    fn packed_attention(
        context: &Self::Context,
        qkv: Tensor<Self, 2>,
        pack: &Pack,
        heads: usize,
    ) -> Tensor<Self, 2> {
        stock::attention(&Self::device(context), qkv, pack, heads)
    }

    /// LayerNorm of `x + residual`, both `[rows, hidden_size]`.
    fn add_norm(
        _: &Self::Context,
        x: Tensor<Self, 2>,
        residual: Tensor<Self, 2>,
        norm: &Norm<Self>,
    ) -> Tensor<Self, 2> {
        stock::add_norm(x, residual, norm)
    }
}

/// `activation(x weight^T + bias)`.
pub trait Linear<B: EncoderOps>: Debug + Send + Sync + Sized {
    /// Makes one layer of several that read the same input, their outputs side by side.
    fn new(context: &B::Context, role: Role, parts: &[Part<'_>]) -> Self;

    /// So many `workers` of the thread pool may share the rows.
    ///
    /// # Shapes
    /// - `x`: `[rows, inputs]`
    /// - output: `[rows, outputs]`
    fn forward(
        &self,
        context: &B::Context,
        x: Tensor<B, 2>,
        activation: Activation,
        workers: usize,
    ) -> Tensor<B, 2>;
}
