//! One 512-bit register.

use super::{LANES, Simd};
use std::{arch::x86_64::*, mem::MaybeUninit};

#[derive(Clone, Copy)]
pub(crate) struct Avx512(());

impl Avx512 {
    #[target_feature(enable = "avx512f")]
    #[inline]
    pub(crate) fn new() -> Self {
        Self(())
    }
}

impl Simd for Avx512 {
    type V = __m512;

    #[inline(always)]
    fn splat(self, x: f32) -> __m512 {
        // SAFETY: `self` proves AVX-512F.
        unsafe { _mm512_set1_ps(x) }
    }

    #[inline(always)]
    fn load(self, from: &[f32; LANES]) -> __m512 {
        // SAFETY: `self` proves AVX-512F; `from` is 16 readable floats, of any alignment.
        unsafe { _mm512_loadu_ps(from.as_ptr()) }
    }

    #[inline(always)]
    fn write(self, v: __m512, to: &mut [MaybeUninit<f32>; LANES]) {
        // SAFETY: `self` proves AVX-512F; `to` is 16 writable floats, of any alignment.
        unsafe { _mm512_storeu_ps(to.as_mut_ptr().cast(), v) }
    }

    #[inline(always)]
    fn mul_add(self, a: __m512, b: __m512, c: __m512) -> __m512 {
        // SAFETY: `self` proves AVX-512F.
        unsafe { _mm512_fmadd_ps(a, b, c) }
    }

    #[inline(always)]
    fn add(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: `self` proves AVX-512F.
        unsafe { _mm512_add_ps(a, b) }
    }

    #[inline(always)]
    fn sub(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: `self` proves AVX-512F.
        unsafe { _mm512_sub_ps(a, b) }
    }

    #[inline(always)]
    fn mul(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: `self` proves AVX-512F.
        unsafe { _mm512_mul_ps(a, b) }
    }

    #[inline(always)]
    fn div(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: `self` proves AVX-512F.
        unsafe { _mm512_div_ps(a, b) }
    }

    #[inline(always)]
    fn min(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: `self` proves AVX-512F.
        unsafe { _mm512_min_ps(a, b) }
    }

    #[inline(always)]
    fn max(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: `self` proves AVX-512F.
        unsafe { _mm512_max_ps(a, b) }
    }

    #[inline(always)]
    fn pow2(self, v: __m512) -> __m512 {
        // SAFETY: `self` proves AVX-512F.
        unsafe {
            let exponent = _mm512_slli_epi32::<23>(_mm512_castps_si512(v));
            _mm512_castsi512_ps(_mm512_add_epi32(
                exponent,
                _mm512_castps_si512(_mm512_set1_ps(1.0)),
            ))
        }
    }

    #[inline(always)]
    fn keep(self, v: __m512, n: usize, other: f32) -> __m512 {
        let mask = if n < LANES { (1 << n) - 1 } else { u16::MAX };
        // SAFETY: `self` proves AVX-512F.
        unsafe { _mm512_mask_blend_ps(mask, _mm512_set1_ps(other), v) }
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
    fn transpose(self, rows: [__m512; LANES]) -> [__m512; LANES] {
        // SAFETY: `self` proves AVX-512F.
        unsafe {
            let mut pairs = rows;
            for i in 0..8 {
                pairs[2 * i] = _mm512_unpacklo_ps(rows[2 * i], rows[2 * i + 1]);
                pairs[2 * i + 1] = _mm512_unpackhi_ps(rows[2 * i], rows[2 * i + 1]);
            }
            // quads[4 * q + c]: column c of each group of four lanes, rows 4q..4q + 4
            let mut quads = rows;
            for q in 0..4 {
                let low = [
                    _mm512_castps_pd(pairs[4 * q]),
                    _mm512_castps_pd(pairs[4 * q + 1]),
                ];
                let high = [
                    _mm512_castps_pd(pairs[4 * q + 2]),
                    _mm512_castps_pd(pairs[4 * q + 3]),
                ];
                for c in 0..2 {
                    quads[4 * q + 2 * c] = _mm512_castpd_ps(_mm512_unpacklo_pd(low[c], high[c]));
                    quads[4 * q + 2 * c + 1] =
                        _mm512_castpd_ps(_mm512_unpackhi_pd(low[c], high[c]));
                }
            }
            let mut columns = rows;
            for c in 0..4 {
                let even_low = _mm512_shuffle_f32x4::<0x88>(quads[c], quads[4 + c]);
                let odd_low = _mm512_shuffle_f32x4::<0xdd>(quads[c], quads[4 + c]);
                let even_high = _mm512_shuffle_f32x4::<0x88>(quads[8 + c], quads[12 + c]);
                let odd_high = _mm512_shuffle_f32x4::<0xdd>(quads[8 + c], quads[12 + c]);
                columns[c] = _mm512_shuffle_f32x4::<0x88>(even_low, even_high);
                columns[4 + c] = _mm512_shuffle_f32x4::<0x88>(odd_low, odd_high);
                columns[8 + c] = _mm512_shuffle_f32x4::<0xdd>(even_low, even_high);
                columns[12 + c] = _mm512_shuffle_f32x4::<0xdd>(odd_low, odd_high);
            }
            columns
        }
    }
}
