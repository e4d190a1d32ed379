//! `pgdump-take`: takes a backup that carries its own proof.

mod afterwards;
mod arguments;
mod backup_folder;
mod backup_name;
mod cluster;
mod connection;
mod destination;
mod growing;
mod keep;
mod list;
mod options;
mod packing;
mod pg_dump;
mod proof;
mod quantity;
mod report;
mod retention;
mod room;
mod run;
mod schedule;
mod selection;
mod shelf;
mod source;
mod standing;
mod stop;
mod stored;
mod syncing;
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
        Some(Command::List(list)) => list::run(&list),
        Some(Command::Schedule(schedule)) => schedule::run(&schedule),
        None => run::run(&arguments.take),
    }
}
