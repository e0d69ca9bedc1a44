//! The same bits from every instruction set, and from every way to cut the work.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use common::{Norm, assert_same_bits, floats, offsets};
use hearth_kernels::{Activation, Isa, Kernels, Out, PackedLinear, Precision, Scratch, filled};
use std::ops::Range;

fn portable() -> &'static Kernels {
    Kernels::of(Isa::Portable).unwrap()
}

/// Each instruction set but `portable`.
fn others() -> impl Iterator<Item = &'static Kernels> {
    Kernels::available().filter(|kernels| kernels.isa() != Isa::Portable)
}

fn linear(linear: &PackedLinear, x: &[f32], activation: Activation) -> Vec<f32> {
    let rows = x.len() / linear.inputs();
    filled(rows * linear.outputs(), |out| {
        linear.apply(x, activation, &mut Scratch::default(), out)
    })
}

fn attention(kernels: &Kernels, qkv: &[f32], lengths: &[usize], heads: usize) -> Vec<f32> {
    let mut scratch = Scratch::default();
    filled(qkv.len() / 3, |out| {
        kernels.attention(qkv, &offsets(lengths), heads, &mut scratch, out)
    })
}

#[test]
fn linear_layers_on_every_instruction_set() {
    for rows in [1, 2, 5, 6, 7, 13] {
        for (inputs, outputs) in [
            (1, 1),
            (8, 16),
            (20, 15),
            (64, 64),
            (100, 65),
            (33, 130),
            (512, 48),
            (768, 100),
            (1030, 20),
        ] {
            let (x, bias) = (floats(rows * inputs, 1.0, 1), floats(outputs, 1.0, 2));
            // Wide enough that both tails of GELU are met.
            let weight = floats(inputs * outputs, 8.0 / (inputs as f32).sqrt(), 3);
            for activation in [Activation::Identity, Activation::Gelu, Activation::GeluTanh] {
                let expected = linear(
                    &PackedLinear::pack(portable(), Precision::F32, &weight, &bias),
                    &x,
                    activation,
                );
                for kernels in others() {
                    let found = linear(
                        &PackedLinear::pack(kernels, Precision::F32, &weight, &bias),
                        &x,
                        activation,
                    );
                    let what = format!(
                        "{rows} x {inputs} -> {outputs}, {activation:?}, {}",
                        kernels.isa()
                    );
                    assert_same_bits(&found, &expected, &what);
                }
            }
        }
    }
}

#[test]
fn activations_on_every_instruction_set() {
    // Every 4097th float there is, infinities and NaN left to the next test.
    let x: Vec<f32> = (0..u32::MAX / 4097)
        .map(|i| f32::from_bits(i * 4097))
        .filter(|x| x.is_finite())
        .collect();
    for activation in [Activation::Gelu, Activation::GeluTanh] {
        let expected = linear(
            &PackedLinear::pack(portable(), Precision::F32, &[1.0], &[0.0]),
            &x,
            activation,
        );
        for kernels in others() {
            let found = linear(
                &PackedLinear::pack(kernels, Precision::F32, &[1.0], &[0.0]),
                &x,
                activation,
            );
            assert_same_bits(
                &found,
                &expected,
                &format!("{activation:?}, {}", kernels.isa()),
            );
        }
    }
}

#[test]
fn nan_stays_nan_on_every_instruction_set() {
    for kernels in Kernels::available() {
        for activation in [Activation::Identity, Activation::Gelu, Activation::GeluTanh] {
            let found = linear(
                &PackedLinear::pack(kernels, Precision::F32, &[1.0; 20], &[0.0; 20]),
                &[f32::NAN, 2.0],
                activation,
            );
            assert!(
                found[..20].iter().all(|x| x.is_nan()),
                "{activation:?}, {}",
                kernels.isa()
            );
            assert!(
                found[20..].iter().all(|x| (1.9..=2.0).contains(x)),
                "{activation:?}, {}",
                kernels.isa()
            );
        }
        // One bad sequence does not reach its neighbours.
        let mut qkv = floats(9 * 3 * 16, 1.0, 1);
        qkv[4 * 3 * 16] = f32::NAN;
        let found = attention(kernels, &qkv, &[3, 3, 3], 1);
        let bad = |row: &[f32]| row.iter().all(|x| x.is_nan());
        let rows: Vec<bool> = found.chunks(16).map(bad).collect();
        assert_eq!(
            rows,
            [false, false, false, false, true, false, false, false, false],
            "{}",
            kernels.isa()
        );
    }
}

#[test]
fn attention_on_every_instruction_set() {
    let packs: [(&[usize], usize, usize); 8] = [
        (&[1, 2, 3], 2, 16),
        (&[17, 33, 64], 3, 64),
        (&[40, 0, 5], 2, 32),
        (&[18, 70], 3, 8),
        (&[7, 23], 2, 20),
        (&[66], 1, 128),
        (&[130], 2, 40),
        (&[19], 3, 1),
    ];
    for (lengths, heads, size) in packs {
        let pieces: usize = lengths.iter().sum();
        let qkv = floats(pieces * 3 * heads * size, 4.0, 5);
        let expected = attention(portable(), &qkv, lengths, heads);
        for kernels in others() {
            let found = attention(kernels, &qkv, lengths, heads);
            assert_same_bits(
                &found,
                &expected,
                &format!("{lengths:?}, {heads} heads of {size}, {}", kernels.isa()),
            );
        }
    }
}

#[test]
fn norms_on_every_instruction_set() {
    for width in (1..70).chain([100, 312, 384, 768, 1000, 1024]) {
        let (x, residual, norm) = (
            floats(3 * width, 2.0, 6),
            floats(3 * width, 2.0, 7),
            Norm::of(width),
        );
        let (ids, lengths) = ([0, 2, 1, 1], [1, 3]);
        let run = |kernels: &Kernels| {
            let norm = norm.borrow();
            let mut all = filled(x.len(), |out| kernels.add_norm(&x, &residual, &norm, out));
            all.extend(filled(4 * width, |out| {
                kernels.embed_norm(&ids, &offsets(&lengths), &x, &residual, &norm, out)
            }));
            all
        };
        let expected = run(portable());
        for kernels in others() {
            assert_same_bits(
                &run(kernels),
                &expected,
                &format!("width {width}, {}", kernels.isa()),
            );
        }
    }
}

#[test]
fn a_row_is_the_same_in_any_range_of_rows() {
    for (inputs, outputs) in [(24, 40), (64, 130), (512, 70)] {
        let (x, bias) = (floats(40 * inputs, 1.0, 8), floats(outputs, 1.0, 9));
        let weight = floats(inputs * outputs, 0.3, 10);
        for kernels in Kernels::available() {
            let layer = PackedLinear::pack(kernels, Precision::F32, &weight, &bias);
            let rows = |range: Range<usize>| {
                linear(
                    &layer,
                    &x[range.start * inputs..range.end * inputs],
                    Activation::Gelu,
                )
            };
            let alone: Vec<f32> = (0..40).flat_map(|row| rows(row..row + 1)).collect();
            for (start, end) in
                (0..40).flat_map(|start| (start + 1..=40).map(move |end| (start, end)))
            {
                if kernels.isa() == Isa::Portable && end - start > 8 {
                    continue; // slow, and no other code than the others run
                }
                let what = format!(
                    "{inputs} -> {outputs}, rows {start}..{end}, {}",
                    kernels.isa()
                );
                assert_same_bits(
                    &rows(start..end),
                    &alone[start * outputs..end * outputs],
                    &what,
                );
            }
        }
    }
}

#[test]
fn rows_beyond_one_block_are_the_same_as_alone() {
    let (rows, inputs, outputs) = (500, 512, 64);
    let (x, weight, bias) = (
        floats(rows * inputs, 1.0, 1),
        floats(inputs * outputs, 0.1, 2),
        floats(outputs, 1.0, 3),
    );
    for kernels in others() {
        let layer = PackedLinear::pack(kernels, Precision::F32, &weight, &bias);
        let all = linear(&layer, &x, Activation::Gelu);
        let alone: Vec<f32> = x
            .chunks(inputs)
            .flat_map(|row| linear(&layer, row, Activation::Gelu))
            .collect();
        assert_same_bits(&all, &alone, &format!("{}", kernels.isa()));
    }
}

#[test]
fn a_sequence_is_the_same_in_any_pack() {
    for (heads, size) in [(2, 64), (3, 32), (2, 20), (1, 8)] {
        let hidden = heads * size;
        for kernels in Kernels::available() {
            let lengths = [5, 18, 1, 64, 33, 2, 100, 17];
            let sequences: Vec<Vec<f32>> = lengths
                .iter()
                .map(|&length| floats(length * 3 * hidden, 3.0, length as u64))
                .collect();
            let alone: Vec<Vec<f32>> = lengths
                .iter()
                .zip(&sequences)
                .map(|(&length, qkv)| attention(kernels, qkv, &[length], heads))
                .collect();
            for turn in 0..lengths.len() {
                let order: Vec<usize> = (0..lengths.len())
                    .map(|i| (i * 3 + turn) % lengths.len())
                    .collect();
                let qkv: Vec<f32> = order
                    .iter()
                    .flat_map(|&i| sequences[i].iter().copied())
                    .collect();
                let expected: Vec<f32> = order
                    .iter()
                    .flat_map(|&i| alone[i].iter().copied())
                    .collect();
                let in_order: Vec<usize> = order.iter().map(|&i| lengths[i]).collect();
                let found = attention(kernels, &qkv, &in_order, heads);
                assert_same_bits(
                    &found,
                    &expected,
                    &format!("{in_order:?}, {heads} x {size}, {}", kernels.isa()),
                );
            }
        }
    }
}

#[test]
fn layers_packed_together_are_the_same_as_apart() {
    let (inputs, outputs) = (40, [30, 64, 7]);
    let x = floats(9 * inputs, 1.0, 1);
    let weights: Vec<Vec<f32>> = outputs
        .iter()
        .map(|&n| floats(n * inputs, 0.5, n as u64))
        .collect();
    let biases: Vec<Vec<f32>> = outputs
        .iter()
        .map(|&n| floats(n, 0.5, n as u64 + 1))
        .collect();
    for kernels in Kernels::available() {
        let parts: Vec<(&[f32], &[f32])> = weights
            .iter()
            .zip(&biases)
            .map(|(w, b)| (w.as_slice(), b.as_slice()))
            .collect();
        let together = linear(
            &PackedLinear::pack_rows(kernels, Precision::F32, &parts),
            &x,
            Activation::Identity,
        );
        let apart: Vec<Vec<f32>> = parts
            .iter()
            .map(|(weight, bias)| {
                linear(
                    &PackedLinear::pack(kernels, Precision::F32, weight, bias),
                    &x,
                    Activation::Identity,
                )
            })
            .collect();
        for (row, found) in together.chunks(outputs.iter().sum()).enumerate() {
            let expected: Vec<f32> = apart
                .iter()
                .zip(outputs)
                .flat_map(|(part, n)| part[row * n..][..n].iter().copied())
                .collect();
            assert_same_bits(found, &expected, &format!("row {row}, {}", kernels.isa()));
        }
    }
}

/// Old contents of scratch and of initialised outputs do not show.
#[test]
fn memory_that_was_used_before_changes_nothing() {
    let (qkv, weight, bias) = (
        floats(30 * 3 * 24, 2.0, 1),
        floats(512 * 24, 0.2, 2),
        floats(24, 1.0, 3),
    );
    let x = floats(7 * 512, 1.0, 4);
    for kernels in Kernels::available() {
        let layer = PackedLinear::pack(kernels, Precision::F32, &weight, &bias);
        let mut used = Scratch::default();
        let mut out = vec![f32::NAN; 50 * 512];
        // Fills all of the scratch with NaN.
        kernels.attention(&[f32::NAN; 50 * 3 * 512], &[0, 50], 1, &mut used, &mut out);
        let mut out = vec![f32::NAN; 30 * 24];
        kernels.attention(&qkv, &[0, 11, 30], 3, &mut used, &mut out);
        assert_same_bits(&out, &attention(kernels, &qkv, &[11, 19], 3), "attention");
        let mut out = vec![f32::NAN; 7 * 24];
        layer.apply(&x, Activation::Gelu, &mut used, &mut out);
        assert_same_bits(&out, &linear(&layer, &x, Activation::Gelu), "linear");
    }
}

#[test]
fn an_output_can_be_split_into_ranges_of_rows() {
    let (weight, bias, x) = (
        floats(20 * 10, 1.0, 1),
        floats(20, 1.0, 2),
        floats(8 * 10, 1.0, 3),
    );
    let layer = PackedLinear::pack(Kernels::best(), Precision::F32, &weight, &bias);
    let mut out = vec![0.0; 8 * 20];
    let (head, tail) = Out::from(&mut out).split_at(3 * 20);
    std::thread::scope(|threads| {
        threads.spawn(|| {
            layer.apply(
                &x[..3 * 10],
                Activation::Gelu,
                &mut Scratch::default(),
                head,
            )
        });
        threads.spawn(|| {
            layer.apply(
                &x[3 * 10..],
                Activation::Gelu,
                &mut Scratch::default(),
                tail,
            )
        });
    });
    assert_same_bits(&out, &linear(&layer, &x, Activation::Gelu), "two threads");
}
