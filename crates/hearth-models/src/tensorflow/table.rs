//! The sorted table that a TensorFlow bundle's index is: LevelDB's file format.
//!
//! Blocks of entries, each followed by a type byte and a checksum; an index block with the places of the others; a footer
//! of 48 bytes with the place of the index block. See `tensorflow/tsl/lib/io/table_format.txt`.

use std::borrow::Cow;

const FOOTER: usize = 48;
const MAGIC: [u8; 8] = [0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb];
/// The type byte and the checksum after a block.
const TRAILER: usize = 5;
/// Keys are written as what they share with the one before and the rest, so a small file can hold keys of any length. The
/// index of a model has some hundred keys of below 100 bytes.
const MAX_KEYS: usize = 1 << 26;
/// Snappy makes at most 64 bytes of a copy's 3.
const MAX_RATIO: usize = 22;

/// Calls `entry` with key and value of each entry in the file's order.
///
/// # Errors
/// What is wrong with the table, or what `entry` says.
pub(crate) fn entries(
    table: &[u8],
    mut entry: impl FnMut(&[u8], &[u8]) -> Result<(), String>,
) -> Result<(), String> {
    let footer = table
        .len()
        .checked_sub(FOOTER)
        .map(|at| &table[at..])
        .ok_or("it is shorter than the footer of a table")?;
    if !footer.ends_with(&MAGIC) {
        return Err("it does not end in the magic bytes of a table".to_owned());
    }
    let blocks = &table[..table.len() - FOOTER];
    let mut handles = footer;
    Handle::read(&mut handles)?; // of the block about blocks, which says nothing that is needed
    let index = Handle::read(&mut handles)?;

    let mut keys = MAX_KEYS;
    let mut end = 0;
    let mut separators = MAX_KEYS;
    each(&index.block(blocks)?, &mut separators, |_, mut value| {
        let handle = Handle::read(&mut value)?;
        // In order and each once, so that the entries are no more than the file has room for.
        if handle.offset < end {
            return Err("its blocks overlap".to_owned());
        }
        end = handle.offset + handle.size;
        each(&handle.block(blocks)?, &mut keys, &mut entry)
    })
}

/// As [`entries`], of one inflated block alone.
#[cfg(feature = "fuzzing")]
pub(super) fn block_entries(
    block: &[u8],
    entry: impl FnMut(&[u8], &[u8]) -> Result<(), String>,
) -> Result<(), String> {
    each(block, &mut MAX_KEYS.clone(), entry)
}

/// Where a block lies.
struct Handle {
    offset: usize,
    size: usize,
}

impl Handle {
    fn read(bytes: &mut &[u8]) -> Result<Self, String> {
        let (offset, size) = (length(bytes)?, length(bytes)?);
        offset
            .checked_add(size)
            .map(|_| Self { offset, size })
            .ok_or_else(|| "a block lies outside the file".to_owned())
    }

    /// The block's bytes, checked and inflated.
    fn block<'a>(&self, blocks: &'a [u8]) -> Result<Cow<'a, [u8]>, String> {
        let stored = blocks
            .get(self.offset..)
            .and_then(|from| from.split_at_checked(self.size))
            .and_then(|(block, after)| Some((block, after.first_chunk::<TRAILER>()?)));
        let Some((block, &[kind, a, b, c, d])) = stored else {
            return Err("a block lies outside the file".to_owned());
        };
        let crc = crc32c::crc32c_append(crc32c::crc32c(block), &[kind]);
        if crc != unmasked(u32::from_le_bytes([a, b, c, d])) {
            return Err(format!(
                "the block at byte {} has another checksum",
                self.offset
            ));
        }
        match kind {
            0 => Ok(Cow::Borrowed(block)),
            1 => {
                let wrong = |e| format!("the block at byte {} is not Snappy: {e}", self.offset);
                let len = snap::raw::decompress_len(block).map_err(wrong)?;
                if len / MAX_RATIO > block.len() {
                    return Err(format!(
                        "the block at byte {} is not Snappy: its length",
                        self.offset
                    ));
                }
                let inflated = snap::raw::Decoder::new()
                    .decompress_vec(block)
                    .map_err(wrong)?;
                Ok(Cow::Owned(inflated))
            }
            other => Err(format!("a block of the unknown type {other}")),
        }
    }
}

/// The entries of one block; `keys` is how many bytes of keys may yet be made.
fn each(
    block: &[u8],
    keys: &mut usize,
    mut entry: impl FnMut(&[u8], &[u8]) -> Result<(), String>,
) -> Result<(), String> {
    let (body, count) = block
        .split_last_chunk::<4>()
        .ok_or("a block without its count of restarts")?;
    let restarts = usize::try_from(u32::from_le_bytes(*count)).ok();
    let mut rest = restarts
        .and_then(|n| body.len().checked_sub(n.checked_mul(4)?))
        .and_then(|end| body.get(..end))
        .ok_or("a block with more restarts than it has room for")?;
    let mut key = Vec::new();
    while !rest.is_empty() {
        let shared = length(&mut rest)?;
        let unshared = length(&mut rest)?;
        let value = length(&mut rest)?;
        if shared > key.len() {
            return Err("an entry shares more than the key before it has".to_owned());
        }
        let split = rest.split_at_checked(unshared);
        let split = split.and_then(|(key, rest)| Some((key, rest.split_at_checked(value)?)));
        let Some((suffix, (value, after))) = split else {
            return Err("an entry that is longer than its block".to_owned());
        };
        *keys = keys
            .checked_sub(shared + unshared)
            .ok_or("its keys are longer than those of any model")?;
        key.truncate(shared);
        key.extend_from_slice(suffix);
        entry(&key, value)?;
        rest = after;
    }
    Ok(())
}

/// Takes a varint that counts bytes.
fn length(bytes: &mut &[u8]) -> Result<usize, String> {
    super::varint(bytes)
        .and_then(|n| usize::try_from(n).ok())
        .ok_or_else(|| "a length that is none".to_owned())
}

/// The format stores checksums turned and with a number added, since it takes checksums of data that has some inside.
pub(super) fn unmasked(crc: u32) -> u32 {
    crc.wrapping_sub(0xa282_ead8).rotate_left(15)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(block: &[u8]) -> Result<Vec<Vec<u8>>, String> {
        let mut keys = Vec::new();
        each(block, &mut MAX_KEYS.clone(), |key, _| {
            keys.push(key.to_vec());
            Ok(())
        })?;
        Ok(keys)
    }

    /// A block of two entries behind which stands one restart.
    const BLOCK: &[u8] = b"\0\x03\x01abcX\x02\x01\x02dYZ\0\0\0\0\x01\0\0\0";

    #[test]
    fn keys_are_put_together() {
        assert_eq!(keys(BLOCK).unwrap(), [b"abc", b"abd"]);
    }

    #[test]
    fn no_block_makes_it_panic() {
        let mut refused = 0;
        for at in 0..BLOCK.len() {
            refused += usize::from(keys(&BLOCK[..at]).is_err());
            for byte in 0..=u8::MAX {
                let mut changed = BLOCK.to_vec();
                changed[at] = byte;
                refused += usize::from(keys(&changed).is_err());
            }
        }
        assert!(refused > 1000, "{refused}");
    }

    /// Four bytes that repeat a key of a megabyte, a thousand times.
    #[test]
    fn keys_without_end_are_refused() {
        let mut block = vec![0, 0x80, 0x80, 0x40, 0];
        block.resize(block.len() + (1 << 20), b'k');
        for _ in 0..1000 {
            block.extend([0x80, 0x80, 0x40, 0, 0]);
        }
        block.extend([0; 4]);
        assert_eq!(
            keys(&block).unwrap_err(),
            "its keys are longer than those of any model"
        );
    }

    #[test]
    fn a_snappy_block_of_an_absurd_length_is_refused() {
        let block = [0xff, 0xff, 0xff, 0xff, 0x0f, 0];
        let mut bytes = block.to_vec();
        bytes.push(1);
        let crc = crc32c::crc32c(&bytes)
            .rotate_right(15)
            .wrapping_add(0xa282_ead8);
        bytes.extend(crc.to_le_bytes());
        let handle = Handle {
            offset: 0,
            size: block.len(),
        };
        assert_eq!(
            handle.block(&bytes).unwrap_err(),
            "the block at byte 0 is not Snappy: its length"
        );
    }
}
