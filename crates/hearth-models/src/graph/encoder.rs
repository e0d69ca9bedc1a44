//! Finds a BERT encoder in a graph, from its LayerNorms: each adds the output of a linear layer to that of the LayerNorm
//! before it, and the first adds up the embeddings.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use super::{Constant, Graph, Op, activation, decimal};
use crate::config::BertConfig;
use crate::warning::Warning;
use crate::weights::{Element, Layout, Tensor};

pub(super) struct Found {
    pub(super) config: BertConfig,
    pub(super) tensors: HashMap<String, Tensor>,
    pub(super) warnings: Vec<Warning>,
}

/// A linear layer.
#[derive(Debug, Clone)]
pub(super) struct Linear<'g> {
    /// The node it is applied to.
    pub(super) input: usize,
    weight: Tensor,
    bias: &'g Constant,
    /// What its input is multiplied by first.
    pub(super) scale: f32,
}

/// The product with a matrix of the file.
struct Product {
    input: usize,
    weight: Tensor,
    scale: f32,
}

/// The nodes of a graph with what is known of them.
pub(super) struct Parts<'g> {
    pub(super) graph: &'g Graph,
    /// By the node that gives the output.
    norms: BTreeMap<usize, Norm<'g>>,
}

struct Norm<'g> {
    /// Whose sum is normalised.
    terms: Vec<usize>,
    weight: &'g Constant,
    bias: &'g Constant,
    epsilon: f32,
}

/// A LayerNorm's part in the encoder.
struct Sum<'g> {
    norm: usize,
    /// Of the linear layer's output and the residual.
    linear: Linear<'g>,
}

/// The linear layers of attention.
struct Attention<'g> {
    /// Query, key, value: weight and bias.
    projections: [(Tensor, Tensor); 3],
    /// The node that all three are applied to.
    input: usize,
    /// Of reshapes and attributes.
    heads: Option<usize>,
    output: &'g Linear<'g>,
}

/// Terms of one sum.
const MAX_TERMS: usize = 16;
/// Nodes that are looked at between two others.
const MAX_BETWEEN: usize = 64;
/// Of every BERT that Google published, small ones included.
const HEAD_SIZE: usize = 64;

const TABLES: [&str; 3] = [
    "word_embeddings",
    "position_embeddings",
    "token_type_embeddings",
];
const PROJECTIONS: [&str; 3] = ["query", "key", "value"];

/// `heads` is taken where the graph does not show their number.
pub(super) fn read(graph: &Graph, heads: Option<usize>) -> Result<Found, String> {
    let rounded = graph
        .nodes
        .iter()
        .find(|node| matches!(node.op, Op::Quantized));
    if let Some(node) = rounded {
        return Err(format!(
            "its weights are quantized to small integers, as `{}` shows",
            node.name
        ));
    }
    let parts = Parts::of(graph);
    let (first, tables) = parts.embeddings()?;
    let chain = parts.chain(first)?;
    let hidden = parts.norms[&first].weight.tensor.shape.iter().product();

    let mut tensors = HashMap::new();
    for (table, name) in tables.iter().zip(TABLES) {
        tensors.insert(format!("embeddings.{name}.weight"), table.clone());
    }
    let mut epsilons = vec![];
    let mut norm = |at: usize, name: &str, tensors: &mut HashMap<_, _>| {
        let norm = &parts.norms[&at];
        if !epsilons.contains(&norm.epsilon) {
            epsilons.push(norm.epsilon);
        }
        tensors.insert(format!("{name}.LayerNorm.weight"), vector(norm.weight));
        tensors.insert(format!("{name}.LayerNorm.bias"), vector(norm.bias));
    };
    norm(first, "embeddings", &mut tensors);
    let (mut all_heads, mut acts) = (vec![], vec![]);
    let mut before = first;
    for (layer, [attention, output]) in chain.as_chunks().0.iter().enumerate() {
        let name = |part: &str| format!("encoder.layer.{layer}.{part}");
        let mut linear = |part: &str, weight: Tensor, bias: Tensor| {
            tensors.insert(name(&format!("{part}.weight")), weight);
            tensors.insert(name(&format!("{part}.bias")), bias);
        };
        let found = parts.attention(&attention.linear, hidden)?;
        if found.input != before {
            return Err(format!(
                "the attention of layer {layer} is not applied to the layer before it"
            ));
        }
        for (part, (weight, bias)) in PROJECTIONS.iter().zip(found.projections) {
            linear(&format!("attention.self.{part}"), weight, bias);
        }
        let dense = found.output;
        linear(
            "attention.output.dense",
            dense.weight.clone(),
            vector(dense.bias),
        );
        all_heads.extend(found.heads.filter(|heads| !all_heads.contains(heads)));

        let (act, intermediate) = activation::gelu(&output.linear, &parts)?;
        if parts.normed(intermediate.input) != Some(attention.norm) {
            return Err(format!(
                "the feed-forward part of layer {layer} is not applied to its attention"
            ));
        }
        if !acts.contains(&act) {
            acts.push(act);
        }
        linear(
            "intermediate.dense",
            intermediate.weight,
            vector(intermediate.bias),
        );
        linear(
            "output.dense",
            output.linear.weight.clone(),
            vector(output.linear.bias),
        );
        norm(attention.norm, &name("attention.output"), &mut tensors);
        norm(output.norm, &name("output"), &mut tensors);
        before = output.norm;
    }

    let mut warnings = vec![];
    let num_attention_heads = match (&all_heads[..], heads) {
        (&[heads], _) | ([], Some(heads)) => heads,
        ([], None) => {
            let heads = hidden / HEAD_SIZE;
            warnings.push(Warning::AssumedHeads { heads });
            heads
        }
        (several, _) => return Err(format!("its layers have {several:?} attention heads")),
    };
    if num_attention_heads == 0 || !hidden.is_multiple_of(num_attention_heads) {
        return Err(format!(
            "{num_attention_heads} attention heads do not divide its hidden size, {hidden}"
        ));
    }
    let [hidden_act] = acts[..] else {
        return Err("its layers have both forms of GELU".to_owned());
    };
    let [epsilon] = epsilons[..] else {
        return Err(format!("its LayerNorms have the epsilons {epsilons:?}"));
    };
    let [vocab_size, max_position_embeddings, type_vocab_size] = tables.map(|table| rows(&table));
    let config = BertConfig {
        vocab_size,
        hidden_size: hidden,
        num_hidden_layers: chain.len() / 2,
        num_attention_heads,
        intermediate_size: tensors["encoder.layer.0.intermediate.dense.bias"].shape[0],
        max_position_embeddings,
        type_vocab_size,
        hidden_act,
        layer_norm_eps: decimal(epsilon),
    };
    Ok(Found {
        config,
        tensors,
        warnings,
    })
}

impl<'g> Parts<'g> {
    pub(super) fn of(graph: &'g Graph) -> Self {
        let mut parts = Self {
            graph,
            norms: BTreeMap::new(),
        };
        let plain = graph
            .nodes
            .iter()
            .enumerate()
            .filter_map(|(at, _)| Some((at, Norm::of(graph, at)?)));
        parts.norms = plain.collect();
        // What is added up before each is known once all of them are: their own last step is a sum too.
        let inputs: Vec<(usize, Vec<usize>)> = parts
            .norms
            .iter()
            .map(|(&at, norm)| (at, parts.terms(&norm.terms)))
            .collect();
        for (at, terms) in inputs {
            if let Some(norm) = parts.norms.get_mut(&at) {
                norm.terms = terms;
            }
        }
        parts
    }

    /// The terms of a sum of these, down to those that are no sums; not into a LayerNorm.
    pub(super) fn terms(&self, of: &[usize]) -> Vec<usize> {
        let mut left: Vec<usize> = of.iter().rev().copied().collect();
        let mut terms = vec![];
        while let Some(at) = left.pop() {
            let at = self.graph.shaped_source(at);
            match (self.graph.op(at), self.graph.pair(at)) {
                (Some(Op::Add), Some([a, b])) if !self.norms.contains_key(&at) => {
                    left.extend([b, a]);
                }
                _ => terms.push(at),
            }
            if terms.len() + left.len() > MAX_TERMS {
                return vec![];
            }
        }
        terms
    }

    /// The LayerNorm that gives a value.
    fn normed(&self, at: usize) -> Option<usize> {
        let at = self.graph.shaped_source(at);
        self.norms.contains_key(&at).then_some(at)
    }

    /// The linear layer that gives a value.
    pub(super) fn linear(&self, at: usize) -> Option<Linear<'g>> {
        let at = self.graph.shaped_source(at);
        match self.graph.op(at)? {
            Op::Add | Op::Gemm { .. } => self.linear_sum(&[at]),
            _ => None,
        }
    }

    /// The linear layer that gives a sum.
    pub(super) fn linear_sum(&self, of: &[usize]) -> Option<Linear<'g>> {
        let (linear, rest) = self.linear_and_rest(&self.terms(of))?;
        (rest.is_empty() && linear.scale == 1.0).then_some(linear)
    }

    /// A linear layer among terms, and the other terms.
    pub(super) fn linear_and_rest(&self, terms: &[usize]) -> Option<(Linear<'g>, Vec<usize>)> {
        let (mut product, mut bias, mut rest) = (None, None, vec![]);
        for &at in terms {
            if let Some((found, own)) = self.product(at) {
                if product.replace(found).is_some() || own.is_some() && bias.is_some() {
                    return None;
                }
                bias = own.or(bias);
            } else if let Some(found) = constant_vector(self.graph, at) {
                if bias.replace(found).is_some() {
                    return None;
                }
            } else {
                rest.push(at);
            }
        }
        let Product {
            input,
            weight,
            scale,
        } = product?;
        let linear = Linear {
            input,
            weight,
            bias: bias?,
            scale,
        };
        Some((linear, rest))
    }

    /// The product with a matrix of the file, and the bias where the node adds it.
    fn product(&self, at: usize) -> Option<(Product, Option<&'g Constant>)> {
        let [input, weight] = self.graph.pair(at)?;
        match self.graph.op(at)? {
            Op::MatMul {
                transposed: [false, transposed],
                scale,
            } => {
                let product = Product {
                    input,
                    weight: matrix(self.graph, weight, *transposed)?,
                    scale: *scale,
                };
                Some((product, None))
            }
            Op::Gemm { transposed } => {
                let bias = match self.graph.input(at, 2) {
                    Some(bias) => Some(constant_vector(self.graph, bias)?),
                    None => None,
                };
                let product = Product {
                    input,
                    weight: matrix(self.graph, weight, *transposed)?,
                    scale: 1.0,
                };
                Some((product, bias))
            }
            _ => None,
        }
    }

    /// The LayerNorm of the embeddings, and the tables of words, positions and token types.
    fn embeddings(&self) -> Result<(usize, [Tensor; 3]), String> {
        let mut found = vec![];
        for (&at, norm) in &self.norms {
            if let Some(Op::EmbedLayerNorm { .. }) = self.graph.op(at) {
                let table = |input| rows_table(self.graph, self.graph.input(at, input)?);
                if let (Some(words), Some(positions), Some(types)) = (table(2), table(3), table(4))
                {
                    found.push((at, [words, positions, types]));
                }
                continue;
            }
            let gathered = |&at: &usize| match self.graph.op(at)? {
                Op::Gather => Some((at, rows_table(self.graph, self.graph.input(at, 0)?)?)),
                _ => None,
            };
            let tables: Option<Vec<(usize, Tensor)>> = norm.terms.iter().map(gathered).collect();
            match tables {
                Some(tables) if tables.len() == 3 => found.push((at, self.by_role(tables)?)),
                Some(tables) if !tables.is_empty() => {
                    return Err(format!(
                        "it adds up {} embeddings where BERT has three",
                        tables.len()
                    ));
                }
                _ => {}
            }
        }
        match found.pop() {
            Some(embeddings) if found.is_empty() => Ok(embeddings),
            Some(_) => Err("it has several encoders".to_owned()),
            None => Err("it has no LayerNorm of three embeddings, as BERT begins with".to_owned()),
        }
    }

    /// Words, positions and token types: by the table's name, else by that of the input that gives the ids, else the
    /// longest of those left are words and the shortest types.
    fn by_role(&self, tables: Vec<(usize, Tensor)>) -> Result<[Tensor; 3], String> {
        let mut roles: [Option<Tensor>; 3] = [None, None, None];
        let mut left = vec![];
        for (at, table) in tables {
            let role = self
                .graph
                .input(at, 0)
                .and_then(|table| self.table_role(table));
            let role = role.or_else(|| self.ids_role(self.graph.input(at, 1)?));
            match role.map(|role| &mut roles[role]) {
                Some(free @ None) => *free = Some(table),
                _ => left.push(table),
            }
        }
        left.sort_by_key(|table| std::cmp::Reverse(rows(table)));
        let mut left = left.into_iter();
        let roles = roles.map(|role| role.or_else(|| left.next()));
        match roles {
            [Some(words), Some(positions), Some(types)] => Ok([words, positions, types]),
            _ => Err("its embeddings are not those of words, positions and token types".to_owned()),
        }
    }

    fn table_role(&self, mut at: usize) -> Option<usize> {
        at = self.graph.shaped_source(at);
        let name = &self.graph.node(at)?.name;
        TABLES.iter().position(|table| name.contains(table))
    }

    fn ids_role(&self, at: usize) -> Option<usize> {
        let node = self.graph.node(self.graph.shaped_source(at))?;
        let has = |words: &[&str]| words.iter().any(|word| node.name.contains(word));
        match node.op {
            Op::Input if has(&["type", "segment"]) => Some(2),
            Op::Input if has(&["position"]) => Some(1),
            Op::Input if has(&["input", "ids", "word"]) => Some(0),
            _ => None,
        }
    }

    /// The LayerNorms after the first, each with the linear layer that it adds: two for each layer of the encoder.
    fn chain(&self, first: usize) -> Result<Vec<Sum<'g>>, String> {
        let mut next: HashMap<usize, Vec<Sum<'g>>> = HashMap::new();
        for (&norm, found) in &self.norms {
            if let Some((linear, rest)) = self.linear_and_rest(&found.terms)
                && let [residual] = rest[..]
                && let Some(before) = self.normed(residual)
            {
                next.entry(before).or_default().push(Sum { norm, linear });
            }
        }
        let mut chain: Vec<Sum<'g>> = vec![];
        let mut last = first;
        while let Some(mut sums) = next.remove(&last) {
            let Some(sum) = sums.pop().filter(|_| sums.is_empty()) else {
                return Err("it has several encoders on the same embeddings".to_owned());
            };
            last = sum.norm;
            chain.push(sum);
        }
        if chain.is_empty() || !chain.len().is_multiple_of(2) {
            return Err(format!(
                "its embeddings are followed by {} LayerNorms of linear layers with residuals, where BERT has two in each \
                 layer",
                chain.len()
            ));
        }
        Ok(chain)
    }

    /// The attention whose output goes through a linear layer.
    fn attention<'l>(&self, output: &'l Linear<'g>, hidden: usize) -> Result<Attention<'l>, String>
    where
        'g: 'l,
    {
        let graph = self.graph;
        let context = graph.shaped_source(output.input);
        let no_attention = || {
            format!(
                "it has no attention over linear layers where BERT has: {}",
                graph.describe(context)
            )
        };
        if output.scale != 1.0 {
            return Err(no_attention());
        }
        let (projected, mut heads) = match graph.op(context) {
            Some(Op::PackedAttention { heads }) => {
                let (input, projections) = self.packed(context, hidden).ok_or_else(no_attention)?;
                let input = self.normed(input).ok_or_else(no_attention)?;
                return Ok(Attention {
                    projections,
                    input,
                    heads: *heads,
                    output,
                });
            }
            Some(Op::Attention { heads }) => {
                let inputs = [0, 1, 2].map(|input| graph.input(context, input));
                if let Some(bias) = graph.input(context, 3) {
                    let inputs = inputs.map(|at| self.product(graph.shaped_source(at?)));
                    if let [Some((q, None)), Some((k, None)), Some((v, None))] = inputs {
                        let biases = thirds(constant_vector(graph, bias), hidden)
                            .ok_or_else(no_attention)?;
                        let [input, k_input, v_input] =
                            [&q, &k, &v].map(|product| self.normed(product.input));
                        let input = input.filter(|_| k_input == input && v_input == input);
                        let mut biases = biases.into_iter();
                        let mut with =
                            |weight| (weight, biases.next().unwrap_or_else(|| vector(output.bias)));
                        return Ok(Attention {
                            projections: [with(q.weight), with(k.weight), with(v.weight)],
                            input: input.ok_or_else(no_attention)?,
                            heads: *heads,
                            output,
                        });
                    }
                }
                (inputs, *heads)
            }
            Some(Op::MatMul { .. }) => {
                let scores = graph
                    .input(context, 0)
                    .and_then(|at| self.above(at, |op| matches!(op, Op::Softmax)))
                    .and_then(|at| {
                        self.above(graph.input(at, 0)?, |op| matches!(op, Op::MatMul { .. }))
                    });
                let [query, key] = scores
                    .and_then(|at| graph.pair(at))
                    .ok_or_else(no_attention)?;
                ([Some(query), Some(key), graph.input(context, 1)], None)
            }
            _ => return Err(no_attention()),
        };
        let mut linears = vec![];
        for at in projected {
            let (linear, shown) = at
                .and_then(|at| self.projection(at, hidden))
                .ok_or_else(no_attention)?;
            heads = heads.or(shown);
            linears.push(linear);
        }
        let input = self.normed(linears[0].input).ok_or_else(no_attention)?;
        if linears
            .iter()
            .any(|linear| self.normed(linear.input) != Some(input))
        {
            return Err(no_attention());
        }
        let projections = [0, 1, 2].map(|i| (linears[i].weight.clone(), vector(linears[i].bias)));
        Ok(Attention {
            projections,
            input,
            heads,
            output,
        })
    }

    /// The linear layer behind what attention is computed from, and the heads that it is reshaped to on the way.
    fn projection(&self, at: usize, hidden: usize) -> Option<(Linear<'g>, Option<usize>)> {
        let mut heads = None;
        let mut seen = HashSet::new();
        let mut left = vec![at];
        while let Some(at) = left.pop() {
            if !seen.insert(at) || seen.len() > MAX_BETWEEN {
                continue;
            }
            let op = self.graph.op(at)?;
            if matches!(op, Op::Add | Op::Gemm { .. })
                && let Some(linear) = self.linear(at)
            {
                return Some((linear, heads));
            }
            match op {
                Op::Reshape => {
                    heads = heads.or_else(|| self.heads(self.graph.input(at, 1)?, hidden));
                    left.extend(self.graph.input(at, 0));
                }
                Op::Same | Op::Transpose { .. } => left.extend(self.graph.input(at, 0)),
                Op::Mul | Op::Div => left.extend(self.graph.pair(at)?),
                _ => {}
            }
        }
        None
    }

    /// The third of four sizes of which the last two make the hidden size.
    fn heads(&self, shape: usize, hidden: usize) -> Option<usize> {
        let shape = self.graph.source(shape);
        let sizes: Vec<Option<f64>> = match self.graph.op(shape)? {
            Op::Concat => {
                let pieces = self.graph.node(shape)?.inputs.iter().take(4);
                let numbers = pieces.map(|piece| self.graph.numbers(piece.as_ref().copied()?));
                numbers
                    .flat_map(|numbers| match numbers {
                        Some(numbers) => numbers.iter().copied().map(Some).collect(),
                        None => vec![None],
                    })
                    .collect()
            }
            _ => self
                .graph
                .numbers(shape)?
                .iter()
                .copied()
                .map(Some)
                .collect(),
        };
        let &[_, _, heads, size] = &sizes[..] else {
            return None;
        };
        let [heads, size] = [heads, size].map(|size| size.and_then(whole));
        let heads = match (heads, size) {
            (Some(heads), Some(size)) => {
                (heads.checked_mul(size) == Some(hidden)).then_some(heads)?
            }
            (Some(heads), None) => heads,
            (None, Some(size)) => hidden / size,
            (None, None) => return None,
        };
        hidden.is_multiple_of(heads).then_some(heads)
    }

    /// The nearest node of a kind above one, through steps that work number by number.
    fn above(&self, at: usize, is_it: impl Fn(&Op) -> bool) -> Option<usize> {
        let mut seen = HashSet::new();
        let mut left = VecDeque::from([at]);
        while let Some(at) = left.pop_front() {
            if !seen.insert(at) || seen.len() > MAX_BETWEEN {
                continue;
            }
            let node = self.graph.node(at)?;
            match node.op {
                ref op if is_it(op) => return Some(at),
                Op::Add | Op::Sub | Op::Mul | Op::Div => left.extend(self.graph.pair(at)?),
                Op::Where => left.extend(node.inputs.iter().skip(1).take(2).copied().flatten()),
                Op::Same | Op::Reshape => left.extend(self.graph.input(at, 0)),
                _ => {}
            }
        }
        None
    }

    /// Query, key and value of an attention that has their matrices side by side, `[in, 3 * out]`.
    fn packed(&self, at: usize, hidden: usize) -> Option<(usize, [(Tensor, Tensor); 3])> {
        let [input, weight, bias] = [0, 1, 2].map(|input| self.graph.input(at, input));
        let weight =
            matrix(self.graph, weight?, false).filter(|w| w.layout == Layout::Transposed)?;
        let biases = thirds(constant_vector(self.graph, bias?), hidden)?;
        let (&[inputs, outputs], [bytes]) = (&weight.shape[..], &weight.parts[..]) else {
            return None;
        };
        if inputs != hidden || outputs != hidden.checked_mul(3)? {
            return None;
        }
        // A part for each row and matrix.
        let width = match weight.element {
            Element::F32 => 4,
            Element::F16 | Element::Bf16 => 2,
            Element::Unread(_) => return None,
        };
        let part = (hidden as u64).checked_mul(width)?;
        let row = part.checked_mul(3)?;
        if row.checked_mul(inputs as u64) != Some(bytes.len()) {
            return None;
        }
        let of = |number: u64| {
            let rows = 0..inputs as u64;
            let parts = rows.map(|i| {
                let from = i * row + number * part;
                bytes.slice(from..from + part)
            });
            Some(Tensor {
                parts: parts.collect::<Option<_>>()?,
                shape: vec![inputs, hidden],
                ..weight.clone()
            })
        };
        let [q, k, v] = biases;
        Some((input?, [(of(0)?, q), (of(1)?, k), (of(2)?, v)]))
    }
}

impl<'g> Norm<'g> {
    /// The LayerNorm whose output a node gives. Its terms are what it normalises, not taken apart.
    fn of(graph: &'g Graph, at: usize) -> Option<Self> {
        let node = graph.node(at)?;
        let input = |number: usize| node.inputs.get(number).copied().flatten();
        let vector = |number: usize| constant_vector(graph, input(number)?);
        let (terms, weight, bias, epsilon) = match node.op {
            Op::LayerNorm { epsilon } => (vec![input(0)?], vector(1)?, vector(2)?, epsilon),
            Op::SkipLayerNorm { epsilon } => {
                let mut terms = vec![input(0)?, input(1)?];
                terms.extend(input(4));
                (terms, vector(2)?, vector(3)?, epsilon)
            }
            Op::EmbedLayerNorm { epsilon } => (vec![], vector(5)?, vector(6)?, epsilon),
            Op::Add => {
                let (product, bias) = with_vector(graph, at)?;
                let product = graph.source(product);
                let (normal, weight) = match graph.op(product)? {
                    Op::Mul => with_vector(graph, product)?,
                    _ => return None,
                };
                let (input, epsilon) = normalized(graph, normal)?;
                (vec![input], weight, bias, epsilon)
            }
            _ => return None,
        };
        Some(Self {
            terms,
            weight,
            bias,
            epsilon,
        })
    }
}

/// Of two inputs the computed one and the vector of the file.
fn with_vector(graph: &Graph, at: usize) -> Option<(usize, &Constant)> {
    let [a, b] = graph.pair(at)?;
    match (constant_vector(graph, a), constant_vector(graph, b)) {
        (None, Some(vector)) => Some((a, vector)),
        (Some(vector), None) => Some((b, vector)),
        _ => None,
    }
}

/// The input and the epsilon where a value is an input less its mean, divided by its deviation.
#[allow(clippy::cast_possible_truncation)] // epsilons are numbers of 32 bits
fn normalized(graph: &Graph, at: usize) -> Option<(usize, f32)> {
    let at = graph.source(at);
    let (centred, variance) = match graph.op(at)? {
        Op::Normalize { epsilon } => return Some((graph.input(at, 0)?, *epsilon)),
        Op::Div => {
            let [centred, deviation] = graph.pair(at)?;
            (centred, root(graph, deviation, false)?)
        }
        Op::Mul => {
            let [a, b] = graph.pair(at)?;
            match (root(graph, a, true), root(graph, b, true)) {
                (None, Some(variance)) => (a, variance),
                (Some(variance), None) => (b, variance),
                _ => return None,
            }
        }
        _ => return None,
    };
    let (variance, epsilon) = match graph.pair(variance)?.map(|at| (at, graph.scalar(at))) {
        [(variance, None), (_, Some(epsilon))] | [(_, Some(epsilon)), (variance, None)] => {
            (variance, epsilon)
        }
        _ => return None,
    };
    let input = input_less_mean(graph, centred)?;
    let mean = graph.source(variance);
    let square = graph.source(graph.input(mean, 0)?);
    let [a, b] = graph.pair(square)?;
    let same = match (graph.op(mean)?, graph.op(square)?) {
        (Op::Mean, Op::Pow) => {
            graph.scalar(b) == Some(2.0) && input_less_mean(graph, a) == Some(input)
        }
        (Op::Mean, Op::Mul) => [a, b]
            .iter()
            .all(|&at| input_less_mean(graph, at) == Some(input)),
        (Op::Mean, Op::SquaredDifference) => graph.source(a) == input && is_mean(graph, b, input),
        _ => false,
    };
    (same && epsilon > 0.0).then_some((input, epsilon as f32))
}

/// The sum whose square root a value is, or one divided by it.
fn root(graph: &Graph, at: usize, inverse: bool) -> Option<usize> {
    let mut at = graph.source(at);
    let mut power = if inverse { -0.5 } else { 0.5 };
    if inverse && matches!(graph.op(at)?, Op::Reciprocal) {
        at = graph.source(graph.input(at, 0)?);
        power = 0.5;
    } else if inverse
        && matches!(graph.op(at)?, Op::Div)
        && let [one, below] = graph.pair(at)?
        && graph.scalar(one) == Some(1.0)
    {
        at = graph.source(below);
        power = 0.5;
    }
    let sum = match graph.op(at)? {
        Op::Sqrt if power > 0.0 => graph.input(at, 0)?,
        Op::Pow => {
            let [sum, exponent] = graph.pair(at)?;
            let exponent = graph.scalar(exponent)?;
            if exponent == -1.0 && power < 0.0 {
                return root(graph, sum, false);
            }
            (exponent == power).then_some(sum)?
        }
        _ => return None,
    };
    let sum = graph.source(sum);
    matches!(graph.op(sum)?, Op::Add).then_some(sum)
}

fn input_less_mean(graph: &Graph, at: usize) -> Option<usize> {
    let at = graph.source(at);
    let [input, mean] = graph.pair(at)?;
    let input = graph.source(input);
    (matches!(graph.op(at)?, Op::Sub) && is_mean(graph, mean, input)).then_some(input)
}

fn is_mean(graph: &Graph, at: usize, of: usize) -> bool {
    let at = graph.source(at);
    let input = graph.input(at, 0).map(|input| graph.source(input));
    matches!(graph.op(at), Some(Op::Mean)) && input == Some(of)
}

/// A matrix of the file as the second factor of a product, `[in, out]` unless it is transposed for it.
fn matrix(graph: &Graph, at: usize, transposed: bool) -> Option<Tensor> {
    let (constant, turned) = graph.constant(at)?;
    let mut tensor = constant.tensor.clone();
    tensor.layout = if turned == transposed {
        Layout::Transposed
    } else {
        Layout::AsStored
    };
    (tensor.shape.len() == 2).then_some(tensor)
}

/// A table whose rows are looked up.
fn rows_table(graph: &Graph, at: usize) -> Option<Tensor> {
    let (constant, turned) = graph.constant(at)?;
    let mut tensor = constant.tensor.clone();
    if turned {
        tensor.layout = Layout::Transposed;
    }
    (tensor.shape.len() == 2).then_some(tensor)
}

fn rows(table: &Tensor) -> usize {
    let rows = match table.layout {
        Layout::AsStored => table.shape.first(),
        Layout::Transposed => table.shape.last(),
    };
    rows.copied().unwrap_or(0)
}

/// A constant with several values along one axis, the last.
fn constant_vector(graph: &Graph, at: usize) -> Option<&Constant> {
    let (constant, _) = graph.constant(at)?;
    let (&size, before) = constant.tensor.shape.split_last()?;
    (size > 1 && before.iter().all(|&size| size == 1)).then_some(constant)
}

fn vector(constant: &Constant) -> Tensor {
    let mut tensor = constant.tensor.clone();
    tensor.shape.drain(..tensor.shape.len().saturating_sub(1));
    tensor
}

/// Three vectors that lie side by side in one.
fn thirds(constant: Option<&Constant>, hidden: usize) -> Option<[Tensor; 3]> {
    let whole = vector(constant?);
    let [bytes] = &whole.parts[..] else {
        return None;
    };
    if whole.shape != [hidden.checked_mul(3)?] || bytes.len() % 3 != 0 {
        return None;
    }
    let part = bytes.len() / 3;
    let of = |number: u64| {
        Some(Tensor {
            parts: vec![bytes.slice(number * part..(number + 1) * part)?],
            shape: vec![hidden],
            ..whole.clone()
        })
    };
    Some([of(0)?, of(1)?, of(2)?])
}

fn whole(value: f64) -> Option<usize> {
    let is_size = value >= 1.0 && value <= f64::from(u16::MAX) && value.fract() == 0.0;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    is_size.then_some(value as usize)
}
