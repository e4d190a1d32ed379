//! The time zone that a backup was taken in: pg_dump leaves it to the server, and writes points in time in it.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use cli::Failure;
use connect::{Client, Parameters};
use dump::{Address, DataSink, Name, Want};

use crate::input::Backup;
use live::literal;

/// How many zones are tried; of zones that never differed, one.
const TRIED: usize = 8;

/// Returns zones in which the points in time of some tables can have been written.
///
/// # Errors
/// When the backup cannot be read again or the server be asked.
pub fn candidates(
    backup: &Backup,
    database: Option<&Name>,
    tables: &BTreeSet<Address>,
    to: &Parameters,
) -> Result<Vec<String>, Failure> {
    let mut samples = Samples { database, tables, found: BTreeMap::new() };
    backup.read_rows(&mut samples)?;
    if samples.found.is_empty() {
        return Ok(Vec::new());
    }
    let mut sql =
        b"SELECT pg_catalog.min(z.name) FROM pg_catalog.pg_timezone_names z WHERE NOT EXISTS (SELECT FROM (VALUES "
            .to_vec();
    for (at, (local, whole)) in samples.found.values().enumerate() {
        if at > 0 {
            sql.extend_from_slice(b", ");
        }
        sql.push(b'(');
        sql.extend(literal(local));
        sql.push(b',');
        sql.extend(literal(whole));
        sql.push(b')');
    }
    sql.extend_from_slice(
        b") AS v (local, whole) WHERE v.whole::pg_catalog.timestamptz AT TIME ZONE z.name OPERATOR(pg_catalog.<>) \
          v.local::pg_catalog.timestamp) GROUP BY \
          ARRAY(SELECT t AT TIME ZONE z.name FROM pg_catalog.generate_series('1950-01-15'::pg_catalog.timestamptz, \
          '2040-01-15', '1 month') t) ORDER BY 1",
    );
    let rows = Client::connect(to)?.query(&sql)?;
    let names = rows.into_iter().filter_map(|row| String::from_utf8(row.into_iter().next()??).ok());
    Ok(names.take(TRIED).collect())
}

/// Points in time out of rows: of each month and offset, one.
struct Samples<'a> {
    database: Option<&'a Name>,
    tables: &'a BTreeSet<Address>,
    found: BTreeMap<Sampled, (Vec<u8>, Vec<u8>)>,
}

/// A month and an offset.
type Sampled = (Vec<u8>, Vec<u8>);

impl DataSink for Samples<'_> {
    fn wants(&mut self, database: Option<&Name>, relation: &Address) -> Want {
        let wanted = self.database == database && self.tables.contains(relation);
        if wanted { Want::Rows } else { Want::Nothing }
    }

    fn begin(&mut self, _: &Address, _: Option<&[Name]>) -> io::Result<()> {
        Ok(())
    }

    fn rows(&mut self, lines: &[u8]) -> io::Result<()> {
        const ENOUGH: usize = 500;
        let mut rest = lines;
        while self.found.len() < ENOUGH
            && let Some(at) = memchr::memchr(b':', rest)
        {
            // `2024-02-29 12:` stands in front of the first colon.
            if let Some(start) = at.checked_sub(13)
                && let Some((local, offset)) = point(&rest[start..])
            {
                let whole = [local, offset].concat();
                self.found.entry((local[..7].to_vec(), offset.to_vec())).or_insert((local.to_vec(), whole));
            }
            rest = &rest[at + 1..];
        }
        Ok(())
    }
}

/// The point in time at the front of a text, such as `2024-02-29 12:00:00.5` and `+05:30`.
fn point(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let shape = b"dddd-dd-dd dd:dd:dd";
    let fits = |(byte, shape): (&u8, &u8)| if *shape == b'd' { byte.is_ascii_digit() } else { byte == shape };
    if text.len() < shape.len() || !text.iter().zip(shape).all(fits) {
        return None;
    }
    let part = |byte: &u8| byte.is_ascii_digit() || *byte == b'.';
    let end = shape.len() + text[shape.len()..].iter().take_while(|byte| part(byte)).count();
    let (local, behind) = text.split_at(end);
    let digits = |byte: &u8| byte.is_ascii_digit() || *byte == b':';
    let len = match behind.first()? {
        b'+' | b'-' => 1 + behind[1..].iter().take_while(|byte| digits(byte)).count(),
        _ => return None,
    };
    (len >= 3).then(|| (local, &behind[..len]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_in_time_are_found_in_rows() {
        let tables = BTreeSet::new();
        let mut samples = Samples { database: None, tables: &tables, found: BTreeMap::new() };
        let rows =
            b"1\t2024-02-29 12:00:00.25+05:30\tx: y\n2\t2024-02-28 12:00:00\t[\"2024-07-01 00:00:00-04\",)\n";
        samples.rows(rows).unwrap();
        let found: Vec<String> =
            samples.found.values().map(|(_, whole)| String::from_utf8(whole.clone()).unwrap()).collect();
        assert_eq!(found, ["2024-02-29 12:00:00.25+05:30", "2024-07-01 00:00:00-04"]);
    }
}
