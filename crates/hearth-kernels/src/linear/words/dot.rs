//! Products of words, and what becomes of their sums.
#![allow(unsafe_code)]

#[cfg(target_arch = "x86_64")]
use crate::simd::Avx512;
use crate::{
    simd::{LANES, Simd},
    tile::{Dot, Finish, ROWS},
};

/// Two bfloat16 a word, widened: fused multiply-adds of the low halves, then of the high ones.
#[derive(Clone, Copy)]
pub(crate) struct WidenedBf16;

/// Four bytes a word, `u8` times `i8`, summed exactly.
#[derive(Clone, Copy)]
pub(crate) struct Bytes;

/// Two bfloat16 a word by the instruction made for them, which rounds each of its two additions and takes subnormal numbers
/// for zero.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy)]
pub(crate) struct Avx512Bf16(());

/// Four bytes a word by the instruction made for them, summed exactly.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy)]
pub(crate) struct Avx512Vnni(());

macro_rules! words {
    ($(#[$cfg:meta])? $dot:ident, $($generic:ident: $bound:ident)?, $simd:ty, $dot_of:expr, $floats:expr) => {
        $(#[$cfg])?
        impl<$($generic: $bound)?> Dot<$simd, u32> for $dot {
            #[inline(always)]
            fn splat(self, s: $simd, word: u32) -> <$simd as Simd>::V {
                s.splat(f32::from_bits(word))
            }

            #[inline(always)]
            fn load(self, s: $simd, words: &[u32; LANES]) -> <$simd as Simd>::V {
                s.load_words(words)
            }

            #[inline(always)]
            fn dot(
                self,
                s: $simd,
                a: <$simd as Simd>::V,
                b: <$simd as Simd>::V,
                sum: <$simd as Simd>::V,
            ) -> <$simd as Simd>::V {
                $dot_of(s, a, b, sum)
            }

            #[inline(always)]
            fn floats(self, s: $simd, sum: <$simd as Simd>::V) -> <$simd as Simd>::V {
                $floats(s, sum)
            }
        }
    };
}

words!(
    WidenedBf16,
    S: Simd,
    S,
    |s: S, a, b, sum| {
        let ((a_low, a_high), (b_low, b_high)) = (s.halves(a), s.halves(b));
        s.mul_add(a_high, b_high, s.mul_add(a_low, b_low, sum))
    },
    |_, sum| sum
);
words!(
    Bytes,
    S: Simd,
    S,
    |s: S, a, b, sum| s.dot_bytes(a, b, sum),
    |s: S, sum| s.i32_to_f32(sum)
);
words!(
    #[cfg(target_arch = "x86_64")]
    Avx512Bf16,
    ,
    Avx512,
    |_, a, b, sum| {
        use std::{arch::x86_64::*, mem::transmute};
        // SAFETY: a value of this type proves AVX512-BF16; the vectors are of one size, and any bits are bfloat16.
        unsafe { _mm512_dpbf16_ps(sum, transmute::<__m512, __m512bh>(a), transmute::<__m512, __m512bh>(b)) }
    },
    |_, sum| sum
);
words!(
    #[cfg(target_arch = "x86_64")]
    Avx512Vnni,
    ,
    Avx512,
    |_, a, b, sum| {
        use std::arch::x86_64::*;
        // SAFETY: a value of this type proves AVX512-VNNI.
        unsafe {
            let (a, b) = (_mm512_castps_si512(a), _mm512_castps_si512(b));
            _mm512_castsi512_ps(_mm512_dpbusd_epi32(_mm512_castps_si512(sum), a, b))
        }
    },
    |s: Avx512, sum| s.i32_to_f32(sum)
);

#[cfg(target_arch = "x86_64")]
impl Avx512Bf16 {
    #[target_feature(enable = "avx512f,avx512bf16")]
    #[inline]
    pub(crate) fn new() -> Self {
        Self(())
    }
}

#[cfg(target_arch = "x86_64")]
impl Avx512Vnni {
    #[target_feature(enable = "avx512f,avx512vnni")]
    #[inline]
    pub(crate) fn new() -> Self {
        Self(())
    }
}

/// How the words of a row of inputs become the row: `least + scale * word`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct RowScale {
    pub(crate) scale: f32,
    pub(crate) least: f32,
}

impl RowScale {
    /// Words that are the numbers themselves.
    pub(crate) const ONE: Self = Self {
        scale: 1.0,
        least: 0.0,
    };
}

/// What each output needs to become a float: `[outputs]` each, rounded up to whole tiles.
#[derive(Clone, Copy)]
pub(crate) struct Columns<'a> {
    /// What its weights were divided by.
    pub(crate) scale: &'a [f32],
    /// The sum of its weights, which each row's `least` is multiplied with.
    pub(crate) sum: &'a [f32],
    pub(crate) bias: &'a [f32],
}

impl<'a> Columns<'a> {
    /// Those from a column on.
    pub(crate) fn from(self, column: usize) -> Self {
        Self {
            scale: &self.scale[column..],
            sum: &self.sum[column..],
            bias: &self.bias[column..],
        }
    }
}

/// `sum * row.scale * column.scale + (row.least * column.sum + bias)`.
#[derive(Clone, Copy)]
pub(crate) struct Rescaled<'a> {
    pub(crate) rows: [RowScale; ROWS],
    pub(crate) columns: Columns<'a>,
}

impl Finish for Rescaled<'_> {
    #[inline(always)]
    fn reaches(&self, vectors: usize) -> bool {
        self.columns.reach(vectors)
    }

    #[inline(always)]
    unsafe fn finish<S: Simd>(&self, s: S, sum: S::V, row: usize, vector: usize) -> S::V {
        // SAFETY: the caller.
        unsafe { self.columns.rescale(s, sum, self.rows[row], vector) }
    }
}

impl Columns<'_> {
    #[inline(always)]
    pub(crate) fn reach(&self, vectors: usize) -> bool {
        [self.scale, self.sum, self.bias]
            .iter()
            .all(|columns| columns.len() >= vectors * LANES)
    }

    /// # Safety
    /// `vector` is below a number of vectors that `reach`.
    #[inline(always)]
    pub(crate) unsafe fn rescale<S: Simd>(
        &self,
        s: S,
        sum: S::V,
        row: RowScale,
        vector: usize,
    ) -> S::V {
        // SAFETY: the caller.
        let load = |from: &[f32]| s.load(unsafe { &*from.as_ptr().add(vector * LANES).cast() });
        let rest = s.mul_add(s.splat(row.least), load(self.sum), load(self.bias));
        s.mul_add(s.mul(sum, s.splat(row.scale)), load(self.scale), rest)
    }
}
