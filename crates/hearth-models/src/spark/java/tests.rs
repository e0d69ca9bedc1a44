use super::*;

const HEAD: &[u8] = b"\xac\xed\x00\x05";

fn stream(parts: &[&[u8]]) -> Result<Stream, Why> {
    read(&[HEAD, &parts.concat()].concat())
}

/// A class description: name, flags, fields as they lie, ancestor.
fn class(name: &str, flags: u8, fields: &[&[u8]], ancestor: &[u8]) -> Vec<u8> {
    let count = u16::try_from(fields.len()).unwrap().to_be_bytes();
    let fields = fields.concat();
    let suid = [7; 8];
    let parts: [&[u8]; 8] = [
        b"\x72",
        &utf(name),
        &suid,
        &[flags],
        &count,
        &fields,
        b"\x78",
        ancestor,
    ];
    parts.concat()
}

fn utf(text: &str) -> Vec<u8> {
    let len = u16::try_from(text.len()).unwrap().to_be_bytes();
    [&len, text.as_bytes()].concat()
}

fn string(text: &str) -> Vec<u8> {
    [&b"\x74"[..], &utf(text)].concat()
}

fn field(code: u8, name: &str) -> Vec<u8> {
    let mut field = vec![code];
    field.extend(utf(name));
    if matches!(code, b'L' | b'[') {
        field.extend(string("Ljava/lang/Object;"));
    }
    field
}

fn why(parts: &[&[u8]]) -> String {
    stream(parts).unwrap_err().into_owned()
}

#[test]
fn fields_of_a_class_and_its_ancestors_are_told_apart() {
    let ancestor = class("A", 2, &[&field(b'I', "x"), &field(b'J', "long")], b"\x70");
    let of = class("B", 3, &[&field(b'I', "x"), &field(b'L', "o")], &ancestor);
    let stream = stream(&[
        b"\x73",
        &of,
        &[0, 0, 0, 1],
        &[0; 8],
        &[0, 0, 0, 2],
        &string("text"),
        // What writeObject adds: a block, an object, the end.
        b"\x77\x02ab",
        b"\x70",
        b"\x78",
        &string("next"),
    ])
    .unwrap();
    let roots: Vec<_> = stream.roots().collect();
    assert_eq!(roots.len(), 2);
    assert_eq!(roots[0].class(), Some("B"));
    assert_eq!(roots[0].field("x").unwrap().int(), Some(2));
    assert_eq!(roots[0].field("o").unwrap().text(), Some("text"));
    assert!(
        roots[0]
            .field("long")
            .is_some_and(|long| long.int().is_none())
    );
    assert!(roots[0].field("y").is_none());
    assert_eq!(roots[0].written().count(), 1);
    assert_eq!(roots[1].text(), Some("next"));
}

#[test]
fn an_object_may_refer_to_itself() {
    let of = class("A", 2, &[&field(b'L', "me")], b"\x70");
    // Handles: the class, the field's class name, the object.
    let stream = stream(&[b"\x73", &of, b"\x71\x00\x7e\x00\x02"]).unwrap();
    let root = stream.roots().next().unwrap();
    let me = root.field("me").unwrap().field("me").unwrap();
    assert_eq!(me.class(), Some("A"));
}

#[test]
fn modified_utf8_is_decoded() {
    for (bytes, text) in [
        (&b"a\xc0\x80b"[..], "a\0b"),
        (b"\xc3\xa9\xe4\xb8\xad", "é中"),
        (b"\xed\xa0\xbd\xed\xb8\x80", "😀"),
        (b"\xed\xa0\xbd!", "\u{fffd}!"),
    ] {
        let len = u16::try_from(bytes.len()).unwrap().to_be_bytes();
        let short = stream(&[b"\x74", &len, bytes]).unwrap();
        assert_eq!(short.roots().next().unwrap().text(), Some(text));
        let long = stream(&[b"\x7c\0\0\0\0\0\0", &len, bytes]).unwrap();
        assert_eq!(long.roots().next().unwrap().text(), Some(text));
    }
    for bytes in [
        &b"\xff"[..],
        b"\xc3",
        b"\xe4\xb8",
        b"\xc3A",
        b"\xf0\x9f\x98\x80",
    ] {
        let len = u16::try_from(bytes.len()).unwrap().to_be_bytes();
        assert_eq!(
            why(&[b"\x74", &len, bytes]),
            "a string is not modified UTF-8"
        );
    }
}

#[test]
fn arrays_enums_proxies_and_classes_are_passed_over() {
    let of = |name: &str| class(name, 2, &[], b"\x70");
    let ints: &[&[u8]] = &[b"\x75", &of("[I"), &[0, 0, 0, 2], &[9; 8]];
    let bytes: &[&[u8]] = &[b"\x75", &of("[B"), &[0, 0, 0, 2], &[9; 2]];
    let constant: &[&[u8]] = &[b"\x7e", &of("E"), &string("ONE")];
    let proxy: &[&[u8]] = &[b"\x76\x7d\0\0\0\x01", &utf("I"), b"\x78\x70"];
    let of_class: &[&[u8]] = &[b"\x76", &of("C")];
    // After a reset the first handle is the next object's.
    let reset: &[&[u8]] = &[b"\x79", &string("first"), b"\x71\x00\x7e\x00\x00"];
    let parts = [ints, bytes, constant, proxy, of_class, reset].concat();
    let stream = stream(&parts).unwrap();
    let texts: Vec<_> = stream.roots().map(Item::text).collect();
    assert_eq!(texts[..5], [None; 5]);
    assert_eq!(texts[5..], [Some("first"), Some("first")]);
}

#[test]
fn what_cannot_be_is_refused() {
    let array = class("[Ljava.lang.Object;", 2, &[], b"\x70");
    let endless: Vec<u8> = [&b"\x75"[..], &array, &[0, 0, 0, 1]].concat();
    // Each array holds one more, of the class of handle 0.
    let deep: Vec<u8> = std::iter::repeat_n(b"\x75\x71\x00\x7e\x00\x00\x00\x00\x00\x01", 500)
        .flatten()
        .copied()
        .collect();
    assert!(why(&[&endless, &deep]).contains("deeper than 200"));
    assert_eq!(why(&[&endless]), "it ends too early");
    assert_eq!(why(&[b"\x75", &array, &[0xff; 4]]), "a length is negative");
    assert_eq!(
        why(&[b"\x75", &class("[J", 2, &[], b"\x70"), &[0x7f; 4]]),
        "it ends too early"
    );
    assert_eq!(
        why(&[b"\x71\x00\x7e\x00\x00"]),
        "it refers to an object that is not there"
    );
    // A class that is its own ancestor.
    assert_eq!(
        why(&[&class("A", 2, &[], b"\x71\x00\x7e\x00\x00")]),
        "something else stands where a class is expected"
    );
    let external = class("X", 4, &[], b"\x70");
    assert!(why(&[b"\x73", &external]).contains("Externalizable"));
    let mut generations = b"\x70".to_vec();
    for _ in 0..70 {
        generations = class("G", 2, &[], &generations);
    }
    assert!(why(&[&generations]).contains("classes extend each other"));
    assert!(read(b"\xac\xed\x00\x04").is_err());
}

/// What Spark NLP 5.5.3 wrote, shortened and changed at each byte: an answer or an error, never a panic.
#[test]
fn damage_is_survived() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../data/archives/slang/stages/2_REGEX_TOKENIZER_302ee3ce8b9d/fields/rules/part-00000"
    );
    let file = std::fs::read(path).unwrap();
    let records = crate::spark::sequence_file::records(&file).unwrap();
    let [record] = records[..] else {
        panic!("one object")
    };
    let whole = read(record).unwrap();
    let factory = whole
        .roots()
        .next()
        .unwrap()
        .elements()
        .unwrap()
        .next()
        .unwrap();
    assert_eq!(crate::spark::feature::patterns(factory).unwrap().len(), 2);
    // There is one object, so that no length but that of the mark ends between two.
    for len in (5..record.len()).step_by(3) {
        assert!(read(&record[..len]).is_err(), "{len}");
    }
    let mut changed = record.to_vec();
    for at in 0..record.len() {
        let bits = [0x01, 0x80, 0xff][at % 3];
        changed[at] ^= bits;
        if let Ok(stream) = read(&changed) {
            for item in stream.roots().filter_map(Item::elements).flatten() {
                let _ = crate::spark::feature::patterns(item);
            }
        }
        changed[at] ^= bits;
    }
}
