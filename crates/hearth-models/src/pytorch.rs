//! Weights as `torch.save` writes them: pickled objects around plain bytes, read without running what a pickle may ask for.
//!
//! Since PyTorch 1.6 that is a zip with `data.pkl` and one file for each storage; before, pickles one after the other and
//! then the storages.

mod checkpoint;
mod pickle;
mod state;

#[cfg(feature = "fuzzing")]
pub use self::checkpoint::fuzz;
pub(crate) use self::checkpoint::tensors;
