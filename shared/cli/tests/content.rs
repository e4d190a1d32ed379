//! The rows of a database have the same count and hash out of a dump of any format, and out of the server itself.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    reason = "a test that cannot go on panics, and says why it is skipped"
)]

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use cli::{DataWanted, read_dump};
use dump::{ByteHasher, Content, Dump, ReadOptions};
use scratch::{Cluster, Programs};

/// What the rows of each table come to, and the length and hash of each large object.
#[derive(Debug, Default, PartialEq)]
struct Rows {
    tables: BTreeMap<String, Content>,
    large_objects: BTreeMap<u32, (u64, u128)>,
}

impl Rows {
    /// Tables without rows are left out: INSERTs do not mention them.
    fn of(dump: &Dump) -> Rows {
        let mut rows = Rows::default();
        for database in &dump.databases {
            for (address, table) in &database.data.tables {
                assert_eq!(table.expressions, 0, "{address}");
                if table.content.rows > 0 {
                    assert!(rows.tables.insert(address.to_string(), table.content).is_none());
                }
            }
            for (number, object) in &database.data.large_objects {
                rows.large_objects.insert(*number, object.content.expect("a large object with data"));
            }
        }
        rows
    }

    fn read(path: &Path) -> Rows {
        let dump = read_dump(path, ReadOptions::default(), DataWanted::Content);
        let dump = dump.unwrap_or_else(|failure| panic!("{}: {failure:?}", path.display()));
        assert!(dump.disagreements.is_empty(), "{}: {:?}", path.display(), dump.disagreements);
        assert_eq!(dump.ledger.total(), dump.bytes, "{}", path.display());
        Rows::of(&dump)
    }

    #[track_caller]
    fn assert_same(&self, other: &Rows, name: &str) {
        assert_eq!(self.large_objects, other.large_objects, "{name}");
        for table in self.tables.keys().chain(other.tables.keys()) {
            assert_eq!(self.tables.get(table), other.tables.get(table), "{name}: {table}");
        }
    }
}

fn corpus() -> Option<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus");
    let folder = std::env::var_os("PGDUMPKIT_CORPUS").map_or(here, PathBuf::from);
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("skipped: no corpus at {}", folder.display());
    None
}

#[test]
fn every_format_and_option_has_the_same_content() {
    let Some(corpus) = corpus() else { return };
    for (name, dumps) in [
        ("hard.server18", 24),
        ("pgdump_objects.server18", 24),
        ("hard.server15", 3),
        ("pgdump_objects.server15", 3),
    ] {
        let folder = corpus.join("formats").join(name);
        let expected = Rows::read(&folder.join("plain.sql"));
        assert!(expected.tables.len() > 6 && !expected.large_objects.is_empty(), "{expected:?}");
        let mut seen = 0;
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let file = path.file_name().unwrap().to_str().unwrap();
            if ["toc.txt", "globals", "section-p"].iter().any(|part| file.contains(part)) {
                continue;
            }
            expected.assert_same(&Rows::read(&path), &path.display().to_string());
            seen += 1;
        }
        assert_eq!(seen, dumps, "{name}");
    }
}

/// Values that are written in ways of their own, or look like something else.
const ODD: &str = r#"
CREATE SCHEMA "Odd; schema";
CREATE TYPE mood AS ENUM ('sad', 'it''s', '(,)');
CREATE TYPE pair AS (a integer, b text);
CREATE DOMAIN amount AS numeric(20, 4);
CREATE DOMAIN yes AS boolean;
CREATE TABLE numbers (a smallint, b integer, c bigint, d numeric, e real, f double precision, g oid, h amount, i money);
INSERT INTO numbers VALUES
    (-32768, -2147483648, -9223372036854775808, 'NaN', 'NaN', 'NaN', 0, -1, -92233720368547758.08),
    (32767, 2147483647, 9223372036854775807, 1e100, 'Infinity', '-Infinity', 4294967295, 1.5, 1234.5),
    (0, 0, 0, -0.0000000001, '-0', '-0', 1, 0, 0),
    (1, -1, 1, 123456789012345678901234567890.123456789, 1.17549435e-38, 4.9406564584124654e-324, 2, NULL, NULL),
    (1, -1, 1, -1e-100, -3.4028235e38, 1.7976931348623157e308, 2, 3, 4),
    (NULL, NULL, NULL, NULL, 1e20, -1e-20, NULL, NULL, NULL);
CREATE TABLE "Odd; schema"."Te""xts" (id serial PRIMARY KEY, "select" text, "a,b" varchar, "on" char(5), "char" "char", n name);
INSERT INTO "Odd; schema"."Te""xts" ("select", "a,b", "on", "char", n) VALUES
    (NULL, '', '', NULL, ''), ('', NULL, 'x', 'y', 'NULL'), ('\N', '\\N', 'a', '\', '\'),
    (E'a\tb\nc\rd\be\ff\vg', E'\\.', E'\n', E'\t', 'x'), (E'\\.\n\\.\n', E'\n', '''', '''', 'it''s'),
    ('NULL', 'DEFAULT', 'true', 't', 'x'), ('); DROP TABLE x; --', '/* $$ */', '$a$', '"', '), ('),
    (E'\x01\x02\x7f', U&'\2028\0085\00a0\FEFF', 'äöü', NULL, '𝕊'), (E'trail\\', E'\\\\', E'\\''', E'\\', E'\\n'),
    (repeat('long ''and'' \ ', 20000), repeat(E'\n', 3000), NULL, NULL, NULL), (E'\r\n', E'\r', E'\r', NULL, NULL),
    ('COPY t FROM stdin;', E'-- x\n\\connect y', ' lead', ' ', ' ');
CREATE TABLE bits (a bit(3), b varbit, c boolean, d bytea, e yes, f uuid, g inet);
INSERT INTO bits VALUES
    (B'101', B'', true, '\x', false, NULL, '::1'),
    (NULL, B'1111111111', NULL, '\xdeadbeef00ff5c', NULL, NULL, NULL),
    (B'000', NULL, false, convert_to('text', 'UTF8'), true, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '10.0.0.0/8');
CREATE TABLE many (a integer[], b text[], c pair, d pair[], e int4range, f jsonb, g json, i mood, j mood[], k tsvector, l point);
INSERT INTO many VALUES
    ('{1,NULL,-3}', ARRAY['a,b', '"', NULL, 'NULL', '\', '', E'\n'], (1, 'x,"y'), ARRAY[(1, NULL)::pair, (NULL, '\')::pair],
        '[1,10)', '{"a": "\\ \n \" ''"}', E'{"a" :\n\t1}', 'it''s', '{sad,"(,)"}', 'a:1 ''b c'':2', '(1,-2.5)'),
    ('{}', '{}', NULL, '{}', 'empty', 'null', '[]', NULL, '{}', '', '(NaN,Infinity)'),
    ('[-1:0]={1,2}', '{{a,b},{c,d}}', (NULL, NULL), NULL, NULL, '"x"', '1', NULL, NULL, NULL, NULL);
CREATE TABLE times (a date, b time, c timetz, d timestamp, e timestamptz, f interval);
INSERT INTO times VALUES
    ('infinity', '24:00', '00:00-11:30', '-infinity', '2026-11-21 12:00:00.123456+05:45', '-1 year 2 days -03:00:00.5'),
    ('0044-03-15 BC', NULL, NULL, '294276-12-31 23:59:59.999999', '4713-01-01 00:00:00 BC', '0');
CREATE TABLE made (a integer, b integer GENERATED ALWAYS AS (a * 2) STORED, c text,
    d text GENERATED ALWAYS AS (c || '!') STORED);
INSERT INTO made (a, c) VALUES (1, 'x'), (NULL, NULL), (3, E'\t');
CREATE TABLE only_made (a integer GENERATED ALWAYS AS (1) STORED);
INSERT INTO only_made VALUES (DEFAULT), (DEFAULT);
CREATE TABLE identity (id bigint GENERATED ALWAYS AS IDENTITY, o integer GENERATED BY DEFAULT AS IDENTITY, t text);
INSERT INTO identity (t) SELECT 'row ' || i FROM generate_series(1, 100) i;
CREATE TABLE nothing ();
INSERT INTO nothing DEFAULT VALUES;
INSERT INTO nothing DEFAULT VALUES;
INSERT INTO nothing DEFAULT VALUES;
CREATE TABLE empty (a integer);
CREATE TABLE same (a text);
INSERT INTO same SELECT 'same' FROM generate_series(1, 50);
INSERT INTO same SELECT NULL FROM generate_series(1, 3);
CREATE TABLE dropped (a integer, b text, c integer);
INSERT INTO dropped VALUES (1, 'gone', 2), (3, 'gone', 4);
ALTER TABLE dropped DROP COLUMN b;
ALTER TABLE dropped ADD COLUMN d text DEFAULT 'new';
CREATE TABLE child (e text) INHERITS (dropped);
INSERT INTO child VALUES (5, 6, 'd', 'e');
CREATE TABLE parted (a integer, b text) PARTITION BY LIST (a);
CREATE TABLE part_two (b text, a integer);
ALTER TABLE parted ATTACH PARTITION part_two FOR VALUES IN (2);
CREATE TABLE part_one PARTITION OF parted FOR VALUES IN (1);
INSERT INTO parted VALUES (1, 'one'), (2, 'two'), (1, NULL);
CREATE TABLE big (id integer, t text);
INSERT INTO big SELECT i, md5(i::text) || chr(9 + i % 5) FROM generate_series(1, 20000) i;
SELECT lo_from_bytea(42, '\x'), lo_from_bytea(3000000000, '\x00ff5c27'),
    lo_from_bytea(43, decode(repeat('0a5c', 40000), 'hex'));
"#;

const DATABASE: &str = "odd";

/// Starts a server with the odd database, or says why the test is skipped.
fn cluster() -> Option<Cluster> {
    let Some(programs) = Programs::find_optional().unwrap() else {
        eprintln!("skipped: no PostgreSQL server found");
        return None;
    };
    let cluster = Cluster::start(&programs).unwrap();
    cluster.create_database(DATABASE).unwrap();
    cluster.psql_script(DATABASE, ODD.as_bytes()).unwrap();
    Some(cluster)
}

fn query(cluster: &Cluster, sql: &str) -> Vec<u8> {
    let mut command = cluster.command("psql");
    command.env("PGDATABASE", DATABASE).env("PGCLIENTENCODING", "UTF8");
    let output = command.args(["-X", "-q", "-A", "-t", "-c", sql]).output().unwrap();
    assert!(output.status.success(), "{sql}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// What the server itself says of its rows.
fn rows_of_server(cluster: &Cluster) -> Rows {
    let mut rows = Rows::default();
    let tables = "SELECT format('%I.%I', nspname, relname) FROM pg_class \
        JOIN pg_namespace n ON n.oid = relnamespace \
        WHERE relkind = 'r' AND nspname IN ('public', 'Odd; schema')";
    for table in String::from_utf8(query(cluster, tables)).unwrap().lines() {
        let mut content = Content::default();
        content.add_lines(&query(cluster, &format!("COPY {table} TO STDOUT")));
        if content.rows > 0 {
            rows.tables.insert(format!("table {table}"), content);
        }
    }
    let objects = "SELECT oid, encode(lo_get(oid), 'hex') FROM pg_largeobject_metadata";
    for line in String::from_utf8(query(cluster, objects)).unwrap().lines() {
        let (number, digits) = line.split_once('|').unwrap();
        let starts = (0..digits.len()).step_by(2);
        let bytes: Vec<u8> = starts.map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect();
        let mut hasher = ByteHasher::default();
        hasher.add(&bytes);
        rows.large_objects.insert(number.parse().unwrap(), hasher.finish());
    }
    rows
}

fn pg_dump(cluster: &Cluster, arguments: &[&str]) -> Command {
    let mut command = cluster.command("pg_dump");
    command.env("PGDATABASE", DATABASE).args(arguments);
    command
}

fn good(command: &mut Command) {
    let output = command.stderr(Stdio::piped()).spawn().unwrap().wait_with_output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

const WAYS: [&str; 13] = [
    "-Fp",
    "-Fp --quote-all-identifiers",
    "-Fp -C -c --if-exists",
    "-Fp -v",
    "-Fp -Z6",
    "-Fp --use-set-session-authorization",
    "-Fc",
    "-Fc -Z0",
    "-Fc -v",
    "-Ft",
    "-Fd",
    "-Fd -j2",
    "-Fd -Z0",
];

const INSERTS: [&str; 6] = [
    "",
    "--inserts",
    "--column-inserts",
    "--rows-per-insert=7",
    "--rows-per-insert=7 --column-inserts",
    "--inserts --on-conflict-do-nothing",
];

#[test]
fn dumps_have_the_content_that_the_server_has() {
    let Some(cluster) = cluster() else { return };
    let folder = tempfile::tempdir().unwrap();
    let expected = rows_of_server(&cluster);
    assert_eq!((expected.tables.len(), expected.large_objects.len()), (15, 3), "{expected:?}");
    assert_eq!(expected.large_objects[&43].0, 80_000);

    let mut number = 0;
    for way in WAYS {
        // With the usual formats each way to write rows.
        let all = ["-Fp", "-Fc", "-Ft", "-Fd -j2"].contains(&way);
        for inserts in if all { &INSERTS[..] } else { &INSERTS[..1] } {
            let arguments: Vec<&str> = way.split(' ').chain(inserts.split_whitespace()).collect();
            number += 1;
            let path = folder.path().join(number.to_string());
            good(pg_dump(&cluster, &arguments).arg("-f").arg(&path));
            expected.assert_same(&Rows::read(&path), &format!("{way} {inserts}"));
        }
    }
    for way in ["-Fp", "-Fc", "-Fc -Z0", "-Ft"] {
        let arguments: Vec<&str> = way.split(' ').collect();
        let (piped, stored) = (folder.path().join("piped"), folder.path().join("stored"));
        good(pg_dump(&cluster, &arguments).stdout(File::create(&stored).unwrap()));
        expected.assert_same(&Rows::read(&stored), &format!("{way} > file"));
        fs::write(&piped, cluster.pg_dump(DATABASE, &arguments).unwrap()).unwrap();
        expected.assert_same(&Rows::read(&piped), &format!("{way} | cat > file"));
    }
}

/// From 16 on, `pg_dump -Fc > file` appends the table of contents that was to replace the first one.
#[test]
fn the_table_of_contents_behind_the_data() {
    let Some(cluster) = cluster() else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("stored");
    let arguments = ["-Fc", "-T", "big", "-T", "\"Odd; schema\".*"];
    good(pg_dump(&cluster, &arguments).stdout(File::create(&path).unwrap()));
    let piped = cluster.pg_dump(DATABASE, &arguments).unwrap();
    let stored = fs::read(&path).unwrap();
    let expected = Rows::read(&path);
    assert_eq!(expected.tables.len(), 13);
    let major = cluster.programs().major();
    if major < 16 {
        assert_eq!(stored.len(), piped.len());
        eprintln!("skipped: pg_dump {major} appends nothing, set PGDUMPKIT_PG_BINDIR to a newer one");
        return;
    }
    let end = piped.len();
    assert!(stored.len() > end + 1000, "{} {end}", stored.len());
    let read = |bytes: &[u8]| {
        fs::write(&path, bytes).unwrap();
        read_dump(&path, ReadOptions::default(), DataWanted::Content)
    };
    expected.assert_same(&Rows::of(&read(&stored[..end]).unwrap()), "cut off");
    for cut in (end + 1..stored.len()).step_by(97).chain([stored.len() - 1]) {
        let failure = read(&stored[..cut]).expect_err("cut in the second table of contents");
        assert!(format!("{failure:?}").contains("stored"), "{failure:?}");
    }
    assert!(read(&[&stored[..], b"\0"].concat()).is_err());
    // The number of entries, and the first of them.
    for at in end..end + 40 {
        let mut damaged = stored.clone();
        damaged[at] ^= 1;
        if let Ok(dump) = read(&damaged) {
            // The sign of a number that is zero.
            assert_eq!(stored[at..at + 5], [0; 5], "{at}");
            expected.assert_same(&Rows::of(&dump), "flipped");
        }
    }
}
