//! The spans of the events are the input, whatever the bytes and however few come at once.
#![no_main]

use std::io::Read;

use dump::{Event, Events, Stream, Want};
use libfuzzer_sys::fuzz_target;

/// Gives at most so many bytes at a time.
struct Dribble<'a>(&'a [u8], usize);

impl Read for Dribble<'_> {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        let len = self.1.min(buf.len()).min(self.0.len());
        buf[..len].copy_from_slice(&self.0[..len]);
        self.0 = &self.0[len..];
        Ok(len)
    }
}

/// The kinds of events and where each began, and the byte and message of the error that ended them.
type Seen = (Vec<(u8, usize)>, Option<(u64, String)>);

/// The events but rows, which may be cut anywhere, and the error; checks spans and positions on the way.
fn read(text: &[u8], step: usize, skips: bool) -> Seen {
    let mut events = Events::new(Stream(Dribble(text, step)));
    let (mut kinds, mut at) = (Vec::new(), 0);
    loop {
        let place = events.position();
        assert_eq!(place.byte, at as u64);
        let newlines = text[..at].iter().filter(|byte| **byte == b'\n').count() as u64;
        assert_eq!(place.line, Some(1 + newlines));
        let mut copies = false;
        let (kind, covered) = match events.next() {
            Ok(None) => {
                assert_eq!(at, text.len());
                return (kinds, None);
            }
            Err(error) => {
                let place = error.position();
                let before = &text[..usize::try_from(place.byte).unwrap()];
                let newlines = before.iter().filter(|byte| **byte == b'\n').count() as u64;
                assert_eq!(place.line, Some(1 + newlines));
                return (kinds, Some((place.byte, error.to_string())));
            }
            Ok(Some(Event::RowsSkipped(len))) => {
                assert!(skips);
                (b'r', &text[at..at + usize::try_from(len).unwrap()])
            }
            Ok(Some(Event::RowsCounted(..))) => unreachable!("a stream cannot count"),
            Ok(Some(Event::Gap(text))) => (b'g', text),
            Ok(Some(Event::Statement(statement))) => {
                copies = statement.is_copy_from_stdin();
                (b's', statement.text)
            }
            Ok(Some(Event::Values { text, .. })) => (b'v', text),
            Ok(Some(Event::Meta(text))) => (b'm', text),
            Ok(Some(Event::Rows(text))) => (b'r', text),
            Ok(Some(Event::EndOfRows(text))) => (b'e', text),
        };
        assert!(!covered.is_empty() && text[at..].starts_with(covered));
        if kind != b'r' {
            kinds.push((kind, at));
        }
        at += covered.len();
        if copies && skips {
            events.want(Want::Nothing);
        }
    }
}

fuzz_target!(|input: &[u8]| {
    let Some((step, text)) = input.split_first() else { return };
    let whole = read(text, usize::MAX, false);
    let step = 1 + usize::from(*step) % 32;
    assert_eq!(read(text, step, false), whole);
    assert_eq!(read(text, step, true), whole);
});
