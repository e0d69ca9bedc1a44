use std::fs;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, Int64Array, ListArray, RecordBatch, StringArray, StringDictionaryBuilder,
};
use arrow::datatypes::{Int32Type, Schema};
use hearth_io::{Error, Format, Output, WriteOptions, Writer};

use crate::folder::{Folder, batch};

fn rows() -> RecordBatch {
    let ids: ArrayRef = Arc::new(Int64Array::from(vec![Some(1), None, Some(3)]));
    let texts: ArrayRef = Arc::new(StringArray::from(vec![Some("a, \"b\""), Some(""), None]));
    batch(vec![("id", ids), ("text", texts)])
}

#[test]
fn a_name_says_what_is_meant() {
    let file = |name: &str, format| Output::File {
        path: name.into(),
        format,
    };
    assert_eq!(Output::parse("-").unwrap(), Output::Stdout);
    assert_eq!(
        Output::parse("x/y.parquet").unwrap(),
        file("x/y.parquet", Format::Parquet)
    );
    assert_eq!(
        Output::parse("y.jsonl").unwrap(),
        file("y.jsonl", Format::Ndjson)
    );
    assert_eq!(
        Output::parse("y.arrow").unwrap(),
        file("y.arrow", Format::Arrow)
    );
    assert_eq!(Output::parse("y.csv").unwrap(), file("y.csv", Format::Csv));
    assert_eq!(
        Output::parse("out").unwrap(),
        Output::Directory("out".into())
    );
    assert_eq!(
        Output::parse("out.v2").unwrap(),
        Output::Directory("out.v2".into())
    );
    let error = Output::parse("out.txt").unwrap_err();
    assert_eq!(
        error.to_string(),
        "out.txt: text cannot be written; use .parquet .arrow .ndjson .jsonl .csv, or a name without extension for \
         a directory of Parquet files"
    );
    assert!(error.is_usage());

    let folder = Folder::new();
    fs::create_dir(folder.path("dir.parquet")).unwrap();
    folder.put("file", "");
    assert!(
        Output::parse(&folder.input("dir.parquet"))
            .unwrap_err()
            .to_string()
            .contains("is a directory")
    );
    assert!(
        Output::parse(&folder.input("file"))
            .unwrap_err()
            .to_string()
            .contains("is a file")
    );
}

#[test]
fn a_directory_mirrors_its_inputs() {
    let folder = Folder::new();
    for name in ["in/a.csv", "in/day=1/b.ndjson", "in/c.v1.txt"] {
        folder.put(name, "");
    }
    let sources = hearth_io::discover(&[folder.input("in")]).unwrap().sources;
    let output = Output::parse("out").unwrap();
    let expected = ["out/a.parquet", "out/c.v1.parquet", "out/day=1/b.parquet"].map(Path::new);
    assert_eq!(output.files(&sources).unwrap(), expected);

    folder.put("in/a.tsv", "");
    let sources = hearth_io::discover(&[folder.input("in")]).unwrap().sources;
    let error = output.files(&sources).unwrap_err();
    assert_eq!(
        folder.message(&error),
        "in/a.csv and in/a.tsv would both be written to out/a.parquet; give the output a file name to join them, or \
         process them in separate runs"
    );
    assert!(error.is_usage());
}

#[test]
fn nothing_is_replaced_unasked() {
    let folder = Folder::new();
    let source = folder.put("a.csv", "text\n");
    folder.put("out/a.parquet", "precious");
    let output = Output::parse(&folder.input("out")).unwrap();
    let error = output
        .refuse_existing(std::slice::from_ref(&source))
        .unwrap_err();
    assert_eq!(
        folder.message(&error),
        "out/a.parquet: exists already; pass --overwrite to replace it"
    );
    assert!(error.is_usage());
    let single = Output::parse(&folder.input("out/a.parquet")).unwrap();
    assert!(matches!(
        single.refuse_existing(&[]),
        Err(Error::OutputExists { .. })
    ));
    Output::parse(&folder.input("new"))
        .unwrap()
        .refuse_existing(&[source])
        .unwrap();

    let error = folder.write("out/a.parquet", &[rows()]).unwrap_err();
    assert!(matches!(error, Error::OutputExists { .. }));
    assert_eq!(folder.text("out/a.parquet"), "precious");

    let options = WriteOptions {
        overwrite: true,
        ..WriteOptions::default()
    };
    let path = folder.path("out/a.parquet");
    let mut writer = Writer::create(&path, Format::Parquet, rows().schema_ref(), &options).unwrap();
    writer.write(&rows()).unwrap();
    assert_eq!(folder.text("out/a.parquet"), "precious");
    writer.finish().unwrap();
    assert_eq!(folder.read("out/a.parquet")[0].num_rows(), 3);
}

#[test]
fn a_file_that_came_into_being_meanwhile_is_kept() {
    let folder = Folder::new();
    let path = folder.path("a.ndjson");
    let writer = Writer::create(
        &path,
        Format::Ndjson,
        rows().schema_ref(),
        &WriteOptions::default(),
    )
    .unwrap();
    fs::write(&path, "theirs").unwrap();
    assert!(matches!(writer.finish(), Err(Error::OutputExists { .. })));
    assert_eq!(folder.text("a.ndjson"), "theirs");
    assert_eq!(folder.names(), ["a.ndjson"]);
}

#[test]
fn an_unfinished_file_leaves_nothing() {
    for name in ["a.parquet", "a.arrow", "a.ndjson", "a.csv"] {
        let folder = Folder::new();
        let path = folder.path(name);
        let format = Format::of(&path).unwrap();
        let mut writer =
            Writer::create(&path, format, rows().schema_ref(), &WriteOptions::default()).unwrap();
        writer.write(&rows()).unwrap();
        let names = folder.names();
        let temporary = format!(".{name}.{}.tmp", std::process::id());
        assert_eq!(names, [temporary]);
        let other = batch(vec![("id", Arc::new(StringArray::from(vec!["x"])))]);
        let error = writer.write(&other).unwrap_err();
        assert!(!error.is_usage());
        assert!(
            folder
                .message(&error)
                .starts_with(&format!("{name}: cannot write as ")),
            "{error}"
        );
        drop(writer);
        assert!(folder.names().is_empty(), "{name}");
    }
}

#[test]
fn temporary_names_do_not_meet() {
    let folder = Folder::new();
    let name = format!("{}.ndjson", "n".repeat(240));
    let options = WriteOptions {
        overwrite: true,
        ..WriteOptions::default()
    };
    let path = folder.path(&name);
    let first = Writer::create(&path, Format::Ndjson, rows().schema_ref(), &options).unwrap();
    let second = Writer::create(&path, Format::Ndjson, rows().schema_ref(), &options).unwrap();
    assert_eq!(folder.names().len(), 2);
    first.finish().unwrap();
    second.finish().unwrap();
    assert_eq!(folder.names(), [name]);
}

#[test]
fn parents_are_made_and_refusals_name_the_path() {
    let folder = Folder::new();
    folder.write("deep/er/a.csv", &[rows()]).unwrap();
    folder.put("file", "");
    let error = folder.write("file/a.csv", &[rows()]).unwrap_err();
    assert_eq!(folder.message(&error), "file: cannot create the directory");
    assert!(std::error::Error::source(&error).is_some() && !error.is_usage());
    if Path::new("/dev/full").exists() {
        let mut writer = Writer::ndjson(
            fs::File::options().write(true).open("/dev/full").unwrap(),
            rows().schema_ref(),
        )
        .unwrap();
        let error = writer
            .write(&rows())
            .and_then(|()| writer.finish())
            .unwrap_err();
        assert_eq!(error.to_string(), "-: cannot write");
    }
}

#[test]
fn csv_of_flat_columns() {
    let folder = Folder::new();
    let mut words = StringDictionaryBuilder::<Int32Type>::new();
    words.extend([Some("x"), None, Some("y\nz")]);
    let floats: ArrayRef = Arc::new(arrow::array::Float32Array::from(vec![0.1, 1e10, 2.0]));
    let mut columns: Vec<(&str, ArrayRef)> =
        vec![("word", Arc::new(words.finish())), ("f", floats)];
    let rows = rows();
    columns.extend([
        ("id", Arc::clone(rows.column(0))),
        ("a, b", Arc::clone(rows.column(1))),
    ]);
    let written = folder.write("a.csv", &[batch(columns)]).unwrap();
    let expected =
        "word,f,id,\"a, b\"\nx,0.1,1,\"a, \"\"b\"\"\"\n,10000000000.0,,\n\"y\nz\",2.0,3,\n";
    assert_eq!(folder.text("a.csv"), expected);
    assert_eq!((written.rows, written.bytes), (3, expected.len() as u64));

    folder
        .write(
            "b.csv",
            &[batch(vec![(
                "t",
                Arc::new(StringArray::from(vec![Some("x"), None])),
            )])],
        )
        .unwrap();
    assert_eq!(folder.text("b.csv"), "t\nx\n\"\"\n");
    assert_eq!(folder.read("b.csv")[0].num_rows(), 2);

    let nested = ListArray::from_iter_primitive::<Int32Type, _, _>([Some([Some(1)])]);
    let error = folder
        .write("c.csv", &[batch(vec![("list", Arc::new(nested))])])
        .unwrap_err();
    assert_eq!(
        folder.message(&error),
        "c.csv: CSV cannot hold column \"list\" of type List(Int32); leave the column out, or write .parquet, \
         .arrow or .ndjson"
    );
    assert!(error.is_usage());
    assert!(!folder.path("c.csv").exists());
}

#[test]
fn no_rows_still_make_a_file() {
    for name in ["a.parquet", "a.arrow", "a.csv", "a.ndjson"] {
        let folder = Folder::new();
        let path = folder.path(name);
        let format = Format::of(&path).unwrap();
        let writer =
            Writer::create(&path, format, rows().schema_ref(), &WriteOptions::default()).unwrap();
        let written = writer.finish().unwrap();
        assert_eq!(written.rows, 0);
        assert!(folder.read(name).is_empty());
        if format != Format::Ndjson {
            let schema = folder
                .source(name)
                .open(&hearth_io::ReadOptions::default())
                .unwrap()
                .schema()
                .clone();
            let names: Vec<_> = schema.fields().iter().map(|f| f.name().clone()).collect();
            assert_eq!(names, ["id", "text"]);
        }
    }
}

#[test]
fn the_same_rows_give_the_same_bytes() {
    let metadata = [
        ("annotatorType", "token"),
        ("dimension", "3"),
        ("ref", "m"),
        ("hearth.x", "y"),
    ];
    let metadata = metadata.map(|(k, v)| (k.to_owned(), v.to_owned()));
    let rows = rows();
    let fields: Vec<_> = rows
        .schema()
        .fields()
        .iter()
        .map(|f| f.as_ref().clone().with_metadata(metadata.clone().into()))
        .collect();
    let rows =
        RecordBatch::try_new(Arc::new(Schema::new(fields)), rows.columns().to_vec()).unwrap();
    for name in ["a.parquet", "a.arrow", "a.ndjson", "a.csv"] {
        let (one, other) = (Folder::new(), Folder::new());
        one.write(name, &[rows.clone(), rows.clone()]).unwrap();
        other.write(name, &[rows.clone(), rows.clone()]).unwrap();
        assert_eq!(one.bytes(name), other.bytes(name), "{name}");
    }
}
