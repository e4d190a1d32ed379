//! Dumps that want more than to be restored: whatever they try, nothing outside of the scratch server is touched or read,
//! and there is a verdict.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    missing_docs,
    reason = "a test that cannot go on panics, and says why it is skipped"
)]

#[path = "verify_hostile/archives.rs"]
mod archives;
#[path = "verify_hostile/scripts.rs"]
mod scripts;
#[path = "verify_hostile/superuser.rs"]
mod superuser;

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use scratch::{Cluster, Programs};
use serde_json::Value;

/// What is in the file that no dump may read.
const SECRET: &str = "canary-4711-secret";

/// How many dumps share a run.
const RUN: usize = 12;

/// How long a run may take on a busy machine.
const LIMIT: Duration = Duration::from_secs(300);

/// What one hostile dump should come to.
pub struct Case {
    pub name: String,
    pub backup: PathBuf,
    /// The exit codes that are right.
    pub codes: &'static [i32],
    /// What the report says, whatever else.
    pub says: &'static str,
    pub arguments: &'static [&'static str],
}

/// What is watched while dumps are restored.
pub struct Canaries {
    _folder: tempfile::TempDir,
    /// A file that everybody may read and write.
    pub file: PathBuf,
    /// A file that is not there.
    pub new: PathBuf,
    tcp: TcpListener,
}

impl Canaries {
    fn new() -> Canaries {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
        let file = folder.path().join("canary");
        fs::write(&file, SECRET).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o666)).unwrap();
        let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
        tcp.set_nonblocking(true).unwrap();
        Canaries { new: folder.path().join("new"), file, tcp, _folder: folder }
    }

    pub fn port(&self) -> u16 {
        self.tcp.local_addr().unwrap().port()
    }

    fn assert_untouched(&self, by: &str) {
        assert_eq!(fs::read_to_string(&self.file).unwrap(), SECRET, "{by}: wrote");
        let folder = self.file.parent().unwrap();
        assert_eq!(fs::read_dir(folder).unwrap().count(), 1, "{by}: made a file");
        assert!(self.tcp.accept().is_err(), "{by}: connected");
    }
}

/// Runs the program on several dumps; returns what is wrong with the outcomes.
fn verify(cases: &[&Case], number: usize, folder: &Path) -> Vec<String> {
    let (output, report) =
        (folder.join(format!("{number}.out")), folder.join(format!("{number}.report.json")));
    let file = fs::File::create(&output).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_pgdump-verify"));
    command.args(cases.iter().map(|case| &case.backup)).args(["--jobs", "1"]).args(cases[0].arguments);
    command.arg("--report").arg(&report).stdin(Stdio::null());
    let mut child = command.stdout(file.try_clone().unwrap()).stderr(file).spawn().unwrap();
    let begin = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if begin.elapsed() > LIMIT {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("{}: hangs: {}", cases[0].name, fs::read_to_string(&output).unwrap());
        }
        thread::sleep(Duration::from_millis(20));
    }
    let bytes = fs::read(&output).unwrap();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let mut wrong = Vec::new();
    if text.contains(SECRET) || text.contains("root:x:0") {
        wrong.push(format!("read what it may not: {text}"));
    }
    if text.chars().any(|char| char.is_control() && char != '\n') {
        wrong.push(format!("control characters reach the terminal: {text}"));
    }
    let report: Value = serde_json::from_slice(&fs::read(&report).unwrap()).unwrap();
    let backups = report["backups"].as_array().unwrap();
    assert_eq!(backups.len(), cases.len(), "{text}");
    for (case, backup) in cases.iter().zip(backups) {
        let code = match backup["verdict"].as_str().unwrap() {
            "verified" => 0,
            "bad" => 1,
            "trouble" => 2,
            "unclear" => 3,
            other => panic!("{}: {other}", case.name),
        };
        if !case.codes.contains(&code) {
            wrong.push(format!("{}: exit code {code}, not of {:?}:\n{backup:#}", case.name, case.codes));
        } else if backup.to_string().contains(superuser::WRONG) {
            wrong.push(format!("{}: became a superuser:\n{backup:#}", case.name));
        } else if !backup.to_string().contains(case.says) {
            wrong.push(format!("{}: does not say: {}:\n{backup:#}", case.name, case.says));
        }
    }
    wrong
}

#[test]
fn nothing_outside_is_touched_and_there_is_a_verdict() {
    let Some(programs) = Programs::find_optional().unwrap() else {
        return eprintln!("skipped: no PostgreSQL server programs");
    };
    let canaries = Canaries::new();
    let folder = tempfile::tempdir().unwrap();
    let mut cases = scripts::cases(folder.path(), &canaries);
    cases.extend(superuser::cases(folder.path()));
    {
        let cluster = Cluster::start(&programs).unwrap();
        cases.extend(archives::cases(folder.path(), &canaries, &cluster));
    }
    assert!(cases.len() >= 80, "{}", cases.len());
    // Several dumps share a run, which is quicker.
    let mut runs: Vec<Vec<&Case>> = Vec::new();
    for case in &cases {
        let fits = |run: &&mut Vec<&Case>| run.len() < RUN && run[0].arguments == case.arguments;
        match runs.iter_mut().find(fits) {
            Some(run) => run.push(case),
            None => runs.push(vec![case]),
        }
    }
    let wrong = Mutex::new(Vec::new());
    let queue = Mutex::new(runs.iter().enumerate());
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let Some((number, run)) = queue.lock().unwrap().next() else { return };
                    let found = verify(run, number, folder.path());
                    let names: Vec<&str> = run.iter().map(|case| case.name.as_str()).collect();
                    canaries.assert_untouched(&names.join(", "));
                    wrong.lock().unwrap().extend(found);
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n----\n"));
}
