//! Hadoop's SequenceFile (version 6), as Spark's `saveAsObjectFile` writes it.

use std::borrow::Cow;

/// Why a file could not be read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    Damaged(Cow<'static, str>),
    /// What was found, which is right and not read.
    Unsupported(String),
}

const ENDS: Fault = Fault::Damaged(Cow::Borrowed("it ends too early"));
const VALUES: &str = "org.apache.hadoop.io.BytesWritable";

/// The bytes of each record's value, in order. A file may have none.
///
/// # Errors
/// [`Fault::Unsupported`] for a compressed file, another version, and values that are not bytes.
pub(crate) fn records(file: &[u8]) -> Result<Vec<&[u8]>, Fault> {
    let mut rest = file;
    match take(&mut rest, 4)? {
        b"SEQ\x06" => {}
        [b'S', b'E', b'Q', version] => {
            return Err(Fault::Unsupported(format!(
                "a SequenceFile of version {version}"
            )));
        }
        _ => return Err(Fault::Damaged("it does not begin with SEQ".into())),
    }
    let _key_class = text(&mut rest)?;
    let value_class = text(&mut rest)?;
    match take(&mut rest, 2)? {
        [0, 0] => {}
        [_, 0] => {
            return Err(Fault::Unsupported(
                "a SequenceFile with compressed records".into(),
            ));
        }
        _ => {
            return Err(Fault::Unsupported(
                "a SequenceFile with compressed blocks".into(),
            ));
        }
    }
    if value_class != VALUES.as_bytes() {
        let found = String::from_utf8_lossy(value_class);
        return Err(Fault::Unsupported(format!("a SequenceFile of {found}")));
    }
    for _ in 0..length(&mut rest)? {
        text(&mut rest)?;
        text(&mut rest)?;
    }
    let sync = take(&mut rest, 16)?;
    let mut records = Vec::new();
    while !rest.is_empty() {
        // A length of -1 is no record: the mark for readers that start in the middle follows.
        if rest.starts_with(&[0xff; 4]) {
            take(&mut rest, 4)?;
            if take(&mut rest, 16)? != sync {
                return Err(Fault::Damaged("its sync marks differ".into()));
            }
            continue;
        }
        let len = length(&mut rest)?;
        let key_len = length(&mut rest)?;
        let mut record = take(&mut rest, len)?;
        take(&mut record, key_len)?;
        let len = length(&mut record)?;
        if record.len() != len {
            return Err(Fault::Damaged(
                "a record's value has another length than it says".into(),
            ));
        }
        records.push(record);
    }
    Ok(records)
}

fn take<'a>(rest: &mut &'a [u8], len: usize) -> Result<&'a [u8], Fault> {
    let (taken, after) = rest.split_at_checked(len).ok_or(ENDS)?;
    *rest = after;
    Ok(taken)
}

fn length(rest: &mut &[u8]) -> Result<usize, Fault> {
    let (bytes, after) = rest.split_first_chunk().ok_or(ENDS)?;
    *rest = after;
    usize::try_from(i32::from_be_bytes(*bytes))
        .map_err(|_| Fault::Damaged("a length is negative".into()))
}

/// Hadoop's `Text`: the length as a number of variable length, then UTF-8.
fn text<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8], Fault> {
    let first = take(rest, 1)?[0];
    // Below 0x80 the number itself; 0x8f, 0x8e and so on say that 1, 2 and so on bytes follow.
    let len = match first {
        0..0x80 => usize::from(first),
        0x8c..0x90 => take(rest, usize::from(0x90 - first))?
            .iter()
            .fold(0, |len, &byte| len << 8 | usize::from(byte)),
        _ => return Err(Fault::Damaged("a text has no possible length".into())),
    };
    take(rest, len)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SYNC: [u8; 16] = *b"0123456789abcdef";

    fn file(compressed: [u8; 2], records: &[&[u8]]) -> Vec<u8> {
        let mut file = b"SEQ\x06".to_vec();
        for class in ["org.apache.hadoop.io.NullWritable", VALUES] {
            file.push(u8::try_from(class.len()).unwrap());
            file.extend(class.bytes());
        }
        file.extend(compressed);
        file.extend([0, 0, 0, 1, 1, b'k', 0x8f, 2, b'v', b'w']);
        file.extend(SYNC);
        for value in records {
            let len = u32::try_from(value.len()).unwrap();
            file.extend((len + 4).to_be_bytes());
            file.extend([0; 4]);
            file.extend(len.to_be_bytes());
            file.extend(*value);
            file.extend([0xff; 4]);
            file.extend(SYNC);
        }
        file
    }

    #[test]
    fn records_come_in_order_and_sync_marks_are_passed_over() {
        assert_eq!(records(&file([0, 0], &[])).unwrap(), [b""; 0]);
        let found = file([0, 0], &[b"one", b"", b"three"]);
        assert_eq!(records(&found).unwrap(), [&b"one"[..], b"", b"three"]);
    }

    #[test]
    fn what_is_not_read_is_named() {
        for (compressed, what) in [
            ([1, 0], "compressed records"),
            ([1, 1], "compressed blocks"),
        ] {
            let Err(Fault::Unsupported(found)) = records(&file(compressed, &[])) else {
                panic!("not refused")
            };
            assert!(found.ends_with(what), "{found}");
        }
        assert_eq!(
            records(b"SEQ\x04"),
            Err(Fault::Unsupported("a SequenceFile of version 4".to_owned()))
        );
    }

    #[test]
    fn a_shortened_or_changed_file_is_damaged() {
        let whole = file([0, 0], &[b"one"]);
        let ends = [whole.len() - 20, whole.len()];
        for len in (0..whole.len()).filter(|len| !ends.contains(len)) {
            // Without its last record it is a shorter file of the same kind.
            if len != whole.len() - 20 - 15 {
                assert!(
                    matches!(records(&whole[..len]), Err(Fault::Damaged(_))),
                    "{len}"
                );
            }
        }
        let mut changed = whole.clone();
        *changed.last_mut().unwrap() ^= 1;
        assert!(matches!(records(&changed), Err(Fault::Damaged(_))));
    }
}
