//! Readers and writers of the batch doors of Hearth.
//!
//! In: Parquet, Arrow IPC, CSV, TSV, NDJSON and text, from files, directories, globs and standard input, as record
//! batches of bounded size. Out: Parquet, Arrow IPC, NDJSON and flat CSV, each file under a temporary name until it is
//! whole.
//!
//! ```
//! # fn main() -> hearth_io::Result<()> {
//! # let directory = tempfile::tempdir().unwrap();
//! # let (input, output) = (directory.path().join("a.txt"), directory.path().join("b.parquet"));
//! # std::fs::write(&input, "One.\nTwo.\n").unwrap();
//! # let (input, output) = (input.to_str().unwrap(), output.to_str().unwrap());
//! use hearth_io::{Inputs, Output, ReadOptions, WriteOptions, Writer, discover};
//!
//! let found = discover(&[input])?;
//! let output = Output::parse(output)?;
//! output.refuse_existing(&found.sources)?;
//! let mut inputs = Inputs::new(found.sources, ReadOptions::default())?;
//! if let Output::File { path, format } = &output {
//!     let mut writer = Writer::create(path, *format, inputs.schema(), &WriteOptions::default())?;
//!     for n in 0..inputs.sources().len() {
//!         if let Some(reader) = inputs.open(n) {
//!             for batch in reader? {
//!                 writer.write(&batch?)?;
//!             }
//!         }
//!     }
//!     assert_eq!(writer.finish()?.rows, 2);
//! }
//! # Ok(())
//! # }
//! ```

mod at_rest;
mod error;
mod format;
mod output;
mod read;
mod source;
mod spark;
mod write;

pub use arrow::datatypes::SchemaRef;
pub use error::{Error, Result};
pub use format::Format;
pub use output::Output;
pub use read::{Contents, Inputs, ReadOptions, Reader, TxtMode};
pub use source::{Found, Source, discover};
pub use write::{WriteOptions, Writer, Written};
