//! Statements that are not understood.

use super::Reading;
use crate::event::Statement;
use crate::identify::{Meaning, refused};
use crate::lexeme::Lexeme;
use crate::object::{Address, Kind, Role};
use crate::schema::Part;
use crate::session::Session;
use crate::{Name, Position};

/// How many characters are shown of such a statement.
const EXCERPT: usize = 60;

/// A statement that was not understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown {
    /// Where it stands.
    pub at: Position,
    /// Its first bytes, at most 60.
    pub excerpt: String,
    /// Why PostgreSQL refuses it, where that is plain.
    pub refusal: Option<Refusal>,
    /// Whether rows stand behind it, which are left out.
    pub rows: bool,
}

/// What PostgreSQL's grammar does not take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Where it stands.
    pub at: Position,
    /// What is wrong.
    pub what: String,
}

/// Returns the beginning of a text, for people.
pub(super) fn excerpt(text: &[u8]) -> String {
    let begin = &text[..text.len().min(4 * EXCERPT)];
    String::from_utf8_lossy(begin).trim_end().chars().take(EXCERPT).collect()
}

/// Looks for what PostgreSQL's grammar does not take in a statement that was understood so far.
pub(super) fn refusal(statement: &Statement<'_>, words: &[Lexeme<'_>], meaning: &Meaning) -> Option<Refusal> {
    if matches!(meaning, Meaning::Unknown | Meaning::Noise(_) | Meaning::Session(_) | Meaning::Data { .. }) {
        return None;
    }
    let (at, what) = refused::refused(words)?;
    let start = statement.tokens.get(at).map_or(statement.text.len(), |token| token.start);
    Some(Refusal { at: statement.at.after(&statement.text[..start]), what })
}

impl Reading {
    /// Says how many statements were not understood so far.
    pub fn not_understood(&self) -> usize {
        self.unknown.len()
    }

    /// Keeps a statement as it is.
    pub(super) fn other(&mut self, statement: &Statement<'_>) {
        self.in_other = !statement.complete;
        let line_break: &[u8] = if statement.complete { b"\n" } else { b"" };
        self.keep_as_other([statement.text, line_break].concat(), statement.text.len(), statement.at);
    }

    /// Keeps a statement that PostgreSQL refuses.
    pub(super) fn refused(&mut self, statement: &Statement<'_>, refusal: Refusal) {
        self.other(statement);
        self.unknown.iter_mut().last().into_iter().for_each(|last| last.refusal = Some(refusal.clone()));
    }

    /// Takes a COPY that is not understood, whose rows come next: without them it says nothing, and is not kept.
    pub(super) fn rows_not_understood(&mut self, copy: &Statement<'_>) {
        self.ledger.data += copy.text.len() as u64;
        self.unknown.push(Unknown { at: copy.at, excerpt: excerpt(copy.text), refusal: None, rows: true });
    }

    /// Keeps what is not understood; `bytes` is its length in the input.
    pub(super) fn keep_as_other(&mut self, text: Vec<u8>, bytes: usize, at: Position) {
        self.ledger.other += bytes as u64;
        self.unknown.push(Unknown { at, excerpt: excerpt(&text), refusal: None, rows: false });
        self.order += 1;
        let order = self.order;
        let session = Session { authorization: None, owner: None, ..self.session.clone() };
        let session = self.shared.get(session);
        let address = Address::global(Kind::Other, Name::default());
        let role = Role::Definition;
        self.section().parts.push(Part { address, role, text, session, at, where_there: None, order });
    }
}
