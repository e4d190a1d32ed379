//! A file that pg_dump writes, read while it grows, and compared with itself once it is complete.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use anyhow::{Context, anyhow};
use archive::{Content, Format};
use cli::Failure;
use dump::ByteHasher;
use manifest::FileHasher;

use crate::stop::Stop;

/// How long to wait for more.
const PAUSE: Duration = Duration::from_millis(2);
/// The beginning is kept as it was read, because pg_dump writes the table of contents of a custom archive again when all
/// data is there.
const HEAD: usize = 8 << 20;
/// Of the rest a hash is kept for each piece of this many bytes.
const PIECE: u64 = 1 << 20;

/// What was read of a file, to be known again.
#[derive(Default)]
pub struct Seen {
    head: Vec<u8>,
    pieces: Vec<u128>,
    piece: ByteHasher,
    len: u64,
}

impl Seen {
    fn add(&mut self, mut bytes: &[u8]) {
        let room = HEAD.saturating_sub(self.head.len()).min(bytes.len());
        self.head.extend_from_slice(&bytes[..room]);
        self.len += room as u64;
        bytes = &bytes[room..];
        while !bytes.is_empty() {
            let left = PIECE - (self.len - HEAD as u64) % PIECE;
            let take = bytes.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            self.piece.add(&bytes[..take]);
            self.len += take as u64;
            if take as u64 == left {
                self.pieces.push(std::mem::take(&mut self.piece).finish().1);
            }
            bytes = &bytes[take..];
        }
    }

    /// Reads the complete file, which must be what was seen, but for the places in the table of contents; none if that is
    /// longer than what is kept of it.
    ///
    /// # Errors
    /// When it is another, or cannot be read.
    pub fn compare(mut self, path: &Path, name: &str) -> Result<Option<manifest::File>, Failure> {
        let changed =
            || anyhow!("what pg_dump wrote is no longer what it was when it was read: {}", path.display());
        let end = match self.end_of_contents(path)? {
            Contents::End(end) => end,
            Contents::Changed => return Err(changed().into()),
            Contents::Long => return Ok(None),
        };
        self.pieces.push(self.piece.finish().1);
        let mut file = File::open(path).with_context(|| format!("cannot read: {}", path.display()))?;
        let (mut hasher, mut again) = (FileHasher::default(), Seen::default());
        let mut chunk = vec![0; 256 * 1024];
        loop {
            let read = file.read(&mut chunk).with_context(|| format!("cannot read: {}", path.display()))?;
            if read == 0 {
                break;
            }
            hasher.add(&chunk[..read]);
            again.add(&chunk[..read]);
        }
        again.pieces.push(again.piece.finish().1);
        let same = self.len == again.len
            && self.head.get(end..) == again.head.get(end..)
            && self.pieces == again.pieces;
        if same { Ok(Some(hasher.finish(name))) } else { Err(changed().into()) }
    }

    /// Finds the end of the table of contents, which a custom archive has again by now.
    fn end_of_contents(&self, path: &Path) -> Result<Contents, Failure> {
        let Content::Archive(now) = archive::open(path)?.content else { return Ok(Contents::Changed) };
        if !matches!(now.header.format, Format::Custom { .. }) {
            return Ok(Contents::End(0));
        }
        let begin = io::Cursor::new(self.head.clone());
        let then = match archive::from_named_reader(Box::new(begin), path).map(|input| input.content) {
            Ok(Content::Archive(then)) => then,
            _ if self.len > HEAD as u64 => return Ok(Contents::Long),
            _ => return Ok(Contents::Changed),
        };
        let mut pairs = now.entries.iter().zip(&then.entries);
        if now.entries.len() != then.entries.len() || !pairs.all(|(now, then)| now.is_same_elsewhere(then)) {
            return Ok(Contents::Changed);
        }
        let end = now.entries.iter().filter_map(|entry| entry.data_at()).min().unwrap_or(self.len);
        match usize::try_from(end) {
            Ok(end) if end <= self.head.len() => Ok(Contents::End(end)),
            _ => Ok(Contents::Long),
        }
    }
}

/// What became of a table of contents.
enum Contents {
    /// It says what it said; behind it nothing may have changed.
    End(usize),
    /// It says something else.
    Changed,
    /// It is longer than what is kept.
    Long,
}

/// A file that somebody else writes, from its beginning; its end is where the writer has ended.
pub struct Growing {
    pub file: File,
    /// Whether the writer ended well.
    pub ended: Arc<AtomicBool>,
    /// Whether it ended at all.
    pub over: Arc<AtomicBool>,
    /// Whether nobody wants more.
    pub stop: Arc<Stop>,
    pub seen: Arc<Mutex<Seen>>,
}

impl Read for Growing {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        loop {
            // Asked first: what was written before the end is there when the end is known.
            let (over, ended) = (self.over.load(Ordering::Acquire), self.ended.load(Ordering::Acquire));
            let read = self.file.read(buf)?;
            self.seen.lock().unwrap_or_else(|poison| poison.into_inner()).add(&buf[..read]);
            match () {
                () if read > 0 || buf.is_empty() => return Ok(read),
                () if ended => return Ok(0),
                () if over || self.stop.is_wanted() => {
                    return Err(io::Error::other("whoever writes it did not come to an end"));
                }
                () => thread::sleep(PAUSE),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_seen_in_any_pieces_is_the_same() {
        let bytes: Vec<u8> = (0..HEAD + 3 * PIECE as usize + 17).map(|at| (at % 251) as u8).collect();
        let seen = |size: usize| {
            let mut seen = Seen::default();
            bytes.chunks(size).for_each(|chunk| seen.add(chunk));
            (seen.len, seen.head.len(), seen.pieces.clone(), seen.piece.finish())
        };
        assert_eq!(seen(1 << 24), seen(4099));
        assert_eq!(seen(1 << 24).2.len(), 3);
    }
}
