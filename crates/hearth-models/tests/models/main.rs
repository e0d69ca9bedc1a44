//! Model folders, whole and broken, through the public functions.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod cache;
mod convert;
mod damage;
mod exports;
mod folder;
mod inspect;
mod names;
mod refusals;
mod resolve;
mod spark;
mod tensorflow;
mod warnings;
mod weights;
mod whole;
mod zips;
