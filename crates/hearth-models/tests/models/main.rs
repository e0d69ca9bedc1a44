//! Model folders, whole and broken, through the public functions.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod damage;
mod folder;
mod refusals;
mod warnings;
mod weights;
mod whole;
