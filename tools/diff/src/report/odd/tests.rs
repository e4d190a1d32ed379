//! Every pair of odd dumps is compared and reported to its end.

use clap::ValueEnum;
use dump::{Dump, NoData, ReadOptions, Stream};

use super::{Format, Report, Side};

/// Statements at the edges of what there is: without columns, names, bodies or ends, and many of them hand-made.
const ODD: &[&str] = &[
    "",
    "CREATE TABLE a.t ();",
    "CREATE TABLE a.u ();",
    "CREATE TABLE a.c (\n)\nINHERITS (a.t);",
    "CREATE TABLE a.d (\n)\nINHERITS (a.t);",
    "CREATE TABLE b.c (\n)\nINHERITS (a.t, a.u);",
    "CREATE TABLE a.p (x integer) PARTITION BY RANGE (x); CREATE TABLE a.p1 PARTITION OF a.p FOR VALUES FROM (1) TO (2);",
    "CREATE TABLE a.p (x integer) PARTITION BY RANGE (x); CREATE TABLE a.p2 PARTITION OF a.p DEFAULT;",
    "CREATE TABLE a.t (LIKE a.u INCLUDING ALL);",
    "CREATE TABLE a.t OF a.ty;",
    "CREATE TABLE a.t OF a.ty (x WITH OPTIONS NOT NULL);",
    "CREATE TABLE a.t AS SELECT 1;",
    "CREATE TABLE a.t (x integer, x integer);",
    "CREATE TABLE a.t (\"\" integer);",
    "CREATE TABLE a.t (CHECK (true), UNIQUE (), EXCLUDE USING gist (x WITH =));",
    "CREATE TABLE a.t (x integer GENERATED ALWAYS AS IDENTITY (SEQUENCE NAME a.s START WITH 99999999999999999999999999999999999999999999));",
    "CREATE TABLE a.t (x numeric(0,-5), y varchar(), z bit varying(99999999999999999999), w interval(7)[][3]);",
    "CREATE TABLE a.t (x numeric(5,2), y varchar(3), z bit(1), w interval second(3));",
    "CREATE TABLE \"A b\".\"C\"\"d\" (\"e f\" \"G h\".\"I\"); COMMENT ON TABLE \"A b\".\"C\"\"d\" IS NULL;",
    "CREATE FOREIGN TABLE a.t () SERVER s;",
    "CREATE FOREIGN TABLE a.f () SERVER s OPTIONS ();",
    "CREATE VIEW a.v AS SELECT;",
    "CREATE VIEW a.w AS SELECT;",
    "CREATE VIEW a.v () AS VALUES (1);",
    "CREATE MATERIALIZED VIEW a.m AS TABLE a.t WITH NO DATA;",
    "CREATE TYPE a.ty;",
    "CREATE TYPE a.ty AS ();",
    "CREATE TYPE a.tz AS ();",
    "CREATE TYPE a.ty AS (x integer);",
    "CREATE TYPE a.ty AS ENUM ();",
    "CREATE TYPE a.ty AS ENUM ('');",
    "CREATE TYPE a.ty AS ENUM ('a', 'a', 'b');",
    "CREATE TYPE a.ty AS ENUM ('b', 'x', 'a');",
    "CREATE TYPE a.ty AS RANGE (subtype = integer);",
    "CREATE DOMAIN a.d AS integer;",
    "CREATE DOMAIN a.d AS text COLLATE \"C\" DEFAULT '' NOT NULL CONSTRAINT c CHECK (value <> '');",
    "CREATE SEQUENCE a.s;",
    "CREATE SEQUENCE a.q AS smallint INCREMENT BY -1 MINVALUE -99999999999999999999999999999999999999999 NO MAXVALUE CYCLE;",
    "CREATE SEQUENCE a.s START WITH x; ALTER SEQUENCE a.s OWNED BY NONE;",
    "CREATE SEQUENCE a.s; ALTER SEQUENCE a.s OWNED BY a.t.x;",
    "CREATE FUNCTION a.f() RETURNS void LANGUAGE sql AS '';",
    "CREATE FUNCTION a.f(integer, OUT x integer) LANGUAGE sql AS $$$$;",
    "CREATE FUNCTION a.g(VARIADIC integer[]) RETURNS TABLE() LANGUAGE sql BEGIN ATOMIC END;",
    "CREATE PROCEDURE a.f() LANGUAGE c AS 'x', 'y';",
    "CREATE AGGREGATE a.g(*) (SFUNC = x, STYPE = y);",
    "CREATE OPERATOR a.+ (FUNCTION = f);",
    "CREATE OPERATOR CLASS a.o DEFAULT FOR TYPE integer USING btree AS STORAGE integer;",
    "CREATE OPERATOR FAMILY a.o USING btree; ALTER OPERATOR FAMILY a.o USING btree ADD OPERATOR 1 < (integer, integer);",
    "CREATE CAST (integer AS a.ty) WITHOUT FUNCTION;",
    "CREATE INDEX ON a.t ();",
    "CREATE UNIQUE INDEX i ON a.t USING btree (x); CREATE TABLE a.t (x integer);",
    "CREATE INDEX i ON ONLY a.t (x) WHERE true; ALTER INDEX a.i ATTACH PARTITION a.j;",
    "ALTER TABLE ONLY a.t ADD CONSTRAINT i UNIQUE USING INDEX i;",
    "ALTER TABLE ONLY a.t ADD CONSTRAINT k FOREIGN KEY () REFERENCES a.u; CREATE TABLE a.t ();",
    "ALTER TABLE a.t ADD PRIMARY KEY (x), ADD CHECK (x > 0);",
    "ALTER TABLE a.t ATTACH PARTITION a.t DEFAULT;",
    "ALTER TABLE a.t INHERIT a.t;",
    "ALTER TABLE a.t ALTER COLUMN x SET DEFAULT 1;",
    "ALTER TABLE ONLY a.t ALTER COLUMN x SET STATISTICS -1;",
    "CREATE STATISTICS a.st ON x, y FROM a.t; ALTER STATISTICS a.st SET STATISTICS 0;",
    "CREATE RULE r AS ON SELECT TO a.t DO INSTEAD NOTHING;",
    "CREATE TRIGGER g BEFORE UPDATE OF x ON a.t EXECUTE FUNCTION f();",
    "CREATE POLICY p ON a.t; ALTER TABLE a.t ENABLE ROW LEVEL SECURITY;",
    "CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION f();",
    "CREATE PUBLICATION pub; ALTER PUBLICATION pub ADD TABLE ONLY a.t (x) WHERE (true);",
    "CREATE PUBLICATION pub FOR ALL TABLES WITH (publish = '');",
    "CREATE SUBSCRIPTION sub CONNECTION '' PUBLICATION pub;",
    "CREATE SCHEMA a;",
    "CREATE SCHEMA b;",
    "CREATE SCHEMA \"\";",
    "CREATE SCHEMA a; CREATE TABLE a.t (x integer); CREATE VIEW a.v AS SELECT t.x FROM a.t;",
    "CREATE SCHEMA b; CREATE TABLE b.t (x integer); CREATE VIEW b.v AS SELECT t.x FROM b.t;",
    "CREATE EXTENSION x WITH SCHEMA a VERSION '1';",
    "CREATE LANGUAGE l; CREATE ROLE r; ALTER ROLE r SET a TO ''; GRANT r TO s, t;",
    "CREATE ROLE r; DROP ROLE r; CREATE TABLESPACE ts LOCATION '';",
    "CREATE DATABASE d; ALTER DATABASE d OWNER TO o; GRANT ALL ON DATABASE d TO PUBLIC;",
    "CREATE DATABASE e ENCODING = 'x';\n\\connect e\nCREATE TABLE a.t ();",
    "CREATE USER MAPPING FOR PUBLIC SERVER s OPTIONS (password 'x');",
    "CREATE SERVER s FOREIGN DATA WRAPPER w; CREATE FOREIGN DATA WRAPPER w OPTIONS (a '');",
    "CREATE TEXT SEARCH CONFIGURATION a.c (PARSER = p); ALTER TEXT SEARCH CONFIGURATION a.c ADD MAPPING FOR x WITH y;",
    "GRANT ALL ON TABLE a.t TO PUBLIC, x, y WITH GRANT OPTION; CREATE TABLE a.t ();",
    "REVOKE GRANT OPTION FOR SELECT (x, y), UPDATE ON a.t FROM x CASCADE; CREATE TABLE a.t ();",
    "GRANT SELECT, ALL (x) ON a.t TO x GRANTED BY y; CREATE TABLE a.t (x integer); ALTER TABLE a.t OWNER TO x;",
    "GRANT NONSENSE ON SCHEMA public TO PUBLIC; REVOKE ALL ON SCHEMA public FROM PUBLIC;",
    "GRANT SELECT ON ALL TABLES IN SCHEMA a TO x; GRANT USAGE ON SCHEMA a, b TO x;",
    "ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO x;",
    "ALTER DEFAULT PRIVILEGES FOR ROLE \"R s\" IN SCHEMA a REVOKE ALL ON FUNCTIONS FROM PUBLIC;",
    "SET search_path = a, pg_catalog; CREATE TABLE t (); CREATE FUNCTION f() RETURNS t LANGUAGE sql SET search_path TO 'a' AS '';",
    "SET default_tablespace = x; SET default_with_oids = true; CREATE TABLE a.t ();",
    "SET SESSION AUTHORIZATION 'x'; CREATE TABLE a.t (); SET SESSION AUTHORIZATION y; GRANT SELECT ON TABLE a.t TO z;",
    "COMMENT ON COLUMN a.t.x IS 'x'; SECURITY LABEL FOR p ON TABLE a.t IS '';",
    "SELECT pg_catalog.lo_create('1'); ALTER LARGE OBJECT 1 OWNER TO x; GRANT SELECT ON LARGE OBJECT 1 TO y;",
    "FROBNICATE a.t; FROBNICATE; ;;;",
    "--\n-- PostgreSQL database dump\n--\nCREATE TABLE a.t ();\n--\n-- PostgreSQL database dump complete\n--\nINSERT INTO t VALUES (1), (;",
    "--\n-- PostgreSQL database dump\n--\n--\n-- PostgreSQL database dump complete\n--\n",
];

fn read(sql: &str) -> Option<Dump> {
    dump::read(Stream(sql.as_bytes()), ReadOptions::default(), &mut NoData).ok()
}

/// Compares and reports in the given forms; returns what may only be renamed. None if one cannot be read.
fn told(old: &str, new: &str, accepted: &[String], formats: &[Format]) -> Option<Vec<String>> {
    let (mut old, mut new) = (read(old)?, read(new)?);
    let left_out = compare::leave_out(&mut old, &mut new);
    let Ok(accepted) = compare::accept_renames(&mut old, &new, accepted) else { return Some(Vec::new()) };
    let (findings, renames) = compare::Judge::default().compare(&old, &new, &accepted);
    let offered = renames.iter().map(compare::Rename::to_accept).collect();
    let side = |dump| Side { name: "x".to_owned(), dump };
    let report = Report { old: side(&old), new: side(&new), findings, renames, rows: None, left_out };
    for format in formats {
        report.write(*format, false, &mut std::io::sink()).unwrap();
    }
    Some(offered)
}

#[test]
fn every_pair_of_odd_dumps_is_told() {
    let dumps: Vec<&str> = ODD.iter().copied().filter(|sql| read(sql).is_some()).collect();
    assert!(dumps.len() > 80, "{}", dumps.len());
    let mut offered = 0;
    for (old, new) in dumps.iter().flat_map(|old| dumps.iter().map(move |new| (old, new))) {
        for rename in told(old, new, &[], &[Format::Json]).unwrap() {
            told(old, new, &[rename], &[Format::Text]).unwrap();
            offered += 1;
        }
    }
    assert!(offered > 20, "{offered}");
}

#[test]
fn odd_statements_beside_each_other_are_told() {
    let mut number = 1_usize;
    let mut next = || {
        number = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ODD[(number >> 33) % ODD.len()]
    };
    let mut compared = 0;
    for _ in 0..600 {
        let [old, new] = [0, 1].map(|_| [next(), next(), next()].join("\n"));
        let Some(renames) = told(&old, &new, &[], Format::value_variants()) else { continue };
        told(&old, &new, &renames, &[]).unwrap();
        assert_eq!(told(&old, &old, &[], &[]), Some(Vec::new()), "{old}");
        compared += 1;
    }
    assert!(compared > 200, "{compared}");
}
