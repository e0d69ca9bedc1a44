//! Floats that begin on a cache line.
#![allow(unsafe_code)]

use std::{fmt, slice};

const LINE: usize = 16;

#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([f32; LINE]);

/// A growing run of floats, the first of them 64-byte aligned.
#[derive(Default)]
pub(crate) struct AlignedFloats(Vec<Line>);

impl AlignedFloats {
    /// `n` zeros, rounded up to whole cache lines.
    pub(crate) fn zeros(n: usize) -> Self {
        Self(vec![Line([0.0; LINE]); n.div_ceil(LINE)])
    }

    /// Makes it at least `n` floats long; what is new is zero.
    fn reserve(&mut self, n: usize) {
        let lines = n.div_ceil(LINE);
        if self.0.len() < lines {
            self.0.resize(lines, Line([0.0; LINE]));
        }
    }

    pub(crate) fn floats(&self) -> &[f32] {
        // SAFETY: `Line` is `repr(C)`, 16 floats of 4 bytes at alignment 64, so without padding: the vector's `len` lines
        // are `len * LINE` consecutive floats.
        unsafe { slice::from_raw_parts(self.0.as_ptr().cast(), self.0.len() * LINE) }
    }

    pub(crate) fn floats_mut(&mut self) -> &mut [f32] {
        // SAFETY: as in `floats`; `&mut self` makes the access exclusive.
        unsafe { slice::from_raw_parts_mut(self.0.as_mut_ptr().cast(), self.0.len() * LINE) }
    }
}

/// Memory that the kernels work in. It grows to what the largest operation needs and is reused by the next; one per
/// thread. What it holds never reaches a result.
#[derive(Default)]
pub struct Scratch(AlignedFloats);

impl Scratch {
    /// `n` floats of any value.
    pub(crate) fn take(&mut self, n: usize) -> &mut [f32] {
        self.0.reserve(n);
        &mut self.0.floats_mut()[..n]
    }
}

impl fmt::Debug for Scratch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scratch")
            .field("floats", &self.0.floats().len())
            .finish()
    }
}
