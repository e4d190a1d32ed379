//! Whether the disk has room for a backup.

use std::path::Path;

use anyhow::{Context, anyhow};
use cli::Failure;
use connect::Client;
use nix::sys::statvfs::statvfs;

use crate::backup_name::Form;

/// No backup that is packed is smaller than this part of the tables: data that packs better than that is hardly data.
const PACKED: u64 = 50;
/// No script is smaller than this part of them: pages are at most half full of what no script holds.
const PLAIN: u64 = 4;

/// Refuses to begin where not even a backup that turns out small has room; how much it takes is known only afterwards. The
/// last backup of the same kind, if there is one, tells better.
///
/// # Errors
/// When there is no room, or the system does not tell.
pub fn check(folder: &Path, form: Form, client: &mut Client, last: Option<u64>) -> Result<(), Failure> {
    let shown = folder.display();
    let disk = statvfs(folder).with_context(|| format!("cannot ask how much room there is: {shown}"))?;
    let free = disk.blocks_available().saturating_mul(disk.fragment_size());
    let sql = b"SELECT coalesce(pg_catalog.sum(pg_catalog.pg_table_size(c.oid)), 0) FROM pg_catalog.pg_class c \
        JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace \
        WHERE c.relkind OPERATOR(pg_catalog.=) ANY ('{r,m}'::pg_catalog.\"char\"[]) \
            AND n.nspname OPERATOR(pg_catalog.!~) '^pg_' AND n.nspname OPERATOR(pg_catalog.<>) 'information_schema'";
    let tables = client.query(sql)?.into_iter().next().and_then(|row| row.into_iter().next().flatten());
    let tables: u64 = tables.and_then(|text| String::from_utf8(text).ok()?.parse().ok()).unwrap_or_default();
    let least = last.unwrap_or(match form {
        Form::Plain | Form::Tar => tables / PLAIN,
        _ => tables / PACKED,
    });
    match free < least {
        true => {
            Err(anyhow!("no room in {shown}: {free} bytes are free, the backup takes {least} or more").into())
        }
        false => Ok(()),
    }
}
