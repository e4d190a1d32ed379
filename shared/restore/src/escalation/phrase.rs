//! A statement read token by token, and written anew from what was understood of it.
//!
//! Whatever a method of [`Phrase`] reads it writes in one spelling that means the same whatever the session's settings are: names
//! quoted where they must be, literals as `E'…'`. What it does not understand it does not read, so that a statement which
//! was read to its [`end`](Phrase::end) holds nothing else.

use dump::lexer::{Lexer, Token, TokenKind};
use dump::{Name, QualifiedName};

/// Reads a statement from its front and writes it again.
pub(super) struct Phrase<'t> {
    text: &'t [u8],
    tokens: Vec<Token>,
    at: usize,
    sql: Vec<u8>,
    standard_conforming_strings: bool,
}

impl<'t> Phrase<'t> {
    /// Cuts a statement into tokens; none where it does not lex, or holds what the wire does not carry.
    pub fn of(text: &'t [u8], standard_conforming_strings: bool) -> Option<Phrase<'t>> {
        let mut lexer = Lexer::default();
        lexer.standard_conforming_strings = standard_conforming_strings;
        let mut tokens = lexer.tokens(text).ok()?;
        tokens.retain(|token| !matches!(token.kind, TokenKind::Space | TokenKind::Comment));
        if tokens.last().is_some_and(|token| token.kind == TokenKind::Semicolon) {
            tokens.pop();
        }
        let clean = !text.contains(&0);
        clean.then(|| Phrase { text, tokens, at: 0, sql: Vec::new(), standard_conforming_strings })
    }

    /// Returns what was written, if all was read.
    pub fn end(self) -> Option<Vec<u8>> {
        (self.at == self.tokens.len()).then_some(self.sql)
    }

    /// Returns what was written so far.
    pub fn written(self) -> Vec<u8> {
        self.sql
    }

    /// Reads on apart: what is written from here on is nobody's but the new one's.
    pub fn split(&self) -> Phrase<'t> {
        Phrase { tokens: self.tokens.clone(), sql: Vec::new(), ..*self }
    }

    /// Says whether all was read.
    pub fn at_end(&self) -> bool {
        self.at == self.tokens.len()
    }

    fn token(&self, ahead: usize) -> Option<(TokenKind, &'t [u8])> {
        let token = self.tokens.get(self.at + ahead)?;
        Some((token.kind, &self.text[token.start..token.end]))
    }

    fn is_word(&self, ahead: usize, word: &str) -> bool {
        let token = self.token(ahead);
        token
            .is_some_and(|(kind, text)| kind == TokenKind::Word && text.eq_ignore_ascii_case(word.as_bytes()))
    }

    /// Says whether these key words come next.
    pub fn sees(&self, words: &str) -> bool {
        words.split(' ').enumerate().all(|(ahead, word)| self.is_word(ahead, word))
    }

    /// Moves behind these key words without writing them, if they come next.
    pub fn skip(&mut self, words: &str) -> bool {
        let seen = self.sees(words);
        if seen {
            self.at += words.split(' ').count();
        }
        seen
    }

    /// Reads these key words, if they come next.
    pub fn eat(&mut self, words: &str) -> bool {
        let seen = self.skip(words);
        if seen {
            self.write(words.as_bytes());
        }
        seen
    }

    /// Reads these key words, which must come next.
    pub fn expect(&mut self, words: &str) -> Option<()> {
        self.eat(words).then_some(())
    }

    /// Reads whichever of these comes next.
    pub fn any_of<'w>(&mut self, choices: &[&'w str]) -> Option<&'w str> {
        choices.iter().copied().find(|words| self.eat(words))
    }

    /// Adds to what is written, apart from what is there.
    pub fn write(&mut self, text: &[u8]) {
        if !self.sql.is_empty() {
            self.sql.push(b' ');
        }
        self.sql.extend_from_slice(text);
    }

    fn kind(&mut self, kind: TokenKind) -> Option<&'t [u8]> {
        let (_, text) = self.token(0).filter(|(found, _)| *found == kind)?;
        self.at += 1;
        Some(text)
    }

    /// Reads a sign such as `(`.
    pub fn sign(&mut self, kind: TokenKind) -> Option<()> {
        let text = self.kind(kind)?;
        self.write(text);
        Some(())
    }

    /// Reads an operator such as `=` or `*`, if it comes next.
    pub fn eat_operator(&mut self, operator: &str) -> bool {
        let seen = self.token(0) == Some((TokenKind::Operator, operator.as_bytes()));
        if seen {
            self.at += 1;
            self.write(operator.as_bytes());
        }
        seen
    }

    /// Says whether an argument of a routine ends here.
    pub fn ends_argument(&self) -> bool {
        let next = self.token(0).map(|(kind, _)| kind);
        matches!(next, Some(TokenKind::Comma | TokenKind::RightParen)) || self.sees("ORDER BY")
    }

    /// Tries to read something; leaves all as it was where that fails.
    pub fn attempt<R>(&mut self, read: impl FnOnce(&mut Self) -> Option<R>) -> Option<R> {
        let (at, len) = (self.at, self.sql.len());
        let read = read(self);
        if read.is_none() {
            self.at = at;
            self.sql.truncate(len);
        }
        read
    }

    /// Reads one or more of something, with commas between them.
    pub fn list<R>(&mut self, mut item: impl FnMut(&mut Self) -> Option<R>) -> Option<Vec<R>> {
        let mut items = vec![item(self)?];
        while self.token(0).is_some_and(|(kind, _)| kind == TokenKind::Comma) {
            self.sign(TokenKind::Comma)?;
            items.push(item(self)?);
        }
        Some(items)
    }

    /// Reads a list in parentheses.
    pub fn in_parentheses<R>(&mut self, item: impl FnMut(&mut Self) -> Option<R>) -> Option<Vec<R>> {
        self.sign(TokenKind::LeftParen)?;
        let items = self.list(item)?;
        self.sign(TokenKind::RightParen)?;
        Some(items)
    }

    /// Looks at one name without moving.
    pub fn peek_name(&self) -> Option<Name> {
        let (kind, text) = self.token(0)?;
        matches!(kind, TokenKind::Word | TokenKind::Identifier).then(|| Name::from_sql(text))
    }

    /// Reads one name and writes nothing.
    pub fn skip_name(&mut self) -> Option<Name> {
        let name = self.peek_name().filter(|name| !name.is_empty())?;
        self.at += 1;
        Some(name)
    }

    /// Reads one name.
    pub fn name(&mut self) -> Option<Name> {
        let name = self.skip_name()?;
        self.write(&name.to_sql());
        Some(name)
    }

    /// Reads one of these names, which need no quotes and may be written with them.
    pub fn name_of(&mut self, known: &[&str]) -> Option<()> {
        let name = self.name()?;
        known.iter().any(|known| name.bytes() == known.as_bytes()).then_some(())
    }

    /// Reads up to this many names with dots between them.
    pub fn dotted(&mut self, most: usize) -> Option<Vec<Name>> {
        let mut names = vec![self.skip_name()?];
        while names.len() < most && self.token(0).is_some_and(|(kind, _)| kind == TokenKind::Dot) {
            self.at += 1;
            names.push(self.skip_name()?);
        }
        let written: Vec<_> = names.iter().map(Name::to_sql).collect();
        self.write(&written.join(&b"."[..]));
        Some(names)
    }

    /// Reads a name with the schema that it is in, which must be there.
    pub fn qualified(&mut self) -> Option<QualifiedName> {
        let mut names = self.dotted(2)?;
        let name = names.pop()?;
        Some(QualifiedName { schema: Some(names.pop()?), name })
    }

    /// Reads a name of the server's own, with its schema or without: under an empty search path nothing else can be meant.
    /// Returns it without the schema.
    pub fn own_name(&mut self) -> Option<Name> {
        let mut names = self.dotted(2)?;
        let name = names.pop()?;
        names.iter().all(|schema| schema.bytes() == b"pg_catalog").then_some(name)
    }

    /// Reads an operator's name with its schema.
    pub fn operator(&mut self) -> Option<QualifiedName> {
        let schema = self.skip_name()?;
        self.kind(TokenKind::Dot)?;
        let symbol = self.kind(TokenKind::Operator)?;
        self.write(&[&*schema.to_sql(), b".", symbol].concat());
        Some(QualifiedName { schema: Some(schema), name: Name::from(symbol) })
    }

    /// Reads a text literal and returns its value. Whether `\` is an ordinary character is for the setting to say; of `E'…'`
    /// only what stands for itself is understood.
    pub fn literal(&mut self) -> Option<Vec<u8>> {
        let value = self.skip_literal()?;
        self.write(&literal(&value));
        Some(value)
    }

    /// The same, and writes nothing.
    pub fn skip_literal(&mut self) -> Option<Vec<u8>> {
        let (_, text) = self.token(0).filter(|(kind, _)| *kind == TokenKind::String)?;
        let (body, escapes) = match text {
            [b'\'', body @ .., b'\''] => (body, !self.standard_conforming_strings),
            [b'e' | b'E', b'\'', body @ .., b'\''] => (body, true),
            _ => return None,
        };
        let mut value = Vec::with_capacity(body.len());
        let mut bytes = body.iter().copied().peekable();
        while let Some(byte) = bytes.next() {
            // Anything else behind a quote is a literal that goes on after a line break.
            let doubled = byte == b'\'' || byte == b'\\' && escapes;
            if doubled && bytes.next() != Some(byte) {
                return None;
            }
            value.push(byte);
        }
        self.at += 1;
        Some(value)
    }

    /// Reads a word that stands where a literal could, such as `false` or `none`, and writes it as one.
    pub fn word_as_literal(&mut self) -> Option<Vec<u8>> {
        let word = self.skip_name()?.bytes().to_vec();
        self.write(&literal(&word));
        Some(word)
    }

    /// Reads a number of digits.
    pub fn digits(&mut self) -> Option<()> {
        let (_, text) = self
            .token(0)
            .filter(|(kind, text)| *kind == TokenKind::Number && text.iter().all(u8::is_ascii_digit))?;
        self.at += 1;
        self.write(text);
        Some(())
    }

    /// Reads a number, with a sign in front or without.
    pub fn number(&mut self) -> Option<()> {
        let negative = self.token(0) == Some((TokenKind::Operator, &b"-"[..]));
        let ahead = usize::from(negative);
        let (_, text) = self.token(ahead).filter(|(kind, _)| *kind == TokenKind::Number)?;
        self.at += ahead + 1;
        let sign: &[u8] = if negative { b"-" } else { b"" };
        self.write(&[sign, text].concat());
        Some(())
    }

    /// Reads a type as `format_type` (format_type.c) writes it, and returns its name.
    pub fn type_name(&mut self) -> Option<QualifiedName> {
        let (kind, text) = self.token(0)?;
        let more = self.token(1).is_some_and(|(kind, _)| kind == TokenKind::Dot);
        let name = match kind {
            // A key word such as `integer` is a type; as a quoted name it would be another. Words hold no sign that means
            // something to the server.
            TokenKind::Word if !more => {
                self.at += 1;
                self.write(&text.to_ascii_lowercase());
                QualifiedName { schema: None, name: Name::from_sql(text) }
            }
            _ => {
                let mut names = self.dotted(2)?;
                let name = names.pop()?;
                QualifiedName { schema: names.pop(), name }
            }
        };
        if name.schema.is_none() {
            self.rest_of_type(name.name.bytes())?;
        } else {
            self.modifier()?;
        }
        while self.token(0).is_some_and(|(kind, _)| kind == TokenKind::LeftBracket) {
            self.sign(TokenKind::LeftBracket)?;
            self.sign(TokenKind::RightBracket)?;
        }
        Some(name)
    }

    /// Reads what stands behind the first word of a type of the SQL standard.
    fn rest_of_type(&mut self, word: &[u8]) -> Option<()> {
        match word {
            b"double" => self.expect("PRECISION")?,
            b"character" | b"bit" => drop(self.eat("VARYING")),
            b"interval" => {
                let fields = ["YEAR TO MONTH", "DAY TO HOUR", "DAY TO MINUTE", "DAY TO SECOND"];
                let more = ["HOUR TO MINUTE", "HOUR TO SECOND", "MINUTE TO SECOND"];
                let one = ["YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND"];
                let _ = self.any_of(&[&fields[..], &more, &one].concat());
            }
            _ => {}
        }
        self.modifier()?;
        if matches!(word, b"time" | b"timestamp") {
            let _ = self.any_of(&["WITH TIME ZONE", "WITHOUT TIME ZONE"]);
        }
        Some(())
    }

    /// Reads the modifier of a type, `(10,2)`, where there is one.
    fn modifier(&mut self) -> Option<()> {
        if self.token(0).is_none_or(|(kind, _)| kind != TokenKind::LeftParen) {
            return Some(());
        }
        self.in_parentheses(|phrase| phrase.number().or_else(|| phrase.literal().map(drop))).map(drop)
    }
}

/// A value as a literal that is the same whatever `standard_conforming_strings` says.
pub(crate) fn literal(value: &[u8]) -> Vec<u8> {
    let mut sql = b"E'".to_vec();
    for byte in value {
        if matches!(byte, b'\'' | b'\\') {
            sql.push(*byte);
        }
        sql.push(*byte);
    }
    sql.push(b'\'');
    sql
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<R>(sql: &str, on: bool, read: impl FnOnce(&mut Phrase<'_>) -> Option<R>) -> Option<String> {
        let mut phrase = Phrase::of(sql.as_bytes(), on)?;
        read(&mut phrase)?;
        phrase.end().map(|sql| String::from_utf8(sql).unwrap())
    }

    #[test]
    fn literals_are_written_in_one_way() {
        for (sql, on, expected) in [
            ("'it''s'", true, Some("E'it''s'")),
            (r"'a\'", true, Some(r"E'a\\'")),
            (r"'a\\b'", false, Some(r"E'a\\b'")),
            (r"'a\nb'", false, None),
            (r"E'a\\b'", true, Some(r"E'a\\b'")),
            (r"E'a\'b'", true, None),
            ("U&'a'", true, None),
            ("$$a$$", true, None),
            ("'a'\n'b'", true, None),
            ("B'1'", true, None),
            ("'' /* ; */ -- x", true, Some("E''")),
            ("'a' || 'b'", true, None),
        ] {
            assert_eq!(read(sql, on, |phrase| phrase.literal()).as_deref(), expected, "{sql}");
        }
    }

    #[test]
    fn types_are_those_of_format_type() {
        for (sql, expected) in [
            ("INTEGER", Some("integer")),
            ("character varying(20)[]", Some("character VARYING ( 20 ) [ ]")),
            ("timestamp(3) without time zone", Some("timestamp ( 3 ) WITHOUT TIME ZONE")),
            ("interval day to second(2)", Some("interval DAY TO SECOND ( 2 )")),
            ("double precision", Some("double PRECISION")),
            ("double", None),
            (r#"public."T""#, Some(r#"public."T""#)),
            (r#""char""#, Some(r#""char""#)),
            ("public.geometry(Point,4326)", None),
            ("a.b.c", None),
            ("integer, text", None),
            ("public.f()", None),
        ] {
            assert_eq!(read(sql, true, |phrase| phrase.type_name()).as_deref(), expected, "{sql}");
        }
    }
}
