//! The rows of a backup once more, as the types of their columns read them and the server prints them.
//!
//! One value can be written in several ways, such as `007` or `1e0`, and servers have changed theirs. What a backup's text
//! means, its types say: the rows go into a temporary table that has the columns of the restored one and nothing else of it, no
//! default, no constraint, no trigger, and are read from there as the restored ones are. What the dump's own code made of the
//! restored rows shows as before.
//!
//! All of it is done by the role that restores. Of a table, a piece is there at a time.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::sync::{Arc, Mutex};

use connect::{Client, Parameters, ServerError};
use dump::{Address, Content, Event, Events, InsertedRows, Name, Stream};

use crate::pieces::Pieces;
use crate::plan::{DatabasePlan, Location, RowsPlan, Step, Work};
use crate::rows::Rows;
use crate::session::checked;
use crate::settings::{Settings, is_ours_to_choose};
use crate::source::{Data, Wanted, wrapped};
use crate::superuser::DEFAULT_PATH;
use crate::{Error, Source, escalation};

/// The table that rows are read into.
const TABLE: &str = "pg_temp.pgdumpkit_values";

/// How many bytes of rows are there at once.
const PIECE: u64 = 16 << 20;

/// How many bytes of statements are sent together.
const BATCH: usize = 128 << 10;

/// The first major version with generated columns.
const GENERATED: u32 = 12;

/// Rows by the columns that the statements which load them give a value, in the order of the table's.
pub type Printed = BTreeMap<Vec<Name>, Content>;

/// What reads rows by their types.
#[derive(Clone, Debug)]
pub struct ByValue {
    /// The restoring role's way into the restored database.
    pub restorer: Parameters,
    /// The same, with settings under which values are printed.
    pub reader: Parameters,
    /// How many connections work at once.
    pub jobs: usize,
}

impl ByValue {
    /// Reads the rows of tables; the inner error is the server's, who did not take them.
    ///
    /// # Errors
    /// When the server or the dump cannot be reached any more.
    pub fn read(
        &self,
        plan: &DatabasePlan,
        source: &Source,
        tables: &BTreeSet<&Address>,
    ) -> Result<BTreeMap<Address, Result<Printed, ServerError>>, Error> {
        let asked = |rows: &RowsPlan| rows.table.as_ref().is_some_and(|table| tables.contains(table));
        let steps = plan.steps.iter().enumerate().filter_map(|(step, of)| match &of.work {
            Work::Rows(rows) => asked(rows).then_some(Wanted { step, rows, rank: 0 }),
            Work::Statement(_) => None,
        });
        let steps: Vec<Wanted<'_>> = steps.collect();
        let found = Mutex::new(BTreeMap::new());
        let idle: Mutex<Vec<Session>> = Mutex::new(Vec::new());
        let visit = |data: Data<'_>, bytes: &mut dyn Read| -> Result<(), Error> {
            let Some(table) = &data.rows.table else { return Ok(()) };
            let free = idle.lock().unwrap_or_else(|poison| poison.into_inner()).pop();
            let mut session = free.map_or_else(|| Session::connect(self), Ok)?;
            let read = match session.read(&plan.steps[data.step], data.rows, table, bytes) {
                Ok(printed) => {
                    idle.lock().unwrap_or_else(|poison| poison.into_inner()).push(session);
                    Ok(printed)
                }
                // What it left behind goes with its connection.
                Err(Error::Connection(connect::Error::Server(error))) => Err(checked(*error)?),
                Err(Error::Connection(connect::Error::Input(error))) => return Err(Error::Reread(error)),
                Err(error) => return Err(error),
            };
            let mut found = found.lock().unwrap_or_else(|poison| poison.into_inner());
            let known = found.entry(table.clone()).or_insert_with(|| Ok(Printed::new()));
            match (known, read) {
                (Ok(known), Ok(printed)) => {
                    for (columns, content) in printed {
                        known.entry(columns).or_default().add(&content);
                    }
                }
                (known @ Ok(_), Err(error)) => *known = Err(error),
                (Err(_), _) => {}
            }
            Ok(())
        };
        source.visit(self.jobs, &steps, &|data, bytes| visit(data, bytes).map_err(wrapped))?;
        Ok(found.into_inner().unwrap_or_else(|poison| poison.into_inner()))
    }

    /// The statement that has values printed in the present transaction as the reader does.
    fn printing(&self) -> Vec<u8> {
        let own = |setting: &&(String, String)| !self.restorer.settings.contains(*setting);
        let mut sql = b"SET LOCAL search_path TO ''".to_vec();
        for (name, value) in self.reader.settings.iter().filter(own) {
            sql.extend_from_slice(b"; SET LOCAL ");
            sql.extend_from_slice(&Name::from(name.to_ascii_lowercase().as_str()).to_sql());
            sql.extend_from_slice(b" TO ");
            sql.extend_from_slice(&escalation::literal(value.as_bytes()));
        }
        sql
    }
}

/// A connection that reads rows.
struct Session {
    client: Client,
    /// Has values printed.
    printing: Vec<u8>,
    applied: Arc<Settings>,
}

impl Session {
    fn connect(how: &ByValue) -> Result<Session, Error> {
        let to = how.restorer.clone().with_setting("search_path", DEFAULT_PATH);
        Ok(Session { client: Client::connect(&to)?, printing: how.printing(), applied: Arc::default() })
    }

    /// Reads the rows of a step.
    fn read(
        &mut self,
        step: &Step,
        rows: &RowsPlan,
        table: &Address,
        data: &mut dyn Read,
    ) -> Result<Printed, Error> {
        self.apply(step)?;
        let columns = self.make(table)?;
        let mut printed = Printed::new();
        match (&rows.copy, rows.location) {
            (None, _) => self.statements(rows, &columns, data, &mut printed)?,
            (Some(copy), Location::Range { .. }) => self.copy(copy, &columns, data, &mut printed)?,
            (Some(copy), Location::Entry(_)) => {
                self.copy(copy, &columns, &mut Rows::new(data), &mut printed)?;
            }
        }
        self.execute(format!("DROP TABLE {TABLE}").as_bytes())?;
        Ok(printed)
    }

    fn execute(&mut self, sql: &[u8]) -> Result<(), Error> {
        Ok(self.client.execute(sql)?)
    }

    /// Sets what text was read under when it was restored.
    fn apply(&mut self, step: &Step) -> Result<(), Error> {
        if Arc::ptr_eq(&self.applied, &step.settings) {
            return Ok(());
        }
        self.execute(b"RESET ALL")?;
        // Who makes things, and where, is no matter of values.
        let of_values = |name: &[u8]| {
            !is_ours_to_choose(name)
                && !name.starts_with(b"default_")
                && ![&b"session authorization"[..], b"session_authorization", b"role"].contains(&name)
        };
        for (_, setting) in step.settings.iter().filter(|(name, _)| of_values(name)) {
            match self.client.execute(&setting.sql) {
                // That a setting was refused was told by the restore.
                Ok(()) | Err(connect::Error::Server(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        self.applied = Arc::clone(&step.settings);
        Ok(())
    }

    /// Makes a table of the columns of another, and returns them, with whether each is stored as it is given.
    fn make(&mut self, table: &Address) -> Result<Vec<(Name, bool)>, Error> {
        let name = table.qualified_name().to_sql();
        let generated = match self.client.server_major() {
            Some(major) if major < GENERATED => "false",
            _ => "a.attgenerated OPERATOR(pg_catalog.<>) ''::pg_catalog.\"char\"",
        };
        let sql = [
            format!("SELECT a.attname, {generated} FROM pg_catalog.pg_attribute a WHERE a.attrelid OPERATOR(pg_catalog.=) ").as_bytes(),
            &escalation::literal(&name),
            b"::pg_catalog.regclass::pg_catalog.oid AND a.attnum OPERATOR(pg_catalog.>) '0'::pg_catalog.int2 \
              AND NOT a.attisdropped ORDER BY a.attnum",
        ]
        .concat();
        let columns: Vec<(Name, bool)> = self
            .client
            .query(&sql)?
            .into_iter()
            .map(|row| {
                let mut values = row.into_iter().map(Option::unwrap_or_default);
                let name = Name::from(values.next().unwrap_or_default().as_slice());
                (name, values.next().as_deref() != Some(b"t"))
            })
            .collect();
        let list: Vec<Vec<u8>> = columns.iter().map(|(name, _)| name.to_sql()).collect();
        self.execute(
            &[
                format!("CREATE TEMPORARY TABLE {TABLE} AS SELECT ").as_bytes(),
                &list.join(&b", "[..]),
                b" FROM ",
                &name,
                b" WITH NO DATA",
            ]
            .concat(),
        )?;
        Ok(columns)
    }

    /// Reads the rows of a COPY.
    fn copy(
        &mut self,
        copy: &[u8],
        columns: &[(Name, bool)],
        data: &mut dyn Read,
        printed: &mut Printed,
    ) -> Result<(), Error> {
        let text = [copy, b";"].concat();
        let mut events = Events::new(Stream(&text[..]));
        let Some(Event::Statement(statement)) = events.next()? else { return Ok(()) };
        let Some(copy) = dump::copy_from(&statement) else { return Ok(()) };
        let stored = columns.iter().filter(|(_, stored)| *stored).map(|(name, _)| name.clone());
        let named = copy.columns.unwrap_or_else(|| stored.collect());
        let list = list(&named);
        let sql = [b"COPY ", TABLE.as_bytes(), &list, b" ", copy.rest].concat();
        let kept = in_order(columns, &named);
        // Where rows end, options may change.
        let piece = if copy.has_options { u64::MAX } else { PIECE };
        let mut pieces = Pieces::new(data);
        while pieces.begin(piece).map_err(Error::Reread)? {
            self.client.copy_in(&sql, &mut pieces)?;
            self.print(&kept, printed)?;
        }
        Ok(())
    }

    /// Reads the rows of INSERTs.
    fn statements(
        &mut self,
        rows: &RowsPlan,
        columns: &[(Name, bool)],
        data: &mut dyn Read,
        printed: &mut Printed,
    ) -> Result<(), Error> {
        let mut events = Events::new(Stream(data));
        events.set_standard_conforming_strings(rows.standard_conforming_strings);
        let mut batch = Batch::default();
        // Of a long statement that goes on.
        let mut named: Option<Vec<Name>> = None;
        while let Some(event) = events.next()? {
            let rows = match &event {
                Event::Statement(statement) => dump::inserted_rows(statement).map(|(columns, rows)| {
                    named = columns;
                    rows
                }),
                Event::Values { text, tokens, .. } => dump::more_inserted_rows(text, tokens),
                _ => continue,
            };
            let Some(rows) = rows else { continue };
            self.insert(&mut batch, columns, named.as_deref(), &rows, printed)?;
        }
        self.send(&mut batch, printed)
    }

    /// Takes the rows of one statement, or of a piece of it.
    fn insert(
        &mut self,
        batch: &mut Batch,
        columns: &[(Name, bool)],
        named: Option<&[Name]>,
        rows: &InsertedRows<'_>,
        printed: &mut Printed,
    ) -> Result<(), Error> {
        let all: Vec<Name> = match named {
            Some(named) => named.to_vec(),
            // Fewer values than columns are those of the first.
            None => columns.iter().map(|(name, _)| name.clone()).take(rows.given.len()).collect(),
        };
        let given = all.iter().zip(&rows.given).filter(|(_, given)| **given);
        let given: Vec<Name> = given.map(|(name, _)| name.clone()).collect();
        let kept = in_order(columns, &given);
        if kept != batch.kept || batch.bytes > PIECE {
            self.send(batch, printed)?;
            batch.kept = kept;
        }
        let values: &[u8] = if rows.given.is_empty() { b" DEFAULT VALUES" } else { b" VALUES " };
        let begin = [b"INSERT INTO ", TABLE.as_bytes(), &*list(&all), values].concat();
        let list: &[u8] = if rows.given.is_empty() { b"" } else { rows.rows };
        batch.text.extend([&*begin, list, b";"].concat());
        batch.bytes += 1 + list.len() as u64;
        if batch.text.len() > BATCH {
            self.client.execute(&std::mem::take(&mut batch.text))?;
        }
        Ok(())
    }

    /// Sends what waits, and adds the rows.
    fn send(&mut self, batch: &mut Batch, printed: &mut Printed) -> Result<(), Error> {
        if std::mem::take(&mut batch.bytes) == 0 {
            return Ok(());
        }
        self.client.execute(&std::mem::take(&mut batch.text))?;
        self.print(&batch.kept, printed)
    }

    /// Adds the rows that are there, and makes room for others.
    fn print(&mut self, columns: &[Name], printed: &mut Printed) -> Result<(), Error> {
        self.client.execute(&[b"BEGIN; ", &*self.printing].concat())?;
        let mut content = Content::default();
        let sql = [b"COPY ", TABLE.as_bytes(), &list(columns), b" TO STDOUT"].concat();
        self.client.copy_out(&sql, &mut |row| content.add_lines(row))?;
        self.execute(format!("TRUNCATE {TABLE}; COMMIT").as_bytes())?;
        if content.rows > 0 {
            printed.entry(columns.to_vec()).or_default().add(&content);
        }
        Ok(())
    }
}

/// Statements that wait to be sent.
#[derive(Default)]
struct Batch {
    text: Vec<u8>,
    /// The columns that they give a value.
    kept: Vec<Name>,
    /// How many bytes of rows there are, of which the table may have some; none only where there are no rows.
    bytes: u64,
}

/// Names in the order of a table's columns.
fn in_order(columns: &[(Name, bool)], names: &[Name]) -> Vec<Name> {
    columns.iter().map(|(name, _)| name).filter(|name| names.contains(name)).cloned().collect()
}

/// A list of columns; a table without columns has none.
fn list(columns: &[Name]) -> Vec<u8> {
    if columns.is_empty() {
        return Vec::new();
    }
    let names: Vec<Vec<u8>> = columns.iter().map(Name::to_sql).collect();
    [b" (", &*names.join(&b", "[..]), b")"].concat()
}
