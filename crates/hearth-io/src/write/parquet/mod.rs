//! Parquet.

mod appender;
mod encodings;
mod leaf;
mod row_group;

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, FieldRef, Fields, Schema, SchemaRef};
use parquet::arrow::arrow_writer::ArrowRowGroupWriterFactory;
use parquet::arrow::{ARROW_SCHEMA_META_KEY, ArrowSchemaConverter, encode_arrow_schema};
use parquet::file::metadata::KeyValue;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::SchemaDescriptor;
use rayon::ThreadPool;

use self::appender::Appender;
use self::row_group::{Plan, RowGroup};
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
    let properties = encodings::properties(&columns, for_spark)?
        .set_key_value_metadata(Some(footer))
        .build();
    let workers = rayon::ThreadPoolBuilder::new()
        .num_threads(options.threads.clamp(1, columns.num_columns().max(1)))
        .thread_name(|n| format!("parquet-{n}"))
        .build()
        .map_err(|e| Failure::Encode(Box::new(e)))?;
    let file = SerializedFileWriter::new(file, columns.root_schema_ptr(), Arc::new(properties))?;
    Ok(Box::new(Parquet {
        plan: Plan::of(schema),
        writers: ArrowRowGroupWriterFactory::new(&file, Arc::clone(schema)),
        columns,
        workers,
        group: None,
        n_groups: 0,
        group_bytes: options.row_group_bytes,
        appender: Appender::start(file)?,
    }))
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

struct Parquet {
    plan: Plan,
    writers: ArrowRowGroupWriterFactory,
    columns: SchemaDescriptor,
    workers: ThreadPool,
    /// The row group in the making.
    group: Option<RowGroup>,
    /// Those before it.
    n_groups: usize,
    /// The encoded size at which it is closed.
    group_bytes: usize,
    appender: Appender,
}

impl Parquet {
    fn close_group(&mut self) -> Result<(), Failure> {
        if let Some(group) = self.group.take() {
            let chunks = self.workers.install(|| group.close())?;
            self.n_groups += 1;
            self.appender.append(chunks)?;
        }
        Ok(())
    }
}

impl Sink for Parquet {
    fn write(&mut self, batch: &RecordBatch) -> Result<(), Failure> {
        // Pieces keep the first batch of a group within bounds, whose encoded size nothing foretells.
        for mut piece in pieces(batch, size(batch), PIECE_BYTES, usize::MAX) {
            while piece.num_rows() > 0 {
                let group = match &mut self.group {
                    Some(group) => group,
                    none => none.insert(RowGroup::create(
                        &self.plan,
                        &self.columns,
                        &self.writers,
                        self.n_groups,
                    )?),
                };
                let n_rows = group.room(self.group_bytes).min(piece.num_rows());
                let rows = piece.slice(0, n_rows);
                self.workers.install(|| group.write(&rows))?;
                piece = piece.slice(n_rows, piece.num_rows() - n_rows);
                if group.room(self.group_bytes) == 0 {
                    self.close_group()?;
                }
            }
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<u64, Failure> {
        self.close_group()?;
        self.appender.finish()?.into_inner()?.close()
    }
}
