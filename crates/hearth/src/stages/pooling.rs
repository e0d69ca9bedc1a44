//! Several vectors to one.

use serde::{Deserialize, Serialize};

/// How vectors are made into one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "&'static str")]
pub enum PoolingStrategy {
    /// Their mean.
    #[default]
    Average,
    /// Their sum.
    Sum,
}

impl TryFrom<String> for PoolingStrategy {
    type Error = &'static str;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        match name.to_ascii_uppercase().as_str() {
            "AVERAGE" => Ok(PoolingStrategy::Average),
            "SUM" => Ok(PoolingStrategy::Sum),
            _ => Err("poolingStrategy must be either AVERAGE or SUM"),
        }
    }
}

impl From<PoolingStrategy> for &'static str {
    fn from(strategy: PoolingStrategy) -> Self {
        match strategy {
            PoolingStrategy::Average => "AVERAGE",
            PoolingStrategy::Sum => "SUM",
        }
    }
}

impl PoolingStrategy {
    /// Appends the pooled vector, in 32-bit floats and in the order of the vectors; nothing and false if there are none.
    pub(super) fn pool<'a>(
        self,
        vectors: impl IntoIterator<Item = &'a [f32]>,
        out: &mut Vec<f32>,
    ) -> bool {
        let start = out.len();
        let mut n = 0.0;
        for vector in vectors {
            if n == 0.0 {
                out.resize(start + vector.len(), 0.0);
            }
            n += 1.0;
            for (sum, value) in out[start..].iter_mut().zip(vector) {
                *sum += value;
            }
        }
        if self == PoolingStrategy::Average {
            out[start..].iter_mut().for_each(|sum| *sum /= n);
        }
        n > 0.0
    }
}
