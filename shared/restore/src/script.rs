//! Data in statements: INSERTs and the pieces of large objects.

use std::fmt::Write;
use std::io::Read;

use dump::{Class, DataForm, Event, Events, Stream, Transaction};

use crate::Error;
use crate::plain::fills_large_object;
use crate::plan::{RowsPlan, Step};
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
    rows: &RowsPlan,
    data: &mut dyn Read,
) -> Result<Vec<Failed>, Error> {
    if session.target(step)? == Target::Foreign {
        // What is not read on is jumped over.
        return Ok(vec![Failed::foreign_rows()]);
    }
    let mut failures = Vec::new();
    let mut batch = Batch::default();
    let large_objects = step.subject.class == Class::Data(DataForm::LargeObject);
    if rows.in_transaction && large_objects {
        batch.text.extend_from_slice(b"BEGIN;");
        batch.end_statement();
    }
    let mut events = Events::new(Stream(data));
    events.set_standard_conforming_strings(rows.standard_conforming_strings);
    while let Some(event) = events.next()? {
        let complete = match event {
            // What stands in between is run by a step of its own.
            Event::Statement(statement)
                if large_objects
                    && !fills_large_object(&statement)
                    && Transaction::of(&statement).is_none() =>
            {
                continue;
            }
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
            let committed = batch.end_statement();
            // What a statement opens outside of a transaction is closed when it ends.
            let alone = large_objects && !batch.in_transaction && !committed;
            if batch.text.len() > BATCH || batch.is_open && committed || alone {
                batch.send(session, step, &mut failures)?;
            }
        }
    }
    if batch.in_transaction {
        batch.text.extend_from_slice(b"COMMIT;");
        batch.end_statement();
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
    /// Whether the server has a part of the transaction: a large object may be larger than memory.
    is_open: bool,
    /// Whether the transaction failed, so that nothing more of it can be run.
    is_lost: bool,
}

impl Batch {
    /// Ends a statement; says whether a transaction ends with it.
    fn end_statement(&mut self) -> bool {
        let begin = self.ends.last().copied().unwrap_or_default();
        let statement = &self.text[begin..];
        let committed = statement.eq_ignore_ascii_case(b"COMMIT;");
        if statement.eq_ignore_ascii_case(b"BEGIN;") {
            self.in_transaction = true;
        } else if committed {
            self.in_transaction = false;
        }
        self.ends.push(self.text.len());
        committed
    }

    fn send(
        &mut self,
        session: &mut Session<'_>,
        step: &Step,
        failures: &mut Vec<Failed>,
    ) -> Result<(), Error> {
        /// More errors than anybody reads.
        const ENOUGH: usize = 100;
        if !self.text.is_empty()
            && !self.is_lost
            && let Some(error) = session.batch(step, &self.text)?
        {
            // Where the batch had a transaction of its own, that is still open.
            session.batch(step, b"ROLLBACK")?;
            if self.is_open {
                let failed = Some(Failed { error, refused: None });
                failures.extend(failed.filter(|_| failures.len() < ENOUGH));
                self.is_lost = true;
            } else {
                self.one_by_one(session, step, &mut |failed| {
                    failures.extend(Some(failed).filter(|_| failures.len() < ENOUGH));
                })?;
            }
            if self.is_lost && self.in_transaction {
                session.batch(step, b"ROLLBACK")?;
            }
        }
        self.is_open = self.in_transaction;
        self.is_lost &= self.in_transaction;
        self.text = Vec::new();
        self.ends.clear();
        Ok(())
    }

    /// Runs the statements again, to find which it is that fails.
    fn one_by_one(
        &mut self,
        session: &mut Session<'_>,
        step: &Step,
        tell: &mut dyn FnMut(Failed),
    ) -> Result<(), Error> {
        let mut begin = 0;
        for end in &self.ends {
            let statement = &self.text[begin..*end];
            if statement.eq_ignore_ascii_case(b"BEGIN;") {
                self.is_lost = false;
            }
            if let Some(failed) = session.run(step, statement)? {
                self.is_lost = true;
                // Of a transaction that failed, its first error is the one that tells.
                if failed.error.code() != "25P02" {
                    tell(failed);
                }
            }
            begin = *end;
        }
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
        // No backslash, whose meaning a setting of the dump decides.
        let mut sql = format!("SELECT pg_catalog.lo_put({number}, {offset}, pg_catalog.decode('");
        for byte in &piece {
            let _ = write!(sql, "{byte:02x}");
        }
        sql.push_str("', 'hex'))");
        failed = session.run(step, sql.as_bytes())?;
        offset += piece.len() as u64;
    }
    Ok(failed)
}
