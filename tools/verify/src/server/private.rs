//! A server of our own, behind fences.

use std::path::Path;
use std::process::Command;

use cli::Failure;
use connect::{Client, Environment, Parameters, Secret};
use dump::Name;
use postgres_protocol::password::scram_sha_256;
use restore::Superuser;
use scratch::{Breaker, Client as Program, Cluster, Error, Fences, Footprint, Guarded, Programs, Template};

use super::{RESTORER, Wanted, random};

/// Nobody but the tool connects as this role, and no dump knows its name: `postgres` is an ordinary role here.
pub const ADMIN: &str = "pgdumpkit_admin";

/// Since when there is a role that reads all tables (`pg_read_all_data`).
const READ_ALL: u32 = 14;

/// Since when a right on a parameter can be given (`GRANT SET ON PARAMETER`).
const PARAMETER_RIGHTS: u32 = 15;

/// A private server with the two roles that a restore needs.
pub struct Private {
    cluster: Cluster,
    admin: Parameters,
    restorer: Secret,
}

impl Private {
    /// Starts a server with this password of the superuser: of the major version that is wanted, else a newer one, else
    /// the newest there is.
    ///
    /// # Errors
    /// When there is none, with a hint at how to install one, or it does not start.
    pub fn start(
        wanted: &Wanted<'_>,
        password: &str,
        template: Option<&Template>,
    ) -> Result<Private, Failure> {
        let programs = match wanted.bindir {
            Some(bindir) => Programs::in_dir(bindir)?,
            None => choose(Programs::all().map_err(with_install)?, wanted.major)?,
        };
        let secret = random()?;
        let guarded = Guarded { superuser: ADMIN, password, jobs: wanted.jobs, template };
        let cluster = Cluster::start_guarded(&programs, guarded)?;
        let folder = cluster.socket_dir();
        let environment = Environment { user: Some(ADMIN.to_owned()), ..Environment::default() };
        let written = format!("host='{}' port={} dbname=template1", folder.display(), cluster.port());
        let mut admin = Parameters::resolve(&written, &environment)?;
        admin.password = Some(Secret::from(password.to_owned()));
        let mut client = Client::connect(&admin)?;
        // Row security would hide rows from whoever does not bypass it. The server is not told the password itself.
        let verifier = scram_sha_256(secret.as_bytes());
        client.execute(format!("CREATE ROLE {RESTORER} LOGIN BYPASSRLS PASSWORD '{verifier}'").as_bytes())?;
        if programs.major() >= READ_ALL {
            // It also reads what was restored.
            client.execute(format!("GRANT pg_read_all_data TO {RESTORER}").as_bytes())?;
        }
        if programs.major() >= PARAMETER_RIGHTS {
            // Dumps set it so that no trigger fires while rows are loaded, and it means nothing but that.
            let sql = format!("GRANT SET ON PARAMETER session_replication_role TO {RESTORER}");
            client.execute(sql.as_bytes())?;
        }
        Ok(Private { cluster, admin, restorer: Secret::from(secret) })
    }

    /// Returns what the server is kept from.
    pub fn fences(&self) -> &Fences {
        self.cluster.fences()
    }

    /// Returns what ends the server.
    pub fn breaker(&self) -> Breaker {
        self.cluster.breaker()
    }

    /// Returns what measures how much of the disk the server takes.
    pub fn footprint(&self) -> Footprint {
        self.cluster.footprint()
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
    pub fn pg_dump(&self, program: &Program, of: &Superuser) -> Command {
        // One that is older than the server refuses it; that of the server's own folder does not.
        let bindir = match program.major() < self.major() {
            true => self.cluster.programs().bindir(),
            false => program.path().parent().unwrap_or(Path::new("")),
        };
        let mut command = self.cluster.client(bindir, "pg_dump");
        command.args(["--schema-only", "--no-password"]);
        command.env("PGDATABASE", of.database()).env("PGOPTIONS", of.options());
        command
    }

    /// Creates an empty database, and returns the superuser's and the restoring role's way into it.
    ///
    /// # Errors
    /// When the server cannot make it.
    pub fn create_database(
        &self,
        name: &str,
        locale: &str,
        everybody_creates: bool,
    ) -> Result<(Superuser, Parameters), Failure> {
        let mut client = Client::connect(&self.admin)?;
        let sql = format!("CREATE DATABASE {name} TEMPLATE template0 OWNER {RESTORER}{locale}");
        client.execute(sql.as_bytes())?;
        let admin = self.admin.with_database(name);
        if everybody_creates {
            // As it was before 15, when the backup was taken.
            Client::connect(&admin)?.execute(b"GRANT CREATE ON SCHEMA public TO PUBLIC")?;
        }
        let mut restorer = admin.with_user(RESTORER);
        restorer.password = Some(self.restorer.clone());
        Ok((Superuser::of_scratch(admin, self.major()), restorer))
    }

    /// Leaves the server running with a database under a name; returns how to connect and how to remove it.
    ///
    /// # Errors
    /// When the name is taken.
    pub fn keep(self, database: &str, as_name: &str) -> Result<[String; 2], Failure> {
        let mut client = Client::connect(&self.admin)?;
        client.execute(
            &[b"ALTER DATABASE ", database.as_bytes(), b" RENAME TO ", &*Name::from(as_name).to_sql()]
                .concat(),
        )?;
        drop(client);
        let psql = self.cluster.programs().program("psql");
        let port = self.cluster.port();
        let kept = self.cluster.keep()?;
        let connect = format!(
            "PGPASSFILE={} {} -h {} -p {port} -U {ADMIN} -d {}",
            word(&kept.passwords.display().to_string()),
            word(&psql.display().to_string()),
            word(&kept.socket_dir.display().to_string()),
            word(as_name)
        );
        let remove =
            format!("kill -QUIT {} && rm -rf {}", kept.server, word(&kept.folder.display().to_string()));
        Ok([connect, remove])
    }
}

/// Quotes a word for a shell.
fn word(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
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
