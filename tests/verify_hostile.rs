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

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use scratch::{Cluster, Programs};

/// What is in the file that no dump may read.
const SECRET: &str = "canary-4711-secret";

/// How long a run may take on a busy machine.
const LIMIT: Duration = Duration::from_secs(120);

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

/// Runs the program to its end; returns the exit code and all it wrote.
fn verify(case: &Case, folder: &Path) -> (i32, String) {
    let output = folder.join(format!("{}.out", case.name.replace(' ', "_")));
    let file = fs::File::create(&output).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_pgdump-verify"));
    command.arg(&case.backup).args(["--jobs", "1"]).args(case.arguments).stdin(Stdio::null());
    let mut child = command.stdout(file.try_clone().unwrap()).stderr(file).spawn().unwrap();
    let begin = Instant::now();
    let status = loop {
        match child.try_wait().unwrap() {
            Some(status) => break status,
            None if begin.elapsed() > LIMIT => {
                child.kill().unwrap();
                child.wait().unwrap();
                panic!("{}: hangs: {}", case.name, fs::read_to_string(&output).unwrap());
            }
            None => thread::sleep(Duration::from_millis(20)),
        }
    };
    let bytes = fs::read(&output).unwrap();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    (status.code().unwrap_or_else(|| panic!("{}: {status}: {text}", case.name)), text)
}

#[test]
fn nothing_outside_is_touched_and_there_is_a_verdict() {
    let Some(programs) = Programs::find_optional().unwrap() else {
        return eprintln!("skipped: no PostgreSQL server programs");
    };
    let canaries = Canaries::new();
    let folder = tempfile::tempdir().unwrap();
    let mut cases = scripts::cases(folder.path(), &canaries);
    {
        let cluster = Cluster::start(&programs).unwrap();
        cases.extend(archives::cases(folder.path(), &canaries, &cluster));
    }
    assert!(cases.len() >= 30, "{}", cases.len());
    let wrong = Mutex::new(Vec::new());
    let queue = Mutex::new(cases.iter());
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let Some(case) = queue.lock().unwrap().next() else { return };
                    let (code, text) = verify(case, folder.path());
                    canaries.assert_untouched(&case.name);
                    let mut why = String::new();
                    if !case.codes.contains(&code) {
                        why = format!("exit code {code}, not of {:?}", case.codes);
                    } else if !text.contains(case.says) {
                        why = format!("does not say: {}", case.says);
                    } else if text.contains(SECRET) || text.contains("root:x:0") {
                        why = "read what it may not".to_owned();
                    } else if text.chars().any(|char| char.is_control() && char != '\n') {
                        why = "control characters reach the terminal".to_owned();
                    }
                    if !why.is_empty() {
                        wrong.lock().unwrap().push(format!("{}: {why}:\n{text}", case.name));
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n----\n"));
}
