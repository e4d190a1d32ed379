//! The rows of a COPY: handed out, jumped over or counted.

use memchr::memmem;

use super::{Event, Events, LONG, State, Want, Weight};
use crate::content::{ByteHasher, Content};
use crate::copy_form::{trailing_backslashes, whole_rows};
use crate::error::{Error, Fault};
use crate::position::Position;
use crate::source::{Found, Source};

impl<S: Source> Events<S> {
    pub(super) fn copy_head(&mut self) -> Result<Option<Event<'_>>, Error> {
        let len = self.line_len()?;
        let line = &self.buf[self.start..self.start + len];
        if !line.iter().all(u8::is_ascii_whitespace) {
            return Err(self.fault(0, Fault::TextAfterCopy));
        }
        if !line.ends_with(b"\n") {
            return Err(self.fault(0, Fault::UnterminatedCopy));
        }
        let range = self.take(len);
        self.state = State::Rows(self.at);
        self.source_counts = true;
        Ok(Some(Event::Gap(&self.buf[range])))
    }

    /// Length of the line at `start` if it is the `\.` that ends COPY data.
    fn end_of_rows(&mut self) -> Result<Option<usize>, Error> {
        while self.end - self.start < 4 && !self.at_end {
            self.fill()?;
        }
        let rest = &self.buf[self.start..self.end];
        let endings: [&[u8]; 2] = [b"\\.\n", b"\\.\r\n"];
        let ended = endings.into_iter().find(|ending| rest.starts_with(ending));
        Ok(ended.map(<[u8]>::len).or((rest == b"\\." || rest == b"\\.\r").then_some(rest.len())))
    }

    pub(super) fn rows(&mut self, began: Position) -> Result<Option<Event<'_>>, Error> {
        if let Some(len) = self.end_of_rows()? {
            self.state = State::Between;
            self.want = Want::Rows;
            let range = self.take(len);
            return Ok(Some(Event::EndOfRows(&self.buf[range])));
        }
        match self.want {
            Want::Nothing => return self.skip(began),
            // What ends within the buffer is there already.
            Want::Content
                if self.source_counts
                    && memmem::find(&self.buf[self.start..self.end], b"\n\\.").is_none() =>
            {
                let at = self.at;
                let read_error = |source| Error::Read { at, source };
                // A row that begins with `\.` but does not end the data is none that a source counts by itself.
                let counted = self.source.count(at.byte).map_err(read_error)?;
                if let Some((content, end)) = counted.filter(|(_, end)| *end > at.byte) {
                    self.source.seek(end).map_err(read_error)?;
                    self.at = at.beyond(end - at.byte);
                    (self.start, self.end, self.at_end) = (0, 0, false);
                    return Ok(Some(Event::RowsCounted(end - at.byte, content)));
                }
                self.source_counts = false;
            }
            Want::Content | Want::Rows => {}
        }
        let mut from = 0;
        loop {
            // Whole lines up to the first that could be the end; `rows` looks at that one next.
            let rest = &self.buf[self.start..self.end];
            let end = match memmem::find(&rest[from..], b"\n\\.") {
                Some(hit) => Some(from + hit + 1),
                None => whole_rows(rest),
            };
            if let Some(end) = end {
                let range = self.take(end);
                return Ok(Some(Event::Rows(&self.buf[range])));
            }
            if self.at_end {
                return Err(Error::Fault { at: began, fault: Fault::UnterminatedCopy });
            }
            if self.want == Want::Content && rest.len() >= LONG {
                return self.long_row(began);
            }
            from = rest.len().saturating_sub(2);
            self.fill()?;
        }
    }

    /// Counts and hashes one row, of which all that is in the buffer is a part.
    fn long_row(&mut self, began: Position) -> Result<Option<Event<'_>>, Error> {
        let (at, mut hasher) = (self.at, ByteHasher::default());
        // Whether what was hashed ends in a backslash that takes what follows for a value's.
        let mut escaped = false;
        loop {
            let rest = &self.buf[self.start..self.end];
            let newline = memchr::memchr(b'\n', rest);
            // A carriage return in front of the line break, which may still come, is part of it.
            let row = rest[..newline.unwrap_or(rest.len())].strip_suffix(b"\r");
            let row = row.unwrap_or(&rest[..newline.unwrap_or(rest.len())]);
            hasher.add(row);
            if let count @ 1.. = row.len() {
                let backslashes = trailing_backslashes(row);
                escaped = (backslashes + usize::from(escaped && backslashes == count)) % 2 == 1;
            }
            let len = newline.map_or(row.len(), |newline| newline + 1);
            let goes_on = newline.is_some_and(|newline| escaped && row.len() == newline);
            self.take(len);
            let bytes = self.at.byte - at.byte;
            if goes_on {
                hasher.add(b"n");
                escaped = false;
            } else if newline.is_some() {
                return Ok(Some(Event::RowsCounted(bytes, Content::of_row(&hasher))));
            }
            if let Some(fault) = (Weight { text: bytes, tokens: 0 }).fault_of_row(u64::MAX) {
                return Err(Error::Fault { at, fault });
            }
            if self.at_end {
                return Err(Error::Fault { at: began, fault: Fault::UnterminatedCopy });
            }
            self.fill()?;
        }
    }

    /// Moves behind rows up to a line that begins with `\.`, or as far as the buffer goes.
    fn skip(&mut self, began: Position) -> Result<Option<Event<'_>>, Error> {
        let truncated = Error::Fault { at: began, fault: Fault::UnterminatedCopy };
        let (row, mut skipped, mut searched) = (self.at, 0_u64, 0);
        loop {
            let rest = &self.buf[self.start..self.end];
            if let Some(hit) = memmem::find(&rest[searched..], b"\n\\.") {
                let len = searched + hit + 1;
                self.take(len);
                return Ok(Some(Event::RowsSkipped(skipped + len as u64)));
            }
            // The marker may lie across the end of what the buffer holds.
            searched = rest.len().saturating_sub(2);
            let from = self.at.byte + searched as u64;
            let read_error = |source| Error::Read { at: self.at, source };
            match self.source.find(b"\n\\.", from).map_err(read_error)? {
                Found::At(offset) => {
                    let target = offset + 1;
                    self.source.seek(target).map_err(read_error)?;
                    let more = target - self.at.byte;
                    self.at = self.at.beyond(more);
                    (self.start, self.end, self.at_end) = (0, 0, false);
                    return Ok(Some(Event::RowsSkipped(skipped + more)));
                }
                Found::Missing => return Err(truncated),
                Found::CannotSeek => {}
            }
            if let Some(newline) = memchr::memrchr(b'\n', rest) {
                self.take(newline + 1);
                return Ok(Some(Event::RowsSkipped(skipped + newline as u64 + 1)));
            }
            if self.at_end {
                return Err(truncated);
            }
            // A long row is not kept.
            if searched >= LONG {
                self.take(searched);
                (skipped, searched) = (skipped + searched as u64, 0);
                if let Some(fault) = (Weight { text: skipped, tokens: 0 }).fault_of_row(u64::MAX) {
                    return Err(Error::Fault { at: row, fault });
                }
            }
            self.fill()?;
        }
    }
}
