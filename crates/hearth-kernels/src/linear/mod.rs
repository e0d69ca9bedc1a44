//! Linear layers: `activation(x weight^T + bias)`.
#![allow(unsafe_code)]

mod floats;
pub(crate) mod words;

use crate::{Activation, Kernels, Out, Precision, Scratch};
use floats::Floats;
use std::{fmt, ops::Range};
use words::Words;

/// A linear layer: weights laid out once as the kernels read them, and the bias.
pub struct PackedLinear {
    kernels: &'static Kernels,
    weights: Weights,
    inputs: usize,
    outputs: usize,
}

enum Weights {
    Floats(Floats),
    Words(Words),
}

impl PackedLinear {
    /// Outputs can be cut at multiples of this: the most columns of a tile.
    pub const COLUMN_STEP: usize = 64;

    /// Packs a layer as PyTorch stores it.
    ///
    /// # Shapes
    /// - `weight`: `[outputs, inputs]`
    /// - `bias`: `[outputs]`
    ///
    /// # Panics
    /// When `bias` is empty or `weight` is not that many rows of at least one float.
    #[must_use]
    pub fn pack(
        kernels: &'static Kernels,
        precision: Precision,
        weight: &[f32],
        bias: &[f32],
    ) -> Self {
        Self::pack_rows(kernels, precision, &[(weight, bias)])
    }

    /// Packs several layers of the same inputs as one, their outputs side by side in the order given: query, key and value.
    ///
    /// # Shapes
    /// - each part: weight `[outputs_i, inputs]` and bias `[outputs_i]`
    ///
    /// # Panics
    /// When there are no outputs, or a weight is not as many rows as its bias is long, each of the same length of at least
    /// one float.
    #[must_use]
    pub fn pack_rows(
        kernels: &'static Kernels,
        precision: Precision,
        parts: &[(&[f32], &[f32])],
    ) -> Self {
        let parts = Parts::new(parts);
        Self {
            kernels,
            inputs: parts.inputs,
            outputs: parts.outputs,
            weights: match precision {
                Precision::F32 => Weights::Floats(Floats::pack(kernels, &parts)),
                Precision::Bf16 => Weights::Words(Words::bf16(kernels, &parts)),
                Precision::Int8 => Weights::Words(Words::int8(kernels, &parts)),
            },
        }
    }

    /// Columns of `x`.
    #[must_use]
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// Columns of `out`.
    #[must_use]
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// `activation(x weight^T + bias)`. A row of `out` depends on its row of `x` alone: a caller may hand in any range of
    /// rows, on any thread, and gets the same bits.
    ///
    /// # Shapes
    /// - `x`: `[rows, inputs]`
    /// - `out`: `[rows, outputs]`
    ///
    /// # Panics
    /// When `x` is not whole rows or `out` has not as many rows.
    pub fn apply<'o>(
        &self,
        x: &[f32],
        activation: Activation,
        scratch: &mut Scratch,
        out: impl Into<Out<'o>>,
    ) -> &'o mut [f32] {
        self.apply_columns(0..self.outputs, x, activation, scratch, out)
    }

    /// Some columns of what [`PackedLinear::apply`] gives, the same bits: a few rows may be spread over threads by columns,
    /// each of which then reads a part of the weights.
    ///
    /// # Shapes
    /// - `x`: `[rows, inputs]`
    /// - `out`: `[rows, columns.len()]`
    ///
    /// # Panics
    /// As [`PackedLinear::apply`]; when `columns` are not among the outputs, or do not begin at a multiple of
    /// [`PackedLinear::COLUMN_STEP`] and end at one or with the outputs.
    pub fn apply_columns<'o>(
        &self,
        columns: Range<usize>,
        x: &[f32],
        activation: Activation,
        scratch: &mut Scratch,
        out: impl Into<Out<'o>>,
    ) -> &'o mut [f32] {
        let (inputs, out) = (self.inputs, out.into().cells());
        let is_step = |column: usize| column.is_multiple_of(Self::COLUMN_STEP);
        assert!(
            columns.start < columns.end
                && columns.end <= self.outputs
                && is_step(columns.start)
                && (is_step(columns.end) || columns.end == self.outputs),
            "a linear layer of {} outputs cannot be cut at {columns:?}",
            self.outputs
        );
        assert!(
            x.len().is_multiple_of(inputs),
            "a linear layer's x is not whole rows of {inputs}"
        );
        assert_eq!(
            out.len(),
            x.len() / inputs * columns.len(),
            "a linear layer's out is not [rows, {}]",
            columns.len()
        );
        match &self.weights {
            Weights::Floats(floats) => floats.apply(columns, x, activation, scratch, out),
            Weights::Words(words) => words.apply(columns, x, activation, scratch, out),
        }
        // SAFETY: `out` has as many rows as `x` (asserted), and both write all of them.
        unsafe { out.assume_init_mut() }
    }
}

impl fmt::Debug for PackedLinear {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PackedLinear")
            .field("isa", &self.kernels.isa())
            .field("inputs", &self.inputs)
            .field("outputs", &self.outputs)
            .finish()
    }
}

/// Layers of the same inputs, checked.
struct Parts<'a> {
    parts: &'a [(&'a [f32], &'a [f32])],
    inputs: usize,
    outputs: usize,
}

impl<'a> Parts<'a> {
    fn new(parts: &'a [(&'a [f32], &'a [f32])]) -> Self {
        let outputs: usize = parts.iter().map(|(_, bias)| bias.len()).sum();
        assert!(outputs > 0, "a linear layer without outputs");
        let inputs = parts.iter().map(|(weight, _)| weight.len()).sum::<usize>() / outputs;
        assert!(inputs > 0, "a linear layer without inputs");
        for (i, (weight, bias)) in parts.iter().enumerate() {
            assert_eq!(
                weight.len(),
                bias.len() * inputs,
                "part {i}: weight is not [{}, {inputs}]",
                bias.len()
            );
        }
        Self {
            parts,
            inputs,
            outputs,
        }
    }

    /// The weights of one output after the other.
    fn rows(&self) -> impl Iterator<Item = &'a [f32]> {
        let inputs = self.inputs;
        self.parts
            .iter()
            .flat_map(move |(weight, _)| weight.chunks_exact(inputs))
    }

    fn bias(&self) -> impl Iterator<Item = f32> {
        self.parts.iter().flat_map(|(_, bias)| bias.iter().copied())
    }
}
