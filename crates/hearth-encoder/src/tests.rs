//! The encoder against Burn's stock operations, and its bits against themselves.

use burn_ndarray::{NdArray, NdArrayDevice};

use crate::stock::Dense;
use crate::{
    Activation, BoxError, Config, Encode, Encoder, EncoderOps, Error, Isa, Pack, Precision,
    Weights, available_isas, cpu,
};

/// All defaults: what a backend without kernels of its own does.
impl EncoderOps for NdArray {
    type Context = ();
    type Linear = Dense<Self>;
    fn device((): &()) -> NdArrayDevice {
        NdArrayDevice::Cpu
    }
}

/// Weights made from their names: the same for every backend.
struct Random;

impl Weights for Random {
    fn get(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, BoxError> {
        let mut state = name
            .bytes()
            .fold(14_695_981_039_346_656_037_u64, |hash, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(1_099_511_628_211)
            });
        let scale = if name.ends_with("LayerNorm.weight") {
            1.0
        } else {
            0.3
        };
        let next = |_| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            ((state >> 40) as f32 / (1u64 << 24) as f32 - 0.5) * scale
        };
        Ok((0..shape.iter().product()).map(next).collect())
    }
}

fn config(hidden_size: usize, num_attention_heads: usize, hidden_act: Activation) -> Config {
    Config {
        vocab_size: 50,
        hidden_size,
        num_hidden_layers: 3,
        num_attention_heads,
        intermediate_size: 2 * hidden_size + 4,
        max_position_embeddings: 80,
        type_vocab_size: 2,
        hidden_act,
        layer_norm_eps: 1e-12,
    }
}

fn small() -> Encoder<crate::Cpu> {
    let config = config(32, 2, Activation::Gelu);
    cpu(&config, &Random, crate::best_isa(), Precision::F32).unwrap()
}

fn sequence(n: u32) -> Vec<u32> {
    (0..n).map(|i| (i * 7 + n) % 50).collect()
}

fn encode(encoder: &dyn Encode, lengths: &[u32]) -> Vec<Vec<f32>> {
    encode_shared(encoder, lengths, 1)
}

fn encode_shared(encoder: &dyn Encode, lengths: &[u32], workers: usize) -> Vec<Vec<f32>> {
    let mut pack = Pack::default().shared_by(workers);
    lengths.iter().for_each(|&n| pack.push(&sequence(n)));
    let select: Vec<u32> = (0..u32::try_from(pack.n_pieces()).unwrap()).collect();
    let mut out = vec![f32::NAN; select.len() * encoder.dimension()];
    encoder.encode(&pack, &select, &mut out).unwrap();
    let mut rest = out.as_slice();
    let mut take = |n: &u32| {
        let (mine, others) = rest.split_at(*n as usize * encoder.dimension());
        rest = others;
        mine.to_vec()
    };
    lengths.iter().map(&mut take).collect()
}

const LENGTHS: [u32; 7] = [5, 1, 33, 64, 2, 80, 17];

#[test]
fn kernels_agree_with_stock_operations() {
    for (hidden, heads, act) in [
        (32, 2, Activation::Gelu),
        (48, 4, Activation::GeluTanh),
        (40, 5, Activation::Gelu),
    ] {
        let config = config(hidden, heads, act);
        let stock = Encoder::<NdArray>::load(&config, &Random, ()).unwrap();
        let expected = encode(&stock, &LENGTHS);
        for isa in available_isas() {
            let found = encode(
                &cpu(&config, &Random, isa, Precision::F32).unwrap(),
                &LENGTHS,
            );
            for (found, expected) in found.iter().flatten().zip(expected.iter().flatten()) {
                assert!(
                    (found - expected).abs() < 2e-5,
                    "{isa} {hidden}/{heads}: {found} for {expected}"
                );
            }
        }
    }
}

#[test]
fn bits_depend_on_the_sequence_alone() {
    let config = config(48, 4, Activation::Gelu);
    bits_hold(&config, &available_isas(), &LENGTHS);
}

/// The widths of BERT-base, where kernels meet other blocks than in a narrow model; more layers would repeat them.
#[test]
fn bits_depend_on_the_sequence_alone_at_base_size() {
    let base = |num_hidden_layers| Config {
        num_hidden_layers,
        intermediate_size: 3072,
        ..config(768, 12, Activation::Gelu)
    };
    bits_hold(&base(2), &[crate::best_isa()], &[33, 5, 80]);
    bits_hold(&base(1), &available_isas(), &[4, 1]);
}

/// Every sequence has the same bits alone, with others in any order, and shared by workers; in f32 and int8 also on every
/// instruction set.
fn bits_hold(config: &Config, isas: &[Isa], lengths: &[u32]) {
    let all_same = |a: &[Vec<f32>], b: &[Vec<f32>]| {
        a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_bits(a, b))
    };
    for precision in Precision::ALL {
        let mut everywhere: Option<Vec<Vec<f32>>> = None;
        for &isa in isas {
            let encoder = cpu(config, &Random, isa, precision).unwrap();
            let together = encode(&encoder, lengths);
            for (n, expected) in lengths.iter().zip(&together) {
                let alone = encode(&encoder, &[*n]);
                assert!(
                    same_bits(&alone[0], expected),
                    "{precision} {isa}: a sequence of {n} alone"
                );
            }
            let backwards: Vec<u32> = lengths.iter().rev().copied().collect();
            let mut reversed = encode(&encoder, &backwards);
            reversed.reverse();
            assert!(
                all_same(&reversed, &together),
                "{precision} {isa}: reversed"
            );
            for workers in [2, 3, 1000] {
                let shared = encode_shared(&encoder, lengths, workers);
                assert!(
                    all_same(&shared, &together),
                    "{precision} {isa}: shared by {workers}"
                );
            }
            // Sums of bfloat16 products are rounded as each instruction set does it.
            if matches!(precision, Precision::F32 | Precision::Int8) {
                let first = everywhere.get_or_insert_with(|| together.clone());
                assert!(all_same(first, &together), "{precision} on {isa}");
            }
        }
    }
}

/// Random weights are harder on 8 bits than trained ones, whose outputs lie closer together.
#[test]
fn fewer_bits_stay_near() {
    let config = config(48, 4, Activation::Gelu);
    let exact = encode(
        &cpu(&config, &Random, crate::best_isa(), Precision::F32).unwrap(),
        &LENGTHS,
    );
    for (precision, least) in [
        (Precision::Bf16, 0.9999),
        (Precision::Int8Mixed, 0.999),
        (Precision::Int8, 0.998),
    ] {
        for isa in available_isas() {
            let found = encode(&cpu(&config, &Random, isa, precision).unwrap(), &LENGTHS);
            for (found, exact) in found.iter().zip(&exact) {
                for (found, exact) in found.chunks(48).zip(exact.chunks(48)) {
                    let cosine = cosine(found, exact);
                    assert!(cosine > least, "{precision} {isa}: {cosine}");
                    assert!(found != exact, "{precision} {isa} is f32");
                }
            }
        }
    }
}

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

#[test]
fn selecting_changes_no_bits() {
    let encoder = small();
    let all = encode(&encoder, &LENGTHS).concat();
    let mut pack = Pack::default();
    LENGTHS.iter().for_each(|&n| pack.push(&sequence(n)));
    let select = [3, 3, 150, 0, 77];
    let mut out = vec![0.0; select.len() * 32];
    encoder.encode(&pack, &select, &mut out).unwrap();
    for (row, position) in out.chunks_exact(32).zip(select) {
        assert!(
            same_bits(row, &all[position as usize * 32..][..32]),
            "position {position}"
        );
    }
}

fn same_bits(a: &[f32], b: &[f32]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits())
}

#[test]
fn what_the_model_cannot_take_is_an_error() {
    let encoder = small();
    let encode = |ids: &[u32], select: &[u32], out: usize| {
        let mut pack = Pack::default();
        pack.push(ids);
        encoder.encode(&pack, select, &mut vec![0.0; out])
    };
    assert!(matches!(
        encode(&[1, 50], &[0], 32),
        Err(Error::Id { id: 50, rows: 50 })
    ));
    assert!(matches!(
        encode(&[1; 81], &[0], 32),
        Err(Error::Length {
            length: 81,
            positions: 80
        })
    ));
    assert!(matches!(
        encode(&[1, 2], &[2], 32),
        Err(Error::Select {
            position: 2,
            n_pieces: 2
        })
    ));
    assert!(matches!(
        encode(&[1, 2], &[1], 64),
        Err(Error::Select { .. })
    ));
    assert!(encode(&[1, 2], &[], 0).is_ok());
}

#[test]
fn odd_sizes_are_refused() {
    let broken = Config {
        num_attention_heads: 5,
        ..config(32, 2, Activation::Gelu)
    };
    let error = cpu(&broken, &Random, crate::best_isa(), Precision::F32)
        .unwrap_err()
        .to_string();
    assert_eq!(
        error,
        "num_attention_heads = 5: does not divide hidden_size = 32"
    );
}
