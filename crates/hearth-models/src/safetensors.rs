//! The safetensors format: 8 bytes with the header's length, a JSON header, the tensors' bytes.

use std::path::Path;
use std::sync::Arc;

use safetensors::Dtype;
use safetensors::tensor::{Metadata, TensorInfo};
use serde::de::Error as _;

use crate::blob::Blob;
use crate::error::{Error, Result};
use crate::weights::{Element, Layout, Tensor};

/// The length field.
const PREFIX: u64 = 8;
/// The limit of the format's own reader; more is no header.
const MAX_HEADER: u64 = 100_000_000;

/// Reads the header of a file.
///
/// Deserialising it checks that the tensors follow one another without gap or overlap and that each has the length its
/// shape and type make; here the sum is checked against the file's length, so that every one is inside.
pub(crate) fn tensors(file: &Path, bytes: &Blob) -> Result<Vec<(String, Tensor)>> {
    let io = |source| Error::Io {
        path: file.to_owned(),
        source,
    };
    let wrong_length = |expected| Error::Length {
        file: file.to_owned(),
        expected,
        found: bytes.len(),
    };
    let wrong_header = |source| Error::SafetensorsHeader {
        file: file.to_owned(),
        source,
    };

    if bytes.len() < PREFIX {
        return Err(wrong_length(PREFIX));
    }
    let mut prefix = [0; 8];
    bytes.read_exact_at(0, &mut prefix).map_err(io)?;
    let length = u64::from_le_bytes(prefix);
    if length > MAX_HEADER {
        return Err(wrong_header(serde_json::Error::custom(format!(
            "its first 8 bytes say that it is {length} bytes long"
        ))));
    }
    let start = PREFIX + length;
    let header = bytes
        .slice(PREFIX..start)
        .ok_or_else(|| wrong_length(start))?;
    let header = header.to_vec(MAX_HEADER).map_err(io)?;
    let metadata: Metadata = serde_json::from_slice(&header).map_err(wrong_header)?;
    let expected = (metadata.data_len() as u64).saturating_add(start);
    if expected != bytes.len() {
        return Err(wrong_length(expected));
    }

    let file: Arc<Path> = file.into();
    let tensor = |(name, info): (String, &TensorInfo)| {
        let (from, to) = info.data_offsets;
        let part = bytes
            .slice(start + from as u64..start + to as u64)
            .ok_or_else(|| wrong_length(expected))?;
        let tensor = Tensor {
            file: file.clone(),
            parts: vec![part],
            element: match info.dtype {
                Dtype::F32 => Element::F32,
                Dtype::F16 => Element::F16,
                Dtype::BF16 => Element::Bf16,
                other => Element::Unread(other.to_string()),
            },
            shape: info.shape.clone(),
            layout: Layout::AsStored,
        };
        Ok((name, tensor))
    };
    metadata.tensors().into_iter().map(tensor).collect()
}

/// Reads a file's header and every tensor that is not too long for a fuzz target.
#[cfg(feature = "fuzzing")]
pub fn fuzz(bytes: &[u8]) {
    let file = Path::new("model.safetensors");
    let Ok(tensors) = tensors(file, &Blob::from_vec(bytes.to_vec())) else {
        return;
    };
    for (name, tensor) in tensors {
        let shape = tensor.shape.clone();
        let weights = crate::weights::Weights::new(file, [(name.clone(), tensor)].into());
        let _ = weights.get(&name, &shape);
    }
}
