//! TensorFlow's own forms of one tiny model, as `data/models/tensorflow/make.py` had TensorFlow write them, against the
//! safetensors file with the weights they were given.

use std::fs;
use std::path::{Path, PathBuf};

use crate::copied;
use hearth_models::{HiddenAct, Model, Warning};

const LAYERS: usize = 2;

fn form(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../data/models/tensorflow")
        .join(name)
}

/// The tensors of a BERT with these sizes.
fn tensors([vocabulary, hidden, intermediate, positions]: [usize; 4]) -> Vec<(String, Vec<usize>)> {
    let mut all = vec![
        (
            "embeddings.word_embeddings.weight".to_owned(),
            vec![vocabulary, hidden],
        ),
        (
            "embeddings.position_embeddings.weight".to_owned(),
            vec![positions, hidden],
        ),
        (
            "embeddings.token_type_embeddings.weight".to_owned(),
            vec![2, hidden],
        ),
        ("pooler.dense.weight".to_owned(), vec![hidden, hidden]),
        ("pooler.dense.bias".to_owned(), vec![hidden]),
    ];
    let mut norms = vec!["embeddings.LayerNorm".to_owned()];
    for layer in 0..LAYERS {
        for (name, out, inputs) in [
            ("attention.self.query", hidden, hidden),
            ("attention.self.key", hidden, hidden),
            ("attention.self.value", hidden, hidden),
            ("attention.output.dense", hidden, hidden),
            ("intermediate.dense", intermediate, hidden),
            ("output.dense", hidden, intermediate),
        ] {
            all.push((
                format!("encoder.layer.{layer}.{name}.weight"),
                vec![out, inputs],
            ));
            all.push((format!("encoder.layer.{layer}.{name}.bias"), vec![out]));
        }
        norms.extend(
            ["attention.output", "output"]
                .map(|at| format!("encoder.layer.{layer}.{at}.LayerNorm")),
        );
    }
    for norm in norms {
        all.extend(["weight", "bias"].map(|part| (format!("{norm}.{part}"), vec![hidden])));
    }
    all
}

#[track_caller]
pub(crate) fn same_weights(found: &Model, expected: &Model, sizes: [usize; 4]) {
    for (name, shape) in tensors(sizes) {
        let [found, expected] =
            [found, expected].map(|model| model.weights.get(&name, &shape).unwrap());
        assert!(
            found
                .iter()
                .map(|f| f.to_bits())
                .eq(expected.iter().map(|e| e.to_bits())),
            "{name}"
        );
    }
}

/// Opens a form and compares all of it but GELU and warnings, which are returned, with the source.
#[track_caller]
fn open(name: &str) -> (HiddenAct, Vec<Warning>) {
    let source = hearth_models::open(form("source")).unwrap();
    let found = hearth_models::open(form(name)).unwrap();
    same_weights(&found, &source, [40, 8, 16, 24]);
    assert_eq!(found.vocabulary, source.vocabulary);
    let act = found.config.hidden_act;
    let mut config = found.config.clone();
    config.hidden_act = source.config.hidden_act;
    assert_eq!(config, source.config);
    let described = hearth_models::describe(form(name)).unwrap();
    assert_eq!(
        (described.config, described.settings),
        (found.config, found.settings)
    );
    (act, found.warnings)
}

#[test]
fn a_checkpoint_with_its_graph_and_an_optimisers_averages() {
    assert_eq!(open("checkpoint.zip"), (HiddenAct::GeluTanh, vec![]));
}

#[test]
fn a_checkpoint_alone_does_not_say_its_gelu() {
    assert_eq!(
        open("bare_checkpoint"),
        (HiddenAct::GeluTanh, vec![Warning::AssumedGelu])
    );
}

#[test]
fn partitioned_variables() {
    assert_eq!(open("partitioned").0, HiddenAct::GeluTanh);
}

#[test]
fn several_data_files_blocks_in_snappy_and_16_bits() {
    for name in ["sharded", "snappy", "float16", "bfloat16"] {
        assert_eq!(open(name), (HiddenAct::GeluTanh, vec![]), "{name}");
    }
}

#[test]
fn saved_models_and_hub_modules() {
    for (name, act) in [
        ("hub_v1.zip", HiddenAct::GeluTanh),
        ("hub_v2.zip", HiddenAct::GeluTanh),
        ("saved_model_tanh.zip", HiddenAct::GeluTanh),
    ] {
        assert_eq!(open(name), (act, vec![]), "{name}");
    }
    let lower = hearth_models::describe(form("hub_v2.zip")).unwrap();
    assert_eq!(lower.settings.case_sensitive, Some(false));
}

/// What Spark NLP 5.5.3 saved of two models, imported from TensorFlow 2 and from TensorFlow 1.
#[test]
fn spark_nlps_archives() {
    for (archive, model, act) in [
        ("tiny_cased_tf", "tiny_cased", HiddenAct::Gelu),
        ("tiny_uncased_tf", "tiny_uncased", HiddenAct::Gelu),
        ("tiny_cased_tf1", "tiny_cased", HiddenAct::GeluTanh),
        ("tiny_uncased_tf1", "tiny_uncased", HiddenAct::GeluTanh),
        ("tiny_cased_tf1_legacy", "tiny_cased", HiddenAct::GeluTanh),
    ] {
        let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data");
        let found = hearth_models::open(data.join(format!("archives/{archive}.zip"))).unwrap();
        let source = hearth_models::open(data.join("models").join(model)).unwrap();
        assert_eq!(found.config.hidden_act, act, "{archive}");
        let mut config = found.config.clone();
        config.hidden_act = source.config.hidden_act;
        assert_eq!(config, source.config, "{archive}");
        assert_eq!(found.vocabulary, source.vocabulary, "{archive}");
        assert_eq!(found.warnings, [], "{archive}");
        same_weights(&found, &source, [29_000, 32, 64, 512]);
    }
}

#[track_caller]
fn refusal(path: &Path) -> String {
    let error = hearth_models::open(path).expect_err("opened").to_string();
    error.replace(path.to_str().unwrap(), "MODEL")
}

#[test]
fn what_is_not_one_whole_encoder_is_refused() {
    assert_eq!(
        refusal(&form("two")),
        "MODEL/model.ckpt-7.index: it has several encoders, in `bert/` and `teacher/bert/`; this version reads models \
         with one BERT encoder"
    );
    assert_eq!(
        refusal(&form("columns")),
        "MODEL/model.ckpt-7.index: the variable `bert/embeddings/word_embeddings` is partitioned along more than its \
         first axis; save it with partitions along axis 0 or none"
    );
}

#[test]
fn of_several_checkpoints_the_newest_is_taken_where_training_says_which() {
    let folder = copied(&form("snappy"));
    for end in ["index", "data-00000-of-00001"] {
        let of = |prefix: &str| folder.path().join(format!("{prefix}.{end}"));
        fs::copy(of("model.ckpt-7"), of("model.ckpt-8")).unwrap();
    }
    assert_eq!(
        refusal(folder.path()),
        "MODEL: it has several checkpoints: model.ckpt-7, model.ckpt-8; leave one of them in the folder"
    );
    let state = "model_checkpoint_path: \"/data/run/model.ckpt-8\"\nall_model_checkpoint_paths: \"model.ckpt-7\"\n";
    fs::write(folder.path().join("checkpoint"), state).unwrap();
    hearth_models::open(folder.path()).unwrap();
}

#[test]
fn a_tensor_that_changed_since_it_was_written_is_refused_when_read() {
    let folder = copied(&form("snappy"));
    let data = folder.path().join("model.ckpt-7.data-00000-of-00001");
    let mut bytes = fs::read(&data).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::write(&data, &bytes).unwrap();
    let model = hearth_models::open(folder.path()).unwrap();
    let refused = model
        .weights
        .get("encoder.layer.1.output.LayerNorm.bias", &[8])
        .unwrap_err()
        .to_string();
    assert_eq!(
        refused.replace(folder.path().to_str().unwrap(), "MODEL"),
        "MODEL/model.ckpt-7.data-00000-of-00001: not a readable file of weights: tensor \
         `encoder.layer.1.output.LayerNorm.bias` has another checksum than when it was written; copy or download it again"
    );
    fs::write(&data, &bytes[..last]).unwrap();
    assert_eq!(
        refusal(folder.path()),
        "MODEL/model.ckpt-7.data-00000-of-00001: not a readable TensorFlow bundle: it has 7263 bytes, too few for \
         `bert/encoder/layer_1/output/LayerNorm/beta`, 32 bytes from byte 7232; copy or download it again"
    );
}
