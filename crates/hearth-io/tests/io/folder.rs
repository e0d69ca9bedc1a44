//! A temporary folder and what the tests do in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{Field, Schema};
use hearth_io::{
    Error, Format, ReadOptions, Reader, Result, Source, WriteOptions, Writer, Written, discover,
};
use tempfile::TempDir;

pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn input(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    pub(crate) fn put(&self, name: &str, content: impl AsRef<[u8]>) -> Source {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        self.source(name)
    }

    pub(crate) fn source(&self, name: &str) -> Source {
        let path = self.path(name);
        Source {
            format: Format::of(&path).unwrap_or(Format::Text),
            relative: name.into(),
            bytes: Some(fs::metadata(&path).unwrap().len()),
            path,
        }
    }

    /// Discovers names below the folder and gives the relative paths found.
    pub(crate) fn discover(&self, names: &[&str]) -> Result<Vec<String>> {
        let inputs: Vec<String> = names.iter().map(|name| self.input(name)).collect();
        let found = discover(&inputs)?;
        Ok(found
            .sources
            .iter()
            .map(|s| s.relative.to_str().unwrap().to_owned())
            .collect())
    }

    pub(crate) fn write(&self, name: &str, batches: &[RecordBatch]) -> Result<Written> {
        let path = self.path(name);
        let format = Format::of(&path).unwrap();
        let mut writer = Writer::create(
            &path,
            format,
            batches[0].schema_ref(),
            &WriteOptions::default(),
        )?;
        for batch in batches {
            writer.write(batch)?;
        }
        writer.finish()
    }

    pub(crate) fn read(&self, name: &str) -> Vec<RecordBatch> {
        batches(self.source(name).open(&ReadOptions::default()).unwrap()).unwrap()
    }

    pub(crate) fn bytes(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    pub(crate) fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// All names in the folder, hidden ones too.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.0.path()).unwrap();
        let mut names: Vec<_> = entries
            .map(|e| e.unwrap().file_name().to_str().unwrap().to_owned())
            .collect();
        names.sort();
        names
    }

    /// The message of an error without the name of the folder.
    pub(crate) fn message(&self, error: &Error) -> String {
        error
            .to_string()
            .replace(&format!("{}/", self.0.path().display()), "")
    }
}

pub(crate) fn batches(reader: Reader) -> Result<Vec<RecordBatch>> {
    reader.collect()
}

pub(crate) fn failure(source: &Source, options: &ReadOptions) -> Error {
    match source.open(options) {
        Err(error) => error,
        Ok(reader) => batches(reader).unwrap_err(),
    }
}

/// The strings of a view column over all batches.
pub(crate) fn strings(batches: &[RecordBatch], column: usize) -> Vec<Option<String>> {
    batches
        .iter()
        .flat_map(|b| {
            b.column(column)
                .as_string_view()
                .iter()
                .map(|s| s.map(str::to_owned))
        })
        .collect()
}

pub(crate) fn some(texts: &[&str]) -> Vec<Option<String>> {
    texts.iter().map(|text| Some((*text).to_owned())).collect()
}

pub(crate) fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    let fields: Vec<Field> = columns
        .iter()
        .map(|(name, array)| Field::new(*name, array.data_type().clone(), true))
        .collect();
    let arrays = columns.into_iter().map(|(_, array)| array).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).unwrap()
}

pub(crate) fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../data/golden/spark-nlp-5.5.3")
        .join(name)
}
