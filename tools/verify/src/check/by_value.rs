//! Rows that are written otherwise than the server prints them, compared by what they mean.

use std::collections::{BTreeMap, BTreeSet};

use connect::{Client, ServerError};
use dump::{Address, Name, TableData};
use restore::{ByValue, Error, Printed};

use crate::check::rows;
use crate::restoring::Restored;
use crate::verdict::{Report, Rows, Table, Verdict};

/// Compares tables again whose text differs, and changes their verdict if the values do not; `open` are their places in both
/// lists.
///
/// # Errors
/// When the connection to the server is lost, or the backup cannot be read again.
pub fn compare(
    restored: &Restored<'_>,
    tables: &[(&Address, &TableData)],
    columns: &BTreeMap<Address, Vec<Name>>,
    open: &[usize],
    found: &mut [Table],
    report: &mut Report,
) -> Result<(), Error> {
    if open.is_empty() {
        return Ok(());
    }
    let how =
        ByValue { restorer: restored.restorer.clone(), reader: restored.reader.clone(), jobs: restored.jobs };
    let addresses: BTreeSet<&Address> = open.iter().map(|at| tables[*at].0).collect();
    let printed = how.read(restored.plan, restored.source, &addresses)?;
    let mut client = Client::connect(&restored.reader)?;
    let mut verified = 0;
    for at in open {
        let (address, table) = (tables[*at].0, &mut found[*at]);
        let read = table.actual.and_then(|Rows { content, .. }| Some((columns.get(address)?, content)));
        let mut restored_rows = |named: &Vec<Name>| match read {
            Some((known, content)) if known == named => Ok(content),
            _ => rows::content(&mut client, address, Some(named), &restored.progress),
        };
        match printed.get(address).map(|printed| printed.as_ref().map(alone)) {
            Some(Ok(Some((named, content)))) => match restored_rows(named) {
                Ok(actual) if actual == *content => {
                    (table.verdict, table.why) = (Verdict::Verified, String::new());
                    verified += 1;
                }
                Ok(_) | Err(connect::Error::Server(_)) => {}
                Err(error) => return Err(error.into()),
            },
            Some(Ok(None)) => {
                table.verdict = Verdict::Unclear;
                table.why = "statements give a value to other columns than others do, or to none: only the number of \
                             rows was compared"
                    .to_owned();
            }
            Some(Err(error)) if !is_of_values(error) => {
                table.verdict = Verdict::Unclear;
                table.why =
                    format!("rows are written in another form, and could not be compared by value: {error}");
            }
            Some(Err(_)) | None => {}
        }
    }
    if verified > 0 {
        report.notes.push(format!(
            "tables compared by value, as values are written in another form than this server's: {verified}"
        ));
    }
    Ok(())
}

/// The columns and the content of rows that all give a value to the same ones.
fn alone(printed: &Printed) -> Option<(&Vec<Name>, &dump::Content)> {
    let mut all = printed.iter();
    let first = all.next().filter(|(named, _)| !named.is_empty())?;
    all.next().is_none().then_some(first)
}

/// Says whether an error is about the rows: what was restored is not of the kind that the backup loads any more.
fn is_of_values(error: &ServerError) -> bool {
    const NOT_ALLOWED: &str = "42501";
    error.code() != NOT_ALLOWED && ["22", "23", "42"].iter().any(|class| error.code().starts_with(class))
}
