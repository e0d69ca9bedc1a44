//! Functions of 16 lanes, once for every instruction set.

use crate::simd::{LANES, Simd};

/// `1.5 * 2^23`: adding it rounds to the nearest integer, which then stands in the low bits of the sum.
const ROUND: f32 = 12_582_912.0;

/// `e^x`, within 1e-7 relative; the argument is clamped to `-87..=88`, where results are normal floats.
#[inline(always)]
pub(crate) fn exp<S: Simd>(s: S, x: S::V) -> S::V {
    // ln 2 in two parts, the first short enough that its product with the integer is exact.
    const LN_2_HIGH: f32 = 0.693_359_4;
    const LN_2_LOW: f32 = -2.121_944_4e-4;
    // 1 / n! from n = 7 down to 0: |r| is at most ln(2) / 2, where the next term is under 6e-9.
    const TAYLOR: [f32; 8] = [
        1.0 / 5040.0,
        1.0 / 720.0,
        1.0 / 120.0,
        1.0 / 24.0,
        1.0 / 6.0,
        0.5,
        1.0,
        1.0,
    ];

    let x = s.min(s.splat(88.0), s.max(s.splat(-87.0), x));
    let rounded = s.mul_add(x, s.splat(std::f32::consts::LOG2_E), s.splat(ROUND));
    let n = s.sub(rounded, s.splat(ROUND));
    let r = s.mul_add(n, s.splat(-LN_2_HIGH), x);
    let r = s.mul_add(n, s.splat(-LN_2_LOW), r);
    s.mul(horner(s, r, TAYLOR), s.pow2(rounded))
}

/// `2^x` for `x` in `-126..=127`, within 2e-7 relative.
#[inline(always)]
pub(crate) fn exp2<S: Simd>(s: S, x: S::V) -> S::V {
    // The polynomial of degree 6 with the constant 1 that has the least relative error on -0.5..=0.5, 2e-9.
    const P: [f32; 7] = [
        1.535_336_2e-4,
        1.339_887_5e-3,
        9.618_437e-3,
        5.550_332_4e-2,
        2.402_264_8e-1,
        6.931_472e-1,
        1.0,
    ];
    let rounded = s.add(x, s.splat(ROUND));
    let rest = s.sub(x, s.sub(rounded, s.splat(ROUND)));
    s.mul(horner(s, rest, P), s.pow2(rounded))
}

/// The normal distribution's probability of a value below `x`, `(1 + erf(x / sqrt 2)) / 2`, for `x` in `-12.5..=0`: within
/// 1e-7, and within 2e-5 relative down to -3.
///
/// Its logarithm is close to a parabola, so that one polynomial serves without a division or a choice of ranges, and the
/// probability goes to zero with `x` instead of stopping at the rounding error of `1 + erf`.
#[inline(always)]
pub(crate) fn probability_below<S: Simd>(s: S, x: S::V) -> S::V {
    // The polynomial of degree 10 with the constant -1 that has the least error from the logarithm to base 2, weighted by
    // the probability, and by 5e-7 where that is greater.
    const P: [f32; 11] = [
        -6.256_798e-9,
        -2.831_734e-7,
        -5.092_376_5e-6,
        -4.555_805_6e-5,
        -1.880_980_3e-4,
        1.574_122_4e-4,
        7.101_967_5e-3,
        5.252_386e-2,
        -4.592_001e-1,
        1.151_105_9,
        -1.0,
    ];
    exp2(s, horner(s, x, P))
}

/// A polynomial, coefficients from the highest power down.
#[inline(always)]
fn horner<S: Simd, const N: usize>(s: S, x: S::V, coefficients: [f32; N]) -> S::V {
    let mut sum = s.splat(coefficients[0]);
    for &c in &coefficients[1..] {
        sum = s.mul_add(sum, x, s.splat(c));
    }
    sum
}

/// The sum of the lanes: lane `i` with `i + 8`, then with `i + 4`, `i + 2` and `i + 1`.
#[inline(always)]
pub(crate) fn sum<S: Simd>(s: S, v: S::V) -> f32 {
    halve(s.to_array(v), |a, b| a + b)
}

/// The greatest lane, in the order of [`sum`] and with the rule of [`Simd::max`].
#[inline(always)]
pub(crate) fn greatest<S: Simd>(s: S, v: S::V) -> f32 {
    halve(s.to_array(v), |a, b| if a > b { a } else { b })
}

#[inline(always)]
fn halve(mut lanes: [f32; LANES], f: impl Fn(f32, f32) -> f32) -> f32 {
    for half in [8, 4, 2, 1] {
        for i in 0..half {
            lanes[i] = f(lanes[i], lanes[i + half]);
        }
    }
    lanes[0]
}

/// On the portable lanes: the others have the same bits (`tests/bits.rs`).
#[cfg(test)]
mod tests {
    use super::*;
    use crate::{reference, simd::Portable};

    fn greatest_error(
        step: f32,
        range: std::ops::Range<i32>,
        error: impl Fn(f32) -> f64,
    ) -> (f64, f32) {
        let errors = range.map(|i| (error(i as f32 * step), i as f32 * step));
        errors.fold((0.0, 0.0), |worst, at| {
            if at.0 > worst.0 || at.0.is_nan() {
                at
            } else {
                worst
            }
        })
    }

    #[test]
    fn probabilities_are_right() {
        let s = Portable::new();
        let expected =
            |x: f32| 0.5 * (1.0 + reference::erf(f64::from(x) * std::f64::consts::FRAC_1_SQRT_2));
        let found = |x: f32| f64::from(s.to_array(probability_below(s, s.splat(x)))[0]);
        let (error, at) = greatest_error(1e-5, -1_250_000..1, |x| (found(x) - expected(x)).abs());
        eprintln!("probability_below: {error:e} at {at}");
        assert!(error < 1e-7, "{error:e} at {at}");
        let (error, at) =
            greatest_error(1e-5, -300_000..1, |x| (found(x) / expected(x) - 1.0).abs());
        eprintln!("probability_below: {error:e} relative at {at}");
        assert!(error < 2e-5, "{error:e} at {at}");
        assert_eq!(found(0.0), 0.5);
        assert!((0.0..1e-35).contains(&found(-12.5)));
    }

    #[test]
    fn exp2_is_right_where_results_are_normal() {
        let s = Portable::new();
        let (error, at) = greatest_error(1e-4, -1_260_000..1_270_001, |x| {
            let expected = f64::from(x).exp2();
            (f64::from(s.to_array(exp2(s, s.splat(x)))[0]) - expected).abs() / expected
        });
        eprintln!("exp2: {error:e} at {at}");
        assert!(error < 2e-7, "{error:e} at {at}");
    }

    #[test]
    fn exp_is_right_where_results_are_normal() {
        let s = Portable::new();
        let (error, at) = greatest_error(1e-4, -870_000..880_001, |x| {
            let expected = f64::from(x).exp();
            (f64::from(s.to_array(exp(s, s.splat(x)))[0]) - expected).abs() / expected
        });
        eprintln!("exp: {error:e} at {at}");
        assert!(error < 1e-7, "{error:e} at {at}");
        assert_eq!(s.to_array(exp(s, s.splat(0.0)))[0], 1.0);
        assert_eq!(
            s.to_array(exp(s, s.splat(f32::NEG_INFINITY)))[0],
            s.to_array(exp(s, s.splat(-87.0)))[0]
        );
    }

    #[test]
    fn lanes_are_added_in_halves() {
        // 2^24 + 1 is not a float: 1 is lost where it meets 2^24 alone, kept where ones meet first.
        let s = Portable::new();
        let mut lanes = [0.0; LANES];
        (lanes[0], lanes[8], lanes[4]) = (16_777_216.0, 1.0, 1.0);
        assert_eq!(sum(s, lanes), 16_777_216.0);
        (lanes[8], lanes[12]) = (0.0, 1.0);
        assert_eq!(sum(s, lanes), 16_777_218.0);
        assert_eq!(
            greatest(s, std::array::from_fn(|i| if i == 13 { 2.0 } else { -1.0 })),
            2.0
        );
    }
}
