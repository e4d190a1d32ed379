//! The dump that is tampered with, cut into what can be put in, taken out, doubled, moved and respelled.

use std::ops::Range;

use dump::lexer::{Token, TokenKind};
use dump::{Event, Events, Stream};

use crate::random::Random;

/// A statement with its rows, or a meta-command.
pub struct Piece {
    /// Where it is, rows and their end included, without the line break behind it.
    pub range: Range<usize>,
    /// Where its rows are, if it has any.
    pub rows: Option<Range<usize>>,
    /// Its tokens, counted from the beginning of the text.
    pub tokens: Vec<Token>,
}

/// A dump and where its parts are.
pub struct Text {
    /// The dump.
    pub bytes: Vec<u8>,
    /// Its statements.
    pub pieces: Vec<Piece>,
    /// The statements in front of rows, among them, large objects and values of sequences, and behind.
    sections: [Range<usize>; 3],
    /// Where the first statement is that is no setting.
    first: usize,
    /// Where the closing comment begins.
    end: usize,
}

/// Where something is put in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In front of everything.
    Start,
    /// Between statements in front of the rows.
    Head,
    /// Between tables' rows, values of sequences and large objects.
    Middle,
    /// Between statements behind the rows.
    Post,
    /// In front of the closing comment.
    Tail,
    /// Behind the closing comment.
    Behind,
}

impl Place {
    /// All of them.
    pub const ALL: [Place; 6] =
        [Place::Start, Place::Head, Place::Middle, Place::Post, Place::Tail, Place::Behind];

    /// Its name.
    pub fn word(self) -> &'static str {
        match self {
            Place::Start => "start",
            Place::Head => "head",
            Place::Middle => "middle",
            Place::Post => "post-data",
            Place::Tail => "tail",
            Place::Behind => "behind the end",
        }
    }
}

impl Text {
    /// Cuts a dump of pg_dump's.
    pub fn new(bytes: Vec<u8>) -> Text {
        let mut pieces: Vec<Piece> = Vec::new();
        let mut events = Events::new(Stream(bytes.as_slice()));
        loop {
            let start = usize::try_from(events.position().byte).unwrap();
            let Some(event) = events.next().unwrap() else { break };
            match event {
                Event::Statement(statement) => {
                    assert!(statement.complete);
                    let moved = |token: &Token| Token {
                        kind: token.kind,
                        start: start + token.start,
                        end: start + token.end,
                    };
                    let tokens = statement.tokens.iter().map(moved).collect();
                    pieces.push(Piece { range: start..start + statement.text.len(), rows: None, tokens });
                }
                Event::Rows(rows) => {
                    let piece = pieces.last_mut().unwrap();
                    let first = piece.rows.as_ref().map_or(start, |rows| rows.start);
                    piece.rows = Some(first..start + rows.len());
                }
                Event::EndOfRows(line) => {
                    let piece = pieces.last_mut().unwrap();
                    piece.rows.get_or_insert(start..start);
                    piece.range.end = start + line.len() - 1;
                }
                _ => {}
            }
        }
        let word = |piece: &Piece, at: usize| {
            piece.tokens.get(at).map_or(&b""[..], |token| &bytes[token.start..token.end]).to_ascii_uppercase()
        };
        let set = |piece: &Piece| {
            word(piece, 0) == b"SET"
                || bytes[piece.range.clone()].starts_with(b"SELECT pg_catalog.set_config")
        };
        let data = |piece: &Piece| {
            let text = &bytes[piece.range.clone()];
            piece.rows.is_some() || text.starts_with(b"SELECT pg_catalog.setval")
        };
        let first = pieces.iter().position(|piece| !set(piece)).unwrap();
        let begin = pieces.iter().position(data).unwrap();
        let behind = pieces.iter().rposition(|piece| word(piece, 0) == b"COMMIT" || data(piece)).unwrap() + 1;
        let sections = [first..begin, begin..behind, behind..pieces.len()];
        let closing = b"--\n-- PostgreSQL database dump complete";
        let end = bytes.windows(closing.len()).rposition(|part| part == closing).unwrap();
        let first = pieces[first].range.start;
        Text { pieces, sections, first, end, bytes }
    }

    /// The bytes of a piece.
    pub fn of(&self, piece: &Piece) -> &[u8] {
        &self.bytes[piece.range.clone()]
    }

    /// A piece, settings left out.
    pub fn any<'t>(&'t self, random: &mut Random) -> &'t Piece {
        &self.pieces[random.within(self.sections[0].start..self.pieces.len())]
    }

    /// A piece with at least one row.
    pub fn with_rows<'t>(&'t self, random: &mut Random) -> &'t Piece {
        let full = |piece: &&Piece| piece.rows.as_ref().is_some_and(|rows| !rows.is_empty());
        let pieces: Vec<&Piece> = self.pieces.iter().filter(full).collect();
        random.one(&pieces).unwrap()
    }

    /// Where a line begins that something can be put before.
    pub fn place(&self, place: Place, random: &mut Random) -> usize {
        let between = |section: &Range<usize>, random: &mut Random| {
            self.pieces[random.within(section.clone())].range.start
        };
        match place {
            Place::Start => 0,
            Place::Head => between(&self.sections[0], random).max(self.first),
            Place::Middle => between(&self.sections[1], random),
            Place::Post => between(&self.sections[2], random),
            Place::Tail => self.end,
            Place::Behind => self.bytes.len(),
        }
    }

    /// The tokens of a piece with what is between them.
    pub fn tokens<'t>(&'t self, piece: &'t Piece) -> impl Iterator<Item = (TokenKind, &'t [u8])> {
        piece.tokens.iter().map(|token| (token.kind, &self.bytes[token.start..token.end]))
    }
}
