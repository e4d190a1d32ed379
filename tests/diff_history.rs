//! A real schema's dumps, one step after another: what is told of each step.
//!
//! `diff_history/feedbin.txt` has a section for each step with the lines that are expected. With `DIFF_HISTORY_WRITE=1` they
//! are written anew, to be read by whoever changed them. Beside that, each report is held against the bare texts of the two
//! dumps: names of what differs there must be told, and no others.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    missing_docs,
    reason = "a test that cannot go on panics, and says why it is skipped"
)]

#[path = "corpus.rs"]
mod corpus;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use compare::{Change, Kind};
use dump::{Attribute, Dump, Kind as ObjectKind, NoData, ReadOptions, Stream};

/// Between the names of steps and what is told of them.
const SECTION: &str = "== ";

/// One dump of the history.
struct State {
    name: String,
    text: String,
    dump: Dump,
}

/// All states in order, or none without the corpus.
fn states() -> Option<Vec<State>> {
    let unpacked = corpus::unpacked(&corpus::corpus()?.join("history/feedbin.tar.zst"));
    let mut paths: Vec<PathBuf> = Vec::new();
    for entry in fs::read_dir(unpacked.path()).unwrap() {
        let files = fs::read_dir(entry.unwrap().path()).unwrap();
        paths.extend(files.map(|file| file.unwrap().path()));
    }
    paths.sort();
    assert_eq!(paths.len(), 103);
    let state = |path: PathBuf| {
        let text = fs::read_to_string(&path).unwrap();
        let dump = dump::read(Stream(text.as_bytes()), ReadOptions::default(), &mut NoData).unwrap();
        assert!(dump.unknown.is_empty(), "{:?} in {}", dump.unknown, path.display());
        State { name: path.file_stem().unwrap().to_str().unwrap().to_owned(), text, dump }
    };
    Some(paths.into_iter().map(state).collect())
}

fn differences(old: &State, new: &State) -> Vec<compare::Finding> {
    let (findings, renames) = compare::Judge::default().compare(&old.dump, &new.dump, &[]);
    // Nothing in this history was renamed: every name that came stands for something else.
    assert_eq!(renames, [], "{}", new.name);
    findings
}

fn is_trailer(change: &Change) -> bool {
    change.object.kind == ObjectKind::Other
}

/// The lines that only one of two texts has, signed; lines are taken as a multiset.
fn lines_apart(old: &str, new: &str) -> Vec<String> {
    let mut counts: BTreeMap<&str, i32> = BTreeMap::new();
    for line in old.lines() {
        *counts.entry(line).or_default() -= 1;
    }
    for line in new.lines() {
        *counts.entry(line).or_default() += 1;
    }
    let apart = counts.into_iter().filter(|(_, count)| *count != 0);
    apart.map(|(line, count)| format!("{}{line}", if count < 0 { '-' } else { '+' })).collect()
}

/// A finding in a line: sign, object, aspect, values, and what makes it more than safe.
fn line(finding: &compare::Finding) -> String {
    let change = &finding.change;
    let mut line = format!("{} {}", change.kind.sign(), change.object);
    if !change.is_whole_object() {
        let _ = write!(line, ": {}", change.aspect());
        let sides = || [&change.old, &change.new].into_iter().flatten();
        let values = match (is_trailer(change), &change.old, &change.new) {
            (true, Some(old), Some(new)) => lines_apart(old, new).join(" "),
            _ => sides().map(String::as_str).collect::<Vec<_>>().join(" → "),
        };
        let _ = write!(line, ": {values}");
    }
    if finding.severity > compare::Severity::Safe {
        let _ = write!(line, " [{}: {}]", finding.severity, finding.rule.id);
    }
    line.replace('\n', "⏎")
}

#[test]
fn each_step_is_told_as_expected() {
    let Some(states) = states() else { return };
    let mut text = String::from("What is told of each step of history/feedbin.tar.zst of the corpus.\n");
    for pair in states.windows(2) {
        let _ = write!(text, "\n{SECTION}{} {}\n", &pair[0].name[..4], pair[1].name);
        for finding in differences(&pair[0], &pair[1]) {
            let _ = writeln!(text, "{}", line(&finding));
        }
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/diff_history/feedbin.txt");
    if std::env::var_os("DIFF_HISTORY_WRITE").is_some() {
        fs::write(&path, text).unwrap();
        return;
    }
    let expected = fs::read_to_string(&path).unwrap();
    assert_eq!(expected.matches(SECTION).count(), states.len() - 1);
    for (expected, seen) in expected.split(SECTION).zip(text.split(SECTION)) {
        assert_eq!(expected, seen);
    }
}

#[test]
fn each_step_backwards_is_the_mirror() {
    let Some(states) = states() else { return };
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
    let keys = |old: &State, new: &State, mirrored: bool| {
        let findings = differences(old, new);
        findings.iter().map(|finding| key(&finding.change, mirrored)).collect::<BTreeSet<_>>()
    };
    for pair in states.windows(2) {
        assert_eq!(keys(&pair[0], &pair[1], false), keys(&pair[1], &pair[0], true), "{}", pair[1].name);
        assert_eq!(keys(&pair[1], &pair[1], false), BTreeSet::new(), "{}", pair[1].name);
    }
}

/// What the texts show and no report may: before version 11, pg_dump wrote down the language that every database has.
const SAID_IN_OTHER_WORDS: [(&str, &str); 1] = [("0058_2019-07-10_", "extension plpgsql")];

/// The statements of a dump in front of what follows its end, split without any knowledge of SQL: without comments, `SET`s,
/// doubled blanks, and the schema's name, which came to be written in front of every name.
fn statements(text: &str) -> Vec<String> {
    let lines: Vec<&str> = text
        .lines()
        .take_while(|line| *line != "-- PostgreSQL database dump complete")
        .filter(|line| !line.starts_with("--"))
        .collect();
    let statements = lines.join("\n");
    let statements = statements
        .split(";\n")
        .map(|statement| statement.split_whitespace().collect::<Vec<_>>().join(" ").replace("public.", ""));
    statements
        .filter(|statement| {
            !statement.is_empty()
                && !statement.starts_with("SET ")
                && !statement.starts_with("SELECT pg_catalog.set_config(")
        })
        .collect()
}

/// The migrations that are listed behind the dump's end.
fn migrations(text: &str) -> BTreeSet<&str> {
    let (_, behind) = text.split_once("-- PostgreSQL database dump complete").unwrap();
    behind.split('\'').filter(|word| word.len() == 14 && word.bytes().all(|b| b.is_ascii_digit())).collect()
}

/// A column as a line of a `CREATE TABLE` has it.
struct Column {
    table: String,
    name: String,
    text: String,
}

/// The columns of all tables in order, of which pg_dump writes each in a line.
fn columns(text: &str) -> Vec<Column> {
    let mut columns = Vec::new();
    let mut table = None;
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("CREATE TABLE ").and_then(|rest| rest.strip_suffix(" (")) {
            table = Some(name.replace("public.", ""));
        } else if line == ");" {
            table = None;
        } else if let Some(table) = &table {
            let (name, text) = line.trim().split_once(' ').unwrap();
            let text = text.trim_end_matches(',').replace("public.", "");
            columns.push(Column { table: table.clone(), name: name.trim_matches('"').to_owned(), text });
        }
    }
    columns
}

/// What a statement makes or is of: a kind and a name, such as `index i`.
fn subject(statement: &str) -> String {
    let words: Vec<&str> = statement.split([' ', '(']).filter(|word| !word.is_empty()).collect();
    let name = |at: usize| words[at].trim_matches('"');
    let after = |word: &str| name(words.iter().position(|known| *known == word).unwrap() + 1);
    match words[..2] {
        ["CREATE", "TABLE"] => format!("table {}", name(2)),
        ["CREATE" | "ALTER", "SEQUENCE"] => format!("sequence {}", name(2)),
        ["CREATE", "INDEX"] => format!("index {}", name(2)),
        ["CREATE", "UNIQUE"] => format!("index {}", name(3)),
        ["CREATE" | "COMMENT", ..] if statement.contains(" EXTENSION ") => {
            format!("extension {}", after(if words[0] == "COMMENT" { "EXTENSION" } else { "EXISTS" }))
        }
        ["ALTER", "TABLE"] if statement.contains(" ADD CONSTRAINT ") => {
            format!("constraint {}", after("CONSTRAINT"))
        }
        ["ALTER", "TABLE"] if statement.contains(" ALTER COLUMN ") => {
            format!("column {}.{}", name(3), after("COLUMN"))
        }
        _ => panic!("{statement}"),
    }
}

/// The statements of one list that the other has not; each may stand several times.
fn without<'s>(one: &'s [String], other: &[String]) -> Vec<&'s String> {
    let mut other: Vec<&String> = other.iter().collect();
    let rest = one.iter().filter(|statement| match other.iter().position(|known| known == statement) {
        Some(at) => {
            other.swap_remove(at);
            false
        }
        None => true,
    });
    rest.collect()
}

/// What differs of a table that both sides have: its columns, and the table itself if they stand in another order.
fn table_apart(table: &str, old: &[Column], new: &[Column]) -> BTreeSet<String> {
    let of = |columns: &'_ [Column]| -> Vec<(String, String)> {
        let columns = columns.iter().filter(|column| column.table == table);
        columns.map(|column| (column.name.clone(), column.text.clone())).collect()
    };
    let (old, new) = (of(old), of(new));
    let common = |one: &[(String, String)], other: &[(String, String)]| -> Vec<String> {
        let known = |name: &String| other.iter().any(|column| column.0 == *name);
        one.iter().map(|column| column.0.clone()).filter(known).collect()
    };
    let apart = old.iter().filter(|column| !new.contains(column));
    let apart = apart.chain(new.iter().filter(|column| !old.contains(column)));
    let mut subjects: BTreeSet<String> = apart.map(|column| format!("column {table}.{}", column.0)).collect();
    if common(&old, &new) != common(&new, &old) {
        subjects.insert(format!("table {table}"));
    }
    assert!(!subjects.is_empty(), "{table} differs in something else than columns");
    subjects
}

/// The subjects of what differs between two texts. What belongs to a table that came or went is left to the table.
fn subjects_apart(old: &State, new: &State) -> BTreeSet<String> {
    let sides = [statements(&old.text), statements(&new.text)];
    let columns = [columns(&old.text), columns(&new.text)];
    let mut subjects = BTreeSet::new();
    for (one, other) in [(0, 1), (1, 0)] {
        for statement in without(&sides[one], &sides[other]) {
            let subject = subject(statement);
            let (kind, name) = subject.split_once(' ').unwrap();
            let words: Vec<&str> = statement.split(' ').collect();
            let table = match kind {
                "table" => Some(name),
                "index" => words.iter().position(|word| *word == "ON").map(|at| words[at + 1]),
                "constraint" | "column" => Some(words[3]),
                _ => None,
            };
            let both = table.is_none_or(|table| columns[other].iter().any(|column| column.table == table));
            match (kind, both) {
                ("table", true) => subjects.extend(table_apart(name, &columns[0], &columns[1])),
                ("table", false) | (_, true) => {
                    subjects.insert(subject);
                }
                (_, false) => {}
            }
        }
    }
    for (step, subject) in SAID_IN_OTHER_WORDS {
        if new.name.starts_with(step) {
            assert!(subjects.remove(subject), "{}: {subject}", new.name);
        }
    }
    subjects
}

/// The subjects of a report, as those of texts.
fn subjects_told(findings: &[compare::Finding]) -> BTreeSet<String> {
    let changes = findings.iter().map(|finding| &finding.change).filter(|change| !is_trailer(change));
    changes
        .map(|change| match change.address.kind {
            ObjectKind::Column => format!("column {}.{}", change.object.name, change.address.name),
            kind => format!("{kind} {}", change.address.name),
        })
        .collect()
}

#[test]
fn each_report_names_what_differs_in_the_texts() {
    let Some(states) = states() else { return };
    let (mut empty, mut told) = (0, 0);
    for pair in states.windows(2) {
        let (old, new) = (&pair[0], &pair[1]);
        let findings = differences(old, new);
        let subjects = subjects_told(&findings);
        assert_eq!(subjects, subjects_apart(old, new), "{}", new.name);
        told += subjects.len();
        empty += usize::from(findings.is_empty());

        // Of the list of migrations, exactly those are told that came or went.
        let (before, after) = (migrations(&old.text), migrations(&new.text));
        let apart: BTreeSet<&str> = before.symmetric_difference(&after).copied().collect();
        let trailer = findings.iter().find(|finding| is_trailer(&finding.change));
        let lines = trailer.map_or(Vec::new(), |finding| {
            let side = |text: &Option<String>| text.clone().unwrap_or_default();
            lines_apart(&side(&finding.change.old), &side(&finding.change.new))
        });
        let seen: BTreeSet<&str> = lines.iter().map(|line| line.split('\'').nth(1).unwrap()).collect();
        assert_eq!(seen, apart, "{}", new.name);
        assert_eq!(trailer.is_some(), !apart.is_empty(), "{}", new.name);

        // An attribute is told with both of its values, and no change is one of nothing.
        for finding in &findings {
            let change = &finding.change;
            assert_ne!(change.old, change.new, "{}: {}", new.name, line(finding));
            let both = change.kind == Kind::Changed && change.attribute != Attribute::Whole;
            assert_eq!(both, change.old.is_some() && change.new.is_some(), "{}: {}", new.name, line(finding));
        }
    }
    // In two steps another pg_dump wrote the same schema and list.
    assert_eq!((empty, told), (2, 278));
}
