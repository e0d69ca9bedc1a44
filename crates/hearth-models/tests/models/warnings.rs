use hearth_models::Warning;
use safetensors::Dtype;

use crate::folder::{Folder, VOCABULARY, encode};

fn warnings(folder: &Folder) -> Vec<Warning> {
    hearth_models::open(folder.path()).unwrap().warnings
}

#[test]
fn a_whole_model_has_none() {
    assert_eq!(warnings(&Folder::new()), []);
}

#[test]
fn an_untrained_layer_norm() {
    let mut folder = Folder::new();
    for (name, stored) in &mut folder.tensors {
        if name.contains("LayerNorm") {
            let initial = if name.ends_with("weight") { 1.0 } else { 0.0 };
            stored.bytes = encode(Dtype::F32, &[initial; 4]);
        }
    }
    folder.write_tensors();
    let found = warnings(&folder);
    assert_eq!(found, [Warning::UntrainedLayerNorm]);
    assert_eq!(
        found[0].to_string(),
        "every LayerNorm has weight 1 and bias 0, as before training: the vectors will mean nothing"
    );

    for (part, values) in [
        ("weight", [1.0, 1.0, 1.0, 1.125]),
        ("weight", [1.0, 1.0, 0.875, 1.0]),
        ("bias", [0.0, 0.125, 0.0, 0.0]),
        ("bias", [-0.125, 0.0, 0.0, 0.0]),
    ] {
        let name = format!("encoder.layer.0.output.LayerNorm.{part}");
        let trained = encode(Dtype::F32, &values);
        let initial = std::mem::replace(&mut folder.tensors.get_mut(&name).unwrap().bytes, trained);
        folder.write_tensors();
        assert_eq!(warnings(&folder), [], "{part} {values:?}");
        folder.tensors.get_mut(&name).unwrap().bytes = initial;
    }
}

#[test]
fn a_lower_case_vocabulary_of_a_cased_model() {
    let folder = Folder::new();
    folder.write("vocab.txt", VOCABULARY.join("\n").replace("Ward", "ward"));
    let found = warnings(&folder);
    assert_eq!(found, [Warning::LowerCaseVocabulary]);
    assert_eq!(
        found[0].to_string(),
        "the model is case sensitive but its vocabulary is lower-case: words with an upper-case letter become [UNK]; \
         set case_sensitive to false if that is not meant"
    );
    folder.write("tokenizer_config.json", r#"{"do_lower_case": true}"#);
    assert_eq!(warnings(&folder), []);
}

#[test]
fn a_vocabulary_shorter_than_the_table() {
    let folder = Folder::new();
    folder.write("vocab.txt", VOCABULARY[..5].join("\n"));
    let found = warnings(&folder);
    assert_eq!(
        found,
        [Warning::ShortVocabulary {
            entries: 5,
            rows: 7
        }]
    );
    assert_eq!(
        found[0].to_string(),
        "the vocabulary has 5 entries for 7 rows of the word embedding table: the last rows are never used"
    );
}

#[test]
fn repeated_entries() {
    let folder = Folder::new();
    folder.write("vocab.txt", "a\n[UNK]\nB\n[CLS]\nB\n[SEP]\na\n");
    let found = warnings(&folder);
    assert_eq!(
        found,
        [Warning::DuplicateEntries {
            count: 2,
            first: "a".to_owned()
        }]
    );
    assert_eq!(
        found[0].to_string(),
        "2 entries of the vocabulary are repeated further down, the first is `a`: the last id counts"
    );
}
