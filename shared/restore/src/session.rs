//! One connection of a restore, and the superuser's that all of them share.

use std::collections::BTreeSet;
use std::io::Read;
use std::sync::{Arc, Mutex, MutexGuard};

use connect::{Client, Parameters, ServerError};
use dump::{Class, Name, Role};

use crate::escalation::Right;
use crate::plan::{Place, Step};
use crate::settings::{Refused, Setting, Settings, is_tried, reset};
use crate::stand_in;
use crate::{Error, Options, escalation, plain};

/// Statements name several roles at most, each of which an error tells one by one.
const ATTEMPTS: usize = 100;

/// What all connections share.
pub(crate) struct Shared<'t> {
    restorer: &'t Parameters,
    trusted: bool,
    escalates: bool,
    admin: Mutex<Admin>,
}

/// The superuser's connection.
struct Admin {
    client: Client,
    applied: Arc<Settings>,
    roles: BTreeSet<String>,
    /// Settings that the server refused.
    unknown: Refused,
    /// The comment of roles that are made.
    mark: Option<String>,
    /// What rights were only tried on, see [`escalation::Right::Tried`].
    tried: BTreeSet<String>,
}

/// What all connections found out together.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    /// Roles that were made to stand in for missing ones.
    pub roles: BTreeSet<String>,
    /// What the server said of settings that it refused, and where they are set.
    pub settings: Vec<(String, Place)>,
    /// What rights were only tried on.
    pub tried: BTreeSet<String>,
}

/// How a statement failed.
#[derive(Clone, Debug)]
pub(crate) struct Failed {
    pub error: ServerError,
    /// Whether it needs a superuser and is not allowed to have one.
    pub refused: bool,
}

impl<'t> Shared<'t> {
    pub fn connect(options: &'t Options) -> Result<Shared<'t>, Error> {
        let mut admin = options.admin.clone();
        if options.escalates {
            // No trigger of the dump fires for the superuser, who would run it.
            admin = admin.with_setting("session_replication_role", "replica");
        }
        let admin = Admin {
            client: Client::connect(&admin)?,
            applied: Arc::default(),
            roles: BTreeSet::new(),
            unknown: Refused::default(),
            mark: options.mark.clone(),
            tried: BTreeSet::new(),
        };
        let Options { restorer, trusted, escalates, .. } = options;
        Ok(Shared { restorer, trusted: *trusted, escalates: *escalates, admin: Mutex::new(admin) })
    }

    fn admin(&self) -> MutexGuard<'_, Admin> {
        self.admin.lock().unwrap_or_else(|poison| poison.into_inner())
    }

    /// Returns the server's major version; the highest number where the server does not tell it, so that nothing is newer.
    pub fn major(&self) -> u32 {
        self.admin().client.server_major().unwrap_or(u32::MAX)
    }

    /// Returns what was found out.
    pub fn finish(self) -> Gathered {
        let admin = self.admin.into_inner().unwrap_or_else(|poison| poison.into_inner());
        Gathered { roles: admin.roles, settings: admin.unknown.into_vec(), tried: admin.tried }
    }

    /// Makes a role to stand in for one that the dump makes; says whether it is there now.
    pub fn make_role(&self, role: &Name) -> Result<bool, Error> {
        self.admin().stand_in(role, &self.restorer.user)
    }

    /// Says whether a role is one that was made to stand in for another.
    pub fn is_stand_in(&self, role: &Name) -> Result<bool, Error> {
        self.admin().is_stand_in(role, &self.restorer.user)
    }

    /// Runs a statement as the superuser; in a transaction that is undone where it is only `tried`.
    pub fn run_as_admin(&self, step: &Step, text: &[u8], tried: bool) -> Result<Option<ServerError>, Error> {
        let mut admin = self.admin();
        for _ in 0..ATTEMPTS {
            let result = if tried { admin.try_out(step, text)? } else { admin.run(step, text)? };
            let Some(error) = result else { return Ok(None) };
            match stand_in::missing_role(&error) {
                Some(role) if admin.stand_in(&role, &self.restorer.user)? => {}
                _ => return Ok(Some(checked(error)?)),
            }
        }
        Ok(Some(ServerError::default()))
    }
}

impl Admin {
    /// Makes a role; says whether it is there now.
    fn stand_in(&mut self, role: &Name, member: &str) -> Result<bool, Error> {
        match self.client.execute(&stand_in::statements(role, &Name::from(member), self.mark.as_deref())) {
            Ok(()) => {}
            // Another connection missed it as well, or it is a role of the server, which nobody is let into.
            Err(connect::Error::Server(error)) if error.code() == "42710" => return Ok(true),
            Err(connect::Error::Server(_)) => return Ok(false),
            Err(error) => return Err(error.into()),
        }
        for sql in stand_in::rights(role) {
            match self.client.execute(&sql) {
                // What fails without these rights is told where it fails.
                Ok(()) | Err(connect::Error::Server(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        self.roles.insert(role.to_string());
        Ok(true)
    }

    fn is_stand_in(&mut self, role: &Name, member: &str) -> Result<bool, Error> {
        let rows = self.client.query(&stand_in::is_stand_in(role, &Name::from(member)))?;
        Ok(!rows.is_empty())
    }

    /// Gives what the superuser made to the role that restores, which would have made it.
    fn hand_over(&mut self, step: &Step, to: &str) -> Result<(), Error> {
        let made = step.subject.class == Class::Part(Role::Definition);
        let address = step.subject.address.as_ref().filter(|address| made && address.kind.is_ownable());
        let Some(sql) = address.map(|address| plain::owner_statement(address, &Name::from(to))) else {
            return Ok(());
        };
        match self.client.execute_one(&sql) {
            Ok(()) => Ok(()),
            // Owners of some things must be superusers; the superuser stays theirs.
            Err(connect::Error::Server(error)) if error.code() == "42501" => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Gives something to a role that would have to be a superuser to own it: it is one for that statement, in a
    /// transaction, so that nobody else ever sees it as one. Says whether that was possible.
    fn give(&mut self, step: &Step, text: &[u8], member: &str) -> Result<bool, Error> {
        let owner = match stand_in::new_owner(text) {
            Some(owner) if self.is_stand_in(&owner, member)? => owner.to_sql(),
            _ => return Ok(false),
        };
        self.client.execute(b"BEGIN")?;
        self.client.execute(&[b"ALTER ROLE ", &*owner, b" SUPERUSER"].concat())?;
        let refused = self.run(step, text)?.is_some();
        if refused {
            self.client.execute(b"ROLLBACK")?;
        } else {
            self.client.execute(&[b"ALTER ROLE ", &*owner, b" NOSUPERUSER; COMMIT"].concat())?;
        }
        Ok(!refused)
    }

    /// Runs a statement and undoes what it did.
    fn try_out(&mut self, step: &Step, text: &[u8]) -> Result<Option<ServerError>, Error> {
        if let Some(error) = self.apply(step)? {
            return Ok(Some(error));
        }
        self.client.execute(b"BEGIN")?;
        let result = self.run(step, text);
        self.client.execute(b"ROLLBACK")?;
        result
    }

    fn run(&mut self, step: &Step, text: &[u8]) -> Result<Option<ServerError>, Error> {
        if let Some(error) = self.apply(step)? {
            return Ok(Some(error));
        }
        self.client.take_notices();
        match self.client.execute_one(text) {
            Ok(()) => Ok(left_undone(step, &mut self.client)),
            Err(connect::Error::Server(error)) => Ok(Some(*error)),
            Err(error) => Err(error.into()),
        }
    }

    /// Sets what the step's text relies on to be understood. What the server says where it refuses that is the step's
    /// failure: a superuser runs nothing that might mean something else.
    fn apply(&mut self, step: &Step) -> Result<Option<ServerError>, Error> {
        for name in [&b"client_encoding"[..], b"standard_conforming_strings", b"search_path"] {
            let wanted = step.settings.get(name);
            if wanted.map(|setting| &setting.sql) == self.applied.get(name).map(|setting| &setting.sql) {
                continue;
            }
            let sql = wanted.map_or_else(|| reset(name), |setting| setting.sql.clone());
            match self.client.execute_one(&sql) {
                Ok(()) => {}
                Err(connect::Error::Server(error)) => {
                    if let Some(setting) = wanted {
                        self.unknown.add(error.message(), setting.at);
                    }
                    return Ok(Some(*error));
                }
                Err(error) => return Err(error.into()),
            }
            let applied = Arc::make_mut(&mut self.applied);
            match wanted {
                Some(setting) => applied.insert(name.to_vec(), setting.clone()),
                None => applied.remove(name),
            };
        }
        self.applied = Arc::clone(&step.settings);
        Ok(None)
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
        // The server's default, on which dumps without a `SET` of it rely.
        let restorer = shared.restorer.clone().with_setting("search_path", "\"$user\", public");
        Ok(Session { shared, client: Client::connect(&restorer)?, applied: Arc::default() })
    }

    /// Returns what it shares with others.
    pub fn shared(&self) -> &'s Shared<'s> {
        self.shared
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
        self.client.take_notices();
        let result = self.attempt(step, &mut |client| client.execute(text))?;
        let Some(error) = result.or_else(|| left_undone(step, &mut self.client)) else { return Ok(None) };
        if !lacks_rights(&error) {
            return Ok(Some(Failed { error, refused: false }));
        }
        let right = match self.shared.trusted {
            true => Right::Run,
            false => escalation::right(&step.subject, text),
        };
        if right == Right::None || !self.shared.escalates {
            let given = self.give(step, text)?;
            return Ok((!given).then_some(Failed { error, refused: true }));
        }
        let Some(error) = self.shared.run_as_admin(step, text, right == Right::Tried)? else {
            match right {
                Right::Tried => {
                    self.shared.admin().tried.insert(step.label());
                }
                _ => self.shared.admin().hand_over(step, &self.shared.restorer.user)?,
            }
            return Ok(None);
        };
        // Owners of some things must be superusers, which stand-ins are not.
        let gives = step.subject.class == Class::Part(Role::Owner) && lacks_rights(&error);
        if gives && self.shared.admin().give(step, text, &self.shared.restorer.user)? {
            return Ok(None);
        }
        // An owner was not refused a superuser, but is none.
        Ok(Some(Failed { refused: lacks_rights(&error) && !gives, error }))
    }

    /// Gives something to a role that may not create in its schema, which the server wants of an owner where no superuser
    /// gives: it may for that statement, in a transaction. Says whether that was possible.
    fn give(&mut self, step: &Step, text: &[u8]) -> Result<bool, Error> {
        let address =
            step.subject.address.as_ref().filter(|_| step.subject.class == Class::Part(Role::Owner));
        let schema = address.and_then(|address| address.parent.as_deref().unwrap_or(address).schema.as_ref());
        let (Some(schema), Some(owner)) = (schema, stand_in::new_owner(text)) else { return Ok(false) };
        let [schema, owner] = [schema.to_sql(), owner.to_sql()];
        let result = self.attempt(step, &mut |client| {
            client.execute(b"BEGIN")?;
            client.execute(&[b"GRANT CREATE ON SCHEMA ", &*schema, b" TO ", &*owner].concat())?;
            client.execute(text)?;
            client.execute(&[b"REVOKE CREATE ON SCHEMA ", &*schema, b" FROM ", &*owner, b"; COMMIT"].concat())
        })?;
        if result.is_some() {
            self.client.execute(b"ROLLBACK")?;
        }
        Ok(result.is_none())
    }

    /// Loads rows; frozen, where they are all rows of their table.
    pub fn copy(
        &mut self,
        step: &Step,
        alone: bool,
        copy: &[u8],
        data: &mut dyn Read,
    ) -> Result<Option<Failed>, Error> {
        let mut frozen = false;
        if let Some(table) = step.subject.address.as_ref().filter(|_| alone && copy.ends_with(b" FROM stdin"))
        {
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
                return Ok(Some(Failed { refused: error.code() == "42501", error: checked(*error)? }));
            }
            Err(connect::Error::Input(error)) => return Err(Error::Reread(error)),
            Err(error) => return Err(error.into()),
        }
        Ok(None)
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
                    if !self.shared.admin().stand_in(&role, &self.shared.restorer.user)? {
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
        let gone = |name: &[u8]| !step.settings.contains_key(name) && !is_tried(name);
        for (name, setting) in applied.iter().filter(|(name, _)| gone(name)) {
            self.set(&reset(name), setting.at)?;
        }
        for (name, setting) in step.settings.iter() {
            if applied.get(name).is_some_and(|known| known.sql == setting.sql) {
                continue;
            }
            match is_tried(name) {
                true => self.try_setting(name, setting)?,
                false => self.set(&setting.sql, setting.at)?,
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
                    self.shared.admin().unknown.add(error.message(), setting.at);
                }
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }

    fn set(&mut self, sql: &[u8], at: Place) -> Result<(), Error> {
        for _ in 0..ATTEMPTS {
            match self.client.execute(sql) {
                Ok(()) => return Ok(()),
                Err(connect::Error::Server(error)) => {
                    let mut admin = self.shared.admin();
                    match stand_in::missing_role(&error) {
                        Some(role) if admin.stand_in(&role, &self.shared.restorer.user)? => {}
                        _ => {
                            admin.unknown.add(error.message(), at);
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
fn left_undone(step: &Step, client: &mut Client) -> Option<ServerError> {
    if step.subject.class != Class::Part(Role::Privilege) {
        return None;
    }
    let notices = client.take_notices();
    notices.into_iter().find(|notice| matches!(notice.code(), NOT_GRANTED | NOT_REVOKED))
}

/// Ends the restore where going on makes no sense.
fn checked(error: ServerError) -> Result<ServerError, Error> {
    match error.code() {
        "53100" => Err(Error::DiskFull(error.message().to_owned())),
        _ => Ok(error),
    }
}
