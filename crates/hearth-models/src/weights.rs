use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use half::{bf16, f16};

use crate::blob::Blob;
use crate::config::BertConfig;
use crate::error::{Error, Result};
use crate::tensors::{norms, required};

/// The weights of a model, left where they lie until they are asked for.
pub struct Weights {
    /// The file that lists the tensors, for messages.
    file: PathBuf,
    tensors: HashMap<String, Stored>,
}

/// Where a tensor lies and how.
#[derive(Debug, Clone)]
pub(crate) struct Tensor {
    /// For messages.
    pub(crate) file: Arc<Path>,
    /// One after the other they are the tensor's bytes, little-endian, row by row.
    pub(crate) parts: Vec<Blob>,
    pub(crate) element: Element,
    /// As stored.
    pub(crate) shape: Vec<usize>,
    pub(crate) layout: Layout,
}

/// The type of a tensor's elements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Element {
    F32,
    F16,
    Bf16,
    /// Another one, by its name in the file's own words.
    Unread(String),
}

/// How a matrix lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layout {
    /// `[out, in]`, or no linear layer's matrix at all.
    AsStored,
    /// `[in, out]`.
    Transposed,
}

struct Stored {
    file: Arc<Path>,
    element: Element,
    shape: Vec<usize>,
    layout: Layout,
    /// Of its bytes, where the format has one.
    crc32c: Option<u32>,
    /// None once it was taken.
    parts: Mutex<Option<Blob>>,
    /// Of the values, once they were read.
    hash: OnceLock<blake3::Hash>,
}

impl Weights {
    /// `tensors` go by Hugging Face name without `bert.`; `file` is the one that lists them.
    pub(crate) fn new(file: impl Into<PathBuf>, tensors: HashMap<String, Tensor>) -> Self {
        Self {
            file: file.into(),
            tensors: tensors
                .into_iter()
                .map(|(name, tensor)| (name, Stored::new(tensor)))
                .collect(),
        }
    }

    /// Has the bytes of tensors compared with their CRC-32C when they are read, by name.
    pub(crate) fn with_checksums(mut self, checksums: &HashMap<String, u32>) -> Self {
        for (name, stored) in &mut self.tensors {
            stored.crc32c = checksums.get(name).copied();
        }
        self
    }

    /// The values of a tensor in row-major order.
    ///
    /// `name` is Hugging Face's without the `bert.` prefix, such as `encoder.layer.0.attention.self.query.weight`; a
    /// LayerNorm's two are `LayerNorm.weight` and `LayerNorm.bias`, whatever the file calls them.
    ///
    /// # Shapes
    /// `shape` is the one expected; a matrix is `[out, in]`, however it is stored. The result has as many values as
    /// `shape` multiplies to.
    ///
    /// # Errors
    /// [`Error::MissingTensor`], [`Error::TensorShape`], [`Error::TensorType`], [`Error::Damaged`] or [`Error::Io`].
    pub fn get(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>> {
        let stored = self.find(name, shape)?;
        let bytes = stored.lock().clone();
        stored.values(name, bytes.ok_or_else(|| self.missing(name, shape))?)
    }

    /// As [`get`](Self::get), for the last time: the memory that the tensor came from, if it was inflated, is given back,
    /// so that a model's stored and its packed form need not both be in memory. Afterwards the tensor is a missing one.
    ///
    /// # Errors
    /// Those of [`get`](Self::get).
    pub fn take(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>> {
        let stored = self.find(name, shape)?;
        let bytes = stored.lock().take();
        stored.values(name, bytes.ok_or_else(|| self.missing(name, shape))?)
    }

    /// Whether there is a tensor of this name and shape whose values can be read.
    pub(crate) fn has(&self, name: &str, shape: &[usize]) -> bool {
        self.find(name, shape).is_ok_and(|stored| {
            let bytes = stored.lock().as_ref().map_or(0, Blob::len);
            stored.check(name, bytes).is_ok()
        })
    }

    /// The file that lists the tensors.
    #[must_use]
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// The type that a tensor's values are stored as.
    pub(crate) fn element(&self, name: &str) -> Option<String> {
        self.tensors.get(name).map(|stored| match &stored.element {
            Element::F32 => "F32".to_owned(),
            Element::F16 => "F16".to_owned(),
            Element::Bf16 => "BF16".to_owned(),
            Element::Unread(name) => name.clone(),
        })
    }

    /// Whether all that an encoder of this config needs is there, in the right shape and of a type that is read.
    pub(crate) fn check(&self, config: &BertConfig) -> Result<()> {
        for (name, shape) in required(config) {
            let stored = self.find(&name, &shape)?;
            let bytes = stored.lock().as_ref().map_or(0, Blob::len);
            stored.check(&name, bytes)?;
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

    /// The hash of a tensor's values: equal where the numbers are, in whatever format and element type they are stored.
    /// That of a tensor that was read before is known; another is read for it.
    pub(crate) fn hash(&self, name: &str, shape: &[usize]) -> Result<blake3::Hash> {
        let stored = self.find(name, shape)?;
        if stored.hash.get().is_none() {
            self.get(name, shape)?;
        }
        stored
            .hash
            .get()
            .copied()
            .ok_or_else(|| self.missing(name, shape))
    }

    fn find(&self, name: &str, shape: &[usize]) -> Result<&Stored> {
        let stored = self
            .tensors
            .get(name)
            .ok_or_else(|| self.missing(name, shape))?;
        let found = stored.read_shape();
        if found != shape {
            return Err(Error::TensorShape {
                file: stored.file.to_path_buf(),
                tensor: name.to_owned(),
                expected: shape.to_vec(),
                found,
            });
        }
        Ok(stored)
    }

    fn missing(&self, name: &str, shape: &[usize]) -> Error {
        Error::MissingTensor {
            file: self.file.clone(),
            tensor: name.to_owned(),
            expected: shape.to_vec(),
        }
    }
}

impl Stored {
    fn new(tensor: Tensor) -> Self {
        Self {
            file: tensor.file,
            element: tensor.element,
            shape: tensor.shape,
            layout: tensor.layout,
            crc32c: None,
            parts: Mutex::new(Some(Blob::concat(tensor.parts))),
            hash: OnceLock::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Blob>> {
        self.parts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The shape as it is read: a matrix is `[out, in]`.
    fn read_shape(&self) -> Vec<usize> {
        let mut shape = self.shape.clone();
        if self.layout == Layout::Transposed {
            shape.reverse();
        }
        shape
    }

    /// How many values `bytes` bytes of it hold, if they are as many as its shape has and of a type that is read.
    fn check(&self, name: &str, bytes: u64) -> Result<usize> {
        let width = match &self.element {
            Element::F32 => 4,
            Element::F16 | Element::Bf16 => 2,
            Element::Unread(found) => {
                return Err(Error::TensorType {
                    file: self.file.to_path_buf(),
                    tensor: name.to_owned(),
                    found: found.clone(),
                });
            }
        };
        let mut sizes = self.shape.iter();
        let values = sizes.try_fold(1_usize, |values, &size| values.checked_mul(size));
        values
            .filter(|&values| (values as u64).checked_mul(width) == Some(bytes))
            .ok_or_else(|| Error::Damaged {
                file: self.file.to_path_buf(),
                format: "file of weights",
                why: format!(
                    "tensor `{name}` of shape {:?} has {bytes} bytes, {width} for each value",
                    self.shape
                ),
            })
    }

    fn values(&self, name: &str, bytes: Blob) -> Result<Vec<f32>> {
        let count = self.check(name, bytes.len())?;
        let mut values = Vec::with_capacity(count);
        let mut crc32c = 0;
        let read = bytes.consume(|chunk| {
            if self.crc32c.is_some() {
                crc32c = crc32c::crc32c_append(crc32c, chunk);
            }
            match self.element {
                Element::F32 => values.extend(elements(chunk).map(f32::from_le_bytes)),
                Element::F16 => {
                    values.extend(elements(chunk).map(|b| f16::from_le_bytes(b).to_f32()));
                }
                _ => values.extend(elements(chunk).map(|b| bf16::from_le_bytes(b).to_f32())),
            }
        });
        read.map_err(|source| Error::Io {
            path: self.file.to_path_buf(),
            source,
        })?;
        if self.crc32c.is_some_and(|expected| expected != crc32c) {
            return Err(Error::Damaged {
                file: self.file.to_path_buf(),
                format: "file of weights",
                why: format!("tensor `{name}` has another checksum than when it was written"),
            });
        }
        if self.layout == Layout::Transposed
            && let [inputs, outputs] = self.shape[..]
        {
            values = transposed(&values, inputs, outputs);
        }
        self.hash.get_or_init(|| hash(&values));
        Ok(values)
    }
}

fn elements<const N: usize>(bytes: &[u8]) -> impl Iterator<Item = [u8; N]> {
    bytes.as_chunks::<N>().0.iter().copied()
}

/// Turns rows into columns, block by block, so that of both sides few cache lines are in use at a time.
fn transposed(values: &[f32], rows: usize, columns: usize) -> Vec<f32> {
    const BLOCK: usize = 16;
    let mut out = vec![0.0; values.len()];
    for first_row in (0..rows).step_by(BLOCK) {
        let last_row = rows.min(first_row + BLOCK);
        for first_column in (0..columns).step_by(BLOCK) {
            for column in first_column..columns.min(first_column + BLOCK) {
                let to = &mut out[column * rows + first_row..column * rows + last_row];
                let from = values[first_row * columns + column..]
                    .iter()
                    .step_by(columns);
                for (to, from) in to.iter_mut().zip(from) {
                    *to = *from;
                }
            }
        }
    }
    out
}

/// Of the values' bits, little-endian.
fn hash(values: &[f32]) -> blake3::Hash {
    const N: usize = 1 << 14;
    let mut hasher = blake3::Hasher::new();
    let mut bytes = vec![[0; 4]; N.min(values.len())];
    for chunk in values.chunks(N) {
        for (bytes, value) in bytes.iter_mut().zip(chunk) {
            *bytes = value.to_le_bytes();
        }
        hasher.update(bytes[..chunk.len()].as_flattened());
    }
    hasher.finalize()
}

impl fmt::Debug for Weights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Weights")
            .field("file", &self.file)
            .field("tensors", &self.tensors.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tensor(parts: &[&[u8]], shape: &[usize], layout: Layout) -> Weights {
        let tensor = Tensor {
            file: Path::new("model.bin").into(),
            parts: parts.iter().map(|&p| Blob::from_vec(p.to_vec())).collect(),
            element: Element::F32,
            shape: shape.to_vec(),
            layout,
        };
        Weights::new("model.bin", HashMap::from([("a".to_owned(), tensor)]))
    }

    #[test]
    fn a_transposed_matrix_is_read_rows_first() {
        let (inputs, outputs) = (37, 50);
        let number = |i: usize, o: usize| f32::from(u16::try_from(i * 1000 + o).unwrap());
        let stored: Vec<u8> = (0..inputs)
            .flat_map(|i| (0..outputs).map(move |o| number(i, o)))
            .flat_map(f32::to_le_bytes)
            .collect();
        let expected: Vec<f32> = (0..outputs)
            .flat_map(|o| (0..inputs).map(move |i| number(i, o)))
            .collect();
        // Cut where no value ends.
        let parts = [&stored[..10], &stored[10..]];
        let weights = tensor(&parts, &[inputs, outputs], Layout::Transposed);
        assert_eq!(weights.get("a", &[outputs, inputs]).unwrap(), expected);
        let refused = weights.get("a", &[inputs, outputs]).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "model.bin: tensor `a` has shape [50, 37] where [37, 50] is expected"
        );
    }

    #[test]
    fn what_was_taken_is_gone_and_its_hash_is_kept() {
        let weights = tensor(&[&[1, 2, 3, 4, 5, 6, 7, 8]], &[2], Layout::AsStored);
        let values = weights.take("a", &[2]).unwrap();
        assert_eq!(values.len(), 2);
        assert!(weights.get("a", &[2]).is_err());
        assert!(weights.take("a", &[2]).is_err());
        assert_eq!(
            weights.hash("a", &[2]).unwrap(),
            blake3::hash(&[1, 2, 3, 4, 5, 6, 7, 8])
        );
    }

    #[test]
    fn bytes_that_are_not_as_many_as_the_shape_has_are_refused() {
        for (bytes, shape) in [(4, vec![2]), (12, vec![2]), (0, vec![usize::MAX, 3])] {
            let weights = tensor(&[&vec![0; bytes]], &shape, Layout::AsStored);
            let refused = weights.get("a", &shape).unwrap_err().to_string();
            assert_eq!(
                refused,
                format!(
                    "model.bin: not a readable file of weights: tensor `a` of shape {shape:?} has {bytes} bytes, 4 for \
                     each value; copy or download it again"
                )
            );
        }
    }
}
