//! The pages of the restored indexes and tables, where the server has `amcheck`.

use connect::{Client, Error, Parameters};

use crate::restoring::Restored;
use crate::server::RESTORER;
use crate::verdict::{Report, Verdict};

/// Holds the functions as long as they are needed.
const SCHEMA: &str = "pgdumpkit_amcheck";

/// Checks that every btree index of the backup holds all rows of its table in order, and that the tables are whole.
///
/// The functions run as the role that restores: what they evaluate is the backup's.
///
/// # Errors
/// When the connection to the server is lost.
pub fn check(restored: &Restored<'_>, restorer: &Parameters, report: &mut Report) -> Result<(), Error> {
    let mut admin = Client::connect(&restored.admin)?;
    let installed = "SELECT n.nspname FROM pg_catalog.pg_extension JOIN pg_catalog.pg_namespace n ON n.oid = extnamespace \
                     WHERE extname = 'amcheck'";
    let known = admin.query(installed.as_bytes())?;
    let known = known.into_iter().next().and_then(|row| row.into_iter().next().flatten());
    let ours = known.is_none();
    if ours {
        let sql = format!("CREATE SCHEMA {SCHEMA}; CREATE EXTENSION amcheck SCHEMA {SCHEMA}");
        match admin.execute(sql.as_bytes()) {
            Ok(()) => {}
            Err(Error::Server(error)) => {
                report.notes.push(format!(
                    "pages of indexes and tables were not checked, `amcheck` is not to be had here: {}",
                    error.message()
                ));
                return Ok(());
            }
            Err(error) => return Err(error),
        }
    }
    let schema = dump::Name::from(known.as_deref().unwrap_or(SCHEMA.as_bytes())).to_sql();
    let schema = String::from_utf8_lossy(&schema).into_owned();
    let rights = format!(
        "GRANT USAGE ON SCHEMA {schema} TO {RESTORER}; GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA {schema} TO {RESTORER}"
    );
    if ours {
        admin.execute(rights.as_bytes())?;
    }
    let mut client = if ours { Client::connect(restorer)? } else { Client::connect(&restored.admin)? };
    indexes(&mut client, &schema, report)?;
    tables(&mut client, &schema, report)?;
    if ours {
        admin.execute(format!("DROP SCHEMA {SCHEMA} CASCADE").as_bytes())?;
    }
    Ok(())
}

/// What is the backup's and on the disk, by its number and name.
fn relations(client: &mut Client, what: &str) -> Result<Vec<(String, String)>, Error> {
    let sql = format!(
        "SELECT c.oid, n.nspname || '.' || c.relname FROM pg_catalog.pg_class c \
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace JOIN pg_catalog.pg_am a ON a.oid = c.relam \
         WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') AND c.relpersistence <> 't' AND {what} \
         ORDER BY 2"
    );
    let text = |value: Option<Vec<u8>>| String::from_utf8_lossy(&value.unwrap_or_default()).into_owned();
    let rows = client.query(sql.as_bytes())?.into_iter().map(|row| {
        let mut values = row.into_iter().map(text);
        (values.next().unwrap_or_default(), values.next().unwrap_or_default())
    });
    Ok(rows.collect())
}

fn indexes(client: &mut Client, schema: &str, report: &mut Report) -> Result<(), Error> {
    let valid = "c.relkind = 'i' AND a.amname = 'btree' AND EXISTS (SELECT FROM pg_catalog.pg_index i \
                 WHERE i.indexrelid = c.oid AND i.indisvalid AND i.indisready)";
    let mut checked = 0;
    for (oid, name) in relations(client, valid)? {
        match client.query(format!("SELECT {schema}.bt_index_check({oid}::oid, true)").as_bytes()) {
            Ok(_) => checked += 1,
            Err(Error::Server(error)) => {
                // Corrupted: in a copy that was just made, the backup's own functions do not order its values.
                let verdict = if error.code() == "XX002" { Verdict::Bad } else { Verdict::Unclear };
                let why = format!("amcheck: {} ({})", error.message(), error.code());
                report.find(verdict, format!("index {name}"), None, why);
            }
            Err(error) => return Err(error),
        }
    }
    report
        .checked
        .push(("btree indexes that hold every row of their table in order (amcheck)".to_owned(), checked));
    Ok(())
}

fn tables(client: &mut Client, schema: &str, report: &mut Report) -> Result<(), Error> {
    let there = "SELECT FROM pg_catalog.pg_proc p WHERE proname = 'verify_heapam' AND pronamespace = (SELECT \
                         extnamespace FROM pg_catalog.pg_extension WHERE extname = 'amcheck')";
    if client.query(there.as_bytes())?.is_empty() {
        report
            .notes
            .push("pages of tables were not checked: `verify_heapam` is new in PostgreSQL 14".to_owned());
        return Ok(());
    }
    let mut checked = 0;
    for (oid, name) in relations(client, "c.relkind IN ('r', 'm') AND a.amname = 'heap'")? {
        let sql = format!("SELECT count(*), min(msg) FROM {schema}.verify_heapam({oid}::oid)");
        let why = match client.query(sql.as_bytes()) {
            Ok(rows) => match rows.first().map(Vec::as_slice) {
                Some([Some(count), _]) if count == b"0" => {
                    checked += 1;
                    continue;
                }
                Some([_, Some(message)]) => String::from_utf8_lossy(message).into_owned(),
                _ => "no answer".to_owned(),
            },
            Err(Error::Server(error)) => error.to_string(),
            Err(error) => return Err(error),
        };
        // What is on the disk of the scratch server is no longer the backup.
        report.find(Verdict::Unclear, format!("table {name}"), None, format!("amcheck: {why}"));
    }
    report.checked.push(("tables whose pages are whole (amcheck)".to_owned(), checked));
    Ok(())
}
