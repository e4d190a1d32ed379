//! What `pgdump-verify` says of dumps, many at a time: a run begins one server and copies it.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::state::short;
use crate::{PROGRAM, corpus};

/// The levels that restore.
pub const LEVELS: [&str; 2] = ["restore", "full"];

/// What the tool said of one dump at one level.
#[derive(Clone)]
pub struct Said {
    /// How it would end on this one alone.
    pub code: i32,
    /// Its first findings.
    pub why: String,
}

/// Asks of several dumps at once; of one after the other where the run as a whole fails.
pub fn said(files: &[PathBuf], level: &str) -> Vec<Said> {
    if let Some(said) = together(files, level) {
        return said;
    }
    let alone = |file: &PathBuf| {
        let one = std::slice::from_ref(file);
        together(one, level)
            .and_then(|mut said| said.pop())
            .unwrap_or_else(|| Said { code: -1, why: output(one, level).1 })
    };
    files.iter().map(alone).collect()
}

fn together(files: &[PathBuf], level: &str) -> Option<Vec<Said>> {
    let (code, text) = output(files, level);
    let run: Value = serde_json::from_str(&text).ok()?;
    let backups = run["backups"].as_array()?;
    let said: Vec<Said> = backups.iter().map(of).collect::<Option<_>>()?;
    let named = backups.iter().zip(files).all(|(backup, file)| backup["backup"].as_str() == file.to_str());
    // One that ends the run is asked for alone.
    let ends = said.len() == 1 && said[0].code != code;
    (said.len() == files.len() && named && !ends).then_some(said)
}

fn of(backup: &Value) -> Option<Said> {
    let code = match backup["verdict"].as_str()? {
        "verified" => 0,
        "bad" => 1,
        "trouble" => 2,
        "unclear" => 3,
        _ => return None,
    };
    let told = |finding: &Value| {
        let text = |key: &str| finding[key].as_str().unwrap_or_default().to_owned();
        let verdict = text("verdict");
        (verdict != "verified")
            .then(|| format!("{verdict} {} {}: {}", text("what"), text("place"), text("why")))
    };
    let tables = |table: &Value| {
        let text = |key: &str| table[key].as_str().unwrap_or_default().to_owned();
        let verdict = text("verdict");
        (verdict != "verified").then(|| format!("{verdict} {}: {}", text("table"), text("why")))
    };
    let mut why: Vec<String> = backup["findings"].as_array()?.iter().filter_map(told).collect();
    why.extend(backup["tables"].as_array()?.iter().filter_map(tables));
    why.extend(backup["trouble"].as_str().map(str::to_owned));
    // The verdict's own reasons first.
    let word = backup["verdict"].as_str()?.to_owned();
    why.sort_by_key(|why| !why.starts_with(&word));
    let more = why.len().saturating_sub(2);
    let shown: Vec<String> = why.iter().take(2).map(|why| short(why)).collect();
    let more = if more == 0 { String::new() } else { format!(" | {more} more") };
    Some(Said { code, why: format!("{}{more}", shown.join(" | ")) })
}

fn output(files: &[PathBuf], level: &str) -> (i32, String) {
    let mut arguments: Vec<&str> = files.iter().map(|file| file.to_str().unwrap()).collect();
    arguments.extend(["--json", "--level", level, "-j", "2", "--timeout", "120"]);
    let output = corpus::run(Path::new(PROGRAM), &arguments, b"");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let text = if text.is_empty() { String::from_utf8_lossy(&output.stderr).into_owned() } else { text };
    (output.status.code().unwrap_or(-1), text)
}
