//! What is told of each kind of change: the right object, the right attribute, and nothing else.
//!
//! `diff_kinds/corpus.txt` has a section for each pair of the corpus, with the lines that are expected. `diff_kinds/more.sql`
//! has pairs for what the corpus lacks: in each section the state before, `-- after` and the state after, `-- changes` and the
//! lines. With `DIFF_KINDS_WRITE=1` the lines are written anew, to be read by whoever changed them.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    missing_docs,
    reason = "a test that cannot go on panics, and says why it is skipped"
)]

#[path = "corpus.rs"]
mod corpus;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use compare::{Change, Kind};
use dump::lexer::{Lexer, TokenKind};
use dump::{Dump, NoData, ReadOptions, Role, Stream};

/// Between the names of sections and what is in them.
const SECTION: &str = "-- == ";

fn differences(old: &Dump, new: &Dump) -> Vec<Change> {
    let (findings, _) = compare::Judge::default().compare(old, new, &[]);
    findings.into_iter().map(|finding| finding.change).collect()
}

fn read(sql: &[u8]) -> Dump {
    let options = ReadOptions { keep_secrets: true, ..ReadOptions::default() };
    let dump = dump::read(Stream(sql), options, &mut NoData).unwrap();
    assert!(dump.unknown.is_empty(), "{:?} in {}", dump.unknown, String::from_utf8_lossy(sql));
    dump
}

/// A change in a line: sign, object, aspect, values; breaks of lines as `⏎`.
fn line(change: &Change) -> String {
    let mut line = format!("{} {}", change.kind.sign(), change.object);
    let aspect = change.aspect();
    if !aspect.is_empty() {
        let _ = write!(line, ": {aspect}");
    }
    if !change.is_whole_object() {
        let values: Vec<&str> =
            [&change.old, &change.new].into_iter().flatten().map(String::as_str).collect();
        if values.iter().any(|value| !value.is_empty()) {
            let _ = write!(line, ": {}", values.join(" → "));
        }
    }
    line.replace('\n', "⏎")
}

fn lines(old: &Dump, new: &Dump) -> Vec<String> {
    differences(old, new).iter().map(line).collect()
}

/// The changes, after looking that the other way round they are the same, mirrored.
fn changes(name: &str, old: &[u8], new: &[u8]) -> Vec<String> {
    let (old, new) = (read(old), read(new));
    assert_eq!(lines(&old, &old), [""; 0], "{name}");
    assert_eq!(lines(&new, &new), [""; 0], "{name}");
    let key = |change: &Change, mirrored: bool| {
        let (old, new) = (change.old.clone(), change.new.clone());
        let (kind, old, new) = match (mirrored, change.kind) {
            (false, kind) => (kind, old, new),
            (true, Kind::Added) => (Kind::Dropped, new, old),
            (true, Kind::Dropped) => (Kind::Added, new, old),
            (true, Kind::Changed) => (Kind::Changed, new, old),
        };
        format!("{} {} {} {old:?} {new:?}", kind.sign(), change.object, change.aspect())
    };
    let sorted = |mut keys: Vec<String>| {
        keys.sort();
        keys
    };
    let there: Vec<String> = differences(&old, &new).iter().map(|change| key(change, false)).collect();
    let back: Vec<String> = differences(&new, &old).iter().map(|change| key(change, true)).collect();
    assert_eq!(sorted(there), sorted(back), "{name}");
    lines(&old, &new)
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/diff_kinds")
}

/// The sections of a file by their names, in order.
fn sections(text: &str) -> Vec<(String, String)> {
    let pieces = text.split(SECTION).skip(1);
    pieces
        .map(|piece| {
            let (name, body) = piece.split_once('\n').unwrap();
            (name.to_owned(), body.trim_end().to_owned())
        })
        .collect()
}

/// Compares with what is expected, or writes it.
fn settle(file: &str, head: &str, seen: &[(String, String)]) {
    let path = folder().join(file);
    let sections =
        seen.iter().map(|(name, body)| format!("\n{SECTION}{name}\n{body}").trim_end().to_owned() + "\n");
    let text = format!("{}\n{}", head.trim_end(), sections.collect::<String>());
    if std::env::var_os("DIFF_KINDS_WRITE").is_some() {
        fs::write(&path, text).unwrap();
        return;
    }
    let expected = self::sections(&fs::read_to_string(&path).unwrap());
    let expected: BTreeMap<_, _> = expected.into_iter().collect();
    assert_eq!(expected.len(), seen.len());
    for (name, body) in seen {
        assert_eq!(expected[name], body.trim_end(), "{name}");
    }
}

#[test]
fn each_kind_of_the_corpus_is_told_as_expected() {
    let Some(corpus) = corpus::corpus() else { return };
    let unpacked = corpus::unpacked(&corpus.join("diff-cases/kinds.tar.zst"));
    let mut olds: Vec<PathBuf> =
        fs::read_dir(unpacked.path().join("kinds")).unwrap().map(|entry| entry.unwrap().path()).collect();
    olds.retain(|path| path.to_str().unwrap().ends_with(".a.sql"));
    olds.sort();
    let mut seen = Vec::new();
    for old in olds {
        let name = old.file_name().unwrap().to_str().unwrap().trim_end_matches(".a.sql").to_owned();
        let new = old.with_file_name(format!("{name}.b.sql"));
        let lines = changes(&name, &fs::read(&old).unwrap(), &fs::read(new).unwrap());
        seen.push((name, lines.join("\n")));
    }
    assert_eq!(seen.len(), 131);
    settle("corpus.txt", "-- What is told of the pairs in diff-cases/kinds.tar.zst of the corpus.", &seen);
}

#[test]
fn each_further_kind_is_told_as_expected() {
    let text = fs::read_to_string(folder().join("more.sql")).unwrap();
    let (head, _) = text.split_once(SECTION).unwrap();
    let mut seen = Vec::new();
    for (name, body) in sections(&text) {
        let (old, rest) = body.split_once("-- after\n").unwrap_or_else(|| panic!("{name}: no `-- after`"));
        let (new, _) = rest.split_once("-- changes").unwrap_or((rest, ""));
        let changes: Vec<String> =
            changes(&name, old.as_bytes(), new.as_bytes()).iter().map(|line| format!("-- {line}")).collect();
        let body = [
            &[old.trim_end(), "-- after", new.trim_end(), "-- changes"],
            &*changes.iter().map(String::as_str).collect::<Vec<_>>(),
        ];
        seen.push((name, body.concat().join("\n")));
    }
    settle("more.sql", head, &seen);
}

/// Every statement of a dump, without its place.
fn statements(dump: &Dump) -> Vec<String> {
    let schemas = dump.databases.iter().map(|database| &database.schema).chain([&dump.cluster]);
    let parts = schemas.flat_map(|schema| schema.objects.values()).flat_map(|object| &object.parts);
    // What stands in for a definition says nothing of its own.
    let parts = parts.filter(|part| part.role != Role::Shell);
    parts.map(|part| format!("{} {:?} {:?} {:?}", part.address, part.role, part.text, part.session)).collect()
}

#[test]
fn no_token_of_a_dump_changes_in_silence() {
    let Some(corpus) = corpus::corpus() else { return };
    for path in ["formats/pgdump_objects.server18/plain.sql", "formats/hard.server18/plain-quoteall.sql"] {
        let text = fs::read(corpus.join(path)).unwrap();
        let read = |text: &[u8]| {
            let options = ReadOptions { keep_secrets: true, ..ReadOptions::default() };
            dump::read(Stream(text), options, &mut NoData).ok()
        };
        let old = read(&text).unwrap();
        let before = statements(&old);
        let data = position_of(&text, b"\nCOPY ").unwrap_or(text.len());
        let tokens = Lexer::default().tokens(&text[..data]).unwrap_or_default();
        let (mut tried, step) = (0, 1 + tokens.len() / 400);
        for token in tokens.iter().step_by(step) {
            let old_text = &text[token.start..token.end];
            let new_text = match token.kind {
                TokenKind::Word => [old_text, b"x"].concat(),
                TokenKind::Number => [old_text, b"1"].concat(),
                TokenKind::Identifier | TokenKind::String => {
                    [&old_text[..old_text.len() - 1], b"x", &old_text[old_text.len() - 1..]].concat()
                }
                _ => continue,
            };
            let Some(new) = read(&[&text[..token.start], &new_text, &text[token.end..]].concat()) else {
                continue;
            };
            if statements(&new) != before {
                tried += 1;
                let context = &text[token.start.saturating_sub(100)..(token.end + 40).min(text.len())];
                assert!(!differences(&old, &new).is_empty(), "{}", String::from_utf8_lossy(context));
            }
        }
        assert!(tried > 20, "{path}: {tried}");
    }
}

fn position_of(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|window| window == wanted)
}
