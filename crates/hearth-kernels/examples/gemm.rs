//! Speed of the linear layers of BERT-base on one thread, beside the fused multiply-add peak of the same core measured in
//! the same rounds.
//!
//! `cargo run --release -p hearth-kernels --example gemm [amx|avx512|avx2|neon|portable [f32|bf16|int8]]`
#![allow(clippy::print_stdout, reason = "printing is what it is for")]

use hearth_kernels::{Activation, Isa, Kernels, LayerNorm, PackedLinear, Precision, Scratch, peak};
use std::{error::Error, time::Instant};

const ROUNDS: usize = 15;
/// About this many operations in one timing.
const OPERATIONS: usize = 3_000_000_000;

fn main() -> Result<(), Box<dyn Error>> {
    let kernels = match std::env::args().nth(1) {
        Some(name) => {
            let isa: Isa = name.parse()?;
            Kernels::of(isa).ok_or_else(|| format!("this CPU has no {isa}"))?
        }
        None => Kernels::best(),
    };
    let precision = match std::env::args().nth(2) {
        Some(name) => Precision::ALL
            .into_iter()
            .find(|precision| precision.name() == name)
            .ok_or_else(|| format!("{name} is none of f32, bf16, int8"))?,
        None => Precision::F32,
    };
    println!(
        "{} {precision}, 1 thread, median of {ROUNDS} rounds, GFLOP/s",
        kernels.isa()
    );
    println!("{:<34}{:>9}{:>9}{:>9}", "", "kernel", "peak", "share");

    let layers = [
        ("qkv", 768, 2304, Activation::Identity),
        ("attention output", 768, 768, Activation::Identity),
        ("up, gelu", 768, 3072, Activation::Gelu),
        ("up, gelu tanh", 768, 3072, Activation::GeluTanh),
        ("down", 3072, 768, Activation::Identity),
    ];
    for rows in [24, 400, 800] {
        for (name, inputs, outputs, activation) in layers {
            let linear = PackedLinear::pack(
                kernels,
                precision,
                &floats(inputs * outputs),
                &floats(outputs),
            );
            let (x, mut scratch, mut out) = (
                floats(rows * inputs),
                Scratch::default(),
                vec![0.0; rows * outputs],
            );
            let name = format!("{rows} x {inputs} -> {outputs} {name}");
            compare(
                kernels,
                precision,
                &name,
                2 * rows * inputs * outputs,
                || {
                    linear.apply(&x, activation, &mut scratch, &mut out);
                },
            );
        }
    }
    for len in [8, 24, 48, 128, 512] {
        let (hidden, n_sequences) = (768, 768 / len);
        let pieces = n_sequences * len;
        let (qkv, mut scratch) = (floats(pieces * 3 * hidden), Scratch::default());
        let cu_seqlens: Vec<u32> = (0..=n_sequences)
            .map(|i| u32::try_from(i * len))
            .collect::<Result<_, _>>()?;
        let mut out = vec![0.0; pieces * hidden];
        compare(
            kernels,
            Precision::F32,
            &format!("attention {n_sequences} x {len}"),
            4 * n_sequences * len * len * hidden,
            || {
                kernels.attention(&qkv, &cu_seqlens, 12, &mut scratch, &mut out);
            },
        );
    }
    let (rows, width) = (400, 768);
    let (x, residual, by) = (floats(rows * width), floats(rows * width), floats(width));
    let norm = LayerNorm {
        gamma: &by,
        beta: &by,
        eps: 1e-12,
    };
    let mut out = vec![0.0; rows * width];
    let mut seconds: Vec<f64> = (0..100)
        .map(|_| time(|| _ = kernels.add_norm(&x, &residual, &norm, &mut out)))
        .collect();
    println!(
        "add_norm {rows} x {width}: {:.1} us",
        median(&mut seconds) * 1e6
    );
    Ok(())
}

/// Times `kernel` and the peak in turn and prints both.
fn compare(
    kernels: &Kernels,
    precision: Precision,
    name: &str,
    operations: usize,
    mut kernel: impl FnMut(),
) {
    let budget = if kernels.isa() == Isa::Portable {
        OPERATIONS / 500
    } else {
        OPERATIONS
    };
    let repeats = budget.div_ceil(operations);
    kernel();
    let (mut found, mut peaks) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let seconds = time(|| (0..repeats).for_each(|_| kernel()));
        found.push((operations * repeats) as f64 / seconds / 1e9);
        peaks.extend(peak(kernels, precision, 1_000_000).map(|rate| rate / 1e9));
    }
    let found = median(&mut found);
    if peaks.is_empty() {
        println!("{name:<34}{found:>9.2}");
    } else {
        let peak = median(&mut peaks);
        println!("{name:<34}{found:>9.1}{peak:>9.1}{:>9.3}", found / peak);
    }
}

fn time(f: impl FnOnce()) -> f64 {
    let start = Instant::now();
    f();
    start.elapsed().as_secs_f64()
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn floats(n: usize) -> Vec<f32> {
    (0..n)
        .map(|i| (i * 7919 % 4093) as f32 / 2048.0 - 1.0)
        .collect()
}
