//! A few kilobytes of gzip that unpack to hundreds of megabytes: little memory, and a verdict.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test that cannot go on panics")]
#![cfg(target_os = "linux")]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const PROGRAM: &str = env!("CARGO_BIN_EXE_pgdump-verify");
/// KiB that the program may take.
const MEMORY: i64 = 300 * 1024;
/// Bytes that a bomb unpacks to, nearly.
const LEN: usize = 320 << 20;

fn packed(text: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

/// Packs a text of which all but its beginning and its end is the same again and again.
fn bomb(folder: &Path, name: &str, begin: &[u8], again: &[u8], end: &[u8]) -> PathBuf {
    let middle = packed(&again.repeat((8 << 20) / again.len()));
    // Members of a gzip file, one behind the other.
    let bytes = [packed(begin), middle.repeat(LEN / (8 << 20)), packed(end)].concat();
    assert!(bytes.len() < LEN / 250, "{name}: {}", bytes.len());
    let path = folder.join(format!("{name}.sql.gz"));
    fs::write(&path, bytes).unwrap();
    path
}

/// The exit code of verifying a backup as a file, and what is said of it.
fn verify(path: &Path) -> (Option<i32>, String) {
    let mut command = Command::new(PROGRAM);
    let output = command.args(["--level", "file"]).arg(path).stdin(Stdio::null()).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    // Of all children that this program waited for.
    let usage = nix::sys::resource::getrusage(nix::sys::resource::UsageWho::RUSAGE_CHILDREN).unwrap();
    assert!(usage.max_rss() < MEMORY, "{}: {} KiB", path.display(), usage.max_rss());
    (output.status.code(), String::from_utf8_lossy(&said).into_owned())
}

#[test]
fn what_would_have_to_be_kept_is_trouble() {
    let folder = tempfile::tempdir().unwrap();
    let table = &b"CREATE TABLE public.t (a integer);\n"[..];
    for (name, begin, again, end) in [
        ("literal", &b"SELECT '"[..], &b"x"[..], &b"';\n"[..]),
        ("body", b"DO $$", b"x", b"$$;\n"),
        ("name", b"CREATE TABLE \"", b"x", b"\" (a integer);\n"),
        ("word", b"SELECT ", b"x", b";\n"),
        ("parentheses", b"SELECT ", b"(", b";\n"),
        ("blanks", b"SELECT ", b" ", b"1;\n"),
        ("comment", b"SELECT /* ", b"x", b"*/ 1;\n"),
        ("command", b"\\echo ", b"x", b"\n"),
        ("connects", b"", b"\\connect a\n", b""),
        ("selects", b"", b"SELECT 1;\n", b""),
        ("semicolons", b"", b";", b""),
        ("tables", b"", table, b""),
        ("values", b"", b"SELECT pg_catalog.setval('public.s', 1, true);\n", b""),
        ("insert", &[table, b"INSERT INTO public.t VALUES "].concat(), b"(1),", b"(1);\n"),
        (
            "trailer",
            b"-- PostgreSQL database dump\n-- PostgreSQL database dump complete\n",
            b"SELECT 1;\n",
            b"",
        ),
        ("copies", b"", b"COPY public.t (a) FROM stdin;\n1\n\\.\nSELECT 1;\n", b""),
    ] {
        let (code, said) = verify(&bomb(folder.path(), name, begin, again, end));
        assert!(code == Some(2) && said.contains("unpack it first"), "{name}: {code:?} {said}");
    }
}

#[test]
fn reading_has_a_limit_of_time() {
    let folder = tempfile::tempdir().unwrap();
    let copy = &b"CREATE TABLE public.t (a text);\nCOPY public.t (a) FROM stdin;\n"[..];
    let row = [&[b'x'; 7][..], b"\n"].concat();
    let middle = packed(&row.repeat(1 << 20));
    let path = folder.path().join("long.sql.gz");
    // 16 GB, which nobody reads in a second.
    fs::write(&path, [packed(copy), middle.repeat(2000), packed(b"\\.\n")].concat()).unwrap();
    let fifo = folder.path().join("nobody.sql");
    nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).unwrap();
    // Somebody holds it open, and nothing comes.
    let _held = fs::File::options().read(true).write(true).open(&fifo).unwrap();
    for path in [&path, &fifo] {
        let begin = std::time::Instant::now();
        let mut command = Command::new(PROGRAM);
        command.args(["--timeout", "1", "--level", "file"]).arg(path).stdin(Stdio::null());
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(begin.elapsed() < std::time::Duration::from_secs(10), "{said}");
        assert_eq!(output.status.code(), Some(3), "{said}");
        assert!(said.contains("unclear: backup: the time limit was reached (`--timeout`)"), "{said}");
        assert!(!said.contains("bad"), "{said}");
    }
}

#[test]
fn what_flows_past_is_judged() {
    let folder = tempfile::tempdir().unwrap();
    let copy = &b"CREATE TABLE public.t (a text);\nCOPY public.t (a) FROM stdin;\n"[..];
    let end = &b"\\.\n"[..];
    for (name, begin, again, end) in [
        ("line", &b"-- "[..], &b"x"[..], &b"\nCREATE TABLE public.t (a text);\n"[..]),
        ("block", b"/* ", b"x", b"*/ CREATE TABLE public.t (a text);\n"),
        ("space", b"CREATE TABLE public.t (a text);\n", b" ", b"\n"),
        ("rows", copy, &[&[b'x'; 511][..], b"\n"].concat(), end),
    ] {
        let (code, said) = verify(&bomb(folder.path(), name, begin, again, end));
        assert!(code == Some(0), "{name}: {code:?} {said}");
    }
}
