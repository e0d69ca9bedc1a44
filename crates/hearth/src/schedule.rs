//! Sequences to vectors: equal ones folded, the rest cut into packs, the packs spread over the workers.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use hearth_encoder::{Encode, Pack};
use rayon::prelude::*;

use crate::counts::Counts;
use crate::memo::{Key, Memo};
use crate::stage::{Sequences, Vectors};

/// Positions a pack aims at: measured best between 400 and 800 on one core's caches.
const PACK_PIECES: usize = 600;

/// Pieces of a pack that is worth a worker of its own.
const SMALL_PACK: usize = 64;

/// What the windows of a run share.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    pub(crate) seen: Arc<Counts>,
    pub(crate) memo: Memo,
    /// Nobody waits for results any more: no pack is begun, and what comes out is not to be used.
    pub(crate) stop: AtomicBool,
}

/// Encodes `sequences` on the current rayon pool, each pack on one worker; where there are fewer packs than workers, they
/// share the packs. Sentences that `memo` knows are not encoded again. A vector's bits depend on its own sequence alone,
/// so none of this shows in them.
pub(crate) fn encode(
    encoder: &Arc<dyn Encode>,
    sequences: &Sequences,
    run: &Shared,
) -> Result<Vectors, hearth_encoder::Error> {
    let Shared { seen, memo, .. } = run;
    let folded = fold(sequences);
    let key = |&i: &usize| Key::of(encoder, sequences.ids(i), sequences.wanted(i));
    let keys: Vec<Key> = folded.unique.iter().map(key).collect();
    let known = memo.find(&keys);
    let n_known = known.iter().flatten().count();
    seen.sequences.add(sequences.len());
    seen.folded
        .add(sequences.len() - folded.unique.len() + n_known);

    // What is encoded comes first, in pieces that the workers write to, then what is known.
    let dimension = encoder.dimension();
    let mut rows = 0;
    let mut unique_starts = vec![0; folded.unique.len()];
    let mut place = |number: usize| {
        unique_starts[number] = rows;
        rows += sequences.wanted(folded.unique[number]).len();
    };
    let is_new = |&number: &usize| known[number].is_none();
    let (new, old): (Vec<usize>, Vec<usize>) = (0..folded.unique.len()).partition(is_new);
    new.iter().chain(&old).for_each(|&number| place(number));
    let mut values = vec![0.0; rows * dimension];
    for (vectors, &start) in known.iter().zip(&unique_starts) {
        if let Some(vectors) = vectors {
            values[start * dimension..][..vectors.len()].copy_from_slice(vectors);
        }
    }

    let mut rest = values.as_mut_slice();
    let workers = rayon::current_num_threads();
    let indices: Vec<usize> = new.iter().map(|&number| folded.unique[number]).collect();
    let packs = pack(sequences, &indices, workers);
    let sharing = workers / packs.len().max(1);
    let jobs: Vec<(Pack, Vec<u32>, &mut [f32])> = packs
        .into_iter()
        .map(|(pack, select)| {
            let pack = pack.shared_by(sharing);
            let (mine, others) = std::mem::take(&mut rest).split_at_mut(select.len() * dimension);
            rest = others;
            (pack, select, mine)
        })
        .collect();
    jobs.into_par_iter()
        .with_max_len(1)
        .try_for_each(|(pack, select, out)| {
            if run.stop.load(Ordering::Relaxed) {
                return Ok(());
            }
            let start = Instant::now();
            encoder.encode(&pack, &select, out)?;
            let nanoseconds = start.elapsed().as_nanos();
            seen.busy_nanoseconds
                .add(usize::try_from(nanoseconds).unwrap_or(usize::MAX));
            seen.packs.add(1);
            seen.pieces_encoded
                .add(pack.n_pieces() - 2 * pack.n_sequences());
            Ok(())
        })?;
    memo.keep(new.iter().map(|&number| {
        let rows = sequences.wanted(folded.unique[number]).len();
        let start = unique_starts[number] * dimension;
        (keys[number].clone(), &values[start..][..rows * dimension])
    }));
    Ok(Vectors {
        dimension,
        values,
        starts: folded.number.iter().map(|&u| unique_starts[u]).collect(),
    })
}

struct Folded {
    /// Indices of the sequences that are encoded.
    unique: Vec<usize>,
    /// For each sequence, which of `unique` it is equal to.
    number: Vec<usize>,
}

fn fold(sequences: &Sequences) -> Folded {
    let mut first: HashMap<(&[u32], &[u32]), usize> = HashMap::with_capacity(sequences.len());
    let mut folded = Folded {
        unique: Vec::new(),
        number: Vec::with_capacity(sequences.len()),
    };
    for i in 0..sequences.len() {
        let number = match first.entry((sequences.ids(i), sequences.wanted(i))) {
            Entry::Occupied(entry) => *entry.get(),
            Entry::Vacant(entry) => {
                folded.unique.push(i);
                *entry.insert(folded.unique.len() - 1)
            }
        };
        folded.number.push(number);
    }
    folded
}

/// Cuts into packs of about equal size, at most about [`PACK_PIECES`] and as many for each of the `workers` where there is
/// enough for all, in order, each with the rows wanted of it.
fn pack(sequences: &Sequences, indices: &[usize], workers: usize) -> Vec<(Pack, Vec<u32>)> {
    let total: usize = indices.iter().map(|&i| sequences.ids(i).len()).sum();
    let few = total.div_ceil(PACK_PIECES);
    let n_packs = if few < workers {
        few.max(workers.min(total / SMALL_PACK)).max(1)
    } else {
        few.next_multiple_of(workers)
    };
    let mut packs = Vec::with_capacity(n_packs);
    let mut before = 0;
    let mut pack = Pack::default();
    let mut select = Vec::new();
    for &i in indices {
        let start = pack.n_pieces();
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a pack holds its budget and at most one sequence more"
        )]
        select.extend(
            sequences
                .wanted(i)
                .iter()
                .map(|&position| start as u32 + position),
        );
        pack.push(sequences.ids(i));
        // What one pack has too much the next one has less, so that the last is not small.
        if before + pack.n_pieces() >= total * (packs.len() + 1) / n_packs {
            before += pack.n_pieces();
            packs.push((std::mem::take(&mut pack), std::mem::take(&mut select)));
        }
    }
    if pack.n_sequences() > 0 {
        packs.push((pack, select));
    }
    packs
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An "encoder" whose vector tells the id at the position and the length of its sequence.
    #[derive(Debug)]
    struct Echo;
    impl Encode for Echo {
        fn dimension(&self) -> usize {
            2
        }
        fn encode(
            &self,
            pack: &Pack,
            select: &[u32],
            out: &mut [f32],
        ) -> Result<(), hearth_encoder::Error> {
            for (row, &position) in out.chunks_exact_mut(2).zip(select) {
                let sequence = pack.cu_seqlens().partition_point(|&end| end <= position) - 1;
                row[0] = pack.ids()[position as usize] as f32;
                row[1] = (pack.cu_seqlens()[sequence + 1] - pack.cu_seqlens()[sequence]) as f32;
            }
            Ok(())
        }
    }

    #[test]
    fn every_sequence_gets_its_own_vectors_back() {
        let mut sequences = Sequences::default();
        for i in 0..500u32 {
            // Every third sequence is one of ten that repeat; of those with equal ids, some want other positions.
            let id = if i % 3 == 0 { i % 10 } else { 1000 + i };
            let ids: Vec<u32> = (0..2 + id % 37).map(|p| id + p).collect();
            let wanted = if i % 2 == 0 { vec![0, 1] } else { vec![1] };
            sequences.push(ids, wanted);
        }
        let encoder: Arc<dyn Encode> = Arc::new(Echo);
        // 167 repeating ones, of ten ids; parity of i fixes what is wanted, and i % 10 fixes the parity.
        let repeating = 157;
        // Without a memo, with one that is new, with one that knows all, and with one for a part.
        let (none, all, part) = (Memo::default(), Memo::new(1 << 20), Memo::new(1 << 13));
        let mut runs = [none, all, part].map(|memo| Shared {
            memo,
            ..Shared::default()
        });
        for (memo, folded) in [
            (0, Some(repeating)),
            (1, Some(repeating)),
            (1, Some(500)),
            (2, Some(repeating)),
            (2, None),
        ] {
            runs[memo].seen = Arc::default();
            let vectors = encode(&encoder, &sequences, &runs[memo]).unwrap();
            let seen = &runs[memo].seen;
            for i in 0..sequences.len() {
                for (row, &position) in sequences.wanted(i).iter().enumerate() {
                    let ids = sequences.ids(i);
                    assert_eq!(
                        vectors.get(i, row),
                        [ids[position as usize] as f32, ids.len() as f32],
                        "sequence {i}"
                    );
                }
            }
            assert_eq!(seen.sequences.get(), 500);
            match folded {
                Some(folded) => assert_eq!(seen.folded.get(), folded),
                None => assert!((repeating + 1..500).contains(&seen.folded.get())),
            }
        }
    }

    #[test]
    fn packs_are_balanced() {
        let mut sequences = Sequences::default();
        for i in 0..1000u32 {
            sequences.push((0..10 + i % 40).map(|p| p + i), [0]);
        }
        for (workers, n_packs) in [(1, 50), (2, 50), (3, 51), (16, 64), (60, 60)] {
            let packs = pack(&sequences, &(0..1000).collect::<Vec<_>>(), workers);
            let sizes: Vec<usize> = packs.iter().map(|(pack, _)| pack.n_pieces()).collect();
            assert_eq!(sizes.iter().sum::<usize>(), 29_500);
            assert_eq!(sizes.len(), n_packs, "{workers} workers");
            let each = 29_500 / n_packs;
            assert!(
                sizes.iter().all(|s| (each - 50..=each + 50).contains(s)),
                "{sizes:?}"
            );
        }
    }

    #[test]
    fn little_work_is_shared() {
        let mut sequences = Sequences::default();
        for i in 0..20u32 {
            sequences.push((0..20).map(|p| p + i), [0]);
        }
        let packs =
            |n: usize, workers| pack(&sequences, &(0..n).collect::<Vec<_>>(), workers).len();
        assert_eq!((packs(1, 4), packs(20, 1)), (1, 1));
        assert_eq!((packs(20, 2), packs(20, 16)), (2, 6));
    }
}
