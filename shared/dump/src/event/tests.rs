use super::*;
use crate::Stream;

/// Gives a few bytes at a time.
struct Dribble<'a>(&'a [u8], usize);

impl std::io::Read for Dribble<'_> {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        let len = self.1.min(buf.len()).min(self.0.len());
        buf[..len].copy_from_slice(&self.0[..len]);
        self.0 = &self.0[len..];
        Ok(len)
    }
}

/// All bytes of all events, and what the events are apart from where rows are cut.
fn read(text: &[u8], step: usize, skip: bool) -> (Vec<u8>, u64, Vec<String>) {
    let mut events = Events::new(Stream(Dribble(text, step)));
    let (mut bytes, mut skipped, mut kinds) = (Vec::new(), 0, Vec::new());
    loop {
        let copies = match events.next().unwrap() {
            None => return (bytes, skipped, kinds),
            Some(Event::Gap(text)) => {
                bytes.extend_from_slice(text);
                false
            }
            Some(Event::Statement(statement)) => {
                bytes.extend_from_slice(statement.text);
                kinds.push(format!("statement of {} tokens", statement.tokens.len()));
                statement.is_copy_from_stdin()
            }
            Some(Event::Values { text, .. } | Event::Rows(text)) => {
                bytes.extend_from_slice(text);
                false
            }
            Some(Event::RowsSkipped(more) | Event::RowsCounted(more, _)) => {
                skipped += more;
                false
            }
            Some(Event::Meta(text)) => {
                bytes.extend_from_slice(text);
                kinds.push("meta".to_owned());
                false
            }
            Some(Event::EndOfRows(text)) => {
                bytes.extend_from_slice(text);
                kinds.push("end".to_owned());
                false
            }
        };
        if copies && skip {
            events.want(Want::Nothing);
        }
    }
}

const DUMP: &[u8] = b"-- one\n\\restrict x\nCOPY a.t (a, b) FROM stdin;\n1\t\\N\n\\\\.\t2\n.\n\\.\n\n\
    CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT CASE WHEN 1 > 0 THEN 1 END; SELECT 2; END;\n\
    CREATE FUNCTION g() AS $_$ ; \\connect $$ ' $_$;COPY b FROM stdin;\n\\.\n/* a /* b */ ; */ SELECT E'\\';', 'x'\n 'y;';\n\
    CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2);";

#[test]
fn every_way_of_reading_gives_the_same_events() {
    let (bytes, skipped, kinds) = read(DUMP, DUMP.len(), false);
    assert_eq!(bytes, DUMP);
    assert_eq!((skipped, kinds.len()), (0, 9));
    for step in 1..40 {
        assert_eq!(read(DUMP, step, false), (bytes.clone(), 0, kinds.clone()), "{step} bytes at a time");
        let (rest, skipped, seen) = read(DUMP, step, true);
        assert_eq!(rest.len() as u64 + skipped, DUMP.len() as u64, "{step} bytes at a time");
        assert_eq!(seen, kinds, "{step} bytes at a time");
    }
}

/// Has room for so many bytes, as if the text had been packed.
struct Packed<'a>(&'a [u8], u64);

impl Source for Packed<'_> {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        std::io::Read::read(&mut self.0, buf)
    }

    fn room(&self) -> u64 {
        self.1
    }
}

/// Reads to the end; the lengths of the events, or what is wrong and the byte where.
fn lengths(text: &[u8], want: Want) -> Result<Vec<usize>, (Fault, u64)> {
    let mut events = Events::new(Packed(text, 4 << 20));
    let mut lengths = Vec::new();
    loop {
        let copies = match events.next() {
            Ok(None) => return Ok(lengths),
            Ok(Some(Event::Statement(statement))) => {
                lengths.push(statement.text.len());
                statement.is_copy_from_stdin()
            }
            Ok(Some(Event::RowsSkipped(len) | Event::RowsCounted(len, _))) => {
                lengths.push(len as usize);
                false
            }
            Ok(Some(
                Event::Gap(text) | Event::Values { text, .. } | Event::Meta(text) | Event::Rows(text),
            )) => {
                lengths.push(text.len());
                false
            }
            Ok(Some(Event::EndOfRows(text))) => {
                lengths.push(text.len());
                false
            }
            Err(Error::Fault { at, fault }) => return Err((fault, at.byte)),
            Err(error) => panic!("{error}"),
        };
        if copies {
            events.want(want);
        }
        assert!(events.buf.len() <= 8 << 20, "{}", events.buf.len());
    }
}

#[test]
fn gaps_and_rows_flow_past_however_long() {
    const LEN: usize = 20 << 20;
    let long = |byte: u8| vec![byte; LEN];
    let comment = [b"-- ", &*long(b'x'), b"\nSELECT 1;\n"].concat();
    let block = [b"/* /* ", &*b"*/ /*".repeat(LEN / 5), b" */ */ SELECT 1;\n"].concat();
    let space = [b"SELECT 1;", &*long(b'\x0b'), b"\n"].concat();
    for text in [&comment, &block, &space] {
        let lengths = lengths(text, Want::Rows).unwrap();
        assert_eq!(lengths.iter().sum::<usize>(), text.len());
        assert!(lengths.contains(&b"SELECT 1;".len()) && !lengths.contains(&0));
    }
    let row = [b"COPY t (a) FROM stdin;\n", &*long(b'x'), b"\r\ny\n\\.\n"].concat();
    for want in [Want::Content, Want::Nothing] {
        let lengths = lengths(&row, want).unwrap();
        assert_eq!(lengths.iter().sum::<usize>(), row.len());
    }
    let (mut content, mut whole) = (Content::default(), Content::default());
    let mut events = Events::new(Packed(&row, 4 << 20));
    while let Some(event) = events.next().unwrap() {
        match event {
            Event::Statement(_) => events.want(Want::Content),
            Event::RowsCounted(_, counted) => content.add(&counted),
            Event::Rows(rows) => content.add_lines(rows),
            _ => {}
        }
    }
    whole.add_row(&long(b'x'));
    whole.add_row(b"y");
    assert_eq!(content, whole);
    // Whoever wants the row itself needs memory for it.
    assert_eq!(lengths(&row, Want::Rows), Err((Fault::Inflated, 23)));
}

#[test]
fn what_has_to_be_kept_needs_room() {
    const LEN: usize = 20 << 20;
    let long = |byte: u8| vec![byte; LEN];
    for (begin, byte, end) in [
        (&b"SELECT '"[..], b'x', &b"';"[..]),
        (b"SELECT ", b'(', b";"),
        (b"SELECT ", b'x', b";"),
        (b"SELECT ", b' ', b"1;"),
        (b"SELECT /*", b' ', b"*/1;"),
        (b"SELECT \"", b'x', b"\";"),
        (b"DO $$", b'x', b"$$;"),
        (b"\\echo ", b'x', b"\n"),
        (b"INSERT INTO t VALUES ('", b'x', b"');"),
    ] {
        let text = [begin, &*long(byte), end].concat();
        assert_eq!(lengths(&text, Want::Rows), Err((Fault::Inflated, 0)), "{begin:?}");
    }
    let rows = [b"INSERT INTO t VALUES ", &*b"(1),".repeat(LEN / 4), b"(1);"].concat();
    assert_eq!(lengths(&rows, Want::Rows), Err((Fault::Inflated, 0)));
}

#[test]
fn no_server_takes_more_than_a_gigabyte() {
    // Of repeated bytes, since nobody has a gigabyte to spare.
    let row = std::io::Read::chain(&b"COPY t FROM stdin;\n"[..], std::io::repeat(b'x'));
    let mut events = Events::new(Stream(row));
    let fault = loop {
        match events.next() {
            Ok(Some(Event::Statement(_))) => events.want(Want::Content),
            Ok(Some(_)) => {}
            Ok(None) => panic!("no end"),
            Err(error) => break error.to_string(),
        }
    };
    assert_eq!(
        fault,
        "row of more than 1 GB, which no PostgreSQL server takes: it begins at line 2, byte 19"
    );
    let weight = |text, tokens| Weight { text, tokens }.fault_of_statement(u64::MAX);
    assert_eq!(weight(1 << 30, 1), Some(Fault::TooLong));
    assert_eq!(weight(1 << 29, 1 << 24), Some(Fault::TooManyTokens));
    assert_eq!(weight((1 << 30) - 1 - 64, 1), None);
}

#[test]
fn a_piece_of_a_comment_is_no_comment() {
    let end = b"-- PostgreSQL database dump complete";
    let text = [b"-- ", &*vec![b'x'; LONG * 4 - 3], end, b"\n"].concat();
    for cut in [0, 1] {
        let text = [&b"\n"[..cut], &text].concat();
        let dump = crate::read(Stream(&text[..]), crate::ReadOptions::default(), &mut crate::NoData);
        assert!(!dump.unwrap().end_is_marked);
    }
}

#[test]
fn a_long_insert_comes_in_pieces() {
    let row = [b"('".as_slice(), &vec![b'x'; 3 * READ], b"'),"].concat();
    let dump = [b"INSERT INTO t VALUES ".as_slice(), &row.repeat(4), b"(1);\nSELECT 1;"].concat();
    let mut events = Events::new(Stream(dump.as_slice()));
    let (mut bytes, mut largest) = (Vec::new(), 0);
    while let Some(event) = events.next().unwrap() {
        let text = match event {
            Event::Gap(text) | Event::Values { text, .. } => text,
            Event::Statement(statement) => statement.text,
            other => panic!("{other:?}"),
        };
        largest = largest.max(text.len());
        bytes.extend_from_slice(text);
    }
    assert_eq!(bytes, dump);
    assert!(largest < 2 * LONG_INSERT, "{largest}");
}
