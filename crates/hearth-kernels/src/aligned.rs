//! Numbers that begin on a cache line.
#![allow(unsafe_code)]

use std::{fmt, slice};

const LINE: usize = 16;

#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line<T>([T; LINE]);

/// Four bytes of which any pattern is a value.
pub(crate) trait Number: Copy + Default {}
impl Number for f32 {}
impl Number for u32 {}

/// A growing run of numbers, the first of them 64-byte aligned.
#[derive(Default)]
pub(crate) struct Aligned<T>(Vec<Line<T>>);

impl<T: Number> Aligned<T> {
    /// `n` zeros, rounded up to whole cache lines.
    pub(crate) fn zeros(n: usize) -> Self {
        Self(vec![Line([T::default(); LINE]); n.div_ceil(LINE)])
    }

    /// Makes it at least `n` long; what is new is zero.
    fn reserve(&mut self, n: usize) {
        let lines = n.div_ceil(LINE);
        if self.0.len() < lines {
            self.0.resize(lines, Line([T::default(); LINE]));
        }
    }

    pub(crate) fn as_slice(&self) -> &[T] {
        // SAFETY: `Line` is `repr(C)`, 16 numbers of 4 bytes at alignment 64, so without padding: the vector's `len` lines
        // are `len * LINE` consecutive numbers.
        unsafe { slice::from_raw_parts(self.0.as_ptr().cast(), self.0.len() * LINE) }
    }

    pub(crate) fn as_mut_slice(&mut self) -> &mut [T] {
        // SAFETY: as in `as_slice`; `&mut self` makes the access exclusive.
        unsafe { slice::from_raw_parts_mut(self.0.as_mut_ptr().cast(), self.0.len() * LINE) }
    }
}

/// Memory that the kernels work in. It grows to what the largest operation needs and is reused by the next; one per
/// thread. What it holds never reaches a result.
#[derive(Default)]
pub struct Scratch {
    floats: Aligned<f32>,
    words: Aligned<u32>,
}

impl Scratch {
    /// `n` floats of any value.
    pub(crate) fn floats(&mut self, n: usize) -> &mut [f32] {
        self.floats.reserve(n);
        &mut self.floats.as_mut_slice()[..n]
    }

    /// `n` words and `m` floats of any value.
    pub(crate) fn words_and_floats(&mut self, n: usize, m: usize) -> (&mut [u32], &mut [f32]) {
        self.words.reserve(n);
        self.floats.reserve(m);
        (
            &mut self.words.as_mut_slice()[..n],
            &mut self.floats.as_mut_slice()[..m],
        )
    }
}

impl fmt::Debug for Scratch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scratch")
            .field("floats", &self.floats.as_slice().len())
            .field("words", &self.words.as_slice().len())
            .finish()
    }
}
