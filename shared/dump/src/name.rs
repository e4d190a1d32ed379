//! Names of objects, as the catalog holds them and as SQL writes them.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use crate::keyword::must_be_quoted;

/// A name as the catalog holds it: unquoted bytes in the dump's encoding.
///
/// ```
/// use dump::Name;
/// assert_eq!(Name::from_sql(b"Users").bytes(), b"users");
/// assert_eq!(Name::from_sql(br#""Us""ers""#).to_sql(), br#""Us""ers""#);
/// assert_eq!(Name::from("users").to_sql(), b"users");
/// ```
#[derive(Clone)]
pub struct Name(Bytes);

/// A schema has millions of names, nearly all of them short: those need no memory of their own.
#[derive(Clone)]
enum Bytes {
    Short { len: u8, bytes: [u8; SHORT] },
    Long(Box<[u8]>),
}

/// A server keeps so many bytes of a name (`NAMEDATALEN` in pg_config_manual.h) and cuts the rest.
const KEPT: usize = 63;

/// As many bytes as make no name bigger than a `Vec`.
const SHORT: usize = 22;

impl Name {
    /// Returns the name that an identifier in SQL text stands for: folded to lower case where it is not
    /// quoted, unescaped where it is, cut to what a server keeps.
    ///
    /// ```
    /// let name = dump::Name::from_sql("ä".repeat(40).as_bytes());
    /// assert_eq!(name.bytes(), "ä".repeat(31).as_bytes());
    /// ```
    pub fn from_sql(text: &[u8]) -> Name {
        match text {
            [b'u' | b'U', b'&', b'"', body @ .., b'"'] => {
                Name::from(kept(&unescape_unicode(&undouble(body))))
            }
            [b'"', body @ .., b'"'] => Name::from(kept(&undouble(body))),
            _ => {
                let mut name = Name::from(kept(text));
                match &mut name.0 {
                    Bytes::Short { bytes, .. } => bytes.make_ascii_lowercase(),
                    Bytes::Long(bytes) => bytes.make_ascii_lowercase(),
                }
                name
            }
        }
    }

    /// Returns the catalog's bytes.
    pub fn bytes(&self) -> &[u8] {
        match &self.0 {
            Bytes::Short { len, bytes } => &bytes[..usize::from(*len)],
            Bytes::Long(bytes) => bytes,
        }
    }

    /// Says whether the name has no bytes, which no object's has.
    pub fn is_empty(&self) -> bool {
        self.bytes().is_empty()
    }

    /// Returns the name as SQL writes it: quoted only where it must be, by the rule of
    /// `quote_identifier` (ruleutils.c).
    pub fn to_sql(&self) -> Vec<u8> {
        let name = self.bytes();
        let plain = matches!(name.first(), Some(b'a'..=b'z' | b'_'))
            && name.iter().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_'))
            && !must_be_quoted(name);
        if plain {
            return name.to_vec();
        }
        let mut sql = Vec::with_capacity(name.len() + 2);
        sql.push(b'"');
        for byte in name {
            if *byte == b'"' {
                sql.push(b'"');
            }
            sql.push(*byte);
        }
        sql.push(b'"');
        sql
    }
}

/// What a server keeps of a name, which it cuts at the end of a character (`truncate_identifier` in scansup.c).
pub(crate) fn kept(name: &[u8]) -> &[u8] {
    if name.len() <= KEPT {
        return name;
    }
    // In other encodings than UTF-8 nearly always a byte is a character.
    let is_middle = |at: usize| name[at] & 0b1100_0000 == 0b1000_0000;
    let utf8 = std::str::from_utf8(name).is_ok();
    let end = (0..=KEPT).rev().find(|at| !utf8 || !is_middle(*at)).unwrap_or(KEPT);
    &name[..end]
}

impl From<&str> for Name {
    fn from(name: &str) -> Name {
        Name::from(name.as_bytes())
    }
}

impl From<&[u8]> for Name {
    fn from(name: &[u8]) -> Name {
        if name.len() > SHORT {
            return Name(Bytes::Long(name.into()));
        }
        let mut bytes = [0; SHORT];
        bytes[..name.len()].copy_from_slice(name);
        Name(Bytes::Short { len: name.len() as u8, bytes })
    }
}

impl Default for Name {
    fn default() -> Name {
        Name::from(&b""[..])
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Name) -> bool {
        self.bytes() == other.bytes()
    }
}

impl Eq for Name {}

impl PartialOrd for Name {
    fn partial_cmp(&self, other: &Name) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Name {
    fn cmp(&self, other: &Name) -> Ordering {
        self.bytes().cmp(other.bytes())
    }
}

impl Hash for Name {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.bytes().hash(state);
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Name({:?})", String::from_utf8_lossy(self.bytes()))
    }
}

/// Shows the name as text; bytes that are no UTF-8 come as replacement characters.
impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(self.bytes()))
    }
}

/// A name with the schema it is in, where it has one.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct QualifiedName {
    /// The schema; `None` for what no schema holds.
    pub schema: Option<Name>,
    /// The name itself.
    pub name: Name,
}

impl QualifiedName {
    /// Returns the name that SQL text is, with or without a schema; `None` if it is something else.
    ///
    /// ```
    /// assert_eq!(dump::QualifiedName::from_sql(b"a.\"B\"").unwrap().to_sql(), b"a.\"B\"");
    /// assert_eq!(dump::QualifiedName::from_sql(b"a b"), None);
    /// ```
    pub fn from_sql(text: &[u8]) -> Option<QualifiedName> {
        let lexemes = crate::lexeme::lexemes_of(text)?;
        let mut cursor = crate::lexeme::Cursor::new(&lexemes);
        cursor.qualified().filter(|_| cursor.at_end())
    }

    /// Returns the name as SQL writes it, with its schema in front.
    pub fn to_sql(&self) -> Vec<u8> {
        let mut sql = Vec::new();
        if let Some(schema) = &self.schema {
            sql.extend(schema.to_sql());
            sql.push(b'.');
        }
        sql.extend(self.name.to_sql());
        sql
    }
}

impl fmt::Display for QualifiedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.schema {
            Some(schema) => write!(f, "{schema}.{}", self.name),
            None => write!(f, "{}", self.name),
        }
    }
}

fn undouble(body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(body.len());
    let mut rest = body.iter();
    while let Some(byte) = rest.next() {
        if *byte == b'"' {
            rest.next();
        }
        bytes.push(*byte);
    }
    bytes
}

/// Resolves `\XXXX`, `\+XXXXXX` and `\\` by the rules of `str_udeescape` (parser.c); anything else stays as it is
/// written.
fn unescape_unicode(body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(body.len());
    let mut rest = body;
    while let Some((first, behind)) = rest.split_first() {
        if let Some((code, behind)) = unicode_escape(rest) {
            // A character above U+FFFF may be written as two halves.
            let pair = || {
                let (low, behind) = unicode_escape(behind)?;
                let both = [u16::try_from(code).ok()?, u16::try_from(low).ok()?];
                let character = char::decode_utf16(both).next()?.ok()?;
                (u32::from(character) > 0xFFFF).then_some((character, behind))
            };
            let found = char::from_u32(code).map(|character| (character, behind)).or_else(pair);
            if let Some((character, behind)) = found {
                bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                rest = behind;
                continue;
            }
        }
        bytes.push(*first);
        rest = behind.strip_prefix(b"\\").filter(|_| *first == b'\\').unwrap_or(behind);
    }
    bytes
}

/// The code of the escape at the front, and what follows it.
fn unicode_escape(text: &[u8]) -> Option<(u32, &[u8])> {
    let (digits, behind) = match text {
        [b'\\', b'+', rest @ ..] => rest.split_at_checked(6)?,
        [b'\\', rest @ ..] => rest.split_at_checked(4)?,
        _ => return None,
    };
    if !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let code = u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    // No name holds a NUL.
    (code > 0).then_some((code, behind))
}
