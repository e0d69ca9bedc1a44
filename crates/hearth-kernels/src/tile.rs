//! The product that everything else is cut into.
#![allow(unsafe_code)]

use crate::simd::{LANES, Simd};
use std::mem::MaybeUninit;

/// Most rows of a tile. Six rows of four AVX-512 vectors (or of two AVX2 registers) fill the register file.
pub(crate) const ROWS: usize = 6;
/// Most vectors of a row of a tile, on any instruction set.
pub(crate) const MAX_VECTORS: usize = 4;

/// Rows of `b` that are prefetched before they are read; about as long as a line takes from the third-level cache.
const AHEAD: usize = 32;

/// `c = a b * scale + bias` for a few rows and a few vectors of columns; rows are `stride` floats apart.
///
/// # Shapes
/// - `a`: `[rows, k]`
/// - `b`: `[k, columns rounded up to 16]`
/// - `scale`: `[rows]`, the rest unused
/// - `bias`: `[columns rounded up to 16]`, or empty for none
/// - `c`: `[rows, columns]`
pub(crate) struct Tile<'a> {
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    pub(crate) k: usize,
    pub(crate) a: &'a [f32],
    pub(crate) a_stride: usize,
    pub(crate) b: &'a [f32],
    pub(crate) b_stride: usize,
    pub(crate) scale: [f32; ROWS],
    pub(crate) bias: &'a [f32],
    pub(crate) c: &'a mut [MaybeUninit<f32>],
    pub(crate) c_stride: usize,
    pub(crate) next: Option<Next<'a>>,
}

/// What is multiplied after this, to be prefetched meanwhile: of the rows of the next `b`, which are as wide, number `first`
/// and each `step`-th after it.
pub(crate) struct Next<'a> {
    pub(crate) b: &'a [f32],
    pub(crate) first: usize,
    pub(crate) step: usize,
}

impl Tile<'_> {
    pub(crate) fn vectors(&self) -> usize {
        self.columns.div_ceil(LANES)
    }

    /// Whether [`multiply`] with `vectors` whole vectors stays inside the slices.
    pub(crate) fn fits(&self, vectors: usize) -> bool {
        let width = vectors * LANES;
        let reaches = |len: usize, rows: usize, stride: usize, row: usize| {
            rows > 0
                && (rows - 1)
                    .checked_mul(stride)
                    .and_then(|start| start.checked_add(row))
                    .is_some_and(|end| end <= len)
        };
        reaches(self.a.len(), self.rows, self.a_stride, self.k)
            && reaches(self.b.len(), self.k, self.b_stride, width)
            && reaches(self.c.len(), self.rows, self.c_stride, width)
            && (self.bias.is_empty() || self.bias.len() >= width)
    }
}

/// Writes the first `M` rows and `N` whole vectors of columns. Each output is one chain of fused multiply-adds over `k` in
/// order, whatever `M` and `N`.
///
/// # Safety
/// `tile.rows` is `M` and `tile.fits(N)`.
#[inline(always)]
pub(crate) unsafe fn multiply<S: Simd, const M: usize, const N: usize>(s: S, tile: &mut Tile<'_>) {
    let (a, b, c) = (tile.a.as_ptr(), tile.b.as_ptr(), tile.c.as_mut_ptr());
    for row in 0..M {
        for vector in 0..N {
            s.prefetch(c.wrapping_add(row * tile.c_stride + vector * LANES).cast());
        }
    }
    // No row number reaches `usize::MAX`.
    let next = tile.next.as_ref();
    let (next_b, mut next_row, step) = next.map_or((b, usize::MAX, 0), |next| {
        (next.b.as_ptr(), next.first, next.step)
    });
    let mut sums = [[s.splat(0.0); N]; M];
    for p in 0..tile.k {
        if p == next_row {
            for vector in 0..N {
                s.prefetch_later(next_b.wrapping_add(p * tile.b_stride + vector * LANES));
            }
            next_row += step;
        }
        for vector in 0..N {
            s.prefetch(b.wrapping_add((p + AHEAD) * tile.b_stride + vector * LANES));
        }
        let mut line = [s.splat(0.0); N];
        for (vector, v) in line.iter_mut().enumerate() {
            // SAFETY: `fits(N)`: row `p < k` of `b` has `N` whole vectors.
            *v = s.load(unsafe { &*b.add(p * tile.b_stride + vector * LANES).cast() });
        }
        for (row, sums) in sums.iter_mut().enumerate() {
            // SAFETY: `fits(N)`: each of the `M` rows of `a` has `k > p` floats.
            let a = s.splat(unsafe { *a.add(row * tile.a_stride + p) });
            for (sum, b) in sums.iter_mut().zip(line) {
                *sum = s.mul_add(a, b, *sum);
            }
        }
    }
    for vector in 0..N {
        let mut bias = s.splat(0.0);
        if !tile.bias.is_empty() {
            // SAFETY: `fits(N)`: a bias that is not empty has `N` whole vectors.
            bias = s.load(unsafe { &*tile.bias.as_ptr().add(vector * LANES).cast() });
        }
        for (row, sums) in sums.iter().enumerate() {
            let v = s.mul_add(sums[vector], s.splat(tile.scale[row]), bias);
            // SAFETY: `fits(N)`: each of the `M` rows of `c` has `N` whole vectors; the borrow of `c` is exclusive.
            s.write(v, unsafe {
                &mut *c.add(row * tile.c_stride + vector * LANES).cast()
            });
        }
    }
}
