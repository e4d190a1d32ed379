//! A database is the same out of a dump of any format, compression and way to write its rows.
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
use std::path::{Path, PathBuf};

const PROGRAM: &str = env!("CARGO_BIN_EXE_pgdump-normalize");

const FOLDERS: [&str; 4] =
    ["hard.server18", "pgdump_objects.server18", "hard.server15", "pgdump_objects.server15"];

fn normalize(arguments: &[&str], input: &[u8]) -> Vec<u8> {
    let output = corpus::run(Path::new(PROGRAM), arguments, input);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

fn at(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|window| window == what)
}

/// Cuts off the database itself, up to the `\connect` to it and the settings repeated behind that.
fn without_database(script: &[u8]) -> Vec<u8> {
    let settings = &script[..at(script, b"\n\n").unwrap() + 2];
    let connect = at(script, b"\n\\connect ").unwrap();
    assert!(at(&script[..connect], b"\nCREATE DATABASE ").is_some());
    let again = connect + at(&script[connect..], settings).unwrap();
    [settings, &script[again + settings.len()..]].concat()
}

/// Where two scripts differ, for a message that one can read.
fn difference(one: &[u8], two: &[u8]) -> String {
    let lines = one.split(|byte| *byte == b'\n').zip(two.split(|byte| *byte == b'\n')).enumerate();
    let differing = lines.into_iter().find(|(_, (one, two))| one != two);
    differing.map_or("one is longer".to_owned(), |(number, (one, two))| {
        format!(
            "line {}: {:?} / {:?}",
            number + 1,
            String::from_utf8_lossy(one),
            String::from_utf8_lossy(two)
        )
    })
}

#[track_caller]
fn assert_same(one: &[u8], two: &[u8], name: &str) {
    assert!(one == two, "{name}: {}", difference(one, two));
}

/// The dumps in a folder whose names begin this way.
fn dumps(folder: &Path, beginnings: &[&str]) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.retain(|path| {
        let name = path.file_name().unwrap().to_str().unwrap();
        beginnings.iter().any(|beginning| name.starts_with(beginning))
    });
    found.sort();
    found
}

#[test]
fn archives_of_any_format_give_the_same_script() {
    let Some(corpus) = corpus::corpus() else { return };
    for name in FOLDERS {
        let folder = corpus.join("formats").join(name);
        let plain = folder.join("plain.sql");
        let expected = normalize(&["--data", "*", plain.to_str().unwrap()], b"");
        assert!(at(&expected, b"\n\\.\n").is_some(), "rows belong to it");
        let create = folder.join("plain-create-clean.sql");
        let with_database =
            create.is_file().then(|| normalize(&["--data", "*", create.to_str().unwrap()], b""));
        let archives = dumps(&folder, &["custom-", "dir-", "tar."]);
        assert!(archives.len() == if name.ends_with("18") { 10 } else { 2 }, "{archives:?}");
        for archive in archives {
            let path = archive.to_str().unwrap();
            let script = normalize(&["--data", "*", path], b"");
            assert_same(&without_database(&script), &expected, path);
            if let Some(with_database) = &with_database {
                assert_same(&script, with_database, path);
            }
            if archive.is_file() {
                let piped = normalize(&["--data", "*", "-"], &fs::read(&archive).unwrap());
                assert_same(&piped, &script, path);
            }
        }
    }
}

#[test]
fn options_and_compressions_of_plain_dumps_give_the_same_script() {
    let Some(corpus) = corpus::corpus() else { return };
    for name in &FOLDERS[..2] {
        let folder = corpus.join("formats").join(name);
        let plain = folder.join("plain.sql");
        let expected = normalize(&["--data", "*", plain.to_str().unwrap()], b"");
        let same = [
            "plain-inserts",
            "plain-column-inserts",
            "plain-setauth",
            "plain-verbose",
            "plain-statistics",
            "plain.sql",
        ];
        let paths = dumps(&folder, &same);
        assert_eq!(paths.len(), 9, "{paths:?}");
        for path in paths {
            let shown = path.to_str().unwrap();
            assert_same(&normalize(&["--data", "*", shown], b""), &expected, shown);
            assert_same(&normalize(&["--data", "*", "-"], &fs::read(&path).unwrap()), &expected, shown);
        }
    }
}

#[test]
fn without_rows_as_well() {
    let Some(corpus) = corpus::corpus() else { return };
    for name in FOLDERS {
        let folder = corpus.join("formats").join(name);
        let expected = normalize(&[folder.join("plain.sql").to_str().unwrap()], b"");
        assert!(at(&expected, b"\nCOPY ").is_none());
        for archive in dumps(&folder, &["custom-", "dir-", "tar."]) {
            let path = archive.to_str().unwrap();
            assert_same(&without_database(&normalize(&[path], b"")), &expected, path);
        }
        for path in dumps(&folder, &["plain-inserts", "plain-column-inserts", "plain.sql"]) {
            let path = path.to_str().unwrap();
            assert_same(&normalize(&[path], b""), &expected, path);
        }
    }
}

#[test]
fn a_dump_in_a_compressed_archive_in_a_pipe() {
    let Some(corpus) = corpus::corpus() else { return };
    let folder = corpus.join("formats/hard.server18");
    let expected = normalize(&["--data", "*", folder.join("tar.tar").to_str().unwrap()], b"");
    for program in ["gzip", "zstd", "lz4"] {
        for name in ["tar.tar", "custom-lz4.dump"] {
            let bytes = fs::read(folder.join(name)).unwrap();
            let Ok(found) = std::process::Command::new(program).arg("--version").output() else {
                eprintln!("skipped: no {program}");
                continue;
            };
            assert!(found.status.success());
            let packed = corpus::run(Path::new(program), &["-c"], &bytes).stdout;
            assert!(!packed.is_empty() && packed != bytes);
            assert_same(&normalize(&["--data", "*", "-"], &packed), &expected, program);
        }
    }
}

/// Every file below a folder with its bytes.
fn files(root: &Path) -> BTreeMap<String, Vec<u8>> {
    fn visit(root: &Path, folder: &Path, found: &mut BTreeMap<String, Vec<u8>>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                visit(root, &path, found);
            } else {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
                found.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    let mut found = BTreeMap::new();
    visit(root, root, &mut found);
    found
}

#[test]
fn trees_of_any_format_are_the_same() {
    let Some(corpus) = corpus::corpus() else { return };
    let split = corpus::beside(PROGRAM, "pgdump-split");
    let made = tempfile::tempdir().unwrap();
    let tree_of = |dump: &Path, more: &[&str]| {
        let tree =
            made.path().join("around").join(format!("tree-{}", dump.file_name().unwrap().to_str().unwrap()));
        let arguments = [&[dump.to_str().unwrap(), "--out", tree.to_str().unwrap()], more].concat();
        let output = corpus::run(&split, &arguments, b"");
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        let found = files(&tree);
        let script = normalize(&[tree.to_str().unwrap()], b"");
        fs::remove_dir_all(&tree).unwrap();
        assert!(files(made.path()).is_empty(), "a file outside of the tree");
        (found, script)
    };
    for name in FOLDERS {
        let folder = corpus.join("formats").join(name);
        for more in [&[][..], &["--data", "*"]] {
            let (expected, script) = tree_of(&folder.join("plain.sql"), more);
            if more.is_empty() {
                assert_same(&script, &normalize(&[folder.join("plain.sql").to_str().unwrap()], b""), name);
            } else {
                assert!(expected.keys().any(|file| file.ends_with(".copy")));
            }
            for archive in dumps(&folder, &["custom-", "dir-", "tar."]) {
                let path = archive.to_str().unwrap();
                let (mut found, script) = tree_of(&archive, more);
                assert!(found.remove("database.sql").is_some(), "{path}");
                assert_eq!(found.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>(), "{path}");
                for (file, text) in &found {
                    assert_same(text, &expected[file], &format!("{path}: {file}"));
                }
                if more.is_empty() {
                    assert_same(&script, &normalize(&[path], b""), path);
                }
            }
        }
    }
}
