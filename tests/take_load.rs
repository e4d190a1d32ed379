//! `pgdump-take` of a database that is written to all the time: what the manifest says is what the dump holds, and what
//! `pgdump-verify` restores.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    missing_docs,
    reason = "a test that cannot go on panics, and says why it is skipped"
)]

#[path = "take/source.rs"]
mod source;

use std::process::Stdio;

use source::{Source, path, verify};

/// How many backups are taken one after the other; `PGDUMPKIT_TAKE_BACKUPS` is another number.
const BACKUPS: usize = 5;

/// Transactions a second: as many as there can be would make the last of many backups ten times as long as the first.
const RATE: &str = "300";

#[test]
fn every_backup_under_load_is_proven() {
    let Some(source) = Source::start() else { return };
    let pgbench = |arguments: &[&str]| {
        let mut command = source.cluster.command("pgbench");
        command.args(arguments).arg("shop").stdout(Stdio::null()).stderr(Stdio::null());
        command
    };
    assert!(pgbench(&["-i", "-q", "-s", "1"]).status().unwrap().success());
    let mut load = pgbench(&["-n", "-c", "4", "-R", RATE, "-T", "86400"]).spawn().unwrap();
    let number = std::env::var("PGDUMPKIT_TAKE_BACKUPS").ok().and_then(|number| number.parse().ok());
    let formats: [&[&str]; 5] = [&["-Fc"], &["-Fp"], &["-Fd", "-j2"], &["-Ft"], &["-Zzstd"]];
    let mut wrong = Vec::new();
    let mut last = 0;
    for at in 0..number.unwrap_or(BACKUPS) {
        let content: &[&str] = if at % 2 == 0 { &["--content"] } else { &[] };
        let arguments = [formats[at % formats.len()], content, &["--keep-last", "2"]].concat();
        let (code, result, stderr) = source.take(&arguments);
        if code != 0 {
            wrong.push(format!("{at}: {arguments:?}: {code}: {result:#}{stderr}"));
            continue;
        }
        let rows = result["backups"][0]["rows"].as_u64().unwrap();
        assert!(rows >= last, "{at}: {rows} rows after {last}");
        last = rows;
        let (code, text) = verify(&path(&result), &[]);
        if code != 0 {
            wrong.push(format!("{at}: {arguments:?}: {code}: {text}"));
        }
        if at % 10 == 9 {
            eprintln!("{} backups, of {rows} rows the last; wrong: {}", at + 1, wrong.len());
        }
    }
    load.kill().unwrap();
    load.wait().unwrap();
    assert!(last > 101_000, "nothing was written meanwhile: {last} rows");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let kept = source.names().into_iter().filter(|name| !name.ends_with(".json")).count();
    assert_eq!(kept, 2);
}
