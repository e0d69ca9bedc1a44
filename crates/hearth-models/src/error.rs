use std::io;
use std::path::PathBuf;

use crate::cache::suggestions;
use crate::format::Found;

/// A result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a model could not be opened or a tensor not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The operating system refused a file or folder.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },

    /// The path holds something that this version has no reader for.
    #[error(
        "{}: found {found}; a model is a folder, or a zip of one, as Hugging Face (config.json, model.safetensors, \
         vocab.txt), Spark NLP (metadata) or TensorFlow (saved_model.pb, or bert_config.json and bert_model.ckpt.index) \
         save it, or one with model.onnx or openvino_model.xml",
        path.display()
    )]
    Format {
        /// The path given to `open`.
        path: PathBuf,
        /// What lies there.
        found: Found,
    },

    /// The path is that of one file of a model.
    #[error("{}: one file of a model; give its folder, {}", path.display(), folder.display())]
    PartOfModel {
        /// The path given to `open`.
        path: PathBuf,
        /// The model's folder.
        folder: PathBuf,
    },

    /// Neither file with a vocabulary is in the folder.
    #[error("{}: no vocab.txt and no tokenizer.json in this folder, so the model has no vocabulary", folder.display())]
    NoVocabulary {
        /// The model's folder.
        folder: PathBuf,
    },

    /// A file is not JSON, or a value in it has another type than it must have.
    #[error("{}: {source}", file.display())]
    Json {
        /// The file.
        file: PathBuf,
        /// What is wrong, with line and column.
        source: serde_json::Error,
    },

    /// A key that has no default is absent or null.
    #[error("{}: the key `{key}` is missing", file.display())]
    MissingKey {
        /// The JSON file.
        file: PathBuf,
        /// The key, a path with dots if it is not at the top.
        key: &'static str,
    },

    /// A key has a value that this version cannot compute with.
    #[error("{}: `{key}` is {found}; possible is {possible}", file.display())]
    Value {
        /// The JSON file.
        file: PathBuf,
        /// The key, a path with dots if it is not at the top.
        key: &'static str,
        /// The value as JSON.
        found: String,
        /// The values that are possible.
        possible: String,
    },

    /// A Git LFS pointer stands where the file itself should.
    #[error("{}: this is a Git LFS pointer, not the file itself; run `git lfs pull` in its repository", file.display())]
    LfsPointer {
        /// The file.
        file: PathBuf,
    },

    /// A file does not have the length that its header says.
    #[error(
        "{}: the file has {found} bytes where its header calls for {expected}; copy or download it again",
        file.display()
    )]
    Length {
        /// The file.
        file: PathBuf,
        /// Bytes the header calls for.
        expected: u64,
        /// Bytes the file has.
        found: u64,
    },

    /// The header of a safetensors file cannot be read or contradicts itself.
    #[error("{}: not a valid safetensors header: {source}", file.display())]
    SafetensorsHeader {
        /// The file.
        file: PathBuf,
        /// What is wrong with the header.
        source: serde_json::Error,
    },

    /// A file that an index lists is not there.
    #[error("{}: lists the file `{shard}`, which is not beside it; copy or download it too", index.display())]
    MissingShard {
        /// The index.
        index: PathBuf,
        /// The file's name.
        shard: String,
    },

    /// A tensor is not in the file.
    #[error(
        "{}: no tensor `{tensor}` of shape {expected:?}, neither under this name nor below `bert.`",
        file.display()
    )]
    MissingTensor {
        /// The file with the weights.
        file: PathBuf,
        /// The tensor's Hugging Face name.
        tensor: String,
        /// The shape asked for.
        expected: Vec<usize>,
    },

    /// A tensor does not have the shape asked for.
    #[error("{}: tensor `{tensor}` has shape {found:?} where {expected:?} is expected", file.display())]
    TensorShape {
        /// The file with the weights.
        file: PathBuf,
        /// The tensor's Hugging Face name.
        tensor: String,
        /// The shape asked for; on opening, the one that follows from the config.
        expected: Vec<usize>,
        /// The shape in the file.
        found: Vec<usize>,
    },

    /// A tensor's elements are of a type that is not read.
    #[error("{}: tensor `{tensor}` holds {found}; possible is F32, F16 or BF16", file.display())]
    TensorType {
        /// The file with the weights.
        file: PathBuf,
        /// The tensor's Hugging Face name.
        tensor: String,
        /// The element type in the file's own words.
        found: String,
    },

    /// A vocabulary file is not UTF-8.
    #[error("{}: line {line} is not UTF-8", file.display())]
    NotUtf8 {
        /// The vocabulary file.
        file: PathBuf,
        /// The line of the first wrong byte, from 1.
        line: usize,
    },

    /// A token without which no sentence can be encoded is not in the vocabulary.
    #[error("{}: token {token} not found in vocabulary", file.display())]
    MissingToken {
        /// The vocabulary file.
        file: PathBuf,
        /// `[UNK]`, `[CLS]` or `[SEP]`.
        token: &'static str,
    },

    /// The vocabulary gives ids for which the embedding table has no row.
    #[error(
        "{}: the vocabulary has {entries} entries, the word embedding table only {rows} rows; it is another model's \
         vocabulary",
        file.display()
    )]
    VocabularyTooLarge {
        /// The vocabulary file.
        file: PathBuf,
        /// Entries of the vocabulary.
        entries: usize,
        /// Rows of the table, `vocab_size`.
        rows: usize,
    },

    /// The ids of a `tokenizer.json` are not 0, 1, 2 and so on, each once.
    #[error("{}: the vocabulary's {entries} ids do not run from 0 without gap or repetition: `{token}` has id {id}", file.display())]
    VocabularyIds {
        /// The vocabulary file.
        file: PathBuf,
        /// Entries of the vocabulary.
        entries: usize,
        /// The first entry, by id, out of place.
        token: String,
        /// Its id.
        id: u64,
    },

    /// A zip has an entry that no model has and that would be dangerous to unpack.
    #[error(
        "{}: not opened, since its entry `{entry}` {why}; a model's zip holds plain files in plain folders, each once",
        file.display()
    )]
    RefusedEntry {
        /// The zip.
        file: PathBuf,
        /// The entry's name.
        entry: String,
        /// What is wrong with it: `is a link`.
        why: &'static str,
    },

    /// A file breaks the rules of its format.
    #[error("{}: not a readable {format}: {why}; copy or download it again", file.display())]
    Damaged {
        /// The file; inside a zip, the zip's path and the entry's.
        file: PathBuf,
        /// The format, as a noun: `SequenceFile`.
        format: &'static str,
        /// What is wrong with it.
        why: String,
    },

    /// A file is whole but says something this version has no reading for.
    #[error("{}: {what}; {instead}", file.display())]
    Unsupported {
        /// The file; inside a zip, the zip's path and the entry's.
        file: PathBuf,
        /// What was found.
        what: String,
        /// What is possible instead.
        instead: String,
    },

    /// A folder cannot be written where it is to be.
    #[error("{}: {why}", path.display())]
    Output {
        /// Where the folder is to be.
        path: PathBuf,
        /// What is in the way, and what to do.
        why: String,
    },

    /// Nothing that Spark saved lies at a path.
    #[error("{}: no pipeline or stage that Spark saved: there is no metadata/part-00000", path.display())]
    NotSaved {
        /// The path given to `SavedPipeline::open`.
        path: PathBuf,
    },

    /// A saved pipeline names a stage that is not there.
    #[error("{}: the stage is missing that {pipeline} names; copy the whole pipeline again", stage.display())]
    MissingStage {
        /// The pipeline's uid.
        pipeline: String,
        /// Where the stage should be.
        stage: PathBuf,
    },

    /// A model is in none of the places on this machine, and cannot be had now.
    #[error("{name} is not on this machine{}; {why}: {put}", suggestions(name))]
    NotHere {
        /// What was asked for.
        name: String,
        /// Why it is not downloaded.
        why: String,
        /// Where to put it by hand.
        put: String,
    },

    /// The list of models of Spark NLP has no archive of this name that fits.
    #[cfg(feature = "download")]
    #[error(
        "{list} has no archive of {name} in language {language} for {release}{}; ask for another language, or for an \
         archive by its own name",
        suggestions(name)
    )]
    NoArchive {
        /// Spark NLP's name.
        name: String,
        /// The language asked for.
        language: Box<str>,
        /// Who asks: `Spark NLP 5.5.3 on Spark 3.5`.
        release: Box<str>,
        /// The address of the list.
        list: String,
    },

    /// A file could not be downloaded. What arrived of it is kept, where going on from there is possible.
    #[cfg(feature = "download")]
    #[error("{url}: {why}; {instead}")]
    Download {
        /// The file's address.
        url: String,
        /// What happened.
        why: String,
        /// What to do.
        instead: &'static str,
    },

    /// A downloaded file has another checksum than it should have. It is removed.
    #[cfg(feature = "download")]
    #[error(
        "{url}: {kind} is {found} and should be {expected}; what arrived was removed, so try again, and if it stays so the \
         file was changed where it lies"
    )]
    Checksum {
        /// The file's address.
        url: String,
        /// `MD5` or `SHA-256`.
        kind: &'static str,
        /// As it should be.
        expected: Box<str>,
        /// As it is.
        found: Box<str>,
    },
}
