//! Privileges reduced to what differs from the default, as pg_dump writes them since 9.6.
//!
//! Before, `buildACLCommands` (dumputils.c) began with `REVOKE ALL` from `PUBLIC` and from the owner and granted
//! everything again. Only what such a pair leaves as it was is taken away.

use crate::Name;
use crate::lexeme::{Cursor, Lexeme, lexemes_of};
use crate::lexer::TokenKind;
use crate::object::{Address, Kind, Role};
use crate::schema::{Object, Part};

/// A `GRANT` or `REVOKE` that is no grant option and that its owner makes.
#[derive(Debug)]
struct Grant {
    revokes: bool,
    /// The privileges as they are written, with columns.
    privileges: Vec<u8>,
    of_columns: bool,
    /// What it is about: the words between `ON` and the grantee.
    target: Vec<u8>,
    /// `None` is `PUBLIC`.
    grantee: Option<Name>,
}

impl Grant {
    fn read(part: &Part) -> Option<Grant> {
        if part.role != Role::Privilege || part.session.authorization.is_some() {
            return None;
        }
        let lexemes = lexemes_of(&part.text)?;
        let verb = lexemes.iter().position(|lexeme| lexeme.is("GRANT") || lexeme.is("REVOKE"))?;
        let revokes = lexemes[verb].is("REVOKE");
        let on = lexemes.iter().skip(verb).position(|lexeme| lexeme.is("ON"))? + verb;
        let mut cursor = Cursor::new(&lexemes);
        cursor.at = on + 1;
        cursor.skip_behind(if revokes { "FROM" } else { "TO" })?;
        let end = cursor.at - 1;
        let grantee = cursor.next()?;
        let plain = cursor.next()?.kind == TokenKind::Semicolon && !lexemes[verb + 1].is("OPTION");
        let text = |lexemes: &[Lexeme<'_>]| {
            lexemes.iter().map(|lexeme| lexeme.text.as_ref()).collect::<Vec<_>>().join(&b' ')
        };
        let privileges = &lexemes[verb + 1..on];
        plain.then(|| Grant {
            revokes,
            privileges: text(privileges),
            of_columns: privileges.iter().any(|lexeme| lexeme.kind == TokenKind::LeftParen),
            target: text(&lexemes[on + 1..end]),
            grantee: (!grantee.is("PUBLIC")).then(|| Name::from_sql(&grantee.text)),
        })
    }

    fn is_all(&self) -> bool {
        // What `ALL` on a table meant before 17.
        let written_out = b"SELECT , INSERT , UPDATE , DELETE , TRUNCATE , REFERENCES , TRIGGER";
        self.privileges == b"ALL" || self.privileges == written_out
    }
}

/// What `PUBLIC` may do with something new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PublicDefault {
    Nothing,
    All,
    /// `CONNECT` and `TEMPORARY`.
    Database,
    /// All before 15, `USAGE` since: what the dump says of it is always worth saying.
    SchemaPublic,
}

impl PublicDefault {
    fn of(address: &Address, target: &[u8]) -> PublicDefault {
        match address.kind {
            kind if kind.is_routine() => PublicDefault::All,
            Kind::Language | Kind::Type | Kind::Domain => PublicDefault::All,
            Kind::Database => PublicDefault::Database,
            Kind::Schema if address.name.bytes() == b"public" => PublicDefault::SchemaPublic,
            Kind::DefaultPrivileges if matches!(target, b"FUNCTIONS" | b"ROUTINES" | b"TYPES") => {
                PublicDefault::All
            }
            _ => PublicDefault::Nothing,
        }
    }
}

/// Takes away the statements that together say nothing.
pub(crate) fn reduce(object: &mut Object, owner: impl FnOnce() -> Option<Name>) {
    let revokes =
        |part: &Part| part.role == Role::Privilege && memchr::memmem::find(&part.text, b"REVOKE ").is_some();
    if !object.parts.iter().any(revokes) {
        return;
    }
    let address = &object.address;
    let schema_public = address.kind == Kind::Schema && address.name.bytes() == b"public";
    // What the dump does not make, such as the functions of an extension, begins with other privileges.
    let made = schema_public
        || address.kind == Kind::DefaultPrivileges
        || object.parts.iter().any(|part| part.role <= Role::Definition && part.address == *address);
    if !made {
        return;
    }
    let owner = if address.kind == Kind::DefaultPrivileges { Some(address.name.clone()) } else { owner() };
    let grants: Vec<(usize, Grant)> =
        object.parts.iter().enumerate().filter_map(|(at, part)| Some((at, Grant::read(part)?))).collect();
    let mut needless: Vec<usize> = Vec::new();
    for (at, revoke) in grants.iter().filter(|(_, grant)| grant.revokes) {
        let granted_again = |(_, grant): &&(usize, Grant)| {
            !grant.revokes && grant.grantee == revoke.grantee && grant.target == revoke.target
        };
        let again: Vec<&(usize, Grant)> = grants.iter().filter(granted_again).collect();
        let same = again.iter().find(|(_, grant)| grant.privileges == revoke.privileges);
        let nothing = match PublicDefault::of(address, &revoke.target) {
            // Per schema, default privileges only add to those for all schemas.
            _ if address.kind == Kind::DefaultPrivileges && address.schema.is_some() => revoke.is_all(),
            // Nobody has privileges on columns by default.
            _ if revoke.of_columns => revoke.privileges.starts_with(b"ALL ("),
            PublicDefault::Nothing => revoke.grantee.is_none() && revoke.is_all(),
            _ => false,
        };
        if nothing {
            needless.push(*at);
            continue;
        }
        if !revoke.is_all() {
            continue;
        }
        if revoke.grantee.is_some() && revoke.grantee != owner {
            // Whoever gets everything again has everything, whatever it was before.
            needless.extend(same.map(|_| *at));
            continue;
        }
        let restored = match PublicDefault::of(address, &revoke.target) {
            _ if revoke.grantee.is_some() => same,
            PublicDefault::Database => {
                again.iter().find(|(_, grant)| grant.privileges == b"CONNECT , TEMPORARY")
            }
            PublicDefault::SchemaPublic => None,
            _ => same,
        };
        if let Some((grant, _)) = restored {
            needless.extend([*at, *grant]);
        }
    }
    if schema_public
        && grants.iter().any(|(_, grant)| !grant.revokes && grant.is_all() && grant.grantee.is_none())
    {
        let to_name =
            object.parts.iter_mut().filter(|part| part.text == b"REVOKE ALL ON SCHEMA public FROM PUBLIC;\n");
        to_name.for_each(|part| part.text = b"REVOKE USAGE ON SCHEMA public FROM PUBLIC;\n".to_vec());
    }
    if object.address.kind == Kind::Database {
        object.parts.iter_mut().for_each(name_revoked);
    }
    let mut at = 0..;
    object.parts.retain(|_| at.next().is_none_or(|at| !needless.contains(&at)));
}

/// `REVOKE ALL … FROM PUBLIC` takes what `PUBLIC` has; newer pg_dumps say what that is.
fn name_revoked(part: &mut Part) {
    let from_public = part.role == Role::Privilege && part.text.ends_with(b" FROM PUBLIC;\n");
    if from_public && let Some(rest) = part.text.strip_prefix(b"REVOKE ALL ON DATABASE ") {
        part.text = [b"REVOKE CONNECT, TEMPORARY ON DATABASE ", rest].concat();
    }
}
