//! Java's predefined classes.

use super::set::Set;

/// What `.` does not match.
pub(super) fn line_terminators() -> Set {
    Set::of([(0x0A, 0x0A), (0x0D, 0x0D), (0x85, 0x85), (0x2028, 0x2029)])
}

/// `\s`
pub(super) fn spaces() -> Set {
    Set::of([(9, 13), (32, 32)])
}

/// `\d`
pub(super) fn digits() -> Set {
    Set::of([(0x30, 0x39)])
}

/// `\w`
pub(super) fn word() -> Set {
    Set::of([(0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A)])
}

/// `\h`
pub(super) fn horizontal() -> Set {
    Set::of([
        (0x09, 0x09),
        (0x20, 0x20),
        (0xA0, 0xA0),
        (0x1680, 0x1680),
        (0x180E, 0x180E),
        (0x2000, 0x200A),
        (0x202F, 0x202F),
        (0x205F, 0x205F),
        (0x3000, 0x3000),
    ])
}

/// `\v`, which is also what `\R` takes one of.
pub(super) fn vertical() -> Set {
    Set::of([(0x0A, 0x0D), (0x85, 0x85), (0x2028, 0x2029)])
}
