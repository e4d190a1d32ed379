//! Statements that take something away, that stand in odd places, or that psql would do otherwise.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    missing_docs,
    reason = "a test that cannot go on panics, and says why it is skipped"
)]

mod verdict;

use std::path::Path;

use scratch::Cluster;
use verdict::{Case, assert_all, programs};

/// What pg_dump writes of two tables, a partitioned one, a domain, a view and a large object.
const DUMP: &str = "SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
CREATE SCHEMA app;
CREATE DOMAIN app.d AS integer CONSTRAINT dc CHECK (VALUE > 0);
CREATE TABLE public.t (
    a integer NOT NULL,
    b text DEFAULT 'x'::text NOT NULL
);
CREATE VIEW public.v AS
 SELECT t.a
   FROM public.t;
CREATE TABLE app.p (
    a integer
)
PARTITION BY RANGE (a);
CREATE TABLE app.p1 (
    a integer
);
ALTER TABLE ONLY app.p ATTACH PARTITION app.p1 FOR VALUES FROM (0) TO (10);
CREATE FUNCTION app.f(integer) RETURNS integer
    LANGUAGE sql
    AS $_$ SELECT $1 $_$;
COPY public.t (a, b) FROM stdin;
1	one
2	two
\\.
COPY app.p1 (a) FROM stdin;
1
\\.
ALTER TABLE ONLY public.t
    ADD CONSTRAINT t_pkey PRIMARY KEY (a);
CREATE INDEX t_b ON public.t USING btree (b);
";

const LARGE_OBJECT: &str = "SELECT pg_catalog.lo_create('5');
BEGIN;
SELECT pg_catalog.lo_open('5', 131072);
SELECT pg_catalog.lowrite(0, '\\x0102');
SELECT pg_catalog.lo_close(0);
COMMIT;
";

fn case(folder: &Path, name: &str, before: &str, after: &str, code: i32) -> Case {
    Case::plain(folder, name, &format!("{before}\n{DUMP}\n{after}"), code)
}

#[test]
fn what_is_taken_away_is_missed() {
    if programs().is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut cases = vec![case(folder, "whole", "", "", 0)];
    // What is missed as a thing, or as rows, is bad at every level.
    for (at, statement) in [
        "DROP SCHEMA public CASCADE;",
        "drop table public.t cascade;",
        "DROP TABLE IF EXISTS app.none, app.p CASCADE;",
        "SET search_path = public;\nDROP /* and */ INDEX t_b;",
        "DROP FUNCTION app.f;",
        "DROP FUNCTION IF EXISTS app.f(integer);",
        "DROP VIEW public.v;",
        "DROP DOMAIN app.d;",
        "ALTER TABLE public.t DROP COLUMN b;",
        "ALTER TABLE ONLY public.t\n    DROP CONSTRAINT t_pkey;",
        "SELECT lo_unlink(5);",
        "SELECT pg_catalog.lo_unlink('5');",
        "SELECT pg_catalog.lo_unlink(oid) FROM pg_catalog.pg_largeobject_metadata WHERE oid = '5';",
        "TRUNCATE public.t;",
        "DELETE FROM public.t WHERE a = 2;",
        "UPDATE public.t SET b = 'other';",
        "ALTER TABLE app.p DETACH PARTITION app.p1;",
    ]
    .into_iter()
    .enumerate()
    {
        let before = if statement.contains("lo_unlink") { LARGE_OBJECT } else { "" };
        cases.push(case(folder, &format!("taken {at} {statement}"), before, statement, 1));
    }
    // What only a look at definitions shows is said to be taken away.
    for (at, statement) in [
        "ALTER TABLE public.t ALTER COLUMN b DROP DEFAULT;",
        "ALTER TABLE ONLY public.t ALTER b DROP NOT NULL;",
        "ALTER DOMAIN app.d DROP CONSTRAINT dc;",
        "CREATE OR REPLACE VIEW public.v AS SELECT NULL::integer AS a;",
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("part {at} {statement}");
        let words = "takes away what stands before it in the backup";
        cases.push(case(folder, &name, "", statement, 3).says(words));
    }
    // So is what is switched off, however that is spelled.
    let on = "ALTER TABLE public.t ENABLE ROW LEVEL SECURITY;\nALTER TABLE ONLY public.t FORCE ROW LEVEL SECURITY;\n\
              COMMENT ON TABLE public.t IS 'kept';\nSET search_path = public;\n";
    for (at, off) in [
        "ALTER TABLE public.t DISABLE ROW LEVEL SECURITY;",
        "alter table only t disable row level security;",
        "ALTER TABLE IF EXISTS \"public\" . \"t\" DISABLE/**/ROW/* ENABLE */LEVEL -- on\n SECURITY ;",
        "ALTER TABLE T No Force Row Level Security;",
        "COMMENT ON TABLE t IS null;",
    ]
    .into_iter()
    .enumerate()
    {
        let words = "takes away what stands before it in the backup";
        cases.push(case(folder, &format!("off {at}"), "", &format!("{on}{off}"), 3).says(words));
        let again = format!("{on}{off}\nRESET search_path;\n{on}");
        cases.push(case(folder, &format!("off and on {at}"), "", &again, 0).never(words));
    }
    // What every database has from its beginning.
    cases.push(case(folder, "public goes first", "DROP SCHEMA public CASCADE;", "", 1));
    // What takes nothing away.
    for (at, (before, after)) in [
        ("DROP TABLE public.t;\nDROP SCHEMA app;", ""),
        ("ALTER TABLE public.t DROP CONSTRAINT t_pkey;\nDROP INDEX public.t_b;", ""),
        ("CREATE OR REPLACE VIEW public.v AS SELECT NULL::integer AS a;\nDROP VIEW public.v;", ""),
        ("", "DROP TABLE IF EXISTS public.nothing;"),
        ("", "DROP TABLE public.nothing;"),
        ("", "DROP TABLE public.t;"),
        ("CREATE TYPE app_kind AS ENUM ('a');\nDROP TABLE IF EXISTS public.t;", ""),
        ("DROP EXTENSION plpgsql;\nDROP SCHEMA public;\nCREATE SCHEMA public;\nCREATE EXTENSION IF NOT EXISTS plpgsql;", ""),
    ]
    .into_iter()
    .enumerate()
    {
        cases.push(case(folder, &format!("nothing {at}"), before, after, 0));
    }
    // What is no removal to its end is none.
    for (at, (before, after)) in [
        ("", "DROP TABLE public.nothing CREATE INDEX t_a ON public.t USING btree (a);"),
        ("DROP TABLE public.nothing CREATE TYPE public.kind AS ENUM ('a');", ""),
        ("", "ALTER TABLE public.t ALTER COLUMN a DROP DEFAULT ALTER COLUMN b SET NOT NULL;"),
    ]
    .into_iter()
    .enumerate()
    {
        cases.push(case(folder, &format!("no removal {at}"), before, after, 1).says("syntax error"));
    }
    // Large objects are written in a transaction, or not at all.
    let end = "-- PostgreSQL database dump complete\n--\n";
    let lone = LARGE_OBJECT.replace("BEGIN;\n", "");
    cases.push(
        case(folder, "large object without BEGIN", &lone, "", 1).says("invalid large-object descriptor"),
    );
    let between = LARGE_OBJECT
        .replace("SELECT pg_catalog.lowrite", "DROP TABLE IF EXISTS public.u;\nSELECT pg_catalog.lowrite");
    cases.push(case(folder, "something in between", &between, "", 0));
    // What stands behind the end is a part of it; what a query gives is not known.
    for (name, more, code, words) in [
        ("comment behind the end", "COMMENT ON TABLE public.t IS 'a table';", 0, "verified"),
        ("rows behind the end", "INSERT INTO public.t VALUES (7, 'seven');", 0, "verified"),
        ("missing behind the end", "CREATE TABLE public.u ();\nDROP TABLE public.u;", 1, "table public.u"),
    ] {
        cases.push(case(folder, name, "", &format!("--\n{end}\n{more}"), code).says(words));
    }
    let twice = "CREATE SEQUENCE public.s;\nSELECT pg_catalog.setval('public.s', 4000, true);\nSELECT pg_catalog.setval('public.s', 4, true);";
    cases.push(case(folder, "the last value stays", "", twice, 0).at(&[("restore", "4")]));
    let query = "INSERT INTO public.t SELECT 3, 'three';";
    cases.push(case(folder, "query", "", query, 3).says("rows come of a query").never("bad"));
    let value =
        "CREATE SEQUENCE public.s;\nSELECT pg_catalog.setval('public.s', (SELECT max(a) FROM public.t));";
    cases
        .push(case(folder, "value of a query", "", value, 3).says("the value comes of a query").never("bad"));
    assert_all(&cases);
}

#[test]
fn transactions_count() {
    if programs().is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut cases = Vec::new();
    for (at, (before, after, words)) in [
        ("BEGIN;", "", "is never committed"),
        ("start transaction isolation level serializable;", "", "is never committed"),
        ("BEGIN WORK;", "ROLLBACK;", "is rolled back at"),
        ("BEGIN TRANSACTION;", "ABORT;", "is rolled back at"),
        ("BEGIN;", "COMMIT;\nBEGIN;\nCREATE TABLE public.u ();", "is never committed"),
        ("BEGIN;", "COMMIT AND CHAIN;\nCREATE TABLE public.u ();", "is never committed"),
        ("", "BEGIN;\nSAVEPOINT s;\nCREATE TABLE public.u ();\nROLLBACK TO s;\nCOMMIT;", "is rolled back at"),
        ("BEGIN;\nCREATE SCHEMA public;", "COMMIT;", "psql undoes all of the transaction"),
    ]
    .into_iter()
    .enumerate()
    {
        cases.push(case(folder, &format!("undone {at}"), before, after, 1).says(words));
    }
    let levels = [("file", "1"), ("restore", "1"), ("full", "4")];
    cases.push(case(folder, "undone at file", "BEGIN;", "", 1).says("is never committed").at(&levels));
    cases.push(
        case(folder, "removes in one", "BEGIN;\nDROP TABLE public.t;", "COMMIT;", 3).says("psql undoes"),
    );
    for (at, (before, after)) in [
        ("BEGIN;", "COMMIT;"),
        ("START TRANSACTION;", "END;"),
        ("BEGIN TRANSACTION READ WRITE;", "COMMIT WORK;"),
        ("begin;\nDROP TABLE IF EXISTS public.t;", "end transaction;"),
        ("", "BEGIN;\nROLLBACK;"),
        ("", "COMMIT;"),
        ("", "ROLLBACK;"),
        // What pg_dump writes around a large object ends the outer one.
        ("BEGIN;", LARGE_OBJECT),
        ("", "BEGIN;\nSAVEPOINT s;\nCREATE TABLE public.u ();\nRELEASE s;\nCOMMIT;"),
    ]
    .into_iter()
    .enumerate()
    {
        cases.push(case(folder, &format!("kept {at}"), before, after, 0).at(&levels));
    }
    assert_all(&cases);
}

/// A table whose check reads another one, which stands before it in a dump or behind it by its name.
fn checked_by(reference: &str) -> String {
    format!(
        "CREATE TABLE {reference} (id integer PRIMARY KEY);\nINSERT INTO {reference} SELECT generate_series(1, 50);\n\
         CREATE FUNCTION known(integer) RETURNS boolean LANGUAGE plpgsql STABLE AS \
         'BEGIN RETURN EXISTS (SELECT FROM public.{reference} WHERE id = $1); END';\n"
    )
}

#[test]
fn code_that_looks_at_rows_sees_those_before_them() {
    let Some(programs) = programs() else { return };
    let folder = tempfile::tempdir().unwrap();
    let cluster = Cluster::start(&programs).unwrap();
    let rows = "SELECT 1 + n % 50, repeat('x', 100) FROM generate_series(1, 400) n";
    let looks = [
        ("check", "CREATE TABLE m (a integer CHECK (known(a)), pad text);"),
        ("domain", "CREATE DOMAIN ref AS integer CHECK (known(VALUE));\nCREATE TABLE m (a ref, pad text);"),
        (
            "generated",
            "CREATE FUNCTION pick(integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS 'BEGIN IF NOT public.known($1) THEN \
             RAISE ''not known''; END IF; RETURN $1; END';\nCREATE TABLE m (a integer, pad text, b integer GENERATED ALWAYS \
             AS (pick(a)) STORED);",
        ),
    ];
    let mut cases = Vec::new();
    for (look, make) in looks {
        for (reference, code) in [("a_ref", 0), ("z_ref", 1)] {
            let database = format!("{look}_{reference}");
            cluster.create_database(&database).unwrap();
            let script = format!("{}{make}\nINSERT INTO m {rows};", checked_by(reference));
            cluster.psql_script(&database, script.as_bytes()).unwrap();
            for (format, options) in [
                ("sql", &["-Fp"][..]),
                ("dump", &["-Fc"]),
                ("tar", &["-Ft"]),
                ("folder", &["-Fd"]),
                ("inserts", &["--inserts"]),
            ] {
                let path = folder.path().join(format!("{database}.{format}"));
                cluster.pg_dump(&database, &[options, &["-f", path.to_str().unwrap()]].concat()).unwrap();
                let case = Case::of(&format!("{database}, {format}"), path, code)
                    .at(&[("restore", "1"), ("restore", "4")]);
                // What only order makes good is said to be so.
                cases.push(if code == 0 {
                    case.says("loaded alone and in the backup's order")
                } else {
                    case
                });
            }
        }
    }
    assert_all(&cases);
}

#[test]
fn a_dump_over_a_dump_is_the_last_one() {
    if programs().is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let clean = "DROP INDEX public.t_b;\nALTER TABLE ONLY public.t DROP CONSTRAINT t_pkey;\nDROP FUNCTION app.f(integer);\n\
                 DROP TABLE app.p1;\nDROP TABLE app.p;\nDROP VIEW public.v;\nDROP TABLE public.t;\nDROP DOMAIN app.d;\nDROP SCHEMA \
                 app;\nSELECT pg_catalog.lo_unlink('5');\n";
    let dump = |rows: &str| format!("{clean}{}{LARGE_OBJECT}", DUMP.replace("1\tone\n2\ttwo\n", rows));
    let two = |first: &str, second: &str| {
        format!(
            "{}\n\n--\n-- PostgreSQL database dump complete\n--\n\n\n--\n-- PostgreSQL database dump\n--\n\n{}",
            dump(first),
            dump(second)
        )
    };
    let same = two("1\tone\n2\ttwo\n", "1\tone\n2\ttwo\n");
    assert_all(&[
        Case::plain(folder, "twice", &same, 0),
        Case::plain(folder, "another", &two("1\tone\n", "1\tone\n2\ttwo\n3\tthree\n"), 0),
    ]);
}

#[test]
fn meta_commands_are_told_once_and_for_what_they_do() {
    if programs().is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut cases = Vec::new();
    for (at, (line, code, words)) in [
        ("\\set ON_ERROR_STOP on", 0, "not run: it restores nothing"),
        ("\\echo 'half of it'", 0, "not run: it restores nothing"),
        ("\\timing", 0, "not run: it restores nothing"),
        ("\\pset pager off", 0, "not run: it restores nothing"),
        ("\\connect - mary", 0, "owners and privileges"),
        ("\\set schema app", 3, "may be something else than what is written"),
        ("\\set AUTOCOMMIT off", 3, "psql leaves only what a `COMMIT`"),
        ("\\q", 1, "psql ends here"),
        ("\\i more.sql", 1, "no pg_dump writes"),
        ("\\echo `id`", 1, "no pg_dump writes"),
    ]
    .into_iter()
    .enumerate()
    {
        cases.push(
            case(folder, &format!("meta {at} {line}"), line, "", code).says(words).never("is not understood"),
        );
    }
    cases.push(case(folder, "quits at the end", "", "\\q", 0).at(&[("restore", "1")]));
    assert_all(&cases);
}

#[test]
fn clusters_are_what_pg_dumpall_clean_writes() {
    let Some(programs) = programs() else { return };
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let cluster = Cluster::start(&programs).unwrap();
    for database in ["base", "between", "later"] {
        cluster.create_database(database).unwrap();
    }
    let table = "CREATE TABLE t (a integer PRIMARY KEY);\nINSERT INTO t VALUES (1), (2);\n";
    let roles = "CREATE ROLE app;\nALTER ROLE app IN DATABASE between SET work_mem = '8MB';\nALTER TABLE t OWNER TO app;\n";
    cluster.psql_script("base", format!("{table}{roles}").as_bytes()).unwrap();
    cluster.psql_script("later", table.as_bytes()).unwrap();
    let dump = |arguments: &[&str]| {
        let output = cluster.command("pg_dumpall").args(arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let clean = dump(&["--clean"]);
    let case = |name: &str, text: String, code| Case::bytes(folder, name, text.as_bytes(), code);
    assert_all(&[
        case("clean", clean.clone(), 0),
        case("clean if exists", dump(&["--clean", "--if-exists"]), 0),
        case("drops a database at its end", format!("{clean}\n\\connect postgres\nDROP DATABASE base;\n"), 1)
            .says("DROP DATABASE base; "),
        case("drops a role at its end", format!("{clean}\nDROP ROLE app;\n"), 3)
            .says("takes away what stands before it"),
        case("two in one file", clean.repeat(2), 0),
        case(
            "grants to a group",
            "CREATE ROLE app;\nCREATE TABLE public.t (\n    a integer\n);\nGRANT SELECT ON TABLE public.t TO GROUP app;\n".to_owned(),
            0,
        ),
    ]);
}

#[test]
fn what_stops_psql_stops_here() {
    if programs().is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let slow = "CREATE MATERIALIZED VIEW public.slow AS\n SELECT 1 AS one\n   FROM pg_sleep((1)::double precision) pg_sleep(pg_sleep);";
    let limit = "stopped by a time limit that the backup itself sets";
    let bytes = |name: &str, sql: &str, code: i32| Case::bytes(folder, name, sql.as_bytes(), code);
    let mismatch = "end-of-copy marker does not match previous newline style";
    let cases = [
        case(folder, "limit that is none", "SET statement_timeout = 0; SET lock_timeout = '0';", slow, 0),
        case(folder, "long limit", "SET statement_timeout TO '1h';", slow, 0),
        case(folder, "short limit", "SET statement_timeout = 200;", slow, 3).says(limit),
        case(folder, "limit taken back", "SET statement_timeout = 1;\nSET statement_timeout = 0;", slow, 0),
        case(folder, "read only", "SET default_transaction_read_only = on;", "", 1)
            .says("read-only transaction"),
        case(folder, "not read only", "SET default_transaction_read_only = off;", "", 0),
        // psql before 18 hands the closing line of rows to the server, which takes it for theirs only if it ends as they do.
        bytes(
            "rows end otherwise",
            "CREATE TABLE public.a (x integer);\nCOPY public.a FROM stdin;\n1\r\n\\.\n",
            1,
        )
        .says(mismatch),
        bytes(
            "marker ends otherwise",
            "CREATE TABLE public.a (x integer);\nCOPY public.a FROM stdin;\n1\n\\.\r\n",
            1,
        )
        .says(mismatch),
        bytes(
            "both end so",
            "CREATE TABLE public.a (x integer);\r\nCOPY public.a FROM stdin;\r\n1\r\n\\.\r\n",
            0,
        ),
        bytes("no row at all", "CREATE TABLE public.a (x integer);\nCOPY public.a FROM stdin;\n\\.\r\n", 0),
        bytes("marker is cut", "CREATE TABLE public.a (x integer);\nCOPY public.a FROM stdin;\n1\n\\.", 1)
            .says("end-of-copy marker corrupt"),
    ];
    assert_all(&cases);
}

#[test]
fn whoever_restores_is_no_role_of_that_name() {
    if programs().is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let owners = "ALTER TABLE public.t OWNER TO CURRENT_USER;\nALTER VIEW public.v OWNER TO session_user;\n\
                  GRANT SELECT ON TABLE public.t TO CURRENT_USER;\nGRANT ALL ON SCHEMA app TO Current_Role;";
    let named = "ALTER TABLE public.t OWNER TO \"current_user\";";
    let cases = [
        case(folder, "whoever", "", owners, 0).never("stand in"),
        case(
            folder,
            "somebody and then whoever",
            "",
            &format!("ALTER TABLE public.t OWNER TO bob;\n{owners}"),
            0,
        ),
        case(folder, "a role of that name", "", named, 0)
            .says("roles made to stand in for those of the backup: current_user"),
    ];
    assert_all(&cases);
}

#[test]
fn large_objects_are_more_or_less_than_the_backup_says() {
    if programs().is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let comment = "COMMENT ON LARGE OBJECT 5 IS 'a picture';";
    let cases = [
        case(folder, "comment", LARGE_OBJECT, comment, 0),
        case(
            folder,
            "comment is taken",
            LARGE_OBJECT,
            &format!("{comment}\nCOMMENT ON LARGE OBJECT 5 IS NULL;"),
            1,
        )
        .says("comment of large object 5: missing"),
        case(folder, "one more", LARGE_OBJECT, "SELECT lo_from_bytea(8, 'abc');", 3)
            .says("number of large objects: expected 1; actual 2"),
    ];
    assert_all(&cases);
}

#[test]
fn a_restriction_within_another_is_none() {
    if programs().is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let twice = Case::plain(folder, "twice", &format!("\\restrict key\n{DUMP}\n\\restrict other\n"), 1)
        .says("truncated dump");
    let text = String::from_utf8(std::fs::read(&twice.backup).unwrap()).unwrap();
    let answered = Case::bytes(folder, "answered", format!("{text}\\unrestrict key\n").as_bytes(), 0);
    assert_all(&[twice, answered]);
}
