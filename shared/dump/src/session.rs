//! What a dump's `SET` statements leave behind for the statements that follow.

use std::fmt;
use std::sync::Arc;

use crate::Name;
use crate::lexeme::{Cursor, Lexeme};
use crate::lexer::TokenKind;

/// The session state that changes what later statements mean.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Session {
    /// The schemas in which names without one are looked up; empty since pg_dump 10.3.
    pub search_path: Vec<Name>,
    /// The tablespace of what is created without one; empty is the database's own.
    pub tablespace: Name,
    /// The access method of tables created without one; empty is `heap`.
    pub access_method: Name,
    /// Whether tables are created `WITH OIDS` (before 12).
    pub with_oids: bool,
    /// Who runs the statements, where that is not who runs the restore.
    pub authorization: Option<Name>,
    /// Who owns what the statements make (`--use-set-session-authorization`); no statement needs it.
    pub(crate) owner: Option<Name>,
}

/// What a session statement does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    SearchPath(Vec<Name>),
    Tablespace(Name),
    AccessMethod(Name),
    WithOids(bool),
    Authorization(Option<Name>),
    /// `SET SESSION AUTHORIZATION 'x'`: who owns what follows.
    ActsAsOwner(Name),
    StandardConformingStrings(bool),
    ClientEncoding(String),
    /// `RESET ALL`
    Reset,
    /// `DISCARD ALL`
    Discard,
    /// A setting that does not change what later statements mean; its name.
    Harmless(Name),
}

/// Shows the state in words, as the statements that lead to it without their `SET`.
impl fmt::Display for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut statements = Vec::new();
        Session::default().write_change(self, &mut statements);
        let text = String::from_utf8_lossy(&statements);
        let lines = text.lines().map(|line| line.strip_prefix("SET ").unwrap_or(line).trim_end_matches(';'));
        f.write_str(&lines.collect::<Vec<_>>().join(", "))
    }
}

impl Session {
    /// Returns the state of a connection on which nothing was set: the server's own search path.
    pub(crate) fn as_connected() -> Session {
        Session { search_path: vec![Name::from("$user"), Name::from("public")], ..Session::default() }
    }

    /// Says whether the search path is the server's own.
    pub(crate) fn has_the_servers_path(&self) -> bool {
        matches!(self.search_path.as_slice(), [user, public] if user.bytes() == b"$user" && public.bytes() == b"public")
    }

    /// Takes over what changed.
    pub(crate) fn apply(&mut self, change: &Change) {
        match change {
            Change::SearchPath(path) => self.search_path.clone_from(path),
            Change::Tablespace(name) if name.bytes() == b"pg_default" => self.tablespace = Name::default(),
            Change::Tablespace(name) => self.tablespace = name.clone(),
            Change::AccessMethod(name) if name.bytes() == b"heap" => self.access_method = Name::default(),
            Change::AccessMethod(name) => self.access_method = name.clone(),
            Change::WithOids(on) => self.with_oids = *on,
            Change::Authorization(role) => {
                self.authorization.clone_from(role);
                self.owner = None;
            }
            Change::Reset => {
                let Session { authorization, owner, .. } = std::mem::replace(self, Session::as_connected());
                (self.authorization, self.owner) = (authorization, owner);
            }
            Change::Discard => *self = Session::default(),
            Change::ActsAsOwner(role) => (self.authorization, self.owner) = (None, Some(role.clone())),
            Change::StandardConformingStrings(_) | Change::ClientEncoding(_) | Change::Harmless(_) => {}
        }
    }

    /// Returns the schema of a name that is written without one.
    pub(crate) fn creation_schema(&self) -> Name {
        let written = self.search_path.iter().find(|name| !matches!(name.bytes(), b"$user" | b"pg_catalog"));
        written.cloned().unwrap_or_else(|| Name::from("public"))
    }

    /// Says whether names without a schema mean what the server brings along, where it has such a thing.
    pub(crate) fn finds_the_servers_own(&self) -> bool {
        self.search_path.iter().position(|name| name.bytes() == b"pg_catalog").is_none_or(|at| at == 0)
    }

    /// Returns the one schema besides `pg_catalog` in which names are looked up: the path of pg_dump before 10.3. No schema
    /// is called as the user is.
    pub(crate) fn only_schema(&self) -> Option<&Name> {
        let named = |name: &&Name| !matches!(name.bytes(), b"pg_catalog" | b"$user");
        let mut schemas = self.search_path.iter().filter(named);
        schemas.next().filter(|_| schemas.next().is_none())
    }

    /// Returns who owns what a statement makes, where the session says so.
    pub(crate) fn maker(&self) -> Option<&Name> {
        self.owner.as_ref().or(self.authorization.as_ref())
    }

    /// Appends the statements that lead from this state to `next`.
    pub(crate) fn write_change(&self, next: &Session, out: &mut Vec<u8>) {
        if self.authorization != next.authorization {
            match &next.authorization {
                Some(role) => line(out, &[b"SET SESSION AUTHORIZATION ", &role.to_sql()]),
                None => line(out, &[b"RESET SESSION AUTHORIZATION"]),
            }
        }
        if self.search_path != next.search_path {
            if next.search_path.is_empty() {
                line(out, &[b"SELECT pg_catalog.set_config('search_path', '', false)"]);
            } else {
                let names: Vec<_> = next.search_path.iter().map(Name::to_sql).collect();
                line(out, &[b"SET search_path = ", &names.join(&b", "[..])]);
            }
        }
        if self.tablespace != next.tablespace {
            let value = match next.tablespace.is_empty() {
                true => b"''".to_vec(),
                false => next.tablespace.to_sql(),
            };
            line(out, &[b"SET default_tablespace = ", &value]);
        }
        if self.access_method != next.access_method {
            let value = match next.access_method.is_empty() {
                true => b"heap".to_vec(),
                false => next.access_method.to_sql(),
            };
            line(out, &[b"SET default_table_access_method = ", &value]);
        }
        if self.with_oids != next.with_oids {
            line(out, &[b"SET default_with_oids = ", if next.with_oids { b"true" } else { b"false" }]);
        }
    }
}

/// Hands out the same memory for states that follow each other and are the same.
#[derive(Debug, Default)]
pub(crate) struct Shared(Arc<Session>);

impl Shared {
    /// Returns the state, shared if it is the one before.
    pub fn get(&mut self, session: Session) -> Arc<Session> {
        if *self.0 != session {
            self.0 = Arc::new(session);
        }
        Arc::clone(&self.0)
    }
}

fn line(out: &mut Vec<u8>, pieces: &[&[u8]]) {
    for piece in pieces {
        out.extend_from_slice(piece);
    }
    out.extend_from_slice(b";\n");
}

/// Reads a `SET`, `RESET` or `SELECT set_config(…)`; `None` if the statement is none of these.
pub(crate) fn change(lexemes: &[Lexeme<'_>]) -> Option<Change> {
    let mut cursor = Cursor::new(lexemes);
    if cursor.eat("RESET SESSION AUTHORIZATION") {
        return Some(Change::Authorization(None));
    }
    if cursor.eat("RESET") {
        if cursor.eat("ALL") {
            return cursor.at_end().then_some(Change::Reset);
        }
        if cursor.eat("TIME ZONE") || cursor.eat("TRANSACTION ISOLATION LEVEL") {
            return cursor.at_end().then(|| Change::Harmless(Name::from("timezone")));
        }
        let mut names = cursor.dotted()?;
        let (name, alone) = (names.pop()?, names.is_empty());
        return cursor.at_end().then(|| if alone { reset(name) } else { Change::Harmless(name) });
    }
    if let Some(change) = special(&mut cursor) {
        return change;
    }
    if cursor.eat("SET SESSION AUTHORIZATION") {
        if cursor.eat("DEFAULT") {
            return Some(Change::Authorization(None));
        }
        let role = cursor.rest().first()?;
        // pg_dump writes the owner of what follows as a literal (`_doSetSessionAuth` in pg_backup_archiver.c) and the
        // grantor of what follows as a name (`buildACLCommands` in dumputils.c). An owner grants as a superuser does.
        let acts_as_owner = role.kind == TokenKind::String;
        let role = value_name(role)?;
        return Some(if acts_as_owner {
            Change::ActsAsOwner(role)
        } else {
            Change::Authorization(Some(role))
        });
    }
    if cursor.eat("SET") {
        let mut names = cursor.dotted()?;
        let name = names.pop()?;
        if !names.is_empty() {
            // A parameter of an extension.
            let assigned = cursor.next()?;
            let is = assigned.text.as_ref() == b"=" || assigned.is("TO");
            return is.then_some(Change::Harmless(name));
        }
        if name.bytes() != b"role" {
            // `SET ROLE x` comes from pg_dump's --role and says nothing about the schema.
            let assigned = cursor.next()?;
            if assigned.text.as_ref() != b"=" && !assigned.is("TO") {
                return None;
            }
            if matches!(cursor.rest(), [default] if default.is("DEFAULT")) {
                return Some(reset(name));
            }
        }
        return Some(assignment(name, cursor.rest()));
    }
    if !cursor.eat("SELECT") {
        return None;
    }
    let function = cursor.dotted()?;
    let arguments = cursor.parentheses()?;
    // A function of that name in another schema is the dump's own, and anything but literals has to be evaluated first.
    let is_server = match function.as_slice() {
        [function] => function.bytes() == b"set_config",
        [schema, function] => schema.bytes() == b"pg_catalog" && function.bytes() == b"set_config",
        _ => false,
    };
    if !is_server || !cursor.at_end() {
        return None;
    }
    let [name, first, value, second, local] = arguments else { return None };
    let commas = [first, second].iter().all(|comma| comma.kind == TokenKind::Comma);
    if !commas || !(local.is("false") || local.is("true")) {
        return None;
    }
    let value = crate::lexeme::literal_value(value)?;
    let name = Name::from(crate::lexeme::literal_value(name)?.as_slice());
    Some(assignment(name, &crate::lexeme::lexemes_of(&value)?))
}

/// Reads the forms of `SET` and its kin that assign nothing by name (`set_rest` and `DiscardStmt` in gram.y), and moves behind
/// `SESSION` and `LOCAL`; the outer `None` if it is none of them.
fn special(cursor: &mut Cursor<'_, '_>) -> Option<Option<Change>> {
    let harmless = |name: &str| Some(Change::Harmless(Name::from(name)));
    if cursor.eat("DISCARD") {
        // All of the session's settings go, and who runs the statements.
        let change = if cursor.sees("ALL") { Some(Change::Discard) } else { harmless("discard") };
        let known = ["ALL", "PLANS", "SEQUENCES", "TEMP", "TEMPORARY"];
        return Some(change.filter(|_| known.iter().any(|word| cursor.eat(word)) && cursor.at_end()));
    }
    if !cursor.sees("SET") {
        return None;
    }
    let second = cursor.rest().get(2);
    let assigns = second.is_some_and(|next| next.is("TO") || next.text.as_ref() == b"=");
    let words = ["SET SESSION CHARACTERISTICS AS TRANSACTION", "SET CONSTRAINTS", "SET TRANSACTION"];
    if !assigns && words.iter().any(|words| cursor.sees(words)) {
        return Some(harmless("transaction"));
    }
    let scoped =
        cursor.sees("SET SESSION") && !cursor.sees("SET SESSION AUTHORIZATION") || cursor.sees("SET LOCAL");
    let rest = cursor.rest();
    let rest = &rest[1 + usize::from(scoped && !assigns)..];
    let is = |at: usize, word: &str| rest.get(at).is_some_and(|lexeme| lexeme.is(word));
    match rest {
        [schema, name] if schema.is("SCHEMA") => {
            Some(value_name(name).map(|schema| Change::SearchPath(vec![schema])))
        }
        [names, value] if names.is("NAMES") && !value.is("DEFAULT") => {
            let encoding = value_name(value).map(|name| name.to_string().to_ascii_uppercase());
            Some(encoding.map(Change::ClientEncoding))
        }
        _ if is(0, "TIME") && is(1, "ZONE") || is(0, "XML") && is(1, "OPTION") || is(0, "NAMES") => {
            Some(harmless("timezone"))
        }
        _ if scoped && !assigns && is(0, "SESSION") && is(1, "AUTHORIZATION") => {
            let role = rest.get(2)?;
            let name = value_name(role).filter(|_| !role.is("DEFAULT"));
            Some(Some(Change::Authorization(name)))
        }
        _ if scoped && !assigns => Some(change(&[&[Lexeme::word("SET")], rest].concat())),
        _ => None,
    }
}

/// What a setting is again that nobody sets.
fn reset(name: Name) -> Change {
    match name.bytes() {
        b"search_path" => Change::SearchPath(Session::as_connected().search_path),
        b"default_tablespace" => Change::Tablespace(Name::default()),
        b"default_table_access_method" => Change::AccessMethod(Name::default()),
        b"default_with_oids" => Change::WithOids(false),
        b"standard_conforming_strings" => Change::StandardConformingStrings(true),
        _ => Change::Harmless(name),
    }
}

fn assignment(name: Name, values: &[Lexeme<'_>]) -> Change {
    let names = || values.iter().filter(|value| value.kind != TokenKind::Comma).filter_map(value_name);
    let first = names().next().unwrap_or_default();
    let on = matches!(first.bytes(), b"on" | b"true" | b"1");
    match name.bytes() {
        b"search_path" => Change::SearchPath(names().filter(|name| !name.is_empty()).collect()),
        b"default_tablespace" => Change::Tablespace(first),
        b"default_table_access_method" => Change::AccessMethod(first),
        b"default_with_oids" => Change::WithOids(on),
        b"standard_conforming_strings" => Change::StandardConformingStrings(on),
        b"client_encoding" => Change::ClientEncoding(first.to_string().to_ascii_uppercase()),
        _ => Change::Harmless(name),
    }
}

/// A setting's value as a name: `x`, `"X"` or `'X'`.
fn value_name(value: &Lexeme<'_>) -> Option<Name> {
    match value.kind {
        TokenKind::String => Some(Name::from(crate::lexeme::literal_value(value)?.as_slice())),
        TokenKind::Word | TokenKind::Identifier => Some(Name::from_sql(&value.text)),
        _ => Some(Name::from(value.text.as_ref())),
    }
}

/// Says whether this is the `SET` by which Rails' `structure.sql` begins what it adds behind the dump;
/// pg_dump itself never writes `"$user"`. What only takes a path back begins nothing.
pub(crate) fn begins_trailer(change: &Change, lexemes: &[Lexeme<'_>]) -> bool {
    matches!(change, Change::SearchPath(path) if path.iter().any(|name| name.bytes() == b"$user"))
        && !lexemes.iter().any(|lexeme| lexeme.is("RESET") || lexeme.is("DEFAULT"))
}
