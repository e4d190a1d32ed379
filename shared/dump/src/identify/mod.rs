//! Which object a statement speaks of, read from its tokens alone.
//!
//! Names the thing a statement addresses as the statement itself does; what only the whole dump tells
//! (that a `TABLE` is a view, which table an index is on) is [`schema`](crate::schema)'s to resolve.

mod alter;
mod create;
mod data;
mod privilege;
mod reference;
pub(crate) mod refused;
mod removal;
mod signature;
pub(crate) mod types;
mod upkeep;

pub(crate) use signature::type_len;

use crate::lexeme::{Cursor, Lexeme};
use crate::lexer::TokenKind;
use crate::object::{Address, Kind, Role};
use crate::session::{self, Change, Session};
use crate::transaction;
use crate::{Name, QualifiedName};

/// What a statement is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// It makes, or adds to, an object or a part of one.
    Part { address: Address, role: Role },
    /// It sets an owner; `None` is the role that restores it.
    Owner { address: Address, owner: Option<Name> },
    /// It changes the session.
    Session(Change),
    /// It carries data.
    Data { address: Address, form: DataForm },
    /// It takes something away, as `--clean` does with what is to be made; what, where that is known.
    Removal(Vec<Address>),
    /// It is needed to restore and says nothing about schema or data.
    Noise(Noise),
    /// It is not understood.
    Unknown,
}

/// How data is written in a dump.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DataForm {
    /// `COPY … FROM stdin`; rows follow.
    Copy,
    /// `INSERT`.
    Insert,
    /// `SELECT pg_catalog.setval(…)`.
    SequenceValue,
    /// `REFRESH MATERIALIZED VIEW`.
    Refresh,
    /// A statement that makes or fills a large object.
    LargeObject,
}

/// Why a piece of a dump says nothing about its schema or data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Noise {
    /// White space and comments between statements.
    Gap,
    /// Lines of programs in front of the dump.
    Foreword,
    /// `\restrict`, `\unrestrict`, `\connect` and `\encoding`.
    MetaCommand,
    /// Settings of the session that restores.
    Session,
    /// What every database has from its beginning: PL/pgSQL, the comment of schema `public`.
    BuiltIn,
    /// What `--clean` writes to remove old objects.
    Clean,
    /// Switching triggers off and on around data.
    Triggers,
    /// Transactions, as around large objects.
    Transaction,
    /// What leaves no trace in schema or data, such as `ANALYZE` and `SELECT 1`.
    Upkeep,
    /// Statistics of the planner (`--statistics`).
    PlannerStatistics,
}

/// A statement with what it was found to be.
#[derive(Debug)]
pub(crate) struct Identified {
    pub meaning: Meaning,
    /// Where names of things in schemas are written without their schema (offsets of lexemes).
    pub unqualified: Vec<usize>,
}

/// Finds out what a statement is.
pub(crate) fn identify(lexemes: &[Lexeme<'_>], session: &Session) -> Identified {
    let types = match session.only_schema() {
        Some(_) => types::unqualified_types(lexemes),
        None => Vec::new(),
    };
    if types.is_empty() {
        return read(lexemes, session);
    }
    // Identities are read from qualified types; what is found without a schema is counted in the lexemes as they came.
    let schema = Lexeme::name(&session.creation_schema());
    let (mut qualified, mut origins) = (Vec::new(), Vec::new());
    for (at, lexeme) in lexemes.iter().enumerate() {
        if types.binary_search(&at).is_ok() {
            qualified.extend([schema.clone(), Lexeme::new(TokenKind::Dot, &b"."[..])]);
            origins.extend([at, at]);
        }
        qualified.push(lexeme.clone());
        origins.push(at);
    }
    let mut identified = read(&qualified, session);
    identified.unqualified.iter_mut().for_each(|at| *at = origins.get(*at).copied().unwrap_or(*at));
    identified.unqualified.extend(types);
    identified.unqualified.sort_unstable();
    identified.unqualified.dedup();
    identified
}

fn read(lexemes: &[Lexeme<'_>], session: &Session) -> Identified {
    let mut reader = Reader { cursor: Cursor::new(lexemes), session, unqualified: Vec::new() };
    let meaning = match reader.statement().unwrap_or(Meaning::Unknown) {
        Meaning::Part { address, role } if is_built_in(lexemes, &address, role) => {
            Meaning::Noise(Noise::BuiltIn)
        }
        meaning => meaning,
    };
    Identified { meaning, unqualified: reader.unqualified }
}

/// Says whether a statement makes or describes what `initdb` has made already, as it has made it. Before 12, pg_dump
/// wrote the extension of PL/pgSQL; with `--quote-all-identifiers`, all of them write the comment of `public`.
fn is_built_in(lexemes: &[Lexeme<'_>], address: &Address, role: Role) -> bool {
    let (is, comment): (bool, &[&[u8]]) = match (address.kind, address.name.bytes()) {
        (Kind::Extension, b"plpgsql") => (true, &[b"'PL/pgSQL procedural language'"]),
        (Kind::Schema, b"public") => (true, &[b"'standard public schema'"]),
        _ => (false, &[]),
    };
    is && match role {
        Role::Definition => {
            address.kind == Kind::Extension || lexemes.get(2).is_some_and(|word| word.is("IF"))
        }
        Role::Comment => lexemes.last().is_some_and(|text| comment.contains(&text.text.as_ref())),
        _ => false,
    }
}

/// Reads one statement from its front.
struct Reader<'t, 'a> {
    cursor: Cursor<'t, 'a>,
    session: &'t Session,
    unqualified: Vec<usize>,
}

impl Reader<'_, '_> {
    fn statement(&mut self) -> Option<Meaning> {
        let lexemes = self.cursor.rest();
        let first = String::from_utf8_lossy(&lexemes.first()?.text).to_ascii_uppercase();
        match first.as_str() {
            "SET" | "RESET" | "DISCARD" => session::change(lexemes).map(Meaning::Session),
            "CREATE" => self.create(),
            "ALTER" => self.alter(),
            "COMMENT" => self.comment(),
            "SECURITY" => self.security_label(),
            "GRANT" | "REVOKE" => self.privilege(),
            "COPY" | "INSERT" | "REFRESH" => self.data(),
            // A function of that name is another one where another schema comes first.
            "SELECT" => session::change(lexemes)
                .filter(|_| {
                    self.session.finds_the_servers_own()
                        || lexemes.get(2).is_some_and(|dot| dot.kind == TokenKind::Dot)
                })
                .map(Meaning::Session)
                .or_else(|| self.select())
                .or_else(|| {
                    upkeep::reads_only(lexemes, self.session).then_some(Meaning::Noise(Noise::Upkeep))
                }),
            "DROP" => Some(Meaning::Removal(self.removed())),
            "UPDATE" => self.template_dance(),
            _ if upkeep::is_upkeep(lexemes) => Some(Meaning::Noise(Noise::Upkeep)),
            _ => transaction::read(lexemes).map(|_| Meaning::Noise(Noise::Transaction)),
        }
    }

    /// Reads the name of something that a schema holds and gives it the schema it is created in where
    /// none is written.
    fn schema_name(&mut self) -> Option<QualifiedName> {
        let at = self.cursor.at;
        let mut name = self.cursor.qualified()?;
        if name.schema.is_none() {
            self.unqualified.push(at);
            name.schema = Some(self.session.creation_schema());
        }
        Some(name)
    }

    fn in_schema(&mut self, kind: Kind) -> Option<Address> {
        Some(Address::in_schema(kind, self.schema_name()?))
    }

    fn global(&mut self, kind: Kind) -> Option<Address> {
        Some(Address::global(kind, self.cursor.name()?))
    }

    fn comment(&mut self) -> Option<Meaning> {
        self.cursor.expect("COMMENT ON")?;
        let address = self.reference()?;
        self.cursor.expect("IS")?;
        Some(Meaning::Part { address, role: Role::Comment })
    }

    fn security_label(&mut self) -> Option<Meaning> {
        self.cursor.expect("SECURITY LABEL")?;
        self.cursor.skip_behind("ON")?;
        let address = self.reference()?;
        self.cursor.expect("IS")?;
        Some(Meaning::Part { address, role: Role::SecurityLabel })
    }
}
