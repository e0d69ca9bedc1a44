//! Spark NLP's bucket: the list, the archive, the cache.

use std::fs;
use std::thread;
use std::time::Duration;

use hearth_models::Error;
use hearth_models::cache::Place as Whose;
use md5::{Digest as _, Md5};

use crate::server::Act;
use crate::{Place, Told, data};

const METADATA: &str = "/auxdata.johnsnowlabs.com/public/models/metadata.json";
const STEM: &str = "bert_base_cased_en_2.6.0_2.4_1598340336670";
const ZIP: &str =
    "/auxdata.johnsnowlabs.com/public/models/bert_base_cased_en_2.6.0_2.4_1598340336670.zip";

fn archive() -> Vec<u8> {
    fs::read(data().join("archives/tiny_cased_tf1.zip")).unwrap()
}

fn md5(bytes: &[u8]) -> String {
    Md5::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02X}"))
        .collect()
}

/// A bucket with one archive, and with an older one and one for a newer Spark NLP in its list.
fn bucket(place: &Place, checksum: &str) {
    let line = |version: &str, time: &str, checksum: &str| {
        format!(
            r#"{{"name":"bert_base_cased","language":"en","libVersion":{{"parts":[{version}]}},"sparkVersion":{{"parts":[2,4]}},"readyToUse":true,"time":"{time}","isZipped":true,"category":"ml","checksum":"{checksum}","annotator":"BertEmbeddings"}}"#
        )
    };
    let lines = [
        line("2,4,0", "2020-01-02T14:32:00.500Z", "A1B2C3"),
        line("2,6,0", "2020-08-25T07:25:36.670Z", checksum),
        line("9,0,0", "2030-01-01T00:00:00.000Z", ""),
    ];
    place
        .server
        .file(METADATA, lines.join("\n"), &[("ETag", "\"list\"")]);
    place.server.file(ZIP, archive(), &[("ETag", "\"one\"")]);
}

#[test]
fn a_name_becomes_a_folder_that_opens() {
    let place = Place::new();
    bucket(&place, &md5(&archive()));
    let told = Told::default();
    let reference = hearth_models::names::Reference::parse("en.embed.bert.base_cased").unwrap();
    let release = hearth_models::resolve::Release::default();
    let path = place
        .downloader()
        .fetch(&reference, "en", &release, &told)
        .unwrap();
    assert_eq!(path, place.cache().models().join(STEM));
    assert_eq!(
        told.all()[1],
        format!("{STEM}.zip 0 Some({})", archive().len())
    );

    let model = hearth_models::open(&path).unwrap();
    let source = hearth_models::open(data().join("models/tiny_cased")).unwrap();
    assert_eq!(model.vocabulary, source.vocabulary);
    let name = "encoder.layer.0.attention.self.query.weight";
    let shape = [model.config.hidden_size; 2];
    assert_eq!(
        model.weights.get(name, &shape).unwrap(),
        source.weights.get(name, &shape).unwrap()
    );

    let entries = place.cache().entries().unwrap();
    assert_eq!((entries.len(), entries[0].place), (1, Whose::Hearth));
    let record = entries[0].record.as_ref().unwrap();
    assert_eq!(record.url, format!("{}{ZIP}", place.server.url));
    assert_eq!(record.bytes, archive().len() as u64);
    assert_eq!(record.md5.as_deref(), Some(md5(&archive()).as_str()));
    assert_eq!(record.sha256.len(), 64);
    assert!(record.downloaded.ends_with('Z'));
    assert!(
        place
            .files()
            .iter()
            .all(|file| file.starts_with("hearth/models/")),
        "{:?}",
        place.files()
    );

    // It is there now, and not fetched again.
    assert_eq!(
        place
            .downloader()
            .fetch_archive(&format!("{STEM}.zip"), &())
            .unwrap(),
        path
    );
    assert_eq!(place.server.requests("GET", ZIP).len(), 1);
}

#[test]
fn a_broken_connection_is_gone_on_with() {
    let place = Place::new();
    bucket(&place, &md5(&archive()));
    place.server.will(
        ZIP,
        [Act::Break(100_000), Act::Status(503), Act::Break(1_000_000)],
    );
    place.fetch("bert_base_cased").unwrap();
    let ranges: Vec<_> = place
        .server
        .requests("GET", ZIP)
        .iter()
        .map(|request| request.headers.get("range").cloned())
        .collect();
    let [None, Some(second), Some(third), Some(fourth)] = &ranges[..] else {
        panic!("{ranges:?}");
    };
    // All that arrived is kept: the first answer is asked for again from where it broke.
    assert_eq!(
        (second.as_str(), third.as_str()),
        ("bytes=100000-", "bytes=100000-")
    );
    assert_eq!(fourth, "bytes=1100000-");
}

#[test]
fn the_next_call_goes_on_from_what_the_last_one_kept() {
    let place = Place::new();
    bucket(&place, "");
    place.server.will(
        ZIP,
        [Act::Break(100_000), Act::Status(500), Act::Status(500)],
    );
    let error = place.fetch("bert_base_cased").unwrap_err();
    assert!(
        error.to_string().contains("goes on from where it was"),
        "{error}"
    );
    assert_eq!(
        place.files(),
        [
            format!("hearth/partial/{STEM}.zip"),
            format!("hearth/partial/{STEM}.zip.tag")
        ]
    );
    place.fetch("bert_base_cased").unwrap();
    let requests = place.server.requests("GET", ZIP);
    assert_eq!(requests[3].headers["range"], "bytes=100000-");
    assert_eq!(requests[3].headers["if-match"], "\"one\"");
    assert!(
        place
            .files()
            .iter()
            .all(|file| file.starts_with("hearth/models/"))
    );
}

#[test]
fn a_file_that_changed_meanwhile_is_fetched_anew() {
    let place = Place::new();
    bucket(&place, &md5(&archive()));
    place.server.will(
        ZIP,
        [Act::Break(100_000), Act::Status(500), Act::Status(500)],
    );
    place.fetch("bert_base_cased").unwrap_err();
    place.server.file(ZIP, archive(), &[("ETag", "\"two\"")]);
    hearth_models::open(place.fetch("bert_base_cased").unwrap()).unwrap();
    let requests = place.server.requests("GET", ZIP);
    assert_eq!(requests[3].headers["if-match"], "\"one\"");
    assert_eq!(requests[4].headers.get("range"), None);
}

#[test]
fn a_server_without_ranges_sends_it_all_again() {
    let place = Place::new();
    bucket(&place, &md5(&archive()));
    place.server.will(ZIP, [Act::Break(100_000), Act::NoRanges]);
    hearth_models::open(place.fetch("bert_base_cased").unwrap()).unwrap();
}

#[test]
fn a_wrong_checksum_leaves_nothing_and_the_next_try_works() {
    let place = Place::new();
    bucket(&place, &md5(&archive()));
    place.server.will(ZIP, [Act::Wrong]);
    let error = place.fetch("bert_base_cased").unwrap_err();
    assert!(matches!(error, Error::Checksum { .. }), "{error}");
    assert!(error.to_string().contains(&md5(&archive())), "{error}");
    assert!(place.files().is_empty(), "{:?}", place.files());
    place.fetch("bert_base_cased").unwrap();
}

#[test]
fn what_cannot_be_unpacked_leaves_nothing() {
    let place = Place::new();
    bucket(&place, "");
    place.server.will(ZIP, [Act::Wrong]);
    let error = place.fetch("bert_base_cased").unwrap_err();
    assert!(matches!(error, Error::Damaged { .. }), "{error}");
    assert!(place.files().is_empty(), "{:?}", place.files());
    place.fetch("bert_base_cased").unwrap();
}

#[test]
fn a_redirect_is_followed() {
    let place = Place::new();
    bucket(&place, "");
    let elsewhere = crate::server::Server::start();
    elsewhere.file("/here.zip", archive(), &[("ETag", "\"one\"")]);
    place
        .server
        .moved(ZIP, &format!("{}/here.zip", elsewhere.url), &[]);
    place.fetch("bert_base_cased").unwrap();
    assert_eq!(elsewhere.requests("GET", "/here.zip").len(), 1);
}

#[test]
fn names_that_are_not_there_are_told_with_those_that_are_near() {
    let place = Place::new();
    bucket(&place, "");
    let error = place.fetch("bert_base_case").unwrap_err();
    assert!(matches!(error, Error::NoArchive { .. }), "{error}");
    let said = error.to_string();
    assert!(
        said.contains("close to it: bert_base_cased") && said.contains("Spark NLP 5.5.3"),
        "{said}"
    );
    let missing = "bert_base_cased_en_2.4.0_2.4_1577975520500.zip";
    let error = place.downloader().fetch_archive(missing, &()).unwrap_err();
    let said = error.to_string();
    assert!(
        said.contains(missing) && said.contains("no such file"),
        "{said}"
    );
    for name in ["../evil.zip", "a/b.zip", "bert_base_cased", ".zip", "..zip"] {
        let error = place.downloader().fetch_archive(name, &()).unwrap_err();
        assert!(
            error.to_string().contains("not the name of a zip"),
            "{error}"
        );
    }
    assert!(place.files().is_empty(), "{:?}", place.files());
}

#[test]
fn two_that_want_the_same_model_at_once_fetch_it_once() {
    let place = Place::new();
    bucket(&place, &md5(&archive()));
    place
        .server
        .will(ZIP, [Act::Slow(Duration::from_millis(300))]);
    let paths = thread::scope(|scope| {
        let threads: Vec<_> = (0..3)
            .map(|_| scope.spawn(|| place.fetch("bert_base_cased").unwrap()))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect::<Vec<_>>()
    });
    assert!(paths.iter().all(|path| path == &paths[0]));
    assert_eq!(place.server.requests("GET", ZIP).len(), 1);
    hearth_models::open(&paths[0]).unwrap();
}
