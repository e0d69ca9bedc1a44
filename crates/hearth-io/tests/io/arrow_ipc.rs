use std::fs::File;
use std::sync::Arc;

use arrow::array::builder::{ListBuilder, StringDictionaryBuilder, StringViewBuilder};
use arrow::array::{Array, ArrayRef, AsArray, LargeStringArray, RecordBatch, StringViewArray};
use arrow::datatypes::{DataType, Int8Type};
use arrow::ipc::CompressionType;
use arrow::ipc::writer::{FileWriter, IpcWriteOptions, StreamWriter};
use hearth_io::{ReadOptions, Writer};

use crate::folder::{Folder, batch, batches, failure};

fn rows(words: &[&str]) -> RecordBatch {
    let mut dictionary = StringDictionaryBuilder::<Int8Type>::new();
    words.iter().for_each(|word| dictionary.append_value(word));
    let large: ArrayRef = Arc::new(LargeStringArray::from(words.to_vec()));
    batch(vec![
        ("large", large),
        ("dictionary", Arc::new(dictionary.finish())),
    ])
}

#[test]
fn both_forms_compressed_or_not() {
    let folder = Folder::new();
    let rows = rows(&["one", "two", "one"]);
    for compression in [
        None,
        Some(CompressionType::ZSTD),
        Some(CompressionType::LZ4_FRAME),
    ] {
        let options = IpcWriteOptions::default()
            .try_with_compression(compression)
            .unwrap();
        let file = File::create(folder.path("file.arrow")).unwrap();
        let mut writer =
            FileWriter::try_new_with_options(file, rows.schema_ref(), options.clone()).unwrap();
        writer.write(&rows).unwrap();
        writer.finish().unwrap();
        let file = File::create(folder.path("stream.arrow")).unwrap();
        let mut writer =
            StreamWriter::try_new_with_options(file, rows.schema_ref(), options).unwrap();
        writer.write(&rows).unwrap();
        writer.finish().unwrap();
        assert_eq!(folder.read("file.arrow"), std::slice::from_ref(&rows));
        assert_eq!(folder.read("stream.arrow"), std::slice::from_ref(&rows));
    }
}

#[test]
fn large_messages_are_cut() {
    let folder = Folder::new();
    let rows = rows(&["some words"; 1000]);
    let file = File::create(folder.path("a.arrow")).unwrap();
    let mut writer = FileWriter::try_new(file, rows.schema_ref()).unwrap();
    writer.write(&rows).unwrap();
    writer.finish().unwrap();
    let source = folder.source("a.arrow");
    let sizes = |options: ReadOptions| {
        let found = batches(source.open(&options).unwrap()).unwrap();
        found.iter().map(RecordBatch::num_rows).collect::<Vec<_>>()
    };
    assert_eq!(
        sizes(ReadOptions {
            batch_rows: 400,
            ..ReadOptions::default()
        }),
        [400, 400, 200]
    );
    assert_eq!(
        sizes(ReadOptions {
            batch_bytes: 1,
            ..ReadOptions::default()
        }),
        [1; 1000]
    );
}

#[test]
fn views_hold_their_own_rows_only() {
    let folder = Folder::new();
    let long = "a text that is far too long to be kept inside a view ".repeat(2000);
    let mut views = StringViewBuilder::new();
    let block = views.append_block(long.into_bytes().into());
    for n in 0..4 {
        views.try_append_view(block, n, 20).unwrap();
    }
    let views = views.finish();
    let mut lists = ListBuilder::new(StringViewBuilder::new());
    lists.append_value(views.iter());
    lists.append_value([Some("another string of some length")]);
    lists.append_null();
    let lists = lists.finish();
    let outer: ArrayRef = Arc::new(views.slice(0, 2));
    let written = folder
        .write(
            "a.arrow",
            &[batch(vec![
                ("v", outer),
                ("l", Arc::new(lists.slice(1, 2))),
            ])],
        )
        .unwrap();
    assert!(written.bytes < 4000, "{}", written.bytes);
    let found = folder.read("a.arrow");
    let strings: Vec<_> = found[0]
        .column(0)
        .as_string_view()
        .iter()
        .flatten()
        .collect();
    assert_eq!(strings, ["a text that is far t", " text that is far to"]);
    let list = found[0].column(1).as_list::<i32>();
    assert_eq!(
        list.value(0).as_string_view().value(0),
        "another string of some length"
    );
    assert!(list.is_null(1));
}

#[test]
fn dictionaries_that_differ_between_batches_are_written_plain() {
    let folder = Folder::new();
    folder
        .write("a.arrow", &[rows(&["a", "b"]), rows(&["c"])])
        .unwrap();
    let found = folder.read("a.arrow");
    assert_eq!(found[0].column(1).data_type(), &DataType::Utf8);
    assert_eq!(found[1].column(1).as_string::<i32>().value(0), "c");
}

#[test]
fn a_damaged_file_is_refused() {
    let folder = Folder::new();
    let text: ArrayRef = Arc::new(StringViewArray::from(vec!["some text"; 100]));
    folder
        .write("a.arrow", &[batch(vec![("text", text)])])
        .unwrap();
    let whole = folder.bytes("a.arrow");
    for content in [
        &whole[..whole.len() - 9],
        &whole[..20],
        b"not an Arrow file at all",
        b"",
    ] {
        let source = folder.put("b.arrow", content);
        let error = failure(&source, &ReadOptions::default());
        assert_eq!(
            folder.message(&error),
            "b.arrow: not a readable Arrow IPC file or stream"
        );
        assert!(std::error::Error::source(&error).is_some() && !error.is_usage());
    }
}

#[test]
fn no_changed_byte_ends_the_process() {
    let folder = Folder::new();
    let rows = rows(&["one", "two", "three"]);
    for compression in [None, Some(CompressionType::ZSTD)] {
        let options = IpcWriteOptions::default()
            .try_with_compression(compression)
            .unwrap();
        let mut file =
            FileWriter::try_new_with_options(Vec::new(), rows.schema_ref(), options.clone())
                .unwrap();
        file.write(&rows).unwrap();
        let mut stream =
            StreamWriter::try_new_with_options(Vec::new(), rows.schema_ref(), options).unwrap();
        stream.write(&rows).unwrap();
        for whole in [file.into_inner().unwrap(), stream.into_inner().unwrap()] {
            for at in (0..whole.len()).step_by(5) {
                let mut damaged = whole.clone();
                damaged[at] ^= 0x55;
                let source = folder.put("b.arrow", damaged);
                if let Ok(reader) = source.open(&ReadOptions::default()) {
                    let _ = batches(reader);
                }
            }
        }
    }
}

#[test]
fn a_union_is_refused() {
    let fields = arrow::datatypes::UnionFields::empty();
    let union = DataType::Union(fields, arrow::datatypes::UnionMode::Dense);
    let schema = Arc::new(arrow::datatypes::Schema::new(vec![
        arrow::datatypes::Field::new("u", union, true),
    ]));
    let folder = Folder::new();
    for name in ["a.parquet", "a.arrow", "a.ndjson", "a.csv"] {
        let path = folder.path(name);
        let format = hearth_io::Format::of(&path).unwrap();
        let error = Writer::create(&path, format, &schema, &Default::default()).unwrap_err();
        assert!(
            error.is_usage() && error.to_string().contains("cannot hold column \"u\""),
            "{error}"
        );
    }
    assert!(folder.names().is_empty());
}
