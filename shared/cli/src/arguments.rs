//! Arguments that several tools take, named as pg_dump names them.

use std::path::PathBuf;

use clap::Args;
use dump::{Omissions, Pattern, Selection};

/// The dump to be read.
#[derive(Args, Clone, Debug)]
pub struct DumpArguments {
    /// The dump: a plain file, or `-` for standard input
    #[arg(value_name = "DUMP", default_value = "-")]
    pub dump: PathBuf,

    /// Keep passwords, connection strings and password hashes instead of placeholders
    #[arg(long)]
    pub keep_secrets: bool,
}

/// Which objects are wanted.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Objects")]
pub struct SelectArguments {
    /// Take only the schemas that match the pattern (may be given several times)
    #[arg(short = 'n', long = "schema", value_name = "PATTERN")]
    pub schemas: Vec<Pattern>,

    /// Leave out the schemas that match the pattern
    #[arg(short = 'N', long = "exclude-schema", value_name = "PATTERN")]
    pub exclude_schemas: Vec<Pattern>,

    /// Take only the tables, views and sequences that match the pattern
    #[arg(short = 't', long = "table", value_name = "PATTERN")]
    pub tables: Vec<Pattern>,

    /// Leave out the tables, views and sequences that match the pattern
    #[arg(short = 'T', long = "exclude-table", value_name = "PATTERN")]
    pub exclude_tables: Vec<Pattern>,
}

impl SelectArguments {
    /// Returns what they select.
    pub fn selection(&self) -> Selection {
        Selection {
            schemas: self.schemas.clone(),
            exclude_schemas: self.exclude_schemas.clone(),
            tables: self.tables.clone(),
            exclude_tables: self.exclude_tables.clone(),
        }
    }
}

/// Which parts of objects are not wanted.
#[derive(Args, Clone, Copy, Debug, Default)]
#[command(next_help_heading = "Parts")]
pub struct OmitArguments {
    /// Leave out who owns what
    #[arg(short = 'O', long)]
    pub no_owner: bool,

    /// Leave out grants and revokes
    #[arg(short = 'x', long, alias = "no-acl")]
    pub no_privileges: bool,

    /// Leave out comments
    #[arg(long)]
    pub no_comments: bool,

    /// Leave out security labels
    #[arg(long)]
    pub no_security_labels: bool,

    /// Leave out tablespaces
    #[arg(long)]
    pub no_tablespaces: bool,
}

impl OmitArguments {
    /// Returns what they leave out.
    pub fn omissions(&self) -> Omissions {
        Omissions {
            owners: self.no_owner,
            privileges: self.no_privileges,
            comments: self.no_comments,
            security_labels: self.no_security_labels,
            tablespaces: self.no_tablespaces,
        }
    }
}
