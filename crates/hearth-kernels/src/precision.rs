use std::fmt;

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
    /// All of them.
    pub const ALL: [Self; 3] = [Self::F32, Self::Bf16, Self::Int8];

    /// `f32`, `bf16` or `int8`.
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
