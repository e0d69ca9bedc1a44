use hearth_io::{ReadOptions, TxtMode};

use crate::folder::{Folder, batches, failure, some, strings};

#[test]
fn a_document_per_line() {
    let folder = Folder::new();
    let source = folder.put(
        "a.txt",
        "\u{feff}first line, long enough\r\n\nthird\nlast without end",
    );
    let options = ReadOptions {
        text_columns: vec!["body".to_owned()],
        ..ReadOptions::default()
    };
    let reader = source.open(&options).unwrap();
    assert_eq!(reader.schema().field(0).name(), "body");
    let found = strings(&batches(reader).unwrap(), 0);
    assert_eq!(
        found,
        some(&["first line, long enough", "", "third", "last without end"])
    );
}

#[test]
fn batches_are_cut_by_bytes_and_by_rows() {
    let folder = Folder::new();
    let long = "x".repeat(1000);
    let source = folder.put("a.txt", format!("a\nb\nc\n{long}\nd\ne\n"));
    let sizes = |batch_bytes, batch_rows| {
        let options = ReadOptions {
            batch_bytes,
            batch_rows,
            ..ReadOptions::default()
        };
        let found = batches(source.open(&options).unwrap()).unwrap();
        found
            .iter()
            .map(arrow::array::RecordBatch::num_rows)
            .collect::<Vec<_>>()
    };
    assert_eq!(sizes(100, 100), [4, 2]);
    assert_eq!(sizes(100, 2), [2, 2, 2]);
    assert_eq!(sizes(0, 0), [1; 6]);
}

#[test]
fn a_document_per_file() {
    let folder = Folder::new();
    let options = ReadOptions {
        txt: TxtMode::Whole,
        ..ReadOptions::default()
    };
    let source = folder.put("a.txt", "one\r\n\ntwo\n");
    let found = strings(&batches(source.open(&options).unwrap()).unwrap(), 0);
    assert_eq!(found, some(&["one\r\n\ntwo\n"]));
    let bad = folder.put("b.txt", b"one\ntwo\nth\xf6ee");
    assert!(
        folder
            .message(&failure(&bad, &options))
            .starts_with("b.txt, line 3: not valid UTF-8 (byte 0xf6)")
    );
}

#[test]
fn an_empty_file_has_no_documents() {
    let folder = Folder::new();
    let reader = folder
        .put("a.txt", "")
        .open(&ReadOptions::default())
        .unwrap();
    assert_eq!(reader.schema().field(0).name(), "text");
    assert!(batches(reader).unwrap().is_empty());
}

#[test]
fn what_is_not_utf8_is_named_by_line() {
    let folder = Folder::new();
    let source = folder.put("a.txt", b"fine\nna\xefve\n");
    assert_eq!(
        folder.message(&failure(&source, &ReadOptions::default())),
        "a.txt, line 2: not valid UTF-8 (byte 0xef); re-encode the file first, for instance: \
         iconv -f WINDOWS-1252 -t UTF-8"
    );
}

#[test]
fn the_position_ends_at_the_size() {
    let folder = Folder::new();
    let source = folder.put("a.txt", "some text\n".repeat(50_000));
    let mut reader = source.open(&ReadOptions::default()).unwrap();
    assert_eq!(reader.position(), 0);
    reader.next().unwrap().unwrap();
    let early = reader.position();
    assert!(early > 0 && early < 500_000, "{early}");
    assert_eq!(
        reader
            .by_ref()
            .map(|batch| batch.unwrap().num_rows())
            .sum::<usize>(),
        50_000 - 4096
    );
    assert_eq!(reader.position(), 500_000);
}
