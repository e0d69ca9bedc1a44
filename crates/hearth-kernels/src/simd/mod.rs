//! Sixteen lanes of `f32`, once per instruction set.
//!
//! A value of an implementing type is proof that the CPU has the instruction set: outside this module it can only be made
//! by `new`, which asks its caller for the target features. So the operations themselves are safe.
//!
//! Each operation is IEEE 754 `binary32` with round to nearest, ties to even, lane by lane, and therefore the same bits in
//! every implementation. They are `inline(always)`, as is all that is generic over [`Simd`]: it melts into the functions of
//! `kernels`, which carry the target features.
#![allow(unsafe_code)]

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
pub(crate) mod amx;
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "aarch64")]
mod neon;
mod portable;

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
pub(crate) use amx::{Numbers, TileBf16, TileBytes, Tiles};
#[cfg(target_arch = "x86_64")]
pub(crate) use avx2::Avx2;
#[cfg(target_arch = "x86_64")]
pub(crate) use avx512::Avx512;
#[cfg(target_arch = "aarch64")]
pub(crate) use neon::Neon;
pub(crate) use portable::Portable;

use std::mem::MaybeUninit;

/// Lanes of a vector, whatever the width of the registers.
pub(crate) const LANES: usize = 16;

pub(crate) trait Simd: Copy {
    /// Sixteen lanes.
    type V: Copy;

    fn splat(self, x: f32) -> Self::V;
    fn load(self, from: &[f32; LANES]) -> Self::V;
    fn write(self, v: Self::V, to: &mut [MaybeUninit<f32>; LANES]);
    /// `a * b + c`, rounded once.
    fn mul_add(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V;
    fn add(self, a: Self::V, b: Self::V) -> Self::V;
    fn sub(self, a: Self::V, b: Self::V) -> Self::V;
    fn mul(self, a: Self::V, b: Self::V) -> Self::V;
    fn div(self, a: Self::V, b: Self::V) -> Self::V;
    /// `if a < b { a } else { b }`: `b` when either is NaN or both are zero.
    fn min(self, a: Self::V, b: Self::V) -> Self::V;
    /// `if a > b { a } else { b }`: `b` when either is NaN or both are zero.
    fn max(self, a: Self::V, b: Self::V) -> Self::V;
    /// `2^n` for a lane that holds `1.5 * 2^23 + n`, `n` an integer in `-126..=127`.
    fn pow2(self, v: Self::V) -> Self::V;
    /// The first `n` lanes of `v`, `other` in the rest.
    fn keep(self, v: Self::V, n: usize, other: f32) -> Self::V;

    /// The two bfloat16 of each word, the low one first, as floats.
    #[inline(always)]
    fn halves(self, words: Self::V) -> (Self::V, Self::V) {
        let words = self.to_array(words).map(f32::to_bits);
        (
            self.load(&words.map(|word| f32::from_bits(word << 16))),
            self.load(&words.map(|word| f32::from_bits(word & 0xffff_0000))),
        )
    }

    /// Rounds 32 floats to bfloat16, the nearest, ties to even: 16 words, the low half first.
    #[inline(always)]
    fn write_halves(self, v: [Self::V; 2], to: &mut [u32; LANES]) {
        let mut floats = [0.0; 2 * LANES];
        let (low, high) = floats.split_at_mut(LANES);
        for (half, v) in [low, high].into_iter().zip(v) {
            half.copy_from_slice(&self.to_array(v));
        }
        for (word, pair) in to.iter_mut().zip(floats.as_chunks::<2>().0) {
            *word = u32::from(bf16(pair[0])) | u32::from(bf16(pair[1])) << 16;
        }
    }

    /// Lanes that hold an `i32` as floats.
    #[inline(always)]
    fn i32_to_f32(self, v: Self::V) -> Self::V {
        #[allow(clippy::cast_precision_loss, reason = "sums are rounded here")]
        let floats = self.to_array(v).map(|x| x.to_bits().cast_signed() as f32);
        self.load(&floats)
    }

    /// `sum + a b` in lanes that hold an `i32`: `a` has four `u8` in each word, `b` four `i8`.
    #[inline(always)]
    fn dot_bytes(self, a: Self::V, b: Self::V, sum: Self::V) -> Self::V {
        let (a, b) = (self.to_array(a), self.to_array(b));
        let mut sum = self.to_array(sum);
        for ((sum, a), b) in sum.iter_mut().zip(a).zip(b) {
            let (a, b) = (a.to_bits().to_le_bytes(), b.to_bits().to_le_bytes());
            let products = a
                .iter()
                .zip(b)
                .map(|(&a, b)| i32::from(a) * i32::from(b.cast_signed()));
            let more = products.sum::<i32>() + sum.to_bits().cast_signed();
            *sum = f32::from_bits(more.cast_unsigned());
        }
        self.load(&sum)
    }

    /// The low byte of each lane, four to a word.
    #[inline(always)]
    fn write_bytes(self, v: Self::V, to: &mut [u32; LANES / 4]) {
        let v = self.to_array(v);
        for (word, lanes) in to.iter_mut().zip(v.as_chunks::<4>().0) {
            *word = u32::from_le_bytes(lanes.map(|lane| lane.to_bits().to_le_bytes()[0]));
        }
    }

    /// Words as they are.
    #[inline(always)]
    fn load_words(self, from: &[u32; LANES]) -> Self::V {
        // SAFETY: same layout, and every pattern of 32 bits is a float.
        self.load(unsafe { &*std::ptr::from_ref(from).cast() })
    }

    /// Says that the cache line of `at` will be used soon: to the first-level cache.
    #[inline(always)]
    fn prefetch(self, at: *const f32) {
        let _ = at;
    }

    /// Says that the cache line of `at` will be read later: to the second-level cache.
    #[inline(always)]
    fn prefetch_later(self, at: *const f32) {
        let _ = at;
    }

    /// Rows to columns.
    #[inline(always)]
    fn transpose(self, rows: [Self::V; LANES]) -> [Self::V; LANES] {
        let rows = rows.map(|row| self.to_array(row));
        std::array::from_fn(|column| self.load(&std::array::from_fn(|row| rows[row][column])))
    }

    #[inline(always)]
    fn store(self, v: Self::V, to: &mut [f32; LANES]) {
        // SAFETY: same layout, and `write` leaves every float initialised.
        self.write(v, unsafe { &mut *std::ptr::from_mut(to).cast() });
    }

    #[inline(always)]
    fn to_array(self, v: Self::V) -> [f32; LANES] {
        let mut array = [0.0; LANES];
        self.store(v, &mut array);
        array
    }

    /// Fewer than 16 floats, zeros in the other lanes.
    #[inline(always)]
    fn load_first(self, from: &[f32]) -> Self::V {
        let mut array = [0.0; LANES];
        array[..from.len()].copy_from_slice(from);
        self.load(&array)
    }

    /// As many lanes as `to` is long, fewer than 16.
    #[inline(always)]
    fn write_first(self, v: Self::V, to: &mut [MaybeUninit<f32>]) {
        let array = self.to_array(v);
        to.write_copy_of_slice(&array[..to.len()]);
    }
}

/// A load from here at `LANES - n` has all bits set in its first `n` lanes and none in the others.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
static FIRST: [u32; 2 * LANES] = {
    let mut masks = [0; 2 * LANES];
    let mut i = 0;
    while i < LANES {
        masks[i] = u32::MAX;
        i += 1;
    }
    masks
};

/// The mask of the first `n` lanes.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
#[inline(always)]
fn first(n: usize) -> &'static [u32] {
    &FIRST[LANES - n.min(LANES)..][..LANES]
}

/// The nearest bfloat16, ties to even; a NaN stays one.
#[inline(always)]
pub(crate) fn bf16(x: f32) -> u16 {
    let bits = x.to_bits();
    let rounded = if x.is_nan() {
        bits | 1 << 22
    } else {
        bits + 0x7fff + (bits >> 16 & 1)
    };
    (rounded >> 16) as u16
}
