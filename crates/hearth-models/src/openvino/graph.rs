//! The layers and edges of an `openvino_model.xml` as a graph.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use roxmltree::{Document, ParsingOptions};

use crate::blob::Blob;
use crate::config::HiddenAct;
use crate::graph::{Constant, FEW, Graph, MAX_INPUTS, MAX_NODES, Node, Op};
use crate::weights::{Element, Layout, Tensor};

/// Elements and texts of the XML: some forty for each layer of a graph.
const MAX_XML_NODES: u32 = 1 << 23;
const MAX_AXES: usize = 64;

type Xml<'a> = roxmltree::Node<'a, 'a>;

/// Of a layer.
struct Ports<'a> {
    node: usize,
    /// By their ids.
    inputs: HashMap<&'a str, usize>,
    /// The id of the first.
    output: Option<&'a str>,
}

/// `file` is that of the constants.
///
/// # Errors
/// What is wrong with the XML, or with what it says of the constants.
pub(super) fn read(xml: &[u8], constants: &Blob, file: &Arc<Path>) -> Result<Graph, String> {
    let text = std::str::from_utf8(xml).map_err(|_| "it is not UTF-8")?;
    let options = ParsingOptions {
        nodes_limit: MAX_XML_NODES,
        ..ParsingOptions::default()
    };
    let document = Document::parse_with_options(text, options).map_err(|e| e.to_string())?;
    let net = document.root_element();
    let layers = child(net, "layers").ok_or("it has no layers")?;

    let mut graph = Graph::default();
    let mut ports: HashMap<&str, Ports<'_>> = HashMap::new();
    for layer in layers
        .children()
        .filter(|layer| layer.has_tag_name("layer"))
    {
        if graph.nodes.len() >= MAX_NODES {
            return Err(format!("it has more than {MAX_NODES} layers"));
        }
        let id = layer.attribute("id").ok_or("a layer has no id")?;
        let inputs: HashMap<&str, usize> = port_ids(layer, "input")
            .take(MAX_INPUTS)
            .enumerate()
            .map(|(i, id)| (id, i))
            .collect();
        let output = port_ids(layer, "output").next();
        let node = Node {
            name: layer.attribute("name").unwrap_or_default().to_owned(),
            op: op(layer, constants, file)?,
            inputs: vec![None; inputs.len()],
        };
        let of = Ports {
            node: graph.nodes.len(),
            inputs,
            output,
        };
        ports.insert(id, of);
        graph.nodes.push(node);
    }
    let edges = child(net, "edges").ok_or("it has no edges")?;
    for edge in edges.children().filter(|edge| edge.has_tag_name("edge")) {
        let [from, from_port, to, to_port] = ["from-layer", "from-port", "to-layer", "to-port"]
            .map(|name| edge.attribute(name).unwrap_or_default());
        let (Some(from), Some(to)) = (ports.get(from), ports.get(to)) else {
            return Err(format!(
                "it has an edge between layers `{}` and `{}`, not both of which are there",
                edge.attribute("from-layer").unwrap_or_default(),
                edge.attribute("to-layer").unwrap_or_default()
            ));
        };
        if from.output == Some(from_port)
            && let Some(&input) = to.inputs.get(to_port)
            && let Some(input) = graph.nodes[to.node].inputs.get_mut(input)
        {
            *input = Some(from.node);
        }
    }
    settle(&mut graph);
    Ok(graph)
}

/// What an operation does can depend on inputs that are constants.
fn settle(graph: &mut Graph) {
    for at in 0..graph.nodes.len() {
        let numbers = |input: usize| {
            let input = graph.nodes[at].inputs.get(input).copied().flatten()?;
            match &graph.nodes[input].op {
                Op::Constant(constant) => Some(constant.numbers.clone()),
                _ => None,
            }
        };
        let op = match &graph.nodes[at].op {
            Op::Transpose { .. } => {
                #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
                // saturates, and then is no axis
                let order = numbers(1)
                    .unwrap_or_default()
                    .iter()
                    .map(|&axis| axis as usize)
                    .collect();
                Op::Transpose { order }
            }
            Op::Gather if numbers(2).is_none_or(|axis| axis != [0.0]) => {
                Op::Other("Gather".to_owned())
            }
            _ => continue,
        };
        graph.nodes[at].op = op;
    }
}

fn op(layer: Xml<'_>, constants: &Blob, file: &Arc<Path>) -> Result<Op, String> {
    let kind = layer.attribute("type").unwrap_or_default();
    let data = child(layer, "data");
    let attribute = |name| data.and_then(|data| data.attribute(name));
    let is = |name| matches!(attribute(name), Some("true" | "1"));
    Ok(match kind {
        "Parameter" => Op::Input,
        "Const" => constant(layer, data, constants, file)?,
        "Gather" => Op::Gather,
        "MatMul" => Op::MatMul {
            transposed: [is("transpose_a"), is("transpose_b")],
            scale: 1.0,
        },
        "Add" => Op::Add,
        "Subtract" => Op::Sub,
        "Multiply" => Op::Mul,
        "Divide" => Op::Div,
        "Power" => Op::Pow,
        "SquaredDifference" => Op::SquaredDifference,
        "Sqrt" => Op::Sqrt,
        "Erf" => Op::Erf,
        "Tanh" => Op::Tanh,
        "ReduceMean" => Op::Mean,
        "MVN"
            if is("normalize_variance")
                && attribute("eps_mode")
                    .is_none_or(|mode| mode.eq_ignore_ascii_case("inside_sqrt")) =>
        {
            let epsilon = attribute("eps").and_then(|eps| eps.parse().ok());
            Op::Normalize {
                epsilon: epsilon.ok_or_else(|| {
                    format!(
                        "layer `{}` has no epsilon",
                        layer.attribute("name").unwrap_or_default()
                    )
                })?,
            }
        }
        "Gelu"
            if attribute("approximation_mode")
                .is_some_and(|mode| mode.eq_ignore_ascii_case("tanh")) =>
        {
            Op::Gelu(HiddenAct::GeluTanh)
        }
        "Gelu" => Op::Gelu(HiddenAct::Gelu),
        "ScaledDotProductAttention" => Op::Attention { heads: None },
        "SoftMax" | "Softmax" => Op::Softmax,
        "Select" => Op::Where,
        "Reshape" => Op::Reshape,
        "Transpose" => Op::Transpose { order: vec![] },
        "Concat" => Op::Concat,
        "Convert" | "ConvertLike" | "Squeeze" | "Unsqueeze" => Op::Same,
        "FakeQuantize" | "FakeConvert" => Op::Quantized,
        other => Op::Other(other.to_owned()),
    })
}

fn constant(
    layer: Xml<'_>,
    data: Option<Xml<'_>>,
    constants: &Blob,
    file: &Arc<Path>,
) -> Result<Op, String> {
    let name = layer.attribute("name").unwrap_or_default();
    let attribute = |key| {
        data.and_then(|data| data.attribute(key))
            .unwrap_or_default()
    };
    let number = |key| {
        let value: Result<u64, _> = attribute(key).parse();
        value.map_err(|_| format!("the constant `{name}` has the {key} `{}`", attribute(key)))
    };
    let mut shape = vec![];
    for size in attribute("shape")
        .split(',')
        .map(str::trim)
        .filter(|size| !size.is_empty())
    {
        shape.push(
            size.parse()
                .map_err(|_| format!("the constant `{name}` has an axis of size `{size}`"))?,
        );
        if shape.len() > MAX_AXES {
            return Err(format!(
                "the constant `{name}` has more than {MAX_AXES} axes"
            ));
        }
    }
    let element = match attribute("element_type") {
        // Of weights that were rounded; everything else of these types is a mask or a number.
        "i8" | "u8" | "i4" | "u4" | "i2" | "u2" | "nf4" | "f4e2m1" | "f8e4m3" | "f8e5m2"
            if shape.len() > 1 =>
        {
            return Ok(Op::Quantized);
        }
        "f32" => Element::F32,
        "f16" => Element::F16,
        "bf16" => Element::Bf16,
        other => Element::Unread(other.to_owned()),
    };
    let (offset, size) = (number("offset")?, number("size")?);
    let end = offset.checked_add(size);
    let bytes = end
        .and_then(|end| constants.slice(offset..end))
        .ok_or_else(|| {
            format!(
                "the constant `{name}` lies outside of the file of constants, which has {} bytes",
                constants.len()
            )
        })?;
    let mut sizes = shape.iter();
    let count = sizes.try_fold(1_usize, |count, &size: &usize| count.checked_mul(size));
    let numbers = match count.filter(|&count| count <= FEW) {
        Some(count) => numbers(attribute("element_type"), &bytes, count)?,
        None => vec![],
    };
    Ok(Op::Constant(Box::new(Constant {
        tensor: Tensor {
            file: file.clone(),
            parts: vec![bytes],
            element,
            shape,
            layout: Layout::AsStored,
        },
        numbers,
    })))
}

/// The values of a constant with few.
fn numbers(element: &str, bytes: &Blob, count: usize) -> Result<Vec<f64>, String> {
    const LIMIT: u64 = FEW as u64 * 8;
    if bytes.len() > LIMIT {
        return Ok(vec![]);
    }
    let bytes = bytes.to_vec(LIMIT).map_err(|e| e.to_string())?;
    let halves = || bytes.as_chunks().0.iter().copied();
    let words = || bytes.as_chunks().0.iter().copied();
    let longs = || bytes.as_chunks().0.iter().copied();
    let mut numbers: Vec<f64> = match element {
        "f16" => halves()
            .map(|b| half::f16::from_le_bytes(b).to_f64())
            .collect(),
        "bf16" => halves()
            .map(|b| half::bf16::from_le_bytes(b).to_f64())
            .collect(),
        "f32" => words().map(|b| f64::from(f32::from_le_bytes(b))).collect(),
        "f64" => longs().map(f64::from_le_bytes).collect(),
        "i32" => words().map(|b| f64::from(i32::from_le_bytes(b))).collect(),
        #[allow(clippy::cast_precision_loss)] // a size or -1; what is larger is none
        "i64" => longs().map(|b| i64::from_le_bytes(b) as f64).collect(),
        _ => vec![],
    };
    numbers.truncate(count);
    Ok(numbers)
}

fn child<'a>(of: Xml<'a>, name: &str) -> Option<Xml<'a>> {
    of.children().find(|child| child.has_tag_name(name))
}

fn port_ids<'a>(layer: Xml<'a>, side: &str) -> impl Iterator<Item = &'a str> {
    let ports = child(layer, side)
        .into_iter()
        .flat_map(|side| side.children());
    ports
        .filter(|port| port.has_tag_name("port"))
        .filter_map(|port| port.attribute("id"))
}
