//! The command line.

use std::ffi::OsString;

use clap::Parser;
use cli::{DataWanted, OmitArguments, SelectArguments};

use crate::judging::JudgingArguments;
use crate::report::ReportArguments;

const EXIT_CODES: &str =
    "Exit codes: 0 no difference, 1 differences, 2 trouble, 3 could not be compared completely";

#[derive(Debug, Parser)]
#[command(name = "pgdump-diff", version, about, after_help = EXIT_CODES)]
pub(crate) struct Arguments {
    /// The dump as it was: a file of any format, a tree, `-` for standard input, `/dev/null` for no schema, `REV:PATH`
    /// or `:PATH` of the git repository one stands in, `s3://`, `gs://` or `az://` and its name in a store, or a database to
    /// run `pg_dump --schema-only` on: a URL or `service=NAME`, `dbname=NAME` …
    #[arg(value_name = "OLD", required_unless_present_any = ["git", "rules"])]
    pub old: Option<OsString>,

    /// The dump as it is now, named in the same ways
    #[arg(value_name = "NEW", required_unless_present_any = ["git", "rules"])]
    pub new: Option<OsString>,

    /// Take the arguments that git gives an external diff, as the last option; exit with 0 whether there are
    /// differences or not, as git wants it
    #[arg(
        long,
        value_name = "ARGUMENT",
        num_args = 1..=9,
        allow_hyphen_values = true,
        conflicts_with_all = ["old", "new"]
    )]
    pub git: Option<Vec<OsString>>,

    /// With `--git`: exit with 1 for differences all the same, for git's `diff.trustExitCode`
    #[arg(long, requires = "git")]
    pub trust_exit_code: bool,

    /// Compare the rows too, by number and hash for each table, with sequence values and large objects
    #[arg(long)]
    pub rows: bool,

    /// Take statements that are not understood as compared when their texts were
    #[arg(long)]
    pub allow_unclassified: bool,

    #[command(flatten)]
    pub report: ReportArguments,
    #[command(flatten)]
    pub judging: JudgingArguments,
    #[command(flatten)]
    pub select: SelectArguments,
    #[command(flatten)]
    pub omit: OmitArguments,
}

impl Arguments {
    /// What of the data is to be read.
    pub fn data_wanted(&self) -> DataWanted<'static> {
        if self.rows { DataWanted::Content } else { DataWanted::Nothing }
    }
}
