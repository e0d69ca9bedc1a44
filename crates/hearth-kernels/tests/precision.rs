//! Layers of 16 and 8 bits: right, and the same bits however the work is cut.
#![allow(clippy::unwrap_used, reason = "tests")]
#![allow(clippy::cast_possible_truncation, reason = "steps of a byte")]

mod common;

use common::{assert_same_bits, floats};
use hearth_kernels::{Activation, Isa, Kernels, PackedLinear, Precision, Scratch, filled};

const SHAPES: [(usize, usize); 12] = [
    (1, 1),
    (8, 16),
    (20, 15),
    (32, 32),
    (64, 64),
    (100, 65),
    (33, 130),
    (128, 47),
    (384, 96),
    (512, 48),
    (768, 100),
    (1030, 20),
];
const ROWS: [usize; 9] = [1, 2, 5, 6, 15, 16, 17, 33, 200];
const ACTIVATIONS: [Activation; 3] = [Activation::Identity, Activation::Gelu, Activation::GeluTanh];

fn apply(linear: &PackedLinear, x: &[f32], activation: Activation) -> Vec<f32> {
    let rows = x.len() / linear.inputs();
    filled(rows * linear.outputs(), |out| {
        linear.apply(x, activation, &mut Scratch::default(), out)
    })
}

fn bf16(x: f32) -> f64 {
    // Half a step of the mantissa, ties to even.
    let bits = u64::from(x.to_bits());
    let rounded = (bits + 0x7fff + (bits >> 16 & 1)) & 0xffff_0000;
    f64::from(f32::from_bits(u32::try_from(rounded).unwrap()))
}

/// In `f64`, without an activation.
fn bf16_reference(x: &[f32], weight: &[f32], bias: &[f32]) -> Vec<f64> {
    let inputs = weight.len() / bias.len();
    let product = |x: &[f32], weight: &[f32]| -> f64 {
        x.iter().zip(weight).map(|(&x, &w)| bf16(x) * bf16(w)).sum()
    };
    x.chunks(inputs)
        .flat_map(|x| {
            weight
                .chunks(inputs)
                .zip(bias)
                .map(move |(weight, &bias)| product(x, weight) + f64::from(bias))
        })
        .collect()
}

/// In integers, then in `f32` as documented, without an activation.
fn int8_reference(x: &[f32], weight: &[f32], bias: &[f32]) -> Vec<f32> {
    let inputs = weight.len() / bias.len();
    let rows = x.chunks(inputs).map(|x| {
        let least = x.iter().copied().fold(f32::INFINITY, f32::min);
        let range = x.iter().copied().fold(f32::NEG_INFINITY, f32::max) - least;
        let steps = if range > 0.0 { 255.0 / range } else { 0.0 };
        let bytes: Vec<i32> = x
            .iter()
            .map(|x| ((x - least) * steps).min(255.0).round_ties_even() as i32)
            .collect();
        (bytes, range / 255.0, least)
    });
    rows.flat_map(|(bytes, scale, least)| {
        weight.chunks(inputs).zip(bias).map(move |(weight, &bias)| {
            let greatest = weight.iter().fold(0.0_f32, |most, w| most.max(w.abs()));
            let steps = if greatest > 0.0 {
                127.0 / greatest
            } else {
                0.0
            };
            let weight = weight.iter().map(|w| (w * steps).round_ties_even() as i32);
            let (dot, sum) = bytes
                .iter()
                .zip(weight)
                .fold((0, 0), |(dot, sum), (x, w)| (dot + x * w, sum + w));
            let column = greatest / 127.0;
            let rest = least.mul_add(column * sum as f32, bias);
            (dot as f32 * scale).mul_add(column, rest)
        })
    })
    .collect()
}

#[test]
fn int8_is_the_integer_product_on_every_instruction_set() {
    for (inputs, outputs) in SHAPES {
        let weight = floats(inputs * outputs, 8.0 / (inputs as f32).sqrt(), 3);
        let bias = floats(outputs, 1.0, 2);
        for rows in ROWS {
            let x = floats(rows * inputs, 1.0, 1);
            let expected = int8_reference(&x, &weight, &bias);
            for kernels in Kernels::available() {
                let layer = PackedLinear::pack(kernels, Precision::Int8, &weight, &bias);
                let found = apply(&layer, &x, Activation::Identity);
                let what = format!("{rows} x {inputs} -> {outputs}, {}", kernels.isa());
                assert_same_bits(&found, &expected, &what);
            }
        }
    }
}

#[test]
fn activations_follow_int8_with_the_same_bits() {
    let (rows, inputs, outputs) = (35, 70, 65);
    let (x, bias) = (floats(rows * inputs, 1.0, 1), floats(outputs, 1.0, 2));
    let weight = floats(inputs * outputs, 1.0, 3);
    let sums = int8_reference(&x, &weight, &bias);
    let portable = Kernels::of(Isa::Portable).unwrap();
    for activation in ACTIVATIONS {
        let one = PackedLinear::pack(portable, Precision::F32, &[1.0], &[0.0]);
        let expected = apply(&one, &sums, activation);
        for kernels in Kernels::available() {
            let layer = PackedLinear::pack(kernels, Precision::Int8, &weight, &bias);
            let what = format!("{activation:?}, {}", kernels.isa());
            assert_same_bits(&apply(&layer, &x, activation), &expected, &what);
        }
    }
}

#[test]
fn bf16_is_the_product_of_rounded_numbers() {
    for (inputs, outputs) in SHAPES {
        let weight = floats(inputs * outputs, 8.0 / (inputs as f32).sqrt(), 3);
        let bias = floats(outputs, 1.0, 2);
        for rows in ROWS {
            let x = floats(rows * inputs, 1.0, 1);
            let expected = bf16_reference(&x, &weight, &bias);
            for kernels in Kernels::available() {
                let layer = PackedLinear::pack(kernels, Precision::Bf16, &weight, &bias);
                let error =
                    common::greatest_error(&apply(&layer, &x, Activation::Identity), &expected);
                assert!(
                    error < 2e-5,
                    "{rows} x {inputs} -> {outputs}, {}: {error:e}",
                    kernels.isa()
                );
            }
        }
    }
}

#[test]
fn a_row_has_the_same_bits_whatever_rows_are_beside_it() {
    let (inputs, outputs) = (200, 77);
    let weight = floats(inputs * outputs, 0.5, 3);
    let bias = floats(outputs, 1.0, 2);
    let x = floats(70 * inputs, 1.0, 1);
    for kernels in Kernels::available() {
        for precision in [Precision::Bf16, Precision::Int8] {
            for activation in ACTIVATIONS {
                let layer = PackedLinear::pack(kernels, precision, &weight, &bias);
                let whole = apply(&layer, &x, activation);
                for rows in [1, 3, 16, 32, 33] {
                    let parts: Vec<f32> = x
                        .chunks(rows * inputs)
                        .flat_map(|x| apply(&layer, x, activation))
                        .collect();
                    let what = format!("{rows} rows at once, {precision}, {}", kernels.isa());
                    assert_same_bits(&parts, &whole, &what);
                }
            }
        }
    }
}

#[test]
fn odd_rows() {
    let weight = floats(40 * 3, 1.0, 3);
    for kernels in Kernels::available() {
        let layer = PackedLinear::pack(kernels, Precision::Int8, &weight, &[1.0, 2.0, 3.0]);
        assert_eq!(
            apply(&layer, &[0.0; 40], Activation::Identity),
            [1.0, 2.0, 3.0]
        );
        for bad in [f32::NAN, f32::INFINITY] {
            for precision in [Precision::Bf16, Precision::Int8] {
                let layer = PackedLinear::pack(kernels, precision, &weight, &[1.0, 2.0, 3.0]);
                let mut x = floats(40, 1.0, 1);
                x[17] = bad;
                let found = apply(&layer, &x, Activation::Identity);
                assert!(
                    found.iter().all(|y| !y.is_finite()),
                    "{precision}: {found:?}"
                );
            }
        }
        assert!(apply(&layer, &[], Activation::Identity).is_empty());
    }
}

#[test]
fn columns_computed_apart_are_the_same() {
    const STEP: usize = PackedLinear::COLUMN_STEP;
    for (rows, inputs, outputs) in [(7, 10, 150), (33, 96, 200), (18, 1030, 129)] {
        let (x, weight, bias) = (
            floats(rows * inputs, 1.0, 1),
            floats(outputs * inputs, 1.0, 2),
            floats(outputs, 1.0, 3),
        );
        for kernels in Kernels::available() {
            for precision in [Precision::F32, Precision::Bf16, Precision::Int8] {
                let linear = PackedLinear::pack(kernels, precision, &weight, &bias);
                let whole = apply(&linear, &x, Activation::Gelu);
                for columns in [0..STEP, STEP..outputs, 0..2 * STEP, 2 * STEP..outputs] {
                    let part = filled(rows * columns.len(), |out| {
                        let scratch = &mut Scratch::default();
                        linear.apply_columns(columns.clone(), &x, Activation::Gelu, scratch, out)
                    });
                    let expected: Vec<f32> = whole
                        .chunks(outputs)
                        .flat_map(|row| row[columns.clone()].to_vec())
                        .collect();
                    assert_eq!(part, expected, "{} {precision} {columns:?}", kernels.isa());
                }
            }
        }
    }
}

#[test]
#[should_panic(expected = "cannot be cut")]
fn columns_are_cut_between_tiles() {
    let linear = PackedLinear::pack(Kernels::best(), Precision::F32, &[1.0; 200], &[0.0; 200]);
    let mut out = [0.0; 100];
    linear.apply_columns(
        0..100,
        &[1.0],
        Activation::Identity,
        &mut Scratch::default(),
        &mut out[..],
    );
}
