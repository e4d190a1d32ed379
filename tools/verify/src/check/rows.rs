//! What was restored, compared with the backup: tables, sequences, large objects.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use cli::{Failure, Progress};
use connect::{Client, Error, Parameters, ServerError};
use dump::{Address, Class, Content, DataForm, Database, Name, Role, TableData};
use live::SequenceValue;
use restore::{DatabasePlan, Judgement, Work};

use crate::check::{by_value, zone};
use crate::restoring::Restored;
use crate::verdict::{Report, Rows, Table, Verdict};

/// What the content of a table is said to be that has all its rows, and others than the backup.
const DIFFERS: &str = "the content of the rows differs";

/// Why rows are no matter of comparing.
pub const UNREAD: &str = "the backup's COPY has options that were not understood: its rows were not compared";

/// What the server says to a role that may not read something.
const NOT_ALLOWED: &str = "42501";

/// What the server holds of a table, or its reason to give nothing; and how long that took.
pub struct Read {
    found: Result<Content, ServerError>,
    time: Duration,
}

/// Lists the tables that the backup holds data of, the longest first.
pub fn longest_first(database: &Database) -> Vec<(&Address, &TableData)> {
    let mut tables: Vec<(&Address, &TableData)> = database.data.tables.iter().collect();
    tables.sort_by_key(|(_, data)| std::cmp::Reverse(data.content.bytes));
    tables
}

/// Reads tables over several connections, and returns what it found in their order.
///
/// # Errors
/// When the connection to the server is lost.
pub fn read(
    to: &Parameters,
    jobs: usize,
    tables: &[(&Address, &TableData)],
    columns: &BTreeMap<Address, Vec<Name>>,
    progress: &Progress,
) -> Result<Vec<Read>, Error> {
    let connect = || live::connect(to);
    live::read(jobs, tables, &connect, &|client, (address, _)| {
        let begin = Instant::now();
        let found = match content(client, address, columns.get(*address), progress) {
            Err(Error::Server(error)) => Err(*error),
            content => Ok(content?),
        };
        Ok(Read { found, time: begin.elapsed() })
    })
}

/// Compares every table by count and content; `early` is what was read of them, the longest first, while the restore went
/// on.
///
/// The inner error says that the server cannot go on.
///
/// # Errors
/// When the backup cannot be read again.
pub fn tables(
    restored: &Restored<'_>,
    early: Option<Vec<Read>>,
    report: &mut Report,
) -> Result<Result<(), restore::Error>, Failure> {
    let tables = longest_first(restored.database);
    let columns = columns(restored.plan);
    let all = |to: &Parameters, tables: &[(&Address, &TableData)]| {
        read(to, restored.jobs, tables, &columns, &restored.progress)
    };
    let judged = |tables: &[(&Address, &TableData)], read: Vec<Read>| -> Vec<Table> {
        tables.iter().zip(read).map(|((address, data), read)| table(restored, address, data, read)).collect()
    };
    let read = match early.map_or_else(|| all(&restored.reader, &tables), Ok) {
        Ok(read) => read,
        Err(error) => return Ok(Err(error.into())),
    };
    let mut found = judged(&tables, read);
    // Rows with points in time differ as well where the backup was taken in another time zone.
    let differs = |table: &Table| table.verdict == Verdict::Bad && table.why == DIFFERS;
    let open: Vec<usize> = (0..found.len()).filter(|at| differs(&found[*at])).collect();
    if !open.is_empty() {
        let again: Vec<_> = open.iter().map(|at| tables[*at]).collect();
        let addresses = again.iter().map(|(address, _)| (*address).clone()).collect();
        let database = restored.database.name.as_ref();
        for name in zone::candidates(restored.backup, database, &addresses, &restored.reader)? {
            let reader = restored.reader.clone().with_setting("TimeZone", &name);
            let compared = match all(&reader, &again) {
                Ok(read) => judged(&again, read),
                Err(error) => return Ok(Err(error.into())),
            };
            let mut verified = 0;
            for (at, table) in open.iter().zip(compared) {
                if table.verdict == Verdict::Verified && differs(&found[*at]) {
                    found[*at] = table;
                    verified += 1;
                }
            }
            if verified > 0 {
                report
                    .notes
                    .push(format!("tables whose points in time are written as in {name}: {verified}"));
            }
            if !found.iter().any(differs) {
                break;
            }
        }
        let open: Vec<usize> = open.into_iter().filter(|at| differs(&found[*at])).collect();
        match by_value::compare(restored, &tables, &columns, &open, &mut found, report) {
            Ok(()) => {}
            Err(error @ (restore::Error::Connection(_) | restore::Error::DiskFull(_))) => {
                return Ok(Err(error));
            }
            Err(error) => return Err(error.into()),
        }
    }
    report.tables.extend(found);
    Ok(Ok(()))
}

/// The columns that the backup's COPY statements name.
pub fn columns(plan: &DatabasePlan) -> BTreeMap<Address, Vec<Name>> {
    let rows = plan.steps.iter().filter_map(|step| match &step.work {
        Work::Rows(rows) => Some((rows.table.clone()?, dump::copy_columns(rows.copy.as_ref()?)?)),
        Work::Statement(_) => None,
    });
    rows.collect()
}

/// Compares a table with the backup.
fn table(restored: &Restored<'_>, address: &Address, data: &TableData, read: Read) -> Table {
    let expected = Rows { content: data.content, expressions: data.expressions };
    let mut table = Table {
        database: restored.name.clone(),
        name: address.qualified_name().to_string(),
        expected,
        actual: None,
        loaded_in: restored.loads.get(address).copied(),
        compared_in: Some(read.time),
        verdict: Verdict::Bad,
        why: String::new(),
    };
    let actual = match read.found {
        Ok(actual) => actual,
        Err(error) => {
            (table.verdict, table.why) = excuse(restored, address, &error.to_string());
            // No fault of the backup, which may well say who may read it.
            if error.code() == NOT_ALLOWED {
                table.verdict = Verdict::Unclear;
            }
            return table;
        }
    };
    table.actual = Some(Rows { content: actual, expressions: 0 });
    if data.unread {
        table.verdict = Verdict::Unclear;
        table.why = UNREAD.to_owned();
        return table;
    }
    let differs = match () {
        () if data.queries > 0 && actual.rows >= expected.count() => {
            table.verdict = Verdict::Unclear;
            table.why =
                "rows come of a query (`INSERT … SELECT`): what they are is not in the backup".to_owned();
            return table;
        }
        () if actual.rows != expected.count() => "the number of rows differs",
        () if expected.expressions > 0 => {
            table.verdict = Verdict::Unclear;
            table.why = "rows written as expressions: only their number was compared".to_owned();
            return table;
        }
        () if actual != expected.content => DIFFERS,
        () => {
            table.verdict = Verdict::Verified;
            return table;
        }
    };
    (table.verdict, table.why) = excuse(restored, address, differs);
    if let Some(why) = fired(restored).filter(|_| table.verdict == Verdict::Bad) {
        (table.verdict, table.why) = (Verdict::Unclear, why);
    }
    table
}

/// Reads the count and hash of what the server holds.
///
/// # Errors
/// When the server refuses, or the connection to it is lost.
pub fn content(
    client: &mut Client,
    address: &Address,
    columns: Option<&Vec<Name>>,
    progress: &Progress,
) -> Result<Content, Error> {
    let columns = columns.map(Vec::as_slice);
    live::content(client, &address.qualified_name(), columns, &|bytes| progress.add(bytes))
}

/// Finds what excuses a table that is not what it should be: something failed that does not tell against the backup.
fn excuse(restored: &Restored<'_>, address: &Address, why: &str) -> (Verdict, String) {
    // What made or loads it.
    // A statement may call something a table that is a foreign one.
    let same = |failure: &&restore::Failure| {
        let subject = restored.plan.steps[failure.step].subject.address.as_ref();
        subject.is_some_and(|subject| {
            subject.qualified_name() == address.qualified_name() && subject.parent == address.parent
        }) && failure.cause.judgement() == Judgement::Unclear
    };
    let failed = &restored.failed;
    let found = failed
        .excuse(address)
        .or_else(|| failed.near([&address.name, &address.name], address).find(same))
        .or_else(|| failed.for_want_of(&address.qualified_name()));
    match found {
        Some(failure) => (Verdict::Unclear, failure.cause.to_string()),
        None => (Verdict::Bad, why.to_owned()),
    }
}

/// Finds what excuses rows that are others than the backup's although nothing failed: triggers of the backup may have changed
/// them, where they could not be switched off.
fn fired(restored: &Restored<'_>) -> Option<String> {
    let mut settings = restored.settings.iter();
    let setting = settings.find(|setting| setting.name == "session_replication_role")?;
    Some(format!("{}: {}", setting.error.message(), setting.cause))
}

/// The value that a statement of a dump sets, in words.
pub fn value_of_sequence(statement: &[u8]) -> String {
    SequenceValue::of_statement(statement).map_or_else(
        || format!("what is not understood: {}", String::from_utf8_lossy(statement)),
        |value| value.to_string(),
    )
}

/// Compares the values of sequences.
///
/// # Errors
/// When the connection to the server is lost.
pub fn sequences(restored: &Restored<'_>, report: &mut Report) -> Result<(), Error> {
    let statements = &restored.database.data.statements;
    // Of several values the last one stays.
    let values: BTreeMap<&Address, &dump::DataStatement> = statements
        .iter()
        .filter(|statement| statement.form == DataForm::SequenceValue)
        .map(|statement| (&statement.address, statement))
        .collect();
    let mut client = Client::connect(&restored.reader)?;
    let mut checked = 0;
    for statement in values.into_values() {
        let Some(expected) = SequenceValue::of_statement(&statement.text) else {
            let text = String::from_utf8_lossy(&statement.text).trim_end().to_owned();
            let why = format!("the value comes of a query, and is not in the backup: {text}");
            report.find(Verdict::Unclear, format!("value of {}", statement.address), None, why);
            continue;
        };
        let expected = expected.to_string();
        let actual = match SequenceValue::read(&mut client, &statement.address.qualified_name()) {
            Err(Error::Server(error)) if error.code() == NOT_ALLOWED => {
                report.find(
                    Verdict::Unclear,
                    format!("value of {}", statement.address),
                    None,
                    error.to_string(),
                );
                continue;
            }
            Err(Error::Server(error)) => error.to_string(),
            value => value?.to_string(),
        };
        checked += 1;
        if actual != expected {
            let why = format!("expected {expected}; actual {actual}");
            let (verdict, why) = excuse(restored, &statement.address, &why);
            // That the statement failed was told.
            if verdict == Verdict::Bad {
                report.find(verdict, format!("value of {}", statement.address), None, why);
            }
        }
    }
    report.checked.push(("sequence values".to_owned(), checked));
    Ok(())
}

/// Compares the large objects by length and content, and whether they have the comments that the backup speaks of.
///
/// # Errors
/// When the connection to the server is lost.
pub fn large_objects(restored: &Restored<'_>, report: &mut Report) -> Result<(), Error> {
    let expected = &restored.database.data.large_objects;
    let mut client = Client::connect(&restored.reader)?;
    let there = live::large_objects(&mut client)?;
    // Something else failed that does not tell against the backup, such as for data without what makes them.
    let concerns = |failure: &&restore::Failure| {
        let class = restored.plan.steps[failure.step].subject.class;
        class == Class::Data(DataForm::LargeObject) && failure.cause.judgement() == Judgement::Unclear
    };
    let excuse = restored.failures.iter().find(concerns).map(|failure| failure.cause.to_string());
    let number = format!("expected {}; actual {}", expected.len(), there.len());
    if there.len() > expected.len() {
        // Nothing is lost: something that is not understood made more.
        report.find(Verdict::Unclear, "number of large objects".to_owned(), None, number.clone());
    }
    let mut find = |what: String, why: String| match &excuse {
        Some(excuse) => report.find(Verdict::Unclear, what, None, excuse.clone()),
        None => report.find(Verdict::Bad, what, None, why),
    };
    if there.len() < expected.len() {
        find("number of large objects".to_owned(), number);
    }
    let mut unread = Vec::new();
    client.execute(b"BEGIN")?;
    for (number, object) in expected {
        client.execute(b"SAVEPOINT large_object")?;
        let read = live::large_object(&mut client, *number);
        if matches!(read, Err(Error::Server(_))) {
            client.execute(b"ROLLBACK TO SAVEPOINT large_object")?;
        }
        let why = match (read, object.content) {
            (Ok(actual), Some(content)) if content == actual => continue,
            (Ok((len, _)), Some((expected, _))) if expected == len => "the content differs".to_owned(),
            (Ok((len, _)), Some((expected, _))) => format!("expected {expected} bytes; actual {len} bytes"),
            // The backup has no data of it, as one of the schema only.
            (Ok((0, _)), None) => continue,
            (Ok(_), None) => {
                unread.push(*number);
                continue;
            }
            (Err(Error::Server(error)), _) => error.to_string(),
            (Err(error), _) => return Err(error),
        };
        find(format!("large object {number}"), why);
    }
    let with_comment = live::large_objects_with_comment(&mut client)?;
    for (number, object) in expected {
        // Canonical text: a comment is a literal, which ends in a quote.
        let commented =
            |part: &dump::Part| part.role == Role::Comment && !part.text.ends_with(b" IS NULL;\n");
        if object.parts.iter().any(commented) && with_comment.binary_search(number).is_err() {
            find(format!("comment of large object {number}"), "missing".to_owned());
        }
    }
    for number in unread {
        let why = "its data is written in a way that was not understood, and not compared";
        report.find(Verdict::Unclear, format!("large object {number}"), None, why);
    }
    report.checked.push(("large objects".to_owned(), expected.len()));
    Ok(())
}
