//! Which variable is which tensor of the encoder.
//!
//! Three schools name them: the code of the BERT paper (`bert/encoder/layer_0/attention/self/query/kernel`), transformers
//! (`tf_bert_model/bert/encoder/layer_._0/attention/self/query/kernel`) and the TensorFlow model garden
//! (`transformer/layer_0/self_attention/query/kernel`). Before each stands any scope.

use std::collections::BTreeMap;

use crate::protobuf::{Message, Value};

/// What a variable is to the encoder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Role {
    /// The Hugging Face name without `bert.`.
    pub(super) tensor: String,
    pub(super) axes: Axes,
}

/// How a variable's axes make the tensor's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Axes {
    /// As they are: the rows of a table.
    Table,
    /// All of them are one: a bias, also one of shape `[heads, head size]`.
    Vector,
    /// A kernel whose first axis is the input; the others are the output, `[hidden]` or `[heads, head size]`.
    In,
    /// A kernel whose last axis is the output; the others are the input, `[hidden]` or `[heads, head size]`.
    Out,
}

/// The variables of the one encoder among `variables`, which are pairs of full name and key in the bundle: the role of
/// each and its key, and the scope they lie in.
///
/// # Errors
/// Why there is not one: what was found, as the message goes on after the file's name, and what to do.
pub(super) fn encoder<'a>(
    variables: impl Iterator<Item = (&'a str, &'a str)>,
) -> Result<BTreeMap<String, (Axes, &'a str)>, [String; 2]> {
    let mut scopes: BTreeMap<String, BTreeMap<String, (Axes, &str)>> = BTreeMap::new();
    let mut others = Vec::new();
    for (name, key) in variables {
        let Some((scope, role)) = role(name) else {
            if others.len() < 3 {
                others.push(format!("`{name}`"));
            }
            continue;
        };
        let tensors = scopes.entry(scope).or_default();
        if let Some((_, other)) = tensors.insert(role.tensor, (role.axes, key))
            && other != key
        {
            return Err([
                format!("two of its variables are called `{name}`"),
                "save the encoder alone".to_owned(),
            ]);
        }
    }
    scopes.retain(|_, tensors| tensors.contains_key(WORDS));
    let names: Vec<String> = scopes.keys().cloned().collect();
    scopes.retain(|scope, _| !names.iter().any(|of| is_slot(scope, of)));

    let only_one = "this version reads models with one BERT encoder".to_owned();
    if scopes.len() > 1 {
        let scopes: Vec<_> = scopes.keys().map(|scope| format!("`{scope}/`")).collect();
        let what = format!("it has several encoders, in {}", scopes.join(" and "));
        return Err([what, only_one]);
    }
    match scopes.into_iter().next() {
        None if others.is_empty() => Err(["it has no variables".to_owned(), only_one]),
        None => {
            let what = format!(
                "none of its variables is a BERT encoder's word embeddings; it has {} and others",
                others.join(", ")
            );
            Err([what, only_one])
        }
        // Its positions begin at 2, which no shape and no name shows.
        Some((scope, _)) if scope.contains("roberta") => {
            Err([format!("it is a RoBERTa encoder, in `{scope}/`"), only_one])
        }
        Some((_, tensors)) => Ok(tensors),
    }
}

pub(super) const WORDS: &str = "embeddings.word_embeddings.weight";

/// Whether `scope` holds an optimiser's averages of the variables in `of`: `Adam/m/bert` those of `bert`.
fn is_slot(scope: &str, of: &str) -> bool {
    const SLOTS: [&str; 5] = ["m", "v", "vhat", "momentum", "velocity"];
    let before = scope.strip_suffix(of);
    let before = before
        .filter(|_| scope != of)
        .map(|b| b.trim_end_matches('/'));
    before
        .and_then(|b| b.rsplit('/').next())
        .is_some_and(|last| SLOTS.contains(&last))
}

/// Scope and role of a variable; `None` where it is not the encoder's, as an optimiser's averages are not.
fn role(name: &str) -> Option<(String, Role)> {
    let name = name.strip_suffix(":0").unwrap_or(name);
    let (place, leaf) = name.rsplit_once('/').unwrap_or(("", name));
    embedding(name)
        .or_else(|| norm(place, leaf))
        .or_else(|| layer(name))
        .or_else(|| pooler(place, leaf))
}

const TABLES: [(&[&str], &str); 3] = [
    (
        &[
            "embeddings/word_embeddings",
            "embeddings/word_embeddings/weight",
            "embeddings/word_embeddings/embeddings",
            "word_embeddings/embeddings",
        ],
        WORDS,
    ),
    (
        &[
            "embeddings/position_embeddings",
            "embeddings/position_embeddings/weight",
            "embeddings/position_embeddings/embeddings",
            "position_embedding/embeddings",
            "position_embedding/position_embeddings",
            "embedding_postprocessor/position_embeddings",
        ],
        "embeddings.position_embeddings.weight",
    ),
    (
        &[
            "embeddings/token_type_embeddings",
            "embeddings/token_type_embeddings/weight",
            "embeddings/token_type_embeddings/embeddings",
            "type_embeddings/embeddings",
            "embedding_postprocessor/type_embeddings",
        ],
        "embeddings.token_type_embeddings.weight",
    ),
];

fn embedding(name: &str) -> Option<(String, Role)> {
    let all = TABLES
        .iter()
        .flat_map(|(suffixes, tensor)| suffixes.iter().map(move |suffix| (*suffix, *tensor)));
    // The longest: `word_embeddings/embeddings` ends other schools' names too.
    let (scope, tensor) = all
        .filter_map(|(suffix, tensor)| Some((scope_before(name, suffix)?, tensor)))
        .min_by_key(|(scope, _)| scope.len())?;
    Some((
        scope.to_owned(),
        Role {
            tensor: tensor.to_owned(),
            axes: Axes::Table,
        },
    ))
}

fn norm(place: &str, leaf: &str) -> Option<(String, Role)> {
    let scope = [
        "embeddings/LayerNorm",
        "embeddings/layer_norm",
        "embedding_postprocessor/layer_norm",
    ];
    let scope = scope
        .iter()
        .find_map(|suffix| scope_before(place, suffix))?;
    let tensor = format!("embeddings.LayerNorm.{}", norm_part(leaf)?);
    let axes = Axes::Vector;
    Some((scope.to_owned(), Role { tensor, axes }))
}

fn pooler(place: &str, leaf: &str) -> Option<(String, Role)> {
    let scope = ["pooler/dense", "pooler_transform"];
    let scope = scope
        .iter()
        .find_map(|suffix| scope_before(place, suffix))?;
    let (part, axes) = dense_part(leaf, Axes::In)?;
    let tensor = format!("pooler.dense.{part}");
    Some((scope.to_owned(), Role { tensor, axes }))
}

fn layer(name: &str) -> Option<(String, Role)> {
    let components: Vec<&str> = name.split('/').collect();
    let (at, number) = components.windows(2).enumerate().find_map(|(at, pair)| {
        let known = matches!(pair[0], "encoder" | "transformer");
        known
            .then(|| layer_number(pair[1]))
            .flatten()
            .map(|n| (at, n))
    })?;
    let (leaf, place) = components.get(at + 2..)?.split_last()?;
    let place = place.join("/");
    let (module, part, axes) = match (dense(&place), norm_in_layer(&place)) {
        (Some((module, kernel)), _) => {
            let (part, axes) = dense_part(leaf, kernel)?;
            (module, part, axes)
        }
        (None, Some(module)) => (module, norm_part(leaf)?, Axes::Vector),
        (None, None) => return None,
    };
    let tensor = format!("encoder.layer.{number}.{module}.{part}");
    Some((components[..at].join("/"), Role { tensor, axes }))
}

/// The Hugging Face name of a linear layer and how its kernel lies.
fn dense(place: &str) -> Option<(&'static str, Axes)> {
    Some(match place {
        "attention/self/query" | "self_attention/query" => ("attention.self.query", Axes::In),
        "attention/self/key" | "self_attention/key" => ("attention.self.key", Axes::In),
        "attention/self/value" | "self_attention/value" => ("attention.self.value", Axes::In),
        "attention/output/dense" | "self_attention/attention_output" | "self_attention_output" => {
            ("attention.output.dense", Axes::Out)
        }
        "intermediate/dense" | "intermediate" => ("intermediate.dense", Axes::In),
        "output/dense" | "output" => ("output.dense", Axes::Out),
        _ => return None,
    })
}

fn norm_in_layer(place: &str) -> Option<&'static str> {
    Some(match place {
        "attention/output/LayerNorm" | "self_attention_layer_norm" => "attention.output.LayerNorm",
        "output/LayerNorm" | "output_layer_norm" => "output.LayerNorm",
        _ => return None,
    })
}

fn dense_part(leaf: &str, kernel: Axes) -> Option<(&'static str, Axes)> {
    match leaf {
        "kernel" => Some(("weight", kernel)),
        "bias" => Some(("bias", Axes::Vector)),
        _ => None,
    }
}

fn norm_part(leaf: &str) -> Option<&'static str> {
    match leaf {
        "gamma" => Some("weight"),
        "beta" => Some("bias"),
        _ => None,
    }
}

/// `layer_7`, and transformers' `layer_._7`.
pub(super) fn layer_number(component: &str) -> Option<usize> {
    let number = component.strip_prefix("layer_")?;
    let number = number.strip_prefix("._").unwrap_or(number);
    let canonical = number == "0" || !number.starts_with(['0', '+']);
    canonical.then(|| number.parse().ok()).flatten()
}

/// What stands before `suffix` and its slash.
fn scope_before<'a>(name: &'a str, suffix: &str) -> Option<&'a str> {
    let before = name.strip_suffix(suffix)?;
    if before.is_empty() {
        return Some(before);
    }
    before.strip_suffix('/')
}

/// A variable of an object graph.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Variable {
    pub(super) full_name: String,
    /// Where the bundle has its values.
    pub(super) key: String,
}

/// The variables that a `TrackableObjectGraph` lists with their full names, without those of optimisers.
///
/// # Errors
/// What is wrong with the message.
pub(crate) fn variables(object_graph: &Message) -> Result<Vec<Variable>, String> {
    let error = |e: std::io::Error| format!("its object graph: {e}");
    let mut variables = Vec::new();
    for field in object_graph.fields() {
        let (1, Value::Bytes(node)) = field.map_err(error)? else {
            continue;
        };
        for field in Message(node).fields() {
            let (2, Value::Bytes(attribute)) = field.map_err(error)? else {
                continue;
            };
            let (mut full_name, mut key) = (String::new(), String::new());
            for field in Message(attribute).fields() {
                match field.map_err(error)? {
                    (2, Value::Bytes(bytes)) => full_name = super::text(&bytes)?,
                    (3, Value::Bytes(bytes)) => key = super::text(&bytes)?,
                    _ => {}
                }
            }
            if !key.contains("/.OPTIMIZER_SLOT/") && !key.is_empty() {
                variables.push(Variable { full_name, key });
            }
        }
    }
    Ok(variables)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, expected: Option<(&str, &str, Axes)>) {
        let found = role(name);
        let found = found
            .as_ref()
            .map(|(scope, role)| (&scope[..], &role.tensor[..], role.axes));
        assert_eq!(found, expected, "{name}");
    }

    #[test]
    fn the_schools_names() {
        let query = "encoder.layer.11.attention.self.query.weight";
        for (name, scope) in [
            ("bert/encoder/layer_11/attention/self/query/kernel", "bert"),
            (
                "module/bert/encoder/layer_11/attention/self/query/kernel",
                "module/bert",
            ),
            (
                "tf_bert_model/bert/encoder/layer_._11/attention/self/query/kernel:0",
                "tf_bert_model/bert",
            ),
            ("transformer/layer_11/self_attention/query/kernel", ""),
            (
                "bert_model/encoder/layer_11/self_attention/query/kernel",
                "bert_model",
            ),
        ] {
            check(name, Some((scope, query, Axes::In)));
        }
        let output = "encoder.layer.0.attention.output.dense.weight";
        for name in [
            "encoder/layer_0/attention/output/dense/kernel",
            "transformer/layer_0/self_attention/attention_output/kernel",
            "encoder/layer_0/self_attention_output/kernel",
        ] {
            check(name, Some(("", output, Axes::Out)));
        }
        for (name, scope) in [
            ("bert/embeddings/word_embeddings", "bert"),
            ("a/b/embeddings/word_embeddings/weight", "a/b"),
            ("a/embeddings/word_embeddings/embeddings", "a"),
            ("word_embeddings/embeddings", ""),
            (
                "bert_encoder_v2/word_embeddings/embeddings",
                "bert_encoder_v2",
            ),
        ] {
            check(name, Some((scope, WORDS, Axes::Table)));
        }
        check(
            "embeddings/layer_norm/beta",
            Some(("", "embeddings.LayerNorm.bias", Axes::Vector)),
        );
        check(
            "x/pooler_transform/kernel",
            Some(("x", "pooler.dense.weight", Axes::In)),
        );
    }

    #[test]
    fn what_is_not_the_encoders() {
        for name in [
            "bert/embeddings/word_embeddings/adam_m",
            "bert/encoder/layer_0/output/dense/kernel/adam_v",
            "bert/encoder/layer_0/output/dense/kernel_1",
            "bert/encoder/layer_00/output/dense/kernel",
            "cls/predictions/transform/LayerNorm/gamma",
            "xembeddings/word_embeddings",
            "global_step",
            "",
        ] {
            check(name, None);
        }
    }

    #[test]
    fn one_encoder_is_found_and_two_are_refused() {
        let pick = |names: &[&'static str]| {
            let found = encoder(names.iter().map(|&n| (n, n)));
            found.map(|tensors| tensors[WORDS].1)
        };
        let (bert, other) = (
            "bert/embeddings/word_embeddings",
            "x/bert/embeddings/word_embeddings",
        );
        assert_eq!(
            pick(&[bert, "Adam/m/bert/embeddings/word_embeddings"]),
            Ok(bert)
        );
        assert_eq!(
            pick(&["global_step", other, "x/bert/pooler/dense/bias"]),
            Ok(other)
        );
        let refused = |names: &[&'static str]| pick(names).unwrap_err()[0].clone();
        assert_eq!(
            refused(&[bert, other]),
            "it has several encoders, in `bert/` and `x/bert/`"
        );
        assert_eq!(
            refused(&["a", "b", "bert/pooler/dense/bias", "c", "d"]),
            "none of its variables is a BERT encoder's word embeddings; it has `a`, `b`, `c` and others"
        );
        assert_eq!(refused(&[]), "it has no variables");
        assert_eq!(
            refused(&["tf_roberta_model/roberta/embeddings/word_embeddings/weight"]),
            "it is a RoBERTa encoder, in `tf_roberta_model/roberta/`"
        );
    }
}
