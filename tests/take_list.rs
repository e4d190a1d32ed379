//! `pgdump-take list` on folders with made-up backups.
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
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use manifest::{File, Level, Manifest, Sha256, Table, TableKind, Verified, VerifiedFormat, Version};
use serde_json::Value;

const PROGRAM: &str = env!("CARGO_BIN_EXE_pgdump-take");
const SCHEMA: &str = include_str!("../docs/schemas/pgdump-take-list.schema.json");

/// Makes a backup and its manifest; one whose name ends in `.dir` is a folder.
fn backup(folder: &Path, name: &str, rows: u64) -> PathBuf {
    let path = folder.join(name);
    let content = "x".repeat(1234);
    let (file, named) = match name.ends_with(".dir") {
        true => {
            fs::create_dir(&path).unwrap();
            (path.join("toc.dat"), "toc.dat")
        }
        false => (path.clone(), name),
    };
    fs::write(file, &content).unwrap();
    let table = Table {
        schema: "public".to_owned(),
        name: "goods".to_owned(),
        kind: TableKind::Table,
        root: None,
        rows,
        bytes: None,
        hash: None,
    };
    let other = Table { name: "more".to_owned(), rows: 1, ..table.clone() };
    let manifest = Manifest {
        backup: name.to_owned(),
        files: vec![File::of(named, &mut content.as_bytes()).unwrap()],
        tables: vec![table, other],
        ..Manifest::default()
    };
    manifest.write(&mut fs::File::create(manifest::path_beside(&path)).unwrap()).unwrap();
    path
}

/// Records that a backup was verified with the manifest that is there.
fn verify(path: &Path) {
    let verified = Verified {
        format: VerifiedFormat,
        version: Version,
        tool_version: "0.1.0".to_owned(),
        level: Level::Full,
        verified_at: "2026-11-22T08:00:00Z".to_owned(),
        manifest_sha256: Sha256::of(&fs::read(manifest::path_beside(path)).unwrap()),
    };
    verified.write(&mut fs::File::create(manifest::verified_path_beside(path)).unwrap()).unwrap();
}

#[track_caller]
fn list(folder: &Path, arguments: &[&str]) -> String {
    let arguments = [&["list", folder.to_str().unwrap()], arguments].concat();
    let output = corpus::run(Path::new(PROGRAM), &arguments, b"");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), &*stderr), (Some(0), ""), "{arguments:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Lists as JSON, which is of the published form.
#[track_caller]
fn list_json(folder: &Path, arguments: &[&str]) -> Vec<Value> {
    let list: Value = serde_json::from_str(&list(folder, &[&["--json"], arguments].concat())).unwrap();
    let schema = jsonschema::validator_for(&serde_json::from_str(SCHEMA).unwrap()).unwrap();
    let errors: Vec<String> = schema.iter_errors(&list).map(|error| error.to_string()).collect();
    assert_eq!(errors, Vec::<String>::new(), "{list:#}");
    list["backups"].as_array().unwrap().clone()
}

/// The names of those that would stay.
#[track_caller]
fn staying(folder: &Path, arguments: &[&str]) -> Vec<String> {
    let backups = list_json(folder, arguments).into_iter();
    let staying = backups.filter(|backup| backup["decision"]["keep"] == true);
    staying.map(|backup| backup["name"].as_str().unwrap().to_owned()).collect()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

/// Everything in a folder, with what is in it.
fn content(folder: &Path) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
    fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.clone(), fs::read(&path).ok()))
        .collect()
}

#[test]
fn backups_are_listed_by_what_they_are_of_and_when() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    assert_eq!(list(folder, &[]).lines().count(), 1);
    let later = backup(folder, "shop-20251121T031500Z.dump", 1_234_567);
    backup(folder, "shop-20251120T031500Z.dir", 3);
    backup(folder, "a%1Bb-20251122T031500Z.sql.gz", 4);
    backup(folder, "+globals-20251119T031500Z.sql", 5);
    verify(&later);
    let text = list(folder, &[]);
    assert_eq!(
        text,
        "\
taken                 what                    form         bytes       rows  complete  verified
2025-11-22T03:15:00Z  a\\u{1b}b                plain, gzip  1,234          5  yes       no
2025-11-20T03:15:00Z  shop                    directory    1,234          4  yes       no
2025-11-21T03:15:00Z  shop                    custom       1,234  1,234,568  yes       2026-11-22T08:00:00Z
2025-11-19T03:15:00Z  globals of the cluster  plain        1,234          6  yes       no
"
    );
    let backups = list_json(folder, &[]);
    assert_eq!(
        (backups[2]["name"].as_str(), backups[2]["decision"].is_null()),
        (Some("shop-20251121T031500Z.dump"), true)
    );
    assert_eq!((&backups[3]["target"], &backups[3]["database"]), (&"globals".into(), &Value::Null));
    let text = list(folder, &["--keep-last", "1"]);
    assert!(text.lines().next().unwrap().ends_with("  next"), "{text}");
    assert!(text.contains("no                    goes: no rule wants it\n"), "{text}");
    assert!(text.contains("2026-11-22T08:00:00Z  stays: newest, last verified, last\n"), "{text}");
}

#[test]
fn what_is_not_ours_is_neither_listed_nor_touched() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let real = backup(folder, "shop-20261121T031500Z.dump", 1);
    // Without a manifest, of another form, a link, by a name of somebody else's, unfinished.
    fs::write(folder.join("shop-20261101T031500Z.dump"), "mine").unwrap();
    fs::create_dir(folder.join("shop-20261102T031500Z.dump")).unwrap();
    fs::copy(manifest::path_beside(&real), folder.join("shop-20261102T031500Z.dump.manifest.json")).unwrap();
    symlink(&real, folder.join("shop-20261103T031500Z.dump")).unwrap();
    fs::copy(manifest::path_beside(&real), folder.join("shop-20261103T031500Z.dump.manifest.json")).unwrap();
    fs::copy(&real, folder.join("shop-20261104T031500Z.dump")).unwrap();
    symlink(manifest::path_beside(&real), folder.join("shop-20261104T031500Z.dump.manifest.json")).unwrap();
    fs::write(folder.join("shop.dump"), "mine").unwrap();
    fs::write(folder.join("shop.dump.manifest.json"), "{}").unwrap();
    fs::write(folder.join(".shop-20261105T031500Z.dump.partial"), "begun").unwrap();
    let before = content(folder);
    let backups = list_json(folder, &["--keep-last", "1", "--max-age", "1h", "--max-bytes", "1"]);
    let names: Vec<&str> = backups.iter().map(|backup| text(&backup["name"])).collect();
    assert_eq!(names, ["shop-20261121T031500Z.dump"]);
    assert_eq!(content(folder), before);
}

#[test]
fn what_is_not_complete_is_said_and_does_not_count() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    backup(folder, "shop-20251101T031500Z.dump", 1);
    let cut = backup(folder, "shop-20251102T031500Z.dump", 1);
    fs::write(&cut, "xxx").unwrap();
    verify(&cut);
    let unreadable = backup(folder, "shop-20251103T031500Z.dump", 1);
    fs::write(manifest::path_beside(&unreadable), "{\"format\": \"pgdumpkit-man").unwrap();
    let missing = backup(folder, "shop-20251104T031500Z.dir", 1);
    fs::remove_file(missing.join("toc.dat")).unwrap();
    symlink(&cut, missing.join("toc.dat")).unwrap();
    let renamed = backup(folder, "shop-20251105T031500Z.dump", 1);
    fs::copy(manifest::path_beside(&cut), manifest::path_beside(&renamed)).unwrap();
    let outdated = backup(folder, "shop-20251106T031500Z.dump", 1);
    verify(&outdated);
    fs::write(
        manifest::path_beside(&outdated),
        fs::read_to_string(manifest::path_beside(&outdated)).unwrap() + "\n",
    )
    .unwrap();

    let backups = list_json(folder, &["--keep-last", "2"]);
    let faults: Vec<&str> = backups.iter().map(|backup| backup["fault"].as_str().unwrap_or("")).collect();
    let expected = [
        "",
        "file shop-20251102T031500Z.dump: expected 1234 bytes; actual 3",
        "cannot read its manifest: not of a manifest's form: EOF while parsing a string at line 1 column 25",
        "no file: toc.dat",
        "its manifest is of another backup: shop-20251102T031500Z.dump",
        "",
    ];
    assert_eq!(faults, expected);
    assert!(backups[2]["rows"].is_null());
    // The record is of the manifest as it was.
    assert!(backups[5]["complete"] == true && backups[5]["verified_at"].is_null());
    assert!(backups.iter().all(|backup| backup["decision"]["keep"] == true), "{backups:#?}");
    assert_eq!(backups[1]["decision"]["reasons"][0], "incomplete, does not count");
    assert!(list(folder, &[]).contains("\nnot complete: shop-20251104T031500Z.dir: no file: toc.dat\n"));
}

#[test]
fn rules_keep_what_they_promise() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let name = |day: u32| format!("shop-202511{day:02}T031500Z.dump");
    for day in 1..=10 {
        backup(folder, &name(day), 1);
    }
    // Another database has its own.
    backup(folder, "other-20200101T031500Z.dump", 1);
    let other = "other-20200101T031500Z.dump".to_owned();
    let stays = |days: &[u32], arguments: &[&str]| {
        let expected: Vec<String> =
            [other.clone()].into_iter().chain(days.iter().map(|day| name(*day))).collect();
        assert_eq!(staying(folder, arguments), expected, "{arguments:?}");
    };
    stays(&[9, 10], &["--keep-last", "2"]);
    stays(&[8, 9, 10], &["--keep-daily", "3"]);
    stays(&[2, 9, 10], &["--keep-weekly", "3"]);
    stays(&[9, 10], &["--max-bytes", "2.5kB"]);
    stays(&[10], &["--max-age", "1d"]);
    // Everything is pending where none is verified; then only what is newer.
    stays(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10], &["--keep-last", "1", "--max-age", "1d", "--require-verified"]);
    verify(&folder.join(name(3)));
    verify(&folder.join(name(7)));
    stays(&[7, 8, 9, 10], &["--keep-last", "1", "--require-verified"]);
    stays(&[3, 7, 8, 9, 10], &["--keep-last", "2", "--require-verified"]);
    stays(&[7, 10], &["--max-age", "1d", "--max-bytes", "1"]);

    // A week in which nothing was taken to its end evicts nothing.
    for day in 11..=17 {
        fs::write(backup(folder, &name(day), 1), "cut").unwrap();
    }
    stays(
        &[7, 10, 11, 12, 13, 14, 15, 16, 17],
        &["--keep-last", "1", "--keep-daily", "1", "--max-age", "1d"],
    );
    // A clock that once was wrong evicts nothing either.
    backup(folder, "shop-29990101T000000Z.dump", 1);
    let staying = staying(folder, &["--keep-last", "1"]);
    assert!(staying.contains(&name(10)) && staying.contains(&"shop-29990101T000000Z.dump".to_owned()));
}

#[test]
fn what_makes_no_sense_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().to_str().unwrap();
    for arguments in [
        &["--keep-last", "0"][..],
        &["--keep-daily", "many"],
        &["--max-age", "yesterday"],
        &["--max-bytes", "much"],
        &["--max-bytes", "0"],
    ] {
        let output = corpus::run(Path::new(PROGRAM), &[&["list", folder], arguments].concat(), b"");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains(arguments[0]), "{arguments:?}");
    }
    let output = corpus::run(Path::new(PROGRAM), &["list", "/nowhere\u{1b}"], b"");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr.starts_with("error: cannot read folder /nowhere\\u{1b}: "), "{stderr}");
}
