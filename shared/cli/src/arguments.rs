//! Arguments that several tools take, named as pg_dump names them.

use std::path::PathBuf;

use clap::Args;
use dump::{Dump, Name, Omissions, Pattern, Schema, Selection};

use crate::Failure;

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
    /// Take only this database of a dump that holds several
    #[arg(long, value_name = "NAME")]
    pub database: Option<String>,

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
    /// Leaves only what they select, in each of the dumps.
    ///
    /// # Errors
    /// When a dump has no such database, or nothing in any dump matches a pattern: what is in one of two dumps to be
    /// compared is no mistake.
    pub fn apply(&self, dumps: &mut [Dump]) -> Result<(), Failure> {
        let selection = Selection {
            schemas: self.schemas.clone(),
            exclude_schemas: self.exclude_schemas.clone(),
            tables: self.tables.clone(),
            exclude_tables: self.exclude_tables.clone(),
        };
        for dump in &mut *dumps {
            self.select_database(dump)?;
        }
        let databases = dumps.iter_mut().flat_map(|dump| &mut dump.databases);
        let in_none = databases
            .map(|database| selection.apply_to(database))
            .reduce(|all, next| all.into_iter().filter(|one| next.contains(one)).collect());
        match in_none.unwrap_or_default().first() {
            Some(pattern) => Err(anyhow::anyhow!("no matching objects were found: `{pattern}`").into()),
            None => Ok(()),
        }
    }

    fn select_database(&self, dump: &mut Dump) -> Result<(), Failure> {
        let Some(name) = &self.database else { return Ok(()) };
        let wanted = Name::from(name.as_bytes());
        let names: Vec<String> =
            dump.databases.iter().filter_map(|database| Some(database.name.as_ref()?.to_string())).collect();
        dump.databases.retain(|database| database.name.as_ref() == Some(&wanted));
        if dump.databases.is_empty() {
            let error = anyhow::anyhow!("no such database in the dump: {name}");
            return Err(Failure::from(error).with_hint(match names.is_empty() {
                true => "the dump does not name its database; leave `--database` out".to_owned(),
                false => format!("it holds: {}", names.join(", ")),
            }));
        }
        dump.cluster = Schema::default();
        Ok(())
    }
}

/// Which data is wanted.
#[derive(Args, Clone, Debug, Default)]
pub struct DataArguments {
    /// Keep the data of the tables, sequences and matviews that match the pattern, rows in a stable order (may be given
    /// several times)
    #[arg(long = "data", value_name = "PATTERN")]
    pub patterns: Vec<Pattern>,
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
    /// Removes what they leave out.
    pub fn apply(&self, dump: &mut Dump) {
        let omissions = Omissions {
            owners: self.no_owner,
            privileges: self.no_privileges,
            comments: self.no_comments,
            security_labels: self.no_security_labels,
            tablespaces: self.no_tablespaces,
        };
        omissions.apply(&mut dump.cluster);
        dump.databases.iter_mut().for_each(|database| omissions.apply(&mut database.schema));
    }
}
