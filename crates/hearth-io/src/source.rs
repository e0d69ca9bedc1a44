//! From what was typed to the files to read.

use std::ffi::OsStr;
use std::fs;
use std::path::{Component, Path, PathBuf};

use globset::{GlobBuilder, GlobMatcher};

use crate::{Error, Format, Result};

/// One input to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The file; `-` is standard input.
    pub path: PathBuf,
    /// Its format.
    pub format: Format,
    /// The path below the directory, or the fixed part of the glob, that led to it; leading Hive `key=value`
    /// directories are kept. Its output goes to this path below the output directory.
    pub relative: PathBuf,
    /// Its size; `None` for standard input and other streams, which can be read once only.
    pub bytes: Option<u64>,
}

impl Source {
    /// Whether this is standard input.
    pub fn is_stdin(&self) -> bool {
        self.path == Path::new("-")
    }
}

/// What [`discover`] found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// What to read: inputs in the order given, the files of a directory or glob sorted by path.
    pub sources: Vec<Source>,
    /// Files of directories and globs that were passed over because their extension is unknown.
    pub skipped: Vec<PathBuf>,
}

/// Resolves inputs: files, directories (recursively), globs, and `-` for NDJSON on standard input.
///
/// Names beginning with `_` or `.` are passed over in directories and globs, at any depth. In a glob `*` and `?` stop
/// at `/`, `**` does not; a directory that it matches counts whole. An existing path is never taken as a glob.
///
/// # Errors
/// Usage errors for an input that leads to nothing, a file named on its own whose extension is unknown, and standard
/// input or a pipe beside other inputs; [`Error::Io`] for a directory that cannot be listed.
pub fn discover<S: AsRef<str>>(inputs: &[S]) -> Result<Found> {
    let mut found = Found::default();
    for input in inputs {
        let input = input.as_ref();
        let (n_before, n_skipped) = (found.sources.len(), found.skipped.len());
        if input == "-" {
            found.sources.push(Source {
                path: PathBuf::from("-"),
                format: Format::Ndjson,
                relative: PathBuf::from("stdin.ndjson"),
                bytes: None,
            });
            continue;
        }
        let path = Path::new(input);
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => {
                walk(path, hive_base(path), &mut Vec::new(), &mut found)?;
            }
            Ok(_) => {
                let parent = path.parent().unwrap_or(Path::new(""));
                let source =
                    source(path, hive_base(parent))?.ok_or_else(|| Error::UnknownExtension {
                        path: path.to_owned(),
                    })?;
                found.sources.push(source);
            }
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => glob(input, &mut found)?,
            Err(e) => return Err(io(path, "open", e)),
        }
        if found.sources.len() == n_before {
            return Err(if found.skipped.len() == n_skipped && !path.is_dir() {
                Error::NoSuchInput {
                    input: input.to_owned(),
                }
            } else {
                Error::NothingToRead {
                    input: input.to_owned(),
                    skipped: found.skipped.split_off(n_skipped),
                }
            });
        }
    }
    if found.sources.is_empty() {
        return Err(Error::NoInput);
    }
    match found.sources.iter().find(|s| s.bytes.is_none()) {
        Some(stream) if found.sources.len() > 1 => Err(Error::StreamAmongOthers {
            input: stream.path.display().to_string(),
        }),
        _ => Ok(found),
    }
}

/// The file as a source, `None` if its extension is unknown.
fn source(path: &Path, base: &Path) -> Result<Option<Source>> {
    let Some(format) = Format::of(path) else {
        return Ok(None);
    };
    let metadata = fs::metadata(path).map_err(|e| io(path, "open", e))?;
    Ok(Some(Source {
        path: path.to_owned(),
        format,
        relative: path.strip_prefix(base).unwrap_or(path).to_owned(),
        bytes: metadata.is_file().then_some(metadata.len()),
    }))
}

/// `dir` without the Hive `key=value` directories at its end.
fn hive_base(dir: &Path) -> &Path {
    let mut base = dir;
    while let (Some(name), Some(parent)) = (base.file_name(), base.parent()) {
        if !name.as_encoded_bytes().contains(&b'=') {
            break;
        }
        base = parent;
    }
    base
}

fn is_hidden(name: &OsStr) -> bool {
    matches!(name.as_encoded_bytes().first(), Some(b'_' | b'.'))
}

/// The entries of `dir` that are not hidden, sorted.
fn entries(dir: &Path) -> Result<Vec<PathBuf>> {
    let listed = fs::read_dir(dir).map_err(|e| io(dir, "list", e))?;
    let mut paths = Vec::new();
    for entry in listed {
        let entry = entry.map_err(|e| io(dir, "list", e))?;
        if !is_hidden(&entry.file_name()) {
            // `join` rather than `entry.path()`, which writes `./x` for the directory `.`.
            paths.push(if dir == Path::new(".") {
                entry.file_name().into()
            } else {
                entry.path()
            });
        }
    }
    paths.sort();
    Ok(paths)
}

/// Adds the files below `dir`. `above` are the directories being walked: a link back to one of them is not followed.
fn walk(dir: &Path, base: &Path, above: &mut Vec<PathBuf>, found: &mut Found) -> Result<()> {
    let real = fs::canonicalize(dir).map_err(|e| io(dir, "open", e))?;
    if above.contains(&real) {
        return Ok(());
    }
    above.push(real);
    for path in entries(dir)? {
        if path.is_dir() {
            walk(&path, base, above, found)?;
        } else {
            add(&path, base, found)?;
        }
    }
    above.pop();
    Ok(())
}

fn add(path: &Path, base: &Path, found: &mut Found) -> Result<()> {
    match source(path, base)? {
        Some(source) => found.sources.push(source),
        None => found.skipped.push(path.to_owned()),
    }
    Ok(())
}

/// Adds what the pattern matches below its longest directory without special characters.
fn glob(pattern: &str, found: &mut Found) -> Result<()> {
    let matcher = GlobBuilder::new(pattern)
        .literal_separator(true)
        .build()
        .map_err(|source| Error::Glob {
            input: pattern.to_owned(),
            source,
        })?
        .compile_matcher();
    let fixed: PathBuf = Path::new(pattern)
        .components()
        .take_while(|part| {
            !part
                .as_os_str()
                .as_encoded_bytes()
                .iter()
                .any(|b| b"*?[{\\".contains(b))
        })
        .collect();
    if fixed == Path::new(pattern) {
        return Ok(());
    }
    let root = if fixed.as_os_str().is_empty() {
        Path::new(".")
    } else {
        &fixed
    };
    if !root.is_dir() {
        return Ok(());
    }
    let base = hive_base(&fixed);
    let dotted = matches!(
        Path::new(pattern).components().next(),
        Some(Component::CurDir)
    );
    let pattern = Pattern { matcher, dotted };
    matching(root, base, &pattern, &mut Vec::new(), found)
}

struct Pattern {
    matcher: GlobMatcher,
    /// The pattern begins with `./`, which the paths found do not.
    dotted: bool,
}

impl Pattern {
    fn matches(&self, path: &Path) -> bool {
        self.matcher.is_match(path)
            || (self.dotted && self.matcher.is_match(Path::new(".").join(path)))
    }
}

fn matching(
    dir: &Path,
    base: &Path,
    pattern: &Pattern,
    above: &mut Vec<PathBuf>,
    found: &mut Found,
) -> Result<()> {
    let real = fs::canonicalize(dir).map_err(|e| io(dir, "open", e))?;
    if above.contains(&real) {
        return Ok(());
    }
    above.push(real);
    for path in entries(dir)? {
        let matches = pattern.matches(&path);
        match (path.is_dir(), matches) {
            (true, true) => walk(&path, base, above, found)?,
            (true, false) => matching(&path, base, pattern, above, found)?,
            (false, true) => add(&path, base, found)?,
            (false, false) => {}
        }
    }
    above.pop();
    Ok(())
}

/// [`Error::Io`] in one line.
pub(crate) fn io(path: &Path, action: &'static str, source: std::io::Error) -> Error {
    Error::Io {
        path: path.to_owned(),
        action,
        source,
    }
}
