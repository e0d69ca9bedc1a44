use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use hearth_models::{Origin, Warning, inspect};
use serde_json::json;

use crate::folder::{Folder, tiny};

fn data(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../data")
        .join(name)
}

/// 29,000 words, 512 positions and 2 types of 32, then per layer four matrices of 32 by 32 and two of 64 by 32 with their
/// biases, and five LayerNorms.
const TINY: u64 = (29000 + 512 + 2) * 32
    + 2 * (4 * (32 * 32 + 32) + (64 * 32 + 64) + (32 * 64 + 32))
    + 5 * 2 * 32;

#[test]
fn a_folder_and_an_archive() {
    let found = inspect(tiny("tiny_cased")).unwrap();
    assert_eq!(found.format, "Hugging Face folder");
    assert_eq!(found.parameters, TINY);
    assert_eq!(found.elements, BTreeMap::from([("F32".to_owned(), TINY)]));
    assert!(found.has_upper_case);
    assert_eq!(found.heads, Origin::Config);
    assert!(found.model.weights.file().ends_with("model.safetensors"));

    let found = inspect(data("archives/tiny_uncased_tf1.zip")).unwrap();
    assert_eq!(found.format, "Spark NLP BertEmbeddings");
    assert_eq!(found.parameters, TINY);
    assert!(!found.has_upper_case);
    assert_eq!(
        [found.heads, found.hidden_act, found.layer_norm_eps],
        [Origin::Graph; 3]
    );
}

#[test]
fn what_is_assumed_says_so() {
    let found = inspect(data("models/tensorflow/bare_checkpoint")).unwrap();
    assert_eq!(found.format, "TensorFlow checkpoint");
    assert_eq!(found.heads, Origin::Config);
    assert_eq!(found.hidden_act, Origin::Assumed);
    let found = inspect(data("models/tensorflow/float16")).unwrap();
    assert_eq!(found.elements.keys().collect::<Vec<_>>(), ["F16"]);
}

#[test]
fn a_label_that_is_not_the_dimension_is_a_warning() {
    let mut folder = Folder::new();
    folder.config["hearth"] = json!({ "dimension": 768 });
    folder.write_config();
    let found = inspect(folder.path()).unwrap();
    let dimension = found.model.config.hidden_size;
    let expected = Warning::DimensionLabel {
        label: 768,
        dimension,
    };
    assert!(found.model.warnings.contains(&expected));
    folder.config["hearth"] = json!({ "dimension": dimension });
    folder.write_config();
    assert_eq!(inspect(folder.path()).unwrap().model.warnings, []);
    fs::remove_file(folder.file("config.json")).unwrap();
    assert!(inspect(folder.path()).is_err());
}
