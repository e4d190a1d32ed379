//! The server that a backup is restored on: a private one, or one that was given.

mod given;
mod private;

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::anyhow;
use cli::Failure;
use connect::{Client, Environment, Parameters};
use scratch::Client as Program;

use crate::limit::Limit;
use given::Given;
pub use private::ADMIN;
use private::Private;

/// Restores, and owns what the backup gives no owner; on a given server with the run's name behind it.
pub const RESTORER: &str = "pgdumpkit_restorer";

/// Which server is wanted.
#[derive(Clone, Debug, Default)]
pub struct Wanted<'a> {
    /// The one to use; else a private one.
    pub url: Option<&'a str>,
    /// Where the programs of a private one are.
    pub bindir: Option<&'a Path>,
    /// The major version, or a newer one, of a private one.
    pub major: Option<u32>,
    /// How many connections restore into a private one.
    pub jobs: usize,
}

/// A server with what a restore needs.
pub enum Server {
    /// One of our own.
    Private(Box<Private>),
    /// One that others use as well.
    Given(Box<Given>),
}

impl Server {
    /// Starts or takes a server; what the user should know of it goes to `notes`.
    ///
    /// # Errors
    /// When there is none, with a hint at how to install one, or it does not start or cannot be used.
    pub fn start(wanted: &Wanted<'_>, notes: &mut Vec<String>) -> Result<Server, Failure> {
        if let Some(url) = wanted.url {
            let given = Given::connect(url, notes)?;
            notes.push(
                "not fenced: the given server; nothing of the backup runs as a superuser there".to_owned(),
            );
            return Ok(Server::Given(Box::new(given)));
        }
        let private = Private::start(wanted.bindir, wanted.major, wanted.jobs)?;
        notes.extend(private.fences().held.iter().map(|fence| format!("fenced: {fence}")));
        notes.extend(private.fences().missing.iter().map(|fence| format!("not fenced: {fence}")));
        Ok(Server::Private(Box::new(private)))
    }

    /// Says whether it is our own, so that a superuser may help where the restoring role may not.
    pub fn is_private(&self) -> bool {
        matches!(self, Server::Private(_))
    }

    /// Begins to limit the time that the server works for us.
    pub fn limit(&self, time: Option<Duration>) -> Option<Limit> {
        let time = time?;
        Some(match self {
            Server::Private(server) => {
                let breaker = server.breaker();
                Limit::begin(time, move || breaker.end_server())
            }
            Server::Given(server) => Limit::begin(time, server.breaker()),
        })
    }

    /// Returns the server's major version.
    pub fn major(&self) -> u32 {
        match self {
            Server::Private(server) => server.major(),
            Server::Given(server) => server.major(),
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
    pub fn pg_dump(&self, program: &Program, database: &str) -> Result<Command, Failure> {
        match self {
            Server::Private(server) => Ok(server.pg_dump(program, database)),
            Server::Given(_) => {
                Err(anyhow!("`--level full` needs a server of its own, without `--server`").into())
            }
        }
    }

    /// Creates an empty database of an encoding, or with the options that `like` holds as SQL, and returns the ways into it: of the role that may make others (on a
    /// private server the superuser) and of the restoring role.
    ///
    /// # Errors
    /// When the server cannot make it.
    pub fn create_database(
        &self,
        name: &str,
        encoding: &str,
        like: &str,
        everybody_creates: bool,
    ) -> Result<(Parameters, Parameters), Failure> {
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

/// Removes what dead runs left on a given server; returns what it was.
///
/// # Errors
/// When the server cannot be reached or refuses.
pub fn remove_dead(url: &str) -> Result<Vec<String>, Failure> {
    let to = Parameters::resolve(url, &Environment::of_process())?;
    Ok(given::remove_dead(&mut Client::connect(&to)?)?)
}

/// Refuses a name for a database to be kept that a given server has already, before anything is restored.
///
/// # Errors
/// When it has, or cannot be reached.
pub fn check_name(url: &str, name: &str) -> Result<(), Failure> {
    let to = Parameters::resolve(url, &Environment::of_process())?;
    let names = Client::connect(&to)?.query(b"SELECT datname FROM pg_catalog.pg_database")?;
    let taken = names.iter().any(|row| row.first() == Some(&Some(name.as_bytes().to_vec())));
    match taken {
        true => Err(anyhow!("database exists already on the given server: {name}").into()),
        false => Ok(()),
    }
}

/// Returns a password that nobody can guess: 128 random bits.
fn random() -> Result<String, Failure> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| anyhow!("no random numbers: {error}"))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
