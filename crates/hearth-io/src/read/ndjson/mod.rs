//! NDJSON: one object per line.
//!
//! A first pass over the file records the kinds of values under each key ([`kinds`]), from which the column types
//! follow ([`types`]); the second pass decodes ([`decode`]).

mod decode;
mod kinds;
mod types;

use std::io::{BufRead, BufReader, Cursor, Read};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;

use self::decode::Decoder;
pub(super) use self::kinds::Kinds;
use super::lines::Lines;
use super::{Batches, Opened, ReadOptions, bytes, utf8};
use crate::source::io;
use crate::{Error, Result, Source};

/// How much of a stream tells its columns.
const STREAM_SAMPLE: u64 = 8 << 20;

pub(super) fn open(
    source: &Source,
    options: &ReadOptions,
    position: &Arc<AtomicU64>,
) -> Result<Opened> {
    if source.bytes.is_some() {
        let mut kinds = Kinds::default();
        look(source, options, &mut kinds)?;
        let schema = kinds.schema(options)?;
        return open_as(source, options, &schema, position);
    }
    open_stream(bytes(source, position)?, source, options)
}

/// Records the kinds of values in the whole file.
pub(super) fn look(source: &Source, options: &ReadOptions, kinds: &mut Kinds) -> Result<()> {
    let reader = BufReader::with_capacity(1 << 16, bytes(source, &Arc::default())?);
    kinds.look(&mut Lines::new(reader, source), source, options)
}

/// Opens a file whose columns are known.
pub(super) fn open_as(
    source: &Source,
    options: &ReadOptions,
    schema: &SchemaRef,
    position: &Arc<AtomicU64>,
) -> Result<Opened> {
    let reader = BufReader::with_capacity(1 << 16, bytes(source, position)?);
    Ok(rows(
        reader,
        source,
        options,
        schema,
        "the file as it was when its columns were told",
    ))
}

fn open_stream(
    mut reader: Box<dyn Read + Send>,
    source: &Source,
    options: &ReadOptions,
) -> Result<Opened> {
    let read = |e| io(&source.path, "read", e);
    let mut sample = Vec::new();
    (&mut reader)
        .take(STREAM_SAMPLE)
        .read_to_end(&mut sample)
        .map_err(read)?;
    let mut reader = BufReader::with_capacity(1 << 16, reader);
    if sample.len() as u64 == STREAM_SAMPLE && sample.last() != Some(&b'\n') {
        (&mut reader)
            .take(super::MAX_RECORD as u64)
            .read_until(b'\n', &mut sample)
            .map_err(read)?;
    }
    let mut kinds = Kinds::default();
    kinds.look(&mut Lines::new(sample.as_slice(), source), source, options)?;
    let schema = kinds.schema(options)?;
    let whole = Cursor::new(sample).chain(reader);
    Ok(rows(
        whole,
        source,
        options,
        &schema,
        "the first 8 MiB of the stream, which tell its columns",
    ))
}

fn rows(
    reader: impl BufRead + Send + 'static,
    source: &Source,
    options: &ReadOptions,
    schema: &SchemaRef,
    told_by: &'static str,
) -> Opened {
    let rows = Rows {
        lines: Lines::new(reader, source),
        source: source.clone(),
        schema: Arc::clone(schema),
        options: options.clone(),
        told_by,
    };
    (Arc::clone(schema), Box::new(rows))
}

struct Rows<R> {
    lines: Lines<R>,
    source: Source,
    schema: SchemaRef,
    options: ReadOptions,
    told_by: &'static str,
}

impl<R: BufRead + Send> Batches for Rows<R> {
    fn next(&mut self) -> Result<Option<RecordBatch>> {
        let mut decoder = Decoder::new(&self.schema, &self.options, self.told_by);
        let mut line = Vec::new();
        let (mut n_bytes, mut n_rows) = (0, 0);
        while n_rows == 0
            || (n_bytes < self.options.batch_bytes && n_rows < self.options.batch_rows)
        {
            line.clear();
            let Some(length) = self.lines.next(&mut line)? else {
                break;
            };
            let text = utf8(&line, &self.source, self.lines.number(), None)?;
            if text.trim_ascii().is_empty() {
                continue;
            }
            decoder
                .row(text)
                .map_err(|(column, e)| fault(&self.source, self.lines.number(), column, &e))?;
            n_bytes += length;
            n_rows += 1;
        }
        if n_rows == 0 {
            return Ok(None);
        }
        decoder
            .finish(&self.schema, n_rows)
            .map(Some)
            .map_err(|e| Error::Columns {
                path: self.source.path.clone(),
                source: e,
            })
    }
}

/// The error of a line that is not JSON, or whose value does not fit `column`.
fn fault(source: &Source, line: u64, column: Option<String>, error: &serde_json::Error) -> Error {
    const LONGEST: usize = 300;
    let text = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    let text = text.strip_suffix(&place).unwrap_or(&text);
    let text = match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    };
    let (column, problem) = if error.is_data() {
        (column, text)
    } else {
        (
            None,
            format!("not valid JSON at byte {}: {text}", error.column()),
        )
    };
    Error::Json {
        path: source.path.clone(),
        line,
        column,
        problem,
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{Array, AsArray};
    use arrow::datatypes::{DataType, Int64Type};

    use super::*;
    use crate::Format;

    fn stream(input: &str) -> Result<(SchemaRef, Vec<Result<RecordBatch>>)> {
        let source = Source {
            path: "-".into(),
            format: Format::Ndjson,
            relative: "stdin.ndjson".into(),
            bytes: None,
        };
        let reader = Cursor::new(input.as_bytes().to_vec());
        let (schema, mut batches) =
            open_stream(Box::new(reader), &source, &ReadOptions::default())?;
        let mut all = Vec::new();
        while let Some(batch) = batches.next().transpose() {
            let is_error = batch.is_err();
            all.push(batch);
            if is_error {
                break;
            }
        }
        Ok((schema, all))
    }

    #[test]
    fn a_stream_is_told_by_its_beginning() {
        let mut input = String::new();
        while input.len() < 9 << 20 {
            input.push_str("{\"text\": \"some words to fill the line with\", \"n\": 1}\n");
        }
        let n_lines = input.lines().count();
        let (schema, batches) = stream(&input).unwrap();
        assert_eq!(schema.field(1).data_type(), &DataType::Int64);
        let rows: usize = batches.iter().map(|b| b.as_ref().unwrap().num_rows()).sum();
        assert_eq!(rows, n_lines);

        for (late, expected) in [
            (
                "{\"text\": \"x\", \"n\": 1.5}",
                format!(
                    "-, line {}, column \"n\": invalid type: floating point `1.5`, expected an integer",
                    n_lines + 1
                ),
            ),
            (
                "{\"text\": \"x\", \"m\": 1}",
                format!(
                    "-, line {}: key \"m\" is not in the first 8 MiB of the stream, which tell its columns",
                    n_lines + 1
                ),
            ),
        ] {
            let (_, batches) = stream(&format!("{input}{late}\n")).unwrap();
            let error = batches.last().unwrap().as_ref().unwrap_err();
            assert_eq!(error.to_string(), expected);
        }
    }

    #[test]
    fn a_short_stream() {
        let (_, batches) = stream("{\"text\": \"a\", \"n\": 1}\n\n{\"n\": 2}").unwrap();
        let batch = batches[0].as_ref().unwrap();
        assert_eq!(batch.num_rows(), 2);
        assert!(batch.column(0).is_null(1));
        assert_eq!(
            batch
                .column(1)
                .as_primitive::<Int64Type>()
                .values()
                .as_ref(),
            &[1, 2]
        );
    }
}
