//! What happens to the text of a plain dump: its rows, its statements and what frames them.

use std::ops::Range;

use crate::damage::{Mark, find, near, near_lines, words};
use crate::random::{Random, replaced};

/// The text of a healthy dump and where its parts are.
pub struct Text {
    /// The text.
    pub bytes: Vec<u8>,
    entries: Vec<Entry>,
    tables: Vec<Rows>,
    /// Where the closing comment begins.
    end: usize,
}

/// What pg_dump wrote of one object, its comment included.
struct Entry {
    kind: String,
    name: String,
    range: Range<usize>,
    statements: usize,
}

/// The rows of one table.
struct Rows {
    table: String,
    head: Range<usize>,
    rows: Vec<Range<usize>>,
    copy: bool,
}

/// What happened to a text.
pub struct Edit {
    /// In words.
    pub what: String,
    /// What came out.
    pub bytes: Vec<u8>,
    /// What a finding has to name.
    pub marks: Vec<Mark>,
    /// Whether no dump may be so.
    pub forbidden: bool,
}

type Kind = fn(&Text, &mut Random) -> Option<Edit>;

/// Every kind of damage to text. Entries are damaged more often: there are many kinds of them.
pub const KINDS: &[(&str, Kind)] = &[
    ("cut at a row", |text, random| text.cut_rows(random, 0)),
    ("cut in a row", |text, random| text.cut_rows(random, 3)),
    ("cut in pre-data", |text, random| {
        let end = text.tables.first()?.head.start;
        text.cut(random.within(1..end))
    }),
    ("cut in post-data", |text, random| {
        let start = text.tables.last()?.rows.last()?.end;
        text.cut(random.within(start..text.end))
    }),
    ("cut between entries", |text, random| text.cut(random.one(&text.entries)?.range.start)),
    ("cut at the end", |text, random| text.cut(random.within(text.end..text.bytes.len() - 2))),
    ("row removed", |text, random| {
        let (rows, row) = text.row(random)?;
        Some(text.edit("row removed", row, b"", rows))
    }),
    ("row doubled", |text, random| {
        let (rows, row) = text.row(random)?;
        Some(text.edit("row doubled", row.start..row.start, &text.bytes[row.clone()], rows))
    }),
    ("row changed", |text, random| {
        let (rows, row) = text.row(random)?;
        let digits = |at: &usize| text.bytes[*at].is_ascii_digit();
        let at = *random.one(&row.filter(digits).collect::<Vec<_>>())?;
        let by = [b'0' + (text.bytes[at] - b'0' + 1) % 10];
        Some(text.edit("digit of a row changed", at..at + 1, &by, rows))
    }),
    ("rows exchanged", |text, random| {
        let (rows, one) = text.row(random)?;
        let other = random.one(&rows.rows)?.clone();
        let (one, other) = if one.start < other.start { (one, other) } else { (other, one) };
        let between = &text.bytes[one.end.min(other.start)..other.start];
        let by = [&text.bytes[other.clone()], between, &text.bytes[one.clone()]].concat();
        (one != other).then(|| text.edit("rows exchanged", one.start..other.end, &by, rows))
    }),
    ("values exchanged", |text, random| {
        let (rows, one) = text.row(random)?;
        let next = rows.rows.iter().find(|row| row.start == one.end)?.clone();
        let first = |row: &Range<usize>| {
            row.start..row.start + text.bytes[row.clone()].iter().position(|byte| *byte == b'\t').unwrap_or(0)
        };
        let (a, b) = (first(&one), first(&next));
        let by = [&text.bytes[b.clone()], &text.bytes[a.end..b.start], &text.bytes[a.clone()]].concat();
        (!a.is_empty()).then(|| text.edit("values of two rows exchanged", a.start..b.end, &by, rows))
    }),
    ("separator lost", |text, random| {
        let (rows, row) = text.row(random)?;
        let tab = find(&text.bytes[..row.end], b"\t", row.start)?;
        rows.copy.then(|| text.edit("separator lost", tab..tab + 1, b"", rows).forbidden())
    }),
    ("separator added", |text, random| {
        let (rows, row) = text.row(random)?;
        let at = row.start;
        rows.copy.then(|| text.edit("separator added", at..at, b"1\t", rows).forbidden())
    }),
    ("row without line end", |text, random| {
        let (rows, row) = text.row(random)?;
        Some(text.edit("row joined with what follows", row.end - 1..row.end, b"", rows))
    }),
    ("row broken", |text, random| {
        let (rows, row) = text.row(random)?;
        let at = random.within(row.start + 1..row.end - 1);
        Some(text.edit("row broken in two", at..at, b"\n", rows))
    }),
    ("invalid UTF-8 in a row", |text, random| {
        let (rows, row) = text.row(random)?;
        let at = random.within(row.start..row.end - 1);
        let edit = text.edit("no UTF-8", at..at + 1, b"\xff", rows);
        Some(if rows.copy { edit.forbidden() } else { edit })
    }),
    ("NUL in a row", |text, random| {
        let (rows, row) = text.row(random)?;
        let at = random.within(row.start..row.end - 1);
        Some(text.edit("NUL", at..at, b"\0", rows).forbidden())
    }),
    ("rows gone", |text, random| {
        let rows = random.one(&text.tables)?;
        let range = rows.rows.first()?.start..rows.rows.last()?.end;
        Some(text.edit("all rows gone", range, b"", rows))
    }),
    ("end of rows lost", |text, random| text.ending(random, b"")),
    ("end of rows with a blank", |text, random| text.ending(random, b"\\. \n")),
    ("end of rows behind a blank", |text, random| text.ending(random, b" \\.\n")),
    ("end of rows twice", |text, random| text.ending(random, b"\\.\n\\.\n")),
    ("end of rows is another", |text, random| text.ending(random, b"\\,\n")),
    ("end of rows within", |text, random| {
        let (rows, row) = text.row(random)?;
        rows.copy.then(|| text.edit("`\\.` among rows", row.start..row.start, b"\\.\n", rows).forbidden())
    }),
    ("column of COPY lost", |text, random| {
        let rows = text.copied(random)?;
        let comma = find(&text.bytes[..rows.head.end], b", ", rows.head.start)?;
        let end = find(&text.bytes[..rows.head.end], b")", comma)?;
        Some(text.edit("COPY without a column", comma..end, b"", rows).forbidden())
    }),
    ("rows to another table", |text, random| {
        let (one, other) = (text.copied(random)?, text.copied(random)?);
        let by = text.bytes[other.head.clone()].to_vec();
        let mut edit = text.edit("rows of another table", one.head.clone(), &by, one);
        edit.marks.push(words(&other.table));
        (one.table != other.table).then_some(edit)
    }),
    ("end mark lost", |text, _| {
        let at = find(&text.bytes, b"-- PostgreSQL database dump complete", text.end)?;
        Some(text.statement("end mark lost", at..at + 36, b"", ""))
    }),
    ("line removed", |text, random| {
        let line = text.line(random);
        Some(text.statement("line removed", line, b"", ""))
    }),
    ("line doubled", |text, random| {
        let line = text.line(random);
        Some(text.statement("line doubled", line.start..line.start, &text.bytes[line.clone()], ""))
    }),
    ("semicolon lost", |text, random| text.sign(random, b";", b"")),
    ("quote lost", |text, random| text.sign(random, b"'", b"")),
    ("parenthesis lost", |text, random| text.sign(random, b")", b"")),
    ("comma lost", |text, random| text.sign(random, b",", b"")),
    ("letter of a statement", |text, random| text.sign(random, b"e", b"f")),
    ("entry removed", |text, random| text.without(random)),
    ("another entry removed", |text, random| text.without(random)),
    ("one more entry removed", |text, random| text.without(random)),
    ("statements of an entry removed", |text, random| {
        let entry = text.entry(random)?;
        let range = entry.statements..entry.range.end;
        Some(text.statement(&format!("statements of {} gone", entry.kind), range, b"", &entry.name))
    }),
    ("entry doubled", |text, random| {
        let entry = text.entry(random)?;
        let (at, by) = (entry.range.start, &text.bytes[entry.range.clone()]);
        Some(text.statement(&format!("{} doubled", entry.kind), at..at, by, &entry.name))
    }),
    ("entry moved", |text, random| {
        let (entry, to) = (text.entry(random)?, random.one(&text.entries)?.range.start);
        let moved = &text.bytes[entry.range.clone()];
        let bytes = if to <= entry.range.start {
            [&text.bytes[..to], moved, &text.bytes[to..entry.range.start], &text.bytes[entry.range.end..]]
        } else {
            [&text.bytes[..entry.range.start], &text.bytes[entry.range.end..to], moved, &text.bytes[to..]]
        };
        let marks = vec![words(&entry.name), near(entry.range.clone()), near(to..to + entry.range.len())];
        let what = format!("{} {} moved", entry.kind, entry.name);
        Some(Edit { what, bytes: bytes.concat(), marks, forbidden: false })
    }),
];

impl Edit {
    fn forbidden(self) -> Edit {
        Edit { forbidden: true, ..self }
    }
}

impl Text {
    /// Finds the parts of a dump, which are told from the comments that pg_dump writes in front of each.
    pub fn new(bytes: Vec<u8>) -> Text {
        let end = find(&bytes, b"--\n-- PostgreSQL database dump complete", 0).unwrap();
        let (mut entries, mut tables): (Vec<Entry>, Vec<Rows>) = (Vec::new(), Vec::new());
        let (mut at, mut in_rows) = (0, false);
        while at < end {
            let next = find(&bytes, b"\n", at).unwrap() + 1;
            let line = String::from_utf8_lossy(&bytes[at..next]).into_owned();
            let name = line.strip_prefix("-- Name: ").or(line.strip_prefix("-- Data for Name: "));
            if in_rows {
                match line.as_str() {
                    "\\.\n" => in_rows = false,
                    _ => tables.last_mut().unwrap().rows.push(at..next),
                }
            } else if let Some((name, rest)) = name.and_then(|name| name.split_once("; Type: ")) {
                let kind = rest.split(';').next().unwrap().to_owned();
                let start = at - 3;
                if let Some(last) = entries.last_mut() {
                    last.range.end = start;
                }
                entries.push(Entry { kind, name: bare(name), range: start..end, statements: next + 4 });
            } else if let Some(rest) = line.strip_prefix("COPY ") {
                let table = rest.split(' ').next().unwrap().to_owned();
                tables.push(Rows { table, head: at..next, rows: Vec::new(), copy: true });
                in_rows = true;
            } else if let Some(rest) = line.strip_prefix("INSERT INTO ") {
                let table = rest.split(' ').next().unwrap().to_owned();
                if tables.last().is_none_or(|last| last.table != table) {
                    tables.push(Rows { table, head: at..at, rows: Vec::new(), copy: false });
                }
                tables.last_mut().unwrap().rows.push(at..next);
            }
            at = next;
        }
        Text { bytes, entries, tables, end }
    }

    fn row(&self, random: &mut Random) -> Option<(&Rows, Range<usize>)> {
        let tables: Vec<&Rows> = self.tables.iter().filter(|rows| !rows.rows.is_empty()).collect();
        let rows = *random.one(&tables)?;
        Some((rows, random.one(&rows.rows)?.clone()))
    }

    fn copied(&self, random: &mut Random) -> Option<&Rows> {
        random.one(&self.tables).filter(|rows| rows.copy)
    }

    /// An entry, of every kind as often.
    fn entry(&self, random: &mut Random) -> Option<&Entry> {
        let mut kinds: Vec<&str> = self.entries.iter().map(|entry| entry.kind.as_str()).collect();
        kinds.sort_unstable();
        kinds.dedup();
        let kind = *random.one(&kinds)?;
        let entries: Vec<&Entry> = self.entries.iter().filter(|entry| entry.kind == kind).collect();
        random.one(&entries).copied()
    }

    fn edit(&self, what: &str, range: Range<usize>, by: &[u8], rows: &Rows) -> Edit {
        self.statement(what, range, by, &rows.table)
    }

    fn statement(&self, what: &str, range: Range<usize>, by: &[u8], name: &str) -> Edit {
        let at = range.start;
        let bytes = replaced(&self.bytes, range.clone(), by);
        let place = at..range.end.max(at + by.len());
        let mut marks = vec![near_lines(&self.bytes, place.clone()), near_lines(&bytes, place)];
        if !name.is_empty() {
            marks.push(words(name));
        }
        // What a name stands for is missed, or met twice, wherever it is spoken of.
        marks.extend(self.names_in(&range).into_iter().chain(self.names_in(&(at..at + by.len()))));
        let what = format!("{what} at {at} ({name})");
        Edit { what, bytes, marks, forbidden: false }
    }

    /// The objects whose text a range touches.
    pub fn names_in(&self, range: &Range<usize>) -> Vec<Mark> {
        let touches = |entry: &&Entry| entry.range.start <= range.end && range.start < entry.range.end;
        let name = |entry: &Entry| match entry.kind.as_str() {
            // Their statements are long, and named by where they begin.
            "BLOBS" => words("large object"),
            _ => words(&entry.name),
        };
        self.entries.iter().filter(touches).map(name).collect()
    }

    fn cut(&self, at: usize) -> Option<Edit> {
        let mut marks = vec![near(at..at), Mark::Whole];
        marks.extend(self.names_in(&(at..at)));
        let bytes = self.bytes[..at].to_vec();
        Some(Edit { what: format!("cut at {at}"), bytes, marks, forbidden: true })
    }

    fn cut_rows(&self, random: &mut Random, more: usize) -> Option<Edit> {
        let (_, row) = self.row(random)?;
        self.cut(row.start + more)
    }

    fn ending(&self, random: &mut Random, by: &[u8]) -> Option<Edit> {
        let rows = self.copied(random)?;
        let at = rows.rows.last().map_or(rows.head.end, |row| row.end);
        let edit = self.edit(&format!("`\\.` is {:?}", String::from_utf8_lossy(by)), at..at + 3, by, rows);
        Some(edit.forbidden())
    }

    fn line(&self, random: &mut Random) -> Range<usize> {
        let at = random.within(0..self.end);
        let start = self.bytes[..at].iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        start..find(&self.bytes, b"\n", start).unwrap() + 1
    }

    /// Replaces a sign of a statement.
    fn sign(&self, random: &mut Random, sign: &[u8], by: &[u8]) -> Option<Edit> {
        let entry = self.entry(random)?;
        let rows = self.tables.iter().any(|rows| entry.range.contains(&rows.head.start));
        let range = entry.statements..entry.range.end;
        let places: Vec<usize> = range.filter(|at| self.bytes[*at..].starts_with(sign)).collect();
        let at = *random.one(&places)?;
        let what = format!("{:?} lost in {}", String::from_utf8_lossy(sign), entry.kind);
        (!rows).then(|| self.statement(&what, at..at + sign.len(), by, &entry.name))
    }

    fn without(&self, random: &mut Random) -> Option<Edit> {
        let entry = self.entry(random)?;
        Some(self.statement(&format!("{} removed", entry.kind), entry.range.clone(), b"", &entry.name))
    }
}

/// The last word of a tag, which is the name, or the beginning of a signature.
pub fn bare(tag: &str) -> String {
    let tag = tag.split('(').next().unwrap_or(tag);
    tag.rsplit(' ').next().unwrap_or(tag).to_owned()
}
