//! One table of functions per instruction set.
#![allow(unsafe_code)]

use crate::{
    Isa, Precision,
    activation::{self, Activation},
    attention,
    linear::words::{
        dot::{self, Rescaled, RowScale},
        rows,
    },
    norm::{self, LayerNorm},
    simd::{self, LANES},
    tile::{self, Finish, Fused, MAX_VECTORS, ROWS, Scaled, Tile},
};
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
use crate::{
    linear::words::amx::{self as amx_words, Product},
    simd::Tiles,
};
use std::{fmt, mem::MaybeUninit};

/// By rows.
type TileFns<T, F> = [unsafe fn(&mut Tile<'_, T, F>); ROWS];
type TileFn = unsafe fn(&mut Tile<'_, f32, Scaled<'_>>);
type WordTileFn = unsafe fn(&mut Tile<'_, u32, Rescaled<'_>>);
type WordsFn = unsafe fn(&[f32], &mut [u32]) -> RowScale;
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
    ($name:ident: $isa:ident, $simd:ident, [$($vectors:literal)+] $(, #[$feature:meta])?) => {
        mod $name {
            use super::*;

            $(#[$feature])?
            unsafe fn multiply<const M: usize, const N: usize>(tile: &mut Tile<'_, f32, Scaled<'_>>) {
                // SAFETY: the caller keeps the contract of `multiply`.
                unsafe { tile::multiply::<_, _, _, _, M, N>(simd::$simd::new(), Fused, tile) }
            }
            $(#[$feature])?
            unsafe fn activate(activation: Activation, cells: &mut [MaybeUninit<f32>], shape: [usize; 3]) {
                // SAFETY: the caller keeps the contract of `activate`.
                unsafe { activation::activate(simd::$simd::new(), activation, cells, shape) };
            }
            $(#[$feature])?
            fn softmax(scores: &mut [f32], stride: usize, len: usize, inverse_sums: &mut [f32; ROWS]) {
                attention::softmax(simd::$simd::new(), scores, stride, len, inverse_sums);
            }
            $(#[$feature])?
            fn transpose(from: &[f32], stride: usize, rows: usize, columns: usize, to: &mut [f32], to_stride: usize) {
                attention::transpose(simd::$simd::new(), from, stride, rows, columns, to, to_stride);
            }
            $(#[$feature])?
            fn norm(a: &[f32], b: &[f32], by: &LayerNorm<'_>, out: &mut [MaybeUninit<f32>]) {
                norm::norm(simd::$simd::new(), a, b, by, out);
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

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
table!(amx: Amx, Avx512, [1 2 3 4], #[target_feature(enable = "avx512f")]);
#[cfg(target_arch = "x86_64")]
table!(avx512: Avx512, Avx512, [1 2 3 4], #[target_feature(enable = "avx512f")]);
#[cfg(target_arch = "x86_64")]
table!(avx2: Avx2, Avx2, [1], #[target_feature(enable = "avx2,fma")]);
#[cfg(target_arch = "aarch64")]
table!(neon: Neon, Neon, [1], #[target_feature(enable = "neon")]);
table!(portable: Portable, Portable, [1]);

/// What multiplies words of 32 bits.
#[derive(Clone, Copy)]
pub(crate) enum Engine {
    /// The vector unit, tile by tile.
    Tiles(&'static WordKernels),
    /// The tile unit.
    #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
    Amx(&'static AmxKernels),
}

/// The kernels for the words of one precision on one instruction set. A `&WordKernels` is only given out where the CPU has
/// the instruction set.
pub(crate) struct WordKernels {
    /// `[vectors - 1][rows - 1]`
    tiles: &'static [[WordTileFn; ROWS]],
    words: WordsFn,
}

impl WordKernels {
    /// The words of a row of inputs.
    pub(crate) fn words(&self, row: &[f32], words: &mut [u32]) -> RowScale {
        // SAFETY: `self` exists, so `engine` found the instruction set.
        unsafe { (self.words)(row, words) }
    }
}

macro_rules! word_table {
    ($name:ident: $simd:ident, $dot:expr, $words:ident, [$($vectors:literal)+] $(, #[$feature:meta])?) => {
        mod $name {
            use super::*;

            $(#[$feature])?
            unsafe fn multiply<const M: usize, const N: usize>(tile: &mut Tile<'_, u32, Rescaled<'_>>) {
                // SAFETY: the caller keeps the contract of `multiply`.
                unsafe { tile::multiply::<_, _, _, _, M, N>(simd::$simd::new(), $dot, tile) }
            }
            $(#[$feature])?
            fn words(row: &[f32], words: &mut [u32]) -> RowScale {
                rows::$words(simd::$simd::new(), row, words)
            }

            pub(super) static KERNELS: WordKernels = WordKernels {
                tiles: &[$([
                    multiply::<1, $vectors>,
                    multiply::<2, $vectors>,
                    multiply::<3, $vectors>,
                    multiply::<4, $vectors>,
                    multiply::<5, $vectors>,
                    multiply::<6, $vectors>,
                ]),+],
                words,
            };
        }
    };
}

#[cfg(target_arch = "x86_64")]
word_table!(avx512_bf16: Avx512, dot::Avx512Bf16::new(), round, [1 2 3 4], #[target_feature(enable = "avx512f,avx512bf16")]);
#[cfg(target_arch = "x86_64")]
word_table!(avx512_widened_bf16: Avx512, dot::WidenedBf16, round, [1 2 3 4], #[target_feature(enable = "avx512f")]);
#[cfg(target_arch = "x86_64")]
word_table!(avx512_vnni: Avx512, dot::Avx512Vnni::new(), quantise, [1 2 3 4], #[target_feature(enable = "avx512f,avx512vnni")]);
#[cfg(target_arch = "x86_64")]
word_table!(avx512_bytes: Avx512, dot::Bytes, quantise, [1 2 3 4], #[target_feature(enable = "avx512f,avx512bw")]);
#[cfg(target_arch = "x86_64")]
word_table!(avx2_bf16: Avx2, dot::WidenedBf16, round, [1], #[target_feature(enable = "avx2,fma")]);
#[cfg(target_arch = "x86_64")]
word_table!(avx2_bytes: Avx2, dot::Bytes, quantise, [1], #[target_feature(enable = "avx2,fma")]);
#[cfg(target_arch = "aarch64")]
word_table!(neon_bf16: Neon, dot::WidenedBf16, round, [1], #[target_feature(enable = "neon")]);
#[cfg(target_arch = "aarch64")]
word_table!(neon_bytes: Neon, dot::Bytes, quantise, [1], #[target_feature(enable = "neon")]);
word_table!(portable_bf16: Portable, dot::WidenedBf16, round, [1]);
word_table!(portable_bytes: Portable, dot::Bytes, quantise, [1]);

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
type AmxFn = unsafe fn(&Tiles, Product<'_>);

/// The tile unit's kernels for the words of one precision. A `&AmxKernels` is only given out where CPU and operating
/// system have the unit.
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
pub(crate) struct AmxKernels {
    words: WordsFn,
    identity: AmxFn,
    gelu: AmxFn,
    gelu_tanh: AmxFn,
}

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
impl AmxKernels {
    /// The words of a row of inputs.
    pub(crate) fn words(&self, row: &[f32], words: &mut [u32]) -> RowScale {
        // SAFETY: `self` exists, so `engine` found AVX-512F.
        unsafe { (self.words)(row, words) }
    }

    pub(crate) fn multiply(&self, product: Product<'_>, activation: Activation) {
        assert!(product.fits(), "a product reaches out of its slices");
        let multiply = match activation {
            Activation::Identity => self.identity,
            Activation::Gelu => self.gelu,
            Activation::GeluTanh => self.gelu_tanh,
        };
        // SAFETY: `self` exists, so `engine` found the tile unit; the product fits.
        unsafe { multiply(&Tiles::configure(), product) };
    }
}

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
macro_rules! amx_table {
    ($name:ident: $numbers:ident, $words:ident) => {
        mod $name {
            use super::*;
            use crate::activation::{Activate, Gelu, GeluTanh, Identity};

            #[target_feature(enable = "avx512f")]
            unsafe fn multiply<A: Activate>(tiles: &Tiles, activate: A, product: Product<'_>) {
                let s = simd::Avx512::new();
                // SAFETY: the caller keeps the contract of `multiply`.
                unsafe { amx_words::multiply(s, tiles, simd::$numbers, activate, product) }
            }
            #[target_feature(enable = "avx512f")]
            fn words(row: &[f32], words: &mut [u32]) -> RowScale {
                rows::$words(simd::Avx512::new(), row, words)
            }

            // SAFETY of each: the caller keeps the contract of `multiply`.
            pub(super) static KERNELS: AmxKernels = AmxKernels {
                words,
                identity: |tiles, product| unsafe { multiply(tiles, Identity, product) },
                gelu: |tiles, product| unsafe { multiply(tiles, Gelu, product) },
                gelu_tanh: |tiles, product| unsafe { multiply(tiles, GeluTanh, product) },
            };
        }
    };
}

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
amx_table!(amx_bf16: TileBf16, round);
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
amx_table!(amx_bytes: TileBytes, quantise);

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
            #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
            Isa::Amx => simd::amx::available().then_some(&amx::KERNELS),
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

    /// What multiplies in a precision, in words: the instructions, and `widened` or `emulated` where there are none for it.
    #[must_use]
    pub fn multiplier(&self, precision: Precision) -> &'static str {
        match (self.isa, precision) {
            (Isa::Amx | Isa::Avx512, Precision::F32) => "AVX-512 fused multiply-add",
            (Isa::Amx, Precision::Bf16) => "AMX tiles of bfloat16",
            (Isa::Amx, Precision::Int8) => "AMX tiles of bytes",
            #[cfg(target_arch = "x86_64")]
            (Isa::Avx512, Precision::Bf16) if is_x86_feature_detected!("avx512bf16") => {
                "AVX512-BF16 dot products"
            }
            #[cfg(target_arch = "x86_64")]
            (Isa::Avx512, Precision::Int8) if is_x86_feature_detected!("avx512vnni") => {
                "AVX512-VNNI dot products"
            }
            (Isa::Avx512, Precision::Bf16) => "AVX-512, widened to f32",
            (Isa::Avx512, Precision::Int8) => "AVX-512, emulated",
            (Isa::Avx2, Precision::F32) => "AVX2 fused multiply-add",
            (Isa::Avx2, Precision::Bf16) => "AVX2, widened to f32",
            (Isa::Avx2, Precision::Int8) => "AVX2, emulated",
            (Isa::Neon, Precision::F32) => "NEON fused multiply-add",
            (Isa::Neon, Precision::Bf16) => "NEON, widened to f32",
            (Isa::Neon, Precision::Int8) => "NEON, emulated",
            (Isa::Portable, _) => "plain Rust",
        }
    }

    /// Most columns of a tile, a multiple of 16.
    pub(crate) fn tile_columns(&self) -> usize {
        self.tiles.len() * LANES
    }

    /// What multiplies the words of `precision`, which is not f32.
    pub(crate) fn engine(&self, precision: Precision) -> Engine {
        let bf16 = precision == Precision::Bf16;
        let choose = |a, b| Engine::Tiles(if bf16 { a } else { b });
        match self.isa {
            #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
            Isa::Amx if bf16 => Engine::Amx(&amx_bf16::KERNELS),
            #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
            Isa::Amx => Engine::Amx(&amx_bytes::KERNELS),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => choose(
                if is_x86_feature_detected!("avx512bf16") {
                    &avx512_bf16::KERNELS
                } else {
                    &avx512_widened_bf16::KERNELS
                },
                if is_x86_feature_detected!("avx512vnni") {
                    &avx512_vnni::KERNELS
                } else {
                    &avx512_bytes::KERNELS
                },
            ),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => choose(&avx2_bf16::KERNELS, &avx2_bytes::KERNELS),
            #[cfg(target_arch = "aarch64")]
            Isa::Neon => choose(&neon_bf16::KERNELS, &neon_bytes::KERNELS),
            _ => choose(&portable_bf16::KERNELS, &portable_bytes::KERNELS),
        }
    }

    /// Multiplies a tile of at most `ROWS` rows and `tile_columns` columns and applies `activation`.
    pub(crate) fn multiply(&self, tile: Tile<'_, f32, Scaled<'_>>, activation: Activation) {
        self.multiply_by(self.tiles, tile, activation);
    }

    /// As [`Kernels::multiply`], of words that `by` takes.
    pub(crate) fn multiply_words(
        &self,
        by: &WordKernels,
        tile: Tile<'_, u32, Rescaled<'_>>,
        activation: Activation,
    ) {
        self.multiply_by(by.tiles, tile, activation);
    }

    fn multiply_by<T, F: Finish>(
        &self,
        tiles: &[TileFns<T, F>],
        mut tile: Tile<'_, T, F>,
        activation: Activation,
    ) {
        let (columns, vectors) = (tile.columns, tile.vectors());
        if columns == vectors * LANES {
            self.multiply_whole(tiles, &mut tile, activation);
            return;
        }
        // A last vector that would reach into the next row of `c` goes through a buffer.
        let width = vectors * LANES;
        let mut edge = [MaybeUninit::uninit(); ROWS * MAX_VECTORS * LANES];
        self.multiply_whole(
            tiles,
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

    fn multiply_whole<T, F: Finish>(
        &self,
        tiles: &[TileFns<T, F>],
        tile: &mut Tile<'_, T, F>,
        activation: Activation,
    ) {
        let vectors = tile.vectors();
        assert!(tile.fits(vectors), "a tile reaches out of its slices");
        // SAFETY: whoever has a table of these found the instruction set; the index makes `M` the tile's rows and `N` its
        // vectors, for which it fits (asserted).
        unsafe { tiles[vectors - 1][tile.rows - 1](tile) };
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
