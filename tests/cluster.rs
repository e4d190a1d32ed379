//! A whole cluster with its data goes through a tree and comes out the same, on two real servers.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    missing_docs,
    reason = "a test that cannot go on panics, and says why it is skipped"
)]

#[path = "corpus.rs"]
mod corpus;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use scratch::{Cluster, Programs};

const JOIN: &str = env!("CARGO_BIN_EXE_pgdump-join");

/// Roles, settings and databases: what pg_dumpall tells besides the databases' contents.
const GLOBALS: &str = r#"
CREATE ROLE app_owner CREATEROLE;
CREATE ROLE reader NOLOGIN;
CREATE ROLE "Odd Role" LOGIN PASSWORD 'it''s a secret' CONNECTION LIMIT 5 VALID UNTIL '2040-01-01 00:00:00+00';
COMMENT ON ROLE "Odd Role" IS 'odd, isn''t it?';
GRANT reader TO app_owner WITH ADMIN OPTION;
GRANT app_owner TO "Odd Role";
ALTER ROLE reader SET statement_timeout = '5s';
ALTER ROLE "Odd Role" SET search_path = app, "my schema", '';
GRANT SET ON PARAMETER work_mem TO reader;
CREATE DATABASE "my db" TEMPLATE template0 OWNER app_owner;
CREATE DATABASE "MyDb" TEMPLATE template0 CONNECTION LIMIT 7;
CREATE DATABASE plain TEMPLATE template0;
COMMENT ON DATABASE "my db" IS 'with a blank';
ALTER DATABASE "my db" SET work_mem = '8MB';
ALTER ROLE reader IN DATABASE "my db" SET lock_timeout = '1s';
REVOKE ALL ON DATABASE "MyDb" FROM PUBLIC;
GRANT CONNECT ON DATABASE "MyDb" TO reader;
"#;

const DATABASE: &str = r#"
CREATE SCHEMA app AUTHORIZATION app_owner;
CREATE SCHEMA "my schema";
GRANT USAGE ON SCHEMA app TO reader;
CREATE TYPE app.mood AS ENUM ('sad', 'it''s ok', 'happy');
CREATE TABLE app.kinds (
    id integer GENERATED ALWAYS AS IDENTITY (START WITH 100 INCREMENT BY 10) PRIMARY KEY,
    label text,
    raw bytea,
    tags text[],
    moods app.mood[],
    price numeric(20, 5),
    ratio double precision,
    at timestamp with time zone,
    doc jsonb,
    doubled numeric GENERATED ALWAYS AS (price * 2) STORED
);
INSERT INTO app.kinds (label, raw, tags, moods, price, ratio, at, doc) VALUES
    ('plain', '\x00ff5c0a27', ARRAY['a', 'b,c', NULL, '{d}', '"', '\'], '{sad,"it''s ok"}', 1.5, 'NaN', '2024-02-29 12:00:00+00', '{"a": [1, null]}'),
    (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('', '', '{}', '{}', 0, '-Infinity', 'infinity', '"x"'),
    (E'tab\there', '\x', ARRAY[E'line\nbreak', E'\\N'], '{happy}', -12345.00001, 1e-300, '-infinity', '[]'),
    (E'back\\slash and \\N and \\.', '\x5c5c', '{{1,2},{3,4}}', NULL, 12345678901234.56789, 0.1, NULL, 'null'),
    (E'\\N', NULL, ARRAY[''], NULL, NULL, NULL, NULL, '{"quote": "it''s", "slash": "\\"}'),
    (E'\\.', NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    (E'line\nbreak\r\nand \x01 \x1b \b \f \v', NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    (E';\n\\connect evil\n-- no comment\n$$ /* ', NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('naïve 漢字 🐘', NULL, NULL, NULL, NULL, NULL, NULL, NULL);
ALTER TABLE app.kinds OWNER TO app_owner;
GRANT SELECT ON app.kinds TO reader;
CREATE TABLE "my schema"."Odd ""Table" ("a b" integer, "Select" text, "tab	bed" text);
INSERT INTO "my schema"."Odd ""Table" VALUES (1, 'x', 'y'), (1, 'x', 'y'), (NULL, NULL, '');
CREATE TABLE "my schema".no_columns ();
CREATE TABLE "my schema".empty (x integer PRIMARY KEY);
CREATE TABLE public.parent (id bigserial PRIMARY KEY, up bigint REFERENCES public.parent, kind integer REFERENCES app.kinds);
INSERT INTO public.parent (up, kind) VALUES (NULL, 100), (1, 110), (2, NULL);
UPDATE public.parent SET up = 3 WHERE id = 1;
CREATE TABLE public.measured (at date NOT NULL, value real, PRIMARY KEY (at)) PARTITION BY RANGE (at);
CREATE TABLE public.measured_2023 PARTITION OF public.measured FOR VALUES FROM ('2023-01-01') TO ('2024-01-01');
CREATE TABLE public.measured_2024 PARTITION OF public.measured FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
INSERT INTO public.measured SELECT day, 1.5 FROM generate_series('2023-12-25'::date, '2024-01-05', '1 day') day;
CREATE SEQUENCE app.counter START 5 INCREMENT 5 CYCLE MAXVALUE 100;
SELECT nextval('app.counter'), nextval('app.counter');
CREATE SEQUENCE app.never_called;
CREATE VIEW app.labels AS SELECT id, label FROM app.kinds;
CREATE MATERIALIZED VIEW app.summary AS SELECT count(*) AS rows, max(id) AS last FROM app.kinds;
CREATE MATERIALIZED VIEW app.on_summary AS SELECT rows + 1 AS more FROM app.summary;
CREATE MATERIALIZED VIEW app.never_refreshed AS SELECT 1 AS one WITH NO DATA;
CREATE UNIQUE INDEX summary_rows ON app.summary (rows);
CREATE FUNCTION app.refuse() RETURNS trigger LANGUAGE plpgsql AS 'begin raise exception ''no more''; end';
CREATE TRIGGER refuse BEFORE INSERT ON app.kinds FOR EACH ROW EXECUTE FUNCTION app.refuse();
"#;

/// What another database of the same cluster holds under the same names.
const OTHER: &str = "
CREATE SCHEMA app;
CREATE TABLE app.kinds (id integer PRIMARY KEY, other text);
INSERT INTO app.kinds VALUES (10, 'ten'), (9, 'nine');
CREATE TABLE public.t (x integer);
INSERT INTO public.t VALUES (2), (1);
";

fn two_clusters() -> Option<(Cluster, Cluster)> {
    let Some(programs) = Programs::find_optional().unwrap() else {
        eprintln!("skipped: no PostgreSQL server programs");
        return None;
    };
    if programs.major() < 15 {
        eprintln!("skipped: privileges on parameters are new in PostgreSQL 15, this is {}", programs.major());
        return None;
    }
    let first = Cluster::start(&programs).unwrap();
    first.psql_script("postgres", GLOBALS.as_bytes()).unwrap();
    first.psql_script("my db", DATABASE.as_bytes()).unwrap();
    first.psql_script("MyDb", OTHER.as_bytes()).unwrap();
    first
        .psql_script("postgres", b"CREATE TABLE public.mine (x integer); INSERT INTO public.mine VALUES (1);")
        .unwrap();
    Some((first, Cluster::start(&programs).unwrap()))
}

fn pg_dumpall(cluster: &Cluster, arguments: &[&str]) -> Vec<u8> {
    let output = cluster.command("pg_dumpall").args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// Runs one of our programs, which must succeed, and returns what it wrote to stdout and stderr.
fn run(program: &str, arguments: &[&str], input: &[u8]) -> (Vec<u8>, String) {
    let output = corpus::run(&corpus::beside(JOIN, program), arguments, input);
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{program} {arguments:?}: {stderr}");
    (output.stdout, stderr)
}

fn split(tree: &Path, dump: &[u8], more: &[&str]) -> String {
    let arguments = [&["-", "--keep-secrets", "--data", "*", "--out", tree.to_str().unwrap()], more].concat();
    run("pgdump-split", &arguments, dump).1
}

fn normalize(dump: &[u8]) -> String {
    let (form, _) = run("pgdump-normalize", &["-", "--keep-secrets", "--data", "*"], dump);
    String::from_utf8(form).unwrap()
}

/// The lines of a dump without the keys of `\restrict`, the rows of each COPY sorted.
fn lines(dump: &[u8]) -> Vec<String> {
    let text = String::from_utf8(dump.to_vec()).unwrap();
    let mut lines: Vec<String> = Vec::new();
    let mut rows: Option<usize> = None;
    for line in text.lines() {
        if line.starts_with("\\restrict ") || line.starts_with("\\unrestrict ") {
            continue;
        }
        match rows {
            Some(begin) if line == "\\." => {
                lines[begin..].sort();
                rows = None;
            }
            None if line.starts_with("COPY ") => rows = Some(lines.len() + 1),
            _ => {}
        }
        lines.push(line.to_owned());
    }
    lines
}

fn assert_same(left: &[String], right: &[String], what: &str) {
    let differ = left.iter().zip(right).find(|(left, right)| left != right);
    assert_eq!(differ, None, "{what}: the first lines that differ");
    assert_eq!(left.len(), right.len(), "{what}");
}

/// Every file below a folder with its bytes.
fn files(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
                found.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    found
}

fn assert_same_files(left: &Path, right: &Path, what: &str) {
    let (left, right) = (files(left), files(right));
    assert_eq!(left.keys().collect::<Vec<_>>(), right.keys().collect::<Vec<_>>(), "{what}");
    for (path, text) in &left {
        let (left, right) = (String::from_utf8_lossy(text), String::from_utf8_lossy(&right[path]));
        assert_eq!(left, right, "{what}: {path}");
    }
}

#[test]
fn a_cluster_with_its_data_goes_through_a_tree() {
    let Some((first, second)) = two_clusters() else { return };
    let folder = tempfile::tempdir().unwrap();
    let tree = folder.path().join("tree");
    let dump = pg_dumpall(&first, &[]);
    assert_eq!(split(&tree, &dump, &[]), "");

    let written = files(&tree);
    for path in [
        "cluster/roles/Odd Role+9.sql",
        "cluster/parameters/work_mem.sql",
        "databases/my db/database.sql",
        "databases/my db/data/app/kinds.copy",
        "databases/my db/data/app/counter.sql",
        "databases/my db/data/app/on_summary.sql",
        "databases/my db/schemas/app/matviews/summary.sql",
        "databases/MyDb+5/data/app/kinds.copy",
        "databases/plain/database.sql",
        "databases/postgres/data/public/mine.copy",
    ] {
        assert!(written.contains_key(path), "{path}: {:#?}", written.keys());
    }

    let tree_path = tree.to_str().unwrap();
    let (joined, warnings) = run("pgdump-join", &[tree_path], b"");
    assert_eq!(warnings, "");
    let errors = second.psql_script_lenient("postgres", &joined).unwrap();
    let unexpected: Vec<&str> =
        errors.lines().filter(|line| !line.ends_with("role \"postgres\" already exists")).collect();
    assert!(unexpected.is_empty(), "{unexpected:#?}");
    assert_same(&lines(&dump), &lines(&pg_dumpall(&second, &[])), "dump of the restored cluster");

    // The form is canonical: what went through a tree has the same, and the form of the form is the form.
    let form = normalize(&dump);
    assert!(form == normalize(&joined), "canonical form of the joined dump");
    assert!(form == normalize(form.as_bytes()), "canonical form of the canonical form");
    let again = folder.path().join("again");
    split(&again, &joined, &[]);
    assert_same_files(&tree, &again, "tree of the joined dump");

    // However the rows are written, the tree is the same.
    for arguments in [&["--inserts"][..], &["--column-inserts", "--rows-per-insert=3"]] {
        let inserts = folder.path().join(arguments[0]);
        split(&inserts, &pg_dumpall(&first, arguments), &[]);
        assert_same_files(&tree, &inserts, arguments[0]);
    }

    // One database alone is at the top of its tree, and is what pg_dump says of it.
    let (one, alone) = (folder.path().join("one"), folder.path().join("alone"));
    split(&one, &dump, &["--database", "my db"]);
    split(&alone, &first.pg_dump("my db", &["--create"]).unwrap(), &[]);
    let (mut one, mut alone) = (files(&one), files(&alone));
    let mark = String::from_utf8(one.remove("pgdumpkit.json").unwrap()).unwrap();
    assert!(mark.contains("\"database\": \"my db\""), "{mark}");
    alone.remove("pgdumpkit.json");
    assert!(
        one.contains_key("data/app/kinds.copy") && !one.keys().any(|path| path.starts_with("databases/"))
    );
    assert_eq!(one.keys().collect::<Vec<_>>(), alone.keys().collect::<Vec<_>>());
    for (path, text) in &one {
        assert_eq!(String::from_utf8_lossy(text), String::from_utf8_lossy(&alone[path]), "{path}");
    }
}

#[test]
fn large_objects_are_left_out_and_said_to_be() {
    let Some((first, second)) = two_clusters() else { return };
    first
        .psql("my db", "SELECT lo_from_bytea(4242, 'large'); ALTER LARGE OBJECT 4242 OWNER TO app_owner")
        .unwrap();
    first
        .psql("my db", "SELECT lo_from_bytea(4243, 'larger'); COMMENT ON LARGE OBJECT 4243 IS 'big'")
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let tree = folder.path().join("tree");
    let said = split(&tree, &pg_dumpall(&first, &[]), &[]);
    assert!(said.contains("large objects are data and left out") && said.ends_with(": 2\n"), "{said}");
    let (joined, _) = run("pgdump-join", &[tree.to_str().unwrap()], b"");
    second.psql_script_lenient("postgres", &joined).unwrap();
    first.psql("my db", "SELECT lo_unlink(4242), lo_unlink(4243)").unwrap();
    let (left, right) = (pg_dumpall(&first, &[]), pg_dumpall(&second, &[]));
    assert_same(&lines(&left), &lines(&right), "dump of the restored cluster");
}
