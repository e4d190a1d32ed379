//! One object and its parts, detail by detail.

use std::collections::{BTreeMap, BTreeSet};

use dump::{
    Address, Attribute, Detail, Kind as ObjectKind, Name, Object, Part, Position, Role, Session, Table,
    details, mask_secrets,
};

use crate::change::{Change, Kind};

/// An object that only one side has.
pub(crate) fn whole(address: &Address, old: Option<&Object>, new: Option<&Object>) -> Change {
    let text =
        |object: &Object| -> String { object.parts.iter().map(text_of).collect::<Vec<_>>().join("\n") };
    let at = |object: &Object| object.parts.first().map(|part| part.at);
    Change {
        database: None,
        object: address.clone(),
        address: address.clone(),
        attribute: Attribute::Whole,
        item: None,
        kind: Kind::of(old, new),
        old: old.map(text),
        new: new.map(text),
        old_at: old.and_then(at),
        new_at: new.and_then(at),
    }
}

/// The text of a part, without its `;` and with placeholders for its secrets.
fn text_of(part: &Part) -> String {
    let masked = mask_secrets(part);
    let text = masked.as_deref().unwrap_or(&part.text).trim_ascii_end();
    to_string(text.strip_suffix(b";").unwrap_or(text))
}

fn to_string(text: &[u8]) -> String {
    String::from_utf8_lossy(text).into_owned()
}

/// One detail, and the part that says it.
struct Said<'o> {
    detail: Detail,
    part: &'o Part,
}

/// What a detail is matched by.
type Key<'s> = (&'s Address, Attribute, Option<&'s Name>);

impl Said<'_> {
    fn key(&self) -> Key<'_> {
        (&self.detail.address, self.detail.attribute, self.detail.item.as_ref())
    }
}

/// Everything that is said of an object, in the order of its parts.
fn said(object: &Object) -> Vec<Said<'_>> {
    let mut all = Vec::new();
    for part in &object.parts {
        let masked = mask_secrets(part);
        let found = details(part, masked.as_deref().unwrap_or(&part.text));
        all.extend(found.into_iter().map(|detail| Said { detail, part }));
        let session = [
            (Attribute::Tablespace, part.session.tablespace.to_string()),
            (Attribute::AccessMethod, part.session.access_method.to_string()),
        ];
        for (attribute, value) in session.into_iter().filter(|(_, value)| !value.is_empty()) {
            let detail =
                Detail { address: part.address.clone(), attribute, item: None, text: value.into_bytes() };
            all.push(Said { detail, part });
        }
    }
    all
}

/// Adds what differs between the two states of an object.
pub(crate) fn compare(old: &Object, new: &Object, changes: &mut Vec<Change>) {
    let same = |(old, new): (&Part, &Part)| {
        old.address == new.address
            && old.role == new.role
            && old.text == new.text
            && old.session == new.session
    };
    if old.parts.len() == new.parts.len() && old.parts.iter().zip(&new.parts).all(same) {
        return;
    }
    let (before, after) = (said(old), said(new));
    Comparison { object: &new.address, old, new, before: &before, after: &after, changes }.run();
}

/// The comparison of an object that is not the same on both sides.
struct Comparison<'c> {
    object: &'c Address,
    old: &'c Object,
    new: &'c Object,
    before: &'c [Said<'c>],
    after: &'c [Said<'c>],
    changes: &'c mut Vec<Change>,
}

impl Comparison<'_> {
    fn run(&mut self) {
        let mut groups: BTreeMap<&Address, [Vec<&Said<'_>>; 2]> = BTreeMap::new();
        for (side, said) in [self.before, self.after].into_iter().enumerate() {
            for said in said {
                groups.entry(&said.detail.address).or_default()[side].push(said);
            }
        }
        // The object's own attributes come before those of its parts.
        let mut groups: Vec<_> = groups.into_iter().collect();
        groups.sort_by_key(|(address, _)| *address != self.object);
        for (address, sides) in groups {
            if address != self.object && sides.iter().any(Vec::is_empty) {
                self.whole_part(address, &sides);
            } else {
                self.attributes(&sides);
                self.order(address);
            }
        }
        self.unexplained();
    }

    fn push(&mut self, key: Key<'_>, old: Option<(String, Position)>, new: Option<(String, Position)>) {
        let (address, attribute, item) = key;
        self.changes.push(Change {
            database: None,
            object: self.object.clone(),
            address: address.clone(),
            attribute,
            item: item.cloned(),
            kind: Kind::of(old.as_ref(), new.as_ref()),
            old_at: old.as_ref().map(|(_, at)| *at),
            new_at: new.as_ref().map(|(_, at)| *at),
            old: old.map(|(text, _)| text),
            new: new.map(|(text, _)| text),
        });
    }

    /// A part that only one side has is one change, whatever is said of it.
    fn whole_part(&mut self, address: &Address, [before, after]: &[Vec<&Said<'_>>; 2]) {
        let whole = |object: &Object, said: &[&Said<'_>]| -> Option<(String, Position)> {
            let at = said.first()?.part.at;
            let mut lines = Vec::new();
            if said.iter().any(|said| said.part.address == *self.object) {
                lines.extend(within_table(object, address));
            }
            let mut parts: Vec<&Part> = said.iter().map(|said| said.part).collect();
            parts.dedup_by(|one, other| std::ptr::eq(*one, *other));
            lines.extend(parts.into_iter().filter(|part| part.address == *address).map(text_of));
            Some((lines.join("\n"), at))
        };
        let (old, new) = (whole(self.old, before), whole(self.new, after));
        self.push((address, Attribute::Whole, None), old, new);
    }

    /// Details with one key meet if their texts are equal, or if there is just one on each side.
    fn attributes(&mut self, [before, after]: &[Vec<&Said<'_>>; 2]) {
        let mut keys: Vec<Key<'_>> = Vec::new();
        for said in before.iter().chain(after) {
            if !keys.contains(&said.key()) {
                keys.push(said.key());
            }
        }
        for key in keys {
            let mut come: Vec<&&Said<'_>> = after.iter().filter(|said| said.key() == key).collect();
            let mut gone = Vec::new();
            for said in before.iter().filter(|said| said.key() == key) {
                match come.iter().position(|other| other.detail.text == said.detail.text) {
                    Some(at) => drop(come.remove(at)),
                    None => gone.push(said),
                }
            }
            let value = |said: &Said<'_>| (to_string(&said.detail.text), said.part.at);
            if let ([gone], [come]) = (gone.as_slice(), come.as_slice()) {
                self.push(key, Some(value(gone)), Some(value(come)));
                continue;
            }
            for said in gone {
                self.push(key, Some(value(said)), None);
            }
            for said in come {
                self.push(key, None, Some(value(said)));
            }
        }
    }

    /// The order of those columns or labels that both sides have.
    fn order(&mut self, address: &Address) {
        let (before, after) = (sequence(self.before, address), sequence(self.after, address));
        let both = |one: &[&Name], other: &[&Name]| -> Vec<String> {
            let both = one.iter().filter(|name| other.contains(name));
            both.map(|name| to_string(&name.to_sql())).collect()
        };
        let (old, new) = (both(&before, &after), both(&after, &before));
        if old != new {
            let at = |object: &Object| object.parts.first().map_or(Position::START, |part| part.at);
            let (old_at, new_at) = (at(self.old), at(self.new));
            let key = (address, Attribute::Order, None);
            self.push(key, Some((old.join(", "), old_at)), Some((new.join(", "), new_at)));
        }
    }

    /// Parts that differ though no detail of them does: in secrets, in the session, or in what is not understood.
    fn unexplained(&mut self) {
        let (before, after) = (by_key(self.old), by_key(self.new));
        for (key, old) in &before {
            let Some(new) = after.get(key) else { continue };
            let ([old], [new]) = (old.as_slice(), new.as_slice()) else { continue };
            let (address, value) = (&old.address, |text: String, part: &Part| Some((text, part.at)));
            if old.text != new.text {
                let (old_text, new_text) = (text_of(old), text_of(new));
                if old_text == new_text {
                    // A placeholder, such as a tree holds, is no other secret.
                    if mask_secrets(old).is_some() && mask_secrets(new).is_some() {
                        let hidden = |part| value(String::new(), part);
                        self.push((address, Attribute::Secret, None), hidden(old), hidden(new));
                        self.changes.iter_mut().next_back().into_iter().for_each(Change::hide);
                    }
                } else if !self.is_told(old, new) {
                    let key = (address, Attribute::Definition, None);
                    self.push(key, value(old_text, old), value(new_text, new));
                }
            }
            // Such as the search path of an old dump.
            if without_known(old) != without_known(new) {
                let state = |part: &Part| value(format!("{:?}", without_known(part)), part);
                self.push((address, Attribute::Session, None), state(old), state(new));
            }
        }
    }

    /// Says whether some detail of two statements differs, or the order of what they list.
    fn is_told(&self, old: &Part, new: &Part) -> bool {
        fn of<'s>(all: &'s [Said<'_>], part: &Part) -> BTreeSet<(Key<'s>, &'s [u8])> {
            let ours = all.iter().filter(|said| std::ptr::eq(said.part, part));
            ours.map(|said| (said.key(), said.detail.text.as_slice())).collect()
        }
        let is_order = |c: &Change| c.attribute == Attribute::Order && c.address == old.address;
        of(self.before, old) != of(self.after, new)
            || (old.role == Role::Definition
                && self.changes.iter().rev().take_while(|c| c.object == *self.object).any(is_order))
    }
}

/// A part's session, but for what is an attribute of its own.
fn without_known(part: &Part) -> Session {
    let mut session = (*part.session).clone();
    session.tablespace = Name::default();
    session.access_method = Name::default();
    session
}

/// The names of an object's columns, or of an enum's labels, in their order.
fn sequence<'s>(said: &'s [Said<'_>], address: &Address) -> Vec<&'s Name> {
    let mut names: Vec<&Name> = Vec::new();
    for said in said {
        let detail = &said.detail;
        let column = detail.address.kind == ObjectKind::Column
            && said.part.role == Role::Definition
            && detail.address.parent.as_deref() == Some(address);
        let name = match &detail.item {
            _ if column => Some(&detail.address.name),
            Some(label) if detail.attribute == Attribute::Label && detail.address == *address => Some(label),
            _ => None,
        };
        names.extend(name.filter(|name| names.last() != Some(name)));
    }
    names
}

/// What a table's definition says of a column or constraint, in the table's own words.
fn within_table(object: &Object, address: &Address) -> Option<String> {
    let table = Table::read(object)?;
    let text = match address.kind {
        ObjectKind::Column => {
            let column = table.columns.iter().find(|column| column.name == address.name)?;
            column.attributes.iter().map(|(_, text)| text.as_slice()).collect::<Vec<_>>().join(&b" "[..])
        }
        _ => {
            let named = |text: &Option<Name>| text.as_ref() == Some(&address.name);
            table.constraints.into_iter().find(|constraint| named(&constraint.name))?.text
        }
    };
    Some(to_string(&text))
}

fn by_key(object: &Object) -> BTreeMap<(&Address, Role), Vec<&Part>> {
    let mut parts: BTreeMap<(&Address, Role), Vec<&Part>> = BTreeMap::new();
    for part in &object.parts {
        parts.entry((&part.address, part.role)).or_default().push(part);
    }
    parts
}
