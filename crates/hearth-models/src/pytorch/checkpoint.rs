//! `pytorch_model.bin` in its two forms.

use std::collections::HashMap;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use super::pickle::{self, Object, Pickle, Reason, Storage, View};
use super::state;
use crate::blob::Blob;
use crate::error::{Error, Result};
use crate::folder::Folder;
use crate::weights::Tensor;
use crate::zip::Archive;

/// A pickle has about 250 bytes for each tensor.
const MAX_PICKLE: u64 = 4 << 20;
/// Of the form before PyTorch 1.6, the pickle of its magic number.
const MAGIC: &[u8] = &[
    0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, b'.',
];
/// What a tar has at byte 257: the form before PyTorch 0.1.10.
const TAR: (u64, &[u8]) = (257, b"ustar");

/// The tensors in a file by name; their values stay where they are.
///
/// # Errors
/// [`Error::Io`], [`Error::Damaged`], and [`Error::Unsupported`] where the pickle asks for more than tensors or the file is of
/// another form.
pub(crate) fn tensors(folder: &Folder, name: &str, bytes: &Blob) -> Result<Vec<(String, Tensor)>> {
    let path = folder.path(name);
    let file: Arc<Path> = path.into();
    let io = |source| folder.io(name, source);
    if Archive::is_one(bytes).map_err(io)? {
        let inside = folder
            .zip(name)?
            .ok_or_else(|| io(std::io::ErrorKind::NotFound.into()))?;
        return zipped(&file, &inside);
    }
    if begins(bytes, 0, MAGIC).map_err(io)? {
        return one_after_the_other(&file, bytes);
    }
    if begins(bytes, TAR.0, TAR.1).map_err(io)? {
        return Err(unsupported(&file, "a tar, as PyTorch wrote before 0.1.10"));
    }
    Err(damaged(
        &file,
        "it is neither a zip nor a pickle that torch.save wrote".to_owned(),
    ))
}

fn begins(bytes: &Blob, at: u64, expected: &[u8]) -> std::io::Result<bool> {
    let Some(there) = bytes.slice(at..at + expected.len() as u64) else {
        return Ok(false);
    };
    Ok(there.to_vec(expected.len() as u64)? == expected)
}

/// `data.pkl` and `data/0`, `data/1` and so on.
fn zipped(file: &Arc<Path>, inside: &Folder) -> Result<Vec<(String, Tensor)>> {
    if inside.has("code") || inside.has("constants.pkl") {
        return Err(unsupported(file, "a TorchScript program"));
    }
    let bytes = inside.read("data.pkl")?;
    let bytes = bytes.ok_or_else(|| damaged(file, "there is no data.pkl in it".to_owned()))?;
    if bytes.len() as u64 > MAX_PICKLE {
        return Err(damaged(
            file,
            format!(
                "its data.pkl has {} bytes, too many for tensors",
                bytes.len()
            ),
        ));
    }
    if inside
        .read("byteorder")?
        .is_some_and(|order| order.starts_with(b"big"))
    {
        return Err(unsupported(file, "numbers with their highest byte first"));
    }
    let pickle = pickle::read(&bytes).map_err(|reason| refused(file, reason))?;
    let mut storages = Storages::default();
    for storage in storages_of(&pickle) {
        // Tensors may share one.
        if storages.0.contains_key(&storage.key) {
            continue;
        }
        // A key is a number; a path would name a file elsewhere in the zip, no worse.
        let bytes = inside.blob(&format!("data/{}", storage.key))?;
        let bytes = bytes
            .ok_or_else(|| damaged(file, format!("there is no data/{} in it", storage.key)))?;
        storages.0.insert(storage.key.clone(), bytes);
    }
    storages.tensors(file, &pickle)
}

/// Pickles of the magic number, a version, facts of the system, the tensors and the storages' keys; then of each storage
/// the number of its elements and these.
fn one_after_the_other(file: &Arc<Path>, bytes: &Blob) -> Result<Vec<(String, Tensor)>> {
    const FIRST: u64 = 1 << 18;
    let io = |source| Error::Io {
        path: file.to_path_buf(),
        source,
    };
    let mut len = FIRST;
    let (pickles, mut at) = loop {
        let start = bytes
            .slice(0..len.min(bytes.len()))
            .unwrap_or_else(|| bytes.clone());
        match pickles(&start.to_vec(len).map_err(io)?) {
            Ok(pickles) => break pickles,
            Err(Reason::Ends) if len < bytes.len().min(MAX_PICKLE) => len *= 2,
            Err(reason) => return Err(refused(file, reason)),
        }
    };
    let [_, _, facts, tensors, keys] = &pickles;
    if state::is_big_endian(facts) {
        return Err(unsupported(file, "numbers with their highest byte first"));
    }
    let keys =
        state::texts(keys).ok_or_else(|| damaged(file, "it has no list of storages".to_owned()))?;
    let by_key: HashMap<&Rc<str>, &Rc<Storage>> = storages_of(tensors)
        .map(|storage| (&storage.key, storage))
        .collect();
    let mut storages = Storages::default();
    for key in keys {
        let storage = by_key.get(&key);
        let storage =
            storage.ok_or_else(|| damaged(file, format!("no tensor is of its storage {key}")))?;
        let outside = || {
            damaged(
                file,
                format!("it has {} bytes and ends in storage {key}", bytes.len()),
            )
        };
        let mut count = [0; 8];
        bytes.read_exact_at(at, &mut count).map_err(|_| outside())?;
        let from = at + 8;
        let len = u64::from_le_bytes(count).checked_mul(storage.width);
        let end = len
            .and_then(|len| from.checked_add(len))
            .ok_or_else(outside)?;
        let part = bytes.slice(from..end).ok_or_else(outside)?;
        storages.0.insert(key, part);
        at = end;
    }
    storages.tensors(file, tensors)
}

/// The five of them, and where the last ends.
fn pickles(bytes: &[u8]) -> Result<([Pickle; 5], u64), Reason> {
    let mut at = 0;
    let mut next = || {
        let pickle = pickle::read(&bytes[at..])?;
        at += pickle.len;
        Ok(pickle)
    };
    let pickles = [next()?, next()?, next()?, next()?, next()?];
    Ok((pickles, at as u64))
}

fn storages_of(pickle: &Pickle) -> impl Iterator<Item = &Rc<Storage>> {
    pickle.objects.iter().filter_map(|object| match object {
        Object::Storage(storage) => Some(storage),
        _ => None,
    })
}

/// Bytes by key.
#[derive(Default)]
struct Storages(HashMap<Rc<str>, Blob>);

impl Storages {
    fn tensors(&self, file: &Arc<Path>, pickle: &Pickle) -> Result<Vec<(String, Tensor)>> {
        let tensors = state::tensors(pickle);
        let tensors =
            tensors.ok_or_else(|| unsupported(file, "a pickle that is no dict of tensors"))?;
        tensors
            .into_iter()
            .map(|(name, view)| {
                let tensor = self.tensor(file, &name, &view)?;
                Ok((name, tensor))
            })
            .collect()
    }

    fn tensor(&self, file: &Arc<Path>, name: &str, view: &View) -> Result<Tensor> {
        let outside = || damaged(file, format!("tensor `{name}` lies outside of its storage"));
        let (shape, layout, elements) = view.lie().ok_or_else(|| {
            unsupported(
                file,
                &format!("tensor `{name}` with strides {:?}", view.strides),
            )
        })?;
        let storage = &view.storage;
        let end = view
            .offset
            .checked_add(elements)
            .filter(|&end| end <= storage.len)
            .ok_or_else(outside)?;
        let range = view
            .offset
            .checked_mul(storage.width)
            .zip(end.checked_mul(storage.width));
        let bytes = self
            .0
            .get(&storage.key)
            .zip(range)
            .and_then(|(bytes, (from, to))| bytes.slice(from..to));
        Ok(Tensor {
            file: file.clone(),
            parts: vec![bytes.ok_or_else(outside)?],
            element: storage.element.clone(),
            shape,
            layout,
        })
    }
}

fn refused(file: &Path, reason: Reason) -> Error {
    match reason {
        Reason::Ends => damaged(file, "its pickle ends in the middle".to_owned()),
        Reason::Damaged(why) => damaged(file, why),
        Reason::Global(name) => Error::Unsupported {
            file: file.to_owned(),
            what: format!(
                "its pickle asks for {name}, and nothing is run but what tensors are made of"
            ),
            instead: "load it where it was made and save the weights alone, with save_pretrained"
                .to_owned(),
        },
    }
}

fn damaged(file: &Path, why: String) -> Error {
    Error::Damaged {
        file: file.to_owned(),
        format: "PyTorch file",
        why,
    }
}

fn unsupported(file: &Path, what: &str) -> Error {
    Error::Unsupported {
        file: file.to_owned(),
        what: format!("it holds {what}"),
        instead: "load it with transformers and save it again, with save_pretrained".to_owned(),
    }
}

/// Any bytes as a pickle, alone and as a whole file.
#[cfg(feature = "fuzzing")]
pub fn fuzz(bytes: &[u8]) {
    let file: Arc<Path> = Path::new("pytorch_model.bin").into();
    if let Ok(pickle) = pickle::read(bytes) {
        let zeros = || Blob::from_vec(vec![0; 64]);
        let storages = storages_of(&pickle).map(|storage| (storage.key.clone(), zeros()));
        let _ = Storages(storages.collect()).tensors(&file, &pickle);
    }
    let _ = one_after_the_other(&file, &Blob::from_vec(bytes.to_vec()));
}
