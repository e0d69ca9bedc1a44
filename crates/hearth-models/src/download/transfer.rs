//! Bytes from an address to a file, however often the connection breaks.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::time::Duration;

use futures_util::{Stream, StreamExt as _};
use md5::Md5;
use sha2::{Digest as _, Sha256};

use super::{Downloader, Progress};
use crate::error::{Error, Result};

/// What a server gives: bytes from `start` on.
pub(super) struct Answer {
    pub(super) start: u64,
    pub(super) total: Option<u64>,
    /// What tells this content from a later one at the same address.
    pub(super) etag: Option<String>,
    pub(super) body: Pin<Box<dyn Stream<Item = Result<bytes::Bytes, String>>>>,
}

/// Why a server gives nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It may be different in a moment.
    Now(String),
    /// It will not be.
    Ever { why: String, instead: &'static str },
    /// What is there is not what the first bytes were of.
    Changed,
}

/// An address that can be asked for the rest of a file.
pub(super) trait Source {
    fn url(&self) -> String;

    /// Bytes from `from` on, of the content with this tag.
    async fn get(&self, from: u64, etag: Option<&str>) -> Result<Answer, Refusal>;
}

/// What is here of a file.
pub(super) struct Partial {
    pub(super) file: PathBuf,
    /// Whether the file's name says which content it is the beginning of; otherwise a file beside it does.
    pub(super) named_by_content: bool,
}

/// The tag and length of the content that a partial file is the beginning of.
#[derive(Default, PartialEq)]
struct Tag {
    etag: Option<String>,
    total: Option<u64>,
}

impl Partial {
    fn tag_file(&self) -> PathBuf {
        self.file.with_added_extension("tag")
    }

    fn tag(&self) -> Tag {
        let text = std::fs::read_to_string(self.tag_file()).unwrap_or_default();
        let mut lines = text.lines();
        let etag = lines.next().map(str::to_owned);
        let total = lines.next().and_then(|total| total.parse().ok());
        Tag { etag, total }
    }

    fn write_tag(&self, tag: &Tag) -> std::io::Result<()> {
        let (Some(etag), Some(total)) = (&tag.etag, tag.total) else {
            return Ok(());
        };
        std::fs::write(self.tag_file(), format!("{etag}\n{total}\n"))
    }

    pub(super) fn remove(&self) {
        let _ = std::fs::remove_file(&self.file);
        let _ = std::fs::remove_file(self.tag_file());
    }
}

impl Downloader {
    /// Brings the whole of a file here. `total` is its length, where that is known before.
    ///
    /// # Errors
    /// [`Error::Download`]; the partial file stays where the next call can go on from it.
    pub(super) fn transfer(
        &self,
        source: &impl Source,
        partial: &Partial,
        total: Option<u64>,
        progress: &dyn Progress,
    ) -> Result<()> {
        let done = self
            .runtime
            .block_on(self.all_of(source, partial, total, progress));
        if done.is_err() && partial.file.metadata().is_ok_and(|meta| meta.len() == 0) {
            partial.remove();
        }
        done
    }

    async fn all_of(
        &self,
        source: &impl Source,
        partial: &Partial,
        total: Option<u64>,
        progress: &dyn Progress,
    ) -> Result<()> {
        let io = |source| Error::Io {
            path: partial.file.clone(),
            source,
        };
        if let Some(folder) = partial.file.parent() {
            std::fs::create_dir_all(folder).map_err(io)?;
        }
        let mut file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&partial.file)
            .map_err(io)?;
        let mut have = file.metadata().map_err(io)?.len();
        let mut tag = if partial.named_by_content {
            Tag::default()
        } else {
            partial.tag()
        };
        tag.total = total.or(tag.total);
        if !partial.named_by_content && tag.etag.is_none()
            || tag.total.is_some_and(|total| have > total)
        {
            file.set_len(0).map_err(io)?;
            have = 0;
        }
        let mut failures = 0;
        loop {
            if have > 0 && tag.total == Some(have) {
                return file.sync_all().map_err(io);
            }
            let before = have;
            let why = match source.get(have, tag.etag.as_deref()).await {
                Ok(mut answer) => {
                    if answer.start != have {
                        file.set_len(answer.start.min(have)).map_err(io)?;
                        have = file.metadata().map_err(io)?.len();
                    }
                    if answer.start != have {
                        file.set_len(0).map_err(io)?;
                        have = 0;
                        "it gave another part of the file than was asked for".to_owned()
                    } else {
                        tag = Tag {
                            etag: answer.etag.take(),
                            total: answer.total.or(total),
                        };
                        if !partial.named_by_content {
                            partial.write_tag(&tag).map_err(io)?;
                        }
                        progress.file(&source.url(), have, tag.total);
                        let end = self
                            .body(&mut answer, &mut file, &mut have, progress)
                            .await
                            .map_err(io)?;
                        match (end, tag.total) {
                            (Some(why), _) => why,
                            (None, Some(total)) if have < total => {
                                "the connection ended early".to_owned()
                            }
                            (None, Some(total)) if have > total => {
                                file.set_len(0).map_err(io)?;
                                have = 0;
                                "it sent more than it said".to_owned()
                            }
                            (None, _) => return file.sync_all().map_err(io),
                        }
                    }
                }
                Err(Refusal::Ever { why, instead }) => {
                    return Err(Error::Download {
                        url: source.url(),
                        why,
                        instead,
                    });
                }
                Err(Refusal::Now(why)) => why,
                Err(Refusal::Changed) => {
                    file.set_len(0).map_err(io)?;
                    (have, tag) = (0, Tag { etag: None, total });
                    "the file changed where it lies".to_owned()
                }
            };
            failures = if have > before { 1 } else { failures + 1 };
            self.wait_or_give_up(failures, &source.url(), why, progress)
                .await?;
        }
    }

    /// Writes what comes; why it ended, if something went wrong.
    async fn body(
        &self,
        answer: &mut Answer,
        file: &mut File,
        have: &mut u64,
        progress: &dyn Progress,
    ) -> std::io::Result<Option<String>> {
        while let Some(bytes) = answer.body.next().await {
            match bytes {
                Ok(bytes) => {
                    file.write_all(&bytes)?;
                    *have += bytes.len() as u64;
                    progress.bytes(*have);
                }
                Err(why) => return Ok(Some(why)),
            }
        }
        Ok(None)
    }

    /// Pauses after a failure, unless it was the last that is suffered.
    pub(super) async fn wait_or_give_up(
        &self,
        failures: u32,
        url: &str,
        why: String,
        progress: &dyn Progress,
    ) -> Result<()> {
        if failures >= self.options.attempts {
            return Err(Error::Download {
                url: url.to_owned(),
                why,
                instead: "is this machine connected? Try again, and it goes on from where it was; or give the model by path",
            });
        }
        let pause = self
            .options
            .pause
            .saturating_mul(1 << (failures - 1).min(5));
        let pause = pause.min(Duration::from_secs(30));
        progress.pause(&format!(
            "{url}: {why}; trying again in {} s",
            pause.as_secs_f32()
        ));
        tokio::time::sleep(pause).await;
        Ok(())
    }
}

/// SHA-256 in lower case, MD5 in upper case, and the length of a file.
pub(super) struct Sums {
    pub(super) sha256: String,
    pub(super) md5: String,
    pub(super) bytes: u64,
}

impl Sums {
    pub(super) fn of(path: &Path) -> std::io::Result<Self> {
        let mut file = File::open(path)?;
        file.rewind()?;
        let (mut sha256, mut md5, mut bytes) = (Sha256::new(), Md5::new(), 0);
        let mut buffer = vec![0; 1 << 20];
        loop {
            let n = file.read(&mut buffer)?;
            if n == 0 {
                break;
            }
            sha256.update(&buffer[..n]);
            md5.update(&buffer[..n]);
            bytes += n as u64;
        }
        let hex = |bytes: &[u8]| {
            bytes
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect::<String>()
        };
        Ok(Self {
            sha256: hex(&sha256.finalize()),
            md5: hex(&md5.finalize()).to_uppercase(),
            bytes,
        })
    }
}

/// The innermost cause of an error: what lies around it in an HTTP client's repeats the address.
pub(super) fn cause(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.last().map(ToString::to_string).unwrap_or_default()
}
