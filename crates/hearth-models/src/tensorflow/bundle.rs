//! A tensor bundle: an index of tensors and the files with their bytes, as TensorFlow's `Saver` and `Checkpoint` write it.
//!
//! See `tensorflow/core/protobuf/tensor_bundle.proto` and `tensorflow/core/util/tensor_bundle/naming.h`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{slice, table, varint};
use crate::blob::Blob;
use crate::error::{Error, Result};
use crate::folder::Folder;
use crate::protobuf::{Message, Value};
use crate::weights::{Element, Layout, Tensor};

pub(super) const FORMAT: &str = "TensorFlow bundle";

/// An open bundle; of the data files nothing but their lengths was looked at.
#[derive(Debug)]
pub(crate) struct Bundle {
    index: PathBuf,
    entries: BTreeMap<Vec<u8>, Entry>,
    data: Vec<(Arc<Path>, Blob)>,
}

/// What an index says.
#[derive(Debug, Default)]
pub(crate) struct Index {
    shards: u64,
    big_endian: bool,
    /// By key: a tensor's name, or for a part of a tensor what [`slice::key`] makes.
    entries: BTreeMap<Vec<u8>, Entry>,
}

/// What the index says of one tensor or one part of a tensor.
#[derive(Debug, Default, Clone)]
pub(crate) struct Entry {
    dtype: u64,
    pub(super) shape: Vec<usize>,
    shard: u64,
    offset: u64,
    size: u64,
    /// Masked.
    crc32c: u32,
    /// Of a partitioned variable, which has no bytes under its own name: the extents of its parts.
    slices: Vec<Vec<slice::Extent>>,
}

/// A tensor and the checksum of its bytes.
#[derive(Debug)]
pub(crate) struct Checked {
    pub(crate) tensor: Tensor,
    pub(crate) crc32c: u32,
}

impl Bundle {
    /// Opens the bundle `prefix` of a folder: `variables` for `variables.index`, `variables.data-00000-of-00001`.
    ///
    /// # Errors
    /// [`Error::Io`] where a file is missing, [`Error::Damaged`] or, written on a big-endian machine,
    /// [`Error::Unsupported`].
    pub(crate) fn open(folder: &Folder, prefix: &str) -> Result<Self> {
        let name = format!("{prefix}.index");
        let index = folder.path(&name);
        let absent = |name: &str| folder.io(name, std::io::ErrorKind::NotFound.into());
        let bytes = folder.read(&name)?.ok_or_else(|| absent(&name))?;
        let read = parse(&bytes).map_err(|why| damaged(&index, why))?;
        let shards = read.shards;
        Self::new(index, read, |shard| {
            let name = format!("{prefix}.data-{shard:05}-of-{shards:05}");
            let blob = folder.blob(&name)?.ok_or_else(|| absent(&name))?;
            Ok((folder.path(&name).into(), blob))
        })
    }

    /// `data` opens the file of a shard.
    fn new(
        file: PathBuf,
        index: Index,
        data: impl FnMut(u64) -> Result<(Arc<Path>, Blob)>,
    ) -> Result<Self> {
        if index.big_endian {
            return Err(Error::Unsupported {
                file,
                what: "its numbers are big-endian".to_owned(),
                instead: "save it again on a little-endian machine".to_owned(),
            });
        }
        Ok(Self {
            index: file,
            entries: index.entries,
            data: (0..index.shards).map(data).collect::<Result<_>>()?,
        })
    }

    /// The index file, for messages.
    pub(crate) fn file(&self) -> &Path {
        &self.index
    }

    /// The names of all tensors, sorted; parts of tensors have none of their own.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        let names = self.entries.keys().filter(|key| !key.starts_with(&[0]));
        names.filter_map(|key| str::from_utf8(key).ok())
    }

    /// The shape of a tensor.
    pub(crate) fn shape(&self, name: &str) -> Option<&[usize]> {
        self.entries
            .get(name.as_bytes())
            .map(|entry| &entry.shape[..])
    }

    /// A tensor as it is stored, its bytes still in the data files.
    ///
    /// # Errors
    /// [`Error::Damaged`] where its bytes are not all inside those files, [`Error::Unsupported`] where it is cut other
    /// than by rows.
    pub(crate) fn tensor(&self, name: &str) -> Result<Option<Checked>> {
        let Some(entry) = self.entries.get(name.as_bytes()) else {
            return Ok(None);
        };
        let parts = if entry.slices.is_empty() {
            vec![entry]
        } else {
            self.parts(name, entry)?
        };
        let mut blobs = Vec::with_capacity(parts.len());
        let mut crc32c = crc32c::crc32c(&[]);
        let mut file = None;
        for part in parts {
            let (path, bytes) = self.bytes(name, part)?;
            let len = usize::try_from(bytes.len()).map_err(|e| self.damaged(e.to_string()))?;
            crc32c = crc32c::crc32c_combine(crc32c, table::unmasked(part.crc32c), len);
            blobs.push(bytes);
            file.get_or_insert_with(|| path.clone());
        }
        let tensor = Tensor {
            file: file.unwrap_or_else(|| self.index.clone().into()),
            parts: blobs,
            element: element(entry.dtype),
            shape: entry.shape.clone(),
            layout: Layout::AsStored,
        };
        Ok(Some(Checked { tensor, crc32c }))
    }

    /// The one string of a string tensor without dimensions; `None` where there is no such tensor.
    ///
    /// Stored are the lengths of all strings as varints, a checksum of those and the strings.
    pub(crate) fn string(&self, name: &str) -> Result<Option<Message>> {
        const STRING: u64 = 7;
        const CHECKSUM: u64 = 4;
        let entry = self.entries.get(name.as_bytes());
        let Some(entry) = entry.filter(|e| e.dtype == STRING && e.shape.is_empty()) else {
            return Ok(None);
        };
        let (file, bytes) = self.bytes(name, entry)?;
        let wrong = || damaged(file, format!("`{name}` is not one string"));
        let mut head = [0; 10];
        let head = &mut head[..usize::try_from(bytes.len()).map_or(10, |len| len.min(10))];
        bytes
            .read_exact_at(0, head)
            .map_err(|source| io(file, source))?;
        let mut rest = &head[..];
        let len = varint(&mut rest).ok_or_else(wrong)?;
        let start = (head.len() - rest.len()) as u64 + CHECKSUM;
        let end = start.checked_add(len).ok_or_else(wrong)?;
        let string = bytes.slice(start..end).ok_or_else(wrong)?;
        Ok(Some(Message(string)))
    }

    /// The one value of a `bool` tensor without dimensions.
    pub(crate) fn bool(&self, name: &str) -> Result<Option<bool>> {
        const BOOL: u64 = 10;
        let entry = self.entries.get(name.as_bytes());
        let Some(entry) = entry.filter(|e| e.dtype == BOOL && e.shape.is_empty()) else {
            return Ok(None);
        };
        let (file, bytes) = self.bytes(name, entry)?;
        let mut value = [0];
        bytes
            .read_exact_at(0, &mut value)
            .map_err(|source| io(file, source))?;
        Ok(Some(value != [0]))
    }

    /// The parts of a partitioned variable from the first row to the last.
    fn parts(&self, name: &str, entry: &Entry) -> Result<Vec<&Entry>> {
        let whole = entry.shape.first().copied().unwrap_or(0);
        let mut parts = Vec::with_capacity(entry.slices.len());
        for extents in &entry.slices {
            let Some((rows, rest)) = extents.split_first() else {
                return Err(self.damaged(format!("a part of `{name}` has no extent")));
            };
            if extents.len() != entry.shape.len() {
                return Err(
                    self.damaged(format!("a part of `{name}` has other dimensions than it"))
                );
            }
            let covers =
                |(extent, size): (&slice::Extent, &usize)| extent.range(*size) == Some((0, *size));
            if !rest.iter().zip(&entry.shape[1..]).all(covers) {
                return Err(Error::Unsupported {
                    file: self.index.clone(),
                    what: format!(
                        "the variable `{name}` is partitioned along more than its first axis"
                    ),
                    instead: "save it with partitions along axis 0 or none".to_owned(),
                });
            }
            let part = self.entries.get(&slice::key(name, extents));
            let placed = part.zip(rows.range(whole));
            let (part, (start, rows)) =
                placed.ok_or_else(|| self.damaged(format!("a part of `{name}` is missing")))?;
            if part.dtype != entry.dtype || !part.slices.is_empty() {
                return Err(self.damaged(format!("a part of `{name}` is of another kind than it")));
            }
            parts.push((start, rows, part));
        }
        parts.sort_by_key(|&(start, ..)| start);
        let mut end = 0;
        for &(start, rows, _) in &parts {
            if start != end {
                return Err(self.damaged(format!("the parts of `{name}` leave gaps or overlap")));
            }
            end += rows;
        }
        if end != whole {
            return Err(self.damaged(format!("the parts of `{name}` leave gaps or overlap")));
        }
        Ok(parts.into_iter().map(|(.., part)| part).collect())
    }

    fn bytes(&self, name: &str, entry: &Entry) -> Result<(&Arc<Path>, Blob)> {
        let shard = usize::try_from(entry.shard)
            .ok()
            .and_then(|i| self.data.get(i));
        let (file, data) = shard
            .ok_or_else(|| self.damaged(format!("`{name}` is in a data file that there is not")))?;
        let end = entry.offset.checked_add(entry.size);
        end.and_then(|end| data.slice(entry.offset..end))
            .map(|bytes| (file, bytes))
            .ok_or_else(|| {
                let why = format!(
                    "it has {} bytes, too few for `{name}`, {} bytes from byte {}",
                    data.len(),
                    entry.size,
                    entry.offset
                );
                damaged(file, why)
            })
    }

    fn damaged(&self, why: String) -> Error {
        damaged(&self.index, why)
    }
}

pub(super) fn damaged(file: &Path, why: String) -> Error {
    Error::Damaged {
        file: file.to_owned(),
        format: FORMAT,
        why,
    }
}

fn io(file: &Path, source: std::io::Error) -> Error {
    Error::Io {
        path: file.to_owned(),
        source,
    }
}

/// Reads an index.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn parse(bytes: &[u8]) -> Result<Index, String> {
    let mut index = Index::default();
    let mut headed = false;
    table::entries(bytes, |key, value| {
        let message = Message(Blob::from_vec(value.to_vec()));
        if key.is_empty() {
            headed = true;
            return header(&message, &mut index);
        }
        let entry = Entry::read(&message).map_err(|e| match str::from_utf8(key) {
            Ok(name) => format!("the entry of `{name}`: {e}"),
            Err(_) => format!("an entry: {e}"),
        })?;
        index.entries.insert(key.to_owned(), entry);
        Ok(())
    })?;
    if !headed {
        return Err("it has no header".to_owned());
    }
    Ok(index)
}

fn header(message: &Message, index: &mut Index) -> Result<(), String> {
    const MAX_SHARDS: u64 = 99_999; // of five digits in the names of the files
    for field in message.fields() {
        match field.map_err(|e| format!("its header: {e}"))? {
            (1, Value::Varint(shards)) => index.shards = shards,
            (2, Value::Varint(endianness)) => index.big_endian = endianness != 0,
            _ => {}
        }
    }
    if index.shards > MAX_SHARDS {
        return Err(format!("its header: {} data files", index.shards));
    }
    Ok(())
}

impl Entry {
    pub(super) fn read(message: &Message) -> Result<Self, String> {
        let mut entry = Self::default();
        for field in message.fields() {
            match field.map_err(|e| e.to_string())? {
                (1, Value::Varint(dtype)) => entry.dtype = dtype,
                (2, Value::Bytes(shape)) => entry.shape = super::shape(&Message(shape))?,
                (3, Value::Varint(shard)) => entry.shard = shard,
                (4, Value::Varint(offset)) => entry.offset = offset,
                (5, Value::Varint(size)) => entry.size = size,
                (6, Value::Fixed32(crc)) => entry.crc32c = crc,
                (7, Value::Bytes(slice)) => entry.slices.push(slice::extents(&Message(slice))?),
                _ => {}
            }
        }
        Ok(entry)
    }
}

/// `DataType` of `tensorflow/core/framework/types.proto`.
fn element(dtype: u64) -> Element {
    match dtype {
        1 => Element::F32,
        14 => Element::Bf16,
        19 => Element::F16,
        2 => Element::Unread("float64".to_owned()),
        3 => Element::Unread("int32".to_owned()),
        6 => Element::Unread("int8".to_owned()),
        7 => Element::Unread("string".to_owned()),
        9 => Element::Unread("int64".to_owned()),
        10 => Element::Unread("bool".to_owned()),
        other => Element::Unread(format!("TensorFlow's type {other}")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Encoder;
    use super::*;

    const PARTITIONED: &str = "partitioned/model.ckpt-1000000";

    fn data(name: &str) -> Vec<u8> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/models/tensorflow");
        std::fs::read(folder.join(name)).unwrap()
    }

    /// What a key and value of an index make: all that is done with them when a model is opened.
    fn open(index: Index, bytes: &Blob) -> Result<usize> {
        let path: Arc<Path> = Path::new("data").into();
        let bundle = Bundle::new("index".into(), index, |_| Ok((path.clone(), bytes.clone())))?;
        for name in bundle.names() {
            let _ = bundle.tensor(name);
            let _ = bundle.string(name);
            let _ = bundle.bool(name);
        }
        let encoder = Encoder::read(&bundle)?;
        Ok(encoder.sizes.hidden)
    }

    /// Entries with any one byte changed or the rest cut off: the checksums of the table keep such from a reader, so they
    /// are made behind them.
    #[test]
    fn no_entry_makes_it_panic() {
        let table = data(&format!("{PARTITIONED}.index"));
        let bytes = Blob::from_vec(data(&format!("{PARTITIONED}.data-00000-of-00001")));
        let mut pairs = Vec::new();
        table::entries(&table, |key, value| {
            pairs.push((key.to_vec(), value.to_vec()));
            Ok(())
        })
        .unwrap();
        let whole: Vec<_> = pairs
            .iter()
            .map(|(_, value)| Entry::read(&message(value)))
            .collect();
        let index = |changed: usize, entry: Entry| {
            let mut index = Index {
                shards: 1,
                ..Index::default()
            };
            for (i, ((key, _), entry)) in pairs.iter().zip(&whole).enumerate().skip(1) {
                if i != changed {
                    index.entries.insert(key.clone(), entry.clone().unwrap());
                }
            }
            index.entries.insert(pairs[changed].0.clone(), entry);
            index
        };
        assert_eq!(
            open(index(1, whole[1].clone().unwrap()), &bytes).unwrap(),
            8
        );
        let mut refused = 0;
        for (i, (_, value)) in pairs.iter().enumerate().skip(1) {
            for at in 0..value.len() {
                let mut changed = value.clone();
                changed[at] ^= 1 << (at % 8);
                for changed in [&changed[..], &value[..at]] {
                    match Entry::read(&message(changed)) {
                        Ok(entry) if i % 16 == 1 => {
                            refused += usize::from(open(index(i, entry), &bytes).is_err());
                        }
                        Ok(_) => {}
                        Err(_) => refused += 1,
                    }
                }
            }
        }
        assert!(refused > 100, "{refused}");
    }

    fn message(bytes: &[u8]) -> Message {
        Message(Blob::from_vec(bytes.to_vec()))
    }

    #[test]
    fn every_changed_or_missing_byte_of_an_index_is_seen() {
        for name in ["snappy/model.ckpt-7.index", "sharded/model.ckpt-7.index"] {
            let whole = data(name);
            let read = parse(&whole).unwrap();
            assert_eq!(read.entries.len(), 39);
            let mut unseen = 0;
            for at in 0..whole.len() {
                let mut changed = whole.clone();
                changed[at] ^= 1 << (at % 8);
                unseen += usize::from(parse(&changed).is_ok());
                assert!(parse(&whole[..at]).is_err());
            }
            // The block about blocks, which is not read, and the padding of the footer.
            assert!(unseen < 60, "{name}: {unseen}");
        }
    }

    #[test]
    fn a_big_endian_bundle_is_refused() {
        let index = Index {
            big_endian: true,
            ..Index::default()
        };
        let refused = open(index, &Blob::from_vec(Vec::new())).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "index: its numbers are big-endian; save it again on a little-endian machine"
        );
    }
}
