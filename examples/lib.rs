//! One file per door; run one with `cargo run -p hearth-examples --example rust`.
