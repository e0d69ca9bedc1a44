use std::fs;

use hearth_models::{BertConfig, HiddenAct, Settings};
use safetensors::Dtype;
use serde_json::json;

use crate::folder::{Folder, VOCABULARY, tiny};

fn tiny_config() -> BertConfig {
    BertConfig {
        vocab_size: 29000,
        hidden_size: 32,
        num_hidden_layers: 2,
        num_attention_heads: 2,
        intermediate_size: 64,
        max_position_embeddings: 512,
        type_vocab_size: 2,
        hidden_act: HiddenAct::Gelu,
        layer_norm_eps: 1e-12,
    }
}

/// The numbers were read from the file with numpy.
#[test]
fn tiny_cased_is_read() {
    let model = hearth_models::open(tiny("tiny_cased")).unwrap();
    assert_eq!(model.name, "tiny_cased");
    assert_eq!(model.config, tiny_config());
    assert_eq!(model.config.head_size(), 16);
    assert_eq!(
        model.settings,
        Settings {
            case_sensitive: Some(true),
            ..Settings::default()
        }
    );
    assert_eq!(model.warnings, []);
    assert_eq!(model.vocabulary.len(), 29000);
    let special = [(0, "[PAD]"), (100, "[UNK]"), (101, "[CLS]"), (102, "[SEP]")];
    for (id, token) in special {
        assert_eq!(model.vocabulary[id], token);
    }

    let name = "encoder.layer.1.attention.self.query.weight";
    let query = model.weights.get(name, &[32, 32]).unwrap();
    assert_eq!(query.len(), 1024);
    assert_eq!(query[..3], [0.017_348_412, -0.161_637_8, -0.239_601_45]);
    assert_eq!(query[1023], 0.076_400_235);
    let gamma = model
        .weights
        .get("encoder.layer.0.output.LayerNorm.weight", &[32])
        .unwrap();
    assert_eq!(gamma[..3], [1.084_731_5, 0.908_067_05, 0.279_415_5]);
}

#[test]
fn tiny_uncased_is_read() {
    let model = hearth_models::open(tiny("tiny_uncased")).unwrap();
    assert_eq!(model.settings.case_sensitive, Some(false));
    assert_eq!(model.warnings, []);
    let gamma = model
        .weights
        .get("embeddings.LayerNorm.weight", &[32])
        .unwrap();
    assert_eq!(gamma[..3], [1.164_439, 0.910_015_2, 0.783_465_4]);
}

#[test]
fn describe_says_what_open_says() {
    for name in ["tiny_cased", "tiny_uncased"] {
        let described = hearth_models::describe(tiny(name)).unwrap();
        let opened = hearth_models::open(tiny(name)).unwrap();
        assert_eq!(described.name, name);
        assert_eq!(described.config, opened.config);
        assert_eq!(described.settings, opened.settings);
    }
}

#[test]
fn describe_touches_neither_weights_nor_vocabulary() {
    let folder = Folder::new();
    folder.write("model.safetensors", "not weights");
    folder.write("vocab.txt", [0xFF]);
    let description = hearth_models::describe(folder.path()).unwrap();
    assert_eq!(description.config.vocab_size, 7);
    assert_eq!(description.settings.case_sensitive, Some(true));
}

#[test]
fn the_name_is_the_folders_also_behind_dots() {
    let inside = tiny("tiny_cased").join("..").join("tiny_uncased").join(".");
    assert_eq!(
        hearth_models::describe(inside).unwrap().name,
        "tiny_uncased"
    );
    let folder = Folder::new();
    fs::create_dir(folder.file("sub")).unwrap();
    let real = fs::canonicalize(folder.path()).unwrap();
    assert_eq!(
        hearth_models::describe(folder.file("sub/..")).unwrap().name,
        real.file_name().unwrap().to_str().unwrap()
    );
}

#[test]
fn the_config_may_leave_out_what_has_a_default() {
    let mut folder = Folder::new();
    let config = folder.config.as_object_mut().unwrap();
    for key in ["model_type", "position_embedding_type", "layer_norm_eps"] {
        config.remove(key);
    }
    folder.write_config();
    let model = hearth_models::open(folder.path()).unwrap();
    assert_eq!(model.config.layer_norm_eps, 1e-12);
}

#[test]
fn every_name_of_the_two_activations_is_known() {
    let names = [
        ("gelu", HiddenAct::Gelu),
        ("gelu_python", HiddenAct::Gelu),
        ("gelu_new", HiddenAct::GeluTanh),
        ("gelu_fast", HiddenAct::GeluTanh),
        ("gelu_accurate", HiddenAct::GeluTanh),
        ("gelu_pytorch_tanh", HiddenAct::GeluTanh),
        ("gelu_python_tanh", HiddenAct::GeluTanh),
    ];
    let mut folder = Folder::new();
    for (name, act) in names {
        folder.config["hidden_act"] = json!(name);
        folder.write_config();
        let description = hearth_models::describe(folder.path()).unwrap();
        assert_eq!(description.config.hidden_act, act, "{name}");
    }
}

#[test]
fn the_case_comes_from_the_first_file_that_tells() {
    let folder = Folder::new();
    let case = || {
        let description = hearth_models::describe(folder.path()).unwrap();
        description.settings.case_sensitive
    };
    folder.write("tokenizer.json", r#"{"normalizer": {"lowercase": true}}"#);
    assert_eq!(case(), Some(true));
    folder.write("tokenizer_config.json", r#"{"do_lower_case": null}"#);
    assert_eq!(case(), Some(false));
    folder.write("tokenizer_config.json", "{}");
    assert_eq!(case(), Some(false));
    folder.remove("tokenizer_config.json");
    assert_eq!(case(), Some(false));
    folder.write("tokenizer.json", r#"{"normalizer": {"lowercase": false}}"#);
    assert_eq!(case(), Some(true));
    folder.write("tokenizer.json", r#"{"normalizer": null}"#);
    assert_eq!(case(), None);
    folder.remove("tokenizer.json");
    assert_eq!(case(), None);
}

#[test]
fn vocabulary_lines_end_in_three_ways_and_are_not_trimmed() {
    let folder = Folder::new();
    let vocabulary = |text: &str| {
        folder.write("vocab.txt", text);
        hearth_models::open(folder.path()).unwrap().vocabulary
    };
    let expected = ["[UNK]", "[CLS]", "", " a\u{a0}", "[SEP]", "\u{85}\u{2028}"];
    assert_eq!(
        vocabulary("[UNK]\r\n[CLS]\r\r a\u{a0}\n[SEP]\n\u{85}\u{2028}"),
        expected
    );
    assert_eq!(
        vocabulary("[UNK]\n[CLS]\n\r\n a\u{a0}\r[SEP]\r\u{85}\u{2028}\r\n"),
        expected
    );
    assert_eq!(
        vocabulary("[UNK]\n[CLS]\n[SEP]\n\n"),
        ["[UNK]", "[CLS]", "[SEP]", ""]
    );
}

#[test]
fn the_vocabulary_is_taken_from_tokenizer_json_where_there_is_no_list() {
    let folder = Folder::new();
    folder.remove("vocab.txt");
    let tokenizer = json!({
        "added_tokens": [{"id": 1, "content": "[UNK]"}, {"id": 6, "content": "##b"}],
        "model": {
            "type": "WordPiece",
            "vocab": {"a": 5, "[PAD]": 0, "[SEP]": 3, "Ward": 4, "[UNK]": 1, "[CLS]": 2},
        },
    });
    folder.write("tokenizer.json", tokenizer.to_string());
    let model = hearth_models::open(folder.path()).unwrap();
    assert_eq!(model.vocabulary, VOCABULARY);
}

#[test]
fn both_files_of_a_tiny_model_hold_one_vocabulary() {
    for name in ["tiny_cased", "tiny_uncased"] {
        let lines = hearth_models::open(tiny(name)).unwrap().vocabulary;
        let copy = Folder::new();
        for file in ["config.json", "model.safetensors", "tokenizer.json"] {
            fs::copy(tiny(name).join(file), copy.file(file)).unwrap();
        }
        copy.remove("vocab.txt");
        let json = hearth_models::open(copy.path()).unwrap().vocabulary;
        assert!(lines == json, "{name}");
    }
}

#[test]
fn the_fingerprint_follows_content_and_not_names() {
    let mut folder = Folder::new();
    let of = |folder: &Folder| {
        let model = hearth_models::open(folder.path()).unwrap();
        model.fingerprint().unwrap().to_string()
    };
    let whole = of(&folder);
    assert_eq!(whole.len(), 64);
    assert_eq!(whole, of(&Folder::new()), "another folder");
    folder.write("tokenizer_config.json", r#"{"do_lower_case": true}"#);
    assert_eq!(whole, of(&folder), "another setting");
    folder.rename_tensors(|name| format!("bert.{name}"));
    assert_eq!(whole, of(&folder), "other names");
    for dtype in [Dtype::F16, Dtype::BF16] {
        assert_eq!(whole, of(&Folder::with_elements(dtype)), "{dtype}");
    }

    let mut changed = Folder::new();
    let bias = "encoder.layer.0.output.dense.bias";
    changed.tensors.get_mut(bias).unwrap().bytes[15] ^= 1;
    changed.write_tensors();
    assert_ne!(whole, of(&changed), "one bit of the weights");

    let mut changed = Folder::new();
    changed.config["layer_norm_eps"] = json!(1e-5);
    changed.write_config();
    assert_ne!(whole, of(&changed), "the config");

    let changed = Folder::new();
    changed.write("vocab.txt", VOCABULARY.join("\n").replace("Ward", "ward"));
    assert_ne!(whole, of(&changed), "the vocabulary");
}
