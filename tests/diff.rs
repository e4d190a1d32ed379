//! `pgdump-diff` as a user runs it.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    missing_docs,
    reason = "a test that cannot go on panics, and says why it is skipped"
)]

#[path = "corpus.rs"]
mod corpus;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

const PROGRAM: &str = env!("CARGO_BIN_EXE_pgdump-diff");

fn diff(old: &Path, new: &Path, more: &[&str]) -> Output {
    let arguments = [&[old.to_str().unwrap(), new.to_str().unwrap()], more].concat();
    corpus::run(Path::new(PROGRAM), &arguments, b"")
}

/// The changes of the JSON: kind, object, aspect.
fn changes(old: &Path, new: &Path) -> Vec<(String, String, String)> {
    let output = diff(old, new, &["--json"]);
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(matches!(output.status.code(), Some(0 | 1)), "{}: {stderr}", old.display());
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let changes = json["changes"].as_array().unwrap();
    assert_eq!(output.status.code(), Some(i32::from(!changes.is_empty())));
    let text = |change: &serde_json::Value, key: &str| change[key].as_str().unwrap().to_owned();
    changes
        .iter()
        .map(|change| (text(change, "kind"), text(change, "object"), text(change, "aspect")))
        .collect()
}

/// Unpacks an archive of the corpus; returns the folder in it.
fn unpacked(name: &str) -> Option<(tempfile::TempDir, PathBuf)> {
    let folder = corpus::unpacked(&corpus::corpus()?.join("diff-cases").join(format!("{name}.tar.zst")));
    let path = folder.path().join(name);
    Some((folder, path))
}

#[test]
fn every_kind_of_change_is_seen_and_seen_the_other_way_round() {
    let Some((_folder, pairs)) = unpacked("kinds") else { return };
    let mut olds: Vec<PathBuf> = fs::read_dir(&pairs).unwrap().map(|entry| entry.unwrap().path()).collect();
    olds.retain(|path| path.to_str().unwrap().ends_with(".a.sql"));
    olds.sort();
    assert_eq!(olds.len(), 131);
    for old in olds {
        let new = PathBuf::from(old.to_str().unwrap().replace(".a.sql", ".b.sql"));
        let seen = changes(&old, &new);
        let control = old.to_str().unwrap().contains("no_change_control");
        assert_eq!(seen.is_empty(), control, "{}: {seen:?}", old.display());
        let mut back = changes(&new, &old);
        for change in &mut back {
            change.0 = match change.0.as_str() {
                "added" => "dropped".to_owned(),
                "dropped" => "added".to_owned(),
                other => other.to_owned(),
            };
        }
        let sorted = |mut changes: Vec<(String, String, String)>| {
            changes.sort();
            changes
        };
        assert_eq!(sorted(seen), sorted(back), "{}", old.display());
        assert!(changes(&old, &old).is_empty());
    }
}

#[test]
fn columns_are_compared_attribute_by_attribute() {
    let folder = tempfile::tempdir().unwrap();
    let (old, new) = (folder.path().join("old.sql"), folder.path().join("new.sql"));
    fs::write(
        &old,
        "CREATE TABLE a.t (\n    id integer NOT NULL,\n    gone text,\n    x numeric(10,2) DEFAULT 0,\n    y text\n);\n\
         CREATE TABLE a.dropped (x integer);\n",
    )
    .unwrap();
    fs::write(
        &new,
        "CREATE UNLOGGED TABLE a.t (\n    id bigint NOT NULL,\n    y text COLLATE pg_catalog.\"C\",\n    x numeric(10,2),\n    \
         come date,\n    CONSTRAINT c CHECK ((id > 0))\n);\n",
    )
    .unwrap();
    let output = diff(&old, &new, &[]);
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stdout).unwrap();
    let (changes, totals) = text.trim_end().rsplit_once('\n').unwrap();
    // What a change means is another test's.
    let changes: Vec<&str> = changes
        .lines()
        .filter_map(|line| line.split("  [").next().and_then(|line| line.split("  (").next()))
        .collect();
    assert_eq!(
        changes,
        [
            "schema a",
            "  - table a.dropped",
            "  ~ table a.t",
            "      ~ persistence: LOGGED → UNLOGGED",
            "      ~ order: id, x, y → id, y, x",
            "      + column come: date",
            "      - column gone: text",
            "      ~ column id: type: integer → bigint",
            "      - column x: default: 0",
            "      + column y: collation: pg_catalog.\"C\"",
            "      + constraint c: CONSTRAINT c CHECK ((id > 0))",
        ]
    );
    assert!(
        totals.starts_with("changes: 3 added, 3 changed, 3 dropped; 4 breaking, 2 destructive"),
        "{totals}"
    );
}

#[test]
fn formats_and_versions_make_no_difference() {
    let Some(folder) = corpus::corpus() else { return };
    for database in ["hard", "pgdump_objects"] {
        let formats = folder.join(format!("formats/{database}.server18"));
        let created = formats.join("plain-create-clean.sql");
        for name in ["custom-gzip.dump", "custom-piped.dump", "dir-zstd", "tar.tar"] {
            assert_eq!(changes(&created, &formats.join(name)), [], "{database} {name}");
        }
        for name in [
            "plain.sql.gz",
            "plain-verbose.sql",
            "plain-quoteall.sql",
            "plain-setauth.sql",
            "plain-inserts.sql",
        ] {
            assert_eq!(changes(&formats.join("plain.sql"), &formats.join(name)), [], "{database} {name}");
        }
        let version = |major: u32| folder.join(format!("versions/{database}.server15.pg_dump{major}.sql"));
        for major in 16..=18 {
            assert_eq!(changes(&version(15), &version(major)), [], "{database} {major}");
        }
    }
}

#[test]
fn what_is_not_understood_and_what_cannot_be_read_is_no_verdict() {
    let folder = tempfile::tempdir().unwrap();
    let (odd, cut) = (folder.path().join("odd.sql"), folder.path().join("cut.sql"));
    fs::write(&odd, "CREATE SCHEMA a;\nCALL a.b();\n").unwrap();
    fs::write(&cut, "--\n-- PostgreSQL database dump\n--\n\nCREATE SCHEMA a;\n").unwrap();
    assert_eq!(diff(&odd, &odd, &[]).status.code(), Some(3));
    assert_eq!(diff(&odd, &odd, &["--allow-unclassified"]).status.code(), Some(0));
    assert_eq!(diff(&odd, &cut, &[]).status.code(), Some(2));
    assert_eq!(diff(&odd, Path::new("/nowhere"), &[]).status.code(), Some(2));
    let (one, none) = (folder.path().join("one.sql"), folder.path().join("none.sql"));
    fs::write(&one, "CREATE TABLE a.t (x integer);\n").unwrap();
    fs::write(&none, "CREATE SCHEMA a;\n").unwrap();
    assert_eq!(diff(&one, &none, &["-t", "a.t"]).status.code(), Some(1), "a table that is gone");
    assert_eq!(diff(&one, &none, &["-t", "a.u"]).status.code(), Some(2), "a pattern that nothing matches");
}

#[test]
fn secrets_are_compared_and_not_printed() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, password: &str| {
        let path = folder.path().join(name);
        let sql = format!("CREATE USER MAPPING FOR u SERVER s OPTIONS (user 'u', password '{password}');\n");
        fs::write(&path, sql).unwrap();
        path
    };
    let (one, other, placeholder) = (file("a", "hunter1"), file("b", "hunter2"), file("c", "secret removed"));
    let output = diff(&one, &other, &[]);
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains(": secret") && !text.contains("hunter"), "{text}");
    assert_eq!(diff(&one, &placeholder, &[]).status.code(), Some(0));
    let gone = folder.path().join("d");
    fs::write(&gone, "CREATE SCHEMA x;\n").unwrap();
    let json = String::from_utf8(diff(&one, &gone, &["--json"]).stdout).unwrap();
    assert!(json.contains("secret removed") && !json.contains("hunter"), "{json}");
}

/// What a logical change of the list is about: a table, a column (`schema.table.column`), an index …
fn targets(change: &serde_json::Value) -> Vec<String> {
    let words = change.as_array().unwrap();
    let target = |value: &serde_json::Value| match value {
        serde_json::Value::Array(pair) => pair[0].as_str().unwrap().to_owned(),
        text => text.as_str().unwrap().split(' ').next().unwrap().to_owned(),
    };
    words[1..].iter().map(target).collect()
}

#[test]
fn of_many_changes_none_is_missed_and_none_is_made_up() {
    let Some((_folder, pair)) = unpacked("big") else { return };
    let list: serde_json::Value =
        serde_json::from_slice(&fs::read(pair.join("changes.json")).unwrap()).unwrap();
    let list = list.as_array().unwrap();
    assert_eq!(list.len(), 976);
    let seen = changes(&pair.join("a.dump.sql"), &pair.join("b.dump.sql"));
    // Each change by every name it may have in the list: the object, its last name, the column, the part.
    let names = |(_, object, aspect): &(String, String, String)| -> Vec<String> {
        let object = object.split('(').next().unwrap();
        let object = object.rsplit(' ').next().unwrap().to_owned();
        let part = aspect.split(": ").next().unwrap().split(' ').nth(1).unwrap_or_default().to_owned();
        let last = object.split('.').next_back().unwrap().to_owned();
        vec![format!("{object}.{part}"), part, last, object]
    };
    let expected: std::collections::BTreeSet<String> = list.iter().flat_map(targets).collect();
    for change in &seen {
        assert!(names(change).iter().any(|name| expected.contains(name)), "not in the list: {change:?}");
    }
    let reported: std::collections::BTreeSet<String> = seen.iter().flat_map(names).collect();
    let missed: Vec<_> =
        list.iter().filter(|change| !targets(change).iter().any(|name| reported.contains(name))).collect();
    assert!(missed.is_empty(), "{missed:?}");
}

#[test]
fn a_dump_is_no_other_than_itself() {
    let Some(folder) = corpus::corpus() else { return };
    let mut dumps = Vec::new();
    for part in ["real", "versions", "regression", "formats/hard.server18", "formats/pgdump_objects.server18"]
    {
        dumps.extend(fs::read_dir(folder.join(part)).unwrap().map(|entry| entry.unwrap().path()));
    }
    // A list of contents is no dump.
    dumps.retain(|path| path.file_name().is_some_and(|name| name != "toc.txt"));
    assert!(dumps.len() > 60, "{}", dumps.len());
    for dump in dumps {
        let output = diff(&dump, &dump, &[]);
        let said = String::from_utf8_lossy(&output.stdout);
        assert_eq!(
            (output.status.code(), said.as_ref()),
            (Some(0), "no differences\n"),
            "{}",
            dump.display()
        );
    }
}

#[test]
fn what_leaves_nothing_behind_is_no_difference() {
    let folder = tempfile::tempdir().unwrap();
    let (plain, busy) = (folder.path().join("plain.sql"), folder.path().join("busy.sql"));
    let table = "CREATE TABLE public.t (a integer);\n";
    fs::write(&plain, table).unwrap();
    for statement in [
        "RESET ALL",
        "RESET search_path",
        "RESET TIME ZONE",
        "RESET ROLE",
        "DISCARD ALL",
        "DISCARD TEMP",
        "SET SCHEMA 'public'",
        "SET LOCAL statement_timeout = 0",
        "SET SESSION statement_timeout TO 0",
        "SET TIME ZONE 'UTC'",
        "SET NAMES 'utf8'",
        "SET a.b = 'x'",
        "SET search_path TO DEFAULT",
        "SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE",
        "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE",
        "SET CONSTRAINTS ALL DEFERRED",
        "SET LOCAL ROLE postgres",
        "SET SESSION AUTHORIZATION DEFAULT",
        "SET XML OPTION CONTENT",
        "ANALYZE",
        "ANALYZE VERBOSE public.t (a)",
        "VACUUM",
        "VACUUM (FULL, VERBOSE) public.t",
        "CHECKPOINT",
        "SHOW server_version",
        "SELECT 1",
        "SELECT 1 AS one, 'x'",
        "SELECT now()",
        "SELECT pg_catalog.version()",
        "SELECT count(*) FROM public.t",
        "BEGIN",
        "BEGIN ISOLATION LEVEL SERIALIZABLE",
        "START TRANSACTION READ WRITE",
        "COMMIT",
        "END",
        "LISTEN x",
        "UNLISTEN *",
        "NOTIFY x, 'y'",
        "DEALLOCATE ALL",
        "LOCK TABLE public.t IN EXCLUSIVE MODE",
        "REINDEX TABLE public.t",
        "LOAD 'plpgsql'",
        "CLUSTER",
    ] {
        fs::write(&busy, format!("{statement};\n{table}{statement};\n")).unwrap();
        for (old, new) in [(&busy, &busy), (&plain, &busy)] {
            let output = diff(old, new, &[]);
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!((output.status.code(), said.as_str()), (Some(0), ""), "{statement}");
        }
    }
    for statement in [
        "SELECT create_hypertable('t', 'a')",
        "SELECT * INTO x FROM public.t",
        "SELECT public.now()",
        "CLUSTER public.t USING i",
        "SELECT set_config('search_path', x, false)",
        "DO $$ begin end $$",
        "EXPLAIN ANALYZE DELETE FROM public.t",
    ] {
        fs::write(&busy, format!("{table}{statement};\n")).unwrap();
        assert_eq!(diff(&busy, &busy, &[]).status.code(), Some(3), "{statement}");
    }
}

#[test]
fn texts_in_two_encodings_are_no_verdict() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, bytes: &[u8]| {
        fs::write(folder.path().join(name), bytes).unwrap();
        folder.path().join(name)
    };
    let latin =
        file("latin.sql", b"SET client_encoding = 'LATIN1';\nCREATE TABLE public.gr\xf6\xdfe (a integer);\n");
    let utf8 = file(
        "utf8.sql",
        "SET client_encoding = 'UTF8';\nCREATE TABLE public.größe (a integer);\n".as_bytes(),
    );
    let output = diff(&latin, &utf8, &[]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(3) && said.contains("LATIN1 and UTF8"), "{said}");
    assert_eq!(diff(&latin, &latin, &[]).status.code(), Some(0));
    let plain = |encoding: &str| {
        file(
            encoding,
            format!("SET client_encoding = '{encoding}';\nCREATE TABLE public.t (a integer);\n").as_bytes(),
        )
    };
    assert_eq!(diff(&plain("LATIN1"), &plain("UTF8"), &[]).status.code(), Some(0));
    for pattern in ["*", "gr*", "gr??e", "größe"] {
        assert_eq!(diff(&latin, &latin, &["-t", pattern]).status.code(), Some(0), "{pattern}");
    }
    assert_eq!(diff(&latin, &latin, &["-t", "gr?e"]).status.code(), Some(2));
}

/// What differs between two texts: the object's changes by aspect, with their rules.
fn told(old: &str, new: &str) -> Vec<(String, String)> {
    let folder = tempfile::tempdir().unwrap();
    let [old, new] = [("old.sql", old), ("new.sql", new)].map(|(name, text)| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path
    });
    let output = diff(&old, &new, &["--json"]);
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let text = |change: &serde_json::Value, key: &str| change[key].as_str().unwrap().to_owned();
    let changes = json["changes"].as_array().unwrap().iter();
    changes.map(|change| (text(change, "aspect"), text(change, "rule"))).collect()
}

#[test]
fn the_same_written_otherwise_is_no_difference() {
    let long = ["a".repeat(40), "b".repeat(30)];
    let cut = format!("{}_{}_not_null", &long[0][..27], &long[1][..26]);
    let of_18 = format!("CREATE TABLE a.{} ({} integer CONSTRAINT {cut} NOT NULL);", long[0], long[1]);
    let sequence = |of_type: &str| {
        format!(
            "CREATE TABLE a.t (i integer);\nCREATE SEQUENCE a.s\n    {of_type}START WITH 1;\n\
             ALTER SEQUENCE a.s OWNED BY a.t.i;"
        )
    };
    let instant = |text: &str| format!("CREATE VIEW a.v AS SELECT '{text}'::timestamp with time zone AS x;");
    let range = |text: &str| format!("CREATE VIEW a.v AS SELECT '[\"{text}\",)'::tstzrange AS x;");
    for (old, new) in [
        (
            include_str!("diff/by_hand.sql").to_owned(),
            include_str!("diff/by_pg_dump.sql").to_owned(),
        ),
        (instant("2018-01-01 01:00:00+01"), instant("2018-01-01 00:00:00+00")),
        (range("2018-01-01 00:30:00.5-03:30"), range("2018-01-01 04:00:00.5+00")),
        (of_18.clone(), of_18.replace(&format!("CONSTRAINT {cut} "), "")),
        (sequence(""), sequence("AS integer\n    ")),
        (
            "CREATE TABLE a.t (i integer); ALTER TABLE a.t ENABLE ROW LEVEL SECURITY; ALTER TABLE a.t DISABLE ROW LEVEL SECURITY;"
                .to_owned(),
            "CREATE TABLE a.t (i integer);".to_owned(),
        ),
    ] {
        assert_eq!(told(&old, &new), [], "{old}\n{new}");
        assert_eq!(told(&new, &old), [], "{old}\n{new}");
    }
    // What the type of a sequence is, is known where its column has another, or the dump has types of sequences.
    let other = sequence("").replace("i integer", "i bigint");
    assert!(
        told(&other, &sequence("AS integer\n    "))
            .contains(&("type".to_owned(), "sequence-narrowed".to_owned()))
    );
    assert_eq!(told(&instant("2018-01-01 01:00:00+01"), &instant("2018-01-01 01:00:00+00")).len(), 1);
}

#[test]
fn an_extension_changes_nothing_of_an_old_dumps_children() {
    let old = "SET search_path = public, pg_catalog;\nCREATE TABLE p (id integer);\n\
        CREATE TABLE c (CONSTRAINT k CHECK (((id % 10) = 1))\n)\nINHERITS (p);\n";
    let new = format!("CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA public;\n{old}");
    assert_eq!(told(old, &new), [(String::new(), "extension-added".to_owned())]);
    // Where the path counts, it is told in words.
    let old = "SET search_path = public, pg_catalog;\nCREATE TABLE c (id public.citext, CONSTRAINT k CHECK (((id % 10) = 1)));\n";
    let new = format!("CREATE EXTENSION IF NOT EXISTS citext WITH SCHEMA public;\n{old}");
    let folder = tempfile::tempdir().unwrap();
    let paths = ["old.sql", "new.sql"].map(|name| folder.path().join(name));
    fs::write(&paths[0], old).unwrap();
    fs::write(&paths[1], new).unwrap();
    let said = String::from_utf8_lossy(&diff(&paths[0], &paths[1], &[]).stdout).into_owned();
    assert!(
        said.contains("session: search_path = public, pg_catalog") && !said.contains("Session {"),
        "{said}"
    );
}

#[test]
fn columns_from_a_type_or_a_parent_are_there_on_both_sides() {
    let told = |old: &str, new: &str| -> Vec<String> {
        told(old, new).into_iter().map(|(aspect, rule)| format!("{aspect}: {rule}")).collect()
    };
    let of = |rest: &str| format!("CREATE TYPE a.ty AS (c integer, d text); CREATE TABLE a.t {rest};");
    let (bare, plain) = (of("OF a.ty"), of("(c int, d text)"));
    let with = of("OF a.ty (c WITH OPTIONS DEFAULT 1 NOT NULL)");
    let said = ["column c: default: column-default-added", "column c: not null: column-not-null-added"];
    assert_eq!(told(&bare, &with), said);
    assert_eq!(told(&plain, &bare), ["of type: table-type-changed"]);
    assert_eq!(told(&bare, &plain), ["of type: table-type-changed"]);
    assert_eq!(told(&plain, &with), [&["of type: table-type-changed"], &said[..]].concat());
    let other = of("(c bigint, d text)");
    assert!(told(&other, &bare).contains(&"column c: type: column-type-narrowed".to_owned()));

    let inherited = "CREATE TABLE a.p (id integer NOT NULL); CREATE TABLE a.t (\n)\nINHERITS (a.p); \
        ALTER TABLE ONLY a.t ALTER COLUMN id SET DEFAULT 7;";
    let own = "CREATE TABLE a.p (id integer NOT NULL); CREATE TABLE a.t (id integer DEFAULT 7 NOT NULL)\nINHERITS (a.p);";
    assert_eq!(told(inherited, own), ["column id: inherited: inherited-changed"]);
    assert_eq!(told(own, inherited), ["column id: inherited: inherited-changed"]);
    let nullable = own.replace(" NOT NULL)\nINHERITS", ")\nINHERITS");
    assert!(told(inherited, &nullable).len() < 3);
}
