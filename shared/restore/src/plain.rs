//! The plan of a plain dump.

use std::io;
use std::path::Path;
use std::sync::Arc;

use archive::{Content, Plain, Stop};
use dump::{
    Address, Class, DataForm, Event, Events, Fault, Found, Kept, Kind, Name, Noise, Position, Role,
    Statement, Subject, Subjects, Transaction, Want,
};

use crate::meta_command::{MetaCommand, MetaEffect};
use crate::plan::{DatabasePlan, Location, Place, Plan, RowsPlan, Step, Work, excerpt};
use crate::removal::removes;
use crate::settings::{Follower, Settings};
use crate::transaction::{self, UndoneBy};
use crate::{Error, Source};

/// A plain dump as the dump crate wants its bytes; rows are jumped over where the file can be searched.
pub(crate) struct Bytes(pub Plain);

impl dump::Source for Bytes {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        io::Read::read(&mut self.0, buf)
    }

    fn start(&self) -> u64 {
        self.0.offset()
    }

    fn find(&mut self, needle: &[u8], from: u64) -> io::Result<Found> {
        Ok(match self.0.find(needle, from)? {
            archive::Found::At(offset) => Found::At(offset),
            archive::Found::Missing => Found::Missing,
            archive::Found::CannotSeek => Found::CannotSeek,
        })
    }

    fn seek(&mut self, offset: u64) -> io::Result<()> {
        self.0.seek(offset)
    }

    fn room(&self) -> u64 {
        self.0.room().bytes()
    }
}

impl Plan {
    /// Reads the plan of restoring a dump, and where its data is to be found later.
    ///
    /// # Errors
    /// When the dump cannot be opened or read to its end.
    pub fn read(path: &Path) -> Result<(Plan, Source), Error> {
        Plan::read_until(path, &Stop::default())
    }

    /// The same, unless another thread ends it.
    ///
    /// # Errors
    /// As for [`read`](Self::read).
    pub fn read_until(path: &Path, stop: &Stop) -> Result<(Plan, Source), Error> {
        let mut input = archive::open(path)?;
        input.stop_at(stop);
        match input.content {
            Content::Plain(plain) => {
                let seekable = plain.len().is_some();
                let mut planning = Planning::default();
                planning.read_all(Events::new(Bytes(plain)))?;
                Ok((planning.finish(), Source::plain(path, seekable)))
            }
            Content::Archive(archive) => Ok((crate::toc::plan(&archive)?, Source::archive(path))),
            Content::Tree(_) => {
                let why = io::Error::other("a tree is no backup: join it first (`pgdump-join`)");
                Err(Error::Reread(why))
            }
        }
    }
}

/// Gathers steps from events.
pub(crate) struct Planning {
    subjects: Subjects,
    pub settings: Follower,
    plan: Plan,
    /// The data in statements that is being gathered.
    script: Option<Script>,
    /// Where the `BEGIN` stood that came last: one in front of a large object belongs to it.
    begin: Option<Position>,
    kept: Kept,
    /// The settings that were accounted for last: steps share them.
    settled: Arc<Settings>,
    /// How many bytes of memory the plan may take.
    room: u64,
    transactions: transaction::Follower,
    /// The first `\q`, by its place among the meta-commands, and how much was planned then.
    quit: Option<(usize, (usize, usize, usize))>,
}

impl Default for Planning {
    fn default() -> Planning {
        let plan = Plan { databases: vec![DatabasePlan::default()], ..Plan::default() };
        Planning {
            subjects: Subjects::default(),
            settings: Follower::default(),
            plan,
            script: None,
            begin: None,
            kept: Kept::default(),
            settled: Arc::default(),
            room: u64::MAX,
            transactions: transaction::Follower::default(),
            quit: None,
        }
    }
}

/// Statements that stand one behind the other and carry the data of one table, or of large objects.
struct Script {
    subject: Subject,
    start: Position,
    end: u64,
    /// Whether a transaction is open that begins in front of it.
    in_transaction: bool,
}

impl Planning {
    fn read_all(&mut self, mut events: Events<Bytes>) -> Result<(), Error> {
        // The COPY whose rows come next.
        let mut copy: Option<(Subject, Vec<u8>, Position)> = None;
        loop {
            let at = events.position();
            self.room = events.room();
            let Some(event) = events.next()? else { break };
            match event {
                Event::Gap(text) => self.comment(text),
                Event::Statement(statement) if statement.is_copy_from_stdin() => {
                    self.end_script();
                    let subject = self.subjects.of(&statement);
                    let text = statement.text.strip_suffix(b";").unwrap_or(statement.text).to_vec();
                    copy = Some((subject, text, at));
                    events.want(Want::Nothing);
                }
                Event::Statement(statement) => {
                    let end = at.byte + statement.text.len() as u64;
                    self.statement(&statement, end);
                }
                Event::Values { text, .. } => {
                    let end = at.byte + text.len() as u64;
                    self.script.iter_mut().for_each(|script| script.end = end);
                }
                Event::Rows(text) => self.rows(&mut copy, at, text.len() as u64),
                Event::RowsSkipped(len) | Event::RowsCounted(len, _) => self.rows(&mut copy, at, len),
                // The server gets the closing line as psql gives it, and refuses one that ends otherwise than the rows.
                Event::EndOfRows(text) => self.rows(&mut copy, at, text.len() as u64),
                Event::Meta(text) => self.meta(text, at),
            }
            self.check_room(at)?;
        }
        self.end_script();
        self.end_transactions();
        Ok(())
    }

    /// Takes a comment, which may tell whose dump it is.
    fn comment(&mut self, text: &[u8]) {
        if let Some(product) = crate::product::of_header(text)
            && self.steps().is_empty()
            && let Some(database) = self.plan.databases.last_mut()
        {
            database.product = Some(product);
        }
    }

    /// Takes a piece of the rows of a COPY: the first makes the step.
    fn rows(&mut self, copy: &mut Option<(Subject, Vec<u8>, Position)>, start: Position, len: u64) {
        match copy.take() {
            Some((subject, text, at)) => {
                let table = subject.address.clone();
                let location = Location::Range { start, len };
                self.add_rows(subject, Place::At(at), table, Some(text), location);
            }
            None => {
                if let Some(Step { work: Work::Rows(rows), .. }) = self.steps().last_mut()
                    && let Location::Range { len: known, .. } = &mut rows.location
                {
                    *known += len;
                }
            }
        }
    }

    /// Adds a step that loads data.
    pub fn add_rows(
        &mut self,
        subject: Subject,
        at: Place,
        table: Option<Address>,
        copy: Option<Vec<u8>>,
        location: Location,
    ) {
        let standard_conforming_strings = self.subjects.standard_conforming_strings();
        let rows = RowsPlan {
            table,
            copy,
            location,
            alone: false,
            standard_conforming_strings,
            in_transaction: false,
        };
        let settings = self.settings.now();
        let copy = rows.copy.as_ref().map_or(0, Vec::len);
        self.push(Step { subject, at, work: Work::Rows(rows), settings }, copy);
    }

    fn steps(&mut self) -> &mut Vec<Step> {
        if self.plan.databases.is_empty() {
            self.plan.databases.push(DatabasePlan::default());
        }
        let last = self.plan.databases.len() - 1;
        &mut self.plan.databases[last].steps
    }

    /// Adds a step that has so many bytes of text.
    fn push(&mut self, step: Step, text: usize) {
        let mut settings = 0;
        if !Arc::ptr_eq(&self.settled, &step.settings) {
            settings = step.settings.iter().map(|(name, setting)| name.len() + setting.sql.len()).sum();
            self.settled = Arc::clone(&step.settings);
        }
        self.kept.add(1, text + settings);
        self.steps().push(step);
    }

    /// Says how many bytes of memory the plan may take.
    pub fn allow(&mut self, room: u64) {
        self.room = room;
    }

    fn check_room(&self, at: Position) -> Result<(), dump::Error> {
        let fits = self.kept.fits(self.room);
        fits.then_some(()).ok_or(dump::Error::Fault { at, fault: Fault::Inflated })
    }

    fn statement(&mut self, statement: &Statement<'_>, end: u64) {
        let subject = self.subjects.of(statement);
        if let Some(transaction) = Transaction::of(statement) {
            return self.transaction(transaction, statement.at, end);
        }
        let begin = self.begin.take();
        let Some(subject) = script_subject(statement, &subject) else {
            // What stands between two pieces of a large object is run in front of it, whose transaction goes on.
            let large_object = self
                .script
                .as_ref()
                .is_some_and(|script| script.subject.class == Class::Data(DataForm::LargeObject));
            if !(large_object && self.transactions.is_open()) {
                self.end_script();
            }
            return self.add(statement, subject, Place::At(statement.at));
        };
        match self.script.as_mut().filter(|script| script.subject == subject) {
            Some(script) => script.end = end,
            None => {
                self.end_script();
                let large_object = subject.class == Class::Data(DataForm::LargeObject);
                let begin = begin.filter(|_| large_object);
                let start = begin.unwrap_or(statement.at);
                let in_transaction = begin.is_none() && self.transactions.is_open();
                self.script = Some(Script { subject, start, end, in_transaction });
            }
        }
    }

    /// Takes a statement that begins or ends a transaction: a restore ends them with each statement.
    fn transaction(&mut self, transaction: Transaction, at: Position, end: u64) {
        let begins = transaction == Transaction::Begin;
        let plain = begins || transaction == Transaction::Commit { chain: false };
        let large_objects = |script: &Script| script.subject.class == Class::Data(DataForm::LargeObject);
        match self.script.as_mut().filter(|script| plain && large_objects(script)) {
            // pg_dump writes one around each large object.
            Some(script) => script.end = end,
            None => {
                self.end_script();
                self.begin = Some(at).filter(|_| begins);
            }
        }
        let steps = self.steps().len() + usize::from(self.script.is_some() && !begins);
        self.transactions.change(transaction, Place::At(at), steps);
    }

    /// Gives the database that ends what was found out of its transactions.
    fn end_transactions(&mut self) {
        let steps = self.steps().len();
        let mut transactions = std::mem::take(&mut self.transactions);
        transactions.end(UndoneBy::End, steps);
        if let Some(last) = self.plan.databases.last_mut() {
            last.undone.append(&mut transactions.undone);
            last.blocks.append(&mut transactions.blocks);
        }
    }

    fn end_script(&mut self) {
        let Some(Script { subject, start, end, in_transaction }) = self.script.take() else { return };
        let table = subject.address.clone();
        let location = Location::Range { start, len: end - start.byte };
        self.add_rows(subject, Place::At(start), table, None, location);
        if let Some(Step { work: Work::Rows(rows), .. }) = self.steps().last_mut() {
            rows.in_transaction = in_transaction;
        }
    }

    /// Adds a statement, unless it is none of a scratch database's.
    pub fn add(&mut self, statement: &Statement<'_>, subject: Subject, at: Place) {
        let kind = subject.address.as_ref().map(|address| root(address).kind);
        match subject.class {
            Class::Session => return self.settings.change(statement, at),
            Class::Noise(Noise::Transaction | Noise::PlannerStatistics) => return,
            Class::Noise(Noise::Clean) if !self.may_be_there(kind, &subject) => return,
            _ => {}
        }
        match kind {
            Some(kind) if kind.is_global() || kind == Kind::Database => {
                let settings = self.settings.now();
                let work = Work::Statement(statement.text.to_vec());
                self.kept.add(1, statement.text.len());
                if subject.class == Class::Part(Role::Definition) {
                    self.make_again(&subject);
                }
                self.plan.cluster.push(Step { subject, at, work, settings });
            }
            _ => {
                let settings = self.settings.now();
                let owner = given_owner(&subject, statement);
                let work = Work::Statement(statement.text.to_vec());
                let step = Step { subject, at, work, settings: Arc::clone(&settings) };
                self.push(step, statement.text.len());
                if let Some((subject, text)) = owner {
                    let len = text.len();
                    self.push(Step { subject, at, work: Work::Statement(text), settings }, len);
                }
            }
        }
    }

    /// Says whether what a statement takes away may be there: a scratch database is empty, and has neither the databases nor
    /// the roles of the source. In a transaction it is run in any case: one that finds nothing ends it.
    fn may_be_there(&mut self, kind: Option<Kind>, subject: &Subject) -> bool {
        let made = |step: &Step| step.subject.address == subject.address;
        match kind {
            // What is not understood to its end may be anything, such as two statements without a `;` between them.
            _ if subject.removed.is_empty() => true,
            Some(kind) if kind.is_global() || kind == Kind::Database => self.plan.cluster.iter().any(made),
            _ => {
                self.transactions.is_open()
                    || !self.steps().is_empty()
                    || subject.removed.iter().any(is_everywhere)
            }
        }
    }

    /// Forgets what was planned of a database that was taken away, where it is made again.
    fn make_again(&mut self, made: &Subject) {
        let removed = |step: &Step| removes(step) && step.subject.address == made.address;
        if made.address.as_ref().is_some_and(|address| address.kind == Kind::Database)
            && self.plan.cluster.iter().any(removed)
        {
            let name = made.address.as_ref().map(|address| &address.name);
            self.plan.databases.retain(|database| database.name.as_ref() != name);
        }
    }

    /// Reads the statements of an archive's entry.
    pub fn add_text(&mut self, text: &[u8], at: Place) -> Result<(), dump::Error> {
        let mut events = Events::new(dump::Stream(text));
        events.set_standard_conforming_strings(self.subjects.standard_conforming_strings());
        while let Some(event) = events.next()? {
            match event {
                Event::Statement(statement) => {
                    let subject = self.subjects.of(&statement);
                    self.add(&statement, subject, at);
                }
                Event::Meta(text) => {
                    self.kept.add(1, 0);
                    // `pg_restore` takes it for SQL.
                    let effect = MetaEffect::Elsewhere;
                    self.plan.meta_commands.push(MetaCommand { at, excerpt: excerpt(text), effect });
                }
                _ => {}
            }
            self.check_room(events.position())?;
        }
        Ok(())
    }

    /// Finds out what one statement is about.
    pub fn subject_of(&mut self, text: &[u8]) -> Option<Subject> {
        let mut events = Events::new(dump::Stream(text));
        match events.next() {
            Ok(Some(Event::Statement(statement))) => Some(self.subjects.of(&statement)),
            _ => None,
        }
    }

    /// Says which database the steps that follow belong to.
    pub fn connect(&mut self, name: Name) {
        self.end_script();
        self.end_transactions();
        (self.subjects, self.settings) = (Subjects::default(), Follower::default());
        let databases = &mut self.plan.databases;
        let known = databases.iter().position(|database| database.name.as_ref() == Some(&name));
        // What stands in front of the first one is no database where nothing does.
        let nameless = databases.iter().position(|one| one.name.is_none() && one.steps.is_empty());
        let database = known.or(nameless).map(|at| databases.remove(at)).unwrap_or_default();
        databases.push(DatabasePlan { name: Some(name), ..database });
    }

    fn meta(&mut self, text: &[u8], at: Position) {
        self.kept.add(1, 0);
        let line = text.trim_ascii_end();
        let mut effect = MetaEffect::of(line);
        if let Some(role) = dump::connect_user(line) {
            match dump::connect_target(line) {
                Some(name) => self.connect(name),
                None => {
                    self.end_script();
                    (self.subjects, self.settings) = (Subjects::default(), Follower::default());
                }
            }
            let whose =
                [b"SET SESSION AUTHORIZATION ", crate::escalation::literal(role.bytes()).as_slice(), b";"]
                    .concat();
            // It is one statement of ours, which holds nothing but a name.
            let _ = self.add_text(&whose, Place::At(at));
        } else if let Some(name) = dump::connect_target(line) {
            self.connect(name);
        } else if let Some(encoding) = dump::encoding_target(line) {
            self.end_script();
            self.settings.encode(&encoding, Place::At(at));
        } else if effect == Some(MetaEffect::Quits) {
            self.end_script();
            // Where something follows, it is that which is not restored.
            let then = self.work();
            self.quit.get_or_insert((self.plan.meta_commands.len(), then));
            effect = Some(MetaEffect::Prints);
        }
        if let Some(effect) = effect {
            self.plan.meta_commands.push(MetaCommand { at: Place::At(at), excerpt: excerpt(line), effect });
        }
    }

    /// How much was planned so far.
    fn work(&mut self) -> (usize, usize, usize) {
        (self.plan.databases.len(), self.steps().len(), self.plan.cluster.len())
    }

    /// Returns the plan.
    pub fn finish(mut self) -> Plan {
        if let Some((command, then)) = self.quit
            && self.work() != then
        {
            self.plan.meta_commands[command].effect = MetaEffect::Quits;
        }
        self.plan.databases.iter_mut().for_each(forget_what_comes_again);
        let databases = &mut self.plan.databases;
        databases.retain(|database| database.name.is_some() || !database.steps.is_empty());
        // One that is made and never connected to is empty; where there is no `\connect` at all, all of it is about one.
        if databases.iter().any(|database| database.name.is_some()) {
            let makes = |step: &&Step| step.subject.class == Class::Part(Role::Definition);
            let made =
                self.plan.cluster.iter().filter(makes).filter_map(|step| step.subject.address.as_ref());
            for made in made.filter(|address| address.kind == Kind::Database) {
                if !databases.iter().any(|database| database.name.as_ref() == Some(&made.name)) {
                    let name = Some(made.name.clone());
                    databases.push(DatabasePlan { name, ..DatabasePlan::default() });
                }
            }
        }
        self.plan.databases.iter_mut().for_each(DatabasePlan::finish);
        self.plan
    }
}

/// Says whether every database has something from its beginning.
fn is_everywhere(address: &Address) -> bool {
    match address.kind {
        Kind::Schema => address.name.bytes() == b"public",
        Kind::Extension | Kind::Language => address.name.bytes() == b"plpgsql",
        _ => false,
    }
}

/// Leaves out what takes away, in front of everything else, what every database has and the dump makes again.
fn forget_what_comes_again(database: &mut DatabasePlan) {
    let first = database.steps.iter().position(|step| !removes(step)).unwrap_or(database.steps.len());
    let (head, rest) = database.steps.split_at(first);
    let made = |address: &Address| {
        rest.iter().any(|step| match step.subject.class {
            Class::Part(Role::Definition) => step.subject.address.as_ref() == Some(address),
            // That of PL/pgSQL.
            Class::Noise(Noise::BuiltIn) => address.kind != Kind::Schema,
            _ => false,
        })
    };
    let comes_again = |step: &Step| {
        let removed = &step.subject.removed;
        !removed.is_empty() && removed.iter().all(|address| is_everywhere(address) && made(address))
    };
    let stays: Vec<bool> = head.iter().map(|step| !comes_again(step)).collect();
    // The transactions count the steps.
    if database.blocks.is_empty() && database.undone.is_empty() {
        let mut at = 0;
        database.steps.retain(|_| {
            at += 1;
            stays.get(at - 1).copied().unwrap_or(true)
        });
    }
}

/// What the data is about that a statement carries, if that may be long: such statements stay in the file.
fn script_subject(statement: &Statement<'_>, subject: &Subject) -> Option<Subject> {
    match subject.class {
        Class::Data(DataForm::Insert) => Some(subject.clone()),
        Class::Data(DataForm::LargeObject) => {
            let fills = fills_large_object(statement);
            fills.then(|| Subject { address: None, ..subject.clone() })
        }
        _ => None,
    }
}

/// Says whether a statement opens, fills or closes a large object.
pub(crate) fn fills_large_object(statement: &Statement<'_>) -> bool {
    let fills = |token: &dump::lexer::Token| {
        let word = statement.bytes(*token).to_ascii_lowercase();
        [&b"lo_open"[..], b"lowrite", b"lo_close"].contains(&word.as_slice())
    };
    statement.begins_with(&["SELECT"]) && statement.tokens.iter().take(4).any(fills)
}

/// The statement that gives what a statement makes to the role that the session acts as.
///
/// A role that stands in for the one meant may make things nowhere; owning them is all that the session's role is for.
fn given_owner(subject: &Subject, statement: &Statement<'_>) -> Option<(Subject, Vec<u8>)> {
    let (owner, address) = (subject.owner.as_ref()?, subject.address.as_ref()?);
    // The query of a view that was empty at first.
    let replaces_view = address.kind == Kind::View && statement.begins_with(&["CREATE", "OR", "REPLACE"]);
    let made = match subject.class {
        Class::Part(Role::Definition) => address.kind.is_ownable() && !replaces_view,
        Class::Data(DataForm::LargeObject) => statement.begins_with(&["SELECT"]),
        _ => false,
    };
    let subject = Subject { class: Class::Part(Role::Owner), ..subject.clone() };
    made.then(|| (subject, owner_statement(address, owner)))
}

/// The statement that gives something an owner.
pub(crate) fn owner_statement(address: &Address, owner: &Name) -> Vec<u8> {
    // `ALTER` names neither the table of statistics nor what else the thing is on.
    let alone = Address { parent: None, ..address.clone() };
    let kind = address.kind.to_sql().as_bytes();
    [b"ALTER ", kind, b" ", &*alone.to_sql(), b" OWNER TO ", &*owner.to_sql(), b";"].concat()
}

/// What an address is a part of, at the end of the chain.
pub(crate) fn root(address: &Address) -> &Address {
    address.parent.as_deref().map_or(address, root)
}
