//! Parts of partitioned variables: which rows they are and by which key they stand in the index.
//!
//! See `TensorSliceProto`, `EncodeTensorNameSlice` in `tensorflow/core/util/saved_tensor_slice_util.cc` and
//! `tensorflow/core/lib/strings/ordered_code.cc`.

use crate::protobuf::{Message, Value};

/// A range of one axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Extent {
    start: i64,
    /// -1: all of the axis.
    length: i64,
}

const ALL: i64 = -1;

impl Extent {
    /// Start and length on an axis of this size; `None` where it is not inside.
    pub(super) fn range(self, size: usize) -> Option<(usize, usize)> {
        let start = usize::try_from(self.start).ok()?;
        let length = match self.length {
            ALL => size.checked_sub(start)?,
            length => usize::try_from(length).ok()?,
        };
        (start.checked_add(length)? <= size).then_some((start, length))
    }
}

/// Reads a `TensorSliceProto`.
pub(super) fn extents(message: &Message) -> Result<Vec<Extent>, String> {
    let mut extents = Vec::new();
    for field in message.fields() {
        if let (1, Value::Bytes(extent)) = field.map_err(|e| e.to_string())? {
            let mut read = Extent {
                start: 0,
                length: ALL,
            };
            for field in Message(extent).fields() {
                match field.map_err(|e| e.to_string())? {
                    (1, Value::Varint(start)) => read.start = start.cast_signed(),
                    (2, Value::Varint(length)) => read.length = length.cast_signed(),
                    _ => {}
                }
            }
            extents.push(read);
        }
    }
    Ok(extents)
}

/// The key of a part in the index: a form whose byte order is the order of names and extents.
pub(super) fn key(name: &str, extents: &[Extent]) -> Vec<u8> {
    let mut key = vec![0];
    for &byte in name.as_bytes() {
        key.push(byte);
        if byte == 0 {
            key.push(0xff); // a zero alone begins the end
        }
    }
    key.extend([0, 1]);
    let dimensions = (extents.len() as u64).to_be_bytes();
    let zeros = dimensions.iter().take_while(|&&b| b == 0).count();
    let significant = &dimensions[zeros..];
    key.push(u8::try_from(significant.len()).unwrap_or(u8::MAX));
    key.extend(significant);
    for extent in extents {
        signed(&mut key, extent.start);
        signed(&mut key, extent.length);
    }
    key
}

/// A number in as few bytes as hold it with a head, which says by its leading ones (for a negative number, zeros) how many
/// bytes there are.
fn signed(key: &mut Vec<u8>, number: i64) {
    let magnitude = if number < 0 { !number } else { number };
    let bits = 64 - magnitude.leading_zeros() as usize;
    // One bit is the sign's and of each byte one is the head's, except that 64 bits need 10 bytes.
    let len = (bits + 1).div_ceil(7).max(1);
    let mut bytes = [if number < 0 { 0xff } else { 0 }; 10];
    bytes[2..].copy_from_slice(&number.to_be_bytes());
    let head = u16::MAX << (16 - len);
    let [first, second] = head.to_be_bytes();
    let from = bytes.len() - len;
    bytes[from] ^= first;
    if len > 8 {
        bytes[from + 1] ^= second;
    }
    key.extend(&bytes[from..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Against bytes written down from the rules of `ordered_code.cc`.
    #[test]
    fn numbers() {
        let cases: [(i64, &[u8]); 10] = [
            (0, &[0x80]),
            (-1, &[0x7f]),
            (63, &[0xbf]),
            (-64, &[0x40]),
            (64, &[0xc0, 0x40]),
            (-65, &[0x3f, 0xbf]),
            (8191, &[0xdf, 0xff]),
            (8192, &[0xe0, 0x20, 0x00]),
            (14_500, &[0xe0, 0x38, 0xa4]),
            (
                i64::MAX,
                &[0xff, 0xc0, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
            ),
        ];
        for (number, expected) in cases {
            let mut key = Vec::new();
            signed(&mut key, number);
            assert_eq!(key, expected, "{number}");
        }
    }
}
