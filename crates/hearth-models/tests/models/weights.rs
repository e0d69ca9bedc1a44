use std::fs;

use safetensors::Dtype;

use crate::folder::{Folder, SHAPES, Stored, encode, values};

/// Every tensor of the model, against the numbers it was written from.
#[track_caller]
fn check(folder: &Folder) {
    let model = hearth_models::open(folder.path()).unwrap();
    for (i, (name, shape)) in SHAPES.iter().enumerate() {
        let expected = values(i, shape.iter().product());
        assert_eq!(model.weights.get(name, shape).unwrap(), expected, "{name}");
    }
}

#[test]
fn all_element_types_give_equal_weights() {
    for dtype in [Dtype::F32, Dtype::F16, Dtype::BF16] {
        check(&Folder::with_elements(dtype));
    }
}

#[test]
fn all_names_give_equal_weights() {
    let old_norm = |name: &str| {
        name.replace("LayerNorm.weight", "LayerNorm.gamma")
            .replace("LayerNorm.bias", "LayerNorm.beta")
    };
    let mut folder = Folder::new();
    folder.rename_tensors(|name| format!("bert.{name}"));
    check(&folder);
    let mut folder = Folder::new();
    folder.rename_tensors(old_norm);
    check(&folder);
    let mut folder = Folder::with_elements(Dtype::F16);
    folder.rename_tensors(|name| format!("bert.{}", old_norm(name)));
    check(&folder);
}

#[test]
fn of_two_names_for_one_tensor_the_current_one_counts() {
    let mut folder = Folder::new();
    for name in [
        "bert.embeddings.LayerNorm.bias",
        "embeddings.LayerNorm.beta",
    ] {
        let other = Stored {
            dtype: Dtype::F32,
            shape: vec![4],
            bytes: encode(Dtype::F32, &[9.0; 4]),
        };
        folder.tensors.insert(name.to_owned(), other);
    }
    folder.write_tensors();
    check(&folder);
}

/// One more space in the header, which the format allows, puts all tensors off their alignment.
#[test]
fn tensors_may_lie_at_any_byte() {
    let folder = Folder::new();
    let bytes = fs::read(folder.file("model.safetensors")).unwrap();
    let (length, rest) = bytes.split_first_chunk::<8>().unwrap();
    let length = u64::from_le_bytes(*length);
    let (header, data) = rest.split_at(usize::try_from(length).unwrap());
    let shifted = [&(length + 1).to_le_bytes(), header, b" ", data].concat();
    folder.write("model.safetensors", shifted);
    check(&folder);
}

#[test]
fn several_files_give_equal_weights() {
    let folder = Folder::new();
    folder.write_shards(3);
    check(&folder);

    folder.remove("model-00002.safetensors");
    assert_eq!(
        folder.refusal(),
        "MODEL/model.safetensors.index.json: lists the file `model-00002.safetensors`, which is not beside it; copy or \
         download it too"
    );
    for name in ["../model.safetensors", "/model.safetensors", ".."] {
        let index = serde_json::json!({"weight_map": {"a": name}});
        folder.write("model.safetensors.index.json", index.to_string());
        assert_eq!(
            folder.refusal(),
            format!(
                "MODEL/model.safetensors.index.json: not a readable index of weights: it lists `{name}`, which is no file \
                 beside it; copy or download it again"
            )
        );
    }
}

#[test]
fn tensors_beyond_the_encoders_can_be_read_and_are_not_checked() {
    let mut folder = Folder::new();
    let more = [
        ("bert.pooler.dense.bias", Dtype::F32, [1.0, -2.0]),
        ("cls.seq_relationship.bias", Dtype::F64, [0.0, 0.0]),
    ];
    for (name, dtype, values) in more {
        let stored = Stored {
            dtype,
            shape: vec![2],
            bytes: encode(dtype, &values),
        };
        folder.tensors.insert(name.to_owned(), stored);
    }
    folder.write_tensors();
    let weights = hearth_models::open(folder.path()).unwrap().weights;
    assert_eq!(weights.get("pooler.dense.bias", &[2]).unwrap(), [1.0, -2.0]);

    let refusal = |name, shape: &[usize]| {
        let error = weights.get(name, shape).expect_err("not so").to_string();
        error.replace(folder.path().to_str().unwrap(), "MODEL")
    };
    assert_eq!(
        refusal("pooler.dense.bias", &[1, 2]),
        "MODEL/model.safetensors: tensor `pooler.dense.bias` has shape [2] where [1, 2] is expected"
    );
    assert_eq!(
        refusal("pooler.dense.weight", &[2, 2]),
        "MODEL/model.safetensors: no tensor `pooler.dense.weight` of shape [2, 2], neither under this name nor below `bert.`"
    );
    assert_eq!(
        refusal("cls.seq_relationship.bias", &[2]),
        "MODEL/model.safetensors: tensor `cls.seq_relationship.bias` holds F64; possible is F32, F16 or BF16"
    );
}
