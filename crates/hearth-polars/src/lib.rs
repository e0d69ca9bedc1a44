//! Hearth's pipelines in Polars: texts in, annotations and vectors out, as expressions of one column or over a frame.
//!
//! | | reads | makes |
//! |---|---|---|
//! | [`embed_text`] | a text column | one vector: `Array(Float32, dim)` |
//! | [`bert_embeddings`] | a text column | tokens with vectors: `List<Struct{begin, end, sentence, result, piece_id, vector}>` |
//! | [`sentences`], [`tokens`] | a text column | `List<Struct{begin, end, sentence, result}>` |
//! | [`hearth()`] | a text column | all columns of a pipeline: `Struct` |
//! | [`HearthFrame::hearth`] | a frame | the frame with the pipeline's columns |
//!
//! Types are known when a query is planned; weights are read when the first rows come. A failure is an error of the query
//! and never a null; a null text gives null. The same text gets the same bits as in every other door, in both engines.
//! Texts and vectors are handed over, not copied: [`bridge`].
//!
//! ```
//! use hearth_polars::hearth::{Session, stages::BertEmbeddings};
//! use hearth_polars::polars::prelude::*;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let model = concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/models/tiny_cased");
//! let session = Session::builder().jobs(2).build()?;
//! let bert = BertEmbeddings { model: Some(model.into()), ..Default::default() };
//! let notes = df!("ward" => ["a", "b", "a"], "text" => [Some("No fever."), None, Some("He left.")])?;
//! let vectors = notes
//!     .lazy()
//!     .filter(col("ward").eq(lit("a")))
//!     .select([hearth_polars::embed_text(col("text"), &session, bert)?])
//!     .collect()?;
//! assert_eq!(vectors.shape(), (2, 1));
//! # Ok(())
//! # }
//! ```
//!
//! # How often an expression runs
//!
//! | query | runs over |
//! |---|---|
//! | one expression, or clones of it as columns of one `select` or `with_columns` | each row once |
//! | clones of it under several aggregations of one `select` | each row once in memory; once for each when streaming: make it a column first |
//! | the same expression built twice | each row twice: Polars sees two functions; build it once and clone it |
//! | its column read by later steps | each row once |
//! | its column not read by any later step | nothing |
//! | a filter on other columns, before or after it | the rows that are left |
//! | a filter on its own column | each row once |
//! | `limit(n)` after it | `n` rows in memory, at most a morsel more when streaming; all rows with a sort between them |
//! | in `group_by(..).agg` | each row once |
//! | two clones of a frame with it, joined | each row once or twice |
//! | over a literal | once, or twice when streaming |
//! | [`HearthFrame::hearth`] | each row that comes to it once, whatever is read of it later |
//!
//! # How much at once
//!
//! The in-memory engine gives all rows at once; the streaming engine gives morsels of about 100,000 rows, several at once,
//! and keeps what came out of them until the next step has it. With token vectors that is much: set
//! `POLARS_IDEAL_MORSEL_SIZE` to some 1,000 rows and write the result with a streaming sink. Packs are cut inside, over
//! the rows of a morsel, on the session's threads; no lock is held meanwhile.
//!
//! # Rows in errors
//!
//! An error names the row in what the engine handed on at once, and says how many rows that were: all in memory, those of
//! a morsel when streaming, both after the filters that Polars ran before. It does not quote the text.

mod error;
mod expression;
mod ffi;
mod forms;
mod frame;

pub mod bridge;

pub use expression::{bert_embeddings, embed_text, hearth, sentences, tokens};
pub use frame::HearthFrame;
pub use {::hearth, polars};
