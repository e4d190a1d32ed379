//! The command line.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Parser, Subcommand, ValueEnum};
use connect::ConnectArguments;
use jiff::SignedDuration;

use crate::options::PgDumpOptions;
use crate::quantity;
use crate::retention::Policy;

const EXIT_CODES: &str = "Exit codes: 0 taken and proven, 1 the backup is not what its source held, 2 trouble, 4 another run \
    is at work on the same target";

#[derive(Debug, Parser)]
#[command(
    name = "pgdump-take",
    version,
    about,
    after_help = EXIT_CODES,
    disable_help_flag = true,
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub command: Option<Command>,

    /// Print help
    #[arg(long, action = clap::ArgAction::Help, global = true)]
    pub help: Option<bool>,

    #[command(flatten)]
    pub take: TakeArguments,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the backups in a folder: when, what, size, rows, complete, verified, next to be removed
    List(ListArguments),
    /// Print or install what takes backups at regular times
    Schedule(ScheduleArguments),
}

#[derive(Args, Clone, Debug)]
pub(crate) struct TakeArguments {
    /// The database, a URL or a connection string, as `-d`
    #[arg(value_name = "DBNAME", conflicts_with = "dbname")]
    pub database: Option<String>,

    /// The folder that backups go to, or a place in a store, such as `s3://bucket/nightly`, `gs://…` or `az://…`, for which
    /// they are made and proven in the folder of temporary files (`TMPDIR`)
    #[arg(long, value_name = "FOLDER", required = true)]
    pub dir: Option<PathBuf>,

    /// How the backup is written
    #[arg(short = 'F', long, value_enum, default_value_t = Format::Plain)]
    pub format: Format,

    /// `none`, `gzip` or `zstd`, with `:LEVEL` behind it or not, or a level of gzip; a plain backup is packed while it is
    /// written, and called `.gz` or `.zst`
    #[arg(short = 'Z', long, value_name = "METHOD")]
    pub compress: Option<String>,

    /// How many tables pg_dump takes at once into a folder [default: the number of processors]. Beside pg_dump, as many
    /// connections read the source as it leaves processors, at least one
    #[arg(short, long, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..=32))]
    pub jobs: Option<u16>,

    /// Compare and record the content of all rows and large objects, not only their number
    #[arg(long)]
    pub content: bool,

    /// Ask the source a query of one value and record the answer, for a restored copy to give the same. Names need their schema: the
    /// search path is empty
    #[arg(long = "assert", value_name = "SQL")]
    pub asserts: Vec<String>,

    /// All databases of the server, each on its own, and what belongs to the cluster
    #[arg(long, conflicts_with_all = ["pg_dumpall", "database"])]
    pub all: bool,

    /// All databases in one plain file, by pg_dumpall, which takes no snapshot to compare with
    #[arg(long, conflicts_with_all = ["database", "asserts", "content"])]
    pub pg_dumpall: bool,

    /// Leave the hashes of passwords out of what pg_dumpall writes, which only a superuser may read
    #[arg(long)]
    pub no_role_passwords: bool,

    /// Verify what was taken with `pgdump-verify`, which has to be beside this program or in `PATH`
    #[arg(long)]
    pub then_verify: bool,

    /// Run a program when all went well; its standard input is the result as JSON, its environment has PGDUMP_TAKE_OUTCOME
    /// and PGDUMP_TAKE_FILES
    #[arg(long, value_name = "PROGRAM")]
    pub on_success: Option<PathBuf>,

    /// Run a program when anything did not, in the same way
    #[arg(long, value_name = "PROGRAM")]
    pub on_failure: Option<PathBuf>,

    /// Tell a dead-man switch, such as healthchecks: the URL is asked for when all went well, with `/start` behind it at the
    /// beginning and `/fail` otherwise
    #[arg(long, value_name = "URL")]
    pub ping: Option<String>,

    /// Write the result for Prometheus' textfile collector
    #[arg(long, value_name = "FILE")]
    pub prom: Option<PathBuf>,

    /// Take nothing; say what would be removed, and why
    #[arg(long)]
    pub dry_run: bool,

    /// Print JSON
    #[arg(long)]
    pub json: bool,

    #[command(flatten)]
    pub keep: KeepArguments,

    #[command(flatten)]
    pub connect: ConnectArguments,

    #[command(flatten)]
    pub options: PgDumpOptions,
}

/// How a backup is written, as `pg_dump --format` has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    #[value(alias = "p")]
    Plain,
    #[value(alias = "c")]
    Custom,
    #[value(alias = "t")]
    Tar,
    #[value(alias = "d")]
    Directory,
}

impl Format {
    /// Returns it as pg_dump takes it.
    pub fn word(self) -> &'static str {
        match self {
            Format::Plain => "plain",
            Format::Custom => "custom",
            Format::Tar => "tar",
            Format::Directory => "directory",
        }
    }
}

/// Which backups of the same target are kept; without any of these, all are.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Retention")]
pub(crate) struct KeepArguments {
    /// Keep the newest of all
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    pub keep_last: Option<u32>,
    /// Keep the newest of each day, of so many days that have any; days are those of UTC
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    pub keep_daily: Option<u32>,
    /// Keep the newest of each ISO week
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    pub keep_weekly: Option<u32>,
    /// Keep the newest of each month
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    pub keep_monthly: Option<u32>,
    /// Keep the newest of each year
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    pub keep_yearly: Option<u32>,
    /// Keep nothing older, such as `36h` or `30d`, but for the newest and the last verified
    #[arg(long, value_name = "DURATION", value_parser = quantity::duration)]
    pub max_age: Option<SignedDuration>,
    /// Keep no more bytes altogether, such as `200GB` or `1.5TiB`, but for the newest and the last verified; the oldest go
    /// first
    #[arg(long, value_name = "BYTES", value_parser = quantity::bytes)]
    pub max_bytes: Option<u64>,
    /// Count only backups that `pgdump-verify` has passed; what is newer than these stays, and so does everything where
    /// there is none
    #[arg(long)]
    pub require_verified: bool,
}

impl KeepArguments {
    /// Returns what they ask for.
    pub fn policy(&self) -> Policy {
        Policy {
            last: self.keep_last,
            daily: self.keep_daily,
            weekly: self.keep_weekly,
            monthly: self.keep_monthly,
            yearly: self.keep_yearly,
            max_age: self.max_age,
            max_bytes: self.max_bytes,
            require_verified: self.require_verified,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct ListArguments {
    /// The folder of the backups, or their place in a store
    #[arg(value_name = "FOLDER")]
    pub folder: PathBuf,

    /// Print JSON, as docs/schemas/pgdump-take-list.schema.json says
    #[arg(long)]
    pub json: bool,

    #[command(flatten)]
    pub keep: KeepArguments,
}

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("kind").required(true))]
pub(crate) struct ScheduleArguments {
    /// A service and a timer of systemd
    #[arg(long, group = "kind")]
    pub systemd: bool,
    /// A line of a crontab
    #[arg(long, group = "kind")]
    pub cron: bool,
    /// A CronJob of Kubernetes
    #[arg(long, group = "kind")]
    pub kubernetes: bool,

    /// When: an `OnCalendar` of systemd; five fields or one such as `@daily` for the others [default: every night]
    #[arg(long, value_name = "TIME")]
    pub when: Option<String>,

    /// What the files and jobs are called; in Kubernetes also the secret with the environment, such as `PGPASSWORD`, and
    /// the claim of the volume
    #[arg(long, value_name = "NAME", default_value = "pgdump-take")]
    pub name: String,

    /// The account that backups are taken as
    #[arg(long, value_name = "ACCOUNT", conflicts_with = "kubernetes")]
    pub user: Option<String>,

    /// How many seconds a run may take, all that it verifies included; then it is ended by SIGTERM, which is told as trouble
    #[arg(long, value_name = "SECONDS", default_value_t = 86_400, value_parser = clap::value_parser!(u64).range(1..))]
    pub timeout: u64,

    /// The image that holds pgdump-take and pg_dump
    #[arg(long, value_name = "IMAGE", requires = "kubernetes", required_if_eq("kubernetes", "true"))]
    pub image: Option<String>,

    /// Install it: systemd's files into /etc/systemd/system, cron's line into the account's crontab. Only what this program
    /// wrote is replaced
    #[arg(long, conflicts_with = "kubernetes")]
    pub install: bool,

    /// What pgdump-take is to do: its arguments, behind `--`. Everybody may read them: a password belongs into ~/.pgpass
    #[arg(last = true, required = true, value_name = "ARGUMENTS")]
    pub arguments: Vec<String>,
}
