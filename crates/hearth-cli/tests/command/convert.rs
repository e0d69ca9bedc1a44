//! `hearth models convert` and `hearth models verify`.

use hearth_testkit::data;

use crate::{Workplace, arg, json_rows, model, text};

/// Of an archive and of what it was converted to, with what the archive says (not Spark NLP's defaults), the same rows.
#[test]
fn a_converted_model_gives_the_same_rows() {
    let place = Workplace::new();
    let archive = data().join("archives/tiny_cased_tf1_legacy.zip");
    let output = place.ok(["models", "convert", arg(&archive), "hub/model"]);
    assert_eq!(text(&output.stdout), "hub/model\n");
    assert!(text(&output.stderr).contains("written to hub/model"));
    place.write("in.jsonl", "{\"text\": \"I love NLP. It works.\"}\n");
    let [source, copy] = [arg(&archive), "./hub/model"].map(|model| {
        let args = [
            "embed", "in.jsonl", "-o", "-", "--model", model, "--layout", "spark", "-q",
        ];
        text(&place.ok(args).stdout)
    });
    assert!(source.contains("\"embeddings\""));
    assert_eq!(source, copy);

    let copied = place.ok(["inspect", "hub/model", "--json"]);
    let copied = &json_rows(&copied.stdout)[0];
    assert_eq!(copied["settings"]["storage_ref"], "tiny_cased");
    assert_eq!(copied["settings"]["max_sentence_length"], 128);
    assert_eq!(copied["settings"]["case_sensitive"], true);
}

#[test]
fn a_conversion_is_replaced_only_when_asked() {
    let place = Workplace::new();
    let source = model("tiny_uncased");
    let args = ["models", "convert", arg(&source), "m"];
    place.ok(args);
    let said = place.fails(2, args);
    assert!(
        said.contains("m: exists already; pass --overwrite"),
        "{said}"
    );
    let output = place.ok(args.iter().chain(&["--overwrite", "--json", "-q"]));
    let value = &json_rows(&output.stdout)[0];
    assert_eq!(value["schema_version"], 1);
    assert_eq!(value["path"], "m");
    assert_eq!(text(&output.stderr), "");
    place.write("m/notes.txt", "");
    let said = place.fails(2, args.iter().chain(&["--overwrite"]));
    assert!(said.contains("`notes.txt`"), "{said}");
    let said = place.fails(2, ["models", "convert", "./nothing", "n"]);
    assert!(said.contains("nothing there"), "{said}");
    assert_eq!(place.names(), ["m"]);
}

#[test]
fn numbers_of_another_archive_are_told_one_by_one() {
    let place = Workplace::new();
    let tiny = model("tiny_cased");
    let output = place.run(["models", "verify", arg(&tiny), "--name", "bert_base_cased"]);
    assert_eq!(output.status.code(), Some(1));
    let lines = text(&output.stdout);
    let differing = lines.matches("the card's numbers are not from this archive");
    assert_eq!(differing.count(), 6, "{lines}");
    assert!(lines.contains("0.438796"), "{lines}");
    assert!(text(&output.stderr).contains("6 of 6 components differ"));

    let verify = ["models", "verify", arg(&tiny), "--json", "--name"];
    let output = place.run(verify.iter().chain(&["en.embed.bert.large_cased"]));
    assert_eq!(output.status.code(), Some(1));
    let value = &json_rows(&output.stdout)[0];
    assert_eq!(value["name"], "bert_large_cased");
    assert_eq!(value["agrees"], false);
    assert_eq!(value["components"].as_array().unwrap().len(), 6);

    let output = place.ok(verify.iter().chain(&["bert_biomed_pubmed_uncased"]));
    assert_eq!(
        json_rows(&output.stdout)[0]["agrees"],
        serde_json::Value::Null
    );
}

#[test]
fn a_card_is_known_by_the_model_or_asked_for() {
    let place = Workplace::new();
    let said = place.fails(2, ["models", "verify", arg(&model("tiny_cased"))]);
    assert!(
        said.contains("--name") && said.contains("bert_base_cased"),
        "{said}"
    );
    let said = place.fails(
        2,
        [
            "models",
            "verify",
            arg(&model("tiny_cased")),
            "--name",
            "gpt",
        ],
    );
    assert!(said.contains("no card is known"), "{said}");
    // An unpacked archive has its card's name, and goes on after it.
    let tiny = model("tiny_cased");
    let named = place.path("bert_base_cased_en_2.6.0_2.4_1598340336670");
    let convert = ["models", "convert", arg(&tiny), arg(&named), "-q"];
    place.ok(convert);
    let said = place.fails(1, ["models", "verify", arg(&named)]);
    assert!(said.contains("6 of 6"), "{said}");
}
