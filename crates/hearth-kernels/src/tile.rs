//! The product that everything else is cut into.
#![allow(unsafe_code)]

use crate::simd::{LANES, Simd};
use std::mem::MaybeUninit;

/// Most rows of a tile. Six rows of four AVX-512 vectors (or of two AVX2 registers) fill the register file.
pub(crate) const ROWS: usize = 6;
/// Most vectors of a row of a tile, on any instruction set.
pub(crate) const MAX_VECTORS: usize = 4;

/// Rows of `b` that are prefetched before they are read; about as long as a line takes from the second-level cache.
const AHEAD: usize = 16;

/// `c = finish(a b)` for a few rows and a few vectors of columns; rows are `stride` elements apart.
///
/// # Shapes
/// - `a`: `[rows, k]`
/// - `b`: `[k, columns rounded up to 16]`
/// - `c`: `[rows, columns]`
pub(crate) struct Tile<'a, T, F> {
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    pub(crate) k: usize,
    pub(crate) a: &'a [T],
    pub(crate) a_stride: usize,
    pub(crate) b: &'a [T],
    pub(crate) b_stride: usize,
    pub(crate) finish: F,
    pub(crate) c: &'a mut [MaybeUninit<f32>],
    pub(crate) c_stride: usize,
    pub(crate) next: Option<Next<'a, T>>,
}

/// What is multiplied after this, to be prefetched meanwhile: of the rows of the next `b`, which are as wide, number `first`
/// and each `step`-th after it.
#[derive(Clone, Copy)]
pub(crate) struct Next<'a, T> {
    pub(crate) b: &'a [T],
    pub(crate) first: usize,
    pub(crate) step: usize,
}

/// How 16 products are added to 16 sums; an element of `a` and `b` is four bytes, of as many numbers as it holds.
pub(crate) trait Dot<S: Simd, T>: Copy {
    /// The same element in every lane.
    fn splat(self, s: S, element: T) -> S::V;
    fn load(self, s: S, elements: &[T; LANES]) -> S::V;
    /// `sum + a b`, lane by lane.
    fn dot(self, s: S, a: S::V, b: S::V, sum: S::V) -> S::V;
    /// The sums as floats.
    fn floats(self, s: S, sum: S::V) -> S::V;
}

/// What becomes of a sum before it is written.
pub(crate) trait Finish: Copy {
    /// Whether there is what [`Finish::finish`] reads for so many vectors of columns.
    fn reaches(&self, vectors: usize) -> bool;
    /// # Safety
    /// `vector` is below a number that `reaches`, `row` below [`ROWS`].
    unsafe fn finish<S: Simd>(&self, s: S, sum: S::V, row: usize, vector: usize) -> S::V;
}

/// One float an element: each sum is one chain of fused multiply-adds.
#[derive(Clone, Copy)]
pub(crate) struct Fused;

impl<S: Simd> Dot<S, f32> for Fused {
    #[inline(always)]
    fn splat(self, s: S, element: f32) -> S::V {
        s.splat(element)
    }

    #[inline(always)]
    fn load(self, s: S, elements: &[f32; LANES]) -> S::V {
        s.load(elements)
    }

    #[inline(always)]
    fn dot(self, s: S, a: S::V, b: S::V, sum: S::V) -> S::V {
        s.mul_add(a, b, sum)
    }

    #[inline(always)]
    fn floats(self, _: S, sum: S::V) -> S::V {
        sum
    }
}

/// `sum * scale + bias`.
#[derive(Clone, Copy)]
pub(crate) struct Scaled<'a> {
    /// Per row.
    pub(crate) scale: [f32; ROWS],
    /// Per column, rounded up to 16, or empty for none.
    pub(crate) bias: &'a [f32],
}

impl Finish for Scaled<'_> {
    #[inline(always)]
    fn reaches(&self, vectors: usize) -> bool {
        self.bias.is_empty() || self.bias.len() >= vectors * LANES
    }

    #[inline(always)]
    unsafe fn finish<S: Simd>(&self, s: S, sum: S::V, row: usize, vector: usize) -> S::V {
        let mut bias = s.splat(0.0);
        if !self.bias.is_empty() {
            // SAFETY: `reaches`: a bias that is not empty has this vector.
            bias = s.load(unsafe { &*self.bias.as_ptr().add(vector * LANES).cast() });
        }
        s.mul_add(sum, s.splat(self.scale[row]), bias)
    }
}

impl<T, F: Finish> Tile<'_, T, F> {
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
            && self.finish.reaches(vectors)
    }
}

/// Writes the first `M` rows and `N` whole vectors of columns. Each output is one chain over `k` in order, whatever `M` and
/// `N`.
///
/// # Safety
/// `tile.rows` is `M` and `tile.fits(N)`.
#[inline(always)]
pub(crate) unsafe fn multiply<S, T, D, F, const M: usize, const N: usize>(
    s: S,
    d: D,
    tile: &mut Tile<'_, T, F>,
) where
    S: Simd,
    T: Copy,
    D: Dot<S, T>,
    F: Finish,
{
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
                s.prefetch_later(
                    next_b
                        .wrapping_add(p * tile.b_stride + vector * LANES)
                        .cast(),
                );
            }
            next_row += step;
        }
        for vector in 0..N {
            s.prefetch(
                b.wrapping_add((p + AHEAD) * tile.b_stride + vector * LANES)
                    .cast(),
            );
        }
        let mut line = [s.splat(0.0); N];
        for (vector, v) in line.iter_mut().enumerate() {
            // SAFETY: `fits(N)`: row `p < k` of `b` has `N` whole vectors.
            *v = d.load(s, unsafe {
                &*b.add(p * tile.b_stride + vector * LANES).cast()
            });
        }
        for (row, sums) in sums.iter_mut().enumerate() {
            // SAFETY: `fits(N)`: each of the `M` rows of `a` has `k > p` elements.
            let a = d.splat(s, unsafe { *a.add(row * tile.a_stride + p) });
            for (sum, b) in sums.iter_mut().zip(line) {
                *sum = d.dot(s, a, b, *sum);
            }
        }
    }
    for vector in 0..N {
        for (row, sums) in sums.iter().enumerate() {
            // SAFETY: `fits(N)` asks `finish` for `N` vectors; `M` is at most `ROWS`.
            let v = unsafe {
                tile.finish
                    .finish(s, d.floats(s, sums[vector]), row, vector)
            };
            // SAFETY: `fits(N)`: each of the `M` rows of `c` has `N` whole vectors; the borrow of `c` is exclusive.
            s.write(v, unsafe {
                &mut *c.add(row * tile.c_stride + vector * LANES).cast()
            });
        }
    }
}
