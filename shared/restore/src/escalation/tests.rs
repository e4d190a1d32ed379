use super::*;

fn of(sql: &str) -> Ruling {
    ruling(sql.as_bytes(), true)
}

fn sql(ruling: &Ruling) -> Option<String> {
    let text = |sql: &[u8]| String::from_utf8(sql.to_vec()).unwrap();
    match ruling {
        Ruling::Run(sql) | Ruling::Try(sql) => Some(text(sql)),
        Ruling::Extend(extension) => Some(text(&extension.sql)),
        Ruling::Disabled(trigger) => {
            assert!(text(&trigger.disable).ends_with(" DISABLE"));
            Some(text(&trigger.sql))
        }
        Ruling::Apart(_) | Ruling::Refuse(_) => None,
    }
}

/// What pg_dump writes and a superuser may run, one form each.
const RUN: [&str; 43] = [
    "CREATE EXTENSION IF NOT EXISTS \"uuid-ossp\" WITH SCHEMA public",
    "CREATE EXTENSION postgis",
    "CREATE PROCEDURAL LANGUAGE plperl",
    "CREATE OR REPLACE PROCEDURAL LANGUAGE plperl",
    "CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION public.f()",
    "CREATE EVENT TRIGGER e ON ddl_command_end WHEN TAG IN ('CREATE TABLE', 'DROP TABLE') EXECUTE FUNCTION public.f()",
    "ALTER EVENT TRIGGER e DISABLE",
    "CREATE FOREIGN DATA WRAPPER w",
    "CREATE FOREIGN DATA WRAPPER w VALIDATOR postgresql_fdw_validator OPTIONS (a 'b')",
    "CREATE SERVER s TYPE 'a' VERSION 'b' FOREIGN DATA WRAPPER w OPTIONS (host 'x', dbname 'y')",
    "CREATE OPERATOR FAMILY app.f USING btree",
    "CREATE OPERATOR CLASS app.c FOR TYPE app.t USING btree FAMILY app.f AS OPERATOR 1 app.<(app.t,app.t) , FUNCTION 1 (app.t, \
     app.t) app.cmp(app.t,app.t)",
    "CREATE OPERATOR CLASS app.c DEFAULT FOR TYPE app.t USING hash AS FUNCTION 1 (app.t, app.t) app.hash(app.t)",
    "CREATE ACCESS METHOD bt TYPE INDEX HANDLER bthandler",
    "CREATE ACCESS METHOD h TYPE TABLE HANDLER pg_catalog.heap_tableam_handler",
    "CREATE CAST (app.t AS integer) WITH FUNCTION app.f(app.t)",
    "CREATE CAST (text AS app.t) WITH FUNCTION app.f(text)",
    "CREATE CAST (integer AS text) WITH INOUT",
    "CREATE TRANSFORM FOR app.t LANGUAGE sql (FROM SQL WITH FUNCTION prsd_lextype(internal), TO SQL WITH FUNCTION \
     pg_catalog.int4recv(internal))",
    "CREATE TEXT SEARCH PARSER app.p (START = prsd_start, GETTOKEN = prsd_nexttoken, END = prsd_end, LEXTYPES = prsd_lextype)",
    "CREATE TEXT SEARCH TEMPLATE app.t (INIT = dsimple_init, LEXIZE = dsimple_lexize)",
    "CREATE PUBLICATION p FOR ALL TABLES WITH (publish = 'insert, update')",
    "CREATE PUBLICATION p WITH (publish = 'insert', publish_via_partition_root = true)",
    "ALTER PUBLICATION p ADD TABLE ONLY app.t (a, b)",
    "ALTER PUBLICATION p ADD TABLES IN SCHEMA app",
    "CREATE SUBSCRIPTION s CONNECTION 'host=x password=y' PUBLICATION p, q WITH (connect = false, slot_name = 's')",
    "CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p WITH (connect = false, slot_name = NONE, streaming = parallel)",
    "ALTER TABLE app.t DISABLE TRIGGER ALL",
    "ALTER TABLE ONLY app.t ENABLE TRIGGER \"RI_ConstraintTrigger_a_1\"",
    "CREATE TYPE app.box",
    "GRANT SELECT ON TABLE app.t TO alice",
    "GRANT SELECT(a, b) ON TABLE app.t TO alice, bob WITH GRANT OPTION",
    "GRANT ALL ON SCHEMA public TO PUBLIC",
    "GRANT USAGE ON SCHEMA app TO alice",
    "GRANT ALL ON TYPE app.t TO alice",
    "REVOKE ALL ON FUNCTION app.f(integer, text) FROM PUBLIC",
    "REVOKE GRANT OPTION FOR SELECT ON app.t FROM alice CASCADE",
    "COMMENT ON EXTENSION x IS 'it''s \"so\"'",
    "COMMENT ON FUNCTION app.f(a integer, b character varying, VARIADIC \"any\") IS NULL",
    "COMMENT ON AGGREGATE app.a(*) IS 'x'",
    "COMMENT ON OPERATOR app.=== (integer, NONE) IS 'x'",
    "COMMENT ON CAST (app.t AS integer) IS 'x'",
    "COMMENT ON CONSTRAINT c ON DOMAIN app.d IS 'x'",
];

/// What is run and undone.
const TRY: [&str; 12] = [
    "ALTER EVENT TRIGGER e ENABLE",
    "ALTER EVENT TRIGGER e ENABLE ALWAYS",
    "ALTER EVENT TRIGGER e ENABLE REPLICA",
    "GRANT SELECT ON TABLE pg_catalog.pg_authid TO alice",
    "REVOKE ALL ON FUNCTION pg_catalog.pg_sleep(double precision) FROM PUBLIC",
    "GRANT ALL ON FUNCTION public.dblink_connect_u(text, text) TO alice",
    "GRANT INSERT ON TABLE app.t TO alice",
    "GRANT CREATE ON SCHEMA app TO alice",
    "GRANT USAGE ON FOREIGN DATA WRAPPER w TO alice",
    "GRANT USAGE ON FOREIGN SERVER s TO alice",
    "CREATE USER MAPPING FOR alice SERVER s OPTIONS (\"user\" 'a', password 'b')",
    "ALTER SERVER s OPTIONS (SET host 'x', ADD port '1')",
];

/// What brings code.
const CODE: [&str; 26] = [
    "CREATE FUNCTION app.f() RETURNS void LANGUAGE c AS 'libc', 'system'",
    "CREATE OR REPLACE FUNCTION app.f(text) RETURNS text LANGUAGE internal AS 'pg_read_file'",
    "CREATE TRUSTED PROCEDURAL LANGUAGE l HANDLER app.h INLINE app.i VALIDATOR app.v",
    "CREATE FOREIGN DATA WRAPPER w VALIDATOR app.v OPTIONS (a 'b')",
    "CREATE FOREIGN DATA WRAPPER w VALIDATOR app.postgresql_fdw_validator",
    "CREATE FOREIGN DATA WRAPPER w HANDLER public.postgres_fdw_handler",
    "ALTER FOREIGN DATA WRAPPER w VALIDATOR app.v",
    // Types that are not the class's own, and what is the server's.
    "CREATE OPERATOR CLASS app.c FOR TYPE integer USING btree AS OPERATOR 1 pg_catalog.<(text,text)",
    "CREATE OPERATOR CLASS app.c FOR TYPE app.t USING btree AS FUNCTION 1 (app.t, app.t) app.cmp(app.t, text)",
    "CREATE OPERATOR CLASS app.c FOR TYPE app.t USING btree AS FUNCTION 1 (app.t, app.t) pg_catalog.f(app.t,app.t)",
    "CREATE OPERATOR CLASS app.c FOR TYPE app.t USING btree AS FUNCTION 2 (app.t, app.t) app.s(internal)",
    "CREATE OPERATOR CLASS app.c FOR TYPE app.t USING gist AS FUNCTION 1 (app.t, app.t) app.f(internal)",
    "CREATE OPERATOR CLASS app.c FOR TYPE app.t USING btree AS STORAGE app.t",
    "ALTER OPERATOR FAMILY app.f USING btree ADD OPERATOR 1 app.<(app.t,app.t)",
    "CREATE ACCESS METHOD m TYPE INDEX HANDLER app.bthandler",
    "CREATE CAST (bytea AS tsvector) WITHOUT FUNCTION",
    "CREATE CAST (app.t AS app.u) WITHOUT FUNCTION AS IMPLICIT",
    "CREATE CAST (regclass AS text) WITH FUNCTION app.f(regclass)",
    "CREATE CAST (app.t AS integer) WITH FUNCTION app.f(app.t) AS ASSIGNMENT",
    "CREATE CAST (integer AS text) WITH INOUT AS IMPLICIT",
    "CREATE TRANSFORM FOR integer LANGUAGE sql (FROM SQL WITH FUNCTION prsd_lextype(internal))",
    "CREATE TRANSFORM FOR app.t LANGUAGE plperl (FROM SQL WITH FUNCTION prsd_lextype(internal))",
    "CREATE TEXT SEARCH PARSER app.p (START = prsd_start, GETTOKEN = prsd_end, END = prsd_end, LEXTYPES = prsd_lextype)",
    "CREATE TEXT SEARCH TEMPLATE app.t (LEXIZE = dsimple_lexize)",
    "CREATE TEXT SEARCH TEMPLATE app.t (INIT = dsynonym_init, LEXIZE = dsimple_lexize)",
    "CREATE TYPE app.box (INPUT = app.i, OUTPUT = app.o)",
];

/// What is none of the forms.
const NOT: [&str; 35] = [
    "SELECT app.f()",
    "SELECT pg_catalog.set_config('search_path', '' || app.f(), false)",
    "DO 'BEGIN END'",
    "CREATE EXTENSION x CASCADE",
    "CREATE EXTENSION x WITH SCHEMA app VERSION '1' FROM unpackaged",
    "CREATE EXTENSION x; SELECT app.f()",
    "CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION f()",
    "CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION app.f('x')",
    "CREATE SERVER s FOREIGN DATA WRAPPER w OPTIONS (host app.f())",
    "CREATE SUBSCRIPTION s CONNECTION 'x WITH (connect = false, ' PUBLICATION p",
    "CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p WITH (slot_name = 's')",
    "CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p WITH (connect = true)",
    "CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p WITH (connect = false, connect = true)",
    "CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p WITH (connect = false, enabled = true)",
    "CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p WITH (connect = false, create_slot = on)",
    "ALTER SUBSCRIPTION s ENABLE",
    "ALTER SUBSCRIPTION s CONNECTION 'x'",
    "ALTER PUBLICATION p ADD TABLE app.t WHERE (app.f())",
    "ALTER TABLE app.t DISABLE TRIGGER ALL, ADD COLUMN y text DEFAULT app.f()",
    "ALTER TABLE app.t ENABLE ALWAYS TRIGGER t",
    "ALTER TABLE app.t ENABLE REPLICA TRIGGER t",
    "ALTER TABLE app.t ADD COLUMN \" TRIGGER \" text DEFAULT app.f()",
    "ALTER TABLE t DISABLE TRIGGER ALL",
    "ALTER TABLE pg_catalog.pg_class DISABLE TRIGGER ALL",
    "GRANT SELECT ON ALL TABLES IN SCHEMA app TO alice",
    "GRANT SELECT ON TABLE app.t TO alice GRANTED BY bob",
    "GRANT SELECT ON TABLE app.t TO CURRENT_USER",
    "GRANT alice TO bob",
    "COMMENT ON TABLE app.t IS app.f()",
    "COMMENT ON TABLE app.t IS 'a' || 'b'",
    "COMMENT ON TABLE app.t IS $$a$$",
    "COMMENT ON FUNCTION f() IS 'x'",
    "ALTER FUNCTION app.f() OWNER TO alice",
    "SET SESSION AUTHORIZATION postgres",
    "",
];

#[test]
fn each_form_is_run_as_it_is_understood() {
    for text in RUN {
        let ruling = of(&format!("{text};"));
        assert!(
            matches!(ruling, Ruling::Run(_) | Ruling::Extend(_) | Ruling::Disabled(_)),
            "{text}: {ruling:?}"
        );
        assert_stable(text);
    }
    for text in TRY {
        assert!(matches!(of(text), Ruling::Try(_)), "{text}: {:?}", of(text));
        assert_stable(text);
    }
}

/// What is written is read again as the same, says nothing more than was there, and means the same in any spelling.
fn assert_stable(text: &str) {
    let written = sql(&of(text)).unwrap();
    assert_eq!(sql(&of(&written)).as_ref(), Some(&written), "{text}");
    let spaced = text.replace(' ', " /* ' DISABLE */\n-- x\"\n");
    let quoted = text.contains('\'') || text.contains('"');
    if !quoted {
        assert_eq!(sql(&of(&spaced)).as_ref(), Some(&written), "{spaced}");
        assert_eq!(
            sql(&of(&text.to_lowercase())).map(|text| text.to_lowercase()),
            Some(written.to_lowercase())
        );
    }
    // A statement that goes on is another.
    for more in [
        ", ADD COLUMN x text DEFAULT app.f()",
        " AS IMPLICIT",
        "; SELECT app.f()",
        " app.f()",
        " 'x' || app.f()",
    ] {
        let longer = of(&format!("{text}{more}"));
        assert!(matches!(longer, Ruling::Refuse(_)), "{text}{more}: {longer:?}");
    }
}

#[test]
fn names_and_values_may_hold_any_key_word() {
    let name = "\"x'; WITH (connect = false) ENABLE TRIGGER ALL \"\" \\ -- $$ /* U&\"";
    for (text, expected) in [
        (format!("ALTER TABLE app.{name} DISABLE TRIGGER ALL"), true),
        (format!("COMMENT ON EXTENSION {name} IS 'WITHOUT FUNCTION'"), true),
        (format!("GRANT SELECT ON TABLE app.{name} TO {name}"), true),
        (format!("CREATE EVENT TRIGGER {name} ON sql_drop EXECUTE FUNCTION app.{name}()"), true),
        (format!("CREATE SUBSCRIPTION s CONNECTION 'connect = false' PUBLICATION {name}"), false),
        (format!("ALTER EVENT TRIGGER {name} ENABLE ALWAYS"), true),
    ] {
        let written = sql(&of(&text));
        assert_eq!(written.is_some(), expected, "{text}");
        if let Some(written) = written {
            assert!(written.contains(name), "{written}");
        }
    }
}

#[test]
fn names_may_all_be_quoted() {
    for text in [
        r#"CREATE EVENT TRIGGER "e" ON "ddl_command_end" EXECUTE FUNCTION "app"."f"()"#,
        r#"CREATE TRANSFORM FOR "app"."t" LANGUAGE "sql" (FROM SQL WITH FUNCTION "pg_catalog"."prsd_lextype"("internal"))"#,
        r#"CREATE OPERATOR CLASS "app"."c" FOR TYPE "app"."t" USING "btree" AS FUNCTION 1 ("app"."t", "app"."t") "app"."f"("app"."t","app"."t")"#,
        r#"CREATE ACCESS METHOD "bt" TYPE INDEX HANDLER "bthandler""#,
        r#"GRANT SELECT("a") ON TABLE "app"."t" TO "alice""#,
        r#"ALTER TABLE ONLY "app"."t" DISABLE TRIGGER "w""#,
    ] {
        assert!(matches!(of(text), Ruling::Run(_) | Ruling::Disabled(_)), "{text}: {:?}", of(text));
    }
}

#[test]
fn what_brings_code_is_refused_and_says_so() {
    for text in CODE {
        assert!(matches!(of(text), Ruling::Refuse(Refusal::Code(_))), "{text}: {:?}", of(text));
    }
    for text in NOT {
        let ruling = of(text);
        assert!(matches!(ruling, Ruling::Refuse(Refusal::Kind | Refusal::Form)), "{text}: {ruling:?}");
    }
}

#[test]
fn owners_are_read_to_the_end() {
    let of = |sql: &str| owner(sql.as_bytes(), true);
    let read = of("ALTER FUNCTION app.f(a integer) OWNER TO \"A b\";").unwrap();
    assert_eq!(read.sql, b"ALTER FUNCTION app.f ( a integer ) OWNER TO \"A b\"");
    assert_eq!((read.owner, read.schema), (Name::from("A b"), Some(Name::from("app"))));
    assert!(of("ALTER PUBLICATION p OWNER TO a").unwrap().in_database);
    assert_eq!(of("ALTER SCHEMA app OWNER TO a").unwrap().schema, None);
    for other in [
        "ALTER FUNCTION pg_catalog.pg_read_file(text) OWNER TO alice",
        "ALTER FUNCTION pg_read_file(text) OWNER TO alice",
        "ALTER TABLE app.t OWNER TO a, ADD COLUMN x text DEFAULT app.f()",
        "ALTER TABLE app.t OWNER TO a; SELECT app.f()",
        "ALTER TABLE app.t RENAME TO u",
    ] {
        assert_eq!(of(other), None, "{other}");
    }
}

#[test]
fn statements_on_roles_are_written_anew() {
    let of = |sql: &str| of_cluster(sql.as_bytes(), true);
    for text in [
        "ALTER ROLE a WITH SUPERUSER INHERIT NOCREATEROLE LOGIN PASSWORD NULL CONNECTION LIMIT 5 VALID UNTIL 'infinity'",
        "ALTER ROLE a SET search_path TO '$user', public",
        "ALTER ROLE a SET my.setting = -1",
        "ALTER ROLE ALL IN DATABASE d SET work_mem TO '1GB'",
        "ALTER DATABASE d SET TimeZone TO 'UTC'",
        "ALTER DATABASE d CONNECTION LIMIT = 5",
        "ALTER DATABASE d IS_TEMPLATE = true",
        "ALTER DATABASE d OWNER TO a",
        "CREATE DATABASE d WITH TEMPLATE = template0 ENCODING = 'UTF8' LOCALE_PROVIDER = libc LOCALE = 'C'",
        "COMMENT ON DATABASE d IS 'DATABASE $'",
        "GRANT a TO b WITH ADMIN OPTION, INHERIT TRUE, SET FALSE",
        "REVOKE CONNECT, TEMPORARY ON DATABASE d FROM PUBLIC",
        "GRANT SET, ALTER SYSTEM ON PARAMETER my.setting TO a",
    ] {
        assert!(of(text).is_some(), "{text}");
    }
    assert_eq!(
        of("GRANT a TO b WITH ADMIN OPTION").unwrap().membership,
        Some((Name::from("a"), Name::from("b")))
    );
    assert_eq!(of("ALTER ROLE a IN DATABASE d RESET ALL").unwrap().database, Some(Name::from("d")));
    for other in [
        "ALTER ROLE a PASSWORD 'x'",
        "ALTER ROLE a RENAME TO b",
        "ALTER ROLE a SET x FROM CURRENT",
        "ALTER DATABASE d SET x TO (SELECT app.f())",
        "COMMENT ON DATABASE d IS 'a' || app.f()",
        "GRANT a TO b GRANTED BY c",
        "DROP ROLE a",
        "CREATE ROLE a IN ROLE b",
        "SELECT app.f()",
    ] {
        assert_eq!(of(other), None, "{other}");
    }
}
