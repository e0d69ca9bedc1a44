//! Bad input: a clear error, the right exit code, nothing under the final name.

use crate::{Workplace, arg, model};

const GOOD: &str = "{\"text\": \"Hi.\"}\n";

/// Embeds `input` with the tiny model, expecting failure; nothing may be left of the output.
fn embed(place: &Workplace, code: i32, input: &str) -> String {
    let before = place.names();
    let said = place.fails(
        code,
        [
            "embed",
            input,
            "-o",
            "out.parquet",
            "-m",
            arg(&model("tiny_cased")),
        ],
    );
    assert_eq!(place.names(), before, "something was left behind");
    said
}

#[test]
fn columns() {
    let place = Workplace::new();
    place.write("in.jsonl", "{\"body\": \"Hi.\", \"more\": {\"a\": 1}}\n");
    let said = embed(&place, 2, "in.jsonl");
    assert!(
        said.contains("Dataset does not have any 'text' column") && said.contains("body, more"),
        "{said}"
    );
    let said = place.fails(
        2,
        [
            "embed",
            "in.jsonl",
            "-o",
            "x.parquet",
            "--text-column",
            "more",
            "-m",
            arg(&model("tiny_cased")),
        ],
    );
    assert!(said.contains("column 'more' has type Struct"), "{said}");
}

#[test]
fn two_columns_of_one_name() {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, RecordBatch, StringArray};
    use arrow::datatypes::{DataType, Field, Schema};
    let place = Workplace::new();
    let schema = Arc::new(Schema::new(
        ["id", "text", "id"]
            .map(|n| Field::new(n, DataType::Utf8, true))
            .to_vec(),
    ));
    let column: ArrayRef = Arc::new(StringArray::from(vec!["x"]));
    let batch =
        RecordBatch::try_new(schema.clone(), vec![column.clone(), column.clone(), column]).unwrap();
    let format = hearth_io::Format::Parquet;
    let mut writer = hearth_io::Writer::create(
        &place.path("in.parquet"),
        format,
        &schema,
        &Default::default(),
    )
    .unwrap();
    writer.write(&batch).unwrap();
    writer.finish().unwrap();
    assert!(embed(&place, 2, "in.parquet").contains("two columns called 'id'"));
}

#[test]
fn an_error_names_the_file_and_the_row() {
    let place = Workplace::new();
    place.write("in/a.jsonl", GOOD);
    place.write(
        "in/b.jsonl",
        GOOD.to_owned() + &format!("{{\"text\": \"{}\"}}\n", "word ".repeat(200)),
    );
    let m = model("tiny_cased");
    let args = [
        "embed",
        "in",
        "-o",
        "out",
        "-m",
        arg(&m),
        "--on-overflow",
        "error",
    ];
    let said = place.fails(1, args);
    assert!(
        said.contains("b.jsonl") && said.contains("row 1, sentence 0"),
        "{said}"
    );
    assert!(!place.path("out/b.parquet").exists());
    let said = place.fails(
        1,
        args.into_iter()
            .chain(["--log-format", "json", "--overwrite"]),
    );
    let last: serde_json::Value = serde_json::from_str(said.lines().last().unwrap()).unwrap();
    assert_eq!(last["level"], "error");
}

#[test]
fn invalid_utf8_names_the_line() {
    let place = Workplace::new();
    place.write("in.csv", b"id,text\n1,fine\n2,Gr\xf6\xdfe\n");
    let said = embed(&place, 1, "in.csv");
    assert!(
        said.contains("in.csv") && said.contains("line 3") && said.contains("text"),
        "{said}"
    );
}

#[test]
fn corrupt_parquet_names_the_file() {
    let place = Workplace::new();
    place.write("in.jsonl", GOOD);
    place.ok([
        "embed",
        "in.jsonl",
        "-o",
        "good.parquet",
        "-q",
        "-m",
        arg(&model("tiny_cased")),
    ]);
    let good = std::fs::read(place.path("good.parquet")).unwrap();
    place.write("cut.parquet", &good[..good.len() / 2]);
    assert!(embed(&place, 1, "cut.parquet").contains("cut.parquet"));
    let mut torn = good;
    torn[8..200].fill(0xff);
    place.write("torn.parquet", &torn);
    assert!(
        place
            .fails(
                1,
                ["run", "p.json", "torn.parquet", "-o", "x.ndjson"].map(|a| {
                    place.write("p.json", "{\"stage\": []}");
                    a
                })
            )
            .contains("torn.parquet")
    );
    assert!(!place.path("x.ndjson").exists());
}

#[test]
fn models() {
    let place = Workplace::new();
    place.write("in.jsonl", GOOD);
    let copy = |without: &str| {
        let folder = place.path("model");
        std::fs::remove_dir_all(&folder).ok();
        std::fs::create_dir(&folder).unwrap();
        for file in [
            "config.json",
            "model.safetensors",
            "vocab.txt",
            "tokenizer_config.json",
        ] {
            if file != without {
                std::fs::copy(model("tiny_cased").join(file), folder.join(file)).unwrap();
            }
        }
    };
    let embed = |code| {
        place.fails(
            code,
            ["embed", "in.jsonl", "-o", "out.parquet", "-m", "model"],
        )
    };
    copy("model.safetensors");
    assert!(embed(1).contains("model.safetensors"));
    copy("");
    place.write("model/vocab.txt", "[PAD]\n[CLS]\n[SEP]\nthe\n");
    let said = embed(1);
    assert!(
        said.contains("[UNK]") && said.contains("vocab.txt"),
        "{said}"
    );
    place.write(
        "model/vocab.txt",
        "[UNK]\n[CLS]\n[SEP]\n".to_owned() + &"x\n".repeat(30_000),
    );
    let said = embed(1);
    assert!(said.contains("30003") && said.contains("29000"), "{said}");
    copy("");
    let config = std::fs::read_to_string(place.path("model/config.json")).unwrap();
    place.write(
        "model/config.json",
        config.replace("\"intermediate_size\": 64", "\"intermediate_size\": 65"),
    );
    let said = embed(1);
    assert!(
        said.contains("intermediate.dense") && said.contains("65"),
        "{said}"
    );
    assert!(!place.path("out.parquet").exists());
    let said = place.fails(
        2,
        ["embed", "in.jsonl", "-o", "out.parquet", "-m", "nowhere"],
    );
    assert!(said.contains("nowhere"), "{said}");
}

#[test]
fn pipelines() {
    let place = Workplace::new();
    place.write("in.jsonl", GOOD);
    place.write(
        "p.toml",
        "[[stage]]\ntype = \"document_assembler\"\ninput_column = \"text\"\n",
    );
    let said = place.fails(2, ["run", "p.toml", "in.jsonl", "-o", "out.parquet"]);
    assert!(
        said.contains("p.toml:3: unknown key 'input_column' in document_assembler; possible:"),
        "{said}"
    );
}

#[test]
fn usage() {
    let place = Workplace::new();
    place.write("in.jsonl", GOOD);
    place.write("other.jsonl", "{\"text\": 5, \"x\": 1}\n");
    let tiny = model("tiny_cased").display().to_string();
    let check = |args: &[&str], expected: &str| {
        let args = args
            .iter()
            .map(|&arg| if arg == "MODEL" { &tiny } else { arg });
        let said = place.fails(2, args);
        assert!(said.contains(expected), "{said}");
    };
    check(
        &["embed", "in.jsonl", "-o", "x.parquet"],
        "--model is needed",
    );
    check(&["embed", "in.jsonl", "-m", "MODEL"], "--output is needed");
    check(
        &["embed", "nothing*.jsonl", "-o", "x.parquet", "-m", "MODEL"],
        "nothing*.jsonl",
    );
    check(&["plan", "in.jsonl"], "hearth plan is not in this version");
    check(
        &[
            "embed",
            "in.jsonl",
            "--vectors",
            "f16",
            "-o",
            "x",
            "-m",
            "MODEL",
        ],
        "--vectors is not in this version",
    );
    check(
        &[
            "embed",
            "in.jsonl",
            "--precision",
            "f16",
            "-o",
            "x",
            "-m",
            "MODEL",
        ],
        "invalid value 'f16'",
    );
    check(
        &[
            "embed", "in.jsonl", "--device", "cuda", "-o", "x", "-m", "MODEL",
        ],
        "invalid value 'cuda'",
    );
    check(
        &["embed", "in.jsonl", "-j", "0", "-o", "x", "-m", "MODEL"],
        "at least one worker",
    );
    check(
        &[
            "embed",
            "in.jsonl",
            "other.jsonl",
            "-o",
            "x.txt",
            "-m",
            "MODEL",
        ],
        "x.txt",
    );
    check(
        &[
            "embed",
            "in.jsonl",
            "--offsets",
            "char",
            "--layout",
            "spark",
            "-o",
            "x",
            "-m",
            "MODEL",
        ],
        "always counts in utf16",
    );
    check(
        &["embed", "s3://b/x.parquet", "-o", "x", "-m", "MODEL"],
        "is not in this version",
    );
    let window = [
        "embed",
        "in.jsonl",
        "--on-overflow",
        "window",
        "-o",
        "x",
        "-m",
        "MODEL",
    ];
    check(&window, "--on-overflow window is not in this version");
    assert_eq!(place.names(), ["in.jsonl", "other.jsonl"]);
}

#[cfg(unix)]
#[test]
fn an_interrupt_leaves_nothing_half_written() {
    let place = Workplace::new();
    place.write(
        "p.toml",
        "[[stage]]\ntype = \"document_assembler\"\ninput_col = \"text\"\n",
    );
    let mut child = place
        .hearth()
        .args(["run", "p.toml", "-", "-o", "out.parquet"])
        .stdin(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    // More than the reader looks at before it begins, so that the work is under way; then the signal; then one row more.
    use std::io::Write;
    let row = format!("{{\"text\": \"{}\"}}\n", "word ".repeat(2000));
    for _ in 0..1500 {
        input.write_all(row.as_bytes()).unwrap();
    }
    let id = child.id().to_string();
    assert!(
        std::process::Command::new("kill")
            .args(["-TERM", &id])
            .status()
            .unwrap()
            .success()
    );
    // The command may end while this is being written.
    for _ in 0..3000 {
        if input.write_all(row.as_bytes()).is_err() {
            break;
        }
    }
    drop(input);
    let output = child.wait_with_output().unwrap();
    assert_eq!(
        output.status.code(),
        Some(4),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(place.names(), ["p.toml"]);
}
