//! Rows behind a `COPY … FROM stdin` that are written otherwise than pg_dump writes them: with options, or with a line break
//! behind a backslash.

use std::borrow::Cow;

use crate::lexeme::{Cursor, Lexeme, lexemes_of, literal_value, split_commas};
use crate::lexer::TokenKind;
use crate::values::escape_into;

/// How the rows behind a COPY are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// As pg_dump writes them.
    Usual,
    /// With these options.
    With(Options),
    /// In a way that is not understood, or of which the server takes some rows only.
    Unknown,
}

/// The options of a COPY.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Options {
    csv: bool,
    delimiter: u8,
    null: Vec<u8>,
    quote: u8,
    escape: u8,
    header: bool,
    /// Whether the first field is the object identifier of the row, which no column has.
    oids: bool,
}

/// Options as they are gathered: some have another default for CSV.
#[derive(Default)]
struct Written {
    csv: bool,
    delimiter: Option<Vec<u8>>,
    null: Option<Vec<u8>>,
    quote: Option<Vec<u8>>,
    escape: Option<Vec<u8>>,
    header: bool,
    oids: bool,
}

impl Form {
    /// Reads the options of a COPY (`copy_opt_list` and `copy_generic_opt_list` in gram.y).
    pub fn of(words: &[Lexeme<'_>]) -> Form {
        match Written::read(words).map(Written::finish) {
            Some(Some(options)) if options.are_usual() => Form::Usual,
            Some(Some(options)) => Form::With(options),
            _ => Form::Unknown,
        }
    }
}

impl Written {
    fn read(words: &[Lexeme<'_>]) -> Option<Written> {
        let mut written = Written::default();
        let mut cursor = Cursor::new(words);
        cursor.expect("COPY")?;
        cursor.dotted()?;
        cursor.parentheses();
        written.oids = cursor.eat("WITH OIDS");
        cursor.expect("FROM STDIN")?;
        // Up to 7.2.
        if cursor.eat("USING DELIMITERS") {
            written.delimiter = Some(value(cursor.next()?)?);
        }
        cursor.eat("WITH");
        match cursor.parentheses() {
            Some(options) => {
                for option in split_commas(options) {
                    written.one_of_list(option)?;
                }
            }
            None => {
                while !cursor.at_end() {
                    written.one(&mut cursor)?;
                }
            }
        }
        cursor.at_end().then_some(written)
    }

    /// Reads an option as it was written up to 8.4, and still may be.
    fn one(&mut self, cursor: &mut Cursor<'_, '_>) -> Option<()> {
        let literal = |cursor: &mut Cursor<'_, '_>| {
            cursor.eat("AS");
            value(cursor.next()?)
        };
        match () {
            () if cursor.eat("OIDS") => self.oids = true,
            () if cursor.eat("FREEZE") => {}
            () if cursor.eat("CSV") => self.csv = true,
            () if cursor.eat("HEADER") => self.header = true,
            () if cursor.eat("DELIMITER") || cursor.eat("DELIMITERS") => {
                self.delimiter = Some(literal(cursor)?);
            }
            () if cursor.eat("NULL") => self.null = Some(literal(cursor)?),
            () if cursor.eat("QUOTE") => self.quote = Some(literal(cursor)?),
            () if cursor.eat("ESCAPE") => self.escape = Some(literal(cursor)?),
            () => return None,
        }
        Some(())
    }

    /// Reads an option of a list in parentheses.
    fn one_of_list(&mut self, option: &[Lexeme<'_>]) -> Option<()> {
        let (name, rest) = option.split_first()?;
        let is_on = || match rest {
            [] => Some(true),
            [word] => {
                let word = word.text.to_ascii_lowercase();
                match word.as_slice() {
                    b"true" | b"on" | b"1" | b"'true'" | b"'on'" | b"'1'" => Some(true),
                    b"false" | b"off" | b"0" | b"'false'" | b"'off'" | b"'0'" => Some(false),
                    // A header whose names have to match is one.
                    b"match" | b"'match'" => Some(true),
                    _ => None,
                }
            }
            _ => None,
        };
        let literal = || match rest {
            [one] => value(one),
            _ => None,
        };
        match () {
            () if name.is("FORMAT") => {
                let [format] = rest else { return None };
                let format = value(format).unwrap_or_else(|| format.text.to_vec()).to_ascii_lowercase();
                self.csv = format == b"csv";
                return (self.csv || format == b"text").then_some(());
            }
            () if name.is("DELIMITER") => self.delimiter = Some(literal()?),
            () if name.is("NULL") => self.null = Some(literal()?),
            () if name.is("QUOTE") => self.quote = Some(literal()?),
            () if name.is("ESCAPE") => self.escape = Some(literal()?),
            () if name.is("HEADER") => self.header = is_on()?,
            () if name.is("OIDS") => self.oids = is_on()?,
            () if name.is("FREEZE") => {}
            () => return None,
        }
        Some(())
    }

    fn finish(self) -> Option<Options> {
        let byte = |written: Option<Vec<u8>>, usual: u8| match written.as_deref() {
            None => Some(usual),
            Some([byte]) => Some(*byte),
            Some(_) => None,
        };
        let Written { csv, header, oids, .. } = self;
        let quote = byte(self.quote, b'"')?;
        Some(Options {
            csv,
            delimiter: byte(self.delimiter, if csv { b',' } else { b'\t' })?,
            null: self.null.unwrap_or_else(|| if csv { Vec::new() } else { b"\\N".to_vec() }),
            quote,
            escape: byte(self.escape, quote)?,
            header,
            oids,
        })
    }
}

/// The value of a literal.
fn value(lexeme: &Lexeme<'_>) -> Option<Vec<u8>> {
    let text = lexeme.text.as_ref();
    let Some(body) = text.strip_prefix(b"E'").and_then(|text| text.strip_suffix(b"'")) else {
        return literal_value(lexeme);
    };
    let mut value = Vec::new();
    let mut bytes = body.iter();
    while let Some(byte) = bytes.next() {
        value.push(match (*byte, lexeme.kind) {
            (b'\\', TokenKind::String) => match bytes.next()? {
                b't' => b'\t',
                b'n' => b'\n',
                b'r' => b'\r',
                b'b' => 8,
                b'f' => 12,
                b'0'..=b'7' | b'x' | b'u' | b'U' => return None,
                other => *other,
            },
            (b'\'', _) => *bytes.next()?,
            (byte, _) => byte,
        });
    }
    Some(value)
}

impl Options {
    /// Says whether they are what pg_dump relies on.
    fn are_usual(&self) -> bool {
        let Options { csv, delimiter, null, header, oids, .. } = self;
        !csv && *delimiter == b'\t' && null == b"\\N" && !header && !oids
    }
}

/// Turns rows in another form into COPY text, piece by piece.
#[derive(Debug)]
pub(crate) struct Converter {
    options: Options,
    /// What is there of a row that is not there to its end.
    row: Vec<u8>,
    /// Whether it ends within quotes, and behind what makes a quote a value's.
    quoted: (bool, bool),
    header: bool,
}

impl Converter {
    pub fn new(options: Options) -> Converter {
        let header = options.header;
        Converter { options, row: Vec::new(), quoted: (false, false), header }
    }

    /// Takes whole lines; appends the rows that end with them.
    pub fn lines(&mut self, lines: &[u8], out: &mut Vec<u8>) {
        for line in lines.split_inclusive(|byte| *byte == b'\n') {
            self.row.extend_from_slice(line);
            let goes_on = match self.options.csv {
                true => self.is_quoted_behind(line),
                false => ends_with_escape(self.row.strip_suffix(b"\n").unwrap_or(&self.row)),
            };
            if !goes_on {
                self.end_row(out);
            }
        }
    }

    /// Takes what is left when there are no more lines.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        if !self.row.is_empty() {
            self.end_row(out);
        }
    }

    /// Says whether a line break behind this line is a value's (`CopyReadLineText` in copyfromparse.c).
    fn is_quoted_behind(&mut self, line: &[u8]) -> bool {
        let Options { quote, escape, .. } = self.options;
        let (mut within, mut escaped) = self.quoted;
        for byte in line {
            if within && escape != quote && *byte == escape {
                escaped = !escaped;
            }
            if *byte == quote && !escaped {
                within = !within;
            }
            if *byte != escape || escape == quote {
                escaped = false;
            }
        }
        self.quoted = (within, escaped);
        within
    }

    fn end_row(&mut self, out: &mut Vec<u8>) {
        let row = std::mem::take(&mut self.row);
        self.quoted = (false, false);
        if std::mem::take(&mut self.header) {
            return;
        }
        let row = row.strip_suffix(b"\n").unwrap_or(&row);
        let row = row.strip_suffix(b"\r").unwrap_or(row);
        let begin = out.len();
        match self.options.csv {
            true => self.csv(row, out),
            false => self.text(row, out),
        }
        if self.options.oids {
            let first = memchr::memchr(b'\t', &out[begin..]).map_or(out.len() - begin, |tab| tab + 1);
            out.drain(begin..begin + first);
        }
        out.push(b'\n');
    }

    /// The fields of a row of CSV (`CopyReadAttributesCSV` in copyfromparse.c).
    fn csv(&self, row: &[u8], out: &mut Vec<u8>) {
        let Options { delimiter, quote, escape, .. } = self.options;
        let mut bytes = row.iter().copied().peekable();
        loop {
            let (mut field, mut saw_quote, mut within, mut more) = (Vec::new(), false, false, false);
            while let Some(byte) = bytes.next() {
                match byte {
                    _ if within
                        && byte == escape
                        && bytes.peek().is_some_and(|next| [escape, quote].contains(next)) =>
                    {
                        field.extend(bytes.next());
                    }
                    _ if byte == quote => (saw_quote, within) = (true, !within),
                    _ if byte == delimiter && !within => {
                        more = true;
                        break;
                    }
                    _ => field.push(byte),
                }
            }
            match !saw_quote && field == self.options.null {
                true => out.extend_from_slice(b"\\N"),
                false => escape_into(&field, out),
            }
            if !more {
                return;
            }
            out.push(b'\t');
        }
    }

    /// The fields of a row of text (`CopyReadAttributesText` in copyfromparse.c).
    fn text(&self, row: &[u8], out: &mut Vec<u8>) {
        let Options { delimiter, null, .. } = &self.options;
        let mut rest = row;
        loop {
            let mut at = 0;
            while rest.get(at).is_some_and(|byte| byte != delimiter) {
                at += if rest[at] == b'\\' { 2 } else { 1 };
            }
            let field = &rest[..at.min(rest.len())];
            match field == null.as_slice() {
                true => out.extend_from_slice(b"\\N"),
                false => {
                    let mut bytes = field.iter();
                    while let Some(byte) = bytes.next() {
                        match (byte, bytes.clone().next()) {
                            // Only what stands for no value is that.
                            (b'\\', Some(next)) if next == delimiter || matches!(next, b'N' | 0..=13) => {
                                bytes.next();
                                escape_into(&[*next], out);
                            }
                            (b'\\', Some(next)) => {
                                bytes.next();
                                out.extend_from_slice(&[b'\\', *next]);
                            }
                            (byte, _) => escape_into(&[*byte], out),
                        }
                    }
                }
            }
            if at >= rest.len() {
                return;
            }
            out.push(b'\t');
            rest = &rest[at + 1..];
        }
    }
}

/// Says whether a text ends in a backslash that stands for itself with what follows.
pub(crate) fn ends_with_escape(text: &[u8]) -> bool {
    trailing_backslashes(text) % 2 == 1
}

/// Says whether the rows behind a `COPY` begin with their object identifiers.
///
/// ```
/// assert!(dump::has_row_identifiers(b"COPY t (a) WITH OIDS FROM stdin"));
/// ```
pub fn has_row_identifiers(copy: &[u8]) -> bool {
    let form = lexemes_of(copy).map(|words| Form::of(&words));
    matches!(form, Some(Form::With(Options { oids: true, .. })))
}

/// Says whether a line of COPY text is a whole row: its line break is no value's.
///
/// ```
/// assert!(dump::is_whole_row(br"1\\") && !dump::is_whole_row(br"1\"));
/// ```
pub fn is_whole_row(line: &[u8]) -> bool {
    !ends_with_escape(line)
}

pub(crate) fn trailing_backslashes(text: &[u8]) -> usize {
    text.iter().rev().take_while(|byte| **byte == b'\\').count()
}

/// The length of whole rows at the front of a text, of which the last ends where a line does.
pub(crate) fn whole_rows(text: &[u8]) -> Option<usize> {
    memchr::memrchr_iter(b'\n', text).find(|at| !ends_with_escape(&text[..*at])).map(|at| at + 1)
}

/// Rows in which a line break of a value, a backslash in front of it, is written as pg_dump writes it: `\n`. Up to 7.3 it
/// wrote the line break.
pub(crate) fn with_lines(rows: &[u8]) -> Cow<'_, [u8]> {
    let breaks = memchr::memmem::find_iter(rows, b"\\\n");
    let mut breaks = breaks.filter(|at| ends_with_escape(&rows[..at + 1])).peekable();
    if breaks.peek().is_none() {
        return Cow::Borrowed(rows);
    }
    let mut lines = rows.to_vec();
    breaks.for_each(|at| lines[at + 1] = b'n');
    Cow::Owned(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn converted(copy: &str, rows: &str) -> Option<String> {
        let words = lexemes_of(copy.as_bytes()).unwrap();
        let options = match Form::of(&words) {
            Form::Usual => return Some(rows.to_owned()),
            Form::Unknown => return None,
            Form::With(options) => options,
        };
        let (mut whole, mut by_lines) = (Vec::new(), Vec::new());
        let mut converter = Converter::new(options.clone());
        converter.lines(rows.as_bytes(), &mut whole);
        converter.finish(&mut whole);
        let mut converter = Converter::new(options);
        rows.split_inclusive('\n').for_each(|line| converter.lines(line.as_bytes(), &mut by_lines));
        converter.finish(&mut by_lines);
        assert_eq!(whole, by_lines);
        Some(String::from_utf8(whole).unwrap())
    }

    #[test]
    fn rows_become_copy_text() {
        let cases = [
            ("COPY t (a, b) FROM stdin", "1\tx\n", "1\tx\n"),
            ("COPY t FROM stdin WITH (FORMAT text, NULL E'\\\\N')", "1\t\\N\n", "1\t\\N\n"),
            (
                "COPY t FROM stdin DELIMITER '|'",
                "1|a\tb|\\N\n2|a\\|b|\\\\\n",
                "1\ta\\tb\t\\N\n2\ta|b\t\\\\\n",
            ),
            ("COPY t FROM stdin USING DELIMITERS ',' WITH NULL AS ''", "1,,\\N\n", "1\t\\N\tN\n"),
            ("COPY a.t (a) WITH OIDS FROM stdin", "18\t1\tAnn\n", "1\tAnn\n"),
            (
                "COPY t FROM STDIN WITH CSV HEADER",
                "a,b\r\n1,\"x \"\"y\"\", z\"\r\n2,\"two\nlines\"\r\n3,\n4,\"\"\n",
                "1\tx \"y\", z\n2\ttwo\\nlines\n3\t\\N\n4\t\n",
            ),
            (
                "COPY t FROM stdin (FORMAT 'csv', DELIMITER E'\\t', QUOTE '''', ESCAPE '\\', NULL 'nil')",
                "1\t'a\\'b'\tnil\n2\t'nil'\t\\\n",
                "1\ta'b\t\\N\n2\tnil\t\\\\\n",
            ),
        ];
        for (copy, rows, expected) in cases {
            assert_eq!(converted(copy, rows).as_deref(), Some(expected), "{copy}");
        }
    }

    #[test]
    fn what_is_not_understood_is_unknown() {
        for options in [
            "WHERE a > 1",
            "WITH BINARY",
            "(FORMAT binary)",
            "(ON_ERROR ignore)",
            "(DEFAULT 'd')",
            "(DELIMITER 'ab')",
            "(FORMAT csv) WHERE a > 1",
        ] {
            assert_eq!(converted(&format!("COPY t (a) FROM stdin {options}"), ""), None, "{options}");
        }
    }

    #[test]
    fn rows_go_on_behind_an_escaped_line_break() {
        let rows = b"1\\\\\n2\\\nb\n3\\\\\\\nc\n";
        assert_eq!(with_lines(rows).as_ref(), b"1\\\\\n2\\nb\n3\\\\\\nc\n");
        assert!(matches!(with_lines(b"1\\\\\n2\n"), Cow::Borrowed(_)));
        assert_eq!(whole_rows(b"1\n2\\\n"), Some(2));
        assert_eq!(whole_rows(b"2\\\n"), None);
        assert_eq!(whole_rows(b"2\\\\\nrest"), Some(4));
    }
}
