//! Hyper-parameters.

use crate::{Activation, Error, Result};

/// Hyper-parameters of a BERT encoder, in Hugging Face's names.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Rows of the word embedding table.
    pub vocab_size: usize,
    /// Width of a hidden state.
    pub hidden_size: usize,
    /// Layers.
    pub num_hidden_layers: usize,
    /// Attention heads; they divide `hidden_size`.
    pub num_attention_heads: usize,
    /// Width of the feed-forward layer.
    pub intermediate_size: usize,
    /// Rows of the position embedding table.
    pub max_position_embeddings: usize,
    /// Rows of the token type embedding table; sequences here are of type 0.
    pub type_vocab_size: usize,
    /// Activation of the feed-forward layer.
    pub hidden_act: Activation,
    /// Added to the variance in LayerNorm.
    pub layer_norm_eps: f64,
}

impl Config {
    pub(crate) fn check(&self) -> Result<()> {
        let sizes = [
            ("vocab_size", self.vocab_size),
            ("hidden_size", self.hidden_size),
            ("num_attention_heads", self.num_attention_heads),
            ("intermediate_size", self.intermediate_size),
            ("max_position_embeddings", self.max_position_embeddings),
            ("type_vocab_size", self.type_vocab_size),
        ];
        if let Some(&(name, value)) = sizes.iter().find(|(_, value)| *value == 0) {
            return Err(Error::Config {
                name,
                value,
                message: "must be at least 1".to_owned(),
            });
        }
        if !self.hidden_size.is_multiple_of(self.num_attention_heads) {
            return Err(Error::Config {
                name: "num_attention_heads",
                value: self.num_attention_heads,
                message: format!("does not divide hidden_size = {}", self.hidden_size),
            });
        }
        Ok(())
    }
}
