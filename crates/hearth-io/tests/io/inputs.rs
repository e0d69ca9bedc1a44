use std::sync::Arc;

use arrow::array::{Array, AsArray, Float64Array, Int64Array};
use arrow::datatypes::{DataType, Float64Type};
use hearth_io::{Inputs, ReadOptions, Source};

use crate::folder::{Folder, batch, batches};

fn open(sources: Vec<Source>) -> hearth_io::Result<Inputs> {
    Inputs::new(sources, ReadOptions::default())
}

#[test]
fn ndjson_files_tell_their_columns_together() {
    let folder = Folder::new();
    let a = folder.put("a.ndjson", "{\"text\": \"x\", \"n\": 1, \"label\": null}\n");
    let b = folder.put(
        "b.ndjson",
        "{\"n\": 1.5, \"text\": null, \"label\": \"good\", \"extra\": true}\n",
    );
    let c = folder.put("c.ndjson", "");
    let mut inputs = open(vec![a, b, c]).unwrap();
    let names: Vec<_> = inputs
        .schema()
        .fields()
        .iter()
        .map(|f| f.name().clone())
        .collect();
    assert_eq!(names, ["text", "n", "label", "extra"]);
    let schema = Arc::clone(inputs.schema());
    let first = batches(inputs.open(0).unwrap().unwrap()).unwrap();
    assert_eq!(first[0].schema(), schema);
    assert_eq!(
        first[0]
            .column(1)
            .as_primitive::<Float64Type>()
            .values()
            .as_ref(),
        [1.0]
    );
    assert!(first[0].column(3).is_null(0));
    let second = batches(inputs.open(1).unwrap().unwrap()).unwrap();
    assert_eq!(second[0].column(2).as_string_view().value(0), "good");
    assert!(
        batches(inputs.open(2).unwrap().unwrap())
            .unwrap()
            .is_empty()
    );
    assert!(inputs.open(3).is_none());
}

#[test]
fn kinds_that_differ_between_files_are_named() {
    let folder = Folder::new();
    let a = folder.put("a.ndjson", "{\"n\": 1}\n");
    let b = folder.put("b.ndjson", "{\"n\": 2}\n{\"n\": \"three\"}\n");
    let error = open(vec![a, b]).unwrap_err();
    assert_eq!(
        folder.message(&error),
        "b.ndjson, line 2: column \"n\" holds a string, but a number on line 1 of a.ndjson; \
         one column must be of one kind"
    );
}

#[test]
fn formats_may_be_mixed() {
    let folder = Folder::new();
    let sources = vec![
        folder.put("a.txt", "one\ntwo\n"),
        folder.put("b.csv", "text\nthree\n"),
        folder.put("c.ndjson", "{\"text\": \"four\"}\n"),
    ];
    assert_eq!(
        open(sources).unwrap().schema().field(0).data_type(),
        &DataType::Utf8View
    );
}

#[test]
fn the_first_column_that_differs_is_named() {
    let folder = Folder::new();
    let check = |second: (&str, &str), difference: &str| {
        let a = folder.put("a.csv", "id,text\n");
        let b = folder.put(second.0, second.1);
        let error = open(vec![a, b]).unwrap_err();
        let expected = format!(
            "a.csv and {} have different columns: {difference}; process them in separate runs",
            second.0
        );
        assert_eq!(folder.message(&error), expected);
        assert!(error.is_usage());
    };
    check(("b.csv", "id,body\n"), "column 2 is \"text\" and \"body\"");
    check(("b.csv", "id\n"), "column \"text\" is only in the first");
    check(
        ("b.csv", "id,text,lang\n"),
        "column \"lang\" is only in the second",
    );
    check(
        ("b.ndjson", "{\"id\": 1, \"text\": \"x\"}\n"),
        "column \"id\" is of type Utf8View and Int64",
    );
}

#[test]
fn a_column_may_be_null_if_it_may_be_in_one_file() {
    let folder = Folder::new();
    let required = batch(vec![("n", Arc::new(Int64Array::from(vec![1])))]);
    let field = required.schema().field(0).clone().with_nullable(false);
    let schema = Arc::new(arrow::datatypes::Schema::new(vec![field]));
    let required = required.with_schema(Arc::clone(&schema));
    let required = required.unwrap_or_else(|_| {
        arrow::array::RecordBatch::try_new(schema, vec![Arc::new(Int64Array::from(vec![1]))])
            .unwrap()
    });
    folder.write("a.parquet", &[required]).unwrap();
    folder
        .write(
            "b.parquet",
            &[batch(vec![(
                "n",
                Arc::new(Int64Array::from(vec![None, Some(2)])),
            )])],
        )
        .unwrap();
    let mut inputs = open(vec![folder.source("a.parquet"), folder.source("b.parquet")]).unwrap();
    assert!(inputs.schema().field(0).is_nullable());
    let first = batches(inputs.open(0).unwrap().unwrap()).unwrap();
    assert_eq!(first[0].schema(), *inputs.schema());

    folder
        .write(
            "c.parquet",
            &[batch(vec![("n", Arc::new(Float64Array::from(vec![1.0])))])],
        )
        .unwrap();
    let error = open(vec![folder.source("a.parquet"), folder.source("c.parquet")]).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("column \"n\" is of type Int64 and Float64"),
        "{error}"
    );
}
