//! What a statement says that says nothing of the object: how it behaves if that is there, and what is so anyway.

use crate::Name;
use crate::identify::type_len;
use crate::identify::types::is_catalog_type;
use crate::lexeme::{Lexeme, group_len, lexemes_of, split_commas};
use crate::lexer::TokenKind;
use crate::name::kept;
use crate::object::{Address, Kind, Role};

/// Takes it out of a statement, or writes it where pg_dump always does.
pub(crate) fn remove(lexemes: &mut Vec<Lexeme<'_>>, address: &Address, role: Role) {
    conditions(lexemes, address, role);
    if role == Role::Definition {
        remove_words(lexemes, &["TABLESPACE", "pg_default"]);
    }
    match (role, address.kind) {
        (Role::Definition, Kind::Table | Kind::ForeignTable) => columns(lexemes, address),
        (Role::Definition, Kind::Domain) => {
            if let Some(at) = lexemes.iter().position(|lexeme| lexeme.is("AS")) {
                item(lexemes, at + 1, lexemes.len());
            }
        }
        (Role::Definition, Kind::Index) => index(lexemes),
        (Role::Comment | Role::SecurityLabel | Role::Privilege | Role::Setting, Kind::Function) => {
            argument_names(lexemes, address)
        }
        _ => {}
    }
}

/// `IF NOT EXISTS`, `IF EXISTS` and `CONCURRENTLY`; extensions have the condition in every dump.
fn conditions(lexemes: &mut Vec<Lexeme<'_>>, address: &Address, role: Role) {
    let creates = lexemes.first().is_some_and(|verb| verb.is("CREATE"));
    let conditions: [&[&str]; 2] = match creates {
        true => [&["CONCURRENTLY"], &["IF", "NOT", "EXISTS"]],
        false => [&["IF", "EXISTS"], &[]],
    };
    if role == Role::Privilege || role == Role::Comment {
        return;
    }
    if creates && address.kind == Kind::Extension {
        let has = |word: &str| lexemes.iter().any(|lexeme| lexeme.is(word));
        let (schema, with) = (has("SCHEMA"), has("WITH"));
        if !has("IF") {
            lexemes.splice(2..2, ["IF", "NOT", "EXISTS"].map(Lexeme::word));
        }
        if schema && !with && lexemes.len() > 6 {
            lexemes.insert(6, Lexeme::word("WITH"));
        }
        lexemes.pop_if(|last| last.is("CASCADE"));
        return;
    }
    for words in conditions.into_iter().filter(|words| !words.is_empty()) {
        // Behind the kind, and in front of the name.
        let found = (2..lexemes.len().min(6)).find(|at| starts_with(&lexemes[*at..], words));
        if let Some(at) = found.filter(|at| lexemes.get(at + words.len()).is_some_and(Lexeme::is_name)) {
            lexemes.drain(at..at + words.len());
        }
    }
}

fn starts_with(lexemes: &[Lexeme<'_>], words: &[&str]) -> bool {
    lexemes.len() >= words.len() && words.iter().zip(lexemes).all(|(word, lexeme)| lexeme.is(word))
}

/// Takes words away that stand outside of parentheses.
fn remove_words(lexemes: &mut Vec<Lexeme<'_>>, words: &[&str]) {
    let mut depth = 0_i32;
    let found = (0..lexemes.len()).find(|at| {
        match lexemes[*at].kind {
            TokenKind::LeftParen => depth += 1,
            TokenKind::RightParen => depth -= 1,
            _ => {}
        }
        depth == 0 && *at > 1 && lexemes[at - 1].kind != TokenKind::Dot && starts_with(&lexemes[*at..], words)
    });
    if let Some(at) = found {
        let using = at > 1 && lexemes[at - 2].is("USING") && lexemes[at - 1].is("INDEX");
        lexemes.drain(if using { at - 2 } else { at }..at + words.len());
    }
}

/// The columns of a table.
fn columns(lexemes: &mut Vec<Lexeme<'_>>, address: &Address) {
    let Some(open) = lexemes.iter().position(|lexeme| lexeme.kind == TokenKind::LeftParen) else { return };
    let Some(len) = group_len(&lexemes[open..]) else { return };
    if lexemes[..open].iter().any(|lexeme| lexeme.is("PARTITION") || lexeme.is("OF")) {
        return;
    }
    let lens: Vec<usize> =
        split_commas(&lexemes[open + 1..open + len - 1]).into_iter().map(<[_]>::len).collect();
    let mut start = open + 1;
    let starts: Vec<(usize, usize)> = lens
        .into_iter()
        .map(|len| {
            let of = (start, start + len);
            start += len + 1;
            of
        })
        .collect();
    for (start, end) in starts.into_iter().rev() {
        if end < start + 2 || !lexemes[start].is_name() {
            continue;
        }
        let less = not_null(lexemes, start, end, address);
        item(lexemes, start + 1, end - less);
    }
}

/// `CONSTRAINT name NOT NULL`, where the name is the one that a server chooses: pg_dump 18 writes those it had to cut.
///
/// Returns how many words were taken away.
fn not_null(lexemes: &mut Vec<Lexeme<'_>>, start: usize, end: usize, table: &Address) -> usize {
    let Some(at) = (start..end.saturating_sub(3))
        .find(|at| lexemes[*at].is("CONSTRAINT") && starts_with(&lexemes[at + 2..], &["NOT", "NULL"]))
    else {
        return 0;
    };
    let column = Name::from_sql(&lexemes[start].text);
    let name = Name::from_sql(&lexemes[at + 1].text);
    if name == Name::from(object_name(table.name.bytes(), column.bytes(), b"not_null").as_slice()) {
        lexemes.drain(at..at + 2);
        return 2;
    }
    0
}

/// The name that a server chooses for something of a table and a column (`makeObjectName` in indexcmds.c).
fn object_name(table: &[u8], column: &[u8], label: &[u8]) -> Vec<u8> {
    let room = 63 - 2 - label.len();
    let (mut one, mut other) = (table.len(), column.len());
    while one + other > room {
        *(if one > other { &mut one } else { &mut other }) -= 1;
    }
    [clipped(table, one), clipped(column, other), label].join(&b'_')
}

/// The first bytes of a name up to the end of a character.
fn clipped(name: &[u8], len: usize) -> &[u8] {
    let utf8 = std::str::from_utf8(name).is_ok();
    let is_end = |at: usize| !utf8 || name.get(at).is_none_or(|byte| byte & 0b1100_0000 != 0b1000_0000);
    &kept(name)[..(0..=len.min(name.len())).rev().find(|at| is_end(*at)).unwrap_or(0)]
}

/// What stands behind the name of a column or domain, from its type on.
fn item(lexemes: &mut Vec<Lexeme<'_>>, start: usize, end: usize) {
    let len = type_len(&lexemes[start..end]);
    let ty = &lexemes[start..start + len];
    let is_bare =
        ty.first().is_some_and(|first| first.kind == TokenKind::Word && is_catalog_type(first.text.as_ref()))
            && ty.get(1).is_none_or(|next| next.kind != TokenKind::Dot);
    if !is_bare || len == 0 {
        return;
    }
    let constant = constant_type(ty);
    let mut depth = 0_i32;
    let mut at = start + len;
    let mut end = end;
    while at + 1 < end {
        match lexemes[at].kind {
            TokenKind::LeftParen | TokenKind::LeftBracket => depth += 1,
            TokenKind::RightParen | TokenKind::RightBracket => depth -= 1,
            TokenKind::Word if depth == 0 && lexemes[at].is("COLLATE") => {
                let qualified = lexemes[at + 1].is("pg_catalog") && at + 3 < end;
                let name = if qualified { at + 3 } else { at + 1 };
                if lexemes[name].text.as_ref() == b"\"default\"" {
                    lexemes.drain(at..=name);
                    end -= name + 1 - at;
                    continue;
                }
            }
            TokenKind::Word if depth == 0 && lexemes[at].is("DEFAULT") => {
                let alone = lexemes[at + 1].kind == TokenKind::String
                    && (at + 2 >= end || lexemes[at + 2].kind == TokenKind::Word);
                if let Some(constant) = constant.as_ref().filter(|_| alone) {
                    let cast = [Lexeme::new(TokenKind::Cast, &b"::"[..])];
                    let added: Vec<_> = cast.into_iter().chain(constant.iter().cloned()).collect();
                    end += added.len();
                    lexemes.splice(at + 2..at + 2, added);
                }
            }
            _ => {}
        }
        at += 1;
    }
}

/// The type that a server writes behind a constant of a type (`get_const_expr` in ruleutils.c); `None` where it writes none.
fn constant_type<'a>(ty: &[Lexeme<'a>]) -> Option<Vec<Lexeme<'a>>> {
    const PLAIN: [&str; 8] =
        ["integer", "bigint", "smallint", "boolean", "real", "double", "serial", "bigserial"];
    let is_array = ty.last()?.kind == TokenKind::RightBracket;
    if !is_array && PLAIN.iter().any(|word| ty[0].is(word)) {
        return None;
    }
    let mut words = Vec::with_capacity(ty.len());
    let mut depth = 0_i32;
    for word in ty {
        depth += i32::from(word.kind == TokenKind::LeftParen);
        if depth == 0 {
            words.push(word.clone());
        }
        depth -= i32::from(word.kind == TokenKind::RightParen);
    }
    let varies = words.get(1).is_some_and(|next| next.is("varying"));
    if words[0].is("character") && !varies {
        words[0] = Lexeme::word("bpchar");
    } else if words[0].is("bit") && !varies {
        words[0] = Lexeme::new(TokenKind::Identifier, &b"\"bit\""[..]);
    } else if words[0].is("interval") {
        words.retain(|word| word.is("interval") || !word.is_name());
    }
    Some(words)
}

/// `USING btree`, which pg_dump always writes, and the order in which an index is anyway.
fn index(lexemes: &mut Vec<Lexeme<'_>>) {
    let Some(on) = lexemes.iter().position(|lexeme| lexeme.is("ON")) else { return };
    let Some(open) = lexemes[on..].iter().position(|lexeme| lexeme.kind == TokenKind::LeftParen) else {
        return;
    };
    let mut open = on + open;
    if !lexemes[open - 2].is("USING") {
        lexemes.splice(open..open, [Lexeme::word("USING"), Lexeme::word("btree")]);
        open += 2;
    }
    let Some(len) = group_len(&lexemes[open..]) else { return };
    let end = open + len - 1;
    let items: Vec<Vec<Lexeme<'_>>> =
        split_commas(&lexemes[open + 1..end]).into_iter().map(<[_]>::to_vec).collect();
    let mut keys = Vec::with_capacity(end - open);
    for (number, mut key) in items.into_iter().enumerate() {
        if number > 0 {
            keys.push(Lexeme::new(TokenKind::Comma, &b","[..]));
        }
        order(&mut key);
        keys.extend(key);
    }
    lexemes.splice(open + 1..end, keys);
}

/// `ASC`, `ASC NULLS LAST` and `DESC NULLS FIRST`
fn order(key: &mut Vec<Lexeme<'_>>) {
    let ends = |key: &[Lexeme<'_>], words: &[&str]| {
        key.len() > words.len() && starts_with(&key[key.len() - words.len()..], words)
    };
    let last = ends(key, &["NULLS", "LAST"]) && !ends(key, &["DESC", "NULLS", "LAST"]);
    let nulls = if last || ends(key, &["DESC", "NULLS", "FIRST"]) { 2 } else { 0 };
    key.truncate(key.len() - nulls);
    if ends(key, &["ASC"]) {
        key.pop();
    } else if ends(key, &["ASC", "NULLS", "FIRST"]) {
        key.remove(key.len() - 3);
    }
}

/// The names and modes of a function's arguments, where its types alone say which one is meant.
fn argument_names(lexemes: &mut Vec<Lexeme<'_>>, address: &Address) {
    let Some(open) = lexemes.iter().position(|lexeme| lexeme.kind == TokenKind::LeftParen) else { return };
    let Some(len) = group_len(&lexemes[open..]) else { return };
    // Those of an aggregate's ordered set are told by where they stand, and `*` is no type.
    let told = lexemes[open..open + len].iter().any(|lexeme| lexeme.is("ORDER"));
    let named = lexemes[..open]
        .last()
        .is_some_and(|name| name.is_name() && Name::from_sql(&name.text) == address.name);
    let types = (!told && named).then(|| lexemes_of(&address.signature)).flatten();
    let Some(types) = types.filter(|types| group_len(types) == Some(types.len())) else { return };
    let owned = types.into_iter().map(|lexeme| Lexeme::new(lexeme.kind, lexeme.text.into_owned()));
    lexemes.splice(open..open + len, owned.collect::<Vec<_>>());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cut_as_a_server_cuts_them() {
        let long = "a".repeat(40);
        let name = object_name(long.as_bytes(), "b".repeat(30).as_bytes(), b"not_null");
        assert_eq!(name.len(), 63);
        assert_eq!(name, [&long.as_bytes()[..27], &b"b".repeat(26)[..], b"not_null"].join(&b'_'));
        assert_eq!(object_name(b"t", b"c", b"not_null"), b"t_c_not_null");
    }
}
