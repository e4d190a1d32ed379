//! A line of a crontab.

use std::io::Write;
use std::process::Command;

use anyhow::{Context, ensure};
use tempfile::NamedTempFile;

use super::Job;

/// The times that have names.
const NAMED: [&str; 8] =
    ["@reboot", "@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"];

/// Seconds that a run has to end after it was told to.
const GRACE: u64 = 300;

/// Checks a time: with a field more or less, the command would begin elsewhere.
///
/// # Errors
/// When it is none.
pub fn check(when: &str) -> anyhow::Result<()> {
    let known = |c: char| c.is_ascii_alphanumeric() || "*,-/".contains(c);
    let fields: Vec<&str> = when.split(' ').filter(|field| !field.is_empty()).collect();
    let fits = fields.len() == 5 && fields.iter().all(|field| field.chars().all(known));
    ensure!(fits || NAMED.contains(&when), "not of cron's five fields, as in `15 4 * * *`: {when:?}");
    Ok(())
}

/// Returns the line, and in front of it the one by which it is found again.
pub fn entry(job: &Job) -> String {
    let words: Vec<String> = job.command.iter().map(|word| quoted(word)).collect();
    let Job { name, when, timeout, .. } = job;
    // Who is told to end tells others first.
    format!("{}\n{when} timeout -k {GRACE} {timeout} {}\n", mark(name), words.join(" "))
}

/// Puts the line into the account's crontab; returns what was done.
///
/// # Errors
/// When cron refuses it, or there is none.
pub fn install(job: &Job) -> anyhow::Result<String> {
    let crontab = || {
        let mut command = Command::new("crontab");
        command.env("LC_ALL", "C");
        command.args(job.user.iter().flat_map(|user| ["-u", user]));
        command
    };
    let present = match scratch::run(crontab().arg("-l")) {
        Ok(output) => String::from_utf8(output.stdout).context("the crontab is not UTF-8")?,
        Err(scratch::Error::Failed { stderr, .. }) if stderr.contains("no crontab for") => String::new(),
        Err(error) => return Err(error.into()),
    };
    let mut file = NamedTempFile::new().context("cannot make a temporary file")?;
    file.write_all(with_entry(&present, job).as_bytes()).context("cannot write a temporary file")?;
    scratch::run(crontab().arg(file.path()))?;
    Ok(format!("written into the crontab:\n{}", cli::escape_lines(&entry(job))))
}

fn mark(name: &str) -> String {
    format!("# pgdump-take {name}")
}

/// Returns a crontab with the line in the place of an older one of the same name, or at its end.
fn with_entry(crontab: &str, job: &Job) -> String {
    let (mark, entry) = (mark(&job.name), entry(job));
    let mut text = String::new();
    let mut is_in = false;
    let mut lines = crontab.lines().peekable();
    while let Some(line) = lines.next() {
        if line != mark {
            text.push_str(line);
            text.push('\n');
            continue;
        }
        // What stands behind a mark may have become somebody else's.
        lines.next_if(|line| line.contains("pgdump-take") && !line.starts_with('#'));
        if !is_in {
            text.push_str(&entry);
            is_in = true;
        }
    }
    if !is_in {
        text.push_str(&entry);
    }
    text
}

/// Quotes a word for the shell, and `%` for cron (crontab(5)), which would end the command.
///
/// No backslash gets in front of another or of `%`, which programs called cron understand in more than one way.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    let mut quoted = String::from("'");
    for char in word.chars() {
        match char {
            '\'' => quoted.push_str(r"'\''"),
            '\\' => quoted.push_str(r"\''"),
            '%' => quoted.push_str(r"\%"),
            char => quoted.push(char),
        }
    }
    quoted.push('\'');
    quoted
}

#[cfg(test)]
mod tests {
    use super::super::tests::{HOSTILE, job};
    use super::*;

    /// What cron hands to the shell, as Vixie's and as ISC's do it: the first makes one backslash of two.
    fn unescaped(line: &str, backslashes: bool) -> String {
        let mut text = String::new();
        let mut chars = line.chars().peekable();
        while let Some(char) = chars.next() {
            match (char, chars.peek().copied()) {
                ('\\', Some('%')) => text.extend(chars.next()),
                ('\\', Some('\\')) if backslashes => text.extend(chars.next()),
                ('\\', Some(next)) => {
                    text.extend(['\\', next]);
                    chars.next();
                }
                ('%', _) => panic!("the end of the command: {line}"),
                _ => text.push(char),
            }
        }
        text
    }

    #[test]
    fn words_mean_themselves() {
        let mut words = vec!["/usr/bin/printf", "%s\\n"];
        words.extend(HOSTILE);
        let entry = entry(&job(&words));
        let (mark, line) = entry.split_once('\n').unwrap();
        assert_eq!(mark, "# pgdump-take shop");
        let line = line.strip_suffix('\n').unwrap().strip_prefix("15 4 * * * timeout -k 300 86400 ").unwrap();
        for backslashes in [true, false] {
            let command = unescaped(line, backslashes);
            let output = scratch::run(Command::new("sh").args(["-c", &command])).unwrap();
            let expected: String = HOSTILE.iter().map(|word| format!("{word}\n")).collect();
            assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);
        }
    }

    #[test]
    fn a_time_has_five_fields() {
        for when in ["15 4 * * *", "*/5 0-6,12  * JAN mon", "@daily"] {
            assert!(check(when).is_ok(), "{when}");
        }
        for when in ["", "* * * *", "* * * * * *", "* * * * ;id", "@never", "*\t* * * *\n", "daily"] {
            assert!(check(when).is_err(), "{when:?}");
        }
    }

    #[test]
    fn a_line_is_replaced_and_no_other() {
        let mut job = job(&["/usr/bin/pgdump-take"]);
        let first = with_entry("MAILTO=me\n0 1 * * * other", &job);
        assert_eq!(
            first,
            "MAILTO=me\n0 1 * * * other\n# pgdump-take shop\n15 4 * * * timeout -k 300 86400 /usr/bin/pgdump-take\n"
        );
        assert_eq!(with_entry(&first, &job), first);
        job.when = "@daily".to_owned();
        let second = with_entry(&format!("{first}@hourly more\n"), &job);
        assert_eq!(
            second,
            "MAILTO=me\n0 1 * * * other\n# pgdump-take shop\n@daily timeout -k 300 86400 /usr/bin/pgdump-take\n@hourly more\n"
        );
        job.name = "shop2".to_owned();
        assert!(with_entry(&second, &job).starts_with(&second));
        // The mark alone was left, or stands twice.
        job.name = "shop".to_owned();
        let marks = with_entry("# pgdump-take shop\n@hourly more\n# pgdump-take shop\n", &job);
        assert_eq!(
            marks,
            "# pgdump-take shop\n@daily timeout -k 300 86400 /usr/bin/pgdump-take\n@hourly more\n"
        );
    }
}
