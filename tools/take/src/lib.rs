//! `pgdump-take`: takes a backup that carries its own proof.

mod arguments;
mod backup_name;
mod connection;
mod options;
mod pg_dump;
mod proof;
mod retention;
mod room;
mod schedule;
mod selection;
mod source;
mod taking;
mod unfinished;

use clap::{CommandFactory, Parser};
use cli::{Failure, Outcome};

use arguments::{Arguments, Command};

/// Returns the command line, for man pages and completions.
pub fn command() -> clap::Command {
    Arguments::command()
}

/// Runs the tool on the process's arguments.
///
/// # Errors
/// When nothing could be taken, or not all of what was asked for.
pub fn run() -> Result<Outcome, Failure> {
    let arguments = Arguments::parse();
    match arguments.command {
        Some(Command::List(_)) | Some(Command::Schedule(_)) => Ok(Outcome::Good),
        None => take(&arguments.take),
    }
}

fn take(arguments: &arguments::TakeArguments) -> Result<Outcome, Failure> {
    let progress = cli::Progress::start();
    let wish = taking::Wish::new(arguments, &progress)?;
    let (connection, _client) =
        connection::Connection::open(arguments.connect.clone(), arguments.database.as_deref())?;
    let taken = taking::take(&connection, None, &wish);
    progress.clear();
    cli::warn(&format!("{taken:?}"));
    Ok(Outcome::Good)
}
