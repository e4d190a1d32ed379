//! Why a statement failed, and whether the backup is to blame.
//!
//! The backup is to blame where nothing else explains a failure. A failure that lacks something tells what ([`missing`]), with
//! its schema where the statement named one. Somebody else is to blame
//!
//! - where the same thing could not be made before, for want of what this server lacks or what a backup is not given;
//! - where the dump does not make it and an extension that is not here could ([`extension`]): it would be in the schema that the
//!   extension goes into, in one that the extension is known to make, or, for an extension that is not known here, in any that the
//!   dump does not make;
//! - where the dump is one of some tables, schemas or sections, and says nothing of it but that something needs it
//!   ([`contents`]).
//!
//! A thing that the dump only alters, describes, fills or gives to somebody is not made by it.

mod contents;
mod extension;
mod missing;

use std::collections::BTreeMap;
use std::fmt;

use connect::ServerError;
use dump::{Class, Kind, Noise, Role};

use crate::escalation::Refusal;
use crate::plan::{DatabasePlan, Place, Step, Work};
use crate::session::Failed;
use crate::settings::{RefusedSetting, has_time_limit};
use crate::{Options, newer, older, product, stand_in};
use contents::Contents;
use missing::{Missing, Sort};

/// Says why a statement failed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Cause {
    /// Nothing but the backup explains it.
    Backup,
    /// An extension is not installed on the server; its name.
    MissingExtension(String),
    /// An extension is installed and cannot be made, such as one that the server would have to load when it starts; its name.
    UnusableExtension(String),
    /// The server would have to load a library when it starts.
    NotPreloaded,
    /// An extension is of another version here, with other columns.
    OtherExtension,
    /// A library of functions is not installed on the server.
    MissingLibrary,
    /// A file of a text search dictionary is not installed on the server, or says something else there.
    MissingFile,
    /// A locale, or the library for it, is not there.
    MissingLocale,
    /// The dump is of a newer server, or made by a newer pg_dump.
    NewerServer,
    /// The dump is of an older server, which took what this one no longer takes.
    OlderServer,
    /// A time limit that the dump sets itself stopped it here.
    TimeLimit,
    /// It is written for another product; which.
    OtherProduct(String),
    /// It is not done for a dump that is not trusted; why.
    Refused(Refusal),
    /// It needs something that could not be made for one of these reasons; what.
    Follows(String),
    /// It needs something that the backup does not hold, as in a dump of the data or of some tables only; what.
    NotInBackup(String),
    /// The thing is there already, as in every database.
    AlreadyThere,
    /// The server does not know a setting, which says nothing of what is restored.
    UnknownSetting,
    /// A setting needs a right that is not given, and says nothing of what is restored.
    WithheldSetting,
    /// The owner stands in for the real one and may not own such a thing.
    StandIn,
    /// What was to be taken away was not there, or could not be taken away.
    NothingRemoved,
    /// It takes away what is not there, in a transaction that ends with that; where the transaction begins.
    NothingRemovedInTransaction(Place),
    /// It does no harm alone, but psql undoes with it all of the transaction it is in; where that begins.
    UndoesTransaction(Place),
}

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
            Cause::AlreadyThere | Cause::NothingRemoved | Cause::UnknownSetting | Cause::WithheldSetting => {
                Judgement::Harmless
            }
            _ => Judgement::Unclear,
        }
    }

    /// Returns the cause of a failure in a transaction, which psql undoes with it.
    pub(crate) fn in_transaction(self, begin: Place) -> Cause {
        match self {
            Cause::NothingRemoved => Cause::NothingRemovedInTransaction(begin),
            Cause::AlreadyThere => Cause::UndoesTransaction(begin),
            cause => cause,
        }
    }

    /// Returns what can be done to have it judged, where something can.
    pub fn remedy(&self) -> Option<&'static str> {
        Some(match self {
            Cause::MissingExtension(_) | Cause::MissingLibrary => "install it on this machine",
            Cause::UnusableExtension(_) => "verify on a server that has it as the backup's had (`--server`)",
            Cause::NotPreloaded => "verify on a server that loads it (`--server`)",
            Cause::OtherExtension => "install the extension's version that the backup is of",
            Cause::MissingFile => "copy the files of text search to this machine",
            Cause::MissingLocale => "install the locale on this machine",
            Cause::NewerServer => "install a newer PostgreSQL (`--pg-bindir`)",
            Cause::OlderServer => "verify with the major version that the backup is of (`--pg-bindir`)",
            Cause::TimeLimit => "set the limit to 0 in the dump",
            Cause::OtherProduct(_) => "verify with that product",
            Cause::NotInBackup(_) => "restore it beside the rest; a dump of everything can be verified",
            _ => return None,
        })
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cause::Backup => f.write_str("the backup does not restore"),
            Cause::MissingExtension(name) => write!(f, "extension is not installed here: {name}"),
            Cause::UnusableExtension(name) => write!(f, "extension cannot be made here: {name}"),
            Cause::NotPreloaded => {
                f.write_str("needs a library that this server does not load when it starts")
            }
            Cause::OtherExtension => f.write_str("extension is of another version here"),
            Cause::MissingLibrary => f.write_str("library is not installed here"),
            Cause::MissingFile => f.write_str("file of text search is not there on this machine, or another"),
            Cause::MissingLocale => f.write_str("locale or collation is not there on this system"),
            Cause::NewerServer => {
                f.write_str("dump is of a newer server or by a newer pg_dump, or needs one")
            }
            Cause::OlderServer => {
                f.write_str("needs an older server: dump is of one that took what this one no longer takes")
            }
            Cause::TimeLimit => f.write_str(
                "stopped by a time limit that the backup itself sets, which may be long enough on another machine",
            ),
            Cause::OtherProduct(name) => write!(f, "is not PostgreSQL's own, but written for {name}"),
            Cause::Refused(why) => why.fmt(f),
            Cause::Follows(what) => write!(f, "needs what could not be restored here: {what}"),
            Cause::NotInBackup(what) => {
                write!(f, "needs what the backup does not hold, as a dump of some tables or sections: {what}")
            }
            Cause::AlreadyThere => f.write_str("is there already"),
            Cause::UnknownSetting => f.write_str("this server has no such setting"),
            Cause::WithheldSetting => f.write_str("it needs a right that a backup is not given"),
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

/// Says whether what was to be taken away is not there, or something else depends on it.
fn removes_nothing(code: &str) -> bool {
    ["42P01", "42704", "42883", "42703", "3F000", "3D000", "42809", "42P16", "2BP01"].contains(&code)
}

/// Something that could not be made.
#[derive(Clone, Debug)]
struct Lost {
    /// What it is, in words.
    what: String,
    /// The failure that it all began with, where that is one.
    root: Option<usize>,
}

/// An extension that could not be made.
#[derive(Debug)]
struct LostExtension {
    name: String,
    /// The schema that it was to go into, where the dump says.
    schema: Option<String>,
    failure: usize,
}

/// Why something failed, and what of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub cause: Cause,
    /// The failure that it all began with, where this only follows from that.
    pub root: Option<usize>,
}

impl From<Cause> for Found {
    fn from(cause: Cause) -> Found {
        Found { cause, root: None }
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
    /// The product that the dump says it is of, if that is another.
    product: Option<String>,
    contents: Contents,
    /// What could not be made, by its sort and name, with its schema and without.
    lost: BTreeMap<(Sort, String), Lost>,
    /// The same where the backup is to blame.
    broken: BTreeMap<(Sort, String), usize>,
    /// Relations that could not be given to their owners, by name.
    disowned: BTreeMap<String, Lost>,
    /// Relations without their rows, by their names without a schema: error messages tell no more.
    empty: BTreeMap<String, Lost>,
    extensions: Vec<LostExtension>,
    /// How many failures were looked at.
    count: usize,
}

impl Causes {
    pub fn new(plan: &DatabasePlan, options: &Options, major: u32) -> Causes {
        Causes {
            newer: options.newer,
            dump: options.major,
            major,
            product: plan.product.clone(),
            contents: Contents::of(&plan.steps, options.partial),
            lost: BTreeMap::new(),
            broken: BTreeMap::new(),
            disowned: BTreeMap::new(),
            empty: BTreeMap::new(),
            extensions: Vec::new(),
            count: 0,
        }
    }

    /// Finds the cause of a failure.
    pub fn of(&mut self, step: &Step, failed: &Failed) -> Found {
        let at = self.count;
        self.count += 1;
        let found = self.find(step, failed);
        let Some(address) = &step.subject.address else { return found };
        let keys = [contents::key(address), (Sort::of(address.kind), address.name.to_string())];
        let root = found.root.or(Some(at));
        match found.cause.judgement() {
            Judgement::Harmless => {}
            Judgement::Bad if contents::makes(step) => {
                for key in keys {
                    self.broken.entry(key).or_insert(root.unwrap_or(at));
                }
            }
            Judgement::Bad => {}
            Judgement::Unclear if contents::makes(step) => {
                if address.kind == Kind::Extension {
                    let schema = contents::schema_of_extension(step);
                    let name = address.name.to_string();
                    self.extensions.push(LostExtension { name, schema, failure: at });
                }
                // What follows from one of several has no root of its own.
                let root = if matches!(found.cause, Cause::Follows(_)) { found.root } else { root };
                for key in keys {
                    self.lost.insert(key, Lost { what: address.to_string(), root });
                }
            }
            Judgement::Unclear if matches!(step.subject.class, Class::Data(_)) => {
                let root = if matches!(found.cause, Cause::Follows(_)) { found.root } else { root };
                let what = format!("rows of {address}");
                self.empty.insert(address.name.to_string(), Lost { what, root });
            }
            Judgement::Unclear if step.subject.class == Class::Part(Role::Owner) => {
                let [(_, name), _] = keys;
                self.disowned.insert(name, Lost { what: format!("owner of {address}"), root });
            }
            Judgement::Unclear => {}
        }
        found
    }

    /// Finds the cause of a setting that was refused.
    pub fn of_setting(&self, refused: &RefusedSetting) -> Found {
        let found = Missing::read(&refused.error).and_then(|missing| {
            // A name that nobody knows is no value, whatever a dump of a part may leave out.
            let known = extension::of_name(missing.bare()).is_some();
            let found = self.explained(&missing)?;
            (known || !matches!(found.cause, Cause::NotInBackup(_))).then_some(found)
        });
        found.unwrap_or_else(|| refused.cause.clone().into())
    }

    fn find(&self, step: &Step, failed: &Failed) -> Found {
        let error = &failed.error;
        let code = error.code();
        let address = step.subject.address.as_ref();
        let kind = address.map(|address| address.kind);
        if ["57014", "55P03"].contains(&code) && has_time_limit(&step.settings) {
            return Cause::TimeLimit.into();
        }
        if step.subject.class == Class::Noise(Noise::Clean)
            && (failed.refused.is_some() || removes_nothing(code))
        {
            return failed.refused.map_or(Cause::NothingRemoved, Cause::Refused).into();
        }
        let role = match step.subject.class {
            Class::Part(role) => Some(role),
            _ => None,
        };
        if code == "42P06" && address.is_some_and(|address| address.name.bytes() == b"public")
            || code == "42710" && matches!(kind, Some(Kind::Language | Kind::Extension))
        {
            return Cause::AlreadyThere.into();
        }
        if let (Some(Kind::Extension), Some(Role::Definition), Some(address)) = (kind, role, address)
            && let Some(cause) = of_extension(code, address.name.to_string())
            && failed.refused.is_none()
        {
            return cause.into();
        }
        let missing = Missing::read(error).map(|missing| missing.about(address));
        // What the dump makes itself is its own.
        let own = missing.as_ref().is_some_and(|missing| self.contents.makes(missing));
        if let Work::Statement(text) = &step.work
            && newer::explains(error, text, self.major)
            && !own
        {
            return Cause::NewerServer.into();
        }
        let rows = match &step.work {
            Work::Rows(rows) => rows.copy.as_deref(),
            Work::Statement(_) => None,
        };
        if rows.is_some_and(|copy| older::explains_rows(error, copy, self.major)) {
            return Cause::OlderServer.into();
        }
        if older::explains(error, self.dump, self.major) && !own {
            return Cause::OlderServer.into();
        }
        if let Some(found) = self.of_subject(step, error, missing.as_ref()) {
            return found;
        }
        if let Work::Statement(text) = &step.work
            && let Some(name) = product::explains(error, text, self.product.as_deref())
            && !own
        {
            return Cause::OtherProduct(name).into();
        }
        if let Some(found) = missing.as_ref().and_then(|missing| self.explained(missing)) {
            return found;
        }
        if let Some(missing) = missing.as_ref().filter(|missing| missing.sort == Sort::Column)
            && let Some(found) = self.of_column(step, missing)
        {
            return found;
        }
        if let Some(refusal) = failed.refused {
            return Cause::Refused(refusal).into();
        }
        let cause = self.by_code(error, role);
        if cause != Cause::Backup {
            return cause.into();
        }
        let key = missing.map(|missing| (missing.sort, missing.name));
        let root = key.and_then(|key| self.broken.get(&key).copied());
        Found { cause, root }
    }

    /// What the code of an error and the form of its message tell.
    fn by_code(&self, error: &ServerError, role: Option<Role>) -> Cause {
        let (code, message) = (error.code(), error.message());
        match code {
            "42501" if role == Some(Role::Owner) => Cause::StandIn,
            // A foreign table's server (class HV, 08), or its user mapping, which was taken back.
            _ if code.starts_with("HV") || code.starts_with("08") => Cause::Refused(Refusal::Outside),
            "42704" if message.starts_with("user mapping not found") => Cause::Refused(Refusal::Outside),
            "42704" if message.starts_with("unrecognized configuration parameter ") => Cause::NewerServer,
            "58P01" => Cause::MissingLibrary,
            // A library of another version.
            "42883" if message.starts_with("could not find function \"") => Cause::MissingLibrary,
            "55000" | "XX000" if asks_for_preloading(error) => Cause::NotPreloaded,
            "22023" if message.starts_with("security label provider \"") => Cause::MissingLibrary,
            "22023" if message == "no security label providers have been loaded" => Cause::MissingLibrary,
            // The configuration files of dictionaries.
            "F0000" => Cause::MissingFile,
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
            // A role is the server's, and one that stands in for it could not be made.
            _ => match stand_in::missing_role(error) {
                Some(role) => Cause::NotInBackup(format!("role {role}")),
                None => Cause::Backup,
            },
        }
    }

    /// Finds what a statement's own subject lacks: it was not made, or has no rows.
    fn of_subject(&self, step: &Step, error: &ServerError, missing: Option<&Missing>) -> Option<Found> {
        if missing::is_undefined(error) {
            let address = step.subject.address.as_ref();
            let mut about = std::iter::successors(address, |address| address.parent.as_deref());
            let lost = about.find_map(|address| {
                let (sort, name) = contents::key(address);
                self.lost(sort, &name)
            });
            // A column that a table lacks is no fault of whoever has not made another.
            return lost.filter(|_| missing.is_none_or(|missing| missing.sort != Sort::Column)).map(follows);
        }
        // `OWNED BY`
        if error.message().starts_with("sequence must have same owner as table") {
            let own = step.subject.address.as_ref().map(|address| contents::key(address).1);
            let lost =
                own.and_then(|name| self.disowned.get(&name)).or_else(|| self.disowned.values().next());
            return lost.map(follows);
        }
        let told = match error.code() {
            // materialized view "m" has not been populated
            "55000" => error.message().strip_prefix("materialized view \"")?.split_once('"')?.0,
            // Key (a)=(1) is not present in table "t".
            "23503" => error.detail().rsplit('"').nth(1)?,
            _ => return None,
        };
        self.empty.get(told).map(follows)
    }

    /// Returns what could not be made before.
    fn lost(&self, sort: Sort, name: &str) -> Option<&Lost> {
        let lost = |sort| self.lost.get(&(sort, name.to_owned()));
        match sort {
            // Every relation is a type, and a composite type is a relation.
            Sort::Relation | Sort::Type => {
                lost(sort).or_else(|| lost(Sort::Type)).or_else(|| lost(Sort::Relation))
            }
            sort => lost(sort),
        }
    }

    /// Finds who else than the backup explains that something is missing.
    fn explained(&self, missing: &Missing) -> Option<Found> {
        if let Some(lost) = self.lost(missing.sort, &missing.name) {
            return Some(follows(lost));
        }
        if let Some(of) = &missing.of
            && let Some(lost) = self.lost.get(&(Sort::Relation, of.clone()))
        {
            return Some(follows(lost));
        }
        if self.contents.makes(missing) {
            return None;
        }
        self.of_extensions(missing).or_else(|| self.left_out(missing))
    }

    /// Finds the extensions that could have made something, had they been made.
    fn of_extensions(&self, missing: &Missing) -> Option<Found> {
        if matches!(missing.sort, Sort::Column | Sort::Part | Sort::Cast | Sort::LargeObject) {
            return None;
        }
        let mut could: Vec<&LostExtension> =
            self.extensions.iter().filter(|extension| self.could_make(extension, missing)).collect();
        let narrow = |could: &mut Vec<&LostExtension>, test: &dyn Fn(&LostExtension) -> bool| {
            if could.iter().any(|extension| test(extension)) {
                could.retain(|extension| test(extension));
            }
        };
        narrow(&mut could, &|extension| extension::makes(&extension.name, missing.bare()));
        let schema = match missing.sort {
            Sort::Schema => Some(missing.name.as_str()),
            _ => missing.schema(),
        };
        if let Some(schema) = schema {
            narrow(&mut could, &|extension| extension::has_schema(&extension.name, schema));
        }
        // Of what is known of the others, this is nothing.
        narrow(&mut could, &|extension| {
            extension::makes(&extension.name, missing.bare()) || !extension::is_known(&extension.name)
        });
        match could.as_slice() {
            [] => None,
            [one] => {
                let cause = Cause::Follows(format!("extension {}", one.name));
                Some(Found { cause, root: Some(one.failure) })
            }
            several => {
                let names: Vec<&str> = several.iter().map(|one| one.name.as_str()).collect();
                Some(Cause::Follows(format!("one of the extensions {}", names.join(", "))).into())
            }
        }
    }

    fn could_make(&self, extension: &LostExtension, missing: &Missing) -> bool {
        let known = extension::is_known(&extension.name);
        if missing.sort == Sort::Schema {
            let own = extension::has_schema(&extension.name, &missing.name);
            return own || !known && !self.contents.has_schema(&missing.name);
        }
        let Some(schema) = missing.schema() else { return true };
        // Of the relations that extensions make all names are known.
        let could_be =
            !known || missing.sort != Sort::Relation || extension::makes(&extension.name, missing.bare());
        extension::has_schema(&extension.name, schema)
            || !known && !self.contents.has_schema(schema)
            || could_be && extension.schema.as_deref().map_or(schema == "public", |into| into == schema)
    }

    /// Says what a dump of some tables, schemas or sections may have left out.
    fn left_out(&self, missing: &Missing) -> Option<Found> {
        // A function of one common word may be anybody's.
        let telling = match missing.sort {
            Sort::Relation => false,
            Sort::Routine => missing.bare().contains('_'),
            sort => sort.is_in_schema(),
        };
        if let Some(known) = extension::of_name(missing.bare()).filter(|_| telling) {
            let extension = Missing { sort: Sort::Extension, name: known.to_owned(), of: None };
            if self.contents.leaves_out(&extension) {
                return Some(Cause::NotInBackup(format!("extension {known}")).into());
            }
        }
        let left_out = self.contents.leaves_out(missing) && !missing.name.is_empty();
        left_out.then(|| Cause::NotInBackup(missing.name.clone()).into())
    }

    /// Finds why a column is not there: the table is the dump's own, or that of an extension, which may be of another version.
    fn of_column(&self, step: &Step, missing: &Missing) -> Option<Found> {
        let relation = step.subject.address.as_ref().filter(|address| address.kind.is_relation())?;
        let rows = matches!(step.work, Work::Rows(_)) && missing.of.is_some();
        let own = self.contents.makes_relation(&relation.qualified_name().to_string());
        match (rows, own) {
            (_, true) => Some(Found::from(Cause::Backup)),
            (true, false) => Some(Found::from(Cause::OtherExtension)),
            (false, false) => None,
        }
    }
}

fn follows(lost: &Lost) -> Found {
    Found { cause: Cause::Follows(lost.what.clone()), root: lost.root }
}

/// Why an extension could not be made: its script is this machine's and no backup's. None where the statement is wrong, or lacks
/// something else.
fn of_extension(code: &str, name: String) -> Option<Cause> {
    match code {
        "0A000" | "58P01" => Some(Cause::MissingExtension(name)),
        // A syntax error, a schema, extension or role that is not there, a right.
        "" | "42601" | "3F000" | "42704" | "42501" => None,
        _ => Some(Cause::UnusableExtension(name)),
    }
}

/// Says whether the server would have to load something when it starts.
fn asks_for_preloading(error: &ServerError) -> bool {
    let told = [error.message(), error.detail(), error.hint()];
    told.iter().any(|text| text.contains("shared_preload_libraries") || text.contains("must be preloaded"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_extension_that_cannot_be_made_is_no_fault_of_the_backup() {
        let of = |code| of_extension(code, "x".to_owned());
        assert_eq!(of("0A000"), Some(Cause::MissingExtension("x".to_owned())));
        // It must be preloaded, or is not there in this version.
        for code in ["55000", "XX000", "22023", "42P01"] {
            assert_eq!(of(code), Some(Cause::UnusableExtension("x".to_owned())), "{code}");
        }
        assert_eq!(of("42601"), None);
        assert_eq!(Cause::UnusableExtension("x".to_owned()).judgement(), Judgement::Unclear);
    }
}
