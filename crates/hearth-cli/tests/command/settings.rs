//! Flag over environment over file over default.

use crate::{Workplace, arg, json_rows, model, text};

#[test]
fn config_says_where_a_value_comes_from() {
    let place = Workplace::new();
    place.write(
        "hearth.toml",
        "jobs = 3\ntext_column = \"body\"\nlayout = \"rows\"\n",
    );
    let output = place
        .hearth()
        .args(["config", "--layout", "spark"])
        .env("HEARTH_JOBS", "2")
        .output()
        .unwrap();
    let said = text(&output.stdout);
    let line = |name: &str| {
        said.lines()
            .find(|l| l.starts_with(name))
            .unwrap()
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(line("layout"), "layout spark flag --layout");
    assert_eq!(line("jobs"), "jobs 2 environment HEARTH_JOBS");
    assert_eq!(line("text_column"), "text_column body file hearth.toml");
    assert_eq!(line("compat"), "compat spark default");
    assert_eq!(line("pieces"), "pieces mean default");
    assert_eq!(line("model"), "model (unset) default");
}

#[test]
fn the_file_is_obeyed_and_checked() {
    let place = Workplace::new();
    place.write("in.jsonl", "{\"body\": \"Hi.\"}\n");
    let settings = format!(
        "text_column = \"body\"\noutput = \"-\"\nquiet = true\nmodel = {:?}\n",
        arg(&model("tiny_cased"))
    );
    place.write("hearth.toml", settings);
    assert_eq!(json_rows(&place.ok(["embed", "in.jsonl"]).stdout).len(), 1);
    place.write("hearth.toml", "text_colum = \"body\"\n");
    let said = place.fails(2, ["embed", "in.jsonl"]);
    assert!(
        said.contains("hearth.toml") && said.contains("unknown field `text_colum`"),
        "{said}"
    );
}

#[test]
fn columns_can_stand_in_the_environment() {
    let place = Workplace::new();
    place.write("in.jsonl", "{\"text\": \"Hi.\", \"id\": 1}\n");
    let m = model("tiny_cased");
    let args = ["embed", "in.jsonl", "-o", "-", "-q", "-m", arg(&m)];
    let out = place
        .hearth()
        .args(args)
        .env("HEARTH_COLUMNS", "id,token")
        .output()
        .unwrap();
    let keys: Vec<String> = json_rows(&out.stdout)[0].keys().cloned().collect();
    assert_eq!(keys, ["id", "token"]);
}

#[test]
fn a_settings_file_for_embed_does_not_change_a_pipeline() {
    let place = Workplace::new();
    place.write("in.jsonl", "{\"text\": \"Hello\"}\n");
    place.write(
        "p.json",
        hearth::Pipeline::embed("text", model("tiny_cased")).to_json(),
    );
    place.write(
        "hearth.toml",
        format!("model = {:?}\n", arg(&model("tiny_uncased"))),
    );
    let run = |more: &[&str]| {
        let base = [
            "run",
            "p.json",
            "in.jsonl",
            "-o",
            "-",
            "-q",
            "--columns",
            "embeddings",
        ];
        let out = place.ok(base.iter().chain(more));
        json_rows(&out.stdout)[0]["embeddings"][0]["result"].clone()
    };
    assert_eq!(run(&[]), "Hello");
    assert_eq!(run(&["--model", arg(&model("tiny_uncased"))]), "hello");
}

#[test]
fn flags_win_over_the_pipeline_file() {
    let place = Workplace::new();
    place.write("in.jsonl", "{\"text\": \"to a or in.\"}\n");
    let pipeline = hearth::Pipeline::embed("text", model("tiny_cased"));
    place.write("p.json", pipeline.to_json());
    let tokens = |args: &[&str]| {
        let base = [
            "run",
            "p.json",
            "in.jsonl",
            "-o",
            "-",
            "-q",
            "--columns",
            "embeddings",
        ];
        let out = place.ok(base.iter().chain(args));
        json_rows(&out.stdout)[0]["embeddings"]
            .as_array()
            .unwrap()
            .len()
    };
    assert_eq!(tokens(&[]), 5);
    // Two positions for pieces, and the one of [SEP].
    assert_eq!(tokens(&["--max-sentence-length", "4"]), 3);
}
