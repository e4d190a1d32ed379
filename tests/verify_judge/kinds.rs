//! Statements that somebody may have put into a dump.

/// What a statement that was put in says itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Says {
    /// Nothing that a database could hold, or that less is there than the dump says.
    Nothing,
    /// That there is something more.
    More,
    /// That something is otherwise than the dump says elsewhere, in the words in which pg_dump would say it: which of
    /// them counts may be disputed.
    Otherwise,
}

use Says::{More, Nothing, Otherwise};

/// A kind of statement, what such a statement says, and some of them.
pub type Kind = (&'static str, Says, &'static [&'static str]);

/// Every kind; each is put in everywhere.
pub const KINDS: &[Kind] = &[
    (
        "DROP TABLE",
        Nothing,
        &[
            "DROP TABLE public.plain;",
            "DROP TABLE IF EXISTS store.sums CASCADE;",
            "DROP TABLE shop.dogs, shop.empty;",
            "drop table public.\"Odd Name\";",
            "/* gone */ DROP /* gone */ TABLE shop.measured_2023;",
        ],
    ),
    (
        "DROP SCHEMA",
        Nothing,
        &["DROP SCHEMA shop CASCADE;", "DROP SCHEMA IF EXISTS store CASCADE;", "DROP SCHEMA public CASCADE;"],
    ),
    (
        "DROP INDEX",
        Nothing,
        &["DROP INDEX shop.sold_at;", "DROP INDEX IF EXISTS public.plain_a;", "DROP INDEX shop.measured_at;"],
    ),
    ("DROP VIEW", Nothing, &["DROP VIEW shop.cheaper;", "DROP VIEW shop.cheap CASCADE;"]),
    ("DROP MATERIALIZED VIEW", Nothing, &["DROP MATERIALIZED VIEW shop.summary;"]),
    (
        "DROP SEQUENCE",
        Nothing,
        &["DROP SEQUENCE shop.numbers;", "DROP SEQUENCE IF EXISTS shop.notes_number_seq CASCADE;"],
    ),
    (
        "DROP FUNCTION",
        Nothing,
        &[
            "DROP FUNCTION shop.twice(integer);",
            "DROP FUNCTION IF EXISTS shop.refuse() CASCADE;",
            "DROP ROUTINE shop.twice;",
            "DROP PROCEDURE shop.tidy();",
            "DROP AGGREGATE shop.total(integer);",
        ],
    ),
    (
        "DROP TYPE",
        Nothing,
        &["DROP TYPE shop.span CASCADE;", "DROP TYPE shop.size CASCADE;", "DROP DOMAIN shop.amount CASCADE;"],
    ),
    (
        "DROP TRIGGER",
        Nothing,
        &["DROP TRIGGER watch ON shop.notes;", "DROP TRIGGER IF EXISTS watch ON shop.notes;"],
    ),
    ("DROP RULE", Nothing, &["DROP RULE quiet ON shop.empty;"]),
    ("DROP POLICY", Nothing, &["DROP POLICY readers ON shop.sold;"]),
    ("DROP STATISTICS", Nothing, &["DROP STATISTICS shop.together;"]),
    (
        "DROP PUBLICATION",
        Nothing,
        &["DROP PUBLICATION news;", "ALTER PUBLICATION news DROP TABLE shop.goods;"],
    ),
    ("DROP EXTENSION", Nothing, &["DROP EXTENSION citext CASCADE;", "DROP EXTENSION IF EXISTS citext;"]),
    (
        "DROP OPERATOR",
        Nothing,
        &["DROP OPERATOR shop.=== (integer, integer);", "DROP CAST (shop.size AS integer);"],
    ),
    (
        "DROP of text search",
        Nothing,
        &[
            "DROP TEXT SEARCH CONFIGURATION shop.search;",
            "DROP TEXT SEARCH DICTIONARY shop.words;",
            "DROP COLLATION shop.plain;",
        ],
    ),
    ("DROP EVENT TRIGGER", Nothing, &["DROP EVENT TRIGGER guard;", "ALTER EVENT TRIGGER guard DISABLE;"]),
    ("DROP SERVER", Nothing, &["DROP SERVER far;", "DROP FOREIGN DATA WRAPPER nothing CASCADE;"]),
    (
        "DROP OWNED",
        Nothing,
        &["DROP OWNED BY keeper CASCADE;", "DROP OWNED BY reader;", "REASSIGN OWNED BY keeper TO reader;"],
    ),
    (
        "DROP of what is not there",
        Nothing,
        &[
            "DROP TABLE IF EXISTS public.never;",
            "DROP VIEW public.never;",
            "DROP FUNCTION IF EXISTS shop.twice(text);",
        ],
    ),
    (
        "ALTER TABLE DROP COLUMN",
        Nothing,
        &[
            "ALTER TABLE public.plain DROP COLUMN b;",
            "ALTER TABLE ONLY shop.sold DROP how_many;",
            "ALTER TABLE IF EXISTS shop.goods DROP COLUMN IF EXISTS made CASCADE;",
        ],
    ),
    (
        "ALTER TABLE DROP CONSTRAINT",
        Nothing,
        &[
            "ALTER TABLE shop.goods DROP CONSTRAINT goods_price;",
            "ALTER TABLE ONLY shop.sold DROP CONSTRAINT sold_good;",
            "ALTER TABLE ONLY shop.goods DROP CONSTRAINT IF EXISTS goods_pkey CASCADE;",
        ],
    ),
    (
        "ALTER COLUMN DROP",
        Nothing,
        &[
            "ALTER TABLE shop.sold ALTER COLUMN how_many DROP DEFAULT;",
            "ALTER TABLE ONLY shop.notes ALTER COLUMN number DROP DEFAULT;",
            "ALTER TABLE shop.goods ALTER COLUMN name DROP NOT NULL;",
            "ALTER TABLE shop.goods ALTER id DROP IDENTITY;",
            "ALTER TABLE store.sums ALTER COLUMN b DROP EXPRESSION;",
        ],
    ),
    (
        "ALTER COLUMN SET",
        Otherwise,
        &[
            "ALTER TABLE ONLY shop.sold ALTER COLUMN how_many SET DEFAULT 2;",
            "ALTER TABLE public.plain ALTER COLUMN a TYPE bigint;",
            "ALTER TABLE public.plain ALTER COLUMN b SET NOT NULL;",
        ],
    ),
    (
        "DETACH PARTITION",
        Nothing,
        &[
            "ALTER TABLE shop.measured DETACH PARTITION shop.measured_2023;",
            "ALTER TABLE ONLY shop.measured DETACH PARTITION shop.measured_2024;",
        ],
    ),
    ("NO INHERIT", Nothing, &["ALTER TABLE shop.dogs NO INHERIT shop.animals;"]),
    (
        "DISABLE TRIGGER",
        Nothing,
        &[
            "ALTER TABLE shop.notes DISABLE TRIGGER watch;",
            "ALTER TABLE shop.notes DISABLE TRIGGER ALL;",
            "ALTER TABLE shop.goods DISABLE TRIGGER USER;",
            "ALTER TABLE shop.empty DISABLE RULE quiet;",
        ],
    ),
    ("DISABLE ROW LEVEL SECURITY", Nothing, &["ALTER TABLE shop.sold DISABLE ROW LEVEL SECURITY;"]),
    (
        "RENAME",
        Nothing,
        &[
            "ALTER TABLE public.plain RENAME TO plainer;",
            "ALTER TABLE shop.goods RENAME COLUMN name TO title;",
            "ALTER INDEX shop.sold_at RENAME TO sold_when;",
            "ALTER VIEW shop.cheaper RENAME TO cheapest;",
            "ALTER FUNCTION shop.twice(integer) RENAME TO thrice;",
            "ALTER SCHEMA store RENAME TO cellar;",
            "ALTER TYPE shop.size RENAME VALUE 'large' TO 'huge';",
            "ALTER TABLE shop.goods RENAME CONSTRAINT goods_price TO goods_cost;",
            "ALTER POLICY readers ON shop.sold RENAME TO lookers;",
            "ALTER SEQUENCE shop.numbers RENAME TO figures;",
        ],
    ),
    (
        "SET SCHEMA",
        Nothing,
        &[
            "ALTER TABLE public.plain SET SCHEMA store;",
            "ALTER FUNCTION shop.twice(integer) SET SCHEMA public;",
            "ALTER EXTENSION citext SET SCHEMA public;",
            "ALTER TYPE shop.span SET SCHEMA public;",
        ],
    ),
    (
        "ALTER TABLE SET",
        Otherwise,
        &[
            "ALTER TABLE public.plain SET UNLOGGED;",
            "ALTER TABLE store.fast SET LOGGED;",
            "ALTER TABLE public.plain SET (fillfactor = 50);",
        ],
    ),
    (
        "ALTER TABLE ADD",
        More,
        &[
            "ALTER TABLE public.plain ADD COLUMN more integer;",
            "ALTER TABLE public.plain ADD CONSTRAINT plain_few CHECK (a < 100);",
            "ALTER TABLE public.plain ADD CONSTRAINT plain_none CHECK (a < 2);",
            "ALTER TABLE store.sums ADD UNIQUE (a);",
            "ALTER TABLE ONLY public.plain ADD CONSTRAINT plain_twos FOREIGN KEY (a) REFERENCES shop.goods (id);",
        ],
    ),
    (
        "ALTER DOMAIN",
        Nothing,
        &[
            "ALTER DOMAIN shop.amount DROP CONSTRAINT amount_positive;",
            "ALTER DOMAIN shop.amount DROP DEFAULT;",
            "ALTER DOMAIN shop.amount DROP NOT NULL;",
        ],
    ),
    (
        "ALTER TYPE",
        More,
        &["ALTER TYPE shop.size ADD VALUE 'huge';", "ALTER TYPE shop.pair ADD ATTRIBUTE third date;"],
    ),
    ("ALTER TYPE DROP", Nothing, &["ALTER TYPE shop.pair DROP ATTRIBUTE other CASCADE;"]),
    (
        "ALTER SEQUENCE",
        Nothing,
        &[
            "ALTER SEQUENCE shop.numbers RESTART;",
            "ALTER SEQUENCE shop.goods_id_seq RESTART WITH 1;",
            "ALTER TABLE shop.goods ALTER COLUMN id RESTART WITH 100;",
            "ALTER SEQUENCE shop.notes_number_seq OWNED BY NONE;",
            "SELECT pg_catalog.nextval('shop.numbers');",
        ],
    ),
    (
        "setval",
        Otherwise,
        &[
            "SELECT pg_catalog.setval('shop.numbers', 1, false);",
            "SELECT pg_catalog.setval('shop.notes_number_seq', 4000, true);",
            "SELECT setval('shop.goods_id_seq', (SELECT max(id) FROM shop.goods));",
        ],
    ),
    (
        "OWNER TO",
        Otherwise,
        &[
            "ALTER TABLE public.plain OWNER TO keeper;",
            "ALTER TABLE shop.notes OWNER TO postgres;",
            "ALTER SCHEMA shop OWNER TO reader;",
        ],
    ),
    (
        "GRANT",
        More,
        &["GRANT UPDATE ON TABLE public.plain TO reader;", "GRANT ALL ON SCHEMA store TO keeper;"],
    ),
    (
        "REVOKE",
        Otherwise,
        &[
            "REVOKE SELECT ON TABLE shop.goods FROM reader;",
            "REVOKE ALL ON SCHEMA shop FROM reader;",
            "REVOKE ALL ON FUNCTION shop.twice(integer) FROM PUBLIC;",
            "ALTER DEFAULT PRIVILEGES FOR ROLE postgres IN SCHEMA store REVOKE SELECT ON TABLES FROM reader;",
        ],
    ),
    (
        "COMMENT IS NULL",
        Nothing,
        &[
            "COMMENT ON TABLE shop.goods IS NULL;",
            "COMMENT ON COLUMN shop.goods.price IS NULL;",
            "COMMENT ON SCHEMA shop IS NULL;",
            "COMMENT ON LARGE OBJECT 5 IS NULL;",
        ],
    ),
    (
        "COMMENT",
        Otherwise,
        &["COMMENT ON TABLE shop.goods IS 'another';", "COMMENT ON COLUMN shop.goods.price IS 'in yen';"],
    ),
    (
        "COMMENT on more",
        More,
        &[
            "COMMENT ON TABLE public.plain IS 'a table';",
            "COMMENT ON FUNCTION shop.twice(integer) IS 'a function';",
        ],
    ),
    (
        "TRUNCATE",
        Nothing,
        &[
            "TRUNCATE TABLE public.plain;",
            "TRUNCATE shop.sold, store.sums;",
            "TRUNCATE TABLE ONLY shop.animals;",
            "TRUNCATE shop.goods CASCADE;",
        ],
    ),
    (
        "DELETE",
        Nothing,
        &[
            "DELETE FROM public.plain;",
            "DELETE FROM ONLY shop.animals WHERE legs = 2;",
            "WITH gone AS (DELETE FROM store.sums RETURNING a) SELECT 1 FROM gone;",
        ],
    ),
    (
        "UPDATE",
        Nothing,
        &["UPDATE public.plain SET b = 'changed' WHERE a = 1;", "UPDATE shop.goods SET price = price + 1;"],
    ),
    (
        "INSERT",
        More,
        &[
            "INSERT INTO public.plain VALUES (4, 'four');",
            "INSERT INTO public.plain (a) SELECT n FROM generate_series(10, 12) n;",
            "INSERT INTO store.sums (a) VALUES (9), (10);",
            "INSERT INTO shop.sold (good, at) VALUES (1, now());",
        ],
    ),
    (
        "INSERT that fails",
        More,
        &["INSERT INTO public.plain VALUES ('x', 'y');", "INSERT INTO shop.sold (good) VALUES (4000);"],
    ),
    (
        "MERGE",
        Nothing,
        &["MERGE INTO public.plain p USING store.fast f ON p.a = 1 WHEN MATCHED THEN DELETE;"],
    ),
    (
        "lo_unlink",
        Nothing,
        &[
            "SELECT pg_catalog.lo_unlink(5);",
            "SELECT lo_unlink('6');",
            "SELECT pg_catalog.lo_put(6, 0, 'x');",
            "SELECT CASE WHEN true THEN pg_catalog.lo_unlink('5') END;",
        ],
    ),
    ("lo_create", More, &["SELECT pg_catalog.lo_create('7');", "SELECT lo_from_bytea(8, 'abc');"]),
    (
        "BEGIN",
        Nothing,
        &["BEGIN;", "begin work;", "BEGIN TRANSACTION;", "BEGIN ISOLATION LEVEL SERIALIZABLE;"],
    ),
    ("START TRANSACTION", Nothing, &["START TRANSACTION;", "START TRANSACTION READ ONLY;"]),
    ("COMMIT", Nothing, &["COMMIT;", "COMMIT WORK;", "END;", "END TRANSACTION;"]),
    ("ROLLBACK", Nothing, &["ROLLBACK;", "ABORT;", "ROLLBACK AND CHAIN;"]),
    ("SAVEPOINT", Nothing, &["SAVEPOINT s;", "ROLLBACK TO s;", "RELEASE SAVEPOINT s;"]),
    ("PREPARE TRANSACTION", Nothing, &["PREPARE TRANSACTION 'p';", "COMMIT PREPARED 'p';"]),
    (
        "SET search_path",
        Nothing,
        &["SET search_path = shop, public;", "SET search_path TO store;", "SET LOCAL search_path = shop;"],
    ),
    (
        "SET of what pg_dump sets",
        Nothing,
        &[
            "SET client_encoding = 'LATIN1';",
            "SET standard_conforming_strings = off;",
            "SET row_security = on;",
            "SET check_function_bodies = true;",
            "SET client_min_messages = error;",
            "SET default_table_access_method = nowhere;",
            "SET default_tablespace = nowhere;",
            "SET xmloption = document;",
        ],
    ),
    (
        "SET of another",
        Nothing,
        &[
            "SET datestyle = German;",
            "SET intervalstyle = sql_standard;",
            "SET bytea_output = escape;",
            "SET timezone = 'Asia/Tokyo';",
            "SET extra_float_digits = 0;",
            "SET work_mem = '8MB';",
            "SET synchronous_commit TO off;",
            "SET lc_messages = 'C';",
            "SET lc_numeric = 'C';",
            "SET nowhere.at_all = 1;",
            "SET nowhere_at_all = 1;",
        ],
    ),
    (
        "SET that stops",
        Nothing,
        &[
            "SET default_transaction_read_only = on;",
            "SET statement_timeout = 1;",
            "SET TRANSACTION READ ONLY;",
            "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY;",
        ],
    ),
    (
        "SET session_replication_role",
        Nothing,
        &["SET session_replication_role = replica;", "SET session_replication_role TO DEFAULT;"],
    ),
    (
        "SET ROLE",
        Nothing,
        &[
            "SET ROLE reader;",
            "SET SESSION AUTHORIZATION reader;",
            "SET SESSION AUTHORIZATION DEFAULT;",
            "RESET ROLE;",
        ],
    ),
    ("SET CONSTRAINTS", Nothing, &["SET CONSTRAINTS ALL DEFERRED;"]),
    (
        "RESET",
        Nothing,
        &[
            "RESET ALL;",
            "RESET search_path;",
            "RESET client_encoding;",
            "DISCARD ALL;",
            "DISCARD TEMP;",
            "DISCARD PLANS;",
        ],
    ),
    (
        "CREATE OR REPLACE",
        Nothing,
        &[
            "CREATE OR REPLACE VIEW shop.cheaper AS SELECT NULL::integer AS id;",
            "CREATE OR REPLACE FUNCTION shop.twice(n integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT 0';",
            "CREATE OR REPLACE RULE quiet AS ON DELETE TO shop.empty DO INSTEAD DELETE FROM public.plain;",
            "CREATE OR REPLACE TRIGGER watch AFTER INSERT ON shop.notes FOR EACH ROW EXECUTE FUNCTION shop.refuse();",
        ],
    ),
    (
        "CREATE",
        More,
        &[
            "CREATE TABLE public.added (a integer);",
            "CREATE TABLE public.copied AS SELECT 1 AS a;",
            "CREATE VIEW public.seen AS SELECT 1 AS a;",
            "CREATE SCHEMA added;",
            "CREATE SEQUENCE public.counted;",
            "CREATE FUNCTION public.one() RETURNS integer LANGUAGE sql AS 'SELECT 1';",
            "CREATE INDEX CONCURRENTLY plain_b ON public.plain (b);",
            "CREATE UNIQUE INDEX plain_nothing ON public.plain ((1));",
            "CREATE TEMPORARY TABLE plain (a integer);",
            "CREATE VIEW public.wrong AS SELECT nothing FROM public.nowhere;",
        ],
    ),
    (
        "CREATE of what loses rows",
        More,
        &[
            "CREATE RULE away AS ON INSERT TO public.plain DO INSTEAD NOTHING;",
            "CREATE FUNCTION public.away() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'; CREATE TRIGGER away BEFORE INSERT ON public.plain FOR EACH ROW EXECUTE FUNCTION public.away();",
        ],
    ),
    (
        "CREATE of what there is",
        Nothing,
        &[
            "CREATE TABLE public.plain (a integer, b text, CHECK (a > 1));",
            "CREATE TABLE IF NOT EXISTS public.plain (a integer, b text);",
            "CREATE TABLE IF NOT EXISTS public.plain (a integer);",
            "CREATE SCHEMA IF NOT EXISTS shop;",
            "CREATE SCHEMA public;",
            "CREATE EXTENSION IF NOT EXISTS plpgsql;",
            "CREATE EXTENSION citext;",
            "CREATE SEQUENCE shop.numbers;",
            "CREATE INDEX IF NOT EXISTS sold_at ON shop.sold USING btree (good);",
            "CREATE VIEW shop.cheaper AS SELECT 1 AS id;",
        ],
    ),
    ("LOCK", Nothing, &["LOCK TABLE public.plain;", "LOCK TABLE shop.goods IN ACCESS EXCLUSIVE MODE;"]),
    (
        "VACUUM and its like",
        Nothing,
        &[
            "VACUUM;",
            "VACUUM FULL public.plain;",
            "VACUUM (ANALYZE) shop.goods;",
            "ANALYZE;",
            "ANALYZE public.plain;",
            "CLUSTER public.plain USING plain_a;",
            "REINDEX TABLE shop.goods;",
            "CHECKPOINT;",
        ],
    ),
    (
        "REFRESH",
        Nothing,
        &["REFRESH MATERIALIZED VIEW shop.summary;", "REFRESH MATERIALIZED VIEW shop.summary WITH NO DATA;"],
    ),
    (
        "DO",
        Nothing,
        &[
            "DO $$BEGIN NULL; END$$;",
            "DO $$BEGIN RAISE NOTICE 'here'; END$$;",
            "DO $$BEGIN RAISE EXCEPTION 'here'; END$$;",
            "DO $$BEGIN DELETE FROM public.plain; EXCEPTION WHEN OTHERS THEN NULL; END$$;",
            "DO $$BEGIN EXECUTE 'DROP TABLE IF EXISTS store.sums'; END$$;",
            "DO LANGUAGE plpgsql 'BEGIN COMMIT; END';",
        ],
    ),
    (
        "SELECT",
        Nothing,
        &[
            "SELECT 1;",
            "SELECT count(*) FROM public.plain;",
            "SELECT now();",
            "VALUES (1);",
            "TABLE public.plain;",
            "SHOW ALL;",
            "SELECT 1 / 0;",
            "SELECT pg_catalog.pg_advisory_lock(1);",
            "SELECT set_config('search_path', 'shop', false);",
            "SELECT * INTO public.selected FROM public.plain;",
        ],
    ),
    ("EXPLAIN", Nothing, &["EXPLAIN SELECT 1;", "EXPLAIN ANALYZE DELETE FROM public.plain;"]),
    ("PREPARE", Nothing, &["PREPARE p AS DELETE FROM public.plain; EXECUTE p;", "DEALLOCATE ALL;"]),
    ("CALL", Nothing, &["CALL shop.tidy();"]),
    (
        "cursors, notifications",
        Nothing,
        &["DECLARE c CURSOR FOR SELECT 1;", "LISTEN news;", "NOTIFY news;", "UNLISTEN *;"],
    ),
    ("COPY", Nothing, &["COPY public.plain TO STDOUT;", "COPY (SELECT 1) TO STDOUT;"]),
    (
        "COPY of rows",
        More,
        &[
            "COPY public.plain (a, b) FROM stdin;\n8\teight\n\\.",
            "COPY public.plain (a, b) FROM stdin;\n8\teight\tmore\n\\.",
            "COPY public.plain (a, b) FROM stdin;\n8\n\\.",
            "COPY public.plain FROM stdin WITH (FORMAT csv);\n8,eight\n\\.",
            "COPY public.nowhere (a) FROM stdin;\n1\n\\.",
        ],
    ),
    (
        "SECURITY LABEL",
        Nothing,
        &[
            "SECURITY LABEL ON TABLE public.plain IS 'secret';",
            "SECURITY LABEL FOR anon ON TABLE public.plain IS 'secret';",
        ],
    ),
    ("LOAD", Nothing, &["LOAD 'plpgsql';", "LOAD 'nowhere';"]),
    (
        "what is no statement",
        Nothing,
        &[
            "FOO BAR;",
            ";",
            "pg_dump: warning: there are circular foreign-key constraints;",
            "<<<<<<< HEAD\n;",
            "SELECT;",
            "CREATE TABLE;",
            "-- a comment\n",
            "/* a comment; */",
        ],
    ),
    (
        "several on a line",
        Nothing,
        &[
            "SELECT 1; DELETE FROM public.plain; SELECT 2;",
            "SELECT ';'; DROP TABLE store.sums;",
            "/* ' */ TRUNCATE public.plain; -- '",
        ],
    ),
    (
        "psql: \\set and its like",
        Nothing,
        &[
            "\\set a b",
            "\\echo here",
            "\\timing on",
            "\\unset a",
            "\\pset null x",
            "\\x",
            "\\qecho here",
            "\\warn here",
            "\\set ON_ERROR_STOP on",
            "\\set AUTOCOMMIT off",
        ],
    ),
    ("psql: \\connect", Nothing, &["\\connect nowhere", "\\c nowhere", "\\connect -"]),
    ("psql: \\q", Nothing, &["\\q", "\\quit"]),
    (
        "psql: \\if",
        Nothing,
        &[
            "\\if false",
            "\\if true\n\\endif",
            "\\if false\nDROP TABLE public.plain;\n\\endif",
            "\\else",
            "\\endif",
        ],
    ),
    ("psql: \\.", Nothing, &["\\."]),
    ("psql: \\encoding", Nothing, &["\\encoding LATIN1", "\\encoding UTF8"]),
    (
        "psql: queries",
        Nothing,
        &[
            "SELECT 1 \\g",
            "DELETE FROM public.plain \\g",
            "SELECT 'DROP TABLE public.plain' \\gexec",
            "\\d",
            "\\i /dev/null",
            "\\nowhere",
            "\\restrict x",
            "SELECT 1\n\\r",
            "SELECT 1 \\gset",
        ],
    ),
];

/// What is put around a dump: in front of everything, and behind.
pub const AROUND: &[(&str, &str)] = &[
    ("BEGIN;", ""),
    ("BEGIN;", "COMMIT;"),
    ("BEGIN;", "END;"),
    ("BEGIN;", "ROLLBACK;"),
    ("BEGIN;", "ABORT;"),
    ("START TRANSACTION;", "COMMIT;"),
    ("START TRANSACTION;", ""),
    ("BEGIN;", "COMMIT AND CHAIN;"),
    ("BEGIN; SAVEPOINT s;", "ROLLBACK TO s; COMMIT;"),
    ("\\set AUTOCOMMIT off", ""),
    ("\\set AUTOCOMMIT off", "COMMIT;"),
    ("SET session_replication_role = replica;", "SET session_replication_role = origin;"),
    ("\\if true", "\\endif"),
    ("\\if false", "\\endif"),
    ("/*", "*/"),
    ("\\connect -", "\\q"),
];

/// What never ends.
pub const UNENDED: &[&str] = &[
    "SELECT 1",
    "SELECT 'it",
    "/* a comment",
    "/* a /* comment */",
    "SELECT $$it",
    "SELECT \"it",
    "SELECT (1",
    "COPY public.plain (a, b) FROM stdin;",
    "DROP TABLE public.plain",
];
