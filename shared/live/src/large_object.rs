//! Large objects.

use connect::{Client, Error, Row};
use dump::ByteHasher;

/// How much is read at once, in bytes; the server sends two characters for each.
const CHUNK: usize = 256 * 1024;
/// To read only (`INV_READ` in libpq/libpq-fs.h): the object is then seen as the snapshot has it.
const READ: u32 = 0x0004_0000;

/// Lists their numbers.
///
/// # Errors
/// When the server cannot be asked.
pub fn large_objects(client: &mut Client) -> Result<Vec<u32>, Error> {
    numbers(client, b"SELECT o.oid FROM pg_catalog.pg_largeobject_metadata o ORDER BY o.oid")
}

/// Lists those that have a comment, in order.
///
/// # Errors
/// When the server cannot be asked.
pub fn large_objects_with_comment(client: &mut Client) -> Result<Vec<u32>, Error> {
    let sql = b"SELECT d.objoid FROM pg_catalog.pg_description d \
        WHERE d.classoid OPERATOR(pg_catalog.=) 'pg_catalog.pg_largeobject'::pg_catalog.regclass ORDER BY d.objoid";
    numbers(client, sql)
}

fn numbers(client: &mut Client, sql: &[u8]) -> Result<Vec<u32>, Error> {
    let rows = client.query(sql)?;
    let number = |row: &Row| std::str::from_utf8(row.first()?.as_deref()?).ok()?.parse().ok();
    let numbers: Option<Vec<u32>> = rows.iter().map(number).collect();
    numbers.ok_or_else(|| Error::Protocol("an object's number that is none".to_owned()))
}

/// Reads one of them within a transaction: its length in bytes, and their XXH3-128 hash (seed 0).
///
/// # Errors
/// When the server refuses, or the connection to it is lost.
pub fn large_object(client: &mut Client, number: u32) -> Result<(u64, u128), Error> {
    let mut hasher = ByteHasher::default();
    // Whatever `bytea_output` is.
    let open = format!(
        "SELECT fd, pg_catalog.encode(pg_catalog.loread(fd, {CHUNK}), 'hex') FROM pg_catalog.lo_open({number}, {READ}) AS fd"
    );
    let mut row = client.query(open.as_bytes())?.pop().unwrap_or_default();
    let descriptor = row.first().cloned().flatten().unwrap_or_default();
    let descriptor = String::from_utf8_lossy(&descriptor).into_owned();
    let more = format!("SELECT pg_catalog.encode(pg_catalog.loread({descriptor}, {CHUNK}), 'hex')");
    loop {
        let bytes = row.pop().flatten().and_then(|text| unhexed(&text));
        let bytes = bytes.ok_or_else(|| Error::Protocol("bytes that are not hexadecimal".to_owned()))?;
        hasher.add(&bytes);
        if bytes.len() < CHUNK {
            break;
        }
        row = client.query(more.as_bytes())?.pop().unwrap_or_default();
    }
    client.query(format!("SELECT pg_catalog.lo_close({descriptor})").as_bytes())?;
    Ok(hasher.finish())
}

/// The bytes of pairs of hexadecimal digits.
fn unhexed(text: &[u8]) -> Option<Vec<u8>> {
    let digits = Some(text).filter(|digits| digits.len().is_multiple_of(2))?;
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    digits.chunks_exact(2).map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?)).collect()
}
