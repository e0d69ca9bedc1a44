//! Parquet.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, FieldRef, Fields, Schema, SchemaRef};
use parquet::arrow::arrow_writer::{ArrowWriter, ArrowWriterOptions};
use parquet::arrow::{ARROW_SCHEMA_META_KEY, ArrowSchemaConverter, encode_arrow_schema};
use parquet::basic::{Compression, Encoding, Type, ZstdLevel};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::{ColumnDescriptor, SchemaDescriptor};

use super::{Bytes, Failure, PIECE_BYTES, Sink, Staged, WriteOptions};
use crate::at_rest::{pieces, size};
use crate::spark::{ROW_METADATA, is_annotation, row_metadata};

pub(super) fn create(
    file: Staged,
    schema: &SchemaRef,
    options: &WriteOptions,
) -> Result<Box<dyn Sink>, Failure> {
    let at_rest = named(schema);
    let for_spark = schema.fields().iter().any(|field| is_annotation(field));
    let columns = ArrowSchemaConverter::new()
        .schema_root("spark_schema")
        .convert(&at_rest)?;
    let mut footer = vec![KeyValue::new(
        ARROW_SCHEMA_META_KEY.to_owned(),
        encode_arrow_schema(&at_rest),
    )];
    if for_spark {
        footer.push(KeyValue::new(
            ROW_METADATA.to_owned(),
            row_metadata(&at_rest),
        ));
    }
    let options = ArrowWriterOptions::new()
        .with_properties(properties(&columns, footer, for_spark, options)?)
        .with_skip_arrow_metadata(true)
        .with_parquet_schema(columns);
    let writer = ArrowWriter::try_new_with_options(file, Arc::clone(schema), options)?;
    Ok(Box::new(Parquet(writer)))
}

fn properties(
    columns: &SchemaDescriptor,
    footer: Vec<KeyValue>,
    for_spark: bool,
    options: &WriteOptions,
) -> Result<WriterProperties, Failure> {
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?))
        .set_key_value_metadata(Some(footer))
        .set_max_row_group_row_count(None)
        .set_max_row_group_bytes(Some(options.row_group_bytes));
    // Spark 3.5 reads no BYTE_STREAM_SPLIT.
    let vectors = if for_spark {
        Encoding::PLAIN
    } else {
        Encoding::BYTE_STREAM_SPLIT
    };
    for column in columns.columns().iter().filter(|column| is_vector(column)) {
        properties = properties
            .set_column_encoding(column.path().clone(), vectors)
            .set_column_dictionary_enabled(column.path().clone(), false)
            .set_column_statistics_enabled(column.path().clone(), EnabledStatistics::None);
    }
    Ok(properties.build())
}

fn is_vector(column: &ColumnDescriptor) -> bool {
    column.physical_type() == Type::FLOAT && column.max_rep_level() > 0
}

/// The schema as it stands in the file: lists and maps with the names of the Parquet format (which are Spark's too),
/// strings without the views they came in, since not every reader knows those.
fn named(schema: &Schema) -> Schema {
    Schema::new(schema.fields().iter().map(named_field).collect::<Fields>())
}

fn named_field(field: &FieldRef) -> FieldRef {
    let data_type = match field.data_type() {
        DataType::Utf8View => DataType::Utf8,
        DataType::BinaryView => DataType::Binary,
        DataType::Dictionary(key, value) => {
            let value = Arc::new(Field::new("value", value.as_ref().clone(), true));
            DataType::Dictionary(
                key.clone(),
                Box::new(named_field(&value).data_type().clone()),
            )
        }
        DataType::List(element) => DataType::List(renamed(element, "element")),
        DataType::LargeList(element) => DataType::LargeList(renamed(element, "element")),
        DataType::FixedSizeList(element, n) => {
            DataType::FixedSizeList(renamed(element, "element"), *n)
        }
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(named_field).collect()),
        DataType::Map(entries, sorted) => {
            let pair = match entries.data_type() {
                DataType::Struct(pair) => pair
                    .iter()
                    .zip(["key", "value"])
                    .map(|(field, name)| renamed(field, name))
                    .collect(),
                _ => Fields::empty(),
            };
            let entries = Field::new("key_value", DataType::Struct(pair), false);
            DataType::Map(Arc::new(entries), *sorted)
        }
        _ => return Arc::clone(field),
    };
    Arc::new(Field::clone(field).with_data_type(data_type))
}

fn renamed(field: &FieldRef, name: &str) -> FieldRef {
    Arc::new(Field::clone(&named_field(field)).with_name(name))
}

struct Parquet(ArrowWriter<Staged>);

impl Sink for Parquet {
    fn write(&mut self, batch: &RecordBatch) -> Result<(), Failure> {
        // The writer splits a batch at the size of the row group, but by the rows it holds already: pieces keep the
        // first one of a group within bounds.
        for piece in pieces(batch, size(batch), PIECE_BYTES, usize::MAX) {
            self.0.write(&piece)?;
        }
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<u64, Failure> {
        self.0.into_inner()?.close()
    }
}
