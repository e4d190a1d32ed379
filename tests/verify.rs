//! `pgdump-verify` as a user runs it, on real servers.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    missing_docs,
    reason = "a test that cannot go on panics, and says why it is skipped"
)]

#[path = "corpus.rs"]
mod corpus;

use std::fs;
use std::path::Path;
use std::thread;

use scratch::{Cluster, Programs};
use serde_json::Value;

const PROGRAM: &str = env!("CARGO_BIN_EXE_pgdump-verify");

/// A database with something of everything that rows can be: enough to damage.
const DATABASE: &str = r"
CREATE ROLE shopkeeper;
CREATE SCHEMA shop AUTHORIZATION shopkeeper;
CREATE TABLE shop.goods (id integer PRIMARY KEY, name text NOT NULL, price numeric(8, 2));
INSERT INTO shop.goods SELECT n, 'good ' || n, n * 1.25 FROM generate_series(1, 500) n;
ALTER TABLE shop.goods OWNER TO shopkeeper;
CREATE TABLE shop.sold (good integer REFERENCES shop.goods, at date, note text);
INSERT INTO shop.sold SELECT n % 500 + 1, date '2024-01-01' + n, E'tab\t and \\N' FROM generate_series(1, 900) n;
CREATE INDEX sold_at ON shop.sold (at);
CREATE TABLE shop.days (day date NOT NULL) PARTITION BY RANGE (day);
CREATE TABLE shop.days_1 PARTITION OF shop.days FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
INSERT INTO shop.days VALUES ('2024-02-29');
CREATE MATERIALIZED VIEW shop.summary AS SELECT count(*) FROM shop.sold;
CREATE SEQUENCE shop.numbers;
SELECT nextval('shop.numbers'), nextval('shop.numbers');
SELECT lo_from_bytea(4242, decode(repeat('00ff5c27', 200000), 'hex'));
";

fn programs() -> Option<Programs> {
    let programs = Programs::find_optional().unwrap();
    if programs.is_none() {
        eprintln!("skipped: no PostgreSQL server programs");
    }
    programs
}

/// Runs the program on a backup; returns its exit code and the report on it.
fn verify(backup: &Path, arguments: &[&str]) -> (i32, Value) {
    let arguments = [&[backup.to_str().unwrap(), "--json"], arguments].concat();
    let output = corpus::run(Path::new(PROGRAM), &arguments, b"");
    let stderr = String::from_utf8_lossy(&output.stderr);
    let run: Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{arguments:?}: {stderr}"));
    (output.status.code().unwrap(), run["backups"][0].clone())
}

/// What was found, tables included, as `verdict: what: why`.
fn findings(report: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let tables = report["tables"].as_array().unwrap().iter();
    let tables = tables.filter(|table| table["verdict"] != "verified").map(|table| (table, &table["table"]));
    let findings = report["findings"].as_array().unwrap().iter().map(|finding| (finding, &finding["what"]));
    tables
        .chain(findings)
        .map(|(one, what)| format!("{}: {}: {}", text(&one["verdict"]), text(what), text(&one["why"])))
        .collect()
}

fn assert_verified(backup: &Path, arguments: &[&str]) -> Value {
    let (code, report) = verify(backup, arguments);
    assert_eq!(findings(&report), Vec::<String>::new(), "{}", backup.display());
    assert_eq!(code, 0, "{}", backup.display());
    report
}

#[test]
fn every_format_of_a_healthy_backup_is_verified() {
    let Some(programs) = programs() else { return };
    let cluster = Cluster::start(&programs).unwrap();
    cluster.create_database("shop").unwrap();
    cluster.psql_script("shop", DATABASE.as_bytes()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let formats = [
        ("plain.sql", &["-Fp"][..]),
        ("create.sql", &["-Fp", "--create", "--clean"]),
        ("owner.sql", &["-Fp", "--use-set-session-authorization"]),
        ("noowner.sql", &["-Fp", "--no-owner"]),
        ("inserts.sql", &["-Fp", "--inserts"]),
        ("columns.sql", &["-Fp", "--column-inserts", "--rows-per-insert=50"]),
        ("root.dump", &["-Fc", "--load-via-partition-root"]),
        ("custom.dump", &["-Fc"]),
        ("plain.gz", &["-Fp", "-Z6"]),
        ("tar.tar", &["-Ft"]),
        ("directory", &["-Fd"]),
    ];
    let one = |(name, arguments): (&str, &[&str])| {
        let path = folder.path().join(name);
        let arguments = [arguments, &["-f", path.to_str().unwrap()]].concat();
        cluster.pg_dump("shop", &arguments).unwrap();
        // Each of them takes a server of its own, a full one a pg_dump as well.
        let full = ["plain.sql", "inserts.sql", "directory"].contains(&name);
        let report = assert_verified(&path, &["--level", if full { "full" } else { "restore" }]);
        assert_eq!(report["compared_with_source"], false);
        let goods = report["tables"].as_array().unwrap().iter().find(|table| table["table"] == "shop.goods");
        assert_eq!(goods.unwrap()["actual"]["rows"], 500, "{name}");
        let seconds = |of: &str| goods.unwrap()[of].as_f64().unwrap();
        assert!(seconds("load_seconds") > 0. && seconds("compare_seconds") > 0., "{name}: {report:#}");
        assert_eq!(goods.unwrap()["actual"]["hash"], goods.unwrap()["expected"]["hash"], "{name}");
        assert_verified(&path, &["--level", "file"]);
    };
    let (first, second) = formats.split_at(formats.len() / 2);
    thread::scope(|scope| {
        scope.spawn(|| first.iter().copied().for_each(&one));
        second.iter().copied().for_each(&one);
    });
    let notes = assert_verified(&folder.path().join("plain.sql"), &[])["notes"].to_string();
    assert!(notes.contains("stand in for those of the backup: postgres, shopkeeper"), "{notes}");
    // What comes through a pipe is read several times all the same.
    let plain = fs::read(folder.path().join("plain.sql")).unwrap();
    let output = corpus::run(Path::new(PROGRAM), &["-"], &plain);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.ends_with("\nverified\n") && text.contains("equality with the source was not checked"),
        "{text}"
    );

    damages(&plain, folder.path());
}

/// Damages a plain dump; every damage has to be found and named.
fn damages(plain: &[u8], folder: &Path) {
    let plain = std::str::from_utf8(plain).unwrap();
    let rows = plain.find("COPY shop.goods").unwrap();
    let first_row = rows + plain[rows..].find('\n').unwrap() + 1;
    let second_row = first_row + plain[first_row..].find('\n').unwrap() + 1;
    let first = &plain[first_row..second_row];
    let replaced = |from: &str, to: &str| {
        assert!(plain.contains(from), "{from}");
        plain.replacen(from, to, 1)
    };
    let cases: [(&str, String, &str); 12] = [
        ("cut in a COPY", plain[..second_row + 100].to_owned(), "no closing"),
        ("cut at a row", plain[..second_row].to_owned(), "no closing"),
        ("cut before indexes", plain[..plain.find("Type: CONSTRAINT").unwrap()].to_owned(), "dump complete"),
        ("row doubled", replaced(first, &first.repeat(2)), "goods_pkey"),
        ("row without a column", replaced(first, "1\tgood 1\n"), "shop.goods"),
        ("row removed that others need", replaced(first, ""), "sold_good_fkey"),
        ("value of another type", replaced(first, "x\tgood 1\t1.25\n"), "shop.goods"),
        ("rows end early", replaced(first, &format!("\\.\n{first}")), "within the statement that begins at"),
        ("table missing", replaced("CREATE TABLE shop.sold", "CREATE TABLE shop.bought"), "shop.sold"),
        ("column missing", replaced("    note text\n", "    nothing text\n"), "shop.sold"),
        (
            "meta-command",
            replaced("\nSET row_security", "\n\\! touch canary\nSET row_security"),
            "meta-command",
        ),
        ("nothing", String::new(), "empty"),
    ];
    for (name, text, found) in cases {
        let path = folder.join("damaged.sql");
        fs::write(&path, text).unwrap();
        let (code, report) = verify(&path, &[]);
        let findings = findings(&report);
        assert_eq!(code, 1, "{name}: {findings:#?}");
        assert!(
            findings.iter().any(|one| one.starts_with("bad: ") && one.contains(found)),
            "{name}: {findings:#?}"
        );
    }
    let (code, report) = {
        let path = folder.join("damaged.sql");
        fs::write(&path, replaced(first, "1\tgood 1\n")).unwrap();
        verify(&path, &["--level", "file"])
    };
    assert_eq!(code, 1);
    assert_eq!(findings(&report), ["bad: shop.goods: row 1: 2 columns instead of 3"]);

    // A data-only dump lacks its tables, which is no damage.
    let begin = plain.find("\nCOPY ").unwrap();
    let end = begin + plain[begin..].find("\n\\.\n").unwrap() + 4;
    let path = folder.join("data.sql");
    fs::write(&path, &plain[begin..end]).unwrap();
    let (code, report) = verify(&path, &[]);
    assert_eq!(code, 3, "{:#?}", findings(&report));
}

#[test]
fn a_copy_that_is_not_what_the_backup_says_is_told() {
    let Some(programs) = programs() else { return };
    let cluster = Cluster::start(&programs).unwrap();
    cluster.create_database("shop").unwrap();
    let sql = "CREATE ROLE keeper; CREATE ROLE reader; CREATE TABLE public.goods (id integer PRIMARY KEY, kind varchar(9) \
               CHECK (kind IN ('a', 'b'))); COMMENT ON TABLE public.goods IS 'all of them'; GRANT SELECT ON public.goods \
               TO reader; ALTER TABLE public.goods OWNER TO keeper; INSERT INTO public.goods VALUES (1, 'a'), (2, NULL);";
    cluster.psql_script("shop", sql.as_bytes()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dump.sql");
    let dump = String::from_utf8(cluster.pg_dump("shop", &[]).unwrap()).unwrap();
    fs::write(&path, &dump).unwrap();
    assert_verified(&path, &["--level", "full"]);

    // What a block of code does is in no statement.
    let grant = dump.find("GRANT SELECT").unwrap();
    for (code, found) in [
        ("ALTER TABLE public.goods ADD CONSTRAINT positive CHECK (id > 0)", "constraint positive"),
        ("COMMENT ON TABLE public.goods IS ''some''", "comment: expected 'all of them'; actual 'some'"),
        ("GRANT INSERT ON public.goods TO reader", "privilege reader"),
        ("ALTER TABLE public.goods ALTER kind SET DEFAULT ''b''", "column kind: default"),
    ] {
        let code = format!("DO $$BEGIN EXECUTE '{code}'; END$$;\n");
        fs::write(&path, [&dump[..grant], &code, &dump[grant..]].concat()).unwrap();
        let (exit, report) = verify(&path, &["--level", "full"]);
        let findings = findings(&report);
        assert_eq!(exit, 1, "{code}: {report:#}");
        assert!(
            findings.iter().any(|one| one.contains("public.goods") && one.contains(found)),
            "{findings:#?}"
        );
        let all = report["findings"].as_array().unwrap();
        assert!(all.iter().any(|one| one["difference"]["attribute"].is_string()), "{report:#}");
    }

    fs::write(&path, &dump).unwrap();
    let ask = |sql: &str, value: &str| {
        let (exit, report) = verify(&path, &["--assert", sql, "--equals", value]);
        (exit, findings(&report))
    };
    assert_eq!(ask("SELECT count(*) FROM goods", "2"), (0, vec![]));
    assert_eq!(ask("SELECT kind FROM goods WHERE id = 2", "NULL"), (0, vec![]));
    let sql = "SELECT max(id) FROM goods";
    let (exit, found) = ask(sql, "-3");
    assert_eq!((exit, found), (1, vec![format!("bad: assertion: {sql}: expected -3; actual 2")]));
    for sql in
        ["DELETE FROM goods RETURNING 1", "SELECT pg_read_file('/etc/passwd')", "SELECT id FROM goods", "?"]
    {
        let (exit, found) = ask(sql, "1");
        assert_eq!(exit, 3, "{found:#?}");
    }
    let arguments = [path.to_str().unwrap(), "--assert", "SELECT 1", "--equals", "1", "--equals", "2"];
    assert_eq!(corpus::run(Path::new(PROGRAM), &arguments, b"").status.code(), Some(2));
}

#[test]
fn a_missing_extension_is_no_fault_of_the_backup() {
    if programs().is_none() {
        return;
    }
    let sql = "CREATE EXTENSION nowhere_to_be_found WITH SCHEMA public;\n\
        CREATE TABLE public.shapes (shape public.polyhedron);\n\
        ALTER TABLE public.shapes OWNER TO somebody;\n\
        CREATE TABLE public.plain (x integer);\n\
        COPY public.shapes (shape) FROM stdin;\ncube\n\\.\n\
        COPY public.plain (x) FROM stdin;\n1\n2\n\\.\n\
        CREATE INDEX shapes_shape ON public.shapes USING btree (shape);\n";
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dump.sql");
    fs::write(&path, sql).unwrap();
    let (code, report) = verify(&path, &[]);
    let found = findings(&report);
    assert_eq!(code, 3, "{found:#?}");
    assert!(found.iter().all(|one| one.starts_with("unclear: ")), "{found:#?}");
    let tables = report["tables"].as_array().unwrap();
    let verdict = |name: &str| tables.iter().find(|table| table["table"] == name).unwrap()["verdict"].clone();
    assert_eq!((verdict("public.plain"), verdict("public.shapes")), ("verified".into(), "unclear".into()));
}

#[test]
fn points_in_time_may_be_of_any_time_zone() {
    let Some(programs) = programs() else { return };
    let cluster = Cluster::start(&programs).unwrap();
    cluster.create_database("times").unwrap();
    let sql = "CREATE TABLE public.times AS SELECT timestamptz '2020-01-01' + n * interval '5 days 7 hours' AS at, \
               tstzrange('2020-01-01', timestamptz '2020-01-02' + n * interval '1 day') AS span \
               FROM generate_series(1, 300) n; ALTER DATABASE times SET TimeZone = 'America/St_Johns'";
    cluster.psql_script("times", sql.as_bytes()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("times.sql");
    let dump = String::from_utf8(cluster.pg_dump("times", &[]).unwrap()).unwrap();
    assert!(dump.contains("-03:30"));
    fs::write(&path, &dump).unwrap();
    let report = assert_verified(&path, &[]);
    assert!(report["notes"].to_string().contains("points in time are written as in"), "{report:#}");

    // One that is written in yet another zone is still what the backup says.
    let row = dump.lines().find(|line| line.contains("-03:30\t")).unwrap();
    fs::write(&path, dump.replacen(row, &row.replacen("-03:30", "-04:30", 1), 1)).unwrap();
    let report = assert_verified(&path, &[]);
    assert!(report["notes"].to_string().contains("compared by value"), "{report:#}");

    // Another point in time is another.
    let moved = "CREATE FUNCTION public.moves() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN NEW.at := NEW.at + \
                 interval '1 hour'; RETURN NEW; END$$;\nCREATE TRIGGER moves BEFORE INSERT ON public.times FOR EACH ROW \
                 EXECUTE FUNCTION public.moves();\n";
    fs::write(&path, dump.replacen("COPY public.times", &format!("{moved}COPY public.times"), 1)).unwrap();
    let (code, report) = verify(&path, &[]);
    assert_eq!(code, 1, "{report:#}");
}

#[test]
fn a_dump_gets_no_superuser() {
    if programs().is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let canary = folder.path().join("canary");
    let canary = canary.to_str().unwrap();
    let path = folder.path().join("dump.sql");
    for sql in [
        format!("COPY (SELECT 1) TO PROGRAM 'touch {canary}';\n"),
        format!("COPY (SELECT 1) TO '{canary}';\n"),
        format!("SELECT pg_catalog.lo_export(pg_catalog.lo_from_bytea(0, 'x'), '{canary}');\n"),
        "ALTER ROLE pgdumpkit_restorer SUPERUSER;\nSET ROLE pgdumpkit_admin;\n".to_owned(),
        "ALTER FUNCTION pg_catalog.pg_read_file(text) OWNER TO pgdumpkit_restorer;\n".to_owned(),
        "GRANT EXECUTE ON FUNCTION pg_catalog.pg_read_file(text) TO PUBLIC;\n\
         CREATE TABLE public.t AS SELECT pg_catalog.pg_read_file('/etc/passwd');\n"
            .to_owned(),
        "CREATE FUNCTION public.f(text) RETURNS text LANGUAGE internal AS 'pg_read_file_all';\n".to_owned(),
        "ALTER SYSTEM SET archive_command = 'touch x';\n".to_owned(),
    ] {
        fs::write(&path, &sql).unwrap();
        let (code, report) = verify(&path, &[]);
        let notes = report["notes"].to_string();
        assert!(code == 1 || code == 3 || notes.contains("not checked"), "{sql}: {report:#}");
        assert!(!Path::new(canary).exists(), "{sql}");
    }
}

#[test]
fn an_endless_loop_meets_the_time_limit() {
    if programs().is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dump.sql");
    fs::write(&path, "CREATE TABLE public.t (x integer);\nSELECT pg_catalog.pg_sleep(1000);\n").unwrap();
    let (code, report) = verify(&path, &["--timeout", "3"]);
    assert_eq!(code, 3, "{report:#}");
    assert_eq!(findings(&report), ["unclear: server: the time limit was reached (`--timeout`)"]);
}

#[test]
fn the_corpus_is_verified() {
    let (Some(folder), Some(programs)) = (corpus::corpus(), programs()) else { return };
    if programs.major() != 15 {
        eprintln!("skipped: dumps of PostgreSQL 15 with contrib, this is {}", programs.major());
        return;
    }
    for name in [
        "formats/hard.server15/plain.sql",
        "formats/hard.server15/custom-gzip.dump",
        "formats/hard.server15/tar.tar",
        "versions/hard.server15.pg_dump18.sql",
    ] {
        assert_verified(&folder.join(name), &["--level", "full"]);
    }
    // One of every kind of object, some of which need a superuser.
    for name in ["plain.sql", "custom-gzip.dump", "tar.tar"] {
        let path = folder.join("formats/pgdump_objects.server15").join(name);
        assert_verified(&path, &["--trust", "--level", "full"]);
        let (code, report) = verify(&path, &["--level", "full"]);
        let found = findings(&report);
        assert!(code == 3 && found.iter().all(|one| one.starts_with("unclear: ")), "{name}: {found:#?}");
    }
    // Sections of a dump need the others.
    for name in ["plain-section-data.sql", "plain-section-post-data.sql", "plain-data-disable-triggers.sql"] {
        let (code, report) = verify(&folder.join("formats/hard.server18").join(name), &[]);
        assert_eq!(code, 3, "{name}: {:#?}", findings(&report));
    }
}
