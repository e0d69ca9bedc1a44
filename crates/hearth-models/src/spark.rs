//! What Spark NLP saves: annotators, pipelines of them, and the BERT models inside.
//!
//! A saved stage is a folder with `metadata/part-*`, one line of JSON with its class and parameters, and for what JSON
//! does not hold `fields/<name>/`: Hadoop SequenceFiles of serialised Java objects. A pipeline has its stages in
//! `stages/<number>_<uid>`. The folder may lie in a zip.

mod bert;
mod feature;
mod java;
mod metadata;
mod pipeline;
mod sequence_file;

pub(crate) use bert::{describe as describe_bert, is_one as is_bert, open as open_bert};
pub use pipeline::{SavedPipeline, SavedStage};

#[cfg(feature = "fuzzing")]
pub(crate) mod fuzz {
    use super::java::Item;

    /// Hadoop's SequenceFile.
    pub fn sequence_file(bytes: &[u8]) {
        let _ = super::sequence_file::records(bytes);
    }

    /// A stream of Java objects, looked at as each kind of feature that is read from one.
    pub fn java(bytes: &[u8]) {
        let Ok(stream) = super::java::read(bytes) else {
            return;
        };
        for root in stream.roots() {
            let items: Vec<Item<'_>> = root.elements().map(Iterator::collect).unwrap_or_default();
            for item in items.into_iter().chain([root]) {
                let _ = super::feature::pair(item).map(|(key, value)| (key, value.int()));
                let _ = super::feature::patterns(item);
            }
        }
    }
}
