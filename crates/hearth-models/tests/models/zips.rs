//! Models in zips, and zips that were made to harm.

use std::fs;
use std::io::Write as _;

use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};
use tempfile::TempDir;

use crate::folder::{Folder, SHAPES, values};

const STORED: u16 = 0;
const DEFLATED: u16 = 8;

/// An entry, each of its fields as a test wants it.
#[derive(Clone)]
struct Entry {
    name: Vec<u8>,
    /// As in the central directory, where it is another.
    listed_name: Option<Vec<u8>>,
    data: Vec<u8>,
    method: u16,
    flags: u16,
    crc: u32,
    len: u64,
    mode: u32,
    /// Of the local header, where it is not its own.
    at: Option<u32>,
}

fn entry(name: &str, bytes: &[u8], level: Option<u32>) -> Entry {
    let data = match level {
        None => bytes.to_vec(),
        Some(level) => {
            let mut encoder = DeflateEncoder::new(Vec::new(), Compression::new(level));
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        }
    };
    let mut crc = Crc::new();
    crc.update(bytes);
    Entry {
        name: name.into(),
        listed_name: None,
        data,
        method: if level.is_some() { DEFLATED } else { STORED },
        flags: 0,
        crc: crc.sum(),
        len: bytes.len() as u64,
        mode: 0o100_644,
        at: None,
    }
}

/// The archive of these entries; lengths are written as zip64 does it, which any archive may.
fn archive(entries: &[Entry]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut list = Vec::new();
    let u16s = |out: &mut Vec<u8>, values: &[u16]| {
        out.extend(values.iter().flat_map(|v| v.to_le_bytes()));
    };
    for e in entries {
        let at = e.at.unwrap_or(u32::try_from(bytes.len()).unwrap());
        let compressed = u32::try_from(e.data.len()).unwrap();
        let name_len = |name: &[u8]| u16::try_from(name.len()).unwrap();
        bytes.extend(b"PK\x03\x04");
        u16s(&mut bytes, &[45, e.flags, e.method, 0, 0]);
        bytes.extend(e.crc.to_le_bytes());
        bytes.extend(compressed.to_le_bytes());
        bytes.extend([0xff; 4]);
        u16s(&mut bytes, &[name_len(&e.name), 0]);
        bytes.extend(&e.name);
        bytes.extend(&e.data);

        let name = e.listed_name.as_ref().unwrap_or(&e.name);
        list.extend(b"PK\x01\x02");
        u16s(&mut list, &[3 << 8 | 45, 45, e.flags, e.method, 0, 0]);
        list.extend(e.crc.to_le_bytes());
        list.extend(compressed.to_le_bytes());
        list.extend([0xff; 4]);
        u16s(&mut list, &[name_len(name), 12, 0, 0, 0]);
        list.extend((e.mode << 16).to_le_bytes());
        list.extend(at.to_le_bytes());
        list.extend(name);
        u16s(&mut list, &[1, 8]);
        list.extend(e.len.to_le_bytes());
    }
    let n = u16::try_from(entries.len()).unwrap();
    let (at, len) = (bytes.len(), list.len());
    bytes.extend(list);
    bytes.extend(b"PK\x05\x06");
    u16s(&mut bytes, &[0, 0, n, n]);
    bytes.extend(u32::try_from(len).unwrap().to_le_bytes());
    bytes.extend(u32::try_from(at).unwrap().to_le_bytes());
    u16s(&mut bytes, &[0]);
    bytes
}

/// The files of a whole model below a folder, which is named with its `/`.
fn model(below: &str, level: Option<u32>) -> Vec<Entry> {
    let folder = Folder::new();
    let names = [
        "config.json",
        "model.safetensors",
        "tokenizer_config.json",
        "vocab.txt",
    ];
    let read = |name| fs::read(folder.file(name)).unwrap();
    names
        .map(|name| entry(&format!("{below}{name}"), &read(name), level))
        .into()
}

struct Zip(TempDir);

impl Zip {
    fn new(bytes: &[u8]) -> Self {
        let dir = TempDir::new().unwrap();
        fs::write(dir.path().join("model.zip"), bytes).unwrap();
        Self(dir)
    }

    fn of(entries: &[Entry]) -> Self {
        Self::new(&archive(entries))
    }

    fn open(&self) -> hearth_models::Result<hearth_models::Model> {
        hearth_models::open(self.0.path().join("model.zip"))
    }

    fn describe(&self) -> hearth_models::Result<hearth_models::Description> {
        hearth_models::describe(self.0.path().join("model.zip"))
    }

    #[track_caller]
    fn refusal(&self) -> String {
        let error = self.open().expect_err("the zip is broken").to_string();
        error.replace(self.0.path().join("model.zip").to_str().unwrap(), "ZIP")
    }
}

#[track_caller]
fn check(zip: &Zip, name: &str) {
    let model = zip.open().unwrap();
    assert_eq!(model.name, name);
    for (i, (name, shape)) in SHAPES.iter().enumerate() {
        let expected = values(i, shape.iter().product());
        assert_eq!(model.weights.get(name, shape).unwrap(), expected, "{name}");
    }
    assert_eq!(zip.describe().unwrap().config, model.config);
}

#[test]
fn a_zip_is_as_good_as_its_folder() {
    for level in [None, Some(0), Some(1), Some(9)] {
        check(&Zip::of(&model("", level)), "model");
    }
    let mut entries = model("", Some(6));
    entries.reverse();
    check(&Zip::of(&entries), "model");
}

#[test]
fn a_zip_of_one_folder_is_that_folder() {
    let mut entries = model("ward_bert/", Some(6));
    check(&Zip::of(&entries), "ward_bert");
    let mut folder = entry("ward_bert/", b"", None);
    folder.mode = 0o040_755;
    entries.insert(0, folder);
    entries.push(entry("__MACOSX/ward_bert/._vocab.txt", b"", Some(6)));
    check(&Zip::of(&entries), "ward_bert");
    entries.push(entry("ward_bert_notes.txt", b"", None));
    assert_eq!(
        Zip::of(&entries).refusal(),
        refused_format("a folder with none of the files of a model")
    );
}

fn refused_format(found: &str) -> String {
    format!(
        "ZIP: found {found}; a model is a folder, or a zip of one, as Hugging Face (config.json, model.safetensors, \
         vocab.txt), Spark NLP (metadata) or TensorFlow (saved_model.pb, or bert_config.json and bert_model.ckpt.index) \
         save it, or one with model.onnx or openvino_model.xml"
    )
}

#[test]
fn an_archive_with_a_comment() {
    let mut bytes = archive(&model("", None));
    let at = bytes.len() - 2;
    bytes[at] = 5;
    bytes.extend(b"Ward4");
    check(&Zip::new(&bytes), "model");
}

#[test]
fn weights_are_not_inflated_to_describe() {
    let mut entries = model("", Some(6));
    entries[1].data.fill(0xff);
    entries[3].crc ^= 1;
    let zip = Zip::of(&entries);
    assert_eq!(zip.describe().unwrap().config.vocab_size, 7);
    assert_eq!(
        zip.refusal(),
        "ZIP/model.safetensors: not a readable entry of a zip: its data cannot be inflated; copy or download it again"
    );
}

/// The model and one entry more, which no other file of it touches.
#[track_caller]
fn refusal_of(more: Entry) -> String {
    let mut entries = model("", Some(6));
    entries.push(more);
    Zip::of(&entries).refusal()
}

fn not_opened(entry: &str, why: &str) -> String {
    format!(
        "ZIP: not opened, since its entry `{entry}` {why}; a model's zip holds plain files in plain folders, each once"
    )
}

#[test]
fn names_that_lead_out_of_the_folder() {
    let parts = "has a name with an empty part, `.` or `..`";
    let absolute = "has an absolute name";
    let characters = "has a backslash or a zero in its name";
    for (name, why) in [
        ("../a", parts),
        ("a/../../b", parts),
        ("a/..", parts),
        ("..", parts),
        ("./a", parts),
        ("a//b", parts),
        ("a//", parts),
        ("", parts),
        ("/etc/passwd", absolute),
        ("//server/share", absolute),
        ("/", parts),
        ("C:/a", absolute),
        ("c:a", absolute),
        ("..\\a", characters),
        ("\\\\server\\share", characters),
        ("a\0.txt", characters),
    ] {
        assert_eq!(
            refusal_of(entry(name, b"", None)),
            not_opened(name, why),
            "{name:?}"
        );
    }
    let long = "a".repeat(4097);
    assert_eq!(
        refusal_of(entry(&long, b"", None)),
        not_opened(&long, "has too long a name")
    );
    let mut latin = entry("caf", b"", None);
    latin.name.push(0xe9);
    assert_eq!(
        refusal_of(latin),
        not_opened("caf\u{fffd}", "has a name not in UTF-8")
    );
}

#[test]
fn links_and_devices() {
    for mode in [0o120_777, 0o020_600, 0o060_600, 0o010_600, 0o140_600] {
        let mut link = entry("link", b"/etc/passwd", None);
        link.mode = mode;
        assert_eq!(
            refusal_of(link),
            not_opened("link", "is a link or a device")
        );
    }
}

#[test]
fn one_name_for_two_files() {
    assert_eq!(
        refusal_of(entry("config.json", b"{}", Some(6))),
        not_opened("config.json", "is there twice")
    );
    assert_eq!(
        refusal_of(entry("vocab.txt/a", b"", None)),
        not_opened("vocab.txt/a", "lies below another entry that is a file")
    );
    let mut other = entry("notes.txt", b"", None);
    other.listed_name = Some(b"merge.txt".to_vec());
    assert_eq!(
        refusal_of(other),
        not_opened("merge.txt", "is named differently at its own place")
    );
    assert_eq!(
        refusal_of(entry("notes/", b"text", None)),
        not_opened("notes/", "is a folder with content")
    );
}

/// The way a small archive becomes large without much compression: many entries share their data.
#[test]
fn entries_that_overlap() {
    let kernel = archive(&[entry("inner", b"text", None)]);
    let local = kernel.len() - 22 - (46 + 5 + 12);
    let mut outer = entry("outer", &kernel[..local], None);
    let mut inner = entry("inner", b"text", None);
    inner.at = Some(30 + 5);
    outer.mode = 0;
    assert_eq!(
        Zip::of(&[outer, inner]).refusal(),
        not_opened("outer", "overlaps with what comes after it")
    );
    let twice = entry("inner", b"text", None);
    let mut again = twice.clone();
    again.at = Some(0);
    assert_eq!(
        Zip::of(&[twice, again]).refusal(),
        not_opened("inner", "is there twice")
    );
}

#[test]
fn a_small_file_that_says_it_is_large() {
    let why = "would be inflated to more than a hundred times the archive's length";
    let mut bomb = entry("bomb", &[0; 10_000], Some(9));
    bomb.len = 10 << 30;
    assert_eq!(refusal_of(bomb), not_opened("bomb", why));
    let mut stored = entry("bomb", b"text", None);
    stored.len = 10 << 30;
    assert_eq!(
        refusal_of(stored),
        not_opened("bomb", "is stored and has two lengths")
    );
}

#[test]
fn data_that_is_not_as_long_as_it_says() {
    let vocabulary = |change: fn(&mut Entry)| {
        let mut entries = model("", Some(6));
        change(&mut entries[3]);
        Zip::of(&entries).refusal()
    };
    for (found, why) in [
        (
            vocabulary(|e| e.len -= 1),
            "it is longer than the archive says",
        ),
        (
            vocabulary(|e| e.len += 1),
            "it is shorter than the archive says",
        ),
        (
            vocabulary(|e| e.len = 0),
            "it is longer than the archive says",
        ),
        (
            vocabulary(|e| e.data.truncate(9)),
            "its data ends too early",
        ),
        (vocabulary(|e| e.data.clear()), "its data ends too early"),
        (
            vocabulary(|e| e.crc ^= 1),
            "its checksum is another than the archive says",
        ),
    ] {
        assert_eq!(
            found,
            format!(
                "ZIP/vocab.txt: not a readable entry of a zip: {why}; copy or download it again"
            )
        );
    }
}

#[test]
fn a_changed_byte_is_seen_however_it_is_stored() {
    for level in [None, Some(0)] {
        let mut entries = model("", level);
        let at = entries[1].data.len() - 10;
        entries[1].data[at] ^= 1;
        assert_eq!(
            Zip::of(&entries).refusal(),
            "ZIP/model.safetensors: not a readable entry of a zip: its checksum is another than the archive says; copy or \
             download it again"
        );
    }
}

/// A file that is small by its nature is not inflated at all if it says that it is not.
#[test]
fn a_config_that_says_it_has_69_mb() {
    let mut entries = model("", Some(6));
    entries[0].len = 69_000_000;
    entries[1] = entry("model.safetensors", &[7; 700_000], None);
    assert_eq!(
        Zip::of(&entries).refusal(),
        "ZIP/config.json: file too large"
    );
}

#[test]
fn archives_that_need_another_program() {
    let mut secret = entry("a", b"text", None);
    secret.flags = 1;
    assert_eq!(
        refusal_of(secret),
        "ZIP/a: an encrypted entry; decrypt the archive"
    );
    let mut bzip2 = entry("a", b"text", None);
    bzip2.method = 12;
    assert_eq!(
        refusal_of(bzip2),
        "ZIP/a: an entry compressed by method 12; zip the folder anew, stored or deflated"
    );
    let mut bytes = archive(&model("", None));
    let disk = bytes.len() - 22 + 4;
    bytes[disk] = 1;
    assert_eq!(
        Zip::new(&bytes).refusal(),
        "ZIP: one part of an archive of several parts; join the parts"
    );
}

#[test]
fn more_entries_than_a_model_has() {
    let mut bytes = archive(&[]);
    bytes.clear();
    bytes.extend(b"PK\x03\x04");
    let at = bytes.len() as u64;
    bytes.extend(b"PK\x06\x06");
    bytes.extend(44_u64.to_le_bytes());
    bytes.extend([0; 12]);
    for value in [100_001_u64, 100_001, 0, at] {
        bytes.extend(value.to_le_bytes());
    }
    bytes.extend(b"PK\x06\x07\0\0\0\0");
    bytes.extend(at.to_le_bytes());
    bytes.extend([1, 0, 0, 0]);
    bytes.extend(b"PK\x05\x06\0\0\0\0");
    bytes.extend([0xff; 12]);
    bytes.extend([0; 2]);
    assert_eq!(
        Zip::new(&bytes).refusal(),
        "ZIP: not a readable zip archive: it has 100001 entries; 100000 are possible; copy or download it again"
    );
}

#[test]
fn a_truncated_archive() {
    let bytes = archive(&model("", Some(6)));
    for kept in (4..bytes.len()).rev().step_by(7) {
        let refusal = Zip::new(&bytes[..kept]).refusal();
        if kept >= 22 {
            assert_eq!(
                refusal,
                "ZIP: not a readable zip archive: it has no end, as when a download was broken off; copy or download it \
                 again"
            );
        }
    }
}

/// Any byte of an archive changed: a refusal or, where the byte does not matter, the model; never a panic.
#[test]
fn a_changed_byte_does_not_panic() {
    let bytes = archive(&model("", Some(6)));
    let zip = Zip::new(&bytes);
    let mut refused = 0;
    // The data itself has its checksum and tests of its own.
    let places = |at: &usize| *at < 100 || *at + 400 > bytes.len();
    let places: Vec<_> = (0..bytes.len()).filter(places).collect();
    for &at in &places {
        let mut changed = bytes.clone();
        changed[at] ^= 1 << (at % 8);
        fs::write(zip.0.path().join("model.zip"), changed).unwrap();
        refused += usize::from(zip.open().is_err());
    }
    assert!(refused > places.len() / 2, "{refused} of {}", places.len());
}
