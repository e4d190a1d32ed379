//! The backup restored into a scratch database, and compared with it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::anyhow;
use cli::{Failure, Progress};
use connect::Parameters;
use dump::{Address, Database, Dump, Name, Noise};
use restore::{DatabasePlan, Place, Plan, RefusedSetting, Source, Superuser};

use crate::check::{Assertion, Failed, assertion, catalog, pages, rights, rows, schema};
use crate::cluster;
use crate::input::Backup;
use crate::limit::{Disk, Limit};
use crate::server::{self, Server, Servers};
use crate::stages::{self, Stages};
use crate::telling::tell;
use crate::verdict::{Report, Verdict};

/// How a backup is restored.
pub struct Options<'a> {
    /// How many connections work at once.
    pub jobs: usize,
    /// Where the server's programs are.
    pub bindir: Option<PathBuf>,
    /// Whether a superuser may run what fails without one.
    pub trusted: bool,
    /// A file of `pg_dumpall --globals-only` with the roles of the backup.
    pub globals: Option<PathBuf>,
    /// Whether the schema of the copy is compared with the backup as well.
    pub full: bool,
    /// What is asked of the restored database.
    pub assertions: Vec<Assertion>,
    /// Whether it is known that the backup is of a part of its source.
    pub partial: bool,
    /// Where it is restored.
    pub servers: &'a Servers,
    /// The name under which the restored database stays.
    pub keep: Option<String>,
    /// What it may take.
    pub limit: &'a Limit,
    /// Shows how far it is.
    pub progress: Progress,
}

/// One database of the backup, restored.
pub struct Restored<'a> {
    /// The backup, to look at its rows again.
    pub backup: &'a Backup,
    /// The database's name, if the backup holds several.
    pub name: Option<String>,
    /// What the backup holds of it.
    pub database: &'a Database,
    /// How it was restored.
    pub plan: &'a DatabasePlan,
    /// What failed.
    pub failures: &'a [restore::Failure],
    /// The same by what it is about.
    pub failed: Failed<'a>,
    /// Where its rows are.
    pub source: &'a Source,
    /// Settings that the server refused.
    pub settings: &'a [RefusedSetting],
    /// What was done and undone, such as rights on parts of the server.
    pub tried: &'a BTreeSet<String>,
    /// Foreign servers that lead elsewhere than the backup says.
    pub nowhere: &'a BTreeSet<String>,
    /// Event triggers that were left disabled.
    pub disabled: &'a BTreeSet<String>,
    /// How long the rows of a table took, which may stand in several places.
    pub loads: HashMap<&'a Address, Duration>,
    /// How many connections work at once.
    pub jobs: usize,
    /// Shows how far it is.
    pub progress: Progress,
    /// The restoring role's way into the database, with settings under which values are written as pg_dump writes them. It reads
    /// everything: no superuser reads what is a backup's.
    pub reader: connect::Parameters,
    /// The same way, with the settings that a restore begins with.
    pub restorer: connect::Parameters,
}

/// Restores and compares.
///
/// # Errors
/// When no server can be started or the backup not be read again.
pub fn verify(
    backup: &Backup,
    dump: &Dump,
    plan: &Plan,
    source: &Source,
    options: &Options<'_>,
    report: &mut Report,
) -> Result<(), Failure> {
    if !options.assertions.is_empty() && plan.databases.len() > 1 {
        return Err(anyhow!(
            "`--assert` is for a backup of one database, this is of {}",
            plan.databases.len()
        )
        .into());
    }
    if options.keep.is_some() && plan.databases.len() > 1 {
        return Err(
            anyhow!("`--keep` is for a backup of one database, this is of {}", plan.databases.len()).into()
        );
    }
    options.progress.begin("server start", None);
    let begin = Instant::now();
    // What a pg_dump writes is promised to restore on servers of its own major version and newer ones.
    let wanted = dump.versions.server_major().max(dump.versions.pg_dump_major());
    let wanted_server =
        server::Wanted { bindir: options.bindir.as_deref(), major: wanted, jobs: options.jobs };
    let server = options.servers.start(&wanted_server, &mut report.notes)?;
    // Dropped before the server: afterwards its number may be another's.
    let limit = options.limit;
    let ending = server.end_at(limit, Disk::of_backup(bytes(dump)));
    let ended = |error: restore::Error, report: &mut Report| match limit.over() {
        Some(why) => {
            report.find(Verdict::Unclear, "server", None, why);
            Ok(())
        }
        None => ended(error, &server, report),
    };
    let gone = |failure: Failure, report: &mut Report| match limit.over() {
        Some(why) => {
            report.find(Verdict::Unclear, "server", None, why);
            Ok(())
        }
        None => gone(failure, &server, report),
    };
    report.server = Some(format!("PostgreSQL {}", server.major()));
    report.phases.push(("server start".to_owned(), begin.elapsed()));
    let newer = wanted.is_some_and(|major| major > server.major());
    let maybe_newer = newer || wanted.is_none();
    let same_major = dump.versions.server_major() == Some(server.major());
    if newer {
        report.notes.push(format!(
            "the backup is of or by PostgreSQL {}, newer than the server it was restored on",
            wanted.unwrap_or_default()
        ));
    }
    if options.trusted {
        report.notes.push("trusted: statements of the backup may have run as a superuser".to_owned());
    }
    let withheld = server.withholds().filter(|_| !options.trusted);
    let how = |superuser: &Superuser, restorer: &Parameters| restore::Options {
        superuser: superuser.clone(),
        restorer: restorer.clone(),
        jobs: options.jobs,
        withheld,
        mark: server.mark(),
        trusted: options.trusted,
        newer,
        partial: options.partial,
        major: dump.versions.server_major(),
        observer: Arc::new(()),
    };
    let whole = plan;
    if !whole.cluster.is_empty() || options.globals.is_some() {
        // Roles belong to no database, and are made before any.
        if server.is_private() {
            let (superuser, restorer) = server.create_database("roles", "", "", false)?;
            let how = how(&superuser, &restorer);
            let made = cluster::roles(options.globals.as_deref(), backup, whole, &how, maybe_newer, report);
            if let Err(failure) = made {
                return gone(failure, report);
            }
        } else {
            let why = "not tried on a server that others use as well (`--server`)";
            report.find(Verdict::Unclear, "statements on roles and databases", None, why);
        }
    }
    for (at, plan) in plan.databases.iter().enumerate() {
        let Some(database) = dump.databases.iter().find(|database| database.name == plan.name) else {
            return Err(anyhow!("the backup changed while it was read: {}", backup.path.display()).into());
        };
        let encoding = &database.schema.encoding;
        let everybody = dump.versions.server_major().is_some_and(|major| major < 15);
        let name = at.to_string();
        let like = restore::database_options(&whole.cluster, plan.name.as_ref());
        let made = match server.create_database(&name, encoding, &like, everybody) {
            Err(failure) if !like.is_empty() => {
                let why = failure.error().root_cause().to_string();
                report.notes.push(format!("the locale of the server stands in for the backup's: {why}"));
                server.create_database(&name, encoding, "", everybody)
            }
            made => made,
        };
        let (superuser, restorer) = match made {
            Ok(made) => made,
            Err(failure) => return gone(failure, report),
        };
        let how = how(&superuser, &restorer);
        let reader = pinned(restorer.clone(), encoding);
        let (restored, early) = restore_and_read(database, plan, source, &how, &reader, &options.progress);
        let restored = match restored {
            Ok(restored) => restored,
            Err(error) => return ended(error, report),
        };
        for (phase, time) in &restored.phases {
            add_phase(report, stages::name(*phase), *time);
            report.restored_in = Some(report.restored_in.unwrap_or_default() + *time);
        }
        if let Some(why) = limit.over() {
            report.find(Verdict::Unclear, "server", None, why);
            return Ok(());
        }
        if server.is_private()
            && let Err(error) =
                cluster::database(&whole.cluster, plan.name.as_ref(), &how, backup, maybe_newer, report)
        {
            return ended(error, report);
        }
        let name = database.name.as_ref().filter(|_| dump.databases.len() > 1).map(Name::to_string);
        tell(plan, &restored, backup, maybe_newer, options.trusted, report);
        let restored = Restored {
            backup,
            name,
            database,
            plan,
            failures: &restored.failures,
            failed: Failed::new(plan, &restored.failures),
            source,
            settings: &restored.settings,
            tried: &restored.tried,
            nowhere: &restored.nowhere,
            disabled: &restored.disabled,
            loads: loads(plan, &restored.loads),
            jobs: options.jobs,
            progress: options.progress.clone(),
            reader,
            restorer: restorer.clone(),
        };
        options.progress.begin("comparison", Some(row_bytes(restored.database)));
        let begin = Instant::now();
        let known = report.findings.len();
        let early = match early {
            Ok(early) => early,
            Err(error) => return ended(error.into(), report),
        };
        match rows::tables(&restored, early, report) {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return ended(error, report),
            Err(failure) => return gone(failure, report),
        }
        let compared = rows::sequences(&restored, report)
            .and_then(|()| rows::large_objects(&restored, report))
            .and_then(|()| catalog::check(&restored, report))
            .and_then(|()| rights::check(&restored, options.full && same_major, dump, report));
        let rights = match compared {
            Ok(rights) => rights,
            Err(error) => return ended(error.into(), report),
        };
        if let Some(why) = limit.over() {
            // What was found of a server that was being ended is no verdict.
            report.findings.truncate(known);
            for table in report.tables.iter_mut().filter(|table| table.verdict == Verdict::Bad) {
                table.verdict = Verdict::Unclear;
            }
            report.find(Verdict::Unclear, "server", None, why);
            return Ok(());
        }
        add_phase(report, "comparison", begin.elapsed());
        if options.full {
            options.progress.begin("schema of the copy", None);
            let begin = Instant::now();
            if let Err(failure) = schema::check(&server, &superuser, &restored, &rights, dump, report) {
                return gone(failure, report);
            }
            add_phase(report, "schema of the copy", begin.elapsed());
        }
        if options.full {
            let begin = Instant::now();
            let lender = server.is_private().then_some(&superuser);
            let schema = Name::from(format!("pgdumpkit_amcheck_{}", server::random()?).as_str());
            if let Err(error) = pages::check(lender, &schema, &restorer, report) {
                return ended(error.into(), report);
            }
            add_phase(report, "pages", begin.elapsed());
        }
        let restorer = pinned(restorer, "UTF8");
        if let Err(error) = assertion::check(&options.assertions, &restorer, &restored, report) {
            return ended(error.into(), report);
        }
    }
    drop(ending);
    if let Some(name) = &options.keep {
        report.notes.extend(server.keep("0", name)?);
    }
    Ok(())
}

/// What was read of the tables while a restore went on, if it could be.
type Early = Result<Option<Vec<rows::Read>>, connect::Error>;

/// Restores a database, and reads its tables as soon as nothing can change them any more: while foreign keys of one table
/// wait for each other, processors have nothing else to do.
fn restore_and_read(
    database: &Database,
    plan: &DatabasePlan,
    source: &Source,
    how: &restore::Options,
    reader: &Parameters,
    progress: &Progress,
) -> (Result<restore::Report, restore::Error>, Early) {
    let (rows_are_final, wait) = channel();
    let stages = Stages {
        progress: progress.clone(),
        rows_are_final,
        total: row_bytes(database),
        sent: AtomicU64::new(0),
    };
    let how = restore::Options { observer: Arc::new(stages), ..how.clone() };
    let tables = rows::longest_first(database);
    let columns = rows::columns(plan);
    // The other half of the processors is the restore's.
    let jobs = how.jobs.div_ceil(2);
    thread::scope(|scope| {
        let (tables, columns) = (&tables, &columns);
        let reading = scope.spawn(move || {
            // The end of the restore without a word is the end of waiting.
            let () = wait.recv().ok()?;
            Some(rows::read(reader, jobs, tables, columns, &Progress::none()))
        });
        let restored = restore::restore(plan, source, &how);
        drop(how);
        let lost = |_| Some(Err(connect::Error::Lost(std::io::Error::other("a thread panicked"))));
        (restored, reading.join().unwrap_or_else(lost).transpose())
    })
}

/// The bytes that a backup holds, in which comments and blanks say nothing.
fn bytes(dump: &Dump) -> u64 {
    let gaps = dump.ledger.noise.get(&Noise::Gap).copied().unwrap_or_default();
    let objects = dump.databases.iter().flat_map(|database| database.data.large_objects.values());
    // Those of an archive are in no ledger.
    let objects: u64 = objects.filter_map(|object| Some(object.content?.0)).sum();
    dump.ledger.total() - gaps + objects
}

/// How long the rows of each table took to be restored.
fn loads<'a>(plan: &'a DatabasePlan, times: &BTreeMap<usize, Duration>) -> HashMap<&'a Address, Duration> {
    let mut loads: HashMap<&Address, Duration> = HashMap::new();
    for (step, time) in times {
        if let Some(address) = &plan.steps[*step].subject.address {
            *loads.entry(address).or_default() += *time;
        }
    }
    loads
}

/// The bytes of all rows that the backup holds of a database.
pub fn row_bytes(database: &Database) -> u64 {
    database.data.tables.values().map(|data| data.content.bytes).sum()
}

fn add_phase(report: &mut Report, name: &str, time: Duration) {
    match report.phases.iter_mut().find(|(known, _)| known == name) {
        Some((_, known)) => *known += time,
        None => report.phases.push((name.to_owned(), time)),
    }
}

/// How values are read: as pg_dump does, in a time zone that is no server's own.
pub fn pinned(to: connect::Parameters, encoding: &str) -> connect::Parameters {
    live::pinned(to, encoding).with_setting("TimeZone", "UTC")
}

/// A restore that could not go on is no verdict on the backup.
fn ended(error: restore::Error, server: &Server, report: &mut Report) -> Result<(), Failure> {
    match error {
        restore::Error::DiskFull(why) => {
            report.find(Verdict::Unclear, "server", None, format!("disk is full: {why}"));
            Ok(())
        }
        restore::Error::Connection(error) if error.is_gone() => gone(error.into(), server, report),
        error => Err(error.into()),
    }
}

/// The same of whatever failed for want of the server.
fn gone(failure: Failure, server: &Server, report: &mut Report) -> Result<(), Failure> {
    let connection = |cause: &'_ (dyn std::error::Error + 'static)| match cause.downcast_ref() {
        Some(restore::Error::Connection(error)) => error.is_gone().then(|| error.to_string()),
        _ => cause.downcast_ref().filter(|error| connect::Error::is_gone(error)).map(ToString::to_string),
    };
    let Some(error) = failure.error().chain().find_map(connection) else {
        return Err(failure);
    };
    let log = server.log().map(|log| format!("; the end of its log: {log}"));
    let why = format!("{error}{}", log.unwrap_or_default());
    report.find(Verdict::Unclear, "server", None, why);
    Ok(())
}

/// The place with its line, which the plan did not count behind rows.
pub fn place(place: Place, backup: &Backup) -> String {
    match place {
        Place::At(mut position) => {
            if position.line.is_none() {
                position.line = backup.line_of(position.byte);
            }
            position.to_string()
        }
        Place::Entry(_) => place.to_string(),
    }
}
