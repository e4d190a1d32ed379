//! What runs as a superuser in a database that holds a dump's code: all of it.
//!
//! A [`Superuser`] is a way into such a database by which nobody can connect but the methods here. They run, and each says why,
//!
//! - statements of the dump, as [`escalation`] wrote them anew, and their undoing ([`Session::run`], [`Session::try_out`],
//!   [`Session::create_extension`], [`Session::create_disabled`]);
//! - rows of the dump in tables that an extension made, where no code of the dump's can run ([`Session::copy_into_member`]);
//! - what gives a dump's things the owners that it says ([`Session::lend`], [`Session::try_owner`], [`Session::hand_over`]);
//! - roles that stand in for those the dump speaks of ([`Session::stand_in`]);
//! - `amcheck`, in a schema of our own ([`Superuser::lend_amcheck`]);
//! - `pg_dump` of the copy, which looks after itself, with [`Superuser::options`] set for it;
//! - what leaves a copy to its new owner ([`Superuser::take_over`]), and looks whether a database is empty
//!   ([`Superuser::is_empty`]).
//!
//! Each session begins with an empty search path, as all of ours do, and every name, operator and function here is written with
//! its schema: nothing of the dump's can be meant. Triggers of the dump do not fire in it: it is a replica's, and since
//! PostgreSQL 17 event triggers are off in it altogether. Event triggers of the dump are disabled for everybody: the server goes through
//! the scripts of trusted extensions as a superuser in the restoring role's sessions.

mod members;

use std::collections::BTreeSet;

use connect::{Client, Parameters, ServerError};
use dump::{Class, Kind, Name, Role};

use crate::escalation::{EventTrigger, Extension, Owner, Refusal, literal};
use crate::plan::Step;
use crate::session::{checked, left_undone};
use crate::settings::{Refused, RefusedSetting, Setting, Settings, reset};
use crate::{Error, plain, stand_in};

/// Since when event triggers can be switched off for a session ("event_triggers" in the manual).
const EVENT_TRIGGERS: u32 = 17;

/// Whatever the database's owner set for everybody who comes.
const NO_ROLE: (&str, &str) = ("role", "none");

/// The schema that an extension has to be in, if there is such a one.
const FIXED_SCHEMA: &str = "SELECT DISTINCT v.schema FROM pg_catalog.pg_available_extension_versions v \
    WHERE v.schema IS NOT NULL AND v.name OPERATOR(pg_catalog.=)";

/// The schemas of the extensions that an extension needs, in which its script looks for names as well.
const SCHEMAS_OF_NEEDED: &str = "SELECT DISTINCT n.nspname FROM pg_catalog.pg_available_extension_versions v \
    JOIN pg_catalog.pg_extension e ON e.extname OPERATOR(pg_catalog.=) ANY (v.requires) \
    JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) e.extnamespace \
    WHERE v.name OPERATOR(pg_catalog.=)";

/// Encodings in which a byte of a character can look like a `\` (`PG_ENCODING_BE_LAST` in pg_wchar.h): what we escape would
/// be another text in them.
const UNSAFE_ENCODINGS: [&str; 7] = ["SJIS", "BIG5", "GBK", "UHC", "GB18030", "JOHAB", "SHIFT_JIS_2004"];

/// A superuser's way into a database that holds a dump's code.
#[derive(Clone, Debug)]
pub struct Superuser {
    to: Parameters,
    /// Whether others use the server as well.
    of_others: bool,
    settings: Vec<(&'static str, &'static str)>,
}

/// The functions of `amcheck`, where the restoring role may call them.
#[derive(Debug)]
pub struct Amcheck {
    /// The schema that they are in, as SQL writes it.
    pub schema: String,
    /// Where they were, if the dump brought them.
    home: Option<Name>,
}

impl Superuser {
    /// Takes the superuser of a server of our own, of this major version.
    pub fn of_scratch(to: Parameters, major: u32) -> Superuser {
        let mut settings = vec![("session_replication_role", "replica")];
        if major >= EVENT_TRIGGERS {
            settings.push(("event_triggers", "off"));
        }
        Superuser { to, of_others: false, settings }
    }

    /// Takes the role that was given for a server of others, who may be no superuser.
    pub fn given(to: Parameters, is_superuser: bool) -> Superuser {
        let settings = if is_superuser { vec![("session_replication_role", "replica")] } else { Vec::new() };
        Superuser { to, of_others: true, settings }
    }

    /// Returns the database's name.
    pub fn database(&self) -> &str {
        &self.to.database
    }

    /// Returns the role's name.
    pub(crate) fn role(&self) -> &str {
        &self.to.user
    }

    /// Returns the settings of its sessions as libpq's `PGOPTIONS`, for `pg_dump`.
    pub fn options(&self) -> String {
        let options: Vec<String> = self
            .settings
            .iter()
            .chain(&[NO_ROLE])
            .map(|(name, value)| format!("-c {name}={value}"))
            .collect();
        options.join(" ")
    }

    fn connect(&self) -> Result<Client, connect::Error> {
        let with = |to: Parameters, (name, value): &(&str, &str)| to.with_setting(name, value);
        Client::connect(&self.settings.iter().fold(self.to.clone(), with))
    }

    pub(crate) fn session(&self, mark: Option<String>, trusted: bool) -> Result<Session, Error> {
        let mut to = self.clone();
        if trusted {
            // Whose own dump it is may have it run as the server usually would.
            to.to = to.to.with_setting("search_path", DEFAULT_PATH);
        }
        Ok(Session {
            client: to.connect()?,
            of_others: self.of_others,
            applied: Settings::default(),
            roles: BTreeSet::new(),
            unknown: Refused::default(),
            mark,
            trusted,
            tried: BTreeSet::new(),
            nowhere: BTreeSet::new(),
            disabled: BTreeSet::new(),
        })
    }

    /// Puts `amcheck` into a schema of our own for a role that may then call its functions: what they evaluate is the dump's.
    /// In a schema of the dump's, a function of the dump could be called in their place. The inner error says why there is none.
    ///
    /// # Errors
    /// When the connection to the server is lost.
    pub fn lend_amcheck(
        &self,
        schema: &Name,
        to: &str,
    ) -> Result<Result<Amcheck, ServerError>, connect::Error> {
        let mut client = self.connect()?;
        let home = client.query(
            b"SELECT n.nspname FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n \
              ON n.oid OPERATOR(pg_catalog.=) e.extnamespace WHERE e.extname OPERATOR(pg_catalog.=) 'amcheck'",
        )?;
        let home = home.into_iter().next().and_then(|row| row.into_iter().next().flatten());
        let home = home.map(|name| Name::from(name.as_slice()));
        let (schema, to) = (schema.to_sql(), Name::from(to).to_sql());
        let place: &[u8] = match home {
            Some(_) => b"ALTER EXTENSION amcheck SET SCHEMA ",
            None => b"CREATE EXTENSION amcheck SCHEMA ",
        };
        let sql = [
            &[b"CREATE SCHEMA ", &*schema].concat()[..],
            &[place, &schema].concat(),
            &[b"GRANT USAGE ON SCHEMA ", &*schema, b" TO ", &to].concat(),
            &[b"GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA ", &*schema, b" TO ", &to].concat(),
        ];
        match client.execute(&sql.join(&b"; "[..])) {
            Ok(()) => Ok(Ok(Amcheck { schema: String::from_utf8_lossy(&schema).into_owned(), home })),
            Err(connect::Error::Server(error)) => Ok(Err(*error)),
            Err(error) => Err(error),
        }
    }

    /// Puts `amcheck` back where it was.
    ///
    /// # Errors
    /// When the server refuses, or the connection to it is lost.
    pub fn take_amcheck_back(&self, amcheck: &Amcheck, from: &str) -> Result<(), connect::Error> {
        let Amcheck { schema, home } = amcheck;
        let mut sql = Vec::new();
        if let Some(home) = home {
            let from = Name::from(from).to_sql();
            sql.extend(
                [b"REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA ", schema.as_bytes(), b" FROM ", &*from, b"; "]
                    .concat(),
            );
            sql.extend([b"ALTER EXTENSION amcheck SET SCHEMA ", &*home.to_sql(), b"; "].concat());
        }
        sql.extend_from_slice(format!("DROP SCHEMA {schema} CASCADE").as_bytes());
        self.connect()?.execute(&sql)
    }

    /// Makes everything of the restoring role the given role's, so that a copy can stay when that role goes.
    ///
    /// # Errors
    /// When the server refuses, or the connection to it is lost.
    pub fn take_over(&self, from: &str) -> Result<(), connect::Error> {
        let [from, to] = [from, self.to.user.as_str()].map(|name| Name::from(name).to_sql());
        let mut client = self.connect()?;
        client.execute(&[b"REASSIGN OWNED BY ", &*from, b" TO ", &to].concat())?;
        client.execute(&[b"DROP OWNED BY ", &*from].concat())
    }

    /// Says whether the database holds nothing that was not there when it was made.
    ///
    /// # Errors
    /// When the server refuses, or the connection to it is lost.
    pub fn is_empty(&self) -> Result<bool, connect::Error> {
        // Where everything of a database has its number; rows of others belong to one of these.
        const CATALOGS: [&str; 24] = [
            "pg_class",
            "pg_proc",
            "pg_type",
            "pg_extension",
            "pg_largeobject_metadata",
            "pg_operator",
            "pg_opclass",
            "pg_opfamily",
            "pg_am",
            "pg_cast",
            "pg_collation",
            "pg_conversion",
            "pg_event_trigger",
            "pg_foreign_data_wrapper",
            "pg_foreign_server",
            "pg_language",
            "pg_publication",
            "pg_ts_config",
            "pg_ts_dict",
            "pg_ts_parser",
            "pg_ts_template",
            "pg_transform",
            "pg_statistic_ext",
            "pg_default_acl",
        ];
        // FirstNormalObjectId of transam.h: what is below, `initdb` made.
        let made = "OPERATOR(pg_catalog.>=) 16384::pg_catalog.oid";
        let some = |catalog: &str| format!("EXISTS (SELECT FROM pg_catalog.{catalog} WHERE oid {made})");
        let mut parts: Vec<String> = CATALOGS.into_iter().map(some).collect();
        parts.push(format!(
            "EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE oid {made} \
             AND pg_catalog.left(nspname::pg_catalog.text, 3) OPERATOR(pg_catalog.<>) 'pg_')"
        ));
        let rows = self.connect()?.query(format!("SELECT {}", parts.join(" OR ")).as_bytes())?;
        Ok(rows.first().and_then(|row| row.first()?.as_deref()) == Some(b"f"))
    }
}

/// The search path of a session for which nobody sets one.
pub(crate) const DEFAULT_PATH: &str = "\"$user\", public";

/// The superuser's connection while a dump is restored.
pub(crate) struct Session {
    client: Client,
    of_others: bool,
    /// What it took over of the dump's settings.
    applied: Settings,
    roles: BTreeSet<String>,
    /// Settings that the server refused.
    unknown: Refused,
    /// The comment of roles that are made.
    mark: Option<String>,
    /// Whether it runs the dump's own text.
    trusted: bool,
    /// What was only tried, see [`escalation::Ruling::Try`](crate::escalation::Ruling::Try).
    tried: BTreeSet<String>,
    /// Foreign servers that were made anew.
    nowhere: BTreeSet<String>,
    /// Event triggers that were left disabled.
    disabled: BTreeSet<String>,
}

/// What the superuser's connection found out.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    /// Roles that were made to stand in for missing ones.
    pub roles: BTreeSet<String>,
    /// Settings that the server refused.
    pub settings: Vec<RefusedSetting>,
    /// What was only tried.
    pub tried: BTreeSet<String>,
    /// Foreign servers that were made to lead nowhere.
    pub nowhere: BTreeSet<String>,
    /// Event triggers that were left disabled.
    pub disabled: BTreeSet<String>,
}

/// What became of a statement.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// It ran.
    Done,
    /// The server refused it.
    Failed(ServerError),
    /// It was not run.
    Refused(Refusal),
}

impl Outcome {
    /// Returns what the server said, and lets know why it was not asked.
    pub fn into_error(self, refused: &mut Option<Refusal>) -> Option<ServerError> {
        match self {
            Outcome::Done => None,
            Outcome::Failed(error) => Some(error),
            Outcome::Refused(refusal) => {
                *refused = Some(refusal);
                Some(ServerError::default())
            }
        }
    }
}

impl Session {
    /// Returns what was found out.
    pub fn finish(self) -> Gathered {
        let Session { roles, unknown, tried, nowhere, disabled, .. } = self;
        Gathered { roles, settings: unknown.into_vec(), tried, nowhere, disabled }
    }

    /// Returns the server's major version; the highest number where the server does not tell it, so that nothing is newer.
    pub fn major(&self) -> u32 {
        self.client.server_major().unwrap_or(u32::MAX)
    }

    /// Remembers that a step was only tried.
    pub fn remember_tried(&mut self, step: &Step) {
        self.tried.insert(step.label());
    }

    /// Remembers that a step made a foreign server that leads nowhere.
    pub fn remember_nowhere(&mut self, step: &Step) {
        self.nowhere.insert(step.label());
    }

    /// Remembers a setting that the server refused.
    pub fn remember_refused(&mut self, name: &[u8], setting: &Setting, error: &ServerError) {
        self.unknown.add(name, setting, error);
    }

    /// Makes a role to stand in for one of the dump's, without which much of it cannot be restored; says whether it is there now.
    pub fn stand_in(&mut self, role: &Name, member: &str) -> Result<bool, Error> {
        match self.client.execute(&stand_in::statements(role, &Name::from(member), self.mark.as_deref())) {
            Ok(()) => {}
            // Another connection missed it as well, or it is a role of the server, which nobody is let into.
            Err(connect::Error::Server(error)) if error.code() == "42710" => return Ok(true),
            Err(connect::Error::Server(_)) => return Ok(false),
            Err(error) => return Err(error.into()),
        }
        let reads_all = if self.of_others { None } else { Some(stand_in::reads_all(role)) };
        for sql in [Some(stand_in::bypasses_row_security(role)), reads_all].into_iter().flatten() {
            match self.client.execute(&sql) {
                // What fails without these rights is told where it fails.
                Ok(()) | Err(connect::Error::Server(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        self.roles.insert(role.to_string());
        Ok(true)
    }

    /// Says whether a role is one that was made to stand in for another.
    pub fn is_stand_in(&mut self, role: &Name, member: &str) -> Result<bool, Error> {
        let rows = self.client.query(&stand_in::is_stand_in(role, &Name::from(member)))?;
        Ok(!rows.is_empty())
    }

    /// Runs a statement that was written anew, or of a dump that is trusted.
    pub fn run(&mut self, step: &Step, sql: &[u8]) -> Result<Outcome, Error> {
        if let Some(outcome) = self.apply(step)? {
            return Ok(outcome);
        }
        self.client.take_notices();
        match self.client.execute_one(sql) {
            Ok(()) => Ok(left_undone(step, &mut self.client).map_or(Outcome::Done, Outcome::Failed)),
            Err(connect::Error::Server(error)) => Ok(Outcome::Failed(checked(*error)?)),
            Err(error) => Err(error.into()),
        }
    }

    /// Runs a statement that was written anew, and undoes what it did.
    pub fn try_out(&mut self, step: &Step, sql: &[u8]) -> Result<Outcome, Error> {
        if let Some(outcome) = self.apply(step)? {
            return Ok(outcome);
        }
        self.client.execute(b"BEGIN")?;
        let result = self.run(step, sql);
        self.client.execute(b"ROLLBACK")?;
        result
    }

    /// Makes an event trigger and disables it in the same transaction, so that no command ever sets it off.
    pub fn create_disabled(&mut self, step: &Step, trigger: &EventTrigger) -> Result<Outcome, Error> {
        if let Some(outcome) = self.apply(step)? {
            return Ok(outcome);
        }
        self.client.execute(b"BEGIN")?;
        for sql in [&trigger.sql, &trigger.disable] {
            let outcome = self.run(step, sql)?;
            if !matches!(outcome, Outcome::Done) {
                self.client.execute(b"ROLLBACK")?;
                return Ok(outcome);
            }
        }
        self.client.execute(b"COMMIT")?;
        self.disabled.insert(step.label());
        Ok(Outcome::Done)
    }

    /// Makes an extension, unless where it goes holds anything that no extension made: its script runs as a superuser, and may
    /// mean something else than it finds there.
    pub fn create_extension(&mut self, step: &Step, extension: &Extension) -> Result<Outcome, Error> {
        if let Some(outcome) = self.apply(step)? {
            return Ok(outcome);
        }
        let fixed = self.names(FIXED_SCHEMA, &extension.name)?;
        let is_open = fixed.is_empty() && extension.schema.is_none();
        let mut places = self.names(SCHEMAS_OF_NEEDED, &extension.name)?;
        places.extend(fixed.into_iter().chain(extension.schema.clone()));
        let mut sql = extension.sql.clone();
        if is_open && !step.settings.contains_key(&b"search_path"[..]) {
            // Where a session for which nobody sets a search path makes things.
            places.push(Name::from("public"));
            sql.extend_from_slice(b" SCHEMA public");
        }
        for place in &places {
            if !self.client.query(&foreign_to_extensions(place))?.is_empty() {
                return Ok(Outcome::Refused(Refusal::ExtensionInto));
            }
        }
        self.run(step, &sql)
    }

    /// Asks for names that have to do with another.
    fn names(&mut self, question: &str, about: &Name) -> Result<Vec<Name>, Error> {
        let rows = self.client.query(&[question.as_bytes(), b" ", &literal(about.bytes())].concat())?;
        let name = |row: connect::Row| Some(Name::from(row.into_iter().next()??.as_slice()));
        Ok(rows.into_iter().filter_map(name).collect())
    }

    /// Gives what the superuser made to the role that restores, which would have made it.
    pub fn hand_over(&mut self, step: &Step, to: &str) -> Result<(), Error> {
        let made = step.subject.class == Class::Part(Role::Definition);
        // Whoever owns a subscription can have it connect, and whoever owns an event trigger have it fire for everybody.
        let stays = |kind| matches!(kind, Kind::Subscription | Kind::EventTrigger);
        let handed = |address: &&dump::Address| made && address.kind.is_ownable() && !stays(address.kind);
        let Some(address) = step.subject.address.as_ref().filter(handed) else { return Ok(()) };
        match self.client.execute_one(&plain::owner_statement(address, &Name::from(to))) {
            Ok(()) => Ok(()),
            // Owners of some things must be superusers; the superuser stays theirs.
            Err(connect::Error::Server(error)) if error.code() == "42501" => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Lets a new owner create where what he gets is, as the server wants of an owner, while the restoring role gives it to him:
    /// with its own rights, so that what is not its own stays whose it is. Says whether that was possible.
    pub fn lend(&mut self, step: &Step, owner: &Owner, restorer: &str) -> Result<bool, Error> {
        let place = match &owner.schema {
            Some(schema) => [b"SCHEMA ", &*schema.to_sql()].concat(),
            None if owner.in_database => {
                let rows = self.client.query(b"SELECT pg_catalog.current_database()")?;
                let name = rows.into_iter().next().and_then(|row| row.into_iter().next().flatten());
                [b"DATABASE ", &*Name::from(name.unwrap_or_default().as_slice()).to_sql()].concat()
            }
            None => return Ok(false),
        };
        if self.apply(step)?.is_some() {
            return Ok(false);
        }
        let (to, restorer) = (owner.owner.to_sql(), Name::from(restorer).to_sql());
        let lent = [
            [b"GRANT CREATE ON ", &*place, b" TO ", &to].concat(),
            [b"SET LOCAL ROLE ", &*restorer].concat(),
            owner.sql.clone(),
            b"RESET ROLE".to_vec(),
            [b"REVOKE CREATE ON ", &*place, b" FROM ", &to].concat(),
        ];
        self.client.execute(b"BEGIN")?;
        for sql in &lent {
            match self.client.execute_one(sql) {
                Ok(()) => {}
                Err(connect::Error::Server(_)) => {
                    self.client.execute(b"ROLLBACK")?;
                    return Ok(false);
                }
                Err(error) => return Err(error.into()),
            }
        }
        self.client.execute(b"COMMIT")?;
        Ok(true)
    }

    /// Gives something to a role that would have to be a superuser to own it, and undoes that: a role of which the restoring role
    /// is a member shall own nothing by which it could become more. Says whether it would have been possible.
    pub fn try_owner(&mut self, step: &Step, owner: &Owner, restorer: &str) -> Result<bool, Error> {
        if !self.is_stand_in(&owner.owner, restorer)? || self.apply(step)?.is_some() {
            return Ok(false);
        }
        self.client.execute(b"BEGIN")?;
        self.client.execute(&[b"ALTER ROLE ", &*owner.owner.to_sql(), b" SUPERUSER"].concat())?;
        let result = self.run(step, &owner.sql);
        self.client.execute(b"ROLLBACK")?;
        Ok(matches!(result?, Outcome::Done))
    }

    /// Sets what the step's text relies on to be understood. Where that is not possible, that is what becomes of the step: a
    /// superuser runs nothing that might mean something else.
    fn apply(&mut self, step: &Step) -> Result<Option<Outcome>, Error> {
        if self.trusted {
            return self.apply_as_written(step);
        }
        let name = &b"client_encoding"[..];
        let wanted = step.settings.get(name);
        if wanted.map(|setting| &setting.value) == self.applied.get(name).map(|setting| &setting.value) {
            return Ok(None);
        }
        let sql = match wanted.map(|setting| &setting.value) {
            None => b"RESET client_encoding".to_vec(),
            Some(Some(value)) => [b"SET client_encoding TO ", &*literal(value)].concat(),
            Some(None) => return Ok(Some(Outcome::Refused(Refusal::Form))),
        };
        if let Some(outcome) = self.set(&sql, name, wanted)? {
            return Ok(Some(outcome));
        }
        if self.client.parameter("client_encoding").is_some_and(|name| UNSAFE_ENCODINGS.contains(&name)) {
            self.client.execute_one(b"RESET client_encoding")?;
            self.applied.remove(name);
            return Ok(Some(Outcome::Refused(Refusal::Form)));
        }
        self.remember(name, wanted);
        Ok(None)
    }

    /// The same for a dump that is trusted, whose own text is run.
    fn apply_as_written(&mut self, step: &Step) -> Result<Option<Outcome>, Error> {
        for name in [&b"client_encoding"[..], b"standard_conforming_strings", b"search_path"] {
            let wanted = step.settings.get(name);
            if wanted.map(|setting| &setting.sql) == self.applied.get(name).map(|setting| &setting.sql) {
                continue;
            }
            let sql = wanted.map_or_else(|| reset(name), |setting| setting.sql.clone());
            if let Some(outcome) = self.set(&sql, name, wanted)? {
                return Ok(Some(outcome));
            }
            self.remember(name, wanted);
        }
        Ok(None)
    }

    fn set(&mut self, sql: &[u8], name: &[u8], wanted: Option<&Setting>) -> Result<Option<Outcome>, Error> {
        match self.client.execute_one(sql) {
            Ok(()) => Ok(None),
            Err(connect::Error::Server(error)) => {
                if let Some(setting) = wanted {
                    self.unknown.add(name, setting, &error);
                }
                Ok(Some(Outcome::Failed(*error)))
            }
            Err(error) => Err(error.into()),
        }
    }

    fn remember(&mut self, name: &[u8], wanted: Option<&Setting>) {
        match wanted {
            Some(setting) => self.applied.insert(name.to_vec(), setting.clone()),
            None => self.applied.remove(name),
        };
    }
}

/// A query of one row if a schema holds a relation, a type, a function or an operator that is no extension's and that `initdb`
/// did not make.
fn foreign_to_extensions(schema: &Name) -> Vec<u8> {
    const CATALOGS: [(&str, &str, &str); 4] = [
        ("pg_proc", "pronamespace", "true"),
        ("pg_operator", "oprnamespace", "true"),
        // What indexes and composite types are, their tables tell.
        (
            "pg_class",
            "relnamespace",
            "c.relkind OPERATOR(pg_catalog.=) ANY ('{r,p,v,m,f,S}'::pg_catalog.\"char\"[])",
        ),
        (
            "pg_type",
            "typnamespace",
            "c.typtype OPERATOR(pg_catalog.=) ANY ('{d,e,r}'::pg_catalog.\"char\"[])",
        ),
    ];
    let parts = CATALOGS.map(|(catalog, namespace, more)| {
        format!(
            "SELECT FROM pg_catalog.{catalog} c JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.{namespace} \
             WHERE n.nspname OPERATOR(pg_catalog.=) {} AND c.oid OPERATOR(pg_catalog.>=) 16384::pg_catalog.oid AND {more} \
             AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid OPERATOR(pg_catalog.=) \
             'pg_catalog.{catalog}'::pg_catalog.regclass AND d.objid OPERATOR(pg_catalog.=) c.oid \
             AND d.deptype OPERATOR(pg_catalog.=) 'e'::pg_catalog.\"char\")",
            "{}"
        )
    });
    let name = literal(schema.bytes());
    let mut sql = b"SELECT WHERE EXISTS (".to_vec();
    for (at, part) in parts.iter().enumerate() {
        if at > 0 {
            sql.extend_from_slice(b") OR EXISTS (");
        }
        let (before, behind) = part.split_once("{}").unwrap_or((part, ""));
        sql.extend_from_slice(before.as_bytes());
        sql.extend_from_slice(&name);
        sql.extend_from_slice(behind.as_bytes());
    }
    sql.push(b')');
    sql
}
