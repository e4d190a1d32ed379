//! Events → a schema: reads a whole dump and accounts for every byte of it.

use crate::copy_form::Form;
use crate::data::{Data, DataSink, DataStatement, Flow, NoData};
use crate::database::{self, Database, Section};
use crate::error::{Error, Fault};
use crate::event::{Event, Events, Kept, Statement, Want};
use crate::identify::{self, DataForm, Meaning, Noise};
use crate::ledger::Ledger;
use crate::lexeme::{Lexeme, lexemes};
use crate::lexer::{Token, TokenKind};
use crate::load::copy_from;
use crate::object::{Address, Kind, Role};
use crate::repeated::{self, Repeated};
use crate::rewrite::{self, Origin};
use crate::schema::{Part, Schema};
use crate::secret;
use crate::session::{self, Change, Session, Shared};
use crate::source::{Source, Stream};
use crate::{Name, Position, layout, spelling, values};

mod foreword;
mod frame;
mod kept;
mod kinds;
mod meta;
mod needs;
mod older;
mod second;
mod toc;
mod unknown;

pub use foreword::Foreword;
pub use frame::opens_dump;
use frame::{Frame, Product};
pub use meta::{connect_target, connect_user, encoding_target};
use needs::{fresh_session, is_put_where_the_path_says, needed_session};
use older::Older;
use second::Another;
pub use second::Second;
use toc::Entries;
pub use toc::{Disagreement, TocEntry};
pub use unknown::{Refusal, Unknown};

/// A dump that was read to its end.
#[derive(Debug, Default)]
pub struct Dump {
    /// Roles, tablespaces and other things that belong to no database.
    pub cluster: Schema,
    /// The databases in the order of their names; one without a name for a dump taken without `--create`.
    pub databases: Vec<Database>,
    /// Where each byte of the input went.
    pub ledger: Ledger,
    /// Number of bytes read; the ledger accounts for each of them.
    pub bytes: u64,
    /// Statements that were not understood; they are kept as objects of kind *other*.
    pub unknown: Vec<Unknown>,
    /// Secrets that were replaced by placeholders.
    pub secrets: usize,
    /// What wrote it, as far as it says so.
    pub versions: Versions,
    /// Where the entries of an archive and their SQL do not agree.
    pub disagreements: Vec<Disagreement>,
    /// Whether the input says where it ends, as pg_dump's closing comment or a table of contents do: else a cut between
    /// two statements cannot be seen.
    pub end_is_marked: bool,
    /// Whether it is of a pg_dump before 8.0, which marked only the beginning.
    pub is_older: bool,
    /// Whether comments of pg_dump say where it begins, or it is an archive.
    pub is_framed: bool,
    /// Whether lines of the script end with CR LF.
    pub crlf: bool,
    /// Another dump of the same database behind the first one's end.
    pub second: Option<Second>,
    /// Lines of programs in front of the dump.
    pub forewords: Vec<Foreword>,
    /// Whether a byte order mark stands in front of it.
    pub byte_order_mark: bool,
    /// Whether it turns `standard_conforming_strings` off, which PostgreSQL 19 refuses.
    pub escapes_in_literals: bool,
    /// What is made a second time, and fails.
    pub repeated: Option<Repeated>,
}

impl Dump {
    /// Says whether anything in it is PostgreSQL's: a comment of pg_dump, a setting, an object, data.
    pub fn says_something(&self) -> bool {
        self.is_framed || self.ledger.says_something()
    }
}

/// The versions that a dump was made with, as its comments or the archive's header tell them; they may be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Versions {
    /// The server's, such as `15.18 (Debian 15.18-0+deb12u1)`.
    pub server: Option<String>,
    /// pg_dump's.
    pub pg_dump: Option<String>,
}

impl Versions {
    /// Returns the server's major version, such as 15; 9.6 counts as 9.
    pub fn server_major(&self) -> Option<u32> {
        major(self.server.as_deref()?)
    }

    /// Returns pg_dump's major version.
    pub fn pg_dump_major(&self) -> Option<u32> {
        major(self.pg_dump.as_deref()?)
    }
}

fn major(version: &str) -> Option<u32> {
    version.split(|character: char| !character.is_ascii_digit()).next()?.parse().ok()
}

/// How a dump is to be read.
#[derive(Clone, Copy, Debug, Default)]
pub struct ReadOptions {
    /// Keeps passwords and connection strings as they are.
    pub keep_secrets: bool,
    /// The input is a file of a tree, already canonical: no word of it is older than it says.
    pub canonical: bool,
    /// Takes what stands behind the dump's end for a part of it, as a server does; else it is kept as it is.
    pub to_the_end: bool,
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

/// Says whether anything in the first bytes of an input is PostgreSQL's, up to what cannot be read.
pub fn understands(head: &[u8]) -> bool {
    let mut reading = Reading::new(ReadOptions::default());
    // Where it ends is not asked.
    let _ = reading.read_all(Events::new(Stream(head)), &mut NoData);
    reading.opened != Frame::None || reading.cluster_opened != Frame::None || reading.ledger.says_something()
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
    shared: Shared,
    standard_conforming_strings: bool,
    origin: Origin,
    /// The input is an archive, whose header tells what a plain dump's comments and settings do.
    archive: bool,
    /// Nothing but rows may come.
    only_data: bool,
    /// The entries of the archive.
    entries: Entries,
    versions: Versions,
    preamble: Preamble,
    /// The dump opened and not yet closed by pg_dump's comments.
    opened: Frame,
    cluster_opened: Frame,
    /// What a comment calls itself a dump of, which only its version will show to be one.
    maybe_opened: Option<(Product, Position)>,
    older: Older,
    crlf: bool,
    second: Another,
    forewords: Vec<Foreword>,
    byte_order_mark: bool,
    escapes_in_literals: bool,
    /// Whether something took away what is not known, so that what is made twice may be made but once.
    removes_unseen: bool,
    /// The key of a `\restrict` that no `\unrestrict` has answered yet.
    restricted: Option<Vec<u8>>,
    /// What a `\encoding` said that no statement has followed yet: in front of a `\connect` it is for that alone.
    said_encoding: Option<String>,
    in_trailer: bool,
    /// Whether the values that follow belong to a statement that is kept as *other*.
    in_other: bool,
    flow: Flow,
    sections: Vec<Section>,
    ledger: Ledger,
    unknown: Vec<Unknown>,
    secrets: usize,
    order: u64,
    bytes: u64,
    kept: Kept,
    /// How many bytes of memory may be taken, where the input does not tell.
    room: u64,
}

/// What pg_dump's first settings tell of its version (`setup_connection` in pg_dump.c, `_doSetFixedOutputState` in
/// pg_backup_archiver.c).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Preamble {
    /// None was seen.
    None,
    /// It sets `statement_timeout` …
    Before17,
    /// … and `transaction_timeout`.
    Since17,
}

impl Reading {
    /// Begins to read.
    pub fn new(options: ReadOptions) -> Reading {
        Reading {
            options,
            session: fresh_session(options),
            shared: Shared::default(),
            standard_conforming_strings: true,
            origin: Origin::default(),
            versions: Versions::default(),
            archive: false,
            only_data: false,
            entries: Entries::default(),
            preamble: Preamble::None,
            opened: Frame::None,
            cluster_opened: Frame::None,
            maybe_opened: None,
            older: Older::default(),
            crlf: false,
            second: Another::default(),
            forewords: Vec::new(),
            byte_order_mark: false,
            escapes_in_literals: false,
            removes_unseen: false,
            restricted: None,
            said_encoding: None,
            in_trailer: false,
            in_other: false,
            flow: Flow::default(),
            sections: vec![Section::default()],
            ledger: Ledger::default(),
            unknown: Vec::new(),
            secrets: 0,
            order: 0,
            bytes: 0,
            kept: Kept::default(),
            room: u64::MAX,
        }
    }

    /// Says which database the inputs that follow belong to, as `\connect` does within one.
    pub fn connect(&mut self, database: Name) {
        self.second.is_of_another_database();
        self.session = fresh_session(self.options);
        self.said_encoding = None;
        self.in_trailer = false;
        let encoding = self.section().encoding.clone();
        self.sections.push(Section { name: Some(database), encoding, ..Section::default() });
    }

    /// Reads one more input to its end; it begins with a fresh session.
    ///
    /// # Errors
    /// When it cannot be read, is cut short or is no dump.
    pub fn add(&mut self, source: impl Source, sink: &mut dyn DataSink) -> Result<(), Error> {
        self.session = fresh_session(self.options);
        self.standard_conforming_strings = true;
        self.in_trailer = false;
        self.read_all(Events::new(source), sink)
    }

    /// Reads a file of a tree that holds rows.
    ///
    /// # Errors
    /// As for [`add`](Self::add), and when it holds anything but rows.
    pub fn add_rows(&mut self, source: impl Source, sink: &mut dyn DataSink) -> Result<(), Error> {
        self.only_data = true;
        let result = self.add(source, sink);
        self.only_data = false;
        result
    }

    fn read_all<S: Source>(&mut self, mut events: Events<S>, sink: &mut dyn DataSink) -> Result<(), Error> {
        let mut in_copy = false;
        let mark = events.position().byte;
        if mark > 0 {
            self.byte_order_mark = true;
            self.ledger.add_noise(Noise::Gap, mark as usize);
        }
        loop {
            let at = events.position();
            let failed = |source| Error::Read { at, source };
            let mut want = None;
            let (room, extent, goes_on) =
                (events.room().min(self.room), self.extent(), events.is_within_comment());
            let mut bytes = 0;
            let Some(event) = events.next()? else { break };
            if let Event::Statement(Statement { text, .. }) | Event::Values { text, .. } = &event
                && memchr::memchr(0, text).is_some()
            {
                return Err(Error::Fault { at, fault: Fault::ZeroByte });
            }
            if let Event::Statement(Statement { text, .. }) | Event::Values { text, .. } | Event::Meta(text) =
                &event
            {
                bytes = text.len();
            }
            match event {
                Event::Gap(text) if !in_copy && !goes_on && foreword::is_text(text) => {
                    self.foreword(text, at)?;
                }
                Event::Gap(text) => self.gap(text, in_copy, goes_on, at),
                Event::Meta(_) if self.options.canonical => {
                    return Err(Error::Fault { at, fault: Fault::MetaCommand });
                }
                Event::Meta(_) if self.only_data => return Err(Error::Fault { at, fault: Fault::NotData }),
                Event::Meta(text) => self.meta(text, at),
                Event::Statement(statement)
                    if self.options.canonical
                        && !self.only_data
                        && !self.in_trailer
                        && statement.is_copy_from_stdin() =>
                {
                    return Err(Error::Fault { at, fault: Fault::RowsInTree });
                }
                Event::Statement(statement) if self.only_data && !is_data(&statement) => {
                    return Err(Error::Fault { at, fault: Fault::NotData });
                }
                Event::Statement(statement) => {
                    self.check_foreword(&statement)?;
                    want = self.statement(&statement, sink).map_err(failed)?;
                    in_copy = want.is_some();
                }
                Event::Values { text, tokens, .. } => self.values(text, tokens, sink).map_err(failed)?,
                Event::Rows(text) if self.in_trailer => self.keep_in_trailer(text),
                Event::Rows(text) => {
                    self.ledger.data += text.len() as u64;
                    let (flow, data) = self.flow();
                    flow.copied(text, data, sink).map_err(failed)?;
                }
                Event::RowsSkipped(bytes) => self.ledger.data += bytes,
                Event::RowsCounted(bytes, content) => {
                    self.ledger.data += bytes;
                    let (flow, data) = self.flow();
                    flow.counted(&content, data);
                }
                Event::EndOfRows(text) => {
                    in_copy = false;
                    let (flow, data) = self.flow();
                    flow.end_copy(data, sink).map_err(failed)?;
                    if self.in_trailer {
                        self.keep_in_trailer(text);
                    } else {
                        self.ledger.data += text.len() as u64;
                    }
                }
            }
            self.account(extent, bytes, room, at)?;
            if let Some(want) = want {
                events.want(want);
            }
        }
        self.bytes += events.position().byte;
        // pg_dump's closing comment may be there, and what follows it be lost.
        let unanswered = self.opened == Frame::Complete && self.restricted.is_some();
        let open = self.opened == Frame::Open || self.cluster_opened == Frame::Open;
        if open && !self.is_older() || unanswered {
            return Err(Error::Fault { at: events.position(), fault: Fault::NotComplete });
        }
        Ok(())
    }

    fn section(&mut self) -> &mut Section {
        if self.sections.is_empty() {
            self.sections.push(Section::default());
        }
        let last = self.sections.len() - 1;
        &mut self.sections[last]
    }

    /// The rows that flow past, and the data of the database that they belong to.
    fn flow(&mut self) -> (&mut Flow, &mut Data) {
        if self.sections.is_empty() {
            self.sections.push(Section::default());
        }
        let last = self.sections.len() - 1;
        (&mut self.flow, &mut self.sections[last].data)
    }

    fn keeps_trailers(&self) -> bool {
        !self.options.canonical && !self.options.to_the_end
    }

    /// Takes a statement; returns what is wanted of the rows that follow it, if any do.
    fn statement(
        &mut self,
        statement: &Statement<'_>,
        sink: &mut dyn DataSink,
    ) -> std::io::Result<Option<Want>> {
        let copies = statement.is_copy_from_stdin();
        self.in_other = false;
        if let Some(encoding) = self.said_encoding.take() {
            self.section().encoding = encoding;
        }
        if self.in_trailer || self.is_behind_end() {
            self.begin_trailer();
            self.keep_in_trailer(statement.text);
            return Ok(copies.then_some(Want::Rows));
        }
        if !self.options.canonical
            && statement.begins_with(&["INSERT", "INTO"])
            && self.insert(statement, sink)?
        {
            return Ok(None);
        }
        self.flow.end();
        let mut words = lexemes(statement, self.standard_conforming_strings);
        spelling::spell(&mut words);
        let identified = identify::identify(&words, &self.session);
        let bytes = statement.text.len();
        if let Some(refusal) = unknown::refusal(statement, &words, &identified.meaning) {
            self.refused(statement, refusal);
            return Ok(None);
        }
        match identified.meaning {
            // What is still to be closed has not ended, and what made nothing has not begun.
            Meaning::Session(change)
                if session::begins_trailer(&change, &words)
                    && self.keeps_trailers()
                    && self.opened != Frame::Open
                    && self.ledger.objects > 0 =>
            {
                self.begin_trailer();
                self.keep_in_trailer(statement.text);
            }
            Meaning::Session(change) => {
                self.change(&change);
                self.ledger.add_noise(Noise::Session, bytes);
            }
            // In a tree nothing is pg_dump's by-work: somebody wrote it there by hand and wants it to run. An INSERT that
            // is no list of rows is kept as well.
            Meaning::Removal(_)
            | Meaning::Data { form: DataForm::LargeObject, .. }
            | Meaning::Noise(Noise::Upkeep)
                if self.options.canonical =>
            {
                self.other(statement);
            }
            Meaning::Part { address, .. } | Meaning::Owner { address, .. }
                if self.options.canonical && address.kind == Kind::LargeObject =>
            {
                self.other(statement);
            }
            Meaning::Data { form: DataForm::Insert, address } => {
                self.section().data.tables.entry(address).or_default().queries += 1;
                self.other(statement);
            }
            Meaning::Unknown if copies => {
                self.rows_not_understood(statement);
                return Ok(Some(Want::Nothing));
            }
            Meaning::Unknown => {
                self.removes_unseen = true;
                self.other(statement);
            }
            Meaning::Removal(removed) => {
                self.removes_unseen |= removed.is_empty() || words.iter().any(|word| word.is("CASCADE"));
                self.ledger.add_noise(Noise::Clean, bytes);
                self.section().remove(removed);
            }
            Meaning::Noise(noise) => self.ledger.add_noise(noise, bytes),
            Meaning::Data { address, form } => {
                self.ledger.data += bytes as u64;
                return self.data(statement, address, form, &mut words, &identified.unqualified, sink);
            }
            Meaning::Owner { address, owner } => {
                self.account_part(&address, bytes);
                let owner = owner.or_else(|| self.session.maker().cloned());
                self.section().owners.push((address, owner, statement.at));
            }
            Meaning::Part { address, role } => {
                self.account_part(&address, bytes);
                if matches!(role, Role::Definition | Role::Shell) {
                    match address.kind {
                        Kind::Database => database::make_again(&mut self.sections, &address),
                        _ => self.section().make(&address),
                    }
                }
                self.part(statement, address, role, &mut words, &identified.unqualified);
            }
        }
        Ok(None)
    }

    /// Takes an INSERT of rows; returns false if it is none.
    fn insert(&mut self, statement: &Statement<'_>, sink: &mut dyn DataSink) -> std::io::Result<bool> {
        let is_dot = |at: usize| statement.tokens.get(at).is_some_and(|token| token.kind == TokenKind::Dot);
        let mut name_end = 3;
        while is_dot(name_end) {
            name_end += 2;
        }
        let Some(head) = values::head(statement.text, statement.tokens, name_end) else { return Ok(false) };
        let target = Statement { tokens: &statement.tokens[..name_end], ..*statement };
        let words = lexemes(&target, self.standard_conforming_strings);
        let Meaning::Data { address, .. } = identify::identify(&words, &self.session).meaning else {
            return Ok(false);
        };
        self.ledger.data += statement.text.len() as u64;
        let on = self.standard_conforming_strings;
        let database = self.section().name.clone();
        let (flow, data) = self.flow();
        flow.insert(database.as_ref(), address, head.columns, sink);
        let tokens = head.len.map(|len| &statement.tokens[len..]);
        flow.values(statement.text, tokens, on, data, sink)?;
        Ok(true)
    }

    /// Takes more rows of a long INSERT.
    fn values(&mut self, text: &[u8], tokens: &[Token], sink: &mut dyn DataSink) -> std::io::Result<()> {
        if self.in_trailer {
            self.keep_in_trailer(text);
        } else if self.in_other {
            self.ledger.other += text.len() as u64;
            let last = self.section().parts.last_mut();
            last.into_iter().for_each(|part| part.text.extend_from_slice(text));
        } else {
            self.ledger.data += text.len() as u64;
            let on = self.standard_conforming_strings;
            let (flow, data) = self.flow();
            flow.values(text, Some(tokens), on, data, sink)?;
        }
        Ok(())
    }

    fn change(&mut self, change: &Change) {
        self.session.apply(change);
        self.older.change(change);
        match change {
            Change::StandardConformingStrings(on) => {
                self.standard_conforming_strings = *on;
                self.escapes_in_literals |= !on;
            }
            Change::Reset | Change::Discard => self.standard_conforming_strings = true,
            Change::ClientEncoding(encoding) => {
                self.section().encoding.clone_from(encoding);
                // Canonical text has no preamble of pg_dump: its words mean what they say.
                if self.preamble != Preamble::None && !self.archive {
                    self.origin = Origin {
                        knows_maintain: Some(self.preamble == Preamble::Since17),
                        server_before_16: self.versions.server_major().is_none_or(|major| major < 16),
                    };
                }
                self.preamble = Preamble::None;
            }
            Change::Harmless(name) if name.bytes() == b"check_function_bodies" => {
                self.is_written_by_pg_dump();
            }
            Change::Harmless(name) if name.bytes() == b"statement_timeout" => {
                self.preamble = Preamble::Before17;
            }
            Change::Harmless(name) if name.bytes() == b"transaction_timeout" => {
                self.preamble = Preamble::Since17;
            }
            _ => {}
        }
    }

    fn data(
        &mut self,
        statement: &Statement<'_>,
        address: Address,
        form: DataForm,
        words: &mut Vec<Lexeme<'_>>,
        unqualified: &[usize],
        sink: &mut dyn DataSink,
    ) -> std::io::Result<Option<Want>> {
        let form_of_rows = Form::of(words);
        rewrite::rewrite(words, &address, Role::Definition, unqualified, &self.session, Origin::default());
        match form {
            DataForm::Copy => {
                let columns = copy_from(statement).and_then(|copy| copy.columns);
                let database = self.section().name.clone();
                let (flow, data) = self.flow();
                return flow.copy(database.as_ref(), address, columns, form_of_rows, data, sink).map(Some);
            }
            DataForm::SequenceValue | DataForm::Refresh => {
                // The name in the literal, spelled as names are spelled elsewhere.
                if let Some(name) = words.iter_mut().find(|word| word.kind == TokenKind::String) {
                    *name = rewrite::literal(&address.qualified_name().to_sql());
                }
                let mut text = layout::line(words);
                text.extend_from_slice(b";\n");
                self.section().data.statements.push(DataStatement { address, form, text });
            }
            DataForm::LargeObject => {
                let number =
                    std::str::from_utf8(address.name.bytes()).ok().and_then(|name| name.parse().ok());
                self.section().make(&address);
                let (flow, data) = self.flow();
                flow.large_object(statement, number, data);
            }
            DataForm::Insert => {}
        }
        Ok(None)
    }

    /// Counts the bytes of a statement on an object; large objects come and go with the data.
    fn account_part(&mut self, address: &Address, bytes: usize) {
        if address.kind == Kind::LargeObject {
            self.ledger.data += bytes as u64;
            return;
        }
        self.ledger.objects += bytes as u64;
        self.ledger.statements += 1;
    }

    fn part(
        &mut self,
        statement: &Statement<'_>,
        address: Address,
        role: Role,
        words: &mut Vec<Lexeme<'_>>,
        unqualified: &[usize],
    ) {
        let where_there = if role == Role::Definition { repeated::where_there(words) } else { None };
        let is_bare = !unqualified.is_empty() || is_put_where_the_path_says(&address, role, words);
        if is_bare && self.session.has_the_servers_path() {
            self.section().uses_the_servers_path = true;
        }
        rewrite::rewrite(words, &address, role, unqualified, &self.session, self.origin);
        if !self.options.keep_secrets {
            self.secrets += secret::remove(words, &address, role);
        }
        if matches!(role, Role::Definition | Role::Shell)
            && address.kind.is_ownable()
            && let Some(owner) = self.session.maker().cloned()
        {
            self.section().owners.push((address.clone(), Some(owner), statement.at));
        }
        let session = self.shared.get(needed_session(&self.session, &address, role, words));
        let text = layout::statement(words, address.kind, role);
        self.section().parts.push(Part {
            address,
            role,
            text,
            session,
            at: statement.at,
            where_there,
            order: 0,
        });
    }

    /// Puts everything read into its place.
    pub fn finish(self) -> Dump {
        let second = self.second.finish(&self.sections, self.removes_unseen);
        let complete = self.opened == Frame::Complete || self.cluster_opened == Frame::Complete;
        let open = self.opened == Frame::Open || self.cluster_opened == Frame::Open;
        let (databases, cluster, repeated) = database::assemble(self.sections, self.options.canonical);
        Dump {
            cluster,
            databases,
            ledger: self.ledger,
            bytes: self.bytes,
            unknown: self.unknown,
            secrets: self.secrets,
            versions: self.versions,
            disagreements: self.entries.finish(),
            end_is_marked: self.archive || complete && !open,
            is_framed: self.archive || complete || open,
            is_older: open,
            crlf: self.crlf,
            second,
            forewords: self.forewords,
            byte_order_mark: self.byte_order_mark,
            escapes_in_literals: self.escapes_in_literals,
            repeated: repeated.filter(|_| !self.removes_unseen),
        }
    }
}

/// Says whether a statement carries rows.
fn is_data(statement: &Statement<'_>) -> bool {
    statement.is_copy_from_stdin() || statement.begins_with(&["INSERT", "INTO"])
}
