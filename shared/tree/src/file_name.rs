//! The name of an object as the name of a file.
//!
//! A PostgreSQL name holds any bytes but NUL. A file name must survive Linux, macOS, Windows, git and a shell, so
//! [`encode`] writes pure ASCII and keeps literally only what is safe everywhere:
//!
//! | In the name | In the file name |
//! |---|---|
//! | ASCII letters, digits, `_` `-` `,` `=` `@` | themselves |
//! | a dot or a blank inside the name, not after its like | itself |
//! | everything else: separators, shell and Windows specials, `%` `+` `~` `$`, control and non-ASCII bytes | `%XX`, two upper-case hexadecimal digits |
//! | a leading dot, blank or `-`; a trailing dot or blank | `%XX` |
//! | the first letter of a name that Windows reserves (`con`, `nul`, `com1`, also as in `con.x`) | `%XX` |
//! | the empty name | `%` |
//!
//! **Case.** `users` and `Users` are two tables but one file on a case-insensitive disk. A name with an upper-case
//! letter therefore gets a suffix: `+` and one base-32 digit (`0`–`9`, `a`–`v`) for every five letters, the first
//! letter in the lowest bit, a set bit meaning upper case; zeros at the end are left out. Only letters that stand for
//! themselves count, so the digits of an escape do not. `Users` is `Users+1`; `UserAccount` is `UserAccount+h`.
//!
//! **Length.** Nothing is ever cut. A name that needs more than [`MAX_COMPONENT`] bytes becomes nested folders: every
//! component but the last ends in `%`, which reads "continues", and carries the suffix for its own letters.

/// The longest component that [`encode`] writes, in bytes; it leaves room for a file extension below the usual 255.
pub const MAX_COMPONENT: usize = 200;

/// Says why a text is not a file name that [`encode`] could have written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}: `{}`", name.escape_debug())]
pub struct BadFileName {
    /// The file name as it was given, without its extension.
    pub name: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

/// Turns the name of an object into a file name without extension.
///
/// The result is pure ASCII, and two names never give the same result, not even when upper and lower case are taken
/// as equal. It holds a `/` only where a name is too long for one component (see the module's description), and every
/// component is at most [`MAX_COMPONENT`] bytes long. A NUL, which no PostgreSQL name holds, is escaped like any
/// control byte, but [`decode`] refuses it.
///
/// ```
/// use tree::file_name::encode;
/// assert_eq!(encode(b"order_lines"), "order_lines");
/// assert_eq!(encode(b"UserAccount"), "UserAccount+h");
/// assert_eq!(encode("größe/2".as_bytes()), "gr%C3%B6%C3%9Fe%2F2");
/// assert_eq!(encode(b"con"), "%63on");
/// ```
pub fn encode(name: &[u8]) -> String {
    if name.is_empty() {
        return "%".to_owned();
    }
    let mut out = String::with_capacity(name.len());
    let mut rest = name;
    while rest.len() > MAX_COMPONENT || component(rest).len() > MAX_COMPONENT {
        let (taken, chunk) = longest_chunk(rest);
        out.push_str(&chunk);
        out.push_str("%/");
        rest = &rest[taken..];
    }
    out.push_str(&component(rest));
    out
}

/// Turns a file name without extension back into the name of the object.
///
/// It accepts what [`encode`] writes and nothing else, with one exception: a text whose letters all became lower
/// case, or all upper case, on the way through a disk or an archive that does not keep case. The suffix then restores
/// the case of the name.
///
/// # Errors
///
/// [`BadFileName`] for any other text.
///
/// ```
/// use tree::file_name::decode;
/// assert_eq!(decode("UserAccount+h").unwrap(), b"UserAccount");
/// assert_eq!(decode("useraccount+h").unwrap(), b"UserAccount");
/// assert!(decode("UserAccount").is_err());
/// assert!(decode("a%2fB").is_err());
/// ```
pub fn decode(text: &str) -> Result<Vec<u8>, BadFileName> {
    let bad = |reason| BadFileName { name: text.to_owned(), reason };
    let mut name = Vec::with_capacity(text.len());
    if text != "%" {
        let mut components = text.split('/').peekable();
        while let Some(component) = components.next() {
            let body = match components.peek() {
                None => component,
                Some(_) => component.strip_suffix('%').ok_or_else(|| bad("file name holds a separator"))?,
            };
            decode_component(body, &mut name).map_err(bad)?;
        }
    }
    // A name has one file name only: escapes that were not needed, short chunks and the like end here.
    let canonical = encode(&name);
    if !canonical.eq_ignore_ascii_case(text) {
        return Err(bad("file name is not in the form that pgdump-split writes"));
    }
    if text != canonical && text != canonical.to_ascii_lowercase() && text != canonical.to_ascii_uppercase() {
        return Err(bad("upper and lower case in the file name do not agree with its `+` suffix"));
    }
    Ok(name)
}

/// Finds the longest beginning of `name` that fits one component with the `%` that says "continues".
fn longest_chunk(name: &[u8]) -> (usize, String) {
    let mut taken = name.len().min(MAX_COMPONENT - 1);
    loop {
        let text = component(&name[..taken]);
        // One byte always fits, so the loop ends.
        if text.len() < MAX_COMPONENT || taken == 1 {
            return (taken, text);
        }
        taken -= 1;
    }
}

/// Encodes a piece of a name that becomes one component, with the suffix for the case of its letters.
fn component(piece: &[u8]) -> String {
    let mut out = String::with_capacity(piece.len() + 8);
    let mut case = Vec::new();
    let mut letters = 0;
    let reserved = is_reserved(piece);
    for (at, &byte) in piece.iter().enumerate() {
        if !(at == 0 && reserved) && is_literal(piece, at) {
            out.push(char::from(byte));
            if byte.is_ascii_alphabetic() {
                if byte.is_ascii_uppercase() {
                    case.resize(letters / 5 + 1, 0u8);
                    case[letters / 5] |= 1 << (letters % 5);
                }
                letters += 1;
            }
        } else {
            out.push('%');
            out.push(char::from(b"0123456789ABCDEF"[usize::from(byte >> 4)]));
            out.push(char::from(b"0123456789ABCDEF"[usize::from(byte & 15)]));
        }
    }
    if !case.is_empty() {
        out.push('+');
        out.extend(
            case.iter().map(|&group| char::from(b"0123456789abcdefghijklmnopqrstuv"[usize::from(group)])),
        );
    }
    out
}

fn is_literal(piece: &[u8], at: usize) -> bool {
    match piece[at] {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b',' | b'=' | b'@' => true,
        b'-' => at > 0,
        byte @ (b'.' | b' ') => at > 0 && at + 1 < piece.len() && piece[at - 1] != byte,
        _ => false,
    }
}

/// Says whether Windows takes a file of this name, with any extension, for a device.
///
/// `conin$` and `conout$` need no mention, since `$` is escaped.
fn is_reserved(piece: &[u8]) -> bool {
    let stem = piece.split(|&byte| byte == b'.').next().unwrap_or_default().trim_ascii_end();
    let is = |device: &[u8]| stem.eq_ignore_ascii_case(device);
    is(b"con") || is(b"prn") || is(b"aux") || is(b"nul") || {
        stem.len() == 4
            && stem[3].is_ascii_digit()
            && (stem[..3].eq_ignore_ascii_case(b"com") || stem[..3].eq_ignore_ascii_case(b"lpt"))
    }
}

/// Appends the bytes that one component stands for; leaves it to the caller to see whether the form is the right one.
fn decode_component(text: &str, name: &mut Vec<u8>) -> Result<(), &'static str> {
    let (body, case) = text.split_once('+').unwrap_or((text, ""));
    let is_upper = |letter: usize| {
        let digit = case.as_bytes().get(letter / 5).and_then(|&digit| char::from(digit).to_digit(32));
        digit.is_some_and(|group| group >> (letter % 5) & 1 == 1)
    };
    let mut letters = 0;
    let mut bytes = body.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let mut digit = || bytes.next().and_then(|digit| char::from(digit).to_digit(16));
            let value = digit().zip(digit()).and_then(|(high, low)| u8::try_from(high << 4 | low).ok());
            match value {
                None => return Err("file name holds `%` without two hexadecimal digits"),
                Some(0) => return Err("file name stands for a name with a NUL"),
                Some(value) => name.push(value),
            }
        } else if byte.is_ascii_alphabetic() {
            name.push(if is_upper(letters) { byte.to_ascii_uppercase() } else { byte.to_ascii_lowercase() });
            letters += 1;
        } else {
            name.push(byte);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_become_the_file_names_of_the_table() {
        for (name, file) in [
            ("", "%"),
            ("users", "users"),
            ("Users", "Users+1"),
            ("userS", "userS+g"),
            ("userAccount", "userAccount+g"),
            ("aaaaaB", "aaaaaB+01"),
            ("ÄB", "%C3%84B+1"),
            ("order lines", "order lines"),
            ("two  blanks", "two %20blanks"),
            ("a..b.c", "a.%2Eb.c"),
            (".git", "%2Egit"),
            ("..", "%2E%2E"),
            (".", "%2E"),
            (" ", "%20"),
            ("a.", "a%2E"),
            ("a ", "a%20"),
            ("-rf", "%2Drf"),
            ("git~1", "git%7E1"),
            ("a/b\\c:d", "a%2Fb%5Cc%3Ad"),
            ("a%b+c$", "a%25b%2Bc%24"),
            ("con", "%63on"),
            ("CON", "%43ON+3"),
            ("nul.tables", "%6Eul.tables"),
            ("aux .x", "%61ux .x"),
            ("com1", "%63om1"),
            ("LPT9", "%4CPT9+3"),
            ("conin$", "conin%24"),
            ("console", "console"),
            ("com10", "com10"),
            ("<>", "%3C%3E"),
            ("\u{7f}\t", "%7F%09"),
        ] {
            assert_eq!(encode(name.as_bytes()), file);
            assert_eq!(decode(file).unwrap(), name.as_bytes(), "{file}");
        }
    }

    #[test]
    fn a_long_name_becomes_nested_folders() {
        let exact = "a".repeat(MAX_COMPONENT);
        assert_eq!(encode(exact.as_bytes()), exact);
        let longer = "a".repeat(MAX_COMPONENT + 1);
        assert_eq!(encode(longer.as_bytes()), format!("{}%/aa", "a".repeat(MAX_COMPONENT - 1)));
        let reserved = format!("{}nul", "a".repeat(MAX_COMPONENT - 1));
        assert!(encode(reserved.as_bytes()).ends_with("%/%6Eul"));
        let dot = format!("{}.x", "a".repeat(MAX_COMPONENT - 1));
        assert!(encode(dot.as_bytes()).ends_with("%/%2Ex"));
    }

    #[test]
    fn lost_case_is_restored_and_wrong_case_refused() {
        assert_eq!(decode("users+1").unwrap(), b"Users");
        assert_eq!(decode("USERS+1").unwrap(), b"Users");
        assert_eq!(decode("gr%c3%b6n").unwrap(), "grön".as_bytes());
        assert_eq!(decode("USERS").unwrap(), b"users");
        assert!(decode("uSers+1").is_err());
        assert!(decode("Users").is_err());
    }

    #[test]
    fn other_spellings_are_refused() {
        for text in [
            "", "/", "a/b", "/a", "a%/b", "%/a", "a%", "a%/", "%%", "%2", "%zz", "%00", "%61", "a+", "a+0",
            "A+10", "A+w", "A+1+1", "1+1", "a b ", ".a", "..", "con", "a\\b", "ä", "a:b", "-a", "a  b",
            "%6Eula", "+1",
        ] {
            assert!(decode(text).is_err(), "{text:?} was taken for {:?}", decode(text));
        }
        let message = decode("a\n%").unwrap_err().to_string();
        assert_eq!(message, "file name holds `%` without two hexadecimal digits: `a\\n%`");
    }

    /// Bytes that meet the rules more often than random ones, in names of up to a few components.
    fn names() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            4 => "[a-cA-C]{1,6}".prop_map(String::into_bytes),
            2 => "[conpraulmtCONPRAULMT][ou][nlxmt][0-9]?".prop_map(String::into_bytes),
            2 => "[-. %+/~$_0-9]{1,3}".prop_map(String::into_bytes),
            1 => prop::collection::vec(1u8..=255, 1..4),
            1 => "[a-zA-Z]{150,210}".prop_map(String::into_bytes),
        ];
        prop::collection::vec(piece, 0..5).prop_map(|pieces| pieces.concat())
    }

    fn is_device(component: &str) -> bool {
        let stem = component.split('.').next().unwrap_or_default().trim_end().to_ascii_lowercase();
        let devices = ["con", "prn", "aux", "nul", "conin$", "conout$", "clock$"];
        let numbered = stem.strip_prefix("com").or_else(|| stem.strip_prefix("lpt"));
        devices.contains(&stem.as_str())
            || numbered.is_some_and(|n| n.len() == 1 && n.as_bytes()[0].is_ascii_digit())
    }

    proptest! {
        #[test]
        fn decode_undoes_encode(name in names()) {
            let file = encode(&name);
            prop_assert_eq!(decode(&file).unwrap(), &name[..]);
            prop_assert_eq!(decode(&file.to_ascii_lowercase()).unwrap(), &name[..]);
            prop_assert_eq!(decode(&file.to_ascii_uppercase()).unwrap(), &name[..]);
        }

        #[test]
        fn every_component_is_safe_everywhere(name in names()) {
            let file = encode(&name);
            for component in file.split('/') {
                prop_assert!(!component.is_empty() && component.len() <= MAX_COMPONENT);
                prop_assert!(component.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-,=@. %+".contains(&b)));
                prop_assert!(!component.starts_with(['.', ' ', '-']) && !component.ends_with(['.', ' ']));
                let with_extension = format!("{component}.sql");
                prop_assert!(!is_device(component) && !is_device(&with_extension));
            }
        }

        #[test]
        fn no_two_names_share_a_file_name_without_case(list in prop::collection::vec(names(), 2..20)) {
            let mut seen = HashMap::new();
            for name in list {
                for name in [name.to_ascii_lowercase(), name.to_ascii_uppercase(), name] {
                    let file = encode(&name).to_ascii_lowercase();
                    prop_assert_eq!(seen.entry(file).or_insert_with(|| name.clone()), &name);
                }
            }
        }

        #[test]
        fn decode_accepts_only_what_encode_writes(text in "[a-cA-C0-2%+./ -]{0,8}") {
            if let Ok(name) = decode(&text) {
                prop_assert!(encode(&name).eq_ignore_ascii_case(&text));
            }
        }
    }
}
