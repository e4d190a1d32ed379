//! `pgdump-normalize` as a user runs it.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    missing_docs,
    reason = "a test that cannot go on panics, and says why it is skipped"
)]

#[path = "corpus.rs"]
mod corpus;

use std::path::Path;

const PROGRAM: &str = env!("CARGO_BIN_EXE_pgdump-normalize");

fn normalize(input: &[u8]) -> Vec<u8> {
    let output = corpus::run(Path::new(PROGRAM), &["-"], input);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// The dump without its `--` comment lines; only for dumps whose literals hold no such lines.
fn without_comments(dump: &[u8]) -> Vec<u8> {
    let lines = dump.split_inclusive(|byte| *byte == b'\n');
    lines.filter(|line| !line.starts_with(b"--")).flatten().copied().collect()
}

#[test]
fn every_version_of_pg_dump_gives_one_form() {
    let Some(folder) = corpus::corpus() else { return };
    for database in ["hard", "pgdump_objects", "regression"] {
        let forms: Vec<Vec<u8>> = [15, 16, 17, 18]
            .iter()
            .map(|version| {
                let ending = if database == "regression" { ".zst" } else { "" };
                let name = format!("versions/{database}.server15.pg_dump{version}.sql{ending}");
                normalize(&corpus::text(&folder.join(name)))
            })
            .collect();
        for form in &forms[1..] {
            assert!(*form == forms[0], "{database}: two versions of pg_dump give two forms");
        }
        assert!(normalize(&forms[0]) == forms[0], "{database}: the canonical form is not idempotent");
    }
}

#[test]
fn comments_of_the_dump_make_no_difference() {
    let Some(folder) = corpus::corpus() else { return };
    let dump = corpus::text(&folder.join("versions/pgdump_objects.server15.pg_dump18.sql"));
    assert!(normalize(&dump) == normalize(&without_comments(&dump)));
}

#[test]
fn what_rails_adds_behind_the_dump_survives() {
    let dump = b"--\n-- PostgreSQL database dump\n--\n\nSET statement_timeout = 0;\n\nCREATE TABLE public.t (a integer);\n\n\
        --\n-- PostgreSQL database dump complete\n--\n\nSET search_path TO \"$user\", public;\n\n\
        INSERT INTO \"schema_migrations\" (version) VALUES\n('2'),\n('1');\n\n";
    let form = normalize(dump);
    let added = b"SET search_path TO \"$user\", public;\n\nINSERT INTO \"schema_migrations\" (version) VALUES\n('2'),\n('1');\n";
    assert!(form.windows(added.len()).any(|window| window == added), "{}", String::from_utf8_lossy(&form));
    assert_eq!(String::from_utf8_lossy(&normalize(&form)), String::from_utf8_lossy(&form));
}

#[test]
fn session_state_is_written_where_an_object_needs_it() {
    let form = normalize(
        b"SET default_tablespace = fast;\nCREATE TABLE a.t (x integer);\nSET default_tablespace = '';\nCREATE TABLE a.u (x integer);\n",
    );
    let form = String::from_utf8(form).unwrap();
    let body = form.split_once("= heap;\n").unwrap().1;
    assert_eq!(
        body,
        "\nSET default_tablespace = fast;\nCREATE TABLE a.t (\n    x integer\n);\n\n\
         SET default_tablespace = '';\nCREATE TABLE a.u (\n    x integer\n);\n"
    );
}

#[test]
fn bad_input_is_refused_with_its_place() {
    let cases: [(&[u8], &str); 6] = [
        (b"", "empty"),
        (b"SELECT 'abc", "unterminated quoted string that begins at line 1, byte 7"),
        (b"COPY t (a) FROM stdin;\n1\n", "their first line is at line 2, byte 23"),
        (b"--\n-- PostgreSQL database dump\n--\n\nCREATE SCHEMA a;\n", "truncated dump"),
        (b"\x1f\x8b\x08\0\0\0\0\0", "gzip"),
        (b"PGDMP\x01\x0e\0\x04\x08\x01", "custom-format archive"),
    ];
    for (input, message) in cases {
        let output = corpus::run(Path::new(PROGRAM), &["-"], input);
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{stderr}");
        assert!(stderr.contains(message), "`{message}` is not in: {stderr}");
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn secrets_are_replaced_and_counted() {
    let dump = b"ALTER ROLE a WITH LOGIN PASSWORD 'SCRAM-SHA-256$x';\nCREATE USER MAPPING FOR a SERVER s OPTIONS (password 'hidden');\n\
        CREATE SUBSCRIPTION s CONNECTION 'password=hidden' PUBLICATION p WITH (connect = false);\n";
    let output = corpus::run(Path::new(PROGRAM), &["-"], dump);
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(stderr.contains("placeholders (`--keep-secrets` keeps them): 3"), "{stderr}");
    let form = String::from_utf8(output.stdout).unwrap();
    assert!(!form.contains("hidden") && !form.contains("SCRAM"), "{form}");
    let kept = corpus::run(Path::new(PROGRAM), &["-", "--keep-secrets"], dump);
    assert_eq!(String::from_utf8_lossy(&kept.stdout).matches("hidden").count(), 2);
}

/// The dump with the statements behind its preamble in another order.
fn shuffled(text: &[u8], seed: u64) -> Vec<u8> {
    let mut events = dump::Events::new(dump::Stream(text));
    let (mut preamble, mut statements): (Vec<u8>, Vec<Vec<u8>>) = (Vec::new(), Vec::new());
    while let Some(event) = events.next().unwrap() {
        if let dump::Event::Statement(statement) = event {
            let line = [statement.text, b"\n"].concat();
            let session = statement.begins_with(&["SET"]) || statement.begins_with(&["SELECT"]);
            if session { preamble.extend(line) } else { statements.push(line) }
        }
    }
    let mut state = seed;
    for at in (1..statements.len()).rev() {
        // A linear congruential generator (Knuth's MMIX constants): the same order on every run.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        statements.swap(at, usize::try_from(state >> 33).unwrap() % (at + 1));
    }
    [preamble, statements.concat()].concat()
}

#[test]
fn the_order_of_statements_makes_no_difference() {
    let Some(folder) = corpus::corpus() else { return };
    for name in ["hard.server15.pg_dump18.sql", "pgdump_objects.server15.pg_dump17.sql"] {
        let dump = corpus::text(&folder.join("versions").join(name));
        // Access methods and tablespaces stick to what follows: without them the order is free.
        let plain = dump.split_inclusive(|byte| *byte == b'\n');
        let plain: Vec<u8> =
            plain.filter(|line| !line.starts_with(b"SET default_table")).flatten().copied().collect();
        let form = normalize(&shuffled(&plain, 0));
        for seed in 1..5 {
            let again = normalize(&shuffled(&plain, seed));
            let lines =
                |form: &[u8]| String::from_utf8_lossy(form).lines().map(str::to_owned).collect::<Vec<_>>();
            let differ = lines(&form).into_iter().zip(lines(&again)).find(|(a, b)| a != b);
            assert!(differ.is_none() && form.len() == again.len(), "{name}, seed {seed}: {differ:?}");
        }
    }
}
