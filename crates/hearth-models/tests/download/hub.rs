//! The Hugging Face hub: files by their tags, the cache's layout.

use std::fs;
use std::thread;
use std::time::Duration;

use hearth_models::Error;
use hearth_models::download::{Downloader, Options};
use hearth_models::names::Reference;
use hearth_models::resolve::Release;
use sha2::{Digest as _, Sha256};

use crate::server::{Act, Server};
use crate::{Place, data};

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";
const SMALL: [&str; 3] = ["config.json", "vocab.txt", "tokenizer_config.json"];

fn file(name: &str) -> Vec<u8> {
    fs::read(data().join("models/tiny_cased").join(name)).unwrap()
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// A repository whose weights lie on another server, as the hub's do; the address of the weights there.
fn repository(place: &Place, storage: &Server, id: &str) -> String {
    let hub = &place.server;
    for revision in ["main", COMMIT] {
        for (n, name) in SMALL.iter().enumerate() {
            let tag = format!("\"{n:040}\"");
            let headers = [("ETag", tag.as_str()), ("X-Repo-Commit", COMMIT)];
            hub.file(
                &format!("/{id}/resolve/{revision}/{name}"),
                file(name),
                &headers,
            );
        }
        let weights = file("model.safetensors");
        let (tag, len) = (
            format!("\"{}\"", sha256(&weights)),
            weights.len().to_string(),
        );
        let headers = [
            ("ETag", "\"other\""),
            ("X-Linked-Etag", &tag),
            ("X-Linked-Size", &len),
            ("X-Repo-Commit", COMMIT),
        ];
        let from = format!("/{id}/resolve/{revision}/model.safetensors");
        hub.moved(&from, &format!("{}/weights", storage.url), &headers);
    }
    storage.file(
        "/weights",
        file("model.safetensors"),
        &[("ETag", "\"storage\"")],
    );
    "/weights".to_owned()
}

#[test]
fn a_repository_becomes_a_snapshot_as_python_lays_it_out() {
    let place = Place::new();
    let storage = Server::start();
    repository(&place, &storage, "owner/tiny");
    let options = Options {
        token: Some("hf_secret".to_owned()),
        ..place.options()
    };
    let downloader = Downloader::new(place.cache(), options).unwrap();
    let reference = Reference::parse("owner/tiny").unwrap();
    let path = downloader
        .fetch(&reference, "en", &Release::default(), &())
        .unwrap();
    let repository = place.dir.path().join("hub/models--owner--tiny");
    assert_eq!(path, repository.join("snapshots").join(COMMIT));
    assert_eq!(
        fs::read_to_string(repository.join("refs/main")).unwrap(),
        COMMIT
    );
    let weights = file("model.safetensors");
    assert_eq!(
        fs::read(repository.join("blobs").join(sha256(&weights))).unwrap(),
        weights
    );
    #[cfg(unix)]
    assert_eq!(
        fs::read_link(path.join("model.safetensors"))
            .unwrap()
            .to_str()
            .unwrap(),
        format!("../../blobs/{}", sha256(&weights))
    );
    let mut names: Vec<_> = fs::read_dir(&path)
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(
        names,
        [
            "config.json",
            "model.safetensors",
            "tokenizer_config.json",
            "vocab.txt"
        ]
    );
    assert_eq!(
        hearth_models::open(&path).unwrap().fingerprint().unwrap(),
        hearth_models::open(data().join("models/tiny_cased"))
            .unwrap()
            .fingerprint()
            .unwrap()
    );

    // The token goes to the hub and to nobody else.
    let asked = place.server.requests(
        "GET",
        &format!("/owner/tiny/resolve/{COMMIT}/model.safetensors"),
    );
    assert_eq!(asked[0].headers["authorization"], "Bearer hf_secret");
    let asked = storage.requests("GET", "/weights");
    assert_eq!(asked.len(), 1);
    assert!(!asked[0].headers.contains_key("authorization"));

    // It is found without the network from now on, and not fetched again with it.
    let found = place
        .cache()
        .find(&reference, "en", &Release::default())
        .unwrap();
    assert_eq!(found.as_deref(), Some(path.as_path()));
    downloader
        .fetch(&reference, "en", &Release::default(), &())
        .unwrap();
    assert_eq!(storage.requests("GET", "/weights").len(), 1);
}

#[test]
fn a_broken_connection_is_gone_on_with() {
    let place = Place::new();
    let storage = Server::start();
    let weights = repository(&place, &storage, "owner/tiny");
    storage.will(
        &weights,
        [Act::Break(5000), Act::Status(502), Act::Break(100)],
    );
    hearth_models::open(place.fetch("owner/tiny").unwrap()).unwrap();
    let requests = storage.requests("GET", &weights);
    let ranges: Vec<_> = requests
        .iter()
        .map(|request| request.headers.get("range").map(String::as_str))
        .collect();
    assert_eq!(
        ranges,
        [
            None,
            Some("bytes=5000-"),
            Some("bytes=5000-"),
            Some("bytes=5100-")
        ]
    );
}

#[test]
fn what_another_process_left_unfinished_is_gone_on_with() {
    let place = Place::new();
    let storage = Server::start();
    let weights = repository(&place, &storage, "owner/tiny");
    let bytes = file("model.safetensors");
    let blobs = place.dir.path().join("hub/models--owner--tiny/blobs");
    fs::create_dir_all(&blobs).unwrap();
    fs::write(
        blobs.join(format!("{}.incomplete", sha256(&bytes))),
        &bytes[..7000],
    )
    .unwrap();
    hearth_models::open(place.fetch("owner/tiny").unwrap()).unwrap();
    assert_eq!(
        storage.requests("GET", &weights)[0].headers["range"],
        "bytes=7000-"
    );
}

#[test]
fn weights_with_a_wrong_checksum_are_removed_and_the_next_try_works() {
    let place = Place::new();
    let storage = Server::start();
    let weights = repository(&place, &storage, "owner/tiny");
    storage.will(&weights, [Act::Wrong]);
    let error = place.fetch("owner/tiny").unwrap_err();
    assert!(
        matches!(
            error,
            Error::Checksum {
                kind: "SHA-256",
                ..
            }
        ),
        "{error}"
    );
    let left = place.files();
    assert!(!left.iter().any(|name| name.contains(&sha256(&file("model.safetensors"))) || name.contains("refs")), "{left:?}");
    let reference = Reference::parse("owner/tiny").unwrap();
    assert_eq!(
        place
            .cache()
            .find(&reference, "en", &Release::default())
            .unwrap(),
        None
    );
    hearth_models::open(place.fetch("owner/tiny").unwrap()).unwrap();
}

#[test]
fn a_repository_that_was_renamed_is_followed() {
    let place = Place::new();
    let storage = Server::start();
    repository(&place, &storage, "owner/tiny");
    for name in SMALL.iter().chain(&["model.safetensors"]) {
        for revision in ["main", COMMIT] {
            let (from, to) = (
                format!("/old/name/resolve/{revision}/{name}"),
                format!("/owner/tiny/resolve/{revision}/{name}"),
            );
            place.server.moved(&from, &to, &[]);
        }
    }
    let path = place.fetch("old/name").unwrap();
    assert!(path.starts_with(place.dir.path().join("hub/models--old--name")));
    hearth_models::open(path).unwrap();
}

#[test]
fn what_is_not_there_is_told() {
    let place = Place::new();
    let said = place.fetch("owner/absent").unwrap_err().to_string();
    assert!(
        said.contains("owner/absent") && said.contains("no config.json at main"),
        "{said}"
    );
    let said = place
        .fetch("google-bert/bert-base-case")
        .unwrap_err()
        .to_string();
    assert!(
        said.contains("close to it: google-bert/bert-base-cased"),
        "{said}"
    );
    let headers = [("ETag", "\"abc\""), ("X-Repo-Commit", COMMIT)];
    for revision in ["main", COMMIT] {
        place.server.file(
            &format!("/owner/empty/resolve/{revision}/config.json"),
            file("config.json"),
            &headers,
        );
    }
    let said = place.fetch("owner/empty").unwrap_err().to_string();
    assert!(said.contains("none of model.safetensors"), "{said}");
    assert!(
        !place.files().iter().any(|name| name.contains("refs/")),
        "{:?}",
        place.files()
    );
}

#[test]
fn names_of_files_come_from_no_server() {
    let place = Place::new();
    for (tag, commit) in [
        ("\"../../evil\"", COMMIT),
        ("\"abc\"", "../../evil"),
        ("", COMMIT),
    ] {
        let headers = [("ETag", tag), ("X-Repo-Commit", commit)];
        place.server.file(
            "/owner/evil/resolve/main/config.json",
            file("config.json"),
            &headers,
        );
        let said = place.fetch("owner/evil").unwrap_err().to_string();
        assert!(said.contains("no usable etag"), "{said}");
    }
    assert!(place.files().is_empty(), "{:?}", place.files());
}

#[test]
fn two_that_want_the_same_repository_at_once_fetch_it_once() {
    let place = Place::new();
    let storage = Server::start();
    let weights = repository(&place, &storage, "owner/tiny");
    storage.will(&weights, [Act::Slow(Duration::from_millis(300))]);
    thread::scope(|scope| {
        let threads: Vec<_> = (0..3)
            .map(|_| scope.spawn(|| place.fetch("owner/tiny").unwrap()))
            .collect();
        threads
            .into_iter()
            .for_each(|thread| drop(hearth_models::open(thread.join().unwrap()).unwrap()));
    });
    assert_eq!(storage.requests("GET", &weights).len(), 1);
}
