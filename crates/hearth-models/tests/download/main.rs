//! Downloads from a server of the tests' own; none touches another.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod hub;
mod server;
mod spark_nlp;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use hearth_models::cache::Cache;
use hearth_models::download::{Downloader, Options, Progress};
use hearth_models::names::Reference;
use hearth_models::resolve::Release;
use hearth_models::{Error, Result};
use tempfile::TempDir;

use crate::server::Server;

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data")
}

/// An empty cache and a downloader from a server into it.
struct Place {
    dir: TempDir,
    server: Server,
}

impl Place {
    fn new() -> Self {
        Self {
            dir: TempDir::new().unwrap(),
            server: Server::start(),
        }
    }

    fn cache(&self) -> Cache {
        Cache {
            hearth: self.dir.path().join("hearth"),
            spark_nlp: None,
            hugging_face: Some(self.dir.path().join("hub")),
        }
    }

    fn options(&self) -> Options {
        Options {
            spark_nlp: self.server.url.clone(),
            hugging_face: self.server.url.clone(),
            attempts: 3,
            pause: Duration::from_millis(1),
            patience: Duration::from_secs(20),
            ..Options::default()
        }
    }

    fn downloader(&self) -> Downloader {
        Downloader::new(self.cache(), self.options()).unwrap()
    }

    fn fetch(&self, name: &str) -> Result<PathBuf> {
        let reference = Reference::parse(name).unwrap();
        self.downloader()
            .fetch(&reference, "en", &Release::default(), &())
    }

    /// All files below the cache, but for locks.
    fn files(&self) -> Vec<String> {
        let mut files = Vec::new();
        add(self.dir.path(), &mut files);
        let names = files.iter().map(|file| {
            file.strip_prefix(self.dir.path())
                .unwrap()
                .to_str()
                .unwrap()
        });
        let names = names.filter(|name| !name.ends_with(".lock"));
        let mut names: Vec<String> = names.map(str::to_owned).collect();
        names.sort();
        names
    }
}

fn add(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.is_symlink() {
            add(&path, files);
        } else {
            files.push(path);
        }
    }
}

/// Writes down what it is told.
#[derive(Debug, Default)]
struct Told(Mutex<Vec<String>>);

impl Progress for Told {
    fn file(&self, url: &str, have: u64, total: Option<u64>) {
        let name = url.rsplit('/').next().unwrap();
        self.0
            .lock()
            .unwrap()
            .push(format!("{name} {have} {total:?}"));
    }

    fn pause(&self, message: &str) {
        self.0.lock().unwrap().push(message.to_owned());
    }
}

impl Told {
    fn all(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

#[test]
fn a_server_that_is_down_is_named_with_what_to_do() {
    let place = Place::new();
    // Nobody listens on a port that was free a moment ago.
    let free = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let down = format!("http://{free}");
    let options = Options {
        spark_nlp: down.clone(),
        hugging_face: down.clone(),
        ..place.options()
    };
    let downloader = Downloader::new(place.cache(), options).unwrap();
    for name in ["bert_base_cased", "a/b"] {
        let told = Told::default();
        let error = downloader
            .fetch(
                &Reference::parse(name).unwrap(),
                "en",
                &Release::default(),
                &told,
            )
            .unwrap_err();
        assert!(matches!(error, Error::Download { .. }), "{error}");
        let said = error.to_string();
        assert!(said.contains(&down) && said.contains("Try again"), "{said}");
        assert!(said.to_lowercase().contains("refused"), "{said}");
        assert_eq!(told.all().len(), 2, "{:?}", told.all());
    }
    assert!(place.files().is_empty(), "{:?}", place.files());
}

#[test]
fn the_token_is_not_in_debug_output() {
    let options = Options {
        token: Some("hf_secret".to_owned()),
        ..Options::default()
    };
    assert!(!format!("{options:?}").contains("hf_secret"));
}
