//! What was restored, compared with the backup: tables, sequences, large objects.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use cli::{Failure, Progress};
use connect::{Client, Error, Parameters};
use dump::{Address, ByteHasher, Content, DataForm, Database, Name, TableData};
use restore::{DatabasePlan, Judgement, Work};

use crate::check::zone;
use crate::restoring::Restored;
use crate::verdict::{Report, Rows, Table, Verdict};

/// What the content of a table is said to be that has all its rows, and others than the backup.
const DIFFERS: &str = "the content of the rows differs";

/// What the server holds of a table, or its reason to give nothing; and how long that took.
pub struct Read {
    found: Result<Content, String>,
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
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<(usize, Read)>> = Mutex::new(Vec::new());
    let work = || -> Result<(), Error> {
        let mut client = Client::connect(to)?;
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some((address, _)) = tables.get(at) else { return Ok(()) };
            let begin = Instant::now();
            let found = match content(&mut client, address, columns.get(*address), progress) {
                Ok(content) => Ok(content),
                Err(Error::Server(error)) => Err(error.to_string()),
                Err(error) => return Err(error),
            };
            let read = Read { found, time: begin.elapsed() };
            done.lock().unwrap_or_else(|poison| poison.into_inner()).push((at, read));
        }
    };
    let threads = jobs.clamp(1, tables.len().max(1));
    let results: Vec<Result<(), Error>> = thread::scope(|scope| {
        let started: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let panicked = |_| Err(Error::Lost(std::io::Error::other("a thread panicked")));
        started.into_iter().map(|thread| thread.join().unwrap_or_else(panicked)).collect()
    });
    results.into_iter().collect::<Result<(), Error>>()?;
    let mut done = done.into_inner().unwrap_or_else(|poison| poison.into_inner());
    done.sort_by_key(|(at, _)| *at);
    Ok(done.into_iter().map(|(_, read)| read).collect())
}

/// Compares every table by count and content; `early` is what was read of them, the longest first, while the restore went
/// on.
///
/// The inner error says that the connection to the server is lost.
///
/// # Errors
/// When the backup cannot be read again.
pub fn tables(
    restored: &Restored<'_>,
    early: Option<Vec<Read>>,
    report: &mut Report,
) -> Result<Result<(), Error>, Failure> {
    let tables = longest_first(restored.database);
    let columns = columns(restored.plan);
    let all = |to: &Parameters, tables: &[(&Address, &TableData)]| {
        read(to, restored.jobs, tables, &columns, &restored.progress)
    };
    let judged = |tables: &[(&Address, &TableData)], read: Vec<Read>| -> Vec<Table> {
        tables.iter().zip(read).map(|((address, data), read)| table(restored, address, data, read)).collect()
    };
    let read = match early.map_or_else(|| all(&restored.admin, &tables), Ok) {
        Ok(read) => read,
        Err(error) => return Ok(Err(error)),
    };
    let mut found = judged(&tables, read);
    // Rows with points in time differ as well where the backup was taken in another time zone.
    let differs = |table: &Table| table.verdict == Verdict::Bad && table.why == DIFFERS;
    let open: Vec<usize> = (0..found.len()).filter(|at| differs(&found[*at])).collect();
    if !open.is_empty() {
        let again: Vec<_> = open.iter().map(|at| tables[*at]).collect();
        let addresses = again.iter().map(|(address, _)| (*address).clone()).collect();
        let database = restored.database.name.as_ref();
        for name in zone::candidates(restored.backup, database, &addresses, &restored.admin)? {
            let admin = restored.admin.clone().with_setting("TimeZone", &name);
            let compared = match all(&admin, &again) {
                Ok(read) => judged(&again, read),
                Err(error) => return Ok(Err(error)),
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
    }
    report.tables.extend(found);
    Ok(Ok(()))
}

/// The columns that the backup's COPY statements name.
pub fn columns(plan: &DatabasePlan) -> BTreeMap<Address, Vec<Name>> {
    let rows = plan.steps.iter().filter_map(|step| match &step.work {
        Work::Rows(rows) => Some((rows.table.clone()?, dump::names_in_parentheses(rows.copy.as_ref()?)?)),
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
        loaded_in: load_time(restored, address),
        compared_in: Some(read.time),
        verdict: Verdict::Bad,
        why: String::new(),
    };
    let actual = match read.found {
        Ok(actual) => actual,
        Err(why) => {
            (table.verdict, table.why) = excuse(restored, address, &why);
            return table;
        }
    };
    table.actual = Some(Rows { content: actual, expressions: 0 });
    let differs = match () {
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
    table
}

/// How long the rows of a table took to be restored, which may stand in several places.
fn load_time(restored: &Restored<'_>, address: &Address) -> Option<Duration> {
    let of_table = |step: &usize| restored.plan.steps[*step].subject.address.as_ref() == Some(address);
    let times = restored.loads.iter().filter(|(step, _)| of_table(step)).map(|(_, time)| *time);
    times.reduce(|sum, time| sum + time)
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
    let table = address.qualified_name().to_sql();
    let list = columns.map(|columns| columns.iter().map(Name::to_sql).collect::<Vec<_>>().join(&b", "[..]));
    // The rows of a partitioned table, which a backup may load through it, are its partitions'.
    let kind = client.query(
        &[
            b"SELECT relkind FROM pg_catalog.pg_class WHERE oid = ",
            &*literal(&table),
            b"::pg_catalog.regclass",
        ]
        .concat(),
    )?;
    let partitioned = kind.first().and_then(|row| row.first()?.as_deref()) == Some(b"p");
    let sql = match (partitioned, list) {
        (true, list) => {
            let list = list.unwrap_or_else(|| b"*".to_vec());
            [b"COPY (SELECT ", &*list, b" FROM ", &*table, b") TO STDOUT"].concat()
        }
        (false, Some(list)) if !list.is_empty() => {
            [b"COPY ", &*table, b" (", &*list, b") TO STDOUT"].concat()
        }
        (false, _) => [b"COPY ", &*table, b" TO STDOUT"].concat(),
    };
    let mut content = Content::default();
    client.copy_out(&sql, &mut |row| {
        content.add_lines(row);
        progress.add(row.len() as u64);
    })?;
    Ok(content)
}

/// Finds what excuses a table that is not what it should be: something failed that does not tell against the backup.
fn excuse(restored: &Restored<'_>, address: &Address, why: &str) -> (Verdict, String) {
    // What made or loads it.
    let concerns = |failure: &&restore::Failure| {
        let subject = &restored.plan.steps[failure.step].subject;
        subject.address.as_ref() == Some(address) && failure.cause.judgement() == Judgement::Unclear
    };
    match restored.failures.iter().find(concerns) {
        Some(failure) => (Verdict::Unclear, failure.cause.to_string()),
        None => (Verdict::Bad, why.to_owned()),
    }
}

/// Text as a literal of SQL, whatever `standard_conforming_strings` says.
pub fn literal(text: &[u8]) -> Vec<u8> {
    let mut sql = b" E'".to_vec();
    for byte in text {
        if matches!(byte, b'\'' | b'\\') {
            sql.push(*byte);
        }
        sql.push(*byte);
    }
    sql.push(b'\'');
    sql
}

/// The value that a backup sets, as `3, true`, out of `SELECT pg_catalog.setval('s.q', 3, true);`.
pub fn value_of_sequence(statement: &[u8]) -> String {
    let text = String::from_utf8_lossy(statement).into_owned();
    let mut arguments = text.trim_end().trim_end_matches(';').trim_end_matches(')').rsplit(", ");
    let called = arguments.next().unwrap_or_default().to_owned();
    format!("{}, {called}", arguments.next().unwrap_or_default())
}

/// The value that a sequence has on a server, written alike.
///
/// # Errors
/// When the server refuses, or the connection to it is lost.
pub fn value_at(client: &mut Client, sequence: &Address) -> Result<String, Error> {
    let sql = [b"SELECT last_value, is_called FROM ", &*sequence.qualified_name().to_sql()].concat();
    let rows = client.query(&sql)?;
    let value = |at: usize| rows.first().and_then(|row| row.get(at)?.clone()).unwrap_or_default();
    let called = if value(1) == b"t" { "true" } else { "false" };
    Ok(format!("{}, {called}", String::from_utf8_lossy(&value(0))))
}

/// Compares the values of sequences.
///
/// # Errors
/// When the connection to the server is lost.
pub fn sequences(restored: &Restored<'_>, report: &mut Report) -> Result<(), Error> {
    let statements = &restored.database.data.statements;
    let values = statements.iter().filter(|statement| statement.form == DataForm::SequenceValue);
    let mut client = Client::connect(&restored.admin)?;
    let mut checked = 0;
    for statement in values {
        let expected = value_of_sequence(&statement.text);
        let actual = match value_at(&mut client, &statement.address) {
            Err(Error::Server(error)) => error.to_string(),
            result => result?,
        };
        checked += 1;
        if actual != expected {
            let (verdict, why) = excuse(restored, &statement.address, "");
            let why = if why.is_empty() { format!("expected {expected}; actual {actual}") } else { why };
            report.find(verdict, format!("value of {}", statement.address), None, why);
        }
    }
    report.checked.push(("sequence values".to_owned(), checked));
    Ok(())
}

/// Compares the large objects by length and content.
///
/// # Errors
/// When the connection to the server is lost.
pub fn large_objects(restored: &Restored<'_>, report: &mut Report) -> Result<(), Error> {
    let expected = &restored.database.data.large_objects;
    let mut client = Client::connect(&restored.admin)?;
    let there = client.query(b"SELECT oid FROM pg_catalog.pg_largeobject_metadata")?;
    if there.len() != expected.len() {
        let why = format!("expected {}; actual {}", expected.len(), there.len());
        report.find(Verdict::Bad, "number of large objects", None, why);
    }
    for (number, object) in expected {
        let sql = format!(
            "COPY (SELECT pg_catalog.lo_get({number}, start, 262144) FROM pg_catalog.generate_series(0, \
             (SELECT coalesce(max(pageno), -1)::bigint * 2048 + 2047 FROM pg_catalog.pg_largeobject WHERE loid = {number}), \
             262144) AS start) TO STDOUT"
        );
        let mut hasher = ByteHasher::default();
        let copied = client.copy_out(sql.as_bytes(), &mut |line| hasher.add(&unhexed(line)));
        let (len, hash) = hasher.finish();
        let why = match (copied, object.content) {
            (Ok(()), Some(content)) if content == (len, hash) => continue,
            (Ok(()), Some((expected, _))) if expected == len => "the content differs".to_owned(),
            (Ok(()), Some((expected, _))) => format!("expected {expected} bytes; actual {len} bytes"),
            // The backup has no data of it, as one of the schema only.
            (Ok(()), None) if len == 0 => continue,
            (Ok(()), None) => {
                let why = "its data is written in a way that was not understood, and not compared";
                report.find(Verdict::Unclear, format!("large object {number}"), None, why);
                continue;
            }
            (Err(Error::Server(error)), _) => error.to_string(),
            (Err(error), _) => return Err(error),
        };
        report.find(Verdict::Bad, format!("large object {number}"), None, why);
    }
    report.checked.push(("large objects".to_owned(), expected.len()));
    Ok(())
}

/// The bytes of a line of COPY that holds one `bytea`: `\\x00ff`.
fn unhexed(line: &[u8]) -> Vec<u8> {
    let digits = line.trim_ascii_end().strip_prefix(b"\\\\x").unwrap_or_default();
    let digit = |byte: u8| char::from(byte).to_digit(16).unwrap_or_default() as u8;
    digits.chunks_exact(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}
