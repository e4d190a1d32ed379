//! Data in statements: INSERTs and the pieces of large objects.

use std::fmt::Write;
use std::io::Read;

use dump::{Event, Events, Stream};

use crate::Error;
use crate::plan::Step;
use crate::session::{Failed, Session, Target};
use crate::source::LargeObject;

/// Statements are sent together up to about this many bytes.
const BATCH: usize = 128 * 1024;
/// A large object is written in pieces of this many bytes.
const PIECE: usize = 256 * 1024;

/// Runs the statements of a step; all of a batch that fails are run again one by one, to find which it is.
pub(crate) fn run(
    session: &mut Session<'_>,
    step: &Step,
    standard_conforming_strings: bool,
    data: &mut dyn Read,
) -> Result<Vec<Failed>, Error> {
    if session.target(step)? == Target::Foreign {
        // What is not read on is jumped over.
        return Ok(vec![Failed::foreign_rows()]);
    }
    let mut failures = Vec::new();
    let mut batch = Batch::default();
    let mut events = Events::new(Stream(data));
    events.set_standard_conforming_strings(standard_conforming_strings);
    while let Some(event) = events.next()? {
        let complete = match event {
            Event::Statement(statement) => {
                batch.text.extend_from_slice(statement.text);
                statement.complete
            }
            Event::Values { text, last, .. } => {
                batch.text.extend_from_slice(text);
                last
            }
            _ => continue,
        };
        if complete {
            batch.end_statement();
            if batch.text.len() > BATCH && !batch.in_transaction {
                batch.send(session, step, &mut failures)?;
            }
        }
    }
    batch.send(session, step, &mut failures)?;
    Ok(failures)
}

#[derive(Default)]
struct Batch {
    text: Vec<u8>,
    /// Where each statement ends.
    ends: Vec<usize>,
    in_transaction: bool,
}

impl Batch {
    fn end_statement(&mut self) {
        let begin = self.ends.last().copied().unwrap_or_default();
        let statement = &self.text[begin..];
        if statement.eq_ignore_ascii_case(b"BEGIN;") {
            self.in_transaction = true;
        } else if statement.eq_ignore_ascii_case(b"COMMIT;") {
            self.in_transaction = false;
        }
        self.ends.push(self.text.len());
    }

    fn send(
        &mut self,
        session: &mut Session<'_>,
        step: &Step,
        failures: &mut Vec<Failed>,
    ) -> Result<(), Error> {
        /// More errors than anybody reads.
        const ENOUGH: usize = 100;
        if !self.text.is_empty() && session.batch(step, &self.text)?.is_some() {
            // Where the batch had a transaction of its own, that is still open.
            session.batch(step, b"ROLLBACK")?;
            let mut begin = 0;
            for end in &self.ends {
                let failed = session.run(step, &self.text[begin..*end])?;
                // Of a transaction that failed, its first error is the one that tells.
                let failed = failed.filter(|failed| failed.error.code() != "25P02");
                failures.extend(failed.filter(|_| failures.len() < ENOUGH));
                begin = *end;
            }
        }
        *self = Batch::default();
        Ok(())
    }
}

/// Writes a large object of an archive.
pub(crate) fn large_object(
    session: &mut Session<'_>,
    step: &Step,
    object: LargeObject,
    data: &mut dyn Read,
) -> Result<Option<Failed>, Error> {
    let number = object.number;
    let mut failed = match object.is_made {
        true => session.run(step, format!("SELECT pg_catalog.lo_create({number})").as_bytes())?,
        // Even one without data has to be there.
        false => session.run(step, format!("SELECT pg_catalog.lo_put({number}, 0, '')").as_bytes())?,
    };
    let mut offset = 0;
    let mut piece = Vec::with_capacity(PIECE);
    while failed.is_none() {
        piece.clear();
        data.take(PIECE as u64).read_to_end(&mut piece).map_err(Error::Reread)?;
        if piece.is_empty() {
            break;
        }
        let mut sql = format!("SELECT pg_catalog.lo_put({number}, {offset}, '\\x");
        for byte in &piece {
            let _ = write!(sql, "{byte:02x}");
        }
        sql.push_str("')");
        failed = session.run(step, sql.as_bytes())?;
        offset += piece.len() as u64;
    }
    Ok(failed)
}
