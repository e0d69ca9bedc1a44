//! Parquet's DELTA_BINARY_PACKED for 32-bit integers.

use super::hybrid::{GROUP, pack, varint, width};

const BLOCK: usize = 128;
const MINIBLOCK: usize = 32;
const MINIBLOCKS: usize = BLOCK / MINIBLOCK;

/// The values as differences, in blocks with a least difference and miniblocks with a width of their own. Differences
/// wrap around, as readers undo it.
pub(super) fn encode(values: &[i32]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(values.len() + 16);
    varint(&mut bytes, BLOCK as u64);
    varint(&mut bytes, MINIBLOCKS as u64);
    varint(&mut bytes, values.len() as u64);
    let Some(&first) = values.first() else {
        varint(&mut bytes, 0);
        return bytes;
    };
    varint(&mut bytes, zigzag(first));
    let mut last = first;
    for block in values[1..].chunks(BLOCK) {
        let mut deltas = [0; BLOCK];
        for (delta, &value) in deltas.iter_mut().zip(block) {
            *delta = value.wrapping_sub(last);
            last = value;
        }
        encode_block(&mut bytes, &deltas[..block.len()]);
    }
    bytes
}

fn encode_block(bytes: &mut Vec<u8>, deltas: &[i32]) {
    let least = deltas.iter().copied().min().unwrap_or(0);
    varint(bytes, zigzag(least));
    let widths = bytes.len();
    bytes.extend_from_slice(&[0; MINIBLOCKS]);
    for (i, miniblock) in deltas.chunks(MINIBLOCK).enumerate() {
        let mut over = [0; MINIBLOCK];
        for (over, &delta) in over.iter_mut().zip(miniblock) {
            *over = delta.wrapping_sub(least).cast_unsigned();
        }
        let width = width(over.iter().fold(0, |bits, &value| bits | value));
        bytes[widths + i] = width.to_le_bytes()[0];
        pack(bytes, width, over.as_chunks::<GROUP>().0);
    }
}

/// Signed numbers as unsigned ones, small where they are near 0.
fn zigzag(value: i32) -> u64 {
    u64::from((value << 1 ^ value >> 31).cast_unsigned())
}
