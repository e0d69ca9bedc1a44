//! Models from the network into the cache (feature `download`).
//!
//! Spark NLP's archives come from its public bucket, without credentials; models of the Hugging Face hub from its `resolve`
//! addresses, into the hub's own cache, so that Python finds them there and we find Python's. What arrives is written under
//! a temporary name, gone on with after a broken connection or by the next call, checked, and only then renamed into place:
//! what has its name is whole. A lock per file lets one process fetch while others wait and then find it.

mod hub;
mod lock;
mod spark_nlp;
mod transfer;
mod unpack;

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::cache::Cache;
use crate::error::{Error, Result};
use crate::names::Reference;
use crate::resolve::Release;

/// Where from and how.
#[derive(Clone)]
pub struct Options {
    /// Address of the storage service that Spark NLP's bucket is in.
    pub spark_nlp: String,
    /// Address of the Hugging Face hub.
    pub hugging_face: String,
    /// The token for models of the hub that are not public. It goes to the hub alone.
    pub token: Option<String>,
    /// How often a transfer that makes no progress is tried.
    pub attempts: u32,
    /// The pause after the first failure; each further one is twice as long, up to 30 seconds.
    pub pause: Duration,
    /// How long to wait for a connection, and for the next bytes of one.
    pub patience: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            spark_nlp: "https://s3.amazonaws.com".to_owned(),
            hugging_face: "https://huggingface.co".to_owned(),
            token: None,
            attempts: 5,
            pause: Duration::from_secs(1),
            patience: Duration::from_secs(60),
        }
    }
}

impl fmt::Debug for Options {
    /// Without the token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("spark_nlp", &self.spark_nlp)
            .field("hugging_face", &self.hugging_face)
            .field("attempts", &self.attempts)
            .field("pause", &self.pause)
            .field("patience", &self.patience)
            .finish_non_exhaustive()
    }
}

/// Who is told what happens. Each method does nothing unless it is written.
pub trait Progress {
    /// A file is being fetched; `have` of its bytes are here already, and `total` is its length where that is known.
    fn file(&self, url: &str, have: u64, total: Option<u64>) {
        let _ = (url, have, total);
    }

    /// So many of the file's bytes are here now.
    fn bytes(&self, have: u64) {
        let _ = have;
    }

    /// Something went wrong, or another process is at it, and there is a pause: `message` says which.
    fn pause(&self, message: &str) {
        let _ = message;
    }
}

/// Tells nobody.
impl Progress for () {}

/// Fetches models into a cache.
#[derive(Debug)]
pub struct Downloader {
    cache: Cache,
    options: Options,
    runtime: tokio::runtime::Runtime,
    http: reqwest::Client,
    /// For addresses whose redirects are looked at.
    http_here: reqwest::Client,
}

impl Downloader {
    /// A downloader into this cache. No connection is made yet. Proxies are those of the environment (`HTTPS_PROXY`,
    /// `NO_PROXY`), certificates those of the system.
    ///
    /// # Errors
    /// [`Error::Download`] where the system gives no certificates or no threads.
    pub fn new(cache: Cache, options: Options) -> Result<Self> {
        // Another part of the process may have chosen already, and that is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let refuse = |why: String| Error::Download {
            url: options.hugging_face.clone(),
            why,
            instead: "this machine cannot make connections; give models by path",
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|e| refuse(e.to_string()))?;
        let client = |redirects| {
            reqwest::Client::builder()
                .user_agent(USER_AGENT)
                .connect_timeout(options.patience)
                .read_timeout(options.patience)
                .redirect(redirects)
                .build()
                .map_err(|e| refuse(transfer::cause(&e)))
        };
        Ok(Self {
            http: client(reqwest::redirect::Policy::limited(10))?,
            http_here: client(reqwest::redirect::Policy::none())?,
            cache,
            options,
            runtime,
        })
    }

    /// The folder of a model, which is fetched if it is not in the cache. Of a Spark NLP name it is the archive that
    /// [`resolve`](crate::resolve::resolve) takes.
    ///
    /// # Errors
    /// [`Error::NoArchive`], [`Error::Download`], [`Error::Checksum`], and those of an archive that cannot be unpacked.
    pub fn fetch(
        &self,
        reference: &Reference,
        language: &str,
        release: &Release,
        progress: &dyn Progress,
    ) -> Result<PathBuf> {
        match reference {
            Reference::SparkNlp { name } => {
                let resource = self.resolve(name, language, release, progress)?;
                self.archive(&resource.file_name(), resource.md5.as_deref(), progress)
            }
            Reference::HuggingFace { id, revision } => self.repository(id, revision, progress),
        }
    }

    /// The folder of one archive of Spark NLP's, such as the one that a card names; it is fetched if it is not in the cache.
    ///
    /// # Errors
    /// Those of [`Downloader::fetch`].
    pub fn fetch_archive(&self, zip: &str, progress: &dyn Progress) -> Result<PathBuf> {
        self.archive(zip, None, progress)
    }
}

const USER_AGENT: &str = concat!("hearth/", env!("CARGO_PKG_VERSION"));
