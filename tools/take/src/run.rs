//! A run: all targets, one after the other, and what follows.

use std::io::{self, Write};
use std::time::Instant;

use anyhow::{Context, anyhow};
use cli::{Failure, Outcome, Progress, Sink};
use jiff::Timestamp;
use serde_json::Value;

use crate::afterwards;
use crate::arguments::TakeArguments;
use crate::backup_folder;
use crate::backup_name::Target;
use crate::cluster;
use crate::connection::Connection;
use crate::destination::Destination;
use crate::keep;
use crate::report;
use crate::shelf::Shelf;
use crate::standing::Standing;
use crate::taking::{self, Taken, Wish};
use crate::unfinished::Lock;

/// Takes everything that was asked for.
///
/// # Errors
/// When nothing could be begun. What goes wrong with one target is in the result, and does not stop the others.
pub fn run(arguments: &TakeArguments) -> Result<Outcome, Failure> {
    let prom = arguments.prom.as_deref().map(Sink::open).transpose()?;
    let mut page = Page { json: arguments.json, written: Ok(()) };
    tell(arguments, "/start");
    let standing = Standing::begin(arguments, prom);
    let begun = all_of(arguments, &mut page, &standing);
    let (all, prom) = standing.end();
    let outcome = if begun.is_ok() { worst(&all) } else { Outcome::Trouble };
    let (result, outcome) = conclude(arguments, &all, outcome, prom);
    begun?;
    page.finish(&format!("{result:#}\n"))?;
    Ok(outcome)
}

/// Tells everybody who is to be told how a run ended; returns the result, and how it ended with that.
pub fn conclude(
    arguments: &TakeArguments,
    all: &[Taken],
    mut outcome: Outcome,
    prom: Option<Sink>,
) -> (Value, Outcome) {
    let result = report::to_json(all, outcome);
    if let Some(Err(error)) = prom.map(|prom| write(prom, all)) {
        cli::report_failure(&error.into());
        outcome = worse(outcome, Outcome::Trouble);
    }
    let program = if outcome == Outcome::Good { &arguments.on_success } else { &arguments.on_failure };
    if let Some(Err(failure)) =
        program.as_deref().map(|program| afterwards::run(program, outcome, all, &result))
    {
        cli::report_failure(&failure);
        outcome = worse(outcome, Outcome::Trouble);
    }
    tell(arguments, if outcome == Outcome::Good { "" } else { "/fail" });
    (result, outcome)
}

/// Takes one target after the other.
fn all_of(arguments: &TakeArguments, page: &mut Page, standing: &Standing) -> Result<(), Failure> {
    let progress = Progress::start();
    let folder = arguments.dir.as_deref().ok_or_else(|| anyhow!("no folder: `--dir`"))?;
    let destination = Destination::open(folder)?;
    let wish = Wish::new(arguments, &destination, &progress)?;
    if arguments.then_verify {
        afterwards::verifier()?;
    }
    for (target, connection) in &targets(arguments)? {
        standing.take(&target.to_string());
        let taken = one(target, connection, arguments, &wish);
        progress.clear();
        if let Some(trouble) = &taken.trouble {
            let failure = Failure::from(anyhow!("{}: {trouble}", taken.target));
            let hint = taken.hint.clone();
            cli::report_failure(&hint.into_iter().fold(failure, Failure::with_hint));
        }
        page.write(&report::to_text(&taken));
        standing.taken(taken);
    }
    Ok(())
}

fn write(mut prom: Sink, all: &[Taken]) -> anyhow::Result<()> {
    prom.write(|out| report::to_prometheus(all, out))?;
    prom.finish()
}

/// What stdout gets: texts as they come, or JSON at the end. A reader that went away stops no backup.
struct Page {
    json: bool,
    written: io::Result<()>,
}

impl Page {
    fn write(&mut self, text: &str) {
        if !self.json && self.written.is_ok() {
            self.written = print(text);
        }
    }

    fn finish(self, json: &str) -> io::Result<()> {
        if self.json { print(json) } else { self.written }
    }
}

/// A switch that was not told will ask by itself: that is no trouble of the backup.
fn tell(arguments: &TakeArguments, what: &str) {
    if let Some(Err(failure)) = arguments.ping.as_deref().map(|url| afterwards::ping(url, what)) {
        cli::warn(&failure.message());
    }
}

/// Lists what is to be taken, and how to get there.
fn targets(arguments: &TakeArguments) -> Result<Vec<(Target, Connection)>, Failure> {
    let (connection, mut client) =
        Connection::open(arguments.connect.clone(), arguments.database.as_deref())?;
    let database = |name: String| (Target::Database(name.clone()), connection.with_database(&name));
    if arguments.all {
        let mut targets = vec![(Target::Globals, connection.clone())];
        targets.extend(cluster::databases(&mut client)?.into_iter().map(database));
        return Ok(targets);
    }
    if arguments.pg_dumpall {
        return Ok(vec![(Target::Cluster, connection)]);
    }
    Ok(vec![database(connection.parameters().database.clone())])
}

fn one(target: &Target, connection: &Connection, arguments: &TakeArguments, wish: &Wish<'_>) -> Taken {
    let begin = Instant::now();
    let mut taken = Taken { target: target.to_string(), ..Taken::default() };
    wish.progress.about(&taken.target);
    if let Err(failure) = locked(target, connection, arguments, wish, begin, &mut taken) {
        taken.trouble = Some(failure.message());
        taken.hint = failure.hint().map(str::to_owned);
    }
    if taken.time.is_zero() {
        taken.time = begin.elapsed();
    }
    taken
}

fn locked(
    target: &Target,
    connection: &Connection,
    arguments: &TakeArguments,
    wish: &Wish<'_>,
    begin: Instant,
    taken: &mut Taken,
) -> Result<(), Failure> {
    let policy = arguments.keep.policy();
    let (shelf, folder) = (&wish.destination.shelf, wish.destination.folder());
    if arguments.dry_run {
        taken.decided = keep::foresee(shelf, target, &policy, taking::whole_second(), arguments.then_verify)?;
        return Ok(());
    }
    let Some(_lock) = Lock::take(folder, target)? else {
        taken.busy = true;
        return Ok(());
    };
    let made_elsewhere = matches!(shelf, Shelf::Store(..)).then(|| Shelf::Folder(folder.to_owned()));
    for shelf in made_elsewhere.iter().chain([shelf]) {
        let cleared = backup_folder::clear_leftovers(shelf, target);
        for name in cleared.with_context(|| format!("cannot clear: {}", shelf.shown()))? {
            taken.notes.push(format!("removed what a run left that did not come to its end: {name}"));
        }
    }
    for name in wish.destination.bring_rest(target, wish.progress)? {
        taken.notes.push(format!("sent to {} what a run before could not send: {name}", shelf.shown()));
    }
    match target {
        Target::Database(_) => taking::take(target, connection, wish, taken)?,
        _ => cluster::take(target, connection, !arguments.no_role_passwords, wish, taken)?,
    }
    // Until it is where it goes, nothing was taken.
    if let Some(made) = taken.path.take() {
        taken.path = Some(wish.destination.bring(&made, wish.progress)?);
    }
    // How long a verification takes says nothing of taking.
    taken.time = begin.elapsed();
    let path = taken.path.as_deref().filter(|_| arguments.then_verify);
    taken.verified = path.map(afterwards::verify).transpose()?;
    // Only a good day removes anything.
    if taken.outcome() == Outcome::Good && policy.removes() {
        taken.decided = keep::apply(shelf, target, &policy, Timestamp::now())?;
    }
    Ok(())
}

/// The worst of several ends.
fn worst(all: &[Taken]) -> Outcome {
    all.iter().map(Taken::outcome).fold(Outcome::Good, worse)
}

fn worse(one: Outcome, other: Outcome) -> Outcome {
    let order = [Outcome::Different, Outcome::Trouble, Outcome::Busy, Outcome::Unclear];
    order.into_iter().find(|outcome| [one, other].contains(outcome)).unwrap_or(Outcome::Good)
}

/// Writes to standard output at once.
///
/// # Errors
/// When nobody reads it.
pub fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}
