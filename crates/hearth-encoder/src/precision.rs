//! What the linear layers of an encoder multiply.

use std::fmt;
use std::str::FromStr;

use hearth_kernels::Precision as Numbers;

/// How precisely an encoder's linear layers multiply; everything else of it computes in f32.
///
/// The vectors of a sequence depend on the sequence alone in each of them. In f32 and int8 they are the same on every
/// instruction set; in bf16, and so in int8-mixed, sums are rounded as the instructions do it, which moves the last bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Precision {
    /// As the model was published.
    #[default]
    F32,
    /// Weights and inputs rounded to bfloat16, summed in f32.
    Bf16,
    /// Weights of 8 bits, one scale per output; inputs of 8 bits, one scale per token; summed exactly.
    Int8,
    /// The two layers that add to the residual in 8 bits, queries, keys, values and the intermediate layer in bfloat16.
    Int8Mixed,
}

/// Where in a transformer layer a linear layer stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Queries, keys and values, as one.
    QueryKeyValue,
    /// After the attention.
    AttentionOutput,
    /// The first of the feed-forward part.
    Intermediate,
    /// The second.
    Output,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::QueryKeyValue,
        Self::AttentionOutput,
        Self::Intermediate,
        Self::Output,
    ];
}

impl Precision {
    /// All of them, the most precise first.
    pub const ALL: [Self; 4] = [Self::F32, Self::Bf16, Self::Int8Mixed, Self::Int8];

    /// The name that [`FromStr`] reads: `f32`, `bf16`, `int8-mixed` or `int8`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::Bf16 => "bf16",
            Self::Int8 => "int8",
            Self::Int8Mixed => "int8-mixed",
        }
    }

    /// What a layer multiplies.
    #[must_use]
    pub fn of(self, role: Role) -> Numbers {
        match (self, role) {
            (Self::F32, _) => Numbers::F32,
            (Self::Bf16, _) | (Self::Int8Mixed, Role::QueryKeyValue | Role::Intermediate) => {
                Numbers::Bf16
            }
            (Self::Int8, _) | (Self::Int8Mixed, Role::AttentionOutput | Role::Output) => {
                Numbers::Int8
            }
        }
    }
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Precision {
    type Err = UnknownPrecision;

    fn from_str(name: &str) -> Result<Self, UnknownPrecision> {
        let known = Self::ALL.into_iter().find(|known| known.name() == name);
        known.ok_or_else(|| UnknownPrecision {
            name: name.to_owned(),
        })
    }
}

/// A name that no [`Precision`] has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown precision `{name}`: use f32, bf16, int8-mixed or int8")]
#[non_exhaustive]
pub struct UnknownPrecision {
    /// The name as given.
    pub name: String,
}
