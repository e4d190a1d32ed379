//! Messages of the protocol, cut out of the stream ("Message Formats" in PostgreSQL's manual).

use std::io::{self, Read, Write};
use std::ops::Range;

use crate::Error;
use crate::stream::Stream;

const READ: usize = 256 * 1024;
/// No message but a row is longer, and no row may be longer than this.
const MESSAGE_MAX: usize = 1 << 30;
/// Of any other message that is longer, only the beginning of each text in it is kept: a dump's own code chooses how
/// much a server has to say.
const TEXTS_MAX: usize = 16 * 1024;
/// How much of each text that is; what stands behind a long one, such as the context of an error, is not lost.
const TEXT_KEPT: usize = 2 * 1024;

/// Cuts what the server sends into messages and gathers what is sent to it.
#[derive(Debug)]
pub(crate) struct Frames {
    pub stream: Stream,
    input: Vec<u8>,
    start: usize,
    end: usize,
    /// What is kept of a message that is too long to be kept whole.
    kept: Vec<u8>,
    output: Vec<u8>,
}

/// A message of the server: its letter, and where in the input its body stands unless only part of it was kept.
pub(crate) struct Message {
    pub kind: u8,
    body: Option<Range<usize>>,
}

impl Frames {
    pub(crate) fn new(stream: Stream) -> Frames {
        Frames { stream, input: vec![0; READ], start: 0, end: 0, kept: Vec::new(), output: Vec::new() }
    }

    /// Waits for the next message. All of a row is kept, and of other messages no more than some kB: a text that is cut
    /// ends with `…`.
    pub(crate) fn next(&mut self) -> Result<Message, Error> {
        let head = self.need(5)?;
        let kind = self.input[head.start];
        let len = number(&self.input[head.start + 1..head.end]);
        let len = usize::try_from(len).ok().filter(|len| (4..=MESSAGE_MAX).contains(len));
        let Some(len) = len else {
            return Err(Error::Protocol(format!("length of message `{}`", char::from(kind))));
        };
        if len > TEXTS_MAX && !matches!(kind, b'D' | b'd') {
            self.start = head.end;
            self.keep_texts(len - 4)?;
            return Ok(Message { kind, body: None });
        }
        let whole = self.need(len + 1)?;
        self.start = whole.end;
        Ok(Message { kind, body: Some(whole.start + 5..whole.end) })
    }

    /// Returns the body of the message that came last.
    pub(crate) fn body(&self, message: &Message) -> &[u8] {
        message.body.clone().map_or(&self.kept, |body| &self.input[body])
    }

    /// Reads texts with a NUL behind each, `len` bytes in all, and keeps the beginning of each.
    fn keep_texts(&mut self, len: usize) -> Result<(), Error> {
        self.kept.clear();
        let mut left = len;
        // Where the present text begins among what is kept, and whether its end is known to be left out.
        let (mut begin, mut cut) = (0, false);
        while left > 0 {
            self.need(1)?;
            let piece = &self.input[self.start..self.end];
            let piece = &piece[..piece.len().min(left)];
            let text = piece.iter().position(|byte| *byte == 0).unwrap_or(piece.len());
            let room = (begin + TEXT_KEPT).min(TEXTS_MAX).saturating_sub(self.kept.len());
            if !cut {
                self.kept.extend_from_slice(&piece[..text.min(room)]);
                cut = text > room;
                if cut {
                    without_half_character(&mut self.kept, begin);
                    self.kept.extend_from_slice("…".as_bytes());
                }
            }
            let ends = text < piece.len();
            if ends && self.kept.len() < TEXTS_MAX {
                self.kept.push(0);
                (begin, cut) = (self.kept.len(), false);
            }
            let taken = text + usize::from(ends);
            self.start += taken;
            left -= taken;
        }
        Ok(())
    }

    /// Reads until the next `len` bytes are there.
    fn need(&mut self, len: usize) -> Result<Range<usize>, Error> {
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
            if self.input.len() > 16 * READ {
                self.input = vec![0; READ];
            }
        }
        while self.end - self.start < len {
            if self.start > 0 && self.start + len > self.input.len() {
                self.input.copy_within(self.start..self.end, 0);
                self.end -= self.start;
                self.start = 0;
            }
            // Room is made as bytes come, not as a length announces them.
            if self.end == self.input.len() {
                let room = len.min(2 * self.input.len());
                self.input.resize(room.next_multiple_of(READ), 0);
            }
            match self.stream.read(&mut self.input[self.end..]) {
                Ok(0) => return Err(Error::Lost(io::ErrorKind::UnexpectedEof.into())),
                Ok(read) => self.end += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(Error::Lost(error)),
            }
        }
        Ok(self.start..self.start + len)
    }

    /// Adds a message to what is to be sent; a kind of 0 has no letter.
    pub(crate) fn put(&mut self, kind: u8, body: &[&[u8]]) -> Result<(), Error> {
        let len: usize = 4 + body.iter().map(|piece| piece.len()).sum::<usize>();
        let Ok(len) = i32::try_from(len) else {
            return Err(Error::Input(io::Error::other("a statement of more than 2 GiB")));
        };
        if kind != 0 {
            self.output.push(kind);
        }
        self.output.extend_from_slice(&len.to_be_bytes());
        body.iter().for_each(|piece| self.output.extend_from_slice(piece));
        Ok(())
    }

    /// Sends what was put.
    pub(crate) fn flush(&mut self) -> Result<(), Error> {
        let result = self.stream.write_all(&self.output).and_then(|()| self.stream.flush());
        self.output.clear();
        if self.output.capacity() > 16 * READ {
            self.output = Vec::new();
        }
        result.map_err(Error::Lost)
    }
}

/// Takes the beginning of a UTF-8 character off the end of a text that begins there.
fn without_half_character(text: &mut Vec<u8>, begin: usize) {
    let is_lead = |byte: u8| byte >= 0xc0;
    let behind = text[begin..].iter().rev().take(3).position(|byte| is_lead(*byte) || byte.is_ascii());
    if let Some(behind) = behind {
        let lead = text.len() - 1 - behind;
        let len = match text[lead] {
            0xc0..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0.. => 4,
            _ => 1,
        };
        if behind + 1 < len {
            text.truncate(lead);
        }
    }
}

/// Four bytes as a number.
pub(crate) fn number(bytes: &[u8]) -> i32 {
    bytes.iter().take(4).fold(0, |number: i32, byte| (number << 8) | i32::from(*byte))
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixStream;
    use std::thread;

    use super::*;
    use crate::ServerError;

    fn message(kind: u8, body: &[u8]) -> Vec<u8> {
        [&[kind][..], &(body.len() as u32 + 4).to_be_bytes(), body].concat()
    }

    /// What is received of these bytes.
    fn received(sent: Vec<u8>, see: impl FnOnce(&mut Frames)) {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        thread::scope(|scope| {
            scope.spawn(move || theirs.write_all(&sent).unwrap());
            see(&mut Frames::new(Stream::Unix(ours)));
        });
    }

    #[test]
    fn long_messages_are_cut_while_they_are_read() {
        // The cut is in the middle of a character.
        let long = ["x".as_bytes(), "ä".repeat(10_000_000).as_bytes()].concat();
        let fields = [b"SERROR\0C22P02\0M", &long[..], b"\0D", &long, b"\0WCOPY t, line 7\0\0"].concat();
        let row = vec![7; 40 * READ];
        let sent = [message(b'E', &fields), message(b'd', &row), message(b'S', &long), message(b'Z', b"I")];
        received(sent.concat(), |frames| {
            let error = frames.next().unwrap();
            let read = ServerError::read(frames.body(&error));
            assert_eq!((read.code(), read.context()), ("22P02", "COPY t, line 7"));
            assert!(read.message().starts_with("xää") && read.message().ends_with("ä…"));
            assert!(read.message().len() < TEXT_KEPT + 4 && !read.message().contains('\u{fffd}'));
            assert!(read.detail().ends_with("ä…"));
            assert_eq!(frames.input.len(), READ);
            let message = frames.next().unwrap();
            assert!(frames.body(&message) == row);
            let message = frames.next().unwrap();
            assert!(message.kind == b'S' && frames.body(&message).len() < TEXT_KEPT + 4);
            let message = frames.next().unwrap();
            assert_eq!((message.kind, frames.body(&message)), (b'Z', &b"I"[..]));
        });
    }

    #[test]
    fn many_texts_are_cut_as_well() {
        let fields = b"Xx\0".repeat(1_000_000);
        received([message(b'N', &fields), message(b'Z', b"I")].concat(), |frames| {
            let notice = frames.next().unwrap();
            assert!(frames.body(&notice).len() < TEXTS_MAX + 4);
            assert_eq!(frames.next().unwrap().kind, b'Z');
        });
    }
}
