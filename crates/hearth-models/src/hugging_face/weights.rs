//! The files of weights in a folder, whole or in several with an index, and the names in them.

use std::collections::{BTreeSet, HashMap};
use std::io;
use std::path::Path;

use serde::Deserialize;

use super::from_json;
use crate::blob::Blob;
use crate::error::{Error, Result};
use crate::folder::Folder;
use crate::weights::{Tensor, Weights};
use crate::{pytorch, safetensors};

/// The tensors of a file with their names.
type Named = Vec<(String, Tensor)>;

/// A form that weights are saved in.
struct Form {
    /// The file with all tensors.
    whole: &'static str,
    /// The file that says in which file each tensor is, where they are cut into several.
    index: &'static str,
    tensors: fn(&Folder, &str, &Blob) -> Result<Named>,
}

/// Where weights are there in several forms, the first is taken.
static FORMS: [Form; 2] = [
    Form {
        whole: "model.safetensors",
        index: "model.safetensors.index.json",
        tensors: |folder, name, bytes| safetensors::tensors(&folder.path(name), bytes),
    },
    Form {
        whole: "pytorch_model.bin",
        index: "pytorch_model.bin.index.json",
        tensors: pytorch::tensors,
    },
];

/// How a pointer of Git LFS begins.
const LFS: &[u8; 26] = b"version https://git-lfs.gi";

#[derive(Deserialize)]
struct Index {
    weight_map: HashMap<String, String>,
}

/// Whether there are weights in a form that is read.
pub(crate) fn are_in(folder: &Folder) -> bool {
    FORMS
        .iter()
        .any(|form| folder.has(form.whole) || folder.has(form.index))
}

/// The weights of a folder, by Hugging Face names without `bert.`; no value is touched.
pub(super) fn open(folder: &Folder) -> Result<Weights> {
    let is_there = |form: &&Form| folder.has(form.whole) || folder.has(form.index);
    let form = FORMS.iter().find(is_there).unwrap_or(&FORMS[0]);
    if let Some(bytes) = folder.blob(form.whole)? {
        let file = folder.path(form.whole);
        refuse_pointer(&file, &bytes)?;
        let tensors = (form.tensors)(folder, form.whole, &bytes)?;
        return Ok(Weights::new(file, named(tensors)));
    }
    let file = folder.path(form.index);
    let Some(index) = folder.read(form.index)? else {
        return Err(folder.io(form.whole, io::ErrorKind::NotFound.into()));
    };
    let index: Index = from_json(&file, &index)?;
    let shards: BTreeSet<&String> = index.weight_map.values().collect();
    let mut all = Vec::new();
    for shard in shards {
        if shard.contains(['/', '\\']) || shard == ".." {
            return Err(Error::Damaged {
                file,
                format: "index of weights",
                why: format!("it lists `{shard}`, which is no file beside it"),
            });
        }
        let bytes = folder.blob(shard)?.ok_or_else(|| Error::MissingShard {
            index: file.clone(),
            shard: shard.clone(),
        })?;
        refuse_pointer(&folder.path(shard), &bytes)?;
        let tensors = (form.tensors)(folder, shard, &bytes)?;
        let here = tensors
            .into_iter()
            .filter(|(name, _)| index.weight_map.get(name) == Some(shard));
        all.extend(here);
    }
    Ok(Weights::new(file, named(all)))
}

/// # Errors
/// [`Error::LfsPointer`] where a repository was copied without its large files.
pub(crate) fn refuse_pointer(file: &Path, bytes: &Blob) -> Result<()> {
    let mut start = [0; LFS.len()];
    if bytes.len() < LFS.len() as u64 {
        return Ok(());
    }
    bytes
        .read_exact_at(0, &mut start)
        .map_err(|source| Error::Io {
            path: file.to_owned(),
            source,
        })?;
    if start == *LFS {
        return Err(Error::LfsPointer {
            file: file.to_owned(),
        });
    }
    Ok(())
}

/// The tensors by their bare, current names. Where there is one under two names, the one that is already so wins.
fn named(tensors: Named) -> HashMap<String, Tensor> {
    let (bare, other): (Vec<_>, Vec<_>) = tensors
        .into_iter()
        .map(|(name, tensor)| (bare_name(&name), name, tensor))
        .partition(|(bare, name, _)| bare == name);
    let mut tensors = HashMap::with_capacity(bare.len() + other.len());
    for (name, _, tensor) in bare.into_iter().chain(other) {
        tensors.entry(name).or_insert(tensor);
    }
    tensors
}

/// Models with a head on top keep the encoder below `bert.`; weights from TensorFlow checkpoints kept its names for the
/// two of a LayerNorm.
fn bare_name(name: &str) -> String {
    let name = name.strip_prefix("bert.").unwrap_or(name);
    for (old, new) in [("gamma", "weight"), ("beta", "bias")] {
        if let Some(at) = name.strip_suffix(old)
            && at.ends_with("LayerNorm.")
        {
            return format!("{at}{new}");
        }
    }
    name.to_owned()
}
