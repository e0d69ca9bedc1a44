#![allow(unsafe_code)]

use crate::{
    Activation, Kernels, Out, Scratch,
    aligned::AlignedFloats,
    simd::LANES,
    tile::{Next, ROWS, Tile},
};
use std::{fmt, mem::MaybeUninit, ops::Range};

/// Most rows that go through all panels before the next rows do: their inputs stay in the second-level cache.
const BLOCK_ROWS: usize = 32 * ROWS;
/// Rows a multiple of 4 KiB apart lie in the same sets of the first-level cache, and six of them evict each other.
const ALIAS: usize = 1024;
/// Longest panel of which the second-level cache holds two, in rows.
const PREFETCHED_INPUTS: usize = 1024;

/// A linear layer: weights laid out once as the kernels read them, and the bias.
///
/// The outputs are cut into panels of as many columns as a tile has; a panel is `[inputs, columns]`, row-major and aligned to
/// 64 bytes. The last panel is narrower, a multiple of 16 columns, padded with zeros.
pub struct PackedLinear {
    kernels: &'static Kernels,
    weight: AlignedFloats,
    bias: AlignedFloats,
    inputs: usize,
    outputs: usize,
}

impl PackedLinear {
    /// Packs a layer as PyTorch stores it.
    ///
    /// # Shapes
    /// - `weight`: `[outputs, inputs]`
    /// - `bias`: `[outputs]`
    ///
    /// # Panics
    /// When `bias` is empty or `weight` is not that many rows of at least one float.
    #[must_use]
    pub fn pack(kernels: &'static Kernels, weight: &[f32], bias: &[f32]) -> Self {
        Self::pack_rows(kernels, &[(weight, bias)])
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
    pub fn pack_rows(kernels: &'static Kernels, parts: &[(&[f32], &[f32])]) -> Self {
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
        let padded = outputs.next_multiple_of(LANES);
        let mut linear = Self {
            kernels,
            weight: AlignedFloats::zeros(padded * inputs),
            bias: AlignedFloats::zeros(padded),
            inputs,
            outputs,
        };
        let biases = parts.iter().flat_map(|(_, bias)| bias.iter());
        for (to, from) in linear.bias.floats_mut().iter_mut().zip(biases) {
            *to = *from;
        }
        let rows = parts
            .iter()
            .flat_map(|(weight, _)| weight.chunks_exact(inputs));
        for (output, row) in rows.enumerate() {
            let (start, width) = linear.panel(output / kernels.tile_columns());
            let panel = &mut linear.weight.floats_mut()[start * inputs..][..width * inputs];
            for (line, &w) in panel.chunks_exact_mut(width).zip(row) {
                line[output - start] = w;
            }
        }
        linear
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
        let (inputs, out) = (self.inputs, out.into().cells());
        assert!(
            x.len().is_multiple_of(inputs),
            "a linear layer's x is not whole rows of {inputs}"
        );
        assert_eq!(
            out.len(),
            x.len() / inputs * self.outputs,
            "a linear layer's out is not [rows, {}]",
            self.outputs
        );
        let rows = x.len() / inputs;
        let n_blocks = rows.div_ceil(BLOCK_ROWS).max(1);
        let block_rows = rows.div_ceil(n_blocks).next_multiple_of(ROWS).max(ROWS);
        for (x, out) in x
            .chunks(block_rows * inputs)
            .zip(out.chunks_mut(block_rows * self.outputs))
        {
            let (x, stride) = spread_rows(x, inputs, scratch);
            self.multiply(x, stride, 0..self.n_panels(), activation, out, self.outputs);
        }
        // SAFETY: the blocks cover all rows of `x`, `out` has as many (asserted), and `multiply` writes all panels of them.
        unsafe { out.assume_init_mut() }
    }

    fn n_panels(&self) -> usize {
        self.outputs.div_ceil(self.kernels.tile_columns())
    }

    /// First column of a panel, and its columns with padding.
    fn panel(&self, index: usize) -> (usize, usize) {
        let columns = self.kernels.tile_columns();
        let start = index * columns;
        (
            start,
            columns.min(self.outputs.next_multiple_of(LANES) - start),
        )
    }

    /// Writes the columns of some panels for some rows. `out` begins at the first of these columns in the first row; both
    /// strides are between rows.
    fn multiply(
        &self,
        x: &[f32],
        x_stride: usize,
        panels: Range<usize>,
        activation: Activation,
        out: &mut [MaybeUninit<f32>],
        out_stride: usize,
    ) {
        let (first, _) = self.panel(panels.start);
        let (weight, bias) = (self.weight.floats(), self.bias.floats());
        let tiles = x.len().div_ceil(ROWS * x_stride);
        for panel in panels.clone() {
            let (start, width) = self.panel(panel);
            let next = if panel + 1 < panels.end {
                panel + 1
            } else {
                panels.start
            };
            let next = &weight[self.panel(next).0 * self.inputs..];
            for (tile, (x, out)) in x
                .chunks(ROWS * x_stride)
                .zip(out.chunks_mut(ROWS * out_stride))
                .enumerate()
            {
                self.kernels.multiply(
                    Tile {
                        rows: x.len().div_ceil(x_stride),
                        columns: width.min(self.outputs - start),
                        k: self.inputs,
                        a: x,
                        a_stride: x_stride,
                        b: &weight[start * self.inputs..],
                        b_stride: width,
                        scale: [1.0; ROWS],
                        bias: &bias[start..][..width],
                        c: &mut out[start - first..],
                        c_stride: out_stride,
                        next: (self.inputs <= PREFETCHED_INPUTS).then_some(Next {
                            b: next,
                            first: tile,
                            step: tiles,
                        }),
                    },
                    activation,
                );
            }
        }
    }
}

/// Rows and their stride, copied further apart where they would share sets of the first-level cache.
fn spread_rows<'a>(x: &'a [f32], width: usize, scratch: &'a mut Scratch) -> (&'a [f32], usize) {
    let rows = x.len() / width;
    if !width.is_multiple_of(ALIAS) || rows < 3 {
        return (x, width);
    }
    let stride = width + LANES;
    let spread = scratch.take(rows * stride);
    for (to, from) in spread.chunks_exact_mut(stride).zip(x.chunks_exact(width)) {
        to[..width].copy_from_slice(from);
    }
    (spread, stride)
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

#[cfg(test)]
mod tests {
    use super::*;

    /// One pack can be spread over cores by columns as well.
    #[test]
    fn panels_computed_apart_are_the_same() {
        let (rows, inputs, outputs) = (7, 10, 150);
        let floats = |n: usize| {
            (0..n)
                .map(|i| (i * 37 % 101) as f32 / 50.0 - 1.0)
                .collect::<Vec<_>>()
        };
        let (x, weight, bias) = (
            floats(rows * inputs),
            floats(outputs * inputs),
            floats(outputs),
        );
        for kernels in Kernels::available() {
            let linear = PackedLinear::pack(kernels, &weight, &bias);
            let mut whole = vec![0.0; rows * outputs];
            linear.apply(&x, Activation::Gelu, &mut Scratch::default(), &mut whole);
            let mut parts = vec![0.0; rows * outputs];
            for range in [1..linear.n_panels(), 0..1] {
                let (start, _) = linear.panel(range.start);
                let out = Out::from(&mut parts[start..]).cells();
                linear.multiply(&x, inputs, range, Activation::Gelu, out, outputs);
            }
            assert_eq!(parts, whole, "{}", kernels.isa());
        }
    }
}
