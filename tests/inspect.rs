//! `pgdump-inspect` as a user runs it.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    missing_docs,
    reason = "a test that cannot go on panics, and says why it is skipped"
)]

#[path = "corpus.rs"]
mod corpus;

use std::path::Path;

const PROGRAM: &str = env!("CARGO_BIN_EXE_pgdump-inspect");

const DUMP: &[u8] = b"--\n-- PostgreSQL database dump\n--\n\n-- Dumped from database version 15.18\n\n\
    CREATE TABLE a.t (x integer);\nCREATE TABLE a.\"u\x1b\" (x integer);\nCOPY a.t (x) FROM stdin;\n1\n2\n\\.\n\
    INSERT INTO a.\"u\x1b\" VALUES (now()), ('b');\nSELECT pg_catalog.lo_create('7');\n\
    --\n-- PostgreSQL database dump complete\n--\n\n";

#[test]
fn text_says_what_is_in_a_plain_dump() {
    let output = corpus::run(Path::new(PROGRAM), &["-"], DUMP);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        "format        plain\nserver        15.18\n\ndatabase      (not named)\nencoding      UTF8\n\
         objects       table 2\ndata          2 tables, 4 rows, 4 bytes\nlarge objects 1, 0 bytes\n\n          \
         rows            bytes  table\n             2                4  a.t\n             2                0  \
         a.u\\u{1b}  (rows written as expressions are not in the bytes)\n"
    );
}

#[test]
fn every_format_holds_the_same() {
    let Some(folder) = corpus::corpus() else { return };
    for database in ["hard", "pgdump_objects"] {
        let inspect = |name: &str| -> serde_json::Value {
            let path = folder.join(format!("formats/{database}.server18/{name}"));
            let output = corpus::run(Path::new(PROGRAM), &["--json", path.to_str().unwrap()], b"");
            assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
            let mut json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
            json["databases"][0].take()
        };
        let plain = inspect("plain.sql");
        assert!(plain["tables"].as_array().unwrap().len() > 5);
        for name in [
            "custom-gzip.dump",
            "custom-lz4.dump",
            "custom-none.dump",
            "custom-piped.dump",
            "custom-zstd.dump",
        ]
        .into_iter()
        .chain(["dir-gzip", "dir-lz4", "dir-none", "dir-zstd", "tar.tar", "plain.sql.gz", "plain.sql.lz4"])
        .chain([
            "plain.sql.zst",
            "plain-verbose.sql",
            "plain-quoteall.sql",
            "plain-create-clean.sql",
        ]) {
            let other = inspect(name);
            assert_eq!(other["tables"], plain["tables"], "{database} {name}");
            assert_eq!(other["large_objects"], plain["large_objects"], "{database} {name}");
        }
    }
}

#[test]
fn what_is_unsafe_on_a_newer_server_is_told() {
    let dump = |value: &str| {
        format!("SET standard_conforming_strings = {value};\nINSERT INTO a.t VALUES ('a\\\\b');\n")
    };
    let said = |value: &str| {
        let output = corpus::run(Path::new(PROGRAM), &["-"], dump(value).as_bytes());
        assert!(output.status.success());
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    assert!(said("off").contains("unsafe on PostgreSQL 19"));
    assert_eq!(said("on"), "");
}
