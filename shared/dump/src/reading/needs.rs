//! The state of the session that a statement begins in, and what of it the statement needs.

use super::ReadOptions;
use crate::lexeme::Lexeme;
use crate::object::{Address, Kind, Role};
use crate::session::Session;

/// The state in which an input begins: psql's, or for a file of a tree that of the script that it becomes a part of.
pub(super) fn fresh_session(options: ReadOptions) -> Session {
    if options.canonical { Session::default() } else { Session::as_connected() }
}

/// Says whether a statement makes an extension without saying in which schema.
pub(super) fn is_put_where_the_path_says(address: &Address, role: Role, words: &[Lexeme<'_>]) -> bool {
    role == Role::Definition && address.kind == Kind::Extension && !words.iter().any(|word| word.is("SCHEMA"))
}

/// The part of the session's state that a statement needs to mean the same elsewhere.
pub(super) fn needed_session(
    session: &Session,
    address: &Address,
    role: Role,
    words: &[Lexeme<'_>],
) -> Session {
    let mut needed = Session::default();
    let has = |word: &str| words.iter().any(|lexeme| lexeme.is(word));
    if role == Role::Definition {
        let stores = match address.kind {
            Kind::Table | Kind::MaterializedView | Kind::Index => true,
            Kind::Constraint => has("PRIMARY") || has("UNIQUE") || has("EXCLUDE"),
            _ => false,
        };
        if stores {
            needed.tablespace = session.tablespace.clone();
        }
        if matches!(address.kind, Kind::Table | Kind::MaterializedView) && !has("PARTITION") {
            needed.access_method = session.access_method.clone();
        }
        if address.kind == Kind::Table {
            needed.with_oids = session.with_oids;
        }
    }
    if role == Role::Privilege {
        needed.authorization.clone_from(&session.authorization);
    }
    let all_named = matches!(role, Role::Owner | Role::Comment | Role::SecurityLabel | Role::Privilege)
        || address.kind.is_global()
        || matches!(address.kind, Kind::Schema | Kind::Database)
        || address.kind == Kind::Extension && !is_put_where_the_path_says(address, role, words);
    if !all_named && session.search_path.iter().any(|name| name.bytes() != b"pg_catalog") {
        needed.search_path.clone_from(&session.search_path);
    }
    needed
}
