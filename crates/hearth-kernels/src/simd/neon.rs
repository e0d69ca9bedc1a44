//! Four 128-bit registers.

use super::{LANES, Simd, first};
use std::{arch::aarch64::*, array::from_fn, mem::MaybeUninit};

#[derive(Clone, Copy)]
pub(crate) struct Neon(());

impl Neon {
    #[target_feature(enable = "neon")]
    #[inline]
    pub(crate) fn new() -> Self {
        Self(())
    }
}

impl Simd for Neon {
    type V = [float32x4_t; 4];

    #[inline(always)]
    fn splat(self, x: f32) -> Self::V {
        // SAFETY: `self` proves NEON.
        unsafe { [vdupq_n_f32(x); 4] }
    }

    #[inline(always)]
    fn load(self, from: &[f32; LANES]) -> Self::V {
        // SAFETY: `self` proves NEON; `from` is 16 readable floats.
        from_fn(|i| unsafe { vld1q_f32(from.as_ptr().add(4 * i)) })
    }

    #[inline(always)]
    fn write(self, v: Self::V, to: &mut [MaybeUninit<f32>; LANES]) {
        let to: *mut f32 = to.as_mut_ptr().cast();
        for (i, part) in v.into_iter().enumerate() {
            // SAFETY: `self` proves NEON; `to` is 16 writable floats.
            unsafe { vst1q_f32(to.add(4 * i), part) }
        }
    }

    #[inline(always)]
    fn mul_add(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V {
        // SAFETY: `self` proves NEON.
        from_fn(|i| unsafe { vfmaq_f32(c[i], a[i], b[i]) })
    }

    #[inline(always)]
    fn add(self, a: Self::V, b: Self::V) -> Self::V {
        // SAFETY: `self` proves NEON.
        from_fn(|i| unsafe { vaddq_f32(a[i], b[i]) })
    }

    #[inline(always)]
    fn sub(self, a: Self::V, b: Self::V) -> Self::V {
        // SAFETY: `self` proves NEON.
        from_fn(|i| unsafe { vsubq_f32(a[i], b[i]) })
    }

    #[inline(always)]
    fn mul(self, a: Self::V, b: Self::V) -> Self::V {
        // SAFETY: `self` proves NEON.
        from_fn(|i| unsafe { vmulq_f32(a[i], b[i]) })
    }

    #[inline(always)]
    fn div(self, a: Self::V, b: Self::V) -> Self::V {
        // SAFETY: `self` proves NEON.
        from_fn(|i| unsafe { vdivq_f32(a[i], b[i]) })
    }

    #[inline(always)]
    fn min(self, a: Self::V, b: Self::V) -> Self::V {
        // SAFETY: `self` proves NEON.
        from_fn(|i| unsafe { vbslq_f32(vcltq_f32(a[i], b[i]), a[i], b[i]) })
    }

    #[inline(always)]
    fn max(self, a: Self::V, b: Self::V) -> Self::V {
        // SAFETY: `self` proves NEON.
        from_fn(|i| unsafe { vbslq_f32(vcgtq_f32(a[i], b[i]), a[i], b[i]) })
    }

    #[inline(always)]
    fn pow2(self, v: Self::V) -> Self::V {
        // SAFETY: `self` proves NEON.
        from_fn(|i| unsafe {
            let exponent = vshlq_n_u32::<23>(vreinterpretq_u32_f32(v[i]));
            vreinterpretq_f32_u32(vaddq_u32(exponent, vdupq_n_u32(1.0_f32.to_bits())))
        })
    }

    #[inline(always)]
    fn keep(self, v: Self::V, n: usize, other: f32) -> Self::V {
        let mask = first(n).as_ptr();
        // SAFETY: `self` proves NEON; `first` gives 16 readable words.
        from_fn(|i| unsafe { vbslq_f32(vld1q_u32(mask.add(4 * i)), v[i], vdupq_n_f32(other)) })
    }
}
