//! `cargo xtask test`.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::thread;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::{process, workspace};

/// Test programs that run at once. Each has a thread per processor, and most of them wait most of the time: for servers
/// that start, for processes that are to go.
const AT_ONCE: usize = 2;

/// Runs all tests, doc tests included, with a PostgreSQL server and Chromium at hand.
pub fn run() -> Result<()> {
    let programs = scratch::ensure()?;
    println!("PostgreSQL {} in {}", programs.major(), programs.bindir().display());
    let browser = scratch::Browser::ensure()?;
    println!("Chromium is {}", browser.program().display());
    let tests = build()?;
    let prepare = |command: &mut Command| {
        command.env("PGDUMPKIT_PG_BINDIR", programs.bindir());
        command.env("PGDUMPKIT_CHROMIUM", browser.program());
    };
    let failed = run_all(&tests, &prepare)?;
    let mut documentation = process::cargo();
    prepare(documentation.args(["test", "--workspace", "--doc", "--quiet"]));
    let documented = process::run(documentation.current_dir(workspace::root()));
    if !failed.is_empty() {
        bail!("test programs that failed: {}", failed.join(", "));
    }
    documented
}

/// Runs one test program at a size, which it reads from variables; what it keeps goes into a folder.
pub fn at_size(program: &str, prefix: &str, sizes: &[(&str, String)], keep: Option<&Path>) -> Result<()> {
    let programs = scratch::ensure()?;
    println!("PostgreSQL {} in {}", programs.major(), programs.bindir().display());
    let mut command = process::cargo();
    // Built as all tests are.
    command.args(["test", "--workspace", "--test", program, "--", "--nocapture"]);
    command.env("PGDUMPKIT_PG_BINDIR", programs.bindir());
    let variable = |name: &str| format!("PGDUMPKIT_{prefix}_{name}");
    command.envs(sizes.iter().map(|(name, value)| (variable(name), value)));
    if let Some(folder) = keep {
        std::fs::create_dir_all(folder)?;
        command.env(variable("KEEP"), std::path::absolute(folder)?);
    }
    process::run(command.current_dir(workspace::root()))
}

/// A program of tests.
struct Test {
    name: String,
    program: PathBuf,
    /// The folder of its package, in which cargo would run it.
    folder: PathBuf,
}

/// Builds all test programs, and lists them.
fn build() -> Result<Vec<Test>> {
    let mut command = process::cargo();
    command.args(["test", "--workspace", "--no-run", "--message-format=json-render-diagnostics"]);
    command.current_dir(workspace::root()).stdin(Stdio::null()).stderr(Stdio::inherit());
    let output = command.output().context("cannot run cargo")?;
    if !output.status.success() {
        bail!("the tests do not build: {}", output.status);
    }
    let mut tests = Vec::new();
    for line in output.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let message: Value = serde_json::from_slice(line).context("cannot read what cargo says")?;
        let (Some(program), Some(manifest)) =
            (message["executable"].as_str(), message["manifest_path"].as_str())
        else {
            continue;
        };
        if message["profile"]["test"] != true {
            continue;
        }
        let folder = Path::new(manifest).parent().unwrap_or(Path::new("/")).to_owned();
        let package = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let target = message["target"]["name"].as_str().unwrap_or_default();
        tests.push(Test { name: format!("{package}: {target}"), program: program.into(), folder });
    }
    if tests.is_empty() {
        bail!("cargo lists no test program");
    }
    Ok(tests)
}

/// Runs test programs, several at once; what each prints is shown when it has ended. Returns the names of those that failed.
fn run_all(tests: &[Test], prepare: &(dyn Fn(&mut Command) + Sync)) -> Result<Vec<String>> {
    let queue = Mutex::new(tests.iter());
    let failed = Mutex::new(Vec::new());
    let work = || -> Result<()> {
        loop {
            let next = queue.lock().unwrap_or_else(|poison| poison.into_inner()).next();
            let Some(test) = next else { return Ok(()) };
            let begin = Instant::now();
            let mut command = Command::new(&test.program);
            prepare(command.current_dir(&test.folder).env("CARGO_MANIFEST_DIR", &test.folder));
            let output = command.stdin(Stdio::null()).output().with_context(|| test.name.clone())?;
            let mut failed = failed.lock().unwrap_or_else(|poison| poison.into_inner());
            if !output.status.success() {
                failed.push(test.name.clone());
            }
            // Under the lock, so that the texts of two do not mix.
            let mut out = std::io::stdout().lock();
            writeln!(out, "\n-- {} ({:.1} s)", test.name, begin.elapsed().as_secs_f64())?;
            out.write_all(&output.stdout)?;
            out.write_all(&output.stderr)?;
        }
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(work)).collect();
        workers.into_iter().try_for_each(|worker| match worker.join() {
            Ok(result) => result,
            Err(_) => bail!("a thread panicked"),
        })
    })?;
    Ok(failed.into_inner().unwrap_or_else(|poison| poison.into_inner()))
}
