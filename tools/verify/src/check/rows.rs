//! What was restored, compared with the backup: tables, sequences, large objects.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use cli::{Failure, Progress};
use connect::{Client, Error, Parameters};
use dump::{Address, ByteHasher, Content, DataForm, Name, TableData};
use restore::{Judgement, Work};

use crate::check::zone;
use crate::restoring::Restored;
use crate::verdict::{Report, Rows, Table, Verdict};

/// What the content of a table is said to be that has all its rows, and others than the backup.
const DIFFERS: &str = "the content of the rows differs";

/// Compares every table by count and content, several at once, the longest first.
///
/// The inner error says that the connection to the server is lost.
///
/// # Errors
/// When the backup cannot be read again.
pub fn tables(restored: &Restored<'_>, report: &mut Report) -> Result<Result<(), Error>, Failure> {
    let mut tables: Vec<(&Address, &TableData)> = restored.database.data.tables.iter().collect();
    tables.sort_by_key(|(_, data)| std::cmp::Reverse(data.content.bytes));
    let mut found = match all(restored, &restored.admin, &tables) {
        Ok(found) => found,
        Err(error) => return Ok(Err(error)),
    };
    // Rows with points in time differ as well where the backup was taken in another time zone.
    let differs = |table: &Table| table.verdict == Verdict::Bad && table.why == DIFFERS;
    let open: Vec<usize> = (0..found.len()).filter(|at| differs(&found[*at])).collect();
    if !open.is_empty() {
        let again: Vec<_> = open.iter().map(|at| tables[*at]).collect();
        let addresses = again.iter().map(|(address, _)| (*address).clone()).collect();
        let database = restored.database.name.as_ref();
        for name in zone::candidates(restored.backup, database, &addresses, &restored.admin)? {
            let admin = restored.admin.clone().with_setting("TimeZone", &name);
            let compared = match all(restored, &admin, &again) {
                Ok(compared) => compared,
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

/// Compares tables over several connections.
fn all(
    restored: &Restored<'_>,
    admin: &Parameters,
    tables: &[(&Address, &TableData)],
) -> Result<Vec<Table>, Error> {
    let columns = columns(restored);
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<(usize, Table)>> = Mutex::new(Vec::new());
    let work = || -> Result<(), Error> {
        let mut client = Client::connect(admin)?;
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some((address, data)) = tables.get(at) else { return Ok(()) };
            let table = table(&mut client, restored, address, data, columns.get(*address))?;
            done.lock().unwrap_or_else(|poison| poison.into_inner()).push((at, table));
        }
    };
    let threads = restored.jobs.clamp(1, tables.len().max(1));
    let results: Vec<Result<(), Error>> = thread::scope(|scope| {
        let started: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let panicked = |_| Err(Error::Lost(std::io::Error::other("a thread panicked")));
        started.into_iter().map(|thread| thread.join().unwrap_or_else(panicked)).collect()
    });
    results.into_iter().collect::<Result<(), Error>>()?;
    let mut done = done.into_inner().unwrap_or_else(|poison| poison.into_inner());
    done.sort_by_key(|(at, _)| *at);
    Ok(done.into_iter().map(|(_, table)| table).collect())
}

/// The columns that the backup's COPY statements name.
fn columns(restored: &Restored<'_>) -> BTreeMap<Address, Vec<Name>> {
    let rows = restored.plan.steps.iter().filter_map(|step| match &step.work {
        Work::Rows(rows) => Some((rows.table.clone()?, dump::names_in_parentheses(rows.copy.as_ref()?)?)),
        Work::Statement(_) => None,
    });
    rows.collect()
}

fn table(
    client: &mut Client,
    restored: &Restored<'_>,
    address: &Address,
    data: &TableData,
    columns: Option<&Vec<Name>>,
) -> Result<Table, Error> {
    let expected = Rows { content: data.content, expressions: data.expressions };
    let mut table = Table {
        database: restored.name.clone(),
        name: address.qualified_name().to_string(),
        expected,
        actual: None,
        loaded_in: load_time(restored, address),
        compared_in: None,
        verdict: Verdict::Bad,
        why: String::new(),
    };
    let begin = Instant::now();
    let content = content(client, address, columns, &restored.progress);
    table.compared_in = Some(begin.elapsed());
    let actual = match content {
        Ok(actual) => actual,
        Err(Error::Server(error)) => {
            (table.verdict, table.why) = excuse(restored, address, &error.to_string());
            return Ok(table);
        }
        Err(error) => return Err(error),
    };
    table.actual = Some(Rows { content: actual, expressions: 0 });
    let differs = match () {
        () if actual.rows != expected.count() => "the number of rows differs",
        () if expected.expressions > 0 => {
            table.verdict = Verdict::Unclear;
            table.why = "rows written as expressions: only their number was compared".to_owned();
            return Ok(table);
        }
        () if actual != expected.content => DIFFERS,
        () => {
            table.verdict = Verdict::Verified;
            return Ok(table);
        }
    };
    (table.verdict, table.why) = excuse(restored, address, differs);
    Ok(table)
}

/// How long the rows of a table took to be restored, which may stand in several places.
fn load_time(restored: &Restored<'_>, address: &Address) -> Option<Duration> {
    let of_table = |step: &usize| restored.plan.steps[*step].subject.address.as_ref() == Some(address);
    let times = restored.loads.iter().filter(|(step, _)| of_table(step)).map(|(_, time)| *time);
    times.reduce(|sum, time| sum + time)
}

/// The count and hash of what the server holds.
fn content(
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
        let name = statement.address.qualified_name();
        // SELECT pg_catalog.setval('s.q', 3, true);
        let text = String::from_utf8_lossy(&statement.text).into_owned();
        let mut arguments = text.trim_end().trim_end_matches(';').trim_end_matches(')').rsplit(", ");
        let called = arguments.next().unwrap_or_default().to_owned();
        let expected = format!("{}, {called}", arguments.next().unwrap_or_default());
        let sql = [b"SELECT last_value, is_called FROM ", &*name.to_sql()].concat();
        let actual = match client.query(&sql) {
            Ok(rows) => {
                let value = |at: usize| rows.first().and_then(|row| row.get(at)?.clone()).unwrap_or_default();
                let called = if value(1) == b"t" { "true" } else { "false" };
                format!("{}, {called}", String::from_utf8_lossy(&value(0)))
            }
            Err(Error::Server(error)) => error.to_string(),
            Err(error) => return Err(error),
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
