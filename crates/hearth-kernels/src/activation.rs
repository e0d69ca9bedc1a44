#![allow(unsafe_code)]

use crate::{math, simd::Simd};
use std::mem::MaybeUninit;

/// What is applied to each output of a linear layer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Activation {
    /// Nothing.
    #[default]
    Identity,
    /// `x / 2 * (1 + erf(x / sqrt 2))`, BERT's own.
    Gelu,
    /// `x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3)))`, the approximation some models were trained with.
    GeluTanh,
}

/// An [`Activation`] as a type, for kernels that are compiled for each.
pub(crate) trait Activate: Copy {
    fn apply<S: Simd>(self, s: S, x: S::V) -> S::V;
}

#[derive(Clone, Copy)]
pub(crate) struct Identity;
#[derive(Clone, Copy)]
pub(crate) struct Gelu;
#[derive(Clone, Copy)]
pub(crate) struct GeluTanh;

impl Activate for Identity {
    #[inline(always)]
    fn apply<S: Simd>(self, _: S, x: S::V) -> S::V {
        x
    }
}

impl Activate for Gelu {
    #[inline(always)]
    fn apply<S: Simd>(self, s: S, x: S::V) -> S::V {
        gelu(s, x)
    }
}

impl Activate for GeluTanh {
    #[inline(always)]
    fn apply<S: Simd>(self, s: S, x: S::V) -> S::V {
        gelu_tanh(s, x)
    }
}

/// Applies `activation` to the first `width` floats, a multiple of 16, of each of `rows` rows that are `stride` apart.
///
/// # Safety
/// These floats are initialised.
#[inline(always)]
pub(crate) unsafe fn activate<S: Simd>(
    s: S,
    activation: Activation,
    cells: &mut [MaybeUninit<f32>],
    shape: [usize; 3],
) {
    // SAFETY: the caller.
    unsafe {
        match activation {
            Activation::Identity => {}
            Activation::Gelu => activate_rows(s, Gelu, cells, shape),
            Activation::GeluTanh => activate_rows(s, GeluTanh, cells, shape),
        }
    }
}

#[inline(always)]
unsafe fn activate_rows<S: Simd>(
    s: S,
    by: impl Activate,
    cells: &mut [MaybeUninit<f32>],
    [rows, width, stride]: [usize; 3],
) {
    for row in cells.chunks_mut(stride).take(rows) {
        // SAFETY: the caller.
        for v in unsafe { row[..width].assume_init_mut() }.as_chunks_mut().0 {
            s.store(by.apply(s, s.load(v)), v);
        }
    }
}

/// With `p` the probability of a normal value below `-|x|`: `x p` for negative `x`, `x (1 - p)` for positive.
#[inline(always)]
fn gelu<S: Simd>(s: S, x: S::V) -> S::V {
    let zero = s.splat(0.0);
    // Below -12.5, where `x p` is under 1e-34, it stays there.
    let minus_abs = s.max(s.splat(-12.5), s.min(x, s.sub(zero, x)));
    s.mul_add(
        minus_abs,
        math::probability_below(s, minus_abs),
        s.max(x, zero),
    )
}

/// With `u = sqrt(2 / pi) * (x + 0.044715 x^3)`: `1 + tanh u` is `2 / (1 + exp(-2u))`.
#[inline(always)]
fn gelu_tanh<S: Simd>(s: S, x: S::V) -> S::V {
    const LINEAR: f32 = -1.595_769; // -2 sqrt(2 / pi)
    const CUBIC: f32 = -0.071_354_814; // LINEAR * 0.044715
    let minus_2u = s.mul(x, s.mul_add(s.mul(x, x), s.splat(CUBIC), s.splat(LINEAR)));
    s.div(x, s.add(s.splat(1.0), math::exp(s, minus_2u)))
}
