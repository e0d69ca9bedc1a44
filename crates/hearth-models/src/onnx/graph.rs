//! A `ModelProto` as a graph.

use std::collections::HashMap;
use std::io;

use super::tensor::{self, Place, text, varints};
use crate::blob::Blob;
use crate::config::HiddenAct;
use crate::error::{Error, Result};
use crate::graph::{Constant, FEW, Graph, MAX_INPUTS, MAX_NODES, Node, Op};
use crate::protobuf::{Message, Value};
use crate::weights::{Element, Layout, Tensor};

/// Why a model is not read.
pub(super) enum Reason {
    /// What is wrong with its bytes.
    Damaged(String),
    Other(Error),
}

/// ONNX Runtime's own operators.
const MICROSOFT: &str = "com.microsoft";
/// Nodes up to this length are looked at in memory; longer ones hold weights.
const SMALL: u64 = 1 << 16;

/// Reads the graph of a serialised model; weights stay where they are.
///
/// # Errors
/// [`Error::Damaged`], [`Error::Io`], and [`Error::MissingShard`] where a file with weights is not there.
pub(super) fn read(bytes: &Blob, place: &Place<'_>) -> Result<Graph> {
    model(&Message(bytes.clone()), place).map_err(|reason| match reason {
        Reason::Other(error) => error,
        Reason::Damaged(why) => Error::Damaged {
            file: place.file.to_path_buf(),
            format: "ONNX model",
            why,
        },
    })
}

fn model(model: &Message, place: &Place<'_>) -> Result<Graph, Reason> {
    for field in model.fields() {
        if let (7, Value::Bytes(graph)) = field? {
            return Reader::default().graph(&Message(graph), place);
        }
    }
    Err("it holds no graph".into())
}

/// The nodes so far, and what they call what they take and give.
#[derive(Default)]
struct Reader {
    graph: Graph,
    inputs: Vec<Vec<String>>,
    /// By the name of its first output.
    outputs: HashMap<String, usize>,
}

impl Reader {
    fn graph(mut self, graph: &Message, place: &Place<'_>) -> Result<Graph, Reason> {
        let mut names = vec![];
        for field in graph.fields() {
            match field? {
                (1, Value::Bytes(node)) => {
                    let node = small(node)?;
                    let (output, node, inputs) = Raw::read(&node)?.node(place)?;
                    self.push(output, node, inputs)?;
                }
                (5, Value::Bytes(initializer)) => {
                    let (name, constant) = tensor::read(&Message(initializer), place)?;
                    let node = Node {
                        name: name.clone(),
                        op: Op::Constant(Box::new(constant)),
                        inputs: vec![],
                    };
                    self.push(name, node, vec![])?;
                }
                (11, Value::Bytes(value)) => names.push(value_name(&Message(value))?),
                _ => {}
            }
        }
        // Those with a value of the file are listed too by old writers.
        for name in names {
            if !self.outputs.contains_key(&name) {
                let node = Node {
                    name: name.clone(),
                    op: Op::Input,
                    inputs: vec![],
                };
                self.push(name, node, vec![])?;
            }
        }
        for (node, inputs) in self.graph.nodes.iter_mut().zip(&self.inputs) {
            node.inputs = inputs
                .iter()
                .map(|name| self.outputs.get(name).copied())
                .collect();
        }
        Ok(self.graph)
    }

    fn push(&mut self, output: String, node: Node, inputs: Vec<String>) -> Result<(), Reason> {
        if self.graph.nodes.len() >= MAX_NODES {
            return Err(format!("it has more than {MAX_NODES} nodes").into());
        }
        // An output that is left out has no name.
        if !output.is_empty() {
            self.outputs.insert(output, self.graph.nodes.len());
        }
        self.graph.nodes.push(node);
        self.inputs.push(inputs);
        Ok(())
    }
}

/// A `NodeProto`.
#[derive(Default)]
struct Raw {
    name: String,
    op: String,
    domain: String,
    inputs: Vec<String>,
    output: Option<String>,
    attributes: HashMap<String, Attribute>,
}

/// An `AttributeProto`.
#[derive(Default)]
struct Attribute {
    float: Option<f32>,
    integer: Option<i64>,
    text: Option<Blob>,
    tensor: Option<Blob>,
    floats: Vec<f32>,
    integers: Vec<i64>,
}

impl Raw {
    fn read(message: &Message) -> Result<Self, Reason> {
        let mut raw = Self::default();
        for field in message.fields() {
            match field? {
                (1, Value::Bytes(input)) if raw.inputs.len() < MAX_INPUTS => {
                    raw.inputs.push(text(&input)?);
                }
                (2, Value::Bytes(output)) if raw.output.is_none() => {
                    raw.output = Some(text(&output)?);
                }
                (3, Value::Bytes(name)) => raw.name = text(&name)?,
                (4, Value::Bytes(op)) => raw.op = text(&op)?,
                (5, Value::Bytes(attribute)) => {
                    let (name, attribute) = Attribute::read(&Message(attribute))?;
                    raw.attributes.insert(name, attribute);
                }
                (7, Value::Bytes(domain)) => raw.domain = text(&domain)?,
                _ => {}
            }
        }
        Ok(raw)
    }

    /// The name of its first output, the node and the names of its inputs.
    fn node(mut self, place: &Place<'_>) -> Result<(String, Node, Vec<String>), Reason> {
        let op = self.op(place)?;
        let inputs = match op {
            // After query, key and value: here a bias, in ONNX's own operator a mask.
            Op::Attention { .. } => {
                let asked = if self.domain == MICROSOFT { 4 } else { 3 };
                self.inputs.iter().take(asked).cloned().collect()
            }
            _ => std::mem::take(&mut self.inputs),
        };
        let output = self.output.unwrap_or_default();
        let name = if self.name.is_empty() {
            output.clone()
        } else {
            self.name
        };
        let node = Node {
            name,
            op,
            inputs: vec![],
        };
        Ok((output, node, inputs))
    }

    fn op(&mut self, place: &Place<'_>) -> Result<Op, Reason> {
        let float = |name: &str| self.attributes.get(name).and_then(|a| a.float);
        let integer = |name: &str| self.attributes.get(name).and_then(|a| a.integer);
        let epsilon = |default: f32| float("epsilon").unwrap_or(default);
        let is = |name: &str| integer(name).is_some_and(|value| value != 0);
        let heads = |name: &str| integer(name).and_then(|heads| usize::try_from(heads).ok());
        Ok(match (&self.domain[..], &self.op[..]) {
            (_, op) if is_quantized(op) => Op::Quantized,
            ("" | "ai.onnx", op) => match op {
                "Constant" => match self.constant(place)? {
                    Some(constant) => Op::Constant(Box::new(constant)),
                    None => Op::Other(self.op.clone()),
                },
                "Gather" if !is("axis") => Op::Gather,
                "MatMul" => Op::MatMul {
                    transposed: [false, false],
                    scale: 1.0,
                },
                "Gemm"
                    if !is("transA")
                        && float("alpha").is_none_or(|a| a == 1.0)
                        && float("beta").is_none_or(|b| b == 1.0) =>
                {
                    Op::Gemm {
                        transposed: is("transB"),
                    }
                }
                "Add" | "Sum" if self.inputs.len() == 2 => Op::Add,
                "Sub" => Op::Sub,
                "Mul" => Op::Mul,
                "Div" => Op::Div,
                "Pow" => Op::Pow,
                "Sqrt" => Op::Sqrt,
                "Reciprocal" => Op::Reciprocal,
                "Erf" => Op::Erf,
                "Tanh" => Op::Tanh,
                "ReduceMean" => Op::Mean,
                "LayerNormalization" => Op::LayerNorm {
                    epsilon: epsilon(1e-5),
                },
                "Gelu" => Op::Gelu(self.approximation()?),
                "Attention" => Op::Attention {
                    heads: heads("q_num_heads"),
                },
                "Softmax" => Op::Softmax,
                "Where" => Op::Where,
                "Reshape" => Op::Reshape,
                "Transpose" => Op::Transpose {
                    order: self.order(),
                },
                "Concat" => Op::Concat,
                "Identity" | "Cast" | "CastLike" | "Dropout" | "Squeeze" | "Unsqueeze" => Op::Same,
                _ => Op::Other(self.op.clone()),
            },
            (MICROSOFT, op) => match op {
                "LayerNormalization" => Op::LayerNorm {
                    epsilon: epsilon(1e-5),
                },
                "SkipLayerNormalization" => Op::SkipLayerNorm {
                    epsilon: epsilon(1e-12),
                },
                "EmbedLayerNormalization" => Op::EmbedLayerNorm {
                    epsilon: epsilon(1e-12),
                },
                "Gelu" | "BiasGelu" => Op::Gelu(HiddenAct::Gelu),
                "FastGelu" => Op::Gelu(HiddenAct::GeluTanh),
                "Attention" => Op::PackedAttention {
                    heads: heads("num_heads"),
                },
                "MultiHeadAttention" => Op::Attention {
                    heads: heads("num_heads"),
                },
                // A transposition of batches is one of the first input too: no linear layer has either.
                "FusedMatMul" => Op::MatMul {
                    transposed: [
                        ["transA", "transBatchA", "transBatchB"]
                            .iter()
                            .any(|name| is(name)),
                        is("transB"),
                    ],
                    scale: float("alpha").unwrap_or(1.0),
                },
                _ => Op::Other(self.op.clone()),
            },
            _ => Op::Other(self.op.clone()),
        })
    }

    fn approximation(&self) -> Result<HiddenAct, Reason> {
        let text = match self
            .attributes
            .get("approximate")
            .and_then(|a| a.text.as_ref())
        {
            Some(bytes) => text(bytes)?,
            None => String::new(),
        };
        Ok(if text == "tanh" {
            HiddenAct::GeluTanh
        } else {
            HiddenAct::Gelu
        })
    }

    /// Of a transposition; without one it is the reverse, which only a matrix's is taken for.
    fn order(&self) -> Vec<usize> {
        let order = self.attributes.get("perm").map(|a| &a.integers[..]);
        let order = order.unwrap_or(&[1, 0]).iter();
        order
            .map(|&axis| usize::try_from(axis).unwrap_or(usize::MAX))
            .collect()
    }

    /// The value of a `Constant`; `None` for one of strings or with few entries that are not zero.
    fn constant(&self, place: &Place<'_>) -> Result<Option<Constant>, Reason> {
        if let Some(tensor) = self.attributes.get("value").and_then(|a| a.tensor.clone()) {
            return Ok(Some(tensor::read(&Message(tensor), place)?.1));
        }
        #[allow(clippy::cast_precision_loss)] // a size or -1; what is larger is none
        let whole = |number: i64| number as f64;
        let value = |name: &str| self.attributes.get(name);
        let numbers: Vec<f64> = if let Some(number) = value("value_float").and_then(|a| a.float) {
            vec![f64::from(number)]
        } else if let Some(number) = value("value_int").and_then(|a| a.integer) {
            vec![whole(number)]
        } else if let Some(numbers) = value("value_floats") {
            numbers.floats.iter().copied().map(f64::from).collect()
        } else if let Some(numbers) = value("value_ints") {
            numbers.integers.iter().copied().map(whole).collect()
        } else {
            return Ok(None);
        };
        // As weights they are not read: no exporter puts those here.
        Ok(Some(Constant {
            tensor: Tensor {
                file: place.file.clone(),
                parts: vec![],
                element: Element::Unread("an attribute's values".to_owned()),
                shape: if numbers.len() == 1 {
                    vec![]
                } else {
                    vec![numbers.len()]
                },
                layout: Layout::AsStored,
            },
            numbers,
        }))
    }
}

impl Attribute {
    /// Name and value.
    fn read(message: &Message) -> Result<(String, Self), Reason> {
        let mut name = String::new();
        let mut attribute = Self::default();
        for field in message.fields() {
            match field? {
                (1, Value::Bytes(bytes)) => name = text(&bytes)?,
                (2, Value::Fixed32(bits)) => attribute.float = Some(f32::from_bits(bits)),
                (3, Value::Varint(number)) => attribute.integer = Some(number.cast_signed()),
                (4, Value::Bytes(bytes)) => attribute.text = Some(bytes),
                (5, Value::Bytes(tensor)) => attribute.tensor = Some(tensor),
                (7, Value::Fixed32(bits)) if attribute.floats.len() <= FEW => {
                    attribute.floats.push(f32::from_bits(bits));
                }
                (7, Value::Bytes(packed)) if packed.len() <= FEW as u64 * 4 => {
                    let bytes = packed.to_vec(packed.len())?;
                    attribute
                        .floats
                        .extend(bytes.as_chunks().0.iter().copied().map(f32::from_le_bytes));
                }
                (8, Value::Varint(number)) if attribute.integers.len() <= FEW => {
                    attribute.integers.push(number.cast_signed());
                }
                (8, Value::Bytes(packed)) => {
                    let numbers = varints(&packed, FEW + 1)?.into_iter();
                    attribute.integers.extend(numbers.map(u64::cast_signed));
                }
                _ => {}
            }
        }
        Ok((name, attribute))
    }
}

/// Operators over weights that were rounded to small integers.
fn is_quantized(op: &str) -> bool {
    matches!(
        op,
        "DequantizeLinear"
            | "DynamicQuantizeLinear"
            | "MatMulInteger"
            | "MatMulNBits"
            | "MatMulBnb4"
    ) || op.starts_with("QLinear")
        || op.starts_with("QAttention")
        || op.starts_with("QEmbed")
        || op.starts_with("QOrdered")
}

/// The name in a `ValueInfoProto`.
fn value_name(value: &Message) -> Result<String, Reason> {
    for field in value.fields() {
        if let (1, Value::Bytes(name)) = field? {
            return text(&name);
        }
    }
    Ok(String::new())
}

/// A message of usual length in memory, so that its fields are not each read from the file.
fn small(message: Blob) -> Result<Message, Reason> {
    match message.len() {
        ..SMALL => Ok(Message(Blob::from_vec(message.to_vec(SMALL)?))),
        _ => Ok(Message(message)),
    }
}

impl From<io::Error> for Reason {
    fn from(error: io::Error) -> Self {
        Self::Damaged(error.to_string())
    }
}

impl From<Error> for Reason {
    fn from(error: Error) -> Self {
        Self::Other(error)
    }
}

impl From<String> for Reason {
    fn from(why: String) -> Self {
        Self::Damaged(why)
    }
}

impl From<&str> for Reason {
    fn from(why: &str) -> Self {
        Self::Damaged(why.to_owned())
    }
}
