//! The safetensors format: 8 bytes with the header's length, a JSON header, the tensors' bytes.

use std::collections::HashMap;
use std::path::Path;

use safetensors::Dtype;
use safetensors::tensor::{Metadata, TensorInfo};
use serde::de::Error as _;

use crate::error::{Error, Result};
use crate::map::Map;
use crate::weights::{Element, Tensor, Weights};

/// The length field.
const PREFIX: usize = 8;
/// The limit of the format's own reader; more is no header.
const MAX_HEADER: u64 = 100_000_000;

/// Maps a file and reads its header; no tensor is touched.
///
/// Deserialising the header checks that the tensors follow one another without gap or overlap and that each has the
/// length its shape and type make; here the sum is checked against the file's length, so that every range is inside.
pub(crate) fn read(file: &Path) -> Result<Weights> {
    let map = Map::open(file).map_err(|source| Error::Io {
        path: file.to_owned(),
        source,
    })?;
    let bytes = map.bytes();
    if bytes.starts_with(b"version https://git-lfs") {
        return Err(Error::LfsPointer {
            file: file.to_owned(),
        });
    }
    let wrong_length = |expected| Error::Length {
        file: file.to_owned(),
        expected,
        found: bytes.len() as u64,
    };
    let wrong_header = |source| Error::SafetensorsHeader {
        file: file.to_owned(),
        source,
    };

    let (prefix, rest) = bytes
        .split_first_chunk::<PREFIX>()
        .ok_or_else(|| wrong_length(PREFIX as u64))?;
    let length = u64::from_le_bytes(*prefix);
    if length > MAX_HEADER {
        return Err(wrong_header(serde_json::Error::custom(format!(
            "its first 8 bytes say that it is {length} bytes long"
        ))));
    }
    let (header, data) = usize::try_from(length)
        .ok()
        .and_then(|length| rest.split_at_checked(length))
        .ok_or_else(|| wrong_length(PREFIX as u64 + length))?;
    let metadata: Metadata = serde_json::from_slice(header).map_err(wrong_header)?;
    if metadata.data_len() != data.len() {
        let expected = (metadata.data_len() as u64).saturating_add(PREFIX as u64 + length);
        return Err(wrong_length(expected));
    }

    let start = PREFIX + header.len();
    let tensors = named(&metadata, start);
    Ok(Weights::new(file.to_owned(), map, tensors))
}

/// The tensors by their bare, current names. Where a file has a tensor under two names, the one that is already so wins.
fn named(metadata: &Metadata, start: usize) -> HashMap<String, Tensor> {
    let all = metadata.tensors();
    let (bare, other): (Vec<_>, Vec<_>) = all
        .into_iter()
        .map(|(name, info)| (bare_name(&name), name, info))
        .partition(|(bare, name, _)| bare == name);
    let mut tensors = HashMap::with_capacity(bare.len() + other.len());
    for (name, _, info) in bare.into_iter().chain(other) {
        tensors.entry(name).or_insert_with(|| tensor(info, start));
    }
    tensors
}

fn tensor(info: &TensorInfo, start: usize) -> Tensor {
    let (from, to) = info.data_offsets;
    Tensor {
        element: match info.dtype {
            Dtype::F32 => Element::F32,
            Dtype::F16 => Element::F16,
            Dtype::BF16 => Element::Bf16,
            other => Element::Unread(other.to_string()),
        },
        shape: info.shape.clone(),
        bytes: start + from..start + to,
    }
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
