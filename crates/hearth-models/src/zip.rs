//! Zip archives (APPNOTE 6.3.10), read by position from what may be a hostile file.
//!
//! Entries are stored or deflated. What is stored, or deflated without compression as the JVM does it at level 0, is a
//! part of the archive's own bytes; the rest is inflated when it is asked for. Whatever could make two readers of one
//! archive see different files, or let a small one fill the memory, is refused when the archive is opened.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use crc32fast::Hasher;
use flate2::{Decompress, FlushDecompress, Status};

use crate::blob::Blob;
use crate::error::{Error, Result};

/// An open archive: its list of files.
#[derive(Debug)]
pub(crate) struct Archive {
    /// For messages.
    file: PathBuf,
    entries: BTreeMap<String, Entry>,
    /// How long an entry may become in memory.
    limit: u64,
    nested: bool,
}

#[derive(Debug)]
struct Entry {
    data: Blob,
    deflated: bool,
    /// In bytes, inflated.
    len: u64,
    crc: u32,
}

/// An entry as the central directory has it.
struct Header {
    name: String,
    flags: u16,
    method: u16,
    crc: u32,
    compressed: u64,
    len: u64,
    /// Of the local header.
    at: u64,
    mode: u32,
}

/// More files than any model has.
const MAX_ENTRIES: u64 = 100_000;
/// A path's limit on most systems.
const MAX_NAME: usize = 4096;
/// What any archive may inflate an entry to; a larger one a hundred times its own length. Weights compress to little less
/// than they are, lists of words to a tenth.
const ALWAYS_INFLATED: u64 = 64 << 20;
const MAX_RATIO: u64 = 100;
/// Memory is taken and given back in pieces of this many bytes.
const PIECE: u64 = 1 << 20;

const END: [u8; 4] = *b"PK\x05\x06";
const END_LEN: usize = 22;
const LOCATOR: [u8; 4] = *b"PK\x06\x07";
const LOCATOR_LEN: usize = 20;
const END_64: [u8; 4] = *b"PK\x06\x06";
const END_64_LEN: usize = 56;
const CENTRAL: [u8; 4] = *b"PK\x01\x02";
const CENTRAL_LEN: usize = 46;
const LOCAL: [u8; 4] = *b"PK\x03\x04";
const LOCAL_LEN: usize = 30;

impl Archive {
    /// Whether this is what a zip begins with; an empty one begins with its end.
    pub(crate) fn is_one(bytes: &Blob) -> io::Result<bool> {
        let mut start = [0; 4];
        if bytes.len() < END_LEN as u64 {
            return Ok(false);
        }
        bytes.read_exact_at(0, &mut start)?;
        Ok(start == LOCAL || start == END)
    }

    /// `file` is for messages.
    pub(crate) fn open(file: PathBuf, bytes: &Blob) -> Result<Self> {
        let limit = ALWAYS_INFLATED.max(bytes.len().saturating_mul(MAX_RATIO));
        Self::read(file, bytes, limit, false)
    }

    /// An archive that lies in this one. One level is what models have, and more is how a small file becomes large.
    pub(crate) fn inner(&self, file: PathBuf, bytes: &Blob) -> Result<Self> {
        if self.nested {
            return Err(Error::Unsupported {
                file,
                what: "a zip in a zip in a zip".to_owned(),
                instead: "unpack the outermost and give its folder".to_owned(),
            });
        }
        Self::read(file, bytes, self.limit, true)
    }

    fn read(file: PathBuf, bytes: &Blob, limit: u64, nested: bool) -> Result<Self> {
        let from = Reader { file: &file, bytes };
        let directory = from.directory()?;
        let headers = from.headers(&directory)?;
        let mut entries = BTreeMap::new();
        let mut taken: Vec<(u64, u64, String)> = Vec::new();
        for header in headers {
            let is_folder = header.name.ends_with('/');
            let name = header.name.trim_end_matches('/').to_owned();
            let (entry, end) = from.entry(&header)?;
            taken.push((header.at, end, header.name));
            if entry.len > limit && entry.deflated {
                return Err(from.refused(
                    &name,
                    "would be inflated to more than a hundred times the archive's length",
                ));
            }
            if !is_folder && entries.insert(name.clone(), entry).is_some() {
                return Err(from.refused(&name, "is there twice"));
            }
        }
        taken.sort_unstable();
        taken.push((directory.at, directory.at, String::new()));
        for pair in taken.windows(2) {
            if pair[0].1 > pair[1].0 {
                return Err(from.refused(&pair[0].2, "overlaps with what comes after it"));
            }
        }
        for name in entries.keys() {
            let is_file = |(at, _)| entries.contains_key(&name[..at]);
            if name.match_indices('/').any(is_file) {
                return Err(from.refused(name, "lies below another entry that is a file"));
            }
        }
        Ok(Self {
            file,
            entries,
            limit,
            nested,
        })
    }

    /// The names of all files below a folder, which is named with its `/`, or all of them for the empty name.
    pub(crate) fn below<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = &'a str> {
        self.entries
            .range(folder.to_owned()..)
            .map(|(name, _)| name.as_str())
            .take_while(move |name| name.starts_with(folder))
    }

    /// Whether there is a file of this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.entries.contains_key(name)
    }

    /// The bytes of a file, its checksum compared; `None` where there is none of this name.
    ///
    /// # Errors
    /// [`Error::Damaged`]; and [`Error::Io`] with `FileTooLarge` where it is longer than `limit`, before it is inflated.
    pub(crate) fn blob(&self, name: &str, limit: u64) -> Result<Option<Blob>> {
        let Some(entry) = self.entries.get(name) else {
            return Ok(None);
        };
        let file = || self.file.join(name);
        if entry.len > limit {
            return Err(Error::Io {
                path: file(),
                source: io::ErrorKind::FileTooLarge.into(),
            });
        }
        let whole = || -> io::Result<Result<Blob, &str>> {
            let in_place = if entry.deflated {
                stored_blocks(&entry.data, entry.len)?
            } else {
                Some(entry.data.clone())
            };
            let Some(blob) = in_place else {
                return inflate(&entry.data, entry.len, entry.crc);
            };
            let mut crc = Hasher::new();
            blob.each_chunk(|chunk| crc.update(chunk))?;
            Ok((crc.finalize() == entry.crc)
                .then_some(blob)
                .ok_or(OTHER_SUM))
        };
        match whole() {
            Ok(Ok(blob)) => Ok(Some(blob)),
            Ok(Err(why)) => Err(self.damaged(name, why)),
            Err(source) => Err(Error::Io {
                path: file(),
                source,
            }),
        }
    }

    /// Writes a file of this archive out, its checksum compared, and keeps no more than a piece of it in memory.
    ///
    /// # Errors
    /// [`Error::Damaged`], [`Error::Io`].
    #[cfg(feature = "download")]
    pub(crate) fn write_out(&self, name: &str, out: &mut std::fs::File) -> Result<()> {
        use std::io::Write as _;
        let Some(entry) = self.entries.get(name) else {
            return Ok(());
        };
        let io = |source| Error::Io {
            path: self.file.join(name),
            source,
        };
        if entry.deflated {
            let take = |piece: Vec<u8>| out.write_all(&piece);
            let written = inflate_each(&entry.data, entry.len, entry.crc, take);
            return written.map_err(io)?.map_err(|why| self.damaged(name, why));
        }
        let (mut crc, mut written) = (Hasher::new(), Ok(()));
        let each = entry.data.each_chunk(|chunk| {
            crc.update(chunk);
            if written.is_ok() {
                written = out.write_all(chunk);
            }
        });
        each.and(written).map_err(io)?;
        if crc.finalize() != entry.crc {
            return Err(self.damaged(name, OTHER_SUM));
        }
        Ok(())
    }

    fn damaged(&self, entry: &str, why: &str) -> Error {
        Error::Damaged {
            file: self.file.join(entry),
            format: "entry of a zip",
            why: why.to_owned(),
        }
    }
}

const OTHER_SUM: &str = "its checksum is another than the archive says";

struct Directory {
    at: u64,
    bytes: Vec<u8>,
    entries: u64,
}

/// An archive while it is opened.
struct Reader<'a> {
    file: &'a Path,
    bytes: &'a Blob,
}

impl Reader<'_> {
    fn damaged(&self, why: impl Into<String>) -> Error {
        Error::Damaged {
            file: self.file.to_owned(),
            format: "zip archive",
            why: why.into(),
        }
    }

    fn refused(&self, entry: &str, why: &'static str) -> Error {
        Error::RefusedEntry {
            file: self.file.to_owned(),
            entry: entry.to_owned(),
            why,
        }
    }

    fn bytes<const N: usize>(&self, at: u64) -> Result<[u8; N]> {
        let mut bytes = [0; N];
        let read = self.bytes.read_exact_at(at, &mut bytes);
        read.map_err(|e| self.io(e))?;
        Ok(bytes)
    }

    fn io(&self, source: io::Error) -> Error {
        if source.kind() == io::ErrorKind::UnexpectedEof {
            return self.damaged("it ends too early");
        }
        Error::Io {
            path: self.file.to_owned(),
            source,
        }
    }

    fn directory(&self) -> Result<Directory> {
        let end_at = self.end()?;
        let end: [u8; END_LEN] = self.bytes(end_at)?;
        let (mut disks, mut entries) = (u32::from(u16_at(&end, 4)), u64::from(u16_at(&end, 10)));
        let (mut len, mut at) = (u64::from(u32_at(&end, 12)), u64::from(u32_at(&end, 16)));
        let mut ends_at = end_at;
        let is_64 = disks == 0xffff || entries == 0xffff || len == 0xffff_ffff || at == 0xffff_ffff;
        if let Some(locator_at) = end_at.checked_sub(LOCATOR_LEN as u64) {
            let locator: [u8; LOCATOR_LEN] = self.bytes(locator_at)?;
            if locator.starts_with(&LOCATOR) {
                ends_at = u64_at(&locator, 8);
                let end: [u8; END_64_LEN] = self.bytes(ends_at)?;
                if !end.starts_with(&END_64) || ends_at >= locator_at {
                    return Err(self.damaged("its zip64 end does not stand where it should"));
                }
                let short = (disks, entries, len, at);
                (disks, entries) = (u32_at(&end, 16), u64_at(&end, 32));
                (len, at) = (u64_at(&end, 40), u64_at(&end, 48));
                // PyTorch writes it where it is not needed.
                if !is_64 && short != (disks, entries, len, at) {
                    return Err(self.damaged("its two ends do not say the same"));
                }
            }
        }
        if disks != 0 {
            return Err(Error::Unsupported {
                file: self.file.to_owned(),
                what: "one part of an archive of several parts".to_owned(),
                instead: "join the parts".to_owned(),
            });
        }
        if entries > MAX_ENTRIES {
            return Err(self.damaged(format!(
                "it has {entries} entries; {MAX_ENTRIES} are possible"
            )));
        }
        if at.checked_add(len) != Some(ends_at) {
            return Err(self.damaged("its list of entries does not stand where it should"));
        }
        let most = entries * (CENTRAL_LEN as u64 + 3 * 0xffff);
        let bytes = self.bytes.slice(at..ends_at).filter(|b| b.len() <= most);
        let bytes = bytes.ok_or_else(|| self.damaged("its list of entries is too long"))?;
        Ok(Directory {
            at,
            bytes: bytes.to_vec(most).map_err(|e| self.io(e))?,
            entries,
        })
    }

    /// Where the last record stands, behind which there is nothing but its comment.
    fn end(&self) -> Result<u64> {
        let len = self.bytes.len();
        let first = len.saturating_sub(END_LEN as u64 + 0xffff);
        let tail = self.bytes.slice(first..len);
        let tail = tail.map_or(Ok(Vec::new()), |tail| tail.to_vec(len));
        let tail = tail.map_err(|e| self.io(e))?;
        let stands = |at: &usize| {
            let record = &tail[*at..];
            record.len() >= END_LEN
                && record.starts_with(&END)
                && record.len() == END_LEN + usize::from(u16_at(record, 20))
        };
        let at = (0..tail.len()).rev().find(stands);
        at.map(|at| first + at as u64)
            .ok_or_else(|| self.damaged("it has no end, as when a download was broken off"))
    }

    fn headers(&self, directory: &Directory) -> Result<Vec<Header>> {
        let mut rest = directory.bytes.as_slice();
        let mut headers = Vec::new();
        for _ in 0..directory.entries {
            let header = self.header(&mut rest)?;
            headers.push(header);
        }
        if !rest.is_empty() {
            return Err(self.damaged("its list of entries is longer than its number of entries"));
        }
        Ok(headers)
    }

    fn header(&self, rest: &mut &[u8]) -> Result<Header> {
        let early = || self.damaged("its list of entries ends too early");
        let fixed = rest.split_off(..CENTRAL_LEN).ok_or_else(early)?;
        if !fixed.starts_with(&CENTRAL) {
            return Err(self.damaged("its list of entries is broken"));
        }
        let mut part = |at: usize| {
            let part = rest.split_off(..usize::from(u16_at(fixed, at)));
            part.ok_or_else(early)
        };
        let (name, extra, _comment) = (part(28)?, part(30)?, part(32)?);
        let name = str::from_utf8(name)
            .map_err(|_| self.refused(&String::from_utf8_lossy(name), "has a name not in UTF-8"))?;
        let mut header = Header {
            name: name.to_owned(),
            flags: u16_at(fixed, 8),
            method: u16_at(fixed, 10),
            crc: u32_at(fixed, 16),
            compressed: u64::from(u32_at(fixed, 20)),
            len: u64::from(u32_at(fixed, 24)),
            at: u64::from(u32_at(fixed, 42)),
            // The system that wrote the archive says what the attributes mean: Unix and macOS keep a file's mode there.
            mode: match fixed[5] {
                3 | 19 => u32_at(fixed, 38) >> 16,
                _ => 0,
            },
        };
        let disk = u16_at(fixed, 34);
        if header.widen(extra).is_none() || !matches!(disk, 0 | 0xffff) {
            return Err(self.damaged(format!("the entry `{name}` has impossible sizes")));
        }
        self.check(&header)?;
        Ok(header)
    }

    fn check(&self, header: &Header) -> Result<()> {
        const KIND: u32 = 0o170_000;
        const FILE: u32 = 0o100_000;
        const FOLDER: u32 = 0o040_000;
        let refuse = |why| Err(self.refused(&header.name, why));
        let unsupported = |what: String, instead: &str| {
            Err(Error::Unsupported {
                file: self.file.join(&header.name),
                what,
                instead: instead.to_owned(),
            })
        };
        let name = header.name.strip_suffix('/').unwrap_or(&header.name);
        let bytes = name.as_bytes();
        if name.len() > MAX_NAME {
            return refuse("has too long a name");
        }
        if name.contains(['\\', '\0']) {
            return refuse("has a backslash or a zero in its name");
        }
        if name.starts_with('/') || (bytes.get(1) == Some(&b':') && bytes[0].is_ascii_alphabetic())
        {
            return refuse("has an absolute name");
        }
        if name.split('/').any(|part| matches!(part, "" | "." | "..")) {
            return refuse("has a name with an empty part, `.` or `..`");
        }
        if !matches!(header.mode & KIND, 0 | FILE | FOLDER) {
            return refuse("is a link or a device");
        }
        if header.name.ends_with('/') && header.len != 0 {
            return refuse("is a folder with content");
        }
        // Encrypted, or with an encrypted directory.
        if header.flags & (1 | 1 << 6 | 1 << 13) != 0 {
            return unsupported("an encrypted entry".to_owned(), "decrypt the archive");
        }
        match header.method {
            0 if header.compressed != header.len => refuse("is stored and has two lengths"),
            0 | 8 => Ok(()),
            other => unsupported(
                format!("an entry compressed by method {other}"),
                "zip the folder anew, stored or deflated",
            ),
        }
    }

    /// The entry and where its data ends.
    fn entry(&self, header: &Header) -> Result<(Entry, u64)> {
        let differs = || self.refused(&header.name, "is named differently at its own place");
        let local: [u8; LOCAL_LEN] = self.bytes(header.at)?;
        let name_len = u64::from(u16_at(&local, 26));
        let name_at = header.at + LOCAL_LEN as u64;
        let name = self.bytes.slice(name_at..name_at + name_len);
        let name = name.filter(|name| name.len() == header.name.len() as u64);
        let name = name.ok_or_else(differs)?.to_vec(u64::MAX);
        if !local.starts_with(&LOCAL)
            || name.map_err(|e| self.io(e))? != header.name.as_bytes()
            || u16_at(&local, 8) != header.method
        {
            return Err(differs());
        }
        let start = name_at + name_len + u64::from(u16_at(&local, 28));
        let end = start.checked_add(header.compressed);
        let data = end.and_then(|end| self.bytes.slice(start..end));
        let data =
            data.ok_or_else(|| self.damaged(format!("the entry `{}` is cut off", header.name)))?;
        let end = start + data.len();
        let entry = Entry {
            data,
            deflated: header.method == 8,
            len: header.len,
            crc: header.crc,
        };
        Ok((entry, end))
    }
}

impl Header {
    /// Takes the sizes that did not fit from the zip64 extra field; `None` where they are not there.
    fn widen(&mut self, mut extra: &[u8]) -> Option<()> {
        const ZIP64: u16 = 1;
        let mut zip64: &[u8] = &[];
        while extra.len() >= 4 {
            let (id, len) = (u16_at(extra, 0), usize::from(u16_at(extra, 2)));
            let field = extra.get(4..4 + len)?;
            if id == ZIP64 {
                zip64 = field;
            }
            extra = &extra[4 + len..];
        }
        for value in [&mut self.len, &mut self.compressed, &mut self.at] {
            if *value == 0xffff_ffff {
                *value = u64_at(zip64.split_off(..8)?, 0);
            }
        }
        Some(())
    }
}

/// The data of a deflate stream that has no compressed block, which is a part of the stream itself.
fn stored_blocks(bytes: &Blob, len: u64) -> io::Result<Option<Blob>> {
    // A hostile stream of empty blocks is left to the other way, which reads it in order.
    let most = 16 + len / 1024;
    let (mut parts, mut at, mut found) = (Vec::new(), 0, 0);
    while parts.len() as u64 <= most {
        let mut head = [0; 5];
        if bytes.len() - at < head.len() as u64 {
            return Ok(None);
        }
        bytes.read_exact_at(at, &mut head)?;
        let (n, complement) = (u16_at(&head, 1), u16_at(&head, 3));
        if head[0] & 0b110 != 0 || n != !complement {
            return Ok(None);
        }
        at += head.len() as u64;
        let Some(part) = bytes.slice(at..at + u64::from(n)) else {
            return Ok(None);
        };
        at += part.len();
        found += part.len();
        parts.push(part);
        if head[0] & 1 == 1 {
            return Ok((found == len).then(|| Blob::concat(parts)));
        }
    }
    Ok(None)
}

/// Inflates to memory, `len` bytes and no more.
fn inflate(bytes: &Blob, len: u64, crc: u32) -> io::Result<Result<Blob, &'static str>> {
    let mut pieces = Vec::new();
    let keep = |piece| {
        pieces.push(Blob::from_vec(piece));
        Ok(())
    };
    Ok(inflate_each(bytes, len, crc, keep)?.map(|()| Blob::concat(pieces)))
}

/// Inflates `len` bytes and no more, and gives them on piece by piece.
fn inflate_each(
    bytes: &Blob,
    len: u64,
    crc: u32,
    mut take: impl FnMut(Vec<u8>) -> io::Result<()>,
) -> io::Result<Result<(), &'static str>> {
    const LONGER: &str = "it is longer than the archive says";
    let mut stream = Decompress::new(false);
    let mut sum = Hasher::new();
    let mut input = Vec::new();
    let (mut at, mut used) = (0, 0);
    loop {
        // One byte more than there should be, so that it is seen if there is.
        let room = PIECE.min(len - stream.total_out() + 1);
        let mut piece = Vec::with_capacity(usize::try_from(room).unwrap_or_default());
        let mut status = Status::Ok;
        while piece.len() < piece.capacity() && status == Status::Ok {
            if used == input.len() {
                let n = PIECE.min(bytes.len() - at);
                input.resize(usize::try_from(n).unwrap_or_default(), 0);
                bytes.read_exact_at(at, &mut input)?;
                (at, used) = (at + n, 0);
            }
            let before = (stream.total_in(), stream.total_out());
            let step = stream.decompress_vec(&input[used..], &mut piece, FlushDecompress::None);
            let Ok(step) = step else {
                return Ok(Err("its data cannot be inflated"));
            };
            used += usize::try_from(stream.total_in() - before.0).unwrap_or_default();
            if step != Status::StreamEnd && before == (stream.total_in(), stream.total_out()) {
                return Ok(Err("its data ends too early"));
            }
            if stream.total_out() > len {
                return Ok(Err(LONGER));
            }
            status = step;
        }
        sum.update(&piece);
        take(piece)?;
        if status == Status::StreamEnd {
            break;
        }
    }
    if stream.total_out() != len {
        return Ok(Err("it is shorter than the archive says"));
    }
    Ok((sum.finalize() == crc).then_some(()).ok_or(OTHER_SUM))
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    bytes[at..]
        .first_chunk()
        .map_or(0, |b| u16::from_le_bytes(*b))
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    bytes[at..]
        .first_chunk()
        .map_or(0, |b| u32::from_le_bytes(*b))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    bytes[at..]
        .first_chunk()
        .map_or(0, |b| u64::from_le_bytes(*b))
}

/// Opens the archive and reads every entry that is not too long for a fuzz target.
#[cfg(feature = "fuzzing")]
pub fn fuzz(bytes: &[u8]) {
    let bytes = Blob::from_vec(bytes.to_vec());
    let Ok(archive) = Archive::open(PathBuf::from("model.zip"), &bytes) else {
        return;
    };
    for name in archive.below("") {
        let _ = archive.blob(name, PIECE);
    }
}
