//! What TensorFlow writes, read without TensorFlow: SavedModels, Hub modules, checkpoints, and the archives that Spark NLP
//! makes of the first two.

mod bundle;
pub(crate) mod checkpoint;
mod graph;
mod names;
pub(crate) mod saved_model;
mod slice;
mod table;

use std::collections::{BTreeSet, HashMap};

use self::bundle::Bundle;
use self::names::Axes;
use crate::blob::Blob;
use crate::error::{Error, Result};
use crate::folder::Folder;
use crate::protobuf::{Message, Value};
use crate::weights::{Layout, Weights};

pub(crate) use self::saved_model::parts as bundle_model;

/// The encoder of a bundle.
struct Encoder {
    weights: Weights,
    sizes: Sizes,
}

/// What the shapes of the weights say.
struct Sizes {
    vocabulary: usize,
    hidden: usize,
    layers: usize,
    intermediate: usize,
    positions: usize,
    types: usize,
    /// Where attention kernels have an axis of them.
    heads: Option<usize>,
}

impl Encoder {
    fn read(bundle: &Bundle) -> Result<Self> {
        let file = bundle.file();
        let object_graph = bundle.string("_CHECKPOINTABLE_OBJECT_GRAPH")?;
        let variables = object_graph.as_ref().map(names::variables).transpose();
        let variables = variables.map_err(|why| bundle::damaged(file, why))?;
        let found = match &variables {
            Some(variables) => {
                names::encoder(variables.iter().map(|v| (&v.full_name[..], &v.key[..])))
            }
            None => names::encoder(bundle.names().map(|name| (name, name))),
        };
        let found = found.map_err(|[what, instead]| Error::Unsupported {
            file: file.to_owned(),
            what,
            instead,
        })?;

        let sizes = Sizes::of(
            bundle,
            |tensor| {
                let shape = found.get(tensor).and_then(|(_, key)| bundle.shape(key));
                shape.ok_or_else(|| {
                    bundle::damaged(file, format!("it has no variable for `{tensor}`"))
                })
            },
            found.keys(),
        )?;
        let mut tensors = HashMap::with_capacity(found.len());
        let mut checksums = HashMap::with_capacity(found.len());
        for (name, (axes, key)) in found {
            let checked = bundle.tensor(key)?;
            let mut checked = checked
                .ok_or_else(|| bundle::damaged(file, format!("it has no variable `{key}`")))?;
            axes.apply(&mut checked.tensor.shape, &mut checked.tensor.layout);
            checksums.insert(name.clone(), checked.crc32c);
            tensors.insert(name, checked.tensor);
        }
        Ok(Self {
            weights: Weights::new(file, tensors).with_checksums(&checksums),
            sizes,
        })
    }
}

impl Sizes {
    fn of<'a>(
        bundle: &Bundle,
        shape: impl Fn(&str) -> Result<&'a [usize]>,
        tensors: impl Iterator<Item = impl AsRef<str>>,
    ) -> Result<Self> {
        let rows = |tensor| match shape(tensor)? {
            &[rows, columns] => Ok((rows, columns)),
            other => {
                let why = format!("the variable for `{tensor}` has shape {other:?}");
                Err(bundle::damaged(bundle.file(), why))
            }
        };
        let (vocabulary, hidden) = rows(names::WORDS)?;
        let (positions, _) = rows("embeddings.position_embeddings.weight")?;
        let (types, _) = rows("embeddings.token_type_embeddings.weight")?;
        let (_, intermediate) = rows("encoder.layer.0.intermediate.dense.weight")?;
        let heads = match shape("encoder.layer.0.attention.self.query.weight")? {
            &[_, heads, _] => Some(heads),
            _ => None,
        };
        let layers: BTreeSet<usize> = tensors
            .filter_map(|tensor| {
                let rest = tensor.as_ref().strip_prefix("encoder.layer.")?;
                rest.split('.').next()?.parse().ok()
            })
            .collect();
        let sizes = Self {
            vocabulary,
            hidden,
            layers: layers.len(),
            intermediate,
            positions,
            types,
            heads,
        };
        let counted = layers.iter().copied().eq(0..layers.len());
        let all = [vocabulary, hidden, intermediate, positions, types];
        let divided = heads.is_none_or(|heads| heads > 0 && hidden.is_multiple_of(heads));
        if !counted || !divided || all.contains(&0) {
            let why = format!(
                "its shapes make no BERT encoder: vocabulary {vocabulary}, hidden {hidden}, intermediate {intermediate}, \
                 positions {positions}, types {types}, heads {heads:?}, layers {layers:?}"
            );
            return Err(bundle::damaged(bundle.file(), why));
        }
        Ok(sizes)
    }
}

impl Axes {
    /// Makes of a shape as stored the one that its bytes have as a matrix or vector.
    fn apply(self, shape: &mut Vec<usize>, layout: &mut Layout) {
        let product = |sizes: &[usize]| {
            sizes
                .iter()
                .fold(1, |n: usize, &size| n.saturating_mul(size))
        };
        match (self, &shape[..]) {
            (Self::Vector, sizes) => *shape = vec![product(sizes)],
            (Self::In, [input, output @ ..]) if !output.is_empty() => {
                *shape = vec![*input, product(output)];
                *layout = Layout::Transposed;
            }
            (Self::Out, [input @ .., output]) if !input.is_empty() => {
                *shape = vec![product(input), *output];
                *layout = Layout::Transposed;
            }
            _ => {}
        }
    }
}

/// The entries of a folder's `assets/vocab.txt` or `vocab.txt` lie in one of these.
const VOCABULARIES: [&str; 2] = ["assets/vocab.txt", "vocab.txt"];

/// The vocabulary file of a folder and its bytes.
fn vocabulary(folder: &Folder) -> Result<(&'static str, Vec<u8>)> {
    for name in VOCABULARIES {
        if let Some(bytes) = folder.read(name)? {
            return Ok((name, bytes));
        }
    }
    Err(Error::Unsupported {
        file: folder.path(""),
        what: "it has no vocabulary".to_owned(),
        instead: "put the model's vocab.txt into its folder assets".to_owned(),
    })
}

/// Takes a varint off the front.
fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        if shift == 63 && byte > 1 {
            return None;
        }
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

/// A string of a message; bytes that are not UTF-8 are of no name that is looked for.
fn text(bytes: &Blob) -> Result<String, String> {
    const LIMIT: u64 = 1 << 16;
    if bytes.len() > LIMIT {
        return Err("a name of more than 65536 bytes".to_owned());
    }
    let bytes = bytes.to_vec(LIMIT).map_err(|e| e.to_string())?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// A `TensorShapeProto`.
fn shape(message: &Message) -> Result<Vec<usize>, String> {
    const MAX_DIMENSIONS: usize = 254; // TensorFlow's own limit
    let mut shape = Vec::new();
    for field in message.fields() {
        if let (2, Value::Bytes(dimension)) = field.map_err(|e| e.to_string())? {
            let mut size = 0;
            for field in Message(dimension).fields() {
                if let (1, Value::Varint(n)) = field.map_err(|e| e.to_string())? {
                    size =
                        usize::try_from(n.cast_signed()).map_err(|_| "a shape of unknown size")?;
                }
            }
            shape.push(size);
        }
        if shape.len() > MAX_DIMENSIONS {
            return Err("a shape of more than 254 dimensions".to_owned());
        }
    }
    Ok(shape)
}

/// Entry points for fuzzing: any bytes give a result or an error, soon and without much memory.
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzz {
    use super::{Blob, Message, bundle, graph, names, table};

    /// The index of a bundle, with the checksums that keep most changes from its inside.
    pub fn tensorflow_index(bytes: &[u8]) {
        let _ = bundle::parse(bytes);
    }

    /// One block of an index, and each of its values as an entry.
    pub fn tensorflow_block(bytes: &[u8]) {
        let _ = table::block_entries(bytes, |_, value| {
            let _ = bundle::Entry::read(&Message(Blob::from_vec(value.to_vec())));
            Ok(())
        });
    }

    /// A graph under either name, and the object graph of a checkpoint.
    pub fn tensorflow_graph(bytes: &[u8]) {
        let _ = graph::saved_model(Blob::from_vec(bytes.to_vec()), 8);
        let _ = graph::meta_graph(Blob::from_vec(bytes.to_vec()), 8);
        let _ = names::variables(&Message(Blob::from_vec(bytes.to_vec())));
    }
}
