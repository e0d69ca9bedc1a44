//! Model folders to plain config, weights and vocabulary.
