//! What the kernels compute, in plain loops of `f64`: the standard their results are measured against.
//!
//! Slow, and without any rule for the order of operations. Shapes are those of the kernels.

use crate::{Activation, LayerNorm};

/// The error function, to about 1e-15: `2 / sqrt(pi) exp(-x^2) sum_n 2^n x^(2n + 1) / (1 * 3 * ... * (2n + 1))`.
///
/// All terms have one sign, so nothing cancels; from 6 on the function is 1 in `f64`.
#[must_use]
pub fn erf(x: f64) -> f64 {
    if x.is_nan() || x.abs() > 6.0 {
        return if x.is_nan() { x } else { x.signum() };
    }
    let (mut term, mut sum, mut odd) = (x, x, 1.0);
    while term.abs() > sum.abs() * 1e-17 {
        odd += 2.0;
        term *= 2.0 * x * x / odd;
        sum += term;
    }
    std::f64::consts::FRAC_2_SQRT_PI * (-x * x).exp() * sum
}

/// An activation of one value.
#[must_use]
pub fn activate(activation: Activation, x: f64) -> f64 {
    match activation {
        Activation::Identity => x,
        Activation::Gelu => 0.5 * x * (1.0 + erf(x * std::f64::consts::FRAC_1_SQRT_2)),
        Activation::GeluTanh => {
            let u = (2.0 / std::f64::consts::PI).sqrt() * (x + 0.044_715 * x * x * x);
            0.5 * x * (1.0 + u.tanh())
        }
    }
}

/// [`PackedLinear::apply`](crate::PackedLinear::apply) of a layer that is not packed.
///
/// # Shapes
/// - `x`: `[rows, inputs]`
/// - `weight`: `[outputs, inputs]`
/// - `bias`: `[outputs]`
/// - result: `[rows, outputs]`
#[must_use]
pub fn linear(x: &[f32], weight: &[f32], bias: &[f32], activation: Activation) -> Vec<f64> {
    let inputs = weight.len() / bias.len();
    let output = |x: &[f32], (weight, &bias): (&[f32], &f32)| {
        activate(activation, dot(x, weight) + f64::from(bias))
    };
    let row = |x| {
        weight
            .chunks_exact(inputs)
            .zip(bias)
            .map(move |of| output(x, of))
    };
    x.chunks_exact(inputs).flat_map(row).collect()
}

/// [`Kernels::attention`](crate::Kernels::attention).
///
/// # Shapes
/// - `qkv`: `[n_pieces, 3 * hidden]`
/// - `cu_seqlens`: `[n_sequences + 1]`
/// - result: `[n_pieces, hidden]`
#[must_use]
pub fn attention(qkv: &[f32], cu_seqlens: &[u32], hidden: usize, heads: usize) -> Vec<f64> {
    let size = hidden / heads;
    let at = |piece: u32, column: usize| &qkv[piece as usize * 3 * hidden + column..][..size];
    let mut out = Vec::with_capacity(qkv.len() / 3);
    for bounds in cu_seqlens.windows(2) {
        let pieces = bounds[0]..bounds[1];
        for piece in pieces.clone() {
            for head in (0..hidden).step_by(size) {
                let query = at(piece, head);
                let scores = pieces
                    .clone()
                    .map(|key| dot(query, at(key, hidden + head)) / (size as f64).sqrt());
                let scores: Vec<f64> = scores.collect();
                let greatest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                let powers: Vec<f64> = scores
                    .iter()
                    .map(|score| (score - greatest).exp())
                    .collect();
                let sum: f64 = powers.iter().sum();
                out.extend((0..size).map(|column| {
                    let values = pieces
                        .clone()
                        .map(|piece| f64::from(at(piece, 2 * hidden + head)[column]));
                    powers
                        .iter()
                        .zip(values)
                        .map(|(power, value)| power * value)
                        .sum::<f64>()
                        / sum
                }));
            }
        }
    }
    out
}

/// [`Kernels::add_norm`](crate::Kernels::add_norm).
///
/// # Shapes
/// - `x`, `residual`, result: `[rows, width]`
#[must_use]
pub fn add_norm(x: &[f32], residual: &[f32], norm: &LayerNorm<'_>) -> Vec<f64> {
    let width = norm.gamma.len();
    let mut out = Vec::with_capacity(x.len());
    for (x, residual) in x.chunks_exact(width).zip(residual.chunks_exact(width)) {
        let row: Vec<f64> = x
            .iter()
            .zip(residual)
            .map(|(&x, &residual)| f64::from(x) + f64::from(residual))
            .collect();
        let mean = row.iter().sum::<f64>() / width as f64;
        let variance = row.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / width as f64;
        let scale = 1.0 / (variance + f64::from(norm.eps)).sqrt();
        let by = norm.gamma.iter().zip(norm.beta);
        out.extend(
            row.iter().zip(by).map(|(x, (&gamma, &beta))| {
                (x - mean) * scale * f64::from(gamma) + f64::from(beta)
            }),
        );
    }
    out
}

fn dot(a: &[f32], b: &[f32]) -> f64 {
    a.iter()
        .zip(b)
        .map(|(&a, &b)| f64::from(a) * f64::from(b))
        .sum()
}
