//! Parquet's RLE and bit-packed hybrid: levels and dictionary indices.

/// Encodes numbers of up to `width` bits: runs of at least eight as runs, what lies between packed in groups of eight.
#[derive(Debug, Clone)]
pub(super) struct Hybrid {
    width: u32,
    bytes: Vec<u8>,
    /// Where the header of the packed groups in the making is.
    header: Option<usize>,
    n_groups: u8,
    group: [u32; GROUP],
    n_pending: usize,
}

pub(super) const GROUP: usize = 8;
/// As many as a header of one byte can count.
const MOST_GROUPS: u8 = 63;

impl Hybrid {
    pub(super) fn new(width: u32) -> Self {
        Hybrid {
            width,
            bytes: Vec::new(),
            header: None,
            n_groups: 0,
            group: [0; GROUP],
            n_pending: 0,
        }
    }

    pub(super) fn width(&self) -> u32 {
        self.width
    }

    /// Appends `value` `n` times.
    #[inline]
    pub(super) fn push(&mut self, value: u32, mut n: usize) {
        while n > 0 {
            if self.n_pending == 0 && n >= GROUP {
                self.run(value, n);
                return;
            }
            let end = GROUP.min(self.n_pending + n);
            n -= end - self.n_pending;
            self.group[self.n_pending..end].fill(value);
            self.n_pending = end;
            if end == GROUP {
                self.pack();
            }
        }
    }

    /// Appends all of these.
    pub(super) fn push_all(&mut self, values: &[u32]) {
        let (groups, rest) = values.as_chunks::<GROUP>();
        let mut groups = groups.iter().peekable();
        while let Some(group) = groups.next() {
            let alike = |other: &[u32; GROUP]| *other == [group[0]; GROUP];
            if alike(group) {
                let mut n = GROUP;
                while groups.next_if(|next| alike(next)).is_some() {
                    n += GROUP;
                }
                self.push(group[0], n);
            } else if self.n_pending == 0 {
                self.group = *group;
                self.pack();
            } else {
                group.iter().for_each(|&value| self.push(value, 1));
            }
        }
        rest.iter().for_each(|&value| self.push(value, 1));
    }

    fn run(&mut self, value: u32, n: usize) {
        self.header = None;
        varint(&mut self.bytes, (n as u64) << 1);
        let n_bytes = self.width.div_ceil(8) as usize;
        self.bytes
            .extend_from_slice(&value.to_le_bytes()[..n_bytes]);
    }

    fn pack(&mut self) {
        let header = match self.header {
            Some(header) if self.n_groups < MOST_GROUPS => header,
            _ => {
                self.n_groups = 0;
                self.bytes.push(0);
                self.bytes.len() - 1
            }
        };
        self.n_groups += 1;
        self.bytes[header] = self.n_groups << 1 | 1;
        self.header = Some(header);
        pack(&mut self.bytes, self.width, &[self.group]);
        self.n_pending = 0;
    }

    /// Everything pushed so far; the next push begins anew.
    pub(super) fn take(&mut self) -> Vec<u8> {
        if self.n_pending > 0 {
            self.group[self.n_pending..].fill(0);
            self.pack();
        }
        self.header = None;
        std::mem::take(&mut self.bytes)
    }
}

/// Appends numbers of `width` bits, the lowest bits first; a group takes `width` bytes.
#[inline]
pub(super) fn pack(bytes: &mut Vec<u8>, width: u32, groups: &[[u32; GROUP]]) {
    let start = bytes.len();
    let end = start + groups.len() * width as usize;
    // Each group is stored as whole words, beyond whose part the next one goes on.
    bytes.resize(end + 2 * size_of::<u128>(), 0);
    let place = |values: &[u32]| {
        let shifts = (0..u64::BITS).step_by(width as usize);
        let placed = values
            .iter()
            .zip(shifts)
            .map(|(&value, shift)| u64::from(value) << shift);
        placed.fold(0, |word, value| word | value)
    };
    for (i, group) in groups.iter().enumerate() {
        let at = start + i * width as usize;
        match width {
            0 => {}
            1..=8 => bytes[at..at + 8].copy_from_slice(&place(group).to_le_bytes()),
            9..=16 => {
                let [low, high] = [&group[..4], &group[4..]].map(|half| u128::from(place(half)));
                let word = low | high << (4 * width);
                bytes[at..at + 16].copy_from_slice(&word.to_le_bytes());
            }
            _ => {
                let (mut word, mut n_bits, mut at) = (0_u64, 0, at);
                for &value in group {
                    word |= u64::from(value) << n_bits;
                    n_bits += width;
                    while n_bits >= 8 {
                        bytes[at] = word.to_le_bytes()[0];
                        (word, n_bits, at) = (word >> 8, n_bits - 8, at + 1);
                    }
                }
            }
        }
    }
    bytes.truncate(end);
}

/// Appends an unsigned LEB128 number.
pub(super) fn varint(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    bytes.push(value.to_le_bytes()[0]);
}

/// The bits that numbers up to `greatest` need.
pub(super) fn width(greatest: u32) -> u32 {
    u32::BITS - greatest.leading_zeros()
}
