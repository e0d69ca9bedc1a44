//! What PyTorch, ONNX's tools and OpenVINO make of one tiny model, as `data/models/exports/make.py` had them write it, against
//! the safetensors file with the weights they were given.

use std::fs;
use std::path::{Path, PathBuf};

use flate2::Crc;
use hearth_models::{HiddenAct, Model};
use safetensors::SafeTensors;
use serde_json::json;
use tempfile::TempDir;

use crate::copied;

fn form(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../data/models/exports")
        .join(name)
}

/// All but the pooler, which an export of the encoder lacks, by the bytes of the source's file.
#[track_caller]
pub(crate) fn same_weights(found: &Model) {
    let bytes = fs::read(form("source").join("model.safetensors")).unwrap();
    let source = SafeTensors::deserialize(&bytes).unwrap();
    assert_eq!(source.len(), 39);
    for (name, tensor) in source
        .iter()
        .filter(|(name, _)| !name.starts_with("pooler"))
    {
        let values = found.weights.get(name, tensor.shape()).unwrap();
        let values: Vec<u8> = values.into_iter().flat_map(f32::to_le_bytes).collect();
        assert!(values == tensor.data(), "{name}");
    }
}

/// Opens a form and compares all of it but GELU, which is returned, with the source.
#[track_caller]
fn open_at(path: &Path) -> HiddenAct {
    let source = hearth_models::open(form("source")).unwrap();
    let found = hearth_models::open(path).unwrap();
    same_weights(&found);
    assert_eq!(found.vocabulary, source.vocabulary);
    assert_eq!(found.warnings, []);
    let act = found.config.hidden_act;
    let mut config = found.config.clone();
    config.hidden_act = source.config.hidden_act;
    assert_eq!(config, source.config);
    let described = hearth_models::describe(path).unwrap();
    assert_eq!(
        (described.config, described.settings),
        (found.config, found.settings)
    );
    act
}

#[track_caller]
fn open(name: &str) -> HiddenAct {
    open_at(&form(name))
}

#[track_caller]
fn refusal(path: &Path) -> String {
    let error = hearth_models::open(path).expect_err("opened").to_string();
    error.replace(path.to_str().unwrap(), "MODEL")
}

#[test]
fn onnx_as_pytorch_exports_it() {
    assert_eq!(open("onnx_opset11"), HiddenAct::Gelu);
    assert_eq!(open("onnx_opset14"), HiddenAct::GeluTanh);
    assert_eq!(open("onnx_opset17"), HiddenAct::Gelu);
    assert_eq!(open("onnx_unfolded"), HiddenAct::GeluTanh);
}

#[test]
fn onnx_with_its_weights_beside_it_or_as_lists_or_in_16_bits() {
    for name in ["onnx_external", "onnx_float_data", "onnx_float16"] {
        assert_eq!(open(name), HiddenAct::Gelu, "{name}");
    }
}

#[test]
fn onnx_with_nodes_fused_by_onnx_runtime() {
    assert_eq!(open("onnx_fused"), HiddenAct::Gelu);
    assert_eq!(open("onnx_fused_heads"), HiddenAct::Gelu);
    assert_eq!(open("onnx_fused_tanh"), HiddenAct::GeluTanh);
}

#[test]
fn openvino_of_onnx_and_of_pytorch() {
    for (name, act) in [
        ("openvino", HiddenAct::Gelu),
        ("openvino_tanh", HiddenAct::GeluTanh),
        ("openvino_float16", HiddenAct::Gelu),
        ("openvino_pytorch", HiddenAct::Gelu),
        ("openvino_pytorch_tanh", HiddenAct::GeluTanh),
    ] {
        assert_eq!(open(name), act, "{name}");
    }
}

#[test]
fn pytorch_in_a_zip_in_shards_and_as_before_1_6() {
    for (name, act) in [
        ("pytorch", HiddenAct::GeluTanh),
        ("pytorch_sharded", HiddenAct::Gelu),
        ("pytorch_legacy", HiddenAct::Gelu),
        ("pytorch_training", HiddenAct::Gelu),
        ("pytorch_bfloat16", HiddenAct::Gelu),
    ] {
        assert_eq!(open(name), act, "{name}");
    }
}

#[test]
fn weights_of_small_integers_are_refused() {
    for name in ["onnx_quantized", "openvino_quantized"] {
        let refused = refusal(&form(name));
        assert!(refused.contains("quantized to small integers"), "{refused}");
    }
}

/// The archive holds the weights of `tiny_cased`, as exported to ONNX and saved again by Spark NLP.
#[test]
fn onnx_that_spark_nlp_saved() {
    let stage = "../archives/pipeline_model_onnx.zip/stages/3_BERT_EMBEDDINGS_7b00e57ae29b";
    let found = hearth_models::open(form("..").join(stage)).unwrap();
    let source = hearth_models::open(form("../tiny_cased")).unwrap();
    assert_eq!(found.config, source.config);
    assert_eq!(found.vocabulary, source.vocabulary);
    assert_eq!(found.settings.case_sensitive, Some(true));
    assert_eq!(found.warnings, []);
    assert_eq!(found.fingerprint().unwrap(), source.fingerprint().unwrap());
}

/// Spark NLP's archive of an annotator: its metadata, a vocabulary and a zip with the engine's files.
fn annotator(engine: &str, files: &[(&str, &Path)]) -> TempDir {
    let folder = TempDir::new().unwrap();
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    };
    let metadata = json!({
        "class": "com.johnsnowlabs.nlp.embeddings.BertEmbeddings",
        "uid": "BERT_EMBEDDINGS_0",
        "paramMap": {"engine": engine, "caseSensitive": true},
    });
    write("metadata/part-00000", metadata.to_string().as_bytes());
    let entries = fs::read_to_string(form("source/vocab.txt")).unwrap();
    let ids: serde_json::Map<_, _> = entries
        .lines()
        .zip(0..)
        .map(|(entry, id)| (entry.to_owned(), json!(id)))
        .collect();
    write(
        "fields/vocabulary/data.json",
        json!(ids).to_string().as_bytes(),
    );
    let files: Vec<_> = files
        .iter()
        .map(|(name, path)| (*name, fs::read(path).unwrap()))
        .collect();
    write(&format!("bert_{engine}"), &zip(&files));
    folder
}

/// A zip of stored files.
fn zip(files: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let u16 = |n: usize| u16::try_from(n).unwrap().to_le_bytes();
    let u32 = |n: usize| u32::try_from(n).unwrap().to_le_bytes();
    let (mut bytes, mut list) = (vec![], vec![]);
    for (name, data) in files {
        let mut crc = Crc::new();
        crc.update(data);
        let at = bytes.len();
        let common = [
            &[20, 0, 0, 0, 0, 0, 0, 0, 33, 0][..],
            &crc.sum().to_le_bytes(),
            &u32(data.len()),
            &u32(data.len()),
            &u16(name.len()),
            &[0, 0],
        ]
        .concat();
        bytes.extend([&b"PK\x03\x04"[..], &common, name.as_bytes(), data].concat());
        let entry = [
            &b"PK\x01\x02\x14\0"[..],
            &common,
            &[0; 10],
            &u32(at),
            name.as_bytes(),
        ];
        list.extend(entry.concat());
    }
    let end = [
        &b"PK\x05\x06\0\0\0\0"[..],
        &u16(files.len()),
        &u16(files.len()),
        &u32(list.len()),
        &u32(bytes.len()),
        &[0, 0],
    ];
    [&bytes[..], &list, &end.concat()].concat()
}

#[test]
fn the_inner_zip_of_spark_nlp_may_call_its_model_anything() {
    for name in ["model.onnx", "qwertzuiop_bert_onnx_model.onnx", "anything"] {
        let folder = annotator("onnx", &[(name, &form("onnx_opset11/model.onnx"))]);
        assert_eq!(open_annotator(&folder), HiddenAct::Gelu, "{name}");
    }
    let files = [
        ("model.onnx", form("onnx_external/onnx/model.onnx")),
        (
            "model.onnx_data",
            form("onnx_external/onnx/model.onnx_data"),
        ),
    ];
    let folder = annotator(
        "onnx",
        &files.each_ref().map(|(name, path)| (*name, path.as_path())),
    );
    assert_eq!(open_annotator(&folder), HiddenAct::Gelu);
    let folder = annotator("onnx", &[("a.onnx", &files[0].1), ("b.onnx", &files[0].1)]);
    assert_eq!(
        refusal(folder.path()),
        "MODEL/bert_onnx: it holds 2 files where one ONNX model is expected; save the model again, or copy or download it \
         again"
    );
}

#[test]
fn openvino_that_spark_nlp_saved() {
    let [xml, bin] =
        ["xml", "bin"].map(|end| form("openvino_tanh").join(format!("openvino_model.{end}")));
    let folder = annotator(
        "openvino",
        &[("openvino_model.xml", &xml), ("openvino_model.bin", &bin)],
    );
    assert_eq!(open_annotator(&folder), HiddenAct::GeluTanh);
    let folder = annotator("openvino", &[("openvino_model.xml", &xml)]);
    assert!(refusal(folder.path()).starts_with("MODEL/bert_openvino/openvino_model.bin: "));
}

#[track_caller]
fn open_annotator(folder: &TempDir) -> HiddenAct {
    let found = hearth_models::open(folder.path()).unwrap();
    same_weights(&found);
    assert_eq!(found.config.num_attention_heads, 2);
    assert_eq!(found.settings.case_sensitive, Some(true));
    found.config.hidden_act
}

#[test]
fn a_pickle_is_not_run() {
    assert_eq!(
        refusal(&form("pytorch_refused")),
        "MODEL/pytorch_model.bin: its pickle asks for argparse.Namespace, and nothing is run but what tensors are made of; \
         load it where it was made and save the weights alone, with save_pretrained"
    );
    let folder = copied(&form("pytorch_legacy"));
    let file = folder.path().join("pytorch_model.bin");
    let whole = fs::read(&file).unwrap();
    // `os.system("true")` in the place of the magic number's successor.
    let bytes = [&whole[..15], b"\x80\x02cos\nsystem\nX\x04\0\0\0true\x85R."].concat();
    fs::write(&file, bytes).unwrap();
    assert!(refusal(folder.path()).contains("its pickle asks for os.system, "));
    let mut tar = vec![0; 512];
    tar[257..262].copy_from_slice(b"ustar");
    fs::write(&file, tar).unwrap();
    assert_eq!(
        refusal(folder.path()),
        "MODEL/pytorch_model.bin: it holds a tar, as PyTorch wrote before 0.1.10; load it with transformers and save it \
         again, with save_pretrained"
    );
    fs::write(
        &file,
        "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
    )
    .unwrap();
    assert!(refusal(folder.path()).contains("this is a Git LFS pointer"));
}

#[test]
fn values_of_onnx_lie_in_its_folder() {
    let folder = copied(&form("onnx_external"));
    let model = fs::read(form("onnx_external/onnx/model.onnx")).unwrap();
    let file = folder.path().join("model.onnx");
    // Names of the same length, so that the message around them stays whole.
    for name in [
        "../model.onnx_d",
        "/odel.onnx_data",
        "a/../x.onnx_dat",
        "C:\\el.onnx_data",
        "a//el.onnx_data",
    ] {
        let bytes = replaced(&model, b"model.onnx_data", name.as_bytes());
        fs::write(&file, bytes).unwrap();
        let refused = refusal(folder.path());
        assert!(
            refused.contains(&format!("are said to lie in `{name}`, no file beside it")),
            "{refused}"
        );
    }
    fs::write(&file, &model).unwrap();
    assert_eq!(
        refusal(folder.path()),
        "MODEL/model.onnx: lists the file `model.onnx_data`, which is not beside it; copy or download it too"
    );
    fs::write(folder.path().join("model.onnx_data"), [0; 100]).unwrap();
    assert!(
        refusal(folder.path())
            .contains("are said to lie outside `model.onnx_data`, which has 100 bytes")
    );
}

fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for at in 0..bytes.len().saturating_sub(from.len()) {
        if bytes[at..].starts_with(from) {
            bytes[at..at + to.len()].copy_from_slice(to);
        }
    }
    bytes
}

#[test]
fn graphs_that_are_no_bert_are_refused_by_what_they_are() {
    for (name, from, to, why) in [
        // Names of operators of the same length.
        ("onnx_opset11", "Erf", "Sin", "is not known: `"),
        (
            "onnx_opset11",
            "Softmax",
            "Hardmax",
            "no attention over linear layers",
        ),
        (
            "onnx_opset17",
            "LayerNormalization",
            "LayerNormalisation",
            "no LayerNorm of three embeddings",
        ),
        ("openvino", "\"Gelu\"", "\"Relu\"", "is a Relu"),
    ] {
        let folder = copied(&form(name));
        let file = if name == "openvino" {
            "openvino_model.xml"
        } else {
            "model.onnx"
        };
        let bytes = fs::read(form(name).join(file)).unwrap();
        fs::write(
            folder.path().join(file),
            replaced(&bytes, from.as_bytes(), to.as_bytes()),
        )
        .unwrap();
        let refused = refusal(folder.path());
        assert!(refused.contains(why), "{refused}");
    }
}

/// Every form with its file cut off and with bits turned over: an error or a model, and its weights can be asked for.
#[test]
fn damage_gives_an_error() {
    for (name, file) in [
        ("onnx_opset11", "model.onnx"),
        ("onnx_fused", "model.onnx"),
        ("openvino", "openvino_model.xml"),
        ("openvino", "openvino_model.bin"),
        ("pytorch", "pytorch_model.bin"),
        ("pytorch_legacy", "pytorch_model.bin"),
    ] {
        let folder = copied(&form(name));
        let path = folder.path().join(file);
        let whole = fs::read(&path).unwrap();
        let try_it = |bytes: &[u8]| {
            fs::write(&path, bytes).unwrap();
            if let Ok(model) = hearth_models::open(folder.path()) {
                let _ = model.fingerprint();
            }
        };
        let step = whole.len() / 40 + 1;
        for at in (0..whole.len()).step_by(step) {
            try_it(&whole[..at]);
            let mut changed = whole.clone();
            changed[at] ^= 1 << (at % 8);
            try_it(&changed);
            changed[at] = 0xff;
            try_it(&changed);
        }
    }
}
