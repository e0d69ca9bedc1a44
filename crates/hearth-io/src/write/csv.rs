//! CSV of flat columns.

use std::io::Write;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::util::display::{ArrayFormatter, FormatOptions};

use super::{Bytes, Failure, Sink, Staged};
use crate::at_rest::plain;

pub(super) fn create(mut file: Staged, schema: &SchemaRef) -> Result<Box<dyn Sink>, Failure> {
    let mut line = Vec::new();
    for (n, field) in schema.fields().iter().enumerate() {
        push_field(&mut line, n, field.name());
    }
    end_line(&mut line, schema.fields().len());
    file.write_all(&line)?;
    Ok(Box::new(Csv {
        file,
        line: Vec::new(),
        field: String::new(),
    }))
}

struct Csv {
    file: Staged,
    line: Vec<u8>,
    field: String,
}

impl Sink for Csv {
    fn write(&mut self, batch: &RecordBatch) -> Result<(), Failure> {
        let plain = batch
            .columns()
            .iter()
            .map(plain)
            .collect::<Result<Vec<_>, _>>()?;
        let options = FormatOptions::new().with_display_error(false);
        let columns = plain
            .iter()
            .map(|column| ArrayFormatter::try_new(column, &options))
            .collect::<Result<Vec<_>, _>>()?;
        for row in 0..batch.num_rows() {
            self.line.clear();
            for (n, column) in columns.iter().enumerate() {
                self.field.clear();
                column.value(row).write(&mut self.field)?;
                push_field(&mut self.line, n, &self.field);
            }
            end_line(&mut self.line, columns.len());
            self.file.write_all(&self.line)?;
        }
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<u64, Failure> {
        self.file.close()
    }
}

/// Quoted where it must be: RFC 4180.
fn push_field(line: &mut Vec<u8>, n: usize, field: &str) {
    if n > 0 {
        line.push(b',');
    }
    if field
        .bytes()
        .any(|b| matches!(b, b',' | b'"' | b'\n' | b'\r'))
    {
        line.push(b'"');
        line.extend_from_slice(field.replace('"', "\"\"").as_bytes());
        line.push(b'"');
    } else {
        line.extend_from_slice(field.as_bytes());
    }
}

/// Ends the line; a lone empty field is quoted, since an empty line would be passed over.
fn end_line(line: &mut Vec<u8>, n_fields: usize) {
    if line.is_empty() && n_fields == 1 {
        line.extend_from_slice(b"\"\"");
    }
    line.push(b'\n');
}
