//! The rows of a COPY without the line that ends them.

use std::io::{self, Read};

/// How much is read at once.
pub(crate) const CHUNK: usize = 256 * 1024;

/// Reads rows up to the line `\.`, and then what follows it to the end, so that it is known to be there.
///
/// In COPY text a backslash of a value is always escaped: a line that begins with `\.` is no row.
pub(crate) struct Rows<'d> {
    data: &'d mut dyn Read,
    buffer: Vec<u8>,
    start: usize,
    at_line: bool,
    done: bool,
}

impl<'d> Rows<'d> {
    pub fn new(data: &'d mut dyn Read) -> Rows<'d> {
        Rows { data, buffer: Vec::with_capacity(CHUNK), start: 0, at_line: true, done: false }
    }

    /// Reads more; says whether there was any.
    fn fill(&mut self) -> io::Result<bool> {
        self.buffer.drain(..self.start);
        self.start = 0;
        read_more(self.data, &mut self.buffer)
    }

    /// How many bytes in front of the buffer are rows for sure; 0 if more has to be read to know.
    fn safe(&mut self) -> usize {
        let rest = &self.buffer[self.start..];
        if self.at_line && rest.first() == Some(&b'\\') {
            match rest.get(1) {
                Some(b'.') => self.done = true,
                Some(_) => {}
                None => return 0,
            }
            if self.done {
                return 0;
            }
        }
        match memchr::memmem::find(rest, b"\n\\.") {
            Some(at) => at + 1,
            // What follows the backslash is not there yet.
            None if rest.ends_with(b"\n\\") => rest.len() - 1,
            None => rest.len(),
        }
    }
}

impl Read for Rows<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.done {
                io::copy(self.data, &mut io::sink())?;
                return Ok(0);
            }
            let safe = self.safe();
            if safe > 0 {
                let len = safe.min(out.len());
                out[..len].copy_from_slice(&self.buffer[self.start..self.start + len]);
                self.start += len;
                self.at_line = out[..len].last() == Some(&b'\n');
                return Ok(len);
            }
            if !self.done && !self.fill()? {
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the rows have no closing `\\.`"));
            }
        }
    }
}

/// Appends some of the data to a buffer; says whether there was any.
pub(crate) fn read_more(data: &mut dyn Read, buffer: &mut Vec<u8>) -> io::Result<bool> {
    let kept = buffer.len();
    buffer.resize(kept + CHUNK, 0);
    loop {
        match data.read(&mut buffer[kept..]) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => {
                let read = *result.as_ref().unwrap_or(&0);
                buffer.truncate(kept + read);
                return result.map(|read| read > 0);
            }
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Text that comes so many bytes at a time.
    pub struct Dribble<'t>(pub &'t [u8], pub usize);

    impl Read for Dribble<'_> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let len = self.1.min(self.0.len()).min(out.len());
            out[..len].copy_from_slice(&self.0[..len]);
            self.0 = &self.0[len..];
            Ok(len)
        }
    }

    #[test]
    fn rows_end_at_their_end_whatever_the_pieces() {
        let cases: [(&[u8], &[u8]); 4] = [
            (b"\\.\n\n\n", b""),
            (b"1\t2\n\\N\t\\\\.\n\\.\n\n\n", b"1\t2\n\\N\t\\\\.\n"),
            (b"\\N\n\\N\n\\.\n", b"\\N\n\\N\n"),
            (b"a\\.\n\n\\.\n", b"a\\.\n\n"),
        ];
        for (text, rows) in cases {
            for size in 1..8 {
                let mut found = Vec::new();
                let mut data = Dribble(text, size);
                Rows::new(&mut data).read_to_end(&mut found).unwrap();
                assert_eq!(found, rows, "{size}");
                assert!(data.0.is_empty());
            }
        }
        assert!(Rows::new(&mut &b"1\n2\n"[..]).read_to_end(&mut Vec::new()).is_err());
    }
}
