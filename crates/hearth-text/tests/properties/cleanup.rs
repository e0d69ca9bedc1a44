//! Cleaned texts.

use std::borrow::Cow;
use std::sync::LazyLock;

use hearth_testkit::reference::Cleanup;
use hearth_text::cleanup::{CleanupMode, clean};

use super::SLOW;

static REFERENCE: LazyLock<[Cleanup; 8]> =
    LazyLock::new(|| CleanupMode::ALL.map(|mode| Cleanup::new(mode.as_str())));

/// Every mode makes of a text what its regex makes; what is borrowed is a slice of the text.
pub fn check(text: &str) {
    for (mode, reference) in CleanupMode::ALL.into_iter().zip(&*REFERENCE) {
        let cleaned = clean(mode, text);
        assert!(cleaned.len() <= text.len(), "{mode} {text:?}: {cleaned:?}");
        if let Cow::Borrowed(slice) = &cleaned {
            let whole = text.as_bytes().as_ptr_range();
            let part = slice.as_bytes().as_ptr_range();
            assert!(
                whole.start <= part.start && part.end <= whole.end,
                "{mode} {text:?}"
            );
        }
        if text.len() <= SLOW {
            assert_eq!(cleaned, reference.clean(text), "{mode} {text:?}");
        }
        if mode == CleanupMode::Shrink {
            assert_eq!(clean(mode, &cleaned), cleaned, "{mode} {text:?}");
        }
    }
}
