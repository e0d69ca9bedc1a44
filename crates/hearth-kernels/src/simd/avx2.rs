//! Two 256-bit registers.

use super::{LANES, Simd, first};
use std::{arch::x86_64::*, mem::MaybeUninit};

#[derive(Clone, Copy)]
pub(crate) struct Avx2(());

impl Avx2 {
    #[target_feature(enable = "avx2,fma")]
    #[inline]
    pub(crate) fn new() -> Self {
        Self(())
    }
}

/// Lanes 0 to 7 and 8 to 15.
#[derive(Clone, Copy)]
pub(crate) struct Pair(__m256, __m256);

impl Simd for Avx2 {
    type V = Pair;

    #[inline(always)]
    fn splat(self, x: f32) -> Pair {
        // SAFETY: `self` proves AVX2.
        let v = unsafe { _mm256_set1_ps(x) };
        Pair(v, v)
    }

    #[inline(always)]
    fn load(self, from: &[f32; LANES]) -> Pair {
        // SAFETY: `self` proves AVX2; `from` is 16 readable floats, of any alignment.
        unsafe {
            Pair(
                _mm256_loadu_ps(from.as_ptr()),
                _mm256_loadu_ps(from.as_ptr().add(8)),
            )
        }
    }

    #[inline(always)]
    fn write(self, v: Pair, to: &mut [MaybeUninit<f32>; LANES]) {
        let to: *mut f32 = to.as_mut_ptr().cast();
        // SAFETY: `self` proves AVX2; `to` is 16 writable floats, of any alignment.
        unsafe {
            _mm256_storeu_ps(to, v.0);
            _mm256_storeu_ps(to.add(8), v.1);
        }
    }

    #[inline(always)]
    fn mul_add(self, a: Pair, b: Pair, c: Pair) -> Pair {
        // SAFETY: `self` proves FMA.
        unsafe {
            Pair(
                _mm256_fmadd_ps(a.0, b.0, c.0),
                _mm256_fmadd_ps(a.1, b.1, c.1),
            )
        }
    }

    #[inline(always)]
    fn add(self, a: Pair, b: Pair) -> Pair {
        // SAFETY: `self` proves AVX2.
        unsafe { Pair(_mm256_add_ps(a.0, b.0), _mm256_add_ps(a.1, b.1)) }
    }

    #[inline(always)]
    fn sub(self, a: Pair, b: Pair) -> Pair {
        // SAFETY: `self` proves AVX2.
        unsafe { Pair(_mm256_sub_ps(a.0, b.0), _mm256_sub_ps(a.1, b.1)) }
    }

    #[inline(always)]
    fn mul(self, a: Pair, b: Pair) -> Pair {
        // SAFETY: `self` proves AVX2.
        unsafe { Pair(_mm256_mul_ps(a.0, b.0), _mm256_mul_ps(a.1, b.1)) }
    }

    #[inline(always)]
    fn div(self, a: Pair, b: Pair) -> Pair {
        // SAFETY: `self` proves AVX2.
        unsafe { Pair(_mm256_div_ps(a.0, b.0), _mm256_div_ps(a.1, b.1)) }
    }

    #[inline(always)]
    fn min(self, a: Pair, b: Pair) -> Pair {
        // SAFETY: `self` proves AVX2.
        unsafe { Pair(_mm256_min_ps(a.0, b.0), _mm256_min_ps(a.1, b.1)) }
    }

    #[inline(always)]
    fn max(self, a: Pair, b: Pair) -> Pair {
        // SAFETY: `self` proves AVX2.
        unsafe { Pair(_mm256_max_ps(a.0, b.0), _mm256_max_ps(a.1, b.1)) }
    }

    #[inline(always)]
    fn pow2(self, v: Pair) -> Pair {
        // SAFETY: `self` proves AVX2.
        unsafe {
            let one = _mm256_castps_si256(_mm256_set1_ps(1.0));
            let low = _mm256_slli_epi32::<23>(_mm256_castps_si256(v.0));
            let high = _mm256_slli_epi32::<23>(_mm256_castps_si256(v.1));
            Pair(
                _mm256_castsi256_ps(_mm256_add_epi32(low, one)),
                _mm256_castsi256_ps(_mm256_add_epi32(high, one)),
            )
        }
    }

    #[inline(always)]
    fn keep(self, v: Pair, n: usize, other: f32) -> Pair {
        let mask: *const f32 = first(n).as_ptr().cast();
        // SAFETY: `self` proves AVX2; `first` gives 16 readable words.
        unsafe {
            let other = _mm256_set1_ps(other);
            Pair(
                _mm256_blendv_ps(other, v.0, _mm256_loadu_ps(mask)),
                _mm256_blendv_ps(other, v.1, _mm256_loadu_ps(mask.add(8))),
            )
        }
    }

    #[inline(always)]
    fn halves(self, words: Pair) -> (Pair, Pair) {
        // SAFETY: `self` proves AVX2.
        let halves = |words: __m256| unsafe {
            let words = _mm256_castps_si256(words);
            let high = _mm256_and_si256(words, _mm256_set1_epi32(0xffff_0000_u32.cast_signed()));
            (
                _mm256_castsi256_ps(_mm256_slli_epi32::<16>(words)),
                _mm256_castsi256_ps(high),
            )
        };
        let ((low_0, high_0), (low_1, high_1)) = (halves(words.0), halves(words.1));
        (Pair(low_0, low_1), Pair(high_0, high_1))
    }

    #[inline(always)]
    fn i32_to_f32(self, v: Pair) -> Pair {
        // SAFETY: `self` proves AVX2.
        unsafe {
            Pair(
                _mm256_cvtepi32_ps(_mm256_castps_si256(v.0)),
                _mm256_cvtepi32_ps(_mm256_castps_si256(v.1)),
            )
        }
    }

    /// Even and odd bytes apart, widened to 16 bits: the instruction that multiplies bytes would saturate.
    #[inline(always)]
    fn dot_bytes(self, a: Pair, b: Pair, sum: Pair) -> Pair {
        // SAFETY: `self` proves AVX2.
        let dot = |a: __m256, b: __m256, sum: __m256| unsafe {
            let (a, b) = (_mm256_castps_si256(a), _mm256_castps_si256(b));
            let even = _mm256_madd_epi16(
                _mm256_and_si256(a, _mm256_set1_epi16(0xff)),
                _mm256_srai_epi16::<8>(_mm256_slli_epi16::<8>(b)),
            );
            let odd = _mm256_madd_epi16(_mm256_srli_epi16::<8>(a), _mm256_srai_epi16::<8>(b));
            let sum = _mm256_add_epi32(_mm256_castps_si256(sum), _mm256_add_epi32(even, odd));
            _mm256_castsi256_ps(sum)
        };
        Pair(dot(a.0, b.0, sum.0), dot(a.1, b.1, sum.1))
    }

    #[inline(always)]
    fn prefetch(self, at: *const f32) {
        // SAFETY: a prefetch does not access memory, whatever the address.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(at.cast()) }
    }

    #[inline(always)]
    fn prefetch_later(self, at: *const f32) {
        // SAFETY: a prefetch does not access memory, whatever the address.
        unsafe { _mm_prefetch::<_MM_HINT_T1>(at.cast()) }
    }

    #[inline(always)]
    fn transpose(self, rows: [Pair; LANES]) -> [Pair; LANES] {
        let mut columns = rows;
        for half in 0..2 {
            let quarter = |row: usize| if half == 0 { rows[row].0 } else { rows[row].1 };
            let low = transpose8(self, std::array::from_fn(quarter));
            let high = transpose8(self, std::array::from_fn(|row| quarter(8 + row)));
            for c in 0..8 {
                columns[8 * half + c] = Pair(low[c], high[c]);
            }
        }
        columns
    }
}

/// Eight rows of eight to columns.
#[inline(always)]
fn transpose8(_proof: Avx2, rows: [__m256; 8]) -> [__m256; 8] {
    // SAFETY: `_proof` proves AVX2.
    unsafe {
        let mut pairs = rows;
        for i in 0..4 {
            pairs[2 * i] = _mm256_unpacklo_ps(rows[2 * i], rows[2 * i + 1]);
            pairs[2 * i + 1] = _mm256_unpackhi_ps(rows[2 * i], rows[2 * i + 1]);
        }
        // quads[4 * q + c]: column c of each group of four lanes, rows 4q..4q + 4
        let mut quads = rows;
        for q in 0..2 {
            for c in 0..2 {
                let (low, high) = (pairs[4 * q + c], pairs[4 * q + 2 + c]);
                quads[4 * q + 2 * c] = _mm256_shuffle_ps::<0x44>(low, high);
                quads[4 * q + 2 * c + 1] = _mm256_shuffle_ps::<0xee>(low, high);
            }
        }
        let mut columns = rows;
        for c in 0..4 {
            columns[c] = _mm256_permute2f128_ps::<0x20>(quads[c], quads[4 + c]);
            columns[4 + c] = _mm256_permute2f128_ps::<0x31>(quads[c], quads[4 + c]);
        }
        columns
    }
}
