//! What a view's query selects.

use dump::lexer::TokenKind;
use dump::{Attribute, Kind as Object, Name, Schema};

use crate::change::Change;
use crate::dumps::Pair;
use crate::tokens::{Token, calls, position, split_commas, tokens};
use crate::types::said;

/// Functions of PostgreSQL that return several rows for one, of those that stand in select lists.
const SETS: [&str; 26] = [
    "aclexplode",
    "generate_series",
    "generate_subscripts",
    "json_array_elements",
    "json_array_elements_text",
    "json_each",
    "json_each_text",
    "json_object_keys",
    "json_populate_recordset",
    "json_to_recordset",
    "jsonb_array_elements",
    "jsonb_array_elements_text",
    "jsonb_each",
    "jsonb_each_text",
    "jsonb_object_keys",
    "jsonb_path_query",
    "jsonb_path_query_tz",
    "jsonb_populate_recordset",
    "jsonb_to_recordset",
    "regexp_matches",
    "regexp_split_to_table",
    "string_to_table",
    "ts_parse",
    "ts_stat",
    "unnest",
    "xpath_table",
];

/// Says whether a view only got columns behind those that it had: all else of its query is what it was, and no column that came
/// makes other rows.
pub(crate) fn only_appends(change: &Change, pair: &Pair<'_>) -> bool {
    let (Some(old), Some(new)) = (&change.old, &change.new) else { return false };
    let (old, new) = (tokens(old), tokens(new));
    let (Some((old_list, old_rest)), Some((new_list, new_rest))) = (select(&old), select(&new)) else {
        return false;
    };
    let (old_items, new_items) = (split_commas(old_list), split_commas(new_list));
    let is_distinct = old_list.first().is_some_and(|first| first.is("DISTINCT"));
    let set = |token: &Token<'_>| ["UNION", "INTERSECT", "EXCEPT"].iter().any(|word| token.is(word));
    new_items.len() > old_items.len()
        && new_items.starts_with(&old_items)
        && same(old_rest, new_rest)
        && !is_distinct
        && position(old_rest, set).is_none()
        && !new_items[old_items.len()..].iter().any(|item| makes_rows(item, pair.new))
}

/// Says whether a view's columns have other names or another order, so that `CREATE OR REPLACE` refuses it.
pub(crate) fn renames(change: &Change) -> bool {
    let names = |text: &Option<String>| -> Option<Vec<Option<Name>>> {
        let tokens = tokens(text.as_deref()?);
        let (list, _) = select(&tokens)?;
        Some(split_commas(list).into_iter().map(|item| item.last().and_then(Token::name)).collect())
    };
    match (names(&change.old), names(&change.new)) {
        (Some(old), Some(new)) => !new.starts_with(&old),
        _ => false,
    }
}

/// The select list of a query, and what stands behind it.
fn select<'t, 'a>(query: &'t [Token<'a>]) -> Option<(&'t [Token<'a>], &'t [Token<'a>])> {
    if !query.first()?.is("SELECT") {
        return None;
    }
    let list = &query[1..];
    let ends = ["FROM", "WHERE", "GROUP", "HAVING", "WINDOW", "ORDER", "LIMIT", "OFFSET", "FOR"];
    let sets = ["UNION", "INTERSECT", "EXCEPT"];
    let end = |token: &Token<'_>| ends.iter().chain(&sets).any(|word| token.is(word));
    // `a IS DISTINCT FROM b`, and what is in parentheses, ends nothing.
    let mut from = 0;
    loop {
        let found = position(&list[from..], end).map(|at| from + at);
        match found {
            Some(at) if list[at].is("FROM") && at > 0 && list[at - 1].is("DISTINCT") => from = at + 1,
            Some(at) => return Some((&list[..at], &list[at..])),
            None => return Some((list, &[])),
        }
    }
}

fn same(one: &[Token<'_>], other: &[Token<'_>]) -> bool {
    let code = |token: &&Token<'_>| token.kind != TokenKind::Semicolon;
    one.iter().filter(code).eq(other.iter().filter(code))
}

/// Says whether a column calls a function that returns several rows, or one of which that is not known.
fn makes_rows(item: &[Token<'_>], schema: &Schema) -> bool {
    calls(item).into_iter().any(|(qualifier, name)| match qualifier {
        None => SETS.iter().any(|known| known.as_bytes() == name.bytes()),
        Some(qualifier) if qualifier.bytes() == b"pg_catalog" => {
            SETS.iter().any(|known| known.as_bytes() == name.bytes())
        }
        Some(qualifier) => returns_sets(schema, &qualifier, &name),
    })
}

fn returns_sets(schema: &Schema, qualifier: &Name, name: &Name) -> bool {
    let mut named = schema.objects.values().filter(|object| {
        matches!(object.address.kind, Object::Function | Object::Aggregate)
            && object.address.name == *name
            && object.address.schema.as_ref() == Some(qualifier)
    });
    let mut known = false;
    let sets = named.any(|object| {
        known = true;
        said(object).iter().any(|detail| {
            let text = String::from_utf8_lossy(&detail.text).into_owned();
            detail.attribute == Attribute::Returns
                && tokens(&text).first().is_some_and(|word| word.is("SETOF") || word.is("TABLE"))
        })
    });
    sets || !known
}
