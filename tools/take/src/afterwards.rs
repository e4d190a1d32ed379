//! What follows a run: verification, programs of the user's, a dead-man switch.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, anyhow};
use cli::{Failure, Outcome};
use serde_json::Value;
use ureq::tls::{RootCerts, TlsConfig};

use crate::report;
use crate::taking::Taken;

/// How long a dead-man switch may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often it is asked.
const ATTEMPTS: usize = 3;

/// Has `pgdump-verify` restore a backup and compare it with its manifest; returns its exit code. What it prints goes to
/// stderr, so that stdout is ours.
///
/// # Errors
/// When the program cannot be run.
pub fn verify(path: &Path) -> Result<i32, Failure> {
    let program = verifier()?;
    let mut command = Command::new(&program);
    command.arg(path).stdin(Stdio::null()).stdout(std::io::stderr());
    let status = command.status().with_context(|| format!("cannot run: {}", program.display()))?;
    status.code().ok_or_else(|| anyhow!("`pgdump-verify` was ended: {status}").into())
}

/// Finds the program: beside this one, or in `PATH`.
///
/// # Errors
/// When it is in neither.
pub fn verifier() -> Result<PathBuf, Failure> {
    let beside = std::env::current_exe().ok().and_then(|path| Some(path.parent()?.to_owned()));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders =
        beside.into_iter().chain(std::env::split_paths(&path).filter(|folder| folder.is_absolute()));
    let found = folders.map(|folder| folder.join("pgdump-verify")).find(|path| path.is_file());
    found.ok_or_else(|| anyhow!("`pgdump-verify` is neither beside this program nor in `PATH`").into())
}

/// Runs a program of the user's, no shell in between, with the result on its standard input and in its environment.
///
/// # Errors
/// When it cannot be run, or ends with anything but 0.
pub fn run(program: &Path, outcome: Outcome, all: &[Taken], result: &Value) -> Result<(), Failure> {
    let shown = || format!("program of the user's: {}", program.display());
    let files: Vec<String> =
        all.iter().filter_map(|taken| Some(taken.path.as_ref()?.display().to_string())).collect();
    let mut command = Command::new(program);
    command.env("PGDUMP_TAKE_OUTCOME", report::word(outcome)).env("PGDUMP_TAKE_FILES", files.join("\n"));
    let mut child = command.stdin(Stdio::piped()).stdout(std::io::stderr()).spawn().with_context(shown)?;
    if let Some(mut stdin) = child.stdin.take() {
        // One that does not want to know is none the worse.
        let _ = writeln!(stdin, "{result}");
    }
    let status = child.wait().with_context(shown)?;
    match status.success() {
        true => Ok(()),
        false => Err(anyhow!("{status}").context(shown()).into()),
    }
}

/// Tells a dead-man switch; `what` stands behind its URL. The URL is a secret, and not in the error.
///
/// # Errors
/// When it cannot be reached, or refuses.
pub fn ping(url: &str, what: &str) -> Result<(), Failure> {
    let certificates = rustls_native_certs::load_native_certs().certs;
    let certificates =
        certificates.iter().map(|one| ureq::tls::Certificate::from_der(one).to_owned()).collect::<Vec<_>>();
    let tls = TlsConfig::builder().root_certs(RootCerts::from(certificates)).build();
    let agent: ureq::Agent =
        ureq::Agent::config_builder().timeout_global(Some(PATIENCE)).tls_config(tls).build().into();
    let to = format!("{}{what}", url.trim_end_matches('/'));
    let mut result = agent.get(&to).call();
    for _ in 1..ATTEMPTS {
        if result.is_ok() {
            break;
        }
        result = agent.get(&to).call();
    }
    match result {
        Ok(_) => Ok(()),
        Err(error) => {
            let why = error.to_string().replace(&to, "***").replace(url, "***");
            Err(anyhow!("the dead-man switch was not told (`--ping`): {why}").into())
        }
    }
}
