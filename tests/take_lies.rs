//! `pgdump-take` and whatever goes wrong: nothing that is not a complete, proven backup ever has a backup's name.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    missing_docs,
    reason = "a test that cannot go on panics, and says why it is skipped"
)]

#[path = "take/source.rs"]
mod source;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use source::{PROGRAM, Source, complaints, path, verify};

/// The last argument, which is the file where pg_dump writes one itself.
const FILE: &str = "for FILE in \"$@\"; do :; done";

/// An account that may not do everything.
const NOBODY: u32 = 65534;

#[test]
fn a_pg_dump_that_lies_is_caught() {
    let Some(source) = Source::start() else { return };
    let plain: &[&str] = &["-Fp"];
    let content: &[&str] = &["-Fp", "--content"];
    let custom: &[&str] = &["-Fc"];
    let tar: &[&str] = &["-Ft"];
    let folder: &[&str] = &["-Fd"];
    let goods = "table shop.goods: expected 500 rows; actual";
    let cases: [(&str, &[&str], String, i32, &str); 22] = [
        ("drops a row", plain, "$REAL \"$@\" | sed '/^17\\t/d'".into(), 1, goods),
        ("doubles a row", plain, "$REAL \"$@\" | sed '/^17\\t/p'".into(), 1, goods),
        (
            "changes a row",
            content,
            "$REAL \"$@\" | sed 's/good.t17/GOOD\\\\t17/'".into(),
            1,
            "the content of the rows differs",
        ),
        ("ends early with 0", plain, "$REAL \"$@\" | head -c 9000".into(), 2, "truncated dump"),
        (
            "ends before its end with 0",
            plain,
            "$REAL \"$@\" | sed '/dump complete/,$d'".into(),
            2,
            "truncated dump",
        ),
        ("writes nothing", plain, "exit 0".into(), 2, "empty input"),
        ("is killed", plain, "$REAL \"$@\" | head -c 9000; kill -9 $$".into(), 2, "signal: 9"),
        ("fails at its end", plain, "$REAL \"$@\"; echo no luck >&2; exit 1".into(), 2, "no luck"),
        ("leaves a table out", plain, "$REAL \"$@\" -T shop.goods".into(), 1, goods),
        (
            "leaves an empty table out",
            plain,
            "$REAL \"$@\" -T shop.empty".into(),
            1,
            "table shop.empty: it is missing",
        ),
        (
            "leaves rows out",
            plain,
            "$REAL \"$@\" --exclude-table-data=shop.days_1".into(),
            1,
            "table shop.days_1: expected 60 rows; actual 0",
        ),
        (
            "sets a sequence wrong",
            plain,
            "$REAL \"$@\" | sed \"s/'shop.numbers', 2/'shop.numbers', 3/\"".into(),
            1,
            "value of sequence shop.numbers: expected 2, true; actual 3, true",
        ),
        (
            "leaves large objects out",
            plain,
            "$REAL \"$@\" -B".into(),
            1,
            "large objects: expected 2; actual 0",
        ),
        (
            "changes a large object",
            content,
            "$REAL \"$@\" | sed 's/x00ff5c27/x01ff5c27/'".into(),
            1,
            "large object 4242: the content differs",
        ),
        (
            "another encoding",
            plain,
            "$REAL \"$@\" --encoding=LATIN1".into(),
            1,
            "encoding: expected UTF8; actual LATIN1",
        ),
        ("leaves a table out", custom, "$REAL \"$@\" -T shop.goods".into(), 1, goods),
        ("leaves rows out", tar, "$REAL \"$@\" --exclude-table-data=shop.goods".into(), 1, goods),
        ("leaves rows out", folder, "$REAL \"$@\" --exclude-table-data=shop.goods".into(), 1, goods),
        ("is cut afterwards", custom, format!("{FILE}; $REAL \"$@\"; truncate -s -900 \"$FILE\""), 2, ""),
        (
            "is changed afterwards",
            custom,
            format!("{FILE}; $REAL \"$@\" -Z0; sleep 0.3; sed -i 's/good.t17/GOOD\\\\t17/' \"$FILE\""),
            2,
            "",
        ),
        (
            "loses a file",
            folder,
            format!("{FILE}; $REAL \"$@\"; rm \"$(ls -S \"$FILE\"/*.dat.gz | head -1)\""),
            2,
            "missing",
        ),
        ("fills nothing", custom, format!("{FILE}; exit 0"), 2, ""),
    ];
    for (what, arguments, script, expected, says) in cases {
        let (code, result, stderr) = source.take_by(&script, arguments);
        assert_eq!(code, expected, "{what}: {arguments:?}: {result:#}{stderr}");
        assert!(complaints(&result).contains(says), "{what}: {arguments:?}: {result:#}");
        source.assert_nothing_taken(what);
    }
    // The same by the real one.
    let (code, result, _) = source.take_by("exec $REAL \"$@\"", content);
    assert_eq!(code, 0, "{result:#}");
}

#[test]
fn nobody_empties_or_drops_a_table_meanwhile() {
    let Some(source) = Source::start() else { return };
    let psql = source.cluster.programs().program("psql");
    let host = source.cluster.socket_dir();
    let sql = |sql: &str| {
        format!(
            "{} -h '{}' -p {} -U postgres -d shop -c \"SET lock_timeout = 200\" -c '{sql}' > /dev/null 2>&1 && touch \"$0.did\"",
            psql.display(),
            host.display(),
            source.cluster.port()
        )
    };
    let did = source.folder.path().join("liar/pg_dump.did");
    for statement in
        ["TRUNCATE shop.goods", "DROP TABLE shop.goods", "ALTER TABLE shop.goods ALTER id TYPE bigint"]
    {
        let script = format!("{}\nexec $REAL \"$@\"", sql(statement));
        let (code, result, stderr) = source.take_by(&script, &["-Fc", "--content"]);
        assert_eq!((code, did.exists()), (0, false), "{statement}: {result:#}{stderr}");
        assert_eq!(verify(&path(&result), &["--level", "file"]).0, 0, "{statement}");
    }
    // What is written meanwhile is no part of the snapshot.
    let script = format!("{}\nexec $REAL \"$@\"", sql("DELETE FROM shop.goods"));
    let (code, result, stderr) = source.take_by(&script, &["-Fc", "--content"]);
    assert_eq!((code, did.exists()), (0, true), "{result:#}{stderr}");
    assert_eq!(result["backups"][0]["rows"], 500 + 2 + 1 + 120 + 1 + 1, "{result:#}");
    // Emptied and filled again and again: no moment has no rows, whatever pg_dump and others read in a snapshot that is
    // older than a `TRUNCATE`.
    thread::scope(|scope| {
        let busy = scope.spawn(|| {
            let end = Instant::now() + Duration::from_secs(6);
            while Instant::now() < end {
                source.psql("BEGIN; TRUNCATE shop.goods; INSERT INTO shop.goods SELECT n, 'x' FROM generate_series(1, 100) n; COMMIT");
                thread::sleep(Duration::from_millis(300));
            }
        });
        while !busy.is_finished() {
            let (code, result, stderr) = source.take(&["-Fc", "-t", "shop.goods"]);
            let rows = result["backups"][0]["rows"].as_u64();
            assert!(code == 0 && [Some(100), Some(500)].contains(&rows), "{result:#}{stderr}");
            assert_eq!(verify(&path(&result), &["--level", "file"]).0, 0);
        }
    });
}

#[test]
fn a_server_that_goes_away_leaves_no_backup() {
    let Some(source) = Source::start() else { return };
    let stop = "sleep 0.2; kill -9 $PPID_OF_SERVER";
    let pid = source.psql("SELECT pg_catalog.pg_read_file('postmaster.pid')");
    let script = stop.replace("$PPID_OF_SERVER", pid.lines().next().unwrap());
    let (code, result, stderr) = source.take_by(&format!("{script}\nsleep 0.2\nexec $REAL \"$@\""), &["-Fc"]);
    assert_eq!(code, 2, "{result:#}{stderr}");
    source.assert_nothing_taken("server gone");
}

#[test]
fn two_runs_do_not_meet() {
    let Some(source) = Source::start() else { return };
    let folder = source.liar("sleep 8; exec $REAL \"$@\"");
    let mut first = source.command(&["-Fc"]);
    let mut first = first.env("PGDUMPKIT_PG_BINDIR", folder).stdout(Stdio::null()).spawn().unwrap();
    let partial = || source.names().iter().any(|name| name.ends_with(".partial"));
    while !partial() {
        thread::sleep(Duration::from_millis(10));
    }
    let begin = Instant::now();
    let (code, result, stderr) = source.take(&["-Fc"]);
    assert_eq!((code, stderr.as_str()), (4, ""), "{result:#}");
    assert!(begin.elapsed() < Duration::from_secs(5));
    assert_eq!(result["backups"][0]["outcome"], "busy");
    // Another target is none of its business.
    source.cluster.create_database("other").unwrap();
    assert_eq!(source.take(&["-Fc", "-d", "other"]).0, 0);
    assert!(first.wait().unwrap().success());
    assert_eq!(source.take(&["-Fc"]).0, 0);
}

#[test]
fn whoever_is_told_of_the_end_is_told_of_a_signal() {
    let Some(source) = Source::start() else { return };
    let folder = source.liar("sleep 60; exec $REAL \"$@\"");
    let place = |name: &str| source.folder.path().join(name);
    fs::write(place("take.prom"), "pgdumpkit_take_success{target=\"shop\"} 1\n").unwrap();
    fs::write(place("alarm"), format!("#!/bin/sh\ncat > {}\n", place("told").display())).unwrap();
    fs::set_permissions(place("alarm"), fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = source.command(&["-Fc", "--json"]);
    command.arg("--prom").arg(place("take.prom")).arg("--on-failure").arg(place("alarm"));
    command.env("PGDUMPKIT_PG_BINDIR", folder).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    while !source.names().iter().any(|name| name.ends_with(".partial")) {
        thread::sleep(Duration::from_millis(10));
    }
    let begin = Instant::now();
    let process = nix::unistd::Pid::from_raw(child.id().try_into().unwrap());
    nix::sys::signal::kill(process, nix::sys::signal::Signal::SIGTERM).unwrap();
    let mut page = String::new();
    std::io::Read::read_to_string(&mut child.stdout.take().unwrap(), &mut page).unwrap();
    assert_eq!(child.wait().unwrap().signal(), Some(15));
    assert!(begin.elapsed() < Duration::from_secs(10));
    for text in [page, fs::read_to_string(place("told")).unwrap()] {
        let result: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(result["outcome"], "trouble");
        assert_eq!(result["backups"][0]["trouble"], "stopped by signal SIGTERM");
    }
    let metrics = fs::read_to_string(place("take.prom")).unwrap();
    assert!(metrics.contains("pgdumpkit_take_success{target=\"shop\"} 0\n"), "{metrics}");
    source.assert_nothing_taken("stopped");
}

#[test]
fn killed_runs_leave_nothing_that_the_next_does_not_clear() {
    let Some(source) = Source::start() else { return };
    source.psql("INSERT INTO shop.goods SELECT n, repeat('x', 200) FROM generate_series(1000, 60000) n");
    let foreign = [".hidden", "notes.txt", "shop.dump", "shop-20200101T000000Z.dump"];
    for name in foreign {
        fs::write(source.backups().join(name), "not ours").unwrap();
    }
    for (number, format) in ["-Fp", "-Fc", "-Ft", "-Fd"].iter().cycle().take(16).enumerate() {
        // One that is ended at once may not have come to clearing what the one before left.
        let before = source.names();
        let mut command = source.command(&[format, "--content"]);
        let mut child = command.process_group(0).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        thread::sleep(Duration::from_millis(60 + 40 * number as u64));
        let group = nix::unistd::Pid::from_raw(child.id().try_into().unwrap());
        // Alone, or with its pg_dump; every other time by a signal that it can obey.
        let signal = if number % 2 == 0 { nix::sys::signal::SIGKILL } else { nix::sys::signal::SIGTERM };
        nix::sys::signal::kill(group, signal).unwrap();
        let ended = child.wait().unwrap();
        let names = source.names();
        for name in names.iter().filter(|name| !before.contains(name)) {
            let partial = name.ends_with(".partial");
            assert!(!partial || signal == nix::sys::signal::SIGKILL, "{ended}: {names:?}");
            if !partial && !name.ends_with(".json") {
                assert_eq!(verify(&source.backups().join(name), &["--level", "file"]).0, 0, "{name}");
            }
        }
    }
    let (code, result, stderr) = source.take(&["-Fc"]);
    assert_eq!(code, 0, "{result:#}{stderr}");
    assert!(!source.names().iter().any(|name| name.ends_with(".partial")), "{:?}", source.names());
    for name in foreign {
        assert_eq!(fs::read_to_string(source.backups().join(name)).unwrap(), "not ours");
    }
}

#[test]
fn a_full_disk_is_told_and_cleared() {
    let Some(source) = Source::start() else { return };
    let mounted =
        Command::new("mount").args(["-t", "tmpfs", "-o", "size=512k", "none"]).arg(source.backups()).output();
    if !mounted.is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: no disk can be mounted");
        return;
    }
    source.psql("INSERT INTO shop.paws SELECT md5(n::text) FROM generate_series(1, 40000) n");
    for format in ["-Fp", "-Fc", "-Ft", "-Fd"] {
        let (code, result, stderr) = source.take(&[format]);
        let left = source.names();
        assert!(code == 2 && left.is_empty(), "{format}: {result:#}{stderr}{left:?}");
        let why = complaints(&result);
        assert!(why.contains("No space left") || why.contains("no room"), "{format}: {why}");
    }
    assert!(Command::new("umount").arg(source.backups()).status().unwrap().success());
}

#[test]
fn a_folder_that_may_not_be_written_to_is_told() {
    let Some(source) = Source::start() else { return };
    let as_nobody = |command: &mut Command| command.uid(NOBODY).gid(NOBODY).output().unwrap();
    if source.cluster.superuser().is_empty() || !nix::unistd::geteuid().is_root() {
        eprintln!("skipped: only root can be somebody else");
        return;
    }
    // Copied by a child: open here for writing, it could not be run while another test starts a program.
    let copy = source.folder.path().join("program");
    assert!(Command::new("cp").arg(PROGRAM).arg(&copy).status().unwrap().success());
    fs::set_permissions(source.folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = Command::new(&copy);
    command.args(["-Fc", "-d", "shop", "-U", "postgres", "--dir"]).arg(source.backups());
    command.env("PGHOST", source.cluster.socket_dir()).env("PGPORT", source.cluster.port().to_string());
    let output = as_nobody(&mut command);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(2) && stderr.contains("ermission denied"), "{stderr}");
    source.assert_nothing_taken("read-only folder");
}

#[test]
fn no_password_is_seen() {
    let Some(source) = Source::start() else { return };
    source.psql("CREATE ROLE reader SUPERUSER LOGIN PASSWORD 'hush-4711'");
    let hba = source.cluster.psql("postgres", "SHOW hba_file").unwrap();
    fs::write(hba.trim_end(), "local all postgres trust\nlocal all all scram-sha-256\n").unwrap();
    source.psql("SELECT pg_reload_conf()");
    let seen = source.folder.path().join("seen");
    let script = format!("ps axww -o args >> '{}'\nexec $REAL \"$@\"", seen.display());
    let host = source.cluster.socket_dir().to_str().unwrap().replace('/', "%2F");
    let port = source.cluster.port();
    let url = format!("postgresql://reader:hush-4711@{host}:{port}/shop");
    let string = format!(
        "host={} port={port} user=reader password='hush-4711' dbname=shop",
        source.cluster.socket_dir().display()
    );
    for (number, written) in [url, string].iter().enumerate() {
        let mut command = source.command(&["--content", "--json", "-d", written]);
        command.arg("--prom").arg(source.folder.path().join("prom"));
        let output = command.env("PGDUMPKIT_PG_BINDIR", source.liar(&script)).output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&text);
        assert!(output.status.success(), "{text}");
        let listed = fs::read_to_string(&seen).unwrap();
        // Our own command line is as it was typed; that of pg_dump is ours.
        let told = listed.lines().filter(|line| line.contains("--snapshot="));
        assert!(told.clone().count() > number && told.clone().all(|line| !line.contains("hush")), "{listed}");
        assert!(!text.contains("hush-4711"), "{text}");
    }
    for name in source.names() {
        let text = fs::read(source.backups().join(&name)).unwrap();
        let found = memchr::memmem::find(&text, b"hush-4711");
        assert!(found.is_none(), "{name}");
    }
    // Without a password and without a terminal there is nobody to ask.
    let wrong = source.command(&["-w", "-U", "reader"]).output().unwrap();
    assert_eq!(wrong.status.code(), Some(2));
}
