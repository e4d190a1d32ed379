//! Events → a schema: reads a whole dump and accounts for every byte of it.

use std::collections::BTreeMap;

use crate::error::{Error, Fault};
use crate::event::{Event, Events, Statement};
use crate::identify::{self, DataForm, Meaning, Noise};
use crate::lexeme::{Lexeme, lexemes};
use crate::object::{Address, Kind, Role};
use crate::rewrite::{self, Origin};
use crate::schema::{Part, Schema};
use crate::secret;
use crate::session::{self, Change, Session};
use crate::source::Source;
use crate::{Name, Position, catalog, layout};

/// A dump that was read to its end.
#[derive(Debug, Default)]
pub struct Dump {
    /// Roles, tablespaces and other things that belong to no database.
    pub cluster: Schema,
    /// The databases in the order of the dump; one without a name for a dump taken without `--create`.
    pub databases: Vec<Database>,
    /// Where each byte of the input went.
    pub ledger: Ledger,
    /// Number of bytes read; the ledger accounts for each of them.
    pub bytes: u64,
    /// Statements that were not understood; they are kept as objects of kind *other*.
    pub unknown: Vec<Unknown>,
    /// Secrets that were replaced by placeholders.
    pub secrets: usize,
}

/// One database of a dump.
#[derive(Debug, Default)]
pub struct Database {
    /// Its name, where the dump tells it.
    pub name: Option<Name>,
    /// What is in it.
    pub schema: Schema,
    /// Sequence values and matviews to be refreshed: small statements that belong to the data.
    pub small_data: Vec<(Address, DataForm, Vec<u8>)>,
}

/// A statement that was not understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown {
    /// Where it stands.
    pub at: Position,
    /// Its first bytes, at most 60.
    pub excerpt: String,
}

/// Says for every byte of an input what became of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    /// Bytes of statements that objects and their parts were made of.
    pub objects: u64,
    /// Bytes of data: rows, their COPY or INSERT, sequence values, large objects.
    pub data: u64,
    /// Bytes of statements that were not understood and are kept verbatim.
    pub other: u64,
    /// Bytes behind the dump's own end, kept verbatim.
    pub trailer: u64,
    /// Bytes that say nothing, by reason.
    pub noise: BTreeMap<Noise, u64>,
    /// Number of statements that objects were made of.
    pub statements: u64,
}

impl Ledger {
    /// Returns the sum of all bytes accounted for.
    pub fn total(&self) -> u64 {
        self.objects + self.data + self.other + self.trailer + self.noise.values().sum::<u64>()
    }
}

/// Takes the data of a dump as it flows past.
pub trait DataSink {
    /// Says whether the rows of this relation are wanted; `database` is the one connected to.
    fn wants(&mut self, database: Option<&Name>, relation: &Address) -> bool;

    /// Takes the canonical `COPY … FROM stdin;` line, or says that INSERT statements follow (`None`).
    ///
    /// # Errors
    /// Whatever the sink cannot store; reading stops.
    fn begin(&mut self, relation: &Address, copy: Option<&[u8]>) -> std::io::Result<()>;

    /// Takes whole lines of COPY rows, or pieces of INSERT statements.
    ///
    /// # Errors
    /// As for [`begin`](Self::begin).
    fn data(&mut self, bytes: &[u8]) -> std::io::Result<()>;
}

/// Wants no data.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoData;

impl DataSink for NoData {
    fn wants(&mut self, _: Option<&Name>, _: &Address) -> bool {
        false
    }

    fn begin(&mut self, _: &Address, _: Option<&[u8]>) -> std::io::Result<()> {
        Ok(())
    }

    fn data(&mut self, _: &[u8]) -> std::io::Result<()> {
        Ok(())
    }
}

/// How a dump is to be read.
#[derive(Clone, Copy, Debug, Default)]
pub struct ReadOptions {
    /// Keeps passwords and connection strings as they are.
    pub keep_secrets: bool,
    /// The input is a file of a tree, already canonical: no word of it is older than it says.
    pub canonical: bool,
}

/// Reads a dump to its end.
///
/// ```
/// use dump::{NoData, ReadOptions, Stream, read};
/// let sql = b"CREATE TABLE app.users (id integer);\nCOMMENT ON TABLE app.users IS 'who';\n";
/// let dump = read(Stream(&sql[..]), ReadOptions::default(), &mut NoData)?;
/// let object = dump.databases[0].schema.objects.values().next().unwrap();
/// assert_eq!(object.address.to_string(), "table app.users");
/// assert_eq!(object.parts.len(), 2);
/// assert_eq!(dump.ledger.total(), sql.len() as u64);
/// # Ok::<(), dump::Error>(())
/// ```
///
/// # Errors
/// When the input cannot be read, is cut short or is no dump; nothing of it is returned then.
pub fn read(source: impl Source, options: ReadOptions, sink: &mut dyn DataSink) -> Result<Dump, Error> {
    let mut reading = Reading::new(options);
    reading.read_all(Events::new(source), sink)?;
    Ok(reading.finish())
}

/// Reads several inputs, such as the files of a tree, into one schema.
///
/// ```
/// use dump::{NoData, ReadOptions, Reading, Stream};
/// let mut reading = Reading::new(ReadOptions::default());
/// reading.add(Stream(&b"CREATE SCHEMA a;"[..]), &mut NoData)?;
/// reading.add(Stream(&b"CREATE SCHEMA b;"[..]), &mut NoData)?;
/// assert_eq!(reading.finish().databases[0].schema.objects.len(), 2);
/// # Ok::<(), dump::Error>(())
/// ```
#[derive(Debug)]
pub struct Reading {
    options: ReadOptions,
    session: Session,
    standard_conforming_strings: bool,
    origin: Origin,
    saw_transaction_timeout: bool,
    /// The dump opened and not yet closed by pg_dump's comments.
    opened: Frame,
    cluster_opened: Frame,
    in_trailer: bool,
    /// Whether the rows or values that flow past are wanted, and count as what.
    wanted: bool,
    databases: Vec<Section>,
    ledger: Ledger,
    unknown: Vec<Unknown>,
    secrets: usize,
    order: u64,
    bytes: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Frame {
    None,
    Open,
    Complete,
}

/// What was read while connected to one database.
#[derive(Debug, Default)]
struct Section {
    name: Option<Name>,
    parts: Vec<Part>,
    owners: Vec<(Address, Name, Position)>,
    small_data: Vec<(Address, DataForm, Vec<u8>)>,
    trailer: Vec<u8>,
    encoding: String,
}

impl Reading {
    /// Begins to read.
    pub fn new(options: ReadOptions) -> Reading {
        Reading {
            options,
            session: Session::default(),
            standard_conforming_strings: true,
            origin: Origin { knows_maintain: None, server_before_16: !options.canonical },
            saw_transaction_timeout: false,
            opened: Frame::None,
            cluster_opened: Frame::None,
            in_trailer: false,
            wanted: false,
            databases: vec![Section::default()],
            ledger: Ledger::default(),
            unknown: Vec::new(),
            secrets: 0,
            order: 0,
            bytes: 0,
        }
    }

    /// Reads one more input to its end; it begins with a fresh session.
    ///
    /// # Errors
    /// When it cannot be read, is cut short or is no dump.
    pub fn add(&mut self, source: impl Source, sink: &mut dyn DataSink) -> Result<(), Error> {
        self.session = Session::default();
        self.standard_conforming_strings = true;
        self.in_trailer = false;
        self.read_all(Events::new(source), sink)
    }

    fn read_all<S: Source>(&mut self, mut events: Events<S>, sink: &mut dyn DataSink) -> Result<(), Error> {
        let mut in_copy = false;
        loop {
            let at = events.position();
            let failed = |source| Error::Read { at, source };
            let mut skip = false;
            let Some(event) = events.next()? else { break };
            match event {
                Event::Gap(text) => self.gap(text, in_copy),
                Event::Meta(_) if self.options.canonical => {
                    return Err(Error::Fault { at, fault: Fault::MetaCommand });
                }
                Event::Meta(text) => self.meta(text, at),
                Event::Statement(statement) if self.options.canonical && statement.is_copy_from_stdin() => {
                    return Err(Error::Fault { at, fault: Fault::RowsInTree });
                }
                Event::Statement(statement) => {
                    let (copy, wanted) = self.statement(&statement, sink).map_err(failed)?;
                    in_copy = copy;
                    skip = copy && !wanted;
                }
                Event::Values { text, .. } | Event::Rows(text) => self.flow(text, sink).map_err(failed)?,
                Event::RowsSkipped(bytes) => self.ledger.data += bytes,
                Event::EndOfRows(text) => {
                    in_copy = false;
                    if self.in_trailer {
                        self.keep_in_trailer(text);
                    } else {
                        self.ledger.data += text.len() as u64;
                    }
                }
            }
            if skip {
                events.skip_rows();
            }
        }
        self.bytes += events.position().byte;
        if self.opened == Frame::Open || self.cluster_opened == Frame::Open {
            return Err(Error::Fault { at: events.position(), fault: Fault::NotComplete });
        }
        Ok(())
    }

    fn section(&mut self) -> &mut Section {
        if self.databases.is_empty() {
            self.databases.push(Section::default());
        }
        let last = self.databases.len() - 1;
        &mut self.databases[last]
    }

    fn noise(&mut self, noise: Noise, bytes: usize) {
        *self.ledger.noise.entry(noise).or_default() += bytes as u64;
    }

    fn keep_in_trailer(&mut self, text: &[u8]) {
        self.ledger.trailer += text.len() as u64;
        self.section().trailer.extend_from_slice(text);
    }

    fn gap(&mut self, text: &[u8], in_copy: bool) {
        let line = text.trim_ascii_end();
        if !in_copy {
            match line {
                b"-- PostgreSQL database dump" => (self.opened, self.in_trailer) = (Frame::Open, false),
                b"-- PostgreSQL database dump complete" => self.opened = Frame::Complete,
                b"-- PostgreSQL database cluster dump" => {
                    (self.cluster_opened, self.in_trailer) = (Frame::Open, false);
                }
                b"-- PostgreSQL database cluster dump complete" => self.cluster_opened = Frame::Complete,
                _ => {
                    if let Some(version) = line.strip_prefix(b"-- Dumped from database version ") {
                        let major = version.split(|b| !b.is_ascii_digit()).next().unwrap_or_default();
                        let major = std::str::from_utf8(major).ok().and_then(|m| m.parse::<u32>().ok());
                        self.origin.server_before_16 =
                            !self.options.canonical && major.is_none_or(|major| major < 16);
                    }
                }
            }
        }
        if self.in_trailer {
            self.keep_in_trailer(text);
        } else if in_copy {
            self.ledger.data += text.len() as u64;
        } else {
            self.noise(Noise::Gap, text.len());
        }
    }

    fn meta(&mut self, text: &[u8], at: Position) {
        let line = text.trim_ascii_end();
        let known = [b"\\restrict".as_slice(), b"\\unrestrict"];
        if let Some(target) = connect_target(line) {
            self.session = Session::default();
            self.in_trailer = false;
            let encoding = self.section().encoding.clone();
            self.databases.push(Section { name: Some(target), encoding, ..Section::default() });
            self.noise(Noise::MetaCommand, text.len());
        } else if known.iter().any(|command| line.split(|b| *b == b' ').next() == Some(command)) {
            self.noise(Noise::MetaCommand, text.len());
        } else if self.in_trailer || self.is_behind_end() {
            self.in_trailer = true;
            self.keep_in_trailer(text);
        } else {
            self.other(text.to_vec(), at, text);
        }
    }

    /// Says whether the dump's own end was seen, so that what follows is somebody's addition.
    fn is_behind_end(&self) -> bool {
        self.opened == Frame::Complete && self.cluster_opened != Frame::Open
    }

    /// Takes a statement; returns whether rows follow and whether they are wanted.
    fn statement(
        &mut self,
        statement: &Statement<'_>,
        sink: &mut dyn DataSink,
    ) -> std::io::Result<(bool, bool)> {
        let copies = statement.is_copy_from_stdin();
        if self.in_trailer || self.is_behind_end() {
            self.in_trailer = true;
            self.keep_in_trailer(statement.text);
            return Ok((copies, copies));
        }
        let mut words = lexemes(statement, self.standard_conforming_strings);
        let identified = identify::identify(&words, &self.session);
        let bytes = statement.text.len();
        match identified.meaning {
            Meaning::Session(change) if session::begins_trailer(&change) && !self.options.canonical => {
                self.in_trailer = true;
                self.keep_in_trailer(statement.text);
            }
            Meaning::Session(change) => {
                self.change(&change);
                self.noise(Noise::Session, bytes);
            }
            // In a tree nothing is pg_dump's by-work: somebody wrote it there by hand and wants it to run.
            Meaning::Noise(Noise::Clean)
            | Meaning::Data {
                form: DataForm::Insert | DataForm::SequenceValue | DataForm::Refresh | DataForm::LargeObject,
                ..
            } if self.options.canonical && statement.complete => {
                let text = [statement.text, b"\n"].concat();
                self.other(text, statement.at, statement.text);
            }
            Meaning::Noise(noise) => self.noise(noise, bytes),
            Meaning::Data { address, form } => {
                self.ledger.data += bytes as u64;
                return self.data(statement, address, form, &mut words, &identified.unqualified, sink);
            }
            Meaning::Owner { address, owner } => {
                self.ledger.objects += bytes as u64;
                self.ledger.statements += 1;
                self.section().owners.push((address, owner, statement.at));
            }
            Meaning::Part { address, role } => {
                self.ledger.objects += bytes as u64;
                self.ledger.statements += 1;
                self.part(statement, address, role, &mut words, &identified.unqualified);
            }
            Meaning::Unknown => {
                let text = [statement.text, b"\n"].concat();
                self.other(text, statement.at, statement.text);
            }
        }
        Ok((copies, false))
    }

    fn change(&mut self, change: &Change) {
        self.session.apply(change);
        match change {
            Change::StandardConformingStrings(on) => self.standard_conforming_strings = *on,
            Change::ClientEncoding(encoding) => {
                self.section().encoding.clone_from(encoding);
                if !self.options.canonical {
                    self.origin.knows_maintain = Some(self.saw_transaction_timeout);
                }
            }
            Change::Harmless(name) if name.bytes() == b"statement_timeout" => {
                self.saw_transaction_timeout = false
            }
            Change::Harmless(name) if name.bytes() == b"transaction_timeout" => {
                self.saw_transaction_timeout = true
            }
            _ => {}
        }
    }

    fn other(&mut self, text: Vec<u8>, at: Position, original: &[u8]) {
        self.ledger.other += original.len() as u64;
        let excerpt: String = String::from_utf8_lossy(original).chars().take(60).collect();
        self.unknown.push(Unknown { at, excerpt });
        self.order += 1;
        let order = self.order;
        let session = Session { authorization: None, owner: None, ..self.session.clone() };
        let address = Address::global(Kind::Other, Name::default());
        self.section().parts.push(Part { address, role: Role::Definition, text, session, at, order });
    }

    fn data(
        &mut self,
        statement: &Statement<'_>,
        address: Address,
        form: DataForm,
        words: &mut Vec<Lexeme<'_>>,
        unqualified: &[usize],
        sink: &mut dyn DataSink,
    ) -> std::io::Result<(bool, bool)> {
        rewrite::rewrite(words, &address, Role::Definition, unqualified, &self.session, Origin::default());
        match form {
            DataForm::Copy | DataForm::Insert => {
                let copies = form == DataForm::Copy;
                self.wanted = sink.wants(self.section().name.as_ref(), &address);
                if self.wanted && copies {
                    let mut text = layout::line(words);
                    text.extend_from_slice(b";\n");
                    sink.begin(&address, Some(&text))?;
                } else if self.wanted {
                    sink.begin(&address, None)?;
                    sink.data(statement.text)?;
                    sink.data(if statement.complete { b"\n" } else { b"" })?;
                }
                Ok((copies, self.wanted))
            }
            DataForm::SequenceValue | DataForm::Refresh => {
                let mut text = layout::line(words);
                text.extend_from_slice(b";\n");
                self.section().small_data.push((address, form, text));
                Ok((false, false))
            }
            DataForm::LargeObject => Ok((false, false)),
        }
    }

    /// Takes rows or values that flow past.
    fn flow(&mut self, text: &[u8], sink: &mut dyn DataSink) -> std::io::Result<()> {
        if self.in_trailer {
            self.keep_in_trailer(text);
            return Ok(());
        }
        self.ledger.data += text.len() as u64;
        if self.wanted { sink.data(text) } else { Ok(()) }
    }

    fn part(
        &mut self,
        statement: &Statement<'_>,
        address: Address,
        role: Role,
        words: &mut Vec<Lexeme<'_>>,
        unqualified: &[usize],
    ) {
        rewrite::rewrite(words, &address, role, unqualified, &self.session, self.origin);
        if !self.options.keep_secrets {
            self.secrets += secret::remove(words, &address, role);
        }
        if matches!(role, Role::Definition | Role::Shell)
            && is_ownable(address.kind)
            && let Some(owner) = self.session.maker().cloned()
        {
            self.section().owners.push((address.clone(), owner, statement.at));
        }
        let session = needed_session(&self.session, &address, role, words);
        let text = layout::statement(words, address.kind, role);
        self.section().parts.push(Part { address, role, text, session, at: statement.at, order: 0 });
    }

    /// Puts everything read into its place.
    pub fn finish(self) -> Dump {
        let mut dump = Dump {
            ledger: self.ledger,
            bytes: self.bytes,
            unknown: self.unknown,
            secrets: self.secrets,
            ..Dump::default()
        };
        // What describes a database stands before `\connect`, in another one's section.
        let mut sections: Vec<Section> = Vec::new();
        let mut strays = Vec::new();
        let mut cluster = Section::default();
        for mut section in self.databases {
            let (stray, own): (Vec<_>, Vec<_>) =
                section.parts.into_iter().partition(|part| root_kind(&part.address) == Kind::Database);
            strays.extend(stray);
            let (global, own): (Vec<_>, Vec<_>) =
                own.into_iter().partition(|part| root_kind(&part.address).is_global());
            cluster.parts.extend(global);
            section.parts = own;
            let (global, own): (Vec<_>, Vec<_>) = section
                .owners
                .into_iter()
                .partition(|(address, ..)| address.kind.is_global() || address.kind == Kind::Database);
            cluster.owners.extend(global);
            section.owners = own;
            sections.push(section);
        }
        let named = sections.iter().any(|section| section.name.is_some());
        for stray in strays {
            let home = sections.iter_mut().find(|section| section.name.as_ref() == Some(&stray.address.name));
            match home {
                Some(section) => section.parts.push(stray),
                None if named => sections.push(Section {
                    name: Some(stray.address.name.clone()),
                    parts: vec![stray],
                    ..Section::default()
                }),
                None => sections[0].parts.push(stray),
            }
        }
        let (database_owners, owners): (Vec<_>, Vec<_>) =
            cluster.owners.into_iter().partition(|(address, ..)| address.kind == Kind::Database);
        cluster.owners = owners;
        for owner in database_owners {
            let found = sections.iter().position(|section| section.name.as_ref() == Some(&owner.0.name));
            sections[found.unwrap_or(0)].owners.push(owner);
        }
        for section in sections {
            let empty = section.name.is_none()
                && section.parts.is_empty()
                && section.trailer.is_empty()
                && section.small_data.is_empty();
            if empty && named {
                continue;
            }
            let name = section.name.clone();
            let small_data = section.small_data.clone();
            let encoding = section.encoding.clone();
            let mut schema = catalog::resolve(section.parts, section.owners);
            schema.encoding = encoding;
            schema.trailer = section.trailer;
            match dump.databases.iter_mut().find(|database| database.name == name) {
                Some(database) => {
                    database.schema.objects.extend(schema.objects);
                    database.small_data.extend(small_data);
                }
                None => dump.databases.push(Database { name, schema, small_data }),
            }
        }
        dump.cluster = catalog::resolve(cluster.parts, cluster.owners);
        dump
    }
}

/// The kind of the object at the end of the chain of parents.
fn root_kind(address: &Address) -> Kind {
    address.parent.as_deref().map_or(address.kind, root_kind)
}

/// The database of a `\connect`.
fn connect_target(line: &[u8]) -> Option<Name> {
    let arguments = line.strip_prefix(b"\\connect ")?.trim_ascii();
    let Some(conninfo) = arguments.strip_prefix(b"-reuse-previous=on ") else {
        return Some(Name::from_sql(arguments));
    };
    // `"dbname='…'"`: psql's quotes outside, libpq's inside (`appendPsqlMetaConnect`, string_utils.c).
    let text = Name::from_sql(conninfo.trim_ascii());
    let value = text.bytes().strip_prefix(b"dbname=")?.trim_ascii();
    let value = value.strip_prefix(b"'").and_then(|v| v.strip_suffix(b"'")).unwrap_or(value);
    let mut name = Vec::new();
    let mut bytes = value.iter();
    while let Some(byte) = bytes.next() {
        name.push(if *byte == b'\\' { *bytes.next().unwrap_or(byte) } else { *byte });
    }
    Some(Name::from(name.as_slice()))
}

/// Says whether things of the kind have an owner that a dump sets.
fn is_ownable(kind: Kind) -> bool {
    use Kind::*;
    kind.is_relation()
        || kind.is_routine()
        || matches!(kind, Schema | Language | Collation | Type | Domain | Operator | OperatorFamily)
        || matches!(kind, OperatorClass | Conversion | TextSearchDictionary | TextSearchConfiguration)
        || matches!(
            kind,
            ForeignDataWrapper | Server | Statistics | Publication | Subscription | EventTrigger
        )
}

/// The part of the session's state that a statement needs to mean the same elsewhere.
fn needed_session(session: &Session, address: &Address, role: Role, words: &[Lexeme<'_>]) -> Session {
    let mut needed = Session::default();
    let has = |word: &str| words.iter().any(|lexeme| lexeme.is(word));
    if role == Role::Definition {
        let stores = match address.kind {
            Kind::Table | Kind::MaterializedView | Kind::Index => true,
            Kind::Constraint => has("PRIMARY") || has("UNIQUE") || has("EXCLUDE"),
            _ => false,
        };
        if stores {
            needed.tablespace = session.tablespace.clone();
        }
        if matches!(address.kind, Kind::Table | Kind::MaterializedView) && !has("PARTITION") {
            needed.access_method = session.access_method.clone();
        }
        if address.kind == Kind::Table {
            needed.with_oids = session.with_oids;
        }
    }
    if role == Role::Privilege {
        needed.authorization.clone_from(&session.authorization);
    }
    let all_named = matches!(role, Role::Owner | Role::Comment | Role::SecurityLabel | Role::Privilege)
        || address.kind.is_global()
        || matches!(address.kind, Kind::Schema | Kind::Extension | Kind::Database);
    if !all_named && session.search_path.iter().any(|name| name.bytes() != b"pg_catalog") {
        needed.search_path.clone_from(&session.search_path);
    }
    needed
}
