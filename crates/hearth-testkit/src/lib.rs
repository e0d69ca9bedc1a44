//! Golden runner and generators for Hearth's tests.
