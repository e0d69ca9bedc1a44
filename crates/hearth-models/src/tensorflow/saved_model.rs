//! SavedModels and TensorFlow Hub modules, and what Spark NLP keeps of them: a graph and a bundle.

use std::path::Path;

use super::bundle::Bundle;
use super::graph::{self, Facts};
use super::{Encoder, Sizes};
use crate::blob::Blob;
use crate::config::{BertConfig, HiddenAct};
use crate::error::{Error, Result};
use crate::folder::Folder;
use crate::model::{Description, Model};
use crate::settings::Settings;
use crate::vocabulary;
use crate::warning::Warning;
use crate::weights::Weights;

const GRAPH: &str = "saved_model.pb";
/// In the folder of a SavedModel, and at the root of Spark NLP's `bert_tensorflow`.
const BUNDLES: [&str; 2] = ["variables/variables", "variables"];
/// Of a Hub encoder: whether its text is to be lower-cased.
const LOWER_CASE: &str = "do_lower_case/.ATTRIBUTES/VARIABLE_VALUE";
/// Of every BERT that was written in TensorFlow.
const LAYER_NORM_EPS: f64 = 1e-12;
/// Of every BERT that Google published, small ones included.
const HEAD_SIZE: usize = 64;

/// Whether a folder looks like one.
pub(crate) fn is_one(folder: &Folder) -> bool {
    folder.has("saved_model.pb")
}

/// Opens a SavedModel or Hub module with the vocabulary in its `assets`, as Spark NLP's `loadSavedModel` takes it.
///
/// # Errors
/// Those of [`parts`], of a vocabulary and of [`Model::new`].
pub(crate) fn open(folder: &Folder) -> Result<Model> {
    let bundle = bundle(folder)?;
    let (config, weights, warnings) = read(folder, &bundle)?;
    weights.check(&config)?;
    let description = description(folder, &bundle, config)?;
    let (name, bytes) = super::vocabulary(folder)?;
    let file = folder.path(name);
    let entries = vocabulary::from_lines(&file, &bytes)?;
    let mut model = Model::new(description, entries, &file, weights)?;
    model.warnings.extend(warnings);
    Ok(model)
}

/// Its config and settings, from the index of the bundle and the graph.
///
/// # Errors
/// Those of [`parts`].
pub(crate) fn describe(folder: &Folder) -> Result<Description> {
    let bundle = bundle(folder)?;
    let (config, ..) = read(folder, &bundle)?;
    description(folder, &bundle, config)
}

/// The encoder of a folder with `saved_model.pb` and a bundle: a SavedModel, or what is in Spark NLP's `bert_tensorflow`.
///
/// # Errors
/// [`Error::Io`] where a file is missing, [`Error::Damaged`], and [`Error::Unsupported`] where bundle or graph are not
/// those of one BERT encoder.
pub(crate) fn parts(folder: &Folder) -> Result<(BertConfig, Weights, Vec<Warning>)> {
    let parts = read(folder, &bundle(folder)?)?;
    parts.1.check(&parts.0)?;
    Ok(parts)
}

fn bundle(folder: &Folder) -> Result<Bundle> {
    let there = BUNDLES
        .iter()
        .find(|bundle| folder.has(&format!("{bundle}.index")));
    Bundle::open(folder, there.unwrap_or(&BUNDLES[0]))
}

fn description(folder: &Folder, bundle: &Bundle, config: BertConfig) -> Result<Description> {
    Ok(Description {
        name: folder.name()?,
        config,
        settings: Settings {
            case_sensitive: bundle.bool(LOWER_CASE)?.map(|lower| !lower),
            ..Settings::default()
        },
    })
}

fn read(folder: &Folder, bundle: &Bundle) -> Result<(BertConfig, Weights, Vec<Warning>)> {
    let encoder = Encoder::read(bundle)?;
    let file = folder.path(GRAPH);
    let graph = folder.blob(GRAPH)?;
    let graph = graph.ok_or_else(|| folder.io(GRAPH, std::io::ErrorKind::NotFound.into()))?;
    let facts = facts(&file, &graph, |bytes| {
        graph::saved_model(bytes, encoder.sizes.hidden)
    })?;
    let mut warnings = Vec::new();
    let config = config(&encoder.sizes, &facts, &file, &mut warnings)?;
    Ok((config, encoder.weights, warnings))
}

/// Looks through a graph, in memory where it is of a usual size.
pub(super) fn facts(
    file: &Path,
    graph: &Blob,
    look: impl FnOnce(Blob) -> Result<Facts, String>,
) -> Result<Facts> {
    const USUAL: u64 = 1 << 26;
    let bytes = match graph.len() {
        ..USUAL => Blob::from_vec(graph.to_vec(USUAL).map_err(|source| Error::Io {
            path: file.to_owned(),
            source,
        })?),
        _ => graph.clone(),
    };
    look(bytes).map_err(|why| Error::Damaged {
        file: file.to_owned(),
        format: "TensorFlow graph",
        why,
    })
}

fn config(
    sizes: &Sizes,
    facts: &Facts,
    file: &Path,
    warnings: &mut Vec<Warning>,
) -> Result<BertConfig> {
    let num_attention_heads = match (sizes.heads, facts.heads()) {
        (Some(heads), _) | (None, &[heads]) => heads,
        (None, []) if sizes.hidden.is_multiple_of(HEAD_SIZE) => {
            let heads = sizes.hidden / HEAD_SIZE;
            warnings.push(Warning::AssumedHeads { heads });
            heads
        }
        (None, []) => {
            let what = format!(
                "it does not show its number of attention heads, and its hidden size {} is no multiple of {HEAD_SIZE}",
                sizes.hidden
            );
            return Err(unsupported(file, what));
        }
        (None, several) => {
            let what = format!("its layers have different numbers of attention heads: {several:?}");
            return Err(unsupported(file, what));
        }
    };
    let layer_norm_eps = match facts.epsilons()[..] {
        [eps] => eps,
        [] => {
            warnings.push(Warning::AssumedEpsilon {
                epsilon: format!("{LAYER_NORM_EPS:e}"),
            });
            LAYER_NORM_EPS
        }
        ref several => {
            return Err(unsupported(
                file,
                format!("its LayerNorms have the epsilons {several:?}"),
            ));
        }
    };
    Ok(BertConfig {
        vocab_size: sizes.vocabulary,
        hidden_size: sizes.hidden,
        num_hidden_layers: sizes.layers,
        num_attention_heads,
        intermediate_size: sizes.intermediate,
        max_position_embeddings: sizes.positions,
        type_vocab_size: sizes.types,
        hidden_act: gelu(facts, file)?.ok_or_else(|| {
            let what = "it has neither form of GELU: no Erf, and no Tanh of a cubic".to_owned();
            unsupported(file, what)
        })?,
        layer_norm_eps,
    })
}

/// The form of GELU in a graph, if it has one.
pub(super) fn gelu(facts: &Facts, file: &Path) -> Result<Option<HiddenAct>> {
    facts.gelu().map_err(|[erf, tanh]| {
        unsupported(
            file,
            format!("it has both forms of GELU, erf in `{erf}` and tanh in `{tanh}`"),
        )
    })
}

fn unsupported(file: &Path, what: String) -> Error {
    Error::Unsupported {
        file: file.to_owned(),
        what,
        instead: "this version reads graphs of a BERT encoder with GELU".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(hidden: usize, heads: Option<usize>) -> Sizes {
        Sizes {
            vocabulary: 100,
            hidden,
            layers: 1,
            intermediate: 4 * hidden,
            positions: 16,
            types: 2,
            heads,
        }
    }

    /// The warnings, and why a graph that shows nothing is refused.
    fn read(hidden: usize, heads: Option<usize>) -> (Vec<Warning>, String) {
        let mut warnings = Vec::new();
        let file = Path::new("saved_model.pb");
        let refused = config(
            &sizes(hidden, heads),
            &Facts::default(),
            file,
            &mut warnings,
        );
        (warnings, refused.unwrap_err().to_string())
    }

    #[test]
    fn what_a_graph_does_not_show_is_assumed_with_a_warning_or_refused() {
        let epsilon = Warning::AssumedEpsilon {
            epsilon: "1e-12".to_owned(),
        };
        let gelu = "saved_model.pb: it has neither form of GELU: no Erf, and no Tanh of a cubic; this version reads graphs of a \
             BERT encoder with GELU";
        let (warnings, refused) = read(128, None);
        let heads = Warning::AssumedHeads { heads: 2 };
        assert_eq!(
            (warnings, &refused[..]),
            (vec![heads, epsilon.clone()], gelu)
        );
        let (warnings, refused) = read(96, Some(3));
        assert_eq!((warnings, &refused[..]), (vec![epsilon], gelu));
        assert_eq!(
            read(96, None).1,
            "saved_model.pb: it does not show its number of attention heads, and its hidden size 96 is no multiple of 64; \
             this version reads graphs of a BERT encoder with GELU"
        );
    }
}
