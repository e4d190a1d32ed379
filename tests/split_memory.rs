//! `pgdump-split --data` needs little memory and few open files, however much data there is.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    missing_docs,
    reason = "a test that cannot go on panics, and says why it is skipped"
)]

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::Command;

const PROGRAM: &str = env!("CARGO_BIN_EXE_pgdump-split");

/// Writes a dump of tables with rows of about 200 bytes, the keys in no order.
fn write_dump(path: &Path, tables: usize, rows: usize) {
    let mut out = BufWriter::new(File::create(path).unwrap());
    let text = "x".repeat(190);
    for table in 0..tables {
        writeln!(out, "CREATE TABLE public.t{table} (id integer NOT NULL, v text);").unwrap();
        writeln!(out, "COPY public.t{table} (id, v) FROM stdin;").unwrap();
        for row in 0..rows {
            writeln!(out, "{}\t{text}", row * 7919 % rows).unwrap();
        }
        writeln!(out, "\\.\n\nALTER TABLE ONLY public.t{table} ADD CONSTRAINT p{table} PRIMARY KEY (id);")
            .unwrap();
    }
    out.flush().unwrap();
}

/// Runs a shell command with the program as `$0`, the dump as `$1` and the tree as `$2`.
fn split(command: &str, dump: &Path, tree: &Path) {
    let output = Command::new("sh").args(["-c", command, PROGRAM]).arg(dump).arg(tree).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn many_tables_with_rows_need_few_open_files() {
    let folder = tempfile::tempdir().unwrap();
    let (dump, tree) = (folder.path().join("dump.sql"), folder.path().join("tree"));
    write_dump(&dump, 100, 1500);
    split("ulimit -n 64 && exec \"$0\" \"$1\" --out \"$2\" --data '*'", &dump, &tree);
    let last = fs::read_to_string(tree.join("data/public/t99.copy")).unwrap();
    assert!(last.contains("FROM stdin;\n0\tx") && last.contains("x\n1499\tx"));
    assert_eq!(last.lines().count(), 1504);
}

/// The program's own memory at its highest, which its children inherit from nobody, is asked of the system.
#[cfg(target_os = "linux")]
#[test]
fn rows_that_are_larger_than_memory_are_sorted() {
    const LIMIT: i64 = 64 * 1024;
    let folder = tempfile::tempdir().unwrap();
    let (dump, tree) = (folder.path().join("dump.sql"), folder.path().join("tree"));
    write_dump(&dump, 1, 700_000);
    let bytes = fs::metadata(&dump).unwrap().len();
    assert!(bytes > 2 * 1024 * LIMIT.unsigned_abs(), "{bytes}");
    split("exec \"$0\" \"$1\" --out \"$2\" --data '*'", &dump, &tree);
    assert_eq!(fs::metadata(tree.join("data/public/t0.copy")).unwrap().len() / 1_000_000, bytes / 1_000_000);
    // Of all children that this program waited for, in KiB.
    let usage = nix::sys::resource::getrusage(nix::sys::resource::UsageWho::RUSAGE_CHILDREN).unwrap();
    assert!(usage.max_rss() < LIMIT, "{} KiB", usage.max_rss());
}
