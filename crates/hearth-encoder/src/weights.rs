//! Where weights come from.

use std::borrow::Cow;

/// Any error of a weight source.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Tensors by name: a checkpoint that is open.
pub trait Weights {
    /// The values of a tensor, row by row, by its Hugging Face name without prefix, such as
    /// `encoder.layer.0.attention.self.query.weight`. Linear weights are `[outputs, inputs]`.
    ///
    /// # Errors
    /// If there is no such tensor, or it has another shape.
    fn get(&self, name: &str, shape: &[usize]) -> Result<Cow<'_, [f32]>, BoxError>;
}
