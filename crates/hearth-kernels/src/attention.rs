#![allow(unsafe_code)]

use crate::{
    Activation, Kernels, Out, Scratch, math,
    sequences::n_pieces,
    simd::{LANES, Simd},
    tile::{ROWS, Scaled, Tile},
};
use std::mem::MaybeUninit;

impl Kernels {
    /// Self-attention inside each sequence of a pack: `softmax(q k^T / sqrt(head_size)) v` for every head, where
    /// `head_size = hidden / heads`. A sequence's rows depend on that sequence alone.
    ///
    /// # Shapes
    /// - `qkv`: `[n_pieces, 3 * hidden]`, a row being the queries, the keys and the values of all heads
    /// - `cu_seqlens`: `[n_sequences + 1]`, from zero to `n_pieces`
    /// - `out`: `[n_pieces, hidden]`
    ///
    /// # Panics
    /// When the lengths do not fit together or `hidden` is not a multiple of `heads`.
    pub fn attention<'o>(
        &self,
        qkv: &[f32],
        cu_seqlens: &[u32],
        heads: usize,
        scratch: &mut Scratch,
        out: impl Into<Out<'o>>,
    ) -> &'o mut [f32] {
        let (pieces, out) = (n_pieces(cu_seqlens), out.into().cells());
        assert_eq!(
            qkv.len(),
            3 * out.len(),
            "attention: qkv is not three times as long as out"
        );
        let hidden = out.len().checked_div(pieces).unwrap_or(0);
        assert_eq!(
            out.len(),
            pieces * hidden,
            "attention: out is not whole rows for {pieces} pieces"
        );
        assert!(
            heads > 0 && hidden.is_multiple_of(heads),
            "attention: {heads} heads in a hidden size of {hidden}"
        );
        let size = hidden / heads;
        for bounds in cu_seqlens.windows(2) {
            let (start, end) = (bounds[0] as usize, bounds[1] as usize);
            let qkv = &qkv[start * 3 * hidden..end * 3 * hidden];
            for head in (0..hidden).step_by(size.max(1)) {
                let head_of = Head {
                    qkv,
                    hidden,
                    head,
                    size,
                    len: end - start,
                };
                self.head(&head_of, scratch, &mut out[start * hidden..end * hidden]);
            }
        }
        // SAFETY: the sequences cover all pieces (`n_pieces`), the heads cover a row, and `head` writes its columns in each
        // row of its sequence.
        unsafe { out.assume_init_mut() }
    }

    /// One head of one sequence.
    fn head(&self, head: &Head<'_>, scratch: &mut Scratch, out: &mut [MaybeUninit<f32>]) {
        let Head {
            hidden, size, len, ..
        } = *head;
        let (padded_len, padded_size) = (len.next_multiple_of(LANES), size.next_multiple_of(LANES));
        let (keys, rest) = scratch
            .floats(padded_len * size + len * padded_size + ROWS * padded_len)
            .split_at_mut(padded_len * size);
        let (values, scores) = rest.split_at_mut(len * padded_size);
        self.transpose_keys(head, keys);
        head.copy_values(values);

        let width = self.tile_columns();
        #[allow(clippy::cast_precision_loss, reason = "a head size is far below 2^24")]
        let scale = [1.0 / (size as f32).sqrt(); ROWS];
        for first in (0..len).step_by(ROWS) {
            let rows = ROWS.min(len - first);
            for start in (0..padded_len).step_by(width) {
                let columns = width.min(padded_len - start);
                let product = Tile {
                    rows,
                    columns,
                    k: size,
                    a: head.queries(first),
                    a_stride: 3 * hidden,
                    b: &keys[start * size..],
                    b_stride: columns,
                    finish: Scaled { scale, bias: &[] },
                    c: Out::from(&mut scores[start..]).cells(),
                    c_stride: padded_len,
                    next: None,
                };
                self.multiply(product, Activation::Identity);
            }
            let inverse_sums = self.softmax(&mut scores[..rows * padded_len], padded_len, len);
            for start in (0..size).step_by(width) {
                let product = Tile {
                    rows,
                    columns: width.min(size - start),
                    k: len,
                    a: scores,
                    a_stride: padded_len,
                    b: &values[start..],
                    b_stride: padded_size,
                    finish: Scaled {
                        scale: inverse_sums,
                        bias: &[],
                    },
                    c: &mut out[first * hidden + head.head + start..],
                    c_stride: hidden,
                    next: None,
                };
                self.multiply(product, Activation::Identity);
            }
        }
    }

    /// `[len, size]` to panels of `[size, columns]`, `columns` being keys: as many as a tile has, in the last panel what is
    /// left, padded with zero keys to a multiple of 16.
    fn transpose_keys(&self, head: &Head<'_>, panels: &mut [f32]) {
        let Head {
            hidden, size, len, ..
        } = *head;
        let width = self.tile_columns();
        for start in (0..len).step_by(width) {
            let columns = width.min(len.next_multiple_of(LANES) - start);
            let panel = &mut panels[start * size..][..columns * size];
            for key in (start..len.min(start + columns)).step_by(LANES) {
                for dim in (0..size).step_by(LANES) {
                    let to = &mut panel[dim * columns + key - start..];
                    let (keys, dims) = (LANES.min(len - key), LANES.min(size - dim));
                    self.transpose(&head.keys(key)[dim..], 3 * hidden, keys, dims, to, columns);
                }
            }
        }
    }
}

/// One head of one sequence of `len` pieces.
struct Head<'a> {
    /// `[len, 3 * hidden]`
    qkv: &'a [f32],
    hidden: usize,
    /// First column of the head.
    head: usize,
    size: usize,
    len: usize,
}

impl<'a> Head<'a> {
    fn queries(&self, piece: usize) -> &'a [f32] {
        &self.qkv[piece * 3 * self.hidden + self.head..]
    }

    fn keys(&self, piece: usize) -> &'a [f32] {
        &self.qkv[piece * 3 * self.hidden + self.hidden + self.head..]
    }

    /// The values as `[len, size rounded up to 16]`: in `qkv` they lie pages apart, and each row of scores reads all.
    fn copy_values(&self, to: &mut [f32]) {
        let rows = self.qkv.chunks_exact(3 * self.hidden);
        for (to, from) in to
            .chunks_exact_mut(self.size.next_multiple_of(LANES))
            .zip(rows)
        {
            let (to, padding) = to.split_at_mut(self.size);
            to.copy_from_slice(&from[2 * self.hidden + self.head..][..self.size]);
            padding.fill(0.0);
        }
    }
}

/// Replaces each row of scores by `exp(score - greatest score)`, and what is past `len` by zero, and gives the reciprocal of
/// each row's sum.
///
/// # Shapes
/// - `scores`: `[rows, stride]`, `stride` being `len` rounded up to 16, at most `ROWS` rows
#[inline(always)]
pub(crate) fn softmax<S: Simd>(
    s: S,
    scores: &mut [f32],
    stride: usize,
    len: usize,
    inverse_sums: &mut [f32; ROWS],
) {
    for (row, inverse_sum) in scores.chunks_exact_mut(stride).zip(inverse_sums) {
        let (row, _) = row.as_chunks_mut::<LANES>();
        let mut greatest = s.splat(f32::NEG_INFINITY);
        for (i, v) in row.iter().enumerate() {
            greatest = s.max(
                greatest,
                s.keep(s.load(v), len - i * LANES, f32::NEG_INFINITY),
            );
        }
        let greatest = s.splat(math::greatest(s, greatest));
        let mut sum = s.splat(0.0);
        for (i, v) in row.iter_mut().enumerate() {
            let power = s.keep(
                math::exp(s, s.sub(s.load(v), greatest)),
                len - i * LANES,
                0.0,
            );
            sum = s.add(sum, power);
            s.store(power, v);
        }
        *inverse_sum = 1.0 / math::sum(s, sum);
    }
}

/// `to[column][row] = from[row][column]` for at most 16 rows and columns; `to` gets 16 rows in each of its lines, zero past
/// `rows`.
#[inline(always)]
pub(crate) fn transpose<S: Simd>(
    s: S,
    from: &[f32],
    stride: usize,
    rows: usize,
    columns: usize,
    to: &mut [f32],
    to_stride: usize,
) {
    let mut block = [s.splat(0.0); LANES];
    for (i, row) in block.iter_mut().enumerate().take(rows) {
        let from = &from[i * stride..][..columns];
        *row = from
            .first_chunk()
            .map_or_else(|| s.load_first(from), |whole| s.load(whole));
    }
    for (column, to) in s
        .transpose(block)
        .into_iter()
        .zip(to.chunks_mut(to_stride))
        .take(columns)
    {
        if let Some(to) = to.first_chunk_mut() {
            s.store(column, to);
        }
    }
}
