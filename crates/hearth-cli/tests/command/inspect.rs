//! `hearth inspect`.

use hearth_testkit::data;
use serde_json::{Value, json};

use crate::{Workplace, arg, json_rows, model, text};

fn inspected(place: &Workplace, path: &str) -> Value {
    let output = place.ok(["inspect", path, "--json"]);
    let rows = json_rows(&output.stdout);
    assert_eq!(rows.len(), 1);
    Value::Object(rows[0].clone())
}

#[test]
fn an_output_in_every_layout_and_format() {
    let place = Workplace::new();
    // Two sentences, then six tokens: I love NLP . / Fine . and a null document.
    let rows = "{\"text\": \"I love NLP. Fine.\"}\n{\"text\": null}\n{\"text\": \"One.\"}\n";
    place.write("in.jsonl", rows);
    let model = model("tiny_cased");
    for (layout, out, groups) in [
        ("nested", "n.parquet", json!(1)),
        ("spark", "s.parquet", json!(1)),
        ("nested", "n.arrow", Value::Null),
    ] {
        let args = [
            "embed",
            "in.jsonl",
            "-o",
            out,
            "--layout",
            layout,
            "--columns",
            "text,sentence,token,embeddings",
            "--model",
            arg(&model),
            "-q",
        ];
        place.ok(args);
        let found = inspected(&place, out);
        assert_eq!(found["schema_version"], 1);
        assert_eq!(found["kind"], "output");
        let file = &found["files"][0];
        assert_eq!(file["rows"], 3, "{out}");
        assert_eq!(file["row_groups"], groups, "{out}");
        let columns = file["columns"].as_array().unwrap();
        let names: Vec<_> = columns
            .iter()
            .map(|column| column["name"].as_str().unwrap())
            .collect();
        assert_eq!(names, ["text", "sentence", "token", "embeddings"]);
        let counts: Vec<_> = columns
            .iter()
            .map(|column| column["annotations"].clone())
            .collect();
        assert_eq!(counts, [Value::Null, json!(3), json!(8), json!(8)], "{out}");
        assert_eq!(columns[3]["metadata"]["annotatorType"], "word_embeddings");
        assert_eq!(columns[3]["metadata"]["dimension"], "32");
        assert_eq!(columns[3]["metadata"]["ref"], "tiny_cased");
    }
    let said = text(&place.ok(["inspect", "s.parquet"]).stdout);
    for part in [
        "Parquet",
        "row groups",
        "8 annotations",
        "annotatorType = token",
    ] {
        assert!(said.contains(part), "{said}");
    }
}

#[test]
fn a_folder_of_outputs_is_its_files() {
    let place = Workplace::new();
    place.write("in/a.jsonl", "{\"text\": \"One.\"}\n");
    place.write(
        "in/b.jsonl",
        "{\"text\": \"Two.\"}\n{\"text\": \"Three.\"}\n",
    );
    let model = model("tiny_cased");
    place.ok(["embed", "in", "-o", "out", "--model", arg(&model), "-q"]);
    let found = inspected(&place, "out");
    let files = found["files"].as_array().unwrap();
    let rows: Vec<_> = files
        .iter()
        .map(|file| file["rows"].as_u64().unwrap())
        .collect();
    assert_eq!(rows, [1, 2]);
}

#[test]
fn a_model_with_where_its_parameters_were_read() {
    let place = Workplace::new();
    let found = inspected(&place, arg(&data().join("archives/tiny_uncased_tf1.zip")));
    assert_eq!(found["kind"], "model");
    assert_eq!(found["format"], "Spark NLP BertEmbeddings");
    assert_eq!(found["config"]["hidden_act"], "gelu (tanh)");
    assert_eq!(found["config"]["num_attention_heads"], 2);
    assert_eq!(found["read_from"]["num_attention_heads"], "graph");
    assert_eq!(
        found["vocabulary"],
        json!({ "entries": 29000, "upper_case": false })
    );
    assert_eq!(found["settings"]["case_sensitive"], false);
    assert_eq!(found["warnings"], json!([]));

    let checkpoint = data().join("models/tensorflow/bare_checkpoint");
    let found = inspected(&place, arg(&checkpoint));
    assert_eq!(found["read_from"]["hidden_act"], "assumed");
    let said = text(&place.ok(["inspect", arg(&checkpoint)]).stdout);
    assert!(
        said.contains("gelu (tanh) (assumed)") && said.contains("warning"),
        "{said}"
    );
}

/// What would make every capitalised word [UNK] is said when the model is looked at, and when it is used.
#[test]
fn a_case_flag_that_does_not_fit_the_vocabulary_is_a_warning() {
    let place = Workplace::new();
    for name in ["config.json", "model.safetensors", "vocab.txt"] {
        let path = place.path("m");
        std::fs::create_dir_all(&path).unwrap();
        std::fs::copy(model("tiny_uncased").join(name), path.join(name)).unwrap();
    }
    place.write("m/tokenizer_config.json", "{\"do_lower_case\": false}");
    place.write("in.jsonl", "{\"text\": \"One.\"}\n");
    let found = inspected(&place, "m");
    assert!(
        found["warnings"][0].as_str().unwrap().contains("[UNK]"),
        "{found}"
    );
    let output = place.ok(["embed", "in.jsonl", "-o", "-", "--model", "./m"]);
    assert_eq!(
        text(&output.stderr)
            .matches("vocabulary is lower-case")
            .count(),
        1
    );
}

#[test]
fn a_saved_pipeline_with_its_stages() {
    let place = Workplace::new();
    let found = inspected(
        &place,
        arg(&data().join("archives/pipeline_model_onnx.zip")),
    );
    assert_eq!(found["kind"], "pipeline");
    let stages = found["stages"].as_array().unwrap();
    let counterparts: Vec<_> = stages
        .iter()
        .map(|stage| stage["counterpart"].as_str().unwrap())
        .collect();
    assert_eq!(
        counterparts,
        [
            "document_assembler",
            "sentence_detector",
            "tokenizer",
            "bert_embeddings"
        ]
    );
    assert_eq!(stages[0]["parameters"]["outputCol"], "document");

    let ner = r#"{"class":"a.b.NerDLModel","uid":"NerDLModel_1","paramMap":{"outputCol":"ner"}}"#;
    place.write("p/metadata/part-00000", ner);
    let said = text(&place.ok(["inspect", "p"]).stdout);
    for part in ["NerDLModel_1", "NO COUNTERPART", "outputCol = \"ner\""] {
        assert!(said.contains(part), "{said}");
    }
}

#[test]
fn what_is_nothing_of_these_is_refused() {
    let place = Workplace::new();
    place.write("empty/notes.txt", "");
    let said = place.fails(2, ["inspect", "empty"]);
    assert!(said.contains("none of the files of a model"), "{said}");
    let said = place.fails(2, ["inspect", "./nothing"]);
    assert!(said.contains("nothing there"), "{said}");
}
