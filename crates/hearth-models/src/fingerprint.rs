use std::fmt;

use crate::model::Model;

/// The content hash of a model: equal where config, vocabulary and the encoder's weights are.
///
/// It says nothing of names, of [`Settings`](crate::Settings), or of tensors that the encoder does not use. The same
/// numbers stored in another element type are another content.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// The 32 bytes of the hash.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    pub(crate) fn of(model: &Model) -> Self {
        // A change of what is fed here is a change of this context.
        let mut hasher = blake3::Hasher::new_derive_key("hearth-models 1 fingerprint");
        hasher.update(format!("{:?}\0", model.config).as_bytes());
        hasher.update(format!("{}\0", model.vocabulary.len()).as_bytes());
        for entry in &model.vocabulary {
            hasher.update(format!("{}\0", entry.len()).as_bytes());
            hasher.update(entry.as_bytes());
        }
        model.weights.hash(&model.config, &mut hasher);
        Self(*hasher.finalize().as_bytes())
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
