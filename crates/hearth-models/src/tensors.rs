use std::iter;

use crate::config::BertConfig;

/// The tensors an encoder of this config is made of, by Hugging Face name, with their shapes (`[out, in]` for matrices).
///
/// Lazy, so that an absurd `num_hidden_layers` costs no more than the first layer that is not there.
pub(crate) fn required(config: &BertConfig) -> impl Iterator<Item = (String, Vec<usize>)> {
    let embeddings = [
        ("word_embeddings.weight", config.vocab_size),
        ("position_embeddings.weight", config.max_position_embeddings),
        ("token_type_embeddings.weight", config.type_vocab_size),
    ]
    .map(|(name, rows)| (format!("embeddings.{name}"), vec![rows, config.hidden_size]));
    embeddings
        .into_iter()
        .chain(norm("embeddings", config))
        .chain((0..config.num_hidden_layers).flat_map(|i| layer(i, config)))
}

/// What a model may have beyond [`required`]: of no effect on hidden states, and expected by transformers.
pub(crate) fn pooler(config: &BertConfig) -> [(String, Vec<usize>); 2] {
    let hidden = config.hidden_size;
    [("weight", vec![hidden; 2]), ("bias", vec![hidden])]
        .map(|(part, shape)| (format!("pooler.dense.{part}"), shape))
}

/// The names of the LayerNorms' weights and biases.
pub(crate) fn norms(config: &BertConfig) -> impl Iterator<Item = [String; 2]> {
    let layers = (0..config.num_hidden_layers)
        .flat_map(|i| ["attention.output", "output"].map(|at| format!("encoder.layer.{i}.{at}")));
    iter::once("embeddings".to_owned())
        .chain(layers)
        .map(|at| norm_names(&at))
}

fn layer(i: usize, config: &BertConfig) -> impl Iterator<Item = (String, Vec<usize>)> + use<> {
    let at = format!("encoder.layer.{i}");
    let (hidden, intermediate) = (config.hidden_size, config.intermediate_size);
    let linears = [
        ("attention.self.query", hidden, hidden),
        ("attention.self.key", hidden, hidden),
        ("attention.self.value", hidden, hidden),
        ("attention.output.dense", hidden, hidden),
        ("intermediate.dense", intermediate, hidden),
        ("output.dense", hidden, intermediate),
    ]
    .map(|(name, rows, columns)| {
        [
            (format!("{at}.{name}.weight"), vec![rows, columns]),
            (format!("{at}.{name}.bias"), vec![rows]),
        ]
    });
    let norms = ["attention.output", "output"].map(|name| norm(&format!("{at}.{name}"), config));
    linears.into_iter().chain(norms).flatten()
}

fn norm(at: &str, config: &BertConfig) -> [(String, Vec<usize>); 2] {
    norm_names(at).map(|name| (name, vec![config.hidden_size]))
}

fn norm_names(at: &str) -> [String; 2] {
    ["weight", "bias"].map(|part| format!("{at}.LayerNorm.{part}"))
}
