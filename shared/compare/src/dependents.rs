//! What has to be made anew with a change, since PostgreSQL refuses it while that is there.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use dump::lexer::TokenKind;
use dump::{Address, Attribute, Kind as Object, Name, Part, Role, Schema, details};

use crate::change::{Change, Kind};
use crate::cost::family;
use crate::dumps::Pair;
use crate::rule::{self, Rule};
use crate::tokens::{Token, qualified, tokens};
use crate::{select_list, signature};

/// Something whose definition names others.
#[derive(Debug)]
struct User {
    address: Address,
    /// The relation it is on.
    on: Option<Address>,
    text: String,
}

/// Everything of the old schema that names others; gathered when the first change asks.
#[derive(Debug, Default)]
pub(crate) struct Users(OnceCell<Gathered>);

#[derive(Debug, Default)]
struct Gathered {
    users: Vec<User>,
    /// By schema and name: those that mention it.
    by_name: BTreeMap<(Name, Name), Vec<usize>>,
    /// By relation: those that are on it.
    by_relation: BTreeMap<Address, Vec<usize>>,
}

impl Users {
    fn of(&self, schema: &Schema) -> &Gathered {
        self.0.get_or_init(|| {
            let mut found = Gathered::default();
            for object in schema.objects.values() {
                for part in &object.parts {
                    found.users.extend(users_in(&object.address, part));
                }
            }
            for (at, user) in found.users.iter().enumerate() {
                let names: BTreeSet<(Name, Name)> = qualified(&tokens(&user.text))
                    .into_iter()
                    .map(|(_, schema, name)| (schema, name))
                    .collect();
                for name in names {
                    found.by_name.entry(name).or_default().push(at);
                }
                if let Some(on) = &user.on {
                    found.by_relation.entry(on.clone()).or_default().push(at);
                }
            }
            found
        })
    }
}

/// What of a statement rests on others.
fn users_in(object: &Address, part: &Part) -> Vec<User> {
    let text = |text: &[u8]| String::from_utf8_lossy(text).into_owned();
    let whole = |on: Option<&Address>| {
        vec![User { address: part.address.clone(), on: on.cloned(), text: text(&part.text) }]
    };
    let of_details = |wanted: &[Attribute], on: Option<&Address>| -> Vec<User> {
        let said = details(part, &part.text).into_iter().filter(|detail| wanted.contains(&detail.attribute));
        let mut users: Vec<User> = Vec::new();
        for detail in said {
            let text = text(&detail.text);
            match users.last_mut().filter(|last| last.address == detail.address) {
                Some(last) => last.text = format!("{} {text}", last.text),
                None => users.push(User { address: detail.address, on: on.cloned(), text }),
            }
        }
        users
    };
    const COMPUTED: [Attribute; 4] =
        [Attribute::Default, Attribute::Generated, Attribute::Check, Attribute::Constraint];
    match (part.role, part.address.kind) {
        (Role::Definition, Object::View | Object::MaterializedView) => of_details(&[Attribute::Query], None),
        (Role::Definition, Object::Rule | Object::Policy) => whole(Some(object)),
        (Role::Definition, Object::Trigger) => {
            of_details(&[Attribute::Event, Attribute::When, Attribute::Function], Some(object))
        }
        (Role::Definition, Object::Index) => whole(Some(object)),
        (Role::Definition | Role::Default, Object::Table | Object::ForeignTable | Object::Column)
        | (Role::Definition, Object::Constraint | Object::Domain) => of_details(&COMPUTED, Some(object)),
        (Role::Definition, Object::Function | Object::Procedure) => {
            let said = details(part, &part.text);
            // The server knows what is in a body in standard SQL; what is in a literal it does not.
            let body = said.iter().filter(|detail| detail.attribute == Attribute::Body).find(|detail| {
                let text = text(&detail.text);
                let tokens = tokens(&text);
                let first = |word: &str| tokens.first().is_some_and(|token| token.is(word));
                first("RETURN") || first("BEGIN") && tokens.get(1).is_some_and(|next| next.is("ATOMIC"))
            });
            let own =
                body.map(|detail| User { address: part.address.clone(), on: None, text: text(&detail.text) });
            own.into_iter().collect()
        }
        // Its columns and its condition.
        (Role::Member, Object::Publication) => whole(None),
        (Role::Definition, Object::Operator | Object::Aggregate | Object::Cast | Object::EventTrigger) => {
            whole(None)
        }
        _ => Vec::new(),
    }
}

impl User {
    fn is_view(&self) -> bool {
        matches!(self.address.kind, Object::View | Object::MaterializedView)
    }

    /// Says whether it uses a column: by the table's name or alias, alone where there is just one table, or of the relation that
    /// it is on.
    fn uses_column(&self, table: &Address, column: &Name) -> bool {
        let tokens = tokens(&self.text);
        let named = |at: usize| tokens.get(at).and_then(Token::name);
        let dot = |at: usize| tokens.get(at).is_some_and(|token| token.kind == TokenKind::Dot);
        let is_column = |at: usize| named(at).as_ref() == Some(column);
        let mentions = qualified(&tokens);
        let of_table = |name: &Name, of: &Name| Some(of) == table.schema.as_ref() && *name == table.name;
        let own = self.on.as_ref() == Some(table);
        let mut aliases: BTreeSet<Name> = mentions
            .iter()
            .filter(|(_, of, name)| of_table(name, of))
            .map(|(end, ..)| alias(&tokens, *end, table))
            .collect();
        if own {
            aliases.extend([table.name.clone(), Name::from("old"), Name::from("new")]);
        }
        let alone = own || mentions.len() == 1;
        (0..tokens.len()).any(|at| {
            let behind_dot = at > 0 && dot(at - 1);
            if behind_dot {
                let of = at.checked_sub(2).and_then(named);
                let all = tokens[at].kind == TokenKind::Operator && tokens[at].text.starts_with('*');
                return (is_column(at) || all) && of.is_some_and(|of| aliases.contains(&of));
            }
            let output = at > 0 && tokens[at - 1].is("AS");
            let calls = tokens.get(at + 1).is_some_and(|next| next.kind == TokenKind::LeftParen);
            is_column(at) && alone && !aliases.is_empty() && !output && !calls && !dot(at + 1)
        })
    }

    /// Says whether it calls a function, or names one as its own.
    fn calls(&self, function: &Address) -> bool {
        let tokens = tokens(&self.text);
        let names_it = matches!(
            self.address.kind,
            Object::Operator | Object::Aggregate | Object::Cast | Object::EventTrigger
        );
        qualified(&tokens).into_iter().any(|(end, schema, name)| {
            Some(&schema) == function.schema.as_ref()
                && name == function.name
                && (names_it || tokens.get(end).is_some_and(|next| next.kind == TokenKind::LeftParen))
        })
    }
}

/// What a table is called behind its name.
fn alias(tokens: &[Token<'_>], end: usize, table: &Address) -> Name {
    const NO_ALIAS: [&str; 22] = [
        "ON",
        "JOIN",
        "LEFT",
        "RIGHT",
        "FULL",
        "INNER",
        "CROSS",
        "NATURAL",
        "WHERE",
        "GROUP",
        "ORDER",
        "HAVING",
        "LIMIT",
        "OFFSET",
        "UNION",
        "INTERSECT",
        "EXCEPT",
        "WINDOW",
        "FOR",
        "USING",
        "TABLESAMPLE",
        "SET",
    ];
    let at = if tokens.get(end).is_some_and(|next| next.is("AS")) { end + 1 } else { end };
    let next = tokens.get(at).filter(|next| !NO_ALIAS.iter().any(|word| next.is(word)));
    next.and_then(Token::name).unwrap_or_else(|| table.name.clone())
}

/// Returns what has to be made anew with a change, in order.
pub(crate) fn of(change: &Change, rule: &Rule, pair: &Pair<'_>) -> Vec<Address> {
    let object = &change.object;
    let gone = change.attribute == Attribute::Whole && change.kind == Kind::Dropped;
    let found = match change.address.kind {
        Object::Column if object.kind == Object::Type => match rule.id {
            id if id == rule::ATTRIBUTE_ADDED.id => BTreeSet::new(),
            _ if gone || change.attribute == Attribute::Name => BTreeSet::new(),
            _ if change.attribute == Attribute::Comment => BTreeSet::new(),
            _ => of_type(object, pair),
        },
        Object::Column
            if gone
                || matches!(
                    change.attribute,
                    Attribute::Type | Attribute::Collation | Attribute::Generated
                ) =>
        {
            of_column(object, &change.address.name, pair)
        }
        Object::Function | Object::Procedure | Object::Aggregate
            if gone
                || rule.id == rule::FUNCTION_SIGNATURE_CHANGED.id
                    && !(change.attribute == Attribute::Arguments && signature::is_replaceable(change)) =>
        {
            of_routine(object, pair)
        }
        Object::Domain if gone || matches!(change.attribute, Attribute::Type | Attribute::Collation) => {
            of_type(object, pair)
        }
        Object::Type
            if gone
                || [rule::TYPE_CHANGED.id, rule::ENUM_LABEL_DROPPED.id, rule::ENUM_ORDER_CHANGED.id]
                    .contains(&rule.id) =>
        {
            of_type(object, pair)
        }
        Object::MaterializedView
            if gone || matches!(change.attribute, Attribute::Query | Attribute::Columns) =>
        {
            of_relation(object, pair)
        }
        Object::View if gone || change.attribute == Attribute::Columns => of_relation(object, pair),
        Object::View if change.attribute == Attribute::Query && select_list::renames(change) => {
            of_relation(object, pair)
        }
        Object::Table | Object::ForeignTable if gone => of_relation(object, pair),
        Object::Constraint if rule.id == rule::KEY_DROPPED.id => of_key(change, pair),
        _ => BTreeSet::new(),
    };
    // What goes as well is told of itself, and so is what belongs to something that goes.
    let stays = |address: &Address| {
        let home = address.parent.as_deref().unwrap_or(address);
        *address != change.address
            && pair.new.objects.contains_key(home)
            && !(gone
                && (address == object
                    || address.parent.as_deref() == Some(object) && change.address == *object))
            && is_there(pair.new, address)
    };
    found.into_iter().filter(stays).collect()
}

/// Says whether a schema has an object, or a part of one.
fn is_there(schema: &Schema, address: &Address) -> bool {
    let Some(home) = &address.parent else { return schema.objects.contains_key(address) };
    let parts = schema.objects.get(home).map(|object| object.parts.as_slice()).unwrap_or_default();
    parts.iter().any(|part| {
        part.address == *address
            || part.role == Role::Definition
                && part.address == **home
                && details(part, &part.text).iter().any(|detail| detail.address == *address)
    })
}

/// Adds views, and what rests on these.
fn with_views(mut found: BTreeSet<Address>, pair: &Pair<'_>) -> BTreeSet<Address> {
    let mut next: Vec<Address> = found.iter().cloned().collect();
    while let Some(address) = next.pop() {
        if matches!(address.kind, Object::View | Object::MaterializedView) {
            next.extend(of_one_relation(&address, pair).into_iter().filter(|one| found.insert(one.clone())));
        }
    }
    found
}

fn of_relation(relation: &Address, pair: &Pair<'_>) -> BTreeSet<Address> {
    with_views(of_one_relation(relation, pair), pair)
}

fn of_one_relation(relation: &Address, pair: &Pair<'_>) -> BTreeSet<Address> {
    let users = pair.users.of(pair.old);
    let name = (relation.schema.clone().unwrap_or_default(), relation.name.clone());
    let mentioning = users.by_name.get(&name).into_iter().flatten().map(|at| &users.users[*at]);
    let uses = |user: &&User| {
        user.on.as_ref() != Some(relation)
            && (user.is_view()
                || matches!(
                    user.address.kind,
                    Object::Rule | Object::Policy | Object::Function | Object::Procedure
                ))
    };
    let on = users.by_relation.get(relation).into_iter().flatten().map(|at| &users.users[*at]);
    let own = on.filter(|user| matches!(user.address.kind, Object::Index | Object::Trigger | Object::Rule));
    mentioning.filter(uses).chain(own).map(|user| user.address.clone()).collect()
}

fn of_column(table: &Address, column: &Name, pair: &Pair<'_>) -> BTreeSet<Address> {
    let users = pair.users.of(pair.old);
    let mut found = BTreeSet::new();
    for table in family(table, pair) {
        let name = (table.schema.clone().unwrap_or_default(), table.name.clone());
        let mentioning = users.by_name.get(&name).into_iter().flatten();
        let on = users.by_relation.get(&table).into_iter().flatten();
        for user in mentioning.chain(on).map(|at| &users.users[*at]) {
            let own = user.on.as_ref() == Some(&table);
            // Checks, defaults and indexes of the table itself go along with their column.
            let follows = match user.address.kind {
                Object::Column => {
                    own && user.address.name != *column
                        && [pair.old, pair.new].iter().all(|schema| is_generated(&user.address, schema))
                }
                Object::View | Object::MaterializedView | Object::Rule | Object::Policy => true,
                Object::Trigger => own,
                Object::Function | Object::Procedure | Object::Publication => true,
                _ => false,
            };
            if follows && user.uses_column(&table, column) {
                found.insert(user.address.clone());
            }
        }
    }
    with_views(found, pair)
}

/// Says whether a column is computed of others.
fn is_generated(column: &Address, schema: &Schema) -> bool {
    let said = column.parent.as_deref().and_then(|table| schema.objects.get(table)).map(crate::types::said);
    said.unwrap_or_default()
        .iter()
        .any(|detail| detail.address == *column && detail.attribute == Attribute::Generated)
}

fn of_routine(routine: &Address, pair: &Pair<'_>) -> BTreeSet<Address> {
    // Which of several of a name is called, the texts do not tell.
    let same = |address: &&Address| {
        address.kind.is_routine() && address.name == routine.name && address.schema == routine.schema
    };
    if pair.old.objects.keys().filter(same).count() > 1 {
        return BTreeSet::new();
    }
    let users = pair.users.of(pair.old);
    let name = (routine.schema.clone().unwrap_or_default(), routine.name.clone());
    let mentioning = users.by_name.get(&name).into_iter().flatten().map(|at| &users.users[*at]);
    let found = mentioning.filter(|user| user.calls(routine)).map(|user| user.address.clone()).collect();
    with_views(found, pair)
}

/// The columns of a type, what rests on these, and the functions that take or return it.
fn of_type(of: &Address, pair: &Pair<'_>) -> BTreeSet<Address> {
    let uses = pair.kin.uses(pair.old, of);
    let mut found: BTreeSet<Address> = uses.columns.iter().chain(&uses.arrays).cloned().collect();
    let columns: Vec<Address> = found.iter().cloned().collect();
    for column in &columns {
        if let Some(table) = &column.parent {
            found.extend(of_column(table, &column.name, pair));
        }
    }
    found.extend(uses.typed.iter().chain(&uses.domains).cloned());
    for routine in pair.old.objects.values().filter(|object| object.address.kind.is_routine()) {
        let said = crate::types::said(routine);
        let takes = |detail: &dump::Detail| {
            let text = String::from_utf8_lossy(&detail.text).into_owned();
            matches!(detail.attribute, Attribute::Arguments | Attribute::Returns)
                && qualified(&tokens(&text))
                    .into_iter()
                    .any(|(_, schema, name)| Some(&schema) == of.schema.as_ref() && name == of.name)
        };
        if said.iter().any(takes) {
            found.insert(routine.address.clone());
        }
    }
    found
}

/// The foreign keys that rest on a key.
fn of_key(change: &Change, pair: &Pair<'_>) -> BTreeSet<Address> {
    let said = pair.old.objects.get(&change.object).map(crate::types::said).unwrap_or_default();
    let columns = said
        .iter()
        .find(|detail| detail.address == change.address && detail.attribute == Attribute::Columns)
        .map(|detail| String::from_utf8_lossy(&detail.text).into_owned())
        .unwrap_or_default();
    let own: BTreeSet<Name> = tokens(&columns).iter().filter_map(Token::name).collect();
    let referencing = pair.kin.referencing(pair.old).get(&change.object);
    let keys = referencing.into_iter().flatten().filter(|(_, key)| {
        let referenced: BTreeSet<Name> = key.referenced.iter().cloned().collect();
        referenced == own
    });
    keys.map(|(table, key)| table.clone().part(Object::Constraint, key.name.clone())).collect()
}
