//! CSV and TSV: a header, then records whose fields are all strings.
//!
//! Fields may be quoted (RFC 4180: `""` is a quote inside quotes, line ends may stand inside them). An empty field is
//! null. Nothing else is interpreted, so that identifiers keep their leading zeros. Empty lines are passed over.

use std::collections::HashSet;
use std::io::{BufRead, BufReader};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use arrow::array::builder::StringViewBuilder;
use arrow::array::{ArrayRef, RecordBatch};
use arrow::buffer::Buffer;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use super::lines::skip_byte_order_mark;
use super::text::view_number;
use super::{Batches, MAX_RECORD, Opened, ReadOptions, bytes, utf8};
use crate::source::io;
use crate::{Error, Result, Source};

/// What one field costs in memory beside its text: its place here and its view.
const FIELD_OVERHEAD: usize = 24;

pub(super) fn open(
    source: &Source,
    separator: u8,
    options: &ReadOptions,
    position: &Arc<AtomicU64>,
) -> Result<Opened> {
    let mut reader = BufReader::with_capacity(1 << 16, bytes(source, position)?);
    skip_byte_order_mark(&mut reader).map_err(|e| io(&source.path, "read", e))?;
    let mut records = Records::new(reader, separator, source);
    let names = header(&mut records, source)?;
    let fields = names
        .into_iter()
        .map(|name| Field::new(name, DataType::Utf8View, true));
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let batches = Delimited {
        schema: Arc::clone(&schema),
        records,
        batch_bytes: options.batch_bytes,
        batch_rows: options.batch_rows,
    };
    Ok((schema, Box::new(batches)))
}

/// The column names. An unnamed column is called `_c` and its number from 0, as Spark calls it.
fn header<R: BufRead>(records: &mut Records<R>, source: &Source) -> Result<Vec<String>> {
    let mut record = Rows::default();
    if !records.next(&mut record)? {
        return Err(Error::Delimited {
            path: source.path.clone(),
            line: 1,
            problem: "the file is empty; the first line must name the columns".to_owned(),
        });
    }
    let line = record.lines[0];
    let mut seen = HashSet::new();
    let mut names = Vec::with_capacity(record.fields.len());
    for (n, (start, length)) in record.fields.iter().enumerate() {
        let name = utf8(&record.text[*start..start + length], source, line, None)?;
        let name = if name.is_empty() {
            format!("_c{n}")
        } else {
            name.to_owned()
        };
        if !seen.insert(name.clone()) {
            return Err(Error::Delimited {
                path: source.path.clone(),
                line,
                problem: format!("the header names two columns \"{name}\"; rename one"),
            });
        }
        names.push(name);
    }
    Ok(names)
}

struct Delimited<R> {
    schema: SchemaRef,
    records: Records<R>,
    batch_bytes: usize,
    batch_rows: usize,
}

impl<R: BufRead + Send> Batches for Delimited<R> {
    fn next(&mut self) -> Result<Option<RecordBatch>> {
        let n_columns = self.schema.fields().len();
        let mut rows = Rows::default();
        while rows.lines.is_empty()
            || (rows.lines.len() < self.batch_rows
                && rows.text.len() + rows.fields.len() * FIELD_OVERHEAD < self.batch_bytes)
        {
            if !self.records.next(&mut rows)? {
                break;
            }
            let n_fields = rows.fields.len() - (rows.lines.len() - 1) * n_columns;
            if n_fields != n_columns {
                return Err(Error::Delimited {
                    path: self.records.source.path.clone(),
                    line: rows.lines[rows.lines.len() - 1],
                    problem: format!(
                        "{n_fields} fields where the header has {n_columns}; a field that contains the separator, \
                         a quote or a line end must be quoted"
                    ),
                });
            }
        }
        if rows.lines.is_empty() {
            return Ok(None);
        }
        self.columns(rows).map(Some)
    }
}

impl<R: BufRead> Delimited<R> {
    /// The columns as views into the one buffer that holds the text of all fields.
    fn columns(&self, rows: Rows) -> Result<RecordBatch> {
        let source = &self.records.source;
        let Rows {
            text,
            fields,
            lines,
        } = rows;
        let text = Buffer::from_vec(text);
        let n_columns = self.schema.fields().len();
        let mut columns = Vec::<ArrayRef>::with_capacity(n_columns);
        for (n, field) in self.schema.fields().iter().enumerate() {
            let mut views = StringViewBuilder::with_capacity(lines.len());
            let block = views.append_block(text.clone());
            for (row, (start, length)) in fields.iter().skip(n).step_by(n_columns).enumerate() {
                if *length == 0 {
                    views.append_null();
                } else if let Err(e) =
                    views.try_append_view(block, view_number(*start), view_number(*length))
                {
                    utf8(
                        &text[*start..start + length],
                        source,
                        lines[row],
                        Some(field.name()),
                    )?;
                    return Err(Error::Columns {
                        path: source.path.clone(),
                        source: e,
                    });
                }
            }
            columns.push(Arc::new(views.finish()));
        }
        RecordBatch::try_new(Arc::clone(&self.schema), columns).map_err(|e| Error::Columns {
            path: source.path.clone(),
            source: e,
        })
    }
}

/// Records taken apart: the text of all fields in a row, where each begins and its length, and the line of each record.
#[derive(Default)]
struct Rows {
    text: Vec<u8>,
    fields: Vec<(usize, usize)>,
    lines: Vec<u64>,
}

/// The tokenizer of the format.
struct Records<R> {
    inner: R,
    separator: u8,
    source: Source,
    /// The line that the next byte stands on, from 1.
    line: u64,
    /// The last byte was `\r`; a `\n` that follows belongs to it.
    after_return: bool,
    limit: usize,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    FieldStart,
    Bare,
    Quoted,
    /// After a quote inside quotes: the end of the field, or half of a quoted quote.
    Quote,
}

impl<R: BufRead> Records<R> {
    fn new(inner: R, separator: u8, source: &Source) -> Self {
        Self {
            inner,
            separator,
            source: source.clone(),
            line: 1,
            after_return: false,
            limit: MAX_RECORD,
        }
    }

    /// Appends the next record that is not an empty line; `false` at the end.
    fn next(&mut self, rows: &mut Rows) -> Result<bool> {
        let Self {
            inner,
            separator,
            source,
            line,
            after_return,
            limit,
        } = self;
        let separator = *separator;
        let (record_start, first_field) = (rows.text.len(), rows.fields.len());
        let (mut record_line, mut quote_line) = (*line, *line);
        let mut field_start = record_start;
        let mut state = State::FieldStart;
        let problem = |line: u64, problem: String| {
            Err(Error::Delimited {
                path: source.path.clone(),
                line,
                problem,
            })
        };
        loop {
            let chunk = inner.fill_buf().map_err(|e| io(&source.path, "read", e))?;
            if chunk.is_empty() {
                if state == State::Quoted {
                    return problem(
                        quote_line,
                        "the quote opened here is never closed".to_owned(),
                    );
                }
                if state == State::FieldStart && rows.fields.len() == first_field {
                    return Ok(false);
                }
                rows.fields
                    .push((field_start, rows.text.len() - field_start));
                rows.lines.push(record_line);
                return Ok(true);
            }
            let mut at = 0;
            while let Some(&byte) = chunk.get(at) {
                if std::mem::take(after_return) && byte == b'\n' {
                    at += 1;
                    continue;
                }
                match state {
                    State::FieldStart if byte == b'"' => {
                        (state, quote_line) = (State::Quoted, *line);
                        at += 1;
                    }
                    State::FieldStart => state = State::Bare,
                    State::Quoted => {
                        let rest = &chunk[at..];
                        let n = rest.iter().position(|b| *b == b'"').unwrap_or(rest.len());
                        *line += rest[..n].iter().filter(|b| **b == b'\n').count() as u64;
                        rows.text.extend_from_slice(&rest[..n]);
                        at += n;
                        if at < chunk.len() {
                            state = State::Quote;
                            at += 1;
                        }
                    }
                    State::Quote if byte == b'"' => {
                        rows.text.push(b'"');
                        state = State::Quoted;
                        at += 1;
                    }
                    State::Bare | State::Quote => {
                        let rest = &chunk[at..];
                        let ends = |b: &u8| *b == separator || *b == b'\n' || *b == b'\r';
                        let n = rest.iter().position(ends).unwrap_or(rest.len());
                        if n > 0 && state == State::Quote {
                            return problem(
                                *line,
                                format!(
                                    "text after the closing quote of field {}; write a quote inside quotes as \"\"",
                                    rows.fields.len() - first_field + 1
                                ),
                            );
                        }
                        rows.text.extend_from_slice(&rest[..n]);
                        at += n;
                        let Some(&end) = chunk.get(at) else {
                            continue;
                        };
                        at += 1;
                        let is_empty_line = state == State::Bare
                            && rows.fields.len() == first_field
                            && rows.text.len() == record_start
                            && end != separator;
                        if !is_empty_line {
                            rows.fields
                                .push((field_start, rows.text.len() - field_start));
                            field_start = rows.text.len();
                        }
                        state = State::FieldStart;
                        if end == separator {
                            continue;
                        }
                        *line += 1;
                        *after_return = end == b'\r';
                        if is_empty_line {
                            record_line = *line;
                            continue;
                        }
                        inner.consume(at);
                        rows.lines.push(record_line);
                        return Ok(true);
                    }
                }
            }
            inner.consume(at);
            if rows.text.len() - record_start > *limit {
                return Err(Error::RecordTooLong {
                    path: source.path.clone(),
                    line: record_line,
                    limit: *limit,
                    advice: "; is a quote never closed?",
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Format;

    fn records(input: &[u8], capacity: usize) -> Result<Vec<(u64, Vec<String>)>> {
        let source = Source {
            path: "a.csv".into(),
            format: Format::Csv,
            relative: "a.csv".into(),
            bytes: None,
        };
        let mut records = Records::new(BufReader::with_capacity(capacity, input), b',', &source);
        let mut all = Vec::new();
        loop {
            let mut rows = Rows::default();
            if !records.next(&mut rows)? {
                return Ok(all);
            }
            let field = |(start, n): &(usize, usize)| {
                String::from_utf8_lossy(&rows.text[*start..start + n]).into()
            };
            all.push((rows.lines[0], rows.fields.iter().map(field).collect()));
        }
    }

    /// The result must not depend on where the chunks of the file end.
    fn check(input: &str, expected: &[(u64, &[&str])]) {
        for capacity in 1..=input.len().max(1) {
            let found = records(input.as_bytes(), capacity).unwrap();
            let found: Vec<(u64, Vec<&str>)> = found
                .iter()
                .map(|(line, fields)| (*line, fields.iter().map(String::as_str).collect()))
                .collect();
            let expected: Vec<(u64, Vec<&str>)> =
                expected.iter().map(|(l, f)| (*l, f.to_vec())).collect();
            assert_eq!(found, expected, "chunks of {capacity}");
        }
    }

    #[test]
    fn fields_and_line_ends() {
        check(
            "a,b\n1,2\r\n3,4\r5,6",
            &[
                (1, &["a", "b"]),
                (2, &["1", "2"]),
                (3, &["3", "4"]),
                (4, &["5", "6"]),
            ],
        );
        check("a,,\n,", &[(1, &["a", "", ""]), (2, &["", ""])]);
        check("\n\r\n\na\n\nb\n\n", &[(4, &["a"]), (6, &["b"])]);
        check("", &[]);
    }

    #[test]
    fn quotes() {
        check(
            "\"a,\"\"b\"\"\nc\r\nd\",x\ny,\"\"\n",
            &[(1, &["a,\"b\"\nc\r\nd", "x"]), (4, &["y", ""])],
        );
        check(
            "5\" pipe,a\"b\"\n\"\"\n",
            &[(1, &["5\" pipe", "a\"b\""]), (2, &[""])],
        );
    }

    #[test]
    fn broken_quotes_are_refused() {
        for capacity in 1..12 {
            let open = records(b"a\n1\n\"x\ny\n", capacity).unwrap_err();
            assert_eq!(
                open.to_string(),
                "a.csv, line 3: the quote opened here is never closed"
            );
            let after = records(b"a,b\n1,\"x\"y\n", capacity).unwrap_err();
            assert_eq!(
                after.to_string(),
                "a.csv, line 2: text after the closing quote of field 2; write a quote inside quotes as \"\""
            );
        }
    }
}
