#![allow(unsafe_code)]

use crate::{
    Kernels, Out, math,
    sequences::n_pieces,
    simd::{LANES, Simd},
};
use std::mem::MaybeUninit;

/// Layer normalisation of rows: `(x - mean) / sqrt(variance + eps) * gamma + beta`, the variance over the whole row
/// (divided by the width) and computed from the differences to the mean.
///
/// # Shapes
/// - `gamma`, `beta`: `[width]`
#[derive(Clone, Copy, Debug)]
pub struct LayerNorm<'a> {
    /// Factor of each column.
    pub gamma: &'a [f32],
    /// Term of each column.
    pub beta: &'a [f32],
    /// Added to the variance, `layer_norm_eps` in a BERT configuration.
    pub eps: f32,
}

impl LayerNorm<'_> {
    fn width(&self) -> usize {
        assert!(!self.gamma.is_empty(), "LayerNorm: gamma is empty");
        assert_eq!(
            self.beta.len(),
            self.gamma.len(),
            "LayerNorm: beta is not as long as gamma"
        );
        self.gamma.len()
    }
}

impl Kernels {
    /// `LayerNorm(x + residual)`, row by row.
    ///
    /// # Shapes
    /// - `x`, `residual`, `out`: `[rows, width]`
    ///
    /// # Panics
    /// When the lengths do not fit together.
    pub fn add_norm<'o>(
        &self,
        x: &[f32],
        residual: &[f32],
        norm: &LayerNorm<'_>,
        out: impl Into<Out<'o>>,
    ) -> &'o mut [f32] {
        let (width, out) = (norm.width(), out.into().cells());
        assert!(
            x.len().is_multiple_of(width),
            "add_norm: x is not whole rows of {width}"
        );
        assert_eq!(
            residual.len(),
            x.len(),
            "add_norm: residual is not as long as x"
        );
        assert_eq!(out.len(), x.len(), "add_norm: out is not as long as x");
        let rows = x.chunks_exact(width).zip(residual.chunks_exact(width));
        for ((x, residual), out) in rows.zip(out.chunks_exact_mut(width)) {
            self.norm(x, residual, norm, out);
        }
        // SAFETY: `x`, `residual` and `out` have the same number of whole rows (asserted), and `norm` writes each row.
        unsafe { out.assume_init_mut() }
    }

    /// `LayerNorm(words[id] + positions[position])` for every piece of a pack; positions begin again at zero in each
    /// sequence. For a BERT whose token types are all zero, `positions` is its position table plus row zero of its token
    /// type table.
    ///
    /// # Shapes
    /// - `ids`: `[n_pieces]`, each less than `vocab_size`
    /// - `cu_seqlens`: `[n_sequences + 1]`, from zero to `n_pieces`
    /// - `words`: `[vocab_size, width]`
    /// - `positions`: `[max_positions, width]`, at least as many as the longest sequence has pieces
    /// - `out`: `[n_pieces, width]`
    ///
    /// # Panics
    /// When the lengths do not fit together, or an id or a position is outside its table.
    pub fn embed_norm<'o>(
        &self,
        ids: &[u32],
        cu_seqlens: &[u32],
        words: &[f32],
        positions: &[f32],
        norm: &LayerNorm<'_>,
        out: impl Into<Out<'o>>,
    ) -> &'o mut [f32] {
        let (width, out) = (norm.width(), out.into().cells());
        assert_eq!(
            n_pieces(cu_seqlens),
            ids.len(),
            "embed_norm: cu_seqlens does not end at the number of ids"
        );
        assert_eq!(
            out.len(),
            ids.len() * width,
            "embed_norm: out is not [n_pieces, {width}]"
        );
        let (vocab_size, max_positions) = (words.len() / width, positions.len() / width);
        let sequences = cu_seqlens
            .windows(2)
            .map(|bounds| &ids[bounds[0] as usize..bounds[1] as usize]);
        let pieces = sequences.flat_map(|ids| ids.iter().enumerate());
        for ((position, &id), out) in pieces.zip(out.chunks_exact_mut(width)) {
            let id = id as usize;
            assert!(
                id < vocab_size,
                "embed_norm: id {id} in a vocabulary of {vocab_size}"
            );
            assert!(
                position < max_positions,
                "embed_norm: a sequence longer than {max_positions} positions"
            );
            self.norm(
                &words[id * width..][..width],
                &positions[position * width..][..width],
                norm,
                out,
            );
        }
        // SAFETY: the sequences cover all ids (`n_pieces`) and `out` has a row for each (asserted); `norm` writes each row.
        unsafe { out.assume_init_mut() }
    }
}

/// `out = LayerNorm(a + b)` for one row; all slices are as long as `by.gamma`. Every float of `out` is written.
#[inline(always)]
pub(crate) fn norm<S: Simd>(
    s: S,
    a: &[f32],
    b: &[f32],
    by: &LayerNorm<'_>,
    out: &mut [MaybeUninit<f32>],
) {
    #[allow(clippy::cast_precision_loss, reason = "a width is far below 2^24")]
    let width = by.gamma.len() as f32;
    let (a, a_rest) = a.as_chunks::<LANES>();
    let (b, b_rest) = b.as_chunks::<LANES>();
    let (gamma, gamma_rest) = by.gamma.as_chunks::<LANES>();
    let (beta, beta_rest) = by.beta.as_chunks::<LANES>();
    let (out, out_rest) = out.as_chunks_mut::<LANES>();
    let rest = a_rest.len();
    // Zero in the lanes past the end.
    let last = s.add(s.load_first(a_rest), s.load_first(b_rest));

    let mut sum = s.splat(0.0);
    for (a, b) in a.iter().zip(b) {
        sum = s.add(sum, s.add(s.load(a), s.load(b)));
    }
    if rest > 0 {
        sum = s.add(sum, last);
    }
    let mean = s.splat(math::sum(s, sum) / width);

    let mut squares = s.splat(0.0);
    for (a, b) in a.iter().zip(b) {
        let difference = s.sub(s.add(s.load(a), s.load(b)), mean);
        squares = s.mul_add(difference, difference, squares);
    }
    if rest > 0 {
        let difference = s.keep(s.sub(last, mean), rest, 0.0);
        squares = s.mul_add(difference, difference, squares);
    }
    let scale = s.splat(1.0 / (math::sum(s, squares) / width + by.eps).sqrt());

    for ((((a, b), gamma), beta), out) in a.iter().zip(b).zip(gamma).zip(beta).zip(out) {
        let unit = s.mul(s.sub(s.add(s.load(a), s.load(b)), mean), scale);
        s.write(s.mul_add(unit, s.load(gamma), s.load(beta)), out);
    }
    if rest > 0 {
        let unit = s.mul(s.sub(last, mean), scale);
        s.write_first(
            s.mul_add(unit, s.load_first(gamma_rest), s.load_first(beta_rest)),
            out_rest,
        );
    }
}
