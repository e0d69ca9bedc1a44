//! Words multiplied by the tile unit: blocks of 32 rows and 32 columns, while the vector unit finishes the block before.
#![allow(unsafe_code)]

use super::{
    Words,
    dot::{Columns, RowScale},
};
use crate::{
    Activation, Scratch,
    activation::Activate,
    kernels::AmxKernels,
    simd::{Avx512, LANES, Numbers, Simd, Tiles},
};
use std::{mem::MaybeUninit, ops::Range};

/// Rows and columns of a tile, and words of a row of one.
const SIDE: usize = LANES;
/// Words of a tile.
const TILE: usize = SIDE * SIDE;
/// Rows and columns of a block: two tiles each way.
const BLOCK: usize = 2 * SIDE;

/// Puts the words of an output in their places: panels of 32 outputs, in each for every 16 words two tiles side by side,
/// a tile being 16 lines of one word of each of its outputs.
pub(super) fn place(weight: &mut [u32], output: usize, words: &[u32]) {
    let (panel, column) = (output / BLOCK, output % BLOCK);
    let panel = &mut weight[panel * BLOCK * words.len()..][..BLOCK * words.len()];
    for (step, words) in words.chunks_exact(SIDE).enumerate() {
        let tile = &mut panel[(2 * step + column / SIDE) * TILE..][..TILE];
        for (line, &word) in tile.chunks_exact_mut(SIDE).zip(words) {
            line[column % SIDE] = word;
        }
    }
}

/// Writes all of `out`, `[rows, columns]`.
pub(super) fn apply(
    kernels: &AmxKernels,
    layer: &Words,
    columns: Range<usize>,
    x: &[f32],
    activation: Activation,
    scratch: &mut Scratch,
    out: &mut [MaybeUninit<f32>],
) {
    let (rows, n_words) = (x.len() / layer.inputs, layer.n_words);
    let tiles = rows.div_ceil(SIDE);
    // Words of 16 rows: for every 16 words a tile, its lines being the rows. A row's words are written together first.
    let (words, sums) =
        scratch.words_and_floats(tiles * SIDE * n_words + n_words, 2 * BLOCK * BLOCK);
    let (words, row_words) = words.split_at_mut(tiles * SIDE * n_words);
    let mut scales = vec![RowScale::ONE; tiles * SIDE];
    for (row, (x, scale)) in x.chunks_exact(layer.inputs).zip(&mut scales).enumerate() {
        *scale = kernels.words(x, row_words);
        let tile = &mut words[row / SIDE * SIDE * n_words..][..SIDE * n_words];
        for (tile, line) in tile
            .chunks_exact_mut(TILE)
            .zip(row_words.chunks_exact(SIDE))
        {
            tile[row % SIDE * SIDE..][..SIDE].copy_from_slice(line);
        }
    }
    kernels.multiply(
        Product {
            rows,
            outputs: columns.len(),
            steps: n_words / SIDE,
            a: words,
            b: &layer.weight.as_slice()[columns.start * n_words..],
            scales: &scales,
            columns: layer.columns().from(columns.start),
            sums,
            out,
        },
        activation,
    );
}

/// Rows times a layer's weights, both as tiles.
///
/// # Shapes
/// - `a`: `[rows rounded up to 16, 16 * steps]` words, as tiles
/// - `b`: `[outputs rounded up to 32, 16 * steps]` words, as pairs of tiles
/// - `scales`: `[rows]`
/// - `columns`: `[outputs rounded up to 32]`
/// - `sums`: 2 blocks
/// - `out`: `[rows, outputs]`
pub(crate) struct Product<'a> {
    rows: usize,
    outputs: usize,
    steps: usize,
    a: &'a [u32],
    b: &'a [u32],
    scales: &'a [RowScale],
    columns: Columns<'a>,
    sums: &'a mut [f32],
    out: &'a mut [MaybeUninit<f32>],
}

impl Product<'_> {
    /// Whether [`multiply`] stays inside the slices.
    pub(crate) fn fits(&self) -> bool {
        let words = self.steps * SIDE;
        let padded = self.outputs.next_multiple_of(BLOCK);
        self.a.len() >= self.rows.next_multiple_of(SIDE) * words
            && self.b.len() >= padded * words
            && self.scales.len() >= self.rows
            && self.columns.reach(padded / LANES)
            && self.sums.len() >= 2 * BLOCK * BLOCK
            && self.out.len() >= self.rows * self.outputs
    }
}

/// # Safety
/// `product.fits()`.
#[inline(always)]
pub(crate) unsafe fn multiply<N: Numbers, A: Activate>(
    s: Avx512,
    tiles: &Tiles,
    numbers: N,
    activate: A,
    product: Product<'_>,
) {
    let (rows, steps) = (product.rows, product.steps);
    let (sums, spare) = product.sums.split_at_mut(BLOCK * BLOCK);
    let (mut sums, mut finished) = (sums.as_mut_ptr(), spare.as_ptr().cast_mut());
    let mut target = Target {
        rows,
        outputs: product.outputs,
        scales: product.scales,
        columns: product.columns,
        out: product.out.as_mut_ptr(),
        block: None,
    };
    for column in (0..product.outputs).step_by(BLOCK) {
        let panel = product.b[column * steps * SIDE..].as_ptr();
        // The next panel is fetched line by line while this one is used.
        let (lines, all_steps) = (steps * BLOCK, rows.div_ceil(BLOCK) * steps);
        let (mut fetched, mut steps_done) = (0, 0);
        for row in (0..rows).step_by(BLOCK) {
            let first = product.a[row * steps * SIDE..].as_ptr();
            let both = row + SIDE < rows;
            let mut line = 0;
            tiles.clear();
            for step in 0..steps {
                let a = first.wrapping_add(step * TILE);
                let b = panel.wrapping_add(2 * step * TILE);
                // SAFETY: `fits`: the tiles of the first 16 rows and the pair of the panel are there.
                unsafe { numbers.multiply_first(tiles, a, b) };
                if both {
                    // SAFETY: `fits`: so are those of the next 16 rows, as there is one of these.
                    unsafe { numbers.multiply_second(tiles, a.wrapping_add(steps * TILE)) };
                }
                steps_done += 1;
                while fetched * all_steps < steps_done * lines {
                    let at = panel.wrapping_add(steps * 2 * TILE + fetched * LANES);
                    s.prefetch_later(at.cast());
                    fetched += 1;
                }
                while line * steps < (step + 1) * BLOCK {
                    // SAFETY: `finished` holds the sums of `target.block`, if there is one; `fits` for the rest.
                    unsafe { target.finish(s, numbers, activate, finished, line) };
                    line += 1;
                }
            }
            // SAFETY: `sums` has room for a block.
            unsafe { tiles.store(sums, both) };
            target.block = Some((row, column));
            std::mem::swap(&mut sums, &mut finished);
        }
    }
    for line in 0..BLOCK {
        // SAFETY: as above.
        unsafe { target.finish(s, numbers, activate, finished, line) };
    }
}

/// Where finished sums go.
struct Target<'a> {
    rows: usize,
    outputs: usize,
    scales: &'a [RowScale],
    columns: Columns<'a>,
    out: *mut MaybeUninit<f32>,
    /// First row and column of the block that is multiplied and not finished yet.
    block: Option<(usize, usize)>,
}

impl Target<'_> {
    /// Finishes a line of the block.
    ///
    /// # Safety
    /// `sums` is a block's, and the product it comes from fits.
    #[inline(always)]
    unsafe fn finish<N: Numbers, A: Activate>(
        &self,
        s: Avx512,
        numbers: N,
        activate: A,
        sums: *const f32,
        line: usize,
    ) {
        let Some((row, column)) = self.block else {
            return;
        };
        let row = row + line;
        if row >= self.rows {
            return;
        }
        for half in 0..2 {
            let column = column + half * LANES;
            if column >= self.outputs {
                return;
            }
            // SAFETY: a block has 32 lines of 32 sums; `scales` has `rows`, `columns` reach to `outputs` rounded up.
            let v = unsafe {
                let sum = s.load(&*sums.add(line * BLOCK + half * LANES).cast());
                let scale = *self.scales.get_unchecked(row);
                self.columns
                    .rescale(s, numbers.floats(s, sum), scale, column / LANES)
            };
            let v = activate.apply(s, v);
            // SAFETY: `out` has `rows` rows of `outputs`, and this row and column are among them.
            unsafe {
                let out = self.out.add(row * self.outputs + column);
                if column + LANES <= self.outputs {
                    s.write(v, &mut *out.cast());
                } else {
                    let rest = self.outputs - column;
                    s.write_first(v, std::slice::from_raw_parts_mut(out, rest));
                }
            }
        }
    }
}
