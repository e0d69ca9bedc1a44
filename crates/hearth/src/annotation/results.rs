//! The results of a column under construction, as string views.

use arrow::array::{ByteView, MAX_INLINE_VIEW_LEN, StringViewArray, make_view};
use arrow::buffer::Buffer;

use crate::{Error, Result};

/// Views of at most this length hold their bytes themselves.
const INLINE: usize = MAX_INLINE_VIEW_LEN as usize;
/// Bytes of a buffer for texts that are no slices, unless one text is longer.
const BLOCK: usize = 1 << 20;

/// Collects strings: slices of those of `source`, whose buffers are shared, and others, which are copied.
#[derive(Debug)]
pub(super) struct Results<'a> {
    source: &'a StringViewArray,
    views: Vec<u128>,
    blocks: Vec<Buffer>,
    block: Vec<u8>,
}

impl<'a> Results<'a> {
    pub(super) fn new(source: &'a StringViewArray) -> Self {
        Results {
            source,
            views: Vec::new(),
            blocks: Vec::new(),
            block: Vec::new(),
        }
    }

    pub(super) fn source(&self) -> &'a StringViewArray {
        self.source
    }

    pub(super) fn reserve(&mut self, n: usize) {
        self.views.reserve(n);
    }

    pub(super) fn len(&self) -> usize {
        self.views.len()
    }

    /// Appends `len` bytes from byte `start` of string `index` of the source. Panics if they are not whole characters
    /// of it.
    #[inline]
    pub(super) fn push_slice(&mut self, index: usize, start: usize, len: usize) {
        let parent = self.source.value(index);
        let slice = &parent[start..start + len];
        let long = slice.as_bytes().first_chunk().filter(|_| len > INLINE);
        let view = match long {
            None => inline_view(slice, &parent.as_bytes()[start..]),
            // A slice longer than 12 bytes has a parent that is, so the parent's view names buffer and offset.
            Some(prefix) => {
                let of_parent = ByteView::from(self.source.views()[index]);
                #[expect(
                    clippy::cast_possible_truncation,
                    reason = "a string's bytes all lie below the buffer's u32 length"
                )]
                let view = ByteView {
                    length: len as u32,
                    prefix: u32::from_le_bytes(*prefix),
                    offset: of_parent.offset + start as u32,
                    ..of_parent
                };
                view.as_u128()
            }
        };
        self.views.push(view);
    }

    /// Appends a string that is no slice of the source.
    pub(super) fn push_owned(&mut self, text: &str) -> Result<()> {
        if text.len() > INLINE && self.block.len() + text.len() > BLOCK {
            self.end_block();
        }
        let index = self.source.data_buffers().len() + self.blocks.len();
        let (Ok(index), Ok(offset), Ok(_)) = (
            u32::try_from(index),
            u32::try_from(self.block.len()),
            u32::try_from(text.len()),
        ) else {
            return Err(Error::TooLarge {
                what: "a text",
                found: text.len(),
            });
        };
        self.views.push(make_view(text.as_bytes(), index, offset));
        if text.len() > INLINE {
            self.block.extend_from_slice(text.as_bytes());
        }
        Ok(())
    }

    fn end_block(&mut self) {
        if !self.block.is_empty() {
            self.blocks
                .push(Buffer::from_vec(std::mem::take(&mut self.block)));
        }
    }

    /// The strings.
    #[expect(
        unsafe_code,
        reason = "Arrow would check each view again, which takes a third of the time of a tokenizer"
    )]
    pub(super) fn finish(mut self) -> StringViewArray {
        self.end_block();
        let mut buffers = self.source.data_buffers().to_vec();
        buffers.append(&mut self.blocks);
        // SAFETY: each view was made of a `str`. Those of at most 12 bytes hold it, the rest being zero. The others name
        // where it lies: in a buffer of the source, which Arrow has checked and which keeps its number, as part of the
        // string to which the parent's view points, or in a block, which keeps the number that it had when it was filled.
        unsafe { StringViewArray::new_unchecked(self.views.into(), buffers, None) }
    }
}

/// The view of a text of at most 12 bytes, the start of `parent`.
#[inline]
fn inline_view(text: &str, parent: &[u8]) -> u128 {
    // Twelve bytes wherever there are as many, cut to length by a mask: quicker than a copy of each length.
    let Some(bytes) = parent.first_chunk::<INLINE>() else {
        return make_view(text.as_bytes(), 0, 0);
    };
    let mut view = [0; 16];
    view[4..].copy_from_slice(bytes);
    let kept = u128::MAX >> (8 * (INLINE - text.len()));
    u128::from_le_bytes(view) & kept | text.len() as u128
}

#[cfg(test)]
mod tests {
    use arrow::array::Array;

    use super::*;

    const TEXT: &str = "über den Wolken, a sentence of some length";

    fn source() -> StringViewArray {
        StringViewArray::from_iter_values(["short", TEXT])
    }

    #[test]
    fn slices_of_every_length_are_what_they_were_cut_from() {
        let source = source();
        let mut results = Results::new(&source);
        let mut expected = Vec::new();
        for (index, text) in ["short", TEXT].into_iter().enumerate() {
            for start in (0..text.len()).filter(|&at| text.is_char_boundary(at)) {
                for end in (start..=text.len()).filter(|&at| text.is_char_boundary(at)) {
                    results.push_slice(index, start, end - start);
                    expected.push(&text[start..end]);
                }
            }
        }
        let found = results.finish();
        assert_eq!(found, StringViewArray::from_iter_values(&expected));
        assert_eq!(found.data_buffers().len(), source.data_buffers().len());
        assert!(found.iter().flatten().eq(expected));
    }

    #[test]
    fn texts_of_its_own_fill_blocks() {
        let source = source();
        let mut results = Results::new(&source);
        let texts: Vec<String> = (0..30)
            .map(|n| {
                char::from(b'a' + n)
                    .to_string()
                    .repeat(usize::from(n) * 10_000)
            })
            .collect();
        for text in &texts {
            results.push_owned(text).unwrap();
            results.push_slice(1, 10, 20);
        }
        let found = results.finish();
        assert!(found.data_buffers().len() > 4);
        for (n, text) in texts.iter().enumerate() {
            assert_eq!(found.value(2 * n), text);
            assert_eq!(found.value(2 * n + 1), &TEXT[10..30]);
        }
    }

    #[test]
    #[should_panic(expected = "char boundary")]
    fn half_a_character_is_refused() {
        Results::new(&source()).push_slice(1, 1, 1);
    }

    #[test]
    fn the_arrays_pass_arrows_own_checks() {
        let source = source();
        let mut results = Results::new(&source);
        for len in 0..20 {
            results.push_slice(1, 2, len);
            results.push_owned(&TEXT[2..2 + len]).unwrap();
        }
        results.finish().to_data().validate_full().unwrap();
    }
}
