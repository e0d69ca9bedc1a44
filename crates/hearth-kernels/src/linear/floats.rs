use super::Parts;
use crate::{
    Activation, Kernels, Scratch,
    aligned::Aligned,
    simd::LANES,
    tile::{Next, ROWS, Scaled, Tile},
};
use std::{mem::MaybeUninit, ops::Range};

/// Most rows that go through all panels before the next rows do: their inputs stay in the second-level cache.
const BLOCK_ROWS: usize = 32 * ROWS;
/// Rows a multiple of 4 KiB apart lie in the same sets of the first-level cache, and six of them evict each other.
const ALIAS: usize = 1024;
/// Longest panel of which the second-level cache holds two, in rows.
const PREFETCHED_INPUTS: usize = 1024;

/// The weights as `f32`.
///
/// The outputs are cut into panels of as many columns as a tile has; a panel is `[inputs, columns]`, row-major and aligned to
/// 64 bytes. The last panel is narrower, a multiple of 16 columns, padded with zeros.
pub(super) struct Floats {
    kernels: &'static Kernels,
    weight: Aligned<f32>,
    bias: Aligned<f32>,
    inputs: usize,
    outputs: usize,
}

impl Floats {
    pub(super) fn pack(kernels: &'static Kernels, parts: &Parts<'_>) -> Self {
        let Parts {
            inputs, outputs, ..
        } = *parts;
        let padded = outputs.next_multiple_of(LANES);
        let mut linear = Self {
            kernels,
            weight: Aligned::zeros(padded * inputs),
            bias: Aligned::zeros(padded),
            inputs,
            outputs,
        };
        for (to, from) in linear.bias.as_mut_slice().iter_mut().zip(parts.bias()) {
            *to = from;
        }
        for (output, row) in parts.rows().enumerate() {
            let (start, width) = linear.panel(output / kernels.tile_columns());
            let panel = &mut linear.weight.as_mut_slice()[start * inputs..][..width * inputs];
            for (line, &w) in panel.chunks_exact_mut(width).zip(row) {
                line[output - start] = w;
            }
        }
        linear
    }

    /// Writes all of `out`, `[rows, columns]`, for the rows of `x`.
    pub(super) fn apply(
        &self,
        columns: Range<usize>,
        x: &[f32],
        activation: Activation,
        scratch: &mut Scratch,
        out: &mut [MaybeUninit<f32>],
    ) {
        let inputs = self.inputs;
        let rows = x.len() / inputs;
        // Long rows would not stay there, and panels of them are long too: the fewer times they are read the better.
        let most = if inputs <= PREFETCHED_INPUTS {
            BLOCK_ROWS
        } else {
            rows
        };
        let n_blocks = rows.div_ceil(most.max(1)).max(1);
        let block_rows = rows.div_ceil(n_blocks).next_multiple_of(ROWS).max(ROWS);
        for (x, out) in x
            .chunks(block_rows * inputs)
            .zip(out.chunks_mut(block_rows * columns.len()))
        {
            let (x, stride) = spread_rows(x, inputs, scratch);
            self.multiply(x, stride, columns.clone(), activation, out);
        }
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

    /// Writes the columns, which are those of whole panels, for some rows, `x_stride` apart.
    fn multiply(
        &self,
        x: &[f32],
        x_stride: usize,
        columns: Range<usize>,
        activation: Activation,
        out: &mut [MaybeUninit<f32>],
    ) {
        let (first, out_stride) = (columns.start, columns.len());
        let width = self.kernels.tile_columns();
        let panels = columns.start / width..columns.end.div_ceil(width);
        let (weight, bias) = (self.weight.as_slice(), self.bias.as_slice());
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
                        finish: Scaled {
                            scale: [1.0; ROWS],
                            bias: &bias[start..][..width],
                        },
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
    let spread = scratch.floats(rows * stride);
    for (to, from) in spread.chunks_exact_mut(stride).zip(x.chunks_exact(width)) {
        to[..width].copy_from_slice(from);
    }
    (spread, stride)
}
