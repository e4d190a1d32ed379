//! What PostgreSQL's own programs make of a damaged backup.

use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use flate2::read::MultiGzDecoder;
use scratch::Cluster;

/// `pg_restore` waits for ever for some damaged tar archives.
const LIMIT: Duration = Duration::from_secs(20);

/// The database that a text makes which makes its database itself.
const DATABASE: &str = "shop";

/// Where psql begins with a text that makes its database itself.
const BEFORE: &str = "before";

/// How PostgreSQL's own programs fared.
pub enum Restored {
    /// They restored it without an error; what `pg_dump` writes of the copy, its lines sorted.
    Clean(Vec<String>),
    /// They failed, or never ended, or the text has no end.
    Failed(String),
    /// There is no program here that reads it.
    Unread,
}

/// Restores with `psql` or `pg_restore`, every time into an empty database.
pub fn restore(cluster: &Cluster, backup: &Path, format: &super::Format) -> Restored {
    if !format.restorable {
        return Restored::Unread;
    }
    // Each format has a database of its own: several are restored at once.
    let own = format!("restored {}", format.name);
    let target = if format.creates { DATABASE } else { own.as_str() };
    let drop = |name: &str| cluster.psql("postgres", &format!("DROP DATABASE IF EXISTS \"{name}\"")).unwrap();
    drop(target);
    let done = if format.text {
        let text = match unpacked(&std::fs::read(backup).unwrap()) {
            Ok(text) => text,
            Err(why) => return Restored::Failed(why),
        };
        if let Some(why) = unended(&text) {
            return Restored::Failed(why);
        }
        let into = if format.creates { BEFORE } else { target };
        drop(into);
        cluster.create_database(into).unwrap();
        cluster.psql_script(into, &text).map_err(|error| error.to_string())
    } else {
        cluster.create_database(target).unwrap();
        let mut command = cluster.command("pg_restore");
        limited(command.args(["--exit-on-error", "-d", target]).arg(backup))
    };
    if let Err(why) = done {
        return Restored::Failed(why);
    }
    // A text that lost its own database goes where psql is.
    let made = cluster.psql("postgres", &format!("SELECT 1 FROM pg_database WHERE datname = '{target}'"));
    let database = if made.unwrap().is_empty() { BEFORE } else { target };
    match cluster.pg_dump(database, &[]) {
        Ok(text) => Restored::Clean(lines(&text)),
        Err(error) => Restored::Failed(error.to_string()),
    }
}

fn unpacked(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let mut text = Vec::new();
    let read = match bytes {
        [0x1f, 0x8b, ..] => MultiGzDecoder::new(bytes).read_to_end(&mut text),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => {
            zstd::Decoder::new(bytes).and_then(|mut all| all.read_to_end(&mut text))
        }
        _ => return Ok(bytes.to_vec()),
    };
    read.map(|_| text).map_err(|error| error.to_string())
}

/// What psql does not mind: a text whose rows or whose dump have no end.
fn unended(text: &[u8]) -> Option<String> {
    let mut in_rows = false;
    let (mut complete, mut restricted) = (false, false);
    for line in text.split(|byte| *byte == b'\n') {
        // psql takes line ends of either kind.
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        match line {
            b"\\." => in_rows = false,
            _ if in_rows => {}
            b"-- PostgreSQL database dump complete" => complete = true,
            _ if line.starts_with(b"\\restrict ") => restricted = true,
            _ if line.starts_with(b"\\unrestrict ") => restricted = false,
            _ => in_rows = line.starts_with(b"COPY ") && line.ends_with(b"FROM stdin;"),
        }
    }
    let why = [(in_rows, "rows"), (!complete, "dump"), (restricted, "\\restrict")];
    why.into_iter().find(|(is, _)| *is).map(|(_, what)| format!("no end of {what}"))
}

/// Without what differs from dump to dump, and in an order of its own: that of rows means nothing.
fn lines(text: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(text);
    let own = |line: &&str| !line.starts_with("\\restrict ") && !line.starts_with("\\unrestrict ");
    let mut lines: Vec<String> = text.lines().filter(own).map(str::to_owned).collect();
    lines.sort_unstable();
    lines
}

fn limited(command: &mut Command) -> Result<(), String> {
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stderr = child.stderr.take().unwrap();
    let complaints = std::thread::spawn(move || {
        let mut text = Vec::new();
        stderr.read_to_end(&mut text).unwrap();
        String::from_utf8_lossy(&text).into_owned()
    });
    let begin = Instant::now();
    let status = loop {
        match child.try_wait().unwrap() {
            Some(status) => break Some(status),
            None if begin.elapsed() > LIMIT => {
                child.kill().unwrap();
                child.wait().unwrap();
                break None;
            }
            None => std::thread::sleep(Duration::from_millis(5)),
        }
    };
    let complaints = complaints.join().unwrap();
    match status {
        Some(status) if status.success() => Ok(()),
        Some(_) => Err(complaints),
        None => Err("it never ends".to_owned()),
    }
}
