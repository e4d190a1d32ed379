//! `cargo xtask tidy`: the house rules that no compiler checks.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::{process, sql, workspace};

const LINES_MAX: usize = 700;
const MAIN_LINES_MAX: usize = 5;

/// Put together here, so that this file does not hold what it forbids.
const UNFINISHED: [&str; 4] =
    [concat!("todo", "!"), concat!("unimplemented", "!"), concat!("FIX", "ME"), concat!("#[", "ignore")];

const VAGUE_MODULES: [&str; 6] = ["util", "utils", "helper", "helpers", "misc", "common"];

/// Which of our crates each shared crate may stand on. Dev-dependencies are free: tests compare everything.
const SHARED_ARROWS: [(&str, &[&str]); 11] = [
    ("archive", &[]),
    ("cli", &["archive", "dump", "store", "tree"]),
    ("compare", &["dump"]),
    ("connect", &[]),
    ("dump", &[]),
    ("live", &["connect", "dump"]),
    ("manifest", &["dump"]),
    ("restore", &["archive", "connect", "dump"]),
    ("scratch", &["dump"]),
    ("store", &[]),
    ("tree", &["dump"]),
];

/// Checks every rule and fails with the list of what breaks one.
pub fn run() -> Result<()> {
    let root = workspace::root();
    let mut findings = Vec::new();
    for (path, text) in texts(&root)? {
        findings.extend(file_findings(Path::new(&path), &text));
        findings.extend(sql::findings(&path, &text));
    }
    findings.extend(arrow_findings(&members(&root, &workspace::metadata()?)?));
    for finding in &findings {
        eprintln!("{finding}");
    }
    if !findings.is_empty() {
        bail!("house rules broken: {}", findings.len());
    }
    Ok(())
}

/// Reads the Rust files: path below the root, and text.
pub fn texts(root: &Path) -> Result<Vec<(String, String)>> {
    let read = |path: PathBuf| {
        // What git lists may be deleted in the working tree.
        let bytes = fs::read(root.join(&path)).ok()?;
        Some((path.to_string_lossy().replace('\\', "/"), String::from_utf8_lossy(&bytes).into_owned()))
    };
    Ok(sources(root)?.into_iter().filter_map(read).collect())
}

/// Lists the Rust files, below `root`: those git knows or would add; outside git all but the build's own.
fn sources(root: &Path) -> Result<Vec<PathBuf>> {
    let mut git = Command::new("git");
    git.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]).current_dir(root);
    let listed: Vec<PathBuf> = match process::output(&mut git) {
        Ok(names) => names
            .split(|byte| *byte == 0)
            .map(|name| PathBuf::from(String::from_utf8_lossy(name).into_owned()))
            .collect(),
        Err(_) => walked(root)?,
    };
    let sources: BTreeSet<PathBuf> =
        listed.into_iter().filter(|path| path.extension().is_some_and(|ending| ending == "rs")).collect();
    Ok(sources.into_iter().collect())
}

fn walked(root: &Path) -> Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    let walk = walkdir::WalkDir::new(root)
        .into_iter()
        .filter_entry(|entry| entry.file_name() != "target" && entry.file_name() != ".git");
    for entry in walk {
        paths.push(entry?.path().strip_prefix(root)?.to_owned());
    }
    Ok(paths)
}

fn file_findings(path: &Path, text: &str) -> Vec<String> {
    let mut findings = Vec::new();
    let name = path.display();
    let lines = text.lines().count();
    if lines > LINES_MAX {
        findings.push(format!("{name}: a file has at most {LINES_MAX} lines: {lines}"));
    }
    for (number, line) in (1..).zip(text.lines()) {
        for word in UNFINISHED.iter().filter(|word| line.contains(**word)) {
            findings.push(format!("{name}:{number}: nothing is left unfinished: `{word}`"));
        }
    }
    let module = match path.file_stem().and_then(|stem| stem.to_str()) {
        Some("mod") => path.parent().and_then(Path::file_name).and_then(|folder| folder.to_str()),
        stem => stem,
    };
    if let Some(module) = module.filter(|module| VAGUE_MODULES.contains(module)) {
        findings.push(format!("{name}: a module is named for what it holds: `{module}`"));
    }
    if path.starts_with("tools") && path.ends_with("src/main.rs") {
        let code = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//"));
        let lines = code.count();
        if lines > MAIN_LINES_MAX {
            findings.push(format!(
                "{name}: a tool's `main.rs` has at most {MAIN_LINES_MAX} lines of code: {lines}"
            ));
        }
    }
    findings
}

/// A crate of ours: its manifest's folder below the root, and the folders of those of ours it stands on.
struct Member {
    folder: String,
    needs: Vec<String>,
}

fn members(root: &Path, metadata: &Value) -> Result<Vec<Member>> {
    let below = |path: &str| {
        Path::new(path).strip_prefix(root).ok().map(|path| path.to_string_lossy().replace('\\', "/"))
    };
    let packages = metadata["packages"].as_array().context("no `packages` in cargo's metadata")?;
    let members = packages.iter().filter_map(|package| {
        let manifest = below(package["manifest_path"].as_str()?)?;
        let needs = package["dependencies"].as_array()?.iter();
        let needs = needs
            .filter(|dependency| dependency["kind"] != "dev")
            .filter_map(|dependency| below(dependency["path"].as_str()?));
        Some(Member { folder: manifest.strip_suffix("/Cargo.toml")?.to_owned(), needs: needs.collect() })
    });
    Ok(members.collect())
}

fn arrow_findings(members: &[Member]) -> Vec<String> {
    let mut findings = Vec::new();
    for Member { folder, needs } in members {
        for need in needs {
            let allowed = match (folder.split_once('/'), need.split_once('/')) {
                (Some(("shared", from)), Some(("shared", to))) => {
                    SHARED_ARROWS.iter().any(|(name, allowed)| *name == from && allowed.contains(&to))
                }
                (Some(("tools", _)), Some(("shared", _))) => true,
                // Benchmarks drive a server, and time a restore alone; SQL texts of the programs are read by `dump`'s lexer.
                (None, Some(("tools", _) | ("shared", "connect" | "dump" | "restore" | "scratch"))) => {
                    folder == "xtask"
                }
                _ => false,
            };
            if !allowed {
                findings.push(format!("{folder}/Cargo.toml: no arrow leads from `{folder}` to: `{need}`"));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_name_file_and_rule() {
        let long = "\n".repeat(LINES_MAX + 1);
        let cases = [
            ("a/long.rs", long.as_str(), "a/long.rs: a file has at most 700 lines: 701"),
            (
                "a/b.rs",
                concat!("x\n// FIX", "ME later"),
                concat!("a/b.rs:2: nothing is left unfinished: `FIX", "ME`"),
            ),
            ("a/utils/mod.rs", "", "a/utils/mod.rs: a module is named for what it holds: `utils`"),
            (
                "tools/x/src/main.rs",
                "//! x\n\na\nb\nc\nd\ne\nf\n",
                "tools/x/src/main.rs: a tool's `main.rs` has at most 5 lines of code: 6",
            ),
        ];
        for (path, text, finding) in cases {
            assert_eq!(file_findings(path.as_ref(), text), [finding]);
        }
        assert!(file_findings("xtask/src/main.rs".as_ref(), "a\nb\nc\nd\ne\nf\n").is_empty());
    }

    #[test]
    fn arrows_lead_one_way() {
        let member = |folder: &str, need: &str| Member { folder: folder.into(), needs: vec![need.into()] };
        for (from, to) in [
            ("shared/tree", "shared/dump"),
            ("shared/cli", "shared/tree"),
            ("tools/split", "shared/cli"),
            ("xtask", "tools/split"),
            ("xtask", "shared/scratch"),
            ("xtask", "shared/dump"),
        ] {
            assert!(arrow_findings(&[member(from, to)]).is_empty(), "{from} to {to}");
        }
        for (from, to) in [
            ("shared/dump", "shared/cli"),
            ("shared/archive", "shared/dump"),
            ("shared/dump", "shared/scratch"),
            ("shared/dump", "tools/split"),
            ("tools/split", "tools/join"),
            ("tools/split", "xtask"),
            ("xtask", "shared/tree"),
        ] {
            assert_eq!(arrow_findings(&[member(from, to)]).len(), 1, "{from} to {to}");
        }
    }
}
