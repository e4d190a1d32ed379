//! Runs the examples of a Markdown file and compares what they print.

use std::path::Path;
use std::process::Command;

/// Says that what was printed goes into the file instead of being compared.
const UPDATE: &str = "PGDUMPKIT_UPDATE_TRANSCRIPTS";

/// Runs every command of the `console` blocks in a shell, all in one folder, and compares stdout, stderr and the exit
/// code, which is shown as `? 2` unless it is 0. A line `...` stands for any lines.
///
/// Commands of cargo are not run.
pub fn check(file: &Path, prepare: &dyn Fn(&mut Command)) {
    let text = std::fs::read_to_string(file).unwrap();
    let mut actual = String::new();
    let mut differing = Vec::new();
    let mut in_block = false;
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        actual.push_str(line);
        actual.push('\n');
        match line.strip_prefix("$ ") {
            Some(command) if in_block => {
                let mut expected = Vec::new();
                while let Some(line) = lines.next_if(|line| !line.starts_with("$ ") && *line != "```") {
                    expected.push(line);
                }
                let printed = if command.starts_with("cargo ") {
                    expected.iter().map(|line| (*line).to_owned()).collect()
                } else {
                    run(command, prepare)
                };
                if matches(&expected, &printed) {
                    expected.iter().for_each(|line| actual.push_str(&format!("{line}\n")));
                } else {
                    printed.iter().for_each(|line| actual.push_str(&format!("{line}\n")));
                    differing.push(format!("$ {command}\n{}", printed.join("\n")));
                }
            }
            _ => in_block = line == "```console" || (in_block && line != "```"),
        }
    }
    if std::env::var_os(UPDATE).is_some() {
        std::fs::write(file, actual).unwrap();
    } else {
        let hint = format!("set {UPDATE}=1 to take these over");
        assert!(differing.is_empty(), "{}: {hint}:\n{}", file.display(), differing.join("\n"));
    }
}

fn run(command: &str, prepare: &dyn Fn(&mut Command)) -> Vec<String> {
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(format!("exec 2>&1\n{command}"));
    prepare(&mut shell);
    let output = shell.output().unwrap();
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut lines: Vec<String> = printed.lines().map(|line| line.trim_end().to_owned()).collect();
    match output.status.code() {
        Some(0) => {}
        Some(code) => lines.push(format!("? {code}")),
        None => lines.push(format!("? {}", output.status)),
    }
    lines
}

fn matches(expected: &[&str], printed: &[String]) -> bool {
    match expected.split_first() {
        None => printed.is_empty(),
        Some((&"...", rest)) => (0..=printed.len()).any(|skipped| matches(rest, &printed[skipped..])),
        Some((first, rest)) => printed.first() == Some(&(*first).to_owned()) && matches(rest, &printed[1..]),
    }
}
