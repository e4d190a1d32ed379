//! Who may do what with an object: what holds by default, with the statements of a dump applied.
//!
//! `pg_dump` writes what differs from the default alone, and an object's owner decides what that is; so the same statements
//! say different things of things with different owners, and none at all may say the same as several.

use std::collections::{BTreeMap, BTreeSet};

use dump::{
    Address, Attribute, Grant, Kind as ObjectKind, Name, Object, Part, Position, Role, Table, details,
};

use crate::change::{Change, Kind};
use crate::dumps::Pair;
use crate::rule::{self, Rule};

/// Privileges on tables in the order of `ACL_ALL_RIGHTS_STR` (acl.h); the last came with 17.
const ON_TABLES: [&str; 8] =
    ["SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER", "MAINTAIN"];
const ON_COLUMNS: [&str; 4] = ["SELECT", "INSERT", "UPDATE", "REFERENCES"];

/// The version in which `PUBLIC` lost `CREATE` on schema `public`.
const PUBLIC_CREATES_BEFORE: u32 = 15;

/// One privilege that somebody has.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Right {
    privilege: String,
    /// The column that it is for; none is the whole object.
    column: Option<Name>,
    /// Who granted it; none is the owner.
    grantor: Option<Name>,
}

/// What somebody may do, and whether he may let others do it.
type Rights = BTreeMap<Right, bool>;

/// None is `PUBLIC`.
type Grantee = Option<Name>;

/// What is different for one grantee.
struct Line {
    /// The column that it is about, where nothing else is different for him.
    column: Option<Name>,
    item: Name,
    old: Option<String>,
    new: Option<String>,
    at: [Option<Position>; 2],
    /// Whether something could be done that now cannot.
    loses: bool,
}

impl Line {
    fn address(&self, object: &Address) -> Address {
        match &self.column {
            Some(column) => object.clone().part(ObjectKind::Column, column.clone()),
            None => object.clone(),
        }
    }
}

/// Returns a change for each grantee who may do something else; none if some statement is not understood.
pub(crate) fn changes(old: &Object, new: &Object, pair: &Pair<'_>) -> Option<Vec<Change>> {
    let found = lines(old, new, pair)?.into_iter().map(|line| Change {
        database: None,
        object: new.address.clone(),
        address: line.address(&new.address),
        attribute: Attribute::Privilege,
        item: Some(line.item),
        kind: Kind::of(line.old.as_ref(), line.new.as_ref()),
        old_at: line.at[0].filter(|_| line.old.is_some()),
        new_at: line.at[1].filter(|_| line.new.is_some()),
        old: line.old,
        new: line.new,
    });
    Some(found.collect())
}

/// Returns the rule for a change of privileges.
pub(crate) fn rule(change: &Change, pair: &Pair<'_>) -> &'static Rule {
    let nothing = Object { address: change.object.clone(), parts: Vec::new(), home: None };
    let object = |schema: &dump::Schema| schema.objects.get(&change.object).cloned();
    let old = object(pair.old).unwrap_or_else(|| nothing.clone());
    let lines = lines(&old, &object(pair.new).unwrap_or(nothing), pair).unwrap_or_default();
    let is_it = |line: &Line| {
        Some(&line.item) == change.item.as_ref() && line.address(&change.object) == change.address
    };
    let line = lines.into_iter().find(is_it);
    // What is not understood may take away as well as give.
    match line.is_none_or(|line| line.loses) {
        true => &rule::PRIVILEGE_REVOKED,
        false => &rule::PRIVILEGE_GRANTED,
    }
}

fn is_privilege(part: &Part) -> bool {
    part.role == Role::Privilege
}

/// One side, with its statements read.
struct Side<'o> {
    object: &'o Object,
    grants: Vec<(Grant, Position)>,
    owner: Option<Name>,
    /// Of the pg_dump that wrote it, where that is known.
    version: Option<u32>,
}

impl<'o> Side<'o> {
    fn read(object: &'o Object, version: Option<u32>) -> Option<Side<'o>> {
        let grants = object.parts.iter().filter(|part| is_privilege(part));
        let grants = grants.map(|part| Some((Grant::read(part)?, part.at))).collect::<Option<Vec<_>>>()?;
        let owner = match object.address.kind {
            ObjectKind::DefaultPrivileges => Some(object.address.name.clone()),
            _ => object.parts.iter().find_map(owner),
        };
        Some(Side { object, grants, owner, version })
    }

    /// Before 9.6, pg_dump granted schema `public` to its owner, whom it did not name.
    fn grants_to_owner(&self) -> Option<Name> {
        let older = self.version.is_some_and(|version| version < 10);
        let grants = self.grants.iter().filter(|_| older && is_schema_public(&self.object.address));
        let all = grants.map(|(grant, _)| grant).filter(|grant| {
            !grant.revokes && !grant.option && grant.privileges == [("ALL".to_owned(), Vec::new())]
        });
        all.flat_map(|grant| &grant.grantees).flatten().next().cloned()
    }

    fn is_made(&self) -> bool {
        let makes = |part: &Part| part.role <= Role::Definition && part.address == self.object.address;
        self.object.parts.iter().any(makes)
    }
}

fn owner(part: &Part) -> Option<Name> {
    if part.role != Role::Owner || part.address.parent.is_some() {
        return None;
    }
    let said = details(part, &part.text).into_iter().find(|detail| detail.attribute == Attribute::Owner)?;
    Some(Name::from_sql(&said.text))
}

/// What differs, by what it is for and by grantee; none if some statement is not understood.
fn lines(old: &Object, new: &Object, pair: &Pair<'_>) -> Option<Vec<Line>> {
    if !old.parts.iter().chain(&new.parts).any(is_privilege) {
        return Some(Vec::new());
    }
    let [old_version, new_version] = pair.versions;
    let mut sides = [Side::read(old, old_version)?, Side::read(new, new_version)?];
    settle_owners(&mut sides);
    let classes: BTreeSet<String> =
        sides.iter().flat_map(|side| &side.grants).map(|(grant, _)| grant.class.clone()).collect();
    let one_sided = one_sided_columns(old, new);
    let mut lines = Vec::new();
    for class in classes {
        let world = World::new(&sides, class);
        let states = [0, 1].map(|side| world.state(&sides[side], &one_sided));
        let grantees: BTreeSet<&Grantee> = states.iter().flat_map(BTreeMap::keys).collect();
        for grantee in grantees {
            lines.extend(world.lines(grantee, &sides, &states));
        }
    }
    Some(lines)
}

/// Who owns the object where a side does not say: the owner on the other one, or the only role from which anything made by a
/// dump is taken, since that had it as the owner.
fn settle_owners(sides: &mut [Side<'_>; 2]) {
    let loser = |side: &Side<'_>| {
        let taken = side.grants.iter().map(|(grant, _)| grant).filter(|grant| grant.revokes && !grant.option);
        taken.flat_map(|grant| &grant.grantees).flatten().next().cloned()
    };
    let made = sides.iter().any(Side::is_made) || is_schema_public(&sides[0].object.address);
    let inferred = sides.iter().filter(|side| made && side.owner.is_none()).find_map(loser);
    let said = sides.each_ref().map(|side| side.owner.clone());
    // Only a changed owner of schema `public` is written.
    let shared = !is_schema_public(&sides[0].object.address);
    for (side, other) in sides.iter_mut().zip([1, 0]) {
        let of_other = || said[other].clone().filter(|_| shared);
        let known = side.owner.take().or_else(|| side.grants_to_owner()).or_else(of_other);
        let known = known.or_else(|| inferred.clone());
        side.owner = Some(known.unwrap_or_default());
    }
}

fn is_schema_public(address: &Address) -> bool {
    address.kind == ObjectKind::Schema && address.name.bytes() == b"public"
}

/// The columns that come or go: what is granted on them does so with them.
fn one_sided_columns(old: &Object, new: &Object) -> BTreeSet<Name> {
    let names = |object: &Object| -> Option<BTreeSet<Name>> {
        Some(Table::read(object)?.columns.into_iter().map(|column| column.name).collect())
    };
    match (names(old), names(new)) {
        (Some(old), Some(new)) => old.symmetric_difference(&new).cloned().collect(),
        _ => BTreeSet::new(),
    }
}

/// What there is to be granted, and what of it holds before anything was.
struct World {
    class: String,
    /// All privileges on the object.
    all: Vec<&'static str>,
    /// What is so although neither side makes the object: what is taken away was there.
    before: BTreeSet<(Grantee, Right)>,
    /// Whether the dumps make the object, so that it begins with what its kind begins with.
    made: bool,
    /// Whether an owner has everything.
    owned: bool,
}

impl World {
    fn new(sides: &[Side<'_>; 2], class: String) -> World {
        let address = &sides[0].object.address;
        let said: Vec<&Grant> = sides
            .iter()
            .flat_map(|side| &side.grants)
            .map(|(grant, _)| grant)
            .filter(|grant| grant.class == class)
            .collect();
        let mut all = all(address.kind, &class).to_vec();
        // Only 17 and later know it, which write `ALL` for all of them.
        let knows = |grant: &&Grant| {
            grant
                .privileges
                .iter()
                .any(|(word, columns)| word == "MAINTAIN" || (word == "ALL" && columns.is_empty()))
        };
        if !said.iter().any(knows) {
            all.retain(|privilege| *privilege != "MAINTAIN");
        }
        let defaults = address.kind == ObjectKind::DefaultPrivileges;
        let made = defaults || is_schema_public(address) || sides.iter().any(Side::is_made);
        // Those of one schema add to those of all.
        let owned = made && !(defaults && address.schema.is_some());
        let mut world = World { class, all, before: BTreeSet::new(), made, owned };
        if !made {
            for grant in said.iter().filter(|grant| grant.revokes) {
                for grantee in &grant.grantees {
                    let rights = world.rights(grant).into_iter();
                    world.before.extend(rights.map(|right| (grantee.clone(), right)).collect::<Vec<_>>());
                }
            }
        }
        // Who does not say by whom he was written may be of a server where everybody could create.
        let taken = |grant: &&Grant| {
            grant.revokes
                && grant.grantees.contains(&None)
                && grant.privileges.iter().any(|(word, _)| word == "CREATE")
        };
        if is_schema_public(address) && said.iter().any(taken) {
            world.before.extend(world.right("CREATE").map(|right| (None, right)));
        }
        world
    }

    fn right(&self, privilege: &str) -> Option<Right> {
        let known = self.all.iter().find(|known| **known == privilege)?;
        Some(Right { privilege: (*known).to_owned(), column: None, grantor: None })
    }

    /// The privileges that a statement is about, each for itself.
    fn rights(&self, grant: &Grant) -> Vec<Right> {
        let mut rights = Vec::new();
        for (word, columns) in &grant.privileges {
            let words: Vec<&str> = match word.as_str() {
                "ALL" if columns.is_empty() => self.all.clone(),
                "ALL" => ON_COLUMNS.to_vec(),
                word => vec![word],
            };
            for word in words {
                let right =
                    |column| Right { privilege: word.to_owned(), column, grantor: grant.grantor.clone() };
                match columns.is_empty() {
                    true => rights.push(right(None)),
                    false => rights.extend(columns.iter().cloned().map(Some).map(right)),
                }
            }
        }
        // All that there were before 17.
        let older = &ON_TABLES[..7];
        let is_all_older = grant.privileges.len() == older.len()
            && grant
                .privileges
                .iter()
                .all(|(word, columns)| columns.is_empty() && older.contains(&word.as_str()));
        if grant.revokes && is_all_older && self.all.contains(&"MAINTAIN") {
            rights.extend(self.right("MAINTAIN"));
        }
        rights
    }

    /// Who may do what on one side.
    fn state(&self, side: &Side<'_>, without: &BTreeSet<Name>) -> BTreeMap<Grantee, Rights> {
        let mut state: BTreeMap<Grantee, Rights> = BTreeMap::new();
        let all = || self.all.iter().filter_map(|privilege| self.right(privilege));
        if self.owned {
            let of_owner = state.entry(Some(side.owner.clone().unwrap_or_default())).or_default();
            of_owner.extend(all().map(|right| (right, false)));
            let public = self.of_public(side);
            state.entry(None).or_default().extend(public.into_iter().map(|right| (right, false)));
        }
        if !self.made {
            for (grantee, right) in &self.before {
                state.entry(grantee.clone()).or_default().insert(right.clone(), false);
            }
        }
        for (grant, _) in side.grants.iter().filter(|(grant, _)| grant.class == self.class) {
            for grantee in &grant.grantees {
                let has = state.entry(grantee.clone()).or_default();
                for mut right in self.rights(grant) {
                    right.grantor = right.grantor.filter(|grantor| Some(grantor) != side.owner.as_ref());
                    match (grant.revokes, grant.option) {
                        (true, true) => drop(has.get_mut(&right).map(|option| *option = false)),
                        // On the whole is on its columns as well.
                        (true, false) => has.retain(|known, _| {
                            known.privilege != right.privilege
                                || known.grantor != right.grantor
                                || (right.column.is_some() && known.column != right.column)
                        }),
                        // An owner may grant without the option.
                        (false, option) => {
                            let option = option && (grantee.is_none() || *grantee != side.owner);
                            *has.entry(right).or_default() |= option;
                        }
                    }
                }
            }
        }
        for has in state.values_mut() {
            has.retain(|right, _| right.column.as_ref().is_none_or(|column| !without.contains(column)));
        }
        state.retain(|_, has| !has.is_empty());
        state
    }

    /// What `PUBLIC` may do with something new.
    fn of_public(&self, side: &Side<'_>) -> Vec<Right> {
        let address = &side.object.address;
        let words: &[&str] = match address.kind {
            kind if kind.is_routine() => &["EXECUTE"],
            ObjectKind::Language | ObjectKind::Type | ObjectKind::Domain => &["USAGE"],
            ObjectKind::Database => &["CONNECT", "TEMPORARY"],
            ObjectKind::DefaultPrivileges => match self.class.as_str() {
                "FUNCTIONS" | "ROUTINES" => &["EXECUTE"],
                "TYPES" => &["USAGE"],
                _ => &[],
            },
            ObjectKind::Schema if is_schema_public(address) => match side.version {
                Some(version) if version >= PUBLIC_CREATES_BEFORE => &["USAGE"],
                None if self.before.is_empty() => &["USAGE"],
                _ => &["CREATE", "USAGE"],
            },
            _ => &[],
        };
        words.iter().filter_map(|word| self.right(word)).collect()
    }

    /// What differs for a grantee: in all that he may do, or on single columns.
    fn lines(
        &self,
        grantee: &Grantee,
        sides: &[Side<'_>; 2],
        states: &[BTreeMap<Grantee, Rights>; 2],
    ) -> Vec<Line> {
        let nothing = Rights::new();
        let [old, new] = [0, 1].map(|side| states[side].get(grantee).unwrap_or(&nothing));
        if old == new {
            return Vec::new();
        }
        let owns = [0, 1].map(|side| self.owned && grantee.is_some() && *grantee == sides[side].owner);
        // That it came or went with ownership, the owner says.
        let is_told = |side: usize, has: &Rights| has.is_empty() || (owns[side] && self.is_everything(has));
        if owns[0] != owns[1] && is_told(0, old) && is_told(1, new) {
            return Vec::new();
        }
        let public = states[1].get(&None).unwrap_or(&nothing);
        let covers = |has: &Rights, right: &Right, enough: bool| {
            has.iter().any(|(other, option)| {
                other.privilege == right.privilege
                    && (other.column.is_none() || other.column == right.column)
                    && (enough || *option)
            })
        };
        let at = |side: &Side<'_>| {
            let about = |grant: &Grant| grant.class == self.class && grant.grantees.contains(grantee);
            let said = side.grants.iter().find(|(grant, _)| about(grant)).map(|(_, at)| *at);
            said.or_else(|| side.object.parts.first().map(|part| part.at))
        };
        let line = |column: Option<Name>, old: &Rights, before: String, after: String| Line {
            loses: old.iter().any(|(right, option)| {
                !covers(new, right, owns[1] || !option) && (*option || !covers(public, right, true))
            }),
            column,
            item: self.item(grantee),
            old: Some(before).filter(|text| !text.is_empty()),
            new: Some(after).filter(|text| !text.is_empty()),
            at: sides.each_ref().map(at),
        };
        if of_column(old, None) != of_column(new, None) {
            return vec![line(None, old, self.text(old), self.text(new))];
        }
        let columns: BTreeSet<&Name> =
            old.keys().chain(new.keys()).filter_map(|right| right.column.as_ref()).collect();
        let mut lines = Vec::new();
        for column in columns {
            let [old, new] = [old, new].map(|has| of_column(has, Some(column)));
            let text = |has: &Rights| {
                let without =
                    |(right, option): (&Right, &bool)| (Right { column: None, ..right.clone() }, *option);
                self.text(&has.iter().map(without).collect())
            };
            if old != new {
                lines.push(line(Some(column.clone()), &old, text(&old), text(&new)));
            }
        }
        lines
    }

    fn is_everything(&self, has: &Rights) -> bool {
        let whole = |word: &str| has.keys().any(|right| right.privilege == word && right.column.is_none());
        self.all.iter().all(|word| whole(word))
    }

    /// The grantee, and for default privileges what they are for.
    fn item(&self, grantee: &Grantee) -> Name {
        let name = match grantee {
            None => Name::from("PUBLIC"),
            Some(name) if name.is_empty() => Name::from("the owner"),
            Some(name) => name.clone(),
        };
        if self.class.is_empty() {
            return name;
        }
        let sql = if grantee.is_none() { name.bytes().to_vec() } else { name.to_sql() };
        Name::from([&sql, b" on ".as_slice(), self.class.to_ascii_lowercase().as_bytes()].concat().as_slice())
    }

    /// What somebody may do, as a `GRANT` lists it: `SELECT, UPDATE (a, b); DELETE WITH GRANT OPTION`.
    fn text(&self, has: &Rights) -> String {
        let mut groups: BTreeMap<(&Option<Name>, bool), Vec<&Right>> = BTreeMap::new();
        for (right, option) in has {
            groups.entry((&right.grantor, *option)).or_default().push(right);
        }
        let group = |((grantor, option), rights): ((&Option<Name>, bool), Vec<&Right>)| {
            let mut text = self.list(&rights);
            text.push_str(if option { " WITH GRANT OPTION" } else { "" });
            if let Some(grantor) = grantor {
                text.push_str(&format!(" GRANTED BY {}", String::from_utf8_lossy(&grantor.to_sql())));
            }
            text
        };
        groups.into_iter().map(group).collect::<Vec<_>>().join("; ")
    }

    fn list(&self, rights: &[&Right]) -> String {
        let whole = |word: &str| rights.iter().any(|right| right.privilege == word && right.column.is_none());
        let mut items: Vec<String> = Vec::new();
        let all = self.all.len() > 1 && self.all.iter().all(|word| whole(word));
        if all {
            items.push("ALL".to_owned());
        }
        // What is in no list of ours comes last.
        let mut words: Vec<&str> = self.all.clone();
        let others: BTreeSet<&str> = rights.iter().map(|right| right.privilege.as_str()).collect();
        words.extend(others.into_iter().filter(|word| !self.all.contains(word)));
        for word in words {
            if !all && whole(word) {
                items.push(word.to_owned());
            }
            let columns: Vec<String> = rights
                .iter()
                .filter(|right| right.privilege == word)
                .filter_map(|right| {
                    Some(String::from_utf8_lossy(&right.column.as_ref()?.to_sql()).into_owned())
                })
                .collect();
            if !columns.is_empty() {
                items.push(format!("{word} ({})", columns.join(", ")));
            }
        }
        items.join(", ")
    }
}

/// What somebody may do with one column alone, or with the whole.
fn of_column(has: &Rights, column: Option<&Name>) -> Rights {
    let of = has.iter().filter(|(right, _)| right.column.as_ref() == column);
    of.map(|(right, option)| (right.clone(), *option)).collect()
}

/// All privileges that there are on a thing, in the order in which they are written.
fn all(kind: ObjectKind, class: &str) -> &'static [&'static str] {
    match (kind, class) {
        (ObjectKind::Sequence, _) | (ObjectKind::DefaultPrivileges, "SEQUENCES") => {
            &["SELECT", "UPDATE", "USAGE"]
        }
        (kind, _) if kind.is_relation() => &ON_TABLES,
        (ObjectKind::DefaultPrivileges, "TABLES") => &ON_TABLES,
        (ObjectKind::DefaultPrivileges, "FUNCTIONS" | "ROUTINES") => &["EXECUTE"],
        (ObjectKind::DefaultPrivileges, "SCHEMAS") | (ObjectKind::Schema, _) => &["CREATE", "USAGE"],
        (ObjectKind::DefaultPrivileges, "LARGE OBJECTS") | (ObjectKind::LargeObject, _) => {
            &["SELECT", "UPDATE"]
        }
        (ObjectKind::Database, _) => &["CREATE", "CONNECT", "TEMPORARY"],
        (ObjectKind::Tablespace, _) => &["CREATE"],
        (ObjectKind::Parameter, _) => &["SET", "ALTER SYSTEM"],
        (kind, _) if kind.is_routine() => &["EXECUTE"],
        _ => &["USAGE"],
    }
}
