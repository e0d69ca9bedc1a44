//! The texts of the errors, in full: whoever reads one at night has nothing else.

use std::fs;

use hearth_models::Error;
use safetensors::Dtype;
use serde_json::{Value, json};

use crate::folder::{Folder, Stored, VOCABULARY, encode, tiny};

const READS: &str = "a model is a folder, or a zip of one, as Hugging Face (config.json, model.safetensors, vocab.txt), \
                     Spark NLP (metadata) or TensorFlow (saved_model.pb, or bert_config.json and bert_model.ckpt.index) \
                     save it, or one with model.onnx or openvino_model.xml";

/// The folder with one value of its config replaced; null counts as absent.
fn with_config(key: &str, value: Value) -> Folder {
    let mut folder = Folder::new();
    folder.config[key] = value;
    folder.write_config();
    folder
}

#[test]
fn folders_that_are_no_model() {
    let cases: [(&[&str], &str); 5] = [
        (
            &["config.json", "vocab.txt"],
            "a folder with config.json but no weights",
        ),
        (
            &["model.safetensors"],
            "a folder with weights but no config.json",
        ),
        (
            &["model.safetensors.index.json"],
            "a folder with weights but no config.json",
        ),
        (&["notes.txt"], "a folder with none of the files of a model"),
        (&[], "a folder with none of the files of a model"),
    ];
    for (files, found) in cases {
        let dir = tempfile::tempdir().unwrap();
        for file in files {
            fs::write(dir.path().join(file), "").unwrap();
        }
        let path = dir.path().display();
        let expected = format!("{path}: found {found}; {READS}");
        for error in [
            hearth_models::open(dir.path()).map(drop),
            hearth_models::describe(dir.path()).map(drop),
        ] {
            assert_eq!(error.unwrap_err().to_string(), expected);
        }
    }
}

#[test]
fn paths_that_are_no_folder() {
    let dir = tempfile::tempdir().unwrap();
    let cases: [(&str, Option<&[u8]>, &str); 3] = [
        ("config.json", Some(b"{}"), "a file that is no zip"),
        ("empty", Some(b""), "a file that is no zip"),
        ("absent", None, "nothing there"),
    ];
    for (name, content, found) in cases {
        let path = dir.path().join(name);
        if let Some(content) = content {
            fs::write(&path, content).unwrap();
        }
        let error = hearth_models::open(&path).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("{}: found {found}; {READS}", path.display())
        );
    }
}

#[test]
fn a_file_of_a_model_leads_to_its_folder() {
    let checkpoint = tempfile::tempdir().unwrap();
    for name in [
        "bert_config.json",
        "bert_model.ckpt.index",
        "bert_model.ckpt.data-00000-of-00001",
    ] {
        fs::write(checkpoint.path().join(name), "").unwrap();
    }
    let saved = tempfile::tempdir().unwrap();
    fs::write(saved.path().join("saved_model.pb"), "").unwrap();
    fs::create_dir(saved.path().join("variables")).unwrap();
    fs::write(saved.path().join("variables/variables.index"), "").unwrap();
    let hugging_face = Folder::new();
    for (folder, name) in [
        (hugging_face.path(), "model.safetensors"),
        (hugging_face.path(), "config.json"),
        (checkpoint.path(), "bert_model.ckpt"),
        (saved.path(), "saved_model.pb"),
        (saved.path(), "variables/variables.index"),
    ] {
        let path = folder.join(name);
        assert_eq!(
            hearth_models::open(&path).unwrap_err().to_string(),
            format!(
                "{}: one file of a model; give its folder, {}",
                path.display(),
                folder.display()
            )
        );
    }
}

#[test]
fn config_values_that_cannot_be() {
    let acts = "gelu, gelu_python, gelu_new, gelu_fast, gelu_accurate, gelu_pytorch_tanh or gelu_python_tanh";
    let cases = [
        (
            "model_type",
            json!("roberta"),
            "`model_type` is \"roberta\"; possible is \"bert\"".to_owned(),
        ),
        (
            "position_embedding_type",
            json!("relative_key"),
            "`position_embedding_type` is \"relative_key\"; possible is \"absolute\"".to_owned(),
        ),
        (
            "is_decoder",
            json!(true),
            "`is_decoder` is true; possible is false".to_owned(),
        ),
        (
            "hidden_act",
            json!("relu"),
            format!("`hidden_act` is \"relu\"; possible is {acts}"),
        ),
        (
            "hidden_size",
            json!(0),
            "`hidden_size` is 0; possible is a whole number above 0".to_owned(),
        ),
        (
            "num_attention_heads",
            json!(3),
            "`num_attention_heads` is 3; possible is a divisor of hidden_size, which is 4"
                .to_owned(),
        ),
        (
            "layer_norm_eps",
            json!(0.0),
            "`layer_norm_eps` is 0; possible is a number above 0".to_owned(),
        ),
    ];
    for (key, value, expected) in cases {
        let folder = with_config(key, value);
        assert_eq!(folder.refusal(), format!("MODEL/config.json: {expected}"));
    }
}

#[test]
fn config_keys_that_are_missing() {
    let keys = [
        "vocab_size",
        "hidden_size",
        "num_hidden_layers",
        "num_attention_heads",
        "intermediate_size",
        "max_position_embeddings",
        "type_vocab_size",
        "hidden_act",
    ];
    for key in keys {
        let expected = format!("MODEL/config.json: the key `{key}` is missing");
        assert_eq!(with_config(key, Value::Null).refusal(), expected);
        let mut folder = Folder::new();
        folder.config.as_object_mut().unwrap().remove(key);
        folder.write_config();
        assert_eq!(folder.refusal(), expected);
    }
}

#[test]
fn json_errors_say_line_and_column() {
    let folder = Folder::new();
    folder.write("config.json", "{\n  \"hidden_size\": 4,,\n}");
    assert_eq!(
        folder.refusal(),
        "MODEL/config.json: key must be a string at line 2 column 20"
    );
    folder.write("config.json", "{\n  \"hidden_size\": \"4\"\n}");
    assert_eq!(
        folder.refusal(),
        "MODEL/config.json: invalid type: string \"4\", expected usize at line 2 column 20"
    );
    folder.write("config.json", "{\"hidden_size\": -4}");
    assert_eq!(
        folder.refusal(),
        "MODEL/config.json: invalid value: integer `-4`, expected usize at line 1 column 18"
    );
    let folder = Folder::new();
    folder.write("tokenizer_config.json", "{\"do_lower_case\": 1}");
    assert_eq!(
        folder.refusal(),
        "MODEL/tokenizer_config.json: invalid type: integer `1`, expected a boolean at line 1 column 19"
    );
}

#[test]
fn tensors_that_are_missing() {
    let mut folder = Folder::new();
    folder
        .tensors
        .remove("encoder.layer.0.output.LayerNorm.bias");
    folder.write_tensors();
    assert_eq!(
        folder.refusal(),
        "MODEL/model.safetensors: no tensor `encoder.layer.0.output.LayerNorm.bias` of shape [4], neither under this name \
         nor below `bert.`"
    );
    let folder = with_config("num_hidden_layers", json!(u64::MAX));
    assert_eq!(
        folder.refusal(),
        "MODEL/model.safetensors: no tensor `encoder.layer.1.attention.self.query.weight` of shape [4, 4], neither under \
         this name nor below `bert.`"
    );
}

#[test]
fn tensors_of_another_shape() {
    let cases = [
        (
            "hidden_size",
            json!(6),
            "embeddings.word_embeddings.weight",
            "[7, 4]",
            "[7, 6]",
        ),
        (
            "vocab_size",
            json!(8),
            "embeddings.word_embeddings.weight",
            "[7, 4]",
            "[8, 4]",
        ),
        (
            "max_position_embeddings",
            json!(512),
            "embeddings.position_embeddings.weight",
            "[16, 4]",
            "[512, 4]",
        ),
        (
            "type_vocab_size",
            json!(1),
            "embeddings.token_type_embeddings.weight",
            "[2, 4]",
            "[1, 4]",
        ),
        (
            "intermediate_size",
            json!(16),
            "encoder.layer.0.intermediate.dense.weight",
            "[8, 4]",
            "[16, 4]",
        ),
    ];
    for (key, value, tensor, found, expected) in cases {
        assert_eq!(
            with_config(key, value).refusal(),
            format!(
                "MODEL/model.safetensors: tensor `{tensor}` has shape {found} where {expected} is expected"
            )
        );
    }
}

/// A kernel stored `[in, out]`, as TensorFlow does, has the right number of values and the wrong shape.
#[test]
fn a_transposed_tensor() {
    let mut folder = Folder::new();
    let name = "encoder.layer.0.output.dense.weight";
    folder.tensors.get_mut(name).unwrap().shape.reverse();
    folder.write_tensors();
    assert_eq!(
        folder.refusal(),
        "MODEL/model.safetensors: tensor `encoder.layer.0.output.dense.weight` has shape [8, 4] where [4, 8] is expected"
    );
}

#[test]
fn elements_that_are_not_read() {
    let mut folder = Folder::new();
    let stored = Stored {
        dtype: Dtype::F64,
        shape: vec![4],
        bytes: encode(Dtype::F64, &[1.0; 4]),
    };
    folder
        .tensors
        .insert("embeddings.LayerNorm.weight".to_owned(), stored);
    folder.write_tensors();
    assert_eq!(
        folder.refusal(),
        "MODEL/model.safetensors: tensor `embeddings.LayerNorm.weight` holds F64; possible is F32, F16 or BF16"
    );
}

#[test]
fn vocabularies_that_do_not_fit() {
    let folder = Folder::new();
    for token in ["[UNK]", "[CLS]", "[SEP]"] {
        folder.write("vocab.txt", VOCABULARY.join("\n").replace(token, "[X]"));
        assert_eq!(
            folder.refusal(),
            format!("MODEL/vocab.txt: token {token} not found in vocabulary")
        );
    }
    folder.write("vocab.txt", VOCABULARY.join("\n") + "\nmore");
    assert_eq!(
        folder.refusal(),
        "MODEL/vocab.txt: the vocabulary has 8 entries, the word embedding table only 7 rows; it is another model's \
         vocabulary"
    );
    folder.write("vocab.txt", b"[UNK]\r\n[CLS]\n\n[SEP]\ncaf\xE9\n");
    assert_eq!(folder.refusal(), "MODEL/vocab.txt: line 5 is not UTF-8");
    folder.write("vocab.txt", b"[UNK]\n\xFF");
    assert_eq!(folder.refusal(), "MODEL/vocab.txt: line 2 is not UTF-8");
    folder.remove("vocab.txt");
    assert_eq!(
        folder.refusal(),
        "MODEL: no vocab.txt and no tokenizer.json in this folder, so the model has no vocabulary"
    );
}

#[test]
fn tokenizer_json_without_a_usable_vocabulary() {
    let folder = Folder::new();
    folder.remove("vocab.txt");
    let refusal = |tokenizer: Value| {
        folder.write("tokenizer.json", tokenizer.to_string());
        folder.refusal()
    };
    assert_eq!(
        refusal(json!({"model": {"type": "BPE", "vocab": {}}})),
        "MODEL/tokenizer.json: `model.type` is \"BPE\"; possible is \"WordPiece\""
    );
    assert_eq!(
        refusal(json!({"model": {"type": "WordPiece", "vocab": {"a": 0, "b": 2}}})),
        "MODEL/tokenizer.json: the vocabulary's 2 ids do not run from 0 without gap or repetition: `b` has id 2"
    );
    assert_eq!(
        refusal(json!({"model": {"vocab": {"a": 0, "b": 1, "c": 1}}})),
        "MODEL/tokenizer.json: the vocabulary's 3 ids do not run from 0 without gap or repetition: `c` has id 1"
    );
    assert_eq!(
        refusal(json!({"model": {"vocab": {"a": u64::MAX}}})),
        "MODEL/tokenizer.json: the vocabulary's 1 ids do not run from 0 without gap or repetition: `a` has id \
         18446744073709551615"
    );
}

/// What a caller acts on is data, not text.
#[test]
fn errors_carry_data() {
    let path = tiny("absent");
    let Err(Error::Format { path: at, found }) = hearth_models::open(&path) else {
        panic!("another error")
    };
    assert_eq!((at, found), (path, hearth_models::Found::Nothing));
}
