//! What happens to a dump: something is put in, taken out, doubled, moved or respelled, or its rows are.

use std::ops::Range;

use dump::lexer::{Token, TokenKind};

use crate::kinds::{AROUND, KINDS, Kind, Says, UNENDED};
use crate::random::{Random, replaced};
use crate::text::{Piece, Place, Text};

/// What of a dump a database must hold for all of it to be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// What the healthy dump says.
    All,
    /// What is left of it, each statement of which must run.
    Rest,
    /// The rows as they stand there now, however the server would write them.
    Rows,
    /// What the healthy dump says; even if it is there, the text is broken, and whoever says so is right.
    Broken,
}

/// A dump that was tampered with.
pub struct Made {
    /// How.
    pub way: String,
    /// With what, and where.
    pub what: String,
    /// What came out.
    pub bytes: Vec<u8>,
    /// Where in it that is which was put in.
    pub own: Range<usize>,
    /// What that says itself.
    pub says: Says,
    /// What must be there.
    pub expected: Expected,
}

impl Made {
    fn new(what: impl Into<String>, bytes: Vec<u8>, own: Range<usize>) -> Made {
        Made {
            way: String::new(),
            what: what.into(),
            bytes,
            own,
            says: Says::Nothing,
            expected: Expected::All,
        }
    }

    /// The healthy dump itself.
    pub fn untouched(text: &Text) -> Made {
        Made { way: "untouched".to_owned(), ..Made::new("the healthy dump", text.bytes.clone(), 0..0) }
    }

    fn rest(self) -> Made {
        Made { expected: Expected::Rest, ..self }
    }

    fn rows(self) -> Made {
        Made { expected: Expected::Rows, ..self }
    }

    fn broken(self) -> Made {
        Made { expected: Expected::Broken, ..self }
    }

    fn says(self, says: Says) -> Made {
        Made { says, ..self }
    }
}

type Change = fn(&Text, &mut Random) -> Option<Made>;

/// One way to tamper with a dump.
pub enum Way {
    /// A statement is put in.
    PutIn(&'static Kind),
    /// Something is put around all.
    Around(&'static (&'static str, &'static str)),
    /// Something is put in that never ends.
    Unended(&'static str),
    /// Anything else.
    Other(&'static str, Change),
}

/// All ways, those more often that have more to choose from.
pub fn ways() -> Vec<Way> {
    let mut ways: Vec<Way> = KINDS.iter().flat_map(|kind| (0..3).map(move |_| Way::PutIn(kind))).collect();
    ways.extend(AROUND.iter().map(Way::Around));
    ways.extend(UNENDED.iter().map(|text| Way::Unended(text)));
    for (name, times, change) in CHANGES {
        ways.extend((0..*times).map(|_| Way::Other(name, *change)));
    }
    ways
}

impl Way {
    /// Its name; several may share one.
    pub fn name(&self) -> String {
        match self {
            Way::PutIn((name, ..)) => format!("put in: {name}"),
            Way::Around(..) => "put around".to_owned(),
            Way::Unended(_) => "put in: what never ends".to_owned(),
            Way::Other(name, _) => (*name).to_owned(),
        }
    }

    /// Tampers with a dump; nothing where the way does not lead anywhere.
    pub fn make(&self, text: &Text, random: &mut Random) -> Option<Made> {
        let made = match self {
            Way::PutIn((_, says, texts)) => {
                let statement = random.one(texts)?;
                Some(put_in(text, statement, random).says(*says))
            }
            Way::Around((front, back)) => {
                let bytes = [
                    front.as_bytes(),
                    b"\n",
                    &text.bytes,
                    back.as_bytes(),
                    if back.is_empty() { b"" } else { b"\n" },
                ]
                .concat();
                Some(Made::new(format!("{front} … {back}"), bytes, 0..front.len()))
            }
            Way::Unended(statement) => Some(put_in(text, statement, random).broken()),
            Way::Other(_, change) => change(text, random),
        }?;
        Some(Made { way: self.name(), ..made })
    }
}

fn put_in(text: &Text, statement: &str, random: &mut Random) -> Made {
    let place = *random.one(&Place::ALL).unwrap();
    let at = text.place(place, random);
    let by = format!("{statement}\n");
    let bytes = replaced(&text.bytes, at..at, by.as_bytes());
    Made::new(format!("{}: {statement}", place.word()), bytes, at..at + statement.len())
}

fn shown(bytes: &[u8]) -> String {
    crate::state::short(&String::from_utf8_lossy(bytes))
}

const CHANGES: &[(&str, usize, Change)] = &[
    ("taken out", 16, |text, random| {
        let piece = text.any(random);
        let what = format!("taken out: {}", shown(text.of(piece)));
        let at = piece.range.start;
        Some(Made::new(what, replaced(&text.bytes, piece.range.clone(), b""), at..at).rest())
    }),
    ("doubled", 10, |text, random| {
        let piece = text.any(random);
        let by = [text.of(piece), b"\n"].concat();
        let at = piece.range.start;
        let says = if piece.rows.is_some() { Says::More } else { Says::Nothing };
        let what = format!("doubled: {}", shown(text.of(piece)));
        Some(Made::new(what, replaced(&text.bytes, at..at, &by), at..at + by.len() - 1).says(says))
    }),
    ("doubled later", 10, |text, random| {
        let piece = text.any(random);
        let by = [text.of(piece), b"\n"].concat();
        let place = *random.one(&[Place::Middle, Place::Post, Place::Tail, Place::Behind]).unwrap();
        let at = text.place(place, random);
        let says = if piece.rows.is_some() { Says::More } else { Says::Nothing };
        let what = format!("again, {}: {}", place.word(), shown(text.of(piece)));
        Some(Made::new(what, replaced(&text.bytes, at..at, &by), at..at + by.len() - 1).says(says))
    }),
    ("moved", 14, |text, random| {
        let piece = text.any(random);
        let place = *random.one(&Place::ALL).unwrap();
        let to = text.place(place, random);
        let by = [text.of(piece), b"\n"].concat();
        let (start, end) = (piece.range.start, piece.range.end);
        let what = format!("to {}: {}", place.word(), shown(text.of(piece)));
        let bytes = if to <= start {
            [&text.bytes[..to], &by, &text.bytes[to..start], &text.bytes[end..]].concat()
        } else {
            [&text.bytes[..start], &text.bytes[end..to], &by, &text.bytes[to..]].concat()
        };
        (to < start || to > end).then(|| Made::new(what, bytes, 0..0))
    }),
    ("respelled: case", 4, |text, random| {
        let upper = random.below(2) == 0;
        respelled(text, random, "case", |_, token, bytes| match token.kind {
            TokenKind::Word if upper => bytes.to_ascii_uppercase(),
            TokenKind::Word => bytes.to_ascii_lowercase(),
            _ => bytes.to_vec(),
        })
    }),
    ("respelled: comments", 4, |text, random| {
        let comment = *random.one(&["/* ; */", " -- ; '\n", "/* /* */ $$ */", "/**/"]).unwrap();
        respelled(text, random, "comments", move |_, _, bytes| [bytes, comment.as_bytes()].concat())
    }),
    ("respelled: white space", 4, |text, random| {
        let space = *random.one(&["\n", "\t", "   ", "\n\n", "\x0c"]).unwrap();
        respelled(text, random, "white space", move |_, _, bytes| [bytes, space.as_bytes()].concat())
    }),
    ("respelled: quoted", 4, |text, random| {
        respelled(text, random, "quoted", |dotted, token, bytes| match token.kind {
            TokenKind::Word if dotted => [b"\"", bytes, b"\""].concat(),
            _ => bytes.to_vec(),
        })
    }),
    ("respelled: literals", 3, |text, random| {
        respelled(text, random, "literals", |_, token, bytes| match token.kind {
            TokenKind::String if bytes.starts_with(b"'") && !bytes.contains(&b'\\') => [b"E", bytes].concat(),
            _ => bytes.to_vec(),
        })
    }),
    ("respelled: search path", 6, without_schema),
    ("respelled: on one line", 3, |text, random| {
        let at = random.within(0..text.pieces.len() - 1);
        let (one, next) = (&text.pieces[at], &text.pieces[at + 1]);
        let bytes = replaced(&text.bytes, one.range.end..next.range.start, b" ");
        (one.rows.is_none()).then(|| {
            let what = format!("on one line: {} {}", shown(text.of(one)), shown(text.of(next)));
            Made::new(what, bytes, 0..0)
        })
    }),
    ("a row: a field more", 2, |text, random| {
        in_row(text, random, "a field more", |row| [row, b"\tmore"].concat())
    }),
    ("a row: a field less", 2, |text, random| {
        in_row(text, random, "a field less", |row| match row.iter().rposition(|byte| *byte == b'\t') {
            Some(at) => row[..at].to_vec(),
            None => row.to_vec(),
        })
    }),
    ("a row: an empty line", 1, |text, random| {
        in_row(text, random, "an empty line", |row| [row, b"\n"].concat())
    }),
    ("a row: invalid UTF-8", 1, |text, random| {
        in_row(text, random, "invalid UTF-8", |row| [row, b"\xff"].concat())
    }),
    ("a row: a blank", 1, |text, random| in_row(text, random, "a blank behind", |row| [row, b" "].concat())),
    ("a row: a carriage return", 1, |text, random| {
        in_row(text, random, "a carriage return", |row| [row, b"\r"].concat())
    }),
    ("a row: NULL", 1, |text, random| {
        in_row(text, random, "NULL", |row| {
            [&b"\\N"[..], row.iter().position(|byte| *byte == b'\t').map_or(&b""[..], |at| &row[at..])]
                .concat()
        })
    }),
    ("a row: no value of the type", 1, |text, random| {
        in_row(text, random, "x in front", |row| [b"x", row].concat())
    }),
    ("a row: a statement", 2, |text, random| {
        in_row(text, random, "a statement behind", |row| [row, b"\nDROP TABLE public.plain;"].concat())
    }),
    ("a row: the end", 2, |text, random| {
        in_row(text, random, "`\\.` behind", |row| [row, b"\n\\."].concat())
    }),
    ("rows: no end", 2, |text, random| {
        let piece = text.with_rows(random);
        let end = piece.range.end;
        let what = format!("`\\.` lost: {}", shown(text.of(piece)));
        Some(Made::new(what, replaced(&text.bytes, end - 2..end, b""), 0..0).broken())
    }),
    ("a byte order mark", 2, |text, _| {
        Some(Made::new("a byte order mark", [b"\xef\xbb\xbf", text.bytes.as_slice()].concat(), 0..0))
    }),
    ("comments stripped", 2, |text, _| {
        let lines = text.bytes.split_inclusive(|byte| *byte == b'\n');
        // Rows of the base have no such lines.
        let bytes = lines.filter(|line| !line.starts_with(b"--")).collect::<Vec<_>>().concat();
        Some(Made::new("comments stripped", bytes, 0..0))
    }),
    ("a setting taken out", 5, |text, random| {
        let settings: Vec<&Piece> = text.pieces.iter().filter(|piece| is_setting(text, piece)).collect();
        let piece = *random.one(&settings)?;
        let what = format!("taken out: {}", shown(text.of(piece)));
        Some(Made::new(what, replaced(&text.bytes, piece.range.clone(), b""), 0..0))
    }),
    ("the dump twice", 1, |text, _| {
        let bytes = [text.bytes.as_slice(), &text.bytes].concat();
        Some(Made::new("the dump twice", bytes, 0..0).broken())
    }),
];

fn is_setting(text: &Text, piece: &Piece) -> bool {
    text.tokens(piece).next().is_some_and(|(_, bytes)| bytes == b"SET")
}

/// Respells a statement token by token; the test says whether a token is beside a dot.
fn respelled(
    text: &Text,
    random: &mut Random,
    how: &str,
    by: impl Fn(bool, Token, &[u8]) -> Vec<u8>,
) -> Option<Made> {
    let piece = text.any(random);
    let last = piece.tokens.last()?.end;
    let mut bytes = text.bytes[..piece.range.start].to_vec();
    let mut from = piece.range.start;
    let dot = |at: Option<usize>| {
        at.and_then(|at| piece.tokens.get(at)).is_some_and(|token| token.kind == TokenKind::Dot)
    };
    for (at, token) in piece.tokens.iter().enumerate() {
        bytes.extend_from_slice(&text.bytes[from..token.start]);
        let own = &text.bytes[token.start..token.end];
        // What stands between the last token and the `;` of a COPY would be on the line of its rows.
        if token.end == last {
            bytes.extend(own);
        } else {
            bytes.extend(by(dot(at.checked_sub(1)) || dot(Some(at + 1)), *token, own));
        }
        from = token.end;
    }
    bytes.extend_from_slice(&text.bytes[from..]);
    (bytes != text.bytes).then(|| Made::new(format!("{how}: {}", shown(text.of(piece))), bytes, 0..0))
}

/// Leaves out the schema in front of names, under a search path that leads to it.
fn without_schema(text: &Text, random: &mut Random) -> Option<Made> {
    let piece = text.any(random);
    let schema = *random.one(&["shop", "store", "public"])?;
    let mut own = Vec::new();
    let mut from = piece.range.start;
    for pair in piece.tokens.windows(2) {
        let names = text.bytes[pair[0].start..pair[0].end] == *schema.as_bytes();
        if names && pair[1].kind == TokenKind::Dot {
            own.extend_from_slice(&text.bytes[from..pair[0].start]);
            from = pair[1].end;
        }
    }
    let found = from > piece.range.start;
    own.extend_from_slice(&text.bytes[from..piece.range.end]);
    let set = match random.below(2) {
        0 => format!("SET search_path = {schema}, pg_catalog;\n"),
        _ => format!("SELECT pg_catalog.set_config('search_path', '{schema}', false);\n"),
    };
    let by = [set.as_bytes(), &own, b"\nSELECT pg_catalog.set_config('search_path', '', false);"].concat();
    let what = format!("search path {schema}: {}", shown(&own));
    found.then(|| Made::new(what, replaced(&text.bytes, piece.range.clone(), &by), 0..0))
}

fn in_row(text: &Text, random: &mut Random, how: &str, by: impl Fn(&[u8]) -> Vec<u8>) -> Option<Made> {
    let piece = text.with_rows(random);
    let rows = piece.rows.clone()?;
    let mut starts = vec![rows.start];
    starts.extend((rows.start..rows.end - 1).filter(|at| text.bytes[*at] == b'\n').map(|at| at + 1));
    let start = *random.one(&starts)?;
    let end = start + text.bytes[start..].iter().position(|byte| *byte == b'\n')?;
    let by = by(&text.bytes[start..end]);
    let what = format!("{how}: {}", shown(&by));
    let changed = by != text.bytes[start..end];
    // What the row says now is what the dump says.
    changed.then(|| Made::new(what, replaced(&text.bytes, start..end, &by), 0..0).rows())
}
