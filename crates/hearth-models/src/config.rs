use std::fmt;

/// The hyper-parameters of a BERT encoder, in Hugging Face's names.
///
/// In a [`Model`](crate::Model) they are checked: every size is above zero and `num_attention_heads` divides
/// `hidden_size`.
#[derive(Debug, Clone, PartialEq)]
pub struct BertConfig {
    /// Rows of the word embedding table.
    pub vocab_size: usize,
    /// Components of a hidden state.
    pub hidden_size: usize,
    /// Layers of the encoder.
    pub num_hidden_layers: usize,
    /// Attention heads of each layer.
    pub num_attention_heads: usize,
    /// Rows of the first of the two feed-forward matrices.
    pub intermediate_size: usize,
    /// Rows of the position embedding table: the longest sequence in pieces, `[CLS]` and `[SEP]` included.
    pub max_position_embeddings: usize,
    /// Rows of the token type embedding table; sequences of one segment use row 0.
    pub type_vocab_size: usize,
    /// The activation between the two feed-forward matrices.
    pub hidden_act: HiddenAct,
    /// What LayerNorm adds to the variance.
    pub layer_norm_eps: f64,
}

impl BertConfig {
    /// Components per attention head.
    pub fn head_size(&self) -> usize {
        self.hidden_size / self.num_attention_heads
    }
}

/// The activation of the feed-forward part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HiddenAct {
    /// `x / 2 * (1 + erf(x / sqrt 2))`.
    Gelu,
    /// `x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3)))`.
    GeluTanh,
}

impl HiddenAct {
    /// The names of transformers' `ACT2FN` that mean one of the two, as an error lists them.
    pub(crate) const NAMES: &str = "gelu, gelu_python, gelu_new, gelu_fast, gelu_accurate, gelu_pytorch_tanh or gelu_python_tanh";

    /// Five of the names are one function: they differ in how it is computed, not in its formula.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        match name {
            "gelu" | "gelu_python" => Some(Self::Gelu),
            "gelu_new" | "gelu_fast" | "gelu_accurate" | "gelu_pytorch_tanh"
            | "gelu_python_tanh" => Some(Self::GeluTanh),
            _ => None,
        }
    }
}

impl fmt::Display for HiddenAct {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gelu => "gelu (erf)",
            Self::GeluTanh => "gelu (tanh)",
        })
    }
}
