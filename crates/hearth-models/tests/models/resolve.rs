//! Which archive a name resolves to, against what Spark NLP 5.5.3 answered itself.

use std::fs;
use std::path::Path;

use hearth_models::Error;
use hearth_models::resolve::{Release, Resource, Version, read_metadata, resolve};
use serde_json::Value;

const GOLDEN: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../data/golden/spark-nlp-5.5.3"
);

fn resources() -> Vec<Resource> {
    let file = Path::new(GOLDEN).join("resolver_metadata.json");
    read_metadata(&file, &fs::read(&file).unwrap()).unwrap()
}

fn cases() -> Vec<Value> {
    let text = fs::read_to_string(Path::new(GOLDEN).join("resolver.jsonl")).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
    lines.skip(1).collect()
}

#[test]
fn every_request_resolves_as_in_spark_nlp() {
    let resources = resources();
    assert_eq!(resources.len(), 31);
    let (mut found, mut nothing) = (0, 0);
    for case in cases().iter().filter(|case| case.get("name").is_some()) {
        let release = Release {
            spark_nlp: Version::parse(case["libVersion"].as_str().unwrap()),
            spark: Version::parse(case["sparkVersion"].as_str().unwrap()),
        };
        let name = case["name"].as_str().unwrap();
        let taken = resolve(&resources, name, case["language"].as_str(), &release);
        assert_eq!(
            taken.map(Resource::stem).as_deref(),
            case["key"].as_str(),
            "{case}"
        );
        assert_eq!(
            taken.map(Resource::file_name).as_deref(),
            case["fileName"].as_str(),
            "{case}"
        );
        if taken.is_some() {
            found += 1;
        } else {
            nothing += 1;
        }
    }
    assert_eq!((found, nothing), (114, 278));
}

#[test]
fn versions_are_read_and_ordered_as_in_spark_nlp() {
    let cases = cases();
    let parsed: Vec<_> = cases
        .iter()
        .filter(|case| case.get("parse").is_some())
        .collect();
    assert_eq!(parsed.len(), 10);
    for case in parsed {
        let version = Version::parse(case["parse"].as_str().unwrap());
        assert_eq!(
            version.to_string(),
            case["toString"].as_str().unwrap(),
            "{case}"
        );
        #[expect(clippy::cast_possible_truncation, reason = "Scala's Float, printed")]
        let decimal = case["toFloat"].as_f64().map(|decimal| decimal as f32);
        assert_eq!(version.decimal(), decimal, "{case}");
    }
}

#[test]
fn a_name_of_an_archive_says_what_is_in_the_list() {
    for resource in resources()
        .iter()
        .filter(|resource| resource.spark.is_some() && resource.spark_nlp.is_some())
    {
        let read = Resource::from_stem(&resource.stem()).unwrap();
        assert_eq!(read.name, resource.name);
        assert_eq!(read.language, resource.language);
        assert_eq!(read.spark_nlp, resource.spark_nlp);
        assert_eq!(read.spark, resource.spark);
        assert_eq!(read.time, resource.time);
    }
    for other in [
        "",
        "bert_base_cased",
        "a_en_2.6.0_2.4_x",
        "a_en_x_2.4_1",
        "tiny",
        "a_en__2.4_1",
        "a_b_c_d_e",
    ] {
        assert_eq!(Resource::from_stem(other), None, "{other}");
    }
}

#[test]
fn a_broken_list_is_refused_with_its_line() {
    let good = br#"{"name":"a","time":"2020-01-01T00:00:00.000Z"}"#;
    let cases: [(&[u8], &str); 3] = [
        (b"<html>", "line 2"),
        (br#"{"time":"2020-01-01T00:00:00.000Z"}"#, "name"),
        (br#"{"name":"a","time":"yesterday"}"#, "yesterday"),
    ];
    for (line, says) in cases {
        let bytes = [good, &b"\n"[..], line].concat();
        let error = read_metadata(Path::new("metadata.json"), &bytes).unwrap_err();
        assert!(matches!(error, Error::Damaged { .. }));
        assert!(error.to_string().contains(says), "{error}");
    }
}
