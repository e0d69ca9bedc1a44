//! Spark NLP's text rules: cleanup, sentences, tokens and word pieces, as spans of a `&str`.
//!
//! The rules are those of Spark NLP 5.5.3 on JDK 17 (`DocumentAssembler`, `SentenceDetector`, `Tokenizer`,
//! `RegexTokenizer`, `Normalizer`, `StopWordsCleaner` and the tokenising half of `BertEmbeddings`), quirks included: the
//! same text gets the same spans. Nothing here knows Arrow, files or threads. Without patterns of the user's, every
//! function takes time linear in its text, whatever the text holds; such patterns are Java's ([`java::Pattern`]), and
//! matching them ends with an error after a number of steps.
//!
//! Offsets come in two units, and each name or doc says which. *Bytes* index the `&str`. *UTF-16 units* are what Spark
//! NLP counts in (Java strings); [`utf16::Cursor`] turns the first into the second.

mod blocks;
pub mod cleanup;
mod error;
pub mod java;
pub mod normal;
pub mod piece;
pub mod sentence;
pub mod stop_words;
pub mod token;
pub mod utf16;

pub use error::{Error, Result};
