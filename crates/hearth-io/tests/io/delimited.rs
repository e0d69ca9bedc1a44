use arrow::array::RecordBatch;
use arrow::datatypes::DataType;
use hearth_io::ReadOptions;

use crate::folder::{Folder, batches, failure, some, strings};

fn fails(name: &str, content: impl AsRef<[u8]>, expected: &str) {
    let folder = Folder::new();
    let source = folder.put(name, content);
    let error = failure(&source, &ReadOptions::default());
    assert_eq!(folder.message(&error), expected);
    assert!(!error.is_usage());
}

#[test]
fn every_column_is_a_string_and_empty_is_null() {
    let folder = Folder::new();
    folder.put(
        "a.csv",
        "\u{feff}id,text,\r\n007,\"one, \"\"two\"\"\nthree\",\r\n,,x\n",
    );
    let found = folder.read("a.csv");
    let fields = found[0].schema_ref().fields();
    assert_eq!(
        fields.iter().map(|f| f.name().as_str()).collect::<Vec<_>>(),
        ["id", "text", "_c2"]
    );
    assert!(
        fields
            .iter()
            .all(|f| f.data_type() == &DataType::Utf8View && f.is_nullable())
    );
    assert_eq!(strings(&found, 0), [Some("007".to_owned()), None]);
    assert_eq!(
        strings(&found, 1),
        [Some("one, \"two\"\nthree".to_owned()), None]
    );
    assert_eq!(strings(&found, 2), [None, Some("x".to_owned())]);
}

#[test]
fn tabs() {
    let folder = Folder::new();
    folder.put("a.tsv", "id\ttext\n1\ta, b\n");
    assert_eq!(strings(&folder.read("a.tsv"), 1), some(&["a, b"]));
}

#[test]
fn ten_thousand_columns() {
    let folder = Folder::new();
    let row = |prefix: &str| {
        (0..10_000)
            .map(|n| format!("{prefix}{n}"))
            .collect::<Vec<_>>()
            .join(",")
    };
    folder.put(
        "a.csv",
        format!("{}\n{}\n{}\n", row("c"), row("first value "), row("v")),
    );
    let found = folder.read("a.csv");
    assert_eq!(found[0].num_columns(), 10_000);
    assert_eq!(strings(&found, 9_999), some(&["first value 9999", "v9999"]));
}

#[test]
fn no_rows_and_no_header() {
    let folder = Folder::new();
    let reader = folder
        .put("a.csv", "id,text\n")
        .open(&ReadOptions::default())
        .unwrap();
    assert_eq!(reader.schema().fields().len(), 2);
    assert!(batches(reader).unwrap().is_empty());
    fails(
        "b.csv",
        "",
        "b.csv, line 1: the file is empty; the first line must name the columns",
    );
}

#[test]
fn batches_of_one_row() {
    let folder = Folder::new();
    let source = folder.put("a.csv", "text\none\ntwo\nthree\n");
    let options = ReadOptions {
        batch_rows: 1,
        ..ReadOptions::default()
    };
    let found = batches(source.open(&options).unwrap()).unwrap();
    assert_eq!(
        found.iter().map(RecordBatch::num_rows).collect::<Vec<_>>(),
        [1, 1, 1]
    );
    assert_eq!(strings(&found, 0), some(&["one", "two", "three"]));
}

#[test]
fn what_breaks_the_format_is_named_by_line() {
    fails(
        "a.csv",
        "id,text\n1,\"two\nlines\"\n2,a,b\n",
        "a.csv, line 4: 3 fields where the header has 2; a field that contains the separator, a quote or a line end \
         must be quoted",
    );
    fails(
        "a.csv",
        "id,id\n",
        "a.csv, line 1: the header names two columns \"id\"; rename one",
    );
    fails(
        "a.csv",
        "id\n\"1\n2\n",
        "a.csv, line 2: the quote opened here is never closed",
    );
    fails(
        "a.csv",
        b"id,text\n1,fine\n2,\"na\xefve\"\n",
        "a.csv, line 3, column \"text\": not valid UTF-8 (byte 0xef); re-encode the file first, for instance: \
         iconv -f WINDOWS-1252 -t UTF-8",
    );
    fails(
        "a.csv",
        b"id,t\xe9xt\n",
        "a.csv, line 1: not valid UTF-8 (byte 0xe9); re-encode the file first, for instance: \
         iconv -f WINDOWS-1252 -t UTF-8",
    );
}
