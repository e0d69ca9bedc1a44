//! The encoder's operations from Burn's stock ones, for backends without kernels of their own. Attention pads to the
//! longest sequence of the pack, so bits may depend on it here.

use burn_backend::Backend;
use burn_tensor::activation::{gelu, gelu_approximate};
use burn_tensor::{Bool, Int, Tensor, TensorData, module};

use crate::{Activation, Embeddings, EncoderOps, Linear, Norm, Pack, Part, Role};

fn indices<B: Backend>(
    device: &B::Device,
    values: impl IntoIterator<Item = usize>,
) -> Tensor<B, 1, Int> {
    let values: Vec<i64> = values.into_iter().map(|i| i as i64).collect();
    let n = values.len();
    Tensor::from_data(TensorData::new(values, [n]), device)
}

pub(crate) fn tensor<B: Backend, const D: usize>(
    device: &B::Device,
    values: Vec<f32>,
    shape: [usize; D],
) -> Tensor<B, D> {
    Tensor::from_data(TensorData::new(values, shape), device)
}

/// A linear layer: the weight `[inputs, outputs]` and the bias.
#[derive(Debug, Clone)]
pub struct Dense<B: Backend> {
    weight: Tensor<B, 2>,
    bias: Tensor<B, 1>,
}

impl<B: EncoderOps> Linear<B> for Dense<B> {
    fn new(context: &B::Context, _: Role, parts: &[Part<'_>]) -> Self {
        let device = B::device(context);
        let weights = parts.iter().map(|part| {
            let (outputs, inputs) = (part.bias.len(), part.weight.len() / part.bias.len());
            tensor::<B, 2>(&device, part.weight.to_vec(), [outputs, inputs])
        });
        let biases = parts
            .iter()
            .map(|part| tensor::<B, 1>(&device, part.bias.to_vec(), [part.bias.len()]));
        Dense {
            weight: Tensor::cat(weights.collect(), 0).transpose(),
            bias: Tensor::cat(biases.collect(), 0),
        }
    }

    fn forward(
        &self,
        _: &B::Context,
        x: Tensor<B, 2>,
        activation: Activation,
        _: usize,
    ) -> Tensor<B, 2> {
        let y = x.matmul(self.weight.clone()) + self.bias.clone().unsqueeze::<2>();
        match activation {
            Activation::Identity => y,
            Activation::Gelu => gelu(y),
            Activation::GeluTanh => gelu_approximate(y),
        }
    }
}

/// See [`EncoderOps::embed`].
pub fn embed<B: Backend>(
    device: &B::Device,
    embeddings: &Embeddings<B>,
    pack: &Pack,
) -> Tensor<B, 2> {
    let ids = indices(device, pack.ids().iter().map(|&id| id as usize));
    let positions = indices(
        device,
        pack.cu_seqlens()
            .windows(2)
            .flat_map(|w| 0..(w[1] - w[0]) as usize),
    );
    let words = embeddings.words.clone().select(0, ids);
    add_norm(
        words,
        embeddings.positions.clone().select(0, positions),
        &embeddings.norm,
    )
}

/// See [`EncoderOps::packed_attention`].
pub fn attention<B: Backend>(
    device: &B::Device,
    qkv: Tensor<B, 2>,
    pack: &Pack,
    heads: usize,
) -> Tensor<B, 2> {
    let [n_pieces, width] = qkv.dims();
    let (n, hidden) = (pack.n_sequences(), width / 3);
    let bounds: Vec<(usize, usize)> = pack
        .cu_seqlens()
        .windows(2)
        .map(|w| (w[0] as usize, w[1] as usize))
        .collect();
    let longest = bounds
        .iter()
        .map(|(start, end)| end - start)
        .max()
        .unwrap_or(0);
    // A padded grid of n x longest cells, each with the position it shows, if any.
    let cell =
        |i: usize| Some(bounds[i / longest].0 + i % longest).filter(|&p| p < bounds[i / longest].1);
    let cells: Vec<Option<usize>> = (0..n * longest).map(cell).collect();
    let padding = TensorData::new(
        cells.iter().map(Option::is_none).collect::<Vec<bool>>(),
        [n, 1, 1, longest],
    );
    let mask =
        Tensor::<B, 4, Bool>::from_data(padding, device).expand([n, heads, longest, longest]);
    let padded = qkv
        .select(0, indices(device, cells.iter().map(|c| c.unwrap_or(0))))
        .reshape([n, longest, 3, heads, hidden / heads]);
    let part = |i: usize| {
        let part = padded.clone().slice([0..n, 0..longest, i..i + 1]);
        part.reshape([n, longest, heads, hidden / heads])
            .swap_dims(1, 2)
    };
    let attended = module::attention(
        part(0),
        part(1),
        part(2),
        Some(mask),
        None,
        Default::default(),
    );
    let shown = (0..cells.len()).filter(|&i| cells[i].is_some());
    let flat = attended.swap_dims(1, 2).reshape([n * longest, hidden]);
    flat.select(0, indices(device, shown))
        .reshape([n_pieces, hidden])
}

/// See [`EncoderOps::add_norm`].
pub fn add_norm<B: Backend>(
    x: Tensor<B, 2>,
    residual: Tensor<B, 2>,
    norm: &Norm<B>,
) -> Tensor<B, 2> {
    let x = x + residual;
    let centred = x.clone() - x.mean_dim(1);
    let variance = (centred.clone() * centred.clone()).mean_dim(1);
    let scaled = centred / (variance + norm.eps).sqrt();
    scaled * norm.gamma.clone().unsqueeze::<2>() + norm.beta.clone().unsqueeze::<2>()
}
