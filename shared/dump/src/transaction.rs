//! Statements that begin and end transactions (`TransactionStmt` in PostgreSQL's gram.y).

use crate::Name;
use crate::event::Statement;
use crate::lexeme::{Cursor, Lexeme, lexemes};

/// What a statement does to the transaction of its session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transaction {
    /// It begins one: `BEGIN`, `START TRANSACTION`.
    Begin,
    /// It ends one and keeps what it did: `COMMIT`, `END`; with `AND CHAIN` the next one begins at once.
    Commit {
        /// Whether the next one begins at once.
        chain: bool,
    },
    /// It ends one and undoes what it did: `ROLLBACK`, `ABORT`.
    Rollback {
        /// Whether the next one begins at once.
        chain: bool,
    },
    /// It names a point to go back to.
    Savepoint(Name),
    /// It forgets such a point.
    Release(Name),
    /// It undoes what was done since such a point.
    RollbackTo(Name),
    /// It leaves the transaction to another session, which has to commit it: `PREPARE TRANSACTION`.
    Prepare,
}

impl Transaction {
    /// Reads what a statement does to the transaction of its session; `None` if it is none of these.
    ///
    /// ```
    /// use dump::{Event, Events, Stream, Transaction};
    /// let of = |sql: &'static str| -> Result<Option<Transaction>, dump::Error> {
    ///     let mut events = Events::new(Stream(sql.as_bytes()));
    ///     let Some(Event::Statement(statement)) = events.next()? else { return Ok(None) };
    ///     Ok(Transaction::of(&statement))
    /// };
    /// assert_eq!(of("start transaction isolation level serializable;")?, Some(Transaction::Begin));
    /// assert_eq!(of("END WORK;")?, Some(Transaction::Commit { chain: false }));
    /// assert_eq!(of("ROLLBACK TO here;")?, Some(Transaction::RollbackTo(dump::Name::from("here"))));
    /// assert_eq!(of("COMMIT PREPARED 'x';")?, None);
    /// # Ok::<(), dump::Error>(())
    /// ```
    pub fn of(statement: &Statement<'_>) -> Option<Transaction> {
        // They are short, and every statement of a dump is asked.
        const LONGEST: usize = 24;
        let short = statement.tokens.len() <= LONGEST;
        short.then(|| read(&lexemes(statement, true)))?
    }
}

pub(crate) fn read(words: &[Lexeme<'_>]) -> Option<Transaction> {
    let mut cursor = Cursor::new(words);
    if cursor.eat("START TRANSACTION") {
        return Some(Transaction::Begin);
    }
    if cursor.eat("PREPARE TRANSACTION") {
        return Some(Transaction::Prepare);
    }
    if cursor.eat("SAVEPOINT") {
        return last_name(&mut cursor).map(Transaction::Savepoint);
    }
    if cursor.eat("RELEASE") {
        cursor.eat("SAVEPOINT");
        return last_name(&mut cursor).map(Transaction::Release);
    }
    if cursor.eat("BEGIN") {
        let _ = cursor.eat("WORK") || cursor.eat("TRANSACTION");
        let modes = ["ISOLATION", "READ", "DEFERRABLE", "NOT"];
        let goes_on = cursor.at_end() || modes.iter().any(|mode| cursor.sees(mode));
        return goes_on.then_some(Transaction::Begin);
    }
    let commits = cursor.eat("COMMIT") || cursor.eat("END");
    if !commits && !cursor.eat("ROLLBACK") && !cursor.eat("ABORT") {
        return None;
    }
    let _ = cursor.eat("WORK") || cursor.eat("TRANSACTION");
    if !commits && cursor.eat("TO") {
        cursor.eat("SAVEPOINT");
        return last_name(&mut cursor).map(Transaction::RollbackTo);
    }
    let chain = cursor.eat("AND CHAIN");
    let _ = !chain && cursor.eat("AND NO CHAIN");
    let control = if commits { Transaction::Commit { chain } } else { Transaction::Rollback { chain } };
    cursor.at_end().then_some(control)
}

/// The name that ends a statement.
fn last_name(cursor: &mut Cursor<'_, '_>) -> Option<Name> {
    let name = cursor.name()?;
    cursor.at_end().then_some(name)
}
