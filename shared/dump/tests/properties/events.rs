//! The spans of the events are the input, however it is read.

use std::io;

use dump::{Content, Error, Event, Events, Found, Source, Want};
use proptest::prelude::*;

use crate::pieces::{self, Piece};

/// Gives the text in pieces of these sizes, again and again, and can jump where it is told to.
struct Dribble<'a> {
    text: &'a [u8],
    at: usize,
    sizes: &'a [usize],
    reads: usize,
    jumps: bool,
}

impl Source for Dribble<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let size = self.sizes[self.reads % self.sizes.len()];
        self.reads += 1;
        let rest = &self.text[self.at..];
        let len = size.min(buf.len()).min(rest.len());
        buf[..len].copy_from_slice(&rest[..len]);
        self.at += len;
        Ok(len)
    }

    fn find(&mut self, needle: &[u8], from: u64) -> io::Result<Found> {
        if !self.jumps {
            return Ok(Found::CannotSeek);
        }
        let from = usize::try_from(from).unwrap();
        let mut windows = self.text[from..].windows(needle.len());
        let found = windows.position(|window| window == needle);
        Ok(found.map_or(Found::Missing, |hit| Found::At((from + hit) as u64)))
    }

    fn count(&mut self, from: u64) -> io::Result<Option<(Content, u64)>> {
        if !self.jumps {
            return Ok(None);
        }
        let from = usize::try_from(from).unwrap();
        let (mut content, mut end) = (Content::default(), from);
        for line in self.text[from..].split_inclusive(|byte| *byte == b'\n') {
            if line.starts_with(b"\\.") {
                return Ok(Some((content, end as u64)));
            }
            content.add_lines(line);
            end += line.len();
        }
        Ok(None)
    }

    fn seek(&mut self, offset: u64) -> io::Result<()> {
        self.at = usize::try_from(offset).unwrap();
        Ok(())
    }
}

/// What a text was read as; pieces of rows and of values are put together.
#[derive(Debug, PartialEq)]
struct Seen {
    events: Vec<(&'static str, Vec<u8>)>,
    /// Bytes covered by events.
    covered: u64,
    /// Where it ended with an error: the byte, and what is wrong.
    fault: Option<(u64, String)>,
}

#[derive(Clone, Copy, PartialEq)]
enum Rows {
    Read,
    Skip,
    Jump,
    Count,
}

impl Rows {
    fn want(self) -> Want {
        match self {
            Rows::Read => Want::Rows,
            Rows::Skip | Rows::Jump => Want::Nothing,
            Rows::Count => Want::Content,
        }
    }

    /// Whether bytes are passed over without being seen.
    fn jumps(self) -> bool {
        matches!(self, Rows::Jump | Rows::Count)
    }
}

fn read(text: &[u8], sizes: &[usize], rows: Rows) -> Result<Seen, TestCaseError> {
    let source = Dribble { text, at: 0, sizes, reads: 0, jumps: rows.jumps() };
    let mut reader = Events::new(source);
    let mut seen = Seen { events: Vec::new(), covered: 0, fault: None };
    loop {
        prop_assert_eq!(reader.position().byte, seen.covered);
        if let Some(line) = reader.position().line {
            prop_assert_eq!(line, line_of(text, seen.covered), "at byte {}", seen.covered);
        } else {
            prop_assert!(rows.jumps(), "a line is lost only where lines are jumped over");
        }
        let at = reader.position();
        let (kind, bytes) = match reader.next() {
            Ok(None) => return Ok(seen),
            Err(error) => {
                check_place(text, &error, rows)?;
                seen.fault = Some((error.position().byte, error.to_string()));
                return Ok(seen);
            }
            Ok(Some(Event::RowsSkipped(skipped))) => {
                prop_assert!(rows != Rows::Read && skipped > 0);
                let from = usize::try_from(seen.covered).unwrap();
                let bytes = &text[from..from + usize::try_from(skipped).unwrap()];
                prop_assert!(bytes.ends_with(b"\n"));
                ("rows", bytes)
            }
            Ok(Some(Event::RowsCounted(counted, content))) => {
                prop_assert!(rows == Rows::Count && counted > 0);
                let from = usize::try_from(seen.covered).unwrap();
                let bytes = &text[from..from + usize::try_from(counted).unwrap()];
                let mut again = Content::default();
                again.add_lines(bytes);
                prop_assert_eq!(again, content);
                ("rows", bytes)
            }
            Ok(Some(Event::Gap(text))) => ("gap", text),
            Ok(Some(Event::Statement(statement))) => {
                prop_assert_eq!(statement.at, at);
                let mut behind = 0;
                for token in statement.tokens {
                    prop_assert!(token.start >= behind && token.end > token.start);
                    behind = token.end;
                }
                prop_assert!(behind <= statement.text.len());
                ("statement", statement.text)
            }
            Ok(Some(Event::Values { text, .. })) => ("values", text),
            Ok(Some(Event::Meta(text))) => ("meta", text),
            Ok(Some(Event::Rows(text))) => {
                // What cannot be counted by itself comes as it is.
                prop_assert!(matches!(rows, Rows::Read | Rows::Count) && text.ends_with(b"\n"));
                ("rows", text)
            }
            Ok(Some(Event::EndOfRows(text))) => ("end", text),
        };
        let from = usize::try_from(seen.covered).unwrap();
        prop_assert!(!bytes.is_empty(), "an event covers something: {}", kind);
        prop_assert!(text[from..].starts_with(bytes), "{} is not what stands at byte {}", kind, from);
        seen.covered += bytes.len() as u64;
        let copies = kind == "statement" && bytes.ends_with(b"stdin;");
        match seen.events.last_mut() {
            Some((last, text)) if *last == kind && matches!(kind, "rows" | "values") => text.extend(bytes),
            _ => seen.events.push((kind, bytes.to_vec())),
        }
        if copies && rows != Rows::Read {
            reader.want(rows.want());
        }
    }
}

/// An error says where in the input the trouble is, and the right line where it says one.
fn check_place(text: &[u8], error: &Error, rows: Rows) -> Result<(), TestCaseError> {
    let at = error.position();
    prop_assert!(at.byte <= text.len() as u64, "{} is outside of the input", at);
    match at.line {
        Some(line) => prop_assert_eq!(line, line_of(text, at.byte), "{}", error),
        None => prop_assert!(rows.jumps(), "{}", error),
    }
    Ok(())
}

fn line_of(text: &[u8], byte: u64) -> u64 {
    let before = &text[..usize::try_from(byte).unwrap()];
    1 + before.iter().filter(|byte| **byte == b'\n').count() as u64
}

/// Reads a text in every way and returns what it was read as.
fn read_every_way(text: &[u8], sizes: &[usize]) -> Result<Seen, TestCaseError> {
    let seen = read(text, &[usize::MAX], Rows::Read)?;
    if seen.fault.is_none() {
        prop_assert_eq!(seen.covered, text.len() as u64, "no byte is left over");
    }
    for sizes in [&[1][..], &[2], &[3], &[7], sizes] {
        prop_assert_eq!(&read(text, sizes, Rows::Read)?, &seen, "read by {:?}", sizes);
    }
    for rows in [Rows::Skip, Rows::Jump, Rows::Count] {
        for sizes in [&[usize::MAX][..], &[1], &[3], sizes] {
            let mut other = read(text, sizes, rows)?;
            // Rows that were jumped over have no line, so the message has none.
            if let (Some((byte, message)), Some((other_byte, other_message))) =
                (&seen.fault, &mut other.fault)
            {
                prop_assert_eq!(&byte, &other_byte);
                other_message.clone_from(message);
            }
            // Where the rows have no end, more or less of them may have been handed out before that is known.
            if seen.fault.as_ref().is_some_and(|(_, message)| message.starts_with("truncated")) {
                other.covered = seen.covered;
                other.events.clone_from(&seen.events);
            }
            prop_assert_eq!(&other, &seen, "rows are skipped, read by {:?}", sizes);
        }
    }
    Ok(seen)
}

fn sizes() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(1_usize..40, 1..6)
}

fn bytes(pieces: &[Piece]) -> Vec<u8> {
    pieces.iter().flat_map(|piece| piece.text.clone()).collect()
}

proptest! {
    #![proptest_config(crate::config())]

    #[test]
    fn well_formed_text_comes_as_it_was_written(pieces in pieces::dump(), sizes in sizes()) {
        let text = bytes(&pieces);
        let seen = read_every_way(&text, &sizes)?;
        prop_assert_eq!(&seen.fault, &None);
        let wanted = pieces.iter().flat_map(|piece| &piece.events).filter(|(_, bytes)| !bytes.is_empty());
        let events = seen.events.iter().filter(|(kind, _)| *kind != "gap");
        prop_assert_eq!(events.collect::<Vec<_>>(), wanted.collect::<Vec<_>>());
    }

    #[test]
    fn a_cut_dump_reads_the_same_in_every_way(pieces in pieces::dump(), cut in any::<prop::sample::Index>(), sizes in sizes()) {
        let mut text = bytes(&pieces);
        text.truncate(cut.index(text.len() + 1));
        read_every_way(&text, &sizes)?;
    }

    #[test]
    fn bytes_that_are_no_dump_read_the_same_in_every_way(text in pieces::noise(), sizes in sizes()) {
        read_every_way(&text, &sizes)?;
    }

    #[test]
    fn arbitrary_bytes_read_the_same_in_every_way(text in prop::collection::vec(any::<u8>(), 0..200), sizes in sizes()) {
        read_every_way(&text, &sizes)?;
    }

    #[test]
    fn arbitrary_ascii_reads_the_same_in_every_way(text in "[ -~\n]{0,80}", sizes in sizes()) {
        read_every_way(text.as_bytes(), &sizes)?;
    }
}

#[test]
fn a_long_insert_is_cut_anywhere_without_loss() {
    // Longer than what is handed out at once, with literals across every border.
    let mut text = b"INSERT INTO a.t VALUES ".to_vec();
    for row in 0..20_000_u32 {
        let blanks = " ".repeat(usize::try_from(row % 7).unwrap());
        text.extend_from_slice(format!("({row}, 'it''s;{blanks}', $a$;'{row}$$ $a$, E'\\';'),\n").as_bytes());
    }
    text.extend_from_slice(format!("(0, '{}', '')", "''; ".repeat(300_000)).as_bytes());
    text.extend_from_slice(format!(", (0, $x${}$x$, '');\nSELECT 1;\n", "$y$'; ".repeat(200_000)).as_bytes());
    let whole = read(&text, &[usize::MAX], Rows::Read).unwrap();
    assert_eq!((whole.covered, &whole.fault), (text.len() as u64, &None));
    assert_eq!(
        whole.events.iter().map(|(kind, _)| *kind).collect::<Vec<_>>(),
        ["statement", "values", "gap", "statement", "gap"]
    );
    for sizes in [&[65_536][..], &[4_093], &[100_003, 1, 2]] {
        let seen = read(&text, sizes, Rows::Read).unwrap();
        // The statement ends at the first token behind a limit, wherever the reads end.
        assert!(seen == whole, "read by {sizes:?}");
    }
    for len in [text.len() - 12, text.len() / 2, text.len() - 700_000] {
        let seen = read(&text[..len], &[50_021], Rows::Read).unwrap();
        assert!(seen.fault.is_some() || len == text.len() - 12, "cut at {len}");
    }
}

#[test]
fn a_lone_dollar_at_the_end_is_no_parameter() {
    let seen = read_every_way(b"SELECT $", &[1]).unwrap();
    assert!(seen.fault.unwrap().1.starts_with("unterminated statement"));
}

#[test]
fn a_carriage_return_ends_a_comment_as_it_does_for_the_server() {
    let seen = read_every_way(b"-- one\rSELECT 'a' --\r 'b';", &[1]).unwrap();
    let kinds: Vec<_> = seen.events.iter().map(|(kind, _)| *kind).collect();
    assert_eq!((kinds, seen.fault), (vec!["gap", "gap", "statement"], None));
}

#[test]
fn a_comment_behind_a_long_run_of_operator_characters_is_one() {
    for len in 120..140 {
        for comment in ["/* ; */", "-- ;\n"] {
            let text = format!("SELECT {}{comment};", "@".repeat(len));
            let seen = read_every_way(text.as_bytes(), &[5]).unwrap();
            assert_eq!(seen.events.len(), 1, "{text}");
        }
    }
}
