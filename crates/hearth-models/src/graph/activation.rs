//! Which function stands between the two feed-forward matrices.
//!
//! It is written in many ways, so that it is computed at some points and compared with both forms of GELU.

use super::Op;
use super::encoder::{Linear, Parts};
use crate::config::HiddenAct;

/// Here the two forms are up to 5e-4 apart, and further still from other functions.
const POINTS: [f64; 8] = [-3.0, -2.2, -1.0, -0.3, 0.4, 1.5, 2.0, 2.7];
/// Half of what the forms differ by. A form's coefficients in 16 bits change it by a tenth of this.
const TOLERANCE: f64 = 1.5e-4;
/// A form of GELU has about fifteen nodes, some used several times.
const MAX_VISITS: usize = 256;
const MAX_DEPTH: usize = 24;

/// The function that a linear layer is applied to, and the linear layer that this is applied to.
pub(super) fn gelu<'g>(
    output: &Linear<'_>,
    parts: &Parts<'g>,
) -> Result<(HiddenAct, Linear<'g>), String> {
    let at = output.input;
    let scale = f64::from(output.scale);
    let graph = parts.graph;
    let name = || graph.node(at).map_or("", |node| &node.name);
    let mut argument = None;
    let mut worst = [0.0_f64; 2];
    for x in POINTS {
        let mut function = Function {
            parts,
            argument: None,
            x,
            visits: 0,
            last: at,
        };
        let y = function.at(at, MAX_DEPTH).ok_or_else(|| {
            format!(
                "the activation that `{}` gives is not known: {}",
                name(),
                graph.describe(function.last)
            )
        })?;
        for (worst, act) in worst.iter_mut().zip(FORMS) {
            // NaN must not get lost.
            let off = (y * scale - value(act, x)).abs();
            *worst = if off <= *worst { *worst } else { off };
        }
        argument = function.argument;
    }
    let best = usize::from(worst[1] < worst[0]);
    if worst[best].is_nan() || worst[best] >= TOLERANCE {
        return Err(format!(
            "the activation that `{}` gives is neither form of GELU",
            name()
        ));
    }
    let argument = argument.and_then(|at| match graph.op(at) {
        Some(Op::Gelu(_)) => parts.linear_sum(&graph.pair(at)?),
        _ => parts.linear(at),
    });
    let argument = argument.ok_or_else(|| format!("`{}` is GELU of no linear layer", name()))?;
    Ok((FORMS[best], argument))
}

const FORMS: [HiddenAct; 2] = [HiddenAct::Gelu, HiddenAct::GeluTanh];

fn value(act: HiddenAct, x: f64) -> f64 {
    match act {
        HiddenAct::Gelu => x / 2.0 * (1.0 + erf(x * std::f64::consts::FRAC_1_SQRT_2)),
        HiddenAct::GeluTanh => {
            let cubic = x + 0.044_715 * x.powi(3);
            x / 2.0 * (1.0 + (cubic * (2.0 / std::f64::consts::PI).sqrt()).tanh())
        }
    }
}

/// To 1.5e-7 (Abramowitz and Stegun, 7.1.26).
fn erf(x: f64) -> f64 {
    const P: f64 = 0.327_591_1;
    const A: [f64; 5] = [
        0.254_829_592,
        -0.284_496_736,
        1.421_413_741,
        -1.453_152_027,
        1.061_405_429,
    ];
    let t = 1.0 / (1.0 + P * x.abs());
    let sum = A.iter().rev().fold(0.0, |sum, a| (sum + a) * t);
    (1.0 - sum * (-x * x).exp()).copysign(x)
}

/// A computation of one number from one number, the output of a linear layer.
struct Function<'p, 'g> {
    parts: &'p Parts<'g>,
    /// The node that gives that output, or adds its bias itself.
    argument: Option<usize>,
    x: f64,
    visits: usize,
    /// The node that was computed last, or could not be.
    last: usize,
}

impl Function<'_, '_> {
    fn at(&mut self, at: usize, depth: usize) -> Option<f64> {
        let depth = depth.checked_sub(1)?;
        self.visits += 1;
        if self.visits > MAX_VISITS {
            return None;
        }
        let graph = self.parts.graph;
        let at = graph.shaped_source(at);
        if let Some(number) = graph.scalar(at) {
            return Some(number);
        }
        if self.parts.linear(at).is_some() {
            let first = *self.argument.get_or_insert(at);
            return (first == at).then_some(self.x);
        }
        self.last = at;
        let node = graph.node(at)?;
        let mut input = |number: usize| self.at(node.inputs.get(number).copied()??, depth);
        Some(match node.op {
            Op::Add => input(0)? + input(1)?,
            Op::Sub => input(0)? - input(1)?,
            Op::Mul => input(0)? * input(1)?,
            Op::Div => input(0)? / input(1)?,
            Op::Pow => input(0)?.powf(input(1)?),
            Op::Sqrt => input(0)?.sqrt(),
            Op::Reciprocal => input(0)?.recip(),
            Op::Erf => erf(input(0)?),
            Op::Tanh => input(0)?.tanh(),
            Op::Gelu(act) if graph.pair(at).is_none() => value(act, input(0)?),
            Op::Gelu(act) => {
                let first = *self.argument.get_or_insert(at);
                return (first == at).then(|| value(act, self.x));
            }
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::blob::Blob;
    use crate::graph::{Constant, Graph, Node};
    use crate::weights::{Element, Layout, Tensor};

    /// Against values of Python's `math.erf`.
    #[test]
    fn the_error_function() {
        for (x, expected) in [
            (0.0, 0.0),
            (0.25, 0.276_326_390_168_236_9),
            (1.0, 0.842_700_792_949_714_9),
            (-2.0, -0.995_322_265_018_952_7),
        ] {
            assert!((erf(x) - expected).abs() < 2e-7, "{x}");
        }
    }

    /// A graph that begins with a linear layer, whose output is node 4.
    struct Built(Graph);

    impl Built {
        fn new() -> Self {
            let mut built = Self(Graph::default());
            let input = built.node(Op::Input, &[]);
            let weight = built.constant(&[2, 2], &[]);
            let product = built.node(
                Op::MatMul {
                    transposed: [false, false],
                    scale: 1.0,
                },
                &[input, weight],
            );
            let bias = built.constant(&[2], &[]);
            built.node(Op::Add, &[product, bias]);
            built
        }

        fn node(&mut self, op: Op, inputs: &[usize]) -> usize {
            self.0.nodes.push(Node {
                name: format!("node {}", self.0.nodes.len()),
                op,
                inputs: inputs.iter().copied().map(Some).collect(),
            });
            self.0.nodes.len() - 1
        }

        fn constant(&mut self, shape: &[usize], numbers: &[f64]) -> usize {
            let tensor = Tensor {
                file: Path::new("a").into(),
                parts: vec![Blob::from_vec(vec![])],
                element: Element::F32,
                shape: shape.to_vec(),
                layout: Layout::AsStored,
            };
            let constant = Constant {
                tensor,
                numbers: numbers.to_vec(),
            };
            self.node(Op::Constant(Box::new(constant)), &[])
        }

        fn number(&mut self, number: f64) -> usize {
            self.constant(&[], &[number])
        }

        fn gelu(&mut self, at: usize) -> Result<HiddenAct, String> {
            self.scaled_gelu(at, 1.0)
        }

        /// With a linear layer on top, which multiplies first.
        fn scaled_gelu(&mut self, at: usize, scale: f32) -> Result<HiddenAct, String> {
            let weight = self.constant(&[2, 2], &[]);
            let transposed = [false, false];
            let product = self.node(Op::MatMul { transposed, scale }, &[at, weight]);
            let bias = self.constant(&[2], &[]);
            let sum = self.node(Op::Add, &[product, bias]);
            let parts = Parts::of(&self.0);
            let (output, _) = parts.linear_and_rest(&parts.terms(&[sum])).unwrap();
            gelu(&output, &parts).map(|(act, _)| act)
        }
    }

    const X: usize = 4;

    /// `x / 2 * (1 + erf(x * scale))`
    fn with_erf(scale: f64) -> Result<HiddenAct, String> {
        let mut built = Built::new();
        let [scale, one, half] = [scale, 1.0, 0.5].map(|number| built.number(number));
        let scaled = built.node(Op::Mul, &[scale, X]);
        let erf = built.node(Op::Erf, &[scaled]);
        let sum = built.node(Op::Add, &[one, erf]);
        let product = built.node(Op::Mul, &[sum, X]);
        let product = built.node(Op::Mul, &[product, half]);
        built.gelu(product)
    }

    /// `x * (0.5 * (1 + tanh(outer * (x + inner * x^3))))`, the cube as products.
    fn with_tanh(outer: f64, inner: f64) -> Result<HiddenAct, String> {
        let mut built = Built::new();
        let [outer, inner, one, half] = [outer, inner, 1.0, 0.5].map(|number| built.number(number));
        let square = built.node(Op::Mul, &[X, X]);
        let cube = built.node(Op::Mul, &[square, X]);
        let cube = built.node(Op::Mul, &[cube, inner]);
        let sum = built.node(Op::Add, &[X, cube]);
        let product = built.node(Op::Mul, &[sum, outer]);
        let tanh = built.node(Op::Tanh, &[product]);
        let sum = built.node(Op::Add, &[tanh, one]);
        let product = built.node(Op::Mul, &[sum, half]);
        let product = built.node(Op::Mul, &[X, product]);
        built.gelu(product)
    }

    #[test]
    fn both_forms_by_their_values() {
        assert_eq!(with_erf(0.5_f64.sqrt()), Ok(HiddenAct::Gelu));
        assert_eq!(with_tanh(0.797_884_56, 0.044_715), Ok(HiddenAct::GeluTanh));
        // As numbers of 16 bits.
        assert_eq!(with_erf(0.707_031_25), Ok(HiddenAct::Gelu));
        assert_eq!(
            with_tanh(0.797_851_562_5, 0.044_708_251_953_125),
            Ok(HiddenAct::GeluTanh)
        );
    }

    /// ONNX Runtime moves the half there.
    #[test]
    fn a_factor_may_belong_to_the_next_layer() {
        let mut built = Built::new();
        let [scale, one] = [0.5_f64.sqrt(), 1.0].map(|number| built.number(number));
        let scaled = built.node(Op::Mul, &[scale, X]);
        let erf = built.node(Op::Erf, &[scaled]);
        let sum = built.node(Op::Add, &[one, erf]);
        let product = built.node(Op::Mul, &[sum, X]);
        assert_eq!(built.scaled_gelu(product, 0.5), Ok(HiddenAct::Gelu));
        assert!(built.scaled_gelu(product, 1.0).is_err());
    }

    #[test]
    fn other_functions_are_neither() {
        let neither = |of: &str| {
            Err(format!(
                "the activation that `{of}` gives is neither form of GELU"
            ))
        };
        assert_eq!(with_erf(0.75), neither("node 12"));
        assert_eq!(with_tanh(0.85, 0.044_715), neither("node 17"));
        assert_eq!(with_tanh(0.797_884_56, 0.03), neither("node 17"));
        assert_eq!(with_erf(f64::NAN), neither("node 12"));
        let mut built = Built::new();
        let relu = built.node(Op::Other("Relu".to_owned()), &[X]);
        let unknown = "the activation that `node 5` gives is not known: `node 5` is a Relu";
        assert_eq!(built.gelu(relu), Err(unknown.to_owned()));
    }

    /// Sums of sums, and a node that is its own input.
    #[test]
    fn graphs_that_never_end_are_given_up() {
        let mut built = Built::new();
        let mut at = built.node(Op::Tanh, &[X]);
        for _ in 0..23 {
            at = built.node(Op::Sub, &[at, at]);
        }
        assert!(built.gelu(at).is_err());
        let own = built.0.nodes.len();
        built.node(Op::Tanh, &[own]);
        assert!(built.gelu(own).is_err());
        let own = built.0.nodes.len();
        built.node(Op::Same, &[own]);
        assert!(built.gelu(own).is_err());
    }
}
