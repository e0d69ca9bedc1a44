//! A small model folder, written to a temporary place as a test wants it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use half::{bf16, f16};
use safetensors::Dtype;
use safetensors::tensor::TensorView;
use serde_json::{Value, json};
use tempfile::TempDir;

/// One layer, hidden size 4, two heads, intermediate size 8, 16 positions, 2 token types.
pub(crate) const VOCABULARY: [&str; 7] = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "Ward", "a", "##b"];

/// The tensors of the model and their shapes, written out by hand.
pub(crate) const SHAPES: [(&str, &[usize]); 21] = [
    ("embeddings.word_embeddings.weight", &[7, 4]),
    ("embeddings.position_embeddings.weight", &[16, 4]),
    ("embeddings.token_type_embeddings.weight", &[2, 4]),
    ("embeddings.LayerNorm.weight", &[4]),
    ("embeddings.LayerNorm.bias", &[4]),
    ("encoder.layer.0.attention.self.query.weight", &[4, 4]),
    ("encoder.layer.0.attention.self.query.bias", &[4]),
    ("encoder.layer.0.attention.self.key.weight", &[4, 4]),
    ("encoder.layer.0.attention.self.key.bias", &[4]),
    ("encoder.layer.0.attention.self.value.weight", &[4, 4]),
    ("encoder.layer.0.attention.self.value.bias", &[4]),
    ("encoder.layer.0.attention.output.dense.weight", &[4, 4]),
    ("encoder.layer.0.attention.output.dense.bias", &[4]),
    ("encoder.layer.0.attention.output.LayerNorm.weight", &[4]),
    ("encoder.layer.0.attention.output.LayerNorm.bias", &[4]),
    ("encoder.layer.0.intermediate.dense.weight", &[8, 4]),
    ("encoder.layer.0.intermediate.dense.bias", &[8]),
    ("encoder.layer.0.output.dense.weight", &[4, 8]),
    ("encoder.layer.0.output.dense.bias", &[4]),
    ("encoder.layer.0.output.LayerNorm.weight", &[4]),
    ("encoder.layer.0.output.LayerNorm.bias", &[4]),
];

pub(crate) struct Stored {
    pub(crate) dtype: Dtype,
    pub(crate) shape: Vec<usize>,
    pub(crate) bytes: Vec<u8>,
}

pub(crate) struct Folder {
    dir: TempDir,
    pub(crate) config: Value,
    pub(crate) tensors: BTreeMap<String, Stored>,
}

/// Multiples of 1/8 below 8 in size, which F16 and BF16 hold exactly; each tensor starts elsewhere.
pub(crate) fn values(tensor: usize, len: usize) -> Vec<f32> {
    (0..len)
        .map(|i| f32::from(u8::try_from((tensor * 31 + i * 7) % 127).unwrap()) / 8.0 - 7.875)
        .collect()
}

pub(crate) fn encode(dtype: Dtype, values: &[f32]) -> Vec<u8> {
    match dtype {
        Dtype::F32 => values.iter().flat_map(|v| v.to_le_bytes()).collect(),
        Dtype::F16 => values
            .iter()
            .flat_map(|&v| f16::from_f32(v).to_le_bytes())
            .collect(),
        Dtype::BF16 => values
            .iter()
            .flat_map(|&v| bf16::from_f32(v).to_le_bytes())
            .collect(),
        Dtype::F64 => values
            .iter()
            .flat_map(|&v| f64::from(v).to_le_bytes())
            .collect(),
        other => panic!("{other} is not written here"),
    }
}

impl Folder {
    /// A whole model in F32, cased.
    pub(crate) fn new() -> Self {
        Self::with_elements(Dtype::F32)
    }

    pub(crate) fn with_elements(dtype: Dtype) -> Self {
        let stored = |(i, (name, shape)): (usize, &(&str, &[usize]))| {
            let bytes = encode(dtype, &values(i, shape.iter().product()));
            let shape = shape.to_vec();
            (
                (*name).to_owned(),
                Stored {
                    dtype,
                    shape,
                    bytes,
                },
            )
        };
        let folder = Self {
            dir: TempDir::new().unwrap(),
            config: json!({
                "model_type": "bert",
                "hidden_act": "gelu",
                "vocab_size": 7,
                "hidden_size": 4,
                "num_hidden_layers": 1,
                "num_attention_heads": 2,
                "intermediate_size": 8,
                "max_position_embeddings": 16,
                "type_vocab_size": 2,
                "layer_norm_eps": 1e-12,
                "position_embedding_type": "absolute",
            }),
            tensors: SHAPES.iter().enumerate().map(stored).collect(),
        };
        folder.write("vocab.txt", VOCABULARY.join("\n") + "\n");
        folder.write("tokenizer_config.json", r#"{"do_lower_case": false}"#);
        folder.write_config();
        folder.write_tensors();
        folder
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.file(name), bytes).unwrap();
    }

    pub(crate) fn remove(&self, name: &str) {
        fs::remove_file(self.file(name)).unwrap();
    }

    pub(crate) fn write_config(&self) {
        self.write("config.json", self.config.to_string());
    }

    pub(crate) fn write_tensors(&self) {
        self.write("model.safetensors", serialized(&self.tensors));
    }

    /// The weights cut into `n` files and an index, in place of the one.
    pub(crate) fn write_shards(&self, n: usize) {
        let mut weight_map = BTreeMap::new();
        let mut shards: Vec<BTreeMap<_, _>> = (0..n).map(|_| BTreeMap::new()).collect();
        for (i, (name, stored)) in self.tensors.iter().enumerate() {
            shards[i % n].insert(name, stored);
            weight_map.insert(name, format!("model-{:05}.safetensors", i % n + 1));
        }
        for (i, shard) in shards.into_iter().enumerate() {
            self.write(
                &format!("model-{:05}.safetensors", i + 1),
                serialized(shard),
            );
        }
        let index = json!({"metadata": {}, "weight_map": weight_map});
        self.write("model.safetensors.index.json", index.to_string());
        self.remove("model.safetensors");
    }

    pub(crate) fn rename_tensors(&mut self, new_name: impl Fn(&str) -> String) {
        self.tensors = std::mem::take(&mut self.tensors)
            .into_iter()
            .map(|(name, stored)| (new_name(&name), stored))
            .collect();
        self.write_tensors();
    }

    /// The text of the error that `open` gives, the folder's path replaced by `MODEL`.
    pub(crate) fn refusal(&self) -> String {
        let error = hearth_models::open(self.path()).expect_err("the model is broken");
        let path = self.path().to_str().unwrap();
        error.to_string().replace(path, "MODEL")
    }
}

fn serialized<'a>(tensors: impl IntoIterator<Item = (&'a String, &'a Stored)>) -> Vec<u8> {
    let view = |t: &'a Stored| TensorView::new(t.dtype, t.shape.clone(), &t.bytes).unwrap();
    let views = tensors.into_iter().map(|(name, t)| (name, view(t)));
    safetensors::serialize(views, None).unwrap()
}

/// A model of the repository's `data/models`.
pub(crate) fn tiny(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../data/models")
        .join(name)
}
