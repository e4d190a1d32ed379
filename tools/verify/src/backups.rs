//! Which backups are verified, and how old they are.

mod folder;

pub use folder::{is_named, is_unfinished};

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use archive::{Content, Created};
use cli::Failure;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, SpanRelativeTo, Timestamp};
use store::Location;

use crate::arguments::Arguments;
use crate::stored;
use crate::verdict::{Finding, LeftAlone, Run, Verdict};

/// A time of an archive is local time somewhere: so far it may seem to lie ahead.
const AHEAD: SignedDuration = SignedDuration::from_hours(26);

/// A backup that is to be verified.
#[derive(Debug)]
pub struct Chosen {
    /// Where it is; `-` is standard input.
    pub path: PathBuf,
    /// When it was taken, as far as that is known.
    pub taken: Option<Taken>,
}

/// When a backup was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Taken {
    /// The time.
    pub at: Timestamp,
    /// Who says so.
    pub by: By,
}

/// Who says when a backup was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum By {
    /// The file: when it was last written.
    File,
    /// The archive: when `pg_dump` began, in the local time of its machine, here taken as the local time of this one.
    Archive,
}

impl By {
    /// Returns who it is in a word.
    pub fn word(self) -> &'static str {
        match self {
            By::File => "file",
            By::Archive => "archive",
        }
    }
}

/// Chooses the backups that the arguments speak of; what is wrong with them as a set, and what is left alone, gets into
/// the run.
///
/// # Errors
/// When the folder cannot be read.
pub fn choose(arguments: &Arguments, run: &mut Run) -> Result<Vec<Chosen>, Failure> {
    let mut chosen = match &arguments.dir {
        Some(folder) => match stored::backups(folder, &mut run.left_alone)? {
            Some(chosen) => chosen,
            None => {
                let paths = folder::backups(folder, &mut run.left_alone);
                of(paths.with_context(|| format!("cannot read folder {}", folder.display()))?)
            }
        },
        None => of(arguments.backups.clone()),
    };
    if let Some(folder) = arguments.dir.as_ref().filter(|_| chosen.is_empty()) {
        run.findings.push(finding(Verdict::Bad, folder, "no backup there"));
        return Ok(chosen);
    }
    if let Some(age) = arguments.max_age {
        check_age(age, &chosen, run);
    }
    if arguments.newest {
        chosen.sort_by(|one, other| (one.taken, &one.path).cmp(&(other.taken, &other.path)));
        let newest = chosen.pop();
        for Chosen { path, .. } in chosen.drain(..) {
            let why = "not the newest backup".to_owned();
            run.left_alone.push(LeftAlone { path: path.display().to_string(), why });
        }
        chosen.extend(newest);
    }
    Ok(chosen)
}

fn of(paths: Vec<PathBuf>) -> Vec<Chosen> {
    paths.into_iter().map(|path| Chosen { taken: taken(&path), path }).collect()
}

fn finding(verdict: Verdict, what: &Path, why: impl Into<String>) -> Finding {
    let what = what.display().to_string();
    Finding { verdict, what, place: None, why: why.into(), difference: None }
}

/// Looks at how old the newest backup is.
fn check_age(limit: SignedDuration, chosen: &[Chosen], run: &mut Run) {
    let known = chosen.iter().filter_map(|chosen| Some((chosen.taken?, &chosen.path)));
    let Some((taken, path)) = known.max() else {
        let what = chosen.first().map_or(Path::new("-"), |chosen| &chosen.path);
        let why = "nothing tells when it was taken (`--max-age`)";
        run.findings.push(finding(Verdict::Unclear, what, why));
        return;
    };
    let age = run.begun.duration_since(taken.at);
    let whole = |duration: SignedDuration| format!("{:#}", SignedDuration::from_secs(duration.as_secs()));
    let by = match taken.by {
        By::File => "when the file was last written",
        By::Archive => "the time that the archive holds",
    };
    if age > limit {
        let why = format!(
            "the newest backup is too old: {}, at most {} are allowed (`--max-age`); taken at {}, {by}",
            whole(age),
            whole(limit),
            shown(taken.at),
        );
        run.findings.push(finding(Verdict::Bad, path, why));
    } else if age < -AHEAD {
        let why = format!("the time of the newest backup lies ahead: {}, {by}", shown(taken.at));
        run.findings.push(finding(Verdict::Unclear, path, why));
    }
}

/// Writes a time to the second, in UTC.
pub fn shown(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Finds out when a backup was taken; a pipe cannot be asked without losing what it holds.
fn taken(path: &Path) -> Option<Taken> {
    if Location::is_written(path) {
        return stored::taken(path);
    }
    let metadata = fs::metadata(path).ok().filter(|metadata| metadata.is_file() || metadata.is_dir())?;
    if let Ok(archive::Input { content: Content::Archive(archive), .. }) = archive::open(path)
        && let Some(at) = local(&archive.header.created)
    {
        return Some(Taken { at, by: By::Archive });
    }
    let at = Timestamp::try_from(metadata.modified().ok()?).ok()?;
    Some(Taken { at, by: By::File })
}

/// The time of an archive, whose numbers nobody has checked.
fn local(created: &Created) -> Option<Timestamp> {
    let Created { year, month, day, hour, minute, second, .. } = *created;
    let small = |number: i64| i8::try_from(number).ok();
    let time = jiff::civil::DateTime::new(
        i16::try_from(year).ok()?,
        small(month)?,
        small(day)?,
        small(hour)?,
        small(minute)?,
        small(second)?,
        0,
    );
    Some(time.ok()?.to_zoned(TimeZone::system()).ok()?.timestamp())
}

/// Reads a duration such as `26h` or `7d`; a day has 24 hours.
///
/// # Errors
/// When it is none, or not longer than nothing.
pub fn duration(text: &str) -> Result<SignedDuration, String> {
    let wrong = || "write it as in 90min, 26h, 7d or 2w".to_owned();
    let span: Span = text.parse().map_err(|_| wrong())?;
    let duration = span.to_duration(SpanRelativeTo::days_are_24_hours()).map_err(|_| wrong())?;
    match duration.is_positive() {
        true => Ok(duration),
        false => Err(wrong()),
    }
}

/// Returns the paths without those that lead to the same place as one before them.
fn distinct(paths: Vec<PathBuf>, left_alone: &mut Vec<LeftAlone>) -> Vec<PathBuf> {
    let mut known = BTreeSet::new();
    let (mut links, mut rest): (Vec<PathBuf>, Vec<PathBuf>) =
        paths.into_iter().partition(|path| path.is_symlink());
    // A link and what it leads to are one backup, which the link is only another name of.
    rest.retain(|path| fs::canonicalize(path).map_or(true, |path| known.insert(path)));
    links.retain(|path| {
        let new = fs::canonicalize(path).map_or(true, |path| known.insert(path));
        if !new {
            let why = "a link to another of the backups".to_owned();
            left_alone.push(LeftAlone { path: path.display().to_string(), why });
        }
        new
    });
    rest.extend(links);
    rest.sort();
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_written_as_people_do() {
        let hours = |text| duration(text).map(|duration| duration.as_hours());
        assert_eq!(
            (hours("26h"), hours("7d"), hours("2w"), hours("1d 2h")),
            (Ok(26), Ok(168), Ok(336), Ok(26))
        );
        for wrong in ["", "7", "d", "-1h", "0h", "1mo", "yesterday"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn impossible_times_are_none() {
        let created =
            Created { year: 2024, month: 2, day: 29, hour: 12, minute: 0, second: 60, daylight_saving: None };
        assert_eq!(local(&created), None);
        assert!(local(&Created { second: 59, ..created }).is_some());
        assert_eq!(local(&Created { year: i64::MAX, ..created }), None);
    }
}
