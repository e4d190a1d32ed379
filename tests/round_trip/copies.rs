//! Databases whose expressions a server writes otherwise once it has read its own text, made from lists of expressions.

use std::fmt::Write;

/// Conditions over the columns of `base`, one a line.
const CONDITIONS: &str = include_str!("conditions.txt");
/// Queries, one a line.
const QUERIES: &str = include_str!("queries.txt");
/// Columns of `base` and defaults for them.
const DEFAULTS: &str = include_str!("defaults.txt");

const COLUMNS: &str = "i int, j bigint, k smallint, n numeric(10,2), f float8, r real, s varchar(10), s2 varchar, t text, \
    c char(3), c1 char, qc \"char\", nm name, ci citext, e mood, dv dv, dt dt, dc dc, di di, b bool, bt bit(3), vb varbit(8), \
    d date, ts timestamp, ts3 timestamp(3), tz timestamptz, ti time, tiz timetz, iv interval, ivd interval day to second(3), \
    u uuid, js json, jb jsonb, ia int[], sa varchar(5)[], ta text[], ca char(2)[], ea mood[], ip inet, cd cidr, mc macaddr, \
    o oid, rc regclass, rt regtype, xm xml, mo money, co comp, by bytea, ir int4range, tr tstzrange, tq tsquery, tv tsvector, \
    pt point";

/// Numbers that are the same on every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % end
    }
}

/// A condition of conditions: `AND`, `OR`, `NOT` and `CASE`, nested to either side.
fn condition(numbers: &mut Numbers, depth: usize) -> String {
    let simple: Vec<&str> = CONDITIONS.lines().collect();
    if depth == 0 || numbers.below(4) == 0 {
        return simple[numbers.below(simple.len())].to_owned();
    }
    let (one, other) = (condition(numbers, depth - 1), condition(numbers, depth - 1));
    match numbers.below(7) {
        0 | 1 => format!("({one}) AND ({other})"),
        2 | 3 => format!("({one}) OR ({other})"),
        4 => format!("NOT ({one}) AND ({other})"),
        5 => format!("CASE WHEN {one} THEN {other} ELSE false END"),
        _ => format!("({one}) AND i BETWEEN 1 AND 5 AND ({other})"),
    }
}

/// The script of a database that has all of it: a server refuses some of the statements, which is no matter.
pub fn script() -> String {
    let mut sql = format!(
        "CREATE EXTENSION citext; CREATE TYPE mood AS ENUM ('a','b','c'); CREATE DOMAIN dv AS varchar(10);
         CREATE DOMAIN dt AS text; CREATE DOMAIN dc AS char(4); CREATE DOMAIN di AS int;
         CREATE TYPE comp AS (x int, y varchar(5)); CREATE TABLE base ({COLUMNS}); CREATE TABLE other ({COLUMNS});
         CREATE DOMAIN st AS varchar(9) CHECK (VALUE IN ('a','b') AND VALUE BETWEEN 'a' AND 'b' AND VALUE <> 'c');
         CREATE TABLE x (s varchar(10), i int, EXCLUDE USING btree (i WITH =) WHERE (s IN ('a','b')));
         CREATE TABLE p (s varchar(9)) PARTITION BY RANGE ((CASE WHEN s IN ('a','b') THEN 1 ELSE 2 END));
         CREATE STATISTICS sta ON (s IN ('a','b')), (lower(s)), (i::varchar::text) FROM base;\n"
    );
    let mut numbers = Numbers(7);
    let mut conditions: Vec<String> = CONDITIONS.lines().map(str::to_owned).collect();
    conditions.extend((0..120).map(|_| condition(&mut numbers, 3)));
    for (number, condition) in conditions.iter().enumerate() {
        // Each in two of the places where an expression can stand.
        for place in [number % 6, numbers.below(6)] {
            let text = match place {
                0 => format!("CREATE TABLE k{number}_{place} ({COLUMNS}, CONSTRAINT k CHECK ({condition}))"),
                1 => {
                    format!("CREATE VIEW v{number}_{place} AS SELECT i FROM base WHERE {condition} AND i > 0")
                }
                2 => format!("CREATE INDEX i{number}_{place} ON base (i) WHERE {condition}"),
                3 => format!(
                    "CREATE POLICY p{number}_{place} ON base USING ({condition}) WITH CHECK (({condition}) AND i = 1)"
                ),
                4 => format!(
                    "CREATE FUNCTION f{number}_{place}() RETURNS boolean LANGUAGE sql RETURN (SELECT bool_or({condition}) FROM base)"
                ),
                _ => format!(
                    "CREATE RULE r{number}_{place} AS ON UPDATE TO base DO ALSO DELETE FROM other WHERE {condition}"
                ),
            };
            writeln!(sql, "{text};").unwrap();
        }
    }
    for (number, query) in QUERIES.lines().enumerate() {
        match number % 4 {
            0 => writeln!(sql, "CREATE MATERIALIZED VIEW m{number} AS {query} WITH NO DATA;"),
            1 => writeln!(sql, "CREATE VIEW q{number} AS SELECT * FROM ({query}) q WHERE EXISTS ({query});"),
            2 => writeln!(sql, "CREATE RULE q{number} AS ON DELETE TO other DO ALSO INSERT INTO base (s) SELECT 'q' WHERE EXISTS ({query});"),
            _ => writeln!(sql, "CREATE FUNCTION q{number}() RETURNS void LANGUAGE sql BEGIN ATOMIC {query}; END;"),
        }
        .unwrap();
        writeln!(sql, "CREATE VIEW w{number} AS {query};").unwrap();
    }
    for (number, line) in DEFAULTS.lines().enumerate() {
        let (column, default) = line.split_once(' ').unwrap();
        writeln!(sql, "ALTER TABLE base ALTER {column} SET DEFAULT {default};").unwrap();
        writeln!(
            sql,
            "CREATE VIEW d{number} AS SELECT 1 AS a, {default} AS b UNION ALL SELECT 2, {default} ORDER BY 1;"
        )
        .unwrap();
    }
    sql
}
