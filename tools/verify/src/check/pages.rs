//! The pages of the restored indexes and tables, where the server has `amcheck`.

use connect::{Client, Error, Parameters};
use dump::Name;
use restore::Superuser;

use crate::verdict::{Report, Verdict};

/// Checks that every btree index of the backup holds all rows of its table in order, and that the tables are whole.
///
/// `amcheck` is in `schema` meanwhile, a name that no backup can know, and its functions run as the role that restores: what they evaluate is the backup's.
/// There is nobody to lend them on a given server.
///
/// # Errors
/// When the connection to the server is lost.
pub fn check(
    lender: Option<&Superuser>,
    schema: &Name,
    restorer: &Parameters,
    report: &mut Report,
) -> Result<(), Error> {
    let Some(lender) = lender else {
        report.notes.push(
            "pages of indexes and tables were not checked: nothing runs as a superuser on the given server"
                .to_owned(),
        );
        return Ok(());
    };
    let amcheck = match lender.lend_amcheck(schema, &restorer.user)? {
        Ok(amcheck) => amcheck,
        Err(error) => {
            report.notes.push(format!(
                "pages of indexes and tables were not checked, `amcheck` is not to be had here: {}",
                error.message()
            ));
            return Ok(());
        }
    };
    let mut client = Client::connect(restorer)?;
    indexes(&mut client, &amcheck.schema, report)?;
    tables(&mut client, &amcheck.schema, report)?;
    lender.take_amcheck_back(&amcheck, &restorer.user)
}

/// What is the backup's and on the disk, by its number and name.
fn relations(client: &mut Client, what: &str) -> Result<Vec<(String, String)>, Error> {
    let sql = format!(
        "SELECT c.oid, pg_catalog.concat(n.nspname, '.', c.relname) FROM pg_catalog.pg_class c \
         JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace \
         JOIN pg_catalog.pg_am a ON a.oid OPERATOR(pg_catalog.=) c.relam \
         WHERE n.nspname OPERATOR(pg_catalog.<>) ALL ('{{pg_catalog,information_schema,pg_toast}}'::pg_catalog.name[]) \
         AND c.relpersistence OPERATOR(pg_catalog.<>) 't'::pg_catalog.\"char\" AND {what} ORDER BY 2"
    );
    let text = |value: Option<Vec<u8>>| String::from_utf8_lossy(&value.unwrap_or_default()).into_owned();
    let rows = client.query(sql.as_bytes())?.into_iter().map(|row| {
        let mut values = row.into_iter().map(text);
        (values.next().unwrap_or_default(), values.next().unwrap_or_default())
    });
    Ok(rows.collect())
}

fn indexes(client: &mut Client, schema: &str, report: &mut Report) -> Result<(), Error> {
    let valid = "c.relkind OPERATOR(pg_catalog.=) 'i'::pg_catalog.\"char\" AND a.amname OPERATOR(pg_catalog.=) 'btree' \
                 AND EXISTS (SELECT FROM pg_catalog.pg_index i \
                 WHERE i.indexrelid OPERATOR(pg_catalog.=) c.oid AND i.indisvalid AND i.indisready)";
    let mut checked = 0;
    let check = |oid: &str| {
        format!("SELECT {schema}.bt_index_check({oid}::pg_catalog.oid::pg_catalog.regclass, true)")
    };
    for (oid, name) in relations(client, valid)? {
        match client.query(check(&oid).as_bytes()) {
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
    let there = "SELECT FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_proc p \
                 ON p.pronamespace OPERATOR(pg_catalog.=) e.extnamespace WHERE e.extname OPERATOR(pg_catalog.=) 'amcheck' \
                 AND p.proname OPERATOR(pg_catalog.=) 'verify_heapam'";
    if client.query(there.as_bytes())?.is_empty() {
        report
            .notes
            .push("pages of tables were not checked: `verify_heapam` is new in PostgreSQL 14".to_owned());
        return Ok(());
    }
    let mut checked = 0;
    let whole = "c.relkind OPERATOR(pg_catalog.=) ANY ('{r,m}'::pg_catalog.\"char\"[]) AND a.amname OPERATOR(pg_catalog.=) 'heap'";
    for (oid, name) in relations(client, whole)? {
        let sql = format!(
            "SELECT pg_catalog.count(*), pg_catalog.min(msg) \
             FROM {schema}.verify_heapam({oid}::pg_catalog.oid::pg_catalog.regclass)"
        );
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
