use std::{error::Error, fmt, str::FromStr};

/// What a linear layer multiplies. Sums, biases, activations and all that is not a linear layer are `f32`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Precision {
    /// Weights and inputs as they are.
    #[default]
    F32,
    /// Weights and inputs rounded to the nearest bfloat16: eight bits of mantissa.
    Bf16,
    /// Weights in 255 steps per output, symmetric; inputs in 255 steps between the least and the greatest value of their
    /// row. Products are summed exactly.
    Int8,
}

impl Precision {
    const ALL: [Self; 3] = [Self::F32, Self::Bf16, Self::Int8];

    /// The name that [`FromStr`] reads: `f32`, `bf16` or `int8`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::Bf16 => "bf16",
            Self::Int8 => "int8",
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
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnknownPrecision {
    /// The name as given.
    pub name: String,
}

impl fmt::Display for UnknownPrecision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "unknown precision `{}`: use f32, bf16 or int8",
            self.name
        )
    }
}

impl Error for UnknownPrecision {}
