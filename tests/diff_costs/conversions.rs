//! Every type against every other: whether the table is written anew, and whether values are lost.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use scratch::{Cluster, Programs};
use serde_json::Value;

use super::{PROGRAM, corpus};

/// Types, and values of which some do not fit others.
const TYPES: &[(&str, &[&str])] = &[
    ("smallint", &["32767", "-32768"]),
    ("integer", &["2147483647", "-2147483648", "16777217"]),
    ("bigint", &["9223372036854775807", "-1", "9007199254740993"]),
    ("numeric", &["123456789012345678901234567890.123456789", "0.1"]),
    ("numeric(5,0)", &["99999"]),
    ("numeric(5,2)", &["999.99", "-0.01"]),
    ("numeric(12,2)", &["9999999999.99"]),
    ("numeric(12,4)", &["99999999.9999"]),
    ("real", &["3.4028235e38", "0.1"]),
    ("double precision", &["1.7976931348623157e308", "0.1"]),
    ("oid", &["4294967295", "1"]),
    ("boolean", &["t", "f"]),
    ("text", &["x ", "a text that is longer than others are", "7"]),
    ("character varying", &["x ", "a text that is longer than others are", "7"]),
    ("character varying(5)", &["12345", "x "]),
    ("character varying(20)", &["12345678901234567890", "x "]),
    ("character(5)", &["12345", "x"]),
    ("character(20)", &["12345678901234567890", "x"]),
    ("date", &["2024-02-29", "infinity"]),
    ("timestamp without time zone", &["2024-02-29 12:34:56.123456"]),
    ("timestamp(3) without time zone", &["2024-02-29 12:34:56.123"]),
    ("timestamp(6) without time zone", &["2024-02-29 12:34:56.123456"]),
    ("timestamp with time zone", &["2024-02-29 12:34:56.123456+03"]),
    ("timestamp(3) with time zone", &["2024-02-29 12:34:56.123+03"]),
    ("timestamp(6) with time zone", &["2024-02-29 12:34:56.123456+03"]),
    ("time without time zone", &["23:59:59.999999"]),
    ("time(3) without time zone", &["23:59:59.999"]),
    ("time(6) without time zone", &["23:59:59.999999"]),
    ("time with time zone", &["23:59:59.999999+05"]),
    ("time(6) with time zone", &["23:59:59.999999+05"]),
    ("interval", &["1 year 2 days 03:04:05.678901"]),
    ("interval(6)", &["1 year 2 days 03:04:05.678901"]),
    ("interval(0)", &["1 year 2 days 03:04:05"]),
    ("interval day to second", &["1 year 2 days 03:04:05.678901"]),
    ("interval hour to minute", &["1 year 2 days 03:04"]),
    ("interval year", &["1 year"]),
    ("uuid", &["a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"]),
    ("json", &["{\"b\": 1,  \"a\": 1, \"a\": 2}"]),
    ("jsonb", &["{\"b\": 1, \"a\": 1}"]),
    ("bytea", &["\\x00ff"]),
    ("inet", &["192.168.0.1/24"]),
    ("cidr", &["192.168.0.0/24"]),
    ("macaddr", &["08:00:2b:01:02:03"]),
    ("macaddr8", &["08:00:2b:01:02:03:04:05"]),
    ("bit(8)", &["10101010"]),
    ("bit(16)", &["1010101010101010"]),
    ("bit varying", &["101010101010101010101"]),
    ("bit varying(8)", &["10101", "10101010"]),
    ("xml", &["<a/>"]),
    ("money", &["1.23"]),
    ("int4range", &["[1,5)"]),
    ("text[]", &["{a,\"b c\"}"]),
    ("character varying[]", &["{a,\"b c\"}"]),
    ("character varying(5)[]", &["{12345}"]),
    ("integer[]", &["{2147483647}"]),
    ("bigint[]", &["{9223372036854775807}"]),
    ("numeric(5,2)[]", &["{1.25}"]),
    ("numeric[]", &["{1.123456}"]),
    ("public.small", &["a", "b"]),
    ("public.large", &["a", "c"]),
    ("public.free", &["-5"]),
    ("public.pos", &["5"]),
];

const BEFORE: &str = "
CREATE TYPE public.small AS ENUM ('a', 'b');
CREATE TYPE public.large AS ENUM ('a', 'b', 'c');
CREATE DOMAIN public.free AS integer;
CREATE DOMAIN public.pos AS integer CONSTRAINT k CHECK ((VALUE > 0));
";

/// Says of each pair whether the table is written anew, and whether all values come through and back.
const MEASURE: &str = "
CREATE FUNCTION pg_temp.cast_of(value text, old text, new text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE result text;
BEGIN
    BEGIN
        EXECUTE format('SELECT ((%s)::%s)::text', value, new) INTO result;
    EXCEPTION WHEN cannot_coerce THEN
        RETURN format('(%s)::text::%s', value, new);
    WHEN OTHERS THEN NULL;
    END;
    RETURN format('(%s)::%s', value, new);
END $$;
CREATE FUNCTION pg_temp.holds(sample text, old text, new text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE there text; back text; result boolean;
BEGIN
    there := pg_temp.cast_of(format('%L::%s', sample, old), old, new);
    back := pg_temp.cast_of(there, new, old);
    EXECUTE format('SELECT (%L::%s)::text = (%s)::text', sample, old, back) INTO result;
    RETURN result;
EXCEPTION WHEN OTHERS THEN RETURN false;
END $$;
CREATE FUNCTION pg_temp.rewrites(old text, new text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE before oid; after oid;
BEGIN
    EXECUTE format('CREATE TEMP TABLE tried (c %s)', old);
    before := pg_relation_filenode('tried');
    BEGIN
        EXECUTE format('ALTER TABLE tried ALTER c TYPE %s USING c::%s', new, new);
    EXCEPTION WHEN cannot_coerce THEN
        EXECUTE format('ALTER TABLE tried ALTER c TYPE %s USING c::text::%s', new, new);
    END;
    after := pg_relation_filenode('tried');
    DROP TABLE tried;
    RETURN before <> after;
END $$;
";

#[test]
fn every_conversion_is_what_the_server_makes_of_it() {
    let Some(programs) = Programs::find_optional().unwrap() else {
        eprintln!("skipped: no PostgreSQL server programs");
        return;
    };
    let cluster = Cluster::start(&programs).unwrap();
    cluster.psql_script("postgres", BEFORE.as_bytes()).unwrap();
    // In another zone than UTC a timestamp with its zone is written anew.
    let mut script = format!(
        "SET TimeZone = 'Europe/Berlin';{MEASURE}CREATE TABLE public.seen (name text, rewrites boolean, holds boolean);\n"
    );
    let (mut old, mut new) = (BEFORE.to_owned(), BEFORE.to_owned());
    let mut pairs = Vec::new();
    for (from, samples) in TYPES {
        for (to, _) in TYPES.iter().filter(|(to, _)| to != from) {
            let name = format!("t{}", pairs.len());
            writeln!(old, "CREATE TABLE public.{name} (c {from});").unwrap();
            writeln!(new, "CREATE TABLE public.{name} (c {to});").unwrap();
            let literal = |text: &str| format!("'{}'", text.replace('\'', "''"));
            let holds: Vec<String> = samples
                .iter()
                .map(|sample| format!("pg_temp.holds({}, '{from}', '{to}')", literal(sample)))
                .collect();
            writeln!(
                script,
                "INSERT INTO public.seen SELECT '{name}', pg_temp.rewrites('{from}', '{to}'), {};",
                holds.join(" AND ")
            )
            .unwrap();
            pairs.push((*from, *to));
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let (before, after) = (folder.path().join("old.sql"), folder.path().join("new.sql"));
    fs::write(&before, old).unwrap();
    fs::write(&after, new).unwrap();
    let output =
        corpus::run(Path::new(PROGRAM), &[before.to_str().unwrap(), after.to_str().unwrap(), "--json"], b"");
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    let said: BTreeMap<&str, (&str, bool)> = json["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| {
            let table = change["object"].as_str().unwrap().trim_start_matches("table public.");
            let rewrites = !change["cost"]["rewrites"].as_array().unwrap().is_empty();
            (table, (change["rule"].as_str().unwrap(), rewrites))
        })
        .collect();
    cluster.psql_script("postgres", script.as_bytes()).unwrap();
    let seen = cluster.psql("postgres", "SELECT * FROM public.seen").unwrap();
    let mut wrong = Vec::new();
    let mut compared = 0;
    for line in seen.lines() {
        let fields: Vec<&str> = line.split('|').collect();
        let [name, rewrites, holds] = fields.as_slice() else { continue };
        let (from, to) = pairs[name[1..].parse::<usize>().unwrap()];
        let (rule, said_rewrites) = said[name];
        compared += 1;
        if said_rewrites != (*rewrites == "t") {
            wrong.push(format!("{from} → {to}: rewrites: said {said_rewrites}"));
        }
        if *holds != "t" && rule != "column-type-narrowed" {
            wrong.push(format!("{from} → {to}: loses, said {rule}"));
        }
    }
    assert_eq!(compared, pairs.len());
    assert!(wrong.is_empty(), "{} of {compared}:\n{}", wrong.len(), wrong.join("\n"));
}
