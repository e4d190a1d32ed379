//! The server that a backup is restored on: a private one, or one that was given.

mod given;
mod private;

use std::path::Path;
use std::process::Command;
use std::sync::Mutex;

use anyhow::anyhow;
use cli::Failure;
use connect::{Client, Environment, Parameters, Prompt, Secret};
use restore::Superuser;
use restore::escalation::Refusal;
use scratch::{Client as Program, Template};

use crate::limit::{Disk, Ending, Limit};
use given::Given;
pub use private::ADMIN;
use private::Private;

/// Restores, and owns what the backup gives no owner; on a given server with the run's name behind it.
pub const RESTORER: &str = "pgdumpkit_restorer";

/// Which private server is wanted.
#[derive(Clone, Debug, Default)]
pub struct Wanted<'a> {
    /// Where its programs are.
    pub bindir: Option<&'a Path>,
    /// Its major version, or a newer one.
    pub major: Option<u32>,
    /// How many connections restore into it.
    pub jobs: usize,
}

/// The servers of a run, over all of its backups.
#[derive(Debug)]
pub struct Servers {
    /// The one to use; else private ones.
    url: Option<String>,
    prompt: Prompt,
    /// Where it is, once it was reached: nobody is asked for a password twice.
    given: Mutex<Option<Parameters>>,
    /// The superuser's password on private ones.
    password: Secret,
    /// What private ones are copied from, where there are several.
    template: Option<Template>,
}

impl Servers {
    /// Prepares for one or several backups on the server that was given, or on private ones.
    ///
    /// # Errors
    /// When the system has no random numbers.
    pub fn new(url: Option<&str>, prompt: Prompt, several: bool) -> Result<Servers, Failure> {
        let template = several.then(Template::default);
        let (url, given) = (url.map(str::to_owned), Mutex::new(None));
        Ok(Servers { url, prompt, given, password: Secret::from(random()?), template })
    }

    /// Connects to the given server; none if there is none.
    fn connect(&self) -> Result<Option<(Parameters, Client)>, Failure> {
        let Some(url) = &self.url else { return Ok(None) };
        let mut given = self.given.lock().unwrap_or_else(|poison| poison.into_inner());
        if let Some(known) = &*given {
            return Ok(Some((known.clone(), Client::connect(known)?)));
        }
        let mut to = Parameters::resolve(url, &Environment::of_process())?;
        let client = to.connect(self.prompt)?;
        *given = Some(to.clone());
        Ok(Some((to, client)))
    }

    /// Starts or takes a server; what the user should know of it goes to `notes`.
    ///
    /// # Errors
    /// When there is none, with a hint at how to install one, or it does not start or cannot be used.
    pub fn start(&self, wanted: &Wanted<'_>, notes: &mut Vec<String>) -> Result<Server, Failure> {
        if let Some((admin, client)) = self.connect()? {
            let given = Given::new(admin, client, notes)?;
            notes.push(
                "not fenced: the given server; nothing of the backup runs as a superuser there".to_owned(),
            );
            return Ok(Server::Given(Box::new(given)));
        }
        let private = Private::start(wanted, self.password.reveal(), self.template.as_ref())?;
        notes.extend(private.fences().held.iter().map(|fence| format!("fenced: {fence}")));
        notes.extend(private.fences().missing.iter().map(|fence| format!("not fenced: {fence}")));
        Ok(Server::Private(Box::new(private)))
    }

    /// Refuses a name for a database to be kept on the given server, before anything is restored: of one that holds
    /// something, or that is the backup's own `source`, which is told as the server's system identifier and the name.
    ///
    /// # Errors
    /// When it is refused, or the server cannot be reached.
    pub fn check_name(&self, name: &str, source: Option<(&str, &str)>) -> Result<(), Failure> {
        match self.connect()? {
            Some((admin, mut client)) => given::check_name(&admin, &mut client, name, source).map(drop),
            None => Ok(()),
        }
    }

    /// Removes what dead runs left on the given server; returns what it was.
    ///
    /// # Errors
    /// When the server cannot be reached or refuses.
    pub fn remove_dead(&self) -> Result<Vec<String>, Failure> {
        match self.connect()? {
            Some((_, mut client)) => Ok(given::remove_dead(&mut client)?),
            None => Ok(Vec::new()),
        }
    }
}

/// A server with what a restore needs.
pub enum Server {
    /// One of our own.
    Private(Box<Private>),
    /// One that others use as well.
    Given(Box<Given>),
}

impl Server {
    /// Says whether it is our own, so that a superuser may help where the restoring role may not.
    pub fn is_private(&self) -> bool {
        matches!(self, Server::Private(_))
    }

    /// Has the server end its work for us when the limit is over; how much of the disk it takes is known of our own.
    pub fn end_at(&self, limit: &Limit, disk: Disk) -> Ending {
        match self {
            Server::Private(server) => {
                let breaker = server.breaker();
                limit.ends_large(server.footprint(), disk, move || breaker.end_server())
            }
            Server::Given(server) => limit.ends(server.breaker()),
        }
    }

    /// Returns the server's major version.
    pub fn major(&self) -> u32 {
        match self {
            Server::Private(server) => server.major(),
            Server::Given(server) => server.major(),
        }
    }

    /// Says why nothing of a backup runs as a superuser here, where that is so.
    pub fn withholds(&self) -> Option<Refusal> {
        match self {
            Server::Private(server) => {
                let fences = server.fences();
                (!fences.sealed || !fences.enclosed).then_some(Refusal::NoFence)
            }
            Server::Given(_) => Some(Refusal::Kind),
        }
    }

    /// Returns what roles that stand in for others are marked with; nothing on a private server, with which they go.
    pub fn mark(&self) -> Option<String> {
        match self {
            Server::Private(_) => None,
            Server::Given(server) => Some(server.comment()),
        }
    }

    /// Returns what the server said last in its log, if that can be read.
    pub fn log(&self) -> Option<String> {
        match self {
            Server::Private(server) => Some(server.log()),
            Server::Given(_) => None,
        }
    }

    /// Prepares a pg_dump to write the schema of a database.
    pub fn pg_dump(&self, program: &Program, of: &Superuser) -> Command {
        match self {
            Server::Private(server) => server.pg_dump(program, of),
            Server::Given(server) => server.pg_dump(program, of),
        }
    }

    /// Creates an empty database of an encoding, or with the options that `like` holds as SQL, and returns the ways into it: of the
    /// superuser, on a given server of the given role, and of the restoring role.
    ///
    /// # Errors
    /// When the server cannot make it.
    pub fn create_database(
        &self,
        name: &str,
        encoding: &str,
        like: &str,
        everybody_creates: bool,
    ) -> Result<(Superuser, Parameters), Failure> {
        let mut locale = like.to_owned();
        if like.is_empty() && !encoding.is_empty() && !encoding.eq_ignore_ascii_case("UTF8") {
            // Locale C goes with every encoding.
            locale = format!(" ENCODING '{}' LOCALE 'C'", encoding.replace('\'', ""));
        }
        match self {
            Server::Private(server) => {
                server.create_database(&format!("restored_{name}"), &locale, everybody_creates)
            }
            Server::Given(server) => server.create_database(name, &locale, everybody_creates),
        }
    }

    /// Leaves a database under a name, and says how to connect.
    ///
    /// # Errors
    /// When the name is taken.
    pub fn keep(self, name: &str, as_name: &str) -> Result<Vec<String>, Failure> {
        match self {
            Server::Private(server) => {
                let [connect, remove] = server.keep(&format!("restored_{name}"), as_name)?;
                Ok(vec![
                    format!("kept, connect with: {connect}"),
                    format!("kept until its server ends; stop and remove it with: {remove}"),
                ])
            }
            Server::Given(server) => {
                Ok(vec![format!("kept on the given server: {}", server.keep(name, as_name)?)])
            }
        }
    }
}

/// Returns a password that nobody can guess: 128 random bits.
pub fn random() -> Result<String, Failure> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| anyhow!("no random numbers: {error}"))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
