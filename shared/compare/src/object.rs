//! One object and its parts, detail by detail.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use dump::{
    Address, Attribute, Detail, Kind as ObjectKind, Name, Object, Part, Position, Role, Session, details,
    mask_secrets, without_quotes, words_of,
};

use crate::change::{Change, Kind};
use crate::dumps::Pair;
use crate::privilege;

/// Adds an object that only one side has. One that the dump does not make, such as schema `public`, was there before: what
/// is said of it came or went.
pub(crate) fn one_sided(
    address: &Address,
    old: Option<&Object>,
    new: Option<&Object>,
    pair: &Pair<'_>,
    changes: &mut Vec<Change>,
) {
    let made = |object: &&Object| {
        object.parts.iter().any(|part| part.role <= Role::Definition && part.address == *address)
    };
    if old.or(new).filter(made).is_some() {
        changes.push(whole(address, old, new));
        return;
    }
    let nothing = Object { address: address.clone(), parts: Vec::new(), home: None };
    compare(old.unwrap_or(&nothing), new.unwrap_or(&nothing), pair, changes);
}

fn whole(address: &Address, old: Option<&Object>, new: Option<&Object>) -> Change {
    let text =
        |object: &Object| -> String { object.parts.iter().map(statement_of).collect::<Vec<_>>().join("\n") };
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

/// The text of a part as a statement, of which several may follow each other.
fn statement_of(part: &Part) -> String {
    text_of(part) + ";"
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

/// Everything that is said of an object, in the order of its parts; what stands in for a definition says nothing that the
/// definition does not.
fn said<'o>(parts: &[&'o Part], shell: bool) -> Vec<Said<'o>> {
    let mut all = Vec::new();
    for part in parts.iter().copied().filter(|part| shell || part.role != Role::Shell) {
        let masked = mask_secrets(part);
        let mut found = details(part, masked.as_deref().unwrap_or(&part.text));
        if let Some(grantor) = part.session.authorization.as_ref().filter(|_| part.role == Role::Privilege) {
            for detail in &mut found {
                detail.text.extend([b" GRANTED BY ".as_slice(), &grantor.to_sql()].concat());
            }
        }
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

/// The statement that makes the object itself.
fn definition(object: &Object) -> Option<&Part> {
    object.parts.iter().find(|part| part.role == Role::Definition && part.address == object.address)
}

/// Adds what differs between the two states of an object.
pub(crate) fn compare(old: &Object, new: &Object, pair: &Pair<'_>, changes: &mut Vec<Change>) {
    let same = |(old, new): (&Part, &Part)| is_same(old, new);
    if old.parts.len() == new.parts.len() && old.parts.iter().zip(&new.parts).all(same) {
        return;
    }
    let from = changes.len();
    if !old.parts.iter().chain(&new.parts).any(|part| part.role == Role::Privilege) {
        return statements(old, new, changes);
    }
    let Some(mut privileges) = privilege::changes(old, new, pair) else {
        return statements(old, new, changes);
    };
    statements(&without_privileges(old), &without_privileges(new), changes);
    // They are the object's, whose own changes stand in front of those of its parts.
    let of_parts = changes[from..].iter().position(|change| change.address != new.address);
    let at = of_parts.map_or(changes.len(), |at| from + at);
    changes.splice(at..at, privileges.drain(..));
}

fn without_privileges(object: &Object) -> Object {
    let parts = object.parts.iter().filter(|part| part.role != Role::Privilege).cloned().collect();
    Object { address: object.address.clone(), parts, home: object.home.clone() }
}

/// Adds what differs between the statements of an object.
fn statements(old: &Object, new: &Object, changes: &mut Vec<Change>) {
    let shell = definition(old).is_none() || definition(new).is_none();
    let (gone, come, kept) = difference(old, new);
    let (before, after) = (said(&gone, shell), said(&come, shell));
    let from = changes.len();
    let object = &new.address;
    Comparison { object, old, new, before: &before, after: &after, kept, changes, from, shell }.run();
}

fn is_same(old: &Part, new: &Part) -> bool {
    old.address == new.address && old.role == new.role && old.text == new.text && old.session == new.session
}

/// The statements that only one side has, and the addresses of those that both have.
fn difference<'o>(old: &'o Object, new: &'o Object) -> (Vec<&'o Part>, Vec<&'o Part>, BTreeSet<&'o Address>) {
    let (mut gone, mut come): (Vec<&Part>, Vec<&Part>) =
        (old.parts.iter().collect(), new.parts.iter().collect());
    let same =
        take_pairs(&mut gone, &mut come, |part| Some((&part.address, part.role, &part.text, &part.session)));
    (gone, come, same.into_iter().map(|(part, _)| &part.address).collect())
}

/// The comparison of an object that is not the same on both sides.
struct Comparison<'c> {
    object: &'c Address,
    old: &'c Object,
    new: &'c Object,
    before: &'c [Said<'c>],
    after: &'c [Said<'c>],
    /// Of these, something is said on both sides that is the same.
    kept: BTreeSet<&'c Address>,
    changes: &'c mut Vec<Change>,
    /// The changes before this one are of other objects.
    from: usize,
    /// Whether shells count.
    shell: bool,
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
            // Of a big table most columns stay what they are.
            let same = |(old, new): (&&Said<'_>, &&Said<'_>)| {
                let (old, new) = (&old.detail, &new.detail);
                old.attribute == new.attribute && old.text == new.text && old.item == new.item
            };
            let [before, after] = &sides;
            if address != self.object && before.len() == after.len() && before.iter().zip(after).all(same) {
                continue;
            }
            let makes = |side: &Vec<&Said<'_>>| side.iter().any(|said| said.part.role <= Role::Definition);
            // Of what no side makes, such as a view's column, only something is said.
            let one_sided = sides.iter().any(Vec::is_empty) && !self.kept.contains(address);
            // The columns of a typed table are its type's; what it says of them came or went.
            let of_type = address.kind == ObjectKind::Column && self.is_typed();
            if address != self.object && one_sided && !of_type && sides.iter().any(makes) {
                self.whole_part(address, &sides);
            } else {
                let [before, after] = sides;
                self.attributes(&[folded(before.clone(), &after), folded(after, &before)]);
            }
            if address == self.object {
                self.order(address);
            }
        }
        self.unexplained();
    }

    fn is_typed(&self) -> bool {
        self.before.iter().chain(self.after).any(|said| said.detail.attribute == Attribute::OfType)
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
                lines.extend(
                    definition(object).and_then(|part| words_of(part, address)).map(|text| to_string(&text)),
                );
            }
            let mut parts: Vec<&Part> = said.iter().map(|said| said.part).collect();
            parts.dedup_by(|one, other| std::ptr::eq(*one, *other));
            let own: Vec<&Part> = parts.into_iter().filter(|part| part.address == *address).collect();
            let several = lines.len() + own.len() > 1;
            lines.extend(own.into_iter().map(if several { statement_of } else { text_of }));
            Some((lines.join("\n"), at))
        };
        let (old, new) = (whole(self.old, before), whole(self.new, after));
        self.push((address, Attribute::Whole, None), old, new);
    }

    /// Details with one key meet if their texts are equal, or if there is just one on each side.
    fn attributes(&mut self, [before, after]: &[Vec<Telling<'_>>; 2]) {
        let mut places: BTreeMap<Key<'_>, usize> = BTreeMap::new();
        let mut keyed: Vec<(Key<'_>, [Vec<&Telling<'_>>; 2])> = Vec::new();
        for (side, tellings) in [before, after].into_iter().enumerate() {
            for telling in tellings {
                let place = *places.entry(telling.key).or_insert(keyed.len());
                if place == keyed.len() {
                    keyed.push((telling.key, Default::default()));
                }
                keyed[place].1[side].push(telling);
            }
        }
        for (key, [before, mut come]) in keyed {
            let mut gone = Vec::new();
            for telling in before {
                match come.iter().position(|other| other.text == telling.text) {
                    Some(at) => drop(come.remove(at)),
                    None => gone.push(telling),
                }
            }
            let value = |telling: &Telling<'_>| (to_string(&telling.text), telling.at);
            // Of several privileges, those that are revoked stand first on both sides.
            let pairs = gone.len() == 1 || key.1 == Attribute::Privilege;
            if pairs && gone.len() == come.len() {
                for (gone, come) in gone.into_iter().zip(come) {
                    self.push(key, Some(value(gone)), Some(value(come)));
                }
                continue;
            }
            for telling in gone {
                self.push(key, Some(value(telling)), None);
            }
            for telling in come {
                self.push(key, None, Some(value(telling)));
            }
        }
    }

    /// The order of those columns, labels or parents that both sides have.
    fn order(&mut self, address: &Address) {
        let parents = Name::from("parents");
        self.order_of(address, None, sequence);
        self.order_of(address, Some(&parents), parents_of);
    }

    fn order_of(
        &mut self,
        address: &Address,
        item: Option<&Name>,
        list: impl for<'s> Fn(&'s [Said<'_>], &Address) -> Vec<&'s Name>,
    ) {
        let (before, after) = (list(self.before, address), list(self.after, address));
        let both = |one: &[&Name], other: &[&Name]| -> Vec<String> {
            let other: BTreeSet<&Name> = other.iter().copied().collect();
            let both = one.iter().filter(|name| other.contains(*name));
            // The names of parents are SQL already.
            both.map(|name| if item.is_some() { to_string(name.bytes()) } else { to_string(&name.to_sql()) })
                .collect()
        };
        let (old, new) = (both(&before, &after), both(&after, &before));
        if old != new {
            let at = |object: &Object| object.parts.first().map_or(Position::START, |part| part.at);
            let (old_at, new_at) = (at(self.old), at(self.new));
            let key = (address, Attribute::Order, item);
            self.push(key, Some((old.join(", "), old_at)), Some((new.join(", "), new_at)));
        }
    }

    /// Parts that differ though no detail of them does: in secrets, in the session, or in what is not understood.
    fn unexplained(&mut self) {
        let (before, mut after) = (by_key(self.old, self.shell), by_key(self.new, self.shell));
        let told = [by_part(self.before), by_part(self.after)];
        for (key, mut old) in before {
            let Some(mut new) = after.remove(&key) else { continue };
            take_pairs(&mut old, &mut new, |part| Some((&part.text, &part.session)));
            for (old, new) in take_pairs(&mut old, &mut new, |part| Some(&part.text)) {
                self.session(old, new);
            }
            for (old, new) in take_pairs(&mut old, &mut new, |part| Some(text_of(part))) {
                // A placeholder, such as a tree holds, is no other secret.
                if mask_secrets(old).is_some() && mask_secrets(new).is_some() {
                    let hidden = |part: &Part| Some((String::new(), part.at));
                    self.push((&old.address, Attribute::Secret, None), hidden(old), hidden(new));
                    self.changes.iter_mut().next_back().into_iter().for_each(Change::hide);
                }
                self.session(old, new);
            }
            take_pairs(&mut old, &mut new, |part| Some((&part.session, without_quotes(&part.text)?)));
            let (Some(first_old), Some(first_new)) = (old.first(), new.first()) else { continue };
            if !self.is_told(&told, &old, &new) {
                let texts =
                    |parts: &[&Part]| parts.iter().map(|part| text_of(part)).collect::<Vec<_>>().join("\n");
                let key = (&first_old.address, Attribute::Definition, None);
                self.push(key, Some((texts(&old), first_old.at)), Some((texts(&new), first_new.at)));
            }
            if let ([old], [new]) = (old.as_slice(), new.as_slice()) {
                self.session(old, new);
            }
        }
    }

    /// Such as the search path of an old dump.
    fn session(&mut self, old: &Part, new: &Part) {
        if without_known(old) != without_known(new) {
            let state = |part: &Part| {
                Some((without_known(part).to_string(), part.at)).filter(|(text, _)| !text.is_empty())
            };
            self.push((&old.address, Attribute::Session, None), state(old), state(new));
        }
    }

    /// Says whether some detail of two lists of statements differs, or the order of what they list.
    fn is_told(&self, [before, after]: &[ByPart<'_>; 2], old: &[&Part], new: &[&Part]) -> bool {
        fn of<'s>(all: &ByPart<'s>, parts: &[&Part]) -> Vec<(Key<'s>, &'s [u8])> {
            let ours = parts.iter().filter_map(|part| all.get(&std::ptr::from_ref(*part)));
            let mut of: Vec<_> = ours.flatten().copied().collect();
            of.sort_unstable();
            of
        }
        let is_order = |c: &Change| {
            c.attribute == Attribute::Order && old.first().is_some_and(|old| c.address == old.address)
        };
        of(before, old) != of(after, new)
            || (old.first().is_some_and(|old| old.role == Role::Definition)
                && self.changes[self.from..].iter().any(is_order))
    }
}

/// Takes out of two lists what has the same key; what has none belongs to nothing.
fn take_pairs<'p, K: Ord>(
    old: &mut Vec<&'p Part>,
    new: &mut Vec<&'p Part>,
    key: impl Fn(&'p Part) -> Option<K>,
) -> Vec<(&'p Part, &'p Part)> {
    let mut places: BTreeMap<K, VecDeque<usize>> = BTreeMap::new();
    for (place, part) in new.iter().enumerate() {
        if let Some(key) = key(part) {
            places.entry(key).or_default().push_back(place);
        }
    }
    let mut pairs = Vec::new();
    let mut taken = BTreeSet::new();
    old.retain(|old| match key(old).and_then(|key| places.get_mut(&key)?.pop_front()) {
        Some(place) => {
            pairs.push((*old, new[place]));
            taken.insert(place);
            false
        }
        None => true,
    });
    let mut place = 0..;
    new.retain(|_| !place.next().is_some_and(|place| taken.contains(&place)));
    pairs
}

/// What one side says with one key.
struct Telling<'s> {
    key: Key<'s>,
    text: Vec<u8>,
    at: Position,
}

/// What one side says; an identity or the place among partitions that the other side does not have is one thing, with
/// everything that its statement says.
fn folded<'s>(said: Vec<&'s Said<'_>>, other: &[&Said<'_>]) -> Vec<Telling<'s>> {
    let is_main = |said: &Said<'_>| {
        let (_, attribute, item) = said.key();
        matches!(attribute, Attribute::Identity | Attribute::Parent) && item.is_none()
    };
    let mut tellings: Vec<Telling<'s>> = Vec::new();
    let mut main: Option<(usize, &Said<'_>)> = None;
    let mut clauses: Vec<Vec<u8>> = Vec::new();
    for said in said {
        let detail = &said.detail;
        if is_main(said) && !other.iter().any(|other| other.key() == said.key()) {
            main = Some((tellings.len(), said));
        } else if let Some((_, main)) = main
            && std::ptr::eq(main.part, said.part)
            && belongs_to(main.detail.attribute, detail)
        {
            clauses.push(clause_of(detail));
            continue;
        }
        tellings.push(Telling { key: said.key(), text: detail.text.clone(), at: said.part.at });
    }
    if let Some((at, main)) = main.filter(|_| !clauses.is_empty()) {
        let clauses = clauses.join(&b" "[..]);
        let (open, close) =
            if main.detail.attribute == Attribute::Identity { (" (", ")") } else { (" ", "") };
        tellings[at].text.extend([open.as_bytes(), &clauses, close.as_bytes()].concat());
    }
    tellings
}

/// Says whether a detail is of the sequence of an identity, or the bound of a partition.
fn belongs_to(main: Attribute, detail: &Detail) -> bool {
    use Attribute::{Cache, Cycle, Increment, Maximum, Minimum, PartitionBound, Persistence, Start};
    match main {
        Attribute::Identity => {
            matches!(detail.attribute, Start | Increment | Minimum | Maximum | Cache | Cycle | Persistence)
                || detail.item.as_ref().is_some_and(|item| item.bytes() == b"sequence name")
        }
        _ => detail.attribute == PartitionBound,
    }
}

/// A detail as a clause: with the word that tells what it is, unless its text begins with that.
fn clause_of(detail: &Detail) -> Vec<u8> {
    let word = match detail.attribute {
        Attribute::Start => "START WITH ",
        Attribute::Increment => "INCREMENT BY ",
        Attribute::Minimum if !detail.text.starts_with(b"NO") => "MINVALUE ",
        Attribute::Maximum if !detail.text.starts_with(b"NO") => "MAXVALUE ",
        Attribute::Cache => "CACHE ",
        Attribute::Clause => "SEQUENCE NAME ",
        _ => "",
    };
    [word.as_bytes(), &detail.text].concat()
}

/// A part's session, but for what is an attribute of its own.
fn without_known(part: &Part) -> Session {
    let mut session = (*part.session).clone();
    session.tablespace = Name::default();
    session.access_method = Name::default();
    if part.role == Role::Privilege {
        session.authorization = None;
    }
    session
}

/// The names of the tables that one inherits from, in their order, which sets the order of its columns.
fn parents_of<'s>(said: &'s [Said<'_>], address: &Address) -> Vec<&'s Name> {
    let is_parent = |detail: &&Detail| detail.attribute == Attribute::Parent && detail.address == *address;
    said.iter().map(|said| &said.detail).filter(is_parent).filter_map(|detail| detail.item.as_ref()).collect()
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

/// What each statement says.
type ByPart<'s> = BTreeMap<*const Part, Vec<(Key<'s>, &'s [u8])>>;

fn by_part<'s>(all: &'s [Said<'_>]) -> ByPart<'s> {
    let mut parts = ByPart::new();
    for said in all {
        parts.entry(std::ptr::from_ref(said.part)).or_default().push((said.key(), &said.detail.text));
    }
    parts
}

fn by_key(object: &Object, shell: bool) -> BTreeMap<(&Address, Role), Vec<&Part>> {
    let mut parts: BTreeMap<(&Address, Role), Vec<&Part>> = BTreeMap::new();
    for part in object.parts.iter().filter(|part| shell || part.role != Role::Shell) {
        parts.entry((&part.address, part.role)).or_default().push(part);
    }
    parts
}
