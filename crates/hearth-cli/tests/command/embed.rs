//! `hearth embed`: inputs, outputs, layouts, the summary.

use serde_json::{Value, json};

use crate::{Workplace, arg, json_rows, model, text};

const NOTES: &str = "{\"id\": 1, \"text\": \"No fever. He said \\\"ok\\\".\"}\n{\"id\": 2, \"text\": null}\n{\"id\": 3, \"text\": \"No fever.\"}\n";

fn place() -> Workplace {
    let place = Workplace::new();
    place.write("notes.jsonl", NOTES);
    place
}

#[test]
fn input_columns_come_first_and_embeddings_are_added() {
    let place = place();
    let out = place.ok([
        "embed",
        "notes.jsonl",
        "-o",
        "-",
        "-m",
        arg(&model("tiny_cased")),
    ]);
    let rows = json_rows(&out.stdout);
    let keys: Vec<&String> = rows[0].keys().collect();
    assert_eq!(keys.len(), 3);
    assert_eq!(rows[1]["embeddings"], Value::Null);
    let first = &rows[2]["embeddings"][0];
    assert_eq!(
        (&first["begin"], &first["end"], &first["result"]),
        (&json!(0), &json!(2), &json!("No"))
    );
    assert_eq!(first["vector"].as_array().unwrap().len(), 32);
    assert_eq!(
        first["vector"], rows[0]["embeddings"][0]["vector"],
        "the same sentence has the same vectors"
    );
    let said = text(&out.stderr);
    assert!(
        said.contains("3 rows (1 null), 3 sentences, 11 tokens"),
        "{said}"
    );
    assert!(said.contains("folded sentences: 1 of 3"), "{said}");
}

#[test]
fn every_format_in_gives_the_same_rows() {
    let place = place();
    let model = model("tiny_cased");
    let convert = [
        "run",
        "p.toml",
        "notes.jsonl",
        "-q",
        "--columns",
        "id,text",
        "-o",
    ];
    place.write(
        "p.toml",
        "[[stage]]\ntype = \"document_assembler\"\ninput_col = \"text\"\n",
    );
    for out in ["notes.parquet", "notes.arrow", "notes.ndjson"] {
        place.ok(convert.iter().copied().chain([out]));
    }
    place.write(
        "notes.csv",
        "id,text\n1,\"No fever. He said \"\"ok\"\".\"\n2,\n3,No fever.\n",
    );
    let rows = |input: &str| {
        let out = place.ok([
            "embed",
            input,
            "-o",
            "-",
            "-m",
            arg(&model),
            "-q",
            "--columns",
            "embeddings",
        ]);
        json_rows(&out.stdout)
    };
    let expected = rows("notes.jsonl");
    for input in ["notes.parquet", "notes.arrow", "notes.ndjson", "notes.csv"] {
        assert_eq!(rows(input), expected, "{input}");
    }
    place.write("notes.txt", "No fever. He said \"ok\".\n\nNo fever.\n");
    let lines = rows("notes.txt");
    assert_eq!(
        (&lines[0], &lines[1]["embeddings"], &lines[2]),
        (&expected[0], &json!([]), &expected[2])
    );
}

#[test]
fn a_directory_goes_to_a_directory() {
    let place = Workplace::new();
    place.write("in/kind=a/one.jsonl", NOTES);
    place.write("in/kind=b/two.jsonl", NOTES);
    place.write("in/kind=b/empty.jsonl", "");
    place.write("in/_hidden/three.jsonl", NOTES);
    let out = place.ok([
        "embed",
        "in",
        "-o",
        "out",
        "-m",
        arg(&model("tiny_cased")),
        "--json",
        "-q",
    ]);
    let summary: Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!(
        (
            &summary["schema_version"],
            &summary["rows"],
            &summary["output_files"]
        ),
        (&json!(1), &json!(6), &json!(3))
    );
    for file in [
        "out/kind=a/one.parquet",
        "out/kind=b/two.parquet",
        "out/kind=b/empty.parquet",
    ] {
        assert!(place.path(file).is_file(), "{file}");
    }
    assert!(!place.path("out/_hidden").exists());
    let again = place.fails(
        2,
        ["embed", "in", "-o", "out", "-m", arg(&model("tiny_cased"))],
    );
    assert!(
        again.contains("exists already; pass --overwrite"),
        "{again}"
    );
    place.ok([
        "embed",
        "in",
        "-o",
        "out",
        "-m",
        arg(&model("tiny_cased")),
        "-q",
        "--overwrite",
    ]);
}

#[test]
fn rows_number_the_rows_of_their_file() {
    let place = Workplace::new();
    place.write("in/one.jsonl", NOTES);
    place.write("in/two.jsonl", NOTES);
    place.ok([
        "embed",
        "in",
        "-o",
        "out",
        "-m",
        arg(&model("tiny_cased")),
        "-q",
        "--layout",
        "rows",
    ]);
    let out = place.ok([
        "run",
        "p.json",
        "out/two.parquet",
        "-o",
        "-",
        "-q",
        "--columns",
        "row,result",
    ]
    .map(|a| {
        place.write("p.json", "{\"stage\": []}");
        a
    }));
    let rows: Vec<Value> = json_rows(&out.stdout)
        .into_iter()
        .map(|r| r["row"].clone())
        .collect();
    assert_eq!(rows.first(), Some(&json!(0)));
    assert_eq!(rows.last(), Some(&json!(2)));
}

#[test]
fn names_in_the_way_are_kept_or_refused() {
    let place = Workplace::new();
    place.write(
        "in.jsonl",
        "{\"text\": \"Hi.\", \"token\": \"secret\", \"sentence\": 7}\n",
    );
    let model = model("tiny_cased");
    let out = place.ok(["embed", "in.jsonl", "-o", "-", "-m", arg(&model), "-q"]);
    let rows = json_rows(&out.stdout);
    assert_eq!(
        (&rows[0]["token"], &rows[0]["sentence"]),
        (&json!("secret"), &json!(7))
    );
    place.write("in.jsonl", "{\"text\": \"Hi.\", \"embeddings\": 1}\n");
    let said = place.fails(2, ["embed", "in.jsonl", "-o", "-", "-m", arg(&model)]);
    assert!(said.contains("has a column 'embeddings' already"), "{said}");
}

#[test]
fn standard_input_is_ndjson() {
    use std::io::Write;
    let place = place();
    let mut command = place.hearth();
    command.args([
        "embed",
        "-",
        "-o",
        "-",
        "-q",
        "-m",
        arg(&model("tiny_cased")),
    ]);
    let mut child = command
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(NOTES.as_bytes())
        .unwrap();
    assert_eq!(
        json_rows(&child.wait_with_output().unwrap().stdout).len(),
        3
    );
}

#[test]
fn run_replaces_a_column_and_says_so() {
    let place = Workplace::new();
    place.write("in.jsonl", "{\"text\": \"Hi.\", \"document\": 1}\n");
    place.write(
        "p.toml",
        "[[stage]]\ntype = \"document_assembler\"\ninput_col = \"text\"\n",
    );
    let out = place.ok(["run", "p.toml", "in.jsonl", "-o", "-"]);
    assert!(text(&out.stderr).contains("column 'document' of the input is replaced"));
    assert_eq!(json_rows(&out.stdout)[0]["document"][0]["result"], "Hi.");
}

#[test]
fn in_the_full_mode_every_token_has_a_row_of_its_own() {
    let place = Workplace::new();
    place.write(
        "in.jsonl",
        "{\"text\": \"IL-2 was unremarkable \\u200b now.\"}\n",
    );
    let tiny = model("tiny_uncased");
    let args = ["embed", "in.jsonl", "-o", "-", "-m", arg(&tiny)];
    let full = |more: &[&str]| {
        let out = place.ok(args.iter().chain(more));
        let rows = json_rows(&out.stdout);
        (
            rows[0]["embeddings"].as_array().unwrap().clone(),
            text(&out.stderr),
        )
    };
    let (mean, said) = full(&["--compat", "full"]);
    assert!(
        said.contains("vectors: the mean of each token's pieces"),
        "{said}"
    );
    assert!(said.contains("1 without a word"), "{said}");
    let results: Vec<&str> = mean.iter().map(|e| e["result"].as_str().unwrap()).collect();
    assert_eq!(
        results,
        ["IL-2", "was", "unremarkable", "\u{200b}", "now", "."]
    );
    assert_eq!(
        (&mean[3]["vector"], &mean[3]["piece_id"]),
        (&Value::Null, &json!(-1))
    );
    let (first, said) = full(&["--compat=full", "--pieces=first"]);
    assert!(said.contains("vectors: each token's first piece"), "{said}");
    assert_ne!(first[0]["vector"], mean[0]["vector"]);
    assert_eq!(first[1]["vector"], mean[1]["vector"]);

    place.write(
        "p.toml",
        format!(
            "[[stage]]\ntype = \"document_assembler\"\ninput_col = \"text\"\n[[stage]]\ntype = \"tokenizer\"\n\
             input_cols = [\"document\"]\noutput_col = \"token\"\n[[stage]]\ntype = \"bert_embeddings\"\n\
             input_cols = [\"document\", \"token\"]\noutput_col = \"embeddings\"\nmodel = {:?}\ncompat = \"full\"\n",
            arg(&tiny)
        ),
    );
    let out = place.ok([
        "run", "p.toml", "in.jsonl", "--layout", "spark", "--pieces", "first", "-o", "-",
    ]);
    let rows = json_rows(&out.stdout);
    let found = rows[0]["embeddings"].as_array().unwrap();
    assert_eq!(found[0]["embeddings"], first[0]["vector"]);
    assert_eq!(found[3]["embeddings"], json!([]));
    let metadata = json!({"sentence": "0", "token": "IL-2", "pieceId": first[0]["piece_id"].to_string(),
        "isWordStart": "true", "isOOV": "false"});
    assert_eq!(found[0]["metadata"], metadata);
}

#[test]
fn sentences_and_documents_get_pooled_vectors() {
    let place = Workplace::new();
    place.write(
        "in.jsonl",
        "{\"text\": \"It fell. It rose again.\"}\n{\"text\": null}\n{\"text\": \"\"}\n",
    );
    let tiny = model("tiny_cased");
    let args = ["embed", "in.jsonl", "-o", "-", "-m", arg(&tiny)];
    let out = place.ok(args.iter().chain(&["--level", "sentence"]));
    let said = text(&out.stderr);
    assert!(
        said.contains("vectors: one for each sentence, the mean of its tokens'"),
        "{said}"
    );
    assert!(said.contains("pooled vectors: 2; 0 without"), "{said}");
    let rows = json_rows(&out.stdout);
    let results = |row: &serde_json::Map<String, Value>| -> Vec<Value> {
        let found = row["embeddings"].as_array();
        found.map_or(Vec::new(), |all| {
            all.iter().map(|one| one["result"].clone()).collect()
        })
    };
    assert_eq!(results(&rows[0]), ["It fell.", "It rose again."]);
    assert_eq!(rows[1]["embeddings"], Value::Null);
    assert_eq!(rows[2]["embeddings"], json!([]));

    let more = [
        "--level",
        "document",
        "--pooling",
        "mean",
        "--normalize",
        "--dim=4",
    ];
    let table = ["--layout", "rows"];
    let out = place.ok(args.iter().chain(&more).chain(&table));
    let rows = json_rows(&out.stdout);
    let vector: Vec<f64> = serde_json::from_value(rows[0]["vector"].clone()).unwrap();
    let length = vector.iter().map(|value| value * value).sum::<f64>();
    assert!(
        vector.len() == 4 && (length - 1.0).abs() < 1e-6,
        "{vector:?}"
    );
    assert_eq!(rows[0]["result"], "It fell. It rose again.");
    assert!(rows[0].get("piece_id").is_none());
    assert_eq!(
        (&rows[2]["vector"], &rows[2]["row"]),
        (&Value::Null, &json!(2))
    );

    // A pipeline file says the same in its own words, and what is typed goes before it.
    place.write(
        "p.toml",
        format!(
            "[[stage]]\ntype = \"document_assembler\"\ninput_col = \"text\"\n[[stage]]\ntype = \"tokenizer\"\n\
             input_cols = [\"document\"]\n[[stage]]\ntype = \"bert_embeddings\"\ninput_cols = [\"document\", \"token\"]\n\
             output_col = \"embeddings\"\nmodel = {:?}\nlevel = \"document\"\ndim = 4\n",
            arg(&tiny)
        ),
    );
    let run = ["run", "p.toml", "in.jsonl", "-o", "-"];
    let found = json_rows(&place.ok(run.iter().chain(&["--dim", "3"])).stdout);
    assert_eq!(
        found[0]["embeddings"][0]["vector"]
            .as_array()
            .unwrap()
            .len(),
        3
    );
    let said = place.fails(2, args.iter().chain(&["--pooling", "cls"]));
    assert!(said.contains("set level to sentence or document"), "{said}");
    let said = place.fails(2, args.iter().chain(&["--dim", "99"]));
    assert!(said.contains("give 1 to 32"), "{said}");
}
