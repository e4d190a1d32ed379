//! A database as a side: what `pg_dump --schema-only` writes of it.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::Ordering;

use anyhow::anyhow;
use cli::{DataWanted, Failure};
use connect::Written;
use dump::{Dump, ReadOptions};
use scratch::{Client, Pipe};

/// Runs the newest `pg_dump` there is and reads what it writes.
///
/// # Errors
/// When there is none, it fails, or it does not come to its end.
pub(crate) fn read(
    connection: &Written,
    options: ReadOptions,
    wanted: DataWanted<'_>,
) -> Result<Dump, Failure> {
    let program = Client::newest("pg_dump").map_err(|error| {
        Failure::from(error).with_hint(
            "install the client programs of PostgreSQL, on Debian and Ubuntu: apt-get install postgresql-client",
        )
    })?;
    let mut command = Command::new(program.path());
    command.args(["--schema-only", "--no-password"]).arg(format!("--dbname={}", connection.shown()));
    if let Some(password) = connection.password() {
        // Others on the machine see a command line, and no environment.
        command.env("PGPASSWORD", password.reveal());
    }
    let dump = dump(command, connection, options, wanted);
    dump.map_err(|failure| {
        let failure = match connection.password() {
            Some(password) => failure.replacing(password.reveal(), "***"),
            None => failure,
        };
        let hint = hint(&failure.message(), program.major());
        match hint {
            Some(hint) => failure.with_hint(hint),
            None => failure,
        }
    })
}

fn dump(
    command: Command,
    connection: &Written,
    options: ReadOptions,
    wanted: DataWanted<'_>,
) -> Result<Dump, Failure> {
    let pipe = Pipe::open(command, Stdio::null())?;
    let ended = pipe.ended();
    let dump = cli::read_reader(Box::new(pipe), Path::new(connection.shown()), options, wanted)?;
    if !ended.load(Ordering::Acquire) {
        return Err(anyhow!("`pg_dump` did not come to its end: {}", connection.shown()).into());
    }
    Ok(dump)
}

/// What to do about what `pg_dump` complains of.
fn hint(message: &str, major: u32) -> Option<String> {
    if message.contains("server version mismatch") {
        // `server version: 17.2 (Debian …); pg_dump version: 15.1`
        let version = message.split("server version: ").nth(1)?;
        let server = version.split(|c: char| !c.is_ascii_digit()).next()?;
        return Some(format!(
            "the newest `pg_dump` found is of PostgreSQL {major}; install that of {server} or newer, on Debian and Ubuntu: \
             apt-get install postgresql-client-{server}, or name its folder in `PGDUMPKIT_PG_BINDIR`"
        ));
    }
    message.contains("no password supplied").then(|| {
        "put the password into the URL, `PGPASSWORD`, or `~/.pgpass`; nobody is asked for one".to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_to_install_is_named() {
        let message = "pg_dump: error: aborting because of server version mismatch\npg_dump: detail: server version: \
                       17.2 (Debian 17.2-1); pg_dump version: 15.18 (Debian 15.18-0)";
        let hint = hint(message, 15).unwrap();
        assert!(hint.contains("postgresql-client-17,") && hint.contains("PostgreSQL 15;"), "{hint}");
    }
}
