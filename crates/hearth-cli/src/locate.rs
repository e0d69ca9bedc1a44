//! From what is typed after `--model` to a path, by way of the caches and, if it may be, the network.

use std::env;
use std::path::{Path, PathBuf};

use hearth_models::cache::{Cache, suggestions};
use hearth_models::names::{Reference, known};
use hearth_models::resolve::Release;

use crate::args::Flags;
use crate::failure::{Failure, usage};
use crate::log::Log;

/// The language of models asked for by name alone.
pub(crate) const LANGUAGE: &str = "en";

/// Where models are looked for, and whether they may be fetched.
#[derive(Debug)]
pub(crate) struct Locator {
    pub(crate) cache: Cache,
    pub(crate) offline: Option<&'static str>,
    log: Log,
}

/// A model's place, and its storage ref where its folder's name says nothing.
#[derive(Debug, PartialEq)]
pub(crate) struct Located {
    pub(crate) path: PathBuf,
    pub(crate) storage_ref: Option<String>,
}

impl Locator {
    pub(crate) fn of(flags: &Flags) -> Self {
        let offline = match flags.offline {
            Some(true) => Some("the network is not used (--offline)"),
            _ if is_on("HF_HUB_OFFLINE") => Some("the network is not used (HF_HUB_OFFLINE)"),
            _ if cfg!(not(feature = "download")) => Some(
                "this hearth was built without download (cargo build --release --features download builds one with it)",
            ),
            _ => None,
        };
        Self {
            cache: cache(flags.cache.clone()),
            offline,
            log: Log::of(flags),
        }
    }

    /// The model of a name or path. A path that is there comes first; `base` is the folder it starts from.
    pub(crate) fn locate(&self, typed: &str, base: &Path) -> Result<Located, Failure> {
        let as_path = || Located {
            path: PathBuf::from(typed),
            storage_ref: None,
        };
        if base.join(typed).exists() || is_meant_as_path(typed, base) {
            return Ok(as_path());
        }
        let Some(reference) = Reference::parse(typed) else {
            let close = suggestions(typed);
            // What is close to no name is a path with nothing at its end, and whoever opens it says so.
            return match close.is_empty() {
                true => Ok(as_path()),
                false => Err(usage(format!(
                    "model {typed}: nothing is there, and no model has this name{close}"
                ))),
            };
        };
        let here = self.cache.find(&reference, LANGUAGE, &Release::default())?;
        let path = match here {
            Some(path) => path,
            None => self.absent(&reference)?,
        };
        self.log
            .detail(&format!("model {reference} is at {}", path.display()));
        let storage_ref = match &reference {
            Reference::HuggingFace { .. } => Some(reference.to_string()),
            _ => None,
        };
        Ok(Located { path, storage_ref })
    }

    /// Fetches what is in no cache, if it may.
    fn absent(&self, reference: &Reference) -> Result<PathBuf, Failure> {
        if let Reference::SparkNlp { name } = reference
            && known(name).is_none()
        {
            return Err(usage(format!(
                "model {name}: nothing is there, and neither is it in a cache nor known by name{}; `hearth models pull \
                 {name}` fetches any BERT model of Spark NLP's",
                suggestions(name)
            )));
        }
        if let Some(why) = self.offline {
            return Err(self.cache.absent(reference, why).into());
        }
        self.fetch(reference, LANGUAGE, &Release::default())
    }

    /// Fetches a model, or finds that it is here and the newest.
    #[cfg(feature = "download")]
    pub(crate) fn fetch(
        &self,
        reference: &Reference,
        language: &str,
        release: &Release,
    ) -> Result<PathBuf, Failure> {
        let from = match reference {
            Reference::HuggingFace { .. } => "the Hugging Face hub",
            _ => "Spark NLP's bucket",
        };
        self.log
            .info(&format!("model {reference}: fetching from {from}"));
        let progress = crate::fetching::Fetching::new(self.log);
        let fetched = self
            .downloader()?
            .fetch(reference, language, release, &progress);
        progress.finish();
        Ok(fetched?)
    }

    /// Fetches one archive.
    #[cfg(feature = "download")]
    pub(crate) fn fetch_archive(&self, zip: &str) -> Result<PathBuf, Failure> {
        self.log
            .info(&format!("archive {zip}: fetching from Spark NLP's bucket"));
        let progress = crate::fetching::Fetching::new(self.log);
        let fetched = self.downloader()?.fetch_archive(zip, &progress);
        progress.finish();
        Ok(fetched?)
    }

    #[cfg(feature = "download")]
    fn downloader(&self) -> Result<hearth_models::download::Downloader, Failure> {
        use hearth_models::download::{Downloader, Options};
        let mut options = Options::default();
        if let Some(address) = text("HF_ENDPOINT") {
            options.hugging_face = address;
        }
        if let Some(address) = text("HEARTH_SPARK_NLP_ENDPOINT") {
            options.spark_nlp = address;
        }
        options.token = text("HF_TOKEN").or_else(|| {
            let kept = std::fs::read_to_string(hugging_face_home()?.join("token")).ok()?;
            Some(kept.trim().to_owned()).filter(|token| !token.is_empty())
        });
        Ok(Downloader::new(self.cache.clone(), options)?)
    }

    /// Without the feature it is never asked for, since `offline` says why.
    #[cfg(not(feature = "download"))]
    pub(crate) fn fetch(
        &self,
        reference: &Reference,
        _: &str,
        _: &Release,
    ) -> Result<PathBuf, Failure> {
        Err(self
            .cache
            .absent(reference, self.offline.unwrap_or_default())
            .into())
    }

    /// As [`Locator::fetch`].
    #[cfg(not(feature = "download"))]
    pub(crate) fn fetch_archive(&self, zip: &str) -> Result<PathBuf, Failure> {
        Err(usage(format!(
            "archive {zip}: {}",
            self.offline.unwrap_or_default()
        )))
    }
}

/// What never becomes a name, and so never goes to the network.
fn is_meant_as_path(typed: &str, base: &Path) -> bool {
    let marked = ["./", "../", "/", "~/", ".\\", "..\\"]
        .iter()
        .any(|mark| typed.starts_with(mark));
    let in_folder = || {
        typed
            .split_once('/')
            .is_some_and(|(first, _)| base.join(first).is_dir())
    };
    marked
        || typed == "."
        || typed == ".."
        || has_zip(typed)
        || Path::new(typed).is_absolute()
        || in_folder()
}

fn has_zip(typed: &str) -> bool {
    Path::new(typed)
        .extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("zip"))
}

/// The caches of this user: `own`, else the platform's place for Hearth's.
fn cache(own: Option<PathBuf>) -> Cache {
    let own = own.or_else(|| Some(platform_caches()?.join("hearth")));
    let home = env::home_dir();
    Cache {
        hearth: own.unwrap_or_else(|| env::temp_dir().join("hearth")),
        spark_nlp: home.map(|home| home.join("cache_pretrained")),
        hugging_face: path("HF_HUB_CACHE").or_else(|| Some(hugging_face_home()?.join("hub"))),
    }
}

fn hugging_face_home() -> Option<PathBuf> {
    let default = || {
        let caches = path("XDG_CACHE_HOME").or_else(|| Some(env::home_dir()?.join(".cache")));
        Some(caches?.join("huggingface"))
    };
    path("HF_HOME").or_else(default)
}

fn platform_caches() -> Option<PathBuf> {
    if cfg!(target_os = "macos") {
        return Some(env::home_dir()?.join("Library/Caches"));
    }
    if cfg!(windows) {
        return path("LOCALAPPDATA");
    }
    path("XDG_CACHE_HOME").or_else(|| Some(env::home_dir()?.join(".cache")))
}

fn path(name: &str) -> Option<PathBuf> {
    env::var_os(name)
        .filter(|value| !value.is_empty())
        .map(PathBuf::from)
}

#[cfg(feature = "download")]
fn text(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

/// A switch as huggingface_hub reads it.
fn is_on(name: &str) -> bool {
    let value = env::var(name).unwrap_or_default().to_ascii_uppercase();
    matches!(value.as_str(), "1" | "ON" | "YES" | "TRUE")
}
