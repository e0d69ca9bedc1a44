//! A `TensorProto`: its type, shape and where its values are.

use std::path::Path;
use std::sync::Arc;

use super::graph::Reason;
use crate::blob::Blob;
use crate::error::{Error, Result};
use crate::graph::{Constant, FEW};
use crate::protobuf::{Message, Value};
use crate::weights::{Element, Layout, Tensor};

/// Where a model lies.
pub(super) struct Place<'a> {
    pub(super) file: &'a Arc<Path>,
    /// A file in the folder of the model, or below it, by its name there.
    pub(super) beside: &'a dyn Fn(&str) -> Result<Option<Blob>>,
}

/// Axes of a tensor; ONNX Runtime has the same limit for its shapes on the stack.
const MAX_AXES: usize = 64;

mod element {
    pub(super) const FLOAT: u64 = 1;
    pub(super) const INT32: u64 = 6;
    pub(super) const INT64: u64 = 7;
    pub(super) const FLOAT16: u64 = 10;
    pub(super) const DOUBLE: u64 = 11;
    pub(super) const BFLOAT16: u64 = 16;

    /// The names of `TensorProto.DataType` from 0 on.
    pub(super) const NAMES: [&str; 17] = [
        "UNDEFINED",
        "FLOAT",
        "UINT8",
        "INT8",
        "UINT16",
        "INT16",
        "INT32",
        "INT64",
        "STRING",
        "BOOL",
        "FLOAT16",
        "DOUBLE",
        "UINT32",
        "UINT64",
        "COMPLEX64",
        "COMPLEX128",
        "BFLOAT16",
    ];
}

/// What a tensor says of itself.
#[derive(Default)]
struct Fields {
    name: String,
    shape: Vec<usize>,
    element: u64,
    raw: Option<Blob>,
    floats: Vec<Blob>,
    /// One by one, as only old writers put them.
    loose_floats: Vec<u8>,
    /// Of `int32_data` and `int64_data`.
    integers: Vec<Blob>,
    loose_integers: Vec<u64>,
    doubles: Vec<Blob>,
    external: bool,
    location: Option<String>,
    offset: u64,
    length: Option<u64>,
}

/// Name and tensor.
pub(super) fn read(message: &Message, place: &Place<'_>) -> Result<(String, Constant), Reason> {
    let fields = Fields::read(message)?;
    let element = match fields.element {
        element::FLOAT => Element::F32,
        element::FLOAT16 => Element::F16,
        element::BFLOAT16 => Element::Bf16,
        other => {
            let name = usize::try_from(other)
                .ok()
                .and_then(|other| element::NAMES.get(other));
            Element::Unread(name.map_or_else(|| format!("type {other}"), |&name| name.to_owned()))
        }
    };
    let mut sizes = fields.shape.iter();
    let count = sizes.try_fold(1_usize, |count, &size| count.checked_mul(size));
    let (file, parts) = fields.bytes(count.unwrap_or(0), place)?;
    let mut numbers = vec![];
    if let Some(count) = count.filter(|&count| count <= FEW) {
        numbers = fields.numbers(&parts)?;
        numbers.truncate(count);
    }
    let constant = Constant {
        tensor: Tensor {
            file,
            parts,
            element,
            shape: fields.shape,
            layout: Layout::AsStored,
        },
        numbers,
    };
    Ok((fields.name, constant))
}

impl Fields {
    fn read(message: &Message) -> Result<Self, Reason> {
        let mut fields = Self::default();
        for field in message.fields() {
            match field? {
                (1, Value::Varint(size)) => fields.axis(size)?,
                (1, Value::Bytes(packed)) => {
                    for size in varints(&packed, MAX_AXES)? {
                        fields.axis(size)?;
                    }
                }
                (2, Value::Varint(element)) => fields.element = element,
                (4, Value::Bytes(packed)) => fields.floats.push(packed),
                (4, Value::Fixed32(bits)) => fields.loose_floats.extend(bits.to_le_bytes()),
                (5 | 7, Value::Bytes(packed)) => fields.integers.push(packed),
                (5 | 7, Value::Varint(number)) => fields.loose_integers.push(number),
                (8, Value::Bytes(name)) => fields.name = text(&name)?,
                (9, Value::Bytes(raw)) => fields.raw = Some(raw),
                (10, Value::Bytes(packed)) => fields.doubles.push(packed),
                (13, Value::Bytes(entry)) => fields.entry(&Message(entry))?,
                (14, Value::Varint(location)) => fields.external = location == 1,
                _ => {}
            }
        }
        Ok(fields)
    }

    fn axis(&mut self, size: u64) -> Result<(), Reason> {
        let size = usize::try_from(size.cast_signed());
        self.shape
            .push(size.map_err(|_| "a tensor has an axis of negative size")?);
        if self.shape.len() > MAX_AXES {
            return Err("a tensor has more than 64 axes".into());
        }
        Ok(())
    }

    /// A `StringStringEntryProto` of `external_data`.
    fn entry(&mut self, entry: &Message) -> Result<(), Reason> {
        let (mut key, mut value) = (String::new(), String::new());
        for field in entry.fields() {
            match field? {
                (1, Value::Bytes(bytes)) => key = text(&bytes)?,
                (2, Value::Bytes(bytes)) => value = text(&bytes)?,
                _ => {}
            }
        }
        let number = || {
            value
                .parse()
                .map_err(|_| format!("a tensor's {key} is `{value}`"))
        };
        match &key[..] {
            "location" => self.location = Some(value),
            "offset" => self.offset = number()?,
            "length" => self.length = Some(number()?),
            _ => {}
        }
        Ok(())
    }

    /// The file that holds its values, and where.
    fn bytes(&self, count: usize, place: &Place<'_>) -> Result<(Arc<Path>, Vec<Blob>), Reason> {
        if self.external {
            return self.external(place);
        }
        let parts = if let Some(raw) = &self.raw {
            vec![raw.clone()]
        } else if self.element == element::FLOAT && self.loose_floats.is_empty() {
            self.floats.clone()
        } else if self.element == element::FLOAT {
            vec![Blob::from_vec(self.loose_floats.clone())]
        } else if matches!(self.element, element::FLOAT16 | element::BFLOAT16) {
            // Each is a number as long as its value has bits: there is no way but to write them out.
            let mut bytes = vec![];
            for number in self.integers(count)? {
                bytes.extend(
                    u16::try_from(number)
                        .map_err(|_| "a number of 16 bits has more")?
                        .to_le_bytes(),
                );
            }
            vec![Blob::from_vec(bytes)]
        } else {
            vec![]
        };
        Ok((place.file.clone(), parts))
    }

    fn external(&self, place: &Place<'_>) -> Result<(Arc<Path>, Vec<Blob>), Reason> {
        let name = self.location.as_deref().unwrap_or_default();
        let is_inside = !name.contains(['\\', ':', '\0'])
            && name.split('/').all(|part| !matches!(part, "" | "." | ".."));
        if !is_inside {
            return Err(format!(
                "the values of `{}` are said to lie in `{name}`, no file beside it",
                self.name
            )
            .into());
        }
        let bytes = (place.beside)(name)?.ok_or_else(|| Error::MissingShard {
            index: place.file.to_path_buf(),
            shard: name.to_owned(),
        })?;
        let end = match self.length {
            Some(length) => self.offset.checked_add(length),
            None => Some(bytes.len()),
        };
        let part = end
            .and_then(|end| bytes.slice(self.offset..end))
            .ok_or_else(|| {
                format!(
                    "the values of `{}` are said to lie outside `{name}`, which has {} bytes",
                    self.name,
                    bytes.len()
                )
            })?;
        let folder = place.file.parent().unwrap_or(place.file);
        Ok((folder.join(name).into(), vec![part]))
    }

    fn integers(&self, limit: usize) -> Result<Vec<u64>, Reason> {
        let mut all = self.loose_integers.clone();
        for packed in &self.integers {
            all.extend(varints(packed, limit)?);
        }
        Ok(all)
    }

    /// The values of a tensor with few.
    fn numbers(&self, parts: &[Blob]) -> Result<Vec<f64>, Reason> {
        const LIMIT: u64 = FEW as u64 * 8;
        let bytes = match parts {
            [bytes] if bytes.len() <= LIMIT => bytes.to_vec(LIMIT)?,
            _ => vec![],
        };
        let words = || bytes.as_chunks().0.iter().copied();
        let longs = || bytes.as_chunks().0.iter().copied();
        let halves = || bytes.as_chunks().0.iter().copied();
        #[allow(clippy::cast_precision_loss)] // a size or -1; what is larger is none
        let whole = |number: i64| number as f64;
        Ok(match self.element {
            element::FLOAT => words().map(|b| f64::from(f32::from_le_bytes(b))).collect(),
            element::FLOAT16 => halves()
                .map(|b| half::f16::from_le_bytes(b).to_f64())
                .collect(),
            element::BFLOAT16 => halves()
                .map(|b| half::bf16::from_le_bytes(b).to_f64())
                .collect(),
            element::DOUBLE => {
                let mut numbers: Vec<f64> = longs().map(f64::from_le_bytes).collect();
                for packed in self.doubles.iter().filter(|packed| packed.len() <= LIMIT) {
                    numbers.extend(
                        packed
                            .to_vec(LIMIT)?
                            .as_chunks()
                            .0
                            .iter()
                            .copied()
                            .map(f64::from_le_bytes),
                    );
                }
                numbers
            }
            element::INT32 if self.raw.is_some() => {
                words().map(|b| f64::from(i32::from_le_bytes(b))).collect()
            }
            element::INT64 if self.raw.is_some() => {
                longs().map(|b| whole(i64::from_le_bytes(b))).collect()
            }
            element::INT32 | element::INT64 => {
                let numbers = self.integers(FEW)?.into_iter();
                numbers.map(|number| whole(number.cast_signed())).collect()
            }
            _ => vec![],
        })
    }
}

/// Packed numbers, not more than `limit`.
pub(super) fn varints(packed: &Blob, limit: usize) -> Result<Vec<u64>, Reason> {
    let mut numbers = vec![];
    let (mut number, mut shift) = (0_u64, 0);
    packed.each_chunk(|chunk| {
        for byte in chunk {
            number |= u64::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
            shift += 7;
            if byte & 0x80 == 0 {
                if numbers.len() < limit {
                    numbers.push(number);
                }
                (number, shift) = (0, 0);
            } else if shift > 63 {
                shift = 63;
            }
        }
    })?;
    Ok(numbers)
}

/// A name; bytes that are not UTF-8 are of none that is looked for.
pub(super) fn text(bytes: &Blob) -> Result<String, Reason> {
    const LIMIT: u64 = 1 << 16;
    if bytes.len() > LIMIT {
        return Err("a name of more than 65536 bytes".into());
    }
    Ok(String::from_utf8_lossy(&bytes.to_vec(LIMIT)?).into_owned())
}
