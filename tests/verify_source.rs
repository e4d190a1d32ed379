//! `pgdump-verify` with the source of a backup: its manifest, and the source itself.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    missing_docs,
    reason = "a test that cannot go on panics, and says why it is skipped"
)]

#[path = "corpus.rs"]
mod corpus;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use manifest::{
    Assertion, File, Hash, LargeObjects, Level, Manifest, Sequence, Sha256, Table, TableKind, Verified,
};
use scratch::{Cluster, Programs};
use serde_json::Value;

const PROGRAM: &str = env!("CARGO_BIN_EXE_pgdump-verify");

const DATABASE: &str = r"
CREATE SCHEMA shop;
CREATE TABLE shop.goods (id integer PRIMARY KEY, name text NOT NULL, seen timestamptz);
INSERT INTO shop.goods SELECT n, 'good ' || n, timestamptz '2024-01-01' + n * interval '1 day' FROM generate_series(1, 50) n;
CREATE TABLE shop.empty (x integer);
CREATE TABLE shop.days (day date NOT NULL) PARTITION BY RANGE (day);
CREATE TABLE shop.days_1 PARTITION OF shop.days FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
INSERT INTO shop.days VALUES ('2024-02-29');
CREATE SEQUENCE shop.numbers;
SELECT nextval('shop.numbers'), nextval('shop.numbers');
SELECT lo_from_bytea(4242, 'large');
";

struct Source {
    cluster: Cluster,
    folder: tempfile::TempDir,
}

impl Source {
    fn start() -> Option<Source> {
        let Some(programs) = Programs::find_optional().unwrap() else {
            eprintln!("skipped: no PostgreSQL server programs");
            return None;
        };
        let cluster = Cluster::start(&programs).unwrap();
        cluster.create_database("shop").unwrap();
        cluster.psql_script("shop", DATABASE.as_bytes()).unwrap();
        Some(Source { cluster, folder: tempfile::tempdir().unwrap() })
    }

    fn dump(&self, name: &str, arguments: &[&str]) -> PathBuf {
        let path = self.folder.path().join(name);
        self.cluster.pg_dump("shop", &[arguments, &["-f", path.to_str().unwrap()]].concat()).unwrap();
        path
    }

    fn url(&self) -> String {
        let host = self.cluster.socket_dir().to_str().unwrap().replace('/', "%2F");
        format!("postgresql://postgres@{host}:{}/shop", self.cluster.port())
    }

    fn psql(&self, sql: &str) {
        self.cluster.psql("shop", sql).unwrap();
    }
}

/// Runs the program at level `file`; returns its exit code and its report.
fn verify(backup: &Path, arguments: &[&str]) -> (i32, Value) {
    let arguments = [&[backup.to_str().unwrap(), "--json"], arguments].concat();
    let output = corpus::run(Path::new(PROGRAM), &arguments, b"");
    let stderr = String::from_utf8_lossy(&output.stderr);
    let run: Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{arguments:?}: {stderr}"));
    (output.status.code().unwrap(), run["backups"][0].clone())
}

fn findings(report: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let findings = report["findings"].as_array().unwrap().iter();
    findings
        .map(|finding| {
            format!("{}: {}: {}", text(&finding["verdict"]), text(&finding["what"]), text(&finding["why"]))
        })
        .collect()
}

#[track_caller]
fn assert_found(backup: &Path, arguments: &[&str], code: i32, expected: &[&str]) -> Value {
    let (actual, report) = verify(backup, arguments);
    assert_eq!(findings(&report), expected, "{arguments:?}: {report:#}");
    assert_eq!(actual, code, "{arguments:?}");
    report
}

#[test]
fn a_backup_is_compared_with_its_live_source() {
    let Some(source) = Source::start() else { return };
    let url = source.url();
    let backups = [
        source.dump("plain.sql", &["-Fp"]),
        source.dump("custom.dump", &["-Fc"]),
        source.dump("inserts.sql", &["-Fp", "--inserts"]),
        source.dump("root.sql", &["-Fp", "--load-via-partition-root"]),
        source.dump("data.sql", &["-Fp", "--data-only"]),
        source.dump("schema.sql", &["-Fp", "--schema-only", "--blobs"]),
    ];
    let same = |arguments: &[&str]| {
        for backup in &backups {
            if !(backup.ends_with("schema.sql")) {
                let report = assert_found(backup, arguments, 0, &[]);
                assert_eq!(report["compared_with_source"], true);
            }
        }
    };
    let counted = ["--level", "file", "--against", &url, "--jobs", "3"];
    let content = ["--level", "file", "--against", &url, "--content"];
    same(&counted);
    same(&content);
    let (_, report) = verify(&backups[0], &content);
    let compared = report["compared"][0].as_str().unwrap();
    assert!(compared.contains("rows of 3 tables, the content of 3, 1 sequences"), "{compared}");

    // Points in time of a backup that was taken in another zone are the same.
    source.psql("ALTER DATABASE shop SET timezone = 'Asia/Tokyo'");
    let tokyo = source.dump("tokyo.sql", &["-Fp"]);
    assert_found(&tokyo, &content, 0, &[]);

    // Another content, with as many rows: seen only where it is looked at.
    source.psql("UPDATE shop.goods SET name = 'another' WHERE id = 7");
    same(&counted);
    let other = "the source differs: as many rows as in the backup, with other content";
    assert_found(&backups[1], &content, 1, &[&format!("bad: table shop.goods: {other}")]);
    assert_found(&tokyo, &content, 1, &[&format!("bad: table shop.goods: {other}")]);

    // The source has moved on.
    source.psql(
        "DELETE FROM shop.goods WHERE id > 48; INSERT INTO shop.empty VALUES (1); CREATE TABLE shop.new (x integer); \
         SELECT nextval('shop.numbers'); SELECT lo_unlink(4242); INSERT INTO shop.days VALUES ('2024-03-01')",
    );
    let rows = |table: &str, backup: u64, now: u64| {
        format!("bad: table shop.{table}: the source differs: backup {backup} rows, source now {now}")
    };
    let new =
        "bad: table shop.new: the source differs: the table is in the source now, and not in the backup";
    let sequence =
        "bad: value of sequence shop.numbers: the source differs: backup 2, true, source now 3, true";
    let objects = "bad: number of large objects: the source differs: backup 1, source now 0";
    let (days, empty, goods) = (rows("days_1", 1, 2), rows("empty", 0, 1), rows("goods", 50, 48));
    for arguments in [&counted[..], &content[..]] {
        for backup in &backups[..3] {
            let (code, report) = verify(backup, arguments);
            let mut found = findings(&report);
            found.sort();
            let mut expected = vec![objects, &days, &empty, &goods, new, sequence];
            expected.sort();
            assert_eq!((code, found.iter().map(String::as_str).collect()), (1, expected), "{report:#}");
        }
    }
    source.psql("DROP TABLE shop.goods, shop.new; TRUNCATE shop.days, shop.empty; INSERT INTO shop.days VALUES ('2024-02-29')");
    let (code, report) = verify(&backups[0], &counted);
    let goods = "unclear: table shop.goods: cannot be read at the source: relation \"shop.goods\" does not exist (42P01)";
    assert_eq!((code, findings(&report).contains(&goods.to_owned())), (1, true), "{report:#}");
}

#[test]
fn a_source_is_not_written_to_and_its_password_not_shown() {
    let Some(source) = Source::start() else { return };
    let backup = source.dump("custom.dump", &["-Fc"]);
    source.psql("CREATE ROLE reader LOGIN PASSWORD 'hush'; GRANT pg_read_all_data TO reader");
    let hba = source.cluster.psql("postgres", "SHOW hba_file").unwrap();
    fs::write(hba.trim_end(), "local all postgres trust\nlocal all all scram-sha-256\n").unwrap();
    source.psql("SELECT pg_reload_conf()");
    let (host, port) = (source.cluster.socket_dir(), source.cluster.port());
    let written = format!("host={} port={port} user=reader dbname=shop", host.display());
    let with = format!("{written} password=hush");
    let before = source.cluster.psql("shop", "SELECT pg_current_wal_insert_lsn()").unwrap();
    let report = assert_found(&backup, &["--level", "file", "--against", &with, "--content"], 0, &[]);
    assert_eq!(source.cluster.psql("shop", "SELECT pg_current_wal_insert_lsn()").unwrap(), before);
    assert!(!report.to_string().contains("hush"), "{report:#}");

    let run = |arguments: &[&str]| {
        let arguments = [&[backup.to_str().unwrap(), "--level", "file", "--against"], arguments].concat();
        let output = corpus::run(Path::new(PROGRAM), &arguments, b"");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (code, message) = run(&[&written, "-w"]);
    assert_eq!((code, message.contains("no password supplied")), (Some(2), true), "{message}");
    let wrong = format!("{written} password=wrong-secret");
    let (code, message) = run(&[&wrong]);
    assert_eq!(
        (code, message.contains("28P01"), message.contains("wrong-secret")),
        (Some(2), true, false),
        "{message}"
    );

    // On a terminal somebody is asked, and what is typed does not appear.
    if Command::new("script").arg("--version").output().is_err() {
        eprintln!("skipped: no `script` program, which makes a terminal");
        return;
    }
    for (option, typed, good) in [("", "hush\n", true), ("-W", "hush\n", true), ("", "wrong-secret\n", false)]
    {
        let command =
            format!("'{PROGRAM}' '{}' --level file {option} --against '{written}'", backup.display());
        let arguments = ["-q", "-e", "-c", &command, "/dev/null"];
        let output = corpus::run(Path::new("script"), &arguments, typed.as_bytes());
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.success(), good, "{text}");
        assert!(text.contains("Password for user reader: "), "{text}");
        let behind = text.split("Password for user reader: ").nth(1).unwrap();
        assert!(!behind.contains("hush") && !behind.contains("wrong-secret"), "{text}");
    }
}

/// Describes a backup of [`DATABASE`] as whoever took it would.
fn manifest(backup: &Path) -> Manifest {
    let (code, report) = verify(backup, &["--level", "file"]);
    assert_eq!(code, 0, "{report:#}");
    let tables = report["tables"].as_array().unwrap().iter().map(|table| {
        let expected = &table["expected"];
        let name = table["table"].as_str().unwrap().strip_prefix("shop.").unwrap();
        let root = name.starts_with("days_").then(|| ("shop".to_owned(), "days".to_owned()));
        Table {
            schema: "shop".to_owned(),
            name: name.to_owned(),
            kind: if root.is_some() { TableKind::Partition } else { TableKind::Table },
            root,
            rows: expected["rows"].as_u64().unwrap(),
            bytes: expected["bytes"].as_u64(),
            hash: Some(Hash::try_from(expected["hash"].as_str().unwrap().to_owned()).unwrap()),
        }
    });
    let files: Vec<PathBuf> = match backup.is_dir() {
        true => fs::read_dir(backup).unwrap().map(|entry| entry.unwrap().path()).collect(),
        false => vec![backup.to_owned()],
    };
    let files = files.iter().map(|path| {
        let name = path.file_name().unwrap().to_str().unwrap();
        File::of(name, &mut fs::File::open(path).unwrap()).unwrap()
    });
    Manifest {
        backup: backup.file_name().unwrap().to_str().unwrap().to_owned(),
        database: "shop".to_owned(),
        lsn: Some("0/42".to_owned()),
        snapshot_begin: "2026-01-02T03:04:05Z".to_owned(),
        encoding: "UTF8".to_owned(),
        tables: tables.collect(),
        files: files.collect(),
        sequences: vec![Sequence {
            schema: "shop".to_owned(),
            name: "numbers".to_owned(),
            last_value: 2,
            is_called: true,
        }],
        large_objects: LargeObjects { count: 1, bytes: Some(5), hash: None },
        assertions: vec![Assertion {
            sql: "SELECT max(id) FROM shop.goods".to_owned(),
            value: Some("50".to_owned()),
        }],
        ..Manifest::default()
    }
}

#[test]
fn a_backup_is_compared_with_its_manifest() {
    let Some(source) = Source::start() else { return };
    let path = source.folder.path().join("manifest.json");
    let file = path.to_str().unwrap();
    let write = |manifest: &Manifest| manifest.write(&mut fs::File::create(&path).unwrap()).unwrap();
    for (name, arguments) in [("plain.sql", ["-Fp"]), ("custom.dump", ["-Fc"]), ("directory", ["-Fd"])] {
        let backup = source.dump(name, &arguments);
        write(&manifest(&backup));
        let report = assert_found(&backup, &["--level", "file", "--manifest", file], 0, &[]);
        let compared = report["compared"][0].as_str().unwrap();
        assert!(
            compared.starts_with("compared with what the source held at 0/42, 2026-01-02T03:04:05Z"),
            "{compared}"
        );
        assert!(
            report["notes"].to_string().contains("assertions of the manifest not checked, 1"),
            "{report:#}"
        );
    }

    // A lie in the manifest is as good as one in the backup: every figure is compared.
    let backup = source.dump("lie.sql", &["-Fp"]);
    let good = manifest(&backup);
    let hash = Hash(1);
    let goods = good.tables.iter().position(|table| table.name == "goods").unwrap();
    let found = good.tables[goods].hash.unwrap();
    let bytes = good.tables[goods].bytes.unwrap();
    type Lie<'a> = (&'a dyn Fn(&mut Manifest), String);
    let lies: [Lie<'_>; 12] = [
        (&|m| m.files[0].bytes += 1, format!("file lie.sql: expected {} bytes", good.files[0].bytes + 1)),
        (&|m| m.files[0].sha256.0[0] ^= 1, "file lie.sql: expected SHA-256".to_owned()),
        (&|m| m.files.clear(), "file: expected 0 files".to_owned()),
        (&|m| m.tables[goods].rows = 51, "table shop.goods: expected 51 rows; actual 50".to_owned()),
        (
            &|m| m.tables[goods].bytes = Some(1),
            format!("table shop.goods: expected 1 bytes of rows; actual {bytes}"),
        ),
        (
            &|m| m.tables[goods].hash = Some(hash),
            format!(
                "table shop.goods: the content of the rows differs: expected hash {hash}; actual {found}"
            ),
        ),
        (
            &|m| m.tables[goods].name = "bads".to_owned(),
            "table shop.bads: expected 50 rows; actual 0".to_owned(),
        ),
        (
            &|m| m.sequences[0].last_value = 3,
            "value of sequence shop.numbers: expected 3, true; actual 2, true".to_owned(),
        ),
        (&|m| m.sequences.clear(), "value of sequence shop.numbers: is in the backup, and not".to_owned()),
        (&|m| m.large_objects.count = 2, "number of large objects: expected 2; actual 1".to_owned()),
        (&|m| m.large_objects.hash = Some(hash), format!("content of large objects: expected hash {hash}")),
        (
            &|m| {
                let (name, version) = ("citext".to_owned(), "1".to_owned());
                m.extensions.push(manifest::Extension { name, version });
            },
            "extension citext: is in the manifest, and not in the backup".to_owned(),
        ),
    ];
    for (lie, expected) in lies {
        let mut manifest = good.clone();
        lie(&mut manifest);
        write(&manifest);
        let (code, report) = verify(&backup, &["--level", "file", "--manifest", file]);
        let found = findings(&report);
        let told = found.iter().any(|finding| finding.starts_with(&format!("bad: {expected}")));
        assert!(code == 1 && told, "expected {expected}; actual {found:?}");
    }

    // A restored copy answers what the source was asked.
    write(&good);
    assert_found(&backup, &["--manifest", file], 0, &[]);
    let mut manifest = good;
    manifest.assertions[0].value = None;
    write(&manifest);
    let expected = "bad: assertion: SELECT max(id) FROM shop.goods: expected NULL; actual 50";
    assert_found(&backup, &["--manifest", file], 1, &[expected]);

    // Rows that are loaded through the partitioned table are its partitions'.
    let root = source.dump("root.sql", &["-Fp", "--load-via-partition-root"]);
    manifest.assertions.clear();
    manifest.files = vec![File::of("root.sql", &mut fs::File::open(&root).unwrap()).unwrap()];
    write(&manifest);
    assert_found(&root, &["--level", "file", "--manifest", file], 0, &[]);

    fs::write(&path, "{\"format\": \"pgdumpkit-manifest\", \"version\": 7}").unwrap();
    let output = corpus::run(Path::new(PROGRAM), &[root.to_str().unwrap(), "--manifest", file], b"");
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!((output.status.code(), message.contains("version 7")), (Some(2), true), "{message}");
}

/// What is recorded beside a backup.
fn record(backup: &Path) -> Option<Verified> {
    let file = fs::File::open(manifest::verified_path_beside(backup));
    file.ok().map(|mut file| Verified::read(&mut file).unwrap())
}

#[test]
fn a_manifest_beside_a_backup_is_used_and_the_verification_recorded() {
    let Some(source) = Source::start() else { return };
    let write = |backup: &Path, manifest: &Manifest| {
        manifest.write(&mut fs::File::create(manifest::path_beside(backup)).unwrap()).unwrap();
    };
    let backups = [source.dump("one.dump", &["-Fc"]), source.dump("two.dir", &["-Fd"])];
    let manifests = backups.clone().map(|backup| manifest(&backup));
    for (backup, manifest) in backups.iter().zip(&manifests) {
        write(backup, manifest);
        let report = assert_found(backup, &["--level", "file"], 0, &[]);
        let beside = manifest::path_beside(backup);
        assert!(report["compared"][0].as_str().unwrap().contains(beside.to_str().unwrap()), "{report:#}");
        assert_eq!(record(backup), None, "the file alone is no proof");

        assert_found(backup, &[], 0, &[]);
        let verified = record(backup).unwrap();
        assert_eq!(verified.level, Level::Restore);
        assert_eq!(verified.manifest_sha256, Sha256::of(&fs::read(&beside).unwrap()));
        let mode = fs::metadata(manifest::verified_path_beside(backup)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);

        // The same manifest, by name; then one that lies elsewhere, of which nothing is recorded here.
        fs::remove_file(manifest::verified_path_beside(backup)).unwrap();
        assert_found(backup, &["--level", "full", "--manifest", beside.to_str().unwrap()], 0, &[]);
        assert_eq!(record(backup).unwrap().level, Level::Full);
        fs::remove_file(manifest::verified_path_beside(backup)).unwrap();
        let elsewhere = tempfile::tempdir().unwrap();
        let elsewhere = elsewhere.path().join("manifest.json");
        fs::copy(&beside, &elsewhere).unwrap();
        assert_found(backup, &["--manifest", elsewhere.to_str().unwrap()], 0, &[]);
        assert_eq!(record(backup), None);
    }

    // Of a folder only the backups are verified, each with its own manifest.
    let folder = source.folder.path();
    let unfinished = folder.join(".shop-20261121T031500Z.dump.partial");
    fs::write(&unfinished, &fs::read(&backups[0]).unwrap()[..500]).unwrap();
    let mut asking = manifests[0].clone();
    let sql = "SELECT 1 -- SET statement_timeout = 0;\\nPostgreSQL database dump".to_owned();
    asking.assertions = vec![Assertion { sql, value: Some("1".to_owned()) }];
    write(&backups[0], &asking);
    let output = corpus::run(Path::new(PROGRAM), &["--dir", folder.to_str().unwrap(), "--json"], b"");
    let run: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((output.status.code(), run["backups"].as_array().unwrap().len()), (Some(0), 2), "{run:#}");
    assert!(backups.iter().all(|backup| record(backup).is_some()));
    fs::remove_file(unfinished).unwrap();

    // A bad backup loses its record, at any level; trouble with the manifest is no verdict.
    let mut lie = manifests[0].clone();
    lie.tables[0].rows += 1;
    write(&backups[0], &lie);
    assert_eq!(verify(&backups[0], &["--level", "file"]).0, 1);
    assert_eq!((record(&backups[0]), record(&backups[1]).is_some()), (None, true));
    fs::write(manifest::path_beside(&backups[1]), "{\"format\": \"pgdumpkit-manifest\"").unwrap();
    assert_eq!(verify(&backups[1], &["--level", "file"]).0, 2);
    assert!(record(&backups[1]).is_some());

    // What only looks like a manifest by its name is left alone, and said to be.
    fs::write(manifest::path_beside(&backups[1]), "{\"somebody\": \"else's\"}").unwrap();
    let report = assert_found(&backups[1], &["--level", "file"], 0, &[]);
    assert!(report["notes"].to_string().contains("beside the backup, and no manifest"), "{report:#}");
    assert_eq!(report["compared_with_source"], false);

    // What cannot be recorded is no fault of the backup.
    write(&backups[0], &manifests[0]);
    fs::create_dir(manifest::verified_path_beside(&backups[0])).unwrap();
    let report = assert_found(&backups[0], &[], 0, &[]);
    assert!(report["notes"].to_string().contains("cannot write "), "{report:#}");
}
