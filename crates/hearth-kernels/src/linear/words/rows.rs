//! Rows of floats to rows of words.
#![allow(unsafe_code)]

use super::dot::RowScale;
use crate::{
    math,
    simd::{LANES, Simd},
};

/// Adding it rounds to the nearest integer, which then stands in the low bits of the sum.
const ROUND: f32 = 12_582_912.0;
/// Steps of a byte.
const STEPS: f32 = 255.0;

/// Two floats a word, each rounded to the nearest bfloat16; zero past the row's end.
///
/// # Shapes
/// - `words`: at least as many as the row fills, a multiple of 16
#[inline(always)]
pub(crate) fn round<S: Simd>(s: S, row: &[f32], words: &mut [u32]) -> RowScale {
    let (wholes, rest) = row.as_chunks::<{ 2 * LANES }>();
    let (words, _) = words.as_chunks_mut::<LANES>();
    let (body, tail) = words.split_at_mut(wholes.len());
    for (floats, words) in wholes.iter().zip(body) {
        write(s, floats, words);
    }
    for words in tail {
        let mut floats = [0.0; 2 * LANES];
        floats[..rest.len()].copy_from_slice(rest);
        write(s, &floats, words);
    }
    RowScale::ONE
}

#[inline(always)]
fn write<S: Simd>(s: S, floats: &[f32; 2 * LANES], words: &mut [u32; LANES]) {
    let (vectors, _) = floats.as_chunks::<LANES>();
    s.write_halves([s.load(&vectors[0]), s.load(&vectors[1])], words);
}

/// Four floats a word, each in one of 256 steps from the row's least value to its greatest; the steps are rounded to
/// nearest. A row with a NaN or an infinity in it has a scale that is none either, so that its results are NaN.
///
/// # Shapes
/// - `words`: at least as many as the row fills, a multiple of 16
#[inline(always)]
pub(crate) fn quantise<S: Simd>(s: S, row: &[f32], words: &mut [u32]) -> RowScale {
    let (wholes, rest) = row.as_chunks::<LANES>();
    let (mut least, mut greatest) = (s.splat(f32::INFINITY), s.splat(f32::NEG_INFINITY));
    // A NaN is lost to `min` and `max`; multiplied by zero and summed up it is not.
    let mut broken = s.splat(0.0);
    for floats in wholes {
        let v = s.load(floats);
        least = s.min(least, v);
        greatest = s.max(greatest, v);
        broken = s.mul_add(v, s.splat(0.0), broken);
    }
    if !rest.is_empty() {
        let v = s.load_first(rest);
        least = s.min(least, s.keep(v, rest.len(), f32::INFINITY));
        greatest = s.max(greatest, s.keep(v, rest.len(), f32::NEG_INFINITY));
        broken = s.mul_add(v, s.splat(0.0), broken);
    }
    let zero = s.splat(0.0);
    let least = -math::greatest(s, s.sub(zero, least));
    let broken = math::sum(s, broken);
    let range = math::greatest(s, greatest) - least;
    // Zero where all values are equal: every step is 0 then, and `least` says it all.
    let steps = if range > 0.0 { STEPS / range } else { 0.0 };
    let (steps, minus_least) = (s.splat(steps), s.splat(-least));
    let step = |v: S::V| {
        let v = s.mul(s.add(v, minus_least), steps);
        s.add(s.min(s.splat(STEPS), v), s.splat(ROUND))
    };
    let (bytes, _) = words.as_chunks_mut::<{ LANES / 4 }>();
    let (body, tail) = bytes.split_at_mut(wholes.len());
    for (floats, bytes) in wholes.iter().zip(body) {
        s.write_bytes(step(s.load(floats)), bytes);
    }
    for bytes in tail {
        s.write_bytes(step(s.load_first(rest)), bytes);
    }
    RowScale {
        scale: range / STEPS + broken,
        least: least + broken,
    }
}
