//! One connection of a restore, and the superuser's that all of them share.

use std::io::Read;
use std::sync::{Arc, Mutex, MutexGuard};

use connect::{Client, Parameters, ServerError};
use dump::{Class, Name, QualifiedName, Role};

use crate::escalation::{self, Apart, EventTrigger, Refusal, Ruling};
use crate::outside::{self, Leads};
use crate::plan::Step;
use crate::settings::{Setting, Settings, is_tried, reset, standard_conforming_strings};
use crate::stand_in;
use crate::superuser::{self, DEFAULT_PATH, Gathered, Outcome};
use crate::{Error, Options};

/// Statements name several roles at most, each of which an error tells one by one.
const ATTEMPTS: usize = 100;

/// Tells the kind of a relation, if it is there; that of one that an extension made, and may have put rows into, is none.
const KIND: &str = "SELECT c.relkind FROM pg_catalog.pg_class c \
    WHERE NOT (c.relkind OPERATOR(pg_catalog.=) 'r'::pg_catalog.\"char\" AND EXISTS (SELECT FROM pg_catalog.pg_depend d \
        WHERE d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid \
        AND d.objid OPERATOR(pg_catalog.=) c.oid AND d.deptype OPERATOR(pg_catalog.=) 'e'::pg_catalog.\"char\")) AND c.oid OPERATOR(pg_catalog.=) pg_catalog.to_regclass({table})::pg_catalog.oid";

/// Finds out whether foreign tables are among the partitions of a table.
const FOREIGN_PARTS: &str = "WITH RECURSIVE part (number) AS (SELECT pg_catalog.to_regclass({table})::pg_catalog.oid \
    UNION ALL SELECT i.inhrelid FROM part p JOIN pg_catalog.pg_inherits i ON i.inhparent OPERATOR(pg_catalog.=) p.number) \
    SELECT FROM part p JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) p.number \
    WHERE c.relkind OPERATOR(pg_catalog.=) 'f'::pg_catalog.\"char\" LIMIT 1";

/// What all connections share.
pub(crate) struct Shared<'t> {
    restorer: &'t Parameters,
    trusted: bool,
    withheld: Option<Refusal>,
    superuser: Mutex<superuser::Session>,
}

/// How a statement failed.
#[derive(Clone, Debug)]
pub(crate) struct Failed {
    pub error: ServerError,
    /// Why it was not given a superuser, where it needs one.
    pub refused: Option<Refusal>,
}

impl Failed {
    /// Rows that are not loaded.
    pub fn foreign_rows() -> Failed {
        Failed { error: ServerError::default(), refused: Some(Refusal::ForeignRows) }
    }
}

/// What rows are loaded into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// An ordinary table.
    Table,
    /// A foreign table, or a partitioned table with a foreign partition.
    Foreign,
    /// Something else, or nothing that is there.
    Other,
}

impl<'t> Shared<'t> {
    pub fn connect(options: &'t Options) -> Result<Shared<'t>, Error> {
        let Options { restorer, trusted, withheld, .. } = options;
        let superuser = options.superuser.session(options.mark.clone(), *trusted)?;
        Ok(Shared { restorer, trusted: *trusted, withheld: *withheld, superuser: Mutex::new(superuser) })
    }

    fn superuser(&self) -> MutexGuard<'_, superuser::Session> {
        self.superuser.lock().unwrap_or_else(|poison| poison.into_inner())
    }

    /// Returns the server's major version; the highest number where the server does not tell it, so that nothing is newer.
    pub fn major(&self) -> u32 {
        self.superuser().major()
    }

    /// Returns what was found out.
    pub fn finish(self) -> Gathered {
        self.superuser.into_inner().unwrap_or_else(|poison| poison.into_inner()).finish()
    }

    /// Makes a role to stand in for one that the dump makes; says whether it is there now.
    pub fn make_role(&self, role: &Name) -> Result<bool, Error> {
        self.superuser().stand_in(role, &self.restorer.user)
    }

    /// Says whether a role is one that was made to stand in for another.
    pub fn is_stand_in(&self, role: &Name) -> Result<bool, Error> {
        self.superuser().is_stand_in(role, &self.restorer.user)
    }

    /// Runs a statement that was written anew as the superuser.
    pub fn run_as_superuser(&self, step: &Step, sql: &[u8]) -> Result<Outcome, Error> {
        self.with_roles(&mut |superuser| superuser.run(step, sql))
    }

    /// The same, in a transaction that is undone.
    pub fn try_as_superuser(&self, step: &Step, sql: &[u8]) -> Result<Outcome, Error> {
        self.with_roles(&mut |superuser| superuser.try_out(step, sql))
    }

    /// Does something with the superuser's connection until no role is missing.
    fn with_roles(
        &self,
        run: &mut dyn FnMut(&mut superuser::Session) -> Result<Outcome, Error>,
    ) -> Result<Outcome, Error> {
        let mut superuser = self.superuser();
        let mut outcome = run(&mut superuser)?;
        for _ in 0..ATTEMPTS {
            let missing = match &outcome {
                Outcome::Failed(error) => stand_in::missing_role(error),
                _ => None,
            };
            match missing {
                Some(role) if superuser.stand_in(&role, &self.restorer.user)? => {
                    outcome = run(&mut superuser)?;
                }
                _ => break,
            }
        }
        Ok(outcome)
    }
}

/// One connection that restores.
pub(crate) struct Session<'s> {
    shared: &'s Shared<'s>,
    client: Client,
    applied: Arc<Settings>,
}

impl<'s> Session<'s> {
    pub fn connect(shared: &'s Shared<'s>) -> Result<Session<'s>, Error> {
        // Dumps that set no search path rely on the server's usual one.
        let to = shared.restorer.clone().with_setting("search_path", DEFAULT_PATH);
        Ok(Session { shared, client: Client::connect(&to)?, applied: Arc::default() })
    }

    /// Returns what it shares with others.
    pub fn shared(&self) -> &'s Shared<'s> {
        self.shared
    }

    /// Asks the server something that is not the dump's.
    pub fn query(&mut self, sql: &[u8]) -> Result<Vec<connect::Row>, Error> {
        Ok(self.client.query(sql)?)
    }

    /// Runs a statement and undoes what it did.
    pub fn try_out(&mut self, step: &Step, text: &[u8]) -> Result<Option<ServerError>, Error> {
        self.client.take_notices();
        let result = self.attempt(step, &mut |client| {
            client.execute(b"BEGIN")?;
            let result = client.execute(text);
            client.execute(b"ROLLBACK").and(result)
        })?;
        Ok(result.or_else(|| left_undone(step, &mut self.client)))
    }

    /// Runs one of the dump's statements.
    pub fn run(&mut self, step: &Step, text: &[u8]) -> Result<Option<Failed>, Error> {
        match outside::leads(text) {
            None => self.run_here(step, text),
            Some(Leads::Tried) => {
                let failed = self.only_try(step, text)?;
                if failed.is_none() {
                    self.shared.superuser().remember_tried(step);
                }
                Ok(failed)
            }
            Some(Leads::Server) => self.make_server(step, text),
        }
    }

    fn run_here(&mut self, step: &Step, text: &[u8]) -> Result<Option<Failed>, Error> {
        self.client.take_notices();
        let result = self.attempt(step, &mut |client| client.execute(text))?;
        match result.or_else(|| left_undone(step, &mut self.client)) {
            Some(error) if lacks_rights(&error) => self.escalate(step, text, error),
            error => Ok(error.map(|error| Failed { error, refused: None })),
        }
    }

    /// Runs a statement and undoes what it did, as whoever may run it.
    fn only_try(&mut self, step: &Step, text: &[u8]) -> Result<Option<Failed>, Error> {
        Ok(match self.try_out(step, text)? {
            None => None,
            Some(error) if !lacks_rights(&error) => Some(Failed { error, refused: None }),
            Some(error) => {
                let conforming = standard_conforming_strings(&step.settings);
                match self.withheld_or(|| escalation::ruling(text, conforming)) {
                    Ruling::Run(sql) | Ruling::Try(sql) | Ruling::Disabled(EventTrigger { sql, .. }) => {
                        failed(self.shared.try_as_superuser(step, &sql)?, error)
                    }
                    Ruling::Extend(_) | Ruling::Apart(_) => {
                        Some(Failed { error, refused: Some(Refusal::Kind) })
                    }
                    Ruling::Refuse(refusal) => Some(Failed { error, refused: Some(refusal) }),
                }
            }
        })
    }

    /// Makes a foreign server that leads nowhere, if the server would have made it as the dump says.
    fn make_server(&mut self, step: &Step, text: &[u8]) -> Result<Option<Failed>, Error> {
        if let Some(failed) = self.only_try(step, text)? {
            return Ok(Some(failed));
        }
        match outside::nowhere(text, standard_conforming_strings(&step.settings)) {
            Some(sql) => {
                self.shared.superuser().remember_nowhere(step);
                self.run_here(step, &sql)
            }
            None => Ok(Some(Failed { error: ServerError::default(), refused: Some(Refusal::Form) })),
        }
    }

    fn withheld_or(&self, ruling: impl FnOnce() -> Ruling) -> Ruling {
        self.shared.withheld.map_or_else(ruling, Ruling::Refuse)
    }

    /// Runs a statement as the superuser for which the restoring role lacks rights, if that is allowed; `error` is what the server
    /// said without.
    fn escalate(&mut self, step: &Step, text: &[u8], error: ServerError) -> Result<Option<Failed>, Error> {
        let shared = self.shared;
        let conforming = standard_conforming_strings(&step.settings);
        if step.subject.class == Class::Part(Role::Owner) {
            return self.give(step, text, error);
        }
        if shared.trusted && shared.withheld.is_none() {
            let outcome = shared.run_as_superuser(step, text)?;
            return self.handed_over(step, outcome, error);
        }
        match self.withheld_or(|| escalation::ruling(text, conforming)) {
            Ruling::Refuse(refusal) => Ok(Some(Failed { error, refused: Some(refusal) })),
            Ruling::Run(sql) => {
                let outcome = shared.run_as_superuser(step, &sql)?;
                self.handed_over(step, outcome, error)
            }
            Ruling::Disabled(trigger) => {
                let outcome =
                    shared.with_roles(&mut |superuser| superuser.create_disabled(step, &trigger))?;
                Ok(failed(outcome, error))
            }
            Ruling::Extend(extension) => {
                let outcome =
                    shared.with_roles(&mut |superuser| superuser.create_extension(step, &extension))?;
                Ok(failed(outcome, error))
            }
            Ruling::Apart(apart) => self.make_apart(step, &apart, &error),
            Ruling::Try(sql) => {
                let failed = failed(shared.try_as_superuser(step, &sql)?, error);
                if failed.is_none() {
                    shared.superuser().remember_tried(step);
                }
                Ok(failed)
            }
        }
    }

    /// Makes a routine, and has the superuser add what it may not say of it.
    fn make_apart(
        &mut self,
        step: &Step,
        apart: &Apart,
        error: &ServerError,
    ) -> Result<Option<Failed>, Error> {
        if let Some(error) = self.batch(step, &apart.first)? {
            let conforming = standard_conforming_strings(&step.settings);
            let why = || match escalation::ruling(&apart.first, conforming) {
                Ruling::Refuse(refusal) => refusal,
                _ => Refusal::Kind,
            };
            let refused = lacks_rights(&error).then(why);
            return Ok(Some(Failed { error, refused }));
        }
        for sql in &apart.then {
            if let Some(failed) = failed(self.shared.run_as_superuser(step, sql)?, error.clone()) {
                return Ok(Some(failed));
            }
        }
        Ok(None)
    }

    fn handed_over(
        &self,
        step: &Step,
        outcome: Outcome,
        error: ServerError,
    ) -> Result<Option<Failed>, Error> {
        let failed = failed(outcome, error);
        if failed.is_none() {
            self.shared.superuser().hand_over(step, &self.shared.restorer.user)?;
        }
        Ok(failed)
    }

    /// Gives something to a role that may not create where it is, which the server wants of an owner where no superuser gives:
    /// it may for that statement, in a transaction. What only a superuser could own is given and taken back.
    fn give(&mut self, step: &Step, text: &[u8], error: ServerError) -> Result<Option<Failed>, Error> {
        let shared = self.shared;
        let conforming = standard_conforming_strings(&step.settings);
        let Some(owner) = escalation::owner(text, conforming) else {
            return Ok(Some(Failed { error, refused: Some(Refusal::Form) }));
        };
        if let Some(schema) = &owner.schema {
            let [schema, to] = [schema.to_sql(), owner.owner.to_sql()];
            let result = self.attempt(step, &mut |client| {
                client.execute(b"BEGIN")?;
                client.execute(&[b"GRANT CREATE ON SCHEMA ", &*schema, b" TO ", &*to].concat())?;
                client.execute(text)?;
                client
                    .execute(&[b"REVOKE CREATE ON SCHEMA ", &*schema, b" FROM ", &*to, b"; COMMIT"].concat())
            })?;
            if result.is_none() {
                return Ok(None);
            }
            self.client.execute(b"ROLLBACK")?;
        }
        if let Some(refusal) = shared.withheld {
            return Ok(Some(Failed { error, refused: Some(refusal) }));
        }
        let mut superuser = shared.superuser();
        let restorer = &shared.restorer.user;
        if superuser.lend(step, &owner, restorer)? {
            return Ok(None);
        }
        if superuser.try_owner(step, &owner, restorer)? {
            superuser.remember_tried(step);
            return Ok(None);
        }
        // An owner was not refused a superuser, but is none.
        Ok(Some(Failed { error, refused: None }))
    }

    /// Loads rows; frozen, where they are all rows of their table.
    pub fn copy(
        &mut self,
        step: &Step,
        alone: bool,
        copy: &[u8],
        data: &mut dyn Read,
    ) -> Result<Option<Failed>, Error> {
        let target = self.target(step)?;
        if target == Target::Foreign {
            return Ok(Some(Failed::foreign_rows()));
        }
        let mut frozen = false;
        let alone = alone && target == Target::Table && copy.ends_with(b" FROM stdin");
        if let Some(table) = step.subject.address.as_ref().filter(|_| alone) {
            let truncate = [b"TRUNCATE ONLY ", &*table.qualified_name().to_sql()].concat();
            // Rows that come with their table in one transaction need no second look by anybody.
            let begun = self.attempt(step, &mut |client| {
                client.execute(b"BEGIN")?;
                client.execute(&truncate)
            })?;
            frozen = begun.is_none();
            if !frozen {
                self.client.execute(b"ROLLBACK")?;
            }
        }
        let sql = if frozen { [copy, b" WITH (FREEZE)"].concat() } else { copy.to_vec() };
        // The rows are there once: what could be retried, such as a setting that is refused, was so by `apply`.
        self.apply(step)?;
        let result = self.client.copy_in(&sql, data);
        match result {
            Ok(()) if frozen => self.client.execute(b"COMMIT")?,
            Ok(()) => {}
            Err(connect::Error::Server(error)) => {
                if frozen {
                    self.client.execute(b"ROLLBACK")?;
                }
                let error = checked(*error)?;
                return match error.code() {
                    // Which the server says before it asks for rows.
                    "42501" => self.copy_into_member(step, copy, data, error),
                    _ => Ok(Some(Failed { error, refused: None })),
                };
            }
            Err(connect::Error::Input(error)) => return Err(Error::Reread(error)),
            Err(error) => return Err(error.into()),
        }
        Ok(None)
    }

    /// Loads rows that the restoring role may not load, if they are an extension's table's; `error` is what the server said.
    fn copy_into_member(
        &mut self,
        step: &Step,
        copy: &[u8],
        data: &mut dyn Read,
        error: ServerError,
    ) -> Result<Option<Failed>, Error> {
        let refused = self.shared.withheld.unwrap_or(Refusal::Kind);
        let table = step.subject.address.as_ref().filter(|_| self.shared.withheld.is_none());
        let Some(table) = table.filter(|_| copy.ends_with(b" FROM stdin")) else {
            return Ok(Some(Failed { error, refused: Some(refused) }));
        };
        let columns = dump::copy_columns(copy);
        let outcome = self.shared.superuser().copy_into_member(
            step,
            &table.qualified_name(),
            columns.as_deref(),
            data,
        )?;
        Ok(match outcome {
            Outcome::Refused(_) => Some(Failed { error, refused: Some(refused) }),
            outcome => failed(outcome, error),
        })
    }

    /// Says what a step loads rows into.
    pub fn target(&mut self, step: &Step) -> Result<Target, Error> {
        let Some(table) = &step.subject.address else { return Ok(Target::Other) };
        let name = table.qualified_name();
        self.apply(step)?;
        let ask = |client: &mut Client, sql: &[u8]| match client.query(sql) {
            // What is not there is the statement's own failure.
            Err(connect::Error::Server(_)) => Ok(Vec::new()),
            rows => rows,
        };
        let rows = ask(&mut self.client, &about(KIND, &name))?;
        Ok(match rows.first().and_then(|row| row.first()?.as_deref()) {
            Some(b"r") => Target::Table,
            Some(b"f") => Target::Foreign,
            // Its rows go to its partitions.
            Some(b"p") if !ask(&mut self.client, &about(FOREIGN_PARTS, &name))?.is_empty() => Target::Foreign,
            _ => Target::Other,
        })
    }

    /// Runs statements that are not the dump's own, such as a batch of several; nothing of a batch that fails stays.
    pub fn batch(&mut self, step: &Step, text: &[u8]) -> Result<Option<ServerError>, Error> {
        self.attempt(step, &mut |client| client.execute(text))
    }

    /// Tries until no role is missing and nobody else is in the way.
    fn attempt(
        &mut self,
        step: &Step,
        run: &mut dyn FnMut(&mut Client) -> Result<(), connect::Error>,
    ) -> Result<Option<ServerError>, Error> {
        let mut last = ServerError::default();
        for _ in 0..ATTEMPTS {
            self.apply(step)?;
            match run(&mut self.client) {
                Ok(()) => return Ok(None),
                Err(connect::Error::Server(error)) => last = checked(*error)?,
                Err(error) => return Err(error.into()),
            }
            match stand_in::missing_role(&last) {
                Some(role) => {
                    if !self.shared.superuser().stand_in(&role, &self.shared.restorer.user)? {
                        break;
                    }
                }
                // A deadlock between two of our own connections, of which the server ended one.
                None if last.code() == "40P01" => {}
                None => break,
            }
        }
        Ok(Some(last))
    }

    /// Sets what the step relies on.
    fn apply(&mut self, step: &Step) -> Result<(), Error> {
        if Arc::ptr_eq(&self.applied, &step.settings) {
            return Ok(());
        }
        let applied = Arc::clone(&self.applied);
        let gone =
            |name: &[u8], setting: &Setting| !step.settings.contains_key(name) && !is_tried(name, setting);
        for (name, setting) in applied.iter().filter(|(name, setting)| gone(name, setting)) {
            self.set(&reset(name), name, setting)?;
        }
        for (name, setting) in step.settings.iter() {
            if applied.get(name).is_some_and(|known| known.sql == setting.sql) {
                continue;
            }
            match is_tried(name, setting) {
                true => self.try_setting(name, setting)?,
                false => self.set(&setting.sql, name, setting)?,
            }
        }
        self.applied = Arc::clone(&step.settings);
        Ok(())
    }

    /// Sets something and takes it back.
    fn try_setting(&mut self, name: &[u8], setting: &Setting) -> Result<(), Error> {
        match self.client.execute(&[&*setting.sql, b";", &*reset(name)].concat()) {
            Ok(()) => Ok(()),
            Err(connect::Error::Server(error)) => {
                // Its name is right: servers of other versions do not have it.
                if error.code() != "42704" {
                    self.shared.superuser().remember_refused(name, setting, &error);
                }
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }

    fn set(&mut self, sql: &[u8], name: &[u8], setting: &Setting) -> Result<(), Error> {
        for _ in 0..ATTEMPTS {
            match self.client.execute(sql) {
                Ok(()) => return Ok(()),
                Err(connect::Error::Server(error)) => {
                    let mut superuser = self.shared.superuser();
                    match stand_in::missing_role(&error) {
                        Some(role) if superuser.stand_in(&role, &self.shared.restorer.user)? => {}
                        _ => {
                            superuser.remember_refused(name, setting, &error);
                            return Ok(());
                        }
                    }
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}

/// What failed of a statement that the superuser ran, or why it did not; `error` is what the server said without.
fn failed(outcome: Outcome, error: ServerError) -> Option<Failed> {
    match outcome {
        Outcome::Done => None,
        Outcome::Failed(error) => {
            let refused = lacks_rights(&error).then_some(Refusal::Kind);
            Some(Failed { error, refused })
        }
        Outcome::Refused(refusal) => Some(Failed { error, refused: Some(refusal) }),
    }
}

/// A question of ours about a table, whose name stands in it as `{table}`.
pub(crate) fn about(question: &str, table: &QualifiedName) -> Vec<u8> {
    let (before, behind) = question.split_once("{table}").unwrap_or((question, ""));
    [before.as_bytes(), &escalation::literal(&table.to_sql()), behind.as_bytes()].concat()
}

/// Says whether a superuser might do it.
pub(crate) fn lacks_rights(error: &ServerError) -> bool {
    matches!(error.code(), "42501" | NOT_GRANTED | NOT_REVOKED)
        // Only superusers may have that of type `internal`.
        || error.code() == "42P13" && error.message().starts_with("aggregate transition data type cannot be")
}

/// Privileges that were not granted, or not revoked, which the server says in a warning only.
const NOT_GRANTED: &str = "01007";
const NOT_REVOKED: &str = "01006";

/// Returns what the server said of rights that a statement should have given or taken and did not.
pub(crate) fn left_undone(step: &Step, client: &mut Client) -> Option<ServerError> {
    if step.subject.class != Class::Part(Role::Privilege) {
        return None;
    }
    let notices = client.take_notices();
    notices.into_iter().find(|notice| matches!(notice.code(), NOT_GRANTED | NOT_REVOKED))
}

/// Ends the restore where going on makes no sense.
pub(crate) fn checked(error: ServerError) -> Result<ServerError, Error> {
    match error.code() {
        "53100" => Err(Error::DiskFull(error.message().to_owned())),
        _ => Ok(error),
    }
}
