//! A plain dump as a stream of events.
//!
//! The spans of the events, one behind the other, are the input byte for byte. Rows of COPY flow past in
//! chunks of whole lines, or are jumped over; everything else is handed out a statement at a time.

use crate::content::Content;
use crate::error::{Error, Fault};
use crate::lexer::{Lexer, Step, Token, TokenKind, is_space};
use crate::position::Position;
use crate::source::{Source, Stream};

mod conflict;
mod nesting;
mod rows;
mod stray;
mod weight;

use nesting::Nesting;
pub use stray::is_command;
use stray::{BYTE_ORDER_MARK, Colons, Front, excerpt};
pub use weight::Kept;
use weight::Weight;

/// First size of the buffer, and how much is read at once.
const READ: usize = 256 * 1024;
/// A gap longer than this is handed out in pieces, and a row of which only the content is wanted is not kept.
const LONG: usize = 64 * 1024;
/// An INSERT longer than this is handed out in pieces of whole rows, so that its size costs no memory.
const LONG_INSERT: usize = 1024 * 1024;
/// Encodings that only clients can have and in which a byte of a character can look like a quote or a
/// backslash (PostgreSQL's manual, "Supported Character Sets", and `PG_ENCODING_BE_LAST` in pg_wchar.h).
const UNSAFE_ENCODINGS: [&str; 7] = ["SJIS", "BIG5", "GBK", "UHC", "GB18030", "JOHAB", "SHIFT_JIS_2004"];

/// What comes next in a dump.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// White space or one comment between statements, or a piece of one that is long; see [`Events::is_within_comment`].
    /// Or, if it begins otherwise, lines that a program wrote in front of the dump.
    Gap(&'a [u8]),
    /// A statement, from its first token to its `;`.
    Statement(Statement<'a>),
    /// The next rows of an INSERT whose [`Statement::complete`] is false; the last piece ends with `;`, others with
    /// the comma behind a row.
    Values {
        /// The bytes.
        text: &'a [u8],
        /// Their tokens, as in [`Statement::tokens`], without the `;` or comma at the end.
        tokens: &'a [Token],
        /// Whether the statement ends here.
        last: bool,
    },
    /// A psql meta-command: the line from its backslash on, with its line break.
    Meta(&'a [u8]),
    /// Whole lines of COPY data, each with its line break; behind the last of them a row ends.
    Rows(&'a [u8]),
    /// Bytes of COPY data that were jumped over; begins and ends at a line's beginning.
    RowsSkipped(u64),
    /// Bytes of COPY data of which only this was wanted, and the source could tell, or a row is long; as
    /// [`Event::RowsSkipped`] else.
    RowsCounted(u64, Content),
    /// The line `\.` that ends COPY data.
    EndOfRows(&'a [u8]),
}

/// A statement with its tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Statement<'a> {
    /// Where its first token stands.
    pub at: Position,
    /// Its bytes, `;` included.
    pub text: &'a [u8],
    /// Its tokens without white space, comments and the `;`; offsets count from the beginning of `text`.
    pub tokens: &'a [Token],
    /// False for a long INSERT, of which this is the first part, up to the comma behind a row; [`Event::Values`]
    /// follow.
    pub complete: bool,
}

impl<'a> Statement<'a> {
    /// Returns the bytes of a token.
    pub fn bytes(&self, token: Token) -> &'a [u8] {
        &self.text[token.start..token.end]
    }

    /// Says whether the statement begins with these key words.
    pub fn begins_with(&self, words: &[&str]) -> bool {
        self.tokens.len() >= words.len()
            && words.iter().zip(self.tokens).all(|(word, token)| {
                token.kind == TokenKind::Word && self.bytes(*token).eq_ignore_ascii_case(word.as_bytes())
            })
    }

    /// Says whether rows follow it: it is a `COPY … FROM stdin`.
    pub fn is_copy_from_stdin(&self) -> bool {
        self.begins_with(&["COPY"])
            && self.tokens.windows(2).any(|pair| {
                pair.iter().all(|token| token.kind == TokenKind::Word)
                    && self.bytes(pair[0]).eq_ignore_ascii_case(b"from")
                    && self.bytes(pair[1]).eq_ignore_ascii_case(b"stdin")
            })
    }
}

/// Reads a plain dump event by event.
///
/// ```
/// use dump::{Event, Events, Stream};
/// let text = b"COPY t (a) FROM stdin;\n1\n\\.\n";
/// let mut events = Events::new(Stream(&text[..]));
/// let mut seen = Vec::new();
/// while let Some(event) = events.next()? {
///     seen.extend_from_slice(match event {
///         Event::Gap(text) | Event::Rows(text) | Event::EndOfRows(text) => text,
///         Event::Statement(statement) => statement.text,
///         _ => unreachable!(),
///     });
/// }
/// assert_eq!(seen, text);
/// # Ok::<(), dump::Error>(())
/// ```
#[derive(Debug)]
pub struct Events<S> {
    source: S,
    buf: Vec<u8>,
    /// The bytes of the buffer that no event covers yet begin here …
    start: usize,
    /// … and end here.
    end: usize,
    at_end: bool,
    /// Where `buf[start]` stands in the input.
    at: Position,
    lexer: Lexer,
    tokens: Vec<Token>,
    state: State,
    want: Want,
    /// Whether the source may be able to count the rows of the present COPY by itself.
    source_counts: bool,
    /// Where the comment began of which a piece was handed out.
    comment: Option<Position>,
    /// Whether nothing of a dump came yet but blanks and comments.
    in_front: bool,
    /// How much memory may be taken, where the source does not know.
    room: u64,
}

/// What a reader wants of a table's rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Want {
    /// The rows.
    #[default]
    Rows,
    /// Their count, length and hash.
    Content,
    /// That there are such, at most.
    Nothing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Between,
    /// Behind `FROM stdin;`, before the line break.
    CopyHead,
    /// Within COPY rows, at the beginning of a line; the rows began there.
    Rows(Position),
    /// Within a long INSERT, at the beginning of a row; it began there.
    Values(Position),
}

impl<'t> Events<Stream<&'t [u8]>> {
    /// Makes a reader of a text in memory.
    pub(crate) fn of(text: &'t [u8], room: u64) -> Self {
        let mut events = Events::with_buffer(Stream(&text[text.len()..]), text.to_vec());
        (events.end, events.at_end, events.room) = (text.len(), true, room);
        events.is_a_part();
        events
    }
}

impl<S: Source> Events<S> {
    /// Makes a reader that begins at the first byte of the source's text.
    pub fn new(source: S) -> Self {
        let at = Position { byte: source.start(), ..Position::START };
        Events { at, ..Events::with_buffer(source, vec![0; READ]) }
    }

    fn with_buffer(source: S, buf: Vec<u8>) -> Self {
        Events {
            source,
            buf,
            start: 0,
            end: 0,
            at_end: false,
            at: Position::START,
            lexer: Lexer::default(),
            tokens: Vec::new(),
            state: State::Between,
            want: Want::Rows,
            source_counts: true,
            comment: None,
            in_front: true,
            room: u64::MAX,
        }
    }

    /// Says that the input is a part of a dump: nothing can stand in front of it.
    pub fn is_a_part(&mut self) {
        self.in_front = false;
    }

    /// Returns how many bytes of memory may be taken now for what is kept of the input.
    pub fn room(&self) -> u64 {
        self.room.min(self.source.room())
    }

    /// Says whether the next [`Event::Gap`] goes on with a long comment of which a piece was handed out.
    pub fn is_within_comment(&self) -> bool {
        self.comment.is_some()
    }

    /// Says how the first literals are to be read, where that was set before the input begins.
    pub fn set_standard_conforming_strings(&mut self, on: bool) {
        self.lexer.standard_conforming_strings = on;
    }

    /// Returns where the next event begins.
    pub fn position(&self) -> Position {
        self.at
    }

    /// Says what is wanted of the rows of the COPY just handed out.
    ///
    /// [`Want::Nothing`] makes them come as [`Event::RowsSkipped`]. [`Want::Content`] makes them come as
    /// [`Event::RowsCounted`] where the source can count by itself, else as [`Event::Rows`].
    pub fn want(&mut self, want: Want) {
        self.want = want;
    }

    /// Returns the next event, or `None` behind the last byte.
    ///
    /// # Errors
    /// When the source cannot be read, or what it holds cannot be a dump; see [`Fault`].
    #[expect(clippy::should_implement_trait, reason = "an event borrows from its reader")]
    pub fn next(&mut self) -> Result<Option<Event<'_>>, Error> {
        // Memory of one long statement is given back before the next is read.
        if self.start == self.end && self.buf.len() > 16 * READ {
            self.buf = vec![0; READ];
            (self.start, self.end) = (0, 0);
        }
        self.tokens.clear();
        self.tokens.shrink_to(READ);
        match self.state {
            State::Between => self.between(),
            State::CopyHead => self.copy_head(),
            State::Rows(began) => self.rows(began),
            State::Values(began) => self.values(began),
        }
    }

    /// Reads more bytes behind those in the buffer, which it makes larger where they fill it.
    fn fill(&mut self) -> Result<(), Error> {
        self.check_room()?;
        if self.start > 0 {
            self.buf.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.end == self.buf.len() {
            self.buf.resize(self.buf.len() * 2, 0);
        }
        loop {
            match self.source.read(&mut self.buf[self.end..]) {
                Ok(0) => self.at_end = true,
                Ok(read) => self.end += read,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(source) => return Err(Error::Read { at: self.at.beyond(self.end as u64), source }),
            }
            // What is long may be looked at again from its beginning: the more there is, the more has to come at once.
            if self.at_end || self.end == self.buf.len() || self.buf.len() <= 4 * READ {
                return Ok(());
            }
        }
    }

    /// Makes sure that what is in memory of one statement, line or row is no more than it may be.
    fn check_room(&self) -> Result<(), Error> {
        let (at, gone) = match self.state {
            State::Values(began) => (began, self.at.byte - began.byte),
            _ => (self.at, 0),
        };
        let weight = Weight { text: gone + (self.end - self.start) as u64, tokens: self.tokens.len() };
        let fault = match self.state {
            State::Rows(_) => weight.fault_of_row(self.room()),
            _ => weight.fault_of_statement(self.room()),
        };
        fault.map_or(Ok(()), |fault| Err(Error::Fault { at, fault }))
    }

    /// Takes `len` bytes as covered by an event and returns their range in the buffer.
    fn take(&mut self, len: usize) -> std::ops::Range<usize> {
        let range = self.start..self.start + len;
        self.start = range.end;
        self.at = self.at.after(&self.buf[range.clone()]);
        range
    }

    fn fault(&self, offset: usize, fault: Fault) -> Error {
        let at = self.at.after(&self.buf[self.start..self.start + offset]);
        Error::Fault { at, fault }
    }

    /// Lexes the token that begins `offset` bytes behind `start`.
    fn token(&mut self, offset: usize) -> Result<Option<Token>, Error> {
        loop {
            match self.lexer.step(&self.buf[self.start..self.end], offset, self.at_end) {
                Ok(Step::Token(token)) => return Ok(Some(token)),
                Ok(Step::NeedMore) => self.fill()?,
                Ok(Step::End) => return Ok(None),
                Err((fault, offset)) => return Err(self.fault(offset, fault)),
            }
        }
    }

    fn between(&mut self) -> Result<Option<Event<'_>>, Error> {
        let first = loop {
            match self.lexer.step(&self.buf[self.start..self.end], 0, self.at_end) {
                // The rest of a comment that was handed out in pieces.
                Ok(Step::Token(Token { end: 0, .. })) => self.comment = None,
                Ok(Step::Token(token)) => break token,
                Ok(Step::NeedMore) => {
                    if let Some(len) = self.long_gap() {
                        return Ok(Some(self.gap(len)));
                    }
                    self.fill()?;
                }
                Ok(Step::End) => return Ok(None),
                Err((fault, offset)) => {
                    let began = self.comment.map(|at| Error::Fault { at, fault: fault.clone() });
                    return Err(began.unwrap_or_else(|| self.fault(offset, fault)));
                }
            }
        };
        match first.kind {
            TokenKind::Space | TokenKind::Comment => {
                self.comment = None;
                Ok(Some(self.gap(first.end)))
            }
            TokenKind::Backslash => {
                let len = self.line_len()?;
                let at = self.at;
                let range = self.take(len);
                let line = &self.buf[range];
                match crate::encoding_target(line.trim_ascii_end()) {
                    Some(encoding) if UNSAFE_ENCODINGS.contains(&encoding.as_str()) => {
                        Err(Error::Fault { at, fault: Fault::UnsafeEncoding(encoding) })
                    }
                    _ => Ok(Some(Event::Meta(line))),
                }
            }
            _ => self.statement(first),
        }
    }

    /// Length of what can be handed out of a gap whose end is not in the buffer; `None` while it is short.
    fn long_gap(&mut self) -> Option<usize> {
        let rest = &self.buf[self.start..self.end];
        if rest.len() < LONG {
            return None;
        }
        if let Some(len) = self.lexer.comment_so_far() {
            self.lexer.forget_comment_so_far();
            self.comment.get_or_insert(self.at);
            return Some(len);
        }
        rest.iter().all(|byte| is_space(*byte)).then_some(rest.len())
    }

    fn gap(&mut self, len: usize) -> Event<'_> {
        let range = self.take(len);
        Event::Gap(&self.buf[range])
    }

    /// Length of the line at `start`, its line break included where it has one.
    fn line_len(&mut self) -> Result<usize, Error> {
        let mut from = 0;
        loop {
            let rest = &self.buf[self.start..self.end];
            if let Some(hit) = memchr::memchr(b'\n', &rest[from..]) {
                return Ok(from + hit + 1);
            }
            from = rest.len();
            if self.at_end {
                return Ok(from);
            }
            self.fill()?;
        }
    }

    fn statement(&mut self, first: Token) -> Result<Option<Event<'_>>, Error> {
        let mut nesting = Nesting::default();
        let mut colons = Colons::default();
        let mut front = std::mem::take(&mut self.in_front).then(Front::default);
        let begin = &self.buf[self.start + first.start..self.start + first.end];
        let begins_as_sql = is_command(begin);
        if front.is_none() && begin.starts_with(BYTE_ORDER_MARK) {
            return Err(self.fault(0, Fault::ByteOrderMark));
        }
        let mut token = first;
        let len = loop {
            let text = &self.buf[self.start..self.end];
            match token.kind {
                TokenKind::Space => {}
                TokenKind::Comment => {
                    if nesting.is_outside()
                        && let Some(len) = front.as_mut().and_then(|front| front.comment(token, text))
                    {
                        return Ok(Some(self.in_front_of_dump(len)));
                    }
                }
                TokenKind::Semicolon if nesting.is_outside() => {
                    let len = front.as_ref().filter(|front| front.line().is_some() || !begins_as_sql);
                    if let Some(len) = len.and_then(|front| front.len(&self.tokens, text, token.end)) {
                        return Ok(Some(self.in_front_of_dump(len)));
                    }
                    if !begins_as_sql && stray::swallows(&self.tokens, text) {
                        return Err(self.message(0));
                    }
                    break token.end;
                }
                TokenKind::Backslash => {
                    let error = self.fault(token.start, Fault::MetaCommandInStatement(self.at));
                    return Err(self.because_of_front(front.as_ref(), begins_as_sql, error));
                }
                _ => {
                    nesting.see(token, text);
                    if let Some(offset) = conflict::marker(token, text) {
                        return Err(self.fault(offset, Fault::ConflictMarker));
                    }
                    if let Some(line) = colons.see(token, text) {
                        let may = |front: &mut Front| front.message(line, token.start, begins_as_sql);
                        if !front.as_mut().is_some_and(may) {
                            return Err(self.message(line));
                        }
                    }
                    if let Some(front) = &mut front {
                        front.token();
                        // A quote in a message takes what follows for a literal.
                        if memchr::memchr(b'\n', &text[token.start..token.end]).is_some() {
                            self.check_front(Some(front))?;
                        }
                    }
                    self.push(token)?;
                }
            }
            if token.end >= LONG_INSERT
                && token.kind == TokenKind::Comma
                && nesting.is_outside()
                && self.is_insert()
            {
                let at = self.at;
                self.state = State::Values(at);
                let range = self.take(token.end);
                let text = &self.buf[range];
                let statement = Statement { at, text, tokens: &self.tokens, complete: false };
                return Ok(Some(Event::Statement(statement)));
            }
            let next = self
                .token(token.end)
                .and_then(|next| next.ok_or_else(|| self.fault(0, Fault::UnterminatedStatement)));
            token = match next {
                // Such as a literal without an end, which a quote in a message begins.
                Err(error @ Error::Fault { .. }) => {
                    return Err(self.because_of_front(front.as_ref(), begins_as_sql, error));
                }
                next => next?,
            };
        };
        self.check_front(front.as_ref())?;
        let at = self.at;
        let weight = Weight { text: len as u64, tokens: self.tokens.len() };
        if let Some(fault) = weight.fault_of_statement(self.room()) {
            return Err(Error::Fault { at, fault });
        }
        let range = self.take(len);
        let statement = Statement { at, text: &self.buf[range], tokens: &self.tokens, complete: true };
        if statement.is_copy_from_stdin() {
            self.state = State::CopyHead;
        }
        if let Some(on) = standard_conforming_strings(&statement) {
            self.lexer.standard_conforming_strings = on;
        }
        if let Some(encoding) = client_encoding(&statement)
            && UNSAFE_ENCODINGS.contains(&encoding.as_str())
        {
            return Err(Error::Fault { at, fault: Fault::UnsafeEncoding(encoding) });
        }
        Ok(Some(Event::Statement(statement)))
    }

    /// Hands out lines that are no part of the dump, which begins behind them.
    fn in_front_of_dump(&mut self, len: usize) -> Event<'_> {
        self.in_front = true;
        self.gap(len)
    }

    /// Makes sure that no line of a program was seen in front of the dump of which psql would lose a part with it.
    fn check_front(&mut self, front: Option<&Front>) -> Result<(), Error> {
        let Some(line) = front.and_then(Front::line) else { return Ok(()) };
        Err(self.message(line))
    }

    /// Makes a fault of a program's line that begins at an offset; of the line as much is told however the input comes.
    fn message(&mut self, line: usize) -> Error {
        let is_there =
            |text: &[u8]| text.len() >= stray::EXCERPT || memchr::memchr2(b'\n', b'\r', text).is_some();
        while !self.at_end && !is_there(&self.buf[self.start + line..self.end]) {
            if let Err(error) = self.fill() {
                return error;
            }
        }
        self.fault(line, Fault::Message(excerpt(&self.buf[self.start..self.end], line)))
    }

    /// Says what a fault comes from: in front of a dump, from text that begins with no command.
    fn because_of_front(&mut self, front: Option<&Front>, begins_as_sql: bool, error: Error) -> Error {
        let Some(front) = front else { return error };
        let line = front.line().or((!begins_as_sql).then_some(0));
        line.map_or(error, |line| self.message(line))
    }

    /// Keeps a token of the present statement.
    fn push(&mut self, token: Token) -> Result<(), Error> {
        self.tokens.push(token);
        if self.tokens.len().is_multiple_of(1024) { self.check_room() } else { Ok(()) }
    }

    fn is_insert(&self) -> bool {
        self.tokens.first().is_some_and(|token| {
            let text = &self.buf[self.start..self.end];
            text[token.start..token.end].eq_ignore_ascii_case(b"insert")
        })
    }

    fn values(&mut self, began: Position) -> Result<Option<Event<'_>>, Error> {
        let (mut depth, mut len) = (0_u32, 0);
        let mut colons = Colons::default();
        loop {
            let Some(token) = self.token(len)? else {
                return Err(Error::Fault { at: began, fault: Fault::UnterminatedStatement });
            };
            len = token.end;
            let last = match token.kind {
                TokenKind::Space | TokenKind::Comment => continue,
                TokenKind::Backslash => {
                    return Err(self.fault(token.start, Fault::MetaCommandInStatement(began)));
                }
                TokenKind::Semicolon if depth == 0 => true,
                TokenKind::Comma if depth == 0 && len >= READ => false,
                kind => {
                    let text = &self.buf[self.start..self.end];
                    if let Some(offset) = conflict::marker(token, text) {
                        return Err(self.fault(offset, Fault::ConflictMarker));
                    }
                    if let Some(line) = colons.see(token, text) {
                        return Err(self.message(line));
                    }
                    match kind {
                        TokenKind::LeftParen => depth += 1,
                        TokenKind::RightParen => depth = depth.saturating_sub(1),
                        _ => {}
                    }
                    self.push(token)?;
                    continue;
                }
            };
            self.check_room()?;
            self.state = if last { State::Between } else { State::Values(began) };
            let range = self.take(len);
            return Ok(Some(Event::Values { text: &self.buf[range], tokens: &self.tokens, last }));
        }
    }
}

/// The value of a `SET standard_conforming_strings`, which changes how the rest is to be read; `on` where it is reset.
fn standard_conforming_strings(statement: &Statement<'_>) -> Option<bool> {
    const NAME: &str = "standard_conforming_strings";
    if statement.tokens.len() == 2 {
        let ways: [&[&str]; 3] = [&["RESET", "ALL"], &["DISCARD", "ALL"], &["RESET", NAME]];
        return ways.iter().any(|words| statement.begins_with(words)).then_some(true);
    }
    let value = setting(statement, NAME)?;
    Some(matches!(value.to_ascii_lowercase().as_str(), "on" | "true" | "1" | "yes" | "default"))
}

/// The value of a `SET client_encoding`, in upper case.
pub(crate) fn client_encoding(statement: &Statement<'_>) -> Option<String> {
    setting(statement, "client_encoding").map(|value| value.to_ascii_uppercase())
}

fn setting(statement: &Statement<'_>, name: &str) -> Option<String> {
    let scoped = statement.begins_with(&["SET", "SESSION"]) || statement.begins_with(&["SET", "LOCAL"]);
    let (set, parameter, equals, value) = match statement.tokens {
        [set, parameter, equals, value] => (set, parameter, equals, value),
        [set, _, parameter, equals, value] if scoped => (set, parameter, equals, value),
        _ => return None,
    };
    let is = |token: &Token, text: &str| statement.bytes(*token).eq_ignore_ascii_case(text.as_bytes());
    let assigns = is(set, "SET") && is(parameter, name) && (is(equals, "=") || is(equals, "TO"));
    let value = String::from_utf8_lossy(statement.bytes(*value)).into_owned();
    assigns.then(|| value.trim_matches(['\'', '"']).to_owned())
}

#[cfg(test)]
mod tests;
