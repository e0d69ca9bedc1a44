//! Keeps a panic of a decoder on damaged data from ending the process.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs `decode`; a panic in it becomes the error that `damaged` makes of its message. Whatever `decode` was working
/// on may be left half changed and must not be used again.
pub(super) fn guarded<T, E>(
    decode: impl FnOnce() -> Result<T, E>,
    damaged: impl FnOnce(String) -> E,
) -> Result<T, E> {
    catch_unwind(AssertUnwindSafe(decode)).unwrap_or_else(|panic| {
        let message = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| panic.downcast_ref::<&str>().copied())
            .unwrap_or("unknown");
        Err(damaged(format!("the decoder gave up: {message}")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_error() {
        let outcome: Result<(), String> = guarded(|| panic!("bad length {}", 7), |message| message);
        assert_eq!(outcome.unwrap_err(), "the decoder gave up: bad length 7");
        assert_eq!(guarded(|| Ok::<_, String>(1), |message| message), Ok(1));
    }
}
