//! What the tests of this crate share.
#![allow(dead_code, reason = "each test file uses a part")]

use hearth_kernels::LayerNorm;

/// `n` floats in `-scale..scale`, the same for the same seed.
pub(crate) fn floats(n: usize, scale: f32, seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((state >> 40) as f32 / (1_u64 << 23) as f32 - 1.0) * scale
    };
    std::iter::repeat_with(next).take(n).collect()
}

/// `cu_seqlens` of sequences of these lengths.
#[allow(clippy::cast_possible_truncation, reason = "a few hundred")]
pub(crate) fn offsets(lengths: &[usize]) -> Vec<u32> {
    let mut offsets = vec![0];
    for &length in lengths {
        offsets.push(offsets[offsets.len() - 1] + length as u32);
    }
    offsets
}

/// The greatest absolute difference; NaN counts as infinite.
#[track_caller]
pub(crate) fn greatest_error(found: &[f32], expected: &[f64]) -> f64 {
    assert_eq!(found.len(), expected.len());
    let errors = found
        .iter()
        .zip(expected)
        .map(|(&found, expected)| (f64::from(found) - expected).abs());
    errors.fold(0.0, |greatest, error| {
        if error <= greatest {
            greatest
        } else if error.is_nan() {
            f64::INFINITY
        } else {
            error
        }
    })
}

#[track_caller]
pub(crate) fn assert_same_bits(found: &[f32], expected: &[f32], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}: lengths");
    for (i, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert_eq!(
            found.to_bits(),
            expected.to_bits(),
            "{what}: float {i} is {found:e}, not {expected:e}"
        );
    }
}

/// Gamma around one and beta around zero.
pub(crate) struct Norm {
    gamma: Vec<f32>,
    beta: Vec<f32>,
}

impl Norm {
    pub(crate) fn of(width: usize) -> Self {
        let gamma = floats(width, 0.5, 71).iter().map(|x| x + 1.0).collect();
        Self {
            gamma,
            beta: floats(width, 0.5, 72),
        }
    }

    pub(crate) fn borrow(&self) -> LayerNorm<'_> {
        LayerNorm {
            gamma: &self.gamma,
            beta: &self.beta,
            eps: 1e-12,
        }
    }
}
