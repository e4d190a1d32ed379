//! Goes through a plan.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io::{self, Read};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use connect::{Parameters, ServerError};

use crate::cause::{Cause, Causes, Found};
use crate::escalation::Refusal;
use crate::plan::{DatabasePlan, Place, RowsPlan, Step, Work};
use crate::session::{Failed, Session, Shared};
use crate::settings::RefusedSetting;
use crate::source::{Data, Wanted, wrapped};
use crate::superuser::{Gathered, Superuser};
use crate::watched::Watched;
use crate::{Error, Source, build, rows::Rows, script, stand_in};

/// How often rows are loaded again that name roles which nobody made: an error tells one.
const ATTEMPTS: usize = 100;

/// How a dump is restored.
#[derive(Clone, Debug)]
pub struct Options {
    /// The superuser's way into the database, which is empty.
    pub superuser: Superuser,
    /// The restoring role's, who owns the database and is no superuser.
    pub restorer: Parameters,
    /// How many connections load rows and build indexes.
    pub jobs: usize,
    /// Why the superuser runs nothing of the dump, where that is so: on a server that is not fenced.
    pub withheld: Option<Refusal>,
    /// The comment of roles that are made to stand in for missing ones.
    pub mark: Option<String>,
    /// Whether a superuser may run whatever fails without one.
    pub trusted: bool,
    /// Whether the dump is of a newer server, or made by a newer pg_dump, than the server it is restored on.
    pub newer: bool,
    /// Whether it is known that the dump is of a part of its source: some schemas, tables or sections.
    pub partial: bool,
    /// The major version of the server that the dump is of, if that is known.
    pub major: Option<u32>,
    /// Is told how far the restore is.
    pub observer: Arc<dyn Observer>,
}

/// Is told how far a restore is, by several threads.
pub trait Observer: fmt::Debug + Send + Sync {
    /// A phase begins or goes on.
    fn begin(&self, phase: Phase);

    /// So many more bytes of the dump's data were taken for the server.
    fn sent(&self, bytes: u64);

    /// All rows are there, and no step to come can change any: they may be read while the restore goes on. Not said where
    /// that holds only at the end.
    fn rows_are_final(&self);
}

/// Nobody looks.
impl Observer for () {
    fn begin(&self, _: Phase) {}

    fn sent(&self, _: u64) {}

    fn rows_are_final(&self) {}
}

/// What became of a restore.
#[derive(Debug)]
pub struct Report {
    /// What failed, in the order of the dump.
    pub failures: Vec<Failure>,
    /// Roles that were made to stand in for missing ones.
    pub roles: BTreeSet<String>,
    /// Settings that the server refused; they were skipped.
    pub settings: Vec<RefusedSetting>,
    /// What was done in a transaction that was undone: rights on parts of the server, owners who would have to be superusers, user
    /// mappings.
    pub tried: BTreeSet<String>,
    /// Foreign servers that were made with an address that leads nowhere.
    pub nowhere: BTreeSet<String>,
    /// Event triggers that were left disabled.
    pub disabled: BTreeSet<String>,
    /// Tables into which rows were loaded alone, in the dump's order, because code runs when they arrive.
    pub watched: BTreeSet<String>,
    /// How long each phase took, in order.
    pub phases: Vec<(Phase, Duration)>,
    /// How long the rows of a step took, by the index of the step.
    pub loads: BTreeMap<usize, Duration>,
}

/// What a stretch of a restore did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Statements one by one.
    Statements,
    /// Rows and large objects.
    Rows,
    /// Indexes, and constraints but foreign keys.
    Indexes,
    /// Foreign keys.
    ForeignKeys,
}

/// Something that failed.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The index of its step.
    pub step: usize,
    /// What it is about.
    pub what: String,
    /// Where it stands.
    pub at: Place,
    /// What the server said.
    pub error: ServerError,
    /// Why it failed.
    pub cause: Cause,
    /// The index of the failure that this only follows from.
    pub root: Option<usize>,
    /// The entries that its own entry of an archive depends on and the table of contents does not have.
    pub absent: Vec<u32>,
}

/// Restores one database of a dump.
///
/// # Errors
/// When the server or the dump cannot be reached any more; whatever else fails is told by the report.
pub fn restore(plan: &DatabasePlan, source: &Source, options: &Options) -> Result<Report, Error> {
    let shared = Shared::connect(options)?;
    let mut phases: Vec<(Phase, Duration)> = Vec::new();
    let mut failures: Vec<(usize, Failed)> = Vec::new();
    let mut loads = BTreeMap::new();
    let mut watched = BTreeSet::new();
    {
        let mut main = Session::connect(&shared)?;
        let steps = &plan.steps;
        let mut last = Some(plan.rows_are_final_from());
        let mut at = 0;
        while at < steps.len() {
            // Several steps may have run at once.
            if last.take_if(|last| *last <= at).is_some() {
                options.observer.rows_are_final();
            }
            let begin = Instant::now();
            let rest = &steps[at..];
            let (phase, len) = match (&steps[at].work, build::of(&steps[at])) {
                (Work::Rows(_), _) => {
                    options.observer.begin(Phase::Rows);
                    let len = rest.iter().take_while(|step| matches!(step.work, Work::Rows(_))).count();
                    // The INSERTs of one table are in order as they are.
                    let inserts = |step: &Step| matches!(&step.work, Work::Rows(rows) if rows.copy.is_none());
                    let alone = len == 1 && inserts(&rest[0]);
                    let seen = if alone { Watched::default() } else { main.watched()? };
                    let (found, times) = load(&shared, source, options, &rest[..len], &seen)?;
                    watched.extend(rest[..len].iter().filter_map(|step| match &step.work {
                        Work::Rows(rows) if seen.has(rows) => {
                            Some(rows.table.as_ref()?.qualified_name().to_string())
                        }
                        _ => None,
                    }));
                    keep(&mut failures, found.into_iter().map(|(step, failed)| (at + step, failed)));
                    loads.extend(times.into_iter().map(|(step, time)| (at + step, time)));
                    (Phase::Rows, len)
                }
                (Work::Statement(_), Some(kind)) => {
                    let phase = if kind == build::Build::Index { Phase::Indexes } else { Phase::ForeignKeys };
                    options.observer.begin(phase);
                    let len = build::run_len(rest);
                    let found = build::run(&shared, options.jobs, &rest[..len])?;
                    keep(&mut failures, found.into_iter().map(|(step, failed)| (at + step, failed)));
                    (phase, len)
                }
                (Work::Statement(text), None) => {
                    options.observer.begin(Phase::Statements);
                    keep(&mut failures, main.run(&steps[at], text)?.map(|failed| (at, failed)));
                    (Phase::Statements, 1)
                }
            };
            at += len;
            match phases.last_mut().filter(|(last, _)| *last == phase) {
                Some((_, time)) => *time += begin.elapsed(),
                None => phases.push((phase, begin.elapsed())),
            }
        }
    }
    // Which connection was first must not show.
    failures.sort_by_key(|(step, _)| *step);
    let mut causes = Causes::new(plan, options, shared.major());
    let failures = failures.into_iter().map(|(at, failed)| {
        let step = &plan.steps[at];
        let Found { cause, root } = causes.of(step, &failed);
        let cause = match plan.blocks.iter().find(|block| block.steps.contains(&at)) {
            Some(block) => cause.in_transaction(block.begin),
            None => cause,
        };
        let absent = match step.at {
            Place::Entry(id) => plan.absent.get(&id).cloned().unwrap_or_default(),
            Place::At(_) => Vec::new(),
        };
        Failure { step: at, what: step.label(), at: step.at, error: failed.error, cause, root, absent }
    });
    let failures = failures.collect();
    let Gathered { roles, mut settings, tried, nowhere, disabled } = shared.finish();
    for setting in &mut settings {
        let Found { cause, root } = causes.of_setting(setting);
        (setting.cause, setting.root) = (cause, root);
    }
    Ok(Report { failures, roles, settings, tried, nowhere, disabled, watched, phases, loads })
}

/// Adds what failed; of more than anybody reads, only what tells why.
fn keep(failures: &mut Vec<(usize, Failed)>, more: impl IntoIterator<Item = (usize, Failed)>) {
    const WHOLE: usize = 10_000;
    for (step, failed) in more {
        let failed = match failures.len() < WHOLE {
            true => failed,
            false => Failed { error: failed.error.brief(), ..failed },
        };
        failures.push((step, failed));
    }
}

/// What failed, and how long each step took, both by the step.
type Loaded = (Vec<(usize, Failed)>, Vec<(usize, Duration)>);

/// Loads the data of steps over several connections.
fn load(
    shared: &Shared<'_>,
    source: &Source,
    options: &Options,
    steps: &[Step],
    watched: &Watched,
) -> Result<Loaded, Error> {
    let Options { jobs, observer, .. } = options;
    let mut wanted = Vec::new();
    let mut rank = 0;
    for (step, of) in steps.iter().enumerate() {
        let Work::Rows(rows) = &of.work else { continue };
        // Code that runs when rows arrive sees what stands before them in the dump, and nothing else.
        let alone = watched.has(rows);
        rank += usize::from(alone);
        wanted.push(Wanted { step, rows, rank });
        rank += usize::from(alone);
    }
    let failures = Mutex::new(Vec::new());
    let times = Mutex::new(Vec::new());
    let idle: Mutex<Vec<Session<'_>>> = Mutex::new(Vec::new());
    let visit = |data: Data<'_>, bytes: &mut dyn Read| -> Result<(), Error> {
        let bytes = &mut Observed { bytes, observer: &**observer };
        let step = &steps[data.step];
        let begin = Instant::now();
        let free = idle.lock().unwrap_or_else(|poison| poison.into_inner()).pop();
        let mut session = free.map_or_else(|| Session::connect(shared), Ok)?;
        let failed: Vec<Failed> = match (&data.rows.copy, data.large_object) {
            (_, Some(object)) => {
                script::large_object(&mut session, step, object, bytes)?.into_iter().collect()
            }
            (None, None) => script::run(&mut session, step, data.rows, bytes)?,
            (Some(copy), None) => {
                // What such code has put there already stays.
                let alone = data.rows.alone && watched.is_empty();
                let failed = match data.rows.location {
                    crate::plan::Location::Range { .. } => session.copy(step, alone, copy, bytes)?,
                    crate::plan::Location::Entry(_) => {
                        session.copy(step, alone, copy, &mut Rows::new(bytes))?
                    }
                };
                failed.into_iter().collect()
            }
        };
        idle.lock().unwrap_or_else(|poison| poison.into_inner()).push(session);
        times.lock().unwrap_or_else(|poison| poison.into_inner()).push((data.step, begin.elapsed()));
        let failed = failed.into_iter().map(|failed| (data.step, failed));
        failures.lock().unwrap_or_else(|poison| poison.into_inner()).extend(failed);
        Ok(())
    };
    for _ in 0..ATTEMPTS {
        source.visit(*jobs, &wanted, &|data, bytes| visit(data, bytes).map_err(wrapped))?;
        let mut failures = failures.lock().unwrap_or_else(|poison| poison.into_inner());
        let again = lacking_roles(shared, steps, &failures)?;
        if again.is_empty() {
            break;
        }
        failures.retain(|(step, _)| !again.contains(step));
        wanted.retain(|wanted| again.contains(&wanted.step));
    }
    let failures = failures.into_inner().unwrap_or_else(|poison| poison.into_inner());
    Ok((failures, times.into_inner().unwrap_or_else(|poison| poison.into_inner())))
}

/// Makes the roles that rows of a COPY name and nobody made before; returns the steps whose rows may be loaded now.
fn lacking_roles(
    shared: &Shared<'_>,
    steps: &[Step],
    failures: &[(usize, Failed)],
) -> Result<BTreeSet<usize>, Error> {
    let mut again = BTreeSet::new();
    for (at, failed) in failures {
        // Nothing of a COPY stays that fails; INSERTs were tried again at once.
        let copied = matches!(&steps[*at].work, Work::Rows(RowsPlan { copy: Some(_), .. }));
        if let Some(role) = stand_in::missing_role(&failed.error).filter(|_| copied)
            && shared.make_role(&role)?
        {
            again.insert(*at);
        }
    }
    Ok(again)
}

/// Data whose bytes are counted as they are read.
struct Observed<'d> {
    bytes: &'d mut dyn Read,
    observer: &'d dyn Observer,
}

impl Read for Observed<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let read = self.bytes.read(buf)?;
        self.observer.sent(read as u64);
        Ok(read)
    }
}
