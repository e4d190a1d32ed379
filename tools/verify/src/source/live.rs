//! The backup, compared with what its source holds now.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use anyhow::anyhow;
use cli::{Failure, Progress};
use connect::{Client, Environment, Error, Parameters, Prompt};
use dump::{Address, Content, DataForm, Database, Dump, Kind, Name, QualifiedName, TableData};
use restore::{DatabasePlan, Plan};

use super::relations::{self, Relation};
use crate::check::{rows, zone};
use crate::input::Backup;
use crate::restoring::{pinned, row_bytes};
use crate::verdict::{Report, Rows, Verdict};

/// Nothing is written at the source, and all connections see the same.
const BEGIN: &str = "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// A source that can be asked.
pub struct Live<'p> {
    parameters: Parameters,
    /// How many connections read at once.
    jobs: usize,
    /// Whether all rows are read, or only counted.
    content: bool,
    progress: &'p Progress,
}

/// A table to be compared.
struct Task<'a> {
    name: QualifiedName,
    address: Option<&'a Address>,
    expected: Rows,
    of_extension: bool,
    partitioned: bool,
}

/// What the source has of a table.
enum Found {
    Count(u64),
    Content(Content),
    /// The server's reason to give nothing.
    Refused(String),
}

impl<'p> Live<'p> {
    /// Connects to the source, so that what stands in the way is known before the long work.
    ///
    /// # Errors
    /// When it cannot be reached, or refuses.
    pub fn open(
        written: &str,
        prompt: Prompt,
        jobs: usize,
        content: bool,
        progress: &'p Progress,
    ) -> Result<Live<'p>, Failure> {
        let mut parameters = Parameters::resolve(written, &Environment::of_process())?;
        parameters.warnings.iter().for_each(|warning| cli::warn(warning));
        let mut client = parameters.connect(prompt)?;
        client.execute(BEGIN.as_bytes())?;
        Ok(Live { parameters, jobs, content, progress })
    }

    /// Compares every database of the backup with that of the source; differences are findings.
    ///
    /// # Errors
    /// When the source cannot be asked, or the backup not be read again.
    pub fn check(
        &self,
        backup: &Backup,
        dump: &Dump,
        plan: &Plan,
        report: &mut Report,
    ) -> Result<(), Failure> {
        let bytes = dump.databases.iter().map(row_bytes).sum();
        self.progress.begin("source", self.content.then_some(bytes));
        for database in &dump.databases {
            let Some(plan) = plan.databases.iter().find(|plan| plan.name == database.name) else {
                return Err(anyhow!("the backup changed while it was read: {}", backup.path.display()).into());
            };
            let to = match &database.name {
                Some(name) if dump.databases.len() > 1 => self.parameters.with_database(&name.to_string()),
                _ => self.parameters.clone(),
            };
            let to = pinned(to, &database.schema.encoding).with_setting("search_path", "");
            self.database(&to, backup, database, plan, report)?;
        }
        Ok(())
    }

    fn database(
        &self,
        to: &Parameters,
        backup: &Backup,
        database: &Database,
        plan: &DatabasePlan,
        report: &mut Report,
    ) -> Result<(), Failure> {
        let mut client = Client::connect(to)?;
        client.execute(BEGIN.as_bytes())?;
        let row = client.query(b"SELECT pg_catalog.pg_export_snapshot(), pg_catalog.now()")?;
        let text = |at: usize| {
            let value = row.first().and_then(|row| row.get(at)?.as_deref());
            String::from_utf8_lossy(value.unwrap_or_default()).into_owned()
        };
        let (snapshot, now) = (text(0), text(1));
        let relations = relations::of_source(&mut client)?;
        let tasks = tasks(database, &relations, report);
        let columns = rows::columns(plan);
        let found = self.read(to, &snapshot, &tasks, &columns)?;
        let mut open = Vec::new();
        for (at, (task, found)) in tasks.iter().zip(&found).enumerate() {
            if judge(task, found, report) == Judged::OtherContent {
                open.push(at);
            }
        }
        self.in_other_zones(to, &snapshot, backup, database, (&tasks, open), &columns, report)?;
        let sequences = sequences(&mut client, database, report)?;
        let objects = large_objects(&mut client, database, report)?;
        let read = found.iter().filter(|found| matches!(found, Found::Content(_))).count();
        let content = if self.content { format!(", the content of {read}") } else { String::new() };
        report.compared.push(format!(
            "compared with what the source holds now ({to}, {now}): rows of {} tables{content}, {sequences} sequences, \
             the number of large objects, {objects}",
            found.iter().filter(|found| !matches!(found, Found::Refused(_))).count(),
        ));
        Ok(())
    }

    /// Reads tables over several connections that share a snapshot.
    fn read(
        &self,
        to: &Parameters,
        snapshot: &str,
        tasks: &[Task<'_>],
        columns: &BTreeMap<Address, Vec<Name>>,
    ) -> Result<Vec<Found>, Error> {
        let next = AtomicUsize::new(0);
        let done: Mutex<Vec<(usize, Found)>> = Mutex::new(Vec::new());
        let work = || -> Result<(), Error> {
            let mut client = Client::connect(to)?;
            client.execute(BEGIN.as_bytes())?;
            let sql = [b"SET TRANSACTION SNAPSHOT ", &*rows::literal(snapshot.as_bytes())].concat();
            client.execute(&sql)?;
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                let Some(task) = tasks.get(at) else { return Ok(()) };
                // A failure would end the transaction and the snapshot with it.
                client.execute(b"SAVEPOINT table_of_backup")?;
                let found = match self.look(&mut client, task, columns) {
                    Ok(found) => found,
                    Err(Error::Server(error)) => {
                        client.execute(b"ROLLBACK TO SAVEPOINT table_of_backup")?;
                        Found::Refused(error.to_string())
                    }
                    Err(error) => return Err(error),
                };
                done.lock().unwrap_or_else(|poison| poison.into_inner()).push((at, found));
            }
        };
        let threads = self.jobs.clamp(1, tasks.len().max(1));
        let results: Vec<Result<(), Error>> = thread::scope(|scope| {
            let started: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
            let panicked = |_| Err(Error::Lost(std::io::Error::other("a thread panicked")));
            started.into_iter().map(|thread| thread.join().unwrap_or_else(panicked)).collect()
        });
        results.into_iter().collect::<Result<(), Error>>()?;
        let mut done = done.into_inner().unwrap_or_else(|poison| poison.into_inner());
        done.sort_by_key(|(at, _)| *at);
        Ok(done.into_iter().map(|(_, found)| found).collect())
    }

    fn look(
        &self,
        client: &mut Client,
        task: &Task<'_>,
        columns: &BTreeMap<Address, Vec<Name>>,
    ) -> Result<Found, Error> {
        if let Some(address) = task.address.filter(|_| self.content && task.expected.expressions == 0) {
            return rows::content(client, address, columns.get(address), self.progress).map(Found::Content);
        }
        // The rows of tables that inherit are their own; those of a partitioned table its partitions'.
        let only: &[u8] = if task.partitioned { b"" } else { b"ONLY " };
        let sql = [b"SELECT pg_catalog.count(*) FROM ", only, &*task.name.to_sql()].concat();
        let rows = client.query(&sql)?;
        let count =
            rows.first().and_then(|row| std::str::from_utf8(row.first()?.as_deref()?).ok()?.parse().ok());
        count.map(Found::Count).ok_or_else(|| Error::Protocol("a count that is no number".to_owned()))
    }

    /// Compares again in the zones in which the backup may have been taken, and tells of what differs in all of them.
    #[allow(clippy::too_many_arguments, reason = "what one comparison needs")]
    fn in_other_zones(
        &self,
        to: &Parameters,
        snapshot: &str,
        backup: &Backup,
        database: &Database,
        (tasks, mut open): (&[Task<'_>], Vec<usize>),
        columns: &BTreeMap<Address, Vec<Name>>,
        report: &mut Report,
    ) -> Result<(), Failure> {
        if open.is_empty() {
            return Ok(());
        }
        let addresses: BTreeSet<Address> = open.iter().filter_map(|at| tasks[*at].address.cloned()).collect();
        for zone in zone::candidates(backup, database.name.as_ref(), &addresses, to)? {
            let to = to.clone().with_setting("TimeZone", &zone);
            let again: Vec<Task<'_>> = open.iter().map(|at| tasks[*at].again()).collect();
            let found = self.read(&to, snapshot, &again, columns)?;
            let differs = |found: &Found, at: usize| !matches!(found, Found::Content(content) if *content == tasks[at].expected.content);
            open = open
                .into_iter()
                .zip(&found)
                .filter(|(at, found)| differs(found, *at))
                .map(|(at, _)| at)
                .collect();
            if open.is_empty() {
                break;
            }
        }
        for at in open {
            let (verdict, why) = match tasks[at].of_extension {
                true => {
                    (Verdict::Unclear, "an extension says which of its rows are in a backup: the rows differ")
                }
                false => {
                    (Verdict::Bad, "the source differs: as many rows as in the backup, with other content")
                }
            };
            report.find(verdict, format!("table {}", tasks[at].name), None, why);
        }
        Ok(())
    }
}

impl<'a> Task<'a> {
    fn again(&self) -> Task<'a> {
        Task { name: self.name.clone(), ..*self }
    }
}

/// How a table turned out.
#[derive(PartialEq, Eq)]
enum Judged {
    Told,
    OtherContent,
}

fn judge(task: &Task<'_>, found: &Found, report: &mut Report) -> Judged {
    let what = format!("table {}", task.name);
    let rows = match found {
        Found::Refused(why) => {
            report.find(Verdict::Unclear, what, None, format!("cannot be read at the source: {why}"));
            return Judged::Told;
        }
        Found::Count(rows) => *rows,
        Found::Content(content) => content.rows,
    };
    let expected = task.expected.count();
    if rows != expected {
        let why = format!("the source differs: backup {expected} rows, source now {rows}");
        let verdict = if task.of_extension { Verdict::Unclear } else { Verdict::Bad };
        report.find(verdict, what, None, why);
        return Judged::Told;
    }
    match found {
        Found::Content(content) if *content != task.expected.content => Judged::OtherContent,
        _ => Judged::Told,
    }
}

/// Lists what is compared; tables that only one of the two has are told of at once.
fn tasks<'a>(
    database: &'a Database,
    relations: &BTreeMap<QualifiedName, Relation>,
    report: &mut Report,
) -> Vec<Task<'a>> {
    let data: BTreeMap<QualifiedName, (&Address, &TableData)> = database
        .data
        .tables
        .iter()
        .map(|(address, data)| (address.qualified_name(), (address, data)))
        .collect();
    let objects = database.schema.objects.keys().filter(|address| address.kind == Kind::Table);
    let objects: BTreeSet<QualifiedName> = objects.map(Address::qualified_name).collect();
    let mut tasks = Vec::new();
    for (name, (address, data)) in &data {
        let relation = relations.get(name).cloned().unwrap_or_default();
        tasks.push(Task {
            name: name.clone(),
            address: Some(address),
            expected: Rows { content: data.content, expressions: data.expressions },
            of_extension: relation.of_extension,
            partitioned: relation.partitioned,
        });
    }
    tasks.sort_by_key(|task| std::cmp::Reverse(task.expected.content.bytes));
    for name in objects.iter().filter(|name| !relations.contains_key(*name) && !data.contains_key(*name)) {
        let why = "the source differs: the table is in the backup, and not in the source now";
        report.find(Verdict::Bad, format!("table {name}"), None, why);
    }
    for (name, relation) in relations {
        let elsewhere = relation.ancestors.iter().any(|above| data.contains_key(above));
        if data.contains_key(name) || elsewhere || relation.of_extension {
            continue;
        }
        if !objects.is_empty() && !objects.contains(name) {
            let why = "the source differs: the table is in the source now, and not in the backup";
            report.find(Verdict::Bad, format!("table {name}"), None, why);
        } else if !relation.partitioned && !data.is_empty() {
            // Rows written as `INSERT` leave no trace of a table that has none.
            let (name, expected) = (name.clone(), Rows::default());
            tasks.push(Task { name, address: None, expected, of_extension: false, partitioned: false });
        }
    }
    if data.is_empty() {
        report.notes.push("the backup holds no rows: those of the source were not counted".to_owned());
    }
    tasks
}

/// Compares the values of sequences; returns how many.
fn sequences(client: &mut Client, database: &Database, report: &mut Report) -> Result<usize, Error> {
    let statements = database.data.statements.iter();
    let mut compared = 0;
    for statement in statements.filter(|statement| statement.form == DataForm::SequenceValue) {
        client.execute(b"SAVEPOINT sequence_of_backup")?;
        let (verdict, why) = match rows::value_at(client, &statement.address) {
            Ok(actual) => {
                compared += 1;
                let expected = rows::value_of_sequence(&statement.text);
                if actual == expected {
                    continue;
                }
                (Verdict::Bad, format!("the source differs: backup {expected}, source now {actual}"))
            }
            Err(Error::Server(error)) => {
                client.execute(b"ROLLBACK TO SAVEPOINT sequence_of_backup")?;
                (Verdict::Unclear, format!("cannot be read at the source: {error}"))
            }
            Err(error) => return Err(error),
        };
        report.find(verdict, format!("value of {}", statement.address), None, why);
    }
    Ok(compared)
}

/// Compares the number of large objects; returns how many the source has.
fn large_objects(client: &mut Client, database: &Database, report: &mut Report) -> Result<String, Error> {
    let rows = client.query(b"SELECT pg_catalog.count(*) FROM pg_catalog.pg_largeobject_metadata")?;
    let actual = rows.first().and_then(|row| row.first()?.clone()).unwrap_or_default();
    let actual = String::from_utf8_lossy(&actual).into_owned();
    let expected = database.data.large_objects.len().to_string();
    if actual != expected {
        let why = format!("the source differs: backup {expected}, source now {actual}");
        report.find(Verdict::Bad, "number of large objects", None, why);
    }
    Ok(actual)
}
