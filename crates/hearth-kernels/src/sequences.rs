/// The number of pieces of a pack.
///
/// # Panics
/// When `cu_seqlens` does not begin with zero or decreases.
pub(crate) fn n_pieces(cu_seqlens: &[u32]) -> usize {
    assert_eq!(
        cu_seqlens.first(),
        Some(&0),
        "cu_seqlens does not begin with zero"
    );
    assert!(cu_seqlens.is_sorted(), "cu_seqlens decreases");
    cu_seqlens.last().map_or(0, |&end| end as usize)
}
