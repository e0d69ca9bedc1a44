//! Every instruction set this CPU has against plain `f64` loops, with the error that is allowed.

mod common;

use common::{Norm, floats, greatest_error, offsets};
use hearth_kernels::{
    Activation, Kernels, LayerNorm, PackedLinear, Precision, Scratch, filled, reference,
};

const ACTIVATIONS: [Activation; 3] = [Activation::Identity, Activation::Gelu, Activation::GeluTanh];

#[test]
fn reference_erf_has_the_tabulated_values() {
    // Abramowitz and Stegun, table 7.1.
    let table = [
        (0.1, 0.112_462_916_018_284_9),
        (0.5, 0.520_499_877_813_046_5),
        (1.0, 0.842_700_792_949_714_9),
        (2.0, 0.995_322_265_018_952_7),
        (3.0, 0.999_977_909_503_001_4),
    ];
    for (x, expected) in table {
        assert!((reference::erf(x) - expected).abs() < 1e-15, "erf({x})");
        assert!((reference::erf(-x) + expected).abs() < 1e-15, "erf(-{x})");
    }
    assert_eq!(reference::erf(0.0), 0.0);
    assert_eq!(reference::erf(7.0), 1.0);
    assert_eq!(reference::erf(f64::NEG_INFINITY), -1.0);
    assert!(reference::erf(f64::NAN).is_nan());
}

#[test]
fn reference_gelu_has_the_known_values() {
    // Python 3: .5 * x * math.erfc(-x / math.sqrt(2)), and the formula of the approximation with math.tanh.
    let known = [
        (1.0, 0.841_344_746_068_542_9, 0.841_191_990_608_276_4),
        (-1.0, -0.158_655_253_931_457_07, -0.158_808_009_391_723_58),
        (3.0, 2.995_950_305_905_11, 2.996_362_607_918_227),
    ];
    for (x, erf, tanh) in known {
        assert!(
            (reference::activate(Activation::Gelu, x) - erf).abs() < 1e-12,
            "gelu({x})"
        );
        assert!(
            (reference::activate(Activation::GeluTanh, x) - tanh).abs() < 1e-12,
            "gelu_tanh({x})"
        );
    }
}

/// A layer with the weight 1 and no bias shows the activation itself.
#[test]
fn activations_are_exact_to_a_few_ulps_over_their_whole_range() {
    let x: Vec<f32> = (-200_000..=200_000)
        .map(|i| i as f32 * 5e-5)
        .chain([-1e30, -1e3, -0.0, 1e-30, 1e3, 1e30])
        .collect();
    for kernels in Kernels::available() {
        let one = PackedLinear::pack(kernels, Precision::F32, &[1.0], &[0.0]);
        for activation in ACTIVATIONS {
            let found = filled(x.len(), |out| {
                one.apply(&x, activation, &mut Scratch::default(), out)
            });
            let mut worst = (0.0, 0.0);
            for (&x, &found) in x.iter().zip(&found) {
                let expected = reference::activate(activation, f64::from(x));
                let error = (f64::from(found) - expected).abs() / f64::from(x).abs().max(1.0);
                if error > worst.0 {
                    worst = (error, x);
                }
            }
            eprintln!(
                "{} {activation:?}: {:e} at {}",
                kernels.isa(),
                worst.0,
                worst.1
            );
            assert!(
                worst.0 < 1.5e-7,
                "{} {activation:?}: error {:e} of x at {}",
                kernels.isa(),
                worst.0,
                worst.1
            );
        }
    }
}

#[test]
fn linear_layers_of_every_shape() {
    let shapes = [
        // rows, inputs, outputs
        (1, 1, 1),
        (1, 2, 17),
        (2, 32, 32),
        (3, 64, 64),
        (5, 70, 100),
        (6, 48, 80),
        (7, 512, 40),
        (11, 20, 129),
        (13, 312, 312),
        (37, 768, 63),
        (200, 1024, 65),
        (191, 33, 30),
        (192, 33, 30),
        (193, 33, 30),
        (400, 16, 16),
        (4, 3072, 128),
    ];
    for (rows, inputs, outputs) in shapes {
        let (x, bias) = (floats(rows * inputs, 1.0, 1), floats(outputs, 1.0, 3));
        let weight = floats(inputs * outputs, 2.0 / (inputs as f32).sqrt(), 2);
        for kernels in Kernels::available() {
            let linear = PackedLinear::pack(kernels, Precision::F32, &weight, &bias);
            assert_eq!((linear.inputs(), linear.outputs()), (inputs, outputs));
            for activation in ACTIVATIONS {
                let found = filled(rows * outputs, |out| {
                    linear.apply(&x, activation, &mut Scratch::default(), out)
                });
                let error =
                    greatest_error(&found, &reference::linear(&x, &weight, &bias, activation));
                eprintln!(
                    "linear {rows} x {inputs} -> {outputs} {activation:?} {}: {error:e}",
                    kernels.isa()
                );
                assert!(
                    error < 6e-6,
                    "{rows} x {inputs} -> {outputs}, {activation:?}, {}: {error:e}",
                    kernels.isa()
                );
            }
        }
    }
}

#[test]
fn attention_of_every_shape() {
    let packs: [(&[usize], usize, usize); 11] = [
        // lengths, heads, head size
        (&[1], 1, 32),
        (&[5, 1, 33, 0, 64, 130], 4, 64),
        (&[7, 100], 12, 32),
        (&[16, 17, 15], 2, 16),
        (&[31, 65], 3, 8),
        (&[10, 50], 5, 20),
        (&[3, 63], 2, 128),
        (&[9, 2], 1, 1),
        (&[20], 2, 100),
        (&[512], 2, 64),
        (&[300, 257], 1, 24),
    ];
    for (lengths, heads, size) in packs {
        let (hidden, cu_seqlens) = (heads * size, offsets(lengths));
        let pieces: usize = lengths.iter().sum();
        let qkv = floats(pieces * 3 * hidden, 3.0, 9);
        let expected = reference::attention(&qkv, &cu_seqlens, hidden, heads);
        for kernels in Kernels::available() {
            let mut scratch = Scratch::default();
            let found = filled(pieces * hidden, |out| {
                kernels.attention(&qkv, &cu_seqlens, heads, &mut scratch, out)
            });
            let error = greatest_error(&found, &expected);
            eprintln!(
                "attention {lengths:?} {heads} x {size} {}: {error:e}",
                kernels.isa()
            );
            assert!(
                error < 2e-5,
                "{lengths:?}, {heads} heads of {size}, {}: {error:e}",
                kernels.isa()
            );
        }
    }
}

/// Scores so far apart that all but one weight vanish: nothing overflows, and the piece gets that one value.
#[test]
fn attention_survives_great_scores() {
    let (hidden, cu_seqlens) = (16, [0, 3]);
    let mut qkv = vec![0.0; 3 * 3 * hidden];
    for (piece, row) in qkv.chunks_exact_mut(3 * hidden).enumerate() {
        row[..hidden].fill(1e4);
        row[hidden..2 * hidden].fill(piece as f32 * 1e4 - 1e4);
        row[2 * hidden..].fill(piece as f32 + 1.0);
    }
    for kernels in Kernels::available() {
        let mut scratch = Scratch::default();
        let found = filled(3 * hidden, |out| {
            kernels.attention(&qkv, &cu_seqlens, 1, &mut scratch, out)
        });
        assert_eq!(found, vec![3.0; 3 * hidden], "{}", kernels.isa());
    }
}

#[test]
fn norms_of_every_width() {
    for width in [1, 2, 15, 16, 17, 32, 50, 64, 100, 312, 384, 768, 1000, 1024] {
        let (rows, norm) = (5, Norm::of(width));
        let (x, residual) = (floats(rows * width, 2.0, 4), floats(rows * width, 2.0, 5));
        let expected = reference::add_norm(&x, &residual, &norm.borrow());
        for kernels in Kernels::available() {
            let found = filled(x.len(), |out| {
                kernels.add_norm(&x, &residual, &norm.borrow(), out)
            });
            let error = greatest_error(&found, &expected);
            eprintln!("add_norm {width} {}: {error:e}", kernels.isa());
            // Two columns can be almost equal, and their small difference is divided by itself.
            let allowed = if width == 2 { 1e-5 } else { 2e-6 };
            assert!(
                error < allowed,
                "width {width}, {}: {error:e}",
                kernels.isa()
            );
        }
    }
}

/// A mean far from zero: a variance from the sum of squares would be lost in rounding.
#[test]
fn norm_takes_the_variance_from_differences() {
    let x: Vec<f32> = (0..64).map(|i| 4096.0 + (i % 2) as f32).collect();
    let norm = LayerNorm {
        gamma: &[1.0; 64],
        beta: &[0.0; 64],
        eps: 0.0,
    };
    for kernels in Kernels::available() {
        let found = filled(64, |out| kernels.add_norm(&x, &[0.0; 64], &norm, out));
        let expected: Vec<f32> = (0..64)
            .map(|i| if i % 2 == 0 { -1.0 } else { 1.0 })
            .collect();
        assert_eq!(found, expected, "{}", kernels.isa());
    }
}

#[test]
fn embeddings_restart_their_positions_in_each_sequence() {
    for width in [16, 24, 384] {
        let (words, positions) = (floats(30 * width, 1.0, 6), floats(8 * width, 1.0, 7));
        let (ids, cu_seqlens, norm) = ([3, 29, 0, 7, 7, 12], [0, 2, 2, 6], Norm::of(width));
        let row = |table: &[f32], row: usize| table[row * width..][..width].to_vec();
        let x: Vec<f32> = ids
            .iter()
            .flat_map(|&id| row(&words, id as usize))
            .collect();
        let at: Vec<f32> = [0, 1, 0, 1, 2, 3]
            .into_iter()
            .flat_map(|position| row(&positions, position))
            .collect();
        let expected = reference::add_norm(&x, &at, &norm.borrow());
        for kernels in Kernels::available() {
            let norm = norm.borrow();
            let found = filled(x.len(), |out| {
                kernels.embed_norm(&ids, &cu_seqlens, &words, &positions, &norm, out)
            });
            let error = greatest_error(&found, &expected);
            assert!(error < 2e-6, "width {width}, {}: {error:e}", kernels.isa());
        }
    }
}
