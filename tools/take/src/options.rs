//! pg_dump's own options, which are handed on as they were given.

use std::ffi::{OsStr, OsString};

use clap::{Arg, ArgAction, ArgMatches, Args, Command, Error, FromArgMatches};

/// Options of pg_dump 15 to 18 (`pg_dump --help`). Not among them: those that name the output or the snapshot, which are
/// ours to choose, `--serializable-deferrable`, which takes a snapshot of its own, those of the connection, and `--enable-row-security`, under which a backup holds what its taker may
/// see and no more.
const OPTIONS: [PgDumpOption; 53] = [
    flag('a', "data-only", "Dump only the data"),
    flag('b', "large-objects", "Include large objects"),
    flag('\0', "blobs", "The same under its older name"),
    flag('B', "no-large-objects", "Exclude large objects"),
    flag('\0', "no-blobs", "The same under its older name"),
    flag('c', "clean", "Drop objects before they are created"),
    flag('C', "create", "Include the commands that create the database"),
    value('e', "extension", "PATTERN", "Dump these extensions only"),
    value('E', "encoding", "ENCODING", "Dump the data in this encoding"),
    value('n', "schema", "PATTERN", "Dump these schemas only"),
    value('N', "exclude-schema", "PATTERN", "Do not dump these schemas"),
    flag('O', "no-owner", "Leave owners out"),
    flag('s', "schema-only", "Dump only the schema"),
    value('S', "superuser", "NAME", "Superuser to disable triggers as"),
    value('t', "table", "PATTERN", "Dump these tables only"),
    value('T', "exclude-table", "PATTERN", "Do not dump these tables"),
    flag('x', "no-privileges", "Leave privileges out"),
    flag('\0', "column-inserts", "Rows as INSERT with column names"),
    flag('\0', "disable-dollar-quoting", "Quote as the SQL standard does"),
    flag('\0', "disable-triggers", "Disable triggers during a restore of data only"),
    value('\0', "exclude-extension", "PATTERN", "Do not dump these extensions"),
    value('\0', "exclude-table-and-children", "PATTERN", "Do not dump these tables, nor their children"),
    value('\0', "exclude-table-data", "PATTERN", "Do not dump the rows of these tables"),
    value('\0', "exclude-table-data-and-children", "PATTERN", "Nor the rows of their children"),
    value('\0', "extra-float-digits", "NUMBER", "Set `extra_float_digits`"),
    value('\0', "filter", "FILE", "Include or exclude what the file says"),
    flag('\0', "if-exists", "Drop objects with IF EXISTS"),
    value('\0', "include-foreign-data", "PATTERN", "Include the rows of these servers' foreign tables"),
    flag('\0', "inserts", "Rows as INSERT"),
    flag('\0', "load-via-partition-root", "Load partitions through their root"),
    value('\0', "lock-wait-timeout", "TIMEOUT", "Fail after waiting so long for a lock"),
    flag('\0', "no-comments", "Leave comments out"),
    flag('\0', "no-data", "Leave data out"),
    flag('\0', "no-policies", "Leave row security policies out"),
    flag('\0', "no-publications", "Leave publications out"),
    flag('\0', "no-schema", "Leave the schema out"),
    flag('\0', "no-security-labels", "Leave security labels out"),
    flag('\0', "no-statistics", "Leave the planner's statistics out"),
    flag('\0', "no-subscriptions", "Leave subscriptions out"),
    flag('\0', "no-table-access-method", "Leave table access methods out"),
    flag('\0', "no-tablespaces", "Leave tablespaces out"),
    flag('\0', "no-toast-compression", "Leave TOAST compression methods out"),
    flag('\0', "no-unlogged-table-data", "Leave the rows of unlogged tables out"),
    flag('\0', "on-conflict-do-nothing", "INSERT with ON CONFLICT DO NOTHING"),
    flag('\0', "quote-all-identifiers", "Quote all names"),
    value('\0', "rows-per-insert", "NUMBER", "Rows of one INSERT"),
    value('\0', "section", "SECTION", "Dump this section only"),
    flag('\0', "sequence-data", "Include the values of sequences where no data is dumped"),
    flag('\0', "statistics", "Include the planner's statistics"),
    flag('\0', "statistics-only", "Dump only the planner's statistics"),
    flag('\0', "strict-names", "Fail if a pattern of tables or schemas finds nothing"),
    value('\0', "table-and-children", "PATTERN", "Dump these tables and their children only"),
    flag('\0', "use-set-session-authorization", "Set owners by SET SESSION AUTHORIZATION"),
];

/// An option as clap and pg_dump know it.
struct PgDumpOption {
    short: char,
    long: &'static str,
    value: Option<&'static str>,
    help: &'static str,
}

const fn flag(short: char, long: &'static str, help: &'static str) -> PgDumpOption {
    PgDumpOption { short, long, value: None, help }
}

const fn value(short: char, long: &'static str, value: &'static str, help: &'static str) -> PgDumpOption {
    PgDumpOption { short, long, value: Some(value), help }
}

/// What of pg_dump's options was given, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PgDumpOptions {
    given: Vec<(&'static str, Option<OsString>)>,
}

impl PgDumpOptions {
    /// Returns them as arguments of pg_dump.
    pub fn arguments(&self) -> impl Iterator<Item = OsString> {
        // Older versions know some options by their letter only.
        let letter = |long: &str| match long {
            "large-objects" => Some("-b"),
            "no-large-objects" => Some("-B"),
            _ => None,
        };
        self.given.iter().map(move |(long, value)| {
            let mut argument = OsString::from(letter(long).map_or(format!("--{long}"), str::to_owned));
            if let Some(value) = value {
                argument.push("=");
                argument.push(value);
            }
            argument
        })
    }

    /// Says whether an option was given.
    pub fn has(&self, long: &str) -> bool {
        self.given.iter().any(|(known, _)| *known == long)
    }

    /// Returns the values of an option.
    pub fn values(&self, long: &str) -> impl Iterator<Item = &OsStr> {
        self.given.iter().filter(move |(known, _)| *known == long).filter_map(|(_, value)| value.as_deref())
    }
}

impl PgDumpOption {
    fn arg(&self) -> Arg {
        let arg = Arg::new(self.long).long(self.long).help(self.help).help_heading("Options of pg_dump");
        let arg = if self.short == '\0' { arg } else { arg.short(self.short) };
        match self.value {
            Some(name) => {
                let parser = clap::value_parser!(OsString);
                arg.action(ArgAction::Append).value_name(name).value_parser(parser).allow_hyphen_values(true)
            }
            None => arg.action(ArgAction::SetTrue),
        }
    }
}

impl Args for PgDumpOptions {
    fn augment_args(command: Command) -> Command {
        OPTIONS.iter().fold(command, |command, option| command.arg(option.arg()))
    }

    fn augment_args_for_update(command: Command) -> Command {
        PgDumpOptions::augment_args(command)
    }
}

impl FromArgMatches for PgDumpOptions {
    fn from_arg_matches(matches: &ArgMatches) -> Result<PgDumpOptions, Error> {
        let mut options = PgDumpOptions::default();
        options.update_from_arg_matches(matches)?;
        Ok(options)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        let mut given: Vec<(usize, &'static str, Option<OsString>)> = Vec::new();
        for option in &OPTIONS {
            let long = option.long;
            match option.value {
                Some(_) => {
                    let values = matches.get_many::<OsString>(long).into_iter().flatten();
                    let places = matches.indices_of(long).into_iter().flatten();
                    given.extend(places.zip(values).map(|(at, value)| (at, long, Some(value.clone()))));
                }
                None if matches.get_flag(long) => {
                    given.extend(matches.index_of(long).map(|at| (at, long, None)));
                }
                None => {}
            }
        }
        given.sort_by_key(|(at, ..)| *at);
        self.given = given.into_iter().map(|(_, long, value)| (long, value)).collect();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_keep_their_order_and_their_values() {
        let command = PgDumpOptions::augment_args(Command::new("test"));
        let given = ["test", "-t", "a*", "--no-owner", "-T=b", "-nshop", "--table", "-c"];
        let matches = command.try_get_matches_from(given).unwrap();
        let options = PgDumpOptions::from_arg_matches(&matches).unwrap();
        let arguments: Vec<OsString> = options.arguments().collect();
        assert_eq!(
            arguments,
            ["--table=a*", "--no-owner", "--exclude-table=b", "--schema=shop", "--table=-c"]
        );
        assert!(options.has("no-owner") && !options.has("clean"));
        assert_eq!(options.values("table").collect::<Vec<_>>(), ["a*", "-c"]);
    }
}
