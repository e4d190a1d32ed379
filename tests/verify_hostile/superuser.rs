//! Plain dumps that want code of theirs to run as the scratch server's superuser.

use std::fs;
use std::path::Path;

use super::Case;

/// Whoever calls it becomes, or is written down.
const GRAB: &str = "CREATE TABLE public.seen (who text);
CREATE FUNCTION public.grab(text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN
    BEGIN EXECUTE 'ALTER ROLE pgdumpkit_restorer SUPERUSER'; EXCEPTION WHEN OTHERS THEN NULL; END;
    BEGIN INSERT INTO public.seen VALUES (current_user); EXCEPTION WHEN OTHERS THEN NULL; END;
    RETURN $1; END $$;
CREATE TABLE public.t (x integer NOT NULL);
COPY public.t (x) FROM stdin;
1
2
\\.
ALTER TABLE ONLY public.t ADD CONSTRAINT t_pkey PRIMARY KEY (x);
";
const END: &str = "\n--\n-- PostgreSQL database dump complete\n--\n";

/// A restoring role that is a superuser, and the superuser's visits to the dump's function.
const ASKS: &[&str] = &[
    "--level",
    "full",
    "--timeout",
    "120",
    "--assert",
    "SELECT pg_catalog.concat((SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = 'pgdumpkit_restorer'), ' ', \
     (SELECT pg_catalog.string_agg(rolname, ',') FROM pg_catalog.pg_roles WHERE rolsuper), ' ', \
     (SELECT pg_catalog.count(*) FROM public.seen WHERE who = 'pgdumpkit_admin'))",
    "--equals",
    "f pgdumpkit_admin 0",
];

/// What the report must not say: an answer that is another.
pub const WRONG: &str = "expected f pgdumpkit_admin 0; actual";

/// It is not run for a dump.
const REFUSED: &[i32] = &[3];
/// It is refused, or what it did to itself shows.
const NOT_GOOD: &[i32] = &[1, 3];
/// It does no harm where it runs.
const ANY: &[i32] = &[0, 1, 3];

/// What makes the superuser's connection do something.
const ESCALATES: &str = "CREATE SCHEMA later;\nCREATE EXTENSION pageinspect WITH SCHEMA later;\nCOMMENT ON EXTENSION pageinspect IS 'x';\n";

const AMCHECK: &str = "CREATE EXTENSION amcheck WITH SCHEMA public;\n";
const DBLINK: &str = "CREATE EXTENSION dblink WITH SCHEMA public;\n";

const EVENT: &str = "CREATE FUNCTION public.e() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN PERFORM public.grab(''x''); END';\n\
    CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION public.e();\n";

const OVERLOADS: &str = "CREATE FUNCTION public.bt_index_check(oid, boolean) RETURNS void LANGUAGE sql AS 'SELECT public.grab(''x'')::void';\n\
    CREATE FUNCTION public.bt_index_check(regclass, integer) RETURNS void LANGUAGE sql AS 'SELECT public.grab(''x'')::void';\n\
    CREATE FUNCTION public.verify_heapam(oid) RETURNS TABLE (msg text) LANGUAGE sql AS 'SELECT public.grab(''x'')';\n";

type Row = (&'static str, &'static [i32], &'static str, String);

pub fn cases(folder: &Path) -> Vec<Case> {
    let mut cases = Vec::new();
    for (name, codes, says, sql) in [settings(), triggers(), functions(), types(), owners()].concat() {
        let backup = folder.join(format!("superuser_{}.sql", name.replace(' ', "_")));
        // Extensions come first, as pg_dump writes them: not into a schema that holds something already.
        let (first, sql) = match sql.strip_prefix(DBLINK).or_else(|| sql.strip_prefix(AMCHECK)) {
            Some(rest) => sql.split_at(sql.len() - rest.len()),
            None => ("", sql.as_str()),
        };
        fs::write(&backup, format!("{first}{GRAB}{sql}{END}")).unwrap();
        cases.push(Case { name: name.to_owned(), backup, codes, says, arguments: ASKS });
    }
    cases
}

/// Settings that superusers take over.
fn settings() -> Vec<Row> {
    let function = "CREATE FUNCTION public.set_config(text, text, boolean) RETURNS text LANGUAGE sql AS 'SELECT public.grab($1)';\n";
    vec![
        (
            "set_config of the dump",
            NOT_GOOD,
            "",
            format!("{function}SELECT public.set_config('search_path', '', false);\n{ESCALATES}"),
        ),
        (
            "set_config found first",
            NOT_GOOD,
            "",
            format!(
                "{function}SET search_path = public, pg_catalog;\nSELECT set_config('search_path', '', false);\n{ESCALATES}"
            ),
        ),
        (
            "value that is computed",
            NOT_GOOD,
            "",
            format!(
                "SELECT pg_catalog.set_config('search_path', '' || public.grab('x'), false);\n{ESCALATES}"
            ),
        ),
        (
            "value that is called for",
            NOT_GOOD,
            "",
            format!(
                "SELECT pg_catalog.set_config('client_encoding', public.grab('UTF8'), false);\n{ESCALATES}"
            ),
        ),
        (
            "encoding in which a quote ends elsewhere",
            // No database can have it.
            &[1, 2, 3],
            "",
            format!(
                "SELECT pg_catalog.set_config('client_encoding', 'SJIS', false);\nCOMMENT ON EXTENSION plpgsql IS 'x';\n{ESCALATES}"
            ),
        ),
        (
            "libraries of the database",
            ANY,
            "",
            format!(
                "ALTER DATABASE restored_0 SET local_preload_libraries = 'x';\nALTER DATABASE restored_0 SET search_path = public;\n\
                 DO $$ BEGIN EXECUTE pg_catalog.format('ALTER DATABASE %I SET search_path = public, pg_catalog', \
                 pg_catalog.current_database()); END $$;\n{ESCALATES}"
            ),
        ),
        (
            "operator found first",
            NOT_GOOD,
            "",
            format!(
                "CREATE SCHEMA evil;\nCREATE FUNCTION evil.eq(name, name) RETURNS boolean LANGUAGE sql AS \
                 'SELECT public.grab(''x'') IS NOT NULL';\nCREATE OPERATOR evil.= (LEFTARG = name, RIGHTARG = name, FUNCTION = \
                 evil.eq);\nCREATE FUNCTION evil.eq(name, text) RETURNS boolean LANGUAGE sql AS 'SELECT public.grab(''x'') IS NOT \
                 NULL';\nCREATE OPERATOR evil.= (LEFTARG = name, RIGHTARG = text, FUNCTION = evil.eq);\n{EVENT}SET search_path = \
                 evil, pg_catalog;\nALTER EVENT TRIGGER e OWNER TO alice;\n{ESCALATES}"
            ),
        ),
    ]
}

/// Triggers that fire for whoever comes.
fn triggers() -> Vec<Row> {
    // Which the restoring role makes, and the server as a superuser: its script has many commands.
    const TRUSTED: &str = "CREATE SCHEMA later;\nCREATE EXTENSION pgcrypto WITH SCHEMA later;\n";
    vec![
        (
            "event trigger in the script of a trusted extension",
            REFUSED,
            "left disabled",
            format!("{EVENT}{TRUSTED}"),
        ),
        (
            "event trigger enabled for the script of a trusted extension",
            REFUSED,
            "left disabled",
            format!("{EVENT}ALTER EVENT TRIGGER e ENABLE;\nALTER EVENT TRIGGER e ENABLE ALWAYS;\n{TRUSTED}"),
        ),
        (
            "event trigger and a trusted extension by name",
            NOT_GOOD,
            "left disabled",
            format!("{EVENT}DO $$ BEGIN EXECUTE 'CREATE SCHEMA l; CREATE EXTENSION pgcrypto SCHEMA l'; END $$;\n"),
        ),
        (
            "event trigger and the update of a trusted extension",
            NOT_GOOD,
            "left disabled",
            format!(
                "CREATE SCHEMA l;\nCREATE EXTENSION pgcrypto WITH SCHEMA l VERSION '1.3';\n{EVENT}DO $$ BEGIN ALTER EXTENSION pgcrypto \
                 UPDATE; DROP EXTENSION pgcrypto; CREATE EXTENSION hstore SCHEMA l; END $$;\n"
            ),
        ),
        (
            "event trigger that always fires",
            ANY,
            "was set in a transaction that was undone",
            format!("{EVENT}ALTER EVENT TRIGGER e OWNER TO alice;\nALTER EVENT TRIGGER e ENABLE ALWAYS;\n{ESCALATES}"),
        ),
        (
            "event trigger switched on by its owner",
            NOT_GOOD,
            "",
            format!(
                "{EVENT}ALTER EVENT TRIGGER e OWNER TO alice;\nDO $$ BEGIN EXECUTE 'ALTER EVENT TRIGGER e ENABLE ALWAYS'; END \
                 $$;\nSET ROLE alice;\nDO $$ BEGIN EXECUTE 'ALTER EVENT TRIGGER e ENABLE REPLICA'; END $$;\nRESET ROLE;\n{ESCALATES}"
            ),
        ),
        (
            "event trigger of a definer",
            ANY,
            "",
            format!(
                "{EVENT}ALTER FUNCTION public.e() SECURITY DEFINER;\nALTER EVENT TRIGGER e OWNER TO alice;\n{ESCALATES}\
                 COMMENT ON EXTENSION pageinspect IS 'y';\n"
            ),
        ),
        (
            "column behind triggers",
            REFUSED,
            "needs a superuser",
            "CREATE TABLE public.k (x integer REFERENCES public.t);\n\
             ALTER TABLE public.k DISABLE TRIGGER ALL, ADD COLUMN y text DEFAULT public.grab('x');\n"
                .to_owned(),
        ),
        (
            "column behind a trigger that always fires",
            NOT_GOOD,
            "",
            "CREATE FUNCTION public.w() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM public.grab(''x''); RETURN new; END';\n\
             CREATE TRIGGER \" TRIGGER \" BEFORE INSERT ON public.t FOR EACH ROW EXECUTE FUNCTION public.w();\n\
             ALTER TABLE public.t ENABLE ALWAYS TRIGGER \" TRIGGER \", ADD COLUMN y text DEFAULT public.grab('x');\n"
                .to_owned(),
        ),
        (
            "comment that is computed",
            NOT_GOOD,
            "",
            format!("{ESCALATES}COMMENT ON EXTENSION pageinspect IS 'a' || public.grab('x');\n"),
        ),
    ]
}

/// Functions that are called by name, or by the server's own code.
fn functions() -> Vec<Row> {
    vec![
        ("amcheck with overloads", ANY, "", format!("{AMCHECK}{OVERLOADS}CREATE INDEX i ON public.t (x);\n")),
        ("overloads without amcheck", ANY, "", format!("{OVERLOADS}CREATE INDEX i ON public.t (x);\n")),
        (
            "validator",
            REFUSED,
            "a foreign data wrapper's handler or validator",
            "CREATE FUNCTION public.val(text[], oid) RETURNS void LANGUAGE sql AS 'SELECT public.grab(''x'')::void';\n\
             CREATE FOREIGN DATA WRAPPER w VALIDATOR public.val OPTIONS (a 'b');\n"
                .to_owned(),
        ),
        (
            "validator that comes later",
            NOT_GOOD,
            "",
            "CREATE FUNCTION public.val(text[], oid) RETURNS void LANGUAGE sql AS 'SELECT public.grab(''x'')::void';\n\
             CREATE FOREIGN DATA WRAPPER w;\nALTER FOREIGN DATA WRAPPER w VALIDATOR public.val;\n\
             CREATE SERVER s FOREIGN DATA WRAPPER w OPTIONS (a 'b');\nCREATE USER MAPPING FOR PUBLIC SERVER s OPTIONS (a 'b');\n"
                .to_owned(),
        ),
        (
            "language of its own",
            REFUSED,
            "a language's handler",
            "CREATE FUNCTION public.v(oid) RETURNS void LANGUAGE sql AS 'SELECT public.grab(''x'')::void';\n\
             CREATE TRUSTED LANGUAGE l HANDLER pg_catalog.plpgsql_call_handler VALIDATOR public.v;\n\
             CREATE FUNCTION public.f() RETURNS text LANGUAGE l AS 'x';\n"
                .to_owned(),
        ),
        (
            "extension among functions of the dump",
            REFUSED,
            "the extension's script could run",
            "CREATE SCHEMA x;\nCREATE FUNCTION x.array_agg(text) RETURNS text LANGUAGE sql AS 'SELECT public.grab($1)';\n\
             CREATE EXTENSION amcheck WITH SCHEMA x;\n"
                .to_owned(),
        ),
        (
            "extension among operators of the dump",
            REFUSED,
            "the extension's script could run",
            "CREATE SCHEMA x;\nCREATE OPERATOR x.=== (LEFTARG = integer, RIGHTARG = integer, FUNCTION = pg_catalog.int4eq);\n\
             CREATE EXTENSION pageinspect SCHEMA x;\n"
                .to_owned(),
        ),
        (
            "extension with all that it needs",
            REFUSED,
            "needs a superuser",
            "CREATE SCHEMA x;\nCREATE EXTENSION pageinspect SCHEMA x CASCADE;\n".to_owned(),
        ),
        (
            "publication with a condition",
            NOT_GOOD,
            "",
            "CREATE FUNCTION public.yes(integer) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT public.grab(''x'') IS NOT NULL';\n\
             CREATE PUBLICATION p FOR ALL TABLES;\nALTER PUBLICATION p ADD TABLE ONLY public.t WHERE (public.yes(x));\n"
                .to_owned(),
        ),
    ]
}

/// Types whose values are taken for others.
fn types() -> Vec<Row> {
    vec![
        (
            "cast of bytes",
            REFUSED,
            "a cast that takes the bytes of one type for another's",
            "CREATE CAST (bytea AS tsvector) WITHOUT FUNCTION;\n\
             CREATE MATERIALIZED VIEW public.m AS SELECT '\\xffffff7fffffffffffffff'::bytea::tsvector AS v WITH NO DATA;\n\
             REFRESH MATERIALIZED VIEW public.m;\n"
                .to_owned(),
        ),
        (
            "cast that catalogs are read with",
            REFUSED,
            "between types of the server's own",
            "CREATE FUNCTION public.r(regclass) RETURNS text LANGUAGE sql AS 'SELECT public.grab(''x'')';\n\
             CREATE CAST (regclass AS text) WITH FUNCTION public.r(regclass);\n\
             CREATE FUNCTION public.o(oid) RETURNS text LANGUAGE sql AS 'SELECT public.grab(''x'')';\n\
             CREATE CAST (oid AS text) WITH FUNCTION public.o(oid);\n"
                .to_owned(),
        ),
        (
            "operators of other types",
            REFUSED,
            "the functions of an operator class",
            "CREATE OPERATOR CLASS public.o FOR TYPE integer USING btree AS OPERATOR 1 pg_catalog.<(text,text), \
             OPERATOR 3 pg_catalog.=(text,text), FUNCTION 1 (integer, integer) pg_catalog.bttextcmp(text,text);\n\
             CREATE INDEX i ON public.t USING btree (x public.o);\n"
                .to_owned(),
        ),
        (
            "functions with the server's own arguments",
            REFUSED,
            "the functions of an operator class",
            "CREATE OPERATOR CLASS public.o FOR TYPE integer USING gist AS FUNCTION 1 (integer, integer) \
             pg_catalog.gist_box_consistent(internal,box,smallint,oid,internal);\n"
                .to_owned(),
        ),
        (
            "operator family",
            REFUSED,
            "the functions of an operator class",
            "CREATE OPERATOR FAMILY public.f USING btree;\n\
             ALTER OPERATOR FAMILY public.f USING btree ADD OPERATOR 1 pg_catalog.<(text,text), FUNCTION 1 (integer, integer) \
             pg_catalog.bttextcmp(text,text);\n"
                .to_owned(),
        ),
        (
            "template without what it works on",
            REFUSED,
            "the functions of text search",
            "CREATE TEXT SEARCH TEMPLATE public.s (LEXIZE = pg_catalog.dsimple_lexize);\n\
             CREATE TEXT SEARCH DICTIONARY public.d (TEMPLATE = public.s);\n\
             CREATE MATERIALIZED VIEW public.m AS SELECT pg_catalog.ts_lexize('public.d', 'x') AS v WITH NO DATA;\n\
             REFRESH MATERIALIZED VIEW public.m;\n"
                .to_owned(),
        ),
        (
            "parser of other functions",
            REFUSED,
            "the functions of text search",
            "CREATE TEXT SEARCH PARSER public.p (START = prsd_start, GETTOKEN = prsd_nexttoken, END = prsd_lextype, \
             LEXTYPES = prsd_end);\n"
                .to_owned(),
        ),
        (
            "transform",
            REFUSED,
            "a transform's functions",
            "CREATE TRANSFORM FOR integer LANGUAGE plpgsql (FROM SQL WITH FUNCTION pg_catalog.prsd_lextype(internal), \
             TO SQL WITH FUNCTION pg_catalog.int4recv(internal));\n"
                .to_owned(),
        ),
        (
            "access method",
            REFUSED,
            "an access method's handler",
            "CREATE ACCESS METHOD a TYPE INDEX HANDLER pg_catalog.heap_tableam_handlers;\n".to_owned(),
        ),
        (
            "base type",
            REFUSED,
            "needs a superuser",
            "CREATE TYPE public.b;\nCREATE FUNCTION public.b_in(cstring) RETURNS public.b LANGUAGE internal AS 'textin';\n\
             CREATE TYPE public.b (INPUT = public.b_in, OUTPUT = public.b_in);\n"
                .to_owned(),
        ),
        (
            "operator class of its own type",
            &[0],
            "",
            "CREATE TYPE public.k AS (x integer);\n\
             CREATE FUNCTION public.k_lt(public.k, public.k) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT ($1).x < ($2).x';\n\
             CREATE FUNCTION public.k_cmp(public.k, public.k) RETURNS integer LANGUAGE sql IMMUTABLE AS \
             'SELECT ($1).x - ($2).x';\n\
             CREATE OPERATOR public.<# (FUNCTION = public.k_lt, LEFTARG = public.k, RIGHTARG = public.k);\n\
             CREATE OPERATOR FAMILY public.k_ops USING btree;\n\
             CREATE OPERATOR CLASS public.k_ops\n    FOR TYPE public.k USING btree FAMILY public.k_ops AS\n    \
             OPERATOR 1 public.<#(public.k,public.k) ,\n    \
             FUNCTION 1 (public.k, public.k) public.k_cmp(public.k,public.k);\n"
                .to_owned(),
        ),
    ]
}

/// Owners and rights by which a role becomes more than it is.
fn owners() -> Vec<Row> {
    let calls = "CREATE MATERIALIZED VIEW public.m AS SELECT public.dblink_connect_u('c', 'user=pgdumpkit_admin') AS x WITH NO DATA;\n\
                 ALTER MATERIALIZED VIEW public.m OWNER TO alice;\nREFRESH MATERIALIZED VIEW public.m;\n";
    vec![
        (
            "right that the extension takes away",
            NOT_GOOD,
            "set in a transaction that was undone",
            format!("{DBLINK}GRANT ALL ON FUNCTION public.dblink_connect_u(text, text) TO alice;\n{calls}"),
        ),
        (
            "right for everybody",
            NOT_GOOD,
            "",
            format!("{DBLINK}GRANT EXECUTE ON FUNCTION public.dblink_connect_u(text, text) TO PUBLIC;\n{calls}"),
        ),
        (
            "extension's function for an owner",
            NOT_GOOD,
            "",
            format!("{DBLINK}ALTER FUNCTION public.dblink_connect_u(text, text) OWNER TO alice;\n{calls}"),
        ),
        (
            "subscription of an owner",
            NOT_GOOD,
            "",
            "CREATE SUBSCRIPTION s CONNECTION 'host=/nowhere' PUBLICATION p WITH (connect = false, slot_name = NONE);\n\
             ALTER SUBSCRIPTION s OWNER TO alice;\nALTER SUBSCRIPTION s CONNECTION 'host=/var/run/postgresql';\n\
             DO $$ BEGIN EXECUTE 'ALTER SUBSCRIPTION s CONNECTION ''host=/tmp'''; END $$;\nALTER SUBSCRIPTION s ENABLE;\n"
                .to_owned(),
        ),
        (
            "wrapper of an owner",
            ANY,
            "",
            "CREATE FOREIGN DATA WRAPPER w;\nALTER FOREIGN DATA WRAPPER w OWNER TO alice;\n\
             GRANT ALL ON FOREIGN DATA WRAPPER w TO PUBLIC;\nCREATE SERVER s FOREIGN DATA WRAPPER w;\n"
                .to_owned(),
        ),
        (
            "roles that the restoring role is in",
            ANY,
            "",
            format!(
                "GRANT pgdumpkit_admin TO alice;\nGRANT pgdumpkit_admin TO pgdumpkit_restorer;\nALTER ROLE alice SUPERUSER;\n\
                 ALTER TABLE public.t OWNER TO alice;\nALTER ROLE alice CREATEROLE;\n\
                 ALTER TABLE public.t OWNER TO pgdumpkit_admin;\n{ESCALATES}"
            ),
        ),
    ]
}
