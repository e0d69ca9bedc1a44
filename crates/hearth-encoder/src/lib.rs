//! BERT over packed sequences in Burn.
