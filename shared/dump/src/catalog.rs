//! What only a whole dump tells about the names in it: that a `TABLE` is a view, which table an index is on, which
//! object a part belongs to.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use crate::lexeme::{Cursor, lexemes_of};
use crate::object::{Address, Kind, Role};
use crate::schema::{Object, Part, Schema, sort_parts};
use crate::session::Session;
use crate::{Name, Position, grants, qualify};

/// What only a whole dump tells about the names in it.
#[derive(Debug, Default)]
struct Catalog {
    relations: HashMap<(Option<Name>, Name), Kind>,
    types: HashMap<(Option<Name>, Name), Kind>,
    routines: HashMap<(Option<Name>, Name, Vec<u8>), Kind>,
    /// The table of each index, by the index's schema and name; constraints that have an index count.
    indexes: HashMap<(Option<Name>, Name), Address>,
    statistics: HashMap<(Option<Name>, Name), Address>,
    /// The table that owns each sequence.
    sequences: HashMap<(Option<Name>, Name), Address>,
    /// Views whose real definition comes as `CREATE OR REPLACE VIEW` behind an empty one.
    replaced_views: HashSet<Address>,
}

impl Catalog {
    fn read(parts: &[Part]) -> Catalog {
        let mut catalog = Catalog::default();
        for part in parts {
            let address = &part.address;
            let key = (address.schema.clone(), address.name.clone());
            match (part.role, address.kind) {
                (Role::Definition | Role::Shell, Kind::Type | Kind::Domain) => {
                    catalog.types.insert(key, address.kind);
                }
                (Role::Definition, Kind::View) if part.text.starts_with(b"CREATE OR REPLACE") => {
                    catalog.replaced_views.insert(address.clone());
                    catalog.relations.insert(key, address.kind);
                }
                (Role::Definition, kind) if kind.is_relation() => {
                    catalog.relations.insert(key, kind);
                }
                (Role::Definition, kind) if kind.is_routine() => {
                    catalog.routines.insert((key.0, key.1, address.signature.clone()), kind);
                }
                (Role::Definition, Kind::Index) => {
                    if let Some(table) = &address.parent {
                        catalog.indexes.insert(key, (**table).clone());
                    }
                }
                (Role::Definition, Kind::Statistics) => {
                    if let Some(table) = &address.parent {
                        catalog.statistics.insert(key, (**table).clone());
                    }
                }
                (Role::Definition, Kind::Constraint) => {
                    if let Some(table) = &address.parent {
                        catalog
                            .indexes
                            .insert((table.schema.clone(), address.name.clone()), (**table).clone());
                    }
                }
                (Role::OwnedBy, _) => {
                    if let Some(table) = owning_table(&part.text) {
                        catalog.sequences.insert(key, table);
                    }
                }
                (Role::Identity, _) => {
                    if let (Some(name), Some(table)) = (identity_sequence(&part.text), &address.parent) {
                        let key = (name.schema, name.name);
                        catalog.relations.insert(key.clone(), Kind::Sequence);
                        catalog.sequences.insert(key, (**table).clone());
                    }
                }
                _ => {}
            }
        }
        catalog
    }

    fn resolve(&self, address: &mut Address) {
        if let Some(parent) = &mut address.parent {
            self.resolve(parent);
        }
        let key = (address.schema.clone(), address.name.clone());
        match address.kind {
            kind if kind.is_relation() => {
                if let Some(kind) = self.relations.get(&key) {
                    address.kind = *kind;
                } else if self.types.contains_key(&key) {
                    address.kind = Kind::Type;
                } else if let Some(table) = self.indexes.get(&key) {
                    address.kind = Kind::Index;
                    // Never by way of `resolve`: an index may have the name of a table that is not there.
                    let mut table = table.clone();
                    if let Some(kind) = self.relations.get(&(table.schema.clone(), table.name.clone())) {
                        table.kind = *kind;
                    }
                    address.parent = Some(Box::new(table));
                }
            }
            Kind::Type | Kind::Domain => {
                if let Some(kind) = self.types.get(&key) {
                    address.kind = *kind;
                }
            }
            kind if kind.is_routine() => {
                let routine = |signature: &[u8]| (key.0.clone(), key.1.clone(), signature.to_vec());
                if let Some(kind) = self.routines.get(&routine(&address.signature)) {
                    address.kind = *kind;
                } else if address.signature == b"()"
                    && let Some(kind) = self.routines.get(&routine(b"(*)"))
                {
                    (address.kind, address.signature) = (*kind, b"(*)".to_vec());
                }
            }
            Kind::Index | Kind::Statistics if address.parent.is_none() => {
                let map = if address.kind == Kind::Index { &self.indexes } else { &self.statistics };
                if let Some(table) = map.get(&key) {
                    let mut table = table.clone();
                    if let Some(kind) = self.relations.get(&(table.schema.clone(), table.name.clone())) {
                        table.kind = *kind;
                    }
                    address.parent = Some(Box::new(table));
                }
            }
            _ => {}
        }
    }
}

/// The table of `ALTER SEQUENCE … OWNED BY schema.table.column`.
fn owning_table(text: &[u8]) -> Option<Address> {
    let lexemes = lexemes_of(text)?;
    let mut cursor = Cursor::new(&lexemes);
    cursor.skip_behind("BY")?;
    let mut names = cursor.dotted()?;
    names.pop()?;
    let name = names.pop()?;
    Some(Address::in_schema(Kind::Table, crate::QualifiedName { schema: names.pop(), name }))
}

/// The sequence of `ADD GENERATED … AS IDENTITY (SEQUENCE NAME x …)`.
pub(crate) fn identity_sequence(text: &[u8]) -> Option<crate::QualifiedName> {
    let lexemes = lexemes_of(text)?;
    let at = lexemes.windows(2).position(|pair| pair[0].is("SEQUENCE") && pair[1].is("NAME"))?;
    Cursor::new(&lexemes[at + 2..]).qualified()
}

fn object_of(address: &Address) -> &Address {
    address.parent.as_deref().map_or(address, object_of)
}

/// Gives every part its object, and every object its parts in order.
///
/// `uses_the_servers_path` says that a name without a schema was seen where no search path was set.
pub(crate) fn resolve(
    parts: Vec<Part>,
    owned: Vec<(Address, Option<Name>, Position)>,
    uses_the_servers_path: bool,
) -> Schema {
    let mut parts = parts;
    qualify::qualify(&mut parts, uses_the_servers_path);
    let catalog = Catalog::read(&parts);
    // Of several owners of a thing, the last counts.
    let owned = owned.into_iter().map(|(mut address, owner, at)| {
        catalog.resolve(&mut address);
        (address, (owner, at))
    });
    let owned: BTreeMap<Address, (Option<Name>, Position)> = owned.collect();
    let owners: BTreeMap<Address, (Name, Position)> =
        owned.into_iter().filter_map(|(address, (owner, at))| Some((address, (owner?, at)))).collect();
    for part in &mut parts {
        let replaced = part.address.kind == Kind::View
            && part.role == Role::Definition
            && !part.text.starts_with(b"CREATE OR REPLACE")
            && catalog.replaced_views.contains(&part.address);
        if replaced {
            part.role = Role::Shell;
        }
        catalog.resolve(&mut part.address);
        if let Some(role) = &part.session.authorization
            && owners.get(object_of(&part.address)).is_some_and(|(owner, _)| owner == role)
        {
            Arc::make_mut(&mut part.session).authorization = None;
        }
    }
    let session = Arc::new(Session::default());
    parts.extend(owners.iter().map(|(address, (owner, at))| Part {
        address: address.clone(),
        role: Role::Owner,
        text: owner_text(address, owner),
        session: Arc::clone(&session),
        at: *at,
        where_there: None,
        order: 0,
    }));
    let mut schema = Schema { objects: objects(parts, &catalog), ..Schema::default() };
    for (address, object) in &mut schema.objects {
        let owner = || owners.get(address).map(|(owner, _)| owner.clone());
        grants::reduce(object, owner);
        keep_what_counts(object);
        sort_parts(object);
    }
    schema.objects.retain(|_, object| !object.parts.is_empty());
    schema
}

/// How a statement says something that others say as well.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Says {
    /// What it says counts from there on.
    Anew,
    /// It only takes others back: it says what is so anyway.
    AsEver,
    /// It takes away what was said, and is of no matter in front of what says it anew.
    TakesAway,
}

/// Of what is said several times, keeps what counts in the end; whether something was there before is not said.
fn keep_what_counts(object: &mut Object) {
    const REPLACES: &[u8] = b"CREATE OR REPLACE ";
    /// What sets the same thing again, and how.
    fn again(part: &Part) -> Option<(u8, Says)> {
        // No literal and no quoted name ends in a word; key words may be small.
        let ends = |words: &[u8]| {
            let from = part.text.len().saturating_sub(words.len());
            part.text[from..].eq_ignore_ascii_case(words)
        };
        match part.role {
            Role::Comment if ends(b" IS NULL;\n") => Some((0, Says::TakesAway)),
            Role::Comment => Some((0, Says::Anew)),
            Role::Setting if ends(b" ENABLE ROW LEVEL SECURITY;\n") => Some((1, Says::Anew)),
            Role::Setting if ends(b" DISABLE ROW LEVEL SECURITY;\n") => Some((1, Says::AsEver)),
            Role::Setting if ends(b" NO FORCE ROW LEVEL SECURITY;\n") => Some((2, Says::AsEver)),
            Role::Setting if ends(b" FORCE ROW LEVEL SECURITY;\n") => Some((2, Says::Anew)),
            Role::Definition if part.address.kind.is_routine() => Some((3, Says::Anew)),
            _ => None,
        }
    }
    let mut kept = std::mem::take(&mut object.parts);
    let mut said = kept.iter().filter_map(again);
    if said.next().is_some_and(|(_, how)| how == Says::AsEver) || said.next().is_some() {
        let mut seen: HashSet<(Address, u8)> = HashSet::new();
        let mut last_first: Vec<Part> = Vec::with_capacity(kept.len());
        for part in kept.into_iter().rev() {
            let counts = again(&part).is_none_or(|(what, how)| {
                let key = (part.address.clone(), what);
                // A routine is made again only by a statement that says so.
                let makes = part.role == Role::Definition && !part.text.starts_with(REPLACES);
                match how {
                    Says::TakesAway => !seen.contains(&key),
                    Says::Anew if makes => !seen.contains(&key),
                    Says::Anew => seen.insert(key),
                    Says::AsEver => {
                        seen.insert(key);
                        false
                    }
                }
            });
            if counts {
                last_first.push(part);
            }
        }
        last_first.reverse();
        kept = last_first;
    }
    for at in 0..kept.len() {
        let part = &kept[at];
        if part.role != Role::Definition || !part.text.starts_with(REPLACES) {
            continue;
        }
        let makes = |other: &&Part| other.role <= Role::Definition && other.address == part.address;
        if kept.iter().filter(makes).count() == 1 {
            kept[at].text.drain(b"CREATE ".len()..REPLACES.len());
        }
    }
    object.parts = kept;
}

/// Puts together what is of one object.
fn objects(parts: Vec<Part>, catalog: &Catalog) -> BTreeMap<Address, Object> {
    // Counted first: as many objects have few parts, lists that grow by themselves would be half empty.
    let mut numbers: HashMap<&Address, usize> = HashMap::new();
    let mut counts: Vec<usize> = Vec::new();
    let mut of_parts: Vec<usize> = Vec::with_capacity(parts.len());
    for part in &parts {
        let number = *numbers.entry(object_of(&part.address)).or_insert(counts.len());
        if number == counts.len() {
            counts.push(0);
        }
        counts[number] += 1;
        of_parts.push(number);
    }
    drop(numbers);
    let mut objects: Vec<Option<Object>> = Vec::new();
    objects.resize_with(counts.len(), || None);
    for (part, number) in parts.into_iter().zip(of_parts) {
        if let Some(object) = &mut objects[number] {
            object.parts.push(part);
            continue;
        }
        let address = object_of(&part.address).clone();
        let key = (address.schema.clone(), address.name.clone());
        let home =
            (address.kind == Kind::Sequence).then(|| catalog.sequences.get(&key)).flatten().map(|table| {
                let mut table = table.clone();
                catalog.resolve(&mut table);
                table
            });
        let mut parts = Vec::with_capacity(counts[number]);
        parts.push(part);
        objects[number] = Some(Object { address, parts, home });
    }
    objects.into_iter().flatten().map(|object| (object.address.clone(), object)).collect()
}

fn owner_text(address: &Address, owner: &Name) -> Vec<u8> {
    let sql = [
        b"ALTER ",
        address.kind.to_sql().as_bytes(),
        b" ",
        &address.to_sql_without_parent(),
        b" OWNER TO ",
        &owner.to_sql(),
        b";\n",
    ];
    sql.concat()
}
