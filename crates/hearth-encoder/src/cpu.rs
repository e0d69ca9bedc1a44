//! The CPU: Burn's Flex backend with the kernels of `hearth-kernels`. Tensors are handed to the kernels as slices and
//! taken back as vectors; nothing is copied on the way.

use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;

use burn_flex::{Flex, FlexDevice, FlexTensor, Layout};
use burn_std::{Bytes, Shape};
use burn_tensor::{DType, Tensor, TensorPrimitive};
use hearth_kernels::{Isa, Kernels, LayerNorm, Out, PackedLinear, Scratch, filled, refilled};
use rayon::prelude::*;

use crate::{
    Activation, Config, Embeddings, Encoder, EncoderOps, Error, Linear, Norm, Pack, Part,
    Precision, Result, Role, Weights, spare,
};

/// The CPU backend.
pub type Cpu = Flex;

/// How the CPU computes.
#[derive(Debug, Clone)]
pub struct CpuContext {
    kernels: &'static Kernels,
    precision: Precision,
}

/// An encoder on the CPU.
///
/// # Errors
/// As [`Encoder::load`]; [`Error::Kernels`] for an instruction set this CPU lacks.
pub fn cpu(
    config: &Config,
    weights: &dyn Weights,
    kernels: Isa,
    precision: Precision,
) -> Result<Encoder<Cpu>> {
    let kernels = Kernels::of(kernels).ok_or_else(|| Error::Kernels {
        isa: kernels.to_string(),
        available: available_isas().iter().map(ToString::to_string).collect(),
    })?;
    Encoder::load(config, weights, CpuContext { kernels, precision })
}

/// The instruction sets this CPU can run, fastest first.
#[must_use]
pub fn available_isas() -> Vec<Isa> {
    Kernels::available().map(Kernels::isa).collect()
}

/// The fastest of them.
#[must_use]
pub fn best_isa() -> Isa {
    Kernels::best().isa()
}

/// What multiplies in the linear layers of an encoder of this precision, in words; several where they differ.
#[must_use]
pub fn multipliers(kernels: Isa, precision: Precision) -> Vec<&'static str> {
    let Some(kernels) = Kernels::of(kernels) else {
        return Vec::new();
    };
    let mut found: Vec<_> = Role::ALL
        .map(|role| kernels.multiplier(precision.of(role)))
        .to_vec();
    found.sort_unstable();
    found.dedup();
    found
}

thread_local! {
    /// The kernels' working memory: each worker keeps its own between packs.
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

fn with_scratch<T>(f: impl FnOnce(&mut Scratch) -> T) -> T {
    SCRATCH.with_borrow_mut(f)
}

impl EncoderOps for Flex {
    type Context = CpuContext;
    type Linear = Packed;

    fn device(_: &Self::Context) -> FlexDevice {
        FlexDevice
    }

    fn embed(cx: &Self::Context, embeddings: &Embeddings<Self>, pack: &Pack) -> Tensor<Self, 2> {
        let [_, hidden] = embeddings.words.dims();
        let (words, positions) = (
            contiguous(embeddings.words.clone()),
            contiguous(embeddings.positions.clone()),
        );
        let (gamma, beta) = (
            contiguous(embeddings.norm.gamma.clone()),
            contiguous(embeddings.norm.beta.clone()),
        );
        let norm = layer_norm(&gamma, &beta, embeddings.norm.eps);
        tensor(pack.n_pieces(), hidden, |out| {
            cx.kernels.embed_norm(
                pack.ids(),
                pack.cu_seqlens(),
                floats(&words),
                floats(&positions),
                &norm,
                out,
            )
        })
    }

    fn packed_attention(
        cx: &Self::Context,
        qkv: Tensor<Self, 2>,
        pack: &Pack,
        heads: usize,
    ) -> Tensor<Self, 2> {
        let [rows, width] = qkv.dims();
        let qkv = contiguous(qkv);
        let attended = tensor(rows, width / 3, |out| {
            with_scratch(|scratch| {
                cx.kernels
                    .attention(floats(&qkv), pack.cu_seqlens(), heads, scratch, out)
            })
        });
        spare::keep(qkv);
        attended
    }

    fn add_norm(
        cx: &Self::Context,
        x: Tensor<Self, 2>,
        residual: Tensor<Self, 2>,
        norm: &Norm<Self>,
    ) -> Tensor<Self, 2> {
        let [rows, hidden] = x.dims();
        let (x, residual) = (contiguous(x), contiguous(residual));
        let (gamma, beta) = (
            contiguous(norm.gamma.clone()),
            contiguous(norm.beta.clone()),
        );
        let norm = layer_norm(&gamma, &beta, norm.eps);
        let normed = tensor(rows, hidden, |out| {
            cx.kernels
                .add_norm(floats(&x), floats(&residual), &norm, out)
        });
        spare::keep(x);
        spare::keep(residual);
        normed
    }
}

/// A linear layer in the order of the kernels' tiles.
pub struct Packed(Arc<PackedLinear>);

impl fmt::Debug for Packed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Packed({} -> {})", self.0.inputs(), self.0.outputs())
    }
}

impl Linear<Flex> for Packed {
    fn new(cx: &CpuContext, role: Role, parts: &[Part<'_>]) -> Self {
        let parts: Vec<_> = parts.iter().map(|part| (part.weight, part.bias)).collect();
        Packed(Arc::new(PackedLinear::pack_rows(
            cx.kernels,
            cx.precision.of(role),
            &parts,
        )))
    }

    fn forward(
        &self,
        _: &CpuContext,
        x: Tensor<Flex, 2>,
        activation: Activation,
        workers: usize,
    ) -> Tensor<Flex, 2> {
        const STEP: usize = PackedLinear::COLUMN_STEP;
        let ([rows, _], outputs) = (x.dims(), self.0.outputs());
        let x = contiguous(x);
        if workers == 1 || outputs <= STEP || rows == 0 {
            let y = tensor(rows, outputs, |out| {
                with_scratch(|scratch| self.0.apply(floats(&x), activation, scratch, out))
            });
            spare::keep(x);
            return y;
        }
        // By columns, so that the weights are read once: of few rows they are most of what is read.
        let share = outputs.div_ceil(workers).next_multiple_of(STEP);
        let parts: Vec<Vec<f32>> = (0..outputs.div_ceil(share))
            .into_par_iter()
            .with_max_len(1)
            .map(|part| {
                let columns = part * share..outputs.min((part + 1) * share);
                filled(rows * columns.len(), |out| {
                    with_scratch(|s| {
                        self.0
                            .apply_columns(columns, floats(&x), activation, s, out)
                    })
                })
            })
            .collect();
        let mut values = vec![0.0; rows * outputs];
        for (part, columns) in parts.iter().zip((0..outputs).step_by(share)) {
            let width = part.len() / rows;
            for (to, from) in values
                .chunks_exact_mut(outputs)
                .zip(part.chunks_exact(width))
            {
                to[columns..columns + width].copy_from_slice(from);
            }
        }
        of_values(values, rows, outputs)
    }
}

fn contiguous<const D: usize>(tensor: Tensor<Flex, D>) -> FlexTensor {
    let tensor = tensor.into_primitive().tensor();
    if tensor.as_slice::<f32>().is_some() {
        tensor
    } else {
        tensor.to_contiguous()
    }
}

/// The values of a contiguous f32 tensor; the encoder makes no other kind.
fn floats(tensor: &FlexTensor) -> &[f32] {
    tensor.as_slice().unwrap_or_default()
}

fn layer_norm<'a>(gamma: &'a FlexTensor, beta: &'a FlexTensor, eps: f64) -> LayerNorm<'a> {
    #[expect(clippy::cast_possible_truncation, reason = "the model computes in f32")]
    LayerNorm {
        gamma: floats(gamma),
        beta: floats(beta),
        eps: eps as f32,
    }
}

fn tensor(
    rows: usize,
    columns: usize,
    fill: impl FnOnce(Out<'_>) -> &mut [f32],
) -> Tensor<Flex, 2> {
    let n = rows * columns;
    of_values(refilled(spare::take(n), n, fill), rows, columns)
}

fn of_values(values: Vec<f32>, rows: usize, columns: usize) -> Tensor<Flex, 2> {
    let tensor = FlexTensor::new(
        Bytes::from_elems(values),
        Layout::contiguous(Shape::from([rows, columns])),
        DType::F32,
    );
    Tensor::from_primitive(TensorPrimitive::Float(tensor))
}
