//! A file under a temporary name until it is whole.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

use super::{Bytes, Failure};
use crate::source::io;
use crate::{Error, Result};

/// Written as `.<name>.<process>.tmp` in the directory of the file, so that renaming is one step.
#[derive(Debug)]
pub(super) struct Staged {
    file: BufWriter<File>,
    temporary: Temporary,
    path: PathBuf,
    overwrite: bool,
    n_bytes: u64,
}

/// Removed when dropped, unless it is given its name.
#[derive(Debug)]
struct Temporary(Option<PathBuf>);

impl Drop for Temporary {
    fn drop(&mut self) {
        if let Some(path) = self.0.take() {
            // Whatever failed before is what the user must hear of.
            let _ = fs::remove_file(path);
        }
    }
}

impl Staged {
    pub(super) fn create(path: &Path, overwrite: bool) -> Result<Self> {
        if !overwrite && path.symlink_metadata().is_ok() {
            return Err(Error::OutputExists {
                path: path.to_owned(),
            });
        }
        if path.is_dir() {
            return Err(Error::OutputKind {
                path: path.to_owned(),
                problem: "is a directory",
            });
        }
        let Some(name) = path.file_name() else {
            return Err(Error::OutputKind {
                path: path.to_owned(),
                problem: "is not the name of a file",
            });
        };
        let parent = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        fs::create_dir_all(parent).map_err(|e| io(parent, "create the directory", e))?;
        let mut n_tries = 0;
        loop {
            let temporary = parent.join(temporary_name(name, n_tries));
            match OpenOptions::new()
                .write(true)
                .create_new(true)
                .open(&temporary)
            {
                Ok(file) => {
                    return Ok(Self {
                        file: BufWriter::with_capacity(1 << 16, file),
                        temporary: Temporary(Some(temporary)),
                        path: path.to_owned(),
                        overwrite,
                        n_bytes: 0,
                    });
                }
                // Left by a process that was killed, or another writer of this one.
                Err(e) if e.kind() == ErrorKind::AlreadyExists && n_tries < 1000 => n_tries += 1,
                Err(e) => return Err(io(path, "create", e)),
            }
        }
    }
}

fn temporary_name(name: &std::ffi::OsStr, n_tries: u32) -> OsString {
    // File systems allow 255 bytes; a long name is cut so that what is added fits.
    let name: String = name.to_string_lossy().chars().take(50).collect();
    let process = std::process::id();
    match n_tries {
        0 => format!(".{name}.{process}.tmp"),
        n => format!(".{name}.{process}-{n}.tmp"),
    }
    .into()
}

impl Write for Staged {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let n = self.file.write(bytes)?;
        self.n_bytes += n as u64;
        Ok(n)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}

impl Bytes for Staged {
    fn close(mut self) -> Result<u64, Failure> {
        self.file.flush()?;
        self.file.get_ref().sync_all()?;
        let Some(temporary) = self.temporary.0.as_ref() else {
            return Ok(self.n_bytes);
        };
        if self.overwrite {
            fs::rename(temporary, &self.path).map_err(|e| Failure::Io("rename", e))?;
            self.temporary.0 = None;
        } else {
            // A second name, unlike renaming, never replaces a file that came into being meanwhile.
            match fs::hard_link(temporary, &self.path) {
                // Dropping removes the temporary name.
                Ok(()) => {}
                Err(e) if e.kind() == ErrorKind::AlreadyExists => {
                    return Err(Failure::Own(Error::OutputExists {
                        path: self.path.clone(),
                    }));
                }
                // Not every file system has second names.
                Err(_) => {
                    if self.path.symlink_metadata().is_ok() {
                        return Err(Failure::Own(Error::OutputExists {
                            path: self.path.clone(),
                        }));
                    }
                    fs::rename(temporary, &self.path).map_err(|e| Failure::Io("rename", e))?;
                    self.temporary.0 = None;
                }
            }
        }
        sync_directory(&self.path);
        Ok(self.n_bytes)
    }
}

/// Makes the new name itself last. Where directories cannot be synced, the file is whole all the same.
fn sync_directory(path: &Path) {
    let parent = path
        .parent()
        .filter(|p| !p.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    if let Ok(directory) = File::open(parent) {
        let _ = directory.sync_all();
    }
}
