//! Every row of the backup looked at without a server: its columns and its encoding.

use std::collections::BTreeMap;
use std::io;

use cli::{Failure, Progress};
use dump::{Address, DataSink, Dump, Name, Want};

use crate::check::rows;
use crate::input::{Backup, damage};
use crate::verdict::{Report, Rows, Table, Verdict};

/// Checks the rows, and puts the tables into the report.
///
/// # Errors
/// When the backup cannot be read any more.
pub fn check(backup: &Backup, dump: &Dump, progress: &Progress, report: &mut Report) -> Result<(), Failure> {
    let utf8 = |encoding: &str| encoding.is_empty() || encoding.eq_ignore_ascii_case("UTF8");
    let encodings = dump.databases.iter().map(|database| database.schema.encoding.as_str());
    let mut lines = Lines::new(encodings.clone().all(utf8), progress);
    if !lines.utf8 {
        let names: Vec<&str> = encodings.filter(|name| !utf8(name)).collect();
        report.notes.push(format!("not checked, only UTF8 is: encoding of the rows: {}", names.join(", ")));
    }
    if let Err(failure) = backup.read_rows(&mut lines) {
        damage(failure, report)?;
    }
    for database in &dump.databases {
        for (address, data) in &database.data.tables {
            let key = (database.name.clone(), address.clone());
            let unread = rows::UNREAD.to_owned();
            let (verdict, why) = match lines.faults.get(&key) {
                _ if data.unread => (Verdict::Unclear, unread),
                Some(fault) => (Verdict::Bad, fault.clone()),
                None => (Verdict::Verified, String::new()),
            };
            report.tables.push(Table {
                database: database.name.as_ref().filter(|_| dump.databases.len() > 1).map(Name::to_string),
                name: address.qualified_name().to_string(),
                expected: Rows { content: data.content, expressions: data.expressions },
                actual: None,
                loaded_in: None,
                compared_in: None,
                verdict,
                why,
            });
        }
    }
    report
        .notes
        .push("the file alone was checked; whether it restores was not (`--level restore`)".to_owned());
    Ok(())
}

/// Looks at each row; keeps the first fault of a table.
struct Lines<'p> {
    progress: &'p Progress,
    utf8: bool,
    database: Option<Name>,
    table: Option<Address>,
    columns: Option<usize>,
    row: u64,
    faults: BTreeMap<(Option<Name>, Address), String>,
}

impl DataSink for Lines<'_> {
    fn wants(&mut self, database: Option<&Name>, _: &Address) -> Want {
        self.database = database.cloned();
        Want::Rows
    }

    fn begin(&mut self, relation: &Address, columns: Option<&[Name]>) -> io::Result<()> {
        self.table = Some(relation.clone());
        self.columns = columns.map(<[Name]>::len);
        self.row = 0;
        Ok(())
    }

    fn rows(&mut self, lines: &[u8]) -> io::Result<()> {
        self.progress.add(lines.len() as u64);
        let valid = !self.utf8 || std::str::from_utf8(lines).is_ok();
        let zero = memchr::memchr(0, lines).is_some();
        for line in lines.split_inclusive(|byte| *byte == b'\n') {
            self.row += 1;
            let line = line.strip_suffix(b"\n").unwrap_or(line);
            // The list of columns is empty for a table without any, whose rows are empty lines.
            let found =
                if line.is_empty() { 1 } else { 1 + line.iter().filter(|byte| **byte == b'\t').count() };
            match self.columns {
                Some(columns) if columns.max(1) != found => {
                    self.fault(format!("row {}: {found} columns instead of {columns}", self.row));
                }
                _ => {}
            }
            if !valid && std::str::from_utf8(line).is_err() {
                self.fault(format!("row {}: not UTF-8", self.row));
            }
            // No text of PostgreSQL can hold it, in any encoding.
            if zero && line.contains(&0) {
                self.fault(format!("row {}: a zero byte", self.row));
            }
        }
        Ok(())
    }
}

impl<'p> Lines<'p> {
    fn new(utf8: bool, progress: &'p Progress) -> Lines<'p> {
        let faults = BTreeMap::new();
        Lines { progress, utf8, database: None, table: None, columns: None, row: 0, faults }
    }

    fn fault(&mut self, what: String) {
        if let Some(table) = &self.table {
            self.faults.entry((self.database.clone(), table.clone())).or_insert(what);
        }
    }
}
