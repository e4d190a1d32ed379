//! The data of a dump on its way from the events to whoever wants it, counted and hashed as it flows past.

use std::collections::BTreeMap;
use std::io;

use crate::content::{ByteHasher, Content};
use crate::copy_form::{Converter, Form, with_lines};
use crate::event::{Statement, Want};
use crate::identify::DataForm;
use crate::lexer::{Token, TokenKind};
use crate::object::Address;
use crate::schema::Part;
use crate::{Name, values};

/// The data of one database.
#[derive(Debug, Default)]
pub struct Data {
    /// The tables whose rows, or their content, were wanted.
    pub tables: BTreeMap<Address, TableData>,
    /// Sequence values and matviews to be refreshed, in the order of the dump.
    pub statements: Vec<DataStatement>,
    /// The large objects by their numbers.
    pub large_objects: BTreeMap<u32, LargeObject>,
}

impl Data {
    /// Forgets the data of the relations that the test is false for, except for large objects.
    pub fn retain(&mut self, mut keep: impl FnMut(&Address) -> bool) {
        self.tables.retain(|address, _| keep(address));
        self.statements.retain(|statement| keep(&statement.address));
    }

    /// Adds what was seen elsewhere of the same database's data.
    pub(crate) fn append(&mut self, other: Data) {
        self.statements.extend(other.statements);
        for (number, object) in other.large_objects {
            let known = self.large_objects.entry(number).or_default();
            known.parts.extend(object.parts);
            known.content = known.content.or(object.content);
        }
        for (address, table) in other.tables {
            let known = self.tables.entry(address).or_default();
            known.content.add(&table.content);
            known.expressions += table.expressions;
            known.unread |= table.unread;
        }
    }
}

/// What was seen of a table's rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TableData {
    /// The rows.
    pub content: Content,
    /// Number of rows written as `INSERT` of expressions, which have no COPY text: they are not in `content`.
    pub expressions: u64,
    /// Number of `INSERT`s of a query, whose rows nobody knows without running it.
    pub queries: u64,
    /// Whether rows stand behind a COPY whose options are not understood, or leave some out: they were counted as lines.
    pub unread: bool,
}

/// A small statement that belongs to the data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataStatement {
    /// The sequence or matview.
    pub address: Address,
    /// What it is.
    pub form: DataForm,
    /// Its canonical text, with `;` and a line break at the end.
    pub text: Vec<u8>,
}

/// A large object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LargeObject {
    /// Its owner, comment and privileges.
    pub parts: Vec<Part>,
    /// Its length in bytes and the XXH3-128 hash (seed 0) of them; `None` where the dump has none of its data.
    pub content: Option<(u64, u128)>,
}

/// Takes the data of a dump as it flows past.
///
/// Rows come as COPY text whatever the dump writes: `INSERT` gives the same bytes as `COPY` of the same table.
pub trait DataSink {
    /// Says what is wanted of a relation's rows; `database` is the one connected to.
    fn wants(&mut self, database: Option<&Name>, relation: &Address) -> Want;

    /// Begins a run of rows; `None` stands for all columns that are not generated, in the table's order.
    ///
    /// # Errors
    /// Whatever the sink cannot store; reading stops.
    fn begin(&mut self, relation: &Address, columns: Option<&[Name]>) -> io::Result<()>;

    /// Takes whole lines of the run that began last, each with its line break.
    ///
    /// # Errors
    /// As for [`begin`](Self::begin).
    fn rows(&mut self, lines: &[u8]) -> io::Result<()>;
}

/// Wants no data.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoData;

impl DataSink for NoData {
    fn wants(&mut self, _: Option<&Name>, _: &Address) -> Want {
        Want::Nothing
    }

    fn begin(&mut self, _: &Address, _: Option<&[Name]>) -> io::Result<()> {
        Ok(())
    }

    fn rows(&mut self, _: &[u8]) -> io::Result<()> {
        Ok(())
    }
}

/// Wants the content of every table and no rows.
#[derive(Clone, Copy, Debug, Default)]
pub struct AllContent;

impl DataSink for AllContent {
    fn wants(&mut self, _: Option<&Name>, _: &Address) -> Want {
        Want::Content
    }

    fn begin(&mut self, _: &Address, _: Option<&[Name]>) -> io::Result<()> {
        Ok(())
    }

    fn rows(&mut self, _: &[u8]) -> io::Result<()> {
        Ok(())
    }
}

/// The rows that flow past: whose they are, and what is wanted of them.
#[derive(Debug, Default)]
pub(crate) struct Flow {
    run: Option<Run>,
    /// The large object that is open, and what was written to it.
    open: Option<(u32, Option<ByteHasher>)>,
    converted: Vec<u8>,
}

#[derive(Debug)]
struct Run {
    relation: Address,
    want: Want,
    columns: Option<Vec<Name>>,
    /// Makes COPY text of rows in another form.
    converter: Option<Converter>,
    /// Whether the sink was told, and which columns were left out then.
    begun: Option<Vec<usize>>,
}

impl Flow {
    /// Begins the rows of a COPY; returns what is wanted of them.
    pub fn copy(
        &mut self,
        database: Option<&Name>,
        relation: Address,
        columns: Option<Vec<Name>>,
        form: Form,
        data: &mut Data,
        sink: &mut dyn DataSink,
    ) -> io::Result<Want> {
        let want = self.relation(database, relation, columns, sink);
        self.begin(&[], data, sink)?;
        if form == Form::Usual || want == Want::Nothing {
            return Ok(want);
        }
        if let Some(run) = &mut self.run {
            match form {
                Form::With(options) => run.converter = Some(Converter::new(options)),
                _ => data.tables.entry(run.relation.clone()).or_default().unread = true,
            }
        }
        // What a source counts by itself are lines.
        Ok(Want::Rows)
    }

    /// Begins, or goes on with, rows that come as INSERT.
    pub fn insert(
        &mut self,
        database: Option<&Name>,
        relation: Address,
        columns: Option<Vec<Name>>,
        sink: &mut dyn DataSink,
    ) {
        let same = |run: &Run| run.relation == relation && run.columns == columns;
        if !self.run.as_ref().is_some_and(same) {
            self.relation(database, relation, columns, sink);
        }
    }

    fn relation(
        &mut self,
        database: Option<&Name>,
        relation: Address,
        columns: Option<Vec<Name>>,
        sink: &mut dyn DataSink,
    ) -> Want {
        let want = sink.wants(database, &relation);
        self.run = Some(Run { relation, want, columns, converter: None, begun: None });
        want
    }

    /// Tells the sink of the run, without the columns that are generated.
    fn begin(&mut self, defaults: &[usize], data: &mut Data, sink: &mut dyn DataSink) -> io::Result<()> {
        let new = |run: &&mut Run| run.begun.as_deref() != Some(defaults) && run.want != Want::Nothing;
        let Some(run) = self.run.as_mut().filter(new) else { return Ok(()) };
        run.begun = Some(defaults.to_vec());
        data.tables.entry(run.relation.clone()).or_default();
        if run.want != Want::Rows {
            return Ok(());
        }
        let written: Option<Vec<Name>> = run.columns.as_ref().map(|columns| {
            let kept = columns.iter().enumerate().filter(|(at, _)| !defaults.contains(at));
            kept.map(|(_, name)| name.clone()).collect()
        });
        sink.begin(&run.relation, written.as_deref())
    }

    /// Takes lines that a dump has behind a COPY.
    pub fn copied(&mut self, lines: &[u8], data: &mut Data, sink: &mut dyn DataSink) -> io::Result<()> {
        let Some(run) = self.run.as_mut().filter(|run| run.want != Want::Nothing) else { return Ok(()) };
        let Some(converter) = &mut run.converter else {
            return self.lines(&with_lines(lines), data, sink);
        };
        let mut converted = std::mem::take(&mut self.converted);
        converted.clear();
        converter.lines(lines, &mut converted);
        self.lines(&converted, data, sink)?;
        self.converted = converted;
        Ok(())
    }

    /// Ends the rows of a COPY.
    pub fn end_copy(&mut self, data: &mut Data, sink: &mut dyn DataSink) -> io::Result<()> {
        let mut rest = Vec::new();
        let converter = self.run.as_mut().and_then(|run| run.converter.as_mut());
        converter.into_iter().for_each(|converter| converter.finish(&mut rest));
        self.lines(&rest, data, sink)?;
        self.end();
        Ok(())
    }

    /// Takes lines of COPY text.
    fn lines(&mut self, lines: &[u8], data: &mut Data, sink: &mut dyn DataSink) -> io::Result<()> {
        let wanted = |run: &&Run| run.want != Want::Nothing && !lines.is_empty();
        let Some(run) = self.run.as_ref().filter(wanted) else { return Ok(()) };
        data.tables.entry(run.relation.clone()).or_default().content.add_lines(lines);
        if run.want == Want::Rows { sink.rows(lines) } else { Ok(()) }
    }

    /// Takes rows that were counted elsewhere.
    pub fn counted(&mut self, content: &Content, data: &mut Data) {
        if let Some(run) = &self.run {
            data.tables.entry(run.relation.clone()).or_default().content.add(content);
        }
    }

    /// Takes rows as INSERT writes them, from behind `VALUES` on; none are `DEFAULT VALUES`.
    pub fn values(
        &mut self,
        text: &[u8],
        tokens: Option<&[Token]>,
        standard_conforming_strings: bool,
        data: &mut Data,
        sink: &mut dyn DataSink,
    ) -> io::Result<()> {
        if self.run.as_ref().is_none_or(|run| run.want == Want::Nothing) {
            return Ok(());
        }
        let mut rows = values::Rows { standard_conforming_strings, defaults: Vec::new() };
        let mut lines = std::mem::take(&mut self.converted);
        lines.clear();
        let converted = match tokens {
            // A table without columns; its rows are empty lines.
            None => {
                lines.push(b'\n');
                Ok(1)
            }
            Some(tokens) => rows.write(text, tokens, &mut lines),
        };
        self.begin(&rows.defaults, data, sink)?;
        match (converted, &self.run) {
            (Ok(_), _) => self.lines(&lines, data, sink)?,
            (Err(values::NotPlain), Some(run)) => {
                data.tables.entry(run.relation.clone()).or_default().expressions +=
                    values::count(tokens.unwrap_or_default());
            }
            (Err(_), None) => {}
        }
        self.converted = lines;
        Ok(())
    }

    /// Ends the run: what comes next belongs to something else.
    pub fn end(&mut self) {
        self.run = None;
    }

    /// Takes a statement that makes, opens, fills or closes a large object (`dumpLOs` in pg_dump.c, `StartRestoreLO` in
    /// pg_backup_archiver.c).
    pub fn large_object(&mut self, statement: &Statement<'_>, number: Option<u32>, data: &mut Data) {
        let calls = |name: &[u8]| {
            let is = |token: &Token| statement.bytes(*token).eq_ignore_ascii_case(name);
            statement.tokens.iter().take(4).any(is)
        };
        match number {
            Some(number) => {
                data.large_objects.entry(number).or_default();
                if calls(b"lo_open") {
                    self.open = Some((number, Some(ByteHasher::default())));
                }
            }
            None if calls(b"lowrite") => {
                if let Some((_, written)) = &mut self.open {
                    let literal = statement.tokens.iter().rev().find(|token| token.kind == TokenKind::String);
                    let bytes = literal.and_then(|token| hexadecimal(statement.bytes(*token)));
                    match (written.as_mut(), bytes) {
                        (Some(hasher), Some(bytes)) => hasher.add(&bytes),
                        _ => *written = None,
                    }
                }
            }
            None => {
                if let Some((number, written)) = self.open.take() {
                    let content = written.map(|hasher| hasher.finish());
                    data.large_objects.entry(number).or_default().content = content;
                }
            }
        }
    }
}

/// The bytes of a literal such as `'\x00ff'` or `E'\\x00ff'`.
fn hexadecimal(literal: &[u8]) -> Option<Vec<u8>> {
    let digits = literal.split(|byte| *byte == b'x').nth(1)?.strip_suffix(b"'")?;
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let byte = |pair: &[u8]| match pair {
        [high, low] => u8::try_from(digit(*high)? * 16 + digit(*low)?).ok(),
        _ => None,
    };
    digits.chunks(2).map(byte).collect()
}
