//! What the machine could do at most.
#![allow(unsafe_code)]

use crate::{Isa, Kernels, Precision};
use std::{hint::black_box, time::Instant};

/// Sums that do not wait for one another: more than the latency of an addition times the additions a cycle.
const CHAINS: usize = 12;

/// Multiplications and additions per second, two for each product that is summed, of the instructions that the linear
/// layers of a precision are made of, on this thread, with all operands in registers: the limit no kernel gets past.
///
/// `rounds` times twelve vector instructions (or four of the tile unit) are timed; a million take some milliseconds.
/// `None` where a precision is emulated, and for the portable kernels.
#[must_use]
pub fn peak(kernels: &Kernels, precision: Precision, rounds: usize) -> Option<f64> {
    let (run, per_round) = loop_of(kernels.isa(), precision)?;
    let start = Instant::now();
    // SAFETY: `loop_of` gives out what the CPU has.
    unsafe { run(rounds) };
    let seconds = start.elapsed().as_secs_f64();
    #[allow(clippy::cast_precision_loss, reason = "a rate")]
    Some((rounds * per_round * 2) as f64 / seconds)
}

/// A loop, and the products of one round of it.
fn loop_of(isa: Isa, precision: Precision) -> Option<(unsafe fn(usize), usize)> {
    match (isa, precision) {
        #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
        (Isa::Amx, Precision::Bf16) => Some((x86::tiles_bf16, 4 * 16 * 16 * 32)),
        #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
        (Isa::Amx, Precision::Int8) => Some((x86::tiles_int8, 4 * 16 * 16 * 64)),
        #[cfg(target_arch = "x86_64")]
        (Isa::Amx | Isa::Avx512, Precision::F32) => Some((x86::avx512_f32, CHAINS * 16)),
        #[cfg(target_arch = "x86_64")]
        (Isa::Avx512, Precision::Bf16) => {
            is_x86_feature_detected!("avx512bf16").then_some((x86::avx512_bf16, CHAINS * 32))
        }
        #[cfg(target_arch = "x86_64")]
        (Isa::Avx512, Precision::Int8) => {
            is_x86_feature_detected!("avx512vnni").then_some((x86::avx512_int8, CHAINS * 64))
        }
        #[cfg(target_arch = "x86_64")]
        (Isa::Avx2, Precision::F32) => Some((x86::avx2_f32, CHAINS * 8)),
        #[cfg(target_arch = "aarch64")]
        (Isa::Neon, Precision::F32) => Some((neon_f32, 2 * CHAINS * 4)),
        _ => None,
    }
}

macro_rules! chains {
    ($name:ident, $feature:literal, $n:expr, $one:expr, $step:expr) => {
        #[target_feature(enable = $feature)]
        pub(super) fn $name(rounds: usize) {
            let (a, b) = (black_box($one), black_box($one));
            let mut chains = [$one; $n];
            for _ in 0..rounds {
                for chain in &mut chains {
                    *chain = $step(*chain, a, b);
                }
            }
            black_box(chains);
        }
    };
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::{CHAINS, black_box};
    use std::{arch::x86_64::*, mem::transmute};

    chains!(
        avx512_f32,
        "avx512f",
        CHAINS,
        _mm512_set1_ps(0.5),
        |sum, a, b| { _mm512_fmadd_ps(a, b, sum) }
    );
    chains!(
        avx2_f32,
        "avx2,fma",
        CHAINS,
        _mm256_set1_ps(0.5),
        |sum, a, b| { _mm256_fmadd_ps(a, b, sum) }
    );
    chains!(
        avx512_bf16,
        "avx512f,avx512bf16",
        CHAINS,
        _mm512_set1_ps(0.5),
        |sum, a, b| {
            // SAFETY: vectors of one size, and any bits are bfloat16.
            let halves = |v| unsafe { transmute::<__m512, __m512bh>(v) };
            _mm512_dpbf16_ps(sum, halves(a), halves(b))
        }
    );
    chains!(
        avx512_int8,
        "avx512f,avx512vnni",
        CHAINS,
        _mm512_set1_epi32(1),
        |sum, a, b| { _mm512_dpbusd_epi32(sum, a, b) }
    );

    #[cfg(target_os = "linux")]
    macro_rules! tiles {
        ($name:ident, $dot:literal) => {
            pub(super) unsafe fn $name(rounds: usize) {
                // SAFETY: the caller found the tile unit.
                let tiles = unsafe { crate::simd::Tiles::configure() };
                tiles.clear();
                for _ in 0..rounds {
                    // SAFETY: the tiles are configured.
                    unsafe {
                        std::arch::asm!(
                            concat!($dot, " tmm0, tmm6, tmm4"),
                            concat!($dot, " tmm1, tmm6, tmm5"),
                            concat!($dot, " tmm2, tmm7, tmm4"),
                            concat!($dot, " tmm3, tmm7, tmm5"),
                            options(nomem, nostack),
                        );
                    }
                }
            }
        };
    }
    #[cfg(target_os = "linux")]
    tiles!(tiles_bf16, "tdpbf16ps");
    #[cfg(target_os = "linux")]
    tiles!(tiles_int8, "tdpbusd");
}

#[cfg(target_arch = "aarch64")]
use std::arch::aarch64::{vdupq_n_f32, vfmaq_f32};
#[cfg(target_arch = "aarch64")]
chains!(
    neon_f32,
    "neon",
    2 * CHAINS,
    vdupq_n_f32(0.5),
    |sum, a, b| vfmaq_f32(sum, a, b)
);
