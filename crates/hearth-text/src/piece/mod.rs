//! From a token to word pieces: the tokenising half of Spark NLP 5.5.3's `BertEmbeddings`.
//!
//! The token is put in lower case as a whole ([`lower_case`], unless the model is cased), the original's
//! `BasicTokenizer` cuts it into words of which only the first is used ([`first_word`]), and [`WordPiece`] cuts that word
//! into entries of the model's [`Vocabulary`].
//!
//! Beside it stands the tokenizer that a model was trained with, for whole texts: [`ModelTokenizer`].

mod basic;
mod lower;
mod model_tokenizer;
mod sigma;
mod vocabulary;
mod word_piece;

pub use basic::first_word;
pub use lower::lower_case;
pub use model_tokenizer::{ModelTokenizer, Piece};
pub use vocabulary::Vocabulary;
pub use word_piece::WordPiece;
