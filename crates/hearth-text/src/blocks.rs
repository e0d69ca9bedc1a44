//! Bytes of a class, found 64 at a time: quicker than a search for each where they are many.

const BLOCK: usize = 64;

/// Gives the positions of the bytes of a class, in order.
#[inline]
pub(crate) fn each(bytes: &[u8], is: impl Fn(u8) -> bool, mut found: impl FnMut(usize)) {
    for at in (0..bytes.len()).step_by(BLOCK) {
        let mut bits = bits_from(bytes, at, &is);
        while bits != 0 {
            found(at + bits.trailing_zeros() as usize);
            bits &= bits - 1;
        }
    }
}

/// Gives start and end of each run of bytes that are not of a class, in order.
#[inline]
pub(crate) fn each_run(bytes: &[u8], is: impl Fn(u8) -> bool, mut found: impl FnMut(usize, usize)) {
    let mut start = 0;
    for at in (0..=bytes.len()).step_by(BLOCK) {
        let mut bits = bits_from(bytes, at, &is);
        if bytes.len() - at < BLOCK {
            // The end of the text ends a run too.
            bits |= 1 << (bytes.len() - at);
        }
        while bits != 0 {
            let end = at + bits.trailing_zeros() as usize;
            if start < end {
                found(start, end);
            }
            start = end + 1;
            bits &= bits - 1;
        }
    }
}

/// Which of the 64 bytes from byte `at`, a multiple of 64, are of a class; the first one in the lowest bit.
#[inline]
fn bits_from(bytes: &[u8], at: usize, is: impl Fn(u8) -> bool) -> u64 {
    let rest = &bytes[at..];
    match (rest.first_chunk::<BLOCK>(), bytes.last_chunk::<BLOCK>()) {
        (Some(block), _) => bits(block, is),
        (None, Some(_)) if rest.is_empty() => 0,
        (None, Some(last)) => bits(last, is) >> (BLOCK - rest.len()),
        (None, None) => short(rest, is),
    }
}

/// Which bytes of a block of at most 64 are of a class, the first one in the lowest bit.
#[inline]
fn bits<const N: usize>(block: &[u8; N], is: impl Fn(u8) -> bool) -> u64 {
    // The compiler makes vector instructions of this loop; a product then gathers the lowest bits of eight bytes.
    let flags = block.map(|byte| u8::from(is(byte)));
    let (eights, _) = flags.as_chunks::<8>();
    eights.iter().rev().fold(0, |bits, &eight| {
        bits << 8 | u64::from_le_bytes(eight).wrapping_mul(0x0102_0408_1020_4080) >> 56
    })
}

/// The same for less than a block.
#[inline]
fn short(bytes: &[u8], is: impl Fn(u8) -> bool) -> u64 {
    ends::<32>(bytes, &is)
        .or_else(|| ends::<16>(bytes, &is))
        .or_else(|| ends::<8>(bytes, &is))
        .unwrap_or_else(|| {
            let flags = bytes.iter().rev().map(|&byte| u64::from(is(byte)));
            flags.fold(0, |bits, flag| bits << 1 | flag)
        })
}

/// The same for N to 2 N bytes: as two blocks of N that may overlap.
#[inline]
fn ends<const N: usize>(bytes: &[u8], is: impl Fn(u8) -> bool) -> Option<u64> {
    let (first, last) = (bytes.first_chunk::<N>()?, bytes.last_chunk::<N>()?);
    Some(bits(first, &is) | bits(last, &is) << (bytes.len() - N))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_of_a_block_is_found() {
        for len in (0..=130).chain([200]) {
            for step in [1, 2, 3, 7, 63, 64, 65] {
                let mut bytes = vec![b'x'; len];
                let expected: Vec<usize> = (0..len).step_by(step).collect();
                expected.iter().for_each(|&at| bytes[at] = b'.');
                let mut found = Vec::new();
                each(&bytes, |b| b == b'.', |at| found.push(at));
                assert_eq!(found, expected, "{len} {step}");
                let mut found = Vec::new();
                each_run(&bytes, |b| b == b'.', |start, end| found.push(start..end));
                let mut runs = bytes.split(|&b| b == b'.').scan(0, |at, run| {
                    let start = *at;
                    *at += run.len() + 1;
                    Some(start..start + run.len())
                });
                assert!(
                    runs.by_ref().filter(|run| !run.is_empty()).eq(found),
                    "{len} {step}"
                );
            }
        }
    }
}
