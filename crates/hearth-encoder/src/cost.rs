//! What an encoder computes, and the most that the machine could.

use hearth_kernels::{Kernels, Precision as Numbers};

use crate::{Config, Isa, Precision, Role};

/// Multiplications and additions, two for each product that is summed, by what is multiplied.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Operations {
    /// Of 32-bit floats.
    pub f32: f64,
    /// Of bfloat16.
    pub bf16: f64,
    /// Of 8-bit integers.
    pub int8: f64,
}

impl Operations {
    /// Those of one pass over sequences of these lengths, of each of which so many positions are wanted: what
    /// [`crate::Encode::encode`] computes, no padding among it. Attention, a few percent, is counted as if it multiplied
    /// what the queries are made of.
    #[must_use]
    pub fn of(
        config: &Config,
        precision: Precision,
        sequences: impl IntoIterator<Item = (usize, usize)>,
    ) -> Self {
        let mut operations = Operations::default();
        let (hidden, inner) = (config.hidden_size as f64, config.intermediate_size as f64);
        let layers = config.num_hidden_layers as f64;
        for (positions, wanted) in sequences {
            let (positions, wanted) = (positions as f64, wanted as f64);
            // The last layer computes only what is wanted, once keys and values are there.
            let rows = positions * (layers - 1.0) + wanted;
            let mut add = |role, products: f64| {
                *operations.kind(precision.of(role)) += 2.0 * products;
            };
            add(
                Role::QueryKeyValue,
                positions * layers * 3.0 * hidden * hidden,
            );
            add(
                Role::QueryKeyValue,
                positions * layers * 2.0 * positions * hidden,
            );
            add(Role::AttentionOutput, rows * hidden * hidden);
            add(Role::Intermediate, rows * hidden * inner);
            add(Role::Output, rows * hidden * inner);
        }
        operations
    }

    /// All of them.
    #[must_use]
    pub fn total(&self) -> f64 {
        self.f32 + self.bf16 + self.int8
    }

    /// The least time they can take where `peak` operations of a kind take a second; `None` where one that is needed is
    /// not known.
    #[must_use]
    pub fn seconds_at(&self, peak: &Operations) -> Option<f64> {
        let pairs = [
            (self.f32, peak.f32),
            (self.bf16, peak.bf16),
            (self.int8, peak.int8),
        ];
        let mut seconds = 0.0;
        for (operations, per_second) in pairs.into_iter().filter(|pair| pair.0 > 0.0) {
            if per_second <= 0.0 {
                return None;
            }
            seconds += operations / per_second;
        }
        Some(seconds)
    }

    fn kind(&mut self, numbers: Numbers) -> &mut f64 {
        match numbers {
            Numbers::F32 => &mut self.f32,
            Numbers::Bf16 => &mut self.bf16,
            Numbers::Int8 => &mut self.int8,
        }
    }
}

impl std::ops::Add for Operations {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Operations {
            f32: self.f32 + other.f32,
            bf16: self.bf16 + other.bf16,
            int8: self.int8 + other.int8,
        }
    }
}

/// What this thread can do in a second with all operands in registers, by the instructions that the linear layers of a
/// precision are made of: the limit no kernel gets past. Zero where these are emulated or not looked at. Takes some
/// milliseconds for each kind: a longer measurement would see the clock rise again after work that lowered it.
#[must_use]
pub fn peak(kernels: Isa, precision: Precision) -> Operations {
    let mut peak = Operations::default();
    let Some(kernels) = Kernels::of(kernels) else {
        return peak;
    };
    for numbers in Role::ALL.map(|role| precision.of(role)) {
        let per_second = peak.kind(numbers);
        if *per_second == 0.0 {
            *per_second = measured(kernels, numbers).unwrap_or(0.0);
        }
    }
    peak
}

fn measured(kernels: &Kernels, numbers: Numbers) -> Option<f64> {
    const TRIAL: usize = 1 << 14;
    const SECONDS: f64 = 0.005;
    hearth_kernels::peak(kernels, numbers, TRIAL)?;
    let start = std::time::Instant::now();
    hearth_kernels::peak(kernels, numbers, TRIAL)?;
    let trial = start.elapsed().as_secs_f64();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a small positive number"
    )]
    let times = (SECONDS / trial).clamp(1.0, 1e4) as usize;
    hearth_kernels::peak(kernels, numbers, TRIAL * times)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Activation;

    const BASE: Config = Config {
        vocab_size: 30_522,
        hidden_size: 768,
        num_hidden_layers: 12,
        num_attention_heads: 12,
        intermediate_size: 3_072,
        max_position_embeddings: 512,
        type_vocab_size: 2,
        hidden_act: Activation::Gelu,
        layer_norm_eps: 1e-12,
    };

    #[test]
    fn a_position_of_bert_base_costs_170_million() {
        let operations = Operations::of(&BASE, Precision::F32, [(32, 32)]);
        // 2 (4 h^2 + 2 h i) and 4 n h for each of twelve layers.
        let expected = 32.0 * 12.0 * (2.0 * 7_077_888.0 + 4.0 * 32.0 * 768.0);
        assert_eq!(operations.total(), expected);
        assert_eq!(operations.f32, expected);
    }

    #[test]
    fn a_mix_takes_the_time_of_its_parts() {
        let operations = Operations::of(&BASE, Precision::Int8Mixed, [(32, 30), (7, 1)]);
        assert!(
            operations.bf16 > operations.int8 && operations.int8 > 0.0 && operations.f32 == 0.0
        );
        let peak = Operations {
            f32: 0.0,
            bf16: operations.bf16 / 2.0,
            int8: operations.int8 / 3.0,
        };
        assert_eq!(operations.seconds_at(&peak), Some(5.0));
        assert_eq!(
            operations.seconds_at(&Operations { int8: 0.0, ..peak }),
            None
        );
    }

    #[test]
    fn the_portable_kernels_have_no_known_peak() {
        assert_eq!(peak(Isa::Portable, Precision::F32), Operations::default());
    }
}
