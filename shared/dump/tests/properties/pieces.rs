//! Pieces of plain dumps: generated text that is well formed, and how many events it makes.

use proptest::prelude::*;

/// A piece of a dump and the events that it must come as.
#[derive(Clone, Debug)]
pub struct Piece {
    pub text: Vec<u8>,
    /// Statements, meta-commands and ends of rows, each with its exact bytes.
    pub events: Vec<(&'static str, Vec<u8>)>,
}

/// Bytes that begin and end things.
const TELLING: &str = "[a-e'\"\\\\$;:/*\n\r\t ().,\\-_EeUu&0-9xX<>=@+\u{e4}\u{430}]";

fn telling(most: usize) -> impl Strategy<Value = String> {
    prop::string::string_regex(&format!("{TELLING}{{0,{most}}}")).unwrap()
}

/// A literal or quoted name: one token wherever it stands behind a blank.
pub fn quoted() -> impl Strategy<Value = String> {
    let doubled = |quote: char| move |text: String| text.replace(quote, &format!("{quote}{quote}"));
    prop_oneof![
        telling(20).prop_map(doubled('\'')).prop_map(|text| format!("'{text}'")),
        telling(20).prop_map(doubled('\'')).prop_map(|text| format!("U&'{text}'")),
        telling(20).prop_map(doubled('\'')).prop_map(|text| format!("x'{text}'")),
        telling(20).prop_map(|text| format!("E'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))),
        telling(20).prop_map(|text| format!("e'{}'", text.replace('\\', "\\\\").replace('\'', "''"))),
        telling(20).prop_map(doubled('"')).prop_map(|text| format!("\"{text}\"")),
        telling(20).prop_map(doubled('"')).prop_map(|text| format!("u&\"{text}\"")),
        (telling(8), telling(8)).prop_map(|(one, two)| {
            let [one, two] = [one, two].map(|text| text.replace('\'', "''"));
            format!("'{one}' \t\r\n -- it's a comment\n '{two}'")
        }),
        dollar(),
    ]
}

/// A dollar-quoted literal whose body holds everything but its own end.
pub fn dollar() -> impl Strategy<Value = String> {
    let tag = prop_oneof![Just(""), Just("_"), Just("a"), Just("tag1"), Just("ä")];
    (tag, telling(30)).prop_map(|(tag, body)| {
        let end = format!("${tag}$");
        let mut body = body.replace(&end, "");
        // What is left of a removed end may make another one, or one with the end itself.
        while body.contains(&end) || format!("{body}{end}").find(&end) != Some(body.len()) {
            body.pop();
        }
        format!("{end}{body}{end}")
    })
}

pub fn comment() -> impl Strategy<Value = String> {
    let line = telling(12).prop_map(|text| format!("--{}\n", text.replace(['\n', '\r'], "")));
    let inner = telling(8).prop_map(|text| format!("/*{}*/", text.replace(['*', '/'], ""))).boxed();
    let nested = (inner.clone(), prop::collection::vec(inner.clone(), 0..3)).prop_map(|(text, more)| {
        more.into_iter().fold(text, |text, next| format!("/* ' {next} \" {text} ; $$ */"))
    });
    prop_oneof![line, inner, nested]
}

/// White space and comments, at least one blank.
pub fn gap() -> impl Strategy<Value = String> {
    let blank = prop_oneof![4 => Just(" ".to_owned()), 1 => "[ \t\n\r]{1,4}".prop_map(|text| text)];
    prop_oneof![
        6 => blank.clone(),
        1 => (blank, comment()).prop_map(|(blank, comment)| format!("{blank}{comment}\n")),
    ]
}

fn one(event: &'static str) -> impl Fn(String) -> Piece {
    move |text| Piece { events: vec![(event, text.clone().into_bytes())], text: text.into_bytes() }
}

fn statement() -> impl Strategy<Value = Piece> {
    let token = prop_oneof![
        // The comma keeps two literals from becoming one across a line break.
        3 => quoted().prop_map(|text| text + ","),
        3 => "[a-d_\u{e4}][a-d_$0-9\u{e4}]{0,4}",
        1 => prop_oneof![Just("1"), Just(".5"), Just("1.5e-3"), Just("0x1F"), Just("$1"), Just("1..2")]
            .prop_map(str::to_owned),
        1 => "[-+*/<>=~!@#%^&|`?]{1,5}".prop_filter("a comment", |text| !text.contains("--") && !text.contains("/*")),
        1 => prop_oneof![Just("."), Just(","), Just("::"), Just(":"), Just(":="), Just("["), Just("]")]
            .prop_map(str::to_owned),
        1 => Just("(a ; b ';' )".to_owned()),
    ];
    let more = prop::collection::vec((gap(), token), 0..8);
    more.prop_map(|tokens| {
        let mut text = "SELECT".to_owned();
        tokens.into_iter().for_each(|(gap, token)| text.extend([gap, token]));
        // An operator that meets the `;` directly could not take it in; a comment's start could.
        text + " ;"
    })
    .prop_map(one("statement"))
}

fn atomic() -> impl Strategy<Value = Piece> {
    let head =
        prop_oneof![Just("CREATE FUNCTION"), Just("create or replace function"), Just("CREATE PROCEDURE")];
    let body = prop_oneof![
        Just("SELECT 1;"),
        Just("SELECT CASE WHEN true THEN 'end;' END; INSERT INTO t VALUES (1);"),
        Just("UPDATE t SET a = CASE a WHEN 1 THEN CASE b WHEN 2 THEN 3 END ELSE 4 END; SELECT \"begin\";"),
    ];
    let text = (head, body, gap()).prop_map(|(head, body, gap)| {
        format!("{head} a.f(){gap}RETURNS int{gap}BEGIN ATOMIC{gap}{body}{gap}END{gap};")
    });
    text.prop_map(one("statement"))
}

fn copy() -> impl Strategy<Value = Piece> {
    let row = prop_oneof![
        4 => telling(12).prop_map(|text| text.replace('\n', "\\n")).prop_filter("the end of the rows", |row| {
            row.trim_end_matches('\r') != "\\."
        }),
        1 => Just("\\.x".to_owned()),
        1 => Just("\\\\.".to_owned()),
        1 => Just(".".to_owned()),
        1 => Just("\\".to_owned()),
        1 => Just(" \\.".to_owned()),
    ];
    let rows = prop::collection::vec(row, 0..6);
    (rows, prop::bool::ANY).prop_map(|(rows, windows)| {
        let head = "COPY a.t (b, \"c\") FROM stdin;";
        let end: &str = if windows { "\\.\r\n" } else { "\\.\n" };
        let lines: String = rows.iter().map(|row| format!("{row}\n")).collect();
        let text = format!("{head}\n{lines}{end}").into_bytes();
        let events = vec![("statement", head.into()), ("rows", lines.into_bytes()), ("end", end.into())];
        Piece { text, events }
    })
}

/// A dump of well-formed pieces, one behind the other.
pub fn dump() -> impl Strategy<Value = Vec<Piece>> {
    let gap = prop_oneof![gap(), comment().prop_map(|text| text + "\n")];
    let piece = prop_oneof![
        4 => statement(),
        1 => atomic(),
        2 => copy(),
        1 => "[a-z!?]{1,8}( [a-z' \"$;]{0,8})?".prop_map(|text| one("meta")(format!("\\{text}\n"))),
        2 => gap.prop_map(|text| Piece { text: text.into_bytes(), events: Vec::new() }),
    ];
    prop::collection::vec(piece, 0..8)
}

/// Bytes that are mostly no dump.
pub fn noise() -> impl Strategy<Value = Vec<u8>> {
    let token = prop_oneof![
        4 => telling(4).prop_map(String::into_bytes),
        1 => quoted().prop_map(String::into_bytes),
        1 => Just(b"COPY t FROM stdin;\n".to_vec()),
        1 => Just(b"\n\\.\n".to_vec()),
        1 => Just(b"CREATE FUNCTION f() BEGIN ATOMIC ".to_vec()),
        1 => Just(b"END;".to_vec()),
        1 => Just(b"SET standard_conforming_strings = off;".to_vec()),
        1 => Just(b"INSERT INTO t VALUES ('".to_vec()),
        2 => prop::collection::vec(any::<u8>(), 0..4),
    ];
    prop::collection::vec(token, 0..12).prop_map(|tokens| tokens.concat())
}
