//! CPU kernels of a transformer encoder on plain slices.
