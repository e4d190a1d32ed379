//! What is left of `pgdump-verify` however it ends: nothing, at the latest after the next run.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    missing_docs,
    reason = "a test that cannot go on panics, and says why it is skipped"
)]

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use scratch::Programs;

const PROGRAM: &str = env!("CARGO_BIN_EXE_pgdump-verify");

/// Rows for a second or so, and a pause at the end, which no real dump makes.
fn dump(sleep: u32) -> String {
    let pause = if sleep > 0 { format!("SELECT pg_catalog.pg_sleep({sleep});\n") } else { String::new() };
    let rows: String = (0..20_000).map(|n| format!("{n}\tsome text\n")).collect();
    format!(
        "CREATE TABLE public.t (x integer, y text);\nCOPY public.t (x, y) FROM stdin;\n{rows}\\.\n\
         CREATE INDEX t_x ON public.t USING btree (x);\n{pause}\
         -- PostgreSQL database dump complete\n"
    )
}

struct Place {
    temp: tempfile::TempDir,
    backup: PathBuf,
}

impl Place {
    fn new(sleep: u32) -> Option<Place> {
        if Programs::find_optional().unwrap().is_none() {
            eprintln!("skipped: no PostgreSQL server programs");
            return None;
        }
        let temp = tempfile::tempdir().unwrap();
        // The server's account passes through.
        fs::set_permissions(temp.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let backup = temp.path().join("dump.sql");
        fs::write(&backup, dump(sleep)).unwrap();
        Some(Place { temp, backup })
    }

    fn command(&self) -> Command {
        let mut command = Command::new(PROGRAM);
        command.env("TMPDIR", self.temp.path()).stdin(Stdio::null());
        command
    }

    fn start(&self) -> Child {
        let mut command = self.command();
        command.arg(&self.backup).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    fn reap(&self) -> String {
        let output = self.command().arg("--reap").output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn folders(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.temp.path()).unwrap().flatten().map(|entry| entry.path());
        entries.filter(|path| *path != self.backup).collect()
    }

    /// The processes whose command line names our place.
    fn processes(&self) -> Vec<String> {
        let place = self.temp.path().to_str().unwrap();
        let entries = fs::read_dir("/proc").unwrap().flatten();
        let lines = entries.filter_map(|entry| fs::read(entry.path().join("cmdline")).ok());
        let lines = lines.map(|line| String::from_utf8_lossy(&line).replace('\0', " "));
        lines.filter(|line| line.contains(place)).collect()
    }

    fn wait_for_server(&self) {
        let begin = Instant::now();
        while !self.processes().iter().any(|line| line.contains("postgres -D")) {
            assert!(begin.elapsed() < Duration::from_secs(60));
            thread::sleep(Duration::from_millis(10));
        }
    }

    fn assert_gone_within(&self, limit: Duration, what: &str) {
        let begin = Instant::now();
        while !self.processes().is_empty() || !self.folders().is_empty() {
            let left = (self.processes(), self.folders());
            assert!(begin.elapsed() < limit, "{what}: {left:?}");
            thread::sleep(Duration::from_millis(20));
        }
    }
}

fn signal(child: &Child, signal: &str) {
    let status = Command::new("kill").args([&format!("-{signal}"), &child.id().to_string()]).status();
    assert!(status.unwrap().success());
}

/// The number of the one process of a name that our own child started.
fn started_by(child: &Child, name: &str) -> String {
    let found = Command::new("pgrep").args(["-P", &child.id().to_string(), "-x", name]).output().unwrap();
    let number = String::from_utf8(found.stdout).unwrap().trim().to_owned();
    assert!(number.parse::<u32>().is_ok(), "{name}: {number:?}");
    number
}

/// The signals that this process was started to ignore, as those of Ctrl-C by a shell in the background, one bit each.
fn ignored() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).unwrap();
    u64::from_str_radix(mask.trim(), 16).unwrap()
}

fn kill(number: &str) {
    assert!(Command::new("kill").args(["-KILL", number]).status().unwrap().success());
}

#[test]
fn signals_leave_nothing_and_are_told() {
    let Some(place) = Place::new(600) else { return };
    for (name, number) in [("INT", 2), ("TERM", 15), ("HUP", 1)] {
        if ignored() & (1 << (number - 1)) != 0 {
            eprintln!("skipped: SIG{name} is ignored here, and so by what is started here");
            continue;
        }
        let mut child = place.start();
        place.wait_for_server();
        signal(&child, name);
        let status = child.wait().unwrap();
        assert_eq!(status.signal(), Some(number), "{name}: {status}");
        // Not even the process that would clean up after us is waited for.
        assert_eq!(place.folders(), Vec::<PathBuf>::new(), "{name}");
        place.assert_gone_within(Duration::from_secs(10), name);
    }
}

#[test]
fn reports_tell_that_a_signal_ended_the_run() {
    if ignored() & (1 << 14) != 0 {
        eprintln!("skipped: SIGTERM is ignored here, and so by what is started here");
        return;
    }
    let Some(place) = Place::new(600) else { return };
    let reports = tempfile::tempdir().unwrap();
    let path = |name: &str| reports.path().join(name);
    for name in ["a.json", "a.prom", "a.xml", "a.html", "a.md"] {
        fs::write(path(name), "verified").unwrap();
    }
    let mut command = place.command();
    for name in ["a.json", "a.prom", "a.xml", "a.html", "a.md"] {
        command.arg("--report").arg(path(name));
    }
    command.arg("--json").arg(&place.backup).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    place.wait_for_server();
    signal(&child, "TERM");
    let mut page = String::new();
    std::io::Read::read_to_string(&mut child.stdout.take().unwrap(), &mut page).unwrap();
    assert_eq!(child.wait().unwrap().signal(), Some(15));
    for text in [page, fs::read_to_string(path("a.json")).unwrap()] {
        let report: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(report["verdict"], "trouble");
        assert_eq!(report["trouble"], "stopped by signal SIGTERM");
        assert_eq!(report["backups"][0]["verdict"], "trouble");
    }
    for name in ["a.prom", "a.xml", "a.html", "a.md"] {
        let text = fs::read_to_string(path(name)).unwrap();
        assert!(text != "verified" && !text.contains("verdict=\"verified\"} 1"), "{name}: {text}");
    }
    let metrics = fs::read_to_string(path("a.prom")).unwrap();
    assert!(metrics.contains("pgdumpkit_verify_exit_code 2"), "{metrics}");
    assert!(fs::read_to_string(path("a.xml")).unwrap().contains("stopped by signal SIGTERM"));
}

#[test]
fn a_killed_run_is_cleaned_up_after() {
    let Some(place) = Place::new(600) else { return };
    let mut child = place.start();
    place.wait_for_server();
    child.kill().unwrap();
    child.wait().unwrap();
    place.assert_gone_within(Duration::from_secs(10), "without another run");

    // Together with the process that would clean up.
    let mut child = place.start();
    place.wait_for_server();
    kill(&started_by(&child, "sh"));
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(place.folders().len(), 1);
    let told = place.reap();
    assert!(told.starts_with("removed: ") && told.lines().count() == 1, "{told}");
    place.assert_gone_within(Duration::from_secs(1), "after --reap");
    assert_eq!(place.reap(), "");
}

#[test]
fn only_what_is_ours_is_removed() {
    let Some(place) = Place::new(0) else { return };
    let mine = place.temp.path().join("pgdumpkit-1-notes");
    fs::create_dir(&mine).unwrap();
    fs::write(mine.join("owner.pid"), "my own notes\n").unwrap();
    let link = place.temp.path().join("pgdumpkit-2-link");
    std::os::unix::fs::symlink(&mine, &link).unwrap();
    let mut living = place.start();
    place.wait_for_server();
    assert_eq!(place.reap(), "");
    assert!(living.wait().unwrap().success());
    assert_eq!(place.folders().len(), 2);
}

#[test]
fn a_server_that_is_killed_is_quoted() {
    let Some(place) = Place::new(600) else { return };
    let child = place.command().arg(&place.backup).stdout(Stdio::piped()).spawn().unwrap();
    place.wait_for_server();
    // The server's process; what it started ends with it.
    let begin = Instant::now();
    while !place.processes().iter().any(|line| line.contains("SELECT"))
        && begin.elapsed() < Duration::from_secs(5)
    {
        thread::sleep(Duration::from_millis(50));
    }
    kill(&started_by(&child, "postgres"));
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(3), "{text}");
    assert!(text.contains("the end of its log: ") && text.contains("database system is ready"), "{text}");
    place.assert_gone_within(Duration::from_secs(10), "after a crash");
}

#[test]
fn killed_at_any_moment_nothing_stays() {
    let Some(place) = Place::new(0) else { return };
    let seed = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos() as u64;
    eprintln!("seed: {seed}");
    let mut state = seed | 1;
    let mut moment = || {
        // xorshift64
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        Duration::from_millis(state % 1600)
    };
    // Two at a time: each run clears up after those that were killed while the other lives.
    for round in 0..25 {
        let mut runs = [(moment(), place.start()), (moment(), place.start())];
        runs.sort_by_key(|(moment, _)| *moment);
        let begin = Instant::now();
        for (moment, child) in &mut runs {
            thread::sleep(moment.saturating_sub(begin.elapsed()));
            // It may have ended by itself.
            let _ = child.kill();
            child.wait().unwrap();
        }
        if round % 5 == 4 {
            place.reap();
        }
    }
    // A folder that nobody claimed yet is let be for a moment.
    thread::sleep(Duration::from_secs(3));
    let last = place.command().arg(&place.backup).output().unwrap();
    assert_eq!(last.status.code(), Some(0), "{}", String::from_utf8_lossy(&last.stdout));
    place.assert_gone_within(Duration::from_secs(10), &format!("seed {seed}"));
    assert!(Path::new(&place.backup).exists());
}
