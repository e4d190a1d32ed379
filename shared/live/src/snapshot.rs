//! One moment of a database, for several connections.

use std::collections::BTreeSet;

use connect::{Client, Error, Parameters, ServerError};
use dump::QualifiedName;

use crate::literal::literal;
use crate::{pool, relation};

/// Nothing is written, and all statements see the same.
const BEGIN: &str = "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// Nobody's patience ends while a backup is read, and nothing is read but tables: who puts a view in the place of one that
/// was listed would have us run his functions (CVE-2024-7348). Older servers do not know all of these.
const BEFORE: &str = "
SELECT pg_catalog.set_config(s.name, w.value, false) FROM (VALUES
    ('lock_timeout', '0'), ('idle_in_transaction_session_timeout', '0'), ('transaction_timeout', '0'),
    ('restrict_nonsystem_relation_kind', 'view, foreign-table')) AS w (name, value)
    JOIN pg_catalog.pg_settings s ON s.name OPERATOR(pg_catalog.=) w.name";

/// Refuses views, and lets foreign tables be read.
const FOREIGN: &str = "
SELECT pg_catalog.set_config(s.name, 'view', false) FROM pg_catalog.pg_settings s
    WHERE s.name OPERATOR(pg_catalog.=) 'restrict_nonsystem_relation_kind'";

/// Lets everything be read up to the end of the transaction, or of a savepoint.
const EVERYTHING: &str = "
SELECT pg_catalog.set_config(s.name, '', true) FROM pg_catalog.pg_settings s
    WHERE s.name OPERATOR(pg_catalog.=) 'restrict_nonsystem_relation_kind'";

/// A snapshot that one connection holds and others may read, pg_dump (`--snapshot`) among them. It is there until this is
/// dropped.
pub struct Snapshot {
    client: Client,
    parameters: Parameters,
    name: String,
    begin: String,
    foreign: bool,
}

/// Connects to read tables one by one, in no snapshot: what has the name of one and is a view is not read, where the
/// server knows how to refuse that.
///
/// # Errors
/// When the server cannot be reached, or refuses.
pub fn connect(to: &Parameters) -> Result<Client, Error> {
    let mut client = Client::connect(to)?;
    client.query(FOREIGN.as_bytes())?;
    Ok(client)
}

impl Snapshot {
    /// Connects and exports a snapshot (`pg_export_snapshot`).
    ///
    /// # Errors
    /// When the server cannot be reached, or refuses.
    pub fn export(to: &Parameters) -> Result<Snapshot, Error> {
        Snapshot::export_by(Client::connect(to)?, to)
    }

    /// Exports that of a connection; others will be made by the same parameters.
    ///
    /// # Errors
    /// As for [`export`](Self::export).
    pub fn export_by(mut client: Client, to: &Parameters) -> Result<Snapshot, Error> {
        begin(&mut client, false)?;
        let row = client.query(b"SELECT pg_catalog.pg_export_snapshot(), pg_catalog.now()")?;
        let text = |at: usize| {
            let value = row.first().and_then(|row| row.get(at)?.as_deref());
            String::from_utf8_lossy(value.unwrap_or_default()).into_owned()
        };
        let (name, begin) = (text(0), text(1));
        Ok(Snapshot { client, parameters: to.clone(), name, begin, foreign: false })
    }

    /// Returns its name, as pg_dump's `--snapshot` takes it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns when it was taken by the server's clock, as the server writes a `timestamptz`.
    pub fn begin(&self) -> &str {
        &self.begin
    }

    /// Returns the connection that holds it. What fails there ends it, but for what [`attempt`](Self::attempt) tries.
    pub fn client(&mut self) -> &mut Client {
        &mut self.client
    }

    /// Lets foreign tables be read, here and on all connections to come; otherwise the server refuses that where it can.
    ///
    /// # Errors
    /// When the connection is lost.
    pub fn read_foreign_tables(&mut self) -> Result<(), Error> {
        self.foreign = true;
        self.client.query(FOREIGN.as_bytes()).map(drop)
    }

    /// Lists the tables that are found without a schema by the search path that the database gives to whoever connects by
    /// the same parameters, as patterns without a schema mean them.
    ///
    /// # Errors
    /// When the server cannot be reached once more, or refuses.
    pub fn visible_tables(&mut self) -> Result<BTreeSet<QualifiedName>, Error> {
        let path = connect::usual_setting(&self.parameters, "search_path")?;
        relation::visible(&mut self.client, &path)
    }

    /// Asks what a user wrote, who may name views as well; what the server refuses is the inner error, and whatever was set
    /// meanwhile is as before.
    ///
    /// # Errors
    /// When the connection is lost.
    pub fn ask<R>(
        &mut self,
        work: impl FnOnce(&mut Client) -> Result<R, Error>,
    ) -> Result<Result<R, ServerError>, Error> {
        self.client.execute(b"SAVEPOINT question")?;
        self.client.query(EVERYTHING.as_bytes())?;
        let result = match work(&mut self.client) {
            Ok(result) => Ok(result),
            Err(Error::Server(error)) => Err(*error),
            Err(error) => return Err(error),
        };
        self.client.execute(b"ROLLBACK TO SAVEPOINT question")?;
        Ok(result)
    }

    /// Tries something on the connection that holds it: what the server refuses is the inner error, and the snapshot stays.
    ///
    /// # Errors
    /// When the connection is lost.
    pub fn attempt<R>(
        &mut self,
        work: impl FnOnce(&mut Client) -> Result<R, Error>,
    ) -> Result<Result<R, String>, Error> {
        attempt(&mut self.client, work)
    }

    /// Reads several things over up to `jobs` connections that see this snapshot, in the order given.
    ///
    /// # Errors
    /// When a connection is lost, or the server refuses.
    pub fn read<T: Sync, R: Send>(
        &self,
        jobs: usize,
        things: &[T],
        work: &(dyn Fn(&mut Client, &T) -> Result<R, Error> + Sync),
    ) -> Result<Vec<R>, Error> {
        self.read_by(&self.parameters, jobs, things, work)
    }

    /// The same by other parameters, such as in another time zone.
    ///
    /// # Errors
    /// As for [`read`](Self::read).
    pub fn read_by<T: Sync, R: Send>(
        &self,
        to: &Parameters,
        jobs: usize,
        things: &[T],
        work: &(dyn Fn(&mut Client, &T) -> Result<R, Error> + Sync),
    ) -> Result<Vec<R>, Error> {
        let connect = || {
            let mut client = Client::connect(to)?;
            begin(&mut client, self.foreign)?;
            client.execute(&[b"SET TRANSACTION SNAPSHOT", &*literal(self.name.as_bytes())].concat())?;
            Ok(client)
        };
        pool::read(jobs, things, &connect, work)
    }

    /// As [`read_by`](Self::read_by), and what the server refuses of one thing is its inner error.
    ///
    /// # Errors
    /// When a connection is lost.
    pub fn attempt_by<T: Sync, R: Send>(
        &self,
        to: &Parameters,
        jobs: usize,
        things: &[T],
        work: &(dyn Fn(&mut Client, &T) -> Result<R, Error> + Sync),
    ) -> Result<Vec<Result<R, String>>, Error> {
        self.read_by(to, jobs, things, &|client, thing| attempt(client, |client| work(client, thing)))
    }
}

fn begin(client: &mut Client, foreign: bool) -> Result<(), Error> {
    client.query(BEFORE.as_bytes())?;
    if foreign {
        client.query(FOREIGN.as_bytes())?;
    }
    client.execute(BEGIN.as_bytes())
}

/// A failure would end the transaction and the snapshot with it.
fn attempt<R>(
    client: &mut Client,
    work: impl FnOnce(&mut Client) -> Result<R, Error>,
) -> Result<Result<R, String>, Error> {
    client.execute(b"SAVEPOINT attempt")?;
    match work(client) {
        Ok(result) => Ok(Ok(result)),
        Err(Error::Server(error)) => {
            client.execute(b"ROLLBACK TO SAVEPOINT attempt")?;
            Ok(Err(error.to_string()))
        }
        Err(error) => Err(error),
    }
}
