//! One piece of data on its way to the visitor.

use std::io::{self, BufRead, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, Scope};

use crate::ahead::{self, Pipe, decoding_error};
use crate::decompress::{Compression, Decoder, Wrapping};
use crate::entry::Entry;
use crate::{Error, Room};

/// Decompressed bytes that are read before a thread is started for the rest: most tables are smaller.
const ALONE: u64 = 1 << 20;

/// One table's data, or one large object.
#[derive(Clone, Copy, Debug)]
pub struct Piece<'a> {
    /// The entry of the table of contents that the data belongs to.
    pub entry: &'a Entry,
    /// The OID of the large object, none for a table.
    pub large_object: Option<u32>,
    /// How much memory may be taken for what is kept of it.
    pub room: &'a Room,
}

/// Takes one piece, as it is called with the piece and a reader of its decompressed bytes.
pub(crate) type Visitor<'v> = dyn FnMut(Piece<'_>, &mut dyn Read) -> io::Result<()> + 'v;

/// The stored bytes of one piece: what an archive's format puts around them is taken off.
pub(crate) trait Raw: BufRead + Send {
    /// Returns the offset of the next byte in the file.
    fn offset(&self) -> u64;

    /// Returns how much memory may be taken for what is kept of the archive.
    fn room(&self) -> &Room;

    /// Skips what was not read, and checks that all of it is there.
    fn skip_rest(&mut self) -> Result<(), Error>;
}

/// How the bytes of a piece are stored, and how they are to be read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Manner {
    pub(crate) compression: Compression,
    pub(crate) wrapping: Wrapping,
    /// Whether a long piece is decompressed in a thread of its own, ahead of the visitor.
    pub(crate) ahead: bool,
}

/// Hands the data of an entry, or one large object of it, to the visitor, and checks what it left.
pub(crate) fn deliver<'d>(
    raw: &mut (dyn Raw + 'd),
    (entry, large_object): (&Entry, Option<u32>),
    path: &Path,
    manner: Manner,
    visit: &mut Visitor<'_>,
) -> Result<(), Error> {
    let at = raw.offset();
    let empty = raw.fill_buf().map_err(|error| Error::from_io(error, path, at))?.is_empty();
    // Even the data of an empty table ends with a mark, or with two newlines behind its INSERTs.
    if empty && large_object.is_none() {
        return Err(Error::damaged(path, at, format!("the data is empty: {}", entry.name())));
    }
    // No byte at all is an empty large object, with any compression.
    let compression = if empty { Compression::None } else { manner.compression };
    let (room, packed) = match compression {
        Compression::None => (raw.room().clone(), None),
        _ => {
            let (room, packed) = raw.room().with_layer();
            (room, Some(packed))
        }
    };
    let piece = Piece { entry, large_object, room: &room };
    let decoder = Decoder::new(&mut *raw, compression, manner.wrapping)
        .map_err(|error| Error::from_io(error, path, at))?;
    let mut body = Body { decoder, path, at, packed, failed: None };
    let result = if manner.ahead && compression != Compression::None {
        let body = &mut body;
        thread::scope(move |scope| {
            let mut reader = Pipelined { scope, body: Some(body), alone: 0, pipe: None, saw_failure: false };
            let result = visit(piece, &mut reader);
            (result, reader.saw_failure)
        })
    } else {
        (visit(piece, &mut body), body.failed.is_some())
    };
    match (result, body.failed) {
        // What a thread met ahead of the visitor counts only if it is not the compression: whether the thread had
        // come so far is up to timing, but the structure is checked in any case.
        ((_, saw_failure), Some(failure)) if saw_failure || failure.structure => Err(failure.error),
        ((Err(error), _), _) => Err(Error::Visitor(error)),
        ((Ok(()), _), _) => raw.skip_rest(),
    }
}

/// The decompressed bytes of a piece.
struct Body<'r, 'd> {
    decoder: Decoder<&'r mut (dyn Raw + 'd)>,
    path: &'r Path,
    /// Where the stored bytes begin, and what those that were read are counted in if they are packed.
    at: u64,
    packed: Option<Arc<AtomicU64>>,
    /// What went wrong: the visitor may have kept it for itself.
    failed: Option<Failure>,
}

struct Failure {
    error: Error,
    /// Whether it was met below the compression.
    structure: bool,
}

impl Read for Body<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Some(failure) = &self.failed {
            return Err(io::Error::new(io::ErrorKind::InvalidData, failure.error.to_string()));
        }
        match self.decoder.read(buffer) {
            Ok(read) => {
                if let Some(packed) = &self.packed {
                    let taken = self.decoder.inner().offset().saturating_sub(self.at);
                    packed.store(taken, Ordering::Relaxed);
                }
                Ok(read)
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Err(error),
            Err(error) => {
                let (kind, at) = (error.kind(), self.decoder.inner().offset());
                let structure = error.get_ref().is_some_and(|inner| inner.is::<Error>());
                let error = decoding_error(error, self.decoder.compression(), self.path, at);
                let shown = io::Error::new(kind, error.to_string());
                self.failed = Some(Failure { error, structure });
                Err(shown)
            }
        }
    }
}

/// Reads the start of a piece on the calling thread, and the rest of a long one by way of another.
struct Pipelined<'scope, 'env, 'r, 'd> {
    scope: &'scope Scope<'scope, 'env>,
    /// The bytes, until the other thread has them.
    body: Option<&'env mut Body<'r, 'd>>,
    /// Bytes read without the other thread.
    alone: u64,
    pipe: Option<Pipe>,
    saw_failure: bool,
}

impl<'scope, 'env: 'scope> Read for Pipelined<'scope, 'env, '_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.alone >= ALONE
            && let Some(body) = self.body.take()
        {
            let (pump, pipe) = ahead::pipe();
            // Without a thread the rest of the piece is out of reach: the body went with it.
            let started = thread::Builder::new().spawn_scoped(self.scope, move || pump.run(body));
            started.inspect_err(|_| self.saw_failure = true)?;
            self.pipe = Some(pipe);
        }
        let read = match (&mut self.pipe, &mut self.body) {
            (Some(pipe), _) => pipe.read(buffer),
            (None, Some(body)) => body.read(buffer),
            (None, None) => Ok(0),
        };
        match &read {
            Ok(read) => self.alone = self.alone.saturating_add(*read as u64),
            Err(error) => self.saw_failure |= error.kind() != io::ErrorKind::Interrupted,
        }
        read
    }
}
