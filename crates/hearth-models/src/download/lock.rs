//! One process at a time.

use std::fs::{self, File, TryLockError};
use std::path::Path;

use super::Progress;
use crate::error::{Error, Result};

/// Holds the lock until it is dropped. The operating system takes it back from a process that dies, so the file, which
/// stays, means nothing.
#[derive(Debug)]
pub(super) struct Lock(#[expect(dead_code, reason = "it is held")] File);

impl Lock {
    pub(super) fn take(path: &Path, progress: &dyn Progress) -> Result<Self> {
        let io = |source| Error::Io {
            path: path.to_owned(),
            source,
        };
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(io)?;
        }
        let file = File::create(path).map_err(io)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                progress.pause("another process is fetching this; waiting for it");
                file.lock().map_err(io)?;
            }
            Err(TryLockError::Error(source)) => return Err(io(source)),
        }
        Ok(Self(file))
    }
}
