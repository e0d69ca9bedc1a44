//! Linear layers of 16 and 8 bits: weights and inputs as words of 32 bits, each two or four numbers that follow one another
//! along the inputs.

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
pub(crate) mod amx;
pub(crate) mod dot;
pub(crate) mod rows;

use super::Parts;
use crate::{
    Activation, Kernels, Precision, Scratch,
    aligned::Aligned,
    kernels::{Engine, WordKernels},
    simd::{LANES, bf16},
    tile::{Next, ROWS, Tile},
};
use dot::{Columns, Rescaled, RowScale};
use std::{mem::MaybeUninit, ops::Range};

/// Most rows that go through all panels before the next rows do.
const BLOCK_ROWS: usize = 32 * ROWS;
/// Rows a multiple of 4 KiB apart lie in the same sets of the first-level cache.
const ALIAS: usize = 1024;
/// Steps from zero to the greatest weight of an output.
const STEPS: f32 = 127.0;

pub(super) struct Words {
    kernels: &'static Kernels,
    engine: Engine,
    weight: Aligned<u32>,
    /// [`Columns`], one after the other.
    columns: Aligned<f32>,
    inputs: usize,
    /// Words of an output, a multiple of 16.
    n_words: usize,
}

impl Words {
    pub(super) fn bf16(kernels: &'static Kernels, parts: &Parts<'_>) -> Self {
        Self::pack(kernels, Precision::Bf16, parts, |row, words| {
            for (word, pair) in words.iter_mut().zip(row.chunks(2)) {
                let half = |i: usize| pair.get(i).map_or(0, |&x| u32::from(bf16(x)));
                *word = half(0) | half(1) << 16;
            }
            [1.0, 0.0]
        })
    }

    pub(super) fn int8(kernels: &'static Kernels, parts: &Parts<'_>) -> Self {
        Self::pack(kernels, Precision::Int8, parts, |row, words| {
            let greatest = row.iter().fold(0.0_f32, |most, x| most.max(x.abs()));
            let steps = if greatest > 0.0 {
                STEPS / greatest
            } else {
                0.0
            };
            let mut sum = 0;
            for (word, bytes) in words.iter_mut().zip(row.chunks(4)) {
                let mut quantised = [0_i8; 4];
                for (to, x) in quantised.iter_mut().zip(bytes) {
                    #[allow(clippy::cast_possible_truncation, reason = "at most 127")]
                    let step = (x * steps).round_ties_even() as i8;
                    *to = step;
                    sum += i32::from(step);
                }
                *word = u32::from_le_bytes(quantised.map(i8::cast_unsigned));
            }
            let scale = greatest / STEPS;
            #[allow(clippy::cast_precision_loss, reason = "far below 2^24")]
            [scale, scale * sum as f32]
        })
    }

    /// `words_of` fills the words of an output and gives its scale and the sum of its weights.
    fn pack(
        kernels: &'static Kernels,
        precision: Precision,
        parts: &Parts<'_>,
        words_of: impl Fn(&[f32], &mut [u32]) -> [f32; 2],
    ) -> Self {
        let engine = kernels.engine(precision);
        let per_word = if precision == Precision::Bf16 { 2 } else { 4 };
        let n_words = parts.inputs.div_ceil(per_word).next_multiple_of(LANES);
        let padded = parts.outputs.next_multiple_of(2 * LANES);
        let mut layer = Self {
            kernels,
            weight: Aligned::zeros(padded * n_words),
            columns: Aligned::zeros(3 * padded),
            inputs: parts.inputs,
            n_words,
            engine,
        };
        let (scales, rest) = layer.columns.as_mut_slice().split_at_mut(padded);
        let (sums, biases) = rest.split_at_mut(padded);
        let mut words = vec![0; n_words];
        for (output, (row, bias)) in parts.rows().zip(parts.bias()).enumerate() {
            [scales[output], sums[output]] = words_of(row, &mut words);
            biases[output] = bias;
            let weight = layer.weight.as_mut_slice();
            match engine {
                Engine::Tiles(_) => {
                    let width = kernels.tile_columns();
                    let start = output / width * width;
                    let width = width.min(padded - start);
                    let panel = &mut weight[start * n_words..][..width * n_words];
                    for (line, &word) in panel.chunks_exact_mut(width).zip(&words) {
                        line[output - start] = word;
                    }
                }
                #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
                Engine::Amx(_) => amx::place(weight, output, &words),
            }
        }
        layer
    }

    fn columns(&self) -> Columns<'_> {
        let columns = self.columns.as_slice();
        let (scale, rest) = columns.split_at(columns.len() / 3);
        let (sum, bias) = rest.split_at(scale.len());
        Columns { scale, sum, bias }
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
        let rows = x.len() / self.inputs;
        let n_blocks = rows.div_ceil(BLOCK_ROWS).max(1);
        let block_rows = rows.div_ceil(n_blocks).next_multiple_of(ROWS).max(ROWS);
        for (x, out) in x
            .chunks(block_rows * self.inputs)
            .zip(out.chunks_mut(block_rows * columns.len()))
        {
            let columns = columns.clone();
            match self.engine {
                Engine::Tiles(engine) => self.tiles(engine, columns, x, activation, scratch, out),
                #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
                Engine::Amx(engine) => {
                    amx::apply(engine, self, columns, x, activation, scratch, out);
                }
            }
        }
    }

    fn tiles(
        &self,
        engine: &WordKernels,
        of: Range<usize>,
        x: &[f32],
        activation: Activation,
        scratch: &mut Scratch,
        out: &mut [MaybeUninit<f32>],
    ) {
        let stride = match self.n_words {
            n if n.is_multiple_of(ALIAS) => n + LANES,
            n => n,
        };
        let rows = x.len() / self.inputs;
        let (words, _) = scratch.words_and_floats(rows * stride, 0);
        let mut scales = [[RowScale::ONE; ROWS]; BLOCK_ROWS / ROWS];
        for ((row, words), scale) in x
            .chunks_exact(self.inputs)
            .zip(words.chunks_exact_mut(stride))
            .zip(scales.as_flattened_mut())
        {
            *scale = engine.words(row, &mut words[..self.n_words]);
        }
        let tiles = rows.div_ceil(ROWS);
        let width = self.kernels.tile_columns();
        let padded = self.columns().bias.len();
        for start in of.clone().step_by(width) {
            let columns = width.min(padded - start);
            let next = if start + width < of.end {
                start + width
            } else {
                of.start
            };
            for (tile, ((words, out), rows)) in words
                .chunks(ROWS * stride)
                .zip(out.chunks_mut(ROWS * of.len()))
                .zip(scales)
                .enumerate()
            {
                self.kernels.multiply_words(
                    engine,
                    Tile {
                        rows: words.len() / stride,
                        columns: columns.min(of.end - start),
                        k: self.n_words,
                        a: words,
                        a_stride: stride,
                        b: &self.weight.as_slice()[start * self.n_words..],
                        b_stride: columns,
                        finish: Rescaled {
                            rows,
                            columns: self.columns().from(start),
                        },
                        c: &mut out[start - of.start..],
                        c_stride: of.len(),
                        next: Some(Next {
                            b: &self.weight.as_slice()[next * self.n_words..],
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
