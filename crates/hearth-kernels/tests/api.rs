//! Choosing kernels, handing in memory, and what is refused.

use hearth_kernels::{
    Activation, Isa, Kernels, LayerNorm, Out, PackedLinear, Precision, Scratch, UnknownIsa, filled,
};
use std::mem::MaybeUninit;

#[test]
fn names_of_instruction_sets_are_read_back() {
    for (name, isa) in [
        ("avx512", Isa::Avx512),
        ("avx2", Isa::Avx2),
        ("neon", Isa::Neon),
        ("portable", Isa::Portable),
    ] {
        assert_eq!(name.parse(), Ok(isa));
        assert_eq!(isa.to_string(), name);
    }
    let error: UnknownIsa = "AVX".parse::<Isa>().unwrap_err();
    assert_eq!(
        error.to_string(),
        "unknown instruction set `AVX`: use amx, avx512, avx2, neon or portable"
    );
}

#[test]
fn portable_is_everywhere_and_best_comes_first() {
    assert_eq!(
        Kernels::of(Isa::Portable).map(Kernels::isa),
        Some(Isa::Portable)
    );
    assert_eq!(
        Kernels::available().last().map(Kernels::isa),
        Some(Isa::Portable)
    );
    assert_eq!(
        Some(Kernels::best().isa()),
        Kernels::available().next().map(Kernels::isa)
    );
    for kernels in Kernels::available() {
        assert_eq!(
            Kernels::of(kernels.isa()).map(Kernels::isa),
            Some(kernels.isa())
        );
    }
    let foreign = if cfg!(target_arch = "aarch64") {
        Isa::Avx2
    } else {
        Isa::Neon
    };
    assert!(Kernels::of(foreign).is_none());
}

#[test]
fn layers_are_shared_by_threads_and_scratch_is_sent() {
    fn shared<T: Send + Sync>() {}
    fn sent<T: Send>() {}
    shared::<PackedLinear>();
    shared::<&Kernels>();
    sent::<Scratch>();
    sent::<Out<'_>>();
}

#[test]
fn outputs_go_to_memory_of_any_kind() {
    let linear = PackedLinear::pack(
        Kernels::best(),
        Precision::F32,
        &[2.0, 0.0, 0.0, 3.0],
        &[1.0, -1.0],
    );
    let (x, mut scratch) = ([5.0, 7.0], Scratch::default());
    let mut array = [0.0; 2];
    assert_eq!(
        linear.apply(&x, Activation::Identity, &mut scratch, &mut array[..]),
        [11.0, 20.0]
    );
    assert_eq!(array, [11.0, 20.0]);
    let mut vector = vec![0.0; 2];
    linear.apply(&x, Activation::Identity, &mut scratch, &mut vector);
    assert_eq!(vector, [11.0, 20.0]);
    let mut cells = [MaybeUninit::uninit(); 2];
    assert_eq!(
        linear.apply(&x, Activation::Identity, &mut scratch, &mut cells[..]),
        [11.0, 20.0]
    );
    assert_eq!(
        filled(2, |out| linear.apply(
            &x,
            Activation::Identity,
            &mut scratch,
            out
        )),
        [11.0, 20.0]
    );
}

#[test]
fn nothing_in_gives_nothing_out() {
    let mut scratch = Scratch::default();
    let linear = PackedLinear::pack(Kernels::best(), Precision::F32, &[1.0], &[1.0]);
    let norm = LayerNorm {
        gamma: &[1.0],
        beta: &[0.0],
        eps: 0.0,
    };
    assert!(
        filled(0, |out| linear.apply(
            &[],
            Activation::Gelu,
            &mut scratch,
            out
        ))
        .is_empty()
    );
    assert!(
        filled(0, |out| Kernels::best().attention(
            &[],
            &[0],
            12,
            &mut scratch,
            out
        ))
        .is_empty()
    );
    assert!(
        filled(0, |out| Kernels::best().attention(
            &[],
            &[0, 0],
            12,
            &mut scratch,
            out
        ))
        .is_empty()
    );
    assert!(filled(0, |out| Kernels::best().add_norm(&[], &[], &norm, out)).is_empty());
    assert!(
        filled(0, |out| Kernels::best().embed_norm(
            &[],
            &[0],
            &[],
            &[],
            &norm,
            out
        ))
        .is_empty()
    );
}

#[test]
#[should_panic(expected = "`fill` must return the slice it was given")]
fn filled_refuses_another_slice() {
    let _ = filled(2, |_| vec![0.0; 2].leak());
}

#[test]
#[should_panic(expected = "`fill` must return the slice it was given")]
fn filled_refuses_a_part() {
    let one = PackedLinear::pack(Kernels::best(), Precision::F32, &[1.0], &[0.0]);
    let _ = filled(2, |out| {
        one.apply(
            &[1.0],
            Activation::Identity,
            &mut Scratch::default(),
            out.split_at(1).0,
        )
    });
}

#[test]
#[should_panic(expected = "part 1: weight is not [1, 3]")]
fn parts_must_have_the_same_inputs() {
    let _ = PackedLinear::pack_rows(
        Kernels::best(),
        Precision::F32,
        &[(&[0.0; 6], &[0.0; 2]), (&[0.0; 4], &[0.0])],
    );
}

#[test]
#[should_panic(expected = "a linear layer's out is not [rows, 2]")]
fn an_output_must_have_the_rows_of_the_input() {
    let linear = PackedLinear::pack(Kernels::best(), Precision::F32, &[0.0; 4], &[0.0; 2]);
    linear.apply(
        &[0.0; 4],
        Activation::Identity,
        &mut Scratch::default(),
        &mut [0.0; 2][..],
    );
}

#[test]
#[should_panic(expected = "cu_seqlens decreases")]
fn offsets_must_not_decrease() {
    Kernels::best().attention(
        &[0.0; 6],
        &[0, 3, 2],
        1,
        &mut Scratch::default(),
        &mut [0.0; 2][..],
    );
}

#[test]
#[should_panic(expected = "cu_seqlens does not end at the number of ids")]
fn offsets_must_cover_all_ids() {
    let norm = LayerNorm {
        gamma: &[1.0],
        beta: &[0.0],
        eps: 0.0,
    };
    Kernels::best().embed_norm(&[0, 0], &[0, 1], &[0.0], &[0.0], &norm, &mut [0.0; 2][..]);
}

#[test]
#[should_panic(expected = "5 heads in a hidden size of 4")]
fn heads_must_divide_the_hidden_size() {
    Kernels::best().attention(
        &[0.0; 12],
        &[0, 1],
        5,
        &mut Scratch::default(),
        &mut [0.0; 4][..],
    );
}

#[test]
#[should_panic(expected = "id 3 in a vocabulary of 3")]
fn ids_must_be_in_the_vocabulary() {
    let norm = LayerNorm {
        gamma: &[1.0],
        beta: &[0.0],
        eps: 0.0,
    };
    Kernels::best().embed_norm(&[3], &[0, 1], &[0.0; 3], &[0.0], &norm, &mut [0.0][..]);
}

#[test]
#[should_panic(expected = "a sequence longer than 1 positions")]
fn positions_must_be_in_their_table() {
    let norm = LayerNorm {
        gamma: &[1.0],
        beta: &[0.0],
        eps: 0.0,
    };
    Kernels::best().embed_norm(&[0, 0], &[0, 2], &[0.0], &[0.0], &norm, &mut [0.0; 2][..]);
}
