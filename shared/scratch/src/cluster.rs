//! A private cluster and what one does with it.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::account::Account;
use crate::child::{feed, run};
use crate::folder::{Folder, PORT, remove_leftovers};
use crate::server::{Breaker, Server, log_tail};
use crate::{Error, Programs};

/// How long a new server may take until it accepts connections.
const START_LIMIT: Duration = Duration::from_secs(60);

/// The superuser of every cluster.
const SUPERUSER: &str = "postgres";

/// Every setting that differs from the server's own default. All of them exist since PostgreSQL 10.
const SETTINGS: [&str; 16] = [
    // Reached through the socket in its own folder only.
    "listen_addresses=",
    // Nothing here outlives a crash, so nothing needs to reach the disk in order.
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    // Publications and subscriptions can still be created, with a warning.
    "wal_level=minimal",
    "max_wal_senders=0",
    // No background work between us and what is measured or compared.
    "autovacuum=off",
    // One transaction may touch all tables of a big schema.
    "max_locks_per_transaction=1024",
    "max_connections=50",
    "shared_buffers=128MB",
    "huge_pages=off",
    // Messages go to the folder's log, in English.
    "logging_collector=off",
    "log_destination=stderr",
    "lc_messages=C",
    // The same answers on every machine.
    "timezone=UTC",
    "log_timezone=UTC",
];

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
        Cluster::start_as(programs, SUPERUSER)
    }

    /// Creates and starts a cluster with settings of the caller's over our own, such as
    /// `listen_addresses=127.0.0.1`; otherwise as [`start`](Cluster::start).
    ///
    /// # Errors
    ///
    /// As for [`start`](Cluster::start).
    pub fn start_with(programs: &Programs, settings: &[&str]) -> Result<Cluster, Error> {
        Cluster::begin(programs, SUPERUSER, settings)
    }

    /// Creates and starts a cluster whose superuser has another name, so that a dump's `postgres` is an ordinary role;
    /// otherwise as [`start`](Cluster::start).
    ///
    /// # Errors
    ///
    /// As for [`start`](Cluster::start).
    pub fn start_as(programs: &Programs, superuser: &str) -> Result<Cluster, Error> {
        Cluster::begin(programs, superuser, &[])
    }

    fn begin(programs: &Programs, superuser: &str, settings: &[&str]) -> Result<Cluster, Error> {
        remove_leftovers();
        let account = Account::choose()?;
        let folder = Folder::create(account)?;
        initialise(programs, &folder, account, superuser)?;
        let mut command = server_command(programs, "postgres", &folder);
        command.arg("-D").arg(folder.data());
        command.arg("-k").arg(folder.run()).args(["-p", &PORT.to_string()]);
        for setting in SETTINGS.iter().chain(settings) {
            command.args(["-c", setting]);
        }
        let server = Server::start(command, &folder, account)?;
        let superuser = superuser.to_owned();
        let mut cluster = Cluster { server, folder, programs: programs.clone(), superuser };
        cluster.wait_until_ready()?;
        Ok(cluster)
    }

    fn wait_until_ready(&mut self) -> Result<(), Error> {
        let mut question = self.command("pg_isready");
        question.arg("-q");
        self.server.wait_until(START_LIMIT, &self.folder.log(), || match run(&mut question) {
            Ok(_) => Ok(true),
            Err(Error::Failed { .. }) => Ok(false),
            Err(error) => Err(error),
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

    /// Returns the name of the superuser, who has no password.
    pub fn superuser(&self) -> &str {
        &self.superuser
    }

    /// Returns what ends the server from another thread, for a time limit; `None` on a system with odd process numbers.
    pub fn breaker(&self) -> Option<Breaker> {
        self.server.breaker()
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

fn initialise(programs: &Programs, folder: &Folder, account: Account, superuser: &str) -> Result<(), Error> {
    let initdb = |locale: &str| {
        let mut command = server_command(programs, "initdb", folder);
        command.args(["--auth=trust", "--no-sync", "--encoding=UTF8", "-U", superuser]);
        command.arg(format!("--locale={locale}")).arg("-D").arg(folder.data());
        account.run_as(&mut command);
        run(&mut command)
    };
    // Not every system has C.UTF-8; `initdb` removes what it made when it fails.
    initdb("C.UTF-8").or_else(|_| initdb("C")).map(drop)
}

fn server_command(programs: &Programs, name: &str, folder: &Folder) -> Command {
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
