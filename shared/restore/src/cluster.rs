//! What a dump says of roles and of databases themselves.
//!
//! Roles are made as stand-ins are, and are in each other as the dump says. Everything else of these statements is run in
//! a transaction that is undone: whether the server takes them is known then, and no role ever has more rights than a
//! stand-in. Nobody has to know the passwords of the dump for that, not even the server.

use std::collections::BTreeMap;

use connect::ServerError;
use dump::lexer::TokenKind;
use dump::{Address, Class, Event, Events, Kind, Name, Role, Statement, Stream};

use crate::cause::Cause;
use crate::escalation::{self, OfCluster, Refusal};
use crate::plan::{Place, Step, Work};
use crate::removal::removes;
use crate::session::{Session, Shared, lacks_rights};
use crate::settings::standard_conforming_strings;
use crate::stand_in::missing_role;
use crate::superuser::Gathered;
use crate::{Error, Options, plain};

/// What became of the statements of a cluster.
#[derive(Debug, Default)]
pub struct ClusterReport {
    /// How many were tried, or run as far as a stand-in may be what the dump says.
    pub tried: usize,
    /// What failed.
    pub failures: Vec<ClusterFailure>,
    /// How many were left out, by what they are about.
    pub left_out: BTreeMap<&'static str, usize>,
    /// Roles that were made.
    pub roles: Vec<Name>,
    /// What the server said of parameters of roles and databases that it does not know, and where; they were skipped.
    pub parameters: Vec<(String, Place)>,
    /// What the server said of settings that the statements rely on and it refused, and where they are set.
    pub settings: Vec<(String, Place)>,
}

/// A statement of a cluster that failed.
#[derive(Clone, Debug)]
pub struct ClusterFailure {
    /// What it is about.
    pub what: String,
    /// Where it stands.
    pub at: Place,
    /// What the server said.
    pub error: ServerError,
    /// Why it failed.
    pub cause: Cause,
}

/// Makes the roles of a dump, and tries whatever else it says of roles, parameters and tablespaces.
///
/// # Errors
/// When the server cannot be reached any more.
pub fn restore_roles(steps: &[Step], options: &Options) -> Result<ClusterReport, Error> {
    let shared = Shared::connect(options)?;
    let mut report = ClusterReport::default();
    let mut session = Session::connect(&shared)?;
    let steps = || steps.iter().filter(|step| kind(step).is_some_and(Kind::is_global) && !removes(step));
    // All of them first: they are members of each other.
    for step in steps().filter(|step| makes_role(step)) {
        if let Some(address) = &step.subject.address
            && shared.make_role(&address.name)?
            && shared.is_stand_in(&address.name)?
        {
            report.roles.push(address.name.clone());
        }
    }
    for step in steps() {
        match kind(step) {
            Some(Kind::Tablespace) => report.leave_out("tablespaces, for which the default one stands in"),
            _ => one(&mut session, step, None, options, &mut report)?,
        }
    }
    drop(session);
    report.take(shared.finish());
    Ok(report)
}

/// Tries what a dump says of a database itself, on the one that the options lead to.
///
/// `name` is the database's name in the dump, where it tells it.
///
/// # Errors
/// As for [`restore_roles`].
pub fn try_database(steps: &[Step], name: Option<&Name>, options: &Options) -> Result<ClusterReport, Error> {
    let shared = Shared::connect(options)?;
    let mut report = ClusterReport::default();
    let mut session = Session::connect(&shared)?;
    for step in steps.iter().filter(|step| kind(step) == Some(Kind::Database) && !removes(step)) {
        let same = step.subject.address.as_ref().map(plain::root).map(|address| &address.name) == name;
        if !same {
            continue;
        }
        let to = Name::from(options.superuser.database());
        match step.subject.class {
            Class::Part(Role::Definition) => make_again(&mut session, step, &to, options, &mut report)?,
            _ => one(&mut session, step, Some(&to), options, &mut report)?,
        }
    }
    drop(session);
    report.take(shared.finish());
    Ok(report)
}

/// Runs the `CREATE DATABASE` of a dump with the name of the copy, which was made with its encoding and locale before.
///
/// The server reads all options before it says that there is a database of that name: nothing is made, and what is not
/// an option shows.
fn make_again(
    session: &mut Session<'_>,
    step: &Step,
    database: &Name,
    options: &Options,
    report: &mut ClusterReport,
) -> Result<(), Error> {
    let Work::Statement(text) = &step.work else { return Ok(()) };
    report.tried += 1;
    let sql = written(text, Some(database)).sql;
    let conforming = standard_conforming_strings(&step.settings);
    let anew =
        escalation::of_cluster(&sql, conforming).filter(|anew| anew.database.as_ref() == Some(database));
    let mut refused = None;
    let error = match anew.filter(|_| !names_us(text, options) && options.withheld.is_none()) {
        Some(anew) => session.shared().run_as_superuser(step, &anew.sql)?.into_error(&mut refused),
        None => session.run(step, &sql)?.map(|failed| failed.error),
    };
    let Some(error) = error else { return Ok(()) };
    let (code, message) = (error.code(), error.message());
    let cause = match code {
        "42P04" => return Ok(()),
        // The copy was made with another one, which was told.
        "42809" if message.contains(" locale name: ") || message.starts_with("invalid locale name") => {
            return Ok(());
        }
        "0A000" if message.contains("ICU") => return Ok(()),
        "22023" if message.starts_with("could not open collator") => return Ok(()),
        "42704" if message.starts_with("tablespace ") => {
            report.leave_out("tablespaces, for which the default one stands in");
            return Ok(());
        }
        "42501" => Cause::Refused(refused.unwrap_or(Refusal::Form)),
        _ if options.newer => Cause::NewerServer,
        // A locale has the encoding that the system says.
        "22023" if message.contains(" does not match locale ") => Cause::MissingLocale,
        // A template of the source's own.
        "3D000" => Cause::NotInBackup(message.to_owned()),
        _ => Cause::Backup,
    };
    let what = step.subject.address.as_ref().map(Address::to_string).unwrap_or_default();
    report.failures.push(ClusterFailure { what, at: step.at, error, cause });
    Ok(())
}

/// The options of `CREATE DATABASE` that a copy is made with: what text means and how it sorts.
const OPTIONS: [&str; 8] = [
    "ENCODING",
    "LOCALE",
    "LOCALE_PROVIDER",
    "LC_COLLATE",
    "LC_CTYPE",
    "ICU_LOCALE",
    "ICU_RULES",
    "BUILTIN_LOCALE",
];

/// Returns the encoding and locale with which a dump makes a database, as options of `CREATE DATABASE`; empty where it
/// does not say.
pub fn database_options(steps: &[Step], name: Option<&Name>) -> String {
    let makes = |step: &&Step| {
        let address = step.subject.address.as_ref().filter(|address| address.kind == Kind::Database);
        step.subject.class == Class::Part(Role::Definition) && address.map(|address| &address.name) == name
    };
    let Some(Work::Statement(text)) = steps.iter().find(makes).map(|step| &step.work) else {
        return String::new();
    };
    let mut events = Events::new(Stream(text.as_slice()));
    let Ok(Some(Event::Statement(statement))) = events.next() else { return String::new() };
    let mut options = String::new();
    for (at, _) in statement.tokens.iter().enumerate() {
        let Some(option) = OPTIONS.iter().find(|option| is_word(&statement, at, option)) else { continue };
        // ENCODING = 'UTF8'
        let value = statement.tokens.get(at + 2).map(|token| statement.bytes(*token));
        let value = value.map(|value| value.trim_ascii()).and_then(|value| std::str::from_utf8(value).ok());
        let is_plain = |char: char| char.is_ascii_alphanumeric() || "_-.@".contains(char);
        if let Some(value) = value.map(|value| value.trim_matches('\''))
            && value.chars().all(is_plain)
        {
            options.push_str(&format!(" {option} = '{value}'"));
        }
    }
    options
}

fn kind(step: &Step) -> Option<Kind> {
    step.subject.address.as_ref().map(|address| plain::root(address).kind)
}

fn makes_role(step: &Step) -> bool {
    kind(step) == Some(Kind::Role) && step.subject.class == Class::Part(Role::Definition)
}

fn one(
    session: &mut Session<'_>,
    step: &Step,
    database: Option<&Name>,
    options: &Options,
    report: &mut ClusterReport,
) -> Result<(), Error> {
    if makes_role(step) {
        // A role of the server's own is there already, and nobody's stand-in.
        report.tried += 1;
        return Ok(());
    }
    let shared = session.shared();
    let Work::Statement(text) = &step.work else { return Ok(()) };
    let ours = names_us(text, options);
    let Written { sql: text, moves } = written(text, database);
    if moves {
        report.leave_out("tablespaces, for which the default one stands in");
        return Ok(());
    }
    report.tried += 1;
    let conforming = standard_conforming_strings(&step.settings);
    // Nothing of a dump is about the roles that restore it, nor about another database than the copy.
    let anew = escalation::of_cluster(&text, conforming)
        .filter(|anew| !ours && (anew.database.is_none() || anew.database.as_ref() == database));
    let mut refused = None;
    let error = match (&anew, session.try_out(step, &text)?) {
        (Some(OfCluster { sql, membership: Some((role, member)), .. }), _)
            // Membership is all that the restore itself may need.
            if shared.is_stand_in(role)? && shared.is_stand_in(member)? =>
        {
            shared.run_as_superuser(step, sql)?.into_error(&mut refused)
        }
        (Some(anew), Some(error)) if lacks_rights(&error) => match options.withheld {
            Some(refusal) => {
                refused = Some(refusal);
                Some(error)
            }
            None => shared.try_as_superuser(step, &anew.sql)?.into_error(&mut refused),
        },
        (_, result) => result,
    };
    let Some(error) = error else { return Ok(()) };
    let cause = match error.code() {
        // The parameter of an extension, or a newer server's.
        "42704" if error.message().starts_with("unrecognized configuration parameter") => {
            report.parameters.push((error.message().to_owned(), step.at));
            return Ok(());
        }
        "42704" if missing_role(&error).is_some_and(|role| role.bytes().starts_with(b"pg_")) => {
            Cause::NewerServer
        }
        "42601" | "42704" | "22023" | "0A000" if options.newer => Cause::NewerServer,
        _ if lacks_rights(&error) => Cause::Refused(refused.unwrap_or(Refusal::Form)),
        _ => Cause::Backup,
    };
    let what = step.subject.address.as_ref().map(Address::to_string).unwrap_or_default();
    report.failures.push(ClusterFailure { what, at: step.at, error, cause });
    Ok(())
}

/// Says whether a statement names one of the roles that we restore as.
fn names_us(text: &[u8], options: &Options) -> bool {
    let mut events = Events::new(Stream(text));
    let Ok(Some(Event::Statement(statement))) = events.next() else { return true };
    let ours = [options.superuser.role(), options.restorer.user.as_str()].map(Name::from);
    statement.tokens.iter().any(|token| ours.contains(&Name::from_sql(statement.bytes(*token))))
}

impl ClusterReport {
    /// Adds what another found out.
    pub fn add(&mut self, other: ClusterReport) {
        self.tried += other.tried;
        self.failures.extend(other.failures);
        self.roles.extend(other.roles);
        self.parameters.extend(other.parameters);
        self.settings.extend(other.settings);
        for (what, count) in other.left_out {
            *self.left_out.entry(what).or_default() += count;
        }
    }

    fn leave_out(&mut self, what: &'static str) {
        *self.left_out.entry(what).or_default() += 1;
    }

    fn take(&mut self, gathered: Gathered) {
        self.settings.extend(gathered.settings);
    }
}

/// A statement as it is tried.
#[derive(Debug, PartialEq, Eq)]
struct Written {
    sql: Vec<u8>,
    /// Whether it moves a database to a tablespace.
    moves: bool,
}

/// Writes a statement so that it can be tried: without passwords, without a grantor, who may stand in for a superuser,
/// and on another database than it names.
fn written(text: &[u8], database: Option<&Name>) -> Written {
    let mut events = Events::new(Stream(text));
    let Ok(Some(Event::Statement(statement))) = events.next() else {
        return Written { sql: text.to_vec(), moves: false };
    };
    let is = |at: usize, word: &str| is_word(&statement, at, word);
    let tokens = statement.tokens;
    let mut sql: Vec<u8> = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if is(at, "GRANTED") && is(at + 1, "BY") {
            break;
        }
        // Names stand with their dots, and everything else well apart.
        let token = tokens[at];
        if at > 0 && tokens[at - 1].end < token.start {
            sql.push(b' ');
        }
        // Whatever its text is, a comment can be made of it; this one is read in one way only.
        let comment = is(0, "COMMENT") && token.kind == TokenKind::String;
        sql.extend_from_slice(if comment { b"'a comment'" } else { statement.bytes(token) });
        if is(at, "PASSWORD") && tokens.get(at + 1).is_some_and(|token| token.kind == TokenKind::String) {
            sql.extend_from_slice(b" NULL");
            at += 1;
        } else if is(at, "DATABASE")
            && let Some(database) = database
            && at > 0
        {
            sql.push(b' ');
            sql.extend(database.to_sql());
            at += 1;
        }
        at += 1;
    }
    let moves = is(0, "ALTER") && is(1, "DATABASE") && is(3, "SET") && is(4, "TABLESPACE");
    Written { moves, sql }
}

fn is_word(statement: &Statement<'_>, at: usize, word: &str) -> bool {
    let token = statement.tokens.get(at).filter(|token| token.kind == TokenKind::Word);
    token.is_some_and(|token| statement.bytes(*token).eq_ignore_ascii_case(word.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_tried_without_passwords_and_grantors() {
        let of = |sql: &str, database: Option<&str>| {
            let written = written(sql.as_bytes(), database.map(Name::from).as_ref());
            String::from_utf8(written.sql).unwrap()
        };
        assert_eq!(
            of("ALTER ROLE a WITH LOGIN PASSWORD 'SCRAM-SHA-256$4096:x' VALID UNTIL 'infinity';", None),
            "ALTER ROLE a WITH LOGIN PASSWORD NULL VALID UNTIL 'infinity'"
        );
        assert_eq!(
            of("GRANT a TO b WITH ADMIN OPTION GRANTED BY postgres;", None),
            "GRANT a TO b WITH ADMIN OPTION"
        );
        let of = |sql| of(sql, Some("restored_0"));
        assert_eq!(
            of("ALTER DATABASE \"The Shop\" SET x.y TO '1';"),
            "ALTER DATABASE restored_0 SET x.y TO '1'"
        );
        assert_eq!(of("GRANT ALL ON DATABASE shop TO a;"), "GRANT ALL ON DATABASE restored_0 TO a");
        assert_eq!(
            of("COMMENT ON DATABASE shop IS 'DATABASE $';"),
            "COMMENT ON DATABASE restored_0 IS 'a comment'"
        );
    }
}
