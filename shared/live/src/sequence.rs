//! The values of sequences.

use std::fmt;

use connect::{Client, Error};
use dump::QualifiedName;

use crate::literal::literal;

/// One row if it is a sequence. What has its name but is a view would run its owner's functions as us: besides this, the
/// server refuses to read one where it knows how (`restrict_nonsystem_relation_kind`).
const SEQUENCE: &[u8] = b"SELECT FROM pg_catalog.pg_class c WHERE c.relkind OPERATOR(pg_catalog.=) 'S' AND c.oid OPERATOR(pg_catalog.=)";

/// Where a sequence is: `last_value` and `is_called`, as `pg_catalog.setval` takes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SequenceValue {
    /// The last value, or the first one to be given.
    pub last: i64,
    /// Whether it was given.
    pub is_called: bool,
}

impl SequenceValue {
    /// The value that a dump sets, out of `SELECT pg_catalog.setval('s.q', 3, true);`; none if it is written in another way.
    ///
    /// ```
    /// let value = live::SequenceValue::of_statement(b"SELECT pg_catalog.setval('s.q', 3, true);\n");
    /// assert_eq!(value.unwrap().to_string(), "3, true");
    /// ```
    pub fn of_statement(statement: &[u8]) -> Option<SequenceValue> {
        let text = String::from_utf8_lossy(statement).into_owned();
        let mut arguments = text.trim_end().trim_end_matches(';').trim_end_matches(')').rsplit(", ");
        let is_called = arguments.next()?.parse().ok()?;
        Some(SequenceValue { last: arguments.next()?.parse().ok()?, is_called })
    }

    /// The value that a sequence has on a server. It belongs to no snapshot: the server gives what is so now.
    ///
    /// # Errors
    /// When the server refuses, or the connection to it is lost.
    pub fn read(client: &mut Client, sequence: &QualifiedName) -> Result<SequenceValue, Error> {
        let sequence = sequence.to_sql();
        let named = [&*literal(&sequence), b"::pg_catalog.regclass"].concat();
        if client.query(&[SEQUENCE, &*named].concat())?.is_empty() {
            // The server says what it is instead.
            client.query(&[b"SELECT pg_catalog.currval(", &*named, b")"].concat())?;
        }
        let rows =
            client.query(&[b"SELECT q.last_value, q.is_called FROM ONLY ", &*sequence, b" q"].concat())?;
        let value = |at: usize| rows.first().and_then(|row| row.get(at)?.clone()).unwrap_or_default();
        let last = std::str::from_utf8(&value(0)).ok().and_then(|text| text.parse().ok());
        let last = last.ok_or_else(|| Error::Protocol("a sequence's value that is no number".to_owned()))?;
        Ok(SequenceValue { last, is_called: value(1) == b"t" })
    }
}

impl fmt::Display for SequenceValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", self.last, self.is_called)
    }
}
