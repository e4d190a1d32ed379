//! What applying a change does to the relations that are there: locks, rewriting, reading.
//!
//! The facts were measured statement by statement on PostgreSQL 15, and are measured again by a test: they are those of
//! the plain `ALTER`, `CREATE` or `DROP` that makes the change, or of dropping and creating where nothing else makes it.

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use dump::{Address, Attribute, Detail, ForeignKey, Kind as Object, Name, Role, Schema, Table, details};

use crate::change::{Change, Kind};
use crate::conversion::conversion;
use crate::dumps::Pair;

/// What applying a change does to relations that were there before, as measured on PostgreSQL 15.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// The strongest lock on each relation.
    pub locks: Vec<(Address, Lock)>,
    /// The tables that are written anew, with their indexes.
    pub rewrites: Vec<Address>,
    /// The tables that are read from end to end.
    pub scans: Vec<Address>,
}

/// The modes of table locks that changes take, weakest first (`lockdefs.h`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lock {
    /// Keeps out nobody but ACCESS EXCLUSIVE.
    AccessShare,
    /// Keeps out VACUUM and other changes; neither readers nor writers.
    ShareUpdateExclusive,
    /// Keeps out writers.
    Share,
    /// Keeps out writers, and others like itself.
    ShareRowExclusive,
    /// Keeps out everybody.
    AccessExclusive,
}

impl Lock {
    /// Returns the name as `LOCK TABLE` writes it.
    pub fn to_sql(self) -> &'static str {
        match self {
            Lock::AccessShare => "ACCESS SHARE",
            Lock::ShareUpdateExclusive => "SHARE UPDATE EXCLUSIVE",
            Lock::Share => "SHARE",
            Lock::ShareRowExclusive => "SHARE ROW EXCLUSIVE",
            Lock::AccessExclusive => "ACCESS EXCLUSIVE",
        }
    }
}

impl Cost {
    fn lock(mut self, relation: &Address, lock: Lock) -> Cost {
        match self.locks.iter_mut().find(|(known, _)| known == relation) {
            Some((_, known)) => *known = (*known).max(lock),
            None => self.locks.push((relation.clone(), lock)),
        }
        self
    }

    fn lock_all<'a>(self, relations: impl IntoIterator<Item = &'a Address>, lock: Lock) -> Cost {
        relations.into_iter().fold(self, |cost, relation| cost.lock(relation, lock))
    }

    fn scan(mut self, tables: &[Address]) -> Cost {
        self.scans.extend(tables.iter().cloned());
        self
    }

    fn rewrite(mut self, tables: &[Address]) -> Cost {
        self.rewrites.extend(tables.iter().cloned());
        self
    }
}

/// What the tables of a schema have to do with each other; gathered when the first change asks.
#[derive(Debug, Default)]
pub(crate) struct Kin {
    children: OnceCell<BTreeMap<Address, Vec<Address>>>,
    unique_indexes: OnceCell<BTreeSet<Address>>,
    /// What is said of the object that was asked for last: many changes of one come one behind the other.
    said: RefCell<Option<(Address, Rc<Vec<Detail>>)>>,
    /// By the referenced table: who references it, and with which key.
    referencing: OnceCell<BTreeMap<Address, Vec<(Address, ForeignKey)>>>,
}

impl Kin {
    /// Says whether an index is unique on one side or the other.
    pub fn is_unique_index(&self, pair: &Pair<'_>, index: &Address) -> bool {
        let unique = self.unique_indexes.get_or_init(|| {
            let objects = pair.old.objects.values().chain(pair.new.objects.values());
            let parts = objects.flat_map(|object| &object.parts);
            let unique = parts.filter(|part| {
                part.address.kind == Object::Index
                    && part.role == Role::Definition
                    && part.text.starts_with(b"CREATE UNIQUE")
            });
            unique.map(|part| part.address.clone()).collect()
        });
        unique.contains(index)
    }

    /// Returns everything that the new dump says of an object.
    pub fn said_of(&self, pair: &Pair<'_>, object: &Address) -> Rc<Vec<Detail>> {
        if let Some((known, said)) = self.said.borrow().as_ref()
            && known == object
        {
            return Rc::clone(said);
        }
        let parts = pair.new.objects.get(object).map(|object| object.parts.as_slice()).unwrap_or_default();
        let said: Rc<Vec<Detail>> =
            Rc::new(parts.iter().flat_map(|part| details(part, &part.text)).collect());
        *self.said.borrow_mut() = Some((object.clone(), Rc::clone(&said)));
        said
    }

    fn children(&self, schema: &Schema) -> &BTreeMap<Address, Vec<Address>> {
        self.children.get_or_init(|| {
            let mut children: BTreeMap<_, Vec<_>> = BTreeMap::new();
            for object in tables(schema) {
                for parent in object.parents() {
                    children.entry(parent).or_default().push(object.address.clone());
                }
            }
            children
        })
    }

    fn referencing(&self, schema: &Schema) -> &BTreeMap<Address, Vec<(Address, ForeignKey)>> {
        self.referencing.get_or_init(|| {
            let mut referencing: BTreeMap<_, Vec<_>> = BTreeMap::new();
            for object in tables(schema) {
                for key in object.foreign_keys() {
                    referencing.entry(key.table.clone()).or_default().push((object.address.clone(), key));
                }
            }
            referencing
        })
    }
}

fn tables(schema: &Schema) -> impl Iterator<Item = &dump::Object> {
    schema.objects.values().filter(|object| object.address.kind == Object::Table)
}

/// Returns what it takes to apply a change between two schemas.
pub(crate) fn cost(change: &Change, pair: &Pair<'_>) -> Cost {
    let mut cost = of(change, pair);
    let there = |address: &Address| {
        let object = address.parent.as_deref().unwrap_or(address);
        pair.old.objects.contains_key(object)
    };
    cost.locks.retain(|(relation, _)| there(relation));
    cost.scans.retain(there);
    cost.rewrites.retain(there);
    cost
}

fn of(change: &Change, pair: &Pair<'_>) -> Cost {
    let object = &change.object;
    let none = Cost::default();
    if !object.kind.is_relation() {
        return match object.kind {
            Object::Domain => domain(change, pair),
            Object::Publication => publication(change, pair),
            _ => none,
        };
    }
    match (change.attribute, change.address.kind) {
        (Attribute::Name, Object::Index) => none.lock(&change.address, Lock::ShareUpdateExclusive),
        (Attribute::Name, Object::Column) => none.lock_all(&family(object, pair), Lock::AccessExclusive),
        (Attribute::Name, _) => none.lock(object, Lock::AccessExclusive),
        (Attribute::Privilege | Attribute::SecurityLabel | Attribute::Order, _) => none,
        (Attribute::Comment, Object::Index) => none.lock(&change.address, Lock::ShareUpdateExclusive),
        (Attribute::Comment, kind) if kind == object.kind || kind == Object::Column => {
            none.lock(object, Lock::ShareUpdateExclusive)
        }
        (Attribute::Comment, _) => none,
        // The parent's change tells.
        (Attribute::Inherited, _) => none.lock(object, Lock::AccessExclusive),
        (_, Object::Column) => column(change, pair),
        (_, Object::Constraint) => constraint(change, pair),
        (_, Object::Index) => index(change),
        (_, Object::Trigger) => match (change.attribute, change.kind) {
            (Attribute::Enabled, _) | (Attribute::Whole, Kind::Added) => {
                none.lock(object, Lock::ShareRowExclusive)
            }
            _ => none.lock(object, Lock::AccessExclusive),
        },
        (_, Object::Policy) => none.lock(object, Lock::AccessExclusive),
        (_, Object::Rule) => none.lock(object, Lock::AccessExclusive),
        (_, Object::Statistics) => none.lock(object, Lock::ShareUpdateExclusive),
        (_, Object::Table) => table(change, pair),
        (Attribute::Whole | Attribute::Owner, Object::Sequence) => none.lock(object, Lock::AccessExclusive),
        (Attribute::OwnedBy, _) => none.lock(object, Lock::ShareRowExclusive),
        (_, Object::Sequence) => none.lock(object, Lock::ShareRowExclusive),
        _ => none.lock(object, Lock::AccessExclusive),
    }
}

/// A table, and all that inherit from it or are its partitions.
fn family(table: &Address, pair: &Pair<'_>) -> Vec<Address> {
    let children = pair.kin.children(pair.old);
    let mut found = vec![table.clone()];
    let mut at = 0;
    while let Some(next) = found.get(at).cloned() {
        let new = children.get(&next).into_iter().flatten().filter(|child| !found.contains(child));
        let new: Vec<Address> = new.cloned().collect();
        found.extend(new);
        at += 1;
    }
    found
}

fn column(change: &Change, pair: &Pair<'_>) -> Cost {
    let table = &change.object;
    let family = family(table, pair);
    let exclusive = Cost::default().lock_all(&family, Lock::AccessExclusive);
    if table.kind != Object::Table {
        return Cost::default().lock(table, Lock::AccessExclusive);
    }
    match (change.attribute, change.kind) {
        (Attribute::Whole, Kind::Added) if fills_rows(change, pair) => {
            exclusive.rewrite(&family).scan(&family)
        }
        (Attribute::Type, _) => {
            let text = |text: &Option<String>| text.clone().unwrap_or_default();
            if !conversion(&text(&change.old), &text(&change.new)).rewrites {
                return exclusive;
            }
            let others = across_foreign_keys(change, pair);
            exclusive.rewrite(&family).scan(&family).lock_all(&others, Lock::AccessExclusive).scan(&others)
        }
        (Attribute::NotNull, Kind::Added) => exclusive.scan(&family),
        // A stored column is computed for every row; an expression that goes leaves its values.
        (Attribute::Generated, Kind::Added | Kind::Changed) => exclusive.rewrite(&family).scan(&family),
        (Attribute::StatisticsTarget, _) => Cost::default().lock_all(&family, Lock::ShareUpdateExclusive),
        (Attribute::Option, _) => Cost::default().lock(table, Lock::ShareUpdateExclusive),
        // These do not go down to the children.
        (Attribute::Compression | Attribute::Identity, _) => {
            Cost::default().lock(table, Lock::AccessExclusive)
        }
        _ => exclusive,
    }
}

/// Says whether the rows that are there have to be written to get a new column's value.
fn fills_rows(change: &Change, pair: &Pair<'_>) -> bool {
    let said = pair.kin.said_of(pair, &change.object);
    said.iter().filter(|detail| detail.address == change.address).any(|detail| match detail.attribute {
        Attribute::Identity => true,
        Attribute::Generated => !detail.text.ends_with(b"VIRTUAL"),
        Attribute::Default => is_volatile(&String::from_utf8_lossy(&detail.text), pair.new),
        _ => false,
    })
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
    calls(expression).into_iter().any(|call| match call.rsplit_once('.') {
        None => VOLATILE.contains(&call.as_str()),
        Some((qualifier, name)) => {
            let name = Name::from_sql(name.as_bytes());
            let qualifier = Name::from_sql(qualifier.as_bytes());
            let known = schema.objects.values().filter(|object| object.address.kind == Object::Function);
            let mut same = known
                .filter(|object| {
                    object.address.name == name && object.address.schema.as_ref() == Some(&qualifier)
                })
                .peekable();
            let promised = |part: &dump::Part| {
                details(part, &part.text).iter().any(|detail| {
                    detail.attribute == Attribute::Volatility && !detail.text.starts_with(b"VOLATILE")
                })
            };
            same.peek().is_none() || same.any(|object| !object.parts.iter().any(promised))
        }
    })
}

/// The names in front of an opening parenthesis, outside of literals.
fn calls(expression: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut name = String::new();
    let mut in_literal = false;
    for letter in expression.chars() {
        match letter {
            '\'' => {
                in_literal = !in_literal;
                name.clear();
            }
            _ if in_literal => {}
            '(' => {
                if !name.is_empty() {
                    found.push(std::mem::take(&mut name));
                }
            }
            '"' | '.' | '_' => name.push(letter),
            letter if letter.is_alphanumeric() => name.push(letter),
            _ => name.clear(),
        }
    }
    found
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

fn constraint(change: &Change, pair: &Pair<'_>) -> Cost {
    let table = &change.object;
    let statement = pair_text(change, pair);
    let one = [table.clone()];
    let key = ForeignKey::parse(statement.as_bytes());
    let valid = !statement.contains("NOT VALID");
    let made = change.attribute == Attribute::Whole && change.kind == Kind::Added;
    // A column that is new and null holds nothing to be checked.
    let is_new = |key: &ForeignKey| {
        let old =
            pair.old.objects.get(table).and_then(Table::read).map(|table| table.columns).unwrap_or_default();
        !key.columns.iter().any(|name| old.iter().any(|column| column.name == *name))
    };
    let gone = change.attribute == Attribute::Whole && change.kind == Kind::Dropped;
    if let Some(key) = key {
        let referenced = [key.table.clone()];
        let lock = if made { Lock::ShareRowExclusive } else { Lock::AccessExclusive };
        let cost = Cost::default().lock(table, lock);
        return match change.attribute {
            Attribute::NotValid if change.kind == Kind::Dropped => {
                Cost::default().lock(table, Lock::ShareUpdateExclusive).scan(&one).scan(&referenced)
            }
            Attribute::Deferrable => cost,
            _ if gone || !valid || is_new(&key) => cost.lock_all(&referenced, lock),
            _ => cost.lock_all(&referenced, lock).scan(&one).scan(&referenced),
        };
    }
    if statement.contains("CHECK (") {
        // Checks go down to the children, unless they say not to.
        let family = if statement.contains("NO INHERIT") { one.to_vec() } else { family(table, pair) };
        let exclusive = Cost::default().lock_all(&family, Lock::AccessExclusive);
        return match change.attribute {
            Attribute::NotValid if change.kind == Kind::Dropped => {
                Cost::default().lock_all(&family, Lock::ShareUpdateExclusive).scan(&family)
            }
            _ if gone || !valid => exclusive,
            _ => exclusive.scan(&family),
        };
    }
    let exclusive = Cost::default().lock(table, Lock::AccessExclusive);
    match change.attribute {
        _ if gone => exclusive,
        Attribute::Option => Cost::default().lock(&change.address, Lock::ShareUpdateExclusive),
        _ => exclusive.scan(&one),
    }
}

/// What the newer of the two dumps says of a constraint, or else the older.
fn pair_text(change: &Change, pair: &Pair<'_>) -> String {
    let text = |schema: &Schema| -> Option<String> {
        let object = schema.objects.get(&change.object)?;
        let mut parts = object.parts.iter();
        let own = parts.find(|part| part.address == change.address && part.role == Role::Definition);
        let bytes = match own {
            Some(part) => part.text.clone(),
            None => {
                let mut inline = Table::read(object)?.constraints.into_iter();
                inline.find(|constraint| constraint.name.as_ref() == Some(&change.address.name))?.text
            }
        };
        Some(String::from_utf8_lossy(&bytes).into_owned())
    };
    text(pair.new).or_else(|| text(pair.old)).unwrap_or_default()
}

fn index(change: &Change) -> Cost {
    let table = &change.object;
    let only = change.new.as_ref().is_some_and(|text| text.contains(" ON ONLY "));
    let one = if only { Vec::new() } else { vec![table.clone()] };
    match (change.attribute, change.kind) {
        (Attribute::Whole, Kind::Added) => Cost::default().lock(table, Lock::Share).scan(&one),
        (Attribute::Whole, Kind::Dropped) => Cost::default().lock(table, Lock::AccessExclusive),
        (Attribute::Option | Attribute::StatisticsTarget | Attribute::Cluster, _) => {
            Cost::default().lock(&change.address, Lock::ShareUpdateExclusive)
        }
        (Attribute::Tablespace, _) => Cost::default().lock(&change.address, Lock::AccessExclusive),
        (Attribute::Parent, _) => Cost::default().lock(table, Lock::AccessShare),
        _ => Cost::default().lock(table, Lock::AccessExclusive).scan(&one),
    }
}

fn table(change: &Change, pair: &Pair<'_>) -> Cost {
    let table = &change.object;
    let one = [table.clone()];
    let exclusive = Cost::default().lock(table, Lock::AccessExclusive);
    match (change.attribute, change.kind) {
        (Attribute::Whole, Kind::Added) => {
            let Some(object) = pair.new.objects.get(table) else { return Cost::default() };
            let keys: Vec<Address> = object.foreign_keys().into_iter().map(|key| key.table).collect();
            let lock = match object.partition_of() {
                Some(_) => Lock::AccessExclusive,
                None => Lock::ShareUpdateExclusive,
            };
            Cost::default().lock_all(&keys, Lock::ShareRowExclusive).lock_all(&object.parents(), lock)
        }
        (Attribute::Whole, _) => {
            let Some(object) = pair.old.objects.get(table) else { return exclusive };
            let keys: Vec<Address> = object.foreign_keys().into_iter().map(|key| key.table).collect();
            let parent: Vec<Address> = object.partition_of().into_iter().collect();
            exclusive.lock_all(&keys, Lock::AccessExclusive).lock_all(&parent, Lock::AccessExclusive)
        }
        (Attribute::Persistence | Attribute::AccessMethod | Attribute::PartitionKey, _) => {
            exclusive.rewrite(&one).scan(&one)
        }
        // Copied block by block.
        (Attribute::Tablespace, _) => exclusive.rewrite(&one),
        (Attribute::Option | Attribute::Cluster, _) => {
            Cost::default().lock(table, Lock::ShareUpdateExclusive)
        }
        (Attribute::Parent | Attribute::PartitionBound, kind) => parents(change, kind, pair),
        _ => exclusive,
    }
}

/// Attaching reads the partition to see that its rows fit; a bound is changed by detaching and attaching.
fn parents(change: &Change, kind: Kind, pair: &Pair<'_>) -> Cost {
    let table = &change.object;
    let of = |schema: &Schema| schema.objects.get(table).map(dump::Object::parents).unwrap_or_default();
    let partition = |schema: &Schema| schema.objects.get(table).and_then(dump::Object::partition_of);
    let (before, after) = (of(pair.old), of(pair.new));
    let exclusive = Cost::default().lock(table, Lock::AccessExclusive);
    match (kind, partition(pair.old), partition(pair.new)) {
        (Kind::Dropped, Some(parent), _) => exclusive.lock(&parent, Lock::AccessExclusive),
        (Kind::Added, None, Some(parent)) => {
            exclusive.lock(&parent, Lock::ShareUpdateExclusive).scan(std::slice::from_ref(table))
        }
        (_, Some(old), new) => {
            let both: Vec<Address> = [Some(old), new].into_iter().flatten().collect();
            exclusive.lock_all(&both, Lock::AccessExclusive).scan(std::slice::from_ref(table))
        }
        _ => {
            let come: Vec<Address> = after.iter().filter(|one| !before.contains(one)).cloned().collect();
            let gone: Vec<Address> = before.iter().filter(|one| !after.contains(one)).cloned().collect();
            exclusive.lock_all(&come, Lock::ShareUpdateExclusive).lock_all(&gone, Lock::AccessShare)
        }
    }
}

/// A domain's new demands are checked against every table that uses it.
fn domain(change: &Change, pair: &Pair<'_>) -> Cost {
    let demands = match (change.attribute, change.kind) {
        (Attribute::Whole, Kind::Added) => change.address.kind == Object::Constraint,
        (Attribute::NotNull, Kind::Added) | (Attribute::Check | Attribute::Constraint, _) => true,
        _ => false,
    };
    if !demands || change.new.as_ref().is_none_or(|text| text.contains("NOT VALID")) {
        return Cost::default();
    }
    let of_type = change.object.qualified_name().to_sql();
    let uses = |object: &&dump::Object| {
        let columns = Table::read(object).map(|table| table.columns).unwrap_or_default();
        columns.iter().any(|column| column.attribute(Attribute::Type) == Some(&of_type))
    };
    let tables: Vec<Address> = tables(pair.old).filter(uses).map(|object| object.address.clone()).collect();
    Cost::default().lock_all(&tables, Lock::Share).scan(&tables)
}

/// The tables that a publication gains or loses.
fn publication(change: &Change, pair: &Pair<'_>) -> Cost {
    let members = |schema: &Schema| -> Vec<Address> {
        let Some(object) = schema.objects.get(&change.object) else { return Vec::new() };
        let members = object.parts.iter().filter(|part| part.role == Role::Member);
        members.filter_map(|part| part.published_table()).collect()
    };
    let (before, after) = (members(pair.old), members(pair.new));
    match (change.attribute, change.kind) {
        (Attribute::Whole, _) | (Attribute::Member, _) => {
            let one_side = |table: &&Address| !before.contains(table) || !after.contains(table);
            let tables: BTreeSet<Address> =
                before.iter().chain(&after).filter(one_side).flat_map(|table| family(table, pair)).collect();
            Cost::default().lock_all(&tables, Lock::ShareUpdateExclusive)
        }
        _ => Cost::default(),
    }
}
