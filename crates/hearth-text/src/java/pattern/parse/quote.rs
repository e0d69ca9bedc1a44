//! `\Q..\E`, which is taken out of a pattern before it is read.

/// The pattern's code points, what stands between `\Q` and `\E` with backslashes where they are needed.
pub(super) fn unquote(pattern: &str) -> Vec<u32> {
    let mut codes = Vec::with_capacity(pattern.len() + 2);
    let mut rest = pattern;
    while let Some(found) = quote(rest) {
        codes.extend(rest[..found].chars().map(u32::from));
        let quoted = &rest[found + 2..];
        let (quoted, after) = quoted.split_once("\\E").unwrap_or((quoted, ""));
        for (i, c) in quoted.chars().enumerate() {
            // A digit or letter after a backslash would be an escape, unless hexadecimal.
            if i == 0 && c.is_ascii_digit() {
                codes.extend(format!("\\x3{c}").chars().map(u32::from));
                continue;
            }
            if c.is_ascii() && !c.is_ascii_alphanumeric() {
                codes.push('\\' as u32);
            }
            codes.push(c.into());
        }
        rest = after;
    }
    codes.extend(rest.chars().map(u32::from));
    codes
}

/// Where the first `\Q` stands whose backslash is not itself escaped.
fn quote(pattern: &str) -> Option<usize> {
    let bytes = pattern.as_bytes();
    let mut i = 0;
    while i + 1 < bytes.len() {
        match (bytes[i], bytes[i + 1]) {
            (b'\\', b'Q') => return Some(i),
            (b'\\', _) => i += 2,
            _ => i += 1,
        }
    }
    None
}
