//! Where results go.
#![allow(unsafe_code)]

use std::{fmt, mem::MaybeUninit, slice};

/// A slice that an operation overwrites completely and never reads first, so it need not be initialised.
///
/// Made from `&mut [f32]`, `&mut Vec<f32>` or `&mut [MaybeUninit<f32>]`; every operation takes `impl Into<Out>` and gives
/// the same memory back as an initialised slice.
pub struct Out<'a>(&'a mut [MaybeUninit<f32>]);

impl<'a> Out<'a> {
    /// Floats to be written.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing is to be written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The first `at` floats and the rest, for two operations on ranges of rows.
    ///
    /// # Panics
    /// When `at` is past the end.
    #[must_use]
    pub fn split_at(self, at: usize) -> (Self, Self) {
        let (head, tail) = self.0.split_at_mut(at);
        (Self(head), Self(tail))
    }

    /// The memory itself. Whoever takes it may write initialised values only: it can be a caller's `&mut [f32]`.
    pub(crate) fn cells(self) -> &'a mut [MaybeUninit<f32>] {
        self.0
    }
}

impl<'a> From<&'a mut [MaybeUninit<f32>]> for Out<'a> {
    fn from(cells: &'a mut [MaybeUninit<f32>]) -> Self {
        Self(cells)
    }
}

impl<'a> From<&'a mut [f32]> for Out<'a> {
    fn from(floats: &'a mut [f32]) -> Self {
        // SAFETY: `MaybeUninit<f32>` has the layout of `f32`, the borrow lives as long, and nothing uninitialised can be
        // written through it: the field is private and `cells` forbids it to this crate.
        Self(unsafe { slice::from_raw_parts_mut(floats.as_mut_ptr().cast(), floats.len()) })
    }
}

impl<'a> From<&'a mut Vec<f32>> for Out<'a> {
    fn from(floats: &'a mut Vec<f32>) -> Self {
        Self::from(floats.as_mut_slice())
    }
}

impl fmt::Debug for Out<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Out").field("len", &self.len()).finish()
    }
}

/// A new vector of `n` floats written by `fill`, without clearing it first.
///
/// `fill` proves that it wrote everything by returning what the operation returned: the whole of its argument,
/// initialised.
///
/// # Panics
/// When `fill` returns another slice.
#[must_use]
pub fn filled(n: usize, fill: impl FnOnce(Out<'_>) -> &mut [f32]) -> Vec<f32> {
    refilled(Vec::new(), n, fill)
}

/// The same in the memory of a vector, whose floats are lost.
///
/// # Panics
/// As [`filled`].
#[must_use]
pub fn refilled(
    mut floats: Vec<f32>,
    n: usize,
    fill: impl FnOnce(Out<'_>) -> &mut [f32],
) -> Vec<f32> {
    floats.clear();
    floats.reserve_exact(n);
    let cells = &mut floats.spare_capacity_mut()[..n];
    let start: *const f32 = cells.as_ptr().cast();
    let written = fill(Out(cells));
    assert!(
        written.len() == n && (n == 0 || written.as_ptr() == start),
        "`fill` must return the slice it was given"
    );
    // SAFETY: a `&mut [f32]` over exactly the first `n` floats of the allocation existed (asserted above), so they are
    // initialised.
    unsafe { floats.set_len(n) };
    floats
}
