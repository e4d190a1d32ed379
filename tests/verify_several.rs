//! Several backups in one run of `pgdump-verify`.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    missing_docs,
    reason = "a test that cannot go on panics, and says why it is skipped"
)]

#[path = "corpus.rs"]
mod corpus;

use std::fs::{self, File};
use std::path::Path;
use std::time::{Duration, SystemTime};

use scratch::{Cluster, Programs};
use serde_json::Value;

const PROGRAM: &str = env!("CARGO_BIN_EXE_pgdump-verify");

const GOOD: &str = "--\n-- PostgreSQL database dump\n--\n\nCREATE TABLE public.t (x integer);\n\n\
    COPY public.t (x) FROM stdin;\n1\n2\n\\.\n\n--\n-- PostgreSQL database dump complete\n--\n\n";

fn bad() -> String {
    GOOD.replace("\n2\n", "\n2\t3\n")
}

fn run(arguments: &[&str]) -> (i32, String, String) {
    let output = corpus::run(Path::new(PROGRAM), arguments, b"");
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// Runs at `--level file`, which needs no server; returns the exit code and the report.
fn report(arguments: &[&str]) -> (i32, Value) {
    let (code, stdout, stderr) = run(&[arguments, &["--json", "--level", "file"]].concat());
    (code, serde_json::from_str(&stdout).unwrap_or_else(|_| panic!("{arguments:?}: {stderr}")))
}

/// The last part of each path in a list, with what is said of it.
fn named(list: &Value, name: &str, what: &str) -> Vec<(String, String)> {
    let text = |one: &Value, key: &str| one[key].as_str().unwrap().to_owned();
    let short = |path: String| path.rsplit('/').next().unwrap().to_owned();
    list.as_array().unwrap().iter().map(|one| (short(text(one, name)), text(one, what))).collect()
}

fn backups(report: &Value) -> Vec<(String, String)> {
    named(&report["backups"], "backup", "verdict")
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(one, other)| ((*one).to_owned(), (*other).to_owned())).collect()
}

/// Says of a file that it was written so long ago, or so far ahead.
fn age(path: &Path, hours: i64) {
    let by = Duration::from_secs(hours.unsigned_abs() * 3600);
    let at = if hours >= 0 { SystemTime::now() - by } else { SystemTime::now() + by };
    File::open(path).unwrap().set_modified(at).unwrap();
}

#[test]
fn the_worst_counts_and_none_stops_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (good, bad_one, missing) = (path("good.sql"), path("bad.sql"), path("missing.sql"));
    fs::write(&good, GOOD).unwrap();
    fs::write(&bad_one, bad()).unwrap();
    let (code, found) = report(&[&missing, &bad_one, &good]);
    assert_eq!((code, &found["verdict"]), (1, &"bad".into()));
    assert_eq!(
        backups(&found),
        pairs(&[("missing.sql", "trouble"), ("bad.sql", "bad"), ("good.sql", "verified")])
    );
    assert_eq!(report(&[&good, &missing]).0, 2);
    assert_eq!(report(&[&good, &good]).0, 0);

    let (code, text, stderr) = run(&[&good, &missing, &bad_one, "--level", "file"]);
    assert_eq!(code, 1);
    assert!(stderr.starts_with("error: cannot open: ") && stderr.lines().count() == 1, "{stderr}");
    // Each has its own report, and one table says it all.
    assert_eq!(text.matches("\nlevel ").count(), 3, "{text}");
    let summary = text.split(" backup\n").last().unwrap();
    let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let lines: Vec<Vec<String>> = summary.lines().map(words).collect();
    for (line, (tables, verdict, name)) in
        lines.iter().zip([("1", "verified", &good), ("0", "trouble", &missing), ("1", "bad", &bad_one)])
    {
        assert_eq!((line[0].as_str(), line[5].as_str(), &line[6]), (tables, verdict, name), "{summary}");
    }
    assert!(text.ends_with("\nbackups: 1 bad, 1 trouble, 1 verified\n"), "{text}");
}

#[test]
fn what_cannot_be_judged_is_worse_than_good_and_better_than_trouble() {
    if Programs::find_optional().unwrap().is_none() {
        eprintln!("skipped: no PostgreSQL server programs");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (good, unclear) = (path("good.sql"), path("unclear.sql"));
    fs::write(&good, GOOD).unwrap();
    fs::write(&unclear, GOOD.replace("CREATE TABLE", "CREATE EXTENSION nowhere_to_be_found;\nCREATE TABLE"))
        .unwrap();
    assert_eq!(run(&[&unclear, &good]).0, 3);
    assert_eq!(run(&[&unclear, &path("missing.sql")]).0, 2);
}

#[test]
fn a_folder_gives_its_backups_and_nothing_else_passes_for_one() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let dir = at.to_str().unwrap();
    let (code, found) = report(&["--dir", dir]);
    assert_eq!(code, 1, "{found:#}");
    assert_eq!(named(&found["findings"], "verdict", "why"), pairs(&[("bad", "no backup there")]));
    assert_eq!(report(&["--dir", "/nowhere"]).0, 2);

    // What is no backup is told, and is no backup: there still is none.
    fs::write(at.join("README.txt"), "Our backups.\n").unwrap();
    fs::write(at.join("photo.zip"), b"PK\x03\x04rest").unwrap();
    fs::create_dir_all(at.join("lost+found")).unwrap();
    fs::create_dir_all(at.join("tree")).unwrap();
    fs::write(at.join("tree/pgdumpkit.json"), "{}").unwrap();
    let (code, found) = report(&["--dir", dir]);
    assert_eq!(code, 1);
    assert_eq!(backups(&found), []);
    let left: Vec<String> =
        named(&found["left_alone"], "path", "why").into_iter().map(|(path, _)| path).collect();
    assert_eq!(left, ["README.txt", "lost+found", "photo.zip", "tree"]);
    let (_, text, _) = run(&["--dir", dir, "--level", "file"]);
    assert!(
        text.contains("README.txt: no backup by content or name\n") && text.ends_with("no backup there\n")
    );

    // By content, whatever the name; by name, whatever is left of the content.
    fs::write(at.join("nightly"), GOOD).unwrap();
    fs::write(at.join("packed.gz"), zstd::encode_all(GOOD.as_bytes(), 1).unwrap()).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink("nightly", at.join("latest")).unwrap();
    let (code, found) = report(&["--dir", dir]);
    assert_eq!((code, backups(&found)), (0, pairs(&[("nightly", "verified"), ("packed.gz", "verified")])));
    let left = named(&found["left_alone"], "path", "why");
    assert!(left.contains(&("latest".to_owned(), "a link to another of the backups".to_owned())), "{left:?}");
    fs::write(at.join("empty.sql"), "").unwrap();
    fs::write(at.join("zeros.dump"), [0; 4096]).unwrap();
    fs::write(at.join("cut"), b"PGDMP\x01\x0e\x00").unwrap();
    fs::create_dir_all(at.join("without_toc")).unwrap();
    fs::write(at.join("without_toc/3456.dat.gz"), "").unwrap();
    let (code, found) = report(&["--dir", dir]);
    assert_eq!(code, 1, "{found:#}");
    let found = backups(&found);
    for name in ["empty.sql", "zeros.dump", "cut", "without_toc"] {
        let verdict = &found.iter().find(|(found, _)| found == name).unwrap_or_else(|| panic!("{name}")).1;
        assert!(["bad", "trouble"].contains(&verdict.as_str()), "{name}: {verdict}");
    }
    assert_eq!(found.len(), 6);
}

#[test]
fn the_newest_must_not_be_too_old() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let dir = at.to_str().unwrap();
    let (old, new) = (at.join("b-old.sql"), at.join("a-new.sql"));
    fs::write(&old, bad()).unwrap();
    fs::write(&new, GOOD).unwrap();
    age(&old, 100);
    age(&new, 30);
    let (code, found) = report(&["--dir", dir, "--newest"]);
    assert_eq!((code, backups(&found)), (0, pairs(&[("a-new.sql", "verified")])));
    assert_eq!(named(&found["left_alone"], "path", "why"), pairs(&[("b-old.sql", "not the newest backup")]));
    assert_eq!(found["backups"][0]["taken"]["by"], "file");
    assert_eq!(report(&["--dir", dir]).0, 1);

    assert_eq!(report(&["--dir", dir, "--newest", "--max-age", "31h"]).0, 0);
    assert_eq!(report(&["--dir", dir, "--newest", "--max-age", "2d"]).0, 0);
    let (code, found) = report(&["--dir", dir, "--newest", "--max-age", "29h"]);
    let why = found["findings"][0]["why"].as_str().unwrap();
    assert!(code == 1 && why.starts_with("the newest backup is too old: 30h"), "{why}");
    assert_eq!(found["backups"][0]["verdict"], "verified", "it was looked at all the same");
    let (_, text, _) = run(&["--dir", dir, "--newest", "--max-age", "1h", "--level", "file"]);
    assert!(text.contains("\nbad: ") && text.contains("too old"), "{text}");
    let new_name = new.to_str().unwrap();
    assert_eq!(report(&[new_name, "--max-age", "29h"]).0, 1);
    assert_eq!(report(&[new_name, "--max-age", "31h"]).0, 0);

    // A clock that is wrong proves nothing.
    age(&new, -100);
    assert_eq!(report(&[new_name, "--max-age", "29h"]).0, 3);
    let output =
        corpus::run(Path::new(PROGRAM), &["-", "--max-age", "1h", "--level", "file"], GOOD.as_bytes());
    assert_eq!(output.status.code(), Some(3), "nobody knows the age of a stream");
    for wrong in [&["--newest"][..], &["--max-age", "7"], &["--dir", dir], &["--max-age", "-1h"]] {
        assert_eq!(run(&[&[new_name], wrong].concat()).0, 2, "{wrong:?}");
    }
}

#[test]
fn an_archive_knows_its_own_time() {
    let Some(programs) = Programs::find_optional().unwrap() else {
        eprintln!("skipped: no PostgreSQL server programs");
        return;
    };
    let cluster = Cluster::start(&programs).unwrap();
    cluster.create_database("shop").unwrap();
    cluster.psql_script("shop", b"CREATE TABLE t AS SELECT 1 AS x").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let dir = at.to_str().unwrap();
    fs::write(at.join("plain.sql"), GOOD).unwrap();
    age(&at.join("plain.sql"), 48);
    for (format, name) in [("-Fc", "custom.backup"), ("-Fd", "directory"), ("-Ft", "tar.tar")] {
        let path = at.join(name);
        cluster.pg_dump("shop", &[format, "-f", path.to_str().unwrap()]).unwrap();
        // As a copy that does not keep times has it, or one that was touched.
        age(&path, 300);
        let (code, found) = report(&["--dir", dir, "--newest", "--max-age", "26h"]);
        assert_eq!((code, backups(&found)), (0, pairs(&[(name, "verified")])), "{found:#}");
        assert_eq!(found["backups"][0]["taken"]["by"], "archive");
    }
    assert_eq!(backups(&report(&["--dir", dir]).1).len(), 4);
}
