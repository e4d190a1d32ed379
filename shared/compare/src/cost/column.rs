//! Columns.

use std::collections::BTreeSet;

use dump::{Address, Attribute, Detail, Kind as Object, Name, Schema};

use super::kin::family;
use super::{Cost, Lock};
use crate::change::{Change, Kind};
use crate::conversion::conversion;
use crate::dumps::Pair;
use crate::serial;
use crate::tokens::{self, Token, split_commas};
use crate::types::{known, said};

pub(super) fn cost(change: &Change, pair: &Pair<'_>) -> Cost {
    let table = &change.object;
    if table.kind != Object::Table {
        return Cost::default().lock(table, Lock::AccessExclusive);
    }
    let family = family(table, pair);
    let exclusive = Cost::default().lock_all(&family, Lock::AccessExclusive);
    match (change.attribute, change.kind) {
        (Attribute::Whole, Kind::Added) => match filled(change, pair) {
            Filled::Written => exclusive.rewrite(&family).scan(&family),
            Filled::Refused => exclusive.scan(&family),
            Filled::Known => exclusive,
        },
        (Attribute::Type | Attribute::Collation, _) => converted(change, &family, exclusive, pair),
        (Attribute::NotNull, Kind::Added) if is_checked(change, pair) => exclusive,
        (Attribute::NotNull, Kind::Added) => exclusive.scan(&family),
        // A stored column is computed for every row; an expression that goes leaves its values.
        (Attribute::Generated, Kind::Added | Kind::Changed) => exclusive.rewrite(&family).scan(&family),
        (Attribute::StatisticsTarget, _) => Cost::default().lock_all(&family, Lock::ShareUpdateExclusive),
        (Attribute::Option, _) => Cost::default().lock(table, Lock::ShareUpdateExclusive),
        // The table has no part in it.
        (Attribute::Persistence, _) => match serial::sequence_of(pair.new, change) {
            Some(sequence) => Cost::default().lock(&sequence, Lock::AccessExclusive),
            None => Cost::default(),
        },
        // The sequence of a serial column is made anew.
        (Attribute::Identity, Kind::Changed) => {
            let sequence = serial::sequence_of(pair.new, change);
            let sequence = sequence.filter(|sequence| pair.old.objects.contains_key(sequence));
            Cost::default().lock(table, Lock::AccessExclusive).lock_all(&sequence, Lock::AccessExclusive)
        }
        // These do not go down to the children.
        (
            Attribute::Compression
            | Attribute::Identity
            | Attribute::Start
            | Attribute::Increment
            | Attribute::Minimum
            | Attribute::Maximum
            | Attribute::Cache
            | Attribute::Cycle
            | Attribute::Clause,
            _,
        ) => Cost::default().lock(table, Lock::AccessExclusive),
        _ => exclusive,
    }
}

/// How the rows that are there get a new column's value.
enum Filled {
    /// All of them have the same, which is noted once.
    Known,
    /// There is none, and null is refused: the server looks whether there are rows.
    Refused,
    /// Each has to be written.
    Written,
}

fn filled(change: &Change, pair: &Pair<'_>) -> Filled {
    let said = pair.kin.said_of(pair, &change.object);
    let own = || said.iter().filter(|detail| detail.address == change.address);
    let of = |wanted: Attribute| own().find(|detail| detail.attribute == wanted);
    let text = |detail: &Detail| String::from_utf8_lossy(&detail.text).into_owned();
    let ty = of(Attribute::Type).map(text).unwrap_or_default();
    let known = known(pair.new, &ty);
    let is_virtual =
        |detail: &Detail| tokens::tokens(&text(detail)).last().is_some_and(|word| word.is("VIRTUAL"));
    let default = of(Attribute::Default).map(text).or(known.default);
    match () {
        () if of(Attribute::Identity).is_some() => Filled::Written,
        () if of(Attribute::Generated).is_some_and(|detail| !is_virtual(detail)) => Filled::Written,
        // What a domain demands is asked of every row, even of null.
        () if !known.demands.is_empty() => Filled::Written,
        () if default.as_ref().is_some_and(|default| is_volatile(default, pair.new)) => Filled::Written,
        () if matches!(ty.as_str(), "smallserial" | "serial" | "bigserial") => Filled::Written,
        () if default.is_none() && of(Attribute::NotNull).is_some() && of(Attribute::Generated).is_none() => {
            Filled::Refused
        }
        () => Filled::Known,
    }
}

/// The functions of PostgreSQL that give another value for every row (`provolatile` in pg_proc.dat), of those that make
/// sense in a default.
const VOLATILE: [&str; 12] = [
    "clock_timestamp",
    "currval",
    "gen_random_uuid",
    "lastval",
    "lo_creat",
    "lo_create",
    "nextval",
    "random",
    "random_normal",
    "timeofday",
    "uuidv4",
    "uuidv7",
];

/// Says whether an expression calls a volatile function. PostgreSQL's own are written without a schema; of others, those
/// that the dump does not define count as volatile, which is what a function is unless it says otherwise.
fn is_volatile(expression: &str, schema: &Schema) -> bool {
    tokens::calls(&tokens::tokens(expression)).into_iter().any(|(qualifier, name)| match qualifier {
        None => VOLATILE.iter().any(|known| known.as_bytes() == name.bytes()),
        Some(qualifier) if qualifier.bytes() == b"pg_catalog" => {
            VOLATILE.iter().any(|known| known.as_bytes() == name.bytes())
        }
        Some(qualifier) => {
            let known = schema.objects.values().filter(|object| object.address.kind == Object::Function);
            let mut same = known
                .filter(|object| {
                    object.address.name == name && object.address.schema.as_ref() == Some(&qualifier)
                })
                .peekable();
            let promised = |detail: &Detail| {
                detail.attribute == Attribute::Volatility && !detail.text.eq_ignore_ascii_case(b"VOLATILE")
            };
            same.peek().is_none() || same.any(|object| !said(object).iter().any(promised))
        }
    })
}

/// Another type or collation: rows are written anew, or only what is computed of them is.
fn converted(change: &Change, family: &[Address], exclusive: Cost, pair: &Pair<'_>) -> Cost {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let collation = change.attribute == Attribute::Collation;
    let mut reindexes = collation;
    if !collation {
        let (old, new) = (known(pair.old, &text(&change.old)), known(pair.new, &text(&change.new)));
        let found = conversion(&old, &new);
        if found.rewrites {
            let others = across_foreign_keys(change, pair);
            return exclusive
                .rewrite(family)
                .scan(family)
                .lock_all(&others, Lock::AccessExclusive)
                .scan(&others);
        }
        reindexes = found.reindexes;
    }
    let mut cost = exclusive;
    for table in family {
        let Some(object) = pair.old.objects.get(table) else { continue };
        match made_anew(&said(object), &change.address.name, reindexes) {
            // Checks go down to the children, which do not repeat them.
            Anew::Check => {
                let below = super::family(table, pair);
                cost = cost.scan(&below);
            }
            Anew::Index => cost = cost.scan([table]),
            Anew::Nothing => {}
        }
    }
    cost
}

/// What of a table is made anew with a column.
#[derive(PartialEq)]
enum Anew {
    Nothing,
    Index,
    Check,
}

/// Says what rests on a column: a check, or an index that is made anew, since it has an expression or a condition, or since the
/// column compares in another way now.
fn made_anew(said: &[Detail], column: &Name, reindexes: bool) -> Anew {
    let text = |detail: &Detail| String::from_utf8_lossy(&detail.text).into_owned();
    let mentions =
        |text: &str| tokens::tokens(text).iter().any(|token| token.name().as_ref() == Some(column));
    let checks = |detail: &&Detail| matches!(detail.attribute, Attribute::Check | Attribute::Constraint);
    if said.iter().filter(checks).any(|check| mentions(&text(check))) {
        return Anew::Check;
    }
    let indexes: BTreeSet<&Address> = said
        .iter()
        .map(|detail| &detail.address)
        .filter(|address| matches!(address.kind, Object::Index | Object::Constraint))
        .collect();
    let any = indexes.into_iter().any(|index| {
        let own = || said.iter().filter(|detail| detail.address == *index);
        if own().any(|detail| detail.attribute == Attribute::References) {
            return false;
        }
        let of = |wanted: Attribute| own().find(|detail| detail.attribute == wanted).map(text);
        let columns = of(Attribute::Columns).unwrap_or_default();
        let tokens = tokens::tokens(&columns);
        let keys = split_commas(&tokens);
        let computed = keys.iter().any(|key| is_expression(key)) || of(Attribute::Predicate).is_some();
        let depends = [Attribute::Columns, Attribute::Predicate, Attribute::Include]
            .into_iter()
            .filter_map(of)
            .any(|text| mentions(&text));
        let is_key = |key: &&[Token<'_>]| {
            let first = key.first().and_then(Token::name);
            first.as_ref() == Some(column) && !key.iter().any(|token| token.is("COLLATE"))
        };
        depends && computed || reindexes && keys.iter().any(is_key)
    });
    if any { Anew::Index } else { Anew::Nothing }
}

/// Says whether a key of an index is no plain column: it stands in parentheses, or calls a function.
fn is_expression(key: &[Token<'_>]) -> bool {
    use dump::lexer::TokenKind::{Dot, LeftParen};
    key.first().is_some_and(|first| first.kind == LeftParen)
        || key.get(1).is_some_and(|next| matches!(next.kind, LeftParen | Dot))
}

/// Says whether a check says already that a column is not null: then nobody looks at the rows.
fn is_checked(change: &Change, pair: &Pair<'_>) -> bool {
    let Some(object) = pair.old.objects.get(&change.object) else { return false };
    let said = said(object);
    said.iter().filter(|detail| detail.attribute == Attribute::Check).any(|check| {
        let text = String::from_utf8_lossy(&check.text).into_owned();
        let tokens = tokens::tokens(&text);
        let words: Vec<&Token<'_>> = tokens.iter().filter(|token| !token.is_parenthesis()).collect();
        let says = matches!(words.as_slice(), [name, is, not, null]
            if name.name().as_ref() == Some(&change.address.name) && is.is("IS") && not.is("NOT") && null.is("NULL"));
        let weak = [Attribute::NotValid, Attribute::NotEnforced, Attribute::NoInherit];
        let holds =
            |detail: &Detail| detail.address == check.address && weak.contains(&detail.attribute);
        says && !said.iter().any(holds)
    })
}

/// The tables on the other side of the foreign keys that a column is in: they are checked again.
fn across_foreign_keys(change: &Change, pair: &Pair<'_>) -> Vec<Address> {
    let column = &change.address.name;
    let Some(object) = pair.old.objects.get(&change.object) else { return Vec::new() };
    let own = object.foreign_keys().into_iter().filter(|key| key.columns.contains(column));
    let mut tables: BTreeSet<Address> = own.map(|key| key.table).collect();
    let referencing = pair.kin.referencing(pair.old).get(&change.object);
    let others = referencing.into_iter().flatten();
    tables.extend(others.filter(|(_, key)| key.referenced.contains(column)).map(|(table, _)| table.clone()));
    tables.remove(&change.object);
    tables.into_iter().collect()
}
