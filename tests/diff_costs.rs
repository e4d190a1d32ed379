//! What `pgdump-diff` says of locks, rewriting and reading is what PostgreSQL does.
//!
//! Each statement runs in a transaction on a database of its own; what it locked, wrote anew and read is compared with what is
//! said of the change between the dumps before and after.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    missing_docs,
    reason = "a test that cannot go on panics, and says why it is skipped"
)]

#[path = "diff_costs/conversions.rs"]
mod conversions;
#[path = "corpus.rs"]
mod corpus;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use scratch::{Cluster, Programs};
use serde_json::Value;

const PROGRAM: &str = env!("CARGO_BIN_EXE_pgdump-diff");

const BEFORE: &str = "
DROP SCHEMA public CASCADE;
CREATE SCHEMA public;
DROP PUBLICATION IF EXISTS pub, pb;
CREATE TYPE e AS ENUM ('a', 'b');
CREATE DOMAIN d AS integer;
CREATE FUNCTION tf() RETURNS trigger LANGUAGE plpgsql AS 'begin return new; end';
CREATE FUNCTION f(integer) RETURNS integer LANGUAGE plpgsql AS 'begin return 1; end';
CREATE FUNCTION settled() RETURNS integer LANGUAGE plpgsql STABLE AS 'begin return 1; end';
CREATE TABLE t (id integer PRIMARY KEY, a integer, b text, c timestamptz, n integer NOT NULL, ar int4range,
    CONSTRAINT u UNIQUE (n), CONSTRAINT chk CHECK (a < 1000));
CREATE INDEX t_a ON t (a);
CREATE TRIGGER tr BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION tf();
CREATE RULE ru AS ON DELETE TO t WHERE old.id < 0 DO INSTEAD NOTHING;
CREATE POLICY po ON t USING (a > 0);
CREATE STATISTICS st ON a, n FROM t;
CREATE TABLE ch (extra integer) INHERITS (t);
ALTER TABLE t ADD CONSTRAINT unsure CHECK (n < 5000) NOT VALID;
CREATE TABLE lone (id integer, a integer);
CREATE TABLE r (id integer PRIMARY KEY, t_id integer, CONSTRAINT rfk FOREIGN KEY (t_id) REFERENCES t (id));
ALTER TABLE r ADD CONSTRAINT unsure FOREIGN KEY (t_id) REFERENCES t (n) NOT VALID;
CREATE TABLE w (id integer PRIMARY KEY, a integer, v varchar(20), tx text, nu numeric(10,2), ts timestamptz);
CREATE INDEX w_v ON w (v);
CREATE TABLE p (id integer, b integer) PARTITION BY LIST (id);
CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);
CREATE TABLE p2 (id integer, b integer);
CREATE TABLE dt (x d);
CREATE VIEW v AS SELECT id, b FROM t;
CREATE MATERIALIZED VIEW mv AS SELECT a FROM t;
CREATE SEQUENCE q;
CREATE TABLE ident (id integer GENERATED ALWAYS AS IDENTITY, g integer GENERATED ALWAYS AS (1) STORED);
CREATE PUBLICATION pub FOR TABLE dt;
INSERT INTO t VALUES (1, 1, 'x', now(), 1);
INSERT INTO ch VALUES (2, 1, 'x', now(), 2);
INSERT INTO r VALUES (1, 1);
INSERT INTO w VALUES (1, 1, 'x', 'x', 1, now());
INSERT INTO p VALUES (1, 1);
INSERT INTO p2 VALUES (2, 1);
INSERT INTO dt VALUES (1);
";

/// Statements that are one change, or a few that go together.
const STATEMENTS: &[&str] = &[
    "ALTER TABLE t ADD COLUMN z int",
    "ALTER TABLE t ADD COLUMN z int NOT NULL DEFAULT 3",
    "ALTER TABLE t ADD COLUMN z timestamptz DEFAULT now()",
    "ALTER TABLE t ADD COLUMN z float8 DEFAULT random()",
    "ALTER TABLE t ADD COLUMN z uuid DEFAULT gen_random_uuid()",
    "ALTER TABLE t ADD COLUMN z int DEFAULT f(1)",
    "ALTER TABLE t ADD COLUMN z int DEFAULT settled()",
    "ALTER TABLE t ADD COLUMN z int GENERATED ALWAYS AS (a * 2) STORED",
    "ALTER TABLE t ADD COLUMN z serial",
    "ALTER TABLE t ADD COLUMN z int REFERENCES r (id)",
    "ALTER TABLE t ADD COLUMN z int CHECK (z > 0)",
    "ALTER TABLE t DROP COLUMN c",
    "ALTER TABLE w ALTER COLUMN a TYPE bigint",
    "ALTER TABLE w ALTER COLUMN v TYPE varchar(40)",
    "ALTER TABLE w ALTER COLUMN v TYPE varchar(10)",
    "ALTER TABLE w ALTER COLUMN v TYPE text",
    "ALTER TABLE w ALTER COLUMN tx TYPE varchar(9)",
    "ALTER TABLE w ALTER COLUMN tx TYPE varchar",
    "ALTER TABLE w ALTER COLUMN nu TYPE numeric(12,2)",
    "ALTER TABLE w ALTER COLUMN nu TYPE numeric(12,4)",
    "ALTER TABLE w ALTER COLUMN nu TYPE numeric",
    "ALTER TABLE w ALTER COLUMN tx TYPE text COLLATE \"C\"",
    "ALTER TABLE w ALTER COLUMN tx TYPE integer USING 1",
    "ALTER TABLE w SET UNLOGGED",
    "ALTER TABLE w ADD COLUMN z bigint GENERATED ALWAYS AS IDENTITY",
    "ALTER TABLE r ALTER COLUMN t_id TYPE int8",
    "ALTER TABLE t ALTER COLUMN c SET DEFAULT now()",
    "ALTER TABLE t ALTER COLUMN a SET NOT NULL",
    "ALTER TABLE t ALTER COLUMN n DROP NOT NULL",
    "ALTER TABLE t ALTER COLUMN a SET STATISTICS 500",
    "ALTER TABLE t ALTER COLUMN b SET STORAGE EXTERNAL",
    "ALTER TABLE t ALTER COLUMN b SET COMPRESSION pglz",
    "ALTER TABLE t ALTER COLUMN a SET (n_distinct=5)",
    "ALTER TABLE t SET (fillfactor=70)",
    "ALTER TABLE t SET (autovacuum_enabled=false)",
    "ALTER TABLE t REPLICA IDENTITY FULL",
    "ALTER TABLE t CLUSTER ON t_a",
    "ALTER TABLE t OWNER TO reader",
    "ALTER TABLE t ADD CONSTRAINT k CHECK (a > -9)",
    "ALTER TABLE t ADD CONSTRAINT k CHECK (a > -9) NOT VALID",
    "ALTER TABLE t ADD CONSTRAINT k CHECK (a > -9) NO INHERIT",
    "ALTER TABLE t VALIDATE CONSTRAINT unsure",
    "ALTER TABLE r VALIDATE CONSTRAINT unsure",
    "ALTER TABLE t ADD CONSTRAINT k UNIQUE (a)",
    "ALTER TABLE t ADD CONSTRAINT k EXCLUDE USING gist (ar WITH &&)",
    "ALTER TABLE lone ADD PRIMARY KEY (id)",
    "ALTER TABLE r ADD CONSTRAINT k FOREIGN KEY (t_id) REFERENCES t",
    "ALTER TABLE r ADD CONSTRAINT k FOREIGN KEY (t_id) REFERENCES t NOT VALID",
    "ALTER TABLE t DROP CONSTRAINT chk",
    "ALTER TABLE r DROP CONSTRAINT rfk",
    "ALTER TABLE r ALTER CONSTRAINT rfk DEFERRABLE",
    "CREATE INDEX i ON t (b)",
    "CREATE UNIQUE INDEX i ON t (n)",
    "DROP INDEX t_a",
    "ALTER INDEX t_a SET (fillfactor=50)",
    "CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION tf()",
    "DROP TRIGGER tr ON t",
    "ALTER TABLE t DISABLE TRIGGER tr",
    "ALTER TABLE t ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE t FORCE ROW LEVEL SECURITY",
    "CREATE POLICY p2 ON t USING (a > 0)",
    "ALTER POLICY po ON t USING (a > 1)",
    "DROP POLICY po ON t",
    "CREATE RULE ru2 AS ON INSERT TO t DO ALSO NOTHING",
    "DROP RULE ru ON t",
    "ALTER TABLE t DISABLE RULE ru",
    "CREATE STATISTICS st2 ON a, n FROM t",
    "GRANT SELECT ON t TO reader",
    "COMMENT ON TABLE t IS 'x'",
    "COMMENT ON COLUMN t.a IS 'x'",
    "COMMENT ON INDEX t_a IS 'x'",
    "COMMENT ON VIEW v IS 'x'",
    "COMMENT ON SEQUENCE q IS 'x'",
    "CREATE OR REPLACE VIEW v AS SELECT id, b, a FROM t",
    "DROP VIEW v",
    "ALTER VIEW v SET (security_invoker=true)",
    "DROP MATERIALIZED VIEW mv",
    "DROP TABLE r",
    "DROP TABLE lone",
    "CREATE TABLE n (x int REFERENCES t)",
    "CREATE TABLE n (LIKE p); ALTER TABLE p ATTACH PARTITION n FOR VALUES IN (9)",
    "CREATE TABLE n (x int) INHERITS (lone)",
    "ALTER TABLE p ATTACH PARTITION p2 FOR VALUES IN (2)",
    "ALTER TABLE p DETACH PARTITION p1",
    "DROP TABLE p1",
    "ALTER TABLE p ADD COLUMN z int",
    "CREATE INDEX i ON p (b)",
    "ALTER TABLE ch NO INHERIT t",
    "ALTER TYPE e ADD VALUE 'c'",
    "ALTER DOMAIN d ADD CONSTRAINT k CHECK (VALUE > 0)",
    "ALTER DOMAIN d ADD CONSTRAINT k CHECK (VALUE > 0) NOT VALID",
    "ALTER DOMAIN d SET NOT NULL",
    "ALTER SEQUENCE q INCREMENT 5",
    "ALTER SEQUENCE q AS smallint",
    "ALTER SEQUENCE q OWNER TO reader",
    "DROP SEQUENCE q",
    "ALTER SEQUENCE q OWNED BY lone.id",
    "CREATE OR REPLACE FUNCTION f(integer) RETURNS integer LANGUAGE plpgsql AS 'begin return 2; end'",
    "CREATE PUBLICATION pb FOR TABLE t",
    "ALTER PUBLICATION pub ADD TABLE lone",
    "ALTER TABLE ident ALTER COLUMN id SET GENERATED BY DEFAULT",
    "ALTER TABLE ident ALTER COLUMN id DROP IDENTITY",
    "ALTER TABLE ident ALTER COLUMN g DROP EXPRESSION",
    "ALTER TABLE w ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY",
];

/// What partitions, foreign keys across them, inheritance, foreign tables and publications have to do with each other.
const AMONG_PARTITIONS: &[&str] = &[
    "CREATE TABLE n (LIKE p); ALTER TABLE p ATTACH PARTITION n FOR VALUES IN (5)",
    "CREATE TABLE n (LIKE plain); ALTER TABLE plain ATTACH PARTITION n FOR VALUES FROM (20) TO (30)",
    "CREATE TABLE n (LIKE p2); ALTER TABLE p2 ATTACH PARTITION n FOR VALUES IN (7)",
    "ALTER TABLE p ATTACH PARTITION ready FOR VALUES IN (3)",
    "ALTER TABLE plain ATTACH PARTITION plain_ready FOR VALUES FROM (20) TO (30)",
    "ALTER TABLE plain ATTACH PARTITION plain_ready DEFAULT",
    "ALTER TABLE p DETACH PARTITION p2",
    "ALTER TABLE key_out DETACH PARTITION ko1",
    "ALTER TABLE key_out DETACH PARTITION ko2",
    "ALTER TABLE key_out ATTACH PARTITION ko_ready FOR VALUES IN (7)",
    "DROP TABLE ko1a",
    "DROP TABLE ko2",
    "ALTER TABLE plain DETACH PARTITION plain1",
    "DROP TABLE plain1",
    "ALTER TABLE p ADD COLUMN z double precision DEFAULT random()",
    "ALTER TABLE p ADD COLUMN z integer",
    "ALTER TABLE p ALTER COLUMN b SET NOT NULL",
    "ALTER TABLE p ALTER COLUMN v TYPE varchar(10)",
    "ALTER TABLE p ALTER COLUMN v TYPE varchar(40)",
    "ALTER TABLE p ADD CONSTRAINT k CHECK (b > 0)",
    "ALTER TABLE plain ADD CONSTRAINT k UNIQUE (id)",
    "CREATE INDEX i ON plain (b)",
    "DROP INDEX p_b",
    "ALTER TABLE plain ADD CONSTRAINT k FOREIGN KEY (b) REFERENCES r1",
    "ALTER TABLE a ADD CONSTRAINT k FOREIGN KEY (x) REFERENCES p",
    "ALTER TABLE user_of_p DROP CONSTRAINT up",
    "ALTER TABLE p DROP CONSTRAINT p_r",
    "ALTER TABLE user_of_p DROP CONSTRAINT uo, ADD CONSTRAINT uo FOREIGN KEY (other) REFERENCES r2 NOT VALID",
    "ALTER TABLE user_of_p DROP CONSTRAINT uo, ADD CONSTRAINT uo FOREIGN KEY (other) REFERENCES r1 ON DELETE CASCADE",
    "ALTER TABLE c NO INHERIT a, INHERIT bb",
    "ALTER TABLE bb INHERIT a",
    "ALTER TABLE c INHERIT bb",
    "ALTER TABLE c NO INHERIT a",
    "ALTER TABLE ft ADD CONSTRAINT k CHECK (id > 0)",
    "ALTER TABLE ft ALTER COLUMN id SET NOT NULL",
    "ALTER TABLE ft ALTER COLUMN id TYPE bigint",
    "ALTER TABLE fp ADD CONSTRAINT k CHECK (b > 0)",
    "ALTER TABLE fp ALTER COLUMN b SET NOT NULL",
    "ALTER TABLE fp ADD COLUMN z integer",
    "DROP PUBLICATION pub",
    "ALTER PUBLICATION pub DROP TABLE a",
    "ALTER PUBLICATION pub DROP TABLE bb; ALTER PUBLICATION pub ADD TABLE bb WHERE (x > 1)",
    "ALTER PUBLICATION pub DROP TABLE a; ALTER PUBLICATION pub ADD TABLE ONLY a",
    "ALTER PUBLICATION pub DROP TABLE a; ALTER PUBLICATION pub ADD TABLE r1",
    "CREATE PUBLICATION pb FOR TABLE r1, r2",
    "CREATE PUBLICATION pb FOR ALL TABLES",
    "CREATE PUBLICATION pb FOR TABLES IN SCHEMA public",
    "ALTER PUBLICATION pub SET (publish = 'insert')",
];

/// What types, domains and what is computed of a column do to tables; and sequences, indexes, materialized views.
const AMONG_TYPES: &[&str] = &[
    "ALTER TABLE t ADD COLUMN new pos",
    "ALTER TABLE t ADD COLUMN new over",
    "ALTER TABLE t ADD COLUMN new must",
    "ALTER TABLE t ADD COLUMN new free",
    "ALTER TABLE t ADD COLUMN new free DEFAULT 3",
    "ALTER TABLE t ADD COLUMN new drawn",
    "ALTER TABLE t ADD COLUMN new unsure",
    "ALTER TABLE t ADD COLUMN new pos[]",
    "ALTER TABLE t ADD COLUMN new information_schema.cardinal_number",
    "ALTER TABLE t ADD COLUMN new information_schema.yes_or_no",
    "ALTER TABLE t ADD COLUMN new information_schema.sql_identifier",
    "ALTER TABLE t ADD COLUMN new information_schema.time_stamp",
    "ALTER TABLE empty ADD COLUMN new integer NOT NULL",
    "ALTER TABLE empty ADD COLUMN new free NOT NULL",
    "ALTER TABLE empty ADD COLUMN new integer NOT NULL DEFAULT f(1)",
    "ALTER TABLE t ADD COLUMN new integer NOT NULL DEFAULT 7",
    "ALTER TABLE t ALTER COLUMN a SET NOT NULL",
    "ALTER TABLE t ALTER COLUMN a TYPE pos",
    "ALTER TABLE t ALTER COLUMN a TYPE free",
    "ALTER TABLE t ALTER COLUMN d TYPE integer",
    "ALTER TABLE t ALTER COLUMN d TYPE pos",
    "ALTER TABLE t ALTER COLUMN o TYPE pos",
    "ALTER TABLE t ALTER COLUMN o TYPE free",
    "ALTER TABLE t ALTER COLUMN v TYPE label",
    "ALTER TABLE t ALTER COLUMN v TYPE varchar(40)",
    "ALTER TABLE t ALTER COLUMN w TYPE varchar(40)",
    "ALTER TABLE t ALTER COLUMN x TYPE varchar(40)",
    "ALTER TABLE t ALTER COLUMN y TYPE varchar(40)",
    "ALTER TABLE t ALTER COLUMN z TYPE varchar",
    "ALTER TABLE t ALTER COLUMN n TYPE numeric(12,2)",
    "ALTER TABLE t ALTER COLUMN ci TYPE inet",
    "ALTER TABLE t ALTER COLUMN b TYPE bit varying",
    "ALTER TABLE t ALTER COLUMN ts TYPE timestamp(6)",
    "ALTER TABLE t ALTER COLUMN ts TYPE timestamp(3)",
    "ALTER TABLE t ALTER COLUMN v TYPE varchar(20) COLLATE \"C\"",
    "ALTER TABLE t ALTER COLUMN w TYPE varchar(20) COLLATE \"C\"",
    "ALTER TABLE t ALTER COLUMN x TYPE varchar(20) COLLATE \"C\"",
    "ALTER TABLE t ALTER COLUMN z TYPE text COLLATE \"POSIX\"",
    "ALTER TABLE t DROP COLUMN a",
    "ALTER INDEX bri SET (pages_per_range=64)",
    "ALTER INDEX bri SET (autosummarize=on)",
    "ALTER INDEX gi SET (fastupdate=off)",
    "ALTER INDEX gi SET (gin_pending_list_limit=128)",
    "ALTER INDEX gist_i SET (buffering=on)",
    "ALTER INDEX gist_i SET (fillfactor=50)",
    "ALTER INDEX has SET (fillfactor=50)",
    "ALTER INDEX t_v SET (deduplicate_items=off)",
    "ALTER INDEX t_pkey SET (fillfactor=60)",
    "ALTER TABLE t SET (user_catalog_table=true)",
    "ALTER TABLE t SET (parallel_workers=2)",
    "ALTER TABLE t SET (toast_tuple_target=256)",
    "ALTER TABLE t SET (toast.autovacuum_enabled=false)",
    "ALTER SEQUENCE q SET UNLOGGED",
    "ALTER SEQUENCE qu SET LOGGED",
    "ALTER SEQUENCE q MAXVALUE 99",
    "ALTER SEQUENCE q CYCLE",
    "ALTER SEQUENCE q START 5",
    "ALTER SEQUENCE ident_id_seq SET UNLOGGED",
    "ALTER TABLE ident ALTER COLUMN id SET INCREMENT 5",
    "DROP MATERIALIZED VIEW mv; CREATE MATERIALIZED VIEW mv AS SELECT id + 1 AS x, s FROM brins; CREATE INDEX mv_x ON mv (x)",
    "DROP MATERIALIZED VIEW mv2; CREATE MATERIALIZED VIEW mv2 AS SELECT a + 1 AS a FROM v2",
    "CREATE MATERIALIZED VIEW mv3 AS SELECT id FROM brins",
    "ALTER MATERIALIZED VIEW mv SET (fillfactor=70)",
    "ALTER MATERIALIZED VIEW mv SET (autovacuum_enabled=false)",
    "ALTER MATERIALIZED VIEW mv SET (toast.autovacuum_enabled=false)",
    "ALTER MATERIALIZED VIEW mv SET ACCESS METHOD heap2",
    "ALTER TABLE brins SET ACCESS METHOD heap2",
    "ALTER MATERIALIZED VIEW mv CLUSTER ON mv_x",
    "ALTER TYPE comp ADD ATTRIBUTE new integer CASCADE",
    "ALTER TYPE comp ADD ATTRIBUTE new pos CASCADE",
    "ALTER TYPE comp DROP ATTRIBUTE y CASCADE",
    "ALTER TYPE comp ALTER ATTRIBUTE x TYPE bigint CASCADE",
    "ALTER TYPE comp ALTER ATTRIBUTE y TYPE varchar CASCADE",
    "ALTER TYPE lone_comp ADD ATTRIBUTE new integer",
    "ALTER DOMAIN free ADD CONSTRAINT k CHECK (VALUE > -5)",
    "ALTER DOMAIN pos ADD CONSTRAINT k CHECK (VALUE > -5)",
    "ALTER DOMAIN pos DROP CONSTRAINT pos_check",
    "ALTER DOMAIN must DROP NOT NULL",
    "ALTER DOMAIN unsure VALIDATE CONSTRAINT k",
    "ALTER DOMAIN free SET DEFAULT 5",
    "ALTER STATISTICS st SET STATISTICS 500",
    "ALTER STATISTICS st OWNER TO reader",
    "DROP STATISTICS st",
    "COMMENT ON STATISTICS st IS 'x'",
    "ALTER TABLE uniq ADD CONSTRAINT uniq_a UNIQUE USING INDEX uniq_a",
    "ALTER TABLE uniq ADD CONSTRAINT uniq_a PRIMARY KEY USING INDEX uniq_a",
    "ALTER TABLE uniq ADD CONSTRAINT uniq_b PRIMARY KEY USING INDEX uniq_b",
    "ALTER TABLE drained ALTER COLUMN x DROP NOT NULL",
];

/// By relation: what is said, or was seen.
#[derive(Debug, Default, PartialEq, Eq)]
struct Cost {
    locks: BTreeMap<String, String>,
    rewrites: BTreeSet<String>,
    scans: BTreeSet<String>,
}

/// Weakest first.
const MODES: [&str; 5] = [
    "AccessShareLock",
    "ShareUpdateExclusiveLock",
    "ShareLock",
    "ShareRowExclusiveLock",
    "AccessExclusiveLock",
];

fn said(old: &Path, new: &Path) -> Cost {
    let output =
        corpus::run(Path::new(PROGRAM), &[old.to_str().unwrap(), new.to_str().unwrap(), "--json"], b"");
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    // `table public.t`
    let name = |value: &Value| {
        let text = value.as_str().unwrap();
        let (kind, rest) = text.split_once(' ').unwrap();
        let name = rest.split(' ').next().unwrap().trim_start_matches("public.");
        if kind == "index" {
            format!("index {name}")
        } else {
            text.split(" public.").nth(1).unwrap().to_owned()
        }
    };
    let mut cost = Cost::default();
    let rank = |mode: &String| MODES.iter().position(|known| known == mode).unwrap();
    for change in json["changes"].as_array().unwrap() {
        let change = change.get("cost").unwrap_or(change);
        for lock in change["locks"].as_array().unwrap() {
            let words = lock["mode"].as_str().unwrap().to_lowercase();
            let camel: String =
                words.split(' ').map(|word| format!("{}{}", word[..1].to_uppercase(), &word[1..])).collect();
            let mode = format!("{camel}Lock");
            let on = name(&lock["on"]);
            let known = cost.locks.entry(on).or_insert_with(|| mode.clone());
            if rank(&mode) > rank(known) {
                *known = mode;
            }
        }
        cost.rewrites.extend(change["rewrites"].as_array().unwrap().iter().map(name));
        cost.scans.extend(change["scans"].as_array().unwrap().iter().map(name));
    }
    // What keeps nobody out is not looked for in all its variety.
    cost.locks.retain(|_, mode| mode != "AccessShareLock");
    cost
}

fn seen(cluster: &Cluster, database: &str, statement: &str) -> Result<Cost, String> {
    let index = if statement.starts_with("ALTER INDEX") { "'i'" } else { "'-'" };
    let relations = format!(
        "SELECT oid, CASE relkind WHEN 'i' THEN 'index ' ELSE '' END || relname, relfilenode FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'f', 'S', {index})"
    );
    let before = cluster.psql(database, &relations).unwrap();
    let names: BTreeMap<&str, (&str, &str)> = before
        .lines()
        .map(|line| {
            let mut fields = line.split('|');
            (fields.next().unwrap(), (fields.next().unwrap(), fields.next().unwrap()))
        })
        .collect();
    let observed = cluster
        .psql(
            database,
            &format!(
                "BEGIN; {statement};
                SELECT 'lock', relation, mode FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'relation'
                    AND mode IN ('ShareUpdateExclusiveLock', 'ShareLock', 'ShareRowExclusiveLock', 'AccessExclusiveLock');
                SELECT 'file', oid, relfilenode FROM pg_class WHERE relkind IN ('r', 'm');
                SELECT 'scan', relid, seq_scan FROM pg_stat_xact_user_tables WHERE seq_scan > 0;
                COMMIT"
            ),
        )
        .map_err(|error| error.to_string())?;
    let mut cost = Cost::default();
    for line in observed.lines() {
        let fields: Vec<&str> = line.split('|').collect();
        let [what, oid, value] = fields.as_slice() else { continue };
        let Some((name, file)) = names.get(oid) else { continue };
        match *what {
            "lock" => {
                let rank = |mode: &str| MODES.iter().position(|known| *known == mode).unwrap();
                let known = cost.locks.entry((*name).to_owned()).or_insert_with(|| (*value).to_owned());
                if rank(value) > rank(known) {
                    *known = (*value).to_owned();
                }
            }
            "file" if value != file => drop(cost.rewrites.insert((*name).to_owned())),
            "scan" => drop(cost.scans.insert((*name).to_owned())),
            _ => {}
        }
    }
    Ok(cost)
}

fn script(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/diff_costs").join(name))
        .unwrap()
}

#[test]
fn costs_are_what_the_server_does() {
    let Some(programs) = Programs::find_optional().unwrap() else {
        eprintln!("skipped: no PostgreSQL server programs");
        return;
    };
    let cluster = Cluster::start(&programs).unwrap();
    cluster.psql("postgres", "CREATE ROLE reader").unwrap();
    let sets = [
        ("first", BEFORE.to_owned(), STATEMENTS),
        ("partitions", script("partitions.sql"), AMONG_PARTITIONS),
        ("types", script("types.sql"), AMONG_TYPES),
    ];
    let mut wrong = Vec::new();
    std::thread::scope(|scope| {
        let threads = sets
            .iter()
            .map(|(name, before, statements)| scope.spawn(|| compare(&cluster, name, before, statements)));
        for thread in threads.collect::<Vec<_>>() {
            wrong.extend(thread.join().unwrap());
        }
    });
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}

/// Runs each statement on what is `before`, and returns where something else is seen than is said.
fn compare(cluster: &Cluster, database: &str, before: &str, statements: &[&str]) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let dump = |name: &str| {
        let path = folder.path().join(name);
        fs::write(&path, cluster.pg_dump(database, &["--schema-only"]).unwrap()).unwrap();
        path
    };
    cluster.create_database(database).unwrap();
    cluster.psql_script(database, before.as_bytes()).unwrap();
    let old = dump("old.sql");
    let mut wrong = Vec::new();
    for statement in statements {
        cluster.psql_script(database, before.as_bytes()).unwrap();
        let mut seen = match seen(cluster, database, statement) {
            Ok(seen) => seen,
            Err(error) => {
                wrong.push(format!("{statement}\n    {error}"));
                continue;
            }
        };
        let mut said = said(&old, &dump("new.sql"));
        // A dump does not show the sequence of an identity column as a thing of its own; that it has another persistence
        // is said of it all the same.
        if !said.locks.contains_key("ident_id_seq") {
            seen.locks.retain(|name, _| name != "ident_id_seq");
        }
        // Which indexes are locked with their table is not told.
        if !statement.starts_with("ALTER INDEX") {
            said.locks.retain(|name, _| !name.starts_with("index "));
        }
        if said != seen {
            wrong.push(format!("{statement}\n    said {said:?}\n    seen {seen:?}"));
        }
    }
    wrong
}
