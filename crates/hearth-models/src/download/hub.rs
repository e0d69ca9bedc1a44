//! The Hugging Face hub: `resolve` addresses, and the layout of its cache.
//!
//! As `huggingface_hub` does: the answer to HEAD says commit, length and tag; a file is `blobs/<tag>`, the snapshot's folder
//! links to it, and `refs/<revision>` has the commit. The tag of a large file is its SHA-256. The `hf-hub` crate is not used,
//! since it compares no checksum and its releases either give up on a lock after seconds or do not go on with a broken file.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use futures_util::StreamExt as _;
use reqwest::header::{
    ACCEPT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, ETAG, HeaderMap, LOCATION, RANGE,
};
use reqwest::{Method, RequestBuilder, StatusCode, Url};

use super::lock::Lock;
use super::transfer::{Answer, Partial, Refusal, Source, Sums, cause};
use super::{Downloader, Progress};
use crate::cache::{folder_of, holds_model, suggestions};
use crate::error::{Error, Result};

/// What a model's config and words are read from. Only the first must be there.
const SMALL: [&str; 5] = [
    "config.json",
    "vocab.txt",
    "tokenizer_config.json",
    "tokenizer.json",
    "special_tokens_map.json",
];
/// The forms of weights: one file, or a list of several. The first that is there is taken.
const WEIGHTS: [&str; 4] = [
    "model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
];

const MAX_REDIRECTS: usize = 5;

/// What the hub says of a file.
struct Head {
    commit: String,
    tag: String,
    len: Option<u64>,
}

/// A file of a repository.
struct HubFile<'a> {
    downloader: &'a Downloader,
    url: Url,
}

impl Downloader {
    /// The snapshot's folder of a repository, in the hub's cache, with all files that are read of it.
    pub(super) fn repository(
        &self,
        id: &str,
        revision: &str,
        progress: &dyn Progress,
    ) -> Result<PathBuf> {
        let refuse = |why: String, instead| Error::Download {
            url: format!("{}/{id}", self.options.hugging_face),
            why,
            instead,
        };
        let hub = self.cache.hugging_face.as_ref().ok_or_else(|| {
            refuse(
                "there is no place for models of the hub".to_owned(),
                "set HF_HOME",
            )
        })?;
        let repository = hub.join(folder_of(id));
        let locks = hub.join(".locks").join(folder_of(id));
        let place = RepositoryPlace {
            id,
            repository: &repository,
            locks: &locks,
        };
        let [config, ..] = SMALL;
        let head = self.head(id, revision, config, progress)?.ok_or_else(|| {
            refuse(
                format!(
                    "no {config} at {revision}, so this is no model that can be read{}",
                    suggestions(id)
                ),
                "give the repository of a BERT model",
            )
        })?;
        let commit = head.commit.clone();
        let snapshot = repository.join("snapshots").join(&commit);
        self.file(&place, config, head, progress)?;
        for name in &SMALL[1..] {
            if let Some(head) = self.head(id, &commit, name, progress)? {
                self.file(&place, name, head, progress)?;
            }
        }
        let mut weights = None;
        for name in WEIGHTS {
            if let Some(head) = self.head(id, &commit, name, progress)? {
                weights = Some(name);
                self.file(&place, name, head, progress)?;
                break;
            }
        }
        let weights = weights.ok_or_else(|| {
            refuse(
                format!("it has none of {}", WEIGHTS.join(", ")),
                "convert it with transformers (save_pretrained), and give the folder",
            )
        })?;
        if weights.ends_with(".index.json") {
            for part in parts(&snapshot.join(weights))? {
                let head = self.head(id, &commit, &part, progress)?.ok_or_else(|| {
                    refuse(
                        format!("{weights} names {part}, which is not there"),
                        "try again",
                    )
                })?;
                self.file(&place, &part, head, progress)?;
            }
        }
        // Last, so that the name stands for a whole snapshot.
        if revision != commit {
            let _lock = Lock::take(&locks.join("refs.lock"), progress)?;
            write_whole(&repository.join("refs").join(revision), commit.as_bytes())?;
        }
        if holds_model(&snapshot) {
            return Ok(snapshot);
        }
        Err(refuse(
            format!("{} holds no model that can be read", snapshot.display()),
            "Hearth reads BERT models with safetensors or pytorch_model.bin",
        ))
    }

    /// What the hub says of a file; `None` where it has none of this name.
    fn head(
        &self,
        id: &str,
        revision: &str,
        name: &str,
        progress: &dyn Progress,
    ) -> Result<Option<Head>> {
        let url = self.address(id, revision, name)?;
        self.runtime.block_on(async {
            let mut failures = 0;
            loop {
                let why = match self.head_once(url.clone()).await {
                    Ok(head) => return Ok(head),
                    Err(Refusal::Ever { why, instead }) => {
                        let near = suggestions(id);
                        let why = format!("{why}{near}");
                        return Err(Error::Download {
                            url: url.to_string(),
                            why,
                            instead,
                        });
                    }
                    Err(Refusal::Now(why)) => why,
                    Err(Refusal::Changed) => String::new(),
                };
                failures += 1;
                self.wait_or_give_up(failures, url.as_str(), why, progress)
                    .await?;
            }
        })
    }

    async fn head_once(&self, mut url: Url) -> Result<Option<Head>, Refusal> {
        for _ in 0..MAX_REDIRECTS {
            let request = self.http_here.request(Method::HEAD, url.clone());
            let answer = self
                .with_token(request)
                .header(ACCEPT_ENCODING, "identity")
                .send()
                .await;
            let answer = answer.map_err(|e| Refusal::Now(cause(&e)))?;
            let (status, headers) = (answer.status(), answer.headers());
            let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
            if status == StatusCode::NOT_FOUND && text("x-error-code") != Some("RepoNotFound") {
                // Also of a revision that is not there; config.json missing says that well enough.
                return Ok(None);
            }
            let commit = text("x-repo-commit");
            if (status.is_success() || status.is_redirection()) && commit.is_some() {
                return read_head(headers, commit.unwrap_or_default()).map(Some);
            }
            if !status.is_redirection() {
                return Err(refused(status).unwrap_or(Refusal::Ever {
                    why: "the answer has no x-repo-commit".to_owned(),
                    instead: "is the address that of a Hugging Face hub?",
                }));
            }
            // A repository that was renamed. The token does not follow to another server.
            let next = text(LOCATION.as_str()).and_then(|to| url.join(to).ok());
            url = match next {
                Some(next) if next.origin() == url.origin() => next,
                _ => break,
            };
        }
        Err(Refusal::Ever {
            why: "it is redirected, and not to a file of the hub".to_owned(),
            instead: "is the address that of a Hugging Face hub?",
        })
    }

    /// Brings a file into the snapshot, unless it is there.
    fn file(
        &self,
        place: &RepositoryPlace<'_>,
        name: &str,
        head: Head,
        progress: &dyn Progress,
    ) -> Result<()> {
        let snapshot = place.repository.join("snapshots").join(&head.commit);
        let blob = place.repository.join("blobs").join(&head.tag);
        let in_snapshot = snapshot.join(name);
        if in_snapshot.exists() {
            return Ok(());
        }
        let io = |path: &Path| {
            let path = path.to_owned();
            move |source| Error::Io { path, source }
        };
        for folder in [
            &snapshot,
            &place.repository.join("blobs"),
            &place.repository.join("refs"),
        ] {
            fs::create_dir_all(folder).map_err(io(folder))?;
        }
        // The same file that Python's huggingface_hub locks.
        let _lock = Lock::take(&place.locks.join(format!("{}.lock", head.tag)), progress)?;
        if !blob.is_file() {
            let source = HubFile {
                downloader: self,
                url: self.address(place.id, &head.commit, name)?,
            };
            let partial = Partial {
                file: blob.with_added_extension("incomplete"),
                named_by_content: true,
            };
            self.transfer(&source, &partial, head.len, progress)?;
            if head.tag.len() == 64 {
                let sums = Sums::of(&partial.file).map_err(io(&partial.file))?;
                if sums.sha256 != head.tag {
                    partial.remove();
                    return Err(Error::Checksum {
                        url: source.url.to_string(),
                        kind: "SHA-256",
                        expected: head.tag.into(),
                        found: sums.sha256.into(),
                    });
                }
            }
            fs::rename(&partial.file, &blob).map_err(io(&blob))?;
        }
        link(&blob, &in_snapshot).map_err(io(&in_snapshot))
    }

    fn address(&self, id: &str, revision: &str, name: &str) -> Result<Url> {
        let hub = self.options.hugging_face.trim_end_matches('/');
        let text = format!("{hub}/{id}/resolve/{revision}/{name}");
        Url::parse(&text).map_err(|e| Error::Download {
            url: text,
            why: e.to_string(),
            instead: "is the address right?",
        })
    }

    fn with_token(&self, request: RequestBuilder) -> RequestBuilder {
        match &self.options.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }
}

struct RepositoryPlace<'a> {
    id: &'a str,
    repository: &'a Path,
    locks: &'a Path,
}

impl Source for HubFile<'_> {
    fn url(&self) -> String {
        self.url.to_string()
    }

    async fn get(&self, from: u64, _: Option<&str>) -> Result<Answer, Refusal> {
        let mut request = self
            .downloader
            .http
            .get(self.url.clone())
            .header(ACCEPT_ENCODING, "identity");
        if from > 0 {
            request = request.header(RANGE, format!("bytes={from}-"));
        }
        let answer = self.downloader.with_token(request).send().await;
        let answer = answer.map_err(|e| Refusal::Now(cause(&e)))?;
        let status = answer.status();
        if status == StatusCode::RANGE_NOT_SATISFIABLE {
            return Err(Refusal::Changed);
        }
        if let Some(refusal) = refused(status) {
            return Err(refusal);
        }
        let start = match status {
            StatusCode::PARTIAL_CONTENT => first_byte(answer.headers()).unwrap_or(from),
            _ => 0,
        };
        Ok(Answer {
            start,
            total: number(answer.headers(), CONTENT_LENGTH.as_str()).map(|len| start + len),
            etag: None,
            body: answer
                .bytes_stream()
                .map(|bytes| bytes.map_err(|e| cause(&e)))
                .boxed_local(),
        })
    }
}

/// What a status other than success means.
fn refused(status: StatusCode) -> Option<Refusal> {
    let ever = |why: &str, instead| {
        Some(Refusal::Ever {
            why: format!("{why} ({status})"),
            instead,
        })
    };
    match status {
        _ if status.is_success() => None,
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::NOT_FOUND => ever(
            "there is no such repository, or it is not public",
            "is the name right? For a model that is not public set HF_TOKEN",
        ),
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => {
            Some(Refusal::Now(status.to_string()))
        }
        _ if status.is_server_error() => Some(Refusal::Now(status.to_string())),
        _ => ever("refused", "is the name right?"),
    }
}

fn read_head(headers: &HeaderMap, commit: &str) -> Result<Head, Refusal> {
    let tag = headers.get("x-linked-etag").or_else(|| headers.get(ETAG));
    let tag = tag.and_then(|tag| tag.to_str().ok()).unwrap_or_default();
    let tag = tag.strip_prefix("W/").unwrap_or(tag).trim_matches('"');
    // Both become names of files.
    let is_name = |text: &str| {
        !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    if !is_name(tag) || !is_name(commit) {
        return Err(Refusal::Ever {
            why: "the answer has no usable etag or x-repo-commit".to_owned(),
            instead: "is the address that of a Hugging Face hub?",
        });
    }
    let linked = number(headers, "x-linked-size");
    let is_linked = headers.contains_key("x-linked-etag");
    Ok(Head {
        commit: commit.to_owned(),
        tag: tag.to_owned(),
        len: linked.or_else(|| number(headers, CONTENT_LENGTH.as_str()).filter(|_| !is_linked)),
    })
}

fn number(headers: &HeaderMap, name: &str) -> Option<u64> {
    headers.get(name)?.to_str().ok()?.parse().ok()
}

/// Where a partial answer begins: `bytes 100-199/200`.
fn first_byte(headers: &HeaderMap) -> Option<u64> {
    let range = headers.get(CONTENT_RANGE)?.to_str().ok()?;
    range
        .strip_prefix("bytes ")?
        .split('-')
        .next()?
        .parse()
        .ok()
}

/// The files that a list of weights names, each once.
fn parts(index: &Path) -> Result<Vec<String>> {
    #[derive(serde::Deserialize)]
    struct Index {
        weight_map: std::collections::BTreeMap<String, String>,
    }
    let bytes = fs::read(index).map_err(|source| Error::Io {
        path: index.to_owned(),
        source,
    })?;
    let json = |source| Error::Json {
        file: index.to_owned(),
        source,
    };
    let list: Index = serde_json::from_slice(&bytes).map_err(json)?;
    let mut parts: Vec<String> = list.weight_map.into_values().collect();
    parts.sort();
    parts.dedup();
    let is_name = |part: &String| {
        !part.starts_with('.')
            && part
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
    };
    match parts.iter().find(|part| !is_name(part)) {
        None => Ok(parts),
        Some(part) => Err(Error::Damaged {
            file: index.to_owned(),
            format: "list of weights",
            why: format!("`{part}` is no name of a file beside it"),
        }),
    }
}

/// Puts a blob into a snapshot under a name.
fn link(blob: &Path, name: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        let tag = blob.file_name().unwrap_or_default();
        let linked = std::os::unix::fs::symlink(Path::new("../../blobs").join(tag), name);
        match linked {
            // Another process was faster.
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists && name.exists() => Ok(()),
            // The link was there and led nowhere.
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
                fs::remove_file(name)?;
                std::os::unix::fs::symlink(Path::new("../../blobs").join(tag), name)
            }
            linked => linked,
        }
    }
    // Where links need rights, huggingface_hub moves the file too.
    #[cfg(not(unix))]
    fs::rename(blob, name)
}

/// Writes a small file, whole or not at all. The caller holds a lock.
fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    let beside = path.with_added_extension("tmp");
    fs::create_dir_all(path.parent().unwrap_or(path))
        .and_then(|()| fs::write(&beside, bytes))
        .and_then(|()| fs::rename(&beside, path))
        .map_err(|source| Error::Io {
            path: path.to_owned(),
            source,
        })
}
