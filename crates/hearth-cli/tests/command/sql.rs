//! `hearth sql`.

use serde_json::{Value, json};

use crate::{Workplace, arg, json_rows, model, text};

#[test]
fn a_query_over_files_is_printed_or_written() {
    let place = Workplace::new();
    place.write("notes.jsonl", "{\"id\": 1, \"text\": \"It fell. It rose.\"}\n{\"id\": 2, \"text\": null}\n{\"id\": 3, \"text\": \"\"}\n");
    let tiny = model("tiny_cased");
    let query = "SELECT id, cardinality(tokens(text)) n, embed_text(text) v FROM notes ORDER BY id";
    let args = [
        "sql",
        query,
        "--table",
        "notes=notes.jsonl",
        "-m",
        arg(&tiny),
    ];

    let printed = text(&place.ok(args).stdout);
    assert!(printed.contains("| id | n    | v"), "{printed}");
    assert!(printed.contains("| 2  | NULL | NULL"), "{printed}");

    let rows = json_rows(&place.ok(args.iter().chain(&["-o", "-"])).stdout);
    let counts: Vec<&Value> = rows.iter().map(|row| &row["n"]).collect();
    assert_eq!(counts, [&json!(6), &Value::Null, &json!(0)]);
    // The vector is that of `embed --level document`.
    let embed = [
        "embed",
        "notes.jsonl",
        "-m",
        arg(&tiny),
        "--level",
        "document",
        "-o",
        "-",
    ];
    let embedded = json_rows(&place.ok(embed).stdout);
    assert_eq!(rows[0]["v"], embedded[0]["embeddings"][0]["vector"]);

    place.ok(args.iter().chain(&["-o", "v.parquet"]));
    let read = ["sql", "SELECT count(v) n FROM 'v.parquet'", "-o", "-"];
    assert_eq!(json_rows(&place.ok(read).stdout)[0]["n"], 1);
    let said = place.fails(2, args.iter().chain(&["-o", "v.parquet"]));
    assert!(said.contains("--overwrite"), "{said}");
}

#[test]
fn statements_and_pipelines() {
    let place = Workplace::new();
    place.write(
        "p.toml",
        "[[stage]]\ntype = \"document_assembler\"\ninput_col = \"text\"\n[[stage]]\ntype = \"tokenizer\"\n\
         input_cols = [\"document\"]\n",
    );
    let tiny = model("tiny_cased");
    let query = format!(
        "CREATE TABLE t AS VALUES ('It fell.'); SET hearth.model = '{}'; \
         SELECT annotate(column1, 'p')['token'][1]['result'] w, cardinality(bert_embeddings(column1)) n FROM t",
        arg(&tiny)
    );
    let out = place.ok(["sql", &query, "--pipeline", "p=p.toml", "-o", "-"]);
    let row = &json_rows(&out.stdout)[0];
    assert_eq!((&row["w"], &row["n"]), (&json!("It"), &json!(3)));
}

#[test]
fn what_is_wrong_is_said() {
    let place = Workplace::new();
    for (args, said) in [
        (&["sql", "SELEC 1"][..], "SELEC"),
        (&["sql", ""], "no statement"),
        (
            &["sql", "SELECT 1", "-o", "folder"],
            "--output: give a .parquet",
        ),
        (&["sql", "SELECT 1", "--table", "x"], "give NAME=PATH"),
        (
            &["sql", "SELECT 1", "--table", "x=y.parquet"],
            "nothing is there",
        ),
        (&["sql", "SELECT embed_text('x')"], "SET hearth.model"),
        (
            &["sql", "SELECT * FROM 'nothing.parquet'"],
            "nothing.parquet",
        ),
    ] {
        let found = place.fails(2, args);
        assert!(found.contains(said), "{args:?}: {found}");
    }
}
