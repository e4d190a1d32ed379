//! No token of a statement is left out of what is said of it.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    missing_docs,
    reason = "a test that cannot go on panics, and says why it is skipped"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use dump::lexer::{Lexer, TokenKind};
use dump::{Address, Detail, NoData, Part, ReadOptions, Role, Stream, details, read};

/// Statements of one shape that are tried, and tokens of each.
const STATEMENTS: usize = 2;
const TOKENS: usize = 80;

/// Words that may be there or not without the meaning being another, by the beginning of the shape: `ONLY` follows from
/// whether the table is partitioned, the others are noise words of the grammar.
const SILENT: [(&str, &[&str]); 9] = [
    ("", &["ONLY", "PROCEDURAL", "REPLACE", "OR", "COLUMN", "TABLE"]),
    ("Sequence Definition", &["WITH", "BY"]),
    ("Column Identity", &["WITH", "BY"]),
    ("Domain Definition", &["AS"]),
    ("Server Privilege", &["FOREIGN"]),
    ("Trigger Definition", &["EACH"]),
    ("Extension Definition", &["WITH"]),
    ("Database Definition", &["WITH"]),
    ("Role Setting", &["WITH"]),
];

fn is_silent(shape: &str, word: &str) -> bool {
    SILENT.iter().any(|(begins, words)| shape.starts_with(begins) && words.contains(&word))
}

fn dumps() -> Vec<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus");
    let corpus = std::env::var_os("PGDUMPKIT_CORPUS").map_or(here, PathBuf::from);
    if !corpus.is_dir() {
        eprintln!("skipped: no corpus at {}", corpus.display());
        return Vec::new();
    }
    let mut folders = vec![corpus];
    let mut dumps = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            let wanted = name.ends_with(".sql") || name.ends_with(".sql.zst");
            // What people have that pg_dump did not write in that form has statements that nothing is known of.
            if path.is_dir() && name != "reported" {
                folders.push(path);
            } else if wanted && !name.contains("torture") {
                dumps.push(path);
            }
        }
    }
    dumps.sort();
    dumps
}

fn text(path: &Path) -> Vec<u8> {
    let bytes = std::fs::read(path).unwrap();
    if path.extension().is_some_and(|extension| extension == "zst") {
        return zstd::decode_all(bytes.as_slice()).unwrap();
    }
    bytes
}

fn parts(text: &[u8]) -> Option<Vec<Part>> {
    let options = ReadOptions { keep_secrets: true, ..ReadOptions::default() };
    let dump = read(Stream(text), options, &mut NoData).ok()?;
    let schemas = dump.databases.into_iter().map(|database| database.schema).chain([dump.cluster]);
    let parts = schemas.flat_map(|schema| schema.objects.into_values()).flat_map(|object| object.parts);
    Some(parts.collect())
}

/// The key words of a statement and the like: statements of one shape are cut alike.
fn shape(part: &Part) -> String {
    let mut words: BTreeSet<String> = BTreeSet::new();
    for token in Lexer::default().tokens(&part.text).unwrap() {
        let text = &part.text[token.start..token.end];
        if token.kind == TokenKind::Word && text.iter().all(u8::is_ascii_uppercase) {
            words.insert(String::from_utf8_lossy(text).into_owned());
        }
    }
    format!("{:?} {:?} {words:?}", part.address.kind, part.role)
}

/// The one statement of a text: what it speaks of, its canonical form, and what it says.
fn single(text: &[u8]) -> Option<(Address, Role, Vec<u8>, Vec<Detail>)> {
    let mut parts = parts(text)?;
    let part = parts.pop().filter(|_| parts.is_empty())?;
    let mut details = details(&part, &part.text);
    details.sort_by_key(|detail| format!("{detail:?}"));
    Some((part.address, part.role, part.text, details))
}

/// The statement with one token changed, in each way that there is.
fn mutations(text: &[u8], at: usize) -> Vec<Vec<u8>> {
    let tokens = Lexer::default().tokens(text).unwrap();
    let token = tokens[at];
    let old = &text[token.start..token.end];
    let with = |new: &[u8]| [&text[..token.start], new, &text[token.end..]].concat();
    let before = |last: u8| {
        let end = old.iter().rposition(|byte| *byte == last).unwrap();
        with(&[&old[..end], b"x", &old[end..]].concat())
    };
    match token.kind {
        TokenKind::Word => vec![with(&[old, b"x"].concat()), with(b"")],
        TokenKind::Identifier => vec![before(b'"')],
        TokenKind::String => vec![before(b'\'')],
        TokenKind::Number => vec![with(&[old, b"1"].concat())],
        TokenKind::Dollar => {
            let tag = old[1..].iter().position(|byte| *byte == b'$').unwrap() + 2;
            vec![with(&[&old[..tag], b"x", &old[tag..]].concat())]
        }
        _ => Vec::new(),
    }
}

#[test]
fn every_token_is_in_a_detail() {
    let mut shapes: BTreeMap<String, Vec<Vec<u8>>> = BTreeMap::new();
    for path in dumps() {
        for part in parts(&text(&path)).unwrap_or_default() {
            let known = shapes.entry(shape(&part)).or_default();
            if known.len() < STATEMENTS && !known.contains(&part.text) {
                known.push(part.text);
            }
        }
    }
    let mut missed: Vec<String> = Vec::new();
    let mut tried = 0;
    let mut whole: BTreeSet<String> = BTreeSet::new();
    for (shape, text) in shapes.iter().flat_map(|(shape, texts)| texts.iter().map(move |text| (shape, text)))
    {
        let Some((address, role, canonical, says)) = single(text) else { continue };
        if let [detail] = says.as_slice()
            && canonical.strip_suffix(b";\n") == Some(&detail.text)
            && !detail.text.is_empty()
        {
            whole.insert(format!("{:?} {role:?}: {}", address.kind, String::from_utf8_lossy(text)));
        }
        let tokens = Lexer::default().tokens(text).unwrap();
        let code: Vec<usize> =
            (0..tokens.len()).filter(|at| !matches!(tokens[*at].kind, TokenKind::Space)).collect();
        for at in code.iter().step_by(code.len() / TOKENS + 1) {
            let word = String::from_utf8_lossy(&text[tokens[*at].start..tokens[*at].end]).into_owned();
            for mutated in mutations(text, *at) {
                let Some(other) = single(&mutated) else { continue };
                if other.0 != address || other.1 != role || other.2 == canonical {
                    continue;
                }
                tried += 1;
                if other.3 == says && !is_silent(shape, &word) {
                    let statement = String::from_utf8_lossy(&mutated).into_owned();
                    missed.push(format!("{shape}\n  `{word}` in {statement}"));
                }
            }
        }
    }
    // These have nothing to cut.
    whole.retain(|text| !text.starts_with("Type Shell") && !text.starts_with("OperatorFamily Definition"));
    assert!(whole.is_empty(), "not known in detail: {whole:?}");
    assert!(tried > 10_000 || shapes.is_empty(), "{tried} changes of {} shapes", shapes.len());
    assert!(missed.is_empty(), "{} missed:\n{}", missed.len(), missed.join("\n"));
}
