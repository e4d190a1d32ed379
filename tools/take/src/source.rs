//! What the source holds in one snapshot, which nobody can change before pg_dump has read it.

use std::collections::{BTreeMap, BTreeSet};

use cli::Failure;
use connect::{Client, Error, Parameters, ServerError};
use dump::{Content, Name, QualifiedName};
use live::{Relation, RelationKind, SequenceValue, Snapshot};

use crate::connection::Connection;
use crate::options::PgDumpOptions;
use crate::selection::{Belongs, Selection};

/// How often a snapshot is taken again because a table was emptied or rewritten before it was locked.
const ATTEMPTS: usize = 5;

/// The first major version that always has queries of several workers.
const PARALLEL: u32 = 10;

/// What the server says to one of several that wait for each other.
const DEADLOCK: &str = "40P01";
/// What it says where a lock cannot be had at once.
const NOT_AVAILABLE: &str = "55P03";

/// Whether a pg_dump waits for a table that we hold. Both only want to read: in front of it waits somebody who wants the
/// table alone, and waits for us, so that nobody would ever go on.
const STUCK: &str = "
SELECT EXISTS (SELECT FROM pg_catalog.pg_locks w
    JOIN pg_catalog.pg_stat_activity a ON a.pid OPERATOR(pg_catalog.=) w.pid
    JOIN pg_catalog.pg_locks h ON h.relation OPERATOR(pg_catalog.=) w.relation
        AND h.database OPERATOR(pg_catalog.=) w.database
    WHERE w.locktype OPERATOR(pg_catalog.=) 'relation' AND w.mode OPERATOR(pg_catalog.=) 'AccessShareLock'
        AND NOT w.granted AND h.granted AND h.pid OPERATOR(pg_catalog.=) ";

/// Roles that own something or were given a right (`pg_shdepend`); the cluster's first superuser is in no such list.
const ROLES: &str = "
SELECT r.rolname FROM pg_catalog.pg_roles r WHERE r.oid OPERATOR(pg_catalog.=) ANY (
    SELECT s.refobjid FROM pg_catalog.pg_shdepend s
        JOIN pg_catalog.pg_database d ON d.oid OPERATOR(pg_catalog.=) s.dbid
        WHERE s.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_authid'::pg_catalog.regclass
            AND d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database()
    UNION SELECT c.relowner FROM pg_catalog.pg_class c
        JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
        WHERE n.nspname OPERATOR(pg_catalog.!~) '^pg_' AND n.nspname OPERATOR(pg_catalog.<>) 'information_schema')
    ORDER BY 1";

/// Sequences of users, but for those that an extension made.
const SEQUENCES: &str = "
SELECT n.nspname, c.relname FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
WHERE c.relkind OPERATOR(pg_catalog.=) 'S' AND c.relpersistence OPERATOR(pg_catalog.<>) 't'
    AND n.nspname OPERATOR(pg_catalog.!~) '^pg_' AND n.nspname OPERATOR(pg_catalog.<>) 'information_schema'
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
        WHERE d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass
            AND d.objid OPERATOR(pg_catalog.=) c.oid AND d.deptype OPERATOR(pg_catalog.=) 'e')";

/// Tables whose rows were put into another file since the snapshot: `TRUNCATE` and some forms of `ALTER TABLE` do that, and
/// whoever reads the snapshot later finds no rows, or others. And tables whose names are something else's now, such as a
/// view's. The functions look at what is so now, the columns at what was; a table that is a view now has no file.
const REWRITTEN: &str = "
SELECT pg_catalog.concat(n.nspname, '.', c.relname) FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
WHERE c.relkind OPERATOR(pg_catalog.=) ANY ('{r,p}'::pg_catalog.\"char\"[])
    AND c.relpersistence OPERATOR(pg_catalog.<>) 't'
    AND n.nspname OPERATOR(pg_catalog.!~) '^pg_' AND n.nspname OPERATOR(pg_catalog.<>) 'information_schema'
    AND (c.relkind OPERATOR(pg_catalog.=) 'r' AND c.relfilenode OPERATOR(pg_catalog.<>)
            coalesce(pg_catalog.pg_relation_filenode(c.oid), '0'::pg_catalog.oid)
        OR CASE WHEN pg_catalog.has_schema_privilege(n.oid, 'USAGE') THEN c.oid OPERATOR(pg_catalog.<>) coalesce(
            pg_catalog.to_regclass(pg_catalog.concat(pg_catalog.quote_ident(n.nspname), '.',
                pg_catalog.quote_ident(c.relname)))::pg_catalog.oid, '0'::pg_catalog.oid) END)";

/// A database, seen in one snapshot.
pub struct Source {
    snapshot: Snapshot,
    /// What its tables are read by.
    reading: Parameters,
    /// What pg_dump was told to take of it.
    pub selection: Selection,
    /// The values of its sequences before pg_dump began.
    pub sequences: BTreeMap<QualifiedName, SequenceValue>,
    /// Everything else that a manifest tells of it.
    pub facts: Facts,
}

/// A table of the source.
#[derive(Debug)]
pub struct Table {
    /// Its name.
    pub name: QualifiedName,
    /// What it is.
    pub relation: Relation,
    /// Whether its rows belong into the backup.
    pub belongs: Belongs,
}

/// What a source is.
#[derive(Debug, Default)]
pub struct Facts {
    pub server_version: String,
    pub system_identifier: Option<String>,
    pub lsn: Option<String>,
    pub snapshot_begin: String,
    pub locale: Option<String>,
    /// The encoding that the backup is to be in.
    pub encoding: String,
    pub time_zone: String,
    /// Extensions and their versions.
    pub extensions: BTreeMap<String, String>,
    pub roles: Vec<String>,
    pub standby: bool,
}

/// What was read of the rows of tables and of the large objects, in the order asked for.
pub struct Read {
    /// Their number, and their content if that was asked for; none where the table could not be had.
    pub tables: Vec<Option<Rows>>,
    /// Number, and length and hash if they were read.
    pub large_objects: Vec<(u32, Option<(u64, u128)>)>,
}

/// What the source has of a table's rows.
#[derive(Clone, Copy, Debug)]
pub enum Rows {
    Count(u64),
    Content(Content),
}

impl Rows {
    /// Returns their number.
    pub fn count(self) -> u64 {
        match self {
            Rows::Count(rows) => rows,
            Rows::Content(content) => content.rows,
        }
    }
}

impl Source {
    /// Lists the tables, takes a snapshot and locks the tables that belong into the backup, as pg_dump will: they can be written to, and not
    /// be emptied, dropped or changed.
    ///
    /// # Errors
    /// When the server cannot be reached, or refuses.
    pub fn open(connection: &Connection, options: &PgDumpOptions) -> Result<(Source, Vec<Table>), Failure> {
        let mut client = Client::connect(connection.parameters())?;
        let encoding = options.values("encoding").last().and_then(|value| value.to_str().map(str::to_owned));
        let encoding =
            encoding.or_else(|| client.parameter("server_encoding").map(str::to_owned)).unwrap_or_default();
        let version = client.parameter("server_version").unwrap_or_default().to_owned();
        let major = client.server_major();
        let standby = word(&mut client, "SELECT pg_catalog.pg_is_in_recovery()")?.as_deref() == Some("t");
        // What pg_dump leaves as its session has it, and writes values by; the time zone is left as it is as well.
        let bytea_output = word(&mut client, "SELECT pg_catalog.current_setting('bytea_output')")?;
        drop(client);
        let quotes_all = match options.has("quote-all-identifiers") {
            true => "on".to_owned(),
            false => connect::usual_setting(connection.parameters(), "quote_all_identifiers")?,
        };
        let mut to = live::pinned(connection.parameters().clone(), &encoding)
            .with_setting("bytea_output", bytea_output.as_deref().unwrap_or("hex"))
            .with_setting("quote_all_identifiers", &quotes_all);
        if let Some(digits) = options.values("extra-float-digits").last().and_then(|value| value.to_str()) {
            to = to.with_setting("extra_float_digits", digits);
        }
        let mut reading = to.clone();
        if major.is_some_and(|major| major >= PARALLEL) {
            // How many processors are ours is for the number of connections to say: workers would take them from pg_dump.
            reading = reading.with_setting("max_parallel_workers_per_gather", "0");
        }
        let mut rewritten = Vec::new();
        for _ in 0..ATTEMPTS {
            let mut snapshot = Snapshot::export(&to)?;
            let selection = Selection::new(options, standby);
            if options.has("include-foreign-data") {
                snapshot.read_foreign_tables()?;
            }
            let visible = match selection.asks_by_name() {
                true => snapshot.visible_tables()?,
                false => BTreeSet::new(),
            };
            let tables: Vec<Table> = live::relations(snapshot.client())?
                .into_iter()
                .map(|(name, relation)| Table {
                    belongs: selection.rows_of(&name, &relation, visible.contains(&name)),
                    name,
                    relation,
                })
                .collect();
            match lock(snapshot.client(), &tables, options) {
                // Others wait for us, and we for them.
                Err(Error::Server(error)) if error.code() == DEADLOCK => continue,
                locked => locked?,
            }
            rewritten = words(snapshot.client(), REWRITTEN)?;
            if rewritten.is_empty() {
                let sequences = sequences(&mut snapshot)?;
                let mut facts = facts(&mut snapshot)?;
                (facts.server_version, facts.encoding, facts.standby) = (version, encoding, standby);
                return Ok((Source { snapshot, reading, selection, sequences, facts }, tables));
            }
        }
        let names = rewritten.join(", ");
        Err(anyhow::anyhow!("tables are emptied or rewritten faster than a snapshot can be taken: {names}")
            .into())
    }

    /// Returns the snapshot's name, as pg_dump takes it.
    pub fn snapshot_name(&self) -> &str {
        self.snapshot.name()
    }

    /// Reads the number of rows of tables, or their content, over several connections; nothing of a table that somebody
    /// waits for, behind whom we would have to wait.
    ///
    /// # Errors
    /// When a connection is lost, or the server refuses.
    pub fn read(&self, jobs: usize, content: bool, tables: &[&Table]) -> Result<Read, Error> {
        let rows = |client: &mut Client, table: &&Table| {
            client.execute(b"SAVEPOINT one_table")?;
            let found = match lock_at_once(client, table)? {
                true => Some(rows(client, table, content)?),
                false => None,
            };
            // Gives the lock back.
            client.execute(b"ROLLBACK TO SAVEPOINT one_table")?;
            Ok(found)
        };
        let tables = self.snapshot.read_by(&self.reading, jobs, tables, &rows)?;
        let mut large_objects = Vec::new();
        if self.selection.takes_large_objects() {
            let listed =
                self.snapshot.read_by(&self.reading, 1, &[()], &|client, ()| live::large_objects(client))?;
            let numbers: Vec<u32> = listed.into_iter().flatten().collect();
            large_objects = match content {
                true => self.snapshot.read_by(&self.reading, jobs, &numbers, &|client, number| {
                    Ok((*number, Some(live::large_object(client, *number)?)))
                })?,
                false => numbers.into_iter().map(|number| (number, None)).collect(),
            };
        }
        Ok(Read { tables, large_objects })
    }

    /// Reads those tables of which [`read`](Self::read) gave nothing, on the connection that has them locked.
    ///
    /// # Errors
    /// As for [`read`](Self::read).
    pub fn read_rest(&mut self, content: bool, tables: &[&Table], read: &mut Read) -> Result<(), Error> {
        for (table, found) in tables.iter().zip(&mut read.tables) {
            if found.is_none() {
                *found = Some(rows(self.snapshot.client(), table, content)?);
            }
        }
        Ok(())
    }

    /// Connects once more, to look after a pg_dump that calls itself by a name of its own.
    ///
    /// # Errors
    /// When the server cannot be reached, or refuses.
    pub fn watch(&mut self, name: &str) -> Result<Watch, Error> {
        let holder = word(self.snapshot.client(), "SELECT pg_catalog.pg_backend_pid()")?.unwrap_or_default();
        let name = String::from_utf8_lossy(&live::literal(name.as_bytes())).into_owned();
        let sql = format!("{STUCK}{holder} AND a.application_name OPERATOR(pg_catalog.=){name})");
        Ok(Watch { client: Client::connect(&self.reading)?, sql })
    }

    /// Asks a question of the user's with one value for an answer; the inner error is the server's.
    ///
    /// # Errors
    /// When the connection is lost.
    pub fn ask(&mut self, sql: &str) -> Result<Result<Option<String>, ServerError>, Error> {
        self.snapshot.ask(|client| word(client, sql))
    }

    /// Gives the values of the sequences as they are now, and the time, by the source's clock.
    ///
    /// # Errors
    /// When the connection is lost, or the server refuses.
    pub fn close(&mut self) -> Result<(BTreeMap<QualifiedName, SequenceValue>, String), Error> {
        let after = sequences(&mut self.snapshot)?;
        let now = word(self.snapshot.client(), &moment("pg_catalog.clock_timestamp()"))?;
        Ok((after, now.unwrap_or_default()))
    }
}

/// Looks whether pg_dump waits for what nobody will ever give it.
pub struct Watch {
    client: Client,
    sql: String,
}

impl Watch {
    /// Says whether it does now.
    ///
    /// # Errors
    /// When the connection is lost.
    pub fn is_stuck(&mut self) -> Result<bool, Error> {
        Ok(word(&mut self.client, &self.sql)?.as_deref() == Some("t"))
    }
}

/// Reads a table.
fn rows(client: &mut Client, table: &Table, content: bool) -> Result<Rows, Error> {
    let partitioned = table.relation.kind == RelationKind::PartitionedTable;
    match &table.relation.configuration {
        // Which columns pg_dump reads along with a condition is not looked at.
        Some(condition) if !condition.is_empty() => {
            live::count(client, &table.name, partitioned, condition).map(Rows::Count)
        }
        _ if content && table.relation.kind == RelationKind::Table => {
            live::content(client, &table.name, None, &|_| {}).map(Rows::Content)
        }
        _ => live::count(client, &table.name, partitioned, "").map(Rows::Count),
    }
}

/// Locks a table, if nobody is in front.
fn lock_at_once(client: &mut Client, table: &Table) -> Result<bool, Error> {
    if table.relation.kind == RelationKind::ForeignTable {
        return Ok(true);
    }
    let sql = [b"LOCK TABLE ONLY ", &*table.name.to_sql(), b" IN ACCESS SHARE MODE NOWAIT"].concat();
    match client.execute(&sql) {
        Err(Error::Server(error)) if error.code() == NOT_AVAILABLE => Ok(false),
        result => result.map(|()| true),
    }
}

/// Locks tables against everything but reading and writing.
fn lock(client: &mut Client, tables: &[Table], options: &PgDumpOptions) -> Result<(), Error> {
    let lockable =
        |table: &&Table| table.belongs == Belongs::Yes && table.relation.kind != RelationKind::ForeignTable;
    let names: Vec<Vec<u8>> = tables.iter().filter(lockable).map(|table| table.name.to_sql()).collect();
    if names.is_empty() {
        return Ok(());
    }
    if let Some(limit) = options.values("lock-wait-timeout").last() {
        let limit = live::literal(limit.as_encoded_bytes());
        client.query(&[b"SELECT pg_catalog.set_config('lock_timeout',", &*limit, b", false)"].concat())?;
    }
    client.execute(&[b"LOCK TABLE ONLY ", &*names.join(&b", ONLY "[..]), b" IN ACCESS SHARE MODE"].concat())
}

fn sequences(snapshot: &mut Snapshot) -> Result<BTreeMap<QualifiedName, SequenceValue>, Error> {
    let mut values = BTreeMap::new();
    for row in snapshot.client().query(SEQUENCES.as_bytes())? {
        let part = |at: usize| Name::from(row.get(at).and_then(|part| part.as_deref()).unwrap_or_default());
        let name = QualifiedName { schema: Some(part(0)), name: part(1) };
        // One that may not be read is pg_dump's to stumble over.
        if let Ok(value) = snapshot.attempt(|client| SequenceValue::read(client, &name))? {
            values.insert(name, value);
        }
    }
    Ok(values)
}

fn facts(snapshot: &mut Snapshot) -> Result<Facts, Error> {
    let mut ask =
        |sql: &str| snapshot.attempt(|client| word(client, sql)).map(|answer| answer.ok().flatten());
    let lsn = "SELECT CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn() \
               ELSE pg_catalog.pg_current_wal_lsn() END";
    let facts = Facts {
        system_identifier: ask("SELECT c.system_identifier FROM pg_catalog.pg_control_system() AS c")?,
        lsn: ask(lsn)?,
        snapshot_begin: ask(&moment("pg_catalog.now()"))?.unwrap_or_default(),
        locale: ask("SELECT d.datcollate FROM pg_catalog.pg_database d \
             WHERE d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database()")?,
        time_zone: ask("SELECT pg_catalog.current_setting('TimeZone')")?.unwrap_or_default(),
        ..Facts::default()
    };
    let rows = snapshot.client().query(b"SELECT e.extname, e.extversion FROM pg_catalog.pg_extension e")?;
    let extensions = rows.into_iter().map(|row| {
        let mut values = row.into_iter().map(text);
        let mut next = || values.next().unwrap_or_default();
        (next(), next())
    });
    Ok(Facts { extensions: extensions.collect(), roles: words(snapshot.client(), ROLES)?, ..facts })
}

/// A query for a moment as RFC 3339 writes it. `AT TIME ZONE` is a function of `pg_catalog` by the grammar itself.
fn moment(sql: &str) -> String {
    format!("SELECT pg_catalog.to_char({sql} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')")
}

fn text(value: Option<Vec<u8>>) -> String {
    String::from_utf8_lossy(&value.unwrap_or_default()).into_owned()
}

/// The first value of each row.
fn words(client: &mut Client, sql: &str) -> Result<Vec<String>, Error> {
    let rows = client.query(sql.as_bytes())?;
    Ok(rows.into_iter().map(|row| text(row.into_iter().next().flatten())).collect())
}

/// The first value of the first row.
fn word(client: &mut Client, sql: &str) -> Result<Option<String>, Error> {
    let rows = client.query(sql.as_bytes())?;
    let value = rows.into_iter().next().and_then(|row| row.into_iter().next().flatten());
    Ok(value.map(|value| text(Some(value))))
}
