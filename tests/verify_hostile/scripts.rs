//! Hostile plain dumps.

use std::fs;
use std::path::Path;

use super::{Canaries, Case};

const TABLE: &str = "CREATE TABLE public.t (x integer);\nCOPY public.t (x) FROM stdin;\n1\n2\n\\.\n";
const END: &str = "\n--\n-- PostgreSQL database dump complete\n--\n";

/// A meta-command is a finding.
const FINDING: &[i32] = &[1];
/// It asks for what no dump is given.
const REFUSED: &[i32] = &[3];
/// It is bad or cannot be judged, depending on what the server says.
const NOT_GOOD: &[i32] = &[1, 3];
/// It does no harm where it runs, and may be what a backup holds.
const ANY: &[i32] = &[0, 1, 3];

pub fn cases(folder: &Path, canaries: &Canaries) -> Vec<Case> {
    let (file, new, port) = (canaries.file.display(), canaries.new.display(), canaries.port());
    let mut cases = Vec::new();
    let mut add = |name: &str, codes, says, arguments, sql: String| {
        let backup = folder.join(format!("{}.sql", name.replace(' ', "_")));
        fs::write(&backup, format!("{TABLE}{sql}{END}")).unwrap();
        cases.push(Case { name: name.to_owned(), backup, codes, says, arguments });
    };

    // psql's own commands.
    for (name, command) in [
        ("shell", format!("\\! touch {new}")),
        ("copy to a file", format!("\\copy public.t to '{new}'")),
        ("copy to a program", format!("\\copy public.t to program 'touch {new}'")),
        ("include", format!("\\i {file}")),
        ("output", format!("\\o {new}\nSELECT 1;")),
        ("pipe", format!("SELECT 1 \\g |cat > {new}\n")),
        ("gexec", "SELECT 'DROP TABLE public.t' \\gexec\n".to_owned()),
        ("backticks", format!("\\set x `touch {new}`")),
        ("wrong key", format!("\\restrict abc\n\\unrestrict xyz\n\\! touch {new}\n\\unrestrict abc")),
        ("connect elsewhere", format!("\\connect 'host=127.0.0.1 port={port} dbname=x'")),
        // CVE-2025-8714 and CVE-2025-8715: commands behind a line break in a comment with an object's name.
        ("line break in a comment", format!("-- Name: x\n\\! touch {new}\n-- ; Type: TABLE")),
        ("line break behind rows", format!("COPY public.t (x) FROM stdin;\n3\n\\.\n\\! touch {new}\n")),
    ] {
        add(name, FINDING, "", &[], command);
    }

    // What the server itself can do to its machine.
    for (name, sql) in [
        ("to program", format!("COPY public.t TO PROGRAM 'touch {new}';")),
        ("from program", format!("COPY public.t FROM PROGRAM 'touch {new}';")),
        ("to a file", format!("COPY public.t TO '{new}';")),
        ("from a file", format!("COPY public.t FROM '{file}';")),
        ("export", format!("SELECT pg_catalog.lo_export(pg_catalog.lo_from_bytea(0, 'x'), '{new}');")),
        ("import", format!("SELECT pg_catalog.lo_import('{file}');")),
        ("read a file", format!("CREATE TABLE public.s AS SELECT pg_catalog.pg_read_file('{file}');")),
        ("untrusted language", "CREATE EXTENSION plperlu;\nCREATE FUNCTION public.f() RETURNS text LANGUAGE plperlu AS 'return `id`';\nSELECT public.f();".to_owned()),
        ("function in C", "CREATE FUNCTION public.f(cstring) RETURNS int LANGUAGE c AS 'libc.so.6', 'system';".to_owned()),
        ("internal function", "CREATE FUNCTION public.f(text) RETURNS text LANGUAGE internal AS 'pg_read_file_all';".to_owned()),
        ("right to run programs", format!("GRANT pg_execute_server_program, pg_write_server_files TO pgdumpkit_restorer;\nCOPY public.t TO PROGRAM 'touch {new}';")),
        ("connects back", "CREATE EXTENSION dblink WITH SCHEMA public;\nSELECT public.dblink_connect_u('dbname=postgres user=pgdumpkit_admin');".to_owned()),
        ("connects out", format!("CREATE EXTENSION dblink WITH SCHEMA public;\nSELECT public.dblink_connect('host=127.0.0.1 port={port} user=x password=x dbname=x');")),
        ("imports from out", format!("CREATE EXTENSION postgres_fdw WITH SCHEMA public;\nCREATE SERVER s FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '127.0.0.1', port '{port}');\nCREATE USER MAPPING FOR CURRENT_USER SERVER s OPTIONS (user 'x', password 'x');\nIMPORT FOREIGN SCHEMA public FROM SERVER s INTO public;")),
    ] {
        add(name, NOT_GOOD, "", &[], sql);
    }
    let subscription =
        format!("CREATE SUBSCRIPTION s CONNECTION 'host=127.0.0.1 port={port}' PUBLICATION p;");
    add("subscribes", REFUSED, "superuser", &[], subscription);
    add(
        "leaves the fence with trust",
        NOT_GOOD,
        "trusted",
        &["--trust"],
        format!(
            "COPY public.t TO PROGRAM 'touch {new}';\nCOPY public.t TO '{new}';\nCREATE TABLE public.s AS SELECT pg_catalog.pg_read_file('{file}');"
        ),
    );

    // Becoming somebody else.
    for (name, codes, sql) in [
        ("alters the system", NOT_GOOD, format!("ALTER SYSTEM SET archive_command = 'touch {new}';")),
        ("makes itself a superuser", ANY, "ALTER ROLE pgdumpkit_restorer SUPERUSER;".to_owned()),
        ("sets a role", NOT_GOOD, "SET ROLE pgdumpkit_admin;\nCREATE TABLE public.mine AS SELECT current_setting('is_superuser')::boolean AS yes;\nALTER TABLE public.mine ADD CHECK (NOT yes);\nALTER ROLE pgdumpkit_admin NOLOGIN;\nSELECT 1/(SELECT count(*) FROM pg_roles WHERE rolname = current_user AND rolsuper);".to_owned()),
        ("sets the session", NOT_GOOD, format!("SET SESSION AUTHORIZATION pgdumpkit_admin;\nCOPY public.t TO '{new}';\nRESET SESSION AUTHORIZATION;\nRESET ROLE;\nCOPY public.t TO '{new}';")),
        ("takes a function", REFUSED, "ALTER FUNCTION pg_catalog.pg_read_file(text) OWNER TO pgdumpkit_restorer;".to_owned()),
        ("drops the database", ANY, "DROP DATABASE restored_0;\nDROP DATABASE template1;".to_owned()),
        ("alters the database", ANY, "ALTER DATABASE restored_0 SET session_preload_libraries = 'x';\nALTER DATABASE restored_0 SET search_path = 'nowhere';\nCOMMENT ON DATABASE restored_0 IS 'mine';".to_owned()),
        ("alters the role", ANY, "ALTER ROLE pgdumpkit_restorer SET statement_timeout = 1;\nALTER ROLE pgdumpkit_restorer SET default_transaction_read_only = on;".to_owned()),
        ("ends others", NOT_GOOD, "SELECT pg_terminate_backend(pid)::text::int FROM pg_stat_activity WHERE usename = 'pgdumpkit_admin';".to_owned()),
        ("ends itself", NOT_GOOD, "SELECT pg_terminate_backend(pg_backend_pid());".to_owned()),
    ] {
        add(name, codes, "", &["--timeout", "60"], sql);
    }

    // Code that runs when the rows come, and when verify asks.
    let steal = format!("BEGIN PERFORM pg_catalog.pg_read_file('{file}'); RETURN {{}}; END");
    let function = |returns: &str, value: &str| {
        let body = steal.replace("{}", value);
        format!("CREATE FUNCTION public.f() RETURNS {returns} LANGUAGE plpgsql IMMUTABLE AS $$ {body} $$;\n")
    };
    let rows = "COPY public.u (x) FROM stdin;\n1\n\\.\n";
    for (name, sql) in [
        (
            "check",
            format!(
                "{}CREATE TABLE public.u (x integer CHECK (public.f()));\n{rows}",
                function("boolean", "true")
            ),
        ),
        (
            "default",
            format!(
                "{}CREATE TABLE public.u (x integer, y integer DEFAULT public.f());\n{rows}",
                function("integer", "1")
            ),
        ),
        (
            "trigger",
            format!(
                "{}CREATE TABLE public.u (x integer);\nCREATE TRIGGER u BEFORE INSERT ON public.u FOR EACH ROW EXECUTE FUNCTION public.f();\n{rows}",
                function("trigger", "new")
            ),
        ),
        (
            "index",
            format!(
                "{}CREATE TABLE public.u (x integer);\n{rows}CREATE INDEX u_f ON public.u USING btree (public.f());",
                function("integer", "1")
            ),
        ),
        (
            "matview",
            format!(
                "{}CREATE MATERIALIZED VIEW public.m AS SELECT public.f() AS f WITH NO DATA;\nREFRESH MATERIALIZED VIEW public.m;",
                function("integer", "1")
            ),
        ),
        ("block", format!("DO $$ BEGIN PERFORM pg_catalog.pg_read_file('{file}'); END $$;")),
    ] {
        add(name, NOT_GOOD, "", &[], sql);
    }
    // Functions that stand in for the server's own; were they run by the superuser, the role would be one.
    let shadow = "CREATE FUNCTION public.grab() RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'ALTER ROLE pgdumpkit_restorer SUPERUSER'; EXCEPTION WHEN OTHERS THEN NULL; END $$;\n";
    for (name, sql) in [
        ("shadows", "CREATE FUNCTION public.count(integer) RETURNS bigint LANGUAGE sql AS 'SELECT public.grab(); SELECT 1::bigint';\nCREATE FUNCTION public.format(text, text) RETURNS text LANGUAGE sql AS 'SELECT public.grab(); SELECT $1';\nCREATE FUNCTION public.same(name, text) RETURNS boolean LANGUAGE sql AS 'SELECT public.grab(); SELECT true';\nCREATE OPERATOR public.= (LEFTARG = name, RIGHTARG = text, FUNCTION = public.same);\nALTER DATABASE restored_0 SET search_path = public, pg_catalog;\nALTER ROLE ALL SET search_path = public, pg_catalog;".to_owned()),
        ("event trigger", "CREATE FUNCTION public.e() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN PERFORM public.grab(); END';\nCREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION public.e();\nCREATE EXTENSION IF NOT EXISTS hstore WITH SCHEMA public;".to_owned()),
        ("rule", "CREATE VIEW public.v AS SELECT 1 AS x;\nCREATE RULE r AS ON INSERT TO public.v DO INSTEAD SELECT public.grab();\nCREATE RULE s AS ON UPDATE TO public.t DO ALSO SELECT public.grab();".to_owned()),
        ("cast", "CREATE TYPE public.c AS (x integer);\nCREATE FUNCTION public.c(public.c) RETURNS text LANGUAGE sql AS 'SELECT public.grab(); SELECT 1::text';\nCREATE CAST (public.c AS text) WITH FUNCTION public.c(public.c) AS IMPLICIT;\nCREATE TABLE public.u (c public.c);\nCOPY public.u (c) FROM stdin;\n(1)\n\\.\n".to_owned()),
    ] {
        add(name, ANY, "", &["--assert", "SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = 'pgdumpkit_restorer'", "--equals", "f"], format!("{shadow}{sql}"));
    }

    // Using up what there is.
    for (name, codes, says, sql) in [
        ("endless loop", REFUSED, "time limit", "DO $$ BEGIN LOOP END LOOP; END $$;"),
        ("long sleep", REFUSED, "time limit", "SELECT pg_catalog.pg_sleep(3600);"),
        (
            "endless query",
            REFUSED,
            "time limit",
            "CREATE TABLE public.u AS SELECT count(*) FROM pg_catalog.generate_series(1, 1000000000000) n WHERE n < 0;",
        ),
        (
            "huge text",
            ANY,
            "",
            "CREATE TABLE public.u AS SELECT length(repeat('x', 1000000000) || repeat('x', 1000000000)) AS n;",
        ),
    ] {
        add(name, codes, says, &["--timeout", "3"], sql.to_owned());
    }
    // Names that a terminal would obey.
    add(
        "escape codes",
        &[0],
        "",
        &[],
        "CREATE TABLE public.\"\u{1b}]0;title\u{7}\u{1b}[2J\u{202e}\" (x integer);".to_owned(),
    );
    cases
}
