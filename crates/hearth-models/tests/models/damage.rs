//! Damaged weight files: every one is refused with a text that fits, none is trusted with a length.

use std::fs;

use crate::folder::Folder;

const FILE: &str = "model.safetensors";

/// The refusal of a file with this header and this many bytes of data.
fn header(json: &str, data: usize) -> String {
    let folder = Folder::new();
    let length = u64::try_from(json.len()).unwrap().to_le_bytes();
    folder.write(FILE, [&length, json.as_bytes(), &vec![0; data]].concat());
    folder.refusal()
}

#[test]
fn a_truncated_file() {
    let folder = Folder::new();
    let bytes = fs::read(folder.file(FILE)).unwrap();
    let whole = bytes.len();
    let header = 8 + usize::from(u16::from_le_bytes([bytes[0], bytes[1]]));
    for (kept, expected) in [
        (whole - 1, whole),
        (header, whole),
        (header - 1, header),
        (8, header),
        (7, 8),
        (0, 8),
    ] {
        folder.write(FILE, &bytes[..kept]);
        assert_eq!(
            folder.refusal(),
            format!(
                "MODEL/model.safetensors: the file has {kept} bytes where its header calls for {expected}; copy or \
                 download it again"
            )
        );
    }
    folder.write(FILE, [&bytes[..], b"x"].concat());
    assert_eq!(
        folder.refusal(),
        format!(
            "MODEL/model.safetensors: the file has {} bytes where its header calls for {whole}; copy or download it again",
            whole + 1
        )
    );
}

#[test]
fn a_header_that_is_none() {
    let folder = Folder::new();
    folder.write(FILE, "<html>Not found</html>");
    assert_eq!(
        folder.refusal(),
        "MODEL/model.safetensors: not a valid safetensors header: its first 8 bytes say that it is 8020416621807167548 \
         bytes long"
    );
    assert_eq!(
        header("{\"a\":}", 0),
        "MODEL/model.safetensors: not a valid safetensors header: expected value at line 1 column 6"
    );
    folder.write(
        FILE,
        "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n",
    );
    assert_eq!(
        folder.refusal(),
        "MODEL/model.safetensors: this is a Git LFS pointer, not the file itself; run `git lfs pull` in its repository"
    );
}

#[test]
fn a_header_that_contradicts_itself() {
    let tensor = |shape: &str, from: u64, to: u64| {
        format!(r#"{{"a":{{"dtype":"F32","shape":{shape},"data_offsets":[{from},{to}]}}}}"#)
    };
    let start = "MODEL/model.safetensors: not a valid safetensors header: ";
    let cases = [
        (
            tensor("[4]", 0, 8),
            "invalid shape, data type, or offset for tensor",
        ),
        (tensor("[2]", 4, 12), "invalid offset for tensor `a`"),
        (tensor("[2]", 8, 0), "invalid offset for tensor `a`"),
        (
            tensor("[4294967296,4294967296]", 0, 16),
            "overflow computing buffer size from shape and/or element type",
        ),
    ];
    for (json, expected) in cases {
        let refusal = header(&json, 16);
        assert!(
            refusal.starts_with(&format!("{start}{expected}")),
            "{json}: {refusal}"
        );
    }
}

/// Tensors that are sound one by one and together longer than any file: their sum must not wrap around.
#[test]
fn lengths_that_add_up_to_more_than_memory() {
    let size = 1_u64 << 60;
    let entries: Vec<_> = (0..15)
        .map(|i| {
            let (from, to) = (i * size, (i + 1) * size);
            format!(r#""t{i:02}":{{"dtype":"U8","shape":[{size}],"data_offsets":[{from},{to}]}}"#)
        })
        .collect();
    let json = format!("{{{}}}", entries.join(","));
    let (found, expected) = (8 + json.len(), 15 * size + 8 + json.len() as u64);
    assert_eq!(
        header(&json, 0),
        format!(
            "MODEL/model.safetensors: the file has {found} bytes where its header calls for {expected}; copy or download \
             it again"
        )
    );
}

/// Any one byte of length or header changed: a refusal or, where the byte does not matter, the model; never a panic.
#[test]
fn a_changed_byte_does_not_panic() {
    let folder = Folder::new();
    let bytes = fs::read(folder.file(FILE)).unwrap();
    let header = 8 + usize::from(u16::from_le_bytes([bytes[0], bytes[1]]));
    let mut refused = 0;
    for at in 0..header {
        for flip in [0x01, 0x10, 0x80] {
            let mut changed = bytes.clone();
            changed[at] ^= flip;
            folder.write(FILE, &changed);
            refused += usize::from(hearth_models::open(folder.path()).is_err());
        }
    }
    assert!(refused > header, "{refused} of {} were refused", 3 * header);
}
