//! What backups and what belongs to them are called.
//!
//! A backup is called after its database and the moment of its snapshot: `shop-20261121T031500Z.dump`. Beside it lie its
//! manifest, `….dump.manifest.json`, and, once it was verified, `….dump.verified.json`.

use std::fmt;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use tree::file_name;

/// How the moment is written; always in UTC, so that names sort by time.
const MOMENT: &str = "%Y%m%dT%H%M%SZ";

/// What a backup is of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// One database.
    Database(String),
    /// Roles, tablespaces and settings of a cluster (`pg_dumpall --globals-only`).
    Globals,
    /// A cluster in one file (`pg_dumpall`).
    Cluster,
}

/// How a backup is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A script.
    Plain,
    /// A script, packed by gzip.
    PlainGzip,
    /// A script, packed by Zstandard.
    PlainZstd,
    /// An archive in one file.
    Custom,
    /// An archive as a tar file.
    Tar,
    /// An archive as a folder.
    Directory,
}

impl Form {
    const ALL: [Form; 6] =
        [Form::Plain, Form::PlainGzip, Form::PlainZstd, Form::Custom, Form::Tar, Form::Directory];

    fn ending(self) -> &'static str {
        match self {
            Form::Plain => ".sql",
            Form::PlainGzip => ".sql.gz",
            Form::PlainZstd => ".sql.zst",
            Form::Custom => ".dump",
            Form::Tar => ".tar",
            Form::Directory => ".dir",
        }
    }
}

impl Target {
    /// Returns it as names of files hold it; no two are alike, and all are safe on every disk.
    pub fn file_name(&self) -> String {
        match self {
            Target::Database(name) => file_name::encode(name.as_bytes()),
            // No name of a database is written with these.
            Target::Globals => "+globals".to_owned(),
            Target::Cluster => "+cluster".to_owned(),
        }
    }

    fn parse(text: &str) -> Option<Target> {
        match text {
            "+globals" => Some(Target::Globals),
            "+cluster" => Some(Target::Cluster),
            name => Some(Target::Database(String::from_utf8(file_name::decode(name).ok()?).ok()?)),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Target::Database(name) => f.write_str(name),
            Target::Globals => f.write_str("globals of the cluster"),
            Target::Cluster => f.write_str("cluster"),
        }
    }
}

/// The name of a backup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackupName {
    /// What it is of.
    pub target: Target,
    /// When its snapshot was taken, in whole seconds.
    pub taken: Timestamp,
    /// How it is written.
    pub form: Form,
}

impl BackupName {
    /// Reads a name; none if it is no backup's.
    pub fn parse(name: &str) -> Option<BackupName> {
        // The longer endings first: `.sql.gz` is no `.gz` of something else.
        let (stem, form) =
            Form::ALL.into_iter().find_map(|form| Some((name.strip_suffix(form.ending())?, form)))?;
        let (target, moment) = stem.rsplit_once('-')?;
        let taken = jiff::civil::DateTime::strptime(MOMENT, moment).ok()?;
        let taken = taken.to_zoned(TimeZone::UTC).ok()?.timestamp();
        let name_read = BackupName { target: Target::parse(target)?, taken, form };
        // Only what is written the way that we write it is ours.
        (name_read.to_string() == name).then_some(name_read)
    }
}

impl fmt::Display for BackupName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let moment = self.taken.strftime(MOMENT);
        write!(f, "{}-{moment}{}", self.target.file_name(), self.form.ending())
    }
}

/// The name of what is not complete yet.
pub fn partial(name: &str) -> String {
    format!(".{name}.partial")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written() {
        let targets = ["shop", "My Shop", "a-b", "größe", "+globals", "x.sql", "20261121T031500Z", "-"]
            .map(|name| Target::Database(name.to_owned()));
        let taken: Timestamp = "2026-11-21T03:15:00Z".parse().unwrap();
        for target in targets.into_iter().chain([Target::Globals, Target::Cluster]) {
            for form in Form::ALL {
                let name = BackupName { target: target.clone(), taken, form };
                assert_eq!(BackupName::parse(&name.to_string()), Some(name.clone()), "{name}");
            }
        }
        let name = BackupName { target: Target::Database("shop".to_owned()), taken, form: Form::Custom };
        assert_eq!(name.to_string(), "shop-20261121T031500Z.dump");
        for foreign in
            ["shop.dump", "shop-2026.dump", "shop-20261121T031500Z.dump.manifest.json", "", ".dump"]
        {
            assert_eq!(BackupName::parse(foreign), None, "{foreign}");
        }
    }
}
