use std::fs::File;
use std::sync::Arc;

use arrow::array::builder::{
    FixedSizeListBuilder, Float32Builder, Int32Builder, ListBuilder, MapBuilder, MapFieldNames,
    StringBuilder, StringDictionaryBuilder, StructBuilder,
};
use arrow::array::{
    Array, ArrayRef, AsArray, Int64Array, LargeStringArray, RecordBatch, StringArray,
};
use arrow::datatypes::{DataType, Field, Fields, Int32Type, Schema};
use hearth_io::{Format, ReadOptions, WriteOptions, Writer};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, Encoding};
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::schema::printer::print_schema;
use serde_json::Value;

use crate::folder::{Folder, batch, batches, failure, golden, strings};

const ROW_METADATA: &str = "org.apache.spark.sql.parquet.row.metadata";

fn put(folder: &Folder, name: &str, rows: &RecordBatch, properties: WriterProperties) {
    let file = File::create(folder.path(name)).unwrap();
    let mut writer = ArrowWriter::try_new(file, rows.schema(), Some(properties)).unwrap();
    writer.write(rows).unwrap();
    writer.close().unwrap();
}

fn opened(folder: &Folder, name: &str) -> SerializedFileReader<File> {
    SerializedFileReader::new(File::open(folder.path(name)).unwrap()).unwrap()
}

fn footer_entry(reader: &SerializedFileReader<File>, key: &str) -> Option<String> {
    let entries = reader.metadata().file_metadata().key_value_metadata()?;
    entries.iter().find(|entry| entry.key == key)?.value.clone()
}

#[test]
fn strings_of_every_kind() {
    let folder = Folder::new();
    let mut dictionary = StringDictionaryBuilder::<Int32Type>::new();
    dictionary.extend([Some("a"), None, Some("a")]);
    let mut list = ListBuilder::new(StringBuilder::new());
    list.append_value([Some("x"), None]);
    list.append_null();
    list.append_value([] as [Option<&str>; 0]);
    let rows = batch(vec![
        (
            "text",
            Arc::new(StringArray::from(vec![
                Some("one"),
                None,
                Some("three, a long one"),
            ])),
        ),
        (
            "large",
            Arc::new(LargeStringArray::from(vec!["a", "b", "c"])),
        ),
        ("dictionary", Arc::new(dictionary.finish())),
        ("list", Arc::new(list.finish())),
        ("id", Arc::new(Int64Array::from(vec![1, 2, 3]))),
    ]);
    put(&folder, "a.parquet", &rows, WriterProperties::default());
    let found = folder.read("a.parquet");
    assert_eq!(found[0].column(0).data_type(), &DataType::Utf8View);
    let expected = [
        Some("one".to_owned()),
        None,
        Some("three, a long one".to_owned()),
    ];
    assert_eq!(strings(&found, 0), expected);
    assert_eq!(found[0].column(1), rows.column(1));
    assert_eq!(found[0].column(2).data_type(), rows.column(2).data_type());
    let plain = arrow::compute::cast(found[0].column(2), &DataType::Utf8).unwrap();
    assert_eq!(
        plain.as_string::<i32>().iter().collect::<Vec<_>>(),
        [Some("a"), None, Some("a")]
    );
    let list = found[0].column(3).as_list::<i32>();
    assert_eq!(
        list.value(0).as_string_view().iter().collect::<Vec<_>>(),
        [Some("x"), None]
    );
    assert!(list.is_null(1));
    assert_eq!(found[0].column(4), rows.column(4));

    // What was read as views is a plain string to whoever reads the output, and the rest is as it was.
    folder.write("b.parquet", &found).unwrap();
    let file = File::open(folder.path("b.parquet")).unwrap();
    let plain =
        parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    let types: Vec<_> = plain
        .schema()
        .fields()
        .iter()
        .map(|f| f.data_type().clone())
        .collect();
    assert_eq!(types[0], DataType::Utf8);
    assert_eq!(
        types[1..3],
        [DataType::LargeUtf8, rows.column(2).data_type().clone()]
    );
    assert_eq!(
        types[3],
        DataType::List(Arc::new(Field::new("element", DataType::Utf8, true)))
    );
    assert_eq!(strings(&folder.read("b.parquet"), 0), expected);
}

#[test]
fn batches_follow_the_size_of_the_rows() {
    let folder = Folder::new();
    let texts: Vec<_> = (0..1000)
        .map(|n| format!("{n} {}", "word ".repeat(200)))
        .collect();
    let rows = batch(vec![("text", Arc::new(StringArray::from(texts)))]);
    let properties = WriterProperties::builder()
        .set_max_row_group_row_count(Some(600))
        .build();
    put(&folder, "a.parquet", &rows, properties);
    let source = folder.source("a.parquet");
    let sizes = |batch_bytes, batch_rows| {
        let options = ReadOptions {
            batch_bytes,
            batch_rows,
            ..ReadOptions::default()
        };
        let found = batches(source.open(&options).unwrap()).unwrap();
        found.iter().map(RecordBatch::num_rows).collect::<Vec<_>>()
    };
    assert_eq!(sizes(8 << 20, 4096), [600, 400]);
    assert_eq!(sizes(8 << 20, 250), [250, 250, 100, 250, 150]);
    assert_eq!(sizes(1, 4096).len(), 1000);
    let by_bytes = sizes(100_000, 4096);
    assert!(by_bytes[0] > 80 && by_bytes[0] < 110, "{by_bytes:?}");

    let mut reader = source
        .open(&ReadOptions {
            batch_rows: 100,
            ..ReadOptions::default()
        })
        .unwrap();
    reader.next().unwrap().unwrap();
    let early = reader.position();
    assert!(early > 0 && early < source.bytes.unwrap() / 2, "{early}");
    assert_eq!(reader.by_ref().filter(Result::is_ok).count(), 9);
    assert_eq!(Some(reader.position()), source.bytes);
}

#[test]
fn damaged_files_name_the_place() {
    let folder = Folder::new();
    let texts: Vec<_> = (0..2000)
        .map(|n| format!("a text of its own, number {n}"))
        .collect();
    let ids: Vec<i64> = (0..2000).collect();
    let rows = batch(vec![
        ("id", Arc::new(Int64Array::from(ids))),
        ("text", Arc::new(StringArray::from(texts))),
    ]);
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(Default::default()))
        .set_max_row_group_row_count(Some(1000))
        .build();
    put(&folder, "a.parquet", &rows, properties);
    let whole = folder.bytes("a.parquet");
    for content in [
        &whole[..whole.len() - 100],
        &whole[..10],
        b"PAR1 this is not Parquet PAR1",
        b"text",
        b"",
    ] {
        let source = folder.put("b.parquet", content);
        let error = failure(&source, &ReadOptions::default());
        assert_eq!(
            folder.message(&error),
            "b.parquet: not a readable Parquet file"
        );
        assert!(!error.is_usage() && std::error::Error::source(&error).is_some());
    }
    let place = opened(&folder, "a.parquet")
        .metadata()
        .row_group(1)
        .column(1)
        .byte_range();
    let mut damaged = whole;
    let start = usize::try_from(place.0).unwrap();
    damaged[start + 40..start + 80].fill(0xff);
    let source = folder.put("c.parquet", damaged);
    let mut reader = source.open(&ReadOptions::default()).unwrap();
    assert_eq!(reader.next().unwrap().unwrap().num_rows(), 1000);
    let error = reader.next().unwrap().unwrap_err();
    assert_eq!(
        folder.message(&error),
        "c.parquet, row group 1, column \"text\": not a readable Parquet file"
    );
    assert!(reader.next().is_none());
}

#[test]
fn no_changed_byte_ends_the_process() {
    let folder = Folder::new();
    let whole = std::fs::read(golden("annotations_spark.parquet")).unwrap();
    for at in (0..whole.len()).step_by(13) {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x55;
        let source = folder.put("b.parquet", damaged);
        if let Ok(reader) = source.open(&ReadOptions::default()) {
            let _ = batches(reader);
        }
    }
}

#[test]
fn vectors_are_byte_streams_and_other_columns_are_not() {
    let folder = Folder::new();
    let mut vectors = FixedSizeListBuilder::new(Float32Builder::new(), 4).with_field(Field::new(
        "item",
        DataType::Float32,
        false,
    ));
    let n_rows = 500;
    for n in 0..n_rows {
        vectors
            .values()
            .append_slice(&[n as f32, 0.5, -1.0, 1e-3 * n as f32]);
        vectors.append(n % 10 != 0);
    }
    let texts: Vec<_> = (0..n_rows).map(|n| format!("text {}", n % 7)).collect();
    let floats: Vec<_> = (0..n_rows).map(|n| n as f32).collect();
    let rows = batch(vec![
        ("text", Arc::new(StringArray::from(texts))),
        ("score", Arc::new(arrow::array::Float32Array::from(floats))),
        ("vector", Arc::new(vectors.finish())),
    ]);
    folder
        .write("a.parquet", std::slice::from_ref(&rows))
        .unwrap();
    let reader = opened(&folder, "a.parquet");
    let group = reader.metadata().row_group(0);
    let column = |n: usize| group.column(n);
    assert!((0..3).all(|n| matches!(column(n).compression(), Compression::ZSTD(_))));
    assert!(
        column(2)
            .encodings()
            .any(|e| e == Encoding::BYTE_STREAM_SPLIT)
    );
    assert!(column(2).statistics().is_none() && column(2).dictionary_page_offset().is_none());
    assert!(column(0).dictionary_page_offset().is_some() && column(0).statistics().is_some());
    assert!(
        !column(1)
            .encodings()
            .any(|e| e == Encoding::BYTE_STREAM_SPLIT)
    );
    assert_eq!(footer_entry(&reader, ROW_METADATA), None);
    let found = folder.read("a.parquet");
    let vector = found[0].column(2).as_fixed_size_list();
    assert!(vector.is_null(0) && !vector.is_null(1));
    assert_eq!(
        vector
            .value(499)
            .as_primitive::<arrow::datatypes::Float32Type>()
            .values()
            .as_ref(),
        [499.0, 0.5, -1.0, 1e-3 * 499.0]
    );
}

/// Lists of `{ number: Int32 (null at every 5th), text: Utf8 }`, every 7th row null, every 3rd empty, every 11th item
/// null.
fn nested(n_rows: i32) -> RecordBatch {
    let fields = Fields::from(vec![
        Field::new("number", DataType::Int32, true),
        Field::new("text", DataType::Utf8, true),
    ]);
    let mut lists = ListBuilder::new(StructBuilder::from_fields(fields, 0));
    let mut n = 0;
    for row in 0..n_rows {
        let length = if row % 3 == 0 { 0 } else { row % 40 };
        for _ in 0..length {
            let item = lists.values();
            let number = (n % 5 != 0).then_some(1000 - n * (n % 3));
            let numbers = item.field_builder::<Int32Builder>(0).unwrap();
            numbers.append_option(number.filter(|_| n % 11 != 0));
            let texts = item.field_builder::<StringBuilder>(1).unwrap();
            texts.append_option((n % 11 != 0).then(|| format!("word {}", n % 100)));
            item.append(n % 11 != 0);
            n += 1;
        }
        lists.append(row % 7 != 0);
    }
    let ids: Vec<_> = (0..i64::from(n_rows)).collect();
    batch(vec![
        ("id", Arc::new(Int64Array::from(ids))),
        ("lists", Arc::new(lists.finish())),
    ])
}

#[test]
fn nulls_at_every_level_come_back() {
    let folder = Folder::new();
    let rows = nested(3000);
    let path = folder.path("a.parquet");
    let options = WriteOptions {
        row_group_bytes: 20_000,
        ..WriteOptions::default()
    };
    let mut writer = Writer::create(&path, Format::Parquet, rows.schema_ref(), &options).unwrap();
    for start in (0..3000).step_by(500) {
        writer.write(&rows.slice(start, 500)).unwrap();
    }
    writer.finish().unwrap();
    let reader = opened(&folder, "a.parquet");
    let groups = reader.metadata().row_groups();
    assert!(groups.len() > 2, "{}", groups.len());
    let file = File::open(&path).unwrap();
    let found: Vec<_> =
        parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(file)
            .unwrap()
            .build()
            .unwrap()
            .map(Result::unwrap)
            .collect();
    let found = arrow::compute::concat_batches(&found[0].schema(), &found).unwrap();
    assert_eq!(found.column(0), rows.column(0));
    // The names of the items differ, and nothing else.
    let found = arrow::compute::cast(found.column(1), rows.column(1).data_type()).unwrap();
    assert_eq!(&found, rows.column(1));
}

#[test]
fn numbers_in_lists_are_differences() {
    let folder = Folder::new();
    folder.write("a.parquet", &[nested(3000)]).unwrap();
    let reader = opened(&folder, "a.parquet");
    let [id, number, text] = reader.metadata().row_group(0).columns() else {
        panic!("three columns");
    };
    let has = |column: &parquet::file::metadata::ColumnChunkMetaData, encoding| {
        column.encodings().any(|e| e == encoding)
    };
    assert!(has(number, Encoding::DELTA_BINARY_PACKED));
    assert!(number.dictionary_page_offset().is_none());
    assert_eq!(number.compression(), Compression::UNCOMPRESSED);
    assert!(!has(id, Encoding::DELTA_BINARY_PACKED));
    assert!(id.statistics().is_some() && number.statistics().is_none());
    assert!(text.dictionary_page_offset().is_some() && text.statistics().is_none());
}

#[test]
fn threads_do_not_change_the_bytes() {
    let folder = Folder::new();
    let rows = nested(3000);
    for threads in [1, 3] {
        let options = WriteOptions {
            threads,
            ..WriteOptions::default()
        };
        let path = folder.path(&format!("{threads}.parquet"));
        let mut writer =
            Writer::create(&path, Format::Parquet, rows.schema_ref(), &options).unwrap();
        writer.write(&rows).unwrap();
        writer.write(&rows).unwrap();
        writer.finish().unwrap();
    }
    assert_eq!(folder.bytes("1.parquet"), folder.bytes("3.parquet"));
}

#[test]
fn row_groups_are_bounded() {
    let folder = Folder::new();
    // Numbers that do not compress.
    let mut state = 1_u64;
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 1) as i64
    };
    let numbers: Vec<i64> = (0..400_000).map(|_| next()).collect();
    let rows = batch(vec![("n", Arc::new(Int64Array::from(numbers)))]);
    let path = folder.path("a.parquet");
    let options = WriteOptions {
        row_group_bytes: 500_000,
        ..WriteOptions::default()
    };
    let mut writer = Writer::create(&path, Format::Parquet, rows.schema_ref(), &options).unwrap();
    for start in (0..400_000).step_by(20_000) {
        writer.write(&rows.slice(start, 20_000)).unwrap();
    }
    writer.finish().unwrap();
    let reader = opened(&folder, "a.parquet");
    let sizes: Vec<_> = reader
        .metadata()
        .row_groups()
        .iter()
        .map(parquet::file::metadata::RowGroupMetaData::compressed_size)
        .collect();
    assert!(
        sizes.len() >= 5 && sizes.iter().all(|size| *size < 1_000_000),
        "{sizes:?}"
    );
    assert_eq!(
        arrow::compute::concat_batches(rows.schema_ref(), &folder.read("a.parquet")).unwrap(),
        rows
    );
}

/// An annotation column as the spark layout has it, built here field by field.
fn annotations() -> RecordBatch {
    let names = MapFieldNames {
        entry: "entries".into(),
        key: "keys".into(),
        value: "values".into(),
    };
    let mut metadata = MapBuilder::new(Some(names), StringBuilder::new(), StringBuilder::new());
    metadata.keys().append_value("sentence");
    metadata.values().append_value("0");
    metadata.append(true).unwrap();
    let metadata_type = metadata.finish_cloned().data_type().clone();
    let mut vector = ListBuilder::new(Float32Builder::new())
        .with_field(Field::new_list_field(DataType::Float32, false));
    vector.append_value([Some(0.5), Some(-1.0)]);
    let vector_type = vector.finish_cloned().data_type().clone();
    let fields = Fields::from(vec![
        Field::new("annotatorType", DataType::Utf8, true),
        Field::new("begin", DataType::Int32, false),
        Field::new("end", DataType::Int32, false),
        Field::new("result", DataType::Utf8, true),
        Field::new("metadata", metadata_type, true),
        Field::new("embeddings", vector_type, true),
    ]);
    let one = |value: i32| {
        let mut builder = Int32Builder::new();
        builder.append_value(value);
        Box::new(builder) as Box<dyn arrow::array::builder::ArrayBuilder>
    };
    let text = |value: &str| {
        let mut builder = StringBuilder::new();
        builder.append_value(value);
        Box::new(builder) as Box<dyn arrow::array::builder::ArrayBuilder>
    };
    let columns = vec![
        text("word_embeddings"),
        one(0),
        one(1),
        text("Hi"),
        Box::new(metadata) as _,
        Box::new(vector) as _,
    ];
    let mut annotation = StructBuilder::new(fields, columns);
    annotation.append(true);
    let mut list = ListBuilder::new(annotation);
    list.append(true);
    let list: ArrayRef = Arc::new(list.finish());
    let metadata = [
        ("annotatorType", "word_embeddings"),
        ("dimension", "32"),
        ("ref", "tiny_cased"),
        ("hearth.note", "x"),
    ];
    let field = Field::new("embeddings", list.data_type().clone(), true)
        .with_metadata(metadata.map(|(k, v)| (k.to_owned(), v.to_owned())).into());
    let text: ArrayRef = Arc::new(arrow::array::StringViewArray::from(vec!["Hi"]));
    let schema = Schema::new(vec![Field::new("text", DataType::Utf8View, true), field]);
    RecordBatch::try_new(Arc::new(schema), vec![text, list]).unwrap()
}

#[test]
fn the_spark_layout_is_spark_s_own() {
    let folder = Folder::new();
    folder.write("a.parquet", &[annotations()]).unwrap();
    let ours = opened(&folder, "a.parquet");
    let spark = SerializedFileReader::new(File::open(golden("annotations_spark.parquet")).unwrap())
        .unwrap();
    let printed = |reader: &SerializedFileReader<File>, column: &str| {
        let columns = reader
            .metadata()
            .file_metadata()
            .schema()
            .get_fields()
            .to_vec();
        let mut text = Vec::new();
        print_schema(
            &mut text,
            columns.iter().find(|c| c.name() == column).unwrap(),
        );
        String::from_utf8(text).unwrap()
    };
    assert_eq!(printed(&ours, "embeddings"), printed(&spark, "embeddings"));
    assert_eq!(printed(&ours, "text"), printed(&spark, "text"));

    let schema = |reader| -> Vec<Value> {
        let parsed: Value =
            serde_json::from_str(&footer_entry(reader, ROW_METADATA).unwrap()).unwrap();
        assert_eq!(parsed["type"], "struct");
        parsed["fields"].as_array().unwrap().clone()
    };
    let (ours_fields, spark_fields) = (schema(&ours), schema(&spark));
    for name in ["text", "embeddings"] {
        let of = |fields: &[Value]| fields.iter().find(|f| f["name"] == name).unwrap().clone();
        assert_eq!(of(&ours_fields), of(&spark_fields));
    }
    let vectors = ours.metadata().row_group(0);
    let vectors = vectors
        .columns()
        .iter()
        .find(|c| {
            c.column_path()
                .string()
                .ends_with("embeddings.list.element")
        })
        .unwrap();
    assert!(
        !vectors
            .encodings()
            .any(|e| e == Encoding::BYTE_STREAM_SPLIT)
    );
}

#[test]
fn column_metadata_of_spark_comes_back() {
    for name in ["annotations_spark.parquet", "annotations_pyarrow.parquet"] {
        let folder = Folder::new();
        std::fs::copy(golden(name), folder.path("a.parquet")).unwrap();
        let first = folder.read("a.parquet");
        let check = |rows: &RecordBatch| {
            let schema = rows.schema();
            assert!(schema.metadata().is_empty());
            for (column, annotator) in [
                ("document", "document"),
                ("sentence", "document"),
                ("token", "token"),
                ("embeddings", "word_embeddings"),
            ] {
                assert_eq!(
                    schema.field_with_name(column).unwrap().metadata()["annotatorType"],
                    annotator
                );
            }
            let metadata = schema
                .field_with_name("embeddings")
                .unwrap()
                .metadata()
                .clone();
            assert_eq!(
                (metadata["dimension"].as_str(), metadata["ref"].as_str()),
                ("32", "tiny_cased")
            );
            assert!(
                schema
                    .field_with_name("text")
                    .unwrap()
                    .metadata()
                    .is_empty()
            );
        };
        check(&first[0]);
        folder.write("b.parquet", &first).unwrap();
        let second = folder.read("b.parquet");
        check(&second[0]);
        let (first, second) = (&first[0], &second[0]);
        assert_eq!(first.num_rows(), second.num_rows());
        for (a, b) in first.columns().iter().zip(second.columns()) {
            assert_eq!(a, b, "{name}");
        }
    }
}

#[test]
fn a_row_per_batch() {
    let folder = Folder::new();
    let rows = batch(vec![(
        "n",
        Arc::new(Int64Array::from_iter_values(0..50)) as ArrayRef,
    )]);
    let singles: Vec<_> = (0..50).map(|n| rows.slice(n, 1)).collect();
    let written = folder.write("a.parquet", &singles).unwrap();
    assert_eq!(written.rows, 50);
    assert_eq!(written.bytes, folder.bytes("a.parquet").len() as u64);
    assert_eq!(folder.read("a.parquet"), [rows]);
}
