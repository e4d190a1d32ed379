//! Which backups are verified, and how old they are.

mod database;
mod folder;

pub use database::by_name;
pub use folder::{is_named, is_unfinished, without_endings};

use std::collections::{BTreeMap, BTreeSet};
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
    /// The database that it is of, as its manifest or its header says.
    pub database: Option<String>,
    /// What stands for the database where backups of one are compared: that, or a name without the time in it; none if
    /// nothing tells.
    pub group: Option<String>,
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
        let groups = groups(&chosen);
        let newest: BTreeSet<PathBuf> =
            groups.values().filter_map(|group| Some(group.last()?.path.clone())).collect();
        chosen.sort_by(|one, other| (one.taken, &one.path).cmp(&(other.taken, &other.path)));
        chosen.retain(|one| {
            let is_newest = newest.contains(&one.path);
            if !is_newest {
                let why = "not the newest backup".to_owned();
                run.left_alone.push(LeftAlone { path: one.path.display().to_string(), why });
            }
            is_newest
        });
        chosen.sort_by(|one, other| one.path.cmp(&other.path));
    }
    Ok(chosen)
}

fn of(paths: Vec<PathBuf>) -> Vec<Chosen> {
    let look = |path: PathBuf| {
        let (taken, header) = look(&path);
        let database = database::of(&path, header);
        let group = database.clone().or_else(|| group_of(&path));
        Chosen { taken, database, group, path }
    };
    paths.into_iter().map(look).collect()
}

/// Takes a name that has a time in it for the database, without that and its endings.
fn group_of(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_string_lossy();
    by_name(&name).filter(|name| !name.is_empty())
}

/// Gathers the backups of each database, the newest last. Those of which nothing tells the database are together, and with
/// all others where one of these is newer.
fn groups(chosen: &[Chosen]) -> BTreeMap<&str, Vec<&Chosen>> {
    let mut groups: BTreeMap<&str, Vec<&Chosen>> = BTreeMap::new();
    let mut unknown: Vec<&Chosen> = Vec::new();
    for one in chosen {
        match &one.group {
            Some(group) => groups.entry(group).or_default().push(one),
            None => unknown.push(one),
        }
    }
    groups
        .values_mut()
        .chain([&mut unknown])
        .for_each(|group| group.sort_by_key(|one| (one.taken, &one.path)));
    let newest = |group: &Vec<&Chosen>| group.last().map(|one| one.taken);
    if !unknown.is_empty() && groups.values().filter_map(newest).max() < newest(&unknown) {
        groups.insert("", unknown);
    }
    groups
}

fn finding(verdict: Verdict, what: &Path, why: impl Into<String>) -> Finding {
    let what = what.display().to_string();
    Finding { verdict, what, place: None, why: why.into(), difference: None }
}

/// Looks at how old the newest backup of each database is.
fn check_age(limit: SignedDuration, chosen: &[Chosen], run: &mut Run) {
    let groups = groups(chosen);
    let several = groups.len() > 1;
    for (database, group) in groups {
        let of = match database {
            "" => String::new(),
            _ if several => format!(" of `{database}`"),
            _ => String::new(),
        };
        check_age_of(&of, limit, &group, run);
    }
}

fn check_age_of(of: &str, limit: SignedDuration, chosen: &[&Chosen], run: &mut Run) {
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
            "the newest backup{of} is too old: {}, at most {} are allowed (`--max-age`); taken at {}, {by}",
            whole(age),
            whole(limit),
            shown(taken.at),
        );
        run.findings.push(finding(Verdict::Bad, path, why));
    } else if age < -AHEAD {
        let why = format!("the time of the newest backup{of} lies ahead: {}, {by}", shown(taken.at));
        run.findings.push(finding(Verdict::Unclear, path, why));
    }
}

/// Writes a time to the second, in UTC.
pub fn shown(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Finds out when a backup was taken, and the database that its header names; a pipe cannot be asked without losing what
/// it holds.
fn look(path: &Path) -> (Option<Taken>, Option<String>) {
    if Location::is_written(path) {
        return (stored::taken(path), None);
    }
    let metadata = fs::metadata(path).ok().filter(|metadata| metadata.is_file() || metadata.is_dir());
    let Some(metadata) = metadata else { return (None, None) };
    let mut database = None;
    match archive::open(path).map(|input| input.content) {
        Ok(Content::Archive(archive)) => {
            let header = &archive.header;
            database = header.database.as_ref().map(|name| String::from_utf8_lossy(name).into_owned());
            if let Some(at) = local(&header.created) {
                return (Some(Taken { at, by: By::Archive }), database);
            }
        }
        Ok(Content::Plain(plain)) => database = database::of_script(plain),
        Ok(Content::Tree(_)) | Err(_) => {}
    }
    let at = metadata.modified().ok().and_then(|at| Timestamp::try_from(at).ok());
    (at.map(|at| Taken { at, by: By::File }), database)
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
