//! Where weights come from.

/// Any error of a weight source.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Tensors by name: a checkpoint that is open. Several threads ask at once.
pub trait Weights: Sync {
    /// The values of a tensor, each of which is asked for once, row by row, by its Hugging Face name without prefix, such as
    /// `encoder.layer.0.attention.self.query.weight`. Linear weights are `[outputs, inputs]`.
    ///
    /// # Errors
    /// If there is no such tensor, or it has another shape.
    fn get(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, BoxError>;
}
