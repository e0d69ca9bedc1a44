//! The wire format of protocol buffers, as far as model files need it.

use std::io;

use crate::blob::Blob;

/// A message whose fields are read one after the other; long ones stay where they lie.
#[derive(Debug, Clone)]
pub(crate) struct Message(pub(crate) Blob);

/// A field's value by its wire type; what a length-delimited one means is the schema's to say.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    Varint(u64),
    /// No field that is asked for is one.
    Fixed64,
    Fixed32(u32),
    Bytes(Blob),
}

impl Message {
    /// The fields in the order of the file: number and value. The first malformed one ends the iteration with an error.
    pub(crate) fn fields(&self) -> Fields {
        Fields {
            bytes: self.0.clone(),
            at: 0,
            window: Vec::new(),
            window_at: 0,
        }
    }
}

/// See [`Message::fields`].
pub(crate) struct Fields {
    bytes: Blob,
    at: u64,
    /// Bytes read ahead, from `window_at` on: heads are a few bytes each.
    window: Vec<u8>,
    window_at: u64,
}

const WINDOW: u64 = 4096;

impl Fields {
    fn byte(&mut self) -> io::Result<u8> {
        let inside = self.at.wrapping_sub(self.window_at);
        if inside >= self.window.len() as u64 || self.at < self.window_at {
            let len = WINDOW.min(self.bytes.len().saturating_sub(self.at));
            self.window.resize(usize::try_from(len).unwrap_or(0), 0);
            self.window_at = self.at;
            self.bytes.read_exact_at(self.at, &mut self.window)?;
        }
        let inside = usize::try_from(self.at - self.window_at).unwrap_or(usize::MAX);
        let byte = *self
            .window
            .get(inside)
            .ok_or(io::ErrorKind::UnexpectedEof)?;
        self.at += 1;
        Ok(byte)
    }

    fn varint(&mut self) -> io::Result<u64> {
        let mut value = 0;
        for shift in (0..70).step_by(7) {
            let byte = self.byte()?;
            if shift == 63 && byte > 1 {
                break;
            }
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(malformed("a number of more than 64 bits"))
    }

    fn fixed<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let mut bytes = [0; N];
        for byte in &mut bytes {
            *byte = self.byte()?;
        }
        Ok(bytes)
    }

    fn field(&mut self) -> io::Result<(u32, Value)> {
        let key = self.varint()?;
        let number = u32::try_from(key >> 3).map_err(|_| malformed("a field number too large"))?;
        let value = match key & 7 {
            0 => Value::Varint(self.varint()?),
            1 => {
                self.fixed::<8>()?;
                Value::Fixed64
            }
            2 => {
                let len = self.varint()?;
                let end = self.at.checked_add(len);
                let bytes = end
                    .and_then(|end| self.bytes.slice(self.at..end))
                    .ok_or_else(|| malformed("a field that is longer than its message"))?;
                self.at += len;
                Value::Bytes(bytes)
            }
            5 => Value::Fixed32(u32::from_le_bytes(self.fixed()?)),
            other => return Err(malformed(&format!("wire type {other}"))),
        };
        Ok((number, value))
    }
}

impl Iterator for Fields {
    type Item = io::Result<(u32, Value)>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.at >= self.bytes.len() {
            return None;
        }
        let field = self.field();
        if field.is_err() {
            self.at = self.bytes.len();
        }
        Some(field)
    }
}

fn malformed(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(bytes: &[u8]) -> Message {
        Message(Blob::from_vec(bytes.to_vec()))
    }

    /// The fields as text, up to the first error.
    fn fields(bytes: &[u8]) -> String {
        let shown = message(bytes).fields().map(|field| match field {
            Ok((number, Value::Bytes(bytes))) => {
                format!("{number}: {:?}", bytes.to_vec(u64::MAX).unwrap())
            }
            Ok((number, value)) => format!("{number}: {value:?}"),
            Err(error) => error.to_string(),
        });
        shown.collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn all_wire_types() {
        let bytes = [
            &[0x08, 0x96, 0x01][..],
            &[0x12, 0x02, b'h', b'i'],
            &[0x1d, 1, 0, 0, 0],
            &[0x21, 0, 0, 0, 0, 0, 0, 0, 0],
            &[0x80, 0x01, 0x00],
            &[0x12, 0],
        ];
        assert_eq!(
            fields(&bytes.concat()),
            "1: Varint(150), 2: [104, 105], 3: Fixed32(1), 4: Fixed64, 16: Varint(0), 2: []"
        );
        let largest = [0x08, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1];
        assert_eq!(fields(&largest), format!("1: Varint({})", u64::MAX));
    }

    #[test]
    fn a_malformed_field_is_the_last() {
        let after = [0x08, 0x01];
        let cases: [(&[u8], &str); 6] = [
            (&[0x0b], "wire type 3"),
            (&[0x12, 0x05], "a field that is longer than its message"),
            (
                &[0x12, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1],
                "a field that is longer than its message",
            ),
            (
                &[0x08, 255, 255, 255, 255, 255, 255, 255, 255, 255, 2],
                "a number of more than 64 bits",
            ),
            (
                &[255, 255, 255, 255, 255, 255, 255, 255, 255, 1],
                "a field number too large",
            ),
            (&[0x1d, 1], "unexpected end of file"),
        ];
        for (bytes, expected) in cases {
            assert_eq!(fields(&[bytes, &after].concat()), expected, "{bytes:?}");
        }
    }

    /// More bytes than are read ahead, in fields that straddle the limits of what is.
    #[test]
    fn many_fields() {
        let bytes = [0x08, 0x81, 0x01].repeat(5000);
        assert_eq!(message(&bytes).fields().count(), 5000);
        let all = |field: io::Result<(u32, Value)>| matches!(field, Ok((1, Value::Varint(129))));
        assert!(message(&bytes).fields().all(all));
        let long = [&[0x12, 0x88, 0x27][..], &[7; 5000], &[0x08, 3]].concat();
        let read: Vec<_> = message(&long).fields().map(Result::unwrap).collect();
        assert!(matches!(&read[0], (2, Value::Bytes(b)) if b.to_vec(5000).unwrap() == [7; 5000]));
        assert!(matches!(read[1], (1, Value::Varint(3))));
    }
}
