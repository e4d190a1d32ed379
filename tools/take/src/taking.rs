//! One backup: taken, read back, compared with its source, and only then given its name.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context, anyhow};
use cli::{Failure, Outcome, Progress};
use connect::ServerError;
use dump::QualifiedName;
use jiff::Timestamp;
use live::RelationKind;
use manifest::{Assertion, MANIFEST_ENDING, Manifest};
use scratch::Client as Program;

use crate::arguments::{Format, TakeArguments};
use crate::backup_folder::Backup;
use crate::backup_name::{BackupName, Form, Target};
use crate::connection::Connection;
use crate::destination::Destination;
use crate::keep;
use crate::options::PgDumpOptions;
use crate::packing::Packing;
use crate::pg_dump::{self, Written};
use crate::proof::{self, Held, Proof};
use crate::retention::Decision;
use crate::room;
use crate::selection::Belongs;
use crate::source::{Read, Source, Table};
use crate::stop::Stop;
use crate::unfinished::Unfinished;

/// How often is looked whether pg_dump is stuck.
const WATCH: Duration = Duration::from_millis(100);
/// How often is begun again.
const ATTEMPTS: usize = 10;

/// What is asked for, the same for every database.
pub struct Wish<'a> {
    pub destination: &'a Destination,
    pub format: Format,
    pub packing: Packing,
    /// What pg_dump packs an archive by, as it was written.
    pub compress: Option<&'a str>,
    /// How many tables pg_dump takes at once, where it can.
    pub jobs: usize,
    /// How many connections read the source meanwhile: more would only take processors from pg_dump, for which all wait at
    /// the end.
    pub readers: usize,
    pub content: bool,
    pub asserts: &'a [String],
    pub options: &'a PgDumpOptions,
    pub progress: &'a Progress,
}

/// What came of one target.
#[derive(Debug, Default)]
pub struct Taken {
    /// What the backup is of.
    pub target: String,
    /// Where it is; none if it was not taken.
    pub path: Option<PathBuf>,
    pub bytes: u64,
    pub tables: usize,
    pub rows: u64,
    /// How many tables' content was compared.
    pub hashed: usize,
    pub time: Duration,
    /// In what the backup is not its source, so that it got no name.
    pub findings: Vec<String>,
    pub notes: Vec<String>,
    /// Why it could not be taken, or not all that was asked for could be done with it.
    pub trouble: Option<String>,
    /// What to do about that, if it is known.
    pub hint: Option<String>,
    /// Whether another run is at work on it.
    pub busy: bool,
    /// What `pgdump-verify` made of it, if it was asked: its exit code.
    pub verified: Option<i32>,
    /// What became of the backups of the target afterwards, or would.
    pub decided: Vec<(Backup, Decision)>,
}

impl Taken {
    /// Returns how it ended.
    pub fn outcome(&self) -> Outcome {
        match () {
            () if self.busy => Outcome::Busy,
            () if self.trouble.is_some() => Outcome::Trouble,
            () if !self.findings.is_empty() => Outcome::Different,
            () => match self.verified {
                None | Some(0) => Outcome::Good,
                Some(1) => Outcome::Different,
                Some(3) => Outcome::Unclear,
                Some(_) => Outcome::Trouble,
            },
        }
    }
}

impl<'a> Wish<'a> {
    /// Reads the arguments.
    ///
    /// # Errors
    /// When some contradict others.
    pub fn new(
        arguments: &'a TakeArguments,
        destination: &'a Destination,
        progress: &'a Progress,
    ) -> Result<Wish<'a>, Failure> {
        let plain = arguments.format == Format::Plain;
        let written = arguments.compress.as_deref();
        let processors = thread::available_parallelism().map_or(1, |number| number.get());
        let jobs = arguments.jobs.map_or(processors, usize::from);
        let busy = if arguments.format == Format::Directory { jobs } else { 1 };
        Ok(Wish {
            destination,
            format: arguments.format,
            packing: if plain { Packing::read(written)? } else { Packing::None },
            compress: written.filter(|_| !plain),
            jobs,
            readers: processors.saturating_sub(busy).max(1),
            content: arguments.content,
            asserts: &arguments.asserts,
            options: &arguments.options,
            progress,
        })
    }

    /// Returns where backups are made.
    pub fn folder(&self) -> &Path {
        self.destination.folder()
    }

    fn form(&self) -> Form {
        pg_dump::form(self.format, self.packing)
    }

    /// What was asked for, for the manifest.
    fn words(&self) -> Vec<String> {
        let mut words = vec![format!("--format={}", self.format.word())];
        words.extend(self.options.arguments().map(|word| word.to_string_lossy().into_owned()));
        words
    }
}

/// Takes one database.
///
/// # Errors
/// When it cannot be taken. That it is not what its source holds is an outcome.
pub fn take(
    target: &Target,
    connection: &Connection,
    wish: &Wish<'_>,
    taken: &mut Taken,
) -> Result<(), Failure> {
    let mut client = connect::Client::connect(connection.parameters())?;
    let program = program("pg_dump", &client)?;
    let last = keep::read(&wish.destination.shelf)?.into_iter().rev();
    let last = last.filter(|backup| backup.name.target == *target && backup.name.form == wish.form());
    let last = last.map(|backup| backup.bytes).next();
    room::check(wish.folder(), wish.form(), &mut client, last)?;
    drop(client);
    for _ in 0..ATTEMPTS {
        if attempt(target, connection, &program, wish, taken)? {
            return Ok(());
        }
        // Whoever waits for a table now gets it.
        thread::sleep(WATCH);
    }
    Err(anyhow!(
        "tables are wanted by others alone again and again, as for `TRUNCATE`: pg_dump never gets to them"
    )
    .into())
}

/// Takes a snapshot and what belongs to it; false if pg_dump was stuck behind others who wait for us.
fn attempt(
    target: &Target,
    connection: &Connection,
    program: &Program,
    wish: &Wish<'_>,
    taken: &mut Taken,
) -> Result<bool, Failure> {
    wish.progress.begin("snapshot", None);
    let (mut source, all) = Source::open(connection, wish.options)?;
    let assertions = wish.asserts.iter().map(|sql| {
        let value = source.ask(sql)?.map_err(|why| unanswered(sql, &why))?;
        Ok(Assertion { sql: sql.clone(), value })
    });
    let assertions = assertions.collect::<Result<Vec<Assertion>, Failure>>()?;
    let name = BackupName { target: target.clone(), taken: whole_second(), form: wish.form() };
    let name = wish.destination.free_name(name)?.to_string();
    let mut command = Command::new(program.path());
    command.arg(format!("--snapshot={}", source.snapshot_name())).args(wish.options.arguments());
    connection.tell(&mut command);
    wish.progress.begin("pg_dump", None);
    let Some((unfinished, written, mut tables, mut read)) =
        together(command, &name, &mut source, &all, wish)?
    else {
        return Ok(false);
    };
    source.read_rest(wish.content, &tables, &mut read)?;
    // pg_dump knows best what its options mean: what it took besides is read as well.
    let known: BTreeSet<&QualifiedName> = tables.iter().map(|table| &table.name).collect();
    let more = written.dump.databases.iter().flat_map(|database| database.data.tables.keys());
    let more: BTreeSet<QualifiedName> =
        more.map(|address| address.qualified_name()).filter(|name| !known.contains(name)).collect();
    let more: Vec<&Table> = all
        .iter()
        .filter(|table| more.contains(&table.name) && table.relation.kind != RelationKind::PartitionedTable)
        .collect();
    let mut read_more = Read { tables: vec![None; more.len()], large_objects: Vec::new() };
    source.read_rest(wish.content, &more, &mut read_more)?;
    read.tables.extend(read_more.tables);
    tables.extend(more);

    let mut manifest = Manifest {
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        backup: name.clone(),
        backup_format: wish.format.word().to_owned(),
        options: wish.words(),
        files: written.files,
        server_version: source.facts.server_version.clone(),
        system_identifier: source.facts.system_identifier.clone(),
        database: connection.parameters().database.clone(),
        lsn: source.facts.lsn.clone(),
        snapshot_begin: source.facts.snapshot_begin.clone(),
        encoding: source.facts.encoding.clone(),
        locale: source.facts.locale.clone(),
        time_zone: source.facts.time_zone.clone(),
        date_style: "ISO, MDY".to_owned(),
        roles: source.facts.roles.clone(),
        assertions,
        ..Manifest::default()
    };
    let (after, end) = source.close()?;
    manifest.snapshot_end = end;
    let held = Held {
        all: &all,
        tables,
        read,
        sequences: [&source.sequences, &after],
        extensions: &source.facts.extensions,
        selection: &source.selection,
    };
    let proof = proof::compare(&written.dump, &held, &mut manifest);
    finish(unfinished, &name, &manifest, proof, wish, taken)?;
    Ok(true)
}

/// Why a question of the user's has no answer.
fn unanswered(sql: &str, why: &ServerError) -> Failure {
    /// What the server says of a name that it does not find: of a table, function or operator, type, and schema.
    const NOT_FOUND: [&str; 4] = ["42P01", "42883", "42704", "3F000"];
    let failure = Failure::from(anyhow!("the source does not answer `{sql}`: {why}"));
    match NOT_FOUND.contains(&why.code()) {
        true => failure.with_hint(
            "write names with their schema, such as `public.orders`: the source is asked with an empty `search_path`",
        ),
        false => failure,
    }
}

/// The moment as names hold it.
pub fn whole_second() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_second(now.as_second()).unwrap_or(now)
}

/// Gives a backup that was proven its name, and its manifest first: whoever sees the one finds the other.
///
/// # Errors
/// When the system refuses.
pub fn finish(
    unfinished: Unfinished,
    name: &str,
    manifest: &Manifest,
    proof: Proof,
    wish: &Wish<'_>,
    taken: &mut Taken,
) -> Result<(), Failure> {
    taken.findings = proof.findings;
    taken.notes.extend(proof.notes);
    taken.hashed = proof.hashed;
    taken.bytes = manifest.files.iter().map(|file| file.bytes).sum();
    taken.tables = manifest.tables.len();
    taken.rows = manifest.tables.iter().map(|table| table.rows).sum();
    if !taken.findings.is_empty() {
        return Ok(());
    }
    let beside = format!("{name}{MANIFEST_ENDING}");
    let (manifest_unfinished, mut file) = Unfinished::file(wish.folder(), &beside)?;
    manifest.write(&mut file)?;
    file.sync_all().context("cannot write the manifest to the disk")?;
    manifest_unfinished.finish(&beside)?;
    taken.path = Some(unfinished.finish(name)?);
    Ok(())
}

/// A backup that has no name yet, what pg_dump wrote, and what was read of which tables.
type Together<'t> = (Unfinished, Written, Vec<&'t Table>, Read);

/// Has pg_dump write and reads along, while other connections read the source; none if pg_dump was stuck.
fn together<'t>(
    mut command: Command,
    name: &str,
    source: &mut Source,
    all: &'t [Table],
    wish: &Wish<'_>,
) -> Result<Option<Together<'t>>, Failure> {
    let wanted = |table: &&Table| {
        let elsewhere = table.relation.kind == RelationKind::PartitionedTable;
        !elsewhere && !matches!(table.belongs, Belongs::No(_))
    };
    let tables: Vec<&Table> = all.iter().filter(wanted).collect();
    let stop = Arc::new(Stop::default());
    let stop_at_signal = Arc::clone(&stop);
    let _at_signal = scratch::at_signal(move || stop_at_signal.stop());
    let (unfinished, file) = match wish.format {
        Format::Directory => (Unfinished::folder(wish.folder(), name)?, None),
        _ => {
            let (unfinished, file) = Unfinished::file(wish.folder(), name)?;
            (unfinished, Some(file))
        }
    };
    // By this name the server tells it from others.
    let called = format!("pgdump-take {}", std::process::id());
    command.env("PGAPPNAME", &called);
    command.arg(format!("--format={}", wish.format.word()));
    command.args(wish.compress.map(|method| format!("--compress={method}")));
    if wish.format == Format::Directory {
        command.arg(format!("--jobs={}", wish.jobs));
    }
    if wish.format != Format::Plain {
        command.arg("--file").arg(unfinished.path());
    }
    let mut watch = source.watch(&called)?;
    let (stuck, over) = (AtomicBool::new(false), AtomicBool::new(false));
    let (written, read) = thread::scope(|scope| {
        let reading =
            scope.spawn(|| source.read(wish.readers, wish.content, &tables).inspect_err(|_| stop.stop()));
        let watching = scope.spawn(|| {
            while !over.load(Ordering::Acquire) {
                // Where the server does not answer, others will tell.
                if watch.is_stuck().unwrap_or(false) {
                    stuck.store(true, Ordering::Release);
                    stop.stop();
                    return;
                }
                thread::park_timeout(WATCH);
            }
        });
        let written = match (wish.format, file) {
            (Format::Plain, Some(file)) => pg_dump::plain(command, wish.packing, file, name, &stop),
            (Format::Directory, _) => pg_dump::folder(command, &unfinished, &stop),
            _ => pg_dump::archive(command, &unfinished, name, &stop),
        };
        over.store(true, Ordering::Release);
        watching.thread().unpark();
        let panicked = |_| Err(connect::Error::Lost(std::io::Error::other("a thread panicked")));
        (written, reading.join().unwrap_or_else(panicked))
    });
    match (written, read) {
        (Err(_), _) if stuck.load(Ordering::Acquire) => Ok(None),
        // What was ended has nothing to say.
        (_, Err(error)) => Err(error.into()),
        (Err(failure), Ok(_)) => Err(failure),
        (Ok(written), Ok(read)) => Ok(Some((unfinished, written, tables, read))),
    }
}

/// Finds the program for a server; an older one than the server refuses it.
pub fn program(name: &str, client: &connect::Client) -> Result<Program, Failure> {
    let server = client.server_major().unwrap_or_default();
    let install = |major: &str| {
        format!(
            "install the client programs of PostgreSQL, on Debian and Ubuntu: apt-get install postgresql-client{major}"
        )
    };
    let program =
        Program::for_server(name, server).map_err(|error| Failure::from(error).with_hint(install("")))?;
    match program.major() < server {
        true => {
            let why = anyhow!(
                "the newest `{name}` found is of PostgreSQL {}; the server is of {server}",
                program.major()
            );
            Err(Failure::from(why).with_hint(install(&format!("-{server}"))))
        }
        false => Ok(program),
    }
}
