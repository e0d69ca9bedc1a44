//! One table of functions per instruction set.
#![allow(unsafe_code)]

use crate::{
    Isa,
    activation::{self, Activation},
    attention,
    norm::{self, LayerNorm},
    simd::{self, LANES},
    tile::{self, MAX_VECTORS, ROWS, Tile},
};
use std::{fmt, mem::MaybeUninit};

type TileFn = unsafe fn(&mut Tile<'_>);
type NormFn = unsafe fn(&[f32], &[f32], &LayerNorm<'_>, &mut [MaybeUninit<f32>]);

/// The kernels of one instruction set.
///
/// A `&Kernels` only exists where the CPU has the instruction set, so using it is safe.
pub struct Kernels {
    isa: Isa,
    /// `[vectors - 1][rows - 1]`
    tiles: &'static [[TileFn; ROWS]],
    activate: unsafe fn(Activation, &mut [MaybeUninit<f32>], [usize; 3]),
    softmax: unsafe fn(&mut [f32], usize, usize, &mut [f32; ROWS]),
    transpose: unsafe fn(&[f32], usize, usize, usize, &mut [f32], usize),
    norm: NormFn,
}

impl fmt::Debug for Kernels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Kernels").field(&self.isa).finish()
    }
}

macro_rules! table {
    ($name:ident: $isa:ident, [$($vectors:literal)+] $(, #[$feature:meta])?) => {
        mod $name {
            use super::*;

            $(#[$feature])?
            unsafe fn multiply<const M: usize, const N: usize>(tile: &mut Tile<'_>) {
                // SAFETY: the caller keeps the contract of `multiply`.
                unsafe { tile::multiply::<_, M, N>(simd::$isa::new(), tile) }
            }
            $(#[$feature])?
            unsafe fn activate(activation: Activation, cells: &mut [MaybeUninit<f32>], shape: [usize; 3]) {
                // SAFETY: the caller keeps the contract of `activate`.
                unsafe { activation::activate(simd::$isa::new(), activation, cells, shape) };
            }
            $(#[$feature])?
            fn softmax(scores: &mut [f32], stride: usize, len: usize, inverse_sums: &mut [f32; ROWS]) {
                attention::softmax(simd::$isa::new(), scores, stride, len, inverse_sums);
            }
            $(#[$feature])?
            fn transpose(from: &[f32], stride: usize, rows: usize, columns: usize, to: &mut [f32], to_stride: usize) {
                attention::transpose(simd::$isa::new(), from, stride, rows, columns, to, to_stride);
            }
            $(#[$feature])?
            fn norm(a: &[f32], b: &[f32], by: &LayerNorm<'_>, out: &mut [MaybeUninit<f32>]) {
                norm::norm(simd::$isa::new(), a, b, by, out);
            }

            pub(super) static KERNELS: Kernels = Kernels {
                isa: Isa::$isa,
                tiles: &[$([
                    multiply::<1, $vectors>,
                    multiply::<2, $vectors>,
                    multiply::<3, $vectors>,
                    multiply::<4, $vectors>,
                    multiply::<5, $vectors>,
                    multiply::<6, $vectors>,
                ]),+],
                activate,
                softmax,
                transpose,
                norm,
            };
        }
    };
}

#[cfg(target_arch = "x86_64")]
table!(avx512: Avx512, [1 2 3 4], #[target_feature(enable = "avx512f")]);
#[cfg(target_arch = "x86_64")]
table!(avx2: Avx2, [1], #[target_feature(enable = "avx2,fma")]);
#[cfg(target_arch = "aarch64")]
table!(neon: Neon, [1], #[target_feature(enable = "neon")]);
table!(portable: Portable, [1]);

impl Kernels {
    /// The fastest this CPU has. Results are the same with each; see the [crate] documentation.
    #[must_use]
    pub fn best() -> &'static Self {
        Self::available().next().unwrap_or(&portable::KERNELS)
    }

    /// The kernels of `isa`, or `None` where this CPU lacks it.
    #[must_use]
    pub fn of(isa: Isa) -> Option<&'static Self> {
        match isa {
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => is_x86_feature_detected!("avx512f").then_some(&avx512::KERNELS),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => (is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"))
                .then_some(&avx2::KERNELS),
            #[cfg(target_arch = "aarch64")]
            Isa::Neon => std::arch::is_aarch64_feature_detected!("neon").then_some(&neon::KERNELS),
            Isa::Portable => Some(&portable::KERNELS),
            #[allow(unreachable_patterns)]
            _ => None,
        }
    }

    /// All this CPU has, fastest first.
    pub fn available() -> impl Iterator<Item = &'static Self> {
        Isa::ALL.into_iter().filter_map(Self::of)
    }

    /// The instruction set.
    #[must_use]
    pub fn isa(&self) -> Isa {
        self.isa
    }

    /// Most columns of a tile, a multiple of 16.
    pub(crate) fn tile_columns(&self) -> usize {
        self.tiles.len() * LANES
    }

    /// Multiplies a tile of at most `ROWS` rows and `tile_columns` columns and applies `activation`.
    pub(crate) fn multiply(&self, mut tile: Tile<'_>, activation: Activation) {
        let (columns, vectors) = (tile.columns, tile.vectors());
        if columns == vectors * LANES {
            self.multiply_whole(&mut tile, activation);
            return;
        }
        // A last vector that would reach into the next row of `c` goes through a buffer.
        let width = vectors * LANES;
        let mut edge = [MaybeUninit::uninit(); ROWS * MAX_VECTORS * LANES];
        self.multiply_whole(
            &mut Tile {
                columns: width,
                c: &mut edge,
                c_stride: width,
                ..tile
            },
            activation,
        );
        for (row, from) in edge.chunks_exact(width).take(tile.rows).enumerate() {
            tile.c[row * tile.c_stride..][..columns].copy_from_slice(&from[..columns]);
        }
    }

    fn multiply_whole(&self, tile: &mut Tile<'_>, activation: Activation) {
        let vectors = tile.vectors();
        assert!(tile.fits(vectors), "a tile reaches out of its slices");
        // SAFETY: `self` exists, so `of` found the instruction set; the index makes `M` the tile's rows and `N` its vectors,
        // for which it fits (asserted).
        unsafe { self.tiles[vectors - 1][tile.rows - 1](tile) };
        if activation != Activation::Identity {
            let shape = [tile.rows, vectors * LANES, tile.c_stride];
            // SAFETY: the instruction set as above; the tile function wrote these floats.
            unsafe { (self.activate)(activation, tile.c, shape) };
        }
    }

    /// See [`attention::softmax`].
    pub(crate) fn softmax(&self, scores: &mut [f32], stride: usize, len: usize) -> [f32; ROWS] {
        let mut inverse_sums = [0.0; ROWS];
        // SAFETY: `self` exists, so `of` found the instruction set.
        unsafe { (self.softmax)(scores, stride, len, &mut inverse_sums) };
        inverse_sums
    }

    /// See [`attention::transpose`].
    pub(crate) fn transpose(
        &self,
        from: &[f32],
        stride: usize,
        rows: usize,
        columns: usize,
        to: &mut [f32],
        to_stride: usize,
    ) {
        // SAFETY: `self` exists, so `of` found the instruction set.
        unsafe { (self.transpose)(from, stride, rows, columns, to, to_stride) };
    }

    /// See [`norm::norm`].
    pub(crate) fn norm(
        &self,
        a: &[f32],
        b: &[f32],
        by: &LayerNorm<'_>,
        out: &mut [MaybeUninit<f32>],
    ) {
        // SAFETY: `self` exists, so `of` found the instruction set.
        unsafe { (self.norm)(a, b, by, out) };
    }
}
