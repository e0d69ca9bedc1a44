//! What a graph says of the encoder that no shape of a weight shows: the form of GELU, the heads, LayerNorm's epsilon.
//!
//! See `tensorflow/core/framework/{graph,function,node_def,attr_value,tensor}.proto`.

use std::collections::HashMap;
use std::io;

use crate::blob::Blob;
use crate::config::HiddenAct;
use crate::protobuf::{Message, Value};

use super::names::layer_number;

/// Far above the graph of any BERT; nodes take more memory than bytes of the file.
const MAX_NODES: usize = 1 << 20;
/// How many steps up from a `Tanh` its cubic lies: `Mul`, `Add`, `Mul`, `Pow`.
const CUBIC_DEPTH: usize = 5;
/// The coefficient of the cubic.
const CUBIC: f64 = 0.044_715;

/// What was found; empty where nothing was.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Facts {
    /// Nodes that compute GELU inside numbered layers, then elsewhere.
    gelu: [Gelu; 2],
    /// Every number of heads that a reshape of the hidden states to heads says.
    heads: Vec<usize>,
    /// Every epsilon.
    epsilons: Vec<f32>,
}

/// The first node of each form.
#[derive(Debug, Default, PartialEq)]
struct Gelu {
    erf: Option<String>,
    tanh: Option<String>,
}

/// Looks through a serialised `SavedModel`, or a `GraphDef`, which Spark NLP stores under the same name.
///
/// `hidden` is the hidden size, by which the reshape to heads is known.
///
/// # Errors
/// What is wrong with the bytes.
pub(crate) fn saved_model(bytes: Blob, hidden: usize) -> Result<Facts, String> {
    let message = Message(bytes);
    // Both begin with field 1: the version of the schema here, the first node there.
    let versioned = match message.fields().next() {
        Some(field) => matches!(field.map_err(text)?, (1, Value::Varint(_))),
        None => return Err("it is empty".to_owned()),
    };
    let mut facts = Facts::default();
    if !versioned {
        facts.graph(&message, hidden)?;
        return Ok(facts);
    }
    for field in message.fields() {
        if let (2, Value::Bytes(meta)) = field.map_err(text)? {
            facts.meta_graph(&Message(meta), hidden)?;
        }
    }
    Ok(facts)
}

/// Looks through a serialised `MetaGraphDef`: a checkpoint's `.meta`.
///
/// # Errors
/// What is wrong with the bytes.
pub(crate) fn meta_graph(bytes: Blob, hidden: usize) -> Result<Facts, String> {
    let mut facts = Facts::default();
    facts.meta_graph(&Message(bytes), hidden)?;
    Ok(facts)
}

impl Facts {
    /// The form of GELU; `None` where the graph has neither.
    ///
    /// # Errors
    /// Where it has both in its layers, or none there and both elsewhere: the two nodes.
    pub(super) fn gelu(&self) -> Result<Option<HiddenAct>, [&str; 2]> {
        for Gelu { erf, tanh } in &self.gelu {
            match (erf, tanh) {
                (Some(erf), Some(tanh)) => return Err([erf, tanh]),
                (Some(_), None) => return Ok(Some(HiddenAct::Gelu)),
                (None, Some(_)) => return Ok(Some(HiddenAct::GeluTanh)),
                (None, None) => {}
            }
        }
        Ok(None)
    }

    /// The different numbers of heads.
    pub(super) fn heads(&self) -> &[usize] {
        &self.heads
    }

    /// The different epsilons of LayerNorm, each as the shortest decimal that is this `f32`.
    pub(super) fn epsilons(&self) -> Vec<f64> {
        let decimal = |e: &f32| e.to_string().parse().unwrap_or_else(|_| f64::from(*e));
        self.epsilons.iter().map(decimal).collect()
    }

    fn meta_graph(&mut self, meta: &Message, hidden: usize) -> Result<(), String> {
        for field in meta.fields() {
            if let (2, Value::Bytes(graph)) = field.map_err(text)? {
                self.graph(&Message(graph), hidden)?;
            }
        }
        Ok(())
    }

    /// A `GraphDef`: its own nodes, then each function of its library.
    fn graph(&mut self, graph: &Message, hidden: usize) -> Result<(), String> {
        self.nodes(graph, 1, hidden)?;
        for field in graph.fields() {
            let (2, Value::Bytes(library)) = field.map_err(text)? else {
                continue;
            };
            for field in Message(library).fields() {
                if let (1, Value::Bytes(function)) = field.map_err(text)? {
                    self.nodes(&Message(function), 3, hidden)?;
                }
            }
        }
        Ok(())
    }

    /// The nodes of a graph or function, which are its fields of this number.
    fn nodes(&mut self, of: &Message, number: u32, hidden: usize) -> Result<(), String> {
        let mut nodes = HashMap::new();
        for field in of.fields() {
            match field.map_err(text)? {
                (n, Value::Bytes(node)) if n == number => {
                    if let Some((name, node)) = Node::read(&Message(node))? {
                        nodes.insert(name, node);
                    }
                    if nodes.len() > MAX_NODES {
                        return Err(format!("it has more than {MAX_NODES} nodes"));
                    }
                }
                _ => {}
            }
        }
        let nodes = Nodes(nodes);
        let mut names: Vec<_> = nodes.0.iter().collect();
        names.sort_unstable_by_key(|&(name, _)| name);
        for (name, node) in names {
            self.node(name, node, &nodes, hidden);
        }
        Ok(())
    }

    fn node(&mut self, name: &str, node: &Node, nodes: &Nodes, hidden: usize) {
        let in_layer = name.split('/').any(|part| layer_number(part).is_some());
        let gelu = &mut self.gelu[usize::from(!in_layer)];
        match node.op {
            Op::Erf => {
                gelu.erf.get_or_insert_with(|| name.to_owned());
            }
            Op::Tanh if nodes.is_cubic(node, CUBIC_DEPTH) => {
                gelu.tanh.get_or_insert_with(|| name.to_owned());
            }
            Op::Reshape => {
                if let Some(heads) = nodes.heads(node, hidden)
                    && !self.heads.contains(&heads)
                {
                    self.heads.push(heads);
                }
            }
            Op::Rsqrt => self.epsilon(nodes.added(node)),
            Op::BatchNorm => self.epsilon(node.epsilon),
            _ => {}
        }
    }

    fn epsilon(&mut self, epsilon: Option<f32>) {
        if let Some(epsilon) = epsilon.filter(|e| *e > 0.0 && !self.epsilons.contains(e)) {
            self.epsilons.push(epsilon);
        }
    }
}

/// The operations that anything is asked of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Op {
    Erf,
    Tanh,
    Pow,
    /// `Add`, `Mul` and others of numbers one by one.
    Elementwise,
    Add,
    Reshape,
    Pack,
    Rsqrt,
    BatchNorm,
    Const,
    Identity,
    Other,
}

impl Op {
    fn of(name: &str) -> Self {
        match name {
            "Erf" | "Erfc" => Self::Erf,
            "Tanh" => Self::Tanh,
            "Pow" => Self::Pow,
            "Mul" | "RealDiv" | "Square" | "Cast" => Self::Elementwise,
            "Add" | "AddV2" => Self::Add,
            "Reshape" => Self::Reshape,
            "Pack" => Self::Pack,
            "Rsqrt" => Self::Rsqrt,
            "FusedBatchNorm" | "FusedBatchNormV2" | "FusedBatchNormV3" => Self::BatchNorm,
            "Const" => Self::Const,
            "Identity" => Self::Identity,
            _ => Self::Other,
        }
    }
}

struct Node {
    op: Op,
    inputs: Vec<String>,
    /// Of a `Const` with few values.
    values: Vec<f64>,
    /// Of a fused normalisation.
    epsilon: Option<f32>,
}

impl Node {
    /// Name and node; `None` where nothing is asked of it.
    fn read(message: &Message) -> Result<Option<(String, Self)>, String> {
        let mut name = String::new();
        let mut node = Self {
            op: Op::Other,
            inputs: Vec::new(),
            values: Vec::new(),
            epsilon: None,
        };
        let mut attributes = Vec::new();
        for field in message.fields() {
            match field.map_err(text)? {
                (1, Value::Bytes(bytes)) => name = super::text(&bytes)?,
                (2, Value::Bytes(bytes)) => node.op = Op::of(&super::text(&bytes)?),
                (3, Value::Bytes(bytes)) if node.op != Op::Other => {
                    node.inputs.push(super::text(&bytes)?);
                }
                (5, Value::Bytes(bytes)) if matches!(node.op, Op::Const | Op::BatchNorm) => {
                    attributes.push(Message(bytes));
                }
                _ => {}
            }
        }
        if node.op == Op::Other {
            return Ok(None);
        }
        for attribute in attributes {
            node.attribute(&attribute)?;
        }
        Ok(Some((name, node)))
    }

    /// An entry of the map from name to `AttrValue`.
    fn attribute(&mut self, entry: &Message) -> Result<(), String> {
        let (mut key, mut value) = (String::new(), None);
        for field in entry.fields() {
            match field.map_err(text)? {
                (1, Value::Bytes(bytes)) => key = super::text(&bytes)?,
                (2, Value::Bytes(bytes)) => value = Some(Message(bytes)),
                _ => {}
            }
        }
        for field in value.iter().flat_map(Message::fields) {
            match (&key[..], field.map_err(text)?) {
                ("value", (8, Value::Bytes(tensor))) => self.values = values(&Message(tensor))?,
                ("epsilon", (4, Value::Fixed32(bits))) => self.epsilon = Some(f32::from_bits(bits)),
                _ => {}
            }
        }
        Ok(())
    }
}

struct Nodes(HashMap<String, Node>);

impl Nodes {
    /// The node behind an input: `name`, `name:1`, in a function `name:output:0`.
    fn input(&self, input: &str) -> Option<&Node> {
        self.0.get(input.split(':').next()?)
    }

    fn inputs<'a>(&'a self, node: &'a Node) -> impl Iterator<Item = &'a Node> {
        node.inputs.iter().filter_map(|input| self.input(input))
    }

    /// The values of a constant, also behind an `Identity`.
    fn constant<'a>(&'a self, mut node: &'a Node) -> Option<&'a [f64]> {
        const STEPS: usize = 3;
        for _ in 0..STEPS {
            match node.op {
                Op::Const => return Some(&node.values),
                Op::Identity => node = self.inputs(node).next()?,
                _ => return None,
            }
        }
        None
    }

    fn scalar(&self, node: &Node) -> Option<f64> {
        match self.constant(node)? {
            [value] => Some(*value),
            _ => None,
        }
    }

    /// Whether a node is computed, number by number, from a third power or with GELU's coefficient of one. The pooler's
    /// `Tanh` is not: above it lies a matrix.
    fn is_cubic(&self, node: &Node, depth: usize) -> bool {
        let Some(depth) = depth.checked_sub(1) else {
            return false;
        };
        // Two inputs of numbers each: of a damaged graph's longer lists no more is looked at.
        self.inputs(node).take(2).any(|input| match input.op {
            Op::Pow => true,
            Op::Add | Op::Elementwise | Op::Identity => self.is_cubic(input, depth),
            Op::Const => self.scalar(input).is_some_and(|c| (c - CUBIC).abs() < 1e-4),
            _ => false,
        })
    }

    /// The heads, where this is the reshape of hidden states to `[batch, sequence, heads, head size]` or of a kernel to
    /// `[hidden, heads, head size]`: google-research/bert has had both.
    fn heads(&self, reshape: &Node, hidden: usize) -> Option<usize> {
        let shape = self.input(reshape.inputs.get(1)?)?;
        let (heads, size) = match shape.op {
            Op::Pack => {
                let [_, _, heads, size] = &shape.inputs[..] else {
                    return None;
                };
                let of = |input| self.scalar(self.input(input)?);
                (of(heads)?, of(size)?)
            }
            _ => match self.constant(shape)? {
                [_, _, heads, size] => (*heads, *size),
                [first, heads, size] if whole(*first) == Some(hidden) => (*heads, *size),
                _ => return None,
            },
        };
        let (heads, size) = (whole(heads)?, whole(size)?);
        (heads.checked_mul(size)? == hidden).then_some(heads)
    }

    /// The constant that the input of a node is a sum with.
    fn added(&self, node: &Node) -> Option<f32> {
        let sum = self.inputs(node).next().filter(|sum| sum.op == Op::Add)?;
        let value = self
            .inputs(sum)
            .take(2)
            .find_map(|node| self.scalar(node))?;
        // It was one: constants of other types are of no LayerNorm.
        #[allow(clippy::cast_possible_truncation)]
        let value = value as f32;
        Some(value)
    }
}

fn whole(value: f64) -> Option<usize> {
    let is_size = value >= 1.0 && value <= f64::from(u16::MAX) && value.fract() == 0.0;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    is_size.then_some(value as usize)
}

/// The values of a `TensorProto` with at most [`FEW`]; none of one with more.
fn values(tensor: &Message) -> Result<Vec<f64>, String> {
    const FEW: usize = 8;
    const FLOAT: u64 = 1;
    const INT32: u64 = 3;
    let (mut dtype, mut count) = (0, Some(1));
    let mut content = None;
    let mut values = Vec::new();
    for field in tensor.fields() {
        match field.map_err(text)? {
            (1, Value::Varint(n)) => dtype = n,
            (2, Value::Bytes(shape)) => {
                let shape = super::shape(&Message(shape))?;
                count = shape
                    .iter()
                    .try_fold(1_usize, |n, &size| n.checked_mul(size));
            }
            (4, Value::Bytes(bytes)) => content = Some(bytes),
            (5, Value::Fixed32(bits)) => values.push(f64::from(f32::from_bits(bits))),
            (5, Value::Bytes(packed)) => values.extend(floats(&packed)?),
            (7, Value::Varint(n)) => values.push(integer(n)),
            (7, Value::Bytes(packed)) => values.extend(varints(&packed)?),
            _ => {}
        }
        values.truncate(FEW);
    }
    let Some(count) = count.filter(|&n| n <= FEW) else {
        return Ok(Vec::new());
    };
    if let Some(content) = content.filter(|c| c.len() == count as u64 * 4) {
        values = match dtype {
            FLOAT => floats(&content)?,
            INT32 => {
                let bytes = content.to_vec(content.len()).map_err(text)?;
                let words = bytes.as_chunks().0.iter();
                words
                    .map(|&word| f64::from(i32::from_le_bytes(word)))
                    .collect()
            }
            _ => Vec::new(),
        };
    }
    // One value may stand for all that follow it.
    if let Some(&last) = values.last() {
        values.resize(count, last);
    }
    Ok(values)
}

/// As many as are looked at.
const PACKED: u64 = 64;

fn floats(packed: &Blob) -> Result<Vec<f64>, String> {
    let bytes = start(packed)?;
    let words = bytes.as_chunks().0.iter();
    Ok(words
        .map(|&word| f64::from(f32::from_le_bytes(word)))
        .collect())
}

fn varints(packed: &Blob) -> Result<Vec<f64>, String> {
    let bytes = start(packed)?;
    let mut rest = &bytes[..];
    Ok(std::iter::from_fn(|| super::varint(&mut rest))
        .map(integer)
        .collect())
}

fn start(packed: &Blob) -> Result<Vec<u8>, String> {
    let len = packed.len().min(PACKED);
    let start = packed.slice(0..len).unwrap_or_else(|| packed.clone());
    start.to_vec(PACKED).map_err(text)
}

/// An `int32` of the wire, which is sign-extended to 64 bits. Those beyond are no size.
fn integer(varint: u64) -> f64 {
    i32::try_from(varint.cast_signed()).map_or(f64::NAN, f64::from)
}

fn text(error: io::Error) -> String {
    error.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HIDDEN: usize = 8;

    /// A length-delimited field.
    fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
        let mut field = vec![number << 3 | 2];
        let mut len = bytes.len();
        while len > 0x7f {
            field.push(u8::try_from(len & 0x7f).unwrap() | 0x80);
            len >>= 7;
        }
        field.push(u8::try_from(len).unwrap());
        field.extend(bytes);
        field
    }

    fn node(name: &str, op: &str, inputs: &[&str], attribute: &[u8]) -> Vec<u8> {
        let mut node = [field(1, name.as_bytes()), field(2, op.as_bytes())].concat();
        for input in inputs {
            node.extend(field(3, input.as_bytes()));
        }
        node.extend(attribute);
        field(1, &node)
    }

    fn constant(name: &str, tensor: &[u8]) -> Vec<u8> {
        let entry = [field(1, b"value"), field(2, &field(8, tensor))].concat();
        node(name, "Const", &[], &field(5, &entry))
    }

    /// An `int32` scalar in `int_val`, packed.
    fn int(name: &str, value: u8) -> Vec<u8> {
        constant(name, &[vec![0x08, 3], field(7, &[value])].concat())
    }

    /// A `float` scalar in `float_val`, packed.
    fn float(name: &str, value: f32) -> Vec<u8> {
        constant(
            name,
            &[vec![0x08, 1], field(5, &value.to_le_bytes())].concat(),
        )
    }

    fn facts(nodes: &[Vec<u8>]) -> Facts {
        saved_model(Blob::from_vec(nodes.concat()), HIDDEN).unwrap()
    }

    fn erf() -> Vec<u8> {
        node("e/layer_0/intermediate/Erf", "Erf", &["x"], &[])
    }

    fn tanh(scope: &str) -> Vec<u8> {
        let name = |node: &str| format!("{scope}/{node}");
        [
            node(&name("Pow"), "Pow", &["x", "three"], &[]),
            node(&name("mul"), "Mul", &["c", &name("Pow")], &[]),
            node(&name("add"), "AddV2", &["x", &name("mul:0")], &[]),
            node(
                &name("mul_1"),
                "Mul",
                &["d", &format!("{}:z:0", name("add"))],
                &[],
            ),
            node(&name("Tanh"), "Tanh", &[&name("mul_1")], &[]),
        ]
        .concat()
    }

    fn pooler() -> Vec<u8> {
        [
            node("pooler/MatMul", "MatMul", &["e/layer_0/Tanh"], &[]),
            node("pooler/add", "AddV2", &["pooler/MatMul", "bias"], &[]),
            node("pooler/Tanh", "Tanh", &["pooler/add"], &[]),
        ]
        .concat()
    }

    #[test]
    fn the_forms_of_gelu() {
        let of = |nodes: &[Vec<u8>]| facts(nodes).gelu().map_err(|both| both.map(str::to_owned));
        assert_eq!(of(&[erf(), pooler()]), Ok(Some(HiddenAct::Gelu)));
        assert_eq!(
            of(&[tanh("e/layer_0"), pooler()]),
            Ok(Some(HiddenAct::GeluTanh))
        );
        assert_eq!(
            of(&[tanh("activation"), pooler()]),
            Ok(Some(HiddenAct::GeluTanh))
        );
        assert_eq!(of(&[pooler()]), Ok(None));
        // The head of a language model has its own; the layers count.
        assert_eq!(of(&[erf(), tanh("cls")]), Ok(Some(HiddenAct::Gelu)));
        let both = ["e/layer_0/intermediate/Erf", "e/layer_1/Tanh"].map(str::to_owned);
        assert_eq!(of(&[erf(), tanh("e/layer_1")]), Err(both));
    }

    #[test]
    fn a_cubic_without_a_power_is_known_by_its_coefficient() {
        let nodes = [
            node("square", "Square", &["x"], &[]),
            float("c", 0.044_715),
            node("mul", "Mul", &["square", "c"], &[]),
            node("Tanh", "Tanh", &["mul"], &[]),
        ];
        assert_eq!(facts(&nodes).gelu(), Ok(Some(HiddenAct::GeluTanh)));
        assert_eq!(facts(&nodes[2..]).gelu(), Ok(None));
    }

    #[test]
    fn heads_are_the_third_size_of_a_reshape_that_makes_the_hidden_size() {
        let reshape = |sizes: [&str; 4]| {
            facts(&[
                node("Reshape", "Reshape", &["x", "shape:output:0"], &[]),
                node("shape", "Pack", &sizes, &[]),
                int("two", 2),
                int("four", 4),
                int("five", 5),
                node("also_four", "Identity", &["four"], &[]),
            ])
        };
        assert_eq!(reshape(["b", "s", "two", "also_four"]).heads(), [2]);
        assert_eq!(reshape(["b", "s", "four", "two"]).heads(), [4]);
        assert_eq!(reshape(["b", "s", "two", "five"]).heads(), [0; 0]);
        assert_eq!(reshape(["b", "s", "two", "s"]).heads(), [0; 0]);
    }

    #[test]
    fn epsilons_are_read_as_the_decimals_they_were() {
        let nodes = [
            float("y", 1e-12),
            node("add", "AddV2", &["variance", "y"], &[]),
            node("Rsqrt", "Rsqrt", &["add"], &[]),
            node("Rsqrt_1", "Rsqrt", &["add"], &[]),
        ];
        assert_eq!(facts(&nodes).epsilons(), [1e-12]);
        let attribute = [field(1, b"epsilon"), field(2, &[0x25, 0, 0, 0x80, 0x3a])].concat();
        let fused = node("f", "FusedBatchNormV3", &["x"], &field(5, &attribute));
        assert_eq!(facts(&[fused]).epsilons(), [0.000_976_562_5]);
    }

    /// A graph in which everything is looked at, with any byte changed or the rest cut off.
    #[test]
    fn no_graph_makes_it_panic() {
        let whole = [
            erf(),
            tanh("e/layer_0"),
            pooler(),
            node("Reshape", "Reshape", &["x", "shape"], &[]),
            node("shape", "Pack", &["b", "s", "two", "y"], &[]),
            int("two", 2),
            float("y", 4.0),
            node("add", "AddV2", &["add", "y"], &[]),
            node("Rsqrt", "Rsqrt", &["add"], &[]),
            node("loop", "Identity", &["loop"], &[]),
        ]
        .concat();
        let function = field(2, &field(1, &field(3, &field(1, b"x"))));
        let whole = [whole, function].concat();
        for at in 0..whole.len() {
            let _ = saved_model(Blob::from_vec(whole[..at].to_vec()), HIDDEN);
            let _ = meta_graph(Blob::from_vec(field(2, &whole[..at])), HIDDEN);
            for bit in [0, 3, 7] {
                let mut changed = whole.clone();
                changed[at] ^= 1 << bit;
                let _ = saved_model(Blob::from_vec(changed), HIDDEN);
            }
        }
    }
}
