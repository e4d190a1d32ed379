//! Good dumps that must not be called bad, and what is said of those that cannot be judged here.
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

use scratch::{Cluster, Programs};
use serde_json::Value;

const PROGRAM: &str = env!("CARGO_BIN_EXE_pgdump-verify");

/// What belongs to several roles, some of it what only superusers may own, with rights on parts of the server.
const DATABASE: &str = r#"
CREATE ROLE keeper;
CREATE ROLE "The Reader" NOINHERIT;
CREATE ROLE staff;
GRANT staff TO keeper WITH ADMIN OPTION;
GRANT staff TO "The Reader";
ALTER ROLE keeper LOGIN CREATEDB CONNECTION LIMIT 7 PASSWORD 'secret$of the keeper';
ALTER ROLE keeper SET work_mem = '8MB';
COMMENT ON ROLE staff IS 'costs $ and \';
ALTER DATABASE shop SET search_path = shop, public;
ALTER DATABASE shop OWNER TO keeper;
GRANT CONNECT ON DATABASE shop TO staff;
COMMENT ON DATABASE shop IS 'the $hop';
CREATE SCHEMA shop AUTHORIZATION keeper;
GRANT USAGE, CREATE ON SCHEMA shop TO staff, "The Reader";
CREATE TABLE shop.goods (id serial PRIMARY KEY, name text NOT NULL, price numeric(8, 2) CHECK (price > 0));
INSERT INTO shop.goods (name, price) SELECT 'good ' || n, n FROM generate_series(1, 50) n;
ALTER TABLE shop.goods OWNER TO keeper;
GRANT SELECT, INSERT ON shop.goods TO staff WITH GRANT OPTION;
GRANT UPDATE (price) ON shop.goods TO "The Reader";
REVOKE TRUNCATE ON shop.goods FROM keeper;
CREATE INDEX goods_name ON shop.goods (lower(name));
CREATE FUNCTION shop.twice(integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT 2 * $1';
CREATE FUNCTION shop.twice(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT $1 || $1';
ALTER FUNCTION shop.twice(text) OWNER TO keeper;
REVOKE ALL ON FUNCTION shop.twice(integer) FROM PUBLIC;
CREATE TYPE shop.kind AS ENUM ('a', 'b');
ALTER TYPE shop.kind OWNER TO staff;
CREATE STATISTICS shop.both ON id, name FROM shop.goods;
CREATE VIEW shop.cheap AS SELECT * FROM shop.goods WHERE price < 10;
CREATE MATERIALIZED VIEW shop.summary AS SELECT count(*) FROM shop.goods;
ALTER MATERIALIZED VIEW shop.summary OWNER TO "The Reader";
CREATE FUNCTION shop.watch() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
CREATE EVENT TRIGGER watch ON ddl_command_end EXECUTE FUNCTION shop.watch();
CREATE FOREIGN DATA WRAPPER elsewhere;
CREATE SERVER far FOREIGN DATA WRAPPER elsewhere;
ALTER SERVER far OWNER TO keeper;
CREATE USER MAPPING FOR staff SERVER far;
SELECT lo_from_bytea(4242, 'some bytes');
ALTER LARGE OBJECT 4242 OWNER TO keeper;
GRANT SELECT ON LARGE OBJECT 4242 TO staff;
GRANT EXECUTE ON FUNCTION pg_catalog.pg_read_file(text) TO keeper;
GRANT SELECT ON pg_catalog.pg_authid TO staff;
COMMENT ON SCHEMA public IS 'ours';
GRANT CREATE ON SCHEMA public TO staff;
CREATE FUNCTION shop.number(shop.kind) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT 7';
CREATE CAST (shop.kind AS integer) WITH FUNCTION shop.number(shop.kind) AS ASSIGNMENT;
CREATE TRANSFORM FOR shop.kind LANGUAGE sql (FROM SQL WITH FUNCTION pg_catalog.prsd_lextype(internal));
ALTER DEFAULT PRIVILEGES FOR ROLE keeper IN SCHEMA shop GRANT SELECT, INSERT ON TABLES TO staff, "The Reader";
ALTER DEFAULT PRIVILEGES FOR ROLE keeper REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE keeper GRANT USAGE ON SEQUENCES TO staff WITH GRANT OPTION;
ALTER DEFAULT PRIVILEGES FOR ROLE staff REVOKE UPDATE ON TABLES FROM staff;
"#;

fn programs() -> Option<Programs> {
    let programs = Programs::find_optional().unwrap();
    if programs.is_none() {
        eprintln!("skipped: no PostgreSQL server programs");
    }
    programs
}

/// A server with the database, and the folder for its dumps.
fn shop(programs: &Programs) -> (Cluster, tempfile::TempDir) {
    let cluster = Cluster::start(programs).unwrap();
    cluster.create_database("shop").unwrap();
    cluster.psql_script("shop", DATABASE.as_bytes()).unwrap();
    (cluster, tempfile::tempdir().unwrap())
}

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

/// Expects an exit code and nothing found that is worse.
fn assert_code(backup: &Path, arguments: &[&str], expected: i32) -> Value {
    let (code, report) = verify(backup, arguments);
    let found = findings(&report);
    assert_eq!(code, expected, "{} {arguments:?}: {found:#?}", backup.display());
    assert_eq!(found.is_empty(), expected == 0, "{found:#?}");
    report
}

fn checked(report: &Value, what: &str) -> u64 {
    let lines = report["checked"].as_array().unwrap();
    let line = lines.iter().find(|line| line["what"].as_str().unwrap().contains(what));
    line.unwrap_or_else(|| panic!("{what}: {report:#}"))["count"].as_u64().unwrap()
}

fn write(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, text).unwrap();
    path
}

#[test]
fn healthy_dumps_are_verified_whatever_their_options() {
    let Some(programs) = programs() else { return };
    let (cluster, folder) = shop(&programs);
    let dump = |name: &str, arguments: &[&str]| {
        let path = folder.path().join(name);
        cluster.pg_dump("shop", &[arguments, &["-f", path.to_str().unwrap()]].concat()).unwrap();
        path
    };
    for (name, arguments, levels) in [
        ("clean-if.sql", &["--clean", "--if-exists", "--create"][..], &["restore"][..]),
        ("no-owner.sql", &["--no-owner"], &["full"]),
        ("bare.sql", &["--no-owner", "--no-privileges", "--no-comments"], &["full", "restore"]),
        ("setauth.sql", &["--use-set-session-authorization", "--clean"], &["full", "restore"]),
        ("schema.sql", &["--schema-only", "--quote-all-identifiers"], &["full"]),
        ("pre-data.sql", &["--section=pre-data"], &["restore"]),
        ("custom.dump", &["-Fc"], &["full", "restore"]),
    ] {
        let path = dump(name, arguments);
        levels.iter().for_each(|level| {
            assert_code(&path, &["--level", level], 0);
        });
    }
    let create = dump("create.sql", &["--create"]);
    let report = assert_code(&create, &["--level", "full"], 0);
    assert!(checked(&report, "statements on databases themselves") >= 5, "{report:#}");
    assert!(report["notes"].to_string().contains("pg_read_file"), "{report:#}");
    if programs.bindir().join("../share/postgresql/extension/amcheck.control").exists()
        || Path::new(&format!("/usr/share/postgresql/{}/extension/amcheck.control", programs.major()))
            .exists()
    {
        assert_eq!(checked(&report, "btree indexes"), 2);
        assert!(checked(&report, "tables whose pages") >= 2);
    } else {
        assert!(report["notes"].to_string().contains("amcheck"), "{report:#}");
    }

    // What is no whole backup is said to be none, and not to be bad.
    for (name, arguments) in [("data.sql", &["--data-only"][..]), ("post-data.sql", &["--section=post-data"])]
    {
        let path = dump(name, arguments);
        let (code, report) = verify(&path, &[]);
        let found = findings(&report);
        assert_eq!(code, 3, "{name}: {found:#?}");
        assert!(found.iter().any(|one| one.contains("the backup does not hold")), "{name}: {found:#?}");
    }
}

#[test]
fn owners_and_privileges_are_compared_without_pg_dump() {
    let Some(programs) = programs() else { return };
    let (cluster, folder) = shop(&programs);
    let dump = String::from_utf8(cluster.pg_dump("shop", &[]).unwrap()).unwrap();
    let path = write(folder.path(), "dump.sql", &dump);
    assert!(checked(&assert_code(&path, &[], 0), "owners and privileges") > 10);
    // What a block of code does is in no statement of the dump that could be compared.
    let end = dump.find("-- PostgreSQL database dump complete").unwrap();
    let changed = |changes: &[(&str, &str)]| {
        let blocks: String =
            changes.iter().map(|(code, _)| format!("DO $$BEGIN EXECUTE '{code}'; END$$;\n\n")).collect();
        let path = write(folder.path(), "changed.sql", &[&dump[..end], &blocks, &dump[end..]].concat());
        let (exit, report) = verify(&path, &[]);
        let all = findings(&report);
        assert_eq!(exit, 1, "{all:#?}");
        let unread = all.iter().filter(|one| one.contains(": is not understood: ")).count();
        assert_eq!(unread, changes.len(), "{all:#?}");
        assert_eq!(all.iter().filter(|one| one.starts_with("unclear: ")).count(), unread, "{all:#?}");
        for (code, found) in changes {
            assert!(all.iter().any(|one| one.contains(found)), "{code}: {all:#?}");
        }
    };
    changed(&[(
        "ALTER TABLE shop.goods OWNER TO staff",
        "table shop.goods: owner: expected keeper; actual staff",
    )]);
    changed(&[
        ("ALTER FUNCTION shop.twice(text) OWNER TO staff", "owner: expected keeper; actual staff"),
        ("REVOKE INSERT ON shop.goods FROM staff", "privilege: expected INSERT for staff with grant option"),
        ("REVOKE GRANT OPTION FOR SELECT ON shop.goods FROM staff", "SELECT for staff"),
        ("GRANT DELETE ON shop.goods TO PUBLIC", "privilege: not in the backup: DELETE for PUBLIC"),
        ("GRANT INSERT (name) ON shop.goods TO staff", "column name on table shop.goods"),
        ("GRANT EXECUTE ON FUNCTION shop.twice(integer) TO PUBLIC", "shop.twice"),
        ("REVOKE USAGE ON SCHEMA shop FROM staff", "schema shop: privilege: expected USAGE for staff"),
        ("REVOKE CREATE ON SCHEMA public FROM staff", "schema public: privilege: expected CREATE for staff"),
        ("ALTER LARGE OBJECT 4242 OWNER TO staff", "large object 4242"),
        ("REVOKE SELECT ON LARGE OBJECT 4242 FROM staff", "large object 4242"),
        ("ALTER STATISTICS shop.both OWNER TO keeper", "shop.both"),
        ("DROP CAST (shop.kind AS integer)", "cast (shop.kind AS integer): is in the backup and was not"),
        (
            "ALTER DEFAULT PRIVILEGES FOR ROLE keeper IN SCHEMA shop REVOKE INSERT ON TABLES FROM staff",
            "default privileges of keeper in schema shop: privilege: expected INSERT for staff",
        ),
        (
            "ALTER DEFAULT PRIVILEGES FOR ROLE keeper GRANT EXECUTE ON FUNCTIONS TO PUBLIC",
            "default privileges of keeper: privilege: not in the backup: EXECUTE for PUBLIC",
        ),
        (
            "ALTER DEFAULT PRIVILEGES FOR ROLE staff GRANT UPDATE ON TABLES TO staff",
            "default privileges of staff: privilege: not in the backup: UPDATE for staff",
        ),
    ]);
}

#[test]
fn a_whole_cluster_and_its_roles_are_restored() {
    let Some(programs) = programs() else { return };
    let (cluster, folder) = shop(&programs);
    cluster.create_database("other").unwrap();
    let sql = "CREATE TABLE t AS SELECT n FROM generate_series(1, 9) n; ALTER TABLE t OWNER TO keeper;";
    cluster.psql_script("other", sql.as_bytes()).unwrap();
    let pg_dumpall = |arguments: &[&str]| {
        let mut command = cluster.command("pg_dumpall");
        let output = command.args(arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let all = pg_dumpall(&[]);
    assert!(all.contains("SCRAM-SHA-256$"));
    let path = write(folder.path(), "all.sql", &all);
    for level in ["file", "full"] {
        let report = assert_code(&path, &["--level", level], 0);
        let tables = report["tables"].as_array().unwrap();
        let table = |name: &str| tables.iter().find(|table| table["table"] == name).unwrap();
        assert_eq!(
            (&table("public.t")["database"], &table("public.t")["expected"]["rows"]),
            (&"other".into(), &9.into())
        );
        assert_eq!(table("shop.goods")["database"], "shop");
        assert!(!report.to_string().contains("SCRAM-SHA"), "{report:#}");
    }
    let report = assert_code(&path, &[], 0);
    assert!(checked(&report, "statements on roles") >= 9, "{report:#}");

    // The same roles from a file of their own.
    let globals = write(folder.path(), "globals.sql", &pg_dumpall(&["--globals-only"]));
    let dump = String::from_utf8(cluster.pg_dump("shop", &[]).unwrap()).unwrap();
    let path = write(folder.path(), "dump.sql", &dump);
    let arguments = ["--globals", globals.to_str().unwrap(), "--level", "full"];
    let report = assert_code(&path, &arguments, 0);
    let notes = report["notes"].to_string();
    assert!(notes.contains("keeper") && !notes.contains("made to stand in"), "{notes}");
    assert_code(&globals, &[], 0);
    let (code, report) = verify(
        &path,
        &[
            "--globals",
            globals.to_str().unwrap(),
            "--assert",
            "SELECT bool_or(rolsuper OR rolcanlogin) FROM pg_roles WHERE rolname IN ('keeper', 'staff')",
            "--equals",
            "f",
        ],
    );
    assert_eq!(code, 0, "{:#?}", findings(&report));
    let members =
        "SELECT count(*) FROM pg_auth_members JOIN pg_roles r ON r.oid = roleid WHERE rolname = 'staff'";
    let arguments = ["--globals", globals.to_str().unwrap(), "--assert", members, "--equals", "3"];
    assert_code(&path, &arguments, 0);

    // A statement that no server takes is found.
    let broken = all.replacen("NOCREATEROLE", "NOCREATEROLL", 1);
    let (code, report) = verify(&write(folder.path(), "broken.sql", &broken), &[]);
    assert_eq!(code, 1, "{:#?}", findings(&report));
}

#[test]
fn what_a_dump_says_of_its_database_is_read_by_a_server() {
    let Some(programs) = programs() else { return };
    let (cluster, folder) = shop(&programs);
    let dump = String::from_utf8(cluster.pg_dump("shop", &["--create", "--schema-only"]).unwrap()).unwrap();
    let replaced = |from: &str, to: &str| {
        assert!(dump.contains(from), "{from}: {dump}");
        dump.replacen(from, to, 1)
    };
    for (from, to, code, found) in [
        ("TEMPLATE = template0", "TE = template0", 1, "bad: database shop: option \"te\" not recognized"),
        ("ENCODING = 'UTF8'", "ENCODING = 'UTX8'", 1, "bad: database shop: "),
        ("TEMPLATE = template0", "TEMPLATE = template7", 3, "unclear: database shop: "),
        (
            "\\connect shop",
            "\\connect 'host=elsewhere dbname=shop'",
            1,
            "bad: \\connect 'host=elsewhere dbname=shop': a psql meta-command that no pg_dump writes",
        ),
    ] {
        let (exit, report) = verify(&write(folder.path(), "changed.sql", &replaced(from, to)), &[]);
        let all = findings(&report);
        assert_eq!(exit, code, "{to}: {all:#?}");
        assert!(all.iter().any(|one| one.starts_with(found)), "{to}: {all:#?}");
    }
}

#[test]
fn a_role_of_the_dump_is_never_the_servers_own() {
    if programs().is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let sql = "CREATE ROLE pgdumpkit_admin;\nCREATE ROLE x;\nALTER ROLE x SUPERUSER;\nGRANT pgdumpkit_admin TO \
               pgdumpkit_restorer;\nGRANT pg_execute_server_program TO x;\nGRANT x TO pgdumpkit_restorer;\n\
               CREATE TABLE public.t AS SELECT 1 AS a;\n";
    let path = write(folder.path(), "dump.sql", sql);
    for (question, answer) in [
        ("SELECT pg_has_role('pgdumpkit_restorer', 'pgdumpkit_admin', 'member')", "f"),
        ("SELECT rolsuper FROM pg_roles WHERE rolname = 'x'", "f"),
        ("SELECT pg_has_role('x', 'pg_execute_server_program', 'member')", "f"),
    ] {
        let (_, report) = verify(&path, &["--assert", question, "--equals", answer]);
        let found = findings(&report);
        assert!(!found.iter().any(|one| one.contains("assertion")), "{question}: {found:#?}");
    }
}

#[test]
fn what_is_missing_here_is_no_fault_of_the_backup() {
    let Some(programs) = programs() else { return };
    let folder = tempfile::tempdir().unwrap();
    // A table that its extension makes, whose rows are in the dump.
    let sql = "CREATE EXTENSION IF NOT EXISTS pg_cron_of_nowhere WITH SCHEMA pg_catalog;\n\
        COMMENT ON EXTENSION pg_cron_of_nowhere IS 'Job scheduler';\n\
        CREATE TABLE public.plain (x integer);\n\
        COPY cron.job (jobid, schedule) FROM stdin;\n1\t0 10 * * *\n\\.\n\
        COPY public.plain (x) FROM stdin;\n1\n\\.\n\
        SELECT pg_catalog.setval('cron.jobid_seq', 1, true);\n";
    let report = assert_code(&write(folder.path(), "cron.sql", sql), &[], 3);
    let found = findings(&report);
    assert!(found.iter().all(|one| one.starts_with("unclear: ")), "{found:#?}");
    assert!(found.iter().any(|one| one.contains("cron.job: ")), "{found:#?}");

    // Settings of a newer pg_dump, and a locale of another system.
    let sql = "SET statement_timeout = 0;\nSET transaction_timeout = 0;\nSET newer_setting_of_pg_dump = off;\n\
        CREATE DATABASE far WITH TEMPLATE = template0 ENCODING = 'UTF8' LOCALE = 'xx_YY.utf8';\n\
        ALTER DATABASE far SET unknown_setting TO 'x';\n\\connect far\n\
        SET another_newer_setting = off;\nCREATE TABLE public.t (x integer);\nCOPY public.t (x) FROM stdin;\n1\n\\.\n";
    let report = assert_code(&write(folder.path(), "newer.sql", sql), &["--level", "full"], 0);
    let notes = report["notes"].to_string();
    for note in ["another_newer_setting", "unknown_setting", "locale of the server stands in"] {
        assert!(notes.contains(note), "{note}: {notes}");
    }
    // Schema `public` is there already, whoever writes that it is made.
    let major = programs.major();
    let sql = format!(
        "-- Dumped from database version {major}.1\n-- Dumped by pg_dump version {major}.1\n\
         CREATE SCHEMA public;\nALTER SCHEMA public OWNER TO pg_database_owner;\n\
         COMMENT ON SCHEMA public IS 'standard public schema';\nCREATE TABLE public.t (x integer);\n"
    );
    for level in ["restore", "full"] {
        assert_code(&write(folder.path(), "public.sql", &sql), &["--level", level], 0);
    }
}
