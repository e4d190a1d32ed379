//! A private cluster and what one does with it.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::account::Account;
use crate::child::{feed, run};
use crate::data::{self, Superuser, Template};
use crate::fence::{Fences, Places};
use crate::folder::{Folder, PORT, write_private};
use crate::footprint::Footprint;
use crate::server::{Breaker, Server, log_tail};
use crate::warden::Warden;
use crate::{Error, Programs, settings};

/// How long a new server may take until it accepts connections.
const START_LIMIT: Duration = Duration::from_secs(60);

/// The superuser of every cluster.
const SUPERUSER: &str = "postgres";

/// A cluster for a dump that is not trusted.
#[derive(Clone, Copy, Debug)]
pub struct Guarded<'a> {
    /// The name of the superuser, which no dump knows: `postgres` is an ordinary role then.
    pub superuser: &'a str,
    /// The superuser's password. Whoever connects without one is refused, even from within the server.
    pub password: &'a str,
    /// How many connections restore into it at once.
    pub jobs: usize,
    /// Where clusters of the same superuser and password are copied from, where there are several.
    pub template: Option<&'a Template>,
}

/// Runs a private, throw-away PostgreSQL cluster, stopped and removed when dropped.
///
/// It lives in a temporary folder that no other user can enter and listens on a Unix socket in there only. Its
/// superuser is `postgres`, without a password. Locale `C.UTF-8` where the system has it, else `C`; encoding UTF-8;
/// time zone UTC. Nothing it holds survives a crash.
///
/// It is also removed when this process is killed: a small warden process waits for that. What even the warden
/// could not remove, the next start does.
#[derive(Debug)]
pub struct Cluster {
    // Dropped in this order: the server stops before its folder goes.
    server: Server,
    folder: Folder,
    programs: Programs,
    superuser: String,
    guarded: bool,
}

/// A server that was left running.
#[derive(Clone, Debug)]
pub struct Kept {
    /// The folder with everything of it.
    pub folder: PathBuf,
    /// The folder of its socket, for `PGHOST`.
    pub socket_dir: PathBuf,
    /// Its password file, for `PGPASSFILE`.
    pub passwords: PathBuf,
    /// The number of its process.
    pub server: u32,
}

impl Cluster {
    /// Creates and starts a cluster, and returns when it accepts connections.
    ///
    /// PostgreSQL refuses to run as root; started by root, the cluster runs as the user `postgres`, or else `nobody`.
    ///
    /// # Errors
    ///
    /// [`Error::Failed`] quotes `initdb`; [`Error::ServerEnded`] and [`Error::ServerSilent`] (after 60 s) quote the
    /// server's log; [`Error::PathTooLong`] if no socket fits below the folder for temporary files.
    ///
    /// ```no_run
    /// # fn main() -> Result<(), scratch::Error> {
    /// let cluster = scratch::Cluster::start(&scratch::ensure()?)?;
    /// print!("{}", cluster.psql("postgres", "select version()")?);
    /// # Ok(())
    /// # }
    /// ```
    pub fn start(programs: &Programs) -> Result<Cluster, Error> {
        Cluster::start_as(programs, None, &[])
    }

    /// Creates and starts a cluster with settings of the caller's over our own, such as
    /// `listen_addresses=127.0.0.1`; otherwise as [`start`](Cluster::start).
    ///
    /// # Errors
    ///
    /// As for [`start`](Cluster::start).
    pub fn start_with(programs: &Programs, settings: &[&str]) -> Result<Cluster, Error> {
        Cluster::start_as(programs, None, settings)
    }

    /// Creates and starts a cluster for a dump that is not trusted: behind [`Fences`], with passwords, and with the
    /// settings that make a restore quick; otherwise as [`start`](Cluster::start).
    ///
    /// # Errors
    ///
    /// As for [`start`](Cluster::start).
    pub fn start_guarded(programs: &Programs, guarded: Guarded<'_>) -> Result<Cluster, Error> {
        Cluster::start_as(programs, Some(guarded), &[])
    }

    fn start_as(programs: &Programs, guarded: Option<Guarded<'_>>, more: &[&str]) -> Result<Cluster, Error> {
        let account = Account::choose()?;
        let folder = Folder::create()?;
        folder.furnish(account)?;
        let warden = Warden::start(folder.path())?;
        let superuser = Superuser {
            name: guarded.map_or(SUPERUSER, |guarded| guarded.superuser).to_owned(),
            password: guarded.map(|guarded| guarded.password.to_owned()),
        };
        match guarded.and_then(|guarded| guarded.template) {
            Some(template) => template.copy_to(&folder, programs, account, &superuser)?,
            None => data::initialise(&folder, programs, account, &superuser)?,
        }
        let Superuser { name: superuser, password } = superuser;
        if let Some(password) = password {
            let line = format!("*:*:*:{superuser}:{password}\n");
            write_private(&folder.passwords(), line.as_bytes())?;
        }
        let mut command = server_command(programs, "postgres", &folder);
        command.arg("-D").arg(folder.data());
        command.arg("-k").arg(folder.run()).args(["-p", &PORT.to_string()]);
        let settings = match guarded {
            Some(guarded) => settings::restoring(programs.major(), guarded.jobs),
            None => settings::plain(),
        };
        for setting in settings.into_iter().chain(more.iter().map(|setting| (*setting).to_owned())) {
            command.arg("-c").arg(setting);
        }
        let places =
            guarded.map(|_| Places::of(programs.bindir(), programs.folders(), folder.run(), folder.root()));
        let server = Server::start(command, &folder, account, places.as_ref(), warden)?;
        let mut cluster =
            Cluster { server, folder, programs: programs.clone(), superuser, guarded: guarded.is_some() };
        cluster.wait_until_ready()?;
        Ok(cluster)
    }

    fn wait_until_ready(&mut self) -> Result<(), Error> {
        let status = self.folder.data().join("postmaster.pid");
        // The eighth line of the file (pidfile.h, since PostgreSQL 10).
        let is_ready = |text: String| text.lines().nth(7).is_some_and(|line| line.trim_end() == "ready");
        let ready = || fs::read_to_string(&status).is_ok_and(is_ready);
        self.server.wait_until(START_LIMIT, &self.folder.log(), ready)
    }

    /// Returns what the server is kept from; nothing for a cluster that is not guarded.
    pub fn fences(&self) -> &Fences {
        self.server.fences()
    }

    /// Lets `role` connect with a password: adds it to the password file that [`command`](Cluster::command) names.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn remember_password(&self, role: &str, password: &str) -> Result<(), Error> {
        let path = self.folder.passwords();
        let known = fs::read_to_string(&path).unwrap_or_default();
        write_private(&path, format!("{known}*:*:*:{role}:{password}\n").as_bytes())
    }

    /// Leaves the server running when this is dropped, and tells what is left.
    ///
    /// # Errors
    /// [`Error::Io`]; then it is not left.
    pub fn keep(mut self) -> Result<Kept, Error> {
        self.folder.keep()?;
        self.server.keep();
        Ok(Kept {
            folder: self.folder.path().to_owned(),
            socket_dir: self.folder.run(),
            passwords: self.folder.passwords(),
            server: self.server.number(),
        })
    }

    /// Returns the folder of the Unix socket, for `PGHOST` or `host=`.
    pub fn socket_dir(&self) -> PathBuf {
        self.folder.run()
    }

    /// Returns the port, for `PGPORT` or `port=`: a part of the socket's name, no TCP port.
    pub fn port(&self) -> u16 {
        PORT
    }

    /// Returns the name of the superuser.
    pub fn superuser(&self) -> &str {
        &self.superuser
    }

    /// Returns what ends the server from another thread, for a time limit.
    pub fn breaker(&self) -> Breaker {
        self.server.breaker()
    }

    /// Returns what measures how much of the disk the cluster takes.
    pub fn footprint(&self) -> Footprint {
        Footprint::of(self.folder.path())
    }

    /// Returns the end of what the server wrote to its log, for instance why it crashed.
    pub fn log_tail(&self) -> String {
        log_tail(&self.folder.log())
    }

    /// Returns the programs the cluster was started with.
    pub fn programs(&self) -> &Programs {
        &self.programs
    }

    /// Prepares one of the cluster's own client programs, as in `command("pg_dump")`, to connect to it.
    ///
    /// `PGHOST`, `PGPORT` and `PGUSER` lead to the cluster; every other `PG…` variable of the environment, which
    /// might lead elsewhere or change the output, is removed.
    pub fn command(&self, name: &str) -> Command {
        self.client(self.programs.bindir(), name)
    }

    /// Prepares a client program of another installation, as in another version's `pg_dump`; else as
    /// [`command`](Cluster::command).
    pub fn client(&self, bindir: &Path, name: &str) -> Command {
        let mut command = Command::new(bindir.join(name));
        remove_postgres_variables(&mut command);
        let port = PORT.to_string();
        command.env("PGHOST", self.socket_dir()).env("PGPORT", port).env("PGUSER", &self.superuser);
        if self.guarded {
            command.env("PGPASSFILE", self.folder.passwords());
        }
        command
    }

    /// Creates a database that holds nothing at all: a copy of `template0`.
    ///
    /// # Errors
    ///
    /// [`Error::Failed`] quotes the server, for instance because the name is taken.
    pub fn create_database(&self, name: &str) -> Result<(), Error> {
        let quoted = name.replace('"', "\"\"");
        self.psql("postgres", &format!("CREATE DATABASE \"{quoted}\" TEMPLATE template0")).map(drop)
    }

    /// Runs SQL and returns the answer: one line per row, columns separated by `|`, no headings.
    ///
    /// The answer is UTF-8; what is not, in a database of another encoding, comes out as U+FFFD.
    ///
    /// # Errors
    ///
    /// [`Error::Failed`] quotes the first error, which ends the run.
    pub fn psql(&self, database: &str, sql: &str) -> Result<String, Error> {
        let mut command = self.psql_command(database, true);
        command.env("PGCLIENTENCODING", "UTF8").args(["-A", "-t", "-c", sql]);
        Ok(String::from_utf8_lossy(&run(&mut command)?.stdout).into_owned())
    }

    /// Runs a script through the stdin of `psql`, and discards the answers of its queries.
    ///
    /// `psql` obeys the backslash commands in a script, `\!` included, which runs programs on this machine: this is
    /// for scripts of our own making, never for a foreign dump.
    ///
    /// # Errors
    ///
    /// [`Error::Failed`] quotes the first error, which ends the run; what ran before it stays done.
    pub fn psql_script(&self, database: &str, script: &[u8]) -> Result<(), Error> {
        feed(self.psql_command(database, true).args(["-f", "-"]), script).map(drop)
    }

    /// Runs a script as [`psql_script`](Cluster::psql_script) does, but goes on after errors, and returns all that
    /// `psql` wrote to stderr: errors and warnings.
    ///
    /// # Errors
    ///
    /// [`Error::Failed`] only if `psql` itself had to give up, for instance because the server crashed.
    pub fn psql_script_lenient(&self, database: &str, script: &[u8]) -> Result<String, Error> {
        let output = feed(self.psql_command(database, false).args(["-f", "-"]), script)?;
        Ok(String::from_utf8_lossy(&output.stderr).into_owned())
    }

    /// Dumps a database with the cluster's own `pg_dump` and returns what it wrote to stdout.
    ///
    /// # Errors
    ///
    /// [`Error::Failed`] quotes `pg_dump`.
    pub fn pg_dump(&self, database: &str, arguments: &[&str]) -> Result<Vec<u8>, Error> {
        let mut command = self.command("pg_dump");
        command.env("PGDATABASE", database).args(arguments);
        Ok(run(&mut command)?.stdout)
    }

    fn psql_command(&self, database: &str, stop_at_errors: bool) -> Command {
        let mut command = self.command("psql");
        // The database goes by the environment: `-d` would read a name with `=` in it as a connection string.
        command.env("PGDATABASE", database).args(["-X", "-q"]);
        if stop_at_errors {
            command.args(["-v", "ON_ERROR_STOP=1"]);
        }
        command
    }
}

/// Prepares a program of the server's, to be run in its own folder.
pub(crate) fn server_command(programs: &Programs, name: &str, folder: &Folder) -> Command {
    let mut command = Command::new(programs.program(name));
    remove_postgres_variables(&mut command);
    // The server's account may not be allowed into the folder we are in.
    command.current_dir(folder.run()).env_remove("LC_ALL").env_remove("LANG").env_remove("LANGUAGE");
    command
}

fn remove_postgres_variables(command: &mut Command) {
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("PG") && !name.starts_with("PGDUMPKIT_")) {
            command.env_remove(name);
        }
    }
}
