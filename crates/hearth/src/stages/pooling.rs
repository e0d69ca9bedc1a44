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
        let mut pool = Pool::default();
        let by = match self {
            PoolingStrategy::Average => Pooled::Mean,
            PoolingStrategy::Sum => Pooled::Sum,
        };
        for vector in vectors {
            pool.add(by, vector);
        }
        pool.finish(by, out)
    }
}

/// What becomes of the values of several vectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pooled {
    Mean,
    Sum,
    Max,
}

/// Vectors of one length, taken one by one, in 32-bit floats.
#[derive(Debug, Default)]
pub(super) struct Pool {
    values: Vec<f32>,
    n: f32,
}

impl Pool {
    pub(super) fn add(&mut self, by: Pooled, vector: &[f32]) {
        if self.n == 0.0 {
            let start = match by {
                Pooled::Mean | Pooled::Sum => 0.0,
                Pooled::Max => f32::NEG_INFINITY,
            };
            self.values.clear();
            self.values.resize(vector.len(), start);
        }
        self.n += 1.0;
        let pairs = self.values.iter_mut().zip(vector);
        match by {
            Pooled::Mean | Pooled::Sum => pairs.for_each(|(sum, value)| *sum += value),
            Pooled::Max => pairs.for_each(|(max, value)| *max = max.max(*value)),
        }
    }

    /// Appends what became of them and is empty again; nothing and false if there were none.
    pub(super) fn finish(&mut self, by: Pooled, out: &mut Vec<f32>) -> bool {
        let n = std::mem::take(&mut self.n);
        if n == 0.0 {
            return false;
        }
        match by {
            Pooled::Mean => out.extend(self.values.iter().map(|sum| sum / n)),
            Pooled::Sum | Pooled::Max => out.extend_from_slice(&self.values),
        }
        true
    }
}
