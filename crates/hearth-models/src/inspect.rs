//! What a model is made of, for people who want to know before they use it.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use crate::error::Result;
use crate::format::recognise;
use crate::model::Model;
use crate::tensors::required;
use crate::vocabulary;
use crate::warning::Warning;

/// An opened model and what is known of its files.
#[derive(Debug)]
#[non_exhaustive]
pub struct Inspection {
    /// The format that was found, as a noun: `Hugging Face folder`.
    pub format: &'static str,
    /// The model.
    pub model: Model,
    /// Numbers that the encoder is made of.
    pub parameters: u64,
    /// How many of them are stored as which type: `F32`, `F16` or `BF16`.
    pub elements: BTreeMap<String, u64>,
    /// Whether a word of the vocabulary has an upper-case letter.
    pub has_upper_case: bool,
    /// Who says the number of attention heads.
    pub heads: Origin,
    /// Who says the form of GELU.
    pub hidden_act: Origin,
    /// Who says the epsilon of LayerNorm.
    pub layer_norm_eps: Origin,
}

/// Where a hyper-parameter was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin {
    /// In the model's config.
    Config,
    /// In its graph, or in the shapes of its weights.
    Graph,
    /// Nowhere: what is usual is assumed.
    Assumed,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Config => "config",
            Self::Graph => "graph",
            Self::Assumed => "assumed",
        })
    }
}

/// Opens the model at `path` and counts.
///
/// # Errors
/// Those of [`open`](crate::open).
pub fn inspect(path: impl AsRef<Path>) -> Result<Inspection> {
    let (format, folder) = recognise(path.as_ref())?;
    let model = (format.open)(&folder)?;
    let mut elements = BTreeMap::new();
    for (name, shape) in required(&model.config) {
        if let Some(element) = model.weights.element(&name) {
            let values = shape.iter().map(|&size| size as u64).product::<u64>();
            *elements.entry(element).or_default() += values;
        }
    }
    let origin = |assumed: fn(&Warning) -> bool| match model.warnings.iter().any(assumed) {
        true => Origin::Assumed,
        false => format.told_by,
    };
    Ok(Inspection {
        format: format.name,
        parameters: elements.values().sum(),
        has_upper_case: vocabulary::has_upper_case(&model.vocabulary),
        heads: origin(|w| matches!(w, Warning::AssumedHeads { .. })),
        hidden_act: origin(|w| matches!(w, Warning::AssumedGelu)),
        layer_norm_eps: origin(|w| matches!(w, Warning::AssumedEpsilon { .. })),
        elements,
        model,
    })
}
