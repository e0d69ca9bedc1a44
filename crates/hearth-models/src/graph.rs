//! A model that is stored as what it computes: nodes and the constants they work on, whatever wrote them.
//!
//! Exporters rename weights and turn matrices round, so that a BERT encoder is known by how its nodes hang together. ONNX
//! and OpenVINO files are both brought into this form, and [`encoder`] walks it.

mod activation;
mod encoder;

use std::path::Path;
use std::sync::Arc;

use crate::config::{BertConfig, HiddenAct};
use crate::error::{Error, Result};
use crate::warning::Warning;
use crate::weights::{Tensor, Weights};

/// Far above the graph of any BERT; nodes take more memory than bytes of the file.
pub(crate) const MAX_NODES: usize = 1 << 18;
/// Inputs of a node that are looked at.
pub(crate) const MAX_INPUTS: usize = 16;
/// How many values of a constant are looked at: no shape and no coefficient has more.
pub(crate) const FEW: usize = 8;

/// Nodes; the first output of each is all that others are read to take.
#[derive(Debug, Default)]
pub(crate) struct Graph {
    pub(crate) nodes: Vec<Node>,
}

#[derive(Debug)]
pub(crate) struct Node {
    /// For messages, and by which a graph's inputs and weights are told apart.
    pub(crate) name: String,
    pub(crate) op: Op,
    /// Indices of nodes; `None` for one that is left out, or another than the first output of a node.
    pub(crate) inputs: Vec<Option<usize>>,
}

/// What a node computes, as far as anything is asked of it.
#[derive(Debug)]
pub(crate) enum Op {
    /// One of the graph's inputs.
    Input,
    Constant(Box<Constant>),
    /// Of the first input, the rows that the second lists.
    Gather,
    /// Of two inputs, each transposed first or not; the product is multiplied by a number.
    MatMul {
        transposed: [bool; 2],
        scale: f32,
    },
    /// The product of the first two inputs, the second transposed or not, plus the third.
    Gemm {
        transposed: bool,
    },
    Add,
    Sub,
    Mul,
    Div,
    Pow,
    SquaredDifference,
    Sqrt,
    Reciprocal,
    Erf,
    Tanh,
    Mean,
    /// Less the mean, divided by the deviation.
    Normalize {
        epsilon: f32,
    },
    /// Input, weight, bias.
    LayerNorm {
        epsilon: f32,
    },
    /// Input, another to be added, weight, bias, and a bias to be added to the sum.
    SkipLayerNorm {
        epsilon: f32,
    },
    /// Ids, token types, then the tables of words, positions and token types, weight, bias.
    EmbedLayerNorm {
        epsilon: f32,
    },
    /// Of an input, or of its sum with the second.
    Gelu(HiddenAct),
    /// Input, then weight and bias of query, key and value side by side.
    PackedAttention {
        heads: Option<usize>,
    },
    /// Query, key, value, and their biases side by side if there are any.
    Attention {
        heads: Option<usize>,
    },
    Softmax,
    /// A choice between the last two inputs.
    Where,
    Reshape,
    Transpose {
        order: Vec<usize>,
    },
    Concat,
    /// Its input, perhaps in another type or with another number of axes of one.
    Same,
    /// A step of a model whose weights were rounded to small integers.
    Quantized,
    /// By its name.
    Other(String),
}

/// A tensor of the file.
#[derive(Debug, Clone)]
pub(crate) struct Constant {
    pub(crate) tensor: Tensor,
    /// Its values, where there are at most [`FEW`].
    pub(crate) numbers: Vec<f64>,
}

/// The BERT encoder in a graph.
///
/// `format` is as in [`Error::Damaged`]; `heads` is what to take where the graph does not show their number.
///
/// # Errors
/// [`Error::Unsupported`] where it is not one BERT encoder with weights as numbers of 16 or 32 bits, and those of
/// [`Weights::check`].
pub(crate) fn encoder(
    graph: &Graph,
    file: &Arc<Path>,
    heads: Option<usize>,
) -> Result<(BertConfig, Weights, Vec<Warning>)> {
    let found = encoder::read(graph, heads).map_err(|what| Error::Unsupported {
        file: file.to_path_buf(),
        what,
        instead:
            "this version reads exports of one BERT encoder with GELU, in numbers of 16 or 32 bits"
                .to_owned(),
    })?;
    let weights = Weights::new(file.to_path_buf(), found.tensors);
    weights.check(&found.config)?;
    Ok((found.config, weights, found.warnings))
}

impl Graph {
    fn node(&self, at: usize) -> Option<&Node> {
        self.nodes.get(at)
    }

    /// For messages: a node's name and, where it is of a kind that is not known, that.
    fn describe(&self, at: usize) -> String {
        match self.node(at) {
            Some(Node {
                name,
                op: Op::Other(kind),
                ..
            }) => format!("`{name}` is a {kind}"),
            Some(Node { name, .. }) => format!("`{name}` has not the form that is expected"),
            None => String::new(),
        }
    }

    fn op(&self, at: usize) -> Option<&Op> {
        self.node(at).map(|node| &node.op)
    }

    fn input(&self, at: usize, number: usize) -> Option<usize> {
        *self.node(at)?.inputs.get(number)?
    }

    /// The node that computes a value, behind those that give their input.
    fn source(&self, mut at: usize) -> usize {
        for _ in 0..STEPS {
            match (self.op(at), self.input(at, 0)) {
                (Some(Op::Same), Some(before)) => at = before,
                _ => break,
            }
        }
        at
    }

    /// As [`source`](Self::source), also behind changes of shape.
    fn shaped_source(&self, mut at: usize) -> usize {
        for _ in 0..STEPS {
            match (self.op(at), self.input(at, 0)) {
                (Some(Op::Same | Op::Reshape | Op::Transpose { .. }), Some(before)) => at = before,
                _ => break,
            }
        }
        at
    }

    /// A constant, and whether it is turned round before it is used.
    fn constant(&self, mut at: usize) -> Option<(&Constant, bool)> {
        let mut turned = false;
        for _ in 0..STEPS {
            match self.op(at)? {
                Op::Constant(constant) => return Some((constant, turned)),
                Op::Same => {}
                Op::Transpose { order } if order[..] == [1, 0] => turned = !turned,
                _ => return None,
            }
            at = self.input(at, 0)?;
        }
        None
    }

    fn numbers(&self, at: usize) -> Option<&[f64]> {
        self.constant(at).map(|(constant, _)| &constant.numbers[..])
    }

    fn scalar(&self, at: usize) -> Option<f64> {
        match self.numbers(at)? {
            [number] => Some(*number),
            _ => None,
        }
    }

    /// Both inputs of a node with two.
    fn pair(&self, at: usize) -> Option<[usize; 2]> {
        Some([self.input(at, 0)?, self.input(at, 1)?])
    }
}

/// How far a chain of nodes is followed that all give their input.
const STEPS: usize = 16;

/// The decimal that a number of 32 bits was before it was rounded.
fn decimal(number: f32) -> f64 {
    number
        .to_string()
        .parse()
        .unwrap_or_else(|_| f64::from(number))
}
