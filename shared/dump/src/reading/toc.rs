//! Entries of an archive's table of contents, read as if `pg_restore` had written them into a script.

use std::collections::{HashMap, HashSet};
use std::io::Read;

use super::kinds::{self, Nearest};
use super::{Reading, Versions};
use crate::content::ByteHasher;
use crate::data::{Data, DataSink, LargeObject};
use crate::error::{Error, Fault};
use crate::event::Events;
use crate::object::{Address, Kind, Role};
use crate::rewrite::Origin;
use crate::schema::Part;
use crate::source::Source;
use crate::{Name, Position};

/// One entry, as far as it says something about the schema (`TocEntry` in pg_backup_archiver.h).
#[derive(Clone, Copy, Debug)]
pub struct TocEntry<'a> {
    /// Its number, from 1; `dependencies` speak of it.
    pub id: u32,
    /// The name that `pg_restore -l` shows, without the schema.
    pub tag: &'a [u8],
    /// The kind of object, such as `TABLE DATA`.
    pub description: &'a [u8],
    /// The statements that make the object.
    pub definition: &'a [u8],
    /// The statements that drop it.
    pub drop: &'a [u8],
    /// The statement in front of the rows; none for INSERTs.
    pub copy: Option<&'a [u8]>,
    /// The schema, if it is in one.
    pub namespace: Option<&'a [u8]>,
    /// The tablespace; empty for the default one.
    pub tablespace: Option<&'a [u8]>,
    /// The table access method.
    pub access_method: Option<&'a [u8]>,
    /// `pg_class.relkind` of relations, from archive version 1.16 on.
    pub relkind: Option<u8>,
    /// The owner; empty if there is none.
    pub owner: &'a [u8],
    /// Whether rows come with OIDs.
    pub with_oids: bool,
    /// The numbers of the entries that have to be there before.
    pub dependencies: &'a [u32],
}

/// Says where an entry's own words and its SQL do not agree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disagreement {
    /// The entry's number.
    pub id: u32,
    /// What the entry says, and what its SQL does.
    pub what: String,
    /// Whether it may be right all the same, as of a product that nobody here knows.
    pub is_unknown: bool,
}

/// What is remembered of the entries, to check them against each other.
#[derive(Clone, Debug, Default)]
pub(crate) struct Entries {
    seen: Vec<Seen>,
    /// Whether names are qualified, as since pg_dump 10.3.
    pub search_path: bool,
    pub disagreements: Vec<Disagreement>,
}

#[derive(Clone, Debug)]
struct Seen {
    id: u32,
    description: String,
    tag: String,
    dependencies: Vec<u32>,
    /// Schema and name of the relation that the entry's first statement makes, or adds to.
    makes: Option<(Option<Name>, Name)>,
    belongs_to: Option<(Option<Name>, Name)>,
}

impl Reading {
    /// Says which versions wrote an archive; in a plain dump, its comments and settings tell.
    pub fn taken_by(&mut self, versions: Versions) {
        self.origin = Origin {
            server_before_16: versions.server_major().is_none_or(|major| major < 16),
            knows_maintain: versions.pg_dump_major().map(|major| major >= 17),
        };
        self.versions = versions;
        self.session = crate::Session::default();
        self.archive = true;
    }

    /// Reads the definition of an entry of an archive, whose data comes separately.
    ///
    /// ```
    /// use dump::{Reading, ReadOptions, TocEntry};
    /// let mut reading = Reading::new(ReadOptions::default());
    /// reading.add_entry(&TocEntry {
    ///     id: 7, tag: b"t", description: b"TABLE", definition: b"CREATE TABLE a.t (x integer);\n",
    ///     drop: b"DROP TABLE a.t;\n", copy: None, namespace: Some(b"a"), tablespace: Some(b""),
    ///     access_method: Some(b"heap"), relkind: Some(b'r'), owner: b"alice", with_oids: false, dependencies: &[],
    /// })?;
    /// let dump = reading.finish();
    /// let table = dump.databases[0].schema.objects.values().next().unwrap();
    /// assert_eq!(table.parts[1].text, b"ALTER TABLE a.t OWNER TO alice;\n");
    /// assert!(dump.disagreements.is_empty());
    /// # Ok::<(), dump::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the definition cannot be cut into statements; the position counts from its beginning.
    pub fn add_entry(&mut self, entry: &TocEntry<'_>) -> Result<(), Error> {
        self.in_trailer = false;
        let before = self.section().parts.len();
        self.kind(entry);
        self.select(entry);
        if entry.description == b"BLOB METADATA" {
            return self.large_objects(entry);
        }
        let mut events = Events::of(entry.definition, self.room);
        events.set_standard_conforming_strings(self.standard_conforming_strings);
        self.read_all(events, &mut crate::NoData)?;
        self.entries.search_path |= entry.description == b"SEARCHPATH";
        if entry.description == b"TABLE" && entry.relkind == Some(b'p') {
            self.partitioned_access_method(entry)?;
        }
        self.own(entry, before);
        self.compare(entry, before);
        Ok(())
    }

    /// Looks whether an entry is of a kind that pg_dump knows.
    fn kind(&mut self, entry: &TocEntry<'_>) {
        let is_newer = self.versions.pg_dump_major().is_some_and(|major| major > kinds::NEWEST);
        let (what, is_unknown) = match kinds::nearest(entry.description) {
            Nearest::Known => return,
            Nearest::Damaged(kind) if !is_newer => {
                (format!("no kind of entry, and most likely damaged: `{kind}`"), false)
            }
            _ => (
                "a kind of entry that no pg_dump up to this one writes: ".to_owned()
                    + &kinds::NEWEST.to_string(),
                true,
            ),
        };
        let written = String::from_utf8_lossy(entry.description);
        let what = format!("`{written}`: {what}");
        self.entries.disagreements.push(Disagreement { id: entry.id, what, is_unknown });
    }

    /// Sets what pg_restore sets in front of an entry (`_printTocEntry` in pg_backup_archiver.c).
    fn select(&mut self, entry: &TocEntry<'_>) {
        if let (Some(schema), false) = (entry.namespace, self.entries.search_path) {
            self.session.search_path = vec![Name::from(schema), Name::from("pg_catalog")];
        }
        if let Some(tablespace) = entry.tablespace {
            self.session.tablespace = Name::from(tablespace);
        }
        if let Some(method) = entry.access_method.filter(|method| !method.is_empty()) {
            let default = method == b"heap" || entry.relkind == Some(b'p');
            self.session.access_method = if default { Name::default() } else { Name::from(method) };
        }
        if entry.description == b"TABLE" {
            self.session.with_oids = entry.with_oids;
        }
    }

    /// The access method of a partitioned table cannot come from the session
    /// (`_printTableAccessMethodNoStorage`).
    fn partitioned_access_method(&mut self, entry: &TocEntry<'_>) -> Result<(), Error> {
        let (Some(method), Some(schema)) = (entry.access_method.filter(|m| !m.is_empty()), entry.namespace)
        else {
            return Ok(());
        };
        let [schema, table, method] = [schema, entry.tag, method].map(|text| Name::from(text).to_sql());
        let sql = [b"ALTER TABLE ".as_slice(), &schema, b".", &table, b" SET ACCESS METHOD ", &method, b";"];
        let bytes = (self.bytes, self.ledger.clone());
        self.read_all(Events::of(&sql.concat(), self.room), &mut crate::NoData)?;
        // These bytes are not the archive's.
        (self.bytes, self.ledger) = bytes;
        Ok(())
    }

    /// Gives what the entry makes its owner.
    fn own(&mut self, entry: &TocEntry<'_>, before: usize) {
        if entry.owner.is_empty() || entry.drop.is_empty() {
            return;
        }
        let owner = Name::from(entry.owner);
        let made = |part: &&Part| matches!(part.role, Role::Definition | Role::Shell);
        let address = match entry.description {
            // `public` is there already.
            b"SCHEMA" => Some(Address::global(Kind::Schema, Name::from(entry.tag))),
            b"DATABASE" => Some(Address::global(Kind::Database, Name::from(entry.tag))),
            b"BLOB" => Some(Address::global(Kind::LargeObject, Name::from(entry.tag))),
            _ => {
                let made = self.section().parts[before..].iter().find(made).map(|part| part.address.clone());
                made.filter(|address| address.kind.is_ownable() && ownable_part(address))
            }
        };
        if let Some(address) = address {
            self.section().owners.push((address, Some(owner), Position::START));
        }
    }

    /// The large objects of one owner, whose numbers stand one on each line (`dumpLO` in pg_dump.c, since 17).
    fn large_objects(&mut self, entry: &TocEntry<'_>) -> Result<(), Error> {
        let digits = |byte: &u8| !byte.is_ascii_digit();
        let numbers =
            entry.definition.split(digits).filter_map(|text| std::str::from_utf8(text).ok()?.parse().ok());
        self.ledger.data += entry.definition.len() as u64;
        self.bytes += entry.definition.len() as u64;
        let owner = Name::from(entry.owner);
        for number in numbers {
            self.kept.add(2, 0);
            if !self.kept.fits(self.room) {
                return Err(Error::Fault { at: Position::START, fault: Fault::Inflated });
            }
            let section = self.section();
            section.data.large_objects.entry(number).or_default();
            if !owner.is_empty() {
                let address = Address::global(Kind::LargeObject, Name::from(number.to_string().as_str()));
                section.owners.push((address, Some(owner.clone()), Position::START));
            }
        }
        Ok(())
    }

    /// Begins to read data of the archive elsewhere, such as in another thread; [`absorb`](Self::absorb) takes it in.
    pub fn data_reading(&self) -> Reading {
        let mut reading = Reading::new(self.options);
        reading.session = self.session.clone();
        reading.standard_conforming_strings = self.standard_conforming_strings;
        reading.archive = true;
        let last = self.sections.last();
        reading.section().name = last.and_then(|section| section.name.clone());
        reading
    }

    /// Reads the data of an entry: the rows of a table, as COPY or as INSERT.
    ///
    /// # Errors
    /// When it cannot be read, has no end, or holds anything but rows; the position counts from the beginning of the
    /// COPY statement, or of the data where there is none.
    pub fn add_data(
        &mut self,
        entry: &TocEntry<'_>,
        data: impl Source,
        sink: &mut dyn DataSink,
    ) -> Result<(), Error> {
        if let (Some(schema), false) = (entry.namespace, self.entries.search_path) {
            self.session.search_path = vec![Name::from(schema), Name::from("pg_catalog")];
        }
        let copy = entry.copy.unwrap_or_default();
        let mut tail = Tail { copy, data, last: Vec::new() };
        let mut events = Events::new(&mut tail);
        events.is_a_part();
        events.set_standard_conforming_strings(self.standard_conforming_strings);
        self.only_data = true;
        let before = self.bytes;
        let result = self.read_all(events, sink);
        self.only_data = false;
        self.flow.end();
        result?;
        if tail.is_whole(!copy.is_empty()) {
            return Ok(());
        }
        let at = Position { byte: self.bytes - before, line: None };
        Err(Error::Fault { at, fault: Fault::DataCut })
    }

    /// Reads the content of a large object.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn add_large_object(&mut self, number: u32, mut data: impl Read) -> std::io::Result<()> {
        let mut hasher = ByteHasher::default();
        let mut buffer = vec![0; 64 * 1024];
        loop {
            match data.read(&mut buffer)? {
                0 => break,
                read => hasher.add(&buffer[..read]),
            }
        }
        let object = self.section().data.large_objects.entry(number).or_default();
        object.content = Some(hasher.finish());
        Ok(())
    }

    /// Returns the large objects seen so far: those that entries make, and those whose content was read.
    pub fn large_objects_seen(&self) -> impl Iterator<Item = (u32, &LargeObject)> {
        let last = self.sections.last().into_iter();
        last.flat_map(|section| section.data.large_objects.iter().map(|(number, object)| (*number, object)))
    }

    /// Takes in what another reading found in the data of the same archive.
    pub fn absorb(&mut self, other: Reading) {
        self.bytes += other.bytes;
        self.ledger.data += other.ledger.data;
        for (noise, bytes) in other.ledger.noise {
            *self.ledger.noise.entry(noise).or_default() += bytes;
        }
        let data: &mut Data = &mut self.section().data;
        for section in other.sections {
            data.append(section.data);
        }
    }

    /// Compares what an entry says of itself with what its SQL does.
    fn compare(&mut self, entry: &TocEntry<'_>, before: usize) {
        let part = self.section().parts.get(before).map(|part| part.address.clone());
        let Some(address) = part.filter(|address| address.kind != Kind::Other) else { return };
        let root = root(&address);
        let mut disagree = |what: String| {
            self.entries.disagreements.push(Disagreement { id: entry.id, what, is_unknown: false });
        };
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        if let Some(namespace) = entry.namespace
            && let Some(schema) = root.schema.as_ref().or((root.kind == Kind::Schema).then_some(&root.name))
            && schema.bytes() != namespace
        {
            disagree(format!("entry is in schema `{}`, its SQL speaks of {address}", text(namespace)));
        }
        if !tag_agrees(entry, &address) {
            disagree(format!("entry is named `{}`, its SQL speaks of {address}", text(entry.tag)));
        }
        let key = |address: &Address| Some((address.schema.clone(), address.name.clone()));
        let is_relation = root.kind.is_relation();
        let makes = if is_relation && address.parent.is_none() && is_definition(entry.description) {
            key(&address)
        } else {
            None
        };
        let belongs_to = if is_relation && makes.is_none() { key(root) } else { None };
        self.kept.add(1, 4 * entry.dependencies.len());
        self.entries.seen.push(Seen {
            id: entry.id,
            description: text(entry.description),
            tag: text(entry.tag),
            dependencies: entry.dependencies.to_vec(),
            makes,
            belongs_to,
        });
    }
}

/// The COPY of an entry and its data, whose last bytes are remembered.
struct Tail<'c, S> {
    copy: &'c [u8],
    data: S,
    last: Vec<u8>,
}

impl<S> Tail<'_, S> {
    /// Says whether the data ends as pg_dump ends it: with two empty lines, behind COPY's `\.` or the last INSERT
    /// (`dumpTableData_copy` and `dumpTableData_insert` in pg_dump.c).
    fn is_whole(&self, copied: bool) -> bool {
        match copied {
            true => self.last.ends_with(b"\\.\n\n\n"),
            // A table without rows has no INSERT.
            false => self.last.ends_with(b";\n\n\n") || self.last == b"\n\n",
        }
    }
}

impl<S: Source> Source for &mut Tail<'_, S> {
    fn room(&self) -> u64 {
        self.data.room()
    }

    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        /// Bytes of the longest end that is looked for.
        const KEPT: usize = 5;
        if !self.copy.is_empty() {
            return self.copy.read(buffer);
        }
        let read = self.data.read(buffer)?;
        let new = &buffer[..read];
        self.last.extend_from_slice(&new[read.saturating_sub(KEPT)..]);
        self.last.drain(..self.last.len().saturating_sub(KEPT));
        Ok(read)
    }
}

impl Entries {
    /// Checks that what belongs to a relation depends on the entry that makes it, be it through others.
    pub fn finish(mut self) -> Vec<Disagreement> {
        let mut makers: HashMap<&(Option<Name>, Name), HashSet<u32>> = HashMap::new();
        for seen in &self.seen {
            if let Some(made) = &seen.makes {
                makers.entry(made).or_default().insert(seen.id);
            }
        }
        let by_id: HashMap<u32, &Seen> = self.seen.iter().map(|seen| (seen.id, seen)).collect();
        for seen in &self.seen {
            let Some(makers) = seen.belongs_to.as_ref().and_then(|relation| makers.get(relation)) else {
                continue;
            };
            let mut known: HashSet<u32> = HashSet::new();
            let mut open = seen.dependencies.clone();
            let mut found = false;
            while let Some(id) = open.pop() {
                if makers.contains(&id) {
                    found = true;
                    break;
                }
                if known.insert(id) {
                    open.extend(by_id.get(&id).into_iter().flat_map(|seen| &seen.dependencies));
                }
            }
            if !found {
                let Seen { id, description, tag, .. } = seen;
                let what = format!("{description} `{tag}` does not depend on the entry of its table");
                self.disagreements.push(Disagreement { id: *id, what, is_unknown: false });
            }
        }
        self.disagreements
    }
}

fn is_definition(description: &[u8]) -> bool {
    matches!(description, b"TABLE" | b"FOREIGN TABLE" | b"VIEW" | b"MATERIALIZED VIEW" | b"SEQUENCE")
}

/// Says whether a part has an owner of its own; most have their table's.
fn ownable_part(address: &Address) -> bool {
    address.parent.is_none() || address.kind == Kind::Statistics
}

fn root(address: &Address) -> &Address {
    address.parent.as_deref().map_or(address, root)
}

/// Says whether an entry's tag names what its SQL speaks of; tags of a form that is not known agree.
fn tag_agrees(entry: &TocEntry<'_>, address: &Address) -> bool {
    let tag = entry.tag;
    let name = address.name.bytes();
    match entry.description {
        // The sequence of an identity column is made with the column.
        b"SEQUENCE" if address.kind == Kind::Column => true,
        b"TABLE"
        | b"VIEW"
        | b"MATERIALIZED VIEW"
        | b"SEQUENCE"
        | b"FOREIGN TABLE"
        | b"SCHEMA"
        | b"TYPE"
        | b"DOMAIN"
        | b"INDEX"
        | b"EXTENSION"
        | b"COLLATION"
        | b"CONVERSION"
        | b"SERVER"
        | b"PUBLICATION"
        | b"SUBSCRIPTION"
        | b"EVENT TRIGGER"
        | b"STATISTICS"
        | b"SHELL TYPE"
        | b"PROCEDURAL LANGUAGE" => tag == name,
        b"CONSTRAINT" | b"FK CONSTRAINT" | b"CHECK CONSTRAINT" | b"TRIGGER" | b"POLICY" | b"DEFAULT" => {
            let parent = address.parent.as_ref().map(|parent| parent.name.bytes()).unwrap_or_default();
            // Before 11 the table was not named.
            tag == name || tag == [parent, b" ", name].concat()
        }
        b"FUNCTION" | b"PROCEDURE" | b"AGGREGATE" => {
            // The name is not quoted, the types of the arguments are as SQL writes them.
            tag.starts_with(name) && tag[name.len()..].starts_with(b"(")
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{NoData, ReadOptions};

    /// Reads the data of an entry, whose rows come as COPY or else as INSERT.
    fn add(copied: bool, data: &[u8]) -> Result<(), Error> {
        let entry = TocEntry {
            id: 7,
            tag: b"t",
            description: b"TABLE DATA",
            definition: b"",
            drop: b"",
            copy: copied.then_some(b"COPY a.t (x) FROM stdin;\n"),
            namespace: Some(b"a"),
            tablespace: Some(b""),
            access_method: None,
            relkind: None,
            owner: b"alice",
            with_oids: false,
            dependencies: &[],
        };
        Reading::new(ReadOptions::default()).add_data(&entry, crate::Stream(data), &mut NoData)
    }

    #[test]
    fn data_that_lacks_any_of_its_end_is_cut() {
        let inserts = b"INSERT INTO a.t VALUES (1);\nINSERT INTO a.t VALUES (2);\n\n\n";
        for (copied, whole) in
            [(true, &b"1\n2\n\\.\n\n\n"[..]), (true, b"\\.\n\n\n"), (false, inserts), (false, b"\n\n")]
        {
            add(copied, whole).unwrap();
            for end in 0..whole.len() {
                add(copied, &whole[..end]).unwrap_err();
            }
        }
    }

    #[test]
    fn cut_data_ends_where_it_is_said_to() {
        let error = add(false, b"INSERT INTO a.t VALUES (1);\n").unwrap_err();
        let end =
            "truncated data: the empty lines that pg_dump writes behind it are missing; it ends at byte 28";
        assert_eq!(error.to_string(), end);
    }
}
