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
    fn halves(self, words: __m512) -> (__m512, __m512) {
        // SAFETY: `self` proves AVX-512F.
        unsafe {
            let words = _mm512_castps_si512(words);
            let high = _mm512_and_si512(words, _mm512_set1_epi32(0xffff_0000_u32.cast_signed()));
            (
                _mm512_castsi512_ps(_mm512_slli_epi32::<16>(words)),
                _mm512_castsi512_ps(high),
            )
        }
    }

    #[inline(always)]
    fn write_halves(self, v: [__m512; 2], to: &mut [u32; LANES]) {
        let to: *mut __m256i = to.as_mut_ptr().cast();
        for (i, v) in v.into_iter().enumerate() {
            // SAFETY: `self` proves AVX-512F; `to` is 64 writable bytes, of any alignment.
            unsafe {
                let bits = _mm512_castps_si512(v);
                let odd = _mm512_and_si512(_mm512_srli_epi32::<16>(bits), _mm512_set1_epi32(1));
                let rounded =
                    _mm512_add_epi32(bits, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7fff)));
                let nan = _mm512_cmp_ps_mask::<_CMP_UNORD_Q>(v, v);
                let quiet = _mm512_set1_epi32(1 << 22);
                let bits = _mm512_mask_or_epi32(rounded, nan, bits, quiet);
                let halves = _mm512_cvtepi32_epi16(_mm512_srli_epi32::<16>(bits));
                _mm256_storeu_si256(to.add(i), halves);
            }
        }
    }

    #[inline(always)]
    fn i32_to_f32(self, v: __m512) -> __m512 {
        // SAFETY: `self` proves AVX-512F.
        unsafe { _mm512_cvtepi32_ps(_mm512_castps_si512(v)) }
    }

    #[inline(always)]
    fn write_bytes(self, v: __m512, to: &mut [u32; LANES / 4]) {
        // SAFETY: `self` proves AVX-512F; `to` is 16 writable bytes, of any alignment.
        unsafe {
            let bytes = _mm512_cvtepi32_epi8(_mm512_castps_si512(v));
            _mm_storeu_si128(to.as_mut_ptr().cast(), bytes);
        }
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
