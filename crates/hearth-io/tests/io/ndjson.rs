use std::io::Write;
use std::sync::{Arc, Mutex};

use arrow::array::{Array, ArrayRef, AsArray, BinaryArray, RecordBatch, StringArray};
use arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Field, Float16Type, Float32Type, Float64Type, Int32Type,
    Int64Type, TimestampMicrosecondType, UInt64Type,
};
use hearth_io::{ReadOptions, Writer};

use crate::folder::{Folder, batch, batches, failure, some, strings};

fn read(content: &str, options: &ReadOptions) -> RecordBatch {
    let folder = Folder::new();
    let source = folder.put("a.ndjson", content);
    let found = batches(source.open(options).unwrap()).unwrap();
    assert_eq!(found.len(), 1);
    found[0].clone()
}

fn fails(content: impl AsRef<[u8]>, expected: &str) {
    let folder = Folder::new();
    let error = failure(&folder.put("a.ndjson", content), &ReadOptions::default());
    assert_eq!(folder.message(&error), expected);
    assert!(!error.is_usage());
}

/// What is read is written again as the same text.
fn round_trip(content: &str, options: &ReadOptions) {
    let batch = read(content, options);
    assert_eq!(printed(&batch), content);
}

#[derive(Clone, Default)]
struct Stream(Arc<Mutex<Vec<u8>>>);

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn printed(batch: &RecordBatch) -> String {
    let stream = Stream::default();
    let mut writer = Writer::ndjson(stream.clone(), batch.schema_ref()).unwrap();
    writer.write(batch).unwrap();
    writer.finish().unwrap();
    String::from_utf8(stream.0.lock().unwrap().clone()).unwrap()
}

#[test]
fn each_kind_has_its_type() {
    let batch = read(
        "{\"text\": \"a\", \"i\": 1, \"f\": 1, \"b\": true, \"n\": null, \"big\": 18446744073709551615}\n\
         \n\
         {\"f\": 2.5, \"late\": [[1], null, []], \"o\": {\"x\": 1, \"y\": \"z\"}, \"m\": {\"k\": \"v\"}, \"e\": []}\r\n\
         {\"o\": {\"y\": null}, \"m\": {\"l\": null}, \"i\": -2}",
        &ReadOptions::default(),
    );
    let list = |element| DataType::List(Arc::new(Field::new("element", element, true)));
    let types: Vec<_> = batch
        .schema()
        .fields()
        .iter()
        .map(|f| f.data_type().clone())
        .collect();
    let fields = vec![
        Field::new("x", DataType::Int64, true),
        Field::new("y", DataType::Utf8, true),
    ];
    assert_eq!(
        types[..8],
        [
            DataType::Utf8View,
            DataType::Int64,
            DataType::Float64,
            DataType::Boolean,
            DataType::Utf8View,
            DataType::UInt64,
            list(list(DataType::Int64)),
            DataType::Struct(fields.into()),
        ]
    );
    assert!(matches!(types[8], DataType::Map(..)));
    assert_eq!(types[9], list(DataType::Utf8));
    assert_eq!(batch.num_rows(), 3);
    let integers: Vec<_> = batch.column(1).as_primitive::<Int64Type>().iter().collect();
    assert_eq!(integers, [Some(1), None, Some(-2)]);
    let floats: Vec<_> = batch
        .column(2)
        .as_primitive::<Float64Type>()
        .iter()
        .collect();
    assert_eq!(floats, [Some(1.0), Some(2.5), None]);
    assert_eq!(
        batch.column(5).as_primitive::<UInt64Type>().value(0),
        u64::MAX
    );
    let map = batch.column(8).as_map();
    assert!(map.is_null(0));
    assert_eq!(map.value(1).column(0).as_string::<i32>().value(0), "k");
    assert_eq!(
        (map.value_length(2), map.value(2).column(1).is_null(0)),
        (1, true)
    );
}

#[test]
fn a_text_column_takes_any_scalar() {
    let batch = read(
        "{\"text\": 5}\n{\"text\": 1.50}\n{\"text\": true}\n{\"text\": \"x\"}\n{\"text\": null}\n{\"text\": 1e10}\n",
        &ReadOptions::default(),
    );
    let mut expected = some(&["5", "1.5", "true", "x", "", "1.0E10"]);
    expected[4] = None;
    assert_eq!(strings(&[batch], 0), expected);
}

#[test]
fn a_text_column_of_nulls_or_lists() {
    let batch = read(
        "{\"text\": null}\n{\"text\": null}\n",
        &ReadOptions::default(),
    );
    assert_eq!(strings(&[batch], 0), [None, None]);
    let batch = read(
        "{\"text\": [\"a\", 1, null]}\n{\"text\": null}\n",
        &ReadOptions::default(),
    );
    let list = batch.column(0).as_list::<i32>();
    let values: Vec<_> = list
        .value(0)
        .as_string::<i32>()
        .iter()
        .map(|s| s.map(str::to_owned))
        .collect();
    assert_eq!(values, [Some("a".to_owned()), Some("1".to_owned()), None]);
    assert!(list.is_null(1));
}

#[test]
fn a_map_column_keeps_what_each_row_has() {
    let options = ReadOptions {
        map_columns: vec!["meta".to_owned()],
        ..ReadOptions::default()
    };
    let batch = read(
        "{\"meta\": {\"b\": \"x\", \"a\": 1}}\n{\"meta\": {}}\n{\"meta\": null}\n{\"meta\": {\"c\": null, \"d\": 0.5}}\n",
        &options,
    );
    assert_eq!(
        printed(&batch),
        "{\"meta\":{\"b\":\"x\",\"a\":\"1\"}}\n{\"meta\":{}}\n{\"meta\":null}\n{\"meta\":{\"c\":null,\"d\":\"0.5\"}}\n"
    );
}

#[test]
fn annotations_come_back_as_they_were_written() {
    let content = "{\"text\":\"Hi\",\"token\":[{\"annotatorType\":\"token\",\"begin\":0,\"end\":1,\"result\":\"Hi\",\
                   \"metadata\":{\"sentence\":\"0\",\"x\":null},\"embeddings\":[0.1,-1.5e-7,3.0]}]}\n\
                   {\"text\":null,\"token\":[]}\n\
                   {\"text\":\"\",\"token\":[{\"annotatorType\":\"token\",\"begin\":-1,\"end\":0,\"result\":\"\",\
                   \"metadata\":{},\"embeddings\":[]}]}\n";
    round_trip(content, &ReadOptions::default());
    let batch = read(content, &ReadOptions::default());
    let field = batch.schema().field(1).clone();
    assert_eq!(field.metadata()["annotatorType"], "token");
    let annotations = batch
        .column(1)
        .as_list::<i32>()
        .values()
        .as_struct()
        .clone();
    assert_eq!(
        annotations
            .column(1)
            .as_primitive::<Int32Type>()
            .values()
            .as_ref(),
        [0, -1]
    );
    let DataType::Struct(fields) = annotations.data_type() else {
        panic!("{field}")
    };
    assert!(!fields[1].is_nullable() && !fields[2].is_nullable() && fields[0].is_nullable());
    let vectors = annotations.column(5).as_list::<i32>();
    assert_eq!(
        vectors
            .value(0)
            .as_primitive::<Float32Type>()
            .values()
            .as_ref(),
        [0.1, -1.5e-7, 3.0]
    );
}

#[test]
fn decimals_are_rounded_once() {
    // By way of f64 this decimal would become the middle between two f32 and then the even one.
    let line = "{\"a\":[{\"annotatorType\":\"t\",\"begin\":0,\"end\":0,\"result\":\"\",\"metadata\":{},\
                \"embeddings\":[1.00000017881393432617187499]}]}";
    let batch = read(line, &ReadOptions::default());
    let annotations = batch
        .column(0)
        .as_list::<i32>()
        .values()
        .as_struct()
        .clone();
    let vector = annotations.column(5).as_list::<i32>().value(0);
    assert_eq!(
        vector.as_primitive::<Float32Type>().value(0).to_bits(),
        0x3f80_0001
    );
}

#[test]
fn annotations_of_several_types_and_other_shapes() {
    let one = |kind: &str| {
        format!(
            "{{\"annotatorType\":\"{kind}\",\"begin\":0,\"end\":0,\"result\":\"\",\"metadata\":{{}},\"embeddings\":[]}}"
        )
    };
    let batch = read(
        &format!("{{\"a\":[{},{}]}}", one("token"), one("chunk")),
        &ReadOptions::default(),
    );
    assert!(batch.schema().field(0).metadata().is_empty());
    assert!(
        batch
            .column(0)
            .as_list::<i32>()
            .values()
            .as_struct()
            .column_by_name("embeddings")
            .is_some()
    );
    round_trip(
        "{\"a\":[{\"annotatorType\":\"token\",\"begin\":1,\"other\":2}],\"finished\":[{\"_1\":\"k\",\"_2\":\"v\"}]}\n",
        &ReadOptions::default(),
    );
}

#[test]
fn a_blank_file_has_the_text_column() {
    let folder = Folder::new();
    for content in ["", "\n \r\n\n"] {
        let reader = folder
            .put("a.ndjson", content)
            .open(&ReadOptions::default())
            .unwrap();
        assert_eq!(reader.schema().fields().len(), 1);
        assert_eq!(reader.schema().field(0).name(), "text");
        assert!(batches(reader).unwrap().is_empty());
    }
}

#[test]
fn a_byte_order_mark_and_small_batches() {
    let folder = Folder::new();
    let source = folder.put(
        "a.jsonl",
        "\u{feff}{\"text\": \"one\"}\n{\"text\": \"two\"}\n",
    );
    let options = ReadOptions {
        batch_bytes: 1,
        ..ReadOptions::default()
    };
    let found = batches(source.open(&options).unwrap()).unwrap();
    assert_eq!(found.len(), 2);
    assert_eq!(strings(&found, 0), some(&["one", "two"]));
}

#[test]
fn ten_thousand_keys() {
    let row: Vec<_> = (0..10_000)
        .map(|n| format!("\"c{n}\": \"value number {n}\""))
        .collect();
    let batch = read(
        &format!("{{{0}}}\n{{{0}}}\n", row.join(",")),
        &ReadOptions::default(),
    );
    assert_eq!(batch.num_columns(), 10_000);
    assert_eq!(
        strings(&[batch], 9_999),
        some(&["value number 9999", "value number 9999"])
    );
}

#[test]
fn what_does_not_fit_is_named_by_line_and_column() {
    fails(
        "{\"n\": 1}\n\n{\"n\": [1]}\n",
        "a.ndjson, line 3: column \"n\" holds a list, but a number on line 1; one column must be of one kind",
    );
    fails(
        "{\"a\": {\"b\": [true, 1]}}\n",
        "a.ndjson, line 1: column \"a.b[]\" holds a number, but a boolean on line 1; one column must be of one kind",
    );
    fails(
        "{\"text\": \"x\"}\n{\"text\": {\"a\": 1}}\n",
        "a.ndjson, line 2: column \"text\" holds an object, but a string on line 1; one column must be of one kind",
    );
    fails(
        "{\"a\": 1}\n{\"a\": 1\n",
        "a.ndjson, line 2: not valid JSON at byte 7: EOF while parsing an object",
    );
    fails(
        "{\"a\": 1} 2\n",
        "a.ndjson, line 1: not valid JSON at byte 10: trailing characters",
    );
    fails(
        "[1]\n",
        "a.ndjson, line 1: invalid type: sequence, expected a JSON object per line",
    );
    fails(
        "{\"a\": 1, \"a\": 2}\n",
        "a.ndjson, line 1, column \"a\": the key occurs twice in one object",
    );
    fails(
        b"{\"a\": \"x\"}\n{\"a\": \"\xe9\"}\n",
        "a.ndjson, line 2: not valid UTF-8 (byte 0xe9); re-encode the file first, for instance: \
         iconv -f WINDOWS-1252 -t UTF-8",
    );
    fails(
        "{\"a\": \"x\"}\n{\"a\": \"\\ud83d x\"}\n",
        "a.ndjson, line 2: not valid JSON at byte 14: unexpected end of hex escape",
    );
    fails(
        "{\"a\": [{\"annotatorType\":\"t\",\"begin\":0,\"end\":3000000000,\"result\":\"\"}]}\n",
        "a.ndjson, line 1, column \"a\": invalid value: integer `3000000000`, expected an integer of 32 bits",
    );
}

#[test]
fn numbers_are_written_in_the_shortest_digits() {
    let singles = vec![
        0.1,
        1.0,
        -0.0,
        f32::MIN_POSITIVE,
        3.4028235e38,
        16777216.0,
        f32::NAN,
        f32::INFINITY,
    ];
    let doubles = vec![
        0.1,
        1e21,
        5e-324,
        f64::NEG_INFINITY,
        0.30000000000000004,
        2.0,
        1.5,
        1e-7,
    ];
    let integers = vec![i64::MIN, i64::MAX, 0, 1, 2, 3, 4, 5];
    let batch = batch(vec![
        (
            "f",
            Arc::new(arrow::array::Float32Array::from(singles.clone())),
        ),
        ("d", Arc::new(arrow::array::Float64Array::from(doubles))),
        ("i", Arc::new(arrow::array::Int64Array::from(integers))),
    ]);
    let text = printed(&batch);
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines[0], "{\"f\":0.1,\"d\":0.1,\"i\":-9223372036854775808}");
    assert_eq!(
        lines[1],
        "{\"f\":1.0,\"d\":1e+21,\"i\":9223372036854775807}"
    );
    assert_eq!(lines[3], "{\"f\":1.1754944e-38,\"d\":null,\"i\":1}");
    assert_eq!(
        lines[4],
        "{\"f\":3.4028235e+38,\"d\":0.30000000000000004,\"i\":2}"
    );
    assert_eq!(lines[6], "{\"f\":null,\"d\":1.5,\"i\":4}");
    assert_eq!(lines[7], "{\"f\":null,\"d\":1e-7,\"i\":5}");
    for (line, single) in lines.iter().zip(&singles).take(6) {
        let digits = line
            .trim_start_matches("{\"f\":")
            .split(',')
            .next()
            .unwrap();
        assert_eq!(digits.parse::<f32>().unwrap().to_bits(), single.to_bits());
    }
}

#[test]
fn a_row_stays_a_line_for_everybody() {
    let texts = vec!["a\u{2028}b\u{85}c\u{2029}", "new\nline \u{1F600}"];
    let batch = batch(vec![("t", Arc::new(StringArray::from(texts)) as ArrayRef)]);
    assert_eq!(
        printed(&batch),
        "{\"t\":\"a\\u2028b\\u0085c\\u2029\"}\n{\"t\":\"new\\nline \u{1F600}\"}\n"
    );
}

#[test]
fn every_type_has_a_form() {
    use arrow::array::builder::{FixedSizeListBuilder, Float32Builder, StringDictionaryBuilder};
    let mut vectors = FixedSizeListBuilder::new(Float32Builder::new(), 2);
    vectors.values().append_slice(&[0.25, 0.1]);
    vectors.append(true);
    vectors.values().append_nulls(2);
    vectors.append(false);
    let mut words = StringDictionaryBuilder::<Int32Type>::new();
    words.append_value("a \"quoted\"\n\u{1}");
    words.append_null();
    let zoned = arrow::array::PrimitiveArray::<TimestampMicrosecondType>::from(vec![
        Some(1_700_000_000_123_456),
        None,
    ])
    .with_timezone("Europe/Berlin");
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("vector", Arc::new(vectors.finish())),
        ("word", Arc::new(words.finish())),
        (
            "day",
            Arc::new(arrow::array::PrimitiveArray::<Date32Type>::from(vec![
                Some(19_000),
                None,
            ])),
        ),
        ("time", Arc::new(zoned)),
        (
            "price",
            Arc::new(
                arrow::array::PrimitiveArray::<Decimal128Type>::from(vec![Some(-12_345), None])
                    .with_precision_and_scale(10, 2)
                    .unwrap(),
            ),
        ),
        (
            "bytes",
            Arc::new(BinaryArray::from(vec![Some(&b"\x00\xff"[..]), None])),
        ),
        (
            "half",
            arrow::compute::cast(
                &arrow::array::Float32Array::from(vec![Some(0.5), None]),
                &DataType::Float16,
            )
            .unwrap(),
        ),
        ("nothing", Arc::new(arrow::array::NullArray::new(2))),
    ];
    let half = columns[6].1.as_primitive::<Float16Type>();
    assert_eq!(half.len(), 2);
    assert_eq!(
        printed(&batch(columns)),
        "{\"vector\":[0.25,0.1],\"word\":\"a \\\"quoted\\\"\\n\\u0001\",\"day\":\"2022-01-08\",\
         \"time\":\"2023-11-14T22:13:20.123456Z\",\"price\":-123.45,\"bytes\":\"00ff\",\"half\":0.5,\"nothing\":null}\n\
         {\"vector\":null,\"word\":null,\"day\":null,\"time\":null,\"price\":null,\"bytes\":null,\"half\":null,\
         \"nothing\":null}\n"
    );
}
