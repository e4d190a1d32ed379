//! `cargo xtask gen`: the files under `docs/` that are made from the tools' own command lines and rules.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Command;
use clap_complete::Shell;

use crate::{sql, tidy, tools, workspace};

/// The folders that hold nothing but generated files.
const FOLDERS: [&str; 2] = ["docs/man", "docs/completions"];

const SHELLS: [(Shell, &str); 4] =
    [(Shell::Bash, "bash"), (Shell::Fish, "fish"), (Shell::PowerShell, "ps1"), (Shell::Zsh, "zsh")];

/// Help texts are wrapped at this column, whatever the terminal's width.
const WIDTH: usize = 100;

/// File by path below the root.
type Files = BTreeMap<PathBuf, Vec<u8>>;

/// Writes the files that changed, and removes those that no tool makes any more.
pub fn write() -> Result<()> {
    let root = workspace::root();
    let wanted = wanted()?;
    for path in stale(&root, &wanted)? {
        let target = root.join(&path);
        match wanted.get(&path) {
            Some(bytes) => {
                let folder = target.parent().unwrap_or(&root);
                fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
                fs::write(&target, bytes).with_context(|| format!("cannot write {}", target.display()))?;
                println!("wrote {}", path.display());
            }
            None => {
                fs::remove_file(&target).with_context(|| format!("cannot remove {}", target.display()))?;
                println!("removed {}", path.display());
            }
        }
    }
    Ok(())
}

/// Fails, naming them, if any of the files is not what would be written now.
pub fn check() -> Result<()> {
    let stale = stale(&workspace::root(), &wanted()?)?;
    if !stale.is_empty() {
        let names: Vec<_> = stale.iter().map(|path| path.display().to_string()).collect();
        bail!("stale files, run `cargo xtask gen`: {}", names.join(", "));
    }
    Ok(())
}

/// Lists the files that differ, are missing, or are there although no tool makes them.
fn stale(root: &Path, wanted: &Files) -> Result<Vec<PathBuf>> {
    let mut stale: Vec<PathBuf> = wanted
        .iter()
        .filter(|(path, bytes)| fs::read(root.join(path)).ok().as_ref() != Some(*bytes))
        .map(|(path, _)| path.clone())
        .collect();
    for folder in FOLDERS {
        let Ok(entries) = fs::read_dir(root.join(folder)) else { continue };
        for entry in entries {
            let path = Path::new(folder).join(entry?.file_name());
            if !wanted.contains_key(&path) {
                stale.push(path);
            }
        }
    }
    stale.sort();
    Ok(stale)
}

fn wanted() -> Result<Files> {
    let mut files = files_of(&tools::commands())?;
    files.insert("docs/rules.md".into(), rules().into_bytes());
    files.insert("docs/statements.md".into(), sql::listing(&tidy::texts(&workspace::root())?).into_bytes());
    Ok(files)
}

/// The rules by which `pgdump-diff` judges changes.
fn rules() -> String {
    let mut page = String::from(
        "# Rules of pgdump-diff\n\nWritten by `cargo xtask gen` from the rules themselves; not edited by hand. `--severity RULE=LEVEL` and the\n\
         settings file give a rule another severity, or `ignore`.\n\n| Rule | Severity | It is about |\n|---|---|---|\n",
    );
    for rule in pgdump_diff::RULES {
        page.push_str(&format!(
            "| `{}` | {} | {} |\n",
            rule.id,
            rule.severity,
            rule.says.replace('|', "\\|")
        ));
    }
    page
}

fn files_of(tools: &[Command]) -> Result<Files> {
    let mut files = Files::new();
    let mut reference = String::from(
        "# Command line reference\n\nWritten by `cargo xtask gen` from the tools' own `--help`; not edited by hand.\n",
    );
    for tool in tools {
        let name = tool.get_name().to_owned();
        let mut page = Vec::new();
        clap_mangen::Man::new(tool.clone()).render(&mut page)?;
        files.insert(format!("docs/man/{name}.1").into(), page);
        for (shell, ending) in SHELLS {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut tool.clone(), &name, &mut script);
            files.insert(format!("docs/completions/{name}.{ending}").into(), script);
        }
        let help = tool.clone().term_width(WIDTH).render_long_help().to_string();
        reference.push_str(&format!("\n## {name}\n\n```text\n{}\n```\n", trimmed(&help)));
    }
    if !tools.is_empty() {
        files.insert("docs/cli.md".into(), reference.into_bytes());
    }
    Ok(files)
}

/// Clap indents empty lines inside long texts.
fn trimmed(help: &str) -> String {
    help.trim_end().lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tool() -> Command {
        Command::new("pgdump-x")
            .version("1.0")
            .about("Does x")
            .arg(clap::Arg::new("DUMP").help("what to do x to"))
    }

    #[test]
    fn every_tool_gets_a_page_completions_and_a_section() {
        let files = files_of(&[tool()]).unwrap();
        let names: Vec<_> = files.keys().map(|path| path.display().to_string()).collect();
        assert_eq!(
            names,
            [
                "docs/cli.md",
                "docs/completions/pgdump-x.bash",
                "docs/completions/pgdump-x.fish",
                "docs/completions/pgdump-x.ps1",
                "docs/completions/pgdump-x.zsh",
                "docs/man/pgdump-x.1",
            ]
        );
        assert!(String::from_utf8_lossy(&files[Path::new("docs/cli.md")]).contains("what to do x to"));
    }

    #[test]
    fn stale_names_missing_changed_and_left_over_files() {
        let root = tempfile::tempdir().unwrap();
        let files = files_of(&[tool()]).unwrap();
        assert_eq!(stale(root.path(), &files).unwrap().len(), files.len());
        for (path, bytes) in &files {
            fs::create_dir_all(root.path().join(path).parent().unwrap()).unwrap();
            fs::write(root.path().join(path), bytes).unwrap();
        }
        assert!(stale(root.path(), &files).unwrap().is_empty());
        fs::write(root.path().join("docs/cli.md"), "changed").unwrap();
        fs::write(root.path().join("docs/man/gone.1"), "left over").unwrap();
        assert_eq!(
            stale(root.path(), &files).unwrap(),
            [PathBuf::from("docs/cli.md"), PathBuf::from("docs/man/gone.1")]
        );
    }
}
