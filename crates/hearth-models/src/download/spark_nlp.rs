//! Spark NLP's public bucket.

use std::fs;
use std::path::PathBuf;

use futures_util::StreamExt as _;
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::path::Path as Key;
use object_store::{ClientOptions, GetOptions, GetRange, ObjectStore as _, RetryConfig};

use super::lock::Lock;
use super::transfer::{Answer, Partial, Refusal, Source, Sums, cause};
use super::{Downloader, Progress, USER_AGENT};
use crate::cache::{Record, holds_model};
use crate::error::{Error, Result};
use crate::moment;
use crate::resolve::{Release, Resource, read_metadata, resolve};

const BUCKET: &str = "auxdata.johnsnowlabs.com";
const FOLDER: &str = "public/models";
const REGION: &str = "us-east-1";
const METADATA: &str = "metadata.json";

/// A file of the bucket.
struct Object<'a> {
    bucket: AmazonS3,
    endpoint: &'a str,
    key: Key,
}

impl Source for Object<'_> {
    fn url(&self) -> String {
        format!("{}/{BUCKET}/{}", self.endpoint, self.key)
    }

    async fn get(&self, from: u64, etag: Option<&str>) -> Result<Answer, Refusal> {
        let options = GetOptions {
            range: (from > 0).then_some(GetRange::Offset(from)),
            if_match: etag.filter(|_| from > 0).map(str::to_owned),
            ..GetOptions::default()
        };
        let found = self
            .bucket
            .get_opts(&self.key, options)
            .await
            .map_err(refusal)?;
        Ok(Answer {
            start: found.range.start,
            total: Some(found.meta.size),
            etag: found.meta.e_tag.clone(),
            body: found
                .into_stream()
                .map(|bytes| bytes.map_err(|e| cause(&e)))
                .boxed_local(),
        })
    }
}

fn refusal(error: object_store::Error) -> Refusal {
    use object_store::Error as E;
    match error {
        // The bucket does not say of a missing file that it is missing to those who may not list it.
        E::NotFound { .. } | E::PermissionDenied { .. } | E::Unauthenticated { .. } => {
            Refusal::Ever {
                why: "there is no such file, or it is not public".to_owned(),
                instead: "is the name right? `hearth models list` shows those that are known",
            }
        }
        E::Precondition { .. } => Refusal::Changed,
        // A server that does not give parts of files.
        E::Generic { source, .. } if source.to_string().contains("non-partial") => Refusal::Changed,
        other => Refusal::Now(cause(&other)),
    }
}

impl Downloader {
    /// Which archive of a name to take, by the bucket's list of today.
    pub(super) fn resolve(
        &self,
        name: &str,
        language: &str,
        release: &Release,
        progress: &dyn Progress,
    ) -> Result<Resource> {
        let object = self.object(METADATA)?;
        let _lock = Lock::take(&self.lock_file(METADATA), progress)?;
        let partial = self.partial(METADATA);
        let io = |source| Error::Io {
            path: partial.file.clone(),
            source,
        };
        self.transfer(&object, &partial, None, progress)?;
        let bytes = fs::read(&partial.file).map_err(io);
        partial.remove();
        let resources = read_metadata(object.url().as_ref(), &bytes?)?;
        resolve(&resources, name, Some(language), release)
            .cloned()
            .ok_or_else(|| Error::NoArchive {
                name: name.to_owned(),
                language: language.into(),
                release: release.to_string().into(),
                list: object.url(),
            })
    }

    /// The folder of an archive in Hearth's cache, or in Spark NLP's if it is there.
    pub(super) fn archive(
        &self,
        zip: &str,
        md5: Option<&str>,
        progress: &dyn Progress,
    ) -> Result<PathBuf> {
        let object = self.object(zip)?;
        let refuse = |why: &str, instead| Error::Download {
            url: object.url(),
            why: why.to_owned(),
            instead,
        };
        let is_name = zip
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
        let stem = zip
            .strip_suffix(".zip")
            .filter(|stem| is_name && !stem.is_empty() && !stem.starts_with('.'));
        let stem = stem.ok_or_else(|| {
            refuse(
                "this is not the name of a zip of a model",
                "a name is like bert_base_cased_en_2.6.0_2.4_1598340336670.zip",
            )
        })?;
        if let Some(path) = self.cache.find_archive(stem) {
            return Ok(path);
        }
        let _lock = Lock::take(&self.lock_file(stem), progress)?;
        // Whoever had the lock before may have fetched it.
        if let Some(path) = self.cache.find_archive(stem) {
            return Ok(path);
        }
        let partial = self.partial(zip);
        self.transfer(&object, &partial, None, progress)?;
        let sums = Sums::of(&partial.file).map_err(|source| Error::Io {
            path: partial.file.clone(),
            source,
        })?;
        if let Some(expected) = md5.filter(|md5| !md5.eq_ignore_ascii_case(&sums.md5)) {
            partial.remove();
            return Err(Error::Checksum {
                url: object.url(),
                kind: "MD5",
                expected: expected.into(),
                found: sums.md5.into(),
            });
        }
        let record = Record {
            url: object.url(),
            bytes: sums.bytes,
            sha256: sums.sha256,
            md5: md5.map(str::to_owned),
            downloaded: moment::now(),
        };
        let path = self.cache.models().join(stem);
        let unpacked = self.unpack(&partial.file, &path, &record);
        // Whole or not, it is not gone on with.
        partial.remove();
        unpacked?;
        if holds_model(&path) {
            return Ok(path);
        }
        Err(refuse(
            "the archive was unpacked and holds no BERT model",
            "Hearth reads archives of BertEmbeddings",
        ))
    }

    fn object(&self, name: &str) -> Result<Object<'_>> {
        let endpoint = self.options.spark_nlp.trim_end_matches('/');
        let client = ClientOptions::new()
            .with_timeout_disabled()
            .with_connect_timeout(self.options.patience)
            .with_read_timeout(self.options.patience)
            .with_allow_http(endpoint.starts_with("http://"));
        let client = match USER_AGENT.parse() {
            Ok(agent) => client.with_user_agent(agent),
            Err(_) => client,
        };
        let bucket = AmazonS3Builder::new()
            .with_bucket_name(BUCKET)
            .with_region(REGION)
            .with_endpoint(endpoint)
            .with_virtual_hosted_style_request(false)
            .with_skip_signature(true)
            .with_client_options(client)
            // Failures are counted and told in one place, for the hub as well.
            .with_retry(RetryConfig {
                max_retries: 0,
                ..RetryConfig::default()
            })
            .build()
            .map_err(|e| Error::Download {
                url: endpoint.to_owned(),
                why: e.to_string(),
                instead: "is the address right?",
            })?;
        Ok(Object {
            bucket,
            endpoint,
            key: Key::from(format!("{FOLDER}/{name}")),
        })
    }

    fn lock_file(&self, name: &str) -> PathBuf {
        self.cache.hearth.join("locks").join(format!("{name}.lock"))
    }

    fn partial(&self, name: &str) -> Partial {
        Partial {
            file: self.partials().join(name),
            named_by_content: false,
        }
    }

    /// Files on their way.
    pub(super) fn partials(&self) -> PathBuf {
        self.cache.hearth.join("partial")
    }
}
