//! A server to take backups of, and programs that lie.
#![allow(dead_code, reason = "each test program uses its share")]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use scratch::{Cluster, Programs};
use serde_json::Value;

/// The form of the JSON that we publish.
const SCHEMA: &str = include_str!("../../docs/schemas/pgdump-take.schema.json");

pub const PROGRAM: &str = env!("CARGO_BIN_EXE_pgdump-take");

/// One of everything whose data a backup holds.
const DATABASE: &str = r"
CREATE SCHEMA shop;
CREATE TABLE shop.goods (id integer PRIMARY KEY, name text NOT NULL, seen timestamptz, twice integer GENERATED ALWAYS AS (id * 2) STORED);
INSERT INTO shop.goods SELECT n, E'good\t' || n, timestamptz '2024-01-01' + n * interval '1 day' FROM generate_series(1, 500) n;
CREATE TABLE shop.empty (x integer);
CREATE TABLE shop.parent (x integer);
CREATE TABLE shop.child (y text) INHERITS (shop.parent);
INSERT INTO shop.parent VALUES (1), (2);
INSERT INTO shop.child VALUES (3, 'three');
CREATE TABLE shop.days (day date NOT NULL, what text) PARTITION BY RANGE (day);
CREATE TABLE shop.days_1 PARTITION OF shop.days FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE shop.days_2 PARTITION OF shop.days FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
INSERT INTO shop.days SELECT date '2024-11-01' + n, 'day ' || n FROM generate_series(1, 120) n;
CREATE UNLOGGED TABLE shop.cache (x integer);
INSERT INTO shop.cache VALUES (1);
CREATE SEQUENCE shop.numbers;
SELECT nextval('shop.numbers'), nextval('shop.numbers');
CREATE MATERIALIZED VIEW shop.count AS SELECT count(*) FROM shop.goods;
SELECT lo_from_bytea(4242, decode(repeat('00ff5c27', 100000), 'hex')), lo_from_bytea(4243, '');
CREATE TABLE shop.paws AS SELECT 'a' AS x;
";

/// A server and a folder.
pub struct Source {
    pub cluster: Cluster,
    pub folder: tempfile::TempDir,
}

impl Source {
    pub fn start() -> Option<Source> {
        let Some(programs) = Programs::find_optional().unwrap() else {
            eprintln!("skipped: no PostgreSQL server programs");
            return None;
        };
        let cluster = Cluster::start(&programs).unwrap();
        cluster.create_database("shop").unwrap();
        cluster.psql_script("shop", DATABASE.as_bytes()).unwrap();
        let source = Source { cluster, folder: tempfile::tempdir().unwrap() };
        fs::create_dir(source.backups()).unwrap();
        Some(source)
    }

    /// The folder that backups go to.
    pub fn backups(&self) -> PathBuf {
        self.folder.path().join("backups")
    }

    pub fn psql(&self, sql: &str) -> String {
        self.cluster.psql("shop", sql).unwrap().trim_end().to_owned()
    }

    /// The command that takes a backup of the database `shop`.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command.args(arguments).arg("--dir").arg(self.backups()).stdin(Stdio::null());
        command.env("PGHOST", self.cluster.socket_dir()).env("PGPORT", self.cluster.port().to_string());
        command.env("PGUSER", "postgres").env("PGDATABASE", "shop");
        command
    }

    /// Takes a backup; returns exit code, JSON and stderr.
    pub fn take(&self, arguments: &[&str]) -> (i32, Value, String) {
        outcome(self.command(&[arguments, &["--json"]].concat()).output().unwrap())
    }

    /// The same with another pg_dump, a script of which `$REAL` is the real one.
    pub fn take_by(&self, script: &str, arguments: &[&str]) -> (i32, Value, String) {
        let mut command = self.command(&[arguments, &["--json"]].concat());
        outcome(command.env("PGDUMPKIT_PG_BINDIR", self.liar(script)).output().unwrap())
    }

    /// A folder with a pg_dump that is a script.
    pub fn liar(&self, script: &str) -> PathBuf {
        let folder = self.folder.path().join("liar");
        fs::create_dir_all(&folder).unwrap();
        let real = self.cluster.programs().program("pg_dump");
        let text = format!(
            "#!/bin/sh\nREAL={}\ncase $1 in --version) exec $REAL --version;; esac\n{script}\n",
            real.display()
        );
        // Written by a child: open here for writing, it could not be run while another test starts a program.
        let mut writer = Command::new("sh");
        writer.args(["-c", "cat > \"$1\" && chmod 755 \"$1\"", "sh"]).arg(folder.join("pg_dump"));
        let mut child = writer.stdin(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        assert!(child.wait().unwrap().success());
        folder
    }

    /// What is in the folder of backups, locks left out.
    pub fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.backups()).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.retain(|name| !name.ends_with(".lock"));
        names.sort();
        names
    }

    pub fn assert_nothing_taken(&self, what: &str) {
        assert_eq!(self.names(), Vec::<String>::new(), "{what}");
    }
}

pub fn outcome(output: Output) -> (i32, Value, String) {
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    let json: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    if !json.is_null() {
        let schema = jsonschema::validator_for(&serde_json::from_str(SCHEMA).unwrap()).unwrap();
        assert!(schema.is_valid(&json), "{:?}: {json:#}", schema.validate(&json).unwrap_err());
    }
    (output.status.code().unwrap_or(-1), json, stderr)
}

/// The first backup of a result.
pub fn path(result: &Value) -> PathBuf {
    PathBuf::from(result["backups"][0]["path"].as_str().unwrap_or_else(|| panic!("{result:#}")))
}

/// What a result calls wrong, and its trouble.
pub fn complaints(result: &Value) -> String {
    let backup = &result["backups"][0];
    format!("{} {}", backup["findings"], backup["trouble"])
}

/// Has `pgdump-verify` look at a backup, with its manifest.
pub fn verify(backup: &Path, arguments: &[&str]) -> (i32, String) {
    let program = Path::new(PROGRAM).with_file_name("pgdump-verify");
    assert!(program.is_file(), "build the whole workspace first: {}", program.display());
    let manifest = format!("{}.manifest.json", backup.display());
    let mut command = Command::new(program);
    let output = command.arg(backup).args(["--manifest", &manifest]).args(arguments).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap(), String::from_utf8_lossy(&text).into_owned())
}
