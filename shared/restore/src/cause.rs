//! Why a statement failed, and whether the backup is to blame.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use connect::ServerError;
use dump::{Class, Kind, Noise, Role};

use crate::escalation::Refusal;
use crate::plan::{Place, Step, Work};
use crate::session::Failed;
use crate::{Options, newer, older, plain};

/// Says why a statement failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Nothing but the backup explains it.
    Backup,
    /// An extension is not installed on the server; its name.
    MissingExtension(String),
    /// A library of functions is not installed on the server.
    MissingLibrary,
    /// A locale, or the library for it, is not there.
    MissingLocale,
    /// The dump is of a newer server, or made by a newer pg_dump.
    NewerServer,
    /// The dump is of an older server, which took what this one no longer takes.
    OlderServer,
    /// It is not done for a dump that is not trusted; why.
    Refused(Refusal),
    /// It needs something that could not be made for one of these reasons; what.
    Follows(String),
    /// It needs something that the backup does not hold, as in a dump of the data or of some tables only; what.
    NotInBackup(String),
    /// The thing is there already, as in every database.
    AlreadyThere,
    /// The owner stands in for the real one and may not own such a thing.
    StandIn,
    /// What was to be taken away was not there, or could not be taken away.
    NothingRemoved,
    /// It takes away what is not there, in a transaction that ends with that; where the transaction begins.
    NothingRemovedInTransaction(Place),
    /// It does no harm alone, but psql undoes with it all of the transaction it is in; where that begins.
    UndoesTransaction(Place),
}

/// Undefined table, object, function, column, schema; a table that is none; a wrong kind of object.
const UNDEFINED: [&str; 7] = ["42P01", "42704", "42883", "42703", "3F000", "42P16", "42809"];

/// How messages call a type that was announced and could not be made.
const SHELL_TYPE: &str = " shell type ";

/// What a cause means for the verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// The backup is bad.
    Bad,
    /// It cannot be judged here.
    Unclear,
    /// It is no content of the backup that is missing.
    Harmless,
}

impl Cause {
    /// Returns what it means for the verdict.
    pub fn judgement(&self) -> Judgement {
        match self {
            Cause::Backup | Cause::UndoesTransaction(_) => Judgement::Bad,
            // Whether it is what the backup says is for a look into the catalogs.
            Cause::AlreadyThere | Cause::NothingRemoved => Judgement::Harmless,
            _ => Judgement::Unclear,
        }
    }
}

impl Cause {
    /// Returns the cause of a failure in a transaction, which psql undoes with it.
    pub(crate) fn in_transaction(self, begin: Place) -> Cause {
        match self {
            Cause::NothingRemoved => Cause::NothingRemovedInTransaction(begin),
            Cause::AlreadyThere => Cause::UndoesTransaction(begin),
            cause => cause,
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cause::Backup => f.write_str("the backup does not restore"),
            Cause::MissingExtension(name) => write!(f, "extension is not installed here: {name}"),
            Cause::MissingLibrary => f.write_str("library is not installed here"),
            Cause::MissingLocale => f.write_str("locale or collation is not there on this system"),
            Cause::NewerServer => {
                f.write_str("dump is of a newer server or by a newer pg_dump, or needs one")
            }
            Cause::OlderServer => {
                f.write_str("dump is of an older server, which took what this one no longer takes")
            }
            Cause::Refused(why) => why.fmt(f),
            Cause::Follows(what) => write!(f, "needs what could not be restored here: {what}"),
            Cause::NotInBackup(what) => {
                write!(f, "needs what the backup does not hold, as a dump of some tables or sections: {what}")
            }
            Cause::AlreadyThere => f.write_str("is there already"),
            Cause::NothingRemoved => f.write_str("nothing was taken away"),
            Cause::NothingRemovedInTransaction(begin) => write!(
                f,
                "where it is not there already, psql undoes all of the transaction from {begin} with this failure"
            ),
            Cause::UndoesTransaction(begin) => {
                write!(f, "psql undoes all of the transaction from {begin} with this failure")
            }
            Cause::StandIn => f.write_str("owner is a stand-in, which may not own such a thing"),
        }
    }
}

/// Finds causes one failure after the other, in the order of the dump.
pub(crate) struct Causes {
    /// Whether the dump is of a newer server than the one it is restored on.
    newer: bool,
    /// The major version of the server that it is of, if that is known.
    dump: Option<u32>,
    /// The server's major version.
    major: u32,
    /// What could not be made, by its name without the schema, with what it is.
    lost: BTreeMap<String, String>,
    /// Extensions that are not there.
    extensions: Vec<String>,
    /// What the dump makes.
    made: BTreeSet<String>,
    /// What statements speak of, or of a part of it, but for privileges, which an extension's members have as well.
    described: BTreeSet<String>,
    /// Whether it makes tables.
    tables: bool,
    /// Whether it makes what a dump of some tables or sections does not: schemas, functions, types, extensions.
    whole: bool,
}

impl Causes {
    pub fn new(steps: &[Step], options: &Options, major: u32) -> Causes {
        let makes = |step: &&Step| matches!(step.subject.class, Class::Part(Role::Definition | Role::Shell));
        let made = steps.iter().filter(makes).filter_map(|step| step.subject.address.as_ref());
        let kinds: Vec<Kind> = made.clone().map(|address| address.kind).collect();
        let has = |wanted: fn(Kind) -> bool| kinds.iter().any(|kind| wanted(*kind));
        let tables = kinds.contains(&Kind::Table);
        // A function that needs a primary key comes with the last section of a dump, among the keys of tables that it
        // does not make.
        let keys_alone = !tables && has(|kind| matches!(kind, Kind::Constraint | Kind::Index));
        let whole = has(|kind| matches!(kind, Kind::Schema | Kind::Type | Kind::Domain | Kind::Extension))
            || has(Kind::is_routine) && !keys_alone;
        let describes =
            |step: &&Step| matches!(step.subject.class, Class::Part(role) if role != Role::Privilege);
        let described = steps.iter().filter(describes).filter_map(|step| step.subject.address.as_ref());
        let described = described.map(|address| plain::root(address).name.to_string());
        Causes {
            newer: options.newer,
            dump: options.major,
            major,
            described: described.collect(),
            lost: BTreeMap::new(),
            extensions: Vec::new(),
            made: made.map(|address| address.name.to_string()).collect(),
            tables,
            whole,
        }
    }

    /// Finds the cause of a failure.
    pub fn of(&mut self, step: &Step, failed: &Failed) -> Cause {
        let cause = self.find(step, failed);
        if cause.judgement() != Judgement::Harmless
            && cause != Cause::Backup
            && matches!(step.subject.class, Class::Part(Role::Definition | Role::Shell))
            && let Some(address) = &step.subject.address
        {
            if address.kind == Kind::Extension {
                self.extensions.push(address.name.to_string());
            }
            self.lost.insert(address.name.to_string(), address.to_string());
        }
        cause
    }

    fn find(&self, step: &Step, failed: &Failed) -> Cause {
        let error = &failed.error;
        let (code, message) = (error.code(), error.message());
        let address = step.subject.address.as_ref();
        let kind = address.map(|address| address.kind);
        if step.subject.class == Class::Noise(Noise::Clean) {
            return failed.refused.map_or(Cause::NothingRemoved, Cause::Refused);
        }
        let role = match step.subject.class {
            Class::Part(role) => Some(role),
            _ => None,
        };
        if let (Some(Kind::Extension), Some(Role::Definition), "0A000" | "58P01") = (kind, role, code) {
            return Cause::MissingExtension(
                address.map(|address| address.name.to_string()).unwrap_or_default(),
            );
        }
        if code == "42P06" && address.is_some_and(|address| address.name.bytes() == b"public")
            || code == "42710" && matches!(kind, Some(Kind::Language | Kind::Extension))
        {
            return Cause::AlreadyThere;
        }
        // A function of that name which the dump makes is its own.
        let own = || names(message).iter().any(|name| self.made.contains(name));
        if let Work::Statement(text) = &step.work
            && newer::explains(error, text, self.major)
            && !own()
        {
            return Cause::NewerServer;
        }
        // Names of others than what is missing are no matter.
        let made = UNDEFINED.contains(&code) && own();
        let rows = match &step.work {
            Work::Rows(rows) => rows.copy.as_deref(),
            Work::Statement(_) => None,
        };
        if rows.is_some_and(|copy| older::explains_rows(error, copy, self.major)) {
            return Cause::OlderServer;
        }
        if self.dump.is_some_and(|dump| older::explains(error, dump, self.major)) && !made {
            return Cause::OlderServer;
        }
        if let Some(lost) = self.follows(step, error) {
            return Cause::Follows(lost);
        }
        if let Some(absent) = self.absent(step, error) {
            return Cause::NotInBackup(absent);
        }
        if let Some(refusal) = failed.refused {
            return Cause::Refused(refusal);
        }
        match code {
            "42501" if role == Some(Role::Owner) => Cause::StandIn,
            // A foreign table's server (class HV, 08), or its user mapping, which was taken back.
            _ if code.starts_with("HV") || code.starts_with("08") => Cause::Refused(Refusal::Outside),
            "42704" if message.starts_with("user mapping not found") => Cause::Refused(Refusal::Outside),
            "58P01" => Cause::MissingLibrary,
            // lz4, libxml and others, which a server may do without.
            "0A000" if error.detail().contains("requires the server to be built with") => {
                Cause::MissingLibrary
            }
            "0A000" if message.contains("ICU") || message.contains("not supported by this build") => {
                Cause::MissingLocale
            }
            "42704" | "22023" if message.starts_with("collation ") || message.contains("locale") => {
                Cause::MissingLocale
            }
            "42601" | "42611" | "42703" | "42704" | "42883" | "42809" | "22023" | "0A000" | "42P17"
                if self.newer =>
            {
                Cause::NewerServer
            }
            // Since 17.
            "22007" if self.newer && message.ends_with("type interval: \"infinity\"") => Cause::NewerServer,
            "42939" | "42704" if message.starts_with("role \"pg_") => Cause::NewerServer,
            _ => Cause::Backup,
        }
    }

    /// Says what an error misses, if the dump seems to be one of some tables or sections only, which have to be restored
    /// beside others.
    fn absent(&self, step: &Step, error: &ServerError) -> Option<String> {
        if !UNDEFINED.contains(&error.code()) || self.whole {
            return None;
        }
        let missing = names(error.message());
        let absent = missing.iter().find(|name| !self.made.contains(*name))?;
        let address = step.subject.address.as_ref();
        let mut about = std::iter::successors(address, |address| address.parent.as_deref());
        let own = address.is_none() || about.any(|address| address.name.to_string() == *absent);
        // Rows, indexes and owners come with their table, unless there are no tables at all.
        (!own || !self.tables).then(|| absent.clone())
    }

    /// Says what an error misses, if that could not be made before.
    fn follows(&self, step: &Step, error: &ServerError) -> Option<String> {
        if let Some(cast) = missing_cast(error) {
            return self.lost.get(&cast).cloned();
        }
        if !UNDEFINED.contains(&error.code()) && !error.message().contains(SHELL_TYPE) {
            return None;
        }
        let missing = names(error.message());
        let found = missing.iter().find_map(|name| self.lost.get(name));
        if let Some(lost) = found {
            return Some(lost.clone());
        }
        // What the statement itself speaks of, such as the table of an index.
        if let Some(address) = &step.subject.address {
            let own = [Some(address), address.parent.as_deref()].into_iter().flatten();
            if let Some(lost) = own.filter_map(|address| self.lost.get(&address.name.to_string())).next() {
                return Some(lost.clone());
            }
        }
        // What an extension would have made has no statement in the dump.
        let foreign = !missing.is_empty() && missing.iter().all(|name| !self.made.contains(name));
        let extension = self.extensions.first().filter(|_| foreign || missing.is_empty())?;
        // Rows need their table, which is an extension's only if the dump says nothing else of it: neither what it is nor
        // whose.
        let table = step.subject.address.as_ref().map(|address| address.name.to_string());
        let described = table.is_some_and(|table| self.described.contains(&table));
        if matches!(step.work, Work::Rows(_)) && !missing.is_empty() && described {
            return None;
        }
        Some(format!("extension {extension}"))
    }
}

/// The cast that an error says is missing, as an address names it: `cannot cast type bytea to tsvector`.
fn missing_cast(error: &ServerError) -> Option<String> {
    let types = error.message().strip_prefix("cannot cast type ").filter(|_| error.code() == "42846")?;
    let (from, to) = types.split_once(" to ")?;
    Some(format!("({from} AS {to})"))
}

/// The names that a message says are missing, without their schemas: `relation "a.t" does not exist`, `function
/// a.f(integer) does not exist`.
fn names(message: &str) -> Vec<String> {
    let last = |name: &str| name.rsplit('.').next().unwrap_or_default().trim_matches('"').to_owned();
    let mut names: Vec<String> = message.split('"').skip(1).step_by(2).map(last).collect();
    for word in ["function ", "procedure ", "aggregate ", "type ", "large object "] {
        if let Some(rest) = message.strip_prefix(word) {
            let end = rest.find(['(', ' ']).unwrap_or(rest.len());
            names.push(last(&rest[..end]));
        }
    }
    // SQL function cannot return shell type public.kind
    names.extend(message.split_once(SHELL_TYPE).map(|(_, name)| last(name)));
    names.retain(|name| !name.is_empty());
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_tell_what_is_missing() {
        assert_eq!(names("relation \"app.users\" does not exist"), ["users"]);
        assert_eq!(names("function public.f(integer, \"T\") does not exist"), ["T", "f"]);
        assert_eq!(names("type \"public.geometry\" does not exist"), ["geometry", "geometry"]);
        assert_eq!(names("SQL function cannot return shell type public.kind"), ["kind"]);
        assert_eq!(names("large object 4242 does not exist"), ["4242"]);
        assert_eq!(names("operator does not exist: text % text"), Vec::<String>::new());
    }
}
