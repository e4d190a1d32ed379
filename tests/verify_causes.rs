//! Why a statement failed: at a backup's own fault, or for want of what this machine has not.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    missing_docs,
    reason = "a test that cannot go on panics, and says why it is skipped"
)]

mod corpus;
mod verdict;

use verdict::{Case, assert_all, programs};

/// A table with a row.
const TABLE: &str = "CREATE TABLE public.t (a integer);\nCOPY public.t (a) FROM stdin;\n1\n\\.\n";

fn extension(name: &str, schema: &str) -> String {
    format!("CREATE EXTENSION IF NOT EXISTS {name} WITH SCHEMA {schema};\n")
}

/// Everything that a dump can say of a table without making it.
fn spoken_of(table: &str) -> String {
    let (schema, name) = table.split_once('.').unwrap();
    format!(
        "ALTER TABLE {table} OWNER TO somebody;
COMMENT ON TABLE {table} IS 'x';
COMMENT ON COLUMN {table}.id IS 'x';
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE ONLY {table} ALTER COLUMN id SET DEFAULT 3;
COPY {table} (id) FROM stdin;
1
\\.
SELECT pg_catalog.setval('{table}_id_seq', 3, true);
ALTER TABLE ONLY {table} ADD CONSTRAINT {name}_pkey PRIMARY KEY (id);
CREATE INDEX {name}_i ON {table} USING btree (id);
CREATE TRIGGER {name}_t BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION {schema}.f();
CREATE RULE {name}_r AS ON INSERT TO {table} DO INSTEAD NOTHING;
CREATE STATISTICS {table}_s ON id, x FROM {table};
CREATE POLICY {name}_p ON {table} USING ((id = 1));
ALTER TABLE {table} CLUSTER ON {name}_pkey;
GRANT SELECT ON TABLE {table} TO somebody;
"
    )
}

#[test]
fn a_missing_extension_explains_all_that_it_would_have_made() {
    if programs().is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let plain =
        |name: &str, sql: &str| Case::plain(folder, name, sql, 3).never("does not restore").never("bad:");
    let one = "cannot be judged completely here: 2 findings";
    let rows = |table: &str| format!("COPY {table} (id) FROM stdin;\n1\n\\.\n");
    assert_all(&[
        plain(
            "names of the schema",
            &format!(
                "CREATE SCHEMA geo;\n{}{}{}",
                extension("not_here", "geo"),
                rows("geo.geo"),
                rows("geo.other")
            ),
        )
        .says("extension is not installed here: not_here")
        .says("and 2 statements that need it, the first: data of table geo.geo (line 7")
        .says("unclear  geo.other"),
        plain("in public", &format!("{TABLE}{}{}", extension("not_here", "public"), spoken_of("public.layer")))
            .says("unclear   public.layer")
            .says("verified  public.t")
            .says(one)
            .says("and 15 statements that need it, the first: table public.layer (line"),
        plain("in a schema of its name", &format!("{}{}", extension("not_here", "pg_catalog"), spoken_of("not_here.job")))
            .says("unclear  not_here.job")
            .says(one),
        plain("in a schema of its own", &format!("{}{}", extension("not_here", "public"), spoken_of("elsewhere.job")))
            .says("unclear  elsewhere.job")
            .says(one),
        plain(
            "in the schema that is known of it",
            &format!(
                "{}{}{TABLE}ALTER TABLE public.layer OWNER TO me;\n",
                extension("pg_cron", "pg_catalog"),
                spoken_of("cron.job")
            )
            .replace("ALTER TABLE public.layer OWNER TO me;\n", ""),
        )
        .says(one),
        plain(
            "topology",
            &format!(
                "CREATE SCHEMA topology;\n{}{}{}{}",
                extension("postgis", "public"),
                extension("postgis_topology", "topology"),
                rows("topology.topology"),
                rows("topology.layer")
            ),
        )
        .says("and 2 statements that need it, the first: data of table topology.topology")
        .says("4 findings"),
        plain(
            "graphql",
            &format!(
                "CREATE SCHEMA graphql;\nCREATE SCHEMA graphql_public;\n{}CREATE FUNCTION graphql_public.graphql(q text) \
                 RETURNS text LANGUAGE sql AS $$ SELECT graphql.resolve(q) $$;\nGRANT ALL ON FUNCTION graphql.resolve(text) \
                 TO anon;\nCOMMENT ON FUNCTION graphql.graphql(text) IS 'x';\n",
                extension("pg_graphql", "graphql")
            ),
        )
        .says("extension is not installed here: pg_graphql"),
        plain(
            "types, functions, operators and their classes",
            &format!(
                "{}CREATE TABLE public.p (g public.gadget);\nCREATE DOMAIN public.d AS public.gadget;\nCREATE FUNCTION \
                 public.f(public.gadget) RETURNS integer LANGUAGE sql AS $$ SELECT 1 $$;\nCREATE TABLE public.q (a integer, b \
                 integer DEFAULT public.next_gadget());\nCREATE TABLE public.s (a integer, b text);\nCREATE INDEX i ON \
                 public.s USING gin (b public.gadget_ops);\nCREATE VIEW public.v AS SELECT (b OPERATOR(public.%%) 'x') AS c \
                 FROM public.s;\nCREATE VIEW public.w AS SELECT c FROM public.v;\nCREATE INDEX j ON public.s USING gadget \
                 (a);\nCREATE FUNCTION public.g() RETURNS integer LANGUAGE plgadget AS $$ x $$;\nCREATE SERVER sv FOREIGN \
                 DATA WRAPPER gadget_fdw;\nCREATE FOREIGN TABLE public.ft (a integer) SERVER sv;\nALTER DEFAULT PRIVILEGES IN \
                 SCHEMA gadgets GRANT SELECT ON TABLES TO me;\nCOMMENT ON EXTENSION not_here IS 'x';\n",
                extension("not_here", "public")
            ),
        )
        .says("cannot be judged completely here: 1 finding"),
        plain(
            "old search path",
            &format!(
                "SET search_path = public, pg_catalog;\n{}CREATE TABLE p (g gadget);\nCOPY p (g) FROM stdin;\nx\n\\.\nCOPY \
                 layer (id) FROM stdin;\n1\n\\.\nALTER TABLE ONLY p ADD CONSTRAINT p_pkey PRIMARY KEY (g);\n",
                extension("not_here", "public")
            ),
        )
        .says("and 4 statements that need it"),
        plain(
            "access method",
            &format!(
                "{}SET default_table_access_method = columnar;\n{TABLE}SET default_table_access_method = heap;\n",
                extension("citus_columnar", "pg_catalog")
            ),
        )
        .says("and 1 statement that needs it: setting default_table_access_method")
        .says("cannot be judged completely here: 1 finding")
        .never("settings of the session"),
    ]);
}

#[test]
fn what_no_missing_extension_would_have_made_is_the_backups_own() {
    if programs().is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let rows = "COPY app.t (a) FROM stdin;\n1\n\\.\n";
    let app = "CREATE SCHEMA app;\nCREATE TABLE app.u (a integer);\n";
    assert_all(&[
        Case::plain(folder, "lost table", &format!("{}{app}{rows}", extension("not_here", "pg_catalog")), 1)
            .says("relation \"app.t\" does not exist (42P01): the backup does not restore"),
        Case::plain(
            folder,
            "lost table of public",
            &format!("CREATE SCHEMA ext;\n{}{TABLE}{}", extension("not_here", "ext"), rows.replace("app.", "public.x")),
            1,
        )
        .says("relation \"public.xt\" does not exist"),
        Case::plain(
            folder,
            "lost schema",
            &format!("{}{}", extension("pg_cron", "pg_catalog"), app.replace("CREATE SCHEMA app;\n", "")),
            1,
        )
        .says("schema \"app\" does not exist (3F000): the backup does not restore"),
        Case::plain(
            folder,
            "lost table of public, where nothing else is missing than what is known",
            &format!("{}{TABLE}{}", extension("postgis", "public"), rows.replace("app.", "public.x")),
            1,
        )
        .says("relation \"public.xt\" does not exist (42P01): the backup does not restore"),
        Case::plain(
            folder,
            "a table that is known to be an extension's",
            &format!("{}{TABLE}{}", extension("postgis", "public"), rows.replace("app.t", "public.spatial_ref_sys")),
            3,
        )
        .says("and 1 statement that needs it: data of table public.spatial_ref_sys"),
        Case::plain(
            folder,
            "column that its own table lacks",
            &format!("{}{TABLE}COPY public.t (nope) FROM stdin;\n1\n\\.\n", extension("not_here", "public")),
            1,
        )
        .says("column \"nope\" of relation \"t\" does not exist (42703): the backup does not restore"),
        Case::plain(
            folder,
            "what follows is told once",
            &format!(
                "{TABLE}CREATE TABLE public.broken (a nonsense);\nALTER TABLE public.broken OWNER TO me;\nCOPY public.broken \
                 (a) FROM stdin;\n\\.\nCREATE SCHEMA app;\n"
            ),
            1,
        )
        .says("table public.broken (line 9")
        .says("and 2 statements that need it, the first: table public.broken (line 10"),
    ]);
}

#[test]
fn the_extension_that_could_be_it_is_blamed() {
    if programs().is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let of = |one: &str, other: &str, sql: &str| {
        format!("{}{}{sql}", extension(one, "public"), extension(other, "public"))
    };
    let table = |of: &str| format!("CREATE TABLE public.t (a {of});\n");
    assert_all(&[
        Case::plain(folder, "by name of a type", &of("postgis", "vector", &table("public.vector(3)")), 3)
            .says("extension vector (line 6")
            .says("not installed here: vector; Could not open extension control file")
            .says("and 1 statement that needs it: table public.t"),
        Case::plain(folder, "by its own name", &of("aa_not_here", "gadget", &table("public.gadget")), 3)
            .says("extension gadget (line 6"),
        Case::plain(
            folder,
            "known for something else",
            &of("postgis", "not_here", &table("public.gadget")),
            3,
        )
        .says("extension not_here (line 6"),
        Case::plain(folder, "one of several", &of("aa_not_here", "bb_not_here", &table("public.gadget")), 3)
            .says("needs what could not be restored here: one of the extensions aa_not_here, bb_not_here"),
    ]);
}

#[test]
fn settings_never_make_a_backup_bad_that_need_a_right_or_are_not_known() {
    if programs().is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut cases = Vec::new();
    for (setting, value, why) in [
        ("lc_messages", "'C'", "it needs a right that a backup is not given"),
        ("log_statement", "'all'", "it needs a right that a backup is not given"),
        ("log_min_duration_statement", "0", "it needs a right that a backup is not given"),
        ("deadlock_timeout", "'1s'", "it needs a right that a backup is not given"),
        ("wal_level", "minimal", "it needs a right that a backup is not given"),
        ("edb_redwood_date", "off", "this server has no such setting"),
        ("default_with_rowids", "off", "this server has no such setting"),
        ("gp_default_storage_options", "'appendonly=false'", "this server has no such setting"),
    ] {
        let header = "-- Dumped from database version 15.3\n-- Dumped by pg_dump version 15.3\n\n";
        let sql = format!("{header}SET {setting} = {value};\n{TABLE}RESET {setting};\n");
        cases.push(Case::plain(folder, setting, &sql, 0).says("setting skipped: ").says(why));
    }
    let header = "-- Dumped from database version 15.3\n\n";
    cases.extend([
        Case::plain(folder, "of later versions", &format!("{header}SET transaction_timeout = 0;\n{TABLE}"), 0),
        Case::plain(folder, "damaged name", &format!("{header}SET saerch_path = public;\n{TABLE}"), 1)
            .says("settings of the session"),
        Case::plain(folder, "no value", &format!("{header}SET xmloption = nonsense;\n{TABLE}"), 1)
            .says("settings of the session"),
        Case::plain(folder, "all again", &format!("SET row_security = off;\n{TABLE}RESET row_security;\nRESET ALL;\n"), 0),
        // Which the rows depend on.
        Case::plain(
            folder,
            "no triggers",
            "CREATE TABLE public.t (a integer);\nCREATE FUNCTION public.f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
             RETURN NULL; END $$;\nCREATE TRIGGER g BEFORE INSERT ON public.t FOR EACH ROW EXECUTE FUNCTION public.f();\nSET \
             session_replication_role = replica;\nCOPY public.t (a) FROM stdin;\n1\n\\.\nSET session_replication_role = \
             origin;\n",
            0,
        ),
        Case::plain(
            folder,
            "triggers",
            "CREATE TABLE public.t (a integer);\nCREATE FUNCTION public.f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
             RETURN NULL; END $$;\nCREATE TRIGGER g BEFORE INSERT ON public.t FOR EACH ROW EXECUTE FUNCTION public.f();\nCOPY \
             public.t (a) FROM stdin;\n1\n\\.\n",
            1,
        ),
    ]);
    assert_all(&cases);
}

#[test]
fn what_functions_and_event_triggers_need_a_superuser_for_is_done() {
    if programs().is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let function = |options: &str| {
        format!(
            "{TABLE}CREATE FUNCTION public.f(a integer DEFAULT 3, VARIADIC b text[] DEFAULT '{{}}'::text[]) RETURNS TABLE(c \
             integer)\n    LANGUAGE sql {options}\n    AS $$ SELECT 1 $$;\nALTER FUNCTION public.f(a integer, VARIADIC b \
             text[]) OWNER TO me;\n"
        )
    };
    let event = |then: &str| {
        format!(
            "{TABLE}CREATE FUNCTION public.e() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN END $$;\nCREATE EVENT \
             TRIGGER v ON ddl_command_end EXECUTE FUNCTION public.e();\nALTER EVENT TRIGGER v {then};\n"
        )
    };
    assert_all(&[
        Case::plain(folder, "leakproof", &function("IMMUTABLE LEAKPROOF"), 0),
        Case::plain(folder, "replica", &function("SET session_replication_role TO 'replica'"), 0),
        Case::plain(
            folder,
            "settings of a function",
            &function(
                "LEAKPROOF SET search_path TO 'public' SET log_statement TO 'none' SET lc_messages TO 'C'",
            ),
            0,
        ),
        Case::plain(folder, "no value", &function("SET log_statement TO 'nonsense'"), 1),
        Case::plain(folder, "no such setting", &function("SET nonsense TO 'x'"), 3),
        Case::plain(folder, "always", &event("ENABLE ALWAYS"), 0).says("in a transaction that was undone"),
        Case::plain(folder, "replicas", &event("ENABLE REPLICA"), 0),
        Case::plain(folder, "disabled", &event("DISABLE"), 0),
        Case::plain(
            folder,
            "no such trigger",
            &event("ENABLE ALWAYS").replace("TRIGGER v ENABLE", "TRIGGER w ENABLE"),
            1,
        ),
    ]);
}

#[test]
fn what_every_database_has_may_be_made_and_described() {
    if programs().is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let plain = |name: &str, sql: &str| Case::plain(folder, name, &format!("{sql}\n{TABLE}"), 0);
    assert_all(&[
        plain(
            "extension",
            "CREATE EXTENSION IF NOT EXISTS plpgsql WITH SCHEMA pg_catalog;\nCOMMENT ON EXTENSION plpgsql IS 'PL/pgSQL \
             procedural language';",
        ),
        plain(
            "another comment",
            "CREATE EXTENSION IF NOT EXISTS plpgsql WITH SCHEMA pg_catalog;\nCOMMENT ON EXTENSION plpgsql IS 'ours';",
        ),
        plain(
            "language",
            "CREATE PROCEDURAL LANGUAGE plpgsql;\nALTER PROCEDURAL LANGUAGE plpgsql OWNER TO postgres;",
        ),
        plain(
            "replaced",
            "CREATE OR REPLACE PROCEDURAL LANGUAGE plpgsql;\nCOMMENT ON LANGUAGE plpgsql IS 'x';",
        ),
        plain(
            "rights",
            "CREATE PROCEDURAL LANGUAGE plpgsql;\nREVOKE ALL ON LANGUAGE plpgsql FROM PUBLIC;\nREVOKE ALL ON LANGUAGE plpgsql \
             FROM postgres;\nGRANT ALL ON LANGUAGE plpgsql TO postgres;\nGRANT ALL ON LANGUAGE plpgsql TO PUBLIC;",
        ),
        plain(
            "members of an extension",
            "CREATE EXTENSION IF NOT EXISTS citext WITH SCHEMA public;\nCOMMENT ON EXTENSION citext IS 'x';\nCOMMENT ON TYPE \
             public.citext IS 'x';\nCOMMENT ON FUNCTION public.citext(boolean) IS 'x';\nCOMMENT ON SCHEMA public IS 'x';",
        ),
    ]);
}

#[test]
fn a_dump_of_a_part_is_not_judged_by_what_it_leaves_out() {
    if programs().is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let app =
        "CREATE SCHEMA app;\nCREATE TYPE app.m AS ENUM (\n    'a'\n);\nCREATE TABLE app.u (a integer);\n";
    let left_out = "needs what the backup does not hold, as a dump of some tables or sections: ";
    let part = |name: &str, sql: &str| Case::plain(folder, name, sql, 3).says(left_out).never("bad:");
    assert_all(&[
        part(
            "one schema",
            &format!(
                "{app}CREATE TABLE app.t (a integer, b lib.thing);\nCREATE VIEW app.v AS SELECT a FROM lib.x;\nALTER TABLE ONLY \
                 app.u ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES lib.x(a);\nCREATE TRIGGER g BEFORE INSERT ON app.u FOR EACH \
                 ROW EXECUTE FUNCTION lib.f();\nCREATE FUNCTION app.f(lib.thing) RETURNS integer LANGUAGE sql AS $$ SELECT 1 \
                 $$;\nALTER FUNCTION app.f(lib.thing) OWNER TO me;\n"
            ),
        ),
        part("needs public", &format!("{app}CREATE VIEW app.v AS SELECT a FROM public.x;\n")),
        part(
            "without one table",
            &format!("{app}CREATE SCHEMA lib;\nCREATE VIEW app.v AS SELECT a FROM lib.t;\nCREATE VIEW app.w AS SELECT a FROM app.v;\n"),
        )
        .says("app.v (line")
        .says("and 1 statement that needs it: view app.w"),
        part(
            "public alone",
            "CREATE SCHEMA public;\nALTER SCHEMA public OWNER TO pg_database_owner;\nCOMMENT ON SCHEMA public IS 'standard public \
             schema';\nCREATE TABLE public.t (a integer);\nCREATE FOREIGN TABLE public.ft (a integer) SERVER rs OPTIONS \
             (table_name 'x');\nALTER FOREIGN TABLE public.ft OWNER TO me;\nCREATE TABLE public.c (a public.citext, b \
             public.odd);\nCREATE FUNCTION public.f() RETURNS integer LANGUAGE sql AS $$ SELECT 1 $$;\n",
        )
        .says(": rs;")
        .says(": extension citext;"),
        Case::plain(
            folder,
            "rights on public",
            "CREATE SCHEMA public;\nCREATE TABLE public.t (a integer);\nREVOKE ALL ON SCHEMA public FROM PUBLIC;\nGRANT USAGE ON \
             SCHEMA public TO me;\n",
            0,
        ),
        part(
            "some tables",
            "CREATE TABLE app.t (a integer);\n",
        ),
        part("rows alone", "COPY app.t (a) FROM stdin;\n1\n\\.\n"),
        Case::plain(folder, "wrong column", "CREATE TABLE public.t (a integer);\nCREATE INDEX i ON public.t USING btree (nope);\n", 1)
            .says("column \"nope\" does not exist (42703): the backup does not restore"),
        Case::plain(folder, "wrong column of rows", &TABLE.replace("COPY public.t (a)", "COPY public.t (nope)"), 1)
            .says("column \"nope\" of relation \"t\" does not exist"),
        Case::plain(folder, "wrong table", &TABLE.replace("COPY public.t", "COPY public.tt"), 1)
            .says("relation \"public.tt\" does not exist"),
        Case::plain(
            folder,
            "lost table of a whole dump",
            &format!("{app}ALTER TABLE app.t OWNER TO me;\nCREATE VIEW app.v AS SELECT a FROM app.t;\n"),
            1,
        ),
        Case::plain(folder, "lost schema of a whole dump", &app.replace("CREATE SCHEMA app;", ""), 1),
    ]);
}

#[test]
fn a_manifest_tells_that_a_backup_is_of_a_part() {
    if programs().is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let sql = "CREATE SCHEMA app;\nCREATE TABLE app.t (a integer, b app.odd);\n";
    let mut cases = vec![
        Case::plain(folder, "alone", sql, 1).says("type \"app.odd\" does not exist (42704): the backup"),
    ];
    for (options, code) in [("--schema=app", 3), ("--exclude-extension=odd", 3), ("--no-comments", 1)] {
        let case = Case::plain(folder, options, sql, code);
        let name = case.backup.file_name().unwrap().to_str().unwrap().to_owned();
        let text = std::fs::read(&case.backup).unwrap();
        let recorded = manifest::Manifest {
            backup: name.clone(),
            backup_format: "plain".to_owned(),
            options: vec!["--format=plain".to_owned(), options.to_owned()],
            files: vec![manifest::File::of(&name, &mut text.as_slice()).unwrap()],
            ..manifest::Manifest::default()
        };
        let path = folder.join(format!("{name}.json"));
        recorded.write(&mut std::fs::File::create(&path).unwrap()).unwrap();
        cases.push(case.with("--manifest").with(path.to_str().unwrap()));
    }
    assert_all(&cases);
}

#[test]
fn what_this_machine_lacks_is_no_fault_of_the_backup() {
    if programs().is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let plain = |name: &str, sql: &str| Case::plain(folder, name, &format!("{TABLE}{sql}"), 3).never("bad:");
    let foreign = format!(
        "{}CREATE SERVER rs FOREIGN DATA WRAPPER postgres_fdw OPTIONS (dbname 'x', host 'remote');\nCREATE USER MAPPING FOR PUBLIC \
         SERVER rs OPTIONS (password 'p', \"user\" 'u');\nCREATE FOREIGN TABLE public.ft (\n    a integer\n) SERVER rs;\n",
        extension("postgres_fdw", "public")
    );
    let matviews = "CREATE MATERIALIZED VIEW public.m AS SELECT a FROM FROM_ WITH NO DATA;\nCREATE MATERIALIZED VIEW public.n \
                    AS SELECT a FROM public.m WITH NO DATA;\nCREATE UNIQUE INDEX i ON public.m USING btree (a);\nREFRESH \
                    MATERIALIZED VIEW public.m;\nREFRESH MATERIALIZED VIEW public.n;\n";
    let alone = |name: &str, sql: &str| Case::plain(folder, name, sql, 3).never("bad:");
    let library = "library is not installed here";
    assert_all(&[
        alone("matviews of another server", &format!("{foreign}{}", matviews.replace("FROM_", "public.ft")))
            .says("materialized view public.m")
            .says("and 1 statement that needs it: materialized view public.n"),
        alone(
            "what must be preloaded",
            &format!(
                "{}{}",
                extension("pg_stat_statements", "public"),
                matviews.replace("SELECT a FROM FROM_", "SELECT queryid AS a FROM public.pg_stat_statements")
            ),
        )
        .says("needs a library that this server does not load when it starts"),
        plain("label of a table", "SECURITY LABEL FOR anon ON TABLE public.t IS 'MASKED';\n").says(library),
        plain("label of a column", "SECURITY LABEL FOR sepgsql ON COLUMN public.t.a IS 'x';\n").says(library),
        plain("any label", "SECURITY LABEL ON FUNCTION public.f() IS 'x';\n".replace("FUNCTION public.f()", "TABLE public.t").as_str())
            .says(library),
        plain(
            "dictionary",
            "CREATE TEXT SEARCH DICTIONARY public.d (\n    TEMPLATE = pg_catalog.ispell,\n    dictfile = 'nowhere', afffile = \
             'nowhere' );\nCREATE TEXT SEARCH CONFIGURATION public.c (\n    PARSER = pg_catalog.\"default\" );\nALTER TEXT SEARCH \
             CONFIGURATION public.c\n    ADD MAPPING FOR asciiword WITH public.d;\n",
        )
        .says("could not open dictionary file")
        .says("file of text search"),
        plain("stop words", "CREATE TEXT SEARCH DICTIONARY public.d (\n    TEMPLATE = pg_catalog.simple,\n    stopwords = 'nowhere' );\n"),
        plain(
            "thesaurus",
            "CREATE TEXT SEARCH DICTIONARY public.d (\n    TEMPLATE = pg_catalog.thesaurus,\n    dictfile = 'nowhere', dictionary \
             = 'simple' );\n",
        ),
        plain("synonyms", "CREATE TEXT SEARCH DICTIONARY public.d (\n    TEMPLATE = pg_catalog.synonym,\n    synonyms = 'nowhere' );\n"),
        plain(
            "older server",
            "CREATE FUNCTION public.o(integer, integer) RETURNS integer LANGUAGE sql AS $$ SELECT 1 $$;\nCREATE OPERATOR \
             public.@@@ (\n    PROCEDURE = public.o,\n    LEFTARG = integer,\n    RIGHTARG = integer,\n    RESTRICT = contsel\n);\n",
        )
        .says("needs an older server"),
    ]);
}

#[test]
fn names_are_cut_as_the_server_cuts_them() {
    if programs().is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let long = "a".repeat(70);
    let wide = format!("\"{}\"", "ä".repeat(40));
    let sql = |name: &str| {
        let of = |letter: &str| match name.strip_prefix('"') {
            Some(rest) => format!("\"{letter}{rest}"),
            None => format!("{letter}{name}"),
        };
        let (table, column, index, key) = (of("t"), of("c"), of("i"), of("k"));
        format!(
            "CREATE TABLE public.{table} (\n    {column} integer NOT NULL,\n    CONSTRAINT {} CHECK (({column} > 0))\n);\nCREATE \
             FUNCTION public.{}() RETURNS integer\n    LANGUAGE sql\n    AS $$ SELECT 1 $$;\nCOPY public.{table} ({column}) FROM \
             stdin;\n1\n\\.\nALTER TABLE ONLY public.{table}\n    ADD CONSTRAINT {key} PRIMARY KEY ({column});\nCREATE INDEX \
             {index} ON public.{table} USING btree ({column});\nCOMMENT ON TABLE public.{table} IS 'x';\n",
            of("x"),
            of("f")
        )
    };
    assert_all(&[
        Case::plain(folder, "bytes", &sql(&long), 0).says("verified"),
        Case::plain(folder, "characters", &sql(&wide), 0).says("verified"),
        Case::plain(
            folder,
            "the same when cut",
            &format!("CREATE TABLE public.{long}a (a integer);\nCREATE TABLE public.{long}b (a integer);\n"),
            1,
        ),
    ]);
}

#[test]
fn rights_are_compared_by_what_they_come_to() {
    if programs().is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let of = |more: &str| {
        format!(
            "CREATE TABLE public.t (\n    a integer\n);\nALTER TABLE public.t OWNER TO me;\nCREATE FUNCTION public.f() RETURNS \
             integer\n    LANGUAGE sql\n    AS $$ SELECT 1 $$;\nALTER FUNCTION public.f() OWNER TO me;\n{more}"
        )
    };
    assert_all(&[
        Case::plain(
            folder,
            "to the owner",
            &of("GRANT ALL ON TABLE public.t TO me;\nGRANT ALL ON FUNCTION public.f() TO me;\n"),
            0,
        ),
        Case::plain(
            folder,
            "from nobody",
            &of("REVOKE ALL ON TABLE public.t FROM you;\nREVOKE ALL ON TABLE public.t FROM PUBLIC;\n"),
            0,
        ),
        Case::plain(folder, "as it is", &of("GRANT ALL ON FUNCTION public.f() TO PUBLIC;\n"), 0),
        Case::plain(
            folder,
            "given and taken",
            &of("GRANT SELECT ON TABLE public.t TO you;\nREVOKE ALL ON TABLE public.t FROM you;\n"),
            0,
        ),
        Case::plain(
            folder,
            "taken and given",
            &of("REVOKE ALL ON TABLE public.t FROM you;\nGRANT SELECT ON TABLE public.t TO you;\n"),
            0,
        ),
        Case::plain(
            folder,
            "in parts",
            &of(
                "GRANT SELECT ON TABLE public.t TO you;\nGRANT INSERT ON TABLE public.t TO you;\nGRANT SELECT ON TABLE public.t TO you;\n",
            ),
            0,
        ),
    ]);
}

#[test]
fn what_other_products_write_is_not_judged() {
    if programs().is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let rows = "COPY public.x (a) FROM stdin;\n1\n\\.\n";
    let mut cases = Vec::new();
    for (product, sql) in [
        ("Greenplum", "CREATE TABLE public.x (a integer) DISTRIBUTED BY (a);"),
        (
            "Greenplum",
            "CREATE TABLE public.x (a integer) WITH (appendonly='true', orientation='column') DISTRIBUTED RANDOMLY;",
        ),
        ("Greenplum", "CREATE TABLE public.x (a integer) WITH (appendonly='true');"),
        ("Redshift", "CREATE TABLE public.x (a integer ENCODE lzo DISTKEY, b integer) SORTKEY (a);"),
        ("Redshift", "CREATE TABLE public.x (a integer) DISTSTYLE EVEN;"),
        (
            "YugabyteDB",
            "CREATE TABLE public.x (a integer NOT NULL, CONSTRAINT k PRIMARY KEY((a) HASH)) SPLIT INTO 3 TABLETS;",
        ),
        ("YugabyteDB", "CREATE TABLE public.x (a integer) SPLIT INTO 3 TABLETS;"),
        (
            "CockroachDB",
            "CREATE TABLE public.x (a INT8 NOT NULL, CONSTRAINT \"primary\" PRIMARY KEY (a ASC), FAMILY \"primary\" (a));",
        ),
        ("CockroachDB", "CREATE TABLE public.x (a INT8 NOT NULL, b STRING NULL);"),
        ("EnterpriseDB", "CREATE TABLE public.x (a integer, b varchar2(10));"),
        (
            "EnterpriseDB",
            "CREATE OR REPLACE PACKAGE public.p IS PROCEDURE q; END;\nCREATE TABLE public.x (a clob);",
        ),
    ] {
        let case =
            Case::plain(folder, &format!("{product} {}", cases.len()), &format!("{TABLE}{sql}\n{rows}"), 3);
        cases.push(case.says(&format!("written for {product}")).never("bad:"));
    }
    // By what they say they are.
    let edb = format!(
        "--\n-- EnterpriseDB database dump\n--\n\nSET edb_redwood_date = off;\n{TABLE}CREATE TABLE public.x (a integer) ODDLY;\n{rows}--\n-- \
         EnterpriseDB database dump complete\n--\n\n"
    );
    cases.push(Case::bytes(folder, "header", edb.as_bytes(), 3).says("written for EnterpriseDB"));
    // A word of theirs by chance.
    let typo = "CREATE TABEL public.x (family text, locality text, encode text);";
    cases.push(Case::plain(folder, "no product", &format!("{TABLE}{typo}\n"), 1));
    assert_all(&cases);
}

#[test]
fn reported_backups_are_judged_as_their_users_expect() {
    if programs().is_none() {
        return;
    }
    let Some(folder) = corpus::corpus().map(|corpus| corpus.join("reported")) else { return };
    assert_all(&[
        Case::of("pg_cron", folder.join("pg_cron.sql"), 3)
            .says("extension is not installed here: pg_cron")
            .says("and 2 statements that need it, the first: data of table cron.job (line 18")
            .says("unclear  cron.job")
            .says("cannot be judged completely here: 2 findings"),
        Case::of("supabase", folder.join("supabase-same-by-pg_dump.sql"), 0),
        Case::of("supabase cli", folder.join("supabase-cli-schema.sql"), 3)
            .says("publication supabase_realtime")
            .says("written for Supabase")
            .says("cannot be judged completely here: 1 finding"),
    ]);
}
