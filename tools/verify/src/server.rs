//! The scratch server: which programs, which roles, which databases.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use cli::Failure;
use connect::{Client, Environment, Parameters};
use scratch::{Client as Program, Cluster, Error, Programs};

use crate::limit::Limit;

/// Nobody but the tool connects as this role, and no dump knows its name: `postgres` is an ordinary role here.
pub const ADMIN: &str = "pgdumpkit_admin";
/// Restores, and owns what the backup gives no owner.
pub const RESTORER: &str = "pgdumpkit_restorer";

/// A private server with the two roles that a restore needs.
pub struct Server {
    cluster: Cluster,
    admin: Parameters,
}

impl Server {
    /// Starts a server: of the major version that is wanted, else a newer one, else the newest there is.
    ///
    /// # Errors
    /// When there is none, with a hint at how to install one, or it does not start.
    pub fn start(bindir: Option<&Path>, wanted: Option<u32>) -> Result<Server, Failure> {
        let programs = match bindir {
            Some(bindir) => Programs::in_dir(bindir)?,
            None => choose(Programs::all().map_err(with_install)?, wanted)?,
        };
        let cluster = Cluster::start_as(&programs, ADMIN)?;
        let folder = cluster.socket_dir();
        let environment = Environment { user: Some(ADMIN.to_owned()), ..Environment::default() };
        let written = format!("host='{}' port={} dbname=template1", folder.display(), cluster.port());
        let admin = Parameters::resolve(&written, &environment)?;
        let mut client = Client::connect(&admin)?;
        // Row security would hide rows from whoever does not bypass it.
        client.execute(format!("CREATE ROLE {RESTORER} LOGIN BYPASSRLS").as_bytes())?;
        Ok(Server { cluster, admin })
    }

    /// Begins to limit the time that the server runs.
    pub fn limit(&self, time: Option<Duration>) -> Option<Limit> {
        Some(Limit::begin(time?, self.cluster.breaker()?))
    }

    /// Returns the server's major version.
    pub fn major(&self) -> u32 {
        self.cluster.programs().major()
    }

    /// Returns what the server said last in its log.
    pub fn log(&self) -> String {
        const LINES: usize = 8;
        let tail = self.cluster.log_tail();
        let lines: Vec<&str> = tail.lines().filter(|line| !line.trim().is_empty()).collect();
        lines[lines.len().saturating_sub(LINES)..].join(" | ")
    }

    /// Prepares a pg_dump to write the schema of a database.
    pub fn pg_dump(&self, program: &Program, database: &str) -> Command {
        let bindir = program.path().parent().unwrap_or(Path::new(""));
        let mut command = self.cluster.client(bindir, "pg_dump");
        command.args(["--schema-only", "--no-password"]).env("PGDATABASE", database);
        command
    }

    /// Creates an empty database of an encoding, or with the options that `like` holds as SQL, and returns the superuser's and the restoring role's way into it.
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
        let mut client = Client::connect(&self.admin)?;
        let mut sql = format!("CREATE DATABASE {name} TEMPLATE template0 OWNER {RESTORER}");
        if !like.is_empty() {
            sql.push_str(like);
        } else if !encoding.is_empty() && !encoding.eq_ignore_ascii_case("UTF8") {
            // Locale C goes with every encoding.
            sql.push_str(&format!(" ENCODING '{}' LOCALE 'C'", encoding.replace('\'', "")));
        }
        client.execute(sql.as_bytes())?;
        let admin = self.admin.with_database(name);
        if everybody_creates {
            // As it was before 15, when the backup was taken.
            Client::connect(&admin)?.execute(b"GRANT CREATE ON SCHEMA public TO PUBLIC")?;
        }
        let restorer = admin.with_user(RESTORER);
        Ok((admin, restorer))
    }
}

fn choose(all: Vec<Programs>, wanted: Option<u32>) -> Result<Programs, Failure> {
    let mut all = all;
    all.sort_by_key(Programs::major);
    let newest = all.last().cloned();
    let fits = all.into_iter().find(|programs| wanted.is_none_or(|wanted| programs.major() >= wanted));
    fits.or(newest).ok_or_else(|| with_install(Error::NoServer { looked: Vec::new() }))
}

fn with_install(error: Error) -> Failure {
    let hint = match &error {
        Error::NoServer { .. } => Some(scratch::install_command()),
        _ => None,
    };
    let failure = Failure::from(error);
    match hint {
        Some(command) => failure.with_hint(format!("install one with: {command}")),
        None => failure,
    }
}
