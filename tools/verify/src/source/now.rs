//! The backup, compared with what its source holds now.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::anyhow;
use cli::{Failure, Progress};
use connect::{Client, Environment, Error, Parameters, Prompt};
use dump::{Address, Content, DataForm, Database, Dump, Kind, Name, QualifiedName, TableData};
use live::{Relation, RelationKind, SequenceValue, Snapshot};
use restore::{DatabasePlan, Plan};

use crate::check::{rows, zone};
use crate::input::Backup;
use crate::restoring::{pinned, row_bytes};
use crate::verdict::{Report, Rows, Verdict};

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
        parameters.connect(prompt)?;
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
            let to = pinned(to, &database.schema.encoding);
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
        let mut snapshot = Snapshot::export(to)?;
        let relations = live::relations(snapshot.client())?;
        let mut taken =
            database.data.tables.keys().filter_map(|address| relations.get(&address.qualified_name()));
        if taken.any(foreign) {
            snapshot.read_foreign_tables()?;
        }
        let tasks = tasks(database, &relations, report);
        let columns = rows::columns(plan);
        let found = self.read(to, &snapshot, &tasks, &columns)?;
        let mut open = Vec::new();
        for (at, (task, found)) in tasks.iter().zip(&found).enumerate() {
            if judge(task, found, report) == Judged::OtherContent {
                open.push(at);
            }
        }
        self.by_other_settings(to, &mut snapshot, backup, database, (&tasks, open), &columns, report)?;
        let sequences = sequences(&mut snapshot, database, report)?;
        let objects = large_objects(snapshot.client(), database, report)?;
        let read = found.iter().filter(|found| matches!(found, Found::Content(_))).count();
        let content = if self.content { format!(", the content of {read}") } else { String::new() };
        report.compared.push(format!(
            "compared with what the source holds now ({to}, {}): rows of {} tables{content}, {sequences} sequences, \
             the number of large objects, {objects}",
            snapshot.begin(),
            found.iter().filter(|found| !matches!(found, Found::Refused(_))).count(),
        ));
        Ok(())
    }

    /// Reads tables over several connections.
    fn read(
        &self,
        to: &Parameters,
        snapshot: &Snapshot,
        tasks: &[Task<'_>],
        columns: &BTreeMap<Address, Vec<Name>>,
    ) -> Result<Vec<Found>, Error> {
        let look = |client: &mut Client, task: &Task<'_>| self.look(client, task, columns);
        let found = snapshot.attempt_by(to, self.jobs, tasks, &look)?;
        Ok(found.into_iter().map(|found| found.unwrap_or_else(Found::Refused)).collect())
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
        live::count(client, &task.name, task.partitioned, "").map(Found::Count)
    }

    /// Compares again under the settings that the backup may have been taken with: zones, and the form of `bytea`. Tells of what
    /// differs under all of them.
    #[allow(clippy::too_many_arguments, reason = "what one comparison needs")]
    fn by_other_settings(
        &self,
        to: &Parameters,
        snapshot: &mut Snapshot,
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
        let mut settings = zone::candidates(backup, database.name.as_ref(), &addresses, to)?
            .iter()
            .map(|zone| to.clone().with_setting("TimeZone", zone))
            .collect::<Vec<_>>();
        if addresses
            .iter()
            .map(|address| has_bytea(snapshot, address))
            .collect::<Result<Vec<_>, _>>()?
            .contains(&true)
        {
            let escaped = |to: &Parameters| to.clone().with_setting("bytea_output", "escape");
            settings.extend(std::iter::once(to).chain(&settings).map(escaped).collect::<Vec<_>>());
        }
        for to in settings {
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
        if data.unread {
            report.find(Verdict::Unclear, format!("table {name}"), None, rows::UNREAD);
            continue;
        }
        tasks.push(Task {
            name: name.clone(),
            address: Some(address),
            expected: Rows { content: data.content, expressions: data.expressions },
            of_extension: relation.of_extension,
            partitioned: relation.kind == RelationKind::PartitionedTable,
        });
    }
    tasks.sort_by_key(|task| std::cmp::Reverse(task.expected.content.bytes));
    for name in objects.iter().filter(|name| !relations.contains_key(*name) && !data.contains_key(*name)) {
        let why = "the source differs: the table is in the backup, and not in the source now";
        report.find(Verdict::Bad, format!("table {name}"), None, why);
    }
    for (name, relation) in relations {
        let elsewhere = relation.ancestors.iter().any(|above| data.contains_key(above));
        if data.contains_key(name) || elsewhere || relation.of_extension || foreign(relation) {
            continue;
        }
        if !objects.is_empty() && !objects.contains(name) {
            let why = "the source differs: the table is in the source now, and not in the backup";
            report.find(Verdict::Bad, format!("table {name}"), None, why);
        } else if relation.kind == RelationKind::Table && !data.is_empty() {
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
fn sequences(snapshot: &mut Snapshot, database: &Database, report: &mut Report) -> Result<usize, Error> {
    let statements = database.data.statements.iter();
    let mut compared = 0;
    for statement in statements.filter(|statement| statement.form == DataForm::SequenceValue) {
        let name = statement.address.qualified_name();
        let (verdict, why) = match snapshot.attempt(|client| SequenceValue::read(client, &name))? {
            Ok(actual) => {
                compared += 1;
                let (actual, expected) = (actual.to_string(), rows::value_of_sequence(&statement.text));
                if actual == expected {
                    continue;
                }
                (Verdict::Bad, format!("the source differs: backup {expected}, source now {actual}"))
            }
            Err(error) => (Verdict::Unclear, format!("cannot be read at the source: {error}")),
        };
        report.find(verdict, format!("value of {}", statement.address), None, why);
    }
    Ok(compared)
}

/// Says whether a table has a column of type `bytea`, which pg_dump writes as its session's settings say.
fn has_bytea(snapshot: &mut Snapshot, address: &Address) -> Result<bool, Error> {
    let sql = [
        b"SELECT FROM pg_catalog.pg_attribute a WHERE a.attrelid OPERATOR(pg_catalog.=)",
        &*live::literal(&address.qualified_name().to_sql()),
        b"::pg_catalog.regclass::pg_catalog.oid AND a.atttypid OPERATOR(pg_catalog.=) \
          'pg_catalog.bytea'::pg_catalog.regtype::pg_catalog.oid AND NOT a.attisdropped",
    ]
    .concat();
    let found = snapshot.attempt(|client| client.query(&sql))?;
    Ok(found.is_ok_and(|rows| !rows.is_empty()))
}

/// Whether its rows are elsewhere: no backup has them unless it was asked for.
fn foreign(relation: &Relation) -> bool {
    relation.kind == RelationKind::ForeignTable
}

/// Compares the number of large objects; returns how many the source has.
fn large_objects(client: &mut Client, database: &Database, report: &mut Report) -> Result<String, Error> {
    let actual = live::large_objects(client)?.len().to_string();
    let expected = database.data.large_objects.len().to_string();
    if actual != expected {
        let why = format!("the source differs: backup {expected}, source now {actual}");
        report.find(Verdict::Bad, "number of large objects", None, why);
    }
    Ok(actual)
}
