//! `hearth bench` and `hearth doctor`.

use serde_json::Value;

use crate::{Workplace, arg, model, text};

#[test]
fn a_precision_is_measured_beside_f32() {
    let place = Workplace::new();
    let output = place
        .hearth()
        .args(["bench", "--model", arg(&model("tiny_cased"))])
        .args(["--precision", "int8", "--rounds", "1", "--json", "--quiet"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(found["sentences"], 128);
    let [f32, int8] = found["precisions"].as_array().unwrap().as_slice() else {
        panic!("{found}");
    };
    assert_eq!(
        (&f32["precision"], &int8["precision"]),
        (&"f32".into(), &"int8".into())
    );
    assert_eq!(f32["against_f32"], Value::Null);
    let cosine = int8["against_f32"]["worst_cosine"].as_f64().unwrap();
    assert!((0.9..1.0).contains(&cosine), "{cosine}");
    for row in [f32, int8] {
        let tokens = &row["tokens_per_second"];
        assert!(tokens["min"].as_f64().unwrap() > 0.0 && tokens["min"] == tokens["max"]);
    }
}

#[test]
fn nothing_to_measure_is_a_wrong_usage() {
    let place = Workplace::new();
    for words in [["--rounds", "0"], ["--jobs", "0"], ["--size", "huge"]] {
        let output = place.hearth().arg("bench").args(words).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{words:?}");
    }
}

#[test]
fn the_doctor_names_what_multiplies() {
    let place = Workplace::new();
    let said = text(&place.ok(["doctor"]).stdout);
    for name in ["kernels", "f32", "bf16", "int8-mixed", "int8"] {
        let line = said.lines().find(|line| line.starts_with(name)).unwrap();
        assert!(line.split_whitespace().count() > 1, "{line}");
    }
}

#[test]
fn the_doctor_follows_what_is_set() {
    let place = Workplace::new();
    let line = |words: &[&str], name: &str| {
        let said = text(&place.ok(words).stdout);
        let line = said.lines().find(|line| line.starts_with(name)).unwrap();
        line[name.len()..].trim().to_owned()
    };
    let asked = ["doctor", "--kernels", "portable", "--jobs", "3"];
    assert_eq!(line(&asked, "kernels"), "portable");
    assert_eq!(line(&asked, "workers"), "3");
    assert!(!line(&asked, "also possible").contains("portable"));
    place.write("hearth.toml", "kernels = \"portable\"\n");
    assert_eq!(line(&["doctor"], "kernels"), "portable");
}
