//! Backups at regular times: what to give systemd, cron or Kubernetes.

mod cron;
mod kubernetes;
mod systemd;

use std::env;
use std::io::{self, Write};
use std::path::{Component, Path};

use anyhow::{Context, anyhow, bail, ensure};
use clap::Parser;
use cli::{Failure, Outcome};
use store::Location;

use crate::arguments::{Arguments, ScheduleArguments};

/// Where systemd looks for what the administrator of a machine adds (systemd.unit(5)).
const SYSTEMD_FOLDER: &str = "/etc/systemd/system";

/// A night at an hour that no change of the clocks leaves out or has twice.
const NIGHTLY: &str = "*-*-* 04:15:00";
const NIGHTLY_CRON: &str = "15 4 * * *";

/// The longest name that leaves room for what is put behind it.
const NAME_MAX: usize = 200;

/// A command that is to run again and again. No text in it holds a line break or another control character.
#[derive(Clone, Debug)]
struct Job {
    /// What the files are called after.
    name: String,
    /// The program and its arguments.
    command: Vec<String>,
    /// The folder that the backups go to, from the root; none if they go to a store.
    folder: Option<String>,
    /// When: an `OnCalendar` of systemd, or five fields of cron.
    when: String,
    /// The account that it runs as.
    user: Option<String>,
    /// How many seconds it may take.
    timeout: u64,
}

/// Prints or installs what takes backups at regular times.
///
/// # Errors
/// When the arguments cannot be written where others read them, or nothing can be installed.
pub fn run(arguments: &ScheduleArguments) -> Result<Outcome, Failure> {
    refuse_passwords(&arguments.arguments)?;
    let job = Job::of(arguments)?;
    let text = match &arguments.image {
        Some(image) => kubernetes::cron_job(&job, image)?,
        None if arguments.cron => {
            cron::check(&job.when)?;
            match arguments.install {
                true => cron::install(&job)?,
                false => cron::entry(&job),
            }
        }
        None if arguments.install => systemd::install(&job, Path::new(SYSTEMD_FOLDER))?,
        None => {
            systemd::units(&job).map(|(file, text)| format!("# {SYSTEMD_FOLDER}/{file}\n{text}")).join("\n")
        }
    };
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(Outcome::Good)
}

impl Job {
    fn of(arguments: &ScheduleArguments) -> anyhow::Result<Job> {
        check_name(&arguments.name)?;
        arguments.user.as_deref().map_or(Ok(()), check_name)?;
        let (mut words, folder) = taking(&arguments.arguments)?;
        let program = match arguments.kubernetes {
            // Where it is on this machine says nothing of the image.
            true => "pgdump-take".to_owned(),
            false => text(&env::current_exe().context("cannot find out where this program is")?)?,
        };
        words.insert(0, program);
        let nightly = if arguments.systemd { NIGHTLY } else { NIGHTLY_CRON };
        let job = Job {
            name: arguments.name.clone(),
            command: words,
            folder,
            when: arguments.when.as_deref().unwrap_or(nightly).trim().to_owned(),
            user: arguments.user.clone(),
            timeout: arguments.timeout,
        };
        let controls = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
        let words = job.command.iter().chain([&job.when]).chain(&arguments.image);
        for word in words {
            ensure!(!word.contains(controls), "a control character cannot be written there: {word:?}");
        }
        ensure!(!job.when.is_empty(), "`--when` is empty");
        Ok(job)
    }
}

/// Returns the arguments with the folder of the backups as a path from the root, and that folder: what runs them is
/// elsewhere. A place in a store is the same from everywhere.
fn taking(words: &[String]) -> anyhow::Result<(Vec<String>, Option<String>)> {
    let program = "pgdump-take".to_owned();
    let parsed = Arguments::try_parse_from([&program].into_iter().chain(words)).map_err(|error| {
        let message = error.render().to_string();
        let first: Vec<&str> = message.lines().take_while(|line| !line.is_empty()).map(str::trim).collect();
        anyhow!("behind `--`: {}", first.join(" ").trim_start_matches("error: "))
    })?;
    let Some(folder) = parsed.take.dir.filter(|_| parsed.command.is_none()) else {
        bail!("behind `--`: only the taking of a backup can be scheduled, with its `--dir`");
    };
    if let Some(at) = Location::of_path(&folder) {
        at?;
        return Ok((words.to_vec(), None));
    }
    let folder = std::path::absolute(&folder).context("cannot find out where `--dir` is")?;
    let is_plain = folder.components().all(|part| part != Component::ParentDir);
    ensure!(is_plain, "name the folder without `..`: {}", folder.display());
    let folder = text(&folder)?;
    let mut words = words.to_vec();
    let mut after_option = false;
    for word in &mut words {
        if after_option {
            *word = folder.clone();
        } else if word.starts_with("--dir=") {
            *word = format!("--dir={folder}");
        }
        after_option = word == "--dir";
    }
    Ok((words, Some(folder)))
}

fn text(path: &Path) -> anyhow::Result<String> {
    Ok(path.to_str().with_context(|| format!("not UTF-8: {}", path.display()))?.to_owned())
}

fn check_name(name: &str) -> anyhow::Result<()> {
    let known = |c: char| c.is_ascii_alphanumeric() || "_.@-".contains(c);
    let begins = name.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
    let fits = begins && name.len() <= NAME_MAX && name.chars().all(known) && !name.ends_with('@');
    ensure!(
        fits,
        "a name has letters, digits, `_`, `.`, `@` and `-` only, and begins with one of the first three: {name:?}"
    );
    Ok(())
}

/// Refuses a password: everybody may read the files of systemd, and the command line of a process.
fn refuse_passwords(words: &[String]) -> Result<(), Failure> {
    let strings = words.iter().flat_map(|word| {
        // As a word of its own, behind a long option, or behind a short one.
        let behind = word.starts_with("--").then(|| word.split_once('=')).flatten().map(|(_, value)| value);
        let short = word.strip_prefix('-').and_then(|rest| rest.get(1..));
        [Some(word.as_str()), behind, short]
    });
    for string in strings.flatten() {
        let why = match connect::Written::parse(string) {
            Some(Ok(written)) if written.password().is_some() => {
                anyhow!("everybody could read the password of the connection")
            }
            Some(Err(error)) => error.into(),
            _ => continue,
        };
        let hint = "leave it out, and put it into ~/.pgpass or a file that PGPASSFILE names";
        return Err(Failure::from(why).with_hint(hint));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn job(words: &[&str]) -> Job {
        Job {
            name: "shop".to_owned(),
            command: words.iter().map(|word| (*word).to_owned()).collect(),
            folder: Some("/backups".to_owned()),
            when: "15 4 * * *".to_owned(),
            user: None,
            timeout: 86_400,
        }
    }

    /// Words that some reader of them would take for more than they say.
    pub(super) const HOSTILE: [&str; 14] = [
        "plain",
        "",
        "two words",
        "it's",
        "\"quoted\"",
        "50% of $HOME $(id) `id` ${HOME}",
        "$$(HOME) $$",
        "a\\%b\\\\%c\\",
        "%",
        ";",
        "- {a: b} # no comment",
        "größe \u{1f418}",
        "~/x*?[a]",
        "#|&<>!",
    ];

    #[test]
    fn folders_are_named_from_the_root() {
        let taken = |words: &[&str]| {
            taking(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>())
                .map_err(|error| error.to_string())
        };
        let here = env::current_dir().unwrap().join("b").display().to_string();
        let (words, folder) = taken(&["--dir", "b", "shop"]).unwrap();
        assert_eq!(
            (words, folder),
            (vec!["--dir".to_owned(), here.clone(), "shop".to_owned()], Some(here.clone()))
        );
        assert_eq!(taken(&["shop", "--dir=b"]).unwrap().0, ["shop".to_owned(), format!("--dir={here}")]);
        let stored = ["--dir=s3://b/k", "shop"];
        assert_eq!(taken(&stored).unwrap(), (stored.map(str::to_owned).to_vec(), None));
        for (words, why) in [
            (&["shop"][..], "--dir <FOLDER>"),
            (&["--dir", "/b", "--colour"], "--colour"),
            (&["list", "/b"], "only the taking of a backup"),
            (&["--dir", "/b/../c"], "without `..`"),
        ] {
            let error = taken(words).unwrap_err();
            assert!(error.starts_with("behind `--`: ") || why.contains(".."), "{error}");
            assert!(error.contains(why), "{error}");
        }
    }

    #[test]
    fn names_are_safe_everywhere() {
        for name in ["shop", "a.b_c@d-e", "_"] {
            assert!(check_name(name).is_ok(), "{name}");
        }
        for name in ["", "-x", ".x", "a/b", "a b", "x@", "%i", "größe", "a\n", &"x".repeat(201)] {
            assert!(check_name(name).is_err(), "{name:?}");
        }
    }

    #[test]
    fn passwords_are_refused() {
        for word in [
            "postgres://u:hush@h/db",
            "host=h password=hush",
            "--dbname=postgres://u:hush@h/db",
            "-dpostgresql://h/db?password=hush",
            "-dpassword=hush",
            "postgres://u:hu/sh@h/db",
        ] {
            let failure = refuse_passwords(&["--dir".to_owned(), word.to_owned()]).unwrap_err();
            assert!(!failure.message().contains("hush"), "{}", failure.message());
            assert!(failure.hint().unwrap().contains("PGPASSFILE"));
        }
        for word in ["shop", "postgres://u@h/db", "host=h", "--dir=/b", "-Fc", "-", "--", "-é", ""] {
            assert!(refuse_passwords(&[word.to_owned()]).is_ok(), "{word}");
        }
    }
}
