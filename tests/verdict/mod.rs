//! Backups with what must be said of each, at every level and with one connection and several.
#![allow(dead_code, reason = "each test program uses its share")]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use scratch::Programs;

/// A backup, how `pgdump-verify` must end on it, and what it must say.
pub struct Case {
    /// What it is, which names its file as well.
    pub name: String,
    /// Where it is.
    pub backup: PathBuf,
    /// How the program must end at the levels that restore.
    pub code: i32,
    /// What must be said, word for word.
    pub says: Vec<String>,
    /// What must not be said.
    pub never: Vec<String>,
    /// The levels and the numbers of connections.
    pub runs: Vec<(&'static str, &'static str)>,
    /// More arguments.
    pub arguments: Vec<String>,
}

/// Both levels that restore, with one connection and several.
const RUNS: [(&str, &str); 2] = [("restore", "1"), ("full", "4")];

impl Case {
    /// A backup that lies somewhere.
    pub fn of(name: &str, backup: PathBuf, code: i32) -> Case {
        let (name, runs) = (name.to_owned(), RUNS.to_vec());
        Case { name, backup, code, says: Vec::new(), never: Vec::new(), runs, arguments: Vec::new() }
    }

    /// A plain dump with pg_dump's comments around it.
    pub fn plain(folder: &Path, name: &str, sql: &str, code: i32) -> Case {
        let text = format!(
            "--\n-- PostgreSQL database dump\n--\n\n{sql}\n\n--\n-- PostgreSQL database dump complete\n--\n\n"
        );
        Case::bytes(folder, name, text.as_bytes(), code)
    }

    /// A file that holds just these bytes.
    pub fn bytes(folder: &Path, name: &str, bytes: &[u8], code: i32) -> Case {
        let word = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
        let backup = folder.join(format!("{}.sql", name.chars().map(word).collect::<String>()));
        std::fs::write(&backup, bytes).unwrap();
        Case::of(name, backup, code)
    }

    /// Says so too.
    pub fn says(mut self, text: &str) -> Case {
        self.says.push(text.to_owned());
        self
    }

    /// Does not say so.
    pub fn never(mut self, text: &str) -> Case {
        self.never.push(text.to_owned());
        self
    }

    /// With one more argument.
    pub fn with(mut self, argument: &str) -> Case {
        self.arguments.push(argument.to_owned());
        self
    }

    /// At these levels, with so many connections.
    pub fn at(mut self, runs: &[(&'static str, &'static str)]) -> Case {
        self.runs = runs.to_vec();
        self
    }
}

/// The server's programs, without which a test is skipped and says so.
#[allow(clippy::print_stderr)]
pub fn programs() -> Option<Programs> {
    let programs = Programs::find_optional().unwrap();
    if programs.is_none() {
        eprintln!("skipped: no PostgreSQL server programs");
    }
    programs
}

/// Runs `pgdump-verify`, and returns how it ended and all that it said.
pub fn verify(arguments: &[&str]) -> (i32, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pgdump-verify"));
    let output = command.args(arguments).stdin(Stdio::null()).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap_or(-1), String::from_utf8_lossy(&text).into_owned())
}

/// Tries all cases, several at a time, and panics with all that went wrong.
///
/// Each is tried once, at one level after the other; with `PGDUMPKIT_VERDICTS=all` at each of its levels.
pub fn assert_all(cases: &[Case]) {
    assert!(!cases.is_empty());
    let wrong = Mutex::new(Vec::new());
    let next = AtomicUsize::new(0);
    let all = std::env::var_os("PGDUMPKIT_VERDICTS").is_some_and(|which| which == "all");
    let work = || {
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(case) = cases.get(at) else { break };
            let runs = if all { &case.runs[..] } else { &case.runs[at % case.runs.len()..][..1] };
            for (level, jobs) in runs {
                let backup = case.backup.to_str().unwrap();
                let mut arguments = vec![backup, "--level", level, "-j", jobs];
                arguments.extend(case.arguments.iter().map(String::as_str));
                let (code, text) = verify(&arguments);
                let silent = case.says.iter().find(|words| !text.contains(words.as_str()));
                let loud = case.never.iter().find(|words| text.contains(words.as_str()));
                if code != case.code || silent.is_some() || loud.is_some() {
                    wrong.lock().unwrap().push(format!(
                        "{} (--level {level} -j {jobs}): exit code {code}, not {}; not said: {silent:?}; said: {loud:?}\n{text}",
                        case.name, case.code
                    ));
                }
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(work);
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{} went wrong:\n{}", wrong.len(), wrong.join("\n----\n"));
}
