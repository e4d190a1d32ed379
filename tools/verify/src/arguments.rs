//! The command line.

use std::path::PathBuf;

use anyhow::anyhow;
use clap::{Parser, ValueEnum};
use cli::{ColorArgument, Failure};
use jiff::SignedDuration;

use crate::backups;
use crate::check::Assertion;
use crate::report::ReportFile;

const EXIT_CODES: &str = "Exit codes: 0 verified, 1 bad, 2 trouble, 3 cannot be judged completely here. Of several \
    backups the worst counts, in the order 1, 2, 3, 0";

#[derive(Debug, Parser)]
#[command(name = "pgdump-verify", version, about, after_help = EXIT_CODES)]
pub(crate) struct Arguments {
    /// The backups, of any format: files, folders, `s3://`, `gs://` or `az://` and a name in a store, or `-` for standard input
    #[arg(value_name = "BACKUP", required_unless_present_any = ["dir", "reap"])]
    pub backups: Vec<PathBuf>,

    /// Verify every backup in a folder: what is one by its content or, if it is damaged, by its name (.sql .dump .backup
    /// …, compressed or not). Folders in it are not entered, but for archives in the directory format. That there is none
    /// is as bad as a bad one
    #[arg(long, value_name = "FOLDER", conflicts_with = "backups")]
    pub dir: Option<PathBuf>,

    /// Of a folder only the newest backup of each database, by the time that an archive holds, else by the file's. The
    /// database is that of the manifest beside it, else of the archive's header, else its name without the time in it
    #[arg(long, requires = "dir", conflicts_with = "backups")]
    pub newest: bool,

    /// How old the newest backup of each database may be, such as `26h` or `7d`; an older one is as bad as a bad one
    #[arg(long, value_name = "DURATION", value_parser = backups::duration)]
    pub max_age: Option<SignedDuration>,

    /// How many rows the backup has to hold at least, all tables together; one that holds fewer is bad
    #[arg(long, value_name = "NUMBER")]
    pub min_rows: Option<u64>,

    /// How much is proved
    #[arg(long, value_enum, default_value_t = Level::Restore)]
    pub level: Level,

    /// How many connections load rows, build indexes and compare [default: the number of processors]
    #[arg(short, long, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..=32))]
    pub jobs: Option<u16>,

    /// The folder of the server programs (`initdb`, `postgres`) to restore with [default: a server of the backup's
    /// major version, else a newer one]
    #[arg(long, value_name = "FOLDER")]
    pub pg_bindir: Option<PathBuf>,

    /// A file of `pg_dumpall --globals-only` or `--roles-only`: its roles are made before the backup is restored, without
    /// passwords; roles that it does not name are made up as without it
    #[arg(long, value_name = "FILE")]
    pub globals: Option<PathBuf>,

    /// Restore into a database of this server, a URL or connection string, instead of a private server: it is made, named
    /// and commented as ours, and removed. Needs a role that may create databases; nothing runs as a superuser
    #[arg(long, value_name = "URL", conflicts_with_all = ["pg_bindir", "trust", "globals"])]
    pub server: Option<String>,

    /// Leave the restored database under this name and print how to connect; a private server is left running. On a given
    /// server the name must be free, or be that of an empty database, whose place it takes
    #[arg(long, value_name = "NAME")]
    pub keep: Option<String>,

    /// Let a superuser run what fails without one, such as functions in C: only for backups of your own
    #[arg(long)]
    pub trust: bool,

    /// Give up on a backup after this many seconds, reading and restoring included, which is no verdict on it
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    pub timeout: Option<u64>,

    /// Ask the restored database a query of one value; `--equals` says which. The role that asks is no superuser and
    /// writes nothing
    #[arg(long = "assert", value_name = "SQL", requires = "equals")]
    pub asserts: Vec<String>,

    /// The value that the query of the `--assert` at the same place should return, as text; `NULL` for none
    #[arg(long, value_name = "VALUE", requires = "asserts", allow_hyphen_values = true)]
    pub equals: Vec<String>,

    /// Compare the backup with what this manifest says that its source held [default: the one beside the backup, as
    /// `shop.dump.manifest.json`, if it is there]. That a backup was verified with the one beside it, at level `restore` or
    /// `full`, is recorded beside both, as `shop.dump.verified.json`; the record of a bad one is removed
    #[arg(long, value_name = "FILE")]
    pub manifest: Option<PathBuf>,

    /// Compare the backup with what its source holds now: a URL, a connection string or the name of a database. Every
    /// difference is one of the backup (exit code 1), though the source may have moved on since. Nothing is written there
    #[arg(long, value_name = "URL")]
    pub against: Option<String>,

    /// With `--against`, compare the content of all rows, not only their number
    #[arg(long, requires = "against")]
    pub content: bool,

    #[command(flatten)]
    pub password: connect::PasswordArguments,

    /// Remove what runs that were killed left behind, servers and folders, with `--server` its databases and roles as well,
    /// and list it; no backup is verified
    #[arg(long, conflicts_with_all = ["backups", "dir"])]
    pub reap: bool,

    /// Print JSON, as docs/schemas/pgdump-verify.schema.json says
    #[arg(long)]
    pub json: bool,

    /// Write one more report, in the form that the file's name says: .json, .html (one page that needs nothing else), .md
    /// (at most 65,536 characters), .xml (JUnit), .prom (for Prometheus' textfile collector); may be given several times.
    /// It is written after trouble too, and says so
    #[arg(long, value_name = "FILE", value_parser = ReportFile::parse)]
    pub report: Vec<ReportFile>,

    #[command(flatten)]
    pub color: ColorArgument,
}

/// How much is proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Level {
    /// The file alone, without a server: its structure is complete, every row has its columns and its encoding
    File,
    /// The backup is restored, and every table compared with it by count and content
    Restore,
    /// Also, what `pg_dump` writes of the restored schema is compared with the backup: definitions, owners, privileges,
    /// comments
    Full,
}

impl Arguments {
    /// Pairs the questions to the restored database with their answers.
    pub fn assertions(&self) -> Result<Vec<Assertion>, Failure> {
        let (asserts, equals) = (&self.asserts, &self.equals);
        if asserts.len() != equals.len() {
            let counts = format!("{} `--assert`, {} `--equals`", asserts.len(), equals.len());
            return Err(anyhow!("each `--assert` needs one `--equals`: {counts}").into());
        }
        if self.level == Level::File && !asserts.is_empty() {
            return Err(
                anyhow!("`--assert` needs a restored database, which `--level file` does not make").into()
            );
        }
        let pairs = asserts.iter().cloned().zip(equals.iter().cloned());
        Ok(pairs.map(|(sql, expected)| Assertion { sql, expected }).collect())
    }
}
