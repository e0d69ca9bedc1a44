//! Hidden states of a real model against a reference, and their bits against themselves.
//!
//! `minilm MODEL REFERENCE`: a model folder and what `reference.py` wrote for it. Fails above the tolerance, and if a bit
//! depends on the pack, its order or the instruction set.
#![allow(clippy::print_stdout)]

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use hearth::{Isa, Precision, Session, available_isas};
use hearth_encoder::{Encode, Pack};
use serde::Deserialize;

/// How far a component may be off: the sums over k of the encoder are sequential in f32.
const TOLERANCE: f32 = 2e-5;

#[derive(Deserialize)]
struct Index {
    hidden_size: usize,
    sentences: Vec<Sentence>,
}

#[derive(Deserialize)]
struct Sentence {
    first: usize,
    pieces: usize,
}

fn words(path: &Path) -> Result<Vec<[u8; 4]>> {
    let bytes = fs::read(path).with_context(|| path.display().to_string())?;
    Ok(bytes.as_chunks().0.to_vec())
}

fn encode(encoder: &dyn Encode, sequences: &[Vec<u32>]) -> Result<Vec<Vec<f32>>> {
    let mut pack = Pack::default();
    sequences.iter().for_each(|ids| pack.push(ids));
    let select: Vec<u32> = (0..u32::try_from(pack.n_pieces())?).collect();
    let mut out = vec![0.0; select.len() * encoder.dimension()];
    encoder.encode(&pack, &select, &mut out)?;
    let mut rest = out.as_slice();
    let take = |ids: &Vec<u32>| {
        let (mine, others) = rest.split_at(ids.len() * encoder.dimension());
        rest = others;
        mine.to_vec()
    };
    Ok(sequences.iter().map(take).collect())
}

fn same_bits(a: &[f32], b: &[f32]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits())
}

fn main() -> Result<()> {
    let mut args = std::env::args_os().skip(1).map(PathBuf::from);
    let (model, reference) = args
        .next()
        .zip(args.next())
        .context("usage: minilm MODEL REFERENCE")?;
    let index: Index = serde_json::from_slice(&fs::read(reference.join("index.json"))?)?;
    let ids: Vec<u32> = words(&reference.join("ids.i32"))?
        .into_iter()
        .map(u32::from_le_bytes)
        .collect();
    let hidden: Vec<f32> = words(&reference.join("hidden.f32"))?
        .into_iter()
        .map(f32::from_le_bytes)
        .collect();
    let sequences: Vec<Vec<u32>> = index
        .sentences
        .iter()
        .map(|s| ids[s.first..s.first + s.pieces].to_vec())
        .collect();
    let open = |isa: Isa| -> Result<_> {
        Ok(Session::builder()
            .jobs(1)
            .kernels(isa)
            .build()?
            .bert(&model, Precision::F32, "minilm")?
            .bert
            .encoder()
            .clone())
    };

    let best = available_isas()[0];
    let together = encode(open(best)?.as_ref(), &sequences)?;
    let found = together.iter().flatten();
    let differences = found.zip(&hidden).map(|(a, b)| (a - b).abs());
    let worst = differences.fold(0f32, f32::max);
    println!(
        "{} sentences, {} pieces of {} components: max abs difference {worst:.2e}",
        sequences.len(),
        ids.len(),
        index.hidden_size
    );
    ensure!(
        together.iter().map(Vec::len).sum::<usize>() == hidden.len(),
        "another number of values"
    );
    ensure!(worst <= TOLERANCE, "more than {TOLERANCE:.0e}");

    for isa in available_isas() {
        let encoder = open(isa)?;
        // The portable kernels take minutes for all.
        let n = if isa == Isa::Portable {
            5
        } else {
            sequences.len()
        };
        for (ids, expected) in sequences.iter().zip(&together).take(n) {
            let alone = encode(encoder.as_ref(), std::slice::from_ref(ids))?;
            ensure!(
                same_bits(&alone[0], expected),
                "{isa}: a sequence of {} pieces alone has other bits",
                ids.len()
            );
        }
        let reversed: Vec<_> = sequences[..n].iter().rev().cloned().collect();
        let found = encode(encoder.as_ref(), &reversed)?;
        ensure!(
            found
                .iter()
                .rev()
                .zip(&together)
                .all(|(a, b)| same_bits(a, b)),
            "{isa}: reversed order has other bits"
        );
        println!(
            "{isa}: {n} sentences alone and in reversed order have the same bits as together with {best}"
        );
    }
    Ok(())
}
