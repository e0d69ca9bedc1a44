/// What a model's own metadata says about how it is to be used; `None` where it says nothing.
///
/// The names are those of Spark NLP's `BertEmbeddings` parameters. A Hugging Face folder can say `case_sensitive` only.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// False: words are lower-cased before they are cut into pieces.
    pub case_sensitive: Option<bool>,
    /// Pieces kept of a sentence.
    pub max_sentence_length: Option<usize>,
    /// The dimension written to column metadata: a label, not checked against the weights.
    pub dimension: Option<i64>,
    /// The name written to column metadata as `ref`.
    pub storage_ref: Option<String>,
}
