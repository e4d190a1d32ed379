//! Messages of the protocol, cut out of the stream ("Message Formats" in PostgreSQL's manual).

use std::io::{self, Read, Write};
use std::ops::Range;

use crate::Error;
use crate::stream::Stream;

const READ: usize = 256 * 1024;
/// No message but a row is longer, and no row may be longer than this.
const MESSAGE_MAX: usize = 1 << 30;

/// Cuts what the server sends into messages and gathers what is sent to it.
#[derive(Debug)]
pub(crate) struct Frames {
    pub stream: Stream,
    input: Vec<u8>,
    start: usize,
    end: usize,
    output: Vec<u8>,
}

/// A message of the server: its letter and where in the input its body stands.
pub(crate) struct Message {
    pub kind: u8,
    body: Range<usize>,
}

impl Frames {
    pub(crate) fn new(stream: Stream) -> Frames {
        Frames { stream, input: vec![0; READ], start: 0, end: 0, output: Vec::new() }
    }

    /// Waits for the next message.
    pub(crate) fn next(&mut self) -> Result<Message, Error> {
        let head = self.need(5)?;
        let kind = self.input[head.start];
        let len = number(&self.input[head.start + 1..head.end]);
        let len = usize::try_from(len).ok().filter(|len| (4..=MESSAGE_MAX).contains(len));
        let Some(len) = len else {
            return Err(Error::Protocol(format!("length of message `{}`", char::from(kind))));
        };
        let whole = self.need(len + 1)?;
        self.start = whole.end;
        Ok(Message { kind, body: whole.start + 5..whole.end })
    }

    /// Returns the body of the message that came last.
    pub(crate) fn body(&self, message: &Message) -> &[u8] {
        &self.input[message.body.clone()]
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
            if self.start + len > self.input.len() || self.end == self.input.len() {
                self.input.copy_within(self.start..self.end, 0);
                self.end -= self.start;
                self.start = 0;
                if len > self.input.len() {
                    self.input.resize(len.next_multiple_of(READ), 0);
                }
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

/// Four bytes as a number.
pub(crate) fn number(bytes: &[u8]) -> i32 {
    bytes.iter().take(4).fold(0, |number: i32, byte| (number << 8) | i32::from(*byte))
}
