use std::fmt;

use crate::error::Result;
use crate::model::Model;
use crate::tensors::required;

/// The content hash of a model: equal where config, vocabulary and the encoder's weights are.
///
/// It says nothing of names, of [`Settings`](crate::Settings), of tensors that the encoder does not use, or of the format:
/// the same numbers are the same content, however they are stored.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// The 32 bytes of the hash.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    pub(crate) fn of(model: &Model) -> Result<Self> {
        // A change of what is fed here is a change of this context.
        let mut hasher = blake3::Hasher::new_derive_key("hearth-models 2 fingerprint");
        hasher.update(format!("{:?}\0", model.config).as_bytes());
        hasher.update(format!("{}\0", model.vocabulary.len()).as_bytes());
        for entry in &model.vocabulary {
            hasher.update(format!("{}\0", entry.len()).as_bytes());
            hasher.update(entry.as_bytes());
        }
        for (name, shape) in required(&model.config) {
            hasher.update(model.weights.hash(&name, &shape)?.as_bytes());
        }
        Ok(Self(*hasher.finalize().as_bytes()))
    }
}

/// 64 lower-case hexadecimal digits.
impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&blake3::Hash::from_bytes(self.0).to_hex())
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}
