use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::ops::Range;
use std::path::PathBuf;

use half::{bf16, f16};

use crate::config::BertConfig;
use crate::error::{Error, Result};
use crate::map::Map;
use crate::tensors::{norms, required};

/// The weights of a model, left in the mapped file until they are asked for.
///
/// The file must not be edited or shortened while a model is in use; replacing it by rename is safe.
pub struct Weights {
    file: PathBuf,
    map: Map,
    tensors: HashMap<String, Tensor>,
}

/// Where a tensor lies.
pub(crate) struct Tensor {
    pub(crate) element: Element,
    pub(crate) shape: Vec<usize>,
    /// In bytes from the start of the file: inside it, and as long as shape and element type make it.
    pub(crate) bytes: Range<usize>,
}

/// The type of a tensor's elements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Element {
    F32,
    F16,
    Bf16,
    Unread(String),
}

impl Weights {
    /// `tensors` go by Hugging Face name without `bert.`; every range lies in the map.
    pub(crate) fn new(file: PathBuf, map: Map, tensors: HashMap<String, Tensor>) -> Self {
        Self { file, map, tensors }
    }

    /// The values of a tensor in row-major order.
    ///
    /// `name` is Hugging Face's without the `bert.` prefix, such as `encoder.layer.0.attention.self.query.weight`; a
    /// LayerNorm's two are `LayerNorm.weight` and `LayerNorm.bias`, whatever the file calls them.
    ///
    /// `f32` values are borrowed from the mapped file where they are aligned there; 16-bit ones are widened.
    ///
    /// # Shapes
    /// `shape` is the one expected; a matrix is `[out, in]`. The result has as many values as `shape` multiplies to.
    ///
    /// # Errors
    /// [`Error::MissingTensor`], [`Error::TensorShape`] or [`Error::TensorType`].
    pub fn get(&self, name: &str, shape: &[usize]) -> Result<Cow<'_, [f32]>> {
        let tensor = self.find(name, shape)?;
        if tensor.element == Element::F32
            && let Some(values) = self.map.f32s(tensor.bytes.clone())
        {
            return Ok(Cow::Borrowed(values));
        }
        let bytes = self.bytes(tensor);
        let values: Vec<f32> = match &tensor.element {
            Element::F32 => elements(bytes).map(f32::from_le_bytes).collect(),
            Element::F16 => elements(bytes)
                .map(|b| f16::from_le_bytes(b).to_f32())
                .collect(),
            Element::Bf16 => elements(bytes)
                .map(|b| bf16::from_le_bytes(b).to_f32())
                .collect(),
            Element::Unread(found) => {
                return Err(Error::TensorType {
                    file: self.file.clone(),
                    tensor: name.to_owned(),
                    found: found.clone(),
                });
            }
        };
        Ok(Cow::Owned(values))
    }

    /// Whether all that an encoder of this config needs is there, in the right shape and of a type that is read.
    pub(crate) fn check(&self, config: &BertConfig) -> Result<()> {
        for (name, shape) in required(config) {
            if let Element::Unread(found) = &self.find(&name, &shape)?.element {
                return Err(Error::TensorType {
                    file: self.file.clone(),
                    found: found.clone(),
                    tensor: name,
                });
            }
        }
        Ok(())
    }

    /// Whether every LayerNorm still has its initial values.
    pub(crate) fn is_untrained(&self, config: &BertConfig) -> Result<bool> {
        let shape = [config.hidden_size];
        for [weight, bias] in norms(config) {
            let initial = self.get(&weight, &shape)?.iter().all(|&w| w == 1.0)
                && self.get(&bias, &shape)?.iter().all(|&b| b == 0.0);
            if !initial {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether there is a layer of this number.
    pub(crate) fn has_layer(&self, layer: usize) -> bool {
        self.tensors
            .contains_key(&format!("encoder.layer.{layer}.output.dense.weight"))
    }

    /// Feeds what an encoder of this config is made of to a hash: names, element types, shapes, bytes.
    pub(crate) fn hash(&self, config: &BertConfig, hasher: &mut blake3::Hasher) {
        for (name, _) in required(config) {
            if let Some(tensor) = self.tensors.get(&name) {
                let head = format!("{name} {:?} {:?}\0", tensor.element, tensor.shape);
                hasher.update(head.as_bytes());
                hasher.update(self.bytes(tensor));
            }
        }
    }

    fn find(&self, name: &str, shape: &[usize]) -> Result<&Tensor> {
        let tensor = self.tensors.get(name).ok_or_else(|| Error::MissingTensor {
            file: self.file.clone(),
            tensor: name.to_owned(),
            expected: shape.to_vec(),
        })?;
        if tensor.shape != shape {
            return Err(Error::TensorShape {
                file: self.file.clone(),
                tensor: name.to_owned(),
                expected: shape.to_vec(),
                found: tensor.shape.clone(),
            });
        }
        Ok(tensor)
    }

    fn bytes(&self, tensor: &Tensor) -> &[u8] {
        &self.map.bytes()[tensor.bytes.clone()]
    }
}

fn elements<const N: usize>(bytes: &[u8]) -> impl Iterator<Item = [u8; N]> {
    bytes.as_chunks::<N>().0.iter().copied()
}

impl fmt::Debug for Weights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Weights")
            .field("file", &self.file)
            .field("tensors", &self.tensors.len())
            .finish_non_exhaustive()
    }
}
