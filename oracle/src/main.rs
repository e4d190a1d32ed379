//! Proves on a corpus that canonical text means what the original meant: PostgreSQL's own parser (libpg_query) gives
//! the same tree for both.

mod compare;
mod tree;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::{env, fs};

use anyhow::{Context, Result, bail};
use compare::Verdict;

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// Compares every plain dump below the folders and files named; returns whether nothing was found.
fn run() -> Result<bool> {
    let mut paths = Vec::new();
    for argument in env::args_os().skip(1) {
        gather(Path::new(&argument), &mut paths)?;
    }
    if paths.is_empty() {
        bail!("no plain dumps: name folders or files, such as the corpus");
    }
    paths.sort();
    let mut total: BTreeMap<String, usize> = BTreeMap::new();
    let mut findings = 0;
    for path in &paths {
        let text = read(path)?;
        if text.starts_with(b"PGDMP") || text.starts_with(b"\\set") {
            continue;
        }
        let verdicts = match compare::dump(&text) {
            Ok(verdicts) => verdicts,
            Err(error) => {
                println!("{}: not read: {error:#}", path.display());
                continue;
            }
        };
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for verdict in verdicts {
            let class = match &verdict {
                Verdict::Same => "same".to_owned(),
                Verdict::OnPurpose(class) => format!("on purpose: {class}"),
                Verdict::NoJudgement(reason) => format!("no judgement: {reason}"),
                Verdict::Different { line, original, canonical, trees } => {
                    findings += 1;
                    println!("{}:{line}: not the same\n--- {original}\n+++ {canonical}", path.display());
                    println!("{trees}");
                    "NOT THE SAME".to_owned()
                }
                Verdict::Unparsable { line, canonical, error } => {
                    findings += 1;
                    println!("{}:{line}: canonical text is no SQL: {error}\n+++ {canonical}", path.display());
                    "NO SQL".to_owned()
                }
            };
            *counts.entry(class).or_default() += 1;
        }
        let list: Vec<String> = counts.iter().map(|(class, count)| format!("{count} {class}")).collect();
        println!("{}: {}", path.display(), list.join(", "));
        counts.into_iter().for_each(|(class, count)| *total.entry(class).or_default() += count);
    }
    println!("\nall dumps: {}", paths.len());
    total.iter().for_each(|(class, count)| println!("{count:8} {class}"));
    Ok(findings == 0)
}

fn gather(path: &Path, paths: &mut Vec<PathBuf>) -> Result<()> {
    if path.is_dir() {
        for entry in fs::read_dir(path).with_context(|| path.display().to_string())? {
            let path = entry?.path();
            let name = path.to_string_lossy();
            if path.is_dir() || name.ends_with(".sql") || name.ends_with(".sql.zst") {
                gather(&path, paths)?;
            }
        }
    } else {
        paths.push(path.to_owned());
    }
    Ok(())
}

fn read(path: &Path) -> Result<Vec<u8>> {
    if path.extension().is_some_and(|extension| extension == "zst") {
        let output = Command::new("zstd").args(["-dcq"]).arg(path).output().context("cannot run zstd")?;
        return Ok(output.stdout);
    }
    fs::read(path).with_context(|| path.display().to_string())
}
