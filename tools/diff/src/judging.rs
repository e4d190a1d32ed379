//! How changes are judged: arguments and the settings file.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use clap::Args;
use compare::{Finding, Ignore, Judge, RULES, Rule, Severity};
use dump::{Kind, Pattern};
use toml::{Table, Value};

/// What the user says of rules, severities and renames.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Judging")]
pub struct JudgingArguments {
    /// List the rules with their severities, and do nothing else
    #[arg(long)]
    pub rules: bool,

    /// Give a rule another severity: info, safe, breaking, destructive, or ignore (may be given several times)
    #[arg(long = "severity", value_name = "RULE=LEVEL")]
    severities: Vec<String>,

    /// Leave out what matches the pattern, such as `app.tmp_*` or `index:app.*_old` (may be given several times)
    #[arg(long = "ignore", value_name = "[KIND:]PATTERN")]
    ignore: Vec<String>,

    /// Take what went as what came under another name, such as `app.users=app.accounts` or `app.users.mail=email`
    #[arg(long = "accept-rename", value_name = "OLD=NEW")]
    accept_renames: Vec<String>,

    /// Exit with 1 only if a change is at least this bad: info, safe, breaking or destructive
    #[arg(long, value_name = "LEVEL")]
    fail_on: Option<Severity>,

    /// Read settings from a TOML file; what is said here counts more
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// What comes of the arguments and the settings file.
#[derive(Debug, Default)]
pub struct Judging {
    pub judge: Judge,
    pub accept_renames: Vec<String>,
    /// The mildest severity that makes a difference.
    pub fail_on: Option<Severity>,
}

impl JudgingArguments {
    /// Reads the settings file, if there is one, and puts the arguments over it.
    ///
    /// # Errors
    /// When the file cannot be read, or a rule, severity, kind or pattern is none.
    pub fn resolve(&self) -> anyhow::Result<Judging> {
        let mut judging = Judging::default();
        if let Some(path) = &self.config {
            judging.read(path).with_context(|| path.display().to_string())?;
        }
        for setting in &self.severities {
            let (rule, level) =
                setting.split_once('=').with_context(|| format!("expected RULE=LEVEL: `{setting}`"))?;
            judging.set_severity(rule, level)?;
        }
        for pattern in &self.ignore {
            judging.judge.ignore.push(ignore(pattern)?);
        }
        judging.accept_renames.extend(self.accept_renames.iter().cloned());
        judging.fail_on = self.fail_on.or(judging.fail_on);
        Ok(judging)
    }
}

impl Judging {
    /// Says whether some change is bad enough to make a difference.
    pub fn fails(&self, findings: &[Finding]) -> bool {
        findings.iter().any(|finding| self.fail_on.is_none_or(|level| finding.severity >= level))
    }

    fn read(&mut self, path: &Path) -> anyhow::Result<()> {
        let settings: Table = fs::read_to_string(path)?.parse()?;
        for (key, value) in &settings {
            self.set(key, value).with_context(|| format!("`{key}`"))?;
        }
        Ok(())
    }

    fn set(&mut self, key: &str, value: &Value) -> anyhow::Result<()> {
        match (key, value) {
            ("severity", Value::Table(levels)) => {
                for (rule, level) in levels {
                    self.set_severity(rule, level.as_str().context("expected a string")?)?;
                }
            }
            ("fail-on", Value::String(level)) => self.fail_on = Some(severity(level)?),
            ("ignore", Value::Array(patterns)) => {
                for pattern in patterns {
                    self.judge.ignore.push(ignore(pattern.as_str().context("expected strings")?)?);
                }
            }
            ("accept-rename", Value::Array(renames)) => {
                for rename in renames {
                    self.accept_renames.push(rename.as_str().context("expected strings")?.to_owned());
                }
            }
            ("severity" | "fail-on" | "ignore" | "accept-rename", _) => bail!("not what is expected here"),
            _ => bail!("no such setting, there are: severity, fail-on, ignore, accept-rename"),
        }
        Ok(())
    }

    fn set_severity(&mut self, rule: &str, level: &str) -> anyhow::Result<()> {
        let rule =
            Rule::named(rule).with_context(|| format!("no such rule, `--rules` lists them: `{rule}`"))?;
        let level = if level == "ignore" { None } else { Some(severity(level)?) };
        self.judge.severities.insert(rule.id, level);
        Ok(())
    }
}

fn severity(level: &str) -> anyhow::Result<Severity> {
    level.parse().map_err(|expected| anyhow!("{expected}: `{level}`"))
}

fn ignore(text: &str) -> anyhow::Result<Ignore> {
    let (kind, pattern) = match text.split_once(':') {
        Some((kind, pattern)) => {
            let kind = Kind::named(&kind.replace('-', " "));
            (Some(kind.with_context(|| format!("no such kind of object: `{text}`"))?), pattern)
        }
        None => (None, text),
    };
    Ok(Ignore { kind, pattern: pattern.parse::<Pattern>()? })
}

/// Lists all rules, with the severities that are set.
pub fn write_rules(judge: &Judge, json: bool, out: &mut dyn Write) -> std::io::Result<()> {
    let severity = |rule: &Rule| match judge.severities.get(rule.id) {
        Some(level) => level.map_or("ignore", Severity::word),
        None => rule.severity.word(),
    };
    if json {
        let rules = RULES
            .iter()
            .map(|rule| serde_json::json!({ "id": rule.id, "severity": severity(rule), "says": rule.says }));
        return writeln!(out, "{:#}", serde_json::Value::from_iter(rules));
    }
    let width = RULES.iter().map(|rule| rule.id.len()).max().unwrap_or_default();
    for rule in RULES {
        writeln!(out, "{:width$}  {:11}  {}", rule.id, severity(rule), rule.says)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

    use std::collections::BTreeMap;

    use super::*;

    fn resolve(settings: &str) -> anyhow::Result<Judging> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(settings.as_bytes()).unwrap();
        let arguments = JudgingArguments {
            severities: vec!["table-added=breaking".to_owned()],
            config: Some(file.path().to_path_buf()),
            ..JudgingArguments::default()
        };
        arguments.resolve()
    }

    #[test]
    fn arguments_count_more_than_the_file() {
        let judging = resolve(
            "fail-on = 'destructive'\nignore = ['index:app.*', 'tmp']\naccept-rename = ['a.t=u']\n\
             [severity]\ntable-added = 'info'\ncolumn-order-changed = 'ignore'\n",
        )
        .unwrap();
        let expected: BTreeMap<&str, Option<Severity>> =
            [("table-added", Some(Severity::Breaking)), ("column-order-changed", None)].into();
        assert_eq!(judging.judge.severities, expected);
        assert_eq!(judging.judge.ignore[0].kind, Some(Kind::Index));
        assert_eq!(judging.judge.ignore[1].pattern.text(), "tmp");
        assert_eq!(judging.fail_on, Some(Severity::Destructive));
        assert_eq!(judging.accept_renames, ["a.t=u"]);
    }

    #[test]
    fn mistakes_in_the_file_are_named() {
        for (settings, said) in [
            ("severities = 1", "no such setting"),
            ("fail-on = 'never'", "expected `info`"),
            ("[severity]\ntable-gone = 'info'", "no such rule"),
            ("ignore = ['tabel:x']", "no such kind"),
            ("ignore = 'x'", "not what is expected"),
            ("fail-on = ", "line 1"),
        ] {
            let error = format!("{:#}", resolve(settings).unwrap_err());
            assert!(error.contains(said), "{settings}: {error}");
        }
    }
}
