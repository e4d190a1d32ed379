//! What pg_dump's versions and options write differently for the same thing, made one.

use crate::lexeme::{Lexeme, group_len, lexemes_of, literal_value, split_commas};
use crate::lexer::TokenKind;
use crate::object::{Address, Kind, Role};
use crate::session::Session;
use crate::{Name, expression, layout, needless, utc};

/// The privileges that `ALL` on a table meant before 17 added `MAINTAIN`, in the order of `ACL_ALL_RIGHTS_STR`
/// (acl.h).
const TABLE_PRIVILEGES: [&str; 7] =
    ["SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER"];

/// The order in which privileges are written.
const PRIVILEGES: [&str; 16] = [
    "ALL",
    "SELECT",
    "INSERT",
    "UPDATE",
    "DELETE",
    "TRUNCATE",
    "REFERENCES",
    "TRIGGER",
    "EXECUTE",
    "USAGE",
    "CREATE",
    "CONNECT",
    "TEMPORARY",
    "SET",
    "ALTER",
    "MAINTAIN",
];

/// What is known of the dump as a whole when a statement is rewritten.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Origin {
    /// `Some(false)` if pg_dump is older than 17, so that `ALL` on a table does not include `MAINTAIN`.
    pub knows_maintain: Option<bool>,
    /// Whether the dumped server is older than 16, as far as the dump says so.
    pub server_before_16: bool,
}

/// Brings a statement's lexemes into canonical form.
pub(crate) fn rewrite(
    lexemes: &mut Vec<Lexeme<'_>>,
    address: &Address,
    role: Role,
    unqualified: &[usize],
    session: &Session,
    origin: Origin,
) {
    for at in unqualified.iter().rev() {
        let schema = Lexeme::name(&session.creation_schema());
        lexemes.splice(at..at, [schema, Lexeme::new(TokenKind::Dot, &b"."[..])]);
    }
    spell_object_literals(lexemes);
    needless::remove(lexemes, address, role);
    expression::settle(lexemes);
    utc::spell_instants(lexemes);
    let has_options =
        address.kind.is_relation() || matches!(address.kind, Kind::Index | Kind::Constraint | Kind::Column);
    if has_options && matches!(role, Role::Definition | Role::Setting) {
        spell_options(lexemes, address.kind != Kind::Column);
    }
    match (role, address.kind) {
        (Role::Definition, Kind::Table | Kind::ForeignTable) => {
            remove_null_defaults(lexemes);
        }
        (Role::Definition, Kind::Trigger | Kind::EventTrigger) => {
            if let Some(at) =
                lexemes.windows(2).rposition(|pair| pair[0].is("EXECUTE") && pair[1].is("PROCEDURE"))
            {
                lexemes[at + 1] = Lexeme::word("FUNCTION");
            }
        }
        (Role::Definition, Kind::Operator) => {
            for at in 1..lexemes.len().saturating_sub(1) {
                if lexemes[at].is("PROCEDURE") && lexemes[at + 1].text.as_ref() == b"=" {
                    lexemes[at] = Lexeme::word("FUNCTION");
                }
            }
        }
        (Role::Definition, Kind::Type) => remove_default_multirange(lexemes, address),
        (Role::Definition, Kind::Policy) => sort_roles(lexemes),
        (Role::Definition, Kind::Subscription) => remove_old_subscription_options(lexemes, origin),
        (Role::Definition, Kind::OperatorClass) | (Role::Member, Kind::OperatorFamily) => {
            sort_members(lexemes)
        }
        (Role::Setting, Kind::Column) if lexemes[1].is("FOREIGN") && !lexemes[3].is("ONLY") => {
            lexemes.insert(3, Lexeme::word("ONLY"));
        }
        (Role::Privilege, _) => privileges(lexemes, address, origin),
        _ => {}
    }
    // Behind `ALTER` or `GRANT ON PROCEDURE` the mode tells procedures apart.
    if address.kind.is_routine() && (role == Role::Definition || address.kind != Kind::Procedure) {
        remove_in_modes(lexemes);
    }
}

/// Spells the name in `'schema.name'::regclass` as names are spelled elsewhere: `--quote-all-identifiers` reaches it too.
fn spell_object_literals(lexemes: &mut [Lexeme<'_>]) {
    for at in 2..lexemes.len() {
        let cast = lexemes[at - 1].kind == TokenKind::Cast && lexemes[at - 2].kind == TokenKind::String;
        if !cast || !is_object_type(&lexemes[at].text) {
            continue;
        }
        let Some(value) = literal_value(&lexemes[at - 2]) else { continue };
        let Some(name) = lexemes_of(&value) else { continue };
        let is_name = name.iter().all(|word| word.is_name() || word.kind == TokenKind::Dot);
        if is_name {
            lexemes[at - 2] = literal(&layout::line(&name));
        }
    }
}

/// Writes the values of storage parameters as words where they are such, as pg_dump does (`appendReloptionsArray` in
/// string_utils.c) unless it quotes all identifiers.
fn spell_options(lexemes: &mut [Lexeme<'_>], quotes_numbers: bool) {
    let mut at = 0;
    while at + 1 < lexemes.len() {
        at += 1;
        let begins = lexemes[at].kind == TokenKind::LeftParen
            && (lexemes[at - 1].is("WITH") || lexemes[at - 1].is("SET"));
        let Some(len) = begins.then(|| group_len(&lexemes[at..])).flatten() else { continue };
        for value in at + 3..at + len {
            let assigned = lexemes[value - 1].text.as_ref() == b"=";
            // Those of columns are written as they are.
            if assigned && lexemes[value].kind == TokenKind::Number && quotes_numbers {
                lexemes[value] = literal(&lexemes[value].text);
                continue;
            }
            let follows = assigned && lexemes[value].kind == TokenKind::String;
            let text = follows.then(|| literal_value(&lexemes[value])).flatten();
            if let Some(word) = text.map(|text| Name::from(text.as_slice()))
                && word.to_sql() == word.bytes()
            {
                lexemes[value] = Lexeme::name(&word);
            }
        }
        at += len - 1;
    }
}

/// The types whose literals are names of objects, without argument types.
pub(crate) fn is_object_type(name: &[u8]) -> bool {
    [&b"regclass"[..], b"regproc", b"regtype", b"regconfig", b"regdictionary", b"regcollation"]
        .contains(&name)
}

/// The literal of a text that is a name.
pub(crate) fn literal(value: &[u8]) -> Lexeme<'static> {
    let mut text = vec![b'\''];
    for byte in value {
        text.extend(std::iter::repeat_n(*byte, if *byte == b'\'' { 2 } else { 1 }));
    }
    text.push(b'\'');
    Lexeme::new(TokenKind::String, text)
}

/// `DEFAULT NULL` says nothing; pg_dump 15 writes it for some generated columns of children.
fn remove_null_defaults(lexemes: &mut Vec<Lexeme<'_>>) {
    let mut at = 0;
    while at + 1 < lexemes.len() {
        let ends = lexemes.get(at + 2).is_none_or(|next| {
            matches!(next.kind, TokenKind::Comma | TokenKind::RightParen)
                || next.is("NOT")
                || next.is("CONSTRAINT")
        });
        if ends && lexemes[at].is("DEFAULT") && lexemes[at + 1].is("NULL") {
            lexemes.drain(at..at + 2);
        }
        at += 1;
    }
}

/// Sorts the items of a list without its parentheses; the commas stay where they are in number.
fn sort_items<K: Ord>(items: &mut [Lexeme<'_>], key: impl Fn(&[Lexeme<'_>]) -> K) {
    let mut sorted: Vec<Vec<Lexeme<'_>>> = split_commas(items).into_iter().map(<[_]>::to_vec).collect();
    sorted.sort_by_key(|item| key(item));
    let joined = sorted.join(&Lexeme::new(TokenKind::Comma, &b","[..]));
    items.clone_from_slice(&joined);
}

/// `multirange_type_name` is new in 14; where it is the name the server would choose (`makeMultirangeTypeName` in
/// multirangetypes.c) it says nothing.
fn remove_default_multirange(lexemes: &mut Vec<Lexeme<'_>>, address: &Address) {
    let Some(at) = lexemes.iter().position(|lexeme| lexeme.is("multirange_type_name")) else { return };
    let range = address.name.bytes();
    let default = match memchr::memmem::find(range, b"range") {
        Some(hit) => [&range[..hit], b"multi", &range[hit..]].concat(),
        None => [range, b"_multirange"].concat(),
    };
    let value_end = at
        + lexemes[at..]
            .iter()
            .position(|l| matches!(l.kind, TokenKind::Comma | TokenKind::RightParen))
            .unwrap_or(lexemes.len() - at);
    let named = lexemes.get(value_end.wrapping_sub(1)).map(|lexeme| Name::from_sql(&lexeme.text));
    if named == Some(Name::from(default.as_slice())) && lexemes[at - 1].kind == TokenKind::Comma {
        lexemes.drain(at - 1..value_end);
    }
}

/// Sorts the roles of `CREATE POLICY … TO`.
fn sort_roles(lexemes: &mut [Lexeme<'_>]) {
    let Some(at) = lexemes.iter().position(|lexeme| lexeme.is("TO")) else { return };
    let ends = |lexeme: &Lexeme<'_>| lexeme.is("USING") || lexeme.is("WITH");
    let len = lexemes[at + 1..].iter().position(ends).unwrap_or(lexemes.len() - at - 1);
    sort_items(&mut lexemes[at + 1..at + 1 + len], |item| {
        item.iter().map(|l| l.text.to_vec()).collect::<Vec<_>>()
    });
}

/// pg_dump 16 and 18 write for every subscription of an older server what was the only behaviour there:
/// `run_as_owner = true` and `streaming = off`.
fn remove_old_subscription_options(lexemes: &mut Vec<Lexeme<'_>>, origin: Origin) {
    if !origin.server_before_16 {
        return;
    }
    for (option, value) in [("run_as_owner", "true"), ("streaming", "off")] {
        let found = lexemes.windows(4).position(|window| {
            window[0].kind == TokenKind::Comma
                && window[1].is(option)
                && window[2].text.as_ref() == b"="
                && window[3].is(value)
        });
        if let Some(at) = found {
            lexemes.drain(at..at + 4);
        }
    }
}

/// Sorts the operators and functions of an operator class or family by kind, number and text.
fn sort_members(lexemes: &mut [Lexeme<'_>]) {
    let Some(at) = lexemes.iter().rposition(|lexeme| lexeme.is("AS") || lexeme.is("ADD")) else { return };
    sort_items(&mut lexemes[at + 1..], |item| {
        let rank = ["STORAGE", "OPERATOR", "FUNCTION"]
            .iter()
            .position(|word| item.first().is_some_and(|first| first.is(word)));
        let number = item.get(1).and_then(|l| std::str::from_utf8(&l.text).ok()?.parse::<u32>().ok());
        (rank, number, item.iter().map(|l| l.text.to_vec()).collect::<Vec<_>>())
    });
}

/// `IN` is what an argument is anyway; 14 began to write it for procedures.
fn remove_in_modes(lexemes: &mut Vec<Lexeme<'_>>) {
    let Some(open) = lexemes.iter().position(|lexeme| lexeme.kind == TokenKind::LeftParen) else { return };
    let Some(len) = group_len(&lexemes[open..]) else { return };
    let mut depth = 0;
    for at in (open + 1..open + len - 1).rev() {
        match lexemes[at].kind {
            TokenKind::RightParen => depth += 1,
            TokenKind::LeftParen => depth -= 1,
            _ => {}
        }
        let begins = at == open + 1 || lexemes[at - 1].kind == TokenKind::Comma || lexemes[at - 1].is("BY");
        if depth == 0 && begins && lexemes[at].is("IN") {
            lexemes.remove(at);
        }
    }
}

/// Sorts the privileges of a `GRANT` or `REVOKE` and writes out an `ALL` that meant less than it does today.
fn privileges(lexemes: &mut Vec<Lexeme<'_>>, address: &Address, origin: Origin) {
    // What older servers wrote, and people write, besides (`privileges` and `grantee` in gram.y).
    for at in (1..lexemes.len().saturating_sub(1)).rev() {
        let (before, next) = (&lexemes[at - 1], &lexemes[at + 1]);
        let of_role = before.is("TO") || before.is("FROM") || before.kind == TokenKind::Comma;
        let says_nothing = lexemes[at].is("PRIVILEGES") && before.is("ALL")
            || lexemes[at].is("GROUP") && of_role && next.is_name();
        if says_nothing {
            lexemes.remove(at);
        }
    }
    let Some(verb) = lexemes.iter().position(|lexeme| lexeme.is("GRANT") || lexeme.is("REVOKE")) else {
        return;
    };
    let mut start = verb + 1;
    if lexemes[start..].len() > 3 && lexemes[start].is("GRANT") && lexemes[start + 1].is("OPTION") {
        start += 3;
    }
    let Some(len) = lexemes[start..].iter().position(|lexeme| lexeme.is("ON")) else { return };
    let on_tables = match address.kind {
        Kind::DefaultPrivileges => lexemes.get(start + len + 1).is_some_and(|lexeme| lexeme.is("TABLES")),
        kind => {
            kind.is_relation() && !lexemes.get(start + len + 1).is_some_and(|lexeme| lexeme.is("SEQUENCE"))
        }
    };
    if on_tables && len == 1 && lexemes[start].is("ALL") && origin.knows_maintain == Some(false) {
        let all = TABLE_PRIVILEGES.map(|word| vec![Lexeme::word(word)]);
        let all = all.join(&Lexeme::new(TokenKind::Comma, &b","[..]));
        lexemes.splice(start..=start, all);
        return;
    }
    sort_items(&mut lexemes[start..start + len], |item| {
        let rank = PRIVILEGES
            .iter()
            .position(|word| item.first().is_some_and(|first| first.is(word)))
            .unwrap_or(PRIVILEGES.len());
        (rank, item.iter().map(|l| l.text.to_vec()).collect::<Vec<_>>())
    });
}
